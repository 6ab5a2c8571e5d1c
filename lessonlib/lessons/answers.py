"""What a learner types in answer to a question: a number, a power of ten, one text of several, names of slips."""
from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from inspect import unwrap
from math import isclose, log10
from numbers import Real
from typing import Any

import numpy as np

from lessonlib.attempts import Stop
from lessonlib.checks import Verdict, check, judge

__all__ = ["choice", "judge_slips", "look_at", "number", "power_of_ten"]

Array = np.ndarray[Any, Any]


def number(guess: Any, what: str, low: float = -np.inf, high: float = np.inf, *, above: float = -np.inf, whole: bool = False) -> float:
    """Return a learner's number as a float. Raises Stop for no answer, for what is no number, and outside of [low, high].

    what: with its article, such as "a step size". above: a bound that is no answer itself. Python's and NumPy's numbers are numbers, True
    and "12" are not.

    >>> number(0.05, "a step size", above=0)
    0.05
    """
    if guess is None or guess is ...:
        raise Stop("Not answered yet.", f"Put {what} in place of None, run that cell, then this one again. What is your guess?")
    if isinstance(guess, np.ndarray) and guess.ndim == 0:
        guess = guess.item()
    if isinstance(guess, bool) or not isinstance(guess, Real):
        shown = f"`{guess!r:.40}`, text" if isinstance(guess, str) else f"a {type(guess).__name__}"
        bare = ", without quotes" if isinstance(guess, str) else ""
        raise Stop(f"Not {what}.", f"You gave {shown}. Which single number do you mean{bare}?")
    try:
        value = float(guess)
    except OverflowError:
        value = np.inf
    if not np.isfinite(value) or not low <= value <= high or not value > above or (whole and not value.is_integer()):
        raise Stop(f"Not {what}.", f"You gave {value:g}. Which {'whole ' if whole else ''}number {_span(low, high, above)} do you "
                   "mean?")
    return value


def _span(low: float, high: float, above: float) -> str:
    """Which numbers are meant, in words."""
    if above > -np.inf:
        return f"above {above:g}" + (f" and up to {high:g}" if high < np.inf else "")
    if np.isfinite([low, high]).all():
        return f"between {low:g} and {high:g}"
    return f"of {low:g} or more" if np.isfinite(low) else f"of {high:g} or less" if np.isfinite(high) else "with an end"


def power_of_ten(guess: Any, what: str) -> float:
    """Return a learner's power of ten. Raises Stop as `number` does, and for a number between two powers."""
    value = number(guess, what, 1e-300, 1e300)
    power = round(log10(value))
    if not isclose(value, 10.0**power, rel_tol=1e-6):
        raise Stop("Not a power of ten.", f"You gave {value:g}. Which power do you mean, such as 1e{power}?")
    return value


def choice(guess: Any, options: Collection[str], what: str) -> str:
    """Return a learner's choice among texts, written in any case. Raises Stop for no answer, and for what is not among them."""
    if guess is None or guess is ...:
        raise Stop("Not answered yet.", f"Put {what} in place of None, in quotes, then run this cell again. What is your guess?")
    named = {option.casefold(): option for option in options}.get(guess.strip().casefold()) if isinstance(guess, str) else None
    if named is None:
        shown = f"`{guess!r:.60}`" if isinstance(guess, (str, int, float)) else f"a {type(guess).__name__}"
        raise Stop(f"Not {what}.", f"You gave {shown}; there are {', '.join(options)}. Which of them do you mean?")
    return named


def look_at(attempt: Any, against: Any) -> Verdict:
    """Return what `check` finds, without noting it as a check that was passed: against may be a rule that is wrong."""
    try:
        found: Verdict = unwrap(check)(attempt, against)
    except Stop as stop:
        return Verdict(False, f"{stop.headline}\n{stop.text}", stop.misconception)
    return found


@judge
def judge_slips(guess: Any, shown: Mapping[str, str], candidates: Collection[str], walk: Callable[[str], Array],
                gives_away: Mapping[str, str] | None = None, would: Mapping[str, str] | None = None) -> Verdict:
    """Return a Verdict on the names of the slips that made some paths around a minimum at 0.

    guess and shown: {letter: name}; walk: the path of a slip, (T + 1, 2), its flat direction first. A wrong name is told where its own path
    would leave the one that is shown, and to which side, without the numbers: those of another slip could be matched with what is shown.
    gives_away: what anybody can see of a slip, {name: a sentence}, told with a right name; would: what one would see, with a wrong name.
    """
    if not isinstance(guess, Mapping) or set(guess) != set(shown):
        raise Stop("Not a guess for each.", f"You gave a {type(guess).__name__}. Where are the answers for {', '.join(shown)}?")
    if all(guess[letter] is None or guess[letter] is ... for letter in shown):
        raise Stop("Not answered yet.", "Put a name from the list in place of each None, in quotes. Which path tells you most?")
    told, missing, right = [], [], 0
    for letter, made_by in shown.items():
        try:
            name = choice(guess[letter], candidates, "a name from the list")
        except Stop as stop:
            told.append(f"{letter}: {stop.headline[0].lower()}{stop.headline[1:]}")
            missing.append(letter)
            continue
        right += name == made_by
        told.append(f"{letter} is '{name}'. {(gives_away or {}).get(name, '')}".rstrip() if name == made_by else
                    " ".join(filter(None, (f"{letter} is not '{name}'.", (would or {}).get(name), _would_be(walk(name), walk(made_by))))))
    seen = " ".join(told)
    if right == len(shown):
        return Verdict(True, f"Correct.\n{seen}")
    question = (f"Which name from the list fits the path of {', and of '.join(missing)}?" if right + len(missing) == len(shown) else
                "Which name from the list would fit the black lines?")
    return Verdict(False, f"{right} of {len(shown)}.\n{seen} {question}")


def _would_be(ours: Array, shown: Array) -> str:
    """Where a path first leaves another one, in words."""
    t = int((~np.isclose(ours, shown).all(axis=1)).argmax())
    way = int(np.abs(ours[t] - shown[t]).argmax())
    here, there = float(ours[t, way]), float(shown[t, way])
    side = "on the other side of" if here * there < 0 else "further from" if abs(here) > abs(there) else "nearer to"
    return f"With it the {('flat', 'steep')[way]} direction would be {side} the minimum after step {t}."
