"""The problem that opens lesson 9: a line through forty winter days, and the four optimizers that look for it."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from math import fsum
from typing import Any

import numpy as np
from numpy.random import Generator

from lessonlib import rules
from lessonlib.problems import Problem
from lessonlib.runner import Run, run
from lessonlib.signature import Rule

__all__ = ["BETAS", "LRS", "RULES", "STEPS", "best_beta", "condition", "condition_numbers", "days", "frozen_scales", "heating",
           "left_alone", "left_at_best", "ratios", "standardizing", "tuned", "tuned_lr", "v_held", "v_shrunk", "who_arrives",
           "without_m"]

Array = np.ndarray[Any, Any]
RULES = ("sgd", "momentum", "rmsprop", "adam")
LRS = np.geomspace(1e-4, 10, 30)  # the same thirty for every rule
STEPS = 300
BETAS = (0.5, 0.9, 0.95, 0.98, 0.99, 0.999)  # the six of momentum
TIE = 1.025  # so near the least, the shortest step counts: RMSprop leaves the same at many, and rounding would choose among them
UNITS: dict[str, Callable[[Array], Array]] = {
    "degrees": lambda x: x,
    "celsius": lambda x: (x - 32) / 1.8,
    "centred": lambda x: x - x.mean(),
    "spread": lambda x: x / x.std(),
    "scaled": lambda x: x / (x**2).mean() ** 0.5,
    "standardized": lambda x: (x - x.mean()) / x.std(),
}


def days(seed: int = 0, count: int = 40, noise: float = 0.5) -> tuple[Array, Array]:
    """Return (temperature in degrees Fahrenheit, gas in cubic metres) of simulated winter days, (count,) each.

    Temperatures have mean 50 and deviation 18; the gas is 10 - 0.12 * temperature, off by `noise`.
    """
    rng = np.random.default_rng(seed)
    temperature = 50 + 18 * rng.standard_normal(count)
    return temperature, 10 - 0.12 * temperature + noise * rng.standard_normal(count)


def heating(seed: int = 0, *, batch: int | None = None, count: int = 40, noise: float = 0.5, units: str = "degrees") -> Problem:
    """The line gas = slope * temperature + intercept, by least squares; theta = (slope, intercept), start (0, 0).

    The loss is half the mean squared residual above the lowest possible. batch: days drawn at each step, None for all of them.
    units: of the temperature; "degrees" (Fahrenheit) as measured, "celsius", "centred" from their mean,
    "spread" over their spread, "scaled" divided by their root mean square, "standardized" from their mean, over their spread.
    `minimum` is the least-squares line. Raises ValueError for other units.
    """
    if units not in UNITS:
        raise ValueError(f"units={units!r}: one of {', '.join(map(repr, UNITS))}")
    temperature, gas = days(seed, count, noise)
    temperature = UNITS[units](temperature)
    a, b, d = fsum(temperature**2) / count, fsum(temperature) / count, 1.0  # the Hessian; exact sums: RMSprop's swings magnify rounding
    slope = fsum((temperature - b) * gas) / fsum((temperature - b) ** 2)
    minimum = np.array([slope, fsum(gas) / count - slope * b])

    def pull(off: Array) -> Array:
        return np.stack([a * off[..., 0] + b * off[..., 1], b * off[..., 0] + d * off[..., 1]], axis=-1)

    def loss(theta: Array) -> Array:
        off = theta - minimum
        return 0.5 * (off * pull(off)).sum(-1)

    def grad(theta: Array, rng: Generator) -> Array:
        if batch is None:
            return pull(theta - minimum)
        rows = rng.integers(count, size=batch)
        x, residual = temperature[rows], theta[..., :1] * temperature[rows] + theta[..., 1:] - gas[rows]
        return np.stack([(residual * x).mean(-1), residual.mean(-1)], axis=-1)

    return Problem("heating bill", loss, grad, np.zeros(2), minimum, (-0.25, 0.35, -2.0, 15.0))


@cache
def tuned_lr(rule: str, *, seeds: int = 10, steps: int = STEPS, **problem: Any) -> tuple[float, float]:
    """Return (step size, share of the first excess loss left): the best of LRS for a rule, by the mean over the data sets `seeds`.

    What is left is the mean of the last tenth of the steps, so that a rule that hops is judged by where it hops.
    """
    left = []
    for seed in range(seeds):
        bill = heating(seed, **problem)
        losses = run(getattr(rules, rule), bill, steps=steps, seed=seed, record="loss", lr=LRS[:, None]).loss
        left.append(losses[-steps // 10:].mean(0) / bill.loss(bill.start))
    mean = np.mean(left, axis=0)
    best = int(np.flatnonzero(mean <= TIE * mean.min())[0])
    return float(LRS[best]), float(mean[best])


@cache
def left_at_best(rule: str, seeds: int = 10, **hyper: Any) -> float:
    """Return the share of the first excess loss that a rule leaves with these hyperparameters, at the best of LRS, as tuned_lr does."""
    left = []
    for seed in range(seeds):
        losses = run(getattr(rules, rule), heating(seed), steps=STEPS, record="loss", lr=LRS[:, None], **hyper).loss
        left.append(losses[-STEPS // 10:].mean(0) / losses[0])
    return float(np.mean(left, axis=0).min())


@cache
def tuned(rule: str, seed: int = 0) -> Run:
    """Return the run of a rule on one data set at its best step size."""
    return run(getattr(rules, rule), heating(seed), steps=STEPS, seed=seed, lr=tuned_lr(rule)[0])


def best_beta() -> tuple[float, float]:
    """Return momentum's best beta of BETAS, and the share of the first excess loss that it leaves with it."""
    left = {beta1: left_at_best("momentum", beta1=beta1) for beta1 in BETAS}
    best = min(left, key=lambda beta1: left[beta1])
    return best, left[best]


def without_m() -> float:
    """Return the share of the first excess loss that Adam leaves with a beta1 of 0."""
    return left_at_best("adam", beta1=0.0)


@cache
def v_held(after: int = 100) -> Run:
    """Return RMSprop's tuned run with v held as it is after so many steps."""
    def rule(theta: Array, g: Array, s: rules.State, *, lr: float) -> tuple[Array, rules.State]:
        v = 0.99 * s.v + 0.01 * g**2 if s.t < after else s.v
        return theta - lr * g / (v**0.5 + 1e-8), rules.State(s.t + 1, 0.0, v)

    return run(rule, heating(), steps=STEPS, lr=tuned_lr("rmsprop")[0])


def v_shrunk() -> float:
    """Return the least that v of the slope becomes in RMSprop's tuned run, as a share of what it is after step 2."""
    bill, s, v = heating(), rules.State(), []
    for theta in tuned("rmsprop").theta[:-1]:
        _, s = rules.rmsprop(theta, bill.grad(theta, np.random.default_rng(0)), s)
        v.append(float(s.v[0]))
    return min(v[2:]) / v[1]


def standardizing() -> dict[str, list[float]]:
    """Return for each of RULES the shares of the excess loss that it leaves, mean of ten data sets: in degrees Fahrenheit and Celsius,
    and standardized.
    """
    return {rule: [tuned_lr(rule, **how)[1] for how in ({}, {"units": "celsius"}, {"units": "standardized"})] for rule in RULES}


def condition_numbers() -> tuple[float, float, float]:
    """Return three condition numbers: as measured, with RMSprop's scales as they are after 100 steps, and with the best two scales."""
    as_measured, found, at_best = (_condition(scales) for scales in (np.ones(2), _scales(), _best_scales()))
    return as_measured, found, at_best


def condition(k: int) -> str:
    """Return one of the condition_numbers in two digits, such as "34,000"."""
    return f"{float(f'{condition_numbers()[k]:.2g}'):,.0f}"


def ratios() -> tuple[float, float]:
    """Return how many times longer the intercept's step size is than the slope's: RMSprop's after 100 steps, and the best."""
    return tuple(float(scales[0] / scales[1]) for scales in (_scales(), _best_scales()))  # type: ignore[return-value]


def frozen_scales() -> list[list[Any]]:
    """Return three rows of a choice and the share that it leaves over the last 30 steps, at the best of LRS: RMSprop's two step sizes
    without momentum and with it, and the best two without it.
    """
    return [["RMSprop's, without momentum", _left_with(_scales(), rules.sgd)],
            ["RMSprop's, with momentum", _left_with(_scales(), rules.momentum)],
            ["the best two, without momentum", _left_with(_best_scales(), rules.sgd)]]


def left_alone() -> list[list[Any]]:
    """Return a row for each of RULES: its name, and the share that it leaves over the last 30 steps, at the best of LRS."""
    names = ("gradient descent", "momentum", "RMSprop", "Adam")
    return [[name, _left_with(np.ones(2), getattr(rules, rule))] for name, rule in zip(names, RULES, strict=True)]


def _left_with(scales: Array, rule: Rule) -> float:
    """The share that a rule leaves over the last 30 steps, at the best of LRS, where each gradient is divided by its scale: (2,)."""
    bill = heating()
    scaled = replace(bill, grad=lambda theta, rng: bill.grad(theta, rng) / scales)
    losses = run(rule, scaled, steps=STEPS, record="loss", lr=LRS[:, None]).loss
    return float(np.nanmin(losses[-STEPS // 10:].mean(0)) / losses[0, 0])


def who_arrives(rows: list[list[Any]]) -> str:
    """Return who leaves less than a thousandth with RMSprop's scales, by the rows of `frozen_scales`."""
    return {0: "neither", 1: "only momentum", 2: "both"}[sum(left < 1e-3 for _, left in rows[:2])]


def _hessian() -> Array:
    bill = heating()
    return np.array([bill.grad(bill.minimum + unit, np.random.default_rng(0)) for unit in np.eye(2)])  # type: ignore[operator]


def _condition(scales: Array) -> float:
    """The condition number that is left where each gradient is divided by its scale: (2,)."""
    root = scales**0.5
    return float(np.linalg.cond(_hessian() / root / root[:, None]))


def _best_scales() -> Array:
    """Both curvatures, (2,): for two numbers, equal curvatures are the best that scales can do."""
    return np.diag(_hessian())


def _scales() -> Array:
    """The root of v after 100 steps of RMSprop's tuned run, for slope and intercept: (2,)."""
    theta, s = heating().start, rules.State()
    for _ in range(100):
        theta, s = rules.rmsprop(theta, heating().grad(theta, np.random.default_rng(0)), s, lr=tuned_lr("rmsprop")[0])
    return np.asarray(s.v**0.5)
