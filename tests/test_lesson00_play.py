"""Lesson 0: its experiments, what it says of the border, its map with what was done, and its look at the machine."""
from __future__ import annotations

import re
import sys
from types import SimpleNamespace

import jupytext
import numpy as np
import pytest
import source as lessons
from play_laws import LAWS, a_stored_picture_that_is_not_the_start_shows_the_goal_reached

from lessonlib import grid, momentum, progress, run, sgd
from lessonlib.lessons.lesson00 import course, judges, machine, opening, play
from lessonlib.problems import ravine

CASES = [(play.step_size, {"lr": 0.125, "steep": 14.5}), (opening.walkers, {"steps": 8})]


@pytest.mark.parametrize("law", [*LAWS, a_stored_picture_that_is_not_the_start_shows_the_goal_reached], ids=lambda law: law.__name__)
@pytest.mark.parametrize(("make", "solution"), CASES, ids=lambda c: getattr(c, "__name__", ""))
def test_each_experiment_keeps_the_laws_of_play(law, make, solution):
    law(make, solution)


def test_the_readout_says_what_the_runner_says():
    told = play.step_size().alt(lr=0.15, steep=10.0)
    assert f"{run(sgd, ravine(10), steps=60, lr=0.15).loss[-1]:.1e}" in told
    assert "4.4e-08" in opening.walkers().alt(steps=50)  # which the lesson reads aloud
    assert "along the valley by 0.85 and across it by -0.5" in told


def test_the_goal_cannot_be_had_by_making_the_valley_round():
    assert not play.step_size().goal.met(lr=1.0, steep=1.0)


def test_only_one_place_of_the_slider_meets_the_goal_of_the_walkers():
    goal = opening.walkers().goal
    assert [steps for steps in range(51) if goal.met(steps=steps)] == [8]


def test_the_walkers_do_what_the_lesson_says():
    short, middle, long = (opening.walkers().alt(steps=50).split("steps: ")[1].split(", ")[i] for i in range(3))
    assert "0.15" in opening.lowest()
    assert float(short.split()[0]) < 5.5 < float(long.split()[0])
    across = run(sgd, ravine(10), steps=50, lr=0.202).theta[:, 1]
    assert (np.sign(across[1:]) == -np.sign(across[:-1])).all()  # it changes sides at each step
    assert (np.diff(abs(across)) > 0).all()  # and lands further out
    assert (np.diff(run(sgd, ravine(10), steps=50, lr=0.005).loss) < 0).all()
    assert float(middle.split()[0]) < 1e-6


@pytest.mark.parametrize(("lr", "says"), [(0.15, 0), (0.1, 0), (0.2, 1), (0.21, 2)])
def test_what_a_walk_does_is_read_off_the_walk(lr, says):
    assert opening.what_it_does(run(sgd, ravine(10), steps=4, lr=lr)) == opening.HOPS[says]


def test_the_best_step_is_nine_tenths_of_the_border_and_half_of_it_leaves_a_billion_times_more():
    best, left, left_by_half = opening.best_and_half()
    assert best / 0.2 == pytest.approx(0.9, abs=0.02)
    assert opening.where_the_best_is() == opening.BEST[2]
    assert left_by_half / left == pytest.approx(1e9, rel=0.1)
    few, many = ((run(sgd, ravine(10), steps=1000, record="loss", lr=lr).loss < 1e-10).argmax() for lr in (best, best / 2))
    assert 1.9 < many / few < 2.3


def test_the_steepest_valley_and_the_finest_window_can_be_reached_with_the_slider():
    assert 15.1 < play.steepest() < 15.25
    goal = play.step_size().goal
    assert any(goal.met(lr=0.002 * 10 ** (0.002 * k), steep=15.0) for k in range(1501))


def test_the_best_step_size_is_close_to_where_both_factors_are_equally_far_from_zero():
    assert opening.best_and_half()[0] == pytest.approx(2 / 11, rel=0.01)
    for lr, slower in ((0.175, 0), (0.19, 1)):
        assert np.abs(run(sgd, ravine(10), steps=100, lr=lr).theta[-1]).argmax() == slower


def test_the_valleys_formula_is_that_of_its_loss_and_gradient():
    theta = np.array([0.3, -0.7])
    assert ravine(10).loss(theta) == pytest.approx((0.3**2 + 10 * 0.7**2) / 2)
    assert ravine(10).grad(theta, None) == pytest.approx(theta * [1, 10])


def test_walks_that_keep_their_paths_pass_and_are_told_how_much_that_is():
    said = judges.judge_runs(run(sgd, ravine(50), steps=500, **grid(lr=judges.LRS)))
    assert said
    assert "201,402 numbers of the paths" in said.message


@pytest.mark.parametrize(("guess", "says"), [(2 / 3, "At both 0.6533 and 0.68 the loss grows."), (0.04, "At both 0.0392 and 0.0408 the loss falls."),
                                             (None, "Put your border in place of None")])
def test_a_border_is_tried_on_both_sides(guess, says):
    assert says in judges.judge_border(guess).message


def test_the_border_is_told_with_its_law():
    assert "2 / 40 = 0.05" in judges.judge_border(0.05).message


def test_from_sixteen_on_no_step_size_reaches_the_goal():
    assert [row[1] == "none" for row in play.windows()] == [False] * 4 + [True]
    assert [row[0] for row in play.windows((16, 20, 40, 100)) if row[1] != "none"] == []


@pytest.mark.parametrize(("slip", "says"), [(lambda theta, g, s, *, lr: (theta - g, s), 0), (lambda theta, g, s, *, lr: (theta + lr * g, s), 1),
                                            (lambda theta, g, s, *, lr: (-lr * g, s), 2)])
def test_a_fault_is_named(slip, says):
    assert judges.fault_of(slip) == judges.FAULTS[says]


def test_the_map_names_what_comes_before_and_draws_a_box_for_each_lesson():
    seen = set()
    for lesson in course.COURSE:
        assert set(lesson.needs + lesson.helped_by) <= seen
        seen.add(lesson.number)
    words = " ".join(text.get_text() for text in course.course_map().axes[0].texts)
    assert all(f"{lesson.number}  {lesson.name}" in words and f"{lesson.minutes} min" in words for lesson in course.COURSE)


def main_road(lesson):
    """The source of a lesson of the map."""
    return next(source for source in lessons.sources() if source.parent == lessons.LESSONS and source.stem.startswith(f"{lesson.number:02d}_"))


def taught_anew(lesson):
    """The source of a lesson of the map; skips one that is still to be taught anew: those say their minutes in the first cell."""
    source = main_road(lesson)
    if "with the exercises" not in source.read_text(encoding="utf-8")[:400]:
        pytest.skip("this lesson is to be taught anew")
    return source


@pytest.mark.parametrize("lesson", course.COURSE, ids=lambda lesson: lesson.name)
def test_the_map_and_the_readme_have_the_minutes_that_the_lesson_has(lesson):
    said = re.search(r"(\d+) with the exercises", taught_anew(lesson).read_text(encoding="utf-8"))
    row = re.search(rf"^\| \[{lesson.number:02d}_.*\| (\d+) \|$", (lessons.ROOT / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert int(said[1]) == int(row[1]) == lesson.minutes


@pytest.mark.parametrize("lesson", course.COURSE, ids=lambda lesson: lesson.name)
def test_the_map_counts_what_there_is_to_do_in_the_lesson(lesson):
    cells = [cell for cell in jupytext.read(taught_anew(lesson)).cells if cell.cell_type == "code"]
    stubs = sum("stub" in cell.metadata.get("tags", []) for cell in cells)
    asked = sum(len(re.findall(r"\bpredict\(", cell.source)) for cell in cells)
    played = sum(cell.source.rstrip().endswith(".live()") for cell in cells)
    assert stubs + asked + played == lesson.things


@pytest.fixture
def record(monkeypatch):
    monkeypatch.setenv("LESSONLIB_PROGRESS", "1")
    monkeypatch.setattr(progress, "_NOW", {"lesson": "07_momentum", "complained": ""})


def test_the_map_shows_what_is_done(record):
    momentum = course.COURSE[1]
    assert course.done_of(momentum) == 0
    progress.note("check", "my_momentum")
    progress.note("goal", "below the line")
    assert course.done_of(momentum) == 2
    bars = [patch.get_width() for patch in course.course_map().axes[0].patches if hasattr(patch, "get_xy")]
    full = bars[2]  # of lesson 7: the outline, then what is done
    assert bars[3] == pytest.approx(full * 2 / momentum.things)
    for k in range(2 * momentum.things):  # a lesson may count things under names that change
        progress.note("prediction", f"question {k}")
    assert course.done_of(momentum) == momentum.things
    assert any("\u2713 7  Momentum" in text.get_text() for text in course.course_map().axes[0].texts)


def test_the_deeper_notebook_does_not_fill_the_bar(record, monkeypatch):
    monkeypatch.setattr(progress, "_NOW", {"lesson": "deeper/07_momentum", "complained": ""})
    progress.note("check", "my_beta")
    assert course.done_of(course.COURSE[1]) == 0


def test_the_words_of_the_map_say_what_is_done(record, capsys):
    progress.note("check", "my_momentum")
    course.show_map()
    assert f"Momentum 1 of {course.COURSE[1].things}" in capsys.readouterr().out


def test_the_record_is_offered_or_its_place_is_told(record, monkeypatch):
    assert "Nothing is recorded yet" in machine.offer_record()
    progress.note("check", "my_momentum")
    assert machine.offer_record() == f"Your record is in {progress.where()}"
    offered = []
    files = SimpleNamespace(download=offered.append)
    monkeypatch.setitem(sys.modules, "google", SimpleNamespace(colab=SimpleNamespace(files=files)))
    monkeypatch.setitem(sys.modules, "google.colab", SimpleNamespace(files=files))
    assert "offers progress.json" in machine.offer_record()
    assert offered == [str(progress.where())]
    monkeypatch.setenv("LESSONLIB_PROGRESS", "0")
    assert machine.offer_record() == "The record is switched off."


def test_the_report_has_a_row_for_each_package_and_says_what_is_missing(monkeypatch):
    monkeypatch.setattr(machine, "standard_run", lambda: 12.0)
    monkeypatch.setitem(machine.NEEDED, "torch", (99, 0))
    rows = {row[0]: row for row in machine.report("none").rows}
    assert set(machine.NEEDED) | {"Python", "standard run", "GPU"} == set(rows)
    assert rows["torch"][2] == "missing or too old"
    assert rows["standard run"][2] == "ready, with longer waits"


def test_a_better_rule_crosses_the_valleys_that_no_step_size_crosses():
    for steep in (16, 25):
        left = run(momentum, ravine(steep), steps=60, record="last", **grid(lr=np.geomspace(0.01, 2, 60), beta1=[0.2, 0.4, 0.6])).loss
        assert left.min() < 1e-7


PARTS = [piece for cell in lessons.cells(lessons.LESSONS / "00_start_here.py", solution=True)
         for piece in ([("prose", cell.source)] if cell.cell_type == "markdown" else [(" ".join(cell.metadata.get("tags", [])), cell.source)])]


@pytest.mark.parametrize("part", [1, 2, 3, 4])
def test_a_part_runs_when_it_is_entered_after_the_setup_cell(part, capsys):
    at, space = 0, {"display": print, "progress": progress}
    for kind, text in PARTS:
        at += kind == "prose" and text.startswith("## Part")
        if at == part and kind not in ("prose", "setup", "machine"):
            exec(text, space)
    assert at == 4
