"""What opens lesson 9: four optimizers fit a line, and how the averages of Adam fill up; two experiments and a flow picture."""
from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from lessonlib.lessons.flow import arrow, box
from lessonlib.lessons.lesson09.heating import BETAS, RULES, STEPS, best_betas, days, tuned
from lessonlib.play.experiment import Choice, Experiment, Goal, Scene, Slider, new_figure
from lessonlib.plots import look, show

__all__ = ["NAMES", "filling", "four_lines", "show_flow"]

NAMES = {"sgd": "gradient descent", "momentum": "momentum", "rmsprop": "RMSprop", "adam": "Adam"}
COLD_TO_WARM = np.array([0.0, 100.0])
USUAL, BEST = "the usual", "the best of each"
LEFT = (1e-6, 400.0)  # shares of the first loss, as far as they are drawn


def four_lines() -> Experiment:
    """Four lines through forty days, and the share of the excess loss that is left, up to a chosen number of steps."""
    return Experiment(_lines_scene, _lines_update,
                      {"steps": Slider("steps", 0, STEPS, STEPS),
                       "betas": Choice("betas", [USUAL, BEST], USUAL)},
                      Goal("find a number of steps after which RMSprop's line fits better than Adam's.", _rmsprop_leads))


def _lines_scene() -> Scene:
    figure = new_figure(9.0, 4.2)
    left, right = figure.subplots(1, 2)
    left.plot(*days(), "o", color="#8a8a8a", markersize=4)
    left.set(xlim=(0, 100), ylim=(-3, 12), xlabel="temperature outside, \u00b0F", ylabel="gas, m\u00b3", title="The lines")
    right.set_xscale("symlog", linthresh=30, linscale=0.7)  # the goal lies in the first tenth of the steps
    right.set(yscale="log", xlim=(-0.7, STEPS), ylim=LEFT, xlabel="step", ylabel="share of the first excess loss", title="Excess loss left")
    right.set_xticks([0, 10, 20, 30, 100, 200, 300], ["0", "10", "20", "30", "100", "200", "300"])
    right.set_yticks([1e-6, 1e-4, 1e-2, 1, 100], ["$\\leq 10^{-6}$", "0.0001", "0.01", "1", "100"])
    artists: dict[str, Any] = {}
    for rule in RULES:
        style = look(rule)
        over = 4 if rule == "adam" else 3
        (artists[f"{rule} line"],) = left.plot([], [], color=style.color, linestyle=style.dash, linewidth=2)
        (artists[f"{rule} curve"],) = right.plot([], [], color=style.color, linestyle=style.dash, linewidth=1.6, zorder=over)
        (artists[f"{rule} end"],) = right.plot([], [], color=style.color, marker=style.marker, markersize=9, linestyle="none",
                                               zorder=over + 3, clip_on=False)
    handles = [artists[f"{rule} line"] for rule in RULES]
    figure.legend(handles=handles, labels=list(NAMES.values()), loc="outside lower center", ncols=4)
    return Scene(figure, artists, "Left, forty days as dots, gas against temperature, falling to the right, and the line of each of four "
                 "optimizers; right, on a logarithmic axis, the share of the first excess loss that each has left after each step.")


def _left(rule: str, steps: int, betas: str) -> float:
    """The share of the first excess loss that is left."""
    loss = tuned(rule, betas=betas == BEST).loss
    return float(loss[steps] / loss[0])


def _lines_update(artists: dict[str, Any], steps: int, betas: str) -> str:
    for rule in RULES:
        walk = tuned(rule, betas=betas == BEST)
        slope, intercept = walk.theta[steps]
        left = np.clip(walk.loss[: steps + 1] / walk.loss[0], *LEFT)
        artists[f"{rule} line"].set_data(COLD_TO_WARM, slope * COLD_TO_WARM + intercept)
        artists[f"{rule} curve"].set_data(np.arange(steps + 1), left)
        artists[f"{rule} end"].set_data([steps], left[-1:])
    shares = {rule: _left(rule, steps, betas) for rule in RULES}
    told = (f"{NAMES[rule]} {share:.1%}" if share > 5e-4 else f"{NAMES[rule]} under 0.1%" for rule, share in shares.items())
    return f"After {steps} steps{_with_betas() if betas == BEST else ''}, of the excess loss is left: {', '.join(told)}."


def _with_betas() -> str:
    """The betas that worked best, in words."""
    told = [f"{' and '.join(f'{best_betas(rule)[beta]:g}' for beta in BETAS[rule])} for {NAMES[rule]}" for rule in RULES if BETAS[rule]]
    return f" with the betas {', '.join(told)}"


def _rmsprop_leads(steps: int, betas: str) -> bool:
    return steps > 0 and _left("rmsprop", steps, betas) < _left("adam", steps, betas)


def filling(gradient: float = 3.0, steps: int = 5000) -> Experiment:
    """How m and v fill up under a steady gradient for any memories, and how long a step is without the correction."""
    t = np.unique(np.geomspace(1, steps, 500).round())
    wanted = {"m": gradient, "v": gradient**2, "step": 1.0}
    at_50 = int(np.flatnonzero(t == 50)[0])

    def scene() -> Scene:
        figure = new_figure(9.6, 3.7)
        artists: dict[str, Any] = {}
        units = {"m": "gradient", "v": "gradient squared", "step": "in units of the step size $\\alpha$"}
        for (name, right), ax in zip(wanted.items(), figure.subplots(1, 3), strict=True):
            ax.set(xscale="log", xlim=(1, steps), xlabel="step t", ylabel=units[name],
                   title="length of a step" if name == "step" else f"${name}$ and $\\hat {name}$")
            ax.set(yscale="log", ylim=(0.05, 50)) if name == "step" else ax.set(ylim=(0, 1.25 * right))
            ax.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
            ax.axvline(50, color="#8a8a8a", linewidth=1)
            note = ax.text(54, 33 if name == "step" else 1.12 * right, "step 50", color="#555555", fontsize=9)
            style = look({"m": "momentum", "v": "rmsprop", "step": "adam"}[name])
            ax.plot(t, np.full(len(t), right), color="black", linestyle="--", linewidth=1.2, label="corrected")
            (artists[name],) = ax.plot([], [], color=style.color, linewidth=2, label="without correction")
            (artists[f"{name} at 50"],) = ax.plot([], [], color=style.color, marker=style.marker, markersize=9, linestyle="none")
            if name == "step":
                ax.axhspan(0.9, 1.1, color="#cccccc", zorder=0)
                artists["note"] = note
        artists["m"].axes.legend(loc="lower right", fontsize=8.5)
        artists["step"].axes.set_yticks([0.1, 1, 10], ["0.1", "1", "10"])
        return Scene(figure, artists, f"Three panels over the step, on a logarithmic axis, under a steady gradient of {gradient:g}: m, v "
                     "and the length of the step; without correction m and v rise from near zero and the step is too long; dashed, "
                     "with correction, all are level from the first step; a line at step 50.")

    def update(artists: dict[str, Any], memory1: float, memory2: float) -> str:
        held = {"m": 1 - (1 - 1 / memory1) ** t, "v": 1 - (1 - 1 / memory2) ** t}
        held["step"] = held["m"] / held["v"] ** 0.5
        for name, right in wanted.items():
            artists[name].set_data(t, right * held[name])
            artists[f"{name} at 50"].set_data([50], [right * held[name][at_50]])
        m, v, step = (held[name][at_50] for name in wanted)
        artists["note"].set_text(f"step 50: {step:.2f}")
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
    ax.set_title("Adam, for each parameter: one average over the root of the other")
    return figure
