"""What the deeper part of lesson 7 runs and draws: two averages, Nesterov's momentum, and a valley where momentum never arrives."""
from __future__ import annotations

import numpy as np

from lessonlib.lessons.lesson07 import averages, play
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.problems import Problem
from lessonlib.rules import Array, State

__all__ = ["bent_line", "nesterov", "show_bottoms", "show_positions", "show_slope", "show_two_averages"]


def nesterov(theta: Array, g: Array, s: State, *, lr: Array, beta1: Array = 0.9) -> tuple[Array, State]:
    """Return (theta, state) after one step of Nesterov's momentum: along the average, moved once more toward the newest gradient.

        m = beta1 * m + (1 - beta1) * g        theta = theta - lr * (beta1 * m + (1 - beta1) * g)

    theta, g: (..., n); beta1 in [0, 1). Same as torch.optim.SGD(lr=lr * (1 - beta1), momentum=beta1, nesterov=True).
    Sutskever et al. 2013.

    >>> theta, s = nesterov(2.0, 3.0, State(), lr=0.1)
    >>> round(theta, 4)
    1.943
    """
    m = beta1 * s.m + (1 - beta1) * g
    theta = theta - lr * (beta1 * m + (1 - beta1) * g)
    return theta, State(s.t + 1, m)


def bent_line() -> Problem:
    """A convex function of one number whose curvature is 25, 1 and 25 again; minimum 0. Lessard, Recht & Packard 2016, section 4.6.

    >>> line = bent_line()
    >>> line.grad(np.array([[0.5], [1.5], [2.5]]), np.random.default_rng(0)).ravel().tolist()
    [12.5, 25.5, 38.5]
    """
    def grad(theta: Array, rng: np.random.Generator) -> Array:  # noqa: ARG001 - no noise here
        return np.where(theta < 1, 25 * theta, np.where(theta < 2, theta + 24, 25 * theta - 24))

    def loss(theta: Array) -> Array:
        x = theta[..., 0]
        return np.where(x < 1, 12.5 * x**2, np.where(x < 2, 0.5 * x**2 + 24 * x - 12, 12.5 * x**2 - 24 * x + 36))

    return Problem("bent line", loss, grad, np.array([3.3]), np.zeros(1))


def show_two_averages(betas: tuple[float, float] = (0.9, 0.98), length: int = 300) -> None:
    """Show a steady climb, noisy measurements of it, and two running averages of those, from the 100th step on."""
    climb = 0.02 * np.arange(length)
    noisy = climb + np.random.default_rng(1).standard_normal(length)
    steps, shown = np.arange(length), slice(100, length)
    figure = new_figure(7.2, 3.6)
    ax = figure.add_subplot(xlabel="step", ylabel="gradient", title="The longer memory is smoother, and later")
    ax.plot(steps[shown], noisy[shown], color="#a6a6a6", marker=".", markersize=4, linestyle="none", zorder=1)
    ax.plot(steps[shown], climb[shown], color="black", linewidth=1.2)
    for beta, dash, color in zip(betas, ("-", "--"), ("#7d9ccf", look("momentum").color), strict=True):
        kept = averages.average(noisy, beta)
        ax.plot(steps[shown], kept[shown], color=color, linestyle=dash, linewidth=2)
        ax.annotate(f"$\\beta$ = {beta:g}", (length, kept[-1]), (4, 0), textcoords="offset points", color=color, va="center",
                    annotation_clip=False)
    ax.text(100, 6.4, "dots: measured\nblack: the steady climb", fontsize=10, va="bottom")
    late = int(np.argmax(climb > averages.average(noisy, betas[1])[200]))
    ax.annotate("", (200, climb[late]), (late, climb[late]), arrowprops={"arrowstyle": "->", "color": look("momentum").color})
    ax.text(205, climb[late] - 0.3, "as high, but later", color=look("momentum").color, va="top")
    show(figure, f"A steady climb with noisy measurements around it: the average with beta {betas[0]:g} shakes and stays near the climb, "
         f"the one with beta {betas[1]:g} is smoother and runs well below it, which means later.")


def show_bottoms(kappa: float = 100) -> None:
    """Show the spectral radius against step size times curvature for four betas, and a ravine as a bar on the bottom that just holds it."""
    x, style, beta = np.geomspace(0.01, 100, 800), look("momentum"), play.best(kappa)[1]
    figure = new_figure(7.4, 4.0)
    ax = figure.add_subplot(xscale="log", xlim=(0.01, 100), ylim=(0, 1.15), xlabel="step size times curvature, $\\alpha\\lambda$",
                            ylabel="spectral radius", title="A larger beta has a wider bottom, and a higher one")
    ax.plot(x, play.radius(x, 0.0), color=look("sgd").color, linestyle=":")
    ax.text(0.75, 0.12, "$\\beta$ = 0", ha="right", color=look("sgd").color)
    for each, dash, at, off, side in ((0.5, "--", 3.2, -0.015, "top"), (beta, "-", 0.6, 0.035, "bottom"), (0.9, "-.", 18, -0.015, "top")):
        ax.plot(x, play.radius(x, each), color=style.color, linestyle=dash)
        ax.text(at, each**0.5 + off, f"$\\beta$ = {each:.2f}", ha="center", va=side, color=style.color)
    low, high = play.funnel(beta)
    ax.plot([low, high], [beta**0.5 + 0.02] * 2, color="black", linewidth=5, alpha=0.75, solid_capstyle="butt")
    ax.annotate(f"a ravine of {kappa:g}\njust fits here", (high, beta**0.5 + 0.02), (13, 0.6), arrowprops={"arrowstyle": "->"})
    ax.axhline(1, color="#888888", linewidth=1)
    ax.text(0.011, 1.02, "above 1 it diverges", va="bottom")
    show(figure, "Spectral radius against step size times curvature: a V with its point at 1 for beta 0; for larger beta a level bottom, "
         f"higher and wider the larger beta is. A bar of length {kappa:g} just fits on that of {beta:.2f}.")


def show_slope(line: Problem) -> None:
    """Show the slope of a function of one number, its start as a circle and its minimum as a star."""
    x = np.linspace(-1.5, 4.0, 400)
    slope = line.grad(x[:, None], np.random.default_rng(0))[:, 0]
    figure = new_figure(7.2, 3.4)
    ax = figure.add_subplot(xlabel="position", ylabel="slope of the loss", title="Steep, gentle, steep")
    ax.axhline(0, color="#888888", linewidth=1)
    ax.plot(x, slope, color="black")
    for at, height, curvature in ((0.1, 18, 25), (1.5, 31, 1), (2.35, 48, 25)):
        ax.text(at, height, f"curvature {curvature}", ha="center")
    ax.plot(0, 0, marker="*", color="black", markersize=14)
    ax.plot(line.start, np.interp(line.start, x, slope), marker="o", markersize=10, markerfacecolor="white", markeredgecolor="black")
    show(figure, "The slope of the loss against position: it rises steeply through 0 at the minimum, gently between 1 and 2, and steeply "
         "again; the start is at 3.3.")


def show_positions(plain: Array, heavy: Array, shown: int = 50) -> None:
    """Show the position of gradient descent and of momentum against the step; the title says whether momentum arrives in the end."""
    arrives = bool(abs(heavy[-3:]).max() < 1e-3)
    figure = new_figure(7.2, 3.4)
    ax = figure.add_subplot(xlabel="step", ylabel="position", title=f"From {heavy[0]:g}, momentum {'' if arrives else 'never '}arrives")
    rows = (("gradient descent", "sgd", plain, "-", 0.0), ("momentum", "momentum", heavy, "none", max(heavy[-3:])))
    for name, rule, positions, line, at in rows:
        style = look(rule)
        ax.plot(positions[: shown + 1], color=style.color, marker=style.marker, markersize=5, linestyle=line)
        ax.text(shown + 1, at, name, color=style.color, fontweight="bold", va="center")
    ax.axhline(0, color="#888888", linewidth=1)
    if not arrives:
        ax.hlines(heavy[-3:], 4, shown, color=look("momentum").color, alpha=0.3, linewidth=4)
    ends = "comes to rest at 0" if arrives else "repeats its positions until the end"
    show(figure, f"Position against step for {shown} steps: gradient descent ends at {plain[-1]:.2g}, and momentum {ends}.")
