"""The pages for instructors: their code runs as it stands, and they say of the lessons what is in the lessons."""
from __future__ import annotations

import importlib.util
import re

import pytest
import source as lessons

PAGES = ["BANK.md", "SHEET.md", "INSTRUCTOR.md"]


def page(name):
    return (lessons.ROOT / "authoring" / name).read_text(encoding="utf-8")


def run_page(name):
    """The names that the blocks of Python of a page make, run in order."""
    space = {}
    for block in re.findall(r"^```python\n(.*?)^```", page(name), flags=re.MULTILINE | re.DOTALL):
        exec(compile(block, name, "exec"), space)
    return space


def rows(heading):
    """The rows of the first table under a heading of INSTRUCTOR.md, as lists of cells."""
    text = page("INSTRUCTOR.md").split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    table = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table[2:]]


def main_road(number):
    """The text of a lesson, and whether it is taught in the new manner already."""
    found = next(s for s in lessons.sources() if s.parent == lessons.LESSONS and s.stem.startswith(f"{number:02d}_"))
    text = found.read_text(encoding="utf-8")
    return text, "with the exercises" in text[:400]


@pytest.mark.parametrize("name", PAGES)
def test_the_code_of_a_page_runs(name):
    run_page(name)


def test_every_exercise_of_the_bank_says_its_minutes_and_has_a_solution():
    exercises = re.split(r"^## ", page("BANK.md"), flags=re.MULTILINE)[1:]
    assert len(exercises) >= 6
    for exercise in exercises:
        assert re.search(r"\d+ minutes", exercise.splitlines()[0]), exercise.splitlines()[0]
        assert exercise.count("<details><summary>Solution</summary>") == exercise.count("</details>") == 1


def test_a_mark_is_refused_where_the_library_does_the_work(tmp_path):
    mark = run_page("INSTRUCTOR.md")["mark"]
    file = tmp_path / "my_rules.py"
    file.write_text("from lessonlib import State, adam\n\n"
                    "def my_sgd(theta, g, s, *, lr):\n    return theta - lr * g, State(s.t + 1)\n\n"
                    "def uphill(theta, g, s, *, lr):\n    return theta + lr * g, State(s.t + 1)\n\n"
                    "def my_adamw(theta, g, s, *, lr, beta1, beta2, eps, weight_decay):\n"
                    "    return adam(theta - lr * weight_decay * theta, g, s, lr=lr, beta1=beta1, beta2=beta2, eps=eps)\n", encoding="utf-8")
    spec = importlib.util.spec_from_file_location("my_rules", file)
    mine = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(mine)
    assert mark(mine.my_sgd, "sgd") == (True, "Correct.")
    assert mark(mine.uphill, "sgd") == (False, "Not yet: sign of the step")
    assert mark(mine.my_adamw, "adamw") == (False, "it calls adam")


@pytest.mark.parametrize("row", rows("Twelve predictions for the room"), ids=lambda row: row[0])
def test_a_prediction_for_the_room_is_one_of_the_lesson(row):
    text, new = main_road(int(row[1]))
    if not new:
        pytest.skip("this lesson is to be taught anew")
    assert row[2] in re.sub(r"\"\s*\n\s*\"", "", text), row[2]


def test_there_are_twelve_predictions_for_the_room():
    assert [row[0] for row in rows("Twelve predictions for the room")] == [str(k) for k in range(1, 13)]


@pytest.mark.parametrize("number", [0, 7, 8, 9, 10, 11, 12])
def test_every_exercise_is_listed_with_its_minutes(number):
    text, new = main_road(number)
    if not new:
        pytest.skip("this lesson is to be taught anew")
    headings = re.findall(r"^# ### Exercise (\d+\. .+?) \((\d+) minutes\)$", text, flags=re.MULTILINE)
    assert [(row[1], row[2]) for row in rows("The exercises") if row[0] == str(number)] == headings


def test_the_check_calls_the_mistakes_as_the_page_says():
    from lessonlib.misconceptions import MISCONCEPTIONS

    named = {row[2] for row in rows("What you will hear, and what to do next")} - {"", "..., and one more"}
    assert named <= {m.name for m in MISCONCEPTIONS}


def test_the_quiz_has_a_key():
    text = page("INSTRUCTOR.md").split("## The quiz, and its key\n", 1)[1].split("\n## ", 1)[0]
    assert re.findall(r"^(\d+)\. ", text, flags=re.MULTILINE) == [row[0] for row in rows("The quiz, and its key")]
