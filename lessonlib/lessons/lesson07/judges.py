"""The judges of lesson 7: a number is tried out, and the learner told what it does."""
from __future__ import annotations

from math import isclose
from typing import Any

import numpy as np

from lessonlib import rules
from lessonlib.checks import Verdict, judge, number
from lessonlib.lessons.lesson07 import play

__all__ = ["judge_beta", "judge_lr", "judge_setting", "judge_steps"]


@judge
def judge_beta(guess: Any, kappa: float = 400.0) -> Verdict:
    """Return a Verdict on a learner's number for the best beta1 on a ravine: right, or what it does and a question."""
    _, right = play.best(kappa)
    guess = number(guess, "a beta", 0, 1 - 1e-9)
    span = float(play.funnel(guess)[1]) ** 2 if guess else 1.0
    if abs(guess - right) < 0.0002:
        steps = play.steps_to(rules.momentum, kappa, lr=kappa**-0.5, beta1=float(guess))
        descent = play.steps_to(rules.sgd, kappa, lr=2 / (1 + kappa), budget=int(6 * kappa))
        return Verdict(True, f"Correct.\nThe best beta is {right:.4f}. With yours and the step size {kappa**-0.5:.3g} the loss is down to "
                       f"1e-10 of the first after {steps} steps; gradient descent needs {descent}. "
                       "A beta a little larger takes fewer steps in so short a run.")
    if abs(guess - right**0.5) < 0.002:
        return Verdict(False, f"Nearly.\n{guess:.4g} is the spectral radius at the best setting. What is beta, if its root is that?")
    if abs(guess - (kappa - 1) / (kappa + 1)) < 0.0005:
        return Verdict(False, f"That one is gradient descent's.\n{guess:.4g} is (kappa - 1) / (kappa + 1), its factor per step. Which "
                       "number takes the place of kappa once there is momentum?")
    if guess < right:
        return Verdict(False, f"Too small.\nAt beta = {guess:.4g} the floor holds condition numbers up to {span:.0f}. "
                       f"Does {kappa:g} fit?")
    return Verdict(False, f"Larger than it needs to be.\nAt beta = {guess:.4g} the floor would hold a condition number of {span:.0f}, "
                   f"and in the long run a step leaves {guess**0.5:.4f} of the distance. Which smaller beta still holds {kappa:g}?")


@judge
def judge_lr(guess: Any) -> Verdict:
    """Return a Verdict on the lr that gives torch's SGD with momentum 0.99 the steady step of SGD(lr=0.1, momentum=0.9)."""
    lr = number(guess, "a step size", 0)
    mine, recipe = lr / (1 - 0.99), 0.1 / (1 - 0.9)
    seen = f"A steady gradient g moves you by {mine:.3g} g a step, the recipe by {recipe:.3g} g"
    if isclose(mine, recipe, rel_tol=1e-5):
        return Verdict(True, f"Correct.\n{seen}: the same.")
    if isclose(lr, 0.1):
        return Verdict(False, f"The step has changed.\n{seen}, with the same lr. What does the sum end at for 0.99, and what for 0.9?")
    return Verdict(False, f"Too {'long' if mine > recipe else 'short'}.\n{seen}. What does each sum end at?")


@judge
def judge_steps(guess: Any, kappa: float = 40_000.0, known: int = 83) -> Verdict:
    """Return a Verdict on an estimate of momentum's steps at condition number kappa, from `known` steps at 100; within a fifth is right."""
    estimate = number(guess, "a number of steps", 1)
    lr, beta1 = play.best(kappa)
    counted = play.steps_to(rules.momentum, kappa, lr=lr, beta1=beta1, budget=40 * int(kappa**0.5))
    seen = f"You estimate {estimate:.0f}; counted are {counted}"
    if counted is not None and abs(estimate / counted - 1) <= 0.2:
        return Verdict(True, f"Correct.\n{seen}. The condition number grew by {kappa / 100:g}, the steps by a little more than its root.")
    if abs(estimate / (known * kappa / 100) - 1) < 0.1:
        return Verdict(False, f"That would be gradient descent's growth.\n{seen}. With what does momentum's count grow?")
    if abs(estimate / known - 1) < 0.1:
        return Verdict(False, f"As if nothing had changed.\n{seen}. By how much has the condition number grown, and what is the root of "
                       "that?")
    return Verdict(False, f"Not yet.\n{seen}. The condition number has grown by {kappa / 100:g}. What is the root of that, times {known}?")


@judge
def judge_setting(guess: Any, momentum: float = 0.95, target: float = 0.04, starts: int = 3) -> Verdict:
    """Return a Verdict on the lr of torch's SGD at a momentum, on the lesson's network: mean loss of the starts below `target` passes."""
    lr = number(guess, "a step size", 0)
    from lessonlib.lessons.lesson07.network import loss_of  # torch, where it is the subject

    losses = [loss_of(lr, momentum, start) for start in range(starts)]
    seen = f"With lr={lr:g} the three starts end at a training loss of {', '.join(f'{loss:.2g}' for loss in losses)}"
    if np.mean(losses) < target:
        return Verdict(True, f"Correct.\n{seen}.")
    if not max(losses) < 0.5 or max(losses) > 5 * min(losses):
        return Verdict(False, f"Too long a step.\n{seen}. At least one of them was thrown out on the way. What does half of your lr do?")
    return Verdict(False, f"Too short a step.\n{seen}. All of them are on their way, and slow. What does twice your lr do?")
