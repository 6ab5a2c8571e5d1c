"""Shampoo in a few lines: a gradient between two roots; small enough to be read, and meant for nothing else."""
from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Kept", "averaged", "begun", "root", "shampoo"]

Array = np.ndarray[Any, Any]


class Kept(NamedTuple):
    """What Shampoo remembers of a matrix: the step count, the averages of g, of g g^T and of g^T g, and the two roots in use."""

    t: int
    m: Array
    rows: Array
    columns: Array
    left: Array
    right: Array


def shampoo(theta: Array, g: Array, s: Any, *, lr: Any, beta1: float = 0.9, beta3: float = 0.95, power: float = -0.25,
            every: int = 1) -> tuple[Array, Kept]:
    """Return (theta, memory) after a step along L**power @ m @ R**power, with averages L of g g^T and R of g^T g.

    theta, g: (..., rows, columns). s: of the step before; anything else begins anew. every: steps between two new roots. Gupta, Koren &
    Singer 2018, Algorithm 1, with averages in place of sums, and of the gradient too; no decay.

    >>> theta, s = shampoo(np.zeros((2, 2)), np.diag([300.0, 3.0]), None, lr=0.1)
    >>> theta.diagonal().round(3).tolist(), s.t
    ([-0.1, -0.1], 1)
    """
    now = averaged(g, s, beta1, beta3)
    if (now.t - 1) % every == 0:
        left, right = (root(average / (1 - beta3**now.t), power) for average in (now.rows, now.columns))
        now = now._replace(left=left, right=right)
    return theta - lr * now.left @ (now.m / (1 - beta1**now.t)) @ now.right, now


def begun(theta: Array, g: Array, s: Any, *, lr: Any, first: int = 10, every: int = 10) -> tuple[Array, Kept]:
    """Return (theta, memory) after a step of `shampoo` with new roots at each of the first steps, and at every tenth from then on.

    >>> theta, s = begun(np.zeros((2, 2)), np.diag([300.0, 3.0]), None, lr=0.1)
    >>> bool(np.any(begun(theta, np.eye(2), s, lr=0.1)[1].left != s.left))
    True
    """
    return shampoo(theta, g, s, lr=lr, every=1 if not isinstance(s, Kept) or s.t < first else every)


def averaged(g: Array, s: Any, beta1: float, beta3: float) -> Kept:
    """Return the memory with a gradient taken into its averages, its roots (or axes) as they were; what is no memory begins anew."""
    square, other = g @ g.mT, g.mT @ g
    if not isinstance(s, Kept):
        s = Kept(0, 0 * g, 0 * square, 0 * other, square, other)
    return Kept(s.t + 1, beta1 * s.m + (1 - beta1) * g, beta3 * s.rows + (1 - beta3) * g @ g.mT,
                beta3 * s.columns + (1 - beta3) * g.mT @ g, s.left, s.right)


def root(average: Array, power: float, least: float = 1e-12) -> Array:
    """Return a symmetric matrix (..., n, n) to a power, its eigenvalues no smaller than a share `least` of the largest.

    Where it has gone beyond the numbers, that of 0, which is 0.

    >>> root(np.diag([16.0, 1.0]), -0.25).round(6).tolist()
    [[0.5, 0.0], [0.0, 1.0]]
    """
    finite = np.isfinite(average).all((-2, -1), keepdims=True)
    values, axes = np.linalg.eigh(np.where(finite, average, 0.0))
    largest = values[..., -1:]
    raised = np.where(largest > 0, np.maximum(values, least * largest), 1.0) ** power * (largest > 0)
    return np.asarray((axes * raised[..., None, :]) @ axes.mT)
