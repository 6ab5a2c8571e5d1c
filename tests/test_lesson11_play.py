"""The experiments of lesson 11, and what is drawn from recorded results."""
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from play_laws import LAWS

from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import bench, opening, play, step

CASES = [  # the experiment, and settings that reach its goal
    (opening.learns_to_write, opening.learns_to_write().shows),
    (play.floor_of_a_machine, {"rule": "AdamW", "parameters": 3.3e8}),
    (play.will_it_fit, {"parameters": 7.3e9, "ranks": 8, "card": 24}),
]


def test_the_goal_asks_for_the_smallest_number_of_processes():
    met = play.will_it_fit().goal.met
    assert met(parameters=7e9, ranks=8, card=24)
    assert not any(met(parameters=7e9, ranks=ranks, card=24) for ranks in (1, 2, 4, 16, 64))


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
    play.ladder({"rows": rows}, "one", ax, ["torch, fused", "ours, triton", "ours, loop"])
    assert [label.get_text() for label in ax.get_yticklabels()] == ["torch, fused", "ours, loop"]
    assert [bar.get_width() for bar in ax.patches] == [500.0, 2000.0]
    assert play.fastest({"rows": rows}, "one", ["torch, loop", "ours, loop"]) == "ours, loop"
    plt.close(figure)


def test_what_the_lesson_says_of_the_recorded_ladder_is_so():
    bench_cpu = recorded("bench_cpu.json")
    one, many = ({row["engine"]: np.median(row["seconds"]) * row["copied_per_second"] / (28 * row["parameters"])
                  for row in bench_cpu["rows"] if row["workload"] == workload and row["seconds"]} for workload in ("one tensor", "1000 tensors of 1024"))
    assert one["torch, loop"] > one["torch, foreach"]  # "slower than its foreach even on one tensor"
    assert one["ours, loop"] == pytest.approx(one["ours, foreach"], rel=0.1)  # "tie there"
    assert min(many.values()) > 10  # "no engine comes near the floor"
    assert many["numpy, the rule as written"] < many["torch, loop"]  # "ahead of PyTorch's loop"
    steps = [one[name] for name in (bench.AS_WRITTEN, bench.IN_PLACE, bench.IN_BLOCKS, bench.BLOCKED, bench.FUSED)]
    assert steps == sorted(steps, reverse=True)  # "each save a part, and fused comes closest"
    assert play.fastest(bench_cpu, bench.LAYERS, [bench.AS_WRITTEN, bench.LOOP, bench.FOREACH, bench.FUSED]) == bench.FUSED


def test_what_the_lesson_says_of_the_recorded_parts_of_a_step_is_so():
    record = recorded("step_cpu.json")
    rows = [step.default_row(record, batch) for batch in step.BATCHES]
    optimizer, whole = [row["optimizer"] for row in rows], [row["forward"] + row["backward"] for row in rows]
    assert max(optimizer) < 1.5 * min(optimizer)  # "the same work whatever the batch is"
    assert whole == sorted(whole)
    assert whole[-1] > 5 * whole[0]
    shares = [step.share(row) for row in rows]
    assert shares == sorted(shares, reverse=True)
    assert play.where(record).startswith("Recorded by `python -m lessonlib.lessons.lesson11.step --device cpu` on ")


def test_a_machine_that_nobody_recorded_has_a_line_and_no_panel(monkeypatch):
    shown = []
    monkeypatch.setattr(play, "show", lambda figure, words: shown.append((figure, words)))
    monkeypatch.setattr(step, "show", play.show)
    play.show_ladder([bench.LAYERS], [bench.LOOP, bench.FUSED])
    step.show_parts()
    for (figure, words), name in zip(shown, ("bench", "step"), strict=True):
        missing = recorded(f"{name}_cuda.json") is None
        assert len(figure.axes) == 2 - missing
        assert ("GPU: not recorded yet" in words) == missing
