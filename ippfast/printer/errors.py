"""Why a request is not carried out, and how that is said.

The rule of this file: every refusal is an `OperationError`, in words that can be shown to people. Errors of the storage
and of limits become one here.
"""

from collections.abc import Iterable

from ippfast.codec import Attribute, Message
from ippfast.enums import Status
from ippfast.requests import response

from .storage.limits import LimitReached
from .storage.seam import StorageError, TooLarge

__all__ = ["OperationError", "closest_version", "explained", "shown"]

_VERSIONS = ((1, 0), (1, 1), (2, 0), (2, 1), (2, 2))


class OperationError(Exception):
    """The request cannot be carried out. status: the status-code of the answer. reason: its status-message.

    unsupported: the attributes that are the cause, for the group of unsupported attributes (RFC 8011 section 4.1.7).
    """

    def __init__(self, status: Status, reason: str, *, unsupported: Iterable[Attribute] = ()) -> None:
        super().__init__(status, reason)
        self.status = status
        self.reason = reason
        self.unsupported = list(unsupported)

    def response(self, message: Message) -> Message:
        """The answer to the request."""
        unsupported = self.unsupported or None
        said = shown(self.reason)
        return response(
            message,
            self.status,
            status_message=said,
            unsupported=unsupported,
            version=closest_version(message.version),
        )


def closest_version(version: tuple[int, int]) -> tuple[int, int]:
    """The version of the answer: the supported one that is closest to the one asked for (RFC 8011 section 4.1.8)."""
    return max([own for own in _VERSIONS if own <= version], default=_VERSIONS[0])


def shown(text: str, octets: int = 255) -> str:
    """Text for people. It may come from a client, so what does not print is escaped, and it is cut to `octets`."""
    plain = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
    return plain.encode()[:octets].decode("utf-8", "ignore")


_LIMITS = {
    "accepting": (Status.SERVER_ERROR_NOT_ACCEPTING_JOBS, "the printer takes no jobs now"),
    "jobs": (Status.SERVER_ERROR_TOO_MANY_JOBS, "the printer has {} jobs already"),
    "user_jobs": (Status.SERVER_ERROR_TOO_MANY_JOBS, "a user may have at most {} jobs here"),
    "user_octets": (Status.CLIENT_ERROR_ACCOUNT_LIMIT_REACHED, "a user's documents may have at most {} octets here"),
    "resources": (Status.CLIENT_ERROR_NOT_POSSIBLE, "the system has {} resources already"),
    "printer_resources": (Status.CLIENT_ERROR_NOT_POSSIBLE, "a printer may have at most {} resources"),
    "documents": (Status.SERVER_ERROR_TOO_MANY_DOCUMENTS, "a job may have at most {} documents here"),
}


def explained(error: LimitReached | TooLarge | StorageError | OSError) -> OperationError:
    """The answer to a client for this error."""
    if isinstance(error, LimitReached):
        status, reason = _LIMITS[error.limit]
        return OperationError(status, reason.format(error.most))
    if isinstance(error, TooLarge):
        reason = f"a document may have at most {error.limit} octets here"
        return OperationError(Status.CLIENT_ERROR_REQUEST_ENTITY_TOO_LARGE, reason)
    reason = f"the printer can't do that now: {type(error).__name__}"
    return OperationError(Status.SERVER_ERROR_TEMPORARY_ERROR, reason)
