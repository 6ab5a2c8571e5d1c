"""The recorded comparison of lesson 12 on a text, read and drawn: the best of each rule, and what a weak baseline makes of it."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from lessonlib.data import recorded
from lessonlib.play.experiment import Choice, Experiment, Goal, Scene, new_figure
from lessonlib.plots import look, show

__all__ = ["AHEAD", "AS_LONG", "BEHIND", "DEFAULT", "NAMES", "SOONER", "TIED", "Best", "Case", "baselines", "best", "clock_rows",
           "default_gap", "gap", "least_gap", "matrix_lrs", "record", "rest_lrs", "rows", "seeds", "show_sweep", "verdict",
           "weak_baseline"]

Array = np.ndarray[Any, Any]
NAMES = {"adamw": "AdamW alone", "muon": "Muon and AdamW"}
SOONER = "adamw .95"  # AdamW with a beta2 of 0.95
AS_LONG = "adamw, as long"  # AdamW with so many steps that it trains as long as Muon did
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


def _losses(found: Mapping[str, Any], rule: str) -> dict[Case, list[float]]:
    """The test losses over the seeds of each pair of step sizes; inf where a training went beyond the numbers."""
    losses: dict[Case, list[float]] = {}
    longer = [{**row, "rule": AS_LONG} for row in found.get("as_long", ())]
    for row in [*found["sweep"], *found.get("sooner", ()), *longer]:
        if row["rule"] == rule:
            case = Case(rule, row["matrix_lr"], row["rest_lr"])
            losses.setdefault(case, []).append(np.inf if row["test"] is None else row["test"])
    return losses


def matrix_lrs(found: Mapping[str, Any], rule: str) -> list[float]:
    """Return the step sizes of the block matrices that were swept."""
    return sorted({case.matrix_lr for case in _losses(found, rule)})


def rest_lrs(found: Mapping[str, Any], rule: str) -> list[float]:
    """Return the step sizes of the rest that were swept."""
    return sorted({case.rest_lr for case in _losses(found, rule)})


def seeds(found: Mapping[str, Any]) -> int:
    """Return how many seeds each training has."""
    return len({row["seed"] for row in found["sweep"]})


def best(found: Mapping[str, Any], rule: str, matrix: Sequence[float] | None = None, rest: Sequence[float] | None = None) -> Best:
    """Return the Best of a rule, by the median over the seeds, among these step sizes; all that were swept where none are given."""
    axes = [sorted(matrix or matrix_lrs(found, rule)), sorted(rest or rest_lrs(found, rule))]
    swept = {case: losses for case, losses in _losses(found, rule).items()
             if case.matrix_lr in axes[0] and case.rest_lr in axes[1]}
    if not swept:
        raise ValueError(f"matrix={matrix!r}, rest={rest!r}: no recorded training of {rule} has these step sizes")
    case = min(swept, key=lambda c: float(np.median(swept[c])))
    inside = all(axis[0] < lr < axis[-1] for axis, lr in zip(axes, case[1:], strict=True))
    return Best(case, tuple(swept[case]), float(np.median(swept[case])), inside)


def gap(found: Mapping[str, Any], baseline: str = "adamw") -> float:
    """Return by how much Muon's best median is below that of AdamW's best, in nats a character; baseline: "adamw" or SOONER."""
    return best(found, baseline).median - best(found, "muon").median


def clock_rows(found: Mapping[str, Any]) -> list[list[Any]]:
    """Return a row for each training of the comparison in seconds: its name, steps, seconds, and the median, lowest and highest loss."""
    steps, took, longer = found["size"]["steps"], found["seconds"], found["as_long_size"]["steps"]
    each = ((NAMES["adamw"], "adamw", steps, took["adamw"]), (NAMES["muon"], "muon", steps, took["muon"]),
            (NAMES["adamw"], AS_LONG, longer, took["adamw"] * longer / steps))
    return [[name, count, seconds, best(found, rule).median, min(best(found, rule).losses), max(best(found, rule).losses)]
            for name, rule, count, seconds in each]


def default_gap(found: Mapping[str, Any]) -> float:
    """Return by how much Muon's best median is below that of AdamW at its default step size for everything."""
    return best(found, "adamw", [DEFAULT], [DEFAULT]).median - best(found, "muon").median


def baselines(found: Mapping[str, Any]) -> list[list[Any]]:
    """Return a row for each AdamW that Muon's best is compared with, from the weakest: what was tuned, its median, and Muon's lead."""
    muon = best(found, "muon").median
    named = (("nothing", best(found, "adamw", [DEFAULT], [DEFAULT])), ("both step sizes", best(found, "adamw")),
             ("both, with beta2 0.95", best(found, SOONER)), ("both, in as many seconds", best(found, AS_LONG)))
    return [[name, b.median, b.median - muon] for name, b in named]


def least_gap(found: Mapping[str, Any]) -> float:
    """Return the least of Muon's leads over an AdamW with as many steps."""
    return min(gap(found), gap(found, SOONER))


def verdict(found: Mapping[str, Any], baseline: str = "adamw") -> str:
    """Return AHEAD where Muon's best is below the best of AdamW for every pair of seeds, BEHIND where it is above, else TIED.

    baseline: "adamw", SOONER or AS_LONG.
    """
    slow, fast = (best(found, rule).losses for rule in (baseline, "muon"))
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
        dash = "-" if rule == "muon" else style.dash  # two dark colours, told apart in grey too
        ax.plot(lrs, [b.median for b in each], color=style.color, linestyle=dash, marker=style.marker, label=name)
        ax.vlines(lrs, low, np.minimum(high, 4.0), color=style.color, lw=5, alpha=0.3)
        lowest.append(f"{name} is lowest at {best(found, rule).case.matrix_lr:g}, with {best(found, rule).median:.2f}")
    ax.legend()
    show(figure, "Test loss against the step size of the matrices, the median of the seeds with bars for their range: "
                 f"{'; '.join(lowest)}.")


def weak_baseline() -> Experiment:
    """Muon at its best beside AdamW at step sizes of the learner's choice, both as recorded: how large the lead looks."""
    found = record()
    muon, tuned = best(found, "muon"), best(found, "adamw").case

    def update(artists: dict[str, Any], matrix: float, rest: float) -> str:
        chosen = best(found, "adamw", [matrix], [rest])
        artists["points"].set_data(chosen.losses, [0] * len(chosen.losses))
        artists["lead"].set_data([muon.median, chosen.median], [0.5, 0.5])
        apart = chosen.median - muon.median
        artists["told"].set_position(((muon.median + chosen.median) / 2, 0.58))
        artists["told"].set_text(f"{apart:.2f}")
        return (f"AdamW {chosen.median:.2f} and Muon {muon.median:.2f} nats a character, the medians of {seeds(found)} seeds. "
                f"Muon is ahead by {apart:.2f}.")

    return Experiment(lambda: _scene(found, muon), update,
                      {"matrix": Choice("AdamW, lr of matrices", matrix_lrs(found, "adamw"), DEFAULT),
                       "rest": Choice("AdamW, lr of rest", rest_lrs(found, "adamw"), DEFAULT)},
                      Goal("make Muon's lead look as small as these settings can make it.",
                           lambda matrix, rest: (matrix, rest) == tuned[1:]), {"matrix": tuned.matrix_lr, "rest": tuned.rest_lr})


def _scene(found: Mapping[str, Any], muon: Best) -> Scene:
    figure = new_figure(7.4, 3.0)
    high = max(max(losses) for losses in _losses(found, "adamw").values() if np.isfinite(losses).all())
    ax = figure.add_subplot(xlim=(min(muon.losses) - 0.05, min(high, 3.2) + 0.05), ylim=(-0.6, 1.6), yticks=(0, 1),
                            xlabel="test loss, nats a character", title="How large does the lead look?")
    ax.set_yticklabels(["AdamW, as you set it", "Muon, at its best"])
    style = look("muon")
    ax.plot(muon.losses, [1] * len(muon.losses), color=style.color, marker=style.marker, markersize=9, linestyle="none")
    ax.axvline(muon.median, color=style.color, linewidth=1)
    style = look("adamw")
    (points,) = ax.plot([], [], color=style.color, marker=style.marker, markersize=9, linestyle="none", clip_on=False)
    (lead,) = ax.plot([], [], color="black", linewidth=2, marker="|", markersize=12)
    told = ax.text(0, 0.58, "", ha="center", va="bottom")
    return Scene(figure, {"points": points, "lead": lead, "told": told},
                 "Test losses on a line: above, three seeds of Muon at its best; below, three of AdamW at the chosen step sizes; between "
                 "them a bar from median to median.")
