"""The operations on the documents of a job (PWG 5100.5).

The rule of this file: a document is what its job is, but for one that was canceled alone.
"""

from typing import TYPE_CHECKING

from ippfast.codec import Attribute, Message
from ippfast.enums import DocumentState, JobState, Operation, Status
from ippfast.tags import DelimiterTag, ValueTag
from ippfast.values import OutOfBand, StringWithLanguage

from .answers import document_attributes, select
from .calls import Call, OperationError, operation
from .store import Document, pack, unpack

if TYPE_CHECKING:
    from .printer import SpoolPrinter

__all__: list[str] = []

_SETTABLE = frozenset({"document-name", "document-metadata", "document-natural-language"})


def _check_may_see(call: Call) -> None:
    if call.printer.private and not call.may_see(call.target):
        raise OperationError(Status.CLIENT_ERROR_NOT_AUTHORIZED, "a job's documents are for its owner")


def _document(printer: "SpoolPrinter", call: Call) -> Document:
    number = call.integer("document-number")
    if number is None:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no document-number")
    for document in printer.store.documents(call.target.id):
        if document.number == number:
            return document
    raise OperationError(Status.CLIENT_ERROR_NOT_FOUND, f"job {call.target.id} has no document {number}")


@operation(Operation.GET_DOCUMENTS, target="job")
def get_documents(printer: "SpoolPrinter", call: Call) -> Message:
    """PWG 5100.5 section 5.2.1."""
    _check_may_see(call)
    limit = call.integer("limit")
    if limit is not None and limit < 1:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "limit is at least 1")
    selected = select(call, "document", ("document-number",))
    documents = printer.store.documents(call.target.id)[:limit]
    return call.respond(document=[document_attributes(call, call.target, each, selected) for each in documents])


@operation(Operation.GET_DOCUMENT_ATTRIBUTES, target="job")
def get_document_attributes(printer: "SpoolPrinter", call: Call) -> Message:
    """PWG 5100.5 section 5.2.2."""
    _check_may_see(call)
    document = _document(printer, call)
    return call.respond(document=document_attributes(call, call.target, document, select(call, "document")))


@operation(Operation.CANCEL_DOCUMENT, target="job", access="owner")
def cancel_document(printer: "SpoolPrinter", call: Call) -> Message:
    """PWG 5100.5 section 5.2.3: the document is not output, the others of the job are."""
    document, job = _document(printer, call), call.target
    if job.state not in (JobState.PENDING, JobState.PENDING_HELD) or document.state != DocumentState.PENDING:
        raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, f"document {document.number} can't be canceled now")
    printer.store.change_document(job.id, document.number, state=DocumentState.CANCELED)
    return call.respond()


@operation(Operation.SET_DOCUMENT_ATTRIBUTES, target="job", access="owner")
def set_document_attributes(printer: "SpoolPrinter", call: Call) -> Message:
    """PWG 5100.5 section 5.2.5."""
    document, job = _document(printer, call), call.target
    groups = call.message.groups_of(DelimiterTag.DOCUMENT)
    given = {each.name: each for group in groups[:1] for each in group}
    if not given:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there are no document attributes to be set")
    fixed = [name for name in given if name not in _SETTABLE]
    if fixed:
        unsupported = [Attribute(name, OutOfBand.NOT_SETTABLE.value, [OutOfBand.NOT_SETTABLE]) for name in fixed]
        raise OperationError(
            Status.CLIENT_ERROR_ATTRIBUTES_NOT_SETTABLE, f"not to be set: {', '.join(fixed)}", unsupported=unsupported
        )
    if job.state not in (JobState.PENDING, JobState.PENDING_HELD):
        raise OperationError(Status.CLIENT_ERROR_NOT_POSSIBLE, f"job {job.id} is {job.state}")
    name = given.pop("document-name", None)
    columns: dict[str, object] = {}
    if name is not None:
        value = name.values[0]
        value = value.string if isinstance(value, StringWithLanguage) else value
        if not isinstance(value, str) or name.tag not in (ValueTag.NAME, ValueTag.NAME_WITH_LANGUAGE):
            reason = "document-name is a name"
            raise OperationError(Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED, reason, unsupported=[name])
        columns["name"] = value
    kept = [each for each in unpack(document.ticket) if each.name not in given]
    columns["ticket"] = pack([*kept, *given.values()])
    printer.store.change_document(job.id, document.number, **columns)
    return call.respond()
