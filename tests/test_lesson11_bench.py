"""The bench's arithmetic, its table and its file; times are whatever they are."""
from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch
from bench_step import BARS, judged, report
from on_triton import DEVICE

from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import bench
from lessonlib.lessons.lesson11.bench import BLOCKED, FLOOR, FUSED, LAYERS, ONE, TRITON, Row, table, transformer, workloads


def row(engine: str, *milliseconds: float, workload=ONE, parameters=10_000_000, copied=28e9) -> Row:
    return Row(workload, engine, parameters, 1, copied, tuple(t / 1e3 for t in milliseconds))


def test_the_floor_is_28_bytes_a_parameter_at_the_speed_of_a_copy():
    fused = row(FUSED, 15.0, 20.0, 400.0)
    assert fused.floor == pytest.approx(0.010)
    assert fused.typical == pytest.approx(0.020)
    assert fused.share == pytest.approx(0.5)


def test_a_copy_counts_what_it_reads_and_what_it_writes(monkeypatch):
    monkeypatch.setattr(bench, "COPIED", {"cpu": 1000})
    monkeypatch.setattr(bench, "_cache", lambda device: 2**14)  # one set of tensors is larger
    monkeypatch.setattr(bench, "_seconds", lambda *_: 0.5)
    measured = bench.measure("cpu", ONE, [(1000,), (500, 2)], repeats=3)
    assert {(r.parameters, r.tensors, r.copied_per_second) for r in measured} == {(2000, 2, 8 * 1000 / 0.5)}


def test_the_tensors_of_the_transformer_are_gpt2s():
    sizes = [int(np.prod(shape)) for shape in transformer()]
    assert (len(sizes), sum(sizes), sizes[0]) == (148, 124_439_808, 50257 * 768)
    assert workloads("cuda")[LAYERS] == transformer()
    assert len(workloads("cpu")[LAYERS]) == 148


def test_every_bar_is_about_a_workload_of_the_size_that_is_measured():
    for bar in BARS:
        assert sum(int(np.prod(shape)) for shape in workloads(bar.device)[bar.workload]) == bar.parameters


def test_the_table_shows_median_spread_share_and_the_ratio_to_fused():
    shown = table([row("slow", 100.0, 100.0, 1300.0, 100.0), row(FUSED, 20.0), Row(ONE, TRITON, 10_000_000, 1, 28e9, why_not="needs a GPU")])
    lines = shown.splitlines()
    assert lines[0] == "one tensor: 10,000,000 float32 parameters in 1 tensor; a copy moves 28 GB/s, so the floor is 10 ms"
    assert lines[2].split() == ["slow", "100", "100", "-", "1,000", "10%", "5.00"]
    assert lines[3].split()[2:] == ["20", "20", "-", "20", "50%", "1.00"]
    assert lines[4].split(None, 3)[2:] == ["-", "needs a GPU"]


def test_a_bar_passes_fails_or_was_not_measured():
    rows = [row(BLOCKED, 50.0), row(FUSED, 20.0), row("torch, loop", 49.0), row(TRITON, 10.0)]
    verdicts = {(bar.engine, bar.other): (verdict, factor) for verdict, bar, factor in judged("cpu", rows) if bar.device == "cpu"}
    assert verdicts[BLOCKED, FUSED] == ("PASS", pytest.approx(2.5))
    assert verdicts[BLOCKED, "torch, loop"] == ("FAIL", pytest.approx(50 / 49))
    assert verdicts[BLOCKED, "torch, foreach"] == ("unmeasured", None)
    assert {verdict for verdict, bar, _ in judged("cpu", rows) if bar.device == "cuda"} == {"unmeasured"}
    at_100m = [row(TRITON, 111.0, parameters=100_000_000), row(FUSED, 110.0, parameters=100_000_000)]
    found = {bar.other: verdict for verdict, bar, _ in judged("cuda", at_100m) if bar.workload == ONE and bar.device == "cuda"}
    assert found == {FLOOR: "PASS", FUSED: "FAIL"}
    assert {verdict for verdict, *_ in judged("cuda", rows)} == {"unmeasured"}, "a bar holds for its own size only"
    lines = report(judged("cpu", rows)).splitlines()
    assert len(lines) == 1 + len(BARS)
    assert "  PASS       cpu, one tensor: numpy in place, in blocks, all cores at most 2.50 times torch, fused, measured 2.50" in lines


def test_an_engine_that_fails_in_its_first_step_is_a_row_with_the_reason(monkeypatch):
    def refuse(i):
        raise RuntimeError("Failed to find C compiler\nand more")

    monkeypatch.setattr(bench, "COPIED", {"cpu": 1000})
    monkeypatch.setattr(bench, "_cache", lambda device: 1000)
    monkeypatch.setattr(bench, "_engines", lambda device, sets: iter([("works", lambda i: None), ("does not", refuse)]))
    works, not_here = bench.measure("cpu", ONE, [(100,)], repeats=3)
    assert works.seconds
    assert not not_here.seconds
    assert not_here.why_not == "RuntimeError: Failed to find C compiler"
    assert "Failed to find C compiler" in bench.table([works, not_here])


def test_the_command_prints_every_engine_and_writes_every_figure(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(bench, "workloads", lambda device: {ONE: [(5000,)], LAYERS: transformer(8, 1, 50, 16)})
    monkeypatch.setattr(bench, "COPIED", {"cpu": 2**16, "cuda": 2**16})
    monkeypatch.setattr(bench, "_cache", lambda device: 2**18)
    rows = bench.main(["--device", DEVICE, "--json", str(tmp_path / "cost.json"), "--repeats", "3"])
    out = capsys.readouterr().out
    assert out.count("torch, fused  ") == 2
    found = json.loads((tmp_path / "cost.json").read_text(encoding="utf-8"))
    assert found["machine"]["versions"]["torch"] == torch.__version__
    assert len(rows) == len(found["rows"])
    assert {verdict for verdict, *_ in judged(DEVICE, rows)} == {"unmeasured"}
    for entry in found["rows"]:
        assert len(entry["seconds"]) == 3 or entry["why_not"]
        assert set(entry) == {field.name for field in dataclasses.fields(Row)}
    engines = [entry["engine"] for entry in found["rows"] if entry["workload"] == ONE]
    assert engines[-6:] == ["torch, loop", "torch, foreach", "torch, fused", "ours, loop", "ours, foreach", "ours, triton"]
    assert len(engines) == (10 if DEVICE == "cpu" else 6)


@pytest.mark.parametrize("defaults", [(torch.device("meta"), torch.float32), (None, torch.bfloat16)], ids=str)
def test_the_defaults_of_torch_change_no_tensor(monkeypatch, defaults):
    torch.set_default_device(defaults[0])
    torch.set_default_dtype(defaults[1])
    try:
        found = bench._tensors([(3,), (2, 2)], "cpu")
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
    assert {(t.device.type, t.dtype) for p in found for t in (p, p.grad)} == {("cpu", torch.float32)}


@pytest.mark.parametrize(("how", "message"), [({"repeats": 2.5}, r"repeats=2\.5"), ({"device": "tpu"}, "device='tpu': one of cpu, cuda")])
def test_bad_input_is_named_with_its_remedy(how, message):
    with pytest.raises(ValueError, match=message):
        bench.measure(**{"device": "cpu", "name": ONE, "shapes": [(10,)]} | how)


def test_the_stored_figures_can_be_read_and_judged():
    stored = recorded("bench_cpu.json")
    rows = [Row(**entry | {"seconds": tuple(entry["seconds"])}) for entry in stored["rows"]]
    assert "torch, fused" in table([row for row in rows if row.workload == ONE])
    assert [verdict for verdict, bar, _ in judged("cpu", rows) if bar.device == "cpu"] == ["PASS"] * 4


def test_a_gpu_that_is_not_there_is_said(monkeypatch, capsys):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(SystemExit):
        bench.main(["--device", "cuda"])
    assert "take --device cpu" in capsys.readouterr().err
