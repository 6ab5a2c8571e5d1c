"""What opens lesson 0: three walkers in a valley, and the loss they are left with at every step size."""
from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure
from lessonlib.plots import look, show
from lessonlib.problems import ravine
from lessonlib.rules import sgd
from lessonlib.runner import Run, run

__all__ = ["BEST", "HERE", "HOPS", "STEEP", "WALKERS", "best", "lowest", "rings", "show_border", "walkers", "what_it_does",
           "where_the_best_is"]

Array = np.ndarray[Any, Any]

STEEP, STEPS = 10.0, 50  # the curvature across the valley, and the steps of a walker
WALKERS = {0.005: "the one with step size 0.005", 0.15: "the one with step size 0.15", 0.202: "the one with step size 0.202"}
HOPS = ("it comes closer, slowly", "it hops from side to side for ever", "it goes further out at every step")
BEST, SHARES = ("a tenth of the border", "half of the border", "nine tenths of the border"), (0.1, 0.5, 0.9)
INK, HERE = "#000000", "#00796b"  # HERE: for what to look at, since no rule of the course has this colour


@cache
def _walk(lr: float) -> Run:
    return run(sgd, ravine(STEEP), steps=STEPS, lr=lr)


def lowest() -> str:
    """Return which of the three walkers is lowest after its last step, as WALKERS calls it."""
    return WALKERS[min(WALKERS, key=_last_loss)]


def _last_loss(lr: float) -> float:
    return float(_walk(lr).loss[-1])


def rings(steep: float, powers: Array) -> Array:
    """Height lines of the valley, at 2**power times the distance of (1, 1), one after the other, with a gap between two: (2, points)."""
    turn = np.linspace(0, 2 * np.pi, 121)
    radii = np.sqrt(1 + steep) * 2.0**powers
    gap = np.full((2, 1), np.nan)
    return np.concatenate([part for r in radii for part in ([r * np.cos(turn), r / steep**0.5 * np.sin(turn)], gap)], axis=1)


def walkers() -> Experiment:
    """Three walks in one valley, each with its own step size, after a chosen number of steps."""
    return Experiment(_scene, _update, {"steps": Slider("steps", 0, STEPS, STEPS)},
                      Goal("find the first step at which the loss of the walker on the left is less than half of 5.5.", _first_below_half))


def _scene() -> Scene:
    figure = new_figure(8.6, 4.6)
    artists: dict[str, Any] = {}
    style = look("sgd")
    for ax, lr in zip(figure.subplots(1, 3, sharey=True), WALKERS, strict=True):
        _valley(ax)
        ax.set_title(f"step size {lr:g}", fontsize=11)
        (artists[f"{lr} path"],) = ax.plot([], [], color=style.color, linewidth=1.1, marker=style.marker, markersize=3)
        (artists[f"{lr} now"],) = ax.plot([], [], color=HERE, marker="o", markersize=10, markerfacecolor="none",
                                        markeredgewidth=2.5, linestyle="none", zorder=7)
        artists[f"{lr} loss"] = ax.text(0.5, 0.02, "", transform=ax.transAxes, ha="center", va="bottom", fontsize=11,
                                        bbox={"facecolor": "white", "edgecolor": "none", "pad": 2})
    figure.axes[0].text(0, -0.42, "lowest place", fontsize=9.5, ha="center", va="top")
    figure.axes[0].text(0, -1.5, "circle: the walker", color=HERE, fontsize=9.5, ha="center", va="top")
    figure.axes[0].set_ylabel("across the valley, $\\theta_2$")
    figure.axes[1].set_xlabel("along the valley, $\\theta_1$")
    return Scene(figure, artists, "Three panels, each the same valley seen from above, with a star at its lowest point and a square at the "
                 "start; in each the path of one walker and a green circle where it stands. The first is too short to arrive in time, the "
                 "second changes sides and arrives, the third changes sides and lands further out each time.")


def _valley(ax: Axes) -> None:
    ax.set(xlim=(-1.9, 1.9), ylim=(-3.1, 3.1), aspect="equal")  # so that a step is at right angles to a height line
    ax.plot(*rings(STEEP, np.arange(2, -4, -1)), color="#b0b0b0", linewidth=0.9, zorder=1)
    ax.plot(0, 0, marker="*", color=INK, markersize=17, linestyle="none", zorder=6)
    ax.plot(1, 1, marker="s", color=INK, markersize=8, linestyle="none", zorder=6)
    ax.text(1.08, 1.1, "start", fontsize=9)
    ax.grid(visible=False)


def _update(artists: dict[str, Any], steps: int) -> str:
    told = []
    for lr in WALKERS:
        walk = _walk(lr)
        artists[f"{lr} path"].set_data(*walk.theta[: steps + 1].T)
        artists[f"{lr} now"].set_data(*walk.theta[steps : steps + 1].T)
        artists[f"{lr} loss"].set_text(f"loss {_plain(walk.loss[steps])}")
        told.append(f"{_plain(walk.loss[steps])} at {lr:g}")
    return f"Loss after {steps} steps: {', '.join(told)}. At the start it was {walk.loss[0]:.1f}."


def _plain(loss: float) -> str:
    """A loss with two digits that count, and without an exponent."""
    return np.format_float_positional(loss, precision=2, fractional=False, trim="-")


def _first_below_half(steps: int) -> bool:
    loss = _walk(min(WALKERS)).loss
    return bool(steps == int(np.flatnonzero(loss < loss[0] / 2)[0]))


def what_it_does(walk: Run) -> str:
    """Return what a walk does across the valley, as HOPS says it: its last distance against its first."""
    first, last = (abs(float(walk.theta[i, 1])) for i in (0, -1))
    return HOPS[1] if np.isclose(first, last) else HOPS[0] if last < first else HOPS[2]


@cache
def _after_hundred() -> tuple[Array, Array]:
    """Step sizes (L,), and the loss that each leaves after 100 steps in the valley (L,)."""
    lrs = np.geomspace(1e-3, 2, 2000)
    return lrs, run(sgd, ravine(STEEP), steps=100, record="last", lr=lrs[:, None]).loss[-1]


def best() -> tuple[float, float]:
    """Return the best step size for 100 steps, and the loss it leaves."""
    lrs, left = _after_hundred()
    return float(lrs[left.argmin()]), float(left.min())


def where_the_best_is() -> str:
    """Return where the best step size lies, as BEST says it."""
    share = best()[0] / (2 / STEEP)
    return min(zip(BEST, SHARES, strict=True), key=lambda pair: abs(pair[1] - share))[0]


def show_border() -> None:
    """Show the loss after 100 steps against the step size, three shares of the border, the border, and the loss at the start."""
    show(_border(), "Loss after 100 steps against the step size, both axes logarithmic: it falls, faster and faster, to a lowest "
         "point just left of a dashed line at 0.2, the border, and from there it rises steeply. Right of the border is a shaded region in "
         "which the loss grows beyond 5.5, its value at the start. Dots mark a tenth of the border, half of it and nine tenths, which is "
         "at the lowest point; an arrow from the height of the second down to that of the third says a hundred million times lower.")


def _border() -> Figure:
    lrs, left = _after_hundred()
    marked = [share * 2 / STEEP for share in SHARES]
    ends = [float(run(sgd, ravine(STEEP), steps=100, record="last", lr=lr).loss[-1]) for lr in marked]
    figure = new_figure(8.2, 4.0)
    ax = figure.add_subplot(xscale="log", yscale="log", xlim=(1e-3, 0.6), ylim=(1e-20, 1e4), xlabel="step size lr",
                            ylabel="loss after 100 steps", title="In this valley the best step size stands just below the border")
    start = float(ravine(STEEP).loss(ravine(STEEP).start))
    ax.axvspan(2 / STEEP, 0.6, color="#d9d9d9", linewidth=0)
    ax.text(0.345, 1e-5, "here the\nloss grows", ha="center", va="center")
    ax.axvline(2 / STEEP, color=INK, linestyle="--", linewidth=1.3)
    ax.text(2.1 / STEEP, 1e-15, "the border\n2 / 10 = 0.2", va="center")
    ax.axhline(start, color=INK, linewidth=0.8)
    ax.text(1.1e-3, 3 * start, f"loss at the start, {start:.1f}", va="bottom")
    ax.plot(lrs, np.clip(left, 1e-20, 1e9), color=look("sgd").color, linewidth=2)
    (_, half, most), (_, at_half, at_most) = marked, ends
    arrow = {"arrowstyle": "-|>", "color": HERE, "lw": 1.5, "shrinkA": 7, "shrinkB": 0}
    ax.annotate("", (half, at_most), (half, at_half), arrowprops=arrow)
    ax.text(half * 0.9, (at_most * at_half)**0.5, "a hundred million\ntimes lower", ha="right", va="center", color=HERE)
    ax.plot([half * 0.9, most], [at_most, at_most], color=HERE, linestyle=":", linewidth=1.5)
    for lr, loss, name, x in zip(marked, ends, BEST, (marked[0] * 0.85, half * 0.88, half * 0.85), strict=True):
        ax.plot(lr, loss, color=HERE, marker="o", markersize=10, linestyle="none")
        ax.text(x, loss if lr > marked[0] else loss / 40, name, ha="right", va="center")
    return figure
