"""Shampoo with old axes and fresh sizes along them, on the lesson's two matrices: which half of a power grows old."""
from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from lessonlib.lessons.lesson12 import ravine
from lessonlib.lessons.lesson12.shampoo import Kept, averaged

__all__ = ["NAME", "axes_of", "ends", "row", "stepped"]

Array = np.ndarray[Any, Any]
NAME = "Shampoo, axes at every tenth, sizes anew"


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


@cache
def ends(change: str, every: int = 10) -> Array:
    """Return the share of the loss that is left in one of ravine.SETTINGS by task, at the best of ravine.LRS: as `ravine.tuned` does."""
    turned, scale = ravine.SETTINGS[change]
    numbers = np.arange(2 * ravine.SEEDS).reshape(-1, 2)
    w, x = (np.array([[make(int(k), turned=turned) for k in pair] for pair in numbers]) for make in (ravine.targets, ravine.inputs))
    curvature = x @ x.mT * np.array([1.0, scale])[:, None, None]
    theta, s, lrs = np.zeros((len(ravine.LRS), *w.shape)), None, ravine.LRS[:, None, None, None, None]
    with np.errstate(all="ignore"):  # of step sizes that are too large
        for t in range(ravine.STEPS):
            theta, s = stepped(theta, (theta - w) @ curvature, s, lr=ravine.fall(ravine.WAYS[0], t) * lrs, every=every)
        left = ravine.loss(theta - w, curvature).sum(-1) / ravine.loss(0 - w, curvature).sum(-1)
    left = np.nan_to_num(left, nan=np.inf)
    return np.asarray(left[np.median(left, axis=1).argmin()])


def row() -> list[Any]:
    """Return NAME and the median share that is left under each of ravine.CHANGES, a row as `axes.rows` has them."""
    return [NAME, *(float(np.median(ends(change))) for change in ravine.CHANGES)]
