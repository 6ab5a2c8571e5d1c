"""Write the table of what a room can do in each lesson, which the board and its learners know: lessonlib/board/course.json.

    python authoring/board_table.py

Exercises and goals are read from the lessons' cells, predictions from what the executed notebooks show, verdicts from the library. Only
what stands in the table is ever sent to a board, so that nothing that a learner wrote can be.
"""
from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from html import unescape
from pathlib import Path
from typing import Any

import nbformat
from source import NOTEBOOKS, ROOT, name_of, sources, target

from lessonlib.misconceptions import MISCONCEPTIONS

__all__ = ["TABLE", "main", "table"]

TABLE = ROOT / "lessonlib" / "board" / "course.json"
EXERCISE = re.compile(r"^### Exercise(?: (\d+))?\. (.+?) \(\d+ minutes\)$", flags=re.MULTILINE)
RAISED = ("AttributeError", "IndexError", "KeyError", "NameError", "OverflowError", "RecursionError", "RuntimeError", "TypeError",
          "UnboundLocalError", "ValueError", "ZeroDivisionError")
LONGEST = 70  # letters of a headline


def table() -> dict[str, Any]:
    """The table as it should be now: lessons in their order, each with its items in theirs, and the names of verdicts."""
    lessons = {name_of(path): _lesson(target(path, False)) for path in sources()}
    return {"lessons": {name: found for name, found in lessons.items() if found["items"]},
            "misconceptions": sorted({m.name for m in MISCONCEPTIONS}), "headlines": sorted(_headlines())}


def _lesson(path: Path) -> dict[str, Any]:
    """The title and the items of a notebook."""
    cells = nbformat.read(path, as_version=4).cells
    title = next(line.removeprefix("# ") for cell in cells for line in cell.source.splitlines() if line.startswith("# "))
    items: list[dict[str, Any]] = []
    modules: dict[str, str] = {}
    exercise = ""
    for cell in cells:
        if cell.cell_type == "markdown":
            for number, name in EXERCISE.findall(cell.source):
                exercise = f"{number}. {name}" if number else name
            continue
        tree = _parsed(cell.source)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                modules |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
        items += [item | {"id": _id("prediction", item["title"])} for item in _asked(cell)]
        last = tree.body[-1].value if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        if isinstance(last, ast.Call) and isinstance(last.func, ast.Attribute):
            if exercise and (last.func.attr == "check" or last.func.attr.startswith("judge_")):
                keys = {ast.unparse(last.args[0]), last.func.attr} - {"check"}
                items.append({"kind": "check", "title": exercise.replace("$", ""), "keys": sorted(keys), "id": _id("check", exercise)})
                exercise = ""
            elif last.func.attr == "live" and isinstance(last.func.value, ast.Call) and (goal := _goal(last.func.value.func, modules)):
                items.append({"kind": "goal", "title": goal, "id": _id("goal", goal)})
    return {"title": title, "items": items}


def _id(kind: str, title: str) -> str:
    """A short name of an item that stays as long as its title does."""
    return hashlib.sha256(f"{kind} {title}".encode()).hexdigest()[:8]


def _parsed(text: str) -> ast.Module:
    """The code of a cell, without the lines that only IPython reads."""
    try:
        return ast.parse("\n".join(line for line in text.splitlines() if not line.lstrip().startswith(("%", "!"))))
    except SyntaxError:
        return ast.Module([], [])


def _asked(cell: Any) -> Iterator[dict[str, Any]]:
    """The predictions that a cell shows; no options where a number is asked for."""
    for output in cell.outputs:
        page = output.get("data", {}).get("text/html", "")
        question = re.search(r'class="lessonlib-question"><p><b>Predict\.</b> (.*?)</p>', page, flags=re.DOTALL)
        if question:
            options = [unescape(option) for option in re.findall(r"<li>(.*?)</li>", page)]
            yield {"kind": "prediction", "title": unescape(question[1]), "options": options}


def _goal(called: ast.expr, modules: dict[str, str]) -> str:
    """The goal of an experiment, from the function that makes it; up to the first word that only a run knows. Empty if it has none."""
    if not isinstance(called, ast.Attribute) or not isinstance(called.value, ast.Name):
        return ""
    tree = ast.parse(ROOT.joinpath(*modules[called.value.id].split(".")).with_suffix(".py").read_text(encoding="utf-8"))
    function = next(node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name == called.attr)
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Goal":
            return _said(node.args[0], _constants(tree))
    return ""


def _constants(tree: ast.Module) -> dict[str, Any]:
    """The literals that a module gives names to: without running it, which for some takes torch."""
    found: dict[str, Any] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign):
            target, value = node.targets[0], node.value
            several = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            for name, each in zip(target.elts, value.elts, strict=True) if several else [(target, value)]:  # type: ignore[attr-defined]
                with suppress(ValueError):
                    found[ast.unparse(name)] = ast.literal_eval(each)
    return found


def _said(text: ast.expr, names: dict[str, Any]) -> str:
    """What a literal says."""
    said = ""
    for part in text.values if isinstance(text, ast.JoinedStr) else [text]:
        try:
            said += eval(ast.unparse(ast.JoinedStr([part]) if isinstance(part, ast.FormattedValue) else part), names)
        except NameError:
            return f"{said}\u2026"
    return said


def _headlines() -> set[str]:
    """First lines of verdicts that did not pass, those that are literal."""
    found = {f"It raised {name}." for name in RAISED}
    for path in sorted((ROOT / "lessonlib").rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        judges = path.parent.name.startswith("lesson") and path.parent.parent.name == "lessons"
        documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if name == "Stop" or (name == "Verdict" and ast.unparse(node.args[0]) != "True"):  # type: ignore[attr-defined]
                found |= set(_literal(node.args[name == "Verdict"]))  # type: ignore[attr-defined]
            elif judges and isinstance(node, ast.Constant) and id(node) not in documented and ".\n" in str(node.value):
                found.add(str(node.value).partition("\n")[0])
    return {line for line in found if 3 < len(line) <= LONGEST and line[0].isalpha() and not line.startswith(("Correct", "Not yet: "))}


def _literal(text: ast.expr) -> list[str]:
    """The first lines that a string can have; none where one of its words is not in the source."""
    lines = [""]
    for part in text.values if isinstance(text, ast.JoinedStr) else [text]:
        value = part.value if isinstance(part, ast.FormattedValue) else part
        either = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
        if not all(isinstance(each, ast.Constant) and isinstance(each.value, str) for each in either):
            return []
        lines = [line + each.value for line in lines for each in either]  # type: ignore[attr-defined]
        if "\n" in lines[0]:
            break
    return [line.partition("\n")[0] for line in lines]


def main() -> None:
    """Write the table."""
    TABLE.write_text(json.dumps(table(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    print(f"{TABLE.relative_to(ROOT)} is written, from {NOTEBOOKS.relative_to(ROOT)} and the library")


if __name__ == "__main__":
    main()
