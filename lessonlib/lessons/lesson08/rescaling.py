"""What step sizes bound to the axes can do for lesson 8's turned ravine: what is left of its condition number, drawn and measured."""
from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lessonlib.lessons.lesson08.play import effective_step
from lessonlib.lessons.lesson08.practice import bug
from lessonlib.lessons.lesson08.turned_ravine import LRS, starts, turned
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.problems import ravine
from lessonlib.rules import rmsprop, sgd
from lessonlib.runner import run

__all__ = ["best_left", "by_plan", "left_after", "left_by_start", "show_arrows", "show_left", "step_ratios"]

Array = np.ndarray[Any, Any]
KAPPA = 1000.0
LATE = 4000  # steps after which the start has no part any more in what RMSprop leaves


def _hessian(kappa: float, angle: float) -> Array:
    problem = ravine(kappa, angle)
    return np.array([problem.grad(unit, np.random.default_rng(0)) for unit in np.eye(2)])


def best_left(angle: float, kappa: float = KAPPA) -> float:
    """Return the condition number that is left of kappa when each axis of the ravine turned by `angle` degrees has its best step size.

    For two axes the best step sizes make the curvatures along both axes equal.

    >>> round(best_left(0)), round(best_left(45))
    (1, 1000)
    """
    hessian = _hessian(kappa, angle)
    root = np.diag(hessian) ** 0.5
    return float(np.linalg.cond(hessian / root / root[:, None]))


@cache
def _own_steps(angle: float, steps: int = 100) -> Array:
    """RMSprop's effective steps after some steps from each of the starts: (32, 2)."""
    problem = turned(angle)
    return effective_step(run(rmsprop, problem, steps=steps, lr=0.01, start=starts(angle)), problem, lr=0.01)[-1]


def left_by_start(angle: float, steps: int = 100) -> Array:
    """Return what is left with RMSprop's own effective steps after some steps from each of the starts: (32,)."""
    return np.array([np.linalg.cond(_hessian(KAPPA, angle) * np.sqrt(np.outer(own, own))) for own in _own_steps(angle, steps)])


def step_ratios(angle: float) -> tuple[float, float]:
    """Return how many times longer the step along the flatter axis should be, and how many times longer RMSprop's is.

    RMSprop's is the median over the starts, after 100 steps.

    >>> [round(ratio, 1) for ratio in step_ratios(15)]
    [13.7, 3.7]
    """
    along = np.diag(_hessian(KAPPA, angle))
    return float(along[1] / along[0]), float(np.median(_own_steps(angle)[:, 0] / _own_steps(angle)[:, 1]))


def left_after(rule: Callable[..., Any], angle: float, *, falling: bool, steps: int = 1000, **hyper: Any) -> tuple[float, float]:
    """Return (share of the first loss left, step size) in the ravine turned by `angle`, the best of LRS by the median over 32 starts.

    A rule without step sizes of its own in LRS has RMSprop's.
    falling: the step size falls in a line to 0. Gradient descent starts no higher than its limit, 2 over the largest curvature, and
    has a step size a hundredth below it in its sweep.
    """
    problem, begin, lrs = turned(angle), starts(angle)[:, None], LRS.get(rule, LRS[rmsprop])
    lrs = np.append(lrs[lrs <= 2 / KAPPA], 1.98 / KAPPA) if rule is sgd else lrs
    column = lrs[None, :, None]

    def paced(t: int) -> Array:
        return np.asarray(column * (1 - (t - 1) / steps))

    walk = run(rule, problem, steps=steps, record="last", start=begin, lr=paced if falling else column, **hyper)
    left = np.median(walk.loss[0] / problem.loss(begin), axis=0)
    return float(left.min()), float(lrs[left.argmin()])


def by_plan(angle: float) -> list[list[Any]]:
    """Return rows (name, constant, falling): millionths of the first loss left by RMSprop with three memories and by gradient descent.

    The fourth row is RMSprop with the longest memory, the length of its first steps corrected.
    """
    cases: list[tuple[str, Callable[..., Any], dict[str, Any]]] = [
        (f"RMSprop, memory {memory}", rmsprop, {"beta2": 1 - 1 / memory}) for memory in (10, 100, 1000)]
    cases += [("the same, first steps corrected", bug("first steps corrected"), {"beta2": 0.999}), ("gradient descent", sgd, {})]
    return [[name, *(1e6 * left_after(rule, angle, falling=falling, **hyper)[0] for falling in (False, True))]
            for name, rule, hyper in cases]


def show_arrows(angle: float = 30.0, kappa: float = 25.0) -> None:
    """Show a ravine along an axis and a turned one, before and after each axis is stretched by the best two numbers."""
    show(_arrows(angle, kappa), f"Four panels. Above, a narrow ellipse along an axis, which becomes a circle when the axes are "
         f"stretched; below, the same ellipse turned by {angle:g} degrees, which stays narrow. Each panel says its condition number.")


def _arrows(angle: float, kappa: float) -> Figure:
    figure = new_figure(7.0, 6.8)
    panels = figure.subplots(2, 2)
    for row, degrees in zip(panels, (0.0, angle), strict=True):
        hessian = _hessian(kappa, degrees)
        stretch = np.diag(hessian) ** 0.5 / np.diag(hessian).max() ** 0.5 * kappa**0.5 / 1.6
        for ax, factors, title in zip(row, (np.ones(2), stretch), ("as it is", "axes stretched"), strict=True):
            _ellipse(ax, hessian / np.outer(factors, factors))
            ax.set_title(f"{degrees:g} degrees, {title}")
            left = float(np.linalg.cond(hessian / np.outer(factors, factors)))
            ax.text(0.97, 0.95, f"condition number {left:.0f}", transform=ax.transAxes, ha="right", va="top", fontsize=10)
        for place, factor in enumerate(stretch / stretch.min()):
            _stretch_arrow(row[1], place, float(factor), float(factor) / kappa**0.5)
    return figure


def _ellipse(ax: Axes, hessian: Array) -> None:
    values, axes = np.linalg.eigh(hessian)
    around = np.linspace(0, 2 * np.pi, 200)
    for radius, width in ((1.0, 1.8), (0.5, 1.0)):
        shape = axes @ (radius * np.stack([np.cos(around), np.sin(around)]) / values[:, None] ** 0.5)
        ax.plot(*(shape / (1 / values[0] ** 0.5)), color="black", linewidth=width)
    ax.plot(0, 0, marker="*", color="black", markersize=11)
    ax.set(xlim=(-1.6, 1.3), ylim=(-1.6, 1.3), aspect="equal", xlabel="$\\theta_1$", ylabel="$\\theta_2$",
           xticks=(-1, 0, 1), yticks=(-1, 0, 1))
    ax.grid(visible=False)


def _stretch_arrow(ax: Axes, place: int, factor: float, half: float) -> None:
    """Draw an arrow beside an axis, half its length to each side of the middle, with the factor that it stands for."""
    tip, tail = ((half, -1.45), (-half, -1.45)) if place == 0 else ((-1.45, half), (-1.45, -half))
    color = look("rmsprop").color
    ax.annotate("", tip, tail, arrowprops={"arrowstyle": "<|-|>", "color": color, "lw": 1.6, "shrinkA": 0, "shrinkB": 0})
    x, y, side = (half + 0.08, -1.52, "left") if place == 0 else (-1.5, half + 0.04, "left")
    ax.text(x, y, f"\u00d7 {factor:.1f}", color=color, fontsize=10, ha=side, va="bottom")


def show_left() -> None:
    """Show the condition number that is left over the angle, with the best two step sizes and with RMSprop's own."""
    show(_left(), "The condition number that is left, on a logarithmic scale, over the angle from 0 to 45 degrees: a line rises from 1 to "
         "1000; markers for RMSprop's own step sizes after 100 steps, with a bar over its starts, lie above it up to 20 degrees and then "
         "on it; small white markers for 4000 steps are at 1 at 0 degrees, and inside the others from 2 degrees on.")


def _left() -> Figure:
    figure = new_figure(7.2, 3.9)
    ax = figure.add_subplot(yscale="log", xlim=(-1, 46), ylim=(0.8, 1500), xlabel="angle of the ravine, degrees",
                            ylabel="condition number left", title="Turned, the ravine stays")
    angles = np.linspace(0, 45, 181)
    (best,) = ax.plot(angles, [best_left(angle) for angle in angles], color="black", linewidth=1.6, label="with the best two step sizes")
    style, some = look("rmsprop"), (0, 2, 5, 10, 15, 20, 30, 45)
    low, middle, high = np.quantile([left_by_start(angle) for angle in some], [0, 0.5, 1], axis=1)
    early = ax.errorbar(some, middle, [middle - low, high - middle], color=style.color, marker=style.marker, markersize=8,
                        linestyle="none", capsize=3, label="with RMSprop's own after 100 steps, median and range", clip_on=False)
    (late,) = ax.plot(some, [np.median(left_by_start(angle, LATE)) for angle in some], color="black", marker=style.marker, markersize=4,
                      markerfacecolor="white", linestyle="none", label=f"with RMSprop's own after {LATE} steps", clip_on=False, zorder=5)
    ax.set_xticks(range(0, 46, 5))
    ax.set_xticks(range(46), minor=True)
    ax.set_yticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
    ax.axhline(100, color="#8a8a8a", linewidth=1)
    ax.legend(handles=[best, early, late], loc="lower right")
    return figure
