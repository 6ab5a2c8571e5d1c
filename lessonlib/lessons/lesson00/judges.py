"""The judge of lesson 0: a border is tried out on both sides."""
from __future__ import annotations

from math import isclose
from typing import Any

import numpy as np

from lessonlib.checks import Verdict, judge, number
from lessonlib.problems import Problem
from lessonlib.rules import sgd
from lessonlib.runner import run

__all__ = ["judge_border"]

CURVATURES = np.array([3.0, 40.0])


@judge
def judge_border(guess: Any) -> Verdict:
    """Return a Verdict on the largest stable step of a valley: 500 steps from (1, 1) with 2 % less fall, with 2 % more they grow."""
    border = number(guess, "a step size", above=0)
    valley = Problem("valley", lambda theta: (CURVATURES * theta**2).sum(-1), lambda theta, rng: CURVATURES * theta, np.ones(2))
    tried = [run(sgd, valley, steps=500, lr=share * border, record="loss").loss for share in (0.98, 1.02)]
    falls = [bool(loss[-1] < loss[0]) for loss in tried]
    words = ["falls" if f else "grows" for f in falls]
    seen = f"With a step size of {0.98 * border:.4g} the loss {words[0]}, with {1.02 * border:.4g} it {words[1]}."
    if falls == [True, False]:
        return Verdict(True, f"Correct.\n{seen} The curvature along the valley does not enter.")
    if falls == [True, True]:
        return Verdict(False, f"Too low.\n{seen} How much longer may a step across the valley be before it lands higher than it began?")
    if isclose(border, 2 / CURVATURES[0], rel_tol=0.02):
        return Verdict(False, f"That is the border along the valley.\n{seen} Which of the two directions gives way first?")
    return Verdict(False, f"Too high.\n{seen} After one step across, how far from the floor is it, in units of where it began?")
