"""Shampoo with old axes and fresh sizes along them, and with old powers after a fresh start: which half of a power grows old, and when."""
from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from lessonlib.lessons.lesson12 import ravine
from lessonlib.lessons.lesson12.shampoo import Kept, averaged, shampoo

__all__ = ["NAMES", "axes_of", "begun", "ends", "rows", "stepped"]

Array = np.ndarray[Any, Any]


def stepped(theta: Array, g: Array, s: Any, *, lr: Any, beta1: float = 0.9, beta3: float = 0.95, every: int = 10) -> tuple[Array, Kept]:
    """Return (theta, memory) after a step of Shampoo whose axes are renewed every few steps, and the sizes along them at every step.

    theta, g: (..., rows, columns). The memory is `shampoo`'s, with axes where that has roots. With every=1 it is `shampoo`.

    >>> theta, s = stepped(np.zeros((2, 2)), np.diag([300.0, 3.0]), None, lr=0.1)
    >>> theta.diagonal().round(3).tolist(), s.t
    ([-0.1, -0.1], 1)
    """
    now = averaged(g, s, beta1, beta3)
    if (now.t - 1) % every == 0:
        now = now._replace(left=axes_of(now.rows), right=axes_of(now.columns))
    left, right = (_power(average / (1 - beta3**now.t), axes) for average, axes in ((now.rows, now.left), (now.columns, now.right)))
    return theta - lr * left @ (now.m / (1 - beta1**now.t)) @ right, now


def axes_of(average: Array) -> Array:
    """Return the eigenvectors of a symmetric matrix (..., n, n), its columns; those of 0 where it has gone beyond the numbers."""
    finite = np.isfinite(average).all((-2, -1), keepdims=True)
    return np.asarray(np.linalg.eigh(np.where(finite, average, 0.0)).eigenvectors)


def _power(average: Array, axes: Array, power: float = -0.25, least: float = 1e-12) -> Array:
    """What a symmetric matrix measures along these axes, to a power: its own power where they are its eigenvectors."""
    sizes = ((average @ axes) * axes).sum(-2)
    largest = sizes.max(-1, keepdims=True)
    raised = np.where(largest > 0, np.maximum(sizes, least * largest), 1.0) ** power
    return np.asarray((axes * raised[..., None, :]) @ axes.mT)


def begun(theta: Array, g: Array, s: Any, *, lr: Any, first: int = 10, every: int = 10) -> tuple[Array, Kept]:
    """Return (theta, memory) after a step of `shampoo` with new powers at each of the first steps, and at every tenth from then on."""
    return shampoo(theta, g, s, lr=lr, every=1 if not isinstance(s, Kept) or s.t < first else every)


NAMES: dict[Callable[..., Any], str] = {
    stepped: "Shampoo, axes at every tenth, sizes anew", begun: "Shampoo, at every tenth from the eleventh on"}


@cache
def ends(change: str, rule: Callable[..., tuple[Array, Kept]] = stepped) -> Array:
    """Return the share of the loss that a rule leaves in one of ravine.SETTINGS by task, at its best of ravine.LRS: as `ravine.tuned`."""
    turned, scale = ravine.SETTINGS[change]
    numbers = np.arange(2 * ravine.SEEDS).reshape(-1, 2)
    w, x = (np.array([[make(int(k), turned=turned) for k in pair] for pair in numbers]) for make in (ravine.targets, ravine.inputs))
    curvature = x @ x.mT * np.array([1.0, scale])[:, None, None]
    theta, s, lrs = np.zeros((len(ravine.LRS), *w.shape)), None, ravine.LRS[:, None, None, None, None]
    with np.errstate(all="ignore"):  # of step sizes that are too large
        for t in range(ravine.STEPS):
            theta, s = rule(theta, (theta - w) @ curvature, s, lr=ravine.fall(ravine.WAYS[0], t) * lrs)
        left = ravine.loss(theta - w, curvature).sum(-1) / ravine.loss(0 - w, curvature).sum(-1)
    left = np.nan_to_num(left, nan=np.inf)
    return np.asarray(left[np.median(left, axis=1).argmin()])


def rows() -> list[list[Any]]:
    """Return a row for each of NAMES as `axes.rows` has them: its name, and the median share that is left under each of ravine.CHANGES."""
    return [[name, *(float(np.median(ends(change, rule))) for change in ravine.CHANGES)] for rule, name in NAMES.items()]
