"""The plugin fails when a picture is missing or wrong, or a number in the prose drifts: shown by breaking each."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import jupytext
import nbformat
import numpy as np
import pytest
from execute import execute
from PIL import Image
from source import METADATA

LESSON = '''# %% [markdown]
# # A tiny lesson
# %%
import matplotlib.pyplot as plt
%matplotlib inline
peak = 6.57
# %% [markdown]
# The peak is {{ peak:.2f }} and {{ "a:b" }}, while $\\frac{{1}{2}$ stays.
# %%
fig, ax = plt.subplots()
ax.plot([0, 1], [0, 1], color="red", linewidth=2.5)
_ = ax.plot([0, 1], [1, 0], color="black")
'''


@pytest.fixture(scope="module")
def lesson(tmp_path_factory):
    """The tiny lesson, executed: (path, source of the notebook)."""
    folder = tmp_path_factory.mktemp("lesson")
    notebook = jupytext.reads(LESSON, fmt="py:percent")
    notebook.metadata.update(METADATA)
    execute(notebook, folder, "tiny")
    return folder, notebook


def nbval(folder: Path, notebooks) -> dict[str, str]:
    """What fails in each of these notebooks, by name, in one run of nbval."""
    for name, notebook in notebooks.items():
        nbformat.write(notebook, folder / f"{name}.ipynb")
    here = Path(__file__).parent
    paths = os.pathsep.join(map(str, (here, here.parent / "authoring")))
    report = folder / "report.xml"
    run = subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "nbval.plugin", "-p", "nbval_pictures", "--nbval", "--nbval-current-env", f"--junit-xml={report}",
                          "-p", "no:cacheprovider", "--rootdir", str(folder), "-c", os.devnull, *(str(folder / f"{name}.ipynb") for name in notebooks)],
                         env=os.environ | {"PYTHONPATH": paths, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}, capture_output=True, text=True, check=False)
    cells = list(ElementTree.parse(report).iter("testcase"))
    assert len(cells) == 2 * len(notebooks), run.stdout
    failed = dict.fromkeys(notebooks, "")
    for cell in cells:
        failed[Path(cell.attrib["classname"]).stem] += "".join(found.text or "" for kind in ("failure", "error") for found in cell.iter(kind))
    return failed


def broken(notebook, old, new):
    """A copy whose code is changed and whose stored outputs are not."""
    copy = nbformat.from_dict(nbformat.v4.new_notebook(cells=[nbformat.from_dict(dict(c)) for c in notebook.cells],
                                                       metadata=notebook.metadata))
    for cell in copy.cells:
        if cell.cell_type == "code":
            assert isinstance(cell.source, str)
            cell.source = cell.source.replace(old, new)
    return copy


def test_the_blanks_are_filled_and_latex_is_left_alone(lesson):
    text = lesson[1].cells[2].source
    assert text == "The peak is 6.57 and a:b, while $\\frac{{1}{2}$ stays."


FAULTS = {  # what is broken: (what the code says, what it says instead, what is then said)
    "a number": ("peak = 6.57", "peak = 6.60", "the text says 6.57 for format(peak, '.2f'), the run gives 6.60"),
    "a name": ("peak = 6.57", "pass", "name 'peak' is not defined"),
    "no picture": ("fig, ax", "plt.ioff(); fig, ax", "Cell outputs differ"),
    "a colour": ('color="red"', 'color="blue"', "differs from the stored one"),
    "no line": ('ax.plot([0, 1], [1, 0], color="black")', "ax.set_ylim(-0.05, 1.05)", "differs from the stored one"),
    "a size": ("subplots()", "subplots(figsize=(3, 3))", "Cell outputs differ"),
    "one picture more": ("peak = 6.57", "peak = 6.57; _ = plt.plot([1, 2])", "Cell outputs differ"),
}


@pytest.fixture(scope="module")
def failures(lesson):
    """What fails in the same notebook and in each broken one."""
    folder, notebook = lesson
    return nbval(folder, {"same": notebook} | {name: broken(notebook, old, new) for name, (old, new, _) in FAULTS.items()})


def test_the_same_notebook_passes(failures):
    assert failures["same"] == ""


@pytest.mark.parametrize("name", FAULTS)
def test_a_broken_picture_or_number_fails_and_says_what(failures, name):
    assert FAULTS[name][-1] in failures[name]


def test_a_grey_level_of_noise_and_other_antialiasing_pass(lesson, tmp_path):
    import nbval_pictures

    (png,) = nbval_pictures.pictures(lesson[1].cells[3].outputs)
    Path(tmp_path / "a.png").write_bytes(png)
    image = np.asarray(Image.open(tmp_path / "a.png").convert("RGB")).astype(int)
    noise = np.random.default_rng(0).integers(-3, 4, image.shape)
    Image.fromarray(np.clip(image + noise, 0, 255).astype(np.uint8)).save(tmp_path / "b.png")
    assert nbval_pictures.difference(png, (tmp_path / "b.png").read_bytes()) is None
    soft = Image.open(tmp_path / "a.png").convert("RGB")
    soft.resize((soft.width * 2, soft.height * 2), Image.BILINEAR).resize(soft.size, Image.BILINEAR).save(tmp_path / "c.png")
    assert nbval_pictures.difference(png, (tmp_path / "c.png").read_bytes()) is None
