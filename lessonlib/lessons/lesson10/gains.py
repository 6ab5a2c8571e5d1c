"""What weight decay gains on digits that were never seen, each form at its best settings, and what the course's start for it gains.

    python -m lessonlib.lessons.lesson10.gains

looks for the settings again, on digits that no figure of the lesson is taken from. It takes a minute or two.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from lessonlib.data import digits
from lessonlib.lessons.tables import table
from lessonlib.pytorch.sweep import train
from lessonlib.pytorch.tasks import Data, Task, digits_task
from lessonlib.rules import adamw
from lessonlib.runner import grid

__all__ = ["PICKED", "fair", "gain_of_start", "main", "paired", "pick", "show_gains", "start"]

Array = np.ndarray[Any, Any]
STEPS, IMAGES = 1000, 300
LRS, DECAYS = np.geomspace(3e-4, 3e-2, 9), np.array([0, 0.03, 0.1, 0.2, 0.4, 0.7, 1, 1.5, 2.5, 4])
PICKED = {"no decay": (float(LRS[1]), 0.0), "decay": (float(LRS[2]), 1.0)}  # (step size, decay), what pick() finds


def start(mean_lr: float, steps: int) -> float:
    """Return the decay that lesson 10 starts with: a memory as long as the run, and 1 at most."""
    return min(1.0, 1 / (mean_lr * steps))


def paired(difference: Array) -> tuple[float, float]:
    """Return (mean, standard error) of differences in hundredths, one for each start."""
    return 100 * float(difference.mean()), 100 * float(difference.std(ddof=1)) / len(difference) ** 0.5


def _read(task: Task, steps: int, seeds: Sequence[int], **hyper: Any) -> Array:
    return train(adamw, task, steps=steps, seeds=seeds, batch=50, **hyper).test_accuracy[-1]


def pick(seeds: Sequence[int] = range(8)) -> dict[str, tuple[float, float]]:
    """Return the (step size, decay) that reads most of the 997 digits that are neither learnt from nor tested on."""
    d, task = digits(), digits_task()

    def data(seed: int) -> Data:
        return task.data(seed)._replace(test_x=d.train_x[IMAGES:], test_y=d.train_y[IMAGES:])

    axes: dict[str, Any] = grid(lr=LRS, weight_decay=DECAYS)
    found = _read(replace(task, data=data), STEPS, seeds, **axes).mean(0)
    i, j = np.unravel_index(found.argmax(), found.shape)
    return {"no decay": (float(LRS[found[:, 0].argmax()]), 0.0), "decay": (float(LRS[i]), float(DECAYS[j]))}


def fair(seeds: Sequence[int] = range(8, 28)) -> dict[str, Array]:
    """Return the share of 500 new digits read from fresh starts, (seeds,), at the PICKED settings."""
    return {name: _read(digits_task(), STEPS, seeds, lr=lr, weight_decay=decay, dtype=torch.float64).ravel()
            for name, (lr, decay) in PICKED.items()}


def gain_of_start(lrs: Sequence[float], steps: int, wrong: float, seeds: Sequence[int] = range(100, 105)) -> Array:
    """Return how much larger the share of new digits is with the decay of start() than without, (seeds, step sizes).

    wrong: the share of wrong labels.
    """
    decays = np.array([[0.0, start(lr, steps)] for lr in lrs])
    found = _read(digits_task(label_noise=wrong), steps, seeds, lr=np.array(lrs)[:, None, None], weight_decay=decays[..., None],
                  dtype=torch.float64)
    return np.asarray(found[..., 1] - found[..., 0])


def show_gains() -> Any:
    """Return a table of what start() gains, in hundredths of the new digits, at three step sizes: labels and length of the run by row."""
    lrs, rows = (1e-3, 3e-3, 1e-2), []
    for wrong, name in ((0.2, "a fifth wrong"), (0.0, "all right")):
        for steps in (300, STEPS):
            rows.append([name, steps, *(100 * gain_of_start(lrs, steps, wrong).mean(0))])
    return table(["labels", "steps", *(f"lr {lr:g}" for lr in lrs)], rows, ["", "", *["+.1f"] * 3],
                 caption="gain in digits of a hundred")


def main() -> None:
    """Look for the settings again and print them beside those that are kept."""
    for name, found in pick().items():
        print(f"{name}: step size {found[0]:.2g}, decay {found[1]:g}; kept {PICKED[name][0]:.2g}, {PICKED[name][1]:g}")


if __name__ == "__main__":
    main()
