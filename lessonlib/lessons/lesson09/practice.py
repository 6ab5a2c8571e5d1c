"""What lesson 9's exercises look at: paths of broken Adams, and three runs in trouble with their first moves."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lessonlib import rules
from lessonlib.misconceptions import Misconception, of
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.problems import Problem, digits_net, noisy, ravine
from lessonlib.runner import Run, run

__all__ = ["BROKEN", "CANDIDATES", "TWO_BUGS", "bug", "bug_path", "first_moves", "show_bugs"]

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


def show_bugs(bugs: Mapping[str, str], steps: int = STEPS) -> None:
    """Show a column for each broken Adam: its first steps in black, beside the right Adam's in red, a panel for each direction."""
    show(_panels(bugs, steps), f"{len(bugs)} columns of the position over the first {steps} steps, with the minimum at 0, a broken Adam in "
         "black beside the right one in red, above in the flat direction and below in the steep one.")


def _panels(bugs: Mapping[str, str], steps: int) -> Figure:
    figure = new_figure(6.6 if len(bugs) < 3 else 9.4, 4.4)
    right = run(rules.adam, ravine(10), steps=STEPS, lr=LR, start=START)
    panels = figure.subplots(2, len(bugs), sharex=True, sharey=True)
    for column, (letter, name) in zip(panels.T, bugs.items(), strict=True):
        column[0].set_title(letter)
        column[1].set_xlabel("step")
        for i, ax in enumerate(column):
            for walk, color, wide, who in ((right, look("adam").color, 3.4, "right"), (bug_path(name), "black", 1.3, "broken")):
                theta = np.clip(walk.theta[: steps + 1, i], -3, 3)
                ax.plot(theta, "o-", color=color, markersize=wide + 2.5, linewidth=wide, label=who)
            ax.axhline(0, color="#8a8a8a", linewidth=1)
    panels[0, 0].set(xlim=(0, steps), ylim=(-0.95, 1.15), ylabel="flat direction")
    panels[1, 0].set_ylabel("steep direction")
    figure.supylabel("position, with the minimum at 0")
    figure.legend(*panels[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure


def first_moves() -> list[list[Any]]:
    """Return a row for each trouble: what is seen, and Adam's loss at the end as it was, after the usual move, and after two.

    The fourth halves more often than is advised; in the last, each step size falls to 0.
    """
    rough: list[Problem] = [noisy(ravine(10, 20), 3.0)] * 30  # three runs would order the step sizes wrongly
    nets = [digits_net(seed=k, dtype=float) for k in range(3)]
    cases = (("a noisy ravine swings, halve: 0.4, 0.2, 0.1", rough, 600, (0.4, 0.2, 0.1), 20),
             ("digits are slow, triple: 0.0001, 0.0003, 0.001", nets, 300, (1e-4, 3e-4, 1e-3), 1),
             ("digits are unstable, take a third: 0.3, 0.1, 0.03", nets, 300, (0.3, 0.1, 0.03), 1),
             ("the ravine, halve on: 0.025, 0.0125, 0.00625", rough, 600, (0.025, 0.0125, 0.00625), 20))
    rows = [[seen, *_mean_losses(where, steps, lrs, tail)] for seen, where, steps, lrs, tail in cases]
    return [*rows, ["the ravine, fall to 0 from: 0.2, 0.1, 0.05", *_mean_losses(rough, 600, (0.2, 0.1, 0.05), 20, falls=True)]]


def _mean_losses(where: list[Problem], steps: int, lrs: tuple[float, ...], tail: int, *, falls: bool = False) -> list[float]:
    """Adam's loss at each step size, mean of the last `tail` steps and over the problems, each with a seed of its own.

    falls: whether each step size falls to 0 along a line.
    """
    column = np.array(lrs)[:, None]
    lr: Any = (lambda t: column * (1 - (t - 1) / steps)) if falls else column
    losses = [run(rules.adam, problem, steps=steps, seed=seed, record="last" if tail == 1 else "loss", lr=lr).loss[-tail:]
              for seed, problem in enumerate(where)]
    return np.mean(losses, axis=(0, 1)).tolist()
