"""SOAP in a few lines: Adam in axes that are turned to those of the gradients; small enough to be read, and meant for nothing else."""
from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

__all__ = ["Turned", "soap"]

Array = np.ndarray[Any, Any]


class Turned(NamedTuple):
    """What SOAP remembers of a matrix: Adam's t, m and v, averages of g g^T and g^T g, and the axes that these two have."""

    t: int
    m: Array
    v: Array  # in the turned axes
    rows: Array
    columns: Array
    row_axes: Array
    column_axes: Array


def soap(theta: Array, g: Array, s: Any, *, lr: Any, beta1: float = 0.9, beta2: float = 0.999, beta3: float = 0.95, eps: float = 1e-8,
         every: int = 10) -> tuple[Array, Turned]:
    """Return (theta, memory) after a step of Adam in the axes of two averages, of g g^T and of g^T g, which are renewed every few steps.

    theta, g: (..., rows, columns). s: of the step before; anything else begins anew. Vyas et al. 2024, with eigenvectors computed anew in
    place of their QR step; no decay.

    >>> theta, s = soap(np.zeros((2, 2)), np.diag([300.0, 3.0]), None, lr=0.1)
    >>> theta.diagonal().round(3).tolist(), s.t
    ([-0.1, -0.1], 1)
    """
    if not isinstance(s, Turned):
        square, other = g @ g.mT, g.mT @ g
        s = Turned(0, 0 * g, 0 * g, 0 * square, 0 * other, square, other)
    t = s.t + 1
    rows, columns = beta3 * s.rows + (1 - beta3) * g @ g.mT, beta3 * s.columns + (1 - beta3) * g.mT @ g
    row_axes, column_axes = (s.row_axes, s.column_axes) if s.t % every else (_axes(rows), _axes(columns))
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * (row_axes.mT @ g @ column_axes) ** 2
    turned = row_axes.mT @ (m / (1 - beta1**t)) @ column_axes
    step = turned / ((v / (1 - beta2**t)) ** 0.5 + eps)
    return theta - lr * row_axes @ step @ column_axes.mT, Turned(t, m, v, rows, columns, row_axes, column_axes)


def _axes(average: Array) -> Array:
    """The eigenvectors of a symmetric matrix, its columns; those of 0 where it has gone beyond the numbers."""
    finite = np.isfinite(average).all((-2, -1), keepdims=True)
    return np.asarray(np.linalg.eigh(np.where(finite, average, 0.0)).eigenvectors)
