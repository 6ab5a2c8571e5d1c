"""What `make site` and `make deck` have built."""
from __future__ import annotations

import lab

SITE = lab.ROOT / "site"
PAGES = sorted(SITE.rglob("*.html"))
