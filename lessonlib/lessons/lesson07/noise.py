"""What the deeper part of lesson 7 measures about noise: momentum's floor in a bowl, and what momentum gains at each batch size."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lessonlib import rules
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.problems import digits_net
from lessonlib.runner import grid, run

__all__ = ["LRS", "at_each_step_size", "floor_law", "gain", "show_batches", "trained"]

Array = np.ndarray[Any, Any]
LRS = 0.1 * 2.0 ** np.arange(8)
TOP = 3.0  # the highest loss that the picture shows


def floor_law(lr: Any, beta1: Any) -> Any:
    """Return the variance of theta in a bowl of curvature 1 under gradient noise of variance 1, in units of half the step size.

    2 * (1 + beta1) / (2 * (1 + beta1) - lr * (1 - beta1)), for lr below 2 * (1 + beta1) / (1 - beta1): the stationary state of momentum.

    >>> float(floor_law(1.0, 0.0)), round(float(floor_law(1.9, 0.9)), 3)
    (2.0, 1.053)
    """
    room = 2 * (1 + np.asarray(beta1))
    return room / (room - np.asarray(lr) * (1 - np.asarray(beta1)))


def trained(rule: Callable[..., Any], lrs: Sequence[float] | Array, *, batch: int = 64, steps: int = 300, seeds: int = 3) -> Array:
    """Return the loss over all training images of a network 64-16-10 after some steps at each step size, for each seed: (seeds, L)."""
    nets = [digits_net(16, batch, seed, dtype=float) for seed in range(seeds)]
    return np.array([run(rule, net, steps=steps, seed=seed, record="last", **grid(lr=lrs)).loss[0] for seed, net in enumerate(nets)])


def at_each_step_size(batch: int, *, steps: int = 200, seeds: int = 4) -> tuple[Array, Array]:
    """Return the losses of gradient descent and of momentum after some steps at each of LRS, for each seed: two of (seeds, L)."""
    plain, heavy = (trained(rule, LRS, batch=batch, steps=steps, seeds=seeds) for rule in (rules.sgd, rules.momentum))
    return plain, heavy


def gain(plain: Array, heavy: Array) -> tuple[float, float, float, float, float]:
    """Return the lowest mean loss of both rules, their ratio, and its range over the seeds, all at the best step sizes of the means."""
    one, two = plain[:, plain.mean(0).argmin()], heavy[:, heavy.mean(0).argmin()]
    return float(one.mean()), float(two.mean()), float(one.mean() / two.mean()), float((one / two).min()), float((one / two).max())


def _inside(losses: Array) -> Array:
    """The losses as the picture can show them: those of 3 or more, and those that are no number, at its upper edge."""
    return np.where(losses < TOP, losses, TOP)


def show_batches(trials: Mapping[int, tuple[Array, Array]]) -> None:
    """Show a panel for each batch size: both rules' losses against the step size, mean and range; the title says what they say."""
    figure = new_figure(8.6, 3.4)
    panels = figure.subplots(1, len(trials), sharey=True)
    for ax, (batch, pair) in zip(panels, trials.items(), strict=True):
        for rule, losses in zip((rules.sgd, rules.momentum), pair, strict=True):
            style, mean = look(rule), losses.mean(0)
            ax.fill_between(LRS, *(_inside(each) for each in (losses.min(0), losses.max(0))), color=style.color, alpha=0.15, linewidth=0)
            ax.plot(LRS, _inside(mean), color=style.color, linestyle=style.dash, marker=style.marker, markersize=4.5)
            ax.plot(LRS[mean.argmin()], mean.min(), marker="o", markersize=13, markerfacecolor="none", markeredgecolor=style.color)
        ax.set(xscale="log", yscale="log", xlim=(0.08, 16), ylim=(0.006, 1.06 * TOP), xlabel="step size",
               title=f"Batch {batch}: " + (f"{times:.1f} times lower" if (times := gain(*pair)[2]) > 1.05 else "no gain"))
        ax.set_xticks([0.1, 1, 10], ["0.1", "1", "10"])
        ax.set_yticks([0.01, 0.03, 0.1, 0.3, 1, TOP], ["0.01", "0.03", "0.1", "0.3", "1", f"{TOP:g} or more"])
    panels[0].set_ylabel("training loss")
    panels[0].text(0.1, 0.03, "gradient descent", color=look("sgd").color, fontweight="bold")
    panels[0].text(0.1, 0.015, "momentum, $\\beta$ = 0.9", color=look("momentum").color, fontweight="bold")
    gains = {batch: gain(*pair)[2] for batch, pair in trials.items()}
    least, most = min(gains, key=lambda batch: gains[batch]), max(gains, key=lambda batch: gains[batch])
    nothing = "gains nothing" if gains[least] <= 1 else "gains least"
    figure.suptitle(f"Momentum {nothing} at batch {least} and most at {most}", fontweight="bold")
    show(figure, "A panel of training loss against step size for each batch size, each rule's lowest in a circle: "
         f"at {least} gradient descent's loss is {gains[least]:.2f} times momentum's, at {most} {gains[most]:.1f} times. "
         "Markers at the upper edge are losses of 3 or more.")
