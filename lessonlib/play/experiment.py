"""Something to play with, and a picture that stands without a kernel: one scene, still or behind controls."""
from __future__ import annotations

import io
import math
import os
import struct
import sys
import time
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cache
from html import escape
from typing import Any, NamedTuple

import numpy as np
from matplotlib import rc_context, rc_params_from_file, rcParams
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import offset_copy
from PIL import Image

from lessonlib.plots import STYLE, hidden

__all__ = ["Choice", "Experiment", "Goal", "Growing", "Scene", "Slider", "new_figure", "readings"]

DPI = 128  # 4 pixels for each 3 of CSS: letters stay sharp, and a picture has a fifth less to draw, send and decode than at 144
CSS_DPI = 96
VIEW = "application/vnd.jupyter.widget-view+json"
_STILL = """<div class="lessonlib-still"><img src="data:image/png;base64,{png}" width="{width}" alt="{alt}"><style>
.jp-OutputArea-child:has(.lessonlib-still):has(+ .jp-OutputArea-child .widget-image) {{ display: none }}
.jp-OutputArea-child:has(.lessonlib-still) + .jp-OutputArea-child:not(:has(.widget-image)) {{ display: none }}
</style></div>"""  # shown where the widget that follows it is not: in a notebook that was saved and opened again


@dataclass(frozen=True)
class Slider:
    """A number between low and high; log moves by powers of ten. Whole numbers throughout make a slider of whole numbers."""

    label: str
    low: float
    high: float
    start: float
    log: bool = False
    step: float | None = None

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise ValueError(f"low={self.low!r}: must be below high={self.high!r} on the slider {self.label!r}")
        if self.log and self.low <= 0:
            raise ValueError(f"low={self.low!r}: a logarithmic slider starts above 0; set log=False or raise low")
        self.accept("start", self.start)

    @property
    def whole(self) -> bool:
        """Whether it moves over the integers."""
        return not self.log and all(isinstance(x, int) for x in (self.low, self.high, self.start, self.step or 1))

    @property
    def _decades(self) -> float:
        """The step of a logarithmic slider. The front end moves a value to the nearest step: the start is one, or it would not stay."""
        start, step = math.log10(self.start / self.low), self.step or 0.02
        return start / (round(start / step) or 1) or step

    def places(self) -> np.ndarray[Any, Any]:
        """Return the values where a logarithmic slider can stand, from low to high; its end comes on top if it is not one of them."""
        if not self.log:
            raise ValueError(f"log={self.log!r}: the places of {self.label!r} are powers of ten apart; make it with log=True")
        return self.low * 10 ** (self._decades * np.arange(int(math.log10(self.high / self.low) / self._decades + 1e-9) + 1))

    def accept(self, name: str, value: Any) -> Any:
        """The value, or ValueError where it does not fit."""
        slack = 1e-9 * (self.high - self.low)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not self.low - slack <= value <= self.high + slack:
            raise ValueError(f"{name}={value!r}: the slider {self.label!r} goes from {self.low:g} to {self.high:g}")
        return value

    def widget(self) -> Any:
        """The core ipywidget; only traits that ipywidgets 7 and 8 share."""
        import ipywidgets as w

        common = {"description": self.label, "continuous_update": True, "style": {"description_width": "11em"},
                  "layout": w.Layout(width="31em", max_width="100%")}
        if self.whole:
            return w.IntSlider(value=self.start, min=self.low, max=self.high, step=self.step or 1, **common)
        if self.log:
            return w.FloatLogSlider(value=self.start, base=10, min=math.log10(self.low), max=math.log10(self.high), step=self._decades,
                                    readout_format=".3g", **common)
        return w.FloatSlider(value=self.start, min=self.low, max=self.high, step=self.step or (self.high - self.low) / 200,
                             readout_format=".4g", **common)


@dataclass(frozen=True)
class Choice:
    """One of a few options."""

    label: str
    options: Sequence[Any]
    start: Any

    def __post_init__(self) -> None:
        self.accept("start", self.start)

    def accept(self, name: str, value: Any) -> Any:
        """The value, or ValueError where it is not an option."""
        if value not in self.options:
            raise ValueError(f"{name}={value!r}: {self.label!r} offers {', '.join(map(repr, self.options))}")
        return value

    def widget(self) -> Any:
        """The core ipywidget: radio buttons, because JupyterLab takes the arrow keys away from a list."""
        import ipywidgets as w

        row = {"orientation": "horizontal"} if hasattr(w.RadioButtons, "orientation") else {}  # ipywidgets 7 knows columns only
        return w.RadioButtons(options=list(self.options), value=self.start, description=self.label, **row,
                              style={"description_width": "11em"}, layout=w.Layout(width="max-content", max_width="100%"))


class Scene(NamedTuple):
    """What is drawn once: the figure, the artists that move, by name, and a text for who cannot see it."""

    figure: Figure
    artists: dict[str, Any]
    alt: str


@dataclass(frozen=True)
class Goal:
    """What play is for: a sentence, and whether these values meet it."""

    text: str
    met: Callable[..., bool]


@cache
def _style() -> dict[str, Any]:
    """What the course's style sets, read once: a picture is drawn many times."""
    return rc_params_from_file(STYLE, use_default_template=False)


def _styled() -> AbstractContextManager[Any]:
    """The course's style for a while; a notebook that uses it already pays nothing."""
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
    return ax.text(x, y, "", transform=offset_copy(ax.transAxes, ax.get_figure(root=True), x=6, units="points"), ha="left", **text)


@dataclass(frozen=True)
class Experiment:
    """A scene, how its artists follow the controls, and a goal.

    scene() -> Scene draws the slow background once. update(artists, **values) moves artists only and returns one line that says
    in numbers what there is to see. controls: name -> Slider or Choice, at most 3. goal: met(**values) is asked at each change.
    """

    scene: Callable[[], Scene]
    update: Callable[..., str]
    controls: Mapping[str, Slider | Choice]
    goal: Goal | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.controls) <= 3:
            raise ValueError(f"controls={list(self.controls)}: an experiment has one to three controls, or nobody knows what moved it")

    def values(self, **given: Any) -> dict[str, Any]:
        """The start values with `given` in their place; ValueError for a name or value that no control has."""
        for name, value in given.items():
            if name not in self.controls:
                raise ValueError(f"{name}={value!r}: the controls are {', '.join(self.controls)}")
            self.controls[name].accept(name, value)
        return {name: control.start for name, control in self.controls.items()} | given

    def still(self, **given: Any) -> Figure:
        """Return the picture at these values: the same pixels that live() shows."""
        canvas = _Canvas(self)
        canvas.move(self.values(**given))
        return canvas.scene.figure

    def alt(self, **given: Any) -> str:
        """Return the picture in words."""
        scene = self._draw()
        return f"{scene.alt} {self.update(scene.artists, **self.values(**given))}"

    def live(self) -> Any:
        """Return the picture behind its controls, as a widget of core ipywidgets."""
        return _widget(self)

    def _draw(self) -> Scene:
        with _styled():
            return self.scene()


@dataclass(frozen=True)
class Growing:
    """A picture that grows while results arrive, one output under the cell.

    scene and update are those of an Experiment: update(artists, **values) moves artists only and returns one line that says in
    numbers what there is to see. The picture is redrawn at most `per_second` times a second; with LESSONLIB_PROGRESS=0 in the environment
    only its end is shown, so that a stored output is the same on each run.
    """

    scene: Callable[[], Scene]
    update: Callable[..., str]
    per_second: float = 4.0

    @contextmanager
    def show(self) -> Iterator[Callable[..., None]]:
        """A function to call by name with the values of update. The end is drawn too where the work was stopped or failed."""
        from IPython.display import display

        canvas = _Canvas(self)
        live, shown, drawn, line = os.environ.get("LESSONLIB_PROGRESS") != "0", None, 0.0, ""

        def paint(level: int) -> None:
            nonlocal shown
            text = f"{canvas.scene.alt} {line}".strip()
            data = {"image/png": b64encode(canvas.png(level)).decode("ascii"), "text/plain": text}
            size = {"image/png": {"width": round(canvas.scene.figure.get_figwidth() * CSS_DPI), "alt": text}}
            if shown is None:
                shown = display(data, metadata=size, raw=True, display_id=live)
            else:
                shown.update(data, metadata=size, raw=True)

        def draw(**values: Any) -> None:
            nonlocal drawn, line
            line = canvas.move(values)
            if live and time.monotonic() - drawn > 1 / self.per_second:
                paint(1)
                drawn = time.monotonic()

        try:
            yield draw
        finally:
            paint(9)

    def _draw(self) -> Scene:
        with _styled():
            return self.scene()


class _Canvas:
    """A scene whose background is kept as pixels; only the artists that move are drawn again."""

    def __init__(self, experiment: Experiment | Growing) -> None:
        self.update = experiment.update
        self.scene = experiment._draw()
        figure = self.scene.figure
        with _styled():
            for artist in self.scene.artists.values():
                artist.set_in_layout(False)
            figure.draw_without_rendering()
            if figure.get_layout_engine() is not None:
                figure.set_layout_engine("none")  # where things stand must not depend on what moves
            for artist in self.scene.artists.values():
                artist.set_visible(False)
            figure.canvas.draw()
            self.background = figure.canvas.copy_from_bbox(figure.bbox)  # type: ignore[attr-defined]
            for artist in self.scene.artists.values():
                artist.set_visible(True)
        self.resting, self.layer = 0, self.background  # how many of the lowest artists stand in the layer too

    def move(self, values: dict[str, Any]) -> str:
        """Draw the artists at these values over the background; return the readout.

        The lowest artists that an update leaves alone, such as a map under a moving point, are kept as pixels as well.
        """
        canvas: Any = self.scene.figure.canvas
        with _styled():
            readout = self.update(self.scene.artists, **values)
            artists = sorted(self.scene.artists.values(), key=lambda a: a.get_zorder())
            resting = next((i for i, artist in enumerate(artists) if artist.stale), len(artists))
            if resting == 0:
                self.resting, self.layer = 0, self.background
            elif not 0 < self.resting <= resting:
                canvas.restore_region(self.background)
                for artist in artists[:resting]:
                    self.scene.figure.draw_artist(artist)
                self.resting, self.layer = resting, canvas.copy_from_bbox(self.scene.figure.bbox)
            canvas.restore_region(self.layer)
            for artist in artists[self.resting:]:
                self.scene.figure.draw_artist(artist)
        return readout

    def png(self, compress_level: int = 1) -> bytes:
        """The pixels as a PNG: level 1 is packed for speed, any other by Pillow for size."""
        pixels = np.asarray(self.scene.figure.canvas.buffer_rgba())  # type: ignore[attr-defined]
        if compress_level == 1:
            return _fast_png(pixels)
        out = io.BytesIO()
        Image.fromarray(pixels).convert("RGB").save(out, "png", compress_level=compress_level)
        return out.getvalue()


def _fast_png(pixels: np.ndarray[Any, Any]) -> bytes:
    """RGBA pixels (height, width, 4) of uint8 as a PNG, in a fifth of Pillow's time: no filter is tried, and the two halves are packed at
    once (W3C PNG, sections 5 and 11; RFC 1950 and 1951)."""
    height, width, _ = pixels.shape
    rows = np.zeros((height, 1 + 4 * width), np.uint8)  # a row starts with the number of its filter, 0
    rows[:, 1:] = pixels.reshape(height, -1)
    upper, lower = rows[: height // 2].data, rows[height // 2 :].data
    packed = _helper().submit(_deflate, upper, zlib.Z_FULL_FLUSH)
    end = _deflate(lower, zlib.Z_FINISH) + zlib.adler32(lower, zlib.adler32(upper)).to_bytes(4, "big")

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"\x78\x01" + packed.result() + end) + chunk(b"IEND", b"")


def _deflate(data: memoryview, end: int) -> bytes:
    """Deflated without a header; with a full flush, more may follow that knows nothing of it."""
    packer = zlib.compressobj(1, zlib.DEFLATED, -15, 6)  # a small table: it is emptied at each picture
    return packer.compress(data) + packer.flush(end)


@cache
def _helper() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, "png")


def _widget(experiment: Experiment) -> Any:
    import ipywidgets as w

    class Live(w.VBox):
        """A picture behind controls; its display bundle carries the still and its text too."""

        _ipython_display_ = None  # ipywidgets 7 shows itself through this and would leave the bundle out

        def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[dict[str, Any], dict[str, Any]]:  # noqa: ARG002
            if _in_jupyterlab():  # it prefers the view, and a saved view without its kernel is an error in place of a picture
                from IPython.display import display

                page = _STILL.format(png=b64encode(still).decode("ascii"), width=width, alt=_escape(text))
                display({"text/html": page, "text/plain": text}, raw=True)
            size = {"width": width, "alt": text}
            view = {"version_major": 2, "version_minor": 0, "model_id": self.model_id}
            return {"text/plain": text, "image/png": b64encode(still).decode("ascii"), VIEW: view}, {"image/png": size}

    canvas = _Canvas(experiment)
    values = experiment.values()
    readout = w.HTML()
    goal = w.HTML()
    width = round(canvas.scene.figure.get_figwidth() * CSS_DPI)
    image = w.Image(format="png", layout=w.Layout(width=f"{width}px", max_width="100%"))
    boxes = {name: control.widget() for name, control in experiment.controls.items()}
    reached: list[str] = []

    def show(_: Any = None) -> None:
        """Runs inside the message of the change: the front end holds back further values until it is done, and sends the last."""
        now = {name: box.value for name, box in boxes.items()}
        try:
            line = canvas.move(now)
            image.value = canvas.png()
        except Exception as error:  # noqa: BLE001 - one bad value must not end the play
            readout.value = f'<span role="status">This setting cannot be drawn: {type(error).__name__}: {_escape(str(error))}</span>'
            return
        readout.value = f'{hidden(f"Picture: {canvas.scene.alt}")}<span role="status" aria-live="polite">{_escape(line)}</span>'
        if experiment.goal is not None:
            if not reached and experiment.goal.met(**now):
                reached.append(", ".join(f"{name} = {value:.3g}" if isinstance(value, float) else f"{name} = {value}"
                                         for name, value in now.items()))
            told = f"<b>Goal reached</b> with {_escape(reached[0])}." if reached else "Not reached yet."
            goal.value = f'<span role="status" aria-live="polite">\u2691 <b>Goal:</b> {_escape(experiment.goal.text)} {told}</span>'

    show()
    still = canvas.png(9)
    text = f"{canvas.scene.alt} {canvas.move(values)}"
    for box in boxes.values():
        box.observe(show, names="value")
    children = [goal] if experiment.goal is not None else []
    live = Live([*children, *boxes.values(), image, readout])
    live.boxes, live.image, live.readout, live.goal, live.draws = boxes, image, readout, goal, canvas
    return live


def _in_jupyterlab() -> bool:
    """Whether a session of JupyterLab or Notebook 7 looks at this kernel; Colab and VS Code have pages of another make."""
    return "JPY_SESSION_NAME" in os.environ and "google.colab" not in sys.modules and not any(k.startswith("VSCODE_") for k in os.environ)


def _escape(text: str) -> str:
    return escape(text, quote=True)
