"""How long AdamW's memory of squares should be: three sizes of a batch, as many characters in all, several half-lives, a shorter m."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import torch

from lessonlib.lessons.lesson11.trainings import BATCHES, CLIP, SIZES
from lessonlib.pytorch.transformer import Size

__all__ = ["BETA1", "HALF_LIVES", "LRS", "SHORTER", "Case", "beta2", "cases", "optimizer", "shorter", "size"]

LAB = SIZES["cpu"]
HALF_LIVES = (1024, 4096, 16384, 65536)  # tokens, characters here, after which a squared gradient has half of its weight left
BETA1, SHORTER = 0.9, (0.5, 0.0)  # of every training, and in its place at the batch of lesson 11
LRS: dict[int, tuple[float, ...]] = {  # by batch: two to a factor of ten, around the best of lesson 11
    2: (0.001, 0.0032, 0.01, 0.032), 16: (0.0032, 0.01, 0.032, 0.1), 128: (0.0032, 0.01, 0.032, 0.1)}


class Case(NamedTuple):
    """A training: the windows of a batch, the half-life in tokens, and the step size."""

    batch: int
    half_life: int
    lr: float


def size(batch: int) -> Size:
    """Return the Size of a training with this batch: as many characters in all as in lesson 11, a quarter of the steps warm-up."""
    steps = LAB.steps * LAB.batch // batch
    return LAB._replace(batch=batch, steps=steps, warmup=steps // 4)


def beta2(half_life: float, tokens: int) -> float:
    """Return the beta2 with which a squared gradient has half of its weight left after so many tokens; tokens: of a batch.

    >>> beta2(512, 512), round(beta2(16384, 512), 4)
    (0.5, 0.9786)
    """
    return float(0.5 ** (tokens / half_life))


def cases() -> list[Case]:
    """Return every training of the record."""
    return [Case(batch, half_life, lr) for batch in BATCHES for half_life in HALF_LIVES for lr in LRS[batch]]


def shorter() -> list[tuple[float, Case]]:
    """Return every training of the record with a shorter memory of gradients, and its beta1."""
    return [(beta1, case) for beta1 in SHORTER for case in cases() if case.batch == LAB.batch]


def optimizer(case: Case, beta1: float = BETA1) -> Callable[[Any], torch.optim.Optimizer]:
    """Return parameters -> AdamW with this beta1 and the beta2 of a case, which shortens gradients to CLIP before each step."""
    def made(params: Any) -> torch.optim.Optimizer:
        betas = (beta1, beta2(case.half_life, case.batch * LAB.context))
        found = torch.optim.AdamW(params, lr=case.lr, betas=betas, weight_decay=0.1)
        found.register_step_pre_hook(_clip)
        return found

    return made


def _clip(optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:  # noqa: ARG001 - torch's signature
    torch.nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], CLIP)
