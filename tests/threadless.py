"""Run a notebook's cells as a browser would have to: in one process, where no thread, no other process and no PyTorch can be had.

    python tests/threadless.py NOTEBOOK

Prints a JSON list, for each code cell [its error or "", what it shows as text, what it says on stderr].
A Jupyter kernel has threads of its own, so the cells run in a plain IPython shell here. What a browser cannot do is refused in the words of
Python in a browser (Pyodide).
"""
from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
from pathlib import Path

import nbformat
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

__all__ = ["refuse", "run"]


def refuse() -> None:
    """Take away what a browser does not have."""
    def no_thread(*_, **__):
        raise RuntimeError("can't start new thread")

    def no_process(*_, **__):
        raise OSError(138, "Function not implemented: no other process can start here")

    threading.Thread.start = no_thread
    for name in ("fork", "forkpty", "posix_spawn", "system", "spawnv", "spawnve", "execv", "execve"):
        if hasattr(os, name):
            setattr(os, name, no_process)
    subprocess.Popen.__init__ = no_process
    for name in ("torch", "_multiprocessing", "fcntl", "resource", "termios"):
        sys.modules[name] = None  # importing it raises ModuleNotFoundError


class Told(io.TextIOBase):
    """What a cell shows, in order: pieces of text that it prints, joined, and the text of each output."""

    def __init__(self) -> None:
        self.shown: list[tuple[str, str]] = []

    def write(self, text: str) -> int:
        """Something printed."""
        if self.shown and self.shown[-1][0] == "stream":
            text = self.shown.pop()[1] + text
        self.shown.append(("stream", text))
        return len(text)


class Publisher(DisplayPublisher):
    """Keeps what is displayed."""

    def publish(self, data, *_, **__):
        """Keep it."""
        sys.stdout.shown.append(("output", data.get("text/plain", "")))


class Hook(DisplayHook):
    """Keeps what a cell ends with."""

    def write_output_prompt(self):
        """Nothing."""

    def finish_displayhook(self):
        """Nothing."""

    def write_format_data(self, format_dict, md_dict=None):
        """Keep it."""
        sys.stdout.shown.append(("output", format_dict.get("text/plain", "")))


class Shell(InteractiveShell):
    """As Pyodide's: it has no window system to enable."""

    def enable_gui(self, gui=None):
        """Nothing."""


def run(path: Path) -> list[tuple[str, list[str], str]]:
    """Run every code cell, also after one that fails; what its metadata has as "before" is run before it."""
    shell = Shell.instance(colors="NoColor", displayhook_class=Hook, display_pub_class=Publisher)
    shell.display_formatter.active_types = shell.display_formatter.format_types  # as in a notebook, not as in a terminal
    told = []
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type != "code":
            continue
        with contextlib.redirect_stdout(Told()) as said, contextlib.redirect_stderr(io.StringIO()) as complaints:
            shell.run_cell(cell.metadata.get("before", ""))
            done = shell.run_cell(cell.source, store_history=True)
        failed = done.error_before_exec or done.error_in_exec
        told.append((f"{type(failed).__name__}: {failed}" if failed else "", [text for _, text in said.shown], complaints.getvalue()))
    return told


if __name__ == "__main__":
    refuse()
    print(json.dumps(run(Path(sys.argv[1]))), file=sys.__stdout__)
