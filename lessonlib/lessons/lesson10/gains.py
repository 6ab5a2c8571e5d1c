"""What weight decay gains on digits that were never seen, each form at its best settings.

    python -m lessonlib.lessons.lesson10.gains

looks for the settings again, on digits that no figure of the lesson is taken from, and compares AdamW with Adam with L2 on 128 fresh
starts. It takes two or three minutes.
"""
from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from lessonlib.data import digits
from lessonlib.lessons.lesson10.decay_maps import Map
from lessonlib.pytorch.sweep import train
from lessonlib.pytorch.tasks import Data, Task, digits_task
from lessonlib.rules import adam_l2, adamw
from lessonlib.runner import grid

__all__ = ["MAP_LRS", "PICKED", "fair", "lead", "long_runs", "main", "maps", "paired", "pick"]

Array = np.ndarray[Any, Any]
STEPS, IMAGES = 1000, 300
LRS, DECAYS = np.geomspace(3e-4, 3e-2, 9), np.array([0, 0.03, 0.1, 0.2, 0.4, 0.7, 1, 1.5, 2.5, 4])
MAP_LRS = np.geomspace(1e-3, 1e-2, 3)
PICKED = {"no decay": (float(LRS[1]), 0.0), "decay": (float(LRS[2]), 1.0)}  # (step size, decay), what pick() finds


def paired(difference: Array) -> tuple[float, float]:
    """Return (mean, standard error) of differences in hundredths, one for each start."""
    return 100 * float(difference.mean()), 100 * float(difference.std(ddof=1)) / len(difference) ** 0.5


def _read(task: Task, steps: int, seeds: Sequence[int], rule: Any = adamw, **hyper: Any) -> Array:
    return train(rule, task, steps=steps, seeds=seeds, batch=50, **hyper).test_accuracy[-1]


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
    lrs, decays = (np.array(values)[:, None] for values in zip(*PICKED.values(), strict=True))
    found = _read(digits_task(), STEPS, seeds, lr=lrs, weight_decay=decays, dtype=torch.float64)
    return dict(zip(PICKED, found.T, strict=True))


def maps() -> dict[str, Map]:
    """Return what AdamW and Adam with L2 read at MAP_LRS and five decays each, from four starts."""
    found = {}
    for name, rule, decays in (("AdamW", adamw, np.geomspace(1e-1, 10, 5)), ("Adam with L2", adam_l2, 10**np.linspace(-2.5, -0.5, 5))):
        axes: dict[str, Any] = grid(lr=MAP_LRS, weight_decay=decays)
        found[name] = Map(rule.__name__, decays, _read(digits_task(), 300, range(4), rule=rule, dtype=torch.float64, **axes))
    return found


def long_runs() -> tuple[Array, Array]:
    """Return what AdamW reads after 1200 steps of 0.01 and of 0.1, (four starts, 2, decays), and the five decays."""
    decays = 10**np.linspace(-1.5, 0.5, 5)
    axes: dict[str, Any] = grid(lr=[0.01, 0.1], weight_decay=decays)
    return _read(digits_task(), 1200, range(4), dtype=torch.float64, **axes), decays


def lead(seeds: Sequence[int] = range(4, 132)) -> tuple[float, float]:
    """Return (mean, standard error) of how many digits in a hundred AdamW reads more than Adam with L2, each at its best cell of the maps.

    The seeds are none of the four of the maps.
    """
    forms = [_read(digits_task(), 300, seeds, rule=rule, lr=10**-2.5, weight_decay=decay, dtype=torch.float64).ravel()
             for rule, decay in ((adamw, 1.0), (adam_l2, 10**-1.5))]
    return paired(forms[0] - forms[1])


def main() -> None:
    """Look for the settings again and print them beside those that are kept; then compare the two forms on fresh starts."""
    for name, found in pick().items():
        print(f"{name}: step size {found[0]:.2g}, decay {found[1]:g}; kept {PICKED[name][0]:.2g}, {PICKED[name][1]:g}")
    print("AdamW ahead of Adam with L2, each at its best cell: {:.2f} in a hundred, standard error {:.2f}".format(*lead()))


if __name__ == "__main__":
    main()
