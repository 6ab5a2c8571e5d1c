"""The board's pages on a projector's size, with thirty people, driven by the keyboard."""
from __future__ import annotations

import board_people
import lab
import pytest

from lessonlib.board import post

SIZE = {"width": 1280, "height": 720}
HOSTILE = "<img src=x onerror=hit()>"


@pytest.fixture(scope="module")
def board(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        for name, value in {"PING_S": 1.0, "PAUSE_S": 0.05, "LONGEST_S": 0.3}.items():
            patched.setattr(post, name, value)
        running = board_people.Board(tmp_path_factory.mktemp("board"))
        people = [board_people.Simulated(running, k, HOSTILE if k == 5 else name) for k, name in enumerate(board_people.NAMES)]
        for learner in people:
            learner.post.start()
        board_people.classroom(people)
        assert board_people.settle(people) == 0
        running.people = people
        yield running
        for learner in people:
            learner.post.end()
        running.process.kill()
        running.process.wait(10)


@pytest.fixture
def opened(board, browser):
    """Opens a page of the board, which must complain of nothing."""
    contexts, complaints = [], []

    def opened(path):
        contexts.append(browser.new_context(viewport=SIZE))
        page = contexts[-1].new_page()
        page.set_default_timeout(10_000)
        page.on("console", lambda message: message.type == "error" and "WebSocket" not in message.text and complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(f"{board.address}/{path}")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def fits(page):
    """Whether nothing has to be scrolled to, and what is large is large."""
    return page.evaluate("""() => document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth
        && [...document.querySelectorAll('.facts li')].every(e => parseFloat(getComputedStyle(e).fontSize) >= 26 && e.scrollWidth <= e.clientWidth)
        && document.querySelector('#below').getBoundingClientRect().bottom <= document.querySelector('footer').getBoundingClientRect().top""")


def test_the_instructor_reads_from_the_front(board, opened):
    page = opened(f"board#{board.key}")
    page.locator("#focus h2").wait_for()
    assert page.url == f"{board.address}/board"  # no code stands where it is projected
    assert page.locator("#focus h2").inner_text() == "Exercise 1. Write Adam"
    facts = page.locator(".facts li").all_inner_texts()
    assert facts == ["11 of 30: no bias correction (12 so far)", "4 have not begun", "Half have passed: go on (15 of 30)"]
    assert page.locator("#people").inner_text() == "30 people in the room"
    assert page.locator("#hands h2").inner_text() == "2 hands are up"
    assert sorted(page.locator("#hands .names").inner_text().split(", ")) == [HOSTILE[:24], "Farid"]
    assert page.locator("main img").count() == 0
    assert fits(page)
    assert lab.serious(page) == []
    while "Without correction" not in (before := page.locator("#focus h2").inner_text()):  # the next prediction that somebody answered
        page.keyboard.press("ArrowDown")
        page.wait_for_function("before => document.querySelector('#focus h2').textContent !== before", arg=before)
    assert page.locator("#reveal").is_enabled()
    assert page.locator("#focus .bars").count() == 0
    page.keyboard.press("r")
    page.locator("#focus .bars dt").first.wait_for()
    assert sum(int(each) for each in page.locator("#focus .bars dd").all_inner_texts()) == int(page.locator("#focus .told").inner_text().split()[0])
    assert fits(page)
    page.keyboard.press("r")
    page.locator("#focus .bars").wait_for(state="detached")
    page.keyboard.press("t")
    page.locator("#countdown").wait_for()
    page.keyboard.press("j")
    assert board.code in page.locator("#join").inner_text()
    assert page.locator("#join pre").inner_text() == f'import lessonlib\nlessonlib.join("{board.address}", "{board.code}", "your nickname")'
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.locator("#focus h2", has_text="Exercise 1. Write Adam").wait_for()


def test_the_instructors_own_page_names_people_and_lowers_hands(board, opened):
    page = opened("instructor")
    page.locator("#code").fill(board.code)
    page.keyboard.press("Enter")
    page.locator("#refused", has_text="a code of its own").wait_for()
    page.locator("#code").fill(board.key)
    page.keyboard.press("Enter")
    page.locator("#who tr").first.wait_for()
    assert page.locator("#who tr").count() == 30
    assert page.locator("#who tr", has_text="<img").locator("td").nth(2).inner_text() == "no bias correction"
    assert lab.serious(page) == []
    page.locator("[data-lower]").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('[data-lower]').length === 1")
    looking = opened(f"board#{board.code}")
    looking.locator("#focus h2").wait_for()
    assert looking.locator("#hands h2").inner_text() == "A hand is up"
    assert not looking.locator("#reveal").is_visible()
    assert looking.locator("#rows button").first.is_disabled()


def test_a_board_that_starts_again_is_on_the_page_again(board, opened):
    page = opened(f"board#{board.key}")
    page.locator("#focus h2").wait_for()
    board.kill()
    page.locator("body.cut").wait_for()
    board.start()
    page.wait_for_function("() => document.querySelector('#people').textContent.startsWith('30 people') && !document.body.matches('.cut')")
    assert page.locator(".facts li").first.inner_text() == "11 of 30: no bias correction (12 so far)"
    page.reload()
    page.locator("#focus h2", has_text="Write Adam").wait_for()


def test_the_way_in_writes_the_line_and_sends_nothing(board, opened):
    page = opened(f"#{board.code}")
    page.locator("#name").fill('Ada "); x("')
    assert page.locator("#line").inner_text() == f'import lessonlib\nlessonlib.join("{board.address}", "{board.code}", "Ada ); x(")'
    assert lab.serious(page) == []
