"""Print how many small networks `train` trains in a second, beside a Python loop over torch.optim doing the same work.

    python tests/bench_train.py

162 networks (9 x 9 cells, 2 seeds) on the digits. The loop trains one network after another as a torch program does it, with
torch.optim.AdamW as it is by default (foreach) and with fused=True; it is timed on a few networks, and its rate is that of all: each
costs the same. Ratios are the loop's seconds for a network over train's: above 1, `train` is faster. A second table says
where train's time goes, for one group of networks on one thread.
"""
from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from lessonlib import State, adamw, grid
from lessonlib.gpu import train as engine
from lessonlib.gpu.train import digits_task, train

STEPS, REPEATS, SAMPLE = 500, 5, 2
CELLS = grid(lr=np.geomspace(1e-4, 1e-1, 9), weight_decay=np.geomspace(1e-4, 1, 9))
SEEDS = (0, 1)
NETWORKS = len(SEEDS) * 81


def seconds(work: Callable[[], object]) -> float:
    """Wall time of one call."""
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def loop(networks: int, batch: int | None, fused: bool) -> list[torch.nn.Module]:
    """Train networks one after another with torch's own optimizer."""
    task, trained = digits_task(), []
    data, begin, rng = task.data(0), task.start(0), np.random.default_rng([0, 2])
    x, y = torch.tensor(data.train_x, dtype=torch.float32), torch.tensor(data.train_y)
    for lr in np.geomspace(1e-3, 1e-2, networks):
        model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
        model.load_state_dict(dict(zip(model.state_dict(), map(torch.tensor, begin.values()), strict=True)))
        opt = torch.optim.AdamW(model.parameters(), lr=float(lr), weight_decay=0.01, **({"fused": True} if fused else {}))
        for _ in range(STEPS):
            rows = slice(None) if batch is None else torch.tensor(rng.integers(len(y), size=batch))
            opt.zero_grad()
            cross_entropy(model(x[rows]), y[rows]).backward()
            opt.step()
        trained.append(model)
    return trained


def shares(batch: int | None) -> dict[str, float]:
    """Microseconds of a step of one network, on one thread: the six matrix products, the rest of the gradient, the rule."""
    task, place = digits_task(), torch.device("cpu")
    begin, data = task.start(0), {0: task.data(0)}
    fit = int(engine.GROUP_BYTES / engine._bytes_of_one(task, begin, list(data.values()), np.float32))
    group = engine._Group(task, data, [0] * fit, {k: v.shape for k, v in begin.items()}, batch, place, torch.float32)
    theta = torch.tensor(np.concatenate([v.ravel() for v in begin.values()]), dtype=torch.float32).repeat(fit, 1)
    lr, (x, y) = torch.full((fit, 1), 1e-3), group.examples()
    _, s = adamw(theta, theta, State(), lr=lr)
    p = engine._by_name(theta, group.shapes)
    h, z = torch.rand(fit, 32, len(y)), torch.rand(fit, 10, len(y))

    def products() -> tuple[Any, ...]:
        return p["w1"] @ x.mT, p["w2"] @ h, p["w2"].mT @ z, h @ x, z @ h.mT

    def cost(work: Callable[[], object]) -> float:
        work()
        return min(seconds(work) for _ in range(30)) / fit * 1e6

    with torch.no_grad():
        gradient, matmul, rule = (cost(f) for f in (lambda: group.gradient(theta), products, lambda: adamw(theta, theta, s, lr=lr)))
    flops = 2 * len(y) * (2 * 64 * 32 + 3 * 32 * 10)
    return {"networks in the group": fit, "matrix products": matmul, "rest of the gradient": gradient - matmul, "rule": rule,
            "GFLOP/s of the products": flops / matmul / 1e3}


def main() -> None:
    """Time, compare the results, print the tables."""
    os.environ["LESSONLIB_PROGRESS"] = "0"
    cores = torch.get_num_threads()
    print(f"{platform.machine()}, {cores} cores, torch {torch.__version__}; {NETWORKS} networks 64 -> 32 -> 10 x {STEPS} steps of adamw, "
          f"float32;\nmedian (range) of {REPEATS}, the three in turn; the loop timed on {SAMPLE} networks\n")
    print(f"{'batch':>9} {'train, s':>20} {'networks/s':>11} {'a network by foreach, s':>26} {'by fused, s':>22} {'foreach / train':>16} {'fused / train':>14}")
    for batch in (None, 32):
        runs: list[Callable[[], object]] = [
            lambda: train(adamw, digits_task(), steps=STEPS, seeds=SEEDS, batch=batch, **CELLS),
            lambda: loop(SAMPLE, batch, fused=False), lambda: loop(SAMPLE, batch, fused=True)]
        times = np.array([[seconds(run) for run in runs] for _ in range(REPEATS + 1)])[1:] / [1, SAMPLE, SAMPLE]

        def shown(column: np.ndarray) -> str:
            return f"{median(column):.3f} ({min(column):.3f}-{max(column):.3f})"
        mine = median(times[:, 0])
        print(f"{batch or 'all (300)':>9} {shown(times[:, 0]):>20} {NETWORKS / mine:11.1f} {shown(times[:, 1]):>26} {shown(times[:, 2]):>22} "
              f"{median(times[:, 1]) * NETWORKS / mine:16.1f} {median(times[:, 2]) * NETWORKS / mine:14.1f}")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    print("\nmicroseconds of a step of one network, on one thread (the least of 30)")
    for batch in (None, 32):
        print(f"{batch or 'all (300)':>9}  " + ", ".join(f"{name} {value:.3g}" for name, value in shares(batch).items()))
    ours = train(adamw, digits_task(), steps=STEPS, lr=1e-3, weight_decay=0.01)
    theirs = loop(1, None, fused=False)[0]
    apart = max(float(np.abs(a - b.detach().numpy()).max()) for a, b in zip((v[0] for v in ours.params.values()), theirs.parameters(), strict=True))
    print(f"\nlargest difference of a parameter after {STEPS} steps, train and torch's loop: {apart:.1e}")


if __name__ == "__main__":
    main()
