"""How many people a machine bears: `make hub-load N=10` beside a hub that runs.

Each simulated person logs in by the page's form, waits for the server, opens a notebook through Jupyter's API, runs every cell through the
kernel's WebSocket, and then moves a slider of its first experiment: two events a second, one person after the other, as a round of a room
goes; with --together all at the same time. Measured from the value that is sent to the picture that comes back. --restart kills the hub
(not the proxy) in the middle of the sliders, and then asks everybody's kernel and folder whether all is there.
"""
from __future__ import annotations

import argparse
import json
import os
import signal
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import requests
import websocket

__all__ = ["Person", "main", "percentile", "private_mb"]

NOTEBOOK = "notebooks/09_adam.ipynb"
SLIDERS = ("IntSliderModel", "FloatSliderModel", "FloatLogSliderModel")


class Person:
    """Somebody with a browser of their own."""

    def __init__(self, address: str, name: str, code: str) -> None:
        self.address, self.name, self.code = address.rstrip("/"), name, code
        self.web = requests.Session()
        self.home = f"{self.address}/user/{name}/"
        self.models: dict[str, dict[str, Any]] = {}  # comm -> the state it was opened with
        self.errors: list[str] = []
        self.socket: websocket.WebSocket

    def log_in(self, patience: float = 240.0) -> float:
        """Log in and wait for the server; return the seconds until JupyterLab answered."""
        begun = time.monotonic()
        self.web.get(f"{self.address}/hub/login", timeout=60).raise_for_status()
        form = {"username": self.name, "password": self.code, "_xsrf": self.web.cookies.get("_xsrf", path="/hub/")}
        self.web.post(f"{self.address}/hub/login", data=form, timeout=60).raise_for_status()
        while time.monotonic() - begun < patience:
            answer = self.web.get(f"{self.home}lab/tree/{NOTEBOOK}", timeout=60)
            if answer.ok and answer.url.startswith(self.home):
                return time.monotonic() - begun
            if answer.status_code in (401, 403):
                raise RuntimeError(f"{self.name}: {answer.status_code}, is the code right?")
            time.sleep(1)
        raise RuntimeError(f"{self.name}: no server within {patience:.0f} s")

    def api(self, method: str, place: str, **more: Any) -> Any:
        """Ask the person's own server, as their page does."""
        token = next((each.value for each in self.web.cookies if each.name == "_xsrf" and each.path == f"/user/{self.name}/"), "")
        answer = self.web.request(method, f"{self.home}api/{place}", headers={"X-XSRFToken": token or ""}, timeout=60, **more)
        answer.raise_for_status()
        return answer.json()

    def open(self) -> list[str]:
        """Open the notebook with a kernel; return the source of its code cells."""
        book = self.api("GET", f"contents/{NOTEBOOK}")["content"]
        session = {"path": NOTEBOOK, "name": NOTEBOOK, "type": "notebook", "kernel": {"name": "python3"}}
        self.kernel = self.api("POST", "sessions", json=session)["kernel"]["id"]
        self.connect()
        return [cell["source"] for cell in book["cells"] if cell["cell_type"] == "code"]

    def connect(self) -> None:
        """Open the kernel's WebSocket."""
        cookies = "; ".join(f"{each.name}={each.value}" for each in self.web.cookies if each.path in ("/", f"/user/{self.name}/"))
        place = f"{self.home.replace('http', 'ws', 1)}api/kernels/{self.kernel}/channels"
        self.socket = websocket.create_connection(place, cookie=cookies, timeout=180, origin=self.address)

    def reconnect(self) -> None:
        """Open the WebSocket again, as a page does by itself: one that waited for its turn answered no pings, and the server closes it."""
        self.socket.close()
        self.connect()

    def send(self, kind: str, content: dict[str, Any]) -> str:
        """Send a message to the kernel; return its id."""
        number = uuid.uuid4().hex
        header = {"msg_id": number, "username": self.name, "session": self.name, "msg_type": kind, "version": "5.3", "date": ""}
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell", "buffers": []}
        self.socket.send(json.dumps(message))
        return number

    def messages(self) -> Iterator[tuple[dict[str, Any], bool]]:
        """Each message that comes, and whether bytes came with it."""
        while True:
            kind, got = self.socket.recv_data()
            if kind == websocket.ABNF.OPCODE_CLOSE:
                raise ConnectionError(f"{self.name}: the kernel's connection was closed")
            if kind == websocket.ABNF.OPCODE_BINARY:  # how many parts, where they begin, and then a message with its bytes
                count = int.from_bytes(got[:4], "big")
                places = [int.from_bytes(got[4 + 4 * k:8 + 4 * k], "big") for k in range(count)]
                yield json.loads(got[places[0]:places[1] if count > 1 else None]), count > 1
            else:
                yield json.loads(got), False

    def run(self, code: str) -> str:
        """Run a cell to its end; return what it printed."""
        number = self.send("execute_request", {"code": code, "silent": False, "store_history": True, "user_expressions": {},
                                               "allow_stdin": False, "stop_on_error": False})
        printed, reply, idle = "", False, False
        for message, _ in self.messages():
            kind, content = message["header"]["msg_type"], message["content"]
            if kind == "comm_open":
                self.models[content["comm_id"]] = content["data"].get("state", {})
            if message["parent_header"].get("msg_id") != number:
                continue
            printed += content["text"] if kind == "stream" else ""
            if kind == "error":
                self.errors.append(f"{content['ename']}: {content['evalue']}"[:200])
            reply, idle = reply or kind == "execute_reply", idle or (kind == "status" and content["execution_state"] == "idle")
            if reply and idle:
                return printed
        return printed

    def in_turn(self, count: int) -> list[float]:
        """Move the slider after a wait that may have been long; return what `move` does."""
        self.reconnect()
        return self.move(count)

    def slider(self) -> tuple[str, dict[str, Any]]:
        """The first slider of the lesson."""
        return next((comm, state) for comm, state in self.models.items() if state.get("_model_name") in SLIDERS)

    def move(self, count: int, every: float = 0.5) -> list[float]:
        """Move the slider so often; return the milliseconds until each picture."""
        comm, state = self.slider()
        low, high, times = state["min"], state["max"], []
        for k in range(count):
            begun = time.monotonic()
            value = low + (high - low) * (0.2 + 0.6 * ((k + 1) % 11) / 11)
            value = round(value) if state["_model_name"] == "IntSliderModel" else value
            number = self.send("comm_msg", {"comm_id": comm, "data": {"method": "update", "state": {"value": value}, "buffer_paths": []}})
            for message, bytes_came in self.messages():
                ours = message["parent_header"].get("msg_id") == number
                if ours and message["header"]["msg_type"] == "comm_msg" and bytes_came:
                    times.append((time.monotonic() - begun) * 1000)
                if ours and message["header"]["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                    break
            time.sleep(max(0.0, every - (time.monotonic() - begun)))
        if len(times) < count:
            self.errors.append(f"{count - len(times)} of {count} moves gave no picture")
        return times


def percentile(times: list[float], part: float) -> float:
    """The value below which this part of them lies; not a number for none."""
    return sorted(times)[min(len(times) - 1, int(part * len(times)))] if times else float("nan")


def private_mb(name: str) -> tuple[float, float]:
    """The memory of a person's server and kernels in MB, each share of what they have in common counted once (Linux)."""
    server = kernels = 0.0
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            if f"JUPYTERHUB_USER={name}" not in (folder / "environ").read_text(errors="replace").split("\0"):
                continue
            line = next(line for line in (folder / "smaps_rollup").read_text().splitlines() if line.startswith("Pss:"))
            kernel = b"ipykernel_launcher" in (folder / "cmdline").read_bytes()
        except (OSError, StopIteration):
            continue
        mb = int(line.split()[1]) / 1024
        kernels, server = (kernels + mb, server) if kernel else (kernels, server + mb)
    return server, kernels


def _all(people: list[Person], do: Callable[[Person], Any]) -> list[Any]:
    with ThreadPoolExecutor(len(people)) as pool:
        return list(pool.map(do, people))


def _restart(state: Path, address: str) -> float:
    """Kill the hub; return the seconds until it answers again."""
    os.kill(int((state / "hub.pid").read_text()), signal.SIGKILL)
    begun = time.monotonic()
    time.sleep(0.5)
    while time.monotonic() - begun < 60:
        try:
            if requests.get(f"{address.rstrip('/')}/hub/health", timeout=5).ok:
                return time.monotonic() - begun
        except requests.RequestException:
            pass
        time.sleep(0.2)
    raise RuntimeError("the hub did not come back within 60 s")


def main(given: list[str] | None = None) -> int:
    """Measure, print a table, return 1 where something failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--people", type=int, default=10)
    parser.add_argument("--address", default="http://127.0.0.1:8000")
    parser.add_argument("--folder", type=Path, default=Path(__file__).resolve().parents[2] / "hub")
    parser.add_argument("--moves", type=int, default=10, help="of the slider, for each")
    parser.add_argument("--together", action="store_true", help="all move their sliders at the same time, and not in turns")
    parser.add_argument("--restart", action="store_true", help="kill the hub in the middle")
    asked = parser.parse_args(given)
    state = asked.folder / "state"
    try:
        code = json.loads((state / "room.json").read_text(encoding="ascii"))["HUB_CODE"]
        requests.get(f"{asked.address}/hub/health", timeout=5).raise_for_status()
    except (OSError, requests.RequestException) as trouble:
        print(f"No hub answers at {asked.address} ({type(trouble).__name__}): run make hub in another terminal.", file=sys.stderr)
        return 2
    people = [Person(asked.address, f"load-{k + 1}", code) for k in range(asked.people)]
    begun = time.monotonic()
    logged = _all(people, Person.log_in)
    print(f"{len(people)} people on {os.cpu_count()} cores")
    print(f"log in, until JupyterLab answers   p50 {statistics.median(logged):6.1f} s   p95 {percentile(logged, 0.95):6.1f} s   all in "
          f"{time.monotonic() - begun:.1f} s", flush=True)
    cells = _all(people, Person.open)

    def lesson(pair: tuple[Person, list[str]]) -> float:
        begun = time.monotonic()
        for cell in pair[1]:
            pair[0].run(cell)
        return time.monotonic() - begun

    with ThreadPoolExecutor(len(people)) as pool:
        ran = list(pool.map(lesson, zip(people, cells, strict=True)))
    print(f"lesson 9 to its end, all at once   p50 {statistics.median(ran):6.1f} s   p95 {percentile(ran, 0.95):6.1f} s   "
          f"({len(cells[0])} cells)", flush=True)
    memory = [private_mb(person.name) for person in people]
    server, kernel = (statistics.mean(part) for part in zip(*memory, strict=True))
    print(f"memory for each                    server {server:.0f} MB, kernel {kernel:.0f} MB, the largest person "
          f"{max(map(sum, memory)):.0f} MB, all {sum(map(sum, memory)) / 1024:.2f} GB", flush=True)
    _all(people, lambda person: person.run(f"kept_over_restart = {person.name!r}"))
    _all(people, lambda person: person.api("PUT", "contents/mine.txt", json={"type": "file", "format": "text", "content": person.name}))
    with ThreadPoolExecutor(1) as beside:
        again = beside.submit(_restart, state, asked.address) if asked.restart else None
        if asked.together:
            moved = _all(people, lambda person: person.move(asked.moves))
        else:
            moved = [person.in_turn(asked.moves) for person in people]
        times = [each for one in moved for each in one]
        way = "all at once" if asked.together else "in turns"
        print(f"a slider's picture, {way:15}p50 {percentile(times, 0.5):6.0f} ms  p95 {percentile(times, 0.95):6.0f} ms  "
              f"({len(times)} of {len(people) * asked.moves} pictures)", flush=True)
        if again is not None:
            print(f"the hub killed meanwhile           back after {again.result():.1f} s", flush=True)
    lost = []
    for person in people:
        person.reconnect()
        if person.run("print(kept_over_restart)").strip() != person.name:
            lost.append(f"{person.name}: the kernel's variables")
        if person.api("GET", "contents/mine.txt")["content"] != person.name:
            lost.append(f"{person.name}: a saved file")
    if asked.restart:  # a second login of the same person finds the same server
        second = Person(asked.address, people[0].name, code)
        second.log_in()
        if people[0].kernel not in {kernel["id"] for kernel in second.api("GET", "kernels")}:
            lost.append(f"{people[0].name}: the kernel, after a new login")
    wrong = [f"{person.name}: {error}" for person in people for error in person.errors]
    print(f"lost                               {'; '.join(lost) or 'nothing'}")
    print(f"errors                             {len(wrong)}{': ' + '; '.join(wrong[:5]) if wrong else ''}")
    return 1 if lost or wrong else 0


if __name__ == "__main__":
    sys.exit(main())
