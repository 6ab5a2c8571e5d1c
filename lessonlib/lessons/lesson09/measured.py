"""What the deeper part of lesson 9 measures: shares of a loss that are left, each rule at the best of its step sizes."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from lessonlib import rules
from lessonlib.lessons.lesson09.problems import blocks, zipf_bigram
from lessonlib.problems import digits_net
from lessonlib.rules import State
from lessonlib.runner import run

__all__ = ["Left", "adams_condition", "end_losses", "hats", "largest_curvature", "left_on_blocks", "left_on_words", "scaled_condition",
           "shown", "step_after_quiet", "step_lengths", "steps_back"]

Array = np.ndarray[Any, Any]
WORDS, STEPS = 512, 60


class Left(NamedTuple):
    """What a rule leaves: the share of the excess loss, the step size, and the share in each quarter of the contexts, (4,)."""

    share: float
    lr: float
    quarters: Array


def left_on_words(rule: Callable[..., Any], lrs: Sequence[float], **hyper: Any) -> Left:
    """Return what is Left of the Zipf bigram's excess loss after 60 steps with a cosine schedule, at the best of the step sizes."""
    bigram = _bigram()

    def cosine(t: int) -> Array:
        return np.array(lrs)[:, None] * (1 + np.cos(np.pi * (t - 1) / STEPS)) / 2

    found = run(rule, bigram, steps=STEPS, record="last", lr=cosine, **hyper)
    best, by_quarter = int(found.loss[0].argmin()), bigram.metrics["by quartile"]
    quarters = by_quarter(found.theta[0, best]) / by_quarter(bigram.start)
    return Left(float(found.loss[0, best] / bigram.loss(bigram.start)), float(lrs[best]), quarters)


@cache
def _bigram() -> Any:
    return zipf_bigram(WORDS)


def left_on_blocks(rule: Callable[..., Any], mixed: bool, turns: int = 15, *, turned: bool = True, **hyper: Any) -> Array:
    """Return the share of the loss left after 300 steps at the best of 61 step sizes, for each random turn of the blocks: (turns,).

    turned: False for the same starts with the curvatures along the axes.
    """
    shares = []
    for seed in range(turns):
        problem = blocks(mixed, seed, turned=turned)
        found = run(rule, problem, steps=300, record="last", lr=np.geomspace(1e-5, 10, 61)[:, None], **hyper)
        shares.append(found.loss[0].min() / problem.loss(problem.start))
    return np.array(shares)


def scaled_condition(mixed: bool, turn: int = 0, *, turned: bool = True) -> float:
    """Return the condition number of blocks() after each coordinate is divided by the root of its own entry on the diagonal.

    The best scale for each coordinate lowers it further by at most the number of entries in a row, 3. Van der Sluis 1969.
    """
    problem = blocks(mixed, turn, turned=turned)
    return _condition(problem, np.diag(_hessian(problem)) ** 0.5)


@cache
def adams_condition(mixed: bool, turn: int = 0, *, turned: bool = True) -> float:
    """Return the condition number of blocks() with the scales of Adam's own v after 100 steps, at the best of 61 step sizes."""
    problem, s = blocks(mixed, turn, turned=turned), State()
    lrs = np.geomspace(1e-5, 10, 61)
    lr = lrs[run(rules.adam, problem, steps=300, record="last", lr=lrs[:, None]).loss[0].argmin()]
    theta, rng = problem.start, np.random.default_rng(0)
    for _ in range(100):
        theta, s = rules.adam(theta, problem.grad(theta, rng), s, lr=lr)
    return _condition(problem, s.v**0.25)


def _hessian(problem: Any) -> Array:
    """The second derivatives of blocks(), (9, 9), whose minimum is at 0."""
    return np.array([problem.grad(unit, np.random.default_rng(0)) for unit in np.eye(9)])


def _condition(problem: Any, root: Array) -> float:
    """The condition number after each coordinate is divided by a root of its scale, (9,)."""
    return float(np.linalg.cond(_hessian(problem) / root / root[:, None]))


def shown(share: float, least: float) -> str:
    """Return a share as text, or that it is below `least`, where what is left is rounding.

    >>> shown(0.17, 1e-10), shown(4e-15, 1e-10)
    ('1.7e-01', '< 1e-10')
    """
    return f"{share:.1e}" if share >= least else f"< {least:.0e}"


def end_losses(rule: Callable[..., Any], lrs: Sequence[float] | Array, steps: int = 100, seeds: int = 3) -> Array:
    """Return the training loss on the digits after the steps, mean of the seeds, at each step size; betas and eps are the defaults."""
    fixed = {"lr": np.array(lrs)[:, None], "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}
    ends = [run(rule, digits_net(seed=seed, dtype=float), steps=steps, seed=seed, record="last", **fixed).loss[0]
            for seed in range(seeds)]
    return np.asarray(np.mean(ends, axis=0))


def largest_curvature(grad: Callable[..., Array], theta: Array, rounds: int = 30) -> float:
    """Return the largest eigenvalue of the Hessian at theta (n,), by power iteration on differences of the gradient."""
    v, value, rng = np.random.default_rng(0).standard_normal(theta.size), 0.0, np.random.default_rng(0)
    for _ in range(rounds):
        v = 1e-6 * v / np.linalg.norm(v)  # small, or it steps over the kinks of ReLU
        change = (grad(theta + v, rng) - grad(theta - v, rng)) / 2
        v, value = change, float(v @ change / (v @ v))
    return value


def hats(s: rules.State) -> tuple[float, float]:
    """Return m_hat and the root of v_hat of Adam's state at the default betas.

    >>> tuple(round(float(x), 9) for x in hats(rules.adam(2.0, 3.0, rules.State())[1]))
    (3.0, 3.0)
    """
    return s.m / (1 - 0.9**s.t), (s.v / (1 - 0.999**s.t)) ** 0.5


def step_after_quiet(quiet: int, first: float = 3.0, then: float = 30.0) -> float:
    """Return the length of Adam's step, in units of lr, when a gradient of `then` comes after `quiet` steps of `first`."""
    theta, s = 0.0, rules.State()
    for g in [first] * quiet + [then]:
        before = theta
        theta, s = rules.adam(theta, g, s, lr=1.0)
    return float(abs(theta - before))


def step_lengths(gradients: Sequence[float] | Array, rule: Callable[..., Any] = rules.adam, **hyper: Any) -> Array:
    """Return the lengths of the steps that a rule makes of a sequence of gradients, in units of lr: (T,).

    >>> step_lengths([2.0, 2.0]).round(3).tolist()
    [1.0, 1.0]
    """
    theta, s, path = 0.0, rules.State(), [0.0]
    for g in np.asarray(gradients, float).tolist():
        theta, s = rule(0.0, g, s, lr=1.0, eps=1e-30, **hyper)  # from 0 each time: a step far out loses no digits
        path.append(theta)
    return np.abs(path[1:])


def steps_back(beta2: float, jump: float = 100.0, for_steps: int = 100, within: float = 0.05) -> int:
    """Return how many steps after a jump in the gradient's scale Adam's steps are within 5 % of their usual length again."""
    theta, s, last = 0.0, rules.State(), 0
    for t, g in enumerate([1.0] * 300 + [jump] * for_steps + [1.0] * 15_000):
        before = theta
        theta, s = rules.adam(theta, g, s, lr=1.0, beta2=beta2)
        if abs(abs(theta - before) - 1) > within:
            last = t
    return last + 1 - 300 - for_steps
