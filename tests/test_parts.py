"""Every part of a lesson can be entered after the set-up cell: what its cells use, its own cells or Python have made."""
from __future__ import annotations

import ast
import builtins
import re
import symtable

import pytest
import source as lessons
from execute import blanks

LESSONS = [*map(lessons.name_of, lessons.sources())]
GIVEN = {*dir(builtins), "display", "plots", "progress", "__name__"}  # Jupyter's, and the set-up cell's
CASES = [(name, solution) for name in LESSONS for solution in lessons.variants(lessons.LESSONS / f"{name}.py")]


def parts(name, solution):
    """The parts of a lesson, each as its title and its texts of code, the blanks of its prose among them."""
    found = [("before the first part", [])]
    for cell in lessons.cells(lessons.LESSONS / f"{name}.py", solution=solution):
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "code" and "setup" not in tags:
            found[-1][1].append(cell.source)
        elif cell.cell_type == "markdown":
            for piece in re.split(r"(?m)^(?=## )", cell.source):
                title = re.match(r"## (.+)", piece)
                if title:
                    found.append((title[1], []))
                found[-1][1].extend(blanks(piece))
    return found


def missing(codes):
    """The names that these texts use, in this order, before any of them has made them; functions are asked what they will look up."""
    made, lacks = set(GIVEN), set()
    for code in codes:
        table = symtable.symtable(code, "cell", "exec")
        inner = {symbol.get_name() for scope in scopes(table) for symbol in scope.get_symbols() if symbol.is_global()}
        mine = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()}
        used = {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced()} | inner
        lacks |= {name for name in used - made if name not in mine or first_use_is_before(code, name)}
        made |= mine
    return lacks


def scopes(table):
    """All scopes inside of one."""
    for child in table.get_children():
        yield child
        yield from scopes(child)


def first_use_is_before(code, name):
    """Whether a cell that makes a name reads it in a statement before the one that makes it."""
    for statement in ast.parse(code).body:
        table = symtable.symtable(ast.unparse(statement), "statement", "exec")
        if name in table.get_identifiers():
            symbol = table.lookup(name)
            return not (symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace())
    return False


@pytest.mark.parametrize(("name", "solution"), CASES, ids=[f"{name}{'-solution' * solution}" for name, solution in CASES])
def test_each_part_makes_what_it_needs(name, solution):
    for title, codes in parts(name, solution):
        assert missing(codes) == set(), title


def bound(code):
    """The names that a cell binds on its own level, imports apart."""
    found = set()
    for statement in ast.parse(code).body:
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef)):
            found.add(statement.name)
        elif not isinstance(statement, (ast.Import, ast.ImportFrom)):
            found |= {node.id for node in ast.walk(statement) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    return found


@pytest.mark.parametrize(("name", "solution"), CASES, ids=[f"{name}{'-solution' * solution}" for name, solution in CASES])
def test_play_and_predictions_can_be_run_again_after_the_whole_lesson(name, solution):
    """No other part binds a name that an experiment or an answer reads."""
    found = parts(name, solution)
    for place, (title, codes) in enumerate(found):
        others = {other for k, (_, texts) in enumerate(found) if k != place for text in texts for other in bound(text)}
        for code in codes:
            asked = {words[1] for words in re.finditer(r"^(\w+)\.answer\(", code, flags=re.MULTILINE)}
            read = missing([code]) if code.rstrip().endswith(".live()") else asked
            assert not read & others, f"{title}: {read & others} in\n{code}"


def test_a_name_from_another_part_is_found():
    assert missing(["x = 1", "print(x + y)"]) == {"y"}
    assert missing(["import numpy as np\nx = np.ones(3)", "def f():\n    return x + z"]) == {"z"}
    assert missing(["print(x)\nx = 2"]) == {"x"}
    assert not missing(["try:\n    x = 1\nexcept OSError as e:\n    print(e, x)"])
