"""What the lab of lesson 11 trains, the same for the notebook and for authoring/record_lab.py that records it on other machines."""
from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from lessonlib.gpu.adamw import AdamW
from lessonlib.gpu.transformer import Size

__all__ = ["LRS", "SIZES", "Allocated", "first_steps", "optimizer", "trainings"]

SIZES = {
    "cpu": Size(layers=2, width=32, heads=2, context=32, batch=16, steps=200, warmup=50),
    "cuda": Size(layers=4, width=128, heads=4, context=64, batch=32, steps=800, warmup=200),
}
LRS: dict[str, dict[str, tuple[float, ...]]] = {  # by device and rule, two to a decade; Adam's and AdamW's are the same
    "cpu": {"momentum": (0.03, 0.1, 0.3, 1.0, 3.0), "adam": (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)},
    "cuda": {"momentum": (0.01, 0.03, 0.1, 0.3, 1.0, 3.0), "adam": (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2)},
}


def optimizer(rule: str, lr: float) -> Callable[[Any], torch.optim.Optimizer]:
    """Return parameters -> the optimizer that the lab calls momentum, adam or adamw."""
    make: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
        "momentum": lambda params: torch.optim.SGD(params, lr=lr, momentum=0.9),
        "adam": lambda params: torch.optim.Adam(params, lr=lr),
        "adamw": lambda params: AdamW(params, lr=lr, weight_decay=0.1),  # lessonlib.gpu's, a drop-in for torch's
    }
    return make[rule]


def trainings(kind: str, size: Size, rules: Iterable[str] = ("momentum", "adam", "adamw")) -> dict[Any, Any]:
    """Return (rule, warm-up, lr) -> (make_optimizer, size): every rule with warm-up, and AdamW without it too."""
    cases = [(rule, size.warmup) for rule in rules] + [("adamw", 0)]
    return {(rule, warmup, lr): (optimizer(rule, lr), size._replace(warmup=warmup))
            for rule, warmup in cases for lr in LRS[kind].get(rule, LRS[kind]["adam"])}


class Allocated(TorchDispatchMode):
    """Counts the bytes of the tensors that torch makes inside `with Allocated() as counted:`: counted.now, counted.peak.

    What a call makes and frees within itself is not seen. Works on every device, and gives the same count on every machine.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._alive: set[int] = set()

    def _freed(self, place: int, size: int) -> None:
        self.now -= size
        self._alive.discard(place)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = {t.untyped_storage().data_ptr() for t in torch.utils._pytree.tree_leaves((args, kwargs)) if isinstance(t, torch.Tensor)}
        made = func(*args, **(kwargs or {}))
        for t in torch.utils._pytree.tree_leaves(made):
            if isinstance(t, torch.Tensor) and t.untyped_storage().data_ptr() not in given | self._alive:
                storage = t.untyped_storage()
                size = storage.nbytes()
                self._alive.add(storage.data_ptr())
                weakref.finalize(storage, self._freed, storage.data_ptr(), size)
                self.now += size
                self.peak = max(self.peak, self.now)
        return made


def first_steps(make_optimizer: Callable[[Any], torch.optim.Optimizer], tensors: int = 8, each: int = 1 << 14) -> dict[str, float]:
    """Return bytes for each float32 parameter: the "state" kept after the first step, and the "extra" in use during the second.

    The parameters are `tensors` tensors of `each` numbers; "step" counters, one number for each tensor, are left out.
    """
    params = [torch.nn.Parameter(torch.ones(each)) for _ in range(tensors)]
    for p in params:
        p.grad = torch.ones(each)
    made = make_optimizer(params)
    made.step()
    buffers = (t for kept in made.state.values() for t in kept.values() if isinstance(t, torch.Tensor) and t.numel() == each)
    with Allocated() as counted:
        made.step()
    return {"state": sum(t.numel() * t.element_size() for t in buffers) / (tensors * each), "extra": counted.peak / (tensors * each)}
