"""What numbers of 16 and of 32 bits do to RMSprop: facts about four types, a loss that becomes zero, an average that cannot forget."""
from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.rules import State, rmsprop

__all__ = ["TYPES", "distances", "facts", "hops_of_torch", "second_moment", "share_that_can_fall", "show_frozen", "torchs_own"]

Array = np.ndarray[Any, Any]
LOOKS = (1500, 2500)  # the steps after which torch's own v is read
TYPES = {"float64": torch.float64, "float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


def facts(name: str) -> list[Any]:
    """Return for a type: its name, 1e-8 and the square of 1e-4 as it holds them, and the first step of RMSprop for g = 1e-4, in lr."""
    dtype = TYPES[name]
    g = torch.tensor(1e-4, dtype=dtype, device="cpu")
    step = rmsprop(0 * g, g, State(), lr=1.0)[0].abs().item()
    return [name, torch.tensor(1e-8, dtype=dtype, device="cpu").item(), (g**2).item(), step]


def distances(low: float, name: str = "bfloat16") -> list[str]:
    """Return for the numbers of a type from `low`, a power of two, to its double: those two, the distance between neighbours, half of it.

    >>> distances(0.25)
    ['0.25 to 0.5', '1/512', '1/1024']
    """
    apart = low * torch.finfo(TYPES[name]).eps
    return [f"{low:g} to {2 * low:g}", f"1/{1 / apart:.0f}", f"1/{2 / apart:.0f}"]


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


@cache
def torchs_own(beta2: float = 0.999, name: str = "bfloat16") -> tuple[Any, ...]:
    """Return the type of v in torch.optim.RMSprop, alpha=beta2, with a parameter in a type, and v after each of LOOKS steps.

    The gradient is 1 for 1000 steps, then 0.1.
    """
    p = torch.nn.Parameter(torch.zeros(1, dtype=TYPES[name], device="cpu"))
    optimizer, seen = torch.optim.RMSprop([p], lr=1e-3, alpha=beta2), []
    for t in range(1, LOOKS[-1] + 1):
        p.grad = torch.full_like(p, 1.0 if t <= 1000 else 0.1)
        optimizer.step()
        v = optimizer.state[p]["square_avg"]
        seen += [float(v)] if t in LOOKS else []
    return str(v.dtype).removeprefix("torch."), *seen


@cache
def hops_of_torch(name: str, *, noise: float = 0.0, beta2: float = 0.99, lr: float = 0.03, steps: int = 5000) -> Array:
    """Return the losses of torch.optim.RMSprop in a type, in a ravine with curvatures 1 and 100 from (1, 0.3): (steps,).

    noise: the standard deviation of what is added to each part of each gradient.
    """
    p = torch.nn.Parameter(torch.tensor([1.0, 0.3], dtype=TYPES[name], device="cpu"))
    curvature = torch.tensor([1.0, 100.0], dtype=TYPES[name], device="cpu")
    optimizer, rng, losses = torch.optim.RMSprop([p], lr=lr, alpha=beta2), np.random.default_rng(0), []
    for _ in range(steps):
        shaken = torch.from_numpy(noise * rng.standard_normal(2)).to(curvature)
        p.grad = p.detach() * curvature + shaken
        optimizer.step()
        losses.append(float((curvature * p.detach() ** 2).sum()) / 2)
    return np.array(losses)


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
    ax.plot(second_moment("float32"), color="#666666", linestyle="--", linewidth=2.2)
    ax.plot(second_moment("bfloat16"), color=look("rmsprop").color, linewidth=2.2)
    ax.text(2480, 0.52, "bfloat16", fontsize=12, ha="right", color=look("rmsprop").color)
    ax.text(2480, 0.22, "float32", fontsize=12, ha="right", color="#555555")
    return figure
