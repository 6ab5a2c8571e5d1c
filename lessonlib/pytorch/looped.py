"""Any rule of the course as a torch.optim.Optimizer: the function on the screen trains the network."""
from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from lessonlib.rules import State
from lessonlib.signature import MISSING, name_of, require, takes

__all__ = ["Looped"]

WRAPS = "__array_wrap__ must accept context and return_scalar"  # NumPy on torch's own method, at a learner's np.sqrt; the value is right


class Looped(torch.optim.Optimizer):
    """A torch optimizer that calls `rule(theta, g, State(t, m, v), **hyper)` on one parameter after another.

    rule: a function of lessonlib.rules, or one with the same signature, a learner's own included. The hyperparameters it has no
    default for must be given, here or in each param group, and may be changed by a scheduler. A complex parameter is handed over as
    torch.view_as_real shows it, (..., 2), as torch's Adam takes it. Slow and clear: a Python loop with a new tensor for each operation.

    The state has torch's names: step, and exp_avg and exp_avg_sq where the rule returns an m and a v (a NamedTuple would not survive
    load_state_dict). For a rule that keeps both as Adam does, what stands under "state" goes on in torch's Adam or AdamW, and back.
    Other rules' states and the param groups fit nothing of torch's. It can be copied, and pickled if the rule is a function of a module.

    Raises ValueError for a hyperparameter that the rule does not take or that is missing, for a rule that does not return a theta of
    the parameter's shape and a State, and for sparse gradients.
    """

    def __init__(self, params: Any, rule: Callable[..., Any], **hyper: Any) -> None:
        require(rule, {name: None for name, default in takes(rule).items() if default is MISSING} | hyper)  # in a group it may still come
        self.rule = rule
        self.names = tuple(takes(rule) | hyper)
        super().__init__(params, {name: value for name, value in (takes(rule) | hyper).items() if value is not MISSING})

    def __getstate__(self) -> dict[str, Any]:
        return super().__getstate__() | {"rule": self.rule, "names": self.names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over a pickled optimizer or a loaded state_dict. Raises ValueError for param groups of another optimizer."""
        rule, names = (state[name] if name in state else getattr(self, name) for name in ("rule", "names"))
        for name in names:
            if not all(name in group for group in state["param_groups"]):
                raise ValueError(f"a loaded param group has no {name}, which {name_of(rule)} takes: put your own under \"param_groups\", "
                                 "as in load_state_dict(theirs | {\"param_groups\": opt.state_dict()[\"param_groups\"]})")
        super().__setstate__(state)

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a group of parameters, as torch's optimizers do. Raises ValueError where a hyperparameter has no value."""
        if isinstance(param_group, dict):
            values = self.defaults | param_group
            require(self.rule, {name: values[name] for name in self.names if name in values})
        super().add_param_group(param_group)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step for every parameter that has a gradient; return the closure's loss, if there is one."""
        _allow_numpy()
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            hyper = {name: group[name] for name in self.names}
            for p in group["params"]:
                if p.grad is not None:
                    self._step_one(p, hyper)
        return loss

    def _step_one(self, p: Tensor, hyper: dict[str, Any]) -> None:
        if p.grad.layout is not torch.strided:
            raise ValueError("a parameter has a sparse gradient: use Embedding(sparse=False), or torch.optim.SparseAdam")
        kept = self.state[p]
        theta, g, m, v = (_as_real(value) for value in (p, p.grad, kept.get("exp_avg", 0.0), kept.get("exp_avg_sq", 0.0)))
        theta, s = _returned(self.rule, self.rule(theta, g, State(int(kept.get("step", 0)), m, v), **hyper), theta)
        memory = {"step": torch.tensor(float(s.t), dtype=torch.float32, device="cpu")}
        for name, value in (("exp_avg", s.m), ("exp_avg_sq", s.v)):
            if isinstance(value, Tensor) or value != 0.0:  # a rule that keeps nothing leaves State's 0.0
                memory[name] = _own(_as_complex(value) if p.is_complex() else value, p)
        _as_real(p).copy_(theta)
        kept.clear()
        kept.update(memory)


def _allow_numpy() -> None:
    """Silence what NumPy says of torch where a rule calls np.sqrt on a tensor.

    Not by catch_warnings at each step: that makes Python forget which warnings it has shown, and show the others at each step too.
    """
    if not any(message is not None and message.pattern == WRAPS for _, message, *_ in warnings.filters):
        warnings.filterwarnings("ignore", WRAPS, DeprecationWarning)


def _returned(rule: Callable[..., Any], answer: Any, theta: Tensor) -> tuple[Tensor, State]:
    """Return what a rule returned; raises ValueError if it is not a tensor of theta's shape and a State."""
    if not isinstance(answer, tuple) or len(answer) != 2 or not all(hasattr(answer[1], name) for name in State._fields):
        raise ValueError(f"{name_of(rule)} returned {type(answer).__name__}: a rule returns theta and a State, "
                         "as in return theta, State(t, m, v)")
    new, s = answer
    if not isinstance(new, Tensor) or new.shape != theta.shape:
        shape = f"shape {tuple(new.shape)}" if isinstance(new, Tensor) else f"no tensor but {type(new).__name__}"
        raise ValueError(f"{name_of(rule)} returned a theta of {shape} for a parameter of shape {tuple(theta.shape)}: "
                         "it must have the parameter's shape")
    return new, s


def _own(value: Any, p: Tensor) -> Any:
    """Return a value of the memory that nobody else writes to: a copy of what lies in the parameter or its gradient."""
    if not isinstance(value, Tensor):
        return value
    others = {t.untyped_storage().data_ptr() for t in (p, p.grad)}
    return value.clone() if value.untyped_storage().data_ptr() in others else value


def _as_real(value: Any) -> Any:
    return torch.view_as_real(value.resolve_conj()) if isinstance(value, Tensor) and value.is_complex() else value


def _as_complex(value: Any) -> Any:
    return torch.view_as_complex(value.contiguous()) if isinstance(value, Tensor) and value.shape[-1:] == (2,) else value
