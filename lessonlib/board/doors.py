"""Who is let in, and to what: the room's code looks on, the instructor's sees nicknames and chooses, a ticket is good once.

And how many connections there may be at all.
"""
from __future__ import annotations

import hashlib
import hmac
import secrets
import time
import weakref
from collections import OrderedDict
from typing import Any

from tornado.httpserver import HTTPServer
from tornado.iostream import IOStream

from lessonlib.board.keys import Codes, same
from lessonlib.board.room import Bucket, Refused

__all__ = ["CONNECTIONS", "Doors", "Server"]

CONNECTIONS = 900


class Doors:
    """Who is let in with what; whoever gives wrong codes without end is not listened to for a while."""

    def __init__(self, codes: Codes) -> None:
        self.codes, self.refused = codes, 0
        self.session = hmac.new(codes.key.encode(), b"the page to project", hashlib.sha256).hexdigest()
        self._tickets: dict[str, float] = {}
        self._wrong: OrderedDict[str, Bucket] = OrderedDict()  # address -> how many wrong codes it has left

    def ticket(self, seconds: float = 120.0) -> str:
        """Return a code that opens the page to project, once, within this time."""
        made = secrets.token_urlsafe(18)
        self._tickets[made] = time.monotonic() + seconds
        return made

    def role(self, given: object, address: str) -> str:
        """Return "room", "project" or "instructor"; Refused for a code that is none."""
        wrong = self._wrong.get(address)
        if wrong is not None and wrong.left + (time.monotonic() - wrong.at) * wrong.rate < 1:
            raise Refused(429, "too many wrong codes from this address: wait a minute")
        if same(given, self.codes.room):
            return "room"
        if same(given, self.codes.key):
            return "instructor"
        for ticket, end in list(self._tickets.items()):
            if hmac.compare_digest(str(given).encode(), ticket.encode()) and time.monotonic() < end:
                del self._tickets[ticket]
                return "project"
        if hmac.compare_digest(str(given).encode(), self.session.encode()):
            return "project"
        self.refused += 1
        self._wrong.setdefault(address, Bucket(30, 0.5)).take()
        self._wrong.move_to_end(address)
        while len(self._wrong) > 1000:
            self._wrong.popitem(last=False)
        raise Refused(403, "not the code of this room")


class Server(HTTPServer):
    """tornado's server, with an end to how many connections there may be."""

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """As tornado's."""
        super().initialize(*args, **kwargs)
        self._streams: weakref.WeakSet[IOStream] = weakref.WeakSet()

    def handle_stream(self, stream: IOStream, address: tuple[Any, ...]) -> None:
        """Take a connection, or close it at once."""
        if sum(not each.closed() for each in self._streams) >= CONNECTIONS:
            stream.close()
            return
        self._streams.add(stream)
        super().handle_stream(stream, address)
