"""The pure twin's index of raw values: every value of a message as its octets, under group tag, name and value tag.

The rule of this file: it looks only at lengths. It takes whatever can be read as a row of values (RFC 8010 section
3.1), also what `decode` refuses. Collections are not known here: their members count as values of the attribute around
them.
"""

from struct import Struct

__all__ = ["check", "find", "index"]

_COMPLETE, _CUT, _NO_GROUP, _NO_NAME = range(4)

_length = Struct(">H").unpack_from
_TOO_LONG = 0x8000  # name-length and value-length are SIGNED-SHORT


def check(octets: bytes, start: int) -> tuple[int, int]:
    """Where the values that begin at `start` end, and how: 0 after the end-of-attributes-tag; otherwise where the
    element at fault begins: 1 cut short, 2 outside of any group, 3 an additional value before any attribute.
    """
    grouped = named = False
    size, at = len(octets), start
    while at < size:
        tag = octets[at]
        if tag < 0x10:
            if tag == 0x03:
                return at + 1, _COMPLETE
            grouped, named = True, False
            at += 1
            continue
        if not grouped:
            return at, _NO_GROUP
        if at + 3 > size:
            break
        (length,) = _length(octets, at + 1)
        place = at + 3 + length
        if length == 0:
            if not named:
                return at, _NO_NAME
        elif length >= _TOO_LONG or place > size:
            break
        named = True
        if place + 2 > size:
            break
        (length,) = _length(octets, place)
        if length >= _TOO_LONG or place + 2 + length > size:
            break
        at = place + 2 + length
    return at, _CUT


def find(octets: bytes, start: int, section: int, name: bytes, tag: int) -> list[bytes]:
    """The values that `index` would have under this key, without the rest."""
    found: list[bytes] = []
    in_section = is_named = False
    at = start
    while (seen := octets[at]) != 0x03:
        if seen < 0x10:
            in_section, is_named = seen == section, False
            at += 1
            continue
        (length,) = _length(octets, at + 1)
        place = at + 3 + length
        if length:
            is_named = octets[at + 3 : place] == name
        (length,) = _length(octets, place)
        at = place + 2 + length
        if is_named and in_section and seen == tag:
            found.append(octets[place + 2 : at])
    return found


def index(octets: bytes, start: int) -> dict[tuple[int, bytes, int], list[bytes]]:
    """Every value from `start` on, if `check` finds no fault. Those under the same group tag, name and value tag
    are one list, wherever they stand.
    """
    found: dict[tuple[int, bytes, int], list[bytes]] = {}
    section, name, at = 0, b"", start
    while (tag := octets[at]) != 0x03:
        if tag < 0x10:
            section = tag
            at += 1
            continue
        (length,) = _length(octets, at + 1)
        place = at + 3 + length
        if length:
            name = octets[at + 3 : place]
        (length,) = _length(octets, place)
        at = place + 2 + length
        key = (section, name, tag)
        values = found.get(key)
        if values is None:
            found[key] = [octets[place + 2 : at]]
        else:
            values.append(octets[place + 2 : at])
    return found
