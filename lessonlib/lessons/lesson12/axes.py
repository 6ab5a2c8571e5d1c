"""The two matrices of lesson 12 under Lion, Shampoo and SOAP, in tables and pictures; Shampoo's step without a memory, and its bytes."""
from __future__ import annotations

from typing import Any

import numpy as np

from lessonlib.lessons.lesson12 import ravine
from lessonlib.lessons.lesson12.shampoo import shampoo
from lessonlib.play.experiment import new_figure
from lessonlib.plots import Look, look, show
from lessonlib.rules import State

__all__ = ["HEADER", "LOOKS", "NAMES", "kept", "rows", "show_turns", "without_memory"]

Array = np.ndarray[Any, Any]
NAMES = {"adam": "Adam", "muon": "Muon", "lion": "Lion", "shampoo": "Shampoo", "soap": "SOAP"}
TOLD = NAMES | {"muon .8": "Muon, beta1 0.8"}
RENEWED = {"shampoo": "Shampoo, anew at every step", "shampoo, every tenth": "Shampoo, at every tenth",
           "soap, every step": "SOAP, anew at every step", "soap": "SOAP, at every tenth"}
HEADER = ["left by", "turned, unequal losses", "not turned", "turned, equal losses"]  # in the order of ravine.CHANGES
LOOKS = {"adam": look("adam"), "muon": look("muon"), "lion": look("lion"),
         "shampoo": Look("#0b6e3b", "p", (0, (6, 2))), "soap": Look("#2580c3", "h", "-")}


def without_memory(g: Array) -> Array:
    """Return the first step of Shampoo with a step size of 1: both averages hold this gradient alone, and so does that of the gradient."""
    theta, _ = shampoo(np.zeros_like(g), g, None, lr=1.0)
    return -theta


def rows(rules: tuple[str, ...], *, renewed: bool = False) -> list[list[Any]]:
    """Return a row for each rule: its name, and the share of the loss that it leaves under each of ravine.CHANGES.

    renewed: the name says how often Shampoo's powers and SOAP's axes are computed.
    """
    told = RENEWED if renewed else TOLD
    return [[told[rule], *(ravine.left(rule, change) for change in ravine.CHANGES)] for rule in rules]


def kept(rule: str, shape: tuple[int, int]) -> float:
    """Return the bytes that the lesson's rule keeps for each weight of a matrix after a step, in float32; single numbers are left out.

    >>> kept("adam", (8, 8)), kept("shampoo", (8, 8)), kept("soap", (8, 8))
    (8.0, 20.0, 24.0)
    """
    g = np.random.default_rng(0).standard_normal(shape)
    _, memory = ravine.RULES[rule](np.zeros(shape), g, State(), lr=0.1)
    return 4 * sum(part.size for part in memory if isinstance(part, np.ndarray) and part.size > 1) / g.size


def show_turns(rules: tuple[str, ...], title: str) -> None:
    """Show the share of the first matrix's loss that rules leave on their way at their best step size, inputs along the axes and turned."""
    figure = new_figure(7.6, 3.5)
    panels = figure.subplots(1, 2, sharey=True)
    told = []
    for ax, change, name in zip(panels, ("not turned", "as in the picture"), ("inputs along the axes", "inputs turned"), strict=True):
        ax.set(yscale="log", xlim=(0, ravine.STEPS), ylim=(1e-11, 3), xlabel="step", title=name)
        ax.plot(0, 1, marker="s", color="black", markersize=7, linestyle="none", clip_on=False, zorder=6)
        for rule in rules:
            style, share = LOOKS[rule], ravine.tuned(rule, *ravine.CHANGES[change]).shares[:, 0, 0]
            hollow = {"markerfacecolor": "white", "zorder": 4} if rule == "lion" else {}  # Muon's colour is as dark
            ax.plot(share, color=style.color, linestyle=style.dash, marker=style.marker, markevery=20, markersize=6, label=NAMES[rule],
                    **hollow)
            told.append(f"{NAMES[rule]} ends at {share[-1]:.0e} with {name}")
    panels[0].set_ylabel("share of its loss that is left")
    figure.suptitle(title)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(rules))
    show(figure, f"Two panels of the share of the first matrix's loss on a logarithmic scale over {ravine.STEPS} steps, from a square at "
                 f"the start. {'; '.join(told)}.")
