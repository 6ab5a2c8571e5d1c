"""The experiment of lesson 0: a step size and a valley that grows steeper, and for which valleys any step size is left."""
from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lessonlib import rules
from lessonlib.lessons.lesson00.opening import HERE, rings
from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure
from lessonlib.play.panels import path_and_loss, show_run
from lessonlib.plots import show
from lessonlib.problems import ravine
from lessonlib.runner import Run, run

__all__ = ["show_window", "steepest", "step_size", "window"]

Array = np.ndarray[Any, Any]

STEPS, TARGET = 60, 1e-7


@lru_cache(maxsize=4)
def _descent(lr: float, steep: float) -> Run:
    return run(rules.sgd, ravine(steep), steps=STEPS, lr=lr)


def _scene() -> Scene:
    figure = new_figure(7.6, 3.9)
    left, artists = path_and_loss(figure, "sgd", steps=STEPS, target=TARGET, widths=(1, 1.15))
    left.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), xlabel="along the valley, $\\theta_1$", ylabel="across the valley, $\\theta_2$",
             title="The walk", aspect="equal")
    left.grid(visible=False)
    (artists["star"],) = left.plot(0, 0, color="black", marker="*", markersize=13, linestyle="none", zorder=6)  # they stand still,
    (artists["start"],) = left.plot(1, 1, color="black", marker="s", markersize=8, linestyle="none", zorder=6)  # over the path
    left.text(1.08, 1.1, "start", fontsize=9)
    (artists["lines"],) = left.plot([], [], color="#b0b0b0", linewidth=0.9, zorder=1)
    box: dict[str, Any] = {"va": "top", "fontsize": 9.5, "zorder": 6,
                           "bbox": {"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 2}}
    artists["note"] = left.text(0.03, 0.97, "", transform=left.transAxes, **box)
    right = artists["curve"].axes
    right.set_title("Bring the loss below the line")
    artists["left"] = right.text(0.97, 0.96, "", transform=right.transAxes, ha="right", **box)
    return Scene(figure, artists,
                 f"Left, the path of gradient descent from a square over the height lines of a valley; right, the loss over {STEPS} steps "
                 f"on a logarithmic scale and a line at {TARGET:g}.", {"lines": ["steep"], "star": [], "start": []})


def _update(artists: dict[str, Any], lr: float, steep: float) -> str:
    lr, steep = (float(f"{value:.6g}") for value in (lr, steep))  # a typed value has fewer digits: the same pixels for both
    result = _descent(lr, steep)
    show_run(artists, result)
    if "lines" in artists:
        artists["lines"].set_data(*rings(steep, np.arange(1, -5, -1)))
    artists["note"].set_text(f"lr = {lr:.3g}\ncurvature {steep:.3g}")
    end = result.loss[-1]
    artists["left"].set_text(f"after {STEPS} steps {end:.1e}" if end < 1e99 else f"after {STEPS} steps beyond 1e99")
    along, across = (round(1 - lr * curvature, 3) + 0.0 for curvature in (1.0, steep))
    return (f"Each step multiplies the position along the valley by {along:g} and across it by {across:g}. "
            f"Loss after {STEPS} steps: {result.loss[-1]:.1e}.")


def step_size() -> Experiment:
    """Gradient descent in a valley of curvature 1 along and a chosen one across: the path, and the loss against the step."""
    return Experiment(_scene, _update,
                      {"lr": Slider("step size lr", 0.002, 2.0, 0.02, log=True, step=0.002),
                       "steep": Slider("curvature across", 1.0, 100.0, 10.0, log=True)},
                      Goal(f"with a curvature of 14 or more across the valley, loss below {TARGET:g} after {STEPS} steps.",
                           lambda lr, steep: steep > 13.99 and bool(_descent(lr, steep).loss[-1] < TARGET)), {"lr": 0.125, "steep": 14.5})


def _left(lrs: Array, steep: float) -> Array:
    """Return the loss that each step size leaves, without a walk: a step multiplies the position along an axis by 1 - lr * curvature."""
    return (np.abs(1 - lrs) ** (2 * STEPS) + steep * np.abs(1 - lrs * steep) ** (2 * STEPS)) / 2


def steepest() -> float:
    """Return the largest curvature across, to a hundredth, at which some step size reaches the goal."""
    steeps, lrs = np.arange(14, 17, 0.01), np.linspace(0.1, 0.14, 4001)
    return float(max(steep for steep in steeps if _left(lrs, steep).min() < TARGET))


def window(steep: float) -> tuple[float, float]:
    """Return the smallest and the largest step size, to a ten-thousandth, that reach the goal in a valley; nan where none does."""
    lrs = np.arange(0.001, 2 / steep, 1e-4)
    good = lrs[_left(lrs, steep) < TARGET]
    return (float(good.min()), float(good.max())) if good.size else (np.nan, np.nan)


def show_window() -> None:
    """Show the step sizes that reach the goal against the curvature across the valley."""
    show(_window(), "The step size against the curvature across the valley, 8 to 20. A shaded wedge holds the step sizes that reach the "
         "goal. Its lower edge is level, near 0.12, its upper edge falls along a dashed line, the border, and the two meet at a curvature "
         "of 15.2. Below the wedge the walk along the valley is too slow, in the strip between it and the "
         "border the walk across is, and beyond the border it goes further out.")


def _window() -> Figure:
    tip, lowest = steepest(), window(10)[0]
    steeps = np.append(np.arange(8, tip, 0.1), tip)
    low, high = np.array([window(steep) for steep in steeps]).T
    figure = new_figure(7.8, 3.9)
    ax = figure.add_subplot(xlim=(8, 20), ylim=(0.08, 0.22), xlabel="curvature across the valley", ylabel="step size lr",
                            title="The larger the curvature, the fewer step sizes work")
    ax.grid(visible=False)
    ax.fill_between(steeps, low, high, color=HERE, alpha=0.22, linewidth=0)
    ax.plot(steeps, low, steeps, high, color=HERE, linewidth=1.5)
    every = np.linspace(8, 20, 200)
    ax.plot(every, 2 / every, color="black", linestyle="--", linewidth=1.3)
    ax.text(13.2, 0.162, "the border", va="center")
    ax.text(10.4, 0.145, "these bring the loss\nbelow the goal", ha="center", va="center")
    ax.text(10.4, 0.099, "too slow along the valley", ha="center", va="center")
    ax.text(15.5, 0.195, "it goes further out", ha="center", va="center")
    ax.annotate("too slow across", (9.0, 0.95 * 2 / 9), (10.6, 0.212), va="center",
                arrowprops={"arrowstyle": "-|>", "color": "black"})
    ax.annotate(f"from {tip:.1f} on\nnone is left", (tip, lowest), (17.4, 0.145), ha="center", va="center",
                arrowprops={"arrowstyle": "-|>", "color": "black"})
    return figure
