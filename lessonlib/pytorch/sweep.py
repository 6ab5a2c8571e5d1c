"""Trains one small network for each cell of a grid of hyperparameters, all at once, with the very rule of the lesson.

The P parameters of each of K networks are a row of one tensor (K, P), a hyperparameter is a column (K, 1), and so the rule is called
once a step, whatever the number of networks. The networks know nothing of each other: the gradient of the sum of their losses is
each one's own, and one backward pass serves all. It runs on CPU and GPU alike.
"""
from __future__ import annotations

import inspect
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from math import ceil, prod
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from lessonlib.data import digits
from lessonlib.rules import State
from lessonlib.signature import label, name_of, require, whole_number

__all__ = ["Data", "Task", "Trained", "cross_entropy", "digits_task", "modular_task", "train"]

Array = np.ndarray[Any, Any]
Params = Mapping[str, Tensor]
MEASURED = ("train_loss", "train_accuracy", "test_accuracy", "norm")
DTYPES = {torch.float32: np.float32, torch.float64: np.float64}
GROUP_BYTES = 1 << 25  # on a CPU: what the networks of one thread take, so that a step stays in the cache


class Data(NamedTuple):
    """What a network learns from and is tested on. x: (n, ...), y: (n,) classes."""

    train_x: Array
    train_y: Array
    test_x: Array
    test_y: Array


def cross_entropy(z: Tensor, y: Tensor) -> Tensor:
    """Return the mean cross-entropy in nats, (K,), of the logits z (K, classes, n) against the classes y, (n,) or (K, n).

    >>> cross_entropy(torch.zeros(2, 10, 5), torch.arange(5))
    tensor([2.3026, 2.3026])
    """
    return torch.nn.functional.cross_entropy(z, y.expand(len(z), -1), reduction="none").mean(-1)


@dataclass(frozen=True)
class Task:
    """A small network and its data; no optimizer.

    name: what a figure calls it. start: seed -> the first parameters by name, shaped as for one network. data: seed -> Data.
    logits: (parameters (K, *shape), x (n, ...) for all or (K, n, ...)) -> (K, classes, n): classes before examples, the faster
    order on a CPU. loss: (logits, y (n,) or (K, n)) -> (K,), a mean over the examples. gradient: (parameters, x, y) -> the
    gradient of the loss by name, for a network whose backward pass is written by hand; None leaves it to autograd.
    """

    name: str
    start: Callable[[int], Mapping[str, Array]]
    data: Callable[[int], Data]
    logits: Callable[[Params, Tensor], Tensor]
    loss: Callable[[Tensor, Tensor], Tensor] = cross_entropy
    gradient: Callable[[Params, Tensor, Tensor], Params] | None = None


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


def _two_layers(p: Params, x: Tensor) -> Tensor:
    """Logits (K, classes, n) of networks with one hidden layer of ReLU units."""
    h = (p["w1"] @ x.mT + p["b1"][..., None]).relu()
    return p["w2"] @ h + p["b2"][..., None]


def _two_layers_gradient(p: Params, x: Tensor, y: Tensor) -> Params:
    """Gradient of the cross-entropy of _two_layers by hand: up to a third faster than autograd for few networks, little for many."""
    h = (p["w1"] @ x.mT + p["b1"][..., None]).relu_()
    z = p["w2"] @ h + p["b2"][..., None]
    right = y[..., None, :] == torch.arange(z.shape[-2], device=y.device)[:, None]
    dz = (z.softmax(-2) - right.to(z.dtype)) / y.shape[-1]
    dh = torch.ops.aten.threshold_backward(p["w2"].mT @ dz, h, 0)
    return {"w1": dh @ x, "b1": dh.sum(-1), "w2": dz @ h.mT, "b2": dz.sum(-1)}


def digits_task(hidden: int = 32, images: int = 300, label_noise: float = 0.2) -> Task:
    """Return a network 64 -> hidden (ReLU) -> 10 that reads handwritten digits, some of its training labels wrong.

    It learns from the first `images` training digits and is tested on all 500 test digits, whose labels are right. A share
    `label_noise` of the training labels is replaced by another class. Which ones, and the start (He 2015, biases 0), come from the
    seed. Raises ValueError for a number of images or a share that cannot be.

    >>> task = digits_task(hidden=16)
    >>> {name: value.shape for name, value in task.start(0).items()}
    {'w1': (16, 64), 'b1': (16,), 'w2': (10, 16), 'b2': (10,)}
    >>> d = task.data(0)
    >>> d.train_x.shape, int((d.train_y != digits_task(label_noise=0).data(0).train_y).sum())
    ((300, 64), 60)
    """
    d = digits()
    if not 1 <= images <= len(d.train_x):
        raise ValueError(f"images={images!r}: from 1 to {len(d.train_x)} training digits")
    if not 0 <= label_noise <= 1:
        raise ValueError(f"label_noise={label_noise!r}: a share of the labels, from 0 to 1")
    train_x = d.train_x[:images]

    def data(seed: int) -> Data:
        rng = np.random.default_rng([seed, 1])
        y = d.train_y[:images].copy()
        wrong = rng.permutation(images)[:round(label_noise * images)]
        y[wrong] = (y[wrong] + rng.integers(1, 10, len(wrong))) % 10
        return Data(train_x, y, d.test_x, d.test_y)

    def start(seed: int) -> dict[str, Array]:
        rng = np.random.default_rng([seed, 0])
        return {"w1": rng.normal(0, (2 / 64) ** 0.5, (hidden, 64)), "b1": np.zeros(hidden),
                "w2": rng.normal(0, (2 / hidden) ** 0.5, (10, hidden)), "b2": np.zeros(10)}

    name = f"digits, {images} images, {label_noise:.0%} of the labels wrong"
    return Task(name, start, data, _two_layers, gradient=_two_layers_gradient)


def modular_task(p: int = 59, share: float = 0.4, width: int = 64, hidden: int = 256) -> Task:
    """Return a network that learns (a + b) mod p from a share of the table: the task in which grokking was found.

    x: (n, 2 p), a and b one-hot side by side. One embedding of `width` numbers for each of 0 .. p - 1; those of a and b side by side
    feed `hidden` ReLU units and these p logits. All other pairs are the test. Which pairs are which, and the start (as torch's
    Embedding and Linear), come from the seed. Power et al. 2022. Raises ValueError for a modulus or a share that cannot be.

    >>> d = modular_task(p=7).data(0)
    >>> d.train_x.shape, d.test_x.shape
    ((20, 14), (29, 14))
    >>> a, b = d.train_x[0].reshape(2, 7).argmax(-1)
    >>> bool((a + b) % 7 == d.train_y[0])
    True
    """
    if p < 2:
        raise ValueError(f"p={p!r}: a modulus of 2 or more")
    if not 1 <= round(share * p * p) < p * p:
        raise ValueError(f"share={share!r}: the part of the table to learn from, between 0 and 1")
    a, b = np.divmod(np.arange(p * p), p)
    table, sums, cut = np.concatenate([np.eye(p)[a], np.eye(p)[b]], -1), (a + b) % p, round(share * p * p)

    def data(seed: int) -> Data:
        learnt, held_out = np.split(np.random.default_rng([seed, 1]).permutation(p * p), [cut])
        return Data(table[learnt], sums[learnt], table[held_out], sums[held_out])

    def start(seed: int) -> dict[str, Array]:
        rng = np.random.default_rng([seed, 0])
        first, second = (2 * width) ** -0.5, hidden**-0.5
        return {"embedding": rng.normal(0, 1, (width, p)),
                "w1": rng.uniform(-first, first, (hidden, 2 * width)), "b1": rng.uniform(-first, first, hidden),
                "w2": rng.uniform(-second, second, (p, hidden)), "b2": rng.uniform(-second, second, p)}

    def logits(q: Params, x: Tensor) -> Tensor:
        each = [half @ q["embedding"] for half in q["w1"].split(width, -1)]  # once for each number, not for each pair
        return _two_layers({**q, "w1": torch.cat(each, -1)}, x)

    return Task(f"(a + b) mod {p}, {share:.0%} of the table", start, data, logits)


def train(
    rule: Callable[..., Any],
    task: Task | Callable[[], Task],
    *,
    steps: int,
    seeds: int | Sequence[int] = (0,),
    batch: int | None = None,
    schedule: Callable[[int], float] | None = None,
    record_every: int | None = None,
    device: str = "auto",
    dtype: torch.dtype = torch.float32,
    memory: float | None = None,
    start: Mapping[str, Any] | None = None,
    on_record: Callable[[Trained], Any] | None = None,
    **hyper: Any,
) -> Trained:
    """Return the Trained networks of `task`, one for each seed and cell of the grid, after `steps` steps of `rule`.

    A hyperparameter is a number, an array (*grid, 1) as `lessonlib.grid` makes them, or a function of t = 1, 2, ... that returns
    either. seeds: each sets a start, the wrong labels and the batches, which all cells share, so that comparisons are paired. batch:
    the training examples of a step, drawn with replacement; None takes all of them. schedule: t -> factor of lr at step t; a rule
    with an argument eta gets the factor as eta instead (Loshchilov & Hutter 2019, Alg. 2, multiply step and decay by it).
    record_every: steps between records; None records the start and the end. start: parameters by name in place of the task's,
    (*shape) or (seeds, *grid, *shape). on_record: called with the Trained so far when there are new records, to draw it.

    device: "auto" is cuda where there is one, else cpu. memory: bytes that the networks in training may take; a grid that needs more
    is trained in groups, one after another. On a CPU each core trains its own group. How networks are grouped changes the last bits of
    a matrix product, and in float32 hundreds of steps can make a visible difference of that: quote figures of a cell from float64.
    The stop button (Ctrl-C) ends training and returns what there is. Divergence is data: inf stays, and warns of nothing. Raises
    ValueError for input that does not fit.

    >>> from lessonlib import adamw, grid
    >>> cells = grid(lr=[1e-3, 1e-2, 1e-1], weight_decay=[0, 0.1])
    >>> train(adamw, digits_task(), steps=20, seeds=[0, 1], **cells).test_accuracy.shape
    (2, 2, 3, 2)
    """
    if not isinstance(task, Task):
        if not callable(task):
            raise ValueError(f"task={task!r}: a Task such as digits_task()")
        task = task()
    seeds = [int(seed) for seed in np.atleast_1d(seeds)]
    paced = _paced(rule, hyper, schedule)
    steps = whole_number("steps", steps)
    require(rule, paced)
    _validate_plan(seeds, batch, record_every, dtype, memory)
    place = _device(device)

    begin = [task.start(seed) for seed in seeds]
    shapes = {name: np.shape(value) for name, value in begin[0].items()}
    grid = _grid_shape(paced, sum(map(prod, shapes.values())))
    lead, cells = (len(seeds), *grid), prod(grid)
    theta = np.concatenate([_spread(begin, start, name, shape, lead) for name, shape in shapes.items()], -1).astype(DTYPES[dtype])
    records = {t: r for r, t in enumerate(sorted({*range(0, steps + 1, record_every or steps or 1), steps}))}
    found = {name: np.full((len(records), len(theta)), np.nan) for name in MEASURED}
    done = np.zeros(len(theta), int)

    def so_far(interrupted: bool = False) -> Trained:
        params = {name: p.reshape(*lead, *shapes[name]).numpy() for name, p in _by_name(torch.tensor(theta), shapes).items()}
        diverged = ~np.isfinite(theta).all(-1) | np.isinf(found["train_loss"]).any(0)
        return Trained(label(rule, hyper), np.array(list(records)), **{name: a.reshape(-1, *lead).copy() for name, a in found.items()},
                       params=params, done=done.reshape(lead).copy(), diverged=diverged.reshape(lead), interrupted=interrupted)

    data = {seed: task.data(seed) for seed in seeds}
    cores = torch.get_num_threads() if place.type == "cpu" else 1
    fit = (memory or _memory(place, cores)) / _bytes_of_one(task, begin[0], list(data.values()), DTYPES[dtype])
    workers = max(1, min(cores, len(theta), int(fit)))
    groups = np.array_split(np.arange(len(theta)), _pieces(len(theta), max(1, int(fit / workers)), workers))
    taken, stopped, news = [0] * len(groups), threading.Event(), threading.Event()

    @torch.no_grad()
    def work(i: int) -> None:
        """Train group i from the first step to the last, or until it is stopped."""
        nets = groups[i]
        group = _Group(task, data, [seeds[k] for k in nets // cells], shapes, batch, place, dtype)
        columns = {name: _column(value, grid, nets % cells, place, dtype) for name, value in paced.items()}
        now, s = torch.tensor(theta[nets], device=place), State()
        for t in range(steps + 1):
            if t and not stopped.is_set():
                g = group.gradient(now)
                now, s = rule(now, g, s, **{name: column(t) for name, column in columns.items()})
                if np.shape(now) != g.shape:
                    raise ValueError(f"{name_of(rule)} returned theta of shape {np.shape(now)} for {tuple(g.shape)}: "
                                     "a rule keeps the shape of theta")
                taken[i] = t
            if t in records or stopped.is_set():
                theta[nets], done[nets] = now.cpu().numpy(), taken[i]
                if stopped.is_set():
                    return
                for name, values in group.measure(now).items():
                    found[name][records[t], nets] = values.cpu().numpy()
                news.set()

    interrupted = False
    with _progress(steps * len(groups)) as show, _workers(workers, cores) as pool:
        jobs = [pool.submit(work, i) for i in range(len(groups))]
        try:
            while wait(jobs, timeout=0.1, return_when=FIRST_EXCEPTION).not_done and not any(map(_failed, jobs)):
                show(sum(taken))
                if on_record is not None and news.is_set():
                    news.clear()
                    on_record(so_far())
        except KeyboardInterrupt:
            interrupted = True
        finally:
            stopped.set()  # the workers end at their next step
            wait(jobs)
        for job in jobs:
            job.result()  # raises what a worker raised
        if on_record is not None and news.is_set() and not interrupted:
            on_record(so_far())
    return so_far(interrupted)


class _Group:
    """Networks trained together on one device: their data, their gradient, and what is measured of them."""

    def __init__(self, task: Task, data: Mapping[int, Data], seeds: list[int], shapes: Mapping[str, tuple[int, ...]], batch: int | None,
                 place: torch.device, dtype: torch.dtype) -> None:
        self.task, self.shapes, self.batch, self.place = task, shapes, batch, place
        own = list(dict.fromkeys(seeds))
        self.rngs = [np.random.default_rng([seed, 2]) for seed in own]
        self.of = torch.tensor([own.index(seed) for seed in seeds], device=place)  # which of its seeds a network has

        def stack(arrays: Sequence[Array]) -> Tensor:
            """(n, ...) where all seeds share the array, else (seeds, n, ...)."""
            kept = torch.tensor(arrays[0] if all(a is arrays[0] for a in arrays) else np.stack(arrays))
            return kept.to(place, dtype if kept.is_floating_point() else torch.long)

        stacks = [stack(arrays) for arrays in zip(*(data[seed] for seed in own), strict=True)]
        self.shared = [a.ndim == b.ndim for a, b in zip(stacks, data[own[0]], strict=True)]
        self.n = len(data[own[0]].train_y)
        if batch is not None:
            self.train_x, self.train_y = stacks[:2]
        self.sets = [a if shared else a[self.of] for a, shared in zip(stacks, self.shared, strict=True)]

    def examples(self) -> tuple[Tensor, Tensor]:
        """x and y of a step: the whole training set, or a batch for each seed."""
        if self.batch is None:
            return self.sets[0], self.sets[1]
        rows = torch.tensor(np.stack([rng.integers(self.n, size=self.batch) for rng in self.rngs]), device=self.place)
        seed = torch.arange(len(rows), device=self.place)[:, None]
        x, y = (a[rows] if shared else a[seed, rows] for a, shared in zip((self.train_x, self.train_y), self.shared, strict=False))
        return (x[0], y[0]) if len(rows) == 1 else (x[self.of], y[self.of])

    def gradient(self, theta: Tensor) -> Tensor:
        """(K, P), the gradient of each network's loss."""
        x, y = self.examples()
        if self.task.gradient is not None:
            g = self.task.gradient(_by_name(theta, self.shapes), x, y)
            return torch.cat([g[name].flatten(1) for name in self.shapes], -1)
        with torch.enable_grad():
            theta = theta.detach().requires_grad_()
            loss = self.task.loss(self.task.logits(_by_name(theta, self.shapes), x), y)
            return torch.autograd.grad(loss.sum(), theta)[0]

    def measure(self, theta: Tensor) -> dict[str, Tensor]:
        """The figures of a record, (K,) each."""
        p = _by_name(theta, self.shapes)
        train_x, train_y, test_x, test_y = self.sets
        z = self.task.logits(p, train_x)
        loss = self.task.loss(z, train_y)
        return dict(zip(MEASURED, (loss.where(~loss.isnan(), torch.inf), _accuracy(z, train_y),
                                   _accuracy(self.task.logits(p, test_x), test_y), theta.norm(dim=-1)), strict=True))


def _accuracy(z: Tensor, y: Tensor) -> Tensor:
    right = (z.argmax(-2) == y).double().mean(-1)
    return right.where(z.isfinite().flatten(1).all(-1), 0.0)


def _by_name(theta: Tensor, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """Views of the rows of theta (K, P), one for each parameter: (K, *shape)."""
    parts = theta.split([prod(shape) for shape in shapes.values()], -1)
    return {name: part.unflatten(-1, shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def _spread(begin: list[Mapping[str, Array]], start: Mapping[str, Any] | None, name: str, shape: tuple[int, ...],
            lead: tuple[int, ...]) -> Array:
    """One parameter of every network at its start: (K, size)."""
    if start is None:
        value = np.stack([np.asarray(b[name]) for b in begin]).reshape(len(begin), *[1] * (len(lead) - 1), *shape)
    elif name not in start:
        raise ValueError(f"start has no {name}: it needs {', '.join(begin[0])}, as task.start(seed) gives them")
    else:
        value = np.asarray(start[name])
    try:
        return np.broadcast_to(value, (*lead, *shape)).reshape(prod(lead), -1)
    except ValueError:
        raise ValueError(f"start[{name!r}] has shape {value.shape}: {shape}, or {(*lead, *shape)} with seeds and grid") from None


def _grid_shape(hyper: Mapping[str, Any], n: int) -> tuple[int, ...]:
    """The axes of the grid: what the hyperparameters broadcast to, without their last axis."""
    grid: tuple[int, ...] = ()
    for name, value in hyper.items():
        shape = np.shape(value(1) if callable(value) else value)
        if shape and shape[-1] not in (1, n):
            raise ValueError(f"{name} has shape {shape}: a batch of hyperparameters ends in an axis of 1; write **grid({name}=[...])")
        try:
            grid = np.broadcast_shapes(grid, shape[:-1])
        except ValueError:
            raise ValueError(f"{name} has shape {shape}, which does not fit the grid {grid} of the others; "
                             "put all axes into one grid(...)") from None
    return grid


def _column(value: Any, grid: tuple[int, ...], cells: Array, place: torch.device, dtype: torch.dtype) -> Callable[[int], Any]:
    """A hyperparameter as a function of t: a float, or a tensor (K, 1) with the value of each network's cell."""
    def of(value: Any) -> Any:
        array = np.asarray(value, float)
        if array.size == 1:
            return float(array.item())  # keeps its float64 digits whatever the dtype of theta
        return torch.tensor(np.broadcast_to(array, (*grid, array.shape[-1])).reshape(prod(grid), -1)[cells], dtype=dtype, device=place)

    if callable(value):
        return lambda t: of(value(t))
    fixed = of(value)
    return lambda t: fixed


def _paced(rule: Callable[..., Any], hyper: dict[str, Any], schedule: Callable[[int], float] | None) -> dict[str, Any]:
    """The hyperparameters with the schedule in them: as eta where the rule knows it, else as a factor of lr."""
    if schedule is None:
        return hyper
    takes = inspect.signature(rule).parameters
    if "eta" in takes:
        return hyper | {"eta": schedule}
    if "lr" not in takes and "lr" not in hyper:
        raise ValueError(f"schedule={schedule!r}: {name_of(rule)} has neither lr nor eta for it to change; leave it out")
    lr = hyper.get("lr", takes["lr"].default)
    if lr is inspect.Parameter.empty:
        raise ValueError(f"lr is missing: {name_of(rule)} has no default for it; add lr=...")
    return hyper | {"lr": lambda t: np.asarray(lr(t) if callable(lr) else lr) * schedule(t)}


def _validate_plan(seeds: list[int], batch: int | None, record_every: int | None, dtype: torch.dtype, memory: float | None) -> None:
    if not seeds or min(seeds) < 0:
        raise ValueError(f"seeds={seeds!r}: at least one seed, 0 or more, such as [0, 1, 2]")
    for name, value in (("batch", batch), ("record_every", record_every), ("memory", memory)):
        if value is not None and value < 1:
            raise ValueError(f"{name}={value!r}: 1 or more, or None")
    if dtype not in DTYPES:
        raise ValueError(f"dtype={dtype!r}: torch.float32 or torch.float64")


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.zeros(0, device=name).device
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"device={name!r} is not to be had here ({str(error).splitlines()[0]}); use 'auto' or 'cpu'") from None


def _memory(place: torch.device, cores: int) -> float:
    """Bytes for the networks in training where the caller names none: what suits the caches, or half of what a GPU has free."""
    return float(GROUP_BYTES * cores if place.type == "cpu" else torch.cuda.mem_get_info(place)[0] // 2)


def _bytes_of_one(task: Task, begin: Mapping[str, Array], data: list[Data], dtype: Any) -> float:
    """Bytes that one network takes: 16 arrays of its parameters, as the rule makes new ones; four times what autograd keeps of the
    larger set for the way back; and the data of its seed, where seeds differ in them."""
    x, y = max((data[0][:2], data[0][2:]), key=lambda xy: len(xy[1]))

    def kept(networks: int) -> int:
        sizes: list[int] = []
        p = {name: torch.tensor(np.stack([value] * networks)).requires_grad_() for name, value in begin.items()}
        with torch.autograd.graph.saved_tensors_hooks(lambda t: sizes.append(t.numel()), lambda _: None):
            task.loss(task.logits(p, torch.tensor(x, dtype=p[next(iter(p))].dtype)), torch.tensor(y))
        return sum(sizes)

    own = sum(arrays[0].size for arrays in zip(*data, strict=True) if any(a is not arrays[0] for a in arrays))
    numbers = 16 * sum(np.size(value) for value in begin.values()) + 4 * (kept(2) - kept(1)) + own
    return float(np.dtype(dtype).itemsize * numbers)


def _pieces(networks: int, fit: int, workers: int) -> int:
    """Into how many groups of at most `fit` to cut the networks, so that all workers have as many."""
    return min(networks, ceil(ceil(networks / fit) / workers) * workers)


def _failed(job: Future[None]) -> bool:
    return job.done() and job.exception() is not None


@contextmanager
def _workers(workers: int, cores: int) -> Iterator[ThreadPoolExecutor]:
    """Threads that share the cores evenly. Denormal numbers, a hundred times slower on some CPUs, count as 0 in them."""
    def settle() -> None:
        torch.set_num_threads(max(1, cores // workers))
        torch.set_flush_denormal(True)

    try:
        with ThreadPoolExecutor(workers, initializer=settle) as pool:
            yield pool
    finally:
        torch.set_num_threads(torch.get_num_threads())  # for threads to come, as it was


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int], None]]:
    """A function of the steps taken that shows a bar once training takes over 2 s; LESSONLIB_PROGRESS=0 hides it."""
    from tqdm.auto import tqdm  # slow to import

    with tqdm(total=total, unit="step", leave=False, delay=2, disable=os.environ.get("LESSONLIB_PROGRESS") == "0") as bar:
        yield lambda taken: bar.update(taken - bar.n)
