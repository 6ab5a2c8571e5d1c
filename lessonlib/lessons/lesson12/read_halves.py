"""The recorded memories of AdamW's squares for three sizes of a batch, and beside a shorter memory of gradients, read and drawn."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lessonlib.lessons.lesson12.records import ABOVE, Best, best, compared
from lessonlib.play.experiment import new_figure
from lessonlib.plots import show

__all__ = ["BETA1", "batches", "best_at", "by_frequency", "half_lives", "harmed", "harmed_rows", "show_halves"]

BETA1 = 0.9  # as in halves, which knows torch
SHOWN = ((2, 0.9, "#7446b8", "o", "--", 1.0), (16, 0.9, "#3f0a61", "D", "-", 1.0), (16, 0.5, "#9e5210", "s", (0, (1, 1)), 1.08))
# windows, beta1, color, marker, dash, and how far to the right of its place a curve is drawn


def batches(found: Mapping[str, Any]) -> list[int]:
    """Return the sizes of a batch, in windows."""
    return sorted({row["batch"] for row in found["halves"]})


def half_lives(found: Mapping[str, Any]) -> list[int]:
    """Return the half-lives, in tokens."""
    return sorted({row["half_life"] for row in found["halves"]})


def best_at(found: Mapping[str, Any], batch: int, half_life: int, beta1: float = BETA1) -> Best:
    """Return the Best over the step sizes of a batch with this half-life beside this beta1, by the test loss."""
    rows = found["halves"] if beta1 == BETA1 else [row for row in found["shorter"] if row["beta1"] == beta1]
    return best([row for row in rows if (row["batch"], row["half_life"]) == (batch, half_life)], "test")


def harmed(found: Mapping[str, Any], batch: int, half_life: int, beta1: float = BETA1) -> bool:
    """Return whether every seed ends higher with this half-life than any does with the longest, each at its best step size."""
    longest = best_at(found, batch, half_lives(found)[-1], beta1)
    return compared(best_at(found, batch, half_life, beta1).found, longest.found) == ABOVE


def harmed_rows(found: Mapping[str, Any]) -> list[list[Any]]:
    """Return a row for each batch: the windows, and the steps that each half-life lasts with the median loss, marked where it does harm."""
    context = found["size"]["context"]
    return [[batch, *(f"{_lasts(half / (batch * context))}: {best_at(found, batch, half).median:.2f}"
                      f"{', higher' * harmed(found, batch, half)}" for half in half_lives(found))]
            for batch in batches(found)]


def _lasts(steps: float) -> str:
    return f"{steps:,g} step{'s' * (steps > 1)}"


def by_frequency(text: str) -> float:
    """Return the loss on the last tenth of a text of a guess that knows nothing but how frequent each character is in the rest.

    >>> round(by_frequency("ab" * 50), 4)
    0.6931
    """
    cut = len(text) * 9 // 10
    letters, counts = np.unique(list(text[:cut]), return_counts=True)
    share = dict(zip(letters, counts / cut, strict=True))
    return float(-np.mean([np.log(share[letter]) for letter in text[cut:]]))


def show_halves(found: Mapping[str, Any]) -> None:
    """Show the test loss above the lowest of each curve of SHOWN, against the half-life of a squared gradient in steps."""
    figure = new_figure(7.4, 4.0)
    ax = figure.add_subplot(xscale="log", xlabel="half-life of v, in steps", ylabel="test loss above the lowest median",
                            title="Two steps of v do harm beside a longer m")
    each, told = half_lives(found), []
    for batch, beta1, color, marker, dash, aside in SHOWN:
        tops = [best_at(found, batch, half, beta1) for half in each]
        low = min(top.median for top in tops)
        at = [aside * half / (batch * found["size"]["context"]) for half in each]
        name = f"{batch} windows, beta1 = {beta1:g}"
        ax.plot(at, [top.median - low for top in tops], color=color, marker=marker, linestyle=dash, label=name)
        for here, top in zip(at, tops, strict=True):
            ax.plot([here] * 2, [top.found.min() - low, top.found.max() - low], color=color, marker="_", markersize=9, lw=1.2)
        told.append(f"{name}: " + ", ".join(f"{top.median:.2f}" for top in tops))
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=len(SHOWN))
    show(figure, "Test loss above the lowest of its curve, against the half-life of v in steps, a curve for each batch and beta1 with bars "
                 f"for the seeds. The losses from the shortest half-life to the longest, {'; '.join(told)}.")
