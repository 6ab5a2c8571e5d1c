"""The judge of lesson 10's deeper notebook: a network that understands late."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lessonlib.checks import Verdict, judge
from lessonlib.lessons.answers import number

__all__ = ["judge_memory"]

MOST = 2000  # steps: more of them train for longer than a learner waits


@judge
def judge_memory(guess: Any, train: Callable[[int], Any], first: int) -> Verdict:
    """Return a Verdict on a number of steps at half the memory: whether the network understands by then, 95 % of unseen pairs, in
    fewer steps than with the whole memory.

    train(steps) -> a run with `steps` (T,) and `test_accuracy` (T, 1); first: the step at which it did so with the whole memory.
    """
    budget = int(number(guess, "a number of steps", 1, MOST, whole=True))
    tried = train(budget)
    share = np.asarray(tried.test_accuracy)[:, 0]
    known = share >= 0.95
    if not known.any():
        half = "half of" if 0.9 < 2 * budget / first < 1.1 else f"{budget / first:.2f} of"
        return Verdict(False, f"Not there yet.\n{share[-1]:.0%} of the unseen pairs are right at step {budget}. With twice the memory it "
                       f"took {first} steps, and you gave it {half} that time. Must the time fall as much as the memory?")
    when = int(tried.steps[known.argmax()])
    if budget >= first:
        return Verdict(False, f"You saved nothing.\nIt understands, but with twice the memory it took {first} steps, and you gave it "
                       f"{budget}. With how many fewer will it do?")
    spare = f"You spent {budget - when} steps more than it needed" if budget > when else "You spent no step more than it needed"
    return Verdict(True, f"It understands.\n95 % of the unseen pairs are right by step {when}, with half the memory in "
                   f"{when / first:.2f} of the time that the same start took with all of it. {spare}.")
