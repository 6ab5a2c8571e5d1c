"""The judges of lesson 7: a number is tried out, and the learner told what it does."""
from __future__ import annotations

from math import isclose
from typing import Any

import numpy as np

from lessonlib import rules
from lessonlib.checks import Verdict, check, judge
from lessonlib.lessons.answers import number
from lessonlib.lessons.lesson07 import play

__all__ = ["judge_colleague", "judge_kappa", "judge_lr", "judge_setting"]


def judge_colleague(attempt: Any) -> Verdict:
    """Return what `check` says of a mended momentum; as long as it forgets m as the colleague's does, a question in place of the answer."""
    verdict = check(attempt, rules.momentum)
    if verdict.misconception != "m is never stored":
        return verdict
    return Verdict(False, "Not mended yet.\nFeed it a gradient of 1, three times, with a beta of 0.9. What is m after each step, and what "
                   "should it be?", verdict.misconception)


@judge
def judge_lr(guess: Any) -> Verdict:
    """Return a Verdict on the lr that gives torch's SGD with momentum 0.99 the steady step of SGD(lr=0.1, momentum=0.9)."""
    lr = number(guess, "a step size", above=0)
    mine, recipe = lr / (1 - 0.99), 0.1 / (1 - 0.9)
    seen = f"A steady gradient g moves you by {mine:.3g} g a step, the recipe by {recipe:.3g} g"
    if isclose(mine, recipe, rel_tol=1e-5):
        return Verdict(True, f"Correct.\n{seen}: the same.")
    if isclose(lr, 0.1):
        return Verdict(False, f"The step has changed.\n{seen}, with the same lr. What does the sum end at for 0.99, and what for 0.9?")
    return Verdict(False, f"Too {'long' if mine > recipe else 'short'}.\n{seen}. What does each sum end at?")


@judge
def judge_kappa(guess: Any, steps: int = 5000) -> Verdict:
    """Return a Verdict on an estimate of the condition number at which momentum, set best, needs `steps` steps, within 30 % of them."""
    kappa = number(guess, "a condition number", 1.0)
    if kappa > 1e7:
        return Verdict(False, "Too large.\nAt ten million it would already be tens of thousands of steps. Is it the count that goes with "
                       "the root, or the condition number?")
    if kappa < 100:
        return Verdict(False, f"Too small.\nAt 100 momentum took {play.steps_by_kappa()[100][1]} steps. Is {kappa:g} the condition number, "
                       "or how many times larger it is than the last row's?")
    lr, beta1 = play.best(kappa)
    counted = play.steps_to(rules.momentum, kappa, lr=lr, beta1=beta1, budget=40 * int(kappa**0.5) + 60)
    assert counted is not None
    seen = f"At a condition number of {kappa:,.0f} momentum takes {counted:,} steps"
    if abs(counted / steps - 1) <= 0.3:
        return Verdict(True, f"Correct.\n{seen}, and the colleague's took {steps:,}: that is close enough.")
    if abs(kappa / (10_000 * steps / play.steps_by_kappa()[10_000][1]) - 1) < 0.1:
        return Verdict(False, f"That is gradient descent's growth.\n{seen}. With what does momentum's count grow?")
    return Verdict(False, f"Too {'large' if counted > steps else 'small'}.\n{seen}. In the table, what does a hundredfold condition number "
                   "do to the count?")


@judge
def judge_setting(guess: Any, momentum: float = 0.95, target: float = 0.05, starts: int = 3) -> Verdict:
    """Return a Verdict on the lr of torch's SGD at a momentum, on the lesson's network: mean loss of the starts below `target` passes.

    Where it does not pass, the starts are trained with half of the lr too: the step is too long if that ends lower.
    """
    lr = number(guess, "a step size", above=0)
    from lessonlib.lessons.lesson07.network import loss_of  # torch, where it is the subject

    losses = [loss_of(lr, momentum, start) for start in range(starts)]
    seen = f"With lr={lr:g} the three starts end at a training loss of {', '.join(f'{loss:.2g}' for loss in losses)}"
    if np.mean(losses) < target:
        edge = " One of them is far above the others, so this lr is near the border." if max(losses) > 5 * np.median(losses) else ""
        return Verdict(True, f"Correct.\n{seen}.{edge}")
    mean = float(np.mean(losses))

    def at(share: float) -> float:
        return float(np.mean([loss_of(lr * share, momentum, start) for start in range(starts)]))

    halved = at(1 / 2)
    told = f"{seen}, on average {mean:.2g}. With half of it they end at {halved:.2g}"
    if not halved >= mean:
        return Verdict(False, f"Too long a step.\n{told}. Which lr would you try next?")
    if not mean < 2 and any(at(share) < 0.9 * mean for share in (1 / 8, 1 / 64, 1 / 512)):
        return Verdict(False, f"Far too long a step.\n{told}. A blind guess has a loss of 2.3. Is this PyTorch's step size, "
                       "or this course's?")
    return Verdict(False, f"Too short a step.\n{told}. What does twice your lr do?")
