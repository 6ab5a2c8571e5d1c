"""A lesson as a page without a kernel: what GitHub, nbviewer and a print show, and what a screen reader finds there."""
from __future__ import annotations

import re
from functools import cache

import lab
import nbformat
import pytest
from nbconvert import HTMLExporter

PAGES = [path for folder in ("notebooks", "notebooks/solutions") for path in sorted((lab.ROOT / folder).glob("*.ipynb"))]
THEIRS = [  # (rule of axe, what the element looks like, why it is not ours to mend)
    ("color-contrast", r'<span class="(mf|mi|ow|c1)">', "the colours of numbers, words and comments in code are those of nbconvert's template"),
    ("link-in-text-block", r"<a ", "that links have a colour and no underline is the style of nbconvert's template"),
    ("color-contrast", r'<div class="jp-(In|Out)putPrompt', "the cell numbers are those of nbconvert's template"),
]
pages = pytest.mark.parametrize("path", PAGES, ids=[f"{p.parent.name}-{p.stem}" for p in PAGES])


@cache
def exported(path):
    """The page that nbconvert makes, without scripts from elsewhere."""
    exporter = HTMLExporter(mathjax_url="", require_js_url="", jquery_url="", mermaid_js_url="")
    return exporter.from_notebook_node(nbformat.read(path, as_version=4))[0]


@pages
def test_each_experiment_and_each_figure_is_a_picture_with_words(path):
    notebook, page = nbformat.read(path, as_version=4), exported(path)
    outputs = [o for cell in notebook.cells if cell.cell_type == "code" for o in cell.outputs]
    shown = re.findall(r"<img\b[^>]*>", page)
    words = [re.search(r'alt="([^"]*)"', tag) for tag in shown]
    assert len([tag for tag in shown if "data:image/png" in tag]) == sum("image/png" in o.get("data", {}) for o in outputs)
    assert all(found and len(found[1]) >= 40 for found in words if found is None or "Colab" not in found[1])
    assert "widget" not in "".join(str(o.get("data", {}).keys()) for o in outputs)


USED = set()  # the entries of THEIRS that were needed


@pages
def test_axe_finds_nothing_serious(path, page):
    page.set_content(exported(path), wait_until="domcontentloaded")
    ours = []
    for rule, html in lab.serious(page):
        known = [entry for entry in THEIRS if rule == entry[0] and re.match(entry[1], html)]
        USED.update(known)
        ours += [f"{rule}: {html[:200]}"] * (not known)
    assert ours == []


def test_nothing_is_excused_that_does_not_occur(request):
    if len([item for item in request.session.items if "axe_finds" in item.name and item.path == request.path]) < len(PAGES) or not USED:
        pytest.skip("axe did not look at every page in this run")
    assert set(THEIRS) == USED
