"""The edition, built with a Pyodide to test with, and its lessons run once in a browser."""
from __future__ import annotations

import subprocess
import time

import fixture
import lab
import lite_site
import pytest

ROOT = lab.ROOT


def pytest_collection_modifyitems(items):
    """Skip, and say why, where there is no browser or no Pyodide."""
    why = lab.INSTALL if lab.chromium() is None else fixture.MISSING if not (fixture.FOLDER / fixture.WHEEL).exists() else ""
    for item in items:
        if why:
            item.add_marker(pytest.mark.skip(reason=why))


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """The built edition behind a web server."""
    home, wheel = tmp_path_factory.mktemp("lite"), fixture.FOLDER / fixture.WHEEL
    pyodide, begun = fixture.unpack(wheel, home / "pyodide"), time.monotonic()
    subprocess.run([ROOT / ".venv-lite" / "bin" / "python", ROOT / "authoring" / "lite_edition" / "make.py", "--out", home / "site", "--pyodide", pyodide],
                   check=True)
    print(f"built in {time.monotonic() - begun:.0f} s")
    fixture.adapt(home / "site", wheel)
    running = lite_site.Site(home / "site")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def window(site):
    """Opens a browser's window, without network; each has a storage of its own, so that it shows one notebook alone."""
    with lab.browser() as opened:
        yield lambda: opened.new_context(viewport={"width": 1200, "height": 1000}).new_page()


@pytest.fixture(scope="module", params=["00_start_here", "09_adam"])
def lesson(request, window, site):
    """A lesson of the edition that was run from top to bottom; prints what that took."""
    begun = time.monotonic()
    notebook = lite_site.Notebook(window(), site, f"{request.param}.ipynb")
    ready, (plain, packed) = time.monotonic(), site.weight()
    print(f"\n{request.param}: the page and Python are there after {ready - begun:.0f} s; sent so far, once each: "
          + ", ".join(f"{kind} {plain[kind] / 1e6:.1f} MB ({packed[kind] / 1e6:.1f} MB with gzip)" for kind in plain))
    notebook.run_all(lite_site.PATIENCE_S)
    plain, packed = site.weight()
    print(f"{request.param}: run to the end in {time.monotonic() - ready:.0f} s; Python's files {plain['Python'] / 1e6:.1f} MB ({packed['Python'] / 1e6:.1f})")
    yield notebook
    notebook.page.context.close()
