"""What lesson 12 trains on Genesis, the same for the notebook and for authoring/record_after.py: Muon with AdamW, and AdamW alone."""
from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import torch

from lessonlib.data import text
from lessonlib.lessons.lesson11.trainings import CLIP, SIZES
from lessonlib.lessons.lesson12.muon32 import Muon32
from lessonlib.pytorch.looped import Looped
from lessonlib.pytorch.transformer import Corpus, fit_all
from lessonlib.rules import State
from lessonlib.signature import number

__all__ = ["AGAIN", "CLIP", "DECAY", "FLOAT32", "MATCHED", "MATRIX_LRS", "NEAR_LRS", "NO_FACTOR", "REST_LRS", "RULES", "SIZE", "SOONER",
           "UNTUNED", "Case", "Together", "alike", "by_rule", "ended", "matrices_and_rest", "near", "no_factor", "optimizer", "plain",
           "sweep", "untuned"]

SIZE = SIZES["cpu"]
DECAY = 0.1  # of every parameter, under both
BETA1 = 0.95  # torch's for Muon
RULES = ("adamw", "muon")
SOONER = "adamw .95"  # AdamW with a beta2 of 0.95 for everything
FLOAT32 = "muon, float32"  # Muon with its five steps in float32, where torch's takes them in bfloat16
NO_FACTOR = "muon, no factor"  # Muon whose step is the average itself, as long as its factor
MATCHED = "muon, matched"  # Muon with steps of the length of AdamW's, so that one step size may do for both
UNTUNED = (("muon", 0.001, 0.001), ("muon", 0.02, 3e-4), ("muon", 0.02, 0.032), (MATCHED, 0.032, 0.032))  # settings that were not swept
MATRIX_LRS: dict[str, tuple[float, ...]] = {  # seven each, four to a factor of ten around the best
    "adamw": (0.001, 0.0032, 0.01, 0.018, 0.032, 0.056, 0.1),
    "muon": (0.0032, 0.01, 0.018, 0.032, 0.056, 0.1, 0.18),
}

AGAIN = 3  # pairs of each rule that are trained with fresh seeds too
REST_LRS = (0.001, 0.0032, 0.01, 0.032, 0.1, 0.32)  # two to a factor of ten
NEAR_LRS = ((0.01, 0.018, 0.032, 0.056, 0.1), (0.01, 0.032, 0.1))  # of the matrices and of the rest, around AdamW's best


class Case(NamedTuple):
    """A training: the rule of the block matrices, their step size, and that of the rest, which AdamW moves in either case."""

    rule: str
    matrix_lr: float
    rest_lr: float


class Together(torch.optim.Optimizer):
    """Several optimizers that step as one: their param groups are this one's, so that a schedule of its step sizes is theirs.

    >>> a, b = (torch.nn.Parameter(torch.ones(2, 2)) for _ in range(2))
    >>> both = Together(torch.optim.Muon([a], lr=0.1), torch.optim.AdamW([b], lr=0.01))
    >>> [group["lr"] for group in both.param_groups]
    [0.1, 0.01]
    """

    def __init__(self, *parts: torch.optim.Optimizer) -> None:
        super().__init__([group for part in parts for group in part.param_groups], {})
        self.parts = parts

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Let each part take its step; return the closure's loss, if there is one."""
        loss = closure() if closure is not None else None
        for part in self.parts:
            part.step()
        return loss


def matrices_and_rest(params: Iterable[Any]) -> tuple[list[Any], list[Any]]:
    """Return the matrices inside of the blocks of a `Transformer`, and all its other parameters, given all in the model's order.

    Its first two parameters are its tables, of letters and of places: they have two axes, and are no maps from vectors to vectors.
    """
    everything = list(params)
    inside = [p for p in everything[2:] if p.ndim == 2]
    return inside, [p for i, p in enumerate(everything) if i < 2 or p.ndim != 2]


def optimizer(rule: str, matrix_lr: float, rest_lr: float) -> Callable[[Any], torch.optim.Optimizer]:
    """Return parameters -> the optimizer of the comparison, which clips the whole gradient to CLIP before each step.

    rule: "muon" or "adamw", for the matrices inside of the blocks; AdamW moves the rest. SOONER is AdamW with a beta2 of 0.95 for both,
    MATCHED is Muon with torch's "match_rms_adamw", FLOAT32 with its five steps in float32, NO_FACTOR without them. Raises ValueError for
    another rule.
    """
    if rule not in (known := (*RULES, SOONER, MATCHED, FLOAT32, NO_FACTOR)):
        raise ValueError(f"rule={rule!r}: one of {', '.join(known)}")
    betas = (0.9, 0.95 if rule == SOONER else 0.999)
    matrix_lr, rest_lr = number("matrix_lr", matrix_lr, least=0), number("rest_lr", rest_lr, least=0)

    def first(inside: list[Any]) -> torch.optim.Optimizer:
        if rule in ("muon", MATCHED):
            scaled = "match_rms_adamw" if rule == MATCHED else None
            return torch.optim.Muon(inside, lr=matrix_lr, weight_decay=DECAY, adjust_lr_fn=scaled)
        if rule == FLOAT32:
            return Muon32(inside, lr=matrix_lr, weight_decay=DECAY)
        if rule == NO_FACTOR:
            return Looped(inside, no_factor, lr=matrix_lr, beta1=BETA1, weight_decay=DECAY)
        return torch.optim.AdamW(inside, lr=matrix_lr, betas=betas, weight_decay=DECAY)

    return _beside(first, rest_lr, betas)


def no_factor(theta: Any, g: Any, s: State, *, lr: float, beta1: float, weight_decay: float) -> tuple[Any, State]:
    """Return (theta, state) after a step of Muon whose factor is left out: the average is stretched to the length of its factor instead.

    >>> import numpy as np
    >>> theta, s = no_factor(np.zeros((2, 2)), np.diag([4.0, 3.0]), State(), lr=1.0, beta1=0.5, weight_decay=0.0)
    >>> float((theta**2).sum().round(4)), float((theta[0, 0] / theta[1, 1]).round(4))
    (2.0, 1.3333)
    """
    m = beta1 * s.m + (1 - beta1) * g
    ahead = beta1 * m + (1 - beta1) * g
    length = theta.shape[-2] ** 0.5  # the size of the factor, the root of the smaller side, times Muon's own root
    size = (ahead**2).sum((-2, -1), keepdims=True) ** 0.5 + 1e-7
    return theta - lr * weight_decay * theta - lr * length * ahead / size, State(s.t + 1, m)


def by_rule(rule: Callable[..., Any], matrix_lr: float, rest_lr: float) -> Callable[[Any], torch.optim.Optimizer]:
    """Return parameters -> the optimizer of the comparison with a function for the block matrices, a learner's own rule of Muon's form."""
    return _beside(lambda inside: Looped(inside, rule, lr=matrix_lr, beta1=BETA1, weight_decay=DECAY), rest_lr, (0.9, 0.999))


def _beside(
    first: Callable[[list[Any]], torch.optim.Optimizer], rest_lr: float, betas: tuple[float, float],
) -> Callable[[Any], torch.optim.Optimizer]:
    """Parameters -> an optimizer for the block matrices beside AdamW for the rest, both clipped as one."""
    def made(params: Any) -> torch.optim.Optimizer:
        inside, rest = matrices_and_rest(params)
        both = Together(first(inside), torch.optim.AdamW(rest, lr=rest_lr, betas=betas, weight_decay=DECAY))
        both.register_step_pre_hook(_clip)
        return both

    return made


def _clip(optimizer: torch.optim.Optimizer, args: Any, kwargs: Any) -> None:  # noqa: ARG001 - torch's signature
    torch.nn.utils.clip_grad_norm_([p for group in optimizer.param_groups for p in group["params"]], CLIP)


def ended(make: Mapping[str, Callable[[Any], torch.optim.Optimizer]], seed: int) -> list[list[Any]]:
    """Return a row for each optimizer, its name and its test loss on Genesis after SIZE's training from this seed."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # a model this small is slower on two
    try:
        found = fit_all({name: (one, SIZE) for name, one in make.items()}, Corpus(text()), seed=seed)
    finally:
        torch.set_num_threads(before)
    return [[name, done.test] for name, done in found.items()]


def sweep() -> list[Case]:
    """Return every training of the comparison: both rules over as many pairs of step sizes."""
    return [Case(rule, matrix_lr, rest_lr) for rule in RULES for matrix_lr in MATRIX_LRS[rule] for rest_lr in REST_LRS]


def plain() -> list[Case]:
    """Return the trainings of Muon without its factor, over as many pairs as Muon and over the same step sizes."""
    return [Case(NO_FACTOR, matrix_lr, rest_lr) for matrix_lr in MATRIX_LRS["muon"] for rest_lr in REST_LRS]


def near(rule: str) -> list[Case]:
    """Return the trainings of another kind of AdamW, over fewer pairs, around the best of the plain one."""
    return [Case(rule, matrix_lr, rest_lr) for matrix_lr in NEAR_LRS[0] for rest_lr in NEAR_LRS[1]]


def alike(rule: str) -> list[Case]:
    """Return the trainings of another kind of AdamW, over as many pairs as the plain one."""
    return [Case(rule, matrix_lr, rest_lr) for matrix_lr in MATRIX_LRS["adamw"] for rest_lr in REST_LRS]


def untuned() -> list[Case]:
    """Return the trainings at settings that were not swept: Muon's defaults, its authors' settings, and two better ones."""
    return [Case(*case) for case in UNTUNED]
