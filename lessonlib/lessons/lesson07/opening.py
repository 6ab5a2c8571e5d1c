"""What opens lesson 7: two paths through a ravine, and the gradients that cancel across it and add up along it."""
from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lessonlib import rules
from lessonlib.lessons.lesson07.averages import average
from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure
from lessonlib.plots import contours, look, show
from lessonlib.problems import ravine
from lessonlib.runner import Run, run

__all__ = ["LRS", "NAMES", "STEPS", "show_gradients", "tuned", "two_paths", "what_averaging_does"]

Array = np.ndarray[Any, Any]

NAMES = {"sgd": "gradient descent", "momentum": "momentum"}
STEPS = 100
LRS = np.geomspace(1e-3, 0.6, 60)
BETA1 = 0.8  # a memory of five steps


@cache
def tuned(rule: str) -> tuple[float, Run]:
    """Return (step size, run) of a rule on ravine(100): of LRS the one whose largest loss in the last ten steps is lowest.

    Momentum has beta1 = BETA1.
    """
    hyper: dict[str, Any] = {"beta1": BETA1} if rule == "momentum" else {}
    losses = run(getattr(rules, rule), ravine(100), steps=STEPS, record="loss", lr=LRS[:, None], **hyper).loss
    lr = float(LRS[losses[-10:].max(0).argmin()])
    return lr, run(getattr(rules, rule), ravine(100), steps=STEPS, lr=lr, **hyper)


def two_paths() -> Experiment:
    """The paths of gradient descent and momentum in a ravine, and their losses, after a chosen number of steps."""
    return Experiment(_paths_scene, _paths_update, {"steps": Slider("steps", 0, STEPS, STEPS)},
                      Goal("find the step from which on momentum's loss stays below the black line.", _stays_below))


def _paths_scene() -> Scene:
    figure = new_figure(8.4, 3.9)
    left, right = figure.subplots(1, 2)
    contours(ravine(100), left)
    left.set(xlim=(-0.3, 1.3), ylim=(-1.25, 1.25), xlabel="along the valley, $\\theta_1$", ylabel="across the valley, $\\theta_2$",
             title="Both zigzag on the way to the star")
    left.text(1.05, 1.08, "start", fontsize=10)
    right.set(yscale="log", xlim=(0, STEPS), ylim=(1e-9, 1e3), xlabel="step", ylabel="loss", title="Momentum arrives in time")
    right.axhline(tuned("sgd")[1].loss[-1], color="black", linewidth=1)
    right.text(99, tuned("sgd")[1].loss[-1] / 2, "gradient descent's end", va="top", ha="right", fontsize=9)
    for rule, x, y, side in (("sgd", 46, 0.9, "left"), ("momentum", 52, 3e-8, "right")):
        right.text(x, y, f"{NAMES[rule]}\nstep size {tuned(rule)[0]:.2g}", color=look(rule).color, fontweight="bold", ha=side,
                   va="bottom" if rule == "sgd" else "center")
    (star,) = left.plot(0, 0, marker="*", color="black", markersize=10, markeredgecolor="white", linestyle="none", zorder=8)
    (start,) = left.plot(1, 1, marker="s", color="black", markersize=8, linestyle="none", zorder=6)
    artists: dict[str, Any] = {"star": star, "start": start}  # they stand still, over the paths
    for rule, name in NAMES.items():
        style = look(rule)
        common: dict[str, Any] = {"color": style.color, "linewidth": 1.2, "marker": style.marker}
        (artists[f"{rule} path"],) = left.plot([], [], linestyle=style.dash, markersize=2.5, **common)
        (artists[f"{rule} loss"],) = right.plot([], [], linestyle=style.dash, markersize=5, markevery=10, **common)
        (artists[f"{rule} end"],) = left.plot([], [], color=style.color, marker=style.marker, markersize=13 if rule == "sgd" else 17,
                                              markerfacecolor="white", markeredgewidth=2, linestyle="none", zorder=7)
        (artists[f"{rule} lead"],) = left.plot([], [], color=style.color, linewidth=1.2, zorder=6)  # from the name to the end
        artists[f"{rule} name"] = left.text(0, 0, f"{name}\nis here", color=style.color, fontweight="bold", ha="center", fontsize=10,
                                            va="bottom" if rule == "sgd" else "top", zorder=9,
                                            bbox={"facecolor": "white", "alpha": 0.7, "edgecolor": "none", "pad": 1})
    return Scene(figure, artists, "Left, two paths over the height lines of a narrow valley, from a square to a star; right, the loss of "
                 "both over the steps, on a logarithmic scale, and a line where gradient descent ends.", {"star": [], "start": []})


def _paths_update(artists: dict[str, Any], steps: int) -> str:
    told = []
    for rule, name in NAMES.items():
        lr, result = tuned(rule)
        path, loss = result.theta[: steps + 1], result.loss[: steps + 1]
        artists[f"{rule} path"].set_data(*path.T)
        artists[f"{rule} loss"].set_data(np.arange(steps + 1), loss)
        artists[f"{rule} end"].set_data(*path[-1:].T)
        (x, y), up = path[-1], 0.45 if rule == "sgd" else -0.35
        told_at = float(np.clip(y + up, -0.85, 0.85))
        artists[f"{rule} name"].set_position((x, told_at))
        artists[f"{rule} lead"].set_data([x, x], [y, told_at])
        told.append(f"{name} {loss[-1]:.2g} (step size {lr:.2g}" + f", beta {BETA1:g}" * (rule == "momentum") + ")")
    return f"Loss after {steps} steps: {', '.join(told)}."


def _stays_below(steps: int) -> bool:
    return bool(steps == np.flatnonzero(tuned("momentum")[1].loss >= tuned("sgd")[1].loss[-1])[-1] + 1)


def what_averaging_does() -> str:
    """Return what a running average (beta1 = BETA1) makes of gradient descent's gradients, in words, read off the twentieth step."""
    g = _first_gradients(20)
    left = abs(_averages(g)[-1]) / abs(g[-4:]).mean(0)
    across, along = bool(left[1] < 0.5), bool(left[0] < 0.5)
    if across == along:
        return "it shrinks both directions alike"
    return "it shrinks the gradients across, and keeps those along" if across else "it keeps the gradients across, and shrinks those along"


def _averages(g: Array) -> Array:
    """The running average of each column of g (T, 2)."""
    return np.stack([average(column, BETA1) for column in g.T], axis=1)


def _first_gradients(count: int) -> Array:
    """The first gradients that gradient descent meets, along and across, in units of the first: (count, 2)."""
    _, result = tuned("sgd")
    g = np.array([ravine(100).grad(theta, np.random.default_rng(0)) for theta in result.theta[:count]])
    return np.asarray(g / g[0])


def show_gradients(*, average: bool = False) -> None:
    """Show gradient descent's first gradients as bars, across the ravine and along it, each in units of the first one.

    average: draw the running average of those gradients over them.
    """
    words = "Two panels of bars over twenty steps: across the valley the gradients change sign at each step, along it all point one way."
    over = " A line over them is their running average: across the valley it stays near zero, along the valley it rises to the bars."
    show(_bars(average), words + over * average)


def _bars(average: bool, shown: int = 20) -> Figure:
    g, words = _first_gradients(shown), {"across": "plus and minus cancel", "along": "what agrees stays"}
    kept, style = _averages(g), look("momentum")
    figure = new_figure(8.4, 3.2)
    for ax, i, (name, told) in zip(figure.subplots(1, 2, sharey=True), (1, 0), words.items(), strict=True):
        ax.bar(np.arange(1, shown + 1), g[:, i], color="#9a9a9a", width=0.7)
        ax.axhline(0, color="black", linewidth=1)
        ax.set(xlabel="step", ylabel="gradient / first gradient" if i else "", ylim=(-1.15, 1.15), xticks=(1, 5, 10, 15, 20),
               title=f"{name.capitalize()}: {told}" if average else f"{name.capitalize()} the valley")
        if average:
            ax.plot(np.arange(1, shown + 1), kept[:, i], color=style.color, marker=style.marker)
            ax.text(20, -0.62 if i else -0.22, f"running average, beta {BETA1:g}", color=style.color, fontweight="bold", ha="right")
    return figure
