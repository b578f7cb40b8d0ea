"""Which IPP version a printer takes: how it refuses a version, and what was found before.

The rule of this file: a request is sent in an older version only after a response that says that nothing was done, and
if nothing but the version can be wrong. All clients of the program share what was found, as long as it runs.
"""

from collections import OrderedDict
from threading import Lock
from typing import Generic, TypeVar

from ...codec import Message
from ...enums import Operation, Status
from ...tags import DelimiterTag
from ..events import Response
from ..uri import Endpoint

__all__ = ["TAKEN", "VERSIONS", "Memory", "Version", "older", "refuses"]

Version = tuple[int, int]

VERSIONS: tuple[Version, ...] = ((2, 0), (1, 1), (1, 0))
"""The versions that are tried, the newest first. 2.1 and 2.2 are 2.0 with more attributes (PWG 5100.12)."""

_NEWEST = (2, 2)
_MOST = 1_024

_Value = TypeVar("_Value")


class Memory(Generic[_Value]):
    """What was found for printers, by host, port and path; only the last thousand or so are kept."""

    def __init__(self) -> None:
        self._found: OrderedDict[tuple[str, int, str], _Value] = OrderedDict()
        self._lock = Lock()

    def get(self, endpoint: Endpoint) -> _Value | None:
        """What any client found; None if there is nothing."""
        return self._found.get(endpoint[1:])

    def put(self, endpoint: Endpoint, value: _Value) -> None:
        """Keep a value for all clients. endpoint: the one that was asked for."""
        with self._lock:
            self._found[endpoint[1:]] = value
            while len(self._found) > _MOST:
                self._found.popitem(last=False)

    def forget(self, endpoint: Endpoint) -> None:
        """Forget what was found: it is no longer right."""
        with self._lock:
            self._found.pop(endpoint[1:], None)


TAKEN: Memory[Version] = Memory()
"""The versions of printers that refused a newer one."""


def older(version: Version) -> Version | None:
    """The version to try after this one; None after the oldest, and after versions that do not exist."""
    return next((each for each in VERSIONS if each < version), None) if version <= _NEWEST else None


def refuses(message: Message, response: Response, *, settled: bool) -> bool:
    """Whether a response says, as far as can be told, that the printer does not take the request's version.

    settled: whether the printer has carried out a request in this version. Then only
    server-error-version-not-supported says it.

    Printers say it by server-error-version-not-supported (RFC 8011 section 4.1.8), by client-error-bad-request to a
    correct request, or by success without the attributes that were asked for; an old CUPS by HTTP's 400.
    """
    answer = response.message
    if answer is None:
        return response.status == 400 and not settled
    if answer.code == Status.SERVER_ERROR_VERSION_NOT_SUPPORTED:
        return True
    if settled or any(len(group) for group in answer.groups if group.tag != DelimiterTag.OPERATION):
        return False
    if answer.code == Status.CLIENT_ERROR_BAD_REQUEST:
        return _is_right(message)
    return message.code == Operation.GET_PRINTER_ATTRIBUTES and answer.succeeded


def _is_right(message: Message) -> bool:
    """Whether nothing in a request breaks a rule."""
    from ...issues import Severity
    from ...validation import validate  # imported here, since it loads the registry

    return all(issue.severity is not Severity.ERROR for issue in validate(message, role="request"))
