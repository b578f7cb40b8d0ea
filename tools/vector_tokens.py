"""The tokens of a message, put together octet by octet, and what is said of a vector.

The rule of this file: nothing here comes from the package under test (RFC 8010 section 3.1).
"""

from typing import NamedTuple

OPERATION, JOB, END, PRINTER = b"\x01", b"\x02", b"\x03", b"\x04"


def counted(octets: bytes) -> bytes:
    """Octets behind their two-octet length."""
    return len(octets).to_bytes(2, "big") + octets


def attribute(tag: int, name: bytes | str, value: bytes) -> bytes:
    """attribute-with-one-value (section 3.1.4)."""
    return bytes([tag]) + counted(name.encode() if isinstance(name, str) else name) + counted(value)


def more(tag: int, value: bytes) -> bytes:
    """additional-value, and the form of every token inside a collection (sections 3.1.5 to 3.1.7)."""
    return attribute(tag, b"", value)


def member(name: bytes | str, *values: bytes) -> bytes:
    """member-attribute: memberAttrName, then its values, each made with `more` or `inner`."""
    return more(0x4A, name.encode() if isinstance(name, str) else name) + b"".join(values)


def collection(name: bytes | str, *members: bytes) -> bytes:
    """A collection as the first value of the attribute ``name`` (section 3.1.6)."""
    return attribute(0x34, name, b"") + b"".join(members) + more(0x37, b"")


def inner(*members: bytes) -> bytes:
    """A collection as a further value, or as a member's value."""
    return collection(b"", *members)


def begun(depth: int, name: str = "deep") -> bytes:
    """Collections ``depth`` deep, not ended: the attribute's own is the first of them."""
    return attribute(0x34, name, b"") + (member("a") + more(0x34, b"")) * (depth - 1)


def nested(depth: int, name: str = "deep") -> bytes:
    """Collections ``depth`` deep, begun and ended."""
    return begun(depth, name) + more(0x37, b"") * depth


def int32(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, "big", signed=True) for number in numbers)


def with_language(language: bytes, string: bytes) -> bytes:
    return counted(language) + counted(string)


CHARSET = attribute(0x47, "attributes-charset", b"utf-8")
LANGUAGE = attribute(0x48, "attributes-natural-language", b"en")
HEAD = bytes.fromhex("0200 000b 00000001")
"""version-number 2.0, operation-id Get-Printer-Attributes, request-id 1."""
OPENING = HEAD + OPERATION + CHARSET + LANGUAGE
COPIES = attribute(0x21, "copies", int32(1))


class Vector(NamedTuple):
    file: str
    outcome: str
    """``accepted``, or the exception that ``decode`` raises."""
    offset: int
    """Accepted: the octets of the message, end tag included. Refused: where the offending element begins."""
    raw_values: int
    """How many values do not fit their tags and are kept as they are."""
    what: str
    section: str
    octets: bytes
