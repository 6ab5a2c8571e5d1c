"""Walks on Reddi's line: where a rule leads a point whose gradient is a spike once in a period, and -1 otherwise."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lessonlib import rules
from lessonlib.lessons.lesson09.problems import reddi
from lessonlib.rules import State
from lessonlib.runner import run

__all__ = ["ends_at_random", "one_period", "walk"]

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


def ends_at_random(beta2: float, seeds: int = 4, steps: int = 10_000) -> list[float]:
    """Return where Adam is after so many steps when the spike is drawn at each step, once in 101 on average, for each seed."""
    return [float(run(rules.adam, reddi(), steps=steps, seed=seed, record="last", lr=lambda t: LR / t**0.5, beta2=beta2).theta[0, 0])
            for seed in range(seeds)]
