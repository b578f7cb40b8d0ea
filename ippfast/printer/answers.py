"""What a client is told of the printer, a job or a document: attributes, and the choice among them.

The rule of this file: "requested-attributes" names attributes or groups (RFC 8011 section 4.2.5.1); what the printer
does not have is left out without a word, as that section allows. Times are told as the RFC wants them: in seconds of
the printer's up-time, where what was before the start of this server is 0 (section 5.3.14).
"""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from math import floor

from ippfast import registry
from ippfast.attributes import attribute
from ippfast.codec import Attribute, Collection
from ippfast.enums import DocumentState
from ippfast.tags import DelimiterTag, ValueTag
from ippfast.values import OutOfBand, RangeOfInteger
from ippfast.wrappers import Name, Text

from .calls import Call
from .store import Document, Job, unpack

__all__ = ["Selection", "chosen_media", "document_attributes", "job_attributes", "job_uri", "made", "select"]

_SUFFIXES = ("-default", "-supported", "-ready", "-database", "-configured")

Selection = Callable[[str], bool]
"""Whether an attribute of that name is asked for."""


def made(name: str, value: object) -> Attribute:
    """An attribute with the syntax that the registry gives it; `attribute` under a short name."""
    return attribute(name, value)


def select(call: Call, kind: str, default: Iterable[str] = ("all",)) -> Selection:
    """What is asked for. kind: "printer", "job" or "document". default: what that is where nothing is said."""
    asked = set(call.values("requested-attributes", ValueTag.KEYWORD, ValueTag.NAME)) or set(default)
    groups = _groups_for(kind)

    def selected(name: str) -> bool:
        if name in asked:
            return True
        if name == "media-col-database":  # large: never without being named (PWG 5100.7 section 6.3)
            return False
        return "all" in asked or groups(name) in asked

    return selected


@cache
def _groups_for(kind: str) -> Callable[[str], str]:
    """The group of attributes that one of a printer, job or document belongs to."""

    @cache
    def group(name: str) -> str:
        base = next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), name)
        spec = registry.lookup(base)
        is_template = spec is not None and "Job Template" in spec.groups
        if kind == "printer":
            if spec is not None and base != name and "Subscription Template" in spec.groups:
                return "subscription-template"
            return "job-template" if is_template and base != name else "printer-description"
        if kind == "document":
            return "document-template" if is_template else "document-description"
        return "job-template" if is_template and base == name else "job-description"

    return group


def chosen_media(call: Call, database: Attribute) -> Attribute | None:
    """media-col-database without what a filter leaves out: "media-col" among the operation attributes of
    Get-Printer-Attributes gives members that the media must have (PWG 5100.7 section 6.3)."""
    wanted = call.attributes.get("media-col")
    if wanted is None or not isinstance(wanted.values[0], Collection):
        return database
    chosen = [value for value in database.values if isinstance(value, Collection) and _matches(value, wanted.values[0])]
    return Attribute(database.name, ValueTag.BEG_COLLECTION, chosen) if chosen else None


def _matches(value: Collection, wanted: Collection) -> bool:
    for member in wanted:
        own = value.get(member.name)
        if own is None:
            return False
        given, have = member.values[0], own.values[0]
        if isinstance(given, Collection) and isinstance(have, Collection):
            if not _matches(have, given):
                return False
        elif isinstance(have, RangeOfInteger) and isinstance(given, int):
            if given not in have:
                return False
        elif given != have:
            return False
    return True


def date_time(seconds: float | None) -> datetime | OutOfBand:
    """A moment as a dateTime has it; no-value where there is none."""
    return OutOfBand.NO_VALUE if seconds is None else datetime.fromtimestamp(seconds, UTC)


def job_uri(call: Call, job: Job) -> str:
    """The job's URI, with the host by which the client knows the printer."""
    return f"{call.printer.uri(call.incoming)}/{job.id}"


# What everybody may know of a job; the rest is for its owner and for operators.
PUBLIC = frozenset(
    {
        "job-id",
        "job-uri",
        "job-printer-uri",
        "job-printer-up-time",
        "job-state",
        "job-state-reasons",
        "job-uuid",
        "job-k-octets",
        "job-priority",
        "number-of-documents",
        "number-of-intervening-jobs",
        "time-at-creation",
        "time-at-processing",
        "time-at-completed",
        "date-time-at-creation",
        "date-time-at-processing",
        "date-time-at-completed",
    }
)
# What a client gives and never gets back.
_SECRET = frozenset({"job-password", "job-password-encryption", "document-password"})


def job_attributes(call: Call, job: Job, selected: Selection) -> list[Attribute]:
    """The attributes of a job that are asked for and may be seen."""
    printer = call.printer
    start = printer.started

    def at(seconds: float | None) -> int | OutOfBand:
        return OutOfBand.NO_VALUE if seconds is None else max(0, floor(seconds - start) + 1)

    found: dict[str, Callable[[], object]] = {
        "job-id": lambda: job.id,
        "job-uri": lambda: job_uri(call, job),
        "job-printer-uri": lambda: printer.uri(call.incoming),
        "job-uuid": lambda: job.uuid,
        "job-name": lambda: Name(job.name),
        "job-originating-user-name": lambda: Name(job.user),
        "job-state": lambda: job.state,
        "job-state-reasons": lambda: list(job.reasons),
        "job-state-message": lambda: Text(job.message),
        "job-printer-up-time": lambda: printer.up_time,
        "job-k-octets": lambda: -(-job.octets // 1024),
        "job-k-octets-processed": lambda: -(-job.octets // 1024) if job.completed is not None else 0,
        "job-impressions": lambda: OutOfBand.NO_VALUE,
        "job-impressions-completed": lambda: 0,
        "job-media-sheets": lambda: OutOfBand.NO_VALUE,
        "job-media-sheets-completed": lambda: 0,
        "number-of-documents": lambda: job.documents,
        "number-of-intervening-jobs": lambda: printer.store.ahead_of(job),
        "time-at-creation": lambda: at(job.created),
        "time-at-processing": lambda: at(job.processing),
        "time-at-completed": lambda: at(job.completed),
        "date-time-at-creation": lambda: date_time(job.created),
        "date-time-at-processing": lambda: date_time(job.processing),
        "date-time-at-completed": lambda: date_time(job.completed),
        "output-device-assigned": lambda: printer.description.text("printer-name"),
        "job-more-info": lambda: printer.page_uri(call.incoming, f"jobs/{job.id}"),
        "job-priority": lambda: job.priority,
    }
    visible = call.may_see(job) or not printer.private
    names = [name for name in found if selected(name) and (visible or name in PUBLIC)]
    answer = [made(name, found[name]()) for name in names]
    if visible:
        own = {each.name: each for each in job.attributes}
        if "job-hold-until" not in own:
            own["job-hold-until"] = made("job-hold-until", "indefinite" if job.held else "no-hold")
        answer += [each for name, each in own.items() if name not in found and name not in _SECRET and selected(name)]
    return answer


def document_attributes(call: Call, job: Job, document: Document, selected: Selection) -> list[Attribute]:
    """The attributes of a document that are asked for (PWG 5100.5)."""
    start = call.printer.started

    def at(seconds: float | None) -> int | OutOfBand:
        return OutOfBand.NO_VALUE if seconds is None else max(0, floor(seconds - start) + 1)

    state = document.state
    if state == DocumentState.PENDING:
        # A document is what its job is; the numbers are the same (PWG 5100.5 section 9.1).
        state = DocumentState(job.state) if job.state != 4 else DocumentState.PENDING
    found: dict[str, object] = {
        "document-number": document.number,
        "document-job-id": job.id,
        "document-job-uri": job_uri(call, job),
        "document-printer-uri": call.printer.uri(call.incoming),
        "document-state": state,
        "document-state-reasons": ["none"] if not job.ended else list(job.reasons),
        "document-format": document.format,
        "document-name": Name(document.name),
        "document-uuid": f"urn:uuid:{_uuid(document.file)}",
        "k-octets": -(-document.octets // 1024),
        "last-document": not job.open and document.number == job.documents,
        "printer-up-time": call.printer.up_time,
        "time-at-creation": at(document.created),
        "time-at-processing": at(job.processing),
        "time-at-completed": at(job.completed),
    }
    answer = [attribute(name, value, group=DelimiterTag.DOCUMENT) for name, value in found.items() if selected(name)]
    return answer + [each for each in unpack(document.ticket) if each.name not in found and selected(each.name)]


def _uuid(token: str) -> str:
    """A random file name in the form of a UUID of version 4 (RFC 9562 section 5.4)."""
    digits = f"{token[:12]}4{token[13:16]}a{token[17:]}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
