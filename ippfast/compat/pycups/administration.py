"""What administrators do with pycups: printers, classes and their settings, each one request.

The rule of this file: a printer is tried first, and a class of that name if the server says that it is not a printer.
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from ... import Attribute, Message, OutOfBand, ValueTag
from ...enums import Operation
from .constants import IPP_INTERNAL_ERROR, IPP_NOT_POSSIBLE
from .errors import IPPError
from .ppd import PPD
from .transport import Transport, check, to_text

__all__ = ["Administration"]

_ADMIN = "/admin/"


class Administration(Transport):
    """The administrative methods of a connection. Raises IPPError if the server refuses."""

    def _printer(self, name: str | bytes) -> str:
        return self._uri("/printers/", name)

    def _class(self, name: str | bytes) -> str:
        return self._uri("/classes/", name)

    def _on_printer(self, operation: int, name: str | bytes, *attributes: Attribute) -> None:
        self._do(_ADMIN, operation, self._printer(name), *attributes)

    def _modify(self, name: str | bytes, *attributes: Attribute) -> None:
        """Set attributes of a printer, or of a class."""
        try:
            self._do(_ADMIN, Operation.CUPS_ADD_MODIFY_PRINTER, self._printer(name), printer=attributes)
        except IPPError as error:
            if error.args[0] != IPP_NOT_POSSIBLE:
                raise
            self._do(_ADMIN, Operation.CUPS_ADD_MODIFY_CLASS, self._class(name), printer=attributes)

    def enablePrinter(self, name: str | bytes, /) -> None:
        """Let a printer print again."""
        self._on_printer(Operation.RESUME_PRINTER, name)

    def disablePrinter(self, name: str | bytes, reason: str | bytes | None = None) -> None:
        """Let a printer stop after its current job."""
        self._on_printer(Operation.PAUSE_PRINTER, name, *_reason(reason))

    def acceptJobs(self, name: str | bytes, /) -> None:
        """Let a printer take jobs again."""
        self._on_printer(Operation.CUPS_ACCEPT_JOBS, name)

    def rejectJobs(self, name: str | bytes, reason: str | bytes | None = None) -> None:
        """Let a printer refuse jobs."""
        self._on_printer(Operation.CUPS_REJECT_JOBS, name, *_reason(reason))

    def setDefault(self, name: str | bytes, /) -> None:
        """Make a printer the server's default."""
        self._on_printer(Operation.CUPS_SET_DEFAULT, name)

    def deletePrinter(self, name: str | bytes, /) -> None:
        """Delete a printer."""
        self._on_printer(Operation.CUPS_DELETE_PRINTER, name)

    def addPrinter(
        self,
        name: str | bytes,
        filename: str | bytes | None = None,
        ppdname: str | bytes | None = None,
        info: str | bytes | None = None,
        location: str | bytes | None = None,
        device: str | bytes | None = None,
        ppd: Any = None,
    ) -> None:
        """Add a printer, or change it.

        filename: its PPD; ppdname: one that the server has, such as ``"everywhere"``; ppd: a `PPD`, whose marked
        choices become the defaults. Raises RuntimeError for more than one of them.
        """
        if sum(each is not None for each in (filename, ppdname, ppd)) > 1:
            raise RuntimeError("Only one PPD may be given")
        if ppd is not None:
            if not isinstance(ppd, PPD):
                raise TypeError("Expecting cups.PPD")
            with tempfile.NamedTemporaryFile(suffix=".ppd") as file:
                ppd.writeFd(file.fileno())
                self.addPrinter(name, file.name, None, info, location, device)
            return
        operation = [] if ppdname is None else [Attribute("ppd-name", ValueTag.NAME, to_text(ppdname))]
        given = (
            ("printer-info", ValueTag.TEXT, info),
            ("printer-location", ValueTag.TEXT, location),
            ("device-uri", ValueTag.URI, device),
        )
        printer = [Attribute(key, tag, to_text(value)) for key, tag, value in given if value is not None]
        uri = self._printer(name)
        message = self._message(Operation.CUPS_ADD_MODIFY_PRINTER, uri, *operation, printer=printer)
        if filename is None:
            check(self._send(_ADMIN, message))
            return
        try:
            with Path(to_text(filename)).open("rb") as file:
                answer = self._send(_ADMIN, message, file)
        except OSError as error:
            raise IPPError(IPP_INTERNAL_ERROR, error.strerror or str(error)) from error
        check(answer)

    def setPrinterDevice(self, name: str | bytes, device_uri: str | bytes, /) -> None:
        """Set the URI of a printer's device."""
        attribute = Attribute("device-uri", ValueTag.URI, to_text(device_uri))
        self._do(_ADMIN, Operation.CUPS_ADD_MODIFY_PRINTER, self._printer(name), printer=[attribute])

    def setPrinterInfo(self, name: str | bytes, info: str | bytes, /) -> None:
        """Set the words for people that describe a printer or class."""
        self._modify(name, Attribute("printer-info", ValueTag.TEXT, to_text(info)))

    def setPrinterLocation(self, name: str | bytes, location: str | bytes, /) -> None:
        """Set where a printer or class is."""
        self._modify(name, Attribute("printer-location", ValueTag.TEXT, to_text(location)))

    def setPrinterShared(self, name: str | bytes, shared: bool, /) -> None:
        """Share a printer or class with others, or do not."""
        self._modify(name, Attribute("printer-is-shared", ValueTag.BOOLEAN, bool(shared)))

    def setPrinterJobSheets(self, name: str | bytes, start: str | bytes, end: str | bytes, /) -> None:
        """Set the banner pages before and after each job: ``"none"``, ``"standard"``."""
        self._modify(name, Attribute("job-sheets-default", ValueTag.NAME, [to_text(start), to_text(end)]))

    def setPrinterErrorPolicy(self, name: str | bytes, policy: str | bytes, /) -> None:
        """Set what becomes of jobs that fail: ``"retry-job"``."""
        self._modify(name, Attribute("printer-error-policy", ValueTag.NAME, to_text(policy)))

    def setPrinterOpPolicy(self, name: str | bytes, policy: str | bytes, /) -> None:
        """Set the policy that says who may do what."""
        self._modify(name, Attribute("printer-op-policy", ValueTag.NAME, to_text(policy)))

    def setPrinterUsersAllowed(self, name: str | bytes, allowed: list[str], /) -> None:
        """Let only these users print; an empty list: everybody."""
        self._modify(name, _users("requesting-user-name-allowed", allowed, "all"))

    def setPrinterUsersDenied(self, name: str | bytes, denied: list[str], /) -> None:
        """Forbid these users to print; an empty list: nobody."""
        self._modify(name, _users("requesting-user-name-denied", denied, "none"))

    def addPrinterOptionDefault(self, name: str | bytes, option: str | bytes, value: Any, /) -> None:
        """Set the default of a job option, such as ``"sides"``: a value, or a list."""
        values = value if isinstance(value, (list, tuple)) else [value]
        texts = [str(each).lower() if isinstance(each, bool) else _shown(each) for each in values]
        self._modify(name, Attribute(f"{to_text(option)}-default", ValueTag.NAME, texts))

    def deletePrinterOptionDefault(self, name: str | bytes, option: str | bytes, /) -> None:
        """Take the default of a job option away."""
        key = f"{to_text(option)}-default"
        self._modify(name, Attribute(key, ValueTag.DELETE_ATTRIBUTE, OutOfBand.DELETE_ATTRIBUTE))

    # Classes.

    def _members(self, name: str | bytes) -> dict[str, str]:
        """The printers of a class: their names and URIs; none if there is no such class."""
        answer = self._send("/", self._message(Operation.GET_PRINTER_ATTRIBUTES, self._class(name)))
        groups = answer.groups_of(0x04)
        if not groups or "member-names" not in groups[0] or "member-uris" not in groups[0]:
            return {}
        names, uris = groups[0]["member-names"].values, groups[0]["member-uris"].values
        return {str(each): str(uri) for each, uri in zip(names, uris, strict=False)}

    def _set_members(self, name: str | bytes, uris: Iterable[str]) -> Message:
        attribute = Attribute("member-uris", ValueTag.URI, list(uris))
        return self._do(_ADMIN, Operation.CUPS_ADD_MODIFY_CLASS, self._class(name), printer=[attribute])

    def addPrinterToClass(self, name: str | bytes, class_: str | bytes, /) -> None:
        """Put a printer into a class, which is made if it does not exist. Raises RuntimeError if it is in it
        already."""
        members = self._members(class_)
        if to_text(name) in members:
            raise RuntimeError("Printer already in class")
        self._set_members(class_, [*members.values(), self._printer(name)])

    def deletePrinterFromClass(self, name: str | bytes, class_: str | bytes, /) -> None:
        """Take a printer out of a class, which is deleted with its last printer. Raises RuntimeError if it is not in
        it."""
        members = self._members(class_)
        if members.pop(to_text(name), None) is None:
            raise RuntimeError("Printer not in class")
        if members:
            self._set_members(class_, members.values())
        else:
            self.deleteClass(class_)

    def deleteClass(self, name: str | bytes, /) -> None:
        """Delete a class."""
        self._do(_ADMIN, Operation.CUPS_DELETE_CLASS, self._class(name))


def _shown(value: object) -> str:
    return f"{value:f}" if isinstance(value, float) else str(value) if isinstance(value, int) else to_text(value)


def _reason(reason: str | bytes | None) -> list[Attribute]:
    return [] if reason is None else [Attribute("printer-state-message", ValueTag.TEXT, to_text(reason))]


def _users(name: str, users: object, nobody: str) -> Attribute:
    if not isinstance(users, list):
        raise TypeError("List required")
    return Attribute(name, ValueTag.NAME, [to_text(user) for user in users] or [nobody])
