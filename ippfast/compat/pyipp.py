"""pyipp and aioipp: their functions for messages, at our speed. `install` puts them into the library in use.

    import ippfast.compat.pyipp
    ippfast.compat.pyipp.install()            # faithful: the same results and the same exceptions
    ippfast.compat.pyipp.install(quirks=False)    # corrected: the same shapes, and nothing lost

The rule of this file: faithful means equal to the library, value for value and type for type, or an exception that is
caught where the library's would be. So the quick way here takes only messages that are surely read alike, and leaves
the rest to `_pyipp_octets`. Corrected is a mode of its own, in `_pyipp_corrected`.
"""

import logging
import warnings
from datetime import datetime, timedelta, timezone
from functools import lru_cache, partial
from importlib import import_module
from random import randrange
from struct import Struct

from ippfast import (
    Collection,
    DateTime,
    DecodeError,
    OutOfBand,
    RangeOfInteger,
    Resolution,
    StringWithLanguage,
    decode_prefix,
)
from ippfast.tags import describe_tag

from ._patching import Patches
from ._pyipp_library import find_library
from ._pyipp_octets import Reader
from ._pyipp_probes import reads_alike, writes_alike
from ._twin import read_attributes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from ippfast import Attribute, AttributeGroup

__all__ = [
    "construct_attribute",
    "construct_attribute_values",
    "encode_dict",
    "install",
    "parse",
    "parse_attribute",
    "parse_collection",
    "uninstall",
]

_LOGGER = logging.getLogger("pyipp.parser")  # whose users are told to switch it on
_ENUM = 0x23


# ---- Reading ----


def parse(raw_data: bytes, contains_data: bool = False, *, quirks: bool = True) -> "dict[str, Any]":
    """A message as the dictionary that the library's ``parse`` gives.

    raw_data: the message. contains_data: whether what follows it is wanted too, under ``"data"``.
    quirks: False corrects what the library loses or refuses; see docs/migrating.md.

    ``{"version": (2, 0), "status-code": 0, "request-id": 1, "operation-attributes": {...},
    "unsupported-attributes": [{...}], "jobs": [{...}], "printers": [{...}], "data": b""}``

    Raises what the library raises, mostly struct.error, ValueError or KeyError; with ``quirks=False`` only its
    IPPParseError, for what is not a message at all.
    """
    if _LOGGER.isEnabledFor(logging.DEBUG):
        _trace(raw_data)
    if not quirks:
        from ._pyipp_corrected import parse as corrected

        return corrected(raw_data, contains_data)
    try:
        message, end = decode_prefix(raw_data)
        found = _groups(message.groups)
    except (DecodeError, _Unlike):
        return Reader(raw_data).message(contains_data)
    major, minor = message.version
    code = message.code
    if major > 0x7F or minor > 0x7F:
        major, minor = (major ^ 0x80) - 0x80, (minor ^ 0x80) - 0x80
    return {
        "version": (major, minor),
        "status-code": code if code < 0x8000 else code - 0x10000,
        "request-id": message.request_id,
        **found,
        "data": raw_data[end:] if contains_data else b"",
    }


class _Unlike(Exception):
    """Here the library might read something else than the codec does."""


def _groups(groups: "list[AttributeGroup]") -> "dict[str, Any]":
    library = find_library()
    enums = library.parser.ATTRIBUTE_ENUM_MAP
    found: dict[int, list[Any]] = {0x01: [], 0x02: [], 0x04: [], 0x05: []}
    for group in groups:
        into = found.get(group.tag)
        if into is None:
            raise _Unlike
        attributes = read_attributes(group, enums, True, _CONVERTERS, _other, _odd)
        if attributes or group is groups[-1]:
            into.append(attributes)
        if not attributes and not library.skips_empty_groups:
            raise _Unlike
    if not found[0x01]:
        raise _Unlike
    return {
        "operation-attributes": found[0x01][0],
        "unsupported-attributes": found[0x05],
        "jobs": found[0x02],
        "printers": found[0x04],
    }


def _odd(owner: object) -> "dict[str, Any]":
    """Leave names that are not in ASCII, or come again, to the slow way."""
    raise _Unlike


def _other(attribute: "Attribute", member: bool) -> "Any":
    """The converted values of an attribute that the loop does not convert."""
    enums = find_library().parser.ATTRIBUTE_ENUM_MAP
    name = attribute.name
    found = [_value(name, tag, value, enums) for tag, value in zip(attribute.tags, attribute.values, strict=True)]
    if member or len(found) == 1:
        return found[-1]
    if type(found[0]) is list and not find_library().tells_sets_from_ranges:  # what follows a range is appended to it
        found[0] += found[1:]
        return found[0]
    return found


def _value(name: str, tag: int, value: "Any", enums: "Mapping[str, Any]") -> "Any":
    kind = type(value)
    if kind is str:
        return value.encode("utf-8", "surrogateescape").decode("utf-8", "ignore")
    if kind is bool:
        return value
    if kind is int:
        return _enum(enums[name], tag, value) if name in enums else value
    if kind is Collection:
        return read_attributes(value, enums, True, _CONVERTERS, _other, _odd)
    if kind is bytes and tag != 0x43:
        return value.decode("utf-8", "ignore")
    if kind in _CONVERTERS:
        return _CONVERTERS[kind](value)
    raise _Unlike


def _enum(enum: "Any", tag: int, value: int) -> "Any":
    if tag != _ENUM:
        return value
    member = getattr(enum, "_value2member_map_", _NO_MEMBERS).get(value)
    if member is None:
        raise _Unlike
    return member


_NO_MEMBERS: "dict[int, Any]" = {}


def _string_with_language(value: StringWithLanguage) -> str:
    if not (value.string.isascii() and value.language.isascii()):
        raise _Unlike
    return value.string


def _datetime(value: DateTime) -> datetime:
    if value.year > 0x7FFF or max(value[1:7]) > 0x7F or value.utc_direction not in "+-":
        raise _Unlike
    year, month, day, hour, minute, second, tenth, sign, hours, minutes = value
    try:
        return datetime(year, month, day, hour, minute, second, tenth * 100_000, _timezone(sign, hours, minutes))
    except ValueError:
        raise _Unlike from None


@lru_cache(64)
def _timezone(sign: str, hours: int, minutes: int) -> timezone:
    if max(hours, minutes) > 0x7F:
        raise _Unlike
    offset = timedelta(hours=hours, minutes=minutes)
    return timezone(offset if sign == "+" else -offset)


_CONVERTERS: "dict[type, Callable[[Any], Any]]" = {
    OutOfBand: lambda value: "",
    RangeOfInteger: list,
    Resolution: tuple,
    DateTime: _datetime,
    StringWithLanguage: _string_with_language,
}


def parse_attribute(data: bytes, offset: int, prev_attr_name: str = "") -> "tuple[dict[str, Any], int]":
    """The attribute at `offset` with all that is known of it, and the offset after it.

    ``{"tag": 0x44, "name-length": 5, "name": "sides", "value-length": 9, "value": "one-sided"}``; tag and lengths are
    signed. prev_attr_name: which attribute a value without a name belongs to.
    """
    return Reader(data).attribute(offset, prev_attr_name)


def parse_collection(data: bytes, offset: int) -> "tuple[dict[str, Any], int]":
    """The members of the collection whose begCollection ends at `offset`, and the offset after its endCollection."""
    return Reader(data).collection(offset)


def _trace(raw_data: bytes) -> None:
    """Write in one record what the library writes in several for each attribute."""
    from ippfast import recover, walk

    if len(raw_data) < 8:
        _LOGGER.debug("%d octets are not a message: %r", len(raw_data), bytes(raw_data))
        return
    message, issues = recover(raw_data)
    lines = [
        f"{attribute.offset or 0:#06x} {attribute.name} ({describe_tag(attribute.tag)}): {value!r}"
        for attribute, value in walk(message)
        if not isinstance(value, Collection)
    ]
    lines += [str(issue) for issue in issues]
    header = f"version {message.version}, code {message.code:#06x}, request-id {message.request_id}"
    _LOGGER.debug("%s", "\n".join([header, *lines]))


# ---- Writing ----

_VERSION, _CODE, _REQUEST_ID = Struct(">bb").pack, Struct(">h").pack, Struct(">i").pack
_TAG = Struct(">b").pack
_LENGTH, _INTEGER, _BOOLEAN = Struct(">h").pack, Struct(">hi").pack, Struct(">h?").pack
_WRITTEN = {"operation-attributes-tag": b"\x01", "job-attributes-tag": b"\x02", "printer-attributes-tag": b"\x04"}


def encode_dict(data: "dict[str, Any]", *, quirks: bool = True) -> bytes:
    """A request from a dictionary, as the library takes it.

    ``{"version": (2, 0), "operation": IppOperation.PRINT_JOB, "request-id": None, "operation-attributes-tag": {...},
    "job-attributes-tag": {...}, "printer-attributes-tag": {...}, "data": b"..."}``

    quirks: False corrects what the library drops or cannot write; see docs/migrating.md.

    Raises what the library raises: KeyError, AttributeError or struct.error; with ``quirks=False`` an `IPPError` of
    ours, which says which attribute it is about.
    """
    if not quirks:
        from ._pyipp_corrected import encode_dict as corrected

        return corrected(data)
    version, operation = data["version"] or (2, 0), data["operation"]
    request_id = data.get("request-id")
    if request_id is None:
        request_id = randrange(10_000, 99_999)
    made = bytearray(_VERSION(*version) + _CODE(operation.value) + _REQUEST_ID(request_id))
    for key, delimiter in _WRITTEN.items():
        attributes = data.get(key)
        if isinstance(attributes, dict) or delimiter == b"\x01":
            made += delimiter
        if isinstance(attributes, dict):
            for name, value in attributes.items():
                made += construct_attribute(name, value)
    made += b"\x03"
    if "data" in data:
        made += data["data"]
    return bytes(made)


def construct_attribute(name: str, value: "Any", tag: "Any" = None) -> bytes:
    """An attribute with its value, or its values if `value` is a list, tuple or set.

    tag: the library's ``IppTag``; if it is not given, ``ATTRIBUTE_TAG_MAP`` says it. A name that is not in it gives
    no octets at all, as there. The length of the name counts characters, as there.
    """
    tag = tag or find_library().serializer.ATTRIBUTE_TAG_MAP.get(name)
    if not tag:
        logging.getLogger("pyipp.serializer").debug("Unknown IppTag for %s", name)
        return b""
    several = isinstance(value, (list, tuple, set))
    made = b""
    for one in value if several else (value,):
        written = _LENGTH(len(name)) + name.encode() if not made else b"\x00\x00"
        made += _TAG(tag.value) + written + construct_attribute_values(tag, one)
    return made


def construct_attribute_values(tag: "Any", value: "Any") -> bytes:
    """The octets of one value, after two octets with their number."""
    if tag == 0x21 or tag == 0x23:
        return _INTEGER(4, value)
    if tag == 0x22:
        return _BOOLEAN(1, value)
    octets: bytes = value.encode("utf-8")
    return _LENGTH(len(octets)) + octets


# ---- The library in use ----

_PATCHES = Patches("pyipp")


def install(*, quirks: bool = True) -> None:
    """Put these functions in the place of the library's, in each of its modules that has them by whatever name.

    quirks: False for the corrected mode. Installing again changes the mode. A release that answers otherwise than the
    faithful mode keeps its own function, with a RuntimeWarning. Raises ModuleNotFoundError if neither
    pyipp nor aioipp is installed.
    """
    uninstall()
    import_module("pyipp.ipp")
    library = find_library()
    parser, serializer = library.parser, library.serializer
    pairs: list[tuple[Any, Any]] = []
    if not quirks or _is_alike("parse", lambda: reads_alike(parser.parse, parse)):
        pairs += [
            (parser.parse, parse if quirks else partial(parse, quirks=False)),
            (getattr(parser, "parse_attribute", None), parse_attribute),
            (getattr(parser, "parse_collection", None), parse_collection),
        ]
    if not quirks or _is_alike("encode_dict", lambda: writes_alike(serializer.encode_dict, encode_dict)):
        pairs += [
            (serializer.encode_dict, encode_dict if quirks else partial(encode_dict, quirks=False)),
            (getattr(serializer, "construct_attribute", None), construct_attribute),
            (getattr(serializer, "construct_attribute_values", None), construct_attribute_values),
        ]
    if not quirks:
        from ._pyipp_corrected import parse_ieee1284_device_id

        pairs.append((getattr(parser, "parse_ieee1284_device_id", None), parse_ieee1284_device_id))
    _PATCHES.apply((theirs, ours) for theirs, ours in pairs if theirs is not None)


def _is_alike(name: str, ask: "Callable[[], bool]") -> bool:
    """Whether our function may take the place of the library's, whose release may be older or newer than we know."""
    if ask():
        return True
    version = find_library().version
    warnings.warn(
        f"{version} does not {name} as ippfast knows it of pyipp 0.17 and aioipp 0.18 to 0.21: it keeps its own {name}",
        RuntimeWarning,
        stacklevel=3,
    )
    return False


def uninstall() -> None:
    """Give the library its own functions back. If they are there, it does nothing."""
    _PATCHES.undo()
