"""The judges of lesson 11 that need a training, a measurement or a loop: each known slip is told from the right answer."""
from __future__ import annotations

import pytest
import torch
from torch import nn

from lessonlib.lessons.lesson11 import half
from lessonlib.lessons.lesson11.judges import judge_batch, judge_floor, judge_loop, judge_shape, judge_step_size

pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
LINES = {"clear": "optimizer.zero_grad()", "scale": "scaler.scale(loss).backward()", "unscale": "scaler.unscale_(optimizer)",
         "clip": "nn.utils.clip_grad_norm_(model.parameters(), 1.0)", "step": "scaler.step(optimizer)", "update": "scaler.update()"}
LOOPS = [  # the lines of a loop, in order, and what is said of it
    ("clear scale unscale clip step update", "Correct."), ("scale unscale clip step update clear", "Correct."),
    ("clear scale clip unscale step update", "Clipped before it was unscaled."), ("clear scale clip step update", "Clipped while it was still scaled."),
    ("clear scale unscale step update", "Nothing is clipped."), ("clear scale unscale clip update", "Nothing moves."),
    ("clear scale unscale clip step", "The scale is never updated."), ("scale unscale clip step update", "Gradients pile up."),
    ("scale clear unscale clip step update", "The gradients are gone."), ("", "Not written yet.")]


def loop(names, **instead):
    """A training loop of these lines, some of them replaced."""
    code = "\n".join(f"        {instead.get(name, LINES[name])}" for name in names.split()) or "        pass"
    space = {"torch": torch, "nn": nn, "criterion": half.criterion}
    exec("def train(model, optimizer, scaler, batches):\n    for x, y in batches:\n        with torch.autocast('cpu', torch.float16):\n"
         f"            loss = criterion(model(x), y)\n{code}", space)
    return space["train"]


@pytest.mark.parametrize(("names", "said"), LOOPS)
def test_a_loop_for_float16_is_told_what_it_leaves_out(names, said):
    verdict = judge_loop(loop(names))
    assert verdict.headline == said
    assert verdict or verdict.message.endswith("?") or said == "Not written yet."


@pytest.mark.parametrize(("attempt", "said"), [
    (loop("clear scale unscale clip step update", scale="loss.backward()"), "Nothing is scaled."),
    (loop("clear scale unscale clip step update", step="optimizer.step()"), "The optimizer stepped by itself."),
    (loop("clear scale unscale clip step update", clip="missing(model)"), "It raised an error."),
    (None, "Not written yet."), ("12", "Not a function."), (dict, "Not a function.")])
def test_other_slips_of_the_loop_are_told_too(attempt, said):
    assert judge_loop(attempt).headline == said


def test_the_loop_of_the_lesson_is_the_right_one():
    assert judge_loop(half.train_float16)


@pytest.mark.parametrize(("share", "said"), [
    (lambda t: t / 41 if t <= 40 else (200 - t) / 160, "Correct."), (lambda t: None, "Not written yet."), (None, "Not written yet."),
    (lambda t: "1", "Not a share of the step size."), (lambda t: 1.0, "The first step is long."), (lambda t: 2 * t / 200, "Not the whole step size."),
    (lambda t: min(1.0, t / 20), "It ends with long steps."), (lambda t: t / 180 if t <= 180 else (200 - t) / 20, "The rise takes long."),
    (lambda t: 0.1 if t < 20 else (200 - t) / 180, "It jumps."), (lambda t: 0.1, "Not the whole step size.")])
def test_a_schedule_is_judged_by_its_shape(share, said):
    verdict = judge_shape(share)
    assert verdict.headline == said
    assert verdict or verdict.message.endswith("?") or said == "Not written yet."


@pytest.mark.parametrize(("bytes_each", "seen"), [
    ({"adamw": 16}, "stays in memory"), ({"adamw": 32}, "writes g as well"), ({"adamw": 24}, "one of seven arrays"), ({"adamw": 20}, "momentum's"),
    ({"momentum": 12}, "gradient descent's"), ({"momentum": 16}, "leaves one array out"), ({"sgd": 8}, "one of three arrays"),
    ({"adamw": 28_000}, "milliseconds"), ({"adamw": 7}, "counts numbers"), ({"adamw": 56}, "float64"), ({"adamw": 30}, "30 bytes for each parameter")])
def test_what_is_off_in_a_floor_is_named(bytes_each, seen):
    right = {"sgd": 12, "momentum": 20, "adamw": 28} | bytes_each
    verdict = judge_floor(lambda rule, parameters, bandwidth: right[rule] * parameters / bandwidth)
    assert seen in verdict.message
    assert verdict.message.endswith("?")


def test_a_floor_that_forgets_the_bandwidth_is_asked_about_it():
    verdict = judge_floor(lambda rule, parameters, bandwidth: {"sgd": 12, "momentum": 20, "adamw": 28}[rule] * parameters / 1000)
    assert "twice the bandwidth" in verdict.message


@pytest.mark.parametrize(("guess", "said"), [
    (32, "Correct."), (64, "Out of memory."), (16, "It fits, and twice as many would."), (40, "It fits, and another number was asked for."),
    (4096, "Out of memory."), (None, "Not answered yet."), ("32", "Not a number of windows."), (0, "Not a number of windows."), (1.5, "Not a number of windows.")])
def test_a_batch_is_run_and_its_peak_told(guess, said):
    assert judge_batch(guess).headline == said


@pytest.mark.parametrize(("guess", "said"), [
    (1.0, "Correct."), (0.01, "Too short a step."), (100.0, "Too long a step."), (None, "Not answered yet."), ("0.1", "Not a step size."), (-1, "Not a step size."),
    (0, "Not a step size.")])
def test_a_step_size_is_tried_out(guess, said):
    assert judge_step_size(guess).headline == said
