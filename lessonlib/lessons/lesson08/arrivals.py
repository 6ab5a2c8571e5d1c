"""A table of how many steps it takes in lesson 8's turned ravine, by rule and angle."""
from __future__ import annotations

from typing import Any

from lessonlib.lessons.lesson08.turned_ravine import steps_to_arrive
from lessonlib.rules import adam, momentum, rmsprop, sgd

__all__ = ["ANGLES", "by_angle"]

ANGLES = (0, 5, 15, 30, 45)


def by_angle() -> list[list[Any]]:
    """Return a row for each rule: its name and the steps that it takes at each of ANGLES, with the best step size there."""
    columns = {"gradient descent": (sgd, None), "momentum": (momentum, None), "RMSprop": (rmsprop, None), "Adam": (adam, None),
               "Adam, always 0.03": (adam, 0.03)}
    return [[name, *(steps_to_arrive(rule, angle, lr)[0] for angle in ANGLES)] for name, (rule, lr) in columns.items()]
