"""The problem that opens lesson 12: two weight matrices to find, whose inputs are strong in some directions and weak in others."""
from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, NamedTuple

import numpy as np

from lessonlib import rules
from lessonlib.lessons.lesson12 import apart
from lessonlib.lessons.lesson12.shampoo import begun, shampoo
from lessonlib.lessons.lesson12.soap import soap
from lessonlib.rules import State

__all__ = ["CHANGES", "KAPPA", "LRS", "MOVED", "NOISE", "RULES", "SCALE", "SETTINGS", "SIZE", "STEPS", "WAYS", "Tuned", "fall", "inputs",
           "left", "loss", "targets", "task", "tuned"]

Array = np.ndarray[Any, Any]
SIZE, STEPS, SEEDS = 16, 200, 3
KAPPA = 1000.0  # condition number of the loss of one matrix
SCALE = 1e-3  # of the second loss
LRS = np.geomspace(1e-3, 100, 21)  # four to a factor of ten, the same for every rule
MOVED = 1e-12  # by which share each number of the targets may be moved, to see what of an end is rounding
NOISE = 0.1  # deviation of what moves each label at each step, where labels are noisy
RULES: dict[str, Callable[..., Any]] = {
    **apart.RULES, "momentum": rules.momentum, "adam": rules.adam, "muon": partial(rules.muon, weight_decay=0.0),
    "muon .8": partial(rules.muon, weight_decay=0.0, beta1=0.8),
    "lion": rules.lion, "lion 0.9 0.9": partial(rules.lion, beta2=0.9), "shampoo 0.95": partial(shampoo, beta1=0.95),
    "soap 0.95": partial(soap, beta1=0.95), "shampoo": shampoo, "shampoo, every tenth": partial(shampoo, every=10), "shampoo, begun": begun,
    "soap": soap, "soap, every step": partial(soap, every=1)}
CHANGES = {  # whether the inputs are turned, and the scale of the second loss
    "as in the picture": (True, SCALE), "not turned": (False, SCALE), "equal losses": (True, 1.0)}
SETTINGS = CHANGES | {"both changes": (False, 1.0)}
WAYS = ("cosine to 0", "line to 0", "cosine to a tenth", "noisy labels")  # how the step size falls; the last is the first, with noise


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


def _problem(turned: bool, scale: float) -> tuple[Array, Array, Array]:
    """The targets, inputs and curvatures X X^T of all seeds and both matrices, the second curvature scaled: (SEEDS, 2, SIZE, SIZE)."""
    numbers = np.arange(2 * SEEDS).reshape(SEEDS, 2)
    w, x = (np.array([[make(int(k), turned=turned) for k in pair] for pair in numbers]) for make in (targets, inputs))
    return w, x, x @ x.mT * np.array([1.0, scale])[:, None, None]


def task(turned: bool, scale: float) -> tuple[Array, Array]:
    """Return the targets and the curvatures X X^T of all seeds and both matrices, the second curvature scaled: (SEEDS, 2, SIZE, SIZE)."""
    w, _, curvature = _problem(turned, scale)
    return w, curvature


def fall(way: str, t: int) -> float:
    """Return the share of the step size at step t, from 0, in one of WAYS.

    >>> [round(fall(way, 100), 2) for way in WAYS]
    [0.5, 0.5, 0.55, 0.5]
    """
    cosine = (1 + np.cos(np.pi * t / STEPS)) / 2
    return float({"line to 0": 1 - t / STEPS, "cosine to a tenth": 0.1 + 0.9 * cosine}.get(way, cosine))


def loss(off: Array, curvature: Array) -> Array:
    """Return the loss of a matrix that is `off` from its target: half the sum of the squares of what it does to the inputs; (...)."""
    return np.asarray(0.5 * ((off @ curvature) * off).sum((-2, -1)))


@cache
def tuned(rule: str, turned: bool = True, scale: float = SCALE, way: str = WAYS[0], moved: int = 0) -> Tuned:
    """Return a rule of RULES at its best step size of LRS, by the median over the seeds of the share left after STEPS steps.

    way: of WAYS. moved: which numbers move the targets by MOVED, none where it is 0.
    """
    w, x, curvature = _problem(turned, scale)
    w = w * (1 + MOVED * np.random.default_rng(moved).standard_normal(w.shape)) if moved else w
    rng, noise = np.random.default_rng(5), 0.0
    theta, s, lrs = np.zeros((len(LRS), *w.shape)), State(), LRS[:, None, None, None, None]
    found = [loss(theta - w, curvature)]
    for t in range(STEPS):
        if way == "noisy labels":
            noise = NOISE * rng.standard_normal(w.shape) @ x.mT * np.array([1.0, scale])[:, None, None]
        with np.errstate(all="ignore"):  # of step sizes that are too large
            theta, s = RULES[rule](theta, (theta - w) @ curvature + noise, s, lr=fall(way, t) * lrs)
            found.append(loss(theta - w, curvature))
    each = np.nan_to_num(np.array(found), nan=np.inf)  # (STEPS + 1, LRS, SEEDS, 2)
    with np.errstate(over="ignore"):
        left = each[-1].sum(-1) / each[0].sum(-1)
    best = int(np.median(left, axis=1).argmin())
    return Tuned(float(LRS[best]), left[best], each[:, best] / each[0, best], 0 < best < len(LRS) - 1)


def left(rule: str, change: str) -> float:
    """Return the median share of the loss that a rule leaves in one of SETTINGS."""
    return float(np.median(tuned(rule, *SETTINGS[change]).left))
