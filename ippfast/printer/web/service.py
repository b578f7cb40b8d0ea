"""The pages of a service: a list of its printers, and the pages of each.

The rule of this file: `PrinterPages` makes the pages of a printer; here is only the choice of the printer.
"""

import time
from typing import TYPE_CHECKING

from ippfast.enums import PrinterState, ResourceState
from ippfast.http.incoming import Page, PageRequest

from ..service.resources import data_of
from ..service.resources import path_of as path_of_resource
from .first_page import FirstPages
from .markup import Child, Markup, element, join, words
from .printer import PrinterPages
from .settings import said
from .shell import GUARDED, SANDBOXED, asset, live, pages_of, path_of, show, state, table_of
from .visit import Visit

if TYPE_CHECKING:
    from ..printer import SpoolPrinter
    from ..service.metrics import ServiceMetrics
    from ..service.service import PrintService

__all__ = ["ServicePages"]

_MOST = 50  # printers on a page
_COLUMNS = {"Printer": "name", "Jobs": "number labelled", "State": "fixed end", "Location": "words wide"}
_AGAIN = 10.0
"""How many seconds the state of all printers together is kept, since it takes long to add up."""


class ServicePages:
    """Answers GET, and the forms of its own pages, for a service: ``pages`` of `ippfast.http.Server`."""

    takes_forms = True

    def __init__(self, service: "PrintService", *, metrics: "ServiceMetrics | None" = None) -> None:
        """metrics: what is shown at ``/metrics``; without it, there is no such page."""
        self._service = service
        self._metrics = metrics
        self._first_pages = FirstPages()
        self._summary: tuple[float, PrinterState, tuple[str, ...]] | None = None

    def __call__(self, request: PageRequest) -> Page | None:
        """The page, or None if there is none of that path."""
        if (file := asset(request)) is not None:
            return file
        path, queues = path_of(request), self._service.queues
        if path == "/metrics":
            metrics = self._metrics
            return None if metrics is None else Page(200, metrics.content_type, metrics.render(), GUARDED)
        if path in ("/", "/printers", "/printers/", "/ipp/print", "/ipp/system"):
            return self._list(request) if request.form is None else None
        for prefix in ("/ipp/print/", "/printers/"):
            if path.startswith(prefix):
                part, slash, rest = path.removeprefix(prefix).partition("/")
                spec = queues.at(part)
                if spec is None:
                    return None
                if path != f"{spec.path}{slash}{rest}":
                    return Page(302, "text/plain", b"", (("Location", spec.path),))
                return self._pages_of(self._service.printer(spec))(request)
        number = path.removeprefix("/jobs/").partition("/")[0]
        if path.startswith("/jobs/") and number.isascii() and number.isdigit() and len(number) < 11:
            key = self._service.storage.queue_of(int(number))
            printer = None if key is None else self._service.printer_of(key)
            return None if printer is None else self._pages_of(printer)(request)
        return self._resource(path) if path.startswith("/ipp/resource/") else None

    def _resource(self, path: str) -> Page | None:
        """The data of an installed resource (PWG 5100.22). It may be anything, so it is sandboxed."""
        number = path.removeprefix("/ipp/resource/").partition("-")[0]
        if not (number.isascii() and number.isdigit() and len(number) < 11):
            return None
        system = self._service.system
        found = system.store.resource(int(number))
        if found is None or found.state != ResourceState.INSTALLED or path != path_of_resource(found):
            return None
        try:
            return Page(200, found.format, data_of(system, found), SANDBOXED)
        except FileNotFoundError:  # the storage has lost them
            return None

    def _pages_of(self, printer: "SpoolPrinter") -> PrinterPages:
        return PrinterPages(printer, first_pages=self._first_pages, overview="/")

    def _list(self, request: PageRequest) -> Page:
        specs = list(self._service.queues.all().values())
        visit = Visit(self._service.system, request)
        last = max(1, -(-len(specs) // _MOST))
        page = min(visit.page("printers"), last)
        rows = [self._row(self._service.printer(spec), request) for spec in specs[(page - 1) * _MOST : page * _MOST]]
        table = table_of(_COLUMNS, rows)
        now, reasons = self._state_of_all()
        count = f"{len(specs):,} {'printer' if len(specs) == 1 else 'printers'}"
        return show(
            "Printers",
            live(
                "system",
                element("h1", said(visit.description, "system-name") or "Printers"),
                element("p", state(now.name.lower()), " ", ", ".join([count, *map(words, reasons)]), role="status"),
            ),
            live("printers", join(table, pages_of("printers", page, last, visit.target)) if rows else _nothing()),
        )

    def _row(self, printer: "SpoolPrinter", request: PageRequest) -> dict[str, Child]:
        visit = Visit(printer, request)
        kept = visit.state
        name, info = said(visit.description, "printer-name"), said(visit.description, "printer-info")
        place = said(visit.description, "printer-location")
        link = element("a", name, href=printer.path, id=f"printer-{printer.queue}", dir="auto")
        more = element("span", info, class_="dim", dir="auto") if info not in ("", name) else None
        taking = None if kept.accepting else element("span", " takes no jobs", class_="dim")
        return {
            "Printer": element("span", link, " ", more),
            "State": element("span", state(kept.state.name.lower()), taking),
            "Jobs": f"{kept.active:,}",
            "Location": element("span", place, dir="auto") if place else None,
        }

    def _state_of_all(self) -> tuple[PrinterState, list[str]]:
        now = time.monotonic()
        known = self._summary
        if known is None or now - known[0] > _AGAIN:
            known = self._summary = (now, *self._service.system.state_of_all())
        return known[1], [reason for reason in known[2] if reason != "none"]


def _nothing() -> Markup:
    return element("p", "There are no printers yet.", class_="dim")
