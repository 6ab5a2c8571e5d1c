"""A lesson as a page without a kernel: what GitHub, nbviewer and a print show, and what a screen reader finds there."""
from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import lab
import nbformat
import pytest
from nbconvert import HTMLExporter

AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
PAGES = [path for folder in ("notebooks", "notebooks/solutions") for path in sorted((lab.ROOT / folder).glob("*.ipynb"))]
THEIRS = [  # (rule of axe, what the element looks like, why it is not ours to mend)
    ("color-contrast", r'<span class="[a-z]{1,2}\d?">', "the colours of code are those of nbconvert's template"),
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


@pages
def test_axe_finds_nothing_serious(path, new_page):
    if not AXE.exists():
        pytest.skip("axe-core is not here: npm install --prefix tests/browser")
    page = new_page()
    page.route(re.compile(r"^https?://"), lambda route: route.abort())
    page.set_content(exported(path), wait_until="domcontentloaded")
    page.add_script_tag(path=str(AXE))
    found = page.evaluate("async () => (await axe.run(document, {resultTypes: ['violations']})).violations")
    ours = [f"{rule['id']} ({rule['impact']}): {node['html'][:200]}"
            for rule in found if rule["impact"] in ("serious", "critical") for node in rule["nodes"]
            if not any(rule["id"] == name and re.match(look, node["html"]) for name, look, _ in THEIRS)]
    assert ours == []
