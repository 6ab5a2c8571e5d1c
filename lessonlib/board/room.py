"""Who is in the room and what each has done: everything that a board knows, in memory alone.

A message of a learner names itself (`who`, a secret of their machine and nickname), its kernel (`session`) and events that are numbered
from 1 in it. An event counts once and in order, so whatever was not acknowledged may be sent again; a board that was started again asks for
all.
"""
from __future__ import annotations

import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lessonlib.board.course import Item, course, nickname, verdicts

__all__ = ["MOST", "Bucket", "Person", "Refused", "Room", "Standing"]

MOST = 500  # people
BATCH, SESSIONS = 50, 20  # events of a message, kernels of a person
OLDEST_S = 6 * 3600.0
HEX = re.compile(r"[0-9a-f]{16,64}")


class Refused(Exception):
    """A message that is not taken, with the status of HTTP that says so."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


class Bucket:
    """A limit: so many at once, so many a second."""

    def __init__(self, burst: float, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.burst, self.rate, self.clock = burst, rate, clock
        self.left, self.at = burst, clock()

    def take(self) -> bool:
        """Take one; return whether there was one."""
        now = self.clock()
        self.left, self.at = min(self.burst, self.left + (now - self.at) * self.rate), now
        if self.left < 1:
            return False
        self.left -= 1
        return True


@dataclass
class Standing:
    """How one person stands with one check or goal.

    verdict, other: the name of the newest verdict, or a number for one without a name. since, at: when it came first, when last.
    """

    passed: bool = False
    tries: int = 0
    verdict: str = ""
    other: int = 0
    since: float = 0.0
    at: float = 0.0
    session: str = ""
    ever: set[str] = field(default_factory=set)


@dataclass
class Person:
    """One in the room. number: what is said in place of the nickname where that is not to be kept. hand: since when it is up."""

    number: int
    name: str
    heard: float
    standings: dict[str, Standing] = field(default_factory=dict)
    replies: dict[str, float] = field(default_factory=dict)
    got: OrderedDict[str, int] = field(default_factory=OrderedDict)  # session -> the number of its last event
    posts: Bucket = field(default_factory=lambda: Bucket(60, 10))
    hand: float | None = None
    lesson: str = ""
    last: str = ""  # the check or goal that was worked on last


class Room:
    """The people, and what the instructor has chosen to show."""

    def __init__(self, *, keep: Callable[[dict[str, Any]], None] | None = None, clock: Callable[[], float] = time.time) -> None:
        self.keep, self.clock = keep, clock
        self.instance = secrets.token_hex(8)  # another one after each start
        self.people: dict[str, Person] = {}
        self.gone: OrderedDict[str, None] = OrderedDict()  # who left or was sent out
        self.items: dict[str, Item] = {item.key: item for lesson in course().values() for item in lesson.items}
        self.seated = self.events = 0
        self.lesson = self.focus = ""  # empty: where most of the room is
        self.revealed: set[str] = set()
        self.locked, self.ends = False, 0.0

    def receive(self, message: dict[str, Any]) -> dict[str, Any]:
        """Take a learner's message and return the answer to it; Refused says what is wrong with it."""
        who, session, events, base = (message.get(name) for name in ("who", "session", "events", "base"))
        if not (isinstance(who, str) and HEX.fullmatch(who) and isinstance(session, str) and HEX.fullmatch(session)
                and isinstance(events, list) and len(events) <= BATCH and _whole(base)):
            raise Refused(400, "not a message of lessonlib.join")
        if message.get("leave") is True:
            self.remove(who)
        if message.get("fresh") is True:
            self.gone.pop(who, None)
        if who in self.gone:
            return {"left": True, "got": 0}
        person = self.people.get(who) or self._seat(who, message.get("name"))
        if not person.posts.take():
            raise Refused(429, "too many messages a second")
        person.heard = self.clock()
        if message.get("lesson") in [*course()]:  # a list, since anything may stand there
            person.lesson = message["lesson"]
        got = person.got[session] = max(person.got.get(session, 0), int(base or 0))
        person.got.move_to_end(session)
        while len(person.got) > SESSIONS:
            person.got.popitem(last=False)
        for event in events:
            if not isinstance(event, dict) or not _whole(event.get("n")):
                raise Refused(400, "an event without its number")
            if event["n"] == got + 1:  # beyond a gap nothing is taken: the answer asks for what lies between
                got = person.got[session] = event["n"]
                self._take(person, session, event)
        return {"board": self.instance, "name": person.name, "got": got}

    def remove(self, who: str) -> None:
        """Let somebody go: nothing of them stays, and their kernels are told."""
        self.people.pop(who, None)
        self.gone[who] = None
        while len(self.gone) > 4 * MOST:
            self.gone.popitem(last=False)

    def _seat(self, who: str, name: object) -> Person:
        """A new person; a nickname that is taken gets a number."""
        try:
            wanted = nickname(name)
        except ValueError as error:
            raise Refused(400, str(error)) from None
        if self.locked:
            raise Refused(423, "the room takes nobody new at the moment")
        if len(self.people) >= MOST:
            raise Refused(503, f"the room is full: {MOST} people")
        taken = {person.name.casefold() for person in self.people.values()}
        name, k = wanted, 1
        while name.casefold() in taken:
            k += 1
            name = f"{wanted} {k}"
        self.seated += 1
        self.people[who] = Person(self.seated, name, self.clock())
        return self.people[who]

    def _take(self, person: Person, session: str, event: dict[str, Any]) -> None:
        """Count an event; one that says nothing of this course is passed over."""
        at = self.clock() - (min(max(float(event["ago"]), 0.0), OLDEST_S) if _number(event.get("ago")) else 0.0)
        self.events += 1
        item = self.items.get(event["item"]) if isinstance(event.get("item"), str) else None
        said: dict[str, Any] = {}
        if isinstance(event.get("hand"), bool):
            person.hand = (person.hand or at) if event["hand"] else None
            said = {"hand": event["hand"]}
        elif item is not None and item.kind == "prediction":
            said = _reply(person, item, event.get("said"))
        elif item is not None and event.get("state") in ("blank", "tried", "passed"):
            said = {"state": event["state"]}
            if event["state"] != "blank":
                said |= _stand(person, item, session, at, event)
        if said and self.keep is not None:
            about = {"item": item.key, "title": item.title} if item is not None else {}
            self.keep({"at": round(at, 1), "board": self.instance, "person": person.number, **about, **said})


def _stand(person: Person, item: Item, session: str, at: float, event: dict[str, Any]) -> dict[str, Any]:
    """Note what a check or a goal said; return it."""
    standing = person.standings.setdefault(item.key, Standing(since=at))
    standing.tries += 1
    newest = session == standing.session or at >= standing.at  # an old event of another kernel may come late
    if newest:
        standing.at, standing.session, person.last = at, session, item.key
    if event["state"] == "passed":
        standing.passed = True
        return {}
    verdict = event["verdict"] if isinstance(event.get("verdict"), str) and event["verdict"] in verdicts() else ""
    other = event["other"] if not verdict and _whole(event.get("other")) else 0
    standing.ever.add(verdict)
    if newest and (standing.tries == 1 or (verdict, other) != (standing.verdict, standing.other)):
        standing.verdict, standing.other, standing.since = verdict, other, at
    return {"verdict": verdict}


def _reply(person: Person, item: Item, said: Any) -> dict[str, Any]:
    """Note the reply to a prediction; return it."""
    if item.options and _whole(said) and said < len(item.options):
        person.replies[item.key] = said
        return {"said": item.options[said]}
    if not item.options and _number(said):
        person.replies[item.key] = float(said)
        return {"said": float(said)}
    return {}


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and -1e300 < value < 1e300
