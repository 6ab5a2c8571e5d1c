"""Where a sentence ends, and that a reflowed cell is the same text."""
from __future__ import annotations

import pytest
import source as lessons
from sentences import reflowed, sentences


@pytest.mark.parametrize(("text", "count"), [
    ("One. Two? Three! Four", 4), ("Say *one. Two.* Three", 3), ("**Predict first.** In Adam", 2), ("It is so. (Or is it?) Look", 3),
    ("**Predict:** one. `two` is code. $x$ is a number. [a](b) is a link. {{ x }} is a blank", 5), ("one is 0.5 and 1.0 is two", 1),
    ("see e.g. Adam, i.e. `adam`, vs. $x$, Fig. 2, cf. Reddi et al. 2018", 1), ("by D. P. Kingma and J. Ba. They", 2), ("walls of the V. Then", 2),
    ("at $x. Y$ and `a. B` and {{ a[0]. b }} and [A. B](c.d) and [[A. B|c]]", 1), ("in 1, 2, ... steps", 1), ("It takes\nsome\ntime. So wait", 2),
    ("arXiv:1412.6980. The algorithm", 2), ("it is so. 2. then would begin a list", 1), ("Is it? - no list", 1), ("So. 500 steps decide", 2)])
def test_a_sentence_ends_where_a_reader_says(text, count):
    found = sentences(text)
    assert len(found) == count
    assert " ".join(found) == " ".join(text.split())


@pytest.mark.parametrize(("text", "wanted"), [
    ("One. Two\ngoes on.\n\nThree.", "One.\nTwo goes on.\n\nThree."),
    ("- One. Two.\n- Three\n  goes on.\n1. One. Two.", "- One.\n  Two.\n- Three goes on.\n1. One.\n   Two."),
    ("# A. B.\n| a. B. | c |\n|---|---|\nOne. Two.", "# A. B.\n| a. B. | c |\n|---|---|\nOne.\nTwo."),
    ("It is\n$$a. B\nc. D$$\nOne. Two.", "It is\n$$a. B\nc. D$$\nOne.\nTwo."), ("$$\na. B\n$$\nSo. It.", "$$\na. B\n$$\nSo.\nIt."),
    ("```python\nx = 1  # A. B.\n- y\n```\nSo. It.", "```python\nx = 1  # A. B.\n- y\n```\nSo.\nIt."), ("<details>A. B.</details>", "<details>A. B.</details>"),
    ("", "")])
def test_prose_is_reflowed_and_what_has_a_form_of_its_own_is_left(text, wanted):
    assert reflowed(text) == wanted
    assert reflowed(wanted) == wanted


@pytest.mark.parametrize("source", lessons.sources(), ids=lessons.name_of)
def test_reflowing_a_lesson_changes_no_word(source):
    for cell in lessons.cells(source, solution=True):
        if cell.cell_type == "markdown":
            assert reflowed(cell.source).split() == cell.source.split()
