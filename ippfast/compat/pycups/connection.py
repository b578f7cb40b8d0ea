"""Connection of pycups: a CUPS server's printers and jobs as dictionaries, over our client.

The rule of this file: arguments, shapes and exceptions are the library's.
"""

import os
from collections.abc import Iterable
from typing import Any

from ... import Attribute, AttributeGroup, ValueTag
from ...enums import Operation
from ...tags import DelimiterTag
from . import settings
from .administration import Administration
from .constants import IPP_NOT_FOUND, IPP_NOT_POSSIBLE
from .files import Files
from .printing import Printing
from .subscriptions import Subscriptions
from .transport import check, to_int, to_text
from .values import all_values, group_values, one_or_all, value_of

__all__ = ["Connection", "Dest"]

_PLAIN = frozenset({str, int, bool})
_PRINTER_ATTRIBUTES = (
    "printer-name",
    "printer-type",
    "printer-location",
    "printer-info",
    "printer-make-and-model",
    "printer-state",
    "printer-state-message",
    "printer-state-reasons",
    "printer-uri-supported",
    "device-uri",
    "printer-is-shared",
)
_STRINGS = frozenset(
    {
        ValueTag.NAME,
        ValueTag.TEXT,
        ValueTag.KEYWORD,
        ValueTag.URI,
        ValueTag.CHARSET,
        ValueTag.MIME_MEDIA_TYPE,
        ValueTag.NATURAL_LANGUAGE,
    }
)
_LISTED = _STRINGS | {ValueTag.ENUM, ValueTag.INTEGER, ValueTag.RESOLUTION}
_LISTS = frozenset(
    {
        "notify-events-default",
        "requesting-user-name-allowed",
        "requesting-user-name-denied",
        "printer-state-reasons",
        "marker-colors",
        "marker-names",
        "marker-types",
        "marker-levels",
        "member-names",
    }
)


class Dest:
    """A destination: a printer or class with its default options, all of them text."""

    def __init__(self, name: str, instance: str | None, is_default: bool, options: dict[str, str]) -> None:
        self.name = name
        self.instance = instance
        self.is_default = is_default
        self.options = options

    def __repr__(self) -> str:
        instance = f"/{self.instance}" if self.instance else ""
        return f"<cups.Dest {self.name}{instance}{' (default)' if self.is_default else ''}>"


class Connection(Administration, Files, Printing, Subscriptions):
    """A connection to a CUPS server. host, port, encryption: by default those of `settings`.

    quirks: whether a value that the library cannot show is its placeholder, see `values`. tls: whom to trust, see
    `ippfast.http.TLS`. Raises RuntimeError if it cannot connect; every method raises IPPError if
    the server refuses, or does not answer.
    """

    quirks = True

    # Printers.

    def _list(self, operation: int, *names: str, user: str | None = None) -> list[AttributeGroup]:
        """The printer groups that answer; none if the server says that there is no printer.

        user: whose printers. Without it the server lists those too that the user may not use.
        """
        given: list[tuple[str, ValueTag, Any]] = [("requested-attributes", ValueTag.KEYWORD, names)]
        if user is not None:
            given.append(("requesting-user-name", ValueTag.NAME, user))
        message = self._octets(operation, None, *given)
        answer = self._send("/", message)
        if answer.code == IPP_NOT_FOUND:
            return []
        return check(answer).groups_of(DelimiterTag.PRINTER)

    def getPrinters(self) -> dict[str, dict[str, Any]]:
        """The printers and classes by name."""
        printers = {}
        for group in self._list(Operation.CUPS_GET_PRINTERS, *_PRINTER_ATTRIBUTES):
            values: dict[str, Any] = {}
            printer = None
            for each in group:
                name = each.name
                if name == "printer-state-reasons":
                    values[name] = all_values(each)
                elif name == "printer-name":
                    printer = str(each.values[0])
                elif name in _PRINTER_ATTRIBUTES:
                    value = each.values[0]
                    # Most values are shown as they are; each that is not has a type of its own.
                    values[name] = value if type(value) in _PLAIN else value_of(each.tag, value)
            if printer is not None:
                printers[printer] = values
        return printers

    def getClasses(self) -> dict[str, list[str] | str]:
        """The classes by name: the names of their printers, or the URI of one on another server."""
        classes: dict[str, list[str] | str] = {}
        for group in self._list(Operation.CUPS_GET_CLASSES, "printer-name", "member-names"):
            members = all_values(group["member-names"]) if "member-names" in group else []
            if "printer-uri-supported" in group:
                classes[str(group["printer-name"].values[0])] = str(group["printer-uri-supported"].values[0])
            elif "printer-name" in group:
                classes[str(group["printer-name"].values[0])] = members
        return classes

    def getDefault(self) -> str | None:
        """The name of the default printer: the user's (LPDEST, PRINTER), or else the server's."""
        for variable in ("LPDEST", "PRINTER"):
            name = os.environ.get(variable)
            if name and name != "lp":
                return name
        return self._server_default()

    def _server_default(self) -> str | None:
        groups = self._list(Operation.CUPS_GET_DEFAULT, "printer-name")
        return str(groups[0]["printer-name"].values[0]) if groups and "printer-name" in groups[0] else None

    def getDests(self) -> dict[tuple[str | None, str | None], Dest]:
        """The destinations by name and instance, and the default one under (None, None).

        Instances, and options that a user has saved with lpoptions, are not known here.
        """
        default = self.getDefault()
        dests: dict[tuple[str | None, str | None], Dest] = {}
        names = ("printer-name", "printer-defaults", *sorted(_DEST_OPTIONS))
        for group in self._list(Operation.CUPS_GET_PRINTERS, *names, user=settings.getUser()):
            name = str(group["printer-name"].values[0])
            options = {option: text for each in group for option, text in _dest_options(each)}
            dests[name, None] = Dest(name, None, name == default, options)
            if name == default:
                dests[None, None] = dests[name, None]
        return dests

    def getDevices(
        self,
        limit: int = 0,
        exclude_schemes: list[str] | None = None,
        include_schemes: list[str] | None = None,
        timeout: int = 0,
    ) -> dict[str, dict[str, Any]]:
        """The devices that the server finds, by URI."""
        given = [
            Attribute(name, ValueTag.NAME, [to_text(scheme) for scheme in schemes])
            for name, schemes in (("exclude-schemes", exclude_schemes), ("include-schemes", include_schemes))
            if schemes
        ]
        numbers = (("limit", limit), ("timeout", timeout))
        given += [Attribute(name, ValueTag.INTEGER, number) for name, number in numbers if number > 0]
        answer = self._do("/", Operation.CUPS_GET_DEVICES, None, *given)
        devices = {}
        for group in answer.groups_of(DelimiterTag.PRINTER):
            values = {each.name: one_or_all(each, quirks=self.quirks) for each in group}
            devices[values.pop("device-uri", "")] = values
        return devices

    def getPrinterAttributes(
        self,
        name: str | bytes | None = None,
        uri: str | bytes | None = None,
        requested_attributes: list[str] | None = None,
    ) -> dict[str, Any]:
        """The attributes of a printer or class, by its name or URI.

        An attribute has a list if there are several values, or could be of a kind that is shown in lists;
        job-sheets-default is a pair.
        """
        if (name is None) == (uri is None):
            both = " but not both" if name is not None else ""
            raise RuntimeError(f"name or uri must be specified{both}")
        given = [] if requested_attributes is None else [_requested(requested_attributes)]
        target = to_text(uri) if uri is not None else self._printer(name or "")
        answer = self._send("/", self._message(Operation.GET_PRINTER_ATTRIBUTES, target, *given))
        if answer.code == IPP_NOT_POSSIBLE and name is not None:  # perhaps a class
            answer = self._send("/", self._message(Operation.GET_PRINTER_ATTRIBUTES, self._class(name), *given))
        check(answer)
        return {
            each.name: self._printer_value(each) for group in answer.groups_of(DelimiterTag.PRINTER) for each in group
        }

    def _printer_value(self, attribute: Attribute) -> Any:
        name = attribute.name
        if name == "job-sheets-default" and attribute.tag == ValueTag.NAME:
            start, end = (*attribute.values, "")[:2]
            return start, end
        if len(name) > 10 and attribute.tag in _LISTED and (name.endswith("-supported") or name in _LISTS):
            return all_values(attribute, quirks=self.quirks)
        return one_or_all(attribute, quirks=self.quirks)

    # Jobs.

    def _job(self, job_id: int) -> str:
        return self._uri("/jobs/", str(to_int(job_id)))

    def getJobs(
        self,
        which_jobs: str | None = None,
        my_jobs: bool = False,
        limit: int = -1,
        first_job_id: int = -1,
        requested_attributes: list[str] | None = None,
    ) -> dict[int, dict[str, Any]]:
        """The jobs of the server by id. which_jobs: ``"not-completed"`` by default, ``"completed"`` or ``"all"``."""
        which = "not-completed" if which_jobs is None else to_text(which_jobs)
        given: list[tuple[str, ValueTag, Any]] = [
            ("which-jobs", ValueTag.KEYWORD, which),
            ("my-jobs", ValueTag.BOOLEAN, bool(my_jobs)),
        ]
        numbers = (("limit", to_int(limit)), ("first-job-id", to_int(first_job_id)))
        given += [(name, ValueTag.INTEGER, number) for name, number in numbers if number > 0]
        if requested_attributes is not None:
            names = tuple(_requested(requested_attributes).values)
            given.append(("requested-attributes", ValueTag.KEYWORD, names))
        answer = check(self._send("/", self._octets(Operation.GET_JOBS, self._uri("/printers/"), *given)))
        jobs = {}
        for group in answer.groups_of(DelimiterTag.JOB):
            values = group_values(group, quirks=self.quirks)
            number = values.pop("job-id", None)
            if number is not None:
                jobs[int(number)] = values
        return jobs

    def getJobAttributes(self, job_id: int, requested_attributes: list[str] | None = None) -> dict[str, Any]:
        """The attributes of a job, with those of the answer itself."""
        given = [] if requested_attributes is None else [_requested(requested_attributes)]
        answer = self._do("/", Operation.GET_JOB_ATTRIBUTES, self._job(job_id), *given)
        return {
            each.name: (all_values if each.name == "job-printer-state-reasons" else one_or_all)(
                each, quirks=self.quirks
            )
            for group in answer.groups
            for each in group
        }

    def cancelJob(self, job_id: int, purge_job: bool = False) -> None:
        """Cancel a job; purge_job: and forget it."""
        given = [Attribute("purge-job", ValueTag.BOOLEAN, True)] if purge_job else []
        self._do("/jobs/", Operation.CANCEL_JOB, self._job(job_id), *given)

    def cancelAllJobs(
        self,
        name: str | bytes | None = None,
        uri: str | bytes | None = None,
        my_jobs: bool = False,
        purge_jobs: bool = True,
    ) -> None:
        """Cancel the jobs of a printer or class, by its name or URI; purge_jobs: and forget them."""
        if (name is None) == (uri is None):
            both = " but not both" if name is not None else ""
            raise RuntimeError(f"name or uri must be specified{both}")
        given = [Attribute("purge-jobs", ValueTag.BOOLEAN, bool(purge_jobs))]
        if my_jobs:
            given.append(Attribute("my-jobs", ValueTag.BOOLEAN, True))
        target = to_text(uri) if uri is not None else self._printer(name or "")
        answer = self._send("/admin/", self._message(Operation.PURGE_JOBS, target, *given))
        if answer.code == IPP_NOT_POSSIBLE and name is not None:  # perhaps a class
            answer = self._send("/admin/", self._message(Operation.PURGE_JOBS, self._class(name), *given))
        check(answer)

    def moveJob(
        self, printer_uri: str | bytes | None = None, job_id: int = -1, job_printer_uri: str | bytes | None = None
    ) -> None:
        """Move a job, or all jobs of a printer, to the printer of job_printer_uri."""
        if job_printer_uri is None:
            raise RuntimeError("No job_printer_uri (destination) given")
        if printer_uri is None and job_id == -1:
            raise RuntimeError("job_id or printer_uri required")
        job = [Attribute("job-printer-uri", ValueTag.URI, to_text(job_printer_uri))]
        given = [Attribute("job-id", ValueTag.INTEGER, job_id)] if printer_uri is not None and job_id != -1 else []
        target = self._job(job_id) if printer_uri is None else to_text(printer_uri)
        self._do("/jobs", Operation.CUPS_MOVE_JOB, target, *given, job=job)

    def authenticateJob(self, job_id: int, auth_info: list[str] | None = None, /) -> None:
        """Give a held job what it needs to print, such as a user name and a password."""
        if auth_info is not None and not isinstance(auth_info, list):
            raise TypeError("List required")
        job = [Attribute("auth-info", ValueTag.TEXT, [to_text(each) for each in auth_info])] if auth_info else None
        self._do("/jobs/", Operation.CUPS_AUTHENTICATE_JOB, self._job(job_id), job=job)

    def setJobHoldUntil(self, job_id: int, job_hold_until: str | bytes, /) -> None:
        """Hold a job until a time: ``"indefinite"``, ``"no-hold"``, ``"night"``."""
        job = [Attribute("job-hold-until", ValueTag.KEYWORD, to_text(job_hold_until))]
        self._do("/jobs/", Operation.SET_JOB_ATTRIBUTES, self._job(job_id), job=job)

    def restartJob(self, job_id: int, job_hold_until: str | None = None) -> None:
        """Print a job again."""
        given = [] if job_hold_until is None else [Attribute("job-hold-until", ValueTag.KEYWORD, job_hold_until)]
        self._do("/jobs/", Operation.RESTART_JOB, self._job(job_id), *given)


def _requested(names: Iterable[str]) -> Attribute:
    if not isinstance(names, (list, tuple)):
        raise TypeError("List required")
    return Attribute("requested-attributes", ValueTag.KEYWORD, [to_text(name) for name in names])


_DEST_OPTIONS = frozenset(
    {
        "auth-info-required",
        "device-uri",
        "marker-change-time",
        "marker-colors",
        "marker-high-levels",
        "marker-levels",
        "marker-low-levels",
        "marker-message",
        "marker-names",
        "marker-types",
        "printer-commands",
        "printer-info",
        "printer-is-accepting-jobs",
        "printer-is-shared",
        "printer-is-temporary",
        "printer-location",
        "printer-make-and-model",
        "printer-state",
        "printer-state-change-time",
        "printer-state-reasons",
        "printer-type",
        "printer-uri-supported",
    }
)


_NO_OPTIONS = ("notify-", "printer-", "document-format-", "print-quality-")
"""The beginnings of the names of attributes whose ``-default`` is not an option of a destination."""


def _dest_options(attribute: Attribute) -> Iterable[tuple[str, str]]:
    """An attribute of a printer as an option of its destination, if it is one."""
    name = attribute.name
    if name in _DEST_OPTIONS:
        yield name, _text_of(attribute)
    elif name.endswith("-default") and not name.startswith(_NO_OPTIONS) and attribute.tag >= 0x20:
        yield name.removesuffix("-default"), _text_of(attribute)


def _text_of(attribute: Attribute) -> str:
    """The values as one text, in the form of CUPS' options."""
    texts = [str(value).lower() if isinstance(value, bool) else str(value) for value in attribute.values]
    if len(texts) == 1:
        return texts[0]
    return ",".join("".join(f"\\{each}" if each in " ,\\'\"" else each for each in text) for text in texts)
