"""The tracks of a recording: what an artist draws from state to state, as few bytes as possible."""
from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from lessonlib.play.tracing import Drawn

__all__ = ["Track", "Tracks", "varints"]

Array = np.ndarray[Any, Any]
STYLES = 12  # of one artist, at most
EMPTY = np.zeros((0, 2), int)
KEYS = {"path": ("clip", "stroke", "fill"), "marks": ("clip", "picture"), "words": ("clip", "color", "angle"), "picture": ()}


def varints(values: Any) -> bytes:
    """Return integers as bytes, small ones as one byte: the sign in the lowest bit, then 7 bits to a byte, the low ones first.

    >>> list(varints([0, -1, 1, 64]))
    [0, 1, 2, 128, 1]
    """
    signed = np.asarray(values, np.int64).ravel()
    rest = ((signed << 1) ^ (signed >> 63)).astype(np.uint64)
    size = np.ones(len(rest), int)
    for bits in (7, 14, 21, 28):
        size += rest >= 1 << bits
    first = np.cumsum(size) - size
    out = np.zeros(int(size.sum()), np.uint8)
    for k in range(5):
        longer = size > k
        more = np.where(size[longer] > k + 1, 128, 0)
        out[first[longer] + k] = (((rest[longer] >> np.uint64(7 * k)) & np.uint64(127)) | more.astype(np.uint64)).astype(np.uint8)
    return out.tobytes()


class Track:
    """What one artist draws in one style: a list of Drawn for each state of the controls that the artist follows."""

    def __init__(self, style: tuple[Any, ...], states: int) -> None:
        self.style = style
        self.rows: list[list[Drawn]] = [[] for _ in range(states)]

    @property
    def every(self) -> list[Array] | None:
        """All points of each state; None where a state has none, or has several lines."""
        found = [row[0].every if len(row) == 1 else None for row in self.rows]
        return None if any(each is None for each in found) else found  # type: ignore[return-value]

    def about(self) -> dict[str, Any]:
        """The style as the player reads it."""
        return {"kind": self.style[0], **dict(zip(KEYS[self.style[0]], self.style[1:], strict=True))}

    def flat(self) -> list[list[Array]]:
        """The numbers of each state, in one list."""
        return [[numbers for drawn in row for numbers in drawn.numbers] for row in self.rows]


class Tracks:
    """The tracks of one artist, in the order in which it draws them."""

    def __init__(self, name: str, sizes: Sequence[int]) -> None:
        self.name, self.sizes, self.states = name, sizes, 0  # sizes: how many stops the controls have that it follows
        self.found: list[Track] = []

    def add(self, drawn: Iterable[Drawn]) -> None:
        """Add the next state; ValueError where an artist has a new style all the time."""
        at = -1  # the track of the last thing drawn
        for one in drawn:
            same = [k for k in range(max(at, 0), len(self.found)) if self.found[k].style == one.style]
            if not same:
                self.found.insert(at + 1, Track(one.style, self.states))
            at = same[0] if same else at + 1
            track = self.found[at]
            if len(track.rows) == self.states:
                track.rows.append([])
            track.rows[-1].append(one)
        self.states += 1
        for track in self.found:
            if len(track.rows) < self.states:
                track.rows.append([])
        if len(self.found) > STYLES:
            raise ValueError(f"the artist {self.name!r} is drawn in more than {STYLES} styles: an update may change data, text, position "
                             "or image of an artist, and give it one of a few colours; its style must not follow a slider")

    def pack(self) -> tuple[list[dict[str, Any]], list[bytes]]:
        """Return (what the player must know of each track, streams of bytes): as lists of points or as rows of numbers."""
        about: list[dict[str, Any]] = []
        streams: list[bytes] = []
        for k, track in enumerate(self.found):
            told, kind = track.about(), track.style[0]
            if kind in ("words", "picture"):
                data = [varints(_in_rows(track.flat()))]
            elif kind == "marks" and k and about[k - 1].get("whole") and _same(track.every, self.found[k - 1].every):
                told["shared"], data = True, []
            else:
                marked = k + 1 < len(self.found) and _same(track.every, self.found[k + 1].every)
                told |= {"whole": False}
                points, data = _in_points(track.flat(), self.sizes)
                if kind == "path" and track.every is not None:
                    spared = _packed(_in_points(self.found[k + 1].flat(), self.sizes)[1]) if marked else 0
                    other, whole = _in_points([[each] for each in track.every], self.sizes)
                    if _packed(whole) <= _packed(data) + spared:
                        told["whole"], points, data = True, other, whole
                told |= points
            about.append(told)
            streams += data
        return about, streams


def _same(one: list[Array] | None, other: list[Array] | None) -> bool:
    return one is not None and other is not None and all(map(np.array_equal, one, other))


def _packed(data: Iterable[bytes]) -> int:
    return sum(len(zlib.compress(each, 6)) for each in data)


def _in_rows(states: list[list[Array]]) -> list[int]:
    """Rows of numbers, each its length and its differences from the row before, where that is as long."""
    out: list[int] = []
    last: list[int] = []
    for state in states:
        row = [int(number) for numbers in state for number in numbers]
        out += [len(row), *(np.subtract(row, last).tolist() if len(row) == len(last) else row)]
        last = row
    return out


def _in_points(states: list[list[Array]], sizes: Sequence[int]) -> tuple[dict[str, Any], list[bytes]]:
    """Lists of points: how many, then x and y, as steps along the list, or as how these steps differ from those of the state before.

    A state is compared with the one before it; the first of a row of states with the first of the row before.
    """
    counts = [[len(part) for part in state] for state in states]
    head = varints(list(itertools.chain.from_iterable([len(each), *each] for each in counts)))
    lists = [np.concatenate([EMPTY, *state]) for state in states]
    flat = np.concatenate([EMPTY, *lists])
    if (np.abs(flat) >= 1 << 15).any():
        raise ValueError("something is drawn more than 8000 pixels outside of the picture: clip the data to where they can be seen")
    along, last, at = np.diff(flat, axis=0, prepend=0), np.zeros(2, int), 0
    for points in lists:  # a list begins near where the one before began
        if len(points):
            along[at], last = points[0] - last, points[0]
        at += len(points)
    ways = [{"between": False}], [[head, varints(along[:, 0]), varints(along[:, 1])]]
    if len(set(map(tuple, counts))) == 1 and len(flat):
        steps = np.diff(np.stack(lists), axis=1, prepend=0)
        before = np.concatenate([np.zeros_like(steps[:1]), steps[:-1]])
        row = sizes[-1] if sizes else 1
        before[row::row] = steps[: len(steps) - row : row]
        ways[0].append({"between": True})
        ways[1].append([head, *(varints((steps - before)[..., axis]) for axis in (0, 1))])
    told, data = min(zip(*ways, strict=True), key=lambda way: _packed(way[1]))
    return told | {"total": len(flat)}, data
