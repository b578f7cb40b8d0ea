"""Wide tables: a column for each attribute that is asked for, of the type that the registry gives it.

The rule of this file: a value is in its column as it was sent, or it is null and counted in `unfit`.
"""

from datetime import UTC, datetime, timedelta

from .. import registry
from ..codec import Collection, decode
from ..errors import DecodeError, RegistryError
from ..limits import DEFAULT_LIMITS, Limits
from ..registry import AttributeSpec
from ..tags import ValueTag
from ..values import DateTime, OutOfBand, RangeOfInteger, Resolution, StringWithLanguage
from .arrays import array_of
from .batches import Table
from .records import Record, octets_of
from .schema import Array, Field, row_of
from .sources import opened
from .tables import saved_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

    from typing_extensions import Buffer

    from ..codec import Attribute, AttributeGroup
    from .sources import Source

__all__ = ["wide"]

_DEEPEST = 3  # collections inside a column: some of the registry's nest without end
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_RANGE = (Field("lower", "i"), Field("upper", "i"))
_RESOLUTION = (Field("cross_feed", "i"), Field("feed", "i"), Field("units", "c"))
_PLACES = (Field("message", "l"), Field("group", "i"), Field("group_tag", "C"))
_UNFIT = Field("unfit", "i")

_INTEGERS = frozenset({ValueTag.INTEGER, ValueTag.ENUM})
_STRINGS = frozenset({ValueTag.TEXT_WITH_LANGUAGE, ValueTag.NAME_WITH_LANGUAGE, *range(0x41, 0x4A)})


class _Misfit(Exception):
    """The value does not fit its column."""


class _Column:
    """The way in which an attribute, or a member, becomes a column."""

    def __init__(self, path: str, spec: AttributeSpec, name: str, depth: int = 0) -> None:
        self.name = path.rpartition("/")[2]
        self.set = spec.set
        self.members: list[_Column] = []
        self.field: Field
        tags = {int(tag) for tag in spec.tags} - {int(member.value) for member in OutOfBand}
        kind = "z"
        children: tuple[Field, ...] = ()
        self.read: Callable[[Any], Any] = self._octets
        if tags and tags <= _INTEGERS:
            kind, self.read = "i", _integer
        elif tags == {ValueTag.BOOLEAN}:
            kind, self.read = "b", _boolean
        elif tags == {ValueTag.DATE_TIME}:
            kind, self.read = "tsm:UTC", _moment
        elif tags == {ValueTag.RESOLUTION}:
            kind, children, self.read = "+s", _RESOLUTION, _resolution
        elif tags and tags <= _INTEGERS | {ValueTag.RANGE_OF_INTEGER}:
            kind, children, self.read = "+s", _RANGE, _range
        elif tags and tags <= _STRINGS:
            kind, self.read = "u", _string
        elif tags == {ValueTag.BEG_COLLECTION}:
            if depth < _DEEPEST:
                for member, each in registry.members(path).items():
                    self.members.append(_Column(f"{path}/{member}", each, member, depth + 1))
            kind, children, self.read = "+s", tuple([member.field for member in self.members]), self._collection
        one = Field("item" if self.set else name, kind, True, children)
        self.field = Field(name, "+l", True, (one,)) if self.set else one
        self.unfit = 0  # values that had no place so far

    @staticmethod
    def _octets(value: object) -> bytes:
        if isinstance(value, bytes):
            return value
        raise _Misfit

    def _collection(self, value: object) -> "tuple[Any, ...]":
        if not isinstance(value, Collection):
            raise _Misfit
        return tuple([member.of(value.get(member.name), self) for member in self.members])

    def of(self, attribute: "Attribute | None", counter: "_Column") -> "Any":
        """Return the attribute's values for this column; None if it is missing. Values that do not fit are counted."""
        if attribute is None:
            return None
        values = [value for value in attribute.values if not isinstance(value, OutOfBand)]
        made = []
        for value in values:
            try:
                made.append(self.read(value))
            except _Misfit:
                made.append(None)
                counter.unfit += 1
        if self.set:
            return made if made or len(attribute.values) == 0 else None
        if len(made) > 1:  # several, of an attribute that has one
            counter.unfit += len(made)
            return None
        return made[0] if made else None


def _integer(value: object) -> int:
    if type(value) is int:
        return value
    raise _Misfit


def _boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise _Misfit


def _moment(value: object) -> int:
    try:
        if isinstance(value, DateTime):
            return (value.to_datetime().astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        pass
    raise _Misfit


def _resolution(value: object) -> "tuple[int, ...]":
    if isinstance(value, Resolution):
        return tuple(value)
    raise _Misfit


def _range(value: object) -> "tuple[int, ...]":
    """Make a range of a value. An integer among ranges becomes a range from itself to itself."""
    if isinstance(value, RangeOfInteger):
        return tuple(value)
    return (_integer(value),) * 2


def _string(value: object) -> str:
    text = value.string if isinstance(value, StringWithLanguage) else value
    if isinstance(text, str) and not any("\ud800" <= one <= "\udfff" for one in text):
        return text
    raise _Misfit


class _Path:
    """A column, and the way to it: an attribute, or a member of collections."""

    def __init__(self, path: str) -> None:
        spec = registry.lookup(path)
        if spec is None:
            raise RegistryError("an attribute or member that is registered", path, None, path)
        self.names = path.split("/")
        self.column = _Column(path, spec, path)
        holders = [registry.lookup("/".join(self.names[:size])) for size in range(1, len(self.names))]
        self.several = any(holder is not None and holder.set for holder in holders)
        field = self.column.field
        self.field = Field(path, "+l", True, (field._replace(name="item"),)) if self.several else field

    def of(self, group: "AttributeGroup") -> "Any":
        owners: list[Any] = [group]
        for name in self.names[:-1]:
            attributes = [owner.get(name) for owner in owners]
            owners = []
            for attribute in attributes:
                for value in attribute.values if attribute is not None else ():
                    if isinstance(value, Collection):
                        owners.append(value)
                    elif not isinstance(value, OutOfBand):
                        self.column.unfit += 1
        made = [self.column.of(owner.get(self.names[-1]), self.column) for owner in owners]
        if self.several:
            return made or None
        if len(made) > 1:
            self.column.unfit += len(made)
            return None
        return made[0] if made else None


def wide(
    source: "Source",
    columns: "Sequence[str]",
    *,
    rows: int = 65_536,
    recover: bool = False,
    limits: Limits = DEFAULT_LIMITS,
    tell: "Callable[[str, int], None] | None" = None,
) -> Table:
    """A row for each group that has one of these attributes: a printer, a job, the operation attributes.

    columns: names of attributes, and members as ``"media-col-default/media-size"``; each becomes a column of that name.
    What the registry has as 1setOf is a list, a collection a struct of its members. A range, and an integer among
    ranges, is a struct of ``lower`` and ``upper``, a resolution one of ``cross_feed``, ``feed`` and ``units``.

    Before them stand `message`, `group` and `group_tag`, as in `values`; behind them `unfit`: how many values of the
    row do not fit their column and are null. source and the rest: as for `values`. Raises RegistryError for a name that
    is not registered, and ValueError if there is none, or `rows` is no positive int.
    """
    if isinstance(columns, str) or not columns:
        raise ValueError("columns are several names of attributes")
    if type(rows) is not int or rows < 1:
        raise ValueError(f"rows is an int from 1 on, not {rows!r}")
    paths = list(dict.fromkeys(columns))
    field = row_of([*_PLACES, *[_Path(path).field for path in paths], _UNFIT])
    begin, once = opened(source, limits, tell)
    return Table(field, lambda: _rows(begin(), paths, field, rows, recover, limits), once=once)


def _rows(
    records: "Iterator[Buffer | Record]", names: "list[str]", field: Field, rows: int, recover: bool, limits: Limits
) -> "Iterator[Array]":
    paths = [_Path(name) for name in names]
    wanted = {path.names[0] for path in paths}
    some: list[tuple[Any, ...]] = []

    def batch() -> Array:
        columns = [list(column) for column in zip(*some, strict=True)] if some else [[] for _ in field.children]
        made = [array_of(each, column) for each, column in zip(field.children, columns, strict=True)]
        return Array(len(some), 0, (None,), tuple(made))

    for number, record in enumerate(records):
        octets: bytes | None = octets_of(record.octets if isinstance(record, Record) else record, limits)
        try:
            message = decode(octets, limits=limits, only=wanted)  # type: ignore[arg-type]
        except DecodeError:
            octets = saved_of(octets, limits)[0] if recover else None  # type: ignore[arg-type]
            if octets is None:
                continue
            message = decode(octets, limits=limits, only=wanted)
        for place, group in enumerate(message.groups):
            if len(group):
                for path in paths:
                    path.column.unfit = 0
                cells = [path.of(group) for path in paths]
                some.append((number, place, int(group.tag), *cells, sum(path.column.unfit for path in paths)))
                if len(some) == rows:
                    yield batch()
                    some = []
    if some:
        yield batch()
