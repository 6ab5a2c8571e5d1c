"""A check that talks back: what a learner's rule does, compared with the right one and with the classic wrong ones."""
from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial, wraps
from math import isclose, log10
from numbers import Real
from typing import Any, ParamSpec

import numpy as np

from lessonlib import progress, rules
from lessonlib.attempts import PATIENCE_S, Stop, observe, patiently
from lessonlib.diagnosis import diagnose, probes_for

__all__ = ["Verdict", "check", "choice", "judge", "judge_slips", "number", "power_of_ten", "yours"]

Array = np.ndarray[Any, Any]
P = ParamSpec("P")


@dataclass(frozen=True)
class Verdict:
    """What a check found: true if it passed.

    message: for the learner, a headline, a line break, what was seen and a question. misconception: the name of a known one.
    """

    passed: bool
    message: str
    misconception: str | None = None

    @property
    def headline(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        return self.message

    def _repr_markdown_(self) -> str:
        pieces = self.message.split("`")  # outside code, g**2 is a square and not where bold begins
        pieces[::2] = [re.sub(r"([*_<])", r"\\\1", piece) for piece in pieces[::2]]
        headline, _, text = "`".join(pieces).partition("\n")
        mark = "\u2713 " if self.passed else ""
        return f"<!-- what the check says -->\n\n{mark}**{headline}**\n\n{text}"  # JupyterLab shows the first line of what is folded


def judge(function: Callable[P, Verdict]) -> Callable[P, Verdict]:
    """Return a function that answers with a Verdict also where `function` raises Stop, and notes in the learner's progress what passed."""
    @wraps(function)
    def judged(*args: P.args, **kwargs: P.kwargs) -> Verdict:
        try:
            verdict = function(*args, **kwargs)
        except Stop as stop:
            return Verdict(False, f"{stop.headline}\n{stop.text}", stop.misconception)
        if verdict:
            progress.note("check", str(getattr(args[0], "__name__", function.__name__)))
        return verdict

    return judged


def yours(name: str, instead: Any, passes: Callable[[Any], Verdict] | None = None) -> Any:
    """Return what the learner has written under this name in the notebook, if it passes, else `instead`, and say so.

    passes: what judges it; None for a check against `instead`.
    """
    from IPython import get_ipython

    shell = get_ipython()
    written = shell.user_ns.get(name) if shell else None
    if check(written, instead) if passes is None else passes(written):
        return written
    print(f"Your `{name}` is not finished yet, so this cell uses the library's.")
    return instead


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


@judge
def check(attempt: Any, against: Callable[..., Any] | str, *, patience: float = PATIENCE_S) -> Verdict:
    """Return a Verdict on `attempt`, a function written as attempt(theta, g, s, *, lr, ...) -> (theta, State).

    against: a rule of lessonlib, its name, or any function with a rule's signature; hyperparameters bound by functools.partial are
    not asked of the attempt. The path of theta is compared, over several steps, scales and settings, to a thousandth of the step:
    every algebraically equal form passes, whatever it keeps in m and v. Then the step count t of its state. An attempt must be pure: no
    printing, nothing changed in place, nothing kept outside `s`. It runs in a sandbox and is ended after `patience` seconds in all.

    >>> check(lambda theta, g, s, *, lr: (theta + lr * g, s), "sgd")
    Not yet: sign of the step
    Print the loss after each step. Which way should theta move when g is positive?
    """
    right = getattr(rules, against, None) if isinstance(against, str) else against
    if not callable(right) or isinstance(right, type):
        raise ValueError(f"against={against!r}: a rule such as lessonlib.adam, or its name; there are "
                         f"{', '.join(n for n in rules.__all__ if n.islower())}")
    probes = probes_for(right)
    seen = patiently(partial(observe, attempt, [*probes.fixed, *probes.fresh, *probes.varied.values()]), patience)
    return Verdict(True, f"Correct.\n{diagnose(seen, right, probes)}")


@judge
def judge_slips(guess: Any, shown: Mapping[str, Array], candidates: Collection[str], walk: Callable[[str], Array]) -> Verdict:
    """Return a Verdict on the names of the slips that made some paths: what each says, and where its path leaves the one shown.

    guess: {letter: name}; shown: {letter: path (T + 1, n)}; walk: the path of a slip, by its name.
    """
    if not isinstance(guess, Mapping) or set(guess) != set(shown):
        raise Stop("Not a guess for each.", f"You gave a {type(guess).__name__}. Where are the answers for {', '.join(shown)}?")
    told, missing, right = [], [], 0
    for letter, path in shown.items():
        try:
            name = choice(guess[letter], candidates, "a name from the list")
        except Stop as stop:
            told.append(f"{letter}: {stop.headline[0].lower()}{stop.headline[1:-1]}.")
            missing.append(letter)
            continue
        off = ~np.isclose(walk(name), path).all(axis=1)
        right += not off.any()
        t, walked = int(off.argmax()), walk(name)
        places = [" and ".join(f"{x:.2f}" for x in np.atleast_1d(theta[t])) for theta in (path, walked)]
        told.append(f"{letter}: yes, {name}." if not off.any() else
                    f"{letter}: the path shown is at {places[0]} after step {t}; with {name} it would be at {places[1]}.")
    seen = " ".join(told)
    if right == len(shown):
        return Verdict(True, f"Correct.\n{seen}")
    if all(guess[letter] is None or guess[letter] is ... for letter in shown):
        raise Stop("Not answered yet.", "Put a name from the list in place of each None, in quotes. Which path tells you most?")
    question = (f"Which name from the list fits the path of {', and of '.join(missing)}?" if right + len(missing) == len(shown) else
                "Which slip makes that step so long, or so short?")
    return Verdict(False, f"{right} of {len(shown)}.\n{seen} {question}")
