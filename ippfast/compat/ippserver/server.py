"""Behaviours of ippserver on the server of ippfast: both framings, Expect, limits, and documents as they arrive.

The rule of this file: a behaviour sees what it saw before, an IppRequest and a file to read the document from; what the
client sees is ippfast's server. What a program calls before its behaviour, such as its own request handler, is called
before it here too.
"""

import io
import logging
import socketserver
from collections.abc import Callable
from typing import Any, Protocol

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

    The file with the document is not on a disk: it gives what has arrived, waits for more, and ends with
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
        _log.warning("the behaviour's answer is not an IPP message, %s; sent with %d repairs", error, len(issues))
        return message


def behaviour_pages(behaviour: Behaviour) -> Callable[[PageRequest], Page | None]:
    """A function that answers GET: with the behaviour's PPD, if it has one, under every path that ends with
    ``.ppd``."""

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
    `ippfast.http.Server`, such as ``tls`` and ``limits``. Raises OSError if the address cannot be used.
    """
    host, port = address
    options.setdefault("pages", behaviour_pages(behaviour))
    return Server(behaviour_handler(behaviour), host=host, port=port, **options)


class IPPServer(socketserver.ThreadingTCPServer):
    """In the place of the library's server, with the hooks and methods of `socketserver` that programs use.

    address: host and port. request_handler: None or the library's, for which `ippfast.http` reads the requests; a
    program's own class serves its connections itself, as with the library, so that what it checks stays checked.
    behaviour: see `behaviour_handler`.

    ``verify_request``, ``process_request``, ``finish_request`` and the others are called in either case. Raises
    TypeError for a request_handler that is not a class.
    """

    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], request_handler: Any, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self._own = _is_own(request_handler)
        self._running = False
        self._server: Server | None = None
        super().__init__(address, _Nothing if request_handler is None else request_handler)
        if self._own:
            _log.info("%s serves its connections itself", request_handler.__qualname__)
        else:
            self._server = serve_behaviour(behaviour, address, listener=self.socket)
            self._server.begin()

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Serve one connection."""
        if self._server is not None:
            self._server.serve_connection(request, str(client_address[0]))
        else:
            _bounded(self.RequestHandlerClass)(request, client_address, self)

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        """Serve until `shutdown` is called in another thread."""
        self._running = True
        super().serve_forever(min(poll_interval, 0.1))

    def shutdown(self) -> None:
        """Let the requests that are running finish, and end `serve_forever`."""
        if self._running:
            self._running = False
            super().shutdown()
        self._end_sessions()

    def server_close(self) -> None:
        """Close whatever is open."""
        self._end_sessions()
        super().server_close()

    def _end_sessions(self) -> None:
        if self._server is not None and not self._server.stopping:
            self._server.shutdown()

    def __exit__(self, *exception: object) -> None:
        self.shutdown()
        self.server_close()


class _Nothing(socketserver.BaseRequestHandler):
    """Stands for the class of a handler, and is never used."""


def _is_own(request_handler: Any) -> bool:
    """Whether a program has written its request handler, or changed the library's."""
    if request_handler is None:
        return False
    if not isinstance(request_handler, type):
        raise TypeError(
            f"request_handler must be a class, such as ippserver.server.IPPRequestHandler, not {request_handler!r}"
        )
    return (request_handler.__module__, request_handler.__qualname__) != ("ippserver.server", "IPPRequestHandler")


def _bounded(handler: Any) -> Any:
    """A program's handler, whose ``rfile`` ends with the request. The library waits for more than Content-Length, for
    ever."""
    if not hasattr(handler, "parse_request"):
        return handler

    class Bounded(handler):  # type: ignore[misc]
        rfile: Any

        def parse_request(self) -> Any:
            result = super().parse_request()
            length = self.headers.get("Content-Length", "") if result else ""
            if length.isdigit() and not self.headers.get("Transfer-Encoding"):
                self.rfile = io.BufferedReader(_BoundedFile(self.rfile, int(length)))
            return result

    Bounded.__qualname__ = Bounded.__name__ = handler.__name__
    return Bounded


class _BoundedFile(io.RawIOBase):
    """This many octets of another file."""

    def __init__(self, file: Any, left: int) -> None:
        self._file, self._left = file, left

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        data = self._file.read1(min(len(buffer), self._left))
        self._left -= len(data)
        buffer[: len(data)] = data
        return len(data)


def run_server(server: IPPServer) -> None:
    """Serve until the user interrupts the program."""
    _log.info("Listening on %r", server.server_address)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        _log.info("Ready to shut down")
    finally:
        server.server_close()
