"""The judges of lesson 8: numbers, an angle, an epsilon and the names of slips are tried out, and the learner told what they do."""
from __future__ import annotations

from collections.abc import Mapping
from math import isclose, log10
from typing import Any

import numpy as np

from lessonlib.checks import Verdict, check, judge
from lessonlib.lessons.answers import judge_slips, look_at, number
from lessonlib.lessons.lesson08 import practice, rescaling, scales
from lessonlib.rules import State, rmsprop

__all__ = ["judge_angle", "judge_bugs", "judge_eps", "judge_memory", "judge_rmsprop",
           "judge_setting", "judge_settings_meant", "judge_two_steps"]

SCALE = 1e-9  # what the loss is multiplied by
NEAR = 1e-6
ASKED = "Which name from the list would fit the black lines?"  # by any judge of slips; here a reason for each wrong name does
REASONS = {
    "sum instead of average": "A sum makes both directions slow. Are both black lines of {} slow?",
    "the whole vector normalised by one number": "One number for both leaves only the smaller gradient behind. Is it only the flat black "
                                                 "line of {} that falls behind?",
    "no root": "Without the root the larger gradient takes the shorter steps. Do the black lines of {} show that?",
    "plus instead of minus": "With a plus it walks away from the minimum. Does a black line of {} rise?",
}
GIVES_AWAY = {
    "sum instead of average": "Its v is a hundred times too large, so every step is ten times too short.",
    "the whole vector normalised by one number": "Its one divisor is the root of the mean of both squares, smaller than the steep "
                                                 "gradient, so its steep steps are even longer than the right ones.",
}


def _without_square(theta: Any, g: Any, s: State, *, lr: Any, beta2: Any, eps: Any) -> tuple[Any, State]:
    """A step of RMSprop that averages g in place of its square, with the sign taken away so that the root is a number."""
    v = beta2 * s.v + (1 - beta2) * g
    return theta - lr * g / (abs(v)**0.5 + eps), State(s.t + 1, 0.0, v)


def judge_rmsprop(attempt: Any) -> Verdict:
    """Return what `check` says of RMSprop; where it has no name for a missing square that is hidden by an absolute value, that name."""
    verdict = check(attempt, rmsprop)
    if verdict.passed or verdict.misconception is not None or not look_at(attempt, _without_square):
        return verdict
    return Verdict(False, "Not yet: missing square.\nYour v averages the gradient itself. What is left of that average when plus and minus "
                   "take turns?", "missing square")


@judge
def judge_eps(guess: Any) -> Verdict:
    """Return a Verdict on the largest power of ten for eps that keeps RMSprop's path within 1e-6 once the loss is times 1e-9."""
    power = number(guess, "an epsilon")
    if power.is_integer() and 1 < abs(power) <= 300 and power not in (10, 100):
        return Verdict(False, f"An exponent.\nYou gave {power:g}. If that is the power of ten, how is the epsilon itself written, as in "
                       "1e-3?")
    eps = number(guess, "an epsilon", 1e-300, 1e300)
    if not isclose(eps, 10.0 ** round(log10(eps)), rel_tol=1e-6):
        return Verdict(False, f"Not a power of ten.\nYou gave {eps:g}. Which power of ten do you mean, written as in 1e-3?")
    near, also = (scales.apart(rmsprop, SCALE, eps=1e-8, scaled_eps=e) < NEAR for e in (eps, 10 * eps))
    seen = f"With eps {eps:.0e} the paths are {'less' if near else 'more'} than {NEAR:.0e} apart"
    if near and not also:
        return Verdict(True, f"Correct.\n{seen}, and with ten times that they are further apart.")
    if near:
        return Verdict(False, f"Smaller than it needs to be.\n{seen}. What does ten times your eps do?")
    return Verdict(False, f"Too large.\n{seen}. Your eps divided by the factor is {eps / SCALE:.0e}. In the table, 1e-8 divided by a "
                   "thousandth is 1e-05. How far apart are the paths there?")


@judge
def judge_angle(guess: Any, left: float = 100.0) -> Verdict:
    """Return a Verdict on the first whole degree at which the two best step sizes leave a condition number above `left` of a thousand."""
    given = number(guess, "a whole number of degrees")
    if not 1 <= given <= 45:
        return Verdict(False, f"Outside of 1 to 45.\nYou gave {given:g}. Between which two marks does the line cross {left:g}?")
    angle = int(number(guess, "a whole number of degrees", 1, 45, whole=True))
    before, there = (rescaling.best_left(a) for a in (angle - 1, angle))
    seen = f"The two best step sizes leave a condition number of {before:.0f} at {angle - 1} degrees and of {there:.0f} at {angle}."
    if before <= left < there:
        return Verdict(True, f"Correct.\n{seen}")
    own_before, own = (float(np.median(rescaling.left_by_start(a))) for a in (angle - 1, angle))
    if there <= left and own_before <= left < own:
        return Verdict(False, f"RMSprop's marker.\n{seen} RMSprop's own leave {own:.0f} there. Where does the line of the best two cross "
                       f"{left:g}?")
    if there <= left:
        asks = (f"That is not above {left:g} yet. What do they leave one degree later?" if rescaling.best_left(angle + 1) > left else
                f"Where does the line in the picture cross {left:g}?")
        return Verdict(False, f"Too small.\n{seen} {asks}")
    return Verdict(False, f"Too large.\n{seen} One degree before it is above {left:g} already. From which degree on is it?")


@judge
def judge_memory(guess: Any) -> Verdict:
    """Return a Verdict on the longest memory, in steps and to a tenth of it, with which v can fall from anywhere in bfloat16."""
    from lessonlib.lessons.lesson08.precision import share_that_can_fall  # torch, where it is the subject

    if 0 < number(guess, "a memory in steps") < 1:
        return Verdict(False, f"A beta2.\nYou gave {guess:g}, which is below 1. With which memory, in steps, does that go?")
    memory = number(guess, "a memory in steps", 1, 1e9)
    shares = [share_that_can_fall(1 - 1 / steps) for steps in (memory, 1.1 * memory)]
    seen = f"With a memory of {memory:g} step{'s' * (memory != 1)} v can fall from {shares[0]:.0%} of the numbers between 1 and 2"
    if shares[0] < 1:
        return Verdict(False, f"Too long.\n{seen}. How much is taken away near 1, and is that more than half of the distance between two "
                       "numbers?")
    if shares[1] < 1:
        return Verdict(True, f"Correct.\n{seen}, and with a tenth more only from {shares[1]:.0%}.")
    if isclose(memory, 128, rel_tol=0.1):
        return Verdict(False, f"The whole distance.\n{seen}, and with a tenth more too. By how much of the distance must a product fall, "
                       "to be rounded down?")
    asks = ("What does twice your memory do?" if share_that_can_fall(1 - 1 / (2 * memory)) == 1 else
            "With twice your memory it cannot. Where between the two is the longest that can?")
    return Verdict(False, f"Too short.\n{seen}, and with a tenth more too. {asks}")


@judge
def judge_two_steps(guess: Any) -> Verdict:
    """Return a Verdict on v and the length of the step, in units of lr, at steps 1 and 2 of RMSprop with gradients of 3."""
    names, right, s = ("v1", "step1", "v2", "step2"), [], State()
    for _ in range(2):
        theta, s = rmsprop(0.0, 3.0, s, lr=1.0, eps=0.0)
        right += [s.v, -theta]
    if not isinstance(guess, Mapping) or set(guess) != set(names):
        return Verdict(False, f"Not a number for each.\nYou gave a {type(guess).__name__}. Where are the answers for {', '.join(names)}?")
    hints = ("How much of 9 enters v at the first step, if 99 hundredths of the old v are kept?",
             "By what does the rule divide the gradient, and how large is that now?",
             "What is left of the old v, and what comes in?", "Which v belongs in the second step?")
    for name, wanted, hint in zip(names, right, hints, strict=True):
        value = number(guess[name], f"a number for {name}")
        if name == "v1" and isclose(value, 0.03, rel_tol=2e-2):
            return Verdict(False, "Look at v1.\nYou gave 0.03, which is a hundredth of 3. Of what does v hold a hundredth?")
        if name in ("step1", "step2") and isclose(value, 3 / right[0 if name == "step1" else 2], rel_tol=2e-2):
            return Verdict(False, f"Look at {name}.\nYou gave {value:.4g}, which is 3 divided by v. What takes the square away again?")
        before = right[0 if name == "step1" else 2]
        if name in ("step1", "step2") and isclose(value, -wanted, rel_tol=1e-3):
            return Verdict(False, f"Look at {name}.\nYou gave {value:.4g}. How long is a step that goes back by as much?")
        if name in ("step1", "step2") and isclose(value, before**0.5, rel_tol=2e-2):
            return Verdict(False, f"Look at {name}.\nYou gave {value:.4g}, which is the root of v. What does it divide?")
        if name in ("step1", "step2") and isclose(value, before**0.5 / 3, rel_tol=2e-2):
            return Verdict(False, f"Look at {name}.\nYou gave {value:.4g}, the root of v divided by 3. Which of the two does the rule "
                           "divide by?")
        if name == "v2" and isclose(value, 2 * right[0], rel_tol=1e-3):
            return Verdict(False, f"Look at v2.\nYou gave {value:.4g}, twice v1. How much of the old v is kept at the second step?")
        if name in ("v1", "v2") and isclose(value, 0.99 * right[0] * int(name[1]), rel_tol=1e-3):
            return Verdict(False, f"Look at {name}.\nYou gave {value:.4g}, where 0.99 multiplies the new square too. With which share does "
                           "the new square come in?")
        if name == "step2" and isclose(value, right[1], rel_tol=1e-3):
            return Verdict(False, f"Look at step2.\nYou gave {value:.4g}, as long as the first step. Is v still what it was there?")
        if name == "step2" and isclose(value, 3 / (2 * right[0]) ** 0.5, rel_tol=1e-3):
            return Verdict(False, f"Look at step2.\nYou gave {value:.4g}, which is 3 divided by the root of twice v1. What is it with "
                           "your v2?")
        if value in (float(f"{wanted:.1g}"), float(f"{wanted:.2g}")) and not isclose(value, wanted, rel_tol=1e-3):
            return Verdict(False, f"Too few digits.\nYou gave {value:.4g} for {name}, which is near. What are its first three digits?")
        if not isclose(value, wanted, rel_tol=1e-3):
            return Verdict(False, f"Look at {name}.\nYou gave {value:.4g}. {hint}")
    return Verdict(True, f"Correct.\nThe first step is {right[1]:.3g} times the step size, the second {right[3]:.3g} times.")


@judge
def judge_settings_meant(guess: Any) -> Verdict:
    """Return a Verdict on what optim.RMSprop(params, alpha=0.001) sets: {"lr": 0.01, "beta2": 0.001}."""
    if not isinstance(guess, Mapping) or set(guess) != {"lr", "beta2"}:
        return Verdict(False, f"Not a number for each.\nYou gave a {type(guess).__name__}. Where are the answers for lr and beta2?")
    beta2 = number(guess["beta2"], "a beta", 0, 1)
    if isclose(beta2, 0.99):
        return Verdict(False, "Look at beta2.\nYou gave 0.99, which is the default. Which of our letters does torch call alpha?")
    if not isclose(beta2, 0.001):
        return Verdict(False, f"Look at beta2.\nYou gave {beta2:g}. Which of our letters does torch call alpha?")
    lr = number(guess["lr"], "a step size", 0)
    if not isclose(lr, 0.01):
        return Verdict(False, f"Look at lr.\nYou gave {lr:g}. Nobody has set it here. What is torch's default for RMSprop?")
    return Verdict(True, "Correct.\nThe step size is the default, ten times what was wanted. v keeps a thousandth of what it was, so it "
                   "forgets everything but the newest gradient. Each step is then about lr long, whatever the gradient.")


@judge
def judge_bugs(guess: Any, bugs: Mapping[str, str] = practice.TWO_BUGS) -> Verdict:
    """Return a Verdict on which broken RMSprop made which path; guess: {letter: name}."""
    verdict = judge_slips(guess, bugs, practice.CANDIDATES, practice.seen, GIVES_AWAY)
    if not verdict.message.endswith(ASKED):
        return verdict
    named = {letter: str(guess[letter]).strip().casefold() for letter in bugs}
    told = []
    for letter, right in bugs.items():
        name = next((name for name in practice.CANDIDATES if name.casefold() == named[letter]), None)
        told.append(f"{letter} has no name from the list yet." if name is None else f"{letter} is '{name}'." if name == right else
                    f"{letter} is not '{name}'. {REASONS[name].format(letter)}")
    return Verdict(False, f"{verdict.headline}\n{' '.join(told)}", verdict.misconception)


@judge
def judge_setting(guess: Any, target: float = 0.2, starts: int = 3, learns_from: float = 0.1) -> Verdict:
    """Return a Verdict on the lr of torch's RMSprop on a single layer: a mean loss of the starts below `target` after 100 steps passes.

    learns_from: an lr in the middle of those that pass; what fails below it is too small, and above it too large.
    """
    lr = number(guess, "a step size", above=0)
    from lessonlib.lessons.lesson08.training import loss_of  # torch, where it is the subject

    losses = [loss_of(lr, start, steps=100, layers=0) for start in range(starts)]
    ends = ", ".join(f"{loss:.2f}" for loss in losses)
    seen = f"With lr={lr:g} the three starts end at a training loss of {ends}, with a mean of {np.mean(losses):.3f}"
    if np.mean(losses) < target:
        above = sum(loss >= target for loss in losses)
        alone = f" Of the three, {above} would not pass alone. Is there a step size at which all do?" if above else ""
        return Verdict(True, f"Correct.\n{seen}.{alone}")
    if lr < learns_from:
        times = "ten" if lr < learns_from / 10 else "three"
        return Verdict(False, f"Too slow.\n{seen}. The loss falls too little in 100 steps. What does {times} times your lr do?")
    return Verdict(False, f"Too large.\n{seen}. What does a {'tenth' if lr > 10 * learns_from else 'third'} of your lr do?")
