"""One JupyterLab and one browser for all browser tests of a process; copies of the notebooks, so that the committed ones are never written."""
from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from pathlib import Path

import lab
import nbformat
import once
import pytest
from nbval.plugin import IPyNbCell
from nbval_pictures import blanks_after

HERE = Path(__file__).parent
STUDENTS = lab.ROOT / "notebooks"
SOLUTIONS = STUDENTS / "solutions"


def pytest_addoption(parser):
    parser.addoption("--notebooks", type=Path, default=None, metavar="DIR", help="drive the notebooks of another folder")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    """Skip, visibly, where there is no browser; with LESSONLIB_NEEDS_BROWSER, as in CI, that is an error.

    A notebook that is run and compared in the browser is not run a second time by nbval, nor are the cells of its solutions that are the same.
    """
    mine = [item for item in items if HERE in item.path.parents]
    if mine and lab.chromium() is None:
        if os.environ.get("LESSONLIB_NEEDS_BROWSER"):
            raise pytest.UsageError(lab.INSTALL)
        for item in mine:
            item.add_marker(pytest.mark.skip(reason=lab.INSTALL))
    elif mine and not config.getoption("--notebooks"):
        compared = {STUDENTS / item.callspec.params["lesson"] for item in mine if item.originalname == "test_each_cell_shows_what_the_notebook_stores"}
        again = {item for item in items if isinstance(item, IPyNbCell) and item.path in compared}
        for path in compared:
            solution = SOLUTIONS / path.relative_to(STUDENTS)
            own = once.cells_of_its_own(path, solution) if solution.exists() else set()
            again |= {item for item in items if isinstance(item, IPyNbCell) and item.path == solution and item.cell_num not in own}
        config.hook.pytest_deselected(items=list(again))
        items[:] = [item for item in items if item not in again]


def pytest_generate_tests(metafunc):
    if "lesson" in metafunc.fixturenames or "name" in metafunc.fixturenames:
        folder = metafunc.config.getoption("--notebooks")
        root = folder or STUDENTS
        every = [path.relative_to(root) for path in sorted(root.rglob("*.ipynb"))]
        names = [path.as_posix() for path in every if not {"solutions", ".ipynb_checkpoints"} & {*path.parts}]
        fixture = "lesson" if "lesson" in metafunc.fixturenames else "name"
        metafunc.parametrize(fixture, names, indirect=fixture == "lesson", scope="module", ids=[n.removesuffix(".ipynb") for n in names])


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """How pytest-playwright starts its browser: the one that is here, without a network."""
    return browser_type_launch_args | {"executable_path": lab.chromium(), "args": lab.FLAGS}


@pytest.fixture(scope="session")
def browser_context_args(browser_context_args):
    """Pages have a usual window."""
    return browser_context_args | {"viewport": {"width": 1200, "height": 1000}}


@pytest.fixture(scope="session")
def base_url():
    """None: addresses are written whole. (pytest-playwright's own is deprecated by pytest 9.)"""


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
def opened(server, browser, browser_context_args):
    """Opens a notebook, with a kernel or where none can be started. JupyterLab itself is loaded once of each kind: that takes longest."""
    pages = {}

    @contextmanager
    def opened(name, *, kernel=True):
        if kernel in pages:
            pages[kernel].open(name)
        else:
            context = browser.new_context(**browser_context_args)
            pages[kernel] = lab.Notebook(context.new_page(), server, name, kernel=kernel)
        try:
            yield pages[kernel]
        finally:
            pages[kernel].close()
            if kernel:
                server.stop_kernels()

    yield opened
    for notebook in pages.values():
        notebook.page.context.close()


@pytest.fixture(scope="module")
def lesson(request, opened, course):
    """A notebook that was opened and run from top to bottom, once for all its tests."""
    with opened(f"notebooks/{request.param}") as notebook:
        notebook.stored = course / "committed" / request.param
        cells = nbformat.read(notebook.stored, as_version=4).cells
        code = [cell.id for cell in cells if cell.cell_type == "code"]
        notebook.told = notebook.run_all(asked={cell: [blank for _, kept in blanks_after(cells, number) for blank in kept["blanks"]]
                                                for number, cell in enumerate(code)})
        yield notebook
