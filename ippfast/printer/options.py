"""The settings of a printer, in groups.

The rule of this file: plain values with their defaults.
"""

from collections.abc import Collection
from dataclasses import dataclass

from .storage.limits import Limits

__all__ = ["Access", "Address", "PrinterLimits"]


@dataclass(frozen=True, kw_only=True)
class Access:
    """Who may do what.

    operators: the authenticated users who may do everything; None: all users who connect from this host, and not
    through a proxy. private: only the owner of a job and operators see all of it. authentication: the keyword for
    uri-authentication-supported. authorization_server: the URI of the issuer of tokens, which clients are told.
    """

    operators: Collection[str] | None = None
    private: bool = True
    authentication: str = "requesting-user-name"
    authorization_server: str | None = None


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where the printer is. path: of its URI. schemes: those that the server serves."""

    path: str = "/ipp/print"
    schemes: tuple[str, ...] = ("ipp",)


@dataclass(frozen=True, kw_only=True)
class PrinterLimits(Limits):
    """How much a printer takes and keeps; None: any amount.

    octets: of a document. jobs: that have not ended. documents: of a job. user_jobs, user_octets: how many jobs one
    user may have that have not ended, and of what size together; without authentication a user is only a claim.
    subscriptions, user_subscriptions: to events, of all and of one user; request_subscriptions: in one request.
    history: how many ended jobs are remembered, with their documents. waiters, user_waiters: how many requests may wait
    for events at a time, of all and of one user or one address; the others are told when to ask again.
    resources, resource_octets, printer_resources: of a service, how many resources that have not been canceled, how
    large the data of each, and how many of them a printer may have.
    """

    octets: int | None = None
    documents: int | None = 1_000
    jobs: int | None = 10_000
    subscriptions: int | None = 1_000
    user_subscriptions: int | None = 200
    request_subscriptions: int = 50
    history: int | None = 1_000
    waiters: int = 32
    user_waiters: int = 8
    resources: int | None = 1_000
    resource_octets: int | None = 8 << 20
    printer_resources: int | None = 100
