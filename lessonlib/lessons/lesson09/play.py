"""The experiments of lesson 9, Adam; each is a function that returns an Experiment."""
from __future__ import annotations

import os
from functools import cache, lru_cache
from typing import Any

import numpy as np
from matplotlib import colormaps

from lessonlib import rules
from lessonlib.play.experiment import Choice, Experiment, Goal, Scene, Slider, new_figure, readings
from lessonlib.plots import contours, look
from lessonlib.problems import Problem, beale, digits_net, noisy, ravine, rosenbrock, saddle
from lessonlib.runner import Run, grid, run

__all__ = ["basin_runs", "correction_ratio", "good_basin", "ravine_goal", "step_ratio", "surface_race", "width"]

Array = np.ndarray[Any, Any]


def step_ratio(t: Any, beta1: float, beta2: float) -> Any:
    """Return how many times too large Adam's step t = 1, 2, ... is without bias correction, for a steady gradient.

    (1 - beta1**t) / (1 - beta2**t)**0.5; 1 means as large as with it.

    >>> step_ratio(np.array([1, 12]), 0.9, 0.999).round(2).tolist()
    [3.16, 6.57]
    """
    return (1 - beta1**t) / (1 - beta2**t) ** 0.5


def correction_ratio() -> Experiment:
    """How many times too large or small Adam's step is without bias correction, over t, for any beta1 and beta2."""
    t = np.unique(np.geomspace(1, 5000, 600).round())

    def scene() -> Scene:
        figure = new_figure()
        ax = figure.add_subplot(xscale="log", yscale="log", xlim=(1, 5000), ylim=(0.1, 30), xlabel="step t",
                                ylabel="step without correction / with it", title="Without correction, the first steps have the wrong size")
        ax.axhspan(0.95, 1.05, color="#cccccc", zorder=0)
        ax.text(4500, 0.9, "within 5 % of right", color="#555555", fontsize=9, ha="right", va="top")
        ax.set_yticks([0.1, 0.3, 1, 3, 10, 30], ["0.1", "0.3", "1", "3", "10", "30"])
        ax.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
        ax.plot(t, step_ratio(t, 0.9, 0.999), color="#999999", linewidth=1, linestyle="--")
        (line,) = ax.plot([], [], color=look("adam").color)
        (peak,) = ax.plot([], [], color=look("adam").color, marker=look("adam").marker, linestyle="none", markersize=9)
        note = readings(ax, 0.76, 0.95, ["\u03b2\u2081, \u03b2\u2082:", "furthest off:", "within 5 %:"], va="top")
        return Scene(figure, {"line": line, "peak": peak, "note": note},
                     "The ratio of Adam's step without bias correction to the step with it, against step t from 1 to 5000, both axes "
                     "logarithmic; dashed, the ratio at the defaults.")

    def update(artists: dict[str, Any], memory1: float, memory2: float) -> str:
        every, beta1, beta2 = np.arange(1, 5001), 1 - 1 / memory1, 1 - 1 / memory2
        ratio = step_ratio(every, beta1, beta2)
        top = int(np.abs(np.log(ratio)).argmax())
        far = np.flatnonzero(np.abs(ratio - 1) > 0.05)
        settled = f"from step {far[-1] + 2}" if len(far) and far[-1] + 2 <= 5000 else "throughout" if not len(far) else "not by step 5000"
        artists["line"].set_data(t, step_ratio(t, beta1, beta2))
        artists["peak"].set_data([top + 1], [ratio[top]])
        artists["note"].set_text(f"{beta1:.4g}, {beta2:.4g}\n{ratio[top]:.2f} at t = {top + 1}\n{settled}")
        return (f"beta1 = {beta1:.4g}, beta2 = {beta2:.4g}: at t = 1 the step is {ratio[0]:.2f} times the right one; "
                f"furthest off at t = {top + 1}, {ratio[top]:.2f} times; within 5 %: {settled}.")

    def met(memory1: float, memory2: float) -> bool:
        return memory1 > 1.99 and bool(abs(step_ratio(1, 1 - 1 / memory1, 1 - 1 / memory2) - 1) < 0.02)

    return Experiment(scene, update, {"memory1": Slider("memory of m, steps", 1.0, 100.0, 10.0, log=True),
                                      "memory2": Slider("memory of v, steps", 1.0, 10_000.0, 1000.0, log=True)},
                      Goal("with beta1 at 0.5 or more (a memory of 2 steps), find a beta2 at which the first step needs no "
                           "correction.", met))


SURFACES: dict[str, Problem] = {"Rosenbrock": rosenbrock(), "ravine": ravine(30, 20), "Beale": beale(), "saddle": saddle()}
RACERS = ("sgd", "momentum", "rmsprop", "adam")


@cache
def _heights(surface: str) -> Array:
    """log10 of the loss over the window, in bands of grey: (121, 121, 4), bytes, which are drawn in half the time of numbers."""
    problem = SURFACES[surface]
    assert problem.window is not None
    x0, x1, y0, y1 = problem.window
    x, y = np.meshgrid(np.linspace(x0, x1, 121), np.linspace(y0, y1, 121))
    z = problem.loss(np.stack([x, y], axis=-1))
    height = np.log10(z - z.min() + 1e-3 * (z.max() - z.min()))
    bands = np.floor(14 * (height - height.min()) / np.ptp(height)) / 14
    return np.asarray(colormaps["Greys"]((bands + 0.1) / 1.9, bytes=True))


def surface_race(steps: int = 150) -> Experiment:
    """Four optimizers from one start at one step size, on a surface of choice."""

    def scene() -> Scene:
        figure = new_figure(6.2, 4.4)
        ax = figure.add_subplot(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[], title=f"{steps} steps, one step size for all")
        ax.grid(visible=False)
        artists: dict[str, Any] = {"heights": ax.imshow(_heights("Rosenbrock"), extent=(0, 1, 0, 1), origin="lower", aspect="auto",
                                                        zorder=1)}
        for name in RACERS:
            style = look(name)
            (artists[name],) = ax.plot([], [], color=style.color, linestyle=style.dash, linewidth=1.8, marker=style.marker,
                                       markevery=steps // 6, markersize=5, label=name, zorder=3)
        (artists["star"],) = ax.plot([], [], color="black", marker="*", markersize=14, linestyle="none", zorder=4)
        figure.legend(handles=[artists[name] for name in RACERS], loc="outside right upper")
        return Scene(figure, artists, "The paths of four optimizers over the height map of a surface, the minimum a star.")

    slider = Slider("step size lr", 1e-4, 1.0, 0.02, log=True)
    places = slider.places()

    @lru_cache(maxsize=8)
    def race(surface: str, noise: float, lr: float | None) -> dict[str, Run]:
        """The runs at one step size, or at all places of the slider, which takes little longer."""
        problem = noisy(SURFACES[surface], noise) if noise else SURFACES[surface]
        sizes = places if lr is None else np.array([lr])
        return {name: run(getattr(rules, name), problem, steps=steps, lr=sizes[:, None]) for name in RACERS}

    def ends(surface: str, lr: float, noise: float) -> dict[str, tuple[Array, Array]]:
        """Path and loss of each."""
        near = int(np.abs(places - lr).argmin())
        known = abs(places[near] / lr - 1) < 1e-9
        return {name: (result.theta[:, near if known else 0], result.loss[:, near if known else 0])
                for name, result in race(surface, noise, None if known else lr).items()}

    def update(artists: dict[str, Any], surface: str, lr: float, noise: float) -> str:
        problem, losses = SURFACES[surface], {}
        assert problem.window is not None
        assert problem.minimum is not None
        low, span = np.array(problem.window[::2]), np.array(problem.window[1::2]) - np.array(problem.window[::2])
        if artists["heights"].get_gid() != surface:  # left alone, it is not drawn again
            artists["heights"].set_data(_heights(surface))
            artists["heights"].set_gid(surface)
        artists["star"].set_data(*((problem.minimum - low) / span)[:, None])
        for name, (theta, loss) in ends(surface, lr, noise).items():
            artists[name].set_data(*np.clip((theta - low) / span, -2, 3).T)
            losses[name] = float(loss[-1])
        told = ", ".join(f"{name} {value:.2g}" if np.isfinite(value) else f"{name} diverged" for name, value in losses.items())
        return f"Loss after {steps} steps at lr = {lr:.3g}: {told}."

    def met(surface: str, lr: float, noise: float) -> bool:
        found = ends(surface, lr, noise)
        return surface == "Rosenbrock" and bool(found["sgd"][1][-1] < found["adam"][1][-1])

    return Experiment(scene, update, {"surface": Choice("surface", list(SURFACES), "Rosenbrock"),
                                      "lr": slider,
                                      "noise": Slider("gradient noise", 0.0, 3.0, 0.0, step=0.1)},
                      Goal("on Rosenbrock's valley, find a step size at which plain gradient descent ends lower than Adam.", met))


BASIN_LRS = np.geomspace(1e-4, 10**1.5, 23)  # four to a decade
BUDGETS = (100, 400)


@cache
def basin_runs(hidden: int = 32, seeds: int = 3) -> dict[str, Array]:
    """Test accuracy (seeds, budgets, step sizes) on the digits after each budget, for four rules.

    The noise (which images a step sees) and the start come from the seed; the step size is constant. A diverged run counts as 0.1,
    the accuracy of guessing. Takes seconds, shows a bar, and is computed once.
    """
    from tqdm.auto import tqdm

    jobs = [(name, seed, budget) for name in RACERS for seed in range(seeds) for budget in BUDGETS]
    out = {name: np.empty((seeds, len(BUDGETS), len(BASIN_LRS))) for name in RACERS}
    for name, seed, budget in tqdm(jobs, unit="run", leave=False, disable=os.environ.get("LESSONLIB_PROGRESS") == "0"):
        problem = digits_net(hidden, seed=seed, dtype=np.float64)  # float64: the same figures on any machine
        result = run(getattr(rules, name), problem, steps=budget, seed=seed, record="last", **grid(lr=BASIN_LRS))
        accuracy = np.where(result.diverged, 0.1, problem.metrics["test accuracy"](result.theta[0]))
        out[name][seed, BUDGETS.index(budget)] = accuracy
    return out


def width(accuracy: Array, near: float, lrs: Array = BASIN_LRS) -> tuple[float, float, float]:
    """Return (lowest, highest good step size, decades between): the unbroken stretch around the best within `near` of it."""
    good = accuracy >= accuracy.max() - near
    i = j = int(accuracy.argmax())
    while i > 0 and good[i - 1]:
        i -= 1
    while j < len(good) - 1 and good[j + 1]:
        j += 1
    return float(lrs[i]), float(lrs[j]), float(np.log10(lrs[j] / lrs[i]))


def good_basin() -> Experiment:
    """Test accuracy against step size on the digits, with the good stretch of each rule, for a budget and a tolerance of choice."""
    def scene() -> Scene:
        figure = new_figure(7.2, 4.6)
        ax, bars = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
        ax.set(xscale="log", xlim=(1e-4, 32), ylim=(0, 1.02), ylabel="test accuracy",
               title="Every optimizer has a basin of good step sizes")
        bars.set(xlabel="step size lr; the numbers are decades", ylim=(3.6, -0.6), yticks=range(4))
        bars.set_yticklabels(RACERS)
        bars.grid(visible=False)
        artists: dict[str, Any] = {}
        for row, name in enumerate(RACERS):
            style = look(name)
            (artists[name],) = ax.plot([], [], color=style.color, linestyle=style.dash, marker=style.marker, markersize=4, label=name)
            (artists[f"{name} bar"],) = bars.plot([], [], color=style.color, linewidth=7, solid_capstyle="butt")
            artists[f"{name} width"] = bars.text(1.2e-4, row, "", color=style.color, fontsize=9, va="center")
        figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=4)
        return Scene(figure, artists, "Test accuracy on the digits against step size for four optimizers, 3 seeds each; below, a bar over "
                     "the step sizes near the best of each.")

    def update(artists: dict[str, Any], steps: int, near: float) -> str:
        told = []
        for row, name in enumerate(RACERS):
            accuracy = basin_runs()[name][:, BUDGETS.index(steps)].mean(0)
            low, high, decades = width(accuracy, near / 100)
            artists[name].set_data(BASIN_LRS, accuracy)
            artists[f"{name} bar"].set_data([low, high], [row, row])
            artists[f"{name} width"].set_text(f"{decades:.2f}")
            artists[f"{name} width"].set_x(1.2e-4 if low > 2e-3 else 2.0)
            told.append(f"{name} {decades:.2f} decades (best {accuracy.max():.3f})")
        return f"Within {near:g} points of its best after {steps} steps: {', '.join(told)}."

    return Experiment(scene, update, {"steps": Choice("steps", list(BUDGETS), 400),
                                      "near": Slider("points below the best", 0.5, 20.0, 2.0, step=0.5)})


def ravine_goal(kappa: float = 100.0, angle: float = 20.0, steps: int = 100, target: float = 1e-4) -> Experiment:
    """Adam on the ravine: bring the loss below target within a budget of steps."""
    problem = ravine(kappa, angle)

    @lru_cache(maxsize=4)
    def attempt(lr: float, beta1: float, beta2: float) -> Run:
        return run(rules.adam, problem, steps=steps, lr=lr, beta1=beta1, beta2=beta2)

    def scene() -> Scene:
        figure = new_figure()
        left, right = figure.subplots(1, 2)
        contours(problem, left)
        left.set_title("The path")
        right.set(yscale="log", xlim=(0, steps), ylim=(1e-12, 1e4), xlabel="step", ylabel="loss", title="Below the line?")
        right.axhline(target, color="black", linewidth=1)
        right.text(steps, target * 1.6, "the goal", ha="right")
        style = look("adam")
        (path,) = left.plot([], [], color=style.color, marker=style.marker, markersize=3, linewidth=1)
        (curve,) = right.plot([], [], color=style.color)
        (end,) = right.plot([], [], color=style.color, marker=style.marker, markersize=8, clip_on=False)
        return Scene(figure, {"path": path, "curve": curve, "end": end},
                     f"Left, Adam's path in a ravine of condition number {kappa:g} turned by {angle:g} degrees; right, the loss over "
                     f"{steps} steps and a line at {target:g}.")

    def update(artists: dict[str, Any], lr: float, beta1: float, beta2: float) -> str:
        result = attempt(lr, beta1, beta2)
        artists["path"].set_data(np.clip(result.theta[:, 0], -9, 9), np.clip(result.theta[:, 1], -9, 9))
        artists["curve"].set_data(np.arange(steps + 1), np.clip(result.loss, 1e-12, 1e4))
        artists["end"].set_data([steps], [float(np.clip(result.loss[-1], 1e-12, 1e4))])
        return f"Loss after {steps} steps: {result.loss[-1]:.1e}."

    return Experiment(scene, update, {"lr": Slider("step size lr", 1e-3, 1.0, 0.03, log=True),
                                      "beta1": Slider("beta1", 0.0, 0.99, 0.9, step=0.01),
                                      "beta2": Slider("beta2", 0.5, 0.999, 0.999, step=0.001)},
                      Goal(f"loss below {target:g} after {steps} steps.",
                           lambda lr, beta1, beta2: bool(attempt(lr, beta1, beta2).loss[-1] < target)))
