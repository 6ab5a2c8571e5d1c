"""Which machine it is, as torch tells it, and what a training step costs there."""
from __future__ import annotations

import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
from on_triton import needs_gpu
from torch.utils._python_dispatch import TorchDispatchMode

from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import half, machine, memory, opening, step


def a_gpu(monkeypatch, name, native):
    """A torch that finds this card."""
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda _: SimpleNamespace(name=name, total_memory=15.8e9))
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation or native)


@pytest.mark.parametrize(("name", "native", "half_type", "said"), [
    ("Tesla T4", False, torch.float16, "GPU: Tesla T4, 16 GB. For the 16 bits of Part 4 take float16 with a GradScaler"),
    ("NVIDIA L4", True, torch.bfloat16, "GPU: NVIDIA L4, 16 GB. For the 16 bits of Part 4 take bfloat16")])
def test_a_card_is_named_with_the_type_it_has_units_for(monkeypatch, name, native, half_type, said):
    a_gpu(monkeypatch, name, native)
    assert machine.here().half == half_type
    assert repr(machine.here()).startswith(said)


def test_without_a_gpu_it_says_how_to_choose_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "Runtime > Change runtime type > T4 GPU" in repr(machine.here())
    monkeypatch.setitem(machine.sys.modules, "google.colab", SimpleNamespace())
    assert "run the set-up cell and this one again" in repr(machine.here())


def test_the_parts_of_a_step_are_timed_and_add_up(monkeypatch):
    monkeypatch.setitem(step.SIZES, "cpu", step.SIZES["cpu"]._replace(layers=1, width=16, heads=2, context=8))
    found = step.measure("cpu", 2, repeats=2)
    assert all(found[part] > 0 for part in step.PARTS)
    assert found["tokens a second"] == pytest.approx(16 / sum(found[part] for part in step.PARTS))
    assert 0 < step.share(found) < 1
    told = repr(step.timed("cpu", repeats=1))
    assert "no GPU" in told
    assert "CPU, the fastest of 3 turns, 1 layers of width 16, 16 windows of 8 characters." in told  # what was timed stands above the numbers
    assert re.search(r"moves [\d.,]+ GB/s, so the optimizer's floor is [\d.e-]+ ms", told)
    with pytest.raises(ValueError, match="kind='tpu'"):
        step.measure("tpu")


@pytest.mark.parametrize(("speeds", "beaten"), [((1.0, 1.0, 1.0), True), ((1.0, 1e18, 1.0), False)])
def test_a_floor_that_a_step_beats_is_called_too_high_and_one_fast_copy_is_enough(monkeypatch, speeds, beaten):
    monkeypatch.setitem(step.SIZES, "cpu", step.SIZES["cpu"]._replace(layers=1, width=16, heads=2, context=8))
    left = iter(speeds)
    monkeypatch.setattr(step, "_bandwidth", lambda _: next(left))
    told = repr(step.timed("cpu", repeats=1))
    assert next(left, None) is None  # a copy in every turn
    assert ("as torch does it and fused=True took less, so that floor is too high" in told) == beaten
    assert ("Run this cell again." in told) == beaten


def test_on_a_gpu_the_table_of_a_step_has_a_third_row_in_16_bits(monkeypatch):
    a_gpu(monkeypatch, "Tesla T4", native=False)
    monkeypatch.setitem(step.SIZES, "cuda", step.SIZES["cpu"])
    monkeypatch.setattr(step, "_bandwidth", lambda _: 1e9)
    monkeypatch.setattr(step, "measure", lambda *_, **how: {**dict.fromkeys(step.PARTS, 0.1), "tokens a second": 1.0, "peak GB": 1.0})
    rows = [line.split("  ")[0] for line in repr(step.timed("cuda", repeats=1)).splitlines() if "100" in line]
    assert rows == ["as torch does it", "fused=True", "fused=True, float16"]


@pytest.mark.skipif(sys.platform != "linux", reason="counts the pages that Linux gives")
def test_the_loop_asks_for_its_memory_anew_at_each_step_and_fused_asks_for_none():
    import resource

    asked = []
    for how in ({"foreach": False}, {"fused": True}):
        p = torch.nn.Parameter(torch.ones(10_000_000))
        p.grad = torch.ones_like(p)
        made = torch.optim.AdamW([p], **how)
        for _ in range(2):
            made.step()
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        made.step()
        asked.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
    assert asked[0] > asked[1] + 10  # few where pages are large


def test_one_or_four_windows_gained_nothing_from_bfloat16_and_sixteen_did():
    record = recorded("step_cuda.json")
    few, middle, many = (step.in_both_types(record, batch) for batch in step.BATCHES)
    assert [row[0] for row in many] == ["float32", "bfloat16"]
    assert few[1][1] > few[0][1]
    assert middle[1][1] > middle[0][1]
    assert many[1][1] < 0.7 * many[0][1]  # "much faster"
    assert many[1][2] < 0.8 * many[0][2]  # "its peak was lower"


@pytest.mark.parametrize(("kind", "batch", "percent"), [("cpu", 16, 6), ("cuda", 16, 4), ("cpu", 1, 27)])
def test_how_much_of_a_step_fused_saved_is_told(kind, batch, percent):
    assert step.saved(recorded(f"step_{kind}.json"), batch) == percent


def test_a_disturbed_copy_does_not_lower_the_bandwidth(monkeypatch):
    monkeypatch.setitem(step.BUFFER, "cpu", 1000)
    clock = iter([0, 9, 10, 12, 20, 28, 30, 31])  # two ways, twice: 9, 2, 8 and 1 seconds
    monkeypatch.setattr(step, "_now", lambda _: next(clock))
    assert step._bandwidth("cpu", repeats=2) == 2 * 4000 / 1


def test_the_peak_of_a_training_is_sixteen_bytes_a_parameter_and_a_line_in_the_batch():
    peaks = {batch: memory.training_peak(batch, "cpu") for batch in (1, 8, 16, 24)}
    parameters = sum(p.numel() for p in memory.Transformer(memory.LETTERS, memory.MODEL).parameters())
    assert 16 * parameters <= 1e6 * peaks[1] <= 20.5 * parameters  # foreach holds four bytes more for a moment
    shown = {batch: memory.training_peak(batch, "cpu") for batch in (3, 4)}
    assert parameters == 809_216
    assert shown[3] == peaks[1] == 20 * parameters / 1e6  # "below four windows the peak is at the step"
    without = 2e6 * shown[4] - 1e6 * peaks[8]
    assert 12 * parameters < without < 12.5 * parameters  # weights and state, "and a few first gradients the rest"
    assert peaks[24] - peaks[16] == pytest.approx(peaks[16] - peaks[8], rel=0.02)
    with pytest.raises(ValueError, match="batch=0"):
        memory.training_peak(0)


def test_clipping_before_unscaling_stops_momentum_and_hurts_adamw_where_eps_is_large():
    assert half.who_stops() == "momentum"
    late, right = (half.loss_after("AdamW", order) for order in reversed(half.ORDERS))
    assert late == pytest.approx(right, abs=0.1)
    late, right = (half.loss_after(half.LARGE_EPS, order) for order in reversed(half.ORDERS))
    assert late > right + 0.3  # "AdamW's steps shrink too"


def test_clipped_first_momentums_first_step_shrinks_by_the_whole_scale_and_adamws_by_far_less():
    assert half.times_shorter("momentum") == pytest.approx(65_536, rel=0.01)
    assert 1 < half.times_shorter("AdamW") < 3
    assert half.times_shorter(half.LARGE_EPS) == pytest.approx(19, abs=3)  # not "as momentum's do"


def test_at_the_shown_length_momentum_learns_in_the_right_order():
    assert half.loss_after("momentum", half.ORDERS[0]) < opening.levels()[opening.LETTERS] - 0.2  # not one that has barely begun


def test_in_bfloat16_v_never_falls_and_rises_only_by_squares_of_about_twice_it_or_more():
    every = (1 + torch.arange(128) / 128).bfloat16()  # between two powers of two
    assert (0.999 * every == every).all()
    needed = [next(k for k in range(100, 500) if 0.999 * v + 0.001 * (k / 100) * v.item() > v) / 100 for v in every]
    assert 1.9 < min(needed) < 2.1 < 3.8 < max(needed) < 4
    v = torch.ones((), dtype=torch.bfloat16)
    for _ in range(100):
        v = 0.999 * v + 0.001 * 5
    assert v > 5 - 4 * 0.999**100 + 0.3  # "v rises too far"
    weight = torch.tensor(0.3, dtype=torch.bfloat16)
    assert (weight - (weight - 0.001)).item() == pytest.approx(0.002, rel=0.05)  # "about twice too far"


def test_even_a_small_weight_loses_a_part_of_adams_updates_in_bfloat16():
    (first, full, none), *later = half.lost_updates()
    assert (first, none) == (1, 0)
    assert full == pytest.approx(1, abs=0.01)  # "feels a full step"
    for _, update, lost in later:
        assert 0.1 < update < 0.3  # "a fifth of alpha or so"
        assert 0.05 < lost < 0.4


def test_in_bfloat16_v_never_forgets_and_m_does():
    m = v = torch.ones((), dtype=torch.bfloat16)
    for _ in range(1000):
        m, v = 0.9 * m, 0.999 * v
    assert v == 1
    assert m < 1e-30


def test_of_the_lists_of_arrays_that_foreach_makes_in_a_step_the_roots_of_v_are_the_only_ones_that_are_new():
    names = []

    class Made(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            found = func(*args, **(kwargs or {}))
            if isinstance(found, list | tuple) and found and found[0].numel() > 1:
                names.append(func.overloadpacket.__name__)
            return found

    params = [torch.nn.Parameter(torch.ones(9)) for _ in range(3)]
    for p in params:
        p.grad = torch.ones_like(p)
    made = memory.MADE["AdamW, foreach"](params)
    made.step()
    with Made():
        made.step()
    assert names == ["_foreach_sqrt"]


def test_torchs_averages_have_the_type_of_the_weights():
    for how in ({"foreach": False}, {"fused": True}):
        p = torch.nn.Parameter(torch.ones(4, dtype=torch.bfloat16))
        p.grad = torch.ones_like(p)
        made = torch.optim.AdamW([p], **how)
        made.step()
        assert {made.state[p][name].dtype for name in ("exp_avg", "exp_avg_sq")} == {torch.bfloat16}


def test_what_follows_a_product_under_autocast_has_its_type():
    layer = torch.nn.Linear(4, 4)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.nn.functional.gelu(layer(torch.ones(2, 4))).dtype == torch.bfloat16  # "such as a GELU"


def test_sixteen_bits_shrink_what_forward_keeps():
    def kept(dtype):
        model = memory.Transformer(memory.LETTERS, memory.MODEL)
        with memory.Allocated() as counted, torch.autocast("cpu", dtype, enabled=dtype is not None):
            loss = model(torch.zeros(32, memory.MODEL.context, dtype=torch.int64)).sum()
        assert loss.requires_grad  # what it needs is still there
        return counted.now

    assert kept(torch.bfloat16) < 0.75 * kept(None)


def test_autocast_changes_products_alone():
    model = torch.nn.Linear(4, 3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    with torch.autocast("cpu", torch.bfloat16):
        product = model(torch.ones(2, 4))
    product.float().square().sum().backward()
    optimizer.step()
    found = (model.weight, product, model.weight.grad, optimizer.state[model.weight]["exp_avg"])
    assert [tensor.dtype for tensor in found] == [torch.float32, torch.bfloat16, torch.float32, torch.float32]


def test_autocast_keeps_two_bytes_for_each_weight_until_backward_has_used_it():
    def besides(autocast, layers=8, width=256):
        model = torch.nn.Sequential(*(torch.nn.Linear(width, width, bias=False) for _ in range(layers)))
        own, kept = {p.data_ptr() for p in model.parameters()}, {}

        def keep(saved):
            if saved.data_ptr() not in own:
                kept[saved.data_ptr()] = saved.untyped_storage().nbytes()
            return saved

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda saved: saved), torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            model(torch.ones(1, width))
        return sum(kept.values()) / sum(p.numel() for p in model.parameters())

    assert besides(False) < 0.1
    assert besides(True) == pytest.approx(2 * 7 / 8, abs=0.1)  # the first layer's input needs no gradient


def test_autocast_adds_a_cast_for_each_weight_matrix_at_least():
    class Casts(TorchDispatchMode):
        count = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            self.count += func is torch.ops.aten._to_copy.default
            return func(*args, **(kwargs or {}))

    model, found = memory.Transformer(memory.LETTERS, memory.MODEL), []
    for autocast in (False, True):
        with Casts() as casts, torch.autocast("cpu", torch.bfloat16, enabled=autocast):
            model(torch.zeros(1, memory.MODEL.context, dtype=torch.int64))
        found.append(casts.count)
    assert found[1] - found[0] >= 4 * memory.MODEL.layers  # a launch more for each on a GPU


def test_on_a_cpu_autocast_takes_softmax_to_16_bits_so_the_lesson_speaks_of_a_gpu():
    with torch.autocast("cpu", torch.bfloat16):
        kept = torch.nn.functional.linear(torch.ones(2, 4), torch.ones(4, 4))
        assert torch.softmax(kept, -1).dtype == torch.bfloat16


def test_a_scaler_halves_its_factor_at_an_infinity_and_doubles_it_after_two_thousand_good_steps():
    scaler = torch.amp.GradScaler("cpu")
    assert scaler.get_growth_interval() == 2000
    scaler = torch.amp.GradScaler("cpu", growth_interval=3)
    p = torch.nn.Parameter(torch.zeros(()))
    optimizer, factors = torch.optim.SGD([p], lr=0.1), []
    for slope in (1.0, 1.0, 1.0, float("inf")):
        optimizer.zero_grad()
        scaler.scale(slope * p).backward()
        scaler.step(optimizer)
        scaler.update()
        factors.append(scaler.get_scale())
    assert factors == [65536, 65536, 2 * 65536, 65536]


def test_float32_products_are_exact_unless_they_are_asked_to_be_fast():
    assert torch.get_float32_matmul_precision() == "highest"


@pytest.mark.parametrize(("number", "became"), [(123.456, (123.456, 123.5, 123.4375)), (1e5, (1e5, 99840.0, float("inf"))), (1e-8, (1e-8, 1.00117e-8, 0.0))])
def test_what_three_types_make_of_a_number(number, became):
    kept = [torch.tensor(number).to(kind).item() for kind in (torch.float32, torch.bfloat16, torch.float16)]
    assert kept == pytest.approx(became, rel=1e-4)


@needs_gpu
def test_the_first_peak_measured_on_a_gpu_is_like_the_next():
    code = "from lessonlib.lessons.lesson11.memory import training_peak as peak; print(peak(4), peak(4), peak(8) > peak(4))"
    first, second, larger = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert (first, larger) == (second, "True")


def test_the_recorded_step_bears_what_the_lesson_says_of_it():
    gpu = recorded("step_cuda.json")
    floor = 28 * 25.4e6 / 4.2e12  # 8 layers of 12 * 512**2, and the bench's copies
    fused = next(row for row in gpu["rows"] if (row["batch"], row["fused"], row["type"]) == (16, True, "float32"))
    assert step.over_floor(gpu) == pytest.approx(fused["optimizer"] / floor, abs=1)  # "about 6 times its floor"
    slower = [half[1] - full[1] for full, half in (step.in_both_types(gpu, windows) for windows in (1, 4))]
    assert min(slower) > 0  # "bfloat16 was slower in the record"
    assert step.slower_in_half() == f"{slower[0]:.1f} and {slower[1]:.1f} ms"


def test_a_scaler_halves_its_factor_where_a_gradient_is_infinite_and_doubles_it_after_2000_good_steps():
    scaler = torch.amp.GradScaler("cpu", growth_interval=3)
    assert torch.amp.GradScaler("cpu").get_growth_interval() == 2000
    p, factors = torch.nn.Parameter(torch.ones(1)), []
    optimizer = torch.optim.SGD([p], lr=0.0)
    for gradient in (float("inf"), 1.0, 1.0, 1.0):
        p.grad = torch.tensor([gradient])
        scaler.scale(torch.ones(1))  # makes the factor
        scaler.unscale_(optimizer)
        scaler.step(optimizer)
        scaler.update()
        factors.append(scaler.get_scale())
    assert factors == [32768.0, 32768.0, 32768.0, 65536.0]
