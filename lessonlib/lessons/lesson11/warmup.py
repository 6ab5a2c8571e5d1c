"""Warm-up in the lab: how alike the vectors are that leave the transformer, its loss meanwhile, and a training by any schedule."""
from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import torch
from torch.nn import functional
from torch.nn.utils import parameters_to_vector

from lessonlib.lessons.lesson11.half import corpus
from lessonlib.lessons.lesson11.opening import LETTERS, levels
from lessonlib.lessons.lesson11.trainings import SIZES, optimizer
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.pytorch.transformer import Transformer, fit, loss_on_test, schedule

__all__ = ["LR", "SEEDS", "alike", "at_the_end", "end", "five_steps", "show_alike", "watch", "with_beta", "with_schedule"]

SEEDS = (0, 1, 2)
SIZE = SIZES["cpu"]
LR = 0.018  # AdamW's, at which warm-up lowers the test loss of every start
HELD = 25  # steps, for which `five_steps` holds the others at a tenth
WATCHED = 60  # steps, until the vectors of every start have come apart again


@torch.no_grad()
def alike(model: Any) -> float:
    """Return the squared length of the mean of the unit vectors that leave the network: 1 if all point one way, 0 if they cancel."""
    kept: list[torch.Tensor] = []
    hook = model.norm.register_forward_hook(lambda module, given, made: kept.append(made))
    model(corpus().test[: 64 * SIZE.context].view(64, -1))
    hook.remove()
    return float(functional.normalize(kept[0].flatten(0, 1), dim=-1).mean(0).square().sum())


def _fresh(seed: int, knows: bool = False) -> Any:
    """A model at its start; knows: the logarithm of how often each letter comes in the training text is added to its scores."""
    model = Transformer(len(corpus().letters), SIZE, seed)
    if knows:
        counts = torch.bincount(corpus().train, minlength=len(corpus().letters)).float() + 0.5
        model.register_forward_hook(lambda module, given, made: made + (counts / counts.sum()).log())
    return model


@cache
def watch(seed: int, warmup: int, *, knows: bool = False) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Return alike() and the test loss before each of the first WATCHED steps of a training with AdamW at LR, clipped as in the sweep.

    knows: whether the network is given from its start how often each letter comes.
    """
    model, generator = _fresh(seed, knows), torch.Generator(device="cpu").manual_seed(seed)
    stepping, vectors, losses = optimizer("adamw", LR)(model.parameters()), [], []
    for t in range(1, WATCHED + 1):
        vectors.append(alike(model))
        losses.append(loss_on_test(model, corpus(), SIZE, 64))
        _step(model, stepping, generator, LR * schedule(t, SIZE.steps, warmup))
    return tuple(vectors), tuple(losses)


def _step(model: Any, stepping: torch.optim.Optimizer, generator: torch.Generator, lr: float) -> None:
    """One step of the lab's training."""
    x, y = corpus().windows(SIZE, generator)
    stepping.param_groups[0]["lr"] = lr
    stepping.zero_grad()
    functional.cross_entropy(model(x).flatten(0, 1), y.flatten()).backward()
    stepping.step()


def with_schedule(rule: str, lr: float, share: Callable[[int], float], seed: int = 0, *, knows: bool = False) -> float:
    """Return the test loss after the lab's 200 steps with the step size lr * share(t), t = 1, 2, ..., 200, clipped as in the sweep.

    knows: whether the network is given from its start how often each letter comes.
    """
    model, generator = _fresh(seed, knows), torch.Generator(device="cpu").manual_seed(seed)
    stepping = optimizer(rule, lr)(model.parameters())
    for t in range(1, SIZE.steps + 1):
        _step(model, stepping, generator, lr * float(share(t)))
    return loss_on_test(model, corpus(), SIZE)


@cache
def end(warmup: int, *, knows: bool, seed: int = 0, lr: float = LR) -> float:
    """Return the test loss after the lab's 200 steps of AdamW at lr with so many steps of warm-up; knows: as in `with_schedule`."""
    return with_schedule("adamw", lr, partial(schedule, steps=SIZE.steps, warmup=warmup), seed, knows=knows)


@cache
def five_steps(first: int, share: float, seed: int = 0) -> tuple[float, float]:
    """Return (the length of five steps of AdamW, each one's added up; the test loss after the lab's 200 steps), clipped as in the sweep.

    first: the first of the five, at most 21. share: their part of LR; the other steps have a tenth up to step HELD, then the part
    rises along a line to 1 at the end of the lab's warm-up, and falls as in the lab.
    """
    model, generator, length = _fresh(seed), torch.Generator(device="cpu").manual_seed(seed), 0.0
    stepping = optimizer("adamw", LR)(model.parameters())
    for t in range(1, SIZE.steps + 1):
        among = first <= t < first + 5
        before = parameters_to_vector(model.parameters()).detach().clone()
        _step(model, stepping, generator, LR * (share if among else _held(t)))
        if among:
            length += float((parameters_to_vector(model.parameters()).detach() - before).norm())
    return length, loss_on_test(model, corpus(), SIZE)


def _held(t: int) -> float:
    """The part of the step size at step t, held back at first as `five_steps` says."""
    if t > SIZE.warmup:
        return schedule(t, SIZE.steps, SIZE.warmup)
    return max(0.1, 0.1 + 0.9 * (t - HELD) / (SIZE.warmup - HELD))


def with_beta(beta: float, lr: float, *, rule: str = "momentum", seed: int = 0) -> float:
    """Return the test loss with another beta under the protocol of the sweep.

    rule: "momentum" or "adam", whose first beta it is; its second one stays at 0.999.
    """

    def made(params: Any) -> torch.optim.Optimizer:
        found = optimizer(rule, lr)(params)
        found.param_groups[0].update({"betas": (beta, 0.999)} if rule == "adam" else {"momentum": beta})
        return found

    return fit(made, corpus(), SIZE, seed=seed).test


def at_the_end(warmup: int) -> tuple[list[float], list[float]]:
    """Return alike() and the test loss before the last of the WATCHED steps, for each of SEEDS."""
    ends = [watch(seed, warmup) for seed in SEEDS]
    return [vectors[-1] for vectors, _ in ends], [losses[-1] for _, losses in ends]


def show_alike() -> None:
    """Show how alike the vectors are over the first WATCHED steps of a training, and the test loss: SEEDS with warm-up, SEEDS without."""
    figure = new_figure(10.8, 4.0)
    left, right = figure.subplots(1, 2)
    left.set(xlabel="step", ylabel="how alike, from 0 to 1", ylim=(0, 1.05), title="How alike the vectors are")
    right.set(xlabel="step", ylabel="test loss, nats a character", title="The loss meanwhile")
    for warmup, color, dash in ((SIZE.warmup, look("adamw").color, "-"), (0, "black", ":")):
        for seed in SEEDS:
            for ax, values in zip((left, right), watch(seed, warmup), strict=True):
                ax.plot(values, color=color, ls=dash, lw=1.8)
    level = levels()[LETTERS]
    right.axhline(level, color="#777777", lw=1.2)
    right.text(0, level - 0.03, LETTERS, color="#333333", fontsize=11, va="top")
    for ax, cold, warm in ((left, (48, 0.94), (33, 0.22)), (right, (33, 3.12), (8, 3.75))):
        ax.text(*cold, "no warm-up", fontsize=12)
        ax.text(*warm, f"{SIZE.warmup} steps of warm-up", fontsize=12, color=look("adamw").color)
    figure.suptitle("Without warm-up the vectors stay alike longer, and the loss stays longer at the table of letters", weight="bold")
    told = "; ".join(f"{name} {min(vectors):.2f} to {max(vectors):.2f} at a loss of {min(losses):.2f} to {max(losses):.2f}"
                     for name, (vectors, losses) in (("with warm-up", at_the_end(SIZE.warmup)), ("without it", at_the_end(0))))
    show(figure, f"Left, how alike the vectors are that leave the network, over the first {WATCHED} steps, three starts with warm-up and "
         f"three without; right, the test loss of the same trainings, with a line at {level:.2f}, the table of letters. "
         f"How alike they are at the right end: {told}.")
