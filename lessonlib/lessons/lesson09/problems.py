"""The problems of lesson 9 alone: where coordinates differ, where classes are rare, and where Adam goes wrong."""
from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import DTypeLike

from lessonlib.problems import Problem, quadratic
from lessonlib.signature import number, whole_number

__all__ = ["blocks", "reddi", "wilson", "zipf_bigram"]

Array = np.ndarray[Any, Any]


def blocks(mixed: bool = False, seed: int = 0, *, turned: bool = True) -> Problem:
    """Nine curvatures in three rotated 3 x 3 blocks: alike within a block, or mixed. After Zhang et al. 2024.

    Alike: {1, 2, 3}, {99, 100, 101}, {4998, 4999, 5000}. Mixed: {1, 99, 4998}, {2, 100, 4999}, {3, 101, 5000}. The nine
    eigenvalues, so the condition number, are the same; only where they sit differs. The rotations come from `seed`;
    without `turned` the start is the same, and the curvatures lie along the axes.

    >>> blocks().start.shape, float(blocks().loss(np.zeros(9)))
    ((9,), 0.0)
    """
    rng = np.random.default_rng(whole_number("seed", seed))
    values = np.array([[1.0, 2.0, 3.0], [99.0, 100.0, 101.0], [4998.0, 4999.0, 5000.0]])
    h = np.zeros((9, 9))
    for k, eigenvalues in enumerate(values.T if mixed else values):
        q, _ = np.linalg.qr(rng.standard_normal((3, 3)))
        q = q if turned else np.eye(3)
        h[3 * k:3 * k + 3, 3 * k:3 * k + 3] = (q * eigenvalues) @ q.T
    return quadratic((h + h.T) / 2, rng.standard_normal(9), "blocks, mixed" if mixed else "blocks, alike")


def reddi(spike: float = 101.0, period: int = 101) -> Problem:
    """The line on which Adam walks the wrong way: slope `spike` once in `period` steps, else -1; x in [-1, 1].

    The mean slope is (spike - period + 1) / period > 0, so the minimum is x = -1. Which step has the spike is drawn at
    random. Reddi, Kale & Kumar 2018, section 3. Raises ValueError unless the mean slope is positive.

    >>> p = reddi()
    >>> round(float(p.loss(np.array([1.0]))) * 101, 6), p.minimum.tolist()
    (1.0, [-1.0])
    """
    spike, period = number("spike", spike), whole_number("period", period, least=1)
    slope = (spike - (period - 1)) / period
    if not slope > 0:
        raise ValueError(f"spike={spike!r}: must be above period - 1 = {period - 1}, or the minimum is not at -1")

    def grad(theta: Array, rng: Generator) -> Array:
        return np.full_like(theta, spike if rng.random() < 1.0 / period else -1.0, dtype=np.result_type(theta, 1.0))

    return Problem(f"spike {spike:g} once in {period}", lambda theta: slope * theta[..., 0], grad, np.zeros(1),
                   np.array([-1.0]), project=lambda theta: np.clip(theta, -1.0, 1.0))


def wilson(n: int = 60, positive: float = 0.6, seed: int = 0, *, own: int = 5) -> Problem:
    """Least squares with one useful feature among n private ones: Wilson et al. 2017, section 3.3.

    Features of a sample with label y: y itself, 1, 1, then private ones that no other sample has, one if y = 1 and `own` if
    y = -1. Loss: the mean squared residual over 2. A new sample's private features have never been seen, so its prediction is
    the first three weights alone; metrics["test error"] is the share of new samples with the wrong sign, exactly. `minimum` is
    the interpolating solution of least norm.

    >>> p = wilson()
    >>> p.start.shape, float(p.metrics["test error"](p.minimum))
    ((303,), 0.0)
    """
    n, own, positive = whole_number("n", n, least=1), whole_number("own", own, least=1), number("positive", positive, least=0, most=1)
    y = np.where(np.arange(n) < round(positive * n), 1.0, -1.0)
    np.random.default_rng(whole_number("seed", seed)).shuffle(y)
    x = np.zeros((n, 3 + own * n))
    x[:, 0], x[:, 1:3] = y, 1.0
    for i in range(n):
        x[i, 3 + own * i:3 + own * i + (1 if y[i] > 0 else own)] = 1.0

    def residual(theta: Array) -> Array:
        return (x @ theta[..., None])[..., 0] - y

    def grad(theta: Array, rng: Generator | None = None) -> Array:  # noqa: ARG001
        return (x.T @ residual(theta)[..., None])[..., 0] / n

    def loss(theta: Array) -> Array:
        r = residual(theta)
        return (r * r).mean(-1) / 2

    def test_error(theta: Array) -> Array:
        shift = theta[..., 1] + theta[..., 2]
        return positive * (shift + theta[..., 0] <= 0) + (1 - positive) * (shift - theta[..., 0] >= 0)

    return Problem("Wilson's least squares", loss, grad, np.zeros(x.shape[1]), np.linalg.pinv(x) @ y,
                   metrics={"test error": test_error})


def zipf_bigram(vocabulary: int = 512, seed: int = 0, dtype: DTypeLike = np.float64) -> Problem:
    """A table of V x V logits that learns which word follows which, words as frequent as in language. Kunstner et al. 2024.

    Context k comes with probability ~ 1/k; the next word of each context follows the same law over an order of its own. Full
    batch. The loss is the excess over the entropy (a KL divergence in nats), 0 at the minimum. metrics["by quartile"] gives it
    for four groups of contexts that hold a quarter of the probability each, from frequent to rare: (..., 4).

    >>> p = zipf_bigram(8)
    >>> p.start.shape, round(float(p.loss(p.minimum)), 12), p.metrics["by quartile"](p.start).shape
    ((64,), 0.0, (4,))
    """
    v, rng = whole_number("vocabulary", vocabulary, least=1), np.random.default_rng(whole_number("seed", seed))
    zipf = 1.0 / np.arange(1, v + 1)
    pi = (zipf / zipf.sum()).astype(dtype)
    target = np.stack([pi[rng.permutation(v)] for _ in range(v)])
    log_target = np.log(target)
    quartile = np.minimum((4 * (np.cumsum(pi) - pi / 2)).astype(int), 3)

    def log_softmax(theta: Array) -> Array:
        z = theta.reshape(*theta.shape[:-1], v, v)
        z = z - z.max(-1, keepdims=True)
        return z - np.log(np.exp(z).sum(-1, keepdims=True))

    def by_context(theta: Array) -> Array:
        return pi * (target * (log_target - log_softmax(theta))).sum(-1)

    def grad(theta: Array, rng: Generator | None = None) -> Array:  # noqa: ARG001
        return (pi[:, None] * (np.exp(log_softmax(theta)) - target)).reshape(theta.shape)

    def by_quartile(theta: Array) -> Array:
        excess = by_context(theta)
        return np.stack([excess[..., quartile == q].sum(-1) for q in range(4)], axis=-1)

    return Problem(f"Zipf bigram, {v} words", lambda theta: by_context(theta).sum(-1), grad, np.zeros(v * v, dtype),
                   log_target.ravel(), metrics={"by quartile": by_quartile})
