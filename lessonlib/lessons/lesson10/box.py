"""Where AdamW can end: a valley whose lowest point lies outside of a box, for AdamW, Adam with L2, and a cautious decay."""
from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure
from lessonlib.plots import contours, look
from lessonlib.problems import Problem
from lessonlib.rules import State, adam, adam_l2, adamw
from lessonlib.runner import run

__all__ = ["BETA2", "LOWEST", "STEPS", "best_in_box", "candidates", "cautious", "end", "in_the_box", "penalised", "valley"]

Array = np.ndarray[Any, Any]
CURVATURES, LOWEST = np.array([[1.0, 0.5], [0.5, 1.0]]), np.array([2.0, 0.2])
STEPS, BETA2 = 3000, 0.95
RULES = {"AdamW": adamw, "Adam with L2": adam_l2}


def valley() -> Problem:
    """Return a tilted valley in two dimensions, its lowest point at (2, 0.2), the start at 0."""
    def loss(theta: Array) -> Array:
        return np.asarray(0.5 * ((theta - LOWEST) * ((theta - LOWEST) @ CURVATURES)).sum(-1))

    return Problem("a tilted valley", loss, lambda theta, rng: (theta - LOWEST) @ CURVATURES, np.zeros(2), LOWEST, (-1.2, 2.6, -1.2, 1.6))


def cautious(theta: Any, g: Any, s: State, *, lr: Any = 1e-3, beta1: Any = 0.9, beta2: Any = 0.999, eps: Any = 1e-8,
             weight_decay: Any = 1e-2) -> tuple[Any, State]:
    """Return (theta, state) after a step of AdamW that decays only where Adam's step points toward 0 as well (Chen et al. 2025)."""
    moved, s = adam(theta, g, s, lr=lr, beta1=beta1, beta2=beta2, eps=eps)
    agrees = (theta - moved) * theta >= 0
    return moved - lr * weight_decay * theta * agrees, s


@cache
def _path(name: str, weight_decay: float) -> Array:
    return run(RULES[name], valley(), steps=STEPS, lr=lambda t: 0.3 / t**0.5, beta2=BETA2, weight_decay=weight_decay).theta


def end(rule: Any, weight_decay: float) -> list[float]:
    """Return where a rule ends in the valley with a decaying step: two numbers."""
    where = run(rule, valley(), steps=STEPS, record="last", lr=lambda t: 0.3 / t**0.5, beta2=BETA2, weight_decay=weight_decay).theta[0]
    return [float(x) for x in where]


def best_in_box(weight_decay: float) -> list[float]:
    """Return the lowest point of the valley with no coordinate further than 1/weight_decay from 0, by projected gradient descent."""
    theta, limit = np.zeros(2), 1 / weight_decay
    for _ in range(2000):
        theta = np.clip(theta - 0.5 * (theta - LOWEST) @ CURVATURES, -limit, limit)
    return [float(x) for x in theta]


def penalised(weight_decay: float) -> list[float]:
    """Return the minimum of the loss plus weight_decay / 2 times the squares: two numbers."""
    return [float(x) for x in np.linalg.solve(CURVATURES + weight_decay * np.eye(2), CURVATURES @ LOWEST)]


def candidates(weight_decay: float) -> list[list[Any]]:
    """Return where both rules end, beside the points that one might expect, a row each: its name and two numbers."""
    return [["AdamW ends at", *end(adamw, weight_decay)], ["lowest loss in the box", *best_in_box(weight_decay)],
            ["closest point of the box", *(float(x) for x in np.clip(LOWEST, -1 / weight_decay, 1 / weight_decay))],
            ["Adam with L2 ends at", *end(adam_l2, weight_decay)], ["minimum of loss plus penalty", *penalised(weight_decay)]]


def _scene() -> Scene:
    figure = new_figure(6.6, 4.4)
    ax = figure.add_subplot(title="AdamW ends at the lowest loss inside of its box")
    contours(valley(), ax)
    ax.plot(0, 0, marker="s", color="black", markersize=8, linestyle="none", zorder=6)
    ax.text(0.05, -0.18, "start", fontsize=10)
    ax.text(2.1, 0.2, "lowest\npoint", fontsize=10, va="center")
    (edge,) = ax.plot([], [], color="black", linewidth=1.4)
    artists: dict[str, Any] = {"edge": edge, "word": ax.text(0, 0, "the box, to 1 / weight_decay", fontsize=10, va="bottom", clip_on=True)}
    for name, rule in RULES.items():
        style = look(rule)
        (artists[name],) = ax.plot([], [], color=style.color, linestyle=style.dash, linewidth=1.6)
        (artists[f"{name} end"],) = ax.plot([], [], color=style.color, marker=style.marker, markersize=10, linestyle="none", zorder=7)
        artists[f"{name} name"] = ax.text(0, 0, name, color=style.color, fontsize=11, fontweight="bold", ha="center", va="center", zorder=8)
    return Scene(figure, artists, "The height lines of a tilted valley with its lowest point, a star, and a square box around 0; the paths "
                 "of AdamW and of Adam with L2 from the start at 0 to where they end.")


def _update(artists: dict[str, Any], weight_decay: float) -> str:
    limit, told = 1 / weight_decay, []
    artists["edge"].set_data([limit, limit, -limit, -limit, limit], [-limit, limit, limit, -limit, -limit])
    artists["word"].set_position((max(-limit, -1.15), -limit - 0.14 if limit < 1.05 else -1.14))
    for name, above in zip(RULES, (0.17, -0.3), strict=True):
        path = _path(name, round(weight_decay, 4))
        artists[name].set_data(*path[::5].T)
        artists[f"{name} end"].set_data(*path[-1:].T)
        artists[f"{name} name"].set_position((path[-1, 0], path[-1, 1] + above))
        told.append(f"{name} ends at ({path[-1, 0]:.2f}, {path[-1, 1]:.2f})")
    return f"The box reaches to {limit:.2f}. {', '.join(told)}. The lowest point is at (2, 0.2)."


def _largest(weight_decay: float) -> bool:
    return 0.45 <= weight_decay <= 0.51


def in_the_box() -> Experiment:
    """Where AdamW and Adam with L2 end in a tilted valley, for any weight decay."""
    return Experiment(_scene, _update, {"weight_decay": Slider("weight decay", 0.1, 3.0, 1.0, log=True, step=0.02)},
                      Goal("find the largest weight decay at which AdamW still ends at the lowest point.", _largest))
