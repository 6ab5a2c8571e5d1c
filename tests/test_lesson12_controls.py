"""What lesson 12 says of each line of Muon and of Adam's memory: the cause it names is removed, and the effect goes or stays."""
from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest

from lessonlib import State, checks, muon
from lessonlib.lessons.lesson12 import apart, controls, factor, ravine, records
from lessonlib.lessons.lesson12 import betas as betas_module
from lessonlib.rules import orthogonal

TURNED, STRAIGHT, EQUAL = ravine.CHANGES


def left(name, change=TURNED, **betas):
    return controls.best(name, change, **betas).left


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


@pytest.mark.parametrize(("name", "betas", "change"), [
    ("momentum", {"beta1": 0.95}, TURNED), ("Adam", {"beta1": 0.9, "beta2": 0.9}, TURNED), ("Adam", {"beta1": 0.8, "beta2": 0.8}, STRAIGHT),
    ("Adam, one v for each matrix", {"beta1": 0.9, "beta2": 0.9}, STRAIGHT), ("momentum", {"beta1": 0.9}, EQUAL), ("Muon", {"beta1": 0.6}, TURNED), ("without the factor", {"beta1": 0.95}, TURNED),
    ("with the exact factor", {"beta1": 0.6}, TURNED), ("without Nesterov", {"beta1": 0.4}, TURNED)])
def test_a_row_of_the_record_comes_out_again(name, betas, change):
    recorded = controls.best(name, change, **betas)
    again = betas_module.measured(name, betas, change)
    assert again["left"] == pytest.approx(recorded.left, rel=0.6)  # another processor sums in another order, and Muon's paths swing
    assert again["inside"] == recorded.inside


def test_the_record_has_every_rule_with_the_same_betas_under_every_change(tmp_path, monkeypatch):
    rows = records.from_record("after_betas.json")["runs"]
    found = [(row["rule"], {name: row[name] for name in ("beta1", "beta2") if name in row}, row["change"]) for row in rows]
    assert found == betas_module.cases()
    for name in apart.VERSIONS:
        assert {case[1]["beta1"] for case in found if case[0] == name} == set(apart.BETA1S)
        assert {case[1].get("beta2") for case in found if case[0] == name} == (set(apart.BETA2S) if name.startswith("Adam") else {None})
    monkeypatch.setattr(betas_module, "cases", lambda: [("momentum", {"beta1": 0.9}, TURNED)])
    betas_module.main(["--json", str(tmp_path / "betas.json")])
    written = json.loads((tmp_path / "betas.json").read_text(encoding="utf-8"))
    assert written["runs"] == [row for row in rows if (row["rule"], row["beta1"], row["change"]) == ("momentum", 0.9, TURNED)]


def test_tuned_alike_each_older_rule_notices_one_change_and_muon_neither():
    assert controls.who_notices(STRAIGHT) == "Adam"
    assert controls.who_notices(EQUAL) == "momentum"
    assert left("momentum", STRAIGHT) == pytest.approx(left("momentum"), rel=1e-3)
    assert left("Adam", STRAIGHT) == 0
    assert all(left(controls.REST, change) == pytest.approx(left("Adam"), rel=0.5) for change in ravine.CHANGES)  # "leaves no more"
    assert not any(ratio < 0.1 or ratio > 10 for ratio in (left("without the factor", change) / left("without the factor") for change in ravine.CHANGES))


def test_the_best_betas_of_each_rule_lie_inside_of_the_grid_and_so_does_their_step_size():
    for name in (*controls.TAKEN, *controls.UNITS, controls.REST):
        found = controls.best(name)
        assert found.inside, name
        assert apart.BETA1S[0] > found.beta1 > apart.BETA1S[-1], name
        assert found.beta2 is None or apart.BETA2S[0] > found.beta2 > apart.BETA2S[-1], name


@pytest.mark.parametrize("betas", [{"beta1": 0.9, "beta2": 0.95}, {"beta1": 0.8, "beta2": 0.9}, {"beta1": 0.9, "beta2": 0.999}])
def test_where_one_v_takes_the_last_step_size_a_longer_list_does_not_make_it_the_best(monkeypatch, betas):
    monkeypatch.setattr(ravine, "LRS", np.geomspace(1e-1, 1e4, 21))
    monkeypatch.setitem(ravine.RULES, f"longer {betas}", partial(apart.one_v, **betas))
    assert ravine.left(f"longer {betas}", TURNED) > 10 * left(controls.REST)


def test_in_the_picture_adam_has_less_left_for_most_of_the_last_hundred_steps_and_muon_only_in_the_last_ten():
    adam, muons = (ravine.tuned(ravine.PICTURED[rule]).shares[:, 0] for rule in ("adam", "muon"))
    ahead = (muons < adam).all(axis=1)
    assert ahead[100:].sum() < 20
    assert ravine.STEPS - 10 < ravine.ahead_from() < ravine.STEPS


def test_the_picture_shows_each_rule_with_its_best_betas():
    told = {"momentum": "momentum", "adam": "Adam", "muon": "Muon"}
    for rule, name in told.items():
        found = controls.best(name)
        betas = {"beta1": found.beta1} | ({} if found.beta2 is None else {"beta2": found.beta2})
        assert ravine.PICTURED[rule] == apart.called(name, betas)


def test_at_its_own_beta1_muon_ends_lower_without_its_factor_and_at_shorter_memories_with_it():
    assert controls.who_ends_lower() == "without the factor"
    assert all(controls.who_ends_lower(beta1) == "with the factor" for beta1 in (0.9, 0.8, 0.6, 0.4, 0.2))  # "at shorter memories"


def test_what_is_said_under_the_table_is_what_its_last_column_says():
    rows = {row[0]: row[1:] for row in controls.apart_rows()}
    assert list(rows) == [*controls.TAKEN, "Adam, best beta2", "Adam, beta2 0.999", "momentum"]
    assert all(row[-1] == min(row[:-1]) and len(row) == len(apart.BETA1S) + 1 for row in rows.values())
    at = apart.BETA1S.index(controls.OWN)
    assert controls.order("without Nesterov", "Muon", beta1=controls.OWN) == "tens of times"
    assert 10 < rows["without Nesterov"][at] / rows["Muon"][at] < 100
    assert controls.order("without the factor", "Muon") == "about a hundred times"
    assert 100 < rows["without the factor"][-1] / rows["Muon"][-1] < 200
    assert controls.order("Adam", "Muon") == "tens of times"
    assert controls.order("Adam", "Muon", beta2=0.999) == "hundreds of thousands of times"
    assert controls.order("Muon", "Adam", beta1=controls.OWN) == "about a hundred times"  # and the other way round
    assert 100 < rows["Muon"][at] / rows["Adam, best beta2"][-1] < 200
    assert all(0.5 < rows[name][-1] / rows["Muon"][-1] < 2 for name in ("with the exact factor", "without Nesterov"))  # "neither clearly matters"
    assert rows["Muon"][-1] < rows["Adam, best beta2"][-1] < rows["Adam, beta2 0.999"][-1] / 1000
    assert left("Adam", STRAIGHT) < left("Muon", STRAIGHT)  # "along the axes Adam leaves less"


def test_a_weak_direction_of_the_inputs_becomes_a_small_singular_value_of_the_gradient():
    w, x = (make(0, turned=True) for make in (ravine.targets, ravine.inputs))
    found, directions = np.linalg.svd(-w @ x @ x.T), np.linalg.svd(x).U.T  # the directions of the inputs, the strongest first
    assert found.S[-1] < found.S[0] / 100
    assert abs(found.Vh[-1] @ directions[-1]) > 0.75  # of two random directions it would be a quarter
    lengths = np.linalg.norm(w @ x @ x.T @ directions.T, axis=0)  # what the gradient makes of each
    assert lengths[-1] < lengths[0] / 300


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
