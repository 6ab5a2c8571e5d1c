"""Each lesson in JupyterLab: it runs, its experiments can be played with by mouse and keyboard, its exercises answer."""
from __future__ import annotations

import ast
import importlib
import re
from functools import cache, partial
from pathlib import Path

import jupytext
import lab
import nbformat
import nbval_pictures
import numpy as np
import playing
import source as lessons
from nbval.plugin import IPyNbFile, coalesce_streams

import lessonlib
from lessonlib.checks import check
from lessonlib.lessons.lesson07 import extras
from lessonlib.misconceptions import MISCONCEPTIONS
from lessonlib.play.experiment import Choice
from lessonlib.rules import orthogonal

SCENE_TESTS = sorted(path.stem for path in Path(lessons.__file__).parents[1].joinpath("tests").glob("test_lesson*_play.py"))
NOT_OURS: dict[str, str] = {}  # what a console error says -> why it is not ours
TRAINED = {  # how a goal begins that depends on what the lesson trains -> what to set, by label, to reach it
    "in the other form, find a cell": {"form of decay": "Adam with L2", "step size, column 1 to 3": 2.0, "decay, row 1 to 5 from below": 3.0}}
STILL = "lessonlib-still"  # marks the picture of an experiment that a session of JupyterLab is given besides the one that is stored
THEIRS = [  # (rule of axe, what the element looks like, why it is not ours to mend)
    ("aria-input-field-name", r'<div class="noUi-handle', "ipywidgets gives the handle of a slider no name; its label stands before it"),
    ("image-alt", r'<img class="[^"]*widget-image', "ipywidgets gives a picture no alternative text; the words stand beside it, hidden"),
]
SLIPS = [  # typed in place of the right thing, once
    ("- lr", "+ lr"), ("s.t + 1", "s.t"), ("g**2", "g"), ("**0.5", ""), (" ** 0.5", "")]  # typed in place of the right thing

JUDGED = {  # (lesson, what the answer begins with) -> a wrong answer as (right part, wrong part), what is said of it, what of the right one
    ("00_start_here", "my_runs"): ('record="loss"', 'record="last"', "Only the last loss is there", "Correct"),
    ("00_start_here", "my_border"): ("2 / 40", "2 / 3", "That is the border along the valley", "Correct"),
    ("00_start_here", "my_lr"): ("1", "0.1", "Too small", "Correct"),
    ("07_momentum", "def colleague"): ("theta - lr * m", "theta - lr * s.m", "Not fixed yet", "Correct"),
    ("07_momentum", "my_kappa"): ("** 2", "** 1", "gradient descent's growth", "Correct"),
    ("07_momentum", "my_lr_at_99"): ("0.022", "0.011", "Too short a step", "Correct"),
    ("deeper/07_momentum", "my_tenth"): ("9 / 11", "0.1", "That is the share itself", "Correct"),
    ("deeper/07_momentum", "def my_nesterov"): ("beta1 * m + (1 - beta1) * g", "m", "That is momentum", "Correct"),
    ("deeper/07_momentum", "my_lower_lr"): ("0.189", "0.192", "Not from every start", "Correct"),
    ("deeper/07_momentum", "my_polyak"): ("0.05 * (1 - 0.8186)", "0.05", "That is the step of the average", "Correct"),
    ("07_momentum", "my_lr"): ("0.01", "0.1", "What does the sum end at", "Correct"),
    ("08_rmsprop", "def my_rmsprop"): ("(v**0.5 + eps)", "(v + eps)", "no root", "Correct"),
    ("08_rmsprop", "bugs"): ("sum instead of average", "plus instead of minus", "1 of 2", "Correct"),
    ("08_rmsprop", "by_hand"): ("0.01 * 9, ", "9, ", "Look at v1.", "Correct"),
    ("08_rmsprop", "meant"): ('"beta2": 0.001', '"beta2": 0.99', "Look at beta2.", "Correct"),
    ("08_rmsprop", "my_lr"): ("0.1", "0.003", "Too slow", "Correct"),
    ("deeper/08_rmsprop", "my_angle"): ("10", "20", "Too large", "Correct"),
    ("deeper/08_rmsprop", "my_eps"): ("1e-16", "1e-8", "Too large", "Correct"),
    ("deeper/08_rmsprop", "my_memory"): ("250", "512", "Too long", "Correct"),
    ("09_adam", "second ="): ("0.9 * 0.3 + 0.1 * -3", "0.9 * 0.3 + 0.1 * 3", "Look at m.", "Correct"),
    ("09_adam", "def train"): ("optimizer.zero_grad()", "pass", "Gradients pile up", "Correct"),
    ("09_adam", "bugs"): ("no root", "1 - beta2 is missing in v", "1 of 2", "Correct"),
    ("deeper/09_adam", "my_eps"): ("0.1", "1e-8", "Too small", "Correct"),
    ("deeper/09_adam", "def my_rmsprop"): ("v / (1 - beta2**t)", "v", "no bias correction", "Correct"),
    ("deeper/09_adam", "guess"): ("betas swapped", "no bias correction", "2 of 3", "Correct"),
    ("10_adamw", "bugs"): ("half of the decay", "no decay", "2 of 3", "Correct"),
    ("10_adamw", "my_decay"): ("1 / (0.45 * 0.0003 * 50_000)", "1 / (0.0003 * 50_000)", "That is with the peak", "Correct"),
    ("deeper/10_adamw", "my_decay"): ("2.0", "10.0", "Too strong", "It understands"),
    ("deeper/10_adamw", "my_edge"): ("1 / 0.3", "0.3", "That is the weight", "Correct"),
    ("deeper/10_adamw", "my_times"): ("(1 / 0.1) / (1 / 0.05) ** 0.5", "1 / 0.1", "That is m alone", "Correct"),
    ("10_adamw", "def groups"): ('"weight_decay": 0.0', '"weight_decay": 0.1', "Decayed, and should not be", "Correct"),
    ("10_adamw", "def save"): ('"optimizer": run.optimizer.state_dict()', '"optimizer": {"state": {}, "param_groups": run.optimizer.state_dict()["param_groups"]}',
                               "Not restored: the state of the optimizer", "Correct"),
    ("11_gpu_lab", "my_lr"): ("1.0", "0.01", "Too small a step size", "Correct"),
    ("11_gpu_lab", "def my_floor"): ('"adamw": 7', '"adamw": 4', "That is what stays in memory", "Correct"),
    ("11_gpu_lab", "my_batch"): ("64", "32", "It fits, and twice as many would", "Correct"),
    ("11_gpu_lab", "def train_on_t4"): ("        scaler.unscale_(optimizer)\n", "", "Clipped while it was still scaled", "Correct"),
    ("deeper/11_gpu_lab", "def my_share"): ("t / 41", "1.0", "The first step is long", "Correct"),
    ("deeper/11_gpu_lab", "def my_seconds"): ("    wait()\n    return", "    return", "The clock stops too soon", "Correct"),
    ("deeper/11_gpu_lab", "def my_clip"): ("add((part**2).sum())", "(part**2).sum()", "Each clips by its own length", "Correct"),
    ("12_after_adamw", "my_factor"): ("[0.71, 0.71]", "[1.0, 1.0]", "are 1.41 and 1.00", "Correct"),
    ("12_after_adamw", "def my_orthogonal"): ("range(5)", "range(4)", "another number of steps", "Correct"),
    ("12_after_adamw", "my_protocol"): ('"seeds": 3', '"seeds": 1', "Thin", "Correct"),
    ("12_after_adamw", "my_doubts"): ('"clock"', '"budget"', "Look at budget", "Correct"),
    ("deeper/12_after_adamw", "my_tokens"): ("0.01", "1.0", "Not a percent", "Correct"),
    ("deeper/12_after_adamw", "my_power"): ("/ 4", "/ 2", "Right for one factor", "Correct"),
    ("deeper/12_after_adamw", "def my_late"): ("min(1.0, left / (0.2 * steps))", "left / (0.2 * steps)", "It is above 1", "Correct"),
    ("deeper/12_after_adamw", "def my_step"): ("(1 - beta) * z + beta * x", "z", "The gradient is taken at z", "Correct"),
    ("deeper/12_after_adamw", "my_lrs"): ('"inside": 0.01 * 64 / 1024', '"inside": 0.01', "Look at inside", "Correct"),
    ("deeper/12_after_adamw", "my_beta2"): ("(32 / 512)", "(512 / 32)", "The other way", "Correct"),
    ("11_gpu_lab", "my_cards"): ('"stage 3": 8', '"stage 3": 4', "Stage 3: too much", "Correct"),
}


def words(text):
    """A text without its typography."""
    return re.findall(r"\w+", text)


@cache  # some make their experiments by a run
def goals():
    """What each goal of the course says -> its experiment and the settings that reach it."""
    found = {}
    for module in map(importlib.import_module, SCENE_TESTS):
        for make, solution in module.CASES:
            experiment = make()
            if experiment.goal is not None:
                found[experiment.goal.text] = (experiment, solution)
    return found


def shown_without_a_kernel(text):
    """The settings, by label, of the picture that the notebook stores for the experiment with this text, where it is not the start."""
    experiment = next((experiment for goal, (experiment, _) in goals().items() if goal in text), None)
    return by_label(experiment, experiment.shows) if experiment else {}


def by_label(experiment, given):
    """The settings of the controls by their labels; none where nothing is given."""
    controls, values = experiment.controls, experiment.values(**given) if given else {}
    return {controls[name].label: value if isinstance(controls[name], Choice) else float(value) for name, value in values.items()}


def live(lesson):
    """The numbers of the cells that show an experiment."""
    cells = nbformat.read(lesson.server.folder / lesson.name, as_version=4).cells
    assert lesson.length() == len(cells)
    return [i for i, cell in enumerate(cells) if cell.cell_type == "code" and cell.source.rstrip().endswith(".live()")]


def exercises(name):
    """What a learner is to write, from the source of a lesson: the text of each answer, in order."""
    answers, last = [], None
    for cell in jupytext.read(lessons.LESSONS / Path(name).relative_to("notebooks").with_suffix(".py")).cells:
        tags = cell.metadata.get("tags", []) if cell.cell_type == "code" else []
        if "stub" in tags:
            answers.append("")
        elif "solution" in tags and answers:
            answers[-1] += ("\n\n" if answers[-1] and last == "solution" else "") + cell.source
        last = next(iter(tags), None) if cell.cell_type == "code" else last
    return answers


def stubs(lesson):
    """(number of a stub, numbers of the two code cells that may judge it: the next, and the one after)."""
    kinds = lesson.kinds()
    found = [i for i, (_, tags) in enumerate(kinds) if "stub" in tags]
    ends = [*found, len(kinds)][1:]
    return [(i, [j for j in range(i + 1, end) if kinds[j][0] == "code"][:2]) for i, end in zip(found, ends, strict=True)]


def known(rule):
    """Whether a rule, by its name, has misconceptions of its own."""
    return any(m.rule == rule.partition("(")[0] for m in MISCONCEPTIONS) or rule.startswith("partial")


def a_slip(answer, name, rule):
    """The answer with one classic slip in it, and what the check says of it."""
    for right, wrong in SLIPS:
        for place in re.finditer(re.escape(right), answer):
            text = answer[:place.start()] + wrong + answer[place.end():]
            space = {"np": np, "partial": partial, "extras": extras, "orthogonal": orthogonal} | {n: getattr(lessonlib, n) for n in lessonlib.__all__}
            try:
                exec(text, space)
            except SyntaxError:
                continue
            verdict = check(space[name], against=eval(rule, space))
            if verdict.misconception or (not verdict and not known(rule)):
                return text, verdict
    raise AssertionError(f"no entry of SLIPS makes a known slip of {name}")


def test_it_runs_to_the_end_without_an_error(lesson):
    for i, (kind, _) in enumerate(lesson.kinds()):
        for output in lesson.outputs(i) if kind == "code" else []:
            assert output["output_type"] != "error", output["evalue"]
            assert output.get("name") != "stderr", output["text"]


def test_each_cell_shows_what_the_notebook_stores(lesson, request):
    def evaluated(expressions):
        """The texts of expressions right after the cell: what nbval_pictures asks the kernel for."""
        replies = [lesson.told[item.cell.id][expression] for expression in expressions]
        assert all(reply["status"] == "ok" for reply in replies), replies
        return [str(ast.literal_eval(reply["data"]["text/plain"])) for reply in replies]

    cells = [i for i, (kind, _) in enumerate(lesson.kinds()) if kind == "code"]
    items = list(IPyNbFile.from_parent(request.session, path=lesson.stored).collect())
    for i, item in zip(cells, items, strict=True):
        item.test_outputs = coalesce_streams([nbformat.from_dict(output) for output in lesson.outputs(i)
                                              if STILL not in output.get("data", {}).get("text/html", "")])
        same = not item.options["check"] or item.compare_outputs(item.test_outputs, coalesce_streams(item.cell.outputs))
        assert same, f"cell {i}: " + "\n".join(item.comparison_traceback)
        nbval_pictures.compare(item, evaluated)


def test_every_experiment_appears_with_labelled_controls(lesson):
    for i in live(lesson):
        play = playing.Play(lesson, i)
        assert "cannot be drawn" not in lesson.text(i)
        for row in play.rows():
            assert row.locator(".widget-label").first.inner_text().strip()
        assert play.image.evaluate("img => img.naturalWidth") > 400
        shows = shown_without_a_kernel(lesson.text(i))
        for label, value in shows.items():
            play.set(label, value)
        assert play.becomes(play.still()), f"cell {i}: another picture than the one that stands without a kernel"


def test_axe_finds_nothing_serious_in_a_live_experiment_but_what_is_known(lesson):
    for i in live(lesson):
        area = lesson.cell(i).locator(".jp-OutputArea").first
        ours = [f"{rule}: {html[:200]}" for rule, html in lab.serious(lesson.page, area)
                if not any(rule == name and re.match(look, html) for name, look, _ in THEIRS)]
        assert ours == []
        assert "Picture: " in lesson.text(i)  # in place of the alternative text


def test_every_control_moves_the_picture_by_mouse_and_by_keyboard(lesson):
    for i in live(lesson):
        play = playing.Play(lesson, i)
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
        lesson.run(i)  # anew: a control moved before may have reached it
        shown = lesson.text(i)
        assert "Not reached yet." in shown
        text = next((text for text in known if text in shown), None)
        settings = next((settings for begins, settings in TRAINED.items() if begins in shown), None)
        if text:
            experiment, solution = known[text]
            settings = by_label(experiment, solution)
        assert settings, f"cell {i}: neither TRAINED nor CASES of tests/test_lesson*_play.py reach this goal: {shown[:200]}"
        play = playing.Play(lesson, i)
        assert len(play.rows()) == len(settings)
        for label, value in settings.items():
            play.set(label, value)
        play.cell.get_by_text("Goal reached").wait_for(timeout=20_000)


def test_an_exercise_tells_a_slip_and_passes_the_right_answer(lesson):
    pairs, answers = stubs(lesson), exercises(lesson.name)
    stem = Path(lesson.name).relative_to("notebooks").with_suffix("").as_posix()
    assert len(pairs) == len(answers)

    def told(stub, judges, text):
        """What the judging cells say of a text."""
        lesson.write(stub, text)
        for number in (stub, *judges):
            lesson.run(number)
            assert not [o for o in lesson.outputs(number) if o["output_type"] == "error"], lesson.text(number)
        return lesson.text(judges[-1])

    for (i, judges), answer in zip(pairs, answers, strict=True):
        against = re.search(r"check\((\w+), against=(.+)\)\s*$", lesson.source(judges[0]))
        if against:
            text, verdict = a_slip(answer, *against.groups())
            said = told(i, judges[:1], text)
            assert " ".join(words(verdict.message)) in " ".join(words(said))
            assert verdict.message.count("*") == said.count("*")  # not taken for emphasis
            assert "\u2713" in told(i, judges[:1], answer)
            continue
        right, wrong, of_wrong, of_right = next(row for (name, begins), row in JUDGED.items() if name == stem and answer.startswith(begins))
        judges = judges[:1]
        assert answer.count(right) == 1
        assert of_wrong in told(i, judges, answer.replace(right, wrong))
        said = told(i, judges, answer)
        assert of_right in said
        assert of_wrong not in said


def test_the_console_has_no_complaint_of_ours(lesson):
    assert [text for text in lesson.complaints if not any(known in text for known in NOT_OURS)] == []
    assert lesson.server.asked_outside() == []


def test_saved_and_reopened_without_a_kernel_it_shows_its_pictures(lesson, opened):
    cells = live(lesson)
    lesson.save()
    with opened(lesson.name, kernel=False) as again:
        again.page.wait_for_timeout(2500)  # the front end looks for a widget's model for two seconds
        for i in cells:
            again.shows_a_still(i)


def test_as_committed_and_without_a_kernel_it_shows_its_pictures(name, opened):
    with opened(f"committed/{name}", kernel=False) as notebook:
        for i in live(notebook):
            notebook.shows_a_still(i)
