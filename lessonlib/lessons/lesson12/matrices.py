"""The picture that opens lesson 12, still and to be played with: what momentum, Adam and Muon leave of two matrices in each setting."""
from __future__ import annotations

from typing import Any

import numpy as np

from lessonlib.lessons.lesson12 import controls, ravine
from lessonlib.lessons.lesson12.apart import called
from lessonlib.play.experiment import Choice, Experiment, Goal, Scene, new_figure
from lessonlib.plots import look, show

__all__ = ["LEAST", "show_first", "two_matrices", "way_there"]

TURNED, ALONG = INPUTS = ("turned", "along the axes")
UNEQUAL, EQUAL = LOSSES = ("unequal", "equal")
LEAST = 100  # times less: what two of the rules have to leave
FLOOR = 1e-11  # the lower edge of the picture; a rule that goes below leaves it at a triangle
DRAWN = {"momentum": "momentum", "Adam": "adam", "Muon": "muon"}  # a rule of the record, and whose look it has


def way_there(name: str, inputs: str, losses: str) -> ravine.Tuned:
    """Return a rule of the record in a setting, with the betas that leave least there, at its best step size."""
    change = _setting(inputs, losses)
    found = controls.best(name, change)
    betas = {"beta1": found.beta1} | ({} if found.beta2 is None else {"beta2": found.beta2})
    return ravine.tuned(called(name, betas), *ravine.SETTINGS[change])


def _setting(inputs: str, losses: str) -> str:
    """Which of ravine.SETTINGS that is."""
    scale = ravine.SCALE if losses == UNEQUAL else 1.0
    return next(name for name, setting in ravine.SETTINGS.items() if setting == (inputs == TURNED, scale))


def two_matrices() -> Experiment:
    """The losses of both matrices on the way, under three rules that are tuned for each setting of the inputs and of the losses."""
    return Experiment(_scene, _update, {"inputs": Choice("inputs", INPUTS, TURNED), "losses": Choice("losses", LOSSES, UNEQUAL)},
                      Goal(f"make two of the three rules each leave at least {LEAST} times less of both losses together.", _met),
                      {"inputs": ALONG, "losses": EQUAL})


def show_first() -> None:
    """Show the picture of two_matrices as it starts: inputs turned and losses unequal."""
    experiment = two_matrices()
    show(experiment.still(), experiment.alt())


def _met(inputs: str, losses: str) -> bool:
    change, first = _setting(inputs, losses), _setting(TURNED, UNEQUAL)
    return sum(LEAST * controls.best(name, change).left <= controls.best(name, first).left for name in DRAWN) >= 2


def _scene() -> Scene:
    figure = new_figure(8.6, 4.2)
    panels = figure.subplots(1, 2, sharey=True)
    artists: dict[str, Any] = {}
    for k, (ax, name) in enumerate(zip(panels, ("first", "second"), strict=True)):
        ax.set(yscale="log", xlim=(0, ravine.STEPS), ylim=(FLOOR, 100), xlabel="step", title=f"The {name} matrix")
        ax.plot(0, 1, marker="s", color="black", markersize=7, linestyle="none", clip_on=False, zorder=6)
        for rule, style in ((rule, look(drawn)) for rule, drawn in DRAWN.items()):
            muon = rule == "Muon"  # its line swings, and would hide the others
            (artists[f"{rule} {k}"],) = ax.plot([], [], color=style.color, linestyle="-" if muon else style.dash, marker=style.marker,
                                                markevery=20, markersize=6, linewidth=1.2 if muon else 1.8, zorder=2 if muon else 3)
            (artists[f"{rule} below {k}"],) = ax.plot([], [], color=style.color, marker="v", markersize=11, linestyle="none",
                                                      clip_on=False)
    artists["told"] = panels[1].text(0.98, 0.97, "", transform=panels[1].transAxes, ha="right", va="top", fontsize=10)
    panels[0].set_ylabel("share that is left")
    figure.legend(handles=[artists[f"{rule} 0"] for rule in DRAWN], loc="outside lower center", ncols=3, labels=[*DRAWN])
    return Scene(figure, artists, "Two panels, one for each weight matrix: the share of its loss that is left, on a logarithmic scale, "
                                  "over 200 steps of momentum, Adam and Muon, from a square at the start. A triangle on the lower "
                                  "edge marks where a line leaves the picture.")


def _update(artists: dict[str, Any], inputs: str, losses: str) -> str:
    told = []
    artists["told"].set_text(f"inputs {inputs}, losses {losses}")
    for name in DRAWN:
        shares = way_there(name, inputs, losses).shares[:, 0]
        for k in range(2):
            artists[f"{name} {k}"].set_data(np.arange(len(shares)), np.maximum(shares[:, k], np.finfo(float).tiny))
            below = np.flatnonzero(shares[:, k] < FLOOR)[:1]
            artists[f"{name} below {k}"].set_data(below, [FLOOR] * len(below))
        found = controls.best(name, _setting(inputs, losses))
        betas = f"beta1 {found.beta1:g}" + ("" if found.beta2 is None else f" and beta2 {found.beta2:g}")
        told.append(f"{name} {controls.rounded(found.left)} with {betas}")
    return f"Inputs {inputs}, losses {losses}. Of both losses together is left, by the median of three tasks: {', '.join(told)}."
