"""What the deeper part of lesson 7 runs: Nesterov's momentum, and a line on which momentum never arrives."""
from __future__ import annotations

import numpy as np

from lessonlib.problems import Problem
from lessonlib.rules import Array, State

__all__ = ["bent_line", "nesterov"]


def nesterov(theta: Array, g: Array, s: State, *, lr: Array, beta1: Array = 0.9) -> tuple[Array, State]:
    """Return (theta, state) after one step of Nesterov's momentum: along the average, moved once more toward the newest gradient.

        m = beta1 * m + (1 - beta1) * g        theta = theta - lr * (beta1 * m + (1 - beta1) * g)

    theta, g: (..., n); beta1 in [0, 1). Same as torch.optim.SGD(lr=lr * (1 - beta1), momentum=beta1, nesterov=True).
    Sutskever et al. 2013.

    >>> theta, s = nesterov(2.0, 3.0, State(), lr=0.1)
    >>> round(theta, 4)
    1.943
    """
    m = beta1 * s.m + (1 - beta1) * g
    theta = theta - lr * (beta1 * m + (1 - beta1) * g)
    return theta, State(s.t + 1, m)


def bent_line() -> Problem:
    """A convex function of one number whose curvature is 25, 1 and 25 again; minimum 0. Lessard, Recht & Packard 2016, section 4.6.

    >>> line = bent_line()
    >>> line.grad(np.array([[0.5], [1.5], [2.5]]), np.random.default_rng(0)).ravel().tolist()
    [12.5, 25.5, 38.5]
    """
    def grad(theta: Array, rng: np.random.Generator) -> Array:  # noqa: ARG001 - no noise here
        return np.where(theta < 1, 25 * theta, np.where(theta < 2, theta + 24, 25 * theta - 24))

    def loss(theta: Array) -> Array:
        x = theta[..., 0]
        return np.where(x < 1, 12.5 * x**2, np.where(x < 2, 0.5 * x**2 + 24 * x - 12, 12.5 * x**2 - 24 * x + 36))

    return Problem("bent line", loss, grad, np.array([3.3]), np.zeros(1))
