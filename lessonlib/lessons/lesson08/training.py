"""Lesson 8's network of many narrow layers in PyTorch, with nn.Linear's own start, trained by torch's own optimizers."""
from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from lessonlib.data import digits
from lessonlib.lessons.lesson08.deep import BATCH, LAYERS, STEPS, WIDTH

__all__ = ["deep_network", "loss_of"]


def deep_network(seed: int = 0, layers: int = LAYERS) -> nn.Sequential:
    """Return a network 64 -> 32 -> ... -> 32 -> 10 with hidden layers (ReLU); the seed sets its start, torch's own is left alone."""
    sizes = [64, *[WIDTH] * layers, 10]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        parts: list[nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            parts += [nn.Linear(inputs, outputs, device="cpu", dtype=torch.float32), nn.ReLU()]
    return nn.Sequential(*parts[:-1])


def loss_of(lr: float, seed: int = 0, steps: int = STEPS, *, layers: int = LAYERS, falling: float = 0.0, cosine: bool = False) -> float:
    """Return the training loss after `steps` steps of torch.optim.RMSprop(lr) on batches of 64 digits; inf if it is no number.

    layers: the hidden ones, none for a single nn.Linear. falling: the share of the steps, at the end, over which lr falls in a line to 0.
    cosine: lr falls to 0 over all the steps in half a cosine.
    """
    d, model = digits(), deep_network(seed, layers)
    images = torch.tensor(np.asarray(d.train_x), dtype=torch.float32, device="cpu")
    labels = torch.tensor(np.asarray(d.train_y), dtype=torch.long, device="cpu")
    optimizer = torch.optim.RMSprop(model.parameters(), lr=lr)
    criterion, rng = nn.CrossEntropyLoss(), np.random.default_rng(seed)
    for t in range(steps):
        share = (1 + np.cos(np.pi * t / steps)) / 2 if cosine else min(1.0, (1 - t / steps) / falling) if falling else 1.0
        optimizer.param_groups[0]["lr"] = lr * float(share)
        rows = torch.from_numpy(rng.integers(len(labels), size=BATCH))
        optimizer.zero_grad()
        criterion(model(images[rows]), labels[rows]).backward()
        optimizer.step()
    with torch.no_grad():
        end = float(criterion(model(images), labels))
    return end if np.isfinite(end) else float("inf")
