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

__all__ = ["AT_AN_END", "PAID", "judge_protocol"]

Lists = Mapping[str, Sequence[float]]  # the step sizes of each rule
RULES = {"AdamW": "adamw", "Muon": "muon"}
ENTRIES = (*RULES, "seeds", "at an end")
PAID = 12  # trainings that each rule may have: a step size of the matrices with one seed is one
AT_AN_END = {  # what to do where a best step size stands at the end of its list, and a question to whoever should not
    "stop": "If the best stands at the end of a list, how would you know that it is the best?",
    "extend its list": "", "extend both lists": ""}
LEAST = 3  # step sizes, so that one can lie inside
WIDEST = 10  # times: how far a step size may be from the next one on a list
ALIKE = 2  # times: how far apart two lists' spans, and their widest gaps, may be; those of the recorded lists differ by 1.8


@judge
def judge_protocol(guess: Any) -> Verdict:
    """Return a Verdict on a protocol, which has ENTRIES. It is judged before it is applied to the record, never by what comes out."""
    if not isinstance(guess, Mapping) or set(guess) != set(ENTRIES):
        raise Stop("Not a protocol.", f"You gave a {type(guess).__name__}. What belongs to {', '.join(f'`{name}`' for name in ENTRIES)}?")
    if any(value is None or value is ... for value in guess.values()):
        raise Stop("Not answered yet.", "Put lists, a number and a rule in place of None. Which step sizes may each rule try?")
    record = text.from_record()
    known = {name: text.matrix_lrs(record, rule) for name, rule in RULES.items()}
    tried = {name: _recorded(name, guess[name], known[name]) for name in RULES}
    seeds, most = int(number(guess["seeds"], "a number of seeds", 1, whole=True)), text.seeds(record)
    if seeds > most:
        raise Stop("Not so many seeds.", f"You asked for {seeds}, and {most} are recorded. How many do you take?")
    end = choice(guess["at an end"], AT_AN_END, "a rule for an end")
    asked = _unequal(tried, seeds) or _unwise(tried["AdamW"], seeds) or (AT_AN_END[end] and f"It could stop at an end.\n{AT_AN_END[end]}")
    return Verdict(False, asked) if asked else Verdict(True, _applied(record, tried, known, seeds, together=end == "extend both lists"))


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
    if _gap(lrs) > WIDEST:
        return f"A wide gap.\nOne step size of your lists is {_gap(lrs):.2g} times the next. What may lie between?"
    return f"Thin.\nWith {seeds} seed, how would you tell the rule from the luck of a start?" if seeds == 1 else ""


def _gap(lrs: Sequence[float]) -> float:
    return max((high / low for low, high in pairwise(lrs)), default=1.0)


def _applied(record: Mapping[str, Any], tried: Lists, known: Lists, seeds: int, *, together: bool) -> str:
    """What comes of a protocol: both medians, how far the lists went on, what they skip beside their best, and how far luck goes."""
    seen = {**record, "sweep": [row for row in record["sweep"] if row["seed"] < seeds]}
    lists = _extended(seen, tried, known, together)
    best = {name: text.best(seen, rule, lists[name]) for name, rule in RULES.items()}
    slow, fast = (found.median for found in best.values())
    said = ["As planned it is fair, whoever wins." if together else
            "Both start alike, so it is fair, but a list that goes on alone gives its rule more tries. To extend both is fairer.",
            f"AdamW ends at {slow:.3f} and Muon at {fast:.3f}, the medians of {seeds} seeds, so {'Muon' if fast < slow else 'AdamW'} is "
            f"ahead by {abs(slow - fast):.3f} nats."]
    for name, lrs in lists.items():
        if more := [f"{lr:g}" for lr in lrs if lr not in tried[name]]:
            said.append(f"By your rule {name}'s list went on to {' and '.join(more)}.")
        lr = best[name].case.matrix_lr
        if lr in (lrs[0], lrs[-1]):
            said.append(f"{name}'s best is {lr:g}, and nothing was recorded beyond, so a better one may lie there.")
        elif beside := [other for other in _beside(lr, known[name]) if other not in lrs]:
            ends = {other: text.best(seen, RULES[name], [other]).median for other in beside}
            low = best[name].median
            told = ", and ".join(f"{other:g}, which ends {'lower, ' * (end < low)}at {end:.3f}" for other, end in ends.items())
            said.append(f"{name}'s best is {lr:g}, and beside it the list skips {told}.")
    counts = {name: len(lrs) * seeds for name, lrs in lists.items()}
    if len(set(counts.values())) > 1:
        why = "Only a list whose best stood at an end went on"
        if together:
            why = "Nothing was recorded where the shorter list should go on too"
        ended = " and ".join(f"{name} {count}" for name, count in counts.items())
        said.append(f"{why}, so in the end the trainings were not alike, {ended}, and whoever reports the lead says so.")
    said.append(f"With {seeds} seeds each, luck alone puts all of one below all of the other once in {comb(2 * seeds, seeds) // 2} times.")
    said.append("Another list now would be a second look, and whoever takes one says so.")
    return f"Correct.\n{' '.join(said[:2])}\n\n{' '.join(said[2:])}"


def _extended(seen: Mapping[str, Any], tried: Lists, known: Lists, together: bool) -> dict[str, list[float]]:
    """Both lists, longer by the next recorded step size at each end at which its own best stands, or together that of either, until
    neither does."""
    lists = {name: list(lrs) for name, lrs in tried.items()}
    while True:
        best = {name: text.best(seen, rule, lists[name]).case.matrix_lr for name, rule in RULES.items()}
        below = {name for name, lrs in lists.items() if best[name] == lrs[0] and lrs[0] > known[name][0]}
        above = {name for name, lrs in lists.items() if best[name] == lrs[-1] and lrs[-1] < known[name][-1]}
        if not below and not above:
            return lists
        for name, lrs in lists.items():
            lower, higher = ([lr for lr in known[name] if lr < lrs[0]], [lr for lr in known[name] if lr > lrs[-1]])
            down, up = (bool(ends) if together else name in ends for ends in (below, above))
            lists[name] = [*lower[-1:] * down, *lrs, *higher[:1] * up]


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
