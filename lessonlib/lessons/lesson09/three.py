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

__all__ = ["Three", "equally_frequent", "measure", "on_reddis_line", "show_problems", "weights"]

Array = np.ndarray[Any, Any]
WALK, PERIOD, BETA2 = 100_000, 101, 0.99  # steps on Reddi's line, and from one large gradient to the next
SPIKE, LARGER = 101.0, 130.0  # the large gradient, and one with which Adam goes the right way
FREQUENT, RARE = slice(0, 10), slice(WORDS // 2, None)  # words, the most frequent first
LARGE_EPS = 0.1
BEST = {"adam": (1.0, 0.01), "momentum": (2000.0, 0.2)}  # step sizes of the words, which are the best, and of Wilson's samples
EQUAL_LR = 48_000.0  # of momentum where all words are equally frequent, just below the largest that still falls


class Three(NamedTuple):
    """What a rule makes of the three: the excess loss left after each step, (61,), how far a rare word moves as a share of how far a
    frequent one does, three weights and the share of errors, and its walk.
    """

    words: Array
    rare: float
    weights: Array
    wrong: float
    walk: Array


@cache
def measure(name: str) -> Three:
    """Return what Adam or momentum makes of the three problems. name: "adam" or "momentum"."""
    rule, bigram = getattr(rules, name), zipf_bigram(WORDS)

    def falling(t: int) -> float:
        return BEST[name][0] * _fall(t)

    loss = run(rule, bigram, steps=STEPS, record="loss", lr=falling).loss
    moved = (run(rule, bigram, steps=STEPS, record="last", lr=falling).theta[-1].reshape(WORDS, -1) ** 2).mean(axis=1)
    rare = float((moved[RARE].mean() / moved[FREQUENT].mean()) ** 0.5)
    return Three(loss / loss[0], rare, *weights(name), on_reddis_line(name))


def _fall(t: int) -> float:
    """The share of the step size at step t, from 1, of STEPS."""
    return float((1 + np.cos(np.pi * (t - 1) / STEPS)) / 2)


@cache
def equally_frequent(contexts: int = 4) -> Array:
    """Return the excess loss that momentum leaves of the words, all of them equally frequent, after each step, (61,).

    Words then learn apart from each other and all in the same way but for the order of what follows, so a few contexts are enough.
    """
    rng, zipf = np.random.default_rng(0), 1 / np.arange(1, WORDS + 1)
    target = np.array([(zipf / zipf.sum())[rng.permutation(WORDS)] for _ in range(contexts)])
    theta, s, left = np.zeros_like(target), rules.State(), []
    for t in range(1, STEPS + 2):
        log = theta - np.log(np.exp(theta).sum(-1, keepdims=True))
        left.append((target * (np.log(target) - log)).sum(-1).mean())
        theta, s = rules.momentum(theta, (np.exp(log) - target) / WORDS, s, lr=EQUAL_LR * _fall(t))
    return np.array(left) / left[0]


def weights(name: str, **hyper: Any) -> tuple[Array, float]:
    """Return the first three weights that a rule learns from Wilson's samples, (3,), and the share of new samples that it errs on."""
    samples = wilson()
    theta = run(getattr(rules, name), samples, steps=3000, record="last", lr=BEST[name][1], **hyper).theta[-1]
    return theta[:3], float(samples.metrics["test error"](theta))


@cache
def on_reddis_line(name: str, steps: int = WALK, spike: float = SPIKE) -> Array:
    """Return where Adam or momentum is after each step of the walk of reddi_walk.walk, in plain numbers, which are quick: (steps,)."""
    rule, betas = getattr(rules, name), {"beta2": BETA2} if name == "adam" else {}
    x, s, path = 0.0, rules.State(), []
    for t in range(1, steps + 1):
        x, s = rule(x, spike if t % PERIOD == 1 else -1.0, s, lr=reddi_walk.LR / t**0.5, **betas)
        x = min(1.0, max(-1.0, x))
        path.append(x)
    return np.array(path)


def show_problems() -> None:
    """Show the three problems, a panel for each: the loss left, the three weights, and the walk."""
    figure = new_figure(11.4, 3.6)
    wins, loses, fails = figure.subplots(1, 3)
    for name in BEST:
        found, (color, _, dash) = measure(name), look(name)
        wins.plot(found.words, color=color, ls=dash)
        wins.text(61, found.words[-1], f" {name.capitalize()}", color=color, va="center")
    equal, blue = equally_frequent(), look("momentum").color
    wins.plot(equal, color=blue, ls=":")
    wins.text(30, 0.08, "Momentum, all words\nequally frequent", color=blue, fontsize=9, va="center")
    moves = ", ".join(f"{name.capitalize()} {measure(name).rare:.0%}" for name in BEST)
    wins.text(1.5, 2.3e-4, f"how far a rare word moves,\nbeside a frequent one:\n{moves}", fontsize=9)
    wins.set(title="Wins: rare words", xlabel="step", ylabel="excess loss left", yscale="log", xlim=(0, 60), ylim=(2e-4, 3))
    wins.set_yticks([1, 0.1, 0.01, 0.001], ["100%", "10%", "1%", "0.1%"])
    _weights(loses)
    _walks(fails)
    show(figure, "Three panels. Left, the excess loss left over 60 steps, on a logarithmic scale: Adam's falls below a thousandth, "
         "momentum's stays above a tenth, and where all words are equally frequent it falls to about a thousandth. Middle, "
         "three weights: with Adam the deciding input and two useless ones have equal weights, "
         "with momentum, and with Adam at a large epsilon, the deciding one is larger than both others together. Right, a position over "
         "100,000 steps, averaged over each cycle, with the minimum at -1: momentum comes there, Adam climbs to 1, and with a larger "
         "gradient Adam goes down.")


def _weights(ax: Axes) -> None:
    """Draw the weights of the input that decides and of the two that are always 1, for both rules, and for Adam with a large epsilon."""
    samples = wilson()
    first = [f"{g:g}".replace("-", "\u2212") for g in samples.grad(samples.start, np.random.default_rng(0))[:2]]
    told = (f"decides, first gradient {first[0]}", f"useless, first gradient {first[1]}", "")
    groups = {"Adam": weights("adam"), "Momentum": weights("momentum"), f"Adam, \u03b5 {LARGE_EPS:g}": weights("adam", eps=LARGE_EPS)}
    for place, (found, _) in enumerate(groups.values()):
        for i, color in enumerate(("black", "#bbbbbb", "#bbbbbb")):
            ax.bar(place + 0.27 * (i - 1), found[i], 0.25, color=color, edgecolor="black", label="" if place else told[i])
    for place, (found, wrong) in enumerate(groups.values()):
        ax.text(place, found.max() + 0.03, f"errs on {wrong:.0%}", ha="center", fontsize=10, weight="bold" if wrong else "normal")
    ax.set_xticks(range(len(groups)), list(groups))
    ax.set(title="Loses: useless inputs", ylabel="weight")
    ax.legend(loc="upper left", fontsize=9)
    ax.margins(y=0.5)
    ax.grid(visible=False, axis="x")


def _walks(ax: Axes) -> None:
    """Draw the walks on Reddi's line, averaged from one large gradient to the next, and Adam's with a larger gradient."""
    for name, spike, above, told in (("adam", SPIKE, 0.93, "Adam"), ("momentum", SPIKE, -1.04, "Momentum"),
                                     ("adam", LARGER, -0.45, f"Adam, {LARGER:g} in place of {SPIKE:g}")):
        (color, marker, dash), walk = look(name), on_reddis_line(name, spike=spike)
        whole = walk[:WALK - WALK % PERIOD].reshape(-1, PERIOD).mean(axis=1)
        ax.plot((np.arange(len(whole)) + 0.5) * PERIOD / 1000, whole, color=color, ls=dash if spike == SPIKE else ":")
        ax.plot(WALK / 1000, whole[-1], marker, color=color)
        ax.text(98, above, told, color=color, va="top", ha="right", fontsize=10)
    ax.set(title="Fails: rare large gradients", xlabel="step, thousands", ylabel="position, mean of a cycle", xlim=(0, 104),
           ylim=(-1.25, 1.25), yticks=[-1, 0, 1])
    for wall in (-1, 1):
        ax.axhline(wall, color="black", lw=1)
    ax.text(2, -1.04, "the minimum", va="top", fontsize=11)
