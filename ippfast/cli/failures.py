"""How a command that cannot do what it was asked ends: one line that says what to do, and an exit status.

The rule of this file: the exit statuses are only here, and text of a printer is escaped.
"""

import contextlib
import errno
import socket
import ssl
from collections.abc import Iterator

import click

from ippfast import DelimiterTag, EncodeError, IPPError, Message
from ippfast.enums import Status
from ippfast.http import (
    ConnectionLostError,
    HTTPError,
    InsecureAuthError,
    NegotiationError,
    OperationError,
    PhaseTimeoutError,
    PinError,
    StatusError,
    UpgradeError,
)
from ippfast.http.errors import seconds_shown
from ippfast.http.jobs import attribute_shown, unsupported_of
from ippfast.values import StringWithLanguage

from .text import escape, quote
from .values import error_words

__all__ = [
    "FAILED",
    "INTERRUPTED",
    "NOT_ALLOWED",
    "NOT_OVER",
    "NO_CONNECTION",
    "UNKNOWN",
    "USAGE",
    "Failure",
    "Refused",
    "explained",
]

FAILED = 1
"""The printer refused, the job failed, or the data is wrong."""
USAGE = 2
"""The command cannot be run as it was given; nothing was sent to print."""
NO_CONNECTION = 3
"""There was no answer: the host does not exist, does not listen, or was too slow."""
NOT_ALLOWED = 4
"""Credentials are missing or were refused, or the certificate is not trusted."""
NOT_OVER = 5
"""The time was up before the job was over."""
UNKNOWN = 6
"""The printer took the job, and does not say what became of it."""

INTERRUPTED = 130
"""Ctrl-C ended the command. Shells use this number: 128 and the number of SIGINT."""

DENIED = {
    Status.CLIENT_ERROR_FORBIDDEN,
    Status.CLIENT_ERROR_NOT_AUTHENTICATED,
    Status.CLIENT_ERROR_NOT_AUTHORIZED,
}
"""The status codes by which a printer refuses because of who asks."""
_UNREACHABLE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.EHOSTDOWN, errno.EADDRNOTAVAIL}

LOG_IN = "set IPPFAST_USER and IPPFAST_PASSWORD, or IPPFAST_TOKEN"


class Failure(click.ClickException):
    """What is shown after "Error: ", in one line, and the exit status."""

    def __init__(self, message: str, status: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = status  # type: ignore[misc]  # click asks the instance


class Refused(Failure):
    """The printer answered with another status than a successful one. operation: the request's, if it is known."""

    def __init__(self, operation: str | None, answer: Message) -> None:
        self.answer = answer
        status = answer.status
        name = status.keyword if isinstance(status, Status) else "an unknown status"
        words = f"the printer refused{f' {operation}' if operation else ''}: {name} (0x{int(answer.code):04x})"
        text = status_message(answer)
        if text:
            words += f": {quote(text)}"
        unsupported = unsupported_of(answer)
        if unsupported:
            words += f"; not supported: {', '.join(escape(attribute_shown(each)) for each in unsupported)}"
        super().__init__(words, NOT_ALLOWED if status in DENIED else FAILED)


def status_message(answer: Message) -> str:
    """The status-message of a response, as it came; empty if there is none (RFC 8011 section 4.1.6.2)."""
    for group in answer.groups_of(DelimiterTag.OPERATION):
        for name in ("status-message", "detailed-status-message"):
            attribute = group.get(name)
            value = None if attribute is None else attribute.values[0]
            if isinstance(value, StringWithLanguage):
                value = value.string
            if isinstance(value, str) and value:
                return value
    return ""


@contextlib.contextmanager
def explained(place: str, authority: str = "") -> Iterator[None]:
    """Turn an exception of `ippfast.http` into a `Failure`. place: the address that was used. authority: its host and
    port."""
    try:
        yield
    except (HTTPError, EncodeError, OSError) as error:
        raise _explain(error, escape(authority or place)) from None


def _explain(error: IPPError | OSError, place: str) -> Failure:
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure(
            f"the certificate of {place} is not trusted: {error.verify_message}; "
            "give --pin FINGERPRINT, --ca FILE or --insecure",
            NOT_ALLOWED,
        )
    if isinstance(error, PinError):
        return Failure(
            f"the certificate of {place} is not the pinned one: it was replaced, or somebody else answers; "
            f"find out which before you go on with the one that is there now, --pin sha256:{error.fingerprint}",
            NOT_ALLOWED,
        )
    if isinstance(error, InsecureAuthError):
        return Failure(
            f"{place} asks for a password without TLS, so it was not sent: use ipps://, or --cleartext-password",
            NOT_ALLOWED,
        )
    if isinstance(error, UpgradeError):
        return Failure(f"{place} wants TLS, but it can't be used: {error}", NOT_ALLOWED)
    if isinstance(error, OperationError):
        return Refused(None, error.response)
    if isinstance(error, StatusError):
        return _explain_status(error, place)
    if isinstance(error, NegotiationError):
        outcomes = "; ".join(f"{escape(uri)}: {escape(outcome)}" for uri, outcome in error.tried)
        return Failure(f"there is no printer at {place}: {outcomes}")
    if isinstance(error, PhaseTimeoutError):
        doing = {"connect": "did not take the connection", "first octet": "did not answer"}.get(error.phase, "stalled")
        return Failure(
            f"{place} {doing} for {seconds_shown(error.seconds)}: is it asleep? try again, or with a longer --timeout",
            NO_CONNECTION,
        )
    if isinstance(error, ConnectionLostError):
        return Failure(f"{place} broke off: {error}", NO_CONNECTION)
    if isinstance(error, socket.gaierror):
        return Failure(f"there is no host of that name: {place}; 'ippfast printers' lists those nearby", NO_CONNECTION)
    if isinstance(error, ConnectionRefusedError):
        return Failure(f"nobody answers at {place}: is the printer on, and the port right?", NO_CONNECTION)
    if isinstance(error, ssl.SSLError):
        return Failure(f"TLS with {place} failed ({error.reason or error}): if it has none, use ipp://", NO_CONNECTION)
    if isinstance(error, TimeoutError):
        return Failure(f"{place} does not answer: is it asleep? try again, or with a longer --timeout", NO_CONNECTION)
    if isinstance(error, ConnectionError) or (isinstance(error, OSError) and error.errno in _UNREACHABLE):
        return Failure(f"no connection to {place}: {error.strerror or error}", NO_CONNECTION)
    if isinstance(error, EncodeError):
        name = f"{escape(error.attribute)}: " if error.attribute else ""
        return Failure(f"this can't be written in IPP: {name}{error_words(error)}", USAGE)
    if isinstance(error, OSError):
        where = f"{escape(str(error.filename))}: " if error.filename else ""
        return Failure(f"{where}{error.strerror or error}")
    return Failure(f"{place}: {error}")


def _explain_status(error: StatusError, place: str) -> Failure:
    if error.status == 401:
        return Failure(f"{place} asks for credentials: {LOG_IN}", NOT_ALLOWED)
    if error.status == 403:
        return Failure(f"{place} forbids it (HTTP 403): ask its administrator", NOT_ALLOWED)
    if error.status == 404:
        return Failure(f"{place} has no printer at this path (HTTP 404): 'ippfast probe HOST' finds it")
    return Failure(f"{place}: {error}")
