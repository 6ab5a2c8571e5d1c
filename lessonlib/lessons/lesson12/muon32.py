"""Muon with its five steps in float32, for lesson 12's comparison in seconds: torch's makes the same calls in bfloat16."""
from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor

from lessonlib.signature import number

__all__ = ["Muon32", "factor"]

A, B, C, STEPS = 3.4445, -4.7750, 2.0315, 5
EPS = 1e-7  # torch's


class Muon32(torch.optim.Optimizer):
    """torch.optim.Muon for matrices, call by call, with the five steps in the weights' own type.

    >>> p = torch.nn.Parameter(torch.zeros(2, 2))
    >>> p.grad = torch.diag(torch.tensor([300.0, 3.0]))
    >>> Muon32([p], lr=0.1).step()
    >>> [round(v, 2) for v in p.diagonal().tolist()]
    [-0.07, -0.07]
    """

    def __init__(self, params: Iterable[Tensor], lr: float = 1e-3, weight_decay: float = 0.1, momentum: float = 0.95) -> None:
        least = {"lr": lr, "weight_decay": weight_decay, "momentum": momentum}
        super().__init__(list(params), {name: number(name, value, least=0) for name, value in least.items()})

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take a step; return the closure's loss, if there is one."""
        loss = closure() if closure is not None else None
        for group in self.param_groups:
            for p in group["params"]:
                m = self.state[p].setdefault("momentum_buffer", torch.zeros_like(p))
                m.lerp_(p.grad, 1 - group["momentum"])
                ahead = factor(p.grad.lerp(m, group["momentum"]))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(ahead, alpha=-group["lr"] * max(1, p.shape[0] / p.shape[1]) ** 0.5)
        return loss


def factor(x: Tensor, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return five Newton-Schulz steps of a matrix as torch.optim.Muon takes them, in this type; torch's is bfloat16."""
    tall = x.shape[0] > x.shape[1]
    y = (x.T if tall else x).to(dtype, copy=True)
    y.div_(y.norm().clamp(min=EPS))
    for _ in range(STEPS):
        product = y @ y.T
        y = torch.addmm(y, torch.addmm(product, product, product, beta=B, alpha=C), y, beta=A)
    return y.T if tall else y
