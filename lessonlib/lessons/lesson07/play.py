"""The experiments of lesson 7, Momentum; each is a function that returns an Experiment, beside the mathematics they draw."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, lru_cache
from typing import Any

import numpy as np
from matplotlib.colors import BoundaryNorm

from lessonlib import rules
from lessonlib.play.experiment import Choice, Experiment, Goal, Scene, Slider, new_figure
from lessonlib.plots import contours, look
from lessonlib.problems import ravine
from lessonlib.runner import Run, run

__all__ = ["KAPPAS", "average", "best", "funnel", "noisy_average", "radius", "radius_map", "ravine_task", "steps_by_kappa",
           "steps_to"]

Array = np.ndarray[Any, Any]
KAPPAS = (10, 30, 100, 300, 1000, 3000, 10_000)


def average(x: Array, beta1: Any) -> Array:
    """Return the running average m of a series x (T,) that starts at zero, as `momentum` keeps it: (T,), or (T, B) for beta1 (B,).

    >>> average(np.ones(3), 0.5).tolist()
    [0.5, 0.75, 0.875]
    """
    m = np.zeros(np.shape(beta1))
    out = np.empty((len(x), *m.shape))
    for t, g in enumerate(x):
        m = beta1 * m + (1 - beta1) * g
        out[t] = m
    return out


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
    """Return for each of KAPPAS the steps of (gradient descent, momentum), each with its best setting, to 1e-10 of the first loss."""
    out = {}
    for kappa in KAPPAS:
        lr, beta1 = best(kappa)
        descent = steps_to(rules.sgd, kappa, lr=2 / (1 + kappa), budget=6 * kappa)
        heavy = steps_to(rules.momentum, kappa, lr=lr, beta1=beta1, budget=20 * int(kappa**0.5))
        assert descent is not None
        assert heavy is not None
        out[kappa] = (descent, heavy)
    return out


LENGTH, PERIOD = 400, 200.0


@cache
def _parts() -> tuple[Array, Array, Array, Array]:
    """Memories (B,), truth (T,), unit noise (T,), and of each memory the mean of lag**2, noise**2 and lag * noise: (3, B)."""
    memory = np.geomspace(1, 200, 93)
    truth = np.sin(2 * np.pi * np.arange(1, LENGTH + 1) / PERIOD)
    noise = np.random.default_rng(7).standard_normal(LENGTH)
    lag = average(truth, 1 - 1 / memory) - truth[:, None]
    rest = average(noise, 1 - 1 / memory)
    return memory, truth, noise, np.stack([(lag**2).mean(0), (rest**2).mean(0), (lag * rest).mean(0)])


def noisy_average() -> Experiment:
    """A slow signal under noise and its running average: what the memory costs in lag and buys in smoothness."""
    memories, truth, unit, parts = _parts()
    steps = np.arange(1, LENGTH + 1)

    def error(memory: float, noise: float) -> tuple[float, float, float, Array]:
        """Root mean squares: of all that the average is off by, of its lag, of its noise; and the average."""
        beta1 = 1 - 1 / memory
        late, rest = average(truth, beta1) - truth, noise * average(unit, beta1)
        off, lag, left = (float(np.sqrt(np.mean(x**2))) for x in (late + rest, late, rest))
        return off, lag, left, truth + late + rest

    def scene() -> Scene:
        figure = new_figure(8.6, 3.9)
        ax, right = figure.subplots(1, 2, width_ratios=[1.7, 1])
        ax.set(xlim=(0, LENGTH), ylim=(-3.2, 3.2), xlabel="step", ylabel="gradient", title="Smoother, and later")
        right.set(xscale="log", yscale="log", xlim=(1, 200), ylim=(0.02, 9), xlabel="memory $1/(1-\\beta)$, steps", ylabel="error",
                  title="Lag against noise")
        right.set_xticks([1, 10, 100], ["1", "10", "100"])
        right.set_yticks([0.03, 0.1, 0.3, 1, 3], ["0.03", "0.1", "0.3", "1", "3"])
        style = look("momentum")
        ax.plot(steps, truth, color="black", linewidth=1.2, zorder=2.5)
        right.plot(memories[1:], parts[0, 1:] ** 0.5, color="black", linestyle=":", linewidth=1.5, label="from lag")
        (dots,) = ax.plot([], [], color="#a6a6a6", marker=".", markersize=3, linestyle="none", zorder=1)
        (line,) = ax.plot([], [], color=style.color, linewidth=2.2, zorder=3)
        (rest,) = right.plot([], [], color="#777777", linestyle="--", linewidth=1.5, label="from noise")
        (total,) = right.plot([], [], color=style.color, linewidth=1.8, label="together")
        right.legend(loc="upper right", borderaxespad=0)
        (point,) = right.plot([], [], color=style.color, marker=style.marker, markersize=10, linestyle="none", zorder=4)
        note = ax.text(0.98, 0.02, "", transform=ax.transAxes, ha="right", va="bottom", zorder=4,
                       bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 2})
        return Scene(figure, {"dots": dots, "rest": rest, "line": line, "total": total, "point": point, "note": note},
                     "Left, a slow wave in black, noisy measurements of it as grey dots, their running average in blue. Right, the error "
                     "of the average against its memory, both axes logarithmic: a dotted part from lag that grows, a dashed part from "
                     "noise that falls.")

    def update(artists: dict[str, Any], memory: float, noise: float) -> str:
        off, lag, rest, whole = error(memory, noise)
        artists["dots"].set_data(steps, truth + noise * unit)
        artists["line"].set_data(steps, whole)
        artists["rest"].set_data(memories, noise * parts[1] ** 0.5)
        artists["total"].set_data(memories, np.sqrt(parts[0] + noise**2 * parts[1] + 2 * noise * parts[2]))
        artists["point"].set_data([memory], [off])
        artists["note"].set_text(f"\u03b2 = {1 - 1 / memory:.3g}")
        return f"beta = {1 - 1 / memory:.4g}: the average is off by {off:.2f}; from lag {lag:.2f}, from noise {rest:.2f}."

    return Experiment(scene, update, {"memory": Slider("memory 1/(1-beta), steps", 1.0, 200.0, 2.0, log=True),
                                      "noise": Slider("noise", 0.2, 2.0, 1.0, step=0.1)},
                      Goal("with noise of 1 or more, find an average that is off by less than 0.35.",
                           lambda memory, noise: noise > 0.99 and error(memory, noise)[0] < 0.35))


def ravine_task(kappa: float = 100.0, steps: int = 100, target: float = 1e-6) -> Experiment:
    """Momentum on the ravine: bring the loss below target within a budget of steps."""
    problem = replace(ravine(kappa), window=(-1.6, 1.6, -3.0, 3.0))

    @lru_cache(maxsize=4)
    def attempt(lr: float, beta1: float) -> Run:
        return run(rules.momentum, problem, steps=steps, lr=lr, beta1=beta1)

    def scene() -> Scene:
        figure = new_figure(8.6, 3.9)
        left, right = figure.subplots(1, 2)
        contours(problem, left)
        left.set_title("The path")
        right.set(yscale="log", xlim=(0, steps), ylim=(1e-14, 1e4), xlabel="step", ylabel="loss", title="Below the line?")
        right.axhline(target, color="black", linewidth=1)
        right.text(steps * 0.02, target * 0.1, f"the goal, {target:g}", va="top")
        style = look("momentum")
        (path,) = left.plot([], [], color=style.color, marker=style.marker, markersize=4, linewidth=1)
        (curve,) = right.plot([], [], color=style.color)
        (end,) = right.plot([], [], color=style.color, marker=style.marker, markersize=9, clip_on=False)
        return Scene(figure, {"path": path, "curve": curve, "end": end},
                     f"Left, the path of momentum in a ravine of condition number {kappa:g}; right, the loss over {steps} steps and a line "
                     f"at {target:g}.")

    def update(artists: dict[str, Any], lr: float, beta1: float) -> str:
        result = attempt(lr, beta1)
        artists["path"].set_data(*np.clip(result.theta, -9, 9).T)
        artists["curve"].set_data(np.arange(steps + 1), np.clip(result.loss, 1e-14, 1e4))
        artists["end"].set_data([steps], [float(np.clip(result.loss[-1], 1e-14, 1e4))])
        last, top = result.loss[-1], result.loss.max()
        ended = f"{last:.1e}" if 1e-12 < last < 1e6 else ("below 1e-12" if last < 1 else "beyond a million")
        return (f"Loss after {steps} steps: {ended}; at the start {result.loss[0]:.1f}, at its highest "
                f"{f'{top:.3g}' if top < 1e6 else 'beyond a million'}.")

    return Experiment(scene, update, {"lr": Slider("step size lr", 1e-3, 1.0, 0.019, log=True),
                                      "beta1": Slider("beta", 0.0, 0.99, 0.0, step=0.01)},
                      Goal(f"loss below {target:g} after {steps} steps.", lambda lr, beta1: bool(attempt(lr, beta1).loss[-1] < target)))


BANDS = (0, 0.4, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.98, 0.995, 1)
MAP = (3e-4, 3e3)  # the span of lr * curvature that the map shows
TALL = 4.0  # half the height of the map's window on the ravine


@cache
def _heights(kappa: float) -> Array:
    """log10 of the loss over the window of the path, in bands: (121, 121) in 0 to 1."""
    x, y = np.meshgrid(np.linspace(-1.6, 1.6, 121), np.linspace(-TALL, TALL, 121))
    height = np.log10(x**2 + kappa * y**2 + 1e-3 * kappa * TALL**2)
    return np.asarray(np.floor(12 * (height - height.min()) / np.ptp(height)) / 12)


def radius_map() -> Experiment:
    """The spectral radius over (lr * curvature, beta): the ravine is a bar on it; beside it, the path and the loss."""
    steps = 100

    def scene() -> Scene:
        figure = new_figure(9.4, 4.9)
        grid = figure.add_gridspec(2, 2, width_ratios=[1.75, 1])
        ax, path, loss = figure.add_subplot(grid[:, 0]), figure.add_subplot(grid[0, 1]), figure.add_subplot(grid[1, 1])
        x, beta = np.geomspace(*MAP, 281), np.linspace(0, 0.99, 199)
        values = radius(x[None, :], beta[:, None])
        bands = BoundaryNorm(BANDS, 256)
        mesh = ax.pcolormesh(x, beta, np.ma.masked_where(values >= 1, values), norm=bands, shading="nearest")
        figure.colorbar(mesh, ax=ax, location="bottom", shrink=0.9, aspect=36, pad=0.02, ticks=BANDS, spacing="uniform", format="%g",
                        label="spectral radius: what a step leaves of the distance")
        low, high = funnel(beta)
        ax.plot(low, beta, color="white", linewidth=1.8)
        ax.plot(high, beta, color="white", linewidth=1.8)
        ax.plot(2 * (1 + beta) / (1 - beta), beta, color="black", linewidth=1.2)
        ax.set(xscale="log", xlim=MAP, ylim=(0, 0.99), xlabel="step size times curvature, $\\alpha\\lambda$", ylabel="$\\beta$",
               title="Fit the bar into the funnel, as low as you can")
        ax.grid(visible=False)
        for where, height, word in ((1.0, 0.93, "swings"), (0.0032, 0.18, "creeps"), (150, 0.09, "diverges")):
            ax.text(where, height, word, ha="center", fontsize=11, style="italic")
        path.set(xlim=(-1.6, 1.6), ylim=(-TALL, TALL), xticks=[], yticks=[], title="The path")
        path.grid(visible=False)
        loss.set(yscale="log", xlim=(0, steps), ylim=(1e-12, 1e5), xlabel="step", ylabel="loss")
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
                     "steep one. Right, the path in the ravine and the loss.")

    def update(artists: dict[str, Any], lr: float, beta1: float, kappa: int) -> str:
        result = run(rules.momentum, ravine(kappa), steps=steps, lr=lr, beta1=beta1)
        at = np.clip([lr, lr * kappa], *MAP)
        flat, steep = radius(lr, beta1), radius(lr * kappa, beta1)
        for name in ("bar", "core", "ends"):
            artists[name].set_data(at, [beta1, beta1])
        for name, x, value, lam in (("flat", at[0], flat, 1), ("steep", at[1], steep, kappa)):
            artists[name].set_position((np.clip(x, 1.2e-3, 8e2), beta1 + (0.045 if beta1 < 0.85 else -0.1)))
            artists[name].set_text(f"\u03bb = {lam}: {value:.3f}" if value < 10 else f"\u03bb = {lam}: above 10")
        if artists["heights"].get_gid() != kappa:  # left alone, it is not drawn again
            artists["heights"].set_data(_heights(kappa))
            artists["heights"].set_gid(kappa)
        artists["path"].set_data(*np.clip(result.theta, -19, 19).T)
        artists["curve"].set_data(np.arange(steps + 1), np.clip(result.loss, 1e-12, 1e5))
        slower = "neither is slower" if abs(flat - steep) < 5e-4 else f"the {'flat' if flat > steep else 'steep'} one decides"
        each = f"flat {flat:.3f}, steep {steep:.3f}" if steep < 10 else f"flat {flat:.3f}, steep above 10"
        return f"Spectral radius at lr = {lr:.3g}, beta = {beta1:.3g}: {each}; {slower}."

    return Experiment(scene, update, {"lr": Slider("step size lr", 1e-3, 3.0, 0.019, log=True),
                                      "beta1": Slider("beta", 0.0, 0.99, 0.0, step=0.01),
                                      "kappa": Choice("condition number", (10, 100, 400, 1000), 100)},
                      Goal("at condition number 100, bring both spectral radii below 0.84.",
                           lambda lr, beta1, kappa: kappa == 100 and bool(max(radius(lr, beta1), radius(lr * kappa, beta1)) < 0.84)))
