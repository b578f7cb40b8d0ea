"""Who asks, and what of a job is shown to them.

The rule of this file: whatever tells of a job asks `may_see`, be it an operation, an event or a page, so that all tell
the same. Who is an operator is decided here too; which operation is for whom stands in the table of operations, and
`may_use` says what that means.
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
    """Who asks: whom the server has authenticated, else the requesting-user-name, which is but a claim.

    Those who say no name are told apart by their addresses, so that none is the owner of what another has.
    """
    user = incoming.owner
    return f"{_ANONYMOUS}@{incoming.peer}" if user == _ANONYMOUS and incoming.user is None else user


def told_user(user: str) -> str:
    """A user as clients are told of one: who said no name is anonymous (RFC 8011 section 5.4.2)."""
    return _ANONYMOUS if user.startswith(f"{_ANONYMOUS}@") else user


def is_operator(printer: PrinterCore, incoming: Incoming | PageRequest) -> bool:
    """Whether an operator asks. Nobody is one by being on this machine if the request came through a proxy there."""
    operators = printer.access.operators
    if operators is None:
        return incoming.user is None and incoming.peer in _LOOPBACK and not is_forwarded(incoming.head.headers)
    return incoming.user is not None and incoming.user in operators


def may_see(printer: PrinterCore, who: Who, job: Job | Event) -> bool:
    """Whether more than `PUBLIC` is shown of a job, or told of it by an event: to its owner and to operators.

    If the printer's jobs are not private, it is shown to everybody.
    """
    owner = job.job_user if isinstance(job, Event) else job.user
    return not printer.access.private or who.operator or who.user == owner


def may_read(who: Who, job: Job) -> bool:
    """Whether the documents of a job are shown: to its owner and to operators, however little is private."""
    return who.operator or who.user == job.user


def may_use(access: str, who: Who, job: Job | None = None) -> bool:
    """Whether an operation is for them. access: whom it is for, in the table of operations. job: its target."""
    return who.operator or access == "anyone" or (access == "owner" and job is not None and who.user == job.user)
