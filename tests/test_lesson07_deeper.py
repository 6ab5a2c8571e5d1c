"""The deeper part of lesson 7: its laws, and its judges."""
from __future__ import annotations

import numpy as np
import pytest

from lessonlib import State, grid, momentum, problems, run
from lessonlib.lessons.lesson07 import extras, noise, play
from lessonlib.lessons.lesson07.judges_deeper import judge_arrival, judge_nesterov, judge_share


def test_the_noise_floor_is_the_stationary_variance_of_the_two_numbers():
    for lr, beta1 in ((0.05, 0.9), (1.0, 0.0), (1.9, 0.5), (5.0, 0.9)):
        step = np.array([[1 - lr * (1 - beta1), -lr * beta1], [1 - beta1, beta1]])  # of (theta, m), curvature 1
        kick = (1 - beta1) * np.array([-lr, 1.0])
        whole = np.linalg.solve(np.eye(4) - np.kron(step, step), np.outer(kick, kick).ravel())
        assert whole[0] / (lr / 2) == pytest.approx(float(noise.floor_law(lr, beta1)))


def test_a_single_step_may_lengthen_the_distance_and_the_loss_rises_before_it_falls():
    theta = run(momentum, problems.ravine(10), steps=29, lr=0.1, beta1=0.7).theta[:, 1]
    assert (np.diff(abs(theta)) > 0).sum() == 11
    lr, beta1 = play.best(100)
    loss = run(momentum, problems.ravine(100), steps=10, lr=lr, beta1=beta1).loss
    assert (loss[:5] / loss[0]).round(1).tolist() == [1.0, 5.3, 9.5, 12.4, 13.6]
    assert loss.argmax() == 4


def test_a_little_off_polyaks_setting_is_faster_in_a_short_run():
    assert play.steps_to(momentum, 100, lr=0.1, beta1=0.675) == 64
    assert abs(play.best(100)[1] - 0.675) < 0.02


def test_few_settings_arrive_and_one_of_those_with_the_usual_beta():
    lrs, betas = np.geomspace(0.01, 1, 101), np.linspace(0, 0.99, 100)
    loss = run(momentum, problems.ravine(100), steps=150, record="loss", **grid(lr=lrs, beta1=betas)).loss
    reached = loss[100] < 1e-6
    assert reached.mean() == pytest.approx(0.049, abs=5e-4)
    assert reached[:, 90].sum() == 1
    assert 1 / 15 < (reached & (loss[100:] >= 1e-6).any(0)).sum() / reached.sum() < 1 / 13


def test_nesterovs_swings_are_smaller_until_its_border_is_near():
    def swing(rule, lr):
        return abs(run(rule, problems.ravine(100), steps=100, lr=lr, beta1=0.9).theta[20:, 1]).max()

    assert swing(extras.nesterov, 0.04) < 0.01 * swing(momentum, 0.04)
    assert swing(extras.nesterov, 0.13) < swing(momentum, 0.13)
    assert swing(extras.nesterov, 0.135) > 3 * swing(momentum, 0.135)


def test_from_some_starts_momentum_never_arrives_even_where_farther_ones_do():
    lr, beta1 = play.best(25)
    starts = np.linspace(0.05, 20, 400)
    far = abs(run(momentum, extras.bent_line(), steps=1000, lr=lr, beta1=beta1, start=starts[:, None]).theta[-3:, :, 0]).max(0) > 0.1
    assert far.sum() == 31
    assert [bool(far[np.isclose(starts, at)][0]) for at in (1, 4, 5, 10)] == [True, False, False, False]


def form(step, average=lambda old, g, b: b * old + (1 - b) * g):
    def my_nesterov(theta, g, s, *, lr, beta1):
        m = average(s.m, g, beta1)
        return theta - lr * step(m, g, beta1), State(s.t + 1, m)
    return my_nesterov


def summed(old, g, b):
    return b * old + g


ROWS = [
    (judge_share, None, "Not answered yet."), (judge_share, "half", "Not a beta."), (judge_share, 1.5, "Not a beta."),
    (judge_share, 0.1, "That is the share itself."), (judge_share, 0.9, "That is one minus the share."), (judge_share, 0.95, "Too little is kept."),
    (judge_share, 0, "Too much is kept."), (judge_share, 0.5, "Too much is kept."), (judge_share, 9 / 11, "Correct."), (judge_share, 0.818, "Correct."),
    (judge_arrival, None, "Not answered yet."), (judge_arrival, "0.1", "Not a step size."), (judge_arrival, -1, "Not a step size."),
    (judge_arrival, 0.2, "It still goes round."), (judge_arrival, 0.196, "It still goes round."), (judge_arrival, 5.0, "It diverges."),
    (judge_arrival, 1e-4, "Too short a step."), (judge_arrival, 0.1, "It arrives, and a larger step does too."), (judge_arrival, 0.19, "Correct."),
    (judge_nesterov, None, "Not written yet."), (judge_nesterov, lambda theta, g, s, *, lr, beta1: None, "Not written yet."),
    (judge_nesterov, form(lambda m, g, b: g + b * m, summed), "That is PyTorch's form."), (judge_nesterov, form(lambda m, g, b: m), "That is momentum."),
    (judge_nesterov, form(lambda m, g, b: b * m + (1 - b) * g, summed), "The average is a sum."),
    (judge_nesterov, form(lambda m, g, b: m + (1 - b) * g), "The newest gradient is added, not mixed."),
    (judge_nesterov, form(lambda m, g, b: b * m + g), "The newest gradient comes in whole."),
    (judge_nesterov, form(lambda m, g, b: (1 - b) * m + b * g), "The shares are exchanged."),
    (judge_nesterov, form(lambda m, g, b: -(b * m + (1 - b) * g)), "The sign of the step."), (judge_nesterov, form(lambda m, g, b: g), "Not yet: beta1 is not used"),
    (judge_nesterov, extras.nesterov, "Correct."),
]


@pytest.mark.parametrize(("judge", "answer", "headline"), ROWS)
def test_each_judge_says_what_it_saw(judge, answer, headline):
    verdict = judge(answer)
    assert verdict.headline == headline, verdict.message
    assert verdict.passed == (headline == "Correct.")
    assert verdict.passed or verdict.message.rstrip().endswith("?") or headline == "Not written yet."


def test_an_average_without_memory_keeps_all_of_the_variance():
    assert "keeps 1.000 of" in judge_share(0).message


def test_every_number_of_the_gain_is_taken_at_the_best_step_of_the_means():
    plain, heavy = np.array([[4.0, 2.0], [4.0, 6.0]]), np.array([[1.0, 9.0], [3.0, 9.0]])
    assert noise.gain(plain, heavy) == pytest.approx((4.0, 2.0, 2.0, 4 / 3, 4.0))
