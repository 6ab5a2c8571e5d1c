"""Tables of how many steps it takes in lesson 8's turned ravine: by rule and angle, by memory, and by what is meant by arriving."""
from __future__ import annotations

from typing import Any

from lessonlib.lessons.lesson08.turned_ravine import steps_to_arrive
from lessonlib.rules import adam, momentum, rmsprop, sgd

__all__ = ["ANGLES", "by_angle", "by_definition", "by_memory", "by_shift"]

ANGLES = (0, 5, 15, 30, 45)


def by_angle() -> list[list[Any]]:
    """Return a row for each rule: its name and the steps that it takes at each of ANGLES, with the best step size there."""
    columns = {"gradient descent": (sgd, None), "momentum": (momentum, None), "RMSprop": (rmsprop, None), "Adam": (adam, None),
               "Adam, always 0.03": (adam, 0.03)}
    return [[name, *(steps_to_arrive(rule, angle, lr)[0] for angle in ANGLES)] for name, (rule, lr) in columns.items()]


def by_memory() -> list[list[Any]]:
    """Return a row for each beta2 of RMSprop, and gradient descent's: the steps at 0, 15 and 45 degrees."""
    rows = [[f"RMSprop, beta2 {beta2:g}", *(steps_to_arrive(rmsprop, angle, beta2=beta2)[0] for angle in (0, 15, 45))]
            for beta2 in (0.5, 0.9, 0.95, 0.99, 0.999)]
    return [*rows, ["gradient descent", *[steps_to_arrive(sgd, 0)[0]] * 3]]


def by_definition() -> list[list[Any]]:
    """Return a row for each number of steps that the loss must stay below the target: RMSprop's steps at 0, 15 and 45 degrees."""
    return [[hold, *(steps_to_arrive(rmsprop, angle, hold=hold)[0] for angle in (0, 15, 45))] for hold in (1, 100, 500)]


def by_shift() -> list[list[Any]]:
    """Return a row for 15 and for 45 degrees: RMSprop's steps with the starts as they are, and moved by one, two, three times 1e-11."""
    return [[angle, *(steps_to_arrive(rmsprop, angle, nudge=k * 1e-11)[0] for k in range(4))] for angle in (15, 45)]
