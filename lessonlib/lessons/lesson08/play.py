"""The experiments of lesson 8, RMSprop; each is a function that returns an Experiment."""
from __future__ import annotations

from dataclasses import replace
from functools import cache, lru_cache
from itertools import accumulate
from math import cos, radians, sin
from typing import Any

import numpy as np

from lessonlib.play.experiment import Experiment, Goal, Scene, Slider, new_figure, readings
from lessonlib.plots import contours, look
from lessonlib.problems import Problem, ravine
from lessonlib.rules import State, adam, momentum, rmsprop, sgd
from lessonlib.runner import Run, run

__all__ = ["LRS", "arrival", "burst", "effective_step", "own_steps", "rotation", "step_at_45", "step_lengths",
           "steps_to_arrive", "turned"]

Array = np.ndarray[Any, Any]
KAPPA = 1000.0  # of the ravine that is turned
HOLD = 100  # steps that a loss must stay below the target to have arrived


def effective_step(result: Run, problem: Problem, *, lr: float, beta2: float = 0.99, eps: float = 1e-8) -> Array:
    """Return lr / (v**0.5 + eps) at each step of a single RMSprop run recorded with its path: (T, n)."""
    squares = (1 - beta2) * problem.grad(result.theta[:-1], np.random.default_rng(0)) ** 2
    v = np.array(list(accumulate(squares, lambda v, g2: beta2 * v + g2)))
    return lr / (v**0.5 + eps)


def step_lengths(beta2: float, steps: int) -> Array:
    """Return how long each step of RMSprop is under a steady gradient, in units of lr: (steps,)."""
    theta, s, path = 0.0, State(), [0.0]
    for _ in range(steps):
        theta, s = rmsprop(theta, 1.0, s, lr=1.0, beta2=beta2, eps=0.0)
        path.append(theta)
    return -np.diff(path)


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
    adam: _sweep(1e-2, 10.0, 37),
}


def _unit(degrees: float) -> tuple[float, float]:
    """Cosine and sine, rounded to what is the same on any machine: near its limit RMSprop turns a last bit into another path."""
    return round(cos(radians(degrees)), 12), round(sin(radians(degrees)), 12)


def turned(angle: float) -> Problem:
    """Return ravine(1000, angle), its curvatures computed with plain floats so that a path is the same bit for bit anywhere."""
    c, s = _unit(angle)
    a, b, d = c * c + KAPPA * (s * s), (1.0 - KAPPA) * (c * s), s * s + KAPPA * (c * c)

    def grad(theta: Array, rng: Any = None) -> Array:  # noqa: ARG001 - no noise here
        out = np.empty_like(theta)
        out[..., 0], out[..., 1] = a * theta[..., 0] + b * theta[..., 1], b * theta[..., 0] + d * theta[..., 1]
        return out

    def loss(theta: Array) -> Array:
        g = grad(theta)
        return 0.5 * (theta[..., 0] * g[..., 0] + theta[..., 1] * g[..., 1])

    return replace(ravine(KAPPA, angle), loss=loss, grad=grad, start=np.array([c - s, c + s]))


def _starts(angle: float) -> Array:
    """The 32 starts, spread evenly over half a circle in the axes of the ravine turned by `angle`: (32, 2)."""
    return 2**0.5 * np.array([_unit(5.625 * (k + 0.5) + angle) for k in range(32)])


@lru_cache(maxsize=1)  # for a second look at the same runs
def _losses(rule: Any, angle: float, lrs: tuple[float, ...], nudge: float, steps: int, beta2: float | None) -> Array:
    """Loss from each of the starts at each step size: (T + 1, 32, L)."""
    memory: dict[str, Any] = {} if beta2 is None else {"beta2": beta2}
    start = _starts(angle)[:, None] + nudge
    return run(rule, turned(angle), steps=steps, record="loss", start=start, lr=np.array(lrs)[None, :, None], **memory).loss


def step_at_45(rule: Any, lr: float, *, beta2: float | None = None, steps: int = 100) -> Array:
    """Return the effective step of RMSprop or Adam at 45 degrees, the same in both coordinates, median over the 32 starts: (steps,)."""
    problem, theta, s, out = turned(45), _starts(45), State(), []
    beta2 = (0.999 if rule is adam else 0.99) if beta2 is None else beta2
    for t in range(1, steps + 1):
        theta, s = rule(theta, problem.grad(theta, np.random.default_rng(0)), s, lr=lr, beta2=beta2)
        v = s.v / (1 - beta2**t) if rule is adam else s.v
        out.append(float(np.median(lr / (v**0.5 + 1e-8))))
    return np.array(out)


@cache
def steps_to_arrive(
    rule: Any, angle: float, lr: float | None = None, *, hold: int = HOLD, nudge: float = 0.0, steps: int = 2500, beta2: float | None = None
) -> tuple[float, float]:
    """Return (steps, step size): how long a rule takes to a ten-thousandth of the first loss in the ravine turned by `angle`.

    The median over 32 starts, spread evenly over half a circle and moved by `nudge`, at the best step size of LRS for this angle (a
    rule without a sweep of its own has that of RMSprop), or at `lr`; with the rule's own beta2, or the one given. Arrived means below
    the target for `hold` steps; a run that does not arrive within `steps` - `hold` counts as inf.
    """
    lrs = LRS.get(rule, LRS[rmsprop]) if lr is None else np.array([lr])
    took = np.median(arrival(_losses(rule, angle, tuple(lrs.tolist()), nudge, steps, beta2), hold=hold), axis=0)
    return float(took.min()), float(lrs[took.argmin()])


def own_steps(kappa: float = 100.0, steps: int = 300) -> Experiment:
    """RMSprop's path in an aligned ravine, and the effective step of each coordinate over time."""
    problem = ravine(kappa)
    curvature = np.array([1.0, kappa])
    colors = ("#9e5210", "#5c2c05")

    @lru_cache(maxsize=4)
    def attempt(lr: float, memory: float, start2: float) -> tuple[Run, Array]:
        beta2 = 1 - 1 / memory
        result = run(rmsprop, problem, steps=steps, lr=lr, beta2=beta2, start=np.array([1.0, start2]))
        return result, effective_step(result, problem, lr=lr, beta2=beta2)

    def scene() -> Scene:
        figure = new_figure(7.6, 3.9)
        left, right = figure.subplots(1, 2)
        contours(problem, left)
        left.set_title("The path")
        right.set(yscale="log", xlim=(0, steps), ylim=(1e-4, 30), xlabel="step", ylabel="effective step", title="One step size for each")
        for value, color, name, x, side in zip(2 / curvature, colors, ("flat", "steep"), (4, steps), ("left", "right"), strict=True):
            right.axhline(value, color=color, linewidth=1, linestyle=":")
            right.text(x, value * 1.2, f"2 / curvature, {name}", color=color, fontsize=9, ha=side, va="bottom")
        style = look("rmsprop")
        (path,) = left.plot([], [], color=style.color, marker=style.marker, markersize=3.5, linewidth=1)
        (flat,) = right.plot([], [], color=colors[0], label="flat, $\\theta_1$")
        (steep,) = right.plot([], [], color=colors[1], linestyle="--", label="steep, $\\theta_2$")
        figure.legend(handles=[flat, steep], loc="outside lower right", ncols=2)
        return Scene(figure, {"path": path, "flat": flat, "steep": steep},
                     f"Left, RMSprop's path in a ravine of condition number {kappa:g}; right, the effective step of the flat and of the "
                     "steep coordinate over time, with a dotted line at 2 over the curvature of each.")

    def size(x: float) -> str:
        return f"{abs(x):.1e}" if abs(x) > 1e-12 else "less than 1e-12"  # further digits differ between machines

    def update(artists: dict[str, Any], lr: float, memory: float, start2: float) -> str:
        result, effective = attempt(lr, memory, start2)
        artists["path"].set_data(*np.clip(result.theta, -9, 9).T)
        t = np.arange(1, steps + 1)
        for name, values in zip(("flat", "steep"), effective.T, strict=True):
            artists[name].set_data(t, values)
        flat, steep = effective[-1] * curvature
        return (f"beta2 = {1 - 1 / memory:.4g}: after {steps} steps, effective step times curvature is {flat:.2f} (flat) and "
                f"{steep:.2f} (steep); theta is {size(result.theta[-1, 0])} and {size(result.theta[-1, 1])} from the minimum.")

    def met(lr: float, memory: float, start2: float) -> bool:
        _, effective = attempt(lr, memory, start2)
        return bool((np.median(effective[-50:], axis=0) * curvature > 1.9).all())

    return Experiment(scene, update, {"lr": Slider("step size lr", 1e-3, 0.3, 0.01, log=True),
                                      "memory": Slider("memory of v, steps", 1.0, 1000.0, 100.0, log=True),
                                      "start2": Slider("start, theta 2", 0.1, 1.5, 0.3, step=0.05)},
                      Goal(f"let both effective steps climb to their dotted lines, and stay there, within {steps} steps.", met))


RIVALS = {"momentum": (momentum, 0.02), "adam": (adam, 0.03)}


@lru_cache(maxsize=256)
def _walk(rule: Any, angle: int, steps: int, lr: float) -> tuple[Array, Array]:
    """Path (T + 1, 2) and loss (T + 1,) in the turned ravine, on plain floats: a fifth of the time of a run of two coordinates."""
    problem = turned(angle)
    (a, b), (_, d) = problem.grad(np.eye(2), np.random.default_rng(0)).tolist()
    x, y = problem.start.tolist()
    path, s, r = [(x, y)], State(), State()
    for _ in range(steps):
        (x, s), (y, r) = rule(x, a * x + b * y, s, lr=lr), rule(y, b * x + d * y, r, lr=lr)
        path.append((x, y))
    theta = np.array(path)
    return theta, problem.loss(theta)


@cache
def _walks(rule: Any, steps: int, lr: float) -> tuple[Array, Array]:
    """Paths (T + 1, 91, 2) and losses (T + 1, 91), one for each whole angle from 0 to 90: all in the time of some twenty walks."""
    (a, b), (_, d) = np.array([turned(angle).grad(np.eye(2), np.random.default_rng(0)) for angle in range(91)]).transpose(1, 2, 0)

    def grad(theta: Array, rng: Any) -> Array:  # noqa: ARG001 - no noise here
        x, y = theta[..., 0], theta[..., 1]
        return np.stack([a * x + b * y, b * x + d * y], axis=-1)

    starts = np.array([turned(angle).start for angle in range(91)])
    found = run(rule, replace(ravine(KAPPA), grad=grad), steps=steps, record="path", start=starts, lr=lr).theta
    return found, np.stack([turned(angle).loss(found[:, angle]) for angle in range(91)], axis=1)


def rotation(steps: int = 2000) -> Experiment:
    """Momentum, RMSprop and Adam in a ravine that can be turned; the loss beside it, with the step at which each arrives."""
    def scene() -> Scene:
        figure = new_figure(7.6, 4.1)
        left, right = figure.subplots(1, 2)
        left.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), xlabel="$\\theta_1$", ylabel="$\\theta_2$", title="The turned ravine")
        left.grid(visible=False)
        left.plot(0, 0, marker="*", color="black", markersize=13, linestyle="none", zorder=5)
        right.set(xscale="log", yscale="log", xlim=(1, steps), ylim=(1e-8, 1e3), xlabel="step", ylabel="loss", title="Steps to the line")
        line = ravine(KAPPA).loss(ravine(KAPPA).start) * 1e-4
        right.axhline(float(line), color="black", linewidth=1)
        right.text(1.2, float(line) / 2, "1e-4 of the first loss", fontsize=9, va="top")
        artists: dict[str, Any] = {}
        for k, half in enumerate((1.4, 0.7)):  # two ellipses that turn: equal heights, narrower than they can be drawn to scale
            (artists[f"height {k}"],) = left.plot([], [], color="#9a9a9a", linewidth=half)
        for rule in (momentum, rmsprop, adam):
            style = look(rule)
            common: dict[str, Any] = {"color": style.color, "linestyle": style.dash, "linewidth": 1.3, "marker": style.marker}
            (artists[rule.__name__],) = left.plot([], [], markersize=4, markevery=0.25, **common, label=rule.__name__)
            (artists[f"{rule.__name__} loss"],) = right.plot([], [], markersize=4, markevery=0.12, **common)
        figure.legend(handles=[artists[n] for n in ("momentum", "rmsprop", "adam")], loc="outside lower center", ncols=3)
        return Scene(figure, artists, f"Left, the paths of momentum, RMSprop and Adam in a ravine of condition number {KAPPA:g} that can "
                     f"be turned; right, their losses over {steps} steps with a line at a ten-thousandth of the first loss.")

    def walks(angle: int, lr: float) -> dict[str, tuple[Array, Array]]:
        found = {name: _walks(rule, steps, step) for name, (rule, step) in RIVALS.items()}
        ready = {name: (theta[:, angle], loss[:, angle]) for name, (theta, loss) in found.items()}
        return ready | {"rmsprop": _walk(rmsprop, angle, steps, lr)}

    def update(artists: dict[str, Any], angle: int, lr: float) -> str:
        around, a = np.linspace(0, 2 * np.pi, 200), np.radians(angle)
        for k, radius in enumerate((1.4, 0.7)):
            along, across = radius * np.cos(around), radius / KAPPA**0.5 * np.sin(around)
            artists[f"height {k}"].set_data(along * np.cos(a) - across * np.sin(a), along * np.sin(a) + across * np.cos(a))
        told, t = [], np.arange(1, steps + 1)
        for name, (theta, loss) in walks(angle, lr).items():
            artists[name].set_data(*np.clip(theta, -9, 9).T)
            artists[f"{name} loss"].set_data(t, np.clip(loss[1:], 1e-9, 1e4))
            took = float(arrival(loss))
            told.append(f"{name} {took:.0f}" if np.isfinite(took) else f"{name} not in {steps - HOLD}")
        return f"At {angle} degrees, steps until the loss is stays below the line for {HOLD} steps: {', '.join(told)}."

    def met(angle: int, lr: float) -> bool:
        found = walks(angle, lr)
        return 2 <= angle <= 45 and bool(arrival(found["rmsprop"][1]) < arrival(found["momentum"][1]))

    return Experiment(scene, update, {"angle": Slider("angle, degrees", 0, 90, 0),
                                      "lr": Slider("RMSprop's step size", 1e-3, 1.0, 0.01, log=True)},
                      Goal("with the ravine turned by 2 degrees or more (up to 45), let RMSprop arrive before momentum.", met))


def burst(lr_start: float = 0.03) -> Experiment:
    """How long RMSprop's first steps are, over the memory of v, and where the very first one lands in a ravine."""
    problem, start, steps = ravine(10), np.array([1.0, 0.6]), 1000

    def scene() -> Scene:
        figure = new_figure(7.6, 3.9)
        left, right = figure.subplots(1, 2)
        left.set(xscale="log", yscale="log", xlim=(1, steps), ylim=(0.5, 50), xlabel="step t", ylabel="length of the step / lr",
                 title="A steady gradient")
        left.set_yticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"])
        left.set_xticks([1, 10, 100, 1000], ["1", "10", "100", "1000"])
        left.minorticks_off()
        left.axhline(1, color="black", linewidth=1)
        contours(problem, right)
        right.set_title("In a ravine: the first step is bold")
        style = look("rmsprop")
        (length,) = left.plot([], [], color=style.color)
        (top,) = left.plot([], [], color=style.color, marker=style.marker, markersize=8, linestyle="none", clip_on=False)
        note = readings(left, 0.72, 0.95, ["\u03b2\u2082:", "first step / lr:"], va="top")
        (path,) = right.plot([], [], color=style.color, marker=style.marker, markersize=3.5, linewidth=1)
        (first,) = right.plot([], [], color=style.color, linewidth=4)
        return Scene(figure, {"length": length, "top": top, "note": note, "path": path, "first": first},
                     "Left, the length of RMSprop's steps in units of lr under a steady gradient, both axes logarithmic, with a line at 1; "
                     "right, 100 steps of its path in a ravine of condition number 10, the first step bold.")

    def update(artists: dict[str, Any], memory: float, lr: float) -> str:
        beta2 = 1 - 1 / memory
        t = np.arange(1, steps + 1)
        lengths = 1 / np.sqrt(1 - beta2**t)
        result = run(rmsprop, problem, steps=100, lr=lr, beta2=beta2, start=start)
        artists["length"].set_data(t, lengths)
        artists["top"].set_data([1], [lengths[0]])
        artists["note"].set_text(f"{beta2:.4g}\n{lengths[0]:.2f}")
        artists["path"].set_data(*np.clip(result.theta, -15, 15).T)
        artists["first"].set_data(*np.clip(result.theta[:2], -15, 15).T)
        return (f"beta2 = {beta2:.4g}: the first step is {lengths[0]:.2f} lr = {lengths[0] * lr:.3g} in each coordinate; the tenth is "
                f"{lengths[9]:.2f} lr, the hundredth {lengths[99]:.2f} lr.")

    return Experiment(scene, update, {"memory": Slider("memory of v, steps", 1.0, 1000.0, 100.0, log=True),
                                      "lr": Slider("step size lr", 3e-3, 0.3, lr_start, log=True)},
                      Goal("find the longest memory (to a tenth of it) whose first step is at most 2 lr.",
                           lambda memory, lr: 3.6 <= memory <= 4.0 + 1e-9))
