"""The pictures of the notebooks as files of the pages, in fewer bytes."""
from __future__ import annotations

import hashlib
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

__all__ = ["Picture", "shrink", "smaller", "store"]

COLORS = 256
OFF = 24  # of 255: a channel of a pixel that the fewer colours may be off by; more would show
SHARE = 0.002  # of the pixels may be off by more


class Picture(NamedTuple):
    """A picture's file, and its size in pixels."""

    name: str
    width: int
    height: int


def smaller(png: bytes) -> bytes:
    """The same picture over white in at most 256 colours if nobody sees the difference, else with all of its own."""
    with Image.open(BytesIO(png)) as opened:
        over = Image.new("RGBA", opened.size, "white")
        over.alpha_composite(opened.convert("RGBA"))
        whole = over.convert("RGB")
    few = whole.quantize(COLORS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    off = np.abs(np.asarray(whole, dtype=int) - np.asarray(few.convert("RGB"), dtype=int)).max(axis=-1)
    out = BytesIO()
    (few if (off > OFF).mean() <= SHARE else whole).save(out, format="PNG", optimize=True)
    return min(out.getvalue(), png, key=len)


def shrink(folder: Path) -> None:
    """Make every picture of a folder smaller, in its place."""
    for path in folder.glob("*.png"):
        path.write_bytes(smaller(path.read_bytes()))


def store(encoded: str, folder: Path) -> Picture:
    """Write a picture, as a notebook holds it, under a name that its own bytes give; one that is there already stays."""
    png = b64decode(encoded)
    name = f"{hashlib.sha256(png).hexdigest()[:16]}.png"
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / name).exists():
        (folder / name).write_bytes(smaller(png))
    with Image.open(folder / name) as opened:
        return Picture(name, *opened.size)
