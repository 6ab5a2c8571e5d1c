"""The judge of lesson 10's deeper notebook: a network that understands late."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lessonlib.checks import Verdict, judge
from lessonlib.lessons.answers import number

__all__ = ["judge_memory"]

MOST = 2000  # steps: more of them train for longer than a learner waits, and are judged without


@judge
def judge_memory(guess: Any, train: Callable[[int], Any], first: int) -> Verdict:
    """Return a Verdict on a number of steps at half the memory: whether the network understands by then, 95 % of unseen pairs, in
    fewer steps than with the whole memory.

    train(steps) -> a run with `steps` (T,) and `test_accuracy` (T, 1); first: the step at which it did so with the whole memory.
    """
    budget = int(number(guess, "a number of steps", 1, whole=True))
    if budget > MOST:
        return Verdict(False, f"You saved nothing.\nWith twice the memory it took {first} steps, and you gave it {budget}. "
                       "Why would it take longer with half of it?")
    tried = train(budget)
    share = np.asarray(tried.test_accuracy)[:, 0]
    known = share >= 0.95
    if not known.any():
        spent = budget / first
        half = "half of" if 0.45 < spent < 0.55 else f"{spent:.2f} of"
        headline, question = (("Nearly there.", "How many more does it need?") if share[-1] >= 0.75 else
                              ("Not there yet.", "Why would the time fall more than the memory?" if spent <= 0.45 else
                               "Must the time fall as much as the memory?"))
        return Verdict(False, f"{headline}\n{share[-1]:.0%} of the unseen pairs are right at step {budget}. With twice the memory it took "
                       f"{first} steps, and you gave it {half} that time. {question}")
    when = int(tried.steps[known.argmax()])
    if budget >= first:
        return Verdict(False, f"You saved nothing.\nIt understands, but with twice the memory it took {first} steps, and you gave it "
                       f"{budget}. With how many fewer will it do?")
    spare = f"You spent {budget - when} steps more than it needed" if budget > when else "You spent no step more than it needed"
    return Verdict(True, f"It understands.\n95 % of the unseen pairs are right by step {when}, with half the memory in "
                   f"{when / first:.2f} of the time that the same start took with all of it. {spare}.")
