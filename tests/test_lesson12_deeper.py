"""The deeper notebook of lesson 12: what it says of bytes and products, of Lion, Shampoo and SOAP, of ends, widths and memories."""
from __future__ import annotations

import numpy as np
import pytest

from lessonlib import State, adam
from lessonlib.data import recorded
from lessonlib.lessons.lesson12 import axes, costs, judges, judges_deeper, ravine, read_ends, read_halves, read_widths, records
from lessonlib.lessons.lesson12.shampoo import shampoo
from lessonlib.lessons.lesson12.soap import soap


def test_the_bytes_of_state_are_what_each_rule_keeps():
    found = {name: costs.held(make) for name, make in costs.MAKERS.items()}
    assert found == {"SGD": 0, "momentum": 4, "Lion": 4, "Muon": 4, "AdamW": 8, "Adafactor": 4 * (256 + 1024) / (256 * 1024)}


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
    (1e7, "Too large a batch."), (None, "Not answered yet."), ("many", "Not a number of tokens.")])
def test_the_batch_that_muon_asks_for(guess, headline):
    verdict = judges.judge_tokens(guess, width=1024, share=0.01)
    assert verdict.headline == headline
    assert verdict or verdict.message.endswith("?")


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


@pytest.fixture
def one_task(monkeypatch):
    """The lesson takes the median of three tasks; one is enough for factors of ten."""
    monkeypatch.setattr(ravine, "SEEDS", 1)
    ravine.tuned.cache_clear()
    yield
    ravine.tuned.cache_clear()


def test_soap_notices_neither_lion_notices_the_turn_and_soap_ends_lowest(one_task):
    assert ravine.what_it_notices("lion") == "the turn"
    assert ravine.what_it_notices("soap") == ravine.what_it_notices("muon") == "neither"
    first = "as in the picture"
    assert ravine.left("soap", first) < ravine.left("muon", first) / 500  # "a thousand times lower"
    assert ravine.left("soap, every step", first) > 3 * ravine.left("soap", first)  # "here they are worse"
    assert all(ravine.tuned(rule).inside for rule in ("lion", "soap", "soap, every step"))


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


def test_shampoo_notices_neither_and_ends_far_below_muon(one_task):
    assert ravine.what_it_notices("shampoo") == "neither"
    assert ravine.tuned("shampoo").inside
    assert ravine.left("shampoo", "as in the picture") < ravine.left("muon", "as in the picture") / 500
    assert ravine.left("shampoo", "as in the picture") < 3 * ravine.left("adam", "not turned")  # "to where Adam ends along the axes"


def test_with_old_powers_shampoo_ends_far_higher_and_runs_away_once():
    stale, fresh = (ravine.tuned(rule) for rule in ("shampoo, every tenth", "shampoo"))
    assert (stale.left > 1000 * fresh.left).all()
    assert (stale.left > 1).sum() == 1


@pytest.mark.parametrize(("guess", "headline"), [
    (-0.25, "Correct."), (-1 / 4, "Correct."), (-0.5, "Right for one factor."), (0.25, "The wrong sign."), (-0.1, "Too weak a power."),
    (0, "Too weak a power."), (-1, "Too strong a power."), (None, "Not answered yet."), ("-1/4", "Not a power.")])
def test_the_power_of_shampoo(guess, headline):
    verdict = judges_deeper.judge_power(guess)
    assert verdict.headline == headline
    assert verdict or verdict.message.endswith("?")


def late(t, steps):
    return 1.0 if t <= 0.8 * steps else (steps - t) / (0.2 * steps)


def late_by_one(t, steps):
    return min(1.0, (steps - t + 1) / (0.2 * steps))


@pytest.mark.parametrize(("function", "headline"), [
    (late, "Correct."), (late_by_one, "Correct."), (lambda t, steps: 1 - t / steps, "It falls from the start."),
    (lambda t, steps: 1, "It never falls."), (lambda t, steps: min(1, (steps - t) / (0.8 * steps)), "It falls for most of the training."),
    (lambda t, steps: 1 if t < 0.8 * steps else 0, "It falls at once."), (lambda t, steps: 1 if t <= 0.8 * steps else 1 - t / steps, "It jumps."),
    (lambda t, steps: 1 if t <= 0.8 * steps else (t - 0.8 * steps) / (0.2 * steps), "It rises."),
    (lambda t, steps: min(1, (steps - t) / 20), "Right for 100 steps only."), (lambda t, steps: 0.5, "Not yet."),
    (lambda t, steps: None, "Not written yet."), (None, "Not written yet."), (lambda t: 1, "It takes other arguments.")])
def test_the_late_fall(function, headline):
    verdict = judges_deeper.judge_late(function)
    assert verdict.headline == headline
    assert verdict or headline.startswith("Not written") or verdict.message.endswith("?")


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


RIGHT = {"first": 0.01, "inside": 0.01 / 16, "last": 0.01 / 16}


@pytest.mark.parametrize(("change", "headline"), [
    ({}, "Correct."), ({"first": 0.01 / 16}, "Look at first."), ({"inside": 0.01}, "Look at inside."), ({"last": 0.01}, "Look at last."),
    ({"inside": 0.0025}, "Look at inside."), ({"last": 0.16}, "Look at last."), ({"last": 0.003}, "Look at last."),
    ({"last": None}, "Not answered yet."), ({"last": "0.1"}, "Not a step size for last."), ({"other": 1}, "Not a step size for each.")])
def test_the_step_sizes_of_a_wide_network(change, headline):
    verdict = judges_deeper.judge_widths(RIGHT | change, lr=0.01, narrow=64, wide=1024)
    assert verdict.headline == headline
    assert verdict or verdict.message.endswith("?")


@pytest.mark.parametrize(("guess", "headline"), [
    (0.95 ** (1 / 16), "Correct."), (1 - 0.05 / 16, "Correct."), (0.95, "The same number of steps."), (0.95**16, "The other way."),
    (1 - 0.05 / 4, "That has a root."), (0.99, "Not yet."), (1, "Not yet."), (0, "The other way."), (0.9, "The other way."), (1.5, "Not a number between 0 and 1.")])
def test_the_memory_of_a_smaller_batch(guess, headline):
    verdict = judges_deeper.judge_memory(guess, beta2=0.95, batch=512, smaller=32)
    assert verdict.headline == headline
    assert verdict or verdict.message.endswith("?")


FOUND = records.from_record()


def test_stopped_half_way_a_long_cosine_is_lower_here_and_both_newer_ways_end_lower_still():
    ends = {way: {n: read_ends.end(FOUND, way, n) for n in read_ends.lengths(FOUND)} for way in read_ends.NAMES}
    assert all(read_ends.planned(FOUND, way, n).inside for way, each in ends.items() for n in each)
    assert read_ends.lengths(FOUND) == [100, 200, 400, 800]
    assert records.compared(read_ends.stopped(FOUND, "cosine", 400), ends["cosine"][400]) == records.BELOW
    assert read_ends.verdict(FOUND, "late", "cosine", 100) == records.TIED
    assert (ends["cosine"][100] > 2.7).sum() == 1  # one seed broke
    for way in ("late", "free"):
        assert [read_ends.verdict(FOUND, way, "cosine", n) for n in (200, 400, 800)] == [records.BELOW] * 3
        assert all(np.median(ends[way][n]) < np.median(ends["cosine"][n]) for n in ends[way])
    assert all(np.median(ends["free"][n]) < np.median(ends["late"][n]) + 0.01 for n in ends["free"])  # "as low"
    for _, _, _, no_fall, late_fall, _ in read_ends.rows(FOUND)[:-1]:
        assert late_fall < no_fall - 0.01  # "to rest at the end does help"


def test_a_cosine_that_covers_as_much_ground_breaks_for_a_seed_and_a_longer_warm_up_helps_it():
    lr = read_ends.planned(FOUND, "cosine", 800).lr
    further = [row["test"][-1] for row in FOUND["cosine"] if (row["steps"], row["lr"]) == (800, 0.018)]
    assert lr == read_ends.planned(FOUND, "late", 800).lr == 0.01
    assert sum(test > 2.1 for test in further) == 1
    assert np.median(further) > read_ends.planned(FOUND, "cosine", 800).median
    warm = [row for row in recorded("lab_cpu.json")["sweep"] if (row["rule"], row["warmup"], row["clip"]) == ("adamw", 50, 0.25)]
    assert records.best(warm, "test").median == pytest.approx(2.23, abs=0.005)


def test_in_the_standard_way_the_best_step_size_falls_and_in_mup_it_stays():
    tops = {way: [read_widths.best_of(FOUND, way, width) for width in read_widths.widths(FOUND)] for way in read_widths.WAYS}
    assert all(top.inside for each in tops.values() for top in each)
    assert read_widths.fell(FOUND, "standard") == pytest.approx(8, rel=0.01)
    assert 0.45 < read_widths.fell(FOUND, "muP") < 2.2
    assert tops["standard"][-1].median < tops["muP"][-1].median / 1.5  # tuned by itself the standard one learns faster
    assert read_widths.carried(FOUND, "muP")[1] > read_widths.carried(FOUND, "standard")[1]  # a fourfold width gains nothing
    assert max(read_widths.carried(FOUND, "muP")) < 1.5 < 3 < read_widths.carried(FOUND, "standard")[-1]


def test_only_mup_reaches_the_goal_of_one_step_size():
    experiment = read_widths.carry()
    met = {(way, lr) for way in read_widths.WAYS for lr in experiment.controls["lr"].values if experiment.goal.met(way=way, lr=lr)}
    assert {way for way, _ in met} == {"muP"}


def test_a_memory_of_two_steps_or_less_does_harm_and_a_longer_one_none():
    context = FOUND["size"]["context"]
    for batch in read_halves.batches(FOUND):
        for half in read_halves.half_lives(FOUND):
            assert read_halves.harmed(FOUND, batch, half) == (half / (batch * context) <= 2)
    everywhere = [read_halves.best_at(FOUND, batch, half) for batch in read_halves.batches(FOUND) for half in read_halves.half_lives(FOUND)]
    assert [top.inside for top in everywhere].count(False) == 1  # the shortest one at 128 windows
    for batch in read_halves.batches(FOUND):
        medians = [read_halves.best_at(FOUND, batch, half).median for half in read_halves.half_lives(FOUND)]
        assert medians[-1] < min(medians) + 0.02  # "the longest half-life is good at all three batches"


def test_on_a_parabola_the_mean_of_gradient_descent_is_nearer_than_x_in_nine_of_ten_runs():
    noise = np.random.default_rng(0).standard_normal((200, 1000))
    x = z = plain = np.full(1000, 3.0)
    mean, far = 0.0, np.zeros((2, 1000))
    for t, each in enumerate(noise, 1):
        x, z = judges_deeper.free_step(x, z, t, lambda y, each=each: y + each, 0.5, 0.9)
        plain = plain - 0.5 * (plain + each)
        mean = mean + (plain - mean) / t
        far += np.array([x**2, mean**2]) * (t > 100)
    assert 0.88 < (far[1] < far[0]).mean() < 0.97
