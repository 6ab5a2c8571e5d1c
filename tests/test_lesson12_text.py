"""The trainings of lesson 12: what is trained, that the record is what its command makes, and that it says what the lesson says."""
from __future__ import annotations

import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import record_after
import record_lab
import torch
from torch.optim import _muon

from lessonlib import State, muon
from lessonlib.data import text as book
from lessonlib.lessons.lesson12 import costs, factor, muon32, text, trainings
from lessonlib.pytorch.transformer import Corpus, Size, Transformer, fit

TINY = Size(layers=2, width=8, heads=2, context=8, batch=2, steps=4, warmup=1)


@pytest.fixture(scope="module")
def corpus():
    return Corpus(book()[:20_000])


def test_the_matrices_inside_are_those_of_the_blocks_by_name():
    model = Transformer(60, TINY)
    inside, rest = trainings.matrices_and_rest(model.parameters())
    wanted = {name for name, p in model.named_parameters() if "blocks" in name and p.ndim == 2}
    assert {name for name, p in model.named_parameters() if any(p is q for q in inside)} == wanted
    assert len(inside) + len(rest) == len(list(model.parameters()))


def test_the_lines_to_copy_decay_neither_biases_nor_norms_and_leave_no_weight_out():
    source = (Path(__file__).resolve().parent.parent / "authoring" / "lessons" / "12_after_adamw.py").read_text(encoding="utf-8")
    (lines,) = re.findall(r"^# ```python\n(.*?)^# ```", source, re.MULTILINE | re.DOTALL)
    model, groups = Transformer(60, TINY), []

    def kept(params, lr, weight_decay=None, adjust_lr_fn=None):
        groups.extend(params if isinstance(params[0], dict) else [{"params": params, "weight_decay": weight_decay}])

    optim = SimpleNamespace(Muon=kept, AdamW=kept)  # the first of torch's own takes seconds to import what it compiles with
    exec(re.sub("^# ", "", lines, flags=re.MULTILINE), {"torch": SimpleNamespace(optim=optim), "model": model})
    decay = {id(p): group["weight_decay"] for group in groups for p in group["params"]}
    assert len(decay) == sum(len(group["params"]) for group in groups) == len([*model.parameters()])
    assert all((decay[id(p)] == 0) == (p.ndim < 2) for p in model.parameters())


def test_the_two_step_as_one_and_a_schedule_reaches_both(corpus):
    done = fit(trainings.optimizer("muon", 0.02, 0.01), corpus, TINY)
    both = done.optimizer
    assert [type(part) for part in both.parts] == [torch.optim.Muon, torch.optim.AdamW]
    assert [group["weight_decay"] for group in both.param_groups] == [trainings.DECAY, trainings.DECAY]
    assert [group["initial_lr"] for group in both.param_groups] == [0.02, 0.01]
    assert [group["lr"] for group in both.param_groups] == [0.0, 0.0]  # the schedule has come to its end
    assert all(part.param_groups[0] is group for part, group in zip(both.parts, both.param_groups, strict=True))
    assert both.parts[0].state
    assert both.parts[1].state


def test_matched_is_muon_with_steps_of_the_length_of_adamws(corpus):
    both = fit(trainings.optimizer(trainings.MATCHED, 0.02, 0.01), corpus, TINY).optimizer
    assert [group.get("adjust_lr_fn") for group in both.param_groups] == ["match_rms_adamw", None]


def test_with_equal_step_sizes_adamw_in_two_parts_is_adamw(corpus):
    def whole(params):
        made = torch.optim.AdamW(params, lr=0.01, weight_decay=trainings.DECAY)
        made.register_step_pre_hook(clip)
        return made

    def clip(optimizer, args, kwargs):
        torch.nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], trainings.CLIP)

    assert fit(trainings.optimizer("adamw", 0.01, 0.01), corpus, TINY).losses == pytest.approx(fit(whole, corpus, TINY).losses, rel=1e-6)


def test_a_learners_own_muon_trains_the_matrices_inside_as_muon_in_float32_does(corpus):
    ours, theirs = (fit(made, corpus, TINY) for made in (trainings.by_rule(muon, 0.02, 0.01), trainings.optimizer(trainings.FLOAT32, 0.02, 0.01)))
    assert ours.losses == pytest.approx(theirs.losses, rel=1e-4)
    inside, rest = ours.optimizer.param_groups
    assert (inside["beta1"], inside["weight_decay"], rest["weight_decay"]) == (theirs.optimizer.param_groups[0]["momentum"], *[trainings.DECAY] * 2)
    assert ours.losses != pytest.approx(fit(trainings.by_rule(muon, 0.04, 0.01), corpus, TINY).losses, rel=1e-4)


def test_a_sooner_memory_is_that_of_every_group(corpus):
    both = fit(trainings.optimizer(trainings.SOONER, 0.01, 0.01), corpus, TINY).optimizer
    assert [group["betas"] for group in both.param_groups] == [(0.9, 0.95)] * 2


def test_another_rule_is_refused():
    with pytest.raises(ValueError, match=r"rule='lion': one of adamw, muon, adamw \.95, muon, matched, muon, float32, muon, no factor"):
        trainings.optimizer("lion", 0.1, 0.1)


def test_the_record_is_the_one_that_its_command_makes():
    found, wanted = text.from_record(), {(*case, seed) for case in trainings.sweep() for seed in range(3)}
    assert found["size"] == trainings.SIZE._asdict()
    assert (found["clip"], found["decay"]) == (trainings.CLIP, trainings.DECAY)
    assert {(row["rule"], row["matrix_lr"], row["rest_lr"], row["seed"]) for row in found["sweep"]} == wanted
    sooner = {(*case, seed) for case in trainings.near(trainings.SOONER) for seed in range(3)}
    assert {(row["rule"], row["matrix_lr"], row["rest_lr"], row["seed"]) for row in found["sooner"]} == sooner
    assert trainings.SOONER == text.SOONER
    for stage, name, cases in (("as_long", text.AS_LONG, trainings.near("adamw")), ("as_long_32", text.AS_LONG_32, trainings.alike("adamw"))):
        assert {(row["rule"], row["matrix_lr"], row["rest_lr"], row["seed"]) for row in found[stage]} == {
            (name, *case[1:], seed) for case in cases for seed in range(3)}
    assert found["as_long_size"] == {rule: record_after.as_long(found["seconds"], rule)._asdict() for rule in ("muon", text.FLOAT32)}
    assert trainings.FLOAT32 == text.FLOAT32
    plain = {(*case, seed) for case in trainings.plain() for seed in range(3)}
    assert {(row["rule"], row["matrix_lr"], row["rest_lr"], row["seed"]) for row in found["no_factor"]} == plain
    assert trainings.NO_FACTOR == text.NO_FACTOR
    untuned = {(*case, seed) for case in trainings.untuned() for seed in range(3)}
    assert {(row["rule"], row["matrix_lr"], row["rest_lr"], row["seed"]) for row in found["untuned"]} == untuned
    assert {case[:3] for case in untuned} == set(text.TYPED.values())
    rules = ("adamw", "muon", text.SOONER, text.AS_LONG, text.AS_LONG_32, text.FLOAT32, text.NO_FACTOR)
    fresh = {(*case, seed) for rule in rules for case in text.pairs(found, rule, trainings.AGAIN) for seed in range(3, 9)}
    assert {(row["rule"], row["matrix_lr"], row["rest_lr"], row["seed"]) for row in found["fresh"]} == fresh


def test_the_record_says_what_the_lesson_says():
    found = text.from_record()
    assert [row[0] for row in text.baselines(found)] == [
        "A, only Muon tuned", "B, only AdamW tuned", "B, with Muon's matrices tuned too", "both tuned"]
    lead = {row[0]: row[3] for row in text.baselines(found)}
    assert lead["A, only Muon tuned"] > 3 * lead["both tuned"] > 0  # "most of A's lead"
    assert -lead["B, only AdamW tuned"] > lead["A, only Muon tuned"]  # "by more than Muon in A"
    assert text.tuned_alone(found) == text.TUNED_ALONE[2]
    adamw = text.best(found, "adamw").median
    assert adamw - text.typed("authors") > 0.05 > -0.5 > adamw - text.typed("copied")
    assert lead["B, only AdamW tuned"] < lead["B, with Muon's matrices tuned too"] < -0.2  # "not enough to tune Muon"
    assert text.gap(found, text.SOONER) == pytest.approx(text.gap(found), abs=0.01)  # "ended alike"
    assert text.fresh_gap(found, text.SOONER) == pytest.approx(text.fresh_gap(found), abs=0.01)
    assert adamw - text.typed("matched") > 0.8 * lead["both tuned"]  # "kept most of Muon's lead"
    alone = {lr: np.median([row["test"] for row in found["sweep"] if (row["rule"], row["matrix_lr"], row["rest_lr"]) == ("adamw", lr, lr)])
             for lr in set(text.matrix_lrs(found, "adamw")) & set(text.rest_lrs(found, "adamw"))}
    assert (min(alone, key=alone.get), f"{min(alone.values()):.2f}", f"{text.typed('matched'):.2f}") == (0.032, "2.22", "2.09")
    assert (f"{text.typed('authors'):.2f}", f"{text.typed('copied'):.2f}") == ("2.13", "3.12")
    assert f"{np.median(text.fresh(found, 'adamw')[text.best(found, 'adamw').case]):.2f}" == "2.29"  # "the pair in the ring"
    assert found["seconds"]["muon"] > 1.3 * found["seconds"][text.FLOAT32]  # "bfloat16 is slower than float32"
    slow, fast = (text.fresh_best(found, rule) for rule in text.NAMES)
    assert max(fast) < min(slow)  # "no overlap in steps"
    first, second = list(text.fresh(found, "adamw"))[:2]
    tied = [text.best(found, "adamw", [case.matrix_lr], [case.rest_lr]).median for case in (first, second)]
    assert tied[0] == pytest.approx(tied[1], abs=0.002)
    assert np.median(text.fresh(found, "adamw")[first]) > np.median(text.fresh(found, "adamw")[second]) + 0.03  # "the one that ends higher"
    assert text.fresh_case(found, "adamw") == second  # not the one that the three seeds chose
    assert text.fresh_gap(found) == pytest.approx(0.166, abs=0.005)  # not the 0.21 of the chosen pair alone
    assert text.typed("copied") > text.best(found, "adamw", [text.DEFAULT], [text.DEFAULT]).median > text.best(found, "adamw").median > text.typed("authors")
    fewest, most = (row[1] for row in text.seconds_rows(found))
    best = text.best(found, text.AS_LONG)
    assert best.case[1:] == (min(text.matrix_lrs(found, text.AS_LONG)), 0.032)  # "than these": at an end of 15 pairs, and inside for the rest
    assert len(text._losses(found, text.AS_LONG)) == 15
    assert found["decay"] == 0.1  # "lr 0.02, decay 0.1"
    assert text.TYPED["matched"][1:] == text.best(found, "adamw").case[1:] == (0.032, 0.032)  # AdamW's own step size
    assert text.best(found, "adamw").case.matrix_lr == min(
        text.rest_lrs(found, "adamw"), key=lambda lr: text.best(found, "adamw", [lr], [lr]).median if lr in text.matrix_lrs(found, "adamw") else np.inf)
    size = found["size"]
    assert (size["batch"] * size["context"], size["width"]) == (512, 32)
    assert (fewest, most) == tuple(round(size["steps"] * found["seconds"][rule] / found["seconds"]["adamw"]) for rule in (text.FLOAT32, "muon"))


def test_the_rows_in_seconds_hold_what_the_lesson_says_of_them():
    found = text.from_record()
    (name32, steps32, lead32), (name16, steps16, lead16) = text.seconds_rows(found)
    again32, again16 = text.fresh_gap(found, text.AS_LONG_32, text.FLOAT32), text.fresh_gap(found, text.AS_LONG)
    assert (again32, again16) == pytest.approx((lead32, lead16), abs=0.01)  # "six more seeds give the same leads"
    assert (name32, name16) == ("float32", "bfloat16")
    assert min(lead32, again32) > text.gap(found) / 2  # "most of Muon's lead stays"
    assert max(lead16, again16) < 0  # "gone"
    assert lead32 > 3 * abs(lead16)  # "by the leads nearer to 356"
    assert again32 > 3 * abs(again16)
    assert (steps32, steps16) == (230, 356)


def test_with_as_many_steps_as_muon_in_bfloat16_a_smaller_step_size_of_the_matrices_ends_higher():
    found = text.from_record()
    torch.set_num_threads(1)
    size = Size(**found["as_long_size"]["muon"])
    smaller = fit(trainings.optimizer("adamw", 0.0032, 0.032), Corpus(book()), size, seed=0).test
    assert smaller > max(text.best(found, text.AS_LONG).losses) + 0.02  # 2.13 beside 2.05 to 2.09


def test_the_table_of_the_fresh_seeds_has_the_best_of_each_rule_by_them():
    rows = {name: (three, six) for name, _, three, six, _ in text.rows(text.from_record())}
    assert [row[1] for row in text.rows(text.from_record())] == [0.018, 0.056, 0.01]
    assert list(rows) == ["AdamW alone", "Muon and AdamW", "Muon without its factor"]
    assert rows["AdamW alone"][1] - rows["Muon and AdamW"][1] == pytest.approx(text.fresh_gap(text.from_record()))
    assert rows["Muon without its factor"][1] > rows["AdamW alone"][1]  # "nothing of this lead is left"


def test_the_printed_medians_and_leads_add_up():
    for _, slow, fast, lead in text.baselines(text.from_record()):
        printed = [float(f"{value:.2f}") for value in (slow, fast, lead)]
        assert printed[0] - printed[1] == pytest.approx(printed[2], abs=1e-9)


def test_one_seed_at_the_largest_step_size_ends_lowest_of_all_in_the_picture_and_the_others_far_above():
    found = text.from_record()
    shown = {(rule, lr): text.best(found, rule, [lr]).losses for rule in text.NAMES for lr in text.matrix_lrs(found, rule)}
    low, *others = sorted(shown["muon", 0.18])
    assert low == min(min(losses) for losses in shown.values())
    assert min(others) > low + 0.1
    assert text.best(found, "muon").case.matrix_lr == 0.056


def test_with_one_step_size_each_adamw_ends_at_2_24_and_the_lines_to_copy_at_2_14_and_2_08():
    """Three of the six seeds that the lesson takes the median of, whose own median is near theirs; and AdamW's three others."""
    corpus = Corpus(book())
    torch.set_num_threads(1)
    cases = {2.24: ("adamw", 0.018, 0.018), 2.08: text.TYPED["matched"], 2.14: (trainings.MATCHED, 0.018, 0.018)}
    ended = {told: [fit(trainings.optimizer(*case), corpus, trainings.SIZE, seed=seed).test for seed in (3, 4, 5)] for told, case in cases.items()}
    assert [float(np.median(each)) for each in ended.values()] == pytest.approx(list(cases), abs=0.02)
    assert max(ended[2.08]) < min(ended[2.14]) < max(ended[2.14]) < min(ended[2.24])
    others = [fit(trainings.optimizer(*cases[2.24]), corpus, trainings.SIZE, seed=seed).test for seed in (0, 1, 2)]
    assert np.median(others) == pytest.approx(2.22, abs=0.01)


def test_without_decay_muon_leads_by_about_as_much(monkeypatch):
    found, corpus = text.from_record(), Corpus(book())
    torch.set_num_threads(1)
    monkeypatch.setattr(trainings, "DECAY", 0.0)
    slow, fast = (fit(trainings.optimizer(*text.fresh_case(found, rule)), corpus, trainings.SIZE, seed=3).test for rule in text.NAMES)
    assert slow - fast == pytest.approx(text.gap(found), abs=0.05)  # by the six seeds 2.23 and 2.05, and with decay 2.24 and 2.08


def test_the_ringed_pairs_are_those_of_the_fresh_seeds_and_give_the_same_lead_as_the_lowest_medians():
    found = text.from_record()
    slow, fast = (text.best(found, rule, *([lr] for lr in text.fresh_case(found, rule)[1:])).median for rule in text.NAMES)
    assert f"{slow - fast:.2f}" == f"{text.gap(found):.2f}" == "0.14"
    assert text.fresh_gap(found) > text.gap(found)  # "by six more it is no smaller"


@pytest.mark.parametrize(("matrix", "rest", "met"), [(0.032, 0.032, True), (0.018, 0.032, True), (0.01, 0.032, False), (1e-3, 1e-3, False)])
def test_the_goal_of_the_weak_baseline_is_met_where_the_lead_that_is_shown_is_the_smallest(matrix, rest, met):
    assert text.weak_baseline().goal.met(matrix=matrix, rest=rest) == met


def test_the_notebooks_own_training_is_the_comparisons(monkeypatch):
    monkeypatch.setattr(trainings, "SIZE", TINY)
    threads = torch.get_num_threads()
    (name, loss), = trainings.ended({"one": trainings.optimizer("muon", 0.02, 0.01)}, seed=3)
    assert (name, loss) == ("one", pytest.approx(fit(trainings.optimizer("muon", 0.02, 0.01), Corpus(book()), TINY, seed=3).test, rel=1e-4))
    assert torch.get_num_threads() == threads


def test_without_its_factor_muon_has_no_lead_over_adamw_and_with_it_every_seed_is_below():
    found = text.from_record()
    plain = text.fresh_best(found, text.NO_FACTOR)
    assert all(text.best(found, rule).inside for rule in ("adamw", "muon", text.NO_FACTOR))  # "at no edge"
    assert max(text.fresh_best(found, "muon")) < min(plain) - 0.1
    assert text.fresh_gap(found, "adamw", text.NO_FACTOR) < 0  # "no lead over AdamW is left"
    assert text.factor_gap(found) == np.median(plain) - np.median(text.fresh_best(found, "muon")) > 0.15


@pytest.mark.parametrize("shape", [(6, 3), (3, 6), (4, 4)])
def test_without_the_factor_a_step_goes_along_the_average_and_is_as_long_as_the_exact_factors(shape):
    rng = np.random.default_rng(0)
    theta, s, ahead = np.zeros(shape), State(), 0.0
    for _ in range(3):
        g, before = rng.standard_normal(shape), theta
        theta, s = trainings.no_factor(theta, g, s, lr=0.1, beta1=0.9, weight_decay=0.0)
        ahead = 0.9 * s.m + 0.1 * g
    step = before - theta
    wanted = 0.1 * max(1, shape[0] / shape[1]) ** 0.5 * factor.exact(ahead)
    assert np.linalg.norm(step) == pytest.approx(np.linalg.norm(wanted), rel=1e-5)
    np.testing.assert_allclose(step / np.linalg.norm(step), ahead / np.linalg.norm(ahead), atol=1e-6)


def test_a_training_without_the_factor_comes_out_again():
    row = next(row for row in text.from_record()["no_factor"] if (row["matrix_lr"], row["rest_lr"]) == (0.01, 0.1))
    torch.set_num_threads(1)
    again = fit(trainings.optimizer(trainings.NO_FACTOR, 0.01, 0.1), Corpus(book()), trainings.SIZE, seed=row["seed"]).test
    assert again == pytest.approx(row["test"], abs=0.02)  # another processor sums in another order


def test_most_of_muons_delay_is_bfloat16_and_in_float32_most_of_its_lead_stays_in_seconds():
    found = text.from_record()
    slow, muon, in_float32 = (found["seconds"][rule] for rule in ("adamw", "muon", text.FLOAT32))
    assert muon - in_float32 > 2 * (in_float32 - slow) > 0
    assert text.fresh_gap(found, text.AS_LONG_32, text.FLOAT32) > text.fresh_gap(found) / 2
    assert text.verdict(found, text.AS_LONG_32, text.FLOAT32) == text.AHEAD
    assert max(text.fresh_best(found, text.FLOAT32)) < min(text.fresh_best(found, text.AS_LONG_32))  # "no overlap in seconds of float32"
    assert text.fresh_gap(found, text.AS_LONG) < 0.02  # "with bfloat16 on this CPU it is gone"
    assert text.best(found, text.AS_LONG_32).inside


def test_muon_in_float32_makes_the_calls_of_torchs_in_another_type():
    torch.manual_seed(0)
    for shape in ((6, 3), (3, 6), (4, 4)):
        ours, theirs = (torch.nn.Parameter(torch.ones(shape)) for _ in range(2))
        one, other = muon32.Muon32([ours], lr=0.1, weight_decay=0.2), torch.optim.Muon([theirs], lr=0.1, weight_decay=0.2)
        for _ in range(3):
            ours.grad = torch.randn(shape)
            theirs.grad = ours.grad.clone()
            one.step()
            other.step()
            assert torch.equal(muon32.factor(ours.grad, torch.bfloat16), _muon._zeropower_via_newtonschulz(ours.grad, (3.4445, -4.7750, 2.0315), 5, 1e-7))
        torch.testing.assert_close(ours, theirs, atol=0.02, rtol=0)
        assert not torch.equal(ours, theirs)


def test_the_work_of_the_products_is_a_third_here_and_a_percent_in_a_large_batch():
    size = trainings.SIZE
    assert costs.share(size.width, size.batch * size.context) == pytest.approx(1 / 3, abs=0.03)
    assert costs.share(1024, 500_000) == pytest.approx(0.01, rel=0.05)


def test_a_training_of_the_record_comes_out_again():
    row = next(row for row in text.from_record()["sweep"] if row["rule"] == "muon" and row["matrix_lr"] == 0.032 and row["rest_lr"] == 0.01)
    torch.set_num_threads(1)
    again = fit(trainings.optimizer("muon", 0.032, 0.01), Corpus(book()), trainings.SIZE, seed=row["seed"]).test
    assert again == pytest.approx(row["test"], abs=0.02)  # another processor sums in another order


def test_the_best_is_by_the_median_and_inside_only_where_both_step_sizes_are():
    rows = [{"rule": "muon", "matrix_lr": m, "rest_lr": r, "seed": s, "test": None if m == 4 else abs(m - 2) + abs(r - 2) + s * s}
            for m in (1, 2, 3, 4) for r in (1, 2, 3) for s in (0, 1, 2)]
    found = text.best({"sweep": rows}, "muon")
    assert found == (("muon", 2, 2), (0, 1, 4), 1.0, True)
    assert text.best({"sweep": rows}, "muon", [1, 3], [2]).inside is False
    assert np.isinf(text.best({"sweep": rows}, "muon", [4]).median)
    with pytest.raises(ValueError, match=r"matrix=\[9\], rest=None: no recorded training of muon"):
        text.best({"sweep": rows}, "muon", [9])


@pytest.mark.parametrize(("lower", "wanted"), [(3.0, text.AHEAD), (0.5, text.TIED), (-3.0, text.BEHIND)])
def test_muon_is_ahead_or_behind_only_where_no_two_seeds_overlap(lower, wanted):
    rows = [{"rule": rule, "matrix_lr": 1, "rest_lr": 1, "seed": s, "test": 5 + s - lower * (rule == "muon")} for rule in text.NAMES for s in (0, 1)]
    assert text.verdict({"sweep": rows}) == wanted


def test_the_command_records_what_it_says_and_goes_on_where_it_was(tmp_path, monkeypatch):
    monkeypatch.setattr(trainings, "SIZE", TINY)
    monkeypatch.setattr(trainings, "sweep", lambda: [trainings.Case(rule, 0.02, 0.01) for rule in trainings.RULES])
    monkeypatch.setattr(trainings, "near", lambda rule: [trainings.Case(rule, 0.02, 0.01)])
    monkeypatch.setattr(trainings, "untuned", lambda: [trainings.Case(trainings.MATCHED, 0.02, 0.01)])
    monkeypatch.setattr(trainings, "plain", lambda: [trainings.Case(trainings.NO_FACTOR, 0.02, 0.01)])
    monkeypatch.setattr(trainings, "alike", lambda rule: [trainings.Case(rule, 0.02, 0.01)])
    monkeypatch.setattr(record_after, "as_long", lambda took, rule: TINY)  # a clock that ticks too coarsely for a training this short
    path, threads = tmp_path / "after.json", torch.get_num_threads()
    try:
        record_after.main(["--seeds", "2", "--json", str(path)])
        first = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(record_lab.written({name: value for name, value in first.items() if name != "fresh"}), encoding="utf-8")
        record_after.main(["--seeds", "2", "--json", str(path)])
    finally:
        torch.set_num_threads(threads)
    again = json.loads(path.read_text(encoding="utf-8"))
    assert again == first
    assert len(first["sweep"]) == 2 * len(first["sooner"]) == 2 * len(first["as_long"]) == 2 * len(first["as_long_32"]) == 2 * len(first["untuned"]) == 4
    rules = ("adamw", "muon", text.SOONER, text.AS_LONG, text.AS_LONG_32, text.FLOAT32, text.NO_FACTOR)
    assert [(row["rule"], row["seed"]) for row in first["fresh"]] == [(rule, seed) for rule in rules for seed in (2, 3, 4, 5)]
    assert first["command"] == "python authoring/record_after.py --seeds 2"
    assert set(first["seconds"]) == {*trainings.RULES, text.FLOAT32}


def test_monday_mornings_figures_are_those_of_the_record():
    found = text.from_record()
    assert text.TYPED["matched"] == (trainings.MATCHED, 0.032, 0.032)  # "with 0.032 for both"
    assert [round(median, 2) for median in (text.typed("matched", found), text.best(found, "muon").median)] == [2.09, 2.08]


def test_steps_that_match_adamws_have_the_length_of_half_of_them():
    """The root mean square of the steps of each block matrix, in step sizes, over a training of the lesson's."""
    corpus, median = Corpus(book()), {}
    for rule in ("adamw", trainings.MATCHED):
        made, lengths = trainings.optimizer(rule, 0.032, 0.032), []

        class Watched:
            """Notes the step of every matrix, without its decay."""

            def __init__(self, params):
                self.inside, params = trainings.matrices_and_rest(params := list(params))[0], params
                self.optimizer = made(params)
                self.optimizer.register_step_pre_hook(self.before)
                self.optimizer.register_step_post_hook(self.after)

            def before(self, *_):
                self.old = [p.detach().clone() for p in self.inside]

            def after(self, optimizer, *_):
                lr = optimizer.param_groups[0]["lr"]
                lengths.append([float((((p.detach() - old) / lr + trainings.DECAY * old) ** 2).mean() ** 0.5) for p, old in zip(self.inside, self.old, strict=True)])

        fit(lambda params: Watched(params).optimizer, corpus, trainings.SIZE, seed=0)
        median[rule] = np.median(lengths)
    assert median[trainings.MATCHED] == pytest.approx(0.18, abs=0.01)
    assert median["adamw"] == pytest.approx(0.19, abs=0.02)


def test_in_the_time_of_muon_in_bfloat16_adamws_best_of_15_pairs_is_at_an_edge_and_the_seeds_overlap():
    found = text.from_record()
    slow = found["as_long"]
    assert len({(row["matrix_lr"], row["rest_lr"]) for row in slow}) == 15
    best = text.best(found, text.AS_LONG)
    assert best.case.matrix_lr == min(row["matrix_lr"] for row in slow)
    muon = text.best(found, "muon")
    assert min(best.losses) < min(muon.losses) < max(muon.losses) < max(best.losses)
    assert text.best(found, text.AS_LONG_32).inside
    assert {(row["matrix_lr"], row["rest_lr"]) for row in found["float32"]} == {muon.case[1:]}
