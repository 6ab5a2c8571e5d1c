"""What opens lesson 8: a deep network at one step size, the gradients of its layers, and two numbers that need two step sizes."""
from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lessonlib.lessons.lesson08.deep import LAYERS, deep_net, layer_gradients
from lessonlib.lessons.lesson08.records import EVERY, LRS, NAMES, deep_net_records
from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure, readings
from lessonlib.plots import look, show
from lessonlib.problems import ravine
from lessonlib.rules import State, rmsprop
from lessonlib.runner import run

__all__ = ["GUESSING", "first_and_last", "grown_gradient", "layer_bars", "left_aslant", "one_slider", "show_division", "show_layers",
           "two_sizes", "unequal"]

Array = np.ndarray[Any, Any]
GUESSING = float(np.log(10))  # the loss of a network that gives each of the ten digits the same chance


@cache
def _losses() -> dict[str, Array]:
    return {name: np.array(rows) for name, rows in deep_net_records()["loss"].items()}


def _at(lr: float) -> int:
    return int(np.abs(np.log(LRS / lr)).argmin())


def one_slider() -> Experiment:
    """The training losses of three rules on the deep network, all at one step size, as they were recorded."""
    return Experiment(_slider_scene, _slider_update, {"lr": Slider("step size", float(LRS[0]), float(LRS[-1]), 1.0, log=True, step=0.25)},
                      Goal("find a step size at which one of the three brings the loss below 1.",
                           lambda lr: min(float(losses[_at(lr), -1]) for losses in _losses().values()) < 1),
                      {"lr": float(LRS[6])})


def _slider_scene() -> Scene:
    figure = new_figure(7.6, 4.0)
    ax = figure.add_subplot(xlim=(0, 300), ylim=(0, 3.2), xlabel="step", ylabel="training loss",
                            title="Which of the three leaves the blind guess?")
    ax.axhline(GUESSING, color="black", linewidth=1)
    ax.text(298, GUESSING - 0.08, "a blind guess", fontsize=11, ha="right", va="top")
    ax.axhline(1, color="black", linewidth=1)
    ax.text(4, 0.88, "the goal", fontsize=11, va="top")
    artists: dict[str, Any] = {}
    for place, rule in enumerate(NAMES):
        style = look(rule)
        (artists[rule],) = ax.plot([], [], color=style.color, linestyle=style.dash, marker=style.marker, markersize=6,
                                   markevery=(place, 4), linewidth=1.8)
    figure.legend(handles=list(artists.values()), labels=list(NAMES.values()), loc="outside lower center", ncols=3)
    artists["note"] = readings(ax, 0.22, 0.06, ["step size:"])
    return Scene(figure, artists, "The training loss of the network over 300 steps, the median of ten starts, under three optimizers at "
                 "the step size of the slider, with lines at the loss of a blind guess and at the goal.")


def _slider_update(artists: dict[str, Any], lr: float) -> str:
    told = []
    artists["note"].set_text(f"{LRS[_at(lr)]:.2g}")
    for rule, name in NAMES.items():
        curve = _losses()[rule][_at(lr)]
        artists[rule].set_data(np.arange(len(curve)) * EVERY, np.clip(curve, 0, 3.15))
        told.append(f"{name} {curve[-1]:.2f}" if curve[-1] < 10 else f"{name} more than 10")
    return f"Loss after 300 steps at a step size of {LRS[_at(lr)]:.2g}: {', '.join(told)}. A blind guess has {GUESSING:.2f}."


@cache
def layer_bars(start: str = "torch") -> Array:
    """Return the size of the gradient of each layer's weights at the start, the first layer first, mean over five starts: (9,)."""
    nets = [deep_net(seed, start=start) for seed in range(5)]
    return np.asarray(np.mean([layer_gradients(net.start, net) for net in nets], axis=0))


def first_and_last() -> str:
    """Return in words how the gradients of the first layer compare with those of the last."""
    ratio = unequal()
    return "about the same" if ratio < 3 else "about ten times smaller" if ratio < 30 else "hundreds of times smaller"


def unequal(start: str = "torch") -> float:
    """Return how many times larger the gradients of the last layer are at the start than those of the first."""
    return float(layer_bars(start)[-1] / layer_bars(start)[0])


def show_layers() -> None:
    """Show a bar for the size of each layer's gradient at the start."""
    show(_bars(), "A bar for each of nine layers, the size of the gradient of its weights at the start on a logarithmic scale: lowest and "
         "level in the first three layers, then rising to the last, which is hundreds of times larger.")


def _bars() -> Figure:
    figure = new_figure(7.2, 3.4)
    ax = figure.add_subplot(yscale="log", xlabel="layer, from the image to the answer",
                            ylabel="size of the gradient\n(root mean square)", title="The early layers get tiny gradients",
                            ylim=(1e-6, 3e-2), xticks=range(1, LAYERS + 2))
    ax.bar(np.arange(1, LAYERS + 2), layer_bars(), color="#8a8a8a", edgecolor="black", width=0.7)
    for place, size in enumerate(layer_bars(), start=1):
        ax.text(place, size * 1.15, f"{size:.0e}".replace("e-0", "e-"), ha="center", fontsize=9)
    return figure


TWO_STEPS, TWO_CURVATURES = 20, (1.0, 1000.0)


@cache
def _two(lr: float, times: float) -> Array:
    """The distance from the minimum of both numbers over the steps, in units of the first: (T + 1, 2)."""
    walk = run(_scaled, ravine(TWO_CURVATURES[1]), steps=TWO_STEPS, lr=lr * np.array([times, 1.0]))
    return np.abs(walk.theta)


def _scaled(theta: Array, g: Array, s: State, *, lr: Array) -> tuple[Array, State]:
    return theta - lr * g, State(s.t + 1)


def two_sizes() -> Experiment:
    """How far two numbers are from their minimum under gradient descent, the second with gradients a thousand times larger."""
    return Experiment(_two_scene, _two_update,
                      {"lr": Slider("step size", 1e-5, 1.0, 10**-3.3, log=True, step=0.05),
                       "times": Slider("flat step, times", 1.0, 10_000.0, 1.0, log=True, step=0.1)},
                      Goal(f"bring both numbers below 0.01 within {TWO_STEPS} steps.",
                           lambda lr, times: bool((_two(lr, times)[-1] < 0.01).all())))


def _two_scene() -> Scene:
    figure = new_figure(7.6, 3.9)
    ax = figure.add_subplot(yscale="log", xlim=(0, TWO_STEPS), ylim=(1e-5, 1e2), xlabel="step", ylabel="distance from the minimum",
                            title="Do both numbers reach the goal?", xticks=range(0, TWO_STEPS + 1, 5))
    ax.axhline(0.01, color="black", linewidth=1)
    ax.text(TWO_STEPS - 0.2, 0.012, "the goal", ha="right", fontsize=11)
    ax.plot(0, 1, marker="s", color="black", markersize=8, linestyle="none", zorder=6, clip_on=False)
    style = look("sgd")
    (steep,) = ax.plot([], [], color=style.color, linestyle="-", marker="s", markersize=5, label="steep number")
    (flat,) = ax.plot([], [], color=style.color, linestyle=":", marker="o", markersize=5, label="flat number", markerfacecolor="white")
    figure.legend(handles=[steep, flat], loc="outside lower center", ncols=2)
    note = readings(ax, 0.84, 0.95, ["steep step size:", "flat step size:"], va="top")
    return Scene(figure, {"steep": steep, "flat": flat, "note": note},
                 "The distance of two numbers from their minimum over twenty steps of gradient "
                 "descent, on a logarithmic scale, from a square at 1, with a line at 0.01.")


def _two_update(artists: dict[str, Any], lr: float, times: float) -> str:
    far = np.clip(_two(lr, times), 1e-6, 1e6)
    for place, name in enumerate(("flat", "steep")):
        artists[name].set_data(np.arange(TWO_STEPS + 1), far[:, place])
    artists["note"].set_text(f"{lr:.2g}\n{lr * times:.2g}")
    ends = [f"{x:.2g}" if 1e-5 < x < 1e5 else "almost 0" if x < 1 else "far away" for x in far[-1]]
    return (f"Step sizes {lr:.2g} and {lr * times:.2g}. After {TWO_STEPS} steps the steep number is {ends[1]} from its minimum, the flat "
            f"one {ends[0]}.")


def left_aslant(angle: float = 45.0, steps: int = 300, lr: float = 0.05) -> float:
    """Return which share of its way the flat direction of the turned ravine still has to go after `steps` steps of RMSprop."""
    walk, turn = run(rmsprop, ravine(TWO_CURVATURES[1], angle), steps=steps, lr=lr).theta, np.radians(angle)
    flat = walk @ np.array([np.cos(turn), np.sin(turn)])
    return float(abs(flat[-1] / flat[0]))


BEFORE, AFTER = 40, 60  # steps of the gradient that are drawn, before and after it grows


def grown_gradient(times: float = 5.0, beta2: float = 0.9) -> tuple[Array, Array]:
    """Return a gradient of changing sign that grows at once, and the root of its v, from BEFORE steps before that to AFTER steps after it.

    v started at 0 two hundred steps before the first of them, so it has long forgotten that.
    """
    long = 200 + BEFORE
    g = np.random.default_rng(3).choice([-1.0, 1.0], long + AFTER) * np.random.default_rng(4).uniform(0.6, 1.4, long + AFTER)
    g[long:] *= times
    v, sizes = 0.0, []
    for each in g:
        v = beta2 * v + (1 - beta2) * each**2
        sizes.append(v**0.5)
    return g[long - BEFORE:], np.array(sizes)[long - BEFORE:]


def show_division() -> None:
    """Show a gradient that grows at a step, the root of v beside it (memory ten steps), and the one divided by the other."""
    show(_division(), "Left, bars of a gradient of changing sign that has been of size one for long and grows fivefold at step 0, and "
         "lines at plus and minus its recent size that part in some ten steps; right, the gradient divided by that size, with lines at "
         "plus and minus one: the bars end near them before and after, and a few at the jump are longer.")


def _division() -> Figure:
    g, sizes = grown_gradient()
    figure = new_figure(9.0, 3.6)
    left, right = figure.subplots(1, 2)
    t, style = np.arange(-BEFORE, AFTER), look("rmsprop")
    for ax, bars in ((left, g), (right, g / sizes)):
        ax.bar(t, bars, color="#8a8a8a", width=1.0)
        ax.axhline(0, color="black", linewidth=1)
        ax.set(xlabel="steps since the gradient grew", xlim=(-BEFORE - 1, AFTER))
    for one in (-1, 1):
        right.axhline(one, color=style.color, linewidth=1.5, linestyle="--")
    for sign in (1, -1):
        left.plot(t, sign * sizes, color=style.color, linewidth=2.2)
    left.text(-BEFORE, 2.8, "plus and minus\nits recent size", color=style.color, fontsize=9.5, va="center")
    for height, name in ((1, "1"), (-1, "\u22121")):
        right.text(AFTER + 0.5, height, name, color=style.color, fontsize=9.5, va="center")
    left.set(title="A gradient grows fivefold", ylabel="gradient", ylim=(-8.5, 8.5))
    right.set(title="After the division it is soon as before", ylabel="gradient / recent size", ylim=(-4, 4))
    return figure
