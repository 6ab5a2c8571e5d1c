"""Lesson 9's basins of good step sizes: the digits trained at each, how wide a basin is, and the experiment with both."""
from __future__ import annotations

import os
from functools import cache
from typing import Any

import numpy as np

from lessonlib import rules
from lessonlib.play.experiment import Experiment, Scene, Slider, new_figure
from lessonlib.plots import look
from lessonlib.problems import digits_net
from lessonlib.runner import grid, run, threads_start

__all__ = ["basin_runs", "good_basin", "width"]

Array = np.ndarray[Any, Any]
RACERS = ("sgd", "momentum", "rmsprop", "adam")
BASIN_LRS = np.geomspace(1e-4, 10**1.5, 23)  # four to a decade
STEPS = 400


@cache
def basin_runs(hidden: int = 32, seeds: int = 2) -> dict[str, Array]:
    """Test accuracy (seeds, step sizes) on the digits after 400 steps, for four rules.

    The noise (which images a step sees) and the start come from the seed; the step size is constant. A diverged run counts as 0.1,
    the accuracy of guessing. Takes seconds, shows a bar, and is computed once.
    """
    from tqdm.auto import tqdm

    tqdm.monitor_interval *= threads_start()  # a thread watches the bar
    jobs = [(name, seed) for name in RACERS for seed in range(seeds)]
    out = {name: np.empty((seeds, len(BASIN_LRS))) for name in RACERS}
    for name, seed in tqdm(jobs, unit="run", leave=False, disable=os.environ.get("LESSONLIB_PROGRESS") == "0"):
        problem = digits_net(hidden, seed=seed, dtype=np.float64)  # float64: the same figures on any machine
        result = run(getattr(rules, name), problem, steps=STEPS, seed=seed, record="last", **grid(lr=BASIN_LRS))
        out[name][seed] = np.where(result.diverged, 0.1, problem.metrics["test accuracy"](result.theta[0]))
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


def _scene() -> Scene:
    figure = new_figure(8.4, 4.6)
    ax, bars = figure.subplots(2, 1, sharex=True, height_ratios=[2.6, 1])
    ax.set(xscale="log", xlim=(1e-4, 100), ylim=(0, 1.05), ylabel="test accuracy", title="The four basins lie in two pairs")
    bars.set(xlabel="step size lr", ylim=(3.6, -0.6), yticks=range(4))
    bars.set_yticklabels(RACERS)
    bars.grid(visible=False)
    artists: dict[str, Any] = {"within": bars.text(1.2e-4, 0.5, "", fontsize=10, va="center")}
    for row, name in enumerate(RACERS):
        style, accuracy = look(name), basin_runs()[name].mean(0)
        ax.plot(BASIN_LRS, accuracy, color=style.color, linestyle=style.dash, marker=style.marker, markersize=4)
        bars.get_yticklabels()[row].set_color(style.color)
        (artists[f"{name} bar"],) = bars.plot([], [], color=style.color, linewidth=8, solid_capstyle="butt")
        artists[f"{name} width"] = bars.text(1.2e-4, row, "", color=style.color, fontsize=10, va="center")
    return Scene(figure, artists, "Test accuracy on the digits against step size for four optimizers, the mean of two seeds each; below, a "
                 "bar over the step sizes near the best of each.")


def _update(artists: dict[str, Any], near: float) -> str:
    told = []
    artists["within"].set_text(f"within {near:g} points\nof its best")
    for row, name in enumerate(RACERS):
        accuracy = basin_runs()[name].mean(0)
        low, high, decades = width(accuracy, near / 100)
        artists[f"{name} bar"].set_data([low, high], [row, row])
        artists[f"{name} width"].set_text(f"{decades:.2f} decades")
        artists[f"{name} width"].set_x(1.2 * high)
        told.append(f"{name} {decades:.2f} decades (best {accuracy.max():.3f})")
    return f"Within {near:g} points of its best: {', '.join(told)}."


def good_basin() -> Experiment:
    """Test accuracy against step size on the digits, with the good stretch of each rule, for a tolerance of choice."""
    return Experiment(_scene, _update, {"near": Slider("points below the best", 0.5, 20.0, 2.0, step=0.5)})
