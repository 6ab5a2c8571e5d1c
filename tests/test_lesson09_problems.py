"""The problems of lesson 9: their laws, and what each is known for."""
from __future__ import annotations

import numpy as np
import problem_laws
import pytest

from lessonlib.lessons.lesson09.problems import blocks, reddi, wilson, zipf_bigram

SMOOTH = [blocks(), blocks(mixed=True), wilson(20), zipf_bigram(12)]


@pytest.mark.parametrize("problem", SMOOTH, ids=lambda p: p.name)
def test_the_gradient_is_the_slope_of_the_loss(problem):
    problem_laws.gradient_is_the_slope_of_the_loss(problem)


@pytest.mark.parametrize("problem", SMOOTH, ids=lambda p: p.name)
def test_the_minimum_is_stationary_and_nothing_near_is_lower(problem):
    problem_laws.minimum_is_stationary_and_nothing_near_is_lower(problem)


@pytest.mark.parametrize(("spike", "period"), [(101.0, 101), (3.0, 3)])
def test_reddis_minimum_is_the_end_that_the_mean_gradient_points_away_from(spike, period):
    problem, rng = reddi(spike, period), np.random.default_rng(0)
    mean = np.mean([problem.grad(np.zeros(1), rng)[0] for _ in range(300_000)])
    assert mean == pytest.approx((spike - period + 1) / period, abs=5 * spike / 300_000**0.5 / period**0.5)
    ends = problem.loss(np.array([[-1.0], [1.0]]))
    assert ends[0] < ends[1]
    assert problem.project(problem.minimum - 5.0) == problem.minimum


def test_both_block_problems_have_the_same_nine_curvatures():
    hessians = [np.array([p.grad(row, None) for row in np.eye(9)]) for p in (blocks(), blocks(mixed=True))]
    wanted = [1, 2, 3, 99, 100, 101, 4998, 4999, 5000]
    for h in hessians:
        np.testing.assert_allclose(np.linalg.eigvalsh(h), wanted, rtol=1e-9)


def test_wilsons_test_error_is_what_fresh_samples_show():
    problem, rng = wilson(), np.random.default_rng(5)
    theta = rng.standard_normal((6, problem.start.size))
    y = np.where(rng.random(40_000) < 0.6, 1.0, -1.0)
    predicted = theta[:, :1] * y + theta[:, 1:2] + theta[:, 2:3]
    np.testing.assert_allclose(problem.metrics["test error"](theta), (np.sign(predicted) != y).mean(1), atol=0.01)


def test_whole_numbers_for_theta_are_not_cut_to_whole_gradients():
    problem = reddi(3.5, 3)
    assert {problem.grad(np.array([0]), np.random.default_rng(seed))[0] for seed in range(20)} == {3.5, -1.0}


@pytest.mark.parametrize(("given", "whole"), [
    (lambda: wilson(20.0), lambda: wilson(20)), (lambda: zipf_bigram(8.0, 1.0), lambda: zipf_bigram(8, 1)),
    (lambda: blocks(seed=np.int8(2)), lambda: blocks(seed=2))])
def test_a_whole_number_may_come_as_a_float(given, whole):
    np.testing.assert_array_equal(given().minimum, whole().minimum)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: reddi(99.0, 101), r"spike=99\.0.*above period - 1 = 100"), (lambda: reddi(period=2.5), r"period=2\.5"),
    (lambda: reddi(None), "spike=None"), (lambda: wilson(0), "n=0"), (lambda: wilson(positive=1.5), r"positive=1\.5: .* at most 1"),
    (lambda: zipf_bigram(0), "vocabulary=0"), (lambda: blocks(seed=0.5), r"seed=0\.5")])
def test_impossible_problems_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
