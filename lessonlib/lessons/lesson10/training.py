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
WARM = 20  # steps of a new warm-up after a restart


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


def go_on(run: Any, steps: int, watched: Sequence[int] | None = None) -> list[float]:
    """Train for some steps; return the loss on all training digits after each, or after those that are watched, counted from 0."""
    (x, y), seen = training_digits(), range(steps) if watched is None else watched
    criterion, losses = nn.CrossEntropyLoss(), []
    for k in range(steps):
        rows = torch.randint(len(x), (64,), generator=run.batches)
        run.optimizer.zero_grad()
        criterion(run.model(x[rows]), y[rows]).backward()
        nn.utils.clip_grad_norm_(run.model.parameters(), 1.0)
        run.optimizer.step()
        run.schedule.step()
        if k in seen:  # to look costs more than the step
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
def _up_to(at: int, seed: int, lr: float = 0.02) -> tuple[SimpleNamespace, float]:
    """A run at a step, and its last loss. Many restarts begin there, and none trains it further."""
    run = begin(seed, lr)
    return run, go_on(run, at, [at - 1])[0]


def restarted(
    pieces: Sequence[str], *, at: int = 100, steps: int = 100, seed: int = 0, watched: Sequence[int] | None = None,
) -> tuple[float, list[float], SimpleNamespace]:
    """Return the last loss of a run before a restart, the losses after one that hands on only some of the PIECES, and the new run.

    With all of them it is the run that was not interrupted. Raises ValueError for other pieces.
    """
    if not set(pieces) <= set(PIECES):
        raise ValueError(f"pieces={pieces!r}: some of {', '.join(PIECES)}")
    (old, before), new = _up_to(at, seed), begin(seed)
    _hand_on(old, new, pieces)
    return before, go_on(new, steps, watched), new


@cache
def _uninterrupted(seed: int) -> tuple[list[float], SimpleNamespace]:
    run = begin(seed)
    return go_on(run, 200, [99, *range(100, 110), 199]), run


def _weights(run: Any) -> torch.Tensor:
    return nn.utils.parameters_to_vector(run.model.parameters()).detach()


def loses(pieces: Sequence[str], seeds: int = SEEDS) -> tuple[float, float, str]:
    """Return what a restart does that loses some of the PIECES, the mean of the seeds, and whether it is the same run bit for bit.

    The highest loss of the ten steps after it is in units of the last one before it; then the loss at the end.
    """
    high, end, same = [], [], []
    for seed in range(seeds):
        before, after, run = restarted([piece for piece in PIECES if piece not in pieces], seed=seed, watched=[*range(10), 99])
        high.append(max(after[:10]) / before)
        end.append(after[-1])
        losses, whole = _uninterrupted(seed)
        same.append([before, *after] == losses and torch.equal(_weights(run), _weights(whole)))
    return float(np.mean(high)), float(np.mean(end)), "yes" if all(same) else "no"


class Forgotten(NamedTuple):
    """What a restart without m, v and t does, at once and with a new warm-up: losses (seeds, 200), (seeds, 100) and (seeds, 100), and in
    these three runs the median length of step 101.

    The lengths are in units of lr, the median is that of the weights, then of the seeds.
    """

    whole: Array
    after: Array
    warmed: Array
    usual_step: float
    first_step: float
    short_step: float

    @property
    def rises(self) -> Array:
        """For each seed the highest loss of the ten steps after the restart, over the last loss before it."""
        return np.asarray(self.after[:, :10].max(1) / self.whole[:, 99])

    def rows(self) -> list[list[Any]]:
        """A row for each of the three runs: its name, the length of step 101, the highest of the next ten losses above the last one (the
        median of the seeds), and the loss at the end above that of the run that was not interrupted (their mean)."""
        cases = (("not interrupted", self.usual_step, self.whole[:, 100:]), ("m, v and t forgotten", self.first_step, self.after),
                 (f"forgotten, {WARM} steps of new warm-up", self.short_step, self.warmed))
        return [[name, step, float(np.median(losses[:, :10].max(1) / self.whole[:, 99])) - 1,
                 float((losses[:, -1] / self.whole[:, -1]).mean()) - 1] for name, step, losses in cases]


def forgotten(make: Callable[[int], Any] = begin, train: Callable[[Any, int], list[float]] = go_on, seeds: int = SEEDS) -> Forgotten:
    """Return what happens when a run loses m, v and t at step 100, beside the run that loses nothing, from several starts.

    make(seed) -> a run; train(run, steps) -> its losses. A weight whose gradient is 0 at the restart is not counted in the median.
    """
    found = [_one_forgotten(make, train, seed) for seed in range(seeds)]
    losses, lengths = (np.array(part) for part in zip(*found, strict=True))
    usual, first, short = np.median(lengths, 0)
    return Forgotten(losses[:, 0], losses[:, 1, 100:], losses[:, 2, 100:], float(usual), float(first), float(short))


def _one_forgotten(
    make: Callable[[int], Any], train: Callable[[Any, int], list[float]], seed: int,
) -> tuple[list[list[float]], list[float]]:
    """The losses (3, 200), and the median lengths of step 101 (3,), of the run that goes on and of two that forgot, the last warmed up."""
    old, new, warmed = make(seed), make(seed), make(seed)
    before = train(old, 100)
    for run in (new, warmed):
        _hand_on(old, run, ("weights", "schedule", "batches"))
    lr, start = old.optimizer.param_groups[0]["lr"], _weights(old).clone()
    losses, lengths = [], []
    for run in (old, new, warmed):
        after = []
        for k in range(100):
            if run is warmed and k < WARM:
                for group in run.optimizer.param_groups:
                    group["lr"] *= (k + 1) / WARM
            after += train(run, 1)
            if k == 0:
                lengths.append((_weights(run) - start).abs() / lr)
        losses.append(before + after)
    moved = lengths[1] > 0.1  # what has a gradient takes a full step
    return losses, [length[moved].median().item() for length in lengths]


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
    return max(losses) / before


def rises() -> list[tuple[str, float]]:
    """Return (what is done, how far the highest of the next ten losses lies above the last one, the median of SEEDS) for six cases."""
    cases: dict[str, dict[str, Any]] = {
        "not interrupted": {"lost": ()}, "m, v and t forgotten": {},
        "forgotten, its first step alone cut to a seventh": {"shortened": [1 / 7]},
        f"forgotten, {WARM} steps of new warm-up": {"shortened": [(k + 1) / WARM for k in range(10)]},
        "forgotten, the whole run at half the step size": {"lr": 0.01},
        "forgotten, the whole run at a seventh of it": {"lr": 0.003}}
    return [(name, float(np.median([rise(seed, **case) for seed in range(SEEDS)])) - 1) for name, case in cases.items()]


def show_restart(found: Forgotten) -> None:
    """Show what forgetting m, v and t at step 100 does to the loss, at once and with a new warm-up, beside the runs that go on."""
    show(_restart(found), "Training loss from step 95 to 150, divided by its value at step 100, for eight starts. A grey band holds the "
         "runs that were not interrupted, and falls with the line of their median. With m, v and t forgotten each of eight thin lines, and "
         "their dashed median, jumps up within a few steps and comes back down to the band. A dotted median, that of the restarts with a "
         "new warm-up, does not jump.")


def _restart(found: Forgotten) -> Figure:
    figure, own = new_figure(7.2, 3.8), look("adamw").color
    ax = figure.add_subplot(xlim=(95, 150), ylim=(0.6, 1.7), xlabel="step", ylabel="loss, in units of that at step 100",
                            title="Restarts at step 100, from eight starts")
    whole, after, warmed = (losses / found.whole[:, 99:100] for losses in (found.whole, found.after, found.warmed))
    ax.fill_between(range(1, 201), whole.min(0), whole.max(0), color="#d0d0d0", label="not interrupted, all eight")
    ax.plot(range(1, 201), np.median(whole, 0), color="#555555", linewidth=1.5, label="their median")
    ax.axvline(100, color="#8a8a8a", linewidth=1)
    for seed, losses in enumerate(after):
        ax.plot(range(100, 201), [1.0, *losses], color=own, linewidth=0.8, alpha=0.5,
                label=None if seed else "m, v and t forgotten, each start")
    ax.plot(range(100, 201), [1.0, *np.median(after, 0)], color=own, linewidth=2.6, linestyle="--", label="their median")
    ax.plot(range(100, 201), [1.0, *np.median(warmed, 0)], color="black", linewidth=1.8, linestyle=":", label="new warm-up, median")
    ax.legend(loc="upper right")
    return figure
