"""What the deeper part of lesson 9 counts: who is ahead under which protocol, and which settings reach a goal and stay there."""
from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lessonlib.lessons.lesson09 import basins
from lessonlib.problems import ravine
from lessonlib.rules import adam
from lessonlib.runner import grid, run

__all__ = ["Box", "ahead", "box", "compared"]

Array = np.ndarray[Any, Any]
GOAL, ARRIVE, STAY = 1e-4, 100, 130  # the loss, the step at which it is reached, and the step until which it is kept


def compared() -> list[list[Any]]:
    """Return a row for each way to compare the four rules of the basins: its name, and each test accuracy, the mean of the seeds."""
    accuracy = {name: found.mean(0) for name, found in basins.basin_runs().items()}
    at = [("all at lr 0.003", 0.003), ("all at lr 1", 1.0)]
    rows = [[what, *(float(found[np.abs(basins.BASIN_LRS - lr).argmin()]) for found in accuracy.values())] for what, lr in at]
    return [*rows, ["each tuned", *(float(found.max()) for found in accuracy.values())]]


def ahead(row: list[Any], near: float = 0.05) -> list[bool]:
    """Return for each rule of a row of `compared` whether it is within `near` of the best.

    >>> ahead(["one", 0.36, 0.35, 0.97, 0.98])
    [False, False, True, True]
    """
    return [score >= max(row[1:]) - near for score in row[1:]]


class Box(NamedTuple):
    """The settings of a box: its betas, and for each setting (lr, beta1, beta2) whether it is below the goal at step 100, and stays."""

    beta1s: Array
    beta2s: Array
    arrives: Array
    stays: Array


def box(*, logarithmic: bool = True) -> Box:
    """Return Adam on the turned ravine of lesson 9 at 40 step sizes, 34 values of beta1 and 20 of beta2 from 0.5 to 0.999.

    logarithmic: whether 1 - beta2 falls by the same factor from value to value, or beta2 rises by the same amount.
    """
    beta1s = np.linspace(0, 0.99, 34)
    beta2s = 1 - np.geomspace(0.5, 0.001, 20) if logarithmic else np.linspace(0.5, 0.999, 20)
    space: Any = grid(lr=np.geomspace(1e-3, 1, 40), beta1=beta1s, beta2=beta2s)
    loss = run(adam, ravine(100, 20), steps=STAY, record="loss", **space).loss
    return Box(beta1s, beta2s, loss[ARRIVE] < GOAL, np.all(loss[ARRIVE:] < GOAL, axis=0))
