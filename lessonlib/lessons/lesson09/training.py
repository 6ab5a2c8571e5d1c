"""What the PyTorch part of lesson 9 trains: a small network that reads digits, and the loop that a learner completes."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from lessonlib.data import digits

__all__ = ["accuracy_after", "digits_loader", "network", "train"]

Loader = Any  # gives (images, labels), (batch, 64) and (batch,)


def digits_loader(seed: int = 0, batch: int = 64) -> Loader:
    """Return batches of the 1,297 training digits, in an order that the seed sets: images (batch, 64) in [0, 1], labels (batch,)."""
    d = digits()
    images = torch.tensor(np.asarray(d.train_x), dtype=torch.float32, device="cpu")
    labels = torch.tensor(np.asarray(d.train_y), dtype=torch.long, device="cpu")
    order = torch.Generator(device="cpu").manual_seed(seed)
    return DataLoader(TensorDataset(images, labels), batch_size=batch, shuffle=True, generator=order)


def network(seed: int = 0, hidden: int = 32) -> nn.Module:
    """Return a network 64 -> hidden (ReLU) -> 10 with torch's usual start, which the seed sets; the seed outside is left alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return nn.Sequential(nn.Linear(64, hidden, device="cpu", dtype=torch.float32), nn.ReLU(),
                             nn.Linear(hidden, 10, device="cpu", dtype=torch.float32))


def train(model: nn.Module, optimizer: torch.optim.Optimizer, dataloader: Loader, epochs: int = 15) -> None:
    """Train the model: clear the gradients, compute the loss, go backward, step."""
    criterion = nn.CrossEntropyLoss()
    for _ in range(epochs):
        for x_batch, y_batch in dataloader:
            optimizer.zero_grad()
            loss = criterion(model(x_batch), y_batch)
            loss.backward()
            optimizer.step()


@torch.no_grad()
def _accuracy(model: nn.Module) -> float:
    d = digits()
    images: Tensor = torch.tensor(np.asarray(d.test_x), dtype=torch.float32, device="cpu")
    return float((model(images).argmax(1).numpy() == d.test_y).mean())


def accuracy_after(loop: Callable[..., Any], make_optimizer: Callable[[Any], torch.optim.Optimizer], seed: int = 0) -> float:
    """Return the share of the 500 test digits that a fresh network reads rightly after loop(model, optimizer, dataloader)."""
    model = network(seed)
    loop(model, make_optimizer(model.parameters()), digits_loader(seed))
    return _accuracy(model)
