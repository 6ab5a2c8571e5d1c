"""Every gradient against finite differences, every minimum stationary."""
from __future__ import annotations

import numpy as np
import pytest

from lessonlib.problems import (
    beale,
    blocks,
    digits_net,
    noisy,
    ravine,
    reddi,
    rosenbrock,
    saddle,
    wilson,
    zipf_bigram,
)

SMOOTH = [ravine(100), ravine(1000, 45), ravine(30, 20), rosenbrock(), beale(), saddle(), blocks(), blocks(mixed=True),
          wilson(20), zipf_bigram(12), digits_net(hidden=6, batch=None, dtype=np.float64)]
NAMES = [p.name for p in SMOOTH]


def differences(problem, theta, h=1e-5):
    """Central differences of the loss along each axis: (n,)."""
    eye = np.eye(len(theta))
    return (problem.loss(theta + h * eye) - problem.loss(theta - h * eye)) / (2 * h)


@pytest.mark.parametrize("problem", SMOOTH, ids=NAMES)
def test_the_gradient_is_the_slope_of_the_loss(problem):
    rng = np.random.default_rng(3)
    for _ in range(3):
        theta = problem.start + 0.3 * rng.standard_normal(problem.start.shape)
        g = problem.grad(theta, rng)
        assert g.shape == theta.shape
        np.testing.assert_allclose(g, differences(problem, theta), rtol=1e-5, atol=2e-7 * np.abs(g).max())


@pytest.mark.parametrize("problem", [p for p in SMOOTH if p.minimum is not None], ids=lambda p: p.name)
def test_the_minimum_is_stationary_and_nothing_near_is_lower(problem):
    rng = np.random.default_rng(4)
    scale = np.abs(problem.grad(problem.start + 0.1, rng)).max()
    assert np.abs(problem.grad(problem.minimum, rng)).max() < 1e-10 * scale
    around = problem.minimum + 1e-3 * rng.standard_normal((50, problem.minimum.size))
    assert (problem.loss(around) >= problem.loss(problem.minimum) - 1e-12).all()


@pytest.mark.parametrize(("spike", "period"), [(101.0, 101), (3.0, 3)])
def test_reddis_minimum_is_the_end_that_the_mean_gradient_points_away_from(spike, period):
    problem, rng = reddi(spike, period), np.random.default_rng(0)
    mean = np.mean([problem.grad(np.zeros(1), rng)[0] for _ in range(300_000)])
    assert mean == pytest.approx((spike - period + 1) / period, abs=5 * spike / 300_000**0.5 / period**0.5)
    ends = problem.loss(np.array([[-1.0], [1.0]]))
    assert ends[0] < ends[1]
    assert problem.project(problem.minimum - 5.0) == problem.minimum


def test_the_noise_has_mean_zero_and_the_asked_spread():
    plain, rough = ravine(10), noisy(ravine(10), 0.5)
    rng = np.random.default_rng(1)
    noise = np.array([rough.grad(plain.start, rng) - plain.grad(plain.start, rng) for _ in range(20_000)])
    np.testing.assert_allclose(noise.mean(0), 0, atol=0.02)
    np.testing.assert_allclose(noise.std(0), 0.5, rtol=0.03)


def test_digits_minibatches_average_to_the_full_gradient():
    full, small = (digits_net(hidden=6, batch=b, dtype=np.float64) for b in (None, 64))
    rng = np.random.default_rng(2)
    mean = np.mean([small.grad(small.start, rng) for _ in range(2000)], axis=0)
    exact = full.grad(full.start, rng)
    assert np.linalg.norm(mean - exact) < 0.1 * np.linalg.norm(exact)


def test_turning_a_ravine_changes_nothing_for_gradient_descent():
    straight, turned = ravine(100), ravine(100, 37)
    assert straight.loss(straight.start) == pytest.approx(turned.loss(turned.start), rel=1e-12)
    assert np.linalg.norm(straight.grad(straight.start, None)) == pytest.approx(
        np.linalg.norm(turned.grad(turned.start, None)), rel=1e-12)


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


@pytest.mark.parametrize(("make", "message"), [
    (lambda: ravine(0.5), r"kappa=0\.5"), (lambda: noisy(ravine(), -1), r"sigma=-1"),
    (lambda: reddi(99.0, 101), r"spike=99\.0.*above period - 1 = 100")])
def test_impossible_problems_are_refused_by_name(make, message):
    with pytest.raises(ValueError, match=message):
        make()
