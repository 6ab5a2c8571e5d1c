"""The experiments of lesson 10, AdamW; each is a function that returns an Experiment, or a picture that grows."""
from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from matplotlib.colors import to_rgba

from lessonlib.play.experiment import Choice, Experiment, Goal, Growing, Scene, Slider, new_figure, readings
from lessonlib.plots import look
from lessonlib.problems import Problem
from lessonlib.rules import adam_l2, adamw
from lessonlib.runner import grid, run

__all__ = ["Map", "decay_map", "equilibrium", "grokking", "rest_paths", "slope", "ties", "valley", "weights_of_the_past"]

Array = np.ndarray[Any, Any]
PULLS = np.logspace(-2, 1, 61)  # constant gradients, twenty to a decade
LR, DECAY, STEPS = 0.01, 0.1, 20_000


@cache
def rest_paths() -> dict[str, Array]:
    """theta over 20,000 steps under a constant gradient g, for both forms: (201, 61), every hundredth step, one column for each g."""
    line = Problem("constant gradient", lambda theta: PULLS[0] * theta[..., 0], lambda theta, rng: np.ones_like(theta), np.zeros(1))
    pulls: dict[str, Any] = grid(pull=PULLS)
    out = {}
    for rule in (adam_l2, adamw):
        def scaled(theta: Array, g: Array, s: Any, *, pull: Array, rule: Any = rule) -> Any:
            return rule(theta, pull * g, s, lr=LR, weight_decay=DECAY)

        out[rule.__name__] = run(scaled, line, steps=STEPS, **pulls).theta[::100, :, 0]
    return out


def equilibrium() -> Experiment:
    """Where a weight comes to rest under a constant gradient: Adam with L2 and AdamW, over the gradient."""
    t = np.arange(0, STEPS + 1, 100)
    forms = {"adam_l2": lambda g: g / DECAY, "adamw": lambda g: 1 / DECAY}

    def scene() -> Scene:
        figure = new_figure(7.2, 3.9)
        left, right = figure.subplots(1, 2, width_ratios=[3, 2])
        left.set(xlim=(0, STEPS), ylim=(0.01, 200), yscale="log", xlabel="step", ylabel="$-\\theta$",
                 title="The way there")
        left.set_xticks([0, 10_000, 20_000], ["0", "10,000", "20,000"])
        right.set(xscale="log", yscale="log", xlim=(0.01, 10), ylim=(0.01, 200), xlabel="gradient g", title="Where it ends")
        artists: dict[str, Any] = {}
        for name, rest in forms.items():
            style = look(name)
            right.plot(PULLS, [rest(g) for g in PULLS], color=style.color, linestyle=style.dash, linewidth=1.5)
            (artists[name],) = left.plot([], [], color=style.color, linestyle=style.dash, label=name)
            (artists[f"{name} end"],) = right.plot([], [], color=style.color, marker=style.marker, linestyle="none", markersize=9)
        figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        return Scene(figure, artists, f"Left, a weight under a constant gradient over 20,000 steps at lr {LR:g}, decay {DECAY:g}; right, "
                     "where it ends against the gradient: a rising line for Adam with L2, a level one for AdamW.")

    def ends(g: float) -> dict[str, float]:
        column = int(np.abs(np.log(PULLS / g)).argmin())
        return {name: float(rest_paths()[name][-1, column]) for name in forms}

    def update(artists: dict[str, Any], g: float) -> str:
        column = int(np.abs(np.log(PULLS / g)).argmin())
        for name in forms:
            path = -rest_paths()[name][:, column]
            artists[name].set_data(t, np.maximum(path, 1e-3))
            artists[f"{name} end"].set_data([PULLS[column]], [path[-1]])
        end = ends(g)
        return f"g = {PULLS[column]:.3g}: adam_l2 ends at {end['adam_l2']:.3g}, adamw at {end['adamw']:.3g}."

    return Experiment(scene, update, {"g": Slider("constant gradient g", 0.01, 10.0, 0.1, log=True, step=0.05)},
                      Goal("find the gradient at which both forms come to rest at the same place.",
                           lambda g: abs(ends(g)["adam_l2"] / ends(g)["adamw"] - 1) < 0.02))


class Map(NamedTuple):
    """What one form of decay did. accuracy: (seeds, step sizes, decays) on the test images; rule: whose colour it has."""

    rule: str
    decays: Array
    accuracy: Array


def valley(accuracy: Array, decays: Array, drop: float = 0.03) -> Array:
    """Return log10 of the valley's place for each step size, (step sizes,), NaN where it has only one side on the map.

    accuracy: (step sizes, decays). The place is the middle of the stretch of decays around the best one where the accuracy, read
    between the cells along straight lines, is at most `drop` below the best of its row.

    >>> valley(np.array([[0.1, 0.8, 0.9, 0.8, 0.1], [0.9, 0.9, 0.9, 0.5, 0.1]]), np.array([0.01, 0.1, 1, 10, 100])).round(3).tolist()
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


def slope(found: Map, lrs: Array) -> tuple[float, float, Array]:
    """Return (mean, half of the 95 % interval, one for each seed) of the valley's slope: log10(decay) against log10(lr).

    A straight line through the valley of each seed; the interval is Student's over the seeds.
    """
    t_quantile = {2: 12.71, 3: 4.30, 4: 3.18, 5: 2.78, 6: 2.57}
    slopes = []
    for seed in found.accuracy:
        place = valley(seed, found.decays)
        seen = np.isfinite(place)
        slopes.append(np.polyfit(np.log10(lrs)[seen], place[seen], 1)[0])
    each = np.array(slopes)
    return float(each.mean()), float(t_quantile[len(each)] * each.std(ddof=1) / len(each) ** 0.5), each


def ties(found: Map) -> Array:
    """Return which cells are within noise of the best, (step sizes, decays): below it by less than 2 standard errors.

    The error is that of the difference to the best cell, paired by seed.
    """
    mean = found.accuracy.mean(0)
    i, j = np.unravel_index(mean.argmax(), mean.shape)
    behind = found.accuracy[:, i, j][:, None, None] - found.accuracy
    return np.asarray(behind.mean(0) <= 2 * behind.std(0, ddof=1) / len(behind) ** 0.5)


def decay_map(maps: Mapping[str, Map], lrs: Array, baseline: str) -> Experiment:
    """The map of test accuracy over step size and decay: choose the form, slide to read a cell.

    maps: what each form did, by the name to choose it by. The goal compares with the best cell of `baseline`.
    """
    start = max(maps, key=lambda name: name == baseline)
    size = (len(lrs), len(maps[start].decays))
    fits = {name: slope(found, lrs) for name, found in maps.items()}
    target = maps[baseline].accuracy.mean(0).max()

    def scene() -> Scene:
        figure = new_figure(7.2, 4.9)
        ax = figure.add_subplot(xlim=(-0.5, size[0] - 0.5), ylim=(-1.1, size[1] - 0.5), yticks=[], xlabel="step size lr",
                                title="Test accuracy of a network in each cell")
        ax.set_xticks(range(size[0]), [f"{lr:.1g}" if i % 2 == 0 else "" for i, lr in enumerate(lrs)])
        ax.set_ylabel("decay", labelpad=44)
        ax.grid(visible=False)
        artists: dict[str, Any] = {"cells": ax.imshow(np.zeros(size[::-1]), origin="lower", aspect="auto", cmap="viridis", vmin=0.5,
                                                      vmax=0.92, extent=(-0.5, size[0] - 0.5, -0.5, size[1] - 0.5), zorder=1)}
        bar = figure.colorbar(artists["cells"], ax=ax, extend="min")
        bar.set_label("accuracy, mean of the seeds")
        (artists["line"],) = ax.plot([], [], color="white", linewidth=2, zorder=3)
        (artists["valley"],) = ax.plot([], [], color="white", marker="o", markeredgecolor="black", linestyle="none", zorder=4)
        (artists["best"],) = ax.plot([], [], color="white", marker="*", markeredgecolor="black", markersize=17, linestyle="none", zorder=5)
        (artists["cell"],) = ax.plot([], [], color="none", marker="s", markeredgecolor=to_rgba("#ff5a5a"), markeredgewidth=3, markersize=27,
                                     linestyle="none", zorder=6)
        for j in range(size[1]):
            artists[f"decay {j}"] = ax.text(-0.62, j, "", ha="right", va="center", fontsize=9)
        artists["note"] = ax.text(size[0] / 2 - 0.5, -0.8, "", ha="center", va="center", fontsize=10)
        return Scene(figure, artists, "A heat map of test accuracy over step size and decay, 9 by 9 networks for each seed; a star on the "
                     "best cell, dots and a line along the valley.")

    def update(artists: dict[str, Any], form: str, row: int, column: int) -> str:
        found, (mean, half, _) = maps[form], fits[form]
        accuracy, x = found.accuracy.mean(0), np.log10(lrs)
        i, j = np.unravel_index(accuracy.argmax(), accuracy.shape)
        if artists["cells"].get_gid() != form:  # left alone, it is not drawn again
            artists["cells"].set_gid(form)
            artists["cells"].set_data(accuracy.T)
            place = (valley(accuracy, found.decays) - np.log10(found.decays[0])) / np.log10(found.decays[1] / found.decays[0])
            seen = np.isfinite(place)
            rows = (x - x[0]) / (x[1] - x[0])
            artists["valley"].set_data(rows[seen], place[seen])
            tilt = mean * (x[1] - x[0]) / np.log10(found.decays[1] / found.decays[0])
            artists["line"].set_data(rows, place[seen].mean() + tilt * (rows - rows[seen].mean()))
            artists["best"].set_data([i], [j])
            for k, decay in enumerate(found.decays):
                artists[f"decay {k}"].set_text(f"{decay:.2g}")
            artists["note"].set_text(f"valley: slope {mean:.1f} \u00b1 {half:.1f}")
        artists["cell"].set_data([row - 1], [column - 1])
        here = found.accuracy[:, row - 1, column - 1]
        return (f"{form}, lr {lrs[row - 1]:.2g}, decay {found.decays[column - 1]:.2g}: accuracy {here.mean():.3f} (seeds {here.min():.2f} "
                f"to {here.max():.2f}). Best cell: lr {lrs[i]:.2g}, decay {found.decays[j]:.2g}, {accuracy[i, j]:.3f}. "
                f"Slope of the valley {mean:.2f} \u00b1 {half:.2f}.")

    def met(form: str, row: int, column: int) -> bool:
        return form != baseline and bool(maps[form].accuracy.mean(0)[row - 1, column - 1] >= target)

    return Experiment(scene, update, {"form": Choice("form of decay", list(maps), start),
                                      "row": Slider("step size, 1 to 9", 1, size[0], 5),
                                      "column": Slider("decay, 1 to 9", 1, size[1], 5)},
                      Goal(f"in another form, find a cell that is at least as good as the best cell of {baseline} ({target:.3f}).", met))


def grokking(names: Mapping[str, str], steps: int) -> Growing:
    """Accuracy on the training pairs and on pairs never seen, as networks train.

    names: a label for each group of runs -> the rule whose colour it has. Feed it with group=label and result: anything with
    steps (R,), train_accuracy and test_accuracy (R, seeds), NaN where training has not come that far.
    """
    seeds = 5

    def scene() -> Scene:
        figure = new_figure(7.2, 4.0)
        ax = figure.add_subplot(xlim=(0, steps), ylim=(-0.03, 1.06), xlabel="step", ylabel="accuracy",
                                title="First it learns by heart, much later it understands")
        artists: dict[str, Any] = {}
        for name, rule in names.items():
            style = look(rule)
            for k in range(seeds):
                (artists[f"{name} train {k}"],) = ax.plot([], [], color="#9a9a9a", linewidth=1, zorder=2)
                (artists[f"{name} {k}"],) = ax.plot([], [], color=style.color, linestyle=style.dash, linewidth=1.8, zorder=3)
            ax.plot([], [], color=style.color, linestyle=style.dash, label=f"{name}, unseen pairs")
        ax.plot([], [], color="#9a9a9a", linewidth=1, label="all, training pairs")
        figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        return Scene(figure, artists, "Accuracy against step: on training pairs it is perfect within a hundred steps; on pairs never seen "
                     "it stays near zero for hundreds of steps and then rises to nearly one, except without decay.")

    def update(artists: dict[str, Any], group: str, result: Any) -> str:
        for k in range(result.test_accuracy.shape[1]):
            artists[f"{group} train {k}"].set_data(result.steps, result.train_accuracy[:, k])
            artists[f"{group} {k}"].set_data(result.steps, result.test_accuracy[:, k])
        now = np.flatnonzero(np.isfinite(result.test_accuracy).all(1))
        if not len(now):
            return f"{group}: begins."
        return f"{group}, step {result.steps[now[-1]]}: {result.test_accuracy[now[-1]].mean():.0%} of the unseen pairs right."

    return Growing(scene, update)


def weights_of_the_past(steps: int = 10_000) -> Experiment:
    """How much of each past step is left in AdamW's weights at the end of a run: an average with a memory of 1 / (lr * decay)."""
    ago = np.linspace(0, steps, 400)

    def scene() -> Scene:
        figure = new_figure(7.2, 3.6)
        ax = figure.add_subplot(xlim=(steps, 0), ylim=(0, 1.05), xlabel="steps ago", ylabel="share that is left",
                                title=f"What a run of {steps:,} steps still remembers")
        style = look("adamw")
        (line,) = ax.plot([], [], color=style.color)
        (start,) = ax.plot([], [], color=style.color, marker=style.marker, markersize=10, linestyle="none", clip_on=False, zorder=5)
        (mark,) = ax.plot([], [], color="#888888", linewidth=1, linestyle=":")
        note = readings(ax, 0.33, 0.5, ["memory 1 / (lr \u00d7 decay):", "left of the start:"], va="center",
                        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.85, "pad": 2})
        return Scene(figure, {"line": line, "start": start, "mark": mark, "note": note},
                     "The share of a step that is left in the weights at the end, against how long ago it was taken; a mark at the start "
                     "of the run, a dotted line at 1 / (lr * decay).")

    def left(lr: float, decay: float) -> float:
        return float(max(0.0, 1 - lr * decay) ** steps)

    def update(artists: dict[str, Any], lr: float, decay: float) -> str:
        shrink, memory = max(0.0, 1 - lr * decay), 1 / (lr * decay)
        artists["line"].set_data(ago, shrink**ago)
        artists["start"].set_data([steps], [left(lr, decay)])
        artists["mark"].set_data([memory, memory], [0, 1.05])
        artists["note"].set_text(f"{memory:,.0f} steps\n{left(lr, decay):.1%}")
        return (f"lr {lr:.3g}, decay {decay:.3g}: memory {memory:,.0f} steps; {left(lr, decay):.1%} of the start is left after {steps:,} "
                "steps.")

    return Experiment(scene, update, {"lr": Slider("step size lr", 1e-5, 1e-1, 1e-3, log=True, step=0.05),
                                      "decay": Slider("weight decay", 1e-4, 10.0, 1e-2, log=True, step=0.05)},
                      Goal("at a step size of 0.001 or less, find a decay that forgets all but 1 % of the start, and not more than that "
                           "(0.5 to 2 %).", lambda lr, decay: lr <= 1.001e-3 and 0.005 <= left(lr, decay) <= 0.02))
