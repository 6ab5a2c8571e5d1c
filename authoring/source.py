"""The lessons' sources: which there are, which notebooks each makes, and these as they are before they are run.

A source is in jupytext's percent format. `lessons/deeper/07_momentum.py` makes `notebooks/deeper/07_momentum.ipynb`, and
`notebooks/solutions/deeper/07_momentum.ipynb` if it asks anything. Cells have tags: see style.TAGS.
"""
from __future__ import annotations

import ast
import hashlib
import re
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from links import BuildError, linked, moved

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib  # type: ignore[import-not-found,no-redef]

__all__ = ["METADATA", "assemble", "cells", "digest", "name_of", "named", "reached", "repository", "sources", "target", "variants"]

ROOT = Path(__file__).resolve().parent.parent
LESSONS, NOTEBOOKS = ROOT / "authoring" / "lessons", ROOT / "notebooks"
ANSWERS = re.compile(r"^# %%.*tags=.*[\"'](?:stub|solution)[\"']", flags=re.MULTILINE)
FORM = "# @title Set up: run me\n"  # Colab shows a cell that begins so by its title
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
}


def sources() -> list[Path]:
    """The lessons, in order, those of a folder after those above it."""
    return sorted(LESSONS.rglob("*.py"), key=lambda path: (len(path.parts), path))


def name_of(source: Path) -> str:
    """What a lesson is called: its place among the lessons, without the ending."""
    return source.relative_to(LESSONS).with_suffix("").as_posix()


def named(names: list[str]) -> list[Path]:
    """The lessons of these names, in order, all if there is none; BuildError for an unknown one."""
    known = {name_of(source): source for source in sources()}
    if unknown := {*names} - {*known}:
        raise BuildError(f"no lesson named {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    return [source for name, source in known.items() if not names or name in names]


def page(source: Path, solution: bool) -> str:
    """The notebook of a source, as a path from the folder of the notebooks."""
    return f"{'solutions/' * solution}{name_of(source)}.ipynb"


def target(source: Path, solution: bool) -> Path:
    """Where the notebook of a source goes."""
    return NOTEBOOKS / page(source, solution)


def variants(source: Path) -> tuple[bool, ...]:
    """Which notebooks a source makes: the student's, and the one with solutions if there is anything to solve."""
    return (False, True) if ANSWERS.search(source.read_text(encoding="utf-8")) else (False,)


def repository() -> str:
    """The project's address, from pyproject.toml; empty if it has none yet."""
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"].get("urls", {})
    return str(urls.get("Repository", ""))


def digest(source: Path) -> str:
    """What a notebook depends on, in short: the lesson, the setup cell, the data, the recorded results if it shows any, and
    the modules it imports, theirs included."""
    setup = ROOT / "authoring" / "setup_cell.py"
    files = [source, setup, ROOT / "lessonlib" / "style.mplstyle", *sorted(reached(_imported(source) | {"lessonlib.plots"}))]
    text = repository() + "".join(path.read_text(encoding="utf-8") for path in files)
    sums = (ROOT / "data" / "SHA256SUMS").read_text(encoding="ascii").splitlines()
    shows_records = re.search(r"recorded\(|from_record\(", source.read_text(encoding="utf-8")) is not None
    text += "".join(line for line in sums if shows_records or not line.endswith(".json"))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def reached(names: set[str]) -> set[Path]:
    """The files of lessonlib that importing these names runs."""
    files: set[Path] = set()
    while names:
        parts = names.pop().split(".")
        for depth in range(1, len(parts) + 1):
            stem = ROOT.joinpath(*parts[:depth])
            for path in (stem.with_suffix(".py"), stem / "__init__.py"):
                if parts[0] == "lessonlib" and path.exists() and path not in files:
                    files.add(path)
                    names |= _imported(path)
    return files


def _imported(path: Path) -> set[str]:
    """Everything that a file, a module or a lesson, imports by name, wherever the import stands."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError:  # a lesson with a magic in it, which check_source refuses by its place
        return set()
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def cells(source: Path, *, solution: bool) -> list[nbformat.NotebookNode]:
    """The cells of a notebook as its source writes them."""
    drop = "stub" if solution else "solution"
    return [cell for cell in jupytext.read(source).cells if drop not in cell.metadata.get("tags", [])]


def assemble(source: Path, *, solution: bool) -> nbformat.NotebookNode:
    """The notebook of a source as it is before execution, blanks unfilled."""
    made = cells(source, solution=solution)
    entries = _glossary()
    for number, cell in enumerate(made):
        tags = cell.metadata.get("tags", [])
        if "setup" in tags:
            cell.source = _setup_cell(name_of(source))
        elif cell.cell_type == "markdown":
            try:
                cell.source = _with_links(cell.source, source, solution, entries)
            except BuildError as error:
                raise BuildError(f"{page(source, solution)}, cell {number}: {error}") from None
        cell.metadata = nbformat.from_dict(_metadata(tags) | {k: v for k, v in cell.metadata.items() if k == "slideshow"})
    address = repository().removeprefix("https://github.com/")
    if address != repository() and made:
        path = target(source, solution).relative_to(ROOT).as_posix()
        badge = "https://colab.research.google.com/assets/colab-badge.svg"
        made[0].source += f"\n\n[![Open in Colab]({badge})](https://colab.research.google.com/github/{address}/blob/main/{path})"
    seen: dict[str, int] = {}
    for cell in made:
        name = hashlib.sha256((cell.cell_type + cell.source).encode()).hexdigest()[:10]
        seen[name] = seen.get(name, 0) + 1
        cell.id = f"{name}-{seen[name]}"
    return nbformat.v4.new_notebook(cells=made, metadata=METADATA | {"lessonlib": {"built_from": digest(source)}})


def _setup_cell(lesson: str) -> str:
    """The first cell of every notebook, with the project's address and the lesson's name in it."""
    text = (ROOT / "authoring" / "setup_cell.py").read_text(encoding="utf-8").strip()
    return FORM + text.replace('REPOSITORY = ""', f'REPOSITORY = "{repository()}"').replace('LESSON = ""', f'LESSON = "{lesson}"')


def _metadata(tags: list[str]) -> dict[str, Any]:
    """What nbval, JupyterLab and Colab must be told for a cell with these tags."""
    if not tags:
        return {}
    unstable = {"machine", "chaotic"} & {*tags}
    told: dict[str, Any] = {"tags": [*tags, *["nbval-ignore-output"] * bool(unstable)]}
    if "setup" in tags:
        told |= {"jupyter": {"source_hidden": True}, "cellView": "form"}
    if "answer" in tags:
        told |= {"jupyter": {"outputs_hidden": True}, "collapsed": True}
    return told


def _glossary() -> list[str]:
    """The entries of the glossary, by its headings of the third level."""
    path = LESSONS / "glossary.py"
    return re.findall(r"^# ### (.+)$", path.read_text(encoding="utf-8"), flags=re.MULTILINE) if path.exists() else []


def _with_links(text: str, source: Path, solution: bool, entries: list[str]) -> str:
    """The text of a cell with its links as they are from its notebook, to solutions if it is one of them."""
    def becomes(file: str) -> str:
        other = LESSONS / f"{file.removesuffix('.ipynb')}.py"
        return f"solutions/{file}" if solution and file.endswith(".ipynb") and other.exists() and len(variants(other)) == 2 else file

    written = page(source, False)
    text = linked(text, entries, "../" * written.count("/") + "glossary.ipynb")
    return moved(text, written, page(source, True), becomes) if solution else text
