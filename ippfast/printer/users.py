"""The users that a file names, with their passwords.

The rule of this file: a line is ``name:password``; empty lines and those that begin with # are passed over. The file
holds secrets, so nobody but its owner may read it, and passwords are compared in constant time.
"""

import hmac
import stat
from pathlib import Path

__all__ = ["Users", "UsersError"]


class UsersError(ValueError):
    """The file cannot be used; the text says why, and shows no password."""


class Users:
    """The users of a file, by name. Raises UsersError, and OSError where it cannot be read."""

    def __init__(self, path: Path) -> None:
        mode = stat.S_IMODE(path.stat().st_mode)
        if mode & 0o077:
            raise UsersError(f"{path} can be read or written by others: chmod 600 {path}")
        self._passwords: dict[str, str] = {}
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if not line.strip() or line.startswith("#"):
                continue
            name, colon, password = line.partition(":")
            if not colon or not name or not password:
                raise UsersError(f"{path}, line {number}: expected name:password")
            if name in self._passwords:
                raise UsersError(f"{path}, line {number}: the user is there already")
            self._passwords[name] = password
        if not self._passwords:
            raise UsersError(f"{path} names no user")

    def __contains__(self, name: object) -> bool:
        return name in self._passwords

    def password_of(self, name: str) -> str | None:
        """A user's password; None where there is no such user."""
        return self._passwords.get(name)

    def check(self, name: str, password: str) -> bool:
        """Whether a user has that password."""
        known = self._passwords.get(name)
        right = hmac.compare_digest((known or "").encode(), password.encode("utf-8", "surrogateescape"))
        return known is not None and right
