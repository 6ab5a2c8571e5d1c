"""What `train` can train: a small network with its data, and no optimizer."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from lessonlib.data import digits
from lessonlib.problems import digits_start
from lessonlib.signature import number, quoted, whole_number

__all__ = ["Data", "Params", "Task", "cross_entropy", "digits_task", "modular_task"]

Array = np.ndarray[Any, Any]
Params = Mapping[str, Tensor]


class Data(NamedTuple):
    """What a network learns from and is tested on. x: (n, ...), y: (n,) classes."""

    train_x: Array
    train_y: Array
    test_x: Array
    test_y: Array


def cross_entropy(z: Tensor, y: Tensor) -> Tensor:
    """Return the mean cross-entropy in nats, (K,), of the logits z (K, classes, n) against the classes y, (n,) or (K, n).

    Raises ValueError for classes that are not of a whole-number type.

    >>> cross_entropy(torch.zeros(2, 10, 5), torch.arange(5))
    tensor([2.3026, 2.3026])
    """
    if y.is_floating_point():
        raise ValueError(f"y has dtype {y.dtype}: classes are whole numbers; pass y.astype(int), or a loss of your own in the Task")
    return torch.nn.functional.cross_entropy(z, y.to(torch.int64).expand(len(z), -1), reduction="none").mean(-1)


@dataclass(frozen=True)
class Task:
    """A small network and its data; no optimizer.

    name: what a figure calls it. start: seed -> the first parameters by name, shaped as for one network. data: seed -> Data.
    logits: (parameters (K, *shape), x (n, ...) for all or (K, n, ...)) -> (K, classes, n): classes before examples, the faster
    order on a CPU. loss: (logits, y (n,) or (K, n)) -> (K,), a mean over the examples.
    """

    name: str
    start: Callable[[int], Mapping[str, Array]]
    data: Callable[[int], Data]
    logits: Callable[[Params, Tensor], Tensor]
    loss: Callable[[Tensor, Tensor], Tensor] = cross_entropy


def _two_layers(p: Params, x: Tensor) -> Tensor:
    """Logits (K, classes, n) of networks with one hidden layer of ReLU units."""
    h = (p["w1"] @ x.mT + p["b1"][..., None]).relu()
    return p["w2"] @ h + p["b2"][..., None]


def digits_task(hidden: int = 32, images: int = 300, label_noise: float = 0.2) -> Task:
    """Return a network 64 -> hidden (ReLU) -> 10 that reads handwritten digits, some of its training labels wrong.

    It learns from the first `images` training digits and is tested on all 500 test digits, whose labels are right. A share
    `label_noise` of the training labels is replaced by another class. Which ones, and the start (problems.digits_start), come from
    the seed. Raises ValueError for a number of images or a share that cannot be.

    >>> task = digits_task(hidden=16)
    >>> {name: value.shape for name, value in task.start(0).items()}
    {'w1': (16, 64), 'b1': (16,), 'w2': (10, 16), 'b2': (10,)}
    >>> d = task.data(0)
    >>> d.train_x.shape, int((d.train_y != digits_task(label_noise=0).data(0).train_y).sum())
    ((300, 64), 60)
    """
    d = digits()
    hidden, images = whole_number("hidden", hidden, least=1), whole_number("images", images, least=1)
    if images > len(d.train_x):
        raise ValueError(f"images={quoted(images)}: from 1 to {len(d.train_x)} training digits")
    label_noise = number("label_noise", label_noise, least=0, most=1)
    train_x = d.train_x[:images]  # one array for all seeds, so that networks of several seeds share it

    def data(seed: int) -> Data:
        rng = np.random.default_rng([seed, 1])
        y = d.train_y[:images].copy()
        wrong = rng.permutation(images)[:round(label_noise * images)]
        y[wrong] = (y[wrong] + rng.integers(1, 10, len(wrong))) % 10
        return Data(train_x, y, d.test_x, d.test_y)

    name = f"digits, {images} images, {label_noise:.0%} of the labels wrong"
    return Task(name, lambda seed: digits_start(hidden, [seed, 0], outputs_first=True), data, _two_layers)


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
    p, width, hidden = whole_number("p", p, least=2), whole_number("width", width, least=1), whole_number("hidden", hidden, least=1)
    cut = round(number("share", share) * p * p)
    if not 1 <= cut < p * p:
        raise ValueError(f"share={quoted(share)}: the part of the table to learn from, between 0 and 1")
    a, b = np.divmod(np.arange(p * p), p)
    table, sums = np.concatenate([np.eye(p)[a], np.eye(p)[b]], -1), (a + b) % p

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
