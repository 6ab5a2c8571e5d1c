"""What each rule leaves of the two matrices of lesson 12 with every beta tuned alike, as recorded: the tables of its controls."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from lessonlib.lessons.lesson12 import ravine, records
from lessonlib.lessons.lesson12.apart import BETA1S, BETA2S
from lessonlib.rules import State

__all__ = ["ALIKE", "ENDS", "HEADER", "OWN", "REST", "TAKEN", "UNITS", "Found", "apart_rows", "best", "found", "left_by", "order",
           "unit_rows", "who_ends_lower", "who_notices"]

TURNED, STRAIGHT, EQUAL = ravine.CHANGES
UNITS = ("momentum", "Adam", "Muon")  # of the predictions of Part 1
REST = "Adam, one v for each matrix"
TAKEN = ("Muon", "without the factor", "with the exact factor", "without Nesterov")
ALIKE = "both within a factor of two"
# what is said below twice a power of ten, and from there on
ORDERS = {1: ("about ten times", "tens of times"), 2: ("about a hundred times", "hundreds of times"),
          5: ("about a hundred thousand times", "hundreds of thousands of times")}
OWN = 0.95  # Muon's beta1 in torch
ENDS = ["with the factor", "without the factor", ALIKE]


HEADER = ["optimizer", f"beta1 {BETA1S[0]:g}", *(f"{beta1:g}" for beta1 in BETA1S[1:]), "best"]  # of apart_rows


class Found(NamedTuple):
    """A row of the record: the share that a rule with its betas leaves at its best step size, and whether that lies inside."""

    left: float
    beta1: float
    beta2: float | None
    inside: bool


def found(rule: str, change: str = TURNED, **betas: float) -> list[Found]:
    """Return the Found of a rule of apart.VERSIONS under one of ravine.CHANGES, those with these betas alone if some are given."""
    rows: list[Mapping[str, Any]] = records.from_record("after_betas.json")["runs"]
    return [Found(row["left"], row["beta1"], row.get("beta2"), row["inside"]) for row in rows
            if (row["rule"], row["change"]) == (rule, change) and all(row[name] == beta for name, beta in betas.items())]


def best(rule: str, change: str = TURNED, **betas: float) -> Found:
    """Return the Found that leaves least, among those with these betas if some are given."""
    return min(found(rule, change, **betas))


def unit_rows() -> list[list[Any]]:
    """Return a row for each of UNITS and for REST: its name, and what it leaves under each of ravine.CHANGES with the best of its betas."""
    return [[name, *(_told(best(name, change).left) for change in ravine.CHANGES)] for name in (*UNITS, REST)]


def apart_rows() -> list[list[Any]]:
    """Return a row for each rule, turned: what it leaves at each beta1 of BETA1S, Adam with the best beta2 and at its default, and the
    least of the row; under HEADER."""
    rows: list[tuple[str, str, dict[str, float]]] = [(name, name, {}) for name in TAKEN]
    rows += [("Adam, best beta2", "Adam", {}), (f"Adam, beta2 {BETA2S[0]:g}", "Adam", {"beta2": BETA2S[0]}), ("momentum", "momentum", {})]
    return [[told, *(best(rule, TURNED, beta1=beta1, **betas).left for beta1 in BETA1S), best(rule, TURNED, **betas).left]
            for told, rule, betas in rows]


def order(more: str, less: str, **betas: float) -> str:
    """Return how many times as much of the turned matrices one rule leaves as another, in words: each with the best of its betas, the first
    one among those with these betas if some are given, and so the second too if both are forms of Muon.

    Where Muon ends swings with its step size, so more digits of the quotient would say nothing.
    """
    alike = betas if {more, less} <= set(TAKEN) else {}
    times = best(more, TURNED, **betas).left / best(less, TURNED, **alike).left
    power = int(np.log10(times))
    return ORDERS[power][times >= 2 * 10**power]


def who_notices(change: str) -> str:
    """Return whose share of the loss changes tenfold or more under one of ravine.CHANGES, in words."""
    least = np.finfo(float).tiny
    apart = {name: np.log10(max(best(name).left, least) / max(best(name, change).left, least)) for name in UNITS}
    return " and ".join(name for name, powers in apart.items() if abs(powers) >= 1) or "nobody"


def who_ends_lower(beta1: float = OWN) -> str:
    """Return which of ENDS is so: whether Muon leaves less with its factor or without it, at this beta1."""
    apart = best("without the factor", beta1=beta1).left / best("Muon", beta1=beta1).left
    return ALIKE if 0.5 <= apart <= 2 else ENDS[0] if apart > 1 else ENDS[1]


def left_by(rule: Callable[..., Any], *, lr: float, beta1: float = OWN) -> float:
    """Return the share of the loss of the first matrix that a rule with Muon's arguments leaves, from 0, without decay, along a cosine."""
    w, x = ravine.targets(0, turned=True), ravine.inputs(0, turned=True)
    theta, s = np.zeros_like(w), State()
    for t in range(ravine.STEPS):
        now = lr * (1 + np.cos(np.pi * t / ravine.STEPS)) / 2
        theta, s = rule(theta, (theta - w) @ x @ x.T, s, lr=now, beta1=beta1, weight_decay=0.0)
    return float(ravine.loss(theta - w, x @ x.T) / ravine.loss(w, x @ x.T))


def _told(share: float) -> float | str:
    """A share for the table; one that is too small for a float is 0, and is written so."""
    return share or "0"
