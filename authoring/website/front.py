"""The front page: what the course is, who it is for, and its map with a way into each lesson."""
from __future__ import annotations

from collections.abc import Sequence
from html import escape

from lessonlib.lessons.lesson00.course import COURSE, Lesson
from lessonlib.plots import look

__all__ = ["course_map", "front", "table"]

ACROSS, DOWN, WIDTH, HEIGHT = 235, 190, 190, 124  # from box to box, and a box, in the map's own units
TEXT = """# The optimizers that train neural networks

A network learns in many steps, and each is meant to go downhill.
The gradient says which way that is.
It does not say how far to step, and this course begins with that question.
It goes in four steps, from momentum to RMSprop, to Adam and to AdamW.

When you have finished you will be able to

- write Adam from memory, and have it checked against PyTorch's;
- say what each of its settings does, because you moved it;
- recognise the problems on which Adam is the wrong choice;
- compare optimizers in a way that convinces a sceptic;
- say what a step costs on your machine, in time and in memory.

## Who it is for

You need partial derivatives and a little Python.
It helps to have trained a network once, and you need no GPU before the last lesson.
If you have trained many, begin with lesson 9 and go back where it points to.

## The map

Every box is a lesson, and a click opens it.
After lesson 0 comes lesson 7.

{map}

{table}

If you have little time, take 0, 9 and 10, because 9 repeats what it needs of those before.
Each later lesson has a second page, *deeper*, for another day.
Its sections stand alone.

## How to read it here

**Predict, play, read on.**
A lesson asks before it answers.
Choose an option or write a number, and only then open the answer, which is set beside what you said.
Your reply stays on this page and is gone when you close it.
Pictures with sliders can be moved here.

A word with a dotted line is explained when you point at it, or reach it with the Tab key.
Each exercise has a solution under it, behind a click, with the reason for it.

The page cannot run what you write.
For that, and for the checks that tell you what they saw, open the lesson as a notebook{where}.

## On your own computer

In the course's folder, with Python 3.11 or newer and `make`:

```
make lab
```

The first time this installs what the lessons need, and then it opens the first one.
Without `make`, as on Windows, the README has the three lines to type.

## For those who teach it

There are <a href="deck/index.html">slides for each lesson</a>, with a question, a silent minute and the experiment for each stop.
There is <a href="deck/quiz.html">a quiz</a> with <a href="deck/key.html">its key</a>, and <a href="deck/sheet.html">one page to print</a>.
"""


def front(pages: dict[int, str], deeper: dict[int, str], places: Sequence[str]) -> str:
    """The text of the front page. pages, deeper: each lesson's address by its number. places: where notebooks can be run by a click."""
    where = ", by the button at its top or on your own computer" if places else " on your own computer"
    return TEXT.format(map=course_map(pages), table=table(pages, deeper), where=where)


def table(pages: dict[int, str], deeper: dict[int, str]) -> str:
    """The lessons as a table: what each asks, its minutes, and its deeper page."""
    rows = []
    for lesson in COURSE:
        name = f'aria-label="{escape(lesson.name)}, deeper"'
        more = f'<a href="{deeper[lesson.number]}" {name}>deeper</a>' if lesson.number in deeper else ""
        rows.append(f'<tr><th scope="row"><a href="{pages[lesson.number]}">{lesson.number}&ensp;{escape(lesson.name)}</a></th>'
                    f"<td>{escape(lesson.question.replace(chr(10), ' '))}</td><td>{lesson.minutes}</td><td>{more}</td></tr>")
    head = "".join(f'<th scope="col">{name}</th>' for name in ("Lesson", "What it asks", "Minutes", "Another day"))
    return f'<table class="lessons"><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table>'


def course_map(pages: dict[int, str]) -> str:
    """The map as a drawing: a box for each lesson that leads to it, an arrow for what it needs, a dashed one for what helps."""
    right, top = max(lesson.x for lesson in COURSE), max(lesson.y for lesson in COURSE)
    width, height = right * ACROSS + WIDTH + 8, top * DOWN + HEIGHT + 8

    def middle(lesson: Lesson) -> tuple[float, float]:
        return 4 + WIDTH / 2 + lesson.x * ACROSS, 4 + HEIGHT / 2 + (top - lesson.y) * DOWN

    place = {lesson.number: lesson for lesson in COURSE}
    arrows = [_arrow(middle(place[other]), middle(lesson), dashed=other in lesson.helped_by)
              for lesson in COURSE for other in (*lesson.needs, *lesson.helped_by)]
    boxes = [_box(lesson, *middle(lesson), pages[lesson.number]) for lesson in COURSE]
    return (f'<div class="map"><svg viewBox="0 0 {width:g} {height:g}" role="group" aria-label="Map of the lessons">'
            '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto">'
            f'<path d="M0 0 10 5 0 10z"/></marker></defs>{"".join(arrows)}{"".join(boxes)}</svg>'
            "<p>A solid arrow leads from what a lesson needs, a dashed one from what helps.</p></div>")


def _box(lesson: Lesson, x: float, y: float, address: str) -> str:
    lines = lesson.question.split("\n")
    asked = "".join(f'<text x="{x:g}" y="{y - 2 + 21 * line:g}">{escape(words)}</text>' for line, words in enumerate(lines))
    spoken = f"Lesson {lesson.number}, {lesson.name}. {' '.join(lines)} {lesson.minutes} minutes."
    return (f'<a href="{address}" aria-label="{escape(spoken)}">'
            f'<rect x="{x - WIDTH / 2:g}" y="{y - HEIGHT / 2:g}" width="{WIDTH}" height="{HEIGHT}" rx="10" '
            f'style="--rule: {look(lesson.look).color}"/>'
            f'<text class="name" x="{x:g}" y="{y - 32:g}">{lesson.number}&ensp;{escape(lesson.name)}</text>{asked}'
            f'<text class="minutes" x="{x:g}" y="{y + HEIGHT / 2 - 12:g}">{lesson.minutes} minutes</text></a>')


def _arrow(start: tuple[float, float], end: tuple[float, float], *, dashed: bool) -> str:
    (x0, y0), (x1, y1) = start, end
    if x0 == x1:
        sign = 1 if y1 > y0 else -1
        y0, y1 = y0 + sign * HEIGHT / 2, y1 - sign * (HEIGHT / 2 + 2)
    else:
        lean = 0.25 * (y1 - y0)
        x0, y0, x1, y1 = x0 + WIDTH / 2, y0 + lean, x1 - WIDTH / 2 - 2, y1 - lean
    return f'<line class="{"helps" if dashed else "needs"}" x1="{x0:g}" y1="{y0:g}" x2="{x1:g}" y2="{y1:g}" marker-end="url(#head)"/>'
