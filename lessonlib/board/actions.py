"""What the instructor does on a page: choose the lesson and the row, reveal a prediction, lower a hand, start a minute."""
from __future__ import annotations

from typing import Any

from lessonlib.board.course import course
from lessonlib.board.room import Refused, Room

__all__ = ["act"]

MINUTES = 60 * 90  # seconds of a countdown at most


def act(room: Room, said: dict[str, Any]) -> None:
    """Do what a page says; Refused for what is not to be done.

    {"do": "lesson", "name": ...}, empty to follow the room; {"do": "focus", "key": ...}, empty to follow it; {"do": "reveal",
    "key": ..., "on": true}; {"do": "lower", "number": ...}; {"do": "remove", "number": ...}; {"do": "lock", "on": true};
    {"do": "clock", "seconds": 60}.
    """
    what, on = said.get("do"), said.get("on") is True
    if what == "lesson" and said.get("name") in ["", *course()]:
        room.lesson, room.focus = said["name"], ""
    elif what == "focus" and said.get("key") in ["", *room.items]:
        room.focus = said["key"]
    elif what == "reveal" and said.get("key") in [*room.items]:
        room.revealed = room.revealed | {said["key"]} if on else room.revealed - {said["key"]}
    elif what == "lock":
        room.locked = on
    elif what == "clock" and isinstance(said.get("seconds"), int) and 0 <= said["seconds"] <= MINUTES:
        room.ends = room.clock() + said["seconds"] if said["seconds"] else 0.0
    elif what in ("lower", "remove"):
        for who, person in list(room.people.items()):
            if person.number == said.get("number"):
                if what == "remove":
                    room.remove(who)
                person.hand = None
    else:
        raise Refused(400, "a page of another version: load it again")
