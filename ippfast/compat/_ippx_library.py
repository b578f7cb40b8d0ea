"""ippx, as the shim needs it: its classes and its exception.

The rule of this file: ippx is imported when the shim first needs a type of it. If it is not installed there are
classes of the same names and fields.
"""

from dataclasses import dataclass, field
from functools import cache
from importlib import import_module

from ippfast import DelimiterTag, IPPError, ValueTag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Library", "find_library"]


class Library:
    """The parts of the library: its classes, and its ``Tag`` for each octet.

    group_tags: by octet, those that it knows. value_tags: for every octet; OCTET_STRING for those that it does not
    know.
    """

    def __init__(self, codec: "Any", decode_error: type[Exception]) -> None:
        self.codec = codec
        self.Attribute = codec.Attribute
        self.IppMessage = codec.IppMessage
        self.Resolution = codec.Resolution
        self.decode_error = decode_error
        known = {int(tag): tag for tag in codec.Tag}
        self.group_tags = {octet: tag for octet, tag in known.items() if octet < 0x10 and octet != 0x03}
        octet_string = known[ValueTag.OCTET_STRING]
        self.value_tags = [known.get(octet, octet_string) for octet in range(256)]
        self.known = frozenset(known)


@cache
def find_library() -> Library:
    """ippx if it is installed, or its replacement."""
    try:
        codec = import_module("ippx._codec")
    except ModuleNotFoundError as missing:
        if missing.name != "ippx":
            raise
        return Library(_Codec, IppDecodeError)
    return Library(codec, import_module("ippx.exceptions").IppDecodeError)


# ---- If it is not installed ----


class IppDecodeError(IPPError):
    """In the place of the library's exception of this name."""


@dataclass(frozen=True)
class Resolution:
    """Dots in each direction; units as in `ippfast.Resolution`."""

    x: int
    y: int
    units: int


@dataclass
class Attribute:
    """A name, one tag for all values, and the values."""

    name: str
    tag: int
    values: "list[Any]"

    @property
    def value(self) -> "Any":
        return self.values[0] if self.values else None


@dataclass
class IppMessage:
    """A message: its groups as pairs of tag and attributes, and what follows it."""

    version: tuple[int, int]
    code: int
    request_id: int
    groups: "list[tuple[int, list[Attribute]]]" = field(default_factory=list)
    data: bytes = b""


class _Codec:
    Attribute = Attribute
    IppMessage = IppMessage
    Resolution = Resolution
    Tag = (*DelimiterTag, *ValueTag)
