"""Record the trainings of lesson 12 on this machine's CPU: data/after_cpu.json.

    python authoring/record_after.py [--seeds 3] [--json FILE]

Some eighteen minutes on one core, written stage by stage: interrupted, it goes on with the stage where it was. Muon with AdamW, and AdamW
alone, each over as many pairs of step sizes, and so AdamW with as many seconds as Muon with its five steps in float32; over fewer pairs,
AdamW with a shorter memory of squares, and with as many seconds as Muon in bfloat16, as torch has it; Muon without its factor; last, Muon
at a few settings that nobody swept, and twice as many fresh seeds at the three best pairs of each. What the records mean:
`lessonlib.lessons.lesson12.text`.
"""
from __future__ import annotations

import argparse
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from record_lab import DATA, begun, finish, finite

from lessonlib.data import text
from lessonlib.lessons.lesson12 import trainings
from lessonlib.lessons.lesson12.text import AS_LONG, AS_LONG_32, FLOAT32, NO_FACTOR, SOONER, best, pairs
from lessonlib.pytorch.transformer import Corpus, Size, fit


def swept(corpus: Corpus, seeds: Iterable[int], cases: Iterable[trainings.Case], size: Size | None = None, *,
          name: str | None = None) -> list[dict[str, Any]]:
    """The test loss of every training, for each of the seeds; None where it ended beyond the numbers. name: what to call the rule."""
    size, drawn = size or trainings.SIZE, list(seeds)
    return [{**case._asdict(), "rule": name or case.rule, "seed": seed,
             "test": finite(fit(trainings.optimizer(*case), corpus, size, seed=seed).test)} for case in cases for seed in drawn]


def as_long(took: Mapping[str, float], rule: str) -> Size:
    """The size of the training for which AdamW takes as long as a rule takes for trainings.SIZE."""
    longer = took[rule] / took["adamw"]
    return trainings.SIZE._replace(steps=round(longer * trainings.SIZE.steps), warmup=round(longer * trainings.SIZE.warmup))


def seconds(corpus: Corpus, found: Mapping[str, Any]) -> dict[str, float]:
    """Seconds of one core that a training takes under each rule, the median of five in turn, at the best pair of its sweep."""
    at = {"adamw": best(found, "adamw").case[1:], **dict.fromkeys(("muon", FLOAT32), best(found, "muon").case[1:])}
    took: dict[str, list[float]] = {rule: [] for rule in at}
    for _ in range(5):
        for rule, pair in at.items():
            begun_at = time.process_time()
            fit(trainings.optimizer(rule, *pair), corpus, trainings.SIZE)
            took[rule].append(time.process_time() - begun_at)
    return {rule: round(sorted(each)[2], 2) for rule, each in took.items()}


def again(corpus: Corpus, found: Mapping[str, Any], seeds: int) -> list[dict[str, Any]]:
    """The pairs of each comparison that were best with the first seeds, with twice as many seeds that took no part in choosing them."""
    sizes = {"adamw": trainings.SIZE, "muon": trainings.SIZE, SOONER: trainings.SIZE,
             AS_LONG: Size(**found["as_long_size"]["muon"]), AS_LONG_32: Size(**found["as_long_size"][FLOAT32]), FLOAT32: trainings.SIZE,
             NO_FACTOR: trainings.SIZE}
    known = {*trainings.RULES, SOONER, FLOAT32, NO_FACTOR}
    return [row for name, size in sizes.items() for case in pairs(found, name, trainings.AGAIN)
            for row in swept(corpus, range(seeds, 3 * seeds), [trainings.Case(name if name in known else "adamw", *case[1:])], size,
                             name=name)]


def main(arguments: list[str] | None = None) -> None:
    """Train, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path, default=DATA / "after_cpu.json")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    corpus = Corpus(text())
    found: dict[str, Any] = {
        "command": f"python authoring/record_after.py --seeds {options.seeds}", "machine": platform.machine(), "torch": torch.__version__,
        "size": trainings.SIZE._asdict(), "clip": trainings.CLIP, "decay": trainings.DECAY}
    found = begun(options.json, found, last="fresh")
    first = range(options.seeds)
    stages: dict[str, Callable[[], Any]] = {
        "sweep": lambda: swept(corpus, first, trainings.sweep()),
        "seconds": lambda: seconds(corpus, found),
        "as_long_size": lambda: {rule: as_long(found["seconds"], rule)._asdict() for rule in ("muon", FLOAT32)},
        "float32": lambda: swept(corpus, first, [trainings.Case(FLOAT32, *best(found, "muon").case[1:])]),
        "as_long_32": lambda: swept(corpus, first, trainings.alike("adamw"), Size(**found["as_long_size"][FLOAT32]), name=AS_LONG_32),
        "sooner": lambda: swept(corpus, first, trainings.near(SOONER)),
        "as_long": lambda: swept(corpus, first, trainings.near("adamw"), Size(**found["as_long_size"]["muon"]), name=AS_LONG),
        "no_factor": lambda: swept(corpus, first, trainings.plain()),
        "untuned": lambda: swept(corpus, first, trainings.untuned()),
        "fresh": lambda: again(corpus, found, options.seeds)}
    finish(options.json, found, stages)


if __name__ == "__main__":
    main()
