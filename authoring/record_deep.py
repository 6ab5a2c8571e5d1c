"""Record the trainings of lesson 8's network of many narrow layers: data/deep_net.json (five minutes on one core).

    python authoring/record_deep.py [--seeds 10] [--json FILE]

Every rule at every step size, from every start; in NumPy and float64. What the records mean: `lessonlib.lessons.lesson08.records`.
"""
from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from lessonlib import grid, rules, run
from lessonlib.lessons.lesson08 import records
from lessonlib.lessons.lesson08.deep import deep_net
from lessonlib.lessons.lesson08.layerwise import WAYS, way_for
from lessonlib.problems import Problem
from lessonlib.rules import State

DATA = Path(__file__).resolve().parent.parent / "data"
Array = np.ndarray[Any, Any]


def curves(rule: Callable[..., Any], problem: Problem, lrs: Array, seed: int, steps: int) -> tuple[Array, Array]:
    """Training loss at each record (records, lrs), and the share of the test digits that is read at the end, (lrs,)."""
    theta, s, rng = np.broadcast_to(problem.start, (len(lrs), problem.start.size)), State(), np.random.default_rng(seed)
    losses = []
    with np.errstate(all="ignore"):
        for t in range(steps + 1):
            if t:
                theta, s = rule(theta, problem.grad(theta, rng), s, lr=lrs[:, None])
            if t % records.EVERY == 0:
                losses.append(problem.loss(theta))
        return np.array(losses), problem.metrics["test accuracy"](theta)


def best(losses: Array, read: Array, lrs: Array) -> dict[str, Any]:
    """The step size with the lowest median training loss at the end, and the share read from each start: losses and read (seeds, lrs)."""
    at = int(np.median(np.nan_to_num(losses, nan=np.inf), axis=0).argmin())
    return {"lr": lrs[at], "read": read[:, at].round(3).tolist()}


def ends(rule: Callable[[int], Callable[..., Any]], lrs: Array, seeds: int, steps: int, **net: Any) -> dict[str, Any]:
    """`best` for a rule, which may depend on the seed, on a network."""
    found = []
    for seed in range(seeds):
        problem = deep_net(seed, **net)
        with np.errstate(all="ignore"):  # of networks that diverge
            done = run(rule(seed), problem, steps=steps, seed=seed, record="last", **grid(lr=lrs))
            found.append((done.loss[0], problem.metrics["test accuracy"](done.theta[0])))
    losses, read = (np.array(part) for part in zip(*found, strict=True))
    return best(losses, read, lrs)


def main(arguments: list[str] | None = None) -> None:
    """Train, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--json", type=Path, default=DATA / "deep_net.json")
    options = parser.parse_args(arguments)
    found: dict[str, Any] = {"command": f"python authoring/record_deep.py --seeds {options.seeds}"}
    found |= {"loss": {}, "rules": {}, "ways": {}, "ends": {}}
    for name in records.NAMES:
        each = [curves(getattr(rules, name), deep_net(seed), records.LRS, seed, records.STEPS) for seed in range(options.seeds)]
        losses = np.array([np.nan_to_num(loss, nan=np.inf) for loss, _ in each])
        found["loss"][name] = np.clip(np.median(losses, axis=0).T, 0, 99).round(3).tolist()
        found["rules"][name] = best(losses[:, -1], np.array([read for _, read in each]), records.LRS)
    for way in WAYS:
        found["ways"][way] = ends(lambda seed, way=way: way_for(way, seed), records.WAY_LRS, options.seeds, records.STEPS)
    for where, (steps, net) in records.PLACES.items():
        found["ends"][where] = {name: ends(lambda seed, name=name: getattr(rules, name), records.END_LRS[name], options.seeds, steps, **net)
                                for name in records.NAMES}
    options.json.write_text(json.dumps(found) + "\n", encoding="utf-8", newline="\n")
    if options.json.parent == DATA:
        import make_data

        make_data.sums()


if __name__ == "__main__":
    main()
