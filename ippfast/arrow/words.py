"""The words in the tables: names of attributes, keywords of enums, names of operations and status codes.

The rule of this file: a name loses nothing. One that is no UTF-8, which Arrow's strings must be, is written so that
`name_octets` gives it back.
"""

import re
from functools import cache

from .. import registry
from ..enums import Operation, Status
from .arrays import strings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .._open_enum import OpenEnum
    from .schema import Array

__all__ = ["code_name", "dictionary_of", "keywords_of", "name_octets", "name_text"]

_ESCAPE = re.compile(r"\\x([0-9a-f]{2})")
_NO_OCTETS: "Mapping[int, bytes]" = {}


def name_text(name: bytes) -> bytes:
    r"""A name as UTF-8: octets that are none as ``\xNN``; so is a backslash that would be taken for such a one."""
    if name.isascii() and b"\\" not in name:
        return name
    text = _ESCAPE.sub(lambda found: rf"\x5c{found[0][1:]}", name.decode("utf-8", "surrogateescape"))
    return "".join([f"\\x{ord(one) - 0xDC00:02x}" if "\udc80" <= one <= "\udcff" else one for one in text]).encode()


def name_octets(text: str) -> bytes:
    """Return the octets of a name that `name_text` has written."""
    return b"".join(
        [bytes.fromhex(part) if place % 2 else part.encode() for place, part in enumerate(_ESCAPE.split(text))]
    )


def dictionary_of(names: "list[bytes]") -> "Array":
    """Make the dictionary of a column of names."""
    joined = b"".join(names)
    if not joined.isascii() or b"\\" in joined:
        names = [name_text(name) for name in names]
    return strings(names)


def keywords_of(name: bytes) -> "Mapping[int, bytes]":
    """The keywords of the enum that IANA registers for an attribute, by their numbers; as `Attribute.enum` has them."""
    if not name.isascii():
        return _NO_OCTETS
    members = registry.enum_for(name.decode())
    return _NO_OCTETS if members is None else _keywords(members)


@cache
def _keywords(members: "type[OpenEnum]") -> "Mapping[int, bytes]":
    return {member.value: member.keyword.encode() for member in members}


@cache
def _code_names(kind: str) -> dict[int, str]:
    codes: tuple[Operation | Status, ...] = tuple(Operation) if kind == "request" else tuple(Status)
    return {int(code): code.keyword for code in codes}


def code_name(kind: str | None, code: int) -> str | None:
    """Return the registered name of an operation-id or status-code; None if it has none."""
    return None if kind is None else _code_names(kind).get(code)
