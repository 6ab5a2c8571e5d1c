"""The experiment of lesson 0, its map, and its look at the machine."""
from __future__ import annotations

import re

import nbformat
import numpy as np
import pytest
import source as lessons
from play_laws import LAWS

from lessonlib import run, sgd
from lessonlib.lessons.lesson00 import play
from lessonlib.problems import ravine

CASES = [(play.step_size, {"lr": 0.15, "steep": 10.0})]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize(("make", "solution"), CASES, ids=lambda c: getattr(c, "__name__", ""))
def test_each_experiment_keeps_the_laws_of_play(law, make, solution):
    law(make, solution)


def test_the_readout_says_what_the_runner_says():
    told = play.step_size().alt(lr=0.15, steep=10.0)
    assert f"{run(sgd, ravine(10), steps=60, lr=0.15).loss[-1]:.1e}" in told
    assert "along the valley by 0.85 and across it by -0.5" in told


def test_the_goal_cannot_be_had_by_making_the_valley_round():
    assert not play.step_size().goal.met(lr=1.0, steep=1.0)


def test_the_map_names_what_comes_before_and_draws_a_box_for_each_lesson():
    seen = set()
    for lesson in play.COURSE:
        assert set(lesson.needs + lesson.helped_by) <= seen
        seen.add(lesson.number)
    words = " ".join(text.get_text() for text in play.course_map().axes[0].texts)
    assert all(f"{lesson.number}  {lesson.name}" in words and f"{lesson.minutes} min" in words for lesson in play.COURSE)


@pytest.mark.parametrize("lesson", play.COURSE, ids=lambda lesson: lesson.name)
def test_the_map_has_the_minutes_that_the_lesson_has(lesson):
    found = [source for source in lessons.sources() if source.stem.startswith(f"{lesson.number:02d}_")]
    if not found:
        pytest.skip(f"lesson {lesson.number} is not here")
    top = nbformat.read(lessons.target(found[0], False), as_version=4).cells[0].source
    said = re.findall(r"(\d+) with the exercises", top) or re.findall(r"^\|.*\| *(\d+) *\|$", top, flags=re.MULTILINE)
    assert sum(map(int, said)) == lesson.minutes
    readme = (lessons.ROOT / "README.md").read_text(encoding="utf-8")
    assert re.search(rf"\(notebooks/{found[0].stem}\.ipynb\).*\| {lesson.minutes} ", readme)


def test_a_package_that_is_missing_or_old_is_found_out(monkeypatch):
    assert all(enough for _, enough in play.versions().values())
    monkeypatch.setattr(play, "NEEDED", {"numpy": (99, 0), "no-such-package": (1, 0)})
    assert play.versions() == {"numpy": (np.__version__, False), "no-such-package": ("", False)}
