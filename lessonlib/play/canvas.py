"""A scene and its pixels: the background is drawn once, and after that only what moves."""
from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rc_context, rc_params_from_file, rcParams
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import ScaledTranslation
from PIL import Image

from lessonlib.plots import STYLE

__all__ = ["DPI", "Canvas", "Scene", "new_figure", "png", "readings", "small_png", "styled"]

DPI = 128  # 4 pixels for each 3 of CSS: letters stay sharp, and a picture has a fifth less to draw, send and decode than at 144
CSS_DPI = 96


class Scene(NamedTuple):
    """What is drawn once.

    artists: what moves, by name. alt: a text for who cannot see the figure. depends: the name of an artist -> the names of the controls
    that it follows; an artist that is not named follows all of them.
    """

    figure: Figure
    artists: dict[str, Any]
    alt: str
    depends: Mapping[str, Sequence[str]] = {}


@cache
def _style() -> dict[str, Any]:
    """What the course's style sets, read once: a picture is drawn many times."""
    return rc_params_from_file(STYLE, use_default_template=False)


def styled() -> AbstractContextManager[Any]:
    """Return a context in the course's style; a notebook that uses it already pays nothing."""
    style = _style()
    return nullcontext() if all(rcParams[name] == value for name, value in style.items()) else rc_context(style)


def new_figure(width: float = 7.2, height: float = 3.8) -> Figure:
    """Return a figure (in inches) that belongs to no pyplot, in the course's style if made inside a scene."""
    figure = Figure(figsize=(width, height), dpi=DPI)
    FigureCanvasAgg(figure)
    return figure


def readings(ax: Axes, x: float, y: float, words: Sequence[str], **text: Any) -> Text:
    """Write words into a picture, a line each, and return the text for their numbers: it begins where the words end.

    x, y: where, in shares of the axes. The words belong to the background; only the numbers are drawn at each change, as a letter
    takes some 0.1 ms.
    """
    ax.text(x, y, "\n".join(words), transform=ax.transAxes, ha="right", **text)
    return ax.text(x, y, "", transform=ax.transAxes + ScaledTranslation(6 / 72, 0, ax.figure.dpi_scale_trans), ha="left", **text)


class Canvas:
    """A scene whose background is kept as pixels; only the artists that move are drawn again.

    update(artists, **values) is given the artists that follow a control whose value has changed, and those alone: what it is not given
    rests, and cannot be moved by mistake. It returns one line that says in numbers what there is to see.
    """

    def __init__(self, scene: Scene, update: Callable[..., str]) -> None:
        self.scene, self.update = scene, update
        self.width = round(scene.figure.get_figwidth() * CSS_DPI)  # in pixels of CSS
        self._ordered = sorted(scene.artists.items(), key=lambda item: item[1].get_zorder())  # the lowest first
        self._values: dict[str, Any] | None = None  # of the last picture
        self._readout = ""
        self._background = self._draw_background()
        self._layer, self._kept = self._background, 0  # pixels with the background and the `_kept` lowest artists

    @property
    def pixels(self) -> np.ndarray[Any, Any]:
        """RGBA, (height, width, 4) of uint8: a view, which the next move changes."""
        return np.asarray(self.scene.figure.canvas.buffer_rgba())  # type: ignore[attr-defined]

    def move(self, values: Mapping[str, Any]) -> str:
        """Draw the artists at these values over what rests; return the readout."""
        if self._values == values:
            return self._readout
        before, self._values = self._values, None  # an update that fails may have moved some artists: then all move at the next call
        changed = {name for name, value in values.items() if before is None or before[name] != value}
        moving = {name: artist for name, artist in self.scene.artists.items()
                  if not changed.isdisjoint(self.scene.depends.get(name, values))}
        with styled():
            readout = self.update(moving, **values)
            self._draw(moving)
        self._values, self._readout = dict(values), readout
        return readout

    def _draw_background(self) -> Any:
        """Draw everything but the artists, and fix where things stand: that must not depend on what moves. Returns a copy of the pixels."""
        figure, artists = self.scene.figure, self.scene.artists.values()
        with styled():
            for artist in artists:
                artist.set_in_layout(False)
            figure.draw_without_rendering()
            if figure.get_layout_engine() is not None:
                figure.set_layout_engine("none")
            for artist in artists:
                artist.set_visible(False)
            figure.canvas.draw()
            for artist in artists:
                artist.set_visible(True)
        return figure.canvas.copy_from_bbox(figure.bbox)  # type: ignore[attr-defined]

    def _draw(self, moving: Mapping[str, Any]) -> None:
        """Draw over the kept layer: the lowest artists that rest, such as a map under a moving point, become part of it."""
        figure, canvas = self.scene.figure, self.scene.figure.canvas
        resting = next((i for i, (name, _) in enumerate(self._ordered) if name in moving), len(self._ordered))
        if not resting:
            self._layer, self._kept = self._background, 0
        elif not 0 < self._kept <= resting:
            canvas.restore_region(self._background)  # type: ignore[attr-defined]
            for _, artist in self._ordered[:resting]:
                figure.draw_artist(artist)
            self._layer, self._kept = canvas.copy_from_bbox(figure.bbox), resting  # type: ignore[attr-defined]
        canvas.restore_region(self._layer)  # type: ignore[attr-defined]
        for _, artist in self._ordered[self._kept :]:
            figure.draw_artist(artist)


def png(pixels: np.ndarray[Any, Any]) -> bytes:
    """Return RGBA pixels (height, width, 4) of uint8 as a PNG, in a fifth of Pillow's time: no filter is tried (W3C PNG, 5 and 11)."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 4 * width), np.uint8)  # a row starts with the number of its filter, 0
    rows[:, 1:] = pixels.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows.data, 1)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def small_png(pixels: np.ndarray[Any, Any]) -> bytes:
    """Return RGBA pixels as a PNG packed for size, which takes longer."""
    out = io.BytesIO()
    Image.fromarray(pixels).convert("RGB").save(out, "png", compress_level=9)
    return out.getvalue()
