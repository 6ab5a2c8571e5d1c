"""The recorded memories of AdamW's squares for three sizes of a batch, read and drawn: in tokens, and in steps."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lessonlib.lessons.lesson12.records import ABOVE, Best, best, compared
from lessonlib.play.experiment import new_figure
from lessonlib.plots import show

__all__ = ["batches", "best_at", "by_frequency", "half_lives", "harmed", "harmed_rows", "show_halves"]

LOOKS = (("#7446b8", "o", "--"), ("#3f0a61", "D", "-"))  # from the smallest batch on


def batches(found: Mapping[str, Any]) -> list[int]:
    """Return the sizes of a batch, in windows."""
    return sorted({row["batch"] for row in found["halves"]})


def half_lives(found: Mapping[str, Any]) -> list[int]:
    """Return the half-lives, in tokens."""
    return sorted({row["half_life"] for row in found["halves"]})


def best_at(found: Mapping[str, Any], batch: int, half_life: int) -> Best:
    """Return the Best over the step sizes of a batch with this half-life, by the test loss."""
    return best([row for row in found["halves"] if (row["batch"], row["half_life"]) == (batch, half_life)], "test")


def harmed(found: Mapping[str, Any], batch: int, half_life: int) -> bool:
    """Return whether every seed ends higher with this half-life than any does with the longest, each at its best step size."""
    longest = best_at(found, batch, half_lives(found)[-1])
    return compared(best_at(found, batch, half_life).found, longest.found) == ABOVE


def harmed_rows(found: Mapping[str, Any]) -> list[list[Any]]:
    """Return a row for each batch: the windows, and the steps that each half-life lasts with the median loss, marked where it does harm."""
    context = found["size"]["context"]
    return [[batch, *(f"{half / (batch * context):,g} steps: {best_at(found, batch, half).median:.2f}"
                      f"{', higher' * harmed(found, batch, half)}" for half in half_lives(found))]
            for batch in batches(found)]


def by_frequency(text: str) -> float:
    """Return the loss on the last tenth of a text of a guess that knows nothing but how frequent each character is in the rest.

    >>> round(by_frequency("ab" * 50), 4)
    0.6931
    """
    cut = len(text) * 9 // 10
    letters, counts = np.unique(list(text[:cut]), return_counts=True)
    share = dict(zip(letters, counts / cut, strict=True))
    return float(-np.mean([np.log(share[letter]) for letter in text[cut:]]))


def show_halves(found: Mapping[str, Any], sizes: tuple[int, ...]) -> None:
    """Show the test loss above the lowest of its batch, against the half-life in steps on the left and in tokens on the right.

    sizes: the batches that are drawn.
    """
    figure = new_figure(7.6, 3.5)
    panels = figure.subplots(1, 2, sharey=True)
    context = found["size"]["context"]
    for batch, (color, marker, dash) in zip(sizes, LOOKS, strict=False):
        tops = [best_at(found, batch, half) for half in half_lives(found)]
        low = min(top.median for top in tops)
        for ax, tokens in zip(panels, (batch * context, 1), strict=True):
            at = [half / tokens for half in half_lives(found)]
            ax.plot(at, [top.median - low for top in tops], color=color, marker=marker, linestyle=dash, label=f"{batch} windows")
            for here, top in zip(at, tops, strict=True):
                ax.plot([here] * 2, [top.found.min() - low, top.found.max() - low], color=color, marker="_", markersize=9, lw=1.2)
    for ax, unit in zip(panels, ("steps", "tokens"), strict=True):
        ax.set(xscale="log", xlabel=f"half-life of a squared gradient, {unit}")
        ax.set_title(f"counted in {unit}", fontsize=11, weight="normal")
    panels[0].axvspan(1.5, 2.7, color="#e4e4e4", zorder=0)
    panels[0].set_ylabel("test loss above the lowest")
    figure.suptitle("A memory of two steps is too short", weight="bold", fontsize=13)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(sizes))
    told = "; ".join(f"{batch} windows: " + ", ".join(f"{best_at(found, batch, half).median:.2f}" for half in half_lives(found))
                     for batch in sizes)
    show(figure, "Test loss above the lowest of its batch, against the half-life, in steps on the left and in tokens on the right, a curve "
                 f"for each size of a batch with bars for the seeds. The losses from the shortest half-life to the longest, {told}.")
