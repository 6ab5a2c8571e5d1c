"""What Adam takes from outside, checked and converted in one place: the hyperparameters of param groups, and loaded states."""
from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

from torch import Tensor

__all__ = ["check_states", "checked", "converted"]


def checked(group: Mapping[str, Any]) -> dict[str, Any]:
    """Return betas, eps and weight_decay of a new or loaded group as floats.

    Raises ValueError for a hyperparameter that is missing or out of range, and for a variant of Adam that is not here.
    """
    for name in ("lr", "betas", "eps", "weight_decay"):
        if name not in group:
            raise ValueError(f"the param group has no {name}: load the state of an Adam or AdamW, or start with a new one")
    for name in ("amsgrad", "differentiable"):
        if group.get(name):
            raise ValueError(f"{name}=True in the param group: this Adam has no {name}, go on with torch.optim's")
    hyper = converted(group)
    if not group["lr"] >= 0.0:
        raise ValueError(f"Invalid learning rate: {group['lr']}; it is 0 or more")
    return hyper


def converted(group: Mapping[str, Any]) -> dict[str, Any]:
    """Return betas, eps and weight_decay of a group as floats, at the price of no waiting.

    Of lr only the form is looked at: its value may lie on a GPU, and a schedule may take it below 0, as with torch. Raises ValueError.
    """
    lr, betas = group["lr"], group["betas"]
    if isinstance(lr, Tensor) and lr.numel() != 1:
        raise ValueError(f"Tensor lr must be 1-element, this one has {lr.numel()}")
    if not isinstance(lr, Tensor) and _float(lr) is None:
        raise ValueError(f"Invalid learning rate: {lr!r}; it is 0 or more")
    if not isinstance(betas, (tuple, list)) or len(betas) != 2:
        raise ValueError(f"betas={betas}: give two, beta1 and beta2")
    if isinstance(betas[0], Tensor) != isinstance(betas[1], Tensor):
        raise ValueError(f"betas={betas}: betas must be either both floats or both Tensors")
    for index, beta in enumerate(betas):
        if isinstance(beta, Tensor) and beta.numel() != 1:
            raise ValueError(f"Tensor betas[{index}] must be 1-element, this one has {beta.numel()}")
        value = _float(beta)
        if value is None or not 0.0 <= value < 1.0:
            raise ValueError(f"Invalid beta parameter at index {index}: {beta!r}; it is in [0, 1)")
    for name, says in (("eps", "epsilon"), ("weight_decay", "weight_decay")):
        value = _float(group[name])
        if value is None or not value >= 0.0:
            raise ValueError(f"Invalid {says} value: {group[name]!r}; it is 0 or more")
    return {"betas": (_float(betas[0]), _float(betas[1])), "eps": _float(group["eps"]), "weight_decay": _float(group["weight_decay"])}


def check_states(states: Iterable[Mapping[str, Any]]) -> None:
    """Raise ValueError for a parameter's loaded state that is not Adam's; one that is empty is a parameter's that never stepped."""
    for kept in states:
        if kept and not {"step", "exp_avg", "exp_avg_sq"} <= set(kept):
            raise ValueError(f"the loaded state of a parameter has {', '.join(kept)}, Adam needs step, exp_avg and exp_avg_sq: "
                             "load the state of an Adam or AdamW, or start with a new one")


def _float(value: Any) -> float | None:
    """Return a number or a tensor of one element as a float, None for anything else."""
    if isinstance(value, Real) or (isinstance(value, Tensor) and value.numel() == 1 and not value.is_complex()):
        return float(value)
    return None
