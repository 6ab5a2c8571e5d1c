"""Build the pages from the executed notebooks: site/, which opens from a folder and asks nothing of any other host.

    python authoring/build_site.py [--out FOLDER] [NAME ...]

A NAME is a lesson's place without its ending, such as 07_momentum or deeper/07_momentum; without one, all are built. What Sphinx reads
is prepared in dist/site. Sphinx stands in .venv-site and what the pages carry along in dist/carried: `make site` installs both.
"""
from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import recordings
import source as lessons
from website import formulas, front, icons, pages, pictures, prose, words

__all__ = ["addresses", "main", "prepare", "sphinx"]

WEBSITE, PREPARED = lessons.ROOT / "authoring" / "website", lessons.ROOT / "dist" / "site" / "pages"
CARRIED = lessons.ROOT / "dist" / "carried" / "node_modules"
COLAB = "https://colab.research.google.com/github"
NEEDS_TORCH = "11_gpu_lab"  # from its first cell on, so the browser edition has no such lesson
TRACKS = (("The main road", lambda name: name[:2].isdigit()), ("Going deeper", lambda name: name.startswith("deeper/")),
          ("Look it up", lambda name: name == "glossary"))


def urls() -> dict[str, str]:
    """The project's addresses, from pyproject.toml, by their names there; `make publish` writes them."""
    project = (lessons.ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return dict(lessons.tomllib.loads(project)["project"].get("urls", {}))


def addresses(page: str) -> list[tuple[str, str]]:
    """(name, address) for each place where the notebook of a page can be run, as far as the project has an address."""
    known, found = urls(), []
    if "Repository" in known:
        place = known["Repository"].removeprefix("https://github.com/")
        found.append(("Open in Colab", f"{COLAB}/{place}/blob/main/notebooks/{page}.ipynb"))
    if "Documentation" in known and not page.endswith(NEEDS_TORCH):  # the browser edition stands beside the pages
        found.append(("Run in your browser", f"{known['Documentation']}lite/lab/index.html?path={page}.ipynb"))
    return found if page != "glossary" else []


def prepare(names: list[str], folder: Path) -> None:
    """Write what Sphinx reads: the pages of these lessons, the front page, the settings, and what is carried along."""
    shutil.rmtree(folder, ignore_errors=True)
    every = lessons.named(names)
    students = {lessons.name_of(source): nbformat.read(lessons.target(source, False), as_version=4) for source in every}
    glossary = nbformat.read(lessons.target(lessons.named(["glossary"])[0], False), as_version=4)
    asked = [prose.asked_for(cell.source, page) for page, notebook in students.items() for cell in notebook.cells
             if cell.cell_type == "markdown"]
    beside = folder / "beside"
    plays = recordings.write(beside / "play", [play for play in recordings.catalogue() if play.notebook in students])
    pictures.shrink(beside / "play")

    def play(page: str, cell: str) -> str:
        return plays[page, cell].html(f"{pages.to_root(page)}play/") if (page, cell) in plays else ""

    course = pages.Course(words=words.entries("\n\n".join(cell.source for cell in glossary.cells)), places=set().union(*asked),
                          pages={*students}, folder=beside / "pictures", play=play, open_in=addresses,
                          player=lambda page: recordings.head(f"{pages.to_root(page)}play/"))
    for source in every:
        name = lessons.name_of(source)
        solved = nbformat.read(lessons.target(source, True), as_version=4) if True in lessons.variants(source) else None
        path = folder / f"{name}.ipynb"
        path.parent.mkdir(parents=True, exist_ok=True)
        nbformat.write(pages.prepared(students[name], solved, name, course), path)
    (folder / "index.md").write_text(_front([*students]), encoding="utf-8")
    shutil.copytree(WEBSITE / "static", folder / "carried", ignore=shutil.ignore_patterns("deck.*"))
    formulas.carry(CARRIED / "mathjax" / "es5", folder / "carried" / "mathjax")
    shutil.copy(WEBSITE / "conf.py", folder)
    (folder / "site.json").write_text(json.dumps({"css": [], "js": []}), encoding="utf-8")


def _front(names: list[str]) -> str:
    """The front page, with the order of all pages."""
    every = [lessons.name_of(source) for source in lessons.sources()]  # the map shows all, also where some alone are built
    mains = {int(name[:2]): f"{name}.html" for name in every if name[:2].isdigit()}
    deeper = {int(name[7:9]): f"{name}.html" for name in every if name.startswith("deeper/")}
    trees = [f"```{{toctree}}\n:hidden:\n:caption: {track}\n\n" + "\n".join(filter(belongs, names)) + "\n```" for track, belongs in TRACKS]
    return front.front(mains, deeper, [name for name, _ in addresses("")]) + "\n" + "\n\n".join(trees) + "\n"


def sphinx(folder: Path, out: Path) -> None:
    """Have Sphinx make the pages; a warning of its is an error here. They take the place of those that are there, and the decks stay."""
    python = lessons.ROOT / ".venv-site" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if not python.exists():
        raise SystemExit("error: Sphinx is not installed yet: make site")
    strict = ["-q", "-E", "-W", "--keep-going"]
    made = folder.parent / "html"  # Sphinx and its extensions leave other things beside what they make
    shutil.rmtree(made, ignore_errors=True)
    places: list[str | Path] = ["-d", folder.parent / "doctrees", folder, made]
    if subprocess.run([python, "-m", "sphinx", *strict, "-b", "html", *places], check=False).returncode:
        raise SystemExit("error: Sphinx has complained, see above")
    icons.lighten(made)
    out.mkdir(parents=True, exist_ok=True)
    for old in out.iterdir():
        if old.name != "deck":
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    shutil.copytree(made, out, dirs_exist_ok=True, ignore=shutil.ignore_patterns("_sources", "objects.inv"))


def main(arguments: list[str] | None = None) -> int:
    """Build the pages; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--out", type=Path, default=lessons.ROOT / "site")
    options = parser.parse_args(arguments)
    prepare(options.names, PREPARED)
    sphinx(PREPARED, options.out)
    print(f"open {options.out / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
