"""How much memory an optimizer's step takes, counted tensor by tensor."""
from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from lessonlib.signature import whole_number

__all__ = ["Allocated", "first_steps"]


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
    Raises ValueError for less than one tensor of two numbers.
    """
    tensors, each = whole_number("tensors", tensors, least=1), whole_number("each", each, least=2)
    params = [torch.nn.Parameter(torch.ones(each, device="cpu", dtype=torch.float32)) for _ in range(tensors)]
    for p in params:
        p.grad = torch.ones_like(p)
    made = make_optimizer(params)
    made.step()
    buffers = (t for kept in made.state.values() for t in kept.values() if isinstance(t, torch.Tensor) and t.numel() == each)
    with Allocated() as counted:
        made.step()
    return {"state": sum(t.numel() * t.element_size() for t in buffers) / (tensors * each), "extra": counted.peak / (tensors * each)}
