"""The experiments of the course without a kernel: every live cell of the notebooks, recorded, and the HTML for its place.

    python authoring/recordings.py [--to FOLDER] [--force] [NAME ...]

For who builds pages from the notebooks:

    import recordings
    fragments = recordings.write(out / "_static" / "play")      # the data, the stills, the player
    page = fragments["09_adam", cell.id].html("_static/play/")  # the address of that folder, as it is from the page
    page = recordings.head("_static/play/") + page              # once on each page with an experiment

A fragment replaces everything that its cell has put out. Without JavaScript it is the still with its words. Its key is the
notebook, as a path from the notebooks' folder without the ending ("deeper/09_adam"), and the cell's id; solutions have the
experiments of their lesson, in cells of the same id. `player.js` starts by itself when the page has loaded; for what is put into
the page later call `lessonlibPlay(element)`. `element.play.ready()` loads the data before anybody touches it: a promise. What was
recorded is kept in dist/recorded and made again only where its code, data or versions have changed; the seconds are those of one core.
"""
from __future__ import annotations

import argparse
import ast
import contextlib
import hashlib
import io
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from html import escape
from importlib.metadata import version
from pathlib import Path
from typing import Any

import nbformat
import source as lessons

from lessonlib import plots, progress
from lessonlib.play.experiment import Experiment
from lessonlib.play.recording import Recording, record

__all__ = ["GRIDS", "KEPT", "Fragment", "Play", "catalogue", "experiment", "head", "main", "recorded", "write"]

KEPT = lessons.ROOT / "dist" / "recorded"
PLAYER = lessons.ROOT / "lessonlib" / "play"
GRIDS: dict[str, dict[str, Any]] = {  # where the usual number of stops is not the best: what `record` is told
    "08_rmsprop-hopping": {"counts": {"lr": 31, "falling": 26}},
    "deeper-08_rmsprop-rotation": {"counts": {"angle": 31, "lr": 36}},
    "deeper-08_rmsprop-own_steps": {"counts": {"lr": 21, "memory": 21, "start2": 8}},
}


@dataclass(frozen=True)
class Play:
    """A live cell: the notebook it stands in ("deeper/09_adam"), its id, the code of its part up to its end."""

    notebook: str
    cell: str
    code: str

    @property
    def call(self) -> ast.expr:
        """What the cell calls `live` of."""
        return ast.parse(self.code).body[-1].value.func.value  # type: ignore[attr-defined]

    @property
    def name(self) -> str:
        """What its files are called, such as "deeper-09_adam-good_basin"."""
        made = self.call.func  # type: ignore[attr-defined]
        return f"{self.notebook.replace('/', '-')}-{made.attr if isinstance(made, ast.Attribute) else made.id}"


@dataclass(frozen=True)
class Fragment:
    """What stands in a page for an experiment: the still with its words, and what the player must know to put controls above it."""

    play: Play
    words: str
    about: dict[str, Any]
    shape: tuple[int, ...]
    bytes: int
    seconds: float

    def html(self, base: str) -> str:
        """The HTML; base: the address of the folder with the data, as it is from the page, with a slash at its end."""
        place, (width, height) = base + self.play.name, (round(self.about[side] * 0.75) for side in ("width", "height"))
        told = self.about | {"name": self.play.name, "src": f"{place}.js", "first": f"{place}-start.png", "shown": width, "tall": height}
        data = json.dumps(told, ensure_ascii=False).replace("<", "\\u003c")
        return (f'<div class="lessonlib-play"><img class="lessonlib-still dark-light" src="{place}.png" width="{width}" height="{height}" '
                f'alt="{escape(self.about["alt"])}"><p class="lessonlib-words">{escape(self.words)}</p>'
                f'<script type="application/json">{data}</script></div>')


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
    part: list[str] = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and re.search(r"(?m)^## ", cell.source):
            part = []  # a part makes what it needs
        elif cell.cell_type == "code" and "setup" not in cell.metadata.get("tags", []):
            part.append(cell.source)
            if cell.source.rstrip().endswith(".live()"):
                found.append(Play(name, cell.id, "\n".join(part)))
    return found


def needed(code: str) -> ast.Module:
    """The statements of a part that its last one, an experiment's, depends on; what only shows something is left out."""
    *before, last = ast.parse(code).body
    kept, wanted = [], {*_names(last, ast.Load)}
    for statement in reversed(before):
        if wanted & {*_bound(statement)}:
            if isinstance(statement, (ast.Import, ast.ImportFrom)):
                statement.names = [alias for alias in statement.names if _imported(alias) in wanted]
            kept.append(statement)
            wanted |= {*_names(statement, ast.Load)}
    return ast.Module(kept[::-1], [])


def _imported(alias: ast.alias) -> str:
    return alias.asname or alias.name.split(".")[0]


def _names(node: ast.AST, context: type) -> Iterator[str]:
    return (each.id for each in ast.walk(node) if isinstance(each, ast.Name) and isinstance(each.ctx, context))


def _bound(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement makes or changes."""
    yield from _names(statement, ast.Store)
    for node in ast.walk(statement):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from map(_imported, node.names)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            yield from _names(node, ast.Load)


def experiment(play: Play) -> Experiment:
    """The experiment of a live cell, made as in its notebook after the set-up cell, from what it needs."""
    space: dict[str, Any] = {"__name__": play.name, "plots": plots, "progress": progress, "display": lambda *_, **__: None}
    with contextlib.redirect_stdout(io.StringIO()):
        exec(compile(needed(play.code), play.name, "exec"), space)
        made = eval(compile(ast.Expression(play.call), play.name, "eval"), space)
    assert isinstance(made, Experiment)
    return made


def digest(play: Play) -> str:
    """What a recording depends on, in short: the cell, the modules it imports and those that record, the data, and versions."""
    modules = {"lessonlib.plots", "lessonlib.play.recording"}
    for node in ast.walk(code := needed(play.code)):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {f"{node.module}.{alias.name}" for alias in node.names}
    files = sorted(lessons.reached(modules))
    told = [ast.unparse(code), ast.unparse(play.call), repr(GRIDS.get(play.name)), plots.STYLE.read_text(encoding="utf-8"),
            (lessons.ROOT / "data" / "SHA256SUMS").read_text(encoding="ascii"), *(path.read_text(encoding="utf-8") for path in files),
            *(version(name) for name in ("numpy", "matplotlib", "pillow"))]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:16]


def recorded(play: Play, *, force: bool = False, kept: Path = KEPT) -> Fragment:
    """The fragment of a live cell; its files are in the folder `kept`, made now where they are not there yet."""
    path, is_now = kept / f"{play.name}.json", digest(play)
    if path.exists() and not force:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.pop("digest") == is_now:
            return Fragment(play, **found | {"shape": tuple(found["shape"])})
    begun = time.process_time()
    made: Recording = record(experiment(play), **GRIDS.get(play.name, {}))
    script = made.script(play.name)
    kept.mkdir(parents=True, exist_ok=True)
    (kept / f"{play.name}.js").write_text(script, encoding="utf-8", newline="\n")
    (kept / f"{play.name}.png").write_bytes(made.still)
    (kept / f"{play.name}-start.png").write_bytes(made.start)
    found = {"words": made.words, "about": made.about, "shape": made.shape, "bytes": len(script), "seconds": time.process_time() - begun}
    path.write_text(json.dumps(found | {"digest": is_now}, ensure_ascii=False) + "\n", encoding="utf-8", newline="\n")
    return Fragment(play, **found)


def write(folder: Path, plays: Iterable[Play] | None = None, *, force: bool = False, kept: Path = KEPT,
          told: Callable[[Fragment], None] = lambda _: None) -> dict[tuple[str, str], Fragment]:
    """Write the data, the stills and the player into a folder; return the fragment of each cell by (notebook, id of the cell).

    plays: all of them if not given. force: record again what has not changed. kept: where recordings are kept from one time to
    the next. told: is given each fragment when it is there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = {}
    for play in catalogue() if plays is None else plays:
        made[play.notebook, play.cell] = fragment = recorded(play, force=force, kept=kept)
        for ending in (".js", ".png", "-start.png"):
            (folder / f"{play.name}{ending}").write_bytes((kept / f"{play.name}{ending}").read_bytes())
        told(fragment)
    for name in ("player.js", "player.css"):
        (folder / name).write_bytes((PLAYER / name).read_bytes())
    return made


def _row(one: Fragment) -> None:
    print(f"{one.play.name:34}{' x '.join(map(str, one.shape)):>14}{one.bytes / 1e3:7.0f}{one.seconds:10.1f}", flush=True)


def main(arguments: list[str] | None = None) -> int:
    """Record what has changed and print a table; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help="of an experiment, such as deeper-09_adam-good_basin")
    parser.add_argument("--to", type=Path, default=lessons.ROOT / "dist" / "play", help="the folder to write into")
    parser.add_argument("--force", action="store_true", help="record everything again")
    options = parser.parse_args(arguments)
    every = catalogue()
    unknown = {*options.names} - {play.name for play in every}
    if unknown:
        known = ", ".join(play.name for play in every)
        print(f"error: no experiment named {', '.join(sorted(unknown))}; there are {known}", file=sys.stderr)
        return 1
    os.environ["LESSONLIB_PROGRESS"] = "0"
    print(f"{'experiment':34}{'stops':>14}{'KB':>7}{'seconds':>10}")
    made = write(options.to, [play for play in every if not options.names or play.name in options.names], force=options.force, told=_row)
    print(f"{len(made)} experiments, {sum(one.bytes for one in made.values()) / 1e6:.1f} MB, in {options.to}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
