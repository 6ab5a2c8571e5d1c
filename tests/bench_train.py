"""Print how many small networks `train` trains in a second, beside a Python loop over torch.optim doing the same work.

    python tests/bench_train.py

162 networks (9 x 9 cells, 2 seeds) on the digits, 500 steps. The loop trains one network after another as a torch program does it, with
torch.optim.AdamW as it is by default (foreach) and with fused=True, each with one thread and with all, of which the faster
counts. Every network costs the loop the same: it is timed on one network for SAMPLE steps, and 162 x 500 steps are EXTRAPOLATED from
that. Ratios are the loop's seconds over train's: above 1, `train` is faster; by the clock, and by the processor time of all threads, which
other programs disturb less. The last table says where train's time goes, for one group of networks on one thread.
"""
from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from lessonlib import State, adamw, grid
from lessonlib.pytorch.networks import Group, Plan, networks_at_once
from lessonlib.pytorch.sweep import train
from lessonlib.pytorch.tasks import digits_task

STEPS, REPEATS, SAMPLE = 500, 5, 200
CELLS = grid(lr=np.geomspace(1e-4, 1e-1, 9), weight_decay=np.geomspace(1e-4, 1, 9))
SEEDS = (0, 1)
NETWORKS = len(SEEDS) * 81


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """Wall time and processor time of one call."""
    begun, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - begun, time.process_time() - used


def loop(steps: int, batch: int | None, fused: bool, threads: int) -> torch.nn.Module:
    """Return one network of the loop, trained with torch's own optimizer on so many threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    task, rng = digits_task(), np.random.default_rng([0, 2])
    data, begin = task.data(0), task.start(0)
    x, y = torch.tensor(data.train_x, dtype=torch.float32), torch.tensor(data.train_y)
    model = torch.nn.Sequential(torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10))
    model.load_state_dict(dict(zip(model.state_dict(), map(torch.tensor, begin.values()), strict=True)))
    opt = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.01, **({"fused": True} if fused else {}))
    for _ in range(steps):
        rows = None if batch is None else torch.tensor(rng.integers(len(y), size=batch))
        images, labels = (x, y) if rows is None else (x[rows], y[rows])
        opt.zero_grad()
        cross_entropy(model(images), labels).backward()
        opt.step()
    torch.set_num_threads(before)
    return model


def shares(batch: int | None) -> dict[str, float]:
    """Microseconds of a step of one network, on one thread: the five matrix products, the rest of the gradient, the rule."""
    task = digits_task()
    begin = task.start(0)
    plan = Plan(task, {0: task.data(0)}, [0], {name: value.shape for name, value in begin.items()}, {"lr": np.full((1000, 1), 1e-3)}, (1000,),
                batch, torch.device("cpu"), torch.float32)
    fit = networks_at_once(plan, cores=1)
    group = Group(plan, np.arange(fit))
    theta = group.tensor(np.concatenate([value.ravel() for value in begin.values()])).repeat(fit, 1)
    hyper, n = group.hyper(1), batch or len(plan.data[0].train_y)
    _, s = adamw(theta, theta, State(), **hyper)
    x, w1, w2 = torch.rand(n, 64), torch.rand(fit, 32, 64), torch.rand(fit, 10, 32)
    h, z = torch.rand(fit, 32, n), torch.rand(fit, 10, n)

    def products() -> tuple[Any, ...]:
        return w1 @ x.mT, w2 @ h, w2.mT @ z, h @ x, z @ h.mT

    def cost(work: Callable[[], object]) -> float:
        work()
        return min(seconds(work)[1] for _ in range(30)) / fit * 1e6

    with torch.no_grad():
        gradient, matmul, rule = (cost(f) for f in (lambda: group.gradient(theta), products, lambda: adamw(theta, theta, s, **hyper)))
    flops = 2 * n * (2 * 64 * 32 + 3 * 32 * 10)
    return {"networks in the group": fit, "matrix products": matmul, "rest of the gradient": gradient - matmul, "rule": rule,
            "GFLOP/s of the products": flops / matmul / 1e3}


def main() -> None:
    """Time, compare the results, print the tables."""
    os.environ["LESSONLIB_PROGRESS"] = "0"
    cores, whole = torch.get_num_threads(), NETWORKS * STEPS / SAMPLE
    print(f"{platform.machine()}, {cores} cores, torch {torch.__version__}; {NETWORKS} networks 64 -> 32 -> 10 x {STEPS} steps of adamw, "
          f"float32\nseconds, median (range) of {REPEATS}, all in turn; the loop extrapolated from {SAMPLE} steps\n")
    for batch in (None, 32):
        ways = {(name, threads): partial(loop, SAMPLE, batch, name == "fused", threads) for name in ("foreach", "fused")
                for threads in sorted({1, cores})}
        runs = [partial(train, adamw, digits_task(), steps=STEPS, seeds=SEEDS, batch=batch, **CELLS), *ways.values()]
        times = np.array([[seconds(run) for run in runs] for _ in range(REPEATS + 1)])[1:]  # the first warms up
        times[:, 1:] *= whole
        (wall, used), spread = np.moveaxis(np.median(times, 0), -1, 0), times[..., 0]
        shown = [f"{m:.1f} ({low:.1f}-{high:.1f})" for m, low, high in zip(wall, spread.min(0), spread.max(0), strict=True)]
        print(f"{'all 300 images' if batch is None else f'batches of {batch}'}: train {shown[0]}, {NETWORKS / wall[0]:.1f} networks a second, "
              f"{used[0]:.1f} s of processor")
        for i, ((name, threads), text) in enumerate(zip(ways, shown[1:], strict=True), 1):
            print(f"    loop, {name}, threads {threads}: {text}, {used[i]:.1f} s of processor")
        for name in ("foreach", "fused"):
            of = [i for i, way in enumerate(ways, 1) if way[0] == name]
            print(f"    {name} / train: {min(wall[of]) / wall[0]:.1f} by the clock, {min(used[of]) / used[0]:.1f} by processor time")
    torch.set_num_threads(1)
    torch.set_flush_denormal(True)
    print("\nmicroseconds of a step of one network, on one thread (the least of 30)")
    for batch in (None, 32):
        print(f"    {batch or 'all 300'}: " + ", ".join(f"{name} {value:.3g}" for name, value in shares(batch).items()))
    ours, theirs = train(adamw, digits_task(), steps=20, lr=1e-3, weight_decay=0.01), loop(20, None, False, 1)
    apart = max(float(np.abs(a[0] - b.detach().numpy()).max()) for a, b in zip(ours.params.values(), theirs.parameters(), strict=True))
    print(f"\nlargest difference of a parameter between train and the loop after 20 steps: {apart:.1e}")


if __name__ == "__main__":
    main()
