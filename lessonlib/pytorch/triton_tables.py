"""What lets one launch reach every tensor: tables of addresses on the device, filled anew only when an address changes.

A plan belongs to one param group. Before each step it is asked whether it still fits. Where nothing moved, a step costs two
launches for each dtype, `triton_kernels.count` and `triton_kernels.update`, with no allocation and no copy, whatever the number of tensors.
Where gradients moved, the addresses follow in one copy that nobody waits for. Where other parameters have a gradient than at the
step before, the tables are built anew.
"""
from __future__ import annotations

import math
from contextlib import nullcontext
from itertools import chain
from operator import is_, itemgetter
from typing import Any

import torch
import triton.language as tl
from torch import Tensor

from lessonlib.pytorch import triton_kernels

__all__ = ["Bucket", "Plan", "interpreted", "probe"]

_KEPT = itemgetter("step", "exp_avg", "exp_avg_sq")


def interpreted() -> bool:
    """Return whether Triton's interpreter runs the kernels, on CPU tensors (TRITON_INTERPRET=1 when they were imported)."""
    return type(triton_kernels.update).__name__ == "InterpretedFunction"


def probe(device: str = "cuda") -> None:
    """Take a step of one parameter, to see whether kernels can be built and launched here; raises whatever hinders it."""
    p = torch.nn.Parameter(torch.zeros(1, device=device))
    p.grad = torch.zeros_like(p)
    kept = {"step": torch.zeros((), device=device), "exp_avg": torch.zeros_like(p), "exp_avg_sq": torch.zeros_like(p)}
    Plan([p], {p: kept}).launch(lr=0.0, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, decoupled=True, maximize=False)
    p.detach().cpu()  # waits for it


class Plan:
    """The buckets of a group's parameters that have a gradient, for the tensors as they lie in memory now.

    What is asked before each step runs over lists in C, so that asking costs less than a launch even for thousands of tensors.
    """

    def __init__(self, params: list[Tensor], state: dict[Tensor, dict[str, Any]]) -> None:
        self.asked, self.absent = list(params), [p.grad is None for p in params]
        self.params = [p for p in params if p.grad is not None]
        self.kept = [state[p] for p in self.params]
        self.sharded = any(hasattr(p, "to_local") for p in params)
        kinds: dict[tuple[torch.device, torch.dtype], list[int]] = {}
        for i, p in enumerate(self.params):
            kinds.setdefault((p.device, p.dtype), []).append(i)
        self.kinds = list(kinds.values())
        thetas, grads = self._here(self.params), self._here([p.grad for p in self.params])
        self.buckets = [Bucket(*([row[i] for i in kind] for row in (thetas, grads, self.kept))) for kind in self.kinds]
        self.remembered = list(chain.from_iterable(map(_KEPT, self.kept)))
        self.lying, self.grads_lying = list(map(Tensor.data_ptr, thetas)), _lying(grads)

    def captured(self) -> bool:
        """Return whether a CUDA graph reads these tables, so that they must live on."""
        return any(bucket.captured for bucket in self.buckets)

    def launch(self, **hyper: Any) -> None:
        """Take one step for all parameters of the plan; autograd is told, so that a backward through what they were is refused."""
        for bucket in self.buckets:
            bucket.launch(**hyper)
        torch.autograd.graph.increment_version([*self.params, *self.remembered])

    def fits(self, params: list[Tensor], state: dict[Tensor, dict[str, Any]]) -> bool:
        """Return whether the tables hold for a step of these parameters; gradients that moved are looked up again."""
        grads = [p.grad for p in params]
        if len(params) != len(self.asked) or not all(map(is_, params, self.asked)) or [g is None for g in grads] != self.absent:
            return False
        grads = [g for g in grads if g is not None]
        if not all(map(is_, map(state.get, self.params), self.kept)) or any(g.layout is not torch.strided for g in grads):
            return False
        if not all(map(is_, chain.from_iterable(map(_KEPT, self.kept)), self.remembered)):
            return False
        grads = self._here(grads)
        lying, grads_lying = list(map(Tensor.data_ptr, self._here(self.params))), _lying(grads)
        if grads_lying != self.grads_lying and lying == self.lying:
            for bucket, kind in zip(self.buckets, self.kinds, strict=True):
                bucket.point_to([grads[i] for i in kind])
            self.grads_lying = grads_lying
        return lying == self.lying

    def _here(self, tensors: list[Any]) -> list[Tensor]:
        return [_local(tensor) for tensor in tensors] if self.sharded else tensors


class Bucket:
    """The tensors of one dtype on one device, and their tables.

    Steps are counted on the device, in float32 as torch's: a kept["step"] that lies elsewhere moves there. The kernel takes
    tensors that fill one piece of memory, all four in the same order; one that does not (a slice with gaps, a gradient
    transposed against its parameter) goes through a copy that does.
    """

    def __init__(self, params: list[Tensor], grads: list[Tensor], kept: list[dict[str, Any]]) -> None:
        if params[0].device.type != "cuda" and not interpreted():
            raise RuntimeError(f"impl='triton' needs parameters on a GPU, not on {params[0].device}: move them, or take impl='foreach'")
        self.device, self.dtype, self.sizes = params[0].device, params[0].dtype, [p.numel() for p in params]
        self.likes = [torch.empty_like(p, device="meta") for p in params]
        self.contiguous = all(map(Tensor.is_contiguous, self.likes))
        self.outward: list[tuple[Tensor, Tensor]] = []
        self.fixed = [self._laid([_local(k[name]) for k in kept] if name else params, self.outward)
                      for name in ("", "exp_avg", "exp_avg_sq")]
        self.chunks = _chunks(self.sizes).to(self.device)
        elsewhere = [k for k in kept if k["step"].device != self.device or k["step"].dtype != torch.float32]
        if elsewhere:
            moved = torch.stack([k["step"].reshape(()).float().cpu() for k in elsewhere]).to(self.device)
            for k, step in zip(elsewhere, moved.unbind(), strict=True):
                k["step"] = step
        self.steps = [k["step"] for k in kept]
        self.scalars = torch.zeros(3, len(params), dtype=torch.float64, device=self.device)
        within = tl.float64 if self.dtype == torch.float64 else tl.float32
        self.types = {"DTYPE": getattr(tl, str(self.dtype).split(".")[-1]), "WITHIN": within}
        rows = [[t.data_ptr() for t in (theta, theta, m, v, step)] for theta, m, v, step in zip(*self.fixed, self.steps, strict=True)]
        self.rows = torch.tensor([[*row, size, 0] for row, size in zip(rows, self.sizes, strict=True)], dtype=torch.int64, device="cpu")
        self.table = torch.empty_like(self.rows, device=self.device)
        self.spare: tuple[Tensor, Tensor] | None = None
        self.captured: list[Tensor] = []  # what CUDA graphs read: never written again, never freed
        self.point_to(grads)

    def point_to(self, grads: list[Tensor]) -> None:
        """Fill the table with the addresses of these gradients and of the rest: one copy to the device, 56 bytes for each tensor."""
        self.inward, as_expected = list(self.outward), {g.dtype for g in grads} == {self.dtype}
        if not (as_expected and self.contiguous and all(map(Tensor.is_contiguous, grads))):
            grads = self._laid(grads, self.inward)
        self.rows[:, 1] = torch.tensor(list(map(Tensor.data_ptr, grads)), device="cpu")
        self.rows[:, 6] = self.rows[:, 5] * (self.rows[:, :4] % 16 == 0).all(1)
        self._fill(self.rows)

    def launch(self, *, lr: float | Tensor, beta1: float, beta2: float, eps: float, weight_decay: float, decoupled: bool,
               maximize: bool) -> None:
        """Take one step for all tensors of the bucket. An lr in the memory of the device is read there: nobody waits for it."""
        n, there = len(self.sizes), isinstance(lr, Tensor) and lr.device == self.device
        decay = triton_kernels.NO_DECAY if not weight_decay else triton_kernels.FROM_THETA if decoupled else triton_kernels.FROM_G
        if self._capturing():
            self.captured.append(self.table)
        elif self.device.type == "cuda" and self.spare is None:  # for a capture, which finds its gradients elsewhere and cannot allocate
            self.spare = torch.empty(self.table.shape, dtype=torch.int64, device="cpu", pin_memory=True), torch.empty_like(self.table)
        with torch.cuda.device(self.device) if self.device.type == "cuda" else nullcontext():
            for tensor, copy in self.inward:
                copy.copy_(tensor)
            triton_kernels.count[(-(-n // triton_kernels.COUNTED.value),)](
                self.table, self.scalars, lr if there else self.scalars, n, 0.0 if there else float(lr), _log(beta1), _log(beta2),
                float(weight_decay), LR_IN_MEMORY=there)
            if len(self.chunks):
                triton_kernels.update[(len(self.chunks),)](
                    self.table, self.chunks, self.scalars, n, 1.0 - beta1, beta2, 1.0 - beta2, float(eps), float(weight_decay),
                    DECAY=decay.value, MAXIMIZE=maximize, **self.types)
            for tensor, copy in self.outward:
                tensor.copy_(copy)

    def _laid(self, tensors: list[Tensor], copies: list[tuple[Tensor, Tensor]]) -> list[Tensor]:
        """Return the tensors, with a copy in place of each that the kernel cannot walk; the pairs are added to copies."""
        laid = [torch.empty_like(like, device=self.device) if _differ(t, like) else t for t, like in zip(tensors, self.likes, strict=True)]
        copies.extend((t, copy) for t, copy in zip(tensors, laid, strict=True) if t is not copy)
        return laid

    def _capturing(self) -> bool:
        return self.device.type == "cuda" and torch.cuda.is_current_stream_capturing()

    def _fill(self, rows: Tensor) -> None:
        if self._capturing():
            if self.spare is None:
                raise RuntimeError("take a step on these parameters before each capture of a CUDA graph, and capture one step: what it "
                                   "needs is allocated outside of the capture, for one change of addresses")
            (host, self.table), self.spare = self.spare, None
            host.copy_(rows)
            self.table.copy_(host, non_blocking=True)  # each replay of the graph copies again
            self.captured.append(host)
        else:
            if any(self.table is kept for kept in self.captured):
                self.table = torch.empty_like(self.table)
            if self.device.type == "cuda":
                rows = rows.pin_memory()  # so that the copy waits for nobody; torch keeps that memory until it is done
            self.table.copy_(rows, non_blocking=True)


def _chunks(sizes: list[int]) -> Tensor:
    """Return (row, first element) of each block of each tensor: (blocks, 2)."""
    size = torch.tensor(sizes, dtype=torch.int64, device="cpu")
    blocks = (size + triton_kernels.BLOCK.value - 1) // triton_kernels.BLOCK.value
    row = torch.repeat_interleave(torch.arange(len(sizes), device="cpu"), blocks)
    number = torch.arange(len(row), device="cpu") - (blocks.cumsum(0) - blocks)[row]
    return torch.stack([row, number * triton_kernels.BLOCK.value], dim=1)


def _local(tensor: Any) -> Tensor:
    """Return the part of a DTensor that lives here, any other tensor as it is: the update is elementwise, each shard steps alone."""
    return tensor.to_local() if hasattr(tensor, "to_local") else tensor


def _lying(tensors: list[Tensor]) -> list[Any]:
    """Return where tensors lie, and how if one of them is not contiguous."""
    at = list(map(Tensor.data_ptr, tensors))
    return at if all(map(Tensor.is_contiguous, tensors)) else [at, [tensor.stride() for tensor in tensors]]


def _differ(tensor: Tensor, like: Tensor) -> bool:
    return tensor.stride() != like.stride() or tensor.dtype != like.dtype


def _log(beta: float) -> float:
    return math.log(beta) if beta else -math.inf
