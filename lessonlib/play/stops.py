"""The stops of a recording: at which of its places each control is recorded, and how a page calls them."""
from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from lessonlib.play.controls import Choice, Control, Slider
from lessonlib.play.experiment import Experiment

__all__ = ["Stops", "places", "stops_of"]

MOST = {0: 1, 1: 401, 2: 41, 3: 15}  # stops a slider, by the number of sliders: neighbours must look alike, and all of them be kept


class Stops(NamedTuple):
    """The values that are recorded, in order, each with its label; start: which of them is the start."""

    values: tuple[Any, ...]
    labels: tuple[str, ...]
    start: int

    def nearest(self, value: Any) -> int:
        """Return which of the values is this one, or the nearest number."""
        return self.values.index(value) if value in self.values else int(np.abs(np.array(self.values, float) - value).argmin())


def places(slider: Slider) -> list[float]:
    """Return every value at which a slider of the notebook can stand, its two ends included.

    >>> places(Slider("beta", 0.0, 0.5, 0.0, step=0.2))
    [0.0, 0.2, 0.4, 0.5]
    """
    low, high = slider.low, slider.high
    if slider.log:
        count = math.floor(math.log10(high / low) / slider.decades + 1e-9) + 1
        found = [low * 10 ** (slider.decades * k) for k in range(count)]
    else:
        step = slider.step or (1 if slider.whole else (high - low) / 200)
        found = [low + step * k for k in range(math.floor((high - low) / step + 1e-9) + 1)]
    found = [int(value) if slider.whole else round(value, 12) for value in found]
    if found[-1] < high - 1e-9 * (high - low):
        found.append(high)  # dragged to its end, a slider stands there
    return found


def stops_of(
    experiment: Experiment, counts: Mapping[str, int] | None = None, also: Mapping[str, Iterable[Any]] | None = None
) -> dict[str, Stops]:
    """Return the stops of each control: all options of a choice, and some places of a slider, evenly spread.

    The start and what the still shows are among them. counts: how many for a slider, where that is not the usual number: 401 at
    most for one slider, 41 each for two, 15 for three. also: further values that a slider must stop at.
    """
    counts, also = counts or {}, also or {}
    for given in (*counts, *also):
        if not isinstance(experiment.controls.get(given), Slider):
            raise ValueError(f"{given!r}: no slider of this name; the controls are {', '.join(experiment.controls)}")
    usual = MOST[sum(isinstance(control, Slider) for control in experiment.controls.values())]
    shows = experiment.values(**experiment.shows)
    return {name: _stops(control, counts.get(name, usual), [shows[name], *also.get(name, ())])
            for name, control in experiment.controls.items()}


def _stops(control: Control, count: int, needed: list[Any]) -> Stops:
    if isinstance(control, Choice):
        pairs = control.options != control.values and list(control.options) != list(control.values)
        labels = tuple(str(option[0] if pairs else option) for option in control.options)
        return Stops(control.values, labels, control.values.index(control.start))
    every = places(control)
    scale = np.log(every) if control.log else np.array(every, float)
    at = [int(np.abs(scale - (math.log(value) if control.log else value)).argmin()) for value in (control.start, *needed)]
    for place, value in reversed(list(zip(at, (control.start, *needed), strict=True))):
        every[place] = control.accept("also", value)
    chosen = _spread(len(every), count, at)
    values = tuple(every[i] for i in chosen)
    return Stops(values, tuple(str(v) if control.whole else f"{v:.3g}" if control.log else f"{v:.4g}" for v in values), chosen.index(at[0]))


def _spread(among: int, count: int, needed: Iterable[int]) -> list[int]:
    """About `count` of the numbers below `among`, evenly spread, both ends and the needed ones with them."""
    chosen = {round(i) for i in np.linspace(0, among - 1, min(count, among))}
    kept = {0, among - 1, *needed}
    for one in sorted(kept - chosen):
        movable = chosen - kept
        if movable:
            chosen.remove(min(movable, key=lambda other: abs(other - one)))
        chosen.add(one)
    return sorted(chosen)
