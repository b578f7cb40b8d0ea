"""How many pages a PDF document says that it has, without a look at any of them (ISO 32000-1 sections 7.5 and 7.7).

The rule of this file: the way from the end of the document to its page tree is short, and its octets, steps and depth
have limits, whatever the document says. If the number is not found that way, it is unknown: None. Nothing is repaired
or drawn, and a document whose pages are counted may still be broken.
"""

import re
import zlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

__all__ = ["ReadAt", "pages_of"]

ReadAt = Callable[[int, int], bytes]
"""A function that returns octets of the document: from which place on, and how many at most."""

_TAIL = 2_048
_PIECE = 4_096
_MOST_READS = 48
_MOST_OCTETS = 4 << 20  # octets that are read, at most
_MOST_INFLATED = 16 << 20  # octets of all streams together
_MOST_SEARCHED = 64 << 20  # octets of the tables, for all entries together
_MOST_SECTIONS = 16  # the cross-reference has one for each time that the document was changed
_MOST_SUBSECTIONS = 256
_DEEPEST = 16
_MOST_TOKENS = 40_000
_LARGE = 1 << 19  # octets of an object that is longer than a piece

_START = re.compile(rb"startxref\s+(\d{1,12})")
_OBJECT = re.compile(rb"\s*(\d{1,10})\s+(\d{1,5})\s+obj\b")
_SUBSECTION = re.compile(rb"\s*(\d{1,10})\s+(\d{1,10})\s*?(?:\r\n|\r|\n)")
_ENTRY = re.compile(rb"(\d{10}) (\d{5}) ([nf])")
_ENTRY_SIZE = 20
# What is between tokens is matched in one way only (*+): a row of % can be split in more ways than there is time for.
_TOKEN = re.compile(
    rb"(?:\s|%[^\r\n]*+)*+"
    rb"(?:(<<|>>|\[|\])|/([^\s<>\[\]()/%{}]*)|(\d{1,10})\s+(\d{1,5})\s+R\b|([-+]?\d{1,10})(?![\d.])|(<[0-9A-Fa-f\s]*>)|"
    rb"([-+]?[\d.]+)|(true|false|null)\b|(\())"
)


class _Unknown(Exception):
    """The number of pages is not found."""


class _Ref(NamedTuple):
    number: int


class _Section(NamedTuple):
    """A part of the cross-reference: its entries and its trailer.

    entry: returns the entry of an object: (1, offset) or (2, number of the stream that has the object); None: there is
    none.
    """

    entry: Callable[[int], tuple[int, int] | None]
    trailer: dict[bytes, Any]


def pages_of(read: ReadAt, size: int) -> int | None:
    """How many pages the document says that it has; None: that is not found, or is not credible.

    read: gives octets of the document, `size` in all; fewer at its end.
    """
    try:
        count = _Document(read, size).count()
    except (_Unknown, zlib.error, RecursionError):
        return None
    return count if isinstance(count, int) and 0 < count <= size else None  # a page takes more than an octet


class _Document:
    def __init__(self, read: ReadAt, size: int) -> None:
        self._read_at = read
        self._size = size
        self._reads = self._octets = self._inflated_octets = self._searched = 0
        self._sections: list[_Section] = []

    def count(self) -> object:
        found = _START.findall(self._read(max(0, self._size - _TAIL), _TAIL))
        if not found:
            raise _Unknown
        at: object = int(found[-1])
        seen: set[int] = set()
        while isinstance(at, int) and at not in seen and len(seen) < _MOST_SECTIONS:
            seen.add(at)
            section = self._section(at)
            self._sections.append(section)
            if isinstance(hybrid := section.trailer.get(b"XRefStm"), int) and hybrid not in seen:
                seen.add(hybrid)
                self._sections.append(self._section(hybrid))
            at = section.trailer.get(b"Prev")
        root = next((each.trailer[b"Root"] for each in self._sections if b"Root" in each.trailer), None)
        catalog = self._resolved(root)
        pages = self._resolved(catalog.get(b"Pages") if isinstance(catalog, dict) else None)
        return self._resolved(pages.get(b"Count")) if isinstance(pages, dict) else None

    def _read(self, start: int, length: int) -> bytes:
        self._reads += 1
        self._octets += length
        if start < 0 or self._reads > _MOST_READS or self._octets > _MOST_OCTETS:
            raise _Unknown
        return self._read_at(start, min(length, max(0, self._size - start)))

    def _search(self, octets: int) -> None:
        self._searched += octets
        if self._searched > _MOST_SEARCHED:
            raise _Unknown

    # The cross-reference.

    def _section(self, at: int) -> _Section:
        data = self._read(at, _PIECE)
        start = re.match(rb"\s*xref\b", data)
        if start is None:
            return self._stream_section(at, data)
        parts: list[tuple[int, int, int]] = []  # first object, how many, where the entries are
        place = at + start.end()
        for _ in range(_MOST_SUBSECTIONS):
            if not at <= place <= at + len(data) - 64:
                at, data = place, self._read(place, _PIECE)
            found = _SUBSECTION.match(data, place - at)
            if found is None:
                break
            first, count = int(found[1]), int(found[2])
            parts.append((first, count, at + found.end()))
            place = at + found.end() + count * _ENTRY_SIZE
        trailer = re.compile(rb"\s*trailer").match(data, place - at)
        if trailer is None:
            raise _Unknown

        def entry(number: int) -> tuple[int, int] | None:
            for first, count, where in parts:
                if first <= number < first + count:
                    row = _ENTRY.match(self._read(where + (number - first) * _ENTRY_SIZE, _ENTRY_SIZE))
                    return (1, int(row[1])) if row is not None and row[3] == b"n" else None
            return None

        return _Section(entry, _dictionary(data, trailer.end()))

    def _stream_section(self, at: int, data: bytes) -> _Section:
        found = _OBJECT.match(data)
        if found is None:
            raise _Unknown
        trailer = _dictionary(data, found.end())
        widths = [each if isinstance(each, int) and 0 <= each <= 8 else 99 for each in _list(trailer.get(b"W"))]
        if len(widths) != 3 or not 0 < (row := sum(widths)) < 25:
            raise _Unknown
        table = _Rows(self._inflated(at, data, trailer), row, trailer.get(b"DecodeParms"), self._search)
        total = trailer.get(b"Size")
        ranges = _list(trailer.get(b"Index")) or [0, total]
        parts, before = [], 0
        for first, count in zip(ranges[::2], ranges[1::2], strict=False):
            if not isinstance(first, int) or not isinstance(count, int) or count < 0:
                raise _Unknown
            parts.append((first, count, before))
            before += count

        def entry(number: int) -> tuple[int, int] | None:
            for first, count, skipped in parts:
                if first <= number < first + count:
                    octets = table.row(skipped + number - first)
                    kind = int.from_bytes(octets[: widths[0]], "big") if widths[0] else 1
                    where = int.from_bytes(octets[widths[0] : widths[0] + widths[1]], "big")
                    return (kind, where) if kind in (1, 2) else None
            return None

        return _Section(entry, trailer)

    # Objects.

    def _resolved(self, value: object, depth: int = 0) -> Any:
        while isinstance(value, _Ref):
            depth += 1
            if depth > _DEEPEST:
                raise _Unknown
            value = self._object(value.number, depth)
        return value

    def _object(self, number: int, depth: int) -> object:
        for section in self._sections:
            found = section.entry(number)
            if found is not None:
                kind, where = found
                return self._at(where, number) if kind == 1 else self._in_stream(where, number, depth)
        raise _Unknown

    def _at(self, where: int, number: int) -> object:
        data = self._read(where, _PIECE)
        found = _OBJECT.match(data)
        if found is None or int(found[1]) != number:
            raise _Unknown
        try:
            return _value(data, found.end())
        except _Unknown:  # it may be longer than what was read
            return _value(self._read(where, _LARGE), found.end())

    def _in_stream(self, stream: int, number: int, depth: int) -> object:
        if depth > _DEEPEST:
            raise _Unknown
        where = next((found[1] for each in self._sections if (found := each.entry(stream)) and found[0] == 1), None)
        if where is None:  # a stream may not be in another stream (section 7.5.7)
            raise _Unknown
        data = self._read(where, _PIECE)
        begin = _OBJECT.match(data)
        if begin is None:
            raise _Unknown
        about = _dictionary(data, begin.end())
        first, count = about.get(b"First"), about.get(b"N")
        if not isinstance(first, int) or not isinstance(count, int) or first < 1 or not 0 < count < 100_000:
            raise _Unknown
        content = self._inflated(where, data, about)
        words = content[:first].split(None, 2 * count)[: 2 * count]
        numbers = [int(each) for each in words if each.isdigit() and len(each) < 12]
        for its_number, offset in zip(numbers[::2], numbers[1::2], strict=False):
            if its_number == number:
                return _value(content, first + offset)
        raise _Unknown

    def _inflated(self, at: int, data: bytes, about: dict[bytes, Any]) -> bytes:
        """The content of the stream at that place, of which `data` is the beginning."""
        begin = re.compile(rb"stream(?:\r\n|\n)").search(data)
        length = self._resolved(about.get(b"Length"))
        if begin is None or not isinstance(length, int) or length < 0:
            raise _Unknown
        content = data[begin.end() : begin.end() + length]
        if len(content) < length:
            content = self._read(at + begin.end(), length)
        kind = about.get(b"Filter")
        kind = kind[0] if isinstance(kind, list) and len(kind) == 1 else kind
        if kind is None:
            return content
        if kind != b"FlateDecode":
            raise _Unknown
        left = _MOST_INFLATED - self._inflated_octets
        if left <= 0:
            raise _Unknown
        inflated = zlib.decompressobj().decompress(content, left)
        self._inflated_octets += len(inflated)
        return inflated


class _Rows:
    """The rows of a cross-reference stream, with the predictor of PNG or without (section 7.4.4.4).

    search: is told how many octets are looked through, and raises _Unknown if these are too many.
    """

    def __init__(self, content: bytes, row: int, parameters: object, search: Callable[[int], None]) -> None:
        self._content = content
        self._search = search
        self._row = row
        given = parameters[0] if isinstance(parameters, list) and parameters else parameters
        predictor = given.get(b"Predictor", 1) if isinstance(given, dict) else 1
        self._predicted = predictor != 1
        if self._predicted:
            columns = given.get(b"Columns", 1) if isinstance(given, dict) else 1
            if not isinstance(predictor, int) or predictor < 10 or columns != row:
                raise _Unknown

    def row(self, place: int) -> bytes:
        if not self._predicted:
            return self._content[place * self._row : (place + 1) * self._row]
        stride = self._row + 1
        content = self._content[: (place + 1) * stride]
        self._search(len(content))
        kinds = content[::stride]
        if len(content) < (place + 1) * stride or kinds.translate(None, b"\0\2"):
            raise _Unknown
        start = (
            kinds.rfind(b"\0") * stride if b"\0" in kinds else 0
        )  # each row after it is a difference to the one before (Up)
        return bytes(sum(content[start + 1 + column :: stride]) & 255 for column in range(self._row))


# Values.


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _dictionary(data: bytes, at: int) -> dict[bytes, Any]:
    found = _value(data, at)
    if not isinstance(found, dict):
        raise _Unknown
    return found


def _value(data: bytes, at: int) -> object:
    """The value that begins there. Dictionaries have names as bytes; strings are None."""
    tokens = _tokens(data, at)
    return _one(next(tokens, _Mark(_END)), tokens, 0)


_OPEN, _CLOSE, _BEGIN, _END = b"<<", b">>", b"[", b"]"


class _Mark(NamedTuple):
    sign: bytes


def _tokens(data: bytes, at: int) -> Iterator[object]:
    for _ in range(_MOST_TOKENS):
        found = _TOKEN.match(data, at)
        if found is None:
            return
        at = found.end()
        sign, name, number, _generation, integer, _octets, _real, word, string = found.groups()
        if sign is not None:
            yield _Mark(sign)
        elif name is not None:
            yield name
        elif number is not None:
            yield _Ref(int(number))
        elif integer is not None:
            yield int(integer)
        elif word is not None:
            yield word == b"true"
        elif string is not None:
            at = _after_string(data, at)
            yield None
        else:
            yield None


def _after_string(data: bytes, at: int) -> int:
    depth = 1
    for found in re.compile(rb"\\.|[()]", re.DOTALL).finditer(data, at):
        depth += {b"(": 1, b")": -1}.get(found[0], 0)
        if not depth:
            return found.end()
    raise _Unknown


def _one(token: object, tokens: Iterator[object], depth: int) -> object:
    """The value that begins with a token."""
    if not isinstance(token, _Mark):
        return token
    if depth > _DEEPEST or token.sign not in (_OPEN, _BEGIN):
        raise _Unknown
    close = _CLOSE if token.sign == _OPEN else _END
    values: list[object] = []
    for each in tokens:
        if isinstance(each, _Mark) and each.sign == close:
            break
        values.append(_one(each, tokens, depth + 1))
    else:
        raise _Unknown
    if close == _END:
        return values
    return {name: value for name, value in zip(values[::2], values[1::2], strict=False) if isinstance(name, bytes)}
