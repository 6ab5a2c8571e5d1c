"""What lesson 11 trains, the same for the notebook and for authoring/record_lab.py, which records it on other machines."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import torch

from lessonlib.pytorch.adamw import AdamW
from lessonlib.pytorch.transformer import Size
from lessonlib.signature import number

__all__ = ["BATCHES", "CLIP", "LRS", "SIZES", "Case", "batch_trainings", "optimizer", "trainings"]

SIZES = {
    "cpu": Size(layers=2, width=32, heads=2, context=32, batch=16, steps=200, warmup=50),
    "cuda": Size(layers=4, width=128, heads=4, context=64, batch=32, steps=800, warmup=200),
}
CLIP = 0.25  # a gradient that is longer is shortened to this, for every rule
BATCHES = (2, 16, 128)  # windows, each trained on the same number of characters


def _four_to_a_decade(low: float, high: float) -> tuple[float, ...]:
    count = round(4 * np.log10(high / low)) + 1
    return tuple(float(f"{lr:.2g}") for lr in np.geomspace(low, high, count))


LRS: dict[str, dict[str, tuple[float, ...]]] = {  # by device and rule, four to a decade; Adam's and AdamW's are the same
    "cpu": {"momentum": _four_to_a_decade(0.1, 10), "adam": _four_to_a_decade(0.001, 0.1)},
    "cuda": {"momentum": _four_to_a_decade(0.03, 3), "adam": _four_to_a_decade(0.0003, 0.03)},
}


class Case(NamedTuple):
    """A training of the sweep: the rule, the steps of warm-up, the length at which gradients are clipped (None: not), and the step size."""

    rule: str
    warmup: int
    clip: float | None
    lr: float


def optimizer(rule: str, lr: float, clip: float | None = CLIP) -> Callable[[Any], torch.optim.Optimizer]:
    """Return parameters -> the optimizer that the lab calls momentum, adam or adamw, which clips before each step.

    clip: the largest length of the whole gradient; None leaves it as it is. The clipping is a hook of the optimizer, so that it comes
    after a GradScaler's unscaling. Raises ValueError for another name.
    """
    lr = number("lr", lr, least=0)
    make: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
        "momentum": lambda params: torch.optim.SGD(params, lr=lr, momentum=0.9),
        "adam": lambda params: torch.optim.Adam(params, lr=lr),
        "adamw": lambda params: AdamW(params, lr=lr, weight_decay=0.1),  # the course's own, a drop-in for torch's
    }
    if rule not in make:
        raise ValueError(f"rule={rule!r}: one of {', '.join(make)}")

    def made(params: Any) -> torch.optim.Optimizer:
        found = make[rule](params)
        if clip is not None:
            found.register_step_pre_hook(_clipped(clip))
        return found

    return made


def _clipped(length: float) -> Callable[..., None]:
    def shorten(optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:  # noqa: ARG001 - torch's signature
        torch.nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], length)

    return shorten


def trainings(kind: str, size: Size, rules: Iterable[str] = ("momentum", "adam", "adamw")) -> dict[Case, Any]:
    """Return Case -> (make_optimizer, size): every rule with warm-up and clipping, AdamW without warm-up, momentum and Adam unclipped.

    kind: "cpu" or "cuda", whose step sizes are swept. Raises ValueError for another.
    """
    if kind not in LRS:
        raise ValueError(f"kind={kind!r}: one of {', '.join(LRS)}")
    kinds: list[tuple[str, int, float | None]] = [(rule, size.warmup, CLIP) for rule in rules]
    kinds += [("adamw", 0, CLIP), ("momentum", size.warmup, None), ("adam", size.warmup, None)]
    cases = [Case(*which, lr) for which in kinds for lr in LRS[kind].get(which[0], LRS[kind]["adam"])]
    return {case: (optimizer(case.rule, case.lr, case.clip), size._replace(warmup=case.warmup)) for case in cases}


def batch_trainings(kind: str, size: Size, rules: Iterable[str] = ("adamw",)) -> dict[tuple[str, int, float], Any]:
    """Return (rule, batch, lr) -> (make_optimizer, size): each of BATCHES with as many characters in all, over every second step size."""
    found = {}
    for batch in BATCHES:
        steps = size.steps * size.batch // batch
        for rule in rules:
            for lr in LRS[kind].get(rule, LRS[kind]["adam"])[::2]:
                found[rule, batch, lr] = (optimizer(rule, lr), size._replace(batch=batch, steps=steps, warmup=steps // 4))
    return found
