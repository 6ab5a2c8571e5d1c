"""Lesson 8's experiment with the end of a run: RMSprop hops over the minimum, and a step size that falls ends the hopping."""
from __future__ import annotations

from functools import lru_cache, partial
from typing import Any

import numpy as np

from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure, readings
from lessonlib.plots import look
from lessonlib.problems import ravine
from lessonlib.rules import rmsprop
from lessonlib.runner import Run, run

__all__ = ["hopping", "passes", "walk_with_a_falling_step"]

STEPS, BETA2, START = 300, 0.9, np.array([1.0, 0.3])
STEEP = 100.0  # the curvature across the ravine
LAST = 20  # steps that are drawn large
LOWEST, HIGHEST = 1e-40, 1e3  # of what is drawn: the steep number's part turns far down


@lru_cache(maxsize=8)
def walk_with_a_falling_step(lr: float, falling: float) -> Run:
    """Return RMSprop's run in ravine(100) with a memory of ten steps; over the last `falling` percent of them lr falls in a line to 0."""
    return run(rmsprop, ravine(STEEP), steps=STEPS, start=START, beta2=BETA2, lr=partial(_paced, lr, falling))


def passes(lr: float, falling: float) -> int:
    """Return the first step at which lr over the root of v, for the steep number, is above 2 / its curvature; 0 if it never is."""
    found, v, above = walk_with_a_falling_step(lr, falling), 0.0, []
    for t, place in enumerate(found.theta[:-1, 1], start=1):
        v = BETA2 * v + (1 - BETA2) * (STEEP * place) ** 2
        above.append(_paced(lr, falling, t) > 2 / STEEP * v**0.5)
    return int(np.argmax(above)) + 1 if any(above) else 0


def _paced(lr: float, falling: float, t: int) -> float:
    """The step size at step t: over the last `falling` percent of the steps it falls in a line to 0."""
    fall = STEPS * falling / 100
    return lr * min(1.0, (STEPS + 1 - t) / fall) if fall else lr


def _scene() -> Scene:
    figure = new_figure(9.0, 3.9)
    left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
    left.set(yscale="log", xlim=(0, STEPS), ylim=(LOWEST, HIGHEST), xlabel="step", ylabel="loss",
             title="Does the loss stay low?", yticks=[1e-40, 1e-30, 1e-20, 1e-10, 1])
    left.minorticks_off()
    left.axhline(1e-7, color="black", linewidth=1)
    left.text(STEPS - 4, 1e-8, "the goal", fontsize=11, ha="right", va="top")
    left.plot(0, ravine(100).loss(START), marker="s", color="black", markersize=8, linestyle="none", zorder=6, clip_on=False)
    right.set(xlim=(STEPS - LAST, STEPS), ylim=(-1.1, 1.1), xlabel="step", ylabel="position / step size $\\alpha$",
              title="The steep number at the end", xticks=(STEPS - LAST, STEPS - LAST // 2, STEPS), yticks=(-1, -0.5, 0, 0.5, 1))
    right.axhline(0, color="black", linewidth=1)
    right.text(STEPS - LAST + 0.5, -0.95, "line at 0: the minimum", fontsize=11)
    style = look("rmsprop")
    (steep,) = left.plot([], [], color="#8a8a8a", linewidth=1.4)
    left.text(STEPS - 4, 1e-31, "grey: the steep number's part", fontsize=9.5, ha="right", va="center", color="#5c5c5c")
    (loss,) = left.plot([], [], color=style.color, linewidth=2.2)
    (lowest,) = left.plot([], [], color=style.color, marker="v", markersize=10, linestyle="none", zorder=6)
    (limit,) = left.plot([], [], color="black", linewidth=1, linestyle=":")
    passed = left.text(0, 30, "here alpha / root of v first passes 2 / curvature", fontsize=9.5, va="center")
    (end,) = right.plot([], [], color=style.color, marker=style.marker, markersize=6, linewidth=1.4)
    note = readings(left, 0.68, 0.36, ["step size:", "falling part, %:", "lowest, ▼, at step:"], fontsize=11)
    return Scene(figure, {"steep": steep, "loss": loss, "lowest": lowest, "limit": limit, "passed": passed, "end": end, "note": note},
                 f"Left, over {STEPS} steps and on a logarithmic scale: RMSprop's loss in a ravine, in grey the "
                 "steep number's part of it, a triangle where it is lowest, a "
                 "dotted line where the steep number's own step size passes 2 divided by the curvature, and a line at the goal; right, the "
                 f"steep number over the last {LAST} steps, in units of the step size that is set, with a line at the minimum.")


def _update(artists: dict[str, Any], lr: float, falling: float) -> str:
    found, steps = walk_with_a_falling_step(lr, falling), np.arange(STEPS + 1)
    low = int(found.loss.argmin())
    artists["note"].set_text(f"{lr:.2g}\n{falling:.0f}\n{low}")
    artists["steep"].set_data(steps, np.clip(STEEP / 2 * found.theta[:, 1] ** 2, LOWEST / 10, HIGHEST))
    artists["loss"].set_data(steps, np.clip(found.loss, LOWEST / 10, HIGHEST))
    artists["lowest"].set_data([low], [np.clip(found.loss[low], 3 * LOWEST, HIGHEST)])
    place = passes(lr, falling)
    artists["limit"].set_data([place, place], [LOWEST, HIGHEST])
    artists["passed"].set_position((place + 3, 30))
    for name in ("limit", "passed"):
        artists[name].set_visible(place > 0)
    artists["end"].set_data(steps[-LAST - 1:], np.clip(found.theta[-LAST - 1:, 1] / lr, -2, 2))
    end = found.loss[-1]
    told = f"{end:.1e}" if end > 1e-12 else "less than 1e-12"
    return f"Step size {lr:.2g}, falling over the last {falling:.0f} % of the steps: the loss ends at {told}."


def hopping() -> Experiment:
    """RMSprop's loss in a ravine, and the last steps of its steep number; the step size may fall at the end."""
    return Experiment(_scene, _update, {"lr": Slider("step size", 0.01, 0.1, 0.03, log=True),
                                        "falling": Slider("falling part, %", 0, 100, 0)},
                      Goal("let the loss end below 10⁻⁷.",
                           lambda lr, falling: bool(walk_with_a_falling_step(lr, falling).loss[-1] < 1e-7)))
