"""What `make site` and `make deck` have built, in a browser without a network. `make site-test` builds first, then runs these."""
from __future__ import annotations

import os
from pathlib import Path
from urllib.parse import unquote, urlsplit

import lab
import pytest
from built import PAGES, SITE

NOT_BUILT = "no site/: make site"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Skip, visibly, where there is no browser or nothing was built; with LESSONLIB_NEEDS_BROWSER that is an error."""
    why = NOT_BUILT if not PAGES else lab.INSTALL if lab.chromium() is None else ""
    if why and os.environ.get("LESSONLIB_NEEDS_BROWSER"):
        raise pytest.UsageError(why)
    for item in items if why else ():
        item.add_marker(pytest.mark.skip(reason=why))


def pytest_generate_tests(metafunc):
    """A test that asks for a page is run on every page."""
    kinds = {"any_page": PAGES, "lesson_page": [p for p in PAGES if p.stem[:2].isdigit() and p.parent.name != "deck"],
             "deck_page": [p for p in PAGES if p.stem[:2].isdigit() and p.parent.name == "deck"]}
    for kind, paths in kinds.items():
        if kind in metafunc.fixturenames:
            metafunc.parametrize(kind, paths, ids=[path.relative_to(SITE).as_posix() for path in paths])


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """How pytest-playwright starts its browser: the one that is here, without a network."""
    return browser_type_launch_args | {"executable_path": lab.chromium(), "args": lab.FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    """Pages have the size of a projector."""
    return browser_context_args | {"viewport": {"width": 1280, "height": 720}}


@pytest.fixture(scope="session")
def base_url():
    """None: addresses are written whole."""


class Watched:
    """A page, with what it asked for and what it complained of."""

    def __init__(self, page):
        self.page, self.asked, self.complaints = page, [], []
        page.set_default_timeout(120_000)  # on a machine that does other things too
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def open(self, path: Path, place: str = ""):
        """Open a file as a reader does who has the folder, and wait until its formulas are set."""
        self.page.goto(path.as_uri() + place)
        self.page.evaluate("() => window.MathJax?.startup?.promise")
        return self.page

    def elsewhere(self) -> list[str]:
        """What was asked of anything but the disk."""
        return [url for url in self.asked if urlsplit(url).scheme not in ("file", "data", "blob", "about")]

    def files(self) -> set[Path]:
        """The files that the page has read so far."""
        return {Path(unquote(urlsplit(url).path)) for url in self.asked if urlsplit(url).scheme == "file"}


@pytest.fixture
def watched(page):
    """A page that is watched, and that must neither ask another host nor complain."""
    found = Watched(page)
    yield found
    assert found.elsewhere() == []
    assert found.complaints == []
