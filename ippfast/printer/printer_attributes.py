"""The printer's attributes: its description, its state, and settings.

The rule of this file: a stored attribute replaces a computed one, and nothing is computed that is not asked for.
"""

import re
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

from ippfast import __version__
from ippfast.attributes import attribute
from ippfast.codec import Attribute
from ippfast.tags import DelimiterTag, ValueTag
from ippfast.values import DateTime

from .answers import Selection, among
from .calls import Call
from .core import PrinterCore
from .description import SETTABLE
from .notifications import EVENT_LIFE
from .storage.rows import QueueState
from .subscriptions import ATTRIBUTES
from .template import of_documents, template_of

__all__ = ["TAGS", "printer_attributes"]

_PROCESSING = ("media", "number-up", "orientation-requested", "page-ranges", "print-", "printer-resolution", "sides")
"""How the names of attributes begin that change the pages of a document (print-processing-attributes-supported)."""
_NOTIFICATIONS = {name: attribute(name, value, group=DelimiterTag.PRINTER) for name, value in ATTRIBUTES.items()}


def printer_attributes(
    printer: PrinterCore, call: Call, selected: Selection, known: QueueState | None = None
) -> list[Attribute]:
    """The printer's attributes that are asked for. known: its state, if it was read already."""
    incoming = call.incoming
    now, state = printer.store.now(), known or printer.store.state()

    def since(setting: str) -> int:
        return call.up_time_at(_float(state.settings.get(setting), now), state)

    def moment(setting: str) -> datetime:
        return printer.date_at(_float(state.settings.get(setting), now))

    def message_set() -> float:
        """When the operator's message was set (RFC 3380 section 6.4); if none was, when the printer started."""
        started = _float(state.settings.get("started"), now)
        return _float(state.settings.get("message_set"), started)

    omits = printer.description.omits
    stored = ({} if "notify-" in omits else _NOTIFICATIONS) | printer.description.attributes
    stored |= printer.device.attributes(state)
    stored |= printer.settings(state)
    found: dict[str, Callable[[], Any]] = {
        "printer-uri-supported": lambda: [
            f"{scheme}://{printer.host(incoming)}{printer.path}" for scheme in printer.schemes
        ],
        "uri-security-supported": lambda: ["tls" if scheme == "ipps" else "none" for scheme in printer.schemes],
        "uri-authentication-supported": lambda: [printer.access.authentication for _ in printer.schemes],
        "printer-state": lambda: state.state,
        "printer-state-reasons": lambda: list(state.reasons),
        "printer-state-message": lambda: state.message,
        "printer-state-change-time": lambda: since("state_changed"),
        "printer-state-change-date-time": lambda: moment("state_changed"),
        "printer-config-changes": lambda: int(_float(state.settings.get("config_changes"), 0)),
        "printer-config-change-time": lambda: since("config_changed"),
        "printer-config-change-date-time": lambda: moment("config_changed"),
        "printer-is-accepting-jobs": lambda: state.accepting,
        "printer-up-time": lambda: call.up_time_at(now, state),
        "printer-current-time": lambda: datetime.now(UTC),
        "printer-uuid": lambda: state.settings["uuid"],
        "printer-more-info": lambda: printer.page_uri(incoming, printer.path.lstrip("/")),
        "device-uuid": lambda: device_uuid(str(state.settings["uuid"])),
        "printer-firmware-name": lambda: ["ippfast"],
        "printer-firmware-patches": lambda: [""],
        "printer-firmware-string-version": lambda: [__version__],
        "printer-firmware-version": lambda: [bytes(map(int, re.findall(r"\d+", __version__)[:4]))],
        "printer-message-time": lambda: call.up_time_at(message_set(), state),
        "printer-message-date-time": lambda: printer.date_at(message_set()),
        "printer-icons": lambda: [printer.page_uri(incoming, "icon.png")],
        "printer-supply-info-uri": lambda: printer.page_uri(incoming, f"{printer.path}/supplies".lstrip("/")),
        "queued-job-count": lambda: state.active,
        "operations-supported": lambda: list(printer.operation_ids),
        "job-creation-attributes-supported": lambda: template_of(printer.description),
        "job-settable-attributes-supported": lambda: [
            "job-message-from-operator",
            "job-name",
            *template_of(printer.description),
        ],
        "document-creation-attributes-supported": lambda: of_documents(printer.description),
        "print-processing-attributes-supported": lambda: [
            name for name in template_of(printer.description) if name.startswith(_PROCESSING)
        ],
        "printer-settable-attributes-supported": lambda: [*SETTABLE, *printer.device.controls],
        "job-privacy-attributes": lambda: [
            "default" if printer.access.private else "none"
        ],  # IPP Privacy Attributes 1.0
        "job-privacy-scope": lambda: "owner" if printer.access.private else "all",
        "subscription-privacy-attributes": lambda: ["all"],
        "subscription-privacy-scope": lambda: "owner",
        "ippget-event-life": lambda: EVENT_LIFE,
    }
    if (server := printer.access.authorization_server) is not None:  # PWG 5100.23
        found["oauth-authorization-server-uri"] = lambda: server
    if (fetcher := printer.fetcher) is not None:
        found["reference-uri-schemes-supported"] = lambda: list(fetcher.schemes)
    found |= printer.more(call)
    answer = []
    for name in among(selected, found):
        if name in omits:
            continue
        if name in stored:
            answer.append(stored[name])
        elif (value := found[name]()) != []:  # a 1setOf has at least one value (RFC 8011 section 5.1.18)
            answer.append(_made(name, value))
    return answer + [stored[name] for name in among(selected, stored) if name not in found]


TAGS = {
    "printer-uri-supported": ValueTag.URI,
    "printer-state-change-time": ValueTag.INTEGER,
    "printer-state-change-date-time": ValueTag.DATE_TIME,
    "printer-config-change-time": ValueTag.INTEGER,
    "printer-config-change-date-time": ValueTag.DATE_TIME,
    "printer-up-time": ValueTag.INTEGER,
    "printer-current-time": ValueTag.DATE_TIME,
    "printer-uuid": ValueTag.URI,
    "printer-more-info": ValueTag.URI,
    "device-uuid": ValueTag.URI,
    "printer-message-time": ValueTag.INTEGER,
    "printer-message-date-time": ValueTag.DATE_TIME,
    "printer-icons": ValueTag.URI,
    "printer-supply-info-uri": ValueTag.URI,
    "queued-job-count": ValueTag.INTEGER,
}
"""The syntaxes of attributes that differ from printer to printer and from time to time. A service lists thousands of
printers, so they are made without a look into the registry, which a test compares with this table."""


def _made(name: str, value: Any) -> Attribute:
    tag = TAGS.get(name)
    if tag is not None:
        values = value if isinstance(value, list) else [value]
        moments = tag is ValueTag.DATE_TIME
        return Attribute(name, tag, [DateTime.from_datetime(each) for each in values] if moments else values)
    try:
        return _shared(name, tuple(value) if isinstance(value, list) else value)
    except TypeError:  # a collection
        return attribute(name, value, group=DelimiterTag.PRINTER)


@lru_cache(maxsize=4_096)
def _shared(name: str, value: Hashable) -> Attribute:
    """An attribute that many printers have in common, and that seldom changes."""
    return attribute(name, list(value) if isinstance(value, tuple) else value, group=DelimiterTag.PRINTER)


def device_uuid(printer_uuid: str) -> str:
    """device-uuid (PWG 5100.13 section 5.6.1): the UUID of a printer's device. It is not the printer-uuid."""
    return uuid5(UUID(printer_uuid), "device").urn


def _float(value: object, default: float) -> float:
    return value if isinstance(value, (float, int)) else default
