"""Attributes with any values, of any syntax, and what is sent with them.

The rule of this file: what it makes is always a message; only values are odd.
"""

import http.client
import struct
from typing import Any

from hypothesis import strategies as st

from ippfast import DelimiterTag, Message, decode, registry, validate
from ippfast.issues import Severity

__all__ = ["ENGLISH", "attributes", "faults", "field", "send", "values_of", "written"]

INTEGERS = [0, 1, 2, -1, 3, 100, 2**31 - 1, -(2**31)]
STRINGS = [
    b"",
    b"a",
    b"\xff\xfe",
    "ü\u202e".encode(),
    b"a\0b\r\n\x1b[31m",
    b"n" * 300,
    b"25:61",
    b"23:59:60",
    b"\xd9\xa3:\xd9\xa3",
    b"all",
    b"none",
    b"ippget",
    b"utf-8",
    b"en",
    b"gzip",
    b"text/plain; charset=\xff",
    b"application/pdf;",
    b"ipp://[::1",
    b"ipp://localhost/ipp/print/1",
    "http://bücher.example/ü?%zz".encode(),
    b"http://localhost:99999/",
    b"http://[fe80::1%lo]/",
    b"../../etc/passwd",
    b"iso_a4_210x297mm",
    b"custom_0x0_0x0in",
]


def _octets() -> dict[int, st.SearchStrategy[bytes]]:
    """Octets of the length that each tag wants."""
    small = st.sampled_from([0, 1, 12, 13, 23, 24, 31, 60, 61, 99, 255])
    year = st.sampled_from([0, 1, 1999, 2040, 9999, 65535]).map(lambda number: struct.pack(">H", number))
    date = st.tuples(year, *[small.map(lambda number: bytes([number]))] * 6, st.sampled_from([b"+", b"-", b"\0"]))
    zone = st.tuples(small, small).map(bytes)
    integer = st.sampled_from(INTEGERS).map(lambda value: struct.pack(">i", value))
    string = st.sampled_from(STRINGS)
    two = st.tuples(string, string).map(lambda pair: b"".join(struct.pack(">H", len(each)) + each for each in pair))
    found = dict.fromkeys([0x30, 0x41, 0x42, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49], string)
    found |= dict.fromkeys([0x21, 0x23], integer) | dict.fromkeys([0x35, 0x36], two)
    found |= dict.fromkeys([0x10, 0x12, 0x13, 0x15, 0x16, 0x17], st.just(b""))
    found[0x22] = st.sampled_from([b"\0", b"\1", b"\2"])
    found[0x31] = st.tuples(date.map(b"".join), zone).map(b"".join)
    found[0x32] = st.tuples(integer, integer, st.sampled_from([b"\0", b"\3", b"\4"])).map(b"".join)
    found[0x33] = st.tuples(integer, integer).map(b"".join)
    return found


OCTETS = _octets()


def field(tag: int, name: str, value: bytes) -> bytes:
    return struct.pack(">BH", tag, len(name)) + name.encode() + struct.pack(">H", len(value)) + value


def written(name: str, values: list[Any]) -> bytes:
    """An attribute. A value is a tag with its octets, or a collection: the values of its members by name."""
    found = b""
    for place, value in enumerate(values):
        shown = "" if place else name
        if isinstance(value, tuple):
            found += field(value[0], shown, value[1])
            continue
        members = [field(0x4A, "", member.encode()) + written("", inner) for member, inner in value.items()]
        found += field(0x34, shown, b"") + b"".join(members) + field(0x37, "", b"")
    return found


def tagged(tags: list[int]) -> st.SearchStrategy[Any]:
    return st.sampled_from(tags).flatmap(lambda tag: st.tuples(st.just(tag), OCTETS[tag]))


def values_of(path: str) -> st.SearchStrategy[list[Any]]:
    """One or two values of the attribute at a path: of any syntax, more often of its own."""
    spec = registry.lookup(path)
    own = [tag for tag in (spec.wire_tags if spec is not None else ()) if tag in OCTETS]
    choices = [tagged(sorted(OCTETS))] + [tagged(own)] * (3 if own else 0)
    if keywords := sorted(registry.keywords(path)):
        choices.append(st.sampled_from(keywords).map(lambda word: (0x44, word.encode())))
    members = sorted(registry.members(path)) if path.count("/") < 3 else []
    if members:
        inner = st.sampled_from(members).flatmap(lambda name: st.tuples(st.just(name), values_of(f"{path}/{name}")))
        choices += [st.lists(inner, min_size=1, max_size=3).map(dict)] * 4
    return st.lists(st.one_of(choices), min_size=1, max_size=2)


def attributes(names: list[str], most: int) -> st.SearchStrategy[bytes]:
    one = st.sampled_from(names).flatmap(lambda name: st.tuples(st.just(name), values_of(name)))
    every = st.lists(one, max_size=most, unique_by=lambda pair: pair[0])
    return every.map(lambda pairs: b"".join(written(*pair) for pair in pairs))


ENGLISH = [field(0x47, "attributes-charset", each) for each in (b"utf-8", b"us-ascii")]


def send(connection: http.client.HTTPConnection, octets: bytes, path: str = "/ipp/print") -> Message | None:
    """The answer; None: it was refused with an HTTP status, which is no 500."""
    connection.request("POST", path, octets, {"Content-Type": "application/ipp"})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status < 500, body
    return decode(body) if answer.status == 200 else None


def faults(answer: Message) -> list[str]:
    """What is wrong with an answer, but for what it gives back as not supported (RFC 8011 4.1.7, RFC 3995 5.2)."""
    errors = [each for each in validate(answer, role="response") if each.severity == Severity.ERROR]
    echoes = {DelimiterTag.UNSUPPORTED}
    if any("notify-status-code" in group for group in answer.groups):
        echoes.add(DelimiterTag.SUBSCRIPTION)
    said = [str(each) for each in errors if each.group not in echoes]
    # An answer does not say whether it is that to Get-Printer-Supported-Values (RFC 3380 section 8.3).
    return [each for each in said if "Get-Printer-Supported-Values responses only" not in each]
