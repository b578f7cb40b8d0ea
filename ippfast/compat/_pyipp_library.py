"""pyipp, or its successor aioipp, as the shim needs it: its enums, its tables and its exceptions.

The rule of this file: the library is imported when the shim first needs a type of it. Its behaviour is not looked up by
its version: it gets three small messages to parse. If it is not installed, types of ours replace its own.
"""

from functools import cache
from importlib import import_module
from types import SimpleNamespace

from ippfast import IPPError, ValueTag, registry

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

__all__ = ["Library", "find_library"]

_EMPTY_GROUP = bytes.fromhex("02000000 00000001 01 470012 617474726962757465732d63686172736574 0005 7574662d38 04 03")
_UNKNOWN_STATE = bytes.fromhex("02000000 00000001 01 23000d 7072696e7465722d7374617465 0004 7fffffff 03")

_TWO_RANGES = bytes.fromhex(
    "02000000 00000001 01 33000b 706167652d72616e676573 0008 0000000100000002 330000 0008 0000000300000004 03"
)

# Attributes whose numbers have names in the library.
_WITH_ENUM = (
    "document-state",
    "finishings",
    "finishings-default",
    "finishings-supported",
    "job-state",
    "media-source-feed-orientation",
    "operations-supported",
    "orientation-requested",
    "orientation-requested-default",
    "orientation-requested-supported",
    "print-quality",
    "print-quality-default",
    "print-quality-supported",
    "printer-state",
)


class Library:
    """The parts of the library that the shim uses.

    parser, serializer: its modules, or ours in their place. Their ``ATTRIBUTE_ENUM_MAP`` and ``ATTRIBUTE_TAG_MAP`` are
    read at each use, since applications change them.
    parse_error: its ``IPPParseError``.
    skips_empty_groups: aioipp does; pyipp 0.17.2 cannot read a message with an empty group.
    keeps_unknown_enums: newer releases give an int for a number without a name; older ones raise ValueError.
    tells_sets_from_ranges: aioipp 0.20 and later put two ranges into a list, and take values without a name, or with a
    memberAttrName, at the beginning of a group; older ones append what follows a range to the range.
    version: the library's, or None.
    """

    def __init__(self, parser: "Any", serializer: "Any", parse_error: type[Exception]) -> None:
        if not hasattr(parser, "ATTRIBUTE_ENUM_MAP"):  # before pyipp 0.12
            parser = SimpleNamespace(**vars(parser), ATTRIBUTE_ENUM_MAP=_enums())
        if not hasattr(serializer, "ATTRIBUTE_TAG_MAP"):
            serializer = SimpleNamespace(**vars(serializer), ATTRIBUTE_TAG_MAP=_RegistryTags())
        self.parser = parser
        self.serializer = serializer
        self.parse_error = parse_error
        self.skips_empty_groups = _takes(parser.parse, _EMPTY_GROUP)
        self.keeps_unknown_enums = _takes(parser.parse, _UNKNOWN_STATE)
        self.tells_sets_from_ranges = _tells_sets_from_ranges(parser.parse)
        self.version = _version()


def _takes(parse: "Callable[[bytes], object]", message: bytes) -> bool:
    try:
        parse(message)
    except Exception:
        return False
    return True


def _tells_sets_from_ranges(parse: "Callable[[bytes], Any]") -> bool:
    try:
        return bool(parse(_TWO_RANGES)["operation-attributes"]["page-ranges"] == [[1, 2], [3, 4]])
    except Exception:
        return False


def _version() -> str | None:
    """The name and version of what is installed."""
    from importlib.metadata import PackageNotFoundError, version

    for name in ("aioipp", "pyipp"):
        try:
            return f"{name} {version(name)}"
        except PackageNotFoundError:
            continue
    return None


@cache
def find_library() -> Library:
    """The library if it is installed, or its replacement."""
    try:
        parser, serializer = import_module("pyipp.parser"), import_module("pyipp.serializer")
    except ModuleNotFoundError as missing:
        if missing.name != "pyipp":
            raise
        return _without()
    exceptions = import_module("pyipp.exceptions")
    return Library(parser, serializer, getattr(exceptions, "IPPParseError", IPPParseError))


class _RegistryTags:
    """In the place of ``ATTRIBUTE_TAG_MAP``: the first tag that is registered for a name."""

    def get(self, name: str, default: object = None) -> object:
        spec = registry.lookup(name)
        return default if spec is None else ValueTag(spec.tags[0])


class IPPParseError(IPPError):
    """In the place of the library's exception of this name, if the library is not installed."""


def _enums() -> "dict[str, Any]":
    return {name: registry.enum_for(name) for name in _WITH_ENUM}


def _without() -> Library:
    parser = SimpleNamespace(parse=len, ATTRIBUTE_ENUM_MAP=_enums())
    return Library(parser, SimpleNamespace(ATTRIBUTE_TAG_MAP=_RegistryTags()), IPPParseError)
