"""Finds by asking which path and IPP version a printer takes, and remembers it.

The rule of this file: it only asks for attributes, which changes nothing. A path with a queue's name in it is never
exchanged for another, since that would print elsewhere. An older version must not lower security (RFC 8010 section
9.1).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from ...codec import AttributeGroup, Message
from ...enums import Operation, Status
from ...requests import request
from ...tags import DelimiterTag
from ..errors import AnswerError, HTTPError, RemoteProtocolError, StatusError
from ..jobs import text_of
from ..uri import Endpoint, printer_uri
from .versions import VERSIONS, Memory, Version

__all__ = ["FOUND", "Agreement", "NegotiationError", "negotiate"]

PATHS = ("/ipp/print", "/ipp", "/ipp/printer", "/")
"""The paths that printers have: IPP Everywhere's, and those of older printers."""

_ASKED = [
    "printer-name",
    "printer-info",
    "printer-make-and-model",
    "printer-state",
    "printer-uri-supported",
    "uri-security-supported",
    "uri-authentication-supported",
    "ipp-versions-supported",
    "operations-supported",
    "document-format-supported",
    "compression-supported",
]
_OTHER_VERSION = (Status.SERVER_ERROR_VERSION_NOT_SUPPORTED, Status.CLIENT_ERROR_BAD_REQUEST)
_NOT_HERE = (Status.CLIENT_ERROR_NOT_FOUND, Status.CLIENT_ERROR_GONE, Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED)


class NegotiationError(HTTPError):
    """No printer answered at any path and version that were tried. tried: each URI, and the outcome."""

    def __init__(self, tried: tuple[tuple[str, str], ...]) -> None:
        super().__init__(tried)
        self.tried = tried

    def __str__(self) -> str:
        return "no printer there: " + "; ".join(f"{uri}: {outcome}" for uri, outcome in self.tried)


class Agreement(NamedTuple):
    """What was found. target: the request-target. version: the highest of ours that the printer takes. attributes: some
    of the printer's."""

    target: str
    version: Version
    attributes: AttributeGroup


FOUND: Memory[Agreement] = Memory()
"""What was found at each endpoint. If a printer changes, it is found anew."""


Ask = Callable[[Message, str], Awaitable[Message]]
"""A function that sends a message to a request-target and returns the response.

It raises StatusError for another HTTP status than 200.
"""


async def negotiate(ask: Ask, endpoint: Endpoint, versions: Iterable[Version] = VERSIONS) -> Agreement:
    """Find path and version, beginning with the path that is given. Raises NegotiationError, and as `Client.send`.

    versions: those to be tried, in this order.
    """
    versions = tuple(versions)
    tried: list[tuple[str, str]] = []
    for target in dict.fromkeys([endpoint.target, *(PATHS if endpoint.target in PATHS else ())]):
        if target == endpoint.target == "/":
            continue  # it comes last
        found = await _try(ask, endpoint._replace(target=target), tried, versions)
        if found is not None:
            return found
    if endpoint.target == "/":
        queue = await _default_queue(ask, endpoint)
        for target in ("/", *([queue] if queue is not None else [])):
            found = await _try(ask, endpoint._replace(target=target), tried, versions)
            if found is not None:
                return found
    raise NegotiationError(tuple(tried))


async def _try(
    ask: Ask, endpoint: Endpoint, tried: list[tuple[str, str]], versions: Iterable[Version]
) -> Agreement | None:
    """Ask at one path, in one version after another."""
    uri = printer_uri(endpoint)
    outcome = ""
    silent: Agreement | None = None
    for version in versions:
        message = request(
            Operation.GET_PRINTER_ATTRIBUTES,
            uri,
            version=version,
            operation_attributes={"requested-attributes": _ASKED},
        )
        try:
            response = await ask(message, endpoint.target)
        except StatusError as error:
            if error.status in (401, 403, 407, 426):
                raise  # there is a printer, but it refuses us
            outcome = outcome or str(error)
            if error.status == 400:  # an old CUPS answers so to a version that it does not know
                continue
            break
        except RemoteProtocolError as error:  # a web page, or no HTTP
            outcome = "a web page" if isinstance(error, AnswerError) and error.page else str(error)
            break
        outcome = str(response.status)
        if response.code in _OTHER_VERSION:
            continue
        if response.code in _NOT_HERE:
            break
        groups = response.groups_of(DelimiterTag.PRINTER)
        if groups:
            return Agreement(endpoint.target, version, groups[0])
        # Some printers answer without attributes to a version that they do not take, others to every version.
        silent = silent or Agreement(endpoint.target, version, AttributeGroup(DelimiterTag.PRINTER))
    if silent is None:
        tried.append((uri, outcome))
    return silent


async def _default_queue(ask: Ask, endpoint: Endpoint) -> str | None:
    """The path of the default queue of a CUPS server, or of its first queue; None if it has none."""
    limit: Mapping[str, object]
    for operation, limit in ((Operation.CUPS_GET_DEFAULT, {}), (Operation.CUPS_GET_PRINTERS, {"limit": 1})):
        attributes = {**limit, "requested-attributes": ["printer-uri-supported"]}
        message = request(operation, version=(1, 1), operation_attributes=attributes)
        try:
            response = await ask(message, "/")
        except (StatusError, RemoteProtocolError):
            return None
        for group in response.groups_of(DelimiterTag.PRINTER) if response.succeeded else ():
            path = urlsplit(text_of(group, "printer-uri-supported") or "").path
            if path.startswith(("/printers/", "/classes/")):
                return path
    return None
