"""The rules that lesson 12 tries on its two matrices: momentum, Adam and Muon, and these with a line taken out or made exact."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from lessonlib.rules import State, adam, momentum, muon, orthogonal

__all__ = ["BETA1S", "BETA2S", "RULES", "VERSIONS", "called", "exact_factor", "no_factor", "one_v", "settings", "version"]

Array = np.ndarray[Any, Any]
BETA1S = (0.97, 0.95, 0.9, 0.8, 0.6, 0.4, 0.2)
BETA2S = (0.999, 0.99, 0.95, 0.9, 0.8)


def no_factor(x: Array) -> Array:
    """Return matrices divided by their size, the root of the sum of their squares: (..., rows, columns).

    >>> no_factor(np.diag([3.0, 4.0])).diagonal().tolist()
    [0.6, 0.8]
    """
    return np.asarray(x / np.sqrt((x**2).sum((-2, -1), keepdims=True)))


def exact_factor(x: Array) -> Array:
    """Return the orthogonal factors of matrices by their singular value decomposition; those of 0 where one went beyond the numbers.

    >>> exact_factor(np.diag([300.0, 0.3])).diagonal().tolist()
    [1.0, 1.0]
    """
    found = np.linalg.svd(np.where(np.isfinite(x), x, 0.0), full_matrices=False)
    return np.asarray(found.U @ found.Vh)


def version(
    theta: Array, g: Array, s: State, *, lr: Any, beta1: float, factor: Callable[[Array], Array], nesterov: bool,
) -> tuple[Array, State]:
    """Return (theta, state) after a step of Muon for square matrices, without decay, with this factor, and with Nesterov's look or not."""
    m = beta1 * s.m + (1 - beta1) * g
    ahead = beta1 * m + (1 - beta1) * g if nesterov else m
    return theta - lr * factor(ahead), State(s.t + 1, m)


def one_v(theta: Array, g: Array, s: State, *, lr: Any, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8) -> tuple[Array, State]:
    """Return (theta, state) after a step of Adam that keeps one v for each whole matrix, of the mean of its squares.

    >>> theta, s = one_v(np.zeros((1, 2)), np.array([[3.0, 4.0]]), State(), lr=0.1)
    >>> theta.round(3).tolist(), s.v.round(4).tolist()
    ([[-0.085, -0.113]], [[0.0125]])
    """
    t, m = s.t + 1, beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * (g**2).mean((-2, -1), keepdims=True)
    return theta - lr * (m / (1 - beta1**t)) / (np.sqrt(v / (1 - beta2**t)) + eps), State(t, m, v)


VERSIONS: dict[str, Callable[..., Any]] = {
    "momentum": momentum, "Adam": adam, "Adam, one v for each matrix": one_v, "Muon": partial(muon, weight_decay=0.0),
    "without the factor": partial(version, factor=no_factor, nesterov=True),
    "with the exact factor": partial(version, factor=exact_factor, nesterov=True),
    "without Nesterov": partial(version, factor=orthogonal, nesterov=False),
    "momentum, length fixed": partial(version, factor=no_factor, nesterov=False)}


def settings(name: str) -> list[dict[str, float]]:
    """Return the betas at which one of VERSIONS is tried: every beta1 of BETA1S, and for Adam with every beta2 of BETA2S."""
    scales = BETA2S if name.startswith("Adam") else ()
    return [{"beta1": beta1, "beta2": beta2} for beta2 in scales for beta1 in BETA1S] or [{"beta1": beta1} for beta1 in BETA1S]


def called(name: str, betas: dict[str, float]) -> str:
    """Return what one of VERSIONS with its betas is called in RULES.

    >>> called("Adam", {"beta1": 0.9, "beta2": 0.999})
    'Adam 0.9 0.999'
    """
    return " ".join([name, *(f"{beta:g}" for beta in betas.values())])


RULES: dict[str, Callable[..., Any]] = {
    called(name, betas): partial(rule, **betas) for name, rule in VERSIONS.items() for betas in settings(name)}
