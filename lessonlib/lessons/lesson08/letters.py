"""A table that guesses the next letter of Genesis from the two before it: a model in which some rows are met often and some hardly ever."""
from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.random import Generator

from lessonlib.data import text
from lessonlib.lessons.lesson08.layerwise import each_layer_following
from lessonlib.problems import Problem
from lessonlib.runner import run

__all__ = ["LETTERS", "by_row", "excess", "next_letter", "often_and_rare"]

Array = np.ndarray[Any, Any]
LETTERS, BATCH, STEPS = 27, 256, 300  # a to z, and the space for everything else


@cache
def _pairs_and_next() -> tuple[Array, Array]:
    """The number of the pair of letters before each place, of those that occur, and the letter there: (n,), (n,)."""
    words = "".join(c if c.isalpha() else " " for c in text().lower())
    codes = np.array([0 if c == " " else ord(c) - ord("a") + 1 for c in " ".join(words.split())])
    _, pair = np.unique(codes[:-2] * LETTERS + codes[1:-1], return_inverse=True)
    return pair, codes[2:]


@cache
def next_letter(*, equal: bool = False) -> Problem:
    """The table (pairs, 27) of logits in a row, start 0; the loss is the cross-entropy over the book, in nats above the lowest possible.

    grad draws 256 places of the book at each step. equal: as if each pair were met equally often, in the loss and in what is drawn.
    """
    pair, letter = _pairs_and_next()
    rows = int(pair.max()) + 1
    counts = np.zeros((rows, LETTERS))
    np.add.at(counts, (pair, letter), 1)
    weight = (1 / (rows * counts.sum(1)) if equal else np.full(rows, 1 / len(pair)))[:, None]  # of one place, by its pair
    share, of_pair, up_to = counts * weight, counts.sum(1, keepdims=True) * weight, np.cumsum(weight[pair])
    lowest = -(share * np.log(np.where(counts > 0, share / of_pair, 1))).sum()

    def log_p(z: Array) -> Array:
        z = z - z.max(-1, keepdims=True)
        return np.asarray(z - np.log(np.exp(z).sum(-1, keepdims=True)))

    def loss(theta: Array) -> Array:
        table = log_p(theta.reshape(*theta.shape[:-1], rows, LETTERS))
        return np.asarray(-(share * table).sum((-2, -1)) - lowest)

    def grad(theta: Array, rng: Generator) -> Array:
        table = theta.reshape(*theta.shape[:-1], rows, LETTERS)
        places = np.searchsorted(up_to, rng.random(BATCH) * up_to[-1]) if equal else rng.integers(len(pair), size=BATCH)
        seen, back = np.unique(pair[places], return_inverse=True)
        met, hits = np.zeros((len(seen), LETTERS)), np.bincount(back)
        np.add.at(met, (back, letter[places]), 1)
        out = np.zeros_like(table)
        out[..., seen, :] = (np.exp(log_p(table[..., seen, :])) * hits[:, None] - met) / BATCH
        return out.reshape(theta.shape)

    return Problem("next letter of Genesis", loss, grad, np.zeros(rows * LETTERS))


def often_and_rare() -> tuple[int, int, int]:
    """Return how many pairs of letters occur, and how often the most frequent one and the one in the middle of the ranking do."""
    counts = np.sort(np.bincount(_pairs_and_next()[0]))[::-1]
    return len(counts), int(counts[0]), int(counts[len(counts) // 2])


def by_row() -> Callable[..., Any]:
    """Return RMSprop with one v for each row of the table, the mean of the squared gradients in it."""
    return partial(each_layer_following, layer=np.arange(next_letter().start.size) // LETTERS)


def excess(rule: Callable[..., Any], lrs: Array, *, falling: bool = False, equal: bool = False, seeds: int = 2) -> float:
    """Return the loss above the lowest possible after 300 steps, at the best of the step sizes by the mean of the seeds.

    falling: the step size falls in a line to 0. equal: each pair is met equally often.
    """
    def paced(t: int) -> Array:
        return np.asarray(lrs[:, None] * (1 - (t - 1) / STEPS))

    how: dict[str, Any] = {"steps": STEPS, "record": "last", "lr": paced if falling else lrs[:, None]}
    return float(np.mean([run(rule, next_letter(equal=equal), seed=seed, **how).loss[0] for seed in range(seeds)], axis=0).min())
