"""The committed notebooks are what their sources make."""
from __future__ import annotations

from statistics import median

import build
import nbformat
import pytest
import source as lessons
import style
from execute import blanks, fill

CASES = [(source, solution) for source in lessons.sources() for solution in lessons.variants(source)]
cases = pytest.mark.parametrize(("source", "solution"), CASES, ids=[f"{lessons.name_of(s)}{'-solution' * v}" for s, v in CASES])


def committed(source, solution):
    return nbformat.read(lessons.target(source, solution), as_version=4)


@cases
def test_every_cell_is_as_its_source_makes_it(source, solution):
    fresh, stored = lessons.assemble(source, solution=solution), committed(source, solution)
    assert len(fresh.cells) == len(stored.cells)
    for new, old in zip(fresh.cells, stored.cells, strict=True):
        kept = old.metadata.get("lessonlib", {"blanks": [], "values": []})
        assert kept["blanks"] == (blanks(new.source) if new.cell_type == "markdown" else [])
        text = fill(new.source, kept["values"]) if kept["values"] else new.source
        assert (new.cell_type, text, new.metadata) == (old.cell_type, old.source, {k: v for k, v in old.metadata.items() if k != "lessonlib"})


@cases
def test_it_was_run_with_the_library_as_it_is_now(source, solution):
    assert not build.stale(source, solution), "run make notebooks"


@cases
def test_it_was_run_from_top_to_bottom_without_an_error(source, solution):
    code = [cell for cell in committed(source, solution).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [o for cell in code for o in cell.outputs if o.output_type == "error"]


@cases
def test_it_shows_its_pictures_without_a_kernel_and_stays_small(source, solution):
    notebook = committed(source, solution)
    live = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.rstrip().endswith(".live()")]
    for cell in live:
        (output,) = cell.outputs
        assert set(output["data"]) == {"image/png", "text/plain"}
        assert len(output["data"]["text/plain"]) > 60
    assert "widgets" not in notebook.metadata
    assert lessons.target(source, solution).stat().st_size < 1_000_000


@cases
def test_its_code_cells_are_short(source, solution):
    lengths = [len(c.source.splitlines()) for c in committed(source, solution).cells
               if c.cell_type == "code" and "setup" not in c.metadata.get("tags", [])]
    assert max(lengths, default=0) <= style.LINES
    assert median(lengths or [0]) <= 8


@cases
def test_answers_are_in_the_solutions_only(source, solution):
    tags = {tag for cell in committed(source, solution).cells for tag in cell.metadata.get("tags", [])}
    both = len(lessons.variants(source)) == 2
    assert ("stub" in tags, "solution" in tags) == (both and not solution, both and solution)


def test_there_is_no_notebook_without_a_source():
    wanted = {lessons.target(*case) for case in CASES}
    made = {path for path in lessons.NOTEBOOKS.rglob("*.ipynb") if ".ipynb_checkpoints" not in path.parts}
    assert made - wanted == set()
