"""Record the trainings of lesson 12 on this machine's CPU: data/after_cpu.json.

    python authoring/record_after.py [--seeds 3] [--json FILE]

Some ten minutes on one core, written stage by stage: interrupted, it goes on with the stage where it was. Muon with AdamW, and AdamW
alone, each over the same number of pairs of step sizes; then, over fewer pairs, AdamW with a shorter memory of squares, and AdamW with
so many steps that it trains as long as Muon did; last, Muon at a few settings that nobody swept, and twice as many fresh seeds at the
best pair of each. What the records mean: `lessonlib.lessons.lesson12.text`.
"""
from __future__ import annotations

import argparse
import math
import platform
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from record_lab import DATA, begun, finite, written

from lessonlib.data import text
from lessonlib.lessons.lesson12 import trainings
from lessonlib.lessons.lesson12.text import best
from lessonlib.pytorch.transformer import Corpus, Size, fit


def swept(corpus: Corpus, seeds: int, cases: Iterable[trainings.Case], size: Size | None = None, *, first: int = 0) -> list[dict[str, Any]]:
    """The test loss of every training, for each of so many seeds from the first on; None where it ended beyond the numbers."""
    size = size or trainings.SIZE
    return [{**case._asdict(), "seed": seed, "test": finite(fit(trainings.optimizer(*case), corpus, size, seed=seed).test)}
            for case in cases for seed in range(first, first + seeds)]


def as_long(took: Mapping[str, float]) -> Size:
    """The size of the training for which AdamW takes as long as Muon takes for trainings.SIZE."""
    longer = took["muon"] / took["adamw"]
    return trainings.SIZE._replace(steps=round(longer * trainings.SIZE.steps), warmup=round(longer * trainings.SIZE.warmup))


def seconds(corpus: Corpus, sweep: list[dict[str, Any]]) -> dict[str, float]:
    """Seconds of one core that a training takes under each rule, the median of five in turn, at a pair of step sizes that worked."""
    took: dict[str, list[float]] = {rule: [] for rule in trainings.RULES}
    lowest = {rule: min((row for row in sweep if row["rule"] == rule), key=lambda row: row["test"] or math.inf) for rule in took}
    for _ in range(5):
        for rule, row in lowest.items():
            begun_at = time.process_time()
            fit(trainings.optimizer(rule, row["matrix_lr"], row["rest_lr"]), corpus, trainings.SIZE)
            took[rule].append(time.process_time() - begun_at)
    return {rule: round(sorted(each)[2], 2) for rule, each in took.items()}


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
    stages: dict[str, Callable[[], Any]] = {
        "sweep": lambda: swept(corpus, options.seeds, trainings.sweep()),
        "seconds": lambda: seconds(corpus, found["sweep"]),
        "sooner": lambda: swept(corpus, options.seeds, trainings.near(trainings.SOONER)),
        "as_long_size": lambda: as_long(found["seconds"])._asdict(),
        "as_long": lambda: swept(corpus, options.seeds, trainings.near("adamw"), Size(**found["as_long_size"])),
        "untuned": lambda: swept(corpus, options.seeds, trainings.untuned()),
        "fresh": lambda: swept(corpus, 2 * options.seeds, [trainings.Case(*best(found, rule).case) for rule in trainings.RULES],
                               first=options.seeds)}
    for name, work in stages.items():
        if name not in found:
            found[name] = work()
            options.json.write_text(written(found), encoding="utf-8", newline="\n")
    if options.json.parent == DATA:
        import make_data

        make_data.sums()


if __name__ == "__main__":
    main()
