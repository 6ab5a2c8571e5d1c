"""Rules written as named pieces, computed in order, so that a wrong version is the right one with a piece or two replaced.

`a` holds what is known so far: the inputs (a.theta, a.g, a.s, and a.raw, the gradient as it came), the hyperparameters (a.lr, ...) and
the pieces computed before.
"""
from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from lessonlib import rules
from lessonlib.rules import State, orthogonal
from lessonlib.signature import MISSING, require, takes

__all__ = ["ADAM", "RIGHT", "SHAPES", "Misconception", "Piece", "wrong"]

Piece = Callable[[SimpleNamespace], Any]

_MOMENTS: dict[str, Piece] = {
    "t": lambda a: a.s.t + 1,
    "g": lambda a: a.g,
    "m": lambda a: a.beta1 * a.s.m + (1 - a.beta1) * a.g,
    "v": lambda a: a.beta2 * a.s.v + (1 - a.beta2) * a.g**2,
}
ADAM: dict[str, Piece] = _MOMENTS | {
    "m_hat": lambda a: a.m / (1 - a.beta1**a.t),
    "v_hat": lambda a: a.v / (1 - a.beta2**a.t),
    "step": lambda a: a.m_hat / (a.v_hat**0.5 + a.eps),
    "new": lambda a: a.theta - a.lr * a.step,
    "state": lambda a: State(a.t, a.m, a.v),
}
RIGHT: dict[str, dict[str, Piece]] = {
    "sgd": {"g": lambda a: a.g, "t": lambda a: a.s.t + 1, "m": lambda a: a.s.m, "new": lambda a: a.theta - a.lr * a.g,
            "state": lambda a: State(a.t, a.m)},
    "momentum": {"g": lambda a: a.g, "t": lambda a: a.s.t + 1, "m": _MOMENTS["m"], "step": lambda a: a.m,
                 "new": lambda a: a.theta - a.lr * a.step, "state": lambda a: State(a.t, a.m)},
    "rmsprop": {"g": lambda a: a.g, "t": lambda a: a.s.t + 1, "m": lambda a: a.s.m, "v": _MOMENTS["v"],
                "step": lambda a: a.g / (a.v**0.5 + a.eps), "new": lambda a: a.theta - a.lr * a.step,
                "state": lambda a: State(a.t, a.m, a.v)},
    "adam": ADAM,
    "adam_l2": ADAM | {"g": lambda a: a.g + a.weight_decay * a.theta},
    "adamw": ADAM | {"new": lambda a: a.theta - a.lr * a.weight_decay * a.theta - a.lr * a.step},
    "lion": {"g": lambda a: a.g, "t": lambda a: a.s.t + 1, "c": lambda a: a.beta1 * a.s.m + (1 - a.beta1) * a.g,
             "m": lambda a: a.beta2 * a.s.m + (1 - a.beta2) * a.g, "step": lambda a: a.c / (abs(a.c) + (a.c == 0)),
             "new": lambda a: a.theta - a.lr * a.weight_decay * a.theta - a.lr * a.step, "state": lambda a: State(a.t, a.m)},
    "muon": {"g": lambda a: a.g, "t": lambda a: a.s.t + 1, "m": _MOMENTS["m"], "ahead": lambda a: a.beta1 * a.m + (1 - a.beta1) * a.g,
             "factor": lambda a: orthogonal(a.ahead), "stretch": lambda a: max(1.0, a.theta.shape[-2] / a.theta.shape[-1]) ** 0.5,
             "step": lambda a: a.stretch * a.factor,
             "new": lambda a: a.theta - a.lr * a.weight_decay * a.theta - a.lr * a.step, "state": lambda a: State(a.t, a.m)},
}
SHAPES: dict[str, tuple[tuple[int, ...], ...]] = {  # of what a rule is tried on, if not five numbers
    "lion": ((40,),) * 3,  # a sign hides most slips from most numbers
    "muon": ((4, 2), (2, 3), (3, 3)),
}


@dataclass(frozen=True)
class Misconception:
    """A wrong version of a rule: its name, the name of the rule, a question as a hint, and the pieces it replaces.

    Call it as the rule: m(theta, g, State(...), lr=0.1) -> (theta, State); it has the rule's signature, defaults included.
    """

    name: str
    rule: str
    hint: str
    pieces: dict[str, Piece] = field(repr=False, hash=False)
    defaults: dict[str, Any] = field(init=False, repr=False, hash=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "__signature__", inspect.signature(getattr(rules, self.rule)))
        object.__setattr__(self, "defaults", takes(getattr(rules, self.rule)))

    def __call__(self, theta: Any, g: Any, s: State, **hyper: Any) -> tuple[Any, State]:
        if not {n for n, default in self.defaults.items() if default is MISSING} <= set(hyper) <= set(self.defaults):
            require(getattr(rules, self.rule), hyper)
        a = SimpleNamespace(theta=theta, **self.defaults)
        a.__dict__.update(hyper, g=g, raw=g, s=s)
        for name, piece in (RIGHT[self.rule] | self.pieces).items():
            setattr(a, name, piece(a))
        return a.new, a.state


def wrong(rule: str, name: str, hint: str, **pieces: Piece) -> Misconception:
    """Return the misconception of a rule that replaces these pieces. Raises ValueError for a piece that the rule has not."""
    unknown = set(pieces) - set(RIGHT[rule])
    if unknown:
        raise ValueError(f"pieces={unknown}: {rule} is made of {', '.join(RIGHT[rule])}")
    return Misconception(name, rule, hint, pieces)
