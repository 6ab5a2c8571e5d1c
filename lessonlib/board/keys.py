"""Codes of four words, compared in constant time, and the file that lets a board that was killed open the same room again."""
from __future__ import annotations

import hmac
import json
import os
import re
import secrets
import time
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

__all__ = ["Codes", "forget", "kept", "new_codes", "plain", "same", "where"]

WORDS = Path(__file__).with_name("words.txt")
STALE_S = 12 * 3600.0  # a room that was left open for so long is over


class Codes(NamedTuple):
    """What opens a room: `room` for those who are in it, `key` for whoever leads it."""

    room: str
    key: str


def new_codes() -> Codes:
    """Return codes of four words each, by chance: one of eight thousand million."""
    words = WORDS.read_text(encoding="ascii").split()
    return Codes(*("-".join(secrets.SystemRandom().sample(words, 4)) for _ in range(2)))


def plain(code: str) -> str:
    """Return a code as it is compared: small letters, a hyphen between words.

    >>> plain("Amber  river, cobalt-owl")
    'amber-river-cobalt-owl'
    """
    return "-".join(re.findall(r"[a-z]+", str(code)[:200].lower()))


def same(given: object, code: str) -> bool:
    """Return whether a code that somebody gave is this one; it takes the same time for a nearly right and a wholly wrong one."""
    return hmac.compare_digest(plain(given if isinstance(given, str) else "").encode(), code.encode())


def where(port: int) -> Path:
    """Return the path of the file that says how to open the room at this port again. It names nobody who is in it."""
    folder = os.environ.get("LESSONLIB_BOARD_FOLDER")
    if folder:
        return Path(folder) / f"board-{port}.json"
    from platformdirs import user_state_path

    return user_state_path("lessonlib", appauthor=False) / f"board-{port}.json"


def kept(port: int, codes: Codes | None = None) -> Codes | None:
    """Return the codes of the room at this port that never ended, or None; with codes, keep these for it."""
    path = where(port)
    if codes is not None:
        with suppress(OSError):  # then a board that is killed opens another room
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(handle, "w", encoding="ascii") as file:
                json.dump({**codes._asdict(), "at": time.time()}, file)
        return codes
    with suppress(OSError, ValueError, KeyError, TypeError):
        found = json.loads(path.read_text(encoding="ascii"))
        if time.time() - found["at"] < STALE_S and all(re.fullmatch(r"[a-z]+(-[a-z]+){3}", found[name]) for name in Codes._fields):
            return Codes(found["room"], found["key"])
    return None


def forget(port: int) -> None:
    """Remove the file: the room is over."""
    with suppress(OSError):
        where(port).unlink()
