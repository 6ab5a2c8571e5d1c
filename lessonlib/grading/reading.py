"""What a file that is handed in may hold, read before any of it runs."""
from __future__ import annotations

import ast

__all__ = ["MODULES", "NAMES", "objection"]

MODULES = ("__future__", "collections", "dataclasses", "functools", "itertools", "lessonlib", "math", "numpy", "typing")
NAMES = ("__builtins__", "__import__", "__loader__", "__spec__", "breakpoint", "compile", "delattr", "eval", "exec", "getattr", "globals",
         "input", "locals", "open", "setattr", "vars")
NOT_FOR_RULES = ("lessonlib.grading", "numpy.ctypeslib", "numpy.f2py")


def objection(text: str) -> str:
    """Return why a file is not run, with its line; empty where there is nothing against it.

    It may import Python's modules for numbers and collections, NumPy and lessonlib. It may not read files or code, nor change what
    belongs to another module. That stops the hurried, not the determined: run strangers' files where there is nothing to steal.

    >>> objection("import os"), objection("import numpy as np")
    ('line 1 imports os', '')
    """
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        return f"line {getattr(error, 'lineno', None) or '?'} is no Python: {getattr(error, 'msg', error)}"
    for node in ast.walk(tree):
        against = _against(node)
        if against:
            return f"line {getattr(node, 'lineno', '?')} {against}"
    return ""


def _against(node: ast.AST) -> str:
    """What there is against one piece of a file."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        names = [alias.name for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            names = ["." if node.level else f"{node.module}.{name}" for name in names]
        other = [name for name in names if name.split(".")[0] not in MODULES or name.startswith(NOT_FOR_RULES)]
        return f"imports {other[0]}" if other else ""
    if isinstance(node, ast.Name) and node.id in NAMES:
        return f"uses {node.id}"
    if isinstance(node, ast.Attribute):
        if node.attr.startswith("__") and node.attr != "__name__":
            return f"uses {node.attr}"
        if not isinstance(node.ctx, ast.Load):
            return f"changes {ast.unparse(node)}"
    return ""
