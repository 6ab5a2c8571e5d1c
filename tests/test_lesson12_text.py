"""The trainings of lesson 12: what is trained, that the record is what its command makes, and that it says what the lesson says."""
from __future__ import annotations

import json

import numpy as np
import pytest
import record_after
import torch

from lessonlib.data import text as book
from lessonlib.lessons.lesson12 import costs, text, trainings
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


def test_a_sooner_memory_is_that_of_every_group(corpus):
    both = fit(trainings.optimizer(trainings.SOONER, 0.01, 0.01), corpus, TINY).optimizer
    assert [group["betas"] for group in both.param_groups] == [(0.9, 0.95)] * 2


def test_another_rule_is_refused():
    with pytest.raises(ValueError, match=r"rule='lion': one of adamw, muon, adamw \.95, muon, matched"):
        trainings.optimizer("lion", 0.1, 0.1)


def test_the_record_is_the_one_that_its_command_makes():
    found, wanted = text.record(), {(*case, seed) for case in trainings.sweep() for seed in range(3)}
    assert found["size"] == trainings.SIZE._asdict()
    assert (found["clip"], found["decay"]) == (trainings.CLIP, trainings.DECAY)
    assert {(row["rule"], row["matrix_lr"], row["rest_lr"], row["seed"]) for row in found["sweep"]} == wanted
    sooner = {(*case, seed) for case in trainings.near(trainings.SOONER) for seed in range(3)}
    assert {(row["rule"], row["matrix_lr"], row["rest_lr"], row["seed"]) for row in found["sooner"]} == sooner
    assert trainings.SOONER == text.SOONER
    assert {(row["rule"], row["matrix_lr"], row["rest_lr"], row["seed"]) for row in found["as_long"]} == {
        (*case, seed) for case in trainings.near("adamw") for seed in range(3)}
    assert found["as_long_size"] == record_after.as_long(found["seconds"])._asdict()
    untuned = {(*case, seed) for case in trainings.untuned() for seed in range(3)}
    assert {(row["rule"], row["matrix_lr"], row["rest_lr"], row["seed"]) for row in found["untuned"]} == untuned
    assert {case[:3] for case in untuned} == set(text.TYPED.values())
    fresh = {(*text.best(found, rule).case, seed) for rule in text.NAMES for seed in range(3, 9)}
    assert {(row["rule"], row["matrix_lr"], row["rest_lr"], row["seed"]) for row in found["fresh"]} == fresh


def test_the_record_says_what_the_lesson_says():
    found = text.record()
    assert [row[0] for row in text.baselines(found)] == ["Muon alone", "AdamW alone", "both", "both, AdamW with beta2 0.95", "both, in as many seconds"]
    lead = {row[0]: row[3] for row in text.baselines(found)}
    assert lead["Muon alone"] > 3 * lead["both"] > 0  # "most of the first lead"
    assert -lead["AdamW alone"] > lead["Muon alone"]  # "even further ahead"
    assert lead["both, in as many seconds"] < 0.05 < lead["both, AdamW with beta2 0.95"]
    bars = {lr: text.best(found, "muon", [lr]) for lr in text.matrix_lrs(found, "muon")}
    assert sorted(bars, key=lambda lr: -bars[lr].median)[1] == 0.18  # "its second-worst by the median"
    everything = [loss for rule in text.NAMES for lr in text.matrix_lrs(found, rule) for loss in text.best(found, rule, [lr]).losses]
    assert min(bars[0.18].losses) == min(everything)
    slow, fast = (text.fresh(found, rule) for rule in text.NAMES)
    assert max(fast) < min(slow)  # "no overlap in steps"
    assert np.median(slow) > text.best(found, "adamw").median + 0.03  # "AdamW ends higher"
    assert np.median(fast) == pytest.approx(text.best(found, "muon").median, abs=0.02)  # "it stays"
    assert text.typed("copied") > text.best(found, "adamw", [text.DEFAULT], [text.DEFAULT]).median > text.best(found, "adamw").median > text.typed("authors")
    assert text.typed("matched") == pytest.approx(text.best(found, "muon").median, abs=0.03)


def test_the_work_of_the_products_is_a_third_here_and_a_percent_in_a_large_batch():
    size = trainings.SIZE
    assert costs.share(size.width, size.batch * size.context) == pytest.approx(1 / 3, abs=0.03)
    assert costs.share(1024, 500_000) == pytest.approx(0.01, rel=0.05)


def test_a_training_of_the_record_comes_out_again():
    row = next(row for row in text.record()["sweep"] if row["rule"] == "muon" and row["matrix_lr"] == 0.032 and row["rest_lr"] == 0.01)
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
    monkeypatch.setattr(record_after, "as_long", lambda took: TINY)  # a clock that ticks too coarsely for a training this short
    path, threads = tmp_path / "after.json", torch.get_num_threads()
    try:
        record_after.main(["--seeds", "2", "--json", str(path)])
        first = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(record_after.written({name: value for name, value in first.items() if name != "fresh"}), encoding="utf-8")
        record_after.main(["--seeds", "2", "--json", str(path)])
    finally:
        torch.set_num_threads(threads)
    again = json.loads(path.read_text(encoding="utf-8"))
    assert again == first
    assert len(first["sweep"]) == 2 * len(first["sooner"]) == 2 * len(first["as_long"]) == 2 * len(first["untuned"]) == 4
    assert sorted((row["rule"], row["seed"]) for row in first["fresh"]) == [(rule, seed) for rule in ("adamw", "muon") for seed in (2, 3, 4, 5)]
    assert first["command"] == "python authoring/record_after.py --seeds 2"
    assert set(first["seconds"]) == set(trainings.RULES)
