"""The experiments of lesson 12, and what the lesson says of the two matrices and of the five steps."""
from __future__ import annotations

import numpy as np
import pytest
from play_laws import LAWS

from lessonlib import State, muon
from lessonlib.lessons.lesson12 import factor, newton, ravine, read_widths, records, text
from lessonlib.rules import orthogonal

CASES = [  # the experiment, and settings that reach its goal
    (ravine.two_matrices, {"steps": ravine.ahead_from()}),
    (newton.five_steps, newton.five_steps().shows),
    (text.weak_baseline, {"matrix": 0.032, "rest": 0.032}),
    (read_widths.carry, {"way": "muP", "lr": read_widths.best_of(records.from_record(), "muP", 512).lr}),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize(("make", "solution"), CASES, ids=lambda c: getattr(c, "__name__", ""))
def test_each_experiment_keeps_the_laws_of_play(law, make, solution):
    law(make, solution)


def test_turned_back_the_task_is_the_same_task():
    x, w = (make(3, turned=True) for make in (ravine.inputs, ravine.targets))
    straight_x, straight_w = (make(3, turned=False) for make in (ravine.inputs, ravine.targets))
    np.testing.assert_allclose(w @ x, straight_w @ straight_x, atol=1e-12)
    assert np.linalg.cond(x @ x.T) == pytest.approx(ravine.KAPPA)


def test_what_each_rule_leaves_of_each_matrix_is_as_the_lesson_says():
    ends = {rule: ravine.tuned(name).shares[-1, 0] for rule, name in ravine.PICTURED.items()}
    assert ends["momentum"][0] < 1e-5
    assert 0.065 < ends["momentum"][1] < 0.075  # "seven percent"
    assert all(1e-9 < share < 2e-8 for share in ends["adam"])
    assert all(3e-11 < share < 2e-9 for share in ends["muon"])
    assert 150 < ravine.ahead_from() < 200


def test_whoever_is_tuned_last_ends_lowest():
    ends = [float(np.median(ravine.tuned(rule).left)) for rule in ("muon", "adam .95", "muon .9", "muon .8")]
    assert all(ravine.tuned(rule).inside for rule in ("adam .95", "muon .9", "muon .8"))
    assert ends == sorted(ends, reverse=True)
    assert ends[0] > 30 * ends[2] > 100 * ends[3]
    assert ends[3] == pytest.approx(float(np.median(ravine.tuned("soap").left)), rel=0.6)


def test_the_map_of_a_singular_value_is_what_orthogonal_does_to_it():
    x = np.random.default_rng(0).standard_normal((6, 4)) @ np.diag([1.0, 0.3, 0.1, 0.03])
    values = np.linalg.svd(x).S / np.linalg.norm(x)
    np.testing.assert_allclose(np.sort(np.linalg.svd(orthogonal(x)).S), np.sort(newton.after(values, 5)), rtol=1e-4)


def test_the_map_lifts_small_values_stays_in_its_band_and_leaves_it_above_one_and_a_quarter():
    y = np.geomspace(0.002, 1, 10_001)
    low, high = newton.BAND
    assert low <= newton.after(y, 5).min() <= newton.after(y, 5).max() <= high
    assert f"{high:.2f}" == f"{newton.after(y, 5).max():.2f}" == "1.20"
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
