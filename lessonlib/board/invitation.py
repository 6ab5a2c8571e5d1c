"""How people find the room: its address, its code, the line to type, and a QR code where segno is installed."""
from __future__ import annotations

import io
import socket
from pathlib import Path
from typing import Any

from lessonlib.board.keys import Codes

__all__ = ["address_of", "invitation", "line", "qr", "told"]


def address_of(port: int, prefix: str = "/", *, lan: bool) -> str:
    """Return where the board is, for other machines of the network or for this one."""
    host = "127.0.0.1"
    if lan:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect(("192.0.2.1", 9))  # sends nothing; the system says from which address it would
                host = probe.getsockname()[0]
            except OSError:  # no network
                host = socket.gethostname()
    return f"http://{host}:{port}/{prefix.strip('/')}/".replace("//", "/").replace("http:/", "http://", 1)


def line(address: str, code: str) -> str:
    """Return what a learner runs in a notebook."""
    return f'import lessonlib; lessonlib.join("{address.rstrip("/")}", "{code}", "your nickname")'


def qr(text: str) -> Any:
    """Return the text as a QR code of segno, or None where that is not installed."""
    try:
        import segno
    except ModuleNotFoundError:
        return None
    return segno.make(text, micro=False)


def invitation(address: str, code: str) -> dict[str, Any]:
    """Return what the page to project says of the way in. qr: a picture as a data address, empty without segno."""
    made = qr(f"{address}#{code}")
    return {"address": address, "code": code, "line": line(address, code), "qr": made.svg_data_uri(scale=4, border=2) if made else ""}


def told(address: str, here: str, codes: Codes, *, lan: bool, goes_on: bool, save: Path | None) -> str:
    """Return what the command prints."""
    made, drawn = qr(f"{address}#{codes.room}"), io.StringIO()
    if made:
        made.terminal(out=drawn, compact=True)
    reach = ("Other machines of this network reach it; nothing is encrypted on the way" if lan else
             "Only this machine reaches it; --lan lets others in")
    keeps = f"Kept, with numbers for nicknames: {save}" if save else "Nothing is kept"
    return "\n".join([
        "The room that was open here goes on." if goes_on else "A new room is open.", "",
        f"  To project    {here}board   (it is opened for you; elsewhere it asks for a code)",
        f"  Only for you  {here}instructor   with the code  {codes.key}",
        f"  For everyone  {address}   with the code  {codes.room}", "",
        f"  {line(address, codes.room)}", "",
        drawn.getvalue() if made else "  (No QR code: pip install segno draws one.)\n",
        f"  {reach}.", f"  {keeps}. Ctrl-C ends the room."])
