"""What the folder data/ holds: loads it, checks it against its checksum, never downloads."""
from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

__all__ = ["Digits", "data_file", "digits", "recorded", "text"]


class Digits(NamedTuple):
    """Handwritten digits of 8 x 8 pixels. x: (images, 64) in [0, 1]; y: (images,) labels 0 to 9."""

    train_x: np.ndarray[Any, Any]
    train_y: np.ndarray[Any, Any]
    test_x: np.ndarray[Any, Any]
    test_y: np.ndarray[Any, Any]


def _folder() -> Path:
    """data/ beside the package in a checkout, inside the package where it was installed."""
    here = Path(__file__).resolve().parent
    beside = here.parent / "data"
    return beside if (beside / "SHA256SUMS").exists() else here / "_data"


def data_file(name: str, folder: Path | None = None) -> Path:
    """Return the path of a file in data/ whose bytes match data/SHA256SUMS.

    Raises FileNotFoundError if it is missing, ValueError if it is not listed or was altered; both say what to do.
    """
    folder = _folder() if folder is None else folder
    path, sums = folder / name, folder / "SHA256SUMS"
    restore = "restore it with 'git checkout -- data', or copy the folder data/ of the course beside lessonlib/"
    for wanted in (sums, path):
        if not wanted.exists():
            raise FileNotFoundError(f"{wanted} is missing: {restore}")
    listed = {name: digest for digest, name in map(str.split, sums.read_text(encoding="ascii").splitlines())}
    if name not in listed:
        raise ValueError(f"name={name!r} has no checksum in {sums}; it lists {', '.join(sorted(listed))}")
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != listed[name]:
        raise ValueError(f"{path} was altered: its SHA-256 is {found[:12]}..., not {listed[name][:12]}...; {restore}")
    return path


@cache
def digits() -> Digits:
    """Return the digits of data/digits.npz, 1,297 to train on and 500 to test on, in an order shuffled once for all.

    Source: UCI "Optical Recognition of Handwritten Digits" (Alpaydin & Kaynak 1998), as in scikit-learn; CC BY 4.0.

    >>> d = digits()
    >>> d.train_x.shape, d.test_x.shape, float(d.train_x.min()), float(d.train_x.max())
    ((1297, 64), (500, 64), 0.0, 1.0)
    """
    with np.load(data_file("digits.npz"), allow_pickle=False) as stored:
        images, labels = stored["images"], stored["labels"]
    order = np.random.default_rng(0).permutation(len(labels))
    x, y = images.reshape(-1, 64)[order] / 16.0, labels[order].astype(np.intp)
    for array in (x, y):
        array.flags.writeable = False  # one copy serves the whole course
    return Digits(x[:-500], y[:-500], x[-500:], y[-500:])


@cache
def text() -> str:
    """Return the book of Genesis in the King James Version (1611), one verse a line: 196,818 characters, 60 different ones.

    Source: Debian's package bible-kjv-text; public domain.

    >>> text().splitlines()[2]
    'And God said, Let there be light: and there was light.'
    """
    return data_file("genesis.txt").read_text(encoding="ascii")


def recorded(name: str, folder: Path | None = None) -> dict[str, Any] | None:
    """Return a result that was recorded in data/ as JSON, or None where nobody has recorded it yet.

    Raises ValueError if the file is there and is not the one whose checksum was recorded with it.

    >>> recorded("never_measured.json") is None
    True
    """
    folder = _folder() if folder is None else folder
    if not (folder / name).exists():
        return None
    found: dict[str, Any] = json.loads(data_file(name, folder).read_text(encoding="utf-8"))
    return found
