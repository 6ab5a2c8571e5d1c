"""What lesson 12 says of each line of Muon and of Adam's memory: the cause it names is removed, and the effect goes or stays."""
from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from lessonlib import State, checks, muon
from lessonlib.lessons.lesson12 import apart, controls, factor, ravine, records
from lessonlib.lessons.lesson12 import betas as betas_module
from lessonlib.rules import orthogonal

FIRST, STRAIGHT, EQUAL, BOTH = controls.SETTINGS
COSINE, LINE, TENTH, NOISY = controls.WAYS
SWINGS = ("Muon", "without Nesterov")  # whose five steps make another end of another rounding; five times was seen, on other processors too

def left(name, change=FIRST, way=COSINE, **betas):
    return controls.best(name, change, way, **betas).left


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


@pytest.mark.parametrize(("name", "betas", "change", "way"), [
    ("momentum", {"beta1": 0.95}, FIRST, COSINE), ("Adam", {"beta1": 0.9, "beta2": 0.9}, FIRST, COSINE), ("momentum", {"beta1": 0.9}, BOTH, COSINE),
    ("Adam", {"beta1": 0.8, "beta2": 0.8}, STRAIGHT, COSINE), ("Adam, one v for each matrix", {"beta1": 0.9, "beta2": 0.95}, FIRST, LINE),
    ("Muon", {"beta1": 0.6}, FIRST, COSINE), ("Muon", {"beta1": 0.4}, FIRST, TENTH), ("Muon", {"beta1": 0.6}, EQUAL, COSINE),
    ("Adam", {"beta1": 0.9, "beta2": 0.9}, FIRST, TENTH), ("Adam", {"beta1": 0.4, "beta2": 0.999}, FIRST, NOISY), ("Muon", {"beta1": 0.6}, FIRST, NOISY),
    ("without the factor", {"beta1": 0.95}, FIRST, COSINE), ("with the exact factor", {"beta1": 0.6}, FIRST, LINE),
    ("without Nesterov", {"beta1": 0.4}, FIRST, COSINE)])
def test_a_row_of_the_record_comes_out_again(name, betas, change, way):
    recorded = controls.best(name, change, way, **betas)
    again = betas_module.measured(name, betas, change, way)
    exact = name not in SWINGS
    assert abs(np.log10(again["left"] / recorded.left)) < (0.05 if exact or way == NOISY else 1)
    assert again["inside"] == recorded.inside


def test_only_the_five_steps_make_an_end_swing_with_rounding():
    assert 2 < controls.swing("Muon") < 10  # "5-fold"
    assert all(controls.swing(name) < 1.01 for name in apart.VERSIONS if name not in SWINGS)
    moved = records.from_record("after_betas.json")["moved"]
    assert {row["moved"] for row in moved} == {*range(1, betas_module.MOVES + 1)}
    assert all(row["beta1"] == controls.best(row["rule"]).beta1 for row in moved)


def test_a_turn_is_nothing_to_muon_but_rounding():
    rng = np.random.default_rng(0)
    turn, g = np.linalg.qr(rng.standard_normal((6, 6)))[0], rng.standard_normal((6, 6))
    np.testing.assert_allclose(orthogonal(g @ turn), orthogonal(g) @ turn, atol=1e-12)


def test_the_record_has_every_rule_with_the_same_betas_in_every_setting(tmp_path, monkeypatch):
    rows = records.from_record("after_betas.json")["runs"]
    found = [(row["rule"], {name: row[name] for name in ("beta1", "beta2") if name in row}, row["change"], row["way"]) for row in rows]
    assert found == betas_module.cases()
    assert {case[2:] for case in found} == {*((change, COSINE) for change in controls.SETTINGS), *((FIRST, way) for way in controls.WAYS)}
    for name in apart.VERSIONS:
        assert {case[1]["beta1"] for case in found if case[0] == name} == set(apart.BETA1S)
        assert {case[1].get("beta2") for case in found if case[0] == name} == (set(apart.BETA2S) if name.startswith("Adam") else {None})
    monkeypatch.setattr(betas_module, "cases", lambda: [("momentum", {"beta1": 0.95}, FIRST, COSINE)])
    monkeypatch.setattr(betas_module, "MOVES", 1)
    betas_module.main(["--json", str(tmp_path / "betas.json")])
    written = json.loads((tmp_path / "betas.json").read_text(encoding="utf-8"))
    (wanted,) = (row for row in rows if (row["rule"], row["beta1"], row["change"], row["way"]) == ("momentum", 0.95, FIRST, COSINE))
    assert written["runs"] == [wanted | {"left": pytest.approx(wanted["left"], rel=0.02)}]
    assert [row["moved"] for row in written["moved"]] == [1]


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
    assert ravine.left(f"longer {betas}", FIRST) > 10 * left(controls.REST)


def test_who_ends_lowest_is_another_one_under_another_schedule():
    lowest = {way: min((left(name, FIRST, way), name) for name in (*controls.UNITS, controls.REST, "without the factor"))[1] for way in controls.WAYS}
    assert [lowest[way] for way in (COSINE, LINE, TENTH)] == ["Muon", controls.REST, controls.REST]
    assert controls.swing("Muon") * left("Muon") < left(controls.REST)  # not by rounding
    assert left("Muon", FIRST, LINE) > 10 * left(controls.REST, FIRST, LINE)
    assert left("Muon", FIRST, TENTH) > 4 * left("Adam", FIRST, TENTH)


def test_that_adam_leaves_less_than_muon_where_the_cosine_ends_at_a_tenth_survives_rounding():
    ends = {name: min(np.median(ravine.tuned(apart.called(name, betas), way=TENTH, moved=1).left) for betas in each)
            for name, each in (("Adam", [{"beta1": 0.9, "beta2": 0.9}]), ("Muon", [{"beta1": beta1} for beta1 in (0.6, 0.4, 0.2)]))}
    assert 2.5 < ends["Muon"] / ends["Adam"] < 12


def test_the_table_of_the_end_of_the_schedule_says_whose_share_grows_by_the_threshold_of_part_1():
    assert controls.who_grows(TENTH) == "Adam and Muon"
    assert controls.who_grows(COSINE) == "nobody"
    assert [row[0] for row in controls.way_rows()] == [*controls.UNITS]
    assert controls.SHOWN == (COSINE, LINE, TENTH)
    assert left("Adam") > 10 * left("Muon")  # "which was ahead"
    assert left("Adam", FIRST, TENTH) < left("Muon", FIRST, TENTH)  # "no longer"


def test_muons_step_stays_as_long_as_its_step_size():
    called, way = apart.called("Muon", {"beta1": 0.6}), COSINE
    w, curvature = ravine.task(*ravine.SETTINGS[FIRST])
    lr, theta, s, seen = ravine.tuned(called, way=way).lr, np.zeros_like(w), State(), []
    for t in range(ravine.STEPS):
        before, step = theta, lr * ravine.fall(way, t)
        theta, s = ravine.RULES[called](theta, (theta - w) @ curvature, s, lr=step)
        seen.append(np.median(np.linalg.norm((theta - before)[:, 0] / step, axis=(-2, -1))))
    assert seen[5] / seen[-3] == pytest.approx(1, abs=0.3)


def cosine_to(end):
    return lambda way, t: end + (1 - end) * (1 + np.cos(np.pi * t / ravine.STEPS)) / 2


def test_what_muon_leaves_grows_as_the_square_of_the_end_of_the_schedule(monkeypatch):
    ends = []
    for end in (0.03, 0.1):
        monkeypatch.setattr(ravine, "fall", cosine_to(end))
        ends.append(np.median(ravine.tuned(apart.called("Muon", {"beta1": 0.6}), way=f"a cosine to {end}").left))
    assert 5 < ends[1] / ends[0] < 20  # the square of 0.1 / 0.03 is 11


def test_with_a_step_that_shrinks_with_the_average_the_end_of_the_schedule_is_nothing_to_muon(monkeypatch):
    def shrinking(theta, g, s, *, lr):
        m = 0.95 * s.m + 0.05 * g
        ahead = 0.95 * m + 0.05 * g
        return theta - lr * np.sqrt((ahead**2).sum((-2, -1), keepdims=True)) * orthogonal(ahead), State(s.t + 1, m)

    monkeypatch.setitem(ravine.RULES, "shrinking", shrinking)
    zero, tenth = (np.median(ravine.tuned("shrinking", way=way).left) for way in (COSINE, TENTH))
    assert tenth == pytest.approx(zero, rel=0.3)
    assert left("momentum", FIRST, TENTH) == pytest.approx(left("momentum"), rel=0.1)


def test_at_pytorchs_beta2_adam_leaves_as_much_as_momentum():
    assert min(one.left for one in controls.found("Adam", beta2=0.999)) == pytest.approx(left("momentum"), rel=0.2)


@pytest.mark.parametrize("name", ["with the exact factor", "without Nesterov"])
def test_neither_nesterovs_look_nor_the_exact_factor_matters_at_the_best_betas(name):
    assert all(0.5 < left(name, FIRST, way) / left("Muon", FIRST, way) < 2 for way in controls.WAYS)


def test_noise_moves_the_gradient_and_not_what_is_left(monkeypatch):
    monkeypatch.setattr(ravine, "STEPS", 1)
    monkeypatch.setitem(ravine.RULES, "still", lambda theta, g, s, *, lr: (theta, s))
    assert ravine.tuned("still", way=NOISY).left == pytest.approx(1)
    seen = []
    monkeypatch.setitem(ravine.RULES, "seen", lambda theta, g, s, *, lr: (seen.append(g), (theta, s))[1])
    ravine.tuned("seen", way=NOISY)
    ravine.tuned("seen")
    noise = seen[0] - seen[1]
    x = ravine.inputs(0, turned=True)
    labels = noise[0, 0, 0] @ np.linalg.inv(x.T)
    assert labels.std() == pytest.approx(ravine.NOISE, rel=0.2)
    assert abs(noise[:, :, 1]).max() < 0.01 * abs(noise[:, :, 0]).max()


def test_a_weak_direction_of_the_inputs_becomes_a_small_singular_value_of_the_gradient():
    w, x = (make(0, turned=True) for make in (ravine.targets, ravine.inputs))
    found, directions = np.linalg.svd(-w @ x @ x.T), np.linalg.svd(x).U.T  # the directions of the inputs, the strongest first
    assert found.S[-1] < found.S[0] / 100
    assert abs(found.Vh[-1] @ directions[-1]) > 0.75  # of two random directions it would be a quarter


@pytest.mark.parametrize("seed", range(2 * ravine.SEEDS))
def test_the_weakest_direction_ends_short_by_the_first_gradient_and_as_long_as_the_strongest_by_its_factor(seed):
    w, x = (make(seed, turned=True) for make in (ravine.targets, ravine.inputs))
    gradient, directions = w @ x @ x.T, np.linalg.svd(x).U  # the strongest first
    lengths, alike = (np.linalg.norm(each @ directions, axis=0) for each in (gradient, factor.exact(gradient)))
    assert lengths[-1] < lengths[0] / 300
    np.testing.assert_allclose(alike, 1)


def test_the_table_of_the_first_step_has_the_weakest_direction_near_a_thousandth_and_alike_with_the_factor():
    (_, one, least), (_, *alike), (_, _, nearly) = factor.moved()
    assert one == 1
    assert 0.0008 < least < 0.002
    np.testing.assert_allclose(alike, 1)
    w, curvature = ravine.task(turned=True, scale=1.0)
    values = np.linalg.svd(w[:, 0] @ curvature[:, 0], compute_uv=False)
    assert ((values[:, -1] / (values**2).sum(-1) ** 0.5) < 3e-4).all()  # below what five steps lift to a half
    assert nearly == pytest.approx(0.23, abs=0.02)  # longer by far than along the gradient, and not as long as along the strongest


def lengths_along_the_directions(name, lr):
    """How long the steps of a rule are along the directions of the inputs in the first picture, over the step size: (60, 3, 2, 16)."""
    from lessonlib.lessons.lesson12 import matrices

    w, curvature = ravine.task(*ravine.SETTINGS[FIRST])
    directions, theta, s, seen = np.linalg.svd(curvature).U, np.zeros_like(w), State(), []
    for t in range(matrices.AT):
        before, step = theta, lr * (1 + np.cos(np.pi * t / matrices.AT)) / 2
        theta, s = ravine.RULES[apart.called(name, matrices.BETAS[name])](theta, (theta - w) @ curvature, s, lr=step)
        seen.append(np.linalg.norm((theta - before) @ directions, axis=-2) / step)
    return np.array(seen)


@pytest.mark.parametrize(("name", "lr", "low", "high"), [
    ("Muon", 0.562, 0.6, 0.75), ("momentum, length fixed", 10.0, 0.0, 0.04), ("with the exact factor", 0.562, 0.999, 1.001)])
def test_with_its_factor_a_step_is_two_thirds_as_long_along_the_weak_directions_and_without_it_a_thirtieth(name, lr, low, high):
    seen = lengths_along_the_directions(name, lr)
    ratio = np.median(seen[..., -4:].mean(-1) / seen[..., :4].mean(-1), axis=(0, 1))
    assert all(low < each < high for each in ratio), ratio
    if name == "Muon":  # most directions alike
        assert (abs(np.median(seen, axis=(0, 1)) / 0.9 - 1) < 0.15).sum(-1).min() >= 12


@pytest.mark.parametrize(("name", "lr"), [("Muon", 0.562), ("momentum, length fixed", 10.0), (controls.REST, 100.0)])
def test_the_best_step_sizes_of_the_first_picture(monkeypatch, name, lr):
    from lessonlib.lessons.lesson12 import matrices

    before = matrices.errors(name, FIRST).mean()
    alone = matrices.LRS[np.abs(np.log(matrices.LRS / lr)).argmin()]
    assert alone == pytest.approx(lr, rel=0.01)
    assert matrices.LRS[0] < alone < matrices.LRS[-1]
    for lrs in (np.geomspace(1e-3, 1e5, 33), np.array([alone])):  # a list that goes on, and this one alone
        monkeypatch.setattr(matrices, "LRS", lrs)
        assert matrices.errors.__wrapped__(name, FIRST).mean() == pytest.approx(before, abs=0.003)


def test_the_text_says_the_shares_of_the_first_columns_of_the_table():
    from lessonlib.lessons.lesson12 import matrices

    told = (Path(__file__).parent.parent / "authoring/lessons/12_after_adamw.py").read_text(encoding="utf-8")
    first = {name: left for name, left, *_ in matrices.rows()}
    assert f"it leaves {first['momentum, length fixed']}, about as much" in told
    assert f"Adam leaves {first['Adam']}, and with **one `v`** for the whole matrix {first['Adam, one v a matrix']}," in told


def test_along_the_axes_adam_leaves_less_than_muon():
    from lessonlib.lessons.lesson12 import matrices

    assert f"{matrices.weak('Adam', controls.STRAIGHT):.1%}" == "0.1%"
    assert matrices.weak("Adam", controls.STRAIGHT) < matrices.weak("Muon", controls.STRAIGHT)


@pytest.mark.parametrize(("n", "k"), [(4, 16), (16, 4), (8, 8)])
def test_with_the_root_an_output_changes_by_as_much_as_a_number_of_a_random_input_is_large(n, k):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((k, 4000))
    moved = max(1, n / k) ** 0.5 * factor.exact(rng.standard_normal((n, k))) @ x
    assert (moved**2).mean() == pytest.approx((x**2).mean(), rel=0.05)
    if n < k:
        assert (moved**2).sum(0).mean() / (x**2).sum(0).mean() == pytest.approx(n / k, rel=0.05)


def test_an_average_of_different_factors_has_smaller_singular_values():
    one, other = (factor.exact(np.random.default_rng(seed).standard_normal((4, 4))) for seed in (0, 1))
    assert np.linalg.svd(0.9 * one + 0.1 * other).S.max() < 0.9999


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
    assert (outputs**2).mean() ** 0.5 == pytest.approx(1, rel=0.2)  # the five steps leave 0.84 of it
    assert ((outputs**2).mean() / max(1, rows / columns)) ** 0.5 == pytest.approx(0.42 if rows > columns else 0.9, abs=0.1)  # without the root


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


def test_adam_has_five_times_as_many_pairs_of_betas_as_muon():
    tries = {name: len(controls.found(name)) for name in (*controls.UNITS, controls.REST)}
    assert tries["Adam"] == tries[controls.REST] == 5 * tries["Muon"] == 5 * tries["momentum"]


def test_with_the_usual_beta_muon_leaves_more_of_the_weak_directions_after_so_few_steps(monkeypatch):
    from lessonlib.lessons.lesson12 import matrices

    matrices.errors.cache_clear()
    for beta1, left in ((0.9, 0.084), (0.95, 0.212)):
        matrices.errors.cache_clear()
        monkeypatch.setitem(matrices.BETAS, "Muon", {"beta1": beta1})
        assert matrices.weak("Muon", controls.FIRST) == pytest.approx(left, abs=0.004)
        assert matrices.weak("Muon", controls.STRAIGHT) == pytest.approx(left, abs=0.01)  # "notices the turn as little"
    matrices.errors.cache_clear()


def test_near_its_best_step_size_the_fixed_length_leaves_about_as_much_as_adam(monkeypatch):
    from lessonlib.lessons.lesson12 import matrices

    left = []
    try:
        for lr in (5.6, 8.0, 10.0, 12.0, 17.8):
            matrices.errors.cache_clear()
            monkeypatch.setattr(matrices, "LRS", np.array([lr]))
            left.append(matrices.weak(matrices.FIXED, controls.FIRST))
    finally:
        matrices.errors.cache_clear()
    assert 0.15 < min(left) < max(left) < 0.35  # Adam 27%
