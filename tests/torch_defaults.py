"""Other defaults of torch than its own, for a test that they change nothing."""
from __future__ import annotations

from contextlib import contextmanager

import torch

__all__ = ["ambient"]


@contextmanager
def ambient(device=None, dtype=torch.float32):
    """Other defaults of torch, as a program may have set them for its own tensors."""
    torch.set_default_device(device)
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_device(None)
        torch.set_default_dtype(torch.float32)
