# cython: boundscheck=False, wraparound=False, binding=False, embedsignature=True, embedsignature.format=clinic
#
# The compiled twin's slices of the wire, and how they become attributes and values.
#
# The rule of this file: it does what `_wire_py.py` does, and can fail only if memory runs out. Every read relies on the
# checks of `_scan.pxd`, since only `_codec.pyx` fills a `Wire`; every value of every tag has a Python form (RFC 8010
# section 3.9).

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.object cimport PyObject, PyTypeObject
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy

from ._attribute_c cimport Attribute, AttributeGroup, Collection, _Attributes
from ._cpython cimport (
    IPPFAST_LOCKED, IPPFAST_PLAIN, Py_False, Py_None, Py_True, ascii_octets, ascii_size, fill, finish_several, give,
    hold, is_ascii, is_str, new_several, new_tuple, own, own_methods, put, tuple_items,
)

# These are C variables: a look-up in the module's dictionary costs as much as a small value.
cdef object DateTime, RangeOfInteger, RawValue, Resolution, StringWithLanguage
cdef tuple OUT_OF_BANDS

from . import tags
from .values import OUT_OF_BAND as OUT_OF_BANDS
from .values import (
    DateTime,
    RangeOfInteger,
    RawValue,
    Resolution,
    StringWithLanguage,
)

cdef extern from *:
    """
    #define IPPFAST_NOT_ASCII UINT64_C(0x8080808080808080)
    """
    const uint64_t IPPFAST_NOT_ASCII

cdef extern from "Python.h":
    PyObject* PyUnicode_New(Py_ssize_t size, Py_UCS4 highest) except NULL
    PyObject* PyUnicode_DecodeUTF8(const char* octets, Py_ssize_t size, const char* errors) except NULL
    PyObject* PyUnicode_FromOrdinal(int) except NULL
    PyObject* PyLong_FromLong(long) except NULL

cdef enum:
    LONGEST_SHARED = 64  # strings up to this many octets are shared
    SHARED = 2048  # slots of the cache
    SHARED_SHIFT = 53  # 64 less the bits of a slot's number
    TEXTS = 1024  # slots of the cache of texts, names and URIs
    TEXTS_SHIFT = 54
    NUMBERS = 512  # slots of the cache of numbers
    NUMBERS_SHIFT = 23  # 32 less the bits of a slot's number
    SEVERAL = 128  # slots of the cache of ranges and resolutions
    SEVERAL_SHIFT = 57  # 64 less the bits of a slot's number
    MEASURED = 16  # the ends of at most this many collections of an attribute are kept, not searched for twice


# ---- Strings ----

cdef PyObject* _shared[SHARED]


cdef inline PyObject* string(Octets at, Py_ssize_t size) except NULL:
    """A new str: UTF-8 with surrogateescape, so that every octet can be encoded again (RFC 8010 section 3.9)."""
    cdef uint64_t word, seen = 0
    cdef Py_ssize_t index = 0
    cdef PyObject* made
    while index + 8 <= size:
        memcpy(&word, at + index, 8)
        seen |= word
        index += 8
    while index < size:
        seen |= at[index]
        index += 1
    if seen & IPPFAST_NOT_ASCII or size < 2:  # the interpreter shares those of 0 or 1 character
        return PyUnicode_DecodeUTF8(<const char*>at, size, "surrogateescape")
    made = PyUnicode_New(size, 127)
    memcpy(ascii_octets(made), at, size)
    return made


cdef inline PyObject* shared(Octets at, Py_ssize_t size) except NULL:
    """A str that may be the same object as an earlier one: names and keywords repeat, in one message and in the next.

    The cache has a fixed size: whatever comes off the wire can only replace what is in it.
    """
    cdef PyObject** slot
    if not IPPFAST_LOCKED or size < 4 or size > LONGEST_SHARED:
        return string(at, size)
    slot = &_shared[mix(at, size) >> SHARED_SHIFT]
    if slot[0] != NULL and ascii_size(slot[0]) == size and same(ascii_octets(slot[0]), at, size):
        hold(slot[0])
        return slot[0]
    return new_shared(slot, at, size)


cdef PyObject* new_shared(PyObject** slot, Octets at, Py_ssize_t size) except NULL:
    cdef PyObject* made = string(at, size)
    if is_ascii(made):
        hold(made)
        fill(slot, made)
    return made


cdef struct Text:
    PyObject* made
    uint64_t seen  # the hash of the string that came last

cdef Text _texts[TEXTS]


cdef PyObject* text(Octets at, Py_ssize_t size) except NULL:
    """A str that may be the same object as an earlier one, from the third time on.

    Texts, names of people and URIs come in every message, or never again. So the first time only the hash is kept.
    """
    cdef uint64_t mixed
    cdef Text* slot
    if not IPPFAST_LOCKED or size < 4 or size > LONGEST_SHARED:
        return string(at, size)
    mixed = mix(at, size)
    slot = &_texts[mixed >> TEXTS_SHIFT]
    if slot.seen != mixed:
        slot.seen = mixed
        return string(at, size)
    if slot.made != NULL and ascii_size(slot.made) == size and same(ascii_octets(slot.made), at, size):
        hold(slot.made)
        return slot.made
    return new_shared(&slot.made, at, size)


# ---- Numbers ----

cdef struct Number:
    PyObject* made
    int32_t value

cdef Number _numbers[NUMBERS]


cdef inline PyObject* number(int32_t value) except NULL:
    """An int that may be the same object as an earlier one: sizes, margins and resolutions repeat as keywords do."""
    cdef Number* slot
    cdef PyObject* made
    if not IPPFAST_LOCKED or -5 <= value <= 256:  # the interpreter shares these
        return PyLong_FromLong(value)
    slot = &_numbers[<uint32_t>value * <uint32_t>0x9E3779B1 >> NUMBERS_SHIFT]
    made = slot.made
    if slot.value == value and made != NULL:
        hold(made)
        return made
    return new_number(slot, value)


cdef PyObject* new_number(Number* slot, int32_t value) except NULL:
    cdef PyObject* made = PyLong_FromLong(value)
    hold(made)
    slot.value = value
    fill(&slot.made, made)
    return made


# ---- Values: none of these functions refuses any octets (RFC 8010 section 3.9) ----


cdef uint8_t FORMS[256]
memcpy(FORMS, <const char*>tags.FORMS, 256)
if tuple(tags.Form) != (
    OCTETS, WORD, TEXT, INTEGER, BOOLEAN, DATE_TIME, RESOLUTION, RANGE_OF_INTEGER, WITH_LANGUAGE, OUT_OF_BAND,
    COLLECTION, NO_VALUE,
):
    raise ImportError("the forms of ippfast.tags are not those that ippfast._wire was compiled for")


cdef inline PyObject* leaf(int tag, Octets at, Py_ssize_t size) except NULL:
    """Any value except a collection."""
    cdef int form = FORMS[<uint8_t>tag]
    if form == WORD:
        return shared(at, size)
    if form == INTEGER and size == 4:
        return number(be32(at))
    return unrepeated(form, tag, at, size)


cdef PyObject* value_of(int tag, Octets at, Py_ssize_t size) except NULL:
    """`leaf`, for other modules."""
    return leaf(tag, at, size)


cdef PyObject* name_of(Octets at, Py_ssize_t size) except NULL:
    """`shared`, for other modules."""
    return shared(at, size)


cdef PyObject* unrepeated(int form, int tag, Octets at, Py_ssize_t size) except NULL:
    """A value of a syntax whose values repeat less often than keywords and numbers."""
    cdef PyObject* made
    if form == TEXT:
        return text(at, size)
    if form == BOOLEAN and size == 1 and at[0] <= 1:
        made = Py_True if at[0] else Py_False
        hold(made)
        return made
    if form == RANGE_OF_INTEGER and size == 8:
        return numbers(RangeOfInteger, 2, at, -1)
    if form == RESOLUTION and size == 9:
        return numbers(Resolution, 3, at, at[8])
    if form == DATE_TIME and size == 11:
        return date_time(at)
    value = rare(form, tag, at, size)
    return give(value)


cdef struct Numbers:
    PyObject* made
    uint64_t octets
    int units  # -1 for a range

cdef Numbers _several[SEVERAL]


cdef PyObject* numbers(object kind, Py_ssize_t size, Octets at, int units) except NULL:
    """A range or a resolution. Like single numbers, it may be the same object as an earlier one."""
    cdef uint64_t octets
    cdef Numbers* slot
    cdef PyObject* made
    memcpy(&octets, at, 8)
    slot = &_several[(octets ^ <uint64_t>units) * <uint64_t>0x9E3779B97F4A7C15 >> SEVERAL_SHIFT]
    made = slot.made
    if IPPFAST_LOCKED and made != NULL and slot.octets == octets and slot.units == units:
        hold(made)
        return made
    unfinished = own(new_several(<PyTypeObject*>kind, size))  # a variable of Cython's, freed if memory runs out
    put(<PyObject*>unfinished, 0, number(be32(at)))
    put(<PyObject*>unfinished, 1, number(be32(at + 4)))
    if units >= 0:
        put(<PyObject*>unfinished, 2, PyLong_FromLong(<signed char>units))
    made = finish_several(<PyTypeObject*>kind, give(unfinished))
    if IPPFAST_LOCKED:
        hold(made)
        slot.octets = octets
        slot.units = units
        fill(&slot.made, made)
    return made


cdef PyObject* date_time(Octets at) except NULL:
    cdef Py_ssize_t field
    unfinished = own(new_several(<PyTypeObject*>DateTime, 10))
    put(<PyObject*>unfinished, 0, number(be16(at)))
    for field in range(1, 10):
        if field == 7:
            put(<PyObject*>unfinished, field, PyUnicode_FromOrdinal(at[8]))
        else:
            put(<PyObject*>unfinished, field, PyLong_FromLong(at[field + 1]))
    return finish_several(<PyTypeObject*>DateTime, give(unfinished))


cdef object rare(int form, int tag, Octets at, Py_ssize_t size):
    """A value of one of the other syntaxes, or one that does not fit its tag."""
    cdef Py_ssize_t language
    octets = at[:size]
    if form == WITH_LANGUAGE:
        language = be16(at) if size >= 4 else size
        if language + 4 <= size and language + 4 + be16(at + 2 + language) == size:
            text = own(string(at + 4 + language, size - 4 - language))
            return StringWithLanguage(text, own(shared(at + 2, language)))
        return RawValue(octets)
    if form == OUT_OF_BAND:
        return RawValue(octets) if size else OUT_OF_BANDS[tag & 0x0F]
    return octets if form == OCTETS else RawValue(octets)


# ---- Groups and collections ----


cdef Octets after_collection(Octets at, short* deepest) noexcept nogil:
    """The place behind the collection whose members begin at `at`. `deepest`: how deep collections nest in it."""
    cdef short depth = 1
    deepest[0] = 1
    while depth:
        if at[0] == 0x34:
            depth += 1
            if depth > deepest[0]:
                deepest[0] = depth
        elif at[0] == 0x37:
            depth -= 1
        at = after_unnamed(at)
    return at


@cython.final
@cython.no_gc
cdef class Wire(AbstractWire):
    """A message's attribute octets, and how to unpack them."""

    cdef object iterate(self, _Attributes owner):
        cdef AttributeIterator iterator = AttributeIterator.__new__(AttributeIterator)
        iterator.wire = self
        iterator.at = self.data + owner._start
        iterator.end = self.data + owner._end
        iterator.member = type(owner) is Collection
        return iterator

    cdef list items(self, _Attributes owner):
        cdef list whole
        with cython.critical_section(owner):
            if owner._sliced:
                if owner._items is None:
                    owner._items = list(self.iterate(owner))
            elif owner._wire is not None:
                whole = []
                for part in (<AttributeGroup>owner)._parts():
                    if type(part) is Attribute:
                        whole.append(part)
                    else:
                        whole.extend(self.iterate(part))
                owner._items = whole
                owner._wire = None
        return owner._items

    cdef bint replace(self, AttributeGroup group, object name, Attribute new, bint retag) except -1:
        cdef Octets end = self.data + group._end
        cdef Octets found
        cdef Octets behind
        cdef Octets at
        cdef bint mixed = False
        if not is_str(<PyObject*>name) or not is_ascii(<PyObject*>name):  # several strings can have the same octets
            return False
        found = self.locate(group, name)
        if found == NULL:
            return False
        at = after_token(found)
        while at < end and be16(at + 1) == 0:
            mixed |= at[0] != found[0]
            at = after_unnamed(at)
        if retag and mixed:
            return False
        behind = at
        while at < end:
            if be16(at + 1) == be16(found + 1) and same(at + 3, found + 3, be16(found + 1)):
                return False
            at = after_token(at)
        if retag:
            new._tag = found[0]
        group._replacement = new
        group._replaced_start = <int>(found - self.data)
        group._replaced_end = <int>(behind - self.data)
        group._sliced = False
        return True

    cdef AttributeGroup cut(self, AttributeGroup part, object name, list before):
        cdef Octets at = self.data + part._start
        cdef Octets end = self.data + part._end
        cdef Octets found
        cdef Octets wanted
        cdef Py_ssize_t size
        cdef Attribute attribute
        if not is_str(<PyObject*>name):
            name = str.__str__(name)
        if is_ascii(<PyObject*>name):
            wanted = ascii_octets(<PyObject*>name)
            size = ascii_size(<PyObject*>name)
        else:  # several strings can have the same octets
            attribute = self.find(part, name)
            if attribute is None:
                return None
            found = self.data + attribute._offset
            wanted = found + 3
            size = be16(found + 1)
        while at < end:
            found = at
            at = next_attribute(at, end)
            if be16(found + 1) == size and same(found + 3, wanted, size):
                before.append(self.slice(part, part._start, <int>(found - self.data)))
                return self.slice(part, <int>(at - self.data), part._end)
        return None

    cdef AttributeGroup slice(self, AttributeGroup group, int start, int end):
        cdef AttributeGroup made = AttributeGroup.__new__(AttributeGroup)
        made._tag = group._tag
        made._wire = self
        made._start = start
        made._end = end
        made._sliced = True
        return made

    cdef Octets locate(self, _Attributes owner, object name) except? NULL:
        """The token that names the first attribute of that name; NULL if there is none."""
        cdef Octets at = self.data + owner._start
        cdef Octets end = self.data + owner._end
        cdef bint member = type(owner) is Collection
        cdef Octets wanted
        cdef Py_ssize_t size, index
        cdef const uint32_t* begins
        cdef Attribute attribute
        if not is_str(<PyObject*>name):
            if not isinstance(name, str):
                return NULL
            name = str.__str__(name)
        if not is_ascii(<PyObject*>name):  # several strings can have the same octets
            for attribute in self.iterate(owner):
                if attribute._name == name:
                    return self.data + attribute._offset
            return NULL
        wanted = ascii_octets(<PyObject*>name)
        size = ascii_size(<PyObject*>name)
        if size == 0:
            return NULL
        if member:
            while at < end:
                if be16(at + 3) == size and same(at + 5, wanted, size):
                    return at
                at = next_member(at, end)
            return NULL
        if owner._index is not None:
            begins = <const uint32_t*>PyBytes_AS_STRING(owner._index)
            for index in range(PyBytes_GET_SIZE(owner._index) >> 2):
                at = self.data + begins[index]
                if be16(at + 1) == size and same(at + 3, wanted, size):
                    return at
        while at < end:
            if be16(at + 1) == size and same(at + 3, wanted, size):
                return at
            at = after_token(at)
        return NULL

    cdef Attribute find(self, _Attributes owner, object name):
        cdef Octets at = self.locate(owner, name)
        if at == NULL:
            return None
        return own_attribute(unpack(<PyObject*>self, &at, self.data + owner._end, type(owner) is Collection))

    cdef object value(self, _Attributes owner, object name, object default):
        cdef Octets at = self.locate(owner, name)
        cdef Octets end = self.data + owner._end
        cdef Octets following
        cdef int tag
        cdef Py_ssize_t size
        cdef short deepest
        if at == NULL:
            if default is ...:
                raise KeyError(name)
            return default
        at = first_value(at, type(owner) is Collection, &tag)
        if tag == 0x34:
            following = after_collection(at + 5, &deepest)
            if is_additional(following, end):
                return self.find(owner, name).value
            return own(collection(<PyObject*>self, at + 5, following, deepest))
        size = be16(at + 3)
        at += 5
        if is_additional(at + size, end):
            return self.find(owner, name).value
        return own(leaf(tag, at, size))

    cdef Py_ssize_t count(self, _Attributes owner) except -1:
        cdef Octets at = self.data + owner._start
        cdef Octets end = self.data + owner._end
        cdef bint member = type(owner) is Collection
        cdef Py_ssize_t count = 0
        while at < end:
            at = next_member(at, end) if member else next_attribute(at, end)
            count += 1
        return count


@cython.final
@cython.no_gc
@cython.freelist(16)
cdef class AttributeIterator:
    """Makes each attribute of a slice when it is asked for."""

    cdef Wire wire
    cdef Octets at
    cdef Octets end
    cdef bint member

    def __iter__(self):
        return self

    def __next__(self):
        cdef PyObject* made = NULL
        with cython.critical_section(self):
            if self.at < self.end:
                made = unpack(<PyObject*>self.wire, &self.at, self.end, self.member)
        if made == NULL:
            raise StopIteration  # directly in __next__, Cython makes no exception object for it
        return own(made)


cdef PyObject* unpack(PyObject* wire, Octets* cursor, Octets end, bint member, PyObject* spare=NULL) except NULL:
    """Unpack the attribute, or member attribute, that the token at the cursor names, and move the cursor behind it.

    wire: a `Wire`, as a plain pointer, since the caller holds it.
    spare: an attribute that nobody else holds, to be used again. This function takes over the reference.
    """
    cdef Attribute made = Attribute.__new__(Attribute) if spare == NULL else own_attribute(spare)
    cdef IppfastAttribute* attribute = <IppfastAttribute*><PyObject*>made
    cdef Octets at = cursor[0]
    cdef Octets following
    cdef Octets name
    cdef int tag
    cdef short deepest
    attribute.offset = <int>(at - (<Wire>wire).data)
    name = at + (5 if member else 3)
    fill(&attribute.name, shared(name, be16(name - 2)))
    at = first_value(at, member, &tag)
    attribute.tag = tag
    if attribute.tags != Py_None:
        hold(Py_None)
        fill(&attribute.tags, Py_None)
    following = after_collection(at + 5, &deepest) if tag == 0x34 else after_unnamed(at)
    if is_additional(following, end):
        several_values(wire, attribute, at, cursor, end)
        return give_attribute(made)
    cursor[0] = following  # first: below, a finalizer may run and move the cursor too (CPython 3.11)
    if tag == 0x34:
        fill(&attribute.values, collection(wire, at + 5, following, deepest))
    else:
        fill(&attribute.values, leaf(tag, at + 5, following - at - 5))
    return give_attribute(made)


cdef struct Extent:
    # Where a collection ends and how deep collections nest in it, as `after_collection` found.
    Octets behind
    short deepest


cdef int several_values(
    PyObject* wire, IppfastAttribute* attribute, Octets first, Octets* cursor, Octets end
) except -1:
    """Unpack the values of an attribute that has more than one, and move the cursor behind the last.

    first: the token of the first value, read as that of an additional value, which has no name.
    """
    cdef Extent measured[MEASURED]
    cdef PyObject** values
    cdef Octets at = first
    cdef Octets following
    cdef int tag = attribute.tag
    cdef bint mixed = False
    cdef short deepest
    cdef Py_ssize_t count = 0, collections = 0, index
    while True:
        count += 1
        if tag == 0x34:
            at = after_collection(at + 5, &deepest)
            if collections < MEASURED:
                measured[collections].behind = at
                measured[collections].deepest = deepest
            collections += 1
        else:
            at = after_unnamed(at)
        if not is_additional(at, end):
            break
        tag = at[0]
        mixed |= tag != attribute.tag
    cursor[0] = at
    fill(&attribute.values, new_tuple(count))
    values = tuple_items(attribute.values)
    if mixed:
        fill(&attribute.tags, new_tuple(count))
    at = first
    tag = attribute.tag
    collections = 0
    for index in range(count):
        if index:  # the first has its tag before the name
            tag = at[0]
        if mixed:
            put(attribute.tags, index, PyLong_FromLong(tag))
        if tag == 0x34:
            if collections < MEASURED:
                following = measured[collections].behind
                deepest = measured[collections].deepest
            else:
                following = after_collection(at + 5, &deepest)
            collections += 1
            values[index] = collection(wire, at + 5, following, deepest)
        else:
            following = after_unnamed(at)
            values[index] = leaf(tag, at + 5, following - at - 5)
        at = following
    return 0


cdef PyObject* collection(PyObject* wire, Octets members, Octets behind, short deepest) except NULL:
    """The collection whose members begin at `members`, and whose endCollection ends at `behind`."""
    cdef Collection made = Collection.__new__(Collection)
    made._wire = <Wire>wire
    made._start = <int>(members - (<Wire>wire).data)
    made._end = <int>(behind - 5 - (<Wire>wire).data)
    made._depth = deepest
    made._sliced = True
    return give_collection(made)


cdef Wire slice_of(_Attributes owner, Octets* at, Octets* end):
    """The wire that a group or collection is a slice of, and the slice; None if it was made or changed by hand."""
    cdef Wire wire = None
    with cython.critical_section(owner):
        if owner._sliced:
            wire = <Wire>owner._wire
            at[0] = wire.data + owner._start
            end[0] = wire.data + owner._end
    return wire


own_methods(<PyTypeObject*>AttributeGroup, <PyTypeObject*>_Attributes)
own_methods(<PyTypeObject*>Collection, <PyTypeObject*>_Attributes)

PLAIN = IPPFAST_PLAIN  # whether this is the plain form, see `_cpython.pxd`

if sizeof(IppfastAttribute) != Attribute.__basicsize__:
    raise ImportError("the compiled parts of ippfast do not belong together: build them again")
