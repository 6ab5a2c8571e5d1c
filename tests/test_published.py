"""What the workflows, the dev container and the README's lines name is there, under that name, and says the same everywhere."""
from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import ranges
import yaml

import lessonlib

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def text(name):
    return (ROOT / name).read_text(encoding="utf-8")


def runs():
    """(where, line) of every command of a workflow and of the dev container."""
    found = [("devcontainer.json", json.loads(text(".devcontainer/devcontainer.json"))["postCreateCommand"])]
    for path in WORKFLOWS:
        for job in yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values():
            found += [(path.name, line) for step in job["steps"] for line in step.get("run", "").splitlines()]
    return found


def test_every_target_of_make_that_is_named_is_one():
    targets = set(re.findall(r"^([\w./-]+):(?!=)", text("Makefile"), flags=re.MULTILINE))
    for where, line in runs():
        for command in re.findall(r"\bmake ([^&|;]+)", line):
            named = [word for word in command.split() if "=" not in word]
            assert set(named) <= targets, f"{where}: {line}"


def test_every_file_that_is_named_is_there():
    named = [(where, name) for where, line in runs() for name in re.findall(r"(?:python3?|bash) ([\w./-]+)", line) if not name.startswith("-")]
    assert {"authoring/ranges.py", "authoring/colab_versions.py", ".ci/run"} <= {name for _, name in named}
    for where, name in named:
        assert (ROOT / name).is_file(), f"{where}: {name}"


def test_an_action_is_pinned_to_one_commit_with_its_version_beside_it():
    pins = [pin for path in WORKFLOWS for pin in re.findall(r"uses: (.+)", path.read_text(encoding="utf-8"))]
    parts = [re.fullmatch(r"(actions/[\w-]+)@([0-9a-f]{40})  # v\d+\.\d+\.\d+", pin) for pin in pins]
    assert all(parts), pins
    assert len({part[1] for part in parts}) == len(set(pins)) == 4


def test_the_pythons_that_are_tried_are_those_that_are_promised():
    tried = yaml.safe_load(text(".github/workflows/check.yml"))["jobs"]["ranges"]["strategy"]["matrix"]
    assert tried["python"] == [f"3.{minor}" for minor in range(10, 15)]
    assert {system.partition("-")[0] for system in tried["os"]} == {"ubuntu", "macos", "windows"}
    assert f'requires-python = ">={tried["python"][0]}"' in text("pyproject.toml")
    assert f"Python {tried['python'][0]} to {tried['python'][-1]}" in text("authoring/room/START.md")


def test_a_version_that_stands_in_several_places_is_the_same_in_all():
    assert f'version = "{lessonlib.__version__}"' in text("pyproject.toml")
    assert yaml.safe_load(text("CITATION.cff"))["version"] == lessonlib.__version__
    uv = re.findall(r"uv==([\d.]+)", "".join(map(text, ("Makefile", ".github/workflows/check.yml"))))
    assert len(uv) == 2
    assert len(set(uv)) == 1


def test_the_three_lines_of_the_readme_name_what_is_there():
    lines = re.search(r"```\n(py -m venv .+?)```", text("README.md"), flags=re.DOTALL)[1].splitlines()
    assert len(lines) == 3
    for name in re.findall(r"(?<!\.venv)(?:-r |python )([\w.\\]+)", "\n".join(lines)):
        assert (ROOT / name.replace("\\", "/")).exists(), name
    assert (ROOT / lines[-1].split()[-1].replace("\\", "/")).is_file()


def test_one_command_tells_of_itself_without_looking_at_anything():
    done = subprocess.run([sys.executable, "-m", "lessonlib", "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("Is this machine ready for the course?")


POSIX_ONLY = re.compile(r"\bos\.(fork\w*|kill|killpg|getuid|geteuid|uname|setsid|nice|mkfifo|sched_\w+|getloadavg|sysconf)\b|\bimport (fcntl|resource|pwd|grp|termios)\b"
                        r"|signal\.(SIGKILL|SIGALRM|SIGUSR\w|alarm|setitimer|pthread_kill)|[\"']/(?:proc|tmp|dev)\b")
HAS_FALLBACK = {"lessonlib/lessons/lesson11/bench.py": {"os.getloadavg", '"/proc'}}  # under hasattr, and under exists()


@pytest.mark.parametrize("folder", ["lessonlib", "authoring"])
def test_nothing_is_called_that_windows_does_not_have(folder):
    for path in sorted((ROOT / folder).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith("authoring/hub/"):  # JupyterHub does not run on Windows, and the page there says so
            continue
        found = {hit[0] for hit in POSIX_ONLY.finditer(path.read_text(encoding="utf-8"))} - HAS_FALLBACK.get(name, set())
        assert not found, f"{name}: {found}"


def test_text_is_read_and_written_in_one_encoding_whatever_the_system_takes():
    """Windows would take the code page of its language."""
    careless = re.compile(r"\.(?:read_text|write_text)\((?![^()]*(?:\([^()]*\)[^()]*)*encoding)[^()]*(?:\([^()]*\)[^()]*)*\)")
    for path in sorted([*(ROOT / "lessonlib").rglob("*.py"), *(ROOT / "authoring").glob("*.py")]):
        name = path.relative_to(ROOT).as_posix()
        found = careless.search(path.read_text(encoding="utf-8"))
        assert not found or name in HAS_FALLBACK, f"{name}: {found[0]}"  # that one reads what Linux says of its processor


def test_without_torch_what_needs_it_is_left_out_and_nothing_else():
    needs = {path.name for path in (ROOT / "tests").glob("test_*.py") if ranges.knows_torch(path)}
    assert {"test_rules.py", "test_pytorch_adamw.py", "test_lesson11_play.py"} <= needs  # the last one imports it through lessonlib
    assert not {"test_checks.py", "test_runner.py", "test_sandbox.py", "test_lesson09_play.py", "test_room.py"} & needs
