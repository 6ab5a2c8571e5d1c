"""The judge of a timer for a GPU: a pretended GPU, which takes steps without waiting for them, and a clock that it shares with the host."""
from __future__ import annotations

from typing import Any

from lessonlib.attempts import answers
from lessonlib.checks import Verdict, judge
from lessonlib.lessons.answers import number

__all__ = ["FIRST", "LAUNCH", "REPEATS", "STEP", "Pretended", "judge_timer"]

LAUNCH, STEP, FIRST = 0.001, 0.010, 0.5  # seconds: of the host for each step, of the GPU for each step, of the host once, to compile
REPEATS = 20


class Pretended:
    """A GPU whose seconds are counted and not spent; `events` tells what was called."""

    def __init__(self) -> None:
        self.now, self.done = 0.0, 0.0  # seconds: the host's clock, and when the GPU has done all that was ordered
        self.events: list[str] = []

    def step(self) -> None:
        """Order a step, which runs after those ordered before."""
        self.events.append("step")
        self.now += LAUNCH + FIRST * (self.done == 0)
        self.done = max(self.done, self.now) + STEP

    def wait(self) -> None:
        """Let the host wait until the GPU is done."""
        self.events.append("wait")
        self.now = max(self.now, self.done)

    def clock(self) -> float:
        """Return the seconds on the host's clock."""
        self.events.append("clock")
        return self.now


@judge
def judge_timer(function: Any) -> Verdict:
    """Return a Verdict on function(step, wait, clock, repeats) -> the seconds of one step, tried on a pretended GPU."""
    gpu = Pretended()
    (told,) = answers(function, [(gpu.step, gpu.wait, gpu.clock, REPEATS)])
    seconds = number(told, "a time in seconds")
    seen = f"A step runs for {1e3 * STEP:g} ms on the pretended GPU, and yours tells {1e3 * seconds:.4g}."
    if STEP <= seconds <= 1.02 * STEP and gpu.events.count("clock") > 1:
        return Verdict(True, f"Correct.\n{seen} Its launch takes {1e3 * LAUNCH:g} ms more, but beside the step before it.")
    headline, rest = _slip(gpu.events, seconds)
    return Verdict(False, f"{headline}\n{seen} {rest}")


def _slip(events: list[str], seconds: float) -> tuple[str, str]:
    """What is wrong with a time, by what was called between the first reading of the clock and the last."""
    readings = [i for i, event in enumerate(events) if event == "clock"]
    if len(readings) < 2:
        times = "once" if readings else "not at all"
        return "No two readings.", f"It read the clock {times}. Between which two moments does the time pass?"
    before, timed = events[: readings[0]], events[readings[0] : readings[-1]]
    steps = timed.count("step")
    if not steps:
        return "No step was timed.", "Between the two readings it took no step. Where do the steps stand?"
    if seconds < 0:
        return "Below zero.", "Which of the two readings is the later one?"
    if "step" not in before:
        return "The first step is in it.", f"That one took {1e3 * FIRST:g} ms more, to compile. Which steps do you want to know about?"
    if "wait" not in timed[len(timed) - timed[::-1].index("step") :]:
        return "The clock stops too soon.", "After the last step it did not wait. What does the GPU still do when the clock is read?"
    if "wait" not in before[len(before) - before[::-1].index("step") :]:
        return "The clock starts too soon.", "Before the first reading it did not wait. What does the GPU still do there?"
    if steps == 1:
        return "One step alone.", "Its launch had no step before it to run beside. How many steps are `repeats`?"
    if timed.count("wait") >= steps:
        return "It waits after every step.", "So no launch runs beside the step before. Does your training wait there?"
    each = seconds / (STEP + LAUNCH / steps)  # 1 would be right
    if 0.99 < each / steps < 1.01:
        return "All steps together.", f"It took {steps} steps. How long is one of them?"
    if 0.99 < each / 1000 < 1.01:
        return "Not in seconds.", "That is a thousand times too long. In which unit does `clock` tell?"
    if 0.99 < each * REPEATS / steps < 1.01:
        return "Divided by another number.", f"Between the readings it took {steps} steps and divided by {REPEATS}. How many were timed?"
    return "Not the time of a step.", f"Between the readings it took {steps} steps. What do you divide by what?"
