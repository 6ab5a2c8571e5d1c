"""The network of lesson 7: three hidden layers that read digits, trained by gradient descent and by momentum from ten starts."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from lessonlib import rules
from lessonlib.data import digits
from lessonlib.lessons.lesson07.opening import NAMES
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.pytorch.sweep import train
from lessonlib.pytorch.tasks import Data, Task

__all__ = ["SWEEPS", "Curves", "both", "controls", "deep_task", "how_much_lower", "loss_of", "old_and_translated", "ratio", "show_curves"]

Array = np.ndarray[Any, Any]
SIZES = (64, 32, 32, 32, 10)
SWEEPS: Mapping[Callable[..., Any], Array] = {  # the four step sizes round the best of fourteen over two decades
    rules.sgd: np.geomspace(0.02, 2, 14)[6:10], rules.momentum: np.geomspace(0.1, 5, 14)[6:10]}


class Curves(NamedTuple):
    """Training losses of a rule at its best step size, and the last ones at all that were tried.

    lr: the best; steps: (R,); losses: (R, starts); read: mean test accuracy; lrs: (L,), those tried; ends: (starts, L).
    """

    lr: float
    steps: Array
    losses: Array
    read: float
    lrs: Array
    ends: Array


def deep_task() -> Task:
    """Return the network 64-32-32-32-10 (ReLU, He start 2015, biases 0) on all training digits.

    >>> {name: value.shape for name, value in deep_task().start(0).items()}["w4"]
    (10, 32)
    """
    d = digits()

    def start(seed: int) -> dict[str, Array]:
        rng, out = np.random.default_rng(seed), {}
        for layer, (wide, next_wide) in enumerate(pairwise(SIZES), start=1):
            out[f"w{layer}"] = rng.normal(0, (2 / wide) ** 0.5, (next_wide, wide))
            out[f"b{layer}"] = np.zeros(next_wide)
        return out

    def logits(p: Mapping[str, Tensor], x: Tensor) -> Tensor:
        h = x.mT.expand(len(p["w1"]), -1, -1)
        for layer in range(1, len(SIZES)):
            h = torch.baddbmm(p[f"b{layer}"][..., None], p[f"w{layer}"], h)  # a pass over memory less than w @ h + b
            h = h if layer == len(SIZES) - 1 else h.relu()
        return h

    return Task("digits, three hidden layers", start, lambda seed: Data(d.train_x, d.train_y, d.test_x, d.test_y), logits)


def both(steps: int = 100, starts: int = 10) -> dict[str, Curves]:
    """Return for gradient descent and momentum the Curves at the best of four step sizes, by the mean loss of the starts at the end."""
    out = {}
    for rule, lrs in SWEEPS.items():
        tried = train(rule, deep_task(), steps=steps, seeds=range(starts), record_every=5, device="cpu", lr=lrs[:, None])
        ends = tried.train_loss[-1]
        at = int(ends.mean(0).argmin())
        out[rule.__name__] = Curves(float(lrs[at]), tried.steps, tried.train_loss[:, :, at], float(tried.test_accuracy[-1, :, at].mean()),
                                    lrs, ends)
    return out


def controls(trained: Mapping[str, Curves], batch: int = 32, steps: int = 100) -> list[list[str]]:
    """Return a row for each control: its name, and for gradient descent and for momentum the median and range of the losses at the end.

    Full batch, each at its best step size; both at the best of the one, and of the other; small batches, each at the better of two step
    sizes, which has the lower mean.
    """
    rows = [["full batch, each at its best", *(_middle_and_range(found.losses[-1]) for found in trained.values())]]
    for name, found in trained.items():
        ends = (train(rule, deep_task(), steps=100, seeds=range(10), device="cpu", lr=found.lr) for rule in SWEEPS)
        rows.append([f"full batch, both at {NAMES[name]}'s best", *(_middle_and_range(end.train_loss[-1]) for end in ends)])
    small, few = [], ((rules.sgd, (0.2, 0.36)), (rules.momentum, (0.32, 0.56)))
    for rule, lrs in few:
        tried = train(rule, deep_task(), steps=steps, batch=batch, seeds=range(10), device="cpu", lr=np.array(lrs)[:, None])
        ends = tried.train_loss[-1]
        small.append(_middle_and_range(ends[:, ends.mean(0).argmin()]))
    return [*rows, [f"batches of {batch}, each at the better of two", *small]]


def _middle_and_range(losses: Array) -> str:
    return f"{np.median(losses):.3f} ({losses.min():.2g} to {losses.max():.2g})"


def ratio(trained: Mapping[str, Curves]) -> float:
    """Return how many times lower momentum's loss is at the end, by the medians of the starts."""
    plain, heavy = (float(np.median(trained[rule].losses[-1])) for rule in ("sgd", "momentum"))
    return plain / heavy


def how_much_lower(trained: Mapping[str, Curves]) -> str:
    """Return in words how momentum's loss compares at the end."""
    lower = ratio(trained)
    return "about the same" if lower < 2 else "several times lower" if lower < 1000 else "a million times lower, as in the ravine"


def loss_of(lr: float, momentum: float, start: int = 0, steps: int = 100) -> float:
    """Return the training loss after `steps` steps of torch.optim.SGD(lr, momentum) on the network, from one start; inf if it diverged."""
    task, x, y = deep_task(), *_images()
    params = {name: torch.nn.Parameter(torch.tensor(value, dtype=torch.float32, device="cpu")) for name, value in task.start(start).items()}
    optimizer = torch.optim.SGD(params.values(), lr=lr, momentum=momentum)

    def loss() -> Tensor:
        z = task.logits({name: p[None] for name, p in params.items()}, x)
        return task.loss(z, y)[0]

    for _ in range(steps):
        optimizer.zero_grad()
        loss().backward()
        optimizer.step()
    with torch.no_grad():
        end = float(loss())
    return end if np.isfinite(end) else float("inf")


def old_and_translated(lr: float, momenta: Sequence[float], old: float = 0.9, starts: int = 3) -> list[list[float]]:
    """Return for each momentum: it, the mean loss of the starts at the lr that was good for `old`, that lr translated, and the loss at it.

    Both in PyTorch's numbers; translated, a steady gradient moves as far as before. They are the runs of the judge.
    """
    def mean(at: float, momentum: float) -> float:
        return float(np.mean([loss_of(at, momentum, start) for start in range(starts)]))

    translated = {momentum: lr * (1 - momentum) / (1 - old) for momentum in momenta}
    return [[momentum, mean(lr, momentum), new, mean(new, momentum)] for momentum, new in translated.items()]


def _images() -> tuple[Tensor, Tensor]:
    d = digits()
    return (torch.tensor(d.train_x, dtype=torch.float32, device="cpu"), torch.tensor(d.train_y, dtype=torch.int64, device="cpu"))


def show_curves(trained: Mapping[str, Curves]) -> None:
    """Show the loss at the end against the step size, and over the steps at the best one, a thin line for each start and the median."""
    show(_curves(trained), "Left, the training loss at the end against the step size for both rules, a dot for each of ten starts and a "
         "line through the medians, the best step size in a circle. Right, the training loss over 100 steps on a logarithmic "
         "scale, ten thin lines for gradient descent and ten for momentum, of each the median thick; some jump up on the way, and "
         "momentum's end lower.")


def _curves(trained: Mapping[str, Curves]) -> Figure:
    figure = new_figure(8.8, 4.2)
    sweep, ax = figure.subplots(1, 2, sharey=True, width_ratios=[1, 1.6])
    sweep.set(xscale="log", yscale="log", xlabel="step size", ylabel="training loss", title="At the end")
    ax.set(xlabel="step", title="At the best step size")
    for rule, found in trained.items():
        style = look(rule)
        sweep.plot(found.lrs, found.ends.T, color=style.color, marker=".", linestyle="none", alpha=0.5)
        medians = np.median(found.ends, axis=0)
        sweep.plot(found.lrs, medians, color=style.color, marker=style.marker, linestyle=style.dash)
        sweep.plot(found.lr, medians[list(found.lrs).index(found.lr)], marker="o", markersize=14, markerfacecolor="none",
                   markeredgecolor=style.color, linestyle="none")
        lines = ax.plot(found.steps, found.losses, color=style.color, linewidth=0.7, alpha=0.6)
        (middle,) = ax.plot(found.steps, np.median(found.losses, axis=1), color=style.color)
        translated = f", beta 0.9 (lr={found.lr / 10:.2g} in PyTorch)" * (rule == "momentum")
        middle.set_label(f"{NAMES[rule]}, step size {found.lr:.2g}{translated}")
        middle.set(linewidth=2.4, alpha=1, zorder=3, marker=style.marker, markevery=2, markersize=6)
        for line in [*lines, middle]:
            line.set(linestyle=style.dash)
    sweep.set_xticks([0.2, 0.5, 1], ["0.2", "0.5", "1"])
    sweep.minorticks_off()
    figure.suptitle("Momentum ends lower, from every start", fontweight="bold")
    figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure
