"""The pair of panels that several experiments show: the path of one run in the plane, and its loss against a line to get below."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lessonlib.plots import look
from lessonlib.runner import Run

__all__ = ["path_and_loss", "show_run"]

FAR = 19.0  # a path that leaves the window ends here: beyond it, lines of any length are slow to draw and look the same


def path_and_loss(
    figure: Figure, rule: str, *, steps: int, target: float, losses: tuple[float, float] = (1e-12, 1e4), widths: Sequence[float] = (1, 1)
) -> tuple[Axes, dict[str, Any]]:
    """Draw the two panels; return the left axes, whose landscape is still to be drawn, and the artists "path", "curve" and "end".

    rule: whose colour and marker they have. target: where the line is. losses: the lowest and the highest loss on the axis.
    """
    left, right = figure.subplots(1, 2, width_ratios=widths)
    left.set_title("The path")
    right.set(yscale="log", xlim=(0, steps), ylim=losses, xlabel="step", ylabel="loss", title="Below the line?")
    right.axhline(target, color="black", linewidth=1)
    right.text(steps * 0.02, target * 0.3, f"the goal, {target:g}", va="top")
    style = look(rule)
    (path,) = left.plot([], [], color=style.color, marker=style.marker, markersize=3.5, linewidth=1)
    (curve,) = right.plot([], [], color=style.color)
    (end,) = right.plot([], [], color=style.color, marker=style.marker, markersize=8, clip_on=False)
    return left, {"path": path, "curve": curve, "end": end}


def show_run(artists: dict[str, Any], result: Run) -> None:
    """Move the artists "path", "curve" and, if there is one, "end" to a single run recorded with its path."""
    loss = np.clip(result.loss, *artists["curve"].axes.get_ylim())
    artists["path"].set_data(*np.clip(result.theta, -FAR, FAR).T)
    artists["curve"].set_data(np.arange(len(loss)), loss)
    if "end" in artists:
        artists["end"].set_data([len(loss) - 1], loss[-1:])
