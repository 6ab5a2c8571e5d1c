"""What decay is for, as lesson 10 shows it: the causes that it names are removed, and the fair comparison comes out again."""
from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from lessonlib.lessons.lesson10 import unseen
from lessonlib.rules import State, adamw


@cache
def read():
    """The networks of the lesson's picture, trained once for all tests."""
    return unseen.read()


def test_without_decay_new_digits_are_lost_and_with_it_they_are_kept():
    found = read()
    at_200, end = 100 * found.unseen[200 // unseen.EVERY].mean(0), 100 * found.unseen[-1].mean(0)
    assert round(at_200[0]) == 88  # as the text says
    assert end[:2] == pytest.approx([80, 89], abs=0.5)
    assert ((found.unseen[-1, :, 1] - found.unseen[-1, :, 0]) > 0.04).all()  # from every start
    assert unseen.how_it_ends(found) == "clearly fewer"
    np.testing.assert_array_less(found.by_heart[-1, :, 1], 0.5 * found.by_heart[-1, :, 0])
    assert found.by_heart[-1, :, 0].mean() > 0.45 > 0.12 > found.by_heart[200 // unseen.EVERY, :, 0].mean()


def test_it_is_the_wrong_labels_that_cost_new_digits_and_shorter_steps_help_too():
    right = unseen.read((0.0, 1.0), wrong=0, seeds=range(3)).unseen.mean(1)
    assert right[-1] == pytest.approx(right[-1].mean(), abs=0.004)  # one label for both lines
    assert right[-1, 0] > right[200 // unseen.EVERY, 0]
    assert right[-1, 1] < right[-1, 0] + 0.005  # where all labels are right, decay gains nothing
    short = unseen.read((0.0,), lr=5e-4, seeds=range(3))
    assert short.unseen[-1].mean() > 0.87
    assert short.by_heart[-1].mean() < 0.1


def test_each_at_its_best_settings_decay_is_ahead_by_about_one_in_a_hundred():
    pytest.importorskip("torch")
    from lessonlib.lessons.lesson10 import gains

    read = gains.fair()
    gain, error = gains.paired(read["decay"] - read["no decay"])
    assert 0.8 < gain < 1.6
    assert 0.1 < error < 0.3


def test_at_another_step_size_the_same_decay_is_best():
    """Carried over by the product, decay 1 of step size 0.003 would be 3 here; the other way it would be 0.33, as tested below."""
    same, carried = unseen.read((1.0, 3.0), lr=1e-3, seeds=range(2)).unseen[-1].mean(0)
    assert carried < same - 0.015


def test_decay_makes_noisy_weights_smaller_and_the_same_step_turns_them_further():
    """A memory as long as the run does, and one of a tenth of it more so."""
    found = []
    for decay in (0.0, 1.0, 10.0):
        theta, s, rng = 0.1 * np.random.default_rng(0).standard_normal(500), State(), np.random.default_rng(1)
        for _ in range(1000):
            before = theta
            theta, s = adamw(theta, rng.standard_normal(500), s, lr=1e-3, weight_decay=decay)
        turned = np.arccos(before @ theta / np.linalg.norm(before) / np.linalg.norm(theta))
        found.append((np.linalg.norm(theta), turned))
    sizes, turns = np.transpose(found)
    assert (sizes[1:] < 0.7 * sizes[:-1]).all()
    assert (turns[1:] > 1.3 * turns[:-1]).all()


def test_what_is_learned_by_heart_is_that_of_the_picture():
    without, with_decay = read().by_heart[-1, :, :2].mean(0)
    assert 0.5 < without < 0.6  # "many of them" in the text
    assert with_decay < 0.1  # "hardly"


def test_the_start_gains_and_a_third_of_its_memory_gains_more_and_a_ninth_less():
    rows = unseen.tried(read(), unseen.read(wrong=0, seeds=range(4)))
    assert [row[:2] for row in rows] == [["1000 steps of 0.003", "60 wrong"], ["1000 steps of 0.001", "60 wrong"],
                                         ["1000 steps of 0.003", "all right"], ["300 steps of 0.003", "all right"]]
    assert [row[2] for row in rows] == pytest.approx([1 / 3, 1, 1 / 3, 1])
    gains = [[100 * (share - row[3]) for share in row[4:]] for row in rows]  # over no decay, in digits of a hundred
    assert [round(gain) for gain in gains[0]] == [6, 9, 4]
    assert gains[1][1] == max(gains[1]) > 2  # where the guess is 1, it reads the most
    assert gains[2][:2] == pytest.approx([0, 0], abs=0.6)
    assert gains[3][1] == pytest.approx(-1, abs=0.2)  # what the guess costs, one digit in a hundred
    marked = [[cell for cell in row if cell.startswith("the guess: ")] for row in unseen.told(rows)]
    assert marked == [[f"the guess: {row[4 if row[2] < 1 else 5]:.0%}"] for row in rows]
    assert [gain[2] < gain[1] - 3 for gain in gains] == [True] * 4  # 3 is too much in each


def test_at_a_third_of_the_step_size_the_best_decay_of_the_four_is_still_one():
    found = unseen.read((0.0, 1 / 3, 1.0, 3.0), lr=1e-3, seeds=range(6)).unseen[-1].mean(0)
    assert found.argmax() == 2
    assert pytest.approx(read().steps[-1]) == 1 / (1e-3 * 1.0)  # and its memory is the whole run
