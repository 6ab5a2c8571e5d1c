"""The pipeline: variants, refusals, and that a failure writes nothing."""
from __future__ import annotations

import build
import pytest

HEAD = "# %% [markdown]\n# # Title\n# Words.\n"

REPOSITORY = build.repository


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Lessons and notebooks in a folder of their own."""
    monkeypatch.setattr(build, "LESSONS", tmp_path / "lessons")
    monkeypatch.setattr(build, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(build, "repository", lambda: "")  # whatever address this project has
    (tmp_path / "lessons").mkdir()
    return tmp_path


def write(home, text, name="01_a"):
    path = home / "lessons" / f"{name}.py"
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def test_tags_decide_what_each_variant_holds(home):
    source = write(home, '# %% tags=["stub"]\nx = None\n# %% tags=["solution"]\nx = 1\n# %% [markdown]\n# Then.\n# %% tags=["keep"]\nx\n')
    student, solved = (build.assemble(source, solution=v) for v in (False, True))
    assert [c.source for c in student.cells] == ["# Title\nWords.", "x = None", "Then.", "x"]
    assert [c.source for c in solved.cells] == ["# Title\nWords.", "x = 1", "Then.", "x"]
    assert student.cells[3].metadata == {"tags": ["keep"]}
    assert [c.id for c in student.cells] == [c.id for c in build.assemble(source, solution=False).cells]


def test_links_lead_to_the_same_place_from_the_solutions(home):
    write(home, "# %% [markdown]\n# ### Term\n", "words")
    links = "[a](words.ipynb#Term) [b](02_b.ipynb) [c](#Title) [d](https://a.b/c.ipynb) [e](../data/README.md) [f](02_b.ipynb#Part-1)"
    source = write(home, f'# {links}\n# %% tags=["stub"]\nx = 1\n# %% [markdown]\n# Then.\n# %% tags=["solution"]\nx = 1\n')
    student, solved = (build.assemble(source, solution=v).cells[0].source for v in (False, True))
    assert student.endswith(links)
    assert solved.endswith("[a](../words.ipynb#Term) [b](02_b.ipynb) [c](#Title) [d](https://a.b/c.ipynb) [e](../../data/README.md) "
                           "[f](02_b.ipynb#Part-1)")
    assert build.variants(source) == (False, True)
    assert build.variants(home / "lessons" / "words.py") == (False,)


def test_a_built_notebook_is_fresh_until_its_source_changes(home, capsys):
    write(home, "# %%\nprint(40 + 2)\n# %% [markdown]\n# It is {{ 40 + 2 }}.\n")
    assert build.main([]) == 0
    assert build.main(["--check"]) == 0
    text = (home / "notebooks" / "01_a.ipynb").read_text(encoding="utf-8")
    assert "It is 42." in text
    assert not (home / "notebooks" / "solutions").exists(), "nothing to solve, so no second notebook"
    write(home, "# %%\nprint(40 + 3)\n")
    capsys.readouterr()
    assert build.main(["--check"]) == 1
    assert "01_a.ipynb is out of date" in capsys.readouterr().out


def test_what_a_machine_says_of_itself_is_not_stored(home):
    write(home, '# %% tags=["nbval-ignore-output"]\nprint("seconds")\nx = 1\n# %% [markdown]\n# Then {{ x }}.\n')
    assert build.main([]) == 0
    text = (home / "notebooks" / "01_a.ipynb").read_text(encoding="utf-8")
    assert '"outputs": []' in text
    assert "Then 1." in text


@pytest.mark.parametrize(("text", "message"), [
    ("# %%\n1 / 0\n", "cell 1 raises ZeroDivisionError"),
    ("# %%\nimport sys; sys.stderr.write('oh')\n", "cell 1 writes to stderr: oh"),
    ("# %%\nx = 1\n# %% [markdown]\n# {{ y:.2f }}\n", "cell 2: format(y, '.2f') cannot be filled in: NameError"),
    ("# %%\nimport ipywidgets\nipywidgets.IntSlider()\n", "shows a widget without a picture"),
    ("# %%\n" + "x = 1\n" * 16, "16 lines of code, at most 15"), ("# %%\nx = 1\n# %%\ny = 1\n", "say in words what the code is for"),
    ("# %%\n!ls\n", "shell commands and magics"), ("# %% [markdown]\n# ### Deep\n", "skip none"), ("# %% [markdown]\n# # Two\n", "2 titles")])
def test_a_lesson_that_breaks_a_rule_is_refused_and_nothing_is_written(home, capsys, text, message):
    write(home, text)
    assert build.main([]) == 1
    assert message in capsys.readouterr().err
    assert not list((home / "notebooks").rglob("*.ipynb"))


def test_an_unknown_name_is_refused_with_those_there_are(home, capsys):
    write(home, "")
    assert build.main(["02_b"]) == 1
    assert "no lesson named 02_b; there are 01_a" in capsys.readouterr().err


@pytest.fixture
def project(home, monkeypatch):
    """A copy of the project's file and setup cell, beside the lessons."""
    (home / "authoring").mkdir()
    for name in ("pyproject.toml", "authoring/setup_cell.py"):
        (home / name).write_bytes((build.ROOT / name).read_bytes())
    (home / "data").mkdir()
    (home / "data" / "SHA256SUMS").write_text("")
    (home / "lessonlib").mkdir()
    (home / "lessonlib" / "style.mplstyle").write_text("")
    monkeypatch.setattr(build, "ROOT", home)
    monkeypatch.setattr(build, "repository", REPOSITORY)
    (home / "pyproject.toml").write_text(build.unpublished((home / "pyproject.toml").read_text(encoding="utf-8")), encoding="utf-8")
    assert build.repository() == ""
    return home


LESSON = '# %% tags=["setup"]\n# %% [markdown]\n# So.\n# %%\nprint(40 + 2)\n# %% [markdown]\n# It is {{ 40 + 2 }}.\n'


def test_an_address_brings_badges_and_setup_cells_and_executes_nothing(project, monkeypatch):
    write(project, LESSON)
    (project / "authoring" / "setup_cell.py").write_text('REPOSITORY = ""\n')
    assert build.main([]) == 0
    path = project / "notebooks" / "01_a.ipynb"
    before = build.nbformat.read(path, as_version=4)
    monkeypatch.setattr(build, "execute", None)
    for address in ("someone/course", "other/name"):
        assert build.main(["--publish", address]) == 0
        assert build.main(["--check"]) == 0
        after = build.nbformat.read(path, as_version=4)
        assert f"colab.research.google.com/github/{address}/blob/main/notebooks/01_a.ipynb" in after.cells[0].source
        assert f'REPOSITORY = "https://github.com/{address}"' in after.cells[1].source
        assert after.cells[4].source == "It is 42."
        assert [c.get("outputs") for c in after.cells] == [c.get("outputs") for c in before.cells]
        assert (project / "pyproject.toml").read_text(encoding="utf-8").count("[project.urls]") == 1
        assert build.repository() == f"https://github.com/{address}"
    assert "colab-badge" not in before.cells[0].source
    once = path.read_bytes()
    assert build.main(["--publish", "other/name"]) == 0
    assert path.read_bytes() == once


@pytest.mark.parametrize("address", ["", "https://github.com/a/b", "a b/c"])
def test_an_address_of_another_form_is_refused(project, capsys, address):
    write(project, LESSON)
    assert build.main(["--publish", address]) == 1
    assert "OWNER/NAME" in capsys.readouterr().err


def test_an_old_notebook_is_not_given_an_address(project, capsys):
    write(project, LESSON)
    assert build.main(["--publish", "a/b"]) == 1
    assert "01_a.ipynb must be built first" in capsys.readouterr().err
    assert build.repository() == ""
