"""Rings of printers that forward to each other: a job that comes back to a printer is refused there.

The rule of this file: a job carries the names of the printers that have forwarded it in client-info (PWG 5100.7), as an
HTTP message carries its proxies in Via (RFC 9110 section 7.6.3). A printer whose name is there must not take the job.
Members of a ring that do not pass client-info on are not noticed.
"""

from collections.abc import Iterable

from ippfast.attributes import attribute
from ippfast.codec import Attribute, Collection
from ippfast.enums import ClientType
from ippfast.tags import ValueTag
from ippfast.values import OutOfBand
from ippfast.wrappers import Name, Text

__all__ = ["client_info", "has_passed"]

_NAME = "client-info"


def _forwarder(printer: str) -> str:
    return f"ippfast forwards for {printer}"


def has_passed(printer: str, given: Attribute | None) -> bool:
    """Whether a job was forwarded by this printer before.

    printer: its printer-uuid. given: the client-info of the job.
    """
    own = _forwarder(printer)
    entries = [] if given is None else [each for each in given.values if isinstance(each, Collection)]
    names = [name for entry in entries if (name := entry.get("client-name")) is not None]
    return any(str(value) == own for name in names for value in name.values)  # a client may give it several values


def client_info(printer: str, attributes: Iterable[Attribute], most: Attribute | None) -> Attribute:
    """The client-info of a job that is forwarded: that printer, and before it whoever was there already.

    printer: the printer-uuid of the printer that forwards. attributes: of the job. most: the other printer's
    max-client-info-supported, if it has one: the latest forwarders come first, and so they are not left out.
    """
    own = {
        "client-name": Name(_forwarder(printer)),
        "client-patches": OutOfBand.NO_VALUE,
        "client-string-version": Text("1"),
        "client-type": ClientType.OTHER,
    }
    made = attribute(_NAME, [own])
    values = [*made.values, *(value for each in attributes if each.name == _NAME for value in each.values)]
    limit = None if most is None else most.values[0]
    if isinstance(limit, int) and limit > 0:
        del values[limit:]
    return Attribute(_NAME, ValueTag.BEG_COLLECTION, values)
