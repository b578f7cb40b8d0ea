"""The client for threads: one request after the other over sockets, plain or with TLS.

The rule of this file: it moves octets and keeps time; what they mean, `ClientConnection` knows. While a document goes
out it listens, for a server may answer before it has all of it. A connection is used again only where both sides keep
it, and a request is sent again only where that cannot do anything twice.
"""

import os
import selectors
import socket
import ssl
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

from ..codec import Message
from ..enums import Operation
from ._outgoing import PIECE, Document, Outgoing
from ._sockets import RECEIVE_SIZE, send_buffers
from .auth import Auth
from .client_connection import ClientConnection
from .errors import ConnectionLostError, PhaseTimeoutError, StatusError
from .events import (
    NEED_DATA,
    Buffer,
    ConnectionClosed,
    DocumentData,
    EndOfMessage,
    Event,
    Headers,
    InformationalResponse,
    Response,
)
from .limits import HTTPLimits, Timeouts
from .tls import TLS
from .uri import Endpoint, parse_uri

__all__ = ["Answer", "Client"]

_TEXT_SIZE = 4_096
_KEPT = 4

_IDEMPOTENT = frozenset(
    operation for operation in Operation if operation.name.startswith("GET_") or operation is Operation.VALIDATE_JOB
) - {Operation.GET_NEXT_DOCUMENT_DATA}

Progress = Callable[[int, int | None], object]


class Client:
    """Sends requests to one printer, or another IPP object, and gives the answers. Usable from several threads.

    uri: ``"ipp://printer.example/ipp/print"``; ipps, http and https lead there too. tls: whom to trust, see `TLS`.
    auth: what answers challenges. timeouts: how long to wait. limits: the bounds on answers.
    headers: further header lines of each request. expect_continue: ask the server for a 100 (Continue) before each
    document; good against an upload in vain, but some printers stall on it.

    Raises ValueError for a URI that is none of these. Use it as a context manager, or `close` it.
    """

    def __init__(
        self,
        uri: str,
        *,
        tls: TLS | None = None,
        auth: Auth | None = None,
        timeouts: Timeouts | None = None,
        limits: HTTPLimits | None = None,
        headers: Iterable[tuple[str, str]] = (),
        expect_continue: bool = False,
    ) -> None:
        self.endpoint = parse_uri(uri)
        self._tls = tls or TLS()
        self._context = self._tls.make_context() if self.endpoint.secure else None
        self._auth = auth
        self._timeouts = timeouts or Timeouts()
        self._limits = limits or HTTPLimits.for_client()
        self._headers = tuple(headers)
        self._expect_continue = expect_continue
        self._kept: list[_Channel] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that were kept."""
        while self._kept:
            self._kept.pop().close()

    def send(self, message: Message, document: Document | None = None, *, progress: Progress | None = None) -> Message:
        """Send a request and give the response, whose status-code the caller judges.

        document: the document data: a path, a binary file, octets, or an iterable of octets. Where its length is
        known it goes out with Content-Length, otherwise in chunks. progress: called with the octets of the document
        sent so far and its length, or None.

        Raises EncodeError for a message that has no form on the wire; StatusError where the server answers with
        another HTTP status than 200; PhaseTimeoutError; RemoteProtocolError and its kind where the server breaks
        the rules, or the connection; PinError; OSError where there is no connection to be had.
        """
        with self.open(message, document, progress=progress) as answer:
            for _ in answer:
                pass
            return answer.message

    def open(self, message: Message, document: Document | None = None, *, progress: Progress | None = None) -> "Answer":
        """As `send`, for an answer that brings a document along: iterate over it, and close it."""
        with Outgoing(document) as outgoing:
            channel, response = self._ask(message, outgoing, progress)
        if response.message is None:
            raise StatusError(response.status, response.headers, self._read_text(channel))
        return Answer(response.message, response.headers, channel, self._keep)

    def _ask(self, message: Message, outgoing: Outgoing, progress: Progress | None) -> "tuple[_Channel, Response]":
        """Send a request, after and again after a challenge where there is one."""
        auth, has_document = self._auth, outgoing.length != 0
        if auth is not None and has_document and auth.header("POST", self.endpoint.target) is None:
            channel, response = self._exchange(None, Outgoing(None), None)
            self._read_text(channel)
            if response.status == 401:
                auth.challenge(response.headers.get_all("www-authenticate"), secure=self.endpoint.secure)
        channel, response = self._exchange(message, outgoing, progress)
        if auth is not None and response.status == 401:
            again = auth.challenge(response.headers.get_all("www-authenticate"), secure=self.endpoint.secure)
            if again and not has_document:
                self._read_text(channel)
                channel, response = self._exchange(message, outgoing, progress)
        return channel, response

    def _exchange(
        self, message: Message | None, outgoing: Outgoing, progress: Progress | None
    ) -> "tuple[_Channel, Response]":
        """Send one request and read up to the response, on a kept connection if there is one."""
        lines = list(self._headers)
        authorization = None if self._auth is None else self._auth.header("POST", self.endpoint.target)
        if authorization is not None:
            lines.append(("Authorization", authorization))
        expect = self._expect_continue
        channel = self._take_kept()
        if channel is not None:
            try:
                return channel, channel.exchange(message, outgoing, progress, lines, expect=expect)
            except ConnectionLostError:
                channel.close()
                # The server may have closed it while it was idle. What it did before that, nobody knows.
                if outgoing.length != 0 or (message is not None and message.code not in _IDEMPOTENT):
                    raise
            except BaseException:
                channel.close()
                raise
        channel = _Channel(self.endpoint, self._context, self._tls, self._timeouts, self._limits)
        try:
            return channel, channel.exchange(message, outgoing, progress, lines, expect=expect)
        except BaseException:
            channel.close()
            raise

    def _take_kept(self) -> "_Channel | None":
        while self._kept:
            try:
                channel = self._kept.pop()
            except IndexError:  # another thread was faster
                break
            if channel.is_quiet():
                return channel
            channel.close()
        return None

    def _keep(self, channel: "_Channel") -> None:
        if channel.connection.reusable and len(self._kept) < _KEPT:
            self._kept.append(channel)
        else:
            channel.close()

    def _read_text(self, channel: "_Channel") -> str:
        """The beginning of a body that is for people; the connection is kept if the body is short."""
        text = b""
        try:
            while len(text) < _TEXT_SIZE:
                event = channel.next_event("idle")
                if not isinstance(event, DocumentData):
                    break
                text += event.data
        except (OSError, ConnectionLostError):
            pass
        self._keep(channel)
        return text[:_TEXT_SIZE].decode("utf-8", "replace").strip()


class Answer:
    """A response whose document, if any, is still to be read: iterate over it. Use it as a context manager.

    message: the IPP response. headers: the header lines of the HTTP response.
    """

    def __init__(
        self, message: Message, headers: Headers, channel: "_Channel", keep: "Callable[[_Channel], None]"
    ) -> None:
        self.message = message
        self.headers = headers
        self._channel: _Channel | None = channel
        self._keep = keep

    def __iter__(self) -> Iterator[Buffer]:
        """The document's octets, in pieces as they come. Raises as `Client.send` does."""
        while self._channel is not None:
            event = self._channel.next_event("idle")
            if isinstance(event, DocumentData):
                yield event.data
            elif isinstance(event, EndOfMessage):
                channel, self._channel = self._channel, None
                self._keep(channel)

    def close(self) -> None:
        """Be done with it. The connection is kept only where the document was read to its end."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _FilePart:
    """Stands for octets of a file among the buffers to be sent."""

    def __init__(self, length: int) -> None:
        self._length = length

    def __len__(self) -> int:
        return self._length


class _Channel:
    """One connection to the server. Raises OSError and its kind where there is none to be had."""

    def __init__(
        self, endpoint: Endpoint, context: ssl.SSLContext | None, tls: TLS, timeouts: Timeouts, limits: HTTPLimits
    ) -> None:
        self.connection = ClientConnection(limits)
        self._endpoint = endpoint
        self._timeouts = timeouts
        try:
            self._socket = socket.create_connection((endpoint.host, endpoint.port), timeouts.connect)
        except TimeoutError as error:
            raise PhaseTimeoutError("connect", timeouts.connect) from error
        try:
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if context is not None:
                secure = context.wrap_socket(self._socket, server_hostname=endpoint.host)
                self._socket = secure
                tls.check_peer(secure.getpeercert(binary_form=True))
        except TimeoutError as error:
            self._socket.close()
            raise PhaseTimeoutError("connect", timeouts.connect) from error
        except BaseException:
            self._socket.close()
            raise
        self._selector: selectors.BaseSelector | None = None
        self._response: Response | None = None
        self._continue = False

    def close(self) -> None:
        self._stop_watching()
        self._socket.close()

    def is_quiet(self) -> bool:
        """Whether nothing came since the last response: neither octets nor the end."""
        return not self._receive_ready() and self.connection.reusable

    def exchange(
        self,
        message: Message | None,
        outgoing: Outgoing,
        progress: Progress | None,
        headers: Iterable[tuple[str, str]],
        *,
        expect: bool,
    ) -> Response:
        """Send one request and read up to the response."""
        self._response, self._continue = None, False
        buffers = self.connection.send_request(
            message,
            target=self._endpoint.target,
            host=self._endpoint.authority,
            headers=headers,
            document_length=outgoing.length,
            expect_continue=expect,
        )
        self._socket.settimeout(self._timeouts.idle)
        try:
            if outgoing.length == 0:
                send_buffers(self._socket, buffers)
            else:
                self._watch()
                self._send_document(buffers, outgoing, progress, expect)
        except TimeoutError as error:
            raise PhaseTimeoutError("idle", self._timeouts.idle) from error
        except (BrokenPipeError, ConnectionError, ssl.SSLEOFError):
            pass  # it may have answered before it closed
        finally:
            self._stop_watching()
        while self._response is None:
            event = self.next_event("first octet")
            if isinstance(event, Response):
                self._response = event
        return self._response

    def next_event(self, phase: str) -> Event:
        """The next event but `NEED_DATA`. phase: which time-out counts until it comes."""
        seconds = self._timeouts.first_octet if phase == "first octet" else self._timeouts.idle
        while (event := self.connection.next_event()) is NEED_DATA:
            self._socket.settimeout(seconds)
            try:
                data = self._socket.recv(RECEIVE_SIZE)
            except TimeoutError as error:
                raise PhaseTimeoutError(phase, seconds) from error
            except (ConnectionError, ssl.SSLEOFError) as error:
                raise ConnectionLostError(f"the connection broke: {error}") from error
            self.connection.receive_data(data)
            seconds, phase = self._timeouts.idle, "idle"
        if isinstance(event, ConnectionClosed):
            raise ConnectionLostError("the connection ended")
        return event

    # Sending a document: the socket is watched for both directions.

    def _watch(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ | selectors.EVENT_WRITE)

    def _stop_watching(self) -> None:
        if self._selector is not None:
            self._selector.close()
            self._selector = None

    def _send_document(
        self, buffers: list[Buffer], outgoing: Outgoing, progress: Progress | None, expect: bool
    ) -> None:
        """Send until all is sent or the final response has come. buffers: head and message."""
        connection, may_send = self.connection, self._may_send
        if not send_buffers(self._socket, buffers, may_send) or (expect and not self._wait_for_continue()):
            return
        if outgoing.file is not None and not isinstance(self._socket, ssl.SSLSocket) and hasattr(os, "sendfile"):
            if not self._send_file(outgoing, progress):
                return
        else:
            sent = 0
            for piece in outgoing.pieces():
                if not send_buffers(self._socket, connection.send_data(piece), may_send):
                    return
                sent += len(piece)
                if progress is not None:
                    progress(sent, outgoing.length)
        send_buffers(self._socket, connection.end(), may_send)

    def _send_file(self, outgoing: Outgoing, progress: Progress | None) -> bool:
        """Let the operating system send the document out of its file. Returns whether all was sent."""
        file, length = outgoing.file, outgoing.length
        assert file is not None
        assert length is not None
        self.connection.send_data(_FilePart(length))  # type: ignore[arg-type]  # anything with a length
        start, sent = file.tell(), 0
        while sent < length:
            if not self._may_send():
                return False
            try:
                count = os.sendfile(self._socket.fileno(), file.fileno(), start + sent, min(length - sent, 4 * PIECE))
            except BlockingIOError:
                continue
            if count == 0:
                break  # it became shorter: `end` says so
            sent += count
            if progress is not None:
                progress(sent, length)
        file.seek(start + sent)
        if sent < length:
            raise EOFError(f"the file ended after {sent} of {length} octets")
        return True

    def _may_send(self) -> bool:
        """Wait until the socket takes octets, and take what came meanwhile. False: the final response is there."""
        while True:
            ready = self._select(self._timeouts.idle)
            if ready & selectors.EVENT_READ:
                self._receive_ready()
                self._take_events()
                if self._response is not None:
                    return False
            if ready & selectors.EVENT_WRITE:
                return True

    def _wait_for_continue(self) -> bool:
        """Wait a little for a 100. False: the final response is there."""
        assert self._selector is not None
        self._selector.modify(self._socket, selectors.EVENT_READ)
        try:
            while not self._continue and self._response is None:
                if not self._selector.select(self._timeouts.continue_):
                    break
                self._receive_ready()
                self._take_events()
        finally:
            self._selector.modify(self._socket, selectors.EVENT_READ | selectors.EVENT_WRITE)
        return self._response is None

    def _select(self, seconds: float | None) -> int:
        assert self._selector is not None
        for _, ready in self._selector.select(seconds):
            return ready
        raise PhaseTimeoutError("idle", seconds)

    def _take_events(self) -> None:
        while (event := self.connection.next_event()) is not NEED_DATA:
            if isinstance(event, InformationalResponse):
                self._continue = self._continue or event.status == 100
            elif isinstance(event, Response):
                self._response = event
                break

    def _receive_ready(self) -> bool:
        """Take what has come, without waiting. Returns whether anything has."""
        self._socket.settimeout(0)
        try:
            data = self._socket.recv(RECEIVE_SIZE)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            data = b""
        finally:
            self._socket.settimeout(self._timeouts.idle)
        self.connection.receive_data(data)
        return True
