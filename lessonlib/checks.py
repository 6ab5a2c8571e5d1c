"""A check that talks back: what a learner's rule does, compared with the right one and with the classic wrong ones."""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial, wraps
from typing import Any, ParamSpec

from lessonlib import progress, rules
from lessonlib.attempts import PATIENCE_S, Stop, observe, patiently
from lessonlib.diagnosis import diagnose, probes_for
from lessonlib.misconceptions.pieces import RIGHT
from lessonlib.signature import quoted

__all__ = ["Verdict", "check", "judge", "yours"]

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
            verdict = Verdict(False, f"{stop.headline}\n{stop.text}", stop.misconception)
        item = str(getattr(next(iter(args), None), "__name__", function.__name__))
        if verdict:
            progress.note("check", item)
        else:
            progress.tell("check", item, headline=verdict.headline, misconception=verdict.misconception)
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
    print(f"Your `{name}` is not right yet, so this cell uses the library's.")
    return instead


@judge
def check(attempt: Any, against: Callable[..., Any] | str, *, patience: float = PATIENCE_S) -> Verdict:
    """Return a Verdict on `attempt`, a function written as attempt(theta, g, s, *, lr, ...) -> (theta, State).

    against: a rule of lessonlib, its name, or any function with a rule's signature; hyperparameters bound by functools.partial are
    not asked of the attempt. The path of theta is compared, over several steps, scales and settings, to a thousandth of the step:
    every algebraically equal form passes, whatever it keeps in m and v. Then the step count t of its state. An attempt must be pure: no
    printing, nothing changed in place, nothing kept outside `s`. It runs in a sandbox and is ended after `patience` seconds in all.

    >>> check(lambda theta, g, s, *, lr: (theta + lr * g, s), "sgd")
    Not yet: sign of the step
    Where g is positive, the loss rises with theta. Which way should theta move there, and which way does yours?
    """
    right = getattr(rules, against, None) if isinstance(against, str) else against
    if not callable(right) or isinstance(right, type):
        raise ValueError(f"against={quoted(against)}: a rule such as lessonlib.adam, or its name; there are {', '.join(RIGHT)}")
    probes = probes_for(right)
    seen = patiently(partial(observe, attempt, [*probes.fixed, *probes.fresh, *probes.varied.values()]), patience)
    return Verdict(True, f"Correct.\n{diagnose(seen, right, probes)}")
