"""The boxes and arrows of the flow pictures."""
from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

__all__ = ["arrow", "box"]


def box(ax: Axes, x: float, y: float, text: str, color: str, width: float, height: float) -> None:
    """Draw a box around a text, both in the middle of (x, y)."""
    ax.add_patch(FancyBboxPatch((x - width / 2, y - height / 2), width, height, boxstyle="round,pad=0,rounding_size=0.1",
                                facecolor="white", edgecolor=color, linewidth=1.8))
    ax.text(x, y, text, ha="center", va="center", fontsize=10, linespacing=1.4)


def arrow(ax: Axes, start: tuple[float, float], end: tuple[float, float], color: str) -> None:
    """Draw an arrow from start to end, (x, y) each."""
    ax.annotate("", end, start, arrowprops={"arrowstyle": "-|>", "color": color, "lw": 1.6, "shrinkA": 0, "shrinkB": 0})
