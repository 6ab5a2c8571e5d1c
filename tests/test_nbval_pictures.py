"""The plugin fails when a picture is missing or wrong, or a number in the prose drifts: shown by breaking each."""
from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

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


def nbval(folder: Path, notebook) -> subprocess.CompletedProcess:
    nbformat.write(notebook, folder / "tiny.ipynb")
    here = Path(__file__).parent
    paths = os.pathsep.join(map(str, (here, here.parent / "authoring")))
    return subprocess.run([sys.executable, "-m", "pytest", "-q", "-p", "nbval_pictures", "--nbval", "--nbval-current-env",
                           "-p", "no:cacheprovider", "--rootdir", str(folder), "-c", os.devnull, str(folder / "tiny.ipynb")],
                          env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, check=False)


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


def test_the_same_notebook_passes(lesson):
    result = nbval(*lesson)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("old", "new", "message"), [
    ("peak = 6.57", "peak = 6.60", "the text says 6.57 for format(peak, '.2f'), the run gives 6.60"),
    ("peak = 6.57", "pass", "name 'peak' is not defined"),
    ("fig, ax", "plt.ioff(); fig, ax", "Cell outputs differ"),
    ('color="red"', 'color="blue"', "differs from the stored one"),
    ('ax.plot([0, 1], [1, 0], color="black")', "ax.set_ylim(-0.05, 1.05)", "differs from the stored one"),
    ("subplots()", "subplots(figsize=(3, 3))", "Cell outputs differ"),
    ("peak = 6.57", "peak = 6.57; _ = plt.plot([1, 2])", "Cell outputs differ")])
def test_a_broken_picture_or_number_fails_and_says_what(lesson, old, new, message):
    folder, notebook = lesson
    result = nbval(folder, broken(notebook, old, new))
    assert result.returncode == 1
    assert message in result.stdout


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
