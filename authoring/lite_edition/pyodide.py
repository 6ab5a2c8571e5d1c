"""A folder with Pyodide, for a place without network: what the edition needs of it, and no more."""
from __future__ import annotations

import hashlib
import json
import re
import shutil
from pathlib import Path
from typing import Any

__all__ = ["WANTED", "copy_needed"]

WANTED = ("micropip", "ipython", "jedi", "numpy", "matplotlib", "platformdirs", "tqdm")  # of its packages, where it has them
LOCK, START = "pyodide-lock.json", "pyodide.mjs"
USELESS = (".map", ".ts", ".html", ".md", ".metadata")


def copy_needed(source: Path, target: Path) -> int:
    """Copy Pyodide itself and the packages that the edition asks for, with what they depend on; return the bytes.

    Raises ValueError where the folder is not Pyodide's, where a package is missing, or where a file is not the one of its list.
    """
    for name in (START, LOCK):
        if not (source / name).is_file():
            raise ValueError(f"PYODIDE={source}: has no {name}; give the folder of an unpacked release of Pyodide")
    lock = json.loads((source / LOCK).read_text(encoding="utf-8"))
    packages: dict[str, Any] = lock["packages"]
    needed = _with_dependencies(packages)
    for name in needed:
        file = source / packages[name]["file_name"]
        if not file.is_file():
            raise ValueError(f"PYODIDE={source}: has no {file.name}, which {name} needs; take the full release, with its packages")
        if hashlib.sha256(file.read_bytes()).hexdigest() != packages[name]["sha256"]:
            raise ValueError(f"PYODIDE={source}: {file.name} is not the file that {LOCK} lists; unpack the release anew")
    others = {package["file_name"] for name, package in packages.items() if name not in needed}
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        if path.is_file() and path.name not in others and path.suffix not in USELESS and not path.name.endswith("-tests.tar"):
            shutil.copyfile(path, target / path.name)
    lock["packages"] = {name: packages[name] for name in sorted(needed)}  # what is not there is not offered
    (target / LOCK).write_text(json.dumps(lock), encoding="utf-8")
    return sum(path.stat().st_size for path in target.iterdir())


def _with_dependencies(packages: dict[str, Any]) -> set[str]:
    """The wanted packages that there are, with all that they depend on."""
    needed: set[str] = set()
    waiting = [name for name in WANTED if name in packages]
    while waiting:
        name = waiting.pop()
        if name not in needed:
            needed.add(name)
            waiting += [re.sub(r"[-_.]+", "-", other).lower() for other in packages[name]["depends"]]
    return needed
