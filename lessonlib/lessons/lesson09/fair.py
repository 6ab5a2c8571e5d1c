"""What the deeper part of lesson 9 counts: who wins under which protocol, and which settings reach a goal and stay there."""
from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from lessonlib.lessons.lesson09 import basins
from lessonlib.problems import ravine
from lessonlib.rules import adam
from lessonlib.runner import grid, run

__all__ = ["Box", "box", "compared", "sets_of_winners"]

Array = np.ndarray[Any, Any]
GOAL, ARRIVE, STAY = 1e-4, 100, 130  # the loss, the step at which it is reached, and the step until which it is kept


def compared() -> list[list[Any]]:
    """Return a row for each way to compare the four rules of the basins: its name, the ranking, and each test accuracy."""
    accuracy = {name: found.mean(0) for name, found in basins.basin_runs().items()}
    at = [("all at lr 0.003", 0.003), ("all at lr 1", 1.0)]
    scores = [(what, {name: float(found[np.abs(basins.BASIN_LRS - lr).argmin()]) for name, found in accuracy.items()}) for what, lr in at]
    scores.append(("each tuned", {name: float(found.max()) for name, found in accuracy.items()}))
    return [[what, basins.ranking(score), *score.values()] for what, score in scores]


def sets_of_winners(rows: list[list[Any]]) -> int:
    """Return how many different sets of winners the rankings of these rows have; who ties with the first has won too.

    >>> sets_of_winners([["one", "a = b > c"], ["two", "b = a > c"], ["three", "c > a = b"]])
    2
    """
    return len({frozenset(row[1].split(" > ")[0].split(" = ")) for row in rows})


class Box(NamedTuple):
    """The settings of a box: its betas, and for each setting (lr, beta1, beta2) whether it is below the goal at step 100, and stays."""

    beta1s: Array
    beta2s: Array
    arrives: Array
    stays: Array


def box() -> Box:
    """Return Adam on the turned ravine of lesson 9 at 40 step sizes, 34 values of beta1 and 20 of beta2."""
    beta1s, beta2s = np.linspace(0, 0.99, 34), np.linspace(0.5, 0.999, 20)
    space: Any = grid(lr=np.geomspace(1e-3, 1, 40), beta1=beta1s, beta2=beta2s)
    loss = run(adam, ravine(100, 20), steps=STAY, record="loss", **space).loss
    return Box(beta1s, beta2s, loss[ARRIVE] < GOAL, np.all(loss[ARRIVE:] < GOAL, axis=0))
