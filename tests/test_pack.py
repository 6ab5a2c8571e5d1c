"""The one file that brings the course to Colab: all of it is there, nothing else, and the library runs from it."""
from __future__ import annotations

import os
import subprocess
import sys
import zipfile

import pack
import pytest


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    return pack.pack(tmp_path_factory.mktemp("dist") / pack.NAME)


def test_it_holds_the_library_its_data_and_the_notebooks(packed):
    names = set(zipfile.ZipFile(packed).namelist())
    assert {"lessonlib/__init__.py", "lessonlib/style.mplstyle", "lessonlib/lessons/lesson11/play.py", "lessonlib/board/course.json", "lessonlib/board/pages/board.js", "data/SHA256SUMS", "data/genesis.txt",
            "notebooks/11_gpu_lab.ipynb", "notebooks/solutions/11_gpu_lab.ipynb", "LICENSE"} <= names
    assert not [name for name in names if "__pycache__" in name or ".ipynb_checkpoints" in name or name.startswith(("tests", "authoring", "."))]
    assert packed.stat().st_size < 30e6


def test_the_same_course_makes_the_same_bytes(packed, tmp_path):
    assert pack.pack(tmp_path / "again.zip").read_bytes() == packed.read_bytes()


def test_unpacked_it_runs_and_its_data_are_whole(packed, tmp_path):
    zipfile.ZipFile(packed).extractall(tmp_path)
    code = "from lessonlib.data import digits, text; import lessonlib; print(lessonlib.__file__, len(digits().train_y), len(text()))"
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | {"PYTHONPATH": str(tmp_path)}
    shown = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=env, capture_output=True, text=True, check=True).stdout
    assert shown.split() == [str(tmp_path / "lessonlib" / "__init__.py"), "1297", "196818"]


def test_elsewhere_it_says_what_is_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="has no lessonlib"):
        pack.pack(tmp_path / "x.zip", tmp_path)


def test_the_command_says_where_the_file_is(tmp_path, capsys):
    pack.main(["--out", str(tmp_path / "dist" / pack.NAME)])
    assert "optimizer-course.zip, " in capsys.readouterr().out


CELL = (pack.ROOT / "authoring" / "setup_cell.py").read_text(encoding="utf-8")


def set_up(folder, drive="/content/drive/MyDrive"):
    """(status, what it says) of the set-up cell's search in a Python that has no packages at all, with the Drive mounted there."""
    code = CELL.partition("%matplotlib")[0].replace("/content/drive/MyDrive", str(drive))
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run([sys.executable, "-S", "-c", f"{code}\nprint(importlib.util.find_spec('lessonlib').origin)"], cwd=folder, env=env,
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("place", ["beside the notebook", "on the Drive"])
def test_the_set_up_cell_finds_it_and_unpacks_it(packed, tmp_path, place):
    content, drive = tmp_path / "content", tmp_path / "drive"
    for folder in (content, drive):
        folder.mkdir()
    (content if place == "beside the notebook" else drive).joinpath(pack.NAME).write_bytes(packed.read_bytes())
    status, said = set_up(content, drive)
    assert (status, said.strip()) == (0, str(content / "optimizer-course" / "lessonlib" / "__init__.py"))
    assert (content / "optimizer-course" / "data" / "SHA256SUMS").exists()


def test_without_it_the_set_up_cell_says_what_to_bring_and_the_two_lines_to_type(tmp_path):
    status, said = set_up(tmp_path, tmp_path / "drive")
    assert status != 0
    assert "put the folders lessonlib and data of the course beside this notebook" in said
    assert f"{pack.NAME}, which `make colab-zip` makes" in said
    assert "    from google.colab import drive\n    drive.mount(\"/content/drive\")" in said
