"""What is hard about lesson 8's network: gradients that grow a thousandfold, and the start of it at three moments."""
from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from lessonlib.lessons.lesson08.deep import LAYERS, deep_net, layer_gradients
from lessonlib.lessons.lesson08.layerwise import WAYS, way_for
from lessonlib.lessons.lesson08.opening import GUESSING, layer_bars
from lessonlib.lessons.lesson08.records import HANDED, HANDED_LR, deep_net_records
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.rules import State, rmsprop

__all__ = ["Growth", "after_rmsprop", "growth", "show_growth", "show_three_starts"]

Array = np.ndarray[Any, Any]
EVERY, SHOWN_START = 2, 2  # steps between two looks, and the start that is drawn


class Growth(NamedTuple):
    """A training while its gradients change. steps: (looks,). sizes: of each layer's gradient, (looks, 9). losses: (looks,)."""

    steps: Array
    sizes: Array
    losses: Array

    @property
    def begins(self) -> int:
        """The first step at which the loss is a hundredth below that of a blind guess; ValueError where it never is."""
        below = np.flatnonzero(self.losses < 0.99 * GUESSING)
        if not below.size:
            raise ValueError("the loss never falls below that of a blind guess")
        return int(self.steps[below[0]])

    @property
    def grown(self) -> float:
        """How many times larger than at the start the first layer's gradient has been."""
        return float(np.nanmax(self.sizes[:, 0]) / self.sizes[0, 0])


@cache
def growth(way: str, seed: int = SHOWN_START, steps: int = 300) -> Growth:
    """Return what happens to losses and gradients while one of WAYS trains the network at its recorded best step size."""
    net, rng, s = deep_net(seed), np.random.default_rng(seed), State()
    rule: Callable[..., Any] = way_for(way, seed)
    lr, theta, looks = deep_net_records()["ways"][way]["lr"], net.start, []
    with np.errstate(all="ignore"):  # of trainings that diverge
        for t in range(steps + 1):
            if t % EVERY == 0:
                looks.append((t, layer_gradients(theta, net, batches=4), float(net.loss(theta))))
            theta, s = rule(theta, net.grad(theta, rng), s, lr=lr)
    return Growth(*(np.array(part) for part in zip(*looks, strict=True)))


def show_growth() -> None:
    """Show the first and the last layer's gradients, and the loss, under step sizes that follow and under some that are set once."""
    show(_growth(), "Two columns, each with the size of the first and of the last layer's gradient on a logarithmic scale, the training "
         "loss below, and a vertical line where the loss is first below a blind guess's. Way C, the first 60 steps: the first layer's "
         "gradient rises about a thousandfold within some twenty steps, and the loss falls. Way A, all 300 steps: it rises about a "
         "hundredfold after some 150 steps, the loss begins to fall, then both jump back, the loss to that of a blind guess.")


def _growth() -> Figure:
    figure = new_figure(8.4, 4.6)
    axes = figure.subplots(2, 2, sharex="col", sharey="row", height_ratios=[1.6, 1])
    for (above, below), way, end in zip(axes.T, (WAYS[3], WAYS[1]), (60, 300), strict=True):
        found = growth(way)
        for layer, dash, name in ((0, "-", "first layer"), (-1, ":", "last layer")):
            above.plot(found.steps, found.sizes[:, layer], color="black", linestyle=dash, label=name, linewidth=1.5)
        below.plot(found.steps, found.losses, color=look("rmsprop" if way == WAYS[3] else "sgd").color, linewidth=1.8)
        below.axhline(GUESSING, color="black", linewidth=1)
        for ax in (above, below):
            ax.axvline(found.begins, color="#8a8a8a", linewidth=1.5, linestyle="--")
        kind = "Following, first" if way == WAYS[3] else "Set once, all"
        above.set(yscale="log", ylim=(1e-7, 1), title=f"{way[0]}. {kind} {end} steps")
        below.set(xlabel="step", xlim=(0, end), ylim=(1.4, 2.55))
        below.text(end, GUESSING + 0.05, "a blind guess", fontsize=9, ha="right")
    axes[0, 0].set_ylabel("size of the gradient")
    axes[1, 0].set_ylabel("training loss, nats")
    axes[0, 0].legend(loc="lower right")
    return figure


@cache
def after_rmsprop(steps: int = HANDED[-1], starts: int = 5) -> Array:
    """Return the size of the gradient in each layer after some steps of RMSprop at its best step size, mean over starts: (9,)."""
    sizes = []
    for seed in range(starts):
        net, rng, s = deep_net(seed), np.random.default_rng(seed), State()
        theta = net.start
        for _ in range(steps):
            theta, s = rmsprop(theta, net.grad(theta, rng), s, lr=HANDED_LR)
        sizes.append(layer_gradients(theta, net))
    return np.asarray(np.mean(sizes, axis=0))


def show_three_starts() -> None:
    """Show a bar for each layer's gradient as PyTorch starts the network, after forty steps of RMSprop, and from a He start."""
    show(_three_starts(), "Three bars for each of nine layers, the size of its gradient on a logarithmic scale: from PyTorch's start they "
         f"rise several hundredfold from the first layer to the last; after {HANDED[-1]} steps of RMSprop all nine are large, with the "
         "middle ones lowest; from a He start all nine are of about one size.")


def _three_starts() -> Figure:
    figure = new_figure(8.0, 3.6)
    ax = figure.add_subplot(yscale="log", xlabel="layer, from the image to the answer", ylim=(1e-6, 2),
                            ylabel="size of the gradient,\nroot mean square", title="How large each layer's gradient is")
    places, width = np.arange(1, LAYERS + 2), 0.27
    kinds = (("as PyTorch starts it", layer_bars(), "#8a8a8a", ""), (f"after {HANDED[-1]} steps of RMSprop", after_rmsprop(),
             look("rmsprop").color, ""), ("He start", layer_bars("he"), "white", "//"))
    for shift, (name, sizes, color, hatch) in enumerate(kinds, start=-1):
        ax.bar(places + shift * width, sizes, color=color, edgecolor="black", hatch=hatch, width=width, label=name)
    ax.set_xticks(places)
    ax.legend(loc="upper center", ncols=3)
    return figure
