"""JupyterLab in a headless browser: a server on a free port, and a page that a scripted learner works in."""
from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Locator, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
         "--disable-sync", "--no-first-run", "--force-color-profile=srgb"]
INSTALL = "no Chromium: apt-get install chromium (Debian), or .venv/bin/playwright install chromium"
TOKEN = "lessons"
BADGE = "https://colab.research.google.com/assets/colab-badge.svg"  # what a published notebook shows; nothing else comes from elsewhere
NO_NETWORK = '''"""The server and its kernels reach this machine only; what they try beyond it is written down."""
import ipaddress, socket

def _guarded(true):
    def connect(self, address):
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])
            try:
                here = host == "localhost" or ipaddress.ip_address(host).is_loopback
            except ValueError:
                here = False
            if not here:
                with open({log!r}, "a", encoding="utf-8") as log:
                    log.write(f"{{host}}:{{address[1]}}\\n")
                raise OSError(f"no network in this test: {{host}}")
        return true(self, address)
    return connect

def _looked_up(true):
    def getaddrinfo(host, *args, **kwargs):
        name = host.decode() if isinstance(host, bytes) else host
        if name and name not in ("localhost", "0.0.0.0", "::", socket.gethostname()):
            try:
                ipaddress.ip_address(name)
            except ValueError:
                with open({log!r}, "a", encoding="utf-8") as log:
                    log.write(f"{{name}}\\n")
                raise socket.gaierror(f"no network in this test: {{name}}") from None
        return true(host, *args, **kwargs)
    return getaddrinfo

socket.getaddrinfo = _looked_up(socket.getaddrinfo)
socket.socket.connect, socket.socket.connect_ex = _guarded(socket.socket.connect), _guarded(socket.socket.connect_ex)
'''
AXE = Path(__file__).parent / "node_modules" / "axe-core" / "axe.min.js"
CELL = "window.jupyterapp.shell.currentWidget.content.widgets"
PICTURE = """async img => { for (let k = 0; ; k++) { try { await img.decode(); break; } catch (e) { if (k > 300) throw e; await new Promise(r => setTimeout(r, 10)); } }
    const c = document.createElement('canvas');
    [c.width, c.height] = [img.naturalWidth, img.naturalHeight]; const g = c.getContext('2d'); g.drawImage(img, 0, 0);
    const d = new Uint32Array(g.getImageData(0, 0, c.width, c.height).data.buffer); let h = 0;
    for (let i = 0; i < d.length; i++) h = (Math.imul(h, 31) + d[i]) | 0;
    return `${c.width} x ${c.height}: ${h}`; }"""


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


def serious(page: Page, within: Any = None) -> list[tuple[str, str]]:
    """What axe-core finds serious or critical on a page, or within one of its elements: (rule, the element as HTML).

    Skips the test where axe-core is not installed; with LESSONLIB_NEEDS_BROWSER, as in CI, that is an error.
    """
    import pytest

    if not AXE.exists():
        said = "axe-core is not here: npm install --prefix tests/browser"
        if os.environ.get("LESSONLIB_NEEDS_BROWSER"):
            pytest.fail(said)
        pytest.skip(said)
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(f"() => {{ const define = undefined, module = undefined; {AXE.read_text(encoding='utf-8')} }}")
    found = page.evaluate("async part => (await axe.run(part ?? document, {resultTypes: ['violations']})).violations", within)
    return [(rule["id"], node["html"]) for rule in found if rule["impact"] in ("serious", "critical") for node in rule["nodes"]]


def cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Server:
    """JupyterLab on a folder, started as `make lab` does or, plain, by its own command; its kernels import this project's lessonlib."""

    def __init__(self, folder: Path, home: Path, *, plain: bool = False) -> None:
        settings = home / "settings" / "@jupyterlab" / "apputils-extension" / "notification.jupyterlab-settings"
        settings.parent.mkdir(parents=True)
        settings.write_text(json.dumps({"fetchNews": "false", "checkForUpdates": False}), encoding="utf-8")
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.folder, self.address = folder, f"http://127.0.0.1:{port}"
        self.pages_asked: list[str] = []  # what pages wanted from elsewhere
        self.guard = home / "guard"
        self.guard.mkdir()
        (self.guard / "sitecustomize.py").write_text(NO_NETWORK.format(log=str(self.guard / "asked.txt")), encoding="utf-8")
        env = os.environ | {"JUPYTERLAB_SETTINGS_DIR": str(home / "settings"), "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
                            "JUPYTER_RUNTIME_DIR": str(home / "runtime"), "JUPYTER_CONFIG_DIR": str(home / "config"),
                            "JUPYTER_DATA_DIR": str(home / "data"), "LESSONLIB_PROGRESS": "0", "PYTHONHASHSEED": "0",
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
        self.page, self.server, self.name = page, server, name
        page.route(lambda url: not url.startswith((server.address, "data:", "blob:")), self.refuse)
        self.complaints: list[str] = []
        page.on("console", lambda message: message.type == "error" and self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        if not kernel:  # the server refuses to start one
            page.route(re.compile(r"/api/(sessions|kernels)(\?.*)?$"),
                       lambda route: route.abort() if route.request.method == "POST" else route.continue_())
        page.goto(f"{server.address}/doc/tree/{name}?token={TOKEN}&reset", wait_until="domcontentloaded")
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        page.wait_for_function("""() => { const n = window.jupyterapp?.shell?.currentWidget?.content;
            return n?.model?.cells.length && n.widgets.length === n.model.cells.length; }""", timeout=60_000)
        page.wait_for_function(f"async () => {{ await window.jupyterapp.shell.currentWidget.context.ready; return {CELL}.length > 1; }}")
        if kernel:
            page.wait_for_function("() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'",
                                   timeout=60_000)

    def refuse(self, route: Any) -> None:
        """Note and refuse a request to elsewhere; the badge of a published notebook is let be."""
        if route.request.url == BADGE:
            route.fulfill(content_type="image/svg+xml", body='<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
            return
        self.server.pages_asked.append(route.request.url)
        route.abort()

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
            && window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'""", timeout=1000 * seconds)

    def run_all(self, seconds: float = 400) -> None:
        """Run every cell and wait for the end."""
        self.page.evaluate(f"() => {{ for (const c of {CELL}) if (c.model.type === 'code') c.model.clearExecution(); }}")
        self.command("notebook:run-all-cells")
        self.page.wait_for_function(f"""() => {CELL}.filter(c => c.model.type === 'code' && c.model.sharedModel.source.trim())
            .every(c => c.model.executionCount !== null && c.model.executionState === 'idle')""", timeout=1000 * seconds, polling=200)

    def run(self, number: int, seconds: float = 240, *, wait: bool = True) -> None:
        """Run one cell by the keyboard, as a learner does."""
        cell = self.cell(number)
        before = self.count(number)
        cell.locator(".jp-InputArea .cm-content").click()
        self.page.keyboard.press("Control+Enter")
        if wait:
            self.page.wait_for_function(f"""([i, before]) => {{ const m = {CELL}[i].model;
                return m.executionCount !== null && m.executionCount !== before && m.executionState === 'idle'; }}""",
                arg=[number, before], timeout=1000 * seconds)

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
        area = self.cell(number).locator(".jp-OutputArea-output:visible")
        assert "not found" not in " ".join(area.all_inner_texts())
        assert "Loading widget" not in " ".join(area.all_inner_texts())
        shown = self.cell(number).locator(".jp-OutputArea-output img:visible")
        assert shown.count() == 1
        assert shown.evaluate("img => img.naturalWidth") > 400

    def save(self) -> None:
        """Save, and wait until it is."""
        self.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")


class Play:
    """A live experiment on the page."""

    def __init__(self, notebook: Notebook, number: int) -> None:
        self.notebook, self.page, self.cell = notebook, notebook.page, notebook.cell(number)
        self.image = self.cell.locator(".widget-image, img.widget-image").first
        self.image.wait_for(state="visible", timeout=20_000)

    def picture(self) -> str:
        """A name for the pixels shown."""
        return self.image.evaluate(PICTURE)

    def still(self) -> str:
        """A name for the pixels that are stored with the notebook."""
        number = self.page.evaluate("() => window.jupyterapp.shell.currentWidget.content.activeCellIndex")
        stored = [output["data"]["image/png"] for output in self.notebook.outputs(number) if "image/png" in output.get("data", {})]
        assert len(stored) == 1
        image = self.page.evaluate_handle("png => { const i = new Image(); i.src = 'data:image/png;base64,' + png; return i; }", stored[0])
        return image.evaluate(PICTURE)

    def at_rest(self) -> str:
        """The picture once nothing is under way: the kernel idle, and the same pixels for a while."""
        picture, since, end = "", time.monotonic(), time.monotonic() + 30
        while time.monotonic() < end:
            now = self.picture()
            if now != picture or self.notebook.status() != "idle":
                picture, since = now, time.monotonic()
            elif time.monotonic() - since > 0.3:
                return picture
            self.page.wait_for_timeout(50)
        raise AssertionError("the picture does not come to rest")

    def changes(self, than: str, seconds: float = 10) -> bool:
        """Whether the picture becomes another one in time."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.picture() != than:
                return True
            self.page.wait_for_timeout(30)
        return False

    def rows(self) -> list[Locator]:
        """The rows of all controls."""
        return self.cell.locator(".widget-slider, .widget-radio").all()

    def by_mouse(self, row: Locator) -> bool:
        """Whether a control changes the picture when the mouse moves it."""
        before = self.at_rest()
        if row.locator("input").count():
            row.locator("input:not(:checked)").last.click()
        else:
            self.drag(row)
        return self.changes(before)

    def drag(self, row: Locator, steps: int = 12, share: float = 0.4) -> None:
        """Drag the handle of a slider over a share of its length, to the side that has more room."""
        row.scroll_into_view_if_needed()
        handle, track = row.locator(".noUi-handle").bounding_box(), row.locator(".noUi-target").bounding_box()
        x, y = handle["x"] + handle["width"] / 2, handle["y"] + handle["height"] / 2
        side = 1 if x < track["x"] + track["width"] / 2 else -1
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        self.page.mouse.move(x + side * share * track["width"], y, steps=steps)
        self.page.mouse.up()

    def by_keyboard(self, row: Locator) -> bool:
        """Whether a control changes the picture under the keys that belong to it."""
        before = self.at_rest()
        if row.locator("input").count():
            other = row.locator("input:not(:checked)").first.element_handle()
            other.focus()
            self.page.keyboard.press("Space")
            assert other.is_checked()
            return self.changes(before)
        handle = row.locator(".noUi-handle")
        handle.focus()
        assert handle.evaluate("e => e === document.activeElement")
        said = handle.get_attribute("aria-valuetext")
        low, now, high = (float(handle.get_attribute(f"aria-value{which}")) for which in ("min", "now", "max"))
        down = now > (low + high) / 2
        for key in ["ArrowLeft" if down else "ArrowRight"] * 3 + ["PageDown" if down else "PageUp"] * 3:  # a step may be finer than a pixel
            self.page.keyboard.press(key)
            if self.changes(before, 0.7):
                break
        assert handle.get_attribute("aria-valuetext") != said
        return self.changes(before)

    def control(self, label: str) -> Locator:
        """The row of a control, found by its label."""
        row = self.cell.locator(".widget-slider, .widget-radio").filter(has=self.page.get_by_text(label, exact=True))
        assert row.count() == 1, f"{row.count()} controls are called {label!r}"
        return row

    def set(self, label: str, value) -> None:
        """Choose an option, or type a number into the readout of a slider."""
        row = self.control(label)
        if row.locator("input").count():
            row.get_by_label(str(value), exact=True).click()
            return
        readout = row.locator(".widget-readout")
        readout.click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(f"{value:.10g}")
        self.page.keyboard.press("Enter")
