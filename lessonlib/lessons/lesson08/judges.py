"""The judges of lesson 8: an epsilon, an angle and three names of slips are tried out."""
from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from lessonlib.checks import Verdict, judge, number, power_of_ten
from lessonlib.lessons.lesson08 import turned_ravine
from lessonlib.problems import ravine
from lessonlib.rules import rmsprop, sgd
from lessonlib.runner import run

__all__ = ["judge_angle", "judge_eps"]

SCALE = 1e-9  # what the loss is multiplied by
NEAR = 1e-6


def _apart(eps: float) -> float:
    """The largest distance between RMSprop's path on a ravine and, with this eps, on its loss times SCALE."""
    problem = ravine(100)
    scaled = replace(problem, loss=lambda theta: SCALE * problem.loss(theta), grad=lambda theta, rng: SCALE * problem.grad(theta, rng))
    here, there = (run(rmsprop, p, lr=0.01, steps=100, eps=e).theta for p, e in ((problem, 1e-8), (scaled, eps)))
    return float(np.abs(there - here).max())


@judge
def judge_eps(guess: Any) -> Verdict:
    """Return a Verdict on the largest power of ten for eps that keeps RMSprop's path within 1e-6 once the loss is times 1e-9."""
    eps = power_of_ten(guess, "an epsilon")
    near, also = (_apart(e) < NEAR for e in (eps, 10 * eps))
    words = ["within" if n else "more than" for n in (near, also)]
    seen = f"With eps {eps:.0e} the paths are {words[0]} 1e-6 apart, with {10 * eps:.0e} {words[1]}."
    if near and not also:
        return Verdict(True, f"Correct.\n{seen}")
    if near:
        return Verdict(False, f"Smaller than it needs to be.\n{seen} How many times larger may it be?")
    return Verdict(False, f"Too large.\n{seen} By what must eps be multiplied when every gradient is multiplied by 1e-9?")


@judge
def judge_angle(guess: Any) -> Verdict:
    """Return a Verdict on the whole degree from which RMSprop needs more steps than gradient descent in the turned ravine."""
    angle = int(number(guess, "a whole number of degrees", 1, 90, whole=True))
    rival = turned_ravine.steps_to_arrive(sgd, 0)[0]
    before, there = (turned_ravine.steps_to_arrive(rmsprop, a)[0] for a in (angle - 1, angle))
    seen = f"RMSprop takes {before:.0f} steps at {angle - 1} degrees and {there:.0f} at {angle}, gradient descent {rival:.0f}."
    if before < rival <= there:
        return Verdict(True, f"Correct.\n{seen} This is the border.")
    if there < rival:
        return Verdict(False, f"Not the border yet: too small.\n{seen} Where does RMSprop's line reach the level one?")
    return Verdict(False, f"Not the border yet: too large.\n{seen} RMSprop is slower already one degree before. Since where?")
