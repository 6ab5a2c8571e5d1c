"""The judges of lesson 10's deeper notebook: a network that understands late, the edge of a box, a step count that is lost."""
from __future__ import annotations

from collections.abc import Callable
from math import isclose
from typing import Any

import numpy as np

from lessonlib.checks import Verdict, judge
from lessonlib.lessons.answers import number

__all__ = ["judge_edge", "judge_lost_count", "judge_stronger"]

LEARNING = 40  # steps in which the training pairs are learned without any decay


@judge
def judge_stronger(guess: Any, train: Callable[[float], Any], *, lr: float, first: int) -> Verdict:
    """Return a Verdict on a decay above 1: whether the network understands with it, 95 % of unseen pairs, by the end of a short run.

    train(decay) -> a run with `steps` (T,), `train_accuracy` and `test_accuracy` (T, 1); first: when it did so with a decay of 1.
    """
    decay = number(guess, "a decay", above=0)
    seen = f"With a decay of {decay:g} the memory is {1 / (lr * decay):,.0f} steps."
    if decay <= 1:
        return Verdict(False, f"The memory is no shorter.\n{seen} With 1 it took {first} steps. Which way does the memory change?")
    tried = train(decay)
    learned, known = (np.asarray(share)[:, 0] for share in (tried.train_accuracy, tried.test_accuracy))
    if (known >= 0.95).any():
        when = int(tried.steps[(known >= 0.95).argmax()])
        return Verdict(True, f"It understands.\n{seen} 95 % of the unseen pairs are right by step {when}, and with a decay of 1 by step "
                       f"{first}.")
    end = int(tried.steps[-1])
    if learned[-1] < 0.95:
        return Verdict(False, f"Too strong.\n{seen} At step {end} {learned[-1]:.0%} of the training pairs are right. Is the memory long "
                       "enough to hold them?")
    return Verdict(False, f"Not by step {end}.\n{seen} The training pairs are learned, and {known[-1]:.0%} of the unseen ones are right. "
                   + ("Is that memory as long as the steps that learning takes?" if 1 / (lr * decay) < LEARNING else
                      "Should the memory be shorter or longer?"))


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
        m / 1000**0.5: ("That is with a beta2 of 0.999.", "Which beta2 does this run have?"),
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
