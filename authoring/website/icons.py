"""The theme's symbols as a few rules of CSS. It brings a script of 1.5 MB with every symbol that there is, and the pages show a dozen."""
from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import quote

__all__ = ["lighten", "rules"]

USED = re.compile(r"\bfa-(?:solid|regular) (fa-[a-z-]+)")
SCRIPT = re.compile(r"<script[^>]*/fontawesome\.js[^>]*></script>\s*")
FONT = re.compile(r"@font-face\{[^}]*/fontawesome/[^}]*\}")
FOR_ALL = """
/* Symbols of Font Awesome Free (fontawesome.com), CC BY 4.0 */
.fa-solid::before { content: "" !important; display: inline-block; width: var(--wide, 1em); height: 1em; vertical-align: -.125em;
  background: currentcolor; -webkit-mask: var(--symbol) center / contain no-repeat; mask: var(--symbol) center / contain no-repeat; }
"""


def rules(script: str, names: set[str]) -> str:
    """The style of the symbols of these names ("fa-bars"); ValueError for one that the script does not have."""
    made = [FOR_ALL]
    for name in sorted(names):
        found = re.search(rf'[{{,]"?{re.escape(name.removeprefix("fa-"))}"?:\[(\d+),(\d+),\[[^\]]*\],"[0-9a-f]+","([^"]+)"\]', script)
        if not found:
            raise ValueError(f"names={name!r}: the theme's script has no such symbol")
        wide, tall, path = found.groups()
        drawn = quote(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {tall}"><path d="{path}"/></svg>', safe=" =/:<>'")
        made.append(f'.{name} {{ --wide: {int(wide) / int(tall):.4g}em; --symbol: url("data:image/svg+xml,{drawn}"); }}\n')
    return "".join(made)


def lighten(site: Path) -> None:
    """Put the symbols that the pages use into the pages' own style, and take the theme's script and its fonts away."""
    for left in (site / "_static").glob("*-macros.html"):  # pieces of the theme's own templates
        left.unlink()
    pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    script = site / "_static" / "scripts" / "fontawesome.js"
    theirs = [path.read_text(encoding="utf-8") for path in script.parent.glob("*.js") if path != script]
    style = site / "_static" / "course.css"
    used = {name for text in [*pages.values(), *theirs] for name in USED.findall(text)}
    style.write_text(style.read_text(encoding="utf-8") + rules(script.read_text(encoding="utf-8"), used), encoding="utf-8", newline="\n")
    for path, text in pages.items():
        path.write_text(SCRIPT.sub("", text), encoding="utf-8", newline="\n")
    for path in (site / "_static" / "styles").glob("*.css"):
        path.write_text(FONT.sub("", path.read_text(encoding="utf-8")), encoding="utf-8", newline="\n")
    for old in [*script.parent.glob("fontawesome.js*"), *(site / "_static" / "vendor" / "fontawesome").rglob("*.*")]:
        old.unlink()
