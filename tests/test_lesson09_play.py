"""The experiments of lesson 9."""
from __future__ import annotations

import numpy as np
import pytest
from play_laws import LAWS

from lessonlib import State, adam, run
from lessonlib.lessons.lesson09 import basins, opening, play
from lessonlib.problems import ravine


@pytest.fixture(autouse=True)
def light_basin(monkeypatch):
    """One seed and eight units: the mechanism, quickly."""
    monkeypatch.setattr(basins, "basin_runs", lambda made=basins.basin_runs: made(8, 1))


CASES = [  # the experiment, and settings that reach its goal (None: it has no goal)
    (play.correction_ratio, {"memory1": 10.0, "memory2": 100.0}),
    (basins.good_basin, None),
    (opening.four_lines, {"steps": 140}),
    (play.each_setting, {"beta1": 0.9, "beta2": 0.945, "eps": 1e-8}),
    (opening.filling, {"memory1": 10.0, "memory2": 22.2}),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize(("make", "solution"), CASES, ids=lambda c: getattr(c, "__name__", ""))
def test_each_experiment_keeps_the_laws_of_play(law, make, solution):
    law(make, solution)


def test_each_setting_does_what_the_lesson_says_of_it():
    usual, late = {"beta1": 0.9, "beta2": 0.999, "eps": 1e-8}, slice(100, 200)
    one, _ = adam(0.0, 1.0, State(), lr=1.0)
    assert play.moves(**usual)[0] == pytest.approx(-one)  # what is subtracted: above zero for a gradient above zero
    assert np.argmax(play.moves(**usual)[late] < 0) == 6
    assert np.argmax(play.moves(**usual | {"beta1": 0.0})[late] < 0) == 0
    assert abs(play.moves(**usual)[-1]) < 0.02
    assert abs(play.moves(**usual | {"beta2": 0.948})[-1]) > 0.9 > abs(play.moves(**usual | {"beta2": 0.951})[-1])
    halved = play.moves(**usual | {"beta2": 0.945, "eps": 0.01})
    assert abs(halved[-1]) == pytest.approx(0.5, abs=0.02)
    assert halved[0] > 0.98


def test_a_rare_gradient_moves_its_weight_by_many_step_sizes_until_the_next():
    for gap, moved in ((100, 10), (1000, 25), (5000, 32)):
        theta, s, ends = 0.0, State(), [0.0]
        for _ in range(30_000 // gap):
            for g in [1.0] + [0.0] * (gap - 1):
                theta, s = adam(theta, g, s, lr=1.0)
            ends.append(theta)
        assert ends[-2] - ends[-1] == pytest.approx(moved, abs=1)


def test_the_width_of_a_basin_is_the_unbroken_stretch_around_the_best():
    lrs = np.array([0.01, 0.1, 1.0, 10.0, 100.0])
    low, high, decades = basins.width(np.array([0.95, 0.5, 0.93, 0.96, 0.95]), 0.04, lrs)
    assert (low, high) == (1.0, 100.0)
    assert decades == pytest.approx(2.0)


def test_the_step_ratio_has_its_hand_worked_values():
    t = np.array([1, 12, 50])
    np.testing.assert_allclose(play.step_ratio(t, 0.9, 0.999).round(2), [3.16, 6.57, 4.50])
    assert play.step_ratio(1, 0.9, 0.95) == pytest.approx(0.1 / 0.05**0.5)
    assert np.argmax(play.step_ratio(np.arange(1, 5000), 0.9, 0.999)) + 1 == 12  # "the longest uncorrected step"
    assert play.step_ratio(1500, 0.9, 0.999) > 1.1  # too long for more than a thousand steps


def test_a_shorter_memory_of_the_direction_helps_in_a_hundred_steps_and_not_in_a_hundred_and_fifty():
    lrs = np.geomspace(1e-3, 1, 200)[:, None]

    def share(beta1, steps, beta2=0.999):
        loss = run(adam, ravine(100, 20), steps=steps, record="loss", lr=lrs, beta1=beta1, beta2=beta2).loss[-1]
        return float((loss < 1e-4).mean())

    assert share(0.7, 100) > 5 * share(0.9, 100)
    assert share(0.9, 100) == pytest.approx(1 / 60, abs=0.005)
    assert share(0.7, 100) == pytest.approx(1 / 6, abs=0.01)
    assert share(0.0, 100) == 0
    assert share(0.9, 100, 0.98) == pytest.approx(1 / 40, abs=0.005)
    assert max(share(0.9, 100, beta2) for beta2 in (0.9, 0.95, 0.99, 0.995)) < 0.03  # the other beta alone helps little
    assert share(0.9, 150) > 0.9 * share(0.7, 150)


@pytest.mark.parametrize("memory2", [18.0, 29.0, 30.0, 1000.0])
def test_a_step_that_is_off_by_more_than_a_tenth_does_not_reach_the_goal(memory2):
    length = (1 - 0.9**50) / (1 - (1 - 1 / memory2) ** 50) ** 0.5
    assert opening.filling().goal.met(memory1=10.0, memory2=memory2) == (0.9 <= length <= 1.1)
    assert (memory2 < 29.5) == (length < 1.1)

