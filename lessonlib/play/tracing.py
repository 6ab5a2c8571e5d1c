"""What an artist draws, as data instead of pixels: a renderer of matplotlib that notes lines, markers, words and pictures."""
from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, IdentityTransform

from lessonlib.play.sprites import Glyphs, Pictures

__all__ = ["Drawn", "Tracer"]

Array = np.ndarray[Any, Any]
BEYOND = 24  # pixels around a clipped line's box that are kept: its ends and corners lie outside
FAR = 8000  # pixels; a quarter of a pixel at that distance still fits into 16 bits


class Drawn(NamedTuple):
    """One thing that an artist draws.

    style: what stays as it is from state to state, its kind first: "path", "marks", "words" or "picture". numbers: its data, a list of
    int arrays (n, 2) in quarter pixels for a path, of (n, 2) in pixels for marks, of (run, x, y) or (picture,) for the others. every:
    the points of a path or of marks before anything was left out, floor(4 * xy + 2), where they may stand for the numbers.
    """

    style: tuple[Any, ...]
    numbers: list[Array]
    every: Array | None = None


class Tracer(RendererBase):
    """Notes in `drawn` what artists draw with it on a canvas of this renderer's size; shared: the glyphs and pictures of all artists."""

    def __init__(self, agg: RendererAgg, glyphs: Glyphs, pictures: Pictures) -> None:
        super().__init__()
        self.agg, self.glyphs, self.pictures = agg, glyphs, pictures
        self.width, self.height, self.dpi = int(agg.width), int(agg.height), agg.dpi
        self.down = Affine2D.from_values(1, 0, 0, -1, 0, self.height)  # pixels count from above
        self.drawn: list[Drawn] = []

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Return the canvas's size in pixels."""
        return self.width, self.height

    def points_to_pixels(self, points: Any) -> Any:
        """Return points as pixels."""
        return points * self.dpi / 72

    def get_text_width_height_descent(self, s: str, prop: FontProperties, ismath: Any) -> tuple[float, float, float]:
        """Return how large a text is, as it is when it is drawn in pixels."""
        size: tuple[float, float, float] = self.agg.get_text_width_height_descent(s, prop, ismath)
        return size

    def draw_path(self, gc: Any, path: Any, transform: Any, rgbFace: Any = None) -> None:
        """Note a line or an area."""
        clip, stroke, fill = self._clip(gc), self._stroke(gc), _fill(gc, rgbFace)
        if stroke is None and fill is None:
            return
        xy = (transform.frozen() + self.down).transform_path(path)
        width = self.points_to_pixels(gc.get_linewidth()) if stroke else 0.0
        dashed, plain = stroke is not None and bool(stroke[4]), path.codes is None and fill is None
        # what Agg does before it dashes, so that dashes begin where they do there; without dashes nothing far outside is needed
        bounds = None if fill else (-1, -1, self.width + 1, self.height + 1) if dashed or clip is None else (
            clip[0] - BEYOND, clip[1] - BEYOND, clip[0] + clip[2] + BEYOND, clip[1] + clip[3] + BEYOND)
        line = Path(xy.vertices, xy.codes)
        line.should_simplify = plain and (not dashed or len(xy.vertices) >= 128)
        line.simplify_threshold = 1 / 9 if dashed else 0.25
        clean = line.cleaned(None, True, bounds, simplify=line.should_simplify, stroke_width=width, snap=gc.get_snap())
        inside = not dashed or bool(((xy.vertices > 0) & (xy.vertices < (self.width, self.height))).all())
        self.drawn.append(Drawn(("path", clip, stroke, fill), _parts(clean), _every(xy.vertices) if plain and inside else None))

    def draw_markers(self, gc: Any, marker_path: Any, marker_trans: Any, path: Any, trans: Any, rgbFace: Any = None) -> None:
        """Note the places of a marker, and the marker as Agg draws it."""
        stroke, clip, snap = self._stroke(gc), self._clip(gc), gc.get_snap()
        key = (marker_path.vertices.tobytes(), marker_trans.frozen().get_matrix().tobytes(), stroke, _fill(gc, rgbFace), snap)
        if key not in self.pictures.known:
            reach = np.abs(marker_trans.transform(marker_path.vertices)).max() + 2 * self.points_to_pixels(gc.get_linewidth())
            half = int(reach) + 8
            alone = RendererAgg(2 * half, 2 * half, self.dpi)
            free = alone.new_gc()
            free.copy_properties(gc)
            free.set_clip_rectangle(None)
            alone.draw_markers(free, marker_path, marker_trans, Path([[half, half]]), IdentityTransform(), rgbFace)
            self.pictures.number(key, alone, half, half)
        number = self.pictures.known[key]
        xy = (trans.frozen() + self.down).transform(path.vertices)
        places = np.floor(xy[np.isfinite(xy).all(1)] + 0.5)
        x, y, w, h = clip or (0, 0, self.width, self.height)
        low, far = np.array([x, y]) - self.pictures.rows[number]["far"], np.array([x + w, y + h]) + self.pictures.rows[number]["far"]
        seen = places[((places > low) & (places < far)).all(1)].astype(int)
        if key[2] is None or key[3] in (None, key[2][0]):  # of one colour: which of two lies above the other cannot be seen
            once = np.unique(seen, axis=0)
            seen = once if 3 * len(once) < 2 * len(seen) else seen
        wider = clip and (x, y, w + 1, h + 1)  # Agg counts the last pixel of the box in, but for lines
        self.drawn.append(Drawn(("marks", wider, number), [seen] if len(seen) else [], _every(xy, line=False)))

    def draw_image(self, gc: Any, x: float, y: float, im: Any, transform: Any = None) -> None:
        """Note a picture, as Agg draws it."""
        if transform is not None:
            raise ValueError("a picture that is turned or scaled cannot be recorded: leave that to imshow")
        key = (hash(im.tobytes()), im.shape, x, y, gc.get_alpha(), self._clip(gc))
        if key not in self.pictures.known:
            self.agg.clear()
            self.agg.draw_image(gc, x, y, im)
            self.pictures.number(key, self.agg)
        self.drawn.append(Drawn(("picture",), [np.array([self.pictures.known[key]])]))

    def draw_text(self, gc: Any, x: float, y: float, s: str, prop: FontProperties, angle: float, ismath: Any = False,
                  mtext: Any = None) -> None:  # noqa: ARG002 - matplotlib's signature
        """Note a line of text."""
        number = self.glyphs.run(s, prop, self.dpi, bool(ismath))
        self.drawn.append(Drawn(("words", self._clip(gc), _color(gc.get_rgb()), round(angle, 3)),
                                [np.array([number, round(4 * x), round(4 * y)])]))

    def _stroke(self, gc: Any) -> tuple[Any, ...] | None:
        """Colour, width, cap, join, dashes and their offset, in pixels; None where nothing is stroked."""
        if gc.get_hatch() or gc.get_sketch_params():
            raise ValueError("hatches and sketched lines cannot be recorded: draw it plainly")
        rgba, width = gc.get_rgb(), self.points_to_pixels(gc.get_linewidth())
        if not width or not rgba[3]:
            return None
        offset, dashes = gc.get_dashes()
        ends = {"projecting": "square"}.get(gc.get_capstyle(), gc.get_capstyle())
        lengths = tuple(round(float(self.points_to_pixels(each)), 3) for each in dashes) if dashes is not None else ()
        return (_color(rgba), round(width, 3), ends, str(gc.get_joinstyle()), lengths, round(float(self.points_to_pixels(offset or 0)), 3))

    def _clip(self, gc: Any) -> tuple[int, int, int, int] | None:
        """The box (x, y, width, height) that a drawing is cut to, in pixels."""
        if gc.get_clip_path()[0] is not None:
            raise ValueError("what is cut to another shape than a box cannot be recorded: set_clip_path(None), or clip to the axes")
        box = gc.get_clip_rectangle()
        if box is None:
            return None
        x0, x1, y0, y1 = (int(np.floor(v + 0.5)) for v in (box.x0, box.x1, self.height - box.y1, self.height - box.y0))
        return (x0, y0, x1 - x0, y1 - y0)


def _color(rgba: Any) -> str:
    r, g, b, a = rgba
    return f"rgba({round(255 * r)},{round(255 * g)},{round(255 * b)},{a:.3g})"


def _fill(gc: Any, face: Any) -> str | None:
    """The colour of an area, None where there is none."""
    if face is None:
        return None
    alpha = gc.get_alpha() if gc.get_forced_alpha() or len(face) == 3 else face[3]
    return _color((*face[:3], alpha)) if alpha else None


def _parts(clean: Path) -> list[Array]:
    """The pieces of a line in quarter pixels; a closed one ends in its first point."""
    codes, points = np.asarray(clean.codes), np.round(4 * np.asarray(clean.vertices)).astype(int)
    begins, part = codes == Path.MOVETO, np.cumsum(codes == Path.MOVETO)
    kept = begins | (codes == Path.LINETO)
    kept[1:] &= begins[1:] | (points[1:] != points[:-1]).any(1)
    closed, points, part = part[codes == Path.CLOSEPOLY].tolist(), points[kept], part[kept]
    parts = np.split(points, np.flatnonzero(np.diff(part)) + 1) if len(points) else []
    return [np.concatenate([each, each[:1]]) if k + 1 in closed else each for k, each in enumerate(parts)]


def _every(xy: Array, *, line: bool = True) -> Array | None:
    """All points as floor(4 * xy + 2), which is the pixel of a marker once it is divided by 4.

    None where that is not the same line: a point is none or too far, or Agg moves the
    line to whole pixels, as it does with level and upright ones.
    """
    if not (np.isfinite(xy).all() and (np.abs(xy) < FAR).all()):
        return None
    level = line and len(xy) <= 1024 and bool((np.abs(np.diff(xy, axis=0)) < 1e-4).any(1).all())
    return None if level else np.floor(4 * xy + 2).astype(int)
