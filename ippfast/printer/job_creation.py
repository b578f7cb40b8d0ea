"""The operations that make jobs and give them documents (RFC 8011 sections 4.2.1-4.2.4 and 4.3.1-4.3.2, PWG 5100.7).

The rule of this file: everything that can be refused is refused before the document is read, and nothing is
acknowledged before it is on the disk: first the document with its name, then the job that has it.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from ippfast.codec import Attribute, Message
from ippfast.enums import JobState, Operation, Status
from ippfast.formats import sniff
from ippfast.http.events import Buffer
from ippfast.tags import DelimiterTag, ValueTag
from ippfast.values import OutOfBand, StringWithLanguage

from .answers import job_uri
from .calls import Call, operation
from .core import PrinterCore
from .counting import Counted, pages_of
from .errors import OperationError
from .holding import hold_of
from .options import PrinterLimits
from .rings import has_passed
from .storage.limits import LimitReached, Load, check_document, check_job
from .storage.rows import Job, NewDocument, NewJob, pack, told_state
from .storage.seam import IncomingDocument
from .subscriptions import subscriptions_of
from .template import accept, is_sound, job_group, take, take_of_document

__all__ = ["check_room", "create", "creation_answer", "new_job"]

# Operation attributes that are kept with the job.
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


def check_room(printer: PrinterCore, call: Call) -> int | None:
    """How large a document may be, before it is read. Raises LimitReached if no more jobs are taken.

    The store checks the same again in the transaction that makes the job.
    """
    store, limits, user = printer.store, printer.limits, call.user
    jobs = store.count(user=user) if limits.user_jobs is not None else 0
    octets = store.octets_of(user) if limits.user_octets is not None else 0
    load = Load(jobs, octets)
    try:
        check_job(limits, call.state or store.state(), load)
    except LimitReached:
        check_job(limits, store.state(), load)  # the first check may have used an old state
    return _room(limits, octets)


def _room(limits: PrinterLimits, octets: int) -> int | None:
    """How large a document may be if a user's others have this many octets. Raises LimitReached."""
    if limits.user_octets is None:
        return limits.octets
    left = limits.user_octets - octets
    if left <= 0:
        raise LimitReached("user_octets", limits.user_octets)
    return left if limits.octets is None else min(left, limits.octets)


def new_job(printer: PrinterCore, call: Call, *, is_open: bool) -> NewJob:
    """The job that the request asks for.

    Raises OperationError if that is not supported.
    """
    _check_password(printer, call)
    if (clients := call.attributes.get("client-info")) is not None and has_passed(printer.uuid, clients):
        raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, "this printer forwards the job in a ring: it came back")
    attributes = take(call, job_group(call))
    held, release = hold_of(attributes, datetime.now().astimezone())
    priority = next((each.values[0] for each in attributes if each.name == "job-priority"), None)
    kept = [each for name in _KEPT if (each := call.attributes.get(name)) is not None and is_sound(name, each)]
    language = call.attributes["attributes-natural-language"]
    if language.values != ("en",) and is_sound(language.name, language):  # otherwise it is "en"
        kept.append(language)
    if (uri := call.attributes.get("requesting-user-uri")) is not None and is_sound(uri.name, uri):
        kept.append(Attribute("job-originating-user-uri", uri.tags, uri.values))  # PWG 5100.13
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


def _check_password(printer: PrinterCore, call: Call) -> None:
    """Check job-password (PWG 5100.11). It is refused if jobs can't wait for their passwords here."""
    password = call.values("job-password", ValueTag.OCTET_STRING)
    if not password:
        return
    longest = printer.description.number("job-password-supported", 0)
    if not longest:
        given = [Attribute("job-password", OutOfBand.UNSUPPORTED.value, [OutOfBand.UNSUPPORTED])]
        reason = "a job can't wait for its password here"
        raise OperationError(Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED, reason, unsupported=given)
    encryption = call.keyword("job-password-encryption")
    if encryption is None:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "job-password needs job-password-encryption")
    if encryption not in printer.description.values("job-password-encryption-supported"):
        given = [call.attributes["job-password-encryption"]]
        reason = "this job-password-encryption is not supported"
        raise OperationError(Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED, reason, unsupported=given)
    if len(password[0]) > longest:
        given = [call.attributes["job-password"]]
        raise OperationError(Status.CLIENT_ERROR_REQUEST_VALUE_TOO_LONG, "job-password is too long", unsupported=given)


def _document(call: Call, incoming: IncomingDocument, what: "_What", counted: Counted) -> NewDocument:
    document_format = what.format
    if document_format == "application/octet-stream":
        found = sniff(incoming.head)
        if found in call.printer.description.values("document-format-supported"):
            document_format = found
    return NewDocument(
        key=incoming.key,
        octets=incoming.octets,
        format=document_format,
        name=what.name,
        ticket=pack(what.ticket),
        content=incoming.content,
        fenced=incoming.fenced,
        pages=pages_of(call.printer.documents, incoming, counted),
    )


class _What(NamedTuple):
    """What a request says about the document that comes with it."""

    format: str
    name: str
    ticket: list[Attribute]


def _what(call: Call) -> _What:
    """Read it. Raises OperationError for what is not supported."""
    document_format, name = accept(call)
    return _What(document_format, name or _named_in_group(call), take_of_document(call))


def _named_in_group(call: Call) -> str:
    """document-name among the document attributes, its other place (PWG 5100.5 section 5.1.2)."""
    groups = call.message.groups_of(DelimiterTag.DOCUMENT)
    given = groups[0].get("document-name") if groups else None
    if given is None or not is_sound(given.name, given):
        return ""
    value = given.values[0]
    return str(value.string if isinstance(value, StringWithLanguage) else value)


def creation_answer(call: Call, job: Job, ahead: int | None = None) -> Message:
    """The response that tells of a job and its documents (RFC 8011 section 4.2.1.2)."""
    return call.respond(job=_told(call, job, ahead))


def _told(call: Call, job: Job, ahead: int | None) -> list[Attribute]:
    """The attributes of a job that has just been made. They are made for every job, so the registry isn't asked."""
    if ahead is None:
        ahead = call.printer.store.ahead_of([job])[0]
    return [
        Attribute("job-id", ValueTag.INTEGER, [job.id]),
        Attribute("job-uri", ValueTag.URI, [job_uri(call, job)]),
        Attribute("job-state", ValueTag.ENUM, [told_state(job.state, job.reasons)]),
        Attribute("job-state-reasons", ValueTag.KEYWORD, list(job.reasons)),
        Attribute("job-state-message", ValueTag.TEXT, [job.message]),
        Attribute("number-of-intervening-jobs", ValueTag.INTEGER, [ahead]),
    ]


def create(
    printer: PrinterCore,
    call: Call,
    new: NewJob,
    documents: Sequence[NewDocument] = (),
    *,
    copy_of: int | None = None,
    keep: Callable[[], None] | None = None,
) -> Message:
    """Make a job, with the subscriptions that come in its request (RFC 3995 section 11.1.3).

    keep: called once the job is made.
    """
    wanted = subscriptions_of(call)
    tell = ("job-created",)
    made = printer.store.create(new, documents, wanted.new, limits=printer.limits, copy_of=copy_of, tell=tell)
    if keep is not None:
        keep()
    answers, complete = wanted.answers(made.subscriptions)
    printer.told(tell, made.job)
    status = Status.SUCCESSFUL_OK if complete else Status.SUCCESSFUL_OK_IGNORED_SUBSCRIPTIONS
    return call.respond(status, job=_told(call, made.job, made.ahead), subscription=answers)


def _print(printer: PrinterCore, call: Call, pieces: Iterable[Buffer]) -> Message:
    room = check_room(printer, call)
    new = new_job(printer, call, is_open=False)
    what = _what(call)
    with printer.documents.new() as incoming:
        counted = Counted(pieces)
        incoming.write(counted, room)
        if not incoming.octets:
            raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no document in the request")
        document = _document(call, incoming, what, counted)
        return create(printer, call, new, [document], keep=incoming.keep)


@operation(Operation.PRINT_JOB, decided_later=True)
def print_job(printer: PrinterCore, call: Call) -> Message:
    """Print-Job (RFC 8011 section 4.2.1)."""
    return _print(printer, call, call.incoming.document)


@operation(Operation.PRINT_URI, decided_later=True)
def print_uri(printer: PrinterCore, call: Call) -> Message:
    """Print-URI (RFC 8011 section 4.2.2)."""
    return _print(printer, call, _fetched(printer, call))


def _fetched(printer: PrinterCore, call: Call) -> Iterable[Buffer]:
    assert printer.fetcher is not None
    uri = call.string("document-uri", ValueTag.URI)
    if uri is None:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no document-uri")
    printer.fetcher.check(uri)
    return printer.fetcher.pieces(uri, call.incoming.gone)


@operation(Operation.VALIDATE_JOB)
def validate_job(printer: PrinterCore, call: Call) -> Message:
    """Validate-Job (RFC 8011 section 4.2.3): the answer that Print-Job would get. That may be
    server-error-not-accepting-jobs, which appendix B.2 allows for Validate-Job, and the older RFC 3998 section 3.1.1
    does not."""
    check_room(printer, call)
    new_job(printer, call, is_open=False)
    accept(call)
    return call.respond()


@operation(Operation.CREATE_JOB, decided_later=True)
def create_job(printer: PrinterCore, call: Call) -> Message:
    """Create-Job (RFC 8011 section 4.2.4)."""
    check_room(printer, call)
    return create(printer, call, new_job(printer, call, is_open=True))


@operation(Operation.SEND_DOCUMENT, target="job", access="owner")
def send_document(printer: PrinterCore, call: Call) -> Message:
    """Send-Document (RFC 8011 section 4.3.1)."""
    return _send(printer, call, call.incoming.document)


@operation(Operation.SEND_URI, target="job", access="owner")
def send_uri(printer: PrinterCore, call: Call) -> Message:
    """Send-URI (RFC 8011 section 4.3.2)."""
    last = call.boolean("last-document")
    without = "document-uri" not in call.attributes and last
    return _send(printer, call, () if without else _fetched(printer, call))


def _send(printer: PrinterCore, call: Call, pieces: Iterable[Buffer]) -> Message:
    last = call.boolean("last-document")
    if last is None:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no last-document")
    job = call.target
    _check_open(job)
    what = _what(call)
    limits = printer.limits
    octets = printer.store.octets_of(job.user) if limits.user_octets is not None else 0
    with printer.receiving.document(job), printer.documents.new() as incoming:
        if not last:  # the last one may come without a document
            check_document(limits, Load(0, octets), job.documents, 0)
        counted = Counted(pieces)
        incoming.write(counted, _room(limits, octets))
        if not incoming.octets and not last:
            raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no document in the request")
        document = _document(call, incoming, what, counted) if incoming.octets else None
        changed = printer.store.attach(job.id, document, last=last, limits=limits)
        if changed is None:
            _check_open(printer.store.job(job.id))
        if document is not None:
            incoming.keep()
    return _sent(printer, call, changed)


def _check_open(job: Job | None) -> None:
    """Raises OperationError for a job that takes no documents."""
    if job is None or job.state == JobState.CANCELED:
        raise OperationError(Status.SERVER_ERROR_JOB_CANCELED, "the job is canceled")
    if not job.open or job.ended:
        raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, "the job takes no more documents")


def _sent(printer: PrinterCore, call: Call, job: Job | None) -> Message:
    assert job is not None
    closed = not job.open and job.state == JobState.PENDING
    printer.told(("job-state-changed",) if closed else (), job)
    return creation_answer(call, job)


@operation(Operation.CLOSE_JOB, target="job", access="owner")
def close_job(printer: PrinterCore, call: Call) -> Message:
    """Close-Job (PWG 5100.7): the job gets no more documents."""
    job = call.target
    _check_open(job)
    return _sent(printer, call, printer.store.attach(job.id, None, last=True))


@operation(Operation.VALIDATE_DOCUMENT)
def validate_document(printer: PrinterCore, call: Call) -> Message:
    """Validate-Document (PWG 5100.13 section 4.2): whether Send-Document would take a document like this."""
    del printer
    _what(call)
    return call.respond()
