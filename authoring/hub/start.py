"""Open a room on this machine: `make hub`, or with HUB_ARGS=--lan for other machines of the network.

A proxy, the hub, the board and the culler run beside each other, and whichever of them falls is started again; everybody's server and
kernel goes on meanwhile. Ctrl-C ends the room: what people saved stays in the room's folder, and is theirs at their next login.
"""
from __future__ import annotations

import argparse
import json
import os
import secrets
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import kernel
import source as lessons
from copies import shared_copy
from room import FOLDER, entries

from lessonlib.board.invitation import address_of
from lessonlib.board.keys import Codes, kept, new_codes

__all__ = ["arguments", "codes", "course", "environment", "main", "programs", "servers_end"]

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
IDLE_S = 2 * 3600


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Return what was asked for on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--lan", action="store_true", help="let other machines of this network in; nothing is encrypted on the way")
    parser.add_argument("--port", type=int, default=8000, help="8000 if not given; the three after it are used too, on this machine only")
    parser.add_argument("--folder", type=Path, default=ROOT / "hub", help="where the room is kept: hub/ if not given")
    parser.add_argument("--memory", type=int, default=2048, metavar="MB", help="for each kernel, where the system can; 2048 if not given")
    parser.add_argument("--cpus", type=float, default=1.0, help="for each kernel, where the system limits it; 1 if not given")
    parser.add_argument("--solutions", action="store_true", help="hand the solutions out too, in notebooks/solutions")
    parser.add_argument("--name", action="append", default=[], metavar="HOST", help="a name under which the machine is reached")
    asked = parser.parse_args(given)
    if asked.memory < 512:
        parser.error(f"--memory {asked.memory}: a kernel of this course needs at least 512 MB")
    if asked.cpus <= 0:
        parser.error(f"--cpus {asked.cpus:g}: a part of a processor or more, such as 0.5 or 1")
    return asked


def codes(state: Path) -> dict[str, str]:
    """Return this room's codes and the tokens of its programs, the same until the file is removed."""
    path = state / "room.json"
    if not path.exists():
        made = new_codes()
        tokens = {f"HUB_{name}_TOKEN": secrets.token_hex(32) for name in ("BOARD", "ROOM")}
        found = {"HUB_CODE": made.room, "BOARD_KEY": made.key, "HUB_KEY": secrets.token_urlsafe(24),
                 "CONFIGPROXY_AUTH_TOKEN": secrets.token_hex(32), **tokens}
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            json.dump(found, file)
    return dict(json.loads(path.read_text(encoding="ascii")))


def course(folder: Path, solutions: bool) -> Path:
    """Bring the shared copy of the course up to date, and return it."""
    held = {place.removeprefix(f"{FOLDER}/"): content for place, content in entries().items()}
    if solutions:
        held |= {f"notebooks/{path.relative_to(lessons.NOTEBOOKS).as_posix()}": path.read_bytes()
                 for path in sorted((lessons.NOTEBOOKS / "solutions").glob("*.ipynb"))}
    target = folder / "course"
    there = {path.relative_to(target).as_posix(): path.read_bytes() for path in target.rglob("*") if path.is_file()}
    return target if there == held else shared_copy(held, target)


def kernel_spec(folder: Path) -> None:
    """Write how JupyterLab starts a kernel: in the project's environment, with the room's copy of the library, within limits."""
    spec = {"argv": [sys.executable, str(HERE / "kernel.py"), "-f", "{connection_file}", "--IPKernelApp.extra_extensions=join_here"],
            "display_name": "Python 3", "language": "python",
            "env": {"PYTHONPATH": os.pathsep.join([str(folder / "course"), str(HERE / "in_kernel")]), "OMP_NUM_THREADS": "1",
                    "OPENBLAS_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}}
    path = folder / "state" / "jupyter" / "kernels" / "python3" / "kernel.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(spec, indent=1), encoding="utf-8")


def environment(asked: argparse.Namespace, secret: dict[str, str], systemd: bool) -> dict[str, str]:
    """Return what the programs find in their environment."""
    return {**os.environ, **secret, "HUB_FOLDER": str(asked.folder), "HUB_PORT": str(asked.port),
            "HUB_HOST": "0.0.0.0" if asked.lan else "127.0.0.1", "HUB_PROGRAMS": str(ROOT / ".venv-hub" / "bin"),
            "HUB_BOARD": f"http://127.0.0.1:{asked.port + 3}/services/board", "HUB_KERNEL_MB": str(asked.memory),
            "HUB_KERNEL_CPUS": str(asked.cpus), "HUB_SYSTEMD": str(int(systemd)), "JUPYTERHUB_API_TOKEN": secret["HUB_ROOM_TOKEN"],
            "LESSONLIB_BOARD_FOLDER": str(asked.folder / "state"), "PYTHONPATH": str(ROOT)}


def programs(asked: argparse.Namespace, secret: dict[str, str], address: str) -> dict[str, list[str]]:
    """Return the commands that make the room, by name."""
    port, tools = asked.port, ROOT / ".venv-hub" / "bin"
    names = [part for name in asked.name for part in ("--name", name)]
    return {
        "proxy": [str(ROOT / "dist/hub-proxy/node_modules/.bin/configurable-http-proxy"), "--ip", "0.0.0.0" if asked.lan else "127.0.0.1",
                  "--port", str(port), "--api-ip", "127.0.0.1", "--api-port", str(port + 1),
                  "--error-target", f"http://127.0.0.1:{port + 2}/hub/error"],
        "board": [sys.executable, "-m", "lessonlib.board", "--port", str(port + 3), "--prefix", "/services/board/", "--no-browser",
                  "--code", secret["HUB_CODE"], "--address", f"{address}services/board/", *names],
        "hub": [str(tools / "jupyterhub"), "-f", str(HERE / "jupyterhub_config.py")],
        "culler": [str(tools / "python"), "-m", "jupyterhub_idle_culler", f"--timeout={IDLE_S}",
                   f"--url=http://127.0.0.1:{port + 2}/hub/api"],
    }


def servers_end(port: int, token: str) -> int:
    """End everybody's server through the hub, and return how many there were."""
    def ask(place: str, method: str = "GET") -> Any:
        url, headers = f"http://127.0.0.1:{port + 2}/hub/api/{place}", {"Authorization": f"token {token}"}
        request = urllib.request.Request(url, method=method, headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def end(name: str) -> None:
        with suppress(OSError):
            ask(f"users/{name}/server", "DELETE")

    names = [user["name"] for user in ask("users?state=active&limit=200")]
    with ThreadPoolExecutor(20) as pool:  # each takes some seconds
        list(pool.map(end, names))
    for _ in range(60):
        if not ask("users?state=active&limit=200"):
            break
        time.sleep(0.5)
    return len(names)


class _Kept:
    """A program that is started again whenever it ends, until the room does."""

    def __init__(self, name: str, run: list[str], env: dict[str, str], state: Path) -> None:
        self.name, self.run, self.env, self.state, self.over = name, run, env, state, False
        self.process = self._start()
        threading.Thread(target=self._watch, daemon=True).start()

    def _start(self) -> subprocess.Popen[bytes]:
        with open(self.state / f"{self.name}.log", "ab") as log:
            started = subprocess.Popen(self.run, env=self.env, cwd=self.state, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True)  # Ctrl-C is start.py's
        (self.state / f"{self.name}.pid").write_text(str(started.pid), encoding="ascii")
        return started

    def _watch(self) -> None:
        while not self.over:
            status = self.process.wait()
            if not self.over:
                print(f"The {self.name} stopped ({status}) and is started again; {self.state / self.name}.log says why.", flush=True)
                time.sleep(1)
                self.process = self._start()

    def end(self) -> None:
        """Ask it to end, and wait."""
        self.over = True
        self.process.terminate()
        try:
            self.process.wait(15)
        except subprocess.TimeoutExpired:
            self.process.kill()


def main(given: list[str] | None = None) -> int:
    """Open the room and keep it until Ctrl-C; return the exit status."""
    asked = arguments(given)
    asked.folder = asked.folder.resolve()
    for port in range(asked.port, asked.port + 4):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                print(f"--port {asked.port}: {port} is taken. Is a hub open here? Take another: --port {asked.port + 10}", file=sys.stderr)
                return 2
    state, systemd = asked.folder / "state", kernel.has_systemd()
    state.mkdir(parents=True, exist_ok=True)
    state.chmod(0o700)
    (asked.folder / "people").mkdir(exist_ok=True)
    secret = codes(state)
    course(asked.folder, asked.solutions)
    kernel_spec(asked.folder)
    env, address = environment(asked, secret, systemd), address_of(asked.port, lan=asked.lan)
    os.environ["LESSONLIB_BOARD_FOLDER"] = str(state)
    kept(asked.port + 3, Codes(secret["HUB_CODE"], secret["BOARD_KEY"]))
    running = [_Kept(name, run, env, state) for name, run in programs(asked, secret, address).items()]
    print(f"""A room is open.

  For everyone   {address}   a name of one's own; the password is  {secret['HUB_CODE']}
  To project     {address}services/board/board        with the code  {secret['BOARD_KEY']}
  Only for you   {address}services/board/instructor   with the same code
  Who is here    {address}hub/admin   name  instructor   password  {secret['HUB_KEY']}

  In a notebook  %join   tells the board from then on how somebody does

  {kernel.told(asked.memory, asked.cpus, systemd)}
  {'Other machines of this network reach it; nothing is encrypted on the way.' if asked.lan else
   f'Only this machine reaches it; make hub HUB_ARGS={shlex.quote("--lan")} lets others in.'}
  All kernels run under your own account: whoever is in the room could read what others wrote here. Ctrl-C ends the room.""", flush=True)
    over = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: over.set())
    over.wait()
    print("\nEverybody's server is ended ...", flush=True)
    with suppress(OSError, ValueError):
        servers_end(asked.port, secret["HUB_ROOM_TOKEN"])
    for program in reversed(running):
        program.end()
    print(f"The room is over. What people saved is in {asked.folder / 'people'}, and theirs at the next login.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
