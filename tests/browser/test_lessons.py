"""Each lesson in JupyterLab: it runs, its experiments can be played with by mouse and keyboard, its exercises answer."""
from __future__ import annotations

import importlib
import re
from functools import partial
from pathlib import Path

import build
import jupytext
import lab
import nbformat
import numpy as np

import lessonlib
from lessonlib.checks import check
from lessonlib.experiments import Choice

SCENE_TESTS = sorted(path.stem for path in Path(build.__file__).parents[1].joinpath("tests").glob("test_scenes_*.py"))
NOT_OURS: dict[str, str] = {}  # what a console error says -> why it is not ours
TRAINED = {  # how a goal begins that depends on what the lesson trains -> what to set, by label, to reach it
    "in another form, find a cell": {"form of decay": "Adam with L2", "step size, 1 to 9": 3.0, "decay, 1 to 9": 6.0}}
SLIPS = [("- lr", "+ lr"), ("s.t + 1", "s.t"), ("g**2", "g"), ("**0.5", ""), (" ** 0.5", "")]  # typed in place of the right thing


def words(text):
    """A text without its typography."""
    return re.findall(r"\w+", text)


def goals():
    """What each goal of the course says -> its experiment and the settings that reach it."""
    found = {}
    for module in map(importlib.import_module, SCENE_TESTS):
        for make, solution in module.CASES:
            experiment = make()
            if experiment.goal is not None:
                found[experiment.goal.text] = (experiment, solution)
    return found


def live(lesson):
    """The numbers of the cells that show an experiment."""
    cells = nbformat.read(lesson.server.folder / lesson.name, as_version=4).cells
    assert lesson.length() == len(cells)
    return [i for i, cell in enumerate(cells) if cell.cell_type == "code" and cell.source.rstrip().endswith(".live()")]


def exercises(name):
    """What a learner is to write, from the source of a lesson: the text of each answer, in order."""
    answers, last = [], None
    for cell in jupytext.read(build.LESSONS / f"{Path(name).stem}.py").cells:
        tags = cell.metadata.get("tags", [])
        if "stub" in tags:
            answers.append("")
        elif "solution" in tags and answers:
            answers[-1] += ("\n\n" if answers[-1] and last == "solution" else "") + cell.source
        last = next(iter(tags), None) if cell.cell_type == "code" else last
    return answers


def stubs(lesson):
    """(number of a stub, number of the code cell that judges it)."""
    kinds = lesson.kinds()
    found = [i for i, (_, tags) in enumerate(kinds) if "stub" in tags]
    ends = [*found, len(kinds)][1:]
    return [(i, next((j for j in range(i + 1, end) if kinds[j][0] == "code"), None)) for i, end in zip(found, ends, strict=True)]


def a_slip(answer, name, rule):
    """The answer with one classic slip in it, and what the check says of it; None where no slip is known."""
    for right, wrong in SLIPS:
        text = answer.replace(right, wrong)
        space = {"np": np, "partial": partial} | {n: getattr(lessonlib, n) for n in lessonlib.__all__}
        try:
            exec(text, space)
        except SyntaxError:
            continue
        verdict = check(space[name], against=eval(rule, space)) if text != answer else None
        if verdict is not None and verdict.misconception:
            return text, verdict
    return None


def test_it_runs_to_the_end_without_an_error(lesson):
    for i, (kind, _) in enumerate(lesson.kinds()):
        for output in lesson.outputs(i) if kind == "code" else []:
            assert output["output_type"] != "error", output["evalue"]
            assert output.get("name") != "stderr", output["text"]


def test_every_experiment_appears_with_labelled_controls(lesson):
    for i in live(lesson):
        play = lab.Play(lesson, i)
        assert "cannot be drawn" not in lesson.text(i)
        for row in play.rows():
            assert row.locator(".widget-label").first.inner_text().strip()
        assert play.image.evaluate("img => img.naturalWidth") > 400


def test_every_control_moves_the_picture_by_mouse_and_by_keyboard(lesson):
    for i in live(lesson):
        play = lab.Play(lesson, i)
        for row in play.rows():
            label = row.locator(".widget-label").first.inner_text()
            for act in (play.by_mouse, play.by_keyboard):
                assert act(row), f"cell {i}: {label!r} {act.__name__} leaves the picture as it is"


def test_a_learner_reaches_every_goal(lesson):
    known = goals()
    for i in live(lesson):
        shown = lesson.text(i)
        if "Goal:" not in shown:
            continue
        text = next((text for text in known if text in shown), None)
        settings = next((settings for begins, settings in TRAINED.items() if begins in shown), None)
        if text:
            experiment, solution = known[text]
            controls = experiment.controls
            settings = {controls[name].label: value if isinstance(controls[name], Choice) else float(value)
                        for name, value in experiment.values(**solution).items()}
        assert settings, f"cell {i}: neither TRAINED nor CASES of tests/test_scenes_* reach this goal: {shown[:200]}"
        play = lab.Play(lesson, i)
        assert len(play.rows()) == len(settings)
        for label, value in settings.items():
            play.set(label, value)
        play.cell.get_by_text("Goal reached").wait_for(timeout=20_000)


def test_an_exercise_tells_a_slip_and_passes_the_right_answer(lesson):
    pairs, answers = stubs(lesson), exercises(lesson.name)
    assert len(pairs) == len(answers)
    for (i, judge), answer in zip(pairs, answers, strict=True):
        against = re.search(r"check\((\w+), against=(.+)\)\s*$", lesson.source(judge) if judge else "")
        slip = a_slip(answer, *against.groups()) if against else None
        if slip:
            lesson.write(i, slip[0])
            lesson.run(i)
            lesson.run(judge)
            said = " ".join(words(lesson.text(judge)))
            assert " ".join(words(slip[1].message)) in said
            assert slip[1].message.count("*") == lesson.text(judge).count("*")  # not taken for emphasis
        lesson.write(i, answer)
        lesson.run(i)
        if judge is not None:
            lesson.run(judge)
            assert not [o for o in lesson.outputs(judge) if o["output_type"] == "error"], lesson.text(judge)
        if against:
            assert "\u2713" in lesson.text(judge), lesson.text(judge)


def test_the_console_has_no_complaint_of_ours(lesson):
    assert [text for text in lesson.complaints if not any(known in text for known in NOT_OURS)] == []
    assert lesson.asked_outside == []


def test_saved_and_reopened_without_a_kernel_it_shows_its_pictures(lesson, new_page):
    cells = live(lesson)
    lesson.save()
    again = lab.Notebook(new_page(), lesson.server, lesson.name, kernel=False)
    again.page.wait_for_timeout(4000)  # the front end looks for a widget's model for two seconds
    for i in cells:
        again.shows_a_still(i)


def test_as_committed_and_without_a_kernel_it_shows_its_pictures(name, server, new_page):
    notebook = lab.Notebook(new_page(), server, f"committed/{name}", kernel=False)
    for i in live(notebook):
        notebook.shows_a_still(i)
