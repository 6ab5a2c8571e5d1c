"""The tries of lesson 0: how the loss of the network goes at each step size that the learner gives it."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lessonlib.lessons.lesson00.opening import HERE
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show

__all__ = ["LAST", "panels", "show_tries"]

Array = np.ndarray[Any, Any]

LAST, ACROSS = 50, 4  # the losses that are averaged, and the most panels of a row
LOWEST, USUAL, HIGHEST, BLIND = 0.03, 8.0, 100.0, float(np.log(10))  # nats: of the axis, USUAL if no loss is above; a blind guess


def show_tries(lrs: Sequence[float], losses: Array) -> None:
    """Show a panel for each step size with its loss at every step. losses: (steps + 1, step sizes), in nats."""
    told = ", ".join(f"{_average(loss)} at {lr:g}" for lr, loss in zip(lrs, losses.T, strict=True))
    show(panels(lrs, losses), "A panel for each step size, with the loss against the step on a logarithmic scale, a dotted line at 2.3, "
         f"the loss of a blind guess, and a green line at the average of the last {LAST} losses: {told}.")


def panels(lrs: Sequence[float], losses: Array) -> Figure:
    """Return the figure of show_tries: panels with the same axes, up to four a row."""
    across = min(len(lrs), ACROSS)
    rows = -(-len(lrs) // across)
    figure = new_figure(9.4, 0.6 + 2.2 * rows)
    axes = figure.subplots(rows, across, sharex=True, sharey=True, squeeze=False).ravel()
    top = USUAL if np.nan_to_num(losses, nan=HIGHEST).max() < USUAL else HIGHEST
    for ax, lr, loss in zip(axes, lrs, losses.T, strict=False):
        _panel(ax, lr, loss, top)
    for ax in axes[len(lrs):]:
        ax.axis("off")
    axes[0].text(len(losses) - 4, 0.6 * BLIND, "dotted: a blind guess", fontsize=9.5, ha="right", va="top")
    figure.supxlabel("step", fontsize=11)
    figure.supylabel("loss", fontsize=11)
    return figure


def _average(loss: Array) -> str:
    mean = float(loss[-LAST:].mean())
    return f"{mean:.2f}" if mean < 1e4 else "huge"


def _panel(ax: Axes, lr: float, loss: Array, top: float) -> None:
    seen, end = np.clip(np.nan_to_num(loss, nan=HIGHEST), LOWEST, HIGHEST), len(loss) - 1
    ax.plot(seen, color=look("sgd").color, linewidth=1)
    ax.plot([end + 1 - LAST, end], [seen[-LAST:].mean()] * 2, color=HERE, linewidth=3)
    ax.text(0.96, 0.97, f"average of the\nlast {LAST}: {_average(loss)}", transform=ax.transAxes, ha="right", va="top", color=HERE,
            fontsize=10)
    ax.axhline(BLIND, color="#6a6a6a", linewidth=1, linestyle=":", zorder=0)
    ax.set_title(f"step size {lr:g}", fontsize=11)
    ax.set(xlim=(0, end), yscale="log", ylim=(LOWEST, top))
    ax.set_xticks([0, end // 2, end])
    ticks = [tick for tick in (0.1, 1, 10, 100) if tick <= top]
    ax.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    ax.minorticks_off()
