"""What shares a kernel or a page stays together, and the longest begin first."""
from __future__ import annotations

import longest_first
import pytest

NAMES = ["tests/browser/test_faults.py", "notebooks/solutions/07_b.ipynb", "notebooks/00_a.ipynb", "lesson 00_a.ipynb", "notebooks/07_b.ipynb", "lesson 07_b.ipynb"]


class Item:
    """A test as pytest collects it: its address and, perhaps, the group that it is marked with."""

    def __init__(self, nodeid, group=None):
        self.nodeid, self.marks = nodeid, [pytest.mark.xdist_group(group).mark] * (group is not None)

    def get_closest_marker(self, name):
        return next(iter(self.marks), None)

    def add_marker(self, decorator):
        self.marks.append(decorator.mark)


def test_lessons_come_first_and_later_ones_before():
    assert sorted(NAMES, key=lambda name: longest_first.turn(name, sorted(NAMES))) == [
        "lesson 07_b.ipynb", "lesson 00_a.ipynb", "tests/browser/test_faults.py",
        "notebooks/07_b.ipynb", "notebooks/00_a.ipynb", "notebooks/solutions/07_b.ipynb"]


def test_tests_of_one_group_keep_their_order_and_their_name():
    items = [Item("notebooks/00_a.ipynb::Cell 0"), Item("t.py::one", "lesson 00_a.ipynb"), Item("notebooks/00_a.ipynb::Cell 1"),
             Item("t.py::two", "lesson 00_a.ipynb")]
    ordering = longest_first.pytest_collection_modifyitems(items)
    next(ordering)
    assert [longest_first.together(item) for item in items] == ["notebooks/00_a.ipynb", "lesson 00_a.ipynb"] * 2
    with pytest.raises(StopIteration):
        next(ordering)
    assert [item.nodeid for item in items] == ["t.py::one", "t.py::two", "notebooks/00_a.ipynb::Cell 0", "notebooks/00_a.ipynb::Cell 1"]
