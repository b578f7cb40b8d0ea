"""The client for threads: one request after the other over sockets, plain or with TLS.

The rule of this file: it says what there is to ask for. `Core` decides what is done for it, and `ClientConnection`
knows what octets mean.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import Self

from ..codec import AttributeGroup, Message
from ..issues import Issue
from ._client.blocking import BlockingChannel, BlockingShell
from ._client.channels import Progress, Rest
from ._client.core import Core, Upgrade
from ._client.listing import pages
from ._client.outgoing import Document
from ._client.prepared import Preparing
from ._client.systems import SystemTasks
from ._client.tasks import SystemUser, Tasks
from ._client.watching import watch
from ._wire.coroutines import drive, run
from .auth import Auth
from .events import Buffer, DocumentData, EndOfMessage, Exchange, Response
from .jobs import Job, Notification, told_of
from .limits import HTTPLimits, Timeouts
from .systems import System
from .tls import TLS
from .uri import parse_uri

__all__ = ["Answer", "Client"]


class Client:
    """Sends requests to one printer, or another IPP object, and returns the responses. Usable from several threads.

    uri: ``"ipp://printer.example/ipp/print"``; ipps, http and https are allowed too. tls: whom to trust, see `TLS`.
    auth: the credentials that answer challenges. timeouts: how long to wait. limits: the bounds on responses.
    headers: further header lines of each request. expect_continue: ask the server for a 100 (Continue) before each
    document. It avoids an upload in vain, but some printers stall on it.

    upgrade: whether a connection that begins without TLS gets it (RFC 2817). ``"if-requested"``: if the server answers
    426 (Upgrade Required), and then always. ``"required"``: before anything else is sent; otherwise UpgradeError.
    ``"never"``: a 426 is a StatusError like any other. The certificate is verified as for ipps. None: required if
    ``tls`` says whom to trust (a file, a fingerprint, a certificate of your own), so that nothing goes to anybody else
    in the clear; otherwise if requested.

    patience: if the printer is too busy (server-error-busy, or HTTP's 503, whose Retry-After is obeyed), the request is
    sent again for at most this many seconds in all. 0: the first response counts.

    negotiate: before the first request, find out which path the printer has and which IPP version it takes (2.0, 1.1,
    1.0), by asking for its attributes. The result is remembered for the printer, by host, port and path, as long as the
    program runs, and found anew when it is no longer right. Requests of a higher version, or with the printer-uri that
    was given, are changed accordingly. A path such as ``/printers/name`` is never exchanged for another.

    user: the requesting-user-name of the requests that the methods from `ask` on make; by default the user name of the
    operating system; None: no name.

    strict: whether a malformed response is an AnswerError. Otherwise it is repaired if possible, as by
    `ippfast.recover`, and `issues` says what was repaired.

    version: the IPP version of all requests, such as ``(1, 1)``. None: each request keeps its own, and is sent again in
    1.1, then 1.0, if the printer does not take it. Printers say so in several ways: server-error-version-not-supported,
    client-error-bad-request to a correct request, success without any attributes, or HTTP's 400. The version that it
    takes is remembered for the printer as long as the program runs.

    Raises ValueError for any other URI. Use it as a context manager, or `close` it.
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
        upgrade: Upgrade | None = None,
        patience: float = 0.0,
        negotiate: bool = False,
        user: str | SystemUser | None = SystemUser.SYSTEM_USER,
        strict: bool = False,
        version: tuple[int, int] | None = None,
    ) -> None:
        tls = tls or TLS()
        self._core: Core[BlockingChannel] = Core(
            BlockingShell(tls, limits or HTTPLimits.for_client()),
            parse_uri(uri),
            auth=auth,
            timeouts=timeouts or Timeouts(),
            headers=headers,
            expect_continue=expect_continue,
            upgrade=upgrade or ("required" if tls.required else "if-requested"),
            patience=patience,
            negotiate=negotiate,
            strict=strict,
            version=version,
        )
        self._tasks = Tasks(self._core, user)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def secure(self) -> bool:
        """Whether the next request is sent with TLS: because the URI, ``upgrade`` or the server demands it."""
        return self._core.secure

    @property
    def version(self) -> tuple[int, int] | None:
        """The IPP version that the printer was found to take; None if it is not known."""
        return self._core.version

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What was repaired in the malformed responses so far. Each issue stands here once, without its offset.

        `Answer.issues` has those of one response, with their offsets.
        """
        return self._core.issues

    def close(self) -> None:
        """Close the connections that were kept."""
        for channel in self._core.take_kept():
            channel.close()

    def send(self, message: Message, document: Document | None = None, *, progress: Progress | None = None) -> Message:
        """Send a request and return the response. The caller judges its status-code.

        document: the document data: a path, a binary file, octets, or an iterable of octets. If its length is known, it
        is sent with Content-Length, otherwise in chunks. progress: called with the number of octets of the document
        sent so far and its length, or None.

        After a challenge or a 426 a document is sent again if it can be read again: anything but iterators and pipes.

        Raises EncodeError for a message that has no form on the wire; StatusError if the server answers with
        another HTTP status than 200; AnswerError if the answer is no IPP, or is to another request; PhaseTimeoutError;
        RemoteProtocolError or a subclass if the server breaks another rule, or the connection breaks; PinError;
        UpgradeError; OSError if no connection can be made.

        A redirection (RFC 9110 section 15.4) from plain HTTP to TLS at the same host is followed, now and later, if
        the request changes nothing; any other is a StatusError that names the target.
        """
        with self.open(message, document, progress=progress) as answer:
            rest = Rest()
            for piece in answer:
                if rest.is_too_long(piece):
                    break
            return answer.message

    def open(self, message: Message, document: Document | None = None, *, progress: Progress | None = None) -> "Answer":
        """As `send`, for a response with document data: iterate over the answer, and close it."""
        with run(self._core.shell.open(document)) as outgoing:
            channel, response = run(self._core.ask(message, outgoing, progress))
        return Answer(response, channel, self._core.keep)

    def exchange(
        self, message: Message, document: Document | None = None, *, target: str | None = None, chunked: bool = False
    ) -> Exchange:
        """Send a request exactly as it is, even if it is wrong, and return whatever comes back: for tests of printers.

        It is sent again only after a challenge or to get TLS; no other version is tried.

        document: as for `send`. target: the request-target, if not the URI's. chunked: whether to send the body in
        chunks even if its length is known.

        Raises as `send`, except StatusError.
        """
        with run(self._core.shell.open(document)) as outgoing:
            if chunked:
                outgoing.hide_length()
            channel, response, text = run(self._core.ask_as_it_is(message, outgoing, target))
            if channel is not None:
                run(self._core.finish(channel))
        return Exchange(response.status, response.headers, response.message, response.issues, text)

    # Tasks.

    def ask(self, message: Message, document: Document | None = None, *, progress: Progress | None = None) -> Message:
        """As `send`, but raises OperationError if the response's status-code is not a successful one."""
        with run(self._core.shell.open(document)) as outgoing:
            return run(self._tasks.ask(message, outgoing, progress))

    def attributes(self, *names: str) -> AttributeGroup:
        """The printer's attributes: these, groups of them such as ``"media-col-database"``, or all. Raises as `ask`."""
        return run(self._tasks.attributes(names))

    def system(self) -> System:
        """The print service that the printer belongs to, for its operators: printers, resources, events (PWG 5100.22).

        It is at /ipp/system of the same host. This sends no request.
        """
        return System(SystemTasks(self._tasks))

    def print(
        self,
        *documents: Document | Preparing,
        job_name: str | None = None,
        document_format: str | None = None,
        job: Mapping[str, object] | None = None,
        progress: Progress | None = None,
        **attributes: object,
    ) -> Job:
        """Print documents as one job: one by Print-Job, several by Create-Job and Send-Document.

        documents: as for `send`, or made for the printer, such as `ippfast.convert.Converted`: these get the printer's
        attributes before anything is sent, and decide their format and what is asked of the printer. Their job is made
        by Create-Job if the printer has it, so that it can be canceled.

        job_name: by default a file's name. document_format: the documents' MIME type; by default the name of a file or
        the first octets tell it, otherwise the printer finds out.
        attributes: by their IPP names, with underscores: ``copies=2, sides="two-sided-long-edge"``; also operation
        attributes, such as ``document_name``. job: attributes of the job whose names cannot be written so, or that the
        registry does not know: ``{"x-color": Keyword("none")}``. progress: as for `send`, for each document.

        ``compression="auto"``: the documents are compressed while they are sent (gzip) if the printer takes gzip and a
        sample of the document becomes smaller; `progress` then gets compressed octets, and no length. Any other
        compression says how the documents are compressed already.

        The printer's attributes that this needs (not which media are loaded), and that it accepts such a job
        (Validate-Job), are remembered for a minute, unless something fails meanwhile.

        If a document cannot be sent, its job is canceled. Raises as `ask`; RegistryError for an attribute that the
        registry does not know or allow; ValueError if there is no document.
        """
        given = {"job_name": job_name, "document_format": document_format, **attributes}
        return Job(self, run(self._tasks.print(documents, given, job or {}, progress)))

    def job(self, job: Job | int, *names: str) -> Job:
        """The job, or the job with this job-id, with these attributes, or all. Raises as `ask`.

        If the printer answers about another job, there are no attributes.
        """
        told = told_of(job)
        return Job(self, told._replace(attributes=run(self._tasks.job(told, names))))

    def jobs(
        self,
        which: str = "not-completed",
        *,
        mine: bool = False,
        limit: int | None = None,
        names: Iterable[str] = (),
        everywhere: bool = False,
    ) -> list[Job]:
        """The printer's jobs. Raises as `ask`.

        which: ``"not-completed"``, ``"completed"``, or another keyword of which-jobs. mine: only the user's. limit: at
        most this many. names: the attributes to ask for; by default those that describe a job's state and origin.
        everywhere: the jobs of all queues of a CUPS server; job-printer-uri says which queue has the job.
        """
        found = run(self._tasks.jobs(which, mine, limit, list(names), everywhere=everywhere))
        return [Job(self, each) for each in found]

    def iter_jobs(
        self,
        which: str = "not-completed",
        *,
        mine: bool = False,
        names: Iterable[str] = (),
        everywhere: bool = False,
        page: int = 100,
    ) -> Iterator[Job]:
        """As `jobs`, for a list of any length: it comes in pages, and only one is held at a time. Raises as `ask`.

        page: how many jobs are asked for at once (limit and first-index, PWG 5100.7). Even if jobs come and go
        meanwhile, no other job comes twice or is left out. A printer that has no pages gives the whole list.
        """
        for each in drive(pages(self._tasks, which, mine, list(names), page, everywhere)):
            yield Job(self, each)

    def wait(self, job: Job | int, timeout: float | None = None) -> Job:
        """As `Job.wait`. Raises OperationError for a job-id that the printer does not know."""
        return Job(self, run(self._tasks.wait(told_of(job), timeout)))

    def cancel(self, job: Job | int, message: str | None = None) -> None:
        """As `Job.cancel`."""
        run(self._tasks.cancel(told_of(job), message))

    def watch(
        self,
        job: Job | int | None = None,
        *,
        events: Iterable[str] = (),
        interval: float = 5.0,
        timeout: float | None = None,
    ) -> Iterator[Notification]:
        """Follow a job until it has ended, or the printer for ever. First comes the present state, then each change.

        A job that the printer has forgotten has ended too (job-completed), and its state is None. If several responses
        do not give a job's state, nothing more comes.

        If the printer has subscriptions, its events are fetched (RFC 3995); if it can wait for them, they come at once
        (RFC 3996). The subscription is renewed, and canceled at the end. Other printers are polled, less often while
        nothing happens. events: keywords of notify-events; by default changes of state. interval: the longest time
        between two polls in seconds, even if the printer asks for a longer one. timeout: after this many seconds
        nothing more comes.

        If the printer cannot be reached, it is asked again for half a minute. Raises as `ask`. To stop before the end,
        close the iterator; ``break`` in a loop does it by itself.
        """
        return drive(watch(self._tasks, None if job is None else told_of(job), events, interval, timeout))


class Answer:
    """A response whose document data, if any, has not been read: iterate over it. Use it as a context manager.

    message: the IPP response. headers: the header lines of the HTTP response. issues: what was repaired in the message.
    """

    def __init__(self, response: Response, channel: BlockingChannel, keep: Callable[[BlockingChannel], None]) -> None:
        assert response.message is not None
        self.message = response.message
        self.headers = response.headers
        self.issues = response.issues
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
        """Close it. The connection is kept only if the document was read to its end."""
        if self._channel is not None:
            self._channel.close()
            self._channel = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
