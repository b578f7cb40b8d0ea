# cython: nonecheck=True, binding=False, embedsignature=True, embedsignature.format=clinic
"""AttributeGroup, Attribute and Collection: the parts of RFC 8010 section 3.1.1's model, written once.

The rule of this file: it serves both twins. The pure twin imports it as it stands; for the compiled twin the same
source is compiled as `_attribute_c`, where `_attribute_c.pxd` gives the fields C types. So it imports neither twin and
reads no octets: a `Wire` does that, which each twin implements. Lists are made by loops that append, here and in
everything that is compiled: if memory runs out in a list comprehension, Cython 3.3 releases an item twice.

A group or collection that came off the wire is a slice of it. Iterating over it makes each `Attribute` in turn, and
looking up a name makes only that one. The slice is kept, and an unchanged group is encoded from it. An `Attribute` and
a `Collection` never change, so a group knows whether it has been changed. If it is changed by name, its other
attributes stay slices, which are encoded as they came. A group has one of these forms, a collection one of the first
three:

| form | `_sliced` | `_wire` | `_items` |
|---|---|---|---|
| a slice | True | the wire | None |
| a slice that has been unpacked | True | the wire | its attributes |
| made by hand, or changed by position | False | None | its attributes |
| a slice in which one attribute is replaced, see `_replacement` | False | the wire | None |
| parts: attributes and, between them, slices of the wire | False | the wire | its parts |

Reading a group in one of the last two forms brings it into the third.
"""

from . import _directives as cython
from .limits import MAX_DEPTH
from .tags import DELIMITER_TAGS, VALUE_TAGS, DelimiterTag, ValueTag, describe_tag
from .values import DateTime, OutOfBand, RangeOfInteger, RawValue, Resolution, StringWithLanguage

if False:  # seen by the compiler alone
    import cython  # type: ignore[no-redef]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from typing import Any, SupportsIndex, TypeAlias

    Value: TypeAlias = (
        str
        | int
        | bytes
        | "Collection"
        | DateTime
        | OutOfBand
        | RangeOfInteger
        | RawValue
        | Resolution
        | StringWithLanguage
    )

# A value of one of these types may be given instead of a sequence of values.
_ONE_VALUE = (str, int, bytes, DateTime, OutOfBand, RangeOfInteger, RawValue, Resolution, StringWithLanguage)


@cython.no_gc
@cython.freelist(16)
@cython.cclass
class Wire:
    """The attribute octets of one decoded message, which its groups and collections are slices of."""

    __slots__ = ()

    def iterate(self, owner: "_Attributes") -> "Iterator[Attribute]":
        """Unpack the attributes of a group or collection, one after the other."""
        raise NotImplementedError

    def items(self, owner: "_Attributes") -> "list[Attribute]":
        """Unpack all attributes of a group or collection, once. A group of parts is made whole."""
        raise NotImplementedError

    def replace(self, group: "AttributeGroup", name: str, new: "Attribute | None", retag: bool) -> bool:
        """Replace the only attribute of that name in a group that is a slice; remove it if `new` is None.

        retag: the new one takes the tag of the old one. Returns False, and does nothing, if there is no attribute of
        that name, if there are several, if the tag to take is not clear, or if the twin has no such short cut.
        """
        return False

    def cut(
        self, part: "AttributeGroup", name: str, before: "list[Attribute | AttributeGroup]"
    ) -> "AttributeGroup | None":
        """Append to `before` the slice before the first attribute of that name, and return the slice behind it.

        If there is no such attribute, return None and append nothing.
        """
        raise NotImplementedError

    def slice(self, group: "AttributeGroup", start: int, end: int) -> "AttributeGroup":
        """A part of a group's slice, which is a group of its own."""
        raise NotImplementedError

    def find(self, owner: "_Attributes", name: str) -> "Attribute | None":
        """Unpack the first attribute of that name in a group or collection, and only that."""
        raise NotImplementedError

    def value(self, owner: "_Attributes", name: str, default: "Any") -> "Any":
        """Unpack the one value of the first attribute of that name, and only that.

        If there is none, it returns `default`, or raises KeyError if that is ``...``.
        """
        raise NotImplementedError

    def count(self, owner: "_Attributes") -> int:
        """How many attributes a group or collection has."""
        raise NotImplementedError


# The compiler has a short cut for `hash`, which does not count how deep hashes nest. This name has none.
_hash = hash


# The cycle collector need not know of attributes, collections and groups: whatever they hold is older than they are, or
# is no value that `encode` takes, so no cycle of correct values leads through them. They nest only as deep as
# collections may, so that freeing them may recurse. Both follow from this: an attribute and a collection are finished
# once, before anything can hold them, and neither an attribute nor a group can be a value.
@cython.final
@cython.no_gc
@cython.freelist(64)
@cython.cclass
class Attribute:
    """A name and one or more values, each under its value tag (RFC 8010 sections 3.1.4 and 3.1.5). Immutable.

    name: the attribute's name, or the member attribute's inside a `Collection`.
    tag: the value tag of all values, or a sequence with one tag for each value.
    values: a sequence of values, or one value.

    Only `encode` checks whether values fit their tags. Raises TypeError for a name that is no ``str``, values that are
    no sequence, or an attribute or a group as a value; ValueError for a tag that is no octet, or if there are not as
    many tags as values.
    """

    __slots__ = ("_name", "_offset", "_tag", "_tags", "_values")

    _name: str
    _offset: int
    _tag: int
    _tags: "tuple[int, ...] | None"  # only if they differ
    _values: "Any"  # the one value, or a plain tuple of several: no value is a plain tuple

    def __init__(self, name: str, tag: "int | Sequence[int]", values: "Value | Iterable[Value]") -> None:
        if not isinstance(name, str):
            raise TypeError(f"an attribute's name is a str, not {type(name).__name__}")
        _fill(self, name, tag, values)

    @property
    def name(self) -> str:
        return self._name

    @property
    def tag(self) -> "ValueTag | int":
        """The tag of the first value: a `ValueTag`, or an int if the tag has no name."""
        return VALUE_TAGS[self._tag]

    @property
    def tags(self) -> "tuple[ValueTag | int, ...]":
        """The tag of each value, in their order."""
        if self._tags is None:
            return (VALUE_TAGS[self._tag],) * len(self.values)
        tags = []
        for tag in self._tags:
            tags.append(VALUE_TAGS[tag])
        return tuple(tags)

    @property
    def values(self) -> "tuple[Value, ...]":
        """All values, in their order, in the Python forms that `ippfast.values` describes."""
        if type(self._values) is tuple:  # no local name: the compiler would count a reference for it
            return self._values
        return (self._values,)

    @property
    def value(self) -> "Any":
        """The value, if there is exactly one. Raises ValueError otherwise."""
        if type(self._values) is not tuple:
            return self._values
        values = self.values
        if len(values) != 1:
            raise ValueError(f"attribute {self._name!r} has {len(values)} values, not one: see .values")
        return values[0]

    @property
    def offset(self) -> "int | None":
        """Where the attribute began in the message it was decoded from, in octets; None for one made by hand."""
        return self._offset if self._offset >= 0 else None

    def enum(self) -> "tuple[Value, ...]":
        """The values, with members of the enum that IANA registers for this attribute instead of their numbers.

        Numbers that are not registered, and values of attributes without an enum, stay as they are.
        """
        from . import registry

        members = registry.enum_for(self._name)
        if members is None:
            return self.values
        values = []
        for value in self.values:
            values.append(members.coerce(value) if type(value) is int else value)
        return tuple(values)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Attribute):
            return NotImplemented
        return (
            self._name == other._name
            and self._tag == other._tag
            and self._tags == other._tags
            and self.values == other.values
        )

    def __hash__(self) -> int:
        return _hash((self._name, self._tag, self._tags, self.values))

    def __repr__(self) -> str:
        tag = _show_tag(self._tag) if self._tags is None else f"[{', '.join(map(_show_tag, self._tags))}]"
        return f"Attribute({self._name!r}, {tag}, {list(self.values)!r})"

    def __copy__(self) -> "Attribute":
        return self

    def __deepcopy__(self, memo: object) -> "Attribute":
        return self

    def __reduce__(self) -> "tuple[Any, ...]":
        tags = self._tag if self._tags is None else self._tags
        from .codec import rebuild

        return rebuild, ("Attribute", (self._name, tags, self.values))


def _fill(attribute: Attribute, name: str, tag: "int | Sequence[int]", values: "Value | Iterable[Value]") -> None:
    """Check the arguments of `Attribute`, and fill its fields."""
    # The most frequent types come first: isinstance with several types is slow if none of them matches.
    several: Any
    count = 1
    if type(values) is str or type(values) is int or type(values) is bool:
        several = values
    elif type(values) is list:
        items = values
        count = len(items)
        several = items[0] if count == 1 else tuple(items)
    elif type(values) is Collection or isinstance(values, _ONE_VALUE):
        several = values
    else:
        many = tuple(values)
        count = len(many)
        several = many[0] if count == 1 else many
    if count == 1 and type(several) is tuple:  # `encode` will refuse it
        several = (several,)
    if type(several) is tuple:
        many = several
        for value in many:
            if type(value) is not str and type(value) is not int:
                _check_value(value)
    elif type(several) is not str and type(several) is not int:
        _check_value(several)
    octet = 0
    tags = None
    if isinstance(tag, int):
        octet = _check_tag(tag, "a value tag")
    else:
        octets = []
        for number in tag:
            octets.append(_check_tag(number, "a value tag"))
        tags = tuple(octets)
        if len(tags) != count:
            raise ValueError(f"attribute {name!r} has {count} values but {len(tags)} tags")
        octet = tags[0] if tags else 0
        if tags.count(octet) == count:
            tags = None
    if _is_made(attribute):  # last: iterating may have run code that finished it
        raise TypeError("an Attribute does not change: make another")
    attribute._name = name if type(name) is str else str.__str__(name)
    attribute._offset = -1
    attribute._values = several
    attribute._tag = octet
    attribute._tags = tags


def _is_made(attribute: Attribute) -> bool:
    """Whether an attribute is finished: ``__new__`` makes one without its constructor."""
    if cython.compiled:
        return cython.cast(Attribute, attribute)._name is not None
    return hasattr(attribute, "_name")


def _check_value(value: object) -> None:
    """Refuse a value that could come to hold itself, or be nested deeper than the stack allows."""
    if type(value) is Collection:
        collection = value
        if not _is_whole(collection):
            raise TypeError("a value is a Collection that its constructor has not finished")
    elif type(value) is Attribute or type(value) is AttributeGroup:
        raise TypeError(f"{type(value).__name__} is no value of an attribute: put attributes into a Collection")


def _check_tag(number: object, what: str) -> int:
    if isinstance(number, int):
        try:
            octet = number
        except OverflowError:  # it is a C int if this is compiled
            octet = -1
        if 0 <= octet <= 0xFF:
            return int(octet)
    raise ValueError(f"{what} is an int from 0 to 0xff, not {number!r}")


def _show_tag(number: int) -> str:
    tag = VALUE_TAGS[number]
    return f"ValueTag.{tag.name}" if isinstance(tag, ValueTag) else f"0x{number:02x}"


@cython.no_gc
@cython.freelist(64)
@cython.cclass
class _Attributes:
    """What a collection and a group have in common: a sequence of `Attribute` with look-up by name."""

    __slots__ = ("_end", "_index", "_items", "_sliced", "_start", "_wire")

    _wire: "Wire | None"  # what _start and _end are a slice of; None for one made by hand
    _start: int
    _end: int
    _index: "bytes | None"  # the compiled twin's own: where the attributes of a large slice begin
    _items: "list[Any] | None"  # the attributes, or the parts of a group; None: not unpacked
    _sliced: bool  # whether the slice is all of it. The head of this file has a table of these fields

    def _list(self) -> "list[Attribute]":
        return self._wire.items(self) if self._wire is not None else self._items  # type: ignore[return-value]

    def _find(self, name: str) -> "Attribute | None":
        if self._sliced:
            return self._wire.find(self, name)  # type: ignore[union-attr]
        for attribute in self._list():
            if attribute._name == name:
                return attribute
        return None

    def get(self, name: str, default: "Any" = None) -> "Any":
        """The first attribute of that name, or `default`."""
        attribute = self._find(name)
        return default if attribute is None else attribute

    def get_all(self, name: str) -> "list[Attribute]":
        """Every attribute of that name. There should be at most one (RFC 8011 section 4.1.3)."""
        found = []
        for attribute in self:
            if attribute._name == name:
                found.append(attribute)
        return found

    def value(self, name: str, default: "Any" = ...) -> "Any":
        """The one value of the first attribute of that name, or `default` if there is no such attribute.

        Raises KeyError if there is none and no default, ValueError if it has several values.
        """
        if self._sliced:
            return self._wire.value(self, name, default)  # type: ignore[union-attr]
        attribute = self._find(name)
        if attribute is not None:
            return attribute.value
        if default is ...:
            raise KeyError(name)
        return default

    def __getitem__(self, key: "str | SupportsIndex") -> Attribute:
        """The attribute at a position, or the first of a name. Raises IndexError or KeyError."""
        if isinstance(key, str):
            attribute = self._find(key)
            if attribute is None:
                raise KeyError(key)
            return attribute
        return self._list()[key]

    def __contains__(self, key: object) -> bool:
        """Whether there is an attribute of that name, or one equal to that `Attribute`."""
        if isinstance(key, str):
            return self._find(key) is not None
        return key in self._list()

    def __iter__(self) -> "Iterator[Attribute]":
        return self._wire.iterate(self) if self._sliced else iter(self._list())  # type: ignore[union-attr]

    def __reversed__(self) -> "Iterator[Attribute]":
        return reversed(self._list())

    def __len__(self) -> int:
        return self._wire.count(self) if self._sliced else len(self._list())  # type: ignore[union-attr]

    def index(self, key: "str | Attribute", start: int = 0, stop: "int | None" = None) -> int:
        """The position of the first attribute of that name, or equal to that `Attribute`, from start up to stop.

        Raises ValueError if there is none.
        """
        items = list(self)
        for place in range(*slice(start, stop).indices(len(items))):
            if _is_meant(items[place], key):
                return place
        raise ValueError(f"{key!r} is not in it")

    def count(self, key: "str | Attribute") -> int:
        """How many attributes have that name, or are equal to that `Attribute`."""
        count = 0
        for attribute in list(self):
            if _is_meant(attribute, key):
                count += 1
        return count

    def __bool__(self) -> bool:
        return True  # an empty group or collection is one all the same


@cython.final
@cython.no_gc
@cython.cclass
class Collection(_Attributes):
    """A value that consists of member attributes, in order (RFC 8010 section 3.1.6). Immutable.

    It is a sequence of `Attribute`, and looks members up by name: ``size["x-dimension"].value``. If a name
    occurs twice, the first counts. Raises TypeError for members that are no `Attribute`, and ValueError if
    collections would nest more than 100 deep.
    """

    __slots__ = ("_depth",)

    _depth: int  # how deep collections nest in it, itself included

    def __init__(self, members: "Iterable[Attribute]" = ()) -> None:
        items = list(members)
        depth = 1
        for attribute in items:
            _check_attribute(attribute)
            depth = max(depth, _depth_in(attribute) + 1)
        if depth > MAX_DEPTH:
            raise ValueError(f"collections nest at most {MAX_DEPTH} deep")
        if _is_whole(self):  # last: iterating may have run code that finished it
            raise TypeError("a Collection does not change: make another")
        self._wire = None
        self._start = 0
        self._end = 0
        self._index = None
        self._items = items
        self._sliced = False
        self._depth = depth

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Collection):
            return NotImplemented
        return list(self) == list(other)

    def __hash__(self) -> int:
        return _hash(tuple(self))

    def __repr__(self) -> str:
        return f"Collection({list(self)!r})"

    def __copy__(self) -> "Collection":
        return self

    def __deepcopy__(self, memo: object) -> "Collection":
        return self

    def __reduce__(self) -> "tuple[Any, ...]":
        from .codec import rebuild

        return rebuild, ("Collection", (list(self),))


@cython.final
@cython.no_gc
@cython.cclass
class AttributeGroup(_Attributes):
    """A group of attributes under its delimiter tag (RFC 8010 section 3.1.2).

    tag: the delimiter tag, such as ``DelimiterTag.JOB``. attributes: the attributes, in order.

    It is a mutable sequence of `Attribute` that keeps order and duplicates, and looks up by name: ``group["job-id"]``
    is the first attribute of that name. Assigning by name replaces every attribute of that name by one, and
    deleting by name removes them all, so that no second one slips through.
    """

    __slots__ = ("_replaced_end", "_replaced_start", "_replacement", "_tag")

    _tag: int
    # If one attribute of the slice is replaced: the new one, or None if it is removed; and where the old one stands.
    _replacement: "Attribute | None"
    _replaced_start: int
    _replaced_end: int

    def __init__(self, tag: int, attributes: "Iterable[Attribute]" = ()) -> None:
        self._tag = _check_tag(tag, "a group's tag")
        items = list(attributes)
        for attribute in items:
            _check_attribute(attribute)
        self._wire = None
        self._start = 0
        self._end = 0
        self._index = None
        self._items = items
        self._sliced = False

    @property
    def tag(self) -> "DelimiterTag | int":
        """The delimiter tag: a `DelimiterTag`, or an int if it has no name."""
        return DELIMITER_TAGS[self._tag]

    def _own(self) -> "list[Attribute]":
        """Bring the group into the form of a list of attributes, and return the list, to be changed."""
        items = self._list()
        self._wire = None
        self._sliced = False
        return items

    def _parts(self) -> "list[Any]":
        """Return a list to be changed, as `_own` does, but of parts if the group has not been unpacked."""
        if self._sliced:
            if self._items is not None:
                return self._own()
            self._items = [self._wire.slice(self, self._start, self._end)]  # type: ignore[union-attr]
            self._sliced = False
        elif self._items is None and self._wire is not None:
            parts: list[Any] = [self._wire.slice(self, self._start, self._replaced_start)]
            if self._replacement is not None:
                parts.append(self._replacement)
            parts.append(self._wire.slice(self, self._replaced_end, self._end))
            self._items = parts
            self._replacement = None
        return self._items  # type: ignore[return-value]

    def _replace(self, name: str, new: "Attribute | None") -> bool:
        """Replace all attributes of that name by one, or by none. Returns whether there were any."""
        if self._sliced and self._items is None and self._wire.replace(self, name, new, False):  # type: ignore[union-attr]
            return True
        found = False
        items: list[Any] = [self] if self._sliced and self._items is None else self._parts()
        parts: list[Any] = []
        for part in items:
            if type(part) is Attribute:
                attribute = part
                if attribute._name != name:
                    parts.append(attribute)
                    continue
                if not found and new is not None:
                    parts.append(new)
                found = True
                continue
            slice = part
            while True:
                behind = self._wire.cut(slice, name, parts)  # type: ignore[union-attr]
                if behind is None:
                    break
                slice = behind
                if not found and new is not None:
                    parts.append(new)
                found = True
            parts.append(slice)
        if not found:
            return False
        if self._wire is None:
            items[:] = parts  # in place: an iteration that is under way sees it
        else:
            self._items = parts
            self._sliced = False
        return True

    def __setitem__(
        self, key: "str | SupportsIndex | slice", new: "Attribute | Value | Iterable[Value] | Iterable[Attribute]"
    ) -> None:
        """Put an `Attribute` at a position, several in place of a slice, or one in place of all that have a name.

        By name, an `Attribute` that is not there yet is appended; and a value or a list of values can be given, which
        takes the tag of the attribute that it replaces. Raises KeyError for values without an attribute to replace,
        ValueError if the `Attribute` has another name or if the attribute to replace has several tags.
        """
        if isinstance(key, slice):
            several = list(new)  # type: ignore[arg-type]
            for attribute in several:
                _check_attribute(attribute)
            self._own()[key] = several
            return
        if not isinstance(key, str):
            _check_attribute(new)
            self._own()[key] = new  # type: ignore[assignment]
            return
        if isinstance(new, Attribute):
            attribute = new
            if attribute._name != key:
                raise ValueError(f"an attribute named {attribute._name!r} cannot stand under {key!r}")
        else:
            if cython.compiled and self._sliced and self._items is None and (type(new) is str or type(new) is int):
                attribute = Attribute.__new__(Attribute)
                _fill(attribute, key, 0, new)  # runs nobody's code
                if self._wire.replace(self, key, attribute, True):  # type: ignore[union-attr]
                    return
            before = self._find(key)
            if before is None:
                raise KeyError(f"there is no attribute {key!r} whose tag the values could take: assign an Attribute")
            if before._tags is not None:
                raise ValueError(f"the values of {key!r} have several tags: assign an Attribute")
            attribute = Attribute.__new__(Attribute)
            _fill(attribute, key, before._tag, new)  # type: ignore[arg-type]
        if not self._replace(key, attribute):
            self._parts().append(attribute)

    def __delitem__(self, key: "str | SupportsIndex | slice") -> None:
        """Remove the attribute at a position, or every attribute of a name. Raises IndexError or KeyError."""
        if not isinstance(key, str):
            del self._own()[key]
            return
        if self._find(key) is None:
            raise KeyError(key)
        self._replace(key, None)

    def insert(self, position: int, attribute: Attribute) -> None:
        """Put an attribute before the one at `position`."""
        _check_attribute(attribute)
        self._own().insert(position, attribute)

    def append(self, attribute: Attribute) -> None:
        """Put an attribute at the end."""
        _check_attribute(attribute)
        self._parts().append(attribute)

    def extend(self, attributes: "Iterable[Attribute]") -> None:
        """Put attributes at the end."""
        for attribute in list(attributes):
            self.append(attribute)

    def pop(self, position: "SupportsIndex" = -1) -> Attribute:
        """Remove the attribute at a position, and return it. Raises IndexError."""
        return self._own().pop(position)

    def remove(self, attribute: Attribute) -> None:
        """Remove the first attribute that is equal to this one. Raises ValueError if there is none."""
        del self[self.index(attribute)]

    def clear(self) -> None:
        """Remove every attribute."""
        self._own().clear()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AttributeGroup):
            return NotImplemented
        return self._tag == other._tag and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # it can change

    def __repr__(self) -> str:
        names = []
        for attribute in self:
            names.append(repr(attribute._name))
        if len(names) > 5:
            names[4:] = [f"and {len(names) - 4} more"]
        return f"<AttributeGroup {describe_tag(self._tag)}: {', '.join(names) or 'no attributes'}>"

    def __copy__(self) -> "AttributeGroup":
        return AttributeGroup(self._tag, self)

    def __deepcopy__(self, memo: object) -> "AttributeGroup":
        return AttributeGroup(self._tag, self)  # attributes never change: nothing deeper to copy

    def __reduce__(self) -> "tuple[Any, ...]":
        from .codec import rebuild

        return rebuild, ("AttributeGroup", (self._tag, list(self)))


def _is_meant(attribute: Attribute, key: object) -> bool:
    return attribute._name == key if isinstance(key, str) else attribute == key


def _is_whole(collection: Collection) -> bool:
    """Whether a collection is finished: ``__new__`` makes one without its constructor."""
    if cython.compiled:
        return collection._depth != 0
    return hasattr(collection, "_depth")


def _depth_in(attribute: Attribute) -> int:
    """How deep collections nest in an attribute's values."""
    deepest = 0
    if type(attribute._values) is not tuple:
        if type(attribute._values) is Collection:
            collection = attribute._values
            deepest = collection._depth
        return deepest
    for value in attribute._values:
        if type(value) is Collection:
            collection = value
            deepest = max(deepest, collection._depth)
    return deepest


def _check_attribute(attribute: object) -> None:
    if type(attribute) is not Attribute:
        raise TypeError(f"a group holds Attribute objects, not {type(attribute).__name__}")
    if not _is_made(attribute):
        raise TypeError("a group holds no Attribute that its constructor has not finished")
