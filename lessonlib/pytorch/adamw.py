"""AdamW and Adam as torch optimizers: drop-ins for torch.optim's, the same update on three engines.

Every engine has the same stages in the same order; from one to the next, one waste goes.

    loop      one parameter after another, a call for each operation
    foreach   a call for each operation, over all parameters at once
    triton    one kernel for all operations and all parameters: memory is crossed once (lessonlib.pytorch.triton_kernels)
"""
from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any, Literal

import torch
from torch import Tensor

from lessonlib.pytorch.groups import check_states, checked, converted

__all__ = ["Adam", "AdamW", "Impl"]

Impl = Literal["auto", "loop", "foreach", "triton"]


class Adam(torch.optim.Optimizer):
    """Adam, the L2 form: weight_decay * theta is added to the gradient and enters both averages (Kingma & Ba 2015, Alg. 1).

    A drop-in for torch.optim.Adam: param groups, schedulers, closures, hooks and GradScaler work as there, and a state_dict goes
    both ways (keys step, exp_avg, exp_avg_sq), the form of the decay included. lr may be a tensor of one element. Parameters of any
    floating dtype; the averages have the dtype and shape of their parameter. Gradients are never written to. A parameter that is listed
    twice in a group steps twice, as torch's loop does it.

    impl: "loop", "foreach", "triton", or "auto", which is triton for parameters on a GPU where Triton runs, else foreach.
    It belongs to the machine, not to the state: a state_dict does not carry it. On triton, steps and an lr that lies on the GPU are
    read there, so that nobody waits (GradScaler does, once a step, for its verdict). loop and foreach round as torch's do; triton
    computes bfloat16 and float16 in float32 and rounds once, as torch's fused does.
    decoupled_weight_decay: decay as AdamW does. A param group or a loaded state may say so too, as with torch.

    Not here: amsgrad, differentiable, complex and sparse gradients, capture in a CUDA graph. Raises ValueError for a hyperparameter out
    of range, given here, in a param group, in a loaded state or changed later (but a schedule may take lr below 0, as with torch), and
    for a loaded state of another optimizer. In step: RuntimeError for a sparse or complex gradient and for an average that does not fit.
    """

    def __init__(
        self, params: Any, lr: float | Tensor = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0.0, *, impl: Impl = "auto", maximize: bool = False, decoupled_weight_decay: bool = False,
    ) -> None:
        if impl not in ("auto", "loop", "foreach", "triton"):
            raise ValueError(f"impl={impl!r}: choose 'auto', 'loop', 'foreach' or 'triton'")
        hyper = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "maximize": maximize,
                 "decoupled_weight_decay": decoupled_weight_decay}
        hyper |= checked(hyper)
        if impl == "triton" and not _has_triton():
            raise RuntimeError("impl='triton' needs the package triton, which is not installed (it is made for Linux): take impl='foreach'")
        if impl == "triton" and not (torch.cuda.is_available() or _tables().interpreted()):
            raise RuntimeError("impl='triton' needs a GPU, and torch finds none: take impl='foreach'")
        self.impl = impl
        self._plans: dict[tuple[int, int], Any] = {}
        super().__init__(params, hyper)

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"impl": self.impl}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over a pickled optimizer or a loaded state_dict, torch's own included. What is refused changes nothing."""
        hypers = [checked(group) for group in state["param_groups"]]
        check_states(state["state"].get(p, {}) for group in state["param_groups"] for p in group["params"])
        self._plans = {}
        super().__setstate__(state)
        for group, hyper in zip(self.param_groups, hypers, strict=True):
            group.setdefault("maximize", False)
            group.setdefault("decoupled_weight_decay", False)
            group.update(hyper)
            for p in group["params"]:
                kept = self.state.get(p, {})
                if kept and not isinstance(kept["step"], Tensor):
                    kept["step"] = torch.tensor(float(kept["step"]), dtype=torch.float32, device="cpu")

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters, as torch's optimizers do. Raises ValueError for a hyperparameter out of range."""
        if isinstance(param_group, dict):
            param_group.update(checked(self.defaults | param_group))
        super().add_param_group(param_group)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step for every parameter that has a gradient; return the closure's loss, if there is one."""
        if torch.cuda.is_available() and torch.cuda.is_current_stream_capturing():
            raise RuntimeError("a step cannot be captured in a CUDA graph: take torch.optim's with capturable=True")
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for index, group in enumerate(self.param_groups):
            hyper = converted(group)
            hyper["beta1"], hyper["beta2"] = hyper.pop("betas")
            hyper |= {"lr": group["lr"], "maximize": group["maximize"], "decoupled": group["decoupled_weight_decay"]}
            for turn, params in enumerate(_turns(group["params"])):
                on_triton, others = self._by_engine(params)
                if on_triton:
                    self._launch((index, turn), on_triton, hyper)
                if others:
                    hyper["lr"] = float(group["lr"])  # waits for the GPU where lr is there
                for tensors in self._by_kind(self._with_gradient(others)):
                    (_loop if self.impl == "loop" else _foreach)(*tensors, **hyper)
        self._plans = {place: plan for place, plan in self._plans.items() if place[0] < len(self.param_groups)}
        return loss

    def _with_gradient(self, params: list[Tensor]) -> list[Tensor]:
        """Return the parameters that have a gradient, with a state for each."""
        params = [p for p in params if p.grad is not None]
        for p in params:
            if p.grad.layout is not torch.strided:
                raise RuntimeError("sparse gradients are not supported: use Embedding(sparse=False), or torch.optim.SparseAdam")
            if p.is_complex():
                raise RuntimeError("complex parameters are not supported: step torch.view_as_real(p), or use torch.optim's")
            kept = self.state[p]
            if not kept:
                kept["step"] = torch.tensor(0.0, dtype=torch.float32, device="cpu")
                kept["exp_avg"] = torch.zeros_like(p, memory_format=torch.preserve_format)
                kept["exp_avg_sq"] = torch.zeros_like(p, memory_format=torch.preserve_format)
        return params

    def _by_engine(self, params: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Return the parameters that the Triton engine steps, and the others."""
        if self.impl == "triton":
            return params, []
        if self.impl == "auto" and any(p.is_cuda for p in params) and _triton_runs():
            return [p for p in params if p.is_cuda], [p for p in params if not p.is_cuda]
        return [], params

    @torch._disable_dynamo  # torch.compile breaks the graph here and goes on after it
    def _launch(self, place: tuple[int, int], params: list[Tensor], hyper: dict[str, Any]) -> None:
        """Step these parameters on Triton, with the tables of the step before where they still hold. place: the plan's key."""
        grads = [p.grad for p in params]
        if any([g is None for g in grads]):  # noqa: C419 - a list is faster than asking one by one
            params, grads = [p for p in params if p.grad is not None], [g for g in grads if g is not None]
        if not params:
            return
        tables, plan, states = _tables(), self._plans.get(place), [self.state[p] for p in params]
        tensors = _tensors(params, grads, states) if plan and all(states) else ([], [], [], [], [])
        here = tables.local(tensors)
        if plan is None or not plan.fits(here):
            tables.move_steps(self._with_gradient(params), states)
            tensors = _tensors(params, grads, states)
            here = tables.local(tensors)
            plan = self._plans[place] = tables.Plan(here)
        elif not plan.reads(here):
            plan.move_gradients(here)
        plan.launch(here, **hyper)
        thetas, _, exp_avgs, exp_avg_sqs, steps = tensors
        torch.autograd.graph.increment_version([*thetas, *exp_avgs, *exp_avg_sqs, *steps])  # a backward through what they were is refused

    def _by_kind(self, params: list[Tensor]) -> list[_Tensors]:
        """Return params, grads, exp_avgs, exp_avg_sqs and steps, a set for each device and dtype, and for each mesh of DTensors."""
        kinds: dict[Any, _Tensors] = {}
        for p in params:
            kept = self.state[p]
            if not kept["step"].is_cpu:
                kept["step"] = kept["step"].cpu()  # the host needs its value at each step
            rows = kinds.setdefault((p.device, p.dtype, getattr(p, "device_mesh", None)), ([], [], [], [], []))
            for row, tensor in zip(rows, (p, p.grad, kept["exp_avg"], kept["exp_avg_sq"], kept["step"]), strict=True):
                row.append(tensor)
        return list(kinds.values())


class AdamW(Adam):
    """AdamW: Adam whose decay never enters the averages, theta shrinks by lr * weight_decay (Loshchilov & Hutter 2019, Alg. 2).

    A drop-in for torch.optim.AdamW, which multiplies the decay by lr, as this does. Any state that is loaded goes on in this form, as
    with torch. Everything else as in Adam.
    """

    def __init__(
        self, params: Any, lr: float | Tensor = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 1e-2, *, impl: Impl = "auto", maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, betas, eps, weight_decay, impl=impl, maximize=maximize, decoupled_weight_decay=True)

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over a pickled optimizer or a loaded state_dict, of Adam too. What is refused changes nothing."""
        super().__setstate__(state)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True


_Tensors = tuple[list[Tensor], list[Tensor], list[Tensor], list[Tensor], list[Tensor]]


def _tensors(params: list[Tensor], grads: list[Tensor], states: list[dict[str, Any]]) -> _Tensors:
    """Return params, grads, exp_avgs, exp_avg_sqs and steps."""
    return params, grads, [s["exp_avg"] for s in states], [s["exp_avg_sq"] for s in states], [s["step"] for s in states]


def _turns(params: list[Tensor]) -> list[list[Tensor]]:
    """Return the parameters in lists without repetition: one listed k times in a group takes k steps, one after another."""
    if len(set(map(id, params))) == len(params):
        return [params]
    turns: dict[int, list[Tensor]] = {}
    seen: dict[int, int] = {}
    for p in params:
        seen[id(p)] = seen.get(id(p), 0) + 1
        turns.setdefault(seen[id(p)], []).append(p)
    return list(turns.values())


def _loop(
    params: list[Tensor], grads: list[Tensor], exp_avgs: list[Tensor], exp_avg_sqs: list[Tensor], steps: list[Tensor], *,
    lr: float, beta1: float, beta2: float, eps: float, weight_decay: float, decoupled: bool, maximize: bool,
) -> None:
    for theta, g, m, v, step in zip(params, grads, exp_avgs, exp_avg_sqs, steps, strict=True):
        # count the step
        step += 1
        t = step.item()

        # uphill or downhill
        if maximize:
            g = -g

        # decay: theta shrinks (AdamW), or the penalty joins the gradient (Adam)
        if weight_decay and decoupled:
            theta.mul_(1 - lr * weight_decay)
        elif weight_decay:
            g = g.add(theta, alpha=weight_decay)

        # m, the running average of g
        m.lerp_(g, 1 - beta1)

        # v, the running average of g**2
        v.mul_(beta2).addcmul_(g, g, value=1 - beta2)

        # both start at zero: correct for it
        step_size = lr / (1 - beta1**t)
        root = v.sqrt().div_((1 - beta2**t) ** 0.5)

        # step
        theta.addcdiv_(m, root.add_(eps), value=-step_size)


def _foreach(
    params: list[Tensor], grads: list[Tensor], exp_avgs: list[Tensor], exp_avg_sqs: list[Tensor], steps: list[Tensor], *,
    lr: float, beta1: float, beta2: float, eps: float, weight_decay: float, decoupled: bool, maximize: bool,
) -> None:
    # count the step
    torch._foreach_add_(steps, 1)
    t = [step.item() for step in steps]

    # uphill or downhill
    if maximize:
        grads = list(torch._foreach_neg(grads))

    # decay: theta shrinks (AdamW), or the penalty joins the gradient (Adam)
    if weight_decay and decoupled:
        torch._foreach_mul_(params, 1 - lr * weight_decay)
    elif weight_decay:
        grads = list(torch._foreach_add(grads, params, alpha=weight_decay))

    # m, the running average of g
    torch._foreach_lerp_(exp_avgs, grads, 1 - beta1)

    # v, the running average of g**2
    torch._foreach_mul_(exp_avg_sqs, beta2)
    torch._foreach_addcmul_(exp_avg_sqs, grads, grads, 1 - beta2)
    del grads  # where they are ours, their memory serves the roots

    # both start at zero: correct for it
    step_sizes = [-lr / (1 - beta1**n) for n in t]
    roots = torch._foreach_sqrt(exp_avg_sqs)
    torch._foreach_div_(roots, [(1 - beta2**n) ** 0.5 for n in t])

    # step
    torch._foreach_add_(roots, eps)
    torch._foreach_addcdiv_(params, exp_avgs, roots, step_sizes)


@cache
def _has_triton() -> bool:
    return find_spec("triton") is not None


@cache
def _triton_runs() -> bool:
    """Return whether Triton launches kernels on this GPU: it builds them with a C compiler, which may be missing. Asked once."""
    if not _has_triton():
        return False
    try:
        _tables().probe()
    except Exception as hindered:  # noqa: BLE001 - whatever it is, foreach needs none of it
        warnings.warn(f"Triton is installed but does not run here, so impl='auto' takes foreach: {type(hindered).__name__}: {hindered}",
                      stacklevel=2)
        return False
    return True


def _tables() -> Any:
    from lessonlib.pytorch import triton_tables  # imports Triton, which Windows and macOS do not have
    return triton_tables
