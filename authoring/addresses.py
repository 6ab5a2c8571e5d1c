"""What the project's files say once it has an address on GitHub: pyproject.toml, CITATION.cff, and the README's lines.

Each function takes a text and the address (owner/name, empty for none) and returns the text with it: the same, however often it is done.
"""
from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["FILES", "in_citation", "in_project", "in_readme", "site_of"]

BEGIN, END = "<!-- address: written by make publish -->\n", "<!-- end of address -->\n"
LINES = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", flags=re.DOTALL)


def site_of(address: str) -> str:
    """Where GitHub Pages shows what the project publishes, with a slash at the end.

    >>> site_of("Someone/course"), site_of("someone/someone.github.io")
    ('https://someone.github.io/course/', 'https://someone.github.io/')
    """
    owner, name = address.split("/")
    home = f"https://{owner.lower()}.github.io/"
    return home if name.lower() == f"{owner.lower()}.github.io" else f"{home}{name}/"


def in_project(text: str, address: str) -> str:
    """pyproject.toml with the project's addresses."""
    text = re.sub(r"\n\[project\.urls\]\n(?:[^\[\n].*\n)*", "", text)
    urls = f'\n[project.urls]\nRepository = "https://github.com/{address}"\nDocumentation = "{site_of(address)}"\n' if address else ""
    return text.replace("\n[project.optional-dependencies]", f"{urls}\n[project.optional-dependencies]", 1)


def in_citation(text: str, address: str) -> str:
    """CITATION.cff with the project's addresses, before its keywords."""
    text = re.sub(r"^(?:repository-code|url): .*\n", "", text, flags=re.MULTILINE)
    lines = f'repository-code: "https://github.com/{address}"\nurl: "{site_of(address)}"\n' if address else ""
    return text.replace("keywords:\n", f"{lines}keywords:\n", 1)


def in_readme(text: str, address: str) -> str:
    """The README with the lines between its two marks: badges of the workflows, and where the course is read and run."""
    github, site = f"https://github.com/{address}", site_of(address) if address else ""
    badges = " ".join(f"[![{name}]({github}/actions/workflows/{name.lower()}.yml/badge.svg)]({github}/actions/workflows/{name.lower()}.yml)"
                      for name in ("Check", "Pages", "Colab"))
    colab = f"https://colab.research.google.com/github/{address}/blob/main/notebooks/00_start_here.ipynb"
    lines = (f"{badges}\n\n**[Read and play]({site})** · **[Run in your browser]({site}lite/)** · **[Open in Colab]({colab})**\n"
             if address else "")
    if len(LINES.findall(text)) != 1:
        raise ValueError(f"README.md: it needs the two lines {BEGIN.strip()} and {END.strip()} once, the address goes between them")
    return LINES.sub(lambda _: f"{BEGIN}{lines}{END}", text)


FILES: dict[str, Callable[[str, str], str]] = {"pyproject.toml": in_project, "CITATION.cff": in_citation, "README.md": in_readme}
