"""The notebooks of the browser edition: the executed ones, where a cell that needs PyTorch stands as text with what it showed.

Such a cell becomes a markdown cell, so that "Run all" reaches the end and what it showed is not lost by running it.
"""
from __future__ import annotations

import copy
import posixpath
import re
from html import escape
from pathlib import Path
from typing import Any

import nbformat
from links import CODE

from lite_edition.needs_torch import plan

__all__ = ["KERNEL", "PACKAGES", "edition", "pages"]

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
LEFT_OUT = ("11_gpu_lab",)  # lessons that need PyTorch from their first cell on
KERNEL = {"name": "python", "display_name": "Python (Pyodide)", "language": "python"}
PACKAGES = ("numpy", "matplotlib", "comm", "ipywidgets", "platformdirs", "tqdm", "lessonlib")  # what the set-up cell asks for
FORM = "# @title Set up: run me\n"
HERE = """> **This is the browser edition.** Python runs in this page, and nothing is installed.
> The first cell fetches it, which takes up to a minute the first time, and a few seconds later.
> What you write and what you have done is kept in this browser, on this machine.
> {torch}"""
SHOWN = "> *Needs PyTorch, which a browser does not have. {what} To run it, take this lesson to {elsewhere}.*"
QUESTION = "Run this cell to reply."  # what a prediction says where its widget is not


def pages() -> list[str]:
    """The notebooks of the edition, as paths from the folder of the notebooks."""
    found = [path.relative_to(NOTEBOOKS) for path in sorted(NOTEBOOKS.rglob("*.ipynb")) if path.stem not in LEFT_OUT]
    return [path.as_posix() for path in found if ".ipynb_checkpoints" not in path.parts]


def edition(page: str, address: str = "") -> nbformat.NotebookNode:
    """The notebook of a page as a browser can run it. address: the project's, such as https://github.com/owner/name, where it has one."""
    notebook = copy.deepcopy(nbformat.read(NOTEBOOKS / page, as_version=4))
    cells: list[nbformat.NotebookNode] = []
    plans = plan(notebook.cells)
    for cell, its in zip(notebook.cells, plans, strict=True):
        if its.keeps:
            cells.append(nbformat.v4.new_code_cell("\n".join(its.keeps), id=f"{cell.id}-imports"))
        if its.needs:
            cell = _as_text(cell, address)
        elif "setup" in cell.metadata.get("tags", []):
            cell.source = FORM + _setup(page) + cell.source.removeprefix(FORM)
        elif cell.cell_type == "markdown":
            cell.source = _with_links(cell.source, page, address)
        cells.append(cell)
    if cells and any(cell.cell_type == "code" for cell in cells):
        count = sum(its.needs for its in plans)
        told = f"{count} cells need PyTorch. They stand as text, with what they showed." if count else "Everything here runs in it."
        cells.insert(1, nbformat.v4.new_markdown_cell(HERE.format(torch=told), id="browser-edition"))
    notebook.cells = cells
    notebook.metadata["kernelspec"] = KERNEL
    return notebook


def _setup(page: str) -> str:
    """What stands before the usual set-up cell."""
    text = (ROOT / "authoring" / "lite_edition" / "setup_cell.py").read_text(encoding="utf-8")
    return text.replace("{packages}", ", ".join(f'"{name}"' for name in PACKAGES)).replace("{name}", page)


def _with_links(text: str, page: str, address: str) -> str:
    """The text; what leads to a page that is not in the edition leads to the project's address, or is words alone."""
    here, known = Path(page).parent, set(pages())

    def becomes(found: re.Match[str]) -> str:
        if found["code"]:
            return found[0]
        file, _, _ = found["target"].partition("#")
        place = posixpath.normpath((here / file).as_posix())
        if place in known:
            return found[0]
        return f"[{found['shown']}]({address}/blob/main/notebooks/{place})" if address else found["shown"]

    return re.sub(CODE + r"|\[(?P<shown>[^\[\]]*)\]\((?!\w+:|[#/])(?P<target>[^)\s]+)\)", becomes, text, flags=re.DOTALL)


def _as_text(cell: nbformat.NotebookNode, address: str) -> nbformat.NotebookNode:
    """A code cell as a markdown cell: a word on why, the code, and what it showed."""
    tags, attachments = {*cell.metadata.get("tags", [])}, dict[str, dict[str, str]]()
    shown = [text for number, output in enumerate(cell.outputs) if (text := _shown(output, f"output-{number}.png", attachments))]
    elsewhere = f"[Colab or your computer]({address}#start)" if address else "Colab or your computer"
    what = ("This exercise is for there." if {"stub", "solution"} & tags else "What it showed stands below." if shown
            else "Nothing is shown by it.")
    parts = [SHOWN.format(what=what, elsewhere=elsewhere), f"```python\n{cell.source}\n```"]
    if shown and "answer" in tags:  # it waits for the learner
        shown = ["<details><summary>What it showed</summary>", *shown, "</details>"]
    made = nbformat.v4.new_markdown_cell("\n\n".join([*parts, *shown]), id=cell.id)
    made.metadata["tags"] = ["torch"]
    if attachments:
        made.attachments = attachments
    return made


def _shown(output: Any, name: str, attachments: dict[str, dict[str, str]]) -> str:
    """An output as markdown; a picture is attached."""
    if output.output_type == "stream":
        return f"```text\n{output.text.rstrip()}\n```"
    data = output.get("data", {})
    plain = str(data.get("text/plain", ""))
    if "image/png" in data:
        attachments[name] = {"image/png": data["image/png"]}
        alt = output.get("metadata", {}).get("image/png", {}).get("alt", plain)
        return f'<img alt="{escape(alt)}" src="attachment:{name}">'
    if "text/markdown" in data:
        return str(data["text/markdown"])
    html = str(data.get("text/html", ""))
    if html.startswith("<!-- a figure -->") or plain == QUESTION:
        return ""  # the words of the picture that follows; a widget's place
    if "lessonlib-question" in html:
        return escape(plain)
    return html or f"```text\n{plain}\n```"
