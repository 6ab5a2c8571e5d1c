"""Start JupyterLab on a notebook and say where it is. python authoring/lab.py [--port N] [NOTEBOOK] [-- jupyter's options]

It is JupyterLab as installed, but for one thing: what a kernel says is sent to the browser at once. Left to itself TCP keeps a small packet
back until the one before is acknowledged, and the other side takes its time to acknowledge (Nagle's algorithm and delayed acknowledgement):
some 30 ms on each move of a slider on Linux. `jupyter lab` works as well, that much later.
"""
from __future__ import annotations

import argparse
import os
import socket
import sys
from pathlib import Path
from typing import Any

sys.modules["rfc3987_syntax"] = None  # type: ignore[assignment]  # or jsonschema compiles a grammar at each start, a second or two, for addresses that no notebook has

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection  # noqa: E402
from jupyterlab.labapp import LabApp  # noqa: E402


class AtOnce(ZMQChannelsWebsocketConnection):
    """The usual connection between browser and kernel, without waiting."""

    def connect(self) -> Any:
        """Connect, and switch Nagle's algorithm off."""
        self.websocket_handler.set_nodelay(True)
        return super().connect()


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


def main() -> None:
    """Run JupyterLab until it is stopped."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=8888)
    parser.add_argument("notebook", nargs="?", default="")
    given = sys.argv[1:]
    split = given.index("--") if "--" in given else len(given)
    asked = parser.parse_args(given[:split])
    port = free_port(asked.port)
    print(f"JupyterLab starts on port {port}: http://127.0.0.1:{port}/lab/tree/{asked.notebook.replace(os.sep, '/')}", flush=True)
    print("If the browser asks for a token, use the address with ?token=... that follows. Stop with Ctrl-C.", flush=True)
    options = [f"--port={port}", "--ServerApp.port_retries=0", "--LabApp.news_url=None", *given[split + 1:]]
    if asked.notebook:  # a notebook alone would make its own folder the root, and the address above one that is not there
        options = [asked.notebook, f"--ServerApp.root_dir={Path.cwd()}", *options]
    LabApp.initialize_server(argv=options, kernel_websocket_connection_class=AtOnce).start()


if __name__ == "__main__":
    sys.exit(main())
