"""A pytest plugin for several workers: what shares a kernel or a page stays together, and what takes longest begins first.

The cells of a notebook stay together, so do the tests of a lesson in the browser, and those of a file. So that no worker stands idle at the
end, the lessons in the browser come first, from the last to the first, for later ones are longer; then the other browser tests, then the
notebooks. Load it with `-p longest_first --dist loadgroup --no-loadscope-reorder`.
"""
from __future__ import annotations

from collections.abc import Iterator
from pathlib import PurePath

import pytest


def together(item: pytest.Item) -> str:
    """The name of what a test stays together with: that of its mark, or its file."""
    mark = item.get_closest_marker("xdist_group")
    return str(mark.args[0]) if mark else item.nodeid.split("::")[0]


def turn(name: str, names: list[str]) -> tuple[int, int]:
    """When a group comes: its kind, and within it the last by name first."""
    path = PurePath(name)
    kind = 0 if name.startswith("lesson ") else 1 if path.suffix != ".ipynb" else 2 + (path.parent.name == "solutions")
    return kind, -names.index(name)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Iterator[None]:
    """Mark every test with its group, and order the groups."""
    for item in items:
        if not item.get_closest_marker("xdist_group"):
            item.add_marker(pytest.mark.xdist_group(together(item)))
    yield
    names = sorted({together(item) for item in items})
    items.sort(key=lambda item: turn(together(item), names))
