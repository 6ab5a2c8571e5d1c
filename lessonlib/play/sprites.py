"""What a recording draws again and again: the outlines of letters, and small pictures such as markers."""
from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import RendererAgg
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.path import Path
from matplotlib.textpath import text_to_path
from PIL import Image

__all__ = ["Glyphs", "Pictures", "flat_png"]

Array = np.ndarray[Any, Any]
CODES = {Path.MOVETO: ("M", 1), Path.LINETO: ("L", 1), Path.CURVE3: ("Q", 2), Path.CURVE4: ("C", 3), Path.CLOSEPOLY: ("Z", 1)}


class Glyphs:
    """The letters that were drawn, each outline once, and the lines of text that they make."""

    def __init__(self) -> None:
        self.outlines: dict[str, Any] = {}  # name of a glyph -> (vertices, codes), filled by matplotlib
        self.order: dict[str, int] = {}
        self.runs: dict[Any, int] = {}
        self.rows: list[list[int]] = []  # of each run: scale * 1e4, then (glyph, step in x, y) * 10 for each letter

    def run(self, text: str, prop: FontProperties, dpi: float, math: bool) -> int:
        """Return the number of a line of text in a font."""
        size = prop.get_size_in_points() * dpi / 72 / text_to_path.FONT_SCALE
        key = (text, findfont(prop), size, math)
        if key not in self.runs:
            font = get_font(key[1])
            font.set_size(text_to_path.FONT_SCALE, text_to_path.DPI)
            found, outlines, bars = (text_to_path.get_glyphs_mathtext(prop, text) if math
                                     else text_to_path.get_glyphs_with_font(font, text, self.outlines))
            self.outlines |= outlines
            if bars or any(scale != 1 for *_, scale in found):
                raise ValueError(f"the text {text!r} has a fraction bar, an index or another small letter: write it in plain letters")
            row, at = [round(1e4 * size)], 0
            for name, x, y, _ in found:
                row += [self.order.setdefault(name, len(self.order)), round(10 * x) - at, round(10 * y)]
                at = round(10 * x)
            self.runs[key] = len(self.rows)
            self.rows.append(row)
        return self.runs[key]

    def paths(self) -> list[str]:
        """Return each outline as the text of an SVG path, y downward."""
        return [_svg(*self.outlines[name]) for name in self.order]


def _svg(vertices: Array, codes: Array) -> str:
    out, at = [], 0
    while at < len(codes):
        letter, count = CODES[codes[at]]
        out.append(letter + ("" if letter == "Z" else " ".join(f"{x:.1f} {-y:.1f}" for x, y in vertices[at : at + count])))
        at += count
    return "".join(out)


class Pictures:
    """Pixels that were drawn, each piece once, as PNG in a data address with its place."""

    def __init__(self) -> None:
        self.known: dict[Any, int] = {}
        self.rows: list[dict[str, Any]] = []

    def number(self, key: Any, renderer: RendererAgg, x: int = 0, y: int = 0) -> int:
        """Return the number of what the renderer has drawn; x, y: the pixel that its place is told from."""
        rgba = np.asarray(renderer.buffer_rgba())
        rows, columns = (np.flatnonzero(rgba[..., 3].any(axis)) for axis in (1, 0))
        if not len(rows):
            rows = columns = np.zeros(1, int)
        piece = rgba[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
        self.known[key] = len(self.rows)
        self.rows.append({"x": int(columns[0]) - x, "y": int(rows[0]) - y, "png": _address(piece), "far": max(piece.shape[:2])})
        return self.known[key]


def _address(rgba: Array) -> str:
    return "data:image/png;base64," + base64.b64encode(flat_png(rgba)).decode("ascii")


def flat_png(rgba: Array) -> bytes:
    """Return pixels as a PNG that is as small as it gets: of 256 colours where nobody sees that."""
    out, image = io.BytesIO(), Image.fromarray(np.ascontiguousarray(rgba))
    if (rgba[..., 3] == 255).all():
        image = image.convert("RGB")
        few = image.quantize(256, method=Image.Quantize.MEDIANCUT, kmeans=1, dither=Image.Dither.NONE)
        off = np.abs(np.asarray(few.convert("RGB"), int) - np.asarray(image, int))
        image = few if off.max() < 48 and off.mean() < 0.2 else image
    image.save(out, "png", optimize=True)
    return out.getvalue()
