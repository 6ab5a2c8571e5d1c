"""A pytest plugin for several workers: what shares a kernel or a page stays together, and what takes longest begins first.

The cells of a notebook stay together, so do the tests of a lesson in the browser, and those of any other file. So that no worker stands idle
at the end, the lessons in the browser come first, from the last to the first, for later ones are longer; then the other browser tests, then
the notebooks. Load it with `-p longest_first`. (xdist's own groups, --dist loadgroup, are no groups under pytest 9.2: they are written into
an item's `_nodeid`, which its `nodeid` no longer reads.)
"""
from __future__ import annotations

import re
from pathlib import PurePath
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling


def together(nodeid: str) -> str:
    """The name of what a test stays together with: a lesson, or its file."""
    lesson = re.search(r"/test_lessons\.py::\w+\[([\w/]+)", nodeid)
    return f"lesson {lesson[1]}" if lesson else nodeid.split("::")[0]


def turn(name: str, names: list[str]) -> tuple[int, int]:
    """When a group comes: its kind, and within it the last by name first."""
    path = PurePath(name)
    kind = 0 if name.startswith("lesson ") else 1 if path.suffix != ".ipynb" else 2 + (path.parent.name == "solutions")
    return kind, -names.index(name)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Any:
    """Order the groups, after whatever else orders or drops tests."""
    yield
    names = sorted({together(item.nodeid) for item in items})
    items.sort(key=lambda item: turn(together(item.nodeid), names))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """A scheduler that gives a worker one group after another, in the order of the tests."""
    config.option.loadscopereorder = False
    scheduler = LoadScopeScheduling(config, log)
    scheduler._split_scope = together
    return scheduler
