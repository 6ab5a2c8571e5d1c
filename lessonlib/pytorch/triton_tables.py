"""What lets one launch reach every tensor: tables of addresses on the device, filled anew only when an address changes.

A plan belongs to the parameters of one param group. Before each step it is asked whether the tensors of this step lie where and as
those did for which it was made. Where nothing moved, a step costs two launches for each dtype, `triton_kernels.count` and
`triton_kernels.update`, with no allocation and no copy, whatever the number of tensors. Where gradients moved, their addresses follow in
one copy that nobody waits for. Where anything else differs, other parameters with a gradient included, the tables are built anew.

Tensors are handed around as five lists (thetas, grads, exp_avgs, exp_avg_sqs, steps), in the order of the table's columns.
"""
from __future__ import annotations

import math
from contextlib import nullcontext
from typing import Any

import torch
import triton.language as tl
from torch import Tensor
from torch._C._dynamo.guards import TensorGuards

from lessonlib.pytorch import triton_kernels

__all__ = ["Bucket", "Layout", "Plan", "Tensors", "interpreted", "local", "move_steps", "probe"]

Tensors = tuple[list[Tensor], list[Tensor], list[Tensor], list[Tensor], list[Tensor]]

NAMES = ("parameter", "grad", "exp_avg", "exp_avg_sq", "step")  # of the five lists
THETA, GRAD, EXP_AVG, EXP_AVG_SQ, STEP, SIZE, ALIGNED_SIZE = (
    column.value for column in (triton_kernels.THETA, triton_kernels.GRAD, triton_kernels.EXP_AVG, triton_kernels.EXP_AVG_SQ,
                                triton_kernels.STEP, triton_kernels.SIZE, triton_kernels.ALIGNED_SIZE))


def interpreted() -> bool:
    """Return whether Triton's interpreter runs the kernels, on CPU tensors (TRITON_INTERPRET=1 when they were imported)."""
    return type(triton_kernels.update).__name__ == "InterpretedFunction"


def probe(device: str = "cuda") -> None:
    """Take a step of one parameter, to see whether kernels can be built and launched here; raises whatever hinders it."""
    theta, g, m, v, step = (torch.zeros(1, dtype=torch.float32, device=device) for _ in range(5))
    one = ([theta], [g], [m], [v], [step])
    Plan(one).launch(one, lr=0.0, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.0, decoupled=True, maximize=False)
    theta.cpu()  # waits for it


def local(tensors: Tensors) -> Tensors:
    """Return the part of each DTensor that lives here, any other tensor as it is: the update is elementwise, each shard steps alone.

    A gradient that is spread otherwise than its parameter is brought into the parameter's form, which is work for all processes.
    """
    if set(map(type, tensors[THETA])) <= {Tensor, torch.nn.Parameter}:
        return tensors
    grads = [g.redistribute(p.device_mesh, p.placements) if hasattr(p, "placements") and g.placements != p.placements else g
             for p, g in zip(tensors[THETA], tensors[GRAD], strict=True)]
    thetas, grads, exp_avgs, exp_avg_sqs, steps = ([t.to_local() if hasattr(t, "to_local") else t for t in column]
                                                   for column in (tensors[THETA], grads, *tensors[EXP_AVG:]))
    return thetas, grads, exp_avgs, exp_avg_sqs, steps


def move_steps(params: list[Tensor], states: list[dict[str, Any]]) -> None:
    """Put each step count where the kernel counts: on its parameter's device, in float32. Raises RuntimeError for what is no count."""
    elsewhere: dict[torch.device, list[dict[str, Any]]] = {}
    for p, kept in zip(params, states, strict=True):
        step = kept["step"]
        if step.numel() != 1:
            raise RuntimeError(f"the state's step has {step.numel()} elements, a count is one: set it to torch.tensor(0.0)")
        if step.device != p.device or step.dtype != torch.float32:
            elsewhere.setdefault(p.device, []).append(kept)
    for device, moving in elsewhere.items():
        moved = torch.stack([kept["step"].reshape(()).float().cpu() for kept in moving]).to(device)
        for kept, step in zip(moving, moved.unbind(), strict=True):
            kept["step"] = step.clone()  # a view would keep all the others' memory


class Layout:
    """Where tensors lie and how: address, size, stride, dtype and device of each. It holds none of them.

    TensorGuards is what torch.compile checks its inputs with: 60 ns a tensor, where reading the four attributes takes 300.
    """

    def __init__(self, tensors: list[Tensor]) -> None:
        sizes: list[Any] = [list(t.size()) for t in tensors]
        strides: list[Any] = [list(t.stride()) for t in tensors]
        self.count, self.addresses = len(tensors), _addresses(tensors)
        self.guards = TensorGuards(*tensors, dynamic_dims_sizes=sizes, dynamic_dims_strides=strides)

    def same_form(self, tensors: list[Tensor]) -> bool:
        """Return whether these tensors have the same sizes, strides, dtypes and devices, wherever they lie."""
        return len(tensors) == self.count and bool(self.guards.check(*tensors))

    def holds(self, tensors: list[Tensor]) -> bool:
        """Return whether these tensors lie in the same places in the same form: the same memory, whatever object names it."""
        return self.same_form(tensors) and _addresses(tensors) == self.addresses


class Plan:
    """The buckets of the parameters that have a gradient, for tensors that lie in memory as these do.

    It holds no tensor of the optimizer, so it keeps none alive: each step brings its own, and the kernel touches only memory that `fits`
    and `reads` have compared with them. Both run in C, over lists. Raises RuntimeError for tensors that do not belong together.
    """

    def __init__(self, tensors: Tensors) -> None:
        _refuse_misfits(tensors)
        kinds: dict[tuple[torch.device, torch.dtype], list[int]] = {}
        for i, p in enumerate(tensors[THETA]):
            kinds.setdefault((p.device, p.dtype), []).append(i)

        # what the tables hold for
        self.kept = Layout(_all_but_grads(tensors))
        self.grads = Layout(tensors[GRAD])

        # the tables, one set for each device and dtype
        self.buckets = [Bucket(rows, tensors) for rows in kinds.values()]

    def fits(self, tensors: Tensors) -> bool:
        """Return whether the tables hold for these tensors; the addresses of gradients are `reads`' question."""
        return self.kept.holds(_all_but_grads(tensors))

    def reads(self, tensors: Tensors) -> bool:
        """Return whether the tables point to these gradients."""
        return self.grads.holds(tensors[GRAD])

    def move_gradients(self, tensors: Tensors) -> None:
        """Point the tables to these gradients: one copy to each device. Raises RuntimeError for one that does not fit its parameter."""
        same_form = self.grads.same_form(tensors[GRAD])
        if same_form:
            self.grads.addresses = _addresses(tensors[GRAD])
        else:
            _refuse_misfits(tensors)
            self.grads = Layout(tensors[GRAD])
        for bucket in self.buckets:
            bucket.point_to(tensors, self.grads.addresses, same_form=same_form)

    def launch(self, tensors: Tensors, **hyper: Any) -> None:
        """Take one step for all these tensors, which `fits` and `reads` were asked about."""
        for bucket in self.buckets:
            bucket.launch(tensors, **hyper)


class Bucket:
    """The tensors of one dtype on one device, and their tables.

    rows: which of the plan's parameters are here. The kernel takes tensors that fill one piece of memory, all four in the same
    order; one that does not (a slice with gaps, a gradient transposed against its parameter) goes through a buffer that does.
    """

    def __init__(self, rows: list[int], tensors: Tensors) -> None:
        thetas = [tensors[THETA][i] for i in rows]
        if thetas[0].device.type != "cuda" and not interpreted():
            raise RuntimeError(f"impl='triton' needs parameters on a GPU, not on {thetas[0].device}: move them, or take impl='foreach'")

        # who is here
        self.rows, self.device, self.dtype = rows, thetas[0].device, thetas[0].dtype
        self.likes = [torch.empty_like(theta, device="meta") for theta in thetas]  # in the form that the kernel walks
        self.buffers: dict[int, dict[int, Tensor]] = {}  # by column, then by parameter

        # on the host: the table, (parameters, COLUMNS)
        sizes = [theta.numel() for theta in thetas]
        self.host = torch.zeros(len(rows), triton_kernels.COLUMNS.value, dtype=torch.int64, device="cpu")
        self.host[:, SIZE] = torch.tensor(sizes, dtype=torch.int64, device="cpu")
        for column in (THETA, EXP_AVG, EXP_AVG_SQ, STEP):
            self._tabulate(column, tensors, _addresses(tensors[column]))

        # on the device: the table, its blocks (blocks, 2), and what `count` leaves for `update`
        self.table = torch.empty_like(self.host, device=self.device)
        self.chunks = _chunks(sizes).to(self.device)
        self.scalars = torch.zeros(triton_kernels.SCALARS.value, len(rows), dtype=torch.float64, device=self.device)

        # what the kernel is compiled for
        within = tl.float64 if self.dtype == torch.float64 else tl.float32
        self.types = {"DTYPE": getattr(tl, str(self.dtype).split(".")[-1]), "WITHIN": within}
        self.point_to(tensors, _addresses(tensors[GRAD]), same_form=False)

    def point_to(self, tensors: Tensors, addresses: list[int], *, same_form: bool) -> None:
        """Fill the table with the addresses of the gradients. same_form: they are laid out as those before, so that buffers remain."""
        self._tabulate(GRAD, tensors, addresses, same_form=same_form)
        aligned = (self.host[:, [THETA, GRAD, EXP_AVG, EXP_AVG_SQ]] % 16 == 0).all(1)
        self.host[:, ALIGNED_SIZE] = self.host[:, SIZE] * aligned
        # Pinned, so that the copy waits for nobody; torch keeps that memory until it is done.
        self.table.copy_(self.host.pin_memory() if self.device.type == "cuda" else self.host, non_blocking=True)

    def launch(self, tensors: Tensors, *, lr: float | Tensor, beta1: float, beta2: float, eps: float, weight_decay: float, decoupled: bool,
               maximize: bool) -> None:
        """Take one step for all tensors of the bucket. An lr in the memory of the device is read there: nobody waits for it."""
        n, there = len(self.rows), isinstance(lr, Tensor) and lr.device == self.device
        decay = triton_kernels.NO_DECAY if not weight_decay else triton_kernels.FROM_THETA if decoupled else triton_kernels.FROM_G
        copies = [(column, tensors[column][i], buffer) for column, buffers in self.buffers.items() for i, buffer in buffers.items()]
        with torch.cuda.device(self.device) if self.device.type == "cuda" else nullcontext():
            for _, tensor, buffer in copies:
                buffer.copy_(tensor)
            triton_kernels.count[(-(-n // triton_kernels.COUNTED.value),)](
                self.table, self.scalars, lr if there else self.scalars, n, 0.0 if there else float(lr), _log(beta1), _log(beta2),
                float(weight_decay), LR_IN_MEMORY=there)
            if len(self.chunks):
                triton_kernels.update[(len(self.chunks),)](
                    self.table, self.chunks, self.scalars, n, 1.0 - beta1, beta2, 1.0 - beta2, float(eps), float(weight_decay),
                    DECAY=decay.value, MAXIMIZE=maximize, **self.types)
            for column, tensor, buffer in copies:
                if column != GRAD:
                    tensor.copy_(buffer)

    def _tabulate(self, column: int, tensors: Tensors, addresses: list[int], *, same_form: bool = False) -> None:
        """Write a column of addresses into the host's table: of the tensors, and of buffers for those that the kernel cannot walk."""
        if column != STEP and not same_form:
            self.buffers[column] = {i: torch.empty_like(like, device=self.device) for i, like in zip(self.rows, self.likes, strict=True)
                                    if _differs(tensors[column][i], like)}
        buffers = self.buffers.get(column, {})
        own = [buffers[i].data_ptr() if i in buffers else addresses[i] for i in self.rows]
        self.host[:, column] = torch.tensor(own, dtype=torch.int64, device="cpu")


def _addresses(tensors: list[Tensor]) -> list[int]:
    return list(map(Tensor.data_ptr, tensors))


def _all_but_grads(tensors: Tensors) -> list[Tensor]:
    return [*tensors[THETA], *tensors[EXP_AVG], *tensors[EXP_AVG_SQ], *tensors[STEP]]


def _refuse_misfits(tensors: Tensors) -> None:
    """Raise RuntimeError, as torch's fused does, for a gradient or an average of another form than its parameter's."""
    for column in (GRAD, EXP_AVG, EXP_AVG_SQ):
        for i, (theta, t) in enumerate(zip(tensors[THETA], tensors[column], strict=True)):
            if t.layout is not torch.strided or (t.shape, t.dtype, t.device) != (theta.shape, theta.dtype, theta.device):
                raise RuntimeError(f"{NAMES[column]} of parameter {i} is {_form(t)}, the parameter is {_form(theta)}: "
                                   "give it the parameter's form (impl='foreach' takes the mixed dtypes that torch takes)")


def _form(t: Tensor) -> str:
    return f"{tuple(t.shape)}, {t.dtype}, {t.device}" + ("" if t.layout is torch.strided else f", {t.layout}")


def _differs(t: Tensor, like: Tensor) -> bool:
    """Return whether a tensor's memory is not simply the numbers of `like`, one after another in the same order."""
    return t.stride() != like.stride() or t.is_neg()


def _chunks(sizes: list[int]) -> Tensor:
    """Return (row, first element) of each block of each tensor: (blocks, 2)."""
    size = torch.tensor(sizes, dtype=torch.int64, device="cpu")
    blocks = (size + triton_kernels.BLOCK.value - 1) // triton_kernels.BLOCK.value
    row = torch.repeat_interleave(torch.arange(len(sizes), dtype=torch.int64, device="cpu"), blocks)
    number = torch.arange(len(row), dtype=torch.int64, device="cpu") - (blocks.cumsum(0) - blocks)[row]
    return torch.stack([row, number * triton_kernels.BLOCK.value], dim=1)


def _log(beta: float) -> float:
    return math.log(beta) if beta else -math.inf
