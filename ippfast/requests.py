"""Builds requests and responses: groups and operation attributes in the order that RFC 8011 section 4.1 fixes.

The rule of this file: values become attributes as `ippfast.attributes` says, and a group without attributes is left
out, since printers refuse an empty one. `ippfast.operations` has a function for each operation, with its attributes
as arguments; they all call `request`, which is for any operation.

They build a `Message`, which may be changed before it is encoded. `Template` makes many that differ in little.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from .attributes import attribute
from .codec import Attribute, AttributeGroup, Collection, Message, decode, encode
from .enums import Operation, Status
from .errors import RegistryError, describe_value
from .tags import DelimiterTag
from .targets import FIRST, TARGETS, needs_target, target_name
from .values import StringWithLanguage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["Attributes", "Groups", "Template", "request", "response"]

Attributes: "TypeAlias" = Mapping[str, object] | Iterable[Attribute]
"""The attributes of a group: names and Python values, or attributes, such as those of an `AttributeGroup`."""

Groups: "TypeAlias" = Attributes | Sequence[Attributes]
"""The attributes of one group, or a list with those of several groups under the same tag."""

_UTF_8 = ("utf-8", "us-ascii")  # the codec encodes text as UTF-8, so these are right
_ORDER = {name: place for place, name in enumerate(FIRST)}
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
        for one on a job, if no ``job-id`` is among the operation attributes, into ``job-uri``. To choose
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

    request: its version and request-id are copied, whatever they are (sections 4.1.2 and 4.1.8), and its charset if
        that is utf-8 or us-ascii; but for text beyond US-ASCII the charset is utf-8. None if no request could be read:
        then version 2.0 and request-id 0.
    status: a `Status`, its keyword (``"client-error-not-found"``), or the number of one that has no name.
    status_message: for people, at most 255 octets (section 4.1.6.2).
    unsupported: the attributes that were not supported, in a group of their own (section 4.1.7): as they came, or
        with ``OutOfBand.UNSUPPORTED`` for a value.
    operation_attributes, job, printer, subscription, event_notification, resource, document, system: as for
        `request`, but the groups of a list stay even if they are empty, because each stands for an object
        (RFC 8010 section 3.3).
    version: instead of the request's. charset: instead of the request's, ``"utf-8"`` or ``"us-ascii"``.
    language: attributes-natural-language.

    Raises RegistryError, as `request` does.
    """
    code = Status.from_keyword(status) if isinstance(status, str) else Status.coerce(status)
    if request is None:
        request = _NO_MESSAGE
    given = _pairs(operation_attributes or {}, DelimiterTag.OPERATION)
    if status_message is not None:
        given.insert(0, ("status-message", status_message))
    groups = [_operation_group(list(given), charset or _charset(request), language)]
    groups += _groups(DelimiterTag.UNSUPPORTED, unsupported)
    groups += _groups(DelimiterTag.JOB, job)
    groups += _groups(DelimiterTag.PRINTER, printer)
    groups += _groups(DelimiterTag.SUBSCRIPTION, subscription)
    groups += _groups(DelimiterTag.EVENT_NOTIFICATION, event_notification)
    groups += _groups(DelimiterTag.RESOURCE, resource)
    groups += _groups(DelimiterTag.DOCUMENT, document)
    groups += _groups(DelimiterTag.SYSTEM, system)
    if charset is None and groups[0].value("attributes-charset") == "us-ascii" and not all(map(_is_ascii, groups)):
        groups[0] = _operation_group(given, "utf-8", language)
    return Message(version or request.version, int(code), request.request_id, groups)


class Template:
    """A message that is sent again and again, each time with other values. All else is checked and encoded once.

    message: what it makes copies of; later changes of it have no effect. Raises EncodeError, as `encode` does.

    ::

        template = Template(operations.get_job_attributes(uri, job_id=1, requested_attributes=["job-state"]))
        octets = encode(template.message({"job-id": 7}, request_id=2))
    """

    __slots__ = ("_octets", "_places")

    def __init__(self, message: Message) -> None:
        self._octets = encode(message)
        self._places: dict[str, int] = {}  # in which group the first attribute of each name is
        for place, group in enumerate(message.groups):
            for each in group:
                self._places.setdefault(each.name, place)

    def message(self, values: Mapping[str, object] | None = None, *, request_id: int | None = None) -> Message:
        """A copy with these values and this request-id; `encode` copies the octets of what is not changed.

        values: for attributes that the template has, in its first group with one of that name: a value or a list of
            values, under the value tag that the template has, or an `Attribute`. The registry is not asked about them;
            `encode` refuses what does not fit the tag.

        Raises KeyError for a name that the template does not have, ValueError if its attribute has several tags.
        """
        message = decode(self._octets)
        if request_id is not None:
            message.request_id = request_id
        for name in values or ():
            message.groups[self._places[name]][name] = values[name]  # type: ignore[index, assignment]  # checked there
        return message


def _charset(request: Message) -> str:
    """The charset for the response: the request's if the codec has it (RFC 8011 section 4.1.4.2), otherwise UTF-8."""
    for group in request.groups[:1]:
        charset = group.get("attributes-charset")
        if charset is not None and isinstance(charset.values[0], str) and charset.values[0].lower() in _UTF_8:
            return charset.values[0].lower()
    return "utf-8"


def _is_ascii(value: object) -> bool:
    """Whether a value, or every value of some attributes, is US-ASCII."""
    if isinstance(value, AttributeGroup | Collection):
        return all(_is_ascii(each) for attribute in value for each in attribute.values)
    text = value.string if isinstance(value, StringWithLanguage) else value
    return not isinstance(text, str) or text.isascii()


def _operation_group(given: list[tuple[str, object]], charset: str, language: str) -> AttributeGroup:
    if charset not in _UTF_8:
        expected = "the charset utf-8 or us-ascii, in which strings are encoded"
        raise RegistryError(expected, describe_value(charset), DelimiterTag.OPERATION, "attributes-charset")
    names = {name for name, _ in given}
    for name, value in (("attributes-charset", charset), ("attributes-natural-language", language)):
        if name not in names:
            given.append((name, _standard(name, value) if type(value) is str else value))
    given.sort(key=lambda pair: _ORDER.get(pair[0], len(FIRST)))
    return _group(DelimiterTag.OPERATION, given)


@lru_cache(maxsize=64)  # every message has these two, and nearly always the same
def _standard(name: str, value: str) -> Attribute:
    return attribute(name, value, group=DelimiterTag.OPERATION)


def _group(tag: DelimiterTag, pairs: list[tuple[str, object]]) -> AttributeGroup:
    seen = set()
    for name, _ in pairs:
        if name in seen:  # RFC 8011 section 4.1.3
            raise RegistryError("an attribute once in a group", "it twice", tag, name)
        seen.add(name)
    return AttributeGroup(tag, [attribute(name, value, group=tag) for name, value in pairs])


def _groups(tag: DelimiterTag, given: Groups | None) -> list[AttributeGroup]:
    """The group of the given attributes, no group if there are none, or a group for each item of a list."""
    if given is None:
        return []
    if isinstance(given, Sequence) and not all(isinstance(item, Attribute) for item in given):
        return [_group(tag, _pairs(item, tag)) for item in given]
    pairs = _pairs(given, tag)
    return [_group(tag, pairs)] if pairs else []


def _pairs(given: object, tag: DelimiterTag) -> list[tuple[str, object]]:
    if type(given) is dict or isinstance(given, Mapping):
        return list(given.items())
    if isinstance(given, Iterable) and not isinstance(given, (str, bytes)):
        attributes = list(given)
        if all(isinstance(item, Attribute) for item in attributes):
            return [(item.name, item) for item in attributes]
    expected = "a mapping of names to values, or Attribute objects"
    raise RegistryError(expected, describe_value(given), tag)
