"""Build the bank of exercises: dist/bank/, with exercises.ipynb, solutions.ipynb, which is run, and the judges beside them.

    python authoring/build_bank.py [--out FOLDER]

Hand out exercises.ipynb and bank_judges.py, into a folder within the course's own. Sources are in authoring/bank/.
"""
from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

import jupytext
import nbformat
import source as lessons
from build import write
from execute import execute

__all__ = ["BANK", "build_bank", "main", "notebook"]

ROOT = Path(__file__).resolve().parent.parent
BANK = ROOT / "authoring" / "bank"


def notebook(*, solution: bool) -> nbformat.NotebookNode:
    """The bank as a notebook, with stubs or with solutions."""
    drop = "stub" if solution else "solution"
    cells = [cell for cell in jupytext.read(BANK / "exercises.py").cells if drop not in cell.metadata.get("tags", [])]
    setup = (ROOT / "authoring" / "setup_cell.py").read_text(encoding="utf-8").strip()
    for number, cell in enumerate(cells):
        first = "setup" in cell.metadata.get("tags", [])
        if first:
            cell.source = "# @title Set up: run me\n" + setup.replace('REPOSITORY = ""', f'REPOSITORY = "{lessons.repository()}"')
        cell.metadata = nbformat.from_dict({"jupyter": {"source_hidden": True}, "cellView": "form"} if first else {})
        cell.id = f"bank-{number}"
    return nbformat.v4.new_notebook(cells=cells, metadata=lessons.METADATA)


def build_bank(folder: Path) -> None:
    """Write both notebooks and the judges into a folder; the one with solutions is run, and every judge must pass its own."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(BANK / "bank_judges.py", folder / "bank_judges.py")
    write(notebook(solution=False), folder / "exercises.ipynb")
    solved = notebook(solution=True)
    execute(solved, folder, "solutions.ipynb")
    write(solved, folder / "solutions.ipynb")


def main(arguments: list[str] | None = None) -> int:
    """Build, and say what to hand out."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "dist" / "bank")
    folder = parser.parse_args(arguments).out
    build_bank(folder)
    print(f"{folder}: hand out exercises.ipynb and bank_judges.py; solutions.ipynb is for afterwards")
    return 0


if __name__ == "__main__":
    sys.exit(main())
