"""Record the trainings of lesson 11 on this machine: data/lab_cpu.json, or data/lab_cuda.json where there is a GPU.

    python authoring/record_lab.py [--device cpu|cuda] [--seeds 3] [--json FILE]

The notebook shows what is recorded beside what it has just trained. The costs of a step are recorded by
`python -m lessonlib.lessons.lesson11.bench --device cuda --json data/bench_cuda.json`.
"""
from __future__ import annotations

import argparse
import json
import math
import platform
import statistics
import time
from pathlib import Path
from typing import Any

import torch

from lessonlib.data import text
from lessonlib.lessons.lesson11 import trainings
from lessonlib.pytorch.transformer import Corpus, Size, fit, fit_all

DATA = Path(__file__).resolve().parent.parent / "data"


def sweep(kind: str, corpus: Corpus, size: Size, seeds: int) -> list[dict[str, Any]]:
    """The test loss of every training of the lab, for each seed; None where it ended beyond the numbers."""
    rows = []
    for seed in range(seeds):
        found = fit_all(trainings.trainings(kind, size), corpus, seed=seed, dtype=dtype_of(kind))
        rows += [{"rule": rule, "warmup": warmup, "lr": lr, "seed": seed, "test": round(done.test, 4) if math.isfinite(done.test) else None}
                 for (rule, warmup, lr), done in found.items()]
    return rows


def dtype_of(kind: str) -> torch.dtype:
    """The notebook's: float64 on a CPU, so that figures hold on any machine, float32 on a GPU."""
    return torch.float64 if kind == "cpu" else torch.float32


def mixed(corpus: Corpus, size: Size, seeds: int) -> list[dict[str, Any]]:
    """Time, memory and test loss of AdamW in float32, with TF32 products, and under autocast to bfloat16."""
    rows = []
    for name, precision, autocast in (("float32", "highest", None), ("TF32 products", "high", None),
                                      ("bfloat16 autocast", "highest", torch.bfloat16)):
        torch.set_float32_matmul_precision(precision)
        fit(trainings.optimizer("adamw", 3e-3), corpus, size._replace(steps=20, warmup=5), autocast=autocast)  # kernels get loaded
        seconds, tests = [], []
        torch.cuda.reset_peak_memory_stats()
        for seed in range(seeds):
            begun = time.perf_counter()
            tests.append(round(fit(trainings.optimizer("adamw", 3e-3), corpus, size, seed=seed, autocast=autocast).test, 4))
            seconds.append(time.perf_counter() - begun)
        rows.append({"precision": name, "ms a step": round(1e3 * statistics.median(seconds) / size.steps, 3), "tests": tests,
                     "peak MB": round(torch.cuda.max_memory_allocated() / 1e6, 1)})
    torch.set_float32_matmul_precision("highest")
    return rows


def main(arguments: list[str] | None = None) -> None:
    """Train, and write what came of it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, help="fewer or more than the lab's; a quarter of them warm up")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    kind, size = options.device, trainings.SIZES[options.device]
    if options.steps is not None:
        size = size._replace(steps=options.steps, warmup=options.steps // 4)
    if kind == "cpu":
        torch.set_num_threads(1)
    corpus = Corpus(text(), kind)
    found: dict[str, Any] = {
        "command": f"python authoring/record_lab.py --device {kind} --seeds {options.seeds}"
                   + (f" --steps {options.steps}" if options.steps is not None else ""), "device": kind,
        "machine": torch.cuda.get_device_name() if kind == "cuda" else platform.machine(), "torch": torch.__version__,
        "size": size._asdict(), "sweep": sweep(kind, corpus, size, options.seeds),
    }
    if kind == "cuda":
        found["mixed"] = mixed(corpus, size._replace(layers=6, width=384, heads=6, context=256), options.seeds)
    path = options.json or DATA / f"lab_{kind}.json"
    rows = found.pop("sweep")
    body = json.dumps(found, indent=1)[:-2] + ',\n "sweep": [\n  ' + ",\n  ".join(json.dumps(row) for row in rows) + "\n ]\n}\n"
    path.write_text(body, encoding="utf-8", newline="\n")
    if path.parent == DATA:
        import make_data

        make_data.sums()


if __name__ == "__main__":
    main()
