"""The experiments of the course without a kernel: every live cell of the notebooks, recorded, and the HTML for its place.

    python authoring/recordings.py [--to FOLDER] [NAME ...]

For who builds pages from the notebooks:

    import recordings
    fragments = recordings.write(out / "_static" / "play")      # the data, the stills, the player
    page = fragments["09_adam", cell.id].html("_static/play/")  # the address of that folder, as it is from the page
    page = recordings.head("_static/play/") + page              # once on each page with an experiment

A fragment replaces everything that its cell has put out. Without JavaScript it is the still with its words. Its key is the
notebook, as a path from the notebooks' folder without the ending ("deeper/09_adam"), and the cell's id; solutions have the
experiments of their lesson, in cells of the same id. `player.js` starts by itself when the page has loaded; for what is put into
the page later call `lessonlibPlay(element)`. `section.play.ready()` loads the data before anybody touches it: a promise.
"""
from __future__ import annotations

import ast
import io
import re
import sys
from base64 import b64decode
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path

import nbformat
import source as lessons
from PIL import Image

__all__ = ["Fragment", "Play", "catalogue", "head", "main", "write"]


@dataclass(frozen=True)
class Play:
    """A live cell: the notebook it stands in ("deeper/09_adam"), its id, the code before it in its part, its own, its stored output."""

    notebook: str
    cell: str
    before: tuple[str, ...]
    code: str
    still: bytes
    words: str

    @property
    def name(self) -> str:
        """What its files are called, such as "deeper-09_adam-surface_race"."""
        call = ast.parse(self.code).body[-1].value.func.value.func  # type: ignore[attr-defined]
        return f"{self.notebook.replace('/', '-')}-{call.attr if isinstance(call, ast.Attribute) else call.id}"


@dataclass(frozen=True)
class Fragment:
    """What stands in a page for an experiment: the still with its words, and the controls where the player runs."""

    play: Play
    width: int
    height: int

    def html(self, base: str) -> str:
        """The HTML; base: the address of the folder with the data, as it is from the page, with a slash at its end."""
        return (f'<section class="lessonlib-play" data-name="{self.play.name}"><img class="lessonlib-still dark-light" '
                f'src="{base}{self.play.name}.png" width="{self.width}" height="{self.height}" alt="{escape(self.play.words)}">'
                f'<p class="lessonlib-words">{escape(self.play.words)}</p></section>')


def head(base: str) -> str:
    """The tags that a page with experiments needs once; base: as in Fragment.html."""
    return f'<link rel="stylesheet" href="{base}player.css"><script src="{base}player.js" defer></script>'


def catalogue(folder: Path = lessons.NOTEBOOKS) -> list[Play]:
    """Every live experiment of the executed notebooks, main road and deeper, in order; solutions have the same ones."""
    found = []
    for path in sorted(folder.rglob("*.ipynb"), key=lambda path: (len(path.parts), path)):
        place = path.relative_to(folder)
        if not {"solutions", ".ipynb_checkpoints"} & {*place.parts}:
            found += _of(nbformat.read(path, as_version=4), place.with_suffix("").as_posix())
    return found


def _of(notebook: nbformat.NotebookNode, name: str) -> list[Play]:
    """The live experiments of one notebook."""
    found: list[Play] = []
    before: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and re.search(r"(?m)^## ", cell.source):
            before = []  # a part makes what it needs
        elif cell.cell_type == "code" and "setup" not in cell.metadata.get("tags", []):
            if cell.source.rstrip().endswith(".live()"):
                data = next(output.data for output in cell.outputs if "image/png" in output.get("data", {}))
                found.append(Play(name, cell.id, tuple(before), cell.source, b64decode(data["image/png"]), data["text/plain"]))
            before.append(cell.source)
    return found


def write(folder: Path, plays: Iterable[Play] | None = None) -> dict[tuple[str, str], Fragment]:
    """Write the data, the stills and the player into a folder; return the fragment of each cell by (notebook, id of the cell)."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {}
    for play in catalogue() if plays is None else plays:
        image = Image.open(io.BytesIO(play.still))
        image.save(folder / f"{play.name}.png")
        made[play.notebook, play.cell] = Fragment(play, round(image.width * 0.75), round(image.height * 0.75))
    for name in ("player.js", "player.css"):
        (folder / name).write_bytes((lessons.ROOT / "lessonlib" / "play" / name).read_bytes())
    return made


def main() -> int:
    """Write everything into build/play."""
    made = write(lessons.ROOT / "build" / "play")
    for (notebook, cell), fragment in made.items():
        print(f"{notebook:20} {cell:14} {fragment.play.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
