"""Record the trainings of lesson 8's network of many narrow layers: data/deep_net.json (ten minutes on one core).

    python authoring/record_deep.py [--seeds 10] [--place WHERE | --full | --cut | --units | --forgetting] [--json FILE]

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
from lessonlib.lessons.lesson08.layerwise import WAYS, begun_full, each_unit_following, forgetting, steps_cut, way_for
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


def ends_at(where: str, seeds: int) -> dict[str, Any]:
    """`ends` of every rule at one of the places."""
    steps, net = records.PLACES[where]
    return {name: ends(lambda seed, name=name: getattr(rules, name), records.lrs_at(where, name), seeds, steps, **net)
            for name in records.NAMES}


def begun_full_ends(seeds: int) -> dict[str, Any]:
    """`ends` of the two ways that follow, each with an average that begins at the first gradient."""
    return {way: ends(lambda seed, way=way: begun_full(way_for(way, seed)), records.WAY_LRS, seeds, records.STEPS) for way in WAYS[2:]}


def cut_ends(seeds: int) -> dict[str, Any]:
    """`ends` of the divisors that are set once, with long steps cut."""
    return ends(lambda seed: steps_cut(way_for(WAYS[1], seed), seed), records.WAY_LRS, seeds, records.STEPS)


def unit_ends(seeds: int) -> dict[str, Any]:
    """`ends` of one divisor for the weights that leave a unit."""
    return ends(each_unit_following, records.WAY_LRS, seeds, records.STEPS)


def forgetting_ends(seeds: int) -> dict[str, Any]:
    """`ends` of one divisor for each layer that has no memory."""
    return ends(forgetting, records.WAY_LRS, seeds, records.STEPS)


ALONE: dict[str, tuple[Callable[[int], dict[str, Any]], str]] = {  # a part of the records -> what makes it, and what it is
    "full": (begun_full_ends, "the averages that begin at the first gradient"),
    "cut": (cut_ends, "the divisors that are set once, with long steps cut"),
    "units": (unit_ends, "one divisor for the weights that leave a unit"),
    "forgetting": (forgetting_ends, "one divisor for each layer that has no memory")}


def main(arguments: list[str] | None = None) -> None:
    """Train, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--place", choices=records.PLACES, help="record this place alone again")
    for part, (_, told) in ALONE.items():
        parser.add_argument(f"--{part}", dest="part", action="store_const", const=part, help=f"record {told} alone again")
    parser.add_argument("--json", type=Path, default=DATA / "deep_net.json")
    options = parser.parse_args(arguments)
    found: dict[str, Any]
    if options.place:
        found = json.loads(options.json.read_text(encoding="utf-8"))
        places = found["ends"] | {options.place: ends_at(options.place, options.seeds)}
        return save(found | {"ends": {place: places[place] for place in records.PLACES if place in places}}, options.json)
    if options.part:
        found = json.loads(options.json.read_text(encoding="utf-8"))
        return save(found | {options.part: ALONE[options.part][0](options.seeds)}, options.json)
    found = {"command": f"python authoring/record_deep.py --seeds {options.seeds}"}
    found |= {"loss": {}, "rules": {}, "ways": {}, "ends": {}}
    for name in records.NAMES:
        each = [curves(getattr(rules, name), deep_net(seed), records.LRS, seed, records.STEPS) for seed in range(options.seeds)]
        losses = np.array([np.nan_to_num(loss, nan=np.inf) for loss, _ in each])
        found["loss"][name] = np.clip(np.median(losses, axis=0).T, 0, 99).round(3).tolist()
        found["rules"][name] = best(losses[:, -1], np.array([read for _, read in each]), records.LRS)
    for way in WAYS:
        found["ways"][way] = ends(lambda seed, way=way: way_for(way, seed), records.WAY_LRS, options.seeds, records.STEPS)
    for where in records.PLACES:
        found["ends"][where] = ends_at(where, options.seeds)
    save(found | {part: make(options.seeds) for part, (make, _) in ALONE.items()}, options.json)


def save(found: dict[str, Any], path: Path) -> None:
    """Write the records, and the sums of the folder if they lie in it."""
    path.write_text(json.dumps(found) + "\n", encoding="utf-8", newline="\n")
    if path.parent == DATA:
        import make_data

        make_data.sums()


if __name__ == "__main__":
    main()
