"""What a room can do in each lesson, as it stands in course.json: only words of this table ever travel to a board."""
from __future__ import annotations

import json
import unicodedata
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["BLANK", "Item", "Lesson", "course", "nickname", "verdict_name", "verdicts"]

BLANK = ("Not written yet.", "Not answered yet.")  # what a check says of a cell as it was handed out
LETTERS = 24  # of a nickname


class Item(NamedTuple):
    """One thing to do: a check, a goal or a prediction.

    key: "lesson/id", the same as long as its title is. names: what a check of it is called. options: of a prediction, none where it asks
    for a number.
    """

    key: str
    kind: str
    title: str
    names: tuple[str, ...] = ()
    options: tuple[str, ...] = ()


class Lesson(NamedTuple):
    """A lesson with its items, in its order."""

    name: str
    title: str
    items: tuple[Item, ...]

    def find(self, kind: str, said: str) -> Item | None:
        """Return the item that a lesson's own word stands for, None for a word that is not in the table."""
        for item in self.items:
            if item.kind == kind and (said in item.names or said == item.title
                                      or (item.title.endswith("\u2026") and said.startswith(item.title[:-1]))):
                return item
        return None


@lru_cache(maxsize=1)
def _table() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(__file__).with_name("course.json").read_text(encoding="utf-8"))
    return found


@lru_cache(maxsize=1)
def course() -> dict[str, Lesson]:
    """Return the lessons by name, the main road first.

    >>> [item.title for item in course()["09_adam"].items if item.kind == "check"][0]
    '1. Write Adam'
    """
    return {name: Lesson(name, lesson["title"], tuple(
        Item(f"{name}/{item['id']}", item["kind"], item["title"], tuple(item.get("keys", ())), tuple(item.get("options", ())))
        for item in lesson["items"])) for name, lesson in _table()["lessons"].items()}


@lru_cache(maxsize=1)
def verdicts() -> dict[str, bool]:
    """Return every name that a verdict can travel under: True where it is a misconception's."""
    return dict.fromkeys(_table()["headlines"], False) | dict.fromkeys(_table()["misconceptions"], True)


def verdict_name(headline: str, misconception: str | None) -> str:
    """Return what a verdict travels under: a misconception, a headline of the library, empty for anything else.

    >>> verdict_name("It raised MySecret.", None)
    ''
    """
    return next((name for name in (misconception, headline) if name in verdicts()), "") or ""


def nickname(given: object) -> str:
    """Return a nickname as it is shown: letters, digits, signs and single spaces, at most 24. Raises ValueError where none is left.

    >>> nickname("  Ada   L.\\u202e ")
    'Ada L.'
    """
    kept: list[str] = []
    for letter in unicodedata.normalize("NFC", given[:400] if isinstance(given, str) else ""):
        kind = unicodedata.category(letter)
        if kind[0] in "LNPS" or (kind == "Mn" and kept and unicodedata.category(kept[-1])[0] == "L"):  # one mark on a letter, no tower
            kept.append(letter)
        elif kind[0] == "Z" or letter in "\t\n\r":
            kept.append(" ")
    name = " ".join("".join(kept).split())[:LETTERS].strip()
    if not name:
        raise ValueError(f"nickname={str(given)[:40]!r}: a name of 1 to {LETTERS} letters, such as 'Ada'")
    return name
