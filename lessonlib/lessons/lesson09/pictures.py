"""The pictures of the deeper part of lesson 9, each a function of what its cell has computed."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lessonlib.lessons.lesson09 import measured, problems, reddi_walk, trouble
from lessonlib.lessons.lesson09.fair import Box
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show

__all__ = ["show_blocks", "show_box", "show_correction", "show_creep", "show_descent", "show_first_weights",
           "show_longest", "show_quarters", "show_steady", "show_walks"]

Array = np.ndarray[Any, Any]
RED, DARK, GREY = look("adam").color, "#7a1233", "#8a8a8a"


def show_correction(curves: Mapping[float, Sequence[Array]]) -> None:
    """Show a panel for each step size: the training loss with the correction and without. curves: by lr, the loss with and without."""
    figure = new_figure(9.4, 3.4)
    axes = figure.subplots(1, len(curves), sharey=True)
    for ax, (lr, both) in zip(axes, curves.items(), strict=True):
        for curve, color, dash, what in zip(both, (RED, "black"), ("-", "--"), ("with", "without"), strict=True):
            ax.plot(curve, color=color, ls=dash, lw=2)
            ax.text(103, curve[-5:].mean(), what, color=color, va="center")
        ax.set(title=f"step size {lr:g}", xlabel="step", yscale="log", ylim=(0.07, 8), xlim=(0, 100))
        ax.set_yticks([0.1, 1], ["0.1", "1"])
        ax.minorticks_off()
    axes[0].set_ylabel("training loss")
    figure.suptitle("Leaving out the correction acts like a larger step", weight="bold", x=0.01, ha="left", fontsize=12)
    show(figure, "Three panels of training loss over 100 steps, at step sizes 0.001, 0.01 and 0.05, with and without bias correction. "
         "Without it, at 0.001 and 0.01 the loss falls sooner, and at 0.05 it first rises and ends far above the other.")


def show_longest(sequences: Mapping[str, Sequence[float]], lengths: Mapping[str, Array], last: int = 240) -> None:
    """Show the end of each sequence of gradients, as shares of the last one, and beside it the lengths of Adam's steps."""
    figure = new_figure(9.4, 3.5)
    left, right = figure.subplots(1, 2)
    names = {"steady": (-235, 2.0, 1.35), "a lone spike": (-85, 1e-10, 0.35), "growing": (-150, 1e-5, 6.3)}
    for (name, gradients), dash, color in zip(sequences.items(), (":", "--", "-"), ("black", "#555555", RED), strict=True):
        steps, (at, low, high) = np.arange(1 - last, 1), names[name]
        left.plot(steps, np.maximum(np.array(gradients[-last:]) / gradients[-1], 1e-13), ls=dash, color=color)  # a zero is below the axis
        right.plot(steps, lengths[name][-last:], ls=dash, color=color)
        left.text(at, low, name, color=color, va="bottom", ha="right" if name == "growing" else "left")
        right.text(-235 if name == "steady" else -85 if name == "a lone spike" else -120, high, name, color=color)
    right.axhline(0.1 / 0.001**0.5, color="black", lw=1)
    right.text(-4, 3.35, "the bound of the paper", ha="right")
    left.set(xlabel="steps before the last", title="The gradients", ylabel="share of the last one", yscale="log", ylim=(1e-11, 30))
    right.set(xlabel="steps before the last", title="Growing gradients make steps of seven lr", ylabel="step / lr", ylim=(0, 8))
    show(figure, "Left, on a logarithmic axis, three sequences of gradients, steady, a spike at the end, and growing along a line; right, "
         "Adam's steps: the steady one stays at 1, the spike reaches 3.16 with its last step, and the growing one climbs above 7.")


def show_box(found: Box) -> None:
    """Show which share of the step sizes stays at the goal, over both betas."""
    figure = new_figure(7.4, 3.8)
    ax = figure.add_subplot(xlabel="$\\beta_2$", ylabel="$\\beta_1$", title="What stays has a long v, and an m shorter than the default")
    long = found.beta2s > 0.85
    mesh = ax.pcolormesh(found.beta2s[long], found.beta1s, 100 * found.stays[:, :, long].mean(axis=0), cmap="Greys", shading="nearest")
    figure.colorbar(mesh, ax=ax, label="step sizes that stay, %")
    ax.plot(0.999, 0.9, "o", ms=11, mfc="none", mec=RED, mew=2.5, clip_on=False)
    ax.annotate("the defaults", (0.9975, 0.91), (0.93, 0.95), arrowprops={"arrowstyle": "->"})
    ax.set_xlim(right=1)
    ax.grid(visible=False)
    show(figure, "Map over beta1 and the longer memories of v, darker where more step sizes reach the goal and stay. It is white but for "
         "the three columns with beta2 above 0.94, and there the dark fields have beta1 between 0.1 and 0.87. The defaults are white.")


def show_quarters(found: Mapping[str, tuple[measured.Left, str, str]]) -> None:
    """Show the excess loss left in each quarter of the contexts. found: by a name, what is left, the line's mark, and its colour."""
    figure = new_figure(7.2, 3.4)
    ax = figure.add_subplot(yscale="log", ylabel="excess loss left, %", title="Momentum leaves the rare contexts behind", ylim=(0.02, 150))
    for name, (rest, mark, color) in found.items():
        ax.plot(range(4), 100 * rest.quarters, mark, color=color, ms=7)
        ax.text(3.12, 100 * rest.quarters[-1], name, color=color, va="center")
    ax.set_xticks(range(4), ["most frequent\nquarter", "second", "third", "rarest\nquarter"])
    ax.set_yticks([0.1, 1, 10, 50], ["0.1", "1", "10", "50"])
    show(figure, "Excess loss left in four groups of contexts: momentum leaves most in the rarest group, Adam the same small share in all "
         "four.")


def show_first_weights(weights: Mapping[str, Array]) -> None:
    """Show the weights of the label and of the two constant features, for each rule."""
    figure = new_figure(7.2, 3.2)
    ax = figure.add_subplot(ylabel="weight", title="The label must outweigh the other two together")
    places = np.arange(len(weights))
    for i, (what, color) in enumerate((("the label", "black"), ("second", GREY), ("third", "#d0d0d0"))):
        ax.bar(places + 0.26 * (i - 1), [w[i] for w in weights.values()], 0.24, color=color, edgecolor="black", label=what)
    ax.set_xticks(places, [name.replace(", ", ",\n").replace(" descent", "\ndescent") for name in weights])
    ax.grid(visible=False, axis="x")
    ax.legend(title="weight of")
    show(figure, "Bars of the first three weights for five rules: with gradient descent, momentum and Adam with a large epsilon the "
         "label's weight exceeds the other two together; with RMSprop and Adam the three are equal.")


def show_walks(paths: Array, beta2s: Sequence[float]) -> None:
    """Show one over the root of v in a late period, and beside it each walk. paths: (steps, B)."""
    figure = new_figure(9.6, 3.5)
    left, right = figure.subplots(1, 2)
    left.axvspan(0, 22.5, color="#dddddd", zorder=0)
    left.text(1, 0.005, "the point goes down", color="#444444")
    for path, beta2, dash, color, lift in zip(paths.T, beta2s, ("-", "--", ":"), (RED, DARK, "black"), (0.0, 0.09, -0.09), strict=True):
        left.plot(reddi_walk.factors(beta2), ls=dash, color=color)
        right.plot(np.arange(0, len(path), 500) / 1000, path[::500], ls=dash, color=color)
        right.text(102, path[-1] + lift, f"$\\beta_2$ = {beta2}", color=color, va="center")
    right.axhline(-1, color="black", lw=1)
    right.text(2, -0.95, "the minimum", va="bottom")
    left.set(xlabel="steps since a spike", ylabel="$1/\\sqrt{v}$", title="With a short memory later steps are longer", ylim=(0, 0.15))
    right.set(xlabel="step, thousands", ylabel="position", title="So Adam climbs away from the minimum", ylim=(-1.1, 1.1), xlim=(0, 100))
    show(figure, "Left, one over the root of v after a spike, the first 23 steps in grey: with beta2 0.99 it rises from 0.08 to 0.13 until "
         "the next spike, with longer memories it stays near 0.1. Right, the whole walk: at beta2 0.99 it climbs to 0.93, with "
         "longer memories it stays near -0.2.")


def show_blocks() -> None:
    """Show the two matrices of curvature, alike and mixed."""
    figure = new_figure(7.2, 3.3)
    axes = figure.subplots(1, 2)
    for ax, mixed in zip(axes, (False, True), strict=True):
        rows = [problems.blocks(mixed).grad(unit, np.random.default_rng(0)) for unit in np.eye(9)]
        drawn = ax.imshow(np.abs(rows) + 1, cmap="Greys", norm="log", vmin=1, vmax=5000)
        ax.set(title="mixed" if mixed else "alike", xlabel="coordinate", xticks=range(0, 9, 2), yticks=range(0, 9, 2))
        ax.grid(visible=False)
    axes[0].set_ylabel("coordinate")
    figure.colorbar(drawn, ax=axes, label="size of the entry")
    show(figure, "Two matrices of curvature, darker is larger, both of three blocks: alike, each has dark entries on the "
         "diagonal only, darker from block to block; mixed, every block is filled with light and dark.")


def show_descent() -> None:
    """Show the training loss of gradient descent on all digits at the three step sizes of `trouble`."""
    figure = new_figure(7.4, 3.4)
    ax = figure.add_subplot(yscale="log", xlabel="step", ylabel="training loss", xlim=(0, 300),
                            title="The one that swings most ends lowest")
    for lr, color, dash in zip(trouble.LRS, ("#555555", "#2b569c", "black"), (":", "--", "-"), strict=True):
        loss = trouble.descent(lr).loss
        ax.plot(loss, color=color, ls=dash, lw=1.6)
        ax.text(304, loss[-1], f"{lr:g}", color=color, va="center")
    ax.set_yticks([0.1, 1], ["0.1", "1"])
    ax.minorticks_off()
    show(figure, "Training loss of gradient descent at three step sizes over 300 steps: the largest oscillates most and ends lowest.")


def _jump_panel(figure: Figure) -> Any:
    ax = figure.add_subplot(xlabel="step")
    ax.axvspan(trouble.FROM, trouble.UNTIL, color="#dddddd", zorder=0)
    return ax


def show_creep(losses: Mapping[str, Array]) -> None:
    """Show the training loss after the jump, for each way to go on."""
    figure = new_figure(8.4, 3.8)
    ax = _jump_panel(figure)
    styles = ((":", "#555555", 1.0), ("-", RED, 0.87), ("--", "black", 1.13), ((0, (5, 1, 1, 1, 1, 1)), "black", 1.05),
              ("-.", "#2b569c", 0.95))
    for (name, loss), (dash, color, lift) in zip(losses.items(), styles, strict=True):
        ax.plot(trouble.EVERY * np.arange(len(loss)), loss, ls=dash, color=color)
        ax.text(1415, lift * loss[-1], name, color=color, va="center")
    ax.set(yscale="log", ylabel="training loss", title="After the jump a shorter memory helps most", xlim=(0, 1400), ylim=(0.05, 3))
    ax.set_yticks([0.1, 1], ["0.1", "1"])
    ax.minorticks_off()
    show(figure, "Training loss on the digits over 1,400 steps, the jump in grey from 300 to 400. After it, Adam with beta2 "
         "0.999 stays near 0.19, with its step size and with half of it; with ten times the step size it leaps up, then falls; with beta2 "
         "0.95 it falls on, at the end below the line without a jump.")


def show_steady(rule: Callable[..., Any], title: str, beta2s: Sequence[float] = (0.99, 0.999)) -> None:
    """Show the lengths of a rule's steps under a steady gradient, for some memories. rule: its keywords are lr, beta2 and eps."""
    figure = new_figure(6.2, 3.0)
    ax = figure.add_subplot(xscale="log", yscale="log", ylim=(0.5, 50), xlabel="step", ylabel="step / lr", title=title)
    ax.axhline(1, color="black", lw=1)
    firsts = []
    for beta2, dash, flat in zip(beta2s, ("-", "--"), (0.65, 1.5), strict=True):
        length = measured.step_lengths(np.ones(1000), rule=rule, beta2=beta2)
        firsts.append(f"{length[0]:.3g} for beta2 {beta2:g}")
        ax.plot(np.arange(1, 1001), length, c=look("rmsprop").color, ls=dash)
        at = (10, 1.5 * length[9]) if length[0] > 1.01 else (2, flat)  # the lines of a corrected rule lie on each other
        ax.text(at[0], at[1], f"$\\beta_2$ = {beta2}", color=look("rmsprop").color, va="center")
    show(figure, f"Step length in units of lr against step, both logarithmic. The first step has "
         f"{' and '.join(firsts)}; the thin line is at 1.")
