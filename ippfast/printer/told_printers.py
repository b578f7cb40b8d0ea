"""The printers in an answer about many of them, as octets.

The rule of this file: attributes that depend only on the state of a printer are encoded once for all requests for the
same attributes by the same name of this host, and kept until the state changes; those that change with the clock are
encoded each time.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from ippfast.attributes import attribute
from ippfast.codec import Attribute
from ippfast.tags import DelimiterTag

from .answers import Asked, may_be_kept, within
from .calls import Call
from .core import PrinterCore
from .printer_attributes import printer_attributes
from .spliced import attributes_of, group_of, integer
from .storage.rows import QueueState

__all__ = ["forget", "told_printers"]

_UP_TIME, _NOW = "printer-up-time", "printer-current-time"
_MOST_OCTETS = 32 * 1024 * 1024
"""The most octets of encoded groups in this process: about 2,000 printers with all attributes."""
_ENTRY = 512
"""The approximate size of what is kept for a printer and a question, without the group and the requested names."""

_Question = tuple[object, ...]


class _Kept(NamedTuple):
    """An encoded group, and the state that it is made from. moving: the attributes that are added each time. values:
    how many the group has, with those."""

    state: QueueState
    octets: bytes
    moving: tuple[str, ...]
    values: int
    size: int


_kept: OrderedDict[PrinterCore, dict[_Question, _Kept]] = OrderedDict()
_octets = 0
_lock = threading.Lock()


def told_printers(calls: Iterable[tuple[Call, QueueState]], selected: Asked) -> list[bytes]:
    """A group for each of the printers, as many as an answer may have, with the attributes that are asked for.

    calls: for each printer, the request as a call to it, and its state.
    """
    return list(within(_each(calls, selected)))


def _each(calls: Iterable[tuple[Call, QueueState]], selected: Asked) -> Iterator[tuple[int, bytes]]:
    current = attributes_of([attribute(_NOW, datetime.now(UTC), group=DelimiterTag.PRINTER)])
    for call, state in calls:
        printer = call.printer
        now = printer.store.now()
        kept = _told(call, state, selected, round(time.time() - now, 1))
        moving = [current if name == _NOW else integer(name, printer.up_time_at(now, state)) for name in kept.moving]
        yield kept.values, b"".join((kept.octets, *moving))


def _told(call: Call, state: QueueState, selected: Asked, offset: float) -> _Kept:
    """offset: between the store's clock and this host's, in which dates are told."""
    printer, incoming = call.printer, call.incoming
    lasts = may_be_kept(selected.asked) and not printer.more(call)  # that depends on more than the state
    question = (printer.host(incoming), incoming.secure, selected.asked, offset)
    kept = _kept.get(printer, {}).get(question) if lasts else None
    if kept is None or kept.state != state:
        kept = _made(printer_attributes(printer, call, selected, state), printer, state, selected)
        if lasts:
            _keep(printer, question, kept)
    return kept


def _made(attributes: list[Attribute], printer: PrinterCore, state: QueueState, selected: Asked) -> _Kept:
    said = printer.description.attributes  # an attribute of the description does not change
    moving = tuple(each.name for each in attributes if each.name in (_UP_TIME, _NOW) and each.name not in said)
    octets = group_of(DelimiterTag.PRINTER, [each for each in attributes if each.name not in moving])
    values = sum([len(each.values) for each in attributes])
    return _Kept(state, octets, moving, values, _ENTRY + len(octets) + sum(map(len, selected.asked)))


def _keep(printer: PrinterCore, question: _Question, kept: _Kept) -> None:
    global _octets
    with _lock:
        of_printer = _kept.setdefault(printer, {})
        before = of_printer.get(question)
        of_printer[question] = kept
        _octets += kept.size - (0 if before is None else before.size)
        _kept.move_to_end(printer)
        while _octets > _MOST_OCTETS:
            _octets -= _size_of(_kept.popitem(last=False)[1])


def _size_of(of_printer: dict[_Question, _Kept]) -> int:
    return sum([each.size for each in of_printer.values()])


def forget(printer: PrinterCore) -> None:
    """Forget the groups of a printer that is closed."""
    global _octets
    with _lock:
        _octets -= _size_of(_kept.pop(printer, {}))
