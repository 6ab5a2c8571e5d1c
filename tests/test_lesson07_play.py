"""The experiments of lesson 7, and the mathematics beside them."""
from __future__ import annotations

import numpy as np
import pytest
from play_laws import LAWS

from lessonlib import grid, momentum, run, sgd
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
    assert (found[100], found[1000]) == ((466, 67), (4066, 209))
    assert play.steps_to(momentum, 100, lr=0.1, beta1=0.99, budget=50) is None


def test_a_setting_typed_as_the_tables_print_it_gives_the_count_beside_it():
    for kappa, (descent, heavy) in play.steps_by_kappa().items():
        plain, lr, beta1 = (float(f"{x:g}") for x in play.settings(kappa))
        assert play.steps_to(momentum, kappa, lr=lr, beta1=beta1) == heavy
        assert play.steps_to(sgd, kappa, lr=plain, budget=6 * kappa) == descent
        assert kappa * lr < 2 * (1 + beta1) / (1 - beta1)


def test_the_table_counts_until_the_loss_stays_below_and_what_its_text_says_of_the_counts_holds():
    """The loss swings: at a condition number of 1000 or more it is below the goal long before it stays there."""
    found = play.steps_by_kappa()
    for kappa in (1000, 3000, 10_000):
        _, lr, beta1 = play.settings(kappa)
        loss = run(momentum, ravine(kappa), steps=found[kappa][1], record="loss", lr=lr, beta1=beta1).loss
        assert np.argmax(loss <= 1e-10 * loss[0]) < 0.9 * found[kappa][1]
    for kappa in (10, 30, 100, 300, 1000):  # both are nudged, and both gain
        lr, beta1 = play.best(kappa)
        assert found[kappa][1] < play.steps_to(momentum, kappa, lr=lr, beta1=beta1)
        assert found[kappa][0] < play.steps_to(sgd, kappa, lr=2 / (1 + kappa), budget=6 * kappa)
    for kappa in (10, 30, 100):  # a hundredfold
        assert found[100 * kappa][1] / found[kappa][1] == pytest.approx(10, rel=0.1)
        assert 70 < found[100 * kappa][0] / found[kappa][0] < 80


def test_neither_rule_has_more_to_gain_from_a_still_shorter_step_than_a_tenth():
    descent, heavy = play.steps_by_kappa()[100]
    plain, lr, beta1 = play.settings(100)
    shorter = 1 - np.linspace(0, 0.05, 26)
    assert min(play.steps_to(sgd, 100, lr=plain * share) for share in shorter) > 0.9 * descent
    assert min(play.steps_to(momentum, 100, lr=lr * share, beta1=beta1) for share in shorter) > 0.9 * heavy


def test_with_a_beta_of_09_in_every_ravine_the_count_hardly_moves_at_first_and_then_grows_in_proportion():
    counts = {kappa: play.usual_beta(kappa) for kappa in play.KAPPAS}
    assert max(counts[kappa] for kappa in (10, 30, 100, 300, 1000)) < 1.1 * counts[10]
    assert counts[10_000] / counts[3000] == pytest.approx(10 / 3, rel=0.03)
    assert min(counts.values()) > 200
    assert [kappa for kappa in play.KAPPAS if play.steps_by_kappa()[kappa][0] < counts[kappa]] == [10, 30]  # gradient descent is faster


def test_no_step_size_leaves_less_than_the_root_of_beta_of_the_distance():
    beta1 = np.linspace(0, 0.99, 100)
    assert (play.radius(np.geomspace(1e-4, 1e4, 801)[:, None], beta1) > beta1**0.5 - 1e-9).all()


def test_no_still_shows_a_goal_that_is_reached():
    for make, _ in CASES:
        experiment = make()
        assert not experiment.goal.met(**experiment.values(**experiment.shows)), make.__name__


@pytest.mark.parametrize("beta1", [0.5, 0.67, 0.9, 0.96])
def test_momentums_border_and_what_a_step_leaves_of_a_swing(beta1):
    m = 0.0
    for t in range(1000):
        m = beta1 * m + (1 - beta1) * (-1) ** t
    assert abs(m) == pytest.approx((1 - beta1) / (1 + beta1))
    border = 2 / abs(m)
    assert play.radius(0.999 * border, beta1) < 1 < play.radius(1.001 * border, beta1)
    path = run(momentum, ravine(1), steps=400, lr=1.0, beta1=beta1).theta[:, 0]  # swings of a curvature of 1
    steps, sizes = np.arange(401), np.abs(path)
    peaks = steps[1:-1][(sizes[1:-1] > sizes[:-2]) & (sizes[1:-1] >= sizes[2:]) & (sizes[1:-1] > 1e-12)]
    slope = np.polyfit(peaks, np.log(sizes[peaks]), 1)[0]
    assert np.exp(slope) == pytest.approx(beta1**0.5, rel=0.01)


@pytest.mark.parametrize("kappa", [10, 1000, 87_530, 1e6])
def test_the_settings_stay_away_from_the_border_by_about_a_percent(kappa):
    (plain, lr, beta1), (exact_lr, exact_beta1) = play.settings(kappa), play.best(kappa)
    assert plain == pytest.approx(0.99 * 2 / (1 + kappa), rel=0.005)
    assert lr == pytest.approx(0.99 * exact_lr, rel=0.005)
    assert exact_beta1 <= beta1 < min(1, exact_beta1 + 0.001)
    assert play.radius(lr * kappa, beta1) < 1


def test_with_a_beta_of_08_the_step_size_reaches_the_goal_before_the_loss_grows_and_with_095_the_path_passes_the_star():
    box = play.ravine_task().live().boxes["lr"]
    lrs = [10 ** (box.min + box.step * i) for i in range(1 + round((box.max - box.min) / box.step))]
    lrs = [lr for lr in lrs if lr >= 0.0189]
    loss = run(momentum, play.TASK, steps=100, record="loss", lr=np.array(lrs)[:, None], beta1=0.8).loss[100]
    first = int(np.argmax(loss < play.TASK_TARGET))
    assert (np.diff(loss[:first + 1]) < 0).all()
    assert run(momentum, play.TASK, steps=100, lr=lrs[first], beta1=0.8).theta[:, 0].min() > -0.01
    assert run(momentum, play.TASK, steps=100, lr=lrs[first], beta1=0.95).theta[:, 0].min() < -0.1


def test_from_093_on_memory_alone_makes_the_loss_of_the_task_worse_and_below_it_does_not():
    betas = np.arange(100) / 100
    loss = run(momentum, play.TASK, steps=100, record="loss", lr=0.019, beta1=betas[:, None]).loss[100]
    assert ((loss > loss[0])[93:]).all()
    assert (loss[1:93] <= loss[0]).all()
    assert loss.min() > 0.5 * loss[0]


def test_the_error_of_the_average_is_that_of_all_draws_of_the_noise_and_more_noise_wants_a_longer_memory():
    rng, truth = np.random.default_rng(1), averages._parts()[1]
    for memory in (1.0, 8.0, 40.0):
        off = averages.average(truth[:, None] + rng.standard_normal((averages.LENGTH, 500)), np.full(500, 1 - 1 / memory)) - truth[:, None]
        assert np.sqrt((off**2).mean()) == pytest.approx(averages._error(memory, 1.0)[0], rel=0.02)
    memories = np.geomspace(1, 200, 100)
    best = [memories[np.argmin([averages._error(memory, noise)[0] for memory in memories])] for noise in (0.2, 0.5, 1.0, 2.0)]
    assert (np.diff(best) > 0).all()


def test_in_the_long_run_a_step_leaves_a_share_beta_of_the_loss():
    assert 220 * np.log(0.9) == pytest.approx(np.log(1e-10), rel=0.01)
    assert float(play.radius(1.0, 0.9)) ** 2 == pytest.approx(0.9)


def test_the_parts_of_the_error_add_up_and_the_average_keeps_its_law():
    noise = np.random.default_rng(0).standard_normal(200_000)
    assert averages.average(noise, 0.9)[100:].var() == pytest.approx(0.1 / 1.9, rel=0.05)
    assert 1e4 - averages.average(np.arange(1e4 + 1), 0.9)[-1] == pytest.approx(9)
