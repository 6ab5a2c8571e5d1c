"""Runs a rule on a problem: one run, or a whole grid of hyperparameters at once."""
from __future__ import annotations

import inspect
import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np

from lessonlib.problems import Problem
from lessonlib.rules import State

__all__ = ["Run", "grid", "run"]

Array = np.ndarray[Any, Any]
BLOCK = 1 << 13  # numbers in a block of runs: 64 KB of float64 an array, so that a step's temporaries stay in cache
NARROW = 16  # up to this many parameters, a block is stored column by column


@dataclass(frozen=True)
class Run:
    """What came of a run, or of a batch of runs.

    theta: (T + 1, *batch, n) with record="path", else the last one only, (1, *batch, n). loss: (T + 1, *batch), or (1, *batch)
    with record="last"; a loss that is not a number counts as inf. diverged: (*batch), True where theta or the loss ended
    beyond the numbers.
    """

    theta: Array
    loss: Array
    diverged: Array
    label: str


def grid(**axes: Any) -> dict[str, Array]:
    """Return hyperparameters shaped so that every combination is a run: each takes an axis of the batch, in order.

    >>> {name: values.shape for name, values in grid(lr=[0.1, 0.2, 0.3], beta1=[0.0, 0.9]).items()}
    {'lr': (3, 1, 1), 'beta1': (1, 2, 1)}
    """
    shaped = {}
    for place, (name, values) in enumerate(axes.items()):
        array = np.asarray(values, dtype=float)
        if array.ndim != 1 or not array.size:
            raise ValueError(f"{name}={values!r}: an axis of a grid is a list of numbers, such as [0.1, 0.2]")
        shaped[name] = array.reshape([-1 if i == place else 1 for i in range(len(axes))] + [1])
    return shaped


def run(
    rule: Callable[..., Any],
    problem: Problem | Callable[[], Problem],
    *,
    steps: int = 200,
    seed: int = 0,
    start: Any = None,
    record: Literal["path", "loss", "last"] = "path",
    **hyper: Any,
) -> Run:
    """Return the Run of `rule` on `problem`: `steps` steps from `start` (the problem's own if None).

    problem: a Problem, or a function that makes one when called without arguments, such as `rosenbrock`.
    A hyperparameter is a number, an array (*batch, 1) as `grid` makes them, or a function of t = 1, 2, ... that returns either.
    start: (*batch, n). The noise of a step comes from `seed` and is the same for a whole batch, so that comparisons are paired; a
    batched run equals its runs one by one, bit for bit. Divergence is data: inf stays, and warns of nothing. The batch is cut into
    blocks that fit the cache, which run on all cores. Raises ValueError for a hyperparameter that the rule does not take, or a
    shape that does not fit.

    >>> from lessonlib import adam
    >>> from lessonlib.problems import ravine
    >>> run(adam, ravine(100), **grid(lr=np.geomspace(1e-4, 1, 50), beta1=[0, 0.5, 0.9])).loss.shape
    (201, 50, 3)
    """
    if not isinstance(problem, Problem):
        if not callable(problem):
            raise ValueError(f"problem={problem!r}: a Problem such as lessonlib.problems.ravine(100)")
        problem = problem()
    _validate(rule, steps, record, hyper)
    begin = problem.start if start is None else np.asarray(start)
    begin = begin if np.issubdtype(begin.dtype, np.floating) else begin.astype(float)
    n = problem.start.shape[-1]
    if begin.ndim == 0 or begin.shape[-1] != n:
        raise ValueError(f"start has shape {begin.shape}: its last axis must be {n}, as {problem.name} has {n} parameters")

    batch = begin.shape[:-1]
    for name, value in hyper.items():
        shape = np.shape(value(1) if callable(value) else value)
        if shape and shape[-1] not in (1, n):
            raise ValueError(f"{name} has shape {shape}: a batch of hyperparameters ends in an axis of 1; "
                             f"write **grid({name}=[...])")
        try:
            batch = np.broadcast_shapes(batch, shape[:-1])
        except ValueError:
            raise ValueError(f"{name} has shape {shape}, which does not fit the batch {batch} of the others; "
                             "put all axes into one grid(...)") from None

    runs = int(np.prod(batch))
    begin = np.broadcast_to(begin, (*batch, n)).reshape(runs, n)
    theta = np.empty(((steps if record == "path" else 0) + 1, runs, n), begin.dtype)
    loss = np.empty(((0 if record == "last" else steps) + 1, runs), begin.dtype)
    size = max(1, BLOCK // n)
    blocks = [slice(i, min(i + size, runs)) for i in range(0, runs, size)]
    flat = {name: _flatten(value, batch, runs, begin.dtype) for name, value in hyper.items()}

    with _progress(len(blocks) * steps) as (tick, halt):
        def work(rows: slice) -> None:
            own: dict[str, Any] = {name: partial(f, rows) if callable(hyper[name]) else f(rows, 0) for name, f in flat.items()}
            _run_block(rule, problem, begin[rows], own, steps, seed, theta[:, rows], loss[:, rows], tick)

        if len(blocks) == 1:
            work(blocks[0])
        else:
            with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
                try:
                    list(pool.map(work, blocks))
                except BaseException:  # an interrupt must not wait for the blocks under way
                    halt()
                    raise

    loss[np.isnan(loss)] = np.inf
    diverged = ~(np.isfinite(loss[-1]) & np.isfinite(theta[-1]).all(-1))
    return Run(theta.reshape(-1, *batch, n), loss.reshape(-1, *batch), diverged.reshape(batch), _label(rule, hyper))


def _validate(rule: Callable[..., Any], steps: int, record: str, hyper: dict[str, Any]) -> None:
    if int(steps) != steps or steps < 0:
        raise ValueError(f"steps={steps!r}: a whole number of steps, 0 or more")
    if record not in ("path", "loss", "last"):
        raise ValueError(f"record={record!r}: one of 'path', 'loss', 'last'")
    parameters = inspect.signature(rule).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    takes = [name for name, p in parameters.items() if p.kind is p.KEYWORD_ONLY]
    for name in hyper:
        if name not in takes:
            raise ValueError(f"{name}={hyper[name]!r}: {_name(rule)} takes {', '.join(takes) or 'no hyperparameter'}")
    missing = [name for name in takes if parameters[name].default is inspect.Parameter.empty and name not in hyper]
    if missing:
        raise ValueError(f"{missing[0]} is missing: {_name(rule)} has no default for it; add {missing[0]}=...")


def _name(rule: Callable[..., Any]) -> str:
    return str(getattr(rule, "__name__", None) or getattr(rule, "name", None) or _name(getattr(rule, "func", type(rule))))


def _label(rule: Callable[..., Any], hyper: dict[str, Any]) -> str:
    shown = [f"{name}={float(np.asarray(value).item()):g}" for name, value in hyper.items()
             if not callable(value) and np.size(value) == 1]
    return ", ".join([_name(rule), *shown])


def _flatten(value: Any, batch: tuple[int, ...], runs: int, dtype: Any) -> Callable[[slice, int], Array]:
    """A hyperparameter as a function of t and the rows of a block; always an array, so that a run alone does the same sums."""
    def rows_of(array: Array, rows: slice) -> Array:
        if array.size == 1:
            return array.reshape(1)
        return np.broadcast_to(array, (*batch, array.shape[-1])).reshape(runs, -1)[rows]

    if callable(value):
        return lambda rows, t: rows_of(np.asarray(value(t), dtype), rows)
    whole = rows_of(np.asarray(value, dtype), slice(None))
    return lambda rows, t: whole if whole.size == 1 else whole[rows]


def _run_block(
    rule: Callable[..., Any], problem: Problem, begin: Array, hyper: dict[str, Any], steps: int, seed: int,
    theta_out: Array, loss_out: Array, tick: Callable[[], None],
) -> None:
    """All steps of one block of runs. Narrow blocks are laid out column by column, so that NumPy's inner loop is the batch."""
    rng = np.random.default_rng(seed)
    fixed = {name: value for name, value in hyper.items() if not callable(value)}
    scheduled = [(name, value) for name, value in hyper.items() if callable(value)]
    narrow = begin.shape[-1] <= NARROW
    theta, s = np.array(begin, order="F" if narrow else "C"), State()
    at_once = narrow and len(loss_out) == len(theta_out) and theta_out.size <= BLOCK  # a short path: its losses in one call
    with np.errstate(all="ignore"):
        for t in range(steps + 1):
            if t:
                theta, s = rule(theta, problem.grad(theta, rng), s, **fixed, **{name: f(t) for name, f in scheduled})
                if problem.project is not None:
                    theta = problem.project(theta)
                if np.shape(theta) != begin.shape:
                    raise ValueError(f"{_name(rule)} returned theta of shape {np.shape(theta)} for {begin.shape}: "
                                     "a rule keeps the shape of theta")
                tick()
            if t == steps or len(theta_out) > 1:
                theta_out[t if len(theta_out) > 1 else 0] = theta
            if not at_once and (t == steps or len(loss_out) > 1):
                loss_out[t if len(loss_out) > 1 else 0] = problem.loss(theta)
        if at_once:
            points = theta_out.reshape(-1, begin.shape[-1])
            loss_out[:] = np.broadcast_to(problem.loss(points), len(points)).reshape(loss_out.shape)


@contextmanager
def _progress(total: int) -> Iterator[tuple[Callable[[], None], Callable[[], None]]]:
    """Two functions: one to call at every step, which shows a bar once a run takes over 2 s, and one that stops all workers.

    LESSONLIB_PROGRESS=0 in the environment hides the bar, for notebooks whose outputs are compared.
    """
    stopped = threading.Event()
    hidden = os.environ.get("LESSONLIB_PROGRESS") == "0"
    begun, done, bar, lock = time.monotonic(), 0, None, threading.Lock()

    def tick() -> None:
        nonlocal done, bar
        if stopped.is_set():
            raise InterruptedError("the run was stopped")
        done += 1
        if hidden or done % 64 or time.monotonic() - begun < 2:
            return
        with lock:
            if bar is None:
                from tqdm.auto import tqdm  # slow to import, rarely needed
                bar = tqdm(total=total, unit="step", leave=False)
            bar.update(done - bar.n)

    try:
        yield tick, stopped.set
    finally:
        if bar is not None:
            bar.close()
