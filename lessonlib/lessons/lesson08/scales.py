"""What a rule of lesson 8 does with the scale of its gradients: a loss times a number, a series of gradients, a figure over many scales."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.problems import Problem, ravine
from lessonlib.rules import State, rmsprop, sgd
from lessonlib.runner import run

__all__ = ["apart", "in_words", "scaled", "show_scales", "steps_of"]

Array = np.ndarray[Any, Any]


def scaled(problem: Problem, c: float) -> Problem:
    """Return the problem with its loss, and so its gradients, multiplied by c."""
    return replace(problem, loss=lambda theta: c * problem.loss(theta), grad=lambda theta, rng: c * problem.grad(theta, rng))


def apart(rule: Callable[..., Any], c: float, *, eps: float | None = None, scaled_eps: float | None = None) -> float:
    """Return the largest distance in a coordinate between 100 steps in ravine(100) and in the same ravine with its loss times c.

    eps: of the first walk, scaled_eps: of the second, for a rule that has one. inf where the second walk leaves the numbers.
    """
    first, second = (dict[str, Any]() if e is None else {"eps": e} for e in (eps, scaled_eps))
    here = run(rule, ravine(100), lr=0.01, steps=100, **first).theta
    there = run(rule, scaled(ravine(100), c), lr=0.01, steps=100, **second).theta
    return float(np.nan_to_num(np.abs(there - here), nan=np.inf, posinf=np.inf).max())


def in_words(distance: float) -> str:
    """Return a distance in words where only its size holds on any machine.

    >>> in_words(0.0), in_words(3e-16), in_words(0.25), in_words(1e30)
    ('none', 'rounding', '2.5e-01', 'diverges')
    """
    return "none" if distance == 0 else "rounding" if distance < 1e-14 else "diverges" if distance > 1e9 else f"{distance:.1e}"


def steps_of(rule: Callable[..., Any], gradients: Iterable[float], *, beta2: float = 0.99) -> Array:
    """Return how long each step of a rule is for a series of gradients, in units of lr: (T,)."""
    theta, s, path = 0.0, State(), [0.0]
    for g in gradients:
        theta, s = rule(theta, g, s, lr=1.0, beta2=beta2, eps=1e-8)
        path.append(theta)
    return -np.diff(path)


def show_scales() -> None:
    """Show how far the path moves when the loss is multiplied by a factor, for gradient descent and for RMSprop with two epsilons."""
    show(_over_scales(), "Distance to the first path by the factor on the loss, both logarithmic: large for gradient descent; for RMSprop "
         "it rises as the factor falls and is of order 1 below 1e-8; with epsilon scaled too it stays at rounding.")


def _over_scales() -> Figure:
    scales = np.geomspace(1e-14, 1e6, 41)
    scales[28] = np.nan  # a gap at 1, where all paths are the same and a logarithm has no place for it
    kinds: dict[str, tuple[Callable[[float], float], str, str]] = {
        "gradient descent": (partial(apart, sgd), look("sgd").color, ":"),
        "RMSprop": (lambda c: apart(rmsprop, c, eps=1e-8, scaled_eps=1e-8), look("rmsprop").color, "-"),
        "RMSprop, epsilon scaled too": (lambda c: apart(rmsprop, c, eps=1e-8, scaled_eps=c * 1e-8), "black", "--")}
    figure = new_figure(7.2, 3.8)
    ax = figure.add_subplot(xscale="log", yscale="log", xlabel="the loss is multiplied by", ylabel="distance between the paths",
                            ylim=(1e-17, 1e3), title="RMSprop forgets the scale, down to epsilon")
    for name, (distance, color, dash) in kinds.items():
        ax.plot(scales, np.clip([distance(float(c)) for c in scales], 1e-17, 1e9), color=color, linestyle=dash, label=name)
    ax.text(1e6, 200, "gradient descent diverges", ha="right", va="center", fontsize=9)
    figure.legend(loc="outside lower center", ncols=3)
    return figure
