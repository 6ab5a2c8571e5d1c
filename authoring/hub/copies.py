"""The course for all, which nobody changes, and the notebooks of each person, which nobody else's login touches."""
from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

__all__ = ["LINK", "private_copy", "shared_copy"]

LINK = "course-read-only"


def shared_copy(held: Mapping[str, bytes], folder: Path) -> Path:
    """Write the course's files, by their place, read-only; what stood there before is replaced once all is written."""
    fresh, old = folder.with_name(f"{folder.name}.new"), folder.with_name(f"{folder.name}.old")
    for left in (fresh, old):
        _remove(left)
    for place, content in held.items():
        path = fresh / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o444)
    for path in fresh.rglob("*"):
        if path.is_dir():
            path.chmod(0o555)
    if folder.exists():
        folder.rename(old)
    fresh.rename(folder)
    _remove(old)
    return folder


def private_copy(course: Path, home: Path) -> list[str]:
    """Give a person what they do not have yet, and return its names; a file that is there is theirs and stays as it is.

    A notebook that somebody removes or renames comes back fresh with the next login.
    """
    given = []
    for source in sorted((course / "notebooks").rglob("*")):
        place = source.relative_to(course)
        target = home / place
        if source.is_dir() or target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f".{target.name}.part")  # a machine that stops here leaves no half notebook
        shutil.copyfile(source, part)
        os.replace(part, target)
        given.append(place.as_posix())
    link = home / LINK
    if not link.is_symlink() and not link.exists():
        link.symlink_to(course, target_is_directory=True)
    with suppress(PermissionError):  # a cluster's volume is not the person's own
        home.chmod(0o700)
    return given


def _remove(folder: Path) -> None:
    """Remove a folder, a read-only one too."""
    if folder.exists():
        for path in [folder, *folder.rglob("*")]:
            if path.is_dir():
                path.chmod(0o755)
        shutil.rmtree(folder)
