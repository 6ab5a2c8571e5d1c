"""The pages for instructors: their code runs as it stands, and they say of the lessons what is in the lessons."""
from __future__ import annotations

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


def plans():
    """(name, its rows) of each plan by the minute."""
    tables = {}
    text = page("INSTRUCTOR.md")
    for heading in ("### Day 1", "### Day 2", "## One session of 90 minutes", "## Five weeks of 90 minutes"):
        part = re.split(r"\n#{2,3} ", text.split(f"{heading}\n", 1)[1])[0]
        lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in part.splitlines() if line.startswith("|")][2:]
        for week in sorted({line[0] for line in lines}) if "weeks" in heading else [""]:
            name = f"week {week}" if week else heading.strip("# ")
            tables[name] = [line[-4:] for line in lines if not week or line[0] == week]
    return tables


LENGTH = {"Day 1": 210, "Day 2": 210}


@pytest.mark.parametrize("name", plans())
def test_a_plan_fills_its_time_in_order_and_its_exercises_have_theirs(name):
    lines = plans()[name]
    minutes = [int(line[0]) for line in lines]
    assert minutes[0] == 0
    assert minutes == sorted(set(minutes))
    assert (minutes[-1], lines[-1][2]) == (LENGTH.get(name, 90), "End")
    needed = {(row[0], row[1].partition(".")[0]): int(row[2]) for row in rows("The exercises")}
    for line, after in zip(lines, minutes[1:], strict=False):
        for exercise in re.findall(r"Exercises? (\d)", line[2]):
            assert (line[1], exercise) in needed, line
            assert after - int(line[0]) >= min(needed[line[1], exercise], 3), line


def test_a_half_day_reaches_each_stop_when_the_lesson_does():
    begins = {("Day 1", "0"): 10, ("Day 1", "7"): 45, ("Day 1", "8"): 140, ("Day 2", "9"): 15, ("Day 2", "10"): 130}
    text = page("INSTRUCTOR.md")
    for (day, lesson), begin in begins.items():
        planned = {line[2].split(",")[0]: int(line[0]) for line in plans()[day] if line[1] == lesson}
        stops = re.findall(r"^\| (\d+) \| ([^|(]+?)(?: \(.*?\))?(?:, .*?)? \|", text.split(f"### Lesson {lesson}, ", 1)[1].split("\n### ", 1)[0], flags=re.MULTILINE)
        assert len(stops) >= 5
        for minute, stop in stops:
            late = 20 * ((lesson == "7" and int(minute) > 55) or (lesson == "9" and int(minute) > 65))  # the break
            assert planned[stop.split(",")[0]] == begin + int(minute) + late, (day, stop)


def test_what_to_do_when_a_mistake_leads_is_said_of_mistakes_that_the_check_names():
    from lessonlib.misconceptions import MISCONCEPTIONS

    named = [row[0] for row in rows("When one mistake leads the board")]
    assert len(named) >= 10
    assert set(named) <= {m.name for m in MISCONCEPTIONS} | {"m is never stored"}  # the last one is of no rule's own table


def test_the_bank_s_exercises_for_the_early_come_after_the_lesson_that_is_named():
    import build_bank

    prose = "\n\n".join(cell.source for cell in build_bank.notebook(solution=False).cells)
    after = dict(re.findall(r"^### (\d+)\. .+ \(after lesson (\d+),", prose, flags=re.MULTILINE))
    said = re.findall(r"lesson (\d+) numbers? (\d+)(?: and (\d+))?|lesson (\d+) that is number (\d+)", page("INSTRUCTOR.md"))
    assert len(said) == 4
    for one, first, second, other, third in said:
        assert {after[n] for n in (first, second, third) if n} == {one or other}


def test_the_quiz_has_a_key():
    text = page("INSTRUCTOR.md").split("## The quiz, and its key\n", 1)[1].split("\n## ", 1)[0]
    assert re.findall(r"^(\d+)\. ", text, flags=re.MULTILINE) == [row[0] for row in rows("The quiz, and its key")]
