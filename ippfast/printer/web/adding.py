"""How to add a printer to a computer: its address to copy, and the steps on each system.

The rule of this file: the address is the one by which the browser came here, which therefore works from there.
"""

import re

from .markup import Markup, element
from .settings import said
from .visit import Visit

__all__ = ["adding"]


def adding(visit: Visit) -> Markup:
    """The part of a printer's page that says how to print on it."""
    printer, secure, authority = visit.printer, visit.request.secure, visit.authority
    uri = f"{'ipps' if secure else 'ipp'}://{authority}{printer.path}"
    url = f"{'https' if secure else 'http'}://{authority}{printer.path}"
    known = re.sub(r"[^A-Za-z0-9_-]+", "_", said(printer.description, "printer-name")).strip("_")[:40]
    queue = known or "printer"
    mac = [
        element("li", "Open System Settings, Printers & Scanners, and choose Add Printer, Scanner or Fax."),
        element(
            "li",
            "Choose the globe (IP). Address: ",
            _code(authority),
            "; Protocol: Internet Printing Protocol (IPP); Queue: ",
            _code(printer.path.lstrip("/")),
            ".",
        ),
        element("li", "Choose Add."),
    ]
    windows = [
        element("li", "Open Settings, Bluetooth & devices, Printers & scanners, and choose Add device."),
        element("li", "Wait for Add a new device manually, and choose it."),
        element("li", "Choose Select a shared printer by name, and give ", _code(url), "."),
    ]
    linux = element("code", f"lpadmin -p {queue} -E -v {uri} -m everywhere", class_="line")
    ours = element("code", f"ippfast print {uri} FILE", class_="line")
    return element(
        "section",
        element("h2", "Add this printer"),
        element(
            "div",
            element("code", uri, id="uri"),
            element("button", "Copy", type="button", data_copy="uri", hidden=True),
            class_="address",
        ),
        element("p", "It asks for your user name and password.", class_="dim") if _has_login(visit) else None,
        element("details", element("summary", "macOS"), element("ol", mac), id="add-macos"),
        element("details", element("summary", "Windows"), element("ol", windows), id="add-windows"),
        element("details", element("summary", "Linux, with CUPS"), linux, id="add-linux"),
        element("details", element("summary", "Without adding it"), ours, id="add-nothing"),
        id="add",
    )


def _has_login(visit: Visit) -> bool:
    return visit.printer.access.authentication not in ("none", "requesting-user-name")


def _code(text: str) -> Markup:
    return element("code", text)
