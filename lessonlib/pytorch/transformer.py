"""A character transformer that is small enough to read, and the loop that fits it to a text."""
from __future__ import annotations

import math
import os
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from lessonlib.signature import number, whole_number

__all__ = ["Block", "Corpus", "Fitted", "Size", "Transformer", "fit", "fit_all", "loss_on_test", "sample", "schedule"]

START: dict[str, Any] = {"device": "cpu", "dtype": torch.float32}  # of the weights as drawn: a seed means the same everywhere

Key = TypeVar("Key", bound=Hashable)


class Size(NamedTuple):
    """What a training costs: the model (layers, width, heads, context), the batch of windows, the steps and those of warm-up."""

    layers: int
    width: int
    heads: int
    context: int
    batch: int
    steps: int
    warmup: int = 0

    def checked(self) -> Size:
        """The same in whole numbers. Raises ValueError where one cannot be, or the heads do not divide the width."""
        found = Size(*(whole_number(name, value, least=name not in ("steps", "warmup")) for name, value in self._asdict().items()))
        if found.width % found.heads:
            raise ValueError(f"heads={found.heads!r}: must divide the width, {found.width}")
        return found


class Corpus:
    """A text as numbers: the first nine tenths to train on, the rest to test on.

    letters: the different characters, in order. train, test: (characters,) int64, on the device.
    """

    def __init__(self, text: str, device: str | torch.device = "cpu") -> None:
        self.letters = "".join(sorted(set(text)))
        whole = self.encode(text).to(device)
        cut = len(whole) * 9 // 10
        self.train, self.test = whole[:cut], whole[cut:]

    def encode(self, text: str) -> Tensor:
        """The place of each character among the letters: (characters,), on the CPU. Raises ValueError for one that is not among them."""
        place = {letter: i for i, letter in enumerate(self.letters)}
        if strange := sorted(set(text) - set(place)):
            raise ValueError(f"text={text[:40]!r}: {strange[0]!r} is not among the {len(place)} characters of this corpus")
        return torch.tensor([place[letter] for letter in text], device="cpu", dtype=torch.int64)

    def decode(self, places: Tensor) -> str:
        """The text of (characters,) places."""
        return "".join(self.letters[i] for i in places.tolist())

    def windows(self, size: Size, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Random windows of the training text and the character that follows each place: two of (batch, context).

        generator: on the CPU, whatever the device, so that one seed draws the same windows everywhere. Raises ValueError for a
        text that is shorter than a window.
        """
        size = size.checked()
        places = _places(self.train, size)
        at = torch.randint(places, (size.batch, 1), generator=generator, device="cpu") + torch.arange(size.context, device="cpu")
        if self.train.is_cuda:
            at = at.pin_memory()  # so that the copy to the GPU waits for nobody
        at = at.to(self.train.device, non_blocking=True)
        return self.train[at], self.train[at + 1]


def _places(text: Tensor, size: Size) -> int:
    """At how many places a window, and the character after it, can start."""
    if len(text) <= size.context:
        raise ValueError(f"context={size.context!r}: this part of the text has {len(text)} characters; take a longer text or less context")
    return len(text) - size.context


class Block(nn.Module):
    """One layer: each place looks back at the places before it (attention), then thinks for itself (two linear maps).

    Pre-norm: what is added to the stream is normalised first, the stream itself never is (Xiong et al. 2020).
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width, **START), nn.LayerNorm(width, **START)
        self.qkv, self.out = nn.Linear(width, 3 * width, **START), nn.Linear(width, width, **START)
        self.up, self.down = nn.Linear(width, 4 * width, **START), nn.Linear(4 * width, width, **START)

    def forward(self, x: Tensor) -> Tensor:
        """x, and what comes back: (batch, places, width)."""
        batch, places, width = x.shape
        q, k, v = self.qkv(self.norm1(x)).view(batch, places, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(seen.transpose(1, 2).reshape(batch, places, width))
        return x + self.down(functional.relu(self.up(self.norm2(x))))


class Transformer(nn.Module):
    """Logits of the next character at every place: (batch, places) -> (batch, places, letters).

    Weights start normal with deviation 0.02, those that write to the stream smaller by the root of twice the layers, biases at 0
    (Radford et al. 2019), drawn from a generator of their own, in float32 on the CPU. The table of letters serves at both ends.
    """

    def __init__(self, letters: int, size: Size, seed: int = 0) -> None:
        super().__init__()
        size = size.checked()
        self.letter = nn.Embedding(letters, size.width, **START)
        self.place = nn.Embedding(size.context, size.width, **START)
        self.blocks = nn.ModuleList(Block(size.width, size.heads) for _ in range(size.layers))
        self.norm = nn.LayerNorm(size.width, **START)
        generator = _generator(seed)
        for name, p in self.named_parameters():
            if p.ndim == 2:
                scale = 0.02 / (math.sqrt(2 * size.layers) if name.endswith(("out.weight", "down.weight")) else 1.0)
                nn.init.normal_(p, std=scale, generator=generator)
            elif name.endswith("bias"):
                nn.init.zeros_(p)

    def forward(self, places: Tensor) -> Tensor:
        """places: (batch, places) long, at most as many places as the context."""
        x = self.letter(places) + self.place.weight[:places.shape[1]]
        for block in self.blocks:
            x = block(x)
        return functional.linear(self.norm(x), self.letter.weight)


def schedule(t: int, steps: int, warmup: int = 0) -> float:
    """The share of the step size at step t = 1, 2, ..., steps: up in a line over the warm-up, then a cosine down to zero."""
    if t <= warmup:
        return t / (warmup + 1)
    return (1 + math.cos(math.pi * (t - 1 - warmup) / (steps - warmup))) / 2


@dataclass(frozen=True)
class Fitted:
    """What came of a training: the model, its optimizer, the training loss of each step (steps,) and the test loss at the end."""

    model: Transformer
    optimizer: torch.optim.Optimizer
    losses: list[float]
    test: float


def fit(
    make_optimizer: Callable[[Any], torch.optim.Optimizer], corpus: Corpus, size: Size, *, seed: int = 0,
    dtype: torch.dtype = torch.float32, autocast: torch.dtype | None = None, watch: Callable[[int, Transformer], Any] | None = None,
) -> Fitted:
    """Return the Fitted transformer. Start and batches depend on the seed alone, so that optimizers meet the same ones.

    make_optimizer: parameters -> a torch optimizer; its step sizes follow `schedule`. dtype: of the weights. autocast: the
    type that matrix products are computed in, None for the weights' own. watch: called with 0 and the fresh model, then with the number
    of each step and the model after it. Losses are in nats a character; a training that ends
    beyond the numbers has a test loss of inf.
    """
    device, size = corpus.train.device, size.checked()
    model = Transformer(len(corpus.letters), size, seed).to(device, dtype)
    optimizer = make_optimizer(model.parameters())
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda k: schedule(k + 1, size.steps, size.warmup))
    generator = _generator(seed)
    losses = torch.zeros(size.steps, dtype=dtype, device=device)  # read once at the end: reading waits for the GPU
    if watch is not None:
        watch(0, model)
    for t in range(size.steps):
        x, y = corpus.windows(size, generator)
        with torch.autocast(device.type, autocast) if autocast else nullcontext():
            loss = functional.cross_entropy(model(x).flatten(0, 1), y.flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses[t] = loss.detach()
        if watch is not None:
            watch(t + 1, model)
    return Fitted(model, optimizer, losses.tolist(), loss_on_test(model, corpus, size))


def fit_all(
    trainings: Mapping[Key, tuple[Callable[[Any], torch.optim.Optimizer], Size]], corpus: Corpus, **options: Any,
) -> dict[Key, Fitted]:
    """Return what `fit` makes of each (make_optimizer, size), by name; options: fit's own.

    On a CPU two at a time, each on one thread (set by the caller): a model this small is slower on two. On a GPU in turn.
    """
    from tqdm.auto import tqdm  # slow to import

    bar = tqdm(total=len(trainings), unit="training", leave=False, disable=os.environ.get("LESSONLIB_PROGRESS") == "0")

    def one(job: tuple[Callable[[Any], torch.optim.Optimizer], Size]) -> Fitted:
        done = fit(job[0], corpus, job[1], **options)
        bar.update()
        return done

    with bar, ThreadPoolExecutor(2 if corpus.train.device.type == "cpu" else 1) as pool:
        return dict(zip(trainings, pool.map(one, trainings.values()), strict=True))


@torch.no_grad()
def loss_on_test(model: Transformer, corpus: Corpus, size: Size, windows: int = 256) -> float:
    """The mean loss, in nats a character, on windows spread evenly over the test text; inf where it is not a number."""
    size = size.checked()
    last, windows = _places(corpus.test, size) - 1, whole_number("windows", windows, least=1)
    first = torch.linspace(0, last, windows, device="cpu", dtype=torch.float32).long()
    at = (first[:, None] + torch.arange(size.context, device="cpu")).to(corpus.test.device)
    loss = functional.cross_entropy(model(corpus.test[at]).flatten(0, 1), corpus.test[at + 1].flatten()).item()
    return loss if math.isfinite(loss) else math.inf


@torch.no_grad()
def sample(model: Transformer, corpus: Corpus, start: str, characters: int = 300, *, temperature: float = 1.0, seed: int = 0) -> str:
    """The start and what the model writes after it, one character drawn at a time; a lower temperature dares less.

    Raises ValueError for a start that is empty or has characters that the corpus has not, and for a temperature of 0 or less.
    """
    if not start:
        raise ValueError(f"start={start!r}: at least one character to go on from")
    if not (temperature := number("temperature", temperature)) > 0:
        raise ValueError(f"temperature={temperature!r}: above 0; 0.01 takes nearly always the likeliest character")
    device, context = corpus.train.device, model.place.num_embeddings
    generator, text = _generator(seed), corpus.encode(start).to(device)
    for _ in range(whole_number("characters", characters)):
        logits = model(text[None, -context:])[0, -1].double().cpu()
        drawn = torch.multinomial((logits / temperature).softmax(-1), 1, generator=generator)
        text = torch.cat([text, drawn.to(device)])
    return corpus.decode(text)


def _generator(seed: int) -> torch.Generator:
    return torch.Generator(device="cpu").manual_seed(whole_number("seed", seed))
