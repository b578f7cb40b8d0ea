"""The printer on the network, where phones and CUPS look for it: DNS-SD (extra ``discovery``: zeroconf).

The rule of this file: what is announced is what the printer says of itself when it is asked; the keys are those of
PWG 5100.14 section 4.2.3 and of the Bonjour printing specification. Nothing is announced beyond the addresses given.
"""

import ipaddress
import socket
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from zeroconf import IPVersion, ServiceInfo, Zeroconf

from .description import Description

__all__ = ["Announcement", "txt_record"]

_PAPER = (("iso_a2_", "isoC-A2"), ("iso_a3_", "tabloid-A3"), ("na_ledger", "tabloid-A3"), ("na_legal", "legal-A4"))
_SUBTYPES = ("_print", "_universal")  # IPP Everywhere and AirPrint look for these


def txt_record(
    description: Description, *, uuid: str, path: str, page: str, tls: bool, authentication: str = "none"
) -> dict[str, str]:
    """The keys of the TXT record.

    uuid: the printer's URN. path: of its URI. page: the URI of its web page. tls: whether it serves ipps.
    authentication: ``"none"`` or ``"username,password"``.
    """
    text, values = description.text, description.values
    formats = [each for each in values("document-format-supported") if each != "application/octet-stream"]
    two_sided = any(str(each).startswith("two-sided") for each in values("sides-supported"))
    record = {
        "txtvers": "1",
        "qtotal": "1",
        "rp": path.lstrip("/"),
        "ty": text("printer-make-and-model"),
        "note": text("printer-location"),
        "product": f"({text('printer-make-and-model')})",
        "pdl": ",".join(map(str, formats)),
        "adminurl": page,
        "UUID": uuid.removeprefix("urn:uuid:"),
        "Color": "T" if True in values("color-supported") else "F",
        "Duplex": "T" if two_sided else "F",
        "Copies": "T",
        "Scan": "F",
        "Fax": "F",
        "URF": ",".join(map(str, values("urf-supported"))),
        "kind": ",".join(map(str, values("printer-kind"))),
        "PaperMax": _largest(values("media-supported")),
        "air": authentication,
        "priority": "0",
    }
    if tls:
        record["TLS"] = "1.3"
    return {key: _short(value, 255 - len(key) - 1) for key, value in record.items() if value}


def _largest(media: Sequence[object]) -> str:
    """PaperMax: a word for the largest medium."""
    for name, word in _PAPER:
        if any(str(each).startswith(name) for each in media):
            return word
    return "legal-A4"


def _short(text: str, octets: int) -> str:
    """The beginning of a text, in UTF-8 no longer than that."""
    return text.encode("utf-8", "replace")[:octets].decode("utf-8", "ignore")


class Announcement:
    """The printer's services, announced as long as it is open. Use it as a context manager.

    name: as people see it; where another printer has it already, a number is added (see `name`). port: where it
    listens. addresses: those of this host by which others reach it, and on whose networks it is announced. record: the
    TXT record. tls: whether ipps is served, too.

    Raises OSError where there is no network to announce it on.
    """

    def __init__(
        self, name: str, port: int, addresses: Sequence[str], record: dict[str, str], *, tls: bool = False
    ) -> None:
        self._addresses = [ipaddress.ip_address(address) for address in addresses]
        families = {address.version for address in self._addresses}
        version = IPVersion.All if len(families) > 1 else IPVersion.V6Only if families == {6} else IPVersion.V4Only
        self._zeroconf = Zeroconf(interfaces=[str(address) for address in self._addresses], ip_version=version)
        self.name = _short(name.replace(".", " "), 63)
        self._server = f"{socket.gethostname().partition('.')[0] or 'printer'}.local."
        self._port = port
        self._record = record
        try:
            for service in ("_ipp", "_ipps") if tls else ("_ipp",):
                self._announce(f"{service}._tcp.local.")
        except BaseException:
            self.close()
            raise

    def _announce(self, kind: str) -> None:
        info = self._info(kind, kind)
        self._zeroconf.register_service(info, allow_name_change=True)
        self.name = info.name.removesuffix(f".{kind}")
        for subtype in _SUBTYPES:  # RFC 6763 section 7.1: another way to the same instance
            pointer = self._info(f"{subtype}._sub.{kind}", kind)
            pointer.key = f"{subtype}.{pointer.key}"  # the library keeps one entry a key
            self._zeroconf.register_service(pointer, cooperating_responders=True)

    def _info(self, kind: str, service: str) -> ServiceInfo:
        return ServiceInfo(
            kind,
            f"{self.name}.{service}",
            addresses=[address.packed for address in self._addresses],
            port=self._port,
            properties=self._record,
            server=self._server,
        )

    def close(self) -> None:
        """Say goodbye: who listens forgets the printer at once."""
        self._zeroconf.unregister_all_services()
        self._zeroconf.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
