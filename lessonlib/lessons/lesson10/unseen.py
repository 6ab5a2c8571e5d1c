"""What weight decay is asked for: few digits, some of them with wrong labels, and how many new ones a network then reads."""
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from lessonlib.data import digits
from lessonlib.play.experiment import new_figure
from lessonlib.plots import look, show
from lessonlib.problems import digits_start
from lessonlib.rules import State, adamw

__all__ = ["DECAYS", "ENDS", "Read", "how_it_ends", "read", "show_unseen", "told", "tried"]

Array = np.ndarray[Any, Any]
DECAYS = (0.0, 1.0, 1 / 3, 3.0)  # the first two are those of the picture
ENDS = ("clearly more", "about as many", "clearly fewer")
HIDDEN, IMAGES, WRONG, BATCH, EVERY, SEEDS = 32, 300, 60, 50, 25, 8


class Read(NamedTuple):
    """What networks read as they train: the share of the new digits read rightly, and that of the wrong labels learnt by heart.

    steps: (R,); unseen, by_heart: (R, seeds, decays).
    """

    steps: Array
    unseen: Array
    by_heart: Array


def read(
    decays: Sequence[float] = DECAYS, *, lr: float = 3e-3, steps: int = 1000, seeds: Sequence[int] = range(SEEDS), wrong: int = WRONG,
) -> Read:
    """Return how many of 500 new digits networks read that learn from 300 digits, so many of them with wrong labels.

    Each seed has its own start, wrong labels and batches, which all its decays share, so that they can be compared in pairs.
    """
    found = np.stack([_one(np.array(decays), lr, steps, seed, wrong) for seed in seeds], 1)
    return Read(np.arange(0, steps + 1, EVERY), found[..., 0], found[..., 1])


def _labels(seed: int, wrong: int) -> tuple[Array, Array]:
    """The labels to learn from, so many of them replaced by another class, and which these are."""
    rng = np.random.default_rng([seed, 1])
    y = digits().train_y[:IMAGES].copy()
    which = rng.permutation(IMAGES)[:wrong]
    y[which] = (y[which] + rng.integers(1, 10, wrong)) % 10
    return y, which


def _outputs(theta: Array, x: Array) -> tuple[Array, Array, Array]:
    """The hidden units (decays, n, hidden), the outputs (decays, n, 10) and the weights between them. theta: (decays, parameters)."""
    w1, b1, w2, b2 = np.split(theta, np.cumsum([64 * HIDDEN, HIDDEN, HIDDEN * 10]), axis=-1)
    h = np.maximum(x @ w1.reshape(-1, 64, HIDDEN) + b1[:, None], 0)
    w2 = w2.reshape(-1, HIDDEN, 10)
    return h, h @ w2 + b2[:, None], w2


def _gradient(theta: Array, x: Array, y: Array) -> Array:
    h, z, w2 = _outputs(theta, x)
    p = np.exp(z - z.max(-1, keepdims=True))
    dz = (p / p.sum(-1, keepdims=True) - y) / len(x)
    dh = (dz @ np.swapaxes(w2, -1, -2)) * (h > 0)
    parts = (x.T @ dh, dh.sum(-2), np.swapaxes(h, -1, -2) @ dz, dz.sum(-2))
    return np.concatenate([part.reshape(len(theta), -1) for part in parts], axis=-1)


def _one(decays: Array, lr: float, steps: int, seed: int, wrong: int) -> Array:
    """The shares of the new digits read and of the wrong labels learnt, (records, decays, 2), from one start."""
    d, rng, (y, which) = digits(), np.random.default_rng([seed, 2]), _labels(seed, wrong)
    x, new, truth = d.train_x[:IMAGES].astype(float), d.test_x.astype(float), np.eye(10)[y]
    begin = np.concatenate([value.ravel() for value in digits_start(HIDDEN, [seed, 0]).values()])
    theta, s, shares = np.tile(begin, (len(decays), 1)), State(), []
    for t in range(steps + 1):
        if t % EVERY == 0:
            unseen, learnt = (_outputs(theta, images)[1].argmax(-1) == labels for images, labels in ((new, d.test_y), (x, y)))
            shares.append(np.stack([unseen.mean(-1), learnt[:, which].sum(-1) / max(1, wrong)], -1))
        rows = rng.integers(IMAGES, size=BATCH)
        theta, s = adamw(theta, _gradient(theta, x[rows], truth[rows]), s, lr=lr, weight_decay=decays[:, None])
    return np.array(shares)


def tried(found: Read, right: Read) -> list[list[Any]]:
    """Return a row for each of four runs: its steps, its labels, the first guess, and the share of new digits read with each of the
    DECAYS, sorted.

    found, right: runs of 1000 steps of 0.003 with wrong labels and with right ones alone. The two others are trained here.
    """
    some, every = f"{WRONG} wrong", "all right"
    runs = ((3e-3, some, found), (1e-3, some, read(lr=1e-3)), (3e-3, every, right), (3e-3, every, read(steps=300, wrong=0)))
    rows: list[list[Any]] = []
    for lr, labels, kept in runs:
        steps = int(kept.steps[-1])
        rows.append([f"{steps} steps of {lr:g}", labels, min(1, 1 / (lr * steps)), *kept.unseen[-1].mean(0)[np.argsort(DECAYS)]])
    return rows


def told(rows: Sequence[Sequence[Any]]) -> list[list[str]]:
    """Return the rows of `tried` in words, without the column of the guess: what it reads is marked as such.

    >>> told([["300 steps of 0.01", "all right", 1 / 3, 0.9, 0.95, 0.9, 0.8]])
    [['300 steps of 0.01', 'all right', '90%', 'the guess: 95%', '90%', '80%']]
    """
    return [[run, labels, *(f"{'the guess: ' * (decay == guess)}{share:.0%}" for decay, share in zip(sorted(DECAYS), shares, strict=True))]
            for run, labels, guess, *shares in rows]


def how_it_ends(found: Read) -> str:
    """Return in words how many new digits are read at the end without decay, beside step 200; three in a hundred are clear."""
    gained = float((found.unseen[-1, :, 0] - found.unseen[200 // EVERY, :, 0]).mean())
    return ENDS[(gained < 0.03) + (gained < -0.03)]


def show_unseen(found: Read, right: Read) -> None:
    """Show how many new digits are read as training goes on, without decay and with it, with wrong labels and where all are right."""
    show(_picture(found, right), f"The share of new digits that are read, against the step, the mean of {found.unseen.shape[1]} starts. "
         "All lines climb steeply in 200 steps. Where labels are wrong, the line without decay then falls and the line with decay 1 stays "
         "up. Where all labels are right, neither falls, and they end together.")


def _picture(found: Read, right: Read) -> Figure:
    figure, end = new_figure(7.2, 3.7), int(found.steps[-1])
    best, worst, kept = (round(100 * read.unseen[-1, :, k].mean()) for read, k in ((right, 0), (found, 0), (found, 1)))
    ax = figure.add_subplot(xlim=(0, 1.5 * end), ylim=(70, 100), xlabel="step", ylabel="new digits read, %",
                            title=f"Wrong labels cost {best - worst} digits in a hundred, a decay of 1 saves {kept - worst}")
    ax.set_xticks(range(0, end + 1, 200))
    for name, read, k, rule, dash, up in (("no decay,\nall labels right", right, 0, "adam", ":", 1.6),
                                          ("decay 1,\nall labels right", right, 1, "adamw", (0, (4, 1, 1, 1)), -2.1),
                                          ("decay 1,\n60 labels wrong", found, 1, "adamw", look("adamw").dash, -0.4),
                                          ("no decay,\n60 labels wrong", found, 0, "adam", look("adam").dash, 0.0)):
        color = look(rule).color
        shares = 100 * read.unseen[..., k]
        last = shares[-1].mean()
        ax.plot(found.steps, shares.mean(1), color=color, linestyle=dash, linewidth=2.4)
        ax.plot([end, end], [shares[-1].min(), shares[-1].max()], color=color, linewidth=5, alpha=0.3)
        ax.text(1.03 * end, last + up, f"{last:.0f} %, {name}", color=color, fontsize=11, fontweight="bold", va="center")
    height = 100 * found.unseen[200 // EVERY, :, 0].mean()
    ax.annotate(f"step 200: {height:.0f} %", (200, height), (230, 79), color=look("adam").color, fontsize=11,
                arrowprops={"arrowstyle": "->", "color": look("adam").color})
    ax.text(1.47 * end, 71, "bars: from the lowest to the highest start", fontsize=9, color="#555555", ha="right")
    return figure
