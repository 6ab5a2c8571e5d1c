"""A table of a few numbers: HTML in a notebook, aligned columns elsewhere."""
from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

__all__ = ["Table", "table"]

NUMBER = re.compile(r"[-+−]?[\d.,]*\d(?:e[-+]?\d+)?(?:\D{0,4})")  # "1,000", "3e-08", "12 %", "0.03 lr"


@dataclass(frozen=True)
class Table:
    """What `table` returns: the texts of all cells, the first of a row its name. A cell shows it at its end, `print` anywhere."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    caption: str = ""

    def _right(self) -> list[bool]:
        """Which columns hold numbers, and are aligned on the right: those with a number in them."""
        return [any(NUMBER.fullmatch(row[i]) for row in self.rows) for i in range(len(self.header))]

    def __repr__(self) -> str:
        widths = [max(map(len, column)) for column in zip(self.header, *self.rows, strict=True)]
        lines = [[text.rjust(width) if right else text.ljust(width) for text, width, right in zip(row, widths, self._right(), strict=True)]
                 for row in (self.header, *self.rows)]
        return "\n".join([*[self.caption] * bool(self.caption), *("  ".join(line).rstrip() for line in lines)])

    def _repr_html_(self) -> str:
        sides = ["right" if right else "left" for right in self._right()]

        def line(texts: Sequence[str], first: str, others: str) -> str:
            kinds = [first, *[others] * (len(texts) - 1)]
            return "<tr>" + "".join(f'<{kind} style="text-align: {side}">{escape(text)}</{kind[:2]}>'
                                    for text, kind, side in zip(texts, kinds, sides, strict=True)) + "</tr>\n"

        caption = f"<caption>{escape(self.caption)}</caption>\n" if self.caption else ""
        head = line(self.header, 'th scope="col"', 'th scope="col"')
        body = "".join(line(row, 'th scope="row"', "td") for row in self.rows)
        return f"<table>\n{caption}<thead>\n{head}</thead>\n<tbody>\n{body}</tbody>\n</table>"


def table(header: Sequence[str], rows: Iterable[Sequence[Any]], formats: str | Sequence[str] = "", *, caption: str = "") -> Table:
    """A table with this header, one name a column, and these rows, each as long; the first column names the row.

    `formats` says how numbers are written: one format for all columns, or one for each. A text stands as it is, so that a column of
    numbers may also say "none". Raises ValueError for a row or formats of another length than the header, and for a format
    that does not fit a number.

    >>> table(["optimizer", "steps", "loss"], [["sgd", 1200, 0.25], ["adam", 90, 1e-9], ["none", "-", 1]], ["", ",", ".1e"])
    optimizer  steps     loss
    sgd        1,200  2.5e-01
    adam          90  1.0e-09
    none           -  1.0e+00
    """
    columns = [formats] * len(header) if isinstance(formats, str) else list(formats)
    if len(columns) != len(header):
        raise ValueError(f"formats has {len(columns)} formats for {len(header)} columns: give one for all, or one for each")
    texts = []
    for number, row in enumerate(rows):
        if len(row) != len(header):
            raise ValueError(f"row {number} of rows has {len(row)} cells for {len(header)} columns: {tuple(row)!r}")
        texts.append(tuple(_text(value, spec, name) for value, spec, name in zip(row, columns, header, strict=True)))
    return Table(tuple(header), tuple(texts), caption)


def _text(value: Any, spec: str, name: str) -> str:
    """A cell's text; texts and truths are written without the format."""
    if isinstance(value, (str, bool, np.bool_)):
        return str(value)
    try:
        return format(value, spec)
    except (ValueError, TypeError) as error:
        raise ValueError(f"formats: {spec!r} does not fit {value!r} in column {name!r}: {error}") from None
