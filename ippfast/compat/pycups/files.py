"""Files of a CUPS server with pycups: its configuration and logs, the PPDs of its printers, and its own settings.

The rule of this file: a file that comes is put where the program says, or into a temporary one that is the program's
to delete. A bad HTTP status is an HTTPError in getFile and putFile, and an IPPError elsewhere.
"""

import os
import tempfile
from collections.abc import Mapping
from email.utils import formatdate, parsedate_to_datetime
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import quote

from ... import Attribute, ValueTag
from ...enums import Operation
from ...tags import DelimiterTag
from .constants import IPP_NOT_FOUND
from .errors import HTTPError
from .server_settings import read_settings, write_settings
from .transport import Transport, check, from_http, to_int, to_text
from .values import all_values

__all__ = ["Files"]

_CONFIGURATION = "/admin/conf/cupsd.conf"


class Files(Transport):
    """The methods of a connection for files."""

    quirks = True

    def getFile(
        self, resource: str | bytes, filename: str | bytes | None = None, fd: int = -1, file: Any = None
    ) -> None:
        """Fetch a file of the server, such as ``"/admin/conf/cupsd.conf"``, into a file by its name, number or object.

        Raises HTTPError for another status than 200, HTTPError(-1) if no file is given; RuntimeError for more than one.
        """
        _one_of(filename, fd, file)
        with tempfile.TemporaryFile() as content:
            reply = self._http("GET", quote(to_text(resource), safe="/?=&%"), into=content)
            if reply.status != 200:
                raise HTTPError(reply.status)
            content.seek(0)
            _give(content.read(), filename, fd, file)

    def putFile(
        self, resource: str | bytes, filename: str | bytes | None = None, fd: int = -1, file: Any = None
    ) -> None:
        """Put a file in the place of the server's. Raises as `getFile` does, and HTTPError(-1) for a file that cannot
        be read."""
        _one_of(filename, fd, file)
        try:
            content = _take(filename, fd, file)
        except OSError as error:
            raise HTTPError(-1) from error
        reply = self._http("PUT", quote(to_text(resource), safe="/"), content)
        if reply.status != 201:
            raise HTTPError(reply.status)

    # PPDs.

    def getPPDs(self, limit: int = 0, **given: Any) -> dict[str, dict[str, Any]]:
        """The PPDs that the server has, by their names, with the first value of each attribute.

        limit: at most this many. Further arguments choose: exclude_schemes and include_schemes (lists),
        ppd_natural_language, ppd_device_id, ppd_make, ppd_make_and_model, ppd_model_number, ppd_product, ppd_psversion
        and ppd_type.
        """
        return self._ppds(limit, given, lists=False)

    def getPPDs2(self, limit: int = 0, **given: Any) -> dict[str, dict[str, Any]]:
        """As `getPPDs`, with a list of all values for each attribute."""
        return self._ppds(limit, given, lists=True)

    def _ppds(self, limit: int, given: Mapping[str, Any], *, lists: bool) -> dict[str, dict[str, Any]]:
        attributes = []
        for name, value in given.items():
            tag = _CHOICES.get(name)
            if tag is None:
                raise TypeError(f"this function got an unexpected keyword argument {name!r}")
            key = name.replace("_", "-")
            if value is None or value == -1:
                continue
            if tag == ValueTag.INTEGER:
                attributes.append(Attribute(key, tag, to_int(value)))
            elif name.endswith("schemes"):
                if not isinstance(value, list):
                    raise TypeError("List required")
                attributes.append(Attribute(key, tag, [to_text(each) for each in value]))
            else:
                attributes.append(Attribute(key, tag, to_text(value)))
        if to_int(limit) > 0:
            attributes.insert(0, Attribute("limit", ValueTag.INTEGER, limit))
        answer = self._send("/", self._message(Operation.CUPS_GET_PPDS, None, *attributes))
        if answer.code == IPP_NOT_FOUND:
            return {}
        found = {}
        for group in check(answer).groups_of(DelimiterTag.PRINTER):
            values = {each.name: all_values(each, quirks=self.quirks) for each in group}
            ppd = values.pop("ppd-name", None)
            if ppd is not None:
                found[str(ppd[0])] = values if lists else {name: those[0] for name, those in values.items()}
        return found

    def getServerPPD(self, ppd_name: str | bytes, /) -> str:
        """The temporary file of a PPD that the server has under this name."""
        given = Attribute("ppd-name", ValueTag.NAME, to_text(ppd_name))
        path, file = _temporary()
        try:
            with file:
                check(self._fetch("/", self._message(Operation.CUPS_GET_PPD, None, given), file), words=True)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return str(path)

    def getPPD(self, name: str | bytes, /) -> str:
        """The temporary file of a printer's PPD. Raises IPPError if there is no such printer, or it has none."""
        status, _, filename = self.getPPD3(name)
        if status != 200:
            raise from_http(status)
        return filename

    def getPPD3(
        self, name: str | bytes, modtime: float = 0.0, filename: str | bytes | None = None
    ) -> tuple[int, float, str]:
        """The HTTP status, time and file of a printer's PPD; status 304 if it is not newer than modtime.

        filename: the file to write; by default a temporary one.
        """
        headers = (f"If-Modified-Since: {formatdate(modtime, usegmt=True)}",) if modtime else ()
        path, file = _temporary() if filename is None else (Path(to_text(filename)), None)
        with file or path.open("ab"), tempfile.TemporaryFile() as content:
            reply = self._http("GET", quote(f"/printers/{to_text(name)}.ppd", safe="/"), into=content, headers=headers)
            if reply.status == 200:
                content.seek(0)
                path.write_bytes(content.read())
        if reply.status != 200:
            if filename is None:
                path.unlink(missing_ok=True)
            return reply.status, float(modtime), "" if filename is None else str(path)
        return 200, _time(reply.headers.get("last-modified")), str(path)

    # The server's settings.

    def adminGetServerSettings(self) -> dict[str, str]:
        """The server's settings: texts by directives; CUPS_SERVER_DEBUG_LOGGING and the like are ``"0"`` or ``"1"``."""
        return read_settings(self._configuration().decode("utf-8", "replace"))

    def adminSetServerSettings(self, settings: Mapping[str, str], /) -> None:
        """Change the server's settings; those that are not given stay. The server starts anew with them."""
        if not isinstance(settings, Mapping):
            raise TypeError("Expecting dict")
        given = {to_text(name): to_text(value) for name, value in settings.items()}
        before = self._configuration().decode("utf-8", "surrogateescape")
        after = write_settings(before, given).encode("utf-8", "surrogateescape")
        reply = self._http("PUT", _CONFIGURATION, after)
        if reply.status != 201:
            raise from_http(reply.status)

    def _configuration(self) -> bytes:
        with tempfile.TemporaryFile() as content:
            reply = self._http("GET", _CONFIGURATION, into=content)
            if reply.status != 200:
                raise from_http(reply.status)
            content.seek(0)
            return content.read()

    def adminExportSamba(self, name: str, samba_server: str, samba_username: str, samba_password: str, /) -> None:
        """Always raises RuntimeError: CUPS 1.6 was the last with it, and in the library it has done nothing since."""
        raise RuntimeError("CUPS has no export to Samba any more: Samba shares CUPS' printers by itself")


_CHOICES = {
    "exclude_schemes": ValueTag.NAME,
    "include_schemes": ValueTag.NAME,
    "ppd_natural_language": ValueTag.NATURAL_LANGUAGE,
    "ppd_device_id": ValueTag.TEXT,
    "ppd_make": ValueTag.TEXT,
    "ppd_make_and_model": ValueTag.TEXT,
    "ppd_model_number": ValueTag.INTEGER,
    "ppd_product": ValueTag.TEXT,
    "ppd_psversion": ValueTag.TEXT,
    "ppd_type": ValueTag.KEYWORD,
}


def _temporary() -> tuple[Path, BinaryIO]:
    handle, path = tempfile.mkstemp()
    return Path(path), os.fdopen(handle, "wb")


def _time(text: str | None) -> float:
    try:
        return 0.0 if text is None else parsedate_to_datetime(text).timestamp()
    except ValueError:
        return 0.0


def _one_of(filename: object, fd: int, file: object) -> None:
    count = (filename is not None) + (fd != -1) + (file is not None)
    if count > 1:
        raise RuntimeError("Only one destination type may be specified")
    if count == 0:
        raise HTTPError(-1)


def _give(content: bytes, filename: str | bytes | None, fd: int, file: Any) -> None:
    try:
        if filename is not None:
            Path(to_text(filename)).write_bytes(content)
        elif fd != -1:
            with os.fdopen(os.dup(fd), "wb") as target:
                target.write(content)
        else:
            file.flush()
            with os.fdopen(os.dup(file.fileno()), "wb") as target:
                target.write(content)
    except OSError as error:
        raise HTTPError(-1) from error


def _take(filename: str | bytes | None, fd: int, file: Any) -> bytes:
    if filename is not None:
        return Path(to_text(filename)).read_bytes()
    with os.fdopen(os.dup(fd if fd != -1 else file.fileno()), "rb") as source:
        return source.read()
