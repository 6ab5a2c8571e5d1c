"""The experiments of lesson 10, AdamW, on weights that shrink; each is a function that returns an Experiment."""
from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure
from lessonlib.plots import look

__all__ = ["grokking", "left_of_the_start", "reached"]

Array = np.ndarray[Any, Any]
CLASSES = 59  # of the table that the networks learn


@dataclass(frozen=True)
class _Grokking:
    """The experiment `grokking`: groups of recorded trainings, and the rule whose colour each has."""

    grown: Mapping[str, Any]
    colors: Mapping[str, str]

    @property
    def last(self) -> int:
        """The last recorded step of all."""
        return int(max(result.steps[-1] for result in self.grown.values()))

    def scene(self) -> Scene:
        figure = new_figure(7.2, 4.0)
        ax = figure.add_subplot(xlim=(0, self.last), ylim=(-0.03, 1.06), xlabel="step", ylabel="accuracy",
                                title="First it learns by heart, much later it understands")
        artists: dict[str, Any] = {}
        for name, result in self.grown.items():
            style = look(self.colors[name])
            for k in range(result.test_accuracy.shape[1]):
                (artists[f"{name} train {k}"],) = ax.plot([], [], color="#9a9a9a", linewidth=1, zorder=2)
                (artists[f"{name} {k}"],) = ax.plot([], [], color=style.color, linestyle=style.dash, linewidth=1.8, zorder=3)
            ax.plot([], [], color=style.color, linestyle=style.dash, label=f"{name}, unseen pairs")
        ax.plot([], [], color="#9a9a9a", linewidth=1, label="all, training pairs")
        ax.axhline(1 / CLASSES, color="black", linewidth=0.8, zorder=1)
        ax.text(self.last * 0.99, 1 / CLASSES + 0.015, "chance", fontsize=9, ha="right")
        (artists["now"],) = ax.plot([], [], color="#777777", linewidth=1, linestyle=":", zorder=1, label="the step of the slider")
        figure.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=2)
        return Scene(figure, artists, "Accuracy against step: on training pairs it is perfect within a hundred steps; on pairs never seen "
                     "it stays near chance for hundreds of steps and then rises to nearly one, except without decay.")

    def known(self, step: int) -> dict[str, tuple[float, float]]:
        """Mean accuracy of each group on the training pairs and on the others, at its last record up to a step."""
        out = {}
        for name, result in self.grown.items():
            there = np.flatnonzero((result.steps <= step) & np.isfinite(result.test_accuracy).all(1))
            row = there[-1] if len(there) else 0
            out[name] = float(result.train_accuracy[row].mean()), float(result.test_accuracy[row].mean())
        return out

    def update(self, artists: dict[str, Any], step: int) -> str:
        for name, result in self.grown.items():
            seen = result.steps <= step
            for k in range(result.test_accuracy.shape[1]):
                artists[f"{name} train {k}"].set_data(result.steps[seen], result.train_accuracy[seen, k])
                artists[f"{name} {k}"].set_data(result.steps[seen], result.test_accuracy[seen, k])
        artists["now"].set_data([step, step], [-0.03, 1.06])
        told = [f"{name}, {train:.0%} and {test:.0%}" for name, (train, test) in self.known(step).items()]
        return f"By step {step}, right on training pairs and on unseen pairs: {'; '.join(told)}."

    def met(self, step: int) -> bool:
        return all(train > 0.99 and test < 0.5 for train, test in self.known(step).values())


def grokking(grown: Mapping[str, Any], colors: Mapping[str, str]) -> Experiment:
    """Accuracy on the training pairs and on pairs never seen, as networks trained: slide to see it come.

    grown: a label for each group of trainings -> what came of it: anything with steps (R,), evenly spaced, and train_accuracy and
    test_accuracy (R, seeds), NaN where training has not come that far. colors: the same labels -> the rule whose colour a group has.
    """
    play = _Grokking(grown, colors)
    every = int(np.diff(next(iter(grown.values())).steps)[0])
    return Experiment(play.scene, play.update, {"step": Slider("step", 0, play.last, play.last, step=every)},
                      Goal("find a step at which every network knows its training pairs and still fails on most of the others.", play.met))


def reached(accuracy: Array, steps: Array, share: float = 0.95) -> list[int | None]:
    """Return for each seed the first recorded step at which this share was right, or None. accuracy: (R, seeds); steps: (R,)."""
    return [int(steps[(a >= share).argmax()]) if (a >= share).any() else None for a in accuracy.T]


RUN = 10_000  # steps of the run whose start is forgotten


def _start_scene() -> Scene:
    figure = new_figure(7.2, 3.9)
    ax = figure.add_subplot(xlim=(0, RUN), ylim=(0, 1.18), ylabel="share of the start that is left", xlabel="step",
                            title="After one memory, 37 % of the start is left")
    ax.set_xticks(range(0, RUN + 1, 2000), [f"{t:,}" for t in range(0, RUN + 1, 2000)])
    ax.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])  # the room above is for the readings
    style, t = look("adamw"), np.linspace(0, RUN, 400)
    ax.plot(t, (1 - 1e-5) ** t, color="#8a8a8a", linewidth=1.5, linestyle="--")
    ax.text(RUN * 0.97, 0.88, "torch's defaults", color="#555555", fontsize=10, ha="right", va="top")
    (line,) = ax.plot([], [], color=style.color)
    (end,) = ax.plot([], [], color=style.color, marker=style.marker, markersize=10, linestyle="none", clip_on=False, zorder=5)
    (mark,) = ax.plot([], [], color="#555555", linewidth=1.2, linestyle=":", marker="o", markersize=7, markevery=[1])
    word = ax.text(0, 0.43, "", color="#333333", fontsize=11, va="bottom")
    left = ax.text(0.985 * RUN, 0, "", color=style.color, fontsize=11, ha="right", va="bottom")
    note = ax.text(0.985 * RUN, 1.08, "", fontsize=11, ha="right", va="center")
    return Scene(figure, {"line": line, "end": end, "mark": mark, "word": word, "left": left, "note": note},
                 "The share of the starting weights that is left against the step: a falling curve with a mark at its end, and a dotted "
                 "line at 1 / (lr * decay), where 37 % is left; dashed, nearly level, the same at torch's defaults.")


def _left(lr: float, decay: float) -> float:
    """The share of the start that is left at the end."""
    return float(max(0.0, 1 - lr * decay) ** RUN)


def _start_update(artists: dict[str, Any], lr: float, decay: float) -> str:
    t, memory, left = np.linspace(0, RUN, 400), 1 / (lr * decay), _left(lr, decay)
    artists["line"].set_data(t, max(0.0, 1 - lr * decay) ** t)
    artists["end"].set_data([RUN], [left])
    artists["left"].set_position((0.985 * RUN, left + 0.07 if left < 0.25 else left - 0.12))
    artists["left"].set_text(f"left at the end: {left:.1%}")
    artists["mark"].set_data([memory, memory], [0, math.exp(-1)])
    artists["word"].set_position((memory + 0.015 * RUN, 0.41))
    artists["word"].set_text("after one memory" if memory <= 0.75 * RUN else "")  # further right stands what is left
    artists["note"].set_text(f"step size {lr:.3g}, decay {decay:.3g}: memory {memory:,.0f} steps")
    return f"lr {lr:.3g}, decay {decay:.3g}: memory {memory:,.0f} steps; {left:.1%} of the start is left after {RUN:,} steps."


def left_of_the_start() -> Experiment:
    """How much of its starting weights a run of AdamW still has at each step: they are forgotten with a memory of 1 / (lr * decay)."""
    return Experiment(_start_scene, _start_update,
                      {"lr": Slider("step size lr", 1e-5, 1e-1, 1e-3, log=True, step=0.05),
                       "decay": Slider("weight decay", 1e-4, 10.0, 10**-0.5, log=True, step=0.05)},
                      Goal("at a step size of 0.001, find a decay whose memory is about as long as the run (30 to 45 % left).",
                           lambda lr, decay: 0.999e-3 <= lr <= 1.001e-3 and 0.3 <= _left(lr, decay) <= 0.45))
