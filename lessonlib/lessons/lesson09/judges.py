"""The judge of lesson 9: an epsilon is tried out on a data set where Adam errs."""
from __future__ import annotations

from typing import Any

from lessonlib.checks import Verdict, judge, power_of_ten
from lessonlib.problems import wilson
from lessonlib.rules import adam
from lessonlib.runner import run

__all__ = ["judge_eps"]


@judge
def judge_eps(guess: Any) -> Verdict:
    """Return a Verdict on the smallest power of ten for eps at which Adam (lr 0.1, 3000 steps) makes no test error on wilson()."""
    eps = power_of_ten(guess, "an epsilon")
    problem = wilson()
    ends = [run(adam, problem, steps=3000, record="last", lr=0.1, eps=e).theta[0] for e in (eps, eps / 10)]
    errors = [float(problem.metrics["test error"](w)) for w in ends]
    w = ends[0]
    seen = f"With eps {eps:g} the test error is {errors[0]:.0%}; the first weights are {w[0]:.2f}, the label's, {w[1]:.2f} and {w[2]:.2f}."
    if errors[0]:
        return Verdict(False, f"Too small.\n{seen} Which of the three must be larger than the others together, and which way does "
                       "eps shift it?")
    if not errors[1]:
        return Verdict(False, f"It works, and a smaller one does too.\n{seen} With a tenth of it there is no error either. How far down "
                       "does that go?")
    return Verdict(True, f"Correct.\n{seen} With a tenth of it the test error is {errors[1]:.0%}.")
