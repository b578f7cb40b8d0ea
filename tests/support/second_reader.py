"""A reader that nobody here wrote: OpenPrinting's goipp, where Go and it are installed.

The rule of this file: what both it and our codec read has the same groups, names, tags and values. What one of them
refuses is not compared, for goipp takes much that RFC 8010 does not have.
"""

import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import IO, cast

from fuzzing import tokens_of

import ippfast
from ippfast import Message

__all__ = ["SOURCE", "SecondReader"]

SOURCE = Path(__file__).resolve().parents[2] / "tools" / "goipp_reader"
_LIBRARIES = Path("/usr/share/gocode")  # where Debian has those of Go
_PACKAGE = _LIBRARIES / "src/github.com/OpenPrinting/goipp"

# goipp joins the groups of one tag, in this order.
_GROUPS = (1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
_BOOLEAN, _DATE_TIME, _EXTENSION = 0x22, 0x31, 0x7F


class SecondReader:
    """goipp, in a process of its own. directory: where its program is built, or was."""

    def __init__(self, directory: Path) -> None:
        program = directory / "goipp_reader"
        subprocess.run(
            ["go", "build", "-o", program, "."],
            cwd=SOURCE,
            env={**os.environ, "GO111MODULE": "off", "GOPATH": str(_LIBRARIES), "GOFLAGS": ""},
            check=True,
        )
        self._process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._to, self._from = cast(IO[bytes], self._process.stdin), cast(IO[bytes], self._process.stdout)
        self.compared = 0

    @staticmethod
    def is_here() -> bool:
        """Whether it can be built."""
        return shutil.which("go") is not None and _PACKAGE.is_dir()

    def close(self) -> None:
        self._to.close()
        self._from.close()
        self._process.wait()

    def differs(self, octets: bytes) -> bool:
        """Whether it reads another message than ours does."""
        try:
            ours = _joined(ippfast.decode(octets))
        except ippfast.IPPError:
            return False
        theirs = self._again(octets)
        if not theirs or any(token[0] == _EXTENSION for token in tokens_of(octets)):
            return False
        self.compared += 1
        return _comparable(ours) != _comparable(theirs)

    def _again(self, octets: bytes) -> bytes:
        """What it makes of a message that it read; nothing if it refuses it."""
        self._to.write(struct.pack(">I", len(octets)) + octets)
        self._to.flush()
        (size,) = struct.unpack(">I", self._from.read(4))
        return self._from.read(size)


def _joined(message: Message) -> bytes:
    """A message as goipp writes it: one group for each tag."""
    body = b""
    for tag in _GROUPS:
        groups = [group for group in message.groups if group.tag == tag and len(group)]
        if groups:
            parts = [
                ippfast.encode(Message(message.version, message.code, message.request_id, [each])) for each in groups
            ]
            body += bytes([tag]) + b"".join(part[9:-1] for part in parts)
    return ippfast.encode(Message(message.version, message.code, message.request_id))[:8] + body + b"\x03"


def _comparable(octets: bytes) -> list[object]:
    """The header and the tokens, without what goipp does not keep: octets of an out-of-band value, those of a boolean
    but whether they are 0, and the zone of a dateTime that no clock has.
    """
    found: list[object] = [octets[:8]]
    for tag, *rest in tokens_of(octets):
        if rest and (0x10 <= tag < 0x20 or tag == _DATE_TIME):
            rest[1] = b""
        elif rest and tag == _BOOLEAN:
            rest[1] = any(rest[1])
        found.append((tag, *rest))
    return found
