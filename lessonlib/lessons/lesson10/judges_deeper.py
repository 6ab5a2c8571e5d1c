"""The judges of lesson 10's deeper notebook: a network that understands late, the edge of a box, a step count that is lost."""
from __future__ import annotations

from collections.abc import Callable
from math import isclose
from typing import Any

import numpy as np

from lessonlib.checks import Verdict, judge
from lessonlib.lessons.answers import number

__all__ = ["judge_edge", "judge_lost_count", "judge_memory"]


@judge
def judge_memory(guess: Any, train: Callable[[int], Any], first: int) -> Verdict:
    """Return a Verdict on a number of steps at half the memory: whether the network understands by then, 95 % of unseen pairs, in
    fewer steps than with the whole memory, and not many more than it needs.

    train(steps) -> a run with `steps` (T,) and `test_accuracy` (T, 1); first: the step at which it did so with the whole memory.
    """
    budget = int(number(guess, "a number of steps", 1, whole=True))
    if budget >= first:
        return Verdict(False, f"You saved nothing.\nWith twice the memory it took {first} steps, and you gave it {budget}. "
                       "With how many fewer will it do?")
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
    if budget > 1.25 * when:
        return Verdict(False, f"It understands, and much earlier.\nYou gave it {budget / first:.2f} of the time that it took with twice "
                       f"the memory. By step {when} 95 % of the unseen pairs are right. Which share of {first} steps is that?")
    spare = f"You spent {budget - when} steps more than it needed" if budget > when else "You spent no step more than it needed"
    return Verdict(True, f"It understands.\n95 % of the unseen pairs are right by step {when}, with half the memory in "
                   f"{when / first:.2f} of the time that the same start took with all of it. {spare}.")


@judge
def judge_edge(guess: Any, *, size: float) -> Verdict:
    """Return a Verdict on the decay whose box just reaches to a weight of this size."""
    decay = number(guess, "a decay", above=0)
    reach = 1 / decay
    seen = f"With a decay of {decay:.3g} the box reaches to {reach:.3g}, and the weight is at {size:g}."
    if size / 1.001 <= reach <= 1.04 * size:
        return Verdict(True, f"Correct.\n{seen} With a decay of 0.1 it reaches to 10, so there it is far from this weight.")
    if isclose(decay, size, rel_tol=0.02):
        return Verdict(False, f"That is the weight.\n{seen} Which decay has its box end there?")
    if any(isclose(reach, size * times, rel_tol=0.04) for times in (0.5, 2)):
        return Verdict(False, f"A factor of two.\n{seen} The box has two sides. How far is one of them from zero?")
    headline = "There is room to spare." if reach > size else "The box is too small."
    return Verdict(False, f"{headline}\n{seen} How does the reach depend on the decay?")


@judge
def judge_lost_count(guess: Any, *, beta1: float, beta2: float) -> Verdict:
    """Return a Verdict on how many times as long Adam's step is where m and v are full and t starts again."""
    times = number(guess, "a factor", above=0)
    m, v = 1 / (1 - beta1), 1 / (1 - beta2)
    wrong = {
        m: ("That is m alone.", f"m_hat is {m:g} times as large. What happens to v_hat?"),
        v**0.5: ("That is the root of v_hat alone.", f"It is {v**0.5:.3g} times as large. What happens to m_hat?"),
        v: ("That is v_hat alone.", "What happens to m_hat, and what does Adam divide by?"),
        v**0.5 / m: ("It is upside down.", "Which of the two is divided by the other?"),
        m / v: ("The root is missing.", f"v_hat is {v:g} times as large. What does Adam divide by?"),
        m * v**0.5: ("You multiplied.", "Adam divides m_hat by the root of v_hat. What does that give?"),
        1.0: ("That is no change.", "t stands in two of Adam's lines. What do they divide m and v by when t is 1?"),
        1 / m: ("The other way.", "m is divided by 1 - beta1. Does that make it larger or smaller?"),
    }
    if isclose(times, m / v**0.5, rel_tol=0.03):
        usual = m / 1000**0.5
        return Verdict(True, f"Correct.\nm_hat is {m:g} times as large and the root of v_hat {v**0.5:.2g} times. With beta2 = 0.999 the "
                       f"step would be {usual:.2f} times as long, so there it gets shorter.")
    for value, (headline, question) in wrong.items():
        if isclose(times, value, rel_tol=0.02):
            return Verdict(False, f"{headline}\n{question}")
    return Verdict(False, f"Not {times:.3g}.\nAt t = 1 m is divided by 1 - beta1, and v by 1 - beta2. By how much does each of them grow, "
                   "and what does Adam divide by?")
