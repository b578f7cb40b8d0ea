"""IPPRequest and IPPAttribute of pycups: messages to be read and written through callbacks.

The rule of this file: what the library shows has the same form here. What it cannot show (dates, resolutions,
octetStrings, collections, ranges) has that of `values`; the library raises SystemError or gives 0.
"""

from collections.abc import Callable, Iterable
from typing import Any

from ... import Attribute, AttributeGroup, DecodeError, EncodeError, Message, encode, read_message
from ...tags import DelimiterTag, ValueTag
from ...values import OutOfBand, RangeOfInteger, Resolution
from .constants import IPP_STATE_DATA, IPP_STATE_ERROR, IPP_STATE_IDLE, IPP_TAG_ZERO
from .values import all_values

__all__ = ["IPPAttribute", "IPPRequest", "to_attribute"]

_INTEGERS = {ValueTag.INTEGER, ValueTag.ENUM}
_STRINGS = {
    ValueTag.NAME,
    ValueTag.KEYWORD,
    ValueTag.URI,
    ValueTag.URI_SCHEME,
    ValueTag.MIME_MEDIA_TYPE,
    ValueTag.CHARSET,
    ValueTag.NATURAL_LANGUAGE,
}
_WITHOUT_VALUES = {IPP_TAG_ZERO, *(member.value for member in OutOfBand)}


class IPPAttribute:
    """One attribute: ``IPPAttribute(IPP_TAG_JOB, IPP_TAG_INTEGER, "copies", 2)``.

    group_tag, value_tag: as CUPS numbers them, those of RFC 8010. name: a str or bytes. value: a value or a list;
    none for out-of-band values.

    A range is a pair, or one int for both ends; a resolution three ints. Raises RuntimeError for a value that does
    not fit its tag, TypeError for a name that is not a string.
    """

    def __init__(self, group_tag: int, value_tag: int, name: str | bytes, value: Any = None, /) -> None:
        if not isinstance(name, (str, bytes)):
            raise TypeError("unicode or bytes object required")
        if value is None and value_tag not in _WITHOUT_VALUES:
            raise RuntimeError("missing value list")
        self._group_tag, self._value_tag = int(group_tag), int(value_tag)
        self._name = name if isinstance(name, str) else name.decode("utf-8")
        self._values: list[Any] = [] if value is None else value if isinstance(value, list) else [value]
        self._original: Attribute | None = None
        for each in self._values:
            if not _fits(self._value_tag, each):
                raise RuntimeError(f"invalid value {each!r} under the value tag 0x{self._value_tag:02x}")

    @classmethod
    def _of(cls, group_tag: int, attribute: Attribute) -> "IPPAttribute":
        made = cls(group_tag, IPP_TAG_ZERO, attribute.name)
        made._value_tag = int(attribute.tag)
        out_of_band = isinstance(attribute.values[0], OutOfBand) if attribute.values else False
        made._values = [] if out_of_band else all_values(attribute)
        made._original = attribute
        return made

    @property
    def group_tag(self) -> int:
        return self._group_tag

    @property
    def value_tag(self) -> int:
        return self._value_tag

    @property
    def name(self) -> str:
        return self._name

    @property
    def values(self) -> list[Any]:
        """The values, to be read."""
        return self._values

    def __repr__(self) -> str:
        values = f": {self._values!r}" if self._values else ""
        return f"<cups.IPPAttribute {self._name} ({self._group_tag}:{self._value_tag}){values}>"


def _is_ints(value: object, count: int) -> bool:
    return isinstance(value, tuple) and len(value) == count and all(isinstance(each, int) for each in value)


def _fits(tag: int, value: object) -> bool:
    if tag in _INTEGERS:
        return isinstance(value, int)
    if tag in _STRINGS:
        return isinstance(value, (str, bytes))
    kinds = {
        ValueTag.BOOLEAN: isinstance(value, bool),
        ValueTag.TEXT: isinstance(value, str),
        ValueTag.RANGE_OF_INTEGER: isinstance(value, int) or _is_ints(value, 2),
        ValueTag.RESOLUTION: _is_ints(value, 3),
        ValueTag.OCTET_STRING: isinstance(value, bytes),
    }
    return kinds.get(tag, False)  # type: ignore[call-overload,no-any-return]  # a ValueTag is its number


def to_attribute(given: IPPAttribute) -> Attribute:
    """The attribute as one of ippfast's."""
    if given._original is not None:
        return given._original
    tag, values = given.value_tag, given.values
    if not values and tag in _WITHOUT_VALUES:
        return Attribute(given.name, tag, [OutOfBand(tag)])
    return Attribute(given.name, tag, [_to_value(tag, value) for value in values])


def _to_value(tag: int, value: Any) -> Any:
    if tag == ValueTag.RANGE_OF_INTEGER:
        return RangeOfInteger(value, value) if isinstance(value, int) else RangeOfInteger(*value)
    if tag == ValueTag.RESOLUTION:
        return Resolution(*value)
    if tag in _INTEGERS:
        return int(value)
    if isinstance(value, bytes) and tag in _STRINGS:
        return value.decode("utf-8", "surrogateescape")
    return value


class _Callback:
    """A file that reads by a callback."""

    def __init__(self, read: Callable[[int], Any]) -> None:
        self._read = read

    def read(self, size: int, /) -> bytes:
        data = self._read(size)
        return data.encode() if isinstance(data, str) else bytes(data)


class IPPRequest:
    """A message: empty; or, with an operation, a request that has charset and language.

    ``operation`` and ``statuscode`` are one number, as they are on the wire; ``state`` says how far reading or writing
    came: IPP_STATE_IDLE, IPP_STATE_DATA once it is complete, IPP_STATE_ERROR.
    """

    def __init__(self, op: int = -1, /) -> None:
        self.statuscode = 0 if op == -1 else op
        self.state: int = IPP_STATE_IDLE
        self._version = (2, 0)
        self._request_id = 0 if op == -1 else 1
        self._attributes: list[IPPAttribute] = []
        if op != -1:
            self.add(IPPAttribute(DelimiterTag.OPERATION, ValueTag.CHARSET, "attributes-charset", "utf-8"))
            self.add(
                IPPAttribute(DelimiterTag.OPERATION, ValueTag.NATURAL_LANGUAGE, "attributes-natural-language", "en")
            )

    @property
    def attributes(self) -> list[IPPAttribute]:
        """The attributes, and between two groups of one kind a separator, whose tags are 0."""
        return list(self._attributes)

    @property
    def operation(self) -> int:
        return self.statuscode

    def add(self, attr: IPPAttribute, /) -> IPPAttribute:
        """Add an attribute. It begins a group if its group tag is not that of the one before."""
        if not isinstance(attr, IPPAttribute):
            raise TypeError("Parameter must be IPPAttribute")
        self._attributes.append(attr)
        return attr

    def addSeparator(self) -> IPPAttribute:
        """Let the next attribute begin a group, whatever its group tag is."""
        return self.add(IPPAttribute(IPP_TAG_ZERO, IPP_TAG_ZERO, ""))

    def readIO(self, read_fn: Callable[[int], Any], blocking: bool = True) -> int:
        """Read a message by calls of ``read_fn(size)``, and not one octet past its end. Returns the state.

        The message replaces what was there. blocking changes nothing: reading goes on until the message is complete.
        """
        if not callable(read_fn):
            raise TypeError("Parameter must be callable")
        try:
            self._take(read_message(_Callback(read_fn)))
        except (DecodeError, BlockingIOError):
            self.state = IPP_STATE_ERROR
        else:
            self.state = IPP_STATE_DATA
        return self.state

    def _take(self, message: Message) -> None:
        self._version, self.statuscode, self._request_id = message.version, int(message.code), message.request_id
        self._attributes = []
        before = None
        for group in message.groups:
            if group.tag == before:
                self.addSeparator()
            self._attributes += [IPPAttribute._of(group.tag, attribute) for attribute in group]
            before = group.tag

    def writeIO(self, write_fn: Callable[[bytes], Any], blocking: bool = True) -> int:
        """Write the message by calls of ``write_fn(octets)``. Returns the state.

        write_fn returns how many octets it took, and is called again for the rest; blocking: see `readIO`.
        """
        if not callable(write_fn):
            raise TypeError("Parameter must be callable")
        if self.state == IPP_STATE_DATA:
            return self.state  # it is written, or was read
        try:
            left = encode(self.to_message())
        except EncodeError:
            left = b""
            self.state = IPP_STATE_ERROR
            return self.state
        while left:
            count = write_fn(left)
            if not isinstance(count, int) or count <= 0:
                self.state = IPP_STATE_ERROR
                return self.state
            left = left[count:]
        self.state = IPP_STATE_DATA
        return self.state

    def to_message(self) -> Message:
        """The message of ippfast."""
        return Message(self._version, self.statuscode, self._request_id, _groups(self._attributes))


def _groups(attributes: Iterable[IPPAttribute]) -> list[AttributeGroup]:
    groups: list[AttributeGroup] = []
    before = IPP_TAG_ZERO
    for attribute in attributes:
        if attribute.group_tag == IPP_TAG_ZERO:
            before = IPP_TAG_ZERO
            continue
        if attribute.group_tag != before:
            groups.append(AttributeGroup(attribute.group_tag))
            before = attribute.group_tag
        groups[-1].append(to_attribute(attribute))
    return groups
