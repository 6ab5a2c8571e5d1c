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

__all__ = ["fewest", "race", "radius", "show_paths", "with_guarantee"]

Array = np.ndarray[Any, Any]
Span = tuple[float, float, int]


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


def with_guarantee(kappa: float) -> tuple[float, float]:
    """Return (lr, beta1) at which Nesterov's form is proved to need about the root of kappa steps: lr * (1 - beta1) = 1 / kappa."""
    beta1 = (kappa**0.5 - 1) / (kappa**0.5 + 1)
    return 1 / kappa / (1 - beta1), beta1


@cache
def _steps(rule: Callable[..., Any], kappa: float, step_sizes: Span, betas_of: Span, budget: int) -> Array:
    """The steps (L, B) after which the loss stays below 1e-10 of the first, over step sizes and betas; budget + 1 for never."""
    lrs, betas = np.geomspace(*step_sizes), np.linspace(*betas_of)
    loss = run(rule, ravine(kappa), steps=budget, seed=0, record="loss", **grid(lr=lrs, beta1=betas)).loss
    below = loss[::-1] <= 1e-10 * loss[0]
    return len(loss) - np.asarray(np.where(below.all(0), len(loss), np.argmin(below, axis=0)))


def fewest(rule: Callable[..., Any], kappa: float = 100, budget: int = 250) -> int:
    """Return the fewest steps, over a grid of 121 step sizes and 91 betas, after which the loss stays below 1e-10 of the first."""
    return int(_steps(rule, kappa, (0.02, 0.2, 121), (0.5, 0.95, 91), budget).min())


def race(one: Callable[..., Any], two: Callable[..., Any], kappa: float = 100, budget: int = 1000) -> list[list[Any]]:
    """Return a row for each span of beta: how many settings let a rule arrive, and the shares in which `one` and `two` are faster.

    The settings are 101 step sizes from 0.01 to 1 and 100 betas from 0 to 0.99. A rule that arrives alone is the faster one.
    """
    first, second = (_steps(rule, kappa, (0.01, 1.0, 101), (0.0, 0.99, 100), budget) for rule in (one, two))
    arrives = np.minimum(first, second) <= budget
    rows: list[list[Any]] = []
    for low, high in ((0, 80), (80, 90), (90, 100)):
        part, name = np.s_[:, low:high], f"{low / 100:g} to {(high - 1) / 100:g}"
        shares = [float((arrives & faster)[part].sum() / arrives[part].sum()) for faster in (first < second, second < first)]
        rows.append([name, int(arrives[part].sum()), *shares])
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
        ax.set_title(name)
    late = [abs(result.theta[20:, 1]).max() for result in results.values()]
    narrower = late[1] < late[0]
    figure.suptitle(f"After twenty steps looking ahead swings {'less' if narrower else 'more'}", weight="bold")
    show(figure, "Two paths in a ravine from the circle at (1, 1) to the star. From the twentieth step on momentum swings out to "
         f"{late[0]:.2f} and Nesterov's form to {late[1]:.2g}.")
