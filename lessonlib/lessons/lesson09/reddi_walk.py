"""Walks on Reddi's line: where a rule leads a point whose gradient is a spike once in a period, and -1 otherwise."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lessonlib import rules
from lessonlib.rules import State

__all__ = ["factors", "one_period", "walk"]

Array = np.ndarray[Any, Any]
LR = 0.2  # divided by the root of the step, as proofs take it


def walk(rule: Callable[..., Any], beta2s: Sequence[float], steps: int, spike: float = 101.0, period: int = 101) -> Array:
    """Return where the point is after each step, from 0 and kept between -1 and 1, for each beta2: (steps, B).

    >>> walk(rules.adam, [0.99], 2).round(2).tolist()
    [[-0.2], [-0.29]]
    """
    x, s, path = np.zeros(len(beta2s)), State(), []
    for t in range(1, steps + 1):
        x, s = rule(x, spike if t % period == 1 else -1.0, s, lr=LR / t**0.5, beta2=np.array(beta2s))
        x = np.clip(x, -1, 1)
        path.append(x)
    return np.array(path)


def factors(beta2: float | None, spike: float = 101.0, period: int = 101) -> Array:
    """Return one over the root of v at the spike and after it, in a late period: (period,). With None, v is the mean square throughout.

    >>> factors(0.99)[[0, -1]].round(3).tolist(), factors(None)[[0, -1]].round(3).tolist()
    ([0.079, 0.13], [0.099, 0.099])
    """
    since = np.arange(period)
    weight = np.full(period, 1 / period) if beta2 is None else (1 - beta2) * beta2**since / (1 - beta2**period)  # of the spikes in v
    return np.asarray((1 + (spike**2 - 1) * weight) ** -0.5)


def one_period(beta2: float | None, before: int = 500, spike: float = 101.0, period: int = 101, *,
               beta1: float = 0.9) -> tuple[int, float, int, float, float]:
    """Return what Adam does in the period after so many: steps down, their mean length, steps up, theirs, and the sum, in units of lr.

    beta2: None for Adam with the same v all the time, the mean square.
    """
    s, moved = State(), []
    for t in range(1, (before + 1) * period + 1):
        g = spike if t % period == 1 else -1.0
        x, s = rules.adam(0.0, g, s, lr=1.0, beta1=beta1, beta2=0.5 if beta2 is None else beta2)
        moved.append(float(x) if beta2 is not None else -s.m * float(factors(None, spike, period)[0]))
    last = np.array(moved[-period:])
    down, up = last[last < 0], last[last > 0]
    return len(down), float(-down.mean()), len(up), float(up.mean()), float(last.sum())
