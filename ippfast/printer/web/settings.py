"""The settings of a printer on its page: the attributes that operators may change.

The rule of this file: `description.SETTABLE` lists them, and Set-Printer-Attributes decides which values they may have
(RFC 3380 section 4.1). An empty field brings back the value of the description.
"""

from collections.abc import Mapping

from ippfast.codec import Attribute
from ippfast.enums import Operation
from ippfast.tags import ValueTag
from ippfast.values import OutOfBand, StringWithLanguage

from ..description import SETTABLE, Description
from .markup import Markup, element
from .visit import Visit

__all__ = ["changes", "said", "settings_form"]

_LABELS = {
    "printer-info": "Name for people",
    "printer-location": "Location",
    "printer-organization": "Organization",
    "printer-organizational-unit": "Unit of the organization",
    "printer-message-from-operator": "Message to users",
    "printer-geo-location": "Place on the map (geo:LATITUDE,LONGITUDE)",
}


def said(description: Description, name: str) -> str:
    """The text of an attribute; empty if it has none."""
    for value in description.values(name)[:1]:
        value = value.string if isinstance(value, StringWithLanguage) else value
        return value if isinstance(value, str) else ""
    return ""


def changes(visit: Visit, given: Mapping[str, str]) -> list[Attribute]:
    """The attributes that a form changes. Those that are as they were are left out."""
    found = []
    for name, text in given.items():
        if text == said(visit.description, name):
            continue
        if text:
            found.append(Attribute(name, ValueTag.URI if name == "printer-geo-location" else ValueTag.TEXT, text))
        elif name in visit.printer.settings(visit.state):
            found.append(Attribute(name, OutOfBand.DELETE_ATTRIBUTE.value, [OutOfBand.DELETE_ATTRIBUTE]))
    return found


def settings_form(visit: Visit, hidden: list[Markup]) -> Markup:
    """The form. hidden: its hidden fields, which say what it does."""
    typed = visit.request.form or {}
    own = visit.printer.description
    fields = [
        element(
            "label",
            label,
            element(
                "input",
                name=name,
                value=typed.get(name, _set(visit, name)),
                placeholder=said(own, name),
                dir="auto",
                maxlength=1023,
                autocomplete="off",
            ),
        )
        for name, label in _LABELS.items()
        if name in SETTABLE
    ]
    return element(
        "details",
        element("summary", element("h2", "Settings")),
        element("p", "An empty field has the value with which the server was started.", class_="dim"),
        element(
            "form",
            hidden,
            element("div", fields, element("div", element("button", "Save")), class_="fields"),
            method="post",
        ),
        class_="part",
        id="settings",
        open=Operation.SET_PRINTER_ATTRIBUTES.name.lower() == typed.get("action"),
    )


def _set(visit: Visit, name: str) -> str:
    """What was set for an attribute; empty: nothing was."""
    return said(visit.description, name) if name in visit.printer.settings(visit.state) else ""
