"""What opens lesson 11: a transformer that learns to write, as it was recorded, and what simple tables of counts know."""
from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from lessonlib.data import recorded, text
from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure
from lessonlib.plots import look

__all__ = ["LETTERS", "LEVEL_NAMES", "PAIRS", "learns_to_write", "levels"]

LETTERS, PAIRS = "table of letters", "table of pairs"
LEVEL_NAMES = ("blind guess", LETTERS, PAIRS)
WIDTH, LINES = 29, 9  # of the text beside the curve, in characters and lines


@cache
def levels() -> dict[str, float]:
    """Return the test loss, in nats a character, of three tables of counts from the training text.

    0.1 is added to every count of a pair, so that a pair that was never seen does not cost infinitely much.

    >>> [round(loss, 2) for loss in levels().values()]
    [4.09, 3.04, 2.28]
    """
    book = text()
    letters = sorted(set(book))
    places = np.searchsorted(letters, list(book))
    cut, n = len(places) * 9 // 10, len(letters)
    seen, test = places[:cut], places[cut:]
    pairs = np.bincount(n * seen[:-1] + seen[1:], minlength=n * n).reshape(n, n) + 0.1
    often, after = pairs.sum(0) / pairs.sum(), pairs / pairs.sum(1, keepdims=True)
    losses = (math.log(n), -np.log(often[test]).mean(), -np.log(after[test[:-1], test[1:]]).mean())
    return {name: float(loss) for name, loss in zip(LEVEL_NAMES, losses, strict=True)}


def _story(record: Mapping[str, Any] | None) -> dict[str, Any]:
    found = recorded("lab_cpu.json") if record is None else record
    assert found is not None
    return dict(found["story"])


def learns_to_write(record: Mapping[str, Any] | None = None) -> Experiment:
    """The test loss of a transformer over its training, and what it writes at the chosen step; record: of authoring/record_lab.py."""
    story = _story(record)
    steps, losses = story["steps"], story["test"]
    below = next((step for step, loss in zip(steps, losses, strict=True) if loss < levels()[PAIRS]), steps[-1])

    def scene() -> Scene:
        figure = new_figure(8.6, 3.9)
        left, right = figure.subplots(1, 2)
        left.set(xlim=(0, steps[-1]), ylim=(1.6, 4.3), xlabel="step", ylabel="test loss, nats a character",
                 title="The loss, beside what tables know")
        for name, loss in levels().items():
            left.axhline(loss, color="#777777", linewidth=1.2)
            left.text(steps[-1], loss + 0.04, name, ha="right", color="#333333", fontsize=11)
        right.set(xlim=(0, 1), ylim=(0, 1), xticks=[], yticks=[], title="What it writes at this step", facecolor="#f4f1ea")
        right.grid(visible=False)
        for spine in right.spines.values():
            spine.set_visible(False)  # a page, and no empty plot
        style = look("adamw")
        (curve,) = left.plot([], [], color=style.color, linestyle=style.dash)
        (here,) = left.plot([], [], color=style.color, marker=style.marker, markersize=10, linestyle="none", zorder=5)
        written = right.text(0.03, 0.94, "", va="top", family="monospace", fontsize=14, linespacing=1.7)
        return Scene(figure, {"curve": curve, "here": here, "written": written},
                     "Left, the test loss of a transformer over its training steps, with three level lines of what tables of counts know; "
                     "right, the text that it writes at the chosen step.")

    def update(artists: dict[str, Any], step: int) -> str:
        i = steps.index(step)
        artists["curve"].set_data(steps[: i + 1], losses[: i + 1])
        artists["here"].set_data([step], [losses[i]])
        artists["written"].set_text(_wrapped(story["texts"][i]))
        beaten = [name for name in (LETTERS, PAIRS) if losses[i] < levels()[name]]
        told = f"below the {beaten[-1]}" if beaten else "above both tables"
        return f"Step {step}: test loss {losses[i]:.2f} nats a character, {told}. It writes: {' '.join(story['texts'][i].split())}"

    each = steps[1] - steps[0]
    return Experiment(scene, update, {"step": Slider("step", 0, steps[-1], 0, step=each)},
                      Goal("find the first step at which its loss is below that of a table of pairs.", lambda step: step == below),
                      {"step": 100})


def _wrapped(written: str) -> str:
    """The text in lines that fit; a dollar would begin mathematics, and there is none in the book."""
    lines = [piece for line in written.splitlines() for piece in textwrap.wrap(line, WIDTH) or [""]]
    return "\n".join(lines[:LINES])
