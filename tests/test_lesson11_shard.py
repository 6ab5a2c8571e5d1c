"""AdamW on parameters spread over two processes: the same result, a share of the memory, and a checkpoint that resumes exactly."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lessonlib.lessons.lesson11 import shard
from lessonlib.lessons.lesson11.play import bytes_per_rank


@pytest.fixture(scope="module")
def measured():
    if sys.platform == "win32" or not shard.dist.is_available():
        pytest.skip("torch.distributed's gloo was tried on Linux only")
    return shard.launch(2)


@pytest.mark.parametrize("stage", shard.STAGES)
def test_spread_over_two_processes_it_trains_as_in_one(measured, stage):
    assert measured["apart"][str(stage)] < 1e-11


@pytest.mark.parametrize("stage", shard.STAGES)
def test_each_process_holds_what_the_formula_says(measured, stage):
    wanted = bytes_per_rank(measured["parameters"], 2, stage)
    for rank in measured["bytes"][str(stage)]:
        assert rank == pytest.approx(wanted, rel=0.02)  # tensors are not always cut into equal halves


def test_after_the_step_stage_2_keeps_only_its_own_part_of_the_parameters(measured):
    each = {stage: measured["after"][str(stage)][0] / measured["parameters"] for stage in shard.STAGES}
    assert each == pytest.approx({0: 4, 1: 4, 2: 2, 3: 2}, rel=0.02)


def test_resumed_from_a_checkpoint_it_goes_on_bit_for_bit(measured):
    assert measured["resumed equal"]


def test_the_table_says_all_of_it(measured):
    lines = shard.table(measured).splitlines()
    assert [line.split()[0] for line in lines[2:6]] == ["0", "1", "2", "3"]
    assert lines[4].split() == ["2", "6.00", "2.00", "4.00", "True"]  # the gathered parameters lie beside its own part
    assert lines[5].split() == ["3", "2.00", "2.00", "4.00", "True"]


def in_place_of_the_processes(monkeypatch, code):
    """Let `launch` start this code, which finds its number as the last argument; return the list of what was started, which it fills."""
    started, popen = [], subprocess.Popen

    def start(command, **how):
        started.append((popen([sys.executable, "-c", code, command[-1]], **how), how["env"]))
        return started[-1][0]

    monkeypatch.setattr(shard.subprocess, "Popen", start)
    return started


def test_where_one_process_fails_it_says_so_and_stops_the_other(monkeypatch):
    code = "import sys, time; sys.argv[1] == '1' and sys.exit('no network here'); time.sleep(60)"
    started = in_place_of_the_processes(monkeypatch, code)
    with pytest.raises(RuntimeError, match="ended with 1: no network here"):
        shard.launch(2)
    assert [process.returncode for process, _ in started][1] == 1
    assert started[0][0].returncode not in (None, 0)


@pytest.mark.parametrize(("processes", "message"), [(3, "processes=3: must divide the batch of 8"), (0, "processes=0"), (None, "processes=None")])
def test_processes_that_cannot_share_the_batch_are_refused(processes, message):
    with pytest.raises(ValueError, match=message):
        shard.launch(processes)


def test_the_processes_find_the_library_that_started_them_and_end_with_their_time(monkeypatch):
    started = in_place_of_the_processes(monkeypatch, "import time; time.sleep(60)")
    with pytest.raises(RuntimeError, match=r"the 2 processes did not finish in 0\.1 s"):
        shard.launch(2, timeout=0.1)
    assert all(process.returncode for process, _ in started)
    assert (Path(started[0][1]["PYTHONPATH"].split(os.pathsep)[0]) / "lessonlib" / "rules.py").exists()
