"""What stands in param groups, and what each parameter of a model is, for the judge of lesson 10."""
from __future__ import annotations

from collections.abc import Iterable
from math import isclose
from numbers import Real
from typing import Any

from lessonlib.attempts import Stop

__all__ = ["WANTED", "another_model", "kinds", "listed", "walked"]

DEFAULT, WANTED = 0.01, 0.1  # torch's default of weight_decay in AdamW, and what the exercise asks for


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


def another_model() -> Any:
    """Return a small model whose norm has no "norm" in its name, with a kernel of four axes and a scalar, which has none."""
    from torch import nn, zeros

    model = nn.ModuleDict({"ln_1": nn.LayerNorm(4), "fc": nn.Linear(4, 3), "conv": nn.Conv2d(1, 2, 3)})
    model.register_parameter("gain", nn.Parameter(zeros(())))
    return model


def _decay(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < float("inf"):
        raise Stop("An impossible decay.", f"A group has weight_decay {value!r:.40}. Which number, 0 or more, do you mean?")
    return float(value)


def walked(groups: Any, model: Any, wanted: float = WANTED) -> None:
    """Raise Stop unless each parameter of a model is in exactly one group, matrices at the wanted decay, biases and norms at 0."""
    placed, silent = _placed(groups)
    kinds_of = kinds(model)
    for name, p in model.named_parameters():
        decays, kind = placed.pop(id(p), []), kinds_of[id(p)]
        seen = f"`{name}`, of shape {tuple(p.shape)},"
        because = f", as its group does not say one and takes AdamW's default of {DEFAULT:g}" if id(p) in silent else ""
        asks = f" Which weight_decay must the dict of `{name}` say?" if because else ""
        if len(decays) > 1:
            raise Stop("A parameter is there twice.", f"{seen} is in {len(decays)} places. How often would a step move it?")
        if not decays and p.requires_grad:
            raise Stop("A parameter is missing.", f"{seen} is in no group. Who would train it?")
        if not decays or not p.requires_grad or kind in ("embedding", "scale"):
            continue
        if kind in ("norm", "bias") and decays[0]:
            scale = "What does a layer do once its scale is pulled towards 0, and w" if name.endswith("weight") else "W"
            raise Stop("Decayed, and should not be.", f"{seen} has weight_decay {decays[0]:g}{because}."
                       f"{asks or f' {scale}hat tells biases and norms from matrices, whatever their names are?'}")
        if kind == "matrix" and not decays[0]:
            raise Stop("Not decayed, and should be.", f"{seen} has weight_decay 0. Is it a bias, or the scale of a norm?")
        if kind == "matrix" and not isclose(decays[0], wanted):
            if wanted != WANTED:
                raise Stop("It ignores its decay.", f"{seen} has weight_decay {decays[0]:g}{because}. Which name in your lines stands for "
                           "the decay that was asked for?")
            raise Stop("Another decay.", f"{seen} has weight_decay {decays[0]:g}{because}. Which number did the exercise ask for?")
    if placed:
        raise Stop("A stranger.", "One of the groups holds a parameter that is not the model's. Which model did you walk through?")


def _placed(groups: Any) -> tuple[dict[int, list[float]], set[int]]:
    """(the decays of each parameter in the groups, by its id; which of them are in a group without a decay of its own)."""
    if groups is None or groups is ... or (isinstance(groups, (list, tuple)) and not groups):
        raise Stop("Not written yet.", "Your turn: return a list of two groups, then run this cell again.")
    if isinstance(groups, Iterable) and not isinstance(groups, dict):
        groups = list(groups)
    if not isinstance(groups, list) or not all(isinstance(g, dict) and "params" in g for g in groups):
        raise Stop("Not param groups.", 'The optimizer wants a list of dicts, each with "params" and "weight_decay". What is yours?')
    placed: dict[int, list[float]] = {}
    silent: set[int] = set()
    for group in groups:
        for p in listed(group["params"]):
            placed.setdefault(id(p), []).append(_decay(group.get("weight_decay", DEFAULT)))
            silent |= set() if "weight_decay" in group else {id(p)}
    return placed, silent
