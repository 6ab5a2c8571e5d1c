"""What the PyTorch part of lesson 9 trains: a small network that reads digits, and the loop that a learner completes."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from lessonlib.data import digits

__all__ = ["accuracy_after", "as_found", "digits_loader", "network", "train", "what_a_loop_does"]

Loader = Any  # gives (images, labels), (batch, 64) and (batch,)


def digits_loader(seed: int = 0, batch: int = 64) -> Loader:
    """Return batches of the 1,297 training digits, in an order that the seed sets: images (batch, 64) in [0, 1], labels (batch,)."""
    d = digits()
    images = _images(d.train_x)
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


def as_found(model: nn.Module, optimizer: torch.optim.Optimizer, dataloader: Loader, epochs: int = 15) -> None:
    """Train the model as the loop that a learner is to mend does: it steps before it goes backward, and never clears the gradients."""
    criterion = nn.CrossEntropyLoss()
    for _ in range(epochs):
        for x_batch, y_batch in dataloader:
            optimizer.step()
            loss = criterion(model(x_batch), y_batch)
            loss.backward()


@torch.no_grad()
def _accuracy(model: nn.Module) -> float:
    d = digits()
    images = _images(d.test_x)
    return float((model(images).argmax(1).numpy() == d.test_y).mean())


def _images(x: Any) -> Tensor:
    return torch.tensor(np.asarray(x), dtype=torch.float32, device="cpu")


def accuracy_after(loop: Callable[..., Any], optimizer: Callable[..., torch.optim.Optimizer], starts: int = 3, **settings: Any) -> float:
    """Return the share of the 500 test digits that a fresh network reads correctly after loop(model, optimizer, dataloader), on average.

    optimizer: what makes one, of the parameters and the settings.
    """
    read = []
    for seed in range(starts):
        model = network(seed)
        loop(model, optimizer(model.parameters(), **settings), digits_loader(seed))
        read.append(_accuracy(model))
    return sum(read) / starts


class _Counting(torch.optim.Adam):
    """Adam that remembers the gradients it was given at each step."""

    def __init__(self, params: Any) -> None:
        super().__init__(params, lr=0.01)
        self.given: list[list[Tensor | None]] = []
        self.backwards: list[int] = []  # the steps taken before each backward pass

    def step(self, closure: Any = None) -> Any:
        """Step, and keep a copy of what the gradients were."""
        self.given.append([None if p.grad is None else p.grad.clone() for group in self.param_groups for p in group["params"]])
        return super().step(closure)


def _tried(loop: Callable[..., Any], batches: list[tuple[Tensor, Tensor]]) -> tuple[nn.Module, _Counting]:
    model = network(seed=1, hidden=4)
    optimizer = _Counting(model.parameters())
    next(model.parameters()).register_hook(lambda _: optimizer.backwards.append(len(optimizer.given)))
    loop(model, optimizer, batches, 2)
    return model, optimizer


def what_a_loop_does(loop: Callable[..., Any]) -> dict[str, Any]:
    """Return what a training loop does with three batches, twice: "found", what is wrong with it, "steps" and "wanted", how many.

    found: right, as found (both mistakes are in), nothing, no backward, no step, no zero_grad, step first, cleared early, twice (two steps
    for each batch), other count, other sign and other loss (of the first gradients), other, or swapped (the criterion's arguments) and
    raises, both with the "error".
    """
    draw = torch.Generator(device="cpu").manual_seed(0)
    images = torch.rand(3, 8, 64, generator=draw, device="cpu", dtype=torch.float32)
    batches = [(x, torch.arange(8, device="cpu") + k % 3) for k, x in enumerate(images)]
    right, right_optimizer = _tried(train, batches)
    try:
        model, optimizer = _tried(loop, batches)
    except Exception as error:  # noqa: BLE001 - whatever a learner's loop raises is told
        known = {"inplace operation": "step first", "log_softmax_lastdim": "swapped"}  # torch has none for labels, whole numbers
        found = next((name for words, name in known.items() if words in str(error)), "raises")
        told = f"{type(error).__name__}: {str(error)[:160]}".replace(_Counting.__name__, "Adam")
        return {"found": found, "error": told, "steps": 0, "wanted": 2 * len(batches)}
    if _same(model, _tried(as_found, batches)[0]):
        return {"found": "as found", "steps": len(optimizer.given), "wanted": 2 * len(batches)}
    return {"found": _found(model, optimizer, right, right_optimizer), "steps": len(optimizer.given), "wanted": 2 * len(batches)}


def _same(model: nn.Module, other: nn.Module) -> bool:
    """Whether two networks have the same parameters, to the last bit."""
    return all(bool((a == b).all()) for a, b in zip(model.parameters(), other.parameters(), strict=True))


def _found(model: nn.Module, optimizer: _Counting, right: nn.Module, right_optimizer: _Counting) -> str:
    start = network(seed=1, hidden=4)
    if _same(model, right):
        return "right"
    if _same(model, start):
        if not optimizer.given:
            return "no step" if optimizer.backwards else "nothing"
        return "no backward" if not optimizer.backwards else "step first" if optimizer.backwards[0] else "cleared early"
    if len(optimizer.given) != len(right_optimizer.given):
        return "twice" if len(optimizer.given) == 2 * len(right_optimizer.given) else "other count"
    if optimizer.backwards and optimizer.backwards[0]:
        return "step first"
    if _piles_up(optimizer, right_optimizer):
        return "no zero_grad"
    both = zip(optimizer.given[0], right_optimizer.given[0], strict=True)
    first = [(torch.zeros_like(b) if a is None else a, b) for a, b in both if b is not None]
    if all(torch.allclose(a, -b, atol=1e-6) for a, b in first):
        return "other sign"
    return "other" if all(torch.allclose(a, b, atol=1e-6) for a, b in first) else "other loss"


def _piles_up(optimizer: _Counting, right: _Counting) -> bool:
    """Whether the second step was given the first gradient once more; the first steps are the same."""
    for first, second, wanted in zip(optimizer.given[0], optimizer.given[1], right.given[1], strict=True):
        if first is None or second is None or wanted is None or not torch.allclose(second, first + wanted, atol=1e-6):
            return False
    return True
