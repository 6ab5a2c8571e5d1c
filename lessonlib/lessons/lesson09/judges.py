"""The judges of lesson 9: a step by hand, a training loop, broken Adams, an epsilon."""
from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from lessonlib import rules
from lessonlib.attempts import Stop, patiently
from lessonlib.checks import Verdict, judge
from lessonlib.lessons.answers import judge_slips, number, power_of_ten
from lessonlib.lessons.lesson09 import practice
from lessonlib.lessons.lesson09.problems import wilson
from lessonlib.rules import State, adam
from lessonlib.runner import run

__all__ = ["GIVES_AWAY", "WOULD", "judge_bugs", "judge_eps", "judge_loop", "judge_second_step"]

DIGITS = {"m": 2, "v": 3, "m_hat": 2, "v_hat": 1, "theta": 4}  # after the point, from which on a slip can be told by its rounded number

GIVES_AWAY = {  # a slip -> how its path differs from the right one, as anybody can see
    "no root": "The steep direction falls slowly, because a step over the square of the gradient is short where the gradient is large. The "
               "flat one begins right, because its gradient is 1 there.",
    "no bias correction": "Its first step is about three times as long as the right one, in both directions.",
    "t never advances": "Its first step is right and the next ones are too long, as both averages are still divided by their first share.",
    "sign of the step": "It walks uphill.",
    "1 - beta2 is missing in v": "All its steps are too short, because v is a sum and a thousand times too large.",
    "betas swapped": "It overshoots far and turns late, because the direction has the long memory."}

WOULD = {  # a slip -> how its path would begin, for a learner who named it where it is not
    "no root": "This bug slows the steep direction alone, and the flat one begins right.",
    "no bias correction": "This bug makes the first step about three step sizes long, in both directions.",
    "t never advances": "This bug leaves the first step right, and makes only the next ones too long.",
    "sign of the step": "This bug makes it walk uphill.",
    "1 - beta2 is missing in v": "This bug makes all steps far too short, the first one too.",
    "betas swapped": "This bug makes it overshoot far and turn late."}


@judge
def judge_eps(guess: Any) -> Verdict:
    """Return a Verdict on the smallest power of ten for eps at which Adam (lr 0.1, 3000 steps) makes no test error on wilson()."""
    number(guess, "an epsilon", above=0)
    eps = power_of_ten(guess, "an epsilon")
    problem = wilson()
    runs = [run(adam, problem, steps=3000, lr=0.1, eps=e) for e in (eps, eps / 10)]
    began, ended = runs[0].loss[[0, -1]]
    if ended > 0.01 * began:
        return Verdict(False, f"Not trained.\nWith eps {eps:g} the training loss goes from {began:.2f} to {ended:.2f} in 3000 steps. What "
                       "does so large an eps do to their lengths?")
    paths = [found.theta[[1, 8, -1]] for found in runs]
    errors = [float(problem.metrics["test error"](path[-1])) for path in paths]
    first, later, w = paths[0]
    seen = f"With eps {eps:g} the test error is {errors[0]:.0%}; the first weights are {w[0]:.2f}, the label's, {w[1]:.2f} and {w[2]:.2f}."
    if errors[0]:
        return Verdict(False, f"Too small.\n{seen} Which of the three must be larger than the others together, and which way does "
                       "eps shift it?")
    if not errors[1]:
        return Verdict(False, f"It works, and a smaller one does too.\n{seen} With a tenth of it there is no error either. How far down "
                       "does that go?")
    return Verdict(True, f"Correct.\n{seen} After the first step they are {first[0]:.2f}, {first[1]:.2f} and {first[2]:.2f}, so the first "
                   f"step alone would not do. After the eighth they are {later[0]:.2f}, {later[1]:.2f} and {later[2]:.2f}. With a tenth of "
                   f"this eps the test error is {errors[1]:.0%}. Which samples push the label's weight on and the other two back?")


@judge
def judge_second_step(guess: Any) -> Verdict:
    """Return a Verdict on the five numbers of Adam's second step at gradients 3 and -3: the first that is off is named.

    guess: {"m": ..., "v": ..., "m_hat": ..., "v_hat": ..., "theta": ...}.
    """
    theta, s = rules.adam(2.0, 3.0, State())
    theta, s = rules.adam(theta, -3.0, s)
    wanted = {"m": s.m, "v": s.v, "m_hat": s.m / (1 - 0.9**2), "v_hat": s.v / (1 - 0.999**2), "theta": theta}
    slips = {"m": ((0.9 * 3 - 0.3, "an average that goes on from m_hat. Which m did the first step leave?"),
                   (0.27, "what stays of the old m. What does the new gradient add to it?"),
                   (-0.3, "what the new gradient adds. What stays of the old m?"),
                   (0.3, "the m of the first step. What does one more step of the average make of it?"),
                   (-3.0, "the gradient. How much of the old average stays, and how much of the gradient comes in?"),
                   (0.57, "the m of a second gradient of 3. Which sign has it here?"),
                   (0.03, "the right size with the other sign. Which is larger: what stays of the old average, or what comes in?")),
             "v": ((0.018, "0.009 and 0.009, or rounded. How much of the old v stays?"),
                   (0.999 * 0.009, "what stays of the old v. What does the new gradient add to it?"),
                   (0.009, "the v of the first step. What does one more step of the average make of it?"),
                   (0.999 * 0.009 - 0.001 * 9, "the average with a minus. What is the square of -3?"),
                   (0.999 * 0.018, "0.999 of both squares. Which of the two is multiplied by beta2?"),
                   (0.999 * 0.009 - 0.001 * 3, "the average with g instead of g squared. What is the square of -3?")),
             "m_hat": ((0.03 / 0.19, "m_hat with the other sign. Which sign has m, and can the division change it?"),
                       (-0.03 / (1 - 0.9), "m divided by 1 - beta1. Which power of beta1 belongs to the second step?"),
                       (-0.03 / (1 - 0.9 * 2), "m divided by 1 - beta1 * 2. Is it a product there, or a power?"),
                       (3.0, "the m_hat of the example, whose gradients are both 3. Which m have you now?"),
                       (-0.03, "m itself. By what is it divided?")),
             "v_hat": ((0.017991 / (1 - 0.999), "v divided by 1 - beta2. Which power of beta2 belongs to the second step?"),
                       (0.008991 / (1 - 0.999), "the old v without the new square, over 1 - beta2. Which v, and which power of beta2?"),
                       (0.017991 / 0.002, "v divided by 0.002. What is 1 - beta2 ** 2, with all its digits?"),
                       (0.017991, "v itself. By what is it divided?"),
                       (0.017991 / (1 - 0.999 * 2), "v divided by 1 - beta2 * 2. Is it a product there, or a power?"),
                       (-9.0, "less than zero. Can an average of squares be negative?")),
             "theta": ((1.999, "where theta was after the first step. How far does the second one move it?"),
                       (1.998, "where a second gradient of 3 would lead. Which sign has m_hat here?"),
                       (2.0, "where theta was at the start. How far do two steps move it?"),
                       (2.0 + 0.03 / 570, "a step from 2. Where was theta after the first step?"),
                       (1.999 - 0.03 / 570, "a step down. One minus stands before the step and one in m_hat. What do two of them make?"),
                       (1.999 + 0.03 / 190, "a step of lr times m_hat. By what is m_hat divided?"),
                       (1.999 + 0.03 / 1710, "a step divided by v_hat. What of v_hat stands below m_hat?"),
                       (1.999 - 0.03 / 190, "a step down, and a long one. Which way leads a negative m_hat, and by what is it divided?"))}
    if not isinstance(guess, Mapping) or set(guess) != set(wanted):
        raise Stop("Not a number for each.", f"You gave a {type(guess).__name__}. Where are the numbers for {', '.join(wanted)}?")
    if all(guess[name] is None for name in wanted):
        raise Stop("Not answered yet.", "Put a number in place of each None, run that cell, then this one again. What is the new m?")
    for name, right in wanted.items():
        value = number(guess[name], f"a number for {name}")
        near = {"theta": 5e-6, "v": 4e-4 * abs(right), "v_hat": 4e-4 * abs(right)}.get(name, 1e-3 * abs(right))
        if abs(value - right) > near:
            exact = [text for slip, text in slips[name] if abs(value - slip) <= near]
            short = _rounds(value, right, DIGITS[name] - 1) or (abs(value - right) < 10 * near and name not in ("v_hat", "theta"))
            rough = [text for slip, text in slips[name] if _rounds(value, slip, DIGITS[name])]
            seen = [*exact, *["close. Can you give more digits?"] * short, *rough, "not it. What goes in?"]
            return Verdict(False, f"Look at {name}.\nYou have {value:.7g}, which is {seen[0]}")
    back = abs(1.999 - theta) / 0.001
    return Verdict(True, f"Correct.\nThe second step goes back by {back:.3f} of the step size: in m the two gradients nearly cancel.")


def _rounds(value: float, exact: float, digits: int) -> bool:
    """Whether a value is an exact one, rounded to so many digits after the point or to more."""
    return any(value == round(exact, k) for k in range(digits, 9) if round(exact, k))


@judge
def judge_loop(loop: Any) -> Verdict:
    """Return a Verdict on a training loop, loop(model, optimizer, dataloader, epochs): what it leaves out, seen on a tiny network."""
    from lessonlib.lessons.lesson09.training import train, what_a_loop_does  # torch, where it is the subject

    if not callable(loop) or isinstance(loop, type):
        raise Stop("Not a function.", f"This is a {type(loop).__name__}. Pass the function `train` itself, without calling it.")
    what_a_loop_does(train)  # what torch loads at its first step is not the learner's time
    seen = patiently(partial(what_a_loop_does, loop))
    question = {
        "nothing": "Not written yet.\nThe network is as it was before. Your turn: write the four lines, run their cell, then this one.",
        "no backward": "No gradients.\nAfter training no parameter has a gradient. Which line computes them from the loss, and is it "
                       "called, with ()?",
        "no step": "Nothing moves.\nThe gradients are there, and the network is as it was before. Which line uses them, and is it "
                   "called, with ()?",
        "no zero_grad": "Gradients pile up.\nAt the second batch each gradient is the sum of both. Which line clears the first, and is it "
                       "called, with ()?",
        "cleared early": "The gradients are gone.\nThey are computed, and cleared before the optimizer steps. Which order do they need?",
        "as found": "Not mended yet.\nIt does what your colleague's loop does. What must happen between two batches?",
        "step first": "The step comes too early.\nThe optimizer steps before its batch has gradients. Which order do they need?",
        "other count": "Another number of steps.\nIt took {steps} steps where two passes over three batches make {wanted}. What belongs to "
                       "every batch of every pass?",
        "twice": "Two steps for each batch.\nIt took {steps} steps where two passes over three batches make {wanted}. How often may the "
                 "gradients of one batch be used?",
        "swapped": "It raised an error.\nThe criterion was given the labels where it takes the network's outputs. Which of its two "
                   "arguments comes first?",
        "other sign": "It goes uphill.\nAt the first batch each gradient has the other sign. The optimizer makes the loss smaller. Which "
                      "sign has your loss where it goes backward?",
        "other loss": "Not yet.\nThe first batch has other gradients than in the right loop. Which line makes the loss, and what goes into "
                      "your criterion?",
        "raises": "It raised an error.\nPython says: {error}. Which of its lines does not fit?",
        "other": "Not yet.\nIt trains, and ends elsewhere than the right loop. Which of its lines differs?"}
    if seen["found"] == "right":
        return Verdict(True, f"Correct.\nThe same network, to the last bit, as the right loop makes: {seen['steps']} steps.")
    return Verdict(False, question[seen["found"]].format(**seen))


@judge
def judge_bugs(guess: Any, bugs: Mapping[str, str] = practice.TWO_BUGS) -> Verdict:
    """Return a Verdict on which broken Adam made which path, with what gives each away that was found; guess: {letter: name}."""
    return judge_slips(guess, bugs, practice.CANDIDATES, lambda name: practice.bug_path(name).theta, GIVES_AWAY, WOULD)
