"""What each rule leaves of the two matrices of lesson 12 with every beta tuned alike, as recorded: the tables of its controls."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from lessonlib.lessons.lesson12 import ravine, records

__all__ = ["LOST", "REST", "SETTINGS", "SHOWN", "TAKEN", "TOLD", "UNITS", "WAYS", "Found", "best", "found", "rounded",
           "swing", "way_rows", "who_grows"]

FIRST, STRAIGHT, EQUAL, BOTH = SETTINGS = tuple(ravine.SETTINGS)
WAYS = ravine.WAYS
SHOWN = WAYS[:3]  # of the deeper table
UNITS = ("momentum", "Adam", "Muon")  # of the prediction of Part 3
REST = "Adam, one v for each matrix"
TOLD = {REST: "Adam, one v a matrix"}  # a rule of the record, and its shorter name in a table
TAKEN = ("without the factor", "with the exact factor", "without Nesterov")
LOST = 1e-30  # a share of the loss below which nothing but rounding is told


class Found(NamedTuple):
    """A row of the record: the share that a rule with its betas leaves at its best step size, and whether that lies inside."""

    left: float
    beta1: float
    beta2: float | None
    inside: bool


def found(rule: str, change: str = FIRST, way: str = WAYS[0], **betas: float) -> list[Found]:
    """Return the Found of a rule of apart.VERSIONS in one of SETTINGS and WAYS, those with these betas alone if some are given."""
    return [Found(row["left"], row["beta1"], row.get("beta2"), row["inside"]) for row in _record("runs")
            if (row["rule"], row["change"], row["way"]) == (rule, change, way) and all(row[name] == beta for name, beta in betas.items())]


def best(rule: str, change: str = FIRST, way: str = WAYS[0], **betas: float) -> Found:
    """Return the Found that leaves least, among those with these betas if some are given; of those below LOST, of the longest memories."""
    return min(found(rule, change, way, **betas), key=lambda one: (max(one.left, LOST), -one.beta1, -(one.beta2 or 0.0)))


def swing(rule: str) -> float:
    """Return the most that a rule at its best betas leaves of the first setting, over the least, where the targets are moved."""
    left = [row["left"] for row in _record("moved") if row["rule"] == rule]
    return max(left) / min(left)


def way_rows() -> list[list[Any]]:
    """Return a row for each of UNITS: its name, and what it leaves of the first setting under each of SHOWN."""
    return [[name, *(rounded(best(name, FIRST, way).left) for way in SHOWN)] for name in UNITS]


def who_grows(way: str) -> str:
    """Return whose share of the loss changes tenfold or more from a cosine to zero to another one of WAYS, in words."""
    return _tenfold({name: best(name, FIRST, way).left for name in UNITS})


def _tenfold(left: Mapping[str, float]) -> str:
    """Whose share lies tenfold or more from its own in the first setting, in words."""
    apart = {name: np.log10(max(best(name).left, LOST) / max(share, LOST)) for name, share in left.items()}
    return " and ".join(name for name, powers in apart.items() if abs(powers) >= 1) or "nobody"


def rounded(share: float) -> str:
    """Return a share to one digit, and of one below LOST only that.

    >>> rounded(2.39e-10), rounded(3e-42)
    ('2e-10', 'below 1e-30')
    """
    return f"{share:.0e}" if share > LOST else f"below {LOST:.0e}"


def _record(part: str) -> list[Mapping[str, Any]]:
    rows: list[Mapping[str, Any]] = records.from_record("after_betas.json")[part]
    return rows
