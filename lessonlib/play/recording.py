"""An experiment that plays without a kernel: all that moves, recorded over a grid of its controls, for `player.js` to draw in a page.

Kept are one picture of what stays, and for each state of the controls the data of the artists: lines and markers to a quarter of a
pixel, words as outlines, pictures as they are; the readout; and whether the goal is met. So an update may change data, text, position
and image of its artists, and take a colour of a few. It must not change their order, the limits of an axis, or anything else that is
drawn once: such an experiment is refused.
"""
from __future__ import annotations

import base64
import itertools
import json
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lessonlib.play.canvas import Canvas, styled
from lessonlib.play.controls import Choice
from lessonlib.play.experiment import Experiment
from lessonlib.play.sprites import Glyphs, Pictures, flat_png
from lessonlib.play.stops import Stops, stops_of
from lessonlib.play.tracing import Tracer
from lessonlib.play.tracks import Tracks, varints

__all__ = ["MOST_BYTES", "Recording", "record"]

Array = np.ndarray[Any, Any]
MOST_BYTES = 1_500_000  # of the script with the data
HOLDS = "and a recording holds only the data, text, position, image and colour of artists"


@dataclass(frozen=True)
class Recording:
    """What was recorded. stops: of each control; data: what the player unpacks; about: what it must know before; still, start: PNG of the
    picture that the course shows and of the one at the start values; words: of the still."""

    stops: dict[str, Stops]
    data: bytes
    about: dict[str, Any]
    still: bytes
    start: bytes
    words: str

    @property
    def shape(self) -> tuple[int, ...]:
        """How many stops each control has."""
        return tuple(len(stops.values) for stops in self.stops.values())

    def script(self, name: str) -> str:
        """Return the data as a script, since a page on a disk may not fetch anything else."""
        packed = base64.b64encode(self.data).decode("ascii")
        return f"(window.lessonlibRecorded ??= {{}})[{json.dumps(name)}] = {json.dumps(packed)};\n"


def record(experiment: Experiment, counts: Mapping[str, int] | None = None, also: Mapping[str, Iterable[Any]] | None = None) -> Recording:
    """Return an experiment recorded at every combination of its controls' stops.

    counts, also: as in `stops_of`. Raises ValueError for an update that changes what a recording cannot hold, for a goal that no state
    meets, and for more than 1.5 MB.
    """
    stops = stops_of(experiment, counts, also)
    walk = _Walk(experiment, stops)
    walk.run()
    goal = experiment.goal
    if goal is not None and not any(walk.met):
        raise ValueError(f"goal={goal.text!r}: none of the {len(walk.met)} recorded states meets it; name a value that does in `also`")
    data = zlib.compress(walk.pack(), 9)
    if len(data) * 4 / 3 > MOST_BYTES:
        raise ValueError(f"counts={[len(each.values) for each in stops.values()]}: {len(data) * 4 / 3e6:.2f} MB, more than "
                         f"{MOST_BYTES / 1e6:g}; record fewer stops, or say in the scene which artists follow which controls")
    start = walk.index(dict.fromkeys(stops, None))
    height, width = walk.background.shape[:2]
    about = {"alt": walk.scene.alt, "width": width, "height": height, "goal": goal and goal.text, "readout": walk.readout[start],
             "controls": [{"name": name, "label": control.label, "choice": isinstance(control, Choice),
                           "stops": stops[name].labels, "start": stops[name].start} for name, control in experiment.controls.items()]}
    shown = experiment.values(**experiment.shows)
    still = _still(experiment, shown)
    first = _still(experiment, {}) if experiment.shows else still
    return Recording(stops, data, about, still, first, walk.readout[walk.index(shown)])


class _Walk:
    """The way through all states, and what is found on it."""

    def __init__(self, experiment: Experiment, stops: dict[str, Stops]) -> None:
        self.experiment, self.stops, self.scene = experiment, stops, experiment.draw()
        self.background = self._drawn_once()
        figure = self.scene.figure
        self.tracer = Tracer(figure.canvas.get_renderer(), Glyphs(), Pictures())  # type: ignore[attr-defined]
        self.order = sorted(self.scene.artists, key=lambda name: self.scene.artists[name].get_zorder())
        self.follows = {name: [control for control in stops if control in self.scene.depends.get(name, stops)] for name in self.order}
        self.tracks = {name: Tracks(name, [len(stops[control].values) for control in self.follows[name]]) for name in self.order}
        self.readout: list[str] = []
        self.met: list[bool] = []

    def _drawn_once(self) -> Array:
        """The pixels of everything but the artists."""
        return _even(Canvas(self.scene, self.experiment.update).pixels)

    def index(self, values: Mapping[str, Any]) -> int:
        """The number of a state; None for a value is its control's start."""
        at = 0
        for name, stops in self.stops.items():
            at = at * len(stops.values) + (stops.start if values[name] is None else stops.nearest(values[name]))
        return at

    def run(self) -> None:
        """Visit every state, the last control fastest; ValueError where one cannot be held."""
        before: dict[str, int] = {}
        held = self._held()
        with styled():
            for places in itertools.product(*(range(len(stops.values)) for stops in self.stops.values())):
                at = dict(zip(self.stops, places, strict=True))
                values = {name: self.stops[name].values[place] for name, place in at.items()}
                changed = {name for name in at if before.get(name) != at[name]}
                moving = {name: artist for name, artist in self.scene.artists.items() if changed & {*self.follows[name]}}
                try:
                    self.readout.append(" ".join(self.experiment.update(moving, **values).split("\n")))
                    self.met.append(self.experiment.goal is not None and bool(self.experiment.goal.met(**values)))
                    for name in self.order:
                        elsewhere = any(at[other] for other in at if other not in self.follows[name])
                        if not elsewhere and (name in moving or not self.tracks[name].states):
                            self._trace(name)
                except Exception as error:
                    raise ValueError(f"{values}: this state cannot be recorded: {type(error).__name__}: {error}") from error
                now = self._held()
                if now != held:
                    what = next(key for key in held if held[key] != now[key])
                    raise ValueError(f"{values}: the update changes {what}, {HOLDS}; set it once, in the scene")
                before = at
        if (self._drawn_once() != self.background).any():
            raise ValueError(f"the update changes something that is drawn once, {HOLDS}; make what moves an artist of the scene")

    def _held(self) -> dict[str, Any]:
        """What stays while artists move."""
        found: dict[str, Any] = {f"the order of {name!r}": self.scene.artists[name].get_zorder() for name in self.order}
        for number, ax in enumerate(self.scene.figure.axes):
            found[f"the limits of axes {number}"] = (ax.get_xlim(), ax.get_ylim())
        return found

    def _trace(self, name: str) -> None:
        """Note what an artist draws."""
        self.tracer.drawn = []
        self.scene.artists[name].draw(self.tracer)
        self.tracks[name].add(self.tracer.drawn)

    def pack(self) -> bytes:
        """All of it in one piece: the length of a head in JSON, the head, streams of bytes whose lengths it tells."""
        controls, tracks, streams = [*self.stops], [], []
        for name in self.order:
            about, data = self.tracks[name].pack()
            tracks += [each | {"follows": [controls.index(control) for control in self.follows[name]]} for each in about]
            streams += data
        rows = self.tracer.glyphs.rows
        streams += [varints([n for row in rows for n in (len(row), *row)]), varints(self.met), "\n".join(self.readout).encode()]
        told = {"controls": [len(each.values) for each in self.stops.values()], "tracks": tracks, "glyphs": self.tracer.glyphs.paths(),
                "pictures": self.tracer.pictures.rows, "back": base64.b64encode(flat_png(self.background)).decode("ascii"),
                "sizes": [len(each) for each in streams]}
        head = json.dumps(told, separators=(",", ":"), ensure_ascii=False).encode()
        return len(head).to_bytes(4, "little") + head + b"".join(streams)


def _still(experiment: Experiment, values: Mapping[str, Any]) -> bytes:
    return flat_png(_even(np.asarray(experiment.still(**values).canvas.buffer_rgba())))  # type: ignore[attr-defined]


def _even(pixels: Array) -> Array:
    """The pixels with sides that are even: a canvas of another size would be resampled."""
    height, width = pixels.shape[:2]
    return np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
