"""The judge of a protocol in lesson 12: it asks how both rules are treated before anything is seen, and then says what came of it."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from math import comb
from typing import Any

import numpy as np

from lessonlib.attempts import Stop
from lessonlib.checks import Verdict, judge
from lessonlib.lessons.answers import choice, number
from lessonlib.lessons.lesson12 import text

__all__ = ["BESIDE", "PAID", "judge_protocol", "recorded"]

Lists = Mapping[str, Sequence[float]]  # the step sizes of each rule
RULES = {"AdamW": "adamw", "Muon": "muon"}
ENTRIES = (*RULES, "seeds", "then")
PAID = 12  # trainings that may be planned for each rule: a step size of the matrices with one seed is one
BESIDE = {  # what to do where a recorded step size beside a best one was not tried, and what to ask whoever should not
    "stop": "It could stop beside a better one.\nIf a neighbour of the best was never tried, how would you know which is better?",
    "try it": "Not alike in the end.\nAn optimizer whose list goes on then tries more step sizes than the other. How do both get as many?",
    "try it for both": ""}
LEAST = 3  # step sizes, so that one can lie inside
WIDEST = 3.2  # times, the root of ten: how far a step size may be from the next one on a list
ALIKE = 1.5  # times: how far apart two lists' spans, and their widest gaps, may be
ENOUGH = 3  # seeds, so that luck alone sets two rules apart once in ten times, and not once in three


def recorded(record: Mapping[str, Any]) -> list[float]:
    """Return the step sizes of the matrices that were recorded for both rules."""
    return sorted(set.intersection(*(set(text.matrix_lrs(record, rule)) for rule in RULES.values())))


@judge
def judge_protocol(guess: Any) -> Verdict:
    """Return a Verdict on a protocol, which has ENTRIES. It is judged before it is applied to the record, never by what comes out."""
    if not isinstance(guess, Mapping) or set(guess) != set(ENTRIES):
        raise Stop("Not a protocol.", f"You gave a {type(guess).__name__}. What belongs to {', '.join(f'`{name}`' for name in ENTRIES)}?")
    if any(value is None or value is ... for value in guess.values()):
        raise Stop("Not answered yet.", "Put lists, a number and what you do in place of None. Which step sizes may each optimizer try?")
    record = text.from_record()
    known = recorded(record)
    tried = {name: _recorded(name, guess[name], known) for name in RULES}
    seeds, most = int(number(guess["seeds"], "a number of seeds", 1, whole=True)), text.seeds(record)
    if seeds > most:
        raise Stop("Not so many seeds.", f"You asked for {seeds}, and {most} are recorded. How many do you take?")
    beside = choice(guess["then"], BESIDE, "a rule for what was not tried")
    asked = _unequal(tried, seeds) or _unwise(max(tried.values(), key=_gap), seeds) or BESIDE[beside]
    return Verdict(False, asked) if asked else Verdict(True, _applied(record, tried, known, seeds))


def _unequal(tried: Lists, seeds: int) -> str:
    """What to ask where two lists give their rules unequal chances, or cost too much; else nothing."""
    one, other = tried.values()
    if len(one) != len(other):
        return f"Not fair.\nAdamW may try {len(one)} and Muon {len(other)}. Who has more chances to be lucky?"
    if len(one) * seeds > PAID:
        return (f"Too dear.\n{len(one)} step sizes with {seeds} seeds are {len(one) * seeds} trainings, and you may plan {PAID}. Which "
                "do you give up, step sizes or a seed?")
    spans = [lrs[-1] / lrs[0] for lrs in (one, other)]
    if not 1 / ALIKE < spans[0] / spans[1] < ALIKE:
        return (f"Not searched alike.\nFrom its lowest to its highest step size AdamW's list goes up {spans[0]:.3g} times and Muon's "
                f"{spans[1]:.3g} times. Whose best is more likely to lie inside?")
    gaps = [_gap(lrs) for lrs in (one, other)]
    if not 1 / ALIKE < gaps[0] / gaps[1] < ALIKE:
        return (f"Not searched alike.\nThe widest gap of AdamW's list is {gaps[0]:.2g} times and that of Muon's {gaps[1]:.2g} times. "
                "Whose best may hide in it?")
    return ""


def _unwise(lrs: Sequence[float], seeds: int) -> str:
    """What to ask where lists that treat both alike are too short or too coarse, or have too few seeds; else nothing."""
    if len(lrs) < LEAST:
        return f"Too few.\nA list of {len(lrs)} has nothing but ends. How many must it have, so that its best can lie inside?"
    if _gap(lrs) > WIDEST * 1.01:
        return (f"A wide gap.\nOne step size of your lists is {_gap(lrs):.2g} times the next, and here {WIDEST:g} times is the most. What "
                "may lie between?")
    if seeds == 1:
        return "Thin.\nWith 1 seed, how would you tell the rule from the luck of a start?"
    if seeds < ENOUGH:
        return (f"Thin.\nWith {seeds} seeds each, luck alone puts all of one below all of the other at least once in {_luck(seeds)} times. "
                "What would make that rarer?")
    return ""


def _luck(seeds: int) -> int:
    """Once in how many times luck alone puts all seeds of one rule below all of the other; more often if they also chose the step sizes."""
    return comb(2 * seeds, seeds) // 2


def _gap(lrs: Sequence[float]) -> float:
    return max((high / low for low, high in pairwise(lrs)), default=1.0)


def _applied(record: Mapping[str, Any], tried: Lists, known: Sequence[float], seeds: int) -> str:
    """What comes of a protocol: both medians, what the two tried in the end, and how far luck goes."""
    seen = {**record, "sweep": [row for row in record["sweep"] if row["seed"] < seeds]}
    lrs = _extended(seen, tried, known)
    best = {name: text.best(seen, rule, lrs) for name, rule in RULES.items()}
    slow, fast = (each.median for each in best.values())
    more = {name: " and ".join(f"{lr:g}" for lr in lrs if lr not in tried[name]) for name in RULES}
    who = {"Both": more["AdamW"]} if len(set(more.values())) == 1 else more
    said = [f"{name} tried {what} too, because it lies next to a best one." for name, what in who.items() if what]
    if any(more.values()):
        said.append(f"By your plan that makes {len(lrs) * seeds} trainings for each.")
    said += [f"{name}'s best is {each.case.matrix_lr:g}, where the list ends, so a better one may lie beyond."
             for name, each in best.items() if each.case.matrix_lr in (known[0], known[-1])]
    said.append(f"With {seeds} seeds each, luck alone puts all of one below all of the other at least once in {_luck(seeds)} times.")
    return (f"Correct.\nYour plan treats both alike, whoever wins. AdamW ends at {slow:.2f} and Muon at {fast:.2f}, the medians of {seeds} "
            f"seeds, so {'Muon' if fast < slow else 'AdamW'} is ahead by {abs(slow - fast):.2f} nats.\n\n{' '.join(said)}")


def _extended(seen: Mapping[str, Any], tried: Lists, known: Sequence[float]) -> list[float]:
    """What both try in the end: all of both lists, and each recorded step size beside the best of either, until both bests have theirs."""
    lrs = sorted({lr for each in tried.values() for lr in each})
    while True:
        beside = {lr for rule in RULES.values() for lr in _beside(text.best(seen, rule, lrs).case.matrix_lr, known)}
        longer = sorted({*lrs, *beside})
        if longer == lrs:
            return lrs
        lrs = longer


def _beside(lr: float, known: Sequence[float]) -> list[float]:
    """The step sizes that were recorded next to one, below and above."""
    place = known.index(lr)
    return [*known[max(place - 1, 0):place], *known[place + 1:place + 2]]


def _recorded(name: str, guess: Any, known: Sequence[float]) -> list[float]:
    """A learner's list of step sizes, in order; Stop for what is no list, and for a step size that was not recorded."""
    if isinstance(guess, str) or not isinstance(guess, (Sequence, set, np.ndarray)) or not len(guess):
        raise Stop(f"{name}: not a list.", f"You gave {guess!r:.40}. Which step sizes may it try, as in [0.01, 0.018]?")
    tried = sorted({number(lr, f"a step size for {name}", 0) for lr in guess})
    if strange := [lr for lr in tried if lr not in known]:
        raise Stop(f"{name}: not recorded.", f"{strange[0]:g} is not in the record of both. "
                   f"There are {', '.join(f'{lr:g}' for lr in known)}. Which of them do you take?")
    return tried
