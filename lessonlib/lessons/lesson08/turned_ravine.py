"""Lesson 8's ravine that can be turned, starts and step sizes for runs in it, and the experiment with its angle."""
from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import cos, radians, sin
from typing import Any

import numpy as np

from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure, readings
from lessonlib.plots import look
from lessonlib.problems import Problem, ravine
from lessonlib.rules import State, adam, momentum, rmsprop, sgd

__all__ = ["LRS", "arrival", "rotation", "starts", "turned"]

Array = np.ndarray[Any, Any]
KAPPA = 1000.0
MARKED = (1, 3, 10, 30, 100, 300, 1000)  # steps that have a marker on the path and on the loss
HOLD = 100  # steps that a loss must stay below the target to have arrived
SOON = 1450  # RMSprop's fewest at 45 degrees is about 1380, and twice its best step size takes longer than this


def arrival(loss: Array, share: float = 1e-4, hold: int = HOLD) -> Array:
    """Return the first step from which loss (T + 1, *batch) stays below `share` of its first value for `hold` steps; else inf."""
    above = np.concatenate([np.zeros_like(loss[:1], dtype=int), np.cumsum(~(loss < share * loss[0]), axis=0)])
    calm = above[hold:] == above[:-hold]
    return np.where(calm.any(axis=0), calm.argmax(axis=0), np.inf)


def _sweep(low: float, high: float, count: int) -> Array:
    return np.array([float(f"{x:.3g}") for x in np.geomspace(low, high, count)])


LRS = {  # twelve step sizes to a decade, around and beyond where each rule is at its best on this ravine
    sgd: _sweep(1e-4, 1e-2, 25),
    momentum: _sweep(1e-3, 0.1, 25),
    rmsprop: _sweep(1e-3, 1.0, 37),
}


def _unit(degrees: float) -> tuple[float, float]:
    """Cosine and sine, rounded to what is the same on any machine: near its limit RMSprop turns a last bit into another path."""
    return round(cos(radians(degrees)), 12), round(sin(radians(degrees)), 12)


def _curvatures(angle: float) -> tuple[float, float, float]:
    """The entries a, b, d of the matrix [[a, b], [b, d]] of the ravine turned by `angle`."""
    c, s = _unit(angle)
    return c * c + KAPPA * (s * s), (1.0 - KAPPA) * (c * s), s * s + KAPPA * (c * c)


def turned(angle: float) -> Problem:
    """Return ravine(1000, angle), its curvatures computed with plain floats so that a path is the same bit for bit anywhere."""
    (c, s), (a, b, d) = _unit(angle), _curvatures(angle)

    def grad(theta: Array, rng: Any = None) -> Array:  # noqa: ARG001 - no noise here
        out = np.empty_like(theta)
        out[..., 0], out[..., 1] = a * theta[..., 0] + b * theta[..., 1], b * theta[..., 0] + d * theta[..., 1]
        return out

    def loss(theta: Array) -> Array:
        g = grad(theta)
        return 0.5 * (theta[..., 0] * g[..., 0] + theta[..., 1] * g[..., 1])

    return replace(ravine(KAPPA, angle), loss=loss, grad=grad, start=np.array([c - s, c + s]))


def starts(angle: float) -> Array:
    """Return the 32 starts, spread evenly over half a circle in the axes of the ravine turned by `angle`: (32, 2)."""
    return 2**0.5 * np.array([_unit(5.625 * (k + 0.5) + angle) for k in range(32)])


@lru_cache(maxsize=256)
def _walk(rule: Any, angle: int, steps: int, lr: float) -> tuple[Array, Array]:
    """Path (T + 1, 2) and loss (T + 1,) of a rule on `turned(angle)`, on plain floats: a tenth of the time of a run of two coordinates."""
    (a, b, d), problem = _curvatures(angle), turned(angle)
    x, y = problem.start.tolist()
    path, s, r = [(x, y)], State(), State()
    for _ in range(steps):
        (x, s), (y, r) = rule(x, a * x + b * y, s, lr=lr), rule(y, b * x + d * y, r, lr=lr)
        path.append((x, y))
    theta = np.array(path)
    return theta, problem.loss(theta)


NAMES = {momentum: "momentum", rmsprop: "RMSprop", adam: "Adam"}
FIXED = {momentum: 0.02, adam: 0.03}  # the step sizes of those that RMSprop is compared with


@dataclass(frozen=True)
class _Turn:
    """The experiment `rotation`: momentum, RMSprop and Adam for a number of steps at an angle."""

    steps: int

    def walks(self, angle: int, lr: float) -> dict[str, tuple[Array, Array]]:
        """Return path (T + 1, 2) and loss (T + 1,) of each by its name, RMSprop at the step size lr."""
        return {rule.__name__: _walk(rule, angle, self.steps, size) for rule, size in (FIXED | {rmsprop: lr}).items()}

    def scene(self) -> Scene:
        """Draw the two panels and their legend."""
        figure = new_figure(8.8, 4.3)
        left, right = figure.subplots(1, 2)
        left.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), xlabel="$\\theta_1$", ylabel="$\\theta_2$", title="The path of each")
        left.grid(visible=False)
        left.plot(0, 0, marker="*", color="black", markersize=13, linestyle="none", zorder=7)
        right.set(xscale="log", yscale="log", xlim=(1, self.steps), ylim=(1e-8, 1e3), xlabel="step", ylabel="loss",
                  title="The loss of each")
        line = float(ravine(KAPPA).loss(ravine(KAPPA).start)) * 1e-4
        right.axhline(line, color="black", linewidth=1)
        right.text(1.2, line / 2, "arrived if it stays below", fontsize=11, va="top")
        artists: dict[str, Any] = {}
        (artists["square"],) = left.plot([], [], marker="s", color="black", markersize=7, linestyle="none", zorder=6)
        for k, half in enumerate((1.4, 0.7)):  # two ellipses that turn: equal heights, narrower than they can be drawn to scale
            (artists[f"height {k}"],) = left.plot([], [], color="#9a9a9a", linewidth=half)
        for rule in (momentum, adam, rmsprop):  # momentum's zigzag below, thin
            style = look(rule)
            common: dict[str, Any] = {"color": style.color, "markersize": 6, "label": NAMES[rule]}
            if rule is momentum:
                (artists[rule.__name__],) = left.plot([], [], linewidth=0.4, linestyle="-", **common)
            else:
                (artists[rule.__name__],) = left.plot([], [], linewidth=1.6, linestyle=style.dash, marker=style.marker,
                                                              markevery=[step for step in MARKED if step <= self.steps], **common)
            (artists[f"{rule.__name__} loss"],) = right.plot([], [], linewidth=1.2, linestyle=style.dash, marker=style.marker,
                                                             markevery=[step - 1 for step in MARKED if step <= self.steps],
                                                             **common)
        figure.legend(handles=[artists[f"{n} loss"] for n in ("momentum", "rmsprop", "adam")], loc="outside lower center", ncols=3)
        artists["rmsprop note"] = readings(left, 0.8, 0.03, ["angle:", "RMSprop's step size:"], fontsize=9)
        return Scene(figure, artists, f"Left, the paths of momentum, RMSprop and Adam in a ravine of condition number {KAPPA:g} that can "
                     f"be turned; right, their losses over {self.steps} steps with a line at a ten-thousandth of the first loss.",
                     {name: ["angle"] for name in artists if not name.startswith("rmsprop")})

    def update(self, artists: dict[str, Any], angle: int, lr: float) -> str:
        """Turn the ellipses, move the paths and losses, and say when each arrives."""
        if "height 0" in artists:
            c, s, around = np.cos(np.radians(angle)), np.sin(np.radians(angle)), np.linspace(0, 2 * np.pi, 200)
            for k, radius in enumerate((1.4, 0.7)):
                along, across = radius * np.cos(around), radius / KAPPA**0.5 * np.sin(around)
                artists[f"height {k}"].set_data(along * c - across * s, along * s + across * c)
            artists["square"].set_data(*turned(angle).start[:, None])
        artists["rmsprop note"].set_text(f"{angle}\n{lr:.3g}")
        told, shown = [], {rule.__name__: name for rule, name in NAMES.items()}
        for name, (theta, loss) in self.walks(angle, lr).items():
            if name in artists:
                artists[name].set_data(*np.clip(theta, -9, 9).T)
                artists[f"{name} loss"].set_data(np.arange(1, self.steps + 1), np.clip(loss[1:], 1e-9, 1e4))
            took = float(arrival(loss))
            told.append(f"{shown[name]} {took:.0f}" if np.isfinite(took) else f"{shown[name]} not in {self.steps - HOLD}")
        return f"At {angle} degrees, steps until the loss stays below the line for {HOLD} steps: {', '.join(told)}."

    def met(self, angle: int, lr: float) -> bool:
        """Return whether RMSprop arrives soon in a ravine that is turned by 45 degrees."""
        return angle == 45 and bool(arrival(self.walks(angle, lr)["rmsprop"][1]) < SOON)


def rotation(steps: int = 2000) -> Experiment:
    """Momentum, RMSprop and Adam in a ravine that can be turned; the loss beside it, with the step at which each arrives."""
    turn = _Turn(steps)
    return Experiment(turn.scene, turn.update,
                      {"angle": Slider("angle, degrees", 0, 90, 30), "lr": Slider("RMSprop's step size", 1e-3, 1.0, 10**-1.5, log=True)},
                      Goal(f"with the ravine turned by 45 degrees, let RMSprop arrive in fewer than {SOON} steps.", turn.met))
