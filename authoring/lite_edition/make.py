"""Build the browser edition: a JupyterLite site whose Python runs in the page.

    python authoring/lite_edition/make.py [--out DIR] [--pyodide DIR] [--wheels DIR]

Made from the executed notebooks; needs no network. The page fetches Pyodide, NumPy and matplotlib from the address that
jupyterlite-pyodide-kernel names; with --pyodide they are copied into the site, and it asks no other host for anything.
"""
from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib  # type: ignore[import-not-found,no-redef]

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL, PYODIDE_VERSION

from lite_edition.notebooks import edition, pages
from lite_edition.pyodide import copy_needed

__all__ = ["build", "main"]

ROOT = Path(__file__).resolve().parents[2]
FIRST = "lab/index.html?path=00_start_here.ipynb"
CONFIG = {  # of jupyter-lite.json
    "appName": "The optimizers that train neural networks",
    "litePluginSettings": {"@jupyterlite/pyodide-kernel-extension:kernel": {"disablePyPIFallback": True}},  # all it needs is in the site
}
SETTINGS = {
    "@jupyterlab/docmanager-extension:plugin": {"autosaveInterval": 10},  # a page may be closed at any time
}
START = f"""<!doctype html><!-- JupyterLite reads the script below from lab/ too -->
<html lang="en"><head><meta charset="utf-8"><title>{CONFIG['appName']}</title>
<script id="jupyter-config-data" type="application/json" data-jupyter-lite-root=".">{{}}</script>
<meta http-equiv="refresh" content="0; url={FIRST}"></head>
<body><p><a href="{FIRST}">Open lesson 0</a></p></body></html>
"""


def build(out: Path, wheels: Path, pyodide: Path | None = None) -> None:
    """Write the site into a folder, in place of what was there."""
    with tempfile.TemporaryDirectory() as folder:
        home, address = Path(folder), _address()
        for page in pages():
            path = home / "files" / page
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, edition(page, address))  # each text in one piece: JupyterLite's table of contents wants it so
        _call(home, [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index",
               "--disable-pip-version-check", "--wheel-dir", str(home / "pypi"), str(ROOT)])
        for wheel in wheels.glob("*.whl"):
            shutil.copy(wheel, home / "pypi")
        if pyodide is not None:
            copy_needed(pyodide, home / "static" / "pyodide")
        _write(home / "jupyter-lite.json", {"jupyter-lite-schema-version": 0, "jupyter-config-data": CONFIG})
        _write(home / "overrides.json", SETTINGS)
        if out.exists():
            shutil.rmtree(out)
        _call(home, [sys.executable, "-m", "jupyterlite_core", "build", "--lite-dir", str(home), "--output-dir", str(out), "--contents",
               str(home / "files"), "--apps", "lab", "--no-sourcemaps", "--no-unused-shared-packages", "--no-libarchive"])
    (out / "index.html").write_text(START, encoding="utf-8")
    # what extensions bring in spite of the flag, and what only JupyterLite's makers need
    for path in [*out.rglob("*.map"), *out.glob("rspack*.js")]:
        path.unlink()


def _address() -> str:
    """The project's address, from pyproject.toml; empty if it has none yet."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project.get("urls", {}).get("Repository", ""))


def _write(path: Path, what: object) -> None:
    path.write_text(json.dumps(what, indent=1), encoding="utf-8")


def _call(folder: Path, command: list[str]) -> None:
    """Run a command in a folder; its output is shown only where it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")


def main(arguments: list[str] | None = None) -> int:
    """Build, and say where it is, how large, and how to look at it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "lite")
    parser.add_argument("--pyodide", type=Path, help="a folder with a full release of Pyodide, to be copied into the site")
    parser.add_argument("--wheels", type=Path, default=ROOT / ".venv-lite" / "wheels", help="a folder with what wheels.txt lists")
    options = parser.parse_args(arguments)
    try:
        build(options.out.resolve(), options.wheels.resolve(), options.pyodide and options.pyodide.resolve())
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    size = sum(path.stat().st_size for path in options.out.rglob("*") if path.is_file())
    where = "in it" if options.pyodide else f"{PYODIDE_VERSION} from {PYODIDE_CDN_URL}"
    print(f"{options.out.name}/: {len(pages())} notebooks, {size / 1e6:.1f} MB in all. Pyodide: {where}. "
          f"It needs a web server, any one: python -m http.server --directory {options.out.name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
