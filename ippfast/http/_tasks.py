"""What people want of a printer: print, ask, list, wait, cancel. Written once for both clients.

The rule of this file: as in `_core.py`, coroutines that await the core and its shell alone. The requests are those of
`ippfast.operations`; a status-code that is no success is an error.
"""

import contextlib
import getpass
import itertools
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePath
from typing import Any, Generic, TypeVar

from .. import operations
from ..codec import AttributeGroup, Message
from ..enums import JobState, Status
from ..tags import DelimiterTag
from ._core import Channel, Core, Progress
from ._outgoing import AsyncDocument, Outgoing
from .jobs import ENDED, JobError, OperationError, int_of, job_state, reasons_of, text_of
from .limits import Timeouts

__all__ = ["JOB_ATTRIBUTES", "QUICK", "Tasks"]

_Channel = TypeVar("_Channel", bound=Channel)

_STATE = ("job-id", "job-uri", "job-name", "job-state", "job-state-reasons", "job-state-message")
JOB_ATTRIBUTES = (*_STATE, "job-originating-user-name", "job-k-octets", "job-impressions-completed", "time-at-creation")
"""What is asked of each job where nobody says otherwise."""

QUICK = Timeouts(connect=5.0, first_octet=5.0, idle=5.0)
"""For what is tidied up."""

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0

# What Print-Job, Create-Job and Send-Document take among the operation attributes; all else describes the job.
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


class Tasks(Generic[_Channel]):
    """The tasks of one client. user: the requesting-user-name; None: the user of the operating system."""

    def __init__(self, core: Core[_Channel], user: str | None) -> None:
        self.core = core
        self._user = _system_user() if user is None else user
        self._numbers = itertools.count()

    def options(self) -> dict[str, Any]:
        """What every request has."""
        return {"user": self._user, "request_id": next(self._numbers) % 0x7FFFFFFF + 1}

    @property
    def uri(self) -> str:
        """The printer's."""
        return self.core.uri

    async def ask(
        self,
        message: Message,
        outgoing: Outgoing | None = None,
        progress: Progress | None = None,
        timeouts: Timeouts | None = None,
    ) -> Message:
        """Send a request and give the response. Raises OperationError for a status-code that is no success."""
        channel, response = await self.core.ask(message, outgoing or Outgoing(None), progress, timeouts=timeouts)
        await self.core.finish(channel)
        assert response.message is not None
        if response.message.code >= 0x0100:
            raise OperationError(response.message)
        return response.message

    async def attributes(self, names: Sequence[str]) -> AttributeGroup:
        """The printer's attributes: these, or all."""
        message = operations.get_printer_attributes(
            self.uri, requested_attributes=list(names) or None, **self.options()
        )
        return _first_group(await self.ask(message), DelimiterTag.PRINTER)

    async def job(self, job_id: int, names: Sequence[str]) -> AttributeGroup:
        """A job's attributes: these, or all."""
        message = operations.get_job_attributes(
            self.uri, job_id, requested_attributes=list(names) or None, **self.options()
        )
        return _first_group(await self.ask(message), DelimiterTag.JOB)

    async def jobs(
        self, which: str, mine: bool, limit: int | None, names: Sequence[str]
    ) -> list[tuple[int, AttributeGroup]]:
        """The printer's jobs and their ids. A job without an id, which nobody could ask for, is left out."""
        message = operations.get_jobs(
            self.uri,
            which_jobs=which,
            my_jobs=True if mine else None,
            limit=limit,
            requested_attributes=list(names or JOB_ATTRIBUTES),
            **self.options(),
        )
        groups = (await self.ask(message)).groups_of(DelimiterTag.JOB)
        found = [(int_of(group, "job-id"), group) for group in groups]
        return [(job_id, group) for job_id, group in found if job_id is not None]

    async def cancel(self, job_id: int, text: str | None, timeouts: Timeouts | None = None) -> None:
        """Cancel a job."""
        await self.ask(operations.cancel_job(self.uri, job_id, message=text, **self.options()), timeouts=timeouts)

    async def wait(self, job_id: int, timeout: float | None) -> AttributeGroup:
        """Ask for a job's state until it is completed."""
        end, pause = None if timeout is None else time.monotonic() + timeout, _FIRST_PAUSE
        while True:
            attributes = await self.job(job_id, _STATE)
            state = job_state(attributes)
            if state is JobState.COMPLETED:
                return attributes
            if state in ENDED:
                reasons = reasons_of(attributes, "job-state-reasons")
                raise JobError(job_id, state, reasons, text_of(attributes, "job-state-message"))
            if end is not None:
                left = end - time.monotonic()
                if left <= 0:
                    raise TimeoutError(f"job {job_id} is {state}, after {timeout} seconds")
                pause = min(pause, left)
            await self.core.shell.sleep(pause)
            pause = min(1.5 * pause, _LONGEST_PAUSE)

    async def print(
        self,
        documents: Sequence[AsyncDocument],
        attributes: Mapping[str, object],
        job: Mapping[str, object],
        progress: Progress | None,
    ) -> tuple[int, AttributeGroup]:
        """Print documents as one job; its id and attributes.

        attributes: by their names, with underscores or hyphens: those of the job template, and operation attributes.
        job: further ones of the job.
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
        if self.core.awaits_challenge:
            # Some servers, as CUPS', ask for credentials by operation, and so not before they have read a message.
            kind = {"document_format": _format_of(documents[0]), **of_job, **of_document, **self.options()}
            with contextlib.suppress(OperationError):  # what follows says what is wrong
                await self.ask(operations.validate_job(self.uri, job=template, **kind))
        if len(documents) == 1:
            with await self.core.shell.open(documents[0]) as outgoing:
                options = {"document_format": _format_of(documents[0]), **of_job, **of_document, **self.options()}
                try:
                    response = await self.ask(
                        operations.print_job(self.uri, job=template, **options), outgoing, progress
                    )
                except OperationError as error:
                    # Printers that can only do the other do not read the document.
                    if error.status != Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED or not outgoing.rewind():
                        raise
                else:
                    return _job_of(response)
        response = await self.ask(operations.create_job(self.uri, job=template, **of_job, **self.options()))
        job_id, group = _job_of(response)
        try:
            for place, document in enumerate(documents, 1):
                options = {"document_format": _format_of(document), **of_document, **self.options()}
                message = operations.send_document(self.uri, job_id, last_document=place == len(documents), **options)
                with await self.core.shell.open(document) as outgoing:
                    response = await self.ask(message, outgoing, progress)
        except BaseException:
            with contextlib.suppress(Exception):  # the printer may have given it up itself
                await self.cancel(job_id, None, QUICK)
            raise
        return job_id, next(iter(response.groups_of(DelimiterTag.JOB)), group)


def _system_user() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # an account without a name
        return None


def _first_group(message: Message, tag: DelimiterTag) -> AttributeGroup:
    """The first group with this tag; an empty one where there is none."""
    return next(iter(message.groups_of(tag)), AttributeGroup(tag))


def _job_of(response: Message) -> tuple[int, AttributeGroup]:
    """The job that was created."""
    group = _first_group(response, DelimiterTag.JOB)
    job_id = int_of(group, "job-id")
    if job_id is None:
        raise OperationError(response)
    return job_id, group


def _path_of(document: AsyncDocument) -> PurePath | None:
    """Where a document comes from."""
    name = document if isinstance(document, (str, Path)) else getattr(document, "name", None)
    return PurePath(os.fsdecode(name)) if isinstance(name, (str, bytes, Path)) else None


def _name_of(document: AsyncDocument) -> str | None:
    """A job-name: a file's name, within the 255 octets of a name (RFC 8011 section 5.1.3)."""
    path = _path_of(document)
    if path is None or not path.name or path.name.startswith("<"):
        return None
    return path.name.encode("utf-8", "replace")[:255].decode("utf-8", "ignore")


def _format_of(document: AsyncDocument) -> str | None:
    """A document-format, where it is plain to see; otherwise the printer looks for itself (RFC 8011 section 5.1.10)."""
    if isinstance(document, (bytes, bytearray, memoryview)):
        beginning = bytes(memoryview(document).cast("B")[:16])
        return next((kind for mark, kind in _BEGINNINGS.items() if beginning.startswith(mark)), None)
    path = _path_of(document)
    return None if path is None else _FORMATS.get(path.suffix.lower())
