"""What newer optimizers keep for each weight, measured, and what the products of a step of Muon cost beside the rest of a training step."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from lessonlib import rules
from lessonlib.lessons.lesson11.trainings import SIZES
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.pytorch.looped import Looped

__all__ = ["MAKERS", "block_share", "held", "muon_products", "rows", "share", "show_shares", "training_products"]

SHAPE = (256, 1024)
MARKED = {"the text of lesson 12": "lesson 12", "width 768": "500,000", "width 4096": "4 million",
          "width 4096, small batches": "16,384"}  # of `rows`, and what stands beside each
MAKERS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "SGD": lambda params: torch.optim.SGD(params, lr=0.1),
    "Adafactor": lambda params: torch.optim.Adafactor(params, lr=0.01),
    "momentum": lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9),
    "Lion": lambda params: Looped(params, rules.lion, lr=1e-4),
    "Muon": lambda params: torch.optim.Muon(params, lr=0.02),
    "AdamW": lambda params: torch.optim.AdamW(params, lr=1e-3),
}


def held(make: Callable[[Any], torch.optim.Optimizer], shape: tuple[int, int] = SHAPE) -> float:
    """Return the bytes of state for each weight of a float32 matrix after one step; single numbers, such as a count, are left out."""
    p = torch.nn.Parameter(torch.ones(shape))
    p.grad = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    made = make([p])
    made.step()
    kept = [value for value in made.state[p].values() if isinstance(value, torch.Tensor) and value.numel() > 1]
    return sum(value.numel() * value.element_size() for value in kept) / p.numel()


def muon_products(rows: int, columns: int, steps: int = 5) -> int:
    """Return the multiplications of Muon's steps for a matrix: x x^T, its square, and that times x, on the smaller side.

    >>> muon_products(100, 100) == 5 * 3 * 100**3
    True
    """
    small, large = sorted((rows, columns))
    return steps * (2 * small**2 * large + small**3)


def training_products(rows: int, columns: int, tokens: int) -> int:
    """Return the multiplications of forward and backward for a matrix and so many tokens: one product forward and two backward.

    >>> training_products(100, 100, 64) == 3 * 64 * 100**2
    True
    """
    return 3 * rows * columns * tokens


def share(width: int, tokens: int) -> float:
    """Return Muon's multiplications as a share of those of forward and backward, for a square matrix: 5 * width / tokens.

    >>> share(1000, 500_000)
    0.01
    """
    return muon_products(width, width) / training_products(width, width, tokens)


def block_share(width: int, tokens: int) -> float:
    """Return the same for the four matrices of a transformer's block, which are 3, 1 and 4 widths tall, and 4 wide.

    >>> round(block_share(1000, 1000) / share(1000, 1000), 2)
    0.78
    """
    shapes = [(3 * width, width), (width, width), (4 * width, width), (width, 4 * width)]
    return sum(muon_products(*shape) for shape in shapes) / sum(training_products(*shape, tokens) for shape in shapes)


def rows() -> list[list[Any]]:
    """Return a row for each of four trainings: width, tokens of a batch, Muon's share for a square matrix, and in a block."""
    lab = SIZES["cpu"]
    return [[name, width, tokens, share(width, tokens), block_share(width, tokens)] for name, width, tokens in (
        ("the text of lesson 12", lab.width, lab.batch * lab.context), ("width 768", 768, 500_000), ("width 4096", 4096, 4_000_000),
        ("width 4096, small batches", 4096, 16_384))]


def show_shares() -> None:
    """Show Muon's share of the multiplications against the tokens of a batch for three widths, with some trainings of `rows` marked."""
    figure, tokens = new_figure(7.4, 4.2), np.geomspace(128, 6e7, 2)
    ax = figure.add_subplot(xscale="log", yscale="log", xlim=(128, 6e7), ylim=(1e-4, 100),
                            xlabel="tokens in a batch (each cross is a training)", ylabel="Muon's work, over forward and backward",
                            title="A wide matrix and a small batch make Muon's step costly")
    ax.axhspan(1, 100, color="#e9e9e9", zorder=0)
    ax.text(5e7, 40, "more than forward and backward", ha="right", va="center", fontsize=11)
    color = look("muon").color
    for width, dash in ((32, ":"), (768, "--"), (4096, "-")):
        ax.plot(tokens, [share(width, t) for t in tokens], color=color, linestyle=dash)
        at = {32: 1e-3, 768: 0.1, 4096: 0.05}[width]  # a share at which there is room on the line
        ax.text(5 * width / at, at, f"width {width}", color=color, weight="bold", fontsize=11, va="center", ha="center",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1})
    marked = [row for row in rows() if row[0] in MARKED]
    for name, width, count, found, _ in marked:
        ax.plot(count, found, color=color, marker=look("muon").marker, markersize=9, linestyle="none", zorder=6)
        side = -8 if width == 768 else 8  # the lines fall: room is above on the right, or below on the left where a line is near
        ax.annotate(MARKED[name], (count, found), (side, 4 if side > 0 else -4), textcoords="offset points", fontsize=11,
                    ha="left" if side > 0 else "right", va="bottom" if side > 0 else "top")
    show(figure, "Muon's multiplications as a share of those of forward and backward, against the tokens of a batch, both on logarithmic "
                 "scales: a falling line for each of three widths, the wider the higher, and four trainings marked. "
                 + "; ".join(f"{name} is at {found:.1%}" for name, _, _, found, _ in marked) + ".")
