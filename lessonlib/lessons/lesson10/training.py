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
from lessonlib.lessons.tables import Table, table
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show

__all__ = ["PIECES", "SEEDS", "Forgotten", "begin", "decay_for", "factor", "forgotten", "go_on", "groups", "loses", "mean_factor",
           "network", "next_steps", "restarted", "rise", "rises", "show_restart", "small_transformer", "training_digits"]

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
def _up_to(at: int, seed: int) -> tuple[SimpleNamespace, float]:
    """A run at a step, and its last loss. Many restarts begin there, and none trains it further."""
    run = begin(seed)
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
    """The losses of a run from step 100 to step 110, and the run."""
    run = begin(seed)
    return go_on(run, 110, range(99, 110)), run


def _weights(run: Any) -> torch.Tensor:
    return nn.utils.parameters_to_vector(run.model.parameters()).detach()


def loses(pieces: Sequence[str], seeds: int = SEEDS) -> tuple[float, str]:
    """Return what a restart does in ten steps that loses some of the PIECES, and whether it is the same run bit for bit.

    First how far the highest loss of the ten steps lies above the last one before them, as a share of it, the median of the seeds.
    """
    high, same = [], []
    for seed in range(seeds):
        before, after, run = restarted([piece for piece in PIECES if piece not in pieces], seed=seed, steps=10)
        high.append(max(after) / before - 1)
        losses, whole = _uninterrupted(seed)
        same.append([before, *after] == losses and torch.equal(_weights(run), _weights(whole)))
    return round(float(np.median(high)), 2) + 0.0, "yes" if all(same) else "no"


class Forgotten(NamedTuple):
    """What a restart without m, v and t does: the losses (seeds, 150) of the run that goes on and (seeds, 50) of the one that forgot, and
    the median lengths (2, 5) of the steps from 101 on in both, of the weights and then of the seeds, in units of the step size."""

    whole: Array
    after: Array
    lengths: Array

    @property
    def first_step(self) -> float:
        """The length of the first step of the run that forgot."""
        return float(self.lengths[1, 0])

    @property
    def rises(self) -> Array:
        """For each seed the highest loss of the ten steps after the restart, over the last loss before it."""
        return np.asarray(self.after[:, :10].max(1) / self.whole[:, 99])


def forgotten(make: Callable[[int], Any] = begin, train: Callable[[Any, int], list[float]] = go_on, seeds: int = SEEDS) -> Forgotten:
    """Return what happens when a run loses m, v and t at step 100, beside the run that loses nothing, from several starts.

    make(seed) -> a run; train(run, steps) -> its losses. A weight whose gradient is 0 at the restart is not counted in the median.
    """
    found = [_one_forgotten(make, train, seed) for seed in range(seeds)]
    whole, after, lengths = (np.array(part) for part in zip(*found, strict=True))
    return Forgotten(whole, after, np.median(lengths, 0))


def _one_forgotten(
    make: Callable[[int], Any], train: Callable[[Any, int], list[float]], seed: int,
) -> tuple[list[float], list[float], list[list[float]]]:
    """The losses of the run that goes on (150,) and of the one that forgot (50,), and the median lengths (2, 5) of their next steps."""
    old, new = make(seed), make(seed)
    before = train(old, 100)
    _hand_on(old, new, ("weights", "schedule", "batches"))
    losses, lengths = [], []
    for run in (old, new):
        after, steps = [], []
        for _ in range(5):
            lr, start = run.optimizer.param_groups[0]["lr"], _weights(run).clone()
            after += train(run, 1)
            steps.append((_weights(run) - start).abs() / lr)
        lengths.append(steps)
        losses.append(after + train(run, 45))
    moved = lengths[1][0] > 0.1  # what has a gradient takes a full step
    return before + losses[0], losses[1], [[length[moved].median().item() for length in steps] for steps in lengths]


def rise(seed: int = 0, *, shortened: Sequence[float] = ()) -> float:
    """Return the highest loss of the ten steps after a restart that loses m, v and t, over the last loss before it.

    shortened: by which factors its first steps are multiplied.
    """
    (old, before), new = _up_to(100, seed), begin(seed)
    _hand_on(old, new, ("weights", "schedule", "batches"))
    losses = []
    for k in range(10):
        for group in new.optimizer.param_groups:
            group["lr"] *= shortened[k] if k < len(shortened) else 1
        losses += go_on(new, 1)
    return max(losses) / before


def rises() -> list[tuple[str, float]]:
    """Return (what is done, how far the highest of the next ten losses lies above the last one, the median of SEEDS) for four cases."""
    cases = {"its first step alone cut to a seventh": [1 / 7], "all ten steps cut to a seventh": [1 / 7] * 10,
             f"a new warm-up of {WARM} steps": [(k + 1) / WARM for k in range(10)],
             "the same warm-up, to twice the step size": [2 * (k + 1) / WARM for k in range(10)]}
    return [(name, float(np.median([rise(seed, shortened=cut) for seed in range(SEEDS)])) - 1) for name, cut in cases.items()]


def next_steps(found: Forgotten) -> Table:
    """Return a table of the five steps from 101 on: how many step sizes a typical weight moves in both runs."""
    return table(["step", "not interrupted", "m, v and t forgotten"], [[101 + k, *both] for k, both in enumerate(found.lengths.T)],
                 ["g", ".2f", ".2f"], caption="how many step sizes a typical weight moves")


def show_restart(found: Forgotten) -> None:
    """Show how far the loss lies above that of the run that was not interrupted, when m, v and t are forgotten at step 100."""
    show(_restart(found), f"Training loss after a restart at step 100 without m, v and t, in percent above that of the run that was not "
         f"interrupted, from {len(found.whole)} starts. Before the restart it is 0. Then the median jumps up within two steps, and falls "
         "back to nearly 0 within about 40 steps. A shaded band holds all starts.")


def _restart(found: Forgotten) -> Figure:
    figure, own = new_figure(7.2, 3.7), look("adamw").color
    ax = figure.add_subplot(xlim=(85, 150), ylim=(-12, 70), xlabel="step", ylabel="loss above that of the other run, %",
                            title="Without m, v and t the loss jumps by more than a quarter")
    more = 100 * (found.after / found.whole[:, 100:] - 1)
    steps, middle = range(100, 151), np.array([0.0, *np.median(more, 0)])
    ax.axhline(0, color="#353536", linewidth=1.5)
    ax.text(86, -2, "not interrupted", fontsize=11, va="top")
    ax.fill_between(steps, [0.0, *more.min(0)], [0.0, *more.max(0)], color=own, alpha=0.15, linewidth=0)
    ax.plot(steps, middle, color=own, linewidth=2.4)
    ax.axvline(100, color="#8a8a8a", linewidth=1, linestyle=":")
    ax.text(99, 62, "restart", fontsize=11, ha="right")
    ax.text(112, 46, "m, v and t forgotten:\nmedian of eight starts, and their range", color=own, fontsize=11, fontweight="bold",
            va="center")
    ax.annotate("nearly back after about 40 steps", (140, 1), (117, 30), fontsize=11, arrowprops={"arrowstyle": "->"})
    return figure
