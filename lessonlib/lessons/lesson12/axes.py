"""Pictures of the two matrices of lesson 12 under Lion, Shampoo and SOAP, and Shampoo's step without a memory."""
from __future__ import annotations

from typing import Any

import numpy as np

from lessonlib.lessons.lesson12 import ravine
from lessonlib.lessons.lesson12.shampoo import shampoo
from lessonlib.play.experiment import new_figure
from lessonlib.plots import Look, look, show

__all__ = ["LOOKS", "NAMES", "show_turns", "without_memory"]

Array = np.ndarray[Any, Any]
NAMES = {"adam": "Adam", "muon": "Muon", "lion": "Lion", "shampoo": "Shampoo", "soap": "SOAP"}
LOOKS = {"adam": look("adam"), "muon": look("muon"), "lion": look("lion"),
         "shampoo": Look("#0b6e3b", "p", (0, (6, 2))), "soap": Look("#2580c3", "h", "-")}


def without_memory(g: Array) -> Array:
    """Return the first step of Shampoo with a step size of 1: both averages hold this gradient alone, and so does that of the gradient."""
    theta, _ = shampoo(np.zeros_like(g), g, None, lr=1.0)
    return -theta


def show_turns(rules: tuple[str, ...], title: str) -> None:
    """Show the share of the first matrix's loss that rules leave on their way at their best step size, inputs along the axes and turned."""
    figure = new_figure(8.6, 4.0)
    panels = figure.subplots(1, 2, sharey=True)
    told = []
    for ax, change, name in zip(panels, ("not turned", "as in the picture"), ("inputs along the axes", "inputs turned"), strict=True):
        ax.set(yscale="log", xlim=(0, ravine.STEPS), ylim=(1e-11, 3), xlabel="step", title=name)
        ax.plot(0, 1, marker="s", color="black", markersize=7, linestyle="none", clip_on=False, zorder=6)
        for rule in rules:
            style, share = LOOKS[rule], ravine.tuned(rule, *ravine.CHANGES[change]).shares[:, 0, 0]
            ax.plot(share, color=style.color, linestyle=style.dash, marker=style.marker, markevery=20, markersize=6, label=NAMES[rule])
            told.append(f"{NAMES[rule]} ends near 1e{round(np.log10(share[-1]))} with {name}")
    panels[0].set_ylabel("share of its loss that is left")
    figure.suptitle(title)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(rules))
    show(figure, f"Two panels of the share of the first matrix's loss on a logarithmic scale over {ravine.STEPS} steps, from a square at "
                 f"the start. {'; '.join(told)}.")
