"""The experiments of lesson 12, and what the lesson says of the two matrices and of the five steps."""
from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from play_laws import LAWS

from lessonlib import State, adam, muon
from lessonlib.lessons.lesson12 import controls, factor, matrices, newton, ravine, read_widths, records, text
from lessonlib.rules import orthogonal

CASES = [  # the experiment, and settings that reach its goal
    (matrices.two_matrices, {"inputs": "along the axes", "losses": "equal"}),
    (newton.five_steps, newton.five_steps().shows),
    (text.weak_baseline, {"matrix": 0.032, "rest": 0.032}),
    (read_widths.carry, {"way": "muP", "lr": read_widths.best_of(records.from_record(), "muP", 512).lr}),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize(("make", "solution"), CASES, ids=lambda c: getattr(c, "__name__", ""))
def test_each_experiment_keeps_the_laws_of_play(law, make, solution):
    law(make, solution)


@pytest.mark.parametrize(("inputs", "losses"), [("turned", "unequal"), ("along the axes", "unequal"), ("turned", "equal")])
def test_the_goal_of_the_two_matrices_needs_both_changes(inputs, losses):
    assert not matrices.two_matrices().goal.met(inputs=inputs, losses=losses)


def test_each_older_rule_notices_one_change_and_muon_and_one_v_neither():
    assert [matrices.who_falls(change) for change in (*matrices.SHOWN, "both changes")] == ["nobody", "Adam", "momentum", "momentum and Adam"]
    for name in ("Muon", controls.REST, matrices.FIXED):
        assert all(matrices.weak(name, change) == pytest.approx(matrices.weak(name), abs=0.01) for change in matrices.SHOWN)


def test_only_muon_has_found_every_direction_of_both_matrices_after_60_steps(monkeypatch):
    left = {name: matrices.errors(name, controls.FIRST) for name in matrices.ROWS}
    assert left["Muon"].max() < 0.05
    assert matrices.weak("Muon") == pytest.approx(0.02, abs=0.005)
    fixed, exact = matrices.weak(matrices.FIXED), matrices.weak(matrices.EXACT)
    assert fixed == pytest.approx(matrices.weak("momentum", controls.EQUAL), abs=0.03)  # "about as much as with equal losses"
    monkeypatch.setitem(matrices.BETAS, "without the factor", {"beta1": 0.9})
    assert matrices.weak("without the factor") == pytest.approx(0.11, abs=0.02)  # "mixed in once more"
    assert exact == pytest.approx(matrices.weak("Muon"), abs=0.01)  # "near enough"
    assert exact < matrices.FEW  # "leaves below 3% too"
    assert exact < fixed / 3  # "the rest of it"
    assert left["momentum"][0, -matrices.WEAK:].mean() < 0.25  # it is the second matrix that it has not found
    assert left["momentum"][1, -matrices.WEAK:].min() > 0.95  # "not found them at all"
    assert left["Adam"][:, :10].max() < 0.15 < 0.4 < left["Adam"][:, -1].min()
    assert left["Adam"][1, -1] == pytest.approx(0.5, abs=0.1)  # "half of its error left along the weakest"
    assert matrices.weak(controls.REST) == pytest.approx(matrices.weak("Adam"), abs=0.05)  # "about as much"
    assert all(matrices.weak(name, controls.FIRST) > 3 * matrices.weak("Muon", controls.FIRST) for name in matrices.ROWS if name != "Muon")


def test_each_headline_says_who_comes_down():
    for change, headline in matrices.HEADLINES.items():
        for name in ("momentum", "Adam"):
            assert (name in headline) == (matrices.who_falls(change) == name)
    assert max(matrices.errors("Adam", controls.STRAIGHT)[1]) < 0.01  # "finds every direction"


def with_betas(monkeypatch, name, betas):
    monkeypatch.setitem(matrices.BETAS, name, betas)
    return matrices.errors.__wrapped__(name, controls.FIRST)


@pytest.mark.parametrize(("name", "others"), [
    ("momentum", [(0.95,), (0.8,)]), ("Adam", [(0.6, 0.8), (0.9, 0.8), (0.8, 0.9), (0.9, 0.9)]), ("Muon", [(0.8,), (0.4,)]),
    (matrices.FIXED, [(0.95,), (0.9,), (0.6,)]), (matrices.EXACT, [(0.8,), (0.4,)]), (controls.REST, [(0.8, 0.8), (0.4, 0.8), (0.6, 0.9)])])
def test_no_neighbour_of_the_betas_of_the_first_picture_leaves_less(monkeypatch, name, others):
    least = matrices.errors(name, controls.FIRST).mean()
    assert all(with_betas(monkeypatch, name, dict(zip(("beta1", "beta2"), betas, strict=False))).mean() > least for betas in others)


def test_adam_leaves_the_weak_directions_at_betas_below_the_list_too_and_far_more_at_those_that_end_best(monkeypatch):
    monkeypatch.setitem(ravine.RULES, "Adam 0.8 0.7", partial(adam, beta1=0.8, beta2=0.7))
    assert with_betas(monkeypatch, "Adam", {"beta1": 0.8, "beta2": 0.7})[1, -matrices.WEAK:].mean() == pytest.approx(0.24, abs=0.01)
    assert with_betas(monkeypatch, "Adam", {"beta1": 0.9, "beta2": 0.9})[1, -matrices.WEAK:].mean() == pytest.approx(0.63, abs=0.03)


def test_given_more_steps_adam_finds_the_weak_directions_too(monkeypatch):
    monkeypatch.setattr(matrices, "AT", 120)
    assert matrices.errors.__wrapped__("Adam", controls.FIRST)[1, -1] < 0.15


@pytest.mark.parametrize("make", [matrices.two_matrices, newton.five_steps])
def test_the_titles_stand_inside_of_the_picture(make):
    figure = make().live().canvas.scene.figure
    titles = [ax.get_title(loc="left") and ax._left_title.get_window_extent() for ax in figure.axes]
    assert all(title.y1 < figure.bbox.y1 for title in titles)


def test_a_table_tells_the_smaller_shares_apart():
    rows = {name: values for name, *values in matrices.rows()}
    assert list(rows) == ["momentum", "momentum, length fixed", "Adam", "Adam, one v a matrix", "Muon"]
    assert rows["Muon"] == ["below 3%"] * 3  # rounding alone moves it between 1 and 2
    assert max(matrices.weak("Muon", change) for change in matrices.SHOWN) < matrices.FALLS  # no fall that the answer does not name


def test_momentums_errors_in_the_first_matrix_swing_through_zero():
    dips = matrices.errors("momentum", controls.FIRST)[0]
    assert dips[13] < min(dips[12], dips[14]) / 2  # the dip of the picture
    w, curvature = ravine.task(True, 1.0)
    lr = ravine.LRS[np.abs(ravine.LRS - 31.6).argmin()]
    directions, theta, s = np.linalg.svd(curvature).U, np.zeros_like(w), State()
    for t in range(matrices.AT):
        theta, s = ravine.RULES["momentum 0.9"](theta, (theta - w) @ curvature, s, lr=(1 + np.cos(np.pi * t / matrices.AT)) / 2 * lr)
    signs = np.sign((((theta - w) @ directions) / (-w @ directions))[0, 0, 0])
    assert signs[12] != signs[13]


def test_the_waves_are_those_of_a_map_that_does_not_hold_a_value_at_1(monkeypatch):
    assert sum(newton.COEFFICIENTS) == pytest.approx(newton.after(1, 1)) == pytest.approx(0.70, abs=0.005)
    assert newton.after(1, 2) == pytest.approx(1.11, abs=0.005)
    y = np.geomspace(0.01, 1, 1000)
    assert (np.diff(newton.after(y, 5)) < 0).any()
    monkeypatch.setattr(newton, "COEFFICIENTS", (1.5, -0.5, 0.0))  # holds a value at 1
    assert (np.diff(newton.after(y, 5)) > -1e-9).all()


def test_turned_back_the_task_is_the_same_task():
    x, w = (make(3, turned=True) for make in (ravine.inputs, ravine.targets))
    straight_x, straight_w = (make(3, turned=False) for make in (ravine.inputs, ravine.targets))
    np.testing.assert_allclose(w @ x, straight_w @ straight_x, atol=1e-12)
    assert np.linalg.cond(x @ x.T) == pytest.approx(ravine.KAPPA)


def test_the_map_of_a_singular_value_is_what_orthogonal_does_to_it():
    x = np.random.default_rng(0).standard_normal((6, 4)) @ np.diag([1.0, 0.3, 0.1, 0.03])
    values = np.linalg.svd(x).S / np.linalg.norm(x)
    np.testing.assert_allclose(np.sort(np.linalg.svd(orthogonal(x)).S), np.sort(newton.after(values, 5)), rtol=1e-4)


def test_the_map_lifts_small_values_stays_in_its_band_and_leaves_it_above_one_and_a_quarter():
    y = np.geomspace(0.002, 1, 10_001)
    low, high = newton.BAND
    assert low <= newton.after(y, 5).min() <= newton.after(y, 5).max() <= high
    assert f"{high:.2f}" == f"{newton.after(y, 5).max():.2f}" == "1.20"
    assert newton.after(0.1, 5) < 1 == newton.after(y, 0).max() < newton.after(y, 5).max()  # "around 1": some below it, some above
    assert (np.diff(np.sign(newton.after(y, 5) - 1)) != 0).sum() > 5  # and it is crossed again and again
    assert newton.after(0.001, 5) / 0.001 == pytest.approx(470, abs=10)  # "nearly five-hundredfold"
    assert newton.after(1.25, 1) < 1.25
    assert newton.after(1.28, 1) > 1.28
    assert not np.allclose(newton.after(y, 60), 1, atol=0.05)  # "the values do not come to rest at 1"


def test_the_exact_factor_has_singular_values_of_one_and_its_typical_number_depends_on_the_columns_once_stretched():
    rng = np.random.default_rng(0)
    for rows, columns in ((400, 100), (100, 400), (100, 100)):
        x = rng.standard_normal((rows, columns))
        np.testing.assert_allclose(np.linalg.svd(factor.exact(x)).S, 1)
        step = -muon(np.zeros((rows, columns)), x, State(), lr=1.0, weight_decay=0.0)[0]
        assert (step**2).mean() ** 0.5 == pytest.approx(columns**-0.5, rel=0.2)
