"""The judges of the deeper part of lesson 7: a beta for a share of the variance, Nesterov's form, a step size that arrives."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lessonlib import rules
from lessonlib.checks import Verdict, judge
from lessonlib.lessons.answers import look_at, number
from lessonlib.lessons.lesson07 import averages, extras, play
from lessonlib.runner import run

__all__ = ["judge_arrival", "judge_nesterov", "judge_share"]

SHARES = {1: "all", 0.5: "a half", 0.1: "a tenth"}


@judge
def judge_share(guess: Any, share: float = 0.1) -> Verdict:
    """Return a Verdict on the beta whose average keeps a share of the variance of independent noise, measured on 200,000 numbers."""
    beta = number(guess, "a beta", 0, 0.999)
    noise = np.random.default_rng(0).standard_normal(200_000)
    kept = float(averages.average(noise, beta)[1000:].var() / noise[1000:].var())
    wanted, seen = SHARES.get(share, f"{share:g}"), f"With beta = {beta:.4g} the average keeps {kept:.3f} of the variance"
    if abs((1 - beta) / (1 + beta) - share) < 0.005 * share:
        return Verdict(True, f"Correct.\nBy the law it keeps {(1 - beta) / (1 + beta):.4f}, {wanted}. Measured, it keeps {kept:.2f}.")
    if abs((1 - beta) / (1 + beta) - share) < 0.015 * share:
        return Verdict(False, f"Nearly.\nBy the law it keeps {(1 - beta) / (1 + beta):.4f}. What is the third digit of beta?")
    if abs(beta - share) < 0.003:
        return Verdict(False, f"That is the share itself.\n{seen}. Which beta makes (1 - beta) / (1 + beta) {wanted}?")
    if abs(beta - (1 - share)) < 0.003:
        return Verdict(False, f"That is one minus the share.\n{seen}. Which beta makes (1 - beta) / (1 + beta) {wanted}?")
    return Verdict(False, f"Too {'much' if kept > share else 'little'} is kept.\n{seen}. Should the memory be longer or shorter?")


def _along(step: Callable[..., Any], average: Callable[..., Any] = lambda old, g, b: b * old + (1 - b) * g) -> Callable[..., Any]:
    """A rule whose average and whose step along it are as given."""
    def rule(theta: Any, g: Any, s: rules.State, *, lr: Any, beta1: Any) -> Any:
        m = average(s.m, g, beta1)
        return theta - lr * step(m, g, beta1), rules.State(s.t + 1, m)

    return rule


def _sum(old: Any, g: Any, b: Any) -> Any:
    return b * old + g


def _kept_ahead(theta: Any, g: Any, s: rules.State, *, lr: Any, beta1: Any) -> Any:
    """Nesterov's form that stores what it steps along."""
    along = beta1 * (beta1 * s.m + (1 - beta1) * g) + (1 - beta1) * g
    return theta - lr * along, rules.State(s.t + 1, along)


SLIPS = (
    ("That is PyTorch's form.", "Its m is a sum, so its steps are 1 / (1 - beta1) times as long. What stands before g in the average?",
     _along(lambda m, g, b: g + b * m, _sum)),
    ("The average is a sum.", "Feed a constant g = 1 for a long time. Where does your m end, and where should an average of ones end?",
     _along(lambda m, g, b: b * m + (1 - b) * g, _sum)),
    ("What looks ahead is stored.", "You keep in the state what you step along. Is that the average of the gradients so far?",
     _kept_ahead),
    ("That is momentum.", "You step along the average as it is, with g in it once. What will the next average be, if the next gradient is "
     "like this one?",
     _along(lambda m, g, b: m)),
    ("The newest gradient is added, not mixed.", "You take all of m. Which share of m is left in the next average?",
     _along(lambda m, g, b: m + (1 - b) * g)),
    ("The newest gradient comes in whole.", "You mix in g with the weight 1. Which weight has a new gradient in the average?",
     _along(lambda m, g, b: b * m + g)),
    ("The shares are exchanged.", "With beta1 = 0.9, how much of the average should be in the step, and how much of the new gradient?",
     _along(lambda m, g, b: (1 - b) * m + b * g)),
    ("The sign of the step.", "Which way should theta move when g is positive?", _along(lambda m, g, b: -(b * m + (1 - b) * g))),
)


@judge
def judge_nesterov(attempt: Any) -> Verdict:
    """Return a Verdict on a learner's Nesterov momentum: the same path as the library's, or which other form it is."""
    verdict = look_at(attempt, extras.nesterov)
    if verdict or verdict.headline != "Not yet.":
        return verdict
    for headline, question, wrong in SLIPS:
        if look_at(attempt, wrong):
            return Verdict(False, f"{headline}\n{question}")
    return verdict


@judge
def judge_arrival(guess: Any, kappa: float = 25.0, low: float = 0.189) -> Verdict:
    """Return a Verdict on the largest step size, to 0.001, at which momentum arrives on the bent line from 800 starts, beta kept."""
    lr = number(guess, "a step size", 1e-6)
    old, beta1 = play.best(kappa)
    starts = np.linspace(-20, 20, 801)
    starts = starts[starts != 0]
    ends = abs(run(rules.momentum, extras.bent_line(), steps=1000, lr=lr, beta1=beta1, start=starts[:, None]).theta[-3:, :, 0]).max(0)
    if not np.isfinite(ends).all() or ends.max() > 1000:
        return Verdict(False, f"It diverges.\nWith a step size of {lr:.4g} nothing comes to rest. Is yours below {old:g}?")
    never = starts[ends > 1e-3]
    if len(never) and lr < 0.1:
        return Verdict(False, f"Too short a step.\nAfter a thousand steps of {lr:.4g} it is still on its way from {len(never)} of 800 "
                       "starts. What does a larger one do?")
    if len(never):
        first = run(rules.momentum, extras.bent_line(), steps=1000, lr=lr, beta1=beta1, start=np.array([3.3])).theta[-3:, 0]
        met = "goes round too" if abs(first).max() > 1e-3 else "arrives, by luck"
        return Verdict(False, f"Not from every start.\nWith a step size of {lr:.4g} it goes round from {len(never)} of 800 starts, from "
                       f"{never[never > 0][0]:.2f} for one. From 3.3 it {met}. What does a smaller step do?")
    if lr < low:
        return Verdict(False, f"It arrives, and so does a larger one.\nWith {lr:.4g} all 800 starts arrive, and with {old:g} some never "
                       "do. What lies between?")
    return Verdict(True, f"Correct.\nWith a step size of {lr:.4g} all 800 starts arrive, and with {old:g} some never do. On this "
                   "valley the border is between 0.189 and 0.19. Is it there on every valley with these curvatures?")
