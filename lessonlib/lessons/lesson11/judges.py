"""The judges of lesson 11: a step size, the bytes of a step, a batch that fits, a loop for float16, a schedule, the cards of a training."""
from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

from lessonlib.attempts import Stop, answers, patiently
from lessonlib.checks import Verdict, judge
from lessonlib.data import recorded
from lessonlib.lessons.answers import number
from lessonlib.lessons.lesson11 import play

__all__ = ["NEAR", "ROOM_MB", "judge_batch", "judge_cards", "judge_floor", "judge_loop", "judge_shape", "judge_step_size"]

NEAR = 0.03  # nats a character: how close to the recorded best a tuned step size must come, the goal rounded to hundredths
ROOM_MB = 180.0  # a guess in proportion to a small batch finds half of what fits, and a GPU's figures are not near it
MODEL, ROOM_GB = 13e9, 40.0
SLIPS = {  # bytes for each parameter -> what they are; the first that fits is told
    "sgd": ((0, "That counts what is kept from step to step. Which arrays does a step read, and which does it write?"),
            (8, "That leaves one of three arrays out. Which arrays does the step read, and which does it write?"),
            (4, "That is one array. Which ones are read, and which one is written?"),
            (16, "That writes g as well. Does a step change the gradient?"),
            (20, "That is momentum's. Which average does plain gradient descent keep?"),
            (28, "That is AdamW's. Which averages does plain gradient descent keep?")),
    "momentum": ((28, "That is AdamW's. How many averages does momentum keep?"),
                 (8, "That is m alone, read and written. What has to be read besides, and what written?"),
                 (4, "That is what is kept from step to step, m alone. Which arrays does a step read, and which does it write?"),
                 (12, "That is gradient descent's. Momentum has to read m and to write it. How many arrays is that?"),
                 (16, "That leaves one array out. Is m read and written?"),
                 (24, "That writes g as well. Does a step change the gradient?")),
    "adamw": ((8, "That is what is kept from step to step, m and v. Which arrays does a step read, and which does it write?"),
              (16, "That is what stays in memory, theta, g, m and v. A step reads and writes. Which arrays does it write?"),
              (32, "That writes g as well. Does a step change the gradient?"),
              (36, "That counts nine arrays. Which four are read, and which three are written?"),
              (24, "That leaves one of seven arrays out. Which four are read, and which three are written?"),
              (20, "That is momentum's. Which second average does AdamW read and write?"),
              (12, "That is gradient descent's. Which averages does AdamW read and write?")),
}


@judge
def judge_step_size(guess: Any, rule: str = "momentum") -> Verdict:
    """Return a Verdict on a step size for a rule of the lab's sweep: one training of the small size, beside the recorded best."""
    lr = number(guess, "a step size")
    if lr <= 0:
        raise Stop("Not a step size.", f"A step size is above 0, and yours is {lr:g}. Which way would its steps go?")
    import torch

    from lessonlib.lessons.lesson11.sweep import best_of
    from lessonlib.lessons.lesson11.trainings import SIZES, optimizer
    from lessonlib.pytorch.transformer import fit

    record = recorded("lab_cpu.json")
    assert record is not None
    goal = round(best_of(record, rule).median + NEAR, 2)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a model this small is slower on two
    try:
        ended, longer = (round(fit(optimizer(rule, each), _corpus(), SIZES["cpu"]).test, 3) for each in (lr, 3 * lr))
    finally:
        torch.set_num_threads(threads)
    seen = f"With lr={lr:g} {rule} ends at a test loss of {ended:.3f}, and the goal is {goal:.3f}."
    if goal < ended and longer < ended:  # what it ends at would be the answer
        return Verdict(False, f"Too small a step size.\n{seen} With three times as much it ends lower. How much larger do you dare?")
    seen += f" With three times as much it ends at {longer:.3f}."
    if ended <= goal:
        return Verdict(True, f"Correct.\n{seen}{' That would be better still.' * (longer < ended)}")
    part = "a hundredth" if ended > 2 * goal else "a third"
    return Verdict(False, f"Too large a step size.\n{seen} What does {part} of your lr do?")


def _corpus() -> Any:
    from lessonlib.lessons.lesson11.half import corpus

    return corpus()


@judge
def judge_floor(function: Any) -> Verdict:
    """Return a Verdict on function(rule, parameters, bandwidth) -> seconds: the least time of a step, for sgd, momentum and adamw."""
    calls = [(rule, 1000, 3000.0) for rule in play.STEP_BYTES] + [("adamw", 1000, 6000.0), ("adamw", 3000, 3000.0)]
    told = answers(function, calls)
    for (rule, parameters, bandwidth), answer in zip(calls, told, strict=True):
        seconds, right = number(answer, "a time in seconds"), play.STEP_BYTES[rule] * parameters / bandwidth
        if not math.isclose(seconds, right, rel_tol=1e-9):
            return Verdict(False, f"Not the floor of {rule}.\n{parameters} parameters at {bandwidth:g} bytes a second take {seconds:g} s "
                           f"in yours. {_slip(rule, seconds, parameters, bandwidth)}")
    each = ", ".join(f"{rule} {count}" for rule, count in play.STEP_BYTES.items())
    return Verdict(True, f"Correct.\nBytes for each parameter: {each}.")


def _slip(rule: str, seconds: float, parameters: float, bandwidth: float) -> str:
    """What a wrong time looks like, and a question."""
    if parameters != 1000:
        return "It was right for a thousand parameters. What should three times the parameters do to the time?"
    if bandwidth != 3000.0:
        return "It was right for three thousand bytes a second. What should twice the bandwidth do to the time?"
    if math.isclose(seconds, parameters * play.STEP_BYTES[rule]):
        return "Those are the bytes of the step. How long does memory take to move them?"
    if math.isclose(seconds, parameters * play.STEP_BYTES[rule] * bandwidth):
        return "That multiplies by the bandwidth. What should twice the bandwidth do to the time?"
    if math.isclose(seconds, play.STEP_BYTES[rule]):
        return "Those are the bytes for one parameter. How many parameters are there, and how fast is the memory?"
    if math.isclose(seconds, play.STEP_BYTES[rule] / bandwidth):
        return "Those are the seconds for one parameter. How many are there?"
    if math.isclose(seconds, bandwidth / (parameters * play.STEP_BYTES[rule])):
        return "That is upside down. What should twice the bandwidth do to the time?"
    each = seconds * bandwidth / parameters
    if math.isclose(each, 1000 * play.STEP_BYTES[rule]):
        return "That is a thousand times too long, so it is milliseconds. How many seconds is that?"
    if any(math.isclose(each, factor * play.STEP_BYTES[rule]) for factor in (1e9, 1e-9)):
        much = "many" if each > 1 else "few"
        return f"That is a billion times too {much}, as if the bandwidth were in GB a second. In which unit is it?"
    if math.isclose(each, play.STEP_BYTES[rule] / 4):
        return "That counts numbers. How many bytes does a float32 have?"
    if math.isclose(each, 2 * play.STEP_BYTES[rule]):
        return "That is twice as long, as for float64. How many bytes does a float32 have?"
    if each != play.STEP_BYTES[rule] and seconds == play.STEP_BYTES[rule] * parameters // bandwidth:
        return "That is the floor without what stands behind its point. Which division keeps it?"
    known = next((text for count, text in SLIPS[rule] if math.isclose(each, count)), "What is read, and what is written?")
    return f"That is {each:g} bytes for each parameter. {known}"


@judge
def judge_batch(guess: Any) -> Verdict:
    """Return a Verdict on the largest power of two whose training step stays within ROOM_MB: it is run, on the GPU where there is one."""
    from lessonlib.lessons.lesson11.memory import training_peak

    batch = int(number(guess, "a number of windows", 1, 4096, whole=True))
    if batch > 256:
        raise Stop("Out of memory.", f"{batch} windows were not tried; 256 are beyond {ROOM_MB:g} MB. How much do four more windows add?")
    peak = training_peak(batch)
    windows = f"{batch} window" + "s" * (batch > 1)
    seen = f"With {windows} the peak is {peak:.1f} MB, and there is room for {ROOM_MB:g}."
    if math.log2(batch) % 1:
        raise Stop("No power of two.", f"{seen} Which of 1, 2, 4, 8, ... is the largest that fits?")
    if peak > ROOM_MB:
        raise Stop("Out of memory.", f"{seen} How much do four more windows add?")
    twice = training_peak(2 * batch)
    if twice <= ROOM_MB:
        raise Stop("It fits, and twice as many would.", f"{seen} What do {2 * batch} windows take?")
    return Verdict(True, f"Correct.\n{seen} {2 * batch} windows would take {twice:.1f} MB.")


@judge
def judge_loop(loop: Any) -> Verdict:
    """Return a Verdict on a training loop for float16, loop(model, optimizer, scaler, batches): tried with a tiny model on the CPU."""
    from lessonlib.lessons.lesson11.half import train_float16
    from lessonlib.lessons.lesson11.loop import QUESTIONS, what_a_loop_does

    if loop is None or loop is ...:
        raise Stop("Not written yet.", "Your turn: write the function, run its cell, then this one again.")
    if not callable(loop) or isinstance(loop, type):
        raise Stop("Not a function.", f"This is a {type(loop).__name__}. Pass the function itself, without calling it.")
    what_a_loop_does(train_float16)  # what torch loads at its first step is not the learner's time
    seen = patiently(partial(what_a_loop_does, loop))
    if seen["found"] == "right":
        return Verdict(True, f"Correct.\nThe optimizer saw gradients of length {seen['lengths']}. The short one was not clipped."
                       + seen["cast"])
    return Verdict(False, QUESTIONS[seen["found"]].format_map(seen))


@judge
def judge_shape(function: Any, steps: int = 200) -> Verdict:
    """Return a Verdict on function(t) -> the share of the step size at t = 1 ... 200: small first, whole later, near zero at the end."""
    told = answers(function, [(1,)]) + answers(function, [(t,) for t in range(2, steps + 1)], optional=True)
    if None in told:
        raise Stop("A branch gives nothing.",
                   f"At t={told.index(None) + 1} it returns nothing. Does each of its branches end with a return?")
    shares = [number(answer, "a share of the step size") for answer in told]
    top, at = max(shares), shares.index(max(shares)) + 1
    seen = f"It begins at {shares[0]:.2g}, is largest at step {at} with {top:.2g}, and ends at {shares[-1]:.2g}."
    jump = max(later - earlier for earlier, later in zip(shares, shares[1:]))  # noqa: B905, RUF007
    if min(shares) < 0:
        return Verdict(False, f"It goes below 0.\n{seen} At step {shares.index(min(shares)) + 1} it is {min(shares):.2g}. Which way would "
                       "that step go?")
    if top > 1.02:
        return Verdict(False, f"It goes above 1.\n{seen} What is the largest share of the step size?")
    if top < 0.98:
        return Verdict(False, f"Not the whole step size.\n{seen} A share lies between 0 and 1. Where is yours 1?")
    if shares[0] > 0.2:
        return Verdict(False, f"The first step is long.\n{seen} Which steps does Adam take before its averages know anything?")
    if at > steps // 2:
        return Verdict(False, f"The rise takes long.\n{seen} How many steps are left at full size?")
    if shares[-1] > 0.1:
        return Verdict(False, f"It ends with long steps.\n{seen} How far do the weights hop around a minimum there?")
    if jump > 0.3:
        when = next(t for t in range(2, steps + 1) if shares[t - 1] - shares[t - 2] == jump)
        if when > at:
            return Verdict(False, f"It rises again.\n{seen} At step {when}, after its top, it grows by {jump:.2g}. What is that good for "
                           "there?")
        if set(shares[:at]) == {0, 1}:
            return Verdict(False, f"From 0 to 1 at once.\n{seen} Before its top it is 0 throughout. What does your division give at t = 7?")
        return Verdict(False, f"It jumps up.\n{seen} From one step to the next it grows by {jump:.2g}. Is that still a warm-up?")
    drop = max(earlier - later for earlier, later in zip(shares, shares[1:]))  # noqa: B905, RUF007
    if drop > 0.8:
        when = next(t for t in range(2, steps + 1) if shares[t - 2] - shares[t - 1] == drop)
        return Verdict(False, f"It falls at once.\n{seen} At step {when} it falls by {drop:.2g}. Which shares lie between?")
    rest = steps - max(t for t in range(1, steps + 1) if shares[t - 1] > 0)
    if rest > steps // 10:
        return Verdict(False, f"It stops early.\n{seen} The last {rest} steps move nothing. What could they still do?")
    wasted = " A share of 0 at t = 1 is a step that moves nothing, as t counts from one." if shares[0] == 0 else ""
    return Verdict(True, f"Correct.\n{seen}{wasted}")


def _held(stage: int, cards: float) -> float:
    """GB on each card."""
    return sum(play.bytes_per_rank(MODEL, cards, stage).values()) / 1e9


def _cards(stage: int, guess: Any) -> str:
    """What is right about the number of cards for a stage; Stop says what is not."""
    least = _held(stage, 1e12)
    if isinstance(guess, str) and guess.strip().casefold() == "never":
        if least > ROOM_GB:
            return f"Stage {stage}: at least {least:.0f} GB on each card, however many there are, so never."
        raise Stop(f"Stage {stage}: not never.",
                   f"The more cards, the nearer each comes to {least:.0f} GB. How many cards bring it to {ROOM_GB:g}?")
    if isinstance(guess, float) and guess == math.inf:
        raise Stop('Not a number of cards, or "never".', 'Where no number is enough, write "never". Is it so at this stage?')
    if isinstance(guess, str) and guess.strip().casefold() in ("no", "none", "there is none"):
        raise Stop(f"Stage {stage}: in which words?", 'Where no number is enough, write "never". Is it so at this stage?')
    cards = number(guess, 'a number of cards, or "never"', 1, 1e9, whole=True)
    held = _held(stage, cards)
    seen = f"{'One card' if cards == 1 else f'Each of {cards:g} cards'} holds {held:.0f} GB, and there is room for {ROOM_GB:g}."
    if held > ROOM_GB:
        question = "How many cards bring it down to that?" if least <= ROOM_GB else "What is left on each, however many there are?"
        raise Stop(f"Stage {stage}: too much.", f"{seen} {question}")
    if math.log2(cards) % 1:
        raise Stop(f"Stage {stage}: another number was asked for.", f"{seen} Which of 1, 2, 4, 8, ... is enough?")
    if _held(stage, cards / 2) <= ROOM_GB:
        raise Stop(f"Stage {stage}: half as many would do.", f"{seen} What does each of {cards / 2:g} hold?")
    return f"Stage {stage}: {held:.0f} GB on each of {cards:g} cards."


@judge
def judge_cards(guess: Any) -> Verdict:
    """Return a Verdict on the smallest number of cards for 13 billion parameters, by stage: {"stage 3": ..., "stage 1": ...}."""
    if not isinstance(guess, Mapping) or set(guess) != {"stage 3", "stage 1"}:
        raise Stop("Not an answer for each stage.", "An answer is a dict of two entries. What belongs to `stage 3`, and what to `stage 1`?")
    told: list[str] = []
    for stage in ("stage 3", "stage 1"):
        try:
            told.append(_cards(int(stage[-1]), guess[stage]))
        except Stop as stop:
            raise Stop(stop.headline, " ".join([*(f"{right[:-1]}, which is right." for right in told), stop.text])) from None
    return Verdict(True, "Correct.\n" + " ".join(told))
