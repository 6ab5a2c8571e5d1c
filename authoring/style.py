"""The house rules that can be read off a lesson's cells."""
from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

import nbformat
from links import BuildError
from sentences import reflowed

__all__ = ["BLANK", "COLUMNS", "LINES", "TAGS", "check_source"]

BLANK = re.compile(r"\{\{ *(?P<value>[^{}]+?) *\}\}")  # no braces inside, so LaTeX's {{...}} with a group in it is left alone
COLUMNS = 100  # of code; more is cut off in a window of usual width
LINES = 15  # of code
LONGEST_BLANK = 40  # characters between the braces
TAGS = {
    "setup": "is replaced by the setup cell",
    "stub": "stays in the student's notebook only",
    "solution": "stays in the solutions only",
    "answer": "its stored output waits, folded, until the learner runs it",
    "machine": "speaks of the machine: it runs, nothing is stored, nothing is compared",
    "chaotic": "training whose end depends on the order of a processor's sums: what it shows is stored, not compared",
    "torch": "needs PyTorch",
}


def check_source(cells: Sequence[nbformat.NotebookNode], name: str) -> None:
    """Raise BuildError at the first place where the cells of a lesson, as they are written, break a house rule."""
    for number, cell in enumerate(cells):
        problem = next(_of_tags(cell) if cell.metadata.get("tags") else iter(()), None)
        if problem is None and cell.cell_type == "markdown":
            problem = next(_of_prose(cell.source), None)
        elif problem is None and "setup" not in cell.metadata.get("tags", []):
            problem = next(_of_code(cell.source, cells[number - 1] if number else None), None)
        if problem:
            raise BuildError(f"{name}, cell {number}: {problem}")
    _check_headings(cells, name)


def _of_tags(cell: nbformat.NotebookNode) -> Iterator[str]:
    for tag in cell.metadata.tags:
        if tag not in TAGS:
            yield f"unknown tag {tag!r}; there are {', '.join(TAGS)}"
    if {"machine", "chaotic"} <= {*cell.metadata.tags}:
        yield "machine stores nothing and chaotic stores what is shown; keep one of these tags"


def _of_prose(text: str) -> Iterator[str]:
    if not text.strip():
        yield "an empty text cell; say what the next cell does, or leave it out"
    for fold in re.findall(r"^<details>.*</details>$", text, flags=re.M):
        if re.search(r"`|\]\(|\[\[", fold):
            yield f"{fold[:60]}...: Markdown in a fold on one line is shown as it is typed; put its text between empty lines"
    for link in re.findall(r"\[[^\]]*\]\([^)]*glossary\.ipynb#[^)]*\)", text):
        yield f"{link}: write [[entry]] or [[words to be shown|entry]], and the builder makes the link"
    for blank in BLANK.finditer(text):
        if len(blank["value"]) > LONGEST_BLANK:
            yield f"{len(blank['value'])} characters in {blank[0]}, at most {LONGEST_BLANK}; name it in a code cell first"
    found, wanted = text.splitlines(), reflowed(text).splitlines()
    if found != wanted:
        line = next((i for i, pair in enumerate(zip(found, wanted)) if pair[0] != pair[1]), -1)  # noqa: B905
        yield f"one sentence a line; write\n  {wanted[line]}\nin place of\n  {found[line]}"


def _of_code(text: str, before: nbformat.NotebookNode | None) -> Iterator[str]:
    lines = text.splitlines()
    if len(lines) > LINES:
        yield f"{len(lines)} lines of code, at most {LINES}; split it"
    if any(line.startswith(("!", "%")) for line in lines):
        yield "shell commands and magics belong to no lesson; write Python"
    if max(map(len, lines), default=0) > COLUMNS:
        yield f"{max(map(len, lines))} columns of code, at most {COLUMNS}; wrap it"
    if any(line.endswith(";") for line in lines):
        yield "nbval shows what a closing semicolon hides; write _ = ..."
    if before is None or (before.cell_type == "code" and "setup" not in before.metadata.get("tags", [])):
        yield "say in words what the code is for, before it"
    if padded := _padding(text):
        yield f"{padded} prints columns by hand; use table(header, rows)"


def _padding(text: str) -> str:
    """The first piece of code that pads a text to a width, or nothing."""
    try:
        nodes = [*ast.walk(ast.parse(text))]
    except SyntaxError:  # which running it will tell
        return ""
    for node in nodes:
        if isinstance(node, ast.FormattedValue) and node.format_spec and re.match(r"'(.?[<>^])?[1-9]", ast.unparse(node.format_spec)[1:]):
            return re.sub(r"^f'(.*)'$", r"\1", ast.unparse(node))  # Python 3.10 gives the whole f-string
        if isinstance(node, ast.Attribute) and node.attr in ("ljust", "rjust", "center"):
            return ast.unparse(node)
    return ""


def _check_headings(cells: Sequence[nbformat.NotebookNode], name: str) -> None:
    level, titles = 0, 0
    for number, cell in enumerate(cells):
        prose = re.sub(r"```.*?```", "", cell.source, flags=re.DOTALL) if cell.cell_type == "markdown" else ""
        for mark in re.findall(r"^(#+) ", prose, flags=re.MULTILINE):
            titles += len(mark) == 1
            if len(mark) > level + 1:
                raise BuildError(f"{name}, cell {number}: a heading of level {len(mark)} under one of level {level}; skip none")
            level = len(mark)
    if titles != 1:
        raise BuildError(f"{name}: {titles} titles (# ...), exactly one")
