"""Every part of a lesson can be entered after the setup cell: it imports and makes what it needs."""
from __future__ import annotations

import ast
import builtins
import re

import execute
import pytest
import source as lessons

SETUP = {"display", "plots", "progress", "get_ipython"}  # what Jupyter and the setup cell bring


def parts(source):
    """(heading, the code of the part): its cells of code, and what the blanks of its prose ask for."""
    found = []
    for cell in lessons.cells(source, solution=True):
        if cell.cell_type == "markdown":
            for piece in re.split(r"^(?=## )", cell.source, flags=re.MULTILINE):
                if piece.startswith("## "):
                    found.append((piece.partition("\n")[0][3:], []))
                if found:
                    found[-1][1].extend(execute.blanks(piece))
        elif found and "setup" not in cell.metadata.get("tags", []):
            found[-1][1].append(cell.source)
    return [(heading, "\n".join(code)) for heading, code in found]


def missing(code):
    """Names that a piece of code reads and makes nowhere."""
    made, read = set(dir(builtins)) | SETUP, set()
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else made).add(node.id)
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            made.add(node.name)
        elif isinstance(node, ast.arg):
            made.add(node.arg)
        elif isinstance(node, ast.alias):
            made.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            made.add(node.name)
    return read - made


def test_a_missing_name_is_found():
    assert missing("import numpy as np\nx = [np.sqrt(k) for k in seen]\nfor i in x:\n    print(i)") == {"seen"}


CASES = [(source, heading, code) for source in lessons.sources() for heading, code in parts(source)]


@pytest.mark.parametrize(("source", "heading", "code"), CASES, ids=[f"{lessons.name_of(s)}-{h[:24]}" for s, h, _ in CASES])
def test_a_part_makes_what_it_needs(source, heading, code):
    if "with the exercises" not in source.read_text(encoding="utf-8")[:400] and source.parent == lessons.LESSONS:
        pytest.skip("this lesson is to be taught anew")
    assert missing(code) == set()


@pytest.mark.parametrize(("source", "heading", "code"), CASES, ids=[f"{lessons.name_of(s)}-{h[:24]}" for s, h, _ in CASES])
def test_a_part_imports_before_it_does_anything(source, heading, code):
    if "with the exercises" not in source.read_text(encoding="utf-8")[:400] and source.parent == lessons.LESSONS:
        pytest.skip("this lesson is to be taught anew")
    assert not code or code.startswith(("import ", "from "))
