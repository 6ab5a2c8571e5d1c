"""What each line of Muon does for the two matrices of lesson 12, and what Adam's memory does: the tables of its controls."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lessonlib.lessons.lesson12 import ravine
from lessonlib.lessons.lesson12.apart import BETA1S, BETA2S, VERSIONS
from lessonlib.rules import State

__all__ = ["ALIKE", "BETA1S", "ENDS", "best_beta1", "left_by", "memories", "versions", "who_ends_lower"]

TURNED, STRAIGHT = "as in the picture", "not turned"
ALIKE = "both within a factor of two"
OWN = 0.95  # Muon's beta1 in torch
ENDS = ["with the factor", "without the factor", ALIKE]


def versions() -> list[list[Any]]:
    """Return a row for each of VERSIONS: its name, and the share of the loss that it leaves at each beta1 of BETA1S."""
    return [[name, *(ravine.left(f"{name} {beta1:g}", TURNED) for beta1 in BETA1S)] for name in VERSIONS]


def memories() -> list[list[Any]]:
    """Return a row for Adam at each beta2, for Adam with one v for a matrix at the longest and the shortest memory, and for Muon at its
    own beta1 and at its best: what is left with turned inputs, and along the axes."""
    named = {f"Adam, beta2 {beta2:g}": f"Adam {beta2:g}" for beta2 in BETA2S}
    named |= {f"Adam, beta2 {beta2:g}, one v": f"one v {beta2:g}" for beta2 in (BETA2S[0], BETA2S[-1])}
    named |= {f"Muon, beta1 {beta1:g}": f"Muon {beta1:g}" for beta1 in (OWN, best_beta1("Muon"))}
    return [[name, ravine.left(rule, TURNED), ravine.left(rule, STRAIGHT)] for name, rule in named.items()]


def best_beta1(name: str) -> float:
    """Return the beta1 of BETA1S at which one of VERSIONS leaves least of the turned matrices."""
    return min(BETA1S, key=lambda beta1: ravine.left(f"{name} {beta1:g}", TURNED))


def who_ends_lower(beta1: float = OWN) -> str:
    """Return which of ENDS is so: whether Muon leaves less with its factor or without it, at this beta1."""
    apart = ravine.left(f"without the factor {beta1:g}", TURNED) / ravine.left(f"Muon {beta1:g}", TURNED)
    return ALIKE if 0.5 <= apart <= 2 else ENDS[0] if apart > 1 else ENDS[1]


def left_by(rule: Callable[..., Any], *, lr: float, beta1: float = 0.95) -> float:
    """Return the share of the loss of the first matrix that a rule with Muon's arguments leaves, from 0, without decay, along a cosine."""
    w, x = ravine.targets(0, turned=True), ravine.inputs(0, turned=True)
    theta, s = np.zeros_like(w), State()
    for t in range(ravine.STEPS):
        now = lr * (1 + np.cos(np.pi * t / ravine.STEPS)) / 2
        theta, s = rule(theta, (theta - w) @ x @ x.T, s, lr=now, beta1=beta1, weight_decay=0.0)
    return float(ravine.loss(theta - w, x @ x.T) / ravine.loss(w, x @ x.T))
