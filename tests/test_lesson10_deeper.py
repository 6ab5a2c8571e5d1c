"""What the deeper notebook of lesson 10 says: the box, the bad batch, the turning weights; each cause is removed once."""
from __future__ import annotations

import re

import nbformat
import numpy as np
import pytest
import source as lessons

from lessonlib import State, adam, adam_l2, adamw
from lessonlib.lessons.lesson10 import box, decay_maps, grokking, norms, opening, play, spikes


@pytest.mark.parametrize("decay", [0.3, 0.45, 0.6, 1.0, 2.0])
def test_adamw_ends_at_the_lowest_loss_in_its_box_and_l2_at_the_penalised_minimum(decay):
    np.testing.assert_allclose(box.end(adamw, decay), box.best_in_box(decay), atol=0.01)
    np.testing.assert_allclose(box.end(adam_l2, decay), box.penalised(decay), atol=0.01)
    np.testing.assert_allclose(box.end(box.cautious, decay), box.LOWEST, atol=0.02)


def test_the_lowest_point_of_the_box_is_neither_its_closest_point_nor_that_of_the_penalty():
    lowest = np.array(box.best_in_box(1.0))
    assert np.abs(lowest - np.clip(box.LOWEST, -1, 1)).max() > 0.3
    assert np.abs(lowest - box.penalised(1.0)).max() > 0.3


def test_a_bad_batch_lifts_the_loss_and_slows_the_steps_and_clipping_removes_both():
    plain, bad, clipped = (spikes.spiked(**case) for case in spikes.CASES.values())
    after = slice(spikes.AT // spikes.EVERY, None)
    assert spikes.what_it_does() == "the loss rises, and training is slow afterwards"
    assert bad.loss[after].max() > 5 * plain.loss[after].max()
    assert bad.length[-100:].mean() < 0.2 * plain.length[-100:].mean()
    np.testing.assert_allclose(clipped.loss[after], plain.loss[after], rtol=0.1)


@pytest.mark.parametrize("seed", range(3))
def test_after_a_bad_batch_adams_steps_fall_to_a_tenth_and_the_decay_goes_on(seed):
    bad = spikes.spiked(seed=seed)
    before, late = slice(spikes.AT - 21, spikes.AT - 1), slice(-20, None)
    assert bad.length[late].mean() < 0.11 * bad.length[before].mean()
    assert bad.decay[late].mean() > 0.8 * bad.decay[before].mean()
    assert bad.decay[late].mean() > 1.5 * bad.length[late].mean()
    assert (spikes.spiked(seed=seed, size=1.0).length > spikes.spiked(seed=seed, size=1.0).decay).all()


def test_behind_a_norm_the_product_alone_decides_the_angle_and_the_length_in_step_sizes():
    lrs, decays = np.array([0.01, 0.0316, 0.1, 0.03, 0.1]), np.array([1, 0.316, 0.1, 0.3, 1])
    lengths, turns = decay_maps.turns(adamw, lr=lrs, weight_decay=decays)
    assert turns[1:3] == pytest.approx(turns[0], rel=0.002)
    assert lengths[1:3] / lrs[1:3] == pytest.approx(lengths[0] / lrs[0], rel=0.02)
    assert turns[3] < 0.97 * turns[0]  # a product of 0.009 is another one
    assert turns[4] > 3 * turns[0]


@pytest.mark.parametrize("seed", range(3))
def test_with_a_norm_the_loss_is_level_along_the_weights_and_without_it_is_not(seed):
    (_, loss, doubled, slope), (_, plain, plain_doubled, plain_slope) = norms.along_the_weights(seed)
    assert [doubled - loss, slope] == pytest.approx([0, 0], abs=5e-4)  # as printed
    assert plain_doubled > 1.3 * plain
    assert plain_slope > 0.02


def test_with_a_memory_of_ten_steps_the_network_does_not_learn_its_training_pairs_and_with_fifty_it_does():
    pytest.importorskip("torch")
    from lessonlib.pytorch.sweep import train
    from lessonlib.pytorch.tasks import modular_task

    for decay, least, most in ((2.0, 0.95, 1.0), (10.0, 0.0, 0.5)):
        steps = 40 if decay == 2 else 300
        found = train(adamw, modular_task(hidden=128), steps=steps, record_every=20, lr=0.01, beta2=0.98, weight_decay=decay)
        assert least <= found.train_accuracy[-1, 0] <= most


def test_the_decay_of_adamw_can_stay_when_gradients_grow_and_an_l2_penalty_must_grow_with_them():
    def end(decay, scale, l2):
        theta, s, noise = np.ones(100), State(), np.random.default_rng(0)
        for g in scale * (0.3 + noise.standard_normal((2000, 100))):
            theta, s = (adam_l2 if l2 else adamw)(theta, g, s, lr=0.01, weight_decay=decay)
        return theta.mean()

    assert end(1, 1, False) == pytest.approx(end(1, 1000, False), abs=1e-3)
    assert end(1, 1, True) == pytest.approx(end(1000, 1000, True), abs=1e-3)
    assert end(1, 1000, True) < 10 * end(1, 1, True)


def test_an_l2_penalty_s_points_leave_the_line_downward_and_with_a_hundredth_of_the_decay_none_does():
    """Where they do, the decay's own part is more than half of v, because the share is lr * weight_decay over the root of v."""
    size, share = opening.network_shares(adam_l2, 1e-3)
    far = share * size / (opening.LR * 1e-3)
    off = np.abs(far - 1) > 1 / 3
    assert (far[off] < 2 / 3).all()
    assert size[off].max() < np.quantile(size, 0.1)
    assert off.sum() == opening.off_the_line(1e-3) > 10
    assert opening.off_the_line(1e-5) == 0


@pytest.mark.parametrize("decay", [1.0, 2.0])
def test_the_half_of_the_decay_that_a_cautious_one_leaves_out_is_what_keeps_the_weights_in_the_box(decay):
    def against(theta, g, s, *, lr, beta2, weight_decay):
        moved, s = adam(theta, g, s, lr=lr, beta2=beta2)
        return moved - lr * weight_decay * theta * ((theta - moved) * theta < 0), s

    np.testing.assert_allclose(box.end(against, decay), box.best_in_box(decay), atol=0.01)


def test_under_pure_noise_the_size_of_a_weight_contains_the_step_size():
    steps = np.array([0.003, 0.03])
    np.testing.assert_allclose(decay_maps.sizes(adamw, lr=steps, weight_decay=0.5), steps**0.5, rtol=0.06)


def test_a_bad_batch_late_in_a_run_moves_a_weight_three_times_as_far():
    """The gradients of a weight are noise of size 0.001 until one of 1 comes; the step is 3.16 times the root of what v has seen."""
    lengths = []
    for at in (100, 5000):
        noise, s, theta = np.random.default_rng(0), State(), np.zeros(50)
        for _ in range(at - 1):
            theta, s = adamw(theta, 0.001 * noise.standard_normal(50), s, lr=1.0)
        moved, _ = adamw(theta, np.ones(50), s, lr=1.0)
        lengths.append(float(np.median(np.abs(moved - theta))))
    assert lengths[0] == pytest.approx(0.97, abs=0.1)
    assert 2.5 < lengths[1] / lengths[0] < 3.5


def test_the_gradients_of_the_bad_batch_s_run_are_shorter_than_one():
    usual = spikes.spiked(size=1.0)
    assert usual.gradient.max() < 1
    assert 35 < spikes.usual_length() / 0.01 < 45
    assert spikes.spiked(clip=1.0).loss[-1] == pytest.approx(usual.loss[-1], rel=0.01)
    assert spikes.spiked(clip=0.01).loss[-1] < 0.9 * usual.loss[-1]


def test_a_short_memory_of_the_scale_cuts_the_peak_below_a_third_and_needs_two_hundred_steps():
    after = slice(spikes.AT // spikes.EVERY, None)
    short, bad = spikes.spiked(beta2=0.95), spikes.spiked()
    assert 0.25 < short.loss[after].max() / bad.loss[after].max() < 1 / 3
    assert 0.05 * 1e6 * 0.95**200 < 2 < 0.05 * 1e6 * 0.95**180
    usual = spikes.spiked(size=1.0, beta2=0.95).length
    assert short.length[250] < 0.6 * usual[250]
    assert short.length[-1] > 0.8 * usual[-1]


def test_m_lifts_the_loss_after_a_bad_batch_and_v_keeps_the_steps_short():
    nothing, without_m, without_v, without_both = (spikes.spiked(back=back) for back in ("", "m", "v", "mv"))
    plain, after = spikes.spiked(size=1.0), slice(spikes.AT // spikes.EVERY, None)
    assert without_m.loss[after].max() < 0.15 * nothing.loss[after].max()
    assert without_m.length[-100:].mean() < 0.2 * plain.length[-100:].mean()
    assert without_v.loss[after].max() > 10 * nothing.loss[after].max()
    np.testing.assert_allclose(without_both.loss[after], plain.loss[after], rtol=0.1)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_with_m_put_back_the_loss_creeps_up_and_without_the_decay_it_goes_on_falling(seed):
    kept, none = (spikes.spiked(back="m", decay=decay, seed=seed).loss for decay in (spikes.DECAY, 0.0))
    assert kept[-1] > 1.1 * kept[150 // spikes.EVERY]
    assert none[-1] < 0.95 * none[150 // spikes.EVERY]


def test_two_thousand_steps_later_v_is_still_a_hundred_times_too_large():
    from lessonlib.problems import digits_net

    found = []
    for size in (1.0, spikes.SIZE):
        net, s, rng = digits_net(dtype=float), State(), np.random.default_rng(0)
        theta = net.start
        for t in range(1, 2101):
            g = net.grad(theta, rng) * (size if t == spikes.AT else 1.0)
            theta, s = adamw(theta, g, s, lr=0.01, beta2=0.999, weight_decay=spikes.DECAY)
        found.append(np.median(s.v[g != 0]))
    assert 70 < found[1] / found[0] < 150


def test_the_longest_usual_gradient_is_below_1_from_the_first_start_and_above_it_from_the_two_others():
    longest = [spikes.spiked(size=1.0, seed=seed).gradient.max() for seed in range(3)]
    assert longest[0] < 1 < min(longest[1:])


def test_with_noise_the_decay_moves_a_lowest_point_inside_of_the_box():
    noise, s, theta = np.random.default_rng(0), State(), np.zeros(200)
    for t in range(20_000):
        theta, s = adamw(theta, theta - 0.5 + noise.standard_normal(200), s, lr=0.1 / (10 + t) ** 0.5, weight_decay=1.0)
    assert theta.mean() == pytest.approx(0.24, abs=0.01)  # the lowest point is at 0.5, the box reaches to 1


def test_what_a_restart_loses_is_the_run_itself():
    pytest.importorskip("torch")
    from lessonlib.lessons.lesson10 import training

    whole, forgotten, schedule, both, weights = (training.loses(p, seeds=2) for p in (
        (), ("m, v", "t"), ("schedule",), ("m, v", "t", "schedule"), ("m, v", "t", "schedule", "batches")))
    assert [row[1] for row in (whole, forgotten, schedule, both, weights)] == ["yes", "no", "no", "no", "no"]
    assert forgotten[0] > 0.2 > 0.15 > max(both[0], weights[0])


def test_half_way_a_warm_up_to_the_full_step_size_lifts_the_loss_and_one_to_the_schedule_s_does_not():
    pytest.importorskip("torch")
    from lessonlib.lessons.lesson10 import training

    assert training.factor(100) == pytest.approx(0.5)
    rises = dict(training.rises())
    assert rises["a new warm-up of 20 steps"] < 0 < 0.02 < rises["the same warm-up, to twice the step size"] < 0.1


def test_without_decay_a_network_gets_fewer_unseen_pairs_right_than_guessing_would():
    assert grokking.from_record()["Adam, no decay"].test_accuracy[-1].mean() < 0.2 / play.CLASSES


def printed(words):
    """The output of the notebook that has these words in it."""
    found = nbformat.read(lessons.NOTEBOOKS / "deeper" / "10_adamw.ipynb", as_version=4)
    texts = [output.get("data", {}).get("text/plain", "") for cell in found.cells if cell.cell_type == "code" for output in cell.outputs]
    return next(text for text in texts if words in text)


def test_the_lead_of_l2_in_the_text_is_that_of_the_maps():
    best = printed("best accuracy")
    source = (lessons.LESSONS / "deeper" / "10_adamw.py").read_text(encoding="utf-8")
    said = re.search(r"On the four starts of the maps L2 was ahead, by ([\d.]+) points", source)
    shown = [re.search(rf"^{form}\s+(0\.\d+)", best, flags=re.MULTILINE)[1] for form in ("AdamW", "Adam with L2")]
    assert 100 * (float(shown[1]) - float(shown[0])) == pytest.approx(float(said[1]), abs=0.11)


def test_the_step_at_which_a_share_is_reached():
    accuracy = np.array([[0.0, 0.0], [0.96, 0.2], [0.97, 0.3]])
    assert play.reached(accuracy, np.array([0, 20, 40])) == [20, None]


def test_how_a_ridge_falls_is_told_by_the_mean_of_the_seeds():
    decays, lrs = 10 ** np.linspace(-4, 2, 9), np.array([-2.0, -1.0])

    def falling(slope):
        return 0.9 - 0.05 * (np.log10(decays) - (slope * (lrs[:, None] + 1) - 1)) ** 2

    row, interval = decay_maps.falls(np.array([falling(-0.4), falling(-0.6)]), decays)
    assert [float(text) for text in row[:3]] == pytest.approx([0.1 * 10**0.5, 0.1, 10**0.5], rel=0.05)
    assert interval == pytest.approx((10**(0.5 - 1.271), 10**(0.5 + 1.271)), rel=0.15)  # read along straight lines


def test_the_product_rule_fails_in_the_runs_of_the_notebook():
    low, high = map(float, re.search(r" (\d+\.\d) to (\d+\.\d)$", printed("best decay at lr 0.01"), flags=re.MULTILINE).groups())
    assert 1 < low < 3 < high < 10


def test_the_weights_of_adamw_are_an_average_of_adams_steps_and_those_of_l2_are_not():
    found = nbformat.read(lessons.NOTEBOOKS / "deeper" / "10_adamw.ipynb", as_version=4)
    told = [output.get("data", {}).get("text/plain", "") for cell in found.cells if cell.cell_type == "code" for output in cell.outputs]
    rows = next(text for text in told if "its weights are this average" in text).splitlines()
    assert [row.split() for row in rows[-2:]] == [["adamw", "yes"], ["adam_l2", "no"]]


def test_losing_the_averages_alone_is_not_losing_the_count_too():
    pytest.importorskip("torch")
    from lessonlib.lessons.lesson10 import training

    ends = {lost: training.loses(lost, seeds=1) for lost in (("m, v",), ("m, v", "t"), ("t",))}
    assert len(set(ends.values())) == 3


def test_a_clip_that_begins_in_mid_run_makes_all_steps_short():
    late, always = (spikes.spiked(clip=0.01, since=since) for since in (51, 1))
    assert late.loss[-1] > 4 * always.loss[-1]
    assert late.length[70:99].mean() < 0.2 * always.length[70:99].mean()


def test_the_average_m_spreads_what_a_bad_batch_moves():
    """Without m the whole move comes at once; in both cases it is some thirty step sizes in sum."""
    for beta1, steps in ((0.0, 1), (0.9, 60)):
        noise, s, theta = np.random.default_rng(0), State(), np.zeros(50)
        for _ in range(99):
            theta, s = adamw(theta, 0.001 * noise.standard_normal(50), s, lr=1.0, beta1=beta1, weight_decay=0.0)
        before, path = theta, []
        for t in range(60):
            theta, s = adamw(theta, np.ones(50) if t == 0 else 0.001 * noise.standard_normal(50), s, lr=1.0, beta1=beta1, weight_decay=0.0)
            path.append(np.median(before - theta))
        assert path[steps - 1] == pytest.approx(max(path), rel=0.1)
        assert path[0] == pytest.approx(max(path) * (1 - beta1), rel=0.15)


def test_a_lost_step_count_makes_the_next_step_as_long_as_the_exercise_says():
    for beta2, times in ((0.95, 10 / 20**0.5), (0.999, 10 / 1000**0.5)):
        full = {"m": np.ones(1), "v": np.ones(1)}
        old, new = (adamw(np.zeros(1), np.ones(1), State(t, **full), lr=1.0, beta2=beta2, weight_decay=0.0)[0] for t in (100_000, 0))
        assert new / old == pytest.approx(times, rel=1e-3)


@pytest.mark.parametrize("seed", range(4))
def test_cutting_every_gradient_costs_nothing_from_any_start(seed):
    assert spikes.spiked(clip=0.01, seed=seed).loss[-1] < spikes.spiked(size=1.0, seed=seed).loss[-1]
