"""House rules that a machine can check."""
from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
MODULES = sorted((ROOT / "lessonlib").rglob("*.py"))
LEVEL = {"rules": 0, "data": 0, "progress": 0, "board": 1, "signature": 1, "problems": 2, "runner": 3,
         "misconceptions": 3, "sandbox": 3, "attempts": 3.5, "diagnosis": 3.7, "checks": 4, "plots": 4, "play": 5, "pytorch": 6, "lessons": 7, "room": 0,
         "grading": 8, "__main__": 8}
KNOW_TORCH = ("pytorch", "lessons/lesson00/machine", "lessons/lesson11", "lessons/lesson07/network", "lessons/lesson08/precision", "lessons/lesson08/training",
              "lessons/lesson09/training", "lessons/lesson10/gains", "lessons/lesson10/grokking", "lessons/lesson10/judges", "lessons/lesson10/training", "lessons/lesson12/trainings",
              "lessons/lesson12/costs", "lessons/lesson12/endings", "lessons/lesson12/halves", "lessons/lesson12/muon32", "lessons/lesson12/widths")
modules = pytest.mark.parametrize("path", [m for m in MODULES if m.name != "__init__.py"], ids=lambda p: p.stem)


def imports(path: Path) -> set[str]:
    """Names of all modules that a file imports, wherever the import stands."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} if node.module != "lessonlib" else {f"lessonlib.{alias.name}" for alias in node.names}
            assert "*" not in {alias.name for alias in node.names}
    return found


@modules
def test_imports_go_downward_and_only_pytorch_and_lesson_11_know_torch(path):
    place = path.relative_to(ROOT / "lessonlib")
    folder = place.parts[0].removesuffix(".py")
    names = {m.split(".")[1] for m in imports(path) if m.startswith("lessonlib.")}
    assert all(LEVEL[name] < LEVEL[folder] or (name == folder and len(place.parts) > 1) for name in names)
    if not place.as_posix().startswith(KNOW_TORCH):
        assert not {m for m in imports(path) if m.split(".")[0] == "torch" or m.startswith("lessonlib.pytorch")}


@modules
def test_every_module_says_what_it_is_and_what_it_offers(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    listed = next(ast.literal_eval(n.value) for n in tree.body if isinstance(n, ast.Assign) and getattr(n.targets[0], "id", "") == "__all__")
    defined = {n.name: n for n in tree.body if isinstance(n, (ast.FunctionDef, ast.ClassDef))}
    for name, node in defined.items():
        assert name.startswith("_") or name in listed, f"{name} is public and not in __all__"
        assert name.startswith("_") or ast.get_docstring(node), f"{name} says nothing about itself"


@pytest.mark.parametrize("name", ["rules", "problems", "runner"])
def test_every_public_function_has_an_example_that_runs(name):
    tree = ast.parse((ROOT / "lessonlib" / f"{name}.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            assert ">>>" in (ast.get_docstring(node) or ""), f"{name}.{node.name}"


def test_importing_the_library_loads_neither_torch_nor_pyplot_nor_widgets():
    code = "import sys, lessonlib; print([m for m in ('torch', 'matplotlib', 'ipywidgets', 'IPython') if m in sys.modules])"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown.strip() == "[]"


def test_no_file_is_a_drawer_for_leftovers():
    assert not [m for m in MODULES if m.stem in ("utils", "base", "common", "helpers", "misc")]


def tracked() -> list[Path]:
    """Text files of the project, git's view where there is git."""
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("git is not here to list the project's files")
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file() and Path(name).suffix not in (".npz", ".png")]


def test_nothing_speaks_of_this_machine_or_of_work_to_do():
    index = "pyp" + "i.org|download" + r"\.pytorch|files\.python" + "hosted"
    todo = "TO" + "DO|FIX" + "ME"
    for path in tracked():
        words = rf"{index}|/home/\w+|/[r]oot/|C:\\Users" + (f"|{todo}" if path.suffix == ".py" else "")
        found = re.search(words, path.read_text(encoding="utf-8"))
        assert not found, f"{path.relative_to(ROOT)}: {found[0]}"


def lines(path):
    """How many lines a module has."""
    return len(path.read_text(encoding="utf-8").splitlines())


def test_the_small_library_is_read_in_an_evening():
    assert sum(map(lines, (ROOT / "lessonlib").glob("*.py"))) < 2200


@modules
def test_no_module_is_over_300_lines_and_no_function_over_60(path):
    assert lines(path) <= 300
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            assert node.end_lineno - node.lineno < 60, node.name


@modules
def test_no_private_name_is_imported_from_another_module(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lessonlib"):
            assert not [alias.name for alias in node.names if alias.name.startswith("_")]
