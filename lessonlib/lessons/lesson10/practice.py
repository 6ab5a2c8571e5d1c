"""What lesson 10's exercise on bugs looks at: what broken AdamWs leave of nine groups of weights."""
from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lessonlib.lessons.lesson10.opening import SIZES, STEPS, left_over
from lessonlib.misconceptions import of
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.rules import adamw

__all__ = ["BUGS", "CANDIDATES", "DECAY", "bug_path", "show_bugs"]

Array = np.ndarray[Any, Any]
BUGS: Mapping[str, str] = {"A": "half of the decay", "B": "decay inside the moments", "C": "decay taken twice"}
CANDIDATES = ("decay inside the moments", "decay not multiplied by lr", "decay taken twice", "half of the decay", "no decay")
DECAY = 0.5
TIMES = {"decay taken twice": 2.0, "half of the decay": 0.5}  # bugs of the number alone


@cache
def bug_path(name: str) -> Array:
    """Return what the broken AdamW of that name leaves of the nine groups: (STEPS + 1, 9)."""
    rule = adamw if name in TIMES else next(wrong for wrong in of(adamw) if wrong.name == name)
    return left_over(rule, weight_decay=DECAY * TIMES.get(name, 1.0))


def show_bugs() -> None:
    """Show a panel for each broken AdamW: what it leaves of nine groups of weights in black, beside what the right one leaves."""
    show(_panels(), f"{len(BUGS)} panels of what is left of nine groups of weights after {STEPS} steps, against the size of their "
         "gradients: in each a broken AdamW in black beside the level line of the right one.")


def _panels() -> Figure:
    figure = new_figure(8.4, 3.4)
    style, right = look(adamw), left_over(adamw, weight_decay=DECAY)[-1]
    panels = figure.subplots(1, len(BUGS), sharey=True)
    for ax, (letter, name) in zip(panels, BUGS.items(), strict=True):
        ax.plot(SIZES, right, color=style.color, linestyle=style.dash, marker=style.marker, markersize=6, label="right")
        ax.plot(SIZES, bug_path(name)[-1], color="black", marker="x", label="broken")
        ax.axhline(1, color="black", linewidth=1, linestyle=":")
        ax.set(xscale="log", ylim=(-0.04, 1.12), xlabel="size of the gradients", title=letter)
        ax.set_yticks(np.arange(0, 1.01, 0.2))
        ax.set_yticks(np.arange(0.1, 1, 0.2), minor=True)
        ax.text(1.2e-3, 1.03, "start", fontsize=9)
    panels[0].set_ylabel("what is left of the weights")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure
