"""The board's server, on tornado: learners post to /api, pages listen at /ws, and nothing is answered without a code.

A page is a few files that hold nothing; what it shows comes by WebSocket once it has given a code.
"""
from __future__ import annotations

import ipaddress
import json
import socket
import time
from asyncio import Future, get_running_loop
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketClosedError, WebSocketHandler

from lessonlib.board import views
from lessonlib.board.actions import act
from lessonlib.board.doors import Doors, Server
from lessonlib.board.room import Refused, Room

__all__ = ["Api", "Page", "Screen", "application", "serve"]

PAGES = Path(__file__).with_name("pages")
KINDS = {".html": "text/html", ".css": "text/css", ".js": "text/javascript"}
BODY, MESSAGE, HEAD = 64 * 1024, 4 * 1024, 16 * 1024  # bytes at most
SCREENS = 60
FLUSH_S, TICK_S, HELLO_S = 0.2, 5.0, 5.0


class _Guarded(RequestHandler):
    """Answers only under names that are this machine's, so that no page of another site gets here by a name of its own."""

    def prepare(self) -> None:
        host = self.request.host.rsplit(":", 1)[0].strip("[]").lower()
        if not (host in self.settings["names"] or _is_number(host)):
            self.set_status(421)
            self.finish("This board is not reached under that name.")

    def set_default_headers(self) -> None:
        self.set_header("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
                        f"connect-src 'self' ws://{self.request.host} wss://{self.request.host}; base-uri 'none'; form-action 'none'; "
                        "frame-ancestors 'none'")
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Referrer-Policy", "no-referrer")
        self.set_header("Cache-Control", "no-store")
        self.clear_header("Server")

    def own_origin(self) -> bool:
        """Whether a browser that asks is on a page of this board; lessonlib itself names no origin."""
        origin = self.request.headers.get("Origin")
        return origin is None or origin.partition("://")[2] == self.request.host


class Page(_Guarded):
    """A file of a page, one of a fixed list."""

    def get(self, name: str = "") -> None:
        """Answer with the file."""
        path = PAGES / (name if "." in name else f"{name or 'join'}.html")
        if path not in self.settings["files"]:
            self.send_error(404)
            return
        self.set_header("Content-Type", f"{KINDS[path.suffix]}; charset=utf-8")
        self.finish(path.read_bytes())


class Api(_Guarded):
    """Where learners post what happened."""

    def check_xsrf_cookie(self) -> None:
        """No cookie is ever set here: every message carries its code."""

    def post(self) -> None:
        """Take a message, answer what has arrived."""
        try:
            if not self.own_origin() or not self.request.headers.get("Content-Type", "").startswith("application/json"):
                raise Refused(403, "only lessonlib.join posts here")
            message = _read(self.request.body)
            self.settings["doors"].role(message.get("code"), self.request.remote_ip or "")
            answer = self.settings["room"].receive(message)
            self.settings["screens"].mark()
        except Refused as refused:
            self.set_status(refused.status, "refused")
            answer = {"refused": refused.reason}
        self.set_header("Connection", "close")  # five hundred that are kept open are more than some systems have
        self.finish(answer)


class Screen(WebSocketHandler, _Guarded):
    """A page that is open."""

    role = page = ""
    sent: Future[None] | None = None  # what is on its way; a page that does not read gets nothing more
    behind = 0.0

    def check_origin(self, origin: str) -> bool:
        """Whether it is a page of this board."""
        return self.own_origin() and origin.partition("://")[2] == self.request.host

    def open(self, *args: str, **kwargs: str) -> None:  # noqa: ARG002 - tornado's signature
        """Wait for its code, not for long."""
        screens = self.settings["screens"]
        if len(screens.open) >= SCREENS:
            self.close(1013, "too many pages are open")
            return
        screens.open.add(self)
        get_running_loop().call_later(HELLO_S, self._has_said_nothing)

    def _has_said_nothing(self) -> None:
        if not self.role:
            self.close(1008, "no code came")

    def on_message(self, message: str | bytes) -> None:
        """Take its code, then what the instructor does."""
        try:
            said = _read(message if isinstance(message, bytes) else message.encode())
            if not self.role:
                self._enter(said)
            elif self.role == "room":
                raise Refused(403, "only the instructor chooses what is shown")
            else:
                act(self.settings["room"], said)
                self.settings["screens"].mark()
        except Refused as refused:
            self.write_message({"refused": refused.reason})
            self.close(1008, "refused")

    def _enter(self, said: dict[str, Any]) -> None:
        role = self.settings["doors"].role(said.get("code"), self.request.remote_ip or "")
        if said.get("page") == "instructor" and role != "instructor":
            raise Refused(403, "this page has a code of its own")
        self.role, self.page = role, "instructor" if said.get("page") == "instructor" else "board"
        hello = {"role": role, **self.settings["invitation"]}
        self.write_message({"hello": hello | ({"session": self.settings["doors"].session} if role != "room" else {})})
        self.settings["screens"].mark()

    def show(self, text: str) -> None:
        """Send what is to be shown, unless the page is still reading the last one; close one that never reads."""
        now = time.monotonic()
        if self.sent is not None and not self.sent.done():
            if now - self.behind > 20:
                self.close(1008, "it does not read")
            return
        try:
            self.sent, self.behind = self.write_message(text), now
            self.sent.add_done_callback(lambda done: done.cancelled() or done.exception())  # a page that went away
        except WebSocketClosedError:
            self.settings["screens"].open.discard(self)

    def on_close(self) -> None:
        """Forget it."""
        self.settings["screens"].open.discard(self)


class _Screens:
    """All pages that are open; a change is shown once, a fifth of a second later, however many there are."""

    def __init__(self, room: Room, doors: Doors) -> None:
        self.room, self.doors, self.open = room, doors, set[Screen]()
        self._due = False

    def mark(self) -> None:
        """Show what has changed, soon."""
        if not self._due:
            self._due = True
            get_running_loop().call_later(FLUSH_S, self.flush)

    def flush(self) -> None:
        """Show it now."""
        self._due = False
        shown: dict[str, str] = {}
        for screen in list(self.open):
            if screen.role and screen.page not in shown:
                view = (views.instructor if screen.page == "instructor" else views.board)(self.room)
                shown[screen.page] = json.dumps(view | {"wrong": self.doors.refused})
            if screen.role:
                screen.show(shown[screen.page])

    def tick(self) -> None:
        """Show it every few seconds too: time passes."""
        self.mark()
        get_running_loop().call_later(TICK_S, self.tick)


def application(room: Room, doors: Doors, *, prefix: str = "/", names: tuple[str, ...] = (),
                invitation: dict[str, Any] | None = None) -> Application:
    """Return the application. names: under which it is reached, besides this machine's own and addresses in numbers."""
    base = f"/{prefix.strip('/')}/".replace("//", "/")
    known = {"localhost", socket.gethostname().lower(), f"{socket.gethostname().lower()}.local", *(name.lower() for name in names)}
    return Application([(f"{base}api", Api), (f"{base}ws", Screen), (f"{base}([a-z.]*)", Page)], room=room, doors=doors, names=known,
                       screens=_Screens(room, doors), files=set(PAGES.iterdir()), invitation=invitation or {}, compress_response=False,
                       websocket_max_message_size=MESSAGE, websocket_ping_interval=20, log_function=_silent)


def serve(app: Application, port: int, address: str = "127.0.0.1") -> Callable[[], None]:
    """Listen, inside a running loop; return what ends it. Raises OSError where the port is taken."""
    server = Server(app, max_body_size=BODY, max_header_size=HEAD, idle_connection_timeout=30, body_timeout=10)
    listener = socket.create_server((address, port), backlog=512)  # a whole room may come in the same second
    listener.setblocking(False)
    server.add_sockets([listener])
    app.settings["screens"].tick()

    def stop() -> None:
        server.stop()
        for screen in list(app.settings["screens"].open):
            screen.close(1001, "the room is over")

    return stop


def _read(body: bytes) -> dict[str, Any]:
    """A JSON object; Refused for anything else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Refused(400, "not a JSON object")
    return found


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _silent(_: RequestHandler) -> None:
    """No log: it would keep who came when."""
