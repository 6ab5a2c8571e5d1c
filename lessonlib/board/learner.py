"""A learner's side of a board: `lessonlib.join`, `lessonlib.help`, `lessonlib.leave`.

Told to the board after joining, and never before: which lesson is open; of a check its exercise, whether it passed, and the name of a known
misconception or one of the library's own headlines; which goals were reached; which option or number was predicted; that help is wanted.
Never code, and no word that is not in the course's own table.
"""
from __future__ import annotations

import atexit
import builtins
import hashlib
import hmac
import secrets
from contextlib import suppress
from typing import Any

from lessonlib import progress
from lessonlib.board import course as table
from lessonlib.board.course import BLANK, course, verdict_name
from lessonlib.board.keys import plain
from lessonlib.board.post import Post, place_of

__all__ = ["Room", "help", "join", "leave"]

LEAVING_S, EXIT_S = 2.0, 0.5
_NOW: dict[str, Room] = {}  # the room that this kernel is in, if any
_SEAT: list[str] = []


class Room:
    """A room that this kernel has joined: hears what is noted, and posts what the board may know of it."""

    def __init__(self, address: str, code: str, name: str) -> None:
        self.about = {"code": plain(code), "who": _who(plain(code), name), "name": name, "session": secrets.token_hex(8)}
        self.post = Post(place_of(address), self.about, lambda: {"lesson": progress.opened()})
        self._others: dict[str, int] = {}  # headlines that do not travel, by number
        self._said: dict[str, Any] = {}

    def hear(self, lesson: str, kind: str, said: str, details: dict[str, Any]) -> None:
        """Post an event, if it is one of the course's."""
        known = course().get(lesson)
        item = known.find(kind, said) if known else None
        if item is None or "right" in details:  # a reply is told when it is made, not again beside the answer
            return
        event: dict[str, Any] = {"item": item.key}
        if kind == "prediction":
            reply = details.get("said")
            event["said"] = item.options.index(reply) if item.options and reply in item.options else reply
            if (item.options and reply not in item.options) or self._said.get(item.key) == event["said"]:
                return
            if not item.options:
                event["said"] = float(event["said"])
            self._said[item.key] = event["said"]
        elif "headline" not in details:
            event["state"] = "passed"
        elif details["headline"] in BLANK:
            event["state"] = "blank"
        else:
            name = verdict_name(details["headline"], details.get("misconception"))
            event |= {"state": "tried", "verdict": name}
            if not name:
                event["other"] = self._others.setdefault(details["headline"], len(self._others) + 1)
        self.post.put(event)


def join(address: str, code: str, nickname: str) -> None:
    """Join a room, as the board says: its address, its four words, and a name that the room may see.

    From then on the board is told which exercises you try and pass, under which misconception, which goals you reach and what you predict,
    and when you ask for help(); never your code or a text of yours. leave() ends it. Raises ValueError for a code that is not this room's.
    """
    name = table.nickname(nickname)
    if plain(code).count("-") != 3:
        raise ValueError(f"code={code!r}: the four words that stand on the board, such as 'amber river cobalt owl'")
    room, old = Room(address, code, name), _NOW.pop("room", None)
    if old is not None and old.about["who"] == room.about["who"] and old.post.state != "left":
        old.post.place, room = room.post.place, old  # joined once more, and nothing that waits is lost
    elif old is not None:
        _leave(old)
    room.post.once()
    if room.post.state == "refused":
        _stop(room)
        reason = room.post.why or "refused"
        raise ValueError(f"code={code!r}: {reason}. Four words stand on the board; ask whoever leads the room if they are these.")
    _NOW["room"] = room
    if room is not old:
        progress.LISTENERS.append(room.hear)
        room.post.start()
    if room.post.state == "there":
        print(f"You are in the room, as {room.post.name}. The board is told how you do, and never what you write. "
              "lessonlib.leave() ends it.")
    elif room.post.why:
        print(f"The board says: {room.post.why}. It is asked again by itself, so go on with the lesson.")
    else:
        print(f"Nobody answers at {address} yet. It is tried again by itself, so go on with the lesson. If another address stands on the "
              "board, join again.")


def help(wanted: Any = True) -> None:
    """Raise your hand on the board; help(False) lowers it. Anything else is explained as Python's own help does."""
    if wanted is not True and wanted is not False:
        builtins.help(wanted)
        return
    room = _NOW.get("room")
    if room is None:
        print('You are in no room, so nobody is told: lessonlib.join("address", "code", "nickname") joins one.')
        return
    if room.post.state == "left":
        print("You are no longer in the room. Whoever leads it can say why; lessonlib.join joins it again.")
        return
    room.post.put({"hand": wanted})
    there = "" if room.post.state == "there" else ", as soon as the board answers"
    print(f"Your hand is up{there}. lessonlib.help(False) lowers it." if wanted else f"Your hand is down{there}.")


def leave() -> None:
    """Leave the room: the board forgets you, and is told nothing more."""
    room = _NOW.pop("room", None)
    if room is None:
        print("You are in no room.")
        return
    _leave(room)
    print("You have left the room.", *["The board did not answer, so it may show your name for a while."] * (room.post.state != "left"))


def _leave(room: Room) -> None:
    """Let the board forget this person."""
    _stop(room)
    if room.post.state != "left":
        room.post.once(LEAVING_S, leave=True, events=[])


def _stop(room: Room) -> None:
    """Tell it nothing more."""
    with suppress(ValueError):
        progress.LISTENERS.remove(room.hear)
    room.post.end()


def _at_exit() -> None:
    """A kernel that ends has half a second to say the last thing."""
    room = _NOW.get("room")
    if room is not None and room.post.state == "there" and room.post.count > room.post.got:
        room.post.once(EXIT_S)


atexit.register(_at_exit)


def _who(code: str, name: str) -> str:
    """A secret name in one room, the same in all kernels of one machine, so that a lesson opened next is the same person."""
    return hmac.new(_seat().encode(), f"{code}\n{name.casefold()}".encode(), hashlib.sha256).hexdigest()[:32]


def _seat() -> str:
    """A random number of this machine, in a file beside the progress; in memory alone where none can be written."""
    if not _SEAT:
        _SEAT.append(secrets.token_hex(16))
        path = progress.where().with_name("seat.txt")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                with open(path, "x", encoding="ascii") as file:
                    file.write(_SEAT[0])
            except FileExistsError:
                _SEAT[0] = path.read_text(encoding="ascii").strip() or _SEAT[0]
    return _SEAT[0]
