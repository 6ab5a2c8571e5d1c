"""What is hard about lesson 8's network: what gets lost on its way forward and back, and gradients that grow a thousandfold."""
from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from lessonlib.data import digits
from lessonlib.lessons.lesson08.deep import deep_net, layer_gradients, layers_of, start_of
from lessonlib.lessons.lesson08.layerwise import WAYS, way_for
from lessonlib.lessons.lesson08.opening import GUESSING
from lessonlib.lessons.lesson08.records import deep_net_records
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.problems import CLASSES
from lessonlib.rules import State

__all__ = ["Growth", "apart", "back_grows", "best_lr", "enters_fall", "growth", "on_the_way", "show_apart", "show_growth"]

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
    kinds = ("Set once, the step grows too", "Following, the step does not grow")
    for (size, loss), way, kind in zip(axes.T, (WAYS[1], WAYS[3]), kinds, strict=True):
        found, color = growth(way), look("sgd" if way == WAYS[1] else "rmsprop").color
        size.plot(found.steps, found.sizes[:, 0] / found.sizes[0, 0], color="#bbbbbb", linewidth=4, label="gradient")
        size.plot(found.steps, found.moves / found.moves[0], color=color, linewidth=1.5, label="step")
        loss.plot(found.steps, found.losses, color=color, linewidth=1.8)
        loss.axhline(GUESSING, color="black", linewidth=1)
        size.set(yscale="log", ylim=(1e-2, 1e5), title=f"{way[0]}. {kind}")
        loss.set(xlabel="step", xlim=(0, SHOWN), ylim=(0.8, 3.6))
    for ax, word, place, color in ((axes[0, 0], "gradient and step", (20, 30), "black"), (axes[0, 1], "gradient", (70, 8000), "#555555"),
                                   (axes[0, 1], "step", (70, 1), look("rmsprop").color)):
        ax.text(*place, word, fontsize=11, color=color)
    axes[1, 1].text(SHOWN, GUESSING + 0.06, "a blind guess", fontsize=11, ha="right", va="bottom")
    for ax, name in zip(axes[:, 0], ("first layer,\nrelative to step 0", "training loss"), strict=True):
        ax.set_ylabel(name)
    return figure


@cache
def apart(start: str = "torch") -> Array:
    """Return how far apart images lie: of what enters each layer at the start the standard deviation over the training images, (9,).

    Root mean square over the units, mean over five starts. start: one of deep.STARTS.
    """
    found = []
    for seed in range(5):
        entered, layers = np.asarray(digits().train_x, dtype=float), start_of(seed, start=start)
        spread = [entered.std(0)]
        for weights, biases in layers[:-1]:
            entered = np.maximum(entered @ weights + biases, 0)
            spread.append(entered.std(0))
        found.append([float((each**2).mean() ** 0.5) for each in spread])
    return np.asarray(np.mean(found, axis=0))


@cache
def on_the_way(start: str = "torch", seeds: int = 5) -> tuple[Array, Array]:
    """Return the size of what enters each layer at the start, and of what comes back to its outputs: two arrays (9,).

    Root mean squares over the units and the training images, means over that many starts. What comes back is the gradient of the loss of an
    image with respect to the sum that each unit makes of its inputs. start: one of deep.STARTS.
    """
    found, right = [], np.eye(CLASSES)[digits().train_y]
    for seed in range(seeds):
        layers, enters = start_of(seed, start=start), [np.asarray(digits().train_x, dtype=float)]
        for weights, biases in layers[:-1]:
            enters.append(np.maximum(enters[-1] @ weights + biases, 0))
        chances = np.exp(enters[-1] @ layers[-1][0] + layers[-1][1])
        back = [chances / chances.sum(axis=1, keepdims=True) - right]
        for (weights, _), entered in zip(layers[:0:-1], enters[:0:-1], strict=True):
            back.append((back[-1] @ weights.T) * (entered > 0))
        found.append([[float((each**2).mean() ** 0.5) for each in part] for part in (enters, back[::-1])])
    enter, come_back = np.mean(found, axis=0)
    return np.asarray(enter), np.asarray(come_back)


def enters_fall() -> float:
    """Return how many times smaller what enters layer 3 is at the start than what enters layer 1."""
    enters, _ = on_the_way()
    return float(enters[0] / enters[2])


def back_grows() -> float:
    """Return how many times larger what comes back to layer 3 is at the start than what comes back to layer 1."""
    _, back = on_the_way()
    return float(back[2] / back[0])


def show_apart() -> None:
    """Show, layer by layer, how large what comes back is and how far apart images lie, from torch's own start and with larger weights."""
    show(_apart(), "Two panels over the nine layers, on a logarithmic scale, each from PyTorch's start and with larger weights. Left, the "
         "size of the signal on its way back: from the last layer to the first it falls some two thousandfold from PyTorch's start, and "
         "with larger weights it stays about level. Right, how far apart different images lie where they enter each layer: from "
         "PyTorch's start the line falls at every layer, some two thousandfold in all, and with larger weights it stays about level.")


def _apart() -> Figure:
    figure = new_figure(9.4, 3.7)
    axes = figure.subplots(1, 2)
    titles = ("On the way back to layer 1: the signal", "On the way forward: the images")
    names = ("size of the signal\n(root mean square)", "inputs of the layer: spread\nfrom image to image")
    for ax, title, name in zip(axes, titles, names, strict=True):
        ax.set(yscale="log", xlabel="layer, from the image to the answer", ylim=(1e-5, 2), xticks=range(1, 10), ylabel=name, title=title)
    for start, mark, color, name in (("torch", "o-", "black", "as PyTorch starts it"),
                                     ("larger weights", "s--", look("rmsprop").color, "larger weights")):
        for ax, sizes in zip(axes, (on_the_way(start)[1], apart(start)), strict=True):
            ax.plot(range(1, 10), sizes, mark, color=color, label=name)
    figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)
    return figure
