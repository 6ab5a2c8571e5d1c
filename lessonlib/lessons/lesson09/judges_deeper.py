"""The judge of the deeper part of lesson 9: RMSprop with a corrected average."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

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
    "beta1 for both averages": "This v has no memory, it is the newest square alone. What does beta2 do?",
    "correction multiplied instead of divided": "At t = 1 v is too small. Does multiplying it by 1 - beta2 make it larger?",
}


def _written(v_hat: Callable[..., Any], v: Callable[..., Any] | None = None, *, keep: bool = True, count: int = 1,
             times: Callable[..., Any] = lambda beta2, t: 1.0) -> Callable[..., Any]:
    """An RMSprop with another v_hat(v, beta2, t), another v(old, g, beta2, t), a state that forgets v or does not count, or a step that is
    multiplied by times(beta2, t).
    """
    def rule(theta: Any, g: Any, s: rules.State, *, lr: Any, beta2: Any, eps: Any) -> Any:
        t = s.t + 1
        new = beta2 * s.v + (1 - beta2) * g**2 if v is None else v(s.v, g, beta2, t)
        return theta - times(beta2, t) * lr * g / (v_hat(new, beta2, t) ** 0.5 + eps), rules.State(s.t + count, 0.0, new if keep else 0.0)
    return rule


SLIPS = (  # what Adam's table does not know, for there it comes in two averages at once
    ("The t of the step before.\nAt the first step s.t is 0, and 1 - beta2**0 is 0. Which step are you in, and what do you add to s.t?",
     _written(lambda v, beta2, t: v / (1 - beta2 ** (t - 1)))),
    ("t stays 0.\nAt the first step s.t is 0, and 1 - beta2**0 is 0. Which step are you in, and what does your state say of it?",
     _written(lambda v, beta2, t: v / (1 - beta2**0), count=0)),
    ("The power is in the wrong place.\nAt t = 2 you divide by (1 - beta2)**2. How much of v's zero is left at t = 2, and how much is not?",
     _written(lambda v, beta2, t: v / (1 - beta2) ** t)),
    *(("The share is in the wrong place.\nThe first step is too short. Is 1 - beta2**t the share of v, or of its root?", rule) for rule in (
        _written(lambda v, beta2, t: v / (1 - beta2**t) ** 2), _written(lambda v, beta2, t: v, times=lambda beta2, t: 1 - beta2**t))),
    ("v starts as the first g**2.\nThe first step is right. But the first g**2 then weighs beta2**(t - 1) at step t, and the newest only "
     "1 - beta2. Which start gives both the weights of one average?",
     _written(lambda v, beta2, t: v, lambda old, g, beta2, t: beta2 * old + (1 - beta2) * g**2 if t > 1 else g**2)),
    ("v is lost.\nWhich numbers of this step does your new State hold? What does your second step find in s.v?",
     _written(lambda v, beta2, t: v / (1 - beta2**t), keep=False)),
)


@judge
def judge_rmsprop(attempt: Any) -> Verdict:
    """Return a Verdict on a learner's RMSprop with bias correction: the same path as Adam without an average of the direction."""
    verdict = look_at(attempt, RIGHT)
    if verdict.misconception in QUESTIONS:
        named = verdict.headline if verdict.misconception != "beta1 for both averages" else "Not yet: v without a memory."
        return Verdict(False, f"{named}\n{QUESTIONS[verdict.misconception]}", verdict.misconception)
    if verdict.headline.startswith("Not yet"):
        with np.errstate(all="ignore"):  # the slips divide by zero too
            for said, rule in SLIPS:
                if look_at(attempt, rule):
                    return Verdict(False, said)
    return verdict
