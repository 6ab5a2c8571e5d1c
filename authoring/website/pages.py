"""The notebooks as pages: a student's notebook with each solution behind a click, its outputs as HTML, its words explained."""
from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import nbformat

from website import outputs, pictures, prose

__all__ = ["Course", "figure", "paired", "prepared", "solutions_of", "to_root"]

Cell: TypeAlias = nbformat.NotebookNode
Player = Callable[[str, str], str]  # (page, id of a cell) -> what plays its experiment, or nothing


class Course(NamedTuple):
    """What every page needs to know of the others.

    words: the glossary, by slug. places: what links lead to within pages. pages: the names of all. folder: where pictures go.
    play(page, id of a cell): the HTML that plays an experiment, or nothing. player(page): the tags that a page with one needs.
    open_in(page): (name, address) for each place where the notebook can be run.
    """

    words: Mapping[str, str]
    places: set[tuple[str, str]]
    pages: set[str]
    folder: Path
    play: Player = lambda page, cell: ""
    player: Callable[[str], str] = lambda page: ""
    open_in: Callable[[str], Sequence[tuple[str, str]]] = lambda page: ()


def has(tag: str) -> Callable[[Cell], bool]:
    """Whether a cell has a tag."""
    return lambda cell: tag in cell.metadata.get("tags", [])


def solutions_of(notebook: nbformat.NotebookNode) -> list[list[Cell]]:
    """The cells of each solution, in order: the answer and the reason for it stand together."""
    return [list(group) for mine, group in groupby(notebook.cells, has("solution")) if mine]


def paired(student: nbformat.NotebookNode, solved: nbformat.NotebookNode | None) -> dict[str, list[Cell]]:
    """Id of the last cell of a stub -> the cells of its solution; ValueError where there are more of the one than of the other."""
    stubs = [list(group) for mine, group in groupby(student.cells, has("stub")) if mine]
    solutions = solutions_of(solved) if solved else []
    if len(stubs) != len(solutions):
        raise ValueError(f"{len(stubs)} exercises and {len(solutions)} solutions: build both notebooks of the lesson first")
    return {stub[-1].id: solution for stub, solution in zip(stubs, solutions, strict=True)}


def to_root(page: str) -> str:
    """The way from a page to the folder of all, as a beginning of an address."""
    return "../" * page.count("/")


def figure(root: str, folder: Path) -> Callable[[str, dict[str, Any]], str]:
    """What makes the HTML of a picture for a page from which the pictures' folder lies at root + its name."""
    def picture(encoded: str, metadata: dict[str, Any]) -> str:
        kept = pictures.store(encoded, folder)
        width = int(metadata.get("width", kept.width))
        height = round(kept.height * width / kept.width)
        return (f'<figure class="picture"><img src="{root}{folder.name}/{kept.name}" alt="{escape(metadata.get("alt", ""))}" '
                f'width="{width}" height="{height}" loading="lazy"></figure>')

    return picture


def prepared(student: nbformat.NotebookNode, solved: nbformat.NotebookNode | None, page: str, course: Course) -> nbformat.NotebookNode:
    """The notebook that the generator makes a page of. Nothing of it names a picture by its bytes, and no cell of it is to be run."""
    picture, solutions = figure(to_root(page), course.folder), paired(student, solved)
    used: dict[str, None] = {}

    def text(source: str) -> Cell:
        told, words = prose.web(source, page, words=course.words, places=course.places, pages=course.pages)
        used.update(dict.fromkeys(words))
        return nbformat.v4.new_markdown_cell(told)

    def code(cell: Cell, html: str) -> Cell:
        shown = [nbformat.v4.new_output("display_data", {"text/html": html})] if html else []
        return nbformat.v4.new_code_cell(cell.source, outputs=shown)

    made: list[Cell] = []
    for cell in student.cells:
        if has("setup")(cell):
            continue
        if cell.cell_type == "markdown":
            made.append(text(cell.source))
            continue
        made.append(code(cell, outputs.folded(cell, picture, course.play(page, cell.id))))
        if cell.id in solutions:
            made.append(nbformat.v4.new_markdown_cell('<details class="solution">\n<summary>A solution, and why</summary>'))
            made += [text(part.source) if part.cell_type == "markdown" else code(part, "") for part in solutions[cell.id]]
            made.append(nbformat.v4.new_markdown_cell("</details>"))
    made[0].source = _opened(made[0].source, course.open_in(page))
    if any(course.play(page, cell.id) for cell in student.cells):
        made[0].source += f"\n\n{course.player(page)}\n"
    if used:
        made.append(_told(used, page, course))
    return nbformat.v4.new_notebook(cells=made, metadata={"kernelspec": dict(student.metadata.kernelspec),
                                                          "language_info": dict(student.metadata.language_info)})


def _opened(source: str, places: Sequence[tuple[str, str]]) -> str:
    """The first cell with the ways to run the notebook under its title."""
    title, _, rest = source.partition("\n")
    ways = " ".join(f'<a class="open" href="{escape(address)}">{escape(name)}</a>' for name, address in places)
    return f'{title}\n\n<p class="ways">{ways}</p>\n{rest}' if ways else source


def _told(used: Mapping[str, None], page: str, course: Course) -> Cell:
    """What the page's words mean, unseen until one is pointed at or reached by the keyboard."""
    pieces = []
    for word in used:
        meaning, _ = prose.web(prose.plain(course.words[word]), page, words={}, places=set(), pages=set())
        pieces.append(f'<div class="told" id="about-{word}" role="tooltip" hidden>\n\n{meaning}\n\n</div>')
    return nbformat.v4.new_markdown_cell("\n\n".join(pieces))


