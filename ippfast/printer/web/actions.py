"""What buttons and forms do: each is an IPP operation, which the printer judges and carries out like any other.

The rule of this file: a form counts only if it comes from a page of this server. Browsers send a user's credentials
with a form of any site, and on this machine none are needed. So a form has a token, which proves that its sender has
read our page, and the browser tells where it comes from.
"""

import hmac
import time
from collections.abc import Callable

from ippfast.codec import Attribute, Message
from ippfast.enums import Operation, Status
from ippfast.errors import RegistryError
from ippfast.http.events import EndOfMessage
from ippfast.http.incoming import IncomingDocument, IncomingRequest, PageRequest, Parts, Reply
from ippfast.requests import request

from ..core import PrinterCore
from ..description import SETTABLE
from ..storage.rows import Job
from ..storage.tokens import token
from .markup import Markup, element
from .settings import changes
from .visit import Visit

__all__ = ["act", "button", "hidden"]

Carry = Callable[[IncomingRequest], Message | Reply | Parts]
"""A function that carries out a request: a printer, or an object that counts its requests."""

_DONE_BY_PAGES = {
    code.name.lower(): code
    for code in (
        Operation.HOLD_JOB,
        Operation.RELEASE_JOB,
        Operation.RESUME_JOB,
        Operation.CANCEL_JOB,
        Operation.PAUSE_PRINTER,
        Operation.RESUME_PRINTER,
        Operation.ENABLE_PRINTER,
        Operation.DISABLE_PRINTER,
        Operation.SET_PRINTER_ATTRIBUTES,
    )
}
_HOUR = 3600
_STRANGE = "This form was too old, or did not come from this server. Nothing was done; please try again."


def button(visit: Visit, code: Operation, label: str, job: Job | None = None) -> Markup | None:
    """A button that does something with the printer or a job; None: the user may not do that."""
    if not visit.may(code, job):
        return None
    key = f"{code.name.lower()}{'' if job is None else f'-{job.id}'}"
    name = None if job is None else f"{label} job {job.id}"
    danger = "danger" if code == Operation.CANCEL_JOB else None
    press = element("button", label, id=key, class_=danger, aria_label=name)
    return element("form", hidden(visit, code, job), press, method="post")


def hidden(visit: Visit, code: Operation, job: Job | None = None) -> list[Markup]:
    """The hidden fields of a form: what is to be done, and the token that proves that the form is ours."""
    fields = {"action": code.name.lower(), "token": _token(visit.printer, visit.request.user, 0)}
    if job is not None:
        fields["job"] = str(job.id)
    return [element("input", type="hidden", name=name, value=value) for name, value in fields.items()]


def act(visit: Visit, carry: Carry) -> tuple[int, str] | None:
    """Do what a form says. None: it is done; otherwise an HTTP status, and the reason in words.

    Raises Refusal as `carry` does.
    """
    form = visit.request.form or {}
    code = _DONE_BY_PAGES.get(form.get("action", ""))
    if code is None or not _is_ours(visit.printer, visit.request, form.get("token", "")):
        return 403, _STRANGE
    number = form.get("job", "")
    attributes: dict[str, object] = {"printer-uri": f"ipp://localhost{visit.printer.path}"}
    if number:
        attributes["job-id"] = int(number) if number.isascii() and number.isdigit() and len(number) < 10 else 0
    wanted: list[Attribute] | None = None
    if code == Operation.SET_PRINTER_ATTRIBUTES:
        wanted = changes(visit, {name: form[name] for name in SETTABLE if name in form})
        if not wanted:
            return None
    try:
        message = request(code, operation_attributes=attributes, printer=wanted)
    except RegistryError as error:
        return 400, f"{error}"
    asked = visit.request
    answer = carry(
        IncomingRequest(
            message=message,
            head=asked.head,
            peer=asked.peer,
            secure=asked.secure,
            user=asked.user,
            document=IncomingDocument(EndOfMessage),
        )
    )
    assert isinstance(answer, Message)  # of these operations
    if answer.succeeded:
        return None
    said = answer.groups[0].value("status-message", None) or str(answer.status)
    return 403 if answer.code == Status.CLIENT_ERROR_NOT_AUTHORIZED else 409, f"That was not done: {said}"


def _is_ours(printer: PrinterCore, asked: PageRequest, given: str) -> bool:
    """Whether a form comes from a page of this server, as far as the browser says, and as the token proves."""
    headers = asked.head.headers
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        if site != "same-origin":
            return False
    elif origin is not None and origin.partition("://")[2].lower() != (headers.get("host") or "").lower():
        return False
    known = [_token(printer, asked.user, back) for back in (0, 1)]
    return any(hmac.compare_digest(each.encode(), given.encode("utf-8", "replace")) for each in known)


def _token(printer: PrinterCore, user: str | None, back: int) -> str:
    """The token of a user's forms: of this hour, or of this many hours before."""
    hour = int(time.time()) // _HOUR - back
    text = f"{printer.queue}\n{hour}\n{'' if user is None else f'user {user}'}"
    return hmac.digest(_key(printer).encode(), text.encode("utf-8", "surrogatepass"), "sha256").hex()


def _key(printer: PrinterCore) -> str:
    """The key for tokens, the same in all processes that serve this printer."""
    found = printer.store.state().settings.get("page_key")
    if found is None:
        printer.store.add({"page_key": token() + token()})
        found = printer.store.state().settings["page_key"]
    return str(found)
