# What the compiled parts share to read the wire.
#
# The rule of this file: how octets are read and compared, and where tokens, values and attributes end, stands here
# once, for octets that `_scan.pxd` has checked. So do the fields of an attribute, and what `_wire.pyx` has for others.

from cpython.object cimport PyObject
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

from ._attribute_c cimport Attribute, AttributeGroup, Collection, _Attributes
from ._attribute_c cimport Wire as AbstractWire


cdef enum:
    MOST_DEPTH = 100  # limits.MAX_DEPTH

# The members of `tags.Form`, which explains them; `_wire.pyx` compares the numbers when it is imported.
cdef enum Form:
    OCTETS = 0
    WORD = 1
    TEXT = 2
    INTEGER = 3
    BOOLEAN = 4
    DATE_TIME = 5
    RESOLUTION = 6
    RANGE_OF_INTEGER = 7
    WITH_LANGUAGE = 8
    OUT_OF_BAND = 9
    COLLECTION = 10
    NO_VALUE = 11


cdef extern from *:
    """
    #define IPPFAST_OWN_ATTRIBUTE(pointer) ((struct __pyx_obj_7ippfast_12_attribute_c_Attribute *)(pointer))
    /* The fields of Attribute, in the order of _attribute_c.pxd; checked at import. */
    typedef struct {
        PyObject_HEAD
        PyObject *name, *values, *tags;
        int tag, offset;
    } IppfastAttribute;
    """
    Attribute own_attribute "IPPFAST_OWN_ATTRIBUTE"(PyObject*)  # `own` and `give` of `_cpython.pxd`, for our classes
    PyObject* give_attribute "IPPFAST_GIVE"(Attribute)
    PyObject* give_group "IPPFAST_GIVE"(AttributeGroup)
    PyObject* give_collection "IPPFAST_GIVE"(Collection)
    ctypedef struct IppfastAttribute:
        PyObject* name
        PyObject* values
        PyObject* tags
        int tag
        int offset

ctypedef const uint8_t* Octets

cdef inline unsigned int be16(Octets at) noexcept nogil:
    return (at[0] << 8) | at[1]

cdef inline int32_t be32(Octets at) noexcept nogil:
    return <int32_t>((<uint32_t>at[0] << 24) | (<uint32_t>at[1] << 16) | (<uint32_t>at[2] << 8) | at[3])


cdef inline bint same(Octets one, Octets other, Py_ssize_t size) noexcept nogil:
    """Whether two names are equal. A call of memcmp takes longer if they are short, as most are."""
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
    # From the end, where names differ most often. The last step compares the first eight octets, some of them again.
    while size > 8:
        size -= 8
        memcpy(&word, one + size, 8)
        memcpy(&other_word, other + size, 8)
        if word != other_word:
            return False
    memcpy(&word, one, 8)
    memcpy(&other_word, other, 8)
    return word == other_word


cdef inline uint64_t mix(Octets at, Py_ssize_t size) noexcept nogil:
    """A hash of at least four octets. Use its upper bits: they depend on all octets that it reads."""
    cdef uint64_t mixed, middle = 0, last = 0
    cdef uint32_t low, high
    if size >= 8:
        memcpy(&mixed, at, 8)
        memcpy(&middle, at + (size >> 1) - 4, 8)
        memcpy(&last, at + size - 8, 8)
    else:
        memcpy(&low, at, 4)
        memcpy(&high, at + size - 4, 4)
        mixed = <uint64_t>low << 32 | high
    mixed ^= (middle << 21 | middle >> 43) ^ (last << 42 | last >> 22) ^ <uint64_t>size
    return mixed * <uint64_t>0x9E3779B97F4A7C15


# A sender can compute `mix`, and so make names that all collide. If a table of names finds this many others in the way
# of a name, it goes on searching from the name's `keyed_hash`, which no sender can compute.
cdef enum:
    IN_THE_WAY = 16


# ---- Where tokens, values and attributes end, in octets that were checked ----


cdef Octets after_collection(Octets at, short* deepest) noexcept nogil


cdef inline Octets after_token(Octets at) noexcept nogil:
    cdef Octets value = at + 3 + be16(at + 1)
    return value + 2 + be16(value)


cdef inline Octets after_unnamed(Octets at) noexcept nogil:
    return at + 5 + be16(at + 3)


cdef inline Octets after_value(Octets at) noexcept nogil:
    """The place behind the value, which may be a collection, whose token at `at` has no name."""
    cdef short deepest
    if at[0] == 0x34:
        return after_collection(at + 5, &deepest)
    return after_unnamed(at)


cdef inline Octets first_value(Octets at, bint member, int* tag) noexcept nogil:
    """The token of the first value of the attribute that is named at `at`, to be read as one without a name."""
    if member:  # the name is the memberAttrName's value, and the value is in the token behind it
        at = after_unnamed(at)
        tag[0] = at[0]
        return at
    tag[0] = at[0]
    return at + be16(at + 1)


cdef inline bint is_additional(Octets at, Octets end) noexcept nogil:
    """Whether the token at `at` is an additional value: it has no name and is no memberAttrName."""
    return at < end and at[0] != 0x4A and be16(at + 1) == 0


cdef inline Octets next_member(Octets at, Octets end) noexcept nogil:
    """The place behind the member attribute whose memberAttrName is at `at`."""
    at = after_unnamed(at)
    while at < end and at[0] != 0x4A:
        at = after_value(at)
    return at


cdef inline Octets next_attribute(Octets at, Octets end) noexcept nogil:
    """The place behind the attribute that is named at `at`."""
    at = after_token(at)
    while at < end and be16(at + 1) == 0:
        at = after_unnamed(at)
    return at


cdef inline bint is_on_calendar(Octets at) noexcept nogil:
    """Whether `DateTime.to_datetime` takes the eleven octets of a dateTime (RFC 2579), the second 60 included."""
    cdef int year = be16(at), month = at[2], day = at[3], longest = 31
    if month == 4 or month == 6 or month == 9 or month == 11:
        longest = 30
    elif month == 2:
        longest = 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28
    return (
        1 <= year <= 9999 and 1 <= month <= 12 and 1 <= day <= longest and at[4] <= 23 and at[5] <= 59
        and at[6] <= 60 and at[7] <= 9 and (at[8] == 0x2B or at[8] == 0x2D) and at[9] * 60 + at[10] < 1440
    )


cdef class Wire(AbstractWire):
    cdef Octets locate(self, _Attributes owner, object name) except? NULL


cdef PyObject* unpack(PyObject* wire, Octets* cursor, Octets end, bint member, PyObject* spare=*) except NULL
cdef PyObject* value_of(int tag, Octets at, Py_ssize_t size) except NULL
cdef PyObject* name_of(Octets at, Py_ssize_t size) except NULL
cdef Wire slice_of(_Attributes owner, Octets* at, Octets* end)
