"""``ippfast scrub``: a message without names, addresses and serial numbers, otherwise the same to the octet.

The rule of this file: nothing changes its length or its place, what was the same stays the same, and what does not tell
who or where it is stays readable: models, states, formats.
"""

import hashlib
import hmac
import re
import secrets
import sys
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

import click

from ippfast import DecodeError, ValueTag, decode_prefix

from .capture import captures
from .failures import USAGE, Failure
from .terminal import name_of

__all__ = ["scrub", "scrubbed"]

# Attributes and members whose strings tell who or where somebody is. Their whole value is masked, and wherever else it
# stands.
_PRIVATE = {
    "auth-info",
    "contact-name",
    "contact-uri",
    "contact-vcard",
    "destination-uri",
    "device-id",
    "device-location",
    "device-serial-number",
    "document-message",
    "document-name",
    "document-name-supplied",
    "document-password",
    "input-device-serial-number",
    "job-account-id",
    "job-accounting-user-id",
    "job-message-from-operator",
    "job-message-to-operator",
    "job-name",
    "job-originating-host-name",
    "job-originating-user-name",
    "job-password",
    "job-printer-name",
    "job-recipient-name",
    "job-sheet-message",
    "message",
    "notify-subscriber-user-name",
    "notify-user-data",
    "original-requesting-user-name",
    "output-device-assigned",
    "printer-asset-tag",
    "printer-dns-sd-name",
    "printer-hostname",
    "printer-info",
    "printer-kind-name",
    "printer-location",
    "printer-message-from-operator",
    "printer-name",
    "printer-organization",
    "printer-organizational-unit",
    "printer-serial-number",
    "printer-service-contact-col",
    "printer-wifi-password",
    "printer-wifi-ssid",
    "requesting-user-name",
}
# Nobody's in particular.
_COMMON = re.compile(rb"localhost|127\.0\.0\.1|anonymous|unknown|none|untitled|root|guest|default", re.IGNORECASE)
_MODEL = ("printer-make-and-model", "device-make-and-model")

_HEX = rb"[0-9A-Fa-f]"
# Everything that repeats is bounded, so that no value takes long to search.
_PATTERNS = (
    re.compile(rb"%b{8}-%b{4}-%b{4}-%b{4}-%b{12}" % ((_HEX,) * 5)),  # a UUID
    re.compile(rb"(?<![0-9A-Fa-f:.-])%b{2}(?:[:-]%b{2}){5}(?![0-9A-Fa-f:-])" % (_HEX, _HEX)),  # a hardware address
    re.compile(rb"(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9.])"),  # IPv4
    re.compile(rb"\[(%b{0,4}(?::%b{0,4}){2,7})(?:%%25[\w.-]{1,32})?\]" % (_HEX, _HEX)),  # IPv6 in a URI
    re.compile(rb"(?<![0-9A-Fa-f:])fe80(?::%b{0,4}){2,7}" % _HEX, re.IGNORECASE),  # IPv6, link-local
    re.compile(rb"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,10}"),  # an address for mail
    re.compile(
        rb"(?:^|;)\s{0,9}(?:SN|SERN|SERIALNUMBER|SER|LEDMDIS_SN)\s{0,9}:([^;]*)", re.IGNORECASE
    ),  # in a device ID
    re.compile(rb"(?:^|;)\s{0,9}serialnumber=([^;]*)", re.IGNORECASE),  # in a printer-input-tray or -supply
    re.compile(rb"geo:([-0-9.]{1,30},[-0-9.]{1,30}[-0-9.,]{0,60})"),
    re.compile(rb"[A-Za-z][A-Za-z0-9+.-]{1,20}://(?:[^/@\s]{0,255}@)?([^/:?#\s\[\]]{1,255})"),  # the host of a URI
    re.compile(rb"\b([\w-]{1,63}\.local)\b"),
)
_STRINGS = {*range(0x40, 0x50), 0x30, 0x35, 0x36}
_CODES = {ValueTag.KEYWORD, ValueTag.URI_SCHEME, ValueTag.CHARSET, ValueTag.NATURAL_LANGUAGE, ValueTag.MIME_MEDIA_TYPE}


class _Value(NamedTuple):
    """Where the octets of a string stand."""

    name: str
    tag: int
    start: int
    end: int


@click.command
@click.argument("file", type=click.File("rb"))
@click.option(
    "-o",
    "--output",
    type=click.File("wb", lazy=True),
    default="-",
    help="Where the masked message goes; standard output by default.",
)
def scrub(file: BinaryIO, output: BinaryIO) -> None:
    """Mask what is private in a message.

    Names, addresses, serial numbers and UUIDs in FILE (- for standard input): each is replaced by others of the same
    length, the same one always by the same; every other octet stays. Document data becomes zeros. Look at the result
    before you show it around: what a vendor puts where, nobody knows.
    """
    if output.name == "-" and sys.stdout.isatty():
        raise Failure("octets are nothing for a terminal: redirect standard output, or give --output", USAGE)
    data = file.read()
    if any(each.head for each in captures(data)):
        raise Failure(f"{name_of(file)} has HTTP around it, which may hold secrets of its own: give the message alone")
    try:
        octets = scrubbed(data)
    except DecodeError as error:
        raise Failure(f"{name_of(file)}: {error}") from None
    output.write(octets)


def scrubbed(octets: bytes) -> bytes:
    """The message with its secrets masked. Raises DecodeError for what is none."""
    _, end = decode_prefix(octets)
    values = list(_values(octets))
    model = b"\0".join(octets[each.start : each.end].lower() for each in values if each.name in _MODEL)
    told: set[bytes] = set()
    seen: set[bytes] = set()
    for each in values:
        text = octets[each.start : each.end]
        if each.name in _PRIVATE:
            told.update([text, *text.split()])
        for pattern in _PATTERNS:
            seen.update(match[match.lastindex or 0] for match in pattern.finditer(text))
    # A model is no secret.
    seen, told = (
        {each for each in some if not _COMMON.fullmatch(each) and each.lower() not in model} for some in (seen, told)
    )
    key = secrets.token_bytes(32)
    in_words, in_codes = _finder(seen | told), _finder(seen)
    masked = bytearray(octets)
    for each in values:
        text = octets[each.start : each.end]
        if each.name in _PRIVATE and text in told:
            masked[each.start : each.end] = _mask(text, key)
        elif each.name not in _MODEL:
            # What somebody is called may be a keyword too.
            finder = in_codes if each.tag in _CODES else in_words
            masked[each.start : each.end] = finder.sub(lambda match: _mask(match[0], key), text)
    masked[end:] = bytes(len(octets) - end)
    return bytes(masked)


def _finder(found: set[bytes]) -> "re.Pattern[bytes]":
    """Finds these, the longest first; but not what is so short that it would be found everywhere."""
    long = sorted((each for each in found if len(each) >= 4), key=len, reverse=True)
    return re.compile(b"|".join(map(re.escape, long)) or rb"(?!)")


def _mask(text: bytes, key: bytes) -> bytes:
    """As many octets of the same kinds: digits for digits, letters for letters, the same for the same."""
    if re.search(rb"\s", text):
        return re.sub(rb"\S+", lambda match: _mask(match[0], key), text)
    address = re.fullmatch(rb"(?:[0-9]{1,3}\.){3}[0-9]{1,3}", text)
    hexadecimal = re.fullmatch(rb"[0-9A-Fa-f:-]+", text) is not None and not text.isdigit()
    if address is None and re.fullmatch(rb"[0-9A-Za-z_.-]+\.(?:local|lan|com|org|net|example)", text):
        host, dot, domain = text.rpartition(b".")
        return _mask(host, key) + dot + domain
    noise = hashlib.shake_256(hmac.digest(key, text.lower(), "sha256")).digest(len(text))
    made = bytearray(text)
    for place, (octet, random) in enumerate(zip(text, noise, strict=True)):
        if address is not None and octet != 0x2E:
            # The first of three digits is 1, so that there is no part above 255; none begins with 0.
            first = place == 0 or text[place - 1] == 0x2E
            three = first and text[place : place + 3].isdigit() and len(text[place : place + 3]) == 3
            made[place] = 0x31 if three else 0x31 + random % 9
        elif 0x30 <= octet <= 0x39:
            made[place] = 0x30 + random % 10
        elif 0x41 <= octet <= 0x5A:
            made[place] = 0x41 + random % (6 if hexadecimal else 26)
        elif 0x61 <= octet <= 0x7A:
            made[place] = 0x61 + random % (6 if hexadecimal else 26)
        elif octet >= 0x80:  # a part of a character: a letter for each octet
            made[place] = 0x61 + random % 26
    return bytes(made)


def _values(octets: bytes) -> Iterator[_Value]:
    """Each string in a message that was decoded, with its attribute's or member's name (RFC 8010 section 3.1)."""
    at, name = 8, ""
    names: list[str] = []  # of the collections around
    while octets[at] != 0x03:
        tag = octets[at]
        at += 1
        if tag < 0x10:
            continue
        size = int.from_bytes(octets[at : at + 2], "big")
        if size:
            name = octets[at + 2 : at + 2 + size].decode("utf-8", "replace")
        at += 2 + size
        size = int.from_bytes(octets[at : at + 2], "big")
        start, at = at + 2, at + 2 + size
        if tag == ValueTag.MEMBER_ATTR_NAME:
            name = octets[start:at].decode("utf-8", "replace")
        elif tag == ValueTag.BEG_COLLECTION:
            names.append(name)
        elif tag == ValueTag.END_COLLECTION:
            name = names.pop()
        elif tag in _STRINGS:
            if tag in (ValueTag.TEXT_WITH_LANGUAGE, ValueTag.NAME_WITH_LANGUAGE):
                inner = start + 2 + int.from_bytes(octets[start : start + 2], "big") + 2
                start = min(inner, at)
            if start < at:
                yield _Value(name, tag, start, at)
