"""Any rule of the course as a torch.optim.Optimizer: the function on the screen trains the network."""
from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import torch

from lessonlib.rules import State

__all__ = ["Looped"]


class Looped(torch.optim.Optimizer):
    """A torch optimizer that calls `rule(theta, g, State(t, m, v), **hyper)` on one parameter after another.

    rule: a function of lessonlib.rules, or one with the same signature, a learner's own included. The hyperparameters it has no
    default for must be given; each may differ by param group and be changed by a scheduler. The memory is kept under torch's
    names, step, exp_avg and exp_avg_sq, so that a state_dict fits torch's own Adam and AdamW (a NamedTuple would not survive
    load_state_dict). Slow and clear: a Python loop with a new tensor for each operation.

    Raises ValueError for a hyperparameter that the rule does not take or that is missing, and for sparse gradients.
    """

    def __init__(self, params: Any, rule: Callable[..., Any], **hyper: Any) -> None:
        takes = {name: p.default for name, p in inspect.signature(rule).parameters.items() if p.kind is p.KEYWORD_ONLY}
        for name in hyper:
            if name not in takes:
                raise ValueError(f"{name}={hyper[name]!r}: {getattr(rule, '__name__', rule)} takes {', '.join(takes)}")
        values = takes | hyper
        for name, value in values.items():
            if value is inspect.Parameter.empty:
                raise ValueError(f"{name} is missing: {getattr(rule, '__name__', rule)} has no default for it; add {name}=...")
        super().__init__(params, values)
        self.rule = rule
        self.names = tuple(takes)

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Take one step for every parameter that has a gradient; return the closure's loss, if there is one."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            hyper = {name: group[name] for name in self.names}
            for p in group["params"]:
                if p.grad is None:
                    continue
                if p.grad.is_sparse:
                    raise ValueError("a parameter has a sparse gradient: use Embedding(sparse=False), or torch.optim.SparseAdam")
                kept = self.state[p]
                s = State(int(kept.get("step", 0)), kept.get("exp_avg", 0.0), kept.get("exp_avg_sq", 0.0))
                theta, s = self.rule(p, p.grad, s, **hyper)
                p.copy_(theta)
                kept["step"], kept["exp_avg"], kept["exp_avg_sq"] = torch.tensor(float(s.t)), s.m, s.v
        return loss
