"""What RMSprop's long first steps do when a small network trains: three memories, at a small and at a large step size."""
from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lessonlib.lessons.lesson08.play import step_lengths
from lessonlib.lessons.lesson08.practice import bug
from lessonlib.play.experiment import new_figure
from lessonlib.plots import show
from lessonlib.problems import digits_net
from lessonlib.rules import rmsprop
from lessonlib.runner import run

__all__ = ["BETAS", "losses", "show_bursts", "too_far"]

Array = np.ndarray[Any, Any]
BETAS, STEPS, SEEDS = (0.9, 0.99, 0.999), 40, 3


@cache
def losses(lr: float, beta2: float, *, corrected: bool = False) -> Array:
    """Return the training loss of the digits network 64-32-10 over 40 steps, from three seeds: (3, 41)."""
    rule = bug("first steps corrected") if corrected else rmsprop
    return np.array([run(rule, digits_net(seed=k, dtype=float), seed=k, steps=STEPS, record="loss", lr=lr, beta2=beta2).loss
                     for k in range(SEEDS)])


def too_far(beta2: float) -> float:
    """Return how far a parameter with a steady gradient is carried beyond one lr a step, in lr, until the steps have the right length."""
    return float((step_lengths(beta2, round(20 / (1 - beta2))) - 1).sum())


def show_bursts() -> None:
    """Show the training loss over 40 steps for three memories, at lr 0.001 and at lr 0.01."""
    show(_curves(), "Two panels of training loss over 40 steps for three memories of v, on a logarithmic scale: at lr 0.001 the longest "
         "memory ends lowest; at lr 0.01 its loss jumps above 10 at the first step and ends highest.")


def _curves() -> Figure:
    figure = new_figure(8.0, 3.8)
    for ax, lr in zip(figure.subplots(1, 2, sharey=True), (0.001, 0.01), strict=True):
        for beta2, color, dash, marker in zip(BETAS, ("#d99a5b", "#9e5210", "#4a2300"), (":", "-", "--"), "osD", strict=True):
            ax.plot(losses(lr, beta2).mean(axis=0), color=color, linestyle=dash, marker=marker, markevery=8, markersize=5,
                    label=f"memory {1 / (1 - beta2):.0f} steps")
        ax.set(yscale="log", xlabel="step", ylabel="training loss" if lr == 0.001 else "", title=f"step size {lr:g}", ylim=(0.2, 20))
        ax.set_yticks([0.3, 1, 3, 10], ["0.3", "1", "3", "10"])
    figure.axes[0].legend(loc="upper right")
    figure.suptitle("The longest memory ends lowest on the left and highest on the right", weight="bold")
    return figure
