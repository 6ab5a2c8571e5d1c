"""A pytest plugin on nbval's run: pictures, and the numbers in the prose, are compared too.

nbval executes each cell and compares its text. From the same run, this compares each picture with the stored one, and evaluates
again what the prose was filled with. Load it with `-p nbval_pictures`; `--picture-dir DIR` keeps the pictures that differ.
"""
from __future__ import annotations

import base64
import io
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from execute import ask
from links import BuildError
from PIL import Image

BLOCK = 8  # pixels: another machine's antialiasing evens out within a block, a missing curve does not
FAR = 0.12  # of full scale, in any colour channel of a block
SHARE = 0.003  # of the blocks may be that far off


class Differs(AssertionError):
    """A picture or a number that is not what the notebook stores."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--picture-dir", default=None, help="keep stored and fresh pictures that differ in this folder")
    parser.addoption("--other-matplotlib", action="store_true", help="the stored pictures were drawn by another version of matplotlib, "
                     "which sets letters and legends elsewhere: compare how many there are and their sizes")


def pictures(outputs: list[Any]) -> list[bytes]:
    """The PNGs of a cell's outputs, in order."""
    return [base64.b64decode(output["data"]["image/png"]) for output in outputs if "image/png" in output.get("data", {})]


def blocks(png: bytes) -> np.ndarray:
    """The picture as block means: (rows, columns, 3) in 0 to 1."""
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGB"), dtype=float) / 255
    rows, columns = (n // BLOCK for n in pixels.shape[:2])
    return pixels[:rows * BLOCK, :columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK, 3).mean((1, 3))


def difference(stored: bytes, fresh: bytes) -> str | None:
    """What tells two pictures apart, or None."""
    sizes = [Image.open(io.BytesIO(png)).size for png in (stored, fresh)]
    if max(abs(a - b) for a, b in zip(*sizes, strict=True)) > 2:
        return f"is {sizes[1][0]} x {sizes[1][1]} pixels, stored {sizes[0][0]} x {sizes[0][1]}"
    a, b = blocks(stored), blocks(fresh)
    rows, columns = np.minimum(a.shape, b.shape)[:2]
    far = (np.abs(a[:rows, :columns] - b[:rows, :columns]).max(-1) > FAR).mean()
    return f"differs from the stored one in {far:.1%} of its area, at most {SHARE:.1%}" if far > SHARE else None


def size(stored: bytes, fresh: bytes) -> str | None:
    """What tells the sizes of two pictures apart by more than a twentieth, or None."""
    (a, b), (c, d) = (Image.open(io.BytesIO(png)).size for png in (stored, fresh))
    return None if abs(a - c) <= a / 20 and abs(b - d) <= b / 20 else f"is {c} x {d} pixels, stored {a} x {b}"


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Any:
    outcome = yield
    if type(item).__name__ != "IPyNbCell" or outcome.excinfo is not None:
        return
    try:
        compare(item, partial(ask, item.parent.kernel.kc))
    except Differs as error:
        outcome.force_exception(error)


def compare(item: Any, evaluate: Callable[[list[str]], list[str]]) -> None:
    """Raise Differs where a cell's fresh outputs (item.test_outputs) hold other pictures than the stored ones, or where the prose after
    the cell says other numbers; `evaluate` gives the texts of expressions as they were right after the cell."""
    chaotic = "chaotic" in item.cell.metadata.get("tags", [])  # training whose end depends on the processor's order of sums
    compare_pictures(item, size if chaotic or item.config.getoption("--other-matplotlib", default=False) else difference)
    compare_numbers(item, evaluate, same=not chaotic)


def blanks_after(cells: list[Any], cell_num: int) -> list[tuple[int, Any]]:
    """(number of the text's cell, {"blanks": expressions, "values": texts}) for the filled texts between a code cell and the next."""
    code = [i for i, cell in enumerate(cells) if cell.cell_type == "code"]
    end = code[cell_num + 1] if cell_num + 1 < len(code) else len(cells)
    return [(i, cells[i].metadata["lessonlib"]) for i in range(code[cell_num] + 1, end) if cells[i].metadata.get("lessonlib")]


def compare_pictures(item: Any, apart: Callable[[bytes, bytes], str | None]) -> None:
    """Raise Differs where the cell shows other pictures than it stores; `apart` tells two of them apart."""
    stored, fresh = pictures(item.cell.outputs), pictures(item.test_outputs)
    if len(stored) != len(fresh):
        raise Differs(f"{item.nodeid} shows {len(fresh)} pictures, stored {len(stored)}")
    for number, (old, new) in enumerate(zip(stored, fresh, strict=True)):
        found = apart(old, new)
        if found:
            folder = item.config.getoption("--picture-dir", default=None)
            if folder:
                stem = f"{item.parent.path.parent.name}-{item.parent.path.stem}-{item.cell_num:02d}-{number}"
                Path(folder).mkdir(parents=True, exist_ok=True)
                for kind, png in (("stored", old), ("fresh", new)):
                    (Path(folder) / f"{stem}-{kind}.png").write_bytes(png)
            raise Differs(f"{item.nodeid}: picture {number} {found}")


def compare_numbers(item: Any, evaluate: Callable[[list[str]], list[str]], *, same: bool = True) -> None:
    """Raise Differs where the prose up to the next code cell says other numbers than the run gives, or asks for what is not there."""
    for i, kept in blanks_after(item.parent.nb.cells, item.cell_num):
        try:
            fresh = evaluate(kept["blanks"])
        except BuildError as error:
            raise Differs(f"{item.parent.path.name}, cell {i}: {error}") from None
        for blank, old, new in zip(kept["blanks"], kept["values"], fresh, strict=True):
            if same and old != new:
                raise Differs(f"{item.parent.path.name}, cell {i}: the text says {old} for {blank}, the run gives {new}")
