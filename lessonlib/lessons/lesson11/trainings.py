"""What lesson 11 trains, the same for the notebook and for authoring/record_lab.py, which records it on other machines."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch

from lessonlib.pytorch.adamw import AdamW
from lessonlib.pytorch.transformer import Size
from lessonlib.signature import number

__all__ = ["LRS", "SIZES", "optimizer", "trainings"]

SIZES = {
    "cpu": Size(layers=2, width=32, heads=2, context=32, batch=16, steps=200, warmup=50),
    "cuda": Size(layers=4, width=128, heads=4, context=64, batch=32, steps=800, warmup=200),
}
LRS: dict[str, dict[str, tuple[float, ...]]] = {  # by device and rule, two to a decade; Adam's and AdamW's are the same
    "cpu": {"momentum": (0.03, 0.1, 0.3, 1.0, 3.0), "adam": (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)},
    "cuda": {"momentum": (0.01, 0.03, 0.1, 0.3, 1.0, 3.0), "adam": (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)},
}


def optimizer(rule: str, lr: float) -> Callable[[Any], torch.optim.Optimizer]:
    """Return parameters -> the optimizer that the lab calls momentum, adam or adamw. Raises ValueError for another name."""
    lr = number("lr", lr, least=0)
    make: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
        "momentum": lambda params: torch.optim.SGD(params, lr=lr, momentum=0.9),
        "adam": lambda params: torch.optim.Adam(params, lr=lr),
        "adamw": lambda params: AdamW(params, lr=lr, weight_decay=0.1),  # the course's own, a drop-in for torch's
    }
    if rule not in make:
        raise ValueError(f"rule={rule!r}: one of {', '.join(make)}")
    return make[rule]


def trainings(kind: str, size: Size, rules: Iterable[str] = ("momentum", "adam", "adamw")) -> dict[Any, Any]:
    """Return (rule, warm-up, lr) -> (make_optimizer, size): every rule with warm-up, and AdamW without it too.

    kind: "cpu" or "cuda", whose step sizes are swept. Raises ValueError for another.
    """
    if kind not in LRS:
        raise ValueError(f"kind={kind!r}: one of {', '.join(LRS)}")
    cases = [(rule, size.warmup) for rule in rules] + [("adamw", 0)]
    return {(rule, warmup, lr): (optimizer(rule, lr), size._replace(warmup=warmup))
            for rule, warmup in cases for lr in LRS[kind].get(rule, LRS[kind]["adam"])}
