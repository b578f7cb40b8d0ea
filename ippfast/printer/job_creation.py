"""The operations that make jobs and give them documents (RFC 8011 sections 4.2.1-4.2.4 and 4.3.1-4.3.2, PWG 5100.7).

The rule of this file: everything that can be refused is refused before the document is read, and nothing is
acknowledged before it is on the disk: first the document with its name, then the job that has it.
"""

import time
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from ippfast.codec import Attribute, Message
from ippfast.enums import DocumentState, JobState, Operation, Status
from ippfast.http.events import Buffer
from ippfast.tags import DelimiterTag, ValueTag
from ippfast.values import RawValue

from .answers import job_attributes
from .calls import Call, OperationError, operation
from .documents import IncomingFile, sniff
from .holding import hold_of
from .notifications import subscribe_to_new_job
from .store import Document, Job, NewJob, pack
from .template import accept, job_group, take

if TYPE_CHECKING:
    from .printer import SpoolPrinter

__all__ = ["created", "creation_answer", "new_job"]

# Operation attributes that stay with the job, and are told to its owner.
_KEPT = (
    "client-info",
    "document-metadata",
    "ipp-attribute-fidelity",
    "job-impressions",
    "job-k-octets",
    "job-mandatory-attributes",
    "job-media-sheets",
    "job-pages",
    "job-password",
    "job-password-encryption",
)
_KEPT_OF_DOCUMENTS = ("document-metadata", "document-natural-language", "document-charset")
_ANSWER = ("job-id", "job-uri", "job-state", "job-state-reasons", "job-state-message", "number-of-intervening-jobs")


def _check_accepting(printer: "SpoolPrinter", user: str) -> None:
    if not printer.accepting:
        raise OperationError(Status.SERVER_ERROR_NOT_ACCEPTING_JOBS, "the printer takes no jobs now")
    if printer.store.count() >= printer.max_jobs:
        raise OperationError(Status.SERVER_ERROR_TOO_MANY_JOBS, f"the printer has {printer.max_jobs} jobs already")
    most = printer.max_user_jobs
    if most is not None and printer.store.count(user=user) >= most:
        raise OperationError(Status.SERVER_ERROR_TOO_MANY_JOBS, f"a user has at most {most} jobs here")


def _room(printer: "SpoolPrinter", user: str) -> int | None:
    """How large a document may be. Raises OperationError where a user's documents are as large as they may be."""
    if printer.max_user_octets is None:
        return printer.max_octets
    left = printer.max_user_octets - printer.store.octets_of(user)
    if left <= 0:
        reason = f"a user's documents have at most {printer.max_user_octets} octets here"
        raise OperationError(Status.CLIENT_ERROR_ACCOUNT_LIMIT_REACHED, reason)
    return left if printer.max_octets is None else min(left, printer.max_octets)


def new_job(printer: "SpoolPrinter", call: Call, *, is_open: bool) -> NewJob:
    """What the request wants of a job, where it can be had.

    Raises OperationError where it can't.
    """
    _check_accepting(printer, call.user)
    _check_password(printer, call)
    attributes = take(call, job_group(call))
    held, release = hold_of(attributes, datetime.now().astimezone())
    if printer.store.setting("hold_new", 0):
        held, release = True, None
    priority = next((each.values[0] for each in attributes if each.name == "job-priority"), None)
    kept = [each for name in _KEPT if (each := call.attributes.get(name)) is not None and _is_sound(each)]
    reasons = ("job-hold-until-specified",) if held else ("job-incoming",) if is_open else ("none",)
    return NewJob(
        name=call.string("job-name") or call.string("document-name") or "Untitled",
        user=call.user,
        host=call.incoming.peer,
        state=JobState.PENDING_HELD if held else JobState.PENDING,
        reasons=reasons,
        priority=priority if isinstance(priority, int) else printer.description.number("job-priority-default", 50),
        release=release,
        held=held,
        open=is_open,
        ticket=pack([*attributes, *kept]),
    )


def _is_sound(attribute: Attribute) -> bool:
    return not any(isinstance(value, RawValue) for value in attribute.values)


def _check_password(printer: "SpoolPrinter", call: Call) -> None:
    password = call.values("job-password", ValueTag.OCTET_STRING)
    if not password:
        return
    encryption = call.keyword("job-password-encryption")
    if encryption is None:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "job-password comes with job-password-encryption")
    if encryption not in printer.description.values("job-password-encryption-supported"):
        given = [call.attributes["job-password-encryption"]]
        reason = "there is no such job-password-encryption here"
        raise OperationError(Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED, reason, unsupported=given)
    if len(password[0]) > printer.description.number("job-password-supported", 0):
        given = [call.attributes["job-password"]]
        raise OperationError(Status.CLIENT_ERROR_REQUEST_VALUE_TOO_LONG, "too long a job-password", unsupported=given)


def _document(call: Call, file: IncomingFile, document_format: str, name: str) -> Document:
    if document_format == "application/octet-stream":
        found = sniff(file.head)
        if found in call.printer.description.values("document-format-supported"):
            document_format = found
    groups = call.message.groups_of(DelimiterTag.DOCUMENT)
    kept = [each for key in _KEPT_OF_DOCUMENTS if (each := call.attributes.get(key)) is not None and _is_sound(each)]
    names = {each.name for each in kept}
    kept += [each for group in groups[:1] for each in group if each.name not in names and _is_sound(each)]
    return Document(
        job_id=0,
        number=0,
        file=file.name,
        octets=file.octets,
        format=document_format,
        name=name,
        state=DocumentState.PENDING,
        created=time.time(),
        ticket=pack({each.name: each for each in kept}.values()),
    )


def creation_answer(call: Call, job: Job) -> Message:
    """The response that tells of a job and its documents (RFC 8011 section 4.2.1.2)."""
    return call.respond(job=_told(call, job))


def _told(call: Call, job: Job) -> list[Attribute]:
    call.user = job.user  # whoever makes a job may see it
    return job_attributes(call, job, _ANSWER.__contains__)


def created(printer: "SpoolPrinter", call: Call, job: Job) -> Message:
    """A job has been made: tell of it those who subscribed, with this request too (RFC 3995 section 11.1.3)."""
    subscriptions, complete = subscribe_to_new_job(call, job)
    printer.publish("job-created", job)
    printer.processor.wake()
    status = Status.SUCCESSFUL_OK if complete else Status.SUCCESSFUL_OK_IGNORED_SUBSCRIPTIONS
    return call.respond(status, job=_told(call, job), subscription=subscriptions)


def _print(printer: "SpoolPrinter", call: Call, pieces: Iterable[Buffer]) -> Message:
    new = new_job(printer, call, is_open=False)
    document_format, name = accept(call)
    room = _room(printer, call.user)
    with printer.spool.new() as file:
        file.write(pieces, room)
        if not file.octets:
            raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no document in the request")
        job = printer.store.add_job(new, [_document(call, file, document_format, name)])
        file.keep()
    return created(printer, call, job)


@operation(Operation.PRINT_JOB)
def print_job(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 8011 section 4.2.1."""
    return _print(printer, call, call.incoming.document)


@operation(Operation.PRINT_URI)
def print_uri(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 8011 section 4.2.2."""
    return _print(printer, call, _fetched(printer, call))


def _fetched(printer: "SpoolPrinter", call: Call) -> Iterable[Buffer]:
    assert printer.fetcher is not None
    uri = call.string("document-uri", ValueTag.URI)
    if uri is None:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no document-uri")
    printer.fetcher.check(uri)
    return printer.fetcher.pieces(uri)


@operation(Operation.VALIDATE_JOB)
def validate_job(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 8011 section 4.2.3."""
    new_job(printer, call, is_open=False)
    accept(call)
    return call.respond()


@operation(Operation.CREATE_JOB)
def create_job(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 8011 section 4.2.4."""
    job = printer.store.add_job(new_job(printer, call, is_open=True))
    return created(printer, call, job)


@operation(Operation.SEND_DOCUMENT, target="job", access="owner")
def send_document(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 8011 section 4.3.1."""
    return _send(printer, call, call.incoming.document)


@operation(Operation.SEND_URI, target="job", access="owner")
def send_uri(printer: "SpoolPrinter", call: Call) -> Message:
    """RFC 8011 section 4.3.2."""
    last = call.boolean("last-document")
    without = "document-uri" not in call.attributes and last
    return _send(printer, call, () if without else _fetched(printer, call))


def _send(printer: "SpoolPrinter", call: Call, pieces: Iterable[Buffer]) -> Message:
    last = call.boolean("last-document")
    if last is None:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no last-document")
    job = call.target
    _check_open(job)
    if job.documents >= printer.max_documents:
        raise OperationError(
            Status.SERVER_ERROR_TOO_MANY_DOCUMENTS, f"a job has at most {printer.max_documents} documents here"
        )
    document_format, name = accept(call)
    room = _room(printer, job.user)
    with printer.spool.new() as file:
        file.write(pieces, room)
        if not file.octets and not last:
            raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no document in the request")
        document = _document(call, file, document_format, name) if file.octets else None
        changed = printer.store.add_document(job.id, document, last=last)
        if changed is None:
            _check_open(printer.store.job(job.id))
        if document is not None:
            file.keep()
    return _sent(printer, call, changed)


def _check_open(job: Job | None) -> None:
    """Raises OperationError for a job that takes no documents."""
    if job is None or job.state == JobState.CANCELED:
        raise OperationError(Status.SERVER_ERROR_JOB_CANCELED, "the job is canceled")
    if not job.open or job.ended:
        raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, "the job takes no more documents")


def _sent(printer: "SpoolPrinter", call: Call, job: Job | None) -> Message:
    assert job is not None
    if not job.open and job.state == JobState.PENDING:
        job = printer.store.change(job.id, (JobState.PENDING,), reasons=("none",)) or job
        printer.publish("job-state-changed", job)
    if not job.open:
        printer.processor.wake()
    return creation_answer(call, job)


@operation(Operation.CLOSE_JOB, target="job", access="owner")
def close_job(printer: "SpoolPrinter", call: Call) -> Message:
    """PWG 5100.7: the job gets no more documents."""
    job = call.target
    _check_open(job)
    return _sent(printer, call, printer.store.add_document(job.id, None, last=True))


@operation(Operation.VALIDATE_DOCUMENT)
def validate_document(printer: "SpoolPrinter", call: Call) -> Message:
    """PWG 5100.13: whether Send-Document would be taken."""
    del printer
    accept(call)
    return call.respond()
