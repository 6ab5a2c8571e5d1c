"""The judge of the deeper part of lesson 9: RMSprop with a corrected average."""
from __future__ import annotations

from functools import partial
from typing import Any

from lessonlib import rules
from lessonlib.checks import Verdict, judge
from lessonlib.lessons.answers import look_at

__all__ = ["judge_rmsprop"]

RIGHT = partial(rules.adam, beta1=0.0)
QUESTIONS = {  # what Adam's own hints ask of m, asked of v: this rule has no m
    "no bias correction": "At t = 1, v is (1 - beta2) * g**2. What would you divide it by to get g**2 back?",
    "corrected moments stored back": "The first step is right and the second is not. Which v does the next step average with: v, or v_hat?",
    "division by 1 - beta without t": "The first step is right and the second is not. How much of the zero that v started from is left at "
                                      "t = 2, and do you divide by something else there?",
    "t starts at 0": "What is 1 - beta2**t at t = 0, and what do you get when you divide by it? Which number should the first step have?",
    "beta * t instead of beta**t": "How much of the zero that v started from is left after t steps: does it shrink by a factor at each "
                                   "step, or by an amount?",
    "correction multiplied instead of divided": "At t = 1 v is too small. Does multiplying it by 1 - beta2 make it larger?",
}


def _not_stored(theta: Any, g: Any, s: rules.State, *, lr: Any, beta2: Any, eps: Any) -> Any:
    v = (1 - beta2) * g**2
    return theta - lr * g / ((v / (1 - beta2 ** (s.t + 1))) ** 0.5 + eps), rules.State(s.t + 1)


@judge
def judge_rmsprop(attempt: Any) -> Verdict:
    """Return a Verdict on a learner's RMSprop with bias correction: the same path as Adam without an average of the direction."""
    verdict = look_at(attempt, RIGHT)
    if verdict.misconception in QUESTIONS:
        return Verdict(False, f"{verdict.headline}\n{QUESTIONS[verdict.misconception]}", verdict.misconception)
    if verdict.headline == "Not yet." and look_at(attempt, _not_stored):
        return Verdict(False, "v is lost.\nState takes t, m and v, in this order. What does your second step find in s.v?")
    return verdict
