"""A board's server in a hostile room: codes, sizes, origins, pages, and 10 MB of nonsense."""
from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
import time
import urllib.error
import urllib.request
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import board_people
import pytest
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClosedError, websocket_connect

from lessonlib.board import doors, server
from lessonlib.board.doors import Doors
from lessonlib.board.invitation import invitation
from lessonlib.board.keys import Codes
from lessonlib.board.room import Room

CODES = Codes("amber-river-cobalt-owl", "grape-night-border-wolf")
ADAM = board_people.item("09_adam", "check")
ME = {"who": "a" * 32, "session": "b" * 16, "name": "Ada", "base": 0, "events": [], "code": "amber river cobalt owl"}


@asynccontextmanager
async def opened(port, origin=None):
    """A page's connection, closed in the end, and what it is told: None at its end."""
    told, closed = asyncio.Queue(), asyncio.Event()

    def hear(message):
        told.put_nowait(message)
        if message is None:
            closed.set()

    request = HTTPRequest(f"ws://127.0.0.1:{port}/ws", headers={"Origin": origin} if origin else {})
    page = await websocket_connect(request, on_message_callback=hear, max_message_size=10**8)
    page.told = told
    try:
        yield page
    finally:
        page.close()
        await asyncio.wait_for(closed.wait(), 5)


class Served:
    """A board in a thread of this process."""

    def __init__(self):
        self.room, self.doors, self.loop = Room(), Doors(CODES), asyncio.new_event_loop()
        self.app = server.application(self.room, self.doors, names=("hub.example",), invitation=invitation("http://127.0.0.1:1/", CODES.room))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        ready = threading.Event()
        self.thread = threading.Thread(target=self.run, args=(ready,))
        self.thread.start()
        assert ready.wait(10)

    def run(self, ready):
        async def main():
            self.end, stop = asyncio.Event(), server.serve(self.app, self.port)
            ready.set()
            await self.end.wait()
            stop()
            await asyncio.sleep(0.05)
        self.loop.run_until_complete(main())
        self.loop.close()

    def close(self):
        self.loop.call_soon_threadsafe(self.end.set)
        self.thread.join(10)

    def ask(self, path="/api", body=None, **headers):
        """(status, text) of a request; an object is posted as JSON."""
        if isinstance(body, dict):
            body, headers = json.dumps(body).encode(), {"Content-Type": "application/json"} | headers
        request = urllib.request.Request(self.address + path, body, {name.replace("_", "-"): value for name, value in headers.items()})
        try:
            with urllib.request.urlopen(request, timeout=10) as reply:
                self.headers = reply.headers
                return reply.status, reply.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def page(self, *says, wait=0.15, origin=None):
        """What a page is told that says these things, one after the other, until it is told nothing more for a while; "closed" at its end."""
        async def main():
            told = []
            async with opened(self.port, origin) as page:
                for said in says:
                    with suppress(WebSocketClosedError):  # while it was still sending
                        await page.write_message(said if isinstance(said, str) else json.dumps(said))
                    while True:
                        try:
                            message = await asyncio.wait_for(page.told.get(), wait)
                        except asyncio.TimeoutError:
                            break
                        told.append("closed" if message is None else json.loads(message))
                        if message is None:
                            self.closed = page.close_code
                            return told
            return told
        return asyncio.run(main())


@pytest.fixture
def board(monkeypatch):
    monkeypatch.setattr(server, "TICK_S", 3600.0)
    monkeypatch.setattr(server, "FLUSH_S", 0.02)
    served = Served()
    yield served
    served.close()


def test_a_message_with_the_code_is_taken_and_a_forged_one_is_not(board):
    assert board.ask(body=ME)[0] == 200
    for forged in ("amber-river-cobalt-ow", "", None, ["amber"], CODES.room + "l", "x" * 50_000):
        assert board.ask(body=ME | {"code": forged, "who": "c" * 32})[0] == 403
    assert (len(board.room.people), board.doors.refused) == (1, 6)


def test_whoever_guesses_on_is_not_listened_to_even_if_right(board):
    answers = [board.ask(body=ME | {"code": f"guess-{k}"})[0] for k in range(35)]
    assert answers == [403] * 30 + [429] * 5
    assert board.ask(body=ME)[0] == 429
    board.doors._wrong.clear()  # a minute later
    assert board.ask(body=ME)[0] == 200


@pytest.mark.parametrize(("body", "kind", "status"), [(b"{", "application/json", 400), (b"[]", "application/json", 400), (b"[" * 50_000, "application/json", 400),
                                                      (b"\xff\x00", "application/json", 400), (b"{}", "text/plain", 403), (b"{}", "application/json", 403)])
def test_what_is_no_message_is_refused(board, body, kind, status):
    assert board.ask(body=body, Content_Type=kind)[0] == status


def test_ten_megabytes_of_nonsense_change_nothing(board):
    def send(head, body):
        with socket.create_connection(("127.0.0.1", board.port), timeout=5) as way:
            try:
                way.sendall(head)
                for k in range(0, len(body), 65536):
                    way.sendall(body[k:k + 65536])
                return way.recv(100)
            except OSError:  # closed while it was still sending
                return b""

    nonsense = b"\x00\xffnonsense" * 1_000_000
    kind = b"Content-Type: application/json\r\n"
    for head in (b"POST /api HTTP/1.1\r\nHost: 127.0.0.1\r\n" + kind + b"Content-Length: 10000000\r\n\r\n",
                 b"POST /api HTTP/1.1\r\nHost: 127.0.0.1\r\n" + kind + b"Transfer-Encoding: chunked\r\n\r\n989680\r\n", b"", b"GET /"):
        assert b"200" not in send(head, nonsense)
        began = time.monotonic()
        assert not head.startswith(b"POST") or b"200" not in send(head, b"")
        assert time.monotonic() - began < 2  # it does not wait for what it would never take
    assert board.page("x" * 10_000_000)[-1] == "closed"
    assert board.page("[" + "1," * 5000 + "1]")[-1] == "closed"
    assert board.closed == 1009  # too long, and not read
    assert board.page({"code": CODES.key, "page": "instructor"}, "y" * 10_000_000)[-1] == "closed"
    assert board.ask(body=ME)[0] == 200
    assert not board.room.events


def test_pages_of_other_sites_reach_nothing(board):
    assert board.ask(body=ME, Origin="http://evil.example")[0] == 403
    assert board.ask(body=ME, Origin=board.address)[0] == 200
    assert board.ask("/board", Host="evil.example")[0] == 421  # a name of theirs that leads to this machine
    assert board.ask("/board", Host=f"localhost:{board.port}")[0] == 200
    assert board.ask("/board", Host="hub.example")[0] == 200
    with pytest.raises(Exception, match="403"):
        board.page({"code": CODES.key}, origin="http://evil.example")
    assert "hello" in board.page({"code": CODES.room}, origin=board.address)[0]


def test_a_page_without_a_code_is_told_nothing(board, monkeypatch):
    monkeypatch.setattr(server, "HELLO_S", 0.2)
    assert board.page({"code": "x"}) == [{"refused": "not the code of this room"}, "closed"]
    assert board.page({"do": "lesson", "name": ""}) == [{"refused": "not the code of this room"}, "closed"]
    assert board.page("nonsense")[-1] == "closed"

    async def silent():
        async with opened(board.port) as page:
            return await asyncio.wait_for(page.told.get(), 3)
    assert asyncio.run(silent()) is None


def test_the_rooms_code_looks_on_and_sees_no_nicknames(board):
    board.ask(body=ME | {"events": [{"n": 1, "item": ADAM, "state": "tried", "verdict": "no root", "ago": 0}]})
    hello, shown = board.page({"code": CODES.room, "page": "board"})
    assert hello["hello"]["role"] == "room"
    assert "session" not in hello["hello"]
    assert "Ada" not in json.dumps(shown).replace(json.dumps(shown["rows"]), "").replace(json.dumps(shown["lessons"]), "").replace(shown["title"], "")
    assert board.page({"code": CODES.room, "page": "instructor"}) == [{"refused": "this page has a code of its own"}, "closed"]
    assert board.page({"code": CODES.room}, {"do": "lock", "on": True})[-2:] == [{"refused": "only the instructor chooses what is shown"}, "closed"]
    assert board.room.locked is False


def test_the_instructors_code_sees_nicknames_and_chooses(board):
    board.ask(body=ME)
    told = board.page({"code": CODES.key, "page": "instructor"}, {"do": "lock", "on": True})
    assert told[1]["who"][0]["name"] == "Ada"
    assert told[-1]["locked"] is True


def test_a_ticket_opens_the_page_to_project_once_and_what_it_gives_opens_it_again(board):
    ticket = board.doors.ticket()
    hello = board.page({"code": ticket, "page": "board"}, {"do": "clock", "seconds": 60})[0]["hello"]
    assert hello["role"] == "project"
    assert board.room.ends > 0
    assert board.page({"code": ticket, "page": "board"})[-1] == "closed"
    assert board.page({"code": hello["session"], "page": "board"})[0]["hello"]["role"] == "project"
    assert board.page({"code": hello["session"], "page": "instructor"})[-1] == "closed"
    assert board.page({"code": board.doors.ticket(seconds=-1), "page": "board"})[-1] == "closed"


def test_a_change_is_shown_within_a_second(board, monkeypatch):
    monkeypatch.setattr(server, "FLUSH_S", 0.2)

    async def main():
        async with opened(board.port) as page:
            await page.write_message(json.dumps({"code": CODES.room}))
            await page.told.get()
            await page.told.get()
            began = asyncio.get_running_loop().time()
            await asyncio.to_thread(board.ask, body=ME)
            shown = json.loads(await asyncio.wait_for(page.told.get(), 5))
            return asyncio.get_running_loop().time() - began, shown["people"]
    seconds, people = asyncio.run(main())
    assert people == 1
    assert seconds < 1


def test_pages_are_a_fixed_list_of_files_that_may_run_nothing_else(board):
    for path, kind in (("/", "text/html"), ("/board", "text/html"), ("/instructor", "text/html"), ("/board.js", "text/javascript"), ("/board.css", "text/css")):
        assert board.ask(path)[0] == 200
        assert board.headers["Content-Type"].startswith(kind)
        policy = board.headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
    for path in ("/..", "/server.py", "/words.txt", "/../keys.py", "/%2e%2e%2fkeys.py", "/api", "/board.py"):
        assert board.ask(path)[0] in (404, 405), path


def test_no_page_makes_elements_of_text():
    for path in Path(server.PAGES).iterdir():
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|\beval\b|Function\(|setTimeout\(['\"]|\son\w+=|srcdoc|style=", text), path.name
        assert not re.search(r"https?://(?!\))[\w.]+\.\w", text), path.name  # everything comes from the board itself


def test_there_is_an_end_to_connections_and_pages(board, monkeypatch):
    monkeypatch.setattr(server, "SCREENS", 2)
    monkeypatch.setattr(doors, "CONNECTIONS", 20)

    async def main():
        async with opened(board.port), opened(board.port), opened(board.port) as third:
            return await asyncio.wait_for(third.told.get(), 3)
    assert asyncio.run(main()) is None
    ways = [socket.create_connection(("127.0.0.1", board.port), timeout=5) for _ in range(40)]
    try:
        ways[-1].settimeout(3)
        assert ways[-1].recv(10) == b""
    finally:
        for way in ways:
            way.close()
