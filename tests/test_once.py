"""What a notebook with solutions runs itself."""
from __future__ import annotations

from pathlib import Path

import nbformat
import once
import pytest
from nbformat import v4
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

NOTEBOOKS = Path(__file__).parents[1] / "notebooks"
PAIRS = [(NOTEBOOKS / path.relative_to(NOTEBOOKS / "solutions"), path) for path in sorted((NOTEBOOKS / "solutions").rglob("*.ipynb"))]
CELLS = [  # of a small lesson: the text of each code cell, "##" where a part begins
    "import numpy as np", "##", "grid = np.arange(9)", "slow = grid**2", "def train(g):\n    ...", "judge(train, grid)",
    "##", "from here import judge, mine", "rows = []", "rows.append(1)", "slow(rows)", "mine(\"train\")", "judge(rows)"]


def written(folder, name, answer, told, blank="1"):
    """A small lesson as a notebook; the judge's answer and the number in the last text are given."""
    cells = []
    for number, code in enumerate(CELLS):
        if code == "##":
            cells.append(new_markdown_cell("## Part", id=f"part{number}"))
            continue
        cell = new_code_cell(answer if "..." in code else code, id=("mine" if answer.endswith("g") else "stub") if "..." in code else f"cell{number}")
        cell.outputs = [new_output("stream", text=told if code.startswith("judge") and "grid" in code else "as ever")]
        cells.append(cell)
    text = new_markdown_cell(f"It is {blank}.", id="text", metadata={"lessonlib": {"blanks": ["rows[0]"], "values": [blank]}})
    path = folder / f"{name}.ipynb"
    nbformat.write(new_notebook(cells=[*cells, text]), path)
    return path


def test_a_solution_runs_what_differs_and_what_that_needs_and_nothing_else(tmp_path):
    learner = written(tmp_path, "learner", "def train(g):\n    ...", "Not answered yet.")
    solution = written(tmp_path, "solution", "def train(g):\n    return g", "Correct.")
    codes = [code for code in CELLS if code != "##"]
    chosen = [codes[i].partition("\n")[0] for i in sorted(once.cells_of_its_own(learner, solution))]
    assert chosen == ["import numpy as np", "grid = np.arange(9)", "def train(g):", "judge(train, grid)"]


def test_a_number_in_the_text_that_differs_is_computed_again_with_all_that_changes_it(tmp_path):
    learner = written(tmp_path, "learner", "def train(g):\n    ...", "as ever")
    solution = written(tmp_path, "solution", "def train(g):\n    ...", "as ever", blank="2")
    codes = [code for code in CELLS if code != "##"]
    chosen = [codes[i] for i in sorted(once.cells_of_its_own(learner, solution))]
    assert chosen == ["import numpy as np", "from here import judge, mine", "rows = []", "rows.append(1)", "judge(rows)"]


@pytest.mark.parametrize(("learner", "solution"), PAIRS, ids=[path.relative_to(NOTEBOOKS).as_posix() for _, path in PAIRS])
def test_every_cell_that_is_left_out_stands_in_the_learners_notebook_with_the_same_outputs(learner, solution):
    own = once.cells_of_its_own(learner, solution)
    theirs = {cell.id: once.shown(cell) for cell in v4.reads(learner.read_text(encoding="utf-8")).cells if cell.cell_type == "code"}
    cells = [cell for cell in v4.reads(solution.read_text(encoding="utf-8")).cells if cell.cell_type == "code"]
    left = [cell for number, cell in enumerate(cells) if number not in own]
    assert left
    assert all(theirs[cell.id] == once.shown(cell) for cell in left)
    assert all(number in own for number, cell in enumerate(cells) if "solution" in cell.metadata.get("tags", []))
