"""Training in 16 bits: the loop for float16 with its GradScaler, what a learner's loop does, and what a wrong order costs whom."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn

from lessonlib.data import text
from lessonlib.lessons.lesson11.trainings import SIZES
from lessonlib.pytorch.transformer import Corpus, Transformer, schedule

__all__ = ["ORDERS", "RULES", "corpus", "criterion", "loss_after", "train_float16", "types_under_autocast", "what_a_loop_does",
           "who_stops"]

CLIP = 1.0
RULES: dict[str, tuple[Callable[[Any], torch.optim.Optimizer], float]] = {  # the optimizer and its step size
    "momentum": (lambda params: torch.optim.SGD(params, lr=0.3, momentum=0.9), 0.3),
    "AdamW": (lambda params: torch.optim.AdamW(params, lr=0.01), 0.01),
}
ORDERS = ("unscale, then clip", "clip, then unscale")


def criterion(logits: Tensor, y: Tensor) -> Tensor:
    """Return the mean loss in nats: logits (batch, places, letters) or (batch, classes), y (batch, places) or (batch,)."""
    return nn.functional.cross_entropy(logits.flatten(0, -2), y.flatten())


def train_float16(
    model: nn.Module, optimizer: torch.optim.Optimizer, scaler: torch.amp.GradScaler, batches: Sequence[tuple[Tensor, Tensor]],
) -> None:
    """Train in float16: scale the loss, go backward, unscale the gradients, clip them, step, update the scale."""
    for x, y in batches:
        with torch.autocast(x.device.type, torch.float16):
            loss = criterion(model(x), y)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        scaler.step(optimizer)
        scaler.update()


class _Watched(torch.amp.GradScaler):
    """A GradScaler that keeps the names of its methods in the order in which they were called."""

    def __init__(self) -> None:
        super().__init__("cpu", init_scale=2.0**12)
        self.calls: list[str] = []

    def scale(self, outputs: Any) -> Any:
        self.calls.append("scale")
        return super().scale(outputs)

    def unscale_(self, optimizer: torch.optim.Optimizer) -> None:
        self.calls.append("unscale_")
        super().unscale_(optimizer)

    def step(self, optimizer: torch.optim.Optimizer, *args: Any, **kwargs: Any) -> Any:
        self.calls.append("step")
        return super().step(optimizer, *args, **kwargs)

    def update(self, new_scale: Any = None) -> None:
        self.calls.append("update")
        super().update(new_scale)


def _tried(loop: Callable[..., Any]) -> tuple[list[str], list[float]]:
    """What a loop calls on its scaler, and the length of the gradient at each step of the optimizer; true lengths are 10 and below 1."""
    draw = torch.Generator(device="cpu").manual_seed(0)
    x = torch.randn(8, 4, generator=draw, device="cpu", dtype=torch.float32)
    model = nn.Linear(4, 3, device="cpu", dtype=torch.float32)
    with torch.no_grad():
        model.weight.zero_()
        model.bias.zero_()
    y = torch.arange(8, device="cpu") % 3
    optimizer, scaler, lengths = torch.optim.SGD(model.parameters(), lr=1e-3), _Watched(), []

    def measure(stepping: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:  # noqa: ARG001 - torch's signature
        grads = [p.grad for p in model.parameters() if p.grad is not None]
        lengths.append(float(torch.cat([g.flatten() for g in grads]).norm()) if grads else 0.0)

    optimizer.register_step_pre_hook(measure)
    loop(model, optimizer, scaler, [(20 * x, y), (0.3 * x, y)])
    return scaler.calls, lengths


def what_a_loop_does(loop: Callable[..., Any]) -> dict[str, Any]:
    """Return "found", what is wrong with a loop for float16 on two batches, one with a long gradient and one with a short one.

    found: right; nothing; raises, with the "error"; no scale, no unscale, no step, no update; own step; clip first; no clip; cleared;
    no zero_grad; other. "lengths": of the gradient at each step; "wanted": those of the right loop.
    """
    calls, wanted = _tried(train_float16)
    try:
        seen, lengths = _tried(loop)
    except Exception as error:  # noqa: BLE001 - whatever a learner's loop raises is told
        known = {"being called after step": "no update", "but _scale is None": "no scale", "No inf checks": "cleared"}
        found = next((name for words, name in known.items() if words in str(error)), "raises")
        return {"found": found, "error": f"{type(error).__name__}: {str(error)[:160]}", "lengths": [], "wanted": wanted}
    return {"found": _found(seen, calls, lengths, wanted), "lengths": lengths, "wanted": wanted}


def _found(seen: list[str], calls: list[str], lengths: list[float], wanted: list[float]) -> str:
    close = len(lengths) == len(wanted) and all(abs(a - b) <= 5e-4 * b for a, b in zip(lengths, wanted, strict=True))
    if seen == calls and close:
        return "right"
    if not seen and not lengths:
        return "nothing"
    if "scale" not in seen:
        return "no scale"
    if not lengths:
        return "no step"
    if "step" not in seen:
        return "own step"
    if "update" not in seen:
        return "no update"
    if max(lengths) < 0.01:
        return "clip first" if "unscale_" in seen[:seen.index("step")] else "no unscale"  # step unscales by itself where nobody has
    if lengths[0] > 1.1 * CLIP:
        return "no clip"
    return "no zero_grad" if len(lengths) == len(wanted) else "other"


@cache
def loss_after(rule: str, order: str, steps: int = 100) -> float:
    """Return the training loss, the mean of the last ten steps, of the lab's small transformer with a GradScaler and clipping at 1.

    rule: of RULES. order: of ORDERS. The products are in float32, so that only the order matters; one thread, on the CPU.
    """
    size = SIZES["cpu"]._replace(steps=steps, warmup=steps // 4)
    book = corpus()
    make, lr = RULES[rule]
    model, generator = Transformer(len(book.letters), size), torch.Generator(device="cpu").manual_seed(0)
    optimizer, scaler, losses = make(model.parameters()), torch.amp.GradScaler("cpu"), []
    for t in range(1, steps + 1):
        x, y = book.windows(size, generator)
        optimizer.param_groups[0]["lr"] = lr * schedule(t, steps, size.warmup)
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        scaler.scale(loss).backward()
        if order == ORDERS[0]:
            scaler.unscale_(optimizer)
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        scaler.step(optimizer)
        scaler.update()
        losses.append(loss.item())
    return sum(losses[-10:]) / 10


def types_under_autocast(kept: torch.dtype = torch.bfloat16) -> dict[str, str]:
    """Return the type of weights, products, gradients and state after a step of AdamW under autocast."""
    model = nn.Linear(4, 3, device="cpu", dtype=torch.float32)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    with torch.autocast("cpu", kept):
        product = model(torch.ones(2, 4, device="cpu", dtype=torch.float32))
    product.float().square().sum().backward()
    optimizer.step()
    assert model.weight.grad is not None
    state = optimizer.state[model.weight]["exp_avg"]
    found = {"weights": model.weight, "products": product, "gradients": model.weight.grad, "state": state}
    return {name: str(tensor.dtype)[6:] for name, tensor in found.items()}


def who_stops() -> str:
    """Return which optimizer learns nothing in the wrong order, although it does in the right one: a rule of RULES, "both" or "neither"."""
    right, wrong = ({rule: loss_after(rule, order) for rule in RULES} for order in ORDERS)
    stopped = [rule for rule in RULES if wrong[rule] > 4.0 > 3.5 > right[rule]]
    return "both" if len(stopped) == len(RULES) else stopped[0] if stopped else "neither"


@cache
def corpus() -> Corpus:
    """Return the book on the CPU, read once."""
    return Corpus(text(), "cpu")
