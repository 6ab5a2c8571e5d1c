"""The network of lesson 7: three hidden layers that read digits, trained by gradient descent and by momentum from ten starts."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
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

__all__ = ["BEST", "Curves", "after_a_change", "both", "deep_task", "exchanged", "how_much_lower", "loss_of", "ratio", "shorter",
           "show_curves", "show_ends", "with_the_long_step", "worst"]

Array = np.ndarray[Any, Any]
SIZES = (64, 32, 32, 32, 10)
BEST: Mapping[Callable[..., Any], float] = {  # of fourteen step sizes over two decades, by the mean of ten starts
    rules.sgd: float(np.geomspace(0.02, 2, 14)[7]), rules.momentum: float(np.geomspace(0.1, 5, 14)[8])}
SHORTER = float(np.geomspace(0.1, 5, 14)[7])  # the one before it


class Curves(NamedTuple):
    """Training losses of a rule at its best step size.

    lr: the best; steps: (R,); losses: (R, starts); read: mean test accuracy.
    """

    lr: float
    steps: Array
    losses: Array
    read: float


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
    """Return for gradient descent and momentum the Curves at the step size of BEST."""
    out = {}
    for rule, lr in BEST.items():
        out[rule.__name__] = _trained(rule, lr, steps, starts)
    return out


def shorter(steps: int = 100, starts: int = 10) -> Curves:
    """Return momentum's Curves at the step size before its best."""
    return _trained(rules.momentum, SHORTER, steps, starts)


def _trained(rule: Callable[..., Any], lr: float, steps: int, starts: int) -> Curves:
    tried = train(rule, deep_task(), steps=steps, seeds=range(starts), record_every=5, device="cpu", lr=lr)
    return Curves(lr, tried.steps, tried.train_loss, float(tried.test_accuracy[-1].mean()))


def exchanged(trained: Mapping[str, Curves], steps: int = 100) -> dict[str, Array]:
    """Return for gradient descent and momentum the losses at the end, (starts,), at the step size of the other."""
    other = {"sgd": "momentum", "momentum": "sgd"}
    return {rule.__name__: train(rule, deep_task(), steps=steps, seeds=range(trained[rule.__name__].losses.shape[1]), record_every=steps,
                                 device="cpu", lr=trained[other[rule.__name__]].lr).train_loss[-1] for rule in BEST}


def ratio(trained: Mapping[str, Curves]) -> float:
    """Return how many times lower momentum's loss is at the end, by the medians of the starts."""
    plain, heavy = (float(np.median(trained[rule].losses[-1])) for rule in ("sgd", "momentum"))
    return plain / heavy


def how_much_lower(trained: Mapping[str, Curves]) -> str:
    """Return in words how momentum's loss compares at the end."""
    lower = ratio(trained)
    return "about the same" if lower < 2 else "several times lower" if lower < 1000 else "a million times lower, as in the ravine"


def with_the_long_step(trained: Mapping[str, Curves], swapped: Mapping[str, Array]) -> str:
    """Return in words where gradient descent's loss ends at momentum's step size."""
    end, (plain, heavy) = np.median(swapped["sgd"]), (np.median(trained[rule].losses[-1]) for rule in ("sgd", "momentum"))
    return "as low as momentum's" if end < 1.5 * heavy else "between the two" if end < plain else "higher than before"


@lru_cache(maxsize=256)
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


def worst(lr: float, momentum: float, starts: int = 3) -> float:
    """Return the highest loss of the starts, as the judge trains them."""
    return max(loss_of(lr, momentum, start) for start in range(starts))


def after_a_change(lr: float, momenta: Sequence[float], old: float = 0.9, starts: int = 3) -> list[list[float]]:
    """Return for each momentum: it, then the lr that was good for `old`, that lr translated, and twice the smaller of the two, each
    followed by the worst loss there.

    All in PyTorch's numbers; translated, a steady gradient moves as far as before.
    """
    rows = []
    for momentum in momenta:
        translated = float(f"{lr * (1 - momentum) / (1 - old):.6g}")
        rows.append([momentum, *(x for at in (lr, translated, 2 * min(lr, translated)) for x in (at, worst(at, momentum, starts)))])
    return rows


def _images() -> tuple[Tensor, Tensor]:
    d = digits()
    return (torch.tensor(d.train_x, dtype=torch.float32, device="cpu"), torch.tensor(d.train_y, dtype=torch.int64, device="cpu"))


def show_curves(trained: Mapping[str, Curves], calm: Curves) -> None:
    """Show the loss over the steps at each rule's best step size, the median of the starts in a band that holds all of them.

    calm: momentum at a shorter step size, of which only the median is drawn.
    """
    show(_curves(trained, calm), "The training loss over 100 steps on a logarithmic scale, a line for each rule in a band that holds ten "
         "starts. From step 50 on momentum's band lies below gradient descent's, and the lines move apart. Momentum's line rises from "
         "step 20 to 25 and then falls again; a pale line, momentum at a shorter step size, falls all the time and ends a little higher.")


def _curves(trained: Mapping[str, Curves], calm: Curves) -> Figure:
    figure = new_figure(7.4, 3.8)
    ax = figure.add_subplot(yscale="log", xlim=(0, 100), xlabel="step", ylabel="training loss",
                            title=f"Momentum ends {ratio(trained):.0f} times lower, each at its best step size")
    for rule, found in trained.items():
        style, middle = look(rule), np.median(found.losses, axis=1)
        ax.fill_between(found.steps, found.losses.min(axis=1), found.losses.max(axis=1), color=style.color, alpha=0.1, linewidth=0)
        ax.plot(found.steps, middle, color=style.color, linestyle=style.dash, linewidth=2.4, marker=style.marker, markevery=2)
        ax.annotate(f"{NAMES[rule]}\nstep size {found.lr:.2g}", (100, middle[-1]), (8, 0), textcoords="offset points", va="center",
                    color=style.color, fontweight="bold", annotation_clip=False)
    middle = np.median(calm.losses, axis=1)
    ax.plot(calm.steps, middle, color=look("momentum").color, alpha=0.6, linewidth=1.5)
    ax.annotate(f"momentum\nstep size {calm.lr:.2g}", (100, middle[-1]), (8, 20), textcoords="offset points", va="center",
                color=look("momentum").color, annotation_clip=False)
    ax.set_yticks([0.01, 0.03, 0.1, 0.3, 1, 3], ["0.01", "0.03", "0.1", "0.3", "1", "3"])
    return figure


def show_ends(trained: Mapping[str, Curves], swapped: Mapping[str, Array]) -> None:
    """Show where ten starts end with both rules at both step sizes, a dot for each."""
    show(_ends(trained, swapped), "The training loss at the end on a logarithmic scale, ten dots for each of four cases. At the short step "
         "gradient descent and momentum end about equal. At the long one momentum ends far lower, and gradient descent far higher.")


def _ends(trained: Mapping[str, Curves], swapped: Mapping[str, Array]) -> Figure:
    figure, (plain, heavy) = new_figure(7.4, 3.6), (trained["sgd"], trained["momentum"])
    ax = figure.add_subplot(yscale="log", xlim=(-0.6, 3.9), ylabel="training loss after 100 steps",
                            title="Only momentum can use the long step")
    cases = [("sgd", plain.losses[-1]), ("momentum", swapped["momentum"]), ("sgd", swapped["sgd"]), ("momentum", heavy.losses[-1])]
    for x, (rule, ends) in enumerate(cases):
        style = look(rule)
        ax.plot(x + np.linspace(-0.12, 0.12, len(ends)), ends, color=style.color, marker=style.marker, linestyle="none", alpha=0.6)
        low = np.median(ends) > 1  # beside the line of a random guess
        ax.text(x + (-0.15 if low else 0.2), ends.min() / 1.25 if low else np.median(ends), NAMES[rule].replace(" ", "\n"),
                color=style.color, fontweight="bold", va="top" if low else "center")
    ax.axhline(np.log(10), color="#888888", linewidth=1)
    ax.text(-0.55, np.log(10) / 1.12, "a random guess, 2.3", va="top", fontsize=10, color="#444444")
    ax.axvspan(1.75, 3.9, color="#e9eef7", zorder=0)
    ax.set_xticks([0.65, 2.65], [f"step size {plain.lr:.2g}", f"step size {heavy.lr:.2g}"])
    ax.set_yticks([0.01, 0.03, 0.1, 0.3, 1, 3], ["0.01", "0.03", "0.1", "0.3", "1", "3"])
    ax.tick_params(axis="x", length=0)
    ax.grid(visible=False, axis="x")
    return figure
