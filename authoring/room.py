"""Pack what the learners of a room are given: dist/optimizer-course-room.zip.

    python authoring/room.py [--out FILE] [--wheels here | windows-3.12 macos-3.13 ...]

In it: the notebooks without outputs and without their solutions, the library and its data, START.md with the three lines to type, a
requirements file with the ranges of pyproject.toml and no test tools, preflight.py that says "ready" or what to do, and lab.py. With
--wheels there is a folder of packages too, for a room without a network: those for this system and Python, or for the ones named.
"""
from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import source as lessons
from pack import contents, zipped

try:
    import tomllib
except ModuleNotFoundError:  # Python 3.10
    import tomli as tomllib  # type: ignore[import-not-found,no-redef]

__all__ = ["FOLDER", "NAME", "cleaned", "entries", "main", "requirements", "room", "wheels"]

ROOT = Path(__file__).resolve().parent.parent
NAME, FOLDER = "optimizer-course-room.zip", "optimizer-course"
SYSTEMS = {"windows": ("windows", "win_amd64"), "macos": ("aarch64-apple-darwin", "macosx_14_0_arm64")}  # uv's name, and pip's tag
NO_INTEL_MAC = "sys_platform != 'darwin' or platform_machine == 'arm64'"  # PyTorch is no longer made for those
TO_SOLUTIONS = re.compile(r"\[([^\]]*)\]\((?:\.\./)*solutions/[^)]*\)")


def requirements(root: Path = ROOT) -> str:
    """What a learner installs: the library's own packages, PyTorch and JupyterLab, in the ranges of pyproject.toml."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    torch = [f"{wanted}; {NO_INTEL_MAC}" for wanted in extras["torch"]]
    return "\n".join([*project["dependencies"], *torch, *extras["lab"]]) + "\n"


def cleaned(text: str) -> str:
    """A notebook's text without what its cells gave, and without links to the solutions, which are not there yet."""
    notebook = nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = TO_SOLUTIONS.sub(r"\1", cell.source)
    return json.dumps(notebook, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def entries(root: Path = ROOT) -> dict[str, bytes]:
    """What the zip holds, by its place in it."""
    held = {path.as_posix(): (root / path).read_bytes() for path in contents(root) if path.parts[0] in ("lessonlib", "data", "LICENSE")}
    for path in sorted(lessons.NOTEBOOKS.rglob("*.ipynb")):
        place = path.relative_to(lessons.NOTEBOOKS)
        if not {"solutions", ".ipynb_checkpoints"} & {*place.parts}:
            held[f"notebooks/{place.as_posix()}"] = cleaned(path.read_text(encoding="utf-8")).encode()
    for path in (root / "authoring/room/START.md", root / "lessonlib/room/preflight.py", root / "authoring/lab.py"):
        held[path.name] = path.read_bytes()
    held["requirements.txt"] = requirements(root).encode()
    return {f"{FOLDER}/{name}": held[name] for name in sorted(held)}


def wheels(system: str, asked: Path, folder: Path) -> None:
    """Fetch the packages of a requirements file for a system, `here` or such as windows-3.12, into a folder.

    For another system uv says which versions go together there, and pip fetches them. Raises ValueError for an unknown system.
    """
    download = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--only-binary", ":all:",
                "--dest", str(folder)]
    if system == "here":
        subprocess.run([*download, "-r", str(asked)], check=True)
        return
    name, _, python = system.partition("-")
    if name not in SYSTEMS or not re.fullmatch(r"3\.1[0-4]", python):
        known = " or ".join(f"{each}-3.12" for each in SYSTEMS)
        raise ValueError(f"wheels={system!r}: write here, or a system and its Python, such as {known}")
    platform, tag = SYSTEMS[name]
    pins = folder / f"{system}.txt"
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
    if not uv:
        raise ValueError(f"wheels={system!r}: uv says which packages that needs; install it with {sys.executable} -m pip install uv")
    subprocess.run([uv, "pip", "compile", "--quiet", "--no-header", "--no-annotate", "--python-platform", platform,
                    "--python-version", python, "--output-file", str(pins), str(asked)], check=True)
    subprocess.run([*download, "--no-deps", "--platform", tag, "--python-version", python, "-r", str(pins)], check=True)
    pins.unlink()


def room(out: Path, systems: list[str], root: Path = ROOT) -> Path:
    """Write the zip and return its path."""
    with tempfile.TemporaryDirectory() as name:
        folder, asked = Path(name, "wheels"), Path(name, "requirements.txt")
        folder.mkdir()
        asked.write_text(requirements(root), encoding="utf-8")
        for system in systems:
            wheels(system, asked, folder)
        held: dict[str, Path | bytes] = {**entries(root)} | {f"{FOLDER}/wheels/{path.name}": path for path in sorted(folder.iterdir())}
        return zipped(out, held)


def main(arguments: list[str] | None = None) -> int:
    """Pack, and say what to do with the file; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "dist" / NAME)
    parser.add_argument("--wheels", nargs="*", default=[], metavar="SYSTEM")
    options = parser.parse_args(arguments)
    systems = ["here" if system == "1" else system for system in options.wheels]
    try:
        out = room(options.out, systems)
    except (ValueError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{out.name}, {out.stat().st_size / 1e6:.1f} MB, is in {out.parent.name}/. Everybody unpacks it and does what START.md says; "
          "notebooks/solutions is for after each day.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
