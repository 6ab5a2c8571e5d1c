"""The notebooks of the browser edition, and the Pyodide that it carries; the site itself is built and driven in tests/lite."""
from __future__ import annotations

import ast
import hashlib
import json
import posixpath
import re
from functools import cache

import nbformat
import pytest
from lite_edition import notebooks
from lite_edition.needs_torch import plan
from lite_edition.pyodide import copy_needed

CELL = nbformat.v4.new_code_cell
EVERY = [*notebooks.pages()]
edition = cache(notebooks.edition)


def needs(*sources, tags=()):
    """What is planned for cells."""
    cells = [CELL(source, metadata={"tags": [*tag]}) for source, tag in zip(sources, [*tags, *[()] * len(sources)], strict=False)]
    return plan(cells)


@pytest.mark.parametrize(("cells", "expected"), [
    (["x = 1", "x + 1"], [0, 0]),
    (["import torch", "x = torch.ones(1)", "x + 1", "x = 2", "x + 1"], [1, 1, 1, 0, 0]),
    (["from lessonlib.pytorch.looped import Looped"], [1]),
    (["from lessonlib.lessons.lesson07 import judges", "judges.judge_kappa(3)", "judges.judge_setting(0.1, momentum=0.9)"], [0, 0, 1]),
    (["from lessonlib.lessons.lesson10.judges import judge_groups as j", "j(1, 2)"], [0, 1]),
    (["from lessonlib.lessons.lesson00 import machine", "machine.gpu()"], [0, 0]),  # it asks whether torch is there
    (["import torch", "def f(a):\n    return torch.ones(a)", "def g(torch):\n    return torch"], [1, 1, 0]),
    (["import torch\nimport math", "math.pi"], [1, 0])])
def test_what_needs_torch_is_read_off_the_code(cells, expected):
    assert [its.needs for its in needs(*cells)] == [bool(e) for e in expected]


def test_what_later_cells_want_of_a_cell_with_torch_is_kept():
    plans = needs("import torch\nimport numpy as np\nfrom math import pi, tau\nx = torch.ones(1)", "np.ones(1)", "pi")
    assert plans[0].keeps == ["import numpy as np", "from math import pi"]


def test_an_exercise_that_only_a_judge_with_torch_looks_at_needs_it_too():
    plans = needs("answer = None", "other = None", "import torch\njudge(answer)", "judge(other)", tags=[["stub"], ["stub"]])
    assert [its.needs for its in plans] == [True, False, True, False]


@pytest.mark.parametrize("page", EVERY)
def test_no_cell_that_is_left_imports_torch_and_none_is_lost(page):
    made, stored = edition(page), nbformat.read(notebooks.NOTEBOOKS / page, as_version=4)
    nbformat.validate(made)
    for cell in made.cells:
        if cell.cell_type == "code" and "setup" not in cell.metadata.get("tags", []):
            names = {alias.name for node in ast.walk(ast.parse(cell.source)) if isinstance(node, ast.Import) for alias in node.names}
            assert "torch" not in {name.split(".")[0] for name in names}
    assert {cell.id for cell in stored.cells} <= {cell.id for cell in made.cells}
    for cell, old in ((each, old) for old in stored.cells for each in made.cells if each.id == old.id):
        if "torch" in cell.metadata.get("tags", []):
            assert old.source in cell.source
            pictures = [o for o in old.outputs if "image/png" in o.get("data", {})]
            assert len(cell.get("attachments", {})) == len(pictures) == cell.source.count('src="attachment:')
        assert cell.cell_type == "code" or not [o for o in old.get("outputs", []) if o.output_type == "stream" and o.text.strip() not in cell.source]


@pytest.mark.parametrize("page", EVERY)
def test_every_link_leads_to_a_page_that_is_there(page):
    for cell in edition(page).cells:
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", cell.source, flags=re.DOTALL) if cell.cell_type == "markdown" else ""
        for target in re.findall(r"\]\((?!\w+:|#)([^)#\s]+)", prose):
            assert posixpath.normpath(posixpath.join(posixpath.dirname(page), target)) in EVERY, target


def test_what_is_not_in_the_edition_is_reached_by_the_projects_address():
    told = {address: "\n".join(cell.source for cell in notebooks.edition("10_adamw.ipynb", address).cells) for address in ("", "https://git.example/a/b")}
    assert "11_gpu_lab.ipynb" not in told[""]
    assert "(https://git.example/a/b/blob/main/notebooks/11_gpu_lab.ipynb)" in told["https://git.example/a/b"]


def test_the_setup_cell_is_python_and_does_nothing_more_elsewhere():
    cell = next(cell for cell in edition("09_adam.ipynb").cells if "setup" in cell.metadata.get("tags", []))
    stored = nbformat.read(notebooks.NOTEBOOKS / "09_adam.ipynb", as_version=4)
    usual = next(cell for cell in stored.cells if "setup" in cell.metadata.get("tags", []))
    assert cell.source.endswith(usual.source.removeprefix(notebooks.FORM))
    code = cell.source.replace("%matplotlib inline", "")
    first = compile(code, "cell", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT).body[:2]
    assert isinstance(first[0], ast.Import)
    assert ast.unparse(first[1].test) == "sys.platform == 'emscripten'"
    assert "09_adam.ipynb" in ast.unparse(first[1])


@pytest.fixture
def release(tmp_path):
    """A folder that looks like an unpacked release of Pyodide."""
    folder, packages = tmp_path / "pyodide", {}
    folder.mkdir()
    for name, depends in (("numpy", []), ("matplotlib", ["numpy", "Pure_Eval"]), ("pure-eval", []), ("pandas", ["numpy"])):
        file = folder / f"{name}-1.whl"
        file.write_text(name)
        packages[name] = {"file_name": file.name, "sha256": hashlib.sha256(name.encode()).hexdigest(), "depends": depends}
    (folder / "pyodide.mjs").write_text("core")
    (folder / "pyodide.mjs.map").write_text("map")
    (folder / "pyodide-lock.json").write_text(json.dumps({"packages": packages}))
    return folder


def test_of_a_pyodide_what_is_needed_is_copied(release, tmp_path):
    size = copy_needed(release, tmp_path / "out")
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"pyodide.mjs", "pyodide-lock.json", "numpy-1.whl", "matplotlib-1.whl", "pure-eval-1.whl"}
    assert set(json.loads((tmp_path / "out" / "pyodide-lock.json").read_text())["packages"]) == {"numpy", "matplotlib", "pure-eval"}
    assert size == sum(path.stat().st_size for path in (tmp_path / "out").iterdir())


@pytest.mark.parametrize(("name", "content", "message"), [
    ("pyodide.mjs", None, "has no pyodide.mjs; give the folder"), ("numpy-1.whl", None, "has no numpy-1.whl, which numpy needs; take the full release"),
    ("numpy-1.whl", "other", "numpy-1.whl is not the file that pyodide-lock.json lists")])
def test_a_pyodide_that_is_incomplete_or_altered_is_refused(release, tmp_path, name, content, message):
    (release / name).write_text(content) if content else (release / name).unlink()
    with pytest.raises(ValueError, match=re.escape(message)):
        copy_needed(release, tmp_path / "out")
