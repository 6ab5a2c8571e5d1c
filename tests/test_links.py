"""Every relative link of the notebooks and the README leads somewhere, down to the heading."""
from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
import source as lessons

PAGES = [lessons.target(source, solution) for source in lessons.sources() for solution in lessons.variants(source)] + [lessons.ROOT / "README.md"]
LINK = re.compile(r"\]\((?!\w+:)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")


def prose(page: Path) -> list[str]:
    """The texts of a page, without blocks of code."""
    if page.suffix == ".md":
        texts = [page.read_text(encoding="utf-8")]
    else:
        texts = [cell.source for cell in nbformat.read(page, as_version=4).cells if cell.cell_type == "markdown"]
    return [re.sub(r"```.*?```", "", text, flags=re.DOTALL) for text in texts]


def anchors(page: Path) -> set[str]:
    """What a link to a heading of a page may end in: JupyterLab's rule, the heading's text with dashes for spaces, case kept."""
    headings = [line for text in prose(page) for line in re.findall(r"^#+ +(.*?) *$", text, flags=re.MULTILINE)]
    return {re.sub(r"\[([^]]*)\]\([^)]*\)|[*`]", r"\1", heading).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(lessons.ROOT).as_posix())
def test_every_relative_link_leads_somewhere(page):
    lost = []
    for text in prose(page):
        for link in LINK.finditer(re.sub(r"`[^`]*`", "", text)):
            there = (page.parent / link["path"]).resolve() if link["path"] else page
            if not there.exists():
                lost.append(f"{link[0]}: no such file")
            elif link["anchor"] and link["anchor"] not in anchors(there):
                lost.append(f"{link[0]}: no such heading")
    assert not lost, lost


def test_the_glossary_is_in_order_and_each_term_names_its_lesson():
    text = "\n".join(prose(lessons.NOTEBOOKS / "glossary.ipynb"))
    terms = re.findall(r"^### (.+)$", text, flags=re.MULTILINE)
    assert len(terms) >= 50
    assert terms == sorted(terms, key=str.lower)
    for entry in re.split(r"^### ", text, flags=re.MULTILINE)[1:]:
        term, _, words = entry.partition("\n")
        assert re.search(r"\*\[Lesson \d+\]\(\d\d_\w+\.ipynb\)\*", words), f"{term} names no lesson"
        assert re.fullmatch(r"[A-Z][\w-]*( [a-z]+)*", term), f"{term}: sentence case, no marks, so that the anchor holds everywhere"
