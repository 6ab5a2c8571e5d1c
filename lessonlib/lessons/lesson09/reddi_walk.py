"""Walks on Reddi's line: where a rule leads a point whose gradient is a spike once in a period, and -1 otherwise."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lessonlib import rules
from lessonlib.rules import State

__all__ = ["at_random", "one_period", "walk"]

Array = np.ndarray[Any, Any]
LR = 0.1  # divided by the root of the step, as proofs take it


def walk(rule: Callable[..., Any], beta2s: Sequence[float], steps: int, spike: float = 101.0, period: int = 101) -> Array:
    """Return where the point is after each step, from 0 and kept between -1 and 1, for each beta2: (steps, B).

    >>> walk(rules.adam, [0.99], 2).round(2).tolist()
    [[-0.1], [-0.15]]
    """
    x, s, path = np.zeros(len(beta2s)), State(), []
    for t in range(1, steps + 1):
        x, s = rule(x, spike if t % period == 1 else -1.0, s, lr=LR / t**0.5, beta2=np.array(beta2s))
        x = np.clip(x, -1, 1)
        path.append(x)
    return np.array(path)


def one_period(beta2: float, before: int = 500, spike: float = 101.0, period: int = 101) -> tuple[int, float, int, float, float]:
    """Return what Adam does in the period after so many: steps down, their mean length, steps up, theirs, and the sum, in units of lr."""
    s, moved = State(), []
    for t in range(1, (before + 1) * period + 1):
        x, s = rules.adam(0.0, spike if t % period == 1 else -1.0, s, lr=1.0, beta2=beta2)
        moved.append(float(x))
    last = np.array(moved[-period:])
    down, up = last[last < 0], last[last > 0]
    return len(down), float(-down.mean()), len(up), float(up.mean()), float(last.sum())


def at_random(beta2s: Sequence[float], places: Sequence[int], walks: int = 100, spike: float = 101.0, period: int = 101) -> Array:
    """Return where Adam is after each of `places` steps, for each beta2, when a draw decides at each step but the first whether it has
    the spike: (places, walks, B). The first step has it, as in walk().

    >>> at_random([0.99], [1], walks=2).round(2).tolist()
    [[[-0.1], [-0.1]]]
    """
    x, s, found, rng = np.zeros((walks, len(beta2s))), State(), [], np.random.default_rng(0)
    for t in range(1, max(places) + 1):
        drawn = rng.random((walks, 1)) < 1 / period
        g = np.where(drawn | (t == 1), spike, -1.0)
        x, s = rules.adam(x, g, s, lr=LR / t**0.5, beta2=np.array(beta2s))
        x = np.clip(x, -1, 1)
        if t in places:
            found.append(x)
    return np.array(found)
