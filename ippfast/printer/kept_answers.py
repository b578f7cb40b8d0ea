"""Answers to Get-Printer-Attributes that are kept as octets, and given again while they are true.

The rule of this file: an answer is given again in the same second of printer-up-time, while the state of the printer is
the same, to requests for the same attributes by the same name of this host. printer-current-time, which changes faster,
is set in each copy.
"""

import struct
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from ippfast.codec import Message, decode, encode
from ippfast.tags import ValueTag

from .answers import may_be_kept
from .calls import Call
from .storage.rows import QueueState

if TYPE_CHECKING:
    from .core import PrinterCore

__all__ = ["answered_again", "forget"]

MOST = 128
"""How many answers are kept in this process, for all printers together: usually 2 MB."""
_LONGEST = 65_536
"""The most octets of an answer that is kept. One with a media-col-database may have more."""
_PLAIN = frozenset(
    {
        "attributes-charset",
        "attributes-natural-language",
        "printer-uri",
        "requesting-user-name",
        "requested-attributes",
    }
)
"""The operation attributes that do not change the answer in other ways. Any other, such as document-format, may."""
_LONGEST_QUESTION = 1_024
"""The most octets of a request whose question is remembered."""
_NOW = b"\x31\x00\x14printer-current-time\x00\x0b"
_DATE = struct.Struct(">H6BcBB")
"""A dateTime (RFC 2579). In an answer, `_NOW` is before the one of printer-current-time."""


class _Kept(NamedTuple):
    """A kept answer. time: the place of printer-current-time in the octets; None: it is absent."""

    octets: bytes
    state: QueueState
    second: int
    time: int | None


_kept: OrderedDict[tuple[object, ...], _Kept] = OrderedDict()
_asked: dict[bytes, "tuple[object, ...] | None"] = {}
"""What requests ask (see `_what`), by their octets without request-ids."""
_UNKNOWN: tuple[object, ...] = (object(),)
_lock = threading.Lock()


def answered_again(printer: "PrinterCore", call: Call, answer: Callable[[], Message]) -> Message:
    """The answer to a call of Get-Printer-Attributes. answer: makes it, if none is kept that is still true."""
    question = _question(printer, call)
    if question is None:
        return answer()
    state = printer.store.state()
    second = printer.up_time_at(printer.store.now(), state)
    kept = _kept.get(question)
    if kept is None or kept.second != second or (kept.state is not state and kept.state != state):
        made = answer()
        octets = encode(made)
        if len(octets) <= _LONGEST and octets.count(_NOW) < 2:
            _keep(question, _Kept(octets, state, second, octets.index(_NOW) + len(_NOW) if _NOW in octets else None))
        return made
    return decode(_now(kept, call.message.request_id))


def _now(kept: _Kept, request_id: int) -> bytes:
    """The octets of a kept answer, with this request-id and the time as it is now."""
    octets, at, number = kept.octets, kept.time, request_id.to_bytes(4, "big")
    if at is None:
        return b"".join((octets[:4], number, octets[8:]))
    now = datetime.now(UTC)
    date = _DATE.pack(
        now.year, now.month, now.day, now.hour, now.minute, now.second, now.microsecond // 100_000, b"+", 0, 0
    )
    return b"".join((octets[:4], number, octets[8:at], date, octets[at + len(date) :]))


def _question(printer: "PrinterCore", call: Call) -> tuple[object, ...] | None:
    """All that the answer depends on except the state and the time. None: it depends on more."""
    asked = _asked.get(call.known, _UNKNOWN)  # another thread may clear them meanwhile
    if asked is _UNKNOWN:
        asked = _what(call)
        if len(call.known) <= _LONGEST_QUESTION:
            with _lock:
                if len(_asked) >= MOST:
                    _asked.clear()
                _asked[call.known] = asked
    if asked is None or call.ignored or printer.more(call):
        return None
    return printer, call.incoming.secure, printer.host(call.incoming), asked


def _what(call: Call) -> tuple[object, ...] | None:
    """What a request asks, and how. None: the answer depends on more of it."""
    asked: tuple[object, ...] = ()
    charset: object = None
    for each in call.attributes:
        if each.name == "requested-attributes":
            if set(each.tags) != {ValueTag.KEYWORD}:
                return None
            asked = each.values
        elif each.name == "attributes-charset":
            charset = each.value
        elif each.name not in _PLAIN:
            return None
    if not may_be_kept(asked) or len(call.message.groups) > 1:
        return None
    return call.message.version, charset, asked


def _keep(question: tuple[object, ...], kept: _Kept) -> None:
    with _lock:
        _kept[question] = kept
        _kept.move_to_end(question)
        while len(_kept) > MOST:
            _kept.popitem(last=False)


def forget(printer: "PrinterCore") -> None:
    """Forget the answers of a printer that is closed."""
    with _lock:
        for question in [each for each in _kept if each[0] is printer]:
            del _kept[question]
