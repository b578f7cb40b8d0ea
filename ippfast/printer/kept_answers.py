"""Answers to Get-Printer-Attributes that are given again, as octets, as long as what they tell is true.

The rule of this file: an answer is kept for one second of printer-up-time, for the state of the printer that it tells
of, and for those who ask the same in the same way: the same attributes, by the same name of this host. What moves
faster, printer-current-time, is set in each copy.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from ippfast.attributes import attribute
from ippfast.codec import Message, decode, encode
from ippfast.tags import DelimiterTag, ValueTag

from .calls import Call
from .storage.rows import QueueState

if TYPE_CHECKING:
    from .core import PrinterCore

__all__ = ["answered_again", "forget"]

MOST = 128
"""How many answers are kept in this process, of whatever printers: 2 MB of usual ones."""
_LONGEST = 65_536
"""The most octets of an answer that is kept. One with a media-col-database may have more."""
_MOST_NAMES = 64
"""The most names in a question whose answer is kept."""
_LONGEST_NAME = 255
"""The most characters of such a name (RFC 8011 section 5.1.4): the question is kept with the answer."""
_PLAIN = frozenset(
    {
        "attributes-charset",
        "attributes-natural-language",
        "printer-uri",
        "requesting-user-name",
        "requested-attributes",
    }
)
"""The operation attributes of such a question. Any other, such as document-format, may choose among the values."""
_NOW = "printer-current-time"


class _Kept(NamedTuple):
    octets: bytes
    state: QueueState
    second: int
    tells_time: bool


_kept: OrderedDict[tuple[object, ...], _Kept] = OrderedDict()
_lock = threading.Lock()


def answered_again(printer: "PrinterCore", call: Call, answer: Callable[[], Message]) -> Message:
    """The answer to a call of Get-Printer-Attributes. answer: makes it, if none is kept that is still true."""
    question = _question(printer, call)
    if question is None:
        return answer()
    state = printer.store.state()
    second = printer.up_time_at(printer.store.now(), state)
    kept = _kept.get(question)
    if kept is None or kept.second != second or kept.state != state:
        made = answer()
        octets = encode(made)
        if len(octets) <= _LONGEST:
            _keep(question, _Kept(octets, state, second, _NOW in made.printer))
        return made
    again = decode(kept.octets)
    again.request_id = call.message.request_id
    if kept.tells_time:
        again.printer[_NOW] = attribute(_NOW, datetime.now(UTC), group=DelimiterTag.PRINTER)
    return again


def _question(printer: "PrinterCore", call: Call) -> tuple[object, ...] | None:
    """All that the answer depends on but for the state and the time. None: it depends on more."""
    asked: tuple[object, ...] = ()
    charset: object = None
    for each in call.attributes:
        if each.name == "requested-attributes":
            if set(each.tags) != {ValueTag.KEYWORD}:
                return None
            asked = each.values
            if not all(isinstance(name, str) and len(name) <= _LONGEST_NAME for name in asked):
                return None
        elif each.name == "attributes-charset":
            charset = each.value
        elif each.name not in _PLAIN:
            return None
    if len(asked) > _MOST_NAMES or call.ignored or len(call.message.groups) > 1 or printer.more(call):
        return None
    return printer, call.message.version, charset, call.incoming.secure, printer.host(call.incoming), asked


def _keep(question: tuple[object, ...], kept: _Kept) -> None:
    with _lock:
        _kept[question] = kept
        _kept.move_to_end(question)
        while len(_kept) > MOST:
            _kept.popitem(last=False)


def forget(printer: "PrinterCore") -> None:
    """Keep nothing of a printer that is closed."""
    with _lock:
        for question in [each for each in _kept if each[0] is printer]:
            del _kept[question]
