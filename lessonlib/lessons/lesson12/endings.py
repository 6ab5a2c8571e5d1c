"""Three ways to end a training of lesson 11's transformer: a cosine, a step size that falls late, and an average that needs no end."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from math import sqrt
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from lessonlib.lessons.lesson11.trainings import CLIP, SIZES
from lessonlib.pytorch.transformer import Corpus, Transformer, loss_on_test, schedule

__all__ = ["AVERAGES", "DECAY", "EVERY", "LATE", "LENGTHS", "LONGER", "LONGER_LRS", "LRS", "SIZE", "WARMUP", "WAYS", "ScheduleFree",
           "averaged", "constant", "late", "path", "warmed", "way"]

SIZE = SIZES["cpu"]
LENGTHS = (100, 200, 400, 800)  # steps that a training is planned for
WARMUP, LATE = 20, 0.2  # steps of warm-up, and the share of all steps in which the step size falls late
DECAY, EVERY = 0.1, 20  # weight decay of every parameter; steps between two test losses
WAYS = ("cosine", "late", "free")
AVERAGES = ("none", "all", "free", "fifth")  # means of the weights of an AdamW whose step size stays
LRS = (0.0032, 0.0056, 0.01, 0.018, 0.032, 0.056, 0.1)  # four to a factor of ten, the same for each way
LONGER, LONGER_LRS = 2400, (0.0018, *LRS[:3])  # steps and step sizes of a cosine and of no fall, to see what the length decides


def late(t: int, steps: int, warmup: int = WARMUP, share: float = LATE) -> float:
    """Return the share of the step size at step t = 1, 2, ..., steps: up in a line, then 1, then down in a line over the last share.

    The line would be 0 one step after the last, so that no step is lost.

    >>> [late(t, 100) for t in (20, 21, 81, 91, 100)]
    [0.9523809523809523, 1.0, 1.0, 0.5, 0.05]
    """
    return min(t / (warmup + 1), 1.0, (steps - t + 1) / (share * steps))


def warmed(share: Callable[[int, int], float], steps: int) -> Callable[[int], float]:
    """Return t -> share(t, steps), no larger than the line of a warm-up lets it be.

    >>> warmed(lambda t, steps: 1.0, 100)(7)
    0.3333333333333333
    """
    return lambda t: min(t / (WARMUP + 1), share(t, steps))


class ScheduleFree(torch.optim.Optimizer):
    """Schedule-Free AdamW (Defazio et al. 2024): it steps from z, takes gradients at y between z and their mean x, and x is the result.

        y = (1 - beta1) * z + beta1 * x        z = z - lr * g(y) / (v**0.5 + eps) - lr * weight_decay * y
        x = x + c * (z - x)                    c = lr**2 over the sum of all lr**2 so far

    lr here holds the warm-up and the bias correction of v, (1 - beta2**t)**0.5. The parameters hold y; within `average()` they hold x.
    x is stored too, where the authors compute it from y and z.
    """

    def __init__(self, params: Any, lr: float, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8, weight_decay: float = 0.0,
                 warmup: int = 0) -> None:
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "warmup": warmup, "t": 0, "sum": 0.0})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step from the gradients at y; return the closure's loss, if there is one."""
        loss = closure() if closure is not None else None
        for group in self.param_groups:
            (beta1, beta2), group["t"] = group["betas"], group["t"] + 1
            t, warmup = group["t"], group["warmup"]
            lr = group["lr"] * min(1.0, t / warmup if warmup else 1.0) * sqrt(1 - beta2**t)
            group["sum"] += lr**2
            for y in group["params"]:
                s = self.state[y]
                if not s:
                    s.update(x=y.clone(), z=y.clone(), v=torch.zeros_like(y))
                s["v"].mul_(beta2).addcmul_(y.grad, y.grad, value=1 - beta2)
                s["z"].sub_(y, alpha=lr * group["weight_decay"]).addcdiv_(y.grad, s["v"].sqrt().add_(group["eps"]), value=-lr)
                s["x"].lerp_(s["z"], lr**2 / group["sum"])
                y.copy_(s["z"]).lerp_(s["x"], beta1)
        return loss

    @contextmanager
    def average(self) -> Iterator[None]:
        """A context in which the parameters hold x, the mean, and not y."""
        kept = [(p, p.detach().clone()) for p in self.state]
        with torch.no_grad():
            for p, _ in kept:
                p.copy_(self.state[p]["x"])
        yield
        with torch.no_grad():
            for p, y in kept:
                p.copy_(y)


def way(name: str, steps: int) -> Callable[[int], float] | None:
    """Return t -> the share of the step size for "cosine" and "late"; None for "free", which has no schedule. ValueError for another."""
    shares = {"cosine": partial(schedule, steps=steps, warmup=WARMUP), "late": partial(late, steps=steps), "free": None}
    if name not in shares:
        raise ValueError(f"name={name!r}: one of {', '.join(shares)}")
    return shares[name]


def path(share: Callable[[int], float] | None, lr: float, steps: int, corpus: Corpus, seed: int = 0) -> list[float]:
    """Return the test loss at every twentieth of `steps` steps of AdamW with the step size lr * share(t); None is Schedule-Free AdamW.

    Start and batches depend on the seed alone. Gradients longer than CLIP are shortened to it.
    """
    losses = []
    for t, model, optimizer in _steps(share, lr, steps, corpus, seed):
        if t % EVERY == 0:
            with optimizer.average() if isinstance(optimizer, ScheduleFree) else nullcontext():
                losses.append(loss_on_test(model, corpus, SIZE))
    return losses


def constant(t: int, warmup: int = WARMUP) -> float:
    """Return the share of the step size at step t = 1, 2, ... that goes up in a line and then stays 1."""
    return min(t / (warmup + 1), 1.0)


def averaged(lr: float, steps: int, corpus: Corpus, seed: int = 0) -> dict[str, list[float]]:
    """Return the test losses of one AdamW whose step size stays, at every twentieth step: of its weights, and of three means of them.

    "none": the weights themselves. "all": the mean of all so far. "free": that with the weights of Schedule-Free's x, the squares of its
    step sizes. "fifth": the mean of the last fifth so far. Batches and start are those of `path`.
    """
    losses: dict[str, list[float]] = {name: [] for name in AVERAGES}
    sums: dict[int, Tensor] = {}  # of the weights of all steps so far, by step
    total, weighed, squares = torch.zeros(()), torch.zeros(()), 0.0
    for t, model, _ in _steps(constant, lr, steps, corpus, seed):
        params = list(model.parameters())
        now = parameters_to_vector(params).detach().double()
        square = min(1.0, t / WARMUP) ** 2 * (1 - 0.999**t)
        total, weighed, squares = total + now, weighed + square * now, squares + square
        if t % EVERY == 0 or t % (EVERY * 4 // 5) == 0:  # the ends and the beginnings of the last fifths
            sums[t] = total
        if t % EVERY == 0:
            begin = t * 4 // 5
            fifth = (total - sums[begin]) / (t - begin)
            for name, mean in {"none": now, "all": total / t, "free": weighed / squares, "fifth": fifth}.items():
                vector_to_parameters(mean.float(), params)
                losses[name].append(loss_on_test(model, corpus, SIZE))
            vector_to_parameters(now.float(), params)
    return losses


def _steps(share: Callable[[int], float] | None, lr: float, steps: int, corpus: Corpus,
           seed: int) -> Iterator[tuple[int, Transformer, torch.optim.Optimizer]]:
    """The step, the model and its optimizer after each of so many steps; None for share is Schedule-Free AdamW."""
    model, generator = Transformer(len(corpus.letters), SIZE, seed), torch.Generator(device="cpu").manual_seed(seed)
    betas = (0.9, 0.999)
    optimizer = (torch.optim.AdamW(model.parameters(), lr=lr, betas=betas, weight_decay=DECAY) if share else
                 ScheduleFree(model.parameters(), lr, betas, weight_decay=DECAY, warmup=WARMUP))
    for t in range(1, steps + 1):
        x, y = corpus.windows(SIZE, generator)
        optimizer.zero_grad()
        functional.cross_entropy(model(x).flatten(0, 1), y.flatten()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        if share:
            optimizer.param_groups[0]["lr"] = lr * float(share(t))
        optimizer.step()
        yield t, model, optimizer
