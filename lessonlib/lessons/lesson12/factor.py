"""The idea of lesson 12 in one picture: what a gradient does to a circle, and what its orthogonal factor does."""
from __future__ import annotations

from typing import Any

import numpy as np

from lessonlib.lessons.lesson12 import ravine
from lessonlib.play.experiment import new_figure
from lessonlib.plots import show
from lessonlib.rules import orthogonal

__all__ = ["exact", "moved", "show_circles"]

Array = np.ndarray[Any, Any]
COLORS = {"p": "#00707f", "q": "#8a4fbf"}  # of no rule


def exact(x: Array) -> Array:
    """Return the exact orthogonal factor of a matrix: its singular vectors, with every singular value 1; (rows, columns).

    >>> exact(np.diag([300.0, 0.3])).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    u, _, vt = np.linalg.svd(x, full_matrices=False)
    return np.asarray(u @ vt)


def moved() -> list[list[Any]]:
    """Return rows for the first gradient of lesson 12's tasks, for its factor, and for that by Muon's five steps: how far a step along
    each moves the output of an input of length 1, along the strongest and the weakest direction of the inputs, over the first of the two.
    The median of three tasks.
    """
    w, curvature = ravine.task(turned=True, scale=1.0)
    gradient, directions = -(w @ curvature)[:, 0], np.linalg.svd(curvature[:, 0]).U  # of the first matrix, where every weight is 0
    rows: list[list[Any]] = []
    for name, step in (("the gradient", gradient), ("its factor", exact(gradient)),
                       ("its factor by Muon's five steps", orthogonal(gradient))):
        outputs = np.linalg.norm(step @ directions, axis=-2)  # (tasks, directions)
        rows.append([name, *np.median(outputs / outputs[:, :1], axis=0)[[0, -1]]])
    return rows


def show_circles() -> None:
    """Show what a gradient makes of the points of a circle, and what its orthogonal factor makes of them."""
    ends, lengths, starts = _turn(25), (3.0, 0.75), _turn(-10)  # the columns of U, S, and the columns of V
    gradient = ends @ np.diag(lengths) @ starts.T
    points = np.array([f(np.linspace(0, 2 * np.pi, 200)) for f in (np.cos, np.sin)])
    figure = new_figure(8.6, 3.0)
    panels = ((np.eye(2), starts, (1, 1), "vectors of length 1, $V$"), (gradient, ends, lengths, "times the gradient, $gV = US$"),
              (exact(gradient), ends, (1, 1), "times its factor, $UV^\\top V = U$"))
    for ax, (matrix, axes, values, title) in zip(figure.subplots(1, 3), panels, strict=True):
        ax.plot(*(matrix @ points), color="#9a9a9a", linewidth=1.5)
        for name, value, axis in zip("pq", values, axes.T, strict=True):
            color = COLORS[name]
            ax.annotate("", value * axis, (0, 0), arrowprops={"arrowstyle": "-|>", "color": color, "lw": 2.5, "shrinkA": 0, "shrinkB": 0})
            beyond = 0.45 + 0.35 * abs(axis[0]) + 0.3 * (value < 1)  # more to the side, where the label is wide
            ax.text(*((value + beyond) * axis), f"{name}: {value:g}", color=color, weight="bold", fontsize=12, ha="center", va="center")
        ax.set(xlim=(-3.9, 3.9), ylim=(-2.6, 2.6), aspect="equal", xticks=(-2, 0, 2), yticks=(-2, 0, 2))
        ax.set_title(title, fontsize=11, weight="normal")
    figure.suptitle("The factor keeps the directions and makes the lengths alike", weight="bold", fontsize=13)
    show(figure, "Three panels with the same two vectors, p and q, as arrows: in the first both have length 1 on a circle; in the second a "
         "gradient has made an ellipse of it, and they are its half-axes, of length 3 and 0.75; in the third the orthogonal factor has "
         "made a circle of it, and they lie as in the second panel, both of length 1.")


def _turn(degrees: float) -> Array:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s], [s, c]])
