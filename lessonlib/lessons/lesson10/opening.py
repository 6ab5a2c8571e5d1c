"""What opens lesson 10: weights with nothing to learn that should shrink, where the decay goes in, and the same in a network."""
from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lessonlib.lessons.flow import arrow, box
from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure
from lessonlib.plots import look, show
from lessonlib.problems import Problem, digits_net
from lessonlib.rules import State, adam_l2, adamw
from lessonlib.runner import run

__all__ = ["FORMS", "SIZES", "STEPS", "left_by", "left_over", "network_shares", "nine_groups", "off_the_line", "ratio_of_tenths", "rest",
           "show_flow", "show_shares", "times_of_adamw"]

Array = np.ndarray[Any, Any]
SIZES = np.logspace(-3, 1, 9)  # of the gradients of each group of weights
EACH, STEPS, LR = 100, 2000, 1e-3
FORMS: Mapping[str, tuple[Callable[..., Any], float]] = {"optim.Adam": (adam_l2, 0.1), "optim.AdamW": (adamw, 0.1)}
PLACES = {"optim.Adam": 7e-4, "optim.AdamW": 8e-3}  # where their names begin


def _noise() -> Problem:
    """Nine groups of weights at 1 whose gradients are noise: only the gradient matters, the loss stands in for none."""
    scale = np.repeat(SIZES, EACH)
    return Problem("nothing to learn", lambda theta: theta[..., 0], lambda theta, rng: scale * rng.standard_normal(len(scale)) + 0 * theta,
                   np.ones(len(scale)))


def left_over(rule: Callable[..., Any], **hyper: Any) -> Array:
    """Return what a rule leaves of nine groups of weights that start at 1, the mean of each group: (STEPS + 1, 9)."""
    theta = run(rule, _noise(), steps=STEPS, lr=LR, **hyper).theta
    return np.asarray(theta.reshape(STEPS + 1, len(SIZES), EACH).mean(-1))


def left_by(rule: Callable[..., Any]) -> list[tuple[float, float]]:
    """Return (size of the gradients, what a rule written in lesson 10 leaves at a decay of 0.1) of three of the groups."""
    left = left_over(rule, weight_decay=0.1, beta1=0.9, beta2=0.999, eps=1e-8)[-1]
    return [(float(SIZES[k]), float(left[k])) for k in (0, 4, 8)]


@cache
def _left(form: str) -> Array:
    rule, decay = FORMS[form]
    return left_over(rule, weight_decay=decay)


def nine_groups() -> Experiment:
    """What Adam and AdamW leave of nine groups of weights with nothing to learn, after a chosen number of steps."""
    return Experiment(_groups_scene, _groups_update, {"steps": Slider("steps", 0, STEPS, 0, step=10)},
                      Goal("find a number of steps after which Adam has halved the weights with the smallest gradients.", _halved),
                      {"steps": STEPS})


def _groups_scene() -> Scene:
    figure = new_figure(7.2, 3.9)
    ax = figure.add_subplot(xscale="log", xlim=(6e-4, 16), ylim=(0, 1.2), xlabel="size of a weight's gradients",
                            ylabel="what is left of the weights", title="AdamW shrinks all nine groups alike, Adam does not")
    ax.axhline(1, color="black", linewidth=1, linestyle=":")
    ax.text(14, 1.03, "start", fontsize=10, ha="right")
    color = look(adam_l2).color
    artists: dict[str, Any] = {"hardly": ax.annotate("Adam hardly\nshrinks these", (SIZES[-1], 1), (4, 0.42), fontsize=10, ha="center",
                                                     va="top", color=color, arrowprops={"arrowstyle": "->", "shrinkB": 5, "color": color})}
    for form, (rule, _) in FORMS.items():
        style = look(rule)
        (artists[form],) = ax.plot([], [], color=style.color, linestyle=style.dash, marker=style.marker, markersize=8)
        artists[f"{form} name"] = ax.text(PLACES[form], 0, form, color=style.color, fontsize=11, fontweight="bold")
    artists["when"] = ax.text(0.02, 0.93, "", transform=ax.transAxes, fontsize=11)
    return Scene(figure, artists, "What is left of nine groups of weights against the size of their gradients, on a logarithmic axis: a "
                 "line that rises to the right for Adam, a level one for AdamW.")


def _groups_update(artists: dict[str, Any], steps: int) -> str:
    told = []
    for form in FORMS:
        left = _left(form)[steps]
        artists[form].set_data(SIZES, left)
        artists[f"{form} name"].set_y(left[0] + 0.05)  # the name stands at the left end of its line
        told.append(f"{form.split(',')[0]} {left[0]:.0%} and {left[-1]:.0%}")
    artists["hardly"].xy = SIZES[-1], _left("optim.Adam")[steps][-1]  # the arrow ends at the last marker
    artists["when"].set_text(f"after {steps:,} steps, weight_decay 0.1 in both")
    return f"After {steps} steps, left of the weights with the smallest and with the largest gradients: {', '.join(told)}."


def _halved(steps: int) -> bool:
    return bool(abs(_left("optim.Adam")[steps][0] - 0.5) < 0.03)


def show_flow() -> None:
    """Show the two flow pictures: with L2 the decay goes through both averages and the division, decoupled it goes around them."""
    show(_flow(), "Two flow pictures. Above, Adam with L2: the gradient and the decay are added, and their sum goes through the averages m "
         "and v and the division, then times minus alpha to theta. Below, AdamW: only the gradient goes through them, and the decay goes "
         "straight to theta, times minus alpha as well.")


def _flow() -> Figure:
    figure = new_figure(8.4, 4.6)
    for ax, (title, rule, through) in zip(figure.subplots(2, 1), (("optim.Adam with weight_decay: the L2 form", "adam_l2", True),
                                                                 ("optim.AdamW: decoupled", "adamw", False)), strict=True):
        ax.set(xlim=(0, 10), ylim=(0, 3))
        ax.axis("off")
        ax.set_title(title, fontsize=11)
        red, own = look("adam").color, look(rule).color
        box(ax, 0.8, 2.1, "$g$\nthe gradient", red, 1.4, 1.1)
        box(ax, 4.1, 2.1, "averages $m$ and $v$\nof what comes in", red, 2.2, 1.1)
        box(ax, 6.8, 2.1, "$\\hat m \\,/\\, (\\sqrt{\\hat v}+\\epsilon)$\nthe division", red, 2.0, 1.1)
        box(ax, 9.2, 2.1, "$\\theta$\nmoves", "black", 1.2, 1.1)
        box(ax, 0.8, 0.6, "$w\\,\\theta$\nthe decay", own, 1.4, 1.1)
        for left, right in ((1.5, 2.07 if through else 3.0), (5.2, 5.8), (7.8, 8.6), *([(2.33, 3.0)] if through else [])):
            arrow(ax, (left, 2.1), (right, 2.1), red)
            if through and left > 2:  # one sum of both: the decay's colour is in the gradient's arrow
                ax.plot([left, right - 0.15], [2.1, 2.1], color=own, linewidth=2.4, linestyle=(0, (1.6, 1.6)), zorder=6)
        ax.text(8.2, 2.25, "$-\\alpha$", color=red, ha="center", fontsize=12)
        if through:
            ring = {"boxstyle": "circle,pad=0.15", "facecolor": "white", "edgecolor": "black"}
            ax.text(2.2, 2.1, "+", ha="center", va="center", fontsize=12, bbox=ring, zorder=5)
            arrow(ax, (1.5, 0.6), (2.13, 1.93), own)
            ax.text(2.05, 0.9, "in through the gradient, so it is divided too", color=own, fontsize=10)
        else:
            ax.plot([1.5, 9.2], [0.6, 0.6], color=own, linewidth=1.6)
            arrow(ax, (9.2, 0.58), (9.2, 1.55), own)
            ax.text(3.0, 0.8, "around all of it, so it is not divided", color=own, fontsize=10)
            ax.text(9.35, 0.95, "$-\\alpha$", color=own, fontsize=12)
    return figure


@cache
def network_shares(rule: Callable[..., Any], weight_decay: float, steps: int = 500) -> tuple[Array, Array]:
    """Return (size of its gradients, share that the decay removes at a step), (n,) each, of the weights of a network that reads digits.

    The size is the root of Adam's average of squared gradients. The share is the part of the last step that comes from the decay,
    over the weight before it; with adam_l2 the decay is followed through m. Left out are biases, weights whose gradient is always 0,
    and weights below 0.02 in size, for which a share means little.
    """
    net, s, rng = digits_net(dtype=float), State(), np.random.default_rng(0)
    theta, decayed, square = net.start, 0 * net.start, 0 * net.start
    before, bias1, bias2 = theta, 1 - 0.9**steps, 1 - 0.999**steps
    for _ in range(steps):
        g, before = net.grad(theta, rng), theta
        decayed, square = 0.9 * decayed + 0.1 * weight_decay * theta, 0.999 * square + 0.001 * g**2
        theta, s = rule(theta, g, s, lr=LR, weight_decay=weight_decay)
    removed = decayed / bias1 / ((np.asarray(s.v) / bias2) ** 0.5 + 1e-8) if rule is adam_l2 else weight_decay * before
    matrix = np.r_[np.ones(64 * 32), np.zeros(32), np.ones(32 * 10), np.zeros(10)] > 0
    kept = matrix & (square > 0) & (np.abs(before) > 0.02)
    return (square[kept] / bias2) ** 0.5, LR * removed[kept] / before[kept]


def ratio_of_tenths() -> float:
    """Return how many times larger Adam's share is for the tenth of the weights with the smallest gradients than for the other end's."""
    size, share = network_shares(adam_l2, 1e-3)
    low, high = np.quantile(size, [0.1, 0.9])
    return float(np.median(share[size <= low]) / np.median(share[size >= high]))


def off_the_line(weight_decay: float) -> int:
    """Return how many weights Adam's decay shrinks by a share that differs by a third or more from lr * weight_decay / size."""
    size, share = network_shares(adam_l2, weight_decay)
    return int((np.abs(share * size / (LR * weight_decay) - 1) > 1 / 3).sum())


def times_of_adamw() -> float:
    """Return how many times larger Adam's share of a typical weight is than AdamW's at the same weight_decay."""
    return float(np.median(network_shares(adam_l2, 1e-3)[1]) / (LR * 1e-3))


def rest(rule: Callable[..., Any], g: float) -> float:
    """Return where a weight is that starts at 0, after 10,000 steps under a steady gradient, at lr 0.01 and weight_decay 0.1."""
    theta, s = 0.0, State()
    for _ in range(10_000):
        theta, s = rule(theta, g, s, lr=0.01, weight_decay=0.1)
    return theta


def show_shares() -> None:
    """Show, for each weight of a network, what share of it the decay removes at a step, against the size of its gradients."""
    show(_shares(), "A point for each of about 1800 weights of a network: against the size of its gradients, the share that the decay "
         "removes at a step, both axes logarithmic. Adam's points fall to the right, AdamW's lie on a level line. "
         "At the far left Adam's points scatter away from their line. Two grey bands hold the tenths at both ends.")


def _shares() -> Figure:
    figure = new_figure(7.2, 3.9)
    ax = figure.add_subplot(xscale="log", yscale="log", xlim=(5e-6, 0.1), xlabel="size of a weight's gradients",
                            ylabel="share removed at a step", title="Ten times larger gradients, a tenth of Adam's decay")
    for name, rule, decay, size, at in (("optim.Adam,\nweight_decay 0.001", adam_l2, 1e-3, 3.0, (1.3e-3, 2.5e-3)),
                                        ("optim.AdamW,\nweight_decay 0.1", adamw, 0.1, 2.0, (7e-6, 1.3e-4))):
        style, (x, y) = look(rule), network_shares(rule, decay)
        ax.plot(x, y, color=style.color, marker=style.marker, markersize=size, linestyle="none", alpha=0.6)
        ax.text(*at, name, color=style.color, fontsize=11, fontweight="bold", va="bottom")
    low, high = np.quantile(network_shares(adam_l2, 1e-3)[0], [0.1, 0.9])
    for start, end, word, height in ((5e-6, low, "smallest tenth", 0.06), (high, 0.1, "largest tenth", 0.93)):
        ax.axvspan(start, end, color="#e6e6e6", zorder=0)
        ax.text((start * end) ** 0.5, height, word, transform=ax.get_xaxis_transform(), ha="center", fontsize=9)
    return figure
