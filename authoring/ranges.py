"""Run the library's tests with whatever versions are installed: python authoring/ranges.py [pytest's options]

What `make unit` runs, for a system without make and for other versions than those that are pinned. Nothing that is stored is compared,
and a warning of a newer package is no failure. Without torch, what needs it is left out, and counted.
"""
from __future__ import annotations

import ast
import os
import subprocess
import sys
from functools import cache
from importlib.util import find_spec
from pathlib import Path

__all__ = ["knows_torch", "main"]

ROOT = Path(__file__).resolve().parent.parent


@cache
def _imported(path: Path, *, anywhere: bool) -> frozenset[str]:
    """The modules that a file imports, at its top or anywhere."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = ast.walk(tree) if anywhere else iter(tree.body)
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


@cache
def knows_torch(path: Path, root: Path = ROOT, *, anywhere: bool = True) -> bool:
    """Whether importing a file of the project, or running one of its tests, needs torch.

    A test may import where it needs it, so all of its own text counts. Of what it imports only what stands at the top does.
    """
    names = _imported(path, anywhere=anywhere)
    if any(name.split(".")[0] == "torch" for name in names):
        return True
    places = [stem for name in names for stem in (root.joinpath(*name.split(".")), root / "tests" / name)]
    files = {file for stem in places for file in (stem.with_suffix(".py"), stem / "__init__.py") if file.is_file() and file != path}
    return any(knows_torch(file, root, anywhere=False) for file in files)


def main(arguments: list[str] | None = None) -> int:
    """Run the tests; return pytest's status."""
    tests = (ROOT / "tests").iterdir()  # a folder is a make target of its own, and what is no test_*.py is no test
    left_out = [f"tests/{path.name}" for path in tests if path.is_dir() or not path.name.startswith(("test_", "conftest"))]
    if not find_spec("torch"):
        files = [*(ROOT / "tests").glob("test_*.py"), *(ROOT / "lessonlib").rglob("*.py")]
        torchless = [file.relative_to(ROOT).as_posix() for file in files if knows_torch(file, anywhere="tests" in file.parts[-2:])]
        left_out += sorted(torchless)
        print(f"torch is not here: {len(torchless)} of {len(files)} files are left out", flush=True)
    ignored = [f"--ignore={name}" for name in left_out]
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", "-p", "no:playwright", "-o", "filterwarnings=",
               "--doctest-modules", *ignored, *(sys.argv[1:] if arguments is None else arguments), "tests", "lessonlib"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "LESSONLIB_PROGRESS": "0"}
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
