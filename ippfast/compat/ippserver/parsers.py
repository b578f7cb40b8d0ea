"""The values that ippserver packs and unpacks: integers, enums and booleans, as octets.

The rule of this file: what fits comes out as from the library. What does not is an error that says what was expected.
"""

import struct
from typing import Any, BinaryIO, Self, TypeAlias

__all__ = ["Boolean", "Enum", "Integer", "Value", "read_struct", "write_struct"]

Octets: TypeAlias = bytes  # which is the name of a method below


def read_struct(f: BinaryIO, fmt: str | bytes) -> tuple[Any, ...]:
    """Read what a format of `struct` asks for. Raises struct.error if the file ends before."""
    return struct.unpack(fmt, f.read(struct.calcsize(fmt)))


def write_struct(f: BinaryIO, fmt: str | bytes, *args: object) -> None:
    """Write what a format of `struct` makes of the arguments."""
    f.write(struct.pack(fmt, *args))


class Value:
    """A value and its octets: ``Integer.from_bytes(octets).integer`` and ``Integer(5).bytes()``."""

    @classmethod
    def from_bytes(cls, _data: Octets) -> Self:
        raise NotImplementedError

    def bytes(self) -> Octets:
        raise NotImplementedError

    def __bytes__(self) -> Octets:
        return self.bytes()


class Boolean(Value):
    """A boolean, one octet; any but zero is true. Raises TypeError for what is not a bool."""

    def __init__(self, value: bool) -> None:
        if not isinstance(value, bool):
            raise TypeError(f"a Boolean is made of a bool, not {type(value).__name__}")
        self.boolean = value

    @classmethod
    def from_bytes(cls, data: Octets) -> Self:
        """Read a value. Raises struct.error for more or less than one octet."""
        return cls(struct.unpack("?", data)[0])

    def bytes(self) -> Octets:
        return b"\x01" if self.boolean else b"\x00"


class Integer(Value):
    """An integer, four octets. Raises TypeError for what is not an int."""

    def __init__(self, value: int) -> None:
        if not isinstance(value, int):
            raise TypeError(f"an {type(self).__name__} is made of an int, not {type(value).__name__}")
        self.integer = value

    @classmethod
    def from_bytes(cls, data: Octets) -> Self:
        """Read a value. Raises struct.error for more or less than four octets."""
        return cls(struct.unpack(">i", data)[0])

    def bytes(self) -> Octets:
        """Write the value. Raises struct.error for a number that needs more than 32 bits."""
        return struct.pack(">i", self.integer)


class Enum(Integer):
    """An enum value: an integer under another tag."""
