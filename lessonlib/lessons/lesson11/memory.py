"""How much memory an optimizer's step takes, counted tensor by tensor."""
from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from lessonlib.pytorch.transformer import Size, Transformer
from lessonlib.signature import whole_number

__all__ = ["ADAMWS", "MADE", "MODEL", "Allocated", "first_steps", "gpu_extra", "training_peak"]

MODEL = Size(layers=4, width=128, heads=4, context=64, batch=1, steps=1)  # whose peak is measured
LETTERS = 60
ADAMWS: dict[str, Callable[[Any], torch.optim.Optimizer]] = {  # PyTorch's three ways
    "AdamW, loop": lambda params: torch.optim.AdamW(params, foreach=False),
    "AdamW, foreach": lambda params: torch.optim.AdamW(params, foreach=True),
    "AdamW, fused": lambda params: torch.optim.AdamW(params, fused=True)}
MADE: dict[str, Callable[[Any], torch.optim.Optimizer]] = {
    "SGD": lambda params: torch.optim.SGD(params, lr=0.1),
    "SGD, momentum": lambda params: torch.optim.SGD(params, lr=0.1, momentum=0.9), **ADAMWS}


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


def gpu_extra(make_optimizer: Callable[[Any], torch.optim.Optimizer], each: int = 1 << 24) -> float | str:
    """Return the bytes for each float32 parameter that a GPU's allocator saw in use for a moment in a step; a text where there is none."""
    if not torch.cuda.is_available():
        return "no GPU here"
    params = [torch.nn.Parameter(torch.ones(each, device="cuda", dtype=torch.float32)) for _ in range(8)]
    for p in params:
        p.grad = torch.ones_like(p)
    made = make_optimizer(params)
    made.step()
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    made.step()
    return float(torch.cuda.max_memory_allocated() - before) / (8 * each)


def _open_libraries(size: Size) -> None:
    """Let a GPU's libraries take the memory that they keep for themselves, so that the first peak measured is like the others."""
    model, drawn = Transformer(LETTERS, size).to("cuda"), torch.zeros(1, size.context, device="cuda", dtype=torch.int64)
    model(drawn).sum().backward()


def training_peak(batch: int, device: str | None = None, size: Size = MODEL) -> float:
    """Return the MB in use at the peak of a training step of a transformer with AdamW: weights, state, gradients, activations.

    batch: windows. device: "cuda" where there is a GPU, whose allocator is asked; on a CPU the tensors are counted that torch makes.
    Raises ValueError for less than one window.
    """
    batch = whole_number("batch", batch, least=1)
    device = device or ("cuda" if torch.cuda.is_available() else "cpu")
    if device == "cuda":
        _open_libraries(size)
    before = torch.cuda.memory_allocated() if device == "cuda" else 0
    model = Transformer(LETTERS, size).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, foreach=True)
    generator = torch.Generator(device="cpu").manual_seed(0)
    drawn = torch.randint(LETTERS, (batch, size.context + 1), device="cpu", dtype=torch.int64, generator=generator).to(device)

    def step() -> None:
        optimizer.zero_grad()
        functional.cross_entropy(model(drawn[:, :-1]).flatten(0, 1), drawn[:, 1:].flatten()).backward()
        optimizer.step()

    for p in model.parameters():
        p.grad = torch.zeros_like(p)
    optimizer.step()  # makes the state
    if device == "cuda":
        torch.cuda.reset_peak_memory_stats()
        step()
        return float(torch.cuda.max_memory_allocated() - before) / 1e6
    optimizer.zero_grad()
    held = sum(12 * p.numel() for p in model.parameters())  # a float32 weight and its two averages
    with Allocated() as counted:
        step()
    return (held + counted.peak) / 1e6
