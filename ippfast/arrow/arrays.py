"""Makes columns of Python's values, if these are few: the dictionary of names, the table `messages`, wide tables.

The rule of this file: it knows Arrow's layout and nothing of IPP. None is null, everywhere.
"""

from array import array
from itertools import accumulate

from .schema import Array, Field

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

__all__ = ["array_of", "bitmap", "strings"]

_CODES = {"c": "b", "C": "B", "S": "H", "i": "i", "l": "q", "tsm:UTC": "q", "tsu:UTC": "q"}

_DIGITS = b"0" + b"1" * 255


def bitmap(flags: "Sequence[object]") -> bytes:
    """Pack booleans as bits. The first is the lowest bit of the first octet."""
    octets = flags if isinstance(flags, (bytes, bytearray)) else bytes([1 if flag else 0 for flag in flags])
    return int(octets[::-1].translate(_DIGITS) or b"0", 2).to_bytes((len(octets) + 7) // 8, "little")


def _validity(values: "Sequence[object]") -> "tuple[int, bytes | None]":
    nulls = values.count(None)
    return nulls, bitmap(bytes([value is not None for value in values])) if nulls else None


def strings(values: "Sequence[bytes | None]") -> Array:
    """Make a column of strings, or of octets. Each value is given as octets."""
    nulls, valid = _validity(values)
    present = [value or b"" for value in values]
    offsets = array("i", accumulate(map(len, present), initial=0))
    return Array(len(values), nulls, (valid, offsets.tobytes(), b"".join(present)))


def array_of(field: Field, values: "Sequence[Any]") -> Array:
    """Make a column of Python's values, as the field says.

    Strings are str, structs are sequences in the order of the children, lists are sequences, timestamps are numbers.
    """
    kind = field.format
    if kind == "u":
        return strings([None if value is None else value.encode() for value in values])
    if kind == "z":
        return strings(values)
    nulls, valid = _validity(values)
    if kind == "+s":
        columns = zip(*[value if value is not None else (None,) * len(field.children) for value in values], strict=True)
        members = list(columns) if values else [()] * len(field.children)
        children = [array_of(child, member) for child, member in zip(field.children, members, strict=True)]
        return Array(len(values), nulls, (valid,), tuple(children))
    if kind == "+l":
        offsets = array("i", accumulate([len(value or ()) for value in values], initial=0))
        items = [item for value in values if value is not None for item in value]
        return Array(len(values), nulls, (valid, offsets.tobytes()), (array_of(field.children[0], items),))
    if kind == "b":
        return Array(len(values), nulls, (valid, bitmap(values)))
    numbers = array(_CODES[kind], [0 if value is None else value for value in values] if nulls else values)
    return Array(len(values), nulls, (valid, numbers.tobytes()))
