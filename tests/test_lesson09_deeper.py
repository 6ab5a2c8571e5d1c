"""The deeper part of lesson 9: what it measures, and its judge."""
from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from lessonlib import State, adam, grid, misconceptions, problems, rmsprop, run, sgd
from lessonlib.lessons.lesson09 import basins, measured, play
from lessonlib.lessons.lesson09.judges_deeper import judge_rmsprop
from lessonlib.lessons.lesson09.problems import blocks, wilson


def test_no_sequence_beats_the_bound_of_cauchy_and_schwarz_and_a_growing_one_reaches_it():
    bound, shorter = (0.1 / (1 - b) ** 0.5 / (1 - 0.81 / b) ** 0.5 for b in (0.999, 0.95))
    growing = measured.step_lengths([1e-4] * 20_000 + [1e-4 * (0.999 / 0.9) ** i for i in range(1, 221)])
    assert bound == pytest.approx(7.27, abs=0.01)
    assert 0.99 * bound < growing[-1] <= bound
    assert shorter == pytest.approx(1.165, abs=1e-3)


def test_without_correction_training_gains_at_a_small_step_and_loses_at_the_best():
    without = misconceptions.of(adam)[0]
    small, best = ([measured.mean_training_loss(rule, lr=lr, seeds=1)[-1] for rule in (adam, without)] for lr in (0.001, 0.05))
    assert small[1] < 0.5 * small[0]
    assert best[1] > 2 * best[0]


def test_each_at_its_own_best_step_adam_is_ahead_of_gradient_descent_on_rosenbrock():
    lrs = np.geomspace(1e-4, 1, 161)[:, None]
    plain, tuned = (run(rule, problems.rosenbrock(), steps=150, record="last", lr=lrs).loss[0].min() for rule in (sgd, adam))
    assert plain == pytest.approx(0.135, abs=5e-3)
    assert tuned < 0.001
    assert not play.surface_race().goal.met(surface="Rosenbrock", lr=1e-4, noise=0.0)


def test_the_ranking_marks_ties():
    assert basins.ranking({"sgd": 0.9753, "momentum": 0.9753, "rmsprop": 0.155, "adam": 0.1}) == "sgd = momentum > rmsprop > adam"


def test_a_long_memory_of_v_makes_a_hit_seven_times_as_likely():
    betas = np.linspace(0.5, 0.999, 20)
    space = grid(lr=np.geomspace(1e-3, 1, 40), beta1=np.linspace(0, 0.99, 34), beta2=betas)
    reached = run(adam, problems.ravine(100, 20), steps=100, record="last", **space).loss[0] < 1e-4
    assert reached.mean() == pytest.approx(0.0294, abs=5e-4)
    assert 6 < reached[:, :, betas > 0.94].mean() / reached[:, :, betas < 0.94].mean() < 8
    assert 0.3 < reached[:, :, betas < 0.9].sum() / reached.sum() < 0.4


def test_only_where_curvatures_are_alike_can_scales_help():
    for turn in range(3):
        assert measured.scaled_condition(mixed=False, turn=turn) < 3
        assert measured.scaled_condition(mixed=True, turn=turn) > 700
    hessian = np.array([blocks(mixed=True).grad(unit, None) for unit in np.eye(9)])
    assert np.count_nonzero(hessian, axis=1).tolist() == [3] * 9


def test_what_is_rounding_is_not_shown_as_a_result():
    assert measured.shown(4e-15, 1e-10) == "< 1e-10"
    assert measured.left_on_blocks(adam, mixed=False, turns=3) < 1e-10


def test_a_jump_makes_the_steps_of_a_long_memory_about_fifty_times_too_short():
    lengths = measured.step_lengths(np.r_[np.ones(300), 100 * np.ones(100), np.ones(600)])
    assert 1 / lengths.min() == pytest.approx(47, abs=1)


def test_on_wilsons_samples_a_rule_of_equal_steps_gives_three_equal_weights():
    w = run(adam, wilson(), steps=3000, record="last", lr=0.01).theta[0]
    assert w[:3] == pytest.approx([w[0]] * 3, rel=1e-3)
    assert wilson().metrics["test error"](w) == pytest.approx(0.4)


def corrected(v_hat, *, keep=lambda v, v_hat: v, root=lambda v: v**0.5):
    def my_rmsprop(theta, g, s, *, lr, beta2, eps):
        t = s.t + 1
        v = beta2 * s.v + (1 - beta2) * g**2
        hat = v_hat(v, beta2, t)
        return theta - lr * g / (root(hat) + eps), State(t, 0.0, keep(v, hat))
    return my_rmsprop


def swapped(theta, g, s, *, lr, beta2, eps):
    _, after = corrected(lambda v, b, t: v / (1 - b**t))(theta, g, s, lr=lr, beta2=beta2, eps=eps)
    return corrected(lambda v, b, t: v / (1 - b**t))(theta, g, s, lr=lr, beta2=beta2, eps=eps)[0], State(after.t, after.v)


@pytest.mark.parametrize(("attempt", "headline"), [
    (None, "Not written yet."), (corrected(lambda v, b, t: v / (1 - b**t)), "Correct."), (partial(adam, beta1=0.0), "Correct."),
    (rmsprop, "Not yet: no bias correction"), (corrected(lambda v, b, t: v), "Not yet: no bias correction"),
    (corrected(lambda v, b, t: v / (1 - b**t), keep=lambda v, hat: hat), "Not yet: corrected moments stored back"),
    (corrected(lambda v, b, t: v / (1 - b)), "Not yet: division by 1 - beta without t"), (swapped, "v is lost."),
    (corrected(lambda v, b, t: v / (1 - b**t), root=lambda v: v), "Not yet: no root")])
def test_a_corrected_rmsprop_is_judged_without_a_word_of_m(attempt, headline):
    verdict = judge_rmsprop(attempt)
    assert verdict.headline == headline, verdict.message
    assert verdict.passed == (headline == "Correct.")
    if not verdict and headline not in ("Not written yet.", "v is lost."):
        assert " m " not in verdict.message
        assert verdict.message.rstrip().endswith("?")
