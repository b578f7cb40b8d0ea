"""Printing with pycups: files, documents in pieces, test pages; and getting a job's document back.

The rule of this file: what is sent is what libcups sends: a Create-Job, then a Send-Document for each document, whose
format comes from the options.
"""

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ... import Attribute, Message, ValueTag
from ...enums import Operation, Status
from .constants import IPP_NOT_FOUND, IPP_NOT_POSSIBLE
from .errors import IPPError
from .options import document_format, job_attributes
from .transport import Request, Transport, check, read_answer, to_int, to_text

__all__ = ["Printing"]

_CONTINUE = 100
"""What the methods for documents return if all is well. The library has no name for it."""
_NO_FILE = int(Status.CLIENT_ERROR_DOCUMENT_ACCESS_ERROR)
"""The status code for a file that cannot be read. The library has no name for it either."""


class Printing(Transport):
    """The methods of a connection that print. Raises IPPError if the server refuses."""

    _upload: Request | None = None

    def createJob(self, printer: str | bytes, title: str | bytes, options: Mapping[str, str]) -> int:
        """Create a job without documents. Returns its id. options: names and texts, such as ``{"copies": "2"}``."""
        given = job_attributes(options)
        name = Attribute("job-name", ValueTag.NAME, to_text(title)[:255])
        message = self._message(
            Operation.CREATE_JOB,
            self._uri("/printers/", printer),
            name,
            *given["operation"],
            job=given["job"],
            subscription=given["subscription"],
        )
        answer = check(self._send(_path(printer), message), words=True)
        return int(answer.job.value("job-id"))

    def startDocument(
        self, printer: str | bytes, job_id: int, doc_name: str | bytes, format: str | bytes, last_document: int | bool
    ) -> int:
        """Begin to send a document of a job: `writeRequestData` and `finishDocument` do the rest. Returns 100."""
        self._give_up()
        message = self._document(printer, to_int(job_id), to_text(doc_name), to_text(format), last=bool(last_document))
        self._upload = self._start(_path(printer), message)
        return _CONTINUE

    def writeRequestData(self, buffer: bytes | str, length: int) -> int:
        """Send this many octets of the document that was begun. Returns 100."""
        if self._upload is None:
            raise RuntimeError("startDocument comes before writeRequestData")
        octets = buffer.encode() if isinstance(buffer, str) else bytes(buffer)
        self._upload.write(octets[: to_int(length)])
        return _CONTINUE

    def finishDocument(self, printer: str | bytes) -> int:
        """End the document that was begun. Returns the status-code of the answer."""
        upload, self._upload = self._upload, None
        if upload is None:
            raise RuntimeError("startDocument comes before finishDocument")
        return int(check(read_answer(upload.finish()), words=True).code)

    def _give_up(self) -> None:
        upload, self._upload = self._upload, None
        if upload is not None:
            upload.abort()

    def close(self) -> None:
        """As `Transport.close`; a document that was not finished is given up."""
        self._give_up()
        super().close()

    def _document(self, printer: str | bytes, job_id: int, name: str, format: str, *, last: bool) -> Message:
        given = [
            Attribute("job-id", ValueTag.INTEGER, job_id),
            Attribute("document-name", ValueTag.NAME, name[:255]),
            Attribute("document-format", ValueTag.MIME_MEDIA_TYPE, format),
            Attribute("last-document", ValueTag.BOOLEAN, last),
        ]
        return self._message(Operation.SEND_DOCUMENT, self._uri("/printers/", printer), *given)

    def printFile(
        self, printer: str | bytes, filename: str | bytes, title: str | bytes, options: Mapping[str, str]
    ) -> int:
        """Print a file. Returns the job's id."""
        return self.printFiles(printer, [filename], title, options)

    def printFiles(
        self, printer: str | bytes, filenames: list[str | bytes], title: str | bytes, options: Mapping[str, str]
    ) -> int:
        """Print files as the documents of one job. Returns its id. If a document cannot be sent, the job is
        canceled."""
        if not isinstance(filenames, list):
            raise TypeError("filenames must be a list")
        if not filenames:
            raise RuntimeError("filenames list is empty")
        paths = [Path(to_text(filename)) for filename in filenames]
        format = document_format(options)
        job_id = self.createJob(printer, title, options)
        try:
            for number, path in enumerate(paths, 1):
                message = self._document(printer, job_id, path.name, format, last=number == len(paths))
                try:
                    with path.open("rb") as file:
                        answer = self._send(_path(printer), message, file)
                except OSError as error:
                    raise IPPError(_NO_FILE, error.strerror or str(error)) from error
                check(answer, words=True)
        except IPPError:
            self._do("/jobs/", Operation.CANCEL_JOB, self._uri("/jobs/", str(job_id)))
            raise
        return job_id

    def printTestPage(
        self,
        name: str | bytes,
        file: str | bytes | None = None,
        title: str | bytes | None = None,
        format: str | bytes | None = None,
        user: str | bytes | None = None,
    ) -> int:
        """Print CUPS' test page, or a file, on a printer or class. Returns the job's id.

        user: the user in whose name it is printed. Raises RuntimeError if this host has no test page.
        """
        path = _test_page() if file is None else to_text(file)
        given = [
            Attribute("job-name", ValueTag.NAME, "Test Page" if title is None else to_text(title)),
        ]
        if format is not None:
            given.append(Attribute("document-format", ValueTag.MIME_MEDIA_TYPE, to_text(format)))
        if user is not None:
            given.insert(0, Attribute("requesting-user-name", ValueTag.NAME, to_text(user)))
        answer = None
        for folder in ("/printers/", "/classes/"):
            message = self._message(Operation.PRINT_JOB, self._uri(folder, name), *given)
            try:
                with Path(path).open("rb") as document:
                    answer = self._send(_path(name, folder), message, document)
            except OSError as error:
                raise IPPError(_NO_FILE, error.strerror or str(error)) from error
            if answer.code not in (IPP_NOT_POSSIBLE, IPP_NOT_FOUND):
                break
        assert answer is not None
        return int(check(answer).job.value("job-id"))

    def getDocument(self, printer_uri: str | bytes, job_id: int, document_number: int, /) -> dict[str, Any]:
        """A document of a job in a temporary file: ``{"file": ..., "document-format": ...}``, perhaps its name too."""
        given = [
            Attribute("job-id", ValueTag.INTEGER, to_int(job_id)),
            Attribute("document-number", ValueTag.INTEGER, to_int(document_number)),
        ]
        message = self._message(Operation.CUPS_GET_DOCUMENT, to_text(printer_uri), *given)
        handle, path = tempfile.mkstemp()
        try:
            with os.fdopen(handle, "wb") as file:
                answer = check(self._fetch("/", message, file))
        except BaseException:
            Path(path).unlink(missing_ok=True)
            raise
        found: dict[str, Any] = {"file": path}
        for name in ("document-format", "document-name"):
            for group in answer.groups:
                if name in group:
                    found[name] = str(group[name].values[0])
        return found


def _path(name: str | bytes, folder: str = "/printers/") -> str:
    """A printer's resource in the form that a request-target has."""
    return quote(f"{folder}{to_text(name)}", safe="/")


def _test_page() -> str:
    for directory in (os.environ.get("CUPS_DATADIR", "/usr/share/cups"), "/usr/share/cups"):
        for name in ("default-testpage.pdf", "default.pdf", "testprint", "testprint.ps"):
            path = Path(directory) / "data" / name
            if path.exists():
                return str(path)
    raise RuntimeError("there is no test page of CUPS on this host: give a file")
