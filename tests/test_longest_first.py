"""What shares a kernel or a page stays together on one worker, and the longest begin first."""
from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import longest_first
import pytest

NAMES = ["tests/browser/test_faults.py", "notebooks/solutions/07_b.ipynb", "notebooks/00_a.ipynb", "lesson 00_a", "notebooks/07_b.ipynb", "lesson 07_b"]
LESSONS = '''import time, pytest
pytestmark = pytest.mark.parametrize("name", ["00_a", "07_b"])
def test_one(name): time.sleep(0.3)
def test_two(name): time.sleep(0.3)
def test_three(name): time.sleep(0.3)
'''


@pytest.mark.parametrize(("nodeid", "group"), [
    ("tests/browser/test_lessons.py::test_it_runs[07_b-chromium]", "lesson 07_b"),
    ("tests/browser/test_lessons.py::test_it_runs[deeper/07_b-chromium]", "lesson deeper/07_b"),
    ("tests/browser/test_pages.py::test_axe[chromium-notebooks-07_b]", "tests/browser/test_pages.py"),
    ("notebooks/solutions/07_b.ipynb::Cell 3", "notebooks/solutions/07_b.ipynb")])
def test_a_lesson_or_a_file_stays_together(nodeid, group):
    assert longest_first.together(nodeid) == group


def test_lessons_come_first_and_later_ones_before():
    assert sorted(NAMES, key=lambda name: longest_first.turn(name, sorted(NAMES))) == [
        "lesson 07_b", "lesson 00_a", "tests/browser/test_faults.py",
        "notebooks/07_b.ipynb", "notebooks/00_a.ipynb", "notebooks/solutions/07_b.ipynb"]


def test_two_workers_share_the_lessons_and_keep_each_in_order(tmp_path):
    (tmp_path / "browser").mkdir()
    (tmp_path / "browser" / "test_lessons.py").write_text(LESSONS, encoding="utf-8")
    said = subprocess.run([sys.executable, "-m", "pytest", "-v", "-p", "xdist", "-n", "2", "-p", "longest_first", "-p", "no:cacheprovider", "browser"],
                          cwd=tmp_path, capture_output=True, text=True, check=True, env=os.environ | {"PYTHONPATH": str(Path(__file__).parent), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, timeout=120).stdout
    ran = re.findall(r"\[(gw\d)\].* PASSED \S+::test_(\w+)\[(\w+)\]", said)
    assert len(ran) == 6
    workers = {lesson: {worker for worker, _, name in ran if name == lesson} for lesson in ("00_a", "07_b")}
    assert [len(found) for found in workers.values()] == [1, 1], workers
    assert [test for _, test, name in ran if name == "07_b"] == ["one", "two", "three"]
