"""The operations on the documents of a job (PWG 5100.5).

The rule of this file: a document has the state of its job, unless only the document was canceled.
"""

from ippfast.codec import Attribute, Message
from ippfast.enums import DocumentState, JobState, Operation, Status
from ippfast.tags import DelimiterTag, ValueTag
from ippfast.values import OutOfBand, StringWithLanguage

from .access import may_see
from .answers import document_attributes, select
from .calls import Call, operation
from .core import PrinterCore
from .errors import OperationError
from .storage.rows import WAITING, Document, DocumentChanges, pack, unpack

__all__: list[str] = []

_NOT_CANCELED = tuple(state for state in DocumentState if state not in (DocumentState.CANCELED, DocumentState.ABORTED))
_BEGUN = (JobState.PROCESSING, JobState.PROCESSING_STOPPED)
_SETTABLE = frozenset({"document-name", "document-metadata", "document-natural-language"})


def _check_may_see(call: Call) -> None:
    if not may_see(call.printer, call.who, call.target):
        raise OperationError(Status.CLIENT_ERROR_NOT_AUTHORIZED, "only the owner of a job may see its documents")


def _document(printer: PrinterCore, call: Call) -> Document:
    number = call.integer("document-number")
    if number is None:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no document-number")
    for document in printer.store.documents(call.target.id):
        if document.number == number:
            return document
    raise OperationError(Status.CLIENT_ERROR_NOT_FOUND, f"job {call.target.id} has no document {number}")


@operation(Operation.GET_DOCUMENTS, target="job")
def get_documents(printer: PrinterCore, call: Call) -> Message:
    """Get-Documents (PWG 5100.5 section 5.2.1)."""
    _check_may_see(call)
    limit = call.integer("limit")
    if limit is not None and limit < 1:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "limit must be at least 1")
    selected = select(call, "document", ("document-number",))
    documents = printer.store.documents(call.target.id)[:limit]
    return call.respond(document=[document_attributes(call, call.target, each, selected) for each in documents])


@operation(Operation.GET_DOCUMENT_ATTRIBUTES, target="job")
def get_document_attributes(printer: PrinterCore, call: Call) -> Message:
    """Get-Document-Attributes (PWG 5100.5 section 5.2.2)."""
    _check_may_see(call)
    document = _document(printer, call)
    return call.respond(document=document_attributes(call, call.target, document, select(call, "document")))


@operation(Operation.CANCEL_DOCUMENT, target="job", access="owner")
def cancel_document(printer: PrinterCore, call: Call) -> Message:
    """Cancel-Document (PWG 5100.5 section 5.2.3): this document is not output, the others of the job are.

    That is possible until its processing begins. A job's only document begins with the job.
    """
    document, job = _document(printer, call), call.target
    message = call.string("document-message") or call.string("message") or ""
    reason = "canceled-by-user" if job.user == call.user else "canceled-by-operator"
    said = [Attribute("document-state-reasons", ValueTag.KEYWORD, [reason])]
    said += [Attribute("document-state-message", ValueTag.TEXT, [message])] if message else []
    ticket = pack([*(each for each in unpack(document.ticket) if each.name not in {one.name for one in said}), *said])
    changes: DocumentChanges = {"state": DocumentState.CANCELED, "ticket": ticket}
    change = printer.store.change_document
    waits = change(job.id, document.number, states=_NOT_CANCELED, **changes)
    several = job.documents > 1
    if not waits and not (
        several and change(job.id, document.number, of=_BEGUN, states=(DocumentState.PENDING,), **changes)
    ):
        raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, f"document {document.number} can't be canceled now")
    return call.respond()


@operation(Operation.SET_DOCUMENT_ATTRIBUTES, target="job", access="owner")
def set_document_attributes(printer: PrinterCore, call: Call) -> Message:
    """Set-Document-Attributes (PWG 5100.5 section 5.2.5)."""
    document, job = _document(printer, call), call.target
    groups = call.message.groups_of(DelimiterTag.DOCUMENT)
    given = {each.name: each for group in groups[:1] for each in group}
    if not given:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there are no document attributes to be set")
    fixed = [name for name in given if name not in _SETTABLE]
    if fixed:
        unsupported = [Attribute(name, OutOfBand.NOT_SETTABLE.value, [OutOfBand.NOT_SETTABLE]) for name in fixed]
        raise OperationError(
            Status.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE,
            f"these can't be set: {', '.join(fixed)}",
            unsupported=unsupported,
        )
    if job.state not in WAITING:
        raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, f"job {job.id} is {job.state}")
    name = given.pop("document-name", None)
    columns: DocumentChanges = {}
    if name is not None:
        value = name.values[0]
        value = value.string if isinstance(value, StringWithLanguage) else value
        if not isinstance(value, str) or name.tag not in (ValueTag.NAME, ValueTag.NAME_WITH_LANGUAGE):
            reason = "document-name must be a name"
            raise OperationError(Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED, reason, unsupported=[name])
        columns["name"] = value
    kept = [each for each in unpack(document.ticket) if each.name not in given]
    columns["ticket"] = pack([*kept, *given.values()])
    if not printer.store.change_document(job.id, document.number, **columns):
        raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, f"job {job.id} can't be changed now")
    return call.respond()
