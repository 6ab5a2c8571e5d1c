"""The words of the glossary: where each stands, and what is told of it where it is met."""
from __future__ import annotations

import re

__all__ = ["anchor", "entries", "slug"]


def slug(name: str) -> str:
    """A name as a part of an address, "L2 penalty" as "l2-penalty"; the notebooks' own form of it, "L2-penalty", gives the same."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def anchor(name: str) -> str:
    """Where an entry stands on the page of the glossary."""
    return f"word-{slug(name)}"


def entries(glossary: str) -> dict[str, str]:
    """Slug -> what the glossary says of it, its example left out; in the glossary's order.

    >>> entries("## A, B\\n\\n### Basin\\n\\nGood step sizes.\\n\\n*Example.*\\nOne decade.\\n")
    {'basin': 'Good step sizes.'}
    """
    parts = [part.partition("\n") for part in re.split(r"^### ", glossary, flags=re.MULTILINE)[1:]]
    return {slug(name): body.split("*Example.*")[0].strip() for name, _, body in parts}
