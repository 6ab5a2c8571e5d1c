"""Where the time of a training step goes: forward, backward and optimizer, tokens a second, and the memory at the peak.

    python -m lessonlib.lessons.lesson11.step [--device cpu|cuda] [--json FILE]
"""
from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import torch
from matplotlib.axes import Axes
from torch.nn import functional

from lessonlib.data import recorded, text
from lessonlib.lessons.lesson11.bench import BYTES, machine
from lessonlib.lessons.lesson11.machine import NAMES, here
from lessonlib.lessons.lesson11.memory import ADAMWS, gpu_extra, training_peak
from lessonlib.lessons.tables import Table, table
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.pytorch.transformer import Corpus, Size, Transformer
from lessonlib.signature import whole_number

__all__ = ["BATCHES", "PARTS", "SHARES", "SIZES", "default_row", "in_both_types", "in_words", "main", "measure",
           "over_floor", "saved", "share", "show_parts", "slower_in_half", "timed"]

NAME = "lessonlib.lessons.lesson11.step"
PARTS = ("forward", "backward", "optimizer")
SIZES = {"cpu": Size(layers=4, width=128, heads=4, context=64, batch=16, steps=1),
         "cuda": Size(layers=8, width=512, heads=8, context=256, batch=16, steps=1)}
BATCHES = (1, 4, 16)
WARM, REPEATS, ROUNDS = {"cpu": 1, "cuda": 10}, {"cpu": 7, "cuda": 60}, 3  # steps not counted, counted, and turns of a recording
BUFFER = {"cpu": 2**25, "cuda": 2**28}  # float32 numbers, more than a cache holds
SHARES = ("less than a fifth", "between a fifth and a half", "more than a half")
COLORS = {"forward": "#d6d6d6", "backward": "#7d7d7d", "optimizer": look("adamw").color}
NAMED_IN = {"forward": "black", "backward": "white"}


def measure(
    kind: str, batch: int | None = None, *, fused: bool = False, autocast: torch.dtype | None = None, repeats: int | None = None,
) -> dict[str, Any]:
    """Return the median seconds of each of PARTS in a training step, "tokens a second", and "peak GB" where there is a GPU.

    kind: "cpu" or "cuda". batch: windows, those of SIZES where none is given. fused: torch's AdamW in one kernel, else in its default
    way. autocast: the type of the matrix products, with a GradScaler where it is float16. repeats: REPEATS where none is given. The
    first steps make the state and whatever a GPU's libraries keep, and are not counted.
    """
    if kind not in SIZES:
        raise ValueError(f"kind={kind!r}: one of {', '.join(SIZES)}")
    repeats, size = whole_number("repeats", REPEATS[kind] if repeats is None else repeats, least=1), SIZES[kind]
    size = size._replace(batch=size.batch if batch is None else batch)
    corpus = Corpus(text(), kind)
    model = Transformer(len(corpus.letters), size).to(kind)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, **({"fused": True} if fused else {}))
    scaler = torch.amp.GradScaler(kind, enabled=autocast == torch.float16)
    generator = torch.Generator(device="cpu").manual_seed(0)
    if kind == "cuda":
        torch.cuda.reset_peak_memory_stats()
    taken = []
    for _ in range(WARM[kind] + repeats):
        x, y = corpus.windows(size, generator)
        optimizer.zero_grad()
        clock = [_now(kind)]
        with torch.autocast(kind, autocast) if autocast else nullcontext():
            loss = functional.cross_entropy(model(x).flatten(0, 1), y.flatten())
        clock.append(_now(kind))
        scaler.scale(loss).backward()
        clock.append(_now(kind))
        scaler.step(optimizer)
        scaler.update()
        clock.append(_now(kind))
        taken.append([later - earlier for earlier, later in pairwise(clock)])
    seconds = dict(zip(PARTS, (median(column) for column in zip(*taken[WARM[kind]:], strict=True)), strict=True))
    found: dict[str, Any] = {"batch": size.batch, "fused": fused, "type": str(autocast or torch.float32)[6:], **seconds,
                             "tokens a second": size.batch * size.context / sum(seconds.values())}
    if kind == "cuda":
        found["peak GB"] = torch.cuda.max_memory_allocated() / 1e9
    return found


def _now(kind: str) -> float:
    """The clock, once the GPU is done with what it was given."""
    if kind == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter()


def share(row: Mapping[str, Any]) -> float:
    """The optimizer's part of a measured step."""
    return float(row["optimizer"] / sum(row[part] for part in PARTS))


def in_words(part: float) -> str:
    """Return the one of SHARES that a part of the whole belongs to.

    >>> in_words(0.03), in_words(0.3), in_words(0.7)
    ('less than a fifth', 'between a fifth and a half', 'more than a half')
    """
    return SHARES[(part > 0.2) + (part > 0.5)]


def default_row(record: Mapping[str, Any], batch: int) -> dict[str, Any]:
    """Return the recorded row of a batch size in float32 with torch's default way to step. Raises StopIteration where there is none."""
    return _row(record, batch, False)


def in_both_types(record: Mapping[str, Any], batch: int = BATCHES[-1]) -> list[list[Any]]:
    """Return a row for float32 and for the recorded 16-bit type, both fused: its name, the ms of a whole step, and the GB at the peak."""
    rows = [row for row in record["rows"] if row["fused"] and row["batch"] == batch]
    return [[row["type"], 1e3 * sum(row[part] for part in PARTS), row["peak GB"]] for row in rows]


def slower_in_half() -> str:
    """Return by how many ms the recorded GPU steps of one window and of four take longer in the 16-bit type than in float32."""
    record = recorded("step_cuda.json")
    assert record is not None
    one, four = (half - full for (_, full, _), (_, half, _) in (in_both_types(record, batch) for batch in BATCHES[:2]))
    return f"{one:.1f} and {four:.1f} ms"


def saved(record: Mapping[str, Any], batch: int) -> int:
    """Return how many percent of a whole recorded step in torch's default way the fused optimizer saves, at a batch size."""
    default, fused = (_row(record, batch, way) for way in (False, True))
    return round(100 * (default["optimizer"] - fused["optimizer"]) / sum(default[part] for part in PARTS))


def over_floor(record: Mapping[str, Any]) -> int:
    """Return about how many times its floor the fused optimizer of a recorded GPU step takes.

    The floor is BYTES for each parameter over the bandwidth that the bench found on the same kind of GPU.
    """
    bench = recorded("bench_cuda.json")
    assert bench is not None
    assert bench["machine"]["gpu"] == record["machine"]["gpu"]
    parameters = sum(p.numel() for p in Transformer(len(set(text())), SIZES["cuda"]).parameters())
    floor = BYTES * parameters / float(bench["rows"][0]["copied_per_second"])
    return round(_row(record, BATCHES[-1], True)["optimizer"] / floor)


def _bandwidth(kind: str, repeats: int = 3) -> float:
    """The bytes a second at which this machine copies a large array or changes it: the fastest of the repeats of both.

    A program beside them can only slow a copy down, so the fastest is nearest to what the machine can do.
    """
    source = torch.ones(BUFFER[kind], device=kind, dtype=torch.float32)
    target = torch.empty_like(source)
    ways: list[Callable[[], Any]] = [lambda: target.copy_(source), lambda: source.mul_(1.0)]
    taken = []
    for _ in range(repeats):
        for way in ways:
            started = _now(kind)
            way()
            taken.append(_now(kind) - started)
    return 2 * source.nbytes / min(taken)


def timed(kind: str, *, repeats: int | None = None) -> Table:
    """Return what a step takes on this machine as a table: torch's default way, fused, and on a GPU under autocast too.

    The ways and the copies take turns, and the fastest of each one's ROUNDS is shown, so that a program beside them slows down none
    alone. The caption says what was timed, the speed at which this machine moves memory, the floor of the optimizer's part by that, and
    which way ended below the floor, if one did.
    """
    ways: list[tuple[str, dict[str, Any]]] = [("as torch does it", {}), ("fused=True", {"fused": True})]
    if kind == "cuda":
        half = here().half
        ways.append((f"fused=True, {str(half)[6:]}", {"fused": True, "autocast": half}))
    each = repeats or REPEATS[kind] // ROUNDS + 1
    rounds, speeds = [], []
    for _ in range(ROUNDS):
        speeds.append(_bandwidth(kind))
        rounds.append([measure(kind, repeats=each, **how) for _, how in ways])
    found = [max(same, key=lambda row: float(row["tokens a second"])) for same in zip(*rounds, strict=True)]
    rows = [[name, *(1e3 * row[part] for part in PARTS), row["tokens a second"], row.get("peak GB", "no GPU")]
            for (name, _), row in zip(ways, found, strict=True)]
    header = ["AdamW", *(f"{part}, ms" for part in PARTS), "tokens a second", "peak, GB"]
    size, speed = SIZES[kind], max(speeds)
    floor = BYTES * sum(p.numel() for p in Transformer(len(set(text())), size).parameters()) / speed
    below = [name for (name, _), row in zip(ways, found, strict=True) if row["optimizer"] < floor]
    caption = (f"{NAMES[kind]}, the fastest of {ROUNDS} turns, {size.layers} layers of width {size.width}, "
               f"{_windows(size.batch)} of {size.context} characters. "
               f"This machine moves {speed / 1e9:,.3g} GB/s, so the optimizer's floor is {1e3 * floor:.2g} ms.")
    if below:
        caption += (f" {' and '.join(below)} took less, so that floor is too high: the machine was busy while it copied, or its cache held "
                    "the arrays. Run this cell again.")
    return table(header, rows, ["", ".3g", ".3g", ".3g", ",.0f", ".2f"], caption=caption)


def _windows(batch: int) -> str:
    return f"{batch} window" + "s" * (batch > 1)


def _row(record: Mapping[str, Any], batch: int, fused: bool) -> dict[str, Any]:
    """The recorded float32 row of a batch size."""
    return dict(next(row for row in record["rows"] if (row["batch"], row["fused"], row["type"]) == (batch, fused, "float32")))


def _panel(ax: Axes, record: Mapping[str, Any], *, named: bool) -> list[str]:
    """Draw a bar for each batch size, of the parts of a step with torch's default optimizer, named in the longest bar where `named`.

    Returns what stands there in words.
    """
    told = []
    for place, batch in enumerate(BATCHES):
        row, left = default_row(record, batch), 0.0
        for part in PARTS:
            width = 1e3 * row[part]
            ax.barh(place, width, height=0.6, left=left, color=COLORS[part])
            if named and batch == BATCHES[-1] and part != "optimizer":  # the longest bar has room for the names
                ax.text(left + width / 2, place, part, ha="center", va="center", fontsize=11, color=NAMED_IN[part])
            left += width
        ax.text(left, place, f" {share(row):.0%} optimizer", va="center", fontsize=11, color=COLORS["optimizer"])
        told.append(f"{_windows(batch)}: {left:.1f} ms, of which the optimizer {1e3 * row['optimizer']:.1f} ms")
    ax.margins(x=0.45)  # room for the words right of the bars
    ax.set(yticks=range(len(BATCHES)), ylim=(len(BATCHES) - 0.5, -0.5), xlabel="ms a step, the default AdamW")
    ax.set_yticklabels([_windows(batch) for batch in BATCHES])
    ax.grid(visible=False, axis="y")
    return told


def show_parts() -> None:
    """Show the parts of a training step at each batch size as they were recorded on a CPU, and on a GPU where somebody has."""
    records = {shown: recorded(f"step_{kind}.json") for kind, shown in NAMES.items()}
    found = {shown: record for shown, record in records.items() if record is not None}
    figure = new_figure(1.0 + 4.9 * len(found), 3.2)
    told: list[str] = []
    for ax, (shown, record) in zip(figure.subplots(1, len(found), squeeze=False, sharex=True)[0], found.items(), strict=True):
        size = record["size"]
        larger = "" if shown == "CPU" else ", with a larger model"
        ax.set_title(f"{shown}{larger}\n{size['layers']} layers of width {size['width']}, windows of {size['context']}", fontsize=11)
        told += [f"{shown}, {line}" for line in _panel(ax, record, named=not told)]
    figure.suptitle("Forward and backward were most of each step", weight="bold")
    show(figure, f"A bar of the time of a training step for each of three batch sizes, made of forward, backward and the optimizer's step. "
         f"{'. '.join(told)}.")


def main(arguments: list[str] | None = None) -> None:
    """Measure every batch size and way of stepping, and write all of it with the machine and its versions."""
    parser = argparse.ArgumentParser(prog=f"python -m {NAME}", description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--device", choices=list(SIZES), default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--json", type=Path, metavar="FILE")
    given = parser.parse_args(arguments)
    kind = given.device
    ways: list[Callable[[int], dict[str, Any]]] = [lambda batch: measure(kind, batch), lambda batch: measure(kind, batch, fused=True)]
    if kind == "cuda":
        half = here().half
        ways.append(lambda batch: measure(kind, batch, fused=True, autocast=half))
    rounds = [[way(batch) for way in ways for batch in BATCHES] for _ in range(ROUNDS)]
    found = [sorted(same, key=lambda row: float(row["tokens a second"]))[ROUNDS // 2] for same in zip(*rounds, strict=True)]
    for row in found:
        print({name: float(f"{value:.4g}") if isinstance(value, float) else value for name, value in row.items()}, flush=True)
    if given.json:
        report = {"command": f"python -m {NAME} --device {kind}", "machine": machine(kind), "size": SIZES[kind]._asdict(), "rows": found,
                  "peak": [[batch, training_peak(batch, kind)] for batch in BATCHES]}
        if kind == "cuda":
            report["bytes for a moment"] = {name: gpu_extra(make) for name, make in ADAMWS.items()}
        given.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
