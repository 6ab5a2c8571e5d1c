"""What looking ahead changes in momentum: what a step leaves along a curvature, two paths, and a race over many settings."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from lessonlib.play.experiment import new_figure
from lessonlib.plots import contours, look, show
from lessonlib.problems import Problem, ravine
from lessonlib.runner import Run, grid, run

__all__ = ["fewest", "race", "radius", "show_paths"]

Array = np.ndarray[Any, Any]


def radius(alpha_lambda: Any, beta1: Any) -> Any:
    """Return the spectral radius of a step of Nesterov's momentum on a curvature.

    The product of its two eigenvalues is beta1 * (1 - (1 - beta1) * alpha_lambda), where momentum's is beta1.

    >>> round(float(radius(0.04, 0.9)), 3), round(float(radius(4.0, 0.9)), 3)
    (0.947, 0.735)
    """
    x, b = np.broadcast_arrays(np.asarray(alpha_lambda, float), np.asarray(beta1, float))
    product = b * (1 - (1 - b) * x)
    half = (1 + b - (1 - b) * (1 + b) * x) / 2
    return np.where(half**2 < product, np.sqrt(np.abs(product)), np.abs(half) + np.sqrt(np.maximum(half**2 - product, 0)))


def _until(loss: Array, goal: float) -> Array:
    """The steps after which losses (steps + 1, ...) stay at or below `goal` of the first; the number of steps + 1 for never."""
    below = loss[::-1] <= goal * loss[0]
    return len(loss) - np.asarray(np.where(below.all(0), len(loss), np.argmin(below, axis=0)))


@cache
def fewest(rule: Callable[..., Any], goals: tuple[float, ...] = (1e-10,), start: tuple[float, float] = (1.0, 1.0),
           kappa: float = 100) -> list[int]:
    """Return for each goal the fewest steps after which the loss stays below it, as a share of the first, over 11,011 settings.

    The settings are 121 step sizes from 0.02 to 0.2 and 91 betas from 0.5 to 0.95.
    """
    budget = 60 + int(-8 * np.log10(min(goals)))
    settings: dict[str, Any] = grid(lr=np.geomspace(0.02, 0.2, 121), beta1=np.linspace(0.5, 0.95, 91))
    loss = run(rule, ravine(kappa), steps=budget, record="loss", start=np.array(start), **settings).loss
    return [int(_until(loss, goal).min()) for goal in goals]


def race(one: Callable[..., Any], two: Callable[..., Any], kappa: float = 100, budget: int = 1000) -> list[list[Any]]:
    """Return a row for each span of beta: how many settings let a rule arrive, the shares in which one does so alone, and a ratio.

    The settings are 101 step sizes from 0.01 to 1 and 100 betas from 0 to 0.99, the goal is 1e-10 of the first loss. The ratio is the
    median of the steps of `two` divided by those of `one`, where both arrive.
    """
    settings: dict[str, Any] = grid(lr=np.geomspace(0.01, 1.0, 101), beta1=np.linspace(0.0, 0.99, 100))
    first, second = (_until(run(rule, ravine(kappa), steps=budget, record="loss", **settings).loss, 1e-10) for rule in (one, two))
    rows: list[list[Any]] = []
    for low, high in ((0, 80), (80, 90), (90, 100)):
        steps = [found[:, low:high] for found in (first, second)]
        here = [found <= budget for found in steps]
        settled, both = int((here[0] | here[1]).sum()), here[0] & here[1]
        alone = [float((mine & ~other).sum() / settled) for mine, other in (here, here[::-1])]
        rows.append([f"{low / 100:g} to {(high - 1) / 100:g}", settled, *alone, float(np.median(steps[1][both] / steps[0][both]))])
    return rows


def show_paths(problem: Problem, results: Mapping[str, Run], shown: int = 40) -> None:
    """Show the first steps of two rules from the same start in a ravine, side by side."""
    figure = new_figure(8.6, 3.8)
    panels = figure.subplots(1, len(results), sharey=True)
    for ax, (name, result) in zip(panels, results.items(), strict=True):
        style, (x, y) = look(name), result.theta[: shown + 1].T
        contours(problem, ax)
        ax.plot(x, y, color=style.color, marker=style.marker, markersize=4, linewidth=1)
        ax.plot(x[0], y[0], marker="o", markersize=9, markerfacecolor="white", markeredgecolor="black")
        ax.set_title("Nesterov's form" if name == "nesterov" else name)
    first, late = ([abs(result.theta[part, 1]).max() for result in results.values()] for part in (slice(1, 20), slice(20, None)))
    narrower = [swings[1] < swings[0] for swings in (first, late)]
    when = "" if narrower[0] == narrower[1] else "After twenty steps "
    figure.suptitle(f"{when}{'l' if when else 'L'}ooking ahead swings {'less' if narrower[1] else 'more'}", weight="bold")
    show(figure, "Two paths in a ravine from the circle at (1, 1) to the star. At first momentum swings out to "
         f"{first[0]:.2f} and Nesterov's form to {first[1]:.2f}, from the twentieth step on to {late[0]:.2f} and {late[1]:.2g}.")
