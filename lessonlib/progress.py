"""What this learner has done: checks passed, goals reached, predictions made, in one file on their own machine.

The file is `progress.json` in the user's data folder (`where()` says which one) and stays there. LESSONLIB_PROGRESS=0 in the
environment switches it off, LESSONLIB_PROGRESS_FILE names another file, and `python -m lessonlib.progress --remove` removes it.
"""
from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, Literal

__all__ = ["KINDS", "LISTENERS", "Kind", "done", "lessons", "main", "note", "open_lesson", "opened", "remove", "tell", "where"]

Kind = Literal["check", "goal", "prediction"]
KINDS: tuple[Kind, ...] = ("check", "goal", "prediction")
LISTENERS: list[Callable[[str, str, str, dict[str, Any]], None]] = []  # given (lesson, kind, item, details); empty until `lessonlib.join`
_NOW = {"lesson": "", "complained": ""}  # the lesson of this notebook, and the trouble that was told


def where() -> Path:
    """Return the path of the file, whether it exists yet or not."""
    named = os.environ.get("LESSONLIB_PROGRESS_FILE")
    if named:
        return Path(named)
    from platformdirs import user_data_path

    return user_data_path("lessonlib", appauthor=False) / "progress.json"


def open_lesson(name: str) -> None:
    """Say which lesson this notebook is, such as "09_adam": what is done from now on belongs to it."""
    _NOW["lesson"] = name


def opened() -> str:
    """Return the lesson that this notebook is, empty if none was opened."""
    return _NOW["lesson"]


def tell(kind: Kind, item: str, **details: Any) -> None:
    """Tell the listeners what happened in the lesson that is open, and keep nothing."""
    for listen in LISTENERS:
        with suppress(Exception):  # nobody who listens may be in the way of a lesson
            listen(opened(), kind, item, details)


def note(kind: Kind, item: str, **details: Any) -> None:
    """Write down that an item was done in the lesson that is open; the newest details of an item stay.

    details: anything that JSON can hold. Does nothing where no lesson is open or progress is switched off. Where the file cannot be
    written, one line says so, once, and the lesson goes on.
    """
    tell(kind, item, **details)
    if not opened() or os.environ.get("LESSONLIB_PROGRESS") == "0":
        return
    try:
        everything = _read()
        everything.setdefault(opened(), {}).setdefault(kind, {})[item] = details | {"on": date.today().isoformat()}
        _write(everything)
    except OSError as trouble:
        if _NOW["complained"] != str(trouble):
            print(f"Your progress is not kept: {trouble.strerror or trouble} ({where()}). The lesson goes on.")
            _NOW["complained"] = str(trouble)


def done(lesson: str | None = None) -> dict[str, dict[str, dict[str, Any]]]:
    """Return what was done in a lesson, the open one if None: kind -> item -> details.

    >>> done("a lesson that nobody has opened")
    {}
    """
    if os.environ.get("LESSONLIB_PROGRESS") == "0":
        return {}
    with suppress(OSError):
        found: dict[str, dict[str, dict[str, Any]]] = _read().get(opened() if lesson is None else lesson, {})
        return found
    return {}


def lessons() -> list[str]:
    """Return the names of the lessons in which something was done."""
    with suppress(OSError):
        return sorted(_read()) if os.environ.get("LESSONLIB_PROGRESS") != "0" else []
    return []


def remove() -> bool:
    """Remove the file; return whether there was one."""
    try:
        where().unlink()
    except FileNotFoundError:
        return False
    return True


def main(arguments: list[str] | None = None) -> int:
    """Print where the file is and what it holds; with --remove, remove it."""
    given = sys.argv[1:] if arguments is None else arguments
    if given not in ([], ["--remove"]):
        print(f"{' '.join(given)}: only --remove is known; without it, the progress is shown", file=sys.stderr)
        return 2
    if given:
        print(f"{where()} is removed" if remove() else f"{where()} was not there")
        return 0
    print(where())
    for lesson, kinds in sorted(_read().items()):
        print(f"  {lesson}: " + ", ".join(f"{len(items)} {kind}{'s' * (len(items) != 1)}" for kind, items in sorted(kinds.items())))
    return 0


def _read() -> dict[str, Any]:
    """What the file holds; a file that is damaged is put aside, not overwritten."""
    try:
        text = where().read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    with suppress(ValueError):
        everything = json.loads(text)
        if isinstance(everything, dict) and all(isinstance(kinds, dict) for kinds in everything.values()):
            return everything
    aside = where().with_suffix(".damaged.json")
    where().replace(aside)
    print(f"The file of your progress could not be read. It is kept as {aside}, and a new one begins.")
    return {}


def _write(everything: dict[str, Any]) -> None:
    """Write the whole file at once: whoever reads it meanwhile, or pulls the plug, finds the old one or the new one."""
    path = where()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "w", encoding="utf-8") as file:
            json.dump(everything, file, indent=1, ensure_ascii=False, sort_keys=True)
        os.replace(name, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(name)
        raise


if __name__ == "__main__":
    sys.exit(main())
