"""Every gradient against finite differences, every minimum stationary."""
from __future__ import annotations

import numpy as np
import problem_laws
import pytest

from lessonlib.problems import beale, digits_net, digits_start, noisy, quadratic, ravine, rosenbrock, saddle

SMOOTH = [ravine(100), ravine(1000, 45), ravine(30, 20), rosenbrock(), beale(), saddle(), digits_net(hidden=6, batch=None, dtype=np.float64),
          quadratic([[3, 1, 0], [1, 2, 0], [0, 0, 5]], [1, 2, 3])]
WHOLE = {"batch": 8.0, "hidden": np.float64(4), "seed": 1.0}


@pytest.mark.parametrize("problem", SMOOTH, ids=lambda p: p.name)
def test_the_gradient_is_the_slope_of_the_loss(problem):
    problem_laws.gradient_is_the_slope_of_the_loss(problem)


@pytest.mark.parametrize("problem", [p for p in SMOOTH if p.minimum is not None], ids=lambda p: p.name)
def test_the_minimum_is_stationary_and_nothing_near_is_lower(problem):
    problem_laws.minimum_is_stationary_and_nothing_near_is_lower(problem)


def test_a_quadratics_gradient_is_its_matrix_times_theta():
    h = np.array([[3.0, 1.0], [1.0, 2.0]])
    np.testing.assert_allclose(quadratic(h, [0, 0]).grad(np.array([[1.0, 2.0], [0.5, -1.0]]), None), [[5.0, 5.0], [0.5, -1.5]])


@pytest.mark.parametrize("problem", [ravine(100, 30), rosenbrock(), beale(), saddle(), noisy(ravine(10), 0.5)], ids=lambda p: p.name)
def test_whole_numbers_for_theta_are_not_cut_to_whole_gradients(problem):
    whole, real = (problem.grad(np.array([1, 2], dtype), np.random.default_rng(0)) for dtype in (int, float))
    np.testing.assert_array_equal(whole, real)


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


@pytest.mark.parametrize(("outputs_first", "inputs"), [(False, 0), (True, 1)])
def test_the_digits_network_starts_as_he_draws_weights(outputs_first, inputs):
    start = digits_start(400, 0, outputs_first=outputs_first)
    assert [start[name].shape[inputs] for name in ("w1", "w2")] == [64, 400]
    for name, spread in (("w1", (2 / 64) ** 0.5), ("w2", (2 / 400) ** 0.5)):
        assert start[name].std() == pytest.approx(spread, rel=0.03)
    assert not start["b1"].any()
    assert not start["b2"].any()


def test_turning_a_ravine_changes_nothing_for_gradient_descent():
    straight, turned = ravine(100), ravine(100, 37)
    assert straight.loss(straight.start) == pytest.approx(turned.loss(turned.start), rel=1e-12)
    assert np.linalg.norm(straight.grad(straight.start, None)) == pytest.approx(
        np.linalg.norm(turned.grad(turned.start, None)), rel=1e-12)


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_number_may_come_as_a_float(name):
    rng = np.random.default_rng
    given, whole = digits_net(**{name: WHOLE[name]}), digits_net(**{name: int(WHOLE[name])})
    np.testing.assert_array_equal(given.grad(given.start, rng(0)), whole.grad(whole.start, rng(0)))


@pytest.mark.parametrize(("call", "message"), [
    (lambda: ravine(0.5), r"kappa=0\.5: one number, 1 or more"), (lambda: ravine("steep"), "kappa='steep'"), (lambda: ravine(np.inf), "kappa=inf"),
    (lambda: ravine(10, None), "angle=None"), (lambda: noisy(ravine(), -1), r"sigma=-1: one number, 0 or more"),
    (lambda: rosenbrock(None), "b=None"), (lambda: digits_net(hidden=0), "hidden=0: a whole number, 1 or more"),
    (lambda: digits_net(batch=2.5), r"batch=2\.5"), (lambda: digits_net(seed="x"), "seed='x'"), (lambda: digits_start(-1, 0), "hidden=-1"),
    (lambda: quadratic(np.ones((2, 3)), [1, 1]), r"h has shape \(2, 3\) and start \(2,\)"),
    (lambda: quadratic([[1, 2], [0, 1]], [1, 1]), "must be symmetric")])
def test_impossible_problems_are_refused_by_name(call, message):
    with pytest.raises(ValueError, match=message):
        call()
