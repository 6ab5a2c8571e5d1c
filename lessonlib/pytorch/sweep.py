"""Trains one small network for each cell of a grid of hyperparameters, all at once, with the very rule of the lesson.

The parameters of each network are a row of one tensor, a hyperparameter is a column, and so the rule is called once a step, whatever
the number of networks (`groups`); each core of a CPU trains its own group (`workers`). It runs on CPU and GPU alike.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from threading import Event
from typing import Any

import numpy as np
import torch

from lessonlib.pytorch.networks import MEASURED, Group, Plan, networks_at_once, split
from lessonlib.pytorch.tasks import Task
from lessonlib.pytorch.workers import progress, side_by_side
from lessonlib.rules import State
from lessonlib.signature import MISSING, batch_shape, label, name_of, numbers, quoted, require, takes, whole_number

__all__ = ["Trained", "train"]

Array = np.ndarray[Any, Any]
DTYPES = {torch.float32: np.float32, torch.float64: np.float64}


@dataclass(frozen=True)
class Trained:
    """What came of training: records (R, seeds, *grid), NaN where a network has not come that far.

    steps: (R,), the step after which each record was made; the first is 0. train_loss: on the labels as trained, inf where it is
    not a number. train_accuracy, test_accuracy: the share of examples classified rightly, 0 where the logits are beyond the
    numbers. norm: the Euclidean norm of all parameters of a network. params: by name, (seeds, *grid, *shape). done: (seeds, *grid),
    the steps taken. diverged: (seeds, *grid), True where parameters or loss went beyond the numbers. interrupted: True if training
    was stopped by hand, and the rest is missing.
    """

    label: str
    steps: Array
    train_loss: Array
    train_accuracy: Array
    test_accuracy: Array
    norm: Array
    params: dict[str, Array]
    done: Array
    diverged: Array
    interrupted: bool = False


def train(
    rule: Callable[..., Any], task: Task | Callable[[], Task], *, steps: int, seeds: int | Sequence[int] = (0,),
    batch: int | None = None, schedule: Callable[[int], float] | None = None, record_every: int | None = None, device: str = "auto",
    dtype: torch.dtype = torch.float32, networks: int | None = None, start: Mapping[str, Any] | None = None,
    on_record: Callable[[Trained], Any] | None = None, **hyper: Any,
) -> Trained:
    """Return the Trained networks of `task`, one for each seed and cell of the grid, after `steps` steps of `rule`.

    A hyperparameter is a number, an array (*grid, 1) as `lessonlib.grid` makes them, or a function of t = 1, 2, ... that returns
    either. seeds: each sets a start, the wrong labels and the batches, which all cells share, so that comparisons are paired. batch:
    the training examples of a step, drawn with replacement; None takes all of them. schedule: t -> factor of lr at step t; a rule
    with an argument eta gets the factor as eta instead (Loshchilov & Hutter 2019, Alg. 2, multiply step and decay by it).
    record_every: steps between records; None records the start and the end. device: "auto" is cuda where there is one, else cpu.
    networks: how many may be in training at once, the others wait; None takes what suits the memory. start: parameters by name in
    place of the task's, (*shape) or (seeds, *grid, *shape). on_record: called with the Trained so far when there are new records.

    How networks are grouped changes the last bits of a matrix product, and in float32 hundreds of steps can make a visible difference
    of that: quote figures of a cell from float64. The stop button (Ctrl-C) ends training and returns what there is. Divergence is
    data: inf stays, and warns of nothing. Raises ValueError for input that does not fit.

    >>> from lessonlib import adamw, grid
    >>> from lessonlib.pytorch.tasks import digits_task
    >>> cells = grid(lr=[1e-3, 1e-2, 1e-1], weight_decay=[0, 0.1])
    >>> train(adamw, digits_task(), steps=20, seeds=[0, 1], **cells).test_accuracy.shape
    (2, 2, 3, 2)
    """
    steps, every = whole_number("steps", steps), _limit("record_every", record_every)
    paced = _paced(rule, hyper, schedule)
    require(rule, paced)
    plan, theta = _planned(task, seeds, paced, _limit("batch", batch), _device(device), dtype, start)
    book = _Book(plan, label(rule, hyper), theta, records=sorted({*range(0, steps + 1, every or steps or 1), steps}))

    cores = torch.get_num_threads() if plan.device.type == "cpu" else 1
    at_once = _limit("networks", networks) or networks_at_once(plan, cores)
    workers = min(cores, plan.networks, at_once)
    jobs = [partial(_train_group, rule, plan, book, which, steps) for which in split(plan.networks, at_once, workers)]
    with progress(steps * plan.networks) as show:
        interrupted = side_by_side(jobs, workers, meanwhile=lambda: book.read(show, on_record))
    return book.trained(interrupted)


@torch.no_grad()
def _train_group(rule: Callable[..., Any], plan: Plan, book: _Book, which: Array, steps: int, stop: Event) -> None:
    """Train the networks `which` from the first step to the last, or until they shall stop."""
    if stop.is_set():
        return
    group = Group(plan, which)
    theta, s = group.tensor(book.theta[which]), State()
    for t in range(steps + 1):
        if t:
            g = group.gradient(theta)
            theta, s = rule(theta, g, s, **group.hyper(t))
            if np.shape(theta) != g.shape:
                raise ValueError(f"{name_of(rule)} returned theta of shape {np.shape(theta)} for {tuple(g.shape)}: "
                                 "a rule keeps the shape of theta")
            book.taken[which] = t
        if t in book.records or stop.is_set():
            figures = {} if stop.is_set() else group.measure(theta)
            book.write(t, which, theta.cpu().numpy(), {name: values.cpu().numpy() for name, values in figures.items()})
        if stop.is_set():
            return


class _Book:
    """What is known of all networks so far, a row or column for each: groups write into it, the calling thread reads it."""

    def __init__(self, plan: Plan, title: str, theta: Array, records: Sequence[int]) -> None:
        # what is to come
        self.plan, self.title = plan, title
        self.records = {t: r for r, t in enumerate(records)}
        # what has been
        self.taken = np.zeros(len(theta), int)  # steps, those included that are not in theta yet
        self.theta, self.done = theta, np.zeros(len(theta), int)  # (K, P) and (K,), after the same step
        self.found = {name: np.full((len(records), len(theta)), np.nan) for name in MEASURED}
        self.news = Event()

    def write(self, t: int, which: Array, theta: Array, figures: Mapping[str, Array]) -> None:
        """Enter what the networks `which` are after step t: theta (k, P), and figures (k,) where they are a record."""
        self.theta[which], self.done[which] = theta, t
        for name, values in figures.items():
            self.found[name][self.records[t], which] = values
        self.news.set()

    def read(self, show: Callable[[int], Any], on_record: Callable[[Trained], Any] | None) -> None:
        """Show how far it is, and hand on new records."""
        show(int(self.taken.sum()))
        if on_record is not None and self.news.is_set():
            self.news.clear()
            on_record(self.trained())

    def trained(self, interrupted: bool = False) -> Trained:
        """All of it, in the shapes of seeds and grid."""
        plan, theta = self.plan, self.theta.copy()
        lead = (len(plan.seeds), *plan.grid)
        parts = np.split(theta, np.cumsum([prod(shape) for shape in plan.shapes.values()])[:-1], axis=-1)
        diverged = ~np.isfinite(theta).all(-1) | np.isinf(self.found["train_loss"]).any(0)
        return Trained(self.title, np.array(list(self.records)),
                       **{name: values.reshape(-1, *lead).copy() for name, values in self.found.items()},
                       params={name: part.reshape(*lead, *shape) for (name, shape), part in zip(plan.shapes.items(), parts, strict=True)},
                       done=self.done.reshape(lead).copy(), diverged=diverged.reshape(lead), interrupted=interrupted)


def _planned(task: Any, seeds: Any, hyper: dict[str, Any], batch: int | None, device: torch.device, dtype: torch.dtype,
             start: Mapping[str, Any] | None) -> tuple[Plan, Array]:
    """The plan, and where all its networks start, (K, P). Raises ValueError for a part that does not fit."""
    made = task() if callable(task) else task
    if not isinstance(made, Task):
        raise ValueError(f"task={quoted(task)}: a Task such as digits_task()")
    if dtype not in DTYPES:
        raise ValueError(f"dtype={quoted(dtype)}: torch.float32 or torch.float64")
    each = [whole_number("seeds", seed) for seed in np.atleast_1d(seeds)]
    if not each:
        raise ValueError(f"seeds={quoted(seeds)}: at least one seed, 0 or more, such as [0, 1, 2]")
    begin = [made.start(seed) for seed in each]
    shapes = {name: np.shape(value) for name, value in begin[0].items()}
    grid = batch_shape(hyper, sum(map(prod, shapes.values())))
    plan = Plan(made, {seed: made.data(seed) for seed in each}, each, shapes, hyper, grid, batch, device, dtype)
    theta = np.concatenate([_spread(begin, start, name, shape, (len(each), *grid)) for name, shape in shapes.items()], -1)
    return plan, theta.astype(DTYPES[dtype])


def _spread(begin: list[Mapping[str, Array]], start: Mapping[str, Any] | None, name: str, shape: tuple[int, ...],
            lead: tuple[int, ...]) -> Array:
    """One parameter of every network at its start: (K, size)."""
    if start is None:
        value = np.stack([np.asarray(b[name]) for b in begin]).reshape(len(begin), *[1] * (len(lead) - 1), *shape)
    elif name not in start:
        raise ValueError(f"start has no {name}: it needs {', '.join(begin[0])}, as task.start(seed) gives them")
    else:
        value = numbers(f"start[{name!r}]", start[name])
    try:
        return np.broadcast_to(value, (*lead, *shape)).reshape(prod(lead), -1)
    except ValueError:
        raise ValueError(f"start[{name!r}] has shape {value.shape}: {shape}, or {(*lead, *shape)} with seeds and grid") from None


def _paced(rule: Callable[..., Any], hyper: dict[str, Any], schedule: Callable[[int], float] | None) -> dict[str, Any]:
    """The hyperparameters with the schedule in them: as eta where the rule knows it, else as a factor of lr."""
    if schedule is None:
        return hyper
    if not callable(schedule):
        raise ValueError(f"schedule={quoted(schedule)}: a function of t = 1, 2, ... that returns the factor of lr")
    known = takes(rule)
    if "eta" in known:
        return hyper | {"eta": schedule}
    if "lr" not in known and "lr" not in hyper:
        raise ValueError(f"schedule={quoted(schedule)}: {name_of(rule)} has neither lr nor eta for it to change; leave it out")
    lr = hyper.get("lr", known.get("lr", MISSING))
    if lr is MISSING:
        raise ValueError(f"lr is missing: {name_of(rule)} has no default for it; add lr=...")
    return hyper | {"lr": lambda t: numbers("lr", lr(t) if callable(lr) else lr, t) * numbers("schedule", schedule(t), t)}


def _limit(name: str, value: Any) -> int | None:
    """value as a whole number of 1 or more; None stays None."""
    try:
        return None if value is None else whole_number(name, value, least=1)
    except ValueError as error:
        raise ValueError(f"{error}, or None") from None


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        there = torch.zeros(1, device=name, dtype=torch.float32)
        there.item()  # "meta" holds no numbers
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device={name!r} is not to be had here ({str(error).splitlines()[0]}); use 'auto' or 'cpu'") from None
    return there.device
