"""The experiment of lesson 0: a step size and a valley that grows steeper, and for which valleys any step size is left."""
from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from lessonlib import rules
from lessonlib.lessons.lesson00.opening import rings
from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure
from lessonlib.play.panels import path_and_loss, show_run
from lessonlib.problems import ravine
from lessonlib.runner import Run, run

__all__ = ["steepest", "step_size", "windows"]

STEPS, TARGET = 60, 1e-7


@lru_cache(maxsize=4)
def _descent(lr: float, steep: float) -> Run:
    return run(rules.sgd, ravine(steep), steps=STEPS, lr=lr)


def _scene() -> Scene:
    figure = new_figure(7.6, 3.9)
    left, artists = path_and_loss(figure, "sgd", steps=STEPS, target=TARGET, widths=(1, 1.15))
    left.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), xlabel="$\\theta_1$ (along)", ylabel="$\\theta_2$ (across)")
    left.grid(visible=False)
    (artists["star"],) = left.plot(0, 0, color="black", marker="*", markersize=13, linestyle="none", zorder=6)  # they stand still,
    (artists["start"],) = left.plot(1, 1, color="black", marker="s", markersize=8, linestyle="none", zorder=6)  # over the path
    left.text(1.08, 1.1, "start", fontsize=9)
    (artists["lines"],) = left.plot([], [], color="#b0b0b0", linewidth=0.9, zorder=1)
    artists["path"].set_color("black")
    box: dict[str, Any] = {"va": "top", "fontsize": 9.5, "zorder": 6,
                           "bbox": {"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 2}}
    artists["note"] = left.text(0.03, 0.97, "", transform=left.transAxes, **box)
    right = artists["curve"].axes
    artists["left"] = right.text(0.97, 0.96, "", transform=right.transAxes, ha="right", **box)
    return Scene(figure, artists,
                 f"Left, the path of gradient descent from a square over the height lines of a valley; right, the loss over {STEPS} steps "
                 f"on a logarithmic scale and a line at {TARGET:g}.", {"lines": ["steep"], "star": [], "start": []})


def _update(artists: dict[str, Any], lr: float, steep: float) -> str:
    lr, steep = (float(f"{value:.6g}") for value in (lr, steep))  # a typed value has fewer digits: the same pixels for both
    result = _descent(lr, steep)
    show_run(artists, result)
    if "lines" in artists:
        artists["lines"].set_data(*rings(steep, np.arange(1, -5, -1)))
    artists["note"].set_text(f"lr = {lr:.3g}\ncurvature {steep:.3g}")
    end = result.loss[-1]
    artists["left"].set_text(f"after {STEPS} steps {end:.1e}" if end < 1e99 else f"after {STEPS} steps beyond 1e99")
    along, across = (round(1 - lr * curvature, 3) + 0.0 for curvature in (1.0, steep))
    return (f"Each step multiplies the distance along the valley by {along:g} and across it by {across:g}. "
            f"Loss after {STEPS} steps: {result.loss[-1]:.1e}.")


def step_size() -> Experiment:
    """Gradient descent in a valley of curvature 1 along and a chosen one across: the path, and the loss against the step."""
    return Experiment(_scene, _update,
                      {"lr": Slider("step size lr", 0.002, 2.0, 0.02, log=True, step=0.002),
                       "steep": Slider("curvature across", 1.0, 100.0, 10.0, log=True)},
                      Goal(f"with a curvature of 14 or more across the valley, loss below {TARGET:g} after {STEPS} steps.",
                           lambda lr, steep: steep > 13.99 and bool(_descent(lr, steep).loss[-1] < TARGET)), {"lr": 0.125, "steep": 14.5})


def steepest() -> float:
    """Return the largest curvature across, to a hundredth, at which some step size reaches the goal."""
    steeps, lrs = np.arange(14, 17, 0.01), np.linspace(0.1, 0.14, 4001)
    along = np.abs(1 - lrs) ** (2 * STEPS)
    left = [(along + steep * np.abs(1 - lrs * steep) ** (2 * STEPS)).min() / 2 for steep in steeps]
    return float(steeps[np.array(left) < TARGET].max())


def windows(valleys: tuple[float, ...] = (10, 12, 14, 15, 16)) -> list[list[Any]]:
    """Return a row for each curvature across: the smallest and the largest step size that reach the goal, "none" where none does."""
    lrs, rows = np.geomspace(1e-3, 2, 2000), []
    for steep in valleys:
        good = lrs[run(rules.sgd, ravine(steep), steps=STEPS, record="last", lr=lrs[:, None]).loss[0] < TARGET]
        rows.append([steep, *((good.min(), good.max()) if good.size else ("none", "none"))])
    return rows
