"""The trainings behind lesson 12's deeper notebook: three ways to end, several widths, memories in tokens; and that the record is theirs."""
from __future__ import annotations

import json
from functools import partial

import numpy as np
import pytest
import record_after_deeper
import torch
from torch.nn.utils import parameters_to_vector

from lessonlib.data import text as book
from lessonlib.lessons.lesson12 import endings, halves, read_ends, read_halves, read_widths, records, widths
from lessonlib.pytorch.transformer import Corpus


@pytest.fixture(scope="module")
def corpus():
    torch.set_num_threads(1)
    return Corpus(book())


def test_a_late_fall_is_whole_for_four_fifths_and_its_last_step_still_counts():
    shares = np.array([endings.late(t, 400) for t in range(1, 401)])
    assert (np.diff(shares[:21]) > 0).all()
    assert set(shares[20:321]) == {1.0}
    np.testing.assert_allclose(np.diff(shares[320:]), -1 / 80)
    assert shares[-1] == pytest.approx(1 / 80)


@pytest.mark.parametrize("name", ["cosine", "late"])
def test_the_picture_draws_the_schedules_that_were_trained(name):
    for steps in endings.LENGTHS:
        trained = [endings.way(name, steps)(t) for t in range(1, steps + 1)]
        np.testing.assert_allclose(read_ends.way_of(name, steps), trained, atol=1e-12)
    assert (read_ends.EVERY, read_ends.LATE, read_ends.WARMUP) == (endings.EVERY, endings.LATE, endings.WARMUP)


def test_another_way_is_refused():
    with pytest.raises(ValueError, match="name='linear': one of cosine, late, free"):
        endings.way("linear", 100)


def test_schedule_free_is_the_three_lines_of_its_paper():
    lr, beta1, beta2, decay, warmup, steps = 0.1, 0.9, 0.99, 0.3, 4, 12
    p = torch.nn.Parameter(torch.tensor([1.0, -2.0], dtype=torch.float64))
    free = endings.ScheduleFree([p], lr, betas=(beta1, beta2), weight_decay=decay, warmup=warmup)
    x = z = y = np.array([1.0, -2.0])
    v, squares = np.zeros(2), []
    for t in range(1, steps + 1):
        np.testing.assert_allclose(p.detach().numpy(), y, atol=1e-12)
        p.grad = torch.sin(3 * p.detach())
        g = np.sin(3 * y)
        free.step()
        v = beta2 * v + (1 - beta2) * g**2
        now = lr * min(1, t / warmup) * (1 - beta2**t) ** 0.5
        z = z - now * g / (v**0.5 + 1e-8) - now * decay * y
        squares.append(now**2)
        c = squares[-1] / sum(squares)
        x = (1 - c) * x + c * z
        y = (1 - beta1) * z + beta1 * x
    with free.average():
        np.testing.assert_allclose(p.detach().numpy(), x, atol=1e-12)
    np.testing.assert_allclose(p.detach().numpy(), y, atol=1e-12)


def test_with_equal_steps_the_result_is_the_mean_of_all_z():
    p = torch.nn.Parameter(torch.tensor([1.0], dtype=torch.float64))
    free, z = endings.ScheduleFree([p], 0.1, betas=(0.9, 0.0)), []
    for _ in range(7):
        p.grad = torch.cos(p.detach())
        free.step()
        z.append(free.state[p]["z"].item())
    with free.average():
        assert p.item() == pytest.approx(np.mean(z))


def test_until_the_fall_a_short_training_is_the_long_one(corpus):
    short, long = (endings.path(partial(endings.late, steps=steps), 0.018, 80, corpus) for steps in (80, 200))
    assert short[:3] == long[:3]  # the first falls from step 66 on
    assert short[3] != long[3]


def test_a_training_that_stays_is_the_late_one_until_its_fall_and_its_means_are_those_of_its_weights(corpus, monkeypatch):
    late = endings.path(endings.way("late", 100), 0.01, 100, corpus)
    found = endings.averaged(0.01, 80, corpus)
    assert found["none"] == late[:4]  # the late one falls from step 82 on
    monkeypatch.setattr(endings, "loss_on_test", lambda model, *_: parameters_to_vector(model.parameters()).detach().double().numpy())
    share = [min(1.0, t / endings.WARMUP) ** 2 * (1 - 0.999**t) for t in range(1, 41)]
    monkeypatch.setattr(endings, "EVERY", 1)
    weights = endings.path(endings.constant, 0.01, 40, corpus)
    monkeypatch.setattr(endings, "EVERY", 20)
    means = {name: each[1] for name, each in endings.averaged(0.01, 40, corpus).items()}
    expected = {"none": weights[-1], "all": np.mean(weights, axis=0), "free": np.average(weights, axis=0, weights=share),
                "fifth": np.mean(weights[32:], axis=0)}
    for name, mean in expected.items():
        np.testing.assert_allclose(means[name], mean, atol=1e-6, err_msg=name)


def test_one_half_of_mup_is_its_start_or_its_step_sizes():
    wide = 8 * widths.BASE
    lrs = {way: [group["lr"] for group in widths.groups(widths.start(wide, 0, way), 0.8, way)] for way in (*widths.WAYS, *widths.HALVES)}
    last = {way: widths.start(wide, 0, way)[-1] for way in lrs}
    assert lrs["start alone"] == lrs["standard"]
    assert lrs["step sizes alone"] == lrs["muP"] != lrs["standard"]
    assert last["start alone"].equal(last["muP"])
    assert last["step sizes alone"].equal(last["standard"])


def test_the_two_parametrizations_are_one_at_the_base():
    for a, b in zip(*(widths.start(widths.BASE, 0, way) for way in widths.WAYS), strict=True):
        torch.testing.assert_close(a, b)
    for way in widths.WAYS:
        assert {group["lr"] for group in widths.groups(widths.start(widths.BASE, 0, way), 0.1, way)} == {0.1}


def test_in_mup_what_has_a_wide_input_steps_less_and_the_last_starts_smaller():
    wide = 8 * widths.BASE
    made = {way: widths.start(wide, 0, way) for way in widths.WAYS}
    lrs = {way: [group["lr"] for group in widths.groups(made[way], 0.8, way)] for way in widths.WAYS}
    assert lrs["standard"] == [0.8] * (widths.LAYERS + 1)
    assert lrs["muP"] == pytest.approx([0.8, *[0.1] * widths.LAYERS])
    torch.testing.assert_close(made["muP"][-1] * 8**0.5, made["standard"][-1])
    for a, b in zip(made["muP"][:-1], made["standard"][:-1], strict=True):
        assert a.equal(b)
    with pytest.raises(ValueError, match="way='ntk': one of standard, muP"):
        widths.start(32, 0, "ntk")


def test_a_step_moves_a_wide_standard_network_further_and_one_in_mup_no_further():
    standard, other = ([widths.moved(width, 1e-3, way) for width in (128, 512, 2048)] for way in widths.WAYS)
    assert 3 < standard[2] / standard[1] < 4.3
    assert max(other) < 1.5 * min(other)


def test_a_half_life_is_that_and_every_batch_reads_as_much():
    assert halves.beta2(1000, 200) ** 5 == pytest.approx(0.5)
    sizes = [halves.size(batch) for batch in (2, 16, 128)]
    assert len({size.batch * size.steps for size in sizes}) == 1
    assert halves.size(16) == halves.LAB


def test_the_record_is_the_one_that_its_command_makes():
    found, seeds = records.from_record(), range(3)
    assert found["size"] == endings.SIZE._asdict()
    for way in endings.WAYS:
        lengths = endings.LENGTHS if way != "free" else endings.LENGTHS[-1:]
        assert {(row["steps"], row["lr"], row["seed"]) for row in found[way]} == {(n, lr, k) for n in lengths for lr in endings.LRS for k in seeds}
        assert all(len(row["test"]) == row["steps"] // endings.EVERY for row in found[way])
    assert {(row["way"], row["width"], row["lr"], row["seed"]) for row in found["widths"]} == {
        (way, width, lr, k) for way in widths.WAYS for width in widths.WIDTHS for lr in widths.LRS for k in seeds}
    assert {(row["average"], row["lr"], row["seed"]) for row in found["means"]} == {(name, lr, k) for name in endings.AVERAGES for lr in endings.LRS for k in seeds}
    assert all(len(row["test"]) == row["steps"] // endings.EVERY == 40 for row in found["means"])
    assert {(row["way"], row["width"], row["lr"], row["seed"]) for row in found["half_mup"]} == {
        (way, widths.WIDTHS[-1], lr, k) for way in widths.HALVES for lr in widths.LRS for k in seeds}
    assert (read_ends.MEANS, read_widths.HALVES) == (endings.AVERAGES, widths.HALVES)
    assert {(row["batch"], row["half_life"], row["lr"], row["seed"]) for row in found["halves"]} == {(*case, k) for case in halves.cases() for k in seeds}
    assert {(row["beta1"], row["batch"], row["half_life"], row["lr"], row["seed"]) for row in found["shorter"]} == {
        (beta1, *case, k) for beta1, case in halves.shorter() for k in seeds}
    assert {(row["way"], row["steps"], row["lr"], row["seed"]) for row in found["longer"]} == {
        (way, endings.LONGER, lr, k) for way in ("cosine", "none") for lr in endings.LONGER_LRS for k in seeds}
    assert read_halves.BETA1 == halves.BETA1


def test_trainings_of_the_record_come_out_again(corpus):
    found = records.from_record()
    row = next(row for row in found["late"] if (row["steps"], row["lr"], row["seed"]) == (100, 0.018, 1))
    assert endings.path(endings.way("late", 100), 0.018, 100, corpus, 1) == pytest.approx(row["test"], abs=0.02)
    row = next(row for row in found["widths"] if (row["way"], row["width"], row["lr"], row["seed"]) == ("muP", 128, widths.LRS[6], 2))
    assert widths.train(128, widths.LRS[6], 2, "muP") == pytest.approx(row["loss"], rel=0.05)


def test_the_command_writes_stage_by_stage_and_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(endings, "LENGTHS", (20,))
    monkeypatch.setattr(endings, "LRS", (0.01,))
    monkeypatch.setattr(endings, "LONGER_LRS", (0.01,))
    monkeypatch.setattr(endings, "LONGER", 40)
    monkeypatch.setattr(widths, "WIDTHS", (8,))
    monkeypatch.setattr(widths, "LRS", (0.01,))
    monkeypatch.setattr(widths, "STEPS", 2)
    monkeypatch.setattr(halves, "cases", lambda: [])
    file = tmp_path / "found.json"
    record_after_deeper.main(["--seeds", "1", "--json", str(file)])
    whole = json.loads(file.read_text(encoding="utf-8"))
    assert [len(whole[name]) for name in (*endings.WAYS, "widths", "halves", "means", "half_mup", "shorter", "longer")] == [1, 1, 1, 2, 0, 4, 2, 0, 2]
    cut = {name: value for name, value in whole.items() if name not in ("free", "longer")}
    cut["cosine"][0]["test"] = [1.5]
    file.write_text(json.dumps(cut), encoding="utf-8")
    record_after_deeper.main(["--seeds", "1", "--json", str(file)])
    again = json.loads(file.read_text(encoding="utf-8"))
    assert again["cosine"][0]["test"] == [1.5]
    assert again["free"] == whole["free"]
