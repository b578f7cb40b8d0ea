"""A request with its user, operation and target, and the table of all operations.

The rule of this file: what RFC 8011 section 4.1 wants of every request is checked here, in its order, before an
operation is called. An operation is in the table with its target and the users who may use it; a module registers its
own with `operation`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from ippfast.codec import Attribute, AttributeGroup, Collection, Message, encode
from ippfast.enums import Operation, Status
from ippfast.http.errors import Refusal
from ippfast.http.incoming import IncomingRequest, Parts, Reply
from ippfast.requests import Groups, response
from ippfast.tags import SIZES, STRINGS, DelimiterTag, ValueTag, describe_tag
from ippfast.values import RawValue, StringWithLanguage

from .access import Who, is_operator, user_of
from .core import PrinterCore
from .errors import OperationError, closest_version
from .storage.rows import Job, QueueState

__all__ = ["OPERATIONS", "Access", "Call", "OperationSpec", "Target", "begin", "check", "operation"]

Target: TypeAlias = Literal["printer", "job"]
Access: TypeAlias = Literal["anyone", "owner", "operator"]
"""Who may use an operation: anyone, the owner of the job that is its target, or operators. Operators may use all."""

Carry: TypeAlias = "Callable[[PrinterCore, Call], Message] | Callable[[PrinterCore, Call], Message | Reply | Parts]"
"""A function that carries out an operation."""

_LONGEST = {
    **{tag: SIZES[tag][1] for tag in STRINGS},
    ValueTag.TEXT_WITH_LANGUAGE: SIZES[ValueTag.TEXT][1],
    ValueTag.NAME_WITH_LANGUAGE: SIZES[ValueTag.NAME][1],
    ValueTag.OCTET_STRING: 1_023,  # RFC 8011 section 5.1.11; RFC 8010 lets more of them be sent
}
_LONGEST_LANGUAGE = SIZES[ValueTag.NATURAL_LANGUAGE][1]
_LONGEST_USER = SIZES[ValueTag.NAME][1]
_MOST_SOUND = 256
_LONGEST_SOUND = 1_024
_sound: dict[bytes, None] = {}
"""Requests that passed the checks, without their request-ids: an equal request is not checked again."""
_STRINGS = (ValueTag.TEXT, ValueTag.NAME, ValueTag.TEXT_WITH_LANGUAGE, ValueTag.NAME_WITH_LANGUAGE)


@dataclass(frozen=True, slots=True)
class OperationSpec:
    """An operation. while_down: whether it works while the printer is shut down (RFC 3998 section 3.5).

    decided_later: whether a transaction checks again that the printer accepts jobs.
    """

    code: Operation
    carry_out: "Carry"
    target: Target
    access: Access
    while_down: bool
    decided_later: bool = False


OPERATIONS: dict[int, OperationSpec] = {}
"""Every operation that is implemented, by its operation-id."""


def operation(
    code: Operation,
    *,
    target: Target = "printer",
    access: Access = "anyone",
    while_down: bool = False,
    decided_later: bool = False,
) -> "Callable[[Carry], Carry]":
    """Register a function that carries out an operation."""

    def register(
        function: "Carry",
    ) -> "Carry":
        OPERATIONS[code] = OperationSpec(code, function, target, access, while_down, decided_later)
        return function

    return register


@dataclass(slots=True)
class Call:
    """A request on its way. operator: whether an operator asks. job: the target, if that is a job.

    user: as `access.user_of`. ignored: the attributes that are not supported and were left out; they turn successful-ok
    into successful-ok-ignored-or-substituted-attributes. state: the printer's state when the request came, if it was
    read; the store reads it again in the transaction that depends on it. known: all octets of the request except its
    request-id. as_cups: whether the answer has times as cupsd has them: seconds since 1970, not since the printer's
    start.
    """

    printer: PrinterCore
    incoming: IncomingRequest
    spec: OperationSpec
    attributes: AttributeGroup
    user: str
    operator: bool = False
    job: Job | None = None
    ignored: list[Attribute] = field(default_factory=list)
    state: QueueState | None = None
    known: bytes = b""
    as_cups: bool = False

    @property
    def message(self) -> Message:
        """The request."""
        return self.incoming.message

    @property
    def target(self) -> Job:
        """The job that is the target of an operation on a job."""
        assert self.job is not None
        return self.job

    @property
    def who(self) -> Who:
        """Who asks."""
        return Who(self.user, self.operator)

    def up_time_at(self, moment: float, state: QueueState | None = None) -> int:
        """A time of the store's clock for the answer: as `PrinterCore.up_time_at`, or in seconds since 1970."""
        if self.as_cups:
            return int(self.printer.date_at(moment).timestamp())
        return self.printer.up_time_at(moment, state)

    def values(self, name: str, *tags: ValueTag) -> list[Any]:
        """The values of an operation attribute; none if it is not there. tags: the syntaxes that it may have."""
        found = self.attributes.get(name)
        if found is None:
            return []
        if any(tag not in tags for tag in found.tags) or any(isinstance(value, RawValue) for value in found.values):
            expected = " or ".join(describe_tag(tag) for tag in tags)
            raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, f"{name} must be a {expected}", unsupported=[found])
        return [value.string if isinstance(value, StringWithLanguage) else value for value in found.values]

    def _one(self, name: str, *tags: ValueTag) -> Any:
        values = self.values(name, *tags)
        if len(values) > 1:
            reason = f"{name} must have one value"
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
        """A keyword among the operation attributes, which some clients send as a name."""
        found: str | None = self._one(name, ValueTag.KEYWORD, ValueTag.NAME)
        return found

    def string(self, name: str, tag: ValueTag | None = None) -> str | None:
        """A text or name among the operation attributes, or a string with that tag."""
        found: str | None = self._one(name, *(_STRINGS if tag is None else (tag,)))
        limit = 255 if tag is None else 1_023  # as status-message has; a string with a tag is longer
        if found is not None and len(found.encode("utf-8", "surrogateescape")) > limit:
            reason = f"{name} may have at most {limit} octets"
            raise OperationError(
                Status.CLIENT_ERROR_REQUEST_VALUE_TOO_LONG, reason, unsupported=[self.attributes[name]]
            )
        return found

    def respond(self, status: Status = Status.SUCCESSFUL_OK, **parts: Groups) -> Message:
        """The response: with the attributes that were ignored, if any."""
        if self.ignored and status == Status.SUCCESSFUL_OK:
            status = Status.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES
        version = closest_version(self.message.version)
        return response(self.message, status, unsupported=self.ignored or None, version=version, **parts)  # type: ignore[arg-type]


def begin(
    printer: PrinterCore,
    operations: Mapping[int, OperationSpec],
    incoming: IncomingRequest,
    find: Callable[[Call], None] | None = None,
) -> Call:
    """Check what is the same for every request, and find its target. find: finds it; None: `_find_target`.

    Raises OperationError, and Refusal for a message that is malformed.
    """
    message = incoming.message
    known = _known_by(message)
    if known not in _sound:
        _check_version(message.version)
        _check_form(message.groups)
    spec = operations.get(message.code)
    if spec is None:
        raise OperationError(Status.SERVER_ERROR_OPERATION_NOT_SUPPORTED, "there is no such operation here")
    _check_request_id(message)
    if known not in _sound:
        _check_attributes(message)
        _remember(known)
    call = Call(printer, incoming, spec, message.groups[0], user_of(incoming), known=known)
    call.operator = is_operator(printer, incoming)
    (find or _find_target)(call)
    return call


def check(message: Message) -> AttributeGroup:
    """Check what is the same for every request, except its operation and target. Returns its operation attributes.

    Raises OperationError, and Refusal for a message that is malformed.
    """
    _check_version(message.version)
    _check_form(message.groups)
    _check_request_id(message)
    return _check_attributes(message)


def _check_attributes(message: Message) -> AttributeGroup:
    attributes = _check_header(message)
    for group in message.groups:
        _check_lengths(group)
    claim = attributes.get("requesting-user-name")
    if claim is not None and isinstance(claim.values[0], str):  # whatever its tag is, it is taken for a name
        _check_length(claim, claim.values[0], _LONGEST_USER)
    return attributes


def _known_by(message: Message) -> bytes:
    """All octets of a request except its request-id."""
    octets = encode(message)
    return octets[:4] + octets[8:]


def _remember(known: bytes) -> None:
    """Remember a request that passed the checks: of an equal one only the request-id is checked."""
    if len(known) <= _LONGEST_SOUND:
        if len(_sound) >= _MOST_SOUND:
            _sound.clear()
        _sound[known] = None


def _check_version(version: tuple[int, int]) -> None:
    if version[0] not in (1, 2):
        reason = f"version {version[0]}.{version[1]} is not supported"
        raise OperationError(Status.SERVER_ERROR_VERSION_NOT_SUPPORTED, reason)


def _check_form(groups: Iterable[AttributeGroup]) -> None:
    """Refuse what the syntax does not allow by an HTTP status, as other printers do (RFC 8010 section 3.4.3)."""
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
                least, most = SIZES.get(tag, (0, 0))
                broken = tag in _STRINGS and not _is_whole(value.data)
                if broken or (least == most > 0 and len(value.data) != least):
                    raise Refusal(400, f"{attribute.name!r} has {len(value.data)} octets in a {describe_tag(tag)}")


def _check_lengths(attributes: Iterable[Attribute], whole: Attribute | None = None) -> None:
    """Refuse strings that are longer than their syntax (RFC 8011 section 5.1): what is kept of a request needs a limit,
    and a cut string may mean something else. requested-attributes are not kept: a name that is too long is just
    unknown.

    whole: the attribute that has these as members.
    """
    for attribute in attributes:
        if attribute.name == "requested-attributes":
            continue
        for tag, value in zip(attribute.tags, attribute.values, strict=True):
            if isinstance(value, Collection):
                _check_lengths(value, whole or attribute)
            elif isinstance(value, StringWithLanguage):
                _check_length(attribute, value.string, _LONGEST[tag], whole)
                _check_length(attribute, value.language, _LONGEST_LANGUAGE, whole)
            elif tag in _LONGEST and isinstance(value, str | bytes):
                _check_length(attribute, value, _LONGEST[tag], whole)


def _check_length(attribute: Attribute, value: str | bytes, limit: int, whole: Attribute | None = None) -> None:
    if len(value) * 4 <= limit:  # a character has four octets at most
        return
    if len(value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value) > limit:
        reason = f"{attribute.name} may have at most {limit} octets"
        status = Status.CLIENT_ERROR_REQUEST_VALUE_TOO_LONG
        raise OperationError(status, reason, unsupported=[whole or attribute])


def _is_whole(data: bytes) -> bool:
    """Whether a string with a language holds what its two lengths announce (RFC 8010 section 3.9)."""
    start = 2 + int.from_bytes(data[:2], "big")
    length = int.from_bytes(data[start : start + 2], "big")
    return len(data) >= start + 2 + length


def _check_request_id(message: Message) -> None:
    if not 1 <= message.request_id < 2**31:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "a request-id must be from 1 to 2147483647")


def _check_header(message: Message) -> AttributeGroup:
    """The operation attributes, which begin with charset and natural language (RFC 8011 section 4.1.4)."""

    def bad(reason: str) -> OperationError:
        return OperationError(Status.CLIENT_ERROR_BAD_REQUEST, reason)

    if not message.groups or message.groups[0].tag != DelimiterTag.OPERATION or len(message.groups[0]) < 2:
        raise bad("there are no operation attributes")
    group = message.groups[0]
    expected = (("attributes-charset", ValueTag.CHARSET), ("attributes-natural-language", ValueTag.NATURAL_LANGUAGE))
    for place, (name, tag) in enumerate(expected):
        attribute = group[place]
        if attribute.name != name or attribute.tags != (tag,) or not isinstance(attribute.values[0], str):
            raise bad(f"{name} must be number {place + 1} of the operation attributes")
    charset = str(group[0].values[0])
    if charset.lower() not in ("utf-8", "us-ascii"):
        raise OperationError(
            Status.CLIENT_ERROR_CHARSET_NOT_SUPPORTED, "the charset must be utf-8", unsupported=[group[0]]
        )
    return group


def _find_target(call: Call) -> None:
    """The printer or the job that the request names (RFC 8011 section 4.1.5)."""
    printer_uri, job_uri = call.attributes.get("printer-uri"), call.attributes.get("job-uri")
    found = printer_uri if printer_uri is not None else job_uri
    if found is None or found.tags != (ValueTag.URI,) or (printer_uri is not None and job_uri is not None):
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "a request must name one printer-uri or job-uri")
    uri = str(found.values[0])
    try:
        path = urlsplit(uri).path
    except ValueError:
        raise OperationError(
            Status.CLIENT_ERROR_BAD_REQUEST, f"{found.name} is not a URI", unsupported=[found]
        ) from None
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
