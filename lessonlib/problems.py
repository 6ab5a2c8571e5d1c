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
from lessonlib.signature import number, numbers, whole_number

__all__ = ["CLASSES", "PIXELS", "Problem", "beale", "digits_net", "digits_start", "noisy", "quadratic", "ravine", "rosenbrock", "saddle"]

Array = np.ndarray[Any, Any]
PIXELS, CLASSES = 64, 10  # of the digits


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
    """The columns as one array shaped as theta, in theta's memory layout."""
    out = np.empty_like(theta, dtype=np.result_type(*columns))
    for j, column in enumerate(columns):
        out[..., j] = column
    return out


def _total(parts: Iterable[Array]) -> Array:
    return reduce(add, parts)


def quadratic(h: Any, start: Any, name: str = "quadratic", window: tuple[float, float, float, float] | None = None) -> Problem:
    """theta h theta / 2 for a symmetric (n, n) matrix h of curvatures, the minimum at 0. start: (n,).

    Raises ValueError for a matrix that is not square or not symmetric, and for a start of another length.

    >>> p = quadratic([[2, 0], [0, 10]], start=[1, 1])
    >>> float(p.loss(p.start)), p.grad(p.start, None).tolist()
    (6.0, [2.0, 10.0])
    """
    h, start = numbers("h", h), numbers("start", start)
    n = len(start) if start.ndim == 1 else 0
    if not n or h.shape != (n, n):
        raise ValueError(f"h has shape {h.shape} and start {start.shape}: a square matrix (n, n) and a start (n,)")
    if not np.allclose(h, h.T, rtol=1e-9, atol=0):
        raise ValueError(f"h={h.tolist()}: must be symmetric; (h + h.T) / 2 has the same loss")
    rows = [[(j, float(h[i, j])) for j in range(n) if h[i, j]] for i in range(n)]

    def grad(theta: Array, rng: Generator | None = None) -> Array:  # noqa: ARG001 - no noise here
        return _columns(theta, *(_total(a * theta[..., j] for j, a in row) for row in rows))

    def loss(theta: Array) -> Array:
        g = grad(theta)
        return 0.5 * _total(theta[..., i] * g[..., i] for i in range(n))

    return Problem(name, loss, grad, start, np.zeros(n), window)


def ravine(kappa: float = 100.0, angle: float = 0.0) -> Problem:
    """A quadratic valley in two dimensions: curvature 1 along it, kappa across it, turned by `angle` degrees.

    The start is (1, 1) in the valley's own axes, so that every angle poses the same task to an optimizer that does not care
    about axes. Raises ValueError unless kappa >= 1.

    >>> p = ravine(100)
    >>> float(p.loss(p.start)), p.grad(p.start, None).tolist()
    (50.5, [1.0, 100.0])
    """
    kappa, angle = number("kappa", kappa, least=1), number("angle", angle)  # kappa: the larger curvature over the smaller
    c, s = cos(radians(angle)), sin(radians(angle))
    rotation = np.array([[c, -s], [s, c]])
    h = rotation @ np.diag([1.0, kappa]) @ rotation.T
    if angle % 90 == 0:
        h = np.where(np.abs(h) < 1e-12 * kappa, 0.0, h)
    turned = f", {angle:g} degrees" if angle else ""
    return quadratic((h + h.T) / 2, rotation @ np.ones(2), f"ravine, kappa {kappa:g}{turned}", (-1.6, 1.6, -1.6, 1.6))


def rosenbrock(b: float = 100.0) -> Problem:
    """The curved valley (1 - x)**2 + b * (y - x**2)**2, minimum (1, 1). Rosenbrock 1960.

    >>> p = rosenbrock()
    >>> round(float(p.loss(p.start)), 9), p.grad(p.minimum, None).tolist()
    (24.2, [0.0, 0.0])
    """
    b = number("b", b, least=0)

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
    sigma = number("sigma", sigma, least=0)

    def grad(theta: Array, rng: Generator) -> Array:
        noise = rng.standard_normal(theta.shape[-1]).astype(np.result_type(theta, 1.0))
        return problem.grad(theta, rng) + sigma * noise

    return replace(problem, name=f"{problem.name}, noise {sigma:g}", grad=grad)


def digits_start(hidden: int, seed: Any, *, outputs_first: bool = False) -> dict[str, Array]:
    """Return where the network 64 -> hidden (ReLU) -> 10 starts, by name: weights as He 2015 draws them, biases 0.

    w1: (64, hidden), b1: (hidden,), w2: (hidden, 10), b2: (10,); outputs_first: w1 and w2 the other way round, as torch keeps them.
    seed: what numpy.random.default_rng takes.

    >>> {name: value.shape for name, value in digits_start(16, 0).items()}
    {'w1': (64, 16), 'b1': (16,), 'w2': (16, 10), 'b2': (10,)}
    """
    hidden, rng = whole_number("hidden", hidden, least=1), np.random.default_rng(seed)
    start = {}
    for layer, inputs, outputs in ((1, PIXELS, hidden), (2, hidden, CLASSES)):
        start[f"w{layer}"] = rng.normal(0, (2 / inputs) ** 0.5, (outputs, inputs) if outputs_first else (inputs, outputs))
        start[f"b{layer}"] = np.zeros(outputs)
    return start


def digits_net(hidden: int = 32, batch: int | None = 64, seed: int = 0, dtype: DTypeLike = np.float32) -> Problem:
    """A network 64 -> hidden (ReLU) -> 10 that reads handwritten digits; the loss is the training cross-entropy in nats.

    grad draws `batch` training images at each step, the same for a whole batch of runs; None takes all of them. theta holds
    the weights and biases of both layers in a row: 64 * hidden + hidden + 10 * hidden + 10. The start is digits_start's.
    metrics["test accuracy"] is the share of the test images read rightly. Raises ValueError for sizes that are no whole numbers.

    >>> p = digits_net(hidden=16)
    >>> p.start.shape, round(float(p.loss(p.start))) in (2, 3)
    ((1210,), True)
    """
    hidden, batch = whole_number("hidden", hidden, least=1), None if batch is None else whole_number("batch", batch, least=1)
    d = digits()
    x, labels = d.train_x.astype(dtype), d.train_y
    onehot = np.eye(CLASSES, dtype=dtype)
    begin = digits_start(hidden, whole_number("seed", seed))
    cuts = np.cumsum([value.size for value in begin.values()])[:-1]
    start = np.concatenate([value.ravel() for value in begin.values()]).astype(dtype)

    def layers(theta: Array) -> tuple[Array, Array, Array, Array]:
        lead = theta.shape[:-1]
        w1, b1, w2, b2 = np.split(theta, cuts, axis=-1)
        return w1.reshape(*lead, PIXELS, hidden), b1[..., None, :], w2.reshape(*lead, hidden, CLASSES), b2[..., None, :]

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
