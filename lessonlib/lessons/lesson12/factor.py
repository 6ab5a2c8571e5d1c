"""The idea of lesson 12 in one picture: what a gradient does to a circle, and what its orthogonal factor does."""
from __future__ import annotations

from typing import Any

import numpy as np

from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show

__all__ = ["exact", "show_circles"]

Array = np.ndarray[Any, Any]


def exact(x: Array) -> Array:
    """Return the exact orthogonal factor of a matrix: its singular vectors, with every singular value 1; (rows, columns).

    >>> exact(np.diag([300.0, 0.3])).tolist()
    [[1.0, 0.0], [0.0, 1.0]]
    """
    u, _, vt = np.linalg.svd(x, full_matrices=False)
    return np.asarray(u @ vt)


def show_circles() -> None:
    """Show what a gradient makes of the points of a circle, and what its orthogonal factor makes of them."""
    gradient = _turn(35) @ np.diag([3.0, 0.75]) @ _turn(50)
    points = np.array([f(np.linspace(0, 2 * np.pi, 25)) for f in (np.cos, np.sin)])
    figure = new_figure(8.6, 3.7)
    style = look("muon")
    panels = ((np.eye(2), "Vectors of length 1"), (gradient, "times a gradient"), (exact(gradient), "times its orthogonal factor"))
    for ax, (matrix, title) in zip(figure.subplots(1, 3), panels, strict=True):
        moved = matrix @ points
        ax.plot(*moved, color=style.color, linewidth=1, marker="o", markersize=4)
        ax.plot(*moved[:, 0], color=style.color, markerfacecolor="white", marker="s", markersize=9, markeredgewidth=2, zorder=5)
        if title != panels[0][1]:
            for value, axis in zip((3.0, 0.75) if matrix is gradient else (1, 1), (_turn(35) @ np.eye(2)).T, strict=True):
                ax.annotate("", value * axis, (0, 0), arrowprops={"arrowstyle": "-|>", "color": "black", "lw": 1.6, "shrinkA": 0,
                                                                  "shrinkB": 0})
                ax.text(*((value + 0.45) * axis), f"{value:g}", weight="bold", ha="center", va="center")
        ax.set(xlim=(-3.6, 3.6), ylim=(-3.6, 3.6), aspect="equal", title=title, xlabel="first number", xticks=(-2, 0, 2), yticks=(-2, 0, 2))
    figure.axes[0].set_ylabel("second number")
    show(figure, "Three panels: the points of a circle of radius 1; the ellipse that a gradient makes of it, with half-axes of 3 and 0.75; "
         "and the circle that the orthogonal factor makes of it, with the same two axes, both of length 1.")


def _turn(degrees: float) -> Array:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s], [s, c]])
