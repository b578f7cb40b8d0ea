"""``ippfast scrub``: a message without names, addresses and serial numbers, otherwise the same to the octet.

The rule of this file: what is not known to be harmless is masked (`harmless` says what is). Every value keeps its
length and its place, and equal words stay equal.
"""

import hashlib
import hmac
import re
import secrets
import sys
from collections.abc import Callable, Iterator, Set
from functools import lru_cache
from string import ascii_lowercase, ascii_uppercase, digits
from typing import BinaryIO, NamedTuple

import click

from ippfast import DecodeError, ValueTag, decode_prefix, registry

from . import harmless
from .capture import captures
from .failures import USAGE, Failure
from .terminal import name_of

__all__ = ["scrub", "scrubbed"]

# The syntaxes that hold no text, and their lengths (RFC 8010 section 3.9). A value of another length may hold anything.
_LENGTHS: dict[int, int] = {
    ValueTag.INTEGER: 4,
    ValueTag.BOOLEAN: 1,
    ValueTag.ENUM: 4,
    ValueTag.DATE_TIME: 11,
    ValueTag.RESOLUTION: 9,
    ValueTag.RANGE_OF_INTEGER: 8,
}
_WITH_LANGUAGE = (ValueTag.TEXT_WITH_LANGUAGE, ValueTag.NAME_WITH_LANGUAGE)
_TEXTS = {*_WITH_LANGUAGE, ValueTag.TEXT, ValueTag.NAME, ValueTag.OCTET_STRING}

# Texts are searched as Latin-1: one character for each octet.
# What is masked as one word. An IPv4 address stays an address; a letter that a URI encodes stays encoded.
_WORD = re.compile(r"(?<![0-9.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![0-9.])|[0-9A-Za-z\x80-\xff]+", re.ASCII)
_WORD_OF_URI = re.compile(r"%[0-9A-Fa-f]{2}|" + _WORD.pattern)
_IPV4 = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")
# Scheme, userinfo, host, port, path, and query with fragment (RFC 3986 appendix B).
_URI = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]{0,62}):"
    r"(?://(?:(?P<user>[^/?#]*)@)?(?P<host>\[[^\]]*\]|[^\[\]:/?#]*)(?P<port>:[0-9]{0,5})?(?=[/?#]|\Z))?"
    r"(?P<path>[^?#]*)(?P<rest>.*)",
    re.DOTALL | re.ASCII,
)
# The pieces of a text between spaces and brackets.
_PIECE = re.compile(r"[^\s,;()'\"=]+", re.ASCII)
_NUMBER = re.compile(r"#?[-+]?[0-9]{1,4}[%.:!?]?")
# What is an address or a host's name whatever its words are.
_ADDRESS = re.compile(
    r"[@\\]|://|[A-Za-z0-9]\.[A-Za-z]|(?:[0-9A-Fa-f]{2}[:-]){3}|[0-9]\.[0-9]{1,3}\.[0-9]|[0-9A-Fa-f]{12}"
)
_PAIR = re.compile(r"(\s*)([^;:=]{1,40})([:=])([^;]*)(;|\Z)", re.ASCII)
# A number after a word: tray2, A4, RS300.
_COUNTED = re.compile(r"([A-Za-z]{1,63}?)([0-9]{1,3})")
# In a keyword: a count or a version after a word, with a standard's year or part (tray-2, adobe-1.5,
# iso-32000-1_2008), a size in a medium's name (PWG 5101.1), a version alone, and what a printer's URF can (RS300-600).
_COUNT = re.compile(
    r"(?<=[A-Za-z][-_])[0-9]{1,3}(?:\.[0-9]{1,2})?(?![0-9A-Za-z.:-])|(?<=\biso-)(?:19005|32000|15930)-[0-9]{1,2}_[0-9]{4}\Z"
)
_SIZE = re.compile(r"(?:\b|_)[0-9]{1,4}(?:\.[0-9]{1,5})?x[0-9]{1,4}(?:\.[0-9]{1,5})?(?:in|mm)(?![A-Za-z0-9])", re.ASCII)
_WHOLE = re.compile(
    r"[0-9]\.[0-9]|(?:ADOBERGB|CP|DEVRGB|DEVW|DM|FN|IFU|IS|MT|OB|OFU|PQ|RS|SRGB|V|W)[0-9]{1,3}(?:[.-][0-9]{1,3}){0,30}"
)
_DIGITS = re.compile(r"[0-9]{1,6}")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


class _Value(NamedTuple):
    """The place of a value's octets."""

    path: str
    tag: int
    start: int
    end: int

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def text(self, octets: bytes) -> str:
        """Its octets, as a character each."""
        return octets[self.start : self.end].decode("latin-1")


@click.command
@click.argument("file", type=click.File("rb"))
@click.option(
    "-o",
    "--output",
    type=click.File("wb", lazy=True),
    default="-",
    help="The file for the masked message; standard output by default.",
)
def scrub(file: BinaryIO, output: BinaryIO) -> None:
    """Mask what is private in a message.

    In the strings of FILE (- for standard input) only what is known to be harmless stays: registered keywords, formats,
    the model, words that printers use for their states, schemes and ports of URIs. Every other word is replaced by one
    of the same length, equal words by equal ones. Numbers, dates and the names of attributes stay. Document data
    becomes zeros. Look at the result before you publish it: a vendor may put private data anywhere.
    """
    if output.name == "-" and sys.stdout.isatty():
        raise Failure("octets can't be shown on a terminal: redirect standard output, or give --output", USAGE)
    data = file.read()
    if any(each.head for each in captures(data)):
        raise Failure(f"{name_of(file)} has HTTP around it, which may have secrets of its own: give only the message")
    try:
        octets = scrubbed(data)
    except DecodeError as error:
        raise Failure(f"{name_of(file)}: {error}") from None
    output.write(octets)


def scrubbed(octets: bytes) -> bytes:
    """The message with its secrets masked. Raises DecodeError for what is not a message."""
    _, end = decode_prefix(octets)
    values = list(_values(octets))
    mask = _Masks(octets, values)
    masked = bytearray(octets)
    for each in values:
        masked[each.start : each.end] = mask.value(each, each.text(octets)).encode("latin-1")
    masked[end:] = bytes(len(octets) - end)
    return bytes(masked)


class _Masks:
    """Masks values of one message, equal words by equal ones."""

    def __init__(self, octets: bytes, values: list[_Value]) -> None:
        self._key = secrets.token_bytes(32)
        self._made: dict[str, str] = {}
        people: set[str] = set()
        told: set[str] = set()
        model: set[str] = set()
        for each in values:
            if each.tag not in _TEXTS:
                continue
            found = set(_WORD.findall(each.text(octets).lower()))
            if each.name in harmless.MODEL:
                model |= found
            elif not _is_readable(each.path):
                told |= found
                if harmless.PEOPLE.search(each.name):
                    people |= found
        self._model = model - people
        self._people = people
        # A name of three letters may be a word, too.
        self._in_texts = harmless.words() - {word for word in told if len(word) > 3} | self._model

    def value(self, value: _Value, text: str) -> str:
        """The value with all masked that is not known to be harmless."""
        tag, name = value.tag, value.name
        if tag == ValueTag.URI:
            return self._uri(text)
        if tag == ValueTag.KEYWORD:
            return self._keyword(text, harmless.words()) if _may_be_keyword(value.path) else self._all(text)
        if tag == ValueTag.MIME_MEDIA_TYPE:
            return self._words(text, harmless.words())
        if tag == ValueTag.URI_SCHEME:
            return text if text.lower() in harmless.SCHEMES else self._all(text)
        if tag == ValueTag.CHARSET:
            return text if harmless.CHARSETS.fullmatch(text) else self._all(text)
        if tag == ValueTag.NATURAL_LANGUAGE:
            return text if harmless.LANGUAGE.fullmatch(text) else self._all(text)
        if tag not in _TEXTS or (tag == ValueTag.OCTET_STRING and not _is_text(text)):
            return self._noise(text)
        if name in harmless.MODEL:
            return self._of_model(text)
        if harmless.VERSIONS.search(name):
            return self._version(text)
        if _is_readable(value.path):
            return self._text(text)
        if name in harmless.CALLED_AFTER_MODEL:
            return self._words(text, self._model)
        return self._all(text)

    def _all(self, text: str) -> str:
        return _WORD.sub(self._masked, text)

    def _unless(self, stays: Callable[[re.Match[str]], bool], text: str, word: re.Pattern[str] = _WORD) -> str:
        return word.sub(lambda match: match[0] if stays(match) else self._masked(match), text)

    def _words(self, text: str, known: Set[str]) -> str:
        return self._unless(lambda match: _is_known(match[0], known), text)

    def _version(self, text: str) -> str:
        known = harmless.words() | self._model
        return self._unless(lambda match: bool(_DIGITS.fullmatch(match[0])) or _is_known(match[0], known), text)

    def _of_model(self, text: str) -> str:
        def masked(match: re.Match[str]) -> str:
            if _ADDRESS.search(match[0]):
                return self._all(match[0])
            return self._unless(lambda word: word[0].lower() not in self._people, match[0])

        return _PIECE.sub(masked, text)

    def _keyword(self, text: str, known: Set[str]) -> str:
        if _WHOLE.fullmatch(text):
            return text
        kept = {at for some in (_COUNT, _SIZE) for match in some.finditer(text) for at in range(*match.span())}

        def stays(match: re.Match[str]) -> bool:
            return _is_known(match[0], known) or (match.start() in kept and match.end() - 1 in kept)

        return self._unless(stays, text)

    def _text(self, text: str) -> str:
        """A text in words, or in KEY:VALUE; or key=value;."""
        if ";" not in text and "=" not in text:
            return _PIECE.sub(self._piece, text)
        at, made = 0, ""
        while match := _PAIR.match(text, at):
            space, key, sign, value, end = match.groups()
            made += space + self._words(key, harmless.words())
            made += sign + self._value_of(key.strip().lower(), value) + end
            at = match.end()
        return made + (self._all(text[at:]) if "=" in text or ":" in text else _PIECE.sub(self._piece, text[at:]))

    def _value_of(self, key: str, value: str) -> str:
        if key in harmless.MODEL_KEYS:
            return self._of_model(value)
        if key in harmless.NUMBERS and re.fullmatch(r"\s*-?[0-9]{1,10}\s*", value):
            return value
        return _PIECE.sub(self._piece, value) if key in harmless.KEYS else self._all(value)

    def _piece(self, match: re.Match[str]) -> str:
        piece = match[0]
        if _NUMBER.fullmatch(piece):
            return piece
        if "://" in piece:
            return self._uri(piece)
        return self._all(piece) if _ADDRESS.search(piece) else self._keyword(piece, self._in_texts)

    def _uri(self, text: str) -> str:
        match = _URI.fullmatch(text)
        if match is None or match["scheme"].lower() not in harmless.SCHEMES:
            return _WORD_OF_URI.sub(self._masked, text)
        scheme, host, path = match["scheme"], match["host"], match["path"]
        made = text[: len(scheme) + 1]
        if host is not None:
            user = match["user"]
            made += "//" + ("" if user is None else _WORD_OF_URI.sub(self._masked, user) + "@")
            made += self._host(host) + (match["port"] or "")
        parts = path.split("/")
        made += "/".join(self._part(part, parts[place - 1] if place else "") for place, part in enumerate(parts))
        return made + _WORD_OF_URI.sub(self._masked, match["rest"])

    def _host(self, host: str) -> str:
        if host.lower() in harmless.HOSTS:
            return host
        name, dot, domain = host.rpartition(".")
        if domain.lower() in harmless.DOMAINS:
            return _WORD_OF_URI.sub(self._masked, name) + dot + domain
        return _WORD_OF_URI.sub(self._masked, host)

    def _part(self, part: str, before: str) -> str:
        """A part of a URI's path, after another."""
        if (part in harmless.PLACES and before not in harmless.ADDRESSED) or (
            before in ("jobs", "print") and re.fullmatch(r"[0-9]{1,7}", part)
        ):
            return part
        if before in harmless.ADDRESSED:
            # A queue's name: words of the model stay, as in printer-name.
            return self._unless(lambda match: match[0].lower() in self._model, part, _WORD_OF_URI)
        start = 5 if part[:5].lower() == "uuid:" else 0
        return part[:start] + _WORD_OF_URI.sub(self._masked, part[start:])

    def _masked(self, match: re.Match[str]) -> str:
        word = match[0]
        made = self._made.get(word)
        if made is None:
            made = self._made[word] = _other(word, self._key)
        return made

    def _noise(self, text: str) -> str:
        return _noise(text, self._key, len(text)).decode("latin-1")


def _is_known(word: str, known: Set[str]) -> bool:
    """Whether a word is known: in lower case, with a number after it, or as the parts of a camelCase one."""
    if word.lower() in known:
        return True
    counted = _COUNTED.fullmatch(word)
    if counted is not None:
        return _is_known(counted[1], known)
    parts = _CAMEL.findall(word)
    return len(parts) > 1 and "".join(parts) == word and all(part.lower() in known for part in parts)


def _is_text(text: str) -> bool:
    """Whether it is UTF-8 without control characters."""
    try:
        return not re.search(r"[\0-\x08\x0e-\x1f\x7f]", text.encode("latin-1").decode())
    except UnicodeDecodeError:
        return False


@lru_cache(maxsize=4096)
def _is_readable(path: str) -> bool:
    """Whether words that are known may stay in texts and names here: the attribute is about a device, or may be a
    keyword."""
    name = path.rpartition("/")[2]
    spec = registry.lookup(path)
    return name in harmless.READABLE or (spec is not None and ValueTag.KEYWORD in spec.tags)


@lru_cache(maxsize=4096)
def _may_be_keyword(path: str) -> bool:
    spec = registry.lookup(path)
    return spec is None or ValueTag.KEYWORD in spec.tags


def _noise(text: str, key: bytes, size: int) -> bytes:
    return hashlib.shake_256(hmac.digest(key, text.encode("latin-1"), "sha256")).digest(size)


def _other(word: str, key: bytes) -> str:
    """Another word of the same length: digits for digits, letters for letters, and no character stays. Words that
    differ only in case give the same word."""
    noise = _noise(word.lower(), key, len(word))
    if word[0] == "%":
        return f"%6{1 + noise[0] % 9}"
    if _IPV4.fullmatch(word):
        return _other_ipv4(word, noise)
    hexadecimal = re.fullmatch("[0-9A-Fa-f]*[A-Fa-f][0-9A-Fa-f]*", word) is not None
    small, large = ("abcdef", "ABCDEF") if hexadecimal else (ascii_lowercase, ascii_uppercase)
    made = []
    for character, random in zip(word, noise, strict=True):
        kind = digits if character in digits else large if character in large else small
        made.append(_turned(character, kind, random))
    return "".join(made)


def _turned(character: str, kind: str, random: int) -> str:
    """Another character of the kind. A character that is not of the kind is an octet of one outside of ASCII."""
    place = kind.find(character)
    return kind[random % len(kind)] if place < 0 else kind[(place + 1 + random % (len(kind) - 1)) % len(kind)]


def _other_ipv4(address: str, noise: bytes) -> str:
    """An address of the same length. Its parts stay below 256, and none begins with 0."""
    parts, at = [], 0
    for part in address.split("."):
        made = "".join(_turned(digit, digits[1:], random) for digit, random in zip(part, noise[at:], strict=False))
        parts.append(f"1{made[1:]}" if len(part) == 3 else made)
        at += len(part) + 1
    return ".".join(parts)


def _values(octets: bytes) -> Iterator[_Value]:
    """Each value in a message that was decoded that may hold text, with its path (RFC 8010 section 3.1)."""
    at, name = 8, ""
    names: list[str] = []  # of the enclosing collections
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
        path = "/".join((*names, name))
        if tag == ValueTag.MEMBER_ATTR_NAME:
            name = octets[start:at].decode("utf-8", "replace")
        elif tag == ValueTag.BEG_COLLECTION:
            names.append(name)
        elif tag == ValueTag.END_COLLECTION:
            name = names.pop()
        elif tag in _WITH_LANGUAGE:
            # Two lengths, of the language and of the string. If they do not fit, both are one string.
            inner = start + 2 + int.from_bytes(octets[start : start + 2], "big")
            if inner + 2 <= at and inner + 2 + int.from_bytes(octets[inner : inner + 2], "big") == at:
                yield _Value(path, ValueTag.NATURAL_LANGUAGE, start + 2, inner)
                start = inner + 2
            yield _Value(path, tag, start, at)
        elif size and _LENGTHS.get(tag) != size:
            yield _Value(path, tag, start + 4 if tag == ValueTag.EXTENSION and size >= 4 else start, at)
