"""The deeper part of lesson 7: its laws, and its judges."""
from __future__ import annotations

import numpy as np
import pytest

from lessonlib import State, momentum, problems, run
from lessonlib.lessons.lesson07 import ahead, cycles, extras, noise, play
from lessonlib.lessons.lesson07.judges_deeper import judge_arrival, judge_nesterov, judge_share
from lessonlib.lessons.lesson07.judges_torch import judge_polyak
from lessonlib.problems import ravine


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


def test_nesterovs_swings_are_smaller_until_its_border_is_near():
    def swing(rule, lr):
        return abs(run(rule, problems.ravine(100), steps=100, lr=lr, beta1=0.9).theta[20:, 1]).max()

    def first(rule, lr):
        return abs(run(rule, problems.ravine(100), steps=100, lr=lr, beta1=0.9).theta[1:20, 1]).max()

    assert first(extras.nesterov, 0.04) < 0.6 * first(momentum, 0.04)
    assert [round(first(rule, 0.13), 2) for rule in (extras.nesterov, momentum)] == [1.47, 1.08]
    assert [round(swing(rule, 0.13), 2) for rule in (extras.nesterov, momentum)] == [0.11, 0.38]
    assert first(extras.nesterov, 0.135) > first(momentum, 0.135)
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


def kept_ahead(theta, g, s, *, lr, beta1):
    m = beta1 * s.m + (1 - beta1) * g
    m = beta1 * m + (1 - beta1) * g
    return theta - lr * m, State(s.t + 1, m)


def summed(old, g, b):
    return b * old + g


ROWS = [
    (judge_share, None, "Not answered yet."), (judge_share, "half", "Not a beta."), (judge_share, 1.5, "Not a beta."),
    (judge_share, 0.1, "That is the share itself."), (judge_share, 0.9, "That is one minus the share."), (judge_share, 0.95, "Too little is kept."),
    (judge_share, 0, "Too much is kept."), (judge_share, 0.5, "Too much is kept."), (judge_share, 9 / 11, "Correct."), (judge_share, 0.818, "Correct."),
    (judge_share, 0.81, "Too much is kept."), (judge_share, 0.82, "Nearly."), (judge_share, 0.8182, "Correct."),
    (judge_arrival, None, "Not answered yet."), (judge_arrival, "0.1", "Not a step size."), (judge_arrival, -1, "Not a step size."),
    (judge_arrival, 0.2, "Not from every start."), (judge_arrival, 0.192, "Not from every start."), (judge_arrival, 0.19, "Not from every start."),
    (judge_arrival, 5.0, "It diverges."), (judge_arrival, 1e-4, "Too short a step."), (judge_arrival, 0.1, "It arrives, and so does a larger one."),
    (judge_arrival, 0.18, "It arrives, and so does a larger one."), (judge_arrival, 0.188, "It arrives, and so does a larger one."),
    (judge_arrival, 0.189, "Correct."), (judge_arrival, 0.1895, "Correct."),
    (judge_polyak, None, "Not answered yet."), (judge_polyak, 0.05, "Not two numbers."), (judge_polyak, (0.05, "a"), "Not a momentum."),
    (judge_polyak, (0.05, 0.8186), "That is the step of the average."), (judge_polyak, (0.05 * (1 - 0.8186), 0.8186), "Correct."),
    (judge_polyak, (4 / 21**2, (19 / 21) ** 2), "Correct."), (judge_polyak, (0.00907, 0.8186), "Correct."), (judge_polyak, (0.0091, 0.8186), "Rounded too far."),
    (judge_polyak, (0.0090703, 0.81859), "Correct."), (judge_polyak, (0.00907, 0.82), "Correct."), (judge_polyak, (0.0091, 0.82), "Rounded too far."),
    (judge_polyak, (0.009, 0.8186), "Rounded too far."), (judge_polyak, (0.8186, 0.00907), "The order."), (judge_polyak, (0.009, 0.8), "It swings for ever."),
    (judge_polyak, (0.0095, 0.8), "It diverges."), (judge_polyak, (0.05, 0.9), "That is the step of the average."), (judge_polyak, (0.05, 0.0), "It diverges."),
    (judge_polyak, (0.05 * (1 - 19 / 21), 19 / 21), "That is the spectral radius."), (judge_polyak, (0.005, 0.9), "It arrives, and it could be faster."),
    (judge_polyak, (0.009, 0.75), "It diverges."),
    (judge_nesterov, None, "Not written yet."), (judge_nesterov, lambda theta, g, s, *, lr, beta1: None, "Not written yet."),
    (judge_nesterov, form(lambda m, g, b: g + b * m, summed), "That is PyTorch's form."), (judge_nesterov, form(lambda m, g, b: m), "That is momentum."),
    (judge_nesterov, form(lambda m, g, b: b * m + (1 - b) * g, summed), "The average is a sum."),
    (judge_nesterov, kept_ahead, "What looks ahead is stored."),
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


def test_polyaks_setting_stands_at_the_cliff_and_pytorchs_step_is_shorter():
    for kappa, below in ((100, 2 / 3), (400, 9 / 11)):
        lr, beta1 = play.best(kappa)
        assert 0 < beta1 - below < 0.003
        assert play.radius(lr * kappa, below + 1e-4) < 1 < play.radius(lr * kappa, below - 1e-4)
        assert lr * (1 - beta1) == pytest.approx(4 / (kappa**0.5 + 1) ** 2)
    assert play.steps_to(momentum, 100, lr=0.1, beta1=0.66, budget=3000) is None


def test_where_the_eigenvalues_do_not_meet_there_are_few_extra_steps_and_the_loss_rises_once():
    extra, highest = [], []
    for beta1 in (play.best(100)[1], 0.7):
        loss = run(momentum, ravine(100), steps=20, record="loss", lr=0.1, beta1=beta1).loss
        extra.append(play.steps_to(momentum, 100, lr=0.1, beta1=beta1) - np.log(1e-10) / np.log(beta1))
        highest.append((loss.argmax(), loss.max() / loss[0]))
    assert extra == pytest.approx([26, 3], abs=0.5)
    assert np.array(highest) == pytest.approx(np.array([[4, 13.6], [1, 4.0]]), rel=0.01)


def test_where_the_eigenvalues_meet_one_formula_gives_the_rise_and_the_extra_steps():
    (lr, beta1), t = play.best(100), np.arange(101)
    steep, flat = ((1 + c * t / 11) ** 2 * beta1**t for c in (20, 2))
    loss = run(momentum, ravine(100), steps=100, record="loss", lr=lr, beta1=beta1).loss
    assert loss / loss[0] == pytest.approx((100 * steep + flat) / 101, rel=1e-9)
    assert (steep.argmax(), int(np.argmax(steep < 1e-10))) == (4, 83) == (loss.argmax(), play.steps_to(momentum, 100, lr=lr, beta1=beta1))
    assert loss[1] / loss[0] < 0.4 * loss.max() / loss[0]  # the first step is a small part of the rise
    apart, highest = [], []
    for b in (beta1, 0.67, 0.7):
        z = np.linalg.eigvals([[1 - 100 * lr * (1 - b), -lr * b], [100 * (1 - b), b]])
        apart.append(abs(z[0] - z[1]))
        path = run(momentum, ravine(100), steps=20, record="loss", lr=lr, beta1=b).loss
        highest.append(path.max() / path[0])
    assert apart == pytest.approx([0, 0.152, 1.054], abs=1e-3)
    assert highest == pytest.approx([13.6, 12.9, 4.0], abs=0.05)


def test_a_verdict_on_a_rounded_setting_says_that_it_never_arrives():
    assert ["never arrives" in judge_polyak(guess).message for guess in ((0.0091, 0.82), (0.009, 0.8186))] == [True, False]
    assert "keeps 0.10." in judge_share(9 / 11).message


def test_from_3_3_it_arrives_at_0_192_and_from_other_starts_it_does_not():
    def never(lr, starts):
        far = abs(run(momentum, extras.bent_line(), steps=2000, lr=lr, beta1=play.best(25)[1], start=starts[:, None]).theta[-3:, :, 0]).max(0)
        return (far > 1e-3).mean()

    starts = np.linspace(0.05, 20, 400)
    assert never(0.192, np.array([3.3])) == 0
    assert never(0.192, np.array([3.4])) == 1
    assert never(0.192, starts) == pytest.approx(0.095)
    assert never(0.192, starts) > never(0.2, starts) == pytest.approx(0.0775)
    assert never(0.1895, starts) == never(0.1895, -starts) == never(0.18, starts) == 0


def test_looking_ahead_multiplies_to_less_along_a_steep_direction():
    for lr, beta1, lam in ((0.04, 0.9, 100), (0.04, 0.9, 1), (0.1, 0.9, 100), (0.1, 0.5, 3), (1.0, 0.0, 0.5)):
        whole = beta1 + (1 - beta1)
        step = np.array([[1 - lr * lam * (1 - beta1) * (beta1 + whole), -lr * beta1**2], [(1 - beta1) * lam, beta1]])  # of (theta, m)
        assert np.linalg.det(step) == pytest.approx(beta1 * (1 - lr * (1 - beta1) * lam), abs=1e-12)
        assert max(abs(np.linalg.eigvals(step))) == pytest.approx(float(ahead.radius(lr * lam, beta1)), abs=1e-7)
    swing = abs(run(extras.nesterov, ravine(100), steps=100, lr=0.1, beta1=0.9).theta[20:, 1])
    assert swing.max() < 1e-100


def test_looking_ahead_a_steeper_direction_dies_faster_up_to_one_and_then_slower():
    for beta1 in (0.5, 0.9):
        swings, flips = 1 - 4 * beta1 / (1 + beta1) ** 2, 1 + 1 / (1 + 2 * beta1)  # between them and 1: a complex pair, a flip
        below, beyond = (ahead.radius(x / (1 - beta1), beta1) for x in (np.linspace(swings, 1, 50), np.linspace(1, flips, 50)))
        assert (np.diff(below) < 0).all()
        assert (np.diff(beyond) > 0).all()
        assert (below[-1], beyond[-1]) == pytest.approx((0, 1), abs=1e-6)
    theta = run(extras.nesterov, ravine(100), steps=20, lr=0.13, beta1=0.9).theta[5:, 1]
    assert (theta[1:] * theta[:-1] < 0).all()


def test_tuned_on_a_quadratic_nesterovs_form_is_faster_to_a_near_goal_and_momentum_to_a_far_one():
    goals = (1e-5, 1e-10, 1e-30)
    assert [ahead.fewest(rule, goals) for rule in (momentum, extras.nesterov)] == [[33, 63, 183], [27, 72, 279]]
    beta1 = 9 / 11
    assert play.steps_to(extras.nesterov, 100, lr=0.01 / (1 - beta1), beta1=beta1) == 111  # Nesterov's own setting
    lrs, betas = np.geomspace(0.03, 0.12, 801)[:, None], np.linspace(0.6, 0.9, 601)
    lowest = [np.maximum(radius(lrs, betas), radius(100 * lrs, betas)).min() for radius in (play.radius, ahead.radius)]
    assert lowest == pytest.approx([9 / 11, 1 - 2 / 301**0.5], abs=5e-4)


@pytest.mark.parametrize(("start", "steps"), [((1.0, 10.0), [[21, 59, 180], [13, 53, 251]]), ((10.0, 1.0), [[34, 64, 183], [41, 90, 289]])])
def test_to_a_near_goal_the_start_decides_which_rule_is_faster(start, steps):
    assert [ahead.fewest(rule, (1e-5, 1e-10, 1e-30), start) for rule in (momentum, extras.nesterov)] == steps


@pytest.mark.parametrize(("kappa", "points", "setting"), [(25, 3, play.best(25)), (100, 4, play.best(100)), (1000, 5, play.best(1000)), (100, 3, (0.1, 0.8))])
def test_a_valley_made_for_a_setting_is_smooth_and_momentum_goes_round_it(kappa, points, setting):
    lr, beta1 = setting
    made, rng = cycles.valley(lr, beta1, kappa, points), np.random.default_rng(0)
    a, b = rng.standard_normal((2, 5000, 2))
    slope = ((made.grad(a, rng) - made.grad(b, rng)) * (a - b)).sum(-1) / ((a - b) ** 2).sum(-1)
    assert slope.min() > 1 - 1e-9
    assert slope.max() < kappa + 1e-9
    tilt = [(made.loss(a[:9] + step) - made.loss(a[:9] - step)) / 2e-6 for step in 1e-6 * np.eye(2)]
    np.testing.assert_allclose(np.array(tilt).T, made.grad(a[:9], rng), rtol=1e-4, atol=1e-3)
    theta, back = np.array([1.0, 0.0]), np.array([np.cos(2 * np.pi / points), -np.sin(2 * np.pi / points)])
    s = State(0, (back - theta) / lr)
    for _ in range(3 * points):
        theta, s = momentum(theta, made.grad(theta, rng), s, lr=lr, beta1=beta1)
    assert (np.linalg.norm(theta - [1, 0]) < 1e-6) == bool(cycles.goes_round(lr, beta1, kappa, points))
    assert bool(cycles.goes_round(lr, beta1, kappa, points)) == (setting != (0.1, 0.8))


def test_the_nearest_corner_is_decided_by_its_two_edges():
    lr, beta1 = np.meshgrid(np.geomspace(0.01, 0.3, 12), [0.3, 0.6, 0.9])
    for points in (3, 5, 8):
        for each in zip(lr.ravel(), beta1.ravel(), strict=True):
            ends = cycles.corners(*each, 100, points)
            whole = (([1, 0] - ends[0]) @ (ends - ends[0]).T <= 1e-9).all()
            assert whole == cycles.goes_round(*each, 100, points)


def test_without_a_valley_that_it_circles_momentum_keeps_no_square_root():
    polyak, left, proved = np.array([cycles.gain(kappa) for kappa in (100, 1000, 10_000)]).T
    assert polyak == pytest.approx([10, 31.6, 100], rel=0.01)
    assert left == pytest.approx([6.65, 7.83, 7.98], abs=0.01)
    assert proved[2] / proved[0] == pytest.approx(10, rel=0.06)


def test_finer_grids_round_the_best_find_no_slower_one():
    for kappa in (10, 1000):
        coarse, fine = (cycles.gain(kappa, rounds=rounds)[1] for rounds in (1, 4))
        assert coarse < fine < cycles.gain(kappa)[0]


def test_the_two_forms_of_looking_ahead_part_when_beta_changes():
    def apart(betas):
        (theta, s), (place, average) = (1.0, State()), (1.0, 0.0)  # one form sees the places ahead, the other one goes there to look
        for beta in betas:
            looked = place - 0.04 * beta * average
            theta, s = extras.nesterov(theta, 100 * theta, s, lr=0.04, beta1=beta)
            average = beta * average + (1 - beta) * 100 * looked
            place -= 0.04 * average
            ahead_of = place - 0.04 * beta * average
        return abs(theta - ahead_of)

    assert apart([0.9] * 20) < 1e-12
    assert apart([0.5, 0.9] * 10) > 1e-3


def test_no_setting_beats_polyaks_radius():
    rng = np.random.default_rng(0)
    for kappa in (4, 100, 10_000):
        lr, beta1 = np.exp(rng.uniform(np.log(1 / kappa), 1, 20_000)), rng.uniform(0, 1, 20_000)
        radius = np.maximum(play.radius(lr, beta1), play.radius(lr * kappa, beta1))
        assert radius.min() >= (kappa**0.5 - 1) / (kappa**0.5 + 1) - 1e-12
        total, size = radius + beta1 / radius, abs(1 + beta1 - (1 - beta1) * lr * np.array([[1], [kappa]]))
        assert (size <= total + 1e-9).all()


def test_the_condition_of_ghadimi_is_the_short_one_of_the_text():
    kappa, beta1 = 25, play.best(25)[1]
    bound = 2 * (1 + beta1) / (kappa - beta1)
    polyaks = bound * (1 - beta1) * np.array([0.999, 1.001])  # his step sizes, as the paper writes them
    allowed = (polyaks / 2 + np.sqrt(polyaks**2 / 4 + 4 * (1 - polyaks * kappa / 2))) / 2
    assert round(bound, 3) == 0.118
    assert (beta1 < allowed).tolist() == [True, False]


def least_real_part(lr, beta1, kappa, h):
    """The least real part of (1 - h/z) N conj(D) over |z| = 1, N/D the 1/(kappa - 1) + P(z) of the text but for a factor above 0."""
    a = lr * (1 - beta1)
    above, below, terms = (beta1, kappa * a - 1 - beta1, 1), (beta1, a - 1 - beta1, 1), np.zeros(4)
    for power, factor in ((0, 1), (-1, -h)):
        for i, one in enumerate(above):
            for j, two in enumerate(below):
                terms[abs(power + i - j)] += factor * one * two  # times the cosine of so many angles: a cubic in the cosine
    cubic = np.polynomial.Chebyshev(terms)
    flat = [x.real for x in cubic.deriv().roots() if abs(x.imag) < 1e-12 and abs(x) < 1]
    z = np.exp(1j * np.linspace(0, np.pi, 50))
    whole = (1 - h / z) * (1 / (kappa - 1) + a * z / ((z - 1) * (z - beta1) + a * z))
    size = abs((z - 1) * (z - beta1) + a * z) ** 2 * (kappa - 1)
    np.testing.assert_allclose(cubic(np.cos(np.angle(z))), whole.real * size, atol=1e-10)
    return min(cubic(x) for x in (-1, 1, *flat))


def test_momentum_is_proved_to_arrive_on_every_valley_up_to_0_185_and_goes_round_from_0_1885_on():
    beta1 = play.best(25)[1]
    assert least_real_part(0.185, beta1, 25, 0.987) > 1e-3
    for lr in (0.01, 0.05, 0.1, 0.118, 0.15, 0.17, 0.18, 0.184):
        assert max(least_real_part(lr, beta1, 25, h) for h in (*np.arange(0, 0.95, 0.05), 0.95, 0.98)) > 0
    assert max(least_real_part(0.187, beta1, 25, h) for h in np.arange(0, 1, 0.01)) < 0
    lrs = np.linspace(0.185, 0.1884, 50)
    assert not any(cycles.goes_round(lrs, beta1, 25, points).any() for points in range(3, 201))
    assert cycles.goes_round(np.linspace(0.1885, 0.2, 50), beta1, 25, 3).all()
    theta, back = np.array([1.0, 0.0]), np.array([np.cos(2 * np.pi / 3), -np.sin(2 * np.pi / 3)])
    made, s = cycles.valley(0.189, beta1, 25, 3), State(0, (back - theta) / 0.189)
    theta = theta + 0.001
    for _ in range(600):
        theta, s = momentum(theta, made.grad(theta, np.random.default_rng(0)), s, lr=0.189, beta1=beta1)
    assert np.linalg.norm(theta) == pytest.approx(1, abs=1e-6)  # from beside the cycle it comes to it


def test_when_theta_moves_the_nearest_point_moves_at_most_as_far_and_never_against_it():
    made, rng = cycles.valley(*play.best(100), 100, 3), np.random.default_rng(0)
    a, b = rng.standard_normal((2, 2000, 2))
    moved = ((made.grad(a, rng) - a) - (made.grad(b, rng) - b)) / 99
    assert (np.linalg.norm(moved, axis=1) <= np.linalg.norm(a - b, axis=1) + 1e-12).all()
    assert ((moved * (a - b)).sum(1) >= -1e-12).all()


def test_adding_momentum_in_pytorchs_form_raises_the_floor_tenfold():
    def floor(step, beta1):
        return step / 2 * float(noise.floor_law(step, beta1))

    assert floor(0.005 / (1 - 0.9), 0.9) / floor(0.005, 0.0) == pytest.approx(10, rel=0.01)


def test_the_title_of_the_batches_says_what_the_numbers_say(monkeypatch):
    said = []
    monkeypatch.setattr(noise, "show", lambda figure, alt: said.append(figure.get_suptitle()))
    ones, losses = np.ones((2, 8)), np.full((2, 8), 0.5)
    noise.show_batches({4: (losses, ones), 256: (ones, losses)})
    noise.show_batches({4: (1.1 * losses, losses), 256: (ones, losses)})
    assert said == ["Momentum gains nothing at batch 4 and most at 256", "Momentum gains least at batch 4 and most at 256"]


def test_at_momentums_best_step_for_batches_of_256_gradient_descent_does_not_learn():
    plain, heavy = (noise.trained(rule, [6.4], batch=256, steps=200, seeds=2).mean() for rule in (noise.rules.sgd, momentum))
    assert plain > 2.2
    assert heavy < 0.1


def test_at_a_small_step_momentum_comes_later_the_longer_its_memory():
    for seed in (0, 2):
        net = problems.digits_net(16, 256, seed, dtype=float)
        descent = run(noise.rules.sgd, net, steps=200, seed=seed, record="loss", lr=0.1).loss
        ends = run(momentum, net, steps=200, seed=seed, record="last", lr=0.1, beta1=np.array([[0.5], [0.8], [0.9], [0.95]])).loss[0]
        late = [200 - int(np.flatnonzero(descent > end)[-1]) for end in ends]
        assert 0 < late[0] < late[1] < late[2] < late[3]
        assert 15 <= late[2] <= 25


def test_the_share_of_starts_that_go_round_depends_on_the_corners():
    lr, beta1 = play.best(100)
    starts, shares = 2 * np.random.default_rng(0).standard_normal((400, 2)), []
    for points in (3, 4, 5):
        assert cycles.goes_round(lr, beta1, 100, points)
        ends = run(momentum, cycles.valley(lr, beta1, 100, points), steps=1000, lr=lr, beta1=beta1, start=starts).theta[-1]
        shares.append(np.mean(np.linalg.norm(ends, axis=1) > 0.01))
    assert shares == pytest.approx([0.30, 0.505, 0], abs=0.01)
    walks = run(momentum, cycles.valley(lr, beta1, 100, 3), steps=2000, lr=lr, beta1=beta1, start=starts).theta[-1]
    far = np.linalg.norm(walks, axis=1)
    assert far[far > 0.01] == pytest.approx(1)  # all of them in the cycle that the valley was made for


def test_the_picture_of_a_cycle_counts_the_points_that_it_shows(monkeypatch):
    said = []
    monkeypatch.setattr(cycles, "show", lambda figure, alt: said.append(figure.axes[0].get_title()))
    lr, beta1 = play.best(100)
    made, ends = cycles.valley(lr, beta1, 100, 3), cycles.corners(lr, beta1, 100, 3)
    cycles.show_cycle(made, ends, np.tile(np.eye(2), (3, 1)))
    cycles.show_cycle(made, ends, np.full((3, 2), 1e-9))
    assert said == ["Momentum goes round 2 points", "Momentum comes to rest"]


@pytest.mark.parametrize(("n", "border", "left"), [(1, 2.0, 1.0), (2, 2.0, 0.0), (3, 1.5, 1 / 3), (4, 1.1716, 0.0), (5, 0.9549, 0.2)])
def test_a_plain_mean_of_gradients_allows_no_longer_step_even_where_changing_signs_cancel(n, border, left):
    def last(x, steps=4000):
        theta = [1.0] * n
        for _ in range(steps):
            theta.append(theta[-1] - x * np.mean(theta[-n:]))
        return abs(np.array(theta[-20:])).max()

    assert last(0.98 * border) < 1e-2 < 1e2 < last(1.02 * border)
    assert abs(np.mean((-1.0) ** np.arange(n))) == pytest.approx(left)
