"""AdamW on one tensor that stays in the cache or does not: what of a way's lead is memory, and what of that is fresh memory."""
from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from lessonlib.lessons.lesson11.bench import FOREACH, FUSED, LOOP
from lessonlib.signature import whole_number

__all__ = ["KEEP", "NUMBERS", "WAYS", "nanoseconds", "with_memory_kept"]

NUMBERS = 60_000  # four float32 arrays of them take about one megabyte
WAYS: Mapping[str, dict[str, Any]] = {LOOP: {"foreach": False}, FOREACH: {"foreach": True}, FUSED: {"fused": True}}
KEEP = {"MALLOC_MMAP_MAX_": "0", "MALLOC_TRIM_THRESHOLD_": "2000000000"}  # the GNU C library then gives nothing back to the system


def nanoseconds(numbers: int = NUMBERS, *, repeats: int = 300, steps: int = 10) -> dict[str, float]:
    """Return the ns for each parameter of a step of torch's AdamW on the CPU, by way: the lowest of `repeats`, which take
    turns, so that a program beside it disturbs none of them alone.

    Raises ValueError for less than one number, repeat or step.
    """
    numbers, repeats = whole_number("numbers", numbers, least=1), whole_number("repeats", repeats, least=1)
    steps, made = whole_number("steps", steps, least=1), {}
    for way, how in WAYS.items():
        p = torch.nn.Parameter(torch.ones(numbers, device="cpu", dtype=torch.float32))
        p.grad = torch.ones_like(p)
        made[way] = torch.optim.AdamW([p], **how)
        made[way].step()
    taken: dict[str, list[float]] = {way: [] for way in made}
    for _ in range(repeats):
        for way, optimizer in made.items():
            started = time.perf_counter()
            for _ in range(steps):
                optimizer.step()
            taken[way].append((time.perf_counter() - started) / steps)
    return {way: 1e9 * min(each) / numbers for way, each in taken.items()}


def with_memory_kept(numbers: int, *, repeats: int, steps: int) -> dict[str, float]:
    """Return what `nanoseconds` does in a process that keeps the arrays which it has freed (on Linux; elsewhere KEEP changes nothing)."""
    code = (f"import json, torch; from {__name__} import nanoseconds; torch.set_num_threads({torch.get_num_threads()});"
            f"print(json.dumps(nanoseconds({numbers}, repeats={repeats}, steps={steps})))")
    path = os.pathsep.join(filter(None, [str(Path(__file__).resolve().parents[3]), os.environ.get("PYTHONPATH", "")]))
    environment = os.environ | KEEP | {"PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found
