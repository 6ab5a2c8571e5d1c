"""The judge of a clipping whose gradient is spread over processes: two of them are played, one after the other."""
from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from lessonlib.attempts import Stop, answers
from lessonlib.checks import Verdict, judge

__all__ = ["LIMIT", "LONG", "ONE_SHORT", "SHORT", "clipped", "judge_clip"]

Array = np.ndarray[Any, Any]
LIMIT = 2.0
LONG = (np.array([3.0, 0.0]), np.array([2.4, 3.2]))  # of length 5 together
ONE_SHORT = (np.array([3.0, 0.0]), np.array([0.06, 0.08]))  # only the first part is longer than LIMIT
SHORT = (np.array([0.3, 0.0]), np.array([0.24, 0.32]))
ROUNDS = 3  # each round knows the sums of the one before, so two calls of add in a row come out right


def clipped(function: Any, parts: tuple[Array, ...]) -> tuple[Array, int]:
    """Return (what function(part, add, limit) makes of all parts, in a row; how often each process calls add).

    Raises Stop where it is no array of the part's shape.

    add: the sum of what every process gives at its call of the same place; a process that calls it more seldom lets the others wait.
    """
    sums: list[Any] = []
    for _ in range(ROUNDS):
        given: list[list[Any]] = [[] for _ in parts]
        told = answers(function, [(part.copy(), partial(_add, mine, sums), LIMIT) for part, mine in zip(parts, given, strict=True)])
        if len({len(mine) for mine in given}) > 1:
            raise Stop("One waits for ever.", "One process calls `add` and the other does not, so the first one never goes on. Which of "
                       "your lines calls `add` in every process?")
        sums = [sum(same) for same in zip(*given, strict=True)]
    for part, made in zip(parts, told, strict=True):
        if np.shape(made) != part.shape:
            raise Stop("Not a part.", f"A part of shape {part.shape} came back with shape {np.shape(made)}. What is multiplied by what?")
    return np.concatenate([np.asarray(made, dtype=float) for made in told]), len(sums)


def _add(mine: list[Any], sums: list[Any], x: Any) -> Any:
    """Note what a process gives, and return the sum that the round before found at this place, or its own."""
    mine.append(x)
    return sums[len(mine) - 1] if len(mine) <= len(sums) else x


@judge
def judge_clip(function: Any) -> Verdict:
    """Return a Verdict on function(part, add, limit) -> the part of a gradient that is no longer than limit as a whole."""
    whole, (made, calls) = np.concatenate(LONG), clipped(function, LONG)
    if not np.allclose(made, whole * LIMIT / 5):
        headline, text = _slip(whole, made, calls)
        seen = f"The whole gradient of length 5 has a length of {np.linalg.norm(made):.3g} afterwards, and {LIMIT:g} was asked."
        return Verdict(False, f"{headline}\n{seen} {text}")
    if not np.allclose(clipped(function, SHORT)[0], np.concatenate(SHORT)):
        return Verdict(False, f"The short one changed.\nA gradient of length 0.5 was to stay as it is below {LIMIT:g}. "
                       "By which number should it be multiplied?")
    if not np.allclose(clipped(function, ONE_SHORT)[0], np.concatenate(ONE_SHORT) * LIMIT / np.linalg.norm(np.concatenate(ONE_SHORT))):
        return Verdict(False, "The parts differ.\nOne part is long and the other short, and they were not multiplied by the same number. "
                       "Whose length decides?")
    return Verdict(True, f"Correct.\nThe whole gradient of length 5 has a length of {LIMIT:g} afterwards and points the same way.")


def _slip(whole: Array, made: Array, calls: int) -> tuple[str, str]:
    """What a wrong part looks like, and a question."""
    known: list[tuple[Any, str, str]] = [
        ([2.0, 0, 1.2, 1.6], "Each clips by its own length.", "The direction has turned. What does a process have to know of the others?"),
        (np.clip(whole, -LIMIT, LIMIT), "It clips each number.", "The direction has turned. By which one number is all of it multiplied?"),
        (whole * LIMIT / 7, "The lengths are added.", "Parts of length 3 and 4 make a whole of length 5. Which numbers of them add up?"),
        (whole * LIMIT / np.linalg.norm(sum(LONG)), "The parts are added.", "They are different stretches of one gradient, so their "
         "numbers do not belong together. Which one number of each part adds up?"),
        (whole * LIMIT / 25, "The root is missing.", "A sum of squares is no length yet. What is missing?"),
        (whole / 5, "The limit is missing.", "It has length 1 for every limit. Where does `limit` come in?"),
        (whole, "Nothing is clipped.", "It came back as it was. Is the number that you multiply by below 1?"),
        (whole * 5 / LIMIT, "Upside down.", "It is longer than before. Which of the two lengths belongs below the other?")]
    for wanted, headline, text in known:
        if np.allclose(made, wanted):
            return headline, text
    if not calls:
        return "`add` is never called.", "A process sees its own part alone. How does it learn the length of the whole?"
    return "Another length.", "What do all processes add up, and what do they do with the sum?"
