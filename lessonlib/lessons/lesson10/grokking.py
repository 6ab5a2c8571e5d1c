"""Networks that learn a table by heart and understand it later: what trains them, and what was recorded of it.

    python -m lessonlib.lessons.lesson10.grokking --json data/grokking.json
"""
from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from lessonlib import rules
from lessonlib.data import recorded

__all__ = ["COLORS", "PLAN", "Grown", "Plan", "from_record", "grow", "main"]

NAME = "lessonlib.lessons.lesson10.grokking"
HIDDEN, EVERY = 128, 20  # units of the networks, steps between records
Array = np.ndarray[Any, Any]


class Plan(NamedTuple):
    """A group of trainings: the rule's name, its decay, how many steps, and how many starts."""

    rule: str
    decay: float
    steps: int
    seeds: int


class Grown(NamedTuple):
    """What came of a group: steps (R,); the share of the training pairs and of the unseen ones that is right, and all weights' length.

    train_accuracy, test_accuracy, norm: (R, seeds).
    """

    steps: Array
    train_accuracy: Array
    test_accuracy: Array
    norm: Array


PLAN = {"AdamW, decay 1": Plan("adamw", 1.0, 1200, 3), "Adam with L2, 1e-4": Plan("adam_l2", 1e-4, 560, 3),
        "Adam, no decay": Plan("adamw", 0.0, 1200, 1)}
COLORS = dict(zip(PLAN, ("adamw", "adam_l2", "adam"), strict=True))


def grow(plan: Plan) -> Grown:
    """Train a group in float64, so that it comes out the same on any machine to the digits that are shown."""
    import torch

    from lessonlib.pytorch.sweep import train
    from lessonlib.pytorch.tasks import modular_task

    done = train(getattr(rules, plan.rule), modular_task(hidden=HIDDEN), steps=plan.steps, seeds=range(plan.seeds), record_every=EVERY,
                 dtype=torch.float64, lr=0.01, beta2=0.98, weight_decay=plan.decay)
    return Grown(done.steps, done.train_accuracy, done.test_accuracy, done.norm)


def from_record() -> dict[str, Grown]:
    """Return what was recorded of PLAN in data/grokking.json."""
    record = recorded("grokking.json")
    assert record is not None
    return {name: Grown(*(np.array(record["groups"][name][part]) for part in Grown._fields)) for name in PLAN}


def main(arguments: list[str] | None = None) -> None:
    """Train every group of PLAN, and write what came of it."""
    parser = argparse.ArgumentParser(prog=f"python -m {NAME}", description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--json", type=Path, metavar="FILE", required=True)
    given = parser.parse_args(arguments)
    groups = {}
    for name, plan in PLAN.items():
        found = grow(plan)
        groups[name] = {part: np.round(values, 5).tolist() for part, values in found._asdict().items()}
        print(f"{name}: unseen pairs at the end {found.test_accuracy[-1].round(3).tolist()}", flush=True)
    report = {"command": f"python -m {NAME}", "plan": {name: plan._asdict() for name, plan in PLAN.items()}, "groups": groups}
    given.json.write_text(json.dumps(report) + "\n", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
