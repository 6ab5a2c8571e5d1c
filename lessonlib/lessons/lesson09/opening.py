"""What opens lesson 9: four optimizers fit a line, and how the averages of Adam fill up; two experiments and a flow picture."""
from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lessonlib.lessons.flow import arrow, box
from lessonlib.lessons.lesson09.heating import RULES, STEPS, days, tuned, v_held, v_shrunk
from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure
from lessonlib.plots import look, show

__all__ = ["NAMES", "filling", "four_lines", "show_flow"]

NAMES = {"sgd": "gradient descent", "momentum": "momentum", "rmsprop": "RMSprop", "adam": "Adam"}
COLD_TO_WARM = np.array([0.0, 100.0])
GAS = (-3.0, 12.0)  # cubic metres, as far as they are drawn
LEFT = (1e-5, 300.0)  # shares of the first loss, as far as they are drawn
HALF = 150  # steps
HELD = 100  # steps, after which v is held
PEAKS = {1: "a long first step", 222: "v has shrunk to {:.0%}"}  # where RMSprop's loss is highest -> what is seen there


def four_lines() -> Experiment:
    """Four lines through forty days, and the share of the excess loss that is left, up to a chosen number of steps."""
    return Experiment(_lines_scene, _lines_update, {"steps": Slider("steps", 0, STEPS, STEPS)},
                      Goal(f"within {HALF} steps, find a moment when Adam's line fits better than RMSprop's does after {STEPS}.",
                           _adam_is_ahead))


def _lines_scene() -> Scene:
    figure = new_figure(9.8, 4.0)
    left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
    left.plot(*days(), "o", color="#8a8a8a", markersize=4)
    left.set(xlim=(0, 100), ylim=GAS, xlabel="temperature outside, \u00b0F", ylabel="gas, m\u00b3",
             title="Which line follows the dots?")
    right.set(yscale="log", xlim=(0, STEPS), ylim=LEFT, xlabel="step", title="How much excess loss is left")
    right.set_xticks([0, 100, 200, 300])
    right.set_yticks([1e-4, 1e-2, 1, 1e2], ["0.01%", "1%", "100%", "10,000%"])
    right.minorticks_off()
    for ax, at, widest in ((left, 101.5, NAMES["sgd"]), (right, STEPS * 1.045, "0.004%")):
        ax.text(at, 1, widest, alpha=0, fontsize=10.5)  # keeps the place of what moves there
    artists: dict[str, Any] = {}
    for rule in RULES:
        style = look(rule)
        over = 4 if rule == "adam" else 3
        (artists[f"{rule} line"],) = left.plot([], [], color=style.color, linestyle=style.dash, linewidth=2.4)
        (artists[f"{rule} curve"],) = right.plot([], [], color=style.color, linestyle=style.dash, linewidth=1.8, zorder=over)
        (artists[f"{rule} end"],) = right.plot([], [], color=style.color, marker=style.marker, markersize=8, linestyle="none",
                                               zorder=over + 3, clip_on=False)
        artists[f"{rule} name"] = left.text(101.5, 0, NAMES[rule], color=style.color, fontsize=10.5, va="center")
        artists[f"{rule} share"] = right.text(STEPS * 1.045, 1, "", color=style.color, fontsize=10.5, va="center")
    for at, words in PEAKS.items():
        x, y, side = (14, 120.0, "left") if at == 1 else (0.92 * at, 45.0, "center")
        artists[f"peak {at}"] = right.text(x, y, words.format(v_shrunk()), color=look("rmsprop").color, fontsize=9.5, va="center", ha=side)
    brown = look("rmsprop").color
    (artists["held"],) = right.plot([], [], color=brown, linestyle=":", linewidth=1.6)
    artists["held name"] = right.text(1.02 * STEPS, 0.02, f"v held from step {HELD}", color=brown, fontsize=9.5, va="center", ha="right")
    return Scene(figure, artists, "Left, forty days as dots, gas against temperature, falling to the right, and the line of each of four "
                 "optimizers; right, on a logarithmic axis, the share of the first excess loss that each has left after each step; "
                 f"dotted, RMSprop with v held from step {HELD}.")


def _left(rule: str, steps: int) -> float:
    """The share of the first excess loss that is left."""
    loss = tuned(rule).loss
    return float(loss[steps] / loss[0])


def _lines_update(artists: dict[str, Any], steps: int) -> str:
    shares, warm = {rule: _left(rule, steps) for rule in RULES}, {}
    for rule in RULES:
        walk = tuned(rule)
        slope, intercept = walk.theta[steps]
        left = np.clip(walk.loss[: steps + 1] / walk.loss[0], *LEFT)
        artists[f"{rule} line"].set_data(COLD_TO_WARM, slope * COLD_TO_WARM + intercept)
        artists[f"{rule} curve"].set_data(np.arange(steps + 1), left)
        artists[f"{rule} end"].set_data([steps], left[-1:])
        warm[rule] = float(np.clip(slope * COLD_TO_WARM[1] + intercept, *GAS))
    ends = {rule: float(np.log10(np.clip(share, *LEFT))) for rule, share in shares.items()}
    for rule, name, share in zip(RULES, _apart(list(warm.values()), 0.95), _apart(list(ends.values()), 0.34), strict=True):
        artists[f"{rule} name"].set_position((101.5, name))
        artists[f"{rule} share"].set_position((steps + 0.045 * STEPS, 10**share))
        artists[f"{rule} share"].set_text(_percent(shares[rule]))
    for at in PEAKS:
        artists[f"peak {at}"].set_visible(steps >= at)
    held = v_held(HELD).loss
    artists["held"].set_data(np.arange(HELD, max(steps, HELD) + 1), held[HELD:max(steps, HELD) + 1] / held[0])
    artists["held name"].set_visible(steps > HELD)
    told = (f"{NAMES[rule]} {_percent(share)}" for rule, share in shares.items())
    return f"After {steps} steps, of the excess loss is left: {', '.join(told)}."


def _percent(share: float) -> str:
    return f"{share:.0%}" if share >= 0.095 else f"{share:.1%}" if share > 5e-4 else f"{100 * share:.1g}%"


def _apart(places: list[float], gap: float) -> list[float]:
    """Places in the same order, moved so that none is nearer to the next than the gap."""
    order, moved = np.argsort(places, kind="stable"), np.array(places)
    for _ in range(40):
        for low, high in itertools.pairwise(order):
            short = gap - (moved[high] - moved[low])
            if short > 0:
                moved[[low, high]] += np.array([-short, short]) / 2
    return moved.tolist()


def _adam_is_ahead(steps: int) -> bool:
    return steps <= HALF and _left("adam", steps) < _left("rmsprop", STEPS)


def filling(gradient: float = 3.0, steps: int = 5000) -> Experiment:
    """How m and v fill up under a steady gradient for any memories, and how long a step is without the correction."""
    t = np.unique(np.geomspace(1, steps, 500).round())
    at_50 = int(np.flatnonzero(t == 50)[0])
    looks = {"m": look("momentum"), "v": look("rmsprop"), "step": look("adam")}

    def scene() -> Scene:
        figure = new_figure(9.6, 3.9)
        artists: dict[str, Any] = {}
        full, length = figure.subplots(1, 2)
        full.set(ylim=(0, 1.18), title="How full are m and v?")
        full.set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
        length.set(yscale="log", ylim=(0.09, 20), title="How long is an uncorrected step?", ylabel="in step sizes $\\alpha$")
        length.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
        length.minorticks_off()
        length.axhspan(0.9, 1.1, color="#cccccc", zorder=0)
        length.text(4700, 0.83, "right to a tenth", color="#555555", fontsize=10, ha="right", va="top")
        for ax in (full, length):
            ax.set(xscale="log", xlim=(1, steps), xlabel="step t")
            ax.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
            ax.axvline(50, color="#8a8a8a", linewidth=1)
            ax.axhline(1, color="black", linestyle="--", linewidth=1.2)
        full.text(1.12, 1.03, "with correction", fontsize=10, va="bottom")
        length.text(1.12, 0.83, "with correction", fontsize=10, va="top")
        full.text(53, 1.16, "step 50", color="#555555", fontsize=10, va="top")
        for name, style in looks.items():
            ax = length if name == "step" else full
            (artists[name],) = ax.plot([], [], color=style.color, linewidth=2.4)
            (artists[f"{name} at 50"],) = ax.plot([], [], color=style.color, marker=style.marker, markersize=9, linestyle="none")
            artists[f"{name} told"] = ax.text(62, 1, "", color=style.color, fontsize=11, va="center", ha="right" if name == "v" else "left")
        (artists["top"],) = length.plot([], [], "o", color=looks["step"].color, markerfacecolor="white", markersize=7)
        artists["top told"] = length.text(1, 1, "", color=looks["step"].color, fontsize=10, va="center", ha="center")
        return Scene(figure, artists, f"Two panels over the step, on a logarithmic axis, under a steady gradient of {gradient:g}: how full "
                     "m and v are, and the length of the step; without correction m and v rise from near zero; dashed, "
                     "with correction, all are level from the first step; a line at step 50.")

    def update(artists: dict[str, Any], memory1: float, memory2: float) -> str:
        held = {"m": 1 - (1 - 1 / memory1) ** t, "v": 1 - (1 - 1 / memory2) ** t}
        held["step"] = held["m"] / held["v"] ** 0.5
        m, v, step = (held[name][at_50] for name in looks)
        for name in looks:
            artists[name].set_data(t, held[name])
            artists[f"{name} at 50"].set_data([50], [held[name][at_50]])
        top = int(held["step"].argmax())
        artists["top"].set_data(t[[top]], held["step"][[top]])
        artists["top told"].set_position((max(t[top], 7.0), min(16.0, 1.9 * held["step"][top])))
        artists["top told"].set_text(f"longest: {held['step'][top]:.1f} at step {t[top]:.0f}" if held["step"][top] > 1.1 else "")
        beside = (44.0, v + 0.08) if v < 0.6 else (620.0, 0.72)
        for name, at, text in (("m", (62.0, min(0.88, m - 0.07)), f"m holds {m:.1%}"), ("v", beside, f"v holds {v:.1%}"),
                               ("step", (62.0, min(11.0, 1.25 * step)), f"{step:.2f} step sizes")):
            artists[f"{name} told"].set_position(at)
            artists[f"{name} told"].set_text(text)
        return (f"beta1 = {1 - 1 / memory1:.4g}, beta2 = {1 - 1 / memory2:.4g}: at step 50, m holds {m:.1%} of the gradient and v {v:.1%} "
                f"of its square, so an uncorrected step is {step:.2f} step sizes long; the longest is {held['step'].max():.1f}.")

    return Experiment(scene, update, {"memory1": Slider("memory of m, steps", 1.0, 100.0, 10.0, log=True),
                                      "memory2": Slider("memory of v, steps", 1.0, 10_000.0, 1000.0, log=True)},
                      Goal("change the memory of v until the uncorrected step 50 is within a tenth of the right length.", _right_at_50))


def _right_at_50(memory1: float, memory2: float) -> bool:
    m, v = (1 - (1 - 1 / memory) ** 50 for memory in (memory1, memory2))
    return bool(0.9 <= m / v**0.5 <= 1.1)


def show_flow() -> None:
    """Show the flow picture of Adam: the gradient goes into two averages, both are kept and corrected, and they meet in the step."""
    show(_flow(), "A flow picture: the gradient goes into two boxes, its average m and the average of its square v; an arrow leads from "
         "each back into itself, kept for the next step; each is corrected for its start at 0 by the step number t, which grows by 1, "
         "and they meet in the step.")


def _flow() -> Figure:
    figure = new_figure(9.8, 3.9)
    ax = figure.add_subplot(xlim=(0, 11.9), ylim=(-0.45, 4.45))
    ax.axis("off")
    box(ax, 0.8, 2, "$g$\nthe gradient", "black", 1.5, 1.0)
    box(ax, 7.15, 2, "$t \\leftarrow t + 1$", "black", 1.5, 0.6)
    for y, name, words, rule in ((3.1, "m", "average of $g$ (lesson 7)", "momentum"), (0.9, "v", "average of $g^2$ (lesson 8)", "rmsprop")):
        color, out = look(rule).color, float(np.sign(y - 2))
        beta, square = ("\\beta_1", "") if name == "m" else ("\\beta_2", "^2")
        box(ax, 3.7, y, f"${name} \\leftarrow {beta}\\,{name} + (1-{beta})\\,g{square}$\n{words}", color, 3.0, 1.0)
        box(ax, 7.15, y, f"$\\hat {name} = {name} \\,/\\, (1-{beta}^t)$\ncorrected for its start at 0", color, 2.9, 1.0)
        arrow(ax, (1.55, 2), (2.2, y), color)
        arrow(ax, (5.2, y), (5.7, y), color)
        arrow(ax, (7.15, 2 + 0.3 * out), (7.15, y - 0.5 * out), "black")
        arrow(ax, (8.6, y), (9.35, 2 + 0.3 * out), color)
        back = f"arc3,rad={0.45 * out}"
        ax.annotate("", (2.8, y + 0.5 * out), (4.6, y + 0.5 * out), arrowprops={
            "arrowstyle": "-|>", "color": color, "lw": 1.6, "shrinkA": 0, "shrinkB": 0, "connectionstyle": back})
        ax.text(3.7, y + 1.08 * out, f"${name}$ is kept for the next step", color=color, ha="center", va="center", fontsize=9)
    step = "$\\theta \\leftarrow \\theta - \\alpha\\,\\dfrac{\\hat m}{\\sqrt{\\hat v} + \\epsilon}$"
    box(ax, 10.5, 2, step, look("adam").color, 2.3, 1.25)
    ax.set_title("Adam divides momentum's average by RMSprop's scale")
    return figure
