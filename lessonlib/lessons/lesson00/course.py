"""The map of the course, and on it what this learner has done."""
from __future__ import annotations

from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, Rectangle

from lessonlib import progress
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show

__all__ = ["COURSE", "Lesson", "course_map", "done_of", "show_map"]

WIDTH, HEIGHT, GREY = 0.8, 0.8, "#444444"  # of a box, and the colour of what is small


class Lesson(NamedTuple):
    """A lesson on the map.

    minutes: an estimate, with the exercises. things: how many predictions, goals and exercises its main notebook has. (x, y): where it
    stands. needs, helped_by: numbers of other lessons.
    """

    number: int
    name: str
    question: str
    minutes: int
    things: int
    x: float
    y: float
    look: str = ""
    needs: tuple[int, ...] = ()
    helped_by: tuple[int, ...] = ()


COURSE = (
    Lesson(0, "Start here", "How large may\nthe step size be?", 40, 10, 0, 0.5, "sgd"),
    Lesson(7, "Momentum", "Can a step\nremember?", 50, 15, 1, 1, "momentum", needs=(0,)),
    Lesson(8, "RMSprop", "A step size for\neach parameter?", 55, 16, 1, 0, "rmsprop", needs=(0,), helped_by=(7,)),
    Lesson(9, "Adam", "Both at once?\nIs it better?", 58, 13, 2, 0.5, "adam", needs=(7, 8)),
    Lesson(10, "AdamW", "How should\nweights decay?", 55, 13, 3, 1, "adamw", needs=(9,)),
    Lesson(11, "GPU lab", "What does a\nstep cost?", 60, 15, 3, 0, "", needs=(9,), helped_by=(10,)),
    Lesson(12, "After AdamW", "Is a new one\nbetter?", 60, 13, 4, 0.5, "muon", needs=(10,), helped_by=(11,)),
)


def done_of(lesson: Lesson) -> int:
    """Return how many of the things of a lesson's main notebook are done on this machine: predictions, goals and exercises."""
    names = [name for name in progress.lessons() if name.startswith(f"{lesson.number:02}_")]
    found = sum(len(progress.done(name).get(kind, {})) for name in names for kind in progress.KINDS)
    return min(found, lesson.things)


def show_map() -> None:
    """Show the map of the course, with what this learner has done."""
    told = ", ".join(f"{lesson.name} {done_of(lesson)} of {lesson.things}" for lesson in COURSE)
    show(course_map(), "Map of the course. Lesson 0 leads to lesson 7, Momentum, and to lesson 8, RMSprop; both lead to lesson 9, Adam; "
         f"9 leads to lesson 10, AdamW, and to lesson 11, the GPU lab; 10 leads to lesson 12, After AdamW. Lesson 7 helps with 8, 10 with "
         f"11, and 11 with 12. Done so far: {told}.")


def course_map() -> Figure:
    """Return the map: a box for each lesson with its question, its minutes and a bar of what is done, an arrow from what comes before."""
    figure = new_figure(9.8, 4.0)
    ax = figure.add_subplot(xlim=(-0.44, 4.44), ylim=(-0.64, 1.46))
    ax.axis("off")
    place = {lesson.number: lesson for lesson in COURSE}
    for lesson in COURSE:
        _box(ax, lesson, done_of(lesson))
        for number in lesson.needs + lesson.helped_by:
            _arrow(ax, place[number], lesson, dashed=number in lesson.helped_by)
    ax.set_title("What each lesson asks", fontsize=11)
    ax.annotate("you are here", (0, 0.5 - HEIGHT / 2), (0, -0.28), ha="center", va="center", weight="bold",
                arrowprops={"arrowstyle": "-|>", "color": "black", "lw": 1.8})
    ax.text(2.2, -0.55, "Solid arrow: builds on that lesson. Dashed arrow: that lesson helps. The bar fills with what you do.", ha="center",
            va="center", fontsize=9.5, color=GREY)
    return figure


def _box(ax: Axes, lesson: Lesson, done: int) -> None:
    color, left, bottom = look(lesson.look).color, lesson.x - WIDTH / 2, lesson.y - HEIGHT / 2
    ax.add_patch(FancyBboxPatch((left, bottom), WIDTH, HEIGHT, boxstyle="round,pad=0,rounding_size=0.05", facecolor="white",
                                edgecolor=color, linewidth=1.8))
    ready = "\u2713 " if done == lesson.things else ""
    ax.text(lesson.x, lesson.y + 0.28, f"{ready}{lesson.number}  {lesson.name}", ha="center", va="center", weight="bold", color=color,
            fontsize=9.5)
    ax.text(lesson.x, lesson.y + 0.08, lesson.question, ha="center", va="center", fontsize=9.5, linespacing=1.15)
    ax.text(lesson.x, lesson.y - 0.14, f"{lesson.minutes} min, {done} of {lesson.things} tasks", ha="center", va="center", fontsize=9,
            color=GREY)
    bar: dict[str, Any] = {"height": 0.08, "linewidth": 0.8, "edgecolor": color}
    ax.add_patch(Rectangle((left + 0.06, bottom + 0.07), WIDTH - 0.12, facecolor="white", **bar))
    ax.add_patch(Rectangle((left + 0.06, bottom + 0.07), (WIDTH - 0.12) * done / lesson.things, facecolor=color, **bar))


def _arrow(ax: Axes, other: Lesson, lesson: Lesson, *, dashed: bool) -> None:
    if other.x == lesson.x:
        ends = (other.x, other.y - HEIGHT / 2), (lesson.x, lesson.y + HEIGHT / 2)
    else:
        ends = ((other.x + WIDTH / 2, other.y + 0.3 * (lesson.y - other.y)), (lesson.x - WIDTH / 2, lesson.y - 0.3 * (lesson.y - other.y)))
    ax.annotate("", ends[1], ends[0], arrowprops={"arrowstyle": "-|>", "linestyle": (0, (2, 2)) if dashed else "-", "color": GREY,
                                                  "lw": 1.4, "shrinkA": 1, "shrinkB": 1})
