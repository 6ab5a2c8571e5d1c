"""Which cells of a notebook need PyTorch, read off their code and the library's, without running anything.

A cell needs it that imports torch, or a module that does, or calls a function that imports it when called, or uses a name that another
such cell made; and an exercise that only such cells judge. `tests/test_threadless.py` runs every cell without torch and
holds this to what really fails.
"""
from __future__ import annotations

import ast
import symtable
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["Plan", "plan"]

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Plan:
    """What becomes of a cell: whether it needs PyTorch, and then, which of its imports later cells want that do not."""

    needs: bool = False
    keeps: list[str] = field(default_factory=list)


def plan(cells: Sequence[Any]) -> list[Plan]:
    """Return the Plan of each cell of a notebook."""
    plans: list[Plan] = []
    bound: dict[str, tuple[str, bool]] = {}  # a name -> what it stands for, and whether PyTorch is needed to have it
    held: dict[str, tuple[Plan, str]] = {}  # a name that a cell with PyTorch imports, though it needs none -> its import
    for number, cell in enumerate(cells):
        plans.append(now := Plan())
        if cell.cell_type != "code" or "setup" in cell.metadata.get("tags", []):
            continue
        tree, (own, used) = ast.parse(cell.source), _names(cell.source)
        imports = dict(_imported(tree))
        known = {name: thing for name, (thing, _) in bound.items()} | imports
        now.needs = (any(map(_loads_torch, imports.values())) or _reaches_torch(_mentioned(tree, known))
                     or any(bound.get(name, ("", False))[1] for name in used - own))
        if not now.needs:
            for name in used & {*held}:
                at, line = held.pop(name)
                at.keeps.append(line)
        for name in own:
            thing = imports.get(name, f"cell {number}")
            free = name in imports and not _loads_torch(thing)
            if now.needs and free and bound.get(name) != (thing, False):
                held[name] = now, _import_of(name, thing)
            elif not (now.needs and free):
                held.pop(name, None)
            bound[name] = thing, now.needs and not free
    for number, each in enumerate(plans):
        each.needs = each.needs or _is_judged_with_torch(cells, plans, number)
    return plans


def _import_of(name: str, thing: str) -> str:
    """The line that imports something under a name."""
    module, _, last = thing.rpartition(".")
    line = f"from {module} import {last}" if module else f"import {last}"
    return line if name == last else f"{line} as {name}"


def _is_judged_with_torch(cells: Sequence[Any], plans: list[Plan], number: int) -> bool:
    """Whether a cell is an exercise, or its solution, that cells with PyTorch alone look at."""
    if not {"stub", "solution"} & {*cells[number].metadata.get("tags", [])} or cells[number].cell_type != "code":
        return False
    own, looks = _names(cells[number].source)[0], []
    for other, cell in zip(plans[number + 1 :], cells[number + 1 :], strict=True):
        if cell.cell_type == "code" and own & {node.value if isinstance(node, ast.Constant) else getattr(node, "id", "")
                                               for node in ast.walk(ast.parse(cell.source))}:  # by its name, or by that as a text
            looks.append(other.needs)
    return bool(looks) and all(looks)


def _names(code: str) -> tuple[set[str], set[str]]:
    """The names that code makes, and those that it uses, of all that are known everywhere in a notebook."""
    own, used = set(), set()

    def look(table: symtable.SymbolTable) -> None:
        for symbol in table.get_symbols():
            top = table.get_type() == "module"
            if top and (symbol.is_assigned() or symbol.is_imported()):
                own.add(symbol.get_name())
            if symbol.is_referenced() and (top or symbol.is_global()):
                used.add(symbol.get_name())
        for inner in table.get_children():
            look(inner)

    look(symtable.symtable(code, "cell", "exec"))
    return own, used


def _imported(tree: ast.AST, *, inside: bool = True) -> Iterator[tuple[str, str]]:
    """(name, what it stands for) of each import; those inside functions too, or not. One that may fail is left out."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.asname or alias.name.split(".")[0], alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)
        elif not (isinstance(node, ast.Try) and any("ImportError" in ast.unparse(handler.type or node) for handler in node.handlers)) and (
                inside or not isinstance(node, (ast.FunctionDef, ast.Lambda))) and not (
                isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"):
            yield from _imported(node, inside=inside)


def _module(thing: str) -> tuple[str, str]:
    """The module of the library that a dotted name leads to, and what is left: a function in it, or nothing."""
    parts = thing.split(".")
    for depth in range(len(parts), 0, -1):
        if _file(".".join(parts[:depth])):
            return ".".join(parts[:depth]), ".".join(parts[depth:])
    return "", thing


@cache
def _file(module: str) -> Path | None:
    """The file of a module of the library."""
    stem = ROOT.joinpath(*module.split("."))
    found = (path for path in (stem.with_suffix(".py"), stem / "__init__.py") if path.exists())
    return next(found, None) if module.startswith("lessonlib") else None


@cache
def _tree(module: str) -> ast.Module:
    path = _file(module)
    return ast.parse(path.read_text(encoding="utf-8") if path else "")


@cache
def _loads_torch(thing: str) -> bool:
    """Whether importing this loads torch."""
    if thing.split(".")[0] == "torch":
        return True
    module, _ = _module(thing)
    return any(_loads_torch(name) for _, name in _imported(_tree(module), inside=False) if _module(name)[0] != module)


def _mentioned(tree: ast.AST, known: dict[str, str]) -> set[str]:
    """What code mentions by a known name, or by an attribute of one."""
    found = {known[node.id] for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id in known}
    return found | {f"{known[node.value.id]}.{node.attr}" for node in ast.walk(tree)
                    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in known}


@cache
def _inside(thing: str) -> tuple[set[str], set[str]]:
    """What a function or class of the library imports when it is called, and what it mentions."""
    module, name = _module(thing)
    made = {node.name: node for node in _tree(module).body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    if name not in made:
        return set(), set()
    inner = dict(_imported(made[name]))
    everything = {each: f"{module}.{each}" for each in made} | dict(_imported(_tree(module), inside=False)) | inner
    return {*inner.values()}, _mentioned(made[name], everything)


def _reaches_torch(things: set[str]) -> bool:
    """Whether one of these functions of the library imports torch when it is called, or one that it calls."""
    seen: set[str] = set()
    while things:
        thing = things.pop()
        seen.add(thing)
        imports, mentions = _inside(thing)
        if any(map(_loads_torch, imports)):
            return True
        things |= mentions - seen
    return False
