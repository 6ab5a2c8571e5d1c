"""What the deeper notebook of lesson 10 says: the box, the bad batch, the turning weights; each cause is removed once."""
from __future__ import annotations

import numpy as np
import pytest

from lessonlib import adam_l2, adamw, grid, run
from lessonlib.lessons.lesson10 import box, decay_maps, play, spikes
from lessonlib.problems import Problem


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
    plain, bad, clipped, short = (spikes.spiked(**case) for case in spikes.CASES.values())
    after = slice(spikes.AT // spikes.EVERY, None)
    assert spikes.what_it_does() == "the loss rises, and training is slow afterwards"
    assert bad.loss[after].max() > 5 * plain.loss[after].max()
    assert bad.length[-100:].mean() < 0.4 * plain.length[-100:].mean()
    np.testing.assert_allclose(clipped.loss[after], plain.loss[after], rtol=0.1)
    assert short.length[-20:].mean() > 0.8 * plain.length[-20:].mean()


def test_cutting_every_gradient_costs_adamw_little():
    assert spikes.spiked(clip=0.01).loss[-1] < 1.1 * spikes.spiked(size=1.0).loss[-1]


def test_behind_a_norm_the_angle_depends_on_the_product_alone():
    turns = decay_maps.turns(adamw, **grid(lr=[0.01, 0.1], weight_decay=[0.1, 1.0]))
    assert turns[0, 1] == pytest.approx(turns[1, 0], rel=0.05)
    assert turns[1, 1] == pytest.approx(10 * turns[0, 0], rel=0.1)


def test_under_pure_noise_the_size_of_a_weight_contains_the_step_size():
    noise = Problem("noise", lambda theta: theta[..., 0], lambda theta, rng: rng.standard_normal(400) + 0 * theta, np.zeros(400))
    theta = run(adamw, noise, steps=3000, **grid(lr=[0.01, 0.04], weight_decay=[0.5])).theta[-500:, :, 0]
    np.testing.assert_allclose((theta**2).mean((0, 2)) ** 0.5, [(0.01 / 1) ** 0.5, (0.04 / 1) ** 0.5], rtol=0.15)


def test_the_step_at_which_a_share_is_reached():
    accuracy = np.array([[0.0, 0.0], [0.96, 0.2], [0.97, 0.3]])
    assert play.reached(accuracy, np.array([0, 20, 40])) == [20, None]


def test_a_valley_that_moves_is_said_to_move():
    decays = 10 ** np.linspace(-4, 2, 9)

    def ridge(middle):
        return np.repeat(0.9 - 0.05 * (np.log10(decays) - middle)[None, None, :] ** 2, 9, axis=1)

    said = [decay_maps.where_it_goes(ridge(0.0), ridge(middle), decays) for middle in (-0.5, 0.0, 0.5)]
    assert said == ["to smaller decays", "it stays", "to larger decays"]
    assert decay_maps.middles(ridge(0.0), decays)[0] == "1"
