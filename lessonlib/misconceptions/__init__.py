"""The classic wrong versions of each rule: tables of programs that run, each with a question that leads on."""
from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import combinations
from typing import Any

from lessonlib.misconceptions.classic import CLASSIC
from lessonlib.misconceptions.newer import NEWER
from lessonlib.misconceptions.pieces import RIGHT, Misconception
from lessonlib.signature import name_of

__all__ = ["MISCONCEPTIONS", "Misconception", "of", "pairs"]

MISCONCEPTIONS = (*CLASSIC, *NEWER)


def of(rule: Callable[..., Any] | str) -> tuple[Misconception, ...]:
    """Return the misconceptions of a rule, given as a function (a functools.partial too) or a name.

    Raises ValueError for a rule without any.

    >>> [m.name for m in of("adam")][:2]
    ['no bias correction', 'bias correction of m only']
    """
    name = name_of(rule)
    found = tuple(m for m in MISCONCEPTIONS if m.rule == name)
    if not found:
        raise ValueError(f"rule={name!r} has no misconceptions; these have: {', '.join(RIGHT)}")
    return found


def pairs(rule: Callable[..., Any] | str) -> list[tuple[Misconception, Misconception, Callable[..., Any]]]:
    """Return (one, another, both at once) for each two slips that replace different pieces of a rule, as bound as it is."""
    rows = [m for m in MISCONCEPTIONS if m.rule == name_of(rule)]
    both = [(a, b, Misconception(f"{a.name}; {b.name}", a.rule, f"{a.hint} {b.hint}", a.pieces | b.pieces))
            for a, b in combinations(rows, 2) if not set(a.pieces) & set(b.pieces)]
    return [(a, b, partial(m, **rule.keywords) if isinstance(rule, partial) else m) for a, b, m in both]
