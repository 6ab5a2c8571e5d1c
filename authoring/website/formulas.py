"""MathJax as one file: its letters stand within it, because a browser may refuse fonts to a page on a disk."""
from __future__ import annotations

import re
import shutil
from base64 import b64encode
from pathlib import Path

__all__ = ["carry"]

LETTERS = re.compile(r'url\("%%URL%%/(MathJax_(?:Zero|Main-Regular|Main-Bold|Math-Italic|Size\d-Regular)\.woff)"\)')
FONTS = Path("output/chtml/fonts/woff-v2")


def carry(mathjax: Path, to: Path) -> None:
    """Write `formulas.js` into a folder, with the letters that the course uses in it; the rare ones stand beside it."""
    def within(found: re.Match[str]) -> str:
        return f"url(data:font/woff;base64,{b64encode((mathjax / FONTS / found[1]).read_bytes()).decode('ascii')})"

    script = LETTERS.sub(within, (mathjax / "tex-chtml.js").read_text(encoding="utf-8"))
    to.mkdir(parents=True, exist_ok=True)
    (to / "formulas.js").write_text(script, encoding="utf-8", newline="\n")
    shutil.copytree(mathjax / FONTS, to / FONTS, dirs_exist_ok=True)
