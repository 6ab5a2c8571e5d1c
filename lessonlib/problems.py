"""Things to minimise: each Problem holds a loss, its gradient, where to start and, if it is known, the minimum.

Losses and gradients are batched: theta is (..., n), any number of runs at once. They are written column by column, so that
a run inside a batch gives the same bits as the run alone.
"""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from math import cos, radians, sin
from operator import add
from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import DTypeLike

from lessonlib.data import digits

__all__ = ["Problem", "beale", "blocks", "digits_net", "noisy", "ravine", "reddi", "rosenbrock", "saddle", "wilson",
           "zipf_bigram"]

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Problem:
    """A function to minimise.

    name: what a figure calls it. loss: (..., n) -> (...). grad: ((..., n), rng) -> (..., n); the generator feeds its noise,
    if it has any. start: (n,). minimum: (n,) or None. window: (x low, x high, y low, y high) worth drawing, or None.
    project: (..., n) -> (..., n), applied after every step, where theta is confined. metrics: name -> function of theta,
    other figures worth reading than the loss.
    """

    name: str
    loss: Callable[[Array], Array]
    grad: Callable[[Array, Generator], Array]
    start: Array
    minimum: Array | None = None
    window: tuple[float, float, float, float] | None = None
    project: Callable[[Array], Array] | None = None
    metrics: Mapping[str, Callable[[Array], Array]] = field(default_factory=dict)


def _columns(theta: Array, *columns: Array) -> Array:
    """The columns as one array like theta, in theta's memory layout."""
    out = np.empty_like(theta)
    for j, column in enumerate(columns):
        out[..., j] = column
    return out


def _total(parts: Iterable[Array]) -> Array:
    return reduce(add, parts)


def _quadratic(h: Array) -> tuple[Callable[[Array], Array], Callable[[Array, Generator], Array]]:
    """Loss and gradient of theta h theta / 2 for a symmetric (n, n) matrix h."""
    rows = [[(j, float(h[i, j])) for j in range(len(h)) if h[i, j]] for i in range(len(h))]

    def grad(theta: Array, rng: Generator | None = None) -> Array:  # noqa: ARG001 - no noise here
        return _columns(theta, *(_total(a * theta[..., j] for j, a in row) for row in rows))

    def loss(theta: Array) -> Array:
        g = grad(theta)
        return 0.5 * _total(theta[..., i] * g[..., i] for i in range(len(h)))

    return loss, grad


def ravine(kappa: float = 100.0, angle: float = 0.0) -> Problem:
    """A quadratic valley in two dimensions: curvature 1 along it, kappa across it, turned by `angle` degrees.

    The start is (1, 1) in the valley's own axes, so that every angle poses the same task to an optimizer that does not care
    about axes. Raises ValueError unless kappa >= 1.

    >>> p = ravine(100)
    >>> float(p.loss(p.start)), p.grad(p.start, None).tolist()
    (50.5, [1.0, 100.0])
    """
    if not kappa >= 1:
        raise ValueError(f"kappa={kappa!r}: the condition number is the larger curvature over the smaller, at least 1")
    c, s = cos(radians(angle)), sin(radians(angle))
    rotation = np.array([[c, -s], [s, c]])
    h = rotation @ np.diag([1.0, kappa]) @ rotation.T
    if angle % 90 == 0:
        h = np.where(np.abs(h) < 1e-12 * kappa, 0.0, h)
    loss, grad = _quadratic((h + h.T) / 2)
    turned = f", {angle:g} degrees" if angle else ""
    return Problem(f"ravine, kappa {kappa:g}{turned}", loss, grad, rotation @ np.ones(2), np.zeros(2),
                   (-1.6, 1.6, -1.6, 1.6))


def rosenbrock(b: float = 100.0) -> Problem:
    """The curved valley (1 - x)**2 + b * (y - x**2)**2, minimum (1, 1). Rosenbrock 1960.

    >>> p = rosenbrock()
    >>> round(float(p.loss(p.start)), 9), p.grad(p.minimum, None).tolist()
    (24.2, [0.0, 0.0])
    """
    def loss(theta: Array) -> Array:
        x, y = theta[..., 0], theta[..., 1]
        off, left = y - x * x, 1.0 - x
        return left * left + b * (off * off)

    def grad(theta: Array, rng: Generator | None = None) -> Array:  # noqa: ARG001
        x, y = theta[..., 0], theta[..., 1]
        pull = (2.0 * b) * (y - x * x)
        return _columns(theta, 2.0 * (x - 1.0) - (2.0 * x) * pull, pull)

    return Problem("Rosenbrock's valley", loss, grad, np.array([-1.2, 1.0]), np.ones(2), (-2.0, 2.0, -1.0, 3.0))


def beale() -> Problem:
    """Beale's function: flat plains, steep corners, minimum (3, 0.5).

    >>> p = beale()
    >>> float(p.loss(p.minimum)), abs(p.grad(p.minimum, None)).tolist()
    (0.0, [0.0, 0.0])
    """
    targets = (1.5, 2.25, 2.625)

    def terms(x: Array, y: Array) -> list[tuple[Array, Array, Array]]:
        """For each power k: the residual, and its derivatives in x and y."""
        out, power, slope = [], y, np.ones_like(y)
        for k, target in enumerate(targets, start=1):
            out.append((target - x + x * power, power - 1.0, k * (x * slope)))
            power, slope = power * y, slope * y
        return out

    def loss(theta: Array) -> Array:
        return _total(r * r for r, _, _ in terms(theta[..., 0], theta[..., 1]))

    def grad(theta: Array, rng: Generator | None = None) -> Array:  # noqa: ARG001
        rows = terms(theta[..., 0], theta[..., 1])
        return _columns(theta, 2.0 * _total(r * dx for r, dx, _ in rows), 2.0 * _total(r * dy for r, _, dy in rows))

    return Problem("Beale's function", loss, grad, np.array([0.5, 2.0]), np.array([3.0, 0.5]), (-0.5, 4.5, -1.0, 2.5))


def saddle() -> Problem:
    """x**2 / 2 - y**2 / 2 + y**4 / 4: a saddle at the origin between two minima at (0, -1) and (0, 1).

    >>> p = saddle()
    >>> float(p.loss(p.minimum)), float(p.loss(np.zeros(2)))
    (-0.25, 0.0)
    """
    def loss(theta: Array) -> Array:
        x, y = theta[..., 0], theta[..., 1]
        return 0.5 * (x * x) - 0.5 * (y * y) + 0.25 * ((y * y) * (y * y))

    def grad(theta: Array, rng: Generator | None = None) -> Array:  # noqa: ARG001
        x, y = theta[..., 0], theta[..., 1]
        return _columns(theta, x, y * (y * y) - y)

    return Problem("saddle", loss, grad, np.array([1.2, 0.001]), np.array([0.0, 1.0]), (-1.5, 1.5, -1.5, 1.5))


def noisy(problem: Problem, sigma: float = 1.0) -> Problem:
    """The same problem with Gaussian noise of standard deviation sigma on each coordinate of each gradient.

    The noise of a step is drawn once for a whole batch of runs, so that their comparison is paired.

    >>> noisy(ravine(10), 0.5).name
    'ravine, kappa 10, noise 0.5'
    """
    if not sigma >= 0:
        raise ValueError(f"sigma={sigma!r}: a standard deviation is 0 or more")

    def grad(theta: Array, rng: Generator) -> Array:
        noise = rng.standard_normal(theta.shape[-1]).astype(theta.dtype)
        return problem.grad(theta, rng) + sigma * noise

    return replace(problem, name=f"{problem.name}, noise {sigma:g}", grad=grad)


def blocks(mixed: bool = False, seed: int = 0) -> Problem:
    """Nine curvatures in three rotated 3 x 3 blocks: alike within a block, or mixed. After Zhang et al. 2024.

    Alike: {1, 2, 3}, {99, 100, 101}, {4998, 4999, 5000}. Mixed: {1, 99, 4998}, {2, 100, 4999}, {3, 101, 5000}. The nine
    eigenvalues, so the condition number, are the same; only where they sit differs. The rotations come from `seed`.

    >>> blocks().start.shape, float(blocks().loss(np.zeros(9)))
    ((9,), 0.0)
    """
    rng = np.random.default_rng(seed)
    values = np.array([[1.0, 2.0, 3.0], [99.0, 100.0, 101.0], [4998.0, 4999.0, 5000.0]])
    h = np.zeros((9, 9))
    for k, eigenvalues in enumerate(values.T if mixed else values):
        q, _ = np.linalg.qr(rng.standard_normal((3, 3)))
        h[3 * k:3 * k + 3, 3 * k:3 * k + 3] = (q * eigenvalues) @ q.T
    loss, grad = _quadratic((h + h.T) / 2)
    return Problem("blocks, mixed" if mixed else "blocks, alike", loss, grad, rng.standard_normal(9), np.zeros(9))


def reddi(spike: float = 101.0, period: int = 101) -> Problem:
    """The line on which Adam walks the wrong way: slope `spike` once in `period` steps, else -1; x in [-1, 1].

    The mean slope is (spike - period + 1) / period > 0, so the minimum is x = -1. Which step has the spike is drawn at
    random. Reddi, Kale & Kumar 2018, section 3. Raises ValueError unless the mean slope is positive.

    >>> p = reddi()
    >>> round(float(p.loss(np.array([1.0]))) * 101, 6), p.minimum.tolist()
    (1.0, [-1.0])
    """
    slope = (spike - (period - 1)) / period
    if not slope > 0:
        raise ValueError(f"spike={spike!r}: must be above period - 1 = {period - 1}, or the minimum is not at -1")

    def grad(theta: Array, rng: Generator) -> Array:
        return np.full_like(theta, spike if rng.random() < 1.0 / period else -1.0)

    return Problem(f"spike {spike:g} once in {period}", lambda theta: slope * theta[..., 0], grad, np.zeros(1),
                   np.array([-1.0]), project=lambda theta: np.clip(theta, -1.0, 1.0))


def wilson(n: int = 60, positive: float = 0.6, seed: int = 0) -> Problem:
    """Least squares with one useful feature among n private ones: Wilson et al. 2017, section 3.3.

    Features of a sample with label y: y itself, 1, 1, then private ones that no other sample has, one if y = 1 and five if
    y = -1. Loss: the mean squared residual over 2. A new sample's private features have never been seen, so its prediction is
    the first three weights alone; metrics["test error"] is the share of new samples with the wrong sign, exactly. `minimum` is
    the interpolating solution of least norm.

    >>> p = wilson()
    >>> p.start.shape, float(p.metrics["test error"](p.minimum))
    ((303,), 0.0)
    """
    y = np.where(np.arange(n) < round(positive * n), 1.0, -1.0)
    np.random.default_rng(seed).shuffle(y)
    x = np.zeros((n, 3 + 5 * n))
    x[:, 0], x[:, 1:3] = y, 1.0
    for i in range(n):
        x[i, 3 + 5 * i:3 + 5 * i + (1 if y[i] > 0 else 5)] = 1.0

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
    v = vocabulary
    rng = np.random.default_rng(seed)
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


def digits_net(hidden: int = 32, batch: int | None = 64, seed: int = 0, dtype: DTypeLike = np.float32) -> Problem:
    """A network 64 -> hidden (ReLU) -> 10 that reads handwritten digits; the loss is the training cross-entropy in nats.

    grad draws `batch` training images at each step, the same for a whole batch of runs; None takes all of them. theta holds
    the weights and biases of both layers in a row: 64 * hidden + hidden + 10 * hidden + 10. The start (He 2015,
    biases 0) comes from `seed`. metrics["test accuracy"] is the share of the test images read rightly.

    >>> p = digits_net(hidden=16)
    >>> p.start.shape, round(float(p.loss(p.start))) in (2, 3)
    ((1210,), True)
    """
    d = digits()
    x, labels = d.train_x.astype(dtype), d.train_y
    onehot = np.eye(10, dtype=dtype)
    cuts = np.cumsum([64 * hidden, hidden, 10 * hidden])
    rng = np.random.default_rng(seed)
    start = np.concatenate([rng.normal(0, (2 / 64) ** 0.5, 64 * hidden), np.zeros(hidden),
                            rng.normal(0, (2 / hidden) ** 0.5, 10 * hidden), np.zeros(10)]).astype(dtype)

    def layers(theta: Array) -> tuple[Array, Array, Array, Array]:
        lead = theta.shape[:-1]
        w1, b1, w2, b2 = np.split(theta, cuts, axis=-1)
        return w1.reshape(*lead, 64, hidden), b1[..., None, :], w2.reshape(*lead, hidden, 10), b2[..., None, :]

    def forward(theta: Array, images: Array) -> tuple[Array, Array]:
        w1, b1, w2, b2 = layers(theta)
        h = np.maximum(images @ w1 + b1, 0)
        z = h @ w2 + b2
        z = z - z.max(-1, keepdims=True)
        return h, z - np.log(np.exp(z).sum(-1, keepdims=True))

    def loss(theta: Array) -> Array:
        _, log_p = forward(theta, x)
        return -(log_p * onehot[labels]).sum(-1).mean(-1)

    def grad(theta: Array, rng: Generator) -> Array:
        rows = slice(None) if batch is None else rng.integers(len(x), size=batch)
        images, truth = x[rows], onehot[labels[rows]]
        h, log_p = forward(theta, images)
        dz = (np.exp(log_p) - truth) / len(images)
        w2 = layers(theta)[2]
        dh = (dz @ np.swapaxes(w2, -1, -2)) * (h > 0)
        parts = (images.T @ dh, dh.sum(-2), np.swapaxes(h, -1, -2) @ dz, dz.sum(-2))
        return np.concatenate([part.reshape(*theta.shape[:-1], -1) for part in parts], axis=-1)

    def accuracy(theta: Array) -> Array:
        _, log_p = forward(theta, d.test_x.astype(dtype))
        return (log_p.argmax(-1) == d.test_y).mean(-1)

    return Problem(f"digits, {hidden} hidden units", loss, grad, start, metrics={"test accuracy": accuracy})
