"""What looking ahead changes in momentum: the share that a step leaves along a curvature, and a race with both rules tuned."""
from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from lessonlib.problems import ravine
from lessonlib.runner import grid, run

__all__ = ["fewest", "radius", "with_guarantee"]


def radius(alpha_lambda: Any, beta1: Any) -> Any:
    """Return the spectral radius of a step of Nesterov's momentum on a curvature.

    The product of its two eigenvalues is beta1 * (1 - (1 - beta1) * alpha_lambda), where momentum's is beta1.

    >>> round(float(radius(0.04, 0.9)), 3), round(float(radius(4.0, 0.9)), 3)
    (0.947, 0.735)
    """
    x, b = np.broadcast_arrays(np.asarray(alpha_lambda, float), np.asarray(beta1, float))
    product = b * (1 - (1 - b) * x)
    half = (1 + b - (1 - b) * (1 + b) * x) / 2
    return np.where(half**2 < product, np.sqrt(np.abs(product)), np.abs(half) + np.sqrt(np.maximum(half**2 - product, 0)))


def with_guarantee(kappa: float) -> tuple[float, float]:
    """Return (lr, beta1) at which Nesterov's form is proved to need about the root of kappa steps: lr * (1 - beta1) = 1 / kappa."""
    beta1 = (kappa**0.5 - 1) / (kappa**0.5 + 1)
    return 1 / kappa / (1 - beta1), beta1


@cache
def fewest(rule: Callable[..., Any], kappa: float = 100, budget: int = 250) -> int:
    """Return the fewest steps, over a grid of 121 step sizes and 91 betas, after which the loss stays below 1e-10 of the first."""
    lrs, betas = np.geomspace(0.02, 0.2, 121), np.linspace(0.5, 0.95, 91)
    loss = run(rule, ravine(kappa), steps=budget, seed=0, record="loss", **grid(lr=lrs, beta1=betas)).loss
    below = loss[::-1] <= 1e-10 * loss[0]
    stays = np.where(below.all(0), len(loss), np.argmin(below, axis=0))
    return int(len(loss) - stays.max())
