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
EVERY = 4  # steps between two marks, where the first ones stand enlarged below


def bug(name: str) -> Misconception:
    """Return the broken Adam of that name."""
    return next(wrong for wrong in of("adam") if wrong.name == name)


def bug_path(name: str) -> Run:
    """Return the first steps of the broken Adam of that name in a ravine of condition number 10."""
    return run(bug(name), ravine(10), steps=STEPS, lr=LR, start=START)


def show_bugs(bugs: Mapping[str, str], close: int = 0) -> None:
    """Show a panel for each broken Adam: both coordinates over the steps in black, beside the right Adam's in red.

    close: how many first steps a second row shows enlarged, none for 0.
    """
    show(_panels(bugs, close), f"{len(bugs)} panels of the distance from the minimum over {STEPS} steps, a broken Adam in black beside "
         f"the right one in red, both for a flat and a steep direction.{f' Below, the first {close} steps, enlarged.' * bool(close)}")


def _panels(bugs: Mapping[str, str], close: int = 0) -> Figure:
    figure = new_figure(6.6 if close else 3.2 * len(bugs) + 1.0, 3.8)
    right = run(rules.adam, ravine(10), steps=STEPS, lr=LR, start=START)
    rows = figure.subplots(2 if close else 1, len(bugs), sharey="row", squeeze=False)
    for k, (letter, name) in enumerate(bugs.items()):
        for theta, color, who, wide in ((right.theta, look("adam").color, "right", 3.4), (bug_path(name).theta, "black", "broken", 1.3)):
            for i, (dash, marker, which) in enumerate((("-", "o", "flat"), ("--", "s", "steep"))):
                for row, every in zip(rows, (EVERY, 1), strict=False):
                    row[k].plot(np.clip(theta[:, i], -3, 3), color=color, linestyle=dash, marker=marker, markersize=wide + 2.5,
                                markevery=every, linewidth=wide, label=f"{who}, {which} direction")
        rows[0, k].axhline(0, color="#8a8a8a", linewidth=1)
        rows[0, k].set(xlim=(0, STEPS), ylim=(-0.9, 1.15), xlabel="step", title=letter)
    for ax in rows[1:].flat:
        ax.set(xlim=(0, close), ylim=(0.2, 1.05), xlabel="step, enlarged", xticks=range(close + 1))
    if close:
        figure.supylabel("distance from the minimum")
    else:
        rows[0, 0].set_ylabel("distance from the minimum")
    figure.legend(*rows[0, 0].get_legend_handles_labels(), loc="outside lower center", ncols=2 if close or len(bugs) < 3 else 4)
    return figure


def first_moves() -> list[list[Any]]:
    """Return a row for each trouble: what is seen, and Adam's loss at the end as it was, after the usual move, and after two.

    The fourth halves more often than is advised; in the last, each step size falls to 0.
    """
    rough: list[Problem] = [noisy(ravine(10, 20), 3.0)] * 30  # three runs would order the step sizes wrongly
    nets = [digits_net(seed=k, dtype=float) for k in range(3)]
    cases = (("a noisy ravine swings: 0.4, 0.2, 0.1", rough, 600, (0.4, 0.2, 0.1), 20),
             ("digits are slow: 0.0001, 0.0003, 0.001", nets, 300, (1e-4, 3e-4, 1e-3), 1),
             ("digits are unstable: 0.3, 0.1, 0.03", nets, 300, (0.3, 0.1, 0.03), 1),
             ("the ravine, halved on: 0.025, 0.0125, 0.00625", rough, 600, (0.025, 0.0125, 0.00625), 20))
    rows = [[seen, *_mean_losses(where, steps, lrs, tail)] for seen, where, steps, lrs, tail in cases]
    return [*rows, ["the ravine, falling to 0 from 0.4, 0.2, 0.1", *_mean_losses(rough, 600, (0.4, 0.2, 0.1), 20, falls=True)]]


def _mean_losses(where: list[Problem], steps: int, lrs: tuple[float, ...], tail: int, *, falls: bool = False) -> list[float]:
    """Adam's loss at each step size, mean of the last `tail` steps and over the problems, each with a seed of its own.

    falls: whether each step size falls to 0 along a line.
    """
    column = np.array(lrs)[:, None]
    lr: Any = (lambda t: column * (1 - (t - 1) / steps)) if falls else column
    losses = [run(rules.adam, problem, steps=steps, seed=seed, record="last" if tail == 1 else "loss", lr=lr).loss[-tail:]
              for seed, problem in enumerate(where)]
    return np.mean(losses, axis=(0, 1)).tolist()
