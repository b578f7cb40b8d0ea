"""The attributes of a job for an answer.

The rule of this file: a table has each attribute that the printer gives a job, with its syntax and where its value
comes from; the attributes that the client gave are added. An answer may have thousands of jobs, so the registry is not
asked (a test compares the table with it), and a request's choice of attributes is made once.
"""

from collections.abc import Callable
from functools import lru_cache

from ippfast.codec import Attribute
from ippfast.enums import JobState
from ippfast.tags import ValueTag
from ippfast.values import DateTime, OutOfBand

from .access import PUBLIC, may_see, told_user
from .actual import actual, actual_names
from .answers import Asked, Selection, job_uri, readable
from .calls import Call
from .counting import Counts, counts_of_job
from .description import Description
from .storage.rows import WAITING, Job, QueueState, told_state
from .template import as_printed

__all__ = ["TABLE", "job_attributes"]


class _Told:
    """A job in an answer. own: the attributes that the client gave; none if the user who asks may not see them."""

    __slots__ = ("_counts", "ahead", "call", "completed", "job", "own", "state")

    def __init__(self, call: Call, job: Job, state: QueueState, ahead: int | None, own: dict[str, Attribute]) -> None:
        self.call = call
        self.job = job
        self.state = state
        self.ahead = ahead
        self.own = own
        self.completed = job.state == JobState.COMPLETED
        self._counts: Counts | bool | None = False  # not looked at

    def at(self, moment: float | None) -> int | OutOfBand:
        """A time in seconds of printer-up-time, or as `Call.as_cups` says."""
        return OutOfBand.NO_VALUE if moment is None else self.call.up_time_at(moment, self.state)

    def date(self, moment: float | None) -> DateTime | OutOfBand:
        """A time as a date."""
        return OutOfBand.NO_VALUE if moment is None else DateTime.from_datetime(self.call.printer.date_at(moment))

    def counted(self, name: str, otherwise: int | OutOfBand) -> int | OutOfBand:
        """One of the `Counts` of the job. otherwise: the value if it is not known."""
        if self._counts is False:
            self._counts = counts_of_job(self.call.printer, self.job, self.own)
        value: int | None = getattr(self._counts, name, None)
        return otherwise if value is None else value

    def intervening(self) -> int:
        """How many jobs are to be processed before it."""
        return self.call.printer.store.ahead_of([self.job])[0] if self.ahead is None else self.ahead

    def k_octets(self) -> int:
        """Its documents' size in units of 1,024 octets (RFC 8011 section 5.3.17.1)."""
        return -(-self.job.octets // 1024)


TABLE: dict[str, tuple[ValueTag, Callable[[_Told], object]]] = {
    "job-id": (ValueTag.INTEGER, lambda told: told.job.id),
    "job-uri": (ValueTag.URI, lambda told: job_uri(told.call, told.job)),
    "job-printer-uri": (ValueTag.URI, lambda told: told.call.printer.uri(told.call.incoming)),
    "job-uuid": (ValueTag.URI, lambda told: told.job.uuid),
    "job-name": (ValueTag.NAME, lambda told: readable(told.job.name)),
    "job-originating-user-name": (ValueTag.NAME, lambda told: readable(told_user(told.job.user))),
    "job-state": (ValueTag.ENUM, lambda told: told_state(told.job.state, told.job.reasons)),
    "job-state-reasons": (ValueTag.KEYWORD, lambda told: list(told.job.reasons)),
    "job-state-message": (ValueTag.TEXT, lambda told: told.job.message),
    "job-printer-up-time": (ValueTag.INTEGER, lambda told: told.at(told.call.printer.store.now())),
    "job-k-octets": (ValueTag.INTEGER, lambda told: told.k_octets()),
    "job-k-octets-processed": (
        ValueTag.INTEGER,
        lambda told: told.k_octets() if told.job.completed is not None else 0,
    ),
    "attributes-charset": (ValueTag.CHARSET, lambda told: "utf-8"),
    "attributes-natural-language": (ValueTag.NATURAL_LANGUAGE, lambda told: "en"),
    "job-pages": (ValueTag.INTEGER, lambda told: told.counted("pages", OutOfBand.NO_VALUE)),
    "job-pages-completed": (ValueTag.INTEGER, lambda told: told.counted("pages", 0) if told.completed else 0),
    "job-impressions": (ValueTag.INTEGER, lambda told: told.counted("impressions", OutOfBand.NO_VALUE)),
    "job-impressions-completed": (
        ValueTag.INTEGER,
        lambda told: told.counted("done", told.job.impressions) if told.completed else told.job.impressions,
    ),
    "job-media-sheets": (ValueTag.INTEGER, lambda told: told.counted("sheets", OutOfBand.NO_VALUE)),
    "job-media-sheets-completed": (
        ValueTag.INTEGER,
        lambda told: told.counted("sheets", told.job.sheets) if told.completed else told.job.sheets,
    ),
    "number-of-documents": (ValueTag.INTEGER, lambda told: told.job.documents),
    "number-of-intervening-jobs": (ValueTag.INTEGER, lambda told: told.intervening()),
    "time-at-creation": (ValueTag.INTEGER, lambda told: told.at(told.job.created)),
    "time-at-processing": (ValueTag.INTEGER, lambda told: told.at(told.job.processing)),
    "time-at-completed": (ValueTag.INTEGER, lambda told: told.at(told.job.completed)),
    "date-time-at-creation": (ValueTag.DATE_TIME, lambda told: told.date(told.job.created)),
    "date-time-at-processing": (ValueTag.DATE_TIME, lambda told: told.date(told.job.processing)),
    "date-time-at-completed": (ValueTag.DATE_TIME, lambda told: told.date(told.job.completed)),
    "output-device-assigned": (ValueTag.NAME, lambda told: told.call.printer.description.text("printer-name")),
    "job-more-info": (ValueTag.URI, lambda told: told.call.printer.page_uri(told.call.incoming, f"jobs/{told.job.id}")),
    "job-priority": (ValueTag.INTEGER, lambda told: told.job.priority),
}

# What a client knows better than the printer.
_CLAIMED = frozenset({"attributes-natural-language", "job-impressions", "job-media-sheets", "job-pages"})
# What depends on what the client gave.
_MIXED = _CLAIMED | {name for name in TABLE if name.endswith("-completed")}
# What a client gives and never gets back.
_SECRET = frozenset({"job-password", "job-password-encryption", "document-password"})


_PLAIN = TABLE.keys() - _MIXED


@lru_cache(maxsize=8)  # a request asks the same of thousands of jobs
def _chosen(selected: Selection) -> tuple[str, ...]:
    """The names of the table that are asked for."""
    return tuple(name for name in TABLE if selected(name))


@lru_cache(maxsize=8)
def _wanted(selected: Selection, description: Description) -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in actual_names(description) if selected(pair[1]))


def _made(told: _Told, name: str) -> Attribute:
    """An attribute with the printer's value. The size of the job is the client's, if the documents do not tell it."""
    tag, value_of = TABLE[name]
    own = told.own.get(name) if name in _CLAIMED else None
    if own is not None and (told.job.pages is None or name == "attributes-natural-language"):
        return own
    value = value_of(told)
    if isinstance(value, OutOfBand):
        return Attribute(name, value.value, [value]) if own is None else own
    return Attribute(name, tag, value if isinstance(value, list) else [value])  # type: ignore[list-item]


def job_attributes(
    call: Call, job: Job, selected: Selection, *, ahead: int | None = None, state: QueueState | None = None
) -> list[Attribute]:
    """The attributes of a job that are asked for and may be seen.

    ahead: how many jobs are to be processed before it; state: of the queue. Both are looked up if they are not given.
    """
    printer = call.printer
    visible = may_see(printer, call.who, job)
    names = _chosen(selected)
    plain = isinstance(selected, Asked) and selected.asked <= _PLAIN
    own = {each.name: each for each in job.attributes} if visible and not plain else {}
    told = _Told(call, job, printer.store.state() if state is None else state, ahead, own)
    answer = [_made(told, name) for name in names if visible or name in PUBLIC]
    if plain or not visible:
        return answer
    if job.processing is not None and job.state not in WAITING:
        asked = own
        if "proof-print" in own:
            asked = {each.name: each for each in as_printed(own.values())}
        for base, actual_name in _wanted(selected, printer.description):
            if (was := actual(printer.description, asked, base, actual_name)) is not None:
                answer.append(was)
    if "job-hold-until" not in own:
        until = "indefinite" if job.held else "no-hold"
        own["job-hold-until"] = Attribute("job-hold-until", ValueTag.KEYWORD, [until])
    return answer + [each for name, each in own.items() if name not in TABLE and name not in _SECRET and selected(name)]
