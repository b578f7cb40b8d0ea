"""The rules for single values: what the syntax of a tag allows, and what the registry allows an attribute.

The rule of this file: the same functions judge what is built and what was received, so that what the builders make
validates. Lengths are in octets (RFC 8011 section 5.1). Nothing here raises.
"""

import re
from collections import namedtuple

from .errors import describe_value
from .media import parse_media_name
from .tags import VALUE_TAGS, ValueTag, describe_tag
from .values import DateTime, OutOfBand, RangeOfInteger, RawValue, Resolution, StringWithLanguage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .registry import AttributeSpec

__all__ = ["Fault", "describe_tagged", "is_name", "value_faults"]


class Fault(namedtuple("Fault", "code expected section", defaults=(None,))):
    """Why a value is not as it should be."""

    __slots__ = ()
    code: str
    """A key of `ippfast.issues.RULES`."""
    expected: str
    """What should be there, in words."""
    section: str | None
    """Where the rule stands, where it is not what `RULES` says of the code."""


# The longest value of each string syntax, and where that stands in RFC 8011.
_STRINGS: dict[int, tuple[int, str]] = {
    ValueTag.OCTET_STRING: (1023, "5.1.11"),
    ValueTag.TEXT: (1023, "5.1.2"),
    ValueTag.NAME: (255, "5.1.3"),
    ValueTag.KEYWORD: (255, "5.1.4"),
    ValueTag.URI: (1023, "5.1.6"),
    ValueTag.URI_SCHEME: (63, "5.1.7"),
    ValueTag.CHARSET: (63, "5.1.8"),
    ValueTag.NATURAL_LANGUAGE: (63, "5.1.9"),
    ValueTag.MIME_MEDIA_TYPE: (255, "5.1.10"),
}

_WITH_LANGUAGE: dict[int, int] = {
    ValueTag.TEXT_WITH_LANGUAGE: ValueTag.TEXT,
    ValueTag.NAME_WITH_LANGUAGE: ValueTag.NAME,
}

_TOKEN = r"[A-Za-z0-9!#$&^_.+-]+"
_QUOTED = r'"(?:[^"\\\x00-\x1f\x7f]|\\[ -~])*"'
# In US-ASCII. Each needs time linear in the string.
_SYNTAX: dict[int, tuple[re.Pattern[str], str]] = {
    ValueTag.KEYWORD: (
        re.compile(r"[a-z][a-z0-9._-]*"),
        "a keyword of lower-case letters, digits, '-', '_' and '.' that begins with a letter",
    ),
    ValueTag.URI: (
        # RFC 3986: a scheme, then what URIs consist of.
        re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*"),
        "a URI with a scheme (RFC 3986)",
    ),
    ValueTag.URI_SCHEME: (re.compile(r"[a-z][a-z0-9+.-]*"), "a URI scheme in lower case"),
    ValueTag.CHARSET: (re.compile(r"[a-z0-9!#$%&'+^_`{}~.:()-]+"), "a charset's name in lower case"),
    ValueTag.NATURAL_LANGUAGE: (
        re.compile(r"[a-z]{1,8}(?:-[a-z0-9]{1,8})*"),
        "a language tag in lower case (RFC 5646)",
    ),
    ValueTag.MIME_MEDIA_TYPE: (
        re.compile(rf"{_TOKEN}/{_TOKEN}(?: ?; ?{_TOKEN}=(?:{_TOKEN}|{_QUOTED}))*"),
        "a media type: type/subtype, then parameters",
    ),
}
_NAME = _SYNTAX[ValueTag.KEYWORD][0]
# C0 without tab, line feed and carriage return, DEL, and C1.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_SURROGATE = re.compile(r"[\ud800-\udfff]")  # an octet that is no UTF-8

_SIZES: dict[int, str] = {
    ValueTag.INTEGER: "4 octets",
    ValueTag.ENUM: "4 octets",
    ValueTag.BOOLEAN: "1 octet, 0x00 or 0x01",
    ValueTag.DATE_TIME: "11 octets",
    ValueTag.RESOLUTION: "9 octets",
    ValueTag.RANGE_OF_INTEGER: "8 octets",
}
_LAST_DATE_TIME = DateTime(0xFFFF, 12, 31, 23, 59, 60, 9, "+", 14, 59)
# Where vendors' own numbers begin (RFC 8011 sections 7.4 and 7.8): nobody registers them.
_VENDOR_ENUM = 0x40000000
_VENDOR_OPERATION = 0x4000
_STATE_REASON = re.compile(r"(.+)-(?:report|warning|error)")


def is_name(name: str) -> bool:
    """Whether it is an attribute's name: a keyword of at most 255 octets (RFC 8010 section 3.2)."""
    return len(name) <= 255 and _NAME.fullmatch(name) is not None


def describe_tagged(tag: int, value: object) -> str:
    """A value with its syntax, for people: ``"keyword 'none'"``."""
    if isinstance(value, OutOfBand):
        return describe_tag(tag)
    if isinstance(value, RawValue):
        return f"{describe_tag(tag)} of {len(value.data)} octets: {value.data[:16].hex(' ')}"
    if tag == ValueTag.BEG_COLLECTION:
        return "a collection"
    shown = describe_value(value).partition(" ")[2]
    return f"{describe_tag(tag)} {shown}"


def value_faults(tag: int, value: object, spec: "AttributeSpec | None", charset: str = "utf-8") -> "Iterator[Fault]":
    """What is wrong with a value under a tag, in itself and for an attribute.

    Members of a collection are not looked at, nor whether an out-of-band value may stand here.
    charset: of the message, in lower case. Text in any other than UTF-8 and US-ASCII is not judged.
    """
    if isinstance(value, OutOfBand):
        return
    if isinstance(value, RawValue):
        yield Fault("malformed-value", _well_formed(tag))
        return
    yield from _syntax_faults(tag, value, spec, charset)
    if spec is not None:
        yield from _registry_faults(tag, value, spec)


def _well_formed(tag: int) -> str:
    if tag in _WITH_LANGUAGE:
        return "a language and a string after their lengths, which fill the value exactly"
    if tag < 0x20:
        return f"no octets under {describe_tag(tag)}"
    return f"{_SIZES[tag]} under {describe_tag(tag)}" if tag in _SIZES else f"a value of {describe_tag(tag)}"


def _syntax_faults(tag: int, value: object, spec: "AttributeSpec | None", charset: str) -> "Iterator[Fault]":
    if isinstance(value, StringWithLanguage) and tag in _WITH_LANGUAGE:
        yield from _string_faults(ValueTag.NATURAL_LANGUAGE, value.language, None, charset)
        yield from _string_faults(_WITH_LANGUAGE[tag], value.string, spec, charset)
    elif tag in _STRINGS:
        yield from _string_faults(tag, value, spec, charset)
    elif isinstance(value, DateTime):
        yield from _date_time_faults(value)
    elif isinstance(value, Resolution):
        if value.cross_feed < 1 or value.feed < 1:
            yield Fault("resolution", "a resolution of two positive numbers")
        if value.units not in (3, 4):
            yield Fault("resolution", "units of 3 (dots per inch) or 4 (dots per centimetre)")
    elif isinstance(value, RangeOfInteger):
        if value.lower > value.upper:
            yield Fault("range-order", "a range whose lower end is not above its upper end")
    elif tag == ValueTag.BEG_COLLECTION:
        if not list(value):  # type: ignore[call-overload]  # it is a Collection
            yield Fault("empty-collection", "at least one member")
    elif tag == ValueTag.ENUM:
        if isinstance(value, int) and value < 1:
            yield Fault("out-of-range", "an enum of 1 or more", "RFC 8011 section 5.1.5")
    elif tag == ValueTag.EXTENSION:
        # RFC 8010 section 3.5.2: the first four octets are the tag, the highest bit of which is reserved.
        if isinstance(value, bytes) and (len(value) < 4 or value[0] > 0x7F):
            yield Fault("extension-tag", "four octets with a tag of at most 0x7fffffff, then the value")
    elif not isinstance(VALUE_TAGS[tag], ValueTag):
        yield Fault("reserved-tag", "a value tag that is assigned")


def _string_faults(tag: int, value: object, spec: "AttributeSpec | None", charset: str) -> "Iterator[Fault]":
    limit, section = _STRINGS[tag]
    section = f"RFC 8011 section {section}"
    if spec is not None and spec.max_octets is not None and tag in spec.tags:
        limit = min(limit, spec.max_octets)
    octets = value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogateescape")
    if len(octets) > limit:
        yield Fault("too-long", f"at most {limit} octets of {describe_tag(tag)}", section)
    if not isinstance(value, str):
        return
    if tag in (ValueTag.TEXT, ValueTag.NAME):
        yield from _text_faults(value, charset)
        return
    if not value:
        yield Fault("empty-value", f"a {describe_tag(tag)} of at least one octet", section)
        return
    if not value.isascii():
        yield Fault("not-us-ascii", f"a {describe_tag(tag)} in US-ASCII", section)
        return
    pattern, expected = _SYNTAX[tag]
    if pattern.fullmatch(value):
        return
    code = "letter-case" if pattern.fullmatch(value.lower()) else "string-syntax"
    if tag == ValueTag.KEYWORD and spec is not None:
        if value in spec.keywords:
            return  # ten registered keywords break the rule: "1.1", "certificate+basic"
        if code == "letter-case" and spec.reference == "CUPS":
            return  # CUPS and Apple write their own with capitals: "AutoConfigure", "inkCartridge", "SRGB24"
    yield Fault(code, expected, section)


def _text_faults(value: str, charset: str) -> "Iterator[Fault]":
    if value.isascii():
        pass
    elif charset == "us-ascii":
        yield Fault("not-us-ascii", "text in the message's charset, US-ASCII", "RFC 8011 section 4.1.4.1")
    elif charset == "utf-8" and _SURROGATE.search(value):
        yield Fault("not-utf-8", "text in UTF-8")
        return  # what is no text has no control characters
    if _CONTROL.search(value):
        yield Fault("control-character", "text without control characters")


def _date_time_faults(value: DateTime) -> "Iterator[Fault]":
    """RFC 2579 DateAndTime; 14 hours from UTC, which it does not know, are those of real places."""
    lowest = DateTime(0, 1, 1)
    for name, field, least, greatest in zip(value._fields, value, lowest, _LAST_DATE_TIME, strict=True):
        if name == "utc_direction":
            if field not in ("+", "-"):
                yield Fault("date-time", "a UTC direction of '+' or '-'")
        elif not least <= field <= greatest:
            yield Fault("date-time", f"a {name} of {least} to {greatest}")


def _registry_faults(tag: int, value: object, spec: "AttributeSpec") -> "Iterator[Fault]":
    if tag not in spec.wire_tags:
        yield Fault("wrong-syntax", spec.syntax, _reference(spec))
    elif isinstance(value, int) and not isinstance(value, bool):
        if tag == ValueTag.INTEGER:
            yield from _range_faults((value,), spec)
        else:
            yield from _enum_faults(value, spec)
    elif isinstance(value, RangeOfInteger):
        yield from _range_faults(value, spec)
    elif tag == ValueTag.KEYWORD and isinstance(value, str) and not is_registered(value, spec):
        yield Fault("unregistered-keyword", "a keyword that is registered for it", _reference(spec))


def _range_faults(ends: tuple[int, ...], spec: "AttributeSpec") -> "Iterator[Fault]":
    if spec.minimum is None or spec.maximum is None:
        return
    if min(ends) < spec.minimum or max(ends) > spec.maximum:
        yield Fault("out-of-range", f"{spec.minimum} to {spec.maximum}", _reference(spec))


def _enum_faults(value: int, spec: "AttributeSpec") -> "Iterator[Fault]":
    members = spec.enum
    vendor = _VENDOR_OPERATION if spec.name == "operations-supported" else _VENDOR_ENUM
    if members is None or value >= vendor:
        return
    if not isinstance(members.coerce(value), members):
        yield Fault("unregistered-enum", f"a number registered as {members.__name__}", _reference(spec))


def is_registered(keyword: str, spec: "AttributeSpec") -> bool:
    """Whether it is one of an attribute's registered keywords, or made as the registry says; True without any."""
    keywords = spec.keywords
    if not keywords or keyword in keywords:
        return True
    # RFC 8011 section 5.4.12: a reason may end in its severity.
    reason = _STATE_REASON.fullmatch(keyword)
    if reason is not None and spec.name.endswith("state-reasons") and reason[1] in keywords:
        return True
    # PWG 5101.1: a name that says its size needs no registration.
    return parse_media_name(keyword) is not None and "iso_a4_210x297mm" in keywords


def _reference(spec: "AttributeSpec") -> str:
    return f"{spec.reference}, IANA IPP registry"
