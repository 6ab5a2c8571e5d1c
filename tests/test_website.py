"""What the pages and the slides are made of: hover texts, folds, links, solutions, pictures, stops, the quiz. The whole is driven by `make site-test`."""
from __future__ import annotations

import base64
import doctest
import io

import build_deck
import build_site
import nbformat
import numpy as np
import pytest
import source as lessons
import tomllib
from PIL import Image
from website import front, outputs, pages, papers, pictures, prose, slides, stops, words

AUTHORING = lessons.ROOT / "authoring"
INSTRUCTOR = (AUTHORING / "INSTRUCTOR.md").read_text(encoding="utf-8")
BESIDE = tomllib.loads((AUTHORING / "deck.toml").read_text(encoding="utf-8"))
MAIN = {int(lessons.name_of(s)[:2]): s for s in lessons.sources() if lessons.name_of(s)[:2].isdigit()}
code, text, note = nbformat.v4.new_code_cell, nbformat.v4.new_markdown_cell, nbformat.v4.new_notebook


def read(source, solution=False):
    return nbformat.read(lessons.target(source, solution), as_version=4)


def png(pixels):
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, format="PNG")
    return base64.b64encode(out.getvalue()).decode("ascii")


@pytest.mark.parametrize("module", [words, outputs], ids=lambda module: module.__name__)
def test_the_examples_in_the_words_of_a_module_run(module):
    ran = doctest.testmod(module)
    assert ran.attempted > 0
    assert ran.failed == 0


def test_every_word_of_the_glossary_has_its_meaning_without_its_example():
    glossary = read(lessons.named(["glossary"])[0])
    told = words.entries("\n\n".join(cell.source for cell in glossary.cells))
    assert len(told) == sum(cell.source.count("\n### ") for cell in glossary.cells)
    assert told["ravine"].startswith("A valley that is steep across")
    assert not [word for word, meaning in told.items() if len(meaning) < 40 or "Example" in meaning or "Lesson" in meaning]


def web(source, page="07_momentum", **given):
    return prose.web(source, page, **{"words": {"l2-penalty": "A penalty."}, "places": set(), "pages": {"07_momentum", "deeper/09_adam", "glossary"}} | given)


@pytest.mark.parametrize(("written", "page", "becomes"), [
    ("an [L2](glossary.ipynb#L2-penalty) here", "07_momentum", 'an <a class="word" href="glossary.html#word-l2-penalty" aria-describedby="about-l2-penalty">L2</a> here'),
    ("an [L2](../glossary.ipynb#L2-penalty)", "deeper/09_adam", 'an <a class="word" href="../glossary.html#word-l2-penalty" aria-describedby="about-l2-penalty">L2</a>'),
    ("see [it](deeper/09_adam.ipynb#2.-What?)", "07_momentum", 'see <a href="deeper/09_adam.html#part-2-what">it</a>'),
    ("see [it](../07_momentum.ipynb)", "deeper/09_adam", 'see <a href="../07_momentum.html">it</a>'),
    ("the folder [solutions](solutions/07_momentum.ipynb)", "07_momentum", "the folder solutions"),
    ("`a[b](glossary.ipynb#L2-penalty)`", "07_momentum", "`a[b](glossary.ipynb#L2-penalty)`"),
    ("[a paper](https://arxiv.org/abs/1)", "07_momentum", "[a paper](https://arxiv.org/abs/1)"),
    ("# T\n\n[![Open in Colab](https://c/b.svg)](https://c/x)", "07_momentum", "# T"),
])
def test_a_link_leads_to_a_page(written, page, becomes):
    assert web(written, page)[0] == becomes


def test_what_a_page_says_otherwise_is_still_said_in_a_lesson():
    said = "\n".join(cell.source for source in lessons.sources() for cell in read(source).cells)
    assert [kernel for kernel in prose.RUN if kernel not in said] == []
    assert web("Run the next cell, and you see the valley from above.")[0] == "Here you see the valley from above."


def test_words_are_told_once_and_in_order():
    assert web("[a](glossary.ipynb#L2-penalty) [b](glossary.ipynb#L2-penalty)")[1] == ["l2-penalty"]


def test_what_is_led_to_is_marked_and_code_is_not():
    source = "## 2. What?\n\n```\n## 2. What?\n```"
    places = prose.asked_for("see [it](deeper/09_adam.ipynb#2.-What?)", "07_momentum")
    assert places == {("deeper/09_adam", "2-what")}
    assert web(source, "deeper/09_adam", places=places)[0] == '<span class="place" id="part-2-what"></span>\n\n' + source
    assert web(source, "07_momentum", places=places)[0] == source


def test_the_inside_of_a_fold_is_read_as_prose():
    opened = web("<details><summary>Why $a<b$</summary>\nbecause $c$\n</details>")[0]
    assert "\n\nbecause $c$\n\n" in opened
    assert r"\(a&lt;b\)" in opened


def test_a_solution_stands_with_its_exercise_and_its_reason():
    student = note(cells=[code("a = None", metadata={"tags": ["stub"]}), text("next"), code("b = None", metadata={"tags": ["stub"]})])
    solved = note(cells=[code("a = 1", metadata={"tags": ["solution"]}), text("*Why*", metadata={"tags": ["solution"]}), text("next"),
                         code("b = 2", metadata={"tags": ["solution"]})])
    found = pages.paired(student, solved)
    assert [[cell.source for cell in group] for group in found.values()] == [["a = 1", "*Why*"], ["b = 2"]]
    assert [*found] == [student.cells[0].id, student.cells[2].id]
    with pytest.raises(ValueError, match="2 exercises and 1 solutions"):
        pages.paired(student, note(cells=solved.cells[:2]))


@pytest.mark.parametrize("source", [s for s in lessons.sources() if True in lessons.variants(s)], ids=lessons.name_of)
def test_each_exercise_of_a_lesson_has_its_solution(source):
    student = read(source)
    found = pages.paired(student, read(source, True))
    assert {*found} <= {cell.id for cell in student.cells if "stub" in cell.metadata.get("tags", [])}
    assert all(group[0].cell_type == "code" for group in found.values())


def test_an_answer_is_folded_and_a_prediction_can_be_replied_to():
    page = '<div class="lessonlib-question"><p><b>Predict.</b> How &amp; why?</p><ul><li>a &lt; b</li><li>c</li></ul><style>x</style></div>'
    asks = code("deep = predict('How & why?', ['a < b', 'c'])\ndeep", outputs=[
        nbformat.v4.new_output("display_data", {"text/html": page}), nbformat.v4.new_output("execute_result", {"text/plain": "Run this cell to reply."})])
    shown = outputs.folded(asks, lambda encoded, told: "picture")
    assert shown.count('type="radio" name="deep"') == 2
    assert 'value="a &lt; b"' in shown
    assert "style" not in shown
    answers = code("deep.answer('c', within=0.2)", metadata={"tags": ["answer"]}, outputs=[
        nbformat.v4.new_output("execute_result", {"text/html": "<!-- the answer -->\n<p><b>The answer is “c”.</b></p>"})])
    folded = outputs.folded(answers, lambda encoded, told: "picture")
    assert folded.startswith(f'<details class="answer"><summary>{outputs.ANSWER}</summary>')
    assert 'data-answers="deep" data-within="0.2" data-right="“c”"' in folded


@pytest.mark.parametrize("source", lessons.sources(), ids=lessons.name_of)
def test_each_prediction_of_a_lesson_is_asked_and_answered_by_name(source):
    made = [cell for cell in read(source).cells if cell.cell_type == "code"]
    shown = [outputs.shown(cell, lambda encoded, told: "picture") for cell in made]
    asked = [name for cell in made for name in outputs.asks_of(cell.source)]
    answered = [name for cell in made for name, _ in outputs.answers_of(cell.source)]
    assert sorted(answered) == sorted({*asked})
    assert sum(html.count("data-asks") for html in shown) == len(asked)
    assert sum(html.count("data-answers") for html in shown) == len(answered)
    assert not [html for html in shown if 'data-asks=""' in html or 'data-answers=""' in html]


def test_a_picture_in_fewer_bytes_is_the_same_picture():
    figure = np.full((120, 160, 3), 255, np.uint8)
    figure[40:80, 30:130] = (215, 53, 105)
    noise = np.random.default_rng(0).integers(0, 256, (200, 200, 3), np.uint8)
    for pixels in (figure, noise):
        out = np.asarray(Image.open(io.BytesIO(pictures.smaller(base64.b64decode(png(pixels))))).convert("RGB"), int)
        assert (abs(out - pixels).max(axis=-1) > pictures.OFF).mean() <= pictures.SHARE


def test_a_picture_has_its_words_and_its_size(tmp_path):
    show = pages.figure("../", tmp_path / "pictures")
    html = show(png(np.zeros((100, 200, 3), np.uint8)), {"alt": 'the "long" way', "width": 100})
    assert 'alt="the &quot;long&quot; way" width="100" height="50"' in html
    assert 'src="../pictures/' in html


def test_the_stops_are_those_of_the_instructor_and_each_has_its_slides():
    found = stops.stops(INSTRUCTOR, BESIDE)
    assert sum(map(len, found.values())) == len(BESIDE["stop"])
    assert sum(stop.predict is not None for here in found.values() for stop in here) == 12
    assert found[9][2].ask == "Which average is further from what it should be?"
    assert found[9][2].predict.move == "0.1 over the root of 0.001."


def test_a_stop_without_its_slides_is_named():
    fewer = {"stop": BESIDE["stop"][1:]}
    with pytest.raises(ValueError, match="the three walkers"):
        stops.stops(INSTRUCTOR, fewer)
    more = {"stop": [*BESIDE["stop"], {"lesson": 7, "at": "nowhere", "answer": "x"}]}
    with pytest.raises(ValueError, match="nowhere"):
        stops.stops(INSTRUCTOR, more)


@pytest.mark.parametrize("number", stops.stops(INSTRUCTOR, BESIDE))
def test_a_deck_has_each_stop_with_question_clock_and_answer(number):
    here = stops.stops(INSTRUCTOR, BESIDE)[number]
    notebook = read(MAIN[number])
    lesson = slides.Lesson(number, notebook, pages.paired(notebook, read(MAIN[number], True)), lambda encoded, told: "<img>")
    made = slides.deck(lesson, here)
    assert made.count('class="clock"') == len(here)
    for stop in here:
        assert made.count(f"minute {stop.minute}</p>") >= 2 + len(stop.cells)
    answered = made.count('class="reply"') - made.count('class="asked"')  # an answer to what the room was not asked has its question
    assert answered == sum(stop.predict is not None for stop in here)
    for stop in here:
        if stop.predict:
            assert slides.markdown(f"You may hear: {stop.predict.hear}") in made


def test_a_cell_that_cannot_be_found_is_named():
    with pytest.raises(ValueError, match="0 cells"):
        stops.showing(read(MAIN[7]), "no such piece")
    with pytest.raises(ValueError, match="asks no such thing"):
        stops.asking_and_answering(read(MAIN[7]), "Is there tea?")


def test_the_quiz_has_the_rooms_questions_and_those_of_each_lesson():
    room = papers.twelve(INSTRUCTOR)
    assert len(room) == 12
    assert room[6].answer == "3.16 step sizes"
    memory = {number: papers.from_memory(read(source)) for number, source in MAIN.items()}
    assert all(len(questions) == 3 for questions in memory.values())
    assert memory[9][0].answer.startswith("About three times the step size")
    asked, key = papers.quiz(room, {"Adam": memory[9]}), papers.key(room, {"Adam": memory[9]})
    assert asked.count("<li>") == key.count("<li>") == key.count('class="right"') == 15
    assert "3.16 step sizes" in key
    assert "3.16 step sizes" not in asked


def test_a_question_without_an_answer_is_named():
    with pytest.raises(ValueError, match="each question needs its answer"):
        papers.twelve(INSTRUCTOR.replace("| 12 | one step size", "| 13 | one step size"))


def test_the_map_leads_into_every_lesson():
    addresses = {number: f"{lessons.name_of(source)}.html" for number, source in MAIN.items()}
    drawn, listed = front.course_map(addresses), front.table(addresses, {})
    assert all(drawn.count(f'href="{address}"') == listed.count(f'href="{address}"') == 1 for address in addresses.values())


def test_buttons_where_an_address_is_known(monkeypatch):
    monkeypatch.setattr(build_site, "urls", dict)
    assert build_site.addresses("07_momentum") == []
    monkeypatch.setattr(build_site, "urls", lambda: {"Repository": "https://github.com/a/b", "Documentation": "https://a.github.io/b/"})
    assert build_site.addresses("deeper/07_momentum") == [
        ("Open in Colab", "https://colab.research.google.com/github/a/b/blob/main/notebooks/deeper/07_momentum.ipynb"),
        ("Run in your browser", "https://a.github.io/b/lite/lab/index.html?path=deeper/07_momentum.ipynb")]
    assert [name for name, _ in build_site.addresses("11_gpu_lab")] == ["Open in Colab"]
    assert build_site.addresses("glossary") == []
    lesson = pages.prepared(note(cells=[text("# Lesson\n\nWords.")], metadata=lessons.METADATA), None, "07_momentum",
                            pages.Course({}, set(), {"07_momentum"}, lessons.ROOT, open_in=build_site.addresses))
    assert lesson.cells[0].source.splitlines()[2].count('class="open"') == 2


def test_what_is_carried_is_pinned_and_checked_by_its_bytes():
    lock = (AUTHORING / "website" / "package-lock.json").read_text(encoding="utf-8")
    assert lock.count('"integrity": "sha512-') == lock.count('"node_modules/')
    assert {name.split("/")[0] for name in build_deck.REVEAL} | {"mathjax"} == {name for name in ("reveal.js", "mathjax") if f"node_modules/{name}" in lock}
