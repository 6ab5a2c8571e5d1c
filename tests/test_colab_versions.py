"""Colab's list of today becomes the pins of tomorrow's run, and a list of another form is not taken for one."""
from __future__ import annotations

import colab_versions
import pytest

FREEZE = "absl-py==1.4.0\njinja2==3.1.9\njupyter-core==5.9.1\nkernel @ git+https://example.org/x\nnumpy==2.2.0\ntorch==2.12.0+cu128\npytest==9.9.9\n"
INFO = "# Do not modify\nUbuntu 22.04.5 LTS\nPython 3.13.15\nR version 4.6.1\n"
PINS = "# Colab's own\nJinja2==3.1.6\njupyter_core==5.9.1\nnumpy==2.1.3\n\n# not Colab's\ntorch==2.11.0\njupytext==1.19.6\npytest==8.4.2\n"


@pytest.fixture
def files(tmp_path):
    for name, text in (("freeze", FREEZE), ("info", INFO), ("pins", PINS)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_pins_become_what_colab_has_and_ours_stay(files, capsys):
    arguments = [str(files / "freeze"), str(files / "info"), "--pins", str(files / "pins"), "--github", str(files / "out")]
    colab_versions.main(arguments)
    assert (files / "pins").read_text(encoding="utf-8") == PINS.replace("3.1.6", "3.1.9").replace("2.1.3", "2.2.0").replace("2.11.0", "2.12.0")
    assert capsys.readouterr().out.splitlines() == ["Colab has Python 3.13", "Jinja2: 3.1.6 here, 3.1.9 on Colab", "numpy: 2.1.3 here, 2.2.0 on Colab",
                                                    "torch: 2.11.0 here, 2.12.0 on Colab"]
    assert (files / "out").read_text(encoding="utf-8") == "python=3.13\n"
    colab_versions.main(arguments[:-2])
    assert "nothing else" in capsys.readouterr().out


def test_a_list_of_another_form_is_refused_and_nothing_written(files, capsys):
    (files / "freeze").write_text("<html>404</html>", encoding="utf-8")
    with pytest.raises(SystemExit):
        colab_versions.main([str(files / "freeze"), str(files / "info"), "--pins", str(files / "pins")])
    assert "is this pip-freeze.gpu.txt?" in capsys.readouterr().err
    assert (files / "pins").read_text(encoding="utf-8") == PINS
    with pytest.raises(ValueError, match="is this os-info"):
        colab_versions.python_of("404")


def test_the_pins_of_the_project_are_read_whole():
    text = colab_versions.PINS.read_text(encoding="utf-8")
    pinned = colab_versions.versions_of(text)
    assert {"numpy", "torch", "ipywidgets", "jinja2", "prompt-toolkit"} <= pinned.keys()
    assert colab_versions.brought_to(text, pinned) == (text, [])
