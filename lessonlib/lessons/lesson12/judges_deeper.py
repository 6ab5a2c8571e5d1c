"""The judges of lesson 12's deeper notebook: a batch, a power, a late fall, a step of Schedule-Free, step sizes by width, a memory."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import unwrap
from math import isclose
from numbers import Real
from typing import Any

import numpy as np

from lessonlib.attempts import Stop, answers
from lessonlib.checks import Verdict, judge
from lessonlib.lessons.answers import number
from lessonlib.lessons.lesson12.judges import judge_tokens
from lessonlib.lessons.lesson12.shampoo import root

__all__ = ["KINDS", "free_step", "judge_batch", "judge_late", "judge_memory", "judge_power", "judge_step", "judge_widths"]

Array = np.ndarray[Any, Any]
BLOCK = 7 / 9  # Muon's share for the four matrices of a transformer's block, over that for square ones: costs.block_share
KINDS = ("first", "inside", "last")  # the matrices of a network


@judge
def judge_batch(guess: Any, width: int, share: float) -> Verdict:
    """Return a Verdict as `judges.judge_tokens` does, for square matrices; what would be right for a transformer's block is named."""
    found: Verdict = unwrap(judge_tokens)(guess, width=width, share=share)
    if not found and isinstance(guess, Real) and isclose(guess, 5 * width * share, rel_tol=0.03):
        return Verdict(False, f"The share on the wrong side.\nWith {guess:,.0f} tokens Muon's multiplications are {1 / share:,.0f} times "
                              "the others. Is the share to be multiplied with, or to be divided by?")
    if not found and isinstance(guess, Real) and isclose(guess, BLOCK * 5 * width / share, rel_tol=0.01):
        return Verdict(False, f"That is for a transformer.\nWith {guess:,.0f} tokens the four matrices of a block come to {share:.0%}. To "
                              "what do square ones come?")
    if not found and isinstance(guess, Real) and isclose(guess, 5 * width / share / 3, rel_tol=0.02):
        return Verdict(False, f"One of three products.\nWith {guess:,.0f} tokens Muon's multiplications are {5 * width / guess:.1%} of the "
                              "others. How many products has each of its five steps?")
    return found


@judge
def judge_power(guess: Any) -> Verdict:
    """Return a Verdict on the power of Shampoo's two factors that makes its step the same for a gradient times a thousand."""
    power = number(guess, "a power", -10, 10)
    g = np.random.default_rng(0).standard_normal((4, 3))
    steps = [root(x @ x.T, power) @ x @ root(x.T @ x, power) for x in (g, 1000 * g)]
    grown = np.linalg.norm(steps[1]) / np.linalg.norm(steps[0])
    seen = f"With {power:g} a gradient that is 1000 times larger makes a step that is {grown:.3g} times as long."
    if isclose(grown, 1, rel_tol=1e-3):
        return Verdict(True, f"Correct.\nWith {power:g} a gradient that is 1000 times larger makes a step that is just as long. So it is "
                             "Shampoo's power. Which singular values has its step where L and R hold one gradient alone?")
    if isclose(power, -0.5):
        return Verdict(False, f"Right for one factor.\n{seen} Two factors stand beside the gradient. How much may each of them take?")
    if power > 0:
        return Verdict(False, f"The wrong sign.\n{seen} Should the factors make the step longer, or shorter?")
    word = "Too weak a power" if grown > 1 else "Too strong a power"
    return Verdict(False, f"{word}.\n{seen} A thousandfold gradient makes each of L and R a millionfold. What have their two "
                          "powers to take back?")


LATE_SLIPS: tuple[tuple[str, str, Callable[[int, int], float]], ...] = (  # headline, question, what was written
    ("It falls from the start.", "Over how many of the steps is the step size to stay whole?", lambda t, steps: 1 - t / steps),
    ("It never falls.", "What is to happen in the last fifth?", lambda t, steps: 1.0),
    ("It falls for most of the training.", "That begins to fall after the first fifth. Which fifth was meant?",
     lambda t, steps: min(1.0, (steps - t) / (0.8 * steps))),
    ("It falls over a tenth.", "Over which share of the steps is it to fall?", lambda t, steps: min(1.0, (steps - t + 1) / (0.1 * steps))),
    ("It falls at once.", "From one step to the next it is 0. Which line leads from 1 to 0 over the last fifth?",
     lambda t, steps: float(t <= 0.8 * steps)),
    ("It jumps.", "In the last fifth it goes on as if it had fallen from the start. What is it right after four fifths?",
     lambda t, steps: 1.0 if t <= 0.8 * steps else 1 - t / steps),
    ("It falls along a cosine.", "It is 1 and 0 where it should be. What does a line look like between them?",
     lambda t, steps: 1.0 if t <= 0.8 * steps else float(np.cos(np.pi * (t / steps - 0.8) / 0.2) + 1) / 2),
    ("It falls along a root.", "It is 1 and 0 where it should be. What does a line look like between them?",
     lambda t, steps: 1.0 if t <= 0.8 * steps else 1 - ((t / steps - 0.8) / 0.2) ** 0.5),
    ("It rises.", "Which end of the line is 1, and which is 0?", lambda t, steps: 1.0 if t <= 0.8 * steps else 5 * t / steps - 4),
)


@judge
def judge_late(function: Any) -> Verdict:
    """Return a Verdict on function(t, steps) -> the share of the step size: 1 for four fifths of the steps, then `_late`."""
    calls = [(t, steps) for steps in (100, 250) for t in range(1, steps + 1)]
    given = answers(function, calls, optional=True)
    if None in given and any(share is not None for share in given):
        missed, length = calls[given.index(None)]
        raise Stop("A branch returns nothing.", f"At step {missed} of {length} it returns nothing, and at others a number. What is it to "
                   "return there?")
    found = np.array([number(share, "a share") for share in answers(function, calls)])

    def off_by(other: Callable[[int, int], float]) -> Array:  # in steps of the line
        return np.array([abs(share - other(*call)) * call[1] / 5 for share, call in zip(found, calls, strict=True)])

    t, steps = np.array(calls).T
    near = off_by(_late) <= 1.5  # a line that is a step early or late is one
    if near[steps == 100].all() and not near.all():
        off = int(near.argmin())
        return Verdict(False, f"Right for 100 steps only.\nAt step {t[off]} of {steps[off]} yours is {found[off]:.3g}. How many of "
                              f"{steps[off]} steps are a fifth, and where does your line end?")
    if (below := found < -1e-9).any():
        off = int(below.argmax())
        return Verdict(False, f"It falls below zero.\nAt step {t[off]} of {steps[off]} yours is {found[off]:.2g}. Which way does a step "
                              "go whose size is negative?")
    if near.all():
        whole = int((found[steps == 250] > 1 - 1e-9).sum())
        seen = (f"Over 250 steps your line starts from 1 at t = {whole}. At t = 249 a share of {abs(found[-2]):.2g} is left, and at "
                f"t = 250 {abs(found[-1]):.2g}.")
        if found[-1] < 1e-9:
            return Verdict(True, f"Near enough.\n{seen} A step of size 0 moves nothing. At which t is the line to be 0, so that none is "
                                 "lost?")
        if found[-1] < 0.021:
            return Verdict(True, f"Correct.\n{seen}")
        return Verdict(True, f"Near enough.\n{seen} A step early or late is no harm. How many steps are left at t = 250?")
    for headline, question, slip in LATE_SLIPS:
        if (off_by(slip) <= 0.5).mean() > 0.985:  # but for a step at each bend
            return Verdict(False, f"{headline}\n{question}")
    if (above := found > 1 + 1e-9).any():
        off = int(above.argmax())
        return Verdict(False, f"It is above 1.\nAt step {t[off]} of {steps[off]} yours is {found[off]:.3g}. What keeps it at 1 for four "
                              "fifths of the steps?")
    meant = np.array([_late(*call) for call in calls])
    off = int(abs(found - meant).argmax())
    return Verdict(False, f"Not yet.\nAt step {t[off]} of {steps[off]} yours is {found[off]:.3g}, and {meant[off]:.3g} was meant. How many "
                          "steps has it from 1 down to 0?")


def _late(t: int, steps: int) -> float:
    """What was meant: 0 would be reached one step after the last."""
    return min(1.0, (steps - t + 1) / (0.2 * steps))


def free_step(x: float, z: float, t: int, grad: Any, lr: float, beta: float) -> tuple[float, float]:
    """Return (x, z) after a step of Schedule-Free gradient descent on a number; grad: a point -> the gradient there."""
    z = z - lr * grad((1 - beta) * z + beta * x)
    return x + (z - x) / t, z


STEP_SLIPS: tuple[tuple[str, str, Callable[..., tuple[float, float]]], ...] = (
    ("The gradient is taken at z.", "Between which two points does y lie?",
     lambda x, z, t, grad, lr, beta: (lambda n: (x + (n - x) / t, n))(z - lr * grad(z))),
    ("The gradient is taken at x.", "Between which two points does y lie?",
     lambda x, z, t, grad, lr, beta: (lambda n: (x + (n - x) / t, n))(z - lr * grad(x))),
    ("z and x are swapped in y.", "With beta near 1, which of the two is y near?",
     lambda x, z, t, grad, lr, beta: (lambda n: (x + (n - x) / t, n))(z - lr * grad(beta * z + (1 - beta) * x))),
    ("It steps from y.", "From where does the step go, and where is only its gradient taken?",
     lambda x, z, t, grad, lr, beta: (lambda y: (lambda n: (x + (n - x) / t, n))(y - lr * grad(y)))((1 - beta) * z + beta * x)),
    ("The mean takes the old z.", "Which z belongs into the mean, the one before the step or the one after?",
     lambda x, z, t, grad, lr, beta: (x + (z - x) / t, free_step(x, z, t, grad, lr, beta)[1])),
    ("The mean forgets.", "Here each z has the weight 1 - beta. Which weight has the newest of t points in their mean?",
     lambda x, z, t, grad, lr, beta: (lambda n: (beta * x + (1 - beta) * n, n))(free_step(x, z, t, grad, lr, beta)[1])),
    ("The weights of the mean are swapped.", "After many steps, should x take nearly all of the newest z, or little of it?",
     lambda x, z, t, grad, lr, beta: (lambda n: (n + (x - n) / t, n))(free_step(x, z, t, grad, lr, beta)[1])),
    ("The mean counts one too many.", "At t = 1 the mean of one point is that point. Which share takes x all the way to the first z?",
     lambda x, z, t, grad, lr, beta: (lambda n: (x + (n - x) / (t + 1), n))(free_step(x, z, t, grad, lr, beta)[1])),
    ("There is no mean.", "What is x made of, besides the newest z?",
     lambda x, z, t, grad, lr, beta: (lambda n: (n, n))(free_step(x, z, t, grad, lr, beta)[1])),
    ("It goes uphill.", "Which sign has the step?",
     lambda x, z, t, grad, lr, beta: (lambda n: (x + (n - x) / t, n))(z + lr * grad((1 - beta) * z + beta * x))),
    ("beta is written as a number.", "With a beta of 0.9 it is right. What makes y at a beta of 0.6?",
     lambda x, z, t, grad, lr, beta: free_step(x, z, t, grad, lr, 0.9)),
    ("x and z come back in the other order.", "Which of the two is the first to be returned?",
     lambda x, z, t, grad, lr, beta: free_step(x, z, t, grad, lr, beta)[::-1]),
)


@judge
def judge_step(function: Any) -> Verdict:
    """Return a Verdict on function(x, z, t, grad, lr, beta) -> (x, z): a step of Schedule-Free gradient descent on one number."""
    calls = [(1.0, 1.0, 1, np.sin, 0.5, 0.9), (0.7, -0.4, 3, np.sin, 0.2, 0.9), (2.0, 0.5, 8, np.exp, 0.1, 0.6)]
    given = answers(function, calls, optional=True)
    if None in given:
        x, z, t, grad, lr, beta = calls[given.index(None)]
        raise Stop("Not written yet.", f"Called with x = {x:g}, z = {z:g}, t = {t}, grad = {grad.__name__}, lr = {lr:g} and beta = "
                   f"{beta:g}, it returns nothing. Your turn: write it, run its cell, then this one again. Does it end with a return?")
    pairs = [_pair(answer) for answer in given]
    if np.allclose(pairs, [free_step(*call) for call in calls]):
        return Verdict(True, "Correct.\nz takes the step, y says where the gradient is taken, and x is the mean of all z.")
    for headline, question, slip in STEP_SLIPS:
        if np.allclose(pairs, [slip(*call) for call in calls]):
            return Verdict(False, f"{headline}\n{question}")
    off = next(k for k, call in enumerate(calls) if not np.allclose(pairs[k], free_step(*call)))
    (x, z, t, grad, lr, beta), found, right = calls[off], pairs[off], free_step(*calls[off])
    wrong = "x" if isclose(found[1], right[1], rel_tol=1e-5) else "z"
    return Verdict(False, f"Not yet.\nFrom x = {x:g} and z = {z:g}, with t = {t}, lr = {lr:g} and beta = {beta:g}, and {grad.__name__} for "
                          f"the gradient, yours come to x = {found[0]:.4g} and z = {found[1]:.4g}, and {wrong} is not right. What do you "
                          f"get by hand for {wrong}?")


def _pair(answer: Any) -> tuple[float, float]:
    """An answer as two numbers; Stop says what else it is."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        raise Stop("Not two numbers.", f"It returned a {type(answer).__name__}. Does it end with `return x, z`?")
    return number(answer[0], "a number for x"), number(answer[1], "a number for z")


@judge
def judge_widths(guess: Any, lr: float, narrow: int, wide: int) -> Verdict:
    """Return a Verdict on {"first", "inside", "last": step size} of a wide network in muP, where lr was best for a narrow one."""
    if not isinstance(guess, Mapping) or set(guess) != set(KINDS):
        raise Stop("Not a step size for each.", f"You gave a {type(guess).__name__}. What belongs to {', to '.join(KINDS)}?")
    if all(value is None or value is ... for value in guess.values()):
        raise Stop("Not answered yet.", "Put a number in place of each None, run that cell, then this one again. Which matrices have "
                   "an input that grows with the width?")
    share = narrow / wide
    for kind in KINDS:
        found = number(guess[kind], f"a step size for {kind}", above=0)
        right = lr * (1.0 if kind == "first" else share)
        if isclose(found, right, rel_tol=0.02):
            continue
        seen = f"For {kind} you have {found:g}. "
        if kind == "first":
            return Verdict(False, f"Look at first.\n{seen}Its inputs are the 64 pixels. Do they grow with the width?")
        if isclose(found, lr, rel_tol=0.02):
            return Verdict(False, f"Look at {kind}.\n{seen}That is the step size of the narrow network. Over how many times more "
                                  "inputs does it sum now?")
        if isclose(found, right, rel_tol=0.05):
            return Verdict(False, f"Look at {kind}.\n{seen}The idea is right, and the number is rounded too far. What is the quotient "
                                  "to three digits?")
        if isclose(found, lr * 32 / wide, rel_tol=0.02):
            return Verdict(False, f"Look at {kind}.\n{seen}That counts from a width of 32, as in the table. How wide is the narrow network "
                                  "here?")
        if isclose(found, lr * share**0.5, rel_tol=0.02):
            return Verdict(False, f"Look at {kind}.\n{seen}That has a root. Do the changes of a sum's weights cancel, or add up?")
        if isclose(found, lr / share, rel_tol=0.02):
            return Verdict(False, f"Look at {kind}.\n{seen}That grew. Does a wider network need a longer step, or a shorter one?")
        return Verdict(False, f"Look at {kind}.\n{seen}How many times wider is the network, and what does that do to a sum?")
    times = wide / narrow
    return Verdict(True, f"Correct.\nTwo of the three have {times:g} times as many inputs, so their step is {times:g} times smaller.")


@judge
def judge_memory(guess: Any, beta2: float, batch: int, smaller: int) -> Verdict:
    """Return a Verdict on the beta2 that keeps the half-life in tokens, where a batch becomes smaller."""
    found = number(guess, "a number between 0 and 1", 0, 1)
    right, times = beta2 ** (smaller / batch), batch / smaller
    if found == 1:
        return Verdict(False, "It never forgets.\nWith 1 a squared gradient keeps its whole weight for ever. How many steps should half "
                              "of it last?")
    if isclose(1 - found, 1 - right, rel_tol=0.03) or isclose(found, round(right, 3)):
        lasts = np.log(beta2) / np.log(found)
        seen = f"A step has {times:g} times fewer tokens, and the memory lasts {lasts:.3g} times as many steps."
        if not isclose(lasts, times, rel_tol=0.01):
            if isclose(found, 1 - (1 - beta2) / times):
                seen = f"You divided 1 - beta2 by {times:g}, and the memory lasts {lasts:.3g} times as many steps."
            return Verdict(True, f"Near enough.\n{seen} It should last {times:g} times as many, and {right:.5f} is exact, a root.")
        return Verdict(True, f"Correct.\n{seen}")
    if isclose(1 - found, 1 - right, rel_tol=0.08):
        return Verdict(False, f"The idea may be right.\n{found:g} lasts {np.log(beta2) / np.log(found):.3g} times as many steps as before, "
                              f"and {times:g} times are asked for. What is it to four digits?")
    if isclose(found, beta2, rel_tol=1e-6):
        return Verdict(False, f"The same number of steps.\nWith {found:g} the memory lasts as many steps as before, and a step has "
                              f"{times:g} times fewer tokens. How many steps should it last?")
    if isclose(found, 1 - right, rel_tol=0.05):
        return Verdict(False, f"One minus it.\n{found:.3g} is the weight of the newest gradient. What is left for the memory?")
    if found < beta2:
        return Verdict(False, f"The other way.\nWith {found:.3g} the memory is shorter than before. Does a small batch need fewer steps of "
                              "memory, or more?")
    if isclose(1 - found, (1 - beta2) / times**0.5, rel_tol=0.03):
        return Verdict(False, f"That has a root.\nWith {found:.4g} the memory lasts {times**0.5:.3g} times as many steps. How many times "
                              "fewer tokens has a step?")
    yours, theirs = (np.log(0.5) / np.log(b) for b in (found, beta2))
    return Verdict(False, f"Not yet.\nWith {found:.4g} half of the weight is left after {yours:.3g} of your steps, and in the recipe after "
                          f"{theirs:.3g}. How many of your steps read as much as one of theirs?")
