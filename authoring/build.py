"""Build the notebooks from authoring/lessons/*.py: student and solution variants, executed, outputs stored.

    python authoring/build.py [--check] [--force] [--slow] [NAME ...]
    python authoring/build.py --publish OWNER/NAME

A lesson is in jupytext's percent format. Cell tags: `setup` is replaced by the setup cell; `stub` stays in the student notebook
only, `solution` in the solutions only; a source with neither makes one notebook for both. `nbval-ignore-output` marks a cell that
speaks of the machine: it runs, nothing is stored, nothing is compared; with `chaotic` beside it, what it shows is stored.
`{{ expression:format }}` in a markdown cell is filled from the running notebook at that place. Only what changed is built again.
"""
from __future__ import annotations

import argparse
import ast
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jupytext
import nbformat
from jupyter_client import BlockingKernelClient
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib  # type: ignore[import-not-found,no-redef]

__all__ = ["BuildError", "assemble", "build", "check_source", "fill", "main", "publish", "sources", "variants"]

ROOT = Path(__file__).resolve().parent.parent
LESSONS, NOTEBOOKS = ROOT / "authoring" / "lessons", ROOT / "notebooks"
VIEW = "application/vnd.jupyter.widget-view+json"
LINK = re.compile(r"\]\((?!\w+:|[#/])(?P<path>[^)#\s]+)")  # of a relative link, the file
ANSWERS = re.compile(r"^# %%.*tags=.*[\"'](?:stub|solution)[\"']", flags=re.MULTILINE)
BLANK = re.compile(r"\{\{ *(?P<value>[^{}]+?) *\}\}")  # no braces inside, so LaTeX's {{...}} with a group in it is left alone
LIMIT_S = 90
LINES = 15
WIDTH = 100  # columns; more is cut off in a window of usual width
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python", "file_extension": ".py", "mimetype": "text/x-python"},
}


class BuildError(Exception):
    """A lesson that cannot be built; the text says which cell and why."""


def sources() -> list[Path]:
    """The lessons, in order."""
    return sorted(LESSONS.glob("*.py"))


def target(source: Path, solution: bool) -> Path:
    """Where the notebook of a source goes."""
    return (NOTEBOOKS / "solutions" if solution else NOTEBOOKS) / f"{source.stem}.ipynb"


def variants(source: Path) -> tuple[bool, ...]:
    """Which notebooks a source makes: the student's, and the one with solutions if there is anything to solve."""
    return (False, True) if ANSWERS.search(source.read_text(encoding="utf-8")) else (False,)


def from_solutions(text: str) -> str:
    """The text of a cell with its relative links as they are from the folder of the solutions."""
    def moved(link: re.Match[str]) -> str:
        source = LESSONS / f"{link['path'].removesuffix('.ipynb')}.py"
        beside = link["path"].endswith(".ipynb") and "/" not in link["path"] and not (source.exists() and len(variants(source)) == 1)
        return link[0] if beside else f"](../{link['path']}"

    return LINK.sub(moved, text)


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
    shows_records = "recorded(" in source.read_text(encoding="utf-8")
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
    text = path.read_text(encoding="utf-8")
    found: set[str] = set()
    if not _parses(text, "exec"):  # a lesson with a magic in it, which check_source refuses by its place
        return found
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def setup_cell() -> str:
    """The first cell of every notebook, with the project's address in it."""
    text = (ROOT / "authoring" / "setup_cell.py").read_text(encoding="utf-8").strip()
    return text.replace('REPOSITORY = ""', f'REPOSITORY = "{repository()}"')


def assemble(source: Path, *, solution: bool) -> nbformat.NotebookNode:
    """The notebook of a source as it is before execution, blanks unfilled."""
    notebook = jupytext.read(source)
    drop = "stub" if solution else "solution"
    cells = []
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        if drop in tags:
            continue
        if "setup" in tags:
            cell.source = setup_cell()
        if solution and cell.cell_type == "markdown":
            cell.source = from_solutions(cell.source)
        keep: dict[str, Any] = {"tags": tags} if tags else {}
        if "slideshow" in cell.metadata:
            keep["slideshow"] = cell.metadata["slideshow"]
        cell.metadata = nbformat.from_dict(keep)
        cells.append(cell)
    address = repository().removeprefix("https://github.com/")
    if address != repository() and cells:
        path = target(source, solution).relative_to(ROOT).as_posix()
        badge = "https://colab.research.google.com/assets/colab-badge.svg"
        cells[0].source += f"\n\n[![Open in Colab]({badge})](https://colab.research.google.com/github/{address}/blob/main/{path})"
    seen: dict[str, int] = {}
    for cell in cells:
        name = hashlib.sha256((cell.cell_type + cell.source).encode()).hexdigest()[:10]
        seen[name] = seen.get(name, 0) + 1
        cell.id = f"{name}-{seen[name]}"
    return nbformat.v4.new_notebook(cells=cells, metadata=METADATA | {"lessonlib": {"built_from": digest(source)}})


def check_source(notebook: nbformat.NotebookNode, name: str) -> None:
    """Raise BuildError where a lesson breaks a house rule that can be read off its cells."""
    level, titles = 0, 0
    for number, cell in enumerate(notebook.cells):
        where = f"{name}, cell {number}"
        if cell.cell_type == "code":
            lines = cell.source.splitlines()
            if len(lines) > LINES:
                raise BuildError(f"{where}: {len(lines)} lines of code, at most {LINES}; split it")
            if "setup" not in cell.metadata.get("tags", []) and any(line.startswith(("!", "%")) for line in lines):
                raise BuildError(f"{where}: shell commands and magics belong to no lesson; write Python")
            if "setup" not in cell.metadata.get("tags", []) and max(map(len, lines), default=0) > WIDTH:
                raise BuildError(f"{where}: {max(map(len, lines))} columns of code, at most {WIDTH}; wrap it")
            if any(line.endswith(";") for line in lines):
                raise BuildError(f"{where}: nbval shows what a closing semicolon hides; write _ = ...")
            before = notebook.cells[number - 1] if number else None
            if before is None or (before.cell_type == "code" and "setup" not in before.metadata.get("tags", [])):
                raise BuildError(f"{where}: say in words what the code is for, before it")
            continue
        for mark in re.findall(r"^(#+) ", cell.source, flags=re.MULTILINE):
            titles += len(mark) == 1
            if len(mark) > level + 1:
                raise BuildError(f"{where}: a heading of level {len(mark)} under one of level {level}; skip none")
            level = len(mark)
    if titles != 1:
        raise BuildError(f"{name}: {titles} titles (# ...), exactly one")


def fill(text: str, values: list[str]) -> str:
    """The text with its blanks filled in order."""
    remaining = iter(values)
    return BLANK.sub(lambda _: next(remaining), text)


def blanks(text: str) -> list[str]:
    """A Python expression for each blank, which gives its text."""
    found = []
    for match in BLANK.finditer(text):
        value, colon, spec = match["value"].rpartition(":")
        if not colon or not _parses(value):
            value, spec = match["value"], ""
        found.append(f"format({value}, {spec!r})")
    return found


def _parses(text: str, mode: str = "eval") -> bool:
    try:
        ast.parse(text.strip(), mode=mode)
    except SyntaxError:
        return False
    return True


def ask(client: Any, expressions: list[str]) -> list[str]:
    """The values of expressions, each a text, in the kernel behind a blocking or asynchronous client; raises BuildError."""
    reply = client.execute("", silent=False, store_history=False, reply=True, timeout=60,
                           user_expressions={str(i): e for i, e in enumerate(expressions)})
    answers = []
    for i, expression in enumerate(expressions):
        answer = reply["content"]["user_expressions"][str(i)]
        if answer["status"] != "ok":
            raise BuildError(f"{expression} cannot be filled in: {answer['ename']}: {answer['evalue']}")
        answers.append(str(ast.literal_eval(answer["data"]["text/plain"])))
    return answers


def execute(notebook: nbformat.NotebookNode, folder: Path, name: str) -> float:
    """Run all cells in place, fill the blanks, clean the outputs; return the seconds it took."""
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}, store_widget_state=False)
    begun = time.perf_counter()
    with client.setup_kernel(env=os.environ | {"LESSONLIB_PROGRESS": "0", "PYTHONHASHSEED": "0"}):
        asker = BlockingKernelClient(connection_file=client.km.connection_file)  # for the blanks: nbclient's own is asynchronous
        asker.load_connection_file()
        asker.start_channels(iopub=False, stdin=False, hb=False, control=False)
        try:
            for number, cell in enumerate(notebook.cells):
                try:
                    if cell.cell_type == "code":
                        client.execute_cell(cell, number)
                        clean(cell, f"{name}, cell {number}")
                    elif blanks(cell.source):
                        values = ask(asker, blanks(cell.source))
                        cell.metadata["lessonlib"] = {"blanks": blanks(cell.source), "values": values}
                        cell.source = fill(cell.source, values)
                except CellExecutionError as error:
                    raise BuildError(f"{name}, cell {number} raises {error.ename}: {error.evalue}\n\n{cell.source}") from None
                except BuildError as error:
                    raise BuildError(f"{name}, cell {number}: {error}") from None
        finally:
            asker.stop_channels()
    return time.perf_counter() - begun


def clean(cell: nbformat.NotebookNode, where: str) -> None:
    """Keep of the outputs what a reader without a kernel can see; refuse what would differ from run to run."""
    cell.metadata.pop("execution", None)
    if {"nbval-ignore-output", "chaotic"} & {*cell.metadata.get("tags", [])} == {"nbval-ignore-output"}:
        cell.outputs = []
    merged: list[nbformat.NotebookNode] = []
    for output in cell.outputs:  # how a stream is cut into messages differs from run to run
        if merged and output.output_type == merged[-1].output_type == "stream" and output.name == merged[-1].name:
            merged[-1].text += output.text
        else:
            merged.append(output)
    cell.outputs = merged
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr":
            raise BuildError(f"{where} writes to stderr: {output.text[:300]}")
        if VIEW in output.get("data", {}):
            if "image/png" not in output.data:
                raise BuildError(f"{where} shows a widget without a picture: give it to an Experiment")
            del output.data[VIEW]  # a view without its kernel shows an error in place of the picture


def build(source: Path, *, solution: bool, slow: bool = False) -> float:
    """Build one variant of a lesson and write it; return the seconds it took to run. Writes nothing on BuildError."""
    notebook, path = assemble(source, solution=solution), target(source, solution)
    path.parent.mkdir(parents=True, exist_ok=True)
    check_source(notebook, path.name)
    seconds = execute(notebook, path.parent, path.name)
    if seconds > LIMIT_S and not slow:
        raise BuildError(f"{path.name} takes {seconds:.0f} s, more than {LIMIT_S}; make it lighter, or record a result in data/")
    write(notebook, path)
    return seconds


def stale(source: Path, solution: bool) -> bool:
    """Whether a notebook is missing or made from something else."""
    path = target(source, solution)
    if not path.exists():
        return True
    return bool(nbformat.read(path, as_version=4).metadata.get("lessonlib", {}).get("built_from") != digest(source))


def unpublished(text: str) -> str:
    """The text of pyproject.toml without the project's address."""
    return re.sub(r"\n\[project\.urls\]\n(?:[^\[\n].*\n)*", "", text)


def publish(address: str) -> None:
    """Write the project's address (owner/name on GitHub) into pyproject.toml, and badges and setup cells into the notebooks, unexecuted.

    Raises BuildError, and writes nothing, for another form of address or where a notebook is not what its source makes.
    """
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", address):
        raise BuildError(f"address={address!r}: write OWNER/NAME as it stands after github.com/")
    every = list(_wanted([]))
    old = [target(*case).name for case in every if stale(*case)]
    if old:
        raise BuildError(f"{', '.join(sorted(set(old)))} must be built first: make notebooks")
    project = ROOT / "pyproject.toml"
    text = unpublished(project.read_text(encoding="utf-8"))
    urls = f'\n[project.urls]\nRepository = "https://github.com/{address}"\n'
    project.write_text(text.replace("\n[project.optional-dependencies]", f"{urls}\n[project.optional-dependencies]", 1),
                       encoding="utf-8", newline="\n")
    for case in every:
        notebook, fresh = nbformat.read(target(*case), as_version=4), assemble(*case[:1], solution=case[1])
        for cell, new in zip(notebook.cells, fresh.cells, strict=True):
            cell.source, cell.id = fill(new.source, cell.metadata.get("lessonlib", {}).get("values", [])), new.id
        notebook.metadata = fresh.metadata
        write(notebook, target(*case))


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook in the form that gives small differences."""
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8", newline="\n")


def _wanted(names: list[str]) -> Iterator[tuple[Path, bool]]:
    unknown = set(names) - {source.stem for source in sources()}
    if unknown:
        raise BuildError(f"no lesson named {', '.join(sorted(unknown))}; there are {', '.join(s.stem for s in sources())}")
    for source in sources():
        if not names or source.stem in names:
            yield from ((source, solution) for solution in variants(source))


def main(arguments: list[str] | None = None) -> int:
    """Build what changed; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--check", action="store_true", help="say what is out of date, build nothing")
    parser.add_argument("--force", action="store_true", help="build everything")
    parser.add_argument("--slow", action="store_true", help=f"allow more than {LIMIT_S} s")
    parser.add_argument("--publish", metavar="OWNER/NAME", help="write the project's address, badges and setup cells; execute nothing")
    options = parser.parse_args(arguments)
    try:
        if options.publish is not None:
            publish(options.publish)
            return 0
        todo = [(s, v) for s, v in _wanted(options.names) if options.force or stale(s, v)]
        for source, solution in todo:
            path = target(source, solution)
            shown = f"{path.parent.name}/{path.name}"
            print(f"{shown} is out of date" if options.check else f"{shown}: {build(source, solution=solution, slow=options.slow):.0f} s",
                  flush=True)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 1 if options.check and todo else 0


if __name__ == "__main__":
    sys.exit(main())
