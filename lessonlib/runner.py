"""Runs a rule on a problem: one run, or a whole grid of hyperparameters at once."""
from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Literal

import numpy as np

from lessonlib.problems import Problem
from lessonlib.rules import State
from lessonlib.signature import Rule, batch_shape, label, name_of, numbers, quoted, require, whole_number

__all__ = ["Run", "grid", "run", "threads_start"]

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


def grid(*unnamed: Any, **axes: Any) -> dict[str, Array]:
    """Return hyperparameters shaped so that every combination is a run: each takes an axis of the batch, in order.

    >>> {name: values.shape for name, values in grid(lr=[0.1, 0.2, 0.3], beta1=[0.0, 0.9]).items()}
    {'lr': (3, 1, 1), 'beta1': (1, 2, 1)}
    """
    if unnamed:
        raise ValueError(f"grid got {repr(unnamed[0])[:60]} without a name: say which hyperparameter it is, as in grid(lr=[0.1, 0.2])")
    shaped = {}
    for place, (name, values) in enumerate(axes.items()):
        array = np.asarray(values, dtype=float)
        if array.ndim != 1 or not array.size:
            seen = f"{name} has shape {array.shape}" if array.ndim > 1 else f"{name}={quoted(values)}"
            raise ValueError(f"{seen}: an axis of a grid is a list of numbers, such as [0.1, 0.2]")
        shaped[name] = array.reshape([-1 if i == place else 1 for i in range(len(axes))] + [1])
    return shaped


def run(
    rule: Rule,
    problem: Problem | Callable[[], Problem],
    *unnamed: Any,
    steps: int = 200,
    seed: int = 0,
    start: Any = None,
    record: Literal["path", "loss", "last"] = "path",
    **hyper: Any,
) -> Run:
    """Return the Run of `rule` on `problem`: `steps` steps from `start` (the problem's own if None).

    problem: a Problem, or a function that makes one when called without arguments, such as `rosenbrock`.
    start: (*batch, n). record: "path" keeps theta and loss of each step, "loss" the losses only, "last" the end only.
    hyper: each hyperparameter is a number, an array (*batch, 1) as `grid` makes them, or a function of t = 1, 2, ... that returns either.

    All runs of a batch meet the same noise, which comes from `seed`, so that they can be compared in pairs. A batched run equals its
    runs one by one, bit for bit, where rule and gradient work row by row: a rule may not mix the rows, as g.mean() would. The first
    step is tried on two runs alone to see. Divergence is data: inf stays, and warns of nothing.

    Raises ValueError for an argument without a name, for a hyperparameter that the rule does not take, for a shape that does not fit,
    and for a rule that mixes rows.

    >>> from lessonlib import adam
    >>> from lessonlib.problems import ravine
    >>> run(adam, ravine(100), **grid(lr=np.geomspace(1e-4, 1, 50), beta1=[0, 0.5, 0.9])).loss.shape
    (201, 50, 3)
    """
    if unnamed:
        raise ValueError(f"run got {repr(unnamed[0])[:60]} without a name: after the rule and the problem all goes by name, and a grid "
                         "with two stars, as in run(sgd, valley, steps=50, **grid(lr=[0.1, 0.2]))")
    problem = _made(problem)
    steps = whole_number("steps", steps)
    if record not in ("path", "loss", "last"):
        raise ValueError(f"record={quoted(record)}: one of 'path', 'loss', 'last'")
    require(rule, hyper)
    begin = _begin(problem, start)
    batch = batch_shape(hyper, begin.shape[-1], begin.shape[:-1])

    runs, n = int(np.prod(batch)), begin.shape[-1]
    begin = np.broadcast_to(begin, (*batch, n)).reshape(runs, n)
    theta = np.empty(((steps if record == "path" else 0) + 1, runs, n), begin.dtype)
    loss = np.empty(((0 if record == "last" else steps) + 1, runs), begin.dtype)
    flat = {name: _flatten(name, value, batch, runs, begin.dtype) for name, value in hyper.items()}
    if steps and runs > 1:
        _ask_for_rows(rule, problem, begin, {name: rows_at(slice(None), 1) for name, rows_at in flat.items()}, seed)
    size = max(1, BLOCK // n)
    blocks = [slice(i, min(i + size, runs)) for i in range(0, runs, size)]

    with _progress(len(blocks) * steps) as (tick, halt):
        def work(rows: slice) -> None:
            own: dict[str, Any] = {name: partial(f, rows) if callable(hyper[name]) else f(rows, 0) for name, f in flat.items()}
            _run_block(rule, problem, begin[rows], own, steps, seed, theta[:, rows], loss[:, rows], tick)

        _in_parallel(work, blocks, halt)

    loss[np.isnan(loss)] = np.inf
    diverged = ~(np.isfinite(loss[-1]) & np.isfinite(theta[-1]).all(-1))
    return Run(theta.reshape(-1, *batch, n), loss.reshape(-1, *batch), diverged.reshape(batch), label(rule, hyper))


def _made(problem: Problem | Callable[[], Problem]) -> Problem:
    made = problem() if callable(problem) else problem
    if not isinstance(made, Problem):
        raise ValueError(f"problem={quoted(problem)}: a Problem such as lessonlib.problems.ravine(100)")
    return made


def _begin(problem: Problem, start: Any) -> Array:
    """Where the runs start: (*batch, n), floats."""
    begin = problem.start if start is None else np.asarray(start)
    n = problem.start.shape[-1]
    if begin.ndim == 0 or begin.shape[-1] != n:
        raise ValueError(f"start has shape {begin.shape}: its last axis must be {n}, as {problem.name} has {n} parameters")
    return begin if np.issubdtype(begin.dtype, np.floating) else numbers("start", begin)


def _flatten(name: str, value: Any, batch: tuple[int, ...], runs: int, dtype: Any) -> Callable[[slice, int], Array]:
    """A hyperparameter as a function of the rows of a block and t; always an array, so that a run alone does the same sums."""
    def rows_of(array: Array, rows: slice) -> Array:
        if array.size == 1:
            return array.reshape(1)
        return np.broadcast_to(array, (*batch, array.shape[-1])).reshape(runs, -1)[rows]

    if callable(value):
        return lambda rows, t: rows_of(numbers(name, value(t), t, dtype), rows)
    whole = rows_of(numbers(name, value, dtype=dtype), slice(None))
    return lambda rows, t: whole if whole.size == 1 else whole[rows]


def _ask_for_rows(rule: Rule, problem: Problem, begin: Array, hyper: dict[str, Array], seed: int) -> None:
    """Raise ValueError where the first step of the first or the last run alone is another one than in the batch."""
    with np.errstate(all="ignore"):
        g = problem.grad(begin, np.random.default_rng(seed))
        together, _ = _step(rule, begin, g, State(), hyper)
        for i in (0, len(begin) - 1):
            row = slice(i, i + 1)
            g_alone = problem.grad(begin[row], np.random.default_rng(seed))
            alone, _ = _step(rule, begin[row], g[row], State(), {name: x if x.size == 1 else x[row] for name, x in hyper.items()})
            for name, whole, one in ((problem.name, g, g_alone), (name_of(rule), together, alone)):
                if np.shape(whole) != begin.shape or np.shape(one) != begin[row].shape:
                    return  # told at the first step
                reach = 1e-4 * np.abs(one).max(initial=0.0, where=np.isfinite(one)) + 1e-12
                if not np.allclose(one, whole[row], rtol=1e-4, atol=reach, equal_nan=True):
                    raise ValueError(f"{name} mixes the runs of a batch: run {i} gets {one[0, 0]:.6g} in coordinate 0 when it is alone and "
                                     f"{whole[i, 0]:.6g} in the batch; sum over the last axis only, as in g.mean(-1, keepdims=True)")


def _step(rule: Rule, theta: Array, g: Array, s: State, hyper: dict[str, Any]) -> tuple[Array, State]:
    """One step of a rule. Raises ValueError where it returns anything but two things, or writes into what it was given to read."""
    try:
        returned: Any = rule(theta, g, s, **hyper)
    except ValueError as error:
        if "read-only" not in str(error):
            raise
        raise ValueError(f"{name_of(rule)} writes into theta or g, which others read too: make a new array, "
                         "theta = theta - ... in place of theta -= ...") from error
    if not (isinstance(returned, (tuple, list)) and len(returned) == 2):
        raise ValueError(f"{name_of(rule)} returned {repr(returned)[:60]}: a rule returns two things, the new theta and its State")
    return returned[0], returned[1]


def _in_parallel(work: Callable[[slice], None], blocks: list[slice], halt: Callable[[], None]) -> None:
    """Work through the blocks on all cores; one block, or a place where no thread can start, needs no other thread."""
    if len(blocks) == 1 or not threads_start():
        for block in blocks:
            work(block)
        return
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        try:
            list(pool.map(work, blocks))
        except BaseException:  # an interrupt must not wait for the blocks under way
            halt()
            raise


@cache
def threads_start() -> bool:
    """Return whether a thread can start here; in a browser (Pyodide) none can.

    >>> threads_start()
    True
    """
    try:
        threading.Thread(target=int).start()
    except RuntimeError:  # Pyodide
        return False
    return True


def _run_block(
    rule: Rule, problem: Problem, begin: Array, hyper: dict[str, Any], steps: int, seed: int,
    theta_out: Array, loss_out: Array, tick: Callable[[], None],
) -> None:
    """All steps of one block of runs. Narrow blocks are laid out column by column, so that NumPy's inner loop is the batch."""
    rng = np.random.default_rng(seed)
    fixed = {name: value for name, value in hyper.items() if not callable(value)}
    scheduled = [(name, value) for name, value in hyper.items() if callable(value)]
    theta, s = np.array(begin, order="F" if begin.shape[-1] <= NARROW else "C"), State()
    with np.errstate(all="ignore"):
        for t in range(steps + 1):
            if t:
                theta, s = _step(rule, theta, problem.grad(theta, rng), s, fixed | {name: f(t) for name, f in scheduled})
                if problem.project is not None:
                    theta = problem.project(theta)
                if np.shape(theta) != begin.shape:
                    raise ValueError(f"{name_of(rule)} returned theta of shape {np.shape(theta)} for {begin.shape}: "
                                     "a rule keeps the shape of theta")
                tick()
            if t == steps or len(theta_out) > 1:
                theta_out[t if len(theta_out) > 1 else 0] = theta
            if t == steps or len(loss_out) > 1:
                loss_out[t if len(loss_out) > 1 else 0] = problem.loss(theta)


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
                tqdm.monitor_interval *= threads_start()  # a thread watches the bar
                bar = tqdm(total=total, unit="step", leave=False)
            bar.update(done - bar.n)

    try:
        yield tick, stopped.set
    finally:
        if bar is not None:
            bar.close()
