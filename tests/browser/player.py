"""Pages with recorded experiments, opened from the disk: what the player draws, beside what the library draws."""
from __future__ import annotations

import io
from base64 import b64decode
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import recordings
from matplotlib.lines import Line2D
from PIL import Image, ImageFilter
from playwright.sync_api import Page

from lessonlib.play.canvas import Canvas
from lessonlib.play.experiment import Experiment
from lessonlib.play.stops import stops_of

NEAR = 40  # of 255: by how much a pixel may differ from all that are next to it in the other picture
MOST = 6  # such pixels in a right picture
DASHES = 0.01  # of what moves, in a picture with dashes: on a line of hundreds of hops they come to stand a little further along
BOX = "[...document.querySelectorAll('.lessonlib-play')][i]"


def write_page(folder: Path, plays: Iterable[recordings.Play], kept: Path) -> Path:
    """Write a page with these experiments and return its path."""
    fragments = recordings.write(folder / "play", plays, kept=kept)
    body = "\n".join(fragment.html("play/") for fragment in fragments.values())
    path = folder / "index.html"
    path.write_text(f'<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
                    f'<title>Recorded</title>{recordings.head("play/")}</head><body><main><h1>Recorded</h1>{body}</main></body></html>',
                    encoding="utf-8")
    return path


def drawn(page: Page, number: int, at: Sequence[int]) -> np.ndarray:
    """The pixels of an experiment's canvas with its controls at these stops."""
    data = page.evaluate(f"async ([i, at]) => {{ const {{ play }} = {BOX}; await play.ready(); play.set(at); return play.canvas.toDataURL(); }}",
                         [number, list(at)])
    return np.array(Image.open(io.BytesIO(b64decode(data.split(",")[1]))).convert("RGB"))


class Wanted:
    """What the library draws and says of an experiment, at the stops at which it was recorded."""

    def __init__(self, experiment: Experiment, grid: dict[str, Any]) -> None:
        self.stops, self.canvas = stops_of(experiment, **grid), Canvas(experiment.draw(), experiment.update)
        self.sizes = [len(stops.values) for stops in self.stops.values()]
        self.background = self.canvas.pixels[..., :3].copy()
        self.dashed = any(isinstance(artist, Line2D) and artist.is_dashed() for artist in self.canvas.scene.artists.values())

    def most(self, picture: np.ndarray) -> float:
        """How many pixels of the player's picture may be unlike this one."""
        moves = (np.abs(picture.astype(int) - self.background) > NEAR).any(-1).sum()
        return MOST + DASHES * moves * self.dashed

    def at(self, places: Sequence[int]) -> tuple[np.ndarray, str]:
        """The pixels of the still with the controls at these stops, and the readout."""
        told = self.canvas.move({name: stops.values[k] for (name, stops), k in zip(self.stops.items(), places, strict=True)})
        return self.canvas.pixels[..., :3].copy(), " ".join(told.split("\n"))


def unlike(one: np.ndarray, other: np.ndarray) -> int:
    """How many pixels of either picture have not their like in the other one, at their place or next to it, and neighbours that have not.

    Two rasterizers set the edge of a line a little differently. A line, a letter or a marker that is not there, or stands elsewhere by
    two pixels or more, counts with nearly all its pixels.
    """
    height, width = (min(one.shape[axis], other.shape[axis]) for axis in (0, 1))
    one, other = (np.ascontiguousarray(picture[:height, :width]) for picture in (one, other))
    found = _beyond(one, other) | _beyond(other, one)
    return int((found[1:, 1:] & found[1:, :-1] & found[:-1, 1:] & found[:-1, :-1]).sum())


def _beyond(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Where a pixel lies outside of what its nine neighbours in the other picture span."""
    least, most = (np.asarray(Image.fromarray(other).filter(each(3))).astype(int) for each in (ImageFilter.MinFilter, ImageFilter.MaxFilter))
    return ((one < least - NEAR) | (one > most + NEAR)).any(-1)
