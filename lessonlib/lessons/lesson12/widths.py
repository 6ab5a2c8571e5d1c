"""Networks of several widths that read digits with Adam, in the standard parametrization and in muP."""
from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from lessonlib.data import digits

__all__ = ["BASE", "BATCH", "HALVES", "LRS", "SLIP", "STEPS", "WAYS", "WIDTHS", "change_rows", "changes", "groups", "moved", "start",
           "train"]

BASE = 32  # the width at which both ways are the same
WIDTHS = (32, 128, 512)
WAYS = ("standard", "muP")
HALVES = ("start alone", "step sizes alone")  # what muP changes, one at a time
SLIP = "last step size forgotten"  # muP, with the standard step size for the last matrix
LRS = tuple(float(f"{2.0**k:.3g}") for k in range(-12, -1))  # a factor of two apart
STEPS, BATCH, LAYERS = 100, 64, 5  # LAYERS: of ReLU units


def start(width: int, seed: int, way: str) -> list[Tensor]:
    """Return the matrices of a fresh network 64 -> width (five times) -> 10, He's start; in muP the last one's falls faster.

    The last matrix has the deviation width**-0.5 in the standard way, and BASE**0.5 / width in muP, its "start alone" and SLIP.
    The same seed draws the same numbers for all. ValueError for another way.
    """
    if way not in (*WAYS, *HALVES, SLIP):
        raise ValueError(f"way={way!r}: one of {', '.join((*WAYS, *HALVES, SLIP))}")
    generator = torch.Generator(device="cpu").manual_seed(seed)
    sizes = [64, *[width] * LAYERS]
    matrices = [torch.randn(b, a, generator=generator) * sqrt(2 / a) for a, b in pairwise(sizes)]
    last = torch.randn(10, width, generator=generator) * (BASE**0.5 / width if way in ("muP", "start alone", SLIP) else width**-0.5)
    return [matrix.requires_grad_() for matrix in (*matrices, last)]


def groups(matrices: list[Tensor], lr: float, way: str) -> list[dict[str, Any]]:
    """Return the param groups for Adam: one step size for all in the standard way; in muP that of a matrix whose input is wide is less.

    It is lr * BASE / width for all but the first, and so it is in muP's "step sizes alone", and in SLIP for all but the last too.
    """
    shares = [1.0] * len(matrices)
    if way in ("muP", "step sizes alone", SLIP):
        shares[1:] = [BASE / len(matrices[0])] * (len(matrices) - 1)
    if way == SLIP:
        shares[-1] = 1.0
    return [{"params": [matrix], "lr": lr * share} for matrix, share in zip(matrices, shares, strict=True)]


def _layers(matrices: list[Tensor], x: Tensor) -> list[Tensor]:
    """What each matrix puts out, (examples, rows) each, before the ReLU; the last are the logits."""
    found: list[Tensor] = []
    for matrix in matrices:
        found.append(functional.linear(found[-1].relu() if found else x, matrix))
    return found


def _data() -> tuple[Tensor, Tensor]:
    d = digits()
    return torch.tensor(d.train_x, dtype=torch.float32), torch.tensor(d.train_y)


def train(width: int, lr: float, seed: int, way: str, steps: int = STEPS) -> float:
    """Return the loss on all training digits after so many steps of Adam, the step size falling in a line to 0."""
    matrices, (x, y) = start(width, seed, way), _data()
    optimizer = torch.optim.Adam(groups(matrices, lr, way))
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda t: 1 - t / steps)
    drawn = torch.Generator(device="cpu").manual_seed(seed)
    for _ in range(steps):
        rows = torch.randint(len(x), (BATCH,), generator=drawn)
        optimizer.zero_grad()
        functional.cross_entropy(_layers(matrices, x[rows])[-1], y[rows]).backward()
        optimizer.step()
        scheduler.step()
    with torch.no_grad():
        return float(functional.cross_entropy(_layers(matrices, x)[-1], y))


def changes(width: int, lr: float, way: str, steps: int = 1, seed: int = 0) -> list[float]:
    """Return by how much so many steps of Adam change what each matrix puts out: the root of the mean square, over 256 digits."""
    matrices, (x, y) = start(width, seed, way), (part[:256] for part in _data())
    optimizer = torch.optim.Adam(groups(matrices, lr, way))
    with torch.no_grad():
        before = _layers(matrices, x)
    for _ in range(steps):
        optimizer.zero_grad()
        functional.cross_entropy(_layers(matrices, x)[-1], y).backward()
        optimizer.step()
    with torch.no_grad():
        return [float((now - then).square().mean().sqrt()) for now, then in zip(_layers(matrices, x), before, strict=True)]


def moved(width: int, lr: float, way: str) -> float:
    """Return by how much one step of Adam changes what the fifth matrix puts out."""
    return changes(width, lr, way)[LAYERS - 1]


def change_rows(sizes: tuple[int, ...], lr: float, steps: int) -> list[list[Any]]:
    """Return rows with what so many steps change at each width: the fifth matrix and the output in muP, and the output with two slips."""
    right = np.transpose([changes(width, lr, "muP", steps)[-2:] for width in sizes])
    rows = [[name, *each] for name, each in zip((f"matrix {LAYERS}", "last, the output"), right, strict=True)]
    slips = (("standard start", "step sizes alone"), ("standard step size", SLIP))  # of the last matrix alone
    return [*rows, *([f"last, {name}", *(changes(width, lr, way, steps)[-1] for width in sizes)] for name, way in slips)]
