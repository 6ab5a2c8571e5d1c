"""A check for marks: what it passes was written by whoever hands it in, and was not called from a library."""
from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from functools import partial, wraps
from pathlib import Path
from typing import Any

import lessonlib
from lessonlib.checks import Verdict, check

__all__ = ["REFUSED", "strict_check", "strictly"]

REFUSED = "Refused: "  # how the headline of a refusal begins
LIBRARY = Path(lessonlib.__file__).resolve().parent
FREE = ("", "numpy")  # whose functions may be called: one's own and Python's, which are in no package, and NumPy's


def strict_check(attempt: Any, against: Callable[..., Any] | str) -> Verdict:
    """Return check's Verdict on a rule, but refuse one that is, or that anywhere calls, a function of a library other than NumPy.

    It is watched while it runs, so another name, a partial, a copy or a function in between does not hide the call.

    >>> from lessonlib import adam
    >>> print(strict_check(adam, "adam").headline)
    Refused: it calls `adam` of lessonlib.
    """
    return strictly(partial(check, against=against), attempt)


def strictly(judge: Callable[[Any], Verdict], attempt: Any) -> Verdict:
    """Return a judge's Verdict on an attempt, but refuse what passes with the help of a library. What is no function is only judged."""
    verdict = judge(attempt)
    if not verdict or not callable(attempt):
        return verdict
    called: dict[str, None] = {}
    judge(_watched(attempt, called))
    if not called:
        return verdict
    return Verdict(False, f"{REFUSED}it calls {' and '.join(called)}.\nWhat is marked is a function of your own. Which lines of yours "
                   "would take the place of that call?")


def _watched(attempt: Callable[..., Any], called: dict[str, None]) -> Callable[..., Any]:
    """The attempt, writing down whose functions run while it does."""
    def look(frame: Any, event: str, arg: Any) -> None:  # noqa: ARG001 - the signature of a profile function
        package = _package(frame.f_code.co_filename) if event == "call" else ""
        if package not in FREE:
            called.setdefault(f"`{frame.f_code.co_name}` of {package}")

    @wraps(attempt)
    def watched(*args: Any, **kwargs: Any) -> Any:
        before, collects = sys.getprofile(), gc.isenabled()
        gc.disable()  # a library's own function may be called at each collection
        sys.setprofile(look)
        try:
            return attempt(*args, **kwargs)
        finally:
            sys.setprofile(before)
            if collects:
                gc.enable()

    return watched


def _package(file: str) -> str:
    """The package that a file of code belongs to, empty for one that is in none."""
    path = Path(file)
    if LIBRARY in path.parents:
        return "lessonlib"
    places = [number for number, part in enumerate(path.parts) if part in ("site-packages", "dist-packages")]
    return path.parts[places[-1] + 1].removesuffix(".py") if places else ""
