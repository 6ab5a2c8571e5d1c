"""What lesson 12 says of each line of Muon and of Adam's memory: the cause it names is removed, and the effect goes or stays."""
from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from lessonlib import State, checks, muon
from lessonlib.lessons.lesson12 import apart, controls, factor, ravine
from lessonlib.rules import orthogonal

FIRST = "as in the picture"


def left(name, change=FIRST):
    return ravine.left(name, change)


def test_muon_taken_apart_and_put_together_is_muon():
    rng = np.random.default_rng(0)
    theta, s, again, kept = np.zeros((5, 5)), State(), np.zeros((5, 5)), State()
    for _ in range(4):
        g = rng.standard_normal((5, 5))
        theta, s = muon(theta, g, s, lr=0.1, beta1=0.9, weight_decay=0.0)
        again, kept = apart.version(again, g, kept, lr=0.1, beta1=0.9, factor=orthogonal, nesterov=True)
    np.testing.assert_allclose(again, theta, atol=1e-12)


def test_the_exact_factors_of_a_stack_are_the_factors_of_its_matrices_and_a_matrix_beyond_the_numbers_has_one():
    x = np.random.default_rng(0).standard_normal((2, 4, 4))
    np.testing.assert_allclose(apart.exact_factor(x), [factor.exact(one) for one in x], atol=1e-12)
    assert np.isfinite(apart.exact_factor(np.full((4, 4), np.inf))).all()


def test_at_its_own_beta1_muon_ends_lower_without_its_factor_and_at_shorter_memories_with_it():
    assert left("Muon 0.95") > 5 * left("without the factor 0.95")
    assert left("Muon 0.9") < left("without the factor 0.9") / 5
    assert left("Muon 0.8") < left("without the factor 0.8") / 100
    assert controls.who_ends_lower() == "without the factor"
    assert controls.who_ends_lower(0.8) == "with the factor"
    best = [min(left(f"{name} {beta1:g}") for beta1 in apart.BETA1S) for name in ("without the factor", "Muon")]
    assert 60 < best[0] / best[1] < 1000  # "a hundred times less or better"


def at_best(name):
    return left(f"{name} {controls.best_beta1(name):g}")


def test_uneven_steps_cost_four_where_the_memory_is_long_and_nothing_at_the_best():
    for beta1 in (0.95, 0.9):
        assert 2.5 < left(f"Muon {beta1:g}") / left(f"with the exact factor {beta1:g}") < 6
    assert at_best("Muon") < 2 * at_best("with the exact factor")


def test_nesterov_is_worth_thirty_to_fifty_at_the_same_long_memory_and_next_to_nothing_with_each_at_its_best():
    assert all(20 < left(f"without Nesterov {beta1:g}") / left(f"Muon {beta1:g}") < 60 for beta1 in (0.95, 0.9, 0.8))
    assert 1 / 3 < at_best("without Nesterov") / at_best("Muon") < 3
    assert controls.best_beta1("without Nesterov") < controls.best_beta1("Muon") < 0.8  # a smaller beta1 does the same


def test_the_best_beta1_of_each_version_lies_inside_of_the_table():
    assert all(apart.BETA1S[0] > controls.best_beta1(name) > apart.BETA1S[-1] for name in apart.VERSIONS)


def test_one_size_for_the_whole_matrix_is_enough_to_notice_neither_change():
    for beta1 in (0.95, 0.9, 0.8):
        assert not any(ravine.notices(f"without the factor {beta1:g}", change) for change in ravine.CHANGES)
        np.testing.assert_allclose(left(f"without the factor {beta1:g}", "not turned"), left(f"without the factor {beta1:g}"), rtol=0.8)


def test_most_of_what_the_turn_costs_adam_is_its_long_memory():
    costs = {beta2: left(f"Adam {beta2:g}") / left(f"Adam {beta2:g}", "not turned") for beta2 in apart.BETA2S}
    assert 3e5 < costs[0.999] < 9e5  # "half a million"
    assert 6 < costs[0.9] < 13  # "nine"
    assert left("Adam 0.9") < min(left("Muon 0.95"), left("Muon 0.9"))
    assert left("Muon 0.8") < left("Adam 0.9")
    assert not ravine.notices("Adam 0.9", "not turned")  # by the mark of Part 1, tenfold, it notices nothing


@pytest.mark.parametrize("beta2", [0.999, 0.9])
def test_turned_one_v_for_the_matrix_leaves_as_much_as_a_scale_for_each_number_and_the_long_memory_does_the_harm(beta2):
    assert 0.5 < left(f"one v {beta2:g}") / left(f"Adam {beta2:g}") < 2
    assert left("one v 0.999") > 1000 * left("one v 0.9")
    np.testing.assert_allclose(left(f"one v {beta2:g}", "not turned"), left(f"one v {beta2:g}"), rtol=0.8)
    assert left("Adam 0.999", "not turned") < left("one v 0.999", "not turned") / 1e4  # along the axes the scale for each makes up for it



def test_along_the_axes_no_setting_of_muon_reaches_adams_best_and_turned_muons_ends_far_lower():
    adam = min(left(f"Adam {beta2:g}", "not turned") for beta2 in apart.BETA2S)
    assert adam < min(left(f"Muon {beta1:g}", "not turned") for beta1 in apart.BETA1S) / 2
    assert at_best("Muon") < min(left(f"Adam {beta2:g}") for beta2 in apart.BETA2S) / 10


def test_every_best_step_size_of_the_tables_lies_inside_but_one_where_a_longer_list_does_no_better(monkeypatch):
    ends = {rule for rule in apart.RULES for change in (FIRST, "not turned") if not ravine.tuned(rule, *ravine.CHANGES[change]).inside}
    assert ends == {"one v 0.999", "without the factor 0.4"}  # the latter far from its best beta1
    monkeypatch.setattr(ravine, "LRS", np.geomspace(1e-1, 1e4, 21))
    monkeypatch.setitem(ravine.RULES, "longer", partial(apart.one_v, beta2=0.999))
    assert left("longer") > 0.9 * left("one v 0.999")


def test_with_a_memory_still_longer_the_rule_without_the_factor_leaves_more():
    assert left("without the factor 0.97") > 5 * left("without the factor 0.95")


def test_the_tables_have_a_row_for_each_version_and_each_memory():
    assert [row[0] for row in controls.versions()] == list(apart.VERSIONS)
    assert [row[0] for row in controls.memories()] == [*(f"Adam, beta2 {b:g}" for b in apart.BETA2S), "Adam, beta2 0.999, one v", "Adam, beta2 0.9, one v",
                                                       "Muon, beta1 0.95", "Muon, beta1 0.6"]


def test_the_learners_own_muon_leaves_about_a_millionth_of_the_first_matrix():
    assert 1e-8 < controls.left_by(muon, lr=0.3) < 1e-5


def test_a_sum_in_place_of_the_average_passes_because_the_factor_has_no_scale():
    def with_sums(theta, g, s, *, lr, beta1, weight_decay):
        m = beta1 * s.m + g
        rows, columns = theta.shape
        stretch = max(1, rows / columns) ** 0.5
        return theta - lr * weight_decay * theta - lr * stretch * orthogonal(beta1 * m + g), State(s.t + 1, m)

    assert checks.check(with_sums, against=muon)


@pytest.mark.parametrize(("rows", "columns"), [(400, 100), (100, 400), (100, 100)])
def test_with_the_root_every_output_changes_alike_behind_tall_wide_and_square_matrices(rows, columns):
    rng = np.random.default_rng(0)
    step = -muon(np.zeros((rows, columns)), rng.standard_normal((rows, columns)), State(), lr=1.0, weight_decay=0.0)[0]
    outputs = step @ rng.standard_normal((columns, 500))
    assert (outputs**2).mean() ** 0.5 == pytest.approx(1, rel=0.2)  # the five steps leave 0.84 of it, and without the root a tall one has 0.42


@pytest.mark.parametrize(("fall", "wide"), [(1.0, 1.09), (0.1, 1.43)])
def test_a_wide_factor_changes_its_outputs_alike_only_where_the_inputs_lie_evenly(fall, wide):
    rng = np.random.default_rng(0)

    def change(rows, columns, examples=512):
        turn = np.linalg.qr(rng.standard_normal((columns, columns)))[0]
        x = (turn * np.geomspace(1, fall, columns)) @ rng.standard_normal((columns, examples))
        x *= np.sqrt(x.size) / np.linalg.norm(x)
        return max(1, rows / columns) ** 0.5 * np.sqrt(((factor.exact(rng.standard_normal((rows, examples)) @ x.T) @ x) ** 2).mean())

    assert change(32, 32) == pytest.approx(1, abs=0.01)
    assert change(128, 32) == pytest.approx(1, abs=0.01)
    assert change(32, 128) == pytest.approx(wide, abs=0.05)
