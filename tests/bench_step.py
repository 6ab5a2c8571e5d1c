"""Measure what a step of AdamW costs on this machine, and say for each promise of the course whether it holds here.

    python tests/bench_step.py [--device cpu|cuda] [--json FILE] [--repeats N]

The arguments are those of `python -m lessonlib.lessons.lesson11.bench`, which measures. Ends with 1 where a bar is missed. A machine
that does something else meanwhile says nothing about the bars.
"""
from __future__ import annotations

import sys
from dataclasses import dataclass

from lessonlib.lessons.lesson11.bench import (
    AS_WRITTEN,
    BLOCKED,
    FLOOR,
    FOREACH,
    FUSED,
    LAYERS,
    LOOP,
    MANY,
    ONE,
    TRITON,
    Row,
    main,
)


@dataclass(frozen=True)
class Bar:
    """A promise: on this device and workload, of this size, `engine` takes at most `factor` times what `other` takes."""

    device: str
    workload: str
    parameters: int
    engine: str
    other: str
    factor: float


BARS = (
    Bar("cuda", ONE, 100_000_000, TRITON, FLOOR, 1 / 0.9), Bar("cuda", ONE, 100_000_000, TRITON, FUSED, 1.0),
    Bar("cuda", LAYERS, 124_439_808, TRITON, FUSED, 1.0), Bar("cuda", MANY, 1_024_000, TRITON, FUSED, 0.5),
    Bar("cpu", ONE, 10_000_000, BLOCKED, LOOP, 1.0), Bar("cpu", ONE, 10_000_000, BLOCKED, FOREACH, 1.0),
    Bar("cpu", ONE, 10_000_000, BLOCKED, FUSED, 2.5), Bar("cpu", ONE, 10_000_000, BLOCKED, AS_WRITTEN, 0.25))


def judged(device: str, rows: list[Row]) -> list[tuple[str, Bar, float | None]]:
    """Return PASS, FAIL or unmeasured for each bar, with the factor that was measured."""
    taken = {(row.workload, row.parameters, row.engine): row.typical for row in rows if row.seconds}
    taken |= {(row.workload, row.parameters, FLOOR): row.floor for row in rows}
    results: list[tuple[str, Bar, float | None]] = []
    for bar in BARS:
        ours, other = (taken.get((bar.workload, bar.parameters, engine)) for engine in (bar.engine, bar.other))
        if bar.device != device or ours is None or other is None:
            results.append(("unmeasured", bar, None))
        else:
            results.append(("PASS" if ours <= bar.factor * other else "FAIL", bar, ours / other))
    return results


def report(results: list[tuple[str, Bar, float | None]]) -> str:
    """Return the verdicts as text, a bar a line."""
    lines = ["The bars:"]
    for verdict, bar, factor in results:
        got = "" if factor is None else f", measured {factor:.2f}"
        lines.append(f"  {verdict:11}{bar.device}, {bar.workload}: {bar.engine} at most {bar.factor:.2f} times {bar.other}{got}")
    return "\n".join(lines)


if __name__ == "__main__":
    rows = main()
    results = judged("cpu" if any(row.engine == BLOCKED for row in rows) else "cuda", rows)
    print("\n" + report(results))
    sys.exit(any(verdict == "FAIL" for verdict, *_ in results))
