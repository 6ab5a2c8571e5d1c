"""Lesson 8's experiment with the end of a run: RMSprop hops over the minimum, and a step size that falls ends the hopping."""
from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure, readings
from lessonlib.plots import look
from lessonlib.problems import ravine
from lessonlib.rules import rmsprop
from lessonlib.runner import Run, run

__all__ = ["by_distance", "hopping", "parts_of_the_loss", "walk_with_a_falling_step"]

Array = np.ndarray[Any, Any]
STEPS, BETA2, START, CURVATURES = 300, 0.9, np.array([1.0, 0.3]), np.array([1.0, 100.0])
LAST = 20  # steps that are drawn large
LOWEST, HIGHEST, TOP = 1e-42, 1e6, 1e15  # of what is drawn, and the end of the axis
NUMBERS = (("flat", "-", "o", 8), ("steep", "--", "s", 4))


@lru_cache(maxsize=8)
def walk_with_a_falling_step(lr: float, falling: float) -> Run:
    """Return RMSprop's run in ravine(100) with a memory of ten steps; over the last `falling` percent of them lr falls in a line to 0."""
    fall = STEPS * falling / 100

    def paced(t: int) -> float:
        return lr * min(1.0, (STEPS + 1 - t) / fall) if fall else lr

    return run(rmsprop, ravine(100), steps=STEPS, start=START, beta2=BETA2, lr=paced)


def parts_of_the_loss(walk: Run) -> Array:
    """Return what each number adds to the loss after each step, the flat one first: (T + 1, 2); their sum is the loss."""
    return np.asarray(0.5 * CURVATURES * walk.theta**2)


def by_distance(walk: Run) -> Array:
    """Return how long each step of a number is, divided by its distance from the minimum before it: (T, 2); nan where that is 0.

    Above 2 the number ends further away than it was, on the other side.
    """
    far = np.abs(walk.theta[:-1])
    return np.asarray(np.divide(np.abs(np.diff(walk.theta, axis=0)), far, out=np.full_like(far, np.nan), where=far > 0))


def _scene() -> Scene:
    figure = new_figure(8.8, 4.8)
    grid = figure.add_gridspec(2, 2, width_ratios=[1.5, 1])
    left, below, right = (figure.add_subplot(place) for place in (grid[0, 0], grid[1, 0], grid[:, 1]))
    left.set(yscale="log", xlim=(0, STEPS), ylim=(LOWEST, TOP), ylabel="loss", title="The loss and its two parts",
             xticklabels=[])
    left.axhline(1e-7, color="black", linewidth=1)
    left.text(STEPS - 4, 3e-8, "the goal", fontsize=9, ha="right", va="top")
    left.set_yticks([1e-40, 1e-30, 1e-20, 1e-10, 1])
    below.set(yscale="log", xlim=(0, STEPS), ylim=(0.03, 60), xlabel="step", ylabel="step / distance",
              title="Above 2, a step ends further away")
    below.set_yticks([0.1, 1, 2, 10], ["0.1", "1", "2", "10"])
    below.minorticks_off()
    below.axhline(2, color="black", linewidth=1)
    left.plot(0, ravine(100).loss(START), marker="s", color="black", markersize=8, linestyle="none", zorder=6, clip_on=False)
    right.set(xlim=(STEPS - LAST, STEPS), ylim=(-1.1, 1.1), xlabel="step", ylabel="distance / step size $\\alpha$",
              title="Its last steps", xticks=(STEPS - LAST, STEPS - LAST // 2, STEPS), yticks=(-1, -0.5, 0, 0.5, 1))
    right.axhline(0, color="black", linewidth=1)
    artists: dict[str, Any] = {}
    (artists["loss"],) = left.plot([], [], color="#bbbbbb", linewidth=5, label="loss, the sum")
    for (name, dash, marker, size), color in zip(NUMBERS, (look("rmsprop").color, "black"), strict=True):
        for what, ax in (("part", left), ("ratio", below)):
            (artists[f"{name} {what}"],) = ax.plot([], [], color=color, linestyle=dash, linewidth=1.6)
        (artists[f"{name} end"],) = right.plot([], [], color=color, linestyle=dash, marker=marker, markersize=size, linewidth=1,
                                               label=f"{name} number")
    figure.legend(handles=[artists["loss"], *(artists[f"{name} end"] for name, *_ in NUMBERS)], loc="outside lower center", ncols=3)
    artists["note"] = readings(left, 0.88, 0.95, ["step size:", "falling part, %:"], va="top", fontsize=9)
    return Scene(figure, artists,
                 f"Left, over {STEPS} steps and on logarithmic scales: RMSprop's loss in a ravine with the parts that the flat and the "
                 "steep number add to it and a line at the goal, and below it how long each one's steps are, divided by its distance from "
                 "the minimum, with a line at 2; "
                 f"right, both numbers over the last {LAST} steps, in units of the step size that is set, with a line at the minimum.")


def _update(artists: dict[str, Any], lr: float, falling: float) -> str:
    found, steps = walk_with_a_falling_step(lr, falling), np.arange(STEPS + 1)
    artists["note"].set_text(f"{lr:.2g}\n{falling:.0f}")
    artists["loss"].set_data(steps, np.clip(found.loss, LOWEST / 10, HIGHEST))
    for place, (name, *_) in enumerate(NUMBERS):
        artists[f"{name} part"].set_data(steps, np.clip(parts_of_the_loss(found)[:, place], LOWEST / 10, HIGHEST))
        artists[f"{name} ratio"].set_data(steps[1:], np.clip(by_distance(found)[:, place], 1e-3, 1e3))
        artists[f"{name} end"].set_data(steps[-LAST - 1:], np.clip(found.theta[-LAST - 1:, place] / lr, -2, 2))
    end = found.loss[-1]
    told = f"{end:.1e}" if end > 1e-12 else "less than 1e-12"
    return f"Step size {lr:.2g}, falling over the last {falling:.0f} % of the steps: the loss ends at {told}."


def hopping() -> Experiment:
    """RMSprop's loss in a ravine in two parts, its steps beside the distances, its last steps; the step size may fall at the end."""
    return Experiment(_scene, _update, {"lr": Slider("step size", 0.003, 0.1, 0.03, log=True),
                                        "falling": Slider("falling part, %", 0, 100, 0)},
                      Goal("let the loss end below 10⁻⁷.",
                           lambda lr, falling: bool(walk_with_a_falling_step(lr, falling).loss[-1] < 1e-7)))
