"""What a step of AdamW costs, engine by engine, beside the least it can cost on this machine.

    python -m lessonlib.lessons.lesson11.bench --device cpu|cuda [--json FILE]

The floor: a step must read theta, g, m, v and write theta, m, v, 28 bytes for each float32 parameter, at the speed at which this
machine copies memory. The copy and the engines take turns, so that a disturbance meets all of them; each engine walks through several
sets of tensors, together larger than its share of the cache.
"""
from __future__ import annotations

import argparse
import gc
import importlib.util
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from statistics import median, quantiles
from typing import Any

import numpy as np
import torch

from lessonlib.lessons.lesson11.inplace import adamw_
from lessonlib.pytorch.adamw import AdamW
from lessonlib.rules import State, adamw
from lessonlib.signature import whole_number

__all__ = ["AS_WRITTEN", "BLOCKED", "BYTES", "COPIED", "FLOOR", "FOREACH", "FUSED", "IN_BLOCKS", "IN_PLACE", "LAYERS", "LOOP", "MANY",
           "ONE", "TRITON", "Row", "machine", "main", "measure", "table", "transformer", "workloads"]

NAME = "lessonlib.lessons.lesson11.bench"
BYTES = 28  # for each float32 parameter: read theta, g, m, v, write theta, m, v
COPIED = {"cpu": 2**26, "cuda": 2**28}  # float32 numbers in the buffers whose copy gives the bandwidth
FLOOR, FUSED, TRITON, BLOCKED = "the floor", "torch, fused", "ours, triton", "numpy in place, in blocks, all cores"
IN_PLACE, IN_BLOCKS = "numpy in place", "numpy in place, in blocks"
AS_WRITTEN, LOOP, FOREACH = "numpy, the rule as written", "torch, loop", "torch, foreach"
MOST = 2**28  # bytes of theta, g, m and v in all sets together; a server's cache may be larger, and a process has its share of it
COPIES = 2  # in a turn: the buffers are so large that one is a measurement
ONE, LAYERS, MANY = "one tensor", "a transformer", "1000 tensors of 1024"


@dataclass(frozen=True)
class Row:
    """What one engine took for one workload: seconds for a step, one number for each repeat; none, and why, where it cannot run.

    copied_per_second: the bytes that a copy moved, read and written ones counted, between the engines' turns; on a CPU the faster of
    two, copying to other memory, which the processor reads, uncounted, before it writes there, and changing memory in place.
    """

    workload: str
    engine: str
    parameters: int
    tensors: int
    copied_per_second: float
    seconds: tuple[float, ...] = ()
    why_not: str = ""

    @property
    def typical(self) -> float:
        """Median of the repeats, in seconds."""
        return median(self.seconds)

    @property
    def floor(self) -> float:
        """The seconds that a step cannot do without."""
        return BYTES * self.parameters / self.copied_per_second

    @property
    def share(self) -> float:
        """The floor as a part of the time taken: 1 is as fast as this machine copies."""
        return self.floor / self.typical


def transformer(width: int = 768, layers: int = 12, vocabulary: int = 50257, context: int = 1024) -> list[tuple[int, ...]]:
    """Return the shapes of GPT-2's tensors (Radford et al. 2019; the small one has 124M parameters in 148 tensors).

    >>> len(transformer()), sum(int(np.prod(shape)) for shape in transformer())
    (148, 124439808)
    """
    norm = [(width,), (width,)]
    attention = [(width, 3 * width), (3 * width,), (width, width), (width,)]
    mlp = [(width, 4 * width), (4 * width,), (4 * width, width), (width,)]
    return [(vocabulary, width), (context, width)] + layers * (norm + attention + norm + mlp) + norm


def workloads(device: str) -> dict[str, list[tuple[int, ...]]]:
    """Return the shapes of each workload; on a CPU the transformer has a quarter of the width, for the sake of time."""
    return {ONE: [(100_000_000 if device == "cuda" else 10_000_000,)], LAYERS: transformer(768 if device == "cuda" else 192),
            MANY: [(1024,)] * 1000}


def measure(device: str, name: str, shapes: list[tuple[int, ...]], repeats: int = 7, budget: float = 12.0) -> list[Row]:
    """Return a row for each engine, all on the same tensors, in turns: at least 3 and up to `repeats` while the budget of seconds lasts.

    Raises ValueError for a device that is neither cpu nor cuda, and for repeats that are no whole number.
    """
    count = sum(int(np.prod(shape)) for shape in shapes)
    repeats = whole_number("repeats", repeats, least=1)
    if device not in COPIED:
        raise ValueError(f"device={device!r}: one of {', '.join(COPIED)}")
    beyond = min(2 * _cache(device), MOST)
    sets = [_tensors(shapes, device) for _ in range(max(1, -(-beyond // (16 * count))))]
    steps = len(sets) * max(1, 10 // len(sets)) if device == "cuda" else max(4, min(len(sets), 8))
    engines = dict(_engines(device, sets))
    source = torch.ones(COPIED[device], device=device, dtype=torch.float32)
    target = torch.empty_like(source)
    copies: dict[str, Callable[[int], Any]] = {"copy": lambda _: target.copy_(source)}
    if device == "cpu":
        copies["change in place"] = lambda _: target.mul_(1.0)
    steppers = copies | {engine: step for engine, step in engines.items() if not isinstance(step, str)}
    for engine_name, step in list(steppers.items()):
        try:
            for i in range(1 if engine_name in copies else len(sets)):
                step(i)  # the first step allocates, and compiles
        except Exception as hindered:  # noqa: BLE001 - an engine that cannot run here is a row without a time
            engines[engine_name] = f"{type(hindered).__name__}: {str(hindered).splitlines()[0] if str(hindered) else ''}"
            del steppers[engine_name]
    times: dict[str, list[float]] = {engine: [] for engine in steppers}
    started, turns = time.perf_counter(), 0
    gc.collect()
    while turns < 3 or (turns < repeats and time.perf_counter() - started < budget):
        for engine, taken in times.items():
            steppers[engine](turns % len(sets))
            taken.append(_seconds(steppers[engine], device, COPIES if engine in copies else steps, len(sets), turns))
        turns += 1
    speed = 2 * target.nbytes / min(median(times[way]) for way in copies)
    return [Row(name, engine, count, len(shapes), speed, tuple(times.get(engine, ())), step if isinstance(step, str) else "")
            for engine, step in engines.items()]


def table(rows: list[Row]) -> str:
    """Return the ladder of one workload as text: median, quartiles, share of the floor, times torch fused."""
    first, fused = rows[0], next((row.typical for row in rows if row.engine == FUSED and row.seconds), None)
    lines = [f"{first.workload}: {first.parameters:,} float32 parameters in {first.tensors:,} tensor{'s' * (first.tensors > 1)}; "
             f"a copy moves {first.copied_per_second / 1e9:,.4g} GB/s, so the floor is {_ms(first.floor)} ms",
             f"  {'engine':38}{'ms':>9}{'quartiles':>18}{'of the floor':>14}{'x torch fused':>15}"]
    for row in rows:
        if row.seconds:
            low, _, high = quantiles(row.seconds, n=4) if len(row.seconds) > 1 else (row.typical,) * 3
            spread = f"{_ms(low)} - {_ms(high)}"
            against = f"{row.typical / fused:.2f}" if fused else "-"
            lines.append(f"  {row.engine:38}{_ms(row.typical):>9}{spread:>18}{row.share:14.0%}{against:>15}")
        else:
            lines.append(f"  {row.engine:38}-  {row.why_not}")
    return "\n".join(lines)


def machine(device: str) -> dict[str, Any]:
    """Return what the figures were measured on: hardware, load at the start, and versions."""
    versions = {"python": platform.python_version(), "numpy": np.__version__, "torch": torch.__version__}
    if importlib.util.find_spec("triton"):
        versions["triton"] = importlib.import_module("triton").__version__
    found = {"platform": platform.platform(), "cpu": _cpu(), "cores": os.cpu_count(), "torch_threads": torch.get_num_threads(),
             "load": [round(load, 2) for load in os.getloadavg()] if hasattr(os, "getloadavg") else None, "cache_bytes": _cache(device)}
    if device == "cuda":
        about = torch.cuda.get_device_properties(0)
        found |= {"gpu": about.name, "gpu_bytes": about.total_memory, "cuda": torch.version.cuda or torch.version.hip}
    return found | {"versions": versions}


def main(arguments: list[str] | None = None) -> list[Row]:
    """Measure, print the ladder, and with --json write every figure to a file; return the rows."""
    parser = argparse.ArgumentParser(prog=f"python -m {NAME}", description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write machine, versions and every repeat to FILE")
    parser.add_argument("--repeats", type=int, default=0, help="for each engine; 7 on a CPU, 20 on a GPU")
    given = parser.parse_args(arguments)
    if given.device == "cuda" and not torch.cuda.is_available():
        parser.error("torch finds no GPU here: take --device cpu")
    about = machine(given.device)
    on = f"{about.get('gpu', about['cpu'])}, {about['cores']} cores, " + ", ".join(f"{k} {v}" for k, v in about["versions"].items())
    print(f"{on}; load {about['load']}", flush=True)
    rows: list[Row] = []
    for name, shapes in workloads(given.device).items():
        found = measure(given.device, name, shapes, given.repeats or (20 if given.device == "cuda" else 7))
        rows += found
        print("\n" + table(found), flush=True)
    if given.device == "cpu":
        print(f"\n({LAYERS} is GPT-2 small with its {len(transformer())} tensors; on a CPU at a quarter of the width)")
    if given.json:
        report = {"command": f"python -m {NAME} --device {given.device}", "machine": about, "bytes_per_parameter": BYTES,
                  "rows": [asdict(row) for row in rows]}
        given.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return rows


def _tensors(shapes: list[tuple[int, ...]], device: str) -> list[torch.nn.Parameter]:
    params = [torch.nn.Parameter(torch.randn(shape, device=device, dtype=torch.float32)) for shape in shapes]
    for p in params:
        p.grad = torch.randn_like(p)
    return params


def _engines(device: str, sets: list[list[torch.nn.Parameter]]) -> Iterator[tuple[str, Callable[[int], Any] | str]]:
    """Yield each engine's name with its step of set number i, or with the reason why there is none."""
    if device == "cpu":
        whole = max(p.numel() for p in sets[0])
        yield AS_WRITTEN, _numpy(sets, adamw)
        yield IN_PLACE, _numpy(sets, lambda *a: adamw_(*a, block=whole))
        yield IN_BLOCKS, _numpy(sets, adamw_)
        yield BLOCKED, _numpy(sets, partial(adamw_, threads=os.cpu_count() or 1))
    for name, kind in ((LOOP, {"foreach": False}), (FOREACH, {"foreach": True}), (FUSED, {"fused": True})):
        yield name, _stepper([torch.optim.AdamW(params, **kind) for params in sets])
    for impl in ("loop", "foreach", "triton"):
        try:
            yield f"ours, {impl}", _stepper([AdamW(params, impl=impl) for params in sets])
        except RuntimeError as missing:
            yield f"ours, {impl}", str(missing)


def _stepper(optimizers: list[Any]) -> Callable[[int], Any]:
    return lambda i: optimizers[i].step()


def _numpy(sets: list[list[torch.nn.Parameter]], rule: Callable[..., Any]) -> Callable[[int], Any]:
    arrays = [[(p.detach().numpy().copy(), p.grad.numpy()) for p in params] for params in sets]
    states = [[State()] * len(params) for params in sets]

    def step(i: int) -> None:
        for j, (theta, g) in enumerate(arrays[i]):
            theta, states[i][j] = rule(theta, g, states[i][j])
            arrays[i][j] = theta, g
    return step


def _seconds(step: Callable[[int], Any], device: str, steps: int, sets: int = 1, first: int = 0) -> float:
    """Return the seconds for one step, launches and waiting included, as the mean over a few that walk through the sets."""
    wait: Callable[[], Any] = torch.cuda.synchronize if device == "cuda" else lambda: None
    wait()
    started = time.perf_counter()
    for i in range(steps):
        step((first * steps + i) % sets)
    wait()
    return (time.perf_counter() - started) / steps


def _cache(device: str) -> int:
    """Return the bytes of the largest cache, 64 MB where the system does not tell."""
    if device == "cuda":
        return int(torch.cuda.get_device_properties(0).L2_cache_size)
    sizes = [path.read_text().strip() for path in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*/size")]
    return max((int(size.rstrip("KMG")) * 1024 ** ("KMG".index(size[-1]) + 1) for size in sizes), default=2**26)


def _ms(seconds: float) -> str:
    return f"{1e3 * seconds:,.0f}" if seconds >= 1 else f"{1e3 * seconds:.3g}"


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    names = [line.split(":")[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")] if info.exists() else []
    return names[0] if names else platform.processor() or platform.machine()


if __name__ == "__main__":
    main()
