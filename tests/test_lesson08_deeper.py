"""What the deeper notebook of lesson 8 says of rounding, hops, angles and the burst, computed."""
from __future__ import annotations

import numpy as np
import pytest
import torch

from lessonlib import momentum, rmsprop, rules, run, sgd
from lessonlib.lessons.lesson08 import bursts, deep, judges, layerwise, precision, records, rescaling, scales, turned_ravine
from lessonlib.problems import ravine


def test_after_many_steps_what_rmsprop_leaves_does_not_depend_on_the_start_and_is_no_less_in_a_turned_ravine():
    for angle in (0, 2, 5, 30):
        early, late = rescaling.left_by_start(angle), rescaling.left_by_start(angle, rescaling.LATE)
        assert late.max() < 1.001 * late.min()
        assert angle == 0 or np.median(early) == pytest.approx(late[0], rel=0.05)
        assert angle == 0 or np.median(early) < late[0] * 1.001  # more steps do not lower the median
    assert rescaling.left_by_start(0, rescaling.LATE) == pytest.approx(1, abs=1e-3)


def test_a_falling_step_size_helps_the_two_shorter_memories_at_45_degrees_and_no_plan_frees_rmsprop_from_the_angle():
    left = {(beta2, angle, falling): rescaling.left_after(rmsprop, angle, falling=falling, beta2=beta2)[0]
            for beta2 in (0.9, 0.99, 0.999) for angle in (0, 45) for falling in (False, True)}
    assert [left[beta2, 45, True] < left[beta2, 45, False] for beta2 in (0.9, 0.99, 0.999)] == [True, True, False]
    assert left[0.999, 45, True] > 5 * left[0.999, 45, False]
    assert max(share for (_, angle, _), share in left.items() if angle == 0) < 1e-6
    assert min(share for (_, angle, _), share in left.items() if angle == 45) > 1e-5
    assert max(rescaling.left_after(momentum, 45, falling=falling)[0] for falling in (False, True)) < 1e-20


@pytest.mark.parametrize("angle", [5, 15, 30])
def test_the_large_gradients_across_a_turned_ravine_fill_v_and_without_them_the_ratio_is_not_the_cotangent(angle):
    problem, unit = turned_ravine.turned(angle), np.radians(angle)
    g = problem.grad(run(rmsprop, problem, steps=500, lr=0.01, start=rescaling.starts(angle)).theta[:-1])  # (500, 32, 2)
    along, across = g @ [np.cos(unit), np.sin(unit)], g @ [-np.sin(unit), np.cos(unit)]
    points_across = np.abs(across) > 2 * np.abs(along)
    weights = 0.01 * 0.99 ** np.arange(499, -1, -1)
    v, rest = (np.einsum("t,tsi->si", weights, g**2 * kept[..., None]) for kept in (np.ones_like(along), ~points_across))
    assert np.median(points_across[-100:].mean(axis=0)) < 0.05  # on the floor few gradients point across
    assert (rest.sum(axis=1) / v.sum(axis=1)).max() < 0.05  # and yet nearly all of v comes from those that did
    assert np.median((v[:, 1] / v[:, 0]) ** 0.5) == pytest.approx(1 / np.tan(unit), rel=0.05)
    assert np.median((rest[:, 1] / rest[:, 0]) ** 0.5) == pytest.approx(1, abs=0.1)


def test_what_falling_step_sizes_do_at_45_degrees_and_what_corrected_first_steps_take_away_of_the_harm():
    rows = {name: (constant, falling) for name, constant, falling in rescaling.by_plan(45)}
    ten, hundred, thousand, corrected, plain = rows.values()
    assert [falling < constant for constant, falling in (ten, hundred, thousand, plain)] == [True, True, False, False]
    assert (*thousand, *corrected) == pytest.approx([30, 204, 28, 43], abs=1)
    assert corrected[1] - corrected[0] < 0.1 * (thousand[1] - thousand[0])
    assert all(0.7 < memory[1] / plain[0] < 1.3 for memory in (ten, hundred))  # about as much as gradient descent


def test_twice_the_steps_take_away_all_the_harm_that_a_falling_step_size_does_to_gradient_descent():
    constant, falling = (rescaling.left_after(sgd, 45, falling=falls, steps=steps)[0] for falls, steps in ((False, 1000), (True, 2000)))
    assert falling == pytest.approx(constant, rel=0.01)
    assert rescaling.left_after(sgd, 45, falling=True)[0] > 5 * constant


def test_who_wins_the_race_in_the_turned_ravine():
    def takes(rule, angle, lr, steps=2000):
        return float(turned_ravine.arrival(turned_ravine._walk(rule, angle, steps, float(lr))[1]))

    own = turned_ravine.FIXED
    assert {takes(momentum, angle, own[momentum], 400) for angle in (0, 17, 45, 90)} == {90.0}
    assert min(takes(rmsprop, 45, lr) for lr in turned_ravine.LRS[rmsprop][::2]) > 10 * 90
    with np.errstate(all="ignore"):  # of walks that diverge
        for rule, lr in own.items():
            assert takes(rule, 0, lr, 400) < 1.15 * min(takes(rule, 0, other, 400) for other in lr * np.geomspace(0.1, 10, 17))
    assert (own[momentum], own[rules.adam]) == (0.02, 0.03)
    assert takes(rules.adam, 45, 0.03) == np.inf > takes(rules.adam, 45, 0.3) > 90


@pytest.mark.parametrize(("longest", "lr"), [(3.0, 0.00177828), (30.0, 0.000177828)])
def test_way_a_learns_with_other_limits_on_its_steps_too(longest, lr):
    read = []
    for seed in range(4):
        net = deep.deep_net(seed)
        rule = layerwise.steps_cut(layerwise.way_for(layerwise.WAYS[1], seed), seed, longest)
        read.append(net.metrics["test accuracy"](run(rule, net, steps=300, record="last", seed=seed, lr=lr).theta[-1]))
    assert min(read) > 0.2 > records.GUESSED


def test_with_its_long_steps_cut_way_a_reads_more_than_b():
    found = records.deep_net_records()
    b = next(way["read"] for name, way in found["ways"].items() if name.startswith("B"))
    assert np.median(found["cut"]["read"]) > np.median(b) + 0.1


def test_with_eight_layers_who_reads_most_digits_and_from_how_many_starts():
    ends = records.deep_net_records()["ends"]
    late, early = ends["8 hidden layers, 3000 steps"]["momentum"]["read"], ends["8 hidden layers, 300 steps"]["rmsprop"]["read"]
    assert sum(share > 0.5 for share in late) == 9 < len(late)
    assert min(early) > 0.5


def test_with_a_falling_step_size_the_loss_at_step_4000_is_a_fifth_below_that_of_hops_of_half_a_step_size():
    loss = run(rmsprop, ravine(100), lr=lambda t: 0.01 * (1 - (t - 1) / 5000), steps=4000, start=np.array([1.0, 0.3])).loss[-1]
    assert loss / (0.002**2 / 8 * 101) == pytest.approx(0.8, abs=0.03)


def test_a_weight_of_1_loses_a_step_of_a_thousandth_in_bfloat16():
    weight, step = torch.tensor([1.0, 0.001], dtype=torch.bfloat16, device="cpu")
    assert weight - step == weight + step == weight


def test_a_divisor_for_each_weight_reads_more_than_one_for_each_layer_from_every_start():
    found = records.deep_net_records()
    for ways in (found["ways"], found["full"]):
        b, c = (next(each["read"] for name, each in ways.items() if name.startswith(letter)) for letter in "BC")
        assert max(b) < min(c)
    assert max(found["cut"]["read"]) < min(found["ways"]["C. one for each weight, following"]["read"])


def test_after_step_600_the_loss_of_the_walk_rises_to_a_quarter_before_it_comes_to_its_hops():
    loss = run(rmsprop, ravine(100), lr=0.01, steps=5000, start=np.array([1.0, 0.3])).loss
    assert loss[600] < 1e-100
    assert loss[600:].max() == pytest.approx(0.25, abs=0.005)


def test_torchs_centered_rmsprop_with_a_memory_of_ten_returns_nan_where_the_difference_is_below_zero():
    g = torch.arange(1, 101, device="cpu") / 10
    p = torch.nn.Parameter(torch.zeros(100, device="cpu"))
    optimizer, below = torch.optim.RMSprop([p], lr=1e-3, alpha=0.9, centered=True), torch.zeros(100, dtype=torch.bool, device="cpu")
    for _ in range(400):
        p.grad = g.clone()
        optimizer.step()
        state = optimizer.state[p]
        below |= state["square_avg"].addcmul(state["grad_avg"], state["grad_avg"], value=-1) < 0
    assert below.any()
    assert (torch.isnan(p.detach()) == below).all()


def test_how_far_the_burst_carries_for_each_step_of_the_memory():
    each = [bursts.too_far(beta2) * (1 - beta2) for beta2 in bursts.BETAS]
    assert [round(x, 1) for x in each] == [0.9, 1.2, 1.3]


def test_way_a_makes_the_first_steps_of_the_layers_alike_but_not_equal():
    def spread(rule, net, rng):
        move = rule(net.start, net.grad(net.start, rng), rules.State(), lr=1e-4)[0] - net.start
        sizes = [np.concatenate([part.ravel() for part in pair]).std() for pair in deep.layers_of(move)]
        return max(sizes) / min(sizes)

    for seed in range(3):
        net = deep.deep_net(seed)
        once = spread(layerwise.way_for(layerwise.WAYS[1], seed), net, np.random.default_rng(seed))
        assert 1.5 < once < 6 < 100 < spread(sgd, net, np.random.default_rng(seed))


def test_any_memory_ends_with_hops_of_half_a_step_size_to_each_side_and_none_keeps_a_third_and_two_thirds():
    ends = {}
    for beta2 in (0.0, 0.001, 0.01, 0.1, 0.5, 0.9):
        path = run(rmsprop, ravine(100), lr=0.03, steps=6000, beta2=beta2, eps=1e-12).theta[:, 0] / 0.03
        ends[beta2] = np.sort(path[-2:])
        if beta2 == 0.1:  # from the farther point the step is too long, until both are equally far
            first = path[34:42]
            far, steps = np.abs(first[:-1]), np.abs(np.diff(first))
            assert ((far[1:] > far[:-1]) == (steps[1:] > 1)).all()
    assert ends.pop(0.0) == pytest.approx([-2 / 3, 1 / 3], abs=1e-6)
    assert np.array([*ends.values()]) == pytest.approx(np.tile([-0.5, 0.5], (5, 1)), abs=1e-3)


def test_far_below_epsilon_rmsprop_is_gradient_descent_and_neither_moves_at_the_left_end():
    for c in (1e-12, 1e-14):
        small = scales.scaled(ravine(100), c)
        moves = [walk.theta - walk.theta[0] for walk in (run(rmsprop, small, lr=0.01, steps=100, eps=1e-8),
                                                         run(sgd, small, lr=0.01 / 1e-8, steps=100))]
        assert np.abs(moves[0][1:] / moves[1][1:] - 1).max() < 0.02
    assert np.abs(moves[0]).max() < 1e-3
    assert scales.apart(rmsprop, 1e-14, eps=1e-8, scaled_eps=1e-8) == pytest.approx(1, abs=0.05)
    assert scales.apart(sgd, 1e-14) == pytest.approx(1, abs=0.05)


def test_in_bfloat16_what_comes_in_is_rounded_up_from_a_quarter_on_and_away_from_a_half_on():
    v = precision.second_moment("bfloat16")[:1000]
    for low, high, comes in ((0.125, 0.25, 2**-10), (0.25, 0.5, 2**-9), (0.5, 1.0, 0.0)):
        inside = (v[:-1] >= low) & (v[:-1] < high)
        assert set(np.diff(v)[inside]) == {comes}
    low, high = 0.5 * 2**-8, 2**-8  # of the numbers between a half and one: half of their distance, and the distance
    assert 0.001 < low < high
    assert 0.5 * 2**-9 < 0.001 < 2**-9


def test_where_the_shorter_memory_stops_in_bfloat16_as_much_comes_in_as_goes():
    stopped = torch.tensor(precision.torchs_own(0.99)[-1], dtype=torch.bfloat16, device="cpu")
    less, g = stopped.clone().mul_(0.99), torch.tensor(0.1, dtype=torch.bfloat16, device="cpu")
    assert stopped - less == less.clone().addcmul_(g, g, value=0.01) - less == 2**-13
    assert less.float() < stopped.float()  # with nothing coming in it does fall, as in the exercise


def test_the_burst_at_the_large_step_size_helps_two_memories_and_harms_the_longest_from_every_seed():
    for beta2, helps in zip(bursts.BETAS, (True, True, False), strict=True):
        as_is, corrected = (bursts.losses(0.01, beta2, corrected=mended)[:, -1] for mended in (False, True))
        assert ((as_is < corrected) == helps).all()
        assert (bursts.losses(0.001, beta2)[:, -1] < bursts.losses(0.001, beta2, corrected=True)[:, -1]).all()
    assert bursts.losses(0.01, 0.99)[:, -1].mean() < bursts.losses(0.01, 0.9)[:, -1].mean()  # longer, and lower


def test_the_judge_of_the_angle_speaks_of_its_range_and_sends_one_who_is_just_below_a_degree_on():
    assert "Which whole number between 1 and 45 do you mean?" in judges.judge_angle(24.5).message
    assert judges.judge_angle(9).message.endswith("is not above 100 yet. What do they leave one degree later?")
    assert judges.judge_angle(8).message.endswith("Where does the line in the picture cross 100?")
    assert "1 step v" in judges.judge_memory(1).message


def test_the_markers_of_the_turned_ravine_stand_at_the_same_steps_in_both_panels():
    shown = turned_ravine.rotation(steps=300)
    artists = shown.draw().artists
    shown.update(artists, angle=30, lr=0.01)
    for name in ("rmsprop", "adam"):
        path, loss = artists[name], artists[f"{name} loss"]
        assert [*path.get_markevery()] == [int(step) for step in loss.get_xdata()[loss.get_markevery()]]
