"""AdamW on one tensor so small that it stays in the cache: what is left of a way's lead where memory has no part in it."""
from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import torch

from lessonlib.lessons.lesson11.bench import FOREACH, FUSED, LOOP
from lessonlib.signature import whole_number

__all__ = ["NUMBERS", "WAYS", "nanoseconds"]

NUMBERS = 60_000  # four float32 arrays of them take about one megabyte
WAYS: Mapping[str, dict[str, Any]] = {LOOP: {"foreach": False}, FOREACH: {"foreach": True}, FUSED: {"fused": True}}


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
