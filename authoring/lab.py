"""Start JupyterLab on a notebook and say where it is. python authoring/lab.py [--port N] NOTEBOOK [-- jupyter's options]"""
from __future__ import annotations

import argparse
import socket
import subprocess
import sys


def free_port(wanted: int) -> int:
    """The wanted port, or the next that nothing listens on."""
    for port in range(wanted, wanted + 50):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise SystemExit(f"port={wanted}: it and the 49 after it are taken; name another with make lab PORT=...")


def main() -> int:
    """Run JupyterLab until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8888)
    parser.add_argument("notebook")
    parser.add_argument("options", nargs="*", help="after --, passed to JupyterLab")
    asked = parser.parse_args()
    port = free_port(asked.port)
    print(f"JupyterLab starts on port {port}: http://127.0.0.1:{port}/lab/tree/{asked.notebook}", flush=True)
    print("If the browser asks for a token, use the address with ?token=... that follows. Stop with Ctrl-C.", flush=True)
    command = [sys.executable, "-m", "jupyterlab", f"--port={port}", "--ServerApp.port_retries=0", "--LabApp.news_url=None",
               asked.notebook, *asked.options]
    try:
        return subprocess.call(command)
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
