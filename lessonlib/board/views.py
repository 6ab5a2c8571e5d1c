"""What the pages of a board show, made from a room: counts for the one that is projected, nicknames for the instructor's."""
from __future__ import annotations

from collections import Counter
from typing import Any

from lessonlib.board.course import Item, Lesson, course, verdicts
from lessonlib.board.room import Person, Room

__all__ = ["BARS", "QUIET_S", "STUCK_S", "board", "instructor"]

QUIET_S = 60.0  # a learner's kernel says every 10 seconds that it is there
STUCK_S = 300.0  # with the same verdict
BARS, NAMED = 8, 4  # of a prediction, of a row


def board(room: Room) -> dict[str, Any]:
    """Return what is projected."""
    now, people = room.clock(), list(room.people.values())
    lesson = course().get(room.lesson) or _where_most_are(people)
    focus = room.focus if room.focus in {item.key for item in lesson.items} else _worked_on(lesson, people)
    return {
        "now": now, "ends": room.ends, "locked": room.locked, "people": len(people),
        "quiet": sum(now - person.heard > QUIET_S for person in people),
        "hands": [person.name for person in sorted(people, key=lambda p: p.hand or 0) if person.hand is not None],
        "lesson": lesson.name, "title": lesson.title, "lessons": [[each.name, each.title] for each in course().values()],
        "follows": {"lesson": not room.lesson, "focus": focus != room.focus}, "focus": focus,
        "rows": [_asked(item, people, item.key in room.revealed) if item.kind == "prediction" else _row(item, people)
                 for item in lesson.items]}


def instructor(room: Room) -> dict[str, Any]:
    """Return the instructor's own page: the board, and who it is that stands where."""
    now = room.clock()
    return board(room) | {"events": room.events, "who": [_one(room, person, now) for person in room.people.values()]}


def _where_most_are(people: list[Person]) -> Lesson:
    counted = Counter(person.lesson for person in people if person.lesson)
    return course()[counted.most_common(1)[0][0]] if counted else next(iter(course().values()))


def _worked_on(lesson: Lesson, people: list[Person]) -> str:
    """The check or goal of a lesson that most people worked on last; its first exercise before anybody did."""
    counted = Counter(person.last for person in people if person.last.startswith(f"{lesson.name}/"))
    first = next((item.key for item in lesson.items if item.kind == "check"), lesson.items[0].key)
    return counted.most_common(1)[0][0] if counted else first


def _row(item: Item, people: list[Person]) -> dict[str, Any]:
    """How many have not begun, tried and passed, and under which verdicts those who tried are now and were ever."""
    standings = [standing for person in people if (standing := person.standings.get(item.key))]
    passed = sum(standing.passed for standing in standings)
    now = Counter(standing.verdict for standing in standings if not standing.passed)
    ever = Counter(name for standing in standings for name in standing.ever)
    names = sorted(now, key=lambda name: (not verdicts().get(name, False), not name, -now[name], name))
    return {"key": item.key, "kind": item.kind, "title": item.title, "none": len(people) - len(standings), "tried": len(standings) - passed,
            "passed": passed, "half": 0 < len(people) <= 2 * passed,
            "verdicts": [[name, verdicts().get(name, False), now[name], ever[name]] for name in names[:NAMED]],
            "others": sum(now[name] for name in names[NAMED:])}


def _asked(item: Item, people: list[Person], shown: bool) -> dict[str, Any]:
    """A prediction: how many have replied, and what, if the instructor has revealed it."""
    said = [person.replies[item.key] for person in people if item.key in person.replies]
    return {"key": item.key, "kind": item.kind, "title": item.title, "replies": len(said), "shown": shown,
            "bars": _bars(item, said) if shown else []}


def _bars(item: Item, said: list[float]) -> list[tuple[str, int]]:
    """Options in their order, or the numbers that were said most, from the lowest up."""
    counted = Counter(said)
    if item.options:
        return [(option, counted[k]) for k, option in enumerate(item.options)]
    told = Counter(f"{value:.3g}" for value in said)
    most = dict(told.most_common(BARS))
    rest = len(said) - sum(most.values())
    return [(value, most[value]) for value in sorted(most, key=float)] + [("other numbers", rest)] * (rest > 0)


def _one(room: Room, person: Person, now: float) -> dict[str, Any]:
    """One line of the instructor's page."""
    standing = person.standings.get(person.last)
    stuck = standing is not None and not standing.passed and now - standing.since >= STUCK_S
    line = {"number": person.number, "name": person.name, "hand": person.hand, "quiet": now - person.heard > QUIET_S, "stuck": stuck,
            "passed": sum(each.passed for each in person.standings.values())}
    if standing is not None:
        item = room.items[person.last]
        line |= {"at": item.title, "kind": item.kind, "done": standing.passed, "verdict": standing.verdict, "since": standing.since,
                 "tries": standing.tries}
    return line
