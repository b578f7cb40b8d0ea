"""What a child process and its parent say to each other.

The rule of this file: values and octets, never code. Orders are lines of JSON on the child's standard input: which
document, and then how to draw it. Frames come back on its standard output: a kind, a length and a payload.
"""

import json
import struct
from dataclasses import asdict, dataclass
from typing import IO

from .plans import Raster, Sheet

__all__ = [
    "ALONE",
    "DATA",
    "END",
    "ERROR",
    "FACTS",
    "PIECE",
    "SIDE",
    "TOO_LARGE",
    "WARNING",
    "Limits",
    "Order",
    "Work",
    "read_frame",
    "send",
    "turn_of",
]

FACTS, SIDE, DATA, WARNING, ERROR, END = b"F", b"S", b"D", b"W", b"E", b"Z"
"""These are the kinds of frames: facts of the document; a side is done; octets of raster; a warning for the user; the
child failed; all is done."""

PIECE = 262_144
"""A frame has at most so many octets of raster."""

TOO_LARGE = 77
"""A child exits with this status if it takes more memory than it may."""

ALONE = 6
"""The first child draws so many sides alone, while the second one starts."""

_HEAD = struct.Struct(">cI")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits for drawing a document.

    memory: octets of the child process. seconds: of the clock for a side, and for opening the document.
    processor_seconds: the same, of the processor. output: octets of raster in all. sides: this many are drawn at most.
    """

    memory: int = 1 << 30
    seconds: float = 60.0
    processor_seconds: int = 20
    output: int = 8 << 30
    sides: int = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Which document: its path and format, an encoding if it is text and somebody knows it, and the limits."""

    path: str
    format: str
    encoding: str | None
    limits: Limits

    def pack(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def unpack(cls, line: bytes) -> "Order":
        order = json.loads(line)
        return cls(**{**order, "limits": Limits(**order["limits"])})


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """How to draw it, in which format to write it, and whose turn this child has of how many (see `turn_of`)."""

    format: str
    raster: Raster
    turn: int = 0
    turns: int = 1

    def pack(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @classmethod
    def unpack(cls, line: bytes) -> "Work":
        work = json.loads(line)
        drawn = work["raster"]
        sheet = Sheet(**{**drawn["sheet"], "margins": tuple(drawn["sheet"]["margins"])})
        pages = tuple((lower, upper) for lower, upper in drawn["pages"])
        return cls(**{**work, "raster": Raster(**{**drawn, "sheet": sheet, "pages": pages})})


def turn_of(side: int, turns: int) -> int:
    """Tell which of `turns` children, counted from 0, draws a side. Sides are counted from 1."""
    return (side - ALONE) % turns if side > ALONE else 0


def send(file: IO[bytes], kind: bytes, payload: bytes | memoryview = b"") -> None:
    """Write a frame."""
    file.write(_HEAD.pack(kind, len(payload)))
    file.write(payload)
    file.flush()


def read_frame(file: IO[bytes]) -> tuple[bytes, bytes] | None:
    """Read the next frame. None if there is no more, or it is cut off."""
    head = file.read(_HEAD.size)
    if len(head) < _HEAD.size:
        return None
    kind, length = _HEAD.unpack(head)
    if length > PIECE:  # our child never writes this
        return None
    payload = file.read(length)
    return (kind, payload) if len(payload) == length else None
