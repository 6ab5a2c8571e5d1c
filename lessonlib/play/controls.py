"""What the player holds: a slider, a choice, and a goal to reach with them. No picture and no Jupyter here."""
from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["Choice", "Control", "Goal", "Slider"]


@dataclass(frozen=True)
class Slider:
    """A number between low and high; log moves by powers of ten. Whole numbers throughout make a slider of whole numbers.

    NumPy's numbers are taken for Python's. Raises ValueError for a range or a start that no slider can have.
    """

    label: str
    low: float
    high: float
    start: float
    log: bool = False
    step: float | None = None

    def __post_init__(self) -> None:
        for name in ("low", "high", "step"):
            value = _plain(getattr(self, name))
            if not _is_number(value) and not (name == "step" and value is None):
                raise ValueError(f"{name}={value!r}: must be a number on the slider {self.label!r}")
            object.__setattr__(self, name, value)
        if not self.low < self.high:
            raise ValueError(f"low={self.low!r}: must be below high={self.high!r} on the slider {self.label!r}")
        if self.log and self.low <= 0:
            raise ValueError(f"low={self.low!r}: a logarithmic slider starts above 0; set log=False or raise low")
        if self.step is not None and not self.step > 0:
            raise ValueError(f"step={self.step!r}: must be above 0 on the slider {self.label!r}")
        object.__setattr__(self, "start", _plain(self.start))
        object.__setattr__(self, "start", self.accept("start", self.start))

    @property
    def whole(self) -> bool:
        """Whether it moves over the integers."""
        return not self.log and all(isinstance(x, int) for x in (self.low, self.high, self.start, self.step or 1))

    @property
    def decades(self) -> float:
        """The step of a logarithmic slider. The front end moves a value to the nearest step: the start is one, or it would not stay."""
        start, step = math.log10(self.start / self.low), self.step or 0.02
        return start / (round(start / step) or 1) or step

    def stop(self, value: float) -> float:
        """Return the place nearest to a value at which the slider can stand."""
        if self.log:
            return self.low * 10 ** (round(math.log10(value / self.low) / self.decades) * self.decades)
        step = self.step or (1 if self.whole else (self.high - self.low) / 200)
        return min(self.high, self.low + round((value - self.low) / step) * step)

    def accept(self, name: str, value: Any) -> float:
        """Return the value as this slider has it: an int if it moves over the integers, else a float. ValueError if it does not fit."""
        value, slack = _plain(value), 1e-9 * (self.high - self.low)
        if not _is_number(value) or not self.low - slack <= value <= self.high + slack:
            raise ValueError(f"{name}={value!r}: the slider {self.label!r} goes from {self.low:g} to {self.high:g}")
        if not self.whole:
            return float(value)
        if value != int(value):
            raise ValueError(f"{name}={value!r}: the slider {self.label!r} moves over whole numbers, such as {int(value)}")
        return int(value)


@dataclass(frozen=True)
class Choice:
    """One of a few options; an option may be a pair (label, value), if all are.

    Raises ValueError for a start that is not an option.
    """

    label: str
    options: Sequence[Any]
    start: Any

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", self.accept("start", self.start))

    @property
    def values(self) -> tuple[Any, ...]:
        """What can be chosen, without the labels of pairs."""
        pairs = all(isinstance(option, (list, tuple)) and len(option) == 2 for option in self.options)
        return tuple(option[1] for option in self.options) if pairs else tuple(self.options)

    def stop(self, value: Any) -> Any:
        """Return the value: an option is where it is."""
        return value

    def accept(self, name: str, value: Any) -> Any:
        """Return the option that equals the value, or raise ValueError where there is none; True is no 1."""
        value = _plain(value)
        for option in self.values:
            if isinstance(option, bool) == isinstance(value, bool) and option == value:
                return option
        raise ValueError(f"{name}={value!r}: {self.label!r} offers {', '.join(map(repr, self.values))}")


Control = Slider | Choice


@dataclass(frozen=True)
class Goal:
    """What play is for: a sentence, and whether these values meet it."""

    text: str
    met: Callable[..., bool]


def _plain(value: Any) -> Any:
    """A number of NumPy as the Python number that it stands for; anything else as it is."""
    return value.item() if isinstance(value, np.generic) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
