"""Training in 16 bits: the loop for float16 with its GradScaler, and what a wrong order costs whom."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from lessonlib.data import text
from lessonlib.lessons.lesson11.trainings import SIZES
from lessonlib.pytorch.transformer import Corpus, Transformer, schedule

__all__ = ["CLIP", "LARGE_EPS", "MADE", "ORDERS", "RULES", "corpus", "criterion", "in_each_type", "loss_after", "lost_updates",
           "times_shorter", "train_float16", "who_stops"]

CLIP = 1.0
RULES: dict[str, tuple[Callable[[Any], torch.optim.Optimizer], float]] = {  # the optimizer and its step size
    "momentum": (lambda params: torch.optim.SGD(params, lr=0.3, momentum=0.9), 0.3),
    "AdamW": (lambda params: torch.optim.AdamW(params, lr=0.01), 0.01),
}
LARGE_EPS = "AdamW, eps 1e-6"
MADE = RULES | {LARGE_EPS: (lambda params: torch.optim.AdamW(params, lr=0.01, eps=1e-6), 0.01)}
ORDERS = ("unscale, then clip", "clip, then unscale")


def criterion(logits: Tensor, y: Tensor) -> Tensor:
    """Return the mean loss in nats: logits (batch, places, letters) or (batch, classes), y (batch, places) or (batch,)."""
    return nn.functional.cross_entropy(logits.flatten(0, -2), y.flatten())


def train_float16(
    model: nn.Module, optimizer: torch.optim.Optimizer, scaler: torch.amp.GradScaler, batches: Sequence[tuple[Tensor, Tensor]],
) -> None:
    """Train in float16: scale the loss, go backward, unscale the gradients, clip them, step, update the scale."""
    for x, y in batches:
        optimizer.zero_grad()
        with torch.autocast(x.device.type, torch.float16):
            loss = criterion(model(x), y)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        scaler.step(optimizer)
        scaler.update()


def in_each_type(*numbers: float) -> list[list[Any]]:
    """Return a row for float32, bfloat16 and float16: its name, and what each of the numbers becomes in it.

    >>> in_each_type(100_000)[2]
    ['float16', inf]
    """
    kinds = (torch.float32, torch.bfloat16, torch.float16)
    return [[str(kept)[6:], *(torch.tensor(x, device="cpu", dtype=torch.float64).to(kept).item() for x in numbers)] for kept in kinds]


@cache
def loss_after(rule: str, order: str, steps: int = 150) -> float:
    """Return the training loss, the mean of the last ten steps, of the lab's small transformer with a GradScaler and clipping at 1.

    rule: of MADE. order: of ORDERS. The products are in float32, so that only the order matters; one thread, on the CPU.
    """
    size = SIZES["cpu"]._replace(steps=steps, warmup=steps // 4)
    book = corpus()
    make, lr = MADE[rule]
    model, generator = Transformer(len(book.letters), size), torch.Generator(device="cpu").manual_seed(0)
    optimizer, scaler, losses = make(model.parameters()), torch.amp.GradScaler("cpu"), []
    for t in range(1, steps + 1):
        optimizer.param_groups[0]["lr"] = lr * schedule(t, steps, size.warmup)
        losses.append(_step(model, optimizer, scaler, order, *book.windows(size, generator)))
    return sum(losses[-10:]) / 10


def _step(model: nn.Module, optimizer: torch.optim.Optimizer, scaler: torch.amp.GradScaler, order: str, x: Tensor, y: Tensor) -> float:
    """One step with the gradient clipped in this order; returns the loss before it."""
    loss = criterion(model(x), y)
    optimizer.zero_grad()
    scaler.scale(loss).backward()
    if order == ORDERS[0]:
        scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_(model.parameters(), CLIP)
    scaler.step(optimizer)
    scaler.update()
    return loss.item()


def times_shorter(rule: str) -> float:
    """Return the length of the first step in the right order over that in the wrong one; rule: of MADE, as in `loss_after`."""
    lengths = []
    for order in ORDERS:
        model = Transformer(len(corpus().letters), SIZES["cpu"])
        before = nn.utils.parameters_to_vector(model.parameters()).detach().clone()
        batch = corpus().windows(SIZES["cpu"], torch.Generator(device="cpu").manual_seed(0))
        _step(model, MADE[rule][0](model.parameters()), torch.amp.GradScaler("cpu"), order, *batch)
        lengths.append((nn.utils.parameters_to_vector(model.parameters()).detach() - before).norm().item())
    return lengths[0] / lengths[1]


@cache
def lost_updates(at: tuple[int, ...] = (1, 20, 100), lr: float = 1e-3, low: float = 0.015, high: float = 0.03) -> list[list[float]]:
    """Return a row for each of these steps of AdamW on the lab's small transformer: step, median update over lr, and share lost.

    Of the weights between `low` and `high` in size, an update is lost if bfloat16 would round the weight back to where it was. The
    training itself is in float32, at a constant step size.
    """
    size, book, found = SIZES["cpu"], corpus(), []
    model, generator = Transformer(len(book.letters), size), torch.Generator(device="cpu").manual_seed(0)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    for t in range(1, max(at) + 1):
        x, y = book.windows(size, generator)
        optimizer.zero_grad()
        criterion(model(x), y).backward()
        before = torch.cat([p.detach().flatten() for p in model.parameters()])
        optimizer.step()
        if t in at:
            update = torch.cat([p.detach().flatten() for p in model.parameters()]) - before
            few = (before.abs() > low) & (before.abs() < high)
            kept, moved = before[few].bfloat16(), update[few]
            lost = (kept.float() + moved).bfloat16() == kept
            found.append([t, float(moved.abs().median()) / lr, float(lost.float().mean())])
    return found


def who_stops() -> str:
    """Return which optimizer learns nothing in the wrong order, although it does in the right one: a rule of RULES, "both" or "neither"."""
    right, wrong = ({rule: loss_after(rule, order) for rule in RULES} for order in ORDERS)
    stopped = [rule for rule in RULES if wrong[rule] > 4.0 > 3.5 > right[rule]]
    return "both" if len(stopped) == len(RULES) else stopped[0] if stopped else "neither"


@cache
def corpus() -> Corpus:
    """Return the book on the CPU, read once."""
    return Corpus(text(), "cpu")
