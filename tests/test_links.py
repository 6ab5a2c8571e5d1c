"""Every relative link of the notebooks and the README leads somewhere, down to the heading."""
from __future__ import annotations

import re
from decimal import Decimal
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
def test_links_are_written_so_that_the_site_follows_them(page):
    assert not any("<a href" in re.sub(r"`[^`]*`", "", text) for text in prose(page)), "write [words](place): the site turns only these into its own"


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
NAMES = {"lr", "step", "exp_avg", "exp_avg_sq"}  # in code's letters, and not to be run
SUM = re.compile(r"`(?P<code>[^`\n]+)`(?: gives|, which is) (?P<value>-?\d(?:[\d.e-]*\d)?)")


def glossary() -> list[dict[str, str]]:
    """The entries of the glossary, in order: term, says, example, number, page."""
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
        lines = entry["says"].splitlines()
        assert len(lines) == 2, f"{entry['term']}: two sentences, one a line"
        assert not [line for line in lines if not line.endswith(".") or re.search(r"[a-z]\. [A-Z]", line)], f"{entry['term']}: two sentences, one a line"
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


def tolerance(value: str) -> float:
    """Half a unit of the last digit given, and never more than two thousandths of the number."""
    number = Decimal(value)
    return min(0.51 * 10.0 ** int(number.as_tuple().exponent), 2e-3 * abs(float(number)) + 1e-12)


@pytest.mark.parametrize("entry", glossary(), ids=lambda entry: entry["term"])
def test_an_example_runs_line_by_line_after_the_cells_at_the_top_and_gives_the_number_beside_it(entry, spaces):
    space = spaces[bool(TORCH.search(" ".join(re.findall(r"`[^`\n]+`", entry["example"]))))].copy()
    for code in re.finditer(r"`([^`\n]+)`", entry["example"]):
        said = SUM.match(entry["example"], code.start())
        if said:
            assert float(eval(code[1], space)) == pytest.approx(float(said["value"]), abs=tolerance(said["value"]), rel=0), code[1]
        elif code[1] not in NAMES:
            exec(compile(code[1], entry["term"], "exec"), space)


def test_numpys_cell_needs_no_torch_and_the_rest_is_short():
    assert not TORCH.search(CODES[0])
    assert TORCH.search(CODES[1])
    assert len(CODES) == 3


def test_what_stands_under_another_name_is_there():
    """The entry to which a row leads has the first of the row's words, or one that shows it."""
    text = (lessons.LESSONS / "glossary.py").read_text(encoding="utf-8")
    rows = re.findall(r"^# \| (?P<asked>(?!\*\*)[^|]+) \| (?P<there>.*\]\]) \|$", text, flags=re.MULTILINE)
    entries = {entry["term"].lower(): entry for entry in glossary()}
    assert len(rows) > 6
    assert [asked for asked, _ in rows] == sorted((asked for asked, _ in rows), key=lambda asked: asked.lower().strip("`"))
    for asked, there in rows:
        assert asked.split(",")[0].lower() not in entries, asked
        for name in re.findall(r"\[\[([^]]+)\]\]", there):
            told = entries[name.lower()]["says"] + entries[name.lower()]["example"]
            assert re.search(SHOWN_BY.get(asked, re.escape(asked.split(",")[0].split(" of ")[0].strip("`"))), told, flags=re.IGNORECASE), (asked, name)


SHOWN_BY = {"`beta1`": r"\\beta_1", "`beta2`": r"\\beta_2", "floor of a loss under noise": "level around which the loss settles",
            "memory in bytes, of a training": r"bytes|\bMB\b"}


def test_most_examples_can_be_computed():
    assert sum(bool(SUM.search(entry["example"])) for entry in glossary()) > 0.8 * len(glossary())


NOT_PROSE = re.compile(r"```.*?```|<details>.*?</details>|^\| \d+\. [^\n]*$|`[^`\n]*`|\$\$.*?\$\$|\$[^$\n]*\$|^#+ [^\n]*$|[Ff]rom memory", flags=re.DOTALL | re.MULTILINE)

EVERYDAY = {"Memory": "lesson 7 begins by giving a walker a memory, in the everyday sense", "AMSGrad": "a name in a sentence that explains it",
            "Mini-batch": "lesson 0 says batch"}
MEANT = {"Batch size": r"batch size|mini-batch", "Cross-entropy": "cross_entropy|cross-entropy", "Gradient clipping": "clipping", "Mini-batch": r"\bbatch",
         "Nesterov momentum": "Nesterov", "Optimizer state": r"optimizer's state|AdamW's state", "Precision": "decimal digits", "Tuning": r"\btuned?\b"}


@pytest.mark.parametrize("entry", glossary(), ids=lambda entry: entry["term"])
def test_the_lesson_that_an_entry_names_has_its_word(entry):
    text = "\n".join(cell.source for cell in lessons.cells(lessons.LESSONS / f"{entry['page']}.py", solution=True))
    assert re.search(MEANT.get(entry["term"], re.escape(entry["term"])), text, flags=re.IGNORECASE), entry["page"]


def test_nearly_every_entry_is_linked_from_a_lesson():
    pages = [source for source in lessons.sources() if source.stem != "glossary"]
    text = "\n".join(cell.source for source in pages for cell in lessons.cells(source, solution=True) if cell.cell_type == "markdown")
    linked = {(entry or shown).lower() for shown, entry in re.findall(r"\[\[([^]|]+)(?:\|([^]|]+))?\]\]", text)}
    lost = [entry["term"] for entry in glossary() if entry["term"].lower() not in linked]
    assert len(lost) <= UNLINKED, lost


UNLINKED = 0  # this many wait for a link from a lesson, and never more


@pytest.mark.parametrize("entry", [entry for entry in glossary() if entry["term"] not in EVERYDAY], ids=lambda entry: entry["term"])
def test_in_the_lesson_that_teaches_a_word_its_first_use_is_a_link(entry):
    """In running prose and tables; a link does not work in a fold. A lesson that has the word in its title is about nothing else."""
    source = lessons.LESSONS / f"{entry['page']}.py"
    text = "\n\n".join(cell.source for cell in lessons.cells(source, solution=False) if cell.cell_type == "markdown")
    term = re.escape(entry["term"])
    first = re.search(rf"(\[\[[^\]]*?{term}\]\])|(?<![\w\[|-]){term}(?:s|es)?(?![\w-])", NOT_PROSE.sub(" ", text), flags=re.IGNORECASE)
    in_title = re.search(rf"^# .*{term}\b", text, flags=re.MULTILINE | re.IGNORECASE)
    assert first is None or first[1] or in_title, f"{entry['page']} uses {first[0]!r} before it links it: ...{first.string[max(0, first.start() - 60):first.end()]}"


def test_the_list_at_the_head_of_the_glossary_has_every_word_under_its_letter():
    text = (lessons.LESSONS / "glossary.py").read_text(encoding="utf-8")
    listed = [(letter, word) for letter, row in re.findall(r"^# \| \*\*(.)\*\* \| (.+) \|$", text, flags=re.MULTILINE)
              for word in re.findall(r"\[\[(.+?)\]\]", row)]
    words = re.findall(r"^# ### (.+)$", text, flags=re.MULTILINE)
    assert listed == [(word[0].upper(), word) for word in words]
