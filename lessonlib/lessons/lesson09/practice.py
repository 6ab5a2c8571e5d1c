"""What lesson 9's exercises look at: paths of broken Adams, and three runs in trouble with their first moves."""
from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lessonlib import rules
from lessonlib.misconceptions import Misconception, of
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.problems import Problem, digits_net, noisy, ravine
from lessonlib.runner import Run, run

__all__ = ["BROKEN", "CANDIDATES", "MOVES", "TWO_BUGS", "bug", "bug_path", "moves", "show_bugs", "show_moves"]

TWO_BUGS: Mapping[str, str] = {"A": "no root", "B": "no bias correction"}
BROKEN: Mapping[str, str] = {"A": "1 - beta2 is missing in v", "B": "t never advances", "C": "betas swapped"}
CANDIDATES = ("no bias correction", "no root", "t never advances", "sign of the step", "1 - beta2 is missing in v", "betas swapped")
STEPS, LR, START = 32, 0.1, np.array([1.0, 0.7])


def bug(name: str) -> Misconception:
    """Return the broken Adam of that name."""
    return next(wrong for wrong in of("adam") if wrong.name == name)


def bug_path(name: str) -> Run:
    """Return the first steps of the broken Adam of that name in a ravine of condition number 10."""
    return run(bug(name), ravine(10), steps=STEPS, lr=LR, start=START)


def show_bugs(bugs: Mapping[str, str], steps: int = STEPS, *, numbered: bool = False) -> None:
    """Show a column for each broken Adam: its first steps in black, beside the right Adam's in red, a panel for each direction.

    numbered: whether the axis counts step sizes from the minimum.
    """
    counted = " The axis counts step sizes of 0.1 from the minimum." if numbered else ""
    show(_panels(bugs, steps, numbered), f"{len(bugs)} columns of the position over the first {steps} steps, with the minimum at 0, "
         "a broken Adam in black beside the right one in red, above in the flat direction from 1 and below in the steep one from 0.7. "
         "Thin lines are a step size apart." + counted)


def _panels(bugs: Mapping[str, str], steps: int, numbered: bool) -> Figure:
    figure = new_figure(7.6 if len(bugs) < 3 else 9.8, 4.6)
    right = run(rules.adam, ravine(10), steps=STEPS, lr=LR, start=START)
    panels = figure.subplots(2, len(bugs), sharex=True, sharey=True)
    for column, (letter, name) in zip(panels.T, bugs.items(), strict=True):
        column[1].set_xlabel("step")
        for i, (ax, direction) in enumerate(zip(column, ("flat", "steep"), strict=True)):
            ax.set_title(f"{letter}, {direction} direction")
            for walk, color, wide, who in ((right, look("adam").color, 3.4, "the right Adam"),
                                           (bug_path(name), "black", 1.3, "the broken one")):
                theta = np.clip(walk.theta[: steps + 1, i], -3, 3)
                ax.plot(theta, "o-", color=color, markersize=wide + 2.5, linewidth=wide, label=who)
            ax.axhline(0, color="#8a8a8a", linewidth=1)
            ax.set(xlim=(0, steps), ylim=(-0.95, 1.15))
            if numbered:
                ax.set_yticks(LR * np.array([-5, 0, 5, 10]), ["\u22125", "minimum", "5", "10"])
            else:
                ax.set_yticks([0, *START[::-1]], ["minimum", *(f"{at:g}" for at in START[::-1])])
            ax.set_yticks(LR * np.arange(-9, 12), minor=True)  # a step size apart
            ax.grid(visible=True, which="minor", axis="y", linewidth=0.6, color="#c4c4c4")
            ax.tick_params(axis="y", which="minor", length=0)
    if numbered:
        figure.supylabel("step sizes from the minimum", fontsize=11)
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


MOVES = (("It falls no further: halve", 0.1, 0.05), ("It falls slowly: take three times", 0.0003, 0.001),
         ("It jumps at first: a third", 0.2, 0.07))  # the trouble and the move, the step size before and after it


def show_moves() -> None:
    """Show three trainings in trouble, each beside the same training after the usual first move."""
    show(_three_moves(), "Three panels of Adam's loss over the steps, before the usual first move in black and after it in red: on a "
         "noisy ravine half the step size ends lower, on digits a slow training with three times the step size ends lower, and one whose "
         "loss jumps up at first hardly jumps with a third of it.")


@cache
def moves() -> list[list[Any]]:
    """Return for each of MOVES the loss over the steps before the move and after it, each (T + 1,); on the ravine a mean of thirty runs."""
    rough: list[Problem] = [noisy(ravine(10, 20), 3.0)] * 30  # a single run would hide the level in its noise
    digits: list[Problem] = [digits_net(dtype=float)]
    found = []
    for where, (_, before, after) in zip((rough, digits, digits), MOVES, strict=True):
        column = np.array([before, after])[:, None]
        losses = [run(rules.adam, problem, steps=300, seed=seed, record="loss", lr=column).loss for seed, problem in enumerate(where)]
        found.append(list(np.mean(losses, axis=0).T))
    return found


def _three_moves() -> Figure:
    figure = new_figure(9.8, 3.3)
    panels = figure.subplots(1, 3, sharey=True)
    for ax, (title, *lrs), losses in zip(panels, MOVES, moves(), strict=True):
        ax.set_title(title, fontsize=11)
        for loss, lr, color in zip(losses, lrs, ("black", look("adam").color), strict=True):
            ax.plot(loss, color=color, linewidth=2 if color != "black" else 1.4)
            ax.text(304, loss[-10:].mean(), f"\u03b1 {lr:g}", color=color, va="center")
        ax.set(xlabel="step", xlim=(-8, 300), yscale="log", ylim=(0.01, 20))  # so that a jump in the first steps can be seen
        ax.set_yticks([0.01, 0.1, 1, 10], ["0.01", "0.1", "1", "10"])
        ax.minorticks_off()
        if ax is not panels[0]:
            ax.axhline(np.log(10), color="#8a8a8a", linewidth=1, linestyle=":", zorder=0)
            ax.text(296, 1.12 * np.log(10), "a blind guess", color="#6a6a6a", fontsize=9.5, ha="right", va="bottom")
        ax.text(296, 13, "a noisy ravine" if ax is panels[0] else "digits", ha="right", va="center", fontsize=10)
    figure.supylabel("loss", fontsize=11)
    return figure
