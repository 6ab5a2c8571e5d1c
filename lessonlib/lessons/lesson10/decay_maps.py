"""Lesson 10's maps of test accuracy over step size and decay: the ridge on them, and the experiment with a map."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from matplotlib.colors import to_rgba

from lessonlib.play.experiment import Choice, Experiment, Goal, Scene, Slider, new_figure
from lessonlib.problems import Problem
from lessonlib.runner import grid, run

__all__ = ["Map", "decay_map", "falls", "ridge", "sizes", "summary", "turns"]

Array = np.ndarray[Any, Any]


class Map(NamedTuple):
    """What one form of decay did. accuracy: (seeds, step sizes, decays) on the test images; rule: whose colour it has."""

    rule: str
    decays: Array
    accuracy: Array


def ridge(accuracy: Array, decays: Array, drop: float = 0.03) -> Array:
    """Return log10 of the ridge's place for each step size, (step sizes,), NaN where it has only one side on the map.

    accuracy: (step sizes, decays). The place is the middle of the stretch of decays around the best one where the accuracy, read
    between the cells along straight lines, is at most `drop` below the best of its row.

    >>> ridge(np.array([[0.1, 0.8, 0.9, 0.8, 0.1], [0.9, 0.9, 0.9, 0.5, 0.1]]), np.array([0.01, 0.1, 1, 10, 100])).round(3).tolist()
    [0.0, nan]
    """
    x, out = np.log10(decays), np.full(len(accuracy), np.nan)
    for row, values in enumerate(accuracy):
        best, level = int(values.argmax()), values.max() - drop
        below = np.flatnonzero(values < level)
        left, right = below[below < best], below[below > best]
        if len(left) and len(right):
            ends = [x[i] + (x[j] - x[i]) * (level - values[i]) / (values[j] - values[i])
                    for i, j in ((left[-1], left[-1] + 1), (right[0], right[0] - 1))]
            out[row] = sum(ends) / 2
    return out


def _interval(each: Array) -> tuple[float, float]:
    """(mean, half of Student's 95 % interval) of one number for each seed."""
    t_quantile = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57, 7: 2.45, 8: 2.36}[len(each)]
    return float(each.mean()), float(t_quantile * each.std(ddof=1) / len(each) ** 0.5)


def summary(maps: Mapping[str, Map], lrs: Array) -> tuple[list[list[Any]], dict[str, float]]:
    """Return (rows of a table, best accuracy by form). A row: the form, its best accuracy, the step size and the decay of that cell."""
    rows, best = [], {}
    for name, found in maps.items():
        mean = found.accuracy.mean(0)
        i, j = np.unravel_index(mean.argmax(), mean.shape)
        best[name] = float(mean.max())
        rows.append([name, best[name], lrs[i], found.decays[j]])
    return rows, best


def falls(accuracy: Array, decays: Array) -> tuple[list[str], tuple[float, float]]:
    """Return (a row of texts on how the ridge falls from the first step size to the last, the 95 % interval of the factor).

    accuracy: (seeds, step sizes, decays). The row: the ridge at both ends, the factor between them, its interval. The ridge is found in
    each seed, and means are those of its logarithm.
    """
    places = np.array([ridge(seed, decays)[[0, -1]] for seed in accuracy])
    each = places[:, 0] - places[:, 1]
    mean, half = _interval(each)
    low, high = 10 ** (mean - half), 10 ** (mean + half)
    row = [*(f"{10**place:.2g}" for place in places.mean(0)), f"{10**mean:.1f}", f"{low:.1f} to {high:.1f}"]
    return row, (float(low), float(high))


def sizes(rule: Callable[..., Any], *, lr: Array, weight_decay: float, steps: int = 4000) -> Array:
    """Return the size of a weight under pure noise once step and decay balance, for each step size: the root of the mean square of 400."""
    noise = Problem("noise", lambda theta: theta[..., 0], lambda theta, rng: rng.standard_normal(400) + 0 * theta, np.zeros(400))
    axes: dict[str, Any] = grid(lr=lr, weight_decay=[weight_decay])
    path = run(rule, noise, steps=steps, **axes).theta[-500:, :, 0]
    return np.asarray((path**2).mean((0, 2)) ** 0.5)


def turns(rule: Callable[..., Any], *, lr: Array, weight_decay: Array, steps: int = 6000) -> tuple[Array, Array]:
    """Return (length of 200 weights, degrees by which they turn at a step), (n,) each, once step and decay balance: means of 500 steps.

    Only their direction counts, as before a norm: the gradient is noise at right angles to them, smaller where they are long.
    lr, weight_decay: (n,), a pair for each run.
    """
    def at_right_angles(theta: Array, rng: Any) -> Array:
        noise, square = rng.standard_normal(200), (theta**2).sum(-1, keepdims=True)
        return np.asarray((noise - theta * (theta * noise).sum(-1, keepdims=True) / square) / square**0.5)

    start = np.random.default_rng(0).standard_normal(200)
    problem = Problem("direction only", lambda theta: (theta**2).sum(-1), at_right_angles, start)
    path = run(rule, problem, steps=steps, lr=lr[:, None], weight_decay=weight_decay[:, None]).theta[-500:]
    length = np.linalg.norm(path, axis=-1)
    unit = path / length[..., None]
    return np.asarray(length.mean(0)), np.asarray(np.degrees(np.arccos((unit[1:] * unit[:-1]).sum(-1)).mean(axis=0)))


@dataclass(frozen=True)
class _DecayMap:
    """The experiment `decay_map`: the maps by the name to choose them by, their step sizes, and the name that the goal compares with."""

    maps: Mapping[str, Map]
    lrs: Array
    baseline: str

    @property
    def size(self) -> tuple[int, int]:
        """How many step sizes and decays there are."""
        return len(self.lrs), len(self.maps[self.baseline].decays)

    @cached_property
    def target(self) -> float:
        """The accuracy of the baseline's best cell."""
        return float(self.maps[self.baseline].accuracy.mean(0).max())

    def scene(self) -> Scene:
        """Draw the axes, and what will carry a map."""
        columns, rows = self.size
        figure = new_figure(7.2, 4.8)
        ax = figure.add_subplot(xlim=(-0.5, columns - 0.5), ylim=(-0.5, rows - 0.5), yticks=[], xlabel="step size lr",
                                title="Many settings read nearly as many new digits as the best")
        ax.set_xticks(range(columns), [f"{lr:.1g}" for lr in self.lrs])
        ax.set_ylabel("decay", labelpad=44)
        ax.grid(visible=False)
        artists: dict[str, Any] = {"cells": ax.imshow(np.zeros((rows, columns)), origin="lower", aspect="auto", cmap="viridis", vmin=0.5,
                                                      vmax=0.92, extent=(-0.5, columns - 0.5, -0.5, rows - 0.5), zorder=1)}
        figure.colorbar(artists["cells"], ax=ax, extend="min").set_label("accuracy, mean of the seeds")
        (artists["best"],) = ax.plot([], [], color="white", marker="*", markeredgecolor="black", markersize=17, linestyle="none", zorder=5,
                                     label="best cell")
        (artists["cell"],) = ax.plot([], [], color="none", marker="s", markeredgecolor=to_rgba("#ff5a5a"), markeredgewidth=3, markersize=27,
                                     linestyle="none", zorder=6)
        ax.plot([], [], color="none", marker="s", markeredgecolor=to_rgba("#ff5a5a"), markeredgewidth=2, linestyle="none",
                label="the cell that the sliders choose")
        figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        for j in range(rows):
            artists[f"decay {j}"] = ax.text(-0.62, j, "", ha="right", va="center", fontsize=9)
        for i, j in np.ndindex(columns, rows):
            artists[f"number {i} {j}"] = ax.text(i, j - 0.36, "", ha="center", va="center", fontsize=8, zorder=7,
                                                 bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
        return Scene(figure, artists, f"A heat map of test accuracy over step size and decay, {columns} by {rows} networks for each "
                     "seed, and a star on the best cell.",
                     {name: ["form"] for name in artists if name != "cell"})

    def show_form(self, artists: dict[str, Any], form: str) -> None:
        """Move all that belongs to a map as a whole: its cells, its best one, its decays."""
        found = self.maps[form]
        accuracy = found.accuracy.mean(0)
        artists["cells"].set_data(accuracy.T)
        artists["best"].set_data(*np.array(np.unravel_index(accuracy.argmax(), accuracy.shape))[:, None])
        for k, decay in enumerate(found.decays):
            artists[f"decay {k}"].set_text(f"{decay:.2g}")
        for i, j in np.ndindex(accuracy.shape):
            artists[f"number {i} {j}"].set_text(f"{accuracy[i, j]:.3f}")

    def update(self, artists: dict[str, Any], form: str, row: int, column: int) -> str:
        """Show the map if it is another one, and the cell."""
        if "cells" in artists:
            self.show_form(artists, form)
        artists["cell"].set_data([row - 1], [column - 1])
        found = self.maps[form]
        accuracy, here = found.accuracy.mean(0), found.accuracy[:, row - 1, column - 1]
        i, j = np.unravel_index(accuracy.argmax(), accuracy.shape)
        return (f"{form}, lr {self.lrs[row - 1]:.2g}, decay {found.decays[column - 1]:.2g}: accuracy {here.mean():.3f} (seeds "
                f"{here.min():.2f} to {here.max():.2f}). Best cell: lr {self.lrs[i]:.2g}, decay {found.decays[j]:.2g}, "
                f"{accuracy[i, j]:.3f}.")

    def met(self, form: str, row: int, column: int) -> bool:
        """Return whether a cell of another form is as good as the baseline's best."""
        return form != self.baseline and bool(self.maps[form].accuracy.mean(0)[row - 1, column - 1] >= self.target)


def decay_map(maps: Mapping[str, Map], lrs: Array, baseline: str) -> Experiment:
    """The map of test accuracy over step size and decay: choose the form, slide to read a cell.

    maps: what each form did, by the name to choose it by. The goal compares with the best cell of `baseline`, which is shown first.
    """
    play = _DecayMap(maps, lrs, baseline)
    columns, rows = play.size
    return Experiment(play.scene, play.update, {"form": Choice("form of decay", list(maps), baseline),
                                                "row": Slider(f"step size, column 1 to {columns}", 1, columns, 1),
                                                "column": Slider(f"decay, row 1 to {rows} from below", 1, rows, 1)},
                      Goal(f"in the other form, find a cell that is at least as good as the best cell of {baseline} ({play.target:.3f}).",
                           play.met))
