"""Pack the course into one file for Colab: dist/optimizer-course.zip, with the library, its data and the notebooks.

    python authoring/pack.py [--out FILE]

The set-up cell of every notebook finds the file in the working folder or at the top of a mounted Drive, and unpacks it. The same course
makes the same bytes.
"""
from __future__ import annotations

import argparse
import zipfile
from collections.abc import Mapping
from pathlib import Path

__all__ = ["NAME", "contents", "main", "pack", "zipped"]

ROOT = Path(__file__).resolve().parent.parent
NAME = "optimizer-course.zip"
KINDS = {"lessonlib": ("*.py", "*.mplstyle", "*.json", "*.txt", "*.html", "*.css", "*.js"), "data": ("*",), "notebooks": ("*.ipynb",)}
WHEN = (2000, 1, 1, 0, 0, 0)  # of every entry, so that the time of packing changes nothing


def contents(root: Path = ROOT) -> list[Path]:
    """The files that are packed, in order, as paths from the course's folder."""
    found = [path for folder, kinds in KINDS.items() for kind in kinds for path in (root / folder).rglob(kind)]
    found = [path for path in found if path.is_file() and not any(part.startswith(".") for part in path.relative_to(root).parts)]
    return sorted({path.relative_to(root) for path in [*found, root / "LICENSE", root / "README.md"]})


def pack(out: Path, root: Path = ROOT) -> Path:
    """Write the file and return its path. Raises FileNotFoundError where this is not the course's folder."""
    if not (root / "lessonlib" / "__init__.py").exists():
        raise FileNotFoundError(f"{root} has no lessonlib: run this from a checkout of the course")
    return zipped(out, {path.as_posix(): root / path for path in contents(root)})


def zipped(out: Path, entries: Mapping[str, Path | bytes]) -> Path:
    """Write a zip of these files, each under its name there, and return its path. Wheels are packed already, and go in as they are."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, held in entries.items():
            entry = zipfile.ZipInfo(name, WHEN)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_STORED if name.endswith(".whl") else zipfile.ZIP_DEFLATED
            packed.writestr(entry, held if isinstance(held, bytes) else held.read_bytes())
    return out


def main(arguments: list[str] | None = None) -> None:
    """Pack, and say what to do with the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "dist" / NAME)
    out = pack(parser.parse_args(arguments).out)
    print(f"{out.name}, {out.stat().st_size / 1e6:.1f} MB, is in {out.parent.name}/. On Colab put it beside the notebook (folder symbol on "
          "the left) or at the top of your Drive, and run the set-up cell.")


if __name__ == "__main__":
    main()
