"""What authoring/record_after_deeper.py recorded for lesson 12's deeper notebook, and a best step size among what was swept."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from lessonlib.data import recorded

__all__ = ["ABOVE", "BELOW", "TIED", "Best", "best", "compared", "from_record"]

Array = np.ndarray[Any, Any]
BELOW, TIED, ABOVE = "lower for every pair of seeds", "the seeds overlap", "higher for every pair of seeds"


class Best(NamedTuple):
    """The best of a sweep: its step size, what came of it by seed (seeds, ...), its median, and whether it lies inside of the sweep."""

    lr: float
    found: Array
    median: float
    inside: bool


@cache
def from_record(name: str = "after_deeper_cpu.json") -> Mapping[str, Any]:
    """Return a record of lesson 12, the deeper notebook's if none is named."""
    found = recorded(name)
    assert found is not None
    return found


def best(rows: list[Mapping[str, Any]], result: str, by: Callable[[Array], Any] = np.median) -> Best:
    """Return the Best among rows with an lr, a seed and a result, a number or a list whose last counts; by: of the seeds, least is best."""
    swept: dict[float, list[Any]] = {}
    for row in rows:
        swept.setdefault(row["lr"], []).append(np.array(row[result], float))  # None becomes nan
    found = {lr: np.nan_to_num(np.stack(each), nan=np.inf) for lr, each in sorted(swept.items())}
    ends = {lr: each[..., -1] if each.ndim > 1 else each for lr, each in found.items()}
    lr = min(ends, key=lambda each: float(by(ends[each])))
    return Best(lr, found[lr], float(np.median(ends[lr])), min(found) < lr < max(found))


def compared(one: Array, other: Array) -> str:
    """Return BELOW where the first is lower for every pair of seeds, ABOVE where it is higher, else TIED.

    >>> compared(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    'lower for every pair of seeds'
    """
    return BELOW if one.max() < other.min() else ABOVE if one.min() > other.max() else TIED
