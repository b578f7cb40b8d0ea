"""The tasks of a client: print, ask, list, wait, cancel. They are written once for both clients.

The rule of this file: as in `core.py`, its coroutines await only the core and its shell. The requests are those of
`ippfast.operations`; a status-code that is not a successful one is an error.
"""

import contextlib
import getpass
import itertools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from pathlib import Path, PurePath
from typing import Any, Generic, NamedTuple, TypeVar

from ... import operations
from ...codec import AttributeGroup, Message, encode
from ...enums import JobState, Operation, Status
from ...requests import Template
from ...tags import DelimiterTag
from ..errors import RemoteProtocolError, seconds_shown
from ..jobs import (
    ENDED,
    TELLS_NOTHING,
    WITHOUT_STATE,
    JobError,
    OperationError,
    Told,
    job_id_of,
    job_state,
    job_words,
    reasons_of,
    text_of,
    unsupported_of,
)
from ..limits import Timeouts
from ..uri import printer_uri
from .channels import Channel, Progress
from .compressing import GZIP, Gzip, gains, sampled
from .core import Core
from .outgoing import AsyncDocument, Outgoing
from .prepared import Prepared, Preparing
from .remembered import Remembered

__all__ = ["JOB_ATTRIBUTES", "QUICK", "SystemUser", "Tasks", "can_be_asked"]

_Channel = TypeVar("_Channel", bound=Channel)

_STATE = ("job-id", "job-uri", "job-name", "job-state", "job-state-reasons", "job-state-message")
JOB_ATTRIBUTES = (*_STATE, "job-originating-user-name", "job-k-octets", "job-impressions-completed", "time-at-creation")
"""The attributes of jobs that are asked for if the caller names none."""

QUICK = Timeouts(connect=5.0, first_octet=5.0, idle=5.0)
"""Short time-outs, for requests that clean up."""

_NOT_PACKED = frozenset({Status.CLIENT_ERROR_COMPRESSION_NOT_SUPPORTED, Status.CLIENT_ERROR_COMPRESSION_ERROR})

_MADE = 64
"""How many requests are kept as octets."""

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0

_ARE_PLAIN = {str, int, type(None)}
"""The types whose equal values are the same on the wire."""

_AS_IT_IS = (bytes, bytearray, memoryview, str, Path)
"""Documents of these types are not `Preparing`. For other types, isinstance has to look up each attribute."""

_NAMES = frozenset({"job_name", "document_name"})
"""The attributes that name a job. The response to Validate-Job does not depend on them."""

_LOADED = ("media-col-ready", "media-ready")
"""Pages depend on these attributes, and somebody at the printer may have changed them since the last job."""

_TWO_STEPS = {Operation.CREATE_JOB, Operation.SEND_DOCUMENT}

# The operation attributes of Print-Job, Create-Job and Send-Document; all others are attributes of the job.
_OF_JOB = frozenset(operations.create_job.__kwdefaults__ or ()) - {"job", "subscription"}
_OF_DOCUMENT = frozenset(operations.send_document.__kwdefaults__ or ()) - {"document"}

_FORMATS = {
    ".pdf": "application/pdf",
    ".ps": "application/postscript",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".png": "image/png",
    ".pwg": "image/pwg-raster",
    ".ras": "image/pwg-raster",
    ".urf": "image/urf",
    ".txt": "text/plain",
}
_BEGINNINGS = {
    b"%PDF-": "application/pdf",
    b"%!": "application/postscript",
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"RaS2": "image/pwg-raster",
    b"UNIRAST\0": "image/urf",
}


class SystemUser(Enum):
    """The default for ``user``: the user of the operating system."""

    SYSTEM_USER = "the user of the operating system"


class Tasks(Generic[_Channel]):
    """The tasks of one client. user: the requesting-user-name; None: requests have none."""

    def __init__(self, core: Core[_Channel], user: str | SystemUser | None) -> None:
        self.core = core
        self._user = _system_user() if isinstance(user, SystemUser) else user
        self._numbers = itertools.count()
        self._made: dict[tuple[object, ...], Template] = {}
        self._remembered = Remembered()

    def options(self) -> dict[str, Any]:
        """The options of every request."""
        return {"user": self._user, "request_id": self._next_id()}

    def _next_id(self) -> int:
        return next(self._numbers) % 0x7FFFFFFF + 1

    def _again(self, key: tuple[object, ...], make: Callable[[], Message]) -> Message:
        """A request that is sent often: built once, then made from its octets. key: all arguments that build it."""
        template = self._made.get(key)
        if template is None:
            if len(self._made) >= _MADE:
                self._made.clear()
            self._made[key] = template = Template(make())
        return template.message(request_id=self._next_id())

    @property
    def uri(self) -> str:
        """The printer-uri."""
        return self.core.uri

    async def ask(
        self,
        message: Message,
        outgoing: Outgoing | None = None,
        progress: Progress | None = None,
        timeouts: Timeouts | None = None,
        target: str | None = None,
    ) -> Message:
        """Send a request and return the response. Raises OperationError unless its status-code is a successful one."""
        channel, response = await self.core.ask(
            message, outgoing or Outgoing(None), progress, target=target, timeouts=timeouts
        )
        await self.core.finish(channel)
        assert response.message is not None
        if not response.message.succeeded:
            raise OperationError(response.message)
        return response.message

    async def attributes(self, names: Sequence[str]) -> AttributeGroup:
        """The printer's attributes: these, or all."""
        message = self._again(
            (Operation.GET_PRINTER_ATTRIBUTES, self.uri, *names),
            lambda: operations.get_printer_attributes(
                self.uri, requested_attributes=list(names) or None, **self.options()
            ),
        )
        return _first_group(await self.ask(message), DelimiterTag.PRINTER)

    def _target(self, job: Told) -> tuple[str] | tuple[str, int]:
        """The first arguments of an operation on a job: the printer's URI and the job-id, or otherwise the job's URI.

        Raises ValueError for a job that has neither (RFC 8011 section 4.1.5).
        """
        if not can_be_asked(job):
            raise ValueError("the printer gave the job no job-id and no job-uri, so it cannot be asked about")
        if job.id is not None:
            return self.uri, job.id
        return (str(text_of(job.attributes, "job-uri")),)

    async def job(self, job: Told, names: Sequence[str]) -> AttributeGroup:
        """A job's attributes: these, or all; none if the response is about another job."""
        message = operations.get_job_attributes(
            *self._target(job), requested_attributes=list(names) or None, **self.options()
        )
        for group in (await self.ask(message)).groups_of(DelimiterTag.JOB):
            if job.id is None or job_id_of(group) in (job.id, None):
                return group
        return AttributeGroup(DelimiterTag.JOB)

    async def jobs(
        self, which: str, mine: bool, limit: int | None, names: Sequence[str], *, everywhere: bool = False
    ) -> list[Told]:
        """The printer's jobs. A job without job-id and job-uri, which cannot be asked about, is left out."""
        groups = await self.job_groups(which, mine, limit, names, everywhere=everywhere)
        return [job for group in groups if can_be_asked(job := Told(job_id_of(group), group))]

    async def job_groups(
        self, which: str, mine: bool, limit: int | None, names: Sequence[str], *, first: int = 1, everywhere: bool
    ) -> list[AttributeGroup]:
        """The attributes of the printer's jobs, or of those of all queues of a CUPS server, from number `first` on."""
        wanted = list(names or JOB_ATTRIBUTES)
        if "all" not in wanted:
            wanted += [name for name in ("job-id", *(["job-printer-uri"] if everywhere else [])) if name not in wanted]
        # To cupsd the path "/" means all queues.
        root = self.core.endpoint._replace(target="/")
        message = operations.get_jobs(
            printer_uri(root) if everywhere else self.uri,
            which_jobs=which,
            my_jobs=True if mine else None,
            limit=limit,
            first_index=first if first > 1 else None,
            requested_attributes=wanted,
            **self.options(),
        )
        answer = await self.ask(message, target=root.target if everywhere else None)
        return answer.groups_of(DelimiterTag.JOB)

    async def cancel(self, job: Told, text: str | None, timeouts: Timeouts | None = None) -> None:
        """Cancel a job."""
        await self.ask(operations.cancel_job(*self._target(job), message=text, **self.options()), timeouts=timeouts)

    async def wait(self, job: Told, timeout: float | None) -> Told:
        """Ask for a job's state until it is completed, or until the printer does not seem to report it."""
        end, pause = None if timeout is None else time.monotonic() + timeout, _FIRST_PAUSE
        silent = 0  # how many responses in a row had no state
        while silent < WITHOUT_STATE and can_be_asked(job):
            try:
                attributes = await self.job(job, _STATE)
            except OperationError as error:
                if error.status in TELLS_NOTHING and job.known:
                    break  # most often it has forgotten the job, as printers do with jobs that have ended
                raise
            state = job_state(attributes)
            silent = silent + 1 if state is None else 0
            job = job._replace(attributes=attributes if len(attributes) else job.attributes, known=True)
            if state is JobState.COMPLETED:
                return job
            if state in ENDED:
                self._remembered.forget()
                reasons = reasons_of(attributes, "job-state-reasons")
                raise JobError(job.id, state, reasons, text_of(attributes, "job-state-message"))
            if end is not None:
                left = end - time.monotonic()
                if left <= 0:
                    shown = "of unknown state" if state is None else state
                    raise TimeoutError(f"{job_words(job.id)} is {shown}, after {seconds_shown(timeout)}")
                pause = min(pause, left)
            await self.core.shell.sleep(pause)
            pause = min(1.5 * pause, _LONGEST_PAUSE)
        kept = [each for each in job.attributes if not each.name.startswith("job-state")]
        return job._replace(attributes=AttributeGroup(DelimiterTag.JOB, kept))

    async def print(
        self,
        documents: Sequence[AsyncDocument | Preparing],
        attributes: Mapping[str, object],
        job: Mapping[str, object],
        progress: Progress | None,
    ) -> Told:
        """Print documents as one job.

        attributes: operation attributes and the job's, by their names with underscores or hyphens. job: further
        attributes of the job.

        Raises ValueError if documents that are made for the printer need different attributes of the job.
        """
        if not documents:
            raise ValueError("there is no document to print")
        given: dict[str, Any] = {
            name.replace("-", "_"): value for name, value in attributes.items() if value is not None
        }
        given.setdefault("job_name", _name_of(documents[0]))
        of_job = {name: given.pop(name) for name in _OF_JOB & given.keys()}
        of_document = {name: given.pop(name) for name in _OF_DOCUMENT & given.keys()}
        template = {name.replace("_", "-"): value for name, value in given.items()} | dict(job)
        packing = of_document.get("compression") == "auto"
        if packing:
            del of_document["compression"]
        with contextlib.ExitStack() as opened:
            try:
                items, template, able = await self._prepare(documents, template, opened)
                if packing and await self._takes_gzip():
                    items = [await self._packed(item) for item in items]
                return await self._print(items, of_job, of_document, template, able, progress)
            except Exception:  # also if the printer cannot be reached: another one may take its place
                self._remembered.forget()
                raise

    async def _prepare(
        self, documents: Sequence[AsyncDocument | Preparing], job: dict[str, Any], opened: contextlib.ExitStack
    ) -> tuple["list[_Item]", dict[str, Any], frozenset[Any]]:
        """The documents to send, the attributes of the job, and the printer's operations-supported."""
        items: list[_Item] = []
        jobs: list[dict[str, Any]] = []
        printer: AttributeGroup | None = None
        for document in documents:
            if isinstance(document, _AS_IT_IS) or not isinstance(document, Preparing):
                items.append(_Item(document, {"document_format": _format_of(document)}, {}))
                jobs.append(job)
                continue
            if printer is None:
                printer = await self._able_to()
            prepared: Prepared = await self.core.shell.call(document.prepare, printer, job)
            opened.callback(prepared.close)
            items.append(_Item(prepared.document, {}, {"document_format": prepared.format}))
            jobs.append(dict(prepared.job))
        if any(each != jobs[0] for each in jobs):
            raise ValueError("the documents need different attributes of the job: print each as a job of its own")
        able = None if printer is None else printer.get("operations-supported")
        return items, jobs[0], frozenset(() if able is None else able.values)

    async def _print(
        self,
        items: "list[_Item]",
        of_job: dict[str, Any],
        of_document: dict[str, Any],
        template: dict[str, Any],
        able: frozenset[Any],
        progress: Progress | None,
    ) -> Told:
        """Send the documents. able: the operations that the printer has.

        If a document is made while it is sent, that may fail halfway. A job of Create-Job can then be canceled by its
        job-id; of a job of Print-Job only the printer knows the id. So the user is authenticated, and the printer
        accepts the job, before the document is made: by Create-Job, or by Validate-Job.
        """
        made_now = any(each.made_now for each in items)
        if made_now and not able >= _TWO_STEPS and Operation.VALIDATE_JOB in able:
            options = {**of_job, **items[0].about(of_document)}
            options.pop("compression", None)  # there is no document yet
            # The request is compared by its octets, since the caller may change what it gave.
            unnamed = {name: value for name, value in options.items() if name not in _NAMES}
            asked = encode(operations.validate_job(self.uri, job=template, user=self._user, **unnamed))
            if not self._remembered.takes(asked):
                await self.ask(operations.validate_job(self.uri, job=template, **{**options, **self.options()}))
                self._remembered.took(asked)
        if len(items) == 1 and not (made_now and able >= _TWO_STEPS):
            (item,) = items
            with await self.core.shell.open(item.document) as outgoing:

                def print_job(about: Mapping[str, Any]) -> Message:
                    said = {**of_job, **about}
                    key = (Operation.PRINT_JOB, self.uri, *said.items(), None, *template.items())
                    if not _ARE_PLAIN.issuperset(map(type, (*said.values(), *template.values()))):
                        return operations.print_job(self.uri, job=template, **{**said, **self.options()})
                    return self._again(
                        key, lambda: operations.print_job(self.uri, job=template, **{**said, **self.options()})
                    )

                try:
                    response = await self._send(item, outgoing, print_job, of_document, progress)
                except OperationError as error:
                    # Printers that have only Create-Job do not read the document.
                    if error.status != Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED or not outgoing.rewind():
                        raise
                else:
                    return _made(response)
        response = await self.ask(operations.create_job(self.uri, job=template, **of_job, **self.options()))
        made = _made(response)
        if not can_be_asked(made):
            raise RemoteProtocolError(502, "the job has neither job-id nor job-uri, so no document can be sent")
        try:
            target = self._target(made)
            for item in items:

                def send_document(about: Mapping[str, Any], *, last: bool = item is items[-1]) -> Message:
                    return operations.send_document(*target, last_document=last, **{**about, **self.options()})

                with await self.core.shell.open(item.document) as outgoing:
                    made = _made(await self._send(item, outgoing, send_document, of_document, progress), made)
        except BaseException:
            with contextlib.suppress(Exception):  # the printer may have ended the job itself
                await self.cancel(made, None, QUICK)
            raise
        return made

    async def _able_to(self, *names: str) -> AttributeGroup:
        """The printer's attributes: these, or all. Only those of loaded media are asked for more than once a minute."""
        known = self._remembered.attributes(names)
        if known is None:
            known = await self.attributes(names)
            self._remembered.told(names, known)
            return known
        loaded = [name for name in _LOADED if name in known]
        if loaded and not names:
            now = await self.attributes(loaded)
            for name in loaded:
                del known[name]
                if name in now:
                    known[name] = now[name]
        return known

    async def _takes_gzip(self) -> bool:
        """Whether the printer takes documents that are compressed with gzip."""
        try:
            printer = await self._able_to("compression-supported")
        except OperationError:
            return False
        supported = printer.get("compression-supported")
        return supported is not None and GZIP in supported.values

    async def _packed(self, item: "_Item") -> "_Item":
        """Decide whether a document is to be compressed: whether it becomes smaller."""
        document, sample = await sampled(item.document, self.core.shell.call)
        return item._replace(document=document, packs=await self.core.shell.call(gains, sample))

    async def _send(
        self,
        item: "_Item",
        outgoing: Outgoing,
        make: Callable[[Mapping[str, Any]], Message],
        of_document: dict[str, Any],
        progress: Progress | None,
    ) -> Message:
        """Send one document, compressed if that was decided. If the printer refuses the compression, send it plain.

        make: makes the request. It gets the operation attributes about the document.
        """
        about = item.about(of_document)
        if item.packs:
            try:
                return await self.ask(make({**about, "compression": GZIP}), Gzip(outgoing), progress)
            except OperationError as error:
                if error.status not in _NOT_PACKED or not outgoing.rewind():
                    raise
        return await self.ask(make(about), outgoing, progress)


class _Item(NamedTuple):
    """One document to send.

    guessed, known: its operation attributes; those of the caller overrule guessed, but not known. packs: whether to
    compress it.
    """

    document: AsyncDocument
    guessed: dict[str, Any]
    known: dict[str, Any]
    packs: bool = False

    @property
    def made_now(self) -> bool:
        """Whether the document is made for the printer while it is sent."""
        return bool(self.known) and not isinstance(self.document, (str, Path))

    def about(self, told: dict[str, Any]) -> dict[str, Any]:
        """The operation attributes about the document. told: those of the caller."""
        return {**self.guessed, **told, **self.known}


def _system_user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name
        return None


def can_be_asked(job: Told) -> bool:
    """Whether a job can be asked about: it has a job-id, or a job-uri that can be sent."""
    uri = text_of(job.attributes, "job-uri") or ""
    return job.id is not None or (uri != "" and all("!" <= each <= "~" for each in uri))


def _first_group(message: Message, tag: DelimiterTag) -> AttributeGroup:
    """The first group with this tag; an empty one if there is none."""
    return next(iter(message.groups_of(tag)), AttributeGroup(tag))


def _made(response: Message, before: Told | None = None) -> Told:
    """The job of a response. before: what was known of it until now, which keeps its id."""
    group = _first_group(response, DelimiterTag.JOB)
    status, unsupported = response.status, unsupported_of(response)
    if before is None:
        return Told(job_id_of(group), group, status, unsupported)
    about_it = len(group) and job_id_of(group) in (before.id, None)
    return before._replace(
        attributes=group if about_it else before.attributes,
        status=before.status if status == Status.SUCCESSFUL_OK else status,
        unsupported=before.unsupported + tuple(each for each in unsupported if each not in before.unsupported),
    )


def _path_of(document: AsyncDocument | Preparing) -> PurePath | None:
    """The path of a document, if it has one."""
    name = document if isinstance(document, (str, Path)) else getattr(document, "name", None)
    return PurePath(os.fsdecode(name)) if isinstance(name, (str, bytes, Path)) else None


def _name_of(document: AsyncDocument | Preparing) -> str | None:
    """A job-name: the file's name, cut to 255 octets (RFC 8011 section 5.1.3); None if there is none."""
    path = _path_of(document)
    if path is None or not path.name or path.name.startswith("<"):
        return None
    return path.name.encode("utf-8", "replace")[:255].decode("utf-8", "ignore")


def _format_of(document: AsyncDocument) -> str | None:
    """The document-format, if octets or file name show it; None: the printer finds out (RFC 8011 section 5.1.10)."""
    if isinstance(document, (bytes, bytearray, memoryview)):
        beginning = bytes(memoryview(document).cast("B")[:16])
        return next((kind for mark, kind in _BEGINNINGS.items() if beginning.startswith(mark)), None)
    path = _path_of(document)
    return None if path is None else _FORMATS.get(path.suffix.lower())
