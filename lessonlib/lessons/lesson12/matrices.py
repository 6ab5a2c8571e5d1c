"""The picture that opens lesson 12, still and to be played with: what three rules have left of strong and of weak directions."""
from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from lessonlib.lessons.lesson12 import apart, controls, ravine
from lessonlib.play.experiment import Choice, Experiment, Goal, Scene, new_figure
from lessonlib.plots import look, show
from lessonlib.rules import State

__all__ = ["AT", "BETAS", "EXACT", "FALLS", "FEW", "FIXED", "HEADER", "ROWS", "SHOWN", "WEAK", "errors", "rows", "show_first", "told",
           "two_matrices", "weak", "who_falls"]

Array = np.ndarray[Any, Any]
TURNED, ALONG = INPUTS = ("turned", "along the axes")
UNEQUAL, EQUAL = LOSSES = ("unequal", "equal")
LRS = np.geomspace(1e-3, 1000, 25)  # four to a factor of ten, the same for every rule
AT = 60  # steps of a run, on a cosine that ends with them
WEAK = 4  # so many directions of the inputs are called weak
FALLS = 0.1  # of the whole error: a line that comes down by so much at the weak directions clearly does
FEW = 0.03  # a share of the error below which rounding moves what Muon leaves, and only that is told
FIXED, EXACT = "momentum, length fixed", "with the exact factor"  # every step as long as lr, and Muon with every singular value 1
DRAWN = {"momentum": "momentum", "Adam": "adam", "Muon": "muon"}  # a rule of the record, and whose look it has
SHOWN = (controls.FIRST, controls.STRAIGHT, controls.EQUAL)  # the columns of the table
HEADER = ("optimizer", "as in the first picture", "along the axes", "equal losses")
# a rule of the record, and its name
ROWS = {"momentum": "momentum", FIXED: FIXED, "Adam": "Adam", **controls.TOLD, "Muon": "Muon"}
HEADLINES = dict(zip(ravine.SETTINGS, (f"In {AT} steps only Muon finds every direction", "Along the axes Adam finds every direction too",
                                       "With equal losses momentum's line comes down", "With both changes both come down"), strict=True))
BETAS: dict[str, dict[str, float]] = {  # those of the record's grid that leave the least error after AT steps in the first setting
    "momentum": {"beta1": 0.9}, "Adam": {"beta1": 0.8, "beta2": 0.8}, controls.REST: {"beta1": 0.6, "beta2": 0.8},
    FIXED: {"beta1": 0.8}, "Muon": {"beta1": 0.6}, EXACT: {"beta1": 0.6}}


@cache
def errors(name: str, change: str) -> Array:
    """Return the share of its error that a rule has left after AT steps, (2, SIZE): of a matrix along each direction, the strongest first.

    The median of three tasks, at that of LRS at which the mean of them all is least, with its BETAS.
    """
    w, curvature = ravine.task(*ravine.SETTINGS[change])
    rule, lrs = ravine.RULES[apart.called(name, BETAS[name])], LRS[:, None, None, None, None]
    theta, s = np.zeros((len(LRS), *w.shape)), State()
    directions = np.linalg.svd(curvature).U
    with np.errstate(all="ignore"):  # of step sizes that are too large
        for t in range(AT):
            theta, s = rule(theta, (theta - w) @ curvature, s, lr=(1 + np.cos(np.pi * t / AT)) / 2 * lrs)
        off, whole = (np.sqrt(((each @ directions) ** 2).sum(-2)) for each in (theta - w, w))
    left = np.median(np.nan_to_num(off / whole, nan=np.inf), axis=1)  # (LRS, 2, SIZE)
    return np.asarray(left[left.mean((1, 2)).argmin()])


def weak(name: str, change: str = controls.FIRST) -> float:
    """Return the share of its error that a rule has left after AT steps in the weak directions of the second matrix, their mean."""
    return float(errors(name, change)[1, -WEAK:].mean())


def rows() -> list[list[Any]]:
    """Return a row for each of ROWS: its name, and what it has left of the weak directions in each of SHOWN, as told."""
    return [[called, *(told(weak(name, change)) for change in SHOWN)] for name, called in ROWS.items()]


def told(share: float) -> str:
    """Return a share of the error in whole percents, and of one below FEW only that.

    >>> told(0.268), told(0.014)
    ('27%', 'below 3%')
    """
    return f"{share:.0%}" if share >= FEW else f"below {FEW:.0%}"


def who_falls(change: str) -> str:
    """Return which of the three rules leave less of the weak directions than in the first setting, by FALLS or more, in words."""
    return " and ".join(name for name in DRAWN if weak(name, change) + FALLS < weak(name, controls.FIRST)) or "nobody"


def two_matrices() -> Experiment:
    """The errors of both matrices along each direction after AT steps, under three rules that are tuned for each setting."""
    return Experiment(_scene, _update, {"inputs": Choice("inputs", INPUTS, TURNED), "losses": Choice("losses", LOSSES, UNEQUAL)},
                      Goal("bring every line down at the weak directions of the second matrix.",
                           lambda inputs, losses: who_falls(_setting(inputs, losses)) == "momentum and Adam"),
                      {"inputs": ALONG})


def show_first() -> None:
    """Show the picture of two_matrices as it starts: inputs turned and losses unequal."""
    experiment = two_matrices()
    show(experiment.still(), experiment.alt())


def _setting(inputs: str, losses: str) -> str:
    """Which of ravine.SETTINGS that is."""
    scale = ravine.SCALE if losses == UNEQUAL else 1.0
    return next(name for name, setting in ravine.SETTINGS.items() if setting == (inputs == TURNED, scale))


def _scene() -> Scene:
    figure = new_figure(8.6, 4.0)
    panels = figure.subplots(1, 2, sharey=True, width_ratios=(16, 21.8))
    artists: dict[str, Any] = {}
    for k, ax in enumerate(panels):
        ax.axvspan(ravine.SIZE - WEAK + 0.5, ravine.SIZE + 0.5, color="#e4e4e4", zorder=0)
        ax.set(xlim=(0.5, ravine.SIZE + 0.5 + 5.8 * k), ylim=(-3, 108), xticks=(1, 4, 8, 12, 16), yticks=(0, 50, 100))
        ax.set_yticklabels(["0 %", "50 %", "100 %"])
        ax.set_xlabel("direction of the inputs, the strongest first", x=0, ha="left")
        for rule, style in ((rule, look(drawn)) for rule, drawn in DRAWN.items()):
            size = {"markersize": 4 if rule == "Adam" else 7, "linewidth": 2.0}  # Adam's lie on Muon's where they meet
            (artists[f"{rule} {k}"],) = ax.plot([], [], color=style.color, linestyle="-" if rule == "Muon" else style.dash,
                                                marker=style.marker, zorder=5 if rule == "Adam" else 4, **size)
            if k:
                artists[f"name of {rule}"] = ax.text(0, 0, rule, color=style.color, weight="bold", fontsize=12, va="center")
        artists[f"title {k}"] = ax.set_title("First matrix", fontsize=11, weight="normal", y=1.0)
        ax.text(ravine.SIZE - WEAK / 2 + 0.5, 85, "weak", ha="center", va="center", fontsize=11)
    figure.suptitle(" ", fontsize=13)  # room for the headline, which moves
    artists["headline"] = figure.text(0.5, 0.985, "", weight="bold", fontsize=13, ha="center", va="top")
    panels[0].set_ylabel(f"error left after {AT} steps")
    return Scene(figure, artists, f"Two panels, one for each weight matrix: the share of the error that momentum, Adam and Muon have left "
                                  f"after {AT} steps, along each of the {ravine.SIZE} directions of the inputs, from the "
                                  f"strongest to the weakest; the {WEAK} weakest are shaded.")


def _update(artists: dict[str, Any], inputs: str, losses: str) -> str:
    change = _setting(inputs, losses)
    scaled = " × 0.001" if losses == UNEQUAL else " as large"
    for k, title in enumerate((f"First matrix, inputs {inputs}", f"Second, inputs {inputs}, loss{scaled}")):
        artists[f"title {k}"].set_text(title)
        for name in DRAWN:
            left = 100 * errors(name, change)[k]
            artists[f"{name} {k}"].set_data(np.arange(1, len(left) + 1), left)
    artists["headline"].set_text(HEADLINES[change])
    height = -np.inf
    for name in sorted(DRAWN, key=lambda name: errors(name, change)[1, -1]):  # the lowest first, so that no two names meet
        height = max(100 * errors(name, change)[1, -1], height + 7)
        artists[f"name of {name}"].set_position((ravine.SIZE + 0.8, height))
    shares = [f"{name} {told(weak(name, change))}" for name in DRAWN]
    return (f"Inputs {inputs}, losses {losses}. Left of the weak directions of the second matrix: {', '.join(shares)}.")
