"""Every part of a lesson can be entered after its first cell: it uses no name that only another part makes."""
from __future__ import annotations

import ast
import builtins
import re

import pytest
import source as lessons
import style

FROM_SETUP = {"plots", "progress", "display", "get_ipython"} | {*dir(builtins)}
TAUGHT_ANEW = [source for source in lessons.sources() if lessons.name_of(source) in
               ("07_momentum", "08_rmsprop", "deeper/07_momentum", "deeper/08_rmsprop", "deeper/09_adam")]
CASES = [(source, solution) for source in TAUGHT_ANEW for solution in (False, True)]


def expressions(text):
    """What stands in the blanks of a text, without the formats."""
    return [re.sub(r":[^])]*$", "", blank["value"]) for blank in style.BLANK.finditer(text)]


def parts(source, solution):
    """(heading, texts of its code and of its blanks) of each part, which begins with a heading of the second level."""
    found = [("the beginning", [])]
    for cell in lessons.cells(source, solution=solution):
        if cell.cell_type == "code":
            found[-1][1].extend([] if "setup" in cell.metadata.get("tags", []) else [cell.source])
            continue
        before, *others = re.split(r"^## (.+)$", cell.source, flags=re.MULTILINE)
        found[-1][1].extend(expressions(before))
        for heading, text in zip(others[::2], others[1::2], strict=True):
            found.append((heading, expressions(text)))
    return found


def bound_and_loaded(code):
    """The names that a cell makes, and those that it looks up outside of its own functions' arguments."""
    tree = ast.parse(code)
    made, asked = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            made.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            made |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
        elif isinstance(node, ast.arg):
            made.add(node.arg)
        elif isinstance(node, ast.Name):
            (made if isinstance(node.ctx, ast.Store) else asked).add(node.id)
    return made, asked


@pytest.mark.parametrize(("source", "solution"), CASES, ids=[f"{lessons.name_of(s)}{'-solution' * v}" for s, v in CASES])
def test_a_part_uses_no_name_that_another_part_makes(source, solution):
    for heading, codes in parts(source, solution):
        known = set(FROM_SETUP)
        for code in codes:
            made, asked = bound_and_loaded(code)
            assert asked <= known | made, f"{heading}: {sorted(asked - known - made)} in\n{code}"
            known |= made
