"""Three small problems, and what Adam and momentum make of each: one where Adam wins, one where it loses, one where it fails."""
from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from lessonlib import rules
from lessonlib.lessons.lesson09 import reddi_walk
from lessonlib.lessons.lesson09.measured import STEPS, WORDS
from lessonlib.lessons.lesson09.problems import wilson, zipf_bigram
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.runner import run

__all__ = ["Three", "measure", "on_reddis_line", "show_problems"]

Array = np.ndarray[Any, Any]
WALK, PERIOD, BETA2 = 100_000, 101, 0.99  # steps on Reddi's line, and from one large gradient to the next
BEST = {"adam": (1.0, 0.01), "momentum": (2000.0, 0.2)}  # step sizes of the words, which are the best, and of Wilson's samples


class Three(NamedTuple):
    """What a rule makes of the three: the excess loss left after each step, (61,), three weights and the share of errors, and its walk."""

    words: Array
    weights: Array
    wrong: float
    walk: Array


@cache
def measure(name: str) -> Three:
    """Return what Adam or momentum makes of the three problems. name: "adam" or "momentum"."""
    rule, (on_words, on_samples) = getattr(rules, name), BEST[name]
    bigram, samples = zipf_bigram(WORDS), wilson()
    loss = run(rule, bigram, steps=STEPS, record="loss", lr=lambda t: on_words * (1 + np.cos(np.pi * (t - 1) / STEPS)) / 2).loss
    theta = run(rule, samples, steps=3000, record="last", lr=on_samples).theta[-1]
    return Three(loss / loss[0], theta[:3], float(samples.metrics["test error"](theta)), on_reddis_line(name))


def on_reddis_line(name: str, steps: int = WALK) -> Array:
    """Return where Adam or momentum is after each step of the walk of reddi_walk.walk, in plain numbers, which are quick: (steps,)."""
    rule, betas = getattr(rules, name), {"beta2": BETA2} if name == "adam" else {}
    x, s, path = 0.0, rules.State(), []
    for t in range(1, steps + 1):
        x, s = rule(x, 101.0 if t % PERIOD == 1 else -1.0, s, lr=reddi_walk.LR / t**0.5, **betas)
        x = min(1.0, max(-1.0, x))
        path.append(x)
    return np.array(path)


def show_problems() -> None:
    """Show the three problems, a panel for each: the loss left, the three weights, and the walk."""
    figure = new_figure(11.4, 3.5)
    wins, loses, fails = figure.subplots(1, 3)
    for name in BEST:
        found, (color, marker, dash) = measure(name), look(name)
        wins.plot(found.words, color=color, ls=dash)
        wins.text(61, found.words[-1], f" {name.capitalize()}", color=color, va="center")
        whole = found.walk[:WALK - WALK % PERIOD].reshape(-1, PERIOD).mean(axis=1)  # from one large gradient to the next
        fails.plot((np.arange(len(whole)) + 0.5) * PERIOD / 1000, whole, color=color, ls=dash)
        fails.plot(WALK / 1000, whole[-1], marker, color=color)
    _weights(loses)
    wins.set(title="Wins: rare words", xlabel="step", ylabel="excess loss left", yscale="log", xlim=(0, 60), ylim=(2e-4, 3))
    wins.set_yticks([1, 0.1, 0.01, 0.001], ["100%", "10%", "1%", "0.1%"])
    fails.set(title="Fails: rare large gradients", xlabel="step, thousands", ylabel="position, mean of a cycle", xlim=(0, 104),
              ylim=(-1.25, 1.25), yticks=[-1, 0, 1])
    for wall in (-1, 1):
        fails.axhline(wall, color="black", lw=1)
    fails.text(2, -1.04, "the minimum", va="top", fontsize=11)
    fails.text(55, 0.93, "Adam", color=look("adam").color, va="top")
    fails.text(55, -0.6, "Momentum", color=look("momentum").color, va="bottom")
    show(figure, "Three panels. Left, the excess loss left over 60 steps, on a logarithmic scale: Adam's falls below a thousandth, "
         "momentum's stays above a tenth. Middle, three weights: with Adam the deciding input and two useless ones have equal weights, "
         "with momentum the deciding one is larger than both others together. Right, a position over 100,000 steps, averaged over each "
         "cycle, with the minimum at -1: momentum comes there, Adam climbs to 1.")


def _weights(ax: Axes) -> None:
    """Draw the weights of the input that decides and of the two that are always 1, for both rules."""
    for place, name in enumerate(BEST):
        found = measure(name)
        for i, (what, color) in enumerate((("the input that decides", "black"), ("two useless ones", "#bbbbbb"), ("", "#bbbbbb"))):
            ax.bar(place + 0.27 * (i - 1), found.weights[i], 0.25, color=color, edgecolor="black", label="" if place else what)
    ax.set_xticks(range(len(BEST)), [f"{name.capitalize()}\n{measure(name).wrong:.0%} of new\nexamples wrong" for name in BEST])
    ax.set(title="Loses: useless inputs", ylabel="weight")
    ax.legend(loc="upper left")
    ax.margins(y=0.45)
    ax.grid(visible=False, axis="x")
