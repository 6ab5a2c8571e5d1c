"""No test writes into the file of a learner's progress."""
from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def own_progress(tmp_path_factory, monkeypatch):
    """Every test has a file of its own."""
    monkeypatch.setenv("LESSONLIB_PROGRESS_FILE", str(tmp_path_factory.mktemp("progress") / "progress.json"))
