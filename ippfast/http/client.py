"""The client for threads: one request after the other over sockets, plain or with TLS.

The rule of this file: it says what there is to ask for; what is decided on the way, `Core` knows, and what octets mean,
`ClientConnection`.
"""

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Self

from ..codec import Message
from ._blocking import BlockingChannel, BlockingShell
from ._core import Core, Progress, Upgrade, run
from ._outgoing import Document, Outgoing
from .auth import Auth
from .events import Buffer, DocumentData, EndOfMessage, Headers
from .limits import HTTPLimits, Timeouts
from .tls import TLS
from .uri import parse_uri

__all__ = ["Answer", "Client"]


class Client:
    """Sends requests to one printer, or another IPP object, and gives the answers. Usable from several threads.

    uri: ``"ipp://printer.example/ipp/print"``; ipps, http and https lead there too. tls: whom to trust, see `TLS`.
    auth: what answers challenges. timeouts: how long to wait. limits: the bounds on answers.
    headers: further header lines of each request. expect_continue: ask the server for a 100 (Continue) before each
    document; good against an upload in vain, but some printers stall on it.

    upgrade: whether a connection that begins without TLS gets it (RFC 2817). ``"if-requested"``: where the server
    answers 426 (Upgrade Required), and from then on always. ``"required"``: before anything else is sent, or
    UpgradeError. ``"never"``: a 426 is a StatusError as any other. The certificate is verified as for ipps.

    patience: for so many seconds in all a request is sent again that the printer was too busy for
    (server-error-busy, or HTTP's 503, whose Retry-After is kept). 0: the first answer counts.

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
        upgrade: Upgrade = "if-requested",
        patience: float = 0.0,
    ) -> None:
        self._core: Core[BlockingChannel] = Core(
            BlockingShell(tls or TLS(), limits or HTTPLimits.for_client()),
            parse_uri(uri),
            auth=auth,
            timeouts=timeouts or Timeouts(),
            headers=headers,
            expect_continue=expect_continue,
            upgrade=upgrade,
            patience=patience,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections that were kept."""
        for channel in self._core.take_kept():
            channel.close()

    def send(self, message: Message, document: Document | None = None, *, progress: Progress | None = None) -> Message:
        """Send a request and give the response, whose status-code the caller judges.

        document: the document data: a path, a binary file, octets, or an iterable of octets. Where its length is
        known it goes out with Content-Length, otherwise in chunks. progress: called with the octets of the document
        sent so far and its length, or None.

        What can be read again, which is all but iterators and pipes, is sent again after a challenge or a 426.

        Raises EncodeError for a message that has no form on the wire; StatusError where the server answers with
        another HTTP status than 200; PhaseTimeoutError; RemoteProtocolError and its kind where the server breaks
        the rules, or the connection; PinError; UpgradeError; OSError where there is no connection to be had.
        """
        with self.open(message, document, progress=progress) as answer:
            for _ in answer:
                pass
            return answer.message

    def open(self, message: Message, document: Document | None = None, *, progress: Progress | None = None) -> "Answer":
        """As `send`, for an answer that brings a document along: iterate over it, and close it."""
        with Outgoing(document) as outgoing:
            channel, response = run(self._core.ask(message, outgoing, progress))
        assert response.message is not None
        return Answer(response.message, response.headers, channel, self._core.keep)


class Answer:
    """A response whose document, if any, is still to be read: iterate over it. Use it as a context manager.

    message: the IPP response. headers: the header lines of the HTTP response.
    """

    def __init__(
        self, message: Message, headers: Headers, channel: BlockingChannel, keep: Callable[[BlockingChannel], None]
    ) -> None:
        self.message = message
        self.headers = headers
        self._channel: BlockingChannel | None = channel
        self._keep = keep

    def __iter__(self) -> Iterator[Buffer]:
        """The document's octets, in pieces as they come. Raises as `Client.send` does."""
        while self._channel is not None:
            event = run(self._channel.next_event("idle"))
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
