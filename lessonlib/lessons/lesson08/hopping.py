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

__all__ = ["hopping", "walk_with_a_falling_step"]

STEPS, BETA2, START = 300, 0.9, np.array([1.0, 0.3])
LAST = 20  # steps that are drawn large


@lru_cache(maxsize=8)
def walk_with_a_falling_step(lr: float, falling: float) -> Run:
    """Return RMSprop's run in ravine(100) with a memory of ten steps; over the last `falling` percent of them lr falls in a line to 0."""
    fall = STEPS * falling / 100

    def paced(t: int) -> float:
        return lr * min(1.0, (STEPS + 1 - t) / fall) if fall else lr

    return run(rmsprop, ravine(100), steps=STEPS, start=START, beta2=BETA2, lr=paced)


def _scene() -> Scene:
    figure = new_figure(8.4, 3.9)
    grid = figure.add_gridspec(2, 2, width_ratios=[1.4, 1], height_ratios=[1.5, 1])
    left, below, right = (figure.add_subplot(place) for place in (grid[0, 0], grid[1, 0], grid[:, 1]))
    left.set(yscale="log", xlim=(0, STEPS), ylim=(1e-16, 1e6), ylabel="loss", title="The whole run", xticklabels=[])
    left.set_yticks([1e-15, 1e-10, 1e-5, 1])
    below.set(yscale="log", xlim=(0, STEPS), ylim=(1e-7, 1e2), xlabel="step", ylabel="step, in first\nstep sizes")
    below.set_yticks([1e-6, 1e-3, 1])
    below.axhline(1, color="black", linewidth=1)
    left.plot(0, ravine(100).loss(START), marker="s", color="black", markersize=8, linestyle="none", zorder=6, clip_on=False)
    right.set(xlim=(STEPS - LAST, STEPS), ylim=(-1.1, 1.1), xlabel="step", ylabel="$\\theta_1$, in first step sizes",
              title="Its last steps", xticks=(STEPS - LAST, STEPS - LAST // 2, STEPS))
    right.axhline(0, color="black", linewidth=1)
    style = look("rmsprop")
    (loss,) = left.plot([], [], color=style.color, linewidth=1.2)
    (length,) = below.plot([], [], color=style.color, linewidth=1.2)
    (end,) = right.plot([], [], color=style.color, marker=style.marker, markersize=5, linewidth=1)
    note = readings(left, 0.88, 0.95, ["step size:", "falling part, %:"], va="top", fontsize=9)
    return Scene(figure, {"loss": loss, "length": length, "end": end, "note": note},
                 f"Left, RMSprop's loss in a ravine over {STEPS} steps, "
                 "and below it the longer of its two moves in units of the first step size, both on logarithmic scales, with a line at 1; "
                 f"right, its first number over the last {LAST} steps, in units of the first step size, with a line at the minimum.")


def _update(artists: dict[str, Any], lr: float, falling: float) -> str:
    found = walk_with_a_falling_step(lr, falling)
    artists["note"].set_text(f"{lr:.2g}\n{falling:.0f}")
    artists["loss"].set_data(np.arange(STEPS + 1), np.clip(found.loss, 1e-17, 1e4))
    artists["length"].set_data(np.arange(1, STEPS + 1), np.clip(np.abs(np.diff(found.theta, axis=0)).max(axis=1) / lr, 1e-8, 1e3))
    artists["end"].set_data(np.arange(STEPS - LAST, STEPS + 1), np.clip(found.theta[-LAST - 1:, 0] / lr, -2, 2))
    end = found.loss[-1]
    told = f"{end:.1e}" if end > 1e-12 else "less than 1e-12"
    return f"Step size {lr:.2g}, falling over the last {falling:.0f} % of the steps: the loss ends at {told}."


def hopping() -> Experiment:
    """RMSprop's loss in a ravine and its last steps; the step size may fall over the last part of the run."""
    return Experiment(_scene, _update, {"lr": Slider("step size", 0.003, 0.1, 0.03, log=True),
                                        "falling": Slider("falling part, %", 0, 100, 0)},
                      Goal("let the loss end below 0.0000001.",
                           lambda lr, falling: bool(walk_with_a_falling_step(lr, falling).loss[-1] < 1e-7)))
