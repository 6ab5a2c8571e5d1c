"""The problem that opens lesson 12: two weight matrices to find, whose inputs are strong in some directions and weak in others."""
from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from lessonlib import rules
from lessonlib.lessons.lesson12 import apart
from lessonlib.lessons.lesson12.shampoo import shampoo
from lessonlib.lessons.lesson12.soap import soap
from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure
from lessonlib.plots import look
from lessonlib.rules import State

__all__ = ["CHANGES", "KAPPA", "LRS", "NAMES", "PICTURED", "RULES", "SCALE", "SIZE", "STEPS", "Tuned", "ahead_from", "inputs", "left",
           "loss", "notices", "rows", "targets", "tuned", "two_matrices", "what_it_notices"]

Array = np.ndarray[Any, Any]
SIZE, STEPS, SEEDS = 16, 200, 3
KAPPA = 1000.0  # condition number of the loss of one matrix
SCALE = 1e-3  # of the second loss
LRS = np.geomspace(1e-3, 100, 21)  # four to a factor of ten, the same for every rule
NAMES = {"momentum": "momentum", "adam": "Adam", "muon": "Muon"}
PICTURED = {"momentum": "momentum 0.95", "adam": "Adam 0.9 0.9", "muon": "Muon 0.6"}  # with the betas of each that leave least
RULES: dict[str, Callable[..., Any]] = {
    **apart.RULES, "momentum": rules.momentum, "adam": rules.adam, "muon": partial(rules.muon, weight_decay=0.0),
    "adam .95": partial(rules.adam, beta2=0.95), "muon .9": partial(rules.muon, weight_decay=0.0, beta1=0.9),
    "muon .8": partial(rules.muon, weight_decay=0.0, beta1=0.8),
    "lion": rules.lion, "shampoo": shampoo, "shampoo, every tenth": partial(shampoo, every=10),
    "soap": soap, "soap, every step": partial(soap, every=1)}
CHANGES = {  # whether the inputs are turned, and the scale of the second loss
    "as in the picture": (True, SCALE), "not turned": (False, SCALE), "equal losses": (True, 1.0)}


class Tuned(NamedTuple):
    """A rule at its best step size: lr, the share of the whole loss left by seed (SEEDS,), and each matrix's own on the way.

    shares: (STEPS + 1, SEEDS, 2). inside: whether the step size lies inside of LRS.
    """

    lr: float
    left: Array
    shares: Array
    inside: bool


def inputs(seed: int, *, turned: bool) -> Array:
    """Return the inputs of a matrix, an example a column, (SIZE, SIZE): of strengths 1 down to 1 / KAPPA**0.5, along the axes or turned.

    >>> [float(strength.round(3)) for strength in np.linalg.svd(inputs(0, turned=True)).S[[0, -1]]]
    [1.0, 0.032]
    """
    strengths = np.diag(np.geomspace(1, KAPPA**-0.5, SIZE))
    turn = np.linalg.qr(np.random.default_rng([seed, 1]).standard_normal((SIZE, SIZE)))[0]
    return turn @ strengths if turned else strengths


def targets(seed: int, *, turned: bool) -> Array:
    """Return the matrix to be found: (SIZE, SIZE), normal numbers; where the inputs are turned, it is turned with them."""
    turn = np.linalg.qr(np.random.default_rng([seed, 1]).standard_normal((SIZE, SIZE)))[0]
    w = np.random.default_rng([seed, 2]).standard_normal((SIZE, SIZE))
    return w @ turn.T if turned else w


def _problem(turned: bool, scale: float) -> tuple[Array, Array]:
    """The targets and the curvatures X X^T of all seeds and both matrices: (SEEDS, 2, SIZE, SIZE) each, the second curvature scaled."""
    numbers = np.arange(2 * SEEDS).reshape(SEEDS, 2)
    w, x = (np.array([[make(int(k), turned=turned) for k in pair] for pair in numbers]) for make in (targets, inputs))
    return w, x @ x.mT * np.array([1.0, scale])[:, None, None]


def loss(off: Array, curvature: Array) -> Array:
    """Return the loss of a matrix that is `off` from its target: half the sum of the squares of what it does to the inputs; (...)."""
    return np.asarray(0.5 * ((off @ curvature) * off).sum((-2, -1)))


@cache
def tuned(rule: str, turned: bool = True, scale: float = SCALE) -> Tuned:
    """Return a rule of RULES at its best step size of LRS, by the median over the seeds of the share left after STEPS steps, cosine."""
    w, curvature = _problem(turned, scale)
    theta, s, lrs = np.zeros((len(LRS), *w.shape)), State(), LRS[:, None, None, None, None]
    found = [loss(theta - w, curvature)]
    for t in range(STEPS):
        share = (1 + np.cos(np.pi * t / STEPS)) / 2
        with np.errstate(all="ignore"):  # of step sizes that are too large
            theta, s = RULES[rule](theta, (theta - w) @ curvature, s, lr=share * lrs)
            found.append(loss(theta - w, curvature))
    each = np.nan_to_num(np.array(found), nan=np.inf)  # (STEPS + 1, LRS, SEEDS, 2)
    left = each[-1].sum(-1) / each[0].sum(-1)
    best = int(np.median(left, axis=1).argmin())
    return Tuned(float(LRS[best]), left[best], each[:, best] / each[0, best], 0 < best < len(LRS) - 1)


def left(rule: str, change: str) -> float:
    """Return the median share of the loss that a rule leaves under one of CHANGES."""
    return float(np.median(tuned(rule, *CHANGES[change]).left))


def rows(names: tuple[str, ...] = tuple(NAMES)) -> list[list[Any]]:
    """Return a row for each rule: its name, and what is left under each of CHANGES, to the nearest power of ten.

    Muon's paths swing, and a sum in another order changes the first digit of where they end.
    """
    told = NAMES | {"adam .95": "Adam, beta2 0.95", "muon .9": "Muon, beta1 0.9", "muon .8": "Muon, beta1 0.8",
                    "lion": "Lion", "shampoo": "Shampoo", "soap": "SOAP"}
    return [[told[rule], *(10.0 ** round(np.log10(left(rule, change))) for change in CHANGES)] for rule in names]


def notices(rule: str, change: str) -> bool:
    """Return whether a rule's share of the loss changes tenfold or more under one of CHANGES."""
    return bool(abs(np.log10(left(rule, next(iter(CHANGES))) / left(rule, change))) >= 1)


def what_it_notices(rule: str) -> str:
    """Return which of the two difficulties a rule notices, in words."""
    found = [what for what, change in (("the turn", "not turned"), ("the unequal losses", "equal losses")) if notices(rule, change)]
    return "both" if len(found) == 2 else found[0] if found else "neither"


def two_matrices() -> Experiment:
    """The losses of both matrices under three rules, each at its best betas and step size, after a chosen number of steps."""
    return Experiment(_scene, _update, {"steps": Slider("steps", 0, STEPS, STEPS)},
                      Goal("find the first step from which Muon has less left of both matrices than Adam, to the end.",
                           lambda steps: steps == ahead_from()))


def ahead_from() -> int:
    """Return the first step from which Muon has less left of both matrices than Adam, to the end; another one on another processor."""
    behind = np.flatnonzero((tuned(PICTURED["muon"]).shares[:, 0] >= tuned(PICTURED["adam"]).shares[:, 0]).any(axis=1))
    return int(behind[-1]) + 1


def _scene() -> Scene:
    figure = new_figure(8.6, 4.2)
    panels = figure.subplots(1, 2, sharey=True)
    artists: dict[str, Any] = {}
    for k, (ax, name) in enumerate(zip(panels, ("first", "second"), strict=True)):
        ax.set(yscale="log", xlim=(0, STEPS), ylim=(1e-10, 3), xlabel="step", title=f"The {name} matrix" + ", loss times 0.001" * k)
        ax.plot(0, 1, marker="s", color="black", markersize=7, linestyle="none", clip_on=False, zorder=6)
        for rule in NAMES:
            style = look(rule)
            (artists[f"{rule} {k}"],) = ax.plot([], [], color=style.color, linestyle="-" if rule == "muon" else style.dash,
                                                marker=style.marker, markevery=20, markersize=6, linewidth=1.2 if rule == "muon" else 1.8,
                                                zorder=2 if rule == "muon" else 3)  # Muon's line swings, and would hide the others
    panels[0].set_ylabel("share of its loss that is left")
    figure.legend(handles=[artists[f"{rule} 0"] for rule in NAMES], loc="outside lower center", ncols=3,
                  labels=[f"{PICTURED[rule].replace(name, f'{name}, betas' if rule == 'adam' else f'{name}, beta1')}\nstep size "
                          f"{tuned(PICTURED[rule]).lr:.2g}" for rule, name in NAMES.items()])
    return Scene(figure, artists, "Two panels, one for each weight matrix: the share of its loss that is left, on a logarithmic scale, "
                                  "over "
                 "200 steps of momentum, Adam and Muon, from a square at the start.")


def _update(artists: dict[str, Any], steps: int) -> str:
    told = []
    for rule, name in NAMES.items():
        shares = tuned(PICTURED[rule]).shares[: steps + 1, 0]
        for k in range(2):
            artists[f"{rule} {k}"].set_data(np.arange(steps + 1), shares[:, k])
        told.append(f"{name} {shares[-1, 0]:.1g} and {shares[-1, 1]:.1g}")
    return f"Left after {steps} steps, of the first matrix and of the second: {', '.join(told)}."
