"""Record the trainings of lesson 11 on this machine: data/lab_cpu.json, or data/lab_cuda.json where there is a GPU.

    python authoring/record_lab.py [--device cpu|cuda] [--seeds 5] [--workers N] [--json FILE]

Some ten minutes on two quiet cores, and no longer on a GPU that many processes share. Written stage by stage: interrupted, it goes
on where it was. The lesson shows what is recorded, so that a comparison over seeds costs its reader nothing. The costs of a step are
recorded by `python -m lessonlib.lessons.lesson11.bench --device cuda --json data/bench_cuda.json` and
`python -m lessonlib.lessons.lesson11.step --device cuda --json data/step_cuda.json`, then `python authoring/make_data.py sums`.
"""
from __future__ import annotations

import argparse
import json
import math
import platform
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from lessonlib.data import text
from lessonlib.lessons.lesson11 import half, sweep, trainings
from lessonlib.pytorch.transformer import Corpus, Size, Transformer, fit, fit_all, loss_on_test, sample

DATA = Path(__file__).resolve().parent.parent / "data"
LONGER = 4  # times the steps of the lab, for the training that is shown from its start to its end
PLACES = 32  # of that training, besides its start


def finite(loss: float) -> float | None:
    """A loss for JSON, which knows no infinity."""
    return round(loss, 4) if math.isfinite(loss) else None


@cache
def corpus_on(kind: str) -> Corpus:
    """The text on a device, once for each process."""
    return Corpus(text(), kind)


def tested(job: tuple[str, str, Size, int, Any]) -> float:
    """The test loss of one training: the name of a table of trainings, the device, the size, the seed, and the training's key there."""
    name, kind, size, seed, key = job
    train, whole = getattr(trainings, name)(kind, size)[key]
    return fit(train, corpus_on(kind), whole, seed=seed).test


def losses(name: str, kind: str, size: Size, seeds: int, workers: int) -> list[tuple[Any, int, float | None]]:
    """The key, the seed and the test loss of each training of a table; with more than one worker, as many processes share the device.

    A small model leaves a GPU idle most of the time, waiting for the processor to launch the next kernel.
    """
    table = getattr(trainings, name)(kind, size)
    if workers == 1:
        return [(key, seed, finite(done.test)) for seed in range(seeds)
                for key, done in fit_all(table, corpus_on(kind), seed=seed).items()]
    jobs = [(name, kind, size, seed, key) for seed in range(seeds) for key in table]
    with ProcessPoolExecutor(workers, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
        return [(key, seed, finite(test)) for (*_, seed, key), test in zip(jobs, pool.map(tested, jobs), strict=True)]


def swept(kind: str, size: Size, seeds: int, workers: int = 1) -> list[dict[str, Any]]:
    """The test loss of every training of the sweep, for each seed; None where it ended beyond the numbers."""
    return [{**case._asdict(), "seed": seed, "test": test} for case, seed, test in losses("trainings", kind, size, seeds, workers)]


def batches(kind: str, size: Size, seeds: int, workers: int = 1) -> list[dict[str, Any]]:
    """The test loss at each batch size, with as many characters in all, for each seed."""
    return [{"rule": rule, "batch": batch, "lr": lr, "seed": seed, "test": test}
            for (rule, batch, lr), seed, test in losses("batch_trainings", kind, size, seeds, workers)]


def curves(record: Mapping[str, Any], corpus: Corpus, size: Size) -> dict[str, list[float | None]]:
    """The training loss of each step, each rule at the best step size of the sweep, the first seed."""
    best = {rule: sweep.best_of(record, rule).lr for rule in sweep.NAMES}
    return {rule: [finite(loss) for loss in fit(trainings.optimizer(rule, lr), corpus, size).losses] for rule, lr in best.items()}


def story(record: Mapping[str, Any], corpus: Corpus, size: Size) -> dict[str, Any]:
    """AdamW at its best step size, trained longer: the test loss at some steps, and what the model writes there."""
    lr, whole = sweep.best_of(record, "adamw").lr, size._replace(steps=LONGER * size.steps, warmup=LONGER * size.warmup)
    found: dict[str, Any] = {"lr": lr, "steps": [], "test": [], "texts": []}

    every = max(1, whole.steps // PLACES)

    def watch(step: int, model: Transformer) -> None:
        if step % every == 0:
            found["steps"].append(step)
            found["test"].append(finite(loss_on_test(model, corpus, whole)))
            found["texts"].append(sample(model, corpus, "And God said", 190, temperature=0.8))

    fit(trainings.optimizer("adamw", lr), corpus, whole, watch=watch)
    return found


def seconds(record: Mapping[str, Any], corpus: Corpus, size: Size) -> dict[str, float]:
    """How long the lesson's cells take that train: the two trainings of a judge, the long one, and both orders for two rules."""
    whole, small = size._replace(steps=LONGER * size.steps, warmup=LONGER * size.warmup), trainings.SIZES["cpu"]
    train = trainings.optimizer("adamw", sweep.best_of(record, "adamw").lr)
    work = {"tune": lambda: [fit(train, half.corpus(), small) for _ in range(2)], "longer": lambda: fit(train, corpus, whole),
            "orders": half.who_stops}
    found = {}
    for name, run in work.items():
        begun = time.perf_counter()
        run()
        found[name] = round(time.perf_counter() - begun, 1)
    return found


def main(arguments: list[str] | None = None) -> None:
    """Train, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--steps", type=int, help="fewer or more than the lab's; a quarter of them warm up")
    parser.add_argument("--workers", type=int, default=1, help="processes that train at a time; on a GPU up to the number of cores")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    kind, size = options.device, trainings.SIZES[options.device]
    if options.steps is not None:
        size = size._replace(steps=options.steps, warmup=options.steps // 4)
    if kind == "cpu":
        torch.set_num_threads(1)
    corpus = corpus_on(kind)
    found: dict[str, Any] = {
        "command": f"python authoring/record_lab.py --device {kind} --seeds {options.seeds}"
                   + (f" --steps {options.steps}" if options.steps is not None else "")
                   + (f" --workers {options.workers}" if options.workers != 1 else ""), "device": kind,
        "machine": torch.cuda.get_device_name() if kind == "cuda" else platform.machine(), "torch": torch.__version__,
        "size": size._asdict(), "clip": trainings.CLIP}
    path = options.json or DATA / f"lab_{kind}.json"
    found = begun(path, found)
    stages: dict[str, Callable[[], Any]] = {
        "sweep": lambda: swept(kind, size, options.seeds, options.workers), "seconds": lambda: seconds(found, corpus, size),
        "curves": lambda: curves(found, corpus, size), "story": lambda: story(found, corpus, size),
        "batches": lambda: batches(kind, size, min(options.seeds, 3), options.workers)}
    finish(path, found, stages)


def begun(path: Path, found: dict[str, Any], last: str = "batches") -> dict[str, Any]:
    """What a run that was interrupted before its last stage has recorded with the same settings, to go on from; else what is given."""
    stored = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    unfinished = last not in stored and all(stored.get(name) == value for name, value in found.items())
    return stored if unfinished else found


def finish(path: Path, found: dict[str, Any], stages: Mapping[str, Callable[[], Any]]) -> None:
    """Do each stage that is not recorded yet and write what is there; the sums of the folder too, if the record lies in it."""
    for name, work in stages.items():
        if name not in found:
            found[name] = work()
            path.write_text(written(found), encoding="utf-8", newline="\n")
    if path.parent == DATA:
        import make_data

        make_data.sums()


def written(found: Mapping[str, Any]) -> str:
    """As JSON, a line for each training and for each list of numbers."""
    lines = []
    for name, value in found.items():
        if isinstance(value, list):
            lines.append(f' "{name}": [\n  ' + ",\n  ".join(json.dumps(row) for row in value) + "\n ]")
        elif isinstance(value, dict):
            lines.append(f' "{name}": {{\n  ' + ",\n  ".join(f'"{key}": {json.dumps(row)}' for key, row in value.items()) + "\n }")
        else:
            lines.append(f' "{name}": {json.dumps(value)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    main()
