"""The judges of lesson 11 that need a training, a measurement or a loop: each known slip is told from the right answer."""
from __future__ import annotations

import math
import re

import pytest
import torch
from torch import nn

from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import half, memory
from lessonlib.lessons.lesson11.judges import ROOM_MB, judge_batch, judge_cards, judge_floor, judge_loop, judge_shape, judge_step_size

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
    (loop("clear scale unscale clip step update", clip="nn.utils.clip_grad_norm_(model.parameters(), 0.25)"), "Another limit."),
    (loop("clear scale unscale clip step update", clip="nn.utils.clip_grad_norm_(model.parameters(), 0.5)"), "Another limit."),
    (loop("clear scale unscale clip step update", clip="nn.utils.clip_grad_norm_(model.parameters(), 2.0)"), "Another limit."),
    (loop("clear scale unscale clip step update", clip="nn.utils.clip_grad_value_(model.parameters(), 1.0)"), "The clipping turns the gradient."),
    (loop("clear scale unscale clip step update", clip="[nn.utils.clip_grad_norm_(p, 1.0) for p in model.parameters()]"), "The clipping turns the gradient."),
    (loop("clear scale clip step update", clip="nn.utils.clip_grad_norm_(model.parameters(), scaler.get_scale())"), "Correct."),
    (loop("clear scale clip step update", clip="nn.utils.clip_grad_norm_(model.parameters(), 4096.0)"), "Right for one factor only."),
    (loop("clear scale clip unscale step update", clip="nn.utils.clip_grad_norm_(model.parameters(), 2.0**12)"), "Right for one factor only."),
    (loop("clear scale clip unscale step update", clip="nn.utils.clip_grad_norm_(model.parameters(), 1.0 * scaler.get_scale())"), "Correct."),
    (loop("clear scale unscale clip step update", clear="model.zero_grad()"), "Correct."),
    (loop("clear scale unscale clip step update", unscale="[p.grad.div_(scaler.get_scale()) for p in model.parameters()]"), "Unscaled twice."),
    (loop("clear scale unscale step update", unscale="[p.grad.div_(scaler.get_scale()) for p in model.parameters()]"), "Unscaled twice."),
    (loop("clear scale unscale clip step update", update="scaler.update(); break"), "One step for two batches."),
    (loop("clear scale unscale clip step update", update="scaler.update() if x.norm() < 5 else None"), "The scale is never updated."),
    (loop("clear scale clip unscale step update", clip="nn.utils.clip_grad_norm_(model.parameters(), 100.0)"), "Clipped before it was unscaled."),
    (loop("clear scale unscale clip step update", scale="scaler.scale(loss); loss.backward()"), "The scaled loss is thrown away."),
    (loop("clear scale unscale clip step update", scale="scaler.scale(loss)"), "Nothing goes backward."),
    (loop("clear scale", scale="scaler.scale(loss)"), "Nothing goes backward."),
    (loop("clear scale clip step update", scale="loss.backward()"), "Nothing is scaled."),
    (loop("scale", scale="loss.backward()"), "Nothing is scaled."),
    (loop("clear scale unscale clip update step"), "Too early."), (loop("clear scale clip update step"), "Too early."),
    (loop("clear update scale unscale clip step"), "Too early."), (loop("clear unscale scale clip step update"), "Too early."),
    (loop("clear step unscale clip update", step="scaler.scale(loss); scaler.step(optimizer)"), "Nothing goes backward."),
    (loop("clear scale step unscale clip update"), "Unscaled too late."),
    (loop("clear scale unscale step clip update"), "Clipped too late."), (loop("clear scale unscale step update clip"), "Clipped too late."),
    (loop("clear scale step update clip"), "Clipped too late."), (loop("clear scale step update"), "Nothing is clipped."),
    (loop("clear scale clip step"), "The scale is never updated."), (loop("clear scale unscale clip"), "Nothing moves."),
    (loop("clear scale unscale clip update"), "Nothing moves."), (loop("clear scale"), "Nothing moves."),
    (loop("clear scale unscale unscale clip step update"), "It raised an error."), (loop("clear scale unscale clip step step update"), "It raised an error."),
    (loop("clear scale unscale clip step update", step="scaler.step(optimizer); optimizer.step()"), "The optimizer stepped by itself."),
    (loop("scale unscale clip clear step update"), "The gradients are gone."),
    (loop("scale unscale clip clear step update", clear="optimizer.zero_grad(set_to_none=False)"), "The gradients are gone."),
    (loop("clear scale unscale clip step update", step="scaler.steps(optimizer)"), "It raised an error."),
    (loop("clear scale unscale clip step update", unscale="scaler.unscale_(loss)"), "That is no optimizer."),
    (loop("clear scale unscale clip step update", step="scaler.step(loss)"), "That is no optimizer."),
    (loop("clear scale clip step update", step="scaler.step(model)"), "That is no optimizer."),
    (None, "Not written yet."), ("12", "Not a function."), (dict, "Not a function.")])
def test_other_slips_of_the_loop_are_told_too(attempt, said):
    verdict = judge_loop(attempt)
    assert verdict.headline == said
    assert verdict or verdict.message.endswith("?") or said in ("Not written yet.", "Not a function.")


@pytest.mark.parametrize(("names", "instead", "seen"), [
    ("clear scale unscale clip step update", {"clip": "nn.utils.clip_grad_norm_(model.parameters(), 0.25)"}, "was clipped to 0.25, and 1 was asked"),
    ("clear scale unscale clip update step", {}, "`update` was called before the step"),
    ("clear scale unscale clip step update", {"scale": "scaler.scale(loss)"}, "The loss was scaled, and no gradient was computed"),
    ("clear unscale scale clip step update", {"unscale": "scaler.scale(loss); scaler.unscale_(optimizer)"}, "called before a loss had gone backward"),
    ("clear unscale scale clip step update", {}, "`unscale_` was called before anything was scaled"),
    ("clear scale unscale clip step update", {"step": "scaler.steps(optimizer)"}, "'GradScaler' object has no attribute 'steps'"),
    ("clear scale unscale clip step update", {"step": "scaler.step()"}, "GradScaler.step() missing 1 required")])
def test_what_the_loop_did_is_told(names, instead, seen):
    assert seen in judge_loop(loop(names, **instead)).message


def test_the_loop_of_the_lesson_is_the_right_one():
    assert judge_loop(half.train_float16)


def test_a_loss_that_goes_backward_inside_autocast_passes_and_is_told():
    def inside(model, optimizer, scaler, batches):
        for x, y in batches:
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.float16):
                scaler.scale(half.criterion(model(x), y)).backward()
            scaler.unscale_(optimizer)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            scaler.step(optimizer)
            scaler.update()

    assert judge_loop(inside)
    assert judge_loop(inside).message.endswith("Which line is indented too far?")
    assert "autocast" not in judge_loop(half.train_float16).message


def test_a_schedule_whose_first_share_is_zero_is_told_that_the_step_is_wasted():
    assert "moves nothing" in judge_shape(lambda t: (t - 1) / 40 if t <= 41 else (200 - t) / 159).message
    assert "moves nothing" not in judge_shape(lambda t: t / 41 if t <= 40 else (200 - t) / 160).message


@pytest.mark.parametrize(("share", "said"), [
    (lambda t: t / 41 if t <= 40 else (200 - t) / 160, "Correct."), (lambda t: None, "Not written yet."), (None, "Not written yet."),
    (lambda t: "1", "Not a share of the step size."), (lambda t: 1.0, "The first step is long."), (lambda t: 2 * t / 200, "It goes above 1."),
    (lambda t: t / 50 if t <= 50 else 1 - 1.05 * (t - 50) / 150, "It goes below 0."), (lambda t: t / 50 if t <= 50 else None, "A branch gives nothing."),
    (lambda t: t / 50 if t <= 50 else 1.0 if t < 120 else 0.3 if t < 170 else 0.05, "Correct."),
    (lambda t: min(1.0, t / 20), "It ends with long steps."), (lambda t: t / 180 if t <= 180 else (200 - t) / 20, "The rise takes long."),
    (lambda t: 0.1 if t < 20 else (200 - t) / 180, "It jumps up."),
    (lambda t: t // 50 if t <= 50 else (200 - t) / 150, "From 0 to 1 at once."),
    (lambda t: t / 50 if t <= 50 else 0.0, "It falls at once."), (lambda t: t / 50 if t <= 50 else 0.5 * (t == 51), "It stops early."),
    (lambda t: min(t / 50, 1) if t < 200 else 0.1, "It falls at once."), (lambda t: 0.95 * t / 50 if t <= 50 else (200 - t) / 158, "Not the whole step size."),
    (lambda t: 0.02 + 0.98 * t / 50 if t <= 50 else 0.5 * (1 + math.cos(math.pi * (t - 50) / 150)), "Correct."),
    (lambda t: t / 50 if t <= 50 else 0.9 if t == 150 else (200 - t) / 150 / 2, "It rises again."), (lambda t: 0.1, "Not the whole step size.")])
def test_a_schedule_is_judged_by_its_shape(share, said):
    verdict = judge_shape(share)
    assert verdict.headline == said
    assert verdict or verdict.message.endswith("?") or said == "Not written yet."


@pytest.mark.parametrize(("bytes_each", "seen"), [
    ({"adamw": 16}, "stays in memory"), ({"adamw": 32}, "writes g as well"), ({"adamw": 24}, "one of seven arrays"), ({"adamw": 20}, "momentum's"),
    ({"momentum": 12}, "gradient descent's"), ({"momentum": 16}, "leaves one array out"), ({"sgd": 8}, "one of three arrays"), ({"sgd": 28}, "AdamW's"), ({"sgd": 16}, "writes g as well"),
    ({"adamw": 28_000}, "milliseconds"), ({"adamw": 7}, "counts numbers"), ({"adamw": 56}, "float64"), ({"adamw": 30}, "30 bytes for each parameter"),
    ({"momentum": 28}, "AdamW's"), ({"momentum": 8}, "m alone, read and written"), ({"adamw": 36}, "nine arrays"),
    ({"sgd": 0}, "kept from step to step"), ({"momentum": 4}, "m alone"), ({"adamw": 8}, "m and v")])
def test_what_is_off_in_a_floor_is_named(bytes_each, seen):
    right = {"sgd": 12, "momentum": 20, "adamw": 28} | bytes_each
    verdict = judge_floor(lambda rule, parameters, bandwidth: right[rule] * parameters / bandwidth)
    assert seen in verdict.message
    assert verdict.message.endswith("?")


@pytest.mark.parametrize(("floor", "seen"), [
    (lambda each, parameters, bandwidth: each * parameters / 3000, "What should twice the bandwidth do"),
    (lambda each, parameters, bandwidth: each, "Those are the bytes for one parameter"),
    (lambda each, parameters, bandwidth: each * 1000 / bandwidth, "What should three times the parameters do"),
    (lambda each, parameters, bandwidth: each * parameters, "Those are the bytes of the step."),
    (lambda each, parameters, bandwidth: each * parameters * bandwidth, "multiplies by the bandwidth"),
    (lambda each, parameters, bandwidth: each / bandwidth, "Those are the seconds for one parameter."),
    (lambda each, parameters, bandwidth: bandwidth / (each * parameters), "upside down"),
    (lambda each, parameters, bandwidth: 1000 * each * parameters / bandwidth, "milliseconds"),
    (lambda each, parameters, bandwidth: each * parameters / (1e9 * bandwidth), "in GB a second"),
    (lambda each, parameters, bandwidth: each * parameters / (bandwidth / 1e9), "in GB a second"),
    (lambda each, parameters, bandwidth: each * parameters // bandwidth, "Which division keeps it?")])
def test_a_floor_that_forgets_something_is_asked_about_it(floor, seen):
    verdict = judge_floor(lambda rule, parameters, bandwidth: floor({"sgd": 12, "momentum": 20, "adamw": 28}[rule], parameters, bandwidth))
    assert seen in verdict.message
    assert verdict.message.endswith("?")


@pytest.mark.parametrize(("guess", "seen"), [
    ({"stage 3": 8, "stage 1": "Never "}, "Correct."), ({"stage 3": 4, "stage 1": "never"}, "How many cards bring it down"),
    ({"stage 3": 8, "stage 1": 64}, "however many there are?"), ({"stage 3": 8, "stage 1": "no"}, 'write "never"'),
    ({"stage 3": 8, "stage 1": math.inf}, 'write "never"')])
def test_a_plan_is_asked_about_its_own_stage(guess, seen):
    assert seen in judge_cards(guess).message


@pytest.mark.parametrize(("guess", "said"), [
    (64, "Correct."), (128, "Out of memory."), (32, "It fits, and twice as many would."), (40, "No power of two."), (48, "No power of two."),
    (4096, "Out of memory."), (None, "Not answered yet."), ("32", "Not a number of windows."), (0, "Not a number of windows."), (1.5, "Not a number of windows.")])
def test_a_batch_is_run_and_its_peak_told(guess, said):
    assert judge_batch(guess).headline == said


@pytest.mark.parametrize("shown", [4, 8])
def test_a_batch_guessed_in_proportion_is_too_small(shown):
    by_proportion = ROOM_MB / (memory.training_peak(shown, "cpu") / shown)
    assert judge_batch(2 ** int(math.log2(by_proportion))).headline == "It fits, and twice as many would."


@pytest.mark.parametrize("kind", ["cpu", "cuda"])
def test_the_right_batch_is_far_from_the_room_on_a_gpu_too(kind):
    (few, low), (many, high) = recorded(f"step_{kind}.json")["peak"][1:]  # on a line, once the activations make the peak
    fits, beyond = (low + (batch - few) * (high - low) / (many - few) for batch in (64, 128))
    assert 1.2 * fits < ROOM_MB < beyond / 1.2


def test_when_forward_ends_the_gradients_are_not_there_yet():
    parameters = sum(p.numel() for p in memory.Transformer(memory.LETTERS, memory.MODEL).parameters())
    few, many = (memory.training_peak(batch, "cpu") for batch in (4, 8))
    assert 1e6 * (2 * few - many) / parameters == pytest.approx(12, abs=0.5)  # weights and state, and no gradients


@pytest.mark.parametrize(("guess", "said"), [
    (1.0, "Correct."), (0.01, "Too small a step size."), (100.0, "Too large a step size."), (None, "Not answered yet."), ("0.1", "Not a step size."), (-1, "Not a step size."),
    (0, "Not a step size.")])
def test_a_step_size_is_tried_out(guess, said):
    assert judge_step_size(guess).headline == said


def test_a_step_size_far_too_large_is_not_asked_to_shrink_a_little():
    assert judge_step_size(100.0).message.endswith("What does a hundredth of your lr do?")


def test_a_step_size_that_is_not_above_zero_is_told_so():
    assert "A step size is above 0, and yours is -1." in judge_step_size(-1).message


@pytest.mark.parametrize(("lr", "seen"), [  # the third digit is the processor's
    (1.0, r"ends at a test loss of 2\.3[78]\d, .* With three times as much it ends at 2\.3[78]"), (3.0, r"With three times as much it ends at 3\."),
    (0.4, r"ends at a test loss of 2\.40\d, and the goal is 2\.400")])
def test_the_verdict_on_a_step_size_says_what_three_times_as_much_gives(lr, seen):
    assert re.search(seen, judge_step_size(lr).message)


def test_a_peak_that_is_just_beyond_the_room_is_told_apart_from_it(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)  # a GPU's allocator finds other megabytes
    assert "the peak is 180.7 MB, and there is room for 180." in judge_batch(91).message


def test_a_plan_that_is_half_answered_is_told_which_half_is_right():
    assert "Stage 3: 26 GB on each of 8 cards, which is right." in judge_cards({"stage 3": 8, "stage 1": None}).message
    assert "which is right" not in judge_cards({"stage 3": 4, "stage 1": "never"}).message
