"""Lesson 9's basins of good step sizes: the digits trained at each, how wide a basin is, and the experiment with both."""
from __future__ import annotations

import os
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np

from lessonlib import rules
from lessonlib.play.experiment import Choice, Experiment, Scene, Slider, new_figure
from lessonlib.plots import look
from lessonlib.problems import digits_net
from lessonlib.runner import grid, run, threads_start

__all__ = ["basin_runs", "good_basin", "ranking", "widest", "width"]

Array = np.ndarray[Any, Any]
RACERS = ("sgd", "momentum", "rmsprop", "adam")
BASIN_LRS = np.geomspace(1e-4, 10**1.5, 23)  # four to a decade
BUDGETS = (100, 400)


@cache
def basin_runs(hidden: int = 32, seeds: int = 3) -> dict[str, Array]:
    """Test accuracy (seeds, budgets, step sizes) on the digits after each budget, for four rules.

    The noise (which images a step sees) and the start come from the seed; the step size is constant. A diverged run counts as 0.1,
    the accuracy of guessing. Takes seconds, shows a bar, and is computed once.
    """
    from tqdm.auto import tqdm

    tqdm.monitor_interval *= threads_start()  # a thread watches the bar
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


def widest(near: float) -> str:
    """Return whose basin is the widest after the longer budget, or that it depends on the seed: those of the first two overlap."""
    spans = {name: [width(accuracy, near)[2] for accuracy in found[:, 1]] for name, found in basin_runs().items()}
    first, second = sorted(spans, key=lambda name: -float(np.mean(spans[name])))[:2]
    if min(spans[first]) <= max(spans[second]):
        return "it depends on the seed"
    return {"adam": "Adam's", "rmsprop": "RMSprop's"}.get(first, f"{first}'s")


def ranking(score: dict[str, float], tie: float = 0.005) -> str:
    """Return the names from best to worst, with an equals sign between neighbours that differ by less than `tie`.

    >>> ranking({"a": 0.5, "b": 0.972, "c": 0.974})
    'c = b > a'
    """
    names = sorted(score, key=lambda name: -score[name])
    signs = [" = " if score[one] - score[two] < tie else " > " for one, two in pairwise(names)]
    return "".join(name + sign for name, sign in zip(names, [*signs, ""], strict=True))


def _scene() -> Scene:
    figure = new_figure(6.2, 4.2)
    ax, bars = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    ax.set(xscale="log", xlim=(1e-4, 32), ylim=(0, 1.02), ylabel="test accuracy", title="Every optimizer has a basin of good step sizes")
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
                 "the step sizes near the best of each.", {name: ["steps"] for name in RACERS})


def _update(artists: dict[str, Any], steps: int, near: float) -> str:
    told = []
    for row, name in enumerate(RACERS):
        accuracy = basin_runs()[name][:, BUDGETS.index(steps)].mean(0)
        low, high, decades = width(accuracy, near / 100)
        if name in artists:
            artists[name].set_data(BASIN_LRS, accuracy)
        artists[f"{name} bar"].set_data([low, high], [row, row])
        artists[f"{name} width"].set_text(f"{decades:.2f}")
        artists[f"{name} width"].set_x(1.3 * high if high < 5 else low / 2.6)
        told.append(f"{name} {decades:.2f} decades (best {accuracy.max():.3f})")
    return f"Within {near:g} points of its best after {steps} steps: {', '.join(told)}."


def good_basin() -> Experiment:
    """Test accuracy against step size on the digits, with the good stretch of each rule, for a budget and a tolerance of choice."""
    return Experiment(_scene, _update, {"steps": Choice("steps", list(BUDGETS), 400),
                                        "near": Slider("points below the best", 0.5, 20.0, 2.0, step=0.5)})
