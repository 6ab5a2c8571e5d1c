"""What 16-bit numbers do to RMSprop: facts about four types, and an average that cannot forget in bfloat16."""
from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.rules import State, rmsprop

__all__ = ["TYPES", "facts", "second_moment", "share_that_can_fall", "show_frozen", "torchs_own"]

Array = np.ndarray[Any, Any]
TYPES = {"float64": torch.float64, "float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def facts(name: str) -> list[Any]:
    """Return for a type: its name, 1e-8 and the square of 1e-4 as it holds them, and the first step of RMSprop for g = 1e-4, in lr."""
    dtype = TYPES[name]
    g = torch.tensor(1e-4, dtype=dtype, device="cpu")
    step = rmsprop(0 * g, g, State(), lr=1.0)[0].abs().item()
    return [name, torch.tensor(1e-8, dtype=dtype, device="cpu").item(), (g**2).item(), step]


@cache
def second_moment(name: str, beta2: float = 0.999, steps: int = 2500) -> Array:
    """Return v over the steps in a type, as numbers (steps,): the gradient is 1 for 1000 steps, then 0.1."""
    large, small = torch.tensor([1.0, 0.1], dtype=TYPES[name], device="cpu")
    theta, s, history = torch.zeros((), dtype=TYPES[name], device="cpu"), State(), []
    for t in range(steps):
        theta, s = rmsprop(theta, large if t < 1000 else small, s, lr=0.0, beta2=beta2)
        history.append(s.v)
    return torch.stack(history).double().numpy()


def share_that_can_fall(beta2: float) -> float:
    """Return the share of the bfloat16 numbers between 1 and 2 that get smaller when they are multiplied by beta2."""
    every = (1 + torch.arange(128, dtype=torch.float64, device="cpu") / 128).to(torch.bfloat16)
    return float((beta2 * every < every).double().mean())


def torchs_own(steps: int = 1500) -> tuple[str, float]:
    """Return the type and the value of v in torch.optim.RMSprop, alpha=0.999, with a parameter in bfloat16 and the same gradients."""
    p = torch.nn.Parameter(torch.zeros(1, dtype=torch.bfloat16, device="cpu"))
    optimizer = torch.optim.RMSprop([p], lr=1e-3, alpha=0.999)
    for t in range(steps):
        p.grad = torch.full_like(p, 1.0 if t < 1000 else 0.1)
        optimizer.step()
    v = optimizer.state[p]["square_avg"]
    return str(v.dtype).removeprefix("torch."), float(v)


def show_frozen() -> None:
    """Show v in float32 and in bfloat16 while the gradient gets ten times smaller."""
    show(_frozen(), "v over 2500 steps: in float32 it rises to 0.63 and falls once the gradient is smaller; in bfloat16 it stops at 0.5 "
         "and stays there to the end.")


def _frozen() -> Figure:
    figure = new_figure(7.2, 3.6)
    ax = figure.add_subplot(xlim=(0, 2500), ylim=(0, 0.75), xlabel="step", ylabel="v",
                            title="In bfloat16 a long average stops, and stays")
    ax.axvspan(1000, 2500, color="#eeeeee", zorder=0)
    ax.text(1020, 0.03, "the gradient is ten times smaller", color="#555555")
    ax.plot(second_moment("float32"), color="#666666", linestyle="--", label="float32")
    ax.plot(second_moment("bfloat16"), color=look("rmsprop").color, label="bfloat16")
    ax.legend(loc="upper left")
    return figure
