"""Open a room: `python -m lessonlib.board` prints an address and a code of four words, and opens the page to project.

Only this machine reaches it unless --lan is given. Ctrl-C ends the room, and then nothing of it is left but what --save wrote. A board that
was killed opens the same room again when it is started again, and everybody's kernel sends what it had not been told.
"""
from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import socket
import sys
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, TextIO

from lessonlib.board.invitation import address_of, invitation, told
from lessonlib.board.keys import Codes, forget, kept, new_codes, plain
from lessonlib.board.room import Room

__all__ = ["arguments", "codes_for", "main", "saver"]


def arguments(given: list[str] | None = None) -> argparse.Namespace:
    """Return what was asked for on the command line."""
    parser = argparse.ArgumentParser(prog="python -m lessonlib.board", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--lan", action="store_true", help="let other machines of this network reach it; what they send is not encrypted")
    parser.add_argument("--port", type=int, default=8877, help="8877 if not given")
    parser.add_argument("--save", type=Path, metavar="FILE", help="write what happens as JSON lines, a number in place of each nickname")
    parser.add_argument("--code", help="the room's four words; by chance if not given")
    parser.add_argument("--no-browser", action="store_true", help="open no page")
    parser.add_argument("--prefix", default="/", help="where a proxy puts it, such as /services/board/")
    parser.add_argument("--name", action="append", default=[], metavar="HOST", help="a name under which a proxy is reached")
    parser.add_argument("--address", metavar="URL", help="what everybody types behind a proxy, in place of this machine's address and port")
    asked = parser.parse_args(given)
    if asked.code is not None and plain(asked.code).count("-") != 3:
        parser.error(f"--code {asked.code!r}: four words of the letters a to z, such as amber-river-cobalt-owl")
    return asked


def codes_for(asked: argparse.Namespace) -> tuple[Codes, bool]:
    """Return the codes of the room, and whether it is one that never ended."""
    old = kept(asked.port)
    goes_on = old is not None and asked.code is None
    codes = old or new_codes()
    return (codes if asked.code is None else codes._replace(room=plain(asked.code))), goes_on


def saver(file: TextIO) -> Callable[[dict[str, Any]], None]:
    """Return what writes a line; a disk that is full ends no room."""
    def save(line: dict[str, Any]) -> None:
        try:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            file.flush()
        except OSError as trouble:
            print(f"Not saved: {trouble.strerror or trouble} ({file.name}). The room goes on.", file=sys.stderr)

    return save


async def _run(asked: argparse.Namespace, codes: Codes, goes_on: bool, file: TextIO | None) -> None:
    from lessonlib.board.doors import Doors
    from lessonlib.board.server import application, serve  # tornado, which Jupyter brings

    for name in ("tornado.general", "tornado.access"):  # one line for each piece of nonsense would fill the terminal
        logging.getLogger(name).setLevel(logging.CRITICAL)

    room, doors = Room(keep=saver(file) if file else None), Doors(codes)
    address = asked.address or address_of(asked.port, asked.prefix, lan=asked.lan)
    app = application(room, doors, prefix=asked.prefix, names=tuple(asked.name), invitation=invitation(address, codes.room))
    stop = serve(app, asked.port, "0.0.0.0" if asked.lan else "127.0.0.1")
    kept(asked.port, codes)
    here = address_of(asked.port, asked.prefix, lan=False)
    print(told(address, here, codes, lan=asked.lan, goes_on=goes_on, save=asked.save), flush=True)
    if not asked.no_browser:
        await asyncio.to_thread(webbrowser.open, f"{here}board#{doors.ticket()}")
    try:
        await asyncio.Event().wait()
    finally:
        stop()


def main(given: list[str] | None = None) -> int:
    """Open a room and keep it open until Ctrl-C."""
    asked = arguments(given)
    codes, goes_on = codes_for(asked)
    try:
        file = open(os.open(asked.save, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "a", encoding="utf-8") if asked.save else None  # noqa: SIM115
    except OSError as trouble:
        print(f"--save {asked.save}: {trouble.strerror or trouble}", file=sys.stderr)
        return 2
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(_run(asked, codes, goes_on, file))
    except ModuleNotFoundError as missing:
        print(f"{missing.name} is not installed; it comes with Jupyter: pip install tornado", file=sys.stderr)
        return 2
    except (OSError, socket.gaierror) as trouble:
        print(f"--port {asked.port}: {trouble.strerror or trouble}. Is a board open there? Take another: --port {asked.port + 1}",
              file=sys.stderr)
        return 2
    finally:
        if file:
            file.close()
    forget(asked.port)
    print(f"\nThe room is over, and nothing of it is kept{f' but {asked.save}' if asked.save else ''}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
