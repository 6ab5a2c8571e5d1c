"""Why only the direction of weights before a norm counts: the loss of a network with a norm behind its first weights and without."""
from __future__ import annotations

from typing import Any

import numpy as np

from lessonlib.data import digits

__all__ = ["along_the_weights"]

Array = np.ndarray[Any, Any]


def _loss(first: Array, last: Array, norm: bool) -> float:
    """The cross-entropy of a network 64 -> 32 (norm, ReLU) -> 10 on the training digits. first: (64, 32); last: (32, 10)."""
    d = digits()
    hidden = d.train_x.astype(float) @ first
    if norm:
        hidden = (hidden - hidden.mean(-1, keepdims=True)) / (hidden.var(-1, keepdims=True) + 1e-5) ** 0.5
    outputs = np.maximum(hidden, 0) @ last
    return float((np.log(np.exp(outputs).sum(-1)) - outputs[np.arange(len(outputs)), d.train_y]).mean())


def along_the_weights(seed: int = 0) -> list[list[Any]]:
    """Return a row for a network with a norm and one without: its name, the loss, the loss with the first weights doubled, and its slope
    along these weights, for a move of length 1."""
    random, rows, part = np.random.default_rng(seed), [], 1e-4
    first, last = random.standard_normal((64, 32)), random.standard_normal((32, 10)) / 32**0.5
    for name, norm in (("with a norm", True), ("without", False)):
        once, twice, more, less = (_loss(times * first, last, norm) for times in (1, 2, 1 + part, 1 - part))
        rows.append([name, once, twice, (more - less) / (2 * part * float(np.linalg.norm(first)))])
    return rows
