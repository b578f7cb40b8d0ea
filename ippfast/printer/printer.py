"""The printer: `SpoolPrinter`, which is the handler that a server calls.

The rule of this file: it holds the parts together and keeps the state of the printer, which is in the job table, so
that all processes with the same spool agree on it. What an operation does stands in the operations' own modules.
"""

import logging
import re
import sqlite3
import time
import uuid
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ippfast.attributes import attribute
from ippfast.codec import Attribute, Message
from ippfast.enums import JobState, Operation, PrinterState, Status
from ippfast.http.incoming import Incoming, IncomingRequest, PageRequest, Parts, Reply
from ippfast.tags import DelimiterTag
from ippfast.values import OutOfBand

from .answers import Selection
from .calls import OPERATIONS, Call, OperationError, begin
from .description import Description, Source
from .documents import Spool
from .events import Events
from .fetching import Fetcher
from .notifications import ATTRIBUTES as NOTIFICATION_ATTRIBUTES
from .notifications import Notifier
from .outputs import Keep, Output
from .processing import Processor
from .store import Job, Store, unpack
from .subscriptions import Subscriptions
from .template import TEMPLATE, supported_name

__all__ = ["SpoolPrinter"]

_log = logging.getLogger("ippfast.printer")

_HOST = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")
_LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")
_BY_REFERENCE = (Operation.PRINT_URI, Operation.SEND_URI)

SETTABLE = (
    "printer-geo-location",
    "printer-info",
    "printer-location",
    "printer-message-from-operator",
    "printer-organization",
    "printer-organizational-unit",
)
"""What Set-Printer-Attributes may set (RFC 3380 section 4.1)."""


class SpoolPrinter:
    """A printer that takes jobs into a spool: a handler for `ippfast.http.Server` and its kind.

        with SpoolPrinter("spool", output=Directory(Path("printed"))) as printer, Server(printer) as server:
            ...

    directory: the spool, made where it is not there. Nothing in it is for others.
    description: what the printer says of itself: a mapping, the path of a TOML file, or several of them, each of which
    sets attributes anew (see `description.toml`).
    output: what takes the jobs; by default the documents stay in the spool as long as the job is remembered.
    path: of the printer's URI. schemes: those that the server serves. authentication: the keyword for
    uri-authentication-supported.
    operators: the authenticated users who may do everything; None: whoever connects from this machine.
    private: jobs are shown whole to their owners and to operators alone.
    max_octets: of a document. max_documents: of a job. max_jobs: that are not ended. max_user_jobs, max_user_octets:
    how many of these one user may have, and of what size together; without authentication a user is but a claim.
    history: how many ended jobs are remembered, with their documents; None: all.
    fetcher: fetches documents for Print-URI and Send-URI, which there are only with it.
    shared: other processes serve the same spool at the same time.

    Raises DescriptionError, and OSError where the directory cannot be used.
    """

    def __init__(
        self,
        directory: str | Path,
        *,
        description: Source | Iterable[Source] = (),
        output: Output | None = None,
        path: str = "/ipp/print",
        schemes: tuple[str, ...] = ("ipp",),
        authentication: str = "requesting-user-name",
        operators: Collection[str] | None = None,
        private: bool = True,
        max_octets: int | None = None,
        max_documents: int = 1_000,
        max_jobs: int = 10_000,
        max_user_jobs: int | None = None,
        max_user_octets: int | None = None,
        history: int | None = 1_000,
        fetcher: Fetcher | None = None,
        shared: bool = False,
    ) -> None:
        from . import document_operations, job_creation, job_operations, printer_operations  # they fill the table

        del document_operations, job_creation, job_operations, printer_operations
        sources = [description] if isinstance(description, (str, Path, dict)) else description
        self.description = Description(*sources)
        self.directory = Path(directory)
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = path.rstrip("/")
        self.schemes = schemes
        self.authentication = authentication
        self.operators = operators
        self.private = private
        self.max_octets = max_octets
        self.max_documents = max_documents
        self.max_jobs = max_jobs
        self.max_user_jobs = max_user_jobs
        self.max_user_octets = max_user_octets
        self.history = history
        self.fetcher = fetcher
        self.events = Events()
        self.operations = {
            code: spec for code, spec in OPERATIONS.items() if fetcher is not None or code not in _BY_REFERENCE
        }
        self.started = time.time()
        self.spool = Spool(self.directory / "documents")
        self.store = Store(self.directory / "jobs.sqlite")
        self.subscriptions = Subscriptions(self.directory / "subscriptions.sqlite")
        self.events.listen(Notifier(self))
        self._load_settings()
        self._notification_attributes = {
            name: attribute(name, value, group=DelimiterTag.PRINTER) for name, value in NOTIFICATION_ATTRIBUTES.items()
        }
        self.processor = Processor(self, output or Keep(), shared=shared)

    def _load_settings(self) -> None:
        with self.store.transaction():
            if self.store.setting("uuid") is None:
                self.store.set(uuid=uuid.uuid4().urn, state_changed=self.started, config_changed=self.started)
        self.uuid = str(self.store.setting("uuid"))

    def start(self) -> None:
        """Begin to process jobs, after what a killed server left is put in order.

        Raises BlockingIOError where another process serves the spool and `shared` was not set.
        """
        self.processor.start()

    def close(self) -> None:
        """End. A job that is being processed is begun anew next time."""
        self.subscriptions.stop_waiting()
        self.processor.close()
        self.subscriptions.close()
        self.store.close()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __call__(self, incoming: IncomingRequest) -> Message | Reply | Parts:
        """Carry out a request. What goes wrong with it is said in the response; `Refusal` passes."""
        message, user = incoming.message, incoming.user
        answer: Message | Reply | Parts
        try:
            call = begin(self, incoming)
            user = call.user
            self._check_access(call)
            answer = call.spec.carry_out(self, call)
        except OperationError as error:
            answer = error.response(message)
        except (sqlite3.Error, OSError) as error:
            _log.exception("%s failed", message.operation)
            reason = f"the printer can't do that now: {type(error).__name__}"
            answer = OperationError(Status.SERVER_ERROR_TEMPORARY_ERROR, reason).response(message)
        status = "in parts" if isinstance(answer, Parts) else _message_of(answer).status
        _log.info("%s %s by %r: %s", incoming.peer, message.operation, user, status)
        return answer

    def _check_access(self, call: Call) -> None:
        """The seam for whoever wants other rules: raise OperationError to refuse."""
        access = call.spec.access
        allowed = call.operator or access == "anyone" or (access == "owner" and call.target.user == call.user)
        if not allowed:
            who = "the job's owner" if access == "owner" else "operators"
            raise OperationError(Status.CLIENT_ERROR_NOT_AUTHORIZED, f"this is for {who}")
        if self.store.setting("down", 0) and not call.spec.while_down:
            raise OperationError(Status.SERVER_ERROR_SERVICE_UNAVAILABLE, "the printer is shut down")

    def is_operator(self, incoming: Incoming | PageRequest) -> bool:
        """Whether who asks is an operator."""
        if self.operators is None:
            return incoming.user is None and incoming.peer in _LOOPBACK
        return incoming.user is not None and incoming.user in self.operators

    # State.

    @property
    def up_time(self) -> int:
        """printer-up-time: seconds since the start, at least 1."""
        return max(1, int(time.time() - self.started) + 1)

    @property
    def paused(self) -> bool:
        """Whether no job is begun."""
        return bool(self.store.setting("paused", 0) or self.store.setting("down", 0))

    @property
    def accepting(self) -> bool:
        """Whether new jobs are taken."""
        return bool(self.store.setting("accepting", 1)) and not self.store.setting("down", 0)

    @property
    def state(self) -> PrinterState:
        """What the printer does now."""
        if self.store.count((JobState.PROCESSING,)):
            return PrinterState.PROCESSING
        return PrinterState.STOPPED if self.paused else PrinterState.IDLE

    @property
    def reasons(self) -> list[str]:
        """printer-state-reasons."""
        found = []
        if self.store.setting("down", 0):
            found.append("shutdown")
        if self.store.setting("paused", 0):
            found.append("moving-to-paused" if self.state == PrinterState.PROCESSING else "paused")
        if self.store.setting("hold_new", 0):
            found.append("hold-new-jobs")
        return found or ["none"]

    def set_state(self, **settings: object) -> None:
        """Change a part of the state: paused, accepting, hold_new, down, pause_after_current."""
        self.store.set(**settings, state_changed=time.time())
        self.publish("printer-state-changed")
        self.processor.wake()

    def pause(self) -> None:
        """Begin no further job."""
        self.set_state(paused=1, pause_after_current=0)

    def publish(self, name: str, job: Job | None = None) -> None:
        """Tell what has happened, see `Events`; nothing where it is about a job and there is none."""
        if job is not None or name.startswith("printer-"):
            self.events.publish(name, job)

    def release(self, job: Job) -> Job | None:
        """Let a held job go on."""
        changed = self.store.change(
            job.id,
            (JobState.PENDING_HELD,),
            state=JobState.PENDING,
            reasons=("job-incoming",) if job.open else ("none",),
            held=False,
            release=None,
        )
        self.publish("job-state-changed", changed)
        self.processor.wake()
        return changed

    # URIs, by the name under which the client knows this host.

    def _host(self, incoming: IncomingRequest) -> str:
        host = incoming.head.headers.get("host") or ""
        return host if _HOST.fullmatch(host) else "localhost"

    def uri(self, incoming: IncomingRequest) -> str:
        """The printer's URI, as the client may use it (PWG 5100.14: with the host of its Host line)."""
        return f"{'ipps' if incoming.secure else 'ipp'}://{self._host(incoming)}{self.path}"

    def page_uri(self, incoming: IncomingRequest, page: str = "") -> str:
        """The URI of a web page of this server."""
        return f"{'https' if incoming.secure else 'http'}://{self._host(incoming)}/{page}"

    # Attributes.

    def settings(self) -> dict[str, Attribute]:
        """The attributes that Set-Printer-Attributes has set."""
        packed = self.store.setting("attributes")
        return {each.name: each for each in unpack(packed)} if isinstance(packed, bytes) else {}

    def attributes(self, call: Call, selected: Selection) -> list[Attribute]:
        """The printer's attributes that are asked for."""
        incoming = call.incoming
        stored = self._notification_attributes | self.description.attributes | self.settings()
        found: dict[str, Callable[[], Any]] = {
            "printer-uri-supported": lambda: [
                f"{scheme}://{self._host(incoming)}{self.path}" for scheme in self.schemes
            ],
            "uri-security-supported": lambda: ["tls" if scheme == "ipps" else "none" for scheme in self.schemes],
            "uri-authentication-supported": lambda: [self.authentication for _ in self.schemes],
            "printer-state": lambda: self.state,
            "printer-state-reasons": lambda: self.reasons,
            "printer-state-message": lambda: "",
            "printer-state-change-time": lambda: self._since("state_changed"),
            "printer-state-change-date-time": lambda: self._moment("state_changed"),
            "printer-config-change-time": lambda: self._since("config_changed"),
            "printer-config-change-date-time": lambda: self._moment("config_changed"),
            "printer-is-accepting-jobs": lambda: self.accepting,
            "printer-up-time": lambda: self.up_time,
            "printer-current-time": lambda: datetime.now(UTC),
            "printer-uuid": lambda: self.uuid,
            "printer-more-info": lambda: self.page_uri(incoming),
            "printer-icons": lambda: [self.page_uri(incoming, "icon.png")],
            "printer-supply-info-uri": lambda: self.page_uri(incoming, "supplies"),
            "queued-job-count": lambda: self.store.count(),
            "operations-supported": lambda: sorted(self.operations),
            "job-creation-attributes-supported": lambda: self._template(),
            "job-settable-attributes-supported": lambda: ["job-name", *self._template()],
            "printer-settable-attributes-supported": lambda: list(SETTABLE),
            "job-privacy-attributes": lambda: ["default" if self.private else "none"],  # IPP Privacy Attributes 1.0
            "job-privacy-scope": lambda: "owner" if self.private else "all",
            "subscription-privacy-attributes": lambda: ["all"],
            "subscription-privacy-scope": lambda: "owner",
            "ippget-event-life": lambda: self.subscriptions.life,
            "reference-uri-schemes-supported": lambda: (
                OutOfBand.NO_VALUE if self.fetcher is None else list(self.fetcher.schemes)
            ),
        }
        if self.fetcher is None:
            del found["reference-uri-schemes-supported"]
        answer = [
            stored[name] if name in stored else attribute(name, found[name](), group=DelimiterTag.PRINTER)
            for name in found
            if selected(name)
        ]
        return answer + [each for name, each in stored.items() if name not in found and selected(name)]

    def _template(self) -> list[str]:
        return [name for name in TEMPLATE if self.description.get(supported_name(name)) is not None]

    def _since(self, setting: str) -> int:
        changed = self.store.setting(setting, self.started)
        return max(0, int(changed - self.started)) + 1 if isinstance(changed, float) else 1

    def _moment(self, setting: str) -> datetime:
        changed = self.store.setting(setting, self.started)
        return datetime.fromtimestamp(changed if isinstance(changed, float) else self.started, UTC)


def _message_of(answer: Message | Reply) -> Message:
    return answer if isinstance(answer, Message) else answer.message
