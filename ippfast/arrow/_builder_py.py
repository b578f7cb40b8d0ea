"""The pure twin of what makes the table `values` out of messages.

The rule of this file: it does what `_builder.pyx` does, row for row. A message goes through `decode` first, whose
checks are the codec's own; then its octets are read once more, without a check.
"""

from array import array
from datetime import UTC
from struct import Struct

from ..codec import decode_prefix
from ..errors import DecodeError
from ..limits import Limits
from ..tags import STRINGS
from ..values import OUT_OF_BAND, DateTime
from .arrays import bitmap
from .schema import Array

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any

__all__ = ["Builder"]

_LENGTH = Struct(">H").unpack_from
_TOKEN = Struct(">BHH").unpack_from  # tag, name-length and, if there is no name, value-length
_INTEGER = Struct(">i").unpack_from
_RANGE = Struct(">ii").unpack_from
_RESOLUTION = Struct(">iib").unpack_from
_DATE_TIME = Struct(">HBBBBBBcBB")
# Columns have their numbers in the machine's own order.
_INT32 = Struct("=i").pack
_INT64 = Struct("=q").pack

_MOST_NAMES = 4096  # so many names are kept from batch to batch
_MOST_NAME_OCTETS = 1 << 18
_FULL = 1 << 29
_MOST_OCTETS = 1 << 27
_LONGEST_KEYWORD = 64
_INT_MAX = 2**31 - 1

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
        self._enums: dict[int, Mapping[int, bytes]] = {}
        self._begin()

    def _begin(self) -> None:
        # Many rows in turn have the same of these, so they are written for all at once, as the column's octets.
        self._messages = bytearray()
        self._groups = bytearray()
        self._group_tags = bytearray()
        self._parents = bytearray()
        self._depths = bytearray()
        self._attributes: list[int] = []
        self._places: list[int] = []
        self._indexes: list[int] = []
        self._tags = bytearray()
        self._texts = bytearray()
        self._ends = [0]  # in the texts, of each row
        self._worded: list[int] = []  # rows that have a string though their tag is that of no string
        self._size = 0  # of the other octets
        self._empties: list[int] = []
        # Few rows have these, so they are kept by the number of the row.
        self._octets: dict[int, bytes] = {}
        self._integers: dict[int, int] = {}
        self._uppers: dict[int, int] = {}
        self._resolutions: dict[int, tuple[int, int, int]] = {}
        self._timestamps: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._tags)

    def __reduce__(self) -> "tuple[Any, ...]":
        raise TypeError("a Builder in its work cannot be copied or pickled")

    @property
    def is_full(self) -> bool:
        """Whether the batch has as many rows as it shall have."""
        return len(self._tags) >= self._wanted or len(self._texts) + self._size + self._name_octets >= _FULL

    def take(self, messages: "Sequence[bytes]", start: int = 0, /) -> int:
        """Take messages from place `start` of a list or tuple of bytes on; returns the place of the next one to take.

        It stops behind the message with which the batch is full, and before one that is no message.
        Raises TypeError for what is not bytes, and RuntimeError while it is at work.
        """
        if type(start) is not int or start < 0:
            raise ValueError("a place is an int from 0 on")
        while start < len(messages):
            message = messages[start]
            if type(message) is not bytes:
                raise TypeError(f"a message is bytes here, not {type(message).__name__}")
            if self.is_full:
                break
            try:
                decode_prefix(message, limits=self._limits)
            except DecodeError:
                break
            self._emit(message)
            self._number += 1
            start += 1
        return start

    def skip(self) -> None:
        """Count a message that has no rows."""
        self._number += 1

    # ---- Rows ----

    def _emit(self, octets: bytes) -> None:
        """Write the rows of a message that `decode` has taken."""
        names, raws, integers, texts = self._names, self._octets, self._integers, self._texts
        groups, group_tags, parents, depths = self._groups, self._group_tags, self._parents, self._depths
        add_attribute, add_place, add_index = self._attributes.append, self._places.append, self._indexes.append
        add_tag, add_end = self._tags.append, self._ends.append
        first = row = len(self._tags)
        group_row = level_row = first  # the first row of the group, and of those alike in parent and depth
        at, group, group_tag, attributes, depth = 8, -1, 0, 0, 0
        parent = attribute = place = index = 0
        bare = False
        levels: list[tuple[int, int, int, int]] = []
        end = len(texts)
        octets += b"\0\0\0\0"  # so that the last delimiter is read like any other token
        while True:
            tag, name_length, length = _TOKEN(octets, at)
            if tag < 0x10:
                if bare:  # a group without attributes is a row too
                    self._empties.append(row)
                    add_attribute(0), add_place(0), add_index(0), add_tag(0), add_end(end)
                    row += 1
                groups += _INT32(group) * (row - group_row)
                group_tags += bytes((group_tag,)) * (row - group_row)
                group_row = row
                if tag == 0x03:
                    break
                group += 1
                group_tag = tag
                bare = True
                at += 1
                continue
            if name_length:
                name = octets[at + 3 : at + 3 + name_length]
                try:
                    place = names[name]
                except KeyError:
                    place = self._new_name(name)
                attribute = attributes
                index = 0
                attributes += 1
                bare = False
                at += name_length
                length = octets[at + 3] << 8 | octets[at + 4]
            elif tag == 0x4A:  # the name of a member, whose values follow (RFC 8010 section 3.1.7)
                at += 5 + length
                name = octets[at - length : at]
                place = names[name] if name in names else self._new_name(name)
                attribute = attributes
                index = -1
                attributes += 1
                continue
            elif tag == 0x37:
                depths += bytes((depth,)) * (row - level_row)
                parents += _INT32(parent) * (row - level_row)
                level_row = row
                depth -= 1
                parent, attribute, place, index = levels.pop()
                at += 5
                continue
            else:
                index += 1
            at += 5
            value = octets[at : at + length]
            at += length
            # In lines of their own, for between commas they would make a tuple of nothing for each row.
            add_attribute(attribute)
            add_place(place)
            add_index(index)
            add_tag(tag)
            if tag in STRINGS:
                if value.isascii() or _is_utf8(value):
                    texts += value
                    end += length
                else:
                    raws[row] = value
                    self._size += length
            elif (tag == 0x21 or tag == 0x23) and length == 4:
                integers[row] = integer = _INTEGER(value)[0]
                if tag == 0x23:
                    end += self._put(row, self._keyword(place, integer))
            elif tag == 0x22 and length == 1 and value[0] <= 1:
                integers[row] = value[0]
            elif tag == 0x34:
                levels.append((parent, attribute, place, index))
                depths += bytes((depth,)) * (row + 1 - level_row)
                parents += _INT32(parent) * (row + 1 - level_row)
                level_row = row + 1
                depth += 1
                parent = row - first
            elif tag == 0x33 and length == 8:
                integers[row], self._uppers[row] = _RANGE(value)
            elif tag == 0x32 and length == 9:
                self._resolutions[row] = _RESOLUTION(value)
            elif length == 0 and tag in _ALONE:
                pass  # an out-of-band value is its tag (RFC 8010 section 3.8)
            else:
                raws[row] = value
                self._size += length
                if tag == 0x31 and length == 11:
                    moment = _moment(value)
                    if moment is not None:
                        self._timestamps[row] = moment
                elif tag in (0x35, 0x36) and length >= 4:
                    end += self._put(row, _without_language(value))
            add_end(end)
            row += 1
        depths += bytes(row - level_row)
        parents += bytes(4 * (row - level_row))
        self._messages += _INT64(self._number) * (row - first)

    def _put(self, row: int, string: bytes | None) -> int:
        """Add the string of a row whose tag is that of no string, if it has one; returns its size."""
        if string is None:
            return 0
        self._worded.append(row)
        self._texts += string
        return len(string)

    def _new_name(self, name: bytes) -> int:
        self._names[name] = number = len(self._names)
        self._name_octets += len(name)
        return number

    def _keyword(self, place: int, number: int) -> bytes | None:
        """The keyword of an enum's number, if it has one."""
        found = self._enums.get(place)
        if found is None:
            found = dict(self._keywords_of(list(self._names)[place]))
            if any(len(keyword) > _LONGEST_KEYWORD for keyword in found.values()):
                raise ValueError("a keyword that is too long")
            self._enums[place] = found
        return found.get(number)

    # ---- The batch ----

    def finish(self) -> Array:
        """The batch as an `Array`, and begin the next."""
        size = len(self._tags)
        attributes: tuple[int, bytes | None] = 0, None
        if self._empties:
            some = bytearray(b"\1" * size)
            for row in self._empties:
                some[row] = 0
            attributes = len(self._empties), bitmap(some)

        def column(
            valid: "tuple[int, bytes | None]",
            code: str,
            values: "Iterable[int] | bytes | bytearray",
            dictionary: Array | None = None,
        ) -> Array:
            octets = bytes(values) if code == "B" else array(code, values).tobytes()
            return Array(size, valid[0], (valid[1], octets), (), dictionary)

        def sparse(code: str, values: "Mapping[int, int]") -> Array:
            numbers = array(code, bytes(size * array(code).itemsize))
            some = bytearray(size)
            for row, value in values.items():
                numbers[row] = value
                some[row] = 1
            return Array(size, size - len(values), (bitmap(some), numbers.tobytes()))

        plain = 0, None
        within = self._depths.count(0), bitmap(self._depths)
        resolutions = [{row: value[which] for row, value in self._resolutions.items()} for which in range(3)]
        columns = (
            column(plain, "B", self._messages),
            column(plain, "B", self._groups),
            column(plain, "B", self._group_tags),
            column(attributes, "i", self._attributes),
            column(within, "B", self._parents),
            column(plain, "B", self._depths),
            column(attributes, "i", self._places, self._dictionary_now()),
            column(attributes, "i", self._indexes),
            column(attributes, "B", self._tags),
            sparse("i", self._integers),
            sparse("i", self._uppers),
            sparse("i", resolutions[0]),
            sparse("i", resolutions[1]),
            sparse("b", resolutions[2]),
            self._strings(),
            _few_octets(self._octets, size),
            sparse("q", self._timestamps),
        )
        self._begin()
        return Array(size, 0, (None,), columns)

    def _strings(self) -> Array:
        some = self._tags.translate(_IS_STRING)
        for row in self._octets:  # those that are no UTF-8
            some[row] = 0
        for row in self._worded:
            some[row] = 1
        return Array(len(some), some.count(0), (bitmap(some), array("i", self._ends).tobytes(), bytes(self._texts)))

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
    """Milliseconds since 1970 in UTC; None if there is no such date (RFC 2579), or not in the years 1 to 9999."""
    from datetime import datetime, timedelta

    fields = _DATE_TIME.unpack(value)
    try:
        moment = DateTime._make((*fields[:7], fields[7].decode("latin-1"), *fields[8:])).to_datetime()
        since = moment.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
    return since // timedelta(milliseconds=1)
