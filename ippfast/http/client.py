"""The client for threads: one request after the other over sockets, plain or with TLS.

The rule of this file: it says what there is to ask for; what is decided on the way, `Core` knows, and what octets mean,
`ClientConnection`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self

from ..codec import AttributeGroup, Message
from ._blocking import BlockingChannel, BlockingShell
from ._core import Core, Progress, Rest, Upgrade, run
from ._outgoing import Document
from ._tasks import Tasks
from ._watching import watch
from .auth import Auth
from .events import Buffer, DocumentData, EndOfMessage, Headers
from .jobs import Job, Notification
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

    negotiate: before the first request, find out which path the printer has and which IPP version it takes (2.0, 1.1,
    1.0), by asking for its attributes. What is found is remembered for the printer, by host and port, as long as the
    program runs, and found anew when it is not so any more; requests of a higher version, and with the printer-uri that
    was given, are changed accordingly. A path such as ``/printers/name`` is never exchanged for another.

    user: the requesting-user-name of the requests that the methods from `ask` on make; None: the name that the
    operating system has for the user.

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
        negotiate: bool = False,
        user: str | None = None,
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
            negotiate=negotiate,
        )
        self._tasks = Tasks(self._core, user)

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
            rest = Rest()
            for piece in answer:
                if rest.is_too_long(piece):
                    break
            return answer.message

    def open(self, message: Message, document: Document | None = None, *, progress: Progress | None = None) -> "Answer":
        """As `send`, for an answer that brings a document along: iterate over it, and close it."""
        with run(self._core.shell.open(document)) as outgoing:
            channel, response = run(self._core.ask(message, outgoing, progress))
        assert response.message is not None
        return Answer(response.message, response.headers, channel, self._core.keep)

    # Tasks.

    def ask(self, message: Message, document: Document | None = None, *, progress: Progress | None = None) -> Message:
        """As `send`, but raises OperationError where the response's status-code is no success."""
        with run(self._core.shell.open(document)) as outgoing:
            return run(self._tasks.ask(message, outgoing, progress))

    def attributes(self, *names: str) -> AttributeGroup:
        """The printer's attributes: these, groups of them such as ``"media-col-database"``, or all. Raises as `ask`."""
        return run(self._tasks.attributes(names))

    def print(
        self,
        *documents: Document,
        job_name: str | None = None,
        document_format: str | None = None,
        job: Mapping[str, object] | None = None,
        progress: Progress | None = None,
        **attributes: object,
    ) -> Job:
        """Print documents as one job: one by Print-Job, several by Create-Job and Send-Document.

        documents: as for `send`. job_name: by default a file's name. document_format: the documents' MIME type; by
        default it is told from the name of a file or the beginning of octets, and otherwise left to the printer.
        attributes: by their IPP names, with underscores: ``copies=2, sides="two-sided-long-edge"``; also operation
        attributes, such as ``document_name``. job: attributes of the job that have no such name, or that the registry
        does not know: ``{"x-color": Keyword("none")}``. progress: as for `send`, for each document.

        A job that a document could not be sent for is canceled. Raises as `ask`; RegistryError for an attribute that
        the registry does not know or allow; ValueError where there is no document.
        """
        given = {"job_name": job_name, "document_format": document_format, **attributes}
        return Job(self, *run(self._tasks.print(documents, given, job or {}, progress)))

    def job(self, job_id: int, *names: str) -> Job:
        """A job with its attributes: these, or all. Raises as `ask`."""
        return Job(self, job_id, run(self._tasks.job(job_id, names)))

    def jobs(
        self, which: str = "not-completed", *, mine: bool = False, limit: int | None = None, names: Iterable[str] = ()
    ) -> list[Job]:
        """The printer's jobs. Raises as `ask`.

        which: ``"not-completed"``, ``"completed"``, or another keyword of which-jobs. mine: only the user's. limit: at
        most so many. names: the attributes that each is to have; by default those that describe its state and origin.
        """
        return [Job(self, *each) for each in run(self._tasks.jobs(which, mine, limit, list(names)))]

    def wait(self, job_id: int, timeout: float | None = None) -> Job:
        """As `Job.wait`."""
        return Job(self, job_id, run(self._tasks.wait(job_id, timeout)))

    def cancel(self, job_id: int, message: str | None = None) -> None:
        """As `Job.cancel`."""
        run(self._tasks.cancel(job_id, message))

    def watch(
        self, job: Job | int | None = None, *, events: Iterable[str] = (), interval: float = 5.0
    ) -> Iterator[Notification]:
        """Follow a job until it has ended, or the printer for ever. First comes how things are, then what happens.

        Where the printer has subscriptions, it tells its events (RFC 3995); where it can wait for them, at once
        (RFC 3996). The subscription is renewed, and canceled at the end. Other printers are asked, less often while
        nothing happens. events: keywords of notify-events; by default changes of state. interval: the longest time
        between two questions in seconds, for printers that do not wait, even if the printer wants fewer.

        A printer that cannot be reached is asked again for half a minute. Raises as `ask`. Whoever stops before the
        end closes the iterator, as ``break`` in a loop does by itself.
        """
        notifications = watch(self._tasks, job.id if isinstance(job, Job) else job, events, interval)
        try:
            while True:
                try:
                    yield run(anext(notifications))
                except StopAsyncIteration:
                    break
        finally:
            run(notifications.aclose())


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
