"""Every relative link of the notebooks and the README leads somewhere, down to the heading."""
from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
import source as lessons

PAGES = [lessons.target(source, solution) for source in lessons.sources() for solution in lessons.variants(source)] + [
    lessons.ROOT / "README.md", *sorted((lessons.ROOT / "authoring").glob("*.md"))]
LINK = re.compile(r"\]\((?!\w+:)(?P<path>[^)#\s]*)(?:#(?P<anchor>[^)\s]+))?\)")


def prose(page: Path) -> list[str]:
    """The texts of a page, without blocks of code."""
    if page.suffix == ".md":
        texts = [page.read_text(encoding="utf-8")]
    else:
        texts = [cell.source for cell in nbformat.read(page, as_version=4).cells if cell.cell_type == "markdown"]
    return [re.sub(r"```.*?```", "", text, flags=re.DOTALL) for text in texts]


def anchors(page: Path) -> set[str]:
    """What a link to a heading of a page may end in: JupyterLab's rule, the heading's text with dashes for spaces, case kept."""
    headings = [line for text in prose(page) for line in re.findall(r"^#+ +(.*?) *$", text, flags=re.MULTILINE)]
    return {re.sub(r"\[([^]]*)\]\([^)]*\)|[*`]", r"\1", heading).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(lessons.ROOT).as_posix())
def test_every_relative_link_leads_somewhere(page):
    lost = []
    for text in prose(page):
        for link in LINK.finditer(re.sub(r"`[^`]*`", "", text)):
            there = (page.parent / link["path"]).resolve() if link["path"] else page
            if not there.exists():
                lost.append(f"{link[0]}: no such file")
            elif link["anchor"] and link["anchor"] not in anchors(there):
                lost.append(f"{link[0]}: no such heading")
    assert not lost, lost


ENTRY = re.compile(r"^### (?P<term>[^\n]+)\n\n(?P<says>.+?)\n\n\*Example\.\*\n(?P<example>.+?)\n\n"
                   r"\*\[Lesson (?P<number>\d+)(?:, deeper)?\]\((?P<page>(?:deeper/)?0?(?P=number)_\w+)\.ipynb\)\*$", flags=re.MULTILINE | re.DOTALL)
NAMES = {"lr"}  # in code's letters, and not to be run
SUM = re.compile(r"`(?P<code>[^`\n]+)`(?: gives|, which is) (?P<value>-?\d(?:[\d.e-]*\d)?)")


def glossary() -> list[dict[str, str]]:
    """The entries of the glossary, in order: term, says, example, number."""
    text = "\n\n".join(prose(lessons.NOTEBOOKS / "glossary.ipynb"))
    return [entry.groupdict() for entry in ENTRY.finditer(text)]


def test_every_entry_of_the_glossary_has_its_form():
    headings = [line for text in prose(lessons.NOTEBOOKS / "glossary.ipynb") for line in re.findall(r"^### (.+)$", text, flags=re.MULTILINE)]
    assert [entry["term"] for entry in glossary()] == headings


def test_the_glossary_is_in_order_and_each_term_has_two_sentences_an_example_and_its_lesson():
    terms = [entry["term"] for entry in glossary()]
    assert len(terms) >= 80
    assert terms == sorted(terms, key=str.lower)
    for entry in glossary():
        assert len(entry["says"].splitlines()) == 2, f"{entry['term']}: two sentences, one a line"
        assert re.search(r"`.+`", entry["example"]), f"{entry['term']}: a number or a line of code"
        assert re.fullmatch(r"[A-Z][\w-]*( [a-z]+)*", entry["term"]), f"{entry['term']}: sentence case, no marks, so that the anchor holds everywhere"


CODES = [cell.source for cell in nbformat.read(lessons.NOTEBOOKS / "glossary.ipynb", as_version=4).cells
         if cell.cell_type == "code" and "setup" not in cell.metadata.get("tags", [])]
TORCH = re.compile(r"\b(?:torch|nn|optim|optimizer|model)\b")


@pytest.fixture(scope="module")
def spaces():
    """What the glossary's first cell makes, and what its second makes with it."""
    plain, more = {}, {}
    exec(CODES[0], plain)
    exec(CODES[0] + "\n" + CODES[1], more)
    return plain, more


@pytest.mark.parametrize("entry", glossary(), ids=lambda entry: entry["term"])
def test_an_example_runs_after_the_cells_at_the_top_and_gives_the_number_beside_it(entry, spaces):
    for code in re.findall(r"`([^`\n]+)`", entry["example"]):
        space = spaces[bool(TORCH.search(code))]
        if code not in NAMES:
            exec(compile(code, entry["term"], "exec"), space.copy())
    for found in SUM.finditer(entry["example"]):
        got = float(eval(found["code"], spaces[bool(TORCH.search(found["code"]))]))
        assert got == pytest.approx(float(found["value"]), rel=2e-3, abs=1e-12), found["code"]


def test_numpys_cell_needs_no_torch_and_the_rest_is_short():
    assert not TORCH.search(CODES[0])
    assert TORCH.search(CODES[1])
    assert len(CODES) == 3


def test_what_stands_under_another_name_is_there():
    text = (lessons.LESSONS / "glossary.py").read_text(encoding="utf-8")
    rows = re.findall(r"^# \| (?P<asked>[^|]+) \| (?P<there>.*\]\]) \|$", text, flags=re.MULTILINE)
    terms = {entry["term"].lower() for entry in glossary()}
    assert len(rows) > 6
    for asked, there in rows:
        assert asked.split(",")[0].lower() not in terms, asked
        assert {name.lower() for name in re.findall(r"\[\[([^]]+)\]\]", there)} <= terms


def test_most_examples_can_be_computed():
    assert sum(bool(SUM.search(entry["example"])) for entry in glossary()) > 0.8 * len(glossary())


NOT_PROSE = re.compile(r"```.*?```|<details>.*?</details>|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]*\$|^#+ [^\n]*$|[Ff]rom memory", flags=re.DOTALL | re.MULTILINE)

EVERYDAY = {"Memory": "lesson 7 begins by giving a walker a memory, in the everyday sense", "AMSGrad": "a name in a sentence that explains it"}


@pytest.mark.parametrize("entry", [entry for entry in glossary() if entry["term"] not in EVERYDAY], ids=lambda entry: entry["term"])
def test_in_the_lesson_that_teaches_a_word_its_first_use_is_a_link(entry):
    """In running prose and tables; a link does not work in a fold. A lesson that has the word in its title is about nothing else."""
    source = lessons.LESSONS / f"{entry['page']}.py"
    text = "\n\n".join(cell.source for cell in lessons.cells(source, solution=False) if cell.cell_type == "markdown")
    term = re.escape(entry["term"])
    first = re.search(rf"(\[\[[^\]]*?{term}\]\])|(?<![\w\[|-]){term}(?:s|es)?(?![\w-])", NOT_PROSE.sub(" ", text), flags=re.IGNORECASE)
    in_title = re.search(rf"^# .*{term}\b", text, flags=re.MULTILINE | re.IGNORECASE)
    assert first is None or first[1] or in_title, f"{entry['page']} uses {first[0]!r} before it links it: ...{first.string[max(0, first.start() - 60):first.end()]}"
