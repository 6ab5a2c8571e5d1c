"""Every page of the site: it stands alone, it is light, no link of it is dead, axe finds nothing serious, and what should move does."""
from __future__ import annotations

import re
from functools import cache
from html.parser import HTMLParser
from itertools import pairwise
from urllib.parse import unquote, urlsplit

import lab
import nbformat
import pytest
from built import PAGES, SITE

LIGHT, MOST = 1_000_000, 3_000_000  # bytes of a page's own files and of all it reads, before anything is touched
SHARED = ("_static", "carried")


class Links(HTMLParser):
    """What a page leads to and loads, and the places in it that can be led to."""

    def __init__(self, text):
        super().__init__()
        self.leads, self.loads, self.places = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.places |= {attrs[name] for name in ("id", "name") if attrs.get(name)}
        if tag in ("a", "area") and attrs.get("href"):
            self.leads.append(attrs["href"])
        elif tag != "a":
            self.loads += [attrs[name] for name in ("src", "href", "data", "poster", "action") if attrs.get(name)]


@cache
def links(path):
    """The links of a page, read once."""
    return Links(path.read_text(encoding="utf-8"))


def test_no_link_is_dead(any_page):
    dead = []
    for address in [*links(any_page).leads, *links(any_page).loads]:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc or address.startswith(("#!", "javascript:")):
            continue
        file = (any_page.parent / unquote(parts.path)).resolve() if parts.path else any_page
        if not file.is_file() or (parts.fragment and file.suffix == ".html" and unquote(parts.fragment) not in links(file).places):
            dead.append(address)
    assert dead == []


def test_nothing_is_loaded_from_elsewhere_by_what_is_written(any_page):
    assert [address for address in links(any_page).loads if re.match(r"(?:https?:)?//", address)] == []


def test_no_style_loads_from_elsewhere():
    found = {path.name: re.findall(r"(?:url\(|@import)\s*[\"']?((?:https?:)?//[^\"')]+)", path.read_text(encoding="utf-8")) for path in SITE.rglob("*.css")}
    assert {name: urls for name, urls in found.items() if urls} == {}


def test_a_page_asks_nobody_and_is_light(watched, any_page):
    watched.open(any_page)
    shown = {(any_page.parent / unquote(urlsplit(address).path)).resolve() for address in links(any_page).loads}  # also what waits below
    read = {any_page, *watched.files(), *(file for file in shown if file.is_file())}
    own = sum(file.stat().st_size for file in read if not {*SHARED} & {*file.relative_to(SITE).parts})
    every = sum(file.stat().st_size for file in read)
    print(f"{any_page.relative_to(SITE)}: {every:,} bytes, its own {own:,}")
    assert own < LIGHT
    assert every < MOST


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_axe_finds_nothing_serious(watched, any_page, mode):
    watched.page.add_init_script(f"localStorage.setItem('mode', '{mode}'); localStorage.setItem('theme', '{mode}')")
    page = watched.open(any_page)
    page.evaluate("() => document.querySelectorAll('details').forEach(d => { d.open = true; })")
    found = lab.serious(page)
    watched.complaints.clear()  # axe reads the styles anew, which a browser does not allow to a page on a disk
    assert found == []


def test_the_set_up_cell_is_nowhere(lesson_page):
    assert "optimizer-course.zip" not in lesson_page.read_text(encoding="utf-8")


def test_an_answer_waits_for_a_click(watched, lesson_page):
    name = lesson_page.relative_to(SITE).with_suffix(".ipynb")
    cells = nbformat.read(lab.ROOT / "notebooks" / name, as_version=4).cells
    answers = [cell for cell in cells if "answer" in cell.metadata.get("tags", []) and cell.outputs]
    stubs = [cell for cell in cells if "stub" in cell.metadata.get("tags", [])]
    page = watched.open(lesson_page)
    assert page.locator("details.answer").count() == len(answers)
    assert page.locator("details.solution").count() == len(stubs)
    assert page.locator("details[open]:not(.sd-dropdown, nav details, .toctree-l1 details)").locator("visible=true").count() == 0
    for fold in page.locator("details.answer, details.solution").all():
        fold.locator("summary").first.click()
        assert fold.locator(":scope > :not(summary)").first.is_visible()


def test_a_word_explains_itself_to_pointer_and_keyboard(watched):
    page = watched.open(SITE / "07_momentum.html")
    word, told = page.locator("a.word", has_text="ravine").first, page.locator("#about-ravine")
    assert not told.is_visible()
    word.hover()
    assert "steep" in told.inner_text() or "valley" in told.inner_text()
    told.hover()
    page.wait_for_timeout(400)
    assert told.is_visible()
    page.keyboard.press("Escape")
    assert not told.is_visible()
    page.mouse.move(0, 0)
    word.focus()
    assert told.is_visible()
    box = told.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1280
    page.keyboard.press("Tab")
    assert not told.is_visible()


@pytest.mark.parametrize(("option", "reply"), [
    ("it shrinks the gradients across, and keeps those along", "You said “it shrinks the gradients across, and keeps those along”, and that is right."),
    ("it shrinks both directions alike", "You said “it shrinks both directions alike”. The answer is “it shrinks the gradients across, and keeps those along”."),
])
def test_a_reply_stands_beside_the_answer(watched, option, reply):
    page = watched.open(SITE / "07_momentum.html")
    page.get_by_label(option, exact=True).check()
    answer = page.locator("details.answer", has=page.locator('[data-answers="cancel"]'))
    answer.locator("summary").click()
    assert answer.locator(".reply").inner_text() == reply


@pytest.mark.parametrize(("number", "reply"), [("0,35", "You said 0.35, and that is right."), ("0.5", "You said 0.5. It is 0.3487."),
                                               ("-0.3487", "You said -0.3487. It is 0.3487. The size is right, and the sign is not.")])
def test_a_number_is_judged_as_the_lesson_does(watched, number, reply):
    page = watched.open(SITE / "07_momentum.html")
    page.locator('[data-asks="left"] input').fill(number)
    answer = page.locator("details.answer", has=page.locator('[data-answers="left"]'))
    answer.locator("summary").click()
    assert answer.locator(".reply").inner_text() == reply


def test_the_search_finds_and_leads(watched):
    page = watched.open(SITE / "search.html", "?q=condition+number")
    page.locator("#search-results li a").first.wait_for()
    found = [link.get_attribute("href") for link in page.locator("#search-results li a").all()]
    assert any("07_momentum.html" in address for address in found)


def test_the_road_leads_on_and_back():
    main = [path for path in PAGES if path.parent == SITE and path.stem[:2].isdigit()]
    for before, after in pairwise(main):
        assert after.name in links(before).leads
        assert before.name in links(after).leads


def test_each_experiment_can_be_played(watched, lesson_page):
    name = lesson_page.relative_to(SITE).with_suffix(".ipynb")
    live = [cell for cell in nbformat.read(lab.ROOT / "notebooks" / name, as_version=4).cells if cell.source.rstrip().endswith(".live()")]
    page = watched.open(lesson_page)
    page.evaluate("() => document.querySelectorAll('details').forEach(d => { d.open = true; })")
    plays = page.locator(".lessonlib-play")
    assert plays.count() == len(live)
    for play in plays.all():
        slider = play.locator("input[type=range]").first
        readout = play.locator(".lessonlib-readout").inner_text()
        if not slider.count():  # an experiment of choices alone
            play.locator("input[type=radio]:not(:checked)").first.check()
            play.locator("canvas").wait_for()
            page.wait_for_function("([play, was]) => play.querySelector('.lessonlib-readout').innerText !== was", arg=[play.element_handle(), readout])
            continue
        before = slider.input_value()
        slider.focus()
        page.keyboard.press("Home" if before != slider.get_attribute("min") else "End")
        play.locator("canvas").wait_for()
        assert slider.input_value() != before
        page.wait_for_function("([play, was]) => play.querySelector('.lessonlib-readout').innerText !== was", arg=[play.element_handle(), readout])


def test_formulas_are_set(watched):
    page = watched.open(SITE / "07_momentum.html")
    assert page.locator("mjx-container").count() > 20
    assert page.locator("mjx-merror, [data-mjx-error]").count() == 0
    assert not re.search(r"\\\(|\$[^$\n]{1,40}\$", page.locator("article").inner_text())
