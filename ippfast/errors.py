"""Every exception of the package, and the words for each fault that the codec twins can find.

The rule of this file: an error says where (offset, group, attribute), what was expected, what came, and which
section of the RFC says so. The twins decide *that* something is wrong; its class and its words stand here, once.
Names and values that came off the wire are shown with `repr`, which escapes controls and bidirectional marks.
"""

from .tags import DELIMITER_TAGS, DelimiterTag, ValueTag, describe_tag
from .values import OutOfBand

__all__ = ["DecodeError", "EncodeError", "IPPError", "LimitError", "RegistryError", "ShapeError", "TruncatedError"]


class IPPError(Exception):
    """The base of every exception that this package defines."""


def _place(group: DelimiterTag | int | None, attribute: str | None) -> str:
    where = f" in attribute {attribute!r}" if attribute is not None else ""
    if group is not None:
        where += f" of {describe_tag(group)}" if where else f" in {describe_tag(group)}"
    return where


class DecodeError(IPPError):
    """The octets are no IPP message (RFC 8010 section 3).

    offset: octets from the start of the message to the element at fault.
    expected, found: what should stand there and what does, in words.
    group: the tag of the attribute group, None before the first.
    attribute: the attribute, with the member attributes that lead to the fault: ``"media-col/media-size"``.
    section: where RFC 8010 says so.
    status: the status-code that a server should answer with.
    """

    status = 0x0400  # client-error-bad-request

    def __init__(
        self,
        offset: int,
        expected: str,
        found: str,
        group: DelimiterTag | int | None = None,
        attribute: str | None = None,
        section: str = "3",
    ) -> None:
        super().__init__(offset, expected, found, group, attribute, section)
        self.offset = offset
        self.expected = expected
        self.found = found
        self.group = group
        self.attribute = attribute
        self.section = section

    def __str__(self) -> str:
        return (
            f"offset 0x{self.offset:x}{_place(self.group, self.attribute)}: "
            f"expected {self.expected}, got {self.found} (RFC 8010 section {self.section})"
        )


class TruncatedError(DecodeError):
    """The message ends before its end-of-attributes-tag. More octets could complete it."""


class LimitError(DecodeError):
    """The message is larger than the `Limits` allow. It need not be wrong."""

    status = 0x0408  # client-error-request-entity-too-large


class EncodeError(IPPError, ValueError):
    """A message, attribute or value has no correct form on the wire (RFC 8010 section 3).

    expected, found: what may stand there and what does, in words.
    group: the tag of the attribute group, None if the fault is in the message's header.
    attribute: the attribute, with the member attributes that lead to the fault: ``"media-col/media-size"``.
    index: which of the attribute's values, counted from 0; None if the fault is in no value.
    """

    def __init__(
        self,
        expected: str,
        found: str,
        group: DelimiterTag | int | None = None,
        attribute: str | None = None,
        index: int | None = None,
    ) -> None:
        super().__init__(expected, found, group, attribute, index)
        self.expected = expected
        self.found = found
        self.group = group
        self.attribute = attribute
        self.index = index

    def __str__(self) -> str:
        where = "" if self.index is None else f"value {self.index}"
        where = (where + _place(self.group, self.attribute)).strip() or "message"
        return f"{where}: expected {self.expected}, got {self.found}"


class RegistryError(EncodeError):
    """The registry does not know a name, or does not allow a value. All functions that build messages raise it.

    The fields are those of `EncodeError`. ``expected`` says how to overrule the registry, if that is possible.
    """


class ShapeError(IPPError, ValueError):
    """Plain data is not in the shape of a message.

    where: the place in the data: ``"groups[0].tag"``. expected: what may stand there, in words. found: what does.
    """

    def __init__(self, where: str, expected: str, found: object) -> None:
        super().__init__(where, expected, found)
        self.where = where
        self.expected = expected
        self.found = found

    def __str__(self) -> str:
        found = ascii(self.found)
        return f"{self.where}: expected {self.expected}, got {found if len(found) <= 60 else found[:57] + '...'}"


# The faults. `_scan.pxd` has the same numbers; the parity tests raise each of them from both twins.

CUT_HEADER = 1
CUT_TAG = 2
CUT_NAME_LENGTH = 3
CUT_NAME = 4
CUT_VALUE_LENGTH = 5
CUT_VALUE = 6
NAME_TOO_LONG = 7
VALUE_TOO_LONG = 8
RESERVED_GROUP = 9
VALUE_BEFORE_GROUP = 10
VALUE_BEFORE_ATTRIBUTE = 11
MEMBER_OUTSIDE = 12
END_OUTSIDE = 13
NAME_INSIDE = 14
VALUE_BEFORE_MEMBER = 15
MEMBER_WITHOUT_VALUE = 16
MEMBER_WITHOUT_NAME = 17
BEGIN_WITH_VALUE = 18
END_WITH_VALUE = 19
UNTERMINATED = 20
DEPTH_LIMIT = 21
GROUP_LIMIT = 22
ATTRIBUTE_LIMIT = 23
VALUE_LIMIT = 24
OCTET_LIMIT = 25

# fault: (class, expected, found, section of RFC 8010). {tag} is the tag octet in words, {number} the length or
# bound that the fault is about and {left} how many octets there are.
_FAULTS: dict[int, tuple[type[DecodeError], str, str, str]] = {
    CUT_HEADER: (TruncatedError, "a header of 8 octets, here a field of {number}", "{left}", "3.1.1"),
    CUT_TAG: (TruncatedError, "a tag; there is no end-of-attributes-tag", "the end of the data", "3.1.1"),
    CUT_NAME_LENGTH: (TruncatedError, "a name-length of 2 octets", "{left}", "3.1.4"),
    CUT_NAME: (TruncatedError, "a name of {number} octets", "{left}", "3.1.4"),
    CUT_VALUE_LENGTH: (TruncatedError, "a value-length of 2 octets", "{left}", "3.1.4"),
    CUT_VALUE: (TruncatedError, "a value of {number} octets", "{left}", "3.1.4"),
    NAME_TOO_LONG: (DecodeError, "a name-length of at most 32767", "{number}", "3.6"),
    VALUE_TOO_LONG: (DecodeError, "a value-length of at most 32767", "{number}", "3.8"),
    RESERVED_GROUP: (DecodeError, "a group's tag or end-of-attributes-tag", "the reserved tag 0x00", "3.5.1"),
    VALUE_BEFORE_GROUP: (DecodeError, "a group's tag or end-of-attributes-tag", "{tag}", "3.1.1"),
    VALUE_BEFORE_ATTRIBUTE: (DecodeError, "an attribute with a name", "an additional value ({tag})", "3.1.5"),
    MEMBER_OUTSIDE: (DecodeError, "an attribute or value", "memberAttrName outside a collection", "3.1.7"),
    END_OUTSIDE: (DecodeError, "an attribute or value", "endCollection without begCollection", "3.1.6"),
    NAME_INSIDE: (DecodeError, "no name inside a collection", "{tag} with a name of {number} octets", "3.1.7"),
    VALUE_BEFORE_MEMBER: (DecodeError, "memberAttrName or endCollection", "a value ({tag})", "3.1.7"),
    MEMBER_WITHOUT_VALUE: (DecodeError, "a value of the member attribute", "{tag}", "3.1.7"),
    MEMBER_WITHOUT_NAME: (DecodeError, "a member attribute's name", "memberAttrName without octets", "3.1.7"),
    BEGIN_WITH_VALUE: (DecodeError, "begCollection without octets", "{number} octets", "3.1.6"),
    END_WITH_VALUE: (DecodeError, "endCollection without octets", "{number} octets", "3.1.6"),
    UNTERMINATED: (DecodeError, "endCollection", "{tag} inside a collection", "3.1.6"),
    DEPTH_LIMIT: (LimitError, "collections at most {number} deep (Limits.max_depth)", "one more", "3.1.6"),
    GROUP_LIMIT: (LimitError, "at most {number} groups (Limits.max_groups)", "one more", "3.1.2"),
    ATTRIBUTE_LIMIT: (LimitError, "at most {number} attributes (Limits.max_attributes)", "one more", "3.1.3"),
    VALUE_LIMIT: (LimitError, "at most {number} values (Limits.max_values)", "one more", "3.1.5"),
    OCTET_LIMIT: (LimitError, "at most {number} octets (Limits.max_octets)", "more", "3.1.1"),
}


def raise_fault(
    fault: int,
    offset: int,
    *,
    tag: int = 0,
    number: int = 0,
    left: int = 0,
    group: int = 0,
    octets: bytes = b"",
    token: int = 0,
    names: tuple[int, ...] = (),
) -> None:
    """Raise the exception for `fault`.

    offset: where the element at fault begins. tag, number, left: as the words above need them.
    group: the tag of the current group, 0 before the first.
    octets, token: the message so far, and where in it the token at fault begins.
    names: where the tokens stand that name the attribute and, from the outermost inwards, the member attributes
    that lead to the fault. If the token at fault is cut off after its own name, that is added here.
    """
    if fault in (CUT_VALUE_LENGTH, CUT_VALUE, VALUE_TOO_LONG) and octets[token + 1 : token + 3] != b"\x00\x00":
        names = (token,)
    kind, expected, found, section = _FAULTS[fault]
    words = {
        "tag": describe_tag(tag),
        "number": number,
        "left": f"{left} octets" if left != 1 else "1 octet",
    }
    raise kind(
        offset,
        expected.format(**words),
        found.format(**words),
        DELIMITER_TAGS[group] if group else None,
        "/".join(_name_at(octets, at) for at in names) or None,
        section,
    )


def _name_at(octets: bytes, at: int) -> str:
    """The name that the token at `at` gives: an attribute's own, or a memberAttrName's value."""
    start = at + 3
    length = int.from_bytes(octets[at + 1 : start], "big")
    if length == 0:  # memberAttrName
        start = at + 5
        length = int.from_bytes(octets[at + 3 : start], "big")
    return octets[start : start + length].decode("utf-8", "surrogateescape")


def find_cut(
    available: int, position: int, name_length: int, value_length: int, max_octets: int
) -> tuple[int, int, int, int]:
    """Which field of the token at `position` is cut off: the fault, the field's offset, its length and what is left.

    available: how many octets of the message there are. name_length, value_length: as the token says, -1 if it
    is cut before that. The fault is one of the CUT ones, or one that the octets before the cut already show. Both twins
    call this when their fast path meets the end of the data, so that the order of the checks stands once.
    """

    def cut(fault: int, start: int, length: int) -> tuple[int, int, int, int] | None:
        if start + length > max_octets:
            return OCTET_LIMIT, position, max_octets, 0
        if start + length > available:
            return fault, start, length, available - start
        return None

    if position == 0:  # version-number, operation-id or status-code, request-id
        found = cut(CUT_HEADER, 0, 2) or cut(CUT_HEADER, 2, 2) or cut(CUT_HEADER, 4, 4)
        return found or (CUT_TAG, 8, 1, 0)
    found = cut(CUT_TAG, position, 1) or cut(CUT_NAME_LENGTH, position + 1, 2)
    if found:
        return found
    if name_length > 0x7FFF:
        return NAME_TOO_LONG, position + 1, name_length, 0
    at = position + 3
    found = cut(CUT_NAME, at, name_length) or cut(CUT_VALUE_LENGTH, at + name_length, 2)
    if found:
        return found
    at += name_length + 2
    if value_length > 0x7FFF:
        return VALUE_TOO_LONG, at - 2, value_length, 0
    return cut(CUT_VALUE, at, value_length) or (CUT_TAG, at + value_length, 1, 0)


def octets_needed(available: int, cut: tuple[int, int, int, int]) -> int:
    """How many octets at least must follow what `find_cut` found before the message can be complete."""
    fault, start, length, _ = cut
    if fault == CUT_HEADER:
        return 9 - available
    # The shortest possible rest of the token. At least one more octet, a tag, must follow it.
    rest = {CUT_TAG: 0, CUT_NAME_LENGTH: 3, CUT_NAME: 3, CUT_VALUE_LENGTH: 1, CUT_VALUE: 1}
    return max(1, start + length + rest.get(fault, 1) - available)  # 1 if the message is wrong anyway


# In words, what fits each value tag.
_INTEGER = "an int (no bool) of 32 bits"
_STRING = "a str of at most 32767 octets in UTF-8"
_WITH_LANGUAGE = "a StringWithLanguage of at most 32763 octets in UTF-8"
_FITS: dict[int, str] = {
    ValueTag.INTEGER: _INTEGER,
    ValueTag.BOOLEAN: "a bool",
    ValueTag.ENUM: _INTEGER,
    ValueTag.DATE_TIME: "a DateTime whose fields fit their octets",
    ValueTag.RESOLUTION: "a Resolution of two 32-bit ints and units of 8 bits",
    ValueTag.RANGE_OF_INTEGER: "a RangeOfInteger of two 32-bit ints",
    ValueTag.BEG_COLLECTION: "a Collection",
    ValueTag.TEXT_WITH_LANGUAGE: _WITH_LANGUAGE,
    ValueTag.NAME_WITH_LANGUAGE: _WITH_LANGUAGE,
    ValueTag.TEXT: _STRING,
    ValueTag.NAME: _STRING,
    ValueTag.KEYWORD: _STRING,
    ValueTag.URI: _STRING,
    ValueTag.URI_SCHEME: _STRING,
    ValueTag.CHARSET: _STRING,
    ValueTag.NATURAL_LANGUAGE: _STRING,
    ValueTag.MIME_MEDIA_TYPE: _STRING,
}
_FITS.update({member.value: repr(member) for member in OutOfBand})


def describe_value(value: object) -> str:
    """A value for people: its type, and the beginning of its `repr`, which may raise."""
    try:
        text = repr(value)
    except Exception as error:  # an int that is too long to show, or a class of the caller's
        text = f"({type(error).__name__} in its repr)"
    if len(text) > 60:
        text = text[:57] + "..."
    if isinstance(value, (str, bytes)):
        text += f" of length {len(value)}"
    return f"{type(value).__name__} {text}"


def raise_unfit_value(tag: int, value: object, group: int, names: tuple[str, ...], index: int) -> None:
    """Raise EncodeError for a value that does not fit its tag, or a tag that no value can stand under."""
    if tag < 0x10 or tag in (ValueTag.END_COLLECTION, ValueTag.MEMBER_ATTR_NAME):
        expected, found = "a value tag", f"0x{tag:02x} ({describe_tag(tag)})"
    else:
        fits = _FITS.get(tag, "bytes, at most 32767")
        expected = f"{fits} under {describe_tag(tag)}"
        if tag != ValueTag.BEG_COLLECTION:
            expected += " (or a RawValue)"
        found = describe_value(value)
    raise EncodeError(expected, found, DELIMITER_TAGS[group], "/".join(names), index)


def raise_unfit_attribute(name: str, values: int, group: int, names: tuple[str, ...]) -> None:
    """Raise EncodeError for an attribute whose name or number of values has no form on the wire."""
    where = DELIMITER_TAGS[group], "/".join((*names, name))
    if values == 0:
        raise EncodeError("at least one value", "none", *where)
    raise EncodeError("a name of 1 to 32767 octets in UTF-8", describe_value(name), *where)


def raise_unfit_group(group: object) -> None:
    """Raise EncodeError for an object among a message's groups that is no AttributeGroup."""
    raise EncodeError("an AttributeGroup", describe_value(group))


def raise_unfit_group_tag(tag: int) -> None:
    """Raise EncodeError for a tag that begins no group (RFC 8010 section 3.5.1)."""
    raise EncodeError("a group's tag from 0x01 to 0x0f, not 0x03", f"0x{tag:02x}", DELIMITER_TAGS[tag])


def raise_unfit_header(version: object, code: object, request_id: object) -> None:
    """Raise EncodeError for a message whose header does not fit its eight octets (RFC 8010 section 3.1.1)."""
    raise EncodeError(
        "a version of two ints from 0 to 255, a code from 0 to 0xffff and a request_id of 32 bits",
        f"{describe_value(version)}, {describe_value(code)} and {describe_value(request_id)}",
    )
