"""Warm-up in the lab: how alike the vectors are that leave the transformer, with it and without, and a training by any schedule."""
from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from lessonlib.lessons.lesson11.half import corpus
from lessonlib.lessons.lesson11.trainings import SIZES, optimizer
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.pytorch.transformer import Transformer, fit, loss_on_test, schedule

__all__ = ["SEEDS", "alike", "passes", "show_alike", "watch", "with_beta", "with_schedule"]

SEEDS = (0, 1, 2)
SIZE = SIZES["cpu"]
WATCHED = 50  # steps, twice as many as the vectors need to come apart again


@torch.no_grad()
def alike(model: Any) -> float:
    """Return the squared length of the mean of the unit vectors that leave the network: 1 if all point one way, 0 if they cancel."""
    kept: list[torch.Tensor] = []
    hook = model.norm.register_forward_hook(lambda module, given, made: kept.append(made))
    model(corpus().test[: 64 * SIZE.context].view(64, -1))
    hook.remove()
    return float(functional.normalize(kept[0].flatten(0, 1), dim=-1).mean(0).square().sum())


@cache
def watch(seed: int, warmup: int, lr: float = 0.01) -> tuple[float, ...]:
    """Return alike() before each of the first WATCHED steps of a training with AdamW, clipped as in the sweep."""
    model, generator = Transformer(len(corpus().letters), SIZE, seed), torch.Generator(device="cpu").manual_seed(seed)
    stepping, watched = optimizer("adamw", lr)(model.parameters()), []
    for t in range(1, WATCHED + 1):
        watched.append(alike(model))
        _step(model, stepping, generator, lr * schedule(t, SIZE.steps, warmup))
    return tuple(watched)


def _step(model: Any, stepping: torch.optim.Optimizer, generator: torch.Generator, lr: float) -> None:
    """One step of the lab's training."""
    x, y = corpus().windows(SIZE, generator)
    stepping.param_groups[0]["lr"] = lr
    stepping.zero_grad()
    functional.cross_entropy(model(x).flatten(0, 1), y.flatten()).backward()
    stepping.step()


def with_schedule(rule: str, lr: float, share: Callable[[int], float], seed: int = 0) -> float:
    """Return the test loss after the lab's 200 steps with the step size lr * share(t), t = 1, 2, ..., 200, clipped as in the sweep."""
    model, generator = Transformer(len(corpus().letters), SIZE, seed), torch.Generator(device="cpu").manual_seed(seed)
    stepping = optimizer(rule, lr)(model.parameters())
    for t in range(1, SIZE.steps + 1):
        _step(model, stepping, generator, lr * float(share(t)))
    return loss_on_test(model, corpus(), SIZE)


def with_beta(beta: float, lr: float, *, rule: str = "momentum", nesterov: bool = False, seed: int = 0) -> float:
    """Return the test loss with another beta, or of momentum in Nesterov's form, under the protocol of the sweep.

    rule: "momentum" or "adam", whose first beta it is; its second one stays at 0.999.
    """

    def made(params: Any) -> torch.optim.Optimizer:
        found = optimizer(rule, lr)(params)
        found.param_groups[0].update({"betas": (beta, 0.999)} if rule == "adam" else {"momentum": beta, "nesterov": nesterov})
        return found

    return fit(made, corpus(), SIZE, seed=seed).test


def passes(warmup: int, level: float = 0.9) -> tuple[float, float]:
    """Return the medians over SEEDS of the first and the last step at which the vectors are more alike than `level`; inf for never."""
    above = [[float(i) for i, value in enumerate(watch(seed, warmup)) if value > level] or [np.inf] for seed in SEEDS]
    return float(np.median([steps[0] for steps in above])), float(np.median([steps[-1] for steps in above]))


def show_alike() -> None:
    """Show how alike the vectors are over the first WATCHED steps of a training, SEEDS with warm-up and SEEDS without."""
    figure = new_figure(7.2, 3.5)
    ax = figure.add_subplot(xlabel="step", ylabel="how alike (0: they cancel, 1: one way)", ylim=(0, 1.05),
                            title="How alike the vectors are, AdamW at a step size of 0.01")
    for warmup, color, dash in ((SIZE.warmup, look("adamw").color, "-"), (0, "black", ":")):
        for seed in SEEDS:
            name = f"{warmup} steps of warm-up" if warmup else "no warm-up"
            ax.plot(watch(seed, warmup), color=color, ls=dash, lw=1.5, label=name if seed == SEEDS[0] else None)
    ax.axhline(0.9, color="#999999", lw=1)
    ax.text(WATCHED, 0.91, "0.9", color="#555555", fontsize=9, ha="right")
    ax.legend()
    told = "; ".join(f"{name} they are above 0.9 from step {first:.0f} to step {last:.0f}"
                     for name, (first, last) in (("with warm-up", passes(SIZE.warmup)), ("without", passes(0))))
    show(figure, f"How alike the vectors are that leave the network, over the first {WATCHED} steps, three starts with warm-up and three "
         f"without, and a line at 0.9. As medians, {told}.")
