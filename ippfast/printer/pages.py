"""The printer's web page: its state, its jobs, its supplies, for a browser without scripts.

The rule of this file: whatever anybody sent is text, escaped, and nothing that it says can be followed, loaded or run
(the policy in each answer's head says so too). Of a job, a page tells no more than Get-Job-Attributes does.
"""

import html
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.resources import files
from typing import TYPE_CHECKING

from ippfast.enums import JobState
from ippfast.http.incoming import Page, PageRequest

from .store import ACTIVE, ENDED, Job

if TYPE_CHECKING:
    from .metrics import Metrics
    from .printer import SpoolPrinter

__all__ = ["PrinterPages"]

_MOST_JOBS = 50
_REFRESH = 10  # seconds

_HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'none'; style-src 'unsafe-inline'; img-src 'self'; frame-ancestors 'none'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Cache-Control", "no-store"),
)

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --dim: #777; --good: #2a8f4d; --busy: #2f6fd0; --bad: #c0392b; }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1.5rem 1rem 3rem; }
header { display: flex; gap: 1rem; align-items: center; }
header img { width: 64px; height: 64px; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; }
p { margin: .2rem 0; } .dim { color: var(--dim); }
.state { display: inline-block; padding: 0 .6em; border-radius: 1em; color: #fff; background: var(--good); }
.processing { background: var(--busy); } .stopped, .aborted, .canceled { background: var(--bad); }
.pending, .pending-held, .processing-stopped { background: var(--dim); }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .4rem .6rem .4rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
th { font-weight: 600; font-size: .85rem; color: var(--dim); } td { overflow-wrap: anywhere; }
td.number, th.number { text-align: right; padding-right: 1.2rem; font-variant-numeric: tabular-nums; }
.bar { display: inline-block; width: 12rem; height: .8rem; border: 1px solid var(--line); border-radius: .4rem;
  overflow: hidden; vertical-align: middle; margin-right: .6rem; }
.bar span { display: block; height: 100%; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; }
dt { color: var(--dim); } dd { margin: 0; }
"""

_COLORS = {"black": "#333", "cyan": "#00a5c8", "magenta": "#c8288c", "yellow": "#d9b600"}


class PrinterPages:
    """Answers GET for a printer: ``pages`` of `ippfast.http.Server`.

    metrics: what is shown at ``/metrics``; without it, there is no such page.
    """

    def __init__(self, printer: "SpoolPrinter", *, metrics: "Metrics | None" = None) -> None:
        self._printer = printer
        self._metrics = metrics

    def __call__(self, request: PageRequest) -> Page | None:
        """The page, or None where there is none of that path."""
        path = request.head.target.partition("?")[0]
        if path in ("/", self._printer.path):
            return self._show(self._printer_page(request))
        if path == "/supplies":
            return self._show(self._supplies_page())
        if path.startswith("/jobs/"):
            return self._job_page(request, path.removeprefix("/jobs/"))
        if path == "/icon.png":
            icon = files(__package__).joinpath("icon.png").read_bytes()
            return Page(200, "image/png", icon, (("Cache-Control", "max-age=86400"), _HEADERS[1]))
        if path == "/metrics" and self._metrics is not None:
            return Page(200, self._metrics.content_type, self._metrics.render(), _HEADERS)
        return None

    def _show(self, body: str, *, refresh: bool = True) -> Page:
        name = self._printer.description.text("printer-info") or self._printer.description.text("printer-name")
        again = f'<meta http-equiv="refresh" content="{_REFRESH}">' if refresh else ""
        page = (
            '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width, initial-scale=1">{again}'
            f'<title>{_text(name)}</title><link rel="icon" href="/icon.png"><style>{_STYLE}</style></head>'
            f"<body>{body}</body></html>\n"
        )
        return Page(200, "text/html; charset=utf-8", page.encode("utf-8", "backslashreplace"), _HEADERS)

    def _printer_page(self, request: PageRequest) -> str:
        printer = self._printer
        describe = printer.description.text
        reasons = [reason for reason in printer.reasons if reason != "none"]
        accepting = "accepts jobs" if printer.accepting else "does not accept jobs"
        place = describe("printer-location")
        dot = " &middot; " if place else ""
        active = printer.store.jobs(ACTIVE, limit=_MOST_JOBS)
        ended = printer.store.jobs(ENDED, limit=_MOST_JOBS)
        state = printer.state.name.lower()
        more = f" and {count - len(active):,} more" if (count := printer.store.count()) > len(active) else ""
        return (
            f'<header><img src="/icon.png" alt=""><div><h1>{_text(describe("printer-info"))}</h1>'
            f'<p><span class="state {state}">{state}</span> {_text(", ".join([*reasons, accepting]))}</p>'
            f'<p class="dim">{_text(describe("printer-make-and-model"))}{dot}{_text(place)}</p>'
            f"</div></header>"
            f"<h2>Jobs{more}</h2>{self._job_table(request, active, 'No jobs are waiting.')}"
            f"<h2>Ended jobs</h2>{self._job_table(request, ended, 'None yet.')}"
            f"<h2>Supplies</h2>{self._supply_table()}"
        )

    def _job_table(self, request: PageRequest, jobs: Iterable[Job], nothing: str) -> str:
        rows = [self._job_row(request, job) for job in jobs]
        if not rows:
            return f'<p class="dim">{nothing}</p>'
        head = '<tr><th class="number">Job<th>State<th>Name<th>Owner<th class="number">Size<th>Created'
        return f"<table>{head}{''.join(rows)}</table>"

    def _job_row(self, request: PageRequest, job: Job) -> str:
        name, user = (job.name, job.user) if self._may_see(request, job) else ("", "")
        return (
            f'<tr><td class="number"><a href="/jobs/{job.id}">{job.id}</a><td>{_state(job.state)}<td>{_text(name)}'
            f'<td>{_text(user)}<td class="number">{_size(job.octets)}<td>{_moment(job.created)}'
        )

    def _job_page(self, request: PageRequest, number: str) -> Page | None:
        if not (number.isascii() and number.isdigit() and len(number) < 19):
            return None
        job = self._printer.store.job(int(number))
        if job is None:
            return None
        told = {
            "State": _state(job.state),
            "Reasons": _text(", ".join(job.reasons)),
            "Documents": str(job.documents),
            "Size": _size(job.octets),
            "Priority": str(job.priority),
            "Created": _moment(job.created),
            "Begun": _moment(job.processing),
            "Ended": _moment(job.completed),
        }
        if self._may_see(request, job):
            told = {"Name": _text(job.name), "Owner": _text(job.user), **told, "Message": _text(job.message)}
        rows = "".join(f"<dt>{name}<dd>{value or '&ndash;'}" for name, value in told.items())
        body = f'<p><a href="/">Back to the printer</a></p><h1>Job {job.id}</h1><dl>{rows}</dl>'
        return self._show(body, refresh=not job.ended)

    def _may_see(self, request: PageRequest, job: Job) -> bool:
        printer = self._printer
        is_owner = request.user is not None and request.user == job.user
        return is_owner or not printer.private or printer.is_operator(request)

    def _supplies_page(self) -> str:
        return f'<p><a href="/">Back to the printer</a></p><h1>Supplies</h1>{self._supply_table()}'

    def _supply_table(self) -> str:
        """The printer's supplies (printer-supply, PWG 5100.13 section 5.6): what is known of each, and a bar."""
        description = self._printer.description
        names = [str(name) for name in description.values("printer-supply-description")]
        rows = []
        for place, value in enumerate(description.values("printer-supply")):
            fields = _fields(value)
            name = names[place] if place < len(names) else fields.get("type", "")
            rows.append(f"<tr><td>{_text(name)}<td>{_bar(fields)}")
        return f"<table>{''.join(rows)}</table>" if rows else '<p class="dim">Nothing is known of them.</p>'


def _fields(value: object) -> dict[str, str]:
    """``type=toner;level=80;`` as a dictionary."""
    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return {name.strip().lower(): what.strip() for name, _, what in (part.partition("=") for part in text.split(";"))}


def _bar(fields: dict[str, str]) -> str:
    try:
        level, most = int(fields.get("level", "")), int(fields.get("maxcapacity", "100"))
    except ValueError:
        return "unknown"
    if level < 0 or most <= 0:
        return "some is left" if level == -3 else "unknown"
    share = min(100, round(100 * level / most))
    color = _COLORS.get(fields.get("colorantname", "").lower(), "#777")
    return f'<span class="bar"><span style="width: {share}%; background: {color}"></span></span>{share} %'


def _text(text: str) -> str:
    """Text of anybody's, as it may stand in a page: nothing in it is markup, controls or turns the line around."""
    return html.escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text))


def _state(state: JobState) -> str:
    word = state.name.lower().replace("_", "-")
    return f'<span class="state {word}">{word}</span>'


def _size(octets: int) -> str:
    size, unit = float(octets), "B"
    for unit in ("B", "kB", "MB", "GB"):  # the last is kept
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"


def _moment(seconds: float | None) -> str:
    return "" if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
