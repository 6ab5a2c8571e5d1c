"""The experiments of lesson 11, and what is drawn from recorded results."""
from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from play_laws import LAWS

from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import play

CASES = [  # the experiment, and settings that reach its goal
    (play.floor_of_a_machine, {"parameters": 7.3e9, "bandwidth": 3350.0}),
    (play.will_it_fit, {"parameters": 7.3e9, "ranks": 8, "card": 24}),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize(("make", "solution"), CASES, ids=lambda c: getattr(c, "__name__", ""))
def test_each_experiment_keeps_the_laws_of_play(law, make, solution):
    law(make, solution)


def test_the_floor_is_bytes_over_bandwidth():
    assert "56 ms" in play.floor_of_a_machine().alt(parameters=1e9, bandwidth=500.0)


def test_spread_over_all_the_formula_is_the_total_shared():
    for ranks in (1, 2, 8):
        assert sum(play.bytes_per_rank(1e6, ranks, 3).values()) == 16e6 / ranks
    with pytest.raises(ValueError, match="stage=4"):
        play.bytes_per_rank(1, 1, 4)


@pytest.mark.parametrize(("stage", "gigabytes"), [(0, 120.0), (1, 31.4), (2, 16.6), (3, 1.9)])
def test_the_stages_give_the_figures_of_the_zero_paper(stage, gigabytes):
    held = play.bytes_per_rank(7.5e9, 64, stage, weight=2, gradient=2, state=12)  # its figure 1
    assert sum(held.values()) / 1e9 == pytest.approx(gigabytes, abs=0.06)


def test_the_ladder_is_drawn_in_floors_without_the_engines_that_did_not_run():
    rows = [{"workload": "one", "engine": name, "parameters": 1, "copied_per_second": 56.0, "seconds": seconds}
            for name, seconds in (("ours, loop", [2.0, 1.0, 3.0]), ("torch, fused", [0.5]), ("ours, triton", []))]
    figure, ax = plt.subplots()
    play.ladder({"rows": rows}, "one", ax)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["torch, fused", "ours, loop"]
    assert [bar.get_width() for bar in ax.patches] == [1.0, 4.0]
    plt.close(figure)


def test_a_recorded_sweep_is_read_by_rule_and_a_diverged_training_is_inf():
    sweep = [{"rule": rule, "warmup": 5, "lr": lr, "seed": seed, "test": None if lr == 3.0 else seed + lr}
             for seed in (0, 1) for rule in ("adam", "momentum") for lr in (1.0, 3.0)]
    lrs, losses = play.seed_range(sweep, "momentum", 5)
    assert lrs.tolist() == [1.0, 3.0]
    assert losses.tolist() == [[1.0, np.inf], [2.0, np.inf]]
    assert play.best_of({"sweep": sweep}, "momentum", 5) == (1.0, 1.0, 2.0)


RECORD = {"size": {"layers": 4, "width": 128, "steps": 800, "warmup": 200}, "sweep": [  # made up, to try the drawing
    {"rule": "adamw", "warmup": warmup, "lr": lr, "seed": seed, "test": None if lr == 0.1 and not warmup else 2 + lr + seed / 10}
    for seed in (0, 1) for warmup in (0, 200) for lr in (0.01, 0.1)]}


def test_a_recorded_warm_up_sweep_is_drawn_and_diverged_runs_stand_at_the_ceiling():
    figure, ax = plt.subplots()
    play.warmup_basin(RECORD, ax)
    warm, cold = ax.lines
    assert warm.get_ydata().tolist() == pytest.approx([2.06, 2.15])
    assert cold.get_ydata().tolist() == pytest.approx([2.06, play.CEILING])
    plt.close(figure)


def test_what_the_lesson_says_of_the_recorded_ladder_is_so():
    bench = recorded("bench_cpu.json")
    one, many = ({row["engine"]: np.median(row["seconds"]) * row["copied_per_second"] / (28 * row["parameters"])
                  for row in bench["rows"] if row["workload"] == workload and row["seconds"]} for workload in ("one tensor", "1000 tensors of 1024"))
    assert one["torch, loop"] > one["torch, foreach"]  # "slower than its foreach even on one tensor"
    assert one["ours, loop"] == pytest.approx(one["ours, foreach"], rel=0.1)  # "tie there"
    assert min(many.values()) > 10  # "no engine comes near the floor"
    assert many["numpy, the rule as written"] < many["torch, loop"]  # "ahead of torch's loop"


def test_a_recorded_bench_is_told_in_floors():
    rows = [{"workload": "one tensor", "engine": "torch, fused", "parameters": 1000, "copied_per_second": 2e10,
             "seconds": [2.1e-6, 1.68e-6, 1.4e-6]}]
    told = play.in_words({"command": "bench", "machine": {"cpu": "a processor", "cores": 2, "versions": {"torch": "2"}, "load": [0.31, 0, 0]},
                            "rows": rows})
    assert told == ("Recorded by `bench` on a processor, 2 cores (20 GB/s, torch 2, load 0.3 at the start): 1,000 float32 parameters in one tensor, median and range "
                    "of 3 repeats, in floors: torch, fused 1.2 (1.0 to 1.5).")
