"""What is hard about lesson 8's network: gradients that grow a thousandfold, and the starts of it."""
from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from lessonlib.lessons.lesson08.deep import LAYERS, STARTS, deep_net, layer_gradients, layers_of
from lessonlib.lessons.lesson08.layerwise import WAYS, way_for
from lessonlib.lessons.lesson08.opening import GUESSING, layer_bars
from lessonlib.lessons.lesson08.records import END_LRS, HANDED, HANDED_LR, NAMES, STARTED, deep_net_records, reads
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.rules import State, momentum, rmsprop, sgd
from lessonlib.runner import grid, run

__all__ = ["Growth", "after_rmsprop", "best_lr", "growth", "kept_at_zero", "reads_after_rmsprop", "show_four_starts",
           "show_growth", "without_biases"]

Array = np.ndarray[Any, Any]
EVERY, SHOWN_START, SHOWN = 2, 2, 240  # steps between two looks, the start that is drawn, and for how many steps


class Growth(NamedTuple):
    """A training while its gradients change, each field with a row for each look.

    steps: the number of the step, (looks,). sizes: of each layer's gradient, (looks, 9). losses: (looks,). moves: how far a weight of the
    first layer goes in the next step, root mean square, (looks,).
    """

    steps: Array
    sizes: Array
    losses: Array
    moves: Array

    @property
    def grown(self) -> float:
        """How many times larger than at the start the first layer's gradient has been."""
        return float(np.nanmax(self.sizes[:, 0]) / self.sizes[0, 0])


def best_lr(way: str) -> float:
    """Return the recorded step size of one of WAYS, the one with the lowest training loss."""
    return float(deep_net_records()["ways"][way]["lr"])


@cache
def growth(way: str, seed: int = SHOWN_START, steps: int = 300) -> Growth:
    """Return what happens to losses and gradients while one of WAYS trains the network at its recorded best step size."""
    net, rng, s = deep_net(seed), np.random.default_rng(seed), State()
    rule: Callable[..., Any] = way_for(way, seed)
    lr, theta, looks, first = best_lr(way), net.start, [], layers_of(net.start)[0][0].size
    with np.errstate(all="ignore"):  # of trainings that diverge
        for t in range(steps + 1):
            before = theta
            theta, s = rule(theta, net.grad(theta, rng), s, lr=lr)
            if t % EVERY == 0:
                move = float(((theta - before)[:first] ** 2).mean() ** 0.5)
                looks.append((t, layer_gradients(before, net, batches=4), float(net.loss(before)), move))
    return Growth(*(np.array(part) for part in zip(*looks, strict=True)))


def show_growth() -> None:
    """Show the first layer's gradients and steps, and the loss, under step sizes that are set once and under RMSprop's."""
    show(_growth(), f"Two columns over the same {SHOWN} steps, ways A and C. Above, how many times larger than at the start the first "
         "layer's gradient and its step are, on a logarithmic scale; below, the training loss with a line at that of a blind guess. "
         "Way A: gradient and step rise together more than a thousandfold and fall again, and the loss falls, jumps above the line and "
         "comes back to it. Way C: the gradient rises more than a thousandfold, the step falls, and so does the loss.")


def _growth() -> Figure:
    figure = new_figure(8.8, 5.0)
    axes = figure.subplots(2, 2, sharex=True, sharey="row")
    kinds = ("Each layer's, set once", "Each weight's, following")
    for (size, loss), way, kind in zip(axes.T, (WAYS[1], WAYS[3]), kinds, strict=True):
        found, color = growth(way), look("sgd" if way == WAYS[1] else "rmsprop").color
        size.plot(found.steps, found.sizes[:, 0] / found.sizes[0, 0], color="#bbbbbb", linewidth=4, label="gradient")
        size.plot(found.steps, found.moves / found.moves[0], color=color, linewidth=1.5, label="step")
        loss.plot(found.steps, found.losses, color=color, linewidth=1.8)
        loss.axhline(GUESSING, color="black", linewidth=1)
        size.set(yscale="log", ylim=(1e-2, 1e5), title=f"{way[0]}. {kind}")
        size.legend(loc="upper left" if way == WAYS[1] else "center right")
        loss.set(xlabel="step", xlim=(0, SHOWN), ylim=(0.8, 3.6))
    axes[1, 1].text(SHOWN, GUESSING + 0.06, "a blind guess", fontsize=9, ha="right", va="bottom")
    for ax, name in zip(axes[:, 0], ("first layer,\nrelative to step 0", "training\nloss, nats"), strict=True):
        ax.set_ylabel(name)
    return figure


@cache
def after_rmsprop(seed: int = 0, steps: int = HANDED[-1]) -> Array:
    """Return the parameters after some steps of RMSprop at its best step size from a start: (n,)."""
    return np.asarray(run(rmsprop, deep_net(seed), steps=steps, seed=seed, record="last", lr=HANDED_LR).theta[-1])


def reads_after_rmsprop(starts: int = 10) -> str:
    """Return what the network reads after those steps alone, as `reads` words it."""
    nets = [deep_net(seed) for seed in range(starts)]
    return reads({"read": [net.metrics["test accuracy"](after_rmsprop(seed)) for seed, net in enumerate(nets)]})


@cache
def without_biases(rule: Callable[..., Any], seed: int, lrs: tuple[float, ...]) -> tuple[Array, Array]:
    """Return the training loss, and the share of the digits read, where the biases start at zero and stay there: (lrs,) each."""
    net = deep_net(seed, start="zero biases")
    free = np.concatenate([np.repeat([1.0, 0.0], [weights.size, biases.size]) for weights, biases in layers_of(net.start)])

    def kept(theta: Array, g: Array, s: State, *, lr: Array) -> tuple[Array, State]:
        moved, s = rule(theta, g * free, s, lr=lr)
        return moved, s

    with np.errstate(all="ignore"):  # of trainings that diverge
        done = run(kept, net, steps=300, seed=seed, record="last", **grid(lr=lrs))
        return np.nan_to_num(done.loss[0], nan=np.inf), net.metrics["test accuracy"](done.theta[0])


def kept_at_zero(starts: int = 3) -> list[list[str]]:
    """Return a row for each rule with the biases kept at zero: the name, the median training loss and what is read at the best step size.

    RMSprop has the one that was best where the biases only start at zero.
    """
    rows, zero = [], deep_net_records()["ends"][STARTED["zero biases"]]
    for rule, lrs in ((sgd, END_LRS["sgd"]), (momentum, END_LRS["momentum"]), (rmsprop, [zero["rmsprop"]["lr"]])):
        found = [without_biases(rule, seed, tuple(lrs)) for seed in range(starts)]
        losses, read = (np.array(part) for part in zip(*found, strict=True))
        best = np.median(losses, axis=0).argmin()
        rows.append([NAMES[rule.__name__], f"{np.median(losses[:, best]):.2f}", reads({"read": read[:, best]})])
    return rows


def show_four_starts() -> None:
    """Show a bar for each layer's gradient from each of the starts."""
    show(_four_starts(), "Four bars for each of nine layers, the size of the gradient of its weights on a logarithmic scale: from "
         "PyTorch's start they rise several hundredfold from the first layer to the last; with zero biases all nine are as small as the "
         "first; with larger weights, and from a He start, all nine are a thousand times as large as that.")


def _four_starts() -> Figure:
    figure = new_figure(8.6, 3.8)
    ax = figure.add_subplot(yscale="log", xlabel="layer, from the image to the answer", ylim=(1e-6, 1),
                            ylabel="gradient of the weights,\nroot mean square", title="Larger weights make every layer's gradient larger")
    places, width = np.arange(1, LAYERS + 2), 0.21
    looks = (("#8a8a8a", ""), ("white", ".."), ("#333333", ""), ("white", "//"))
    for k, (name, start, (color, hatch)) in enumerate(zip(STARTED, STARTS, looks, strict=True)):
        ax.bar(places + (k - 1.5) * width, layer_bars(start), color=color, edgecolor="black", hatch=hatch, width=width, label=name)
    ax.set_xticks(places)
    figure.legend(loc="outside lower center", ncols=4)
    return figure
