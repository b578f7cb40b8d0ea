# cython: boundscheck=False, wraparound=False, binding=False, embedsignature=True, embedsignature.format=clinic
#
# The compiled twin: octets to `Message` and back.
#
# The rule of this file: it does what `_codec_py.py` does, function by function, and defines nothing that the other
# lacks. Classes and words stand in `_message.py` (compiled as `_message_c`) and `errors.py`, once.
#
# One pass (`advance`) checks all framing and notes where each group begins and ends. After it nothing can fail: every
# value of every tag has a Python form (RFC 8010 section 3.9), so groups are unpacked when they are read. All reads
# behind that pass rely on its checks; nothing else may fill a `Wire`.

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_INCREF, Py_XDECREF
from libc.stdint cimport INT32_MAX, INT32_MIN, int32_t, uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcmp, memcpy

from ._message_c cimport Attribute, AttributeGroup, Collection, Message, _Attributes
from ._message_c cimport Wire as AbstractWire

# As C variables: a look-up in the module's dictionary costs as much as a small value.
cdef object errors, DEFAULT_LIMITS, REQUEST_LIMITS, Limits
cdef object DateTime, OutOfBand, RangeOfInteger, RawValue, Resolution, StringWithLanguage

from . import errors
from .errors import find_cut, octets_needed, raise_fault
from .limits import DEFAULT_LIMITS, MAX_DEPTH, REQUEST_LIMITS, Limits
from .values import DateTime, OutOfBand, RangeOfInteger, RawValue, Resolution, StringWithLanguage

# The hot paths below hold plain pointers and pass references on. A temporary reference is not only two instructions: on
# CPython 3.12 and later the count is written as 32 bits and read back as 64, which stalls the processor.
cdef extern from *:
    """
    /* The cache of `shared` below needs the interpreter's lock. */
    #ifdef Py_GIL_DISABLED
    #define IPPFAST_SHARES 0
    #else
    #define IPPFAST_SHARES 1
    #endif
    #define IPPFAST_NOT_ASCII UINT64_C(0x8080808080808080)
    /* A reference of ours as Cython's own, and what a variable of Cython's holds as ours. */
    #define IPPFAST_OWN(pointer) (pointer)
    #define IPPFAST_GIVE(variable) ippfast_give((PyObject **)&(variable))
    static inline PyObject *ippfast_give(PyObject **variable) {
        PyObject *pointer = *variable;
        *variable = NULL;
        return pointer;
    }
    /* The fields of Attribute, in the order of _message_c.pxd; checked at import. */
    typedef struct {
        PyObject_HEAD
        PyObject *name, *values, *tags;
        int tag, offset;
    } IppfastAttribute;
    """
    const bint IPPFAST_SHARES
    const uint64_t IPPFAST_NOT_ASCII
    object own "IPPFAST_OWN"(PyObject*)
    Attribute own_attribute "(struct __pyx_obj_7ippfast_10_message_c_Attribute *)IPPFAST_OWN"(PyObject*)
    PyObject* give_attribute "IPPFAST_GIVE"(Attribute)
    PyObject* give_collection "IPPFAST_GIVE"(Collection)
    PyObject* give "IPPFAST_GIVE"(object)
    ctypedef struct IppfastAttribute:
        PyObject* name
        PyObject* values
        PyObject* tags
        int tag
        int offset

cdef extern from "Python.h":
    bint is_ascii "PyUnicode_IS_COMPACT_ASCII"(PyObject*)
    uint8_t* ascii_octets "PyUnicode_1BYTE_DATA"(PyObject*)
    Py_ssize_t ascii_size "PyUnicode_GET_LENGTH"(PyObject*)
    PyObject* PyUnicode_New(Py_ssize_t size, Py_UCS4 highest) except NULL
    PyObject* PyUnicode_DecodeUTF8(const char* octets, Py_ssize_t size, const char* errors) except NULL
    bint is_str "PyUnicode_CheckExact"(PyObject*)
    bint is_bool "PyBool_Check"(PyObject*)
    bint is_int "PyLong_Check"(PyObject*)
    PyObject* PyLong_FromLong(long) except NULL
    long PyLong_AsLongAndOverflow(PyObject*, int* overflow) except? -1
    PyObject* new_bytes "PyBytes_FromStringAndSize"(const char* octets, Py_ssize_t size) except NULL
    int _PyBytes_Resize(PyObject** octets, Py_ssize_t size) except -1
    Py_ssize_t reference_count "Py_REFCNT"(PyObject*)
    void Py_SET_SIZE(PyObject*, Py_ssize_t)
    PyObject* new_tuple "PyTuple_New"(Py_ssize_t size) except NULL
    bint is_tuple "PyTuple_CheckExact"(PyObject*)
    Py_ssize_t tuple_size "PyTuple_GET_SIZE"(PyObject*)
    PyObject* tuple_item "PyTuple_GET_ITEM"(PyObject*, Py_ssize_t)
    void put "PyTuple_SET_ITEM"(PyObject*, Py_ssize_t, PyObject*)
    PyObject* PyUnicode_FromOrdinal(int) except NULL
    PyObject* PyType_GenericAlloc(PyTypeObject* type, Py_ssize_t size) except NULL
    PyObject* Py_True
    PyObject* Py_False

# What is cimported has no name in Python yet.
globals().update(Attribute=Attribute, AttributeGroup=AttributeGroup, Collection=Collection, Message=Message)

ctypedef const uint8_t* Octets

cdef enum:
    INDEXED = 256  # of how many attributes of a group the index notes where they begin
    WORTH_INDEXING = 24  # a group with fewer is searched faster without
    LONGEST_SHARED = 64  # strings up to so many octets are shared
    SHARED = 2048  # slots of the cache
    SHARED_SHIFT = 53  # 64 less the bits of a slot's number
    MOST_DEPTH = 100  # limits.MAX_DEPTH

# The faults of `errors.py`, which has their words.
cdef enum:
    CUT_VALUE = 6
    NAME_TOO_LONG = 7
    VALUE_TOO_LONG = 8
    RESERVED_GROUP = 9
    VALUE_BEFORE_GROUP = 10
    VALUE_BEFORE_ATTRIBUTE = 11
    MEMBER_OUTSIDE = 12
    END_OUTSIDE = 13
    NAME_INSIDE = 14
    VALUE_BEFORE_MEMBER = 15
    MEMBER_WITHOUT_VALUE = 16
    MEMBER_WITHOUT_NAME = 17
    BEGIN_WITH_VALUE = 18
    END_WITH_VALUE = 19
    UNTERMINATED = 20
    DEPTH_LIMIT = 21
    GROUP_LIMIT = 22
    ATTRIBUTE_LIMIT = 23
    VALUE_LIMIT = 24

cdef inline unsigned int be16(Octets at) noexcept nogil:
    return (at[0] << 8) | at[1]

cdef inline int32_t be32(Octets at) noexcept nogil:
    return <int32_t>((<uint32_t>at[0] << 24) | (<uint32_t>at[1] << 16) | (<uint32_t>at[2] << 8) | at[3])


# ---- Strings ----

cdef PyObject* _shared[SHARED]

cdef inline PyObject* string(Octets at, Py_ssize_t size) except NULL:
    """A str of its own. UTF-8 with surrogateescape, so that every octet comes back (RFC 8010 section 3.9)."""
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
    if seen & IPPFAST_NOT_ASCII or size < 2:  # the interpreter has its own for none or one
        return PyUnicode_DecodeUTF8(<const char*>at, size, "surrogateescape")
    made = PyUnicode_New(size, 127)
    memcpy(ascii_octets(made), at, size)
    return made

cdef inline bint same(Octets one, Octets other, Py_ssize_t size) noexcept nogil:
    """Whether two names are equal; most are too short for a call of memcmp to pay."""
    cdef uint64_t word, other_word
    cdef uint32_t half, other_half
    if size < 8:
        if size < 4:
            return memcmp(one, other, size) == 0
        memcpy(&half, one, 4)
        memcpy(&other_half, other, 4)
        if half != other_half:
            return False
        memcpy(&half, one + size - 4, 4)
        memcpy(&other_half, other + size - 4, 4)
        return half == other_half
    # From the end, where names differ most; the last step takes the first eight octets, some of them again.
    while size > 8:
        size -= 8
        memcpy(&word, one + size, 8)
        memcpy(&other_word, other + size, 8)
        if word != other_word:
            return False
    memcpy(&word, one, 8)
    memcpy(&other_word, other, 8)
    return word == other_word

cdef PyObject* shared(Octets at, Py_ssize_t size) except NULL:
    """A str that may be the same object as an earlier one: names and keywords repeat, in a message and ever after.

    The cache is bounded, and what comes off the wire can only displace what is in it.
    """
    cdef uint64_t mixed, middle = 0, last = 0
    cdef uint32_t low, high
    cdef PyObject* known
    if not IPPFAST_SHARES or size < 4 or size > LONGEST_SHARED:
        return string(at, size)
    if size >= 8:
        memcpy(&mixed, at, 8)
        memcpy(&middle, at + (size >> 1) - 4, 8)
        memcpy(&last, at + size - 8, 8)
    else:
        memcpy(&low, at, 4)
        memcpy(&high, at + size - 4, 4)
        mixed = <uint64_t>low << 32 | high
    mixed ^= (middle << 21 | middle >> 43) ^ (last << 42 | last >> 22) ^ <uint64_t>size
    mixed = mixed * <uint64_t>0x9E3779B97F4A7C15 >> SHARED_SHIFT
    known = _shared[mixed]
    if known != NULL and ascii_size(known) == size and same(ascii_octets(known), at, size):
        Py_INCREF(<object>known)
        return known
    cdef PyObject* made = string(at, size)
    if is_ascii(made):
        Py_INCREF(<object>made)
        _shared[mixed] = made
        Py_XDECREF(known)
    return made


# ---- Values: one function a syntax, each total (RFC 8010 section 3.9) ----

cdef object _out_of_band = [None] * 16
for _member in OutOfBand:
    _out_of_band[_member.value & 0x0F] = _member

cdef PyObject* leaf(int tag, Octets at, Py_ssize_t size) except NULL:
    """Any value but a collection."""
    cdef PyObject* made
    if tag == 0x44 or 0x46 <= tag <= 0x49:
        return shared(at, size)
    if (tag == 0x21 or tag == 0x23) and size == 4:
        return PyLong_FromLong(be32(at))
    if tag == 0x41 or tag == 0x42 or tag == 0x45:
        return string(at, size)
    if tag == 0x22 and size == 1 and at[0] <= 1:
        made = Py_True if at[0] else Py_False
        Py_INCREF(<object>made)
        return made
    if tag == 0x33 and size == 8:
        made = several(RangeOfInteger, 2)
        put(made, 0, PyLong_FromLong(be32(at)))
        put(made, 1, PyLong_FromLong(be32(at + 4)))
        return made
    if tag == 0x32 and size == 9:
        made = several(Resolution, 3)
        put(made, 0, PyLong_FromLong(be32(at)))
        put(made, 1, PyLong_FromLong(be32(at + 4)))
        put(made, 2, PyLong_FromLong(<signed char>at[8]))
        return made
    if tag == 0x31 and size == 11:
        return date_time(at)
    value = rare(tag, at, size)
    return give(value)

cdef inline PyObject* several(object kind, Py_ssize_t size) except NULL:
    """An unfilled named tuple."""
    return PyType_GenericAlloc(<PyTypeObject*>kind, size)

cdef PyObject* date_time(Octets at) except NULL:
    cdef PyObject* made = several(DateTime, 10)
    cdef Py_ssize_t field
    put(made, 0, PyLong_FromLong(be16(at)))
    for field in range(1, 10):
        put(made, field, PyLong_FromLong(at[field + 1]) if field != 7 else PyUnicode_FromOrdinal(at[8]))
    return made

cdef object rare(int tag, Octets at, Py_ssize_t size):
    """A value of one of the other syntaxes, or one that does not fit its tag."""
    cdef Py_ssize_t language
    octets = at[:size]
    if tag == 0x35 or tag == 0x36:
        language = be16(at) if size >= 4 else size
        if language + 4 <= size and language + 4 + be16(at + 2 + language) == size:
            return StringWithLanguage(own(string(at + 4 + language, size - 4 - language)), own(shared(at + 2, language)))
        return RawValue(octets)
    if 0x21 <= tag <= 0x23 or 0x31 <= tag <= 0x33:
        return RawValue(octets)
    if 0x10 <= tag <= 0x1F:
        member = (<list>_out_of_band)[tag & 0x0F]
        if member is not None:
            return RawValue(octets) if size else member
    return octets


# ---- Groups and collections ----

cdef inline Octets after_token(Octets at) noexcept nogil:
    cdef Octets value = at + 3 + be16(at + 1)
    return value + 2 + be16(value)

cdef inline Octets after_unnamed(Octets at) noexcept nogil:
    return at + 5 + be16(at + 3)

cdef Octets after_collection(Octets at, short* deepest) noexcept nogil:
    """Behind the endCollection of the collection whose members begin at `at`; and how deep collections nest in it."""
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

cdef inline Octets after_value(Octets at) noexcept nogil:
    """Behind the value, collections included, whose token, without a name, is at `at`."""
    cdef short deepest
    if at[0] == 0x34:
        return after_collection(at + 5, &deepest)
    return after_unnamed(at)

cdef inline Octets next_member(Octets at, Octets end) noexcept nogil:
    """Behind the member attribute whose memberAttrName is at `at`."""
    at = after_unnamed(at)
    while at < end and at[0] != 0x4A:
        at = after_value(at)
    return at

cdef inline Octets next_attribute(Octets at, Octets end) noexcept nogil:
    """Behind the attribute whose named token is at `at`."""
    at = after_token(at)
    while at < end and be16(at + 1) == 0:
        at = after_unnamed(at)
    return at


@cython.final
@cython.no_gc
cdef class Wire(AbstractWire):
    """A message's attribute octets, and how to unpack them."""

    cdef bytes octets
    cdef Octets data  # of `octets`

    cdef object iterate(self, _Attributes owner):
        cdef AttributeIterator iterator = AttributeIterator.__new__(AttributeIterator)
        iterator.wire = self
        iterator.at = self.data + owner._start
        iterator.end = self.data + owner._end
        iterator.member = type(owner) is Collection
        return iterator

    cdef list items(self, _Attributes owner):
        with cython.critical_section(owner):
            if owner._items is None:
                owner._items = list(self.iterate(owner))
        return owner._items

    cdef Attribute find(self, _Attributes owner, object name):
        cdef Octets at = self.data + owner._start
        cdef Octets end = self.data + owner._end
        cdef bint member = type(owner) is Collection
        cdef Octets wanted
        cdef Py_ssize_t size, index
        cdef const uint32_t* begins
        cdef Attribute attribute
        if not is_str(<PyObject*>name):
            if not isinstance(name, str):
                return None
            name = str.__str__(name)
        if not is_ascii(<PyObject*>name):  # several strings can have the same octets
            for attribute in self.iterate(owner):
                if attribute._name == name:
                    return attribute
            return None
        wanted = ascii_octets(<PyObject*>name)
        size = ascii_size(<PyObject*>name)
        if size == 0:
            return None
        if member:
            while at < end:
                if be16(at + 3) == size and same(at + 5, wanted, size):
                    return own_attribute(unpack(self, &at, end, True))
                at = next_member(at, end)
            return None
        if owner._index is not None:
            begins = <const uint32_t*>PyBytes_AS_STRING(owner._index)
            for index in range(PyBytes_GET_SIZE(owner._index) >> 2):
                at = self.data + begins[index]
                if be16(at + 1) == size and same(at + 3, wanted, size):
                    return own_attribute(unpack(self, &at, end, False))
        while at < end:
            if be16(at + 1) == size and same(at + 3, wanted, size):
                return own_attribute(unpack(self, &at, end, False))
            at = after_token(at)
        return None

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
    """Makes each attribute of a slice as it is asked for."""

    cdef Wire wire
    cdef Octets at
    cdef Octets end
    cdef bint member

    def __iter__(self):
        return self

    def __next__(self):
        if self.at >= self.end:
            raise StopIteration
        return own(unpack(self.wire, &self.at, self.end, self.member))


cdef PyObject* unpack(Wire wire, Octets* cursor, Octets end, bint member) except NULL:
    """Unpack the attribute, or member attribute, that the token at the cursor names, and move the cursor behind it."""
    cdef Attribute made = Attribute.__new__(Attribute)
    cdef IppfastAttribute* attribute = <IppfastAttribute*><PyObject*>made
    cdef PyObject* values
    cdef Octets at = cursor[0]
    cdef Octets following
    cdef int tag, size
    cdef bint mixed = False
    cdef short deepest
    cdef Py_ssize_t count = 1, index
    attribute.offset = <int>(at - wire.data)
    tag = at[0]
    if member:
        at += 2  # the name is the memberAttrName's value
    size = be16(at + 1)
    fill(&attribute.name, shared(at + 3, size))
    at += 3 + size
    if member:
        tag = at[0]
        at += 3
    attribute.tag = tag
    at -= 3  # as if the first value were one of the additional, which have no name
    following = after_collection(at + 5, &deepest) if tag == 0x34 else after_unnamed(at)
    # Inside a group an attribute ends at the next name; inside a collection at the next memberAttrName.
    while following < end and following[0] != 0x4A and be16(following + 1) == 0:
        mixed |= following[0] != tag
        following = after_value(following)
        count += 1
    cursor[0] = following
    if count == 1:
        fill(&attribute.values, value_at(wire, tag, &at))
        return give_attribute(made)
    values = new_tuple(count)
    fill(&attribute.values, values)
    put(values, 0, value_at(wire, tag, &at))
    if mixed:
        fill(&attribute.tags, new_tuple(count))
        put(attribute.tags, 0, PyLong_FromLong(tag))
    for index in range(1, count):
        tag = at[0]
        if mixed:
            put(attribute.tags, index, PyLong_FromLong(tag))
        put(values, index, value_at(wire, tag, &at))
    return give_attribute(made)

cdef inline void fill(PyObject** field, PyObject* value) noexcept:
    cdef PyObject* before = field[0]
    field[0] = value
    Py_XDECREF(before)

cdef inline PyObject* value_at(Wire wire, int tag, Octets* cursor) except NULL:
    """Unpack the value whose token, without a name, is at the cursor, and move the cursor behind it."""
    cdef Octets at = cursor[0]
    cdef Py_ssize_t size
    if tag == 0x34:
        cursor[0] = at + 5
        return collection(wire, cursor)
    size = be16(at + 3)
    cursor[0] = at + 5 + size
    return leaf(tag, at + 5, size)

cdef PyObject* collection(Wire wire, Octets* cursor) except NULL:
    """The collection whose members begin at the cursor; the cursor moves behind its endCollection."""
    cdef Collection made = Collection.__new__(Collection)
    made._wire = wire
    made._start = <int>(cursor[0] - wire.data)
    cursor[0] = after_collection(cursor[0], &made._depth)
    made._end = <int>(cursor[0] - 5 - wire.data)
    made._sliced = True
    return give_collection(made)

if sizeof(IppfastAttribute) != Attribute.__basicsize__ or MOST_DEPTH != MAX_DEPTH:
    raise ImportError("the compiled parts of ippfast do not belong together: build them again")


def walk(source):
    """Every attribute with every value of it, as pairs, in the order of the wire, collections included.

    source: a `Message`, an `AttributeGroup` or a `Collection`. A `Collection` comes as the value that it is; then come
    its member attributes with theirs. Reading a whole message this way is quicker than by loops inside each other.
    Raises TypeError for another source.
    """
    cdef Walk walk = Walk.__new__(Walk)
    if type(source) is Message:
        walk.groups = iter(list((<Message>source).groups))
        walk.attributes = iter(())
    elif isinstance(source, _Attributes):
        walk.groups = iter(())
        walk.attributes = iter(source)
    else:
        raise TypeError(f"walk takes a Message, an AttributeGroup or a Collection, not {type(source).__name__}")
    walk.outer = []
    return walk


@cython.final
@cython.freelist(8)
cdef class Walk:
    """What `walk` returns: where in the message it is."""

    cdef object groups  # those to come
    cdef object attributes  # those to come in the innermost collection, or in the group
    cdef Attribute attribute  # the current one
    cdef Py_ssize_t index  # of its next value
    cdef list outer  # the last three of each collection that the current one is in
    cdef PyObject* pair  # what came last; it serves again where nobody kept it

    def __dealloc__(self):
        Py_XDECREF(self.pair)

    def __iter__(self):
        return self

    def __next__(self):
        cdef PyObject* values
        cdef PyObject* value
        cdef AttributeIterator slice
        while True:
            if self.attribute is not None:
                values = (<IppfastAttribute*><PyObject*>self.attribute).values
                if is_tuple(values):
                    value = tuple_item(values, self.index) if self.index < tuple_size(values) else NULL
                else:
                    value = values if self.index == 0 else NULL
                if value != NULL:
                    self.index += 1
                    return own(self.give(value))
            if type(self.attributes) is AttributeIterator:
                slice = <AttributeIterator>self.attributes
                if slice.at < slice.end:
                    self.attribute = own_attribute(unpack(slice.wire, &slice.at, slice.end, slice.member))
                    self.index = 0
                    continue
            else:
                self.attribute = next(self.attributes, None)
                self.index = 0
                if self.attribute is not None:
                    continue
            if self.outer:
                self.attributes, self.attribute, self.index = self.outer.pop()
            else:
                self.attributes = iter(<_Attributes?>next(self.groups))
                self.attribute = None

    cdef PyObject* give(self, PyObject* value) except NULL:
        """The pair of the current attribute and a value of it; the walk goes on inside a collection."""
        cdef PyObject* attribute = <PyObject*>self.attribute
        cdef PyObject* pair = self.pair
        Py_INCREF(<object>attribute)
        Py_INCREF(<object>value)
        if IPPFAST_SHARES and pair != NULL and reference_count(pair) == 1:
            replace(pair, 0, attribute)
            replace(pair, 1, value)
        else:
            self.pair = NULL
            Py_XDECREF(pair)
            pair = self.pair = new_tuple(2)
            put(pair, 0, attribute)
            put(pair, 1, value)
        if type(<object>value) is Collection:
            self.outer.append((self.attributes, self.attribute, self.index))
            self.attributes = iter(<object>value)
            self.attribute = None
        Py_INCREF(<object>pair)
        return pair

cdef inline void replace(PyObject* items, Py_ssize_t index, PyObject* value) noexcept:
    cdef PyObject* before = tuple_item(items, index)
    put(items, index, value)
    Py_XDECREF(before)


# ---- Scanning ----

cdef struct Bounds:
    Py_ssize_t depth, groups, attributes, values, octets

cdef Bounds DEFAULT
cdef int read_bounds(object limits, Bounds* bounds) except -1:
    if limits is None or limits is DEFAULT_LIMITS:
        bounds[0] = DEFAULT
        return 0
    if not isinstance(limits, Limits):
        raise TypeError(f"limits is a Limits, not {type(limits).__name__}")
    # Checked once more: a tuple can be made around its class, and `members_at` below has MOST_DEPTH places.
    bounds.depth, bounds.groups, bounds.attributes, bounds.values, bounds.octets = (
        limits if limits is REQUEST_LIMITS else Limits(*limits)
    )
    return 0

DEFAULT.depth, DEFAULT.groups, DEFAULT.attributes, DEFAULT.values, DEFAULT.octets = DEFAULT_LIMITS

cdef struct Scan:
    Bounds bounds
    Py_ssize_t position  # of the next token
    Py_ssize_t start  # where the current group's attributes begin
    Py_ssize_t attribute_at  # the token that names the current attribute, -1 before the group's first
    Py_ssize_t groups, attributes, values
    int group  # the current group's tag, 0 before the first
    int depth  # how many collections are open
    int expect  # in a collection: 0 its first member, 1 a member's value, 2 either or its next value
    uint32_t named  # how many attributes the group has so far
    uint32_t begins[INDEXED]  # where the first of them begin
    int members_at[MOST_DEPTH]  # for each open collection, the token that names the current member, or -1

cdef void begin(Scan* scan) noexcept:
    scan.position = scan.start = scan.groups = scan.attributes = scan.values = 0
    scan.attribute_at = -1
    scan.group = scan.depth = scan.expect = 0

cdef int end_group(Scan* scan, Wire wire, list groups) except -1:
    cdef AttributeGroup group
    if scan.group == 0:
        return 0
    group = AttributeGroup.__new__(AttributeGroup)
    group._tag = scan.group
    group._wire = wire
    group._start = <int>scan.start
    group._end = <int>scan.position
    group._sliced = True
    if scan.named >= WORTH_INDEXING:
        group._index = PyBytes_FromStringAndSize(<char*>scan.begins, min(scan.named, <uint32_t>INDEXED) * 4)
    groups.append(group)
    return 0

cdef bint advance(Scan* scan, Octets octets, Py_ssize_t available, Wire wire, list groups) except -1:
    """Go on from `position`. True: the message ends at `position`. False: there must be more octets.

    Finds the groups of a message and checks all framing (RFC 8010 section 3.1).
    """
    cdef Py_ssize_t size = min(available, scan.bounds.octets)
    cdef Py_ssize_t position = scan.position, at
    cdef unsigned int tag, name_length, length
    if position == 0:
        if size < 8:
            return False
        position = scan.position = 8
    while position < size:
        tag = octets[position]
        if tag < 0x10:
            if tag == 0:
                return fault(scan, octets, available, RESERVED_GROUP)
            if scan.depth:
                return fault(scan, octets, available, UNTERMINATED, tag)
            if tag == 0x03:
                end_group(scan, wire, groups)
                scan.position = position + 1
                return True
            if scan.groups == scan.bounds.groups:
                return fault(scan, octets, available, GROUP_LIMIT, 0, scan.bounds.groups)
            end_group(scan, wire, groups)
            scan.groups += 1
            scan.group = tag
            position += 1
            scan.position = scan.start = position
            scan.attribute_at = -1
            scan.named = 0
            continue
        if scan.group == 0:
            return fault(scan, octets, available, VALUE_BEFORE_GROUP, tag)
        at = position + 5
        if at > size:
            return False
        name_length = be16(octets + position + 1)
        if name_length:
            if name_length > 0x7FFF:
                return fault(scan, octets, available, NAME_TOO_LONG, 0, name_length, position + 1)
            at += name_length
            if at > size:
                return False
        length = be16(octets + at - 2)
        if length > 0x7FFF:
            return fault(scan, octets, available, VALUE_TOO_LONG, 0, length, at - 2)
        at += length
        if at > size:
            return False
        if scan.depth == 0:
            # RFC 8010 sections 3.1.4 and 3.1.5.
            if tag == 0x37:
                return fault(scan, octets, available, END_OUTSIDE)
            if tag == 0x4A:
                return fault(scan, octets, available, MEMBER_OUTSIDE)
            if name_length:
                if scan.attributes == scan.bounds.attributes:
                    return fault(scan, octets, available, ATTRIBUTE_LIMIT, 0, scan.bounds.attributes)
                scan.attributes += 1
                scan.attribute_at = position
                if scan.named < INDEXED:
                    scan.begins[scan.named] = <uint32_t>position
                scan.named += 1
            elif scan.attribute_at < 0:
                return fault(scan, octets, available, VALUE_BEFORE_ATTRIBUTE, tag)
        else:
            # RFC 8010 sections 3.1.6 and 3.1.7.
            if name_length:
                return fault(scan, octets, available, NAME_INSIDE, tag, name_length)
            if tag == 0x4A:
                if scan.expect == 1:
                    return fault(scan, octets, available, MEMBER_WITHOUT_VALUE, tag)
                if length == 0:
                    return fault(scan, octets, available, MEMBER_WITHOUT_NAME)
                if scan.attributes == scan.bounds.attributes:
                    return fault(scan, octets, available, ATTRIBUTE_LIMIT, 0, scan.bounds.attributes)
                scan.attributes += 1
                scan.members_at[scan.depth - 1] = <int>position
                scan.expect = 1
                scan.position = position = at
                continue
            if tag == 0x37:
                if length:
                    return fault(scan, octets, available, END_WITH_VALUE, 0, length)
                if scan.expect == 1:
                    return fault(scan, octets, available, MEMBER_WITHOUT_VALUE, tag)
                scan.depth -= 1
                scan.expect = 2
                scan.position = position = at
                continue
            if scan.expect == 0:
                return fault(scan, octets, available, VALUE_BEFORE_MEMBER, tag)
            scan.expect = 2
        if scan.values == scan.bounds.values:
            return fault(scan, octets, available, VALUE_LIMIT, 0, scan.bounds.values)
        scan.values += 1
        if tag == 0x34:
            if length:
                return fault(scan, octets, available, BEGIN_WITH_VALUE, 0, length)
            if scan.depth == scan.bounds.depth:
                return fault(scan, octets, available, DEPTH_LIMIT, 0, scan.bounds.depth)
            scan.members_at[scan.depth] = -1
            scan.depth += 1
            scan.expect = 0
        scan.position = position = at
    return False

cdef int fault(
    Scan* scan, Octets octets, Py_ssize_t available, int kind, int tag=0, Py_ssize_t number=0, Py_ssize_t at=-1,
    Py_ssize_t left=0,
) except -1:
    """Raise what is wrong with the token at `position`, or with the field at `at`."""
    names = [scan.attribute_at] if scan.attribute_at >= 0 else []
    names += [scan.members_at[level] for level in range(scan.depth) if scan.members_at[level] >= 0]
    raise_fault(
        kind,
        scan.position if at < 0 else at,
        tag=tag,
        number=number,
        left=left,
        group=scan.group,
        octets=octets[:available],
        token=scan.position,
        names=tuple(names),
    )
    return -1

cdef tuple cut(Scan* scan, Octets octets, Py_ssize_t available):
    """What `find_cut` says of the token that the end of the data cuts off."""
    cdef Py_ssize_t at = scan.position + 3
    cdef int name_length = -1, length = -1
    if scan.position and at <= available:
        name_length = be16(octets + at - 2)
        at += name_length + 2
        if at <= available:
            length = be16(octets + at - 2)
    return find_cut(available, scan.position, name_length, length, scan.bounds.octets)

cdef int stop(Scan* scan, Octets octets, Py_ssize_t available) except -1:
    """Say what is missing, or wrong, where `advance` came to the end of the data."""
    kind, at, number, left = cut(scan, octets, available)
    return fault(scan, octets, available, kind, 0, number, at, left)

cdef int check(Scan* scan, Octets octets, Py_ssize_t available) except -1:
    """Raise where the token that is cut off is known to exceed the limits or to be wrong."""
    if scan.bounds.octets - scan.position > 2 * 0xFFFF + 5 and (
            scan.position == 0 or scan.position + 3 > available or octets[scan.position + 1] < 0x80):
        return 0  # neither can be, and this is the common case
    if cut(scan, octets, available)[0] > CUT_VALUE:
        return stop(scan, octets, available)
    return 0

cdef Message message(Wire wire, bytes octets, list groups, object only):
    """The message of a complete scan."""
    cdef Message made = Message.__new__(Message)
    cdef AttributeGroup group
    cdef Attribute attribute
    cdef Octets data = <Octets>PyBytes_AS_STRING(octets)
    wire.octets = octets
    wire.data = data
    if only is not None:
        for group in groups:
            group._items = [attribute for attribute in wire.iterate(group) if attribute._name in only]
            group._wire = None
            group._index = None
            group._sliced = False
    made.version = _versions[data[1]] if data[0] == 2 and data[1] < 3 else (data[0], data[1])
    made.code = be16(data + 2)
    made.request_id = be32(data + 4)
    made.groups = groups
    return made

cdef list _versions = [(2, 0), (2, 1), (2, 2)]

cdef object check_only(object only):
    if only is None:
        return None
    if isinstance(only, str):
        raise TypeError("only is several names, not a str")
    return frozenset(only)


# ---- The public functions; a test holds their documentation to the pure twin's ----

def decode(buffer, *, limits=None, only=None):
    """Decode the IPP message at the beginning of `buffer` (RFC 8010 section 3).

    buffer: bytes, bytearray, memoryview, mmap or another buffer of octets. What follows end-of-attributes-tag is
    document data and is not looked at; `decode_prefix` tells where it begins. The message keeps no reference to a
    buffer that can change.
    limits: how large the message may be; None for `DEFAULT_LIMITS`.
    only: names of attributes. The message then holds these alone, in all its groups, as if there were no others.

    All errors come from here: reading the message afterwards raises none. A value that does not fit its tag is a
    `RawValue`. Raises TruncatedError where octets are missing, LimitError over a limit, another DecodeError where
    the framing is wrong, and TypeError for what is no buffer or no `Limits`.
    """
    return decode_at(buffer, limits, only, NULL)

def decode_prefix(buffer, *, limits=None, only=None):
    """Decode like `decode`, and also return how many octets the message took: document data begins there."""
    cdef Py_ssize_t size
    made = decode_at(buffer, limits, only, &size)
    return made, size

cdef Message decode_at(object buffer, object limits, object only, Py_ssize_t* size):
    cdef Scan scan
    cdef Py_buffer view
    cdef Wire wire
    cdef list groups
    cdef bytes octets
    begin(&scan)
    read_bounds(limits, &scan.bounds)
    names = check_only(only)
    wire = Wire.__new__(Wire)
    groups = []
    if type(buffer) is bytes:
        octets = <bytes>buffer
        scan_all(&scan, <Octets>PyBytes_AS_STRING(octets), PyBytes_GET_SIZE(octets), wire, groups)
        if scan.position != PyBytes_GET_SIZE(octets):
            octets = PyBytes_FromStringAndSize(PyBytes_AS_STRING(octets), scan.position)
    else:
        get_octets(buffer, &view)
        try:
            scan_all(&scan, <Octets>view.buf, view.len, wire, groups)
            octets = PyBytes_FromStringAndSize(<char*>view.buf, scan.position)
        finally:
            PyBuffer_Release(&view)
    if size != NULL:
        size[0] = scan.position
    return message(wire, octets, groups, names)

cdef int scan_all(Scan* scan, Octets octets, Py_ssize_t available, Wire wire, list groups) except -1:
    if not advance(scan, octets, available, wire, groups):
        stop(scan, octets, available)
    return 0

cdef int get_octets(object buffer, Py_buffer* view) except -1:
    """The octets of any buffer; those of one with gaps as a copy."""
    try:
        PyObject_GetBuffer(buffer, view, PyBUF_SIMPLE)
    except BufferError:
        PyObject_GetBuffer(memoryview(buffer).tobytes(), view, PyBUF_SIMPLE)
    return 0

@cython.final
cdef class MessageDecoder:
    """MessageDecoder(*, limits=None, only=None)
--

    Decodes one message that arrives in pieces (RFC 8010 section 4: the body comes as the transport cuts it).

    Feed it until it returns the message. limits, only: as for `decode`. It holds the message's octets and the one
    piece that completed it, no more than ``limits.max_octets`` and that piece, and works in linear time.
    """

    cdef Scan scan
    cdef object only
    cdef Wire wire
    cdef list groups
    cdef uint8_t* octets  # what came so far, while the message is not complete
    cdef Py_ssize_t size
    cdef Py_ssize_t capacity
    cdef bint complete
    cdef bytes rest  # of the last piece

    def __init__(self, *, limits=None, only=None):
        begin(&self.scan)
        read_bounds(limits, &self.scan.bounds)
        self.only = check_only(only)
        self.wire = Wire.__new__(Wire)
        self.groups = []
        self.size = 0
        self.complete = False
        self.rest = b""

    def __dealloc__(self):
        free(self.octets)

    def feed(self, data, /):
        """Take the next piece. Returns the message once it is complete, None before.

        Raises as `decode` does, except TruncatedError; feeding on after that raises the same again. Raises ValueError
        once the message is complete, for what follows is document data.
        """
        cdef Py_buffer view
        cdef Message made
        if self.complete:
            raise ValueError("the message is complete: what follows it is document data")
        with cython.critical_section(self):
            if type(data) is bytes:
                return self.take(<Octets>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
            get_octets(data, &view)
            try:
                return self.take(<Octets>view.buf, view.len)
            finally:
                PyBuffer_Release(&view)

    cdef Message take(self, Octets data, Py_ssize_t size):
        cdef Octets octets = data
        cdef Py_ssize_t before = self.size
        cdef Message made
        cdef bint complete
        if before:
            self.keep(data, size)
            octets = self.octets
            complete = advance(&self.scan, octets, before + size, self.wire, self.groups)
        else:  # a message that comes in one piece is scanned where it is
            try:
                complete = advance(&self.scan, octets, size, self.wire, self.groups)
            except:
                self.keep(data, size)
                raise
            if not complete:
                self.keep(data, size)
        if not complete:
            check(&self.scan, self.octets, self.size)
            return None
        self.rest = PyBytes_FromStringAndSize(
            <const char*>octets + self.scan.position, before + size - self.scan.position
        )
        made = message(
            self.wire, PyBytes_FromStringAndSize(<const char*>octets, self.scan.position), self.groups, self.only
        )
        self.complete = True
        self.groups = None
        free(self.octets)
        self.octets = NULL
        self.size = 0
        return made

    cdef int keep(self, Octets data, Py_ssize_t size) except -1:
        """Append to what came so far, in space that doubles."""
        cdef Py_ssize_t capacity = self.capacity
        cdef void* octets
        if self.size + size > capacity:
            capacity = max(2 * capacity, self.size + size, 1024)
            octets = realloc(self.octets, capacity)
            if octets == NULL:
                raise MemoryError
            self.octets = <uint8_t*>octets
            self.capacity = capacity
        memcpy(self.octets + self.size, data, size)
        self.size += size
        return 0

    @property
    def unused(self):
        """The octets of the last piece that follow the message: the beginning of the document data."""
        return self.rest

    @property
    def needed(self):
        """At least so many octets must follow before the message can be complete: 0 once it is.

        None of them is document data, so that a reader may read exactly as many and never takes too much.
        """
        if self.complete:
            return 0
        return octets_needed(self.size, cut(&self.scan, self.octets, self.size))

    def close(self):
        """Say that no more octets come. Raises TruncatedError where the message is not complete."""
        if not self.complete:
            stop(&self.scan, self.octets, self.size)

    def __reduce__(self):
        raise TypeError("a MessageDecoder in its work cannot be copied or pickled")


# ---- Encoding ----

cdef struct Output:
    uint8_t* octets
    Py_ssize_t size
    Py_ssize_t capacity
    PyObject* grown  # the bytes that `octets` are in, NULL while they fit the stack

cdef struct Names:
    # The attribute being written, and those whose collections it is in: for the words of an error.
    PyObject* name
    Names* outer

cdef int grow(Output* output, Py_ssize_t size) except -1:
    cdef Py_ssize_t capacity = max(output.capacity + (output.capacity >> 1), output.size + size)
    cdef Octets stack = output.octets
    if output.grown == NULL:
        output.grown = new_bytes(NULL, capacity)
        memcpy(PyBytes_AS_STRING(<object>output.grown), stack, output.size)
    else:
        _PyBytes_Resize(&output.grown, capacity)
    output.octets = <uint8_t*>PyBytes_AS_STRING(<object>output.grown)
    output.capacity = capacity
    return 0

cdef inline int reserve(Output* output, Py_ssize_t size) except -1:
    return grow(output, size) if output.size + size > output.capacity else 0

cdef inline void put16(uint8_t* at, unsigned int number) noexcept nogil:
    at[0] = number >> 8
    at[1] = number & 0xFF

cdef inline void put32(uint8_t* at, uint32_t number) noexcept nogil:
    at[0] = number >> 24
    at[1] = number >> 16 & 0xFF
    at[2] = number >> 8 & 0xFF
    at[3] = number & 0xFF

cdef inline int copy(Output* output, const void* octets, Py_ssize_t size) except -1:
    reserve(output, size)
    memcpy(output.octets + output.size, octets, size)
    output.size += size
    return 0

cdef Py_ssize_t estimate(list groups):
    """About how many octets they will take, so that a large message need not move while it grows."""
    cdef Py_ssize_t size = 1024
    for group in groups:
        if type(group) is AttributeGroup:
            if (<AttributeGroup>group)._sliced:
                size += (<AttributeGroup>group)._end - (<AttributeGroup>group)._start
            elif (<AttributeGroup>group)._items is not None:
                size += 32 * len((<AttributeGroup>group)._items)
    return size

def encode(message):
    """Encode a message (RFC 8010 section 3). What was decoded is encoded to the same octets.

    Raises EncodeError, naming group, attribute and value, for what has no correct form on the wire: a value that
    does not fit its tag, an integer out of 32 bits, a string over 32,767 octets, an attribute without a name or
    values. Raises TypeError for what is no `Message`.
    """
    cdef Output output
    cdef uint8_t stack[2048]
    if type(message) is not Message:
        raise TypeError(f"encode takes a Message, not {type(message).__name__}")
    output.octets = stack
    output.size = 0
    output.capacity = sizeof(stack)
    output.grown = NULL
    try:
        write_message(&output, <Message>message)
        if output.grown == NULL:
            return PyBytes_FromStringAndSize(<char*>stack, output.size)
        if output.capacity - output.size > output.capacity >> 3:
            _PyBytes_Resize(&output.grown, output.size)
        else:  # giving so little back makes the allocator map and clear new pages for every large message
            Py_SET_SIZE(output.grown, output.size)
            output.octets[output.size] = 0
        return <bytes>output.grown
    finally:
        Py_XDECREF(output.grown)

cdef inline bint take_int(PyObject* value, long lowest, long highest, long* number) except -1:
    """Whether it is an int, and no bool, within these bounds; and which."""
    cdef int overflow
    if not is_int(value) or is_bool(value):
        return False
    number[0] = PyLong_AsLongAndOverflow(value, &overflow)
    return overflow == 0 and lowest <= number[0] <= highest

cdef int write_message(Output* output, Message made) except -1:
    cdef AttributeGroup group
    cdef Attribute attribute
    cdef long major = 0, minor = 0, code = 0, request_id = 0
    if not (
        isinstance(made.version, tuple)
        and len(<tuple>made.version) == 2
        and take_int(tuple_item(<PyObject*>made.version, 0), 0, 0xFF, &major)
        and take_int(tuple_item(<PyObject*>made.version, 1), 0, 0xFF, &minor)
        and take_int(<PyObject*>made.code, 0, 0xFFFF, &code)
        and take_int(<PyObject*>made.request_id, INT32_MIN, INT32_MAX, &request_id)
    ):
        errors.raise_unfit_header(made.version, made.code, made.request_id)
    output.octets[0] = major
    output.octets[1] = minor
    put16(output.octets + 2, code)
    put32(output.octets + 4, <uint32_t>request_id)
    output.size = 8
    if type(made.groups) is list:
        reserve(output, estimate(<list>made.groups))
    for each in made.groups:
        if type(each) is not AttributeGroup:
            errors.raise_unfit_group(each)
        group = <AttributeGroup>each
        if not 0x01 <= group._tag <= 0x0F or group._tag == 0x03:
            errors.raise_unfit_group_tag(group._tag)
        reserve(output, 1)
        output.octets[output.size] = group._tag
        output.size += 1
        if group._sliced:
            copy(output, (<Wire>group._wire).data + group._start, group._end - group._start)
        else:
            for attribute in group._items or ():
                write_attribute(output, attribute, group._tag, NULL)
    return copy(output, b"\x03", 1)

cdef int write_attribute(Output* output, Attribute attribute, int group, Names* outer) except -1:
    """An attribute (RFC 8010 sections 3.1.4 and 3.1.5), or a member where `outer` has a name (section 3.1.7)."""
    cdef Names names
    cdef IppfastAttribute* fields = <IppfastAttribute*><PyObject*>attribute
    cdef Py_ssize_t index, size
    cdef bint several = is_tuple(fields.values)
    cdef Py_ssize_t count = tuple_size(fields.values) if several else 1
    cdef PyObject* value = fields.values
    cdef Octets name
    cdef uint8_t* at
    cdef int tag = fields.tag
    names.name = fields.name
    names.outer = outer
    if is_str(fields.name) and is_ascii(fields.name):
        name = ascii_octets(fields.name)
        size = ascii_size(fields.name)
    else:
        octets = encoded(attribute._name) or b""
        name = <Octets>PyBytes_AS_STRING(octets)
        size = PyBytes_GET_SIZE(octets)
    if not 1 <= size <= 0x7FFF or count == 0:
        errors.raise_unfit_attribute(attribute._name, count, group, path(outer))
    reserve(output, size + 8)
    at = output.octets + output.size
    at[0] = 0x4A if outer != NULL else tag
    if outer != NULL:
        at[1] = at[2] = 0
        at += 2
        output.size += 2
    put16(at + 1, size)
    memcpy(at + 3, name, size)
    output.size += size + 3
    for index in range(count):
        if index or outer != NULL:
            if attribute._tags is not None:
                tag = attribute._tags[index]
            reserve(output, 3)
            at = output.octets + output.size
            at[0] = tag
            at[1] = at[2] = 0
            output.size += 3
        if several:
            value = tuple_item(fields.values, index)
        write_value(output, tag, value, group, &names, index)
    return 0

cdef int write_value(
    Output* output, int tag, PyObject* value, int group, Names* names, Py_ssize_t index
) except -1:
    """Value-length and value, after the tag and the name are out."""
    cdef uint8_t* at
    cdef Py_ssize_t size
    if tag == 0x41 or tag == 0x42 or 0x44 <= tag <= 0x49:
        if is_str(value) and is_ascii(value):
            size = ascii_size(value)
            if size <= 0x7FFF:
                reserve(output, size + 2)
                at = output.octets + output.size
                put16(at, size)
                memcpy(at + 2, ascii_octets(value), size)
                output.size += size + 2
                return 0
    elif tag == 0x34:
        if type(<object>value) is Collection:
            return write_collection(output, <Collection>value, group, names)
    else:
        reserve(output, 13)
        at = output.octets + output.size
        size = fixed(tag, value, at + 2)
        if size >= 0:
            put16(at, size)
            output.size += size + 2
            return 0
    octets = free_form(tag, <object>value)
    if octets is None or PyBytes_GET_SIZE(octets) > 0x7FFF:
        errors.raise_unfit_value(tag, <object>value, group, path(names), index)
    size = PyBytes_GET_SIZE(octets)
    reserve(output, size + 2)
    put16(output.octets + output.size, size)
    output.size += 2
    return copy(output, PyBytes_AS_STRING(octets), size)

cdef int fixed(int tag, PyObject* value, uint8_t* at) except -2:
    """Write a value of a fixed length, at most 11 octets; returns the length, -1 where it is none or does not fit."""
    cdef long number = 0, other = 0, units = 0
    cdef Py_ssize_t field
    if tag == 0x21 or tag == 0x23:
        if not take_int(value, INT32_MIN, INT32_MAX, &number):
            return -1
        put32(at, <uint32_t>number)
        return 4
    if tag == 0x22:
        if not is_bool(value):
            return -1
        at[0] = value == Py_True
        return 1
    if tag == 0x33 or tag == 0x32:
        if not isinstance(<object>value, RangeOfInteger if tag == 0x33 else Resolution):
            return -1
        if tuple_size(value) != (2 if tag == 0x33 else 3):
            return -1
        if not (
            take_int(tuple_item(value, 0), INT32_MIN, INT32_MAX, &number)
            and take_int(tuple_item(value, 1), INT32_MIN, INT32_MAX, &other)
        ):
            return -1
        put32(at, <uint32_t>number)
        put32(at + 4, <uint32_t>other)
        if tag == 0x33:
            return 8
        if not take_int(tuple_item(value, 2), -0x80, 0x7F, &units):
            return -1
        at[8] = <uint8_t>units
        return 9
    if tag == 0x31:
        if not isinstance(<object>value, DateTime) or tuple_size(value) != 10:
            return -1
        if not take_int(tuple_item(value, 0), 0, 0xFFFF, &number):
            return -1
        put16(at, number)
        for field in range(1, 10):
            if field == 7:
                number = ordinal(<object>tuple_item(value, 7))
                if not 0 <= number <= 0xFF:
                    return -1
            elif not take_int(tuple_item(value, field), 0, 0xFF, &number):
                return -1
            at[field + 1] = number
        return 11
    if 0x10 <= tag <= 0x1F and isinstance(<object>value, OutOfBand) and (<list>_out_of_band)[tag & 0x0F] is <object>value:
        return 0
    return -1

cdef long ordinal(object character) except -2:
    return ord(character) if isinstance(character, str) and len(character) == 1 else -1

cdef bytes free_form(int tag, object value):
    """The octets of any other value but a collection, None where it does not fit its tag."""
    if tag < 0x10 or tag == 0x34 or tag == 0x37 or tag == 0x4A:
        return None
    if isinstance(value, RawValue):
        return value.data if len(value) == 1 and type(value.data) is bytes else None
    if tag == 0x41 or tag == 0x42 or 0x44 <= tag <= 0x49:
        return encoded(value)
    if tag == 0x35 or tag == 0x36:
        if not isinstance(value, StringWithLanguage) or len(value) != 2:
            return None
        language, string = encoded(value.language), encoded(value.string)
        if language is None or string is None or len(language) + len(string) > 0x7FFB:
            return None
        return len(language).to_bytes(2, "big") + language + len(string).to_bytes(2, "big") + string
    if type(value) is not bytes or 0x21 <= tag <= 0x23 or 0x31 <= tag <= 0x33:
        return None
    if 0x10 <= tag <= 0x1F and (<list>_out_of_band)[tag & 0x0F] is not None:
        return None
    return value

cdef bytes encoded(object value):
    """A str in UTF-8, None for what is none or has no such form."""
    try:
        return str.encode(value, "utf-8", "surrogateescape") if isinstance(value, str) else None
    except UnicodeEncodeError:
        return None

cdef int write_collection(Output* output, Collection value, int group, Names* names) except -1:
    """The members and the end of a collection (RFC 8010 sections 3.1.6 and 3.1.7)."""
    cdef Attribute attribute
    copy(output, b"\0\0", 2)
    if value._sliced:
        copy(output, (<Wire>value._wire).data + value._start, value._end - value._start)
    else:
        for attribute in value._items or ():
            write_attribute(output, attribute, group, names)
    return copy(output, b"\x37\0\0\0\0", 5)

cdef tuple path(Names* names):
    found = []
    while names != NULL:
        found.append(<str>names.name)
        names = names.outer
    return tuple(found[::-1])
