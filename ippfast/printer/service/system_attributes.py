"""The attributes of the System object (PWG 5100.22).

The rule of this file: nothing is computed that is not asked for; what depends on all printers needs one read of all
states.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from ippfast.attributes import attribute
from ippfast.codec import Attribute
from ippfast.http.incoming import IncomingRequest
from ippfast.tags import DelimiterTag
from ippfast.values import OutOfBand

from ..answers import Selection
from ..calls import Call
from ..notifications import EVENT_LIFE
from ..storage.rows import SYSTEM_EVENTS
from ..subscriptions import ATTRIBUTES
from .resources import FORMATS, RESOURCE_SETTABLE, configured_resources

if TYPE_CHECKING:
    from .system import System

__all__ = ["SETTABLE", "creation_attributes", "system_attributes", "xri_of"]

SETTABLE = (
    "system-asset-tag",
    "system-contact-col",
    "system-default-printer-id",
    "system-dns-sd-name",
    "system-geo-location",
    "system-info",
    "system-location",
    "system-make-and-model",
    "system-message-from-operator",
    "system-name",
    "system-service-contact-col",
)
"""The attributes that Set-System-Attributes may set."""

_CREATION = (
    "printer-contact-col",
    "printer-device-id",
    "printer-dns-sd-name",
    "printer-geo-location",
    "printer-info",
    "printer-location",
    "printer-make-and-model",
    "printer-name",
    "printer-organization",
    "printer-organizational-unit",
    "smi2699-device-uri",
)
_TEMPLATES = ("-default", "-supported", "-ready")


def creation_attributes(system: "System") -> list[str]:
    """The attributes that Create-Printer may give: these, and those about Job Template attributes."""
    templates = [name for name in system.description.attributes if name.endswith(_TEMPLATES)]
    return sorted({*_CREATION, *templates})


def xri_of(system: "System", incoming: IncomingRequest, path: str) -> list[dict[str, str]]:
    """printer-xri-supported, system-xri-supported: the URIs of a path."""
    return [
        {
            "xri-uri": f"{scheme}://{system.host(incoming)}{path}",
            "xri-authentication": system.access.authentication,
            "xri-security": "tls" if scheme == "ipps" else "none",
        }
        for scheme in system.schemes
    ]


def system_attributes(system: "System", call: Call, selected: Selection) -> list[Attribute]:
    """The attributes of the system that are asked for."""
    from ippfast import __version__

    queues = system.service.queues
    state, now = system.store.state(), system.store.now()

    def since(setting: str) -> int:
        found = state.settings.get(setting)
        return system.up_time_at(found if isinstance(found, float) else now, state)

    def moment(setting: str) -> datetime:
        found = state.settings.get(setting)
        return system.date_at(found if isinstance(found, float) else now)

    def default() -> object:
        found = queues.default
        return OutOfBand.NO_VALUE if found is None else found.id

    def configured() -> object:
        states = system.states()
        found = [
            {
                "printer-id": spec.id,
                "printer-info": str(spec.description.get("printer-info", spec.name)),
                "printer-is-accepting-jobs": (now_is := states[spec.key]).accepting,
                "printer-name": spec.name,
                "printer-service-type": "print",
                "printer-state": int(now_is.state),
                "printer-state-reasons": list(now_is.reasons),
                "printer-xri-supported": xri_of(system, call.incoming, spec.path),
            }
            for spec in queues.all().values()
            if spec.key in states
        ]
        return found or OutOfBand.NO_VALUE

    def state_changed() -> float:
        """When the state of any printer changed last."""
        found = [each.settings.get("state_changed") for each in system.states().values()]
        return max([each for each in found if isinstance(each, float)], default=now)

    notifying = ATTRIBUTES | {"notify-events-supported": ["none", *SYSTEM_EVENTS]}
    stored = {name: attribute(name, value, group=DelimiterTag.PRINTER) for name, value in notifying.items()}
    stored |= system.settings(state)
    found: dict[str, Callable[[], Any]] = {
        "system-name": lambda: "ippfast",
        "system-info": lambda: "ippfast",
        "system-location": lambda: "",
        "system-make-and-model": lambda: "ippfast",
        "system-geo-location": lambda: OutOfBand.UNKNOWN,
        "system-contact-col": lambda: OutOfBand.UNKNOWN,
        "system-service-contact-col": lambda: OutOfBand.UNKNOWN,
        "system-message-from-operator": lambda: "",
        "system-asset-tag": lambda: b"",
        "system-dns-sd-name": lambda: "ippfast",
        "system-strings-uri": lambda: OutOfBand.NO_VALUE,
        "system-strings-languages-supported": lambda: ["en"],
        "system-serial-number": lambda: str(state.settings["uuid"]).removeprefix("urn:uuid:"),
        "system-firmware-name": lambda: ["ippfast"],
        "system-firmware-string-version": lambda: [__version__],
        "system-firmware-version": lambda: [__version__.encode()],
        "system-firmware-patches": lambda: [""],
        "system-time-source": lambda: "onboard",
        "system-default-printer-id": default,
        "system-current-time": lambda: datetime.now(UTC),
        "system-state": lambda: int(system.state_of_all()[0]),
        "system-state-reasons": lambda: list(system.state_of_all()[1]),
        "system-state-message": lambda: "",
        "system-state-change-time": lambda: system.up_time_at(state_changed(), state),
        "system-state-change-date-time": lambda: system.date_at(state_changed()),
        "system-config-change-time": lambda: since("config_changed"),
        "system-config-change-date-time": lambda: moment("config_changed"),
        "system-config-changes": lambda: int(str(state.settings.get("config_changes", 0))),
        "system-up-time": lambda: system.up_time_at(now, state),
        "system-uuid": lambda: state.settings["uuid"],
        "system-configured-printers": configured,
        "system-configured-resources": lambda: configured_resources(system),
        "system-settable-attributes-supported": lambda: list(SETTABLE),
        "system-mandatory-printer-attributes": lambda: ["printer-name"],
        "system-xri-supported": lambda: xri_of(system, call.incoming, system.path),
        "xri-uri-scheme-supported": lambda: list(system.schemes),
        "xri-authentication-supported": lambda: [system.access.authentication],
        "xri-security-supported": lambda: ["tls" if scheme == "ipps" else "none" for scheme in system.schemes],
        "printer-creation-attributes-supported": lambda: creation_attributes(system),
        "printer-service-type-supported": lambda: ["print"],
        "operations-supported": lambda: list(system.operation_ids),
        "ipp-versions-supported": lambda: ["1.1", "2.0", "2.1", "2.2"],
        "ipp-features-supported": lambda: ["resource-object", "system-object"],
        "resource-format-supported": lambda: sorted({each for formats in FORMATS.values() for each in formats}),
        "resource-type-supported": lambda: list(FORMATS),
        "resource-settable-attributes-supported": lambda: list(RESOURCE_SETTABLE),
        "charset-configured": lambda: "utf-8",
        "charset-supported": lambda: ["utf-8"],
        "natural-language-configured": lambda: "en",
        "generated-natural-language-supported": lambda: ["en"],
        "multiple-document-printers-supported": lambda: True,
        "document-format-supported": lambda: list(system.description.values("document-format-supported")),
        "ippget-event-life": lambda: EVENT_LIFE,
    }
    answer = []
    for name, value in found.items():
        if not selected(name):
            continue
        if name in stored:
            answer.append(stored[name])
        elif (spec := _attribute(name, value())) is not None:
            answer.append(spec)
    return answer + [each for name, each in stored.items() if name not in found and selected(name)]


def _attribute(name: str, value: Any) -> Attribute | None:
    """An attribute with the syntax of the registry; one that it lacks is 1setOf keyword, as ippserver sends it."""
    from ippfast import registry
    from ippfast.wrappers import Keyword

    if registry.lookup(name, DelimiterTag.SYSTEM) is None:
        return attribute(name, [Keyword(each) for each in value])
    return attribute(name, value, group=DelimiterTag.SYSTEM)
