"""What a cell shows, as HTML for a page or a slide: pictures with words, questions to reply to, answers behind a click."""
from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from html import escape, unescape
from typing import Any

import nbformat
from markdown_it import MarkdownIt

__all__ = ["ANSWER", "WAITING", "answers_of", "asks_of", "folded", "questions_of", "shown"]

ANSWER = "Show the answer"
RESULT = "Show what comes out"
WAITING = re.compile(r"\*\*Not (?:written|answered) yet")
NEEDS_KERNEL = '<p class="kernel">The check needs a running notebook.</p>'
OWN_MACHINE = '<p class="kernel">This cell speaks of your own machine, so there is nothing to show here.</p>'
QUESTION = re.compile(r"<p><b>Predict\.</b> (?P<question>.*?)</p>", flags=re.DOTALL)
RIGHT = re.compile(r"<p><b>(?P<text>(?:The answer is|It is) (?P<right>.*?)\.)</b></p>", flags=re.DOTALL)


def folded(cell: nbformat.NotebookNode, picture: Callable[[str, dict[str, Any]], str], play: str = "") -> str:
    """All that a cell shows, behind a click if it is an answer. `play` is what stands for an experiment's picture, if it can be played."""
    inside = shown(cell, picture, play)
    if not inside or "answer" not in cell.metadata.get("tags", []):
        return inside
    name = ANSWER if answers_of(cell.source) else RESULT
    return f'<details class="answer"><summary>{name}</summary>\n{inside}\n</details>'


def shown(cell: nbformat.NotebookNode, picture: Callable[[str, dict[str, Any]], str], play: str = "") -> str:
    """All that a cell shows. picture(encoded, metadata) gives the HTML of a picture."""
    asks, answers = asks_of(cell.source), answers_of(cell.source)
    pieces = [_piece(output, asks, answers, picture, play) for output in cell.get("outputs", [])]
    if not any(pieces) and "machine" in cell.metadata.get("tags", []):
        return OWN_MACHINE
    return "\n".join(filter(None, pieces))


def asks_of(code: str) -> list[str]:
    """The names of the predictions that a cell asks for, in order.

    >>> asks_of("deep = predict('How deep?')\\ndeep")
    ['deep']
    """
    return [node.targets[0].id for node in _nodes(code) if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Call) and getattr(node.value.func, "id", "") == "predict"]


def answers_of(code: str) -> list[tuple[str, float]]:
    """(name, how far a number may be off) of the predictions whose answer a cell shows, in order: its last line, and what it displays.

    >>> answers_of("left.answer(0.9**10, within=0.2)")
    [('left', 0.2)]
    """
    lines = [node for node in _nodes(code) if isinstance(node, ast.Expr)]
    found = []
    for line in lines:
        call = line.value
        shows = line is lines[-1]
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "display" and call.args:
            call, shows = call.args[0], True
        if shows and isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "answer":
            within = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}.get("within", "0.05")
            found.append((ast.unparse(call.func.value), float(within)))
    return found


def questions_of(notebook: nbformat.NotebookNode) -> dict[str, str]:
    """Name -> question, as HTML, of the predictions of a notebook."""
    found: dict[str, str] = {}
    for cell in notebook.cells:
        asked = [QUESTION.search(output.get("data", {}).get("text/html", "")) for output in cell.get("outputs", [])]
        if cell.cell_type == "code":
            found |= dict(zip(asks_of(cell.source), [question["question"] for question in asked if question], strict=True))
    return found


def _nodes(code: str) -> Iterator[ast.stmt]:
    """The statements of a cell."""
    try:
        yield from ast.parse(code).body
    except SyntaxError:  # a stub to be completed, or a magic
        return


def _piece(output: nbformat.NotebookNode, asks: list[str], answers: list[tuple[str, float]],
           picture: Callable[[str, dict[str, Any]], str], play: str) -> str:
    """One output. What a screen reader is told before a picture in Jupyter is left out: here the picture has its words itself."""
    if output.output_type == "stream":
        return f'<pre class="printed" tabindex="0">{escape(output.text)}</pre>'
    data = output.get("data", {})
    page, text = data.get("text/html", ""), data.get("text/plain", "")
    if "image/png" in data:
        return play or picture(data["image/png"], output.get("metadata", {}).get("image/png", {}))
    if page.startswith("<!-- a figure -->") or text == "Run this cell to reply.":
        return ""
    if QUESTION.search(page):
        return _question(page, asks.pop(0) if asks else "")
    if right := RIGHT.search(page):
        name, within = answers.pop(0) if answers else ("", 0.05)
        return (f'<p class="reply" data-answers="{name}" data-within="{within:g}" data-right="{escape(unescape(right["right"]))}">'
                f"<b>{right['text']}</b></p>")
    if page:
        return f'<div class="wide" tabindex="0" role="group" aria-label="Table">{page}</div>' if "<table" in page else page
    if words := data.get("text/markdown", ""):
        said = MarkdownIt("commonmark").enable("table").render(words)
        return NEEDS_KERNEL if WAITING.search(words) else f'<div class="verdict">{said}</div>'
    return f'<pre class="printed" tabindex="0">{escape(text)}</pre>' if text else ""


def _question(page: str, name: str) -> str:
    """A prediction to reply to: the page keeps the reply as long as it is open, and sets it beside the answer."""
    asked = QUESTION.search(page)
    assert asked
    options = re.findall(r"<li>(.*?)</li>", page, flags=re.DOTALL)
    fields = "".join(f'<label><input type="radio" name="{name}" value="{option}"> {option}</label>' for option in options)
    field = f'<label>Your number <input type="text" inputmode="decimal" name="{name}" autocomplete="off"></label>'
    return (f'<fieldset class="question" data-asks="{name}"><legend><b>Predict.</b> {asked["question"]}</legend>'
            f"{fields or field}</fieldset>")
