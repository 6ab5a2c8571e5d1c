"""Trains one small network for each cell of a grid of hyperparameters, all at once, with the very rule of the lesson.

The parameters of every network lie in one tensor (seeds, cells, P), the hyperparameters broadcast over it as (cells, 1), and so
the rule is called once a step, whatever the number of networks. It runs on CPU and GPU alike.
"""
from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from lessonlib.data import digits
from lessonlib.rules import State
from lessonlib.runner import _label, _validate

__all__ = ["Data", "Task", "Trained", "cross_entropy", "digits_task", "modular_task", "train"]

Array = np.ndarray[Any, Any]
Params = Mapping[str, Tensor]


class Data(NamedTuple):
    """What a network learns from and is tested on. x: (n, ...), y: (n,) classes."""

    train_x: Array
    train_y: Array
    test_x: Array
    test_y: Array


def cross_entropy(z: Tensor, y: Tensor) -> Tensor:
    """Return the mean cross-entropy in nats, (...), of the logits z (..., classes, n) against the classes y (..., n)."""
    right = z.gather(-2, y.unsqueeze(-2).expand(*z.shape[:-2], 1, -1)).squeeze(-2)
    return (z.logsumexp(-2) - right).mean(-1)


@dataclass(frozen=True)
class Task:
    """A small network and its data; no optimizer.

    name: what a figure calls it. start: seed -> the first parameters, by name. data: seed -> Data. logits: (parameters with any
    leading axes (..., *shape), x (..., n, ...)) -> (..., classes, n). loss: (logits, y (..., n)) -> (...), the mean over n.
    """

    name: str
    start: Callable[[int], Mapping[str, Array]]
    data: Callable[[int], Data]
    logits: Callable[[Params, Tensor], Tensor]
    loss: Callable[[Tensor, Tensor], Tensor] = cross_entropy


@dataclass(frozen=True)
class Trained:
    """What came of training: records (R, seeds, *grid), NaN where a network has not come that far.

    steps: (R,), the step after which each record was made; the first is 0. train_loss in nats, inf where it is not a number.
    train_accuracy, test_accuracy: the share of the images (or pairs) read rightly, 0 where a network diverged. norm: the Euclidean
    norm of all parameters of a network. params: by name, (seeds, *grid, *shape). done: (seeds, *grid), steps taken. diverged:
    (seeds, *grid). interrupted: True if training was stopped by hand, and the rest is missing.
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


def digits_task(hidden: int = 32, images: int = 300, label_noise: float = 0.2) -> Task:
    """Return a network 64 -> hidden (ReLU) -> 10 that reads handwritten digits, some of its training labels wrong.

    It learns from the first `images` training digits and is tested on all 500 test digits, whose labels are right. A share
    `label_noise` of the training labels is replaced by another class; which ones, and the start (He 2015, biases 0), come from the
    seed.

    >>> task = digits_task(hidden=16)
    >>> {name: value.shape for name, value in task.start(0).items()}
    {'w1': (16, 64), 'b1': (16,), 'w2': (10, 16), 'b2': (10,)}
    >>> d = task.data(0)
    >>> d.train_x.shape, int((d.train_y != task.data(1).train_y).sum()) > 0
    ((300, 64), True)
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

    def logits(p: Params, x: Tensor) -> Tensor:
        h = (p["w1"] @ x.mT + p["b1"].unsqueeze(-1)).relu()
        return p["w2"] @ h + p["b2"].unsqueeze(-1)

    return Task(f"digits, {images} images, {label_noise:.0%} of the labels wrong", start, data, logits)


def modular_task(p: int = 59, share: float = 0.4, width: int = 64, hidden: int = 256) -> Task:
    """Return a network that learns (a + b) mod p from a share of the table: the task in which grokking was found.

    One embedding of `width` numbers for each of 0 .. p - 1; those of a and b side by side feed `hidden` ReLU units and p logits. The
    other pairs are the test. Which pairs are which, and the start, come from the seed. Power et al. 2022.

    >>> d = modular_task(p=7).data(0)
    >>> d.train_x.shape, d.test_x.shape, d.train_x[0].sum() % 7 == d.train_y[0]
    ((20, 2), (29, 2), np.True_)
    """
    if p < 2:
        raise ValueError(f"p={p!r}: a modulus of 2 or more")
    if not 0 < share < 1:
        raise ValueError(f"share={share!r}: the part of the table to learn from, between 0 and 1")
    table = np.stack(np.meshgrid(np.arange(p), np.arange(p), indexing="ij"), -1).reshape(-1, 2)
    cut = round(share * len(table))

    def data(seed: int) -> Data:
        x = table[np.random.default_rng([seed, 1]).permutation(len(table))]
        y = x.sum(-1) % p
        return Data(x[:cut], y[:cut], x[cut:], y[cut:])

    def start(seed: int) -> dict[str, Array]:
        rng = np.random.default_rng([seed, 0])
        return {"embedding": rng.normal(0, 1, (p, width)), "w1": rng.normal(0, (1 / width) ** 0.5, (hidden, 2 * width)),
                "b1": np.zeros(hidden), "w2": rng.normal(0, (2 / hidden) ** 0.5, (p, hidden)), "b2": np.zeros(p)}

    def logits(q: Params, x: Tensor) -> Tensor:
        onehot = torch.nn.functional.one_hot(x, p).to(q["w1"].dtype)
        first, second = q["w1"].split(width, -1)
        e = q["embedding"].mT
        h = first @ e @ onehot[..., 0, :].mT + second @ e @ onehot[..., 1, :].mT + q["b1"].unsqueeze(-1)
        return q["w2"] @ h.relu() + q["b2"].unsqueeze(-1)

    return Task(f"(a + b) mod {p}, {share:.0%} of the table", start, data, logits)


def train(
    rule: Callable[..., Any],
    task: Task,
    *,
    steps: int,
    seeds: int | Sequence[int] = (0,),
    batch: int | None = None,
    schedule: Callable[[int], float] | None = None,
    record_every: int | None = None,
    device: str = "auto",
    dtype: torch.dtype = torch.float32,
    memory: float | None = None,
    start: Mapping[str, Array] | None = None,
    on_record: Callable[[Trained], Any] | None = None,
    **hyper: Any,
) -> Trained:
    """Return the Trained networks of `task`, one for each seed and cell of the grid, after `steps` steps of `rule`.

    A hyperparameter is a number, an array (*grid, 1) as `lessonlib.grid` makes them, or a function of t = 1, 2, ... that returns
    either. seeds: each sets the start, the wrong labels and the batches, which all cells share: comparisons are paired. batch: the
    training examples of a step, drawn with replacement; None takes all. schedule: t -> factor of lr at step t; a rule with an argument
    eta gets the factor as eta instead, as in Loshchilov & Hutter 2019, Alg. 2. record_every: steps between records; None records the
    start and the end. start: parameters by name in place of the task's, (*shape) or (seeds, *grid, *shape). on_record: called with
    the Trained so far after each record, to draw it. device: "auto" is cuda where there is one, else cpu. memory: bytes that a
    group of networks may take; a grid that needs more is trained in groups, one after another. Ctrl-C (the stop button) returns
    what there is. Raises ValueError for input that does not fit.

    >>> from lessonlib import adamw, grid
    >>> cells = grid(lr=[1e-3, 1e-2, 1e-1], weight_decay=[0, 0.1])
    >>> train(adamw, digits_task(), steps=20, seeds=[0, 1], **cells).test_accuracy.shape
    (2, 2, 3, 2)
    """
    parameters = inspect.signature(rule).parameters
    paced = "eta" in parameters and "eta" not in hyper
    _validate(rule, steps, "last", hyper | ({"eta": 1.0} if paced else {}))
    seeds = [seeds] if isinstance(seeds, int) else list(seeds)
    _validate_plan(seeds, batch, record_every, memory)
    device = ("cuda" if torch.cuda.is_available() else "cpu") if device == "auto" else device

    data = [task.data(seed) for seed in seeds]
    begin = [task.start(seed) if start is None else start for seed in seeds]
    shapes = {name: tuple(np.shape(value)) for name, value in task.start(seeds[0]).items()}
    grid = _grid_shape(hyper, sum(int(np.prod(shape)) for shape in shapes.values()))
    cells = int(np.prod(grid))
    theta = np.concatenate([np.stack([np.broadcast_to(np.asarray(b[name]), shape).reshape(1, -1) for b in begin])
                            for name, shape in shapes.items()], -1)
    theta = np.array(np.broadcast_to(theta, (len(seeds), cells, theta.shape[-1])), dtype=_numpy(dtype))

    every = record_every or max(steps, 1)
    records = sorted({*range(0, steps + 1, every), steps})
    flat = {name: np.full((len(records), len(seeds), cells), np.nan)
            for name in ("train_loss", "train_accuracy", "test_accuracy", "norm")}
    done = np.zeros((len(seeds), cells), int)

    def trained(interrupted: bool = False) -> Trained:
        shaped = {name: a.reshape(len(records), len(seeds), *grid) for name, a in flat.items()}
        cuts = np.cumsum([int(np.prod(shape)) for shape in shapes.values()])[:-1]
        params = {name: part.reshape(len(seeds), *grid, *shape)
                  for (name, shape), part in zip(shapes.items(), np.split(theta, cuts, -1), strict=True)}
        diverged = ~np.isfinite(theta).all(-1)
        return Trained(_label(rule, hyper), np.array(records), **shaped, params=params, done=done.reshape(len(seeds), *grid),
                       diverged=diverged.reshape(len(seeds), *grid), interrupted=interrupted)

    groups = [(slice(0, len(seeds)), slice(0, cells))]
    with _progress(steps * len(groups)) as tick:
        for rows, columns in groups:
            group = _Group(task, [data[i] for i in range(rows.start, rows.stop)], seeds[rows], shapes, batch, device, dtype)
            inputs = {name: _hyper(value, grid, cells, columns, dtype, device) for name, value in hyper.items()}
            lr = inputs.get("lr") or (lambda t: parameters["lr"].default)
            th, s, t = torch.tensor(theta[rows, columns], device=device), State(), 0
            try:
                for t in range(steps + 1):
                    if t:
                        now = {name: f(t) for name, f in inputs.items()}
                        if schedule is not None:
                            now |= {"eta": schedule(t)} if paced else {"lr": lr(t) * schedule(t)}
                        g = group.gradient(th)
                        with torch.no_grad():
                            th, s = rule(th, g, s, **now)
                        tick()
                    if t in records:
                        r = records.index(t)
                        for name, value in group.measure(th).items():
                            flat[name][r, rows, columns] = value
                        theta[rows, columns] = th.cpu().numpy()
                        done[rows, columns] = t
                        if on_record is not None:
                            on_record(trained())
            except KeyboardInterrupt:
                theta[rows, columns] = th.cpu().numpy()
                done[rows, columns] = s.t
                return trained(interrupted=True)
    return trained()


def _numpy(dtype: torch.dtype) -> Any:
    return {torch.float32: np.float32, torch.float64: np.float64}[dtype]


def _validate_plan(seeds: list[int], batch: int | None, record_every: int | None, memory: float | None) -> None:
    if not seeds:
        raise ValueError("seeds=[]: at least one seed, such as [0]")
    for name, value in (("batch", batch), ("record_every", record_every), ("memory", memory)):
        if value is not None and value < 1:
            raise ValueError(f"{name}={value!r}: 1 or more, or None")


def _grid_shape(hyper: Mapping[str, Any], n: int) -> tuple[int, ...]:
    """The axes of the grid: what the hyperparameters broadcast to, without their last axis."""
    shape: tuple[int, ...] = ()
    for name, value in hyper.items():
        has = np.shape(value(1) if callable(value) else value)
        if has and has[-1] not in (1, n):
            raise ValueError(f"{name} has shape {has}: a batch of hyperparameters ends in an axis of 1; write **grid({name}=[...])")
        try:
            shape = np.broadcast_shapes(shape, has[:-1])
        except ValueError:
            raise ValueError(f"{name} has shape {has}, which does not fit the batch {shape} of the others; "
                             "put all axes into one grid(...)") from None
    return shape


def _hyper(value: Any, grid: tuple[int, ...], cells: int, columns: slice, dtype: torch.dtype, device: str) -> Callable[[int], Any]:
    """A hyperparameter as a function of t: a float for all cells, or a tensor (cells, 1) of some of them."""
    def of(value: Any) -> Any:
        array = np.asarray(value, float)
        if array.size == 1:
            return float(array.item())
        rows = np.broadcast_to(array, (*grid, array.shape[-1])).reshape(cells, -1)[columns]
        return torch.tensor(rows, dtype=dtype, device=device)

    if callable(value):
        return lambda t: of(value(t))
    fixed = of(value)
    return lambda t: fixed


class _Group:
    """Networks that are trained together: their data on the device, their gradient, and what is measured of them."""

    def __init__(self, task: Task, data: list[Data], seeds: list[int], shapes: dict[str, tuple[int, ...]], batch: int | None,
                 device: str, dtype: torch.dtype) -> None:
        self.task, self.shapes, self.batch = task, shapes, batch
        self.rngs = [np.random.default_rng([seed, 2]) for seed in seeds]

        def stack(arrays: list[Array]) -> Tensor:
            floating = np.issubdtype(arrays[0].dtype, np.floating)
            shared = all(a is arrays[0] for a in arrays)
            out = torch.tensor(arrays[0] if shared else np.stack(arrays)[:, None])
            return out.to(device, dtype if floating else torch.long)

        self.train_x, self.train_y, self.test_x, self.test_y = (stack(list(arrays)) for arrays in zip(*data, strict=True))
        self.n, self.shared_x = len(data[0].train_y), self.train_x.ndim == data[0].train_x.ndim

    def named(self, theta: Tensor) -> dict[str, Tensor]:
        parts = theta.split([int(np.prod(shape)) for shape in self.shapes.values()], -1)
        return {name: part.unflatten(-1, shape) for (name, shape), part in zip(self.shapes.items(), parts, strict=True)}

    def examples(self) -> tuple[Tensor, Tensor]:
        if self.batch is None:
            return self.train_x, self.train_y
        rows = torch.tensor(np.stack([rng.integers(self.n, size=self.batch) for rng in self.rngs]), device=self.train_y.device)
        seed = torch.arange(len(rows), device=rows.device)[:, None]
        x = self.train_x[rows] if self.shared_x else self.train_x[seed, 0, rows]
        y = self.train_y[rows] if self.train_y.ndim == 1 else self.train_y[seed, 0, rows]
        return x[:, None], y[:, None]

    def gradient(self, theta: Tensor) -> Tensor:
        x, y = self.examples()
        theta = theta.detach().requires_grad_()
        loss = self.task.loss(self.task.logits(self.named(theta), x), y)
        return torch.autograd.grad(loss.sum(), theta)[0]

    @torch.no_grad()
    def measure(self, theta: Tensor) -> dict[str, Array]:
        p = self.named(theta)
        z = self.task.logits(p, self.train_x)
        loss = self.task.loss(z, self.train_y).nan_to_num(nan=float("inf"))
        return {"train_loss": loss.cpu().numpy(), "train_accuracy": _accuracy(z, self.train_y),
                "test_accuracy": _accuracy(self.task.logits(p, self.test_x), self.test_y), "norm": theta.norm(dim=-1).cpu().numpy()}


def _accuracy(z: Tensor, y: Tensor) -> Array:
    share = (z.argmax(-2) == y).double().mean(-1)
    return share.where(z.isfinite().all(-1).all(-1), 0.0).cpu().numpy()


@contextmanager
def _progress(total: int) -> Iterator[Callable[[], Any]]:
    """A function to call at every step, which shows a bar once training takes over 2 s; LESSONLIB_PROGRESS=0 hides it."""
    from tqdm.auto import tqdm

    with tqdm(total=total, unit="step", leave=False, delay=2, disable=os.environ.get("LESSONLIB_PROGRESS") == "0") as bar:
        yield bar.update
