"""`%join` in a notebook on the hub: joins the room's board under the name of the login, so that nobody types an address or a code.

It is IPython's extension of every kernel here, and tells the board nothing until somebody runs it.
"""
from __future__ import annotations

import os
from typing import Any

__all__ = ["load_ipython_extension"]


def _join(line: str) -> None:
    """Join the board; %join Ada joins under another nickname."""
    import lessonlib

    lessonlib.join(os.environ["HUB_BOARD"], os.environ["HUB_CODE"], line.strip() or os.environ.get("JUPYTERHUB_USER", "guest"))


def load_ipython_extension(shell: Any) -> None:
    """Add the command."""
    shell.register_magic_function(_join, magic_name="join")
