"""The built edition behind a plain web server that counts what is asked of it, and a notebook of it in a browser."""
from __future__ import annotations

import gzip
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar
from urllib.parse import unquote, urlsplit

import lab
from playwright.sync_api import Page

PATIENCE_S = 240  # for Python to start in a page, on a slow machine


class Handler(SimpleHTTPRequestHandler):
    """Serves files, notes their sizes, and is silent."""

    extensions_map = SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript", ".wasm": "application/wasm", ".js": "text/javascript"}
    sent: ClassVar[list[Path]] = []
    missing: ClassVar[list[str]] = []

    def log_message(self, *_):
        """Nothing."""

    def do_GET(self):
        """The file, noted."""
        path = Path(self.translate_path(unquote(urlsplit(self.path).path)))
        if path.is_file():
            self.sent.append(path)
        elif not path.is_dir():
            self.missing.append(self.path)
        super().do_GET()


class Site:
    """A folder behind a free port of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder, Handler.sent, Handler.missing = folder, [], []
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        self.pages_asked: list[str] = []  # what pages wanted from elsewhere
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def weight(self) -> tuple[dict[str, int], dict[str, int]]:
        """What was sent so far, each file once: bytes as they are, and packed as most servers send them; the page's, and Python's."""
        plain, packed = {"page": 0, "Python": 0}, {"page": 0, "Python": 0}
        for path in {*Handler.sent}:
            kind = "Python" if {"pyodide", "pypi"} & {*path.relative_to(self.folder).parts} else "page"
            plain[kind] += path.stat().st_size
            packed[kind] += len(gzip.compress(path.read_bytes(), 6))
        return plain, packed

    def stop(self) -> None:
        """End the server."""
        self.server.shutdown()
        self.server.server_close()


class Notebook(lab.Notebook):
    """A notebook of the edition in a tab; Python runs in the page."""

    def __init__(self, page: Page, site: Site, name: str) -> None:
        self.page, self.server, self.name, self.kernel = page, site, name, True
        self.complaints: list[str] = []
        page.set_default_timeout(1000 * PATIENCE_S)
        page.on("request", lambda request: self.note(request.url))
        page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.load()

    def load(self) -> None:
        """Load the page, or load it again."""
        self.page.goto(f"{self.server.address}/lab/index.html?path={self.name}", wait_until="domcontentloaded")
        self.wait_for_cells()

    def run_folded(self, number: int) -> None:
        """Run a cell whose code is folded."""
        self.cell(number)
        self.page.evaluate(f"i => {lab.CELL}[i].model.clearExecution()", number)
        self.command("notebook:run-cell")
        self.page.wait_for_function(f"i => {lab.CELL}[i].model.executionCount !== null && {lab.CELL}[i].model.executionState === 'idle'", arg=number)
