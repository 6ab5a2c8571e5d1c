"""Weights with nothing to learn: torch's own do the same, even decay is a law, and the causes that the lesson names are removed."""
from __future__ import annotations

import numpy as np
import pytest

from lessonlib import State, adam, adam_l2, adamw
from lessonlib.lessons.lesson10 import opening, practice
from lessonlib.lessons.lesson10.opening import EACH, LR, SIZES, STEPS, left_over, network_shares
from lessonlib.problems import digits_net


def test_torchs_own_leave_the_same_weights():
    torch = pytest.importorskip("torch")
    for make, rule, decay in ((torch.optim.Adam, adam_l2, 0.1), (torch.optim.AdamW, adamw, 0.5)):
        p, noise = torch.nn.Parameter(torch.ones(900, dtype=torch.float64)), np.random.default_rng(0)
        optimizer, ours, s = make([p], lr=LR, weight_decay=decay), np.ones(900), State()
        for _ in range(300):
            g = np.repeat(SIZES, EACH) * noise.standard_normal(900)
            p.grad = torch.tensor(g)
            optimizer.step()
            ours, s = rule(ours, g, s, lr=LR, weight_decay=decay)
        np.testing.assert_allclose(p.detach().numpy(), ours, rtol=1e-10, atol=1e-12)


def test_adamw_decays_every_group_alike_and_adam_does_not():
    level, rising = left_over(adamw, weight_decay=0.5)[-1], left_over(adam_l2, weight_decay=0.1)[-1]
    np.testing.assert_allclose(level, (1 - LR * 0.5) ** STEPS, atol=0.015)
    assert rising[0] < 0.05
    assert rising[-1] > 0.95
    assert (np.diff(rising) > -0.005).all()
    large = SIZES >= 1  # there the penalty hardly enters v
    np.testing.assert_allclose(rising[large], np.exp(-LR * 0.1 * STEPS / SIZES[large]), atol=0.02)


def test_without_the_division_the_l2_penalty_is_even_too():
    def undivided(theta, g, s, *, lr, weight_decay):
        """The decay goes through m, but not through v and the division."""
        m = 0.9 * s.m + 0.1 * weight_decay * theta
        moved, kept = adam(theta, g, State(s.t, 0.0 * theta, s.v), lr=0.0)
        return moved - lr * m, State(kept.t, m, kept.v)

    left = left_over(undivided, weight_decay=0.5)[-1]
    assert np.ptp(left) < 0.03


def test_in_a_network_the_share_falls_with_the_gradients_and_is_level_for_adamw():
    size, share = network_shares(adamw, 0.1)
    np.testing.assert_allclose(share, LR * 0.1, rtol=1e-9)
    size, share = network_shares(adam_l2, 1e-3)
    large = size > 3e-3
    assert np.polyfit(np.log(size[large]), np.log(share[large]), 1)[0] == pytest.approx(-1, abs=0.05)
    assert 50 < opening.ratio_of_tenths() < 200


def test_with_the_same_number_adam_decays_a_typical_weight_a_hundred_times_more():
    assert 90 < opening.times_of_adamw() < 120


def test_the_pull_over_the_root_of_v_is_what_adam_moves_on_average():
    """The lesson's table computes it; here noise is drawn, in pairs of both signs, and the weights are held at 1 while v fills."""
    for size in (10, 1, 0.001):
        noise, s, held, moves = np.random.default_rng(0), State(), np.ones(2000), []
        for t in range(300):
            drawn = size * noise.standard_normal(1000)
            theta, s = adam_l2(held, np.r_[drawn, -drawn], s, lr=1.0, weight_decay=0.1)
            moves += [float((held - theta).mean())] * (t >= 100)
        assert np.mean(moves) == pytest.approx(0.1 / (size**2 + 0.1**2) ** 0.5, rel=0.02)


def test_adams_line_is_level_at_the_left_of_the_first_picture_and_crosses_the_other_at_one():
    for steps in (600, STEPS):
        adams, other = (left_over(rule, weight_decay=0.1)[steps] for rule in (adam_l2, adamw))
        assert np.ptp(adams[SIZES < 0.02]) < 0.02
        assert adams[SIZES == 1] == pytest.approx(other[SIZES == 1], abs=0.02)


def test_in_the_network_of_part_4_the_same_number_pulls_hundreds_of_times_harder_and_unevenly():
    torch = pytest.importorskip("torch")
    from lessonlib.lessons.lesson10 import training

    (x, y), model, batches = training.training_digits(), training.network(0), torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(training.groups(model), lr=3e-3)
    for _ in range(80):
        rows = torch.randint(len(x), (64,), generator=batches)
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
        optimizer.step()
    roots = [(optimizer.state[p]["exp_avg_sq"] / (1 - 0.999**80)).sqrt().flatten() for p in model.parameters() if p.ndim == 2]
    least, median, most = np.quantile(1 / torch.cat(roots).numpy(), [0.1, 0.5, 0.9])
    assert 150 < median < 300
    assert most > 5 * least


def test_at_the_far_left_it_is_the_pull_within_v_that_bends_the_line():
    """Where the gradients are small the share rises no more; divided by the gradients' own root it would go on rising."""
    size, share = network_shares(adam_l2, 1e-3)
    small = size < 1e-4
    assert abs(np.polyfit(np.log(size[small]), np.log(share[small]), 1)[0]) < 0.3
    net, rng, s, theta, pull, square = digits_net(dtype=float), np.random.default_rng(0), State(), None, 0.0, 0.0
    theta = net.start
    for _ in range(500):
        g, before = net.grad(theta, rng), theta
        pull, square = 0.9 * pull + 0.1 * 1e-3 * theta, 0.999 * square + 0.001 * g**2
        theta, s = adam_l2(theta, g, s, lr=LR, weight_decay=1e-3)
    root = (square / (1 - 0.999**500)) ** 0.5
    matrix = np.r_[np.ones(64 * 32), np.zeros(32), np.ones(32 * 10), np.zeros(10)] > 0
    kept = matrix & (root > 0) & (root < 1e-4) & (np.abs(before) > 0.02)
    assert np.polyfit(np.log(root[kept]), np.log(pull[kept] / root[kept] / before[kept]), 1)[0] == pytest.approx(-1, abs=0.05)


def test_a_pull_that_is_far_larger_than_the_gradients_moves_a_weight_by_a_full_step():
    for decay in (0.01, 0.1, 1.0):
        theta, s = 1.0, State()
        for _ in range(20):
            before = theta
            theta, s = adam_l2(theta, 1e-6, s, lr=1e-4, weight_decay=decay)
        assert (before - theta) / 1e-4 == pytest.approx(1, abs=0.02)


def test_a_gradient_that_fades_lets_a_weight_walk_to_where_adamw_rests_and_one_that_changes_its_sign_does_not():
    """It rests at 10; the first gradient falls 50-fold, and Adam divides that away."""
    noise, ends = np.random.default_rng(0), {}
    for name, gradient in (("fades", lambda t: 3 * 0.9998**t), ("changes its sign", lambda t: noise.standard_normal())):
        theta, s, far = 0.0, State(), 0.0
        for t in range(20_000):
            theta, s = adamw(theta, gradient(t), s, lr=0.01, weight_decay=0.1)
            far = max(far, abs(theta))
        ends[name] = far
    assert ends["fades"] > 7
    assert ends["changes its sign"] < 1


@pytest.mark.parametrize("lr", [0.002, 0.01])
def test_adamw_rests_at_the_same_place_for_every_gradient_and_step_size(lr):
    for g in (0.03, 3.0):
        theta, s = 0.0, State()
        for _ in range(int(120 / lr)):
            theta, s = adamw(theta, g, s, lr=lr, weight_decay=0.1)
        assert theta == pytest.approx(-10, rel=1e-3)


def test_adam_with_l2_overshoots_and_comes_back_and_adamw_does_not():
    """What Adam with L2 divides is g + w theta, which goes to 0 and changes its sign; what AdamW divides is g."""
    lowest = {}
    for rule in (adam_l2, adamw):
        theta, s, path = 0.0, State(), []
        for _ in range(3000):
            theta, s = rule(theta, 0.03, s, lr=0.01, weight_decay=0.1)
            path.append(theta)
        lowest[rule] = min(path), path[-1]
    assert lowest[adam_l2] == (pytest.approx(-0.318, abs=1e-3), pytest.approx(-0.3, abs=1e-3))
    assert lowest[adamw][0] == lowest[adamw][1]


def test_half_is_left_at_the_goal_that_the_text_confirms():
    assert abs((1 - LR * 0.5) ** 1390 - 0.5) < 0.002


def test_the_bugs_that_are_drawn_are_told_apart():
    assert set(practice.BUGS.values()) < set(practice.CANDIDATES)
    ends = {name: practice.bug_path(name)[-1] for name in practice.CANDIDATES}
    for name in practice.CANDIDATES:
        for other in practice.CANDIDATES:
            assert name == other or np.abs(ends[name] - ends[other]).max() > 0.1
