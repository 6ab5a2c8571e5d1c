"""The stop points of INSTRUCTOR.md, and what each has in its lesson: the question, the experiment, the answer."""
from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import nbformat

from website import outputs

__all__ = ["Asked", "Exercise", "Stop", "asked_in_room", "asking_and_answering", "exercise", "rows", "showing", "stops"]

Cell: TypeAlias = nbformat.NotebookNode
NUMBERED = re.compile(r" \(prediction (\d+)\)$")
EXERCISE = re.compile(r"^Exercise (\d+)$")


@dataclass(frozen=True)
class Asked:
    """A prediction for the room: the question as the notebook asks it, what one hears, and what to do or say then."""

    question: str
    hear: str
    move: str


@dataclass(frozen=True)
class Stop:
    """A place to stop in a lesson: its minute, its name, the question that somebody answers aloud, and what helps if nobody does.

    predict: the prediction that the room makes there, if it is one of the twelve. before, cells, answer, first: from deck.toml.
    """

    lesson: int
    minute: int
    at: str
    ask: str
    nudge: str
    predict: Asked | None = None
    before: str = ""
    cells: Sequence[str] = ()
    answer: str = ""
    first: bool = False

    @property
    def exercise(self) -> str:
        """The number of the exercise that the room does there, or nothing."""
        found = EXERCISE.match(self.at)
        return found[1] if found else ""


@dataclass(frozen=True)
class Exercise:
    """An exercise of a lesson: its title, its minutes, what it says, and the cells of its stub and of its solution."""

    title: str
    minutes: int
    text: str
    stub: str
    solution: Sequence[Cell]


def rows(page: str, heading: str) -> list[list[str]]:
    """The rows of the first table under a heading of a page in Markdown, as lists of cells; ValueError where there is none."""
    mark = re.search(rf"^(#+) {re.escape(heading)}$", page, flags=re.MULTILINE)
    if not mark:
        raise ValueError(f"heading={heading!r}: the page has no such heading")
    text = re.split(rf"^#{{1,{len(mark[1])}}} ", page[mark.end():], maxsplit=1, flags=re.MULTILINE)[0]
    table = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in table[2:]]


def asked_in_room(page: str) -> dict[int, Asked]:
    """The predictions for the room, by their numbers."""
    return {int(number): Asked(ask, hear, move) for number, _, ask, hear, move in rows(page, "Twelve predictions for the room")}


def stops(page: str, beside: Mapping[str, Any]) -> dict[int, list[Stop]]:
    """Number of a lesson -> its stops, in order. page: INSTRUCTOR.md. beside: deck.toml.

    ValueError for a row that deck.toml has nothing for, and for an entry of deck.toml that no row asks for.
    """
    asked = asked_in_room(page)
    entries = {(entry["lesson"], entry["at"]): entry for entry in beside["stop"]}
    found: dict[int, list[Stop]] = {}
    for heading, number in re.findall(r"^### (Lesson (\d+), .*)$", page, flags=re.MULTILINE):
        lesson = int(number)
        for minute, at, ask, nudge in rows(page, heading):
            predicted = NUMBERED.search(at)
            whole = NUMBERED.sub("", at)
            name = whole if (lesson, whole) in entries else whole.partition(",")[0]
            entry = entries.pop((lesson, name), None)
            if entry is None:
                raise ValueError(f"lesson {lesson}, {name!r}: INSTRUCTOR.md stops there, and deck.toml does not say what to show")
            found.setdefault(lesson, []).append(Stop(
                lesson, int(minute), name, ask, nudge, asked[int(predicted[1])] if predicted else None,
                entry.get("before", ""), tuple(entry.get("cells", ())), entry["answer"], entry.get("first", False)))
    if entries:
        raise ValueError(f"deck.toml has {sorted(entries)}, and INSTRUCTOR.md stops at no such place")
    return found


def showing(notebook: nbformat.NotebookNode, piece: str) -> Cell:
    """The cell with this piece of code; ValueError where there is none or more than one."""
    found = [cell for cell in notebook.cells if cell.cell_type == "code" and piece in cell.source + "\n"]
    if len(found) != 1:
        raise ValueError(f"cells={piece!r}: {len(found)} cells of the notebook have that, and one should")
    return found[0]


def asking_and_answering(notebook: nbformat.NotebookNode, question: str) -> tuple[Cell, Cell]:
    """The cell that asks a prediction, and the one that answers it; ValueError where the notebook does not ask it."""
    for cell in notebook.cells:
        for name in outputs.asks_of(cell.source) if cell.cell_type == "code" else ():
            if question in re.sub(r"[\"']\s*\n\s*[\"']", "", cell.source):
                answers = [c for c in notebook.cells if c.cell_type == "code" and f"{name}.answer(" in c.source]
                return cell, answers[0]
    raise ValueError(f"question={question!r}: the notebook asks no such thing")


def exercise(notebook: nbformat.NotebookNode, number: str, solutions: Mapping[str, Sequence[Cell]]) -> Exercise:
    """An exercise by its number; solutions: as website.pages.paired gives them. ValueError where the notebook has no such exercise."""
    for place, cell in enumerate(notebook.cells):
        found = re.search(rf"^### (Exercise {number}\. .+?) \((\d+) minutes\)\n(.*)", cell.source, flags=re.MULTILINE | re.DOTALL)
        if cell.cell_type == "markdown" and found:
            stub = next(c for c in notebook.cells[place:] if c.id in solutions)
            text = re.sub(r"<details>.*?</details>", "", found[3], flags=re.DOTALL).strip()
            return Exercise(found[1], int(found[2]), text, stub.source, solutions[stub.id])
    raise ValueError(f"number={number!r}: the notebook has no such exercise")
