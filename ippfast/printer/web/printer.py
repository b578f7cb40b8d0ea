"""The pages of a printer: `PrinterPages` finds out which one a request is for, and puts it together.

The rule of this file: `PrinterPages.__call__` lists the pages; the parts of a page are in the files beside this one.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from ippfast.enums import Operation
from ippfast.http.incoming import Page, PageRequest

from ..storage.rows import ACTIVE, ENDED, Job
from .actions import act, button, hidden
from .adding import adding
from .first_page import FirstPages, can_draw
from .jobs import buttons, facts, job_list, state_of
from .markup import Child, Markup, element, words
from .settings import said, settings_form
from .shell import GUARDED, alert, asset, live, path_of, picture, redirect, show, state
from .supplies import supply_list
from .visit import Visit

if TYPE_CHECKING:
    from ..metrics import Metrics
    from ..printer import SpoolPrinter

__all__ = ["PrinterPages"]


class PrinterPages:
    """Answers GET, and the forms of its own pages: ``pages`` of `ippfast.http.Server`.

    metrics: what is shown at ``/metrics``; without it, there is no such page. first_pages: draws and keeps the pictures
    of jobs' first pages; several may share it. overview: the target of the page that lists all printers, if there is
    one.
    """

    takes_forms = True

    def __init__(
        self,
        printer: "SpoolPrinter",
        *,
        metrics: "Metrics | None" = None,
        first_pages: FirstPages | None = None,
        overview: str | None = None,
    ) -> None:
        self._printer = printer
        self._metrics = metrics
        self._first_pages = first_pages or FirstPages()
        self._overview = overview

    def __call__(self, request: PageRequest) -> Page | None:
        """The page, or None if there is none of that path."""
        path, own = path_of(request), self._printer.path
        if (file := asset(request)) is not None:
            return file
        if path in ("/", own):
            return self._answer(request, self._printer_page)
        if path in ("/supplies", f"{own}/supplies"):
            return self._answer(request, self._supplies_page)
        if path.startswith("/jobs/"):
            number, _, rest = path.removeprefix("/jobs/").partition("/")
            job = self._job(number)
            if job is not None and not rest:
                return self._answer(request, lambda visit, status: self._job_page(visit, status, job.id))
            return self._picture(request, job) if job is not None and rest == "page.png" else None
        if path == "/metrics" and self._metrics is not None:
            return Page(200, self._metrics.content_type, self._metrics.render(), GUARDED)
        return None

    def _answer(self, request: PageRequest, page: Callable[[Visit, int], Page]) -> Page:
        """The page; for a form, after it is carried out, or with the reason why it was not."""
        visit = Visit(self._printer, request)
        if request.form is None:
            return page(visit, 200)
        failed = act(visit, self._metrics or self._printer)
        if failed is None:
            return redirect(request.head.target)  # so that nothing is done again when the page is loaded again
        status, why = failed
        return page(Visit(self._printer, request, why), status)

    def _job(self, number: str) -> Job | None:
        sound = number.isascii() and number.isdigit() and len(number) < 19
        return self._printer.store.job(int(number)) if sound else None

    def _printer_page(self, visit: Visit, status: int) -> Page:
        ended = visit.printer.store.count(ENDED)
        supplies = supply_list(visit)
        return show(
            _name(visit),
            self._crumbs(visit, to_printer=False),
            alert(visit.failed),
            live("printer", _head(visit), _switches(visit)),
            live(
                "waiting",
                element("h2", "Jobs"),
                job_list(visit, "jobs", ACTIVE, visit.state.active, "No jobs are waiting."),
            ),
            live("ended", element("h2", "Ended jobs"), job_list(visit, "done", ENDED, ended, "None yet.")),
            None if supplies is None else live("supplies", element("h2", "Supplies"), supplies),
            adding(visit),
            settings_form(visit, hidden(visit, Operation.SET_PRINTER_ATTRIBUTES))
            if visit.may(Operation.SET_PRINTER_ATTRIBUTES)
            else None,
            status=status,
        )

    def _job_page(self, visit: Visit, status: int, job_id: int) -> Page:
        job = visit.printer.store.job(job_id)
        if job is None:  # it was forgotten meanwhile
            return show("No such job", self._crumbs(visit), element("h1", "There is no such job any more"), status=404)
        name = job.name if visit.sees(job) else ""
        return show(
            f"Job {job.id}",
            self._crumbs(visit),
            alert(visit.failed),
            element(
                "div",
                live(
                    "job",
                    element("h1", f"Job {job.id}", ": " if name else None, name),
                    element("p", state_of(job)),
                    facts(visit, job),
                    buttons(visit, job),
                ),
                _figure(visit, job),
                class_="sides",
            ),
            status=status,
        )

    def _supplies_page(self, visit: Visit, status: int) -> Page:
        found = supply_list(visit) or element("p", "No supplies are known.", class_="dim")
        return show("Supplies", self._crumbs(visit), element("h1", "Supplies"), live("supplies", found), status=status)

    def _picture(self, request: PageRequest, job: Job) -> Page | None:
        if not Visit(self._printer, request).reads(job):
            return None
        found = self._first_pages.of(self._printer, job)
        return None if found is None else picture(request, found)

    def _crumbs(self, visit: Visit, *, to_printer: bool = True) -> Markup | None:
        links: list[Child] = []
        if self._overview is not None:
            links.append(element("a", "All printers", href=self._overview))
        if to_printer:
            links += [" / " if links else None, element("a", _name(visit), href=visit.printer.path or "/")]
        return element("nav", links, class_="crumbs", aria_label="Where this is") if links else None


def _name(visit: Visit) -> str:
    return said(visit.description, "printer-info") or said(visit.description, "printer-name")


def _head(visit: Visit) -> Markup:
    kept = visit.state
    reasons = [words(reason) for reason in kept.reasons if reason != "none"]
    accepting = "takes jobs" if kept.accepting else "takes no jobs"
    model, place = (said(visit.description, f"printer-{each}") for each in ("make-and-model", "location"))
    message = said(visit.description, "printer-message-from-operator")
    return element(
        "header",
        element("img", src="/icon.png", alt="", width=64, height=64),
        element(
            "div",
            element("h1", _name(visit), dir="auto"),
            element("p", state(kept.state.name.lower()), " ", ", ".join([*reasons, accepting]), role="status"),
            element("p", kept.message) if kept.message else None,
            element("p", " \N{MIDDLE DOT} ".join(each for each in (model, place) if each), class_="dim"),
            element("p", message, dir="auto") if message else None,
        ),
    )


def _switches(visit: Visit) -> Markup | None:
    kept = visit.state
    found = [
        button(visit, Operation.RESUME_PRINTER, "Resume")
        if kept.paused
        else button(visit, Operation.PAUSE_PRINTER, "Pause"),
        button(visit, Operation.DISABLE_PRINTER, "Take no jobs")
        if kept.accepting
        else button(visit, Operation.ENABLE_PRINTER, "Take jobs"),
    ]
    return element("div", found, class_="buttons") if any(found) else None


def _figure(visit: Visit, job: Job) -> Markup | None:
    """The first page, for those who may see it."""
    if not visit.reads(job):
        return None
    document = next(iter(visit.printer.store.documents(job.id)), None)
    if document is None or not can_draw(document.format):
        return None
    return element(
        "figure",
        element("img", src=f"/jobs/{job.id}/page.png", alt="The first page", data_optional=True),
        element("figcaption", "The first page"),
    )
