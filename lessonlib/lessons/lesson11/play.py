"""The experiments and figures of lesson 11: what a step costs, and what fits into memory."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from matplotlib.axes import Axes

from lessonlib.data import recorded
from lessonlib.lessons.lesson11.bench import FOREACH, LAYERS, LOOP, MANY, ONE
from lessonlib.lessons.lesson11.machine import NAMES
from lessonlib.play.experiment import Choice, Experiment, Goal, Scene, Slider, new_figure
from lessonlib.plots import show

__all__ = ["BEYOND", "MACHINES", "STEP_BYTES", "beyond", "bytes_per_rank", "calls_ms", "copied", "floor_ms",
           "floor_of_a_machine", "ladder", "show_ladder", "times_the_floor", "where", "will_it_fit"]

STEP_BYTES = {"sgd": 12, "momentum": 20, "adamw": 28}  # float32: read theta, g and the state, write theta and the state
BEYOND = ("less than twice", "two to six times", "more than six times")
DEFAULT = {"cpu": LOOP, "cuda": FOREACH}  # what PyTorch takes if nothing is asked for
KINDS = ("parameters", "gradients", "state")
RANKS = (1, 2, 4, 8, 16, 64, 256, 1024)
GB = 1e9
COLORS = {"parameters": "#4a4a4a", "gradients": "#9e5210", "state": "#3f0a61"}


def bytes_per_rank(parameters: float, ranks: float, stage: int, *, weight: int = 4, gradient: int = 4, state: int = 8) -> dict[str, float]:
    """Return what each of `ranks` processes holds for a model, by kind, at a stage of ZeRO (Rajbhandari et al. 2020).

    weight, gradient, state: bytes for each parameter; 4, 4 and 8 are float32 with Adam. Activations, and what is gathered for a
    moment, come on top. Stage 1 spreads the state, 2 the gradients too, 3 the parameters too.

    >>> bytes_per_rank(1e9, 8, 1)
    {'parameters': 4000000000.0, 'gradients': 4000000000.0, 'state': 1000000000.0}
    """
    if stage not in (0, 1, 2, 3):
        raise ValueError(f"stage={stage!r}: ZeRO has the stages 0, 1, 2 and 3")
    held = {kind: each * parameters for kind, each in zip(KINDS, (weight, gradient, state), strict=True)}
    return {kind: held[kind] / ranks if stage >= spread_from else held[kind] for kind, spread_from in zip(KINDS, (3, 2, 1), strict=True)}


MACHINES = {"laptop": 50.0, "T4": 320.0, "A100, 40 GB": 1555.0, "H100 SXM": 3350.0}  # GB/s; NVIDIA's figures, and a common laptop's
WIDEST, LARGEST = 100.0, 120.0  # ms and GB that the pictures show
RULES = {"gradient descent": "sgd", "momentum": "momentum", "AdamW": "adamw"}


def floor_ms(rule: str, parameters: float, bandwidth: float) -> float:
    """Return the least time of a step in float32, in ms; bandwidth in GB/s.

    >>> round(floor_ms("adamw", 124e6, 320), 1)
    10.8
    """
    return 1e3 * STEP_BYTES[rule] * parameters / (bandwidth * GB)


def _counted(parameters: float) -> str:
    """A number of parameters in words."""
    unit, word = (1e9, "billion") if parameters >= 9.995e8 else (1e6, "million")
    return f"{float(f'{parameters / unit:.3g}'):g} {word} parameters"


def floor_of_a_machine() -> Experiment:
    """The least that a step can take on four machines, by rule and number of parameters."""
    def scene() -> Scene:
        figure = new_figure(7.6, 3.6)
        ax = figure.add_subplot(xlim=(0, WIDEST), ylim=(len(MACHINES) + 0.1, -0.75), yticks=range(len(MACHINES)),
                                title="Memory sets the floor of the optimizer's step",
                                xlabel="floor of the optimizer's step, ms, at the bandwidth on the left")
        ax.set_yticklabels([f"{name}\n{bandwidth:,.0f} GB/s" for name, bandwidth in MACHINES.items()])
        ax.grid(visible=False, axis="y")
        ax.axvline(30, color=COLORS["gradients"], linewidth=2)
        ax.text(30, -0.74, " the goal: 30 ms on a T4", fontsize=11, va="top", color=COLORS["gradients"])
        artists: dict[str, Any] = {"model": ax.text(WIDEST - 2, len(MACHINES) - 0.1, "", ha="right", va="center", fontsize=10)}
        for place, name in enumerate(MACHINES):
            (artists[name],) = ax.barh([place], [1], height=0.6, color=COLORS["gradients" if name == "T4" else "parameters"])
            artists[f"{name} ms"] = ax.text(1, place, "", va="center", fontsize=10, zorder=5)
        return Scene(figure, artists, "Four bars, the floor of a step on a laptop, a T4, an A100 and an H100, and a line at 30 ms.")

    def update(artists: dict[str, Any], rule: str, parameters: float) -> str:
        artists["model"].set_text(f"{rule}, {_counted(parameters)}")
        told = []
        for place, (name, bandwidth) in enumerate(MACHINES.items()):
            least = floor_ms(RULES[rule], parameters, bandwidth)
            shown = f"{least:,.0f} ms" if least >= 10 else f"{least:.2g} ms"
            artists[name].set_bounds(0, place - 0.3, min(least, WIDEST), 0.6)
            fits = least < 0.8 * WIDEST
            artists[f"{name} ms"].set_text(f"   {shown}" if fits else f"{shown} " + "\u25b6" * (least > WIDEST))
            artists[f"{name} ms"].set_x(min(least, WIDEST))
            artists[f"{name} ms"].set_horizontalalignment("left" if fits else "right")
            artists[f"{name} ms"].set_color("black" if fits else "white")
            told.append(f"{name} {shown}")
        return f"{rule}, {STEP_BYTES[RULES[rule]]} bytes for each of {parameters:.3g} parameters, has a floor of: {'; '.join(told)}."

    return Experiment(scene, update, {"rule": Choice("rule", list(RULES), "AdamW"),
                                      "parameters": Slider("parameters", 1e7, 1e10, 1.24e8, log=True)},
                      Goal("with AdamW, find the largest model whose floor on a T4 is below 30 ms.",
                           lambda rule, parameters: rule == "AdamW" and 27.5 <= floor_ms("adamw", parameters, MACHINES["T4"]) <= 30))


def will_it_fit() -> Experiment:
    """Bytes in each process at the four stages of ZeRO, beside the memory of a card."""

    def total(parameters: float, ranks: int, stage: int) -> float:
        return sum(bytes_per_rank(parameters, ranks, stage).values()) / GB

    def scene() -> Scene:
        figure = new_figure(7.6, 3.8)
        ax = figure.add_subplot(xlim=(0, LARGEST), ylim=(4.3, -0.9), yticks=range(4),
                                xlabel="GB on each card, before activations", title="Each stage spreads one more thing")
        ax.set_yticklabels(["0: nothing spread", "1: state", "2: + gradients", "3: + parameters"])
        ax.grid(visible=False, axis="y")
        artists: dict[str, Any] = {"model": ax.text(0.985 * LARGEST, 3.95, "", ha="right", va="center", fontsize=11)}
        (artists["beyond"],) = ax.barh([1.5], [1], height=4.2, color="#f3dfd3", zorder=0)
        for stage in range(4):
            for kind in KINDS:
                (artists[f"{kind} {stage}"],) = ax.barh([stage], [1], height=0.62, color=COLORS[kind])
            artists[f"told {stage}"] = ax.text(1.02 * LARGEST, stage, "", va="center", fontsize=11)
        ax.text(1.02 * LARGEST, -0.66, "the sum on each card", va="center", fontsize=11)  # and room for the sums
        (artists["card"],) = ax.plot([], [], color="black", linewidth=2, zorder=4)
        artists["card text"] = ax.text(1, -0.66, "", fontsize=11, zorder=5)
        figure.legend(handles=[artists[f"{kind} 0"] for kind in KINDS], labels=list(KINDS), loc="outside lower center", ncols=3)
        return Scene(figure, artists, "Four bars of the memory that each card holds, one for each stage of ZeRO, made of parameters, "
                     "gradients and optimizer state, with their sums beside them; a vertical line at the memory of a card, and beyond it "
                     "the ground is shaded.",
                     {f"{kind} {stage}": ["parameters", "ranks"] for stage in range(4) for kind in KINDS})

    def update(artists: dict[str, Any], parameters: float, ranks: int, card: int) -> str:
        artists["model"].set_text(f"{_counted(parameters)}, {ranks} card" + "s" * (ranks > 1))
        told = []
        for stage in range(4):
            if f"{KINDS[0]} {stage}" in artists:
                left = 0.0
                for kind, each in bytes_per_rank(parameters, ranks, stage).items():
                    width = min(each / GB, LARGEST - left)  # what is wider ends at the edge
                    artists[f"{kind} {stage}"].set_bounds(left, stage - 0.31, width, 0.62)
                    left += width
            size = total(parameters, ranks, stage)
            fits = "fits" if size <= card else "does not fit"
            shown = f"{size:,.0f} GB" if size > 100 else f"{size:.3g} GB"
            artists[f"told {stage}"].set_text(f"{shown}, {'fits' if size <= card else 'too much'}")
            told.append(f"stage {stage}: {shown}, {fits}")
        artists["card"].set_data([card, card], [-0.6, 3.6])
        artists["beyond"].set_bounds(card, -0.6, LARGEST - card, 4.2)
        artists["card text"].set_text(f" {card} GB card")
        artists["card text"].set_x(card)
        return f"{parameters:.3g} parameters over {ranks} card{'s' * (ranks > 1)}, before activations: {'; '.join(told)}."

    def met(parameters: float, ranks: int, card: int) -> bool:
        fewer = max(each for each in RANKS if each < ranks) if ranks > 1 else 1
        return 6.5e9 <= parameters <= 7.5e9 and card == 24 and total(parameters, ranks, 3) <= card < total(parameters, fewer, 3)

    return Experiment(scene, update, {"parameters": Slider("parameters", 1e8, 1e12, 7e9, log=True),
                                      "ranks": Choice("cards", RANKS, 4),
                                      "card": Choice("memory of a card, GB", [16, 24, 40, 80], 80)},
                      Goal("7 billion parameters on cards of 24 GB: find the smallest of these counts at which stage 3 fits.", met))


def ladder(bench: Mapping[str, Any], workload: str, ax: Axes, engines: Sequence[str], *, log: bool = False, default: str = "") -> str:
    """Draw how many times the floor each of `engines` took for a workload of a recorded bench, in this order from the top.

    Bars from zero, fused ones in AdamW's colour; log: dots on a log axis instead. default: the engine to mark as PyTorch's own choice.
    Returns the same in words, with the ms.
    """
    rows = {row["engine"]: row for row in bench["rows"] if row["workload"] == workload and row["seconds"]}
    found = [engine for engine in engines if engine in rows]
    times = [times_the_floor(bench, workload, engine) for engine in found]
    told = []
    for place, (engine, each) in enumerate(zip(found, times, strict=True)):
        color = COLORS["state"] if "fused" in engine else "#8a8a8a"
        if log:
            ax.plot([1, each], [place, place], color=color, linewidth=2)
            ax.plot(each, place, color=color, marker="o", ms=9)
        else:
            ax.barh(place, each, color=color, height=0.66)
        ms = f"{1e3 * median(rows[engine]['seconds']):.3g} ms"
        ax.annotate(f"{each:,.1f}" if each < 10 else f"{each:,.0f}", (max(each, 1), place), xytext=(9, 0), textcoords="offset points",
                    va="center", fontsize=11)
        told.append(f"{engine} {each:.3g} times the floor, {ms}")
    ax.axvline(1, color="black", linewidth=2)
    ax.text(1, -0.62, " the floor", fontsize=11, va="bottom")
    ax.set(yticks=range(len(found)), xscale="log" if log else "linear", xlim=(0.6, 8 * max(times)) if log else (0, 1.15 * max(times)),
           ylim=(len(found) - 0.4, -1.1), xlabel="times the floor")
    ax.set_yticklabels([engine.replace(", the rule", ",\nthe rule") + ",\nthe default" * (engine == default) for engine in found])
    ax.grid(visible=False, axis="y")
    return "; ".join(told)


def show_ladder(panels: Sequence[tuple[str, str]], engines: Sequence[str], title: str, *, log: bool = False) -> None:
    """Show the recorded ladder, a panel for each (kind, workload) that somebody recorded, all with one axis where it is a log axis."""
    benches = {kind: recorded(f"bench_{kind}.json") for kind, _ in panels}
    found = [(kind, workload, bench) for kind, workload in panels if (bench := benches[kind]) is not None]
    figure = new_figure(1.6 + 4.6 * len(found), 1.3 + 0.42 * len(engines))
    told = []
    axes = figure.subplots(1, len(found), squeeze=False)[0]
    for ax, (kind, workload, bench) in zip(axes, found, strict=True):
        count = next(part["parameters"] for part in bench["rows"] if part["workload"] == workload)
        ax.set_title(f"{NAMES[kind]}, {workload},\n{_counted(count)}", fontsize=11)
        told.append(f"{NAMES[kind]}, {workload}: {ladder(bench, workload, ax, engines, log=log, default=DEFAULT[kind])}")
    if log:
        ends = [end for ax in axes for end in ax.get_xlim()]
        for ax in axes:
            ax.set_xlim(min(ends), max(ends))
    figure.suptitle(title, weight="bold")
    show(figure, f"How many times the floor one step of AdamW takes, {'a dot' if log else 'a bar'} for each way. {'. '.join(told)}.")


def times_the_floor(bench: Mapping[str, Any], workload: str, engine: str) -> float:
    """Return how many times the floor an engine's median takes, for a workload of a recorded bench; StopIteration for none such."""
    row = next(row for row in bench["rows"] if (row["workload"], row["engine"]) == (workload, engine))
    return float(median(row["seconds"]) * row["copied_per_second"] / (STEP_BYTES["adamw"] * row["parameters"]))


def calls_ms(bench: Mapping[str, Any], engine: str, tensors: int) -> float:
    """Return the ms that an engine's calls take for a step of so many tensors, by a recorded bench.

    It is what a step of the thousand small tensors takes beyond its numbers, which are counted at their price in one large tensor.
    """
    rows = {row["workload"]: row for row in bench["rows"] if row["engine"] == engine}
    small, large = rows[MANY], rows[ONE]
    numbers = median(large["seconds"]) * small["parameters"] / large["parameters"]
    return float(1e3 * tensors * (median(small["seconds"]) - numbers) / small["tensors"])


def beyond(times: float) -> str:
    """Return the one of BEYOND that a multiple of the floor belongs to.

    >>> beyond(1.1), beyond(4.6), beyond(14)
    ('less than twice', 'two to six times', 'more than six times')
    """
    return BEYOND[(times > 2) + (times > 6)]


def where(*records: Mapping[str, Any]) -> str:
    """Return how and on what something was recorded, a sentence for each record of a bench or of a step; a command is written once."""
    told = [f"Recorded by `{records[0]['command']}` on {_machine(records[0])}."]
    command = records[0]["command"].partition("--device")[0]
    told += [f"And with `{record['command'].removeprefix(command)}` on {_machine(record)}." for record in records[1:]]
    return " ".join(told)


def copied(*records: Mapping[str, Any]) -> str:
    """Return the bandwidths by which the floors of recorded benches were computed, for the layers: "40 and 4,200 GB a second"."""
    found = [median(row["copied_per_second"] for row in record["rows"] if row["workload"] == LAYERS) for record in records]
    return " and ".join(f"{float(f'{speed:.2g}') / 1e9:,.0f}" for speed in found) + " GB a second"


def _machine(record: Mapping[str, Any]) -> str:
    machine = record["machine"]
    return f"{machine.get('gpu', machine['cpu'])}, {machine['cores']} cores, torch {machine['versions']['torch']}"
