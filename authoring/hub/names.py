"""What a person types at the door: a name becomes a folder's name, a room code is compared as the board compares it."""
from __future__ import annotations

import hashlib
import re
import unicodedata

__all__ = ["LONGEST", "plain_code", "safe_name"]

LONGEST = 32
LATIN = str.maketrans({"ø": "o", "æ": "ae", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"})


def safe_name(typed: str) -> str:
    """Return a name of the letters a to z, digits and hyphens, which is the same each time that somebody types it.

    A name in another script becomes "guest-" with a number made from it. Raises ValueError for a name without any letter or digit.

    >>> safe_name(" Zoë O'Hara "), safe_name("../../etc"), safe_name("李娜")
    ('zoe-o-hara', 'etc', 'guest-6e9c21fa')
    """
    typed = unicodedata.normalize("NFKC", str(typed)[:200]).strip().casefold().translate(LATIN)
    if not any(letter.isalnum() for letter in typed):
        raise ValueError(f"name={typed!r}: type a name with letters or digits, such as Ada")
    latin = unicodedata.normalize("NFKD", typed).encode("ascii", "ignore").decode()
    if any(letter.isalnum() and not unicodedata.normalize("NFKD", letter)[0].isascii() for letter in typed):
        return f"guest-{hashlib.sha256(typed.encode()).hexdigest()[:8]}"
    name = re.sub(r"[^a-z0-9]+", "-", latin).strip("-")
    return name[:LONGEST].strip("-")


def plain_code(typed: str) -> str:
    """Return a room code in small letters, a hyphen between its words.

    >>> plain_code("Amber river, cobalt owl ")
    'amber-river-cobalt-owl'
    """
    return "-".join(re.findall(r"[a-z]+", str(typed)[:200].lower()))
