"""The board's table says of the lessons what is in the lessons."""
from __future__ import annotations

import json

import board_table
import pytest

from lessonlib.board.course import BLANK, course, verdicts
from lessonlib.lessons.lesson00.course import COURSE
from lessonlib.misconceptions import MISCONCEPTIONS


@pytest.fixture(scope="module")
def made():
    return board_table.table()


def test_it_is_what_the_lessons_and_the_library_make_of_it(made):
    assert json.loads(board_table.TABLE.read_text(encoding="utf-8")) == made, "python authoring/board_table.py writes it anew"


@pytest.mark.parametrize("lesson", COURSE, ids=lambda lesson: str(lesson.number))
def test_it_has_all_the_things_to_do_that_the_map_counts(lesson):
    (name,) = [name for name in course() if name.startswith(f"{lesson.number:02}_")]
    assert len(course()[name].items) == lesson.things


def test_every_item_is_found_by_one_name():
    for lesson in course().values():
        names = [name for item in lesson.items if item.kind == "check" for name in item.names if not name.startswith("my_")]
        assert len(set(names)) == len(names), lesson.name
        assert len({item.key for item in lesson.items}) == len(lesson.items)
        for item in lesson.items:
            assert lesson.find(item.kind, item.names[0] if item.names else item.title.replace("\u2026", "AdamW (0.9).")) == item


def test_verdicts_have_the_librarys_names():
    assert {m.name for m in MISCONCEPTIONS} == {name for name, known in verdicts().items() if known}
    assert set(BLANK) <= set(verdicts())
    for headline in ("Too low.", "It raised NameError.", "It does not come back.", "Nothing is clipped."):
        assert verdicts()[headline] is False
    assert "Correct." not in verdicts()
