"""What a printer's TXT record says (DNS-SD): the keys of PWG 5100.14 section 4.2.3 and of Bonjour Printing 1.2.1.

The rule of this file: the record agrees with the printer's attributes, has at most 255 octets for each key (RFC 6763
section 6.1), and is cut only between values or characters.
"""

from collections.abc import Iterable, Sequence

from .description import Description

__all__ = ["short", "txt_record"]

_PAPER = (("iso_a2_", "isoC-A2"), ("iso_a3_", "tabloid-A3"), ("na_ledger", "tabloid-A3"), ("na_legal", "legal-A4"))
_WANTED = (
    "image/urf",
    "application/pdf",
    "image/pwg-raster",
    "image/jpeg",
    "application/postscript",
    "application/vnd.hp-pcl",
)
"""The formats that clients look for, in their order."""
_LONGEST = 255


def txt_record(
    description: Description, *, uuid: str, path: str, page: str, tls: bool, authentication: str = "none"
) -> dict[str, str]:
    """The keys of the TXT record.

    uuid: the printer's URN. path: of its URI. page: the URI of its web page, which is printer-more-info too. tls:
    whether it serves ipps. authentication: ``"none"`` or ``"username,password"``.
    """
    text, values = description.text, description.values
    formats = [str(each) for each in values("document-format-supported") if each != "application/octet-stream"]
    formats.sort(key=lambda each: _WANTED.index(each) if each in _WANTED else len(_WANTED))
    two_sided = any(str(each).startswith("two-sided") for each in values("sides-supported"))
    model = text("printer-make-and-model")
    maker, _, product = model.partition(" ")
    record = {
        "txtvers": "1",
        "qtotal": "1",
        "rp": path.lstrip("/"),
        "ty": model,
        "note": text("printer-location"),
        "product": f"({model})",
        "usb_MFG": maker,
        "usb_MDL": product or maker,
        "pdl": _joined("pdl", formats),
        "adminurl": page,
        "UUID": uuid.removeprefix("urn:uuid:"),
        "Color": "T" if True in values("color-supported") else "F",
        "Duplex": "T" if two_sided else "F",
        "Copies": "T",
        "Scan": "F",
        "Fax": "F",
        "URF": _joined("URF", map(str, values("urf-supported"))),
        "kind": _joined("kind", map(str, values("printer-kind"))),
        "PaperMax": _largest(values("media-supported")),
        "air": authentication,
        "priority": "0",
    }
    if tls:
        record["TLS"] = "1.3"
    return {key: short(value, _LONGEST - len(key) - 1) for key, value in record.items() if value}


def _joined(key: str, words: Iterable[str]) -> str:
    """As many of the words as fit after a key, with commas between them."""
    found = ""
    for word in words:
        longer = f"{found},{word}" if found else word
        if len(f"{key}={longer}".encode()) > _LONGEST:
            break
        found = longer
    return found


def _largest(media: Sequence[object]) -> str:
    """PaperMax: a word for the largest medium."""
    for name, word in _PAPER:
        if any(str(each).startswith(name) for each in media):
            return word
    return "legal-A4"


def short(text: str, octets: int) -> str:
    """The beginning of a text, at most this many octets of UTF-8."""
    return text.encode("utf-8", "replace")[:octets].decode("utf-8", "ignore")
