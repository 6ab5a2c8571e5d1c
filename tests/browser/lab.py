"""JupyterLab in a headless browser: a server on a free port, and a page that a scripted learner works in."""
from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Locator, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--force-color-profile=srgb",
         "--proxy-server=127.0.0.1:9"]  # nothing answers there, and it is asked for all that is not on this machine
INSTALL = "no Chromium: apt-get install chromium (Debian), or .venv/bin/playwright install chromium"
TOKEN = "lessons"
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"  # what a published notebook shows; nothing else comes from elsewhere
SETTINGS = {
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
    "docmanager-extension/plugin": {"autosave": False},  # a save that meets an autosave on its way never ends
}
NO_KERNEL = """const answered = window.fetch; window.fetch = (request, options) => {
    const [url, method] = request instanceof Request ? [request.url, request.method] : [String(request), options?.method];
    return method === 'POST' && /\\/api\\/(sessions|kernels)(\\?.*)?$/.test(url) ? Promise.reject(new TypeError('no kernel')) : answered(request, options);
};"""
ASK_AFTER = """asked => {
    const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel, execute = Object.getPrototypeOf(kernel).requestExecute;
    window.told = [];
    kernel.requestExecute = (content, disposeOnDone, metadata) => {
        const future = execute.call(kernel, content, disposeOnDone, metadata), expressions = asked[metadata?.cellId];
        if (expressions) window.told.push(execute.call(kernel, {code: '', store_history: false,
            user_expressions: Object.fromEntries(expressions.map(e => [e, e]))}).done.then(reply => [metadata.cellId, reply.content.user_expressions]));
        return future;
    };
}"""
CELL = "window.jupyterapp.shell.currentWidget.content.widgets"


def chromium() -> str | None:
    """Where Debian's Chromium or Playwright's own is, or None."""
    found = shutil.which("chromium") or shutil.which("chromium-browser")
    if found:
        return found
    with sync_playwright() as play:
        own = play.chromium.executable_path
    return own if Path(own).exists() else None


@contextmanager
def browser():
    """A headless Chromium."""
    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield opened
        opened.close()


def serious(page: Page, within: Locator | None = None) -> list[tuple[str, str]]:
    """What axe-core finds serious or critical on a page, or within one of its elements: (rule, the element as HTML)."""
    if within:
        within.evaluate("element => element.setAttribute('data-axe', '')")
    found = Axe().run(page, "[data-axe]" if within else None).response["violations"]
    if within:
        within.evaluate("element => element.removeAttribute('data-axe')")
    return [(rule["id"], node["html"]) for rule in found if rule["impact"] in ("serious", "critical") for node in rule["nodes"]]


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Server:
    """JupyterLab on a folder, started as `make lab` does or, plain, by its own command; its kernels import this project's lessonlib."""

    def __init__(self, folder: Path, home: Path, *, plain: bool = False) -> None:
        for extension, settings in SETTINGS.items():
            path = home / "settings" / "@jupyterlab" / f"{extension}.jupyterlab-settings"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(settings), encoding="utf-8")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.folder, self.address = folder, f"http://127.0.0.1:{port}"
        self.pages_asked: list[str] = []  # what pages wanted from elsewhere
        self.guard = home / "guard"
        self.guard.mkdir()
        shutil.copy(Path(__file__).with_name("no_network.py"), self.guard / "sitecustomize.py")
        env = os.environ | {"JUPYTERLAB_SETTINGS_DIR": str(home / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
                            "JUPYTER_RUNTIME_DIR": str(home / "runtime"), "JUPYTER_CONFIG_DIR": str(home / "config"),
                            "JUPYTER_DATA_DIR": str(home / "data"), "LESSONLIB_PROGRESS": "0", "PYTHONHASHSEED": "0",
                            "LESSONLIB_ASKED_OUTSIDE": str(self.guard / "asked.txt"),
                            "PYTHONPATH": os.pathsep.join(filter(None, [str(self.guard), str(ROOT), os.environ.get("PYTHONPATH")]))}
        self.log = (home / "server.log").open("w")
        self.process = subprocess.Popen(
            [sys.executable, *(["-m", "jupyterlab", "--ServerApp.port_retries=0"] if plain else [ROOT / "authoring" / "lab.py"]), f"--port={port}",
             *["--"] * (not plain), "--no-browser", "--allow-root",
             f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={folder}", "--LabApp.expose_app_in_browser=True"],
            env=env, stdout=self.log, stderr=subprocess.STDOUT)
        for _ in range(240):
            if self.process.poll() is not None:
                break
            try:
                self.ask("api/status")
                return
            except OSError:
                time.sleep(0.25)
        self.stop()
        raise RuntimeError(f"JupyterLab does not answer: {Path(self.log.name).read_text(encoding='utf-8')[-2000:]}")

    def asked_outside(self) -> list[str]:
        """What pages, server and kernels wanted from anywhere but this machine."""
        log = self.guard / "asked.txt"
        return self.pages_asked + (log.read_text(encoding="utf-8").split() if log.exists() else [])

    def forget(self) -> None:
        """Forget what was asked so far: a test asked on purpose."""
        self.pages_asked.clear()
        (self.guard / "asked.txt").unlink(missing_ok=True)

    def ask(self, path: str, method: str = "GET") -> bytes:
        """The server's answer over its REST interface."""
        request = urllib.request.Request(f"{self.address}/{path}", headers={"Authorization": f"token {TOKEN}"}, method=method)
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.read()

    def stop_kernels(self) -> None:
        """Shut down every kernel."""
        for session in json.loads(self.ask("api/sessions")):
            self.ask(f"api/sessions/{session['id']}", "DELETE")

    def stop(self) -> None:
        """End the server and its kernels."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


class Notebook:
    """One notebook in one tab. Cells are counted as in the file."""

    def __init__(self, page: Page, server: Server, name: str, *, kernel: bool = True) -> None:
        self.page, self.server, self.name, self.kernel = page, server, name, kernel
        self.complaints: list[str] = []
        page.set_default_timeout(60_000)
        page.on("request", lambda request: self.note(request.url))
        page.on("websocket", lambda connection: self.note(connection.url))
        page.on("console", lambda message: message.type == "error" and message.location["url"] != BADGE and self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if not kernel:
            page.add_init_script(NO_KERNEL)
        page.goto(f"{server.address}/doc/tree/{name}?token={TOKEN}&reset", wait_until="domcontentloaded")
        self.wait_for_cells()

    def wait_for_cells(self) -> None:
        """Wait until the notebook stands in the page with every cell, and its kernel is ready."""
        self.page.wait_for_function(f"""name => {{ const shown = window.jupyterapp?.shell?.currentWidget;
            return shown?.context?.path === name && shown.context.isReady && {CELL}.length > 1
                && {CELL}.length === shown.content.model.cells.length; }}""", arg=self.name, polling=100)
        self.page.locator(".jp-Notebook .jp-Cell").first.wait_for()
        if self.kernel:
            self.page.wait_for_function("() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'", polling=50)

    def close(self) -> None:
        """Take the notebook off the page, unsaved."""
        self.page.evaluate("() => window.jupyterapp.shell.currentWidget.dispose()")

    def open(self, name: str) -> None:
        """Show another notebook in the page of one that was closed: JupyterLab itself is not loaded again."""
        self.name = name
        self.complaints.clear()
        self.page.evaluate("path => { window.jupyterapp.commands.execute('docmanager:open', {path}); }", name)
        self.wait_for_cells()

    def note(self, url: str) -> None:
        """Note what is wanted from elsewhere; it does not come, see FLAGS. The badge of a published notebook is let be."""
        address = urlsplit(url)
        if address.scheme not in ("data", "blob") and address.netloc != urlsplit(self.server.address).netloc and url != BADGE:
            self.server.pages_asked.append(url)

    def length(self) -> int:
        """How many cells there are."""
        return self.page.evaluate(f"() => {CELL}.length")

    def kinds(self) -> list[tuple[str, list[str]]]:
        """(type, tags) of each cell."""
        return [(kind, tags) for kind, tags in self.page.evaluate(
            f"() => {CELL}.map(c => [c.model.type, c.model.getMetadata('tags') ?? []])")]

    def cell(self, number: int) -> Locator:
        """A cell's element, in view."""
        self.page.evaluate("i => { window.jupyterapp.shell.currentWidget.content.activeCellIndex = i; }", number)
        found = self.page.locator(".jp-Notebook .jp-Cell").nth(number)
        found.scroll_into_view_if_needed()
        return found

    def command(self, name: str) -> None:
        """Start one of JupyterLab's commands and do not wait for its end."""
        self.page.evaluate("name => { window.jupyterapp.commands.execute(name); }", name)

    def settle(self, seconds: float = 150) -> None:
        """Wait until nothing runs."""
        self.page.wait_for_function(f"""() => {CELL}.every(c => c.model.type !== 'code' || (c.model.executionState ?? 'idle') === 'idle')
            && window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'""", timeout=1000 * seconds, polling=50)

    def run_all(self, seconds: float = 400, asked: dict[str, list[str]] | None = None) -> dict[str, dict[str, dict]]:
        """Run every cell and wait for the end; returns {id of a cell: {expression: the kernel's reply}}, as `asked` of it right after that cell."""
        self.page.evaluate(ASK_AFTER, asked or {})
        self.page.evaluate(f"() => {{ for (const c of {CELL}) if (c.model.type === 'code') c.model.clearExecution(); }}")
        self.command("notebook:run-all-cells")
        self.page.wait_for_function(f"""() => {CELL}.filter(c => c.model.type === 'code' && c.model.sharedModel.source.trim())
            .every(c => c.model.executionCount !== null && c.model.executionState === 'idle')""", timeout=1000 * seconds, polling=200)
        return self.page.evaluate("""async () => { delete window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute;
            return Object.fromEntries(await Promise.all(window.told)); }""")

    def run(self, number: int, seconds: float = 240, *, wait: bool = True) -> None:
        """Run one cell by the keyboard, as a learner does."""
        cell = self.cell(number)
        before = self.count(number)
        cell.locator(".jp-InputArea .cm-content").click()
        self.page.keyboard.press("Control+Enter")
        if wait:
            self.page.wait_for_function(f"""([i, before]) => {{ const m = {CELL}[i].model;
                return m.executionCount !== null && m.executionCount !== before && m.executionState === 'idle'; }}""",
                arg=[number, before], timeout=1000 * seconds, polling=50)

    def count(self, number: int) -> int | None:
        """The execution count of a cell."""
        return self.page.evaluate(f"i => {CELL}[i].model.executionCount", number)

    def write(self, number: int, text: str) -> None:
        """Replace what a cell says, by the keyboard."""
        self.cell(number).locator(".jp-InputArea .cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(text)
        assert self.source(number) == text

    def source(self, number: int) -> str:
        """What a cell says."""
        return self.page.evaluate(f"i => {CELL}[i].model.sharedModel.source", number)

    def outputs(self, number: int) -> list[dict]:
        """The outputs of a cell, as they would be saved."""
        return self.page.evaluate(f"i => {CELL}[i].model.type === 'code' ? {CELL}[i].model.sharedModel.toJSON().outputs : []", number)

    def text(self, number: int) -> str:
        """What a cell's output area shows as text."""
        return self.cell(number).locator(".jp-OutputArea").first.inner_text()

    def status(self) -> str | None:
        """What the kernel does: "idle", "busy", ..."""
        return self.page.evaluate("() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status")

    def shows_a_still(self, number: int) -> None:
        """Assert that the cell shows one picture, and no word of a widget that is not there."""
        folded = self.cell(number).locator(".jp-OutputPlaceholder")
        if folded.count():  # it waits until the cell is run; here, nothing can be
            folded.first.evaluate("e => e.click()")  # a dialog about the kernel may lie over it
        area = self.cell(number).locator(".jp-OutputArea-output:visible")
        assert "not found" not in " ".join(area.all_inner_texts())
        assert "Loading widget" not in " ".join(area.all_inner_texts())
        shown = self.cell(number).locator(".jp-OutputArea-output img:visible")
        assert shown.count() == 1
        assert shown.evaluate("img => img.naturalWidth") > 400

    def save(self) -> None:
        """Save, and wait until it is."""
        self.command("docmanager:save")
        self.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty", timeout=20_000)
