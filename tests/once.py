"""What a notebook with solutions must run itself, where the learner's notebook is run and compared too.

Most cells stand in both, with the same outputs. What is left are the cells that differ, and what those need: every part of a lesson can be
entered by itself (`test_parts.py`), so that is looked for in the set-up cell and in their own part. A cell that is wrongly left out fails
loudly, for its names are missing.
"""
from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

from nbformat import v4
from nbval_pictures import blanks_after

__all__ = ["cells_of_its_own", "makes", "reads"]


def makes(code: str) -> set[str]:
    """The names that a cell binds or changes: assignments, functions, imports, items and attributes set, methods called as statements."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(plain(code))):
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            found |= {(name.asname or name.name).split(".")[0] for name in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
        elif isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store):
            found |= {part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)}
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Attribute):
            found |= {part.id for part in ast.walk(node.value.func.value) if isinstance(part, ast.Name)}
    return found


def reads(code: str) -> set[str]:
    """The names that a cell reads, in strings too: `checks.yours("my_adam", adam)` looks one up."""
    nodes = [*ast.walk(ast.parse(plain(code)))]
    return ({node.id for node in nodes if isinstance(node, ast.Name)}
            | {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)})


def plain(code: str) -> str:
    """A cell without IPython's own lines."""
    return "\n".join(line for line in code.split("\n") if not line.lstrip().startswith("%"))


def cells_of_its_own(learner: Path, solution: Path) -> set[int]:
    """The numbers, among the code cells of the notebook `solution`, of those that the run of the notebook `learner` does not cover."""
    ours, theirs = (v4.reads(path.read_text(encoding="utf-8")).cells for path in (solution, learner))
    same = {cell.id: cell for cell in theirs}
    code = [i for i, cell in enumerate(ours) if cell.cell_type == "code"]
    texts = [blanks_after(ours, number) for number in range(len(code))]

    def differs(number: int) -> bool:
        cell = ours[code[number]]
        return shown(cell) != shown(same.get(cell.id)) or any(ours[i] != same.get(ours[i].id) for i, _ in texts[number])

    part_of, part, chosen, needs = {}, 0, {0}, set()
    for i, cell in enumerate(ours):
        part += cell.cell_type == "markdown" and any(line.startswith("## ") for line in cell.source.split("\n"))
        part_of[i] = part
    for number in reversed(range(len(code))):
        place = code[number]
        if number + 1 < len(code) and part_of[place] != part_of[code[number + 1]]:
            needs = set()
        source = ours[place].source
        if differs(number) or makes(source) & needs:
            chosen.add(number)
            needs |= reads(source) | {name for _, kept in texts[number] for blank in kept["blanks"] for name in reads(blank)}
    return chosen


def shown(cell: Any) -> Any:
    """What a reader sees of a cell."""
    return cell and (cell.source, [{key: value for key, value in output.items() if key != "execution_count"} for output in cell.outputs])
