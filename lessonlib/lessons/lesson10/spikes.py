"""What one bad batch does to AdamW, and what clipping and a short memory of the scale do about it."""
from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.problems import digits_net
from lessonlib.rules import State, adamw

__all__ = ["Spiked", "ends", "late_length", "put_back", "show_spikes", "spiked", "usual_length", "what_it_does"]

Array = np.ndarray[Any, Any]
AT, SIZE, STEPS, EVERY, DECAY = 100, 1000.0, 300, 5, 0.1


class Spiked(NamedTuple):
    """A training with one bad batch: its loss every fifth step, (61,), and the median length of Adam's part of each step, (300,).

    gradient: the length of each step's gradient before it is cut. decay: the median length of its other part, the decay. All lengths of
    steps are in units of lr.
    """

    loss: Array
    length: Array
    gradient: Array
    decay: Array


@cache
def spiked(*, size: float = SIZE, clip: float = np.inf, since: int = 1, beta2: float = 0.999, lr: float = 0.01, seed: int = 0,
           back: str = "", decay: float = DECAY) -> Spiked:
    """Return how a network that reads digits trains when the gradient of step 100 is `size` times too large.

    clip: the length to which longer gradients are cut from step `since` on, the bad one included. back: "m", "v" or "mv", the averages
    that are put back after step 100 to what they were before it. decay: the weight decay from step 101 on.
    """
    net, s, rng = digits_net(seed=seed, dtype=float), State(), np.random.default_rng(seed)
    theta, losses, lengths, gradients, decays = net.start, [float(net.loss(net.start))], [], [], []
    for t in range(1, STEPS + 1):
        g = net.grad(theta, rng) * (size if t == AT else 1.0)
        gradients.append(float(np.linalg.norm(g)))
        if t >= since:
            g = g * min(1.0, clip / gradients[-1])
        w = decay if t > AT else DECAY
        kept = theta - lr * w * theta
        decays.append(w * float(np.median(np.abs(theta)[g != 0])))
        before = s
        theta, s = adamw(theta, g, s, lr=lr, beta2=beta2, weight_decay=w)
        if t == AT:
            s = State(s.t, before.m if "m" in back else s.m, before.v if "v" in back else s.v)
        lengths.append(float(np.median(np.abs(theta - kept)[g != 0])) / lr)
        if t % EVERY == 0:
            losses.append(float(net.loss(theta)))
    return Spiked(np.array(losses), np.array(lengths), np.array(gradients), np.array(decays))


CASES: dict[str, dict[str, float]] = {"no bad batch": {"size": 1.0}, "bad batch": {}, "bad batch, clipped at 1": {"clip": 1.0}}


def ends(seeds: int = 3, **case: Any) -> Array:
    """Return the training loss after 300 steps of such a training, from each of some starts, (seeds,)."""
    return np.array([spiked(seed=seed, **case).loss[-1] for seed in range(seeds)])


def late_length(seeds: int = 3, **case: Any) -> float:
    """Return the median length of Adam's part of the last 200 steps of such trainings, in units of lr."""
    return float(np.median([spiked(seed=seed, **case).length[AT:] for seed in range(seeds)]))


def put_back() -> list[list[Any]]:
    """Return rows of what is put back after the bad batch, the highest training loss from then on, and the loss after 300 steps."""
    runs = {name: spiked(back=back) for name, back in {"nothing": "", "m": "m", "v": "v", "m and v": "mv"}.items()}
    runs |= {"m, and no decay afterwards": spiked(back="m", decay=0.0), "no bad batch at all": spiked(size=1.0)}
    return [[name, float(found.loss[AT // EVERY:].max()), float(found.loss[-1])] for name, found in runs.items()]


def usual_length() -> float:
    """Return the median length of the gradients of the training without a bad batch."""
    return float(np.median(spiked(size=1.0).gradient))


def what_it_does() -> str:
    """Return, in words, what the bad batch does to the loss: the highest one after it beside the last one before it."""
    loss = spiked().loss
    ratio = loss[AT // EVERY:].max() / loss[AT // EVERY - 1]
    if not np.isfinite(ratio) or ratio > 1000:
        return "the loss grows without end"
    return "nothing that one can see" if ratio < 1.2 else "the loss rises, and training is slow afterwards"


def show_spikes() -> None:
    """Show the training loss and the length of Adam's part of the steps around a bad batch, in three cases."""
    show(_spikes(), "Left, the training loss over 300 steps: with a bad batch at step 100 it rises and stays above the others; clipped, it "
         "cannot be told from no bad batch. Right, the median length of Adam's part of a step: at the bad batch it jumps up, then it falls "
         "far below the others, and below that of its own decay, which stays level.")


def _spikes() -> Figure:
    figure, own, cases = new_figure(8.6, 3.8), look(adamw).color, [spiked(**case) for case in CASES.values()]
    left, right = figure.subplots(1, 2)
    for found, (color, dash, width) in zip(cases, (("#a0a0a0", "-", 4.5), (own, "-", 2.2), ("black", "--", 1.2)), strict=True):
        left.plot(np.arange(0, STEPS + 1, EVERY), found.loss, color=color, linestyle=dash, linewidth=width)
        right.plot(np.arange(1, STEPS + 1), found.length, color=color, linestyle=dash, linewidth=width)
    left.set(xlim=(50, STEPS), ylim=(0, 2.2), xlabel="step", ylabel="training loss", title="One bad batch lifts the loss")
    right.set(xlim=(50, STEPS), ylim=(0.006, 1.5), yscale="log", xlabel="step", ylabel="median length, in units of lr",
              title="Adam's steps: long, then short")
    right.plot(np.arange(1, STEPS + 1), cases[1].decay, color=own, linestyle=":", linewidth=1.8)
    for ax in (left, right):
        ax.axvline(AT, color="#8a8a8a", linewidth=1, linestyle=":", zorder=0)
    left.text(128, 1.2, "bad batch", color=own, fontsize=11, fontweight="bold")
    left.annotate("no bad batch (grey),\nor clipped at 1 (dashes)", (230, 0.12), (165, 0.7), fontsize=11, arrowprops={"arrowstyle": "->"})
    right.text(172, 0.0068, "bad batch", color=own, fontsize=11, fontweight="bold")
    right.text(205, 0.027, "its decay", color=own, fontsize=11)
    right.text(130, 0.25, "no bad batch (grey),\nor clipped at 1 (dashes)", fontsize=11)
    return figure
