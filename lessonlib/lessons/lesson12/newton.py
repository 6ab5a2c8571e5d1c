"""The five Newton-Schulz steps of lesson 12: what they make of the singular values of a matrix, one map applied five times."""
from __future__ import annotations

from typing import Any

import numpy as np

from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure
from lessonlib.plots import look

__all__ = ["BAND", "COEFFICIENTS", "HALF", "after", "five_steps"]

COEFFICIENTS = (3.4445, -4.7750, 2.0315)  # of y, y**3 and y**5
BAND = (0.68, 1.203)  # where the values end
HALF = 0.5
COUNT = 12  # values that are drawn; no one matrix has them all after its division, for their squares add up to more than 1
LOWEST = 1e-4


def after(y: Any, steps: int) -> Any:
    """Return what so many Newton-Schulz steps make of a singular value y, from 0 to 1.

    >>> float(after(0.1, 1).round(4)), float(after(0.1, 5).round(2))
    (0.3397, 0.71)
    """
    a, b, c = COEFFICIENTS
    y = np.asarray(y, float)
    for _ in range(steps):
        y = a * y + b * y**3 + c * y**5
    return y


def five_steps() -> Experiment:
    """Singular values before and after some Newton-Schulz steps: a point for each value, on the curve that takes it there."""
    return Experiment(_scene, _update, {"steps": Slider("Newton-Schulz steps", 0, 5, 0),
                                        "smallest": Slider("smallest value", LOWEST, 0.5, 0.05, log=True)},
                      Goal(f"find the smallest singular value that five steps still lift to {HALF:g}.",
                           lambda steps, smallest: bool(steps == 5 and HALF <= after(smallest, 5) < 1.06 * HALF)),
                      {"steps": 5, "smallest": _least()})


def _least() -> float:
    """The smallest value that five steps lift to HALF, from below."""
    y = np.geomspace(LOWEST, 0.5, 4001)
    return float(y[(after(y, 5) >= HALF).argmax()] * 1.02)


def _scene() -> Scene:
    figure = new_figure(7.4, 4.2)
    ax = figure.add_subplot(xscale="log", xlim=(LOWEST, 1.15), ylim=(0, 1.3), xlabel="singular value before the steps",
                            ylabel="singular value after them")
    ax.axhspan(*BAND, color="#d9d9d9", zorder=1)
    ax.text(1.3e-4, 1.1, f"around 1, from {BAND[0]:.2f} to {BAND[1]:.2f}", fontsize=11, va="center")
    ax.axhline(HALF, color="black", linewidth=1, linestyle=(0, (2, 2)))
    ax.text(1.3e-4, HALF - 0.02, "a half", fontsize=11, va="top")
    style = look("muon")
    (curve,) = ax.plot([], [], color="#666666", linewidth=1.4, zorder=2)
    (points,) = ax.plot([], [], color=style.color, marker="o", markersize=7, linestyle="none", zorder=4)
    (least,) = ax.plot([], [], color=style.color, markerfacecolor="white", markeredgewidth=2, marker="D", markersize=10, linestyle="none",
                       zorder=5, clip_on=False)
    title = ax.set_title("After the steps", y=1.0)
    return Scene(figure, {"title": title, "curve": curve, "points": points, "least": least},
                 f"{COUNT} possible singular values after some steps over the same values before, these on a logarithmic scale, "
                 "with a grey band from 0.68 to 1.20 and a dashed line at a half; the smallest value is a diamond.", {"curve": ["steps"]})


def _update(artists: dict[str, Any], steps: int, smallest: float) -> str:
    if "curve" in artists:
        grid = np.geomspace(LOWEST, 1, 400)
        artists["curve"].set_data(grid, after(grid, steps))
    values = np.geomspace(smallest, 1, COUNT)
    ends = after(values, steps)
    artists["points"].set_data(values[1:], ends[1:])
    artists["least"].set_data(values[:1], ends[:1])
    inside = int(((ends >= BAND[0]) & (ends <= BAND[1])).sum())
    artists["title"].set_text(f"After {steps} steps, {inside} of {COUNT} values are around 1")
    return (f"After {steps} steps: {inside} of {COUNT} values are between {BAND[0]:.2f} and {BAND[1]:.2f}; the smallest was {smallest:.2g} "
            f"and is {float(ends[0]):.2g}.")
