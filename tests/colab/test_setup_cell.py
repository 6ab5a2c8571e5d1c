"""The setup cell in a fresh Colab: it fetches lessonlib where it is not, and leaves what Colab brought as it was.

Run by `make colab` with Colab's packages. Each case has an environment of its own, laid over that one, so that what it installs is seen.
"""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CELL = (ROOT / "authoring" / "setup_cell.py").read_text(encoding="utf-8")
TRY = "import lessonlib, numpy, torch, ipywidgets; from lessonlib.data import digits; print(lessonlib.__file__, len(digits().train_y))"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A repository that pip can install from, as it would from a git host."""
    work, bare = tmp_path_factory.mktemp("work") / "course", tmp_path_factory.mktemp("host") / "course.git"
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        if not name.startswith(("tests/", "notebooks/")) and (ROOT / name).is_file():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, work / name)
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(work)]
    for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "All"]):
        subprocess.run([*git, *command], check=True)
    subprocess.run(["git", "clone", "-q", "--bare", str(work), str(bare)], check=True)
    return bare.as_uri()


@pytest.fixture
def python(tmp_path):
    """An empty environment over Colab's packages, without lessonlib."""
    home = tmp_path / "session"
    venv.create(home, with_pip=False)
    mine = next(home.glob("lib/python*/site-packages"))
    theirs = next(Path(sys.prefix).glob("lib/python*/site-packages"))
    (mine / "colab.pth").write_text(f"{theirs}\n", encoding="utf-8")
    (mine / "google").mkdir()
    (mine / "google" / "colab.py").write_text("", encoding="utf-8")
    return home / "bin" / "python"


def run_cell(python, folder, repository):
    """Run the setup cell and a look at the library in a kernel-like session; (status, what it says)."""
    cell = CELL.replace('REPOSITORY = ""', f"REPOSITORY = {repository!r}")
    code = ("import google.colab\nfrom IPython.core.interactiveshell import InteractiveShell\nInteractiveShell.enable_gui = lambda *_: None\n"
            "shell = InteractiveShell.instance()\n"
            f"for cell in ({cell!r}, {TRY!r}):\n    shell.run_cell(cell).raise_error()\n")
    env = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    done = subprocess.run([python, "-c", code], cwd=folder, capture_output=True, text=True, check=False, timeout=300,
                          env=env | {"HOME": str(folder)})
    return done.returncode, done.stdout + done.stderr


def freeze(python):
    """What is installed."""
    shown = subprocess.run([python, "-m", "pip", "freeze"], capture_output=True, text=True, check=True).stdout
    return {line for line in shown.splitlines() if line and not line.startswith("lessonlib")}


def test_with_an_address_it_installs_the_library_and_nothing_else(python, tmp_path, address):
    folder = tmp_path / "content"
    folder.mkdir()
    before = freeze(python)
    status, said = run_cell(python, folder, address)
    assert status == 0, said
    assert "1297" in said
    assert str(python.parent.parent) in said
    assert freeze(python) == before
    assert {line.split("==")[0] for line in before} >= {"numpy", "torch", "ipywidgets"}


def test_with_the_folders_beside_it_it_installs_nothing(python, tmp_path, address):
    folder = tmp_path / "content"
    folder.mkdir()
    for name in ("lessonlib", "data"):
        shutil.copytree(ROOT / name, folder / name)
    before = freeze(python)
    status, said = run_cell(python, folder, address)
    assert status == 0, said
    assert str(folder) in said
    assert freeze(python) == before
    assert not list(python.parent.parent.glob("lib/python*/site-packages/lessonlib*"))


def test_without_either_it_says_what_to_bring(python, tmp_path):
    status, said = run_cell(python, tmp_path, "")
    assert status != 0
    assert "put the folders lessonlib and data of the course beside this notebook" in said
