"""What a rule is called, what it takes, and the batch that its hyperparameters make: whoever calls a rule asks here."""
from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from math import inf, isfinite
from typing import Any, Protocol

import numpy as np

from lessonlib.rules import Array, State

__all__ = ["MISSING", "Rule", "batch_shape", "label", "name_of", "number", "numbers", "quoted", "require", "takes", "takes_any",
           "whole_number"]

MISSING = inspect.Parameter.empty  # the default of a hyperparameter that has none


class Rule(Protocol):
    """An optimizer as a function: rule(theta, g, state, **hyperparameters) -> (theta, state)."""

    def __call__(self, theta: Array, g: Array, s: State, /, *args: Any, **hyper: Any) -> tuple[Array, State]:
        """Return theta and the state after one step; theta, g: (..., n)."""


def quoted(value: object) -> str:
    """Return a value as an error message quotes it: its repr on one line, cut where it is long.

    >>> quoted("one"), quoted(list(range(100)))
    ("'one'", '[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, ...')
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= 80 else f"{text[:73].rsplit(' ', 1)[0]} ..."


def name_of(rule: Callable[..., Any] | str) -> str:
    """Return what a rule is called; one with bound hyperparameters (functools.partial) is called as the rule it wraps.

    >>> from functools import partial
    >>> from lessonlib import adam
    >>> name_of(adam), name_of(partial(adam, lr=0.1)), name_of("adam")
    ('adam', 'adam', 'adam')
    """
    if isinstance(rule, str):
        return rule
    own = getattr(rule, "__name__", None) or getattr(rule, "name", None)
    return str(own or name_of(getattr(rule, "func", type(rule))))


def takes(rule: Callable[..., Any]) -> dict[str, Any]:
    """Return the hyperparameters of a rule with their defaults, MISSING where there is none.

    They are what comes after theta, g and s, whether a * stands before them or not. Raises ValueError for what is no function.

    >>> def nesterov(theta, g, s, lr, beta1=0.9): ...
    >>> takes(nesterov)["beta1"], takes(nesterov)["lr"] is MISSING
    (0.9, True)
    """
    parameters = _parameters(rule)
    ordered = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return {p.name: p.default for p in ordered[3:] + [p for p in parameters if p.kind is p.KEYWORD_ONLY]}


def takes_any(rule: Callable[..., Any]) -> bool:
    """Return whether a rule takes hyperparameters of any name (**hyper)."""
    return any(p.kind is p.VAR_KEYWORD for p in _parameters(rule))


def require(rule: Callable[..., Any], given: Mapping[str, Any]) -> None:
    """Raise ValueError for a hyperparameter that the rule does not take, or that it needs and is not given."""
    known = takes(rule)
    for name, value in given.items():
        if name not in known and not takes_any(rule):
            raise ValueError(f"{name}={quoted(value)}: {name_of(rule)} takes {', '.join(known) or 'no hyperparameter'}")
    for name, default in known.items():
        if default is MISSING and name not in given:
            raise ValueError(f"{name} is missing: {name_of(rule)} has no default for it; add {name}=...")


def batch_shape(hyper: Mapping[str, Any], n: int, start: tuple[int, ...] = ()) -> tuple[int, ...]:
    """Return the shape of the batch that hyperparameters make together, with `start` from elsewhere: what they broadcast to.

    hyper: numbers, arrays (*batch, 1) or (*batch, n), or functions of t = 1, 2, ... that return either. n: the number of parameters.
    Raises ValueError for a value that is no number, and for shapes that do not fit.

    >>> from lessonlib import grid
    >>> batch_shape(grid(lr=[0.1, 0.2, 0.3], beta1=[0.0, 0.9]), n=2)
    (3, 2)
    """
    batch = start
    for name, value in hyper.items():
        shape = numbers(name, value(1), 1).shape if callable(value) else numbers(name, value).shape
        if shape and shape[-1] not in (1, n):
            why = "grid makes one run for each value" if len(shape) == 1 else "a batch ends in an axis of 1"
            raise ValueError(f"write **grid({name}=[...]): {name} has shape {shape}, and {why}")
        try:
            batch = np.broadcast_shapes(batch, shape[:-1])
        except ValueError:
            raise ValueError(f"{name} has shape {shape}, which does not fit the batch {batch} of the others; "
                             "put all axes into one grid(...)") from None
    return batch


def label(rule: Callable[..., Any], hyper: Mapping[str, Any]) -> str:
    """Return what a figure calls a run: the rule and the hyperparameters that are one number.

    >>> from lessonlib import adam
    >>> label(adam, {"lr": 0.1, "beta1": lambda t: 0.9})
    'adam, lr=0.1'
    """
    single = {name: value for name, value in hyper.items() if not callable(value) and np.size(value) == 1}
    return ", ".join([name_of(rule), *(f"{name}={float(np.asarray(value).item()):g}" for name, value in single.items())])


def numbers(name: str, value: Any, t: int | None = None, dtype: Any = float) -> np.ndarray[Any, Any]:
    """Return a hyperparameter as an array of floats. t: the step, where a schedule gave the value.

    Raises ValueError for what is not made of numbers; None too, which NumPy would take for nan.
    """
    if isinstance(value, Mapping):
        raise ValueError(f"{name} is a dict, as grid returns it: write **grid({name}=[...]), with two stars and without {name}= before it")
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        at = "" if t is None else f" at t={t}"
        raise ValueError(f"{name}={quoted(value)}{at}: a number, an array of numbers, or a function of t that returns one")
    return array.astype(dtype, copy=False)


def number(name: str, value: Any, *, least: float = -inf, most: float = inf) -> float:
    """Return value as a float. Raises ValueError for what is not one finite number from least to most.

    >>> number("share", np.float32(0.5), least=0, most=1)
    0.5
    """
    array = numbers(name, value)
    if array.size != 1 or not isfinite(array.item()) or not least <= array.item() <= most:
        bounds = [f"{least:g} or more"] * (least > -inf) + [f"at most {most:g}"] * (most < inf)
        raise ValueError(f"{name}={quoted(value)}: {', '.join(['one number', *bounds])}")
    return float(array.item())


def whole_number(name: str, value: Any, *, least: int = 0) -> int:
    """Return value as an int; 1e2 and NumPy's integers are whole numbers too. Raises ValueError for any other.

    >>> whole_number("steps", 1e2)
    100
    """
    try:
        whole = int(value)
        fits = whole == value and whole >= least
    except (TypeError, ValueError, OverflowError):
        fits = False
    if not fits or isinstance(value, (bool, np.bool_)):
        raise ValueError(f"{name}={quoted(value)}: a whole number, {least} or more")
    return whole


def _parameters(rule: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return list(inspect.signature(rule).parameters.values())
    except (TypeError, ValueError):
        raise ValueError(f"rule={quoted(rule)}: a function such as lessonlib.adam, written as def rule(theta, g, s, *, lr)") from None
