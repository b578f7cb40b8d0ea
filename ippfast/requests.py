"""Builds requests and responses: groups and operation attributes in the order that RFC 8011 section 4.1 fixes.

The rule of this file: values become attributes as `ippfast.attributes` says, and a group without attributes is left
out, since printers refuse an empty one. `ippfast.operations` has a function for each operation with its attributes
as arguments; here is what they all come to, for any operation.

Pure functions: what is built is a `Message`, to be changed at will before it is encoded.
"""

from collections.abc import Iterable, Mapping, Sequence

from .attributes import attribute
from .codec import Attribute, AttributeGroup, Message
from .enums import Operation, Status
from .errors import RegistryError, describe_value
from .tags import DelimiterTag
from .targets import FIRST, TARGETS, needs_target, target_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["Attributes", "Groups", "request", "response"]

Attributes: "TypeAlias" = Mapping[str, object] | Iterable[Attribute]
"""The attributes of a group: names and Python values, or attributes, such as those of an `AttributeGroup`."""

Groups: "TypeAlias" = Attributes | Sequence[Attributes]
"""The attributes of one group, or a list with those of several groups under the same tag."""

_UTF_8 = ("utf-8", "us-ascii")  # what the codec encodes text in
_NO_MESSAGE = Message((2, 0), 0, 0)


def request(
    operation: Operation | int | str,
    uri: str | None = None,
    *,
    operation_attributes: Attributes | None = None,
    job: Groups | None = None,
    printer: Groups | None = None,
    subscription: Groups | None = None,
    resource: Groups | None = None,
    document: Groups | None = None,
    system: Groups | None = None,
    version: tuple[int, int] = (2, 0),
    request_id: int = 1,
    charset: str = "utf-8",
    language: str = "en",
    user: str | None = None,
) -> Message:
    """Build a request (RFC 8011 section 4.1).

    operation: an `Operation`, its keyword (``"Print-Job"``), or the number of one that has no name.
    uri: what the operation acts on. It goes into ``printer-uri``; for an operation on a system into ``system-uri``;
        for one on a job, where no ``job-id`` is among the operation attributes, into ``job-uri``. To choose
        otherwise leave it out and give the attribute. Only CUPS' operations on its server need none.
    operation_attributes: further ones. Charset, language, target and user come first, whatever the order here.
    job, printer, subscription, resource, document, system: the other groups, in the order of their tags. A list
        makes a group of each of its items.
    version, request_id: those of the message. request_id is 1 to 2**31 - 1.
    charset: attributes-charset, ``"utf-8"`` or ``"us-ascii"``. language: attributes-natural-language.
    user: requesting-user-name.

    Raises RegistryError for a value that the registry does not allow, a name that it does not know, an attribute
    that is given twice, a missing target and a request_id out of range.
    """
    code = Operation.from_keyword(operation) if isinstance(operation, str) else Operation.coerce(operation)
    if not 1 <= request_id < 2**31:
        raise RegistryError("a request-id from 1 to 2147483647 (RFC 8011 section 4.1.2)", repr(request_id))
    given = _pairs(operation_attributes or {}, DelimiterTag.OPERATION)
    names = [name for name, _ in given]
    targets = [name for name in names if name in TARGETS]
    if uri is not None:
        targets.append(target_name(code, names))
        given.append((targets[-1], uri))
    if len(targets) > 1 or (not targets and needs_target(code)):
        expected = f"one target: uri or an attribute of {', '.join(TARGETS)} (RFC 8011 section 4.1.5)"
        raise RegistryError(expected, " and ".join(targets) or "none", DelimiterTag.OPERATION)
    if user is not None:
        given.append(("requesting-user-name", user))
    groups = [_operation_group(given, charset, language)]
    groups += _groups(DelimiterTag.JOB, job)
    groups += _groups(DelimiterTag.PRINTER, printer)
    groups += _groups(DelimiterTag.SUBSCRIPTION, subscription)
    groups += _groups(DelimiterTag.RESOURCE, resource)
    groups += _groups(DelimiterTag.DOCUMENT, document)
    groups += _groups(DelimiterTag.SYSTEM, system)
    return Message(version, int(code), request_id, [group for group in groups if len(group)])


def response(
    request: Message | None,
    status: Status | int | str = Status.SUCCESSFUL_OK,
    *,
    status_message: str | None = None,
    operation_attributes: Attributes | None = None,
    unsupported: Attributes | None = None,
    job: Groups | None = None,
    printer: Groups | None = None,
    subscription: Groups | None = None,
    event_notification: Groups | None = None,
    resource: Groups | None = None,
    document: Groups | None = None,
    system: Groups | None = None,
    version: tuple[int, int] | None = None,
    charset: str | None = None,
    language: str = "en",
) -> Message:
    """Build the response to a request (RFC 8011 section 4.1).

    request: its version and request-id are copied, whatever they are (sections 4.1.2 and 4.1.8), and its charset,
        where that is one of ours. None where it could not be read at all: version 2.0 and request-id 0.
    status: a `Status`, its keyword (``"client-error-not-found"``), or the number of one that has no name.
    status_message: for people, at most 255 octets (section 4.1.6.2).
    unsupported: the attributes that were not supported, in a group of their own (section 4.1.7): as they came, or
        with ``OutOfBand.UNSUPPORTED`` for a value.
    operation_attributes, job, printer, subscription, event_notification, resource, document, system: as for
        `request`, but the groups of a list stay even where they are empty, for each answers for an object
        (RFC 8010 section 3.3).
    version: instead of the request's. charset: instead of the request's, ``"utf-8"`` or ``"us-ascii"``.
    language: attributes-natural-language.

    Raises RegistryError, as `request` does.
    """
    code = Status.from_keyword(status) if isinstance(status, str) else Status.coerce(status)
    if request is None:
        request = _NO_MESSAGE
    if charset is None:
        charset = _charset(request)
    given = _pairs(operation_attributes or {}, DelimiterTag.OPERATION)
    if status_message is not None:
        given.insert(0, ("status-message", status_message))
    groups = [_operation_group(given, charset, language)]
    groups += _groups(DelimiterTag.UNSUPPORTED, unsupported)
    groups += _groups(DelimiterTag.JOB, job)
    groups += _groups(DelimiterTag.PRINTER, printer)
    groups += _groups(DelimiterTag.SUBSCRIPTION, subscription)
    groups += _groups(DelimiterTag.EVENT_NOTIFICATION, event_notification)
    groups += _groups(DelimiterTag.RESOURCE, resource)
    groups += _groups(DelimiterTag.DOCUMENT, document)
    groups += _groups(DelimiterTag.SYSTEM, system)
    return Message(version or request.version, int(code), request.request_id, groups)


def _charset(request: Message) -> str:
    """The charset for the response: the request's, if it is one of ours (RFC 8011 section 4.1.4.2)."""
    for group in request.groups[:1]:
        charset = group.get("attributes-charset")
        if charset is not None and isinstance(charset.values[0], str) and charset.values[0].lower() in _UTF_8:
            return charset.values[0].lower()
    return "utf-8"


def _operation_group(given: list[tuple[str, object]], charset: str, language: str) -> AttributeGroup:
    if charset not in _UTF_8:
        expected = "the charset utf-8 or us-ascii, in which strings are encoded"
        raise RegistryError(expected, describe_value(charset), DelimiterTag.OPERATION, "attributes-charset")
    names = {name for name, _ in given}
    for name, value in (("attributes-charset", charset), ("attributes-natural-language", language)):
        if name not in names:
            given.append((name, value))
    order = {name: place for place, name in enumerate(FIRST)}
    given.sort(key=lambda pair: order.get(pair[0], len(order)))
    return _group(DelimiterTag.OPERATION, given)


def _group(tag: DelimiterTag, pairs: list[tuple[str, object]]) -> AttributeGroup:
    seen = set()
    for name, _ in pairs:
        if name in seen:  # RFC 8011 section 4.1.3
            raise RegistryError("an attribute once in a group", "it twice", tag, name)
        seen.add(name)
    return AttributeGroup(tag, [attribute(name, value, group=tag) for name, value in pairs])


def _groups(tag: DelimiterTag, given: Groups | None) -> list[AttributeGroup]:
    """A group for the attributes that are given, none where there are none, or one for each item of a list."""
    if given is None:
        return []
    if isinstance(given, Sequence) and not all(isinstance(item, Attribute) for item in given):
        return [_group(tag, _pairs(item, tag)) for item in given]
    pairs = _pairs(given, tag)
    return [_group(tag, pairs)] if pairs else []


def _pairs(given: object, tag: DelimiterTag) -> list[tuple[str, object]]:
    if isinstance(given, Mapping):
        return list(given.items())
    if isinstance(given, Iterable) and not isinstance(given, (str, bytes)):
        attributes = list(given)
        if all(isinstance(item, Attribute) for item in attributes):
            return [(item.name, item) for item in attributes]
    expected = "a mapping of names to values, or Attribute objects"
    raise RegistryError(expected, describe_value(given), tag)
