"""Links as a source writes them, and as a notebook needs them.

A source links relatively, as its student's notebook needs it. `[[gradient]]` leads to the glossary's entry of that name, whatever its
case; `[[words to be shown|entry]]` shows other words. In code, between backticks, nothing is a link.
"""
from __future__ import annotations

import difflib
import posixpath
import re
from collections.abc import Callable, Iterable

__all__ = ["CODE", "BuildError", "linked", "moved"]

CODE = r"(?P<code>```.*?```|`[^`\n]*`)"
LINK = re.compile(CODE + r"|\]\((?!\w+:|[#/])(?P<path>[^)#\s]+)", flags=re.DOTALL)  # of a relative link, the file
WORD = re.compile(CODE + r"|\[\[(?P<shown>[^\[\]|]+)(?:\|(?P<entry>[^\[\]|]+))?\]\]", flags=re.DOTALL)


class BuildError(Exception):
    """A lesson that cannot be built; the text says which cell and why."""


def linked(text: str, entries: Iterable[str], glossary: str) -> str:
    """The text with its `[[...]]` as links to entries of the page `glossary`; BuildError where no entry has that name."""
    names = {entry.lower(): entry for entry in entries}

    def link(word: re.Match[str]) -> str:
        if word["code"]:
            return word[0]
        asked = " ".join((word["entry"] or word["shown"]).lower().split())
        if asked not in names:
            near = [names[name] for name in difflib.get_close_matches(asked, names, n=3, cutoff=0.0)]
            raise BuildError(f"{word[0]}: the glossary has no such entry; nearest: {', '.join(near) or 'none, it is empty'}")
        return f"[{word['shown']}]({glossary}#{names[asked].replace(' ', '-')})"

    return WORD.sub(link, text)


def moved(text: str, written: str, page: str, becomes: Callable[[str], str]) -> str:
    """The text of the page `written` with its relative links as they are from `page`.

    `becomes` gives for a file the one to lead to instead. All three are paths as seen from the folder of the notebooks.
    """
    def link(found: re.Match[str]) -> str:
        if found["code"]:
            return found[0]
        file = posixpath.normpath(posixpath.join(posixpath.dirname(written), found["path"]))
        return f"]({posixpath.relpath(becomes(file), posixpath.dirname(page) or '.')}"

    return LINK.sub(link, text)
