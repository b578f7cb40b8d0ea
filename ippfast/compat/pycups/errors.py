"""The exceptions of pycups, and the names of status codes and operations.

The rule of this file: an exception's arguments are the library's. The status codes from 0x1000 are CUPS' own: no server
sends them, a client says with them why there is no answer.
"""

from ...enums import Operation, Status
from .constants import IPP_AUTHENTICATION_CANCELED, IPP_PKI_ERROR, IPP_UPGRADE_REQUIRED

__all__ = ["HTTPError", "IPPError", "ippErrorString", "ippOpString"]

_OWN = {
    # Registered once, and withdrawn.
    0x0004: "successful-ok-ignored-notifications",
    0x0006: "successful-ok-but-cancel-subscription",
    0x0200: "redirection-other-site",
    0x0416: "client-error-ignored-all-notifications",
    0x0417: "client-error-client-print-support-file-not-found",
    # CUPS' own.
    0x0280: "cups-see-other",
    IPP_AUTHENTICATION_CANCELED: "cups-authentication-canceled",
    IPP_PKI_ERROR: "cups-pki-error",
    IPP_UPGRADE_REQUIRED: "cups-upgrade-required",
}


class IPPError(Exception):
    """A request was refused, or got no answer: ``status, description = error.args``."""


class HTTPError(Exception):
    """The server answered with another HTTP status than 200: ``(status,) = error.args``."""


def ippErrorString(statuscode: int) -> str:
    """The name of a status-code, such as ``"client-error-not-found"``; in hexadecimal if it has none."""
    status = Status.coerce(statuscode)
    return _OWN.get(statuscode) or (status.keyword if isinstance(status, Status) else f"0x{statuscode:04x}")


def ippOpString(op: int) -> str:
    """The name of an operation, such as ``"Print-Job"``; in hexadecimal if it has none."""
    operation = Operation.coerce(op)
    return operation.keyword if isinstance(operation, Operation) else f"0x{op:04x}"
