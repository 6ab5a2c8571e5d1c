"""The pipeline: variants, refusals, and that a failure writes nothing."""
from __future__ import annotations

import re

import addresses
import build
import nbformat
import pytest
import source as lessons

HEAD = "# %% [markdown]\n# # Title\n# Words.\n"
ASKS = '# %% tags=["stub"]\nx = 1\n# %% tags=["solution"]\nx = 1\n'

REPOSITORY = lessons.repository


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Lessons and notebooks in a folder of their own."""
    monkeypatch.setattr(lessons, "LESSONS", tmp_path / "lessons")
    monkeypatch.setattr(lessons, "NOTEBOOKS", tmp_path / "notebooks")
    monkeypatch.setattr(lessons, "repository", lambda: "")  # whatever address this project has
    (tmp_path / "lessons").mkdir()
    return tmp_path


def write(home, text, name="01_a"):
    path = home / "lessons" / f"{name}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEAD + text, encoding="utf-8")
    return path


def test_tags_decide_what_each_variant_holds(home):
    source = write(home, '# %% tags=["stub"]\nx = None\n# %% tags=["solution"]\nx = 1\n# %% [markdown]\n# Then.\n# %% tags=["keep"]\nx\n')
    student, solved = (lessons.assemble(source, solution=v) for v in (False, True))
    assert [c.source for c in student.cells] == ["# Title\nWords.", "x = None", "Then.", "x"]
    assert [c.source for c in solved.cells] == ["# Title\nWords.", "x = 1", "Then.", "x"]
    assert student.cells[3].metadata == {"tags": ["keep"]}
    assert [c.id for c in student.cells] == [c.id for c in lessons.assemble(source, solution=False).cells]


@pytest.mark.parametrize(("name", "links", "solved"), [
    ("01_a", "[a](words.ipynb#Term) [b](02_b.ipynb) [f](02_b.ipynb#Part-1)", "[a](../words.ipynb#Term) [b](02_b.ipynb) [f](02_b.ipynb#Part-1)"),
    ("01_a", "[c](#Title) [d](https://a.b/c.ipynb) `[x](y)`", "[c](#Title) [d](https://a.b/c.ipynb) `[x](y)`"),
    ("01_a", "[e](../data/README.md) [s](solutions/01_a.ipynb)", "[e](../../data/README.md) [s](01_a.ipynb)"),
    ("01_a", "[g](deeper/02_b.ipynb) [h](deeper/03_c.ipynb)", "[g](deeper/02_b.ipynb) [h](../deeper/03_c.ipynb)"),
    ("deeper/01_a", "[a](../words.ipynb#Term) [b](../02_b.ipynb) [g](02_b.ipynb)", "[a](../../words.ipynb#Term) [b](../02_b.ipynb) [g](02_b.ipynb)"),
    ("deeper/01_a", "[e](../../data/README.md) [s](../solutions/deeper/01_a.ipynb)", "[e](../../../data/README.md) [s](01_a.ipynb)")])
def test_links_lead_to_the_same_place_from_the_solutions(home, name, links, solved):
    write(home, "# %% [markdown]\n# ### Term\n", "words")
    write(home, ASKS, "02_b")
    write(home, ASKS, "deeper/02_b")
    write(home, "", "deeper/03_c")
    source = write(home, f"# {links}\n{ASKS}", name)
    student, solution = (lessons.assemble(source, solution=v).cells[0].source.splitlines()[-1] for v in (False, True))
    assert (student, solution) == (links, solved)
    assert [lessons.variants(s) for s in (source, home / "lessons" / "words.py")] == [(False, True), (False,)]


@pytest.mark.parametrize(("word", "shown"), [
    ("[[mini-batch]]", "[mini-batch]({}#Mini-batch)"), ("[[Gradient descent]]", "[Gradient descent]({}#Gradient-descent)"),
    ("[[steps|gradient descent]]", "[steps]({}#Gradient-descent)"), ("[[a small $\\epsilon$|mini-batch]]", "[a small $\\epsilon$]({}#Mini-batch)"),
    ("| [[steps|mini-batch]] |", "| [steps]({}#Mini-batch) |"), ("`x[[1]]` is code", "`x[[1]]` is code")])
@pytest.mark.parametrize(("name", "ways"), [("01_a", ("", "../")), ("deeper/01_a", ("../", "../../"))])
def test_double_brackets_lead_to_the_glossary_from_every_folder(home, word, shown, name, ways):
    write(home, "# ## A\n# ### Gradient descent\n# ### Mini-batch\n", "glossary")
    source = write(home, f"# {word}\n{ASKS}", name)
    for solution, way in enumerate(ways):
        assert lessons.assemble(source, solution=bool(solution)).cells[0].source.splitlines()[-1] == shown.format(f"{way}glossary.ipynb")


@pytest.mark.parametrize(("word", "message"), [
    ("[[gradiant]]", "01_a.ipynb, cell 0: [[gradiant]]: the glossary has no such entry; nearest: Gradient"),
    ("[[it|minibatch]]", "[[it|minibatch]]: the glossary has no such entry; nearest: Mini-batch")])
def test_a_word_that_the_glossary_does_not_have_is_refused_with_the_nearest(home, capsys, word, message):
    write(home, "# ### Gradient\n# ### Mini-batch\n", "glossary")
    write(home, f"# {word}\n# %%\nx = 1\n")
    assert build.main(["01_a"]) == 1
    assert message in capsys.readouterr().err
    assert not (home / "notebooks").exists()


def test_a_folder_of_lessons_makes_a_folder_of_notebooks_after_the_others(home, capsys):
    write(home, ASKS.replace("# %% tags=[\"sol", "# %% [markdown]\n# So.\n# %% tags=[\"sol"), "deeper/01_a")
    write(home, "", "02_b")
    write(home, "", "words")
    assert [lessons.name_of(s) for s in lessons.sources()] == ["02_b", "words", "deeper/01_a"]
    assert build.main(["deeper/01_a"]) == 0
    assert sorted(path.relative_to(home).as_posix() for path in home.rglob("*.ipynb")) == [
        "notebooks/deeper/01_a.ipynb", "notebooks/solutions/deeper/01_a.ipynb"]
    assert "notebooks/solutions/deeper/01_a.ipynb: " in capsys.readouterr().out
    assert build.main(["deeper/01_a", "--check"]) == 0


@pytest.mark.parametrize("name", ["01_a", "deeper/01_a"])
def test_a_lesson_that_takes_longer_than_its_folder_allows_is_refused(home, capsys, monkeypatch, name):
    write(home, "# %%\nx = 1\n", name)
    for limits, arguments, status in (({".": 0, "deeper": 99}, [], name == "01_a"), ({".": 99, "deeper": 0}, [], name != "01_a"),
                                      ({".": 0, "deeper": 0}, ["--slow"], 0)):
        monkeypatch.setattr(build, "LIMITS_S", limits)
        assert build.main([*arguments, "--force"]) == status
        assert ("more than 0; make it lighter" in capsys.readouterr().err) == bool(status)


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


@pytest.mark.parametrize(("tag", "stored", "metadata"), [
    ("machine", False, {"tags": ["machine", "nbval-ignore-output"]}), ("chaotic", True, {"tags": ["chaotic", "nbval-ignore-output"]}),
    ("answer", True, {"tags": ["answer"], "jupyter": {"outputs_hidden": True}, "collapsed": True}), ("torch", True, {"tags": ["torch"]})])
def test_a_tag_says_what_is_stored_and_what_is_compared(home, tag, stored, metadata):
    write(home, f'# %% tags=["{tag}"]\nprint("seconds")\nx = 1\n# %% [markdown]\n# Then {{{{ x }}}}.\n')
    assert build.main([]) == 0
    notebook = nbformat.read(home / "notebooks" / "01_a.ipynb", as_version=4)
    nbformat.validate(notebook)
    assert [o.text for o in notebook.cells[1].outputs] == ["seconds\n"] * stored
    assert notebook.cells[1].metadata == metadata
    assert notebook.cells[2].source == "Then 1."
    assert build.main(["--check"]) == 0


def test_the_setup_cell_is_folded_in_jupyterlab_and_a_form_on_colab(home):
    cell = lessons.assemble(write(home, '# %% tags=["setup"]\n'), solution=False).cells[1]
    assert cell.source.splitlines()[0] == "# @title Set up: run me"
    assert cell.metadata == {"tags": ["setup"], "jupyter": {"source_hidden": True}, "cellView": "form"}


@pytest.mark.parametrize(("text", "message"), [
    ("# %%\n1 / 0\n", "cell 1 raises ZeroDivisionError"),
    ("# %%\nimport sys; sys.stderr.write('oh')\n", "cell 1 writes to stderr: oh"),
    ("# %%\nx = 1\n# %% [markdown]\n# {{ y:.2f }}\n", "cell 2: format(y, '.2f') cannot be filled in: NameError"),
    ("# %%\nimport ipywidgets\nipywidgets.IntSlider()\n", "shows a widget without a picture"),
    ("# %%\n" + "x = 1\n" * 16, "16 lines of code, at most 15"), ("# %%\nx = 1\n# %%\ny = 1\n", "say in words what the code is for"),
    ("# %%\n!ls\n", "shell commands and magics"), ("# %% [markdown]\n# ### Deep\n", "skip none"), ("# %% [markdown]\n# # Two\n", "2 titles"),
    ('# %% tags=["keep"]\nx = 1\n', "cell 1: unknown tag 'keep'; there are setup, stub"),
    ('# %% tags=["machine", "chaotic"]\nx = 1\n', "keep one of these tags"),
    ("# %% [markdown]\n\n# %%\nx = 1\n", "cell 1: an empty text cell"),
    ("# %% [markdown]\n# <details><summary>Why?</summary>See [[step]].</details>\n", "Markdown in a fold on one line"),
    ("# %% [markdown]\n# One. Two\n# goes on.\n", "cell 1: one sentence a line; write\n  One.\nin place of\n  One. Two\n"),
    ("# %% [markdown]\n# One sentence\n# goes on.\n", "write\n  One sentence goes on.\nin place of\n  One sentence\n"),
    ("# %% [markdown]\n# A [step](glossary.ipynb#Step).\n", "cell 1: [step](glossary.ipynb#Step): write [[entry]] or"),
    (f"# %% [markdown]\n# It is {{{{ {'x' * 41} }}}}.\n", "41 characters in {{ xxx"),
    ('# %%\nx = 1\nprint(f"{x:5}")\n', "{x:5} prints columns by hand; use table(header, rows)"),
    ('# %%\nprint("x".ljust(5))\n', "ljust prints columns by hand")])
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
    for name in (*addresses.FILES, "authoring/setup_cell.py"):
        (home / name).write_bytes((lessons.ROOT / name).read_bytes())
    (home / "data").mkdir()
    (home / "data" / "SHA256SUMS").write_text("")
    (home / "lessonlib").mkdir()
    (home / "lessonlib" / "style.mplstyle").write_text("")
    monkeypatch.setattr(lessons, "ROOT", home)
    monkeypatch.setattr(lessons, "repository", REPOSITORY)
    for name, with_address in addresses.FILES.items():
        (home / name).write_text(with_address((home / name).read_text(encoding="utf-8"), ""), encoding="utf-8")
    assert lessons.repository() == ""
    return home


LESSON = '# %% tags=["setup"]\n# %% [markdown]\n# So.\n# %%\nprint(40 + 2)\n# %% [markdown]\n# It is {{ 40 + 2 }}.\n'


def test_an_address_brings_badges_and_setup_cells_and_executes_nothing(project, monkeypatch):
    write(project, LESSON)
    (project / "authoring" / "setup_cell.py").write_text('REPOSITORY = ""\n')
    assert build.main([]) == 0
    path = project / "notebooks" / "01_a.ipynb"
    before = nbformat.read(path, as_version=4)
    monkeypatch.setattr(build, "execute", None)
    for address in ("someone/course", "other/name"):
        assert build.main(["--publish", address]) == 0
        assert build.main(["--check"]) == 0
        after = nbformat.read(path, as_version=4)
        assert f"colab.research.google.com/github/{address}/blob/main/notebooks/01_a.ipynb" in after.cells[0].source
        assert f'REPOSITORY = "https://github.com/{address}"' in after.cells[1].source
        assert after.cells[4].source == "It is 42."
        assert [c.get("outputs") for c in after.cells] == [c.get("outputs") for c in before.cells]
        assert (project / "pyproject.toml").read_text(encoding="utf-8").count("[project.urls]") == 1
        assert lessons.repository() == f"https://github.com/{address}"
        citation, readme = ((project / name).read_text(encoding="utf-8") for name in ("CITATION.cff", "README.md"))
        site = f"https://{address.replace('/', '.github.io/')}/"
        assert citation.count(f'repository-code: "https://github.com/{address}"\nurl: "{site}"\nkeywords:') == citation.count("url:") == 1
        assert readme.count(f"[Read and play]({site})") == readme.count("[Read and play](") == 1
        assert f"[Run in your browser]({site}lite/)" in readme
        assert f"https://github.com/{address}/actions/workflows/check.yml/badge.svg" in readme
        assert f'Documentation = "{site}"' in (project / "pyproject.toml").read_text(encoding="utf-8")
    assert "colab-badge" not in before.cells[0].source
    once = path.read_bytes()
    assert build.main(["--publish", "other/name"]) == 0
    assert path.read_bytes() == once


def test_without_an_address_the_files_are_as_they_were_before_it():
    for name, told in addresses.FILES.items():
        text = told((lessons.ROOT / name).read_text(encoding="utf-8"), "")
        assert told(told(told(text, "someone/course"), "Other/other.github.io"), "") == text, name
        assert "github.io" not in text.replace("GitHub Pages", "")


def test_a_readme_without_a_place_for_the_address_is_refused_and_nothing_written(project, capsys):
    (project / "README.md").write_text("# Course\n", encoding="utf-8")
    assert build.main(["--publish", "a/b"]) == 1
    assert "<!-- address: written by make publish -->" in capsys.readouterr().err
    assert lessons.repository() == ""


def test_every_badge_has_its_workflow():
    readme = addresses.in_readme((lessons.ROOT / "README.md").read_text(encoding="utf-8"), "a/b")
    named = set(re.findall(r"actions/workflows/(\w+\.yml)", readme))
    assert named == {path.name for path in (lessons.ROOT / ".github" / "workflows").iterdir()}


@pytest.mark.parametrize("address", ["", "https://github.com/a/b", "a b/c"])
def test_an_address_of_another_form_is_refused(project, capsys, address):
    write(project, LESSON)
    assert build.main(["--publish", address]) == 1
    assert "OWNER/NAME" in capsys.readouterr().err


def test_an_old_notebook_is_not_given_an_address(project, capsys):
    write(project, LESSON)
    assert build.main(["--publish", "a/b"]) == 1
    assert "01_a.ipynb must be built first" in capsys.readouterr().err
    assert lessons.repository() == ""
