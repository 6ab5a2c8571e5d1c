"""What looking ahead changes in momentum: what a step leaves along a curvature, two paths, and the fewest steps over many settings."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np

from lessonlib.play.experiment import new_figure
from lessonlib.plots import contours, look, show
from lessonlib.problems import Problem, ravine
from lessonlib.runner import Run, grid, run

__all__ = ["fewest", "radius", "show_paths"]

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


def show_paths(problem: Problem, results: Mapping[str, Run], shown: int = 40) -> None:
    """Show the first steps of two rules from the same start in a ravine, side by side."""
    figure = new_figure(8.4, 3.4)
    panels = figure.subplots(1, len(results), sharey=True)
    widest = {name: abs(result.theta[1:, 1]).max() for name, result in results.items()}
    for ax, (name, result) in zip(panels, results.items(), strict=True):
        style, (x, y) = look(name), result.theta[: shown + 1].T
        contours(problem, ax)
        ax.plot(x, y, color=style.color, marker=style.marker, markersize=4, linewidth=1)
        ax.plot(x[0], y[0], marker="s", markersize=8, color="black")
        ax.axhspan(-widest[name], widest[name], color="#ffffff", alpha=0.55, zorder=1.5)
        high = max(1.2, *(1.1 * wide for wide in widest.values()))
        ax.set(xlim=(-0.2, 1.2), ylim=(-high, high), xlabel="along the valley", ylabel="across the valley" if ax is panels[0] else "",
               title=("Nesterov's form" if name == "nesterov" else "Momentum") + f" swings to {widest[name]:.2f}")
    one, two = widest.values()
    show(figure, f"Two paths in a ravine from the square at (1, 1) to the star. Momentum swings out to {one:.2f} and Nesterov's form to "
         f"{two:.2f}, a band as wide behind each.")
