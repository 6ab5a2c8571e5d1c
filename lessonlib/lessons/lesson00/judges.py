"""The judges of lesson 0: a border is tried out on both sides, many walks are looked at, and a step size trains a network."""
from __future__ import annotations

from math import isclose
from typing import Any

import numpy as np

from lessonlib.attempts import Stop
from lessonlib.checks import Verdict, judge
from lessonlib.lessons.answers import number
from lessonlib.problems import Problem, digits_net, ravine
from lessonlib.rules import sgd
from lessonlib.runner import Run, run

__all__ = ["LOW_ENOUGH", "LRS", "judge_border", "judge_runs", "judge_step_size", "last_losses"]

CURVATURES = np.array([3.0, 40.0])
LRS = np.geomspace(0.01, 0.1, 201)  # of the exercise with many walks
LOW_ENOUGH = 0.16  # nats: what step sizes within a factor of about two of the network's best end below


@judge
def judge_runs(guess: Any) -> Verdict:
    """Return a Verdict on 201 walks of gradient descent in ravine(50), at the step sizes LRS, 500 steps each, with their losses alone."""
    if guess is None or guess is ...:
        raise Stop("Not answered yet.", "Put a call of `run` in place of None, run that cell, then this one again. Which line do you begin "
                   "from?")
    if not isinstance(guess, Run):
        raise Stop("Not what `run` returns.", f"You gave something of type {type(guess).__name__}. What do you get from "
                   "`run(sgd, steep, ...)` itself, without `.loss`?")
    shape = guess.loss.shape[1:]
    if shape != LRS.shape:
        seen = f"There are {guess.loss[0].size} walks" if guess.loss.ndim > 1 else "There is one walk"
        raise Stop("Not one walk for each step size.", f"{seen}, and `lrs` holds {len(LRS)} step sizes. What does `grid` need to be given?")
    if len(guess.loss) == 1:
        raise Stop("Only the last loss is there.", "To see whether a loss fell, the first one is needed too. Which `record` keeps all?")
    if len(guess.loss) != 501:
        raise Stop("Another number of steps.", f"Each walk has {len(guess.loss) - 1} steps. How many should it have?")
    if not np.allclose(guess.loss[:5], run(sgd, ravine(50), steps=4, record="loss", lr=LRS[:, None]).loss, rtol=1e-9):
        raise _other_walks(guess)
    lower = int((guess.loss[-1] < guess.loss[0]).sum())
    more = f" It also keeps {guess.theta.size:,} numbers of the paths, which `record=\"loss\"` leaves out." * (len(guess.theta) > 1)
    return Verdict(True, f"Correct.\nOf {len(LRS)} walks at once, {lower} end lower than they began.{more}")


def _other_walks(guess: Run) -> Stop:
    """What to say of walks that are not those of the exercise: the first loss tells the valley, the losses in reverse the order."""
    wanted = run(sgd, ravine(50), steps=4, record="loss", lr=LRS[:, None]).loss
    if not isclose(guess.loss[0, 0], wanted[0, 0]):
        return Stop("Another valley.", f"Your walks start at a loss of {guess.loss[0, 0]:.4g}, and in `steep` it is {wanted[0, 0]:.4g}. "
                    "Which valley did you give to `run`?")
    if np.allclose(guess.loss[:5, ::-1], wanted, rtol=1e-9):
        return Stop("Another order.", "Your first walk has the largest step size. In which order does `lrs` hold them?")
    return Stop("Another rule or other step sizes.", f"After one step your first walk has a loss of {guess.loss[1, 0]:.4g}, and gradient "
                f"descent with the first of `lrs` has {wanted[1, 0]:.4g}. Does your rule pass the check of Exercise 1, and which "
                "step sizes did you give to `run`?")


@judge
def judge_border(guess: Any) -> Verdict:
    """Return a Verdict on the largest stable step of a valley: 500 steps from (1, 1) with 0.5 % less fall, with 0.5 % more they grow."""
    if guess is None or guess is ...:
        raise Stop("Not answered yet.", "Put your border in place of None, run that cell, then this one again. Along which axis does "
                   "the loss grow first?")
    border, law = number(guess, "a step size", above=0), 2 / CURVATURES.max()
    valley = Problem("valley", lambda theta: (CURVATURES * theta**2).sum(-1) / 2, lambda theta, rng: CURVATURES * theta, np.ones(2))
    tried = [run(sgd, valley, steps=500, lr=share * border, record="loss").loss for share in (0.995, 1.005)]
    falls = [bool(loss[-1] < loss[0]) for loss in tried]
    low, high = f"{0.995 * border:.4g}", f"{1.005 * border:.4g}"
    words = ["falls" if f else "grows" for f in falls]
    seen = f"With a step size of {low} the loss {words[0]}, with {high} it {words[1]}."
    if falls[0] == falls[1]:
        seen = f"At both {low} and {high} the loss {words[0]}."
    if falls == [True, False]:
        side = "above" if border > law else "below"
        near = "" if isclose(border, law, rel_tol=1e-9) else f"Yours is {abs(border / law - 1):.1%} {side} it. "
        return Verdict(True, f"Correct.\n{seen} The law says 2 / {CURVATURES.max():g} = {law:g}. {near}The curvature along the valley "
                       "does not enter.")
    if isclose(border, law / 2, rel_tol=0.02):
        return Verdict(False, f"There one step across arrives.\n{seen} With a step that is a little longer you land on the other side. "
                       "How far out may you land there and still be closer than before?")
    if any(isclose(border, 2 / both, rel_tol=0.02) for both in (CURVATURES.sum(), CURVATURES.mean())):
        return Verdict(False, f"That mixes both curvatures.\n{seen} A step across the valley meets one of them only. Which?")
    if falls == [True, True]:
        return Verdict(False, f"Too low.\n{seen} How much larger may the step size be before a step across the valley "
                       "lands higher than it began?")
    if isclose(border, 2 / CURVATURES[0], rel_tol=0.02):
        return Verdict(False, f"That is the border along the valley.\n{seen} In which of the two directions does the loss grow first?")
    if isclose(border, CURVATURES.max(), rel_tol=0.02):
        return Verdict(False, f"That is the curvature across.\n{seen} Which step size makes the factor of a step across -1?")
    if isclose(border, CURVATURES.max() / 2, rel_tol=0.02):
        return Verdict(False, f"It is upside down.\n{seen} In a steeper valley, is the border larger or smaller?")
    if isclose(border, 2 * CURVATURES.max(), rel_tol=0.02):
        return Verdict(False, f"Twice the curvature.\n{seen} Which step size makes the factor of a step across -1?")
    return Verdict(False, f"Too high.\n{seen} Start at a distance of 1 across the valley. At which distance does one step of {low} end?")


@judge
def judge_step_size(guess: Any) -> Verdict:
    """Return a Verdict on a step size for the network that reads digits: from three starts last_losses must be below LOW_ENOUGH."""
    lr = number(guess, "a step size", above=0)
    ends = [last_losses(lr, seed) for seed in range(3)]
    twice, third = (float(np.mean([last_losses(share * lr, seed) for seed in range(3)])) for share in (2, 1 / 3))
    ended = float(np.mean(ends))
    seen = f"The average of the last 50 losses is {ended:.2f}, the mean of three starts."
    if ended < LOW_ENOUGH:
        near = " A blind guess has 2.30. How far from that would you stay in a long training?" if not twice < 1 else ""
        return Verdict(True, f"Correct.\n{seen} With twice your step size it is {twice:.2f}.{near}")
    if min(ends) < LOW_ENOUGH and third < ended:
        return Verdict(False, f"Too large.\n{seen} From one start it is {min(ends):.2f}, from another {max(ends):.2f}. "
                       "How far should you stay from a border that some starts cross?")
    if third < ended or not np.isfinite(ended):
        return Verdict(False, f"Too large.\n{seen} A blind guess has 2.30. What becomes of it at a third of your step size?")
    return Verdict(False, f"Too small.\n{seen} With twice your step size it is {twice:.2f}. Which item of the recipe would have told you?")


def last_losses(lr: float, seed: int) -> float:
    """Return the average of the last 50 of 200 losses, in nats, of gradient descent on digits_net; infinite where it overflows."""
    with np.errstate(over="ignore", invalid="ignore"):
        found = run(sgd, digits_net(seed=seed), steps=200, record="loss", seed=seed, lr=lr).loss[-50:].mean()
    return float(found) if np.isfinite(found) else float("inf")
