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
    assert 25 < best[0] / best[1] < 60  # "worth a factor of forty"


def test_uneven_steps_cost_four_or_nothing_and_nesterov_is_worth_thirty_to_fifty():
    for beta1 in (0.95, 0.9):
        assert 2.5 < left(f"Muon {beta1:g}") / left(f"with the exact factor {beta1:g}") < 6
    assert 0.7 < left("Muon 0.8") / left("with the exact factor 0.8") < 1.5
    assert all(20 < left(f"without Nesterov {beta1:g}") / left(f"Muon {beta1:g}") < 60 for beta1 in apart.BETA1S)


def test_one_size_for_the_whole_matrix_is_enough_to_notice_neither_change():
    for beta1 in apart.BETA1S:
        assert not any(ravine.notices(f"without the factor {beta1:g}", change) for change in ravine.CHANGES)
        np.testing.assert_allclose(left(f"without the factor {beta1:g}", "not turned"), left(f"without the factor {beta1:g}"), rtol=0.8)


def test_most_of_what_the_turn_costs_adam_is_its_long_memory():
    costs = {beta2: left(f"Adam {beta2:g}") / left(f"Adam {beta2:g}", "not turned") for beta2 in apart.BETA2S}
    assert 3e5 < costs[0.999] < 9e5  # "half a million"
    assert 6 < costs[0.9] < 13  # "nine"
    assert left("Adam 0.9") < min(left("Muon 0.95"), left("Muon 0.9"))
    assert left("Muon 0.8") < left("Adam 0.9")


def test_along_the_axes_no_setting_of_muon_in_the_tables_reaches_adams_best():
    adam = min(left(f"Adam {beta2:g}", "not turned") for beta2 in apart.BETA2S)
    assert adam < min(left(f"{name} {beta1:g}", "not turned") for name in apart.VERSIONS for beta1 in apart.BETA1S) / 2


def test_every_best_step_size_of_the_tables_lies_inside():
    assert all(ravine.tuned(rule, *ravine.CHANGES[change]).inside for rule in apart.RULES for change in (FIRST, "not turned"))


def test_muon_ends_lower_with_a_still_smaller_beta1_and_without_its_factor_it_does_not(monkeypatch):
    tried = {"Muon": (apart.VERSIONS["Muon"], (0.7, 0.6)), "without the factor": (apart.VERSIONS["without the factor"], (0.97, 0.7, 0.6))}
    for name, (rule, betas) in tried.items():
        for beta1 in betas:
            monkeypatch.setitem(ravine.RULES, f"{name} {beta1:g}", partial(rule, beta1=beta1))
    assert left("Muon 0.8") > left("Muon 0.7") > left("Muon 0.6")
    assert all(left(f"without the factor {beta1:g}") > 5 * left("without the factor 0.95") for beta1 in (0.97, 0.7, 0.6))


def test_the_tables_have_a_row_for_each_version_and_each_memory():
    assert [row[0] for row in controls.versions()] == list(apart.VERSIONS)
    assert [row[0] for row in controls.memories()] == [*(f"Adam, beta2 {b:g}" for b in apart.BETA2S), "Muon, beta1 0.95", "Muon, beta1 0.8"]


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
