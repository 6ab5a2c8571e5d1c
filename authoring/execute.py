"""Running a notebook: its outputs, and the blanks of its prose filled from the kernel at that place."""
from __future__ import annotations

import ast
import os
import time
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client import BlockingKernelClient
from links import BuildError
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from style import BLANK

__all__ = ["ask", "blanks", "execute", "fill"]

VIEW = "application/vnd.jupyter.widget-view+json"


def fill(text: str, values: list[str]) -> str:
    """The text with its blanks filled in order."""
    remaining = iter(values)
    return BLANK.sub(lambda _: next(remaining), text)


def blanks(text: str) -> list[str]:
    """A Python expression for each blank, which gives its text."""
    found = []
    for match in BLANK.finditer(text):
        value, colon, spec = match["value"].rpartition(":")
        if not colon or not _parses(value):
            value, spec = match["value"], ""
        found.append(f"format({value}, {spec!r})")
    return found


def _parses(text: str) -> bool:
    try:
        ast.parse(text.strip(), mode="eval")
    except SyntaxError:
        return False
    return True


def ask(client: Any, expressions: list[str]) -> list[str]:
    """The values of expressions, each a text, in the kernel behind a blocking or asynchronous client; raises BuildError."""
    reply = client.execute("", silent=False, store_history=False, reply=True, timeout=60,
                           user_expressions={str(i): e for i, e in enumerate(expressions)})
    answers = []
    for i, expression in enumerate(expressions):
        answer = reply["content"]["user_expressions"][str(i)]
        if answer["status"] != "ok":
            raise BuildError(f"{expression} cannot be filled in: {answer['ename']}: {answer['evalue']}")
        answers.append(str(ast.literal_eval(answer["data"]["text/plain"])))
    return answers


def execute(notebook: nbformat.NotebookNode, folder: Path, name: str) -> float:
    """Run all cells in place, fill the blanks, clean the outputs; return the seconds it took."""
    client = NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(folder)}}, store_widget_state=False)
    begun = time.perf_counter()
    with client.setup_kernel(env=os.environ | {"LESSONLIB_PROGRESS": "0", "PYTHONHASHSEED": "0"}):
        asker = BlockingKernelClient(connection_file=client.km.connection_file)  # for the blanks: nbclient's own is asynchronous
        asker.load_connection_file()
        asker.start_channels(iopub=False, stdin=False, hb=False, control=False)
        try:
            for number, cell in enumerate(notebook.cells):
                try:
                    if cell.cell_type == "code":
                        client.execute_cell(cell, number)
                        _clean(cell, f"{name}, cell {number}")
                    elif blanks(cell.source):
                        values = ask(asker, blanks(cell.source))
                        cell.metadata["lessonlib"] = {"blanks": blanks(cell.source), "values": values}
                        cell.source = fill(cell.source, values)
                except CellExecutionError as error:
                    raise BuildError(f"{name}, cell {number} raises {error.ename}: {error.evalue}\n\n{cell.source}") from None
                except BuildError as error:
                    raise BuildError(f"{name}, cell {number}: {error}") from None
        finally:
            asker.stop_channels()
    return time.perf_counter() - begun


def _clean(cell: nbformat.NotebookNode, where: str) -> None:
    """Keep of the outputs what a reader without a kernel can see; refuse what would differ from run to run."""
    cell.metadata.pop("execution", None)
    if "machine" in cell.metadata.get("tags", []):
        cell.outputs = []
    merged: list[nbformat.NotebookNode] = []
    for output in cell.outputs:  # how a stream is cut into messages differs from run to run
        if merged and output.output_type == merged[-1].output_type == "stream" and output.name == merged[-1].name:
            merged[-1].text += output.text
        else:
            merged.append(output)
    cell.outputs = merged
    page = False  # whether an output before stands where the widget does not
    for output in cell.outputs:
        if output.output_type == "stream" and output.name == "stderr":
            raise BuildError(f"{where} writes to stderr: {output.text[:300]}")
        if VIEW in output.get("data", {}):
            if "image/png" not in output.data and not page:
                raise BuildError(f"{where} shows a widget without a picture or a page: give it to an Experiment or to predict")
            del output.data[VIEW]  # a view without its kernel shows an error in place of the picture
        page = page or "text/html" in output.get("data", {})
