"""One sentence a line: prose as the sources write it, so that a change of one sentence shows as one line."""
from __future__ import annotations

import re

__all__ = ["reflowed", "sentences"]

WHOLE = re.compile(r"`[^`]*`|\$[^$]+\$|\{\{.*?\}\}|\[\[.*?\]\]|\[[^\]]*\]\([^)]*\)|<[^>]*>")  # nothing in there ends a sentence
END = re.compile(r"[.!?][\"')*\]_]*(?P<gap> )(?=[A-Z0-9*\[(\"$`{])")
SHORT = re.compile(r"(?:\b(?:e\.g|i\.e|vs|al|cf|etc|resp|approx|Fig|Figs|Eq|Sec|Ch|Dr|No|pp?|Comput|Math|Phys)"
                   r"|(?:^|[&,(]|\band|\bby|\b[A-Z]\.) ?[A-Z])\.$")
ITEM = re.compile(r" *(?:\d+[.)]|[-+*]) +")
BLOCK = re.compile(r"\d+[.)] |[-+*] |#|>|\||\$\$|<")  # what would be no prose at the beginning of a line


def sentences(text: str) -> list[str]:
    """A paragraph's sentences. A point within mathematics, code, a blank or a link ends none, nor does that of "e.g." or an initial."""
    text = " ".join(text.split())
    masked = WHOLE.sub(lambda whole: whole[0][0] + "x" * (len(whole[0]) - 2) + whole[0][-1], text)
    found, begin = [], 0
    for end in END.finditer(masked):
        if not SHORT.search(masked[begin:end.start() + 1]) and not BLOCK.match(text[end.end():]):
            found.append(text[begin:end.start("gap")])
            begin = end.end()
    return [*found, text[begin:]]


def reflowed(text: str) -> str:
    """A markdown cell with one sentence a line, those of an item below each other; tables, headings, fences, `$$` and HTML stay."""
    done: list[str] = []
    prose: list[str] = []
    closing = ""  # what ends the block that we are in
    for line in [*text.splitlines(), ""]:
        mark = next((mark for mark in ("```", "$$") if line.strip().startswith(mark)), "")
        aside = closing or mark or not line.strip() or line.lstrip()[0] in "|#<>"
        if prose and (aside or ITEM.match(line)):
            done += _paragraph(prose)
            prose = []
        (done if aside else prose).append(line)
        if closing:
            closing = "" if line.strip().endswith(closing) else closing
        elif mark and not (mark == "$$" and line.strip()[2:].endswith("$$")):
            closing = mark
    return "\n".join(done[:-1])


def _paragraph(lines: list[str]) -> list[str]:
    """The lines of a paragraph or of a list's item, one sentence each."""
    item = ITEM.match(lines[0])
    lead = item[0] if item else ""
    first, *others = sentences(" ".join([lines[0][len(lead):], *lines[1:]]))
    return [lead + first, *(" " * len(lead) + sentence for sentence in others)]
