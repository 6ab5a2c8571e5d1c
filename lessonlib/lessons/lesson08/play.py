"""The experiments of lesson 8, RMSprop, on the step that each coordinate gets; each is a function that returns an Experiment."""
from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from typing import Any

import numpy as np

from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure, readings
from lessonlib.plots import contours, look
from lessonlib.problems import Problem, ravine
from lessonlib.rules import State, rmsprop
from lessonlib.runner import Run, run

__all__ = ["burst", "effective_step", "own_steps", "step_lengths"]

Array = np.ndarray[Any, Any]


def effective_step(result: Run, problem: Problem, *, lr: float, beta2: float = 0.99, eps: float = 1e-8) -> Array:
    """Return lr / (v**0.5 + eps) at each step of a single RMSprop run recorded with its path: (T, n)."""
    squares = (1 - beta2) * problem.grad(result.theta[:-1], np.random.default_rng(0)) ** 2
    v = np.array(list(accumulate(squares, lambda v, g2: beta2 * v + g2)))
    return lr / (v**0.5 + eps)


def step_lengths(beta2: float, steps: int) -> Array:
    """Return how long each step of RMSprop is under a steady gradient, in units of lr: (steps,)."""
    theta, s, path = 0.0, State(), [0.0]
    for _ in range(steps):
        theta, s = rmsprop(theta, 1.0, s, lr=1.0, beta2=beta2, eps=0.0)
        path.append(theta)
    return -np.diff(path)


OWN_STEPS, CURVATURE = 300, np.array([1.0, 100.0])
OWN_RAVINE = ravine(CURVATURE[1])


@lru_cache(maxsize=4)
def _attempt(lr: float, memory: float, start2: float) -> tuple[Run, Array]:
    """The run, and the effective step of each coordinate, (T, 2)."""
    beta2 = 1 - 1 / memory
    result = run(rmsprop, OWN_RAVINE, steps=OWN_STEPS, lr=lr, beta2=beta2, start=np.array([1.0, start2]))
    return result, effective_step(result, OWN_RAVINE, lr=lr, beta2=beta2)


def _own_scene() -> Scene:
    colors = ("#9e5210", "#5c2c05")
    figure = new_figure(8.8, 4.0)
    left, right = figure.subplots(1, 2, width_ratios=[1, 1.3])
    contours(OWN_RAVINE, left)
    left.set_title("The path, from the square")
    (square,) = left.plot([], [], marker="s", color="black", markersize=7, linestyle="none", zorder=6)
    right.set(yscale="log", xlim=(0, OWN_STEPS), ylim=(1e-4, 30), xlabel="step", ylabel="effective step",
              title="Each finds its own step size")
    for value, color, name, x, side in zip(2 / CURVATURE, colors, ("flat", "steep"), (4, OWN_STEPS), ("left", "right"), strict=True):
        right.axhline(value, color=color, linewidth=1, linestyle=":")
        right.text(x, value * 1.2, f"2 / curvature, {name}", color=color, fontsize=11, ha=side, va="bottom")
    style = look("rmsprop")
    (path,) = left.plot([], [], color=style.color, marker=style.marker, markersize=4.5, markevery=10, linewidth=1.4)
    (flat,) = right.plot([], [], color=colors[0], label="flat, $\\theta_1$")
    (steep,) = right.plot([], [], color=colors[1], linestyle="--", label="steep, $\\theta_2$")
    note = readings(left, 0.62, 0.97, ["step size:", "memory, steps:"], va="top", fontsize=9)
    figure.legend(handles=[flat, steep], loc="outside lower right", ncols=2)
    return Scene(figure, {"note": note, "path": path, "square": square, "flat": flat, "steep": steep},
                 f"Left, RMSprop's path in a ravine of condition number {CURVATURE[1]:g}; right, the effective step of the flat and of the "
                 "steep coordinate over time, with a dotted line at 2 over the curvature of each.")


def _size(x: float) -> str:
    return f"{abs(x):.1e}" if abs(x) > 1e-12 else "less than 1e-12"  # further digits differ between machines


def _own_update(artists: dict[str, Any], lr: float, memory: float, start2: float) -> str:
    result, effective = _attempt(lr, memory, start2)
    artists["path"].set_data(*np.clip(result.theta, -9, 9).T)
    artists["square"].set_data([result.theta[0, 0]], [result.theta[0, 1]])
    artists["note"].set_text(f"{lr:.3g}\n{memory:.3g}")
    for name, values in zip(("flat", "steep"), effective.T, strict=True):
        artists[name].set_data(np.arange(1, OWN_STEPS + 1), values)
    flat, steep = effective[-1] * CURVATURE
    return (f"beta2 = {1 - 1 / memory:.4g}: after {OWN_STEPS} steps, effective step times curvature is {flat:.2f} (flat) and "
            f"{steep:.2f} (steep); theta is {_size(result.theta[-1, 0])} and {_size(result.theta[-1, 1])} from the minimum.")


def _both_at_the_border(lr: float, memory: float, start2: float) -> bool:
    _, effective = _attempt(lr, memory, start2)
    return bool((np.median(effective[-50:], axis=0) * CURVATURE > 1.9).all())


def own_steps() -> Experiment:
    """RMSprop's path in an aligned ravine, and the effective step of each coordinate over time."""
    return Experiment(_own_scene, _own_update,
                      {"lr": Slider("step size lr", 1e-3, 0.3, 0.01, log=True),
                       "memory": Slider("memory of v, steps", 1.0, 1000.0, 100.0, log=True),
                       "start2": Slider("start, theta 2", 0.1, 1.5, 0.3, step=0.05)},
                      Goal(f"let both effective steps climb to their dotted lines, and stay there, within {OWN_STEPS} steps.",
                           _both_at_the_border), {"memory": 10.0})


BURST, BURST_GOAL = np.arange(1, 61), 2.0  # the steps whose lengths are drawn, and the goal for the first


def _burst_scene() -> Scene:
    figure = new_figure(7.6, 4.0)
    ax = figure.add_subplot(yscale="log", xlim=(0, BURST[-1] + 1), ylim=(0.75, 40), xlabel="step",
                            ylabel="length of the step / $\\alpha$", title="The first steps are longer than $\\alpha$")
    ax.set_yticks([1, 2, 3, 5, 10, 20], ["1", "2", "3", "5", "10", "20"])
    ax.minorticks_off()
    for height, at, name in ((1.0, 0.83, "as long as $\\alpha$"), (BURST_GOAL, 1.27, "the goal for\nthe first step")):
        ends = BURST[-1] + 1 if height == 1 else 11
        ax.plot([0, ends], [height, height], color="black", linewidth=1)
        ax.text(ends - 0.4, at, name, ha="right", fontsize=11)
    style = look("rmsprop")
    (lengths,) = ax.plot([], [], color=style.color, marker="o", markersize=4, linestyle="none")
    (first,) = ax.plot([], [], color=style.color, marker=style.marker, markersize=10, linestyle="none", zorder=6, clip_on=False)
    note = readings(ax, 0.72, 0.95, ["memory, steps:", "first step / $\\alpha$:"], va="top")
    return Scene(figure, {"lengths": lengths, "first": first, "note": note},
                 f"A point for the length of each of RMSprop's first {BURST[-1]} steps under a steady gradient, in units of the step "
                 "size and on a logarithmic scale, with lines at 1 and at 2, and a diamond on the first.")


def _burst_update(artists: dict[str, Any], memory: float) -> str:
    lengths = step_lengths(1 - 1 / memory, int(BURST[-1]))
    artists["lengths"].set_data(BURST, lengths)
    artists["first"].set_data([1], [lengths[0]])
    artists["note"].set_text(f"{memory:.3g}\n{lengths[0]:.2f}")
    return (f"A memory of {memory:.3g} steps, beta2 = {1 - 1 / memory:.4g}: the first step is {lengths[0]:.2f} step sizes long, the tenth "
            f"{lengths[9]:.2f}, the sixtieth {lengths[-1]:.2f}.")


def burst() -> Experiment:
    """How long RMSprop's first steps are under a steady gradient, over the memory of v."""
    return Experiment(_burst_scene, _burst_update, {"memory": Slider("memory of v, steps", 1.0, 1000.0, 100.0, log=True)},
                      Goal("find the longest memory (to a tenth of it) whose first step is at most twice the step size.",
                           lambda memory: 3.6 <= memory <= 4.0 + 1e-9))
