"""What lesson 8's exercises look at: the paths of broken RMSprops beside the right one."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lessonlib.misconceptions import Misconception, of
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.problems import ravine
from lessonlib.rules import rmsprop
from lessonlib.runner import Run, run

__all__ = ["CANDIDATES", "TWO_BUGS", "bug", "bug_path", "seen", "show_bugs"]

Array = np.ndarray[Any, Any]

TWO_BUGS: Mapping[str, str] = {"A": "sum instead of average", "B": "the whole vector normalised by one number"}
CANDIDATES = ("sum instead of average", "the whole vector normalised by one number", "no root", "plus instead of minus")
CALLED = {"plus instead of minus": "sign of the step"}  # what the list calls otherwise
LEAST, MOST = 1e-3, 1.5  # the smallest and the largest distance that is drawn
TOLD = 10  # the step from which a refusal argues: there the lines lie apart, and the axis has a tick
STEPS, LR, START = 40, 0.03, np.array([1.0, 1.0])  # from one distance, where the right rule has one path for both


def bug(name: str) -> Misconception:
    """Return the broken RMSprop of that name."""
    return next(wrong for wrong in of("rmsprop") if wrong.name == CALLED.get(name, name))


def bug_path(name: str) -> Run:
    """Return the first steps of the broken RMSprop of that name in a ravine of condition number 10."""
    return run(bug(name), ravine(10), steps=STEPS, lr=LR, start=START)


def seen(name: str) -> Array:
    """Return what the picture shows of that broken RMSprop: its distances within the axes, as at the start before step TOLD."""
    far = np.clip(np.abs(bug_path(name).theta), LEAST, MOST)
    far[:TOLD] = far[0]
    return np.asarray(far)


def show_bugs(bugs: Mapping[str, str]) -> None:
    """Show a panel for each broken RMSprop: both coordinates over the steps in black, beside the right one's one line in brown."""
    show(_panels(bugs), f"{len(bugs)} panels of the distance from the minimum over {STEPS} steps, on a logarithmic scale: an RMSprop "
         "with a bug in black, for a flat and a steep direction, beside the right one in brown, one line for both.")


def _panels(bugs: Mapping[str, str]) -> Figure:
    figure = new_figure(3.7 * len(bugs) + 1.0, 4.2)
    right = run(rmsprop, ravine(10), steps=STEPS, lr=LR, start=START)
    panels = np.atleast_1d(figure.subplots(1, len(bugs), sharey=True))
    for ax, (letter, name) in zip(panels, bugs.items(), strict=True):
        ax.plot(np.abs(right.theta[:, 0]), color=look("rmsprop").color, linewidth=2.4, label="right, both directions")
        for i, (dash, marker, which) in enumerate((("-", "o", "flat"), ("--", "s", "steep"))):
            ax.plot(np.abs(bug_path(name).theta[:, i]), color="black", linestyle=dash, marker=marker, markersize=6, markevery=(3 * i, 6),
                    linewidth=1.8, markerfacecolor="white" if i else "black", label=f"with the bug, {which} direction")
        ax.set(yscale="log", xlim=(0, STEPS), ylim=(LEAST, MOST), xlabel="step", title=letter)
        ax.set_yticks([0.001, 0.01, 0.1, 1], ["0.001", "0.01", "0.1", "1"])
        ax.minorticks_off()
    panels[0].set_ylabel("distance from the minimum")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure
