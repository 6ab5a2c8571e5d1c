"""Bring tests/colab/requirements.txt to what Colab has today: python authoring/colab_versions.py PIP-FREEZE OS-INFO [--github FILE]

Both files are those that Colab publishes (pip-freeze.gpu.txt and os-info-gpu.txt). Pins that Colab has too are set to its versions, torch
without the name of its build; what is ours alone stays. Says what changed; --github writes `python=3.13` for the steps that follow.
"""
from __future__ import annotations

import argparse
import re
from pathlib import Path

__all__ = ["brought_to", "main", "python_of", "versions_of"]

PINS = Path(__file__).resolve().parent.parent / "tests" / "colab" / "requirements.txt"
PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;#]+)", flags=re.MULTILINE)
OURS = ("jupytext", "nbval", "pytest")  # what runs and compares the notebooks, whatever Colab has of it


def plain(name: str) -> str:
    """A package's name as registries compare it: Jinja2 and jinja2 are one, as are jupyter_core and jupyter-core."""
    return re.sub(r"[-_.]+", "-", name).lower()


def versions_of(freeze: str) -> dict[str, str]:
    """The versions of a list as `pip freeze` prints it, by plain name, without the name of a build; other lines are left out."""
    return {plain(pin["name"]): pin["version"].partition("+")[0] for pin in PIN.finditer(freeze)}


def python_of(info: str) -> str:
    """The Python of os-info, as 3.13. Raises ValueError where it names none."""
    found = re.search(r"^Python (\d+\.\d+)\.\d+$", info, flags=re.MULTILINE)
    if not found:
        raise ValueError(f"info={info[:80]!r}: no line such as `Python 3.13.15`; is this os-info-gpu.txt?")
    return found[1]


def brought_to(pins: str, versions: dict[str, str]) -> tuple[str, list[str]]:
    """The text of a requirements file with these versions where it pins the same packages, and a line for each that changed."""
    changed = []

    def pin(old: re.Match[str]) -> str:
        new = versions.get(plain(old["name"]), old["version"])
        if new == old["version"] or plain(old["name"]) in OURS:
            return old[0]
        changed.append(f"{old['name']}: {old['version']} here, {new} on Colab")
        return f"{old['name']}=={new}"

    return PIN.sub(pin, pins), changed


def main(arguments: list[str] | None = None) -> None:
    """Write the pins, and say what changed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("freeze", type=Path)
    parser.add_argument("info", type=Path)
    parser.add_argument("--pins", type=Path, default=PINS)
    parser.add_argument("--github", type=Path, help="the file of a step's outputs")
    options = parser.parse_args(arguments)
    versions = versions_of(options.freeze.read_text(encoding="utf-8"))
    if "numpy" not in versions:
        parser.error(f"{options.freeze} has no line such as numpy==2.1.3; is this pip-freeze.gpu.txt?")
    python = python_of(options.info.read_text(encoding="utf-8"))
    text, changed = brought_to(options.pins.read_text(encoding="utf-8"), versions)
    options.pins.write_text(text, encoding="utf-8", newline="\n")
    print("\n".join([f"Colab has Python {python}", *(changed or ["and nothing else than what is pinned"])]))
    if options.github:
        with options.github.open("a", encoding="utf-8", newline="\n") as outputs:
            outputs.write(f"python={python}\n")


if __name__ == "__main__":
    main()
