"""The library and the lessons where no thread and no other process can start and there is no PyTorch, as in a browser."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from lite_edition.needs_torch import plan
from lite_edition.notebooks import pages

ROOT = Path(__file__).resolve().parents[1]
QUICK = ("00_start_here.ipynb",)
WHOLE = os.environ.get("LESSONLIB_WHOLE_EDITION")  # set by make threadless
PAGES = [page for page in pages() if WHOLE or page in QUICK]


def stored(cell):
    """What a cell shows as text, as the notebook has it."""
    return [output.text if output.output_type == "stream" else output.data.get("text/plain", "") for output in cell.outputs]


@pytest.mark.parametrize("page", PAGES)
def test_every_cell_runs_and_says_what_is_stored_but_those_that_need_torch(page, tmp_path):
    notebook = nbformat.read(ROOT / "notebooks" / page, as_version=4)
    pairs = [(cell, its) for cell, its in zip(notebook.cells, plan(notebook.cells), strict=True) if cell.cell_type == "code"]
    for cell, its in pairs:  # what the edition keeps of a cell that needs torch goes before it
        cell.metadata["before"] = "\n".join(its.keeps)
    nbformat.write(notebook, tmp_path / "lesson.ipynb")
    done = subprocess.run([sys.executable, ROOT / "tests" / "threadless.py", tmp_path / "lesson.ipynb"], capture_output=True, text=True, check=False,
                          env=os.environ | {"PYTHONPATH": str(ROOT), "LESSONLIB_PROGRESS": "0", "PYTHONHASHSEED": "0", "MPLBACKEND": "agg"})
    assert done.returncode == 0, done.stderr[-2000:]
    wrong = []
    for (cell, its), (error, shown, complaint) in zip(pairs, json.loads(done.stdout.splitlines()[-1]), strict=True):
        tags = {*cell.metadata.get("tags", [])}
        if its.needs:  # a cell that only defines something runs, and so does a judge where nothing is answered yet
            if not error and cell.outputs and page.startswith("solutions/"):
                wrong.append(f"said to need torch, and runs without: {cell.source}")
        elif error or complaint:
            wrong.append(f"{error or complaint}: {cell.source}")
        elif not {"machine", "chaotic", "setup"} & tags and shown != stored(cell):
            wrong.append(f"shows {shown}, and stored is {stored(cell)}: {cell.source}")
    assert wrong == []
