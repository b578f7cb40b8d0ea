"""The pure twin of what makes the table `values` out of messages.

The rule of this file: it does what `_builder.pyx` does, row for row. The codec's own scan looks at a message first;
then its octets are read once more, without a check.
"""

from array import array
from datetime import date
from struct import Struct
from sys import byteorder

from .._codec_py import is_message
from ..limits import Limits
from ..tags import STRINGS
from ..values import OUT_OF_BAND
from .arrays import bitmap
from .schema import Array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

    from typing_extensions import Buffer

__all__ = ["Builder"]

_LENGTH = Struct(">H").unpack_from
_TOKEN = Struct(">BHH").unpack_from  # tag, name-length and, if there is no name, value-length


def _named(length: int) -> "Callable[[bytes, int], tuple[Any, ...]]":
    """What reads a name of that length, and the value-length behind it."""
    return Struct(f">{length}sH").unpack_from


def _valued(length: int) -> "Callable[[bytes, int], tuple[Any, ...]]":
    """What reads a value of that length, and the token behind it: one call takes hardly longer than a slice."""
    return Struct(f">{length}sBHH").unpack_from


# Those of nearly all lengths.
_NAMED = [_named(length) for length in range(256)]
_VALUED = [_valued(length) for length in range(256)]
_OCTETS = [bytes((n,)) for n in range(256)]
_NUMBER = Struct(">i").pack
_RESOLUTIONS = Struct(">iib").iter_unpack
_DATE_TIME = Struct(">HBBBBBBBBB").unpack
# Columns have their numbers in the machine's own order.
_INT32 = Struct("=i").pack
_INT64 = Struct("=q").pack

_MOST_NAMES = 4096  # so many names are kept from batch to batch
_MOST_NAME_OCTETS = 1 << 18
_FULL = 1 << 29
_MOST_OCTETS = 1 << 27
_LONGEST_KEYWORD = 64
_INT_MAX = 2**31 - 1

_DAYS = date(1970, 1, 1).toordinal()
_EARLIEST = (date.min.toordinal() - _DAYS) * 86_400_000
_LATEST = (date.max.toordinal() + 1 - _DAYS) * 86_400_000 - 1

_IS_STRING = bytes([tag in STRINGS for tag in range(256)])
_ALONE = frozenset(tag for tag, member in enumerate(OUT_OF_BAND, 0x10) if member is not None)


class Builder:
    """Builder(*, rows, limits, keywords, dictionary)
    --

    Makes the columns of `schema.VALUES`.

    rows: behind the message with which a batch has this many it ends. limits: how large a message may be.
    keywords: a function that gives the numbers and keywords, as bytes, of an attribute's enum by the name's octets.
    dictionary: a function that makes the dictionary's `Array` of a list of names as bytes.
    """

    def __init__(
        self,
        *,
        rows: int,
        limits: Limits,
        keywords: "Callable[[bytes], Mapping[int, bytes]]",
        dictionary: "Callable[[list[bytes]], Array]",
    ) -> None:
        if not isinstance(limits, Limits):
            raise TypeError(f"limits is a Limits, not {type(limits).__name__}")
        limits = Limits(*limits)  # checked once more: a tuple can be made around its class
        if limits.max_octets > _MOST_OCTETS:
            raise ValueError(f"limits.max_octets is at most {_MOST_OCTETS:,} here, not {limits.max_octets:,}")
        if type(rows) is not int or not 1 <= rows <= _INT_MAX:
            raise ValueError(f"rows is an int from 1 to {_INT_MAX}, not {rows!r}")
        self._wanted = rows
        self._limits = limits
        self._keywords_of = keywords
        self._dictionary_of = dictionary
        self._dictionary: Array | None = None
        self._written = 0
        self._number = 0
        self._names: dict[bytes, int] = {}
        self._name_octets = 0
        self._enums: dict[int, Mapping[bytes, bytes]] = {}
        self._failed = False  # whether there may be a part of a message
        self._begin()

    def _begin(self) -> None:
        # Many rows in turn have the same of these, so they are written for all at once, as the column's octets.
        self._messages = bytearray()
        self._groups = bytearray()
        self._group_tags = bytearray()
        self._parents = bytearray()
        self._depths = bytearray()
        # Five numbers of each row: attribute, name, index, tag, and where its string ends in the texts.
        self._rows = array("i")
        self._texts = bytearray()
        self._worded: list[int] = []  # rows that have a string though their tag is that of no string
        self._size = 0  # of the other octets
        self._empties: list[int] = []
        self._integer_rows = array("i")
        self._integers = bytearray()  # of these rows, as they came
        # Few rows have these, so they are kept by the number of the row; numbers as octets, read all at once.
        self._octets: dict[int, bytes] = {}
        self._uppers: dict[int, bytes] = {}
        self._resolutions: dict[int, bytes] = {}
        self._timestamps: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._rows) // 5

    def __reduce__(self) -> "tuple[Any, ...]":
        raise TypeError("a Builder in its work cannot be copied or pickled")

    @property
    def is_full(self) -> bool:
        """Whether the batch has as many rows as it shall have."""
        return len(self) >= self._wanted or len(self._texts) + self._size + self._name_octets >= _FULL

    def take(self, messages: "Sequence[bytes]", start: int = 0, /) -> int:
        """Take messages from place `start` of a list or tuple of bytes on; returns the place of the next one to take.

        It stops behind the message with which the batch is full, and before one that is no message.
        Raises TypeError for what is not bytes, and RuntimeError while it is at work, or once it has failed.
        """
        self._check()
        try:
            if type(start) is not int or start < 0:
                raise ValueError("a place is an int from 0 on")
            while start < len(messages):
                message = messages[start]
                if type(message) is not bytes:
                    raise TypeError(f"a message is bytes here, not {type(message).__name__}")
                if self.is_full:
                    break
                if not is_message(message, self._limits):
                    break
                self._emit(message)
                self._number += 1
                start += 1
        except BaseException:
            self._failed = True
            raise
        return start

    def skip(self) -> None:
        """Count a message that has no rows."""
        self._check()
        self._number += 1

    def _check(self) -> None:
        if self._failed:
            raise RuntimeError("this Builder was not made, or has failed")

    # ---- Rows ----

    def _emit(self, octets: bytes) -> None:
        """Write the rows of a message that the scan has taken."""
        names, raws, texts = self._names, self._octets, self._texts
        integer_rows, integers = self._integer_rows, self._integers
        enums, worded = self._enums, self._worded.append
        groups, group_tags, parents, depths = self._groups, self._group_tags, self._parents, self._depths
        rows: list[int] = []  # of this message alone, for numbers in a list take ten times their memory
        first = row = len(self)
        group_row = level_row = first  # the first row of the group, and of those alike in parent and depth
        group, group_tag, attributes, depth = -1, 0, 0, 0
        parent = attribute = place = index = 0
        bare = False
        levels: list[tuple[int, int, int, int]] = []
        end = len(texts)
        octets += b"\0\0\0\0"  # so that the last delimiter is read like any other token
        next_tag, name_length, length = _TOKEN(octets, 8)
        at = 13  # behind that token's five octets
        while True:
            tag = next_tag
            if tag < 0x10:
                if bare:  # a group without attributes is a row too
                    self._empties.append(row)
                    rows += (0, 0, 0, 0, end)
                    row += 1
                groups += _INT32(group) * (row - group_row)
                group_tags += _OCTETS[group_tag] * (row - group_row)
                group_row = row
                if tag == 0x03:
                    break
                group += 1
                group_tag = tag
                bare = True
                next_tag, name_length, length = _TOKEN(octets, at - 4)
                at += 1
                continue
            if name_length:
                # What was read as the value's length is the beginning of the name.
                try:
                    name, length = _NAMED[name_length](octets, at - 2)
                except IndexError:
                    name, length = _named(name_length)(octets, at - 2)
                at += name_length
                try:
                    place = names[name]
                except KeyError:
                    place = self._new_name(name)
                attribute = attributes
                index = 0
                attributes += 1
                bare = False
            elif tag == 0x37:
                depths += _OCTETS[depth] * (row - level_row)
                parents += _INT32(parent) * (row - level_row)
                level_row = row
                depth -= 1
                parent, attribute, place, index = levels.pop()
                next_tag, name_length, length = _TOKEN(octets, at)
                at += 5
                continue
            else:
                index += 1
            size = length
            try:
                value, next_tag, name_length, length = _VALUED[size](octets, at)
            except IndexError:
                value, next_tag, name_length, length = _valued(size)(octets, at)
            at += size + 5
            if tag == 0x4A:  # the name of a member, whose values follow (RFC 8010 section 3.1.7)
                try:
                    place = names[value]
                except KeyError:
                    place = self._new_name(value)
                attribute = attributes
                index = -1
                attributes += 1
                continue
            if tag in STRINGS:
                if value.isascii() or _is_utf8(value):
                    texts += value
                    end += size
                else:
                    raws[row] = value
                    self._size += size
            elif (tag == 0x21 or tag == 0x23) and size == 4:
                integer_rows.append(row)
                integers += value
                if tag == 0x23:
                    keyword = (enums[place] if place in enums else self._learn(place)).get(value)
                    if keyword is not None:
                        worded(row)
                        texts += keyword
                        end += len(keyword)
            elif tag == 0x22 and size == 1 and value[0] <= 1:
                integer_rows.append(row)
                integers += b"\0\0\0" + value
            elif tag == 0x34:
                levels.append((parent, attribute, place, index))
                depths += _OCTETS[depth] * (row + 1 - level_row)
                parents += _INT32(parent) * (row + 1 - level_row)
                level_row = row + 1
                depth += 1
                parent = row - first
            elif tag == 0x33 and size == 8:
                integer_rows.append(row)
                integers += value[:4]
                self._uppers[row] = value[4:]
            elif tag == 0x32 and size == 9:
                self._resolutions[row] = value
            elif size == 0 and tag in _ALONE:
                pass  # an out-of-band value is its tag (RFC 8010 section 3.8)
            else:
                raws[row] = value
                self._size += size
                if tag == 0x31 and size == 11:
                    moment = _moment(value)
                    if moment is not None:
                        self._timestamps[row] = moment
                elif tag in (0x35, 0x36) and size >= 4:
                    string = _without_language(value)
                    if string is not None:
                        worded(row)
                        texts += string
                        end += len(string)
            rows += (attribute, place, index, tag, end)
            row += 1
        self._rows.fromlist(rows)
        depths += bytes(row - level_row)
        parents += bytes(4 * (row - level_row))
        self._messages += _INT64(self._number) * (row - first)

    def _new_name(self, name: bytes) -> int:
        self._names[name] = number = len(self._names)
        self._name_octets += len(name)
        return number

    def _learn(self, place: int) -> "Mapping[bytes, bytes]":
        """Ask for the keywords of a name's enum, by the octets of their numbers."""
        found = dict(self._keywords_of(list(self._names)[place]))
        if any(len(keyword) > _LONGEST_KEYWORD for keyword in found.values()):
            raise ValueError("a keyword that is too long")
        self._enums[place] = keywords = {_NUMBER(number): keyword for number, keyword in found.items()}
        return keywords

    # ---- The batch ----

    def finish(self) -> Array:
        """The batch as an `Array`, and begin the next. Raises RuntimeError once it has failed."""
        self._check()
        try:
            return self._finished()
        except BaseException:
            self._failed = True
            raise

    def _finished(self) -> Array:
        size = len(self)
        attributes: tuple[int, bytes | None] = 0, None
        if self._empties:
            some = bytearray(b"\1" * size)
            for row in self._empties:
                some[row] = 0
            attributes = len(self._empties), bitmap(some)

        def column(
            valid: "tuple[int, bytes | None]",
            values: "Buffer",
            dictionary: Array | None = None,
        ) -> Array:
            return Array(size, valid[0], (valid[1], bytes(values)), (), dictionary)

        def only(rows: "Iterable[int]") -> "tuple[int, bytes]":
            some = bytearray(size)
            for row in rows:
                some[row] = 1
            return some.count(0), bitmap(some)

        def sparse(
            valid: "tuple[int, bytes | None]", code: str, rows: "Iterable[int]", values: "Iterable[int]"
        ) -> Array:
            numbers = array(code, (0,)) * size
            for row, value in zip(rows, values, strict=True):
                numbers[row] = value
            return Array(size, valid[0], (valid[1], numbers.tobytes()))

        plain = 0, None
        rows = memoryview(self._rows)
        tags = bytes(rows[3::5])[0 if byteorder == "little" else 3 :: 4]  # their low octets
        within = self._depths.count(0), bitmap(self._depths)
        integers, uppers, resolutions, moments = self._integer_rows, self._uppers, self._resolutions, self._timestamps
        resolved = only(resolutions)
        cross_feeds, feeds, units = tuple(zip(*_RESOLUTIONS(b"".join(resolutions.values())), strict=True)) or ((),) * 3
        columns = (
            column(plain, self._messages),
            column(plain, self._groups),
            column(plain, self._group_tags),
            column(attributes, rows[0::5]),
            column(within, self._parents),
            column(plain, self._depths),
            column(attributes, rows[1::5], self._dictionary_now()),
            column(attributes, rows[2::5]),
            column(attributes, tags),
            sparse(only(integers), "i", integers, _numbers(self._integers)),
            sparse(only(uppers), "i", uppers, _numbers(b"".join(uppers.values()))),
            sparse(resolved, "i", resolutions, cross_feeds),
            sparse(resolved, "i", resolutions, feeds),
            sparse(resolved, "b", resolutions, units),
            self._strings(tags, bytes(rows[4::5])),
            _few_octets(self._octets, size),
            sparse(only(moments), "q", moments, moments.values()),
        )
        self._begin()
        return Array(size, 0, (None,), columns)

    def _strings(self, tags: bytes, ends: bytes) -> Array:
        some = bytearray(tags.translate(_IS_STRING))
        for row in self._octets:  # those that are no UTF-8
            some[row] = 0
        for row in self._worded:
            some[row] = 1
        return Array(len(some), some.count(0), (bitmap(some), _INT32(0) + ends, bytes(self._texts)))

    def _dictionary_now(self) -> Array:
        """The dictionary of the batch's names; those of earlier batches are in it, as long as they are few."""
        known = len(self._names)
        dictionary = self._dictionary
        if dictionary is None or self._written != known:
            self._dictionary = dictionary = self._dictionary_of(list(self._names))
            self._written = known
        if known > _MOST_NAMES or self._name_octets > _MOST_NAME_OCTETS:
            self._names, self._enums = {}, {}
            self._name_octets = 0
            self._dictionary = None
        return dictionary


def _numbers(octets: "bytes | bytearray") -> "array[int]":
    """Numbers as they came, in network order."""
    numbers = array("i", octets)
    if byteorder == "little":
        numbers.byteswap()
    return numbers


def _few_octets(values: "Mapping[int, bytes]", size: int) -> Array:
    """Octets that few rows have, by row in their order."""
    some, offsets = bytearray(size), bytearray()
    behind = end = 0
    for row, value in values.items():
        some[row] = 1
        offsets += _INT32(end) * (row + 1 - behind)
        behind = row + 1
        end += len(value)
    offsets += _INT32(end) * (size + 1 - behind)
    return Array(size, size - len(values), (bitmap(some), bytes(offsets), b"".join(values.values())))


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _without_language(value: bytes) -> bytes | None:
    """The string alone, if the two fill the value exactly and it is UTF-8 (RFC 8010 section 3.9)."""
    at = 2 + _LENGTH(value)[0]
    if at + 2 > len(value) or at + 2 + _LENGTH(value, at)[0] != len(value) or not _is_utf8(value[at + 2 :]):
        return None
    return value[at + 2 :]


def _moment(value: bytes) -> int | None:
    """Milliseconds since 1970 in UTC; None if there is no such date (RFC 2579), or not in the years 1 to 9999.

    It takes what `DateTime.to_datetime` takes, which would make four objects for it.
    """
    year, month, day, hour, minute, second, decisecond, direction, hours, minutes = _DATE_TIME(value)
    offset = hours * 60 + minutes
    if hour > 23 or minute > 59 or second > 60 or decisecond > 9 or direction not in b"+-" or offset >= 1440:
        return None
    try:
        days = date(year, month, day).toordinal() - _DAYS
    except ValueError:
        return None
    if direction == 0x2B:
        offset = -offset
    made = ((days * 24 + hour) * 60 + minute + offset) * 60_000 + min(second, 59) * 1000 + decisecond * 100
    return made if _EARLIEST <= made <= _LATEST else None
