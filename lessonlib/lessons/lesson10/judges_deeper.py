"""The judges of lesson 10's deeper notebook: a decay in another form, a network that understands late."""
from __future__ import annotations

from collections.abc import Callable
from math import isclose
from typing import Any

import numpy as np

from lessonlib.checks import Verdict, judge
from lessonlib.lessons.answers import number
from lessonlib.rules import State, adam, adamw

__all__ = ["judge_decay", "judge_memory"]


@judge
def judge_decay(guess: Any) -> Verdict:
    """Return a Verdict on the decay of Loshchilov and Hutter's form that is PyTorch's 0.5 at lr 0.01: one step of each decides."""
    decay = number(guess, "a decay", 0)
    theirs = adam(1.0 - decay * 1.0, 0.3, State(), lr=0.01)[0]
    wanted = adamw(1.0, 0.3, State(), lr=0.01, weight_decay=0.5)[0]
    seen = f"One step from theta = 1 ends at {theirs:.6g} with yours and at {wanted:.6g} in PyTorch's form."
    if isclose(theirs, wanted):
        return Verdict(True, f"Correct.\n{seen}")
    if isclose(decay, 0.5):
        return Verdict(False, f"PyTorch multiplies once more.\n{seen} By what does PyTorch multiply its 0.5, and their form does not?")
    return Verdict(False, f"Too {'much' if decay > 0.005 else 'little'}.\n{seen} By what share does each form shrink theta in a step?")


@judge
def judge_memory(decay: Any, steps: Any, train: Callable[[float, int], Any], first: int) -> Verdict:
    """Return a Verdict on a decay and a number of steps: whether the network understands by then, 95 % of unseen pairs, and how late.

    train(decay, steps) -> a run with `steps` (T,) and `test_accuracy` (T, 1); first: the step at which it did so at decay 1.
    """
    w, budget = number(decay, "a decay", 1e-6, 100), int(number(steps, "a number of steps", 1, 1e5, whole=True))
    tried = train(w, budget)
    known = np.asarray(tried.test_accuracy)[:, 0] >= 0.95
    if not known.any():
        share = tried.test_accuracy[-1, 0]
        return Verdict(False, f"Not there yet.\nWith decay {w:g}, {share:.0%} of the unseen pairs are right at step {budget}. Its memory "
                       f"is {1 / w:.1f} times that of decay 1, which took {first} steps. How many will this one take?")
    when = int(tried.steps[known.argmax()])
    return Verdict(True, f"It understands.\nWith decay {w:g}, 95 % of the unseen pairs are right by step {when}, {when / first:.1f} times "
                   f"as late as at decay 1, with {1 / w:.1f} times the memory.")
