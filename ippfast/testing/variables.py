"""The variables of a run of test files: those that were given, those that a file defines, and the parts of the URI.

The rule of this file: ``$name``, ``${name}`` and ``$ENV[name]`` are replaced by their values, and ``$$`` by a dollar
sign. A variable that is not defined is an empty word (an id from a response is 0).
"""

import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

from ippfast.http.uri import parse_uri

from .tree import Condition

__all__ = ["Variables", "about_document"]

_REFERENCE = re.compile(
    r"\$(?:(?P<dollar>\$)|ENV\[(?P<environment>[^\]]*)\]?|\{(?P<braced>[^}]*)\}?|(?P<name>[A-Za-z0-9_-]*))", re.ASCII
)
_UNSEEN = {"job-id": "0", "notify-subscription-id": "0"}
_LONGEST = 1_048_576
_OLD_NAMES = {"method": "scheme", "username": "uriuser"}


_TYPES = {
    ".gif": "image/gif",
    ".htm": "text/html",
    ".html": "text/html",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".pcl": "application/vnd.hp-PCL",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".ps": "application/postscript",
    ".pwg": "image/pwg-raster",
    ".ras": "image/pwg-raster",
    ".txt": "text/plain",
    ".urf": "image/urf",
    ".xps": "application/openxps",
}
"""The format of a file by its suffix, as in ipptool."""


def about_document(path: Path | None) -> dict[str, str]:
    """The variables that say which document to send: filename, basename and filetype."""
    if path is None:
        return {}
    kind = _TYPES.get(path.suffix.lower(), "application/octet-stream")
    return {"filename": str(path.absolute()), "basename": path.name, "filetype": kind}


class Variables:
    """All variables. uri: the printer's. user: the requesting-user-name. given: further ones. Raises ValueError for a
    wrong URI."""

    def __init__(self, uri: str, user: str, given: Mapping[str, str] | None = None) -> None:
        self._values: dict[str, str] = {}
        self["uri"] = uri
        self["user"] = user
        self["date-start"] = self._now()
        for name, value in (given or {}).items():
            self[name] = value

    def get(self, name: str) -> str | None:
        """The value of a variable; None if it is not defined."""
        if name == "date-current":
            return self._now()
        return self._values.get(_OLD_NAMES.get(name, name))

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __setitem__(self, name: str, value: str) -> None:
        if name == "uri":
            value = self._take_apart(value)
        self._values[name] = value

    def holds(self, condition: Condition | None) -> bool:
        """Whether a condition is met; None always is."""
        return condition is None or (self.get(condition.name) is not None) == condition.defined

    def expand(self, text: str) -> str:
        """Replace the variables in a text. The result is cut at a limit, since variables whose values hold others could
        grow fast."""
        if "$" not in text:
            return text
        pieces, size, at = [], 0, 0
        for match in _REFERENCE.finditer(text):
            pieces += [text[at : match.start()], self._value(match)]
            size, at = size + len(pieces[-2]) + len(pieces[-1]), match.end()
            if size > _LONGEST:
                break
        return "".join([*pieces, text[at:]])[:_LONGEST]

    def _value(self, match: "re.Match[str]") -> str:
        if match["dollar"]:
            return "$"
        if match["environment"] is not None:
            return os.environ.get(match["environment"], "")
        name = match["braced"] if match["braced"] is not None else match["name"]
        value = self.get(name)
        return _UNSEEN.get(name, "") if value is None else value

    def _take_apart(self, uri: str) -> str:
        endpoint, parts = parse_uri(uri), urlsplit(uri)
        self._values |= {
            "scheme": parts.scheme,
            "hostname": endpoint.host,
            "port": str(endpoint.port),
            "resource": endpoint.target,
        }
        host = f"[{endpoint.host}]" if ":" in endpoint.host else endpoint.host
        return f"{parts.scheme}://{host}:{endpoint.port}{endpoint.target}"  # as in ipptool

    @staticmethod
    def _now() -> str:
        return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
