"""Finds out whether the installed library reads and writes as the shim's faithful mode does.

The rule of this file: there is a message or request for each thing that a release could do in its own way. If one
result differs, the library keeps its own function.
"""

from types import SimpleNamespace

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["reads_alike", "writes_alike"]

_BEGIN = bytes.fromhex("0200 0000 00000001 01 47 0012") + b"attributes-charset\x00\x05utf-8"


def _value(tag: int, name: bytes, value: bytes) -> bytes:
    return bytes([tag, *len(name).to_bytes(2), *name, *len(value).to_bytes(2), *value])


_DATE = bytes.fromhex("07ea 0b1d 0c0d 0e05 2b 01 1e")
_COLLECTION = (
    _value(0x34, b"media-col", b"")
    + _value(0x4A, b"", b"x")
    + _value(0x21, b"", b"\0\0\0\1")
    + _value(0x21, b"", b"\0\0\0\2")
    + _value(0x4A, b"", b"size")
    + _value(0x34, b"", b"")
    + _value(0x4A, b"", b"y")
    + _value(0x33, b"", b"\0\0\0\1\0\0\0\2")
    + _value(0x37, b"", b"")
    + _value(0x37, b"", b"")
)
_GROUPS = (
    b"",
    _value(0x42, b"printer-name", b"a") + _value(0x42, b"", b"b") + _value(0x42, b"", b"c"),
    _value(0x23, b"printer-state", b"\0\0\0\3") + _value(0x23, b"printer-state", b"\0\0\0\x63"),
    _value(0x23, b"finishings-supported", b"\0\0\0\3") + _value(0x23, b"", b"\0\0\0\4"),
    _value(0x22, b"color-supported", b"\1") + _value(0x21, b"copies", b"\xff\xff\xff\xff"),
    _value(0x31, b"printer-current-time", _DATE) + _value(0x31, b"short", b"\0"),
    _value(0x32, b"printer-resolution-default", b"\0\0\2\x58\0\0\2\x58\3"),
    _value(0x33, b"copies-supported", b"\0\0\0\1\0\0\0\x63"),
    _value(0x33, b"page-ranges", b"\0\0\0\1\0\0\0\2") + _value(0x33, b"", b"\0\0\0\3\0\0\0\4"),
    _COLLECTION,
    _COLLECTION + _COLLECTION,
    _value(0x35, b"printer-info", b"\0\2de\0\4Text") + _value(0x36, b"name", b"\0\2de\0\4Name"),
    _value(0x41, b"printer-info", b"gr\xc3\xbcn") + _value(0x41, b"printer-location", b"gr\xfcn"),
    _value(0x10, b"a", b"") + _value(0x12, b"b", b"") + _value(0x13, b"c", b"") + _value(0x30, b"d", b"\0\1"),
    _value(0x43, b"e", b"") + _value(0x45, b"uri", b"ipp:x") + _value(0x49, b"f", b"a/b") + _value(0x7F, b"g", b"x"),
    _value(0x21, b"", b"\0\0\0\1"),
    _value(0x21, b"copies", b"\0\0\0\1")[:-1],
)


def _messages() -> "list[bytes]":
    groups = [_BEGIN + bytes([tag]) + group + b"\x03" for tag in (0x02, 0x04, 0x05) for group in _GROUPS]
    two = _BEGIN + b"\x02" + _GROUPS[1] + b"\x02" + _GROUPS[2][:18] + b"\x04" + _GROUPS[6] + b"\x03document"
    return [
        *groups,
        two,
        _BEGIN + b"\x04\x02" + _GROUPS[1] + b"\x03",
        _BEGIN,
        b"",
        _BEGIN + b"\x06" + _GROUPS[1] + b"\x03",
    ]


def _outcome(function: "Callable[..., Any]", *arguments: "Any") -> "tuple[Any, ...]":
    try:
        return "returned", repr(function(*arguments))
    except Exception as error:
        return ("raised", error)


def _alike(theirs: "Callable[..., Any]", ours: "Callable[..., Any]", *arguments: "Any") -> bool:
    expected, found = _outcome(theirs, *arguments), _outcome(ours, *arguments)
    if expected[0] == "raised" == found[0]:
        return isinstance(found[1], type(expected[1]))
    return expected == found


def reads_alike(theirs: "Callable[..., Any]", ours: "Callable[..., Any]") -> bool:
    """Whether two ``parse`` are alike."""
    return all(_alike(theirs, ours, message, contains) for message in _messages() for contains in (False, True))


def writes_alike(theirs: "Callable[..., Any]", ours: "Callable[..., Any]") -> bool:
    """Whether two ``encode_dict`` are alike."""
    attributes: tuple[dict[str, Any], ...] = (
        {"attributes-charset": "utf-8", "requesting-user-name": "grün", "requested-attributes": ["all", "media-col"]},
        {"copies": 2, "job-name": "a", "no-such-attribute": 1, "requested-attributes": []},
        {"copies": "2"},
        {"requesting-user-name": b"octets"},
    )
    operation = SimpleNamespace(value=0x000B)
    requests = [
        {"version": version, "operation": operation, "request-id": 7, key: given}
        for version in ((2, 0), (1, 1), None)
        for key in ("operation-attributes-tag", "job-attributes-tag", "printer-attributes-tag", "x-attributes-tag")
        for given in attributes
    ]
    whole = {"version": (2, 0), "operation": operation, "request-id": 7, "data": b"%PDF"}
    return all(_alike(theirs, ours, request) for request in [*requests, whole, {}])
