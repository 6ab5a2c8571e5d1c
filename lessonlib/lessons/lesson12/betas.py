"""What each rule leaves of the two matrices of lesson 12, tuned alike: every beta of one grid, each at its own best step size.

    python -m lessonlib.lessons.lesson12.betas --json data/after_betas.json

Some four minutes on one core, in NumPy and float64. What the record means: `lessonlib.lessons.lesson12.controls`.
"""
from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lessonlib.lessons.lesson12 import apart, ravine

__all__ = ["MOVES", "cases", "main", "measured", "moved"]

NAME = "lessonlib.lessons.lesson12.betas"
MOVES = 8  # how many times the targets are moved


def cases() -> list[tuple[str, dict[str, float], str, str]]:
    """Return every rule of apart.VERSIONS with each of its betas in each of ravine.SETTINGS, and in the first under all of ravine.WAYS."""
    first, *ways = ravine.WAYS
    where = [*((change, first) for change in ravine.SETTINGS), *((next(iter(ravine.SETTINGS)), way) for way in ways)]
    return [(name, betas, *each) for name in apart.VERSIONS for betas in apart.settings(name) for each in where]


def measured(name: str, betas: Mapping[str, float], change: str, way: str, moved: int = 0) -> dict[str, Any]:
    """Return a row of the record: a rule, its betas, the best step size, whether it lies inside of the list, and the share that is left."""
    done = ravine.tuned(apart.called(name, dict(betas)), *ravine.SETTINGS[change], way, moved)
    return {"rule": name, **betas, "change": change, "way": way, "lr": float(f"{done.lr:.3g}"), "inside": bool(done.inside),
            "left": float(f"{np.median(done.left):.3g}")} | ({"moved": moved} if moved else {})


def moved(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return rows for the best betas of each rule in the first setting, from targets that are moved by ravine.MOVED."""
    first = [row for row in rows if row["change"] == next(iter(ravine.SETTINGS)) and row["way"] == ravine.WAYS[0]]
    best = [min((row for row in first if row["rule"] == name), key=lambda row: row["left"]) for name in {row["rule"]: 0 for row in first}]
    return [measured(row["rule"], {name: row[name] for name in ("beta1", "beta2") if name in row}, row["change"], row["way"], start)
            for row in best for start in range(1, MOVES + 1)]


def main(arguments: Iterable[str] | None = None) -> None:
    """Measure every case, and write what came of it."""
    parser = argparse.ArgumentParser(prog=f"python -m {NAME}", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", required=True)
    given = parser.parse_args(None if arguments is None else list(arguments))
    rows = [measured(*case) for case in cases()]
    runs, again = (",\n".join(map(json.dumps, each)) for each in (rows, moved(rows)))
    given.json.write_text(f'{{"command": "python -m {NAME}",\n"runs": [\n{runs}\n],\n"moved": [\n{again}\n]}}\n', encoding="utf-8",
                          newline="\n")


if __name__ == "__main__":
    main()
