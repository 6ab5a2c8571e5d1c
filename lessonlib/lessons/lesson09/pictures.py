"""The pictures of the deeper part of lesson 9, each a function of what its cell has computed."""
from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from lessonlib.lessons.lesson09 import measured, problems, reddi_walk, trouble
from lessonlib.lessons.lesson09.fair import Box
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show

__all__ = ["show_blocks", "show_box", "show_correction", "show_creep", "show_descent", "show_first_weights", "show_jump",
           "show_longest", "show_quarters", "show_walks"]

Array = np.ndarray[Any, Any]
RED, DARK, GREY = look("adam").color, "#7a1233", "#8a8a8a"


def show_correction(lrs: Array, right: Array, bare: Array) -> None:
    """Show the training loss after 100 steps at each step size, with the correction and without."""
    figure = new_figure(7.4, 3.5)
    ax = figure.add_subplot(xscale="log", yscale="log", xlabel="step size lr", ylabel="training loss after 100 steps", ylim=(0.06, 3),
                            title="Without the correction, the good step sizes are smaller")
    for losses, color, dash, what in ((right, RED, "o-", "with"), (bare, "black", "s--", "without")):
        ax.plot(lrs, losses, dash, color=color, lw=2, ms=5)
        ax.text(1.1 * lrs[-1], losses[-1], what, color=color, va="center")
    ax.set_xticks([0.001, 0.01, 0.1], ["0.001", "0.01", "0.1"])
    ax.set_yticks([0.1, 0.3, 1], ["0.1", "0.3", "1"])
    ax.minorticks_off()
    show(figure, "Training loss after 100 steps against the step size, with bias correction and without: two valleys, the one without "
         "no less deep. "
         "Without the correction the valley lies at smaller step sizes, lower up to a step size near 0.03 and far higher beyond it.")


def show_longest(sequences: Mapping[str, Sequence[float]], lengths: Mapping[str, Array], last: int = 240) -> None:
    """Show the end of each sequence of gradients, as shares of the last one, and beside it the lengths of Adam's steps."""
    figure = new_figure(9.4, 3.5)
    left, right = figure.subplots(1, 2)
    names = {"steady": (-235, 2.0, 1.2), "a lone spike": (-85, 1e-10, 0.35), "growing": (-150, 1e-5, 6.3)}
    for (name, gradients), dash, color in zip(sequences.items(), (":", "--", "-"), ("black", "#555555", RED), strict=True):
        steps, (at, low, high) = np.arange(1 - last, 1), names[name]
        left.plot(steps, np.maximum(np.array(gradients[-last:]) / gradients[-1], 1e-13), ls=dash, color=color)  # a zero is below the axis
        right.plot(steps, lengths[name][-last:], ls=dash, color=color)
        left.text(at, low, name, color=color, va="bottom", ha="right" if name == "growing" else "left")
        right.text(-60 if name == "steady" else -85 if name == "a lone spike" else -120, high, name, color=color)
    right.axhline(0.1 / 0.001**0.5, color="black", lw=1)
    right.text(-4, 3.35, "the bound of the paper", ha="right")
    left.set(xlabel="steps before the last", title="The gradients", ylabel="share of the last one", yscale="log", ylim=(1e-11, 30))
    right.set(xlabel="steps before the last", title="Growing gradients make steps of seven lr", ylabel="step / lr", ylim=(0, 8))
    show(figure, "Left, on a logarithmic axis, three sequences of gradients, steady, a spike at the end, and growing along a line; right, "
         "Adam's steps: the steady one stays at 1, the spike reaches 3.16 with its last step, and the growing one climbs above 7.")


def show_box(found: Box) -> None:
    """Show which share of the step sizes reaches the goal and stays there, over both betas."""
    figure = new_figure(7.4, 3.8)
    ax = figure.add_subplot(xscale="log", xlabel="$\\beta_2$", ylabel="$\\beta_1$",
                            title="Good settings have a long v, and an m shorter than the default")
    ends = np.geomspace(0.5 * 500 ** (0.5 / 19), 0.001 / 500 ** (0.5 / 19), 21)  # of the fields, in 1 - beta2
    half = np.append(found.beta1s, 1.02) - 0.015
    mesh = ax.pcolormesh(ends, half, 100 * found.stays.mean(axis=0), cmap="Greys")
    figure.colorbar(mesh, ax=ax, label="good step sizes, %", ticks=[0, 5, 10, 15, 20])
    ax.plot(0.001, 0.9, "o", ms=11, mfc="none", mec=RED, mew=2.5)
    ax.annotate("the defaults", (0.00115, 0.91), (0.012, 0.95), arrowprops={"arrowstyle": "->"})
    ax.plot([ends[0], ends[-1], ends[-1]], [half[-1], half[-1], half[0]], color="black", lw=1)  # what is tried
    ax.text(0.45, 0.5, "tried, and\nnone is good", va="center")
    ax.set(xlim=(ends[0], 0.0007), ylim=(half[0], 1.05))
    ax.set_xticks([0.5, 0.1, 0.01, 0.001], ["0.5", "0.9", "0.99", "0.999"])
    ax.minorticks_off()
    ax.grid(visible=False)
    show(figure, "Map over beta1 and beta2, whose axis is stretched towards 1, darker where more step sizes reach the goal and stay. It is "
         "white for beta2 below 0.92 and for beta1 from 0.9 on, and darkest at beta1 near 0.8. The defaults are white. A "
         "line marks where the tried settings end.")


def show_quarters(found: Mapping[str, tuple[measured.Left, str, str]]) -> None:
    """Show the excess loss left in each quarter of the contexts. found: by a name, what is left, the line's mark, and its colour."""
    figure = new_figure(7.4, 3.4)
    ax = figure.add_subplot(yscale="log", ylabel="excess loss left, %", title="No one step size of momentum serves all contexts",
                            ylim=(0.02, 150))
    for (name, (rest, mark, color)), lift in zip(found.items(), (0.75, 1.45, 1.0), strict=True):
        ax.plot(range(4), 100 * rest.quarters, mark, color=color, ms=7)
        ax.text(3.12, lift * 100 * rest.quarters[-1], name, color=color, va="center")
    ax.set_xticks(range(4), ["most frequent\nquarter", "second", "third", "rarest\nquarter"])
    ax.set_yticks([0.1, 1, 10, 50], ["0.1", "1", "10", "50"])
    show(figure, "Excess loss left in four groups of contexts. Momentum at a step size of 2000 leaves more in the most frequent group than "
         "at 1000, and less in the other three, most in the rarest; Adam leaves the same small share in all four.")


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
    figure = new_figure(9.2, 3.3)
    left, right = figure.subplots(1, 2)
    left.axvspan(0, 22.5, color="#dddddd", zorder=0)
    left.text(1, 0.005, "the point goes down", color="#444444")
    for path, beta2, dash, color, lift in zip(paths.T, beta2s, ("-", "--", ":"), (RED, DARK, "black"), (0.0, 0.09, -0.09), strict=True):
        left.plot(reddi_walk.factors(beta2), ls=dash, color=color)
        left.text(99, 0.136 if not lift else 0.1 + 0.11 * lift, f"{beta2}", color=color, va="center", ha="right")
        right.plot(np.arange(0, len(path), 250) / 1000, path[::250], ls=dash, color=color)
        right.text(25.5, path[-1] + lift, f"$\\beta_2$ = {beta2}", color=color, va="center")
    right.axhline(-1, color="black", lw=1)
    right.text(0.5, -0.95, "the minimum", va="bottom")
    left.set(xlabel="steps since a spike", ylabel="$1/\\sqrt{v}$", title="At 0.99 later steps are longer", ylim=(0, 0.15))
    right.set(xlabel="step, thousands", ylabel="position", title="So Adam climbs away from the minimum", ylim=(-1.1, 1.1), xlim=(0, 25))
    show(figure, "Left, one over the root of v after a spike, the first 23 steps in grey: with beta2 0.99 it rises from 0.08 to 0.13 until "
         "the next spike, with longer memories it stays near 0.1. Right, the whole walk: at beta2 0.99 it climbs to 0.66, with "
         "longer memories it stays near -0.4.")


def show_blocks() -> None:
    """Show the two matrices of curvature, alike and mixed."""
    figure = new_figure(7.2, 3.3)
    axes = figure.subplots(1, 2)
    for ax, mixed in zip(axes, (False, True), strict=True):
        rows = [problems.blocks(mixed).grad(unit, np.random.default_rng(0)) for unit in np.eye(9)]
        drawn = ax.imshow(np.abs(rows) + 1, cmap="Greys", norm="log", vmin=1, vmax=5000)
        for k in range(3):
            ax.add_patch(Rectangle((3 * k - 0.5, 3 * k - 0.5), 3, 3, fill=False, ec="black", lw=1, clip_on=False))
        ax.set_title("mixed: blocks are full" if mixed else "alike: nearly diagonal")
        ax.set(xlabel="coordinate", xticks=range(0, 9, 2), yticks=range(0, 9, 2))
        ax.grid(visible=False)
    axes[0].set_ylabel("coordinate")
    figure.colorbar(drawn, ax=axes, label="size of the entry")
    show(figure, "Two matrices of curvature, darker is larger, both of three outlined blocks and zero outside them: "
         "alike, each has dark entries on the diagonal only, darker from block to block; mixed, every block is filled with light and dark.")


def show_descent() -> None:
    """Show the training loss of gradient descent on all digits at the three step sizes of `trouble`, and at one that is too long."""
    figure = new_figure(7.4, 3.4)
    ax = figure.add_subplot(yscale="log", xlabel="step", ylabel="training loss", xlim=(0, 300),
                            title="1.5 swings more than 0.75, and ends lower")
    styles = (("#555555", ":"), ("#2b569c", "--"), ("black", "-"), (GREY, "-."))
    for lr, (color, dash) in zip((*trouble.LRS, trouble.TOO_LONG), styles, strict=True):
        loss = trouble.descent(lr).loss
        ax.plot(loss, color=color, ls=dash, lw=1.6)
        ax.text(304, loss[-1], f"{lr:g}", color=color, va="center")
    ax.set_yticks([0.1, 1], ["0.1", "1"])
    ax.minorticks_off()
    show(figure, "Training loss of gradient descent at four step sizes over 300 steps: 1.5 oscillates more than 0.4 and 0.75, and ends "
         "lowest; at 3 the loss leaps at first, and stays at that of guessing.")


def show_jump() -> None:
    """Show the length of Adam's steps through the jump of `trouble`, under a steady gradient, for two memories of v."""
    figure = new_figure(8.0, 3.2)
    ax = _jump_panel(figure, "Long after the jump Adam's steps are too short")
    gradients = np.r_[np.ones(trouble.FROM), trouble.JUMP * np.ones(trouble.UNTIL - trouble.FROM), np.ones(1000)]
    for beta2, color, dash, at, up in ((0.999, RED, "-", 900, 0.055), (0.95, "black", "--", 640, 0.6)):
        ax.plot(measured.step_lengths(gradients, beta2=beta2), ls=dash, color=color)
        ax.text(at, up, f"$\\beta_2$ = {beta2}", color=color, va="center")
    ax.set(ylabel="step / lr", ylim=(0.005, 6))
    ax.set_yticks([0.01, 0.1, 1], ["0.01", "0.1", "1"])
    ax.minorticks_off()
    show(figure, "Length of Adam's steps over 1,400 steps, in units of lr, the jump in grey from 300 to 400. In the jump the steps grow to "
         "more than three. After it they fall far below one; with beta2 0.95 they are back at one by step 620, with 0.999 they stay "
         "below a twentieth.")


def _jump_panel(figure: Figure, title: str) -> Any:
    ax = figure.add_subplot(xlabel="step", yscale="log", title=title, xlim=(0, 1400))
    ax.axvspan(trouble.FROM, trouble.UNTIL, color="#dddddd", zorder=0)
    return ax


def show_creep(losses: Mapping[str, Array]) -> None:
    """Show the training loss through the jump for each of some runs."""
    figure = new_figure(7.4, 3.4)
    ax = _jump_panel(figure, "With both put back, the loss falls on")
    styles = ((":", "#555555", 1.12), ("-", RED, 0.88), ("--", "black", 1.15),
              ((0, (4, 1, 1, 1, 1, 1)), "#b05a00", 0.85), ("-.", "#2b569c", 0.96))
    for (name, loss), (dash, color, lift) in zip(losses.items(), styles, strict=True):
        ax.plot(trouble.EVERY * np.arange(len(loss)), loss, ls=dash, color=color)
        ax.text(1415, lift * loss[-1], name, color=color, va="center")
    ax.set(ylabel="training loss", ylim=(0.045, 5))
    ax.set_yticks([0.1, 1], ["0.1", "1"])
    ax.minorticks_off()
    show(figure, "Training loss on the digits over 1,400 steps, the jump in grey from 300 to 400. In the jump the loss falls faster than "
         "without it. After it, it stays near 0.2, also with m put back; with v put back it leaps to 4 first and "
         "falls; with m and v put back it falls on.")
