"""What stands in param groups, and what each parameter of a model is, for the judge of lesson 10."""
from __future__ import annotations

from typing import Any

from lessonlib.attempts import Stop

__all__ = ["kinds", "listed"]


def kinds(model: Any) -> dict[int, str]:
    """Return what each parameter of a model is, by its id: "norm", "embedding", "bias", "scale" or "matrix", by its module."""
    from torch import nn

    norms = (nn.LayerNorm, nn.RMSNorm, nn.GroupNorm, nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d, nn.SyncBatchNorm,
             nn.InstanceNorm1d, nn.InstanceNorm2d, nn.InstanceNorm3d)
    found: dict[int, str] = {}
    for module in model.modules():
        for name, p in module.named_parameters(recurse=False):
            kind = ("norm" if isinstance(module, norms) else "embedding" if isinstance(module, (nn.Embedding, nn.EmbeddingBag)) else
                    "bias" if "bias" in name.split("_") else "matrix" if p.ndim >= 2 else "scale")
            found.setdefault(id(p), kind)
    return found


def listed(params: Any) -> list[Any]:
    """Return the parameters of a group in any form that torch accepts, pairs of a name and a parameter included. Raises Stop for others."""
    from torch import Tensor

    if isinstance(params, Tensor):
        return [params]
    if isinstance(params, (set, frozenset)):
        raise Stop("A set of parameters.", "A set has no order, and torch refuses it. Which kind of collection keeps the order?")
    kind = type(params).__name__
    if hasattr(params, "__next__"):
        raise Stop("Not a list of parameters.", f"The params of one group are a {kind}. What is left in it once it has been read?")
    try:
        found = [p[1] if isinstance(p, tuple) and len(p) == 2 else p for p in params]
    except TypeError:
        raise Stop("Not a list of parameters.", f"The params of one group are a {kind}. What does model.parameters() give?") from None
    wrong = {type(p).__name__ for p in found if not isinstance(p, Tensor)}
    if wrong:
        raise Stop("Not a list of parameters.", f"The params of one group hold a {min(wrong)}. What does model.parameters() give?")
    return found
