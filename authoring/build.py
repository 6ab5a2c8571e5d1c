"""Build the notebooks from authoring/lessons/: student and solution variants, executed, outputs stored.

    python authoring/build.py [--check] [--force] [--slow] [NAME ...]
    python authoring/build.py --publish OWNER/NAME

A NAME is a lesson's place without its ending, such as 07_momentum or deeper/07_momentum. `{{ expression:format }}` in a markdown cell
is filled from the running notebook at that place, `[[gradient]]` leads to the glossary. Only what changed is built again.
"""
from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

import nbformat
import source as lessons
from addresses import FILES
from execute import execute, fill
from links import BuildError
from style import check_source

__all__ = ["build", "main", "publish", "stale", "write"]

LIMITS_S = {".": 90, "deeper": 90}  # a lesson runs no longer on two cores, by its folder


def limit(source: Path) -> int:
    """The seconds that a lesson may take."""
    return LIMITS_S[source.parent.relative_to(lessons.LESSONS).as_posix()]


def build(source: Path, *, solution: bool, slow: bool = False) -> float:
    """Build one variant of a lesson and write it; return the seconds it took to run. Writes nothing on BuildError."""
    path = lessons.target(source, solution)
    name = path.relative_to(lessons.NOTEBOOKS).as_posix()
    check_source(lessons.cells(source, solution=solution), name)
    notebook = lessons.assemble(source, solution=solution)
    path.parent.mkdir(parents=True, exist_ok=True)
    seconds = execute(notebook, path.parent, name)
    if seconds > limit(source) and not slow:
        raise BuildError(f"{name} takes {seconds:.0f} s, more than {limit(source)}; make it lighter, or record a result in data/")
    write(notebook, path)
    return seconds


def stale(source: Path, solution: bool) -> bool:
    """Whether a notebook is missing or made from something else."""
    path = lessons.target(source, solution)
    if not path.exists():
        return True
    return bool(nbformat.read(path, as_version=4).metadata.get("lessonlib", {}).get("built_from") != lessons.digest(source))


def publish(address: str) -> None:
    """Write the project's address (owner/name on GitHub) into the files of addresses.FILES, and badges and setup cells into the notebooks,
    unexecuted.

    Raises BuildError, and writes nothing, for another form of address or where a notebook is not what its source makes.
    """
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", address):
        raise BuildError(f"address={address!r}: write OWNER/NAME as it stands after github.com/")
    every = [(source, solution) for source in lessons.sources() for solution in lessons.variants(source)]
    old = [lessons.target(*case).name for case in every if stale(*case)]
    if old:
        raise BuildError(f"{', '.join(sorted(set(old)))} must be built first: make notebooks")
    try:
        texts = {lessons.ROOT / name: told((lessons.ROOT / name).read_text(encoding="utf-8"), address) for name, told in FILES.items()}
    except ValueError as error:
        raise BuildError(str(error)) from None
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    for source, solution in every:
        path = lessons.target(source, solution)
        notebook, fresh = nbformat.read(path, as_version=4), lessons.assemble(source, solution=solution)
        for cell, new in zip(notebook.cells, fresh.cells, strict=True):
            cell.source, cell.id = fill(new.source, cell.metadata.get("lessonlib", {}).get("values", [])), new.id
        notebook.metadata = fresh.metadata
        write(notebook, path)


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook in the form that gives small differences."""
    path.write_text(json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8", newline="\n")


def main(arguments: list[str] | None = None) -> int:
    """Build what changed; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--check", action="store_true", help="say what is out of date, build nothing")
    parser.add_argument("--force", action="store_true", help="build everything")
    parser.add_argument("--slow", action="store_true", help="build what takes longer than the limit, too")
    parser.add_argument("--publish", metavar="OWNER/NAME", help="write the project's address, badges and setup cells; execute nothing")
    options = parser.parse_args(arguments)
    try:
        if options.publish is not None:
            publish(options.publish)
            return 0
        every = [(source, solution) for source in lessons.named(options.names) for solution in lessons.variants(source)]
        todo = [case for case in every if options.force or stale(*case)]
        for source, solution in todo:
            shown = lessons.target(source, solution).relative_to(lessons.NOTEBOOKS.parent).as_posix()
            print(f"{shown} is out of date" if options.check else f"{shown}: {build(source, solution=solution, slow=options.slow):.0f} s",
                  flush=True)
    except BuildError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 1 if options.check and todo else 0


if __name__ == "__main__":
    sys.exit(main())
