"""The experiments of lesson 7, and the mathematics beside them."""
from __future__ import annotations

import numpy as np
import pytest
from play_laws import LAWS

from lessonlib import grid, momentum, run
from lessonlib.lessons.lesson07 import averages, opening, play
from lessonlib.problems import ravine

CASES = [  # the experiment, and settings that reach its goal
    (averages.noisy_average, {"memory": 8.0, "noise": 1.0}),
    (play.ravine_task, {"lr": 0.1, "beta1": 0.7}),
    (play.radius_map, {"lr": 0.1, "beta1": 0.68, "kappa": 100}),
    (opening.two_paths, {"steps": 38}),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize(("make", "solution"), CASES, ids=lambda c: getattr(c, "__name__", ""))
def test_each_experiment_keeps_the_laws_of_play(law, make, solution):
    law(make, solution)


@pytest.mark.parametrize("experiment", [make for make, _ in CASES])
def test_a_goal_can_be_reached_with_the_values_that_its_sliders_take(experiment):
    """No solution hides between two positions of a slider."""
    solution = next(s for make, s in CASES if make is experiment)
    live = experiment().live()
    for name, value in solution.items():
        live.boxes[name].value = value
    assert "Goal reached" in live.goal.value


def test_the_radius_is_the_largest_eigenvalue_of_a_step():
    rng = np.random.default_rng(0)
    for x, beta1 in zip(10 ** rng.uniform(-3, 3, 200), rng.uniform(0, 0.99, 200), strict=True):
        step = [[1 - x * (1 - beta1), -beta1], [x * (1 - beta1), beta1]]  # of (theta, lr * m)
        assert play.radius(x, beta1) == pytest.approx(np.abs(np.linalg.eigvals(step)).max(), rel=1e-6)


def test_the_radius_is_what_a_long_run_shrinks_by():
    for lr, beta1 in ((0.02, 0.0), (0.02, 0.5), (0.1, 0.8), (0.05, 0.3)):
        loss = run(momentum, ravine(100), steps=240, lr=lr, beta1=beta1).loss
        ends = np.log(loss[121:241].reshape(2, -1).max(axis=1))  # the swings' peaks, 60 steps apart
        slowest = max(play.radius(lr, beta1), play.radius(100 * lr, beta1))
        assert np.exp((ends[1] - ends[0]) / 120) == pytest.approx(slowest, abs=0.01)


def test_no_setting_has_a_smaller_radius_than_the_best():
    for kappa in (10, 100, 400):
        space = grid(lr=np.geomspace(1e-3, 3, 400), beta1=np.linspace(0, 0.99, 200))
        found = np.maximum(play.radius(space["lr"], space["beta1"]), play.radius(kappa * space["lr"], space["beta1"]))
        lr, beta1 = play.best(kappa)
        at = max(play.radius(lr, beta1), play.radius(kappa * lr, beta1))
        assert at == pytest.approx((kappa**0.5 - 1) / (kappa**0.5 + 1), abs=1e-6)
        assert found.min() > at - 1e-6


def test_the_known_steps_come_out_again():
    assert play.steps_to(momentum, 1000, lr=play.best(1000)[0], beta1=play.best(1000)[1]) == 282
    found = play.steps_by_kappa()
    assert (found[100], found[1000]) == ((576, 83), (5757, 282))
    assert play.steps_to(momentum, 100, lr=0.1, beta1=0.99, budget=50) is None


def test_the_parts_of_the_error_add_up_and_the_average_keeps_its_law():
    noise = np.random.default_rng(0).standard_normal(200_000)
    assert averages.average(noise, 0.9)[100:].var() == pytest.approx(0.1 / 1.9, rel=0.05)
    assert 1e4 - averages.average(np.arange(1e4 + 1), 0.9)[-1] == pytest.approx(9)
