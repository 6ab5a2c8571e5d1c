"""Tables: what each column says, how it is aligned, what a screen reader is told, what is refused."""
from __future__ import annotations

from html.parser import HTMLParser

import numpy as np
import pytest

from lessonlib.lessons.tables import table


class Reader(HTMLParser):
    """Collects (tag, scope, style, text) of every cell."""

    def __init__(self, text):
        super().__init__()
        self.cells, self.open = [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.open.append(tag)
        if tag in ("th", "td"):
            found = dict(attrs)
            self.cells.append([tag, found.get("scope"), found["style"], ""])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] in ("th", "td"):
            self.cells[-1][3] += data


def test_the_first_line_and_the_first_column_name_the_others():
    found = Reader(table(["rule", "loss"], [["sgd", 0.25], ["<b>", 1]], ["", ".1f"], caption="a & b")._repr_html_())
    left, right = "text-align: left", "text-align: right"
    assert found.open == []
    assert found.cells == [["th", "col", left, "rule"], ["th", "col", right, "loss"], ["th", "row", left, "sgd"], ["td", None, right, "0.2"],
                           ["th", "row", left, "<b>"], ["td", None, right, "1.0"]]


@pytest.mark.parametrize(("value", "spec", "text"), [
    (0.5, ".2f", "0.50"), (np.float64(0.5), ".2f", "0.50"), (np.float32(0.1), "g", "0.1"), (1234567, ",", "1,234,567"), (np.int64(3), "", "3"),
    ("none", ".2f", "none"), (True, ".2f", "True"), (np.True_, ".2f", "True"), (0.999, ".0%", "100%"), (1e-9, ".1e", "1.0e-09"), ("", ".2f", "")])
def test_a_number_is_formatted_and_a_text_stands_as_it_is(value, spec, text):
    assert table(["a"], [[value]], spec).rows == table(["a"], [[value]], [spec]).rows == ((text,),)


@pytest.mark.parametrize(("cells", "right"), [
    (["1", "20"], True), (["none", "1,000"], True), (["-3e-08", "1"], True), (["12 %", "x"], True), (["0.03 lr"], True), (["float32", "bfloat16"], False),
    (["beta 0.9"], False), (["3 of 4 runs"], False), ([], False), ([True, False], False)])
def test_a_column_with_a_number_is_aligned_on_the_right(cells, right):
    made = table(["a wide header", "b"], [[cell, "x"] for cell in cells])
    assert str(made).startswith("a wide header  b")
    assert all(line.startswith(" ") == right for line in str(made).splitlines()[1:])
    assert made._repr_html_().count("right") == right * (1 + len(cells))


def test_the_plain_text_is_what_print_shows():
    made = table(["optimizer", "steps"], [["sgd", 1200], ["adam", 90]], ",", caption="to the goal")
    assert str(made) == repr(made) == "to the goal\noptimizer  steps\nsgd        1,200\nadam          90"


@pytest.mark.parametrize(("rows", "formats", "message"), [
    ([[1, 2, 3]], "", "row 0 of rows has 3 cells for 2 columns"), ([[1, 2]], ["d"], "formats has 1 formats for 2 columns"),
    ([[1, 2.5]], "d", "'d' does not fit 2.5 in column 'b'"), ([["x", None]], ".2f", "'.2f' does not fit None in column 'b'"),
    ([["x", np.ones(2)]], ".2f", "in column 'b'")])
def test_what_fits_no_table_is_refused_with_its_place(rows, formats, message):
    with pytest.raises(ValueError, match=r"formats|rows") as caught:
        table(["a", "b"], rows, formats)
    assert message in str(caught.value)
