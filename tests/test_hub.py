"""The room's hub, as far as it is ours: names, copies, limits and settings. `make hub-load` measures the rest, with JupyterHub."""
from __future__ import annotations

import os
import re
import string
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from traitlets.config import PyFileConfigLoader

ROOT = Path(__file__).resolve().parent.parent
HUB = ROOT / "authoring/hub"
sys.path.insert(0, str(HUB))

if sys.platform == "win32":
    pytest.skip("JupyterHub does not run on Windows", allow_module_level=True)

import copies  # noqa: E402
import kernel  # noqa: E402
import names  # noqa: E402
import start  # noqa: E402


@given(st.text(max_size=300))
def test_every_name_becomes_a_safe_one_that_stays_itself(typed):
    try:
        name = names.safe_name(typed)
    except ValueError:
        return
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", name)
    assert names.safe_name(name) == name == names.safe_name(typed.upper().lower() if typed.isascii() else typed)


def test_names_keep_people_apart_and_nobody_becomes_the_instructor_by_another_spelling():
    assert len({names.safe_name(each) for each in ("李娜", "王芳", "Иван", "Ada", "Adam")}) == 5
    assert names.safe_name(" INSTRUCTOR! ") == "instructor"  # so the instructor's own password is asked
    assert names.safe_name("../Jørgen/..") == "jorgen"
    with pytest.raises(ValueError, match="type a name with letters"):
        names.safe_name("../..")


@pytest.fixture
def course(tmp_path):
    held = {"notebooks/a.ipynb": b"first", "notebooks/deeper/b.ipynb": b"second", "lessonlib/x.py": b"1"}
    return copies.shared_copy(held, tmp_path / "course")


def test_nothing_of_a_person_is_lost_at_the_next_login(course, tmp_path):
    home = tmp_path / "people/ada"
    assert copies.private_copy(course, home) == ["notebooks/a.ipynb", "notebooks/deeper/b.ipynb"]
    (home / "notebooks/a.ipynb").write_bytes(b"hers")
    (home / "notebooks/deeper/b.ipynb").unlink()
    copies.shared_copy({"notebooks/a.ipynb": b"newer", "notebooks/deeper/b.ipynb": b"second", "notebooks/c.ipynb": b"new"}, course)
    assert copies.private_copy(course, home) == ["notebooks/c.ipynb", "notebooks/deeper/b.ipynb"]
    assert (home / "notebooks/a.ipynb").read_bytes() == b"hers"
    assert (home / copies.LINK / "notebooks/a.ipynb").read_bytes() == b"newer"  # the course itself, beside it
    assert home.stat().st_mode & 0o077 == 0


def test_the_shared_copy_is_for_reading(course):
    assert not any(path.stat().st_mode & 0o222 for path in course.rglob("*"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory")
def test_a_kernel_that_wants_too_much_memory_gets_an_error_and_lives():
    code = ("import kernel; kernel.limit(300)\ntry: bytearray(400 * 2**20)\nexcept MemoryError: print('refused')\n"
            "print(len(bytearray(100 * 2**20)))")
    shown = subprocess.run([sys.executable, "-c", code], cwd=HUB, capture_output=True, text=True, check=True).stdout
    assert shown.split() == ["refused", str(100 * 2**20)]


def test_systemd_is_used_where_it_is_and_what_holds_is_said():
    limits = {"HUB_KERNEL_MB": "2048", "HUB_KERNEL_CPUS": "0.5", "HUB_SYSTEMD": "1"}
    run = kernel.command(["-f", "x"], limits)
    assert run[0] == "systemd-run"
    assert {"MemoryMax=2048M", "CPUQuota=50%"} <= {*run}
    assert run[-5:] == kernel.command(["-f", "x"], limits | {"HUB_SYSTEMD": "0"}) == [sys.executable, "-m", "ipykernel_launcher", "-f", "x"]
    assert "no kernel is limited in CPU" in kernel.told(2048, 1, False)

    def missing(*_, **__):
        raise FileNotFoundError

    assert not kernel.has_systemd(missing)


def settings(monkeypatch, folder):
    asked = start.arguments(["--folder", str(folder)])
    (folder / "state").mkdir()
    secret = start.codes(folder / "state")
    monkeypatch.setattr(os, "environ", start.environment(asked, secret, False))
    monkeypatch.setattr(sys, "path", [*sys.path])
    return asked, secret, PyFileConfigLoader("jupyterhub_config.py", str(HUB)).load_config()


def test_the_hub_s_settings_keep_servers_and_ask_for_the_code(monkeypatch, tmp_path):
    asked, secret, config = settings(monkeypatch, tmp_path)
    assert config.JupyterHub.cleanup_servers is False
    assert config.ConfigurableHTTPProxy.should_start is False  # a hub that falls takes no connection with it
    assert config.SharedPasswordAuthenticator.user_password == secret["HUB_CODE"]
    assert len(config.SharedPasswordAuthenticator.admin_password) >= 32
    assert config.JupyterHub.bind_url == "http://127.0.0.1:8000"  # nobody else reaches it without --lan
    home = config.SimpleLocalProcessSpawner.home_dir_template.format(username="ada")
    assert home == str(tmp_path / "people/ada")
    run = start.programs(asked, secret, "http://10.0.0.5:8000/")
    board = run["board"]
    assert config.JupyterHub.services[0]["url"].endswith(board[board.index("--port") + 1])
    assert board[board.index("--address") + 1] == "http://10.0.0.5:8000/services/board/"
    assert start.codes(tmp_path / "state") == secret  # the same at the next start
    assert (tmp_path / "state/room.json").stat().st_mode & 0o077 == 0


def test_each_server_starts_without_the_grammar_and_still_checks_notebooks(monkeypatch, tmp_path):
    program = settings(monkeypatch, tmp_path)[2].Spawner.cmd[1]
    first = Path(program).read_text(encoding="utf-8").split("from jupyterhub")[0]
    code = first + """
import nbformat
assert not any("rfc3987" in m for m, it in sys.modules.items() if it)
nbformat.validate(nbformat.v4.new_notebook())
try: nbformat.validate({"cells": [{"cell_type": "poem"}], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
except nbformat.ValidationError: print("refused")
"""
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "refused"


def test_arguments_that_cannot_be_say_what_can(capsys):
    for wrong, told in ((["--memory", "100"], "at least 512 MB"), (["--cpus", "0"], "such as 0.5 or 1")):
        with pytest.raises(SystemExit):
            start.arguments(wrong)
        assert told in capsys.readouterr().err


def test_the_values_for_hundreds_are_well_formed_and_go_with_the_image():
    values = yaml.safe_load((HUB / "values.yaml").read_text(encoding="utf-8"))
    image, board = (HUB / "Dockerfile").read_text(encoding="utf-8"), values["hub"]["extraContainers"][0]
    assert board["image"] == f"{values['singleuser']['image']['name']}:{values['singleuser']['image']['tag']}"
    assert f"WORKDIR {values['singleuser']['storage']['homeMountPath']}" in image
    assert values["hub"]["services"]["board"]["url"] == f"http://hub:{board['ports'][0]['containerPort']}"
    assert len(values["hub"]["config"]["SharedPasswordAuthenticator"]["admin_password"]) >= 32
    for copied in re.findall(r"^COPY (.+) \S+$", image, re.M):
        assert all((ROOT / part).exists() or part.startswith("dist/") for part in copied.split())
    assert re.search(r"[^" + re.escape(string.printable) + "]", image) is None
