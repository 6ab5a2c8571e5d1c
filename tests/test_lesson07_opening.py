"""What opens lesson 7, and its network: gradients that cancel, and what momentum brings a real training."""
from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from lessonlib import State, run
from lessonlib.lessons.lesson07 import averages, extras, network, noise, opening, play
from lessonlib.lessons.lesson07.judges import judge_colleague, judge_kappa, judge_setting
from lessonlib.problems import ravine


@pytest.fixture(scope="module")
def trained():
    return network.both()


def test_across_the_ravine_gradients_change_sign_and_along_it_they_agree():
    _, result = opening.tuned("sgd")
    g = np.array([ravine(100).grad(theta, np.random.default_rng(0)) for theta in result.theta[:20]])
    assert (np.sign(g[1:, 1]) == -np.sign(g[:-1, 1])).all()
    assert (g[:, 0] > 0).all()
    assert opening.what_averaging_does() == "it shrinks the gradients across, and keeps those along"


def test_on_momentums_own_path_the_sign_across_lasts_two_or_three_steps_and_the_average_is_a_sixth_of_the_gradients():
    g = 100 * opening.tuned("momentum")[1].theta[:-1, 1]
    lasts = np.diff(np.flatnonzero(np.diff(np.sign(g))))
    assert {*lasts} == {2, 3}
    m = averages.average(g, opening.BETA1)
    assert np.sqrt((m**2).mean() / (g**2).mean()) == pytest.approx(1 / 6, rel=0.05)


def test_with_too_much_memory_at_the_longer_step_most_of_the_loss_is_in_the_zigzag():
    lr = opening.tuned("momentum")[0]
    path = run(play.rules.momentum, ravine(100), steps=100, lr=lr, beta1=0.95).theta
    along, across = path[:, 0] ** 2 / 2, 50 * path[:, 1] ** 2
    assert across[-50:].mean() > 20 * along[-50:].mean()
    assert path[:, 0].min() < -0.2
    assert path[path[:, 0].argmin():, 0].max() > 0


def test_nesterov_is_torchs():
    ours = run(extras.nesterov, ravine(10), steps=50, lr=0.05, beta1=0.9).theta
    p, path = torch.nn.Parameter(torch.ones(2, dtype=torch.float64, device="cpu")), [np.ones(2)]
    optimizer = torch.optim.SGD([p], lr=0.05 * 0.1, momentum=0.9, nesterov=True)
    for _ in range(50):
        p.grad = torch.tensor(ravine(10).grad(path[-1], None), device="cpu")
        optimizer.step()
        path.append(p.detach().numpy().copy())
    np.testing.assert_allclose(ours, path, rtol=0, atol=1e-12)


def test_on_the_bent_line_momentum_goes_round_and_gradient_descent_arrives():
    lr, beta1 = play.best(25)
    line, start = extras.bent_line(), np.array([3.3])
    heavy = run(play.rules.momentum, line, steps=300, lr=lr, beta1=beta1, start=start).theta[:, 0]
    np.testing.assert_allclose(heavy[-3:], heavy[-6:-3], atol=1e-6)
    assert abs(heavy[-3:]).min() > 0.5
    assert abs(run(play.rules.sgd, line, steps=300, lr=2 / 26, start=start).theta[-1, 0]) < 1e-6
    x, step = np.array([[0.4], [1.5], [2.7]]), 1e-6
    numeric = (line.loss(x + step) - line.loss(x - step)) / (2 * step)
    np.testing.assert_allclose(line.grad(x, None)[:, 0], numeric, rtol=1e-6)


def test_the_network_trained_by_torch_is_the_one_that_train_trains():
    found = network.train(play.rules.momentum, network.deep_task(), steps=5, seeds=[0], device="cpu", lr=0.5, beta1=0.9)
    assert network.loss_of(0.05, 0.9, steps=5) == pytest.approx(float(found.train_loss[-1, 0]), rel=1e-4)
    assert network.loss_of(50.0, 0.9, steps=20) > 2 or not np.isfinite(network.loss_of(50.0, 0.9, steps=20))


def test_in_pytorchs_numbers_momentums_step_size_is_the_smaller_one(trained):
    assert f"{trained['momentum'].lr * (1 - 0.9):.2g}" == "0.11"
    assert f"{trained['sgd'].lr:.2g}" == "0.24"


@pytest.mark.parametrize(("judge", "guess", "headline"), [
    (judge_kappa, None, "Not answered yet."), (judge_kappa, [3], "Not a condition number."), (judge_kappa, 1000, "Too small."),
    (judge_kappa, 29_586, "That is gradient descent's growth."), (judge_kappa, 1e6, "Too large."), (judge_kappa, 1e7, "Too large."),
    (judge_kappa, 80_000, "Correct."), (judge_kappa, 10_000 * (2000 / 676) ** 2, "Correct."), (judge_kappa, 40_000, "Too small."),
    (judge_kappa, 470, "That is another line."), (judge_kappa, 10_500, "That is another line."), (judge_kappa, 17_200, "Too small."),
    (judge_kappa, 2985, "Too small."), (judge_kappa, 200_000, "Too large."),
    (judge_setting, 0.005, "Too short a step."), (judge_setting, 0.011, "Too short a step."),
    (judge_setting, None, "Not answered yet."), (judge_setting, "0.1", "Not a step size."), (judge_setting, 0.1, "Too long a step."),
    (judge_setting, 0, "Not a step size."), (judge_setting, 5, "Far too long a step."), (judge_setting, 0.11, "Too long a step."),
    (judge_setting, 1.1, "Far too long a step."),
    (judge_setting, 0.03, "Too long a step."), (judge_setting, 0.044, "Too long a step."),
    (judge_setting, 0.067, "Too long, and low by luck."), (judge_setting, 0.088, "Too long a step."), (judge_setting, 0.016, "Correct."),
    (judge_setting, 0.022, "Correct.")])
def test_each_judge_says_what_it_saw(judge, guess, headline):
    verdict = judge(guess)
    assert verdict.headline == headline
    assert verdict.passed == (headline == "Correct.")
    assert verdict.passed or verdict.message.rstrip().endswith("?")


def test_the_fixed_momentum_is_told_why_the_colleagues_loss_grew_and_it_grew_so():
    assert "without the newest gradient" in judge_colleague(play.rules.momentum).message
    assert "without the newest gradient" not in judge_colleague(play.rules.sgd).message

    def late(theta, g, s, *, lr, beta1):
        return theta - lr * s.m, State(s.t + 1, beta1 * s.m + (1 - beta1) * g)

    across = run(late, ravine(100), steps=100, lr=opening.tuned("sgd")[0], beta1=0.8).theta[:, 1]
    turns = np.flatnonzero(np.diff(np.sign(across)))
    swings = [abs(part).max() for part in np.split(across, turns + 1)][:-1]
    assert len(swings) > 10
    assert (np.diff(swings) > 0).all()
    heavy = run(play.rules.momentum, ravine(100), steps=100, lr=opening.tuned("sgd")[0], beta1=0.8).theta[:, 1]
    assert abs(heavy[-10:]).max() < 1e-3


def test_the_step_sizes_of_the_last_table():
    (row,) = network.after_a_change(0.11, [0.99], starts=1)
    assert row == [0.99, *(x for lr in (0.11, 0.011, 0.022) for x in (lr, network.loss_of(lr, 0.99)))]


def test_memory_alone_helps_little_in_100_steps_and_saves_some_of_the_steps_in_the_long_run():
    betas = np.arange(100)[:, None] / 100
    late = run(play.rules.momentum, ravine(100), steps=100, record="loss", lr=0.0187, beta1=betas).loss[-10:].max(0)
    assert 0.6 < late.min() / late[0] < 0.9
    assert late[-1] > late[0]
    descent, heavy = play.steps_by_kappa()[100]
    assert play.memory_alone() == 301
    assert descent / play.memory_alone() < 2 < 4 < play.memory_alone() / heavy  # "mostly because it allows a longer step"


@pytest.mark.parametrize("kappa", [100, 10_000])
def test_along_the_valley_m_holds_older_larger_gradients(kappa):
    _, lr, beta1 = play.settings(kappa)
    x = run(play.rules.momentum, ravine(kappa), steps=play.steps_by_kappa()[kappa][1], lr=lr, beta1=beta1).theta[:, 0]
    shares = 1 - x[1:] / x[:-1]
    assert (np.diff(shares) > 0).all()
    assert shares[-1] / lr > 1.6  # m, in units of the newest gradient


def test_with_one_beta_for_all_ravines_the_count_grows_in_proportion_to_the_condition_number_in_the_end():
    def rate(kappa):
        lrs = np.geomspace(1e-6, 1, 2001)
        return -np.log(np.maximum(play.radius(lrs, 0.9), play.radius(lrs * kappa, 0.9)).min())

    assert rate(10_000) / rate(100_000) == pytest.approx(10, rel=0.1)
    assert rate(100) / rate(400) < 1.5


@pytest.mark.parametrize(("lr", "beta1"), [(0.01, 0.9), (0.1, 0.995)])  # a memory within the valley's pull, and far beyond it
def test_momentum_strays_less_only_if_its_steps_do_not_carry_the_same_noise_again(lr, beta1):
    rng, strays = np.random.default_rng(0), {}
    for fresh in (False, True):
        theta, m, late = np.zeros(200), np.zeros(200), []
        for _ in range(3000):
            noise = rng.standard_normal(200)
            m = beta1 * m + (1 - beta1) * (theta + noise * (not fresh))
            theta = theta - lr * (m + noise * fresh * ((1 - beta1) / (1 + beta1)) ** 0.5)  # as large as the noise in m
            late.append((theta**2).mean())
        strays[fresh] = np.mean(late[1500:]) ** 0.5
    assert strays[False] == pytest.approx((lr / (2 - lr)) ** 0.5, rel=0.08)  # gradient descent's
    assert strays[True] < 0.35 * strays[False]


def test_at_the_old_step_size_momentums_zigzag_lasts_longer_than_gradient_descents():
    last = [np.flatnonzero(abs(run(play.rules.momentum, ravine(100), steps=300, lr=opening.tuned("sgd")[0], beta1=beta1).theta[:, 1]) > 1e-3)[-1]
            for beta1 in (0.0, 0.8)]
    assert 1.1 * last[0] < last[1]


def test_in_pytorchs_numbers_momentum_is_far_lower_at_the_same_lr():
    assert all(network.loss_of(0.11, 0.0, start) > 5 * network.loss_of(0.11, 0.9, start) for start in range(2))


def test_the_numbers_of_the_opening():
    (plain, walk), (heavy, _) = opening.tuned("sgd"), opening.tuned("momentum")
    assert plain == pytest.approx(0.02, abs=0.002)  # "2 % of the rest": the curvature along the valley is 1
    assert walk.theta[-1, 0] == pytest.approx(1 / 7, abs=0.01)
    assert heavy / plain == pytest.approx(4, abs=0.2)
    assert run(play.rules.sgd, ravine(100), steps=20, record="loss", lr=heavy).loss[-1] > 1e6


def test_at_the_long_step_momentums_swings_die_out():
    across = abs(opening.tuned("momentum")[1].theta[:, 1])
    assert across[2] > 0.9 > 0.1 > across[60:].max()


def test_when_momentum_goes_down_the_translated_step_may_leave_the_valley_and_the_old_one_stays():
    def end(lr, beta1):  # lr in PyTorch's numbers
        return run(play.rules.momentum, ravine(100), steps=300, record="loss", lr=lr / (1 - beta1), beta1=beta1).loss[-1]

    assert end(0.019, 0.9) < 1e-9
    assert end(0.038, 0.8) > 1e30  # translated: above the border of 2 * 1.8 / 100
    assert end(0.019, 0.8) < 1e-9
    near = 0.95 * 2 * 1.9 / 100  # at 95 % of the border of 0.9 the old one is not safe on the way down, and half of it is
    assert end(near, 0.9) < 1
    assert end(near, 0.5) > 1e3
    assert all(end(near / 2, beta1) < 1 for beta1 in (0.8, 0.5, 0.0))
    for beta1 in (0.8, 0.9, 0.95):
        border = 2 * (1 + beta1) / 100
        assert end(0.98 * border, beta1) < 1
        assert end(1.02 * border, beta1) > 1e3


def test_from_where_one_may_begin_factors_of_two_and_then_one_between_lead_to_a_step_that_passes():
    for begin in (0.011, 0.11):
        lr, seen = begin, []
        while len(seen) < 6 and not (verdict := judge_setting(lr)):
            seen.append(verdict.headline)
            lr *= 0.75 if "between the two" in verdict.message else 0.5 if "long" in seen[-1] else 2
        assert 1 <= len(seen) <= 4, (begin, seen)
        assert len({headline[:8] for headline in seen}) == 1, (begin, seen)  # all too long, or all too short


def late(theta, g, s, *, lr, beta1):
    theta = theta - lr * s.m
    m = beta1 * s.m + (1 - beta1) * g
    return theta, play.rules.State(s.t + 1, m)


def test_a_step_along_both_averages_and_an_m_that_begins_as_the_first_gradient_are_named():
    def twice(theta, g, s, *, lr, beta1):
        theta = theta - lr * s.m
        m = beta1 * s.m + (1 - beta1) * g
        return theta - lr * m, State(s.t + 1, m)

    def begun(theta, g, s, *, lr, beta1):
        m = g if s.t == 0 else beta1 * s.m + (1 - beta1) * g
        return theta - lr * m, State(s.t + 1, m)

    assert judge_colleague(twice).misconception == "a step along both averages"
    assert judge_colleague(begun).misconception == "m begins at the first gradient"


def test_a_colleagues_bug_is_asked_about_and_not_given_away():
    def late_too(theta, g, s, *, lr, beta1):
        m = beta1 * s.m + (1 - beta1) * g
        return theta - lr * s.m, play.rules.State(s.t + 1, m)

    def along_g(theta, g, s, *, lr, beta1):
        return theta - lr * g, play.rules.State(s.t + 1, beta1 * s.m + (1 - beta1) * g)

    def fixed(theta, g, s, *, lr, beta1):
        m = beta1 * s.m + (1 - beta1) * g
        return theta - lr * m, play.rules.State(s.t + 1, m)

    asked = judge_colleague(late)
    assert asked.headline == judge_colleague(late_too).headline == "Not fixed yet."
    assert not {"average", "order", "m"} & {*asked.message.split()}
    assert judge_colleague(along_g).headline == "Not yet: g instead of m in the step"
    assert judge_colleague(fixed)


def test_the_colleagues_loss_grows_where_momentums_falls():
    lr = opening.tuned("sgd")[0]
    ends = [run(rule, ravine(100), steps=100, record="loss", lr=lr, beta1=0.8).loss for rule in (late, play.rules.momentum)]
    assert ends[0][-1] > 1e6 > ends[0][0] > 1 > ends[1][-1]


def test_the_tables_step_stands_just_below_a_tenth_and_the_border_just_above():
    _, lr, beta1 = play.settings(100)
    border = 2 * (1 + beta1) / (1 - beta1) / 100
    assert 0.098 < lr < 0.1 < border < 0.102


def test_after_a_change_of_momentum_the_smaller_of_the_old_and_the_translated_lr_ends_lower_and_twice_it_is_the_best_far_away():
    lowest = {}
    for momentum, *found in network.after_a_change(0.11, [0, 0.5, 0.8, 0.9, 0.95, 0.99]):
        (small, better), (large, worse) = sorted([tuple(found[:2]), tuple(found[2:4])])
        double, twice = found[4:]
        assert double == 2 * small
        assert found[0] == 0.11
        lowest[momentum] = min(better, worse, twice)
        if momentum == 0.9:  # no change
            assert (small, better) == (large, worse)
            continue
        assert better < 0.6 * worse, momentum
        assert momentum > 0.5 or worse > 1.5, momentum  # "does not learn with it"
        assert (twice < 0.7 * better) == (momentum in {0, 0.5, 0.99}), momentum
        assert (twice > better) == (momentum in {0.8, 0.95}), momentum
        assert momentum < 0.99 or better < 0.5 < 2 < worse  # "at the translated one all three learn", at the old one not every start
    assert max(lowest[momentum] for momentum in (0.8, 0.9, 0.95)) < 0.7 * min(lowest[0.5], lowest[0.99])
    assert lowest[0.9] < 0.1  # what the verdict says of it
    assert min(lowest, key=lowest.get) == 0.95


@pytest.mark.parametrize("beta1", [0.9, 0.99])
def test_at_a_small_step_theta_strays_as_far_as_without_memory_in_calmer_steps(beta1):
    lr = 0.005

    def strays(beta):  # the stationary covariance of (theta, m) at a curvature of 1 under unit noise
        step = np.array([[1 - lr * (1 - beta), -lr * beta], [1 - beta, beta]])
        noise = (1 - beta) * np.array([-lr, 1.0])
        (var, _), (_, var_m) = np.linalg.solve(np.eye(4) - np.kron(step, step), np.outer(noise, noise).ravel()).reshape(2, 2)
        return var**0.5, lr * var_m**0.5

    (far, moves), (plain_far, plain_moves) = strays(beta1), strays(0.0)
    assert far == pytest.approx(plain_far, rel=0.03)
    assert moves < 0.3 * plain_moves


def test_dampening_makes_pytorchs_sum_an_average_for_every_gradient_but_the_first():
    p, m = torch.nn.Parameter(torch.zeros((), dtype=torch.float64)), None
    optimizer = torch.optim.SGD([p], lr=1.0, momentum=0.9, dampening=0.9)
    for g in (2.0, -1.0, 3.0):
        m = g if m is None else 0.9 * m + 0.1 * g
        before, p.grad = p.item(), torch.tensor(g, dtype=torch.float64)
        optimizer.step()
        assert before - p.item() == pytest.approx(m)


def test_along_the_valley_five_times_the_step_gives_five_times_and_the_older_gradients_make_it_seven():
    plain, lr, _ = play.settings(100)
    descent, heavy = play.steps_by_kappa()[100]
    alone = np.log(1 - plain) / np.log(1 - lr)  # gradient descent with momentum's step size, and no valley wall to leave by
    assert 1 / alone == pytest.approx(5.3, abs=0.1)
    assert descent / heavy == pytest.approx(7, abs=0.1)


def test_the_best_beta_makes_the_border_five_and_ten_times_as_large_and_09_needs_at_least_215_steps():
    for kappa, times in ((100, 5), (400, 10)):
        beta = ((kappa**0.5 - 1) / (kappa**0.5 + 1)) ** 2
        assert (1 + beta) / (1 - beta) == pytest.approx((kappa + 1) / (2 * kappa**0.5))
        assert round((1 + beta) / (1 - beta)) == times
    lrs = np.geomspace(0.003, 0.37, 60)
    loss = run(play.rules.momentum, ravine(100), steps=600, record="loss", lr=lrs[:, None], beta1=0.9).loss
    last = np.array([np.flatnonzero(each >= 1e-10 * each[0])[-1] + 1 for each in loss.T])
    assert 210 < last.min() < 225


def test_with_a_beta_of_09_momentum_is_near_its_best_at_a_condition_number_of_1000():
    assert play.usual_beta(1000) < 1.15 * play.steps_by_kappa()[1000][1]


def test_the_judge_and_the_table_say_the_same_of_the_same_setting():
    (row,) = network.after_a_change(0.11, [0.99])
    for at, worst in zip(row[1::2], row[2::2], strict=True):
        ends = re.search(r"the three starts end at ([\d.]+), ([\d.]+), ([\d.]+), and", judge_setting(at).message)
        assert ends
        assert max(float(end) for end in ends.groups()) == pytest.approx(worst, abs=1e-3)


def test_the_step_sizes_are_the_best_of_their_neighbours_and_the_next_larger_does_about_as_well(trained):
    for rule, factor in ((play.rules.sgd, 100 ** (1 / 13)), (play.rules.momentum, 50 ** (1 / 13))):
        found = trained[rule.__name__]
        beside = network.train(rule, network.deep_task(), steps=100, seeds=range(10), record_every=100, device="cpu",
                               lr=found.lr * np.array([[1 / factor], [factor]])).train_loss[-1]
        assert found.losses[-1].mean() < beside.mean(0).min()
        assert np.median(beside, axis=0)[1] < 1.25 * np.median(found.losses[-1])


def test_momentum_ends_several_times_lower_and_only_it_can_use_the_long_step(trained):
    plain, heavy, swapped = trained["sgd"], trained["momentum"], network.exchanged(trained)
    assert heavy.losses.shape == (21, 10)
    assert heavy.losses[-1].max() < 0.5 * plain.losses[-1].min()
    assert 4 < network.ratio(trained) < 12
    assert heavy.lr / 10 < 0.5 * plain.lr < heavy.lr
    assert 0.8 < np.median(swapped["momentum"]) / np.median(plain.losses[-1]) < 1.25
    assert swapped["sgd"].min() > 1.7
    assert network.with_the_long_step(trained, swapped) == "higher than before"


def test_with_099_instead_of_09_nothing_is_gained(trained):
    ends = network.train(play.rules.momentum, network.deep_task(), steps=100, seeds=range(3), record_every=100, device="cpu", beta1=0.99,
                         lr=np.geomspace(0.6, 4.8, 7)[:, None]).train_loss[-1]
    assert ends.mean(0).min() > 2 * trained["momentum"].losses[-1, :3].mean()


def test_the_step_from_which_on_momentum_stays_below_is_one_number():
    goal = opening.two_paths().goal.met
    below = [steps for steps in range(opening.STEPS + 1) if goal(steps=steps)]
    assert len(below) == 1
    heavy, end = opening.tuned("momentum")[1].loss, opening.tuned("sgd")[1].loss[-1]
    assert (heavy[below[0]:] < end).all()
    assert heavy[below[0] - 1] >= end


def test_step_sizes_from_three_to_six_times_gradient_descents_end_about_as_low():
    lrs = opening.tuned("sgd")[0] * np.linspace(3, 6, 13)
    late = run(play.rules.momentum, ravine(100), steps=100, record="loss", lr=lrs[:, None], beta1=0.8).loss[-10:].max(0)
    assert late.max() < 1e-6 < 1e-3 * opening.tuned("sgd")[1].loss[-1]


def test_the_step_from_which_on_and_the_memories_that_reach_the_goal_are_those_of_the_folds():
    told = (Path(__file__).parent.parent / "authoring/lessons/07_momentum.py").read_text(encoding="utf-8")
    (step,) = [steps for steps in range(opening.STEPS) if opening._stays_below(steps)]
    assert f"From step {step}.</details>" in told
    reach = [memory for memory in range(1, 60) if averages._error(memory, 1.0)[0] < averages.TARGET]
    assert f"One from {reach[0]} to {reach[-1]} steps.</details>" in told


def test_another_path_than_the_colleagues_is_asked_to_be_worked_by_hand():
    def seeded(theta, g, s, *, lr, beta1):
        m = s.m if s.t else g
        return theta - lr * m, play.rules.State(s.t + 1, beta1 * m + (1 - beta1) * g)

    def tenth(theta, g, s, *, lr, beta1):
        theta, s = play.rules.momentum(theta, g, s, lr=0.1 * lr, beta1=beta1)
        return theta, s

    for attempt in (seeded, tenth):
        assert "Where is theta after the first step" in judge_colleague(attempt).message


def test_with_less_momentum_the_largest_lr_that_works_hardly_grows_and_the_translated_one_is_too_large():
    assert network.worst(0.22, 0.5) < 0.5
    assert network.worst(0.22, 0.9) < 0.5
    assert network.worst(0.44, 0.5) > 1  # not even twice as much
    assert network.worst(0.55, 0.5) > 1  # the translated one


def test_gradient_descents_count_grows_75_fold_because_less_of_the_loss_lies_along_a_narrower_valley():
    counts = {kappa: 1.01 * kappa * np.log(1e10 / kappa) / 4 for kappa in (100, 10_000)}  # the share along is 1 in kappa at the start
    found = {kappa: play.steps_by_kappa()[kappa][0] for kappa in counts}
    assert found == pytest.approx(counts, rel=0.01)
    assert found[10_000] / found[100] == pytest.approx(75, rel=0.01)


def test_on_momentums_own_path_the_average_along_the_valley_is_as_large_as_the_gradients_after_ten_steps():
    _, found = opening.tuned("momentum")
    m, shares = 0.0, []
    for g in found.theta[:30, 0]:  # the curvature along is 1
        m = 0.8 * m + 0.2 * g
        shares.append(m / g)
    assert 7 < int(np.argmax(np.array(shares) >= 1)) < 11
    assert min(shares[10:]) > 1


def test_the_factor_of_the_border_grows_with_the_root_of_the_condition_number():
    factors = [(1 + beta) / (1 - beta) for beta in (play.best(kappa)[1] for kappa in (100, 10_000))]
    assert factors[1] / factors[0] == pytest.approx(10, rel=0.02)


def test_momentums_best_run_rises_on_the_way_and_the_next_shorter_step_size_takes_the_rise_away(trained):
    calm, best = network.shorter(), trained["momentum"]
    assert (np.diff(np.median(best.losses, axis=1)) > 0).sum() == 1  # from step 20 to 25
    assert (np.diff(calm.losses, axis=0) < 0).all()
    assert 1.1 < np.median(calm.losses[-1]) / np.median(best.losses[-1]) < 2  # and the best one ends lower


def test_with_batches_of_four_momentum_ends_no_lower_than_gradient_descent():
    plain, heavy, *_ = noise.gain(*noise.at_each_step_size(4))
    assert plain < heavy
    assert 3.5 < noise.gain(*noise.at_each_step_size(256))[2] < 4.5  # "about four times lower"


def test_between_08_and_095_ten_starts_end_as_the_fine_print_says():
    medians = [np.median(network.train(play.rules.momentum, network.deep_task(), steps=100, seeds=range(10), record_every=100, device="cpu",
                                       beta1=beta1, lr=lr / (1 - beta1)).train_loss[-1])
               for beta1, lr in ((0.8, 0.11), (0.9, 0.11), (0.95, 0.055))]
    assert np.round(medians, 2).tolist() == [0.05, 0.02, 0.02]


def test_the_steps_of_the_opening_as_its_text_prints_them():
    (plain, walk), (heavy, _) = opening.tuned("sgd"), opening.tuned("momentum")
    assert f"{plain:.2g}, {heavy:.2g}" == "0.019, 0.076"
    assert round(100 * (1 - plain), 1) == 98.1
    assert round(100 * (1 - 0.019) ** 100) == round(100 * walk.theta[-1, 0]) == 15
    g = opening._first_gradients(20)[:, 0]
    assert int(np.argmax(averages.average(g, 0.8) >= g)) + 1 == 13


def test_what_memory_alone_brings_and_the_slider_on_both_sides_of_the_border():
    loss = run(play.rules.momentum, play.TASK, steps=100, record="loss", lr=0.019, beta1=np.arange(100)[:, None] / 100).loss[100]
    assert f"{loss[0]:.3f}, {loss.min():.3f}" == "0.011, 0.007"
    assert loss[95] > loss[0]
    box = play.ravine_task().live().boxes["lr"]
    stops = 10 ** (box.min + box.step * np.arange(1 + round((box.max - box.min) / box.step)))
    at = int(np.argmin(abs(stops - 0.0996)))
    ends = run(play.rules.momentum, play.TASK, steps=100, record="loss", lr=stops[at:at + 2, None], beta1=0.67).loss[100]
    assert f"{stops[at]:.3g}" == "0.0996"
    assert ends[0] < play.TASK_TARGET < 1e6 < ends[1]


def test_the_colleagues_loss_is_told_before_and_after():
    assert "from 50 to 661 million in 100 steps" in judge_colleague(late).message
    assert "from 50 to 0.009 in 100 steps" in judge_colleague(play.rules.momentum).message


def test_the_four_runs_of_the_table_stand_on_both_sides_of_the_border():
    for beta1, below, above in ((0.8, 0.179, 0.181), (0.9, 0.379, 0.381)):
        assert below < 0.02 * (1 + beta1) / (1 - beta1) < above
        ends = run(play.rules.momentum, ravine(100), steps=300, record="loss", lr=np.array([below, above])[:, None], beta1=beta1).loss[-1]
        assert ends[0] < 1e-8 < 1e8 < ends[1]


def test_with_a_beta_of_09_a_longer_step_saves_steps_only_up_to_a_point():
    def needed(beta1, lrs):
        return [play.steps_to(play.rules.momentum, 100, lr=lr, beta1=beta1) for lr in lrs]

    assert all(215 <= steps <= 235 for steps in needed(0.9, np.geomspace(0.03, 0.3, 12)))
    assert needed(0.9, [0.02, 0.37]) == [359, 251]  # below and above
    assert max(needed(0.8, [0.06, 0.1, 0.16])) < 115 < needed(0.8, [0.04])[0]


def test_with_a_beta_of_09_the_mildest_ravine_takes_as_many_steps_as_one_of_100():
    assert play.usual_beta(10) == pytest.approx(play.usual_beta(100), rel=0.1) == pytest.approx(220, rel=0.1)
