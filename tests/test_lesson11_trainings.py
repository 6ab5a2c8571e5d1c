"""The lab's trainings are what they are called; the memory it counts is what a step takes; what is recorded can be read again."""
from __future__ import annotations

import json

import pytest
import record_lab
import torch

from lessonlib.lessons.lesson11 import memory, trainings
from lessonlib.pytorch.adamw import Adam, AdamW

OPTIMIZERS = [  # bytes for each float32 parameter: kept after a step, and in use within the next one, over 8 equal tensors
    ("gradient descent", lambda params: torch.optim.SGD(params, lr=0.1), 0, 0),
    ("momentum", lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9), 4, 0),
    ("torch's loop", lambda params: torch.optim.AdamW(params, foreach=False), 8, 1.5),
    ("torch's foreach", lambda params: torch.optim.AdamW(params, foreach=True), 8, 4),
    ("torch's fused", lambda params: torch.optim.AdamW(params, fused=True), 8, 0),
    ("ours, loop", lambda params: AdamW(params, impl="loop"), 8, 1.0),
    ("ours, foreach", lambda params: AdamW(params, impl="foreach"), 8, 4),
    ("torch's Adam, foreach, decay", lambda params: torch.optim.Adam(params, foreach=True, weight_decay=0.1), 8, 4),
    ("our Adam, foreach, decay", lambda params: Adam(params, impl="foreach", weight_decay=0.1), 8, 4),
    ("ours, foreach, uphill", lambda params: AdamW(params, impl="foreach", maximize=True), 8, 4),
]


@pytest.mark.parametrize(("name", "make", "state", "extra"), OPTIMIZERS, ids=[row[0] for row in OPTIMIZERS])
def test_a_step_holds_what_is_said(name, make, state, extra):
    found = memory.first_steps(make)
    assert found["state"] == state
    assert found["extra"] == extra


def test_on_one_tensor_torchs_loop_makes_two_arrays_and_foreach_one():
    found = [memory.first_steps(lambda params, way=way: torch.optim.AdamW(params, foreach=way), tensors=1)["extra"] for way in (False, True)]
    assert found == [8, 4]


def test_an_update_below_a_512th_of_a_bfloat16_weight_is_lost_and_from_a_256th_on_it_is_not():
    weight = torch.arange(128, 256).bfloat16() / 128  # every bfloat16 from 1 to 2
    moved = {share: weight.float().mul(1 + 1 / share).bfloat16() != weight for share in (513, 300, 255)}
    assert not moved[513].any()
    assert moved[300].any()
    assert not moved[300].all()
    assert moved[255].all()


def test_memory_that_was_freed_is_not_counted_and_the_peak_is_kept():
    with memory.Allocated() as counted:
        first = torch.ones(1000)
        second = first + 1
        del first
        third = second * 2
        second.add_(third)
    assert counted.peak == 8000
    assert counted.now == 8000
    del second, third
    assert counted.now == 0


@pytest.mark.parametrize("defaults", [(torch.device("meta"), torch.float32), (None, torch.bfloat16), (None, torch.float64)], ids=str)
def test_the_defaults_of_torch_change_no_count(defaults):
    def count():
        return memory.first_steps(lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9))

    wanted = count()
    torch.set_default_device(defaults[0])
    torch.set_default_dtype(defaults[1])
    try:
        assert count() == wanted
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: trainings.optimizer("adagrad", 0.1), "rule='adagrad': one of momentum, adam, adamw"),
    (lambda: trainings.optimizer("adam", None), "lr=None"), (lambda: trainings.trainings("tpu", trainings.SIZES["cpu"]), "kind='tpu': one of cpu, cuda"),
    (lambda: memory.first_steps(torch.optim.SGD, tensors=0), "tensors=0"), (lambda: memory.first_steps(torch.optim.SGD, each=1.5), r"each=1\.5")])
def test_bad_input_is_named_with_its_remedy(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("kind", trainings.SIZES)
def test_every_rule_is_swept_over_as_many_step_sizes_and_adamw_without_warm_up_too(kind):
    size = trainings.SIZES[kind]
    cases = trainings.trainings(kind, size)
    by_rule = {}
    for rule, warmup, lr in cases:
        by_rule.setdefault((rule, warmup), []).append(lr)
    assert set(by_rule) == {("momentum", size.warmup), ("adam", size.warmup), ("adamw", size.warmup), ("adamw", 0)}
    assert len({len(lrs) for lrs in by_rule.values()}) == 1
    for (_, warmup, lr), (make, wanted) in cases.items():
        made = make([torch.nn.Parameter(torch.ones(2))])
        assert (made.param_groups[0]["lr"], wanted.warmup) == (lr, warmup)


def test_what_is_recorded_says_how_and_can_be_read_again(tmp_path, monkeypatch):
    monkeypatch.setenv("LESSONLIB_PROGRESS", "0")
    threads = torch.get_num_threads()
    try:
        record_lab.main(["--device", "cpu", "--steps", "4", "--seeds", "2", "--json", str(tmp_path / "lab.json")])
    finally:
        torch.set_num_threads(threads)
    found = json.loads((tmp_path / "lab.json").read_text(encoding="utf-8"))
    assert found["command"] == "python authoring/record_lab.py --device cpu --seeds 2 --steps 4"
    assert str(tmp_path) not in json.dumps(found)
    assert found["size"]["warmup"] == 1
    assert len(found["sweep"]) == 2 * len(trainings.trainings("cpu", trainings.SIZES["cpu"]))
