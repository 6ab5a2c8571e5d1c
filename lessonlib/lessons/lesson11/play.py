"""The experiments and figures of lesson 11: what a step costs, and what fits into memory."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from lessonlib.play.experiment import Choice, Experiment, Goal, Scene, Slider, new_figure
from lessonlib.plots import look

__all__ = ["CEILING", "STEP_BYTES", "best_of", "bytes_per_rank", "floor_of_a_machine", "in_words", "ladder",
           "seed_range", "warmup_basin", "will_it_fit"]

STEP_BYTES = {"sgd": 12, "momentum": 20, "adamw": 28}  # float32: read theta, g and the state, write theta and the state
KINDS = ("parameters", "gradients", "state")
GB = 1e9
CEILING = 4.1  # log(60): a model that knows nothing; a training that diverged is drawn here


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


def _time(seconds: float) -> str:
    """A duration in the unit that suits it."""
    for unit, size in (("s", 1.0), ("ms", 1e-3)):
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds / 1e-6:.3g} µs"


def floor_of_a_machine() -> Experiment:
    """The least that a step can take, by rule, number of parameters and memory bandwidth."""
    names = {"sgd": "gradient descent", "momentum": "momentum", "adamw": "AdamW"}
    sizes = np.geomspace(1e6, 1e12, 2)

    def scene() -> Scene:
        figure = new_figure(7.2, 4.2)
        ax = figure.add_subplot(xscale="log", yscale="log", xlim=(1e6, 1e12), ylim=(1e-6, 1e4), xlabel="parameters",
                                ylabel="least time for a step, s", title="A step cannot be faster than memory")
        for size, name in ((124e6, "GPT-2 small"), (7e9, "7 billion"), (405e9, "405 billion")):
            ax.axvline(size, color="#bbbbbb", linewidth=1)
            ax.text(size * 0.93, 1.5e-6, name, rotation=90, ha="right", va="bottom", color="#555555", fontsize=9)
        ax.axhline(0.1, color="black", linewidth=1)
        ax.text(1.2e6, 0.13, "0.1 s")
        artists: dict[str, Any] = {}
        for rule, label in names.items():
            style = look(rule)
            (artists[rule],) = ax.plot([], [], color=style.color, linestyle=style.dash, label=f"{label}, {STEP_BYTES[rule]} bytes each")
        (artists["here"],) = ax.plot([], [], color=look("adamw").color, marker="o", markersize=9, linestyle="none", zorder=4)
        figure.legend(handles=[artists[rule] for rule in names], loc="outside lower center", ncols=3, fontsize=9)
        return Scene(figure, artists, "The least time of a step against the number of parameters, on logarithmic axes: one straight line "
                     "for each of three optimizers, a dot for AdamW at the chosen size, and a line at 0.1 s.",
                     {rule: ["bandwidth"] for rule in names})

    def update(artists: dict[str, Any], parameters: float, bandwidth: float) -> str:
        for rule in names:
            if rule in artists:
                artists[rule].set_data(sizes, STEP_BYTES[rule] * sizes / (bandwidth * GB))
        least = STEP_BYTES["adamw"] * parameters / (bandwidth * GB)
        artists["here"].set_data([parameters], [least])
        return (f"{parameters:.3g} parameters x {STEP_BYTES['adamw']} bytes at {bandwidth:.3g} GB/s: AdamW cannot take less than "
                f"{_time(least)} for a step.")

    return Experiment(scene, update, {"parameters": Slider("parameters", 1e6, 1e12, 1.24e8, log=True),
                                      "bandwidth": Slider("bandwidth, GB/s", 5.0, 10_000.0, 20.0, log=True)},
                      Goal("a model of 7 billion parameters or more: bring the floor of AdamW below 0.1 s.",
                           lambda parameters, bandwidth: parameters >= 6.99e9
                           and STEP_BYTES["adamw"] * parameters / (bandwidth * GB) < 0.1))


COLORS = {"parameters": "#4a4a4a", "gradients": "#9e5210", "state": "#3f0a61"}


def will_it_fit() -> Experiment:
    """Bytes in each process at the four stages of ZeRO, beside the memory of a card."""

    def total(parameters: float, ranks: int, stage: int) -> float:
        return sum(bytes_per_rank(parameters, ranks, stage).values()) / GB

    def scene() -> Scene:
        figure = new_figure(7.2, 3.8)
        ax = figure.add_subplot(xlim=(0, 21), ylim=(3.6, -0.9), yticks=range(4), xticks=range(0, 21, 4),
                                xlabel="bytes for each parameter, in each process", title="Each stage spreads one more thing")
        ax.set_yticklabels(["0: nothing spread", "1: state", "2: + gradients", "3: + parameters"])
        ax.grid(visible=False, axis="y")
        artists: dict[str, Any] = {}
        for stage in range(4):
            for kind in KINDS:
                (artists[f"{kind} {stage}"],) = ax.barh([stage], [1], height=0.62, color=COLORS[kind])
            artists[f"told {stage}"] = ax.text(21.4, stage, "", va="center", fontsize=10)
        ax.text(21.4, -0.6, "in each process", fontsize=10)
        (artists["card"],) = ax.plot([], [], color="black", linewidth=2, zorder=4)
        artists["card text"] = ax.text(1, -0.6, "", fontsize=10, zorder=5)
        figure.legend(handles=[artists[f"{kind} 0"] for kind in KINDS], labels=list(KINDS), loc="outside lower center", ncols=3)
        return Scene(figure, artists, "Four bars of the memory that each process holds, one for each stage of ZeRO, made of parameters, "
                     "gradients and optimizer state, with their sums beside them; a vertical line at the memory of a card.",
                     {f"{kind} {stage}": ["ranks"] for stage in range(4) for kind in KINDS})

    def update(artists: dict[str, Any], parameters: float, ranks: int, card: int) -> str:
        told = []
        for stage in range(4):
            if f"{KINDS[0]} {stage}" in artists:
                left = 0.0
                for kind, each in bytes_per_rank(1, ranks, stage).items():
                    artists[f"{kind} {stage}"].set_bounds(left, stage - 0.31, each, 0.62)
                    left += each
            size = total(parameters, ranks, stage)
            fits = "fits" if size <= card else "does not fit"
            shown = f"{size:,.0f} GB" if size > 100 else f"{size:.3g} GB"
            artists[f"told {stage}"].set_text(f"{shown}, fits" if size <= card else shown)
            told.append(f"stage {stage}: {shown}, {fits}")
        room = min(card * GB / parameters, 20.9)
        artists["card"].set_data([room, room], [-0.5, 3.6])
        artists["card text"].set_text(f" {card} GB card " if room < 20.9 else "all fits ")
        artists["card text"].set_x(room)
        artists["card text"].set_horizontalalignment("left" if room < 14 else "right")
        return f"{parameters:.3g} parameters over {ranks} processes, without activations: {'; '.join(told)}."

    def met(parameters: float, ranks: int, card: int) -> bool:
        return parameters >= 6.99e9 and card == 24 and total(parameters, ranks, 3) <= card < total(parameters, ranks, 2)

    return Experiment(scene, update, {"parameters": Slider("parameters", 1e8, 1e12, 7e9, log=True),
                                      "ranks": Choice("processes", [1, 2, 4, 8, 16, 64, 256, 1024], 4),
                                      "card": Choice("memory of a card, GB", [16, 24, 80, 192], 80)},
                      Goal("7 billion parameters or more on cards of 24 GB: find a number of processes at which only stage 3 fits.", met))


def _in_floors(row: Mapping[str, Any]) -> np.ndarray[Any, Any]:
    """The seconds of each repeat of a recorded row as multiples of the least a step can take."""
    return np.array(row["seconds"]) * row["copied_per_second"] / (STEP_BYTES["adamw"] * row["parameters"])


def ladder(bench: Mapping[str, Any], workload: str, ax: Axes) -> None:
    """Draw what each engine took for a workload of a recorded bench, as times the floor, the slowest on top."""
    rows = [row for row in bench["rows"] if row["workload"] == workload and row["seconds"]]
    rows.sort(key=lambda row: median(row["seconds"]))
    for place, row in enumerate(rows):
        times = _in_floors(row)
        ours = row["engine"].startswith(("ours", "numpy"))
        ax.barh(place, np.median(times), color=look("adamw").color if ours else "#8a8a8a", height=0.66)
        ax.plot([times.min(), times.max()], [place, place], color="black", linewidth=1.5)
        ax.text(times.max() * 1.06, place, f"{np.median(times):.1f}", va="center", fontsize=9)
    ax.axvline(1, color="black", linewidth=1.5)
    ax.set(yticks=range(len(rows)), xscale="log", xlim=(0.6, 2.5 * max(_in_floors(row).max() for row in rows)),
           xlabel="time of a step, in floors", ylim=(-0.6, len(rows) - 0.4))
    ax.set_yticklabels([row["engine"] for row in rows], fontsize=9)
    ax.grid(visible=False, axis="y")


def seed_range(sweep: Iterable[Mapping[str, Any]], rule: str, warmup: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Return (step sizes, test losses (seeds, step sizes)) of a rule in a recorded sweep; inf where a training diverged."""
    found: dict[float, list[float]] = {}
    for row in sweep:
        if (row["rule"], row["warmup"]) == (rule, warmup):
            found.setdefault(row["lr"], []).append(np.inf if row["test"] is None else row["test"])
    return np.array(list(found)), np.array(list(found.values())).T


def best_of(record: Mapping[str, Any], rule: str, warmup: int) -> tuple[float, float, float]:
    """Return (step size, lowest, highest test loss over the seeds) at the step size with the lowest median."""
    lrs, losses = seed_range(record["sweep"], rule, warmup)
    i = int(np.median(losses, axis=0).argmin())
    return float(lrs[i]), float(losses[:, i].min()), float(losses[:, i].max())


def warmup_basin(record: Mapping[str, Any], ax: Axes) -> None:
    """Draw AdamW's recorded test loss against the step size, with warm-up and without: median of the seeds, and their range."""
    size = record["size"]
    for warmup, dash, marker in ((size["warmup"], "-", "P"), (0, ":", "x")):
        lrs, losses = seed_range(record["sweep"], "adamw", warmup)
        losses = np.minimum(losses, CEILING)
        color = look("adamw").color if warmup else "black"
        ax.plot(lrs, np.median(losses, axis=0), color=color, linestyle=dash, marker=marker,
                label=f"{warmup} steps of warm-up" if warmup else "no warm-up")
        ax.vlines(lrs, losses.min(0), losses.max(0), color=color, linewidth=4, alpha=0.35)
    ax.set(xscale="log", xlabel="step size lr", ylabel="test loss, nats a character",
           title=f"{size['layers']} layers, {size['width']} wide, {size['steps']} steps")
    ax.legend()


def in_words(bench: Mapping[str, Any]) -> str:
    """Return a recorded ladder in a sentence."""
    machine = bench["machine"]
    rows = [row for row in bench["rows"] if row["workload"] == bench["rows"][0]["workload"] and row["seconds"]]
    load = f", load {machine['load'][0]:.1f} at the start" if machine.get("load") else ""
    times = ", ".join(f"{row['engine']} {np.median(t):.1f} ({t.min():.1f} to {t.max():.1f})" for row in rows for t in [_in_floors(row)])
    return (f"Recorded by `{bench['command']}` on {machine.get('gpu', machine['cpu'])}, {machine['cores']} cores "
            f"({rows[0]['copied_per_second'] / 1e9:.3g} GB/s, torch {machine['versions']['torch']}{load}): {rows[0]['parameters']:,} "
            f"float32 parameters in one tensor, median and range of {len(rows[0]['seconds'])} repeats, in floors: {times}.")
