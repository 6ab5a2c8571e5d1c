"""The running average of lesson 7, and the experiment with its memory: what it costs in lag and buys in smoothness.

What the average is off by is the root mean square over all draws of the noise; the wave that is drawn has one of them.
"""
from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np

from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure
from lessonlib.plots import look

__all__ = ["average", "noisy_average"]

Array = np.ndarray[Any, Any]


def average(x: Array, beta1: Any) -> Array:
    """Return the running average m of a series x (T,) that starts at zero, as `momentum` keeps it: (T,), or (T, B) for beta1 (B,).

    >>> average(np.ones(3), 0.5).tolist()
    [0.5, 0.75, 0.875]
    """
    m = np.zeros(np.shape(beta1))
    out = np.empty((len(x), *m.shape))
    for t, g in enumerate(x):
        m = beta1 * m + (1 - beta1) * g
        out[t] = m
    return out


LENGTH, PERIOD, TARGET = 400, 200.0, 0.35
STEPS = np.arange(1, LENGTH + 1)


@cache
def _parts() -> tuple[Array, Array, Array, Array]:
    """Memories (B,), truth (T,), one draw of unit noise (T,), and of each memory the mean squares of lag and unit noise: (2, B)."""
    memory = np.geomspace(1, 200, 93)
    truth = np.sin(2 * np.pi * STEPS / PERIOD)
    beta1 = 1 - 1 / memory
    lag = average(truth, beta1) - truth[:, None]
    return memory, truth, np.random.default_rng(7).standard_normal(LENGTH), np.stack([(lag**2).mean(0), _variance(beta1)])


def _variance(beta1: Any) -> Any:
    """The variance of the running average of unit noise that starts at zero, its mean over STEPS: (1-b)/(1+b) * (1 - b**(2t))."""
    b = np.asarray(beta1)
    return (1 - b) / (1 + b) * (1 - b[..., None] ** (2 * STEPS)).mean(-1)


def _error(memory: float, noise: float) -> tuple[float, float, float, Array]:
    """Root mean squares over all draws: of what the average is off by, of its lag, of its noise; and the average of the one drawn."""
    _, truth, unit, _ = _parts()
    beta1 = 1 - 1 / memory
    lag = float(np.sqrt(np.mean((average(truth, beta1) - truth) ** 2)))
    left = noise * float(_variance(beta1)) ** 0.5
    return float(np.hypot(lag, left)), lag, left, average(truth + noise * unit, beta1)


def _scene() -> Scene:
    memories, truth, _, parts = _parts()
    figure, style = new_figure(8.6, 3.9), look("momentum")
    ax, right = figure.subplots(1, 2, width_ratios=[1.6, 1])
    ax.set(xlim=(0, LENGTH), ylim=(-3.2, 3.2), xlabel="step", ylabel="gradient", title="A long memory is smooth, but late and flat")
    right.set(xscale="log", yscale="log", xlim=(1, 200), ylim=(0.05, 4), xlabel="memory $1/(1-\\beta)$, steps", ylabel="error of m",
              title="The best one lies between")
    right.axhspan(0.05, TARGET, color="#e9eef7")
    right.text(180, TARGET * 0.93, f"goal: below {TARGET:g}", va="top", ha="right", fontsize=10)
    right.set_xticks([1, 10, 50, 200], ["1", "10", "50", "200"])
    right.set_yticks([0.1, 0.3, 1, 3], ["0.1", "0.3", "1", "3"])
    right.plot(memories[1:], parts[0, 1:] ** 0.5, color="black", linestyle=":", linewidth=1.5)
    right.text(4.8, 0.12, "from being\nlate", fontsize=10, ha="right", va="center")
    (true,) = ax.plot(STEPS, truth, color="black", linewidth=1.2, zorder=2.5)
    (dots,) = ax.plot([], [], color="#a6a6a6", marker=".", markersize=3, linestyle="none", zorder=1)
    (line,) = ax.plot([], [], color=style.color, linewidth=2.2, zorder=3)
    figure.legend([dots, true, line], ["measured gradient", "true gradient", "m, the average of the measured ones"],
                  loc="outside lower left", ncols=3, markerscale=3)
    (rest,) = right.plot([], [], color="#777777", linestyle="--", linewidth=1.5)
    noise = right.text(12, 1, "from the noise", color="#5c5c5c", fontsize=10, va="top")
    (total,) = right.plot([], [], color=style.color, linewidth=1.8)
    (point,) = right.plot([], [], color=style.color, marker=style.marker, markersize=11, linestyle="none", zorder=4)
    note = ax.text(0.98, 0.02, "", transform=ax.transAxes, ha="right", va="bottom", zorder=4,
                   bbox={"facecolor": "white", "alpha": 0.85, "edgecolor": "none", "pad": 2})
    return Scene(figure, {"dots": dots, "rest": rest, "noise": noise, "line": line, "total": total, "point": point, "note": note},
                 "Left, a slow wave in black, noisy measurements of it as grey dots, their running average in blue. Right, the error "
                 "of the average against its memory, both axes logarithmic: a dotted part without noise that grows, a dashed part "
                 "from the noise alone that falls.", {name: ["noise"] for name in ("dots", "rest", "noise", "total")})


def _update(artists: dict[str, Any], memory: float, noise: float) -> str:
    memories, truth, unit, parts = _parts()
    off, lag, left, whole = _error(memory, noise)
    artists["line"].set_data(STEPS, whole)
    artists["point"].set_data([memory], [off])
    if "dots" in artists:  # with the others that follow the noise alone
        artists["dots"].set_data(STEPS, truth + noise * unit)
        artists["rest"].set_data(memories, noise * parts[1] ** 0.5)
        artists["noise"].set_position((12, noise * 0.085))
        artists["total"].set_data(memories, np.sqrt(parts[0] + noise**2 * parts[1]))
    if "note" in artists:
        artists["note"].set_text(f"\u03b2 = {1 - 1 / memory:.3g}, noise {noise:g}")
    return f"beta = {1 - 1 / memory:.4g}: the average is off by {off:.2f}; without noise {lag:.2f}, the noise alone {left:.2f}."


def noisy_average() -> Experiment:
    """A slow signal under noise and its running average: what the memory costs in lag and buys in smoothness."""
    return Experiment(_scene, _update, {"memory": Slider("memory, steps", 1.0, 200.0, 2.0, log=True),
                                        "noise": Slider("noise", 0.2, 2.0, 1.0, step=0.1)},
                      Goal(f"at a noise of 1, find an average that is off by less than {TARGET:g}.",
                           lambda memory, noise: noise > 0.99 and _error(memory, noise)[0] < TARGET), {"memory": 40.0})
