"""The attributes of the printer, a job or a document for an answer, and the choice among them.

The rule of this file: "requested-attributes" names attributes or groups (RFC 8011 section 4.2.5.1); what the printer
does not have is left out, as that section allows. Times are in seconds of the printer's up-time, which goes on over a
restart (section 5.3.14).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import TypeVar

from ippfast import registry
from ippfast.attributes import attribute
from ippfast.codec import Attribute, AttributeGroup, Collection
from ippfast.enums import DocumentState, JobState
from ippfast.tags import DelimiterTag, ValueTag
from ippfast.values import DateTime, OutOfBand, RangeOfInteger
from ippfast.wrappers import Name, NaturalLanguage, Text

from .calls import Call
from .counting import counts_of_document
from .storage.rows import WAITING, Document, Job, told_state, unpack

__all__ = [
    "Asked",
    "Selection",
    "among",
    "bounded",
    "chosen_media",
    "document_attributes",
    "job_uri",
    "may_be_kept",
    "readable",
    "select",
    "within",
]

_T = TypeVar("_T")

_MOST_NAMES = 64
_LONGEST_NAME = 255
"""The most characters of a name (RFC 8011 section 5.1.4). requested-attributes may have longer ones."""

_MOST_VALUES = 200_000
_SUFFIXES = ("-default", "-supported", "-ready", "-database", "-configured")

_GROUPS = frozenset(
    {
        "all",
        "document-description",
        "document-template",
        "job-description",
        "job-template",
        "printer-description",
        "subscription-template",
    }
)
"""The names of groups of attributes that `_group_of` knows, and ``all`` (RFC 8011 section 4.2.5.1)."""

Selection = Callable[[str], bool]
"""A function that says whether an attribute of that name is asked for."""


def bounded(printers: Iterable[list[Attribute]]) -> list[AttributeGroup]:
    """The first printers, as many as an answer may have."""
    counted = ((sum([len(each.values) for each in attributes]), attributes) for attributes in printers)
    return [AttributeGroup(DelimiterTag.PRINTER, attributes) for attributes in within(counted)]


def within(counted: Iterable[tuple[int, _T]]) -> Iterator[_T]:
    """The first items, as many as an answer may have: a client asks for the next ones by first-index.

    counted: pairs of a number of values and an item.
    """
    values = 0
    for first, (count, each) in enumerate(counted):
        values += count
        if first and values > _MOST_VALUES:
            return
        yield each


def select(call: Call, kind: str, default: Iterable[str] = ("all",)) -> "Asked":
    """The attributes that are asked for. kind: "printer", "job" or "document". default: used if the request names
    none."""
    return Asked(kind, frozenset(call.values("requested-attributes", ValueTag.KEYWORD, ValueTag.NAME) or default))


class Asked:
    """A `Selection`. asked: the names of the attributes and groups that are asked for."""

    __slots__ = ("asked", "kind")

    def __init__(self, kind: str, asked: frozenset[str]) -> None:
        self.kind = kind
        self.asked = asked

    def __call__(self, name: str) -> bool:
        if name in self.asked:
            return True
        if name == "media-col-database":  # large: given only if it is named itself (PWG 5100.7 section 6.3)
            return False
        return "all" in self.asked or _group_of(self.kind, name) in self.asked

    def among(self, names: Iterable[str]) -> list[str]:
        """Those of the names that are asked for, found at once: a service lists thousands of printers."""
        asked = self.asked
        if asked.isdisjoint(_GROUPS):
            return [name for name in names if name in asked]
        if "all" in asked:
            return [name for name in names if name != "media-col-database" or name in asked]
        return [name for name in names if self(name)]


def may_be_kept(names: frozenset[str] | tuple[object, ...]) -> bool:
    """Whether the answer for these names may be kept: clients choose their number and length, so both have a limit."""
    return len(names) <= _MOST_NAMES and all(isinstance(name, str) and len(name) <= _LONGEST_NAME for name in names)


def among(selected: Selection, names: Iterable[str]) -> list[str]:
    """Those of the names that are asked for, in their order."""
    return selected.among(names) if isinstance(selected, Asked) else list(filter(selected, names))


@lru_cache(maxsize=4_096)  # clients give names too
def _group_of(kind: str, name: str) -> str:
    """The group that an attribute of a printer, job or document belongs to."""
    base = next((name.removesuffix(suffix) for suffix in _SUFFIXES if name.endswith(suffix)), name)
    spec = registry.lookup(base)
    is_template = spec is not None and "Job Template" in spec.groups
    if spec is None and any(registry.lookup(f"{each}/{base}") for each in ("media-col", "finishings-col")):
        is_template = True  # media-type-supported goes with media-col-supported (RFC 8011 section 4.2.5.1)
    if kind == "printer":
        if spec is not None and base != name and "Subscription Template" in spec.groups:
            return "subscription-template"
        return "job-template" if is_template and base != name else "printer-description"
    if kind == "document":
        return "document-template" if is_template else "document-description"
    return "job-template" if is_template and base == name else "job-description"


def chosen_media(call: Call, database: Attribute) -> Attribute | None:
    """media-col-database, filtered: "media-col" among the operation attributes of Get-Printer-Attributes gives members
    that the media must have (PWG 5100.7 section 6.3)."""
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


_UNREADABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


def readable(name: str) -> str:
    """A client's name without control characters and broken UTF-8: libcups refuses a whole answer that has one."""
    return _UNREADABLE.sub("\N{REPLACEMENT CHARACTER}", name)


def job_uri(call: Call, job: Job) -> str:
    """The job's URI, with the host by which the client knows the printer."""
    return f"{call.printer.uri(call.incoming)}/{job.id}"


_REASONS = {
    "job-completed-successfully": "completed-successfully",
    "job-completed-with-errors": "completed-with-errors",
    "job-completed-with-warnings": "completed-with-warnings",
    "job-canceled-by-user": "canceled-by-user",
    "job-canceled-by-operator": "canceled-by-operator",
    "job-incoming": "incoming",
    "job-printing": "printing",
    "aborted-by-system": "aborted-by-system",
    "processing-to-stop-point": "processing-to-stop-point",
}
"""The keywords of job-state-reasons, with the keyword of document-state-reasons for each (PWG 5100.5 section 9.3)."""


def _document_state(job: Job, document: Document) -> DocumentState:
    """The state of a document is its job's, by the same number (PWG 5100.5 section 9.1). While a job of several
    documents is being output, each has its own state. A canceled document stays canceled."""
    if document.state in (DocumentState.CANCELED, DocumentState.ABORTED):
        return document.state
    of_job = told_state(job.state, job.reasons)
    if of_job in WAITING:
        return DocumentState.PENDING
    if job.documents < 2 or of_job == JobState.COMPLETED or document.state == DocumentState.PROCESSING:
        return DocumentState(of_job)
    return document.state if document.state == DocumentState.COMPLETED or not job.ended else DocumentState(of_job)


def document_attributes(call: Call, job: Job, document: Document, selected: Selection) -> list[Attribute]:
    """The attributes of a document that are asked for (PWG 5100.5)."""
    printer = call.printer

    def at(moment: float | None) -> int | OutOfBand:
        return OutOfBand.NO_VALUE if moment is None else printer.up_time_at(moment)

    def date(moment: float | None) -> DateTime | OutOfBand:
        return OutOfBand.NO_VALUE if moment is None else DateTime.from_datetime(printer.date_at(moment))

    state = _document_state(job, document)
    waits = state == DocumentState.PENDING
    begun = None if waits else job.processing
    size = -(-document.octets // 1024)
    done = state == DocumentState.COMPLETED
    counts = counts_of_document(printer, {each.name: each for each in job.attributes}, document)
    found: dict[str, object] = {
        "document-number": document.number,
        "document-job-id": job.id,
        "document-job-uri": job_uri(call, job),
        "document-printer-uri": call.printer.uri(call.incoming),
        "document-state": state,
        "document-state-reasons": ["none"]
        if waits
        else [_REASONS[r] for r in job.reasons if r in _REASONS] or ["none"],
        "document-state-message": Text(""),
        "document-format": document.format,
        "document-name": Name(readable(document.name)),
        "document-uuid": f"urn:uuid:{_uuid(document.key)}",
        "attributes-charset": "utf-8",
        "attributes-natural-language": NaturalLanguage("en"),
        "pages": OutOfBand.NO_VALUE if counts is None else counts.pages,
        "impressions": OutOfBand.NO_VALUE if counts is None else counts.impressions,
        "media-sheets": OutOfBand.NO_VALUE if counts is None else counts.sheets,
        "pages-completed": counts.pages if done and counts is not None else 0,
        "impressions-completed": counts.done if done and counts is not None else 0,
        "media-sheets-completed": counts.sheets if done and counts is not None else 0,
        "k-octets": size,
        "k-octets-processed": size if done else 0,
        "last-document": not job.open and document.number == job.documents,
        "printer-up-time": call.printer.up_time,
        "time-at-creation": at(document.created),
        "time-at-processing": at(begun),
        "time-at-completed": at(job.completed),
        "date-time-at-creation": date(document.created),
        "date-time-at-created": date(document.created),  # the same by an older name, which is registered too
        "date-time-at-processing": date(begun),
        "date-time-at-completed": date(job.completed),
    }
    kept = {each.name: each for each in unpack(document.ticket)}
    if state != DocumentState.CANCELED:  # the job was restarted, or this is a copy of a canceled document
        for name in _OF_CANCELED:
            kept.pop(name, None)
    answer = [
        kept.pop(name) if name in kept else attribute(name, value, group=DelimiterTag.DOCUMENT)
        for name, value in found.items()
        if selected(name)
    ]
    if selected("time-at-created"):  # some clients ask for it, though the registry has only time-at-creation
        answer.append(Attribute("time-at-created", ValueTag.INTEGER, [printer.up_time_at(document.created)]))
    return answer + [each for name, each in kept.items() if name not in found and selected(name)]


_OF_CANCELED = ("document-state-reasons", "document-state-message")


def _uuid(token: str) -> str:
    """A random file name in the form of a UUID of version 4 (RFC 9562 section 5.4)."""
    digits = f"{token[:12]}4{token[13:16]}a{token[17:]}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
