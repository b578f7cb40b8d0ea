"""Who asks, and what of a job is shown to them.

The rule of this file: an operation, an event or a page asks `may_see` before it shows a job, so that all show the same.
Who is an operator is decided here too. The table of operations says who may use each operation, and `may_use` decides
by it.
"""

from typing import NamedTuple

from ippfast.http.incoming import Incoming, PageRequest
from ippfast.http.proxies import is_forwarded

from .core import PrinterCore
from .storage.rows import Event, Job

__all__ = ["PUBLIC", "Who", "is_operator", "may_read", "may_see", "may_use", "told_user", "user_of"]

_ANONYMOUS = "anonymous"

_LOOPBACK = ("127.0.0.1", "::1", "::ffff:127.0.0.1")

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
"""The attributes of a job that everybody may know."""


class Who(NamedTuple):
    """Who asks. user: their name; None: they gave none. operator: whether they may do everything."""

    user: str | None
    operator: bool


def user_of(incoming: Incoming) -> str:
    """The user who asks: the one that the server has authenticated, else requesting-user-name, which is only a claim.

    Users without a name are told apart by their addresses, so that none owns the jobs of another.
    """
    user = incoming.owner
    return f"{_ANONYMOUS}@{incoming.peer}" if user == _ANONYMOUS and incoming.user is None else user


def told_user(user: str) -> str:
    """The name of a user for clients: anonymous if the user gave none (RFC 8011 section 5.4.2)."""
    return _ANONYMOUS if user.startswith(f"{_ANONYMOUS}@") else user


def is_operator(printer: PrinterCore, incoming: Incoming | PageRequest) -> bool:
    """Whether the user is an operator. If no operators are named, all users on this host are operators, but not through
    a proxy."""
    operators = printer.access.operators
    if operators is None:
        return incoming.user is None and incoming.peer in _LOOPBACK and not is_forwarded(incoming.head.headers)
    return incoming.user is not None and incoming.user in operators


def may_see(printer: PrinterCore, who: Who, job: Job | Event) -> bool:
    """Whether a user may see more than `PUBLIC` of a job, or of an event's job: its owner and operators may.

    If the printer's jobs are not private, everybody may.
    """
    owner = job.job_user if isinstance(job, Event) else job.user
    return not printer.access.private or who.operator or who.user == owner


def may_read(who: Who, job: Job) -> bool:
    """Whether a user may read a job's documents: only its owner and operators may, even if jobs are not private."""
    return who.operator or who.user == job.user


def may_use(access: str, who: Who, job: Job | None = None) -> bool:
    """Whether a user may use an operation. access: who may, from the table of operations. job: its target."""
    return who.operator or access == "anyone" or (access == "owner" and job is not None and who.user == job.user)
