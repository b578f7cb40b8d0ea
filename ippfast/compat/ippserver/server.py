"""Behaviours of ippserver on the server of ippfast: both framings, Expect, limits, and documents as they arrive.

The rule of this file: a behaviour sees what it saw before, an IppRequest and a file to read the document from; what
the client sees is the server's.
"""

import io
import logging
import time
from collections.abc import Callable
from typing import Any, Protocol, Self

from ... import DecodeError, Message, decode, recover
from ...http import IncomingDocument, IncomingRequest, Page, PageRequest, Server
from .request import IppRequest

__all__ = ["Behaviour", "IPPServer", "behaviour_handler", "behaviour_pages", "run_server", "serve_behaviour"]

_log = logging.getLogger("ippfast.compat.ippserver")

_BUFFER = 65_536


class Behaviour(Protocol):
    """What a behaviour of ippserver is: any class of its ``ippserver.behaviour``, or one of that shape."""

    def expect_page_data_follows(self, ipp_request: Any, /) -> bool:
        """Whether the behaviour reads document data after this request."""

    def handle_ipp(self, ipp_request: Any, postscript_file: Any, /) -> Any:
        """Carry out a request: the response, an IppRequest of ours or of the library."""


class _DocumentFile(io.RawIOBase):
    """The document of a request as a file, read from the connection as it is read here."""

    def __init__(self, document: IncomingDocument) -> None:
        self._document = document

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._document.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


def behaviour_handler(behaviour: Behaviour) -> Callable[[IncomingRequest], Message]:
    """The handler for `ippfast.http.Server` that lets an ippserver behaviour answer.

    The file that it reads a document from is that of no disk: it gives what has arrived, waits for more, and ends with
    the document, whichever framing the client chose. An exception of the behaviour is logged, and the client gets 500.
    """

    def handle(incoming: IncomingRequest) -> Message:
        request = IppRequest.from_message(incoming.message)
        if not behaviour.expect_page_data_follows(request):
            return _message_of(behaviour.handle_ipp(request, None))
        with io.BufferedReader(_DocumentFile(incoming.document), _BUFFER) as file:
            return _message_of(behaviour.handle_ipp(request, file))

    return handle


def _message_of(response: Any) -> Message:
    """The message of an answer. What is not right in it is repaired, and a line in the log says so."""
    octets = bytes(response.to_string())
    try:
        return decode(octets)
    except DecodeError as error:
        message, issues = recover(octets)
        _log.warning("the behaviour's answer is no IPP message, %s; sent with %d repairs", error, len(issues))
        return message


def behaviour_pages(behaviour: Behaviour) -> Callable[[PageRequest], Page | None]:
    """What answers GET: the behaviour's PPD, where it has one, under every path that ends with ``.ppd``."""

    def find(request: PageRequest) -> Page | None:
        ppd = getattr(behaviour, "ppd", None)
        path = request.head.target.partition("?")[0]
        if ppd is not None and path.endswith(".ppd"):
            return Page(200, "text/plain", bytes(ppd.text()))
        if path == "/":
            return Page(200, "text/plain; charset=utf-8", b"This is an IPP printer.\n")
        return None

    return find


def serve_behaviour(behaviour: Behaviour, address: tuple[str, int] = ("localhost", 631), **options: Any) -> Server:
    """A server that lets an ippserver behaviour answer: ``with serve_behaviour(behaviour, ("localhost", 1234)):``.

    address: host and port; port 0 takes a free one, see the server's ``port``. options: those of
    `ippfast.http.Server`, such as ``tls`` and ``limits``. Raises OSError where the address cannot be had.
    """
    host, port = address
    options.setdefault("pages", behaviour_pages(behaviour))
    return Server(behaviour_handler(behaviour), host=host, port=port, **options)


class IPPServer:
    """In the place of the library's server: the same arguments and methods, served by `serve_behaviour`.

    address: host and port. request_handler: not used, for `ippfast.http` reads the requests. behaviour: see
    `behaviour_handler`.
    """

    def __init__(self, address: tuple[str, int], request_handler: object, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self._server = serve_behaviour(behaviour, address)
        self._running = False
        self.server_address = (address[0], self._server.port)

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        """Serve until `shutdown` is called in another thread."""
        self._running = True
        self._server.start()
        while not self._server.stopping:
            time.sleep(min(poll_interval, 0.1))

    def shutdown(self) -> None:
        """Let the requests that are running finish, and end `serve_forever`."""
        if self._running:
            self._running = False
            self._server.shutdown()

    def server_close(self) -> None:
        """Close whatever is open."""
        if not self._server.stopping:
            self._server.shutdown()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.shutdown()
        self.server_close()


def run_server(server: IPPServer) -> None:
    """Serve until the user interrupts the program."""
    _log.info("Listening on %r", server.server_address)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        _log.info("Ready to shut down")
    finally:
        server.server_close()
