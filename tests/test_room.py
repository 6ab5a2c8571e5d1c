"""What a room of learners is given: all that they need, nothing that spoils it, and a preflight that tells the truth."""
from __future__ import annotations

import io
import os
import re
import subprocess
import sys
import zipfile

import nbformat
import pytest
import room
from packaging.requirements import Requirement

from lessonlib.room import preflight

LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)")


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    return zipfile.ZipFile(room.room(tmp_path_factory.mktemp("dist") / room.NAME, []))


@pytest.fixture(scope="module")
def home(packed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("Jürgen's laptop")  # a folder's name may have spaces, and letters that a console has not
    packed.extractall(folder)
    return folder / room.FOLDER


def ask(home, *options, **environment):
    """(status, what it says) of the preflight of a course's folder."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | environment
    done = subprocess.run([sys.executable, *options, home / "preflight.py"], env=env, capture_output=True, check=False, cwd=home.parent,
                          encoding="utf-8", errors="replace")
    return done.returncode, done.stdout + done.stderr


def found(name, wrong="it is needed"):
    return preflight.Found(name, "x", wrong)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A course's folder, for a Python in an environment of its own on Linux."""
    monkeypatch.setattr(preflight, "_home", lambda: tmp_path)
    monkeypatch.setattr(preflight.sys, "prefix", str(tmp_path / ".venv"))
    return tmp_path


def test_it_unpacks_into_one_folder_without_tests_solutions_or_sources(packed):
    names = packed.namelist()
    assert {name.split("/")[0] for name in names} == {room.FOLDER}
    held = {name.split("/", 1)[1] for name in names}
    assert {"START.md", "preflight.py", "lab.py", "requirements.txt", "LICENSE", "lessonlib/__main__.py", "lessonlib/style.mplstyle", "data/digits.npz",
            "notebooks/00_start_here.ipynb", "notebooks/deeper/09_adam.ipynb", "notebooks/glossary.ipynb"} <= held
    assert not [name for name in held if name.startswith(("tests", "authoring", ".")) or "solutions" in name or "__pycache__" in name]


def test_the_notebooks_give_nothing_away_and_lead_nowhere_that_is_not_there(home):
    notebooks = sorted((home / "notebooks").rglob("*.ipynb"))
    assert len(notebooks) > 10
    for path in notebooks:
        for cell in nbformat.read(path, as_version=4).cells:
            assert cell.cell_type != "code" or (cell.outputs == [] and cell.execution_count is None), path.name
            for link in LINK.findall(cell.source) if cell.cell_type == "markdown" else []:
                assert (path.parent / link).exists(), f"{path.name}: {link}"


def test_what_is_installed_is_what_the_project_needs_and_what_the_preflight_asks_for(home):
    asked = [Requirement(line) for line in (home / "requirements.txt").read_text(encoding="utf-8").splitlines()]
    assert {wanted.name for wanted in asked} == {"numpy", "matplotlib", "ipywidgets", "platformdirs", "tqdm", "torch", "jupyterlab", "ipykernel"}
    assert {wanted.name: str(wanted.specifier) for wanted in asked} == {w.name: str(w.specifier) for w in map(Requirement, preflight.REQUIRED)}
    torch = next(wanted for wanted in asked if wanted.name == "torch")
    assert not torch.marker.evaluate({"sys_platform": "darwin", "platform_machine": "x86_64"})
    assert all(torch.marker.evaluate({"sys_platform": system, "platform_machine": machine})
               for system, machine in (("darwin", "arm64"), ("win32", "AMD64"), ("linux", "x86_64")))


def test_the_lines_of_start_are_of_what_is_there(home):
    text = (home / "START.md").read_text(encoding="utf-8")
    assert {"requirements.txt", "preflight.py"} <= set(re.findall(r"(?<=-r )\S+|\b\w+\.py$", text, flags=re.MULTILINE))
    for name in re.findall(r"\b(\w+\.(?:py|txt))\b", text):
        assert (home / name).exists(), name


def test_where_all_is_well_it_says_ready_and_names_the_first_lesson(home):
    pytest.importorskip("torch", reason="without torch a machine is not ready")
    status, said = ask(home)
    assert status == 0, said
    assert "\nready\n" in said
    command = next(line for line in said.splitlines() if "00_start_here" in line).split()
    assert [command[-2], command[-1]] == ["lab.py", os.path.join("notebooks", "00_start_here.ipynb")]
    assert said.replace("ü", "").isascii()


def test_where_nothing_is_installed_it_says_what_to_type(home):
    status, said = ask(home, "-S", PYTHONIOENCODING="ascii")
    assert status == 1
    assert "numpy>=2.0 is needed" in said
    assert re.search(r"\d\. .+ -m pip install -r .+J\?rgen.+requirements\.txt", said)


def test_a_python_that_is_no_environment_is_told_to_make_one_and_to_use_it(place, monkeypatch):
    monkeypatch.setattr(preflight.sys, "prefix", preflight.sys.base_prefix)
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    make, install, again, _ = preflight.remedy([found("numpy")])
    mine = str(place / ".venv" / ("Scripts" if os.name == "nt" else "bin"))
    assert make.replace("'", "").endswith(f"-m venv {place / '.venv'}")
    assert install.replace("'", "").startswith(mine)
    assert mine in again


def test_packages_from_a_stick_where_there_is_one(place):
    (place / "wheels").mkdir()
    line = preflight.remedy([found("numpy")])[0]
    assert f"--no-index --find-links {place / 'wheels'}" in line.replace("'", "")
    assert line.replace("'", "").endswith(f"-r {place / 'requirements.txt'}")


def test_a_package_that_is_there_and_does_not_load_is_installed_again(place):
    line = preflight.remedy([found("matplotlib", "it is there and does not load. ImportError: x")])[0]
    assert line.endswith("-m pip install --force-reinstall --no-deps matplotlib")


def test_on_a_mac_with_an_intel_processor_nothing_is_asked_for_that_is_not_made(place, monkeypatch):
    monkeypatch.setattr(preflight.sys, "platform", "darwin")
    monkeypatch.setattr(preflight.platform, "machine", lambda: "x86_64")
    assert "no longer made for Macs with an Intel processor" in preflight.remedy([found("torch")])[0]


def test_on_windows_commands_are_typed_as_there(place, monkeypatch):
    monkeypatch.setattr(preflight.os, "name", "nt")
    assert preflight.typed("C:\\Program Files\\python.exe", "-m", "pip") == '"C:\\Program Files\\python.exe" -m pip'
    said = "\n".join(preflight.typed(word) for word in ("a b",))
    assert said == '"a b"'


BROKEN = {"raises": "raise OSError('[WinError 126] a module could not be found')", "ends Python": "import os; os._exit(3)"}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_package_that_does_not_load_is_named_and_the_others_are_still_looked_at(tmp_path, monkeypatch, kind):
    (tmp_path / "tqdm").mkdir()
    (tmp_path / "tqdm" / "__init__.py").write_text(BROKEN[kind], encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    seen = {one.what: one.wrong for one in preflight.packages(("tqdm>=4.60", "platformdirs>=3"))}
    assert seen["platformdirs"] == ""
    assert "it is there and does not load" in seen["tqdm"]
    assert ("WinError 126" if kind == "raises" else "Python ended while it loaded, with status 3") in seen["tqdm"]


def test_an_old_package_is_named_with_what_is_needed():
    assert [one.wrong for one in preflight.packages(("tqdm>=99", "platformdirs>=3,<99"))] == ["tqdm>=99 is needed", ""]


@pytest.mark.parametrize("system", ["solaris-3.12", "windows-2.7", "windows"])
def test_wheels_for_an_unknown_system_are_refused_with_those_that_are_known(tmp_path, system, capsys):
    assert room.main(["--out", str(tmp_path / "x.zip"), "--wheels", system]) == 1
    assert "windows-3.12 or macos-3.12" in capsys.readouterr().err
    assert not (tmp_path / "x.zip").exists()


def test_wheels_lie_in_the_folder_that_start_names(tmp_path, monkeypatch):
    monkeypatch.setattr(room, "wheels", lambda system, asked, folder: (folder / f"{system}.whl").write_bytes(asked.read_bytes()))
    monkeypatch.setattr(room, "entries", lambda root: {"optimizer-course/START.md": b"Start"})
    out = room.room(tmp_path / "x.zip", ["here"])
    assert zipfile.ZipFile(out).namelist() == ["optimizer-course/START.md", "optimizer-course/wheels/here.whl"]
    held = zipfile.ZipFile(io.BytesIO(out.read_bytes()))
    assert held.read(f"{room.FOLDER}/wheels/here.whl").decode() == room.requirements()
    assert held.getinfo(f"{room.FOLDER}/wheels/here.whl").compress_type == zipfile.ZIP_STORED
