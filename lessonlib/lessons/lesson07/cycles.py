"""Valleys on which a setting of momentum goes round for ever, and what is left of its square root where there is none.

After Goujaud, Taylor and Dieuleveut 2023, arXiv:2307.11291, whose abstract says that no setting keeps the square root on all such
valleys. That a valley has these curvatures and this cycle is not taken from there: the tests measure it.
"""
from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from lessonlib.lessons.lesson07 import play
from lessonlib.play.experiment import new_figure
from lessonlib.plots import contours, look, show
from lessonlib.problems import Problem

__all__ = ["KAPPAS", "corners", "gain", "goes_round", "show_cycle", "show_gains", "valley"]

Array = np.ndarray[Any, Any]
KAPPAS = (10, 100, 1000, 10_000)
LARGEST = 200  # points of a cycle that are looked for


def _pull(lr: Any, beta1: Any, kappa: float, points: int) -> Any:
    """The complex number that takes a point of the cycle to the corner of the polygon that is to be nearest to it."""
    turn = np.exp(2j * np.pi / points)
    gradient = (1 + beta1 - turn - beta1 / turn) / (lr * (1 - beta1))  # what keeps momentum on the circle, times the place
    return (gradient - 1) / (kappa - 1)


def goes_round(lr: Any, beta1: Any, kappa: float, points: int) -> Any:
    """Return whether `valley` has a cycle of momentum with this number of points, at this setting.

    So it is if the corner that belongs to a point of the cycle is the nearest place of the polygon: seen from the corner, the point
    makes no acute angle with the two edges that meet there.

    >>> bool(goes_round(*play.best(25), 25, 3)), bool(goes_round(0.08, play.best(25)[1], 25, 3))
    (True, False)
    """
    at, turn = _pull(lr, beta1, kappa, points), np.exp(2j * np.pi / points)
    edges = (at * (turn - 1), at * (1 / turn - 1))
    return np.logical_and(*(((1 - at) * np.conj(edge)).real <= 1e-12 for edge in edges))


def corners(lr: float, beta1: float, kappa: float, points: int) -> Array:
    """Return the corners (points, 2) of the polygon of `valley`, in the order in which momentum passes them."""
    at = _pull(lr, beta1, kappa, points) * np.exp(2j * np.pi * np.arange(points) / points)
    return np.stack([at.real, at.imag], axis=-1)


def valley(lr: float, beta1: float, kappa: float, points: int) -> Problem:
    """Return a smooth valley over the plane with curvatures between 1 and kappa, minimum 0, made for a setting of momentum.

    Its gradient is theta + (kappa - 1) * p, with p the point of a filled polygon that is nearest to theta. Where `goes_round` holds,
    momentum walks on the corners of a polygon on the circle of radius 1 if it starts on it.
    """
    ends = corners(lr, beta1, kappa, points)
    along = np.roll(ends, -1, axis=0) - ends

    def nearest(theta: Array) -> Array:
        off = theta[..., None, :] - ends
        share = np.clip((off * along).sum(-1) / (along**2).sum(-1), 0, 1)
        edge = ends + share[..., None] * along
        best = ((theta[..., None, :] - edge) ** 2).sum(-1).argmin(-1)
        onto = np.take_along_axis(edge, best[..., None, None], axis=-2)[..., 0, :]
        inside = (along[:, 0] * off[..., 1] - along[:, 1] * off[..., 0] >= 0).all(-1)
        return np.where(inside[..., None], theta, onto)

    def grad(theta: Array, rng: np.random.Generator) -> Array:  # noqa: ARG001 - no noise here
        return theta + (kappa - 1) * nearest(theta)

    def loss(theta: Array) -> Array:
        return np.asarray(kappa * (theta**2).sum(-1) - (kappa - 1) * ((theta - nearest(theta)) ** 2).sum(-1)) / 2

    return Problem("a valley made for one setting", loss, grad, np.array([1.0, 0.0]), np.zeros(2))


@cache
def gain(kappa: float, fine: int = 120, rounds: int = 4) -> tuple[float, float, float]:
    """Return how many times as fast as gradient descent's best momentum is, in the long run: three numbers of two kinds.

    On quadratics with its best setting; on quadratics with the best setting for which no valley with a cycle of 3 to 200 points is
    found, so about the most on all valleys; Nesterov's form as it is guaranteed, so at least this on all valleys: 1 - kappa**-0.5 of the
    loss is left by a step, Nesterov 2004, section 2.2. The second asks a grid of fine * fine settings, and then finer ones round the
    best.
    """
    span = np.log([[0.3 / kappa, 6 / kappa**0.5], [0.2 / kappa**0.5, 1]])  # of lr, and of 1 - beta1
    left = 1.0
    for _ in range(rounds):
        lr, short = (np.exp(np.linspace(low, high, fine)) for low, high in span)
        lr, beta1 = lr[:, None], 1 - short
        radius = np.maximum(play.radius(lr, beta1), play.radius(lr * kappa, beta1))
        for points in range(3, LARGEST + 1):
            radius = np.where(goes_round(lr, beta1, kappa, points), 1, radius)
        at = np.unravel_index(radius.argmin(), radius.shape)
        left = min(left, float(radius[at]))
        center = np.log([lr[at[0], 0], short[at[1]]])
        span = center[:, None] + np.diff(span) / fine * [-6, 6]
    descent = np.log((kappa - 1) / (kappa + 1))
    best, proved = (kappa**0.5 - 1) / (kappa**0.5 + 1), (1 - kappa**-0.5) ** 0.5
    return float(np.log(best) / descent), float(np.log(left) / descent), float(np.log(proved) / descent)


def show_cycle(made: Problem, ends: Array, path: Array) -> None:
    """Show a valley with the polygon that it is made of, its corners given, and the last steps of a path in it."""
    wide = 1.6 * abs(path).max()
    figure = new_figure(5.2, 4.4)
    ax = figure.add_subplot()
    contours(replace(made, window=(-wide, wide, -wide, wide)), ax)
    ax.fill(*ends.T, color="#e0b13c", alpha=0.8, label="polygon")
    ax.plot(*path.T, color=look("momentum").color, marker=look("momentum").marker, label=f"momentum's last {len(path) - 1} steps")
    ax.set_aspect("equal")
    ax.legend(loc="upper left", fontsize=9)
    visited = len({tuple(place) for place in path.round(4) + 0.0})
    rests = bool(np.linalg.norm(path, axis=-1).max() < 1e-2)
    ax.set_title("Momentum comes to rest" if rests else f"Momentum goes round {visited} points")
    show(figure, f"The height lines of the valley, in its middle a filled polygon with {len(ends)} corners round the minimum, and the last "
         f"steps of momentum, which {'rest there' if rests else 'go round outside of it'}.")


def show_gains() -> None:
    """Show the gains of `gain` against the condition number."""
    gains = np.array([gain(kappa) for kappa in KAPPAS])
    figure = new_figure(7.2, 3.8)
    ax = figure.add_subplot(xscale="log", yscale="log", xlabel="condition number", ylabel="times as fast as gradient descent",
                            title="Without a cycle, momentum levels off near eight")
    names = ("momentum\non quadratics", "momentum on\nall valleys, at most", "Nesterov's form on\nall valleys, at least")
    styles = ((look("momentum").color, "-", "^"), (look("momentum").color, "--", "v"), ("black", ":", "o"))
    for line, name, (color, dash, marker) in zip(gains.T, names, styles, strict=True):
        ax.plot(KAPPAS, line, color=color, linestyle=dash, marker=marker)
        ax.annotate(name, (KAPPAS[-1], line[-1]), (8, 0), textcoords="offset points", color=color, va="center", annotation_clip=False)
    ax.set_yticks([1, 3, 10, 30, 100], ["1", "3", "10", "30", "100"])
    ax.set_xticks(KAPPAS, [f"{kappa:,}" for kappa in KAPPAS])
    show(figure, "How many times as fast as gradient descent against the condition number: the best momentum on quadratics rises to 100, "
         "the most that momentum keeps on all valleys levels off near eight, and the least that Nesterov's form does there rises in "
         "parallel to the first, four times lower.")
