"""Record the trainings of lesson 12's deeper notebook on this machine's CPU: data/after_deeper_cpu.json.

    python authoring/record_after_deeper.py [--seeds 3] [--json FILE]

Some half an hour on one core, written stage by stage: interrupted, it goes on with the stage where it was. Three ways to end a
training, each at seven step sizes, and means of the weights of a training that does not end; networks of several widths in two
parametrizations, and the widest with one half of muP; and memories of AdamW's squares for three sizes of a batch, all trained on as many
characters, and again beside shorter memories of its gradients. What the records mean: `lessonlib.lessons.lesson12.read_ends`,
`read_widths` and `read_halves`.
"""
from __future__ import annotations

import argparse
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from record_lab import DATA, begun, finish, finite

from lessonlib.data import text
from lessonlib.lessons.lesson12 import endings, halves, widths
from lessonlib.pytorch.transformer import Corpus, fit


def ends(corpus: Corpus, name: str, seeds: int) -> list[dict[str, Any]]:
    """The test losses on the way of every training that ends in this way; one without a schedule needs no other length than the last."""
    lengths = endings.LENGTHS[-1:] if name == "free" else endings.LENGTHS
    return [{"lr": lr, "steps": steps, "seed": seed,
             "test": [finite(loss) for loss in endings.path(endings.way(name, steps), lr, steps, corpus, seed)]}
            for steps in lengths for lr in endings.LRS for seed in range(seeds)]


def means(corpus: Corpus, seeds: int) -> list[dict[str, Any]]:
    """The test losses on the way of means of AdamW's weights, of the longest training, whose step size stays."""
    steps = endings.LENGTHS[-1]
    return [{"average": name, "lr": lr, "steps": steps, "seed": seed, "test": [finite(loss) for loss in losses]}
            for lr in endings.LRS for seed in range(seeds) for name, losses in endings.averaged(lr, steps, corpus, seed).items()]


def longer(corpus: Corpus, seeds: int) -> list[dict[str, Any]]:
    """The test losses on the way of a cosine over more steps, and of a step size that stays."""
    steps = endings.LONGER
    shares = {"cosine": endings.way("cosine", steps), "none": endings.constant}
    return [{"way": name, "lr": lr, "steps": steps, "seed": seed,
             "test": [finite(loss) for loss in endings.path(share, lr, steps, corpus, seed)]}
            for name, share in shares.items() for lr in endings.LONGER_LRS for seed in range(seeds)]


def wide(seeds: int, ways: Sequence[str], sizes: Sequence[int]) -> list[dict[str, Any]]:
    """The training loss of every network at the end."""
    return [{"way": way, "width": width, "lr": lr, "seed": seed, "loss": finite(widths.train(width, lr, seed, way))}
            for way in ways for width in sizes for lr in widths.LRS for seed in range(seeds)]


def halved(corpus: Corpus, seeds: int) -> list[dict[str, Any]]:
    """The test loss for every batch, half-life and step size."""
    return [{**case._asdict(), "seed": seed, "test": finite(fit(halves.optimizer(case), corpus, halves.size(case.batch), seed=seed).test)}
            for case in halves.cases() for seed in range(seeds)]


def shorter(corpus: Corpus, seeds: int) -> list[dict[str, Any]]:
    """The test loss for every half-life and step size at one batch, beside shorter memories of gradients."""
    return [{"beta1": beta1, **case._asdict(), "seed": seed,
             "test": finite(fit(halves.optimizer(case, beta1), corpus, halves.size(case.batch), seed=seed).test)}
            for beta1, case in halves.shorter() for seed in range(seeds)]


def main(arguments: list[str] | None = None) -> None:
    """Train, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--json", type=Path, default=DATA / "after_deeper_cpu.json")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    corpus = Corpus(text())
    found: dict[str, Any] = {
        "command": f"python authoring/record_after_deeper.py --seeds {options.seeds}", "machine": platform.machine(),
        "torch": torch.__version__, "size": endings.SIZE._asdict()}
    found = begun(options.json, found, last="longer")
    stages: dict[str, Callable[[], Any]] = {
        **{name: lambda name=name: ends(corpus, name, options.seeds) for name in endings.WAYS},
        "widths": lambda: wide(options.seeds, widths.WAYS, widths.WIDTHS), "halves": lambda: halved(corpus, options.seeds),
        "means": lambda: means(corpus, options.seeds), "half_mup": lambda: wide(options.seeds, widths.HALVES, widths.WIDTHS[-1:]),
        "shorter": lambda: shorter(corpus, options.seeds), "longer": lambda: longer(corpus, options.seeds)}
    finish(options.json, found, stages)


if __name__ == "__main__":
    main()
