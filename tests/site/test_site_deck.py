"""The decks, driven from the first slide to the last on a projector of 1280 x 720, and the sheets as they are printed."""
from __future__ import annotations

import re

import pytest
from built import SITE

DECK = SITE / "deck"
STICKS_OUT = """() => { const slide = document.querySelector('.reveal .slides section.present'), out = [], edge = slide.getBoundingClientRect();
    for (const element of slide.querySelectorAll('*')) {
        if (element.closest('aside, mjx-assistive-mml, .MathJax') || !element.checkVisibility({visibilityProperty: true})) continue;
        const box = element.getBoundingClientRect();
        if (box.width && box.height && (box.left < -1 || box.top < -1 || box.right > 1281 || box.bottom > 721)) out.push(element.outerHTML.slice(0, 150));
        if (element.matches('.clock')) for (const other of slide.querySelectorAll('.fit, .ask, .options, .before, .told')) {
            const theirs = other.getBoundingClientRect();
            if (theirs.bottom > box.top + 1 && theirs.height) out.push('over the clock: ' + other.outerHTML.slice(0, 100));
        }
    }
    return out; }"""


def advance(page):
    """Go on as a presenter's remote does, and say whether there was a further slide or a piece of one."""
    before = page.evaluate("() => [Reveal.getIndices().h, Reveal.getIndices().f]")
    page.keyboard.press("PageDown")
    return page.evaluate("() => [Reveal.getIndices().h, Reveal.getIndices().f]") != before


def test_from_the_first_slide_to_the_last(watched, deck_page):
    page = watched.open(deck_page)
    page.wait_for_function("() => Reveal.isReady()")
    seen, bad = 1, {}
    while True:
        page.wait_for_timeout(60)
        where = page.evaluate("() => Reveal.getIndices().h")
        if out := page.evaluate(STICKS_OUT):
            bad[where] = out
        for picture in page.locator(".slides section.present img").all():
            assert picture.evaluate("img => img.decode().then(() => img.naturalWidth)") > 100
            assert len(picture.get_attribute("alt")) >= 40
        assert page.locator(".slides section.present aside.notes p").count() > 0
        if not advance(page):
            break
        seen += 1
    assert bad == {}
    assert page.evaluate("() => Reveal.isLastSlide()")
    assert seen >= 10


def test_a_stop_is_a_question_a_minute_and_an_answer(watched, deck_page):
    page = watched.open(deck_page)
    slides = page.evaluate("() => [...document.querySelectorAll('.slides > section')].map(s => [s.querySelector('.where')?.textContent ?? '', !!s.querySelector('.clock'), !!s.querySelector('.told, .reply')])")
    stops = {where for where, _, _ in slides if where}
    for stop in stops:
        mine = [(clock, answer) for where, clock, answer in slides if where == stop]
        asks = [clock for clock, _ in mine].index(True)
        assert sum(clock for clock, _ in mine) == 1
        assert mine[-1][1]
        assert not any(answer for _, answer in mine[:asks + 1])


def test_the_clock_runs_stops_and_ends(watched):
    page = watched.open(DECK / "09_adam.html")
    page.keyboard.press("PageDown")
    clock = page.locator("section.present .clock")
    assert clock.inner_text().startswith("1:00")
    page.keyboard.press("t")
    page.wait_for_timeout(1600)
    page.keyboard.press("t")
    left = clock.locator("[role=timer]").inner_text()
    assert left in ("0:58", "0:59")
    page.wait_for_timeout(1300)
    assert clock.locator("[role=timer]").inner_text() == left
    page.evaluate("() => { document.querySelector('section.present .clock').dataset.left = 1; }")
    clock.locator("button").click()
    page.wait_for_timeout(1600)
    assert "over" in clock.get_attribute("class")


def test_notes_under_the_slide(watched):
    page = watched.open(DECK / "00_start_here.html")
    page.keyboard.press("PageDown")
    notes = page.locator("section.present aside.notes")
    assert not notes.is_visible()
    page.keyboard.press("n")
    assert notes.is_visible()
    assert "You may hear" in notes.inner_text()


def test_notes_in_their_own_window(watched):
    page = watched.open(DECK / "00_start_here.html")
    page.keyboard.press("PageDown")
    with page.expect_popup() as opened:
        page.keyboard.press("s")
    notes = opened.value
    notes.wait_for_function("() => /You may hear/.test(document.querySelector('.speaker-controls-notes')?.textContent ?? '')", timeout=20_000)
    notes.close()


def test_the_quiz_has_all_questions_and_no_answer_and_the_key_has_them(watched):
    page = watched.open(DECK / "quiz.html")
    questions = page.locator("main li").all_inner_texts()
    assert len(questions) > 12
    assert page.locator(".right, .because").count() == 0
    page = watched.open(DECK / "key.html")
    assert page.locator("main li").count() == page.locator("main .right").count() == len(questions)


def test_the_sheet_is_one_page(watched):
    page = watched.open(DECK / "sheet.html")
    printed = page.pdf(prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


@pytest.mark.parametrize("name", ["quiz.html", "key.html"])
def test_a_sheet_prints(watched, name):
    printed = watched.open(DECK / name).pdf(prefer_css_page_size=True)
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 6
