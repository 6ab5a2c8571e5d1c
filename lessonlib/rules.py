"""The equations: every optimizer of the course as a pure function of paper letters.

A rule takes the parameters ``theta``, the gradient ``g`` and what the optimizer remembers ``s``, and returns the new
parameters and the new memory. It is written with operators only, so the same lines run on floats, NumPy arrays and torch
tensors, keep their dtype when the hyperparameters are Python floats, and batch over hyperparameters by broadcasting:
``lr`` of shape (L, 1) and ``theta`` of shape (n,) take L steps at once. Nothing is ever changed in place. All rules but `muon`
treat each number on its own; `muon` treats a matrix, the last two axes of theta, as one thing.
"""
from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

__all__ = ["Array", "State", "adam", "adam_l2", "adamw", "lion", "momentum", "muon", "orthogonal", "rmsprop", "sgd"]

Array: TypeAlias = Any  # a float, a NumPy array or a torch tensor; shapes are given in the docstrings


class State(NamedTuple):
    """What an optimizer remembers between two steps; a zero broadcasts to any shape.

    t counts the steps taken. m is the running average of the gradient (first moment), v that of the squared gradient
    (second moment, uncentred: not a variance). Both have the shape of theta after the first step.

    >>> State()
    State(t=0, m=0.0, v=0.0)
    """

    t: int = 0
    m: Array = 0.0
    v: Array = 0.0


def sgd(theta: Array, g: Array, s: State, *, lr: Array) -> tuple[Array, State]:
    """Return (theta, state) after one step of gradient descent: theta - lr * g.

    theta, g: (..., n); lr: a float or anything that broadcasts against them. Same as torch.optim.SGD(lr=lr).

    >>> sgd(2.0, 3.0, State(), lr=0.1)
    (1.7, State(t=1, m=0.0, v=0.0))
    """
    return theta - lr * g, State(s.t + 1)


def momentum(theta: Array, g: Array, s: State, *, lr: Array, beta1: Array = 0.9) -> tuple[Array, State]:
    """Return (theta, state) after one step along a running average of the gradients.

        m = beta1 * m + (1 - beta1) * g        theta = theta - lr * m

    theta, g: (..., n); beta1 in [0, 1). Polyak 1964, written with an average. torch keeps a sum instead, so the same path
    is torch.optim.SGD(lr=lr * (1 - beta1), momentum=beta1), or lr=lr with dampening=beta1 and a first gradient scaled
    by 1 - beta1.

    >>> theta, s = momentum(2.0, 3.0, State(), lr=0.1)
    >>> round(theta, 3), round(s.m, 3)
    (1.97, 0.3)
    """
    m = beta1 * s.m + (1 - beta1) * g
    theta = theta - lr * m
    return theta, State(s.t + 1, m)


def rmsprop(
    theta: Array, g: Array, s: State, *, lr: Array = 1e-3, beta2: Array = 0.99, eps: Array = 1e-8
) -> tuple[Array, State]:
    """Return (theta, state) after one step scaled by the root of the running average of the squared gradients.

        v = beta2 * v + (1 - beta2) * g**2        theta = theta - lr * g / (v**0.5 + eps)

    theta, g: (..., n); beta2 in [0, 1); eps > 0, in the units of the gradient. Tieleman & Hinton 2012, lecture 6e.
    Same as torch.optim.RMSprop(lr=lr, alpha=beta2, eps=eps).

    >>> theta, s = rmsprop(2.0, 3.0, State(), lr=1e-3)
    >>> round(theta, 6), round(s.v, 3)
    (1.99, 0.09)
    """
    v = beta2 * s.v + (1 - beta2) * g**2
    theta = theta - lr * g / (v**0.5 + eps)
    return theta, State(s.t + 1, 0.0, v)


def adam(
    theta: Array, g: Array, s: State, *, lr: Array = 1e-3, beta1: Array = 0.9, beta2: Array = 0.999, eps: Array = 1e-8
) -> tuple[Array, State]:
    """Return (theta, state) after one step of Adam: momentum over RMSprop, both averages corrected for their start at 0.

        m = beta1 * m + (1 - beta1) * g           m_hat = m / (1 - beta1**t)
        v = beta2 * v + (1 - beta2) * g**2        v_hat = v / (1 - beta2**t)
        theta = theta - lr * m_hat / (v_hat**0.5 + eps)

    theta, g: (..., n); beta1, beta2 in [0, 1); eps > 0, in the units of the gradient; t counts from 1.
    Kingma & Ba 2015, Algorithm 1. Same as torch.optim.Adam(lr=lr, betas=(beta1, beta2), eps=eps).

    >>> theta, s = adam(2.0, 3.0, State())
    >>> round(theta, 6), s.t, round(s.m, 6), round(s.v, 6)
    (1.999, 1, 0.3, 0.009)
    """
    t = s.t + 1
    m = beta1 * s.m + (1 - beta1) * g
    v = beta2 * s.v + (1 - beta2) * g**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    theta = theta - lr * m_hat / (v_hat**0.5 + eps)
    return theta, State(t, m, v)


def adam_l2(
    theta: Array, g: Array, s: State, *, lr: Array = 1e-3, beta1: Array = 0.9, beta2: Array = 0.999, eps: Array = 1e-8,
    weight_decay: Array = 1e-2,
) -> tuple[Array, State]:
    """Return (theta, state) after one step of Adam on the loss plus weight_decay / 2 * theta**2: the penalty enters m and v.

    theta, g: (..., n); weight_decay >= 0. Same as torch.optim.Adam(..., weight_decay=weight_decay).

    >>> theta, s = adam_l2(2.0, 3.0, State(), weight_decay=0.5)
    >>> round(theta, 6), round(s.m, 6)
    (1.999, 0.4)
    """
    return adam(theta, g + weight_decay * theta, s, lr=lr, beta1=beta1, beta2=beta2, eps=eps)


def adamw(
    theta: Array, g: Array, s: State, *, lr: Array = 1e-3, beta1: Array = 0.9, beta2: Array = 0.999, eps: Array = 1e-8,
    weight_decay: Array = 1e-2,
) -> tuple[Array, State]:
    """Return (theta, state) after one step of AdamW: shrink theta by lr * weight_decay, then step; m and v never see it.

    theta, g: (..., n); weight_decay >= 0. Same as torch.optim.AdamW, which multiplies the decay by lr; Loshchilov & Hutter
    2019, Alg. 2, do not (their decay is schedule * weight_decay). A state is Adam's own.

    >>> theta, s = adamw(2.0, 3.0, State(), weight_decay=0.5)
    >>> round(theta, 6), round(s.m, 6)
    (1.998, 0.3)
    """
    decayed = theta - lr * weight_decay * theta
    return adam(decayed, g, s, lr=lr, beta1=beta1, beta2=beta2, eps=eps)


def lion(
    theta: Array, g: Array, s: State, *, lr: Array = 1e-4, beta1: Array = 0.9, beta2: Array = 0.99, weight_decay: Array = 0.0
) -> tuple[Array, State]:
    """Return (theta, state) after one step of Lion: every number moves by lr, along the sign of an average that leans on the new gradient.

        c = beta1 * m + (1 - beta1) * g           m = beta2 * m + (1 - beta2) * g
        theta = theta - lr * sign(c) - lr * weight_decay * theta

    theta, g: (..., n); beta1, beta2 in [0, 1); weight_decay >= 0. One average and no v. Chen et al. 2023, Algorithm 2, defaults as in
    their code; torch has no Lion. The sign of 0 is 0.

    >>> theta, s = lion(2.0, 3.0, State(), lr=0.1)
    >>> round(theta, 6), round(s.m, 6)
    (1.9, 0.03)
    """
    c = beta1 * s.m + (1 - beta1) * g
    sign = c / (abs(c) + (c == 0))
    m = beta2 * s.m + (1 - beta2) * g
    theta = theta - lr * weight_decay * theta - lr * sign
    return theta, State(s.t + 1, m)


def orthogonal(x: Array, steps: int = 5) -> Array:
    """Return nearly the orthogonal factor of a matrix: the same singular vectors, singular values near 1, from 0.68 to 1.21.

        x = x / (size of x)        then, five times:   x = a * x + b * (x x^T) x + c * (x x^T)^2 x

    x: (..., rows, columns); its size is the root of the sum of its squares. Each step maps a singular value y to
    a * y + b * y**3 + c * y**5 and leaves the singular vectors. After five, every value that was 0.002 of the size or more lies within
    those bounds; smaller ones are smaller. A tall matrix is taken by its transpose: the same result, and x x^T is the smaller product.
    Jordan et al. 2024 (Newton-Schulz, with their coefficients), who compute in bfloat16, as torch does. Raises ValueError for less than
    two axes.

    >>> import numpy as np
    >>> [round(float(y), 2) for y in orthogonal(np.diag([3.0, 0.3, 0.03])).diagonal()]
    [0.7, 0.71, 0.7]
    """
    if getattr(x, "ndim", 0) < 2:
        raise ValueError(f"x has {getattr(x, 'ndim', 0)} axes: orthogonal, and so muon, takes matrices (..., rows, columns); give all "
                         "other parameters to adamw")
    tall = x.shape[-2] > x.shape[-1]
    x = x.mT if tall else x
    x = x / ((x**2).sum((-2, -1), keepdims=True) ** 0.5 + 1e-7)
    for _ in range(steps):
        product = x @ x.mT
        x = 3.4445 * x + (-4.7750 * product + 2.0315 * product @ product) @ x
    return x.mT if tall else x


def muon(theta: Array, g: Array, s: State, *, lr: Array = 1e-3, beta1: Array = 0.95, weight_decay: Array = 0.1) -> tuple[Array, State]:
    """Return (theta, state) after one step of Muon: along the orthogonal factor of an average of the gradients.

        m = beta1 * m + (1 - beta1) * g           ahead = beta1 * m + (1 - beta1) * g
        theta = theta - lr * weight_decay * theta - lr * max(1, rows / columns)**0.5 * orthogonal(ahead)

    theta, g: (..., rows, columns); lr: a float or (..., 1, 1); beta1 in [0, 1); weight_decay >= 0. For the matrices inside of a
    network; its tables, biases and norms go to AdamW. Jordan et al. 2024, decay as in Liu et al. 2025. Same as torch.optim.Muon(lr=lr,
    momentum=beta1, weight_decay=weight_decay), whose orthogonal factor is computed in bfloat16. Raises ValueError for less than two axes.

    >>> import numpy as np
    >>> theta, s = muon(np.zeros((2, 2)), np.diag([300.0, 3.0]), State(), lr=0.1)
    >>> theta.diagonal().round(3).tolist(), s.m.diagonal().round(2).tolist()
    ([-0.07, -0.07], [15.0, 0.15])
    """
    m = beta1 * s.m + (1 - beta1) * g
    ahead = beta1 * m + (1 - beta1) * g
    rows, columns = theta.shape[-2:] if getattr(theta, "ndim", 0) > 1 else (1, 1)
    stretch = max(1.0, rows / columns) ** 0.5
    theta = theta - lr * weight_decay * theta - lr * stretch * orthogonal(ahead)
    return theta, State(s.t + 1, m)
