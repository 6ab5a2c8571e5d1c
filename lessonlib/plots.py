"""From a Run to a picture: one colour, one marker and one dash for each rule in the whole course."""
from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from html import escape
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from lessonlib.problems import Problem
from lessonlib.runner import Run

__all__ = ["LOOK", "STYLE", "Look", "basin", "contours", "hidden", "look", "path", "show", "use_style"]

Array = np.ndarray[Any, Any]
STYLE = Path(__file__).with_name("style.mplstyle")


class Look(NamedTuple):
    """How a rule is drawn: color for lines, marker, and dash; they differ in grey too."""

    color: str
    marker: str
    dash: str | tuple[int, tuple[float, ...]]


LOOK: Mapping[str, Look] = {
    "sgd": Look("#353536", "s", ":"),
    "momentum": Look("#2b569c", "^", "--"),
    "rmsprop": Look("#9e5210", "D", (0, (5, 1.5, 1, 1.5))),
    "adam": Look("#d73569", "o", "-"),
    "adam_l2": Look("#0e4d1b", "v", (0, (3, 1))),
    "adamw": Look("#3f0a61", "P", (0, (8, 2))),
    "muon": Look("#040018", "X", (0, (14, 1))),
    "lion": Look("#350805", "h", (0, (2, 2.5))),
}


def look(rule: Callable[..., Any] | str) -> Look:
    """Return the Look of a rule, given as a function or a name; black and a cross for one that is not of the course.

    >>> look("adam").color
    '#d73569'
    """
    name = rule if isinstance(rule, str) else getattr(rule, "__name__", "")
    return LOOK.get(name, Look("#000000", "x", "-"))


def use_style() -> None:
    """Draw every figure of this notebook in the course's style."""
    import matplotlib.pyplot as plt

    plt.style.use(STYLE)


def hidden(text: str) -> str:
    """Return HTML that a screen reader reads and nobody sees: JupyterLab gives a picture no alternative text.

    >>> "3 &lt; 4" in hidden("3 < 4")
    True
    """
    return f'<span style="position: absolute; width: 1px; height: 1px; overflow: hidden; clip: rect(0 0 0 0)">{escape(text)}</span>'


def show(figure: Figure, alt: str) -> None:
    """Show a pyplot figure under the cell, with a text for who cannot see it, and close it.

    alt: what the figure shows, in a sentence or two that can stand in its place. Raises ValueError for less than 40 characters.
    """
    if len(alt) < 40:
        raise ValueError(f"alt={alt!r}: say in a sentence what is drawn and what it shows; the title alone is not enough")
    import matplotlib.pyplot as plt
    from IPython.display import display

    out = BytesIO()
    figure.savefig(out, format="png", bbox_inches="tight")
    plt.close(figure)
    # the words come first, behind a line that gives nothing away: JupyterLab shows the first line of an output that is folded
    display({"text/html": f"<!-- a figure -->\n{hidden(f'Figure: {alt}')}", "text/plain": f"Figure: {alt}"}, raw=True)
    display({"image/png": b64encode(out.getvalue()).decode("ascii"), "text/plain": alt}, metadata={"image/png": {"alt": alt}}, raw=True)


def contours(problem: Problem, ax: Axes, *, levels: int = 14) -> None:
    """Draw the height lines of a problem in two dimensions over its window, evenly spaced in log(loss), its minimum a star."""
    if problem.window is None or problem.start.shape != (2,):
        raise ValueError(f"{problem.name} has {problem.start.size} parameters: height lines need a problem of 2 with a window")
    x0, x1, y0, y1 = problem.window
    x, y = np.meshgrid(np.linspace(x0, x1, 161), np.linspace(y0, y1, 161))
    z = problem.loss(np.stack([x, y], axis=-1))
    height = np.log10(z - z.min() + 1e-3 * (z.max() - z.min()))
    ax.contourf(x, y, height, levels=levels, cmap="Greys", alpha=0.35)
    ax.contour(x, y, height, levels=levels, colors="#9a9a9a", linewidths=0.5)
    if problem.minimum is not None:
        ax.plot(*problem.minimum, marker="*", color="black", markersize=13, linestyle="none", zorder=5)
    ax.set(xlim=(x0, x1), ylim=(y0, y1), xlabel="$\\theta_1$", ylabel="$\\theta_2$")
    ax.grid(visible=False)


def path(run: Run, ax: Axes, *, rule: Callable[..., Any] | str | None = None, label: str | None = None) -> None:
    """Draw the path of a single run recorded with record="path": theta (T + 1, 2), a marker every tenth of the way."""
    if run.theta.ndim != 2 or run.theta.shape[-1] != 2:
        raise ValueError(f"the run's theta has shape {run.theta.shape}: a path needs (T + 1, 2), one run with record='path'")
    style = look(run.label.split(",")[0] if rule is None else rule)
    every = max(1, len(run.theta) // 10)
    ax.plot(run.theta[:, 0], run.theta[:, 1], color=style.color, marker=style.marker, markevery=every, markersize=5,
            linewidth=1.5, label=run.label if label is None else label)


def basin(lrs: Array, values: Array, ax: Axes, *, rule: Callable[..., Any] | str, label: str | None = None) -> None:
    """Draw a result (L,) against the step size (L,) it was reached with."""
    style = look(rule)
    ax.plot(lrs, values, color=style.color, linestyle=style.dash, marker=style.marker, markersize=4.5,
            label=label or (rule if isinstance(rule, str) else rule.__name__))
    ax.set(xscale="log", xlabel="step size lr")
