"""The judges of lesson 11: a schedule, the bytes of a step, the cards of a training."""
from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from lessonlib.attempts import Stop, answers
from lessonlib.checks import Verdict, judge, number
from lessonlib.lessons.lesson11 import play

__all__ = ["judge_cards", "judge_floor", "judge_schedule"]

SCHEDULES = ((10, 0), (100, 20), (1000, 999))  # steps, warm-up
MODEL, ROOM_GB = 13e9, 40.0


@judge
def judge_schedule(function: Any) -> Verdict:
    """Return a Verdict on function(t, steps, warmup) -> the share of the step size: a line up, then half a cosine down."""
    calls = [(t, steps, warmup) for steps, warmup in SCHEDULES for t in range(1, steps + 1)]
    for (t, steps, warmup), answer in zip(calls, answers(function, calls), strict=True):
        share = number(answer, "a share of the step size")
        right = t / (warmup + 1) if t <= warmup else (1 + math.cos(math.pi * (t - 1 - warmup) / (steps - warmup))) / 2
        if abs(share - right) > 1e-9:
            part = "the warm-up" if t <= warmup else "the cosine"
            return Verdict(False, f"Step {t} is off.\nWith T = {steps} and W = {warmup}, step {t} belongs to {part}. You return "
                           f"{share:.6g}; it should be {right:.6g}. What do you get by hand?")
    return Verdict(True, f"Correct.\nEvery step of {len(SCHEDULES)} schedules is right, also where the warm-up is all but one step.")


@judge
def judge_floor(function: Any) -> Verdict:
    """Return a Verdict on function(rule, parameters, bandwidth) -> seconds: the least time of a step, for sgd, momentum and adamw."""
    calls = [(rule, 1000, 1000.0) for rule in play.STEP_BYTES] + [("adamw", 1000, 2000.0), ("adamw", 3000, 1000.0)]
    told = answers(function, calls)
    for (rule, parameters, bandwidth), answer in zip(calls, told, strict=True):
        seconds, right = number(answer, "a time in seconds"), play.STEP_BYTES[rule] * parameters / bandwidth
        if not math.isclose(seconds, right, rel_tol=1e-9):
            return Verdict(False, f"Not the floor of {rule}.\n{parameters} parameters at {bandwidth:g} bytes a second take {seconds:g} s "
                           f"in yours: {seconds * bandwidth / parameters:g} bytes for each. What is read, and what is written?")
    each = ", ".join(f"{rule} {count}" for rule, count in play.STEP_BYTES.items())
    return Verdict(True, f"Correct.\nBytes for each parameter: {each}.")


def _held(stage: int, cards: float) -> float:
    """GB on each card."""
    return sum(play.bytes_per_rank(MODEL, cards, stage).values()) / 1e9


def _cards(stage: int, guess: Any) -> str:
    """What is right about the number of cards for a stage; Stop says what is not."""
    least = _held(stage, 1e12)
    if isinstance(guess, str) and guess == "never":
        if least > ROOM_GB:
            return f"Stage {stage}: {least:.0f} GB on each of countless cards, so never."
        raise Stop(f"Stage {stage}: not never.", f"On countless cards each holds {least:.0f} GB. How many cards bring it to {ROOM_GB:g}?")
    cards = number(guess, 'a number of cards, or "never"', 1, 1e9, whole=True)
    held = _held(stage, cards)
    seen = f"Each of {cards:g} cards holds {held:.0f} GB, and there is room for {ROOM_GB:g}."
    if held > ROOM_GB:
        raise Stop(f"Stage {stage}: too much.", f"{seen} What is left on each, however many there are?")
    if math.log2(cards) % 1:
        raise Stop(f"Stage {stage}: another number was asked for.", f"{seen} Which of 1, 2, 4, 8, ... is enough?")
    if _held(stage, cards / 2) <= ROOM_GB:
        raise Stop(f"Stage {stage}: half as many would do.", f"{seen} What does each of {cards / 2:g} hold?")
    return f"Stage {stage}: {held:.0f} GB on each of {cards:g} cards."


@judge
def judge_cards(guess: Any) -> Verdict:
    """Return a Verdict on the smallest number of cards for 13 billion parameters, by stage: {"stage 3": ..., "stage 1": ...}."""
    if not isinstance(guess, Mapping) or set(guess) != {"stage 3", "stage 1"}:
        raise Stop("Not an answer for each stage.", f"You gave a {type(guess).__name__}. What belongs to `stage 3`, and what to `stage 1`?")
    return Verdict(True, "Correct.\n" + " ".join(_cards(int(stage[-1]), guess[stage]) for stage in ("stage 3", "stage 1")))
