"""The recorded networks of several widths, read and drawn: the best step size of each, and what is lost when it is carried over."""
from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lessonlib.lessons.lesson12.records import Best, best, from_record
from lessonlib.play.experiment import Choice, Experiment, Goal, Scene, new_figure
from lessonlib.plots import show

__all__ = ["HALVES", "WAYS", "best_of", "carried", "carried_rows", "carry", "fell", "loss", "show_families", "widths"]

WAYS = ("standard", "muP")
HALVES = ("start alone", "step sizes alone")  # what muP changes, one at a time, at the widest network
NEAR, HIGHEST = 1.25, 3.0  # how far above its own best a width may end; the loss of a network that has learnt nothing, and some
LOOKS = (("#9a7fd1", "o", ":"), ("#7446b8", "s", "--"), ("#3f0a61", "D", "-"), ("#15001f", "^", "-."))  # from the narrowest network on


def widths(found: Mapping[str, Any]) -> list[int]:
    """Return the widths of the record."""
    return sorted({row["width"] for row in found["widths"]})


def _rows(found: Mapping[str, Any], way: str, width: int) -> list[Mapping[str, Any]]:
    swept = found["half_mup" if way in HALVES else "widths"]
    return [row for row in swept if (row["way"], row["width"]) == (way, width)]


def best_of(found: Mapping[str, Any], way: str, width: int) -> Best:
    """Return the Best of a way and a width, by the median of the training loss at the end."""
    return best(_rows(found, way, width), "loss")


def loss(found: Mapping[str, Any], way: str, width: int, lr: float) -> float:
    """Return the median training loss at the end with this step size; inf where it went beyond the numbers."""
    each = [row["loss"] for row in _rows(found, way, width) if row["lr"] == lr]
    return float(np.median([np.inf if value is None else value for value in each]))


def fell(found: Mapping[str, Any], way: str) -> float:
    """Return how many times smaller the best step size of the widest network is than that of the narrowest."""
    first, last = (best_of(found, way, width).lr for width in (widths(found)[0], widths(found)[-1]))
    return first / last


def carried(found: Mapping[str, Any], way: str) -> list[float]:
    """Return, for each width, the loss with the best step size of the narrowest network, over the loss with its own best."""
    lr = best_of(found, way, widths(found)[0]).lr
    return [loss(found, way, width, lr) / best_of(found, way, width).median for width in widths(found)]


def carried_rows(found: Mapping[str, Any]) -> list[list[Any]]:
    """Return a row for each width: its name, and the loss of the widest network with that width's best step size, in each of WAYS."""
    return [[f"with the step size of width {width}", *(loss(found, way, widths(found)[-1], best_of(found, way, width).lr) for way in WAYS)]
            for width in widths(found)]


def show_families(found: Mapping[str, Any]) -> None:
    """Show the training loss against the step size for each width, standard on the left and muP on the right, the best marked."""
    figure = new_figure(8.6, 4.2)
    panels = figure.subplots(1, 2, sharey=True)
    for ax, way in zip(panels, WAYS, strict=True):
        _curves(ax, found, way)
        ax.set_title(way, fontsize=11, weight="normal")
    panels[0].set_ylabel("training loss at the end")
    figure.suptitle("The best step size falls with the width, and in muP it hardly moves", weight="bold", fontsize=13)
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=len(widths(found)) + 1)
    told = "; ".join(f"{way}: " + ", ".join(f"width {width} is lowest at {best_of(found, way, width).lr:.2g}"
                                            for width in widths(found)) for way in WAYS)
    show(figure, f"Training loss against the step size on logarithmic scales, a curve for each width, in two panels. {told}.")


def carry() -> Experiment:
    """One step size for networks of three widths, in the way that is chosen: where each ends, beside its own best."""
    found = from_record()
    lrs = sorted({row["lr"] for row in found["widths"]})
    start = best_of(found, "standard", widths(found)[0]).lr
    good = [(way, lr) for way in WAYS for lr in lrs if max(_times(found, way, lr)) <= NEAR]

    def update(artists: dict[str, Any], way: str, lr: float) -> str:
        each = [loss(found, way, width, lr) for width in widths(found)]
        artists["here"].set_data(range(len(each)), np.minimum(each, HIGHEST))
        artists["told"].set_text(f"{way}, step size {lr:.2g}")
        if "best" in artists:
            own = np.array([best_of(found, way, width).median for width in widths(found)])
            artists["best"].set_data(range(len(each)), own)
            artists["near"].set_data(range(len(each)), NEAR * own)
        told = ", ".join(f"width {width} ends at {times:.2g} times its own best"
                         for width, times in zip(widths(found), _times(found, way, lr), strict=True))
        return f"{way}, step size {lr:.2g}: {told}."

    return Experiment(lambda: _scene(found), update,
                      {"way": Choice("parametrization", WAYS, "standard"),
                       "lr": Choice("step size", lrs, start)},
                      Goal("find a way and a step size with which all three widths end at most a quarter above their own best.",
                           lambda way, lr: (way, lr) in good))


def _times(found: Mapping[str, Any], way: str, lr: float) -> list[float]:
    """The loss of each width with this step size, over its own best."""
    return [loss(found, way, width, lr) / best_of(found, way, width).median for width in widths(found)]


def _scene(found: Mapping[str, Any]) -> Scene:
    figure = new_figure(7.2, 3.6)
    names = [f"width {width}" for width in widths(found)]
    ax = figure.add_subplot(yscale="log", ylim=(_lowest(found) / 1.5, 1.3 * HIGHEST), xlim=(-0.4, len(names) - 0.6),
                            ylabel="training loss at the end", title="One step size for all widths")
    ax.set_xticks(range(len(names)), names)
    (top,) = ax.plot([], [], marker="*", color="black", markersize=15, linestyle="none", label="with its own best step size")
    (here,) = ax.plot([], [], marker="o", color=LOOKS[1][0], markersize=15, markerfacecolor="none", markeredgewidth=2, linestyle="--",
                      zorder=4, label="with this step size")
    (near,) = ax.plot([], [], marker="_", color="black", markersize=26, linestyle="none", label="a quarter above that")
    told = ax.text(0.98, 0.95, "", ha="right", va="top", transform=ax.transAxes)
    figure.legend(handles=[top, near, here], loc="outside lower center", ncols=3)
    return Scene(figure, {"best": top, "near": near, "here": here, "told": told}, "The training loss at the end for networks of three "
                 "widths, on a logarithmic scale: a star for each at its own best step size, a bar a quarter above it, and a point at the "
                 "step size that is chosen.", {"best": ("way",), "near": ("way",)})


def _curves(ax: Any, found: Mapping[str, Any], way: str) -> None:
    """The curves of one way, and a star on the best of each."""
    for width, (color, marker, dash) in zip(widths(found), LOOKS, strict=False):
        lrs = sorted({row["lr"] for row in _rows(found, way, width)})
        ax.plot(lrs, [loss(found, way, width, lr) for lr in lrs], color=color, marker=marker, markersize=4.5, linestyle=dash,
                label=f"width {width}")
        top = best_of(found, way, width)
        ax.plot(top.lr, top.median, marker="*", color=color, markersize=15, linestyle="none", zorder=6)
    ax.plot([], [], marker="*", color="black", markersize=11, linestyle="none", label="the best")
    ax.set(xscale="log", yscale="log", xlabel="step size", ylim=(_lowest(found) / 1.5, 4))


def _lowest(found: Mapping[str, Any]) -> float:
    return min(best_of(found, way, width).median for way in WAYS for width in widths(found))
