"""A description from another printer's answer to Get-Printer-Attributes, as `ippfast capture` keeps it.

The rule of this file: a printer with such a description has the attributes of the other printer, value for value, even
if the registry differs. It has none that are that printer's own or that only this server can know: URIs, identities,
states, times, counters. Nor has it what the other printer lacks. The tables here name these attributes.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

from ippfast.codec import Attribute, Collection
from ippfast.errors import IPPError
from ippfast.recovery import recover
from ippfast.tags import DelimiterTag, ValueTag

__all__ = ["ALWAYS", "NEEDED", "Captured", "captured", "is_captured"]

ALWAYS = (
    "charset-configured",
    "charset-supported",
    "generated-natural-language-supported",
    "ipp-versions-supported",
    "natural-language-configured",
)
"""The attributes that depend only on this server."""

NEEDED = (
    "compression-supported",
    "document-format-default",
    "document-format-supported",
    "pdl-override-supported",
    "printer-name",
)
"""The attributes that are added if the answer lacks them: this server or RFC 8011 section 5.4 requires them."""

_OWN_NAMES = frozenset(
    {
        *ALWAYS,
        # what this server itself supports
        "document-password-supported",
        "ippget-event-life",
        "job-password-encryption-supported",
        "job-password-supported",
        "job-settable-attributes-supported",
        "printer-settable-attributes-supported",
        "reference-uri-schemes-supported",
        "requesting-user-uri-schemes-supported",
        "uri-authentication-supported",
        "uri-security-supported",
        # the state and the identity of that printer
        "device-service-count",
        "printer-alert",
        "printer-alert-description",
        "printer-is-accepting-jobs",
        "printer-resource-ids",
        "printer-serial-number",
        "queued-job-count",
    }
)
_OWN_BEGINNINGS = ("notify-", "oauth-", "printer-message-", "printer-state", "printer-wifi-", "printer-xri-", "xri-")
_OWN_ENDS = (
    *("-change-time", "-current-time", "-up-time", "-date-time"),
    *("-uuid", "-uri", "-completed", "-completed-col", "-privacy-attributes", "-privacy-scope"),
)
_OWN_SYNTAXES = (ValueTag.URI, ValueTag.DATE_TIME)

_OPTIONAL = frozenset(
    {
        "device-uuid",
        "document-creation-attributes-supported",
        "ippget-event-life",
        "job-creation-attributes-supported",
        "job-privacy-attributes",
        "job-privacy-scope",
        "job-settable-attributes-supported",
        "print-processing-attributes-supported",
        "printer-config-change-date-time",
        "printer-config-change-time",
        "printer-current-time",
        "printer-firmware-name",
        "printer-firmware-patches",
        "printer-firmware-string-version",
        "printer-firmware-version",
        "printer-icons",
        "printer-message-date-time",
        "printer-message-time",
        "printer-more-info",
        "printer-settable-attributes-supported",
        "printer-state-change-date-time",
        "printer-state-change-time",
        "printer-state-message",
        "printer-supply-info-uri",
        "printer-uuid",
        "subscription-privacy-attributes",
        "subscription-privacy-scope",
    }
)
"""The attributes that this server has and other printers may lack: they are omitted if the answer lacks them."""

_SERIAL = re.compile(r"(?:^|(?<=;))\s*(?:SN|SERN|SERIALNUMBER|SER)\s*:[^;]*;?", re.IGNORECASE)  # of a device-id
_MOST_OCTETS = 16 << 20


class Captured(NamedTuple):
    """attributes: those of the other printer. omits: the attributes that this server must leave out."""

    attributes: dict[str, Attribute]
    omits: frozenset[str]


def is_captured(octets: bytes) -> bool:
    """Whether a file is an IPP message: it begins with a version, as no text does (RFC 8010 section 3.1.1)."""
    return octets[:1] in (b"\1", b"\2")


def captured(octets: bytes) -> Captured:
    """The description in a response to Get-Printer-Attributes. A broken one is repaired as far as possible.

    Raises ValueError if there are no attributes of a printer.
    """
    if len(octets) > _MOST_OCTETS:
        raise ValueError(f"a printer's answer may have at most {_MOST_OCTETS:,} octets")
    try:
        message, _ = recover(octets)
    except IPPError as error:
        raise ValueError(f"no IPP message: {error}") from error
    groups = message.groups_of(DelimiterTag.PRINTER)
    if not groups or not len(groups[0]):
        raise ValueError("an IPP message without a printer's attributes")
    said = {each.name for each in groups[0]}
    notifies = any(name.startswith("notify-") for name in said)
    omits = _OPTIONAL - said
    kept: dict[str, Attribute] = {}
    for each in groups[0]:
        if each.name not in kept and not _is_its_own(each):  # the first of several counts (RFC 8011 section 4.1.3)
            kept[each.name] = _without_serial(each)
    return Captured(kept, omits if notifies else omits | {"notify-"})


def _is_its_own(attribute: Attribute) -> bool:
    name = attribute.name
    if name in _OWN_NAMES or name.startswith(_OWN_BEGINNINGS) or name.endswith(_OWN_ENDS):
        return True
    return _has_own_syntax(attribute)


def _has_own_syntax(attribute: Attribute) -> bool:
    inner: Iterable[Attribute] = (each for value in attribute.values if isinstance(value, Collection) for each in value)
    return any(tag in _OWN_SYNTAXES for tag in attribute.tags) or any(map(_has_own_syntax, inner))


def _without_serial(attribute: Attribute) -> Attribute:
    if attribute.name != "printer-device-id":
        return attribute
    values = [_SERIAL.sub("", value) if isinstance(value, str) else value for value in attribute.values]
    return Attribute(attribute.name, attribute.tags, values)
