"""A notebook's prose as the pages need it: folds whose insides are read, links that lead to pages, words that explain themselves."""
from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from html import escape

from links import CODE

from website.words import anchor, slug

__all__ = ["RUN", "asked_for", "plain", "web"]

FOLD = re.compile(CODE + r"|<details><summary>(?P<summary>.*?)</summary>(?P<body>.*?)</details>", flags=re.DOTALL)
LINK = re.compile(CODE + r"|(?<!!)\[(?P<shown>[^\[\]]+)\]\((?P<file>[^)#\s]*\.ipynb)?(?P<place>#[^)\s]+)?\)", flags=re.DOTALL)
BADGE = re.compile(r"\n*\[!\[Open in Colab\]\([^)]*\)\]\([^)]*\)")
RUN = {  # what a lesson says to who runs it -> what it says on a page, where everything has been run
    "Run the cells from top to bottom.\nTo run one, click into it and press Shift and Enter together.\n"
    "The code of the first cell is hidden behind one line, so click that line and press the same keys.\n"
    "When all is well, nothing is printed.":
        "On this page every cell has been run for you.",
    "Run the next cell, and you see the valley from above.": "Here you see the valley from above.",
}
HEADING = re.compile(r"^#+ (?P<name>.+)$", flags=re.MULTILINE)
FENCE = re.compile(r"```.*?```", flags=re.DOTALL)


def asked_for(text: str, page: str) -> set[tuple[str, str]]:
    """The places within pages that the links of a text lead to, as (page, slug of the heading)."""
    found = [link for link in LINK.finditer(text) if not link["code"] and link["place"]]
    return {(_page(link["file"], page), slug(link["place"])) for link in found}


def web(text: str, page: str, *, words: Mapping[str, str], places: set[tuple[str, str]], pages: set[str]) -> tuple[str, list[str]]:
    """The text of a markdown cell for the page (as "deeper/09_adam"), and the slugs of the words that it uses.

    words: the glossary. places: what links anywhere lead to, see `asked_for`. pages: all that there are; a link to another notebook is
    left out, and its words stay.
    """
    used: list[str] = []

    def link(found: re.Match[str]) -> str:
        if found["code"] or not (found["file"] or found["place"]):
            return found[0]
        to, place = _page(found["file"], page), slug(found["place"] or "")
        if to not in pages:
            return found["shown"]
        address = posixpath.relpath(f"{to}.html", posixpath.dirname(page) or ".") if to != page else ""
        if to == "glossary" and place in words:
            used.extend([place] if place not in used else [])
            return f'<a class="word" href="{address}#{anchor(place)}" aria-describedby="about-{place}">{found["shown"]}</a>'
        return f'<a href="{address}{f"#{_mark(to, place)}" if place else ""}">{found["shown"]}</a>'

    for kernel, here in RUN.items():
        text = text.replace(kernel, here)
    text = LINK.sub(link, BADGE.sub("", text))
    return _marked(FOLD.sub(_opened, text), page, places), used


def plain(text: str) -> str:
    """What a text says, its links as their words."""
    return re.sub(r"\[([^\[\]]+)\]\([^)\s]*\)", r"\1", text)


def _page(file: str | None, page: str) -> str:
    """The page that a link of a page leads to."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), file)).removesuffix(".ipynb") if file else page


def _opened(found: re.Match[str]) -> str:
    """A fold with empty lines around its insides: without them they would be taken for HTML and not for prose."""
    if found["code"]:
        return found[0]
    summary = re.sub(r"\$([^$]+)\$", lambda m: rf'<span class="math notranslate nohighlight">\({escape(m[1])}\)</span>', found["summary"])
    return f'\n<details class="fold">\n<summary>{summary}</summary>\n\n{found["body"].strip()}\n\n</details>\n'


def _mark(page: str, place: str) -> str:
    return anchor(place) if page == "glossary" else f"part-{place}"


def _marked(text: str, page: str, places: set[tuple[str, str]]) -> str:
    """The text with a mark before each heading that a link leads to, and before each entry of the glossary."""
    fenced = [(fence.start(), fence.end()) for fence in FENCE.finditer(text)]

    def mark(found: re.Match[str]) -> str:
        name = slug(found["name"])
        here = (page, name) in places or (page == "glossary" and found[0].startswith("### "))
        if not here or any(start < found.start() < end for start, end in fenced):
            return found[0]
        return f'<span class="place" id="{_mark(page, name)}"></span>\n\n{found[0]}'

    return HEADING.sub(mark, text)
