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

__all__ = ["BESIDE", "PAID", "judge_protocol"]

Lists = Mapping[str, Sequence[float]]  # the step sizes of each rule
RULES = {"AdamW": "adamw", "Muon": "muon"}
ENTRIES = (*RULES, "seeds", "untried beside")
PAID = 12  # trainings that each rule may have: a step size of the matrices with one seed is one
BESIDE = {  # what to do where a recorded step size beside a best one was not tried, and what to ask whoever should not
    "stop": "It could stop beside a better one.\nIf the best stands at the end of a list, how would you know that it is the best?",
    "try it": "Not alike in the end.\nThe rule whose list goes on gets more step sizes than the other one. How do both get as many?",
    "try it for both": ""}
LEAST = 3  # step sizes, so that one can lie inside
WIDEST = 3.2  # times, half a factor of ten: how far a step size may be from the next one on a list
ALIKE = 2  # times: how far apart two lists' spans, and their widest gaps, may be; those of the recorded lists differ by 1.8


@judge
def judge_protocol(guess: Any) -> Verdict:
    """Return a Verdict on a protocol, which has ENTRIES. It is judged before it is applied to the record, never by what comes out."""
    if not isinstance(guess, Mapping) or set(guess) != set(ENTRIES):
        raise Stop("Not a protocol.", f"You gave a {type(guess).__name__}. What belongs to {', '.join(f'`{name}`' for name in ENTRIES)}?")
    if any(value is None or value is ... for value in guess.values()):
        raise Stop("Not answered yet.", "Put lists, a number and what you do in place of None. Which step sizes may each optimizer try?")
    record = text.from_record()
    known = {name: text.matrix_lrs(record, rule) for name, rule in RULES.items()}
    tried = {name: _recorded(name, guess[name], known[name]) for name in RULES}
    seeds, most = int(number(guess["seeds"], "a number of seeds", 1, whole=True)), text.seeds(record)
    if seeds > most:
        raise Stop("Not so many seeds.", f"You asked for {seeds}, and {most} are recorded. How many do you take?")
    beside = choice(guess["untried beside"], BESIDE, "a rule for what was not tried")
    asked = _unequal(tried, seeds) or _unwise(tried["AdamW"], seeds) or BESIDE[beside]
    return Verdict(False, asked) if asked else Verdict(True, _applied(record, tried, known, seeds))


def _unequal(tried: Lists, seeds: int) -> str:
    """What to ask where two lists give their rules unequal chances, or cost too much; else nothing."""
    one, other = tried.values()
    if len(one) != len(other):
        return f"Not fair.\nAdamW may try {len(one)} and Muon {len(other)}. Who has more chances to be lucky?"
    if len(one) * seeds > PAID:
        return (f"Too dear.\n{len(one)} step sizes with {seeds} seeds are {len(one) * seeds} trainings, and you can pay for {PAID}. Which "
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
    """What to ask where lists that treat both alike are too short or too coarse, or have one seed; else nothing."""
    if len(lrs) < LEAST:
        return f"Too few.\nA list of {len(lrs)} has nothing but ends. How many must it have, so that its best can lie inside?"
    if _gap(lrs) > WIDEST * 1.01:
        return (f"A wide gap.\nOne step size of your lists is {_gap(lrs):.2g} times the next, and half a factor of ten is {WIDEST:g}. What "
                "may lie between?")
    return f"Thin.\nWith {seeds} seed, how would you tell the rule from the luck of a start?" if seeds == 1 else ""


def _gap(lrs: Sequence[float]) -> float:
    return max((high / low for low, high in pairwise(lrs)), default=1.0)


def _applied(record: Mapping[str, Any], tried: Lists, known: Lists, seeds: int) -> str:
    """What comes of a protocol: both medians, how far the lists went on, and how far luck goes."""
    seen = {**record, "sweep": [row for row in record["sweep"] if row["seed"] < seeds]}
    lists = _extended(seen, tried, known)
    slow, fast = (text.best(seen, rule, lists[name]).median for name, rule in RULES.items())
    said = []
    for name, lrs in lists.items():
        if more := [f"{lr:g}" for lr in lrs if lr not in tried[name]]:
            said.append(f"By your plan {name} tried {' and '.join(more)} too.")
        lr = text.best(seen, RULES[name], lrs).case.matrix_lr
        if lr in (known[name][0], known[name][-1]):
            said.append(f"{name}'s best is {lr:g}, and nothing was recorded beyond, so a better one may lie there.")
    counts = {name: len(lrs) * seeds for name, lrs in lists.items()}
    if len(set(counts.values())) > 1:
        ended = " and ".join(f"{name} {count}" for name, count in counts.items())
        chances = "fewer" if (counts["Muon"] < counts["AdamW"]) == (fast < slow) else "more"
        said.append(f"Some of these were on one list already, or not recorded for both, so the trainings are {ended}. The one "
                    f"that is ahead had {chances}.")
    said.append(f"With {seeds} seeds each, luck alone puts all of one below all of the other once in {comb(2 * seeds, seeds) // 2} times.")
    return (f"Correct.\nYour plan treats both alike, whoever wins. AdamW ends at {slow:.3f} and Muon at {fast:.3f}, the medians of {seeds} "
            f"seeds, so {'Muon' if fast < slow else 'AdamW'} is ahead by {abs(slow - fast):.3f} nats.\n\n{' '.join(said)}")


def _extended(seen: Mapping[str, Any], tried: Lists, known: Lists) -> dict[str, list[float]]:
    """Both lists, longer by each recorded step size beside the best of either, until both bests have theirs."""
    lists = {name: list(lrs) for name, lrs in tried.items()}
    while True:
        beside = {lr for name, rule in RULES.items() for lr in _beside(text.best(seen, rule, lists[name]).case.matrix_lr, known[name])}
        longer = {name: sorted({*lrs, *(beside & set(known[name]))}) for name, lrs in lists.items()}
        if longer == lists:
            return lists
        lists = longer


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
        raise Stop(f"{name}: not recorded.", f"{strange[0]:g} was not tried. Recorded are {', '.join(f'{lr:g}' for lr in known)}. Which of "
                   "them do you take?")
    return tried
