"""A lesson's stops as slides: each a question, a silent minute, the experiment, and then the answer."""
from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from html import escape, unescape
from typing import Any, NamedTuple, TypeAlias

import nbformat
from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from website import outputs, prose
from website.stops import Exercise, Stop, asking_and_answering, exercise, showing

__all__ = ["Lesson", "deck", "markdown"]

Cell: TypeAlias = nbformat.NotebookNode
ROUND = ("Read the question aloud and do not explain it.", "One minute of silence, and everybody writes down an answer.",
         "A show of hands for each answer. Say nothing about who is right.", "Two minutes in pairs, if the hands disagree.",
         "Then play, and then the answer. Ask somebody whose answer was wrong what they had assumed.")
WALK = "Walk to those whose verdict stays the same. Go on when half of the room has passed."


class Lesson(NamedTuple):
    """What a deck is made of: the lesson's notebook, its solutions by the id of the stub, and what shows a picture and plays a cell."""

    number: int
    notebook: nbformat.NotebookNode
    solutions: dict[str, list[Cell]]
    picture: Callable[[str, dict[str, Any]], str]
    play: Callable[[str], str] = lambda cell: ""

    @property
    def title(self) -> str:
        """The lesson's title."""
        found = re.search(r"^# (.+)$", self.notebook.cells[0].source, flags=re.MULTILINE)
        return found[1] if found else ""


def _formula(content: str, options: dict[str, Any]) -> str:
    return escape(rf"\[{content}\]" if options.get("display_mode") else rf"\({content}\)")


_READER = MarkdownIt("commonmark", {"html": True}).enable("table").use(dollarmath_plugin, renderer=_formula)


def markdown(text: str) -> str:
    """Prose as HTML, its links as their words: a slide leads nowhere."""
    return str(_READER.render(prose.plain(text)))


def deck(lesson: Lesson, stops: Sequence[Stop]) -> str:
    """The slides of a lesson, as sections: a title, then those of each stop."""
    minutes = ", ".join(str(stop.minute) for stop in stops)
    title = (f'<section class="title"><h1>{escape(lesson.title)}</h1><p>{len(stops)} stops, at minute {minutes}</p>'
             f"{_keys()}{_notes(ROUND)}</section>")
    slides = [slide for number, stop in enumerate(stops, 1) for slide in _of_stop(lesson, stop, f"Stop {number} of {len(stops)}")]
    return "\n".join([title, *slides])


def _keys() -> str:
    keys = (("→", "next"), ("T", "start or stop the clock"), ("S", "your notes in a window"), ("N", "your notes on the slide"))
    return f'<p class="keys">{" ".join(f"<span><kbd>{key}</kbd> {what}</span>" for key, what in keys)}</p>'


def _of_stop(lesson: Lesson, stop: Stop, where: str) -> Iterator[str]:
    """Question and clock; what there is to play or to look at; the answer; and what the stop asks, if that is another question."""
    where = f"{where}, minute {stop.minute}"
    if stop.exercise:
        task = exercise(lesson.notebook, stop.exercise, lesson.solutions)
        yield _slide(where, _task(task), _notes([f"{task.minutes} minutes. {WALK}"]))
        yield from _shown(lesson, stop, where)
        yield _slide(where, f"<h2>{escape(task.title)}</h2>{_solved(task.solution)}", _notes(["The solution and its reason."]))
        yield _slide(where, _ask(stop) + _revealed(stop.answer), _notes([f"If nobody answers: {stop.nudge}"]))
    elif stop.predict:
        asks, answers = asking_and_answering(lesson.notebook, stop.predict.question)
        notes = _notes([f"You may hear: {stop.predict.hear}", f"Answer with: {stop.predict.move}"])
        yield from _in_order(stop, _slide(where, _predict(asks, stop.before) + _clock(1), notes), [*_shown(lesson, stop, where, notes)])
        again = f'<h2 class="small">{escape(stop.predict.question)}</h2>'
        yield _slide(where, f'{again}<div class="fit">{_seen(lesson, answers, stop.predict.question)}</div>', notes)
        yield _slide(where, _ask(stop) + _revealed(stop.answer), _notes([f"If nobody answers: {stop.nudge}"]))
    else:
        notes = _notes([f"If nobody answers: {stop.nudge}"])
        question = _slide(where, _before(stop.before) + _ask(stop) + _clock(1), notes)
        yield from _in_order(stop, question, [*_shown(lesson, stop, where, notes)])
        yield _slide(where, _ask(stop) + f'<div class="told">{markdown(stop.answer)}</div>', notes)


def _in_order(stop: Stop, question: str, shown: Sequence[str]) -> Sequence[str]:
    """The question and then what is shown, or the other way round where the question speaks of what is shown."""
    return [*shown, question] if stop.first else [question, *shown]


def _slide(where: str, inside: str, notes: str) -> str:
    return f'<section><p class="where">{escape(where)}</p>{inside}{notes}</section>'


def _notes(lines: Sequence[str]) -> str:
    return f'<aside class="notes">{"".join(markdown(line) for line in lines)}</aside>'


def _before(text: str) -> str:
    return f'<div class="before">{markdown(text)}</div>' if text else ""


def _ask(stop: Stop) -> str:
    return f'<div class="ask">{markdown(stop.ask)}</div>'


def _revealed(text: str) -> str:
    return f'<div class="told fragment">{markdown(text)}</div>'


def _clock(minutes: int) -> str:
    words = "in silence, on paper" if minutes == 1 else "minutes"
    return (f'<p class="clock" data-seconds="{60 * minutes}"><button type="button" aria-label="Start or stop the clock">'
            f'<span role="timer">{minutes}:00</span></button> <span class="clock-words">{words}</span></p>')


def _predict(asks: Cell, before: str) -> str:
    """A prediction as the room is asked it: its options with letters, for a show of hands."""
    pages = [output.get("data", {}).get("text/html", "") for output in asks.outputs]
    page = next(page for page in pages if "lessonlib-question" in page)
    question = outputs.QUESTION.search(page)
    assert question
    options = "".join(f"<li>{option}</li>" for option in re.findall(r"<li>(.*?)</li>", page, flags=re.DOTALL))
    listed = f'<ol class="options" type="A">{options}</ol>' if options else ""
    return f'{_before(before)}<div class="ask"><p>{question["question"]}</p></div>{listed}'


def _shown(lesson: Lesson, stop: Stop, where: str, notes: str = "") -> Iterator[str]:
    for piece in stop.cells:
        cell = showing(lesson.notebook, piece)
        yield _slide(where, f'{_before(stop.before)}<div class="fit">{_seen(lesson, cell)}</div>', notes)


def _seen(lesson: Lesson, cell: Cell, asked: str = "") -> str:
    """What a cell shows. What it prints alone says little, so there its code stands before it; so does, before an answer, its question,
    where that is not the one which the room was asked."""
    printed = all(output.output_type == "stream" for output in cell.outputs)
    code = f"<pre><code>{escape(cell.source)}</code></pre>" if printed else ""
    shown = outputs.shown(cell, lesson.picture, lesson.play(cell.id))
    questions = outputs.questions_of(lesson.notebook)

    def reply(found: re.Match[str]) -> str:
        question = questions[found["name"]]
        return found[0] if unescape(question) == asked else f'{found[0]}<span class="asked">{question}</span>'

    return code + re.sub(r'<p class="reply" data-answers="(?P<name>\w+)"[^>]*>', reply, shown)


def _task(task: Exercise) -> str:
    text = "" if len(task.text) > 900 else f'<div class="before">{markdown(task.text)}</div>'
    return f'<h2>{escape(task.title)}</h2><div class="fit">{text}<pre><code>{escape(task.stub)}</code></pre></div>{_clock(task.minutes)}'


def _solved(cells: Sequence[Cell]) -> str:
    pieces = [f"<pre><code>{escape(c.source)}</code></pre>" if c.cell_type == "code" else markdown(c.source) for c in cells]
    return f'<div class="fit">{"".join(pieces)}</div>'
