"""What is printed for a room: the quiz, its key, and one page to keep."""
from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

import nbformat

from website.slides import markdown
from website.stops import rows

__all__ = ["Question", "from_memory", "key", "quiz", "twelve"]

FOLD = re.compile(r"<details><summary>(?P<question>.*?)</summary>(?P<answer>.*?)</details>", flags=re.DOTALL)


HEADING = re.compile(r"^### .*from memory$", flags=re.MULTILINE)


class Question(NamedTuple):
    """A question, its answer, and why it is so, where that stands apart from the answer."""

    text: str
    answer: str
    because: str = ""


def twelve(page: str) -> list[Question]:
    """The quiz of INSTRUCTOR.md with its key; ValueError where a question has no answer."""
    heading = "The quiz, and its key"
    keys = rows(page, heading)
    text = page.split(f"## {heading}\n", 1)[1].split("\n|", 1)[0]
    asked = re.findall(r"^(\d+)\. (.+)$", text, flags=re.MULTILINE)
    if [number for number, _ in asked] != [row[0] for row in keys]:
        numbers = [number for number, _ in asked], [row[0] for row in keys]
        raise ValueError(f"questions {numbers[0]} and answers {numbers[1]}: each question needs its answer")
    return [Question(question, answer, because) for (_, question), (_, answer, because) in zip(asked, keys, strict=True)]


def from_memory(notebook: nbformat.NotebookNode) -> list[Question]:
    """The questions that a lesson asks to be answered from memory: those under its heading of that name."""
    texts = [HEADING.split(cell.source, maxsplit=1)[1] for cell in notebook.cells
             if cell.cell_type == "markdown" and HEADING.search(cell.source)]
    return [Question(found["question"].strip(), found["answer"].strip()) for text in texts for found in FOLD.finditer(text)]


def quiz(room: list[Question], lessons: Mapping[str, list[Question]]) -> str:
    """The questions alone, with room to write."""
    return _paper("Quiz", "Two minutes for each question. Nobody needs a computer.", room, lessons, answers=False)


def key(room: list[Question], lessons: Mapping[str, list[Question]]) -> str:
    """The same questions with their answers."""
    return _paper("Key to the quiz", "", room, lessons, answers=True)


def _paper(title: str, lead: str, room: list[Question], lessons: Mapping[str, list[Question]], *, answers: bool) -> str:
    parts = [("Twelve for the room", room), *lessons.items()]
    inside = "".join(f"<h2>{name}</h2><ol>{''.join(_line(question, answers) for question in asked)}</ol>" for name, asked in parts)
    return f"<h1>{title}</h1>{markdown(lead)}{inside}"


def _line(question: Question, answers: bool) -> str:
    if not answers:
        return f'<li>{markdown(question.text)}<div class="lines"></div></li>'
    because = f'<div class="because">{markdown(question.because)}</div>' if question.because else ""
    return f'<li>{markdown(question.text)}<div class="right">{markdown(question.answer)}</div>{because}</li>'
