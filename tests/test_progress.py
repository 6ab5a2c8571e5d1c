"""The file of a learner's progress: written whole, never in the way, never the real one in a test."""
from __future__ import annotations

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lessonlib import progress


@pytest.fixture(autouse=True)
def lesson(tmp_path, monkeypatch):
    monkeypatch.setenv("LESSONLIB_PROGRESS_FILE", str(tmp_path / "deep" / "progress.json"))
    monkeypatch.setenv("LESSONLIB_PROGRESS", "1")
    monkeypatch.setattr(progress, "_NOW", {"lesson": "09_adam", "complained": ""})


def test_what_was_noted_is_found_again_and_the_newest_stays():
    progress.note("check", "my_adam")
    progress.note("prediction", "How long?", said="1", right="0.3")
    progress.note("prediction", "How long?", said="0.3", right="0.3")
    assert list(progress.done()["check"]) == ["my_adam"]
    assert progress.done("09_adam")["prediction"]["How long?"]["said"] == "0.3"
    assert progress.done("07_momentum") == {}


@pytest.mark.parametrize(("name", "value"), [("LESSONLIB_PROGRESS", "0")])
def test_an_environment_variable_switches_it_off(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    progress.note("check", "my_adam")
    assert not progress.where().exists()
    assert progress.done() == {}


def test_no_lesson_no_note():
    progress.open_lesson("")
    progress.note("check", "my_adam")
    assert not progress.where().exists()


def test_where_it_cannot_be_written_one_line_says_so_once(monkeypatch, capsys):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    progress.note("check", "my_adam")
    progress.note("check", "my_adam")
    said = capsys.readouterr().out
    assert said.count("\n") == 1
    assert "Your progress is not kept: No space left on device" in said
    assert [path.name for path in progress.where().parent.iterdir()] == []  # nothing half-written is left


def test_a_folder_that_cannot_be_made_is_no_reason_to_stop(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LESSONLIB_PROGRESS_FILE", str(tmp_path / "file" / "progress.json"))
    progress.note("check", "my_adam")
    assert "The lesson goes on." in capsys.readouterr().out
    assert progress.done() == {}


@pytest.mark.parametrize("text", ["{", "[]", '{"09_adam": 3}', ""])
def test_a_damaged_file_is_put_aside(capsys, text):
    progress.where().parent.mkdir()
    progress.where().write_text(text)
    progress.note("check", "my_adam")
    assert "could not be read" in capsys.readouterr().out
    assert progress.where().with_suffix(".damaged.json").read_text() == text
    assert list(progress.done()["check"]) == ["my_adam"]


def test_it_is_whole_whenever_it_is_read():
    def write(k):
        progress.note("goal", f"goal {k}", text="x" * 10_000)
        return json.loads(progress.where().read_text(encoding="utf-8"))

    with ThreadPoolExecutor(4) as pool:
        assert all("09_adam" in found for found in pool.map(write, range(40)))


def test_the_command_shows_and_removes(capsys):
    progress.note("check", "my_adam")
    assert progress.main([]) == 0
    assert "09_adam: 1 check" in capsys.readouterr().out
    assert progress.main(["--remove"]) == 0
    assert not progress.where().exists()
    assert progress.main(["--remove"]) == 0
    assert "was not there" in capsys.readouterr().out
    assert progress.main(["--burn"]) == 2


def test_left_alone_it_is_in_the_users_data_folder(tmp_path):
    code = "from lessonlib import progress; print(progress.where())"
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LESSONLIB")}
    found = subprocess.run([sys.executable, "-c", code], env=clean | {"XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)},
                           capture_output=True, text=True, check=True).stdout.strip()
    assert Path(found).name == "progress.json"
    assert "lessonlib" in found
