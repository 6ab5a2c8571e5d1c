"""The recorded comparison of lesson 12 on a text, read and drawn: the best of each rule, and what a weak baseline makes of it."""
from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from lessonlib.data import recorded
from lessonlib.play.experiment import Choice, Experiment, Goal, Scene, new_figure
from lessonlib.plots import look, show

__all__ = ["AHEAD", "BEHIND", "DEFAULT", "NAMES", "TIED", "Best", "Case", "best", "default_gap", "gap", "matrix_lrs",
           "record", "rest_lrs", "rows", "seeds", "show_sweep", "verdict", "weak_baseline"]

Array = np.ndarray[Any, Any]
NAMES = {"adamw": "AdamW alone", "muon": "Muon and AdamW"}
DEFAULT = 1e-3  # AdamW's step size in torch
AHEAD, TIED, BEHIND = "Muon ends lower for every pair of seeds", "the seeds overlap", "Muon ends higher for every pair of seeds"


class Case(NamedTuple):
    """A pair of step sizes under a rule: of the block matrices, and of the rest."""

    rule: str
    matrix_lr: float
    rest_lr: float


class Best(NamedTuple):
    """The best pair of a sweep: its losses over the seeds, their median, and whether each of its step sizes lies inside of its axis."""

    case: Case
    losses: tuple[float, ...]
    median: float
    inside: bool


@cache
def record() -> Mapping[str, Any]:
    """Return what authoring/record_after.py recorded on a CPU."""
    found = recorded("after_cpu.json")
    assert found is not None
    return found


def _losses(sweep: Iterable[Mapping[str, Any]], rule: str) -> dict[Case, list[float]]:
    """The test losses over the seeds of each pair of step sizes; inf where a training went beyond the numbers."""
    found: dict[Case, list[float]] = {}
    for row in sweep:
        if row["rule"] == rule:
            case = Case(rule, row["matrix_lr"], row["rest_lr"])
            found.setdefault(case, []).append(np.inf if row["test"] is None else row["test"])
    return found


def matrix_lrs(found: Mapping[str, Any], rule: str) -> list[float]:
    """Return the step sizes of the block matrices that were swept."""
    return sorted({case.matrix_lr for case in _losses(found["sweep"], rule)})


def rest_lrs(found: Mapping[str, Any], rule: str) -> list[float]:
    """Return the step sizes of the rest that were swept."""
    return sorted({case.rest_lr for case in _losses(found["sweep"], rule)})


def seeds(found: Mapping[str, Any]) -> int:
    """Return how many seeds each training has."""
    return len({row["seed"] for row in found["sweep"]})


def best(found: Mapping[str, Any], rule: str, matrix: Sequence[float] | None = None, rest: Sequence[float] | None = None) -> Best:
    """Return the Best of a rule, by the median over the seeds, among these step sizes; all that were swept where none are given."""
    axes = [sorted(matrix or matrix_lrs(found, rule)), sorted(rest or rest_lrs(found, rule))]
    swept = {case: losses for case, losses in _losses(found["sweep"], rule).items()
             if case.matrix_lr in axes[0] and case.rest_lr in axes[1]}
    if not swept:
        raise ValueError(f"matrix={matrix!r}, rest={rest!r}: no recorded training of {rule} has these step sizes")
    case = min(swept, key=lambda c: float(np.median(swept[c])))
    inside = all(axis[0] < lr < axis[-1] for axis, lr in zip(axes, case[1:], strict=True))
    return Best(case, tuple(swept[case]), float(np.median(swept[case])), inside)


def gap(found: Mapping[str, Any]) -> float:
    """Return by how much Muon's best median is below AdamW's, in nats a character."""
    return best(found, "adamw").median - best(found, "muon").median


def default_gap(found: Mapping[str, Any]) -> float:
    """Return by how much Muon's best median is below that of AdamW at its default step size for everything."""
    return best(found, "adamw", [DEFAULT], [DEFAULT]).median - best(found, "muon").median


def verdict(found: Mapping[str, Any]) -> str:
    """Return AHEAD where Muon's best is below AdamW's for every pair of seeds, BEHIND where it is above, else TIED."""
    slow, fast = (best(found, rule).losses for rule in NAMES)
    return AHEAD if max(fast) < min(slow) else BEHIND if min(fast) > max(slow) else TIED


def rows(found: Mapping[str, Any]) -> list[list[Any]]:
    """Return a row for each rule: name, step sizes of matrices and rest, median, lowest and highest test loss, inside the sweep or not."""
    out = []
    for rule, name in NAMES.items():
        b = best(found, rule)
        out.append([name, b.case.matrix_lr, b.case.rest_lr, b.median, min(b.losses), max(b.losses), "yes" if b.inside else "no"])
    return out


def show_sweep(found: Mapping[str, Any]) -> None:
    """Show the test loss of both rules against the step size of the matrices, with the best step size of the rest at each."""
    figure = new_figure(7.4, 4.0)
    ax = figure.add_subplot(xscale="log", xlabel="step size of the matrices", ylabel="test loss, nats a character",
                            title="Each tuned alike, over two step sizes")
    lowest = []
    for rule, name in NAMES.items():
        style = look(rule)
        each = [best(found, rule, [lr]) for lr in matrix_lrs(found, rule)]
        lrs, low, high = [b.case.matrix_lr for b in each], [min(b.losses) for b in each], [max(b.losses) for b in each]
        ax.plot(lrs, [b.median for b in each], color=style.color, linestyle=style.dash, marker=style.marker, label=name)
        ax.vlines(lrs, low, np.minimum(high, 4.0), color=style.color, lw=5, alpha=0.3)
        lowest.append(f"{name} is lowest at {best(found, rule).case.matrix_lr:g}, with {best(found, rule).median:.2f}")
    ax.legend()
    show(figure, "Test loss against the step size of the matrices, the median of the seeds with bars for their range: "
                 f"{'; '.join(lowest)}.")


def weak_baseline() -> Experiment:
    """Muon at its best beside AdamW at step sizes of the learner's choice, both as recorded: how large the win looks."""
    found = record()
    at_best, tuned = best(found, "muon"), best(found, "adamw")
    axes = {"matrix": matrix_lrs(found, "adamw"), "rest": rest_lrs(found, "adamw")}

    def scene() -> Scene:
        figure = new_figure(7.4, 3.2)
        high = max(max(losses) for losses in _losses(found["sweep"], "adamw").values() if np.isfinite(losses).all())
        ax = figure.add_subplot(xlim=(min(at_best.losses) - 0.05, high + 0.05), ylim=(-0.6, 1.9), yticks=(0, 1), xlabel="test loss, nats "
                                                                                                                        "a character",
                                title="How large does the win look?")
        ax.set_yticklabels(["AdamW, as you set it", "Muon, at its best"])
        style = look("muon")
        ax.plot(at_best.losses, [1] * len(at_best.losses), color=style.color, marker=style.marker, markersize=9, linestyle="none")
        ax.axvline(at_best.median, color=style.color, linewidth=1)
        style = look("adamw")
        (points,) = ax.plot([], [], color=style.color, marker=style.marker, markersize=9, linestyle="none")
        (win,) = ax.plot([], [], color="black", linewidth=2, marker="|", markersize=12)
        told = ax.text(0, 0.55, "", ha="center", va="bottom")
        return Scene(figure, {"points": points, "win": win, "told": told},
                     "Test losses on a line: above, three seeds of Muon at its best; below, three of AdamW at the chosen step sizes; "
                     "between them a bar from median to median.")

    def update(artists: dict[str, Any], matrix: float, rest: float) -> str:
        chosen = best(found, "adamw", [matrix], [rest])
        artists["points"].set_data(chosen.losses, [0] * len(chosen.losses))
        artists["win"].set_data([at_best.median, chosen.median], [0.5, 0.5])
        apart = chosen.median - at_best.median
        artists["told"].set_position((max(at_best.median + 0.08, (at_best.median + chosen.median) / 2), 0.6))
        artists["told"].set_text(f"{apart:.2f}")
        return (f"AdamW {chosen.median:.2f} and Muon {at_best.median:.2f} nats a character, the medians of {seeds(found)} seeds. "
                f"Muon is ahead by {apart:.2f}.")

    return Experiment(scene, update,
                      {"matrix": Choice("AdamW, matrices", [(f"{lr:g}", lr) for lr in axes["matrix"]], DEFAULT),
                       "rest": Choice("AdamW, the rest", [(f"{lr:g}", lr) for lr in axes["rest"]], DEFAULT)},
                      Goal("make Muon's win look as small as these settings can make it.",
                           lambda matrix, rest: (matrix, rest) == tuned.case[1:]),
                      {"matrix": tuned.case.matrix_lr, "rest": tuned.case.rest_lr})
