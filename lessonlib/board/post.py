"""What carries a learner's events to a board: a thread of its own, so that no cell waits for it, with everything that is not there yet.

Events are numbered from 1 and kept until the room is left. The board answers up to which number it has them, and whatever lies above is
sent again: after a network that was gone, and to a board that was started again and knows nothing. Where no thread can start, each event
is an attempt of its own that takes at most 30 ms.
"""
from __future__ import annotations

import json
import random
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import urlsplit

__all__ = ["Place", "Post", "exchange", "place_of"]

ATTEMPT_S, WITHOUT_THREAD_S = 5.0, 0.03
PING_S, PAUSE_S, LONGEST_S, REFUSED_S = 10.0, 0.5, 5.0, 30.0
BATCH, KEPT, ANSWER = 50, 2000, 64 * 1024  # events of a message, events that are kept, bytes of an answer


class Place(NamedTuple):
    """Where a board is."""

    host: str
    port: int
    path: str
    tls: bool


def place_of(address: str) -> Place:
    """Return where an address leads. Raises ValueError for one that leads nowhere.

    >>> place_of("192.168.1.5:8877")
    Place(host='192.168.1.5', port=8877, path='/api', tls=False)
    """
    text = str(address).strip().partition("#")[0]
    parts = urlsplit(text if "://" in text else f"http://{text}")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        port = 0
    if parts.scheme not in ("http", "https") or not parts.hostname or not port or any(c.isspace() for c in parts.netloc + parts.path):
        raise ValueError(f"address={address!r}: as it stands on the board, such as 'http://192.168.1.5:8877'")
    return Place(parts.hostname, port, f"{parts.path.rstrip('/')}/api", parts.scheme == "https")


def exchange(place: Place, message: dict[str, Any], seconds: float) -> tuple[int, dict[str, Any]]:
    """Post a message and return (status, answer) within so many seconds in all, a slow answer included. Raises OSError or ValueError."""
    end = time.monotonic() + seconds

    def left() -> float:
        rest = end - time.monotonic()
        if rest <= 0:
            raise TimeoutError("the board took too long")
        return rest

    body = json.dumps(message, allow_nan=False).encode()
    host = f"[{place.host}]" if ":" in place.host else place.host
    head = (f"POST {place.path} HTTP/1.1\r\nHost: {host}:{place.port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n")
    with socket.create_connection((place.host, place.port), timeout=left()) as bare:
        way = ssl.create_default_context().wrap_socket(bare, server_hostname=place.host) if place.tls else bare
        way.settimeout(left())
        way.sendall(head.encode() + body)
        heard = b""
        while len(heard) <= ANSWER:
            way.settimeout(left())
            piece = way.recv(16 * 1024)
            if not piece:
                break
            heard += piece
    first, _, rest = heard.partition(b"\r\n\r\n")
    words = first.split(b" ", 2)
    if not words[0].startswith(b"HTTP/1.") or len(words) < 2 or not words[1].isdigit():
        raise ValueError("no answer of a board")
    try:
        answer = json.loads(rest)
    except RecursionError:
        answer = None
    return int(words[1]), answer if isinstance(answer, dict) else {}


class Post:
    """The events of this kernel, on their way to one board.

    state: "waiting" before the first answer, then "there", "away", "refused" or "left"; why: the board's reason; name: what it calls the
    learner. about: what every message says. now: says more of the moment, such as the lesson that is open.
    """

    def __init__(self, place: Place, about: dict[str, Any], now: Callable[[], dict[str, Any]] = dict) -> None:
        self.place, self.about, self.now = place, about, now
        self.state, self.why, self.name = "waiting", "", ""
        self.events: deque[tuple[int, dict[str, Any], float]] = deque()
        self.count = self.got = self.base = 0  # events made; those that the board has; those no longer kept
        self._board, self._failed, self._next = "", 0, 0.0
        self._change = threading.Condition()
        self._ended = False
        self.thread: threading.Thread | None = None

    def start(self) -> None:
        """Let a thread carry the events from now on, where one can start."""
        thread = threading.Thread(target=self._work, name="lessonlib-board", daemon=True)
        try:
            thread.start()
            self.thread = thread
        except RuntimeError:  # none can start here
            self.thread = None
            if not self.place.tls:  # looking a name up may take seconds: once, now
                with suppress(OSError):
                    self.place = self.place._replace(host=socket.gethostbyname(self.place.host))

    def put(self, event: dict[str, Any]) -> None:
        """Take an event; comes back at once, and after at most 30 ms where there are no threads."""
        with self._change:
            self.count += 1
            self.events.append((self.count, event, time.monotonic()))
            if len(self.events) > KEPT:
                self.events.popleft()
                self.base += 1
            self._change.notify()
        if self.thread is None and time.monotonic() >= self._next:
            self.once(WITHOUT_THREAD_S)

    def end(self) -> None:
        """Send nothing more."""
        with self._change:
            self._ended = True
            self._change.notify()

    def once(self, seconds: float = ATTEMPT_S, **more: Any) -> None:
        """Make one attempt to send what is not there yet. more: what this message says besides."""
        with self._change:
            before, base, got = self._board, self.base, max(self.got, self.base)
            waiting = [(n, event, at) for n, event, at in self.events if n > got][:BATCH]
        events = [{**event, "n": n, "ago": round(time.monotonic() - at, 2)} for n, event, at in waiting]
        try:
            said = {**self.about, **self.now(), "events": events, "base": base, "fresh": not before, **more}
            status, answer = exchange(self.place, said, seconds)
        except (OSError, ValueError):
            self._away("away")
            return
        if status in (403, 421):
            self._away("refused", str(answer.get("refused", ""))[:200])
        elif status == 200 and answer.get("left") is True:
            self.state = "left"
            self.end()
        elif status == 200 and isinstance(answer.get("got"), int) and self.base <= answer["got"] <= self.count and answer.get("board"):
            with self._change:
                self.got, self._board, self.name = answer["got"], str(answer["board"])[:64], str(answer.get("name", ""))[:80]
            if events and self.got < events[0]["n"] and self._board == before:  # it takes nothing, and says that all is well
                self._away("away")
            else:
                self.state, self._failed, self._next = "there", 0, 0.0
        else:
            self._away("away", str(answer.get("refused", ""))[:200])

    def _away(self, state: str, why: str = "") -> None:
        """Wait before the next attempt, each time twice as long, and not all learners at the same moment."""
        self.state, self.why = state, why
        self._failed += 1
        pause, longest = (REFUSED_S, 20 * REFUSED_S) if state == "refused" else (PAUSE_S, LONGEST_S)
        self._next = time.monotonic() + min(pause * 2 ** min(self._failed - 1, 10), longest) * random.uniform(0.7, 1.3)

    def _work(self) -> None:
        pinged = time.monotonic()
        while True:
            with self._change:
                while not self._ended:
                    now = time.monotonic()
                    due = now if self.count > self.got else pinged + PING_S
                    due = max(due, self._next)
                    if due <= now:
                        break
                    self._change.wait(due - now)
                if self._ended:
                    return
            self.once()
            pinged = time.monotonic()
