"""The heating bill: its gradient, its condition numbers, and what each rule leaves; every cause that the lesson names is removed once."""
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from lessonlib import adam, grid, misconceptions, run, sgd
from lessonlib.lessons.lesson09 import heating as module
from lessonlib.lessons.lesson09.heating import (
    condition_numbers,
    days,
    frozen_scales,
    heating,
    left_at_best,
    tuned_lr,
)


@pytest.mark.parametrize("units", list(module.UNITS))
def test_the_gradient_is_that_of_the_loss_and_the_minimum_is_the_least_squares_line(units):
    bill, rng, step = heating(3, units=units), np.random.default_rng(0), 1e-6
    theta = np.array([0.3, -1.0])
    numeric = [(bill.loss(theta + step * unit) - bill.loss(theta - step * unit)) / (2 * step) for unit in np.eye(2)]
    np.testing.assert_allclose(bill.grad(theta, rng), numeric, rtol=1e-5)
    assert bill.loss(bill.minimum) == pytest.approx(0, abs=1e-20)
    if units == "degrees":
        np.testing.assert_allclose(bill.minimum, np.polyfit(*days(3), 1), rtol=1e-9)


def test_a_batch_is_right_on_average():
    bill, small, rng = heating(), heating(batch=8), np.random.default_rng(0)
    drawn = np.mean([small.grad(np.array([0.1, 1.0]), rng) for _ in range(20_000)], axis=0)
    np.testing.assert_allclose(drawn, bill.grad(np.array([0.1, 1.0]), rng), rtol=0.02)


def test_the_condition_numbers_are_those_that_the_lesson_names():
    as_measured, with_scales, at_best = condition_numbers()
    assert round(as_measured) == 33_522
    assert 600 < with_scales < 700
    assert round(at_best) == 50


def test_only_adam_arrives_and_removing_what_makes_it_hard_helps_everybody():
    left = {rule: tuned_lr(rule)[1] for rule in module.RULES}
    assert 0.4 < left["sgd"] < 0.6
    assert 0.2 < left["momentum"] < 0.3
    assert 0.03 < left["rmsprop"] < 0.08
    assert left["adam"] < 1e-4
    for units in ("scaled", "standardized"):
        assert all(tuned_lr(rule, units=units)[1] < 1e-4 for rule in module.RULES)


def test_it_is_momentum_that_adam_adds_and_not_the_correction():
    def least(rule, **hyper):
        losses = run(rule, heating(), steps=300, record="loss", lr=module.LRS[:, None], **hyper).loss
        return (losses[-30:].mean(0) / losses[0]).min()

    def uncorrected(theta, g, s, *, lr):
        m, v = 0.9 * s.m + 0.1 * g, 0.999 * s.v + 0.001 * g**2
        return theta - lr * m / (v**0.5 + 1e-8), module.rules.State(s.t + 1, m, v)

    assert least(adam, beta1=0.0) > 0.05
    assert least(adam) < 1e-3
    assert least(uncorrected) < 1e-3
    without, with_momentum, at_best = (share for _, share in frozen_scales())
    assert at_best < 1e-6  # with the right two step sizes, nothing else is needed
    assert without > 0.05
    assert with_momentum < 1e-9
    assert module.who_arrives(frozen_scales()) == "only momentum"


@pytest.mark.parametrize("fine", [40, 80])
def test_tuned_finer_momentum_still_swings_and_leaves_two_percent_however_fine_the_grid(fine):
    betas, lrs = np.linspace(0.9, 0.999, fine), np.geomspace(0.01, 1, fine)
    left = run(module.rules.momentum, heating(), steps=300, record="loss", **grid(lr=lrs, beta1=betas)).loss[-30:] / heating().loss(heating().start)
    best = np.unravel_index(np.nanargmin(left.mean(0)), left.shape[1:])
    swing = left[:, best[0], best[1]]
    assert swing.mean() == pytest.approx(0.023, abs=0.002)
    assert swing.max() > 3 * swing.min()


def test_this_line_does_not_need_the_correction():
    bare = misconceptions.of(adam)[0]
    assert bare.name == "no bias correction"
    with_it, same, third = (run(rule, heating(), steps=300, record="loss", lr=lr).loss for rule, lr in ((adam, 0.19), (bare, 0.19), (bare, 0.06)))
    assert with_it[-30:].mean() < third[-30:].mean() < same[-30:].mean() < 4e-3 * same[0]
    assert tuned_lr("adam")[0] == pytest.approx(0.19, abs=0.002)
    assert with_it[-1] < third[-1] < same[-1] < 3e-3 * same[0]
    assert third[-1] < 1e-3 * third[0]


def test_the_ravine_is_narrow_and_runs_nearly_along_the_intercept():
    hessian = np.array([heating().grad(heating().minimum + unit, None) for unit in np.eye(2)])
    slope, intercept = np.linalg.eigh(hessian)[1][:, 0]
    assert np.degrees(np.arctan2(abs(slope), abs(intercept))) < 2  # "runs diagonally" would be wrong
    assert slope * intercept < 0  # a line that falls more steeply must start higher


def test_rmsprops_v_shrinks_to_an_eighth_and_where_it_is_held_the_loss_does_not_jump():
    assert f"{module.v_shrunk():.0%}" == "12%"
    held, free = (found.loss / found.loss[0] for found in (module.v_held(), module.tuned("rmsprop")))
    np.testing.assert_allclose(held[:101], free[:101])
    assert (np.diff(held[101:]) < 0).mean() > 0.9
    assert held[101:].max() < 0.5 < 15 < free[101:].max()


def test_adam_needs_both_halves():
    beta, share = module.best_beta()
    assert (beta, f"{share:.1%}", f"{module.without_m():.0%}") == (0.98, "1.3%", "11%")
    assert left_at_best("adam") < 1e-4


def test_what_the_fine_print_of_the_opening_says():
    rmsprop, adam = left_at_best("rmsprop"), left_at_best("adam")
    assert left_at_best("rmsprop", beta2=0.999) > 2 * rmsprop
    assert 0.01 < left_at_best("momentum", beta1=0.98) < 0.015 < rmsprop  # "about 1%, less than RMSprop"
    assert left_at_best("adam", beta2=0.99) < adam / 100  # "far less"
    assert left_at_best("momentum", beta1=0.98) > 200 * adam
    assert left_at_best("adam", beta1=0.0) > rmsprop  # without m, Adam is left behind too
    assert left_at_best("adam", beta1=0.0, beta2=0.99) == pytest.approx(0.125, abs=2e-3)  # the correction alone makes it as much
    assert left_at_best("rmsprop", beta2=0.999) == pytest.approx(0.117, abs=2e-3)  # and so does the longer memory


@pytest.mark.parametrize("lr", [0.07, 0.28, 1.1, 10.0])
def test_rmsprop_creeps_at_any_step_size(lr):
    loss = module.run(module.rules.rmsprop, heating(), steps=300, record="loss", lr=lr).loss
    assert loss[-1] / loss[0] == pytest.approx(0.068, abs=0.002)


@pytest.mark.parametrize("rule", ["momentum", "rmsprop", "adam"])
def test_in_celsius_all_three_arrive(rule):
    assert tuned_lr(rule, units="celsius")[1] < 1e-6


def forgetting(keep=300):
    """RMSprop's tuned run with v as it is after `keep` steps from there on: the shares left, and at each step the step size times the
    largest curvature that its scales leave. Above 2, a swing grows."""
    bill, lr = heating(), tuned_lr("rmsprop")[0]
    hessian = np.array([bill.grad(bill.minimum + unit, None) for unit in np.eye(2)])
    theta, s, left, steep = bill.start, module.rules.State(), [1.0], []
    for t in range(300):
        g = bill.grad(theta, None)
        if t < keep:
            theta, s = module.rules.rmsprop(theta, g, s, lr=lr)
        else:
            theta = theta - lr * g / s.v**0.5
        root = s.v**0.25
        steep.append(lr * np.linalg.eigvalsh(hessian / root / root[:, None])[-1])
        left.append(float(bill.loss(theta) / bill.loss(bill.start)))
    return np.array(left), np.array(steep)


def test_rmsprops_steps_are_too_long_from_about_step_135_because_v_forgets():
    left, steep = forgetting()
    np.testing.assert_allclose(left, module.tuned("rmsprop").loss / module.tuned("rmsprop").loss[0], rtol=1e-3)
    too_long = np.flatnonzero(steep[2:] > 2) + 3
    assert 130 <= too_long.min() <= 140
    assert set(range(140, 220)) <= set(too_long.tolist())
    assert not {*range(230, 270)} & set(too_long.tolist())  # the large gradients refill v, and it starts anew
    assert left[101:].max() > 15
    for keep in (50, 100):
        left, steep = forgetting(keep)
        assert steep[2:].max() < 2
        assert left[50:].max() < 0.5  # no peak
        assert 0.08 < left[-30:].mean() < 0.13  # and RMSprop still does not arrive
    assert forgetting(150)[0][-1] > 1  # too long already, and no v that grows


@pytest.mark.parametrize("moved", [0.0, 1e-12, 1e-9, -1e-9])
def test_every_step_size_from_013_to_10_leaves_rmsprop_as_much_and_the_shortest_is_shown(moved):
    lefts = []
    for seed in range(10):
        bill = heating(seed)
        loss = run(module.rules.rmsprop, replace(bill, start=bill.start + moved), steps=300, record="loss", lr=module.LRS[:, None]).loss
        lefts.append(loss[-30:].mean(0) / loss[0])
    left, plateau = np.mean(lefts, axis=0), module.LRS > 0.12
    assert plateau.sum() == 12
    np.testing.assert_allclose(left[plateau], 0.047, atol=6e-4)  # which of them leaves least, rounding decides
    assert left[~plateau].min() > 1.03 * left.min()  # and the shortest of them does not
    assert np.flatnonzero(left <= module.TIE * left.min())[0] == np.flatnonzero(plateau)[0]
    assert tuned_lr("rmsprop")[0] == module.LRS[plateau][0] == pytest.approx(0.127, abs=1e-3)


def test_the_first_peak_of_rmsprop_is_its_first_step():
    loss = module.tuned("rmsprop").loss
    assert np.argmax(loss) == 1
    assert loss[1] > 150 * loss[0]
    assert module.tuned("rmsprop").theta[1] == pytest.approx([10 * tuned_lr("rmsprop")[0]] * 2, rel=1e-6)


def roots_of_v(rule, beta2, steps=100):
    """The root of v after so many steps of the tuned run, without the factor 1 - beta2."""
    bill = heating()
    walk = run(getattr(module.rules, rule), bill, steps=steps, lr=tuned_lr(rule)[0]).theta[:-1]
    g = np.array([bill.grad(theta, None) for theta in walk])
    return (beta2 ** np.arange(steps - 1, -1, -1)[:, None] * g**2).sum(0) ** 0.5


def heating_with(scales):
    """The ratio of two scales, the condition number that they leave, and what gradient descent leaves with them at its best step size."""
    bill, scales = heating(), np.array(scales, dtype=float) / np.max(scales) * (2593.122647735291 if np.ptp(scales) else 1)
    root = scales**0.5
    hessian = np.array([bill.grad(bill.minimum + unit, None) for unit in np.eye(2)])
    loss = run(sgd, replace(bill, grad=lambda theta, rng: bill.grad(theta, rng) / scales), steps=300, record="loss", lr=np.geomspace(1e-4, 1e4, 120)[:, None]).loss
    return scales[0] / scales[1], np.linalg.cond(hessian / root / root[:, None]), np.nanmin(loss[-30:].mean(0)) / loss[0, 0]


def test_adams_scale_alone_does_not_find_the_line_and_with_momentum_it_does():
    rows = [heating_with(scales) for scales in ((1, 1), roots_of_v("rmsprop", 0.99), roots_of_v("adam", 0.999), (2593.122647735291, 1))]
    ratios, conditions, lefts = zip(*rows, strict=True)
    assert [round(ratio) for ratio in ratios] == [1, 53, 48, 2593]
    assert [round(kappa) for kappa in conditions] == [33522, 657, 729, 50]
    root = np.array([2593.122647735291, 1.0]) ** 0.5
    assert ratios[1] == pytest.approx(root[0], rel=0.1)  # the sizes of the gradients differ about as the root of the curvatures
    assert ratios[2] == pytest.approx(root[0], rel=0.1)
    assert min(lefts[:3]) > 0.05  # only with the best two gradient descent arrives
    assert lefts[3] < 1e-6
    assert module._left_with(roots_of_v("adam", 0.999), module.rules.momentum) < 1e-9
    assert lefts[1] == pytest.approx(frozen_scales()[0][1], rel=0.05)  # another grid of step sizes
    assert module.ratios() == pytest.approx((ratios[1], ratios[3]))
    assert left_at_best("adam", beta1=0.0) == pytest.approx(0.105, abs=0.002)
    assert left_at_best("adam") == pytest.approx(2e-5, rel=0.05)
    assert tuned_lr("momentum")[1] > 0.2  # momentum without the scale


@pytest.mark.parametrize(("rule", "beta2"), [("adam", 0.999), ("rmsprop", 0.99)])
def test_the_gradients_differ_fortyfold_at_the_start_only_and_v_remembers_it(rule, beta2):
    for seed in range(10):
        bill = heating(seed)
        walk = run(getattr(module.rules, rule), bill, steps=300, lr=tuned_lr(rule)[0]).theta
        g = np.array([bill.grad(theta, None) for theta in walk[:-1]])
        ratio = np.abs(g[:, 0] / g[:, 1])
        assert 35 < ratio[0] < 45
        assert 0.5 < np.median(ratio[50:]) < 2  # later they are about equal
        v = beta2 ** np.arange(99, -1, -1)[:, None] * g[:100] ** 2
        assert 35 < (v[:, 0].sum() / v[:, 1].sum()) ** 0.5 < 65
        assert (v[:50].sum(0) > 0.9 * v.sum(0)).all()  # what v holds at step 100 is of the first half


@pytest.mark.parametrize(("rule", "beta2"), [("adam", 0.999), ("rmsprop", 0.99), ("rmsprop", 0.9)])
def test_it_is_the_swings_across_the_ravine_that_set_the_ratio_of_the_scales_and_not_the_start(rule, beta2):
    for seed in range(10):
        bill = heating(seed)
        walk = run(getattr(module.rules, rule), bill, steps=300, lr=tuned_lr(rule)[0], beta2=beta2).theta
        g = np.array([bill.grad(theta, None) for theta in walk[:-1]])
        across = np.linalg.eigh([bill.grad(bill.minimum + unit, None) for unit in np.eye(2)])[1][:, 1]
        swings = np.outer(g @ across, across)
        for steps in (20, 100, 300):
            weights = beta2 ** np.arange(steps - 1, -1, -1)[:, None]

            def ratio(gradients, steps=steps, weights=weights):
                return np.divide(*(weights * gradients[:steps] ** 2).sum(0)) ** 0.5

            late = g.copy()
            late[0] = 0
            assert 35 < ratio(g) < 65
            assert ratio(late) == pytest.approx(ratio(g), rel=0.05)  # without the start it is the same
            assert 45 < ratio(swings) < 60
            assert ratio(g - swings) < 0.03  # and without the swings it is gone


def test_the_best_pair_of_step_sizes_is_one_over_each_curvature():
    hessian = np.array([heating().grad(heating().minimum + unit, None) for unit in np.eye(2)])
    ratios = np.geomspace(1, 1e5, 501)
    left = [np.linalg.cond(hessian / root / root[:, None]) for root in (np.array([ratio**0.5, 1.0]) for ratio in ratios)]
    assert ratios[np.argmin(left)] == pytest.approx(module.ratios()[1], rel=0.05)
    assert module.ratios()[0] == pytest.approx(52.9, abs=0.1)
    assert module.ratios()[1] == pytest.approx(2593, abs=1)


def test_adam_is_ahead_of_rmsprops_end_from_step_104_on_and_rmsprop_is_thrown_near_step_220():
    rmsprop, adam = (module.tuned(rule).loss for rule in ("rmsprop", "adam"))
    assert np.flatnonzero(adam < rmsprop[-1])[0] == 104
    assert (adam[104:] < rmsprop[-1]).all()
    assert np.argmax(rmsprop[10:]) + 10 == pytest.approx(222, abs=5)
    far = np.flatnonzero(np.abs(np.diff(module.tuned("rmsprop").theta[:, 1]))[10:] > 0.1) + 11
    assert 215 < far.min() < far.max() < 240


def test_standardized_all_four_arrive_and_with_either_half_momentum_and_rmsprop():
    shares = np.array([module.standardizing()[rule] for rule in module.RULES])
    assert shares[:3, 0].min() > 0.03 > 1e-3 > shares[3, 0]  # as measured only Adam arrives
    assert (shares[:, 1] < 1e-3).tolist() == [False, True, True, True]  # in Celsius momentum and RMSprop too
    assert shares[:, 2].max() < 1e-12  # and standardized all four
    for units in ("spread", "centred"):
        assert max(tuned_lr(rule, units=units)[1] for rule in ("momentum", "rmsprop")) < 1e-6
    bill = heating(units="standardized")
    np.testing.assert_allclose([bill.grad(bill.minimum + unit, None) for unit in np.eye(2)], np.eye(2), atol=1e-9)


def test_rmsprops_two_step_sizes_leave_a_ravine_of_about_650_and_momentum_gets_through_that():
    as_measured, found, _ = module.condition_numbers()
    assert as_measured > 30_000
    assert found == pytest.approx(650, rel=0.03)
    left = dict(module.frozen_scales())
    assert left["RMSprop's, with momentum"] < 1e-9 < 0.05 < left["RMSprop's, without momentum"]
    alone = dict(module.left_alone())  # neither half is enough
    assert alone["gradient descent"] > alone["momentum"] > 0.2
    assert alone["RMSprop"] > 0.05
    assert alone["Adam"] < 1e-3
    assert min(left_at_best("rmsprop", seeds=1, beta2=beta2) for beta2 in (0.9, 0.999)) > 0.05


def test_with_the_best_of_six_betas_momentums_line_falls_and_does_not_arrive():
    left = {beta1: left_at_best("momentum", seeds=3, beta1=beta1) for beta1 in (0.5, 0.9, 0.95, 0.98, 0.99, 0.999)}
    assert min(left, key=left.get) == 0.98
    losses = run(module.rules.momentum, heating(), steps=300, lr=module.LRS[:, None], beta1=0.98)
    best = losses.loss[-30:].mean(0).argmin()
    assert losses.theta[-1, best, 0] < 0 < module.tuned("momentum").theta[-1, 0]
    assert left_at_best("momentum", beta1=0.98) == pytest.approx(0.0125, abs=1e-3)


def test_units_that_are_not_known_are_refused():
    with pytest.raises(ValueError, match=r"units='kelvin': one of 'degrees'"):
        heating(units="kelvin")
    assert run(sgd, heating(), steps=1, lr=1e-4).theta.shape == (2, 2)


def test_two_inputs_that_go_together_stay_a_ravine_when_they_are_standardized():
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, 2000))
    inputs = np.stack([one, 0.99 * one + (1 - 0.99**2) ** 0.5 * other], axis=1)
    standard = (inputs - inputs.mean(0)) / inputs.std(0)
    assert np.linalg.cond(standard.T @ standard) == pytest.approx(199, rel=0.1)


def test_rmsprops_loss_jumps_because_v_forgets_the_gradient_after_the_long_first_step_and_not_because_gradients_get_smaller():
    lr = tuned_lr("rmsprop")[0]
    for seed in range(3):
        bill, kept = heating(seed), []

        def held(theta, g, s, *, lr, kept=kept):  # v sees the gradient of step 10 from then on, which does not get smaller
            kept[:] = kept if s.t >= 10 else [g]
            v = 0.99 * s.v + 0.01 * kept[0] ** 2
            return theta - lr * g / (v**0.5 + 1e-8), module.rules.State(s.t + 1, 0.0, v)

        def frozen(theta, g, s, *, lr, at):
            v = 0.99 * s.v + 0.01 * g**2 if s.t < at else s.v
            return theta - lr * g / (v**0.5 + 1e-8), module.rules.State(s.t + 1, 0.0, v)

        first = np.abs(bill.grad(run(module.rules.rmsprop, bill, steps=1, lr=lr).theta, None)[:, 0])
        assert first[1] > 15 * first[0]  # "meets a huge gradient"
        jumps = [int(np.flatnonzero(run(rule, bill, steps=300, lr=lr).loss[100:] > bill.loss(bill.start))[0]) + 100 for rule in (module.rules.rmsprop, held)]
        assert jumps == pytest.approx([220, 220], abs=8)
        small, large = (run(frozen, bill, steps=300, lr=lr, at=at).loss[100:].max() / bill.loss(bill.start) for at in (np.array([110.0]), np.array([160.0])))
        assert small < 0.3 < 100 < large  # "from about step 130 on they are too large"


def test_rmsprop_leaves_about_as_much_at_every_step_size_from_006_to_10():
    lrs = np.geomspace(0.06, 10, 7)[:, None]
    left = [losses[-30:].mean(0) / losses[0] for losses in (run(module.rules.rmsprop, heating(seed), steps=300, record="loss", lr=lrs).loss for seed in range(10))]
    assert np.mean(left, axis=0) == pytest.approx(np.full(7, 0.049), abs=0.005)
