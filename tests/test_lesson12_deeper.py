"""The deeper notebook of lesson 12: what it says of bytes and products, of Lion, Shampoo and SOAP, of ends, widths and memories."""
from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lessonlib import State, adam
from lessonlib.data import recorded, text
from lessonlib.lessons.lesson12 import (
    apart,
    axes,
    controls,
    costs,
    judges,
    judges_deeper,
    ravine,
    read_ends,
    read_halves,
    read_widths,
    records,
    widths,
)
from lessonlib.lessons.lesson12.shampoo import begun, shampoo
from lessonlib.lessons.lesson12.soap import soap

FIRST = "as in the picture"


def test_the_bytes_of_state_are_what_each_rule_keeps():
    found = {name: costs.held(make) for name, make in costs.MAKERS.items()}
    assert found == {"SGD": 0, "momentum": 4, "Lion": 4, "Muon": 4, "AdamW": 8, "Adafactor": 4 * (256 + 1024) / (256 * 1024)}


def test_the_bytes_of_shampoo_and_soap_are_those_of_their_matrices():
    assert [axes.kept(rule, (12, 12)) for rule in ("muon", "adam", "shampoo", "soap")] == [4, 8, 20, 24]
    assert [axes.kept(rule, (8, 32)) for rule in ("shampoo", "soap")] == [38, 42]  # the same at 256 by 1024
    assert axes.kept("soap", (8, 32)) - 2 * 4 * 32 * 32 / (8 * 32) == 10  # with the average and the axes of the smaller side alone


def test_a_transformers_block_costs_muon_a_quarter_in_the_main_lesson():
    name, width, tokens, square, block = costs.rows()[0]
    assert name == "the text of lesson 12"
    assert (square, block) == (pytest.approx(5 * width / tokens), pytest.approx(0.243, abs=0.001))
    took = recorded("after_cpu.json")["seconds"]
    assert took["muon, float32"] - took["adamw"] < 0.3 * (took["muon"] - took["adamw"])  # "most of the difference is gone"


def test_muons_products_are_those_that_orthogonal_makes(monkeypatch):
    from lessonlib.rules import orthogonal

    class Counted(np.ndarray):
        made = 0

        def __matmul__(self, other):
            Counted.made += self.shape[0] * self.shape[1] * other.shape[1]
            return np.asarray(self).__matmul__(np.asarray(other)).view(Counted)

    for rows, columns in ((6, 4), (4, 6), (5, 5)):
        Counted.made = 0
        orthogonal(np.random.default_rng(0).standard_normal((rows, columns)).view(Counted))
        assert Counted.made == costs.muon_products(rows, columns)


@pytest.mark.parametrize(("guess", "headline"), [
    (512_000, "Correct."), (5 * 1024 / 0.01, "Correct."), (102_400, "One of five steps."), (5120, "Not a percent."), (10_000, "Too small a batch."),
    (1_536_000, "Forward alone."), (1e7, "Too large a batch."), (None, "Not answered yet."), ("many", "Not a number of tokens.")])
def test_the_batch_that_muon_asks_for(guess, headline):
    verdict = judges.judge_tokens(guess, width=1024, share=0.01)
    assert verdict.headline == headline
    assert verdict or verdict.message.endswith("?")
    again = judges_deeper.judge_batch(guess, width=1024, share=0.01)
    assert (again.headline, again.message) == (headline, verdict.message)


def test_the_batch_that_is_right_for_a_transformers_block_is_named_so():
    tokens = next(n for n in range(1000, 10**6, 1000) if costs.block_share(1024, n) <= 0.01)
    verdict = judges_deeper.judge_batch(tokens, width=1024, share=0.01)
    assert verdict.headline == "That is for a transformer."
    assert verdict.message.endswith("?")


@pytest.mark.parametrize("guess", [170_667, 5 * 1024 / 0.03, 170_000])
def test_a_batch_for_one_product_in_each_of_the_five_steps_is_named_so(guess):
    verdict = judges_deeper.judge_batch(guess, width=1024, share=0.01)
    assert verdict.headline == "One of three products."
    assert "3.0% of the others" in verdict.message
    assert verdict.message.endswith("?")


@pytest.mark.parametrize("guess", [51.2, 51, 50])
def test_a_batch_that_is_multiplied_by_the_share_is_named_so(guess):
    verdict = judges_deeper.judge_batch(guess, width=1024, share=0.01)
    assert verdict.headline == "The share on the wrong side."
    assert verdict.message.endswith("?")
    assert "100 times" in verdict.message


def test_soap_with_axes_that_stay_is_adam_there():
    rng = np.random.default_rng(0)
    turns = [np.linalg.qr(rng.standard_normal((n, n)))[0] for n in (4, 3)]
    theta, s = np.zeros((4, 3)), None
    straight, kept = np.zeros((4, 3)), State()
    for t in range(9):
        plain = rng.standard_normal((4, 3)) * (t + 1)
        if t == 0:  # which sets the axes
            plain = np.eye(4, 3) * [3.0, 2.0, 1.0]
        theta, s = soap(theta, turns[0] @ plain @ turns[1].T, s, lr=0.1)
        straight, kept = adam(straight, plain, kept, lr=0.1)
    axes = [axis.T @ turn for axis, turn in zip((s.row_axes, s.column_axes), turns, strict=True)]
    for axis in axes:  # the axes of the first gradient, in another order and with other signs
        np.testing.assert_allclose(np.sort(abs(axis).ravel())[-len(axis):], 1, atol=1e-6)
    np.testing.assert_allclose(theta, turns[0] @ straight @ turns[1].T, atol=1e-6)


@pytest.fixture(scope="module")
def near_the_best():
    """Each rule over three step sizes around its best of all, which takes a seventh of the time."""
    best = {"adam": 12, "lion": 7, "muon": 10, "muon .8": 9, "shampoo": 12, "soap": 12, "shampoo, every tenth": 10, "shampoo, begun": 12, "soap, every step": 10,
            "Adam 0.9 0.9": 10, "Adam, one v for each matrix 0.9 0.999": 20, "lion 0.9 0.9": 7, "Muon 0.9": 9, "shampoo 0.95": 13, "soap 0.95": 12}
    whole, tuned = ravine.LRS, ravine.tuned
    found = {}

    def done(rule, change=FIRST):
        if (rule, change) not in found:
            ravine.LRS = whole[best[rule] - 1:best[rule] + 2]
            try:
                found[rule, change] = tuned.__wrapped__(rule, *ravine.CHANGES[change])
            finally:
                ravine.LRS = whole
        return found[rule, change]

    kept, axes.done = axes.done, done
    yield done
    axes.done = kept


def test_adam_and_lion_notice_the_turn_alone_and_muon_shampoo_and_soap_neither(near_the_best):
    rules = ("adam", "lion", "muon", "muon .8", "shampoo", "soap")
    assert {rule: axes.what_it_notices(rule) for rule in rules} == {
        "adam": "the turn", "lion": "the turn", "muon": "neither", "muon .8": "neither", "shampoo": "neither", "soap": "neither"}


def test_a_loss_that_is_a_thousandth_of_the_sum_is_seen_when_nothing_of_it_is_learned(monkeypatch):
    shares = np.ones((ravine.STEPS + 1, ravine.SEEDS, 2)) * [1e-6, 1.0]
    monkeypatch.setattr(axes, "done", lambda rule, change=FIRST: ravine.Tuned(1.0, np.full(3, 1e-3), shares if change == FIRST else 1e-6 * shares, True))
    assert axes.worse("lion") == 1
    assert axes.what_it_notices("lion") == "both"


def test_the_order_of_muon_shampoo_and_soap_is_that_of_their_memories(near_the_best):
    ends = {rule: float(np.median(axes.left(rule))) for rule in ("muon", "muon .8", "shampoo", "soap")}
    assert max(ends["shampoo"], ends["soap"]) < ends["muon"] / 100
    assert 0.1 < ends["muon .8"] / ends["soap"] < 10
    assert all(axes.worse(f"{other} 0.95") > 3 * axes.worse("muon") for other in ("shampoo", "soap"))  # with 0.95 Muon ends lowest
    assert all(axes.worse(other) < axes.worse("Muon 0.9") / 3 for other in ("shampoo", "soap"))  # and with 0.9 highest


def test_the_second_beta_decides_what_the_turn_costs_adam_and_one_v_a_matrix_gains_nothing_without_it(near_the_best):
    turned, straight = zip(*(row[1:] for row in axes.turn_rows()), strict=True)
    adam_long, one_long, adam_short, lion_long = np.divide(turned, straight)
    assert min(adam_long, lion_long) > 1e4
    assert adam_short < 10  # "less than tenfold"
    assert axes.what_it_notices("Adam 0.9 0.9") == "neither"  # the fold of section 3
    assert turned[2] < turned[0] / 1000
    assert one_long == pytest.approx(1, rel=1e-6)  # without a v for each number the turn changes nothing
    assert turned[1] / turned[0] == pytest.approx(1, abs=0.2)  # and the gain of a v for each number is gone
    assert controls.best("Adam", beta2=0.999, beta1=0.9).left == pytest.approx(1e-4, rel=0.2)
    assert {controls.best("Adam", FIRST, way).beta2 for way in controls.SHOWN} == {0.9}


def test_muon_ends_more_than_tenfold_below_adam_with_the_cosine_to_0_alone():
    times = {way: controls.best("Adam", FIRST, way).left / controls.best("Muon", FIRST, way).left for way in controls.SHOWN}
    assert [way for way, each in times.items() if each > 10] == ["cosine to 0"]


@pytest.mark.parametrize(("rule", "near"), [("Adam", (1, 3.2)), ("Muon", (0.6, 1.1))])
def test_where_the_last_step_is_a_tenth_adam_and_muon_end_one_to_three_such_steps_away_and_with_a_smaller_one_lower(rule, near):
    """Of the other two columns it does not hold, where the last steps are too short to be hops around the minimum."""
    w, curvature = ravine.task(*ravine.CHANGES[FIRST])
    ends = {}
    for way, last in (("cosine to a tenth", 0.1), ("shorter", 0.01), ("line to 0", None), ("cosine to 0", 0.0)):
        best = controls.best(rule, FIRST, way if last != 0.01 else "cosine to a tenth")
        betas = {"beta1": best.beta1} | ({"beta2": best.beta2} if best.beta2 else {})
        found = []
        for lr in ravine.LRS[7:12]:
            theta, s = np.zeros_like(w), State()
            for t in range(ravine.STEPS):
                cosine = ravine.fall("cosine to 0", t)
                share = 1 - t / ravine.STEPS if last is None else last + (1 - last) * cosine
                before = theta
                theta, s = apart.RULES[apart.called(rule, betas)](theta, (theta - w) @ curvature, s, lr=share * lr)
            step, far = (np.linalg.norm(x, axis=(-2, -1)) for x in (theta - before, theta - w))
            left = np.median(ravine.loss(theta - w, curvature).sum(-1) / ravine.loss(w, curvature).sum(-1))
            found.append((left, np.median(far / step, axis=0)))
        ends[way] = min(found, key=lambda one: one[0])
    low, high = near
    assert all(low < far < high for far in ends["cosine to a tenth"][1])
    assert min(ends["line to 0"][1]) > 2.5
    assert min(ends["cosine to 0"][1]) > 20
    assert ends["cosine to a tenth"][0] / ends["shorter"][0] > 30  # the fold: "more than thirty times lower"


def test_torchs_adafactor_takes_no_more_than_one_over_the_root_of_t_times_the_size_of_the_weights():
    import torch

    def last_step(lr, size, steps=5):
        p = torch.nn.Parameter(torch.full((4, 3), size, dtype=torch.float64))
        optimizer = torch.optim.Adafactor([p], lr=lr)
        for _ in range(steps):
            before, p.grad = p.detach().clone(), torch.ones_like(p)
            optimizer.step()
        return float((p.detach() - before).norm() / before.norm())

    for size in (1.0, 100.0):
        assert last_step(0.3, size) == pytest.approx(0.3)
        assert [last_step(lr, size) for lr in (0.6, 0.9)] == pytest.approx([5**-0.5] * 2)


def test_the_step_size_of_adam_with_one_v_a_matrix_is_the_best_of_larger_ones_too(monkeypatch):
    monkeypatch.setattr(ravine, "LRS", np.array([56.0, 100.0, 178.0, 1000.0]))
    assert ravine.tuned.__wrapped__("Adam, one v for each matrix 0.9 0.999").lr == 100


def test_lion_with_one_scale_for_a_whole_matrix_notices_no_turn(monkeypatch):
    def whole(theta, g, s, *, lr, beta1=0.9, beta2=0.99):
        c = beta1 * s.m + (1 - beta1) * g
        return theta - lr * c / np.sqrt((c**2).mean((-2, -1), keepdims=True)), State(s.t + 1, beta2 * s.m + (1 - beta2) * g)

    monkeypatch.setitem(ravine.RULES, "whole", whole)
    monkeypatch.setattr(ravine, "LRS", ravine.LRS[4:9])
    turned, straight = (ravine.tuned.__wrapped__("whole", *ravine.CHANGES[change]).left for change in (FIRST, "not turned"))
    np.testing.assert_allclose(turned, straight, rtol=1e-3)


def test_the_table_of_old_powers_has_the_share_that_the_picture_has(near_the_best):
    rows = {name: median for name, median, _ in axes.renewed_rows()}
    assert [rows[axes.RENEWED[rule]] for rule in ("shampoo", "soap")] == [axes.worse(rule) for rule in ("shampoo", "soap")]


def test_soap_ends_higher_with_fresh_axes_than_with_old_ones(near_the_best):
    assert np.median(axes.left("soap, every step")) > 3 * np.median(axes.left("soap"))


def test_with_old_powers_shampoo_ends_far_higher_and_runs_away_once_and_after_a_fresh_start_it_does_not(near_the_best):
    fresh, old, later = (axes.left(rule) for rule in ("shampoo", "shampoo, every tenth", "shampoo, begun"))
    assert (old > 1000 * fresh).all()
    assert (old > 1).sum() == 1
    assert np.median(later) < 10 * np.median(fresh)
    assert (later < 1e-8).all()
    assert axes.who_is_hurt() == "Shampoo"
    assert [row[0] for row in axes.renewed_rows()] == list(axes.RENEWED.values())


def test_a_fresh_start_renews_the_powers_at_each_of_its_steps_and_then_at_every_tenth():
    rng, theta, s, kept = np.random.default_rng(0), np.zeros((4, 3)), None, []
    for _ in range(22):
        theta, s = begun(theta, rng.standard_normal((4, 3)), s, lr=0.1)
        kept.append(s.left)
    renewed = [t + 1 for t in range(1, 22) if not np.array_equal(kept[t], kept[t - 1])]
    assert renewed == [*range(2, 12), 21]


def test_a_scale_changes_no_step_of_lion():
    one, other = (ravine.tuned("lion", *ravine.CHANGES[change]) for change in ("as in the picture", "equal losses"))
    np.testing.assert_allclose(one.shares[-1], other.shares[-1], rtol=1e-9)  # of each matrix alone


def test_shampoo_without_memory_is_the_orthogonal_factor_and_of_no_scale():
    g = np.random.default_rng(0).standard_normal((5, 3)) * [3.0, 0.3, 0.03]
    found = np.linalg.svd(g, full_matrices=False)
    np.testing.assert_allclose(axes.without_memory(g), found.U @ found.Vh, atol=1e-4)
    np.testing.assert_allclose(axes.without_memory(1e3 * g), axes.without_memory(g), atol=1e-6)


def test_shampoo_turns_with_its_gradients():
    rng = np.random.default_rng(1)
    turns = [np.linalg.qr(rng.standard_normal((n, n)))[0] for n in (4, 3)]
    ends, states = [np.zeros((4, 3))] * 2, [None, None]
    for _ in range(12):
        plain = rng.standard_normal((4, 3))
        for k, g in enumerate((plain, turns[0] @ plain @ turns[1].T)):
            ends[k], states[k] = shampoo(ends[k], g, states[k], lr=0.1, every=5)
    np.testing.assert_allclose(ends[1], turns[0] @ ends[0] @ turns[1].T, atol=1e-8)


@pytest.mark.parametrize(("guess", "headline"), [
    (-0.25, "Correct."), (-1 / 4, "Correct."), (-0.5, "Right for one factor."), (0.25, "The wrong sign."), (-0.1, "Too weak a power."),
    (0, "Too weak a power."), (-1, "Too strong a power."), (None, "Not answered yet."), ("-1/4", "Not a power.")])
def test_the_power_of_shampoo(guess, headline):
    verdict = judges_deeper.judge_power(guess)
    assert verdict.headline == headline
    assert verdict or verdict.message.endswith("?")


def late(t, steps):
    return min(1.0, (steps - t + 1) / (0.2 * steps))


def late_to_zero(t, steps):
    return 1.0 if t <= 0.8 * steps else (steps - t) / (0.2 * steps)


def along(curve):
    """A late fall along another curve than a line; curve: from 0 to 1 of the fall to the share."""
    return lambda t, steps: 1.0 if t <= 0.8 * steps else float(curve((t / steps - 0.8) / 0.2))


@pytest.mark.parametrize(("function", "headline"), [
    (late, "Correct."), (late_to_zero, "Near enough."), (lambda t, steps: min(1.0, (steps - t + 2) / (0.2 * steps)), "Near enough."),
    (lambda t, steps: min(1.0, (steps - t + 1) / (0.2 * steps + 1)), "Correct."), (lambda t, steps: 1 - t / steps, "It falls from the start."),
    (lambda t, steps: 1, "It never falls."), (lambda t, steps: min(1, (steps - t) / (0.8 * steps)), "It falls for most of the training."),
    (lambda t, steps: 1 if t < 0.8 * steps else 0, "It falls at once."), (lambda t, steps: 1 if t <= 0.8 * steps else 1 - t / steps, "It jumps."),
    (lambda t, steps: 1 if t <= 0.8 * steps else (t - 0.8 * steps) / (0.2 * steps), "It rises."),
    (lambda t, steps: min(1, (steps - t) / 20), "Right for 100 steps only."), (lambda t, steps: 0.5, "Not yet."),
    (lambda t, steps: min(1.0, (steps - t + 1) / (0.1 * steps)), "It falls over a tenth."),
    (lambda t, steps: min(1.0, (steps - 1 - t) / (0.2 * steps - 1)), "It falls below zero."), (lambda t, steps: min(1, 5 * (1 - (t - 1) / steps)), "Correct."),
    (along(lambda s: 1 - s**0.5), "It falls along a root."), (along(lambda s: (1 + np.cos(np.pi * s)) / 2), "It falls along a cosine."),
    (lambda t, steps: 1 if t <= 0.8 * steps else (100 - t) / 20, "Right for 100 steps only."),
    (lambda t, steps: 1 if t <= 80 else (steps - t) / 20, "Right for 100 steps only."),
    (lambda t, steps: (steps - t) / (0.2 * steps), "It is above 1."), (lambda t, steps: 1 if t <= 0.8 * steps else None, "A branch returns nothing."),
    (lambda t, steps: None, "Not written yet."), (None, "Not written yet."), (lambda t: 1, "It takes other arguments.")])
def test_the_late_fall(function, headline):
    verdict = judges_deeper.judge_late(function)
    assert verdict.headline == headline
    assert verdict or headline.startswith("Not written") or verdict.message.endswith("?")


def test_a_late_fall_is_told_the_share_of_the_last_step_that_is_taken():
    assert judges_deeper.judge_late(late).message == (
        "Correct.\nOver 250 steps your line starts from 1 at t = 201. At t = 249 a share of 0.04 is left, and at t = 250 0.02.")


def test_a_late_fall_whose_last_step_moves_nothing_is_told_so():
    message = judges_deeper.judge_late(late_to_zero).message
    assert "starts from 1 at t = 200." in message
    assert "and at t = 250 0." in message
    assert message.endswith("A step of size 0 moves nothing. At which t is the line to be 0, so that none is lost?")


def step(x, z, t, grad, lr, beta):
    y = (1 - beta) * z + beta * x
    z = z - lr * grad(y)
    return x + (z - x) / t, z


@pytest.mark.parametrize("slip", judges_deeper.STEP_SLIPS, ids=lambda slip: slip[0])
def test_each_slip_of_a_step_of_schedule_free_is_named(slip):
    verdict = judges_deeper.judge_step(slip[2])
    assert verdict.headline == slip[0]
    assert verdict.message.endswith("?")


@pytest.mark.parametrize(("function", "headline"), [
    (step, "Correct."), (lambda x, z, t, grad, lr, beta: (1 - 1 / t) * x + 1 / t * (z - lr * grad(beta * x + (1 - beta) * z)), "Not two numbers."),
    (lambda x, z, t, grad, lr, beta: (x, z), "Not yet."), (None, "Not written yet.")])
def test_a_step_of_schedule_free(function, headline):
    assert judges_deeper.judge_step(function).headline == headline


@pytest.mark.parametrize(("function", "seen"), [
    (lambda x, z, t, grad, lr, beta: step(x, z, t, grad, lr, beta if t < 8 else 0.5), "t = 8, lr = 0.1 and beta = 0.6, and exp"),
    (lambda x, z, t, grad, lr, beta: step(x, z, t, grad, 0.5, beta), "t = 3, lr = 0.2 and beta = 0.9, and sin"),
    (lambda x, z, t, grad, lr, beta: (x, z), "t = 1, lr = 0.5 and beta = 0.9, and sin")])
def test_a_wrong_step_is_told_a_setting_in_which_it_is_wrong(function, seen):
    message = judges_deeper.judge_step(function).message
    assert seen in message
    assert "and z is not right" in message


def test_a_beta_written_as_a_number_is_named_so():
    def fixed(x, z, t, grad, lr, beta):
        z = z - lr * grad(0.1 * z + 0.9 * x)
        return x + (z - x) / t, z

    assert judges_deeper.judge_step(fixed).headline == "beta is written as a number."


RIGHT = {"first": 0.01, "inside": 0.01 / 16, "last": 0.01 / 16}


@pytest.mark.parametrize(("change", "headline"), [
    ({}, "Correct."), ({"first": 0.01 / 16}, "Look at first."), ({"inside": 0.01}, "Look at inside."), ({"last": 0.01}, "Look at last."),
    ({"inside": 0.0025}, "Look at inside."), ({"last": 0.16}, "Look at last."), ({"last": 0.003}, "Look at last."),
    ({"last": None}, "Not answered yet."), ({"last": "0.1"}, "Not a step size for last."), ({"other": 1}, "Not a step size for each.")])
def test_the_step_sizes_of_a_wide_network(change, headline):
    verdict = judges_deeper.judge_widths(RIGHT | change, lr=0.01, narrow=64, wide=1024)
    assert verdict.headline == headline
    assert verdict or verdict.message.endswith("?")


@pytest.mark.parametrize(("inside", "within"), [(0.0006, "rounded too far"), (0.01 * 32 / 1024, "counts from a width of 32"), (0.0025, "has a root")])
def test_a_slip_with_a_width_is_named(inside, within):
    assert within in judges_deeper.judge_widths(RIGHT | {"inside": inside}, lr=0.01, narrow=64, wide=1024).message


@pytest.mark.parametrize(("guess", "headline"), [
    (0.95 ** (1 / 16), "Correct."), (0.9968, "Correct."), (1 - 0.05 / 16, "Near enough."), (0.95, "The same number of steps."), (0.95**16, "The other way."),
    (0.05 / 16, "One minus it."), (1 - 0.95 ** (1 / 16), "One minus it."), (1 - 0.05 / 4, "That has a root."), (0.997, "Near enough."), (0.9967, "The idea may be right."), (0.99, "Not yet."), (1, "It never forgets."), (0, "The other way."), (0.9, "The other way."), (1.5, "Not a number between 0 and 1.")])
def test_the_memory_of_a_smaller_batch(guess, headline):
    verdict = judges_deeper.judge_memory(guess, beta2=0.95, batch=512, smaller=32)
    assert verdict or "216" not in verdict.message  # the steps that are asked for
    assert verdict.headline == headline
    assert verdict or verdict.message.endswith("?")


def test_a_share_that_is_divided_by_the_factor_of_the_batch_is_named_so():
    message = judges_deeper.judge_memory(1 - 0.05 / 16, beta2=0.95, batch=512, smaller=32).message
    assert message.startswith("Near enough.\nYou divided 1 - beta2 by 16, and the memory lasts 16.4 times")


FOUND = records.from_record()


def test_stopped_half_way_a_long_cosine_is_lower_here_and_both_newer_ways_end_lower_still():
    ends = {way: {n: read_ends.end(FOUND, way, n) for n in read_ends.lengths(FOUND)} for way in read_ends.NAMES}
    assert all(read_ends.planned(FOUND, way, n).inside for way, each in ends.items() for n in each)
    assert read_ends.lengths(FOUND) == [100, 200, 400, 800]
    assert records.compared(read_ends.stopped(FOUND, "cosine", 400), ends["cosine"][400]) == records.BELOW
    stopped = [records.compared(read_ends.stopped(FOUND, "cosine", n), ends["cosine"][n]) for n in (100, 200, 400)]
    assert stopped == [records.TIED, records.BELOW, records.BELOW]  # "at 200 and 400 steps"
    assert read_ends.verdict(FOUND, "late", "cosine", 100) == records.TIED
    assert max(each.max() - each.min() for ways in ends.values() for each in ways.values()) < 0.1  # no seed broke
    for way in ("late", "free"):
        assert [read_ends.verdict(FOUND, way, "cosine", n) for n in (200, 400, 800)] == [records.BELOW] * 3
        assert all(np.median(ends[way][n]) < np.median(ends["cosine"][n]) for n in ends[way])
    assert all(np.median(ends["free"][n]) < np.median(ends["late"][n]) + 0.01 for n in ends["free"])  # "as low"
    for way in ("late", "mean fifth", "free"):  # "lower than no fall at all", "from 200 steps on"
        assert all(np.median(ends[way][n]) < np.median(ends["mean none"][n]) for n in ends[way])
        assert [read_ends.verdict(FOUND, way, "mean none", n) for n in (200, 400, 800)] == [records.BELOW] * 3
    assert {read_ends.verdict(FOUND, "cosine", "mean none", n) for n in ends["cosine"]} == {records.TIED}


def test_with_2400_steps_the_cosine_ends_lower_than_no_fall():
    """So it is the length that lets the cosine gain nothing at the four lengths of the picture."""
    tops = {way: records.best([row for row in FOUND["longer"] if row["way"] == way], "test", by=np.mean) for way in ("cosine", "none")}
    assert all(top.inside for top in tops.values())
    assert records.compared(tops["cosine"].found[:, -1], tops["none"].found[:, -1]) == records.BELOW
    assert read_ends.much_longer(FOUND) == (2400, {way: top.median for way, top in tops.items()})


def test_a_mean_over_all_steps_is_worse_than_none():
    none, every = ([np.median(read_ends.end(FOUND, f"mean {mean}", n)) for n in (100, 200, 400, 800)] for mean in ("none", "all"))
    assert all(high > low for high, low in zip(every, none, strict=True))  # "worse here than no mean"
    assert (round(every[-1], 2), round(none[-1], 2)) == (1.99, 1.79)  # as the text says


def test_every_way_is_best_at_one_step_size_and_a_longer_warm_up_helps_the_cosine():
    lrs = {way: {read_ends.planned(FOUND, way, n).lr for n in read_ends.lengths(FOUND)} for way in read_ends.NAMES}
    assert lrs.pop("mean none") == {0.0056}  # "and half of it without a fall"
    assert all(each == {0.01} for each in lrs.values())
    swept = {"late": FOUND["late"], "free": FOUND["free"], "fifth": [row for row in FOUND["means"] if row["average"] == "fifth"]}
    for way, rows in swept.items():  # "the same step size was best for every way and length": those of one run too
        for n in read_ends.lengths(FOUND):
            ends = {}
            for row in rows:
                if way != "late" or row["steps"] == n:
                    ends.setdefault(row["lr"], []).append(row["test"][n // 20 - 1])
            assert min(ends, key=lambda lr: np.mean(ends[lr])) == 0.01
    warm = [row for row in recorded("lab_cpu.json")["sweep"] if (row["rule"], row["warmup"], row["clip"]) == ("adamw", 50, 0.25)]
    assert records.best(warm, "test").median == pytest.approx(2.23, abs=0.005)


def test_in_the_standard_way_the_best_step_size_falls_and_in_mup_it_stays():
    tops = {way: [read_widths.best_of(FOUND, way, width) for width in read_widths.widths(FOUND)] for way in read_widths.WAYS}
    assert all(top.inside for each in tops.values() for top in each)
    assert read_widths.fell(FOUND, "standard") == pytest.approx(8, rel=0.01)
    assert 0.45 < read_widths.fell(FOUND, "muP") < 2.2
    assert tops["muP"][-1].median / tops["standard"][-1].median == pytest.approx(2.1, abs=0.05)  # "twice"
    alone = read_widths.best_of(FOUND, "step sizes alone", 512)
    assert alone.inside
    ends = [{way: np.array([row["loss"] for row in FOUND["widths"] if (row["way"], row["width"], row["lr"]) == (way, 512, tops[way][k].lr)])
             for way in read_widths.WAYS} for k in range(3)]
    assert [row[1:] for row in read_widths.carried_rows(FOUND)] == [[float(np.median(each[way])) for way in read_widths.WAYS] for each in ends]
    assert [records.compared(each["muP"], each["standard"]) for each in ends] == [records.BELOW, records.TIED, records.ABOVE]  # as the text says
    assert alone.median / tops["standard"][-1].median == pytest.approx(1.7, abs=0.05)
    assert records.compared(alone.found, tops["standard"][-1].found) == records.ABOVE
    assert read_widths.carried(FOUND, "muP")[1] > read_widths.carried(FOUND, "standard")[1]  # a fourfold width gains nothing
    assert max(read_widths.carried(FOUND, "muP")) < 1.5 < 3 < read_widths.carried(FOUND, "standard")[-1]


def test_the_standard_start_of_the_last_matrix_alone_shows_in_the_output_and_so_does_its_standard_step_size():
    rows = {name: each for name, *each in widths.change_rows((64, 256, 1024), 0.001, steps=3)}
    for slip in ("last, standard start", "last, standard step size"):
        low, middle, high = rows.pop(slip)
        assert low < middle / 1.1 < high / 1.1**2
        assert high > 1.7 * low
    assert list(rows) == ["matrix 5", "last, the output"]
    assert all(max(each) < 1.2 * each[0] for each in rows.values())  # "No row may keep growing"
    assert widths.moved(512, 0.001, "muP") == widths.changes(512, 0.001, "muP")[4]


def test_in_one_example_adam_moves_the_weights_of_a_unit_all_one_way_because_no_input_is_negative():
    import torch

    matrices, (x, y) = widths.start(64, 0, "standard"), (part[:1] for part in widths._data())
    torch.nn.functional.cross_entropy(widths._layers(matrices, x)[-1], y).backward()
    for inner in matrices[1:-1]:  # the first step of Adam has the signs of the gradient
        signs = inner.grad.sign()
        assert not ((signs > 0).any(1) & (signs < 0).any(1)).any()
        assert signs.any()


def test_in_training_the_units_change_along_the_last_matrix_and_not_along_a_fresh_one():
    """How far the last matrix as it was at the start carries the change of the units, over what it would be if the terms cancelled."""
    import torch

    grown = {"own": [], "fresh": []}
    for width in (128, 2048):
        matrices, (x, y) = widths.start(width, 0, "muP"), (part[:256] for part in widths._data())
        optimizer, own = torch.optim.Adam(widths.groups(matrices, 0.001, "muP")), matrices[-1].detach().clone()
        before = widths._layers(matrices, x)[-2].relu().detach()
        for _ in range(3):
            optimizer.zero_grad()
            torch.nn.functional.cross_entropy(widths._layers(matrices, x)[-1], y).backward()
            optimizer.step()
        change = widths._layers(matrices, x)[-2].relu().detach() - before
        fresh = torch.randn(own.shape, generator=torch.Generator().manual_seed(99)) * own.std()
        for name, last in (("own", own), ("fresh", fresh)):
            size = [part.square().mean().sqrt().item() for part in (change @ last.T, change, last)]
            grown[name].append(size[0] / (size[1] * size[2] * width**0.5))
    assert grown["own"][1] > 2 * grown["own"][0] > 3
    assert grown["fresh"] == pytest.approx([1, 1], abs=0.3)


def test_only_mup_reaches_the_goal_of_one_step_size():
    experiment = read_widths.carry()
    met = {(way, lr) for way in read_widths.WAYS for lr in experiment.controls["lr"].values if experiment.goal.met(way=way, lr=lr)}
    assert {way for way, _ in met} == {"muP"}
    assert not experiment.shows  # the stored picture is the start, at the best of the narrowest network in the standard way
    assert experiment.values() == {"way": "standard", "lr": read_widths.best_of(FOUND, "standard", 32).lr}


def test_two_steps_of_v_do_harm_beside_a_long_m_and_none_beside_a_short_one():
    assert np.log(0.5) / np.log([0.9, 0.5]) == pytest.approx([6.6, 1], abs=0.05)  # half-lives of m
    assert 1024 / (16 * FOUND["size"]["context"]) == 2
    assert read_halves.harmed(FOUND, 16, 1024)
    for beta1 in (0.5, 0.0):
        tops = [read_halves.best_at(FOUND, 16, half, beta1) for half in read_halves.half_lives(FOUND)]
        assert all(top.inside for top in tops)
        assert not read_halves.harmed(FOUND, 16, 1024, beta1)
        assert records.compared(tops[0].found, read_halves.best_at(FOUND, 16, 1024).found) == records.BELOW


def test_a_memory_of_two_steps_or_less_does_harm_and_a_longer_one_none():
    context = FOUND["size"]["context"]
    for batch in read_halves.batches(FOUND):
        for half in read_halves.half_lives(FOUND):
            assert read_halves.harmed(FOUND, batch, half) == (half / (batch * context) <= 2)
    everywhere = [read_halves.best_at(FOUND, batch, half) for batch in read_halves.batches(FOUND) for half in read_halves.half_lives(FOUND)]
    assert [top.inside for top in everywhere].count(False) == 1  # the shortest one at 128 windows
    assert not read_halves.best_at(FOUND, 128, 1024).inside
    for batch in (2, 16):
        long = [read_halves.best_at(FOUND, batch, half).found for half in read_halves.half_lives(FOUND) if half / (batch * context) > 2]
        assert {records.compared(one, other) for one in long for other in long} == {records.TIED}
    for batch in read_halves.batches(FOUND):
        medians = [read_halves.best_at(FOUND, batch, half).median for half in read_halves.half_lives(FOUND)]
        assert medians[-1] < min(medians) + 0.02  # "the longest half-life is good at all three batches"


def test_with_128_windows_the_trainings_learn_little_more_than_the_frequencies_of_the_letters():
    alone = read_halves.by_frequency(text())
    assert alone == pytest.approx(3.04, abs=0.005)
    ends = {batch: [read_halves.best_at(FOUND, batch, half).median for half in read_halves.half_lives(FOUND)] for batch in read_halves.batches(FOUND)}
    assert all(alone - 0.25 < end for end in ends[128])  # "little more, or less"
    assert sum(end > alone for end in ends[128]) == 2
    assert max(ends[2] + ends[16]) < alone - 0.6
    assert read_halves.harmed_rows(FOUND)[1][1] == "2 steps: 2.32, higher"


def test_a_mean_of_the_last_fifth_is_as_low_as_a_late_fall_and_the_same_mean_without_y_is_not_as_low_as_schedule_free():
    fifth = {n: {way: read_ends.verdict(FOUND, "mean fifth", way, n) for way in ("late", "free")} for n in read_ends.lengths(FOUND)}
    assert all(each["late"] == records.TIED for each in fifth.values())
    assert [n for n, each in fifth.items() if each["free"] == records.ABOVE] == [100, 800]
    assert read_ends.verdict(FOUND, "mean free", "free", 800) == records.ABOVE


def test_the_mean_that_torch_keeps_is_that_of_all_weights_since_it_was_made():
    import torch

    model = torch.nn.Linear(1, 1)
    kept, seen = torch.optim.swa_utils.AveragedModel(model), []
    for value in (1.0, 2.0, 6.0):
        torch.nn.init.constant_(model.weight, value)
        kept.update_parameters(model)
        seen.append(value)
    assert kept.module.weight.item() == pytest.approx(np.mean(seen))


def test_on_a_ravine_with_a_little_noise_the_gradient_at_z_and_at_x_both_cost_schedule_free():
    rows = dict(read_ends.between((0.0, 0.5, 0.9, 0.99, 1.0)))
    assert min(rows[0.0], rows[1.0]) > 2.3 * max(rows[0.5], rows[0.9])  # "At both ends the loss is more than twice as high"
    assert rows[0.99] > 1.7 * rows[0.9]  # "and at 0.99 it is higher already"
    noisy = [loss for _, loss in read_ends.between((0.0, 0.5, 0.9, 0.99, 1.0), noise=1.0)]
    assert max(noisy) < 1.5 * min(noisy)  # the fold


def test_the_table_of_betas_takes_the_step_of_the_exercise(monkeypatch):
    rng, curvature = np.random.default_rng(1), (1.0, 0.02)
    points = {(axis, run): (3.0, 3.0) for axis in (0, 1) for run in (0, 1)}
    for t in range(1, 31):
        noise = 0.1 * rng.standard_normal((2, 1, 2))
        for (axis, run), (x, z) in points.items():
            def grad(y, axis=axis, run=run, noise=noise):
                return curvature[axis] * y + noise[axis, 0, run]

            points[axis, run] = judges_deeper.free_step(x, z, t, grad, 0.5 * min(1, t / 20), 0.9)
    monkeypatch.setattr(read_ends, "SWEPT", np.array([0.5]))
    loss = sum(curvature[axis] * x**2 / 2 for (axis, _), (x, _) in points.items()) / 2
    assert read_ends.between((0.9,), steps=30, seeds=2) == [[0.9, pytest.approx(loss)]]


def test_schedule_free_is_lower_than_the_mean_of_the_last_fifth_and_the_late_fall_at_100_and_800_steps_and_else_the_three_overlap():
    for way in ("mean fifth", "late"):
        assert [read_ends.verdict(FOUND, "free", way, n) for n in (100, 200, 400, 800)] == [
            records.BELOW, records.TIED, records.TIED, records.BELOW]
    assert {read_ends.verdict(FOUND, "mean fifth", "late", n) for n in read_ends.lengths(FOUND)} == {records.TIED}


def test_a_late_fall_whose_steps_are_as_long_in_all_as_the_cosines_ends_lower_too():
    ends = {way: np.array([row["test"][-1] for row in FOUND[way] if (row["steps"], row["lr"]) == (800, lr)])
            for way, lr in (("late", 0.0056), ("cosine", 0.01))}
    assert 0.01 * read_ends.way_of("cosine", 800).sum() == pytest.approx(0.0056 * read_ends.way_of("late", 800).sum(), rel=0.01)
    assert records.compared(ends["late"], ends["cosine"]) == records.BELOW


def test_an_empty_step_is_told_every_argument_that_it_was_called_with():
    message = judges_deeper.judge_step(lambda x, z, t, grad, lr, beta: None).message
    assert "x = 1, z = 1, t = 1, grad = sin, lr = 0.5 and beta = 0.9" in message


def test_the_lines_that_let_a_saved_training_fall_keep_each_groups_share_and_the_optimizers_state():
    import torch

    source = (Path(__file__).resolve().parent.parent / "authoring" / "lessons" / "deeper" / "12_after_adamw.py").read_text(encoding="utf-8")
    block = next(text for text in source.split("# ```")[1::2] if "saved" in text)
    lines = "\n".join(line.removeprefix("# ") for line in block.removeprefix("python").splitlines())

    def made():
        layers = torch.nn.Linear(2, 2), torch.nn.Linear(2, 1)
        groups = [{"params": layer.parameters(), "lr": lr} for layer, lr in zip(layers, (0.4, 0.1), strict=True)]
        return torch.nn.Sequential(*layers), torch.optim.AdamW(groups)

    def train(model, optimizer):
        optimizer.zero_grad()
        model(torch.ones(3, 2)).sum().backward()
        optimizer.step()

    model, optimizer = made()
    for _ in range(4):
        train(model, optimizer)
    saved = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    fresh, other = made()
    for group in other.param_groups:  # of a training that nobody saved
        group["lr"] = 9.0
    seen = []

    def train_step():
        seen.append([group["lr"] for group in other.param_groups])
        train(fresh, other)

    exec(compile(lines, "the lesson", "exec"), {"model": fresh, "optimizer": other, "saved": saved, "begin": 4, "end": 8, "train_step": train_step})
    np.testing.assert_allclose(seen, np.outer([late(t, 20) for t in range(17, 21)], [0.4, 0.1]), atol=1e-12)
    assert {int(s["step"]) for s in other.state.values()} == {8}
