"""What the PyTorch parts of lesson 10 train: a small network with all that a real training has, and what a restart loses."""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn, optim

from lessonlib.data import digits
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show

__all__ = ["PIECES", "SEEDS", "Forgotten", "begin", "decay_for", "factor", "forgotten", "go_on", "groups", "loses", "mean_factor",
           "network", "read_with", "restarted", "rise", "rises", "show_restart", "small_transformer", "training_digits"]

Array = np.ndarray[Any, Any]
PIECES = ("weights", "m, v", "t", "schedule", "batches")
SEEDS = 8


def small_transformer(seed: int = 0) -> nn.Module:
    """Return a transformer of one layer for 64 characters; the seed outside is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = nn.Sequential()
        model.add_module("embed", nn.Embedding(64, 32))
        model.add_module("block", nn.TransformerEncoderLayer(32, 4, dim_feedforward=64, dropout=0.0, batch_first=True))
        model.add_module("norm", nn.LayerNorm(32))
        model.add_module("head", nn.Linear(32, 64))
        return model


def groups(model: nn.Module, weight_decay: float = 0.1) -> list[dict[str, Any]]:
    """Return two param groups: all that has two axes or more is decayed, the rest is not."""
    parameters = list(model.parameters())
    return [{"params": [p for p in parameters if p.ndim >= 2], "weight_decay": weight_decay},
            {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0}]


def network(seed: int = 0) -> nn.Module:
    """Return a network 64 -> 32 (ReLU) -> 10 in float64, its start set by the seed; the seed outside is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10)).to("cpu", torch.float64)


def training_digits() -> tuple[torch.Tensor, torch.Tensor]:
    """Return the images (1297, 64) and the labels (1297,) to learn from."""
    d = digits()
    return torch.tensor(np.asarray(d.train_x), dtype=torch.float64), torch.tensor(np.asarray(d.train_y))


def factor(t: int, steps: int = 200, warmup: int = 20) -> float:
    """Return the share of the full step size at step t: up over the warm-up, then down along a cosine."""
    return min(1, (t + 1) / warmup) * 0.5 * (1 + math.cos(math.pi * t / steps))


def mean_factor(steps: int) -> float:
    """Return the mean of the schedule's factor over a run whose warm-up is a tenth of it."""
    return sum(factor(t, steps, steps // 10) for t in range(steps)) / steps


def decay_for(memory: float, lr: float, steps: int) -> float:
    """Return the weight_decay whose memory is this share of a run with warm-up and cosine; lr: its largest step size."""
    return 1 / (lr * mean_factor(steps) * memory * steps)


@cache
def read_with(decay: float, *, biases: float = 0.0, lr: float = 3e-4, steps: int = 1000, seeds: int = 3) -> Array:
    """Return the share of the new digits that a network reads after a run with this decay of its matrices, (seeds,).

    biases: their own decay. lr: the largest step size of a warm-up and a cosine.
    """
    (x, y), d, shares = training_digits(), digits(), []
    new, wanted = torch.tensor(np.asarray(d.test_x), dtype=torch.float64), torch.tensor(np.asarray(d.test_y))
    for seed in range(seeds):
        model, batches = network(seed), torch.Generator().manual_seed(seed)
        matrices, rest = groups(model, decay)
        optimizer = optim.AdamW([matrices, rest | {"weight_decay": biases}], lr=lr)
        schedule = optim.lr_scheduler.LambdaLR(optimizer, lambda t: factor(t, steps, steps // 10))
        for _ in range(steps):
            rows = torch.randint(len(x), (64,), generator=batches)
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
            schedule.step()
        with torch.no_grad():
            shares.append((model(new).argmax(-1) == wanted).double().mean().item())
    return np.array(shares)


def begin(seed: int = 0, lr: float = 0.02) -> SimpleNamespace:
    """Return a fresh run of 200 steps: its model, optimizer, schedule, and the generator of its batches. lr: its largest step size."""
    model = network(seed)
    optimizer = optim.AdamW(groups(model), lr=lr, betas=(0.9, 0.95))
    return SimpleNamespace(model=model, optimizer=optimizer, schedule=optim.lr_scheduler.LambdaLR(optimizer, factor),
                           batches=torch.Generator().manual_seed(seed))


def go_on(run: Any, steps: int) -> list[float]:
    """Train for some steps; return the loss on all training digits after each."""
    x, y = training_digits()
    criterion, losses = nn.CrossEntropyLoss(), []
    for _ in range(steps):
        rows = torch.randint(len(x), (64,), generator=run.batches)
        run.optimizer.zero_grad()
        criterion(run.model(x[rows]), y[rows]).backward()
        nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
        run.optimizer.step()
        run.schedule.step()
        with torch.no_grad():
            losses.append(criterion(run.model(x), y).item())
    return losses


def _hand_on(old: Any, new: Any, pieces: Sequence[str]) -> None:
    """Give a fresh run some of the PIECES of an old one; the step size goes with the schedule."""
    if "weights" in pieces:
        new.model.load_state_dict(old.model.state_dict())
    if "batches" in pieces:
        new.batches.set_state(old.batches.get_state())
    if "schedule" in pieces:
        new.schedule.load_state_dict(old.schedule.state_dict())
        for group, before in zip(new.optimizer.param_groups, old.optimizer.param_groups, strict=True):
            group["lr"] = before["lr"]
    for p, q in zip(old.model.parameters(), new.model.parameters(), strict=True):
        kept = old.optimizer.state[p]
        if "m, v" in pieces or "t" in pieces:
            new.optimizer.state[q] = {name: value.clone() if ("t" if name == "step" else "m, v") in pieces else torch.zeros_like(value)
                                      for name, value in kept.items()}


@cache
def _up_to(at: int, seed: int, lr: float = 0.02) -> tuple[SimpleNamespace, tuple[float, ...]]:
    """A run at a step, and its losses so far. Many restarts begin there, and none trains it further."""
    run = begin(seed, lr)
    return run, tuple(go_on(run, at))


def restarted(pieces: Sequence[str], *, at: int = 100, steps: int = 100, seed: int = 0) -> tuple[list[float], list[float]]:
    """Return the losses of a run up to a step, and those after a restart there that hands on only some of the PIECES.

    With all of them it is the run that was not interrupted. Raises ValueError for other pieces.
    """
    if not set(pieces) <= set(PIECES):
        raise ValueError(f"pieces={pieces!r}: some of {', '.join(PIECES)}")
    (old, before), new = _up_to(at, seed), begin(seed)
    _hand_on(old, new, pieces)
    return list(before), go_on(new, steps)


@cache
def _uninterrupted(seed: int) -> list[float]:
    return go_on(begin(seed), 200)


def loses(pieces: Sequence[str], seeds: int = 4) -> tuple[float, float, str]:
    """Return what a restart does that loses some of the PIECES, the mean of the seeds, and whether it is the same run bit for bit.

    The highest loss of the ten steps after it is in units of the last one before it; then the loss at the end.
    """
    high, end, same = [], [], []
    for seed in range(seeds):
        before, after = restarted([piece for piece in PIECES if piece not in pieces], seed=seed)
        high.append(max(after[:10]) / before[-1])
        end.append(after[-1])
        same.append(before + after == _uninterrupted(seed))
    return float(np.mean(high)), float(np.mean(end)), "yes" if all(same) else "no"


class Forgotten(NamedTuple):
    """What a restart without m, v and t does: losses (seeds, 200) and (seeds, 100), and in both runs the median length of step 101.

    The lengths are in units of lr, the median is that of the weights, then of the seeds.
    """

    whole: Array
    after: Array
    usual_step: float
    first_step: float

    @property
    def rises(self) -> Array:
        """For each seed the highest loss of the ten steps after the restart, over the last loss before it."""
        return np.asarray(self.after[:, :10].max(1) / self.whole[:, 99])


def forgotten(make: Callable[[int], Any] = begin, train: Callable[[Any, int], list[float]] = go_on, seeds: int = SEEDS) -> Forgotten:
    """Return what happens when a run loses m, v and t at step 100, beside the run that loses nothing, from several starts.

    make(seed) -> a run; train(run, steps) -> its losses. A weight whose gradient is 0 at the restart is not counted in the median.
    """
    found = [_one_forgotten(make, train, seed) for seed in range(seeds)]
    whole, after, usual, first = (np.array(part) for part in zip(*found, strict=True))
    return Forgotten(whole, after, float(np.median(usual)), float(np.median(first)))


def _one_forgotten(
    make: Callable[[int], Any], train: Callable[[Any, int], list[float]], seed: int,
) -> tuple[list[float], list[float], float, float]:
    old, new = make(seed), make(seed)
    before = train(old, 100)
    _hand_on(old, new, ("weights", "schedule", "batches"))
    lr, start = old.optimizer.param_groups[0]["lr"], nn.utils.parameters_to_vector(old.model.parameters()).detach().clone()
    losses, lengths = [], []
    for run in (old, new):
        losses.append(train(run, 1))
        lengths.append((nn.utils.parameters_to_vector(run.model.parameters()).detach() - start).abs() / lr)
        losses[-1] += train(run, 99)
    moved = lengths[1] > 0.1  # what has a gradient takes a full step
    return before + losses[0], losses[1], lengths[0][moved].median().item(), lengths[1][moved].median().item()


def rise(seed: int = 0, *, lr: float = 0.02, shortened: Sequence[float] = (), lost: Sequence[str] = ("m, v", "t")) -> float:
    """Return the highest loss of the ten steps after a restart that loses some of the PIECES, over the last loss before it.

    shortened: by which factors its first steps are multiplied.
    """
    (old, before), new = _up_to(100, seed, lr), begin(seed, lr)
    _hand_on(old, new, [piece for piece in PIECES if piece not in lost])
    losses = []
    for k in range(10):
        for group in new.optimizer.param_groups:
            group["lr"] *= shortened[k] if k < len(shortened) else 1
        losses += go_on(new, 1)
    return max(losses) / before[-1]


def rises() -> list[tuple[str, float]]:
    """Return (what is done, how far the highest of the next ten losses lies above the last one, the median of SEEDS) for six cases."""
    cases: dict[str, dict[str, Any]] = {
        "not interrupted": {"lost": ()}, "m, v and t forgotten": {},
        "forgotten, its first step alone cut to a seventh": {"shortened": [1 / 7]},
        "forgotten, a new warm-up of 20 steps": {"shortened": [(k + 1) / 20 for k in range(10)]},
        "forgotten, run from its start at half the step size": {"lr": 0.01},
        "forgotten, run from its start at a seventh of it": {"lr": 0.003}}
    return [(name, float(np.median([rise(seed, **case) for seed in range(SEEDS)])) - 1) for name, case in cases.items()]


def show_restart(found: Forgotten) -> None:
    """Show what forgetting m, v and t at step 100 does to the loss, beside the runs that were not interrupted."""
    show(_restart(found), "Training loss from step 95 to 200, divided by its value at step 100, for eight starts. A grey band holds the "
         "runs that were not interrupted, and falls with the line of their median. With m, v and t forgotten each of eight thin lines, and "
         "their dashed median, jumps up within a few steps and comes back down to the band.")


def _restart(found: Forgotten) -> Figure:
    figure = new_figure(7.2, 3.6)
    ax = figure.add_subplot(xlim=(95, 200), ylim=(0.6, 1.7), xlabel="step", ylabel="loss, in units of that at step 100",
                            title="A restart at step 100, from eight starts")
    whole, after = found.whole / found.whole[:, 99:100], found.after / found.whole[:, 99:100]
    ax.fill_between(range(1, 201), whole.min(0), whole.max(0), color="#d0d0d0", label="not interrupted, all eight")
    ax.plot(range(1, 201), np.median(whole, 0), color="#555555", linewidth=1.5, label="their median")
    ax.axvline(100, color="#8a8a8a", linewidth=1)
    for seed, losses in enumerate(after):
        ax.plot(range(100, 201), [1.0, *losses], color=look("adamw").color, linewidth=0.8, alpha=0.5,
                label=None if seed else "m, v and t forgotten, each start")
    ax.plot(range(100, 201), [1.0, *np.median(after, 0)], color=look("adamw").color, linewidth=2.6, linestyle="--", label="their median")
    ax.legend(loc="upper right")
    return figure
