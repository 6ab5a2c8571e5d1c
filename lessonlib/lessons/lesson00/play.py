"""The experiment of lesson 0, its map of the course, and what it asks of a machine."""
from __future__ import annotations

from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from lessonlib import progress, rules
from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure
from lessonlib.play.panels import path_and_loss, show_run
from lessonlib.plots import look
from lessonlib.problems import ravine
from lessonlib.runner import Run, run

__all__ = ["COURSE", "NEEDED", "Lesson", "course_map", "done_so_far", "step_size", "versions"]

Array = np.ndarray[Any, Any]
NEEDED = {"numpy": (2, 0), "matplotlib": (3, 9), "ipywidgets": (7, 7), "torch": (2, 5)}


class Lesson(NamedTuple):
    """A lesson on the map: minutes are estimates; needs and helped_by are numbers of other lessons; (x, y) is where it stands."""

    number: int
    name: str
    question: str
    minutes: int
    x: float
    y: float
    look: str = ""
    needs: tuple[int, ...] = ()
    helped_by: tuple[int, ...] = ()


COURSE = (
    Lesson(0, "Start here", "How long may\na step be?", 30, 0, 0.5, "sgd"),
    Lesson(7, "Momentum", "Can a step\nremember?", 45, 1, 1, "momentum", needs=(0,)),
    Lesson(8, "RMSprop", "A step size for\neach coordinate?", 90, 1, 0, "rmsprop", needs=(0,), helped_by=(7,)),
    Lesson(9, "Adam", "Both at once?\nIs it better?", 55, 2, 0.5, "adam", needs=(7, 8)),
    Lesson(10, "AdamW", "How should\nweights decay?", 95, 3, 1, "adamw", needs=(9,)),
    Lesson(11, "GPU lab", "What does a\nstep cost?", 85, 3, 0, "", needs=(9,), helped_by=(10,)),
)


def versions() -> dict[str, tuple[str, bool]]:
    """Return for each package that the lessons need its version, empty if it is missing, and whether that is new enough."""
    found = {}
    for name, least in NEEDED.items():
        try:
            text = version(name)
        except PackageNotFoundError:
            text = ""
        numbers = [int(part) for part in text.split(".")[:2] if part.isdigit()]
        found[name] = (text, tuple(numbers) >= least)
    return found


def course_map() -> Figure:
    """Return the map of the course: a box for each lesson with its question and minutes, an arrow for what it needs."""
    width, height = 0.76, 0.68
    figure = new_figure(8, 3.6)
    ax = figure.add_subplot(xlim=(-0.42, 3.42), ylim=(-0.42, 1.42))
    ax.axis("off")
    place = {lesson.number: lesson for lesson in COURSE}
    for lesson in COURSE:
        color = look(lesson.look).color
        ax.add_patch(_box(lesson.x - width / 2, lesson.y - height / 2, width, height, color))
        ax.text(lesson.x, lesson.y + 0.21, f"{lesson.number}  {lesson.name}", ha="center", va="center", weight="bold", color=color)
        ax.text(lesson.x, lesson.y - 0.005, lesson.question, ha="center", va="center", fontsize=9.5, linespacing=1.15)
        ax.text(lesson.x, lesson.y - 0.245, f"{lesson.minutes} min", ha="center", va="center", fontsize=9, color="#444444")
        for number in lesson.needs + lesson.helped_by:
            other, dash = place[number], "-" if number in lesson.needs else (0, (2, 2))
            if other.x == lesson.x:
                ends = (other.x, other.y - height / 2), (lesson.x, lesson.y + height / 2)
            else:
                ends = ((other.x + width / 2, other.y + 0.3 * (lesson.y - other.y)),
                        (lesson.x - width / 2, lesson.y - 0.3 * (lesson.y - other.y)))
            ax.annotate("", ends[1], ends[0], arrowprops={"arrowstyle": "-|>", "linestyle": dash, "color": "#444444", "lw": 1.4,
                                                          "shrinkA": 1, "shrinkB": 1})
    ax.set_title("Two ideas meet in lesson 9 (solid: needed before; dashed: helps)")
    return figure


def done_so_far() -> list[list[Any]]:
    """Return a row for each lesson: its name, and how many checks, goals and predictions of it are done on this machine."""
    rows = []
    for lesson in COURSE:
        mine = [progress.done(name) for name in progress.lessons() if Path(name).name.startswith(f"{lesson.number:02}_")]
        rows.append([f"{lesson.number} {lesson.name}", *(sum(len(done.get(kind, {})) for done in mine) for kind in progress.KINDS)])
    return rows


def _box(x: float, y: float, width: float, height: float, color: str) -> Any:
    return FancyBboxPatch((x, y), width, height, boxstyle="round,pad=0,rounding_size=0.05", facecolor="white", edgecolor=color,
                          linewidth=1.8)


STEPS, TARGET = 60, 1e-7  # of the experiment


@lru_cache(maxsize=4)
def _descent(lr: float, steep: float) -> Run:
    return run(rules.sgd, ravine(steep), steps=STEPS, lr=lr)


def _rings(steep: float) -> Array:
    """Height lines of the valley, one after the other, with a gap between two: (2, points)."""
    turn = np.linspace(0, 2 * np.pi, 121)
    radii = np.sqrt(1 + steep) * 2.0 ** np.arange(1, -5, -1)
    gap = np.full((2, 1), np.nan)
    return np.concatenate([part for r in radii for part in ([r * np.cos(turn), r / steep**0.5 * np.sin(turn)], gap)], axis=1)


def _step_size_scene() -> Scene:
    figure = new_figure(7.6, 3.9)
    left, artists = path_and_loss(figure, "sgd", steps=STEPS, target=TARGET, widths=(1, 1.15))
    left.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), xlabel="$\\theta_1$ (along)", ylabel="$\\theta_2$ (across)")
    left.grid(visible=False)
    left.plot(0, 0, color="black", marker="*", markersize=13, linestyle="none")
    (artists["lines"],) = left.plot([], [], color="#aaaaaa", linewidth=0.8, zorder=1)
    return Scene(figure, artists,
                 f"Left, the path of gradient descent over the height lines of a valley; right, the loss over {STEPS} steps on a "
                 f"logarithmic scale and a line at {TARGET:g}.", {"lines": ["steep"]})


def _step_size_update(artists: dict[str, Any], lr: float, steep: float) -> str:
    result = _descent(lr, steep)
    show_run(artists, result)
    if "lines" in artists:
        artists["lines"].set_data(*_rings(steep))
    along, across = (round(1 - lr * curvature, 3) + 0.0 for curvature in (1.0, steep))
    return (f"Each step multiplies the distance along the valley by {along:g} and across it by {across:g}. "
            f"Loss after {STEPS} steps: {result.loss[-1]:.1e}.")


def step_size() -> Experiment:
    """Gradient descent in a valley of curvature 1 along and a chosen one across: the path, and the loss against the step."""
    return Experiment(_step_size_scene, _step_size_update,
                      {"lr": Slider("step size lr", 0.002, 2.0, 0.02, log=True),
                       "steep": Slider("curvature across", 1.0, 100.0, 10.0, log=True)},
                      Goal(f"with a curvature of 10 or more across the valley, loss below {TARGET:g} after {STEPS} steps.",
                           lambda lr, steep: steep > 9.99 and bool(_descent(lr, steep).loss[-1] < TARGET)))
