"""The experiments of lesson 7 in the ravine, and the mathematics that they draw: what decides how fast momentum is."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache
from math import ceil
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm
from matplotlib.figure import Figure

from lessonlib import rules
from lessonlib.play.experiment import Choice, Experiment, Goal, Scene, Slider, new_figure
from lessonlib.play.panels import path_and_loss, show_run
from lessonlib.plots import contours, look
from lessonlib.problems import ravine
from lessonlib.runner import Run, run

__all__ = ["KAPPAS", "best", "funnel", "memory_alone", "radius", "radius_map", "ravine_task", "settings",
           "steps_by_kappa", "steps_to", "usual_beta"]

Array = np.ndarray[Any, Any]
KAPPAS = (10, 30, 100, 300, 1000, 3000, 10_000)


def radius(alpha_lambda: Any, beta1: Any) -> Any:
    """Return the spectral radius of a step of momentum on a curvature: what a swing is multiplied by, step for step, in the long run.

    alpha_lambda: lr times the curvature; beta1 in [0, 1). The roots of z**2 - (1 + beta1 - (1 - beta1) * alpha_lambda) * z + beta1
    have the product beta1, so that a pair that is not real has the size beta1**0.5, whatever the curvature. 1 or more: no progress.

    >>> float(radius(0.5, 0.0)), float(radius(1.0, 0.81).round(6)), float(radius(0.01, 0.81).round(3))
    (0.5, 0.9, 0.99)
    """
    x, b = np.broadcast_arrays(np.asarray(alpha_lambda, float), np.asarray(beta1, float))
    half = (1 + b - (1 - b) * x) / 2
    return np.where(half**2 < b, np.sqrt(b), np.abs(half) + np.sqrt(np.maximum(half**2 - b, 0)))


def funnel(beta1: Any) -> tuple[Any, Any]:
    """Return the lowest and the highest lr * curvature at which momentum has the spectral radius beta1**0.5; one is 1 / the other.

    >>> [round(float(x), 9) for x in funnel((9 / 11) ** 2)]
    [0.1, 10.0]
    """
    root = np.sqrt(beta1)
    return (1 - root) / (1 + root), (1 + root) / (1 - root)


def best(kappa: float) -> tuple[float, float]:
    """Return (lr, beta1) with the smallest spectral radius on a ravine whose curvatures are 1 and kappa.

    >>> lr, beta1 = best(100)
    >>> round(lr, 9), beta1 == (9 / 11) ** 2
    (0.1, True)
    """
    root = float(kappa) ** 0.5
    return 1 / root, ((root - 1) / (root + 1)) ** 2


def settings(kappa: float) -> tuple[float, float, float]:
    """Return (gradient descent's lr, momentum's lr, its beta1) as the tables print them: both lr 1 % below the best, beta1 rounded up.

    All to three digits, as one can type them, and on the near side of the border. Only up to a condition number of a million, beyond
    which beta1 needs more digits.

    >>> settings(100), settings(1000)
    ((0.0196, 0.099, 0.67), (0.00198, 0.0313, 0.882))
    """
    lr, beta1 = best(kappa)
    return float(f"{0.99 * 2 / (1 + kappa):.3g}"), float(f"{0.99 * lr:.3g}"), ceil(beta1 * 1000 - 1e-9) / 1000


def steps_to(rule: Callable[..., Any], kappa: float, *, share: float = 1e-10, budget: int = 1000, **hyper: Any) -> int | None:
    """Return the first step after which the loss on ravine(kappa) stays at or below `share` of the first; None if none in the budget.

    >>> steps_to(rules.sgd, 100, lr=2 / 101), steps_to(rules.momentum, 100, lr=0.1, beta1=(9 / 11) ** 2)
    (576, 83)
    """
    loss = run(rule, ravine(kappa), steps=budget, record="loss", **hyper).loss
    above = np.flatnonzero(loss > share * loss[0])
    return int(above[-1]) + 1 if above[-1] < budget else None


@cache
def steps_by_kappa() -> dict[int, tuple[int, int]]:
    """Return for each of KAPPAS the steps of (gradient descent, momentum) to 1e-10 of the first loss, each at its `settings`."""
    out = {}
    for kappa in KAPPAS:
        plain, lr, beta1 = settings(kappa)
        descent = steps_to(rules.sgd, kappa, lr=plain, budget=5 * kappa + 20)
        heavy = steps_to(rules.momentum, kappa, lr=lr, beta1=beta1, budget=10 * int(kappa**0.5))
        assert descent is not None
        assert heavy is not None
        out[kappa] = (descent, heavy)
    return out


def _fewest(kappa: int, budget: int, lrs: Any, betas: Any) -> int:
    """The fewest steps of momentum to 1e-10 of the first loss over a batch of settings."""
    loss = run(rules.momentum, ravine(kappa), steps=budget, record="loss", lr=lrs, beta1=betas).loss
    return int(budget + 1 - np.argmax(~(loss <= 1e-10 * loss[0])[::-1], axis=0).max())


@cache
def usual_beta(kappa: int, beta1: float = 0.9) -> int:
    """Return the fewest steps to 1e-10 of the first loss that momentum takes with this beta1, at the best of a hundred step sizes."""
    border = 2 * (1 + beta1) / (1 - beta1) / kappa
    return _fewest(kappa, 400 + kappa // 4, np.geomspace(border / 80, border, 100, endpoint=False)[:, None], beta1)


def memory_alone(kappa: int = 100) -> int:
    """Return the fewest steps to 1e-10 of the first loss that a beta1 of 0, 0.001, ..., 0.999 takes at gradient descent's lr."""
    return _fewest(kappa, 6 * kappa, settings(kappa)[0], np.arange(1000)[:, None] / 1000)


TASK_KAPPA, TASK_STEPS, TASK_TARGET = 100.0, 100, 1e-6
TASK = replace(ravine(TASK_KAPPA), window=(-0.7, 1.3, -1.2, 1.2))


@lru_cache(maxsize=4)
def _attempt(lr: float, beta1: float) -> Run:
    return run(rules.momentum, TASK, steps=TASK_STEPS, lr=lr, beta1=beta1)


def _task_scene() -> Scene:
    figure = new_figure(8.6, 3.9)
    left, artists = path_and_loss(figure, "momentum", steps=TASK_STEPS, target=TASK_TARGET, losses=(1e-12, 1e3))
    contours(TASK, left)
    (artists["star"],) = left.plot(0, 0, marker="*", color="black", markersize=15, markeredgecolor="white", linestyle="none", zorder=8)
    artists["path"].set(markersize=2.5, linewidth=0.8, alpha=0.7)  # it may lie over itself many times
    left.set(xlabel="along the valley, $\\theta_1$", ylabel="across the valley, $\\theta_2$", title="Does it come to rest at the star?",
             xticks=(-0.5, 0, 0.5, 1))
    left.text(0.95, 1.0, "start", ha="right", va="center")
    artists["curve"].axes.set_title("Does the loss end below the line?")
    artists["note"] = left.text(0.03, 0.97, "", transform=left.transAxes, va="top", fontsize=9.5, zorder=6,
                                bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 2})
    return Scene(figure, artists,
                 f"Left, the path of momentum in a ravine of condition number {TASK_KAPPA:g}; right, the loss over {TASK_STEPS} steps and "
                 f"a line at {TASK_TARGET:g}.", {"star": []})


def _task_update(artists: dict[str, Any], lr: float, beta1: float) -> str:
    result = _attempt(lr, beta1)
    show_run(artists, result)
    artists["note"].set_text(f"lr = {lr:.2g}, beta = {beta1:.2g}")
    last, top = result.loss[-1], result.loss.max()
    ended = f"{last:.1e}" if 1e-12 < last < 1e6 else ("below 1e-12" if last < 1 else "beyond a million")
    return (f"Loss after {TASK_STEPS} steps: {ended}; at the start {result.loss[0]:.1f}, at its highest "
            f"{f'{top:.3g}' if top < 1e6 else 'beyond a million'}.")


def ravine_task() -> Experiment:
    """Momentum on the ravine: bring the loss below a target within a budget of steps."""
    return Experiment(_task_scene, _task_update,
                      {"lr": Slider("step size lr", 1e-3, 1.0, 0.019, log=True), "beta1": Slider("beta", 0.0, 0.99, 0.0, step=0.01)},
                      Goal(f"loss below {TASK_TARGET:g} after {TASK_STEPS} steps.",
                           lambda lr, beta1: bool(_attempt(lr, beta1).loss[-1] < TASK_TARGET)), {"lr": 0.08, "beta1": 0.95})


BANDS = (0, 0.4, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.995, 1)
MAP = (3e-4, 3e3)  # the span of lr * curvature that the map shows
MAP_STEPS = 100
TALL = 4.0  # half the height of the map's window on the ravine


@cache
def _heights(kappa: float) -> Array:
    """log10 of the loss over the window of the path, in bands: (121, 121) in 0 to 1."""
    x, y = np.meshgrid(np.linspace(-1.6, 1.6, 121), np.linspace(-TALL, TALL, 121))
    height = np.log10(x**2 + kappa * y**2 + 1e-3 * kappa * TALL**2)
    return np.asarray(np.floor(12 * (height - height.min()) / np.ptp(height)) / 12)


def _draw_map(figure: Figure, ax: Axes) -> None:
    """Draw the spectral radius, the funnel and its border: what no control moves."""
    x, beta = np.geomspace(*MAP, 281), np.linspace(0, 0.99, 199)
    values = radius(x[None, :], beta[:, None])
    mesh = ax.pcolormesh(x, beta, np.ma.masked_where(values >= 1, values), norm=BoundaryNorm(BANDS, 256), shading="nearest")
    figure.colorbar(mesh, ax=ax, location="bottom", shrink=0.9, aspect=36, pad=0.02, ticks=BANDS, spacing="uniform", format="%g",
                    label="spectral radius: what a step leaves of the distance")
    for border in funnel(beta):
        ax.plot(border, beta, color="white", linewidth=1.8)
    ax.plot(2 * (1 + beta) / (1 - beta), beta, color="black", linewidth=1.2)
    ax.set(xscale="log", xlim=MAP, ylim=(0, 0.99), xlabel="step size times curvature, $\\alpha\\lambda$", ylabel="$\\beta$",
           title="Fit the bar into the funnel, as low as you can")
    ax.grid(visible=False)
    for where, height, word in ((1.0, 0.93, "swings"), (0.0032, 0.18, "creeps"), (150, 0.09, "diverges")):
        ax.text(where, height, word, ha="center", fontsize=11, style="italic")


def _map_scene() -> Scene:
    figure = new_figure(9.4, 4.9)
    grid = figure.add_gridspec(2, 2, width_ratios=[1.75, 1])
    ax, path, loss = figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[1, 1])
    _draw_map(figure, ax)
    path.set(xlim=(-1.6, 1.6), ylim=(-TALL, TALL), xlabel="along", ylabel="across", title="The path")
    path.grid(visible=False)
    loss.set(yscale="log", xlim=(0, MAP_STEPS), ylim=(1e-12, 1e5), xlabel="step", ylabel="loss, 1e-12 or more")
    style = look("momentum")
    artists: dict[str, Any] = {"heights": path.imshow(_heights(100), extent=(-1.6, 1.6, -TALL, TALL), origin="lower", aspect="auto",
                                                      cmap="Greys", vmin=-0.1, vmax=1.8, zorder=1)}
    (artists["bar"],) = ax.plot([], [], color="white", linewidth=7, solid_capstyle="round", zorder=3)
    (artists["core"],) = ax.plot([], [], color=style.color, linewidth=3, zorder=4)
    (artists["ends"],) = ax.plot([], [], color=style.color, marker=style.marker, markersize=13, markeredgecolor="white",
                                 linestyle="none", zorder=5, clip_on=False)
    for name in ("flat", "steep"):
        artists[name] = ax.text(1, 0, "", ha="center", va="bottom", fontsize=9.5, zorder=6,
                                bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 1.5})
    (artists["path"],) = path.plot([], [], color=style.color, marker=style.marker, markersize=4, linewidth=1, zorder=3)
    (artists["star"],) = path.plot([0], [0], color="black", marker="*", markersize=12, linestyle="none", zorder=4)
    (artists["curve"],) = loss.plot([], [], color=style.color, zorder=3)
    return Scene(figure, artists,
                 "Left, a map of the spectral radius over step size times curvature (logarithmic) and beta: a funnel that stands on "
                 "1 and opens upward, within which colour depends on beta alone; on it a level bar from the flat curvature to the "
                 "steep one. Right, the path in the ravine and the loss.", {"heights": ["kappa"]})


def _map_update(artists: dict[str, Any], lr: float, beta1: float, kappa: int) -> str:
    at = np.clip([lr, lr * kappa], *MAP)
    flat, steep = radius(lr, beta1), radius(lr * kappa, beta1)
    for name in ("bar", "core", "ends"):
        artists[name].set_data(at, [beta1, beta1])
    for name, x, value, lam in (("flat", at[0], flat, 1), ("steep", at[1], steep, kappa)):
        artists[name].set_position((np.clip(x, 1.2e-3, 8e2), beta1 + (0.045 if beta1 < 0.85 else -0.1)))
        artists[name].set_text(f"\u03bb = {lam}: {value:.3f}" if value < 10 else f"\u03bb = {lam}: above 10")
    if "heights" in artists:
        artists["heights"].set_data(_heights(kappa))
    show_run(artists, run(rules.momentum, ravine(kappa), steps=MAP_STEPS, lr=lr, beta1=beta1))
    slower = "neither is slower" if abs(flat - steep) < 5e-4 else f"the {'flat' if flat > steep else 'steep'} one decides"
    each = f"flat {flat:.3f}, steep {steep:.3f}" if steep < 10 else f"flat {flat:.3f}, steep above 10"
    return f"Spectral radius at lr = {lr:.3g}, beta = {beta1:.3g}: {each}; {slower}."


def radius_map() -> Experiment:
    """The spectral radius over (lr * curvature, beta): the ravine is a bar on it; beside it, the path and the loss."""
    return Experiment(_map_scene, _map_update,
                      {"lr": Slider("step size lr", 1e-3, 3.0, 0.019, log=True), "beta1": Slider("beta", 0.0, 0.99, 0.0, step=0.01),
                       "kappa": Choice("condition number", (10, 100, 400, 1000), 100)},
                      Goal("at condition number 100, bring both spectral radii below 0.84.",
                           lambda lr, beta1, kappa: kappa == 100 and bool(max(radius(lr, beta1), radius(lr * kappa, beta1)) < 0.84)),
                      {"lr": 0.04, "beta1": 0.68})
