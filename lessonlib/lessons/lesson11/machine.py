"""Which machine this is: the GPU by name, which 16-bit type it computes in, and how to get a GPU where there is none."""
from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass

import torch

from lessonlib.data import recorded

__all__ = ["NAMES", "Here", "here", "took"]

NAMES = {"cpu": "CPU", "cuda": "GPU"}


@dataclass(frozen=True)
class Here:
    """The machine that torch will train on. kind: "cpu" or "cuda"; memory: of the GPU, in GB; half: the 16-bit type to train in."""

    kind: str
    name: str = ""
    memory: float = 0.0
    half: torch.dtype = torch.bfloat16

    def __repr__(self) -> str:
        if self.kind == "cuda":
            units = ("bfloat16, as it has units for it" if self.half == torch.bfloat16
                     else "float16 with a GradScaler, as it has no units for bfloat16")
            return f"GPU: {self.name}, {self.memory:.0f} GB. For the 16 bits of Part 4 take {units}."
        lines = ["No GPU here. Every cell runs at its small size, and the lesson is all there."]
        if "google.colab" in sys.modules:
            lines.append("To get one: Runtime > Change runtime type > T4 GPU > Save. Then run the set-up cell and this one again.")
        else:
            lines += ["To get one, open this notebook in Colab (Runtime > Change runtime type > T4 GPU),",
                      "or take a machine with an NVIDIA card and torch for CUDA."]
        return "\n".join(lines)


def here() -> Here:
    """Return what torch finds: the first GPU, or the CPU.

    A card from before 2020, such as Colab's T4, has no units for bfloat16; torch says it supports bfloat16 there too, unless it is asked
    to leave emulation out.
    """
    if not torch.cuda.is_available():
        return Here("cpu")
    about = torch.cuda.get_device_properties(0)
    native = torch.cuda.is_bf16_supported(including_emulation=False)
    return Here("cuda", about.name, about.total_memory / 1e9, torch.bfloat16 if native else torch.float16)


def took(name: str, entry: str, kinds: Iterable[str] = tuple(NAMES), *, part: float = 1.0) -> str:
    """Return how long a part of something took when it was recorded: "5 s", or "5 s on a CPU and 9 s on the H200" where both did."""
    records = {kind: recorded(f"{name}_{kind}.json") for kind in kinds}
    found = {kind: record for kind, record in records.items() if record is not None}
    told = [f"{part * record['seconds'][entry]:.0f} s" for record in found.values()]
    where = ["on a CPU" if kind == "cpu" else f"on the {record['machine'].removeprefix('NVIDIA ')}" for kind, record in found.items()]
    return told[0] if len(told) == 1 else " and ".join(f"{text} {on}" for text, on in zip(told, where, strict=True))
