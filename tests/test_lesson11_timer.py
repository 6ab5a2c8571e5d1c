"""The judge of a timer for a GPU: the right one passes, and each known slip is told what it left out."""
from __future__ import annotations

import pytest

from lessonlib.lessons.lesson11.timer import judge_timer

LOOP = "for _ in range(repeats): step()"
MEAN = "return (clock() - start) / repeats"
TIMERS = [  # the lines of a timer, and what is said of it
    (["step()", "wait()", "start = clock()", LOOP, "wait()", MEAN], "Correct."),
    (["step()", "step()", "wait()", "start = clock()", LOOP, "wait()", "end = clock()", "return (end - start) / repeats"], "Correct."),
    (["start = clock()", LOOP, MEAN], "The first step is in it."), (["start = clock()", LOOP, "wait()", MEAN], "The first step is in it."),
    (["step()", "start = clock()", LOOP, "wait()", MEAN], "The clock starts too soon."),
    (["step()", "wait()", "start = clock()", LOOP, MEAN], "The clock stops too soon."),
    (["step()", "wait()", "start = clock()", "for _ in range(repeats): step(), wait()", MEAN], "It waits after every step."),
    (["step()", "wait()", "start = clock()", "step()", "wait()", "return clock() - start"], "One step alone."),
    (["step()", "wait()", "start = clock()", LOOP, "wait()", "return clock() - start"], "All steps together."),
    (["step()", "wait()", "start = clock()", LOOP, "wait()", "return 1000 * (clock() - start) / repeats"], "Not in seconds."),
    (["step()", "wait()", "start = clock()", LOOP, "wait()", "return (start - clock()) / repeats"], "Below zero."),
    (["step()", "wait()", "start = clock()", LOOP, "step()", "wait()", MEAN], "Divided by another number."),
    (["step()", "wait()", "start = clock()", LOOP, "wait()", "return repeats / (clock() - start)"], "Not the time of a step."),
    (["step()", "wait()", LOOP, "wait()", "return clock() / repeats"], "No two readings."), (["return 0.01"], "No two readings."),
    (["start = clock()", "wait()", MEAN], "No step was timed."), (["pass"], "Not written yet."), (["return 'a'"], "Not a time in seconds.")]


@pytest.mark.parametrize(("lines", "said"), TIMERS)
def test_a_timer_is_told_what_it_leaves_out(lines, said):
    space = {}
    exec("def timer(step, wait, clock, repeats):\n    " + "\n    ".join(lines), space)
    verdict = judge_timer(space["timer"])
    assert verdict.headline == said
    assert verdict or verdict.message.endswith("?")
