"""The recorded comparison of lesson 12 on a text, read and drawn: the best of each rule, and what a weak baseline makes of it."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from lessonlib.lessons.lesson12 import records
from lessonlib.play.experiment import Choice, Experiment, Goal, Scene, new_figure
from lessonlib.plots import look, show

__all__ = ["AHEAD", "AS_LONG", "AS_LONG_32", "BEHIND", "COMPARED", "DEFAULT", "FLOAT32", "HEADER", "NAMES", "NO_FACTOR",
           "SOONER", "TIED", "TIMED", "TUNED_ALONE", "TYPED", "VERDICTS", "Best", "Case", "baselines", "best", "default_gap",
           "factor_gap", "fresh", "fresh_best", "fresh_case", "fresh_gap", "from_record", "gap", "matrix_lrs", "pairs", "rest_lrs", "rows",
           "seconds_rows", "seeds", "show_sweep", "tuned_alone", "typed", "verdict", "weak_baseline"]

Array = np.ndarray[Any, Any]
NAMES = {"adamw": "AdamW alone", "muon": "Muon and AdamW"}
SOONER = "adamw .95"  # AdamW with a beta2 of 0.95
FLOAT32 = "muon, float32"  # Muon with its five steps in float32
NO_FACTOR = "muon, no factor"  # Muon whose step is the average itself, as long as its factor
AS_LONG = "adamw, as long"  # AdamW with so many steps that it trains as long as torch's Muon did
AS_LONG_32 = "adamw, as long as float32"  # and as long as Muon in float32
DEFAULT = 1e-3  # AdamW's step size in torch, and Muon's
TYPED = {  # settings of Muon that were not swept: torch's defaults, the authors' with AdamW's own step size for the rest and with theirs,
    # and one step size for everything, with steps of the length of AdamW's
    "defaults": ("muon", DEFAULT, DEFAULT), "authors": ("muon", 0.02, 0.032), "copied": ("muon", 0.02, 3e-4),
    "matched": ("muon, matched", 0.032, 0.032)}
COMPARED = ["compared", "AdamW", "Muon", "Muon's lead"]
TIMED = ["Muon's five steps in", "AdamW's steps in that time", "Muon's lead"]
STAGES = ("sweep", "sooner", "as_long", "as_long_32", "float32", "no_factor")  # of the record: the trainings with the seeds that chose
SAME = 0.002  # nats: no picture and no table of the lesson tells two medians so near apart
FAR = 2.7  # the right edge of the picture of the weak baseline
AHEAD, TIED, BEHIND = ("each seed of Muon ends below each of AdamW", "the seeds overlap",
                       "each seed of Muon ends above each of AdamW")
VERDICTS = [AHEAD, TIED, BEHIND]
TUNED_ALONE = ["Muon, by less than in A", "AdamW, by less than Muon in A", "AdamW, by more than Muon in A"]
HEADER = ["optimizer", "step size of matrices", "three seeds", "six more", "their range"]


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


def from_record() -> Mapping[str, Any]:
    """Return what authoring/record_after.py recorded on a CPU."""
    return records.from_record("after_cpu.json")


def pairs(found: Mapping[str, Any], rule: str, count: int) -> list[Case]:
    """Return so many pairs of step sizes of a rule with the lowest medians, the lowest first."""
    losses = _losses(found, rule)
    return sorted(losses, key=lambda case: float(np.median(losses[case])))[:count]


def _losses(found: Mapping[str, Any], rule: str) -> dict[Case, list[float]]:
    """The test losses over the seeds of each pair of step sizes; inf where a training went beyond the numbers."""
    losses: dict[Case, list[float]] = {}
    for row in [row for name in STAGES for row in found.get(name, ())]:
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


def fresh(found: Mapping[str, Any], rule: str) -> dict[Case, list[float]]:
    """Return the test losses of a rule's best pairs with seeds that took no part in choosing them."""
    losses: dict[Case, list[float]] = {case: [] for case in pairs(found, rule, len(found["fresh"]))}
    for row in found["fresh"]:
        if row["rule"] == rule:
            losses[Case(rule, row["matrix_lr"], row["rest_lr"])].append(row["test"])
    return {case: each for case, each in losses.items() if each}


def fresh_case(found: Mapping[str, Any], rule: str) -> Case:
    """Return that pair of a rule whose median over the fresh seeds is the lowest."""
    losses = fresh(found, rule)
    return min(losses, key=lambda case: float(np.median(losses[case])))


def fresh_best(found: Mapping[str, Any], rule: str) -> list[float]:
    """Return the fresh losses of fresh_case."""
    return fresh(found, rule)[fresh_case(found, rule)]


def fresh_gap(found: Mapping[str, Any], baseline: str = "adamw", rule: str = "muon") -> float:
    """Return by how much the fresh median of Muon's best pair is below that of a baseline's best pair."""
    return float(np.median(fresh_best(found, baseline)) - np.median(fresh_best(found, rule)))


def default_gap(found: Mapping[str, Any]) -> float:
    """Return by how much Muon's best median is below that of AdamW at its default step size for everything."""
    return best(found, "adamw", [DEFAULT], [DEFAULT]).median - best(found, "muon").median


def typed(name: str, found: Mapping[str, Any] | None = None) -> float:
    """Return the median test loss of one of TYPED, from this record or the lesson's."""
    rows = (found or from_record())["untuned"]
    return float(np.median([row["test"] for row in rows if (row["rule"], row["matrix_lr"], row["rest_lr"]) == TYPED[name]]))


def baselines(found: Mapping[str, Any]) -> list[list[Any]]:
    """Return a row for each comparison in steps, under COMPARED: what was tuned, both medians, and Muon's lead.

    A is Muon beside an AdamW that nobody tuned, B the other way round.
    """
    tuned, default = best(found, "muon").median, typed("defaults", found)
    adamw = best(found, "adamw").median
    named = (("A, only Muon tuned", best(found, "adamw", [DEFAULT], [DEFAULT]).median, tuned),
             ("B, only AdamW tuned", adamw, default),
             ("B, with Muon's matrices tuned too", adamw, best(found, "muon", rest=[DEFAULT]).median),
             ("both tuned", adamw, tuned))
    return [[name, slow, fast, slow - fast] for name, slow, fast in named]


def seconds_rows(found: Mapping[str, Any]) -> list[list[Any]]:
    """Return a row for each way to compute Muon's five steps, under TIMED: its lead on AdamW with as many steps as take as long."""
    longer = found["as_long_size"]
    return [[name, longer[rule]["steps"], best(found, slow).median - best(found, rule).median]
            for name, rule, slow in (("float32", FLOAT32, AS_LONG_32), ("bfloat16", "muon", AS_LONG))]


def tuned_alone(found: Mapping[str, Any]) -> str:
    """Return which of TUNED_ALONE is so: who leads where AdamW is at its best and Muon at its default, beside default_gap."""
    lead = typed("defaults", found) - best(found, "adamw").median
    return TUNED_ALONE[0 if lead < 0 else 1 if lead < default_gap(found) else 2]


def factor_gap(found: Mapping[str, Any]) -> float:
    """Return by how much the fresh median of Muon's best pair is below that of Muon without its factor."""
    return fresh_gap(found, NO_FACTOR)


def verdict(found: Mapping[str, Any], baseline: str = "adamw", rule: str = "muon") -> str:
    """Return AHEAD where Muon's best is below the best of AdamW for every pair of seeds, BEHIND where it is above, else TIED.

    baseline: "adamw", SOONER, AS_LONG or AS_LONG_32. rule: "muon" or FLOAT32.
    """
    slow, fast = (best(found, each).losses for each in (baseline, rule))
    return AHEAD if max(fast) < min(slow) else BEHIND if min(fast) > max(slow) else TIED


def rows(found: Mapping[str, Any]) -> list[list[Any]]:
    """Return a row for each rule, under HEADER, at that of its best pairs which is best with the fresh seeds: its step size of the
    matrices, both medians, and how far the fresh seeds go."""
    named = NAMES | {NO_FACTOR: "Muon without its factor"}
    return [[name, case.matrix_lr, best(found, rule, *([lr] for lr in case[1:])).median, float(np.median(losses)),
             f"{min(losses):.2f} to {max(losses):.2f}"]
            for rule, name in named.items() for case, losses in [(fresh_case(found, rule), fresh_best(found, rule))]]


def show_sweep(found: Mapping[str, Any]) -> None:
    """Show the test loss of both rules against the step size of the matrices, with the best step size of the rest at each."""
    figure = new_figure(7.4, 4.0)
    ax = figure.add_subplot(xscale="log", ylim=(1.99, 2.57), xlabel="step size of the matrices, all other weights at their best",
                            ylabel="test loss, nats a character", title="Each at its own best step size, Muon ends lower")
    lowest = []
    for (rule, name), (at, up, side) in zip(NAMES.items(), ((0, 0.055, "left"), (1, -0.04, "right")), strict=True):  # above, and below
        style = look(rule)
        each = [best(found, rule, [lr]) for lr in matrix_lrs(found, rule)]
        lrs = [b.case.matrix_lr for b in each]
        ax.plot(lrs, [b.median for b in each], color=style.color, linestyle="-" if rule == "muon" else style.dash, marker=style.marker,
                markersize=8)
        ax.fill_between(lrs, [min(b.losses) for b in each], [max(b.losses) for b in each], color=style.color, alpha=0.13, linewidth=0)
        ax.plot(lrs, [b.losses for b in each], color=style.color, marker=".", markersize=4, linestyle="none")
        low = lrs.index(fresh_case(found, rule).matrix_lr)
        ax.plot(lrs[low], each[low].median, marker="o", markersize=19, markerfacecolor="none", color=style.color)
        ax.annotate("best with six\nmore seeds" if at else "", (lrs[low] * 1.08, each[low].median - 0.012), (lrs[low] * 1.2, 2.02),
                    fontsize=10, color=style.color, va="center")
        ax.text(lrs[at] * 0.95, each[at].median + up, name, color=style.color, weight="bold", ha=side, va="center")
        lowest.append(f"{name} at {lrs[low]:g}, with {each[low].median:.2f}")
    show(figure, "Test loss against the step size of the matrices, three seeds as dots, their median as a line and their range as a shade, "
                 f"with a ring around the best by six more seeds: {'; '.join(lowest)}.")


def weak_baseline() -> Experiment:
    """Muon at its best beside AdamW at step sizes of the learner's choice, both as recorded: how large the lead looks."""
    found = from_record()
    muon = best(found, "muon")

    def update(artists: dict[str, Any], matrix: float, rest: float) -> str:
        chosen = best(found, "adamw", [matrix], [rest])
        artists["points"].set_data(np.minimum(chosen.losses, FAR), _apart(0, chosen.losses))
        artists["lead"].set_data([muon.median, min(chosen.median, FAR)], [0.4, 0.4])
        for name in ("edge", "beyond"):
            artists[name].set_visible(max(chosen.losses) >= FAR)
        apart = chosen.median - muon.median
        artists["told"].set_position(((muon.median + min(chosen.median, FAR)) / 2, 0.46))
        artists["told"].set_text(f"{apart:.2f}")
        return (f"AdamW {chosen.median:.2f} and Muon {muon.median:.2f} nats a character, the medians of {seeds(found)} seeds. "
                f"Muon is ahead by {apart:.2f}.")

    return Experiment(lambda: _scene(muon), update,
                      {"matrix": Choice("AdamW, lr of matrices", matrix_lrs(found, "adamw"), DEFAULT),
                       "rest": Choice("AdamW, lr of rest", rest_lrs(found, "adamw"), DEFAULT)},
                      Goal("make Muon's lead look as small as these settings can make it.",
                           lambda matrix, rest: best(found, "adamw", [matrix], [rest]).median < best(found, "adamw").median + SAME))


def _apart(height: float, losses: Sequence[float]) -> Array:
    """Heights around one, so that no seed hides another."""
    return np.asarray(height + np.linspace(-0.16, 0.16, len(losses)))


def _scene(muon: Best) -> Scene:
    figure = new_figure(7.4, 2.8)
    ax = figure.add_subplot(xlim=(min(muon.losses) - 0.05, FAR + 0.05), ylim=(-0.5, 1.5), yticks=(0, 1),
                            xlabel="test loss, nats a character, three seeds of each",
                            title="The worse the baseline, the larger the lead looks")
    ax.set_yticklabels(["AdamW, as you set it", "Muon, at its best"])
    edge = ax.axvline(FAR, color="#6b6b6b", linewidth=1, linestyle=(0, (2, 2)))
    beyond = ax.text(FAR + 0.008, 1.0, f"{FAR:g} or more", ha="left", va="center", rotation=90)
    style = look("muon")
    ax.plot(muon.losses, _apart(1, muon.losses), color=style.color, marker=style.marker, markersize=8, linestyle="none")
    ax.axvline(muon.median, color=style.color, linewidth=1)
    ax.text(muon.median + 0.01, 1.36, "Muon's median", ha="left", va="center")
    style = look("adamw")
    (points,) = ax.plot([], [], color=style.color, marker=style.marker, markersize=8, linestyle="none", clip_on=False)
    (lead,) = ax.plot([], [], color="black", linewidth=2, marker="|", markersize=12)
    told = ax.text(0, 0.46, "", ha="center", va="bottom")
    return Scene(figure, {"points": points, "lead": lead, "told": told, "edge": edge, "beyond": beyond},
                 "Test losses on a line: above, three seeds of Muon at its best; below, three of AdamW at the chosen step sizes, at first "
                 f"its default, those of {FAR:g} or more on a dashed line at the right; between them a bar from Muon's median to theirs.")
