"""The recorded sweeps of lesson 11, read and drawn: the best of each rule over the seeds, warm-up, clipping, batch size."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from lessonlib.data import recorded
from lessonlib.lessons.lesson11 import machine
from lessonlib.lessons.lesson11.trainings import BATCHES, CLIP, SIZES
from lessonlib.play.experiment import new_figure
from lessonlib.plots import basin, look, show

__all__ = ["AHEAD", "BEHIND", "CEILING", "CHANGES", "NAMES", "TIED", "Best", "batch_rows", "best_of",
           "how_the_gap_changes", "lr_for", "of_batch", "protocols", "rows", "seed_range", "show_batches",
           "show_sweep", "show_warmup", "span", "verdict", "warmup_basin", "where_warmup_matters", "worst_batch"]

Array = np.ndarray[Any, Any]
BATCH_COLORS = ("#b08fc4", "#7a4f97", "#2a0640")
CEILING = 4.1  # log(60): a model that knows nothing; a training that diverged is drawn here
NAMES = {"momentum": "momentum", "adam": "Adam", "adamw": "AdamW"}
CHANGES = ("it shrinks by half or more", "it changes by less than a half", "it grows by half or more")
BEHIND, TIED, AHEAD = "momentum is behind Adam", "momentum and Adam overlap", "momentum is ahead of Adam"


class Best(NamedTuple):
    """The best of a sweep: its step size, the median, lowest and highest test loss over the seeds there, and whether it lies inside."""

    lr: float
    median: float
    low: float
    high: float
    inside: bool


def seed_range(sweep: Iterable[Mapping[str, Any]], rule: str, warmup: int, clip: float | None = CLIP) -> tuple[Array, Array]:
    """Return (step sizes, test losses (seeds, step sizes)) of a rule in a recorded sweep; inf where a training diverged."""
    found: dict[float, list[float]] = {}
    for row in sweep:
        if (row["rule"], row["warmup"], row["clip"]) == (rule, warmup, clip):
            found.setdefault(row["lr"], []).append(np.inf if row["test"] is None else row["test"])
    return np.array(list(found)), np.array(list(found.values())).T


def _best(lrs: Array, losses: Array) -> Best:
    middle = np.median(losses, axis=0)
    i = int(middle.argmin())
    return Best(float(lrs[i]), float(middle[i]), float(losses[:, i].min()), float(losses[:, i].max()), 0 < i < len(lrs) - 1)


def best_of(record: Mapping[str, Any], rule: str, *, warmup: int | None = None, clip: float | None = CLIP) -> Best:
    """Return the Best of a rule, at the step size with the lowest median; warmup: the record's own where none is given."""
    return _best(*seed_range(record["sweep"], rule, record["size"]["warmup"] if warmup is None else warmup, clip))


def span(record: Mapping[str, Any], rule: str) -> float:
    """Return how far the test losses of a rule's starts lie apart, at its best step size."""
    best = best_of(record, rule)
    return best.high - best.low


def protocols(record: Mapping[str, Any]) -> list[list[Any]]:
    """Return a row for each protocol: its name, momentum's and Adam's best median, and the gap; five or nine step sizes, clipped or not."""
    found = []
    for name, clip, every in (("five step sizes, not clipped", None, 2), ("nine step sizes, not clipped", None, 1),
                              ("five step sizes, clipped", CLIP, 2), ("nine step sizes, clipped", CLIP, 1)):
        swept = [seed_range(record["sweep"], rule, record["size"]["warmup"], clip) for rule in ("momentum", "adam")]
        slow, fast = (_best(lrs[::every], losses[:, ::every]).median for lrs, losses in swept)
        found.append([name, slow, fast, slow - fast])
    return found


def how_the_gap_changes(found: list[list[Any]]) -> str:
    """Return which of CHANGES the gap of `protocols` makes from its first row to its last."""
    ratio = found[-1][3] / found[0][3]
    return CHANGES[(ratio > 0.5) + (ratio >= 1.5)]


def lr_for(kind: str, rule: str = "adamw") -> float:
    """Return the recorded best step size of a rule on this kind of machine.

    Where nobody has recorded it, the CPU's, divided by how many times wider the model is: a guess, as wider layers ask for smaller steps.
    """
    record, known = recorded(f"lab_{kind}.json"), recorded("lab_cpu.json")
    assert known is not None
    if record is not None:
        return best_of(record, rule).lr
    return best_of(known, rule).lr * known["size"]["width"] / SIZES[kind].width


def verdict(record: Mapping[str, Any], clip: float | None = CLIP) -> str:
    """Return whether momentum's best is behind Adam's for every pair of seeds, ahead for every pair, or neither."""
    slow, fast = (best_of(record, rule, clip=clip) for rule in ("momentum", "adam"))
    return BEHIND if slow.low > fast.high else AHEAD if slow.high < fast.low else TIED


def rows(record: Mapping[str, Any], clip: float | None = CLIP, rules: Iterable[str] = NAMES) -> list[list[Any]]:
    """Return a row for each rule: its name, best step size, median, lowest and highest test loss over the seeds."""
    found = [(rule, best_of(record, rule, clip=clip)) for rule in rules]
    unclipped = ", not clipped" * (clip is None)
    return [[NAMES[rule] + unclipped, best.lr, best.median, best.low, best.high] for rule, best in found]


def show_sweep(records: Iterable[Mapping[str, Any]]) -> None:
    """Show the test loss of each rule against the step size, a panel for each machine, and how far momentum's best is from Adam's."""
    found = list(records)
    figure = new_figure(1.0 + 4.9 * len(found), 4.2)
    told = []
    for ax, record in zip(figure.subplots(1, len(found), squeeze=False)[0], found, strict=True):
        size, each = record["size"], rows(record)
        for rule, name in NAMES.items():
            lrs, losses = seed_range(record["sweep"], rule, size["warmup"])
            losses = np.minimum(losses, CEILING)
            basin(lrs, np.median(losses, axis=0), ax, rule=rule, label=name)
            ax.fill_between(lrs, losses.min(0), losses.max(0), color=look(rule).color, lw=0, alpha=0.2)
        slow, fast = (best_of(record, rule) for rule in ("momentum", "adam"))
        ax.axhline(fast.median, color="black", lw=1, ls=":")
        ax.text(0.99, fast.median - 0.01, "Adam's best", transform=ax.get_yaxis_transform(), ha="right", va="top", fontsize=11)
        ax.annotate("", (slow.lr, fast.median), (slow.lr, slow.median),
                    arrowprops={"arrowstyle": "<->", "lw": 1.5, "shrinkA": 0, "shrinkB": 0})
        ax.text(slow.lr * 0.85, (slow.median + fast.median) / 2, f"{abs(slow.median - fast.median):.2f} nats", fontsize=12,
                ha="right", va="center")
        low = min(row[3] for row in each) - 0.08
        ax.set(ylim=(low, low + 0.75), ylabel="test loss, nats a character",
               title=f"{machine.NAMES[record['device']]}, {size['layers']} layers of width {size['width']}")
        for rule, best, side, up, name in (("adam", fast, 0.6, 0.17, "Adam and"), ("adamw", fast, 0.6, 0.12, "AdamW"),
                                           ("momentum", slow, 1.15, 0.15, "momentum")):
            ax.text(best.lr * side, best.median + up, name, color=look(rule).color, fontsize=12, ha="center")
        told.append(f"{machine.NAMES[record['device']]}: " + ", ".join(f"{row[0]} is lowest, {row[2]:.2f}, at {row[1]:g}" for row in each))
    ends = {verdict(record) for record in found}
    figure.suptitle(f"Each at its own step size: {ends.pop() if len(ends) == 1 else 'the machines disagree'}", weight="bold")
    show(figure, "Test loss against step size, the median of the seeds for each of three rules, shaded from the lowest to the highest, "
         f"with an arrow from momentum's best down to Adam's. {'. '.join(told)}.")


def warmup_basin(record: Mapping[str, Any], ax: Axes) -> None:
    """Draw AdamW's recorded test loss against the step size with warm-up and without, and shade the gain."""
    size, middles = record["size"], []
    for warmup, dash, marker, beside in ((size["warmup"], "-", "P", 0.97), (0, ":", "x", 1.03)):
        lrs, losses = seed_range(record["sweep"], "adamw", warmup)
        losses = np.minimum(losses, CEILING)
        color = look("adamw").color if warmup else "black"
        middles.append(np.median(losses, axis=0))
        label = f"{warmup} steps of warm-up" if warmup else "no warm-up"
        ax.plot(lrs, middles[-1], color=color, linestyle=dash, marker=marker, label=label)
        ax.vlines(beside * lrs, losses.min(0), losses.max(0), color=color, linewidth=1.5)
    ax.fill_between(lrs, middles[0], middles[1], color=look("adamw").color, lw=0, alpha=0.13)
    ax.set(xscale="log", xlabel="step size lr", ylabel="test loss, nats a character", title="AdamW with warm-up and without")


def where_warmup_matters(record: Mapping[str, Any]) -> str:
    """Return whether the medians with and without warm-up differ more over the lower or over the upper half of AdamW's step sizes."""
    warm, cold = (np.minimum(np.median(seed_range(record["sweep"], "adamw", w)[1], axis=0), CEILING) for w in (record["size"]["warmup"], 0))
    apart = abs(warm - cold)
    half = len(apart) // 2
    return "the large ones" if apart[-half:].mean() > apart[:half].mean() else "the small ones"


def show_warmup(records: Iterable[Mapping[str, Any]]) -> None:
    """Show AdamW with warm-up and without, a panel for each recorded machine, all as high."""
    found = list(records)
    figure = new_figure(1.0 + 4.9 * len(found), 4.0)
    for ax, record in zip(figure.subplots(1, len(found), squeeze=False)[0], found, strict=True):
        warmup_basin(record, ax)
        low = min(line.get_ydata().min() for line in ax.lines) - 0.17
        ax.set(title=f"{machine.NAMES[record['device']]}, {record['size']['layers']} layers of width {record['size']['width']}",
               ylim=(low, low + 1.35))
        warm, cold = ax.lines
        x, y = cold.get_xdata()[5], cold.get_ydata()[5]
        ax.annotate(str(cold.get_label()), (x, y), xytext=(-10, 12), textcoords="offset points", ha="right", fontsize=12)
        x, y = warm.get_xdata()[4], warm.get_ydata()[4]
        ax.annotate(str(warm.get_label()), (x, y), xytext=(0, -20), textcoords="offset points", ha="center", fontsize=12,
                    color=warm.get_color())
    figure.suptitle("With warm-up AdamW bears longer steps", weight="bold")
    show(figure, "AdamW's test loss against the step size, with warm-up and without: close together at small step sizes, "
         "and apart at large ones.")


def of_batch(record: Mapping[str, Any], rule: str, batch: int) -> tuple[Array, Array]:
    """Return (step sizes, test losses (seeds, step sizes)) of a rule at a batch size."""
    found: dict[float, list[float]] = {}
    for row in record["batches"]:
        if (row["rule"], row["batch"]) == (rule, batch):
            found.setdefault(row["lr"], []).append(np.inf if row["test"] is None else row["test"])
    return np.array(list(found)), np.array(list(found.values())).T


def batch_rows(record: Mapping[str, Any], rule: str) -> list[list[Any]]:
    """Return a row for each batch size: it, the steps, the Best step size, and the median, lowest and highest test loss there."""
    size, found = record["size"], []
    for batch in BATCHES:
        best = _best(*of_batch(record, rule, batch))
        found.append([batch, size["steps"] * size["batch"] // batch, best.lr, best.median, best.low, best.high])
    return found


def worst_batch(found: list[list[Any]]) -> str:
    """Return the batch of `batch_rows` with the highest median at its best step size."""
    return f"{max(found, key=lambda row: row[3])[0]} windows"


def show_batches(records: Iterable[Mapping[str, Any]]) -> None:
    """Show AdamW's test loss against the step size at three batch sizes with equally many characters, a panel for each machine."""
    found = list(records)
    figure, told = new_figure(1.0 + 4.9 * len(found), 4.0), []
    for ax, record in zip(figure.subplots(1, len(found), squeeze=False)[0], found, strict=True):
        for row, color, marker in zip(batch_rows(record, "adamw"), BATCH_COLORS, ("o", "s", "^"), strict=True):
            lrs, losses = of_batch(record, "adamw", row[0])
            losses = np.minimum(losses, CEILING)
            middle = np.median(losses, axis=0)
            ax.plot(lrs, middle, color=color, marker=marker)
            ax.fill_between(lrs, losses.min(0), losses.max(0), color=color, lw=0, alpha=0.2)
            below = row[0] == BATCHES[0]
            ax.annotate(f"{row[0]} windows, {row[1]:,} steps", (lrs[0], middle[0]), xytext=(8, -10 if below else 8), color=color,
                        fontsize=11, textcoords="offset points", va="top" if below else "bottom")
            told.append(f"{machine.NAMES[record['device']]}, {row[0]} windows, lowest {row[3]:.2f} at {row[2]:g}")
        ax.set(xscale="log", xlabel="step size lr", ylabel="test loss, nats a character",
               title=f"{machine.NAMES[record['device']]}, {record['size']['layers']} layers of width {record['size']['width']}")
        ax.margins(y=0.16)
    figure.suptitle("The same characters in fewer steps: the largest batch ends highest", weight="bold")
    show(figure, "AdamW's test loss against the step size, a line for each of three batch sizes, shaded over the range of its starts: "
         f"{'; '.join(told)}.")
