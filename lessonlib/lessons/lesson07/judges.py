"""The judges of lesson 7: a number is tried out, and the learner told what it does."""
from __future__ import annotations

from functools import cache
from math import isclose
from typing import Any

import numpy as np

from lessonlib import rules
from lessonlib.checks import Verdict, check, judge
from lessonlib.lessons.answers import number
from lessonlib.lessons.lesson07 import play
from lessonlib.problems import ravine
from lessonlib.runner import run

__all__ = ["judge_colleague", "judge_kappa", "judge_lr", "judge_setting"]

BY_HAND = ("Start it at theta = 1 with an empty State, a gradient of 1, lr = 1 and beta1 = 0.9. Where is theta after the first step, and "
           "where should it be?")


def _in_the_valley(attempt: Any) -> str:
    """How the loss goes in the lesson's valley at the exercise's settings, in words."""
    loss = run(attempt, ravine(100), steps=100, record="loss", lr=0.019, beta1=0.8).loss
    end = f"{loss[-1] / 1e6:.0f} million" if loss[-1] > 1e6 else f"{loss[-1]:.1g}"
    return f"In the valley its loss goes from {loss[0]:.0f} to {end} in 100 steps."


def judge_colleague(attempt: Any) -> Verdict:
    """Return what `check` says of a fixed momentum, and why the loss grew; off momentum's path, a question to be worked by hand."""
    verdict = check(attempt, rules.momentum)
    if verdict.passed:
        return Verdict(True, f"{verdict.message}\n{_in_the_valley(attempt)} The colleague's stepped along an average without the newest "
                       "gradient. So across the valley it turned too late, and each swing was larger than the one before.")
    if verdict.misconception == "step along the old average" and not verdict.headline.endswith("one more"):
        return Verdict(False, f"Not fixed yet.\nIts path is still the colleague's. {_in_the_valley(attempt)} {BY_HAND}",
                       verdict.misconception)
    if verdict.misconception is None and "it parts from" in verdict.message:
        return Verdict(False, f"Not fixed yet.\nIt is another path than the colleague's, and not yet momentum's. {BY_HAND}")
    return verdict


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
def judge_kappa(guess: Any, steps: int = 2000) -> Verdict:
    """Return a Verdict on an estimate of the condition number at which momentum, set as in the table, needs `steps` steps, within 30 %."""
    kappa = number(guess, "a condition number", 1.0)
    if kappa > 1e6:
        return Verdict(False, "Too large.\nAt a million it would already be about 8,000 steps. Is it the count that goes with the root, or "
                       "the condition number?")
    if kappa < 100:
        return Verdict(False, f"Too small.\nAt 100 momentum took {play.steps_by_kappa()[100][1]} steps. Is {kappa:g} the condition number, "
                       "or how many times 10,000?")
    _, lr, beta1 = play.settings(kappa)
    counted = play.steps_to(rules.momentum, kappa, lr=lr, beta1=beta1, budget=40 * int(kappa**0.5) + 60)
    assert counted is not None
    seen = f"At a condition number of {kappa:,.0f} momentum takes {counted:,} steps"
    if abs(counted / steps - 1) <= 0.3:
        return Verdict(True, f"Correct.\n{seen}, and the colleague's took {steps:,}: that is close enough.")
    if abs(kappa / (10_000 * steps / play.steps_by_kappa()[10_000][1]) - 1) < 0.1:
        return Verdict(False, f"That is gradient descent's growth.\n{seen}. With what does momentum's count grow?")
    if line := _misread(kappa, steps):
        return Verdict(False, f"That is another line.\n{line} takes about {steps:,} steps there. {seen}. Which line is momentum's, set as "
                       "in the table?")
    if counted > steps:
        return Verdict(False, f"Too large.\n{seen}. Begin at 10,000 in the picture. What does a hundredfold condition number do to "
                       "the count?")
    more = steps / play.steps_by_kappa()[10_000][1]
    return Verdict(False, f"Too small.\n{seen}. The colleague's took {more:.0f} times as many as at 10,000. How much larger must the "
                   "condition number be for that?")


def _misread(kappa: float, steps: int) -> str:
    """Whose line of the picture has about `steps` steps at kappa, if not momentum's; or nothing."""
    lines = {"Gradient descent": [play.steps_by_kappa()[k][0] for k in play.KAPPAS],
             "Momentum with a beta of 0.9": [play.usual_beta(k) for k in play.KAPPAS]}
    if kappa > 1.2 * play.KAPPAS[-1]:  # beyond the picture
        return ""
    at = np.log(play.KAPPAS)
    return next((name for name, line in lines.items() if abs(np.exp(np.interp(np.log(kappa), at, np.log(line))) / steps - 1) < 0.1), "")


@judge
def judge_setting(guess: Any, momentum: float = 0.99, target: float = 0.28, starts: int = 3) -> Verdict:
    """Return a Verdict on the lr of torch's SGD at a momentum, on the lesson's network: it passes where each start ends below `target`.

    So must lrs up to 4 % longer, as with too long a step a run ends anywhere, and below the target by luck. Where it does not pass, the
    starts are trained with a half and a quarter of the lr: the step is too long if the worst start ends lower with one of them, and far
    too long if both stay above 2, about a random guess, and a much shorter one does not. Each start is trained only when it is asked for.
    """
    lr = number(guess, "a step size", above=0)
    from lessonlib.lessons.lesson07.network import loss_of  # torch, where it is the subject

    @cache
    def end(share: float, start: int) -> float:
        return loss_of(lr * share, momentum, start)

    def ends(share: float) -> list[float]:
        return [end(share, start) for start in range(starts)]

    def told(share: float, losses: list[float]) -> str:
        return f"lr={lr * share:g} the three starts end at {', '.join(f'{loss:.3f}' if loss < 100 else f'{loss:.3g}' for loss in losses)}"

    def all_below(bound: float, share: float) -> bool:
        return all(end(share, start) < bound for start in by_loss)

    def shorter() -> str:
        half = max(ends(1 / 2))
        if target <= half < min(max(ends(1 / 4)), 2 * target):
            return f"With half of it the worst start ends at {half:.3f}, so half is too short. What do you see between the two?"
        return "What do you see with half of it?"

    losses = ends(1)
    worst = max(losses)
    by_loss = sorted(range(starts), key=lambda start: -losses[start])  # the worst first: it decides soonest
    seen = f"With {told(1, losses)}, and the goal is below {target:g} for each"
    if worst < target:
        for share in (1.02, 1.04):
            if not all_below(max(target, 1.2 * worst), share):  # no luck where the loss changes little by little
                return Verdict(False, f"Too long, and low by luck.\n{seen}. But with {told(share, ends(share))}. So with this lr "
                               f"a run ends low or high by luck. {shorter()}")
        return Verdict(True, f"Correct.\n{seen}.\nThe translated lr is where you begin, and the best may be a few times larger. At a "
                       "momentum of 0.9 and lr=0.11 the three end below 0.1. At 0.99 none of seven lr did as well in 100 steps.")
    if (worst >= 2 and not all_below(2, 1 / 2) and not all_below(2, 1 / 4)
            and any(all_below(0.9 * worst, share) for share in (1 / 8, 1 / 64, 1 / 512))):
        return Verdict(False, f"Far too long a step.\n{seen}. With a half and a quarter of it the worst start still ends above 2. A "
                       "random guess has a loss of 2.3. Is this PyTorch's step size, or this course's?")
    if any(all_below(worst, share) for share in (1 / 2, 1 / 4)):
        return Verdict(False, f"Too long a step.\n{seen}. With a shorter one the worst start ends lower. {shorter()}")
    return Verdict(False, f"Too short a step.\n{seen}. What does twice your lr do?")
