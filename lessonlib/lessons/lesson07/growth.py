"""How the number of steps grows with the condition number: the picture of lesson 7's part 3."""
from __future__ import annotations

from matplotlib.figure import Figure

from lessonlib.lessons.lesson07 import play
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show

__all__ = ["show_growth"]


def show_growth() -> None:
    """Show the steps of gradient descent, of momentum, and of momentum with a beta of 0.9, against the condition number."""
    show(_growth(), "Steps against the condition number, both axes logarithmic. Gradient descent's line rises in proportion, momentum's "
         "with the square root. With a beta of 0.9 everywhere momentum's is level up to 1,000 and then rises in proportion too.")


def _growth() -> Figure:
    figure, counts = new_figure(7.6, 4.0), play.steps_by_kappa()
    ax = figure.add_subplot(xscale="log", yscale="log", xlim=(8, 40_000), ylim=(8, 150_000), xlabel="condition number $\\kappa$",
                            ylabel="steps to $10^{-10}$ of the first loss",
                            title="Momentum: a hundred times the condition number, ten times the steps")
    for at, rule in enumerate(("sgd", "momentum")):
        style = look(rule)
        ax.plot(play.KAPPAS, [counts[kappa][at] for kappa in play.KAPPAS], color=style.color, linestyle=style.dash, marker=style.marker)
        for kappa in (10, 100, 10_000):
            ax.text(kappa, counts[kappa][at] * (0.75 if at else 1.35), f"{counts[kappa][at]:,}", ha="center", va="top" if at else "bottom",
                    color=style.color, fontweight="bold")
    style, usual = look("momentum"), [play.usual_beta(kappa) for kappa in play.KAPPAS]
    ax.plot(play.KAPPAS, usual, color=style.color, alpha=0.45, linewidth=1.5, marker=style.marker, markersize=5)
    ax.text(1100, 8000, "gradient descent", color=look("sgd").color, ha="right")
    ax.text(1500, 160, "momentum", color=style.color, va="top")
    ax.text(11_500, usual[-1], "momentum,\nbeta 0.9\neverywhere", color=style.color, alpha=0.8, va="center", fontsize=10)
    return figure
