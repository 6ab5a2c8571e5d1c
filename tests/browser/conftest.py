"""One server and one browser for all browser tests; copies of the notebooks, so that the committed ones are never written."""
from __future__ import annotations

import os
import shutil
from pathlib import Path

import lab
import pytest

HERE = Path(__file__).parent
STUDENT = sorted((lab.ROOT / "notebooks").glob("*.ipynb"))


def pytest_addoption(parser):
    parser.addoption("--notebooks", type=Path, default=None, metavar="DIR", help="drive the notebooks of another folder")


def pytest_collection_modifyitems(items):
    """Skip, visibly, where there is no browser; with LESSONLIB_NEEDS_BROWSER, as in CI, that is an error."""
    mine = [item for item in items if HERE in item.path.parents]
    if mine and lab.chromium() is None:
        if os.environ.get("LESSONLIB_NEEDS_BROWSER"):
            raise pytest.UsageError(lab.INSTALL)
        for item in mine:
            item.add_marker(pytest.mark.skip(reason=lab.INSTALL))


def pytest_generate_tests(metafunc):
    if "lesson" in metafunc.fixturenames or "name" in metafunc.fixturenames:
        folder = metafunc.config.getoption("--notebooks")
        names = [path.name for path in (sorted(folder.glob("*.ipynb")) if folder else STUDENT)]
        fixture = "lesson" if "lesson" in metafunc.fixturenames else "name"
        metafunc.parametrize(fixture, names, indirect=fixture == "lesson", scope="module", ids=[n.removesuffix(".ipynb") for n in names])


@pytest.fixture(scope="package")
def course(tmp_path_factory, pytestconfig):
    """A folder with copies of the notebooks, in notebooks/ to work in, in committed/ to leave as they are."""
    folder = tmp_path_factory.mktemp("course")
    source = pytestconfig.getoption("--notebooks") or lab.ROOT / "notebooks"
    for copy in ("notebooks", "committed"):
        shutil.copytree(source, folder / copy, ignore=shutil.ignore_patterns(".ipynb_checkpoints", "solutions"))
    return folder


@pytest.fixture(scope="package")
def server(course, tmp_path_factory):
    """A JupyterLab on the copies."""
    running = lab.Server(course, tmp_path_factory.mktemp("home"))
    yield running
    running.stop()
    assert running.asked_outside() == []


@pytest.fixture(scope="package")
def chrome():
    """A browser."""
    with lab.browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def new_page(chrome):
    """Makes pages of a usual window, each with a profile of its own, and closes them."""
    made = []

    def make():
        made.append(chrome.new_context(viewport={"width": 1200, "height": 1000}))
        page = made[-1].new_page()
        page.set_default_timeout(60_000)
        return page

    yield make
    for context in made:
        context.close()


@pytest.fixture(scope="module")
def lesson(request, server, chrome):
    """A notebook that was opened and run from top to bottom, once for all its tests."""
    context = chrome.new_context(viewport={"width": 1200, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(60_000)
    notebook = lab.Notebook(page, server, f"notebooks/{request.param}")
    notebook.run_all()
    yield notebook
    context.close()
    server.stop_kernels()
