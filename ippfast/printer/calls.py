"""One request: who asks for what of which object, and the table of the operations that there are.

The rule of this file: what RFC 8011 section 4.1 wants of every request is checked here, in its order, before an
operation is called. An operation stands in the table with its target and with who may use it; a module registers its
own with `operation`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias
from urllib.parse import urlsplit

from ippfast.codec import Attribute, AttributeGroup, Collection, Message
from ippfast.enums import Operation, Status
from ippfast.http.errors import Refusal
from ippfast.http.incoming import IncomingRequest, Parts, Reply
from ippfast.requests import Groups, response
from ippfast.tags import DelimiterTag, ValueTag, describe_tag
from ippfast.values import RawValue, StringWithLanguage

if TYPE_CHECKING:
    from .printer import SpoolPrinter
    from .store import Job

__all__ = ["OPERATIONS", "Access", "Call", "OperationError", "OperationSpec", "Target", "begin", "operation", "shown"]

Target: TypeAlias = Literal["printer", "job"]
Access: TypeAlias = Literal["anyone", "owner", "operator"]
"""Who may use an operation: anyone, the owner of the job that is its target, or operators alone. The latter may all."""

Carry: TypeAlias = "Callable[[SpoolPrinter, Call], Message] | Callable[[SpoolPrinter, Call], Message | Reply | Parts]"
"""Carries out an operation."""

_VERSIONS = ((1, 0), (1, 1), (2, 0), (2, 1), (2, 2))
_FIXED_LENGTH = {
    ValueTag.INTEGER: 4,
    ValueTag.BOOLEAN: 1,
    ValueTag.ENUM: 4,
    ValueTag.DATE_TIME: 11,
    ValueTag.RESOLUTION: 9,
    ValueTag.RANGE_OF_INTEGER: 8,
}
_STRINGS = (ValueTag.TEXT, ValueTag.NAME, ValueTag.TEXT_WITH_LANGUAGE, ValueTag.NAME_WITH_LANGUAGE)


class OperationError(Exception):
    """The request cannot be carried out. status: with which it is answered. reason: its status-message.

    unsupported: the attributes that are the cause, for the group of unsupported attributes (RFC 8011 section 4.1.7).
    """

    def __init__(self, status: Status, reason: str, *, unsupported: Iterable[Attribute] = ()) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.unsupported = list(unsupported)

    def response(self, message: Message) -> Message:
        """The answer to the request."""
        unsupported = self.unsupported or None
        said = shown(self.reason)
        return response(
            message,
            self.status,
            status_message=said,
            unsupported=unsupported,
            version=_closest(message.version),
        )


@dataclass(frozen=True, slots=True)
class OperationSpec:
    """An operation. while_down: whether it works while the printer is shut down (RFC 3998 section 3.5)."""

    code: Operation
    carry_out: "Carry"
    target: Target
    access: Access
    while_down: bool


OPERATIONS: dict[int, OperationSpec] = {}
"""Every operation that is implemented, by its operation-id."""


def operation(
    code: Operation, *, target: Target = "printer", access: Access = "anyone", while_down: bool = False
) -> "Callable[[Carry], Carry]":
    """Register a function that carries out an operation."""

    def register(
        function: "Carry",
    ) -> "Carry":
        OPERATIONS[code] = OperationSpec(code, function, target, access, while_down)
        return function

    return register


@dataclass(slots=True)
class Call:
    """A request on its way. operator: whether an operator asks. job: the target, where that is a job.

    user: who asks: whom the server has authenticated, else the requesting-user-name, which is but a claim.
    ignored: the attributes that are not supported and were left out; they turn successful-ok into
    successful-ok-ignored-or-substituted-attributes.
    """

    printer: "SpoolPrinter"
    incoming: IncomingRequest
    spec: OperationSpec
    attributes: AttributeGroup
    user: str
    operator: bool = False
    job: "Job | None" = None
    ignored: list[Attribute] = field(default_factory=list)

    @property
    def message(self) -> Message:
        """The request."""
        return self.incoming.message

    @property
    def target(self) -> "Job":
        """The job that is the target of an operation on a job."""
        assert self.job is not None
        return self.job

    def may_see(self, job: "Job") -> bool:
        """Whether all of a job is shown to who asks."""
        return self.operator or job.user == self.user

    def values(self, name: str, *tags: ValueTag) -> list[Any]:
        """The values of an operation attribute; none where it is not there. tags: the syntaxes that it may have."""
        found = self.attributes.get(name)
        if found is None:
            return []
        if any(tag not in tags for tag in found.tags) or any(isinstance(value, RawValue) for value in found.values):
            expected = " or ".join(describe_tag(tag) for tag in tags)
            raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, f"{name} is a {expected}", unsupported=[found])
        return [value.string if isinstance(value, StringWithLanguage) else value for value in found.values]

    def _one(self, name: str, *tags: ValueTag) -> Any:
        values = self.values(name, *tags)
        if len(values) > 1:
            reason = f"{name} has one value"
            raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, reason, unsupported=[self.attributes[name]])
        return values[0] if values else None

    def integer(self, name: str) -> int | None:
        """An integer among the operation attributes."""
        found: int | None = self._one(name, ValueTag.INTEGER)
        return found

    def boolean(self, name: str) -> bool | None:
        """A boolean among the operation attributes."""
        found: bool | None = self._one(name, ValueTag.BOOLEAN)
        return found

    def keyword(self, name: str) -> str | None:
        """A keyword among the operation attributes, which clients send as a name at times."""
        found: str | None = self._one(name, ValueTag.KEYWORD, ValueTag.NAME)
        return found

    def string(self, name: str, tag: ValueTag | None = None) -> str | None:
        """A text or name among the operation attributes, or a string with that tag."""
        found: str | None = self._one(name, *(_STRINGS if tag is None else (tag,)))
        limit = 255 if tag is None else 1_023
        if found is not None and len(found.encode("utf-8", "surrogateescape")) > limit:
            reason = f"{name} has at most {limit} octets"
            raise OperationError(
                Status.CLIENT_ERROR_REQUEST_VALUE_TOO_LONG, reason, unsupported=[self.attributes[name]]
            )
        return found

    def respond(self, status: Status = Status.SUCCESSFUL_OK, **parts: Groups) -> Message:
        """The response: with the attributes that were ignored, if any."""
        if self.ignored and status == Status.SUCCESSFUL_OK:
            status = Status.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
        version = _closest(self.message.version)
        return response(self.message, status, unsupported=self.ignored or None, version=version, **parts)  # type: ignore[arg-type]


def begin(printer: "SpoolPrinter", incoming: IncomingRequest) -> Call:
    """Check what is the same for every request, and find its target.

    Raises OperationError, and Refusal for a message that is malformed.
    """
    message = incoming.message
    _check_version(message.version)
    _check_form(message.groups)
    spec = printer.operations.get(message.code)
    if spec is None:
        raise OperationError(Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED, "there is no such operation here")
    attributes = _check_header(message)
    call = Call(printer, incoming, spec, attributes, incoming.owner[:255])
    call.operator = printer.is_operator(incoming)
    _find_target(call)
    return call


def shown(text: str, octets: int = 255) -> str:
    """Text for people: what does not print is escaped, for it may have come from a client, and the rest is cut."""
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return plain.encode()[:octets].decode("utf-8", "ignore")


def _check_version(version: tuple[int, int]) -> None:
    if version[0] not in (1, 2):
        reason = f"version {version[0]}.{version[1]} is not supported"
        raise OperationError(Status.SERVER_ERROR_VERSION_NOT_SUPPORTED, reason)


def _closest(version: tuple[int, int]) -> tuple[int, int]:
    """The version of the answer: of those supported the closest to the one asked for (RFC 8011 section 4.1.8)."""
    return max([own for own in _VERSIONS if own <= version], default=_VERSIONS[0])


def _check_form(groups: Iterable[AttributeGroup]) -> None:
    """Refuse what no syntax allows, as other printers do: with an HTTP status (RFC 8010 section 3.4.3)."""
    for place, group in enumerate(groups):
        if group.tag == DelimiterTag.OPERATION and place > 0:
            raise Refusal(400, "a second group of operation attributes")
        _check_values(group)


def _check_values(attributes: Iterable[Attribute]) -> None:
    for attribute in attributes:
        tags = attribute.tags
        if len(tags) > 1 and any(0x10 <= tag < 0x20 for tag in tags):  # RFC 8011 section 5.1
            raise Refusal(400, f"{attribute.name!r} has an out-of-band value among others")
        for tag, value in zip(tags, attribute.values, strict=True):
            if isinstance(value, Collection):
                _check_values(value)
            elif isinstance(value, RawValue):
                length = _FIXED_LENGTH.get(tag)  # type: ignore[call-overload]
                broken = tag in _STRINGS and not _is_whole(value.data)
                if broken or (length is not None and len(value.data) != length):
                    raise Refusal(400, f"{attribute.name!r} has {len(value.data)} octets in a {describe_tag(tag)}")


def _is_whole(data: bytes) -> bool:
    """Whether a string with a language holds what its two lengths announce (RFC 8010 section 3.9)."""
    start = 2 + int.from_bytes(data[:2], "big")
    length = int.from_bytes(data[start : start + 2], "big")
    return len(data) >= start + 2 + length


def _check_header(message: Message) -> AttributeGroup:
    """The operation attributes, which begin with charset and natural language (RFC 8011 section 4.1.4)."""

    def bad(reason: str) -> OperationError:
        return OperationError(Status.CLIENT_ERROR_BAD_REQUEST, reason)

    if not 1 <= message.request_id < 2**31:
        raise bad("a request-id is from 1 to 2147483647")
    if not message.groups or message.groups[0].tag != DelimiterTag.OPERATION or len(message.groups[0]) < 2:
        raise bad("there are no operation attributes")
    group = message.groups[0]
    expected = (("attributes-charset", ValueTag.CHARSET), ("attributes-natural-language", ValueTag.NATURAL_LANGUAGE))
    for place, (name, tag) in enumerate(expected):
        attribute = group[place]
        if attribute.name != name or attribute.tags != (tag,) or not isinstance(attribute.values[0], str):
            raise bad(f"{name} comes as number {place + 1} of the operation attributes")
    charset = str(group[0].values[0])
    if charset.lower() not in ("utf-8", "us-ascii"):
        raise OperationError(Status.CLIENT_ERROR_CHARSET_NOT_SUPPORTED, "the charset is utf-8", unsupported=[group[0]])
    return group


def _find_target(call: Call) -> None:
    """The printer or the job that the request names (RFC 8011 section 4.1.5)."""
    printer_uri, job_uri = call.attributes.get("printer-uri"), call.attributes.get("job-uri")
    found = printer_uri if printer_uri is not None else job_uri
    if found is None or found.tags != (ValueTag.URI,) or (printer_uri is not None and job_uri is not None):
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "a request names one printer-uri or job-uri")
    uri = str(found.values[0])
    try:
        path = urlsplit(uri).path
    except ValueError:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, f"{found.name} is no URI", unsupported=[found]) from None
    base = call.printer.path
    job_id: int | None = None
    if found is job_uri:
        text = path.removeprefix(f"{base}/")
        if not (text.isascii() and text.isdigit() and len(text) < 19 and path != text):
            raise OperationError(Status.CLIENT_ERROR_NOT_FOUND, "there is no such job", unsupported=[found])
        job_id = int(text)
    elif path.rstrip("/") not in (base, ""):
        raise OperationError(Status.CLIENT_ERROR_NOT_FOUND, f"the printer is at {base}", unsupported=[found])
    elif call.spec.target == "job":
        job_id = call.integer("job-id")
        if job_id is None:
            raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "there is no job-id")
    if call.spec.target == "job":
        assert job_id is not None
        call.job = call.printer.store.job(job_id)
        if call.job is None:
            raise OperationError(Status.CLIENT_ERROR_NOT_FOUND, f"there is no job {job_id}")
    elif job_id is not None:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "this operation is on a printer, not on a job")
