"""The experiments of lesson 11, and what is drawn from recorded results."""
from __future__ import annotations

import json
import platform
import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from play_laws import LAWS

from lessonlib import rules
from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import bench, cached, memory, opening, play, step, trainings
from lessonlib.pytorch.transformer import Transformer

CASES = [  # the experiment, and settings that reach its goal
    (opening.learns_to_write, {"step": 250}),
    (play.floor_of_a_machine, {"rule": "AdamW", "parameters": 3.3e8}),
    (play.will_it_fit, {"parameters": 7.3e9, "ranks": 8, "card": 24}),
]


def test_the_bars_of_the_cards_are_in_the_unit_of_their_sums_and_end_at_the_edge():
    for parameters, width in ((7e9, 28.0), (1e12, play.LARGEST)):  # four bytes each, on the first card of one
        artists = play.will_it_fit().scene().artists
        play.will_it_fit().update(artists, parameters=parameters, ranks=1, card=80)
        assert artists["parameters 0"].get_width() == pytest.approx(width)
        assert artists["card"].get_xdata()[0] == 80


def test_the_goal_asks_for_the_smallest_number_of_cards():
    met = play.will_it_fit().goal.met
    assert met(parameters=7e9, ranks=8, card=24)
    assert not any(met(parameters=7e9, ranks=ranks, card=24) for ranks in (1, 2, 4, 16, 64))
    assert not met(parameters=1e10, ranks=8, card=24)  # it fits there too, and another model was asked about


@pytest.mark.parametrize(("make", "solution"), CASES, ids=lambda c: getattr(c, "__name__", ""))
def test_no_stored_picture_shows_its_goal_reached(make, solution):
    experiment = make()
    assert not experiment.goal.met(**experiment.values(**experiment.shows))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize(("make", "solution"), CASES, ids=lambda c: getattr(c, "__name__", ""))
def test_each_experiment_keeps_the_laws_of_play(law, make, solution):
    law(make, solution)


def test_the_floor_is_bytes_over_bandwidth():
    assert "T4 88 ms" in play.floor_of_a_machine().alt(rule="AdamW", parameters=1e9)
    assert "T4 38 ms" in play.floor_of_a_machine().alt(rule="gradient descent", parameters=1e9)


def test_spread_over_all_the_formula_is_the_total_shared():
    for ranks in (1, 2, 8):
        assert sum(play.bytes_per_rank(1e6, ranks, 3).values()) == 16e6 / ranks
    with pytest.raises(ValueError, match="stage=4"):
        play.bytes_per_rank(1, 1, 4)


@pytest.mark.parametrize(("stage", "gigabytes"), [(0, 120.0), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_the_stages_give_the_figures_of_the_zero_paper(stage, gigabytes):
    held = play.bytes_per_rank(7.5e9, 64, stage, weight=2, gradient=2, state=12)  # its figure 1
    assert sum(held.values()) / 1e9 == pytest.approx(gigabytes, abs=0.06)


def test_the_ladder_is_drawn_in_the_order_given_without_the_engines_that_did_not_run():
    rows = [{"workload": "one", "engine": name, "parameters": 1, "copied_per_second": 56.0, "seconds": seconds}
            for name, seconds in (("ours, loop", [2.0, 1.0, 3.0]), ("torch, fused", [0.5]), ("ours, triton", []), ("torch, loop", [9.0]))]
    figure, ax = plt.subplots()
    told = play.ladder({"rows": rows}, "one", ax, ["torch, fused", "ours, triton", "ours, loop"], default="ours, loop")
    assert [label.get_text() for label in ax.get_yticklabels()] == ["torch, fused", "ours, loop,\nthe default"]
    assert [bar.get_width() for bar in ax.patches] == [1.0, 4.0]
    assert told == "torch, fused 1 times the floor, 500 ms; ours, loop 4 times the floor, 2e+03 ms"
    plt.close(figure)


def test_what_the_lesson_says_of_the_recorded_ladder_is_so():
    bench_cpu = recorded("bench_cpu.json")
    one, many = ({row["engine"]: np.median(row["seconds"]) * row["copied_per_second"] / (28 * row["parameters"])
                  for row in bench_cpu["rows"] if row["workload"] == workload and row["seconds"]} for workload in ("one tensor", "1000 tensors of 1024"))
    assert one["torch, loop"] > one["torch, foreach"]  # "slower than its foreach there too"
    assert min(many.values()) > 10  # "a thousand small ones do not"
    assert min(one.values()) == pytest.approx(1, abs=0.1)  # "one large tensor comes near the floor"
    assert many["numpy, the rule as written"] < many["torch, loop"]  # "ahead of PyTorch's loop"
    each = {(row["workload"], row["engine"]): np.median(row["seconds"]) / row["parameters"] for row in bench_cpu["rows"] if row["seconds"]}
    for name in (bench.IN_PLACE, bench.IN_BLOCKS, bench.BLOCKED, bench.LOOP, bench.FOREACH, bench.FUSED):
        assert each[bench.MANY, name] > 3 * each[bench.ONE, name], name  # "costs far more for each parameter on the right"
    assert each[bench.MANY, bench.AS_WRITTEN] == pytest.approx(each[bench.ONE, bench.AS_WRITTEN], rel=0.1)  # "the same on both"
    assert each[bench.ONE, bench.LOOP] / each[bench.ONE, bench.FUSED] == pytest.approx(6, abs=0.3)  # "on the large tensor six times"
    assert min(many[name] for name in (bench.IN_PLACE, bench.IN_BLOCKS, bench.BLOCKED)) > many[bench.AS_WRITTEN]  # "these three save nothing"
    steps = [one[name] for name in (bench.AS_WRITTEN, bench.IN_PLACE, bench.IN_BLOCKS, bench.BLOCKED, bench.FUSED)]
    assert steps == sorted(steps, reverse=True)  # "each save a part, and fused comes closest"
    times = {way: play.times_the_floor(bench_cpu, bench.LAYERS, way) for way in (bench.AS_WRITTEN, bench.LOOP, bench.FOREACH, bench.FUSED)}
    assert min(times, key=times.get) == bench.FUSED


def test_in_the_cache_fused_is_ahead_by_less_than_on_a_large_tensor():
    found = cached.nanoseconds(repeats=100)
    assert 1.3 < found[bench.LOOP] / found[bench.FUSED] < 4  # about 2
    with pytest.raises(ValueError, match="numbers=0"):
        cached.nanoseconds(0)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="KEEP speaks to the GNU C library")
def test_most_of_fuseds_lead_on_a_large_tensor_goes_when_freed_memory_is_kept():
    fresh, kept = (ask(10_000_000, repeats=4, steps=1) for ask in (cached.nanoseconds, cached.with_memory_kept))
    lead, left = (found[bench.LOOP] - found[bench.FUSED] for found in (fresh, kept))
    assert left < 0.6 * lead  # "most of its lead is the price of fresh memory"
    assert kept[bench.FUSED] == pytest.approx(fresh[bench.FUSED], rel=0.4)  # "it does not change"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="how memory is given back is the system's own")
def test_large_arrays_are_asked_for_again_at_each_step_but_not_by_fused():
    """In a process of its own, since one that has freed much before finds room without asking the system."""
    code = """
import json, resource, torch
from lessonlib.lessons.lesson11 import cached
pages = {}
for way, how in cached.WAYS.items():
    p = torch.nn.Parameter(torch.ones(10_000_000))
    p.grad = torch.ones_like(p)
    made = torch.optim.AdamW([p], **how)
    made.step()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    made.step()
    pages[way] = (resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) * resource.getpagesize() / 40e6
print(json.dumps(pages))
"""
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    pages = json.loads(told.splitlines()[-1])
    assert pages == pytest.approx({bench.LOOP: 2, bench.FOREACH: 1, bench.FUSED: 0}, abs=0.1)  # in arrays of the parameters' size


def test_panels_of_other_sizes_compare_on_one_log_axis(monkeypatch):
    shown = []
    monkeypatch.setattr(play, "show", lambda figure, words: shown.append((figure, words)))
    panels = [("cpu", bench.ONE), ("cpu", bench.MANY), ("cuda", bench.MANY)]
    play.show_ladder(panels, [bench.AS_WRITTEN, bench.LOOP, bench.FUSED], "a title", log=True)
    figure, words = shown[0]
    assert len({ax.get_xlim() for ax in figure.axes}) == 1
    assert [len(ax.get_yticklabels()) for ax in figure.axes] == [3, 3, 2]  # the GPU has no NumPy
    assert figure.axes[0].get_title().endswith("10 million parameters")
    assert figure.axes[0].get_xscale() == "log"  # the floor is a hundredth of the longest
    dots = [line.get_xdata()[0] for line in figure.axes[1].lines if line.get_marker() == "o"]
    assert dots == pytest.approx([play.times_the_floor(recorded("bench_cpu.json"), bench.MANY, way) for way in (bench.AS_WRITTEN, bench.LOOP, bench.FUSED)])
    assert "torch, fused 478 times the floor, 3.26 ms" in words


def test_what_the_lesson_says_of_calls_and_of_the_default_is_so():
    bench_cpu = recorded("bench_cpu.json")
    each = {(row["workload"], row["engine"]): 1e9 * np.median(row["seconds"]) / row["parameters"] for row in bench_cpu["rows"] if row["seconds"]}
    for way in (bench.LOOP, bench.FOREACH):
        assert each[bench.ONE, way] >= 0.99 * each[bench.LAYERS, way]  # "one large tensor takes as long for each number"
        assert each[bench.MANY, way] > 2 * each[bench.MANY, bench.FUSED]
        assert each[bench.MANY, way] > 2 * 2 * each[bench.LAYERS, way]  # "with a thousand small tensors they cost most"
    assert play.beyond(play.times_the_floor(bench_cpu, bench.LAYERS, bench.LOOP)) == "two to six times"
    assert play.times_the_floor(bench_cpu, bench.LAYERS, bench.FUSED) == pytest.approx(1.0, abs=0.1)  # "fused takes 1.0 times"
    assert each[bench.LAYERS, bench.AS_WRITTEN] > 2 * each[bench.LAYERS, bench.IN_PLACE]


def test_what_the_lesson_says_of_the_time_of_calls_is_so():
    model = list(Transformer(60, step.SIZES["cpu"]).parameters())
    size, small = step.SIZES["cpu"], trainings.SIZES["cpu"]
    assert (size.layers, size.width, size.context) == (4, 128, 64)  # what the prediction's text calls larger than Part 1's
    assert sum(p.numel() for p in Transformer(60, small).parameters()) < 30_000
    assert size.context > small.context
    assert (len(bench.transformer()), len(model), round(sum(p.numel() for p in model), -5)) == (148, 52, 800_000)  # as the text has them
    assert play.calls_ms(recorded("bench_cpu.json"), bench.LOOP, 148) == pytest.approx(3.1, abs=0.1)


def test_calls_cost_what_small_tensors_take_beyond_their_numbers():
    rows = [{"workload": bench.MANY, "engine": "a", "parameters": 100, "tensors": 10, "seconds": [0.5]},
            {"workload": bench.ONE, "engine": "a", "parameters": 1000, "tensors": 1, "seconds": [1.0]}]
    assert play.calls_ms({"rows": rows}, "a", 3) == pytest.approx(3 * 1e3 * (0.5 - 0.1) / 10)


def test_a_step_can_end_below_the_estimated_floor():
    bench_cpu = recorded("bench_cpu.json")
    assert 0.9 < play.times_the_floor(bench_cpu, bench.ONE, bench.FUSED) < 1  # "ends a little below the floor"


@pytest.mark.parametrize(("bytes_each", "gigabytes", "fits"), [(12, 84, False), (10, 70, True), (8, 56, True)])
def test_on_one_card_momentum_does_not_fit_and_a_smaller_state_does(bytes_each, gigabytes, fits):
    state = bytes_each - 8  # momentum's average, two averages of one byte, none on the card
    held = sum(play.bytes_per_rank(7e9, 1, 0, state=state).values()) / 1e9
    assert held == gigabytes
    assert (held <= 80) == fits


def test_a_t4_computes_a_dozen_operations_far_faster_than_its_memory_moves_a_step():
    operations = 12 / 8.1e12  # seconds for each parameter: float32 operations a second, by its data sheet
    assert 8.1e12 * 4 / (1e9 * play.MACHINES["T4"]) == pytest.approx(101, abs=1)  # "a hundred while its memory brings a single number"
    hard = 4 * operations  # half of that for plain ones, and a root and a division are many each
    assert play.floor_ms("adamw", 1, play.MACHINES["T4"]) / 1e3 > 10 * hard  # "many times faster"


def test_adamw_does_fewer_than_twenty_operations_for_each_parameter():
    class Counted(float):
        done = 0

    def counting(name):
        def made(self, *others):
            Counted.done += 1
            return Counted(getattr(float, name)(self, *map(float, others)))
        return made

    for name in ("add", "radd", "sub", "rsub", "mul", "rmul", "truediv", "rtruediv", "pow"):
        setattr(Counted, f"__{name}__", counting(f"__{name}__"))
    rules.adamw(Counted(1.0), Counted(0.5), rules.State(3, Counted(0.1), Counted(0.2)))
    assert 12 <= Counted.done < 20


def test_the_benchs_arrays_are_beside_the_cache_that_its_cpu_reports():
    found = recorded("bench_cpu.json")
    assert round(found["machine"]["cache_bytes"] / 1e6) == 503  # the fine print's
    each = 16 * next(row["parameters"] for row in found["rows"] if row["workload"] == bench.LAYERS)
    assert round(each / 1e6) == 243
    assert -(-min(2 * found["machine"]["cache_bytes"], bench.MOST) // each) == 2  # sets


def test_with_one_large_tensor_the_gpus_loop_is_far_nearer_to_the_floor_than_with_148():
    found = recorded("bench_cuda.json")
    one, many = (play.times_the_floor(found, workload, bench.LOOP) for workload in (bench.ONE, bench.LAYERS))
    assert (round(one, 1), round(many)) == (2.8, 13)
    assert {row["workload"]: (row["tensors"], row["parameters"] // 10**6) for row in found["rows"]} == {bench.ONE: (1, 100), bench.LAYERS: (148, 124), bench.MANY: (1000, 1)}


def test_what_the_lesson_says_of_the_recorded_parts_of_a_step_is_so():
    record = recorded("step_cpu.json")
    rows = [step.default_row(record, batch) for batch in step.BATCHES]
    optimizer, rest = [row["optimizer"] for row in rows], [row["forward"] + row["backward"] for row in rows]
    assert optimizer == sorted(optimizer)  # it does not stay the same
    fused = [next(row["optimizer"] for row in record["rows"] if (row["batch"], row["fused"]) == (batch, True)) for batch in step.BATCHES]
    assert fused == sorted(fused)  # "why it grows at all was not measured"
    assert max(optimizer[-1] / optimizer[0], fused[-1] / fused[0]) < 2  # "its time grows far less"
    assert rest[-1] / rest[0] == pytest.approx(8, abs=0.5)  # "eight times as long"
    shares = [step.share(row) for row in rows]
    assert shares == sorted(shares, reverse=True)
    assert max(shares) < 0.5  # "most of a step was forward and backward, at each of three batches"
    assert play.where(record).startswith("Recorded by `python -m lessonlib.lessons.lesson11.step --device cpu` on ")
    assert ". And with `--device cuda` on NVIDIA H200, 16 cores, " in play.where(record, recorded("step_cuda.json"))


def test_a_machine_that_nobody_recorded_has_no_panel_and_no_word(monkeypatch):
    shown = []
    monkeypatch.setattr(play, "show", lambda figure, words: shown.append((figure, words)))
    monkeypatch.setattr(step, "show", play.show)
    play.show_ladder([("cpu", bench.LAYERS), ("cuda", bench.LAYERS)], [bench.LOOP, bench.FUSED], "a title")
    step.show_parts()
    for (figure, words), name in zip(shown, ("bench", "step"), strict=True):
        missing = recorded(f"{name}_cuda.json") is None
        assert len(figure.axes) == 2 - missing
        assert ("GPU" in words) != missing
    assert "torch, loop 4.64 times the floor, 49.1 ms; torch, fused 1.02 times the floor, 10.8 ms" in shown[0][1]


def test_four_windows_start_as_many_operations_as_one():
    class Counted(torch.utils._python_dispatch.TorchDispatchMode):
        calls = 0

        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            self.calls += 1
            return func(*args, **(kwargs or {}))

    counts = []
    for batch in (1, 4):
        model, drawn = Transformer(60, trainings.SIZES["cpu"]), torch.zeros(batch, 32, dtype=torch.int64)
        with Counted() as counted:
            torch.nn.functional.cross_entropy(model(drawn).flatten(0, 1), drawn.flatten()).backward()
        counts.append(counted.calls)
    assert counts[0] == counts[1] > 50  # "four windows need no more launches than one"


def test_each_batch_has_a_bar_of_the_parts_of_a_step(monkeypatch):
    shown = []
    monkeypatch.setattr(step, "show", lambda figure, words: shown.append((figure, words)))
    step.show_parts()
    for ax, kind in zip(shown[0][0].axes, ("cpu", "cuda"), strict=True):
        rows = [step.default_row(recorded(f"step_{kind}.json"), batch) for batch in step.BATCHES]
        assert [bar.get_width() for bar in ax.patches] == pytest.approx([1e3 * row[part] for row in rows for part in step.PARTS])
        again = [row for row in recorded(f"step_{kind}.json")["rows"] if row["fused"] and row["type"] == "float32"]
        assert max(abs(row[part] - twice[part]) for row, twice in zip(rows, again, strict=True) for part in ("forward", "backward")) < 0.002
    assert "GPU, 4 windows: 11.4 ms, of which the optimizer 1.7 ms" in shown[0][1]


def test_what_the_lesson_says_of_the_recorded_gpu_is_so():
    record, ladder = recorded("step_cuda.json"), recorded("bench_cuda.json")
    assert record["machine"]["gpu"] == ladder["machine"]["gpu"] == "NVIDIA H200"
    for fused in (False, True):  # the same work, timed twice
        found = [row for row in record["rows"] if (row["fused"], row["type"]) == (fused, "float32")]
        rest = [row["forward"] + row["backward"] for row in sorted(found, key=lambda row: row["batch"])]
        assert rest[1] <= rest[0] * 1.02  # "for four no longer"
        assert 1.7 < rest[2] / rest[0] < 2.3  # "about twice as long"
    assert max(step.share(step.default_row(record, batch)) for batch in step.BATCHES) < 0.2  # most of a step is forward and backward
    half = [step.in_both_types(record, batch)[1][1] for batch in step.BATCHES]
    assert max(half) / min(half) < 1.2  # sixteen times the work in about the same time
    loop = 1e3 * next(np.median(row["seconds"]) for row in ladder["rows"] if (row["workload"], row["engine"]) == (bench.LAYERS, bench.LOOP))
    assert play.calls_ms(ladder, bench.LOOP, 148) > 0.9 * loop  # "nearly all of the loop's time is Python and its launches"
    times = {way: play.times_the_floor(ladder, bench.LAYERS, way) for way in (bench.LOOP, bench.FOREACH, bench.FUSED)}
    assert times[bench.LOOP] > 10 > 5 > times[bench.FOREACH] > 3 > 1.5 > times[bench.FUSED] > 1
    assert play.times_the_floor(ladder, bench.MANY, bench.FUSED) > 100  # "only where the tensors are large"
    assert play.calls_ms(ladder, bench.FUSED, 1000) > 2  # "with small ones it takes longer to prepare the call than to compute"
    each = {(row["workload"], row["engine"]): np.median(row["seconds"]) for row in ladder["rows"] if row["seconds"]}
    many = {engine: seconds for (workload, engine), seconds in each.items() if workload == bench.MANY and engine != "ours, loop"}
    assert max(many, key=many.get) == bench.LOOP
    assert many[bench.LOOP] > 5 * many[bench.FOREACH]  # "last by far"
    assert each[bench.ONE, bench.FOREACH] > each[bench.ONE, bench.LOOP]  # "foreach is behind the loop there"
    for workload in (bench.ONE, bench.MANY):
        assert each[workload, bench.FOREACH] / each[workload, bench.FUSED] == pytest.approx(3, abs=0.35)  # "about three times as long as fused on both"
    assert play.calls_ms(ladder, bench.LOOP, 1000) == pytest.approx(74, abs=1)
    assert play.times_the_floor(ladder, bench.MANY, bench.TRITON) > 300  # "launches are not what is left"
    assert each[bench.ONE, bench.TRITON] < each[bench.ONE, bench.FUSED]
    assert record["bytes for a moment"] == pytest.approx(
        {name: memory.first_steps(make)["extra"] for name, make in memory.ADAMWS.items()}, abs=0.05)  # "what was counted here"


def test_the_bandwidths_told_are_those_of_which_the_ladders_floors_are_made():
    for name in ("bench_cpu.json", "bench_cuda.json"):
        found = recorded(name)
        row = next(row for row in found["rows"] if (row["workload"], row["engine"]) == (bench.LAYERS, bench.FUSED))
        told = float(play.copied(found).removesuffix(" GB a second").replace(",", "")) * 1e9
        floor = play.STEP_BYTES["adamw"] * row["parameters"] / told
        assert np.median(row["seconds"]) / floor == pytest.approx(play.times_the_floor(found, bench.LAYERS, bench.FUSED), rel=0.1)
    made = {"rows": [{"workload": name, "copied_per_second": speed} for name, speed in ((bench.LAYERS, 4.21e12), (bench.ONE, 1e9), (bench.MANY, 1e9))]}
    assert play.copied(made, made) == "4,200 and 4,200 GB a second"
