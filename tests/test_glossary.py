"""What the glossary says beside its examples, by a run of each."""
from __future__ import annotations

import numpy as np
import pytest

from lessonlib.lessons.lesson07 import extras, play
from lessonlib.problems import ravine
from lessonlib.rules import State, orthogonal
from lessonlib.runner import run


def steps(kappa, beta1):
    """How many steps divide the distance by ten to the tenth at the best step size, by the spectral radius."""
    lr = np.geomspace(0.1 / kappa, 1, 20_001)
    return np.log(1e-10) / np.log(np.maximum(play.radius(lr, beta1), play.radius(lr * kappa, beta1)).min())


def test_condition_number_the_root_needs_a_beta_for_each_kappa():
    kappas = (1600, 6400, 25_600)
    best = [steps(kappa, play.best(kappa)[1]) for kappa in kappas]
    fixed = [steps(kappa, 0.9) for kappa in kappas]
    assert best[1] / best[0] == pytest.approx(2, rel=0.02)
    assert best[2] / best[1] == pytest.approx(2, rel=0.02)
    assert fixed[2] / fixed[1] > 4


def test_border_of_momentum_on_a_quadratic():
    border = (1 + 0.9) / (1 - 0.9) * 2 / 10
    assert play.radius(0.999 * border * 10, 0.9) < 1 < play.radius(1.001 * border * 10, 0.9)


def test_eigenvalue_a_turn_has_a_pair_that_says_what_is_left_of_a_length():
    turn = 0.9 * np.array([[0.6, -0.8], [0.8, 0.6]])
    pair = np.linalg.eigvals(turn)
    assert abs(pair.imag).min() > 0.1
    assert np.linalg.norm(np.linalg.matrix_power(turn, 20) @ [1, 0]) == pytest.approx(abs(pair[0]) ** 20)


def test_nesterov_the_parameters_are_the_places_to_which_the_average_leads():
    problem, rng, lr, beta1 = ravine(100), np.random.default_rng(0), 0.04, 0.9
    place, move, seen = problem.start.copy(), np.zeros(2), []
    for _ in range(30):  # the gradient is taken ahead, at place + beta * move
        seen.append(place + beta1 * move)
        move = beta1 * move - lr * (1 - beta1) * problem.grad(seen[-1], rng)
        place = place + move
    path = run(extras.nesterov, problem, steps=29, lr=lr, beta1=beta1).theta
    assert path == pytest.approx(np.array(seen))
    assert extras.nesterov(2.0, 3.0, State(), lr=0.1)[0] == pytest.approx(1.943)


def test_newton_schulz_leaves_out_only_very_small_singular_values():
    value = np.geomspace(0.0001, 0.99, 500)
    whole = np.array([np.diag(orthogonal(np.diag([v, (1 - v**2) ** 0.5])))[0] for v in value])
    assert 0.65 < whole[value > 0.003].min() < 0.7
    assert 1.15 < whole.max() < 1.25
    assert whole[value < 0.001].max() < 0.6


def test_full_batch_noise_of_different_examples_drawn_at_random():
    values = np.random.default_rng(0).standard_normal(1297)
    means = [np.random.default_rng(k).choice(values, 64, replace=False).mean() for k in range(4000)]
    assert np.std(means) / values.std(ddof=1) == pytest.approx((1 / 64 - 1 / 1297) ** 0.5, rel=0.05)
