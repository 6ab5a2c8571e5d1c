"""Build what is shown and printed for a room: site/deck/, slides for each lesson, a quiz with its key, and one page to keep.

    python authoring/build_deck.py [--out FOLDER]

The slides are the stops of INSTRUCTOR.md with what deck.toml says beside them, the pictures and answers come from the executed notebooks.
The folder opens from a disk and can be carried on a stick. What it carries along stands in dist/carried: `make deck` installs it.
"""
from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable
from html import escape
from pathlib import Path

import nbformat
import recordings
import source as lessons
import tomllib
from website import formulas, pages, papers, pictures, slides, stops

__all__ = ["build", "main"]

HERE = lessons.ROOT / "authoring"
CARRIED = lessons.ROOT / "dist" / "carried" / "node_modules"
REVEAL = ("reveal.js/dist/reset.css", "reveal.js/dist/reveal.css", "reveal.js/dist/reveal.js",
          "reveal.js/plugin/notes/notes.js")
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
{head}
</head>
<body>
{body}
</body>
</html>
"""
STYLES = '<link rel="stylesheet" href="carried/deck.css">'
FORMULAS = '<script src="carried/formulas.js" defer></script>'
SLIDES = ('<link rel="stylesheet" href="carried/reset.css"><link rel="stylesheet" href="carried/reveal.css">' + STYLES)
SCRIPTS = "".join(f'<script src="carried/{name}.js"></script>' for name in ("reveal", "notes", "deck")) + FORMULAS


def build(out: Path) -> list[Path]:
    """Write everything into a folder and return the pages. ValueError where INSTRUCTOR.md, deck.toml and the notebooks do not agree."""
    shutil.rmtree(out, ignore_errors=True)
    carried = out / "carried"
    carried.mkdir(parents=True)
    for name in REVEAL:
        shutil.copy(CARRIED / name, carried)
    formulas.carry(CARRIED / "mathjax" / "es5", carried)
    for name in ("deck.css", "deck.js"):
        shutil.copy(HERE / "website" / "static" / name, carried)
    text = (HERE / "INSTRUCTOR.md").read_text(encoding="utf-8")
    found = stops.stops(text, tomllib.loads((HERE / "deck.toml").read_text(encoding="utf-8")))
    main_road = {int(lessons.name_of(source)[:2]): source for source in lessons.sources() if lessons.name_of(source)[:2].isdigit()}
    notebooks = {number: nbformat.read(lessons.target(source, False), as_version=4) for number, source in main_road.items()}
    picture = pages.figure("", out / "pictures")
    names = {lessons.name_of(source): number for number, source in main_road.items()}
    shown = {stops.showing(notebooks[number], piece).id for number, here in found.items() for stop in here for piece in stop.cells}
    plays = recordings.write(out / "play", [play for play in recordings.catalogue() if play.notebook in names and play.cell in shown])
    pictures.shrink(out / "play")

    def playing(name: str) -> Callable[[str], str]:
        return lambda cell: plays[name, cell].html("play/") if (name, cell) in plays else ""

    written, decks = [], []
    for number, here in found.items():
        answers = lessons.target(main_road[number], True)
        solved = pages.paired(notebooks[number], nbformat.read(answers, as_version=4) if answers.exists() else None)
        name = lessons.name_of(main_road[number])
        lesson = slides.Lesson(number, notebooks[number], solved, picture, playing(name))
        body = f'<div class="reveal"><div class="slides">\n{slides.deck(lesson, here)}\n</div></div>\n{SCRIPTS}'
        written.append(_write(out / f"{name}.html", f"{lesson.title}, slides", SLIDES + recordings.head("play/"), body))
        decks.append((written[-1].name, lesson.title, len(here)))
    room, memory = papers.twelve(text), {_title(notebook): papers.from_memory(notebook) for notebook in notebooks.values()}
    sheet = slides.markdown((HERE / "SHEET.md").read_text(encoding="utf-8"))
    written += [_paper(out / "quiz.html", "Quiz", papers.quiz(room, memory), "quiz"),
                _paper(out / "key.html", "Key to the quiz", papers.key(room, memory), "quiz"),
                _paper(out / "sheet.html", "One page to keep", sheet, "sheet"),
                _paper(out / "index.html", "For a room", _index(decks), "index")]
    return written


def _title(notebook: nbformat.NotebookNode) -> str:
    return str(notebook.cells[0].source).partition("\n")[0].removeprefix("# ")


def _index(decks: list[tuple[str, str, int]]) -> str:
    """The list of what there is."""
    listed = "".join(f'<li><a href="{name}">{escape(title)}</a>, {count} stops</li>' for name, title, count in decks)
    return ("<h1>For a room</h1><p>Slides for a projector, one deck for each lesson. Each stop is a question, a silent minute with a "
            f"clock, something to play with or to look at, and then the answer.</p><ul>{listed}</ul>"
            "<p>T starts and stops the clock. S opens your notes in a window of their own, and N shows them on the slide. A slider takes "
            "the arrow keys while it is in use, Escape gives them back, and Page Down goes on at any time.</p>"
            '<h2>On paper</h2><ul><li><a href="quiz.html">The quiz</a></li><li><a href="key.html">Its key</a></li>'
            '<li><a href="sheet.html">One page to keep</a>, with symbols, rules, PyTorch\'s names and what a gradient is</li></ul>')


def _paper(path: Path, title: str, body: str, kind: str) -> Path:
    return _write(path, title, STYLES + FORMULAS, f'<main class="{kind}">{body}</main>')


def _write(path: Path, title: str, head: str, body: str) -> Path:
    path.write_text(PAGE.format(title=escape(title), head=head, body=body), encoding="utf-8", newline="\n")
    return path


def main(arguments: list[str] | None = None) -> int:
    """Build, and say where to look; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=lessons.ROOT / "site" / "deck")
    out = parser.parse_args(arguments).out
    build(out)
    print(f"open {out / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
