"""A room code in place of accounts: JupyterHub's own shared password, with names made safe and the code read as people type it."""
from __future__ import annotations

from typing import Any

from jupyterhub.authenticators.shared import SharedPasswordAuthenticator
from names import plain_code, safe_name

__all__ = ["RoomCode"]


class RoomCode(SharedPasswordAuthenticator):
    """Whoever knows the room's four words comes in, under any name that is not the instructor's."""

    def normalize_username(self, username: str) -> str:
        """Return the name as a folder's name; an empty one, which is let in nowhere, where nothing is left of it."""
        try:
            return safe_name(username)
        except ValueError:
            return ""

    async def authenticate(self, handler: Any, data: dict[str, str]) -> Any:
        """Let in, or not. The instructor's key is compared as it was typed."""
        name = self.normalize_username(data["username"])
        if not name:
            return None
        code = data["password"].strip() if name in self.admin_users else plain_code(data["password"])
        return await super().authenticate(handler, {"username": name, "password": code})
