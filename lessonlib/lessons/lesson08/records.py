"""What was recorded of lesson 8's deep network in data/deep_net.json: losses at every step size, and what each rule reads at its best."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lessonlib.data import recorded

__all__ = ["END_LRS", "EVERY", "LRS", "NAMES", "PLACES", "STARTED", "STEPS", "WAY_LRS", "at_their_best",
           "begun_full", "by_divisor", "by_start", "deep_net_records", "forgetting_reads", "how_many_learn", "longest",
           "loss_at", "lrs_at", "reads", "reads_from", "what_lets_it_learn", "where_it_ends",
           "with_larger_weights", "with_one_divisor_a_layer"]

Array = np.ndarray[Any, Any]
NAMES: Mapping[str, str] = {"sgd": "gradient descent", "momentum": "momentum", "rmsprop": "RMSprop"}
STEPS, EVERY = 300, 10  # of a training, and between its records
LRS = np.array([float(f"{10**power:.6g}") for power in np.arange(-4, 2.01, 0.25)])  # 25 step sizes, the same for every rule
GUESSED = 0.12  # a network reads no more than this share of the digits where it has not learned
WAY_LRS = np.array([float(f"{10**power:.6g}") for power in np.arange(-5, 2.01, 0.25)])  # those of LRS, and four smaller ones
END_LRS = {name: np.array([float(f"{10**power:.6g}") for power in np.arange(low, low + 3.01, 0.5)])
           for name, low in (("sgd", -2), ("momentum", -2), ("rmsprop", -4))}
FEWER_LRS = {"8 hidden layers, 3000 steps": {"sgd": (0.1, 0.316228, 1.0), "momentum": (0.1, 0.316228, 1.0),
                                             "rmsprop": (0.000316228, 0.001, 0.00316228)}}
PLACES: Mapping[str, tuple[int, dict[str, Any]]] = {  # where -> (steps, what the network is like)
    "8 hidden layers, 300 steps": (300, {}),
    "6 hidden layers, 300 steps": (300, {"layers": 6}),
    "4 hidden layers, 300 steps": (300, {"layers": 4}),
    "8 hidden layers, 1000 steps": (1000, {}),
    "8 hidden layers, 3000 steps": (3000, {}),
    "8 hidden layers, 300 steps, zero biases": (300, {"start": "zero biases"}),
    "8 hidden layers, 300 steps, larger weights": (300, {"start": "larger weights"}),
    "8 hidden layers, 300 steps, He start": (300, {"start": "he"}),
}

STARTED = {"as PyTorch starts it": "8 hidden layers, 300 steps", "zero biases": "8 hidden layers, 300 steps, zero biases",
           "larger weights": "8 hidden layers, 300 steps, larger weights", "He start": "8 hidden layers, 300 steps, He start"}


def lrs_at(place: str, name: str) -> Array:
    """Return the step sizes that a rule was tried at in one of PLACES: seven, and three where a training is long."""
    return np.asarray(FEWER_LRS.get(place, END_LRS)[name], dtype=float)


def deep_net_records() -> dict[str, Any]:
    """Return what authoring/record_deep.py wrote.

    loss: rule -> median training loss over the starts at each step size of LRS and after every tenth step, (25, 31). rules, ways, full
    (averages that begin at the first gradient) and ends[place]: name -> {"lr": the step size with the lowest median loss, "read": the
    share of the test digits read, by start}. cut (divisors that are set once, long steps cut), units (a divisor for the weights that leave
    a unit) and forgetting (a divisor for each layer that has no memory): such a dict itself.
    """
    found = recorded("deep_net.json")
    if found is None:
        raise ValueError("data/deep_net.json is not there: python authoring/record_deep.py makes it")
    return found


def reads(found: Mapping[str, Any]) -> str:
    """Return the share that is read at the best step size, the median over the starts and the range: "67 % (60 to 85)"."""
    share = 100 * np.array(found["read"])
    return f"{np.median(share):.0f} % ({share.min():.0f} to {share.max():.0f})"


def at_their_best(records: Mapping[str, Any], which: str = "rules") -> list[list[str]]:
    """Return a row for each rule, or for each of "ways": its name, its best step size if one helps, the share of new digits read."""
    rows = []
    for name, found in records[which].items():
        learns = float(np.median(found["read"])) > GUESSED
        rows.append([NAMES.get(name, name), f"{found['lr']:.2g}" if learns else "none helps", reads(found)])
    return rows


def by_start(records: Mapping[str, Any]) -> list[list[str]]:
    """Return rows for PyTorch's start, as `at_their_best` has it, and for larger weights: what each rule reads after 300 steps."""
    found = {"as PyTorch starts it": records["rules"], "larger weights": records["ends"][STARTED["larger weights"]]}
    return [[start, *(reads(at[name]) for name in NAMES)] for start, at in found.items()]


def reads_from(start: str, name: str = "rmsprop") -> str:
    """Return what a rule reads after 300 steps from a start of STARTED, as `reads` words it."""
    return reads(deep_net_records()["ends"][STARTED[start]][name])


def by_divisor(records: Mapping[str, Any]) -> list[list[str]]:
    """Return rows for one divisor for each layer, for the weights that leave a unit, and for each weight: what the network reads."""
    ways = {way[0]: found for way, found in records["ways"].items()}
    found = {"each layer": ways["B"], "all weights that leave the same unit": records["units"], "each weight, which is RMSprop": ways["C"]}
    return [[part, reads(each)] for part, each in found.items()]


def with_one_divisor_a_layer(records: Mapping[str, Any], options: Sequence[str]) -> str:
    """Return which option is right of a divisor for each layer: a guess, fewer than half as many digits as RMSprop, more."""
    layer, weight = (float(np.median(next(found["read"] for way, found in records["ways"].items() if way.startswith(letter))))
                     for letter in "BC")
    return options[0 if layer < GUESSED else 1 if layer < weight / 2 else 2]


def forgetting_reads() -> str:
    """Return what one divisor for each layer reads that has no memory, as `reads` words it."""
    return reads(deep_net_records()["forgetting"])


def with_larger_weights(records: Mapping[str, Any], options: Sequence[str], share: float = 0.5) -> str:
    """Return which option is right of what gradient descent does with larger weights: a guess, up to a share of the digits, more."""
    read = float(np.median(records["ends"][STARTED["larger weights"]]["sgd"]["read"]))
    return options[0 if read < GUESSED else 1 if read <= share else 2]


def begun_full(letter: str) -> str:
    """Return what way B or C reads when its average begins at the first gradient, as `reads` words it."""
    return next(reads(found) for way, found in deep_net_records()["full"].items() if way.startswith(letter))


def loss_at(lr: float) -> float:
    """Return RMSprop's recorded training loss after 300 steps at one of LRS, the median of ten starts."""
    at = int(np.abs(np.log(LRS / lr)).argmin())
    return float(deep_net_records()["loss"]["rmsprop"][at][-1])


def longest(name: str) -> str:
    """Return what a rule reads after the longest recorded trainings, of 3000 steps, as `reads` words it."""
    return reads(deep_net_records()["ends"]["8 hidden layers, 3000 steps"][name])


def where_it_ends(records: Mapping[str, Any]) -> list[list[str]]:
    """Return a row for each depth and number of steps, from PyTorch's start: what the network is like, and what each rule reads there."""
    other_starts = list(STARTED.values())[1:]
    return [[place, *(reads(found[name]) for name in NAMES)] for place, found in records["ends"].items() if place not in other_starts]


def how_many_learn(records: Mapping[str, Any], share: float = 0.5) -> int:
    """Return how many of the three ways with many step sizes read more than a share of the digits, by the median over the starts."""
    return sum(float(np.median(found["read"])) > share for found in list(records["ways"].values())[1:])


def what_lets_it_learn(records: Mapping[str, Any], share: float = 0.5) -> str:
    """Return which change of the network lets gradient descent read more than a share of the digits, in the words of the question."""
    names = {"6 hidden layers, 300 steps": "six layers in place of eight", "4 hidden layers, 300 steps": "four layers in place of eight",
             "8 hidden layers, 1000 steps": "1000 steps in place of 300"}
    found = [words for place, words in names.items() if float(np.median(records["ends"][place]["sgd"]["read"])) > share]
    return found[0] if found else "none of these"
