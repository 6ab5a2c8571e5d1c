"""The experiments of lesson 9, Adam; each is a function that returns an Experiment."""
from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import numpy as np

from lessonlib import rules
from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure, readings
from lessonlib.plots import look

__all__ = ["after_many", "correction_ratio", "each_setting", "moves", "step_ratio"]

Array = np.ndarray[Any, Any]


def step_ratio(t: Any, beta1: float, beta2: float) -> Any:
    """Return how many times too large Adam's step t = 1, 2, ... is without bias correction, for a steady gradient.

    (1 - beta1**t) / (1 - beta2**t)**0.5; 1 means as large as with it.

    >>> step_ratio(np.array([1, 12]), 0.9, 0.999).round(2).tolist()
    [3.16, 6.57]
    """
    return (1 - beta1**t) / (1 - beta2**t) ** 0.5


def after_many(beta2: float) -> float:
    """Return how long Adam's step is at a gradient of 30 after three hundred of 3, in step sizes.

    >>> [round(after_many(beta2), 2) for beta2 in (0.9, 0.999)]
    [0.58, 1.62]
    """
    theta, s = 0.0, rules.State()
    for g in [3.0] * 300 + [30.0]:
        before = theta
        theta, s = rules.adam(theta, g, s, lr=1.0, beta2=beta2)
    return before - theta


RATIO_STEPS = 5000


def _ratio_scene() -> Scene:
    figure = new_figure()
    ax = figure.add_subplot(xscale="log", yscale="log", xlim=(0.8, RATIO_STEPS), ylim=(0.1, 30), xlabel="step t",
                            ylabel="step without correction / with it", title="Without correction, the first steps have the wrong size")
    ax.axhspan(0.95, 1.05, color="#cccccc", zorder=0)
    ax.text(4500, 0.9, "within 5 % of right", color="#555555", fontsize=9, ha="right", va="top")
    ax.set_yticks([0.1, 0.3, 1, 3, 10, 30], ["0.1", "0.3", "1", "3", "10", "30"])
    ax.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
    ax.plot(_drawn_steps(), step_ratio(_drawn_steps(), 0.9, 0.999), color="#999999", linewidth=1, linestyle="--")
    (line,) = ax.plot([], [], color=look("adam").color)
    (peak,) = ax.plot([], [], color=look("adam").color, marker=look("adam").marker, linestyle="none", markersize=9)
    (first,) = ax.plot([], [], color=look("adam").color, marker="s", mfc="white", mew=2, ls="none", markersize=9, clip_on=False, zorder=6)
    note = readings(ax, 0.76, 0.95, ["\u03b2\u2081, \u03b2\u2082:", "first step:", "furthest off:", "within 5 %:"], va="top")
    return Scene(figure, {"line": line, "peak": peak, "first": first, "note": note},
                 "The ratio of Adam's step without bias correction to the step with it, against step t from 1 to 5000, both axes "
                 "logarithmic; dashed, the ratio at the defaults; a square, the first step.")


@cache
def _drawn_steps() -> Array:
    return np.unique(np.geomspace(1, RATIO_STEPS, 600).round())


def _ratio_update(artists: dict[str, Any], memory1: float, memory2: float) -> str:
    beta1, beta2 = 1 - 1 / memory1, 1 - 1 / memory2
    ratio = step_ratio(np.arange(1, RATIO_STEPS + 1), beta1, beta2)
    top = int(np.abs(np.log(ratio)).argmax())
    far = np.flatnonzero(np.abs(ratio - 1) > 0.05)
    settled = "throughout" if not len(far) else f"from step {far[-1] + 2}" if far[-1] + 2 <= RATIO_STEPS else "not by step 5000"
    artists["line"].set_data(_drawn_steps(), step_ratio(_drawn_steps(), beta1, beta2))
    artists["peak"].set_data([top + 1], [ratio[top]])
    artists["first"].set_data([1], [ratio[0]])
    artists["note"].set_text(f"{beta1:.4g}, {beta2:.4g}\n{ratio[0]:.2f} times\n{ratio[top]:.2f} at t = {top + 1}\n{settled}")
    return (f"beta1 = {beta1:.4g}, beta2 = {beta2:.4g}: at t = 1 the step is {ratio[0]:.2f} times the right one; "
            f"furthest off at t = {top + 1}, {ratio[top]:.2f} times; within 5 %: {settled}.")


def correction_ratio() -> Experiment:
    """How many times too large or small Adam's step is without bias correction, over t, for any beta1 and beta2."""
    return Experiment(_ratio_scene, _ratio_update,
                      {"memory1": Slider("memory of m, steps", 1.0, 100.0, 10.0, log=True),
                       "memory2": Slider("memory of v, steps", 1.0, 10_000.0, 1000.0, log=True)},
                      Goal("with beta1 at 0.5 or more (a memory of 2 steps), find a beta2 at which the first step needs no correction.",
                           lambda memory1, memory2: memory1 > 1.99
                           and bool(abs(step_ratio(1, 1 - 1 / memory1, 1 - 1 / memory2) - 1) < 0.02)))


STREAM = np.r_[np.ones(100), -np.ones(100), -0.01 * np.ones(200)]  # it turns, and then it becomes a hundred times as small
TALL = 1.6  # step sizes, as far as they are drawn


@lru_cache(maxsize=4)
def moves(beta1: float, beta2: float, eps: float) -> Array:
    """Return what Adam subtracts from a parameter at each gradient of STREAM, in step sizes: (T,)."""
    theta, s, path = 0.0, rules.State(), [0.0]
    for g in STREAM.tolist():
        theta, s = rules.adam(theta, g, s, lr=1.0, beta1=beta1, beta2=beta2, eps=eps)
        path.append(theta)
    return -np.diff(path)


def _setting_scene() -> Scene:
    figure = new_figure(8.0, 3.6)
    ax = figure.add_subplot(xlim=(0, len(STREAM)), ylim=(-TALL, TALL), xlabel="step", ylabel="in step sizes $\\alpha$",
                            title="How far each step goes downhill")
    for at, text in ((50, "gradient 1"), (150, "gradient \u22121"), (300, "gradient \u22120.01")):
        ax.text(at, 1.42, text, ha="center", va="center")
    for at in (100, 200):
        ax.axvline(at, color="#8a8a8a", linewidth=1)
    ax.axhspan(-TALL, 0, color="#e9e9e9", zorder=0)
    ax.text(210, -0.3, "down here a step goes uphill", color="#555555", fontsize=10, va="center")
    ax.axhline(1, color="black", linestyle="--", linewidth=1.2)
    ax.text(5, 0.8, "one step size", fontsize=10, va="center")
    style = look("adam")
    (line,) = ax.plot([], [], color=style.color, linewidth=2.2)
    (end,) = ax.plot([], [], color=style.color, marker=style.marker, markersize=9, linestyle="none", clip_on=False, zorder=6)
    note = ax.text(396, 0.3, "", color=style.color, ha="right", va="center", fontsize=10.5)
    return Scene(figure, {"line": line, "end": end, "note": note},
                 "How far each of Adam's steps goes downhill for one parameter over 400 steps, in step sizes; the gradient is 1, "
                 "turns to -1 after 100 steps, and shrinks to -0.01 after 200; dashed, one step size; grey, uphill.")


def _setting_update(artists: dict[str, Any], beta1: float, beta2: float, eps: float) -> str:
    walked = moves(beta1, beta2, eps)
    downhill = np.clip(walked * np.sign(STREAM), -TALL, TALL)
    artists["line"].set_data(np.arange(len(walked)) + 1, downhill)
    artists["end"].set_data([len(walked)], downhill[-1:])
    artists["note"].set_position((396, downhill[-1] + (0.22 if downhill[-1] < 0.6 else -0.25)))
    artists["note"].set_text(f"last step: {abs(walked[-1]):.2f} step sizes")
    late = np.flatnonzero(walked[100:200] < 0)
    turned = f"{late[0]} steps late" if len(late) else "not within 100 steps"
    return (f"beta1 = {beta1:.2g}, beta2 = {beta2:.3g}, eps = {eps:.1g}: the first step is {walked[0]:.2f} step sizes long; the step turns "
            f"{turned}; the last one is {abs(walked[-1]):.2f} step sizes long.")


def each_setting() -> Experiment:
    """What beta1, beta2 and eps do to the steps of one parameter whose gradient turns, and then becomes small."""
    return Experiment(_setting_scene, _setting_update,
                      {"beta1": Slider("beta1", 0.0, 0.95, 0.9, step=0.05), "beta2": Slider("beta2", 0.9, 0.999, 0.999, step=0.003),
                       "eps": Slider("eps", 1e-8, 1.0, 1e-8, log=True, step=0.5)},
                      Goal("make the last step at least nine tenths of a step size long.",
                           lambda beta1, beta2, eps: bool(abs(moves(beta1, beta2, eps)[-1]) >= 0.9)))
