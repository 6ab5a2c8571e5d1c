"""What each rule leaves of the two matrices of lesson 12, tuned alike: every beta of one grid, each at its own best step size.

    python -m lessonlib.lessons.lesson12.betas --json data/after_betas.json

Some two minutes on one core, in NumPy and float64. What the record means: `lessonlib.lessons.lesson12.controls`.
"""
from __future__ import annotations

import argparse
import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from lessonlib.lessons.lesson12 import apart, ravine

__all__ = ["cases", "main", "measured"]

NAME = "lessonlib.lessons.lesson12.betas"


def cases() -> list[tuple[str, dict[str, float], str]]:
    """Return every rule of apart.VERSIONS with each of its betas under each of ravine.CHANGES."""
    return [(name, betas, change) for name in apart.VERSIONS for betas in apart.settings(name) for change in ravine.CHANGES]


def measured(name: str, betas: Mapping[str, float], change: str) -> dict[str, Any]:
    """Return a row of the record: a rule, its betas, the best step size, whether it lies inside of the list, and the share that is left."""
    done = ravine.tuned(apart.called(name, dict(betas)), *ravine.CHANGES[change])
    return {"rule": name, **betas, "change": change, "lr": float(f"{done.lr:.3g}"), "inside": bool(done.inside),
            "left": float(f"{np.median(done.left):.3g}")}


def main(arguments: Iterable[str] | None = None) -> None:
    """Measure every case, and write what came of it."""
    parser = argparse.ArgumentParser(prog=f"python -m {NAME}", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", required=True)
    given = parser.parse_args(None if arguments is None else list(arguments))
    rows = [json.dumps(measured(*case)) for case in cases()]
    given.json.write_text(f'{{"command": "python -m {NAME}",\n"runs": [\n' + ",\n".join(rows) + "\n]}\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
