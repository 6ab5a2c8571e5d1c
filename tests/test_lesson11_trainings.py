"""The lab's trainings are what they are called; the memory it counts is what a step takes; what is recorded can be read again."""
from __future__ import annotations

import json

import pytest
import record_lab
import torch

from lessonlib.data import text
from lessonlib.lessons.lesson11 import half, memory, trainings
from lessonlib.pytorch.adamw import Adam, AdamW
from lessonlib.pytorch.transformer import fit

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
    assert torch.tensor(1.0 + 1 / 256).bfloat16() == 1  # at exactly a 256th it may be lost, above it is not
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
def test_every_rule_is_swept_over_as_many_step_sizes_and_some_without_warm_up_or_clipping(kind):
    size = trainings.SIZES[kind]
    cases = trainings.trainings(kind, size)
    by_rule = {}
    for case in cases:
        by_rule.setdefault(case[:3], []).append(case.lr)
    whole, clip = size.warmup, trainings.CLIP
    assert set(by_rule) == {("momentum", whole, clip), ("adam", whole, clip), ("adamw", whole, clip), ("adamw", 0, clip),
                            ("momentum", whole, None), ("adam", whole, None)}
    assert {len(lrs) for lrs in by_rule.values()} == {9}
    assert {round(max(lrs) / min(lrs)) for lrs in by_rule.values()} == {100}
    for case, (make, wanted) in cases.items():
        made = make([torch.nn.Parameter(torch.ones(2))])
        assert (made.param_groups[0]["lr"], wanted.warmup) == (case.lr, case.warmup)


@pytest.mark.parametrize("rule", ["momentum", "adam", "adamw"])
@pytest.mark.parametrize(("clip", "length"), [(0.25, 0.25), (None, 5.0), (10.0, 5.0)])
def test_an_optimizer_of_the_lab_clips_the_whole_gradient_before_it_steps(rule, clip, length):
    params = [torch.nn.Parameter(torch.zeros(1)) for _ in range(2)]
    made = trainings.optimizer(rule, 1.0, clip)(params)
    params[0].grad, params[1].grad = torch.tensor([3.0]), torch.tensor([4.0])
    made.step()
    assert torch.cat([p.grad for p in params]).norm().item() == pytest.approx(length, rel=1e-4)
    if rule == "momentum":
        assert torch.cat([p.detach() for p in params]).norm().item() == pytest.approx(length, rel=1e-4)


def test_every_batch_reads_as_many_characters():
    size = trainings.SIZES["cpu"]
    read = {batch * wanted.steps for (_, batch, _), (_, wanted) in trainings.batch_trainings("cpu", size).items()}
    assert read == {size.batch * size.steps}


def test_the_small_model_is_as_large_as_the_lesson_says():
    size = trainings.SIZES["cpu"]
    assert round(sum(p.numel() for p in memory.Transformer(60, size).parameters()), -3) == 28_000
    assert (size.context, size.batch, size.steps) == (32, 16, 200)


def test_processes_that_share_the_work_find_the_same_losses(monkeypatch):
    monkeypatch.setattr(record_lab.trainings, "batch_trainings", lambda kind, size: {
        ("adamw", 4, lr): (trainings.optimizer("adamw", lr), size) for lr in (0.001, 0.01)})
    size = trainings.SIZES["cpu"]._replace(steps=2, warmup=1, batch=4)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        alone = record_lab.losses("batch_trainings", "cpu", size, 1, 1)
        key = ("adamw", 4, 0.01)
        assert {which: test for which, _, test in alone}[key] == record_lab.finite(record_lab.tested(("batch_trainings", "cpu", size, 0, key)))
    finally:
        torch.set_num_threads(threads)


def test_what_is_recorded_says_how_and_can_be_read_again(tmp_path, monkeypatch):
    monkeypatch.setenv("LESSONLIB_PROGRESS", "0")
    threads = torch.get_num_threads()
    try:
        monkeypatch.setitem(trainings.LRS, "cpu", {"momentum": (0.1, 1.0), "adam": (0.001, 0.01)})
        monkeypatch.setitem(trainings.SIZES, "cpu", trainings.SIZES["cpu"]._replace(steps=8, warmup=2))  # what is timed at full size
        monkeypatch.setattr(record_lab.half, "who_stops", str)
        book = record_lab.Corpus(text(), "cpu")
        book.test = book.test[:2000]  # the whole of it takes longer than the trainings
        monkeypatch.setattr(record_lab, "corpus_on", lambda kind: book)
        monkeypatch.setattr(record_lab, "PLACES", 2)
        record_lab.main(["--device", "cpu", "--steps", "8", "--seeds", "2", "--json", str(tmp_path / "lab.json")])
    finally:
        torch.set_num_threads(threads)
    found = json.loads((tmp_path / "lab.json").read_text(encoding="utf-8"))
    assert found["command"] == "python authoring/record_lab.py --device cpu --seeds 2 --steps 8"
    assert str(tmp_path) not in json.dumps(found)
    assert found["size"]["warmup"] == 2
    assert len(found["sweep"]) == 2 * len(trainings.trainings("cpu", trainings.SIZES["cpu"]))
    assert found["story"]["steps"] == [0, 16, 32]
    assert all(text.startswith("And God said") for text in found["story"]["texts"])
    assert {len(curve) for curve in found["curves"].values()} == {8}


def test_autocast_keeps_a_weight_in_16_bits_until_backward():
    kept = []
    model = torch.nn.Sequential(torch.nn.Linear(64, 64), torch.nn.Linear(64, 64))
    with torch.autograd.graph.saved_tensors_hooks(lambda t: kept.append((t.dtype, t.numel())) or t, lambda t: t), torch.autocast("cpu", torch.bfloat16):
        model(torch.ones(1, 64)).sum()
    assert (torch.bfloat16, 64 * 64) in kept  # "copies in 16 bits, which stay until backward"


def test_at_the_peak_of_exercise_3_most_gradients_are_not_there_yet():
    four, eight = (memory.training_peak(batch) for batch in (4, 8))
    assert 12 <= (2 * four - eight) / 0.8 < 13  # bytes for each of 800,000 parameters besides activations: weights and state are 12, gradients 4 more


def test_weights_rounded_to_bfloat16_after_each_step_end_higher_at_a_small_step_size_alone():
    def rounded(_, model):
        with torch.no_grad():
            for p in model.parameters():
                p.copy_(p.bfloat16())

    def lost(lr):
        made = trainings.optimizer("adamw", lr)
        kept, short = (fit(made, half.corpus(), trainings.SIZES["cpu"], watch=watch).test for watch in (None, rounded))
        return short - kept

    assert 0.04 < lost(0.001) < 0.08  # 2.57 and 2.63
    assert abs(lost(0.018)) < 0.03


def test_with_its_products_in_bfloat16_the_small_model_ends_as_low():
    ends = {kind: [fit(trainings.optimizer("adamw", 0.018), half.corpus(), trainings.SIZES["cpu"], seed=seed, autocast=kind).test for seed in range(3)]
            for kind in (None, torch.bfloat16)}
    assert 2.21 < min(ends[None]) < max(ends[None]) < 2.26
    assert min(ends[torch.bfloat16]) < max(ends[None])  # they overlap
    assert 2.18 < min(ends[torch.bfloat16]) < max(ends[torch.bfloat16]) < 2.29


def test_at_its_best_step_size_a_step_of_momentum_is_about_two_thirds_as_long_as_one_of_adamw():
    def lengths(rule, lr):
        places = []
        fit(trainings.optimizer(rule, lr), half.corpus(), trainings.SIZES["cpu"],
            watch=lambda _, model: places.append(torch.cat([p.detach().flatten().clone() for p in model.parameters()])))
        return torch.stack(places).diff(dim=0).norm(dim=1)

    momentum, adamw = lengths("momentum", 1.0), lengths("adamw", 0.018)
    assert (momentum / adamw).median().item() == pytest.approx(2 / 3, abs=0.05)
    assert [each.median().item() / 28_000**0.5 for each in (momentum, adamw)] == pytest.approx([0.0014, 0.0021], abs=1.5e-4)


def test_the_loops_eight_operations_move_twenty_arrays():
    from torch.utils._python_dispatch import TorchDispatchMode

    moved = []

    class Count(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            out = func(*args, **(kwargs or {}))
            if isinstance(out, torch.Tensor) and out.numel() == 1000:
                moved.append(len({a.data_ptr() for a in args if isinstance(a, torch.Tensor) and a.numel() == 1000}) + 1)
            return out

    p = torch.nn.Parameter(torch.ones(1000))
    optimizer = torch.optim.AdamW([p], foreach=False)
    for _ in range(2):
        p.grad = torch.ones(1000)
        moved.clear()
        with Count():
            optimizer.step()
    assert (len(moved), sum(moved)) == (8, 20)
