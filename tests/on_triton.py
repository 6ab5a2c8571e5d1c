"""Where the Triton engine runs on this machine: compiled on a GPU, by Triton's interpreter on the CPU, or not at all."""
from __future__ import annotations

import importlib
from importlib.util import find_spec

import pytest
import torch

from lessonlib.pytorch.adamw import AdamW

__all__ = ["DEVICE", "ENGINES", "needs_gpu", "needs_triton"]

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
needs_triton = pytest.mark.skipif(not find_spec("triton"), reason="Triton is not installed here (it is made for Linux)")
needs_gpu = pytest.mark.skipif(DEVICE == "cpu", reason="needs a GPU, torch finds none")
ENGINES = ["loop", "foreach", pytest.param("triton", marks=needs_triton)]

if DEVICE == "cpu" and find_spec("triton"):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRITON_INTERPRET", "1")  # read when a kernel is defined
        from lessonlib.pytorch import triton_kernels, triton_tables
        if not triton_tables.interpreted():
            importlib.reload(triton_kernels)
            importlib.reload(triton_tables)
        p = torch.nn.Parameter(torch.ones(1))
        p.grad = torch.ones(1)
        AdamW([p], impl="triton").step()  # the first launch imports more of Triton
