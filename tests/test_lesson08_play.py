"""The experiments of lesson 8."""
from __future__ import annotations

import numpy as np
import pytest
from play_laws import LAWS, a_stored_picture_that_is_not_the_start_shows_the_goal_reached

from lessonlib import adam, grid, momentum, rmsprop, run, sgd
from lessonlib.lessons.lesson08 import hopping, opening, play, rescaling, turned_ravine
from lessonlib.problems import ravine

CASES = [  # the experiment, and settings that reach its goal (None: it has no goal)
    (play.own_steps, {"lr": 0.01, "memory": 10.0}),
    (turned_ravine.rotation, {"angle": 45, "lr": 0.008}),
    (play.burst, {"memory": 10**0.6}),
    (opening.one_slider, {"lr": 10**-2.5}),
    (opening.two_sizes, {"lr": 1e-3, "times": 1000.0}),
    (hopping.hopping, {"lr": 0.03, "falling": 20}),
]


@pytest.mark.parametrize("law", [*LAWS, a_stored_picture_that_is_not_the_start_shows_the_goal_reached], ids=lambda law: law.__name__)
@pytest.mark.parametrize(("make", "solution"), CASES, ids=lambda c: getattr(c, "__name__", ""))
def test_each_experiment_keeps_the_laws_of_play(law, make, solution):
    law(make, solution)


def test_the_effective_step_is_what_the_path_was_made_with():
    problem = ravine(100, 20)
    result = run(rmsprop, problem, steps=50, lr=0.02, beta2=0.9)
    gradients = np.array([problem.grad(theta, None) for theta in result.theta[:-1]])
    steps = play.effective_step(result, problem, lr=0.02, beta2=0.9) * gradients
    np.testing.assert_allclose(np.diff(result.theta, axis=0), -steps, atol=1e-14)


def test_arrival_is_the_first_step_of_a_stay_and_not_of_a_visit():
    loss = np.full(400, 1e-6)
    loss[0] = 1.0
    loss[5:50] = 0.5  # below the line at step 1, above it again from 5 to 49
    assert turned_ravine.arrival(loss) == 50
    assert turned_ravine.arrival(np.ones(400)) == np.inf
    assert turned_ravine.arrival(np.array([1.0, np.inf] + [0.0] * 150)) == 2


def test_arrival_of_a_batch_is_that_of_its_runs():
    loss = run(rmsprop, ravine(100, 10), steps=600, record="loss", **grid(lr=[0.003, 0.01, 0.03])).loss
    assert turned_ravine.arrival(loss).tolist() == [float(turned_ravine.arrival(column)) for column in loss.T]


@pytest.mark.parametrize(("rule", "falling"), [(sgd, True), (momentum, True), (momentum, False), (rmsprop, True), (rmsprop, False)])
def test_the_best_step_size_lies_inside_its_sweep(rule, falling):
    best = rescaling.left_after(rule, 45, falling=falling)[1]
    assert turned_ravine.LRS[rule][0] < best < turned_ravine.LRS[rule][-1]


@pytest.mark.parametrize("rule", [sgd, momentum])
def test_a_rule_that_knows_no_axes_does_not_notice_a_turn(rule):
    losses = [run(rule, turned_ravine.turned(angle), steps=200, record="loss", lr=1e-3).loss for angle in (0, 37)]
    np.testing.assert_allclose(*losses, rtol=1e-6)


def test_a_half_turn_of_the_axes_brings_rmsprop_back():
    upright, lying, between = (turned_ravine._walk(rmsprop, angle, 300, 0.01)[1] for angle in (0, 90, 45))
    np.testing.assert_allclose(upright, lying, rtol=1e-9)
    assert between[-1] > 100 * upright[-1]


@pytest.mark.parametrize(("lr", "met"), [(0.003, False), (0.005, True), (0.0066, True), (0.01, True), (0.02, False), (0.3, False), (1.0, False)])
def test_the_goal_of_the_turned_ravine_is_met_between_too_slow_and_hopping(lr, met):
    goal = turned_ravine.rotation().goal
    assert goal.met(45, lr) == met
    assert not goal.met(30, lr)


def test_the_step_sizes_that_meet_the_goal_stay_below_the_line_and_do_not_hang_on_the_eleventh_digit():
    problem = turned_ravine.turned(45)
    for nudge in (0, 1e-11, 1e-6):
        losses = run(rmsprop, problem, steps=2000, record="loss", start=problem.start + nudge, **grid(lr=[0.005, 0.0066, 0.008, 0.01])).loss
        assert turned_ravine.arrival(losses).max() < turned_ravine.SOON
        assert (losses[turned_ravine.SOON:] < 1e-4 * losses[0]).all()


@pytest.mark.parametrize("memory", [4, 100, 1000])
def test_the_first_step_is_the_root_of_the_memory(memory):
    lengths = play.step_lengths(1 - 1 / memory, 3)
    np.testing.assert_allclose(lengths, 1 / np.sqrt(1 - (1 - 1 / memory) ** np.arange(1, 4)))
    assert lengths[0] == pytest.approx(memory**0.5)


@pytest.mark.parametrize(("rule", "lr"), [(momentum, 0.02), (rmsprop, 0.01), (adam, 0.03)])
def test_the_walk_behind_the_slider_is_the_runners(rule, lr):
    result = run(rule, ravine(1000, 30), steps=200, lr=lr)
    theta, loss = turned_ravine._walk(rule, 30, 200, lr)
    np.testing.assert_allclose(theta, result.theta, atol=1e-9)
    np.testing.assert_allclose(loss, result.loss, rtol=1e-6)


@pytest.mark.parametrize("angle", [0, 15, 45, 90])
def test_the_turned_ravine_is_the_ravine_to_the_last_digits(angle):
    mine, other, theta = turned_ravine.turned(angle), ravine(1000, angle), np.array([[0.3, -1.2], [1.0, 0.7]])
    np.testing.assert_allclose(mine.grad(theta, None), other.grad(theta, None), rtol=1e-9, atol=1e-8)
    np.testing.assert_allclose(mine.loss(theta), other.loss(theta), rtol=1e-9)
    np.testing.assert_allclose(mine.start, other.start, atol=1e-11)


def test_what_is_turned_is_made_of_numbers_that_any_machine_agrees_on():
    assert turned_ravine.turned(90).grad(np.eye(2)).tolist() == [[1000.0, 0.0], [0.0, 1.0]]
    assert turned_ravine._unit(30) == (0.866025403784, 0.5)


@pytest.mark.parametrize("angle", [0, 7, 45, 90])
def test_the_turned_ravine_shows_the_runs_of_its_angle(angle):
    shown = turned_ravine.rotation(steps=300)
    artists = shown.draw().artists
    shown.update(artists, angle=angle, lr=0.01)
    for rule, lr in ((momentum, 0.02), (rmsprop, 0.01), (adam, 0.03)):
        result = run(rule, ravine(1000, angle), steps=300, lr=lr)
        np.testing.assert_allclose(artists[rule.__name__].get_xydata(), result.theta, atol=1e-6)
        np.testing.assert_allclose(artists[f"{rule.__name__} loss"].get_ydata(), np.clip(result.loss[1:], 1e-9, 1e4), rtol=1e-3, atol=1e-9)


def test_the_longest_memory_of_the_burst_is_four_steps_and_its_bars_are_the_lengths():
    shown = play.burst()
    assert shown.goal.met(4.0)
    assert not shown.goal.met(4.1)
    lengths = play.step_lengths(0.99, 10)
    assert lengths[0] == pytest.approx(10)
    assert lengths[9] == pytest.approx(3.2, abs=0.1)
    artists = shown.draw().artists
    shown.update(artists, memory=100.0)
    np.testing.assert_allclose(artists["lengths"].get_ydata()[:10], lengths)
