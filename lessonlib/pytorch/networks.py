"""Networks trained together: their parameters are the rows of one tensor (K, P), and a hyperparameter is a column (K, 1)."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, prod
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lessonlib.pytorch.tasks import Data, Params, Task
from lessonlib.signature import numbers

__all__ = ["CACHE", "MEASURED", "Group", "Plan", "networks_at_once", "split"]

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
MEASURED = ("train_loss", "train_accuracy", "test_accuracy", "norm")
CACHE = 1 << 25  # bytes that the networks of one CPU core may take, so that a step stays in its cache


@dataclass(frozen=True)
class Plan:
    """What all groups of one training have in common.

    data: by seed. seeds: (S,), those of the networks; network number k has seed k // cells and cell k % cells of the grid.
    shapes: of one network's parameters, by name. hyper: numbers, arrays (*grid, 1) or functions of t that return either.
    """

    task: Task
    data: Mapping[int, Data]
    seeds: Sequence[int]
    shapes: Mapping[str, Shape]
    hyper: Mapping[str, Any]
    grid: Shape
    batch: int | None
    device: torch.device
    dtype: torch.dtype

    @property
    def networks(self) -> int:
        """K, the networks in all."""
        return len(self.seeds) * prod(self.grid)


class Group:
    """Some networks of a plan, on its device: their hyperparameters and gradient at a step, and what is measured of them."""

    def __init__(self, plan: Plan, which: Array) -> None:
        """Take the networks with these numbers, (K,)."""
        seeds = [plan.seeds[k] for k in which // prod(plan.grid)]
        own = list(dict.fromkeys(seeds))
        self.plan = plan
        self.rngs = [np.random.default_rng([seed, 2]) for seed in own]
        self.seed_of = self.tensor(np.array([own.index(seed) for seed in seeds]))  # which of the rngs a network has
        self.hyper_of = {name: _column(name, value, plan, which % prod(plan.grid)) for name, value in plan.hyper.items()}
        fields = list(zip(*(plan.data[seed] for seed in own), strict=True))
        self.shared = [all(array is arrays[0] for array in arrays) for arrays in fields]
        self.sets = [self.tensor(arrays[0]) if shared else self.tensor(np.stack(arrays))[self.seed_of]
                     for arrays, shared in zip(fields, self.shared, strict=True)]  # (n, ...) for all, or (K, n, ...)

    def hyper(self, t: int) -> dict[str, Any]:
        """The hyperparameters at step t: numbers, or (K, 1)."""
        return {name: at(t) for name, at in self.hyper_of.items()}

    def gradient(self, theta: Tensor) -> Tensor:
        """(K, P), the gradient of each network's loss on the whole training set or on a new batch; theta: (K, P).

        The networks know nothing of each other, so the gradient of the sum of their losses is each one's own.
        """
        x, y = self._examples()
        with torch.enable_grad():
            theta = theta.detach().requires_grad_()
            loss = self.plan.task.loss(self.plan.task.logits(self._by_name(theta), x), y)
            return torch.autograd.grad(loss.sum(), theta)[0]

    def measure(self, theta: Tensor) -> dict[str, Tensor]:
        """The figures of a record by name, (K,) each."""
        p, task = self._by_name(theta), self.plan.task
        train_x, train_y, test_x, test_y = self.sets
        z = task.logits(p, train_x)
        loss = task.loss(z, train_y)
        return dict(zip(MEASURED, (loss.where(~loss.isnan(), torch.inf), _accuracy(z, train_y),
                                   _accuracy(task.logits(p, test_x), test_y), theta.norm(dim=-1)), strict=True))

    def tensor(self, array: Array) -> Tensor:
        """An array as a tensor on the device, real numbers in the plan's dtype, whole ones in int64."""
        real = np.issubdtype(np.asarray(array).dtype, np.floating)
        return torch.tensor(array, device=self.plan.device, dtype=self.plan.dtype if real else torch.int64)

    def _examples(self) -> tuple[Tensor, Tensor]:
        """x and y of a step: the whole training set, or a batch for each seed, drawn with replacement."""
        x, y = self.sets[:2]
        if self.plan.batch is None:
            return x, y
        n = y.shape[-1]
        rows = self.tensor(np.stack([rng.integers(n, size=self.plan.batch) for rng in self.rngs]))
        rows = rows[0] if len(rows) == 1 else rows[self.seed_of]
        each = torch.arange(len(self.seed_of), device=self.plan.device)[:, None]
        x, y = (a[rows] if shared else a[each, rows] for a, shared in zip((x, y), self.shared[:2], strict=True))
        return x, y

    def _by_name(self, theta: Tensor) -> Params:
        """Views of the rows of theta (K, P), one for each parameter: (K, *shape)."""
        shapes = self.plan.shapes
        parts = theta.split([prod(shape) for shape in shapes.values()], -1)
        return {name: part.reshape(len(theta), *shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}


def _accuracy(z: Tensor, y: Tensor) -> Tensor:
    right = (z.argmax(-2) == y).double().mean(-1)
    return right.where(z.isfinite().flatten(1).all(-1), 0.0)


def _column(name: str, value: Any, plan: Plan, cells: Array) -> Callable[[int], Any]:
    """A hyperparameter as a function of t: a float, or a tensor (K, 1) with the value of each network's cell."""
    def of(array: Array) -> Any:
        if array.size == 1:
            return float(array.item())  # keeps its float64 digits whatever the dtype of theta
        whole = np.broadcast_to(array, (*plan.grid, array.shape[-1])).reshape(prod(plan.grid), -1)
        return torch.tensor(whole[cells], dtype=plan.dtype, device=plan.device)

    if callable(value):
        return lambda t: of(numbers(name, value(t), t))
    fixed = of(numbers(name, value))
    return lambda t: fixed


def networks_at_once(plan: Plan, cores: int) -> int:
    """How many networks to train at once: what suits the caches of a CPU's cores, or half of what a GPU has free.

    A rule of thumb for what one takes: sixteen arrays of its parameters, since a rule makes new ones, and for each example of the
    larger set its x and four numbers for each row of a weight matrix, the unit's value and what the way back needs.
    """
    data = plan.data[plan.seeds[0]]
    units = sum(shape[0] for shape in plan.shapes.values() if len(shape) > 1)
    examples = max(len(data.train_y), len(data.test_y))
    taken = 16 * sum(map(prod, plan.shapes.values())) + examples * (4 * units + prod(np.shape(data.train_x)[1:]))
    room = torch.cuda.mem_get_info(plan.device)[0] // 2 if plan.device.type == "cuda" else CACHE * cores
    return max(1, int(room // (taken * plan.dtype.itemsize)))


def split(networks: int, at_once: int, workers: int) -> list[Array]:
    """The numbers of the networks in groups, `at_once` or fewer for all workers together, as many groups for each worker."""
    size = max(1, at_once // workers)
    pieces = min(networks, ceil(ceil(networks / size) / workers) * workers)
    return np.array_split(np.arange(networks), pieces)
