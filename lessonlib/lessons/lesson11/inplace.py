"""AdamW in NumPy without waste: the same numbers as `rules.adamw`, for the price of crossing memory about once.

As written, the rule makes a new array for each operation, and each goes out to memory and back. Here theta, m and v change in
place, and all operations are done on one block before the next is touched, so that a block stays in the cache meanwhile.
"""
from __future__ import annotations

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from lessonlib.rules import Array, State
from lessonlib.signature import whole_number

__all__ = ["BLOCK", "adamw_"]

BLOCK = 262144  # elements: four float32 blocks and the scratch are 5 MB, for an L3 cache; smaller ones make threads wait for Python's lock


def adamw_(
    theta: Array, g: Array, s: State, *, lr: float = 1e-3, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8,
    weight_decay: float = 1e-2, block: int = BLOCK, threads: int = 1,
) -> tuple[Array, State]:
    """Return (theta, state) after one step of AdamW, the arrays given, changed in place; g is only read.

    theta, g: NumPy arrays of one shape and type of real numbers, contiguous; s: State() at first, then what the step before returned,
    whose m and v change too. Hyperparameters are floats. block: elements stepped before the next are touched. threads: how many
    blocks at once, where there are several; NumPy lets go of Python's lock while it computes. Equal to `rules.adamw` but for rounding.

    Raises ValueError, before anything is changed, for an array that is not contiguous (it could not be changed in place piece by
    piece) or is read-only, and for g, m or v of another shape or type than theta: the rule would make a new theta of the wider one.

    >>> theta, s = np.array([2.0]), State()
    >>> theta, s = adamw_(theta, np.array([3.0]), s, weight_decay=0.5)
    >>> theta.round(6), s.m.round(6), s.t
    (array([1.998]), array([0.3]), 1)
    """
    block, threads, t = whole_number("block", block, least=1), whole_number("threads", threads, least=1), s.t + 1
    of_theta = _flat("theta", theta)
    if theta.dtype.kind != "f":
        raise ValueError(f"theta has dtype {theta.dtype}: a step is no whole number; pass theta.astype(float)")
    m, v = _moment("m", s.m, theta), _moment("v", s.v, theta)
    of_g, of_m, of_v = _flat("g", np.asarray(g), theta), _flat("m", m, theta), _flat("v", v, theta)
    # With the root of its correction multiplied into the step and into eps, v needs no correction of its own.
    root = (1 - beta2**t) ** 0.5
    numbers = (1 - lr * weight_decay, beta1, 1 - beta1, beta2, 1 - beta2, eps * root, lr * root / (1 - beta1**t))
    factors = [np.asarray(number, theta.dtype) for number in numbers]  # once, not in each of the 13 operations on each block

    todo = deque(range(0, theta.size, block))  # each thread takes the next block as it is done with one: none waits for a slow one

    def work() -> None:
        scratch = np.empty(min(block, theta.size), theta.dtype)
        while True:
            try:
                here = slice(i := todo.popleft(), min(i + block, theta.size))
            except IndexError:
                return
            _step(of_theta[here], of_g[here], of_m[here], of_v[here], scratch[:here.stop - i], *factors)

    helpers = [_pool(threads).submit(work) for _ in range(min(threads, len(todo)) - 1)]
    work()
    for helper in helpers:
        helper.result()
    return theta, State(t, m, v)


def _step(theta: Array, g: Array, m: Array, v: Array, scratch: Array, shrink: Array, beta1: Array, towards_g: Array, beta2: Array,
          towards_g2: Array, eps: Array, step_size: Array) -> None:
    # m, the running average of g
    m *= beta1
    np.multiply(g, towards_g, out=scratch)
    m += scratch

    # v, the running average of g**2
    v *= beta2
    np.multiply(g, g, out=scratch)
    scratch *= towards_g2
    v += scratch

    # step, both averages corrected for their start at zero
    np.sqrt(v, out=scratch)
    scratch += eps
    np.divide(m, scratch, out=scratch)
    scratch *= step_size

    # decay: theta shrinks; only here, so that its block is fetched once
    theta *= shrink
    theta -= scratch


def _moment(name: str, moment: Any, theta: Array) -> Array:
    """m or v as the state has it; zeros at the first step, where it is the number 0."""
    if isinstance(moment, np.ndarray):
        return moment
    if np.ndim(moment) or moment != 0:
        raise ValueError(f"{name}={moment!r}: 0 at first, then the array that the step before returned; pass State() to begin anew")
    return np.zeros_like(theta)


def _flat(name: str, a: Any, theta: Array | None = None) -> Array:
    """All numbers of a in a row, without a copy. Raises ValueError where that cannot be, or a is not as theta is."""
    if not (isinstance(a, np.ndarray) and a.flags.c_contiguous):
        raise ValueError(f"{name} must be a contiguous NumPy array to be changed in place: pass np.ascontiguousarray({name})")
    if name != "g" and not a.flags.writeable:
        raise ValueError(f"{name} is read-only and cannot be changed in place: pass {name}.copy()")
    if theta is not None and a.shape != theta.shape:
        raise ValueError(f"{name} has shape {a.shape}, theta {theta.shape}: one number of {name} for each of theta")
    if theta is not None and a.dtype != theta.dtype:
        raise ValueError(f"{name} has dtype {a.dtype}, theta {theta.dtype}: pass {name}.astype(theta.dtype)")
    return a.reshape(-1)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads)
