"""`make lab` says where the first lesson is, and it is there."""
from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_at_the_address_that_it_prints_is_the_lesson(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    said = tmp_path / "said.txt"
    homes = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind) for kind in ("RUNTIME", "CONFIG", "DATA")}
    with said.open("wb") as out:
        lab = subprocess.Popen([sys.executable, ROOT / "authoring" / "lab.py", f"--port={port}", Path("notebooks", "00_start_here.ipynb"), "--",
                                "--no-browser", "--allow-root", "--IdentityProvider.token=lessons"],
                               cwd=ROOT, env=os.environ | homes, stdout=out, stderr=subprocess.STDOUT)
    try:
        end = time.monotonic() + 180
        while "is running at" not in said.read_text(encoding="utf-8") and lab.poll() is None and time.monotonic() < end:
            time.sleep(0.2)
        assert "is running at" in said.read_text(encoding="utf-8")
        address = re.search(r"http://\S+", said.read_text(encoding="utf-8"))[0]
        assert "/lab/tree/" in address
        asked = address.replace("/lab/tree/", "/api/contents/") + "?content=0&token=lessons"
        with urllib.request.urlopen(asked, timeout=20) as reply:
            assert json.load(reply)["name"] == "00_start_here.ipynb"
    finally:
        lab.terminate()
        lab.wait(20)
