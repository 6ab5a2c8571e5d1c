"""The deep network of lesson 8: its gradients are torch's, what was recorded comes out again, and the causes that the lesson names."""
from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from lessonlib import grid, momentum, rmsprop, rules, run, sgd
from lessonlib.data import digits
from lessonlib.lessons.lesson08 import (
    bursts,
    deep,
    hopping,
    judges,
    layerwise,
    opening,
    play,
    practice,
    precision,
    records,
    rescaling,
    scales,
    training,
    trouble,
)
from lessonlib.lessons.lesson08.judges import judge_bugs, judge_eps, judge_setting, judge_settings_meant, judge_two_steps
from lessonlib.problems import noisy, ravine


def torch_gradient(pairs, rows):
    """The gradient that torch gets for the same weights and images, in the same order."""
    d, parts = digits(), [[torch.tensor(part, dtype=torch.float64, device="cpu", requires_grad=True) for part in pair] for pair in pairs]
    h = torch.tensor(np.asarray(d.train_x[rows]), dtype=torch.float64, device="cpu")
    for number, (weights, biases) in enumerate(parts):
        h = h @ weights + biases
        h = h.relu() if number < len(parts) - 1 else h
    torch.nn.functional.cross_entropy(h, torch.tensor(d.train_y[rows], device="cpu")).backward()
    return np.concatenate([part.grad.numpy().ravel() for pair in parts for part in pair])


@pytest.mark.parametrize(("layers", "start"), [(8, "torch"), (2, "he")])
def test_the_gradient_is_torchs(layers, start):
    problem = deep.deep_net(3, layers=layers, start=start)
    rows = np.random.default_rng(5).integers(len(digits().train_x), size=deep.BATCH)
    wanted = torch_gradient(deep.start_of(3, layers, start), rows)
    np.testing.assert_allclose(problem.grad(problem.start, np.random.default_rng(5)), wanted, rtol=1e-9, atol=1e-14)


def test_the_start_is_drawn_as_nn_linear_draws_it():
    theirs = [p.detach().numpy() for p in training.deep_network(0).parameters()]
    ours = [part for pair in deep.start_of(0) for part in pair]
    assert [part.T.shape for part in ours] == [part.shape for part in theirs]
    for mine, torchs in zip(ours, theirs, strict=True):
        bound = (64 if 64 in mine.shape else 32) ** -0.5 if mine.ndim == 2 else None
        assert bound is None or max(abs(mine).max(), abs(torchs).max()) <= bound
        assert mine.size < 300 or mine.std() == pytest.approx(torchs.std(), rel=0.1)


def test_other_starts_are_refused():
    with pytest.raises(ValueError, match="start='xavier': one of 'torch', 'zero biases', 'larger weights', 'he'"):
        deep.start_of(0, start="xavier")


def test_what_was_recorded_comes_out_again():
    found = records.deep_net_records()
    assert {name: np.shape(rows) for name, rows in found["loss"].items()} == dict.fromkeys(records.NAMES, (25, 31))
    for name in records.NAMES:
        lr, problem = found["rules"][name]["lr"], deep.deep_net(1)
        done = run(getattr(rules, name), problem, steps=records.STEPS, seed=1, record="last", lr=lr)
        assert problem.metrics["test accuracy"](done.theta[0]) == pytest.approx(found["rules"][name]["read"][1], abs=0.15)


def test_gradient_descent_and_momentum_stay_at_chance_at_every_step_size_and_rmsprop_does_not():
    found = records.deep_net_records()
    for name in ("sgd", "momentum"):
        assert np.array(found["loss"][name])[:, -1].min() > 0.98 * opening.GUESSING
        assert max(found["rules"][name]["read"]) < 0.2
    assert np.median(found["rules"]["rmsprop"]["read"]) > 0.6
    assert min(found["rules"]["rmsprop"]["read"]) > 0.4


def test_the_best_step_sizes_lie_inside_their_sweeps():
    found = records.deep_net_records()
    assert records.LRS[0] < found["rules"]["rmsprop"]["lr"] < records.LRS[-1]
    for place in records.PLACES:
        lrs = records.END_LRS["rmsprop"]
        assert lrs[0] < found["ends"][place]["rmsprop"]["lr"] < lrs[-1]


def test_of_the_three_ways_only_a_step_size_for_each_weight_that_follows_reads_more_than_half():
    found = records.deep_net_records()
    ways = [float(np.median(way["read"])) for way in found["ways"].values()]
    assert max(ways[:2]) < 0.15 < ways[2] < 0.5 < ways[3]
    assert (np.array(found["ways"][layerwise.WAYS[2]]["read"]) > records.GUESSED).sum() == 8  # of the ten starts
    assert records.how_many_learn(found) == 1
    assert found["ways"][layerwise.WAYS[3]] == found["rules"]["rmsprop"]  # one optimizer, so one row
    assert found["ways"][layerwise.WAYS[0]] == found["rules"]["sgd"]


def test_what_is_set_once_is_thrown_back_from_each_of_four_starts():
    for seed in range(4):
        once = trouble.growth(layerwise.WAYS[1], seed)
        assert once.grown > 30
        assert not once.losses[-1] < 0.98 * opening.GUESSING


def test_in_the_picture_the_steps_grow_with_the_gradients_where_they_are_set_once_and_not_where_they_follow():
    once, following = (trouble.growth(layerwise.WAYS[k]) for k in (1, 3))
    drawn = once.steps <= trouble.SHOWN
    grown, moves = (part[drawn] / part[0] for part in (once.sizes[:, 0], once.moves))
    assert min(grown.max(), moves.max()) > 1000
    assert np.median(np.abs(np.log(moves / grown))) < np.log(1.5)  # one curve
    losses, at = once.losses[drawn], once.losses[drawn].argmax()
    assert losses[:at].min() < 0.95 * opening.GUESSING < 1.2 * opening.GUESSING < losses[at] < 3.6  # inside the axis
    assert losses[-1] == pytest.approx(opening.GUESSING, rel=0.01)
    assert following.sizes[drawn, 0].max() > 1000 * following.sizes[0, 0]
    assert following.moves[drawn].max() < 1.5 * following.moves[0]
    assert np.median(following.moves[following.steps > 60]) < 0.5 * following.moves[0]
    assert following.losses[drawn][-1] < 1.2
    assert trouble.best_lr(layerwise.WAYS[1]) == records.deep_net_records()["ways"][layerwise.WAYS[1]]["lr"]
    assert (trouble.best_lr(layerwise.WAYS[1]) > records.WAY_LRS).sum() == 4  # smaller ones were tried


def test_with_rmsprop_the_two_numbers_go_side_by_side_at_one_step_size():
    far = np.abs(run(rmsprop, ravine(1000), steps=20, lr=0.05).theta)
    np.testing.assert_allclose(far[:10, 0], far[:10, 1], atol=1e-6)
    apart = np.abs(run(rmsprop, ravine(1000), steps=1, start=[1.0, 0.5], lr=0.05).theta[-1])
    assert apart[1] < 1e-6 < 0.4 < apart[0]  # the cause removed: not from one distance
    assert (far < 0.01).argmax(axis=0).tolist() == [8, 8]
    assert (far[7] > 0.011).all()
    assert (far[8] < 0.009).all()


def test_what_is_set_once_learns_when_no_layers_step_may_grow():
    """The cause removed: way A's sizes, and each layer's scaled gradient at most as large as at the start, a root mean square of 1."""
    seed, net = 0, deep.deep_net(0)
    layer, sizes = layerwise._layer_of_each(deep.start_of(seed)), deep.layer_gradients(net.start, net)
    first = np.flatnonzero(np.diff(layer, prepend=-1))

    def limited(theta, g, s, *, lr):
        scaled = g / sizes[layer]
        size = np.sqrt(np.add.reduceat(scaled**2, first, axis=-1) / np.bincount(layer))
        return sgd(theta, scaled / np.maximum(1, size)[..., layer], s, lr=lr)

    done = run(limited, net, steps=300, seed=seed, record="last", **grid(lr=[0.002]))
    assert net.metrics["test accuracy"](done.theta[0])[0] == pytest.approx(0.34, abs=0.1)


def test_one_divisor_for_the_weights_that_leave_each_unit_reads_far_more_than_one_for_each_layer():
    """The cause removed: the gradients inside a layer differ by what its units send, and each unit's weights have their own divisor."""
    found, net = records.deep_net_records(), deep.deep_net(0)
    lr = found["units"]["lr"]
    assert records.WAY_LRS[0] < lr < records.WAY_LRS[-1]
    for seed in (0, 5):
        done = run(layerwise.each_unit_following(seed), deep.deep_net(seed), steps=300, record="last", seed=seed, lr=lr)
        assert net.metrics["test accuracy"](done.theta[-1]) == pytest.approx(found["units"]["read"][seed], abs=2e-3)
    layer, unit, weight = (np.array(each["read"]) for each in (found["ways"][layerwise.WAYS[2]], found["units"], found["ways"][layerwise.WAYS[3]]))
    assert layer.max() < unit.min()
    assert np.median(layer) < np.median(weight) / 2 < np.median(unit) < np.median(weight)
    assert records.with_one_divisor_a_layer(found, "abc") == "b"
    assert [row[1] for row in records.by_divisor(found)] == [records.reads({"read": part}) for part in (layer, unit, weight)]


def test_one_divisor_for_each_layer_reads_more_without_long_first_steps_and_as_much_as_steps_cut_without_a_memory():
    """Without a memory the first steps are no longer than others either, so the two are told apart by the average that begins full."""
    found, net = records.deep_net_records(), deep.deep_net(0)
    alone = found["forgetting"]
    assert records.WAY_LRS[0] < alone["lr"] < records.WAY_LRS[-1]
    done = run(layerwise.forgetting(0), deep.deep_net(0), steps=300, record="last", seed=0, lr=alone["lr"])
    assert net.metrics["test accuracy"](done.theta[-1]) == pytest.approx(alone["read"][0], abs=2e-3)
    following, cut, without = (np.array(each["read"]) for each in (found["ways"][layerwise.WAYS[2]], found["cut"], alone))
    full = np.array(found["full"][layerwise.WAYS[2]]["read"])
    assert np.median(following) + 0.1 < np.median(full) < np.median(without) - 0.05
    assert np.median(without) == pytest.approx(np.median(cut), abs=0.03)
    assert records.forgetting_reads() == records.reads(alone)
    weights, g = np.array([1.0, -2.0, 4.0]), np.array([3.0, -4.0, 0.5])
    moved = weights - layerwise.each_layer_following(weights, g, rules.State(), lr=0.1, layer=np.array([0, 0, 1]), beta2=0.0)[0]
    np.testing.assert_allclose(moved, [0.1 * 3 / 12.5**0.5, -0.1 * 4 / 12.5**0.5, 0.1])  # every layer's step has one length


def test_the_weights_that_leave_a_unit_share_a_number_and_each_layers_biases_have_one():
    parts = layerwise._unit_of_each(deep.start_of(0))
    assert parts.max() == 64 + 8 * 32 + 9 - 1
    weights, biases = deep.layers_of(parts)[0]
    assert (weights == np.arange(64)[:, None]).all()
    assert (biases == 64).all()


def test_some_units_of_a_layer_send_far_more_than_others_and_their_weights_gradients_are_as_much_larger():
    for seed in range(3):
        net = deep.deep_net(seed)
        pairs = deep.layers_of(net.grad(net.start, np.random.default_rng(0)))
        for weights, _ in pairs[:-1]:
            left = (weights**2).mean(axis=1) ** 0.5
            assert left.max() > 10 * np.quantile(left, 0.25)


def test_the_steps_drawn_are_those_of_the_first_layer_alone():
    found, seed = trouble.growth(layerwise.WAYS[0], 4, steps=2), 4
    net = deep.deep_net(seed)
    weights = deep.layers_of(net.grad(net.start, np.random.default_rng(seed)))[0][0]
    assert found.moves[0] == pytest.approx(trouble.best_lr(layerwise.WAYS[0]) * (weights**2).mean() ** 0.5)


def test_gradients_that_have_grown_are_no_trouble_for_step_sizes_that_are_set_then():
    """The cause removed: the same start, the same walk under way A, and gradient descent from where the gradients have grown."""
    for seed in (1, 2, 7):
        net, rng, s = deep.deep_net(seed), np.random.default_rng(seed), rules.State()
        rule, theta = layerwise.way_for(layerwise.WAYS[1], seed), net.start
        first = deep.layer_gradients(theta, net, batches=4)[0]
        for t in range(300):
            if t % 5 == 0 and deep.layer_gradients(theta, net, batches=4)[0] > 30 * first:
                break
            theta, s = rule(theta, net.grad(theta, rng), s, lr=1e-4)
        assert t < 250
        done = run(sgd, net, start=theta, steps=300 - t, seed=seed, record="last", lr=0.1)
        assert net.metrics["test accuracy"](done.theta[0]) > 0.15


def test_zero_biases_make_the_layers_equal_and_larger_weights_make_all_gradients_large():
    bars = {start: opening.layer_bars(start) for start in deep.STARTS}
    first = bars["torch"][0]
    assert bars["torch"][-1] > 100 * first
    assert 0.3 * first < bars["zero biases"].min() < bars["zero biases"].max() < 2 * bars["zero biases"].min()
    for start in ("larger weights", "he"):
        assert bars[start].max() / bars[start].min() < 3
        assert bars[start].min() > 1000 * first


@pytest.mark.parametrize("seed", range(5))
def test_at_the_start_small_weights_answer_alike_to_every_image_and_larger_ones_do_not(seed):
    """How far the answers to different images lie apart, at most over the ten answers; a softmax sees only differences."""
    def apart(start):
        *hidden, (weights, biases) = deep.start_of(seed, start=start)
        h = np.asarray(digits().train_x, dtype=float)
        for inner, shift in hidden:
            h = np.maximum(h @ inner + shift, 0)
        return (h @ weights + biases).std(0).max()

    assert max(apart("torch"), apart("zero biases")) < 1e-3
    assert min(apart("larger weights"), apart("he")) > 0.03


def test_images_get_lost_on_their_way_through_small_weights_and_not_through_larger_ones():
    small, large = trouble.apart("torch"), trouble.apart("larger weights")
    assert (np.diff(small) < 0).all()
    assert 1000 < small[0] / small[-1] < 5000
    assert large.max() / large.min() < 5


def test_the_signal_gets_lost_on_its_way_back_through_small_weights_and_not_through_larger_ones():
    enters, small = trouble.on_the_way()
    assert (small[1:] > 2 * small[:-1]).all()
    assert 1000 < small[-1] / small[0] < 5000
    large = trouble.on_the_way("larger weights")[1]
    assert large.max() / large.min() < 2
    bars = opening.layer_bars()
    assert bars[:3].max() / bars[:3].min() < 1.4
    assert np.std(np.log(enters * small / bars)) < 0.1  # a weight's gradient is the product, but for one factor
    assert (trouble.enters_fall(), trouble.back_grows()) == pytest.approx((4.6, 6.5), abs=0.1)
    without, come_back = trouble.on_the_way("zero biases")  # what enters goes on falling, and all bars are level
    assert without[-1] < 0.01 * enters[-1]
    assert (come_back[1:] > 2 * come_back[:-1]).all()
    assert opening.unequal("zero biases") < 2 < 100 < opening.unequal()


def test_what_comes_back_is_torchs_gradient():
    layers, images = deep.start_of(0), torch.tensor(np.asarray(digits().train_x), dtype=torch.float64, device="cpu")
    sums, h = [], images
    for number, pair in enumerate(layers):
        weights, biases = (torch.tensor(part, dtype=torch.float64, device="cpu") for part in pair)
        sums.append((h @ weights + biases).requires_grad_())
        sums[-1].retain_grad()
        h = sums[-1].relu() if number < len(layers) - 1 else sums[-1]
    torch.nn.functional.cross_entropy(h, torch.tensor(digits().train_y, device="cpu"), reduction="sum").backward()
    theirs = [float((each.grad**2).mean() ** 0.5) for each in sums]
    np.testing.assert_allclose(trouble.on_the_way(seeds=1)[1], theirs, rtol=1e-9)


def test_rmsprops_steps_are_about_as_long_in_the_first_layer_of_the_network_as_in_the_last():
    theta = run(rmsprop, deep.deep_net(), steps=150, lr=0.003, beta2=0.99).theta
    moves = np.diff(theta[60:], axis=0) / 0.003
    lengths = [float((weights**2).mean() ** 0.5) for weights, _ in deep.layers_of(moves)]
    assert all(1 < length < 1.5 for length in lengths)


def test_inside_the_first_layer_gradients_differ_by_dozens():
    shares = []
    for seed in range(5):
        net = deep.deep_net(seed)
        sizes = np.abs(deep.layers_of(net.grad(net.start, np.random.default_rng(seed)))[0][0])
        shares.append(np.divide(*np.percentile(sizes[sizes > 0], [90, 10])))
    assert min(shares) > 24


@pytest.mark.parametrize(("lr", "seed"), [(1.0, 0), (3.2, 1), (1.8, 2), (10.0, 3)])
def test_at_large_step_sizes_gradient_descent_ends_with_units_that_answer_no_image(lr, seed):
    net, images = deep.deep_net(seed), np.asarray(digits().train_x, dtype=float)
    with np.errstate(over="ignore"):
        theta = run(sgd, net, steps=300, seed=seed, record="last", lr=lr).theta[-1]
    h = images
    for weights, biases in deep.layers_of(theta)[:-1]:
        h = np.maximum(h @ weights + biases, 0)
    assert not h.any()
    assert not deep.layer_gradients(theta, net).any()


def test_each_change_of_the_start_alone_is_the_change_that_it_names():
    (plain, zero, larger), he = ([deep.start_of(3, start=start) for start in deep.STARTS[:3]]), deep.start_of(3, start="he")
    for (w, b), (same, none), (large, kept), (wide, _) in zip(plain, zero, larger, he, strict=True):
        np.testing.assert_array_equal(same, w)
        assert not none.any()
        np.testing.assert_allclose(large, 2.449490 * w, rtol=1e-6)
        np.testing.assert_array_equal(kept, b)
        assert large.std() == pytest.approx(wide.std(), rel=0.1)


def test_the_cause_removed_larger_weights_cure_every_rule_and_zero_biases_cure_none():
    found = records.deep_net_records()
    zero, larger, he = (found["ends"][place] for place in list(records.STARTED.values())[1:])
    assert max(max(zero[name]["read"]) for name in ("sgd", "momentum")) < records.GUESSED
    assert np.median(zero["rmsprop"]["read"]) > 0.5
    assert sum(share > records.GUESSED for share in zero["rmsprop"]["read"]) == 9  # "from nine of ten starts"
    for cured in (larger, he):
        medians = [np.median(cured[name]["read"]) for name in records.NAMES]
        assert min(medians) > 0.9
        assert max(medians) - min(medians) < 0.05
        assert min(min(cured[name]["read"]) for name in records.NAMES) > 0.8
    assert records.with_larger_weights(found, "abc") == "c"
    assert records.with_larger_weights(found, "abc", share=0.99) == "b"
    first, second = records.by_start(found)
    assert records.reads_from("zero biases") == records.reads(zero["rmsprop"])
    assert second[:2] == ["larger weights", records.reads(larger["sgd"])]
    assert first[1:] == [row[2] for row in records.at_their_best(found)]  # the first table of the lesson, number for number
    assert records.reads_from("He start", "sgd") == records.reads(he["sgd"])


def test_both_step_sizes_of_two_numbers_are_one_by_the_curvature_and_only_at_one_by_the_gradient():
    curvatures, lr, times = np.array([1.0, 1000.0]), 1e-3, 1000.0
    np.testing.assert_allclose([lr * times, lr], 1 / curvatures)
    np.testing.assert_allclose(ravine(1000).grad(np.ones(2), None), curvatures)
    assert opening.two_sizes().goal.met(lr, times)
    far = np.full(2, 5.0)
    gradients = ravine(1000).grad(far, None)
    by_curvature, by_gradient = (np.abs(run(sgd, ravine(1000), steps=20, start=far, lr=1 / each).theta[-1]).max() for each in (curvatures, gradients))
    assert by_curvature < 1e-9 < 0.01 < by_gradient


def test_the_long_first_steps_are_not_what_carries_the_ways_that_follow():
    found = records.deep_net_records()
    b, c = found["full"].values()
    assert min(b["read"]) > records.GUESSED
    assert np.median(c["read"]) > 0.6 > 0.5 > np.median(b["read"])
    assert (records.begun_full("B"), records.begun_full("C")) == (records.reads(b), records.reads(c))
    theta, s = layerwise.begun_full(rmsprop)(np.zeros(2), np.array([3.0, 0.1]), rules.State(), lr=0.1)
    np.testing.assert_allclose(theta, -0.1)  # the first step is as long as the step size
    np.testing.assert_allclose(s.v, [9, 0.01])


def test_a_way_that_follows_has_steps_that_do_not_grow_with_the_gradients():
    for way in layerwise.WAYS[2:]:
        found = trouble.growth(way)
        assert found.grown > 300
        assert found.moves.max() < 2 * found.moves[0]
        drawn_last = found.moves[(found.steps > trouble.SHOWN - 60) & (found.steps <= trouble.SHOWN)]
        assert drawn_last.max() < 0.7 * found.moves[0]
        assert found.losses[-1] < 0.9 * opening.GUESSING


def test_weights_two_and_a_half_times_as_large_make_gradients_more_than_a_thousand_times_as_large():
    """The gradient of a layer has the weights of the eight others as factors: exact without biases where the answers are near a guess."""
    net = deep.deep_net(0, start="zero biases")
    small, larger = (deep.layer_gradients(scale * net.start, net) for scale in (0.1, 0.1 * deep.LARGER))
    np.testing.assert_allclose(larger / small, deep.LARGER**8, rtol=0.01)
    assert deep.LARGER**8 > 1000
    assert (opening.layer_bars("larger weights") / opening.layer_bars("zero biases")).min() > 1000


def test_where_a_rule_has_not_learned_one_digit_is_ahead_for_every_image():
    lr, net, images = records.deep_net_records()["rules"]["sgd"]["lr"], deep.deep_net(0), np.asarray(digits().test_x, dtype=float)
    h = images
    for weights, biases in (pairs := deep.layers_of(run(sgd, net, steps=300, record="last", lr=lr).theta[0]))[:-1]:
        h = np.maximum(h @ weights + biases, 0)
    scores = h @ pairs[-1][0] + pairs[-1][1]
    assert len({*scores.argmax(axis=1).tolist()}) == 1
    chances = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    assert chances.max() < 0.15


def test_after_a_he_start_the_medians_are_near_and_the_ranges_overlap():
    he = records.deep_net_records()["ends"]["8 hidden layers, 300 steps, He start"]
    medians = [float(np.median(row["read"])) for row in he.values()]
    assert max(medians) - min(medians) < 0.03
    assert max(min(row["read"]) for row in he.values()) < min(max(row["read"]) for row in he.values())  # the ranges overlap


def test_a_he_start_removes_the_trouble_fewer_layers_make_it_smaller_and_ten_times_the_steps_help_from_most_starts():
    ends = {place: {name: float(np.median(row[name]["read"])) for name in row} for place, row in records.deep_net_records()["ends"].items()}
    assert min(ends["8 hidden layers, 300 steps, He start"].values()) > 0.85
    assert 0.6 < ends["4 hidden layers, 300 steps"]["sgd"] < ends["4 hidden layers, 300 steps"]["momentum"]
    assert ends["6 hidden layers, 300 steps"]["sgd"] < 0.2 < ends["6 hidden layers, 300 steps"]["momentum"] < 0.6
    assert max(ends["8 hidden layers, 1000 steps"][name] for name in ("sgd", "momentum")) < 0.12 < 0.9 < ends["8 hidden layers, 1000 steps"]["rmsprop"]
    longer = records.deep_net_records()["ends"]["8 hidden layers, 3000 steps"]
    assert np.median(longer["momentum"]["read"]) > 0.7
    assert min(longer["momentum"]["read"]) < 0.15
    assert max(longer["sgd"]["read"]) > 0.5
    assert records.what_lets_it_learn(records.deep_net_records()) == "four layers in place of eight"
    assert records.what_lets_it_learn(records.deep_net_records(), share=0.8) == "none of these"
    sizes = deep.layer_gradients(deep.deep_net(0, start="he").start, deep.deep_net(0, start="he"))
    assert sizes.max() / sizes.min() < 10
    assert opening.layer_bars()[-1] / opening.layer_bars()[0] > 100
    assert opening.layer_bars("he").max() / opening.layer_bars("he").min() < 3


def test_torchs_rmsprop_ends_where_ours_does_in_part_3():
    p = torch.nn.Parameter(torch.ones(2, dtype=torch.float64, device="cpu"))
    optimizer = torch.optim.RMSprop([p], lr=0.015, alpha=0.99)
    for _ in range(20):
        p.grad = p.detach() * torch.tensor([1.0, 100.0], dtype=torch.float64, device="cpu")
        optimizer.step()
    np.testing.assert_allclose(p.detach().numpy(), run(rmsprop, ravine(100), steps=20, lr=0.015).theta[-1], rtol=1e-12)
    np.testing.assert_allclose(p.detach().numpy(), p.detach().numpy()[0], rtol=1e-6)


def test_the_steps_grow_again_at_first_to_three_times_the_step_size():
    steps = np.abs(np.diff(hopping.walk_with_a_falling_step(0.03, 0).theta[:, 1])) / 0.03
    assert steps[60:69].max() < 1e-3
    assert 2.8 < steps[69:85].max() < 10**0.5  # the root of the memory is the bound
    assert steps[250:].max() < 1.1
    ends = hopping.walk_with_a_falling_step(0.03, 0).theta[-2:] / 0.03
    np.testing.assert_allclose(abs(ends), 0.5, atol=0.01)  # half a step to each side, the flat number too
    assert (ends[0] * ends[1] < 0).all()


def test_near_the_minimum_the_steps_shrink_and_come_back_when_v_has_forgotten():
    walk = hopping.walk_with_a_falling_step(0.03, 0)
    moves = abs(np.diff(walk.theta, axis=0)).max(axis=1) / 0.03
    turn = int(moves[:100].argmin())
    assert 60 < turn < 75
    assert moves[turn] < 1e-4 < 1 < moves[turn:turn + 12].max()
    assert walk.loss.argmin() == 68
    assert walk.loss[68] < 1e-12 < 1e-3 < walk.loss[-1]
    np.testing.assert_allclose(abs(np.diff(walk.theta, axis=0)[-1]) / 0.03, 1, rtol=0.03)
    low, high = hopping.hopping().still().axes[0].get_ylim()
    assert low < walk.loss.min() < walk.loss.max() < high


def test_the_gradient_of_the_division_picture_has_been_of_one_size_for_long():
    g, sizes = opening.grown_gradient()
    before, after = np.abs(g / sizes)[:opening.BEFORE], np.abs(g / sizes)[opening.BEFORE:]
    assert len(after) == opening.AFTER
    assert 0.8 < sizes[0] < 1.2
    assert before.max() < 1.6 < after[:5].max()
    assert after[15:].max() < 1.6
    assert np.median(sizes[-20:]) == pytest.approx(5, rel=0.15)


def test_with_the_default_memory_the_loss_comes_back_after_some_350_steps():
    walk = run(rmsprop, ravine(100), steps=3000, start=[1.0, 0.3], lr=0.03)
    assert walk.loss[300] < 1e-12 < 1e-3 < walk.loss[3000]
    low = int((walk.loss < 1e-12).argmax())
    assert low + int((walk.loss[low:] > 1e-3).argmax()) == pytest.approx(350, abs=10)
    path = run(rmsprop, ravine(100), steps=4000, start=[1.0, 0.3], lr=0.03).theta
    lengths = np.abs(np.diff(path, axis=0)) / 0.03
    uneven = (np.abs(lengths - 1) > 0.1).any(axis=1)
    assert 1600 < np.flatnonzero(uneven).max() < 2400  # "steady only after some two thousand steps"


@pytest.mark.parametrize("lr", [0.01, 0.03])
@pytest.mark.parametrize(("dtype", "noise", "comes_back"), [("float64", 0.0, True), ("float32", 0.0, False), ("float32", 1e-6, True)])
def test_in_32_bit_numbers_torchs_rmsprop_stays_at_zero_unless_there_is_noise(dtype, noise, comes_back, lr):
    losses = precision.hops_of_torch(dtype, noise=noise, lr=lr)
    assert losses.min() < 1e-12
    assert (losses[-1000:].max() > 1e-3) == comes_back
    assert not comes_back or losses[-1000:].max() == pytest.approx(lr**2 / 8 * 101, rel=0.01)
    assert comes_back or not losses[-1000:].any()


def test_in_32_bits_the_steep_number_becomes_zero_and_the_flat_ones_square_does():
    p, curvature = torch.nn.Parameter(torch.tensor([1.0, 0.3], device="cpu")), torch.tensor([1.0, 100.0], device="cpu")
    optimizer = torch.optim.RMSprop([p], lr=0.01)
    for _ in range(700):
        p.grad = p.detach() * curvature
        optimizer.step()
    flat, steep = p.detach()
    assert steep == 0 != flat
    assert flat**2 == 0


def test_one_step_size_that_follows_the_whole_gradient_does_not_train_the_deep_network():
    by_one_number = practice.bug("the whole vector normalised by one number")
    ended = run(by_one_number, deep.deep_net(), steps=300, record="last", **grid(lr=[1e-4, 3e-4, 1e-3, 3e-3]))
    read = deep.deep_net().metrics["test accuracy"](ended.theta[-1])
    assert not np.any(read > 0.15)


def test_where_v_cannot_forget_the_large_gradients_the_steps_stay_short():
    def remembering(theta, g, s, *, lr, beta2):
        v = beta2 * s.v + (1 - beta2) * g**2
        top = np.maximum(s.m, v)
        return theta - lr * g / (top**0.5 + 1e-8), rules.State(s.t + 1, top, v)

    walk = run(remembering, ravine(100), steps=300, start=hopping.START, lr=0.03, beta2=0.9)
    assert abs(np.diff(walk.theta[60:], axis=0)).max() < 0.1 * 0.03
    assert walk.loss[-1] < 1e-7


def test_with_noise_the_hops_are_wider_and_a_memory_of_a_thousand_hops_late():
    start = {"start": np.array([1.0, 0.3]), "lr": 0.03}
    for beta2 in (0.9, 0.99):
        assert np.abs(run(rmsprop, ravine(100), steps=5000, beta2=beta2, **start).theta[-10:]) == pytest.approx(0.015, rel=0.01)
        noise = run(rmsprop, noisy(ravine(100), 1.0), steps=3000, beta2=beta2, **start).theta[2000:, 0]
        assert (noise**2).mean() ** 0.5 / 0.03 == pytest.approx(4, abs=1)
    assert run(rmsprop, ravine(100), steps=5000, beta2=0.999, **start).loss[-1] < 1e-20


def test_a_fall_over_the_last_third_helps_the_deep_network_from_some_starts_and_harms_none_much():
    constant, third = (np.array([training.loss_of(0.003, seed, **plan) for seed in range(4)]) for plan in ({}, {"falling": 1 / 3}))
    assert (third < constant).any()  # from 16 of twenty on one processor, from 4 of 8 on another
    assert (third > constant).any()
    assert third.mean() < constant.mean() + 0.05


def test_a_layer_for_each_weight_is_rmsprop_and_sizes_of_one_are_gradient_descent():
    rng = np.random.default_rng(0)
    theta, g = rng.standard_normal(7), rng.standard_normal(7)
    each, _ = layerwise.each_layer_following(theta, g, rules.State(), lr=0.1, layer=np.arange(7))
    np.testing.assert_allclose(each, rmsprop(theta, g, rules.State(), lr=0.1)[0])
    _, s = layerwise.each_layer_following(theta, g, rules.State(), lr=0.1, layer=np.zeros(7, int))
    np.testing.assert_allclose(s.v, 0.01 * (g**2).mean())
    fixed, _ = layerwise.each_layer_fixed(theta, g, rules.State(), lr=0.1, sizes=np.ones(7))
    np.testing.assert_array_equal(fixed, sgd(theta, g, rules.State(), lr=0.1)[0])


def test_one_step_size_serves_no_two_numbers_and_two_do():
    shared = grid(lr=np.geomspace(1e-5, 1, 200))
    ends = abs(run(sgd, ravine(1000), steps=20, **shared).theta[-1])
    assert not (ends < 0.01).all(-1).any()
    assert (opening._two(1e-3, 1000.0)[-1] < 0.01).all()


@pytest.mark.parametrize("lr", [0.01, 0.03, 0.1])
def test_at_a_constant_step_size_rmsprop_hops_and_at_a_falling_one_it_arrives(lr):
    found = hopping.walk_with_a_falling_step(lr, 0)
    np.testing.assert_allclose(abs(found.theta[-10:]), lr / 2, rtol=0.03)
    np.testing.assert_allclose(found.loss[-1], lr**2 / 8 * 101, rtol=0.05)
    assert hopping.walk_with_a_falling_step(lr, 20).loss[-1] < 1e-12
    assert run(sgd, ravine(100), steps=1000, lr=0.015).loss[-1] < 1e-6  # whose steps do get smaller


def test_with_noise_a_smaller_step_size_leaves_less_too():
    where, lrs = noisy(ravine(100), 1.0), np.array([[0.003], [0.01], [0.03]])
    left = run(rmsprop, where, steps=3000, lr=lrs).loss[2000:].mean(0)
    assert left[0] < left[1] < left[2]


def test_a_factor_on_the_loss_cancels_and_a_power_of_two_to_the_last_bit():
    assert scales.apart(rmsprop, 1024.0, eps=1e-8, scaled_eps=1024e-8) == 0
    assert 0 < scales.apart(rmsprop, 1000.0, eps=1e-8, scaled_eps=1e-5) < 1e-14
    assert scales.apart(rmsprop, 1000.0) < 1e-7 < 0.1 < scales.apart(rmsprop, 1e-9)
    assert scales.in_words(scales.apart(sgd, 1000.0)) == "diverges"


def test_the_angle_of_the_exercise_needs_no_path():
    assert rescaling.best_left(9) < 100 < rescaling.best_left(10)
    b = 999 * np.sin(np.radians(20)) / 2
    r = b / (1000 + b**2) ** 0.5
    assert rescaling.best_left(10) == pytest.approx((1 + r) / (1 - r), rel=1e-9)


def test_the_best_two_step_sizes_are_the_best():
    hessian = rescaling._hessian(1000, 20)
    roots = np.geomspace(0.01, 100, 401)
    others = [np.linalg.cond(hessian * np.outer([1, r], [1, r])) for r in roots]
    assert min(others) == pytest.approx(rescaling.best_left(20), rel=1e-2)
    assert min(others) >= rescaling.best_left(20) * (1 - 1e-9)


def test_at_45_degrees_rmsprop_is_slower_at_a_constant_step_and_ties_at_a_falling_one():
    plain = rescaling.left_after(sgd, 45, falling=False)[0]
    for beta2 in (0.5, 0.9, 0.95, 0.99, 0.999):
        assert rescaling.left_after(rmsprop, 45, falling=False, beta2=beta2)[0] > plain
    for beta2 in (0.9, 0.99):
        assert 0.3 < rescaling.left_after(rmsprop, 45, falling=True, beta2=beta2)[0] / plain < 3


def test_divisors_that_follow_read_no_more_when_their_long_steps_are_cut():
    layer = layerwise._layer_of_each(deep.start_of(0))
    first = np.flatnonzero(np.diff(layer, prepend=-1))

    def cut(theta, g, s, *, lr):
        new, s = layerwise.each_layer_following(theta, g, s, lr=lr, layer=layer)
        size = np.sqrt(np.add.reduceat((new - theta) ** 2, first, axis=-1) / np.bincount(layer))
        return theta + (new - theta) * np.minimum(1, 10 * lr / np.maximum(size, 1e-300))[..., layer], s

    read = []
    for seed in range(4):
        net = deep.deep_net(seed)
        read.append(net.metrics["test accuracy"](run(cut, net, steps=300, record="last", seed=seed, lr=0.00056234).theta[-1]))
    assert np.median(read) == pytest.approx(0.27, abs=0.04)


@pytest.mark.parametrize("start", ["torch", "zero biases"])
def test_with_steps_of_one_length_gradient_descent_guesses_too_and_from_larger_weights_it_learns(start):
    def equally_long(theta, g, s, *, lr):
        return sgd(theta, g / np.linalg.norm(g, axis=-1, keepdims=True), s, lr=lr)

    def reads(start):
        ends = []
        for seed in range(3):
            net = deep.deep_net(seed, start=start)
            last = run(equally_long, net, steps=300, record="last", seed=seed, **grid(lr=[0.03, 0.1, 0.3, 1.0])).theta[0]
            ends.append(net.metrics["test accuracy"](last))
        return np.median(ends, axis=0)

    assert reads(start).max() < 0.15
    if start == "torch":
        assert reads("larger weights").max() > 0.8


def test_without_its_burst_the_longest_memory_loses_far_less_to_a_falling_step_size(monkeypatch):
    def corrected(theta, g, s, *, lr, beta2):
        return rmsprop(theta, g, s, lr=lr * (1 - beta2 ** (s.t + 1)) ** 0.5, beta2=beta2)

    monkeypatch.setitem(rescaling.LRS, corrected, rescaling.LRS[rmsprop])
    left = [1e6 * rescaling.left_after(rule, 45, falling=True, beta2=0.999)[0] for rule in (rmsprop, corrected)]
    assert [round(each) for each in left] == [204, 44]


def test_with_a_memory_of_a_thousand_steps_the_hops_do_not_come_and_with_shorter_ones_they_do():
    for beta2, low, high in ((0.9, 0.45, 0.55), (0.99, 0.45, 0.55), (0.999, 0.0, 1e-9)):
        end = run(rmsprop, ravine(100), lr=0.01, steps=20_000, record="last", start=np.array([1.0, 0.3]), beta2=beta2).theta[-1]
        assert all(low <= each <= high for each in abs(end) / 0.01), (beta2, end)


def test_at_0_degrees_the_same_falling_step_size_leaves_nothing_and_the_angle_means_nothing_to_a_rule_without_axes():
    for beta2 in (0.9, 0.99, 0.999):
        assert rescaling.left_after(rmsprop, 0, falling=True, beta2=beta2)[0] < 1e-20
        assert rescaling.left_after(rmsprop, 45, falling=True, beta2=beta2)[0] > 1e-5
    assert rescaling.left_after(sgd, 0, falling=True)[0] == pytest.approx(rescaling.left_after(sgd, 45, falling=True)[0])
    longest = {falling: rescaling.left_after(rmsprop, 45, falling=falling, beta2=0.999)[0] for falling in (False, True)}
    assert longest[False] < longest[True]  # the memories of 10 and 100 steps: the other way round
    for beta2 in (0.9, 0.99):
        constant, falling = (rescaling.left_after(rmsprop, 45, falling=falling, beta2=beta2)[0] for falling in (False, True))
        assert falling < constant


def test_a_stretch_is_a_step_size_divided_by_its_square():
    stretch, start = np.array([1.0, 5.0]), np.array([1.0, 0.3])
    theta = start * stretch
    for _ in range(50):
        theta = theta - 0.03 * ravine(25).grad(theta / stretch, None) / stretch
    here = run(sgd, ravine(25), lr=0.03 / stretch**2, steps=50, start=start).theta[-1]
    np.testing.assert_allclose(theta / stretch, here, rtol=1e-9)


def test_what_each_rule_leaves_at_45_degrees_when_it_may_choose_its_plan():
    left = {name: min(rescaling.left_after(rule, 45, falling=falling, **hyper)[0] for falling in (False, True))
            for name, rule, hyper in (("sgd", sgd, {}), ("momentum", momentum, {}), ("rmsprop", rmsprop, {"beta2": 0.9}))}
    assert left["momentum"] < 1e-20
    assert 0.5 < left["rmsprop"] / left["sgd"] < 2


def test_rmsprop_stretches_a_turned_ravine_too_little():
    for angle in (5, 15, 30):
        best, own = rescaling.step_ratios(angle)
        assert 1.5 < own < 0.6 * best
        cotangent = 1 / np.tan(np.radians(angle))
        assert own == pytest.approx(cotangent, rel=0.03)
        assert best == pytest.approx(cotangent**2, rel=0.15)
        assert np.median(rescaling.left_by_start(angle)) > rescaling.best_left(angle)
    assert rescaling.step_ratios(15) == pytest.approx((13.7, 3.74), abs=0.05)
    assert rescaling.step_ratios(45) == pytest.approx((1, 1), rel=0.01)


def test_along_an_axis_what_rmsprop_leaves_hangs_on_the_start():
    left = rescaling.left_by_start(0)
    assert left.min() < 2 < 4 < np.median(left) < 7 < 50 < left.max()


def test_in_the_end_nothing_is_left_along_an_axis_and_as_much_as_before_where_the_ravine_is_turned():
    np.testing.assert_allclose(rescaling.left_by_start(0, 3000), 1, atol=0.01)
    np.testing.assert_allclose(rescaling.left_by_start(5, 3000), 103, rtol=0.01)
    assert rescaling.best_left(5) == pytest.approx(32, abs=0.5)
    assert np.median(rescaling.left_by_start(4)) < 100 < np.median(rescaling.left_by_start(5))  # where the marker crosses the grey line


def test_the_answers_to_what_there_is_to_do_in_the_deeper_notebook():
    falling = run(rmsprop, ravine(100), lr=lambda t: 0.01 * (1 - (t - 1) / 5000), steps=5000, start=[1.0, 0.3])
    assert falling.loss[-1] < 1e-100
    assert falling.loss[583] < 1e-100  # it was there before
    assert falling.loss[600:].max() == pytest.approx(0.084, abs=0.005)
    assert falling.loss[4000] == pytest.approx(4e-5, rel=0.05)
    assert falling.loss[4000] == pytest.approx(0.002**2 / 8 * 101, rel=0.25)  # near the law
    assert falling.loss[4800] > 1e-8
    for start, points in ((1.0, (1 / 3, -2 / 3)), (1.01, (2 / 3, -1 / 3))):
        hops = run(rmsprop, ravine(100), lr=0.03, steps=200, beta2=0.0, eps=1e-12, start=[start, 1.0]).theta[-2:, 0] / 0.03
        np.testing.assert_allclose(hops, points, atol=1e-6)
    steady = 3.0 + 0.3 * np.random.default_rng(0).standard_normal(1000)
    by_deviation = scales.steps_of(practice.bug("variance instead of second moment"), steady)
    assert by_deviation[999] == pytest.approx(10, rel=0.1)
    assert by_deviation[99] < 2 < 4 < by_deviation[299] < 5
    assert scales.steps_of(rmsprop, steady)[999] == pytest.approx(1, rel=0.15)


def test_with_corrected_first_steps_the_memory_does_not_matter():
    for lr in (0.001, 0.01):
        ends = [bursts.losses(lr, beta2, corrected=True)[:, -1].mean() for beta2 in bursts.BETAS]
        assert max(ends) < 1.1 * min(ends)
    as_is = [bursts.losses(0.001, beta2)[:, -1].mean() for beta2 in bursts.BETAS]
    assert as_is[2] < 0.5 * as_is[0]
    assert bursts.losses(0.01, 0.999).mean(0)[1] > 4 * bursts.losses(0.01, 0.999).mean(0)[0]
    assert bursts.too_far(0.999) == pytest.approx(2 * np.log(2) / (1 - 0.999), rel=0.05)
    assert [bursts.too_far(beta2) * (1 - beta2) for beta2 in bursts.BETAS] == pytest.approx([0.91, 1.24, 1.34], abs=0.01)
    larger = [bursts.losses(0.01, beta2)[:, -1].mean() for beta2 in bursts.BETAS]
    assert max(larger[:2]) < bursts.losses(0.01, 0.99, corrected=True)[:, -1].mean() < larger[2]


def test_the_loss_that_was_below_1e_100_rises_to_a_quarter_before_it_hops():
    loss = run(rmsprop, ravine(100), lr=0.01, steps=2000, start=[1.0, 0.3]).loss
    assert loss[600] < 1e-100
    assert loss[600:].max() == pytest.approx(0.25, abs=0.01)
    assert loss[-1] < 0.01


def test_a_small_step_is_rounded_away_from_a_weight_in_bfloat16():
    one = torch.ones((), dtype=torch.bfloat16, device="cpu")
    assert one - 0.001 == one
    assert one.float() - 0.001 != one.float()


def test_torchs_centred_rmsprop_gives_nan_from_some_steady_gradients_in_float32():
    p = torch.nn.Parameter(torch.zeros(400, device="cpu"))
    optimizer = torch.optim.RMSprop([p], lr=1.0, centered=True)
    p.grad = torch.linspace(0.1, 5, 400, device="cpu")
    for _ in range(1500):
        optimizer.step()
    assert 0 < torch.isnan(p).sum() < 20


def test_in_bfloat16_the_long_average_freezes_and_in_float16_small_gradients_vanish():
    frozen = precision.second_moment("bfloat16")
    assert frozen[1000] == frozen[-1] == 0.5
    assert precision.torchs_own() == ("bfloat16", 0.5, 0.5)
    assert precision.torchs_own(0.99) == pytest.approx(("bfloat16", 0.0182, 0.0182), abs=1e-4)  # where it stops
    assert precision.torchs_own(0.99, "float32") == pytest.approx(("float32", 0.0165, 0.01), abs=1e-4)
    rising = np.diff(frozen[:1000])[(frozen[:999] >= 0.25) & (frozen[:999] < 0.5)]
    assert set(rising) == {2**-9}  # a whole spacing at each step, where 0.001 was to come in
    v = torch.arange(0.25, 0.5, 2**-9, device="cpu").bfloat16()
    assert torch.equal(0.999 * v, v)  # nothing is taken away
    assert precision.facts("float16")[1:3] == [0.0, 0.0]
    assert [precision.share_that_can_fall(beta2) for beta2 in (0.99, 0.999)] == [1.0, 0.0]


def test_an_epsilon_above_half_of_lr_times_curvature_keeps_a_coordinate_from_its_limit():
    for eps, climbs in ((1e-8, True), (0.05, False)):
        walk = run(rmsprop, ravine(100), steps=300, lr=0.01, beta2=0.9, eps=eps, start=np.array([1.0, 0.3]))
        flat = play.effective_step(walk, ravine(100), lr=0.01, beta2=0.9, eps=eps)[-50:, 0]
        assert (np.median(flat) > 1.9) == climbs


def test_the_bug_of_panel_a_still_forgets_and_adagrad_does_not():
    """After the reveal: a v that gets every square in full weight settles at a hundred times the square, a plain sum never does."""
    def sizes(name):
        return scales.steps_of(practice.bug(name), [3.0] * 5000)

    assert practice.TWO_BUGS["A"] == "sum instead of average"
    assert sizes("sum instead of average")[[999, -1]] == pytest.approx(0.1, rel=1e-3)
    assert sizes("sum without forgetting")[[999, -1]] == pytest.approx([1000**-0.5, 5000**-0.5], rel=1e-3)


def test_the_bug_of_panel_a_is_rmsprop_at_a_tenth_of_the_step_size():
    slow = run(rmsprop, ravine(10), steps=practice.STEPS, lr=practice.LR / 10, start=practice.START)
    np.testing.assert_allclose(practice.bug_path(practice.TWO_BUGS["A"]).theta, slow.theta, rtol=1e-6)
    paths = [practice.bug_path(name).theta for name in practice.CANDIDATES]
    assert all(np.abs(one - other).max() > 0.05 for k, one in enumerate(paths) for other in paths[:k])


@pytest.mark.parametrize(("judge", "guess", "headline"), [
    (judge_two_steps, None, "Not a number for each."), (judge_two_steps, {"v1": 1}, "Not a number for each."),
    (judge_two_steps, {"v1": None, "step1": 1, "v2": 1, "step2": 1}, "Not answered yet."), (judge_two_steps, {"v1": "9", "step1": 1, "v2": 1, "step2": 1}, "Not a number for v1."),
    (judge_two_steps, {"v1": 9, "step1": 10, "v2": 0.18, "step2": 7}, "Look at v1."), (judge_two_steps, {"v1": 0.09, "step1": 1, "v2": 0.18, "step2": 7}, "Look at step1."),
    (judge_two_steps, {"v1": 0.09, "step1": 10, "v2": 0.09, "step2": 10}, "Look at v2."),
    (judge_two_steps, {"v1": 0.09, "step1": 10, "v2": 0.18, "step2": 3 / 0.18**0.5}, "Look at v2."), (judge_two_steps, {"v1": 0.09, "step1": 10, "v2": 0.1791, "step2": 7.09}, "Correct."),
    (judge_two_steps, {"v1": 0.09, "step1": 10, "v2": 0.1791, "step2": 7.1}, "Too few digits."), (judge_two_steps, {"v1": 0.09, "step1": 10, "v2": 0.1791, "step2": 7.5}, "Look at step2."),
    (judge_two_steps, {"v1": 0.09, "step1": 10, "v2": 0.1791, "step2": 7}, "Too few digits."),
    (judge_two_steps, {"v1": 0.09, "step1": 10, "v2": 0.1791, "step2": 7.07}, "Look at step2."), (judge_two_steps, {"v1": 0.09, "step1": 10, "v2": 0.1791, "step2": 7.15}, "Look at step2."),
    (judge_two_steps, {"v1": 0.09, "step1": 33.3, "v2": 0.18, "step2": 7}, "Look at step1."),
    (judge_eps, None, "Not answered yet."), (judge_eps, 1e-8, "Too large."), (judge_eps, 1e-17, "Smaller than it needs to be."), (judge_eps, 1e-16, "Correct."),
    (judge_settings_meant, 3, "Not a number for each."), (judge_settings_meant, {"lr": None, "beta2": None}, "Not answered yet."),
    (judge_settings_meant, {"lr": 0.01, "beta2": 0.99}, "Look at beta2."), (judge_settings_meant, {"lr": 0.01, "beta2": 0.5}, "Look at beta2."),
    (judge_settings_meant, {"lr": 0.001, "beta2": 0.001}, "Look at lr."), (judge_settings_meant, {"lr": 0.01, "beta2": 0.001}, "Correct."),
    (judge_bugs, {"A": None, "B": None}, "Not answered yet."), (judge_bugs, 3, "Not a guess for each."), (judge_bugs, dict(practice.TWO_BUGS), "Correct."),
    (judge_bugs, {"A": "no root", "B": "no root"}, "0 of 2."),
    (judge_setting, None, "Not answered yet."), (judge_setting, "0.01", "Not a step size."), (judge_setting, 0, "Not a step size."), (judge_setting, 0.0001, "Too slow."),
    (judge_setting, 0.001, "Too slow."), (judge_setting, 0.0032, "Too slow."), (judge_setting, 0.01, "Too slow."), (judge_setting, 0.03, "Correct."),
    (judge_setting, 0.1, "Correct."), (judge_setting, 0.3, "Correct."), (judge_setting, 0.5, "Too large."), (judge_setting, 1e3, "Too large.")])
def test_each_judge_says_what_it_saw(judge, guess, headline):
    verdict = judge(guess)
    assert verdict.headline == headline
    assert verdict.passed == (headline == "Correct.")
    assert verdict.passed or verdict.message.rstrip().endswith("?")


def test_an_epsilon_that_is_no_power_of_ten_is_not_told_the_answer():
    said = judge_eps(3e-16)
    assert said.headline == "Not a power of ten."
    assert "1e-16" not in said.message


def test_a_step_divided_by_v_itself_is_told_so():
    assert "3 divided by v." in judge_two_steps({"v1": 0.09, "step1": 33.3, "v2": 0.1791, "step2": 7.09}).message
    assert "3 divided by v." not in judge_two_steps({"v1": 0.09, "step1": 0.1, "v2": 0.1791, "step2": 7.09}).message


@pytest.mark.parametrize("guess", [dict(zip("AB", reversed(practice.TWO_BUGS.values()), strict=True)), {"A": "no root", "B": "plus instead of minus"}])
def test_a_wrong_bug_is_given_its_reason_and_not_numbers_that_solve_the_exercise(guess):
    said = judge_bugs(guess).message
    assert said.startswith("0 of 2.")
    assert "With it" not in said  # what its own path would do is the answer to the reason's question
    assert "broken" not in said
    for letter, name in guess.items():
        assert f"{letter} is not '{name}'. {judges.REASONS[name].format(letter)}" in said  # each reason beside its letter
    assert "other side" not in said  # a distance on a logarithmic axis has none
    assert "." not in "".join(part for part in said.split() if part[0].isdigit() and part not in ("1.", "2.", "10."))
    assert not any(name in said for name in practice.CANDIDATES if name not in guess.values())


def test_no_step_size_that_the_lesson_has_printed_solves_the_tuning():
    found = records.deep_net_records()
    printed = {0.001, 0.002, 0.003, 0.01, found["rules"]["rmsprop"]["lr"], found["ends"]["8 hidden layers, 300 steps, He start"]["rmsprop"]["lr"]}
    assert not any(judge_setting(lr).passed for lr in printed)


def test_a_step_size_that_passes_by_its_mean_alone_is_told_so():
    assert "Of the three, 1 would not pass alone." in judge_setting(0.3).message
    assert "alone" not in judge_setting(0.1).message


def test_a_refused_bug_argues_with_what_the_picture_shows():
    for name in practice.CANDIDATES:
        drawn, far = practice.seen(name)[practice.TOLD:], np.abs(practice.bug_path(name).theta[practice.TOLD:])
        inside = (far > practice.LEAST) & (far < practice.MOST)
        np.testing.assert_array_equal(drawn[inside], far[inside])
        assert practice.LEAST <= drawn.min() <= drawn.max() <= practice.MOST


def test_the_two_directions_of_the_right_rule_share_a_line_beside_the_bugs():
    right = run(rmsprop, ravine(10), steps=practice.STEPS, lr=practice.LR, start=practice.START).theta
    np.testing.assert_allclose(right[:, 0], right[:, 1], rtol=1e-5)
    assert right[-1, 0] < practice.LEAST


def test_the_schedule_of_monday_is_a_third_long_and_never_negative():
    source = (Path(__file__).parents[1] / "authoring/lessons/08_rmsprop.py").read_text(encoding="utf-8")
    (line,) = re.findall(r"LambdaLR\(optimizer, lambda t: (.+?)\)`", source)
    factors = [eval(line, {"t": t, "steps": 300}) for t in range(601)]
    assert factors[200] == 1 > factors[201]
    assert factors[299] == pytest.approx(0.01)
    assert factors[300:] == [0] * 301


@pytest.mark.parametrize("beta2", [0.9, 0.99])
def test_no_step_is_longer_than_the_first_and_a_jump_comes_near_it(beta2):
    lengths = scales.steps_of(rmsprop, [1e-3] * 2000 + [1.0], beta2=beta2)
    longest = (1 - beta2) ** -0.5
    assert lengths.max() <= longest
    assert lengths[0] == pytest.approx(longest, rel=2e-4)  # epsilon takes a little
    assert lengths[1999] == pytest.approx(1, rel=1e-4)
    assert lengths[2000] == pytest.approx(longest, rel=2e-4)


def test_the_judge_of_settings_asks_for_beta2_first():
    assert "a beta" in judge_settings_meant({"lr": None, "beta2": None}).message
    assert "a step size" in judge_settings_meant({"lr": None, "beta2": 0.001}).message


def test_the_reasons_against_a_wrong_bug_are_those_of_the_picture():
    assert set(judges.REASONS) == set(practice.CANDIDATES)
    right = run(rmsprop, ravine(10), steps=practice.STEPS, lr=practice.LR, start=practice.START).theta[practice.TOLD]
    far = {name: np.abs(practice.bug_path(name).theta[practice.TOLD] / practice.START) for name in practice.CANDIDATES}
    flat, steep = np.abs(right / practice.START)
    assert far["sum instead of average"] == pytest.approx([0.85, 0.85], abs=0.02)
    assert min(far["sum instead of average"]) > 5 * max(flat, steep)
    assert far["the whole vector normalised by one number"][1] < steep < 5 * flat < far["the whole vector normalised by one number"][0]
    assert min(far["plus instead of minus"]) > 2
    lengths = np.abs(np.diff(practice.bug_path("no root").theta[:2], axis=0))[0]
    assert lengths[0] > 5 * lengths[1]  # the steep direction has the larger gradient and takes the shorter step


def test_the_root_of_twice_v1_is_told_so_and_far_step_sizes_are_sent_further():
    said = judge_two_steps({"v1": 0.09, "step1": 10, "v2": 0.1791, "step2": 7.07}).message
    assert "the root of twice v1" in said
    assert "the root of twice v1" not in judge_two_steps({"v1": 0.09, "step1": 10, "v2": 0.1791, "step2": 7.15}).message
    for lr, question in ((0.0001, "ten times"), (0.01, "three times"), (0.5, "a third"), (1e3, "a tenth")):
        assert f"What does {question}" in judge_setting(lr).message


def test_a_name_in_capitals_or_beside_a_missing_one_is_reasoned_with_too():
    said = judge_bugs({"A": " No Root", "B": None}).message
    assert said.endswith(f"{judges.REASONS['no root'].format('A')} B has no name from the list yet.")
    assert "sum without" not in said
    assert judge_bugs({"A": practice.TWO_BUGS["A"], "B": "no root"}).message.endswith(judges.REASONS["no root"].format("B"))


def test_a_second_step_as_long_as_the_first_has_its_own_question_and_no_hint_is_the_formula():
    said = judge_two_steps({"v1": 0.09, "step1": 10, "v2": 0.1791, "step2": 10})
    assert "as long as the first step" in said.message
    for given, told in (({"step1": -10}, "goes back"), ({"step1": 0.3}, "the root of v. What does it divide?"), ({"step1": 0.1}, "divided by 3"),
                        ({"step1": 10, "step2": 0.423}, "the root of v. What does it divide?"), ({"step1": 10, "step2": -7.09}, "goes back")):
        assert told in judge_two_steps({"v1": 0.09, "v2": 0.1791, "step2": 7, **given}).message
    for given in ({"step1": 1, "step2": 7}, {"step1": 10, "step2": 1}):
        assert "3 divided by the root" not in judge_two_steps({"v1": 0.09, "v2": 0.1791, **given}).message


def test_a_square_that_is_multiplied_by_both_shares_is_told_so_and_no_slip_of_digits():
    for guess in ({"v1": 0.0891, "step1": 10, "v2": 0.18, "step2": 7}, {"v1": 0.09, "step1": 10, "v2": 0.1782, "step2": 7}):
        said = judge_two_steps(guess)
        assert said.headline in ("Look at v1.", "Look at v2.")
        assert "0.99 multiplies the new square too" in said.message
        assert "0.01" not in said.message


def test_a_bug_that_is_not_named_yet_leaves_the_other_judged():
    said = judge_bugs({"A": practice.TWO_BUGS["A"], "B": None}).message
    assert said.startswith("1 of 2.\nA is '")
    assert "B: not answered yet." in said


def test_rmsprop_leaves_the_guess_within_twenty_steps_from_most_starts_and_momentum_in_3000_from_most():
    losses = np.array([run(rmsprop, deep.deep_net(seed), steps=20, seed=order, record="loss", lr=float(records.LRS[6])).loss
                       for seed in range(20) for order in (seed, 100 + seed)])
    assert ((losses.reshape(40, -1) < 0.99 * opening.GUESSING).any(axis=1)).mean() > 0.8
    longest = records.deep_net_records()["ends"]["8 hidden layers, 3000 steps"]["momentum"]["read"]
    assert sum(share > 0.5 for share in longest) >= 8
    assert records.longest("momentum") == records.reads({"read": longest})


def test_with_momentum_torchs_rmsprop_takes_steps_ten_times_as_long():
    p = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64, device="cpu"))
    optimizer, at = torch.optim.RMSprop([p], lr=0.001, momentum=0.9), []
    for _ in range(3000):
        p.grad = torch.ones_like(p)
        optimizer.step()
        at.append(float(p.detach()))
    assert at[-2] - at[-1] == pytest.approx(0.01, rel=1e-3)


def test_a_falling_step_size_does_not_free_gradient_descent_on_the_deep_network():
    lrs = np.array([0.1, 1.0, 10.0])[:, None]
    for rule in (sgd, momentum):
        ends = run(rule, deep.deep_net(0), steps=300, record="last", lr=lambda t: lrs * (1 - (t - 1) / 300)).loss[0]
        assert ends.min() > 0.98 * opening.GUESSING


def test_rmsprops_marker_and_a_typed_exponent_have_their_own_names():
    assert judges.judge_angle(5).headline == "RMSprop's marker."
    assert {judges.judge_angle(angle).headline for angle in (3, 4, 6, 9)} == {"Too small."}
    for guess in (16, -16):
        assert judge_eps(guess).headline == "An exponent."
        assert "1e-16" not in judge_eps(guess).message
    assert judge_eps(10).headline == judge_eps(100).headline == "Too large."
    assert judge_eps(1e-14).message.endswith("How far apart are the paths there?")
    table = scales.apart(rmsprop, 1e-3, eps=1e-8, scaled_eps=1e-8)
    assert scales.apart(rmsprop, judges.SCALE, eps=1e-8, scaled_eps=1e-14) == pytest.approx(table, rel=1e-3)  # what it asks to look up


def test_the_start_of_monday_serves_linear_and_convolution_layers_with_and_without_a_bias():
    source = (Path(__file__).parents[1] / "authoring/lessons/08_rmsprop.py").read_text(encoding="utf-8")
    (lines,) = re.findall(r"# ```python\n(# from torch import nn\n.+?)# ```", source, flags=re.DOTALL)
    nn = torch.nn
    model = nn.Sequential(nn.Conv2d(3, 64, 3, bias=False, device="cpu"), nn.ReLU(), nn.Conv2d(64, 64, 3, device="cpu"), nn.ReLU(), nn.Linear(64, 200, device="cpu"))
    before = [float(layer.weight.detach().std()) for layer in model if hasattr(layer, "weight")]
    exec(re.sub("^# ?", "", lines, flags=re.MULTILINE), {"model": model})
    layers = [layer for layer in model if hasattr(layer, "weight")]
    assert not any(layer.bias.detach().any() for layer in layers if layer.bias is not None)
    drawn = [float(layer.weight.detach().std()) / (2 / layer.weight[0].numel()) ** 0.5 for layer in layers]
    assert drawn == pytest.approx([1, 1, 1], abs=0.1)
    small = [was / (2 / layer.weight[0].numel()) ** 0.5 for was, layer in zip(before, layers, strict=True)]
    assert small == pytest.approx([deep.LARGER**-1] * 3, abs=0.05)  # torch starts both kinds as small


@pytest.mark.parametrize(("guess", "headline"), [(250, "Correct."), (240, "Correct."), (257, "Correct."), (128, "The whole distance."), (300, "Too long."),
                                                 (512, "Too long."), (100, "Too short."), (200, "Too short."), (0.996, "A beta2.")])
def test_the_memory_that_bfloat16_can_forget_with(guess, headline):
    verdict = judges.judge_memory(guess)
    assert verdict.headline == headline
    assert (headline == "Correct.") or verdict.message.endswith("?")
    assert ("With twice your memory it cannot" in verdict.message) == (guess == 200)


@pytest.mark.parametrize("seed", [0, 6])
def test_where_no_step_is_longer_than_ten_step_sizes_the_divisors_that_are_set_once_train_too(seed):
    net, layer = deep.deep_net(seed), layerwise._layer_of_each(deep.start_of(seed))
    rule, recorded = layerwise.way_for(layerwise.WAYS[1], seed), records.deep_net_records()["cut"]
    cut = layerwise.steps_cut(rule, seed)
    free, held = (run(each, net, steps=300, seed=seed, record="last", **grid(lr=[recorded["lr"]])) for each in (rule, cut))
    assert net.metrics["test accuracy"](free.theta[0])[0] < 0.15
    assert net.metrics["test accuracy"](held.theta[0])[0] == pytest.approx(recorded["read"][seed], abs=0.1)
    moved = cut(net.start, 1e6 * net.grad(net.start, np.random.default_rng(0)), rules.State(), lr=0.1)[0] - net.start
    sizes = (np.bincount(layer, moved**2) / np.bincount(layer)) ** 0.5
    np.testing.assert_allclose(sizes, 1.0)  # ten step sizes


def test_each_start_that_has_not_learned_answers_with_one_digit():
    found, images = records.deep_net_records()["rules"], np.asarray(digits().test_x, dtype=float)
    for rule, seeds in ((sgd, (0, 4, 7)), (momentum, (1, 4, 9))):
        for seed in seeds:
            theta, h = run(rule, deep.deep_net(seed), steps=300, seed=seed, record="last", lr=found[rule.__name__]["lr"]).theta[0], images
            for weights, biases in (pairs := deep.layers_of(theta))[:-1]:
                h = np.maximum(h @ weights + biases, 0)
            assert len({*(h @ pairs[-1][0] + pairs[-1][1]).argmax(axis=1).tolist()}) == 1
        assert {f"{share:.0%}" for share in found[rule.__name__]["read"]} == {"8%"}


def test_in_a_ravine_turned_by_45_degrees_both_numbers_get_one_step_size_and_the_flat_direction_is_slow():
    problem = ravine(1000, 45)
    first, second = np.abs(problem.grad(problem.start, None))
    assert first == pytest.approx(second, rel=0.01)
    assert opening.left_aslant() == pytest.approx(0.62, abs=0.01)
    assert opening.left_aslant(0) < 1e-9  # the cause removed
    assert (1 - 0.002) ** 20 > 0.95  # below 0.002 the flat number hardly moves


def test_from_step_69_on_most_of_the_loss_is_the_steep_numbers():
    walk = hopping.walk_with_a_falling_step(0.03, 0)
    share = 50 * walk.theta[:, 1] ** 2 / walk.loss
    assert share[68] < 0.2 < 0.85 < share[69:].min()


def test_the_single_layer_asks_for_a_larger_step_size_with_as_many_steps_too():
    assert training.loss_of(0.0032, steps=300, layers=0) > 3 * training.loss_of(0.1, steps=300, layers=0)


def test_a_missing_square_behind_an_absolute_value_has_its_name():
    def attempt(theta, g, s, *, lr, beta2, eps):
        v = beta2 * s.v + (1 - beta2) * g
        return theta - lr * g / (np.sqrt(np.abs(v)) + eps), rules.State(s.t + 1, 0.0, v)

    verdict = judges.judge_rmsprop(attempt)
    assert verdict.headline == "Not yet: missing square."
    assert verdict.message.endswith("?")
    assert judges.judge_rmsprop(rmsprop)
    assert judges.judge_rmsprop(practice.bug("no root")).misconception == "no root"
    assert judges.judge_rmsprop(None).headline == "Not written yet."


def test_a_hundredth_of_the_gradient_for_v_is_asked_about_the_square():
    verdict = judge_two_steps({"v1": 0.03, "step1": 1, "v2": 1, "step2": 1})
    assert "a hundredth of 3" in verdict.message


def test_the_loss_comes_back_because_the_step_size_of_a_number_passes_2_over_its_curvature():
    start, bound = np.array([1.0, 0.3]), np.array([2.0, 0.02])

    def capped(theta, g, s, *, lr, share):
        v = 0.9 * s.v + 0.1 * g**2
        return theta - np.minimum(lr / (v**0.5 + 1e-300), share * bound) * g, rules.State(s.t + 1, 0.0, v)

    held, beyond = (run(capped, ravine(100), steps=300, start=start, lr=0.03, share=share).loss for share in (0.95, 1e300))
    assert held[-1] < 1e-30 < 1e-3 < beyond[-1]
    assert hopping.passes(0.03, 0) < beyond.argmin()  # the line in the picture stands before the lowest loss


@pytest.mark.parametrize("lr", [30.0, 100.0, 1000.0])
def test_from_zero_biases_gradient_descent_overflows_at_a_step_size_of_30_and_more(lr):
    with np.errstate(all="ignore"):
        loss = run(sgd, deep.deep_net(0, start="zero biases"), steps=300, record="loss", lr=lr).loss
    assert not np.nanmin(loss[1:]) < 2.2
    assert not loss[-1] < 2.4


def test_right_names_of_slips_are_told_what_they_do():
    told = judge_bugs(practice.TWO_BUGS)
    assert told
    assert "longer than the right ones" in told.message
    steep = [np.abs(np.diff(practice.bug_path(practice.TWO_BUGS["B"]).theta[:2, 1]))[0], np.abs(np.diff(run(rmsprop, ravine(10), steps=1, lr=practice.LR, start=practice.START).theta[:, 1]))[0]]
    assert steep[0] / steep[1] == pytest.approx(2**0.5, rel=0.02)
