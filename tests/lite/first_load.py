"""Print what a browser asks of a built edition until the first lesson can be read, Python not counted.

    PYTHONPATH=tests/browser python tests/lite/first_load.py DIR
"""
from __future__ import annotations

import sys
from pathlib import Path

import lab
import lite_site


def main(folder: Path) -> int:
    """Open lesson 0 and add up."""
    if lab.chromium() is None:
        print(f"first load: not measured, {lab.INSTALL}")
        return 0
    site = lite_site.Site(folder.resolve())
    with lab.browser() as chrome:
        page = chrome.new_page()
        page.goto(site.address)
        page.locator(".jp-Notebook .jp-Cell").nth(5).wait_for(timeout=120_000)
        plain, packed = site.weight()
    site.stop()
    print(f"first load: {plain['page'] / 1e6:.1f} MB, {packed['page'] / 1e6:.1f} MB where the server packs with gzip, until lesson 0 can be read; "
          "then Python")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
