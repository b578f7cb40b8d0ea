"""The rules for single values: what the syntax of a tag allows, and what the registry allows for an attribute.

The rule of this file: the same functions judge what is built and what was received, so `validate` finds no fault in
what the builders make. Lengths are in octets (RFC 8011 section 5.1). Nothing here raises.
"""

import re
from collections import namedtuple
from functools import lru_cache

from .errors import describe_value
from .media import parse_media_name
from .tags import VALUE_TAGS, ValueTag, describe_tag
from .values import DateTime, OutOfBand, RangeOfInteger, RawValue, Resolution, StringWithLanguage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .registry import AttributeSpec

__all__ = [
    "Fault",
    "describe_tagged",
    "form_faults",
    "has_capitals",
    "is_name",
    "is_registered",
    "least_enum",
    "longest_string",
    "string_check",
    "value_faults",
    "vendor_numbers",
]


class Fault(namedtuple("Fault", "code expected section", defaults=(None,))):
    """Why a value is not as it should be."""

    __slots__ = ()
    code: str
    """A key of `ippfast.issues.RULES`."""
    expected: str
    """The value that should be there, in words."""
    section: str | None
    """Where the rule stands, if it is not what `RULES` says of the code."""


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
# For strings in US-ASCII. Each pattern takes time linear in the length of the string.
_SYNTAX: dict[int, tuple[re.Pattern[str], str]] = {
    ValueTag.KEYWORD: (
        re.compile(r"[a-z][a-z0-9._-]*"),
        "a keyword of lower-case letters, digits, '-', '_' and '.' that begins with a letter",
    ),
    ValueTag.URI_SCHEME: (re.compile(r"[a-z][a-z0-9+.-]*"), "a URI scheme in lower case"),
    ValueTag.CHARSET: (re.compile(r"[a-z0-9!#$%&'+^_`{}~.:()-]+"), "a charset's name in lower case"),
    ValueTag.NATURAL_LANGUAGE: (
        re.compile(r"[a-z]{1,8}(?:-[a-z0-9]{1,8})*"),
        "a language tag in lower case (RFC 5646)",
    ),
    ValueTag.MIME_MEDIA_TYPE: (
        re.compile(rf"{_TOKEN}/{_TOKEN}(?: ?; ?{_TOKEN} ?= ?(?:{_TOKEN}|{_QUOTED}))*"),
        "a media type: type/subtype, then parameters",
    ),
}
_CHARACTERS = r"A-Za-z0-9._~!$&'()*+,;=%-"
_URI = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*):"
    rf"(?://((?:[{_CHARACTERS}:]*@)?(?:\[[0-9A-Za-z:.%+~_-]*\]|[{_CHARACTERS}]*)(?::[0-9]*)?)(?=[/?#]|\Z))?"
    rf"([{_CHARACTERS}:@/]*)(?:\?[{_CHARACTERS}:@/?]*)?(?:#[{_CHARACTERS}:@/?]*)?"
)
"""RFC 3986 appendix A: a scheme, an authority, a path; then a query and a fragment."""
_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_FUTURE_ADDRESS = re.compile(r"v[0-9A-Fa-f]+\.[0-9A-Za-z:.%+~_-]+")
_WITH_HOST = {"ipp": "RFC 3510 section 4", "ipps": "RFC 7472 section 4", "http": "RFC 9110 section 4.2.1"}
_WITH_HOST["https"] = "RFC 9110 section 4.2.2"
_NAME = _SYNTAX[ValueTag.KEYWORD][0]
# C0 without tab, line feed and carriage return, DEL, and C1.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_LINE_CONTROL = re.compile(r"[\t\n\r]")  # a text may have them, a name is one line
_SURROGATE = re.compile(r"[\ud800-\udfff]")  # an octet that is not UTF-8

_SIZES: dict[int, str] = {
    ValueTag.INTEGER: "4 octets",
    ValueTag.ENUM: "4 octets",
    ValueTag.BOOLEAN: "1 octet, 0x00 or 0x01",
    ValueTag.DATE_TIME: "11 octets",
    ValueTag.RESOLUTION: "9 octets",
    ValueTag.RANGE_OF_INTEGER: "8 octets",
}
_LAST_DATE_TIME = DateTime(0xFFFF, 12, 31, 23, 59, 60, 9, "+", 14, 59)
# The least numbers that vendors may choose (RFC 8011 sections 7.4 and 7.8): nobody registers them.
_VENDOR_ENUM = 0x40000000
_VENDOR_OPERATION = 0x4000
_STATE_REASON = re.compile(r"(.+)-(?:report|warning|error)")

_LEAST = {"notify-status-code": 0, "printer-type": -(2**31), "printer-type-mask": -(2**31)}
"""The least values of attributes that have the syntax enum, but whose values may be below 1: a status-code begins at
0x0000 (RFC 3995 section 6.1), and CUPS' printer-type is a field of 32 bits."""


def is_name(name: str) -> bool:
    """Whether a string can be an attribute's name: a keyword of at most 255 octets (RFC 8010 section 3.2)."""
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
    charset: the message's, in lower case. Text is judged only if it is UTF-8 or US-ASCII.
    """
    yield from form_faults(tag, value, spec, charset)
    if spec is not None and not isinstance(value, OutOfBand | RawValue):
        yield from _registry_faults(tag, value, spec)


def form_faults(tag: int, value: object, spec: "AttributeSpec | None", charset: str = "utf-8") -> "Iterator[Fault]":
    """What is wrong with a value in itself: as `value_faults`, but not whether the attribute may have it.

    spec: the attribute's. A few attributes have values that break the rule of their syntax: the keyword ``1.1``.
    """
    if isinstance(value, RawValue):
        yield Fault("malformed-value", _well_formed(tag))
    elif not isinstance(value, OutOfBand):
        yield from _syntax_faults(tag, value, spec, charset)


def string_check(tag: int, spec: "AttributeSpec") -> "Callable[[str], object]":
    """Make a quick test for strings under a tag. If a string passes, `value_faults` finds at most an information.

    A string that fails may still be right: a text beyond US-ASCII, a keyword that breaks the rule.
    """
    limit = longest_string(tag, spec)
    if tag == ValueTag.URI:
        return lambda value: 0 < len(value) <= limit and value.isascii() and _uri_fault(value) is None
    if tag in _SYNTAX:
        fullmatch = _SYNTAX[tag][0].fullmatch
        return lambda value: len(value) <= limit and fullmatch(value)
    return lambda value: len(value) <= limit and value.isascii() and value.isprintable()


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
        if isinstance(value, int) and value < least_enum(spec):
            yield Fault("out-of-range", "an enum of 1 or more", "RFC 8011 section 5.1.5")
    elif tag == ValueTag.EXTENSION:
        # RFC 8010 section 3.5.2: the first four octets are the tag, the highest bit of which is reserved.
        if isinstance(value, bytes) and (len(value) < 4 or value[0] > 0x7F):
            yield Fault("extension-tag", "four octets with a tag of at most 0x7fffffff, then the value")
    elif not isinstance(VALUE_TAGS[tag], ValueTag):
        yield Fault("reserved-tag", "a value tag that is assigned")


def _string_faults(tag: int, value: object, spec: "AttributeSpec | None", charset: str) -> "Iterator[Fault]":
    limit, section = _longest(tag, spec)
    section = f"RFC 8011 section {section}"
    if isinstance(value, bytes) or (isinstance(value, str) and value.isascii()):
        size = len(value)
    else:
        size = len(str(value).encode("utf-8", "surrogateescape"))
    if size > limit:
        yield Fault("too-long", f"at most {limit} octets of {describe_tag(tag)}", section)
    if not isinstance(value, str):
        return
    if tag in (ValueTag.TEXT, ValueTag.NAME):
        yield from _text_faults(value, charset)
        if tag == ValueTag.NAME and _LINE_CONTROL.search(value):
            yield Fault("control-character", "a name without tabs and ends of lines", "libcups' check of names")
        return
    if not value:
        yield Fault("empty-value", f"a {describe_tag(tag)} of at least one octet", section)
        return
    if not value.isascii():
        yield Fault("not-us-ascii", f"a {describe_tag(tag)} in US-ASCII", section)
        return
    if tag == ValueTag.URI:
        if spec is not None and spec.path == "device-uri" and _SYNTAX[ValueTag.URI_SCHEME][0].fullmatch(value):
            return  # CUPS-Get-Devices gives only the scheme of a backend: "ipp"
        wrong = _uri_fault(value)
        if wrong is not None:
            yield Fault("string-syntax", wrong, section)
        return
    pattern, expected = _SYNTAX[tag]
    if pattern.fullmatch(value):
        return
    code = "letter-case" if pattern.fullmatch(value.lower()) else "string-syntax"
    if tag == ValueTag.KEYWORD and spec is not None:
        if value in spec.keywords:
            return  # ten registered keywords break the rule: "1.1", "certificate+basic"
        if code == "letter-case" and has_capitals(spec):
            return
    yield Fault(code, expected, section)


def _longest(tag: int, spec: "AttributeSpec | None") -> tuple[int, str]:
    """How many octets a string under a tag may have, and the section of RFC 8011 that says it."""
    limit, section = _STRINGS[tag]
    if spec is not None and spec.max_octets is not None and tag in spec.tags:
        limit = min(limit, spec.max_octets)
    return limit, section


def longest_string(tag: int, spec: "AttributeSpec | None") -> int:
    """How many octets a string under a tag may have; 0 if it is not the tag of a string."""
    return _longest(tag, spec)[0] if tag in _STRINGS else 0


@lru_cache(maxsize=256)  # the URI of a printer is in every request
def _uri_fault(uri: str) -> str | None:
    """What is expected instead of a string that is no URI; None if it is one."""
    match = _URI.fullmatch(uri)
    if match is None:
        return "a URI with a scheme (RFC 3986)"
    if _NO_ESCAPE.search(uri):
        return "two hexadecimal digits behind each '%' of a URI (RFC 3986 section 2.1)"
    scheme, authority, path = match[1].lower(), match[2], match[3]
    host, colon, port = (authority or "").rpartition("@")[2].rpartition(":")
    if not colon or port.endswith("]"):
        host, port = f"{host}{colon}{port}", ""
    if len(port) > 5 or int(port or 0) > 65_535:
        return "a URI with a port of at most 65535"
    if host.startswith("[") and not _is_address(host[1:-1]):
        return "an address of IPv6 between the brackets of a URI (RFC 3986 section 3.2.2)"
    if scheme in _WITH_HOST and not host:
        return f"a host in a URI of the scheme {scheme} ({_WITH_HOST[scheme]})"
    if scheme == "file" and not path:
        return "a path in a URI of a file (RFC 8089)"
    return None


def _is_address(literal: str) -> bool:
    """Whether the inside of brackets is an IPv6 address, with "%25" before its zone (RFC 6874), or an IPvFuture."""
    from ipaddress import IPv6Address

    if _FUTURE_ADDRESS.fullmatch(literal):
        return True
    try:
        IPv6Address(literal.partition("%25")[0])
    except ValueError:
        return False
    return True


def _text_faults(value: str, charset: str) -> "Iterator[Fault]":
    if value.isascii():
        pass
    elif charset == "us-ascii":
        yield Fault("not-us-ascii", "text in the message's charset, US-ASCII", "RFC 8011 section 4.1.4.1")
    elif charset == "utf-8" and _SURROGATE.search(value):
        yield Fault("not-utf-8", "text in UTF-8")
        return  # octets that are no text have no control characters
    if _CONTROL.search(value):
        yield Fault("control-character", "text without control characters")


def _date_time_faults(value: DateTime) -> "Iterator[Fault]":
    """RFC 2579 DateAndTime. It allows at most 13 hours from UTC, but some places have 14."""
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
    if members is None or value >= vendor_numbers(spec):
        return
    if not isinstance(members.coerce(value), members):
        yield Fault("unregistered-enum", f"a number registered as {members.__name__}", _reference(spec))


def least_enum(spec: "AttributeSpec | None") -> int:
    """The least number that an enum may have."""
    return 1 if spec is None else _LEAST.get(spec.path, 1)


def has_capitals(spec: "AttributeSpec") -> bool:
    """Whether keywords may have capitals, as CUPS and Apple write theirs: "AutoConfigure", "inkCartridge", "SRGB24"."""
    return bool(spec.reference == "CUPS")


def vendor_numbers(spec: "AttributeSpec") -> int:
    """The least number that a vendor may choose, and that nobody registers."""
    return _VENDOR_OPERATION if spec.name == "operations-supported" else _VENDOR_ENUM


def is_registered(keyword: str, spec: "AttributeSpec") -> bool:
    """Whether a keyword is registered for an attribute, or follows its rule; True if it has no registered ones."""
    keywords = spec.keywords
    if not keywords or keyword in keywords:
        return True
    if spec.path.endswith("state-reasons"):
        # RFC 8011 section 5.4.12: a reason may end in its severity.
        reason = _STATE_REASON.fullmatch(keyword)
        if reason is not None and reason[1] in keywords:
            return True
    if spec.path.endswith("-attributes") and _is_attribute(keyword):
        return True  # its values name attributes: requested-attributes, document-format-varying-attributes
    # PWG 5101.1: a name that says its size needs no registration.
    return "iso_a4_210x297mm" in keywords and parse_media_name(keyword) is not None


def _is_attribute(name: str) -> bool:
    """Whether an attribute of this name is registered. The import is here: values can be built without the registry."""
    from .registry import lookup

    return lookup(name) is not None


def _reference(spec: "AttributeSpec") -> str:
    return f"{spec.reference}, IANA IPP registry"
