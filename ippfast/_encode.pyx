# cython: boundscheck=False, wraparound=False, binding=False, embedsignature=True, embedsignature.format=clinic
#
# The compiled twin's encoder: a `Message` to octets (RFC 8010 section 3).
#
# The rule of this file: it does what `_encode_py.py` does, function by function. It refuses what would be wrong on the
# wire before it gives anything away; the words are in `errors.py`.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF
from libc.stdint cimport INT32_MAX, INT32_MIN, uint8_t, uint32_t
from libc.string cimport memcpy

from ._attribute_c cimport Attribute, AttributeGroup, Collection, _Attributes
from ._message_c cimport Message
from ._wire cimport (
    IppfastAttribute,
    Octets,
    Py_True,
    Wire,
    _PyBytes_Resize,
    ascii_octets,
    ascii_size,
    cut_bytes,
    is_ascii,
    is_str,
    is_tuple,
    new_bytes,
    tuple_item,
    tuple_size,
)

# As C variables: a look-up in the module's dictionary costs as much as a small value.
cdef object errors, DateTime, OutOfBand, RangeOfInteger, RawValue, Resolution, StringWithLanguage
cdef tuple OUT_OF_BAND

from . import errors
from .values import (
    OUT_OF_BAND,
    DateTime,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    Resolution,
    StringWithLanguage,
)

cdef extern from *:
    """
    #if defined(__GNUC__) || defined(__clang__)
    #define IPPFAST_PREFETCH(pointer) __builtin_prefetch(pointer)
    #else
    #define IPPFAST_PREFETCH(pointer) ((void)(pointer))
    #endif
    """
    void prefetch "IPPFAST_PREFETCH"(const void*) noexcept

cdef extern from "Python.h":
    PyObject* list_item "PyList_GET_ITEM"(list, Py_ssize_t)
    Py_ssize_t PyList_GET_SIZE(list)
    bint is_bool "PyBool_Check"(PyObject*)
    bint is_int "PyLong_Check"(PyObject*)
    PyObject* Py_None
    long PyLong_AsLong(PyObject*)
    long PyLong_AsLongAndOverflow(PyObject*, int* overflow) except? -1


cdef struct Output:
    uint8_t* octets
    Py_ssize_t size
    Py_ssize_t capacity
    PyObject* grown  # the bytes that `octets` are in, NULL while they fit the stack

cdef struct Names:
    # The attribute being written, and those whose collections it is in: for the words of an error.
    PyObject* attribute
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


cdef inline bint is_string(int tag) noexcept nogil:
    """Whether it is the tag of a character-string without a language (RFC 8010 section 3.9)."""
    return tag == 0x41 or tag == 0x42 or 0x44 <= tag <= 0x49


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
            if (<AttributeGroup>group)._wire is not None:
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
        cut_bytes(&output.grown, output.size, output.capacity)
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
            write_slice(output, group)
        else:
            write_attributes(output, group._items, group._tag, NULL)
    return copy(output, b"\x03", 1)


cdef int write_attributes(Output* output, list items, int group, Names* outer) except -1:
    """The attributes of a group or the members of a collection; and the slices in a group of parts."""
    cdef PyObject* part
    cdef Py_ssize_t index = 0
    if items is None:
        return 0
    while index < PyList_GET_SIZE(items):
        # Of a message that does not fit the processor's caches, the objects are on their way when they are needed.
        if index + 4 < PyList_GET_SIZE(items):
            prefetch(list_item(items, index + 4))
            prefetch((<IppfastAttribute*>list_item(items, index + 2)).values)
        part = list_item(items, index)
        index += 1
        if type(<object>part) is Attribute:
            write_attribute(output, part, group, outer)
        else:
            write_slice(output, <AttributeGroup>part)
    return 0


cdef inline int write_slice(Output* output, _Attributes slice) except -1:
    return copy(output, (<Wire>slice._wire).data + slice._start, slice._end - slice._start)


cdef int write_attribute(Output* output, PyObject* attribute, int group, Names* outer) except -1:
    """An attribute (RFC 8010 sections 3.1.4 and 3.1.5), or a member where `outer` has a name (section 3.1.7)."""
    cdef Names names
    cdef IppfastAttribute* fields = <IppfastAttribute*>attribute
    cdef PyObject* value = fields.values
    cdef bint several = is_tuple(value)
    cdef Py_ssize_t index, count = tuple_size(value) if several else 1
    cdef uint8_t* at
    cdef int tag = fields.tag
    names.attribute = attribute
    names.outer = outer
    write_name(output, fields, count, group, outer)
    for index in range(count):
        if several:
            value = tuple_item(fields.values, index)
            if index + 4 < count:
                prefetch(tuple_item(fields.values, index + 4))
        if index or outer != NULL:
            if fields.tags != Py_None:
                tag = PyLong_AsLong(tuple_item(fields.tags, index))
            reserve(output, 3)
            at = output.octets + output.size
            at[0] = tag
            at[1] = at[2] = 0
            output.size += 3
        write_value(output, tag, value, group, &names, index)
    return 0


cdef inline int write_name(
    Output* output, IppfastAttribute* fields, Py_ssize_t count, int group, Names* outer
) except -1:
    """The first value's tag and the name; of a member the memberAttrName."""
    cdef uint8_t* at
    cdef Octets name
    cdef Py_ssize_t size
    if is_str(fields.name) and is_ascii(fields.name):
        name = ascii_octets(fields.name)
        size = ascii_size(fields.name)
    else:
        octets = encoded(<object>fields.name) or b""
        name = <Octets>PyBytes_AS_STRING(octets)
        size = PyBytes_GET_SIZE(octets)
    if not 1 <= size <= 0x7FFF or count == 0:
        errors.raise_unfit_attribute(<object>fields.name, count, group, path(outer))
    reserve(output, size + 5)
    at = output.octets + output.size
    output.size += size + 3
    at[0] = fields.tag
    if outer != NULL:
        at[0] = 0x4A
        at[1] = at[2] = 0
        at += 2
        output.size += 2
    put16(at + 1, size)
    memcpy(at + 3, name, size)
    return 0


cdef inline int write_value(
    Output* output, int tag, PyObject* value, int group, Names* names, Py_ssize_t index
) except -1:
    """Value-length and value, after the tag and the name are out."""
    cdef uint8_t* at
    cdef Py_ssize_t size
    cdef long number = 0
    if tag == 0x21 or tag == 0x23:
        if take_int(value, INT32_MIN, INT32_MAX, &number):
            reserve(output, 6)
            at = output.octets + output.size
            at[0] = 0
            at[1] = 4
            put32(at + 2, <uint32_t>number)
            output.size += 6
            return 0
    elif is_string(tag) and is_str(value) and is_ascii(value):
        size = ascii_size(value)
        if size <= 0x7FFF:
            reserve(output, size + 2)
            at = output.octets + output.size
            put16(at, size)
            memcpy(at + 2, ascii_octets(value), size)
            output.size += size + 2
            return 0
    # What follows may run code of the value's class, which may let go of the attribute.
    Py_INCREF(<object>names.attribute)
    try:
        return write_rare(output, tag, <object>value, group, names, index)
    finally:
        Py_DECREF(<object>names.attribute)


cdef int write_rare(Output* output, int tag, object value, int group, Names* names, Py_ssize_t index) except -1:
    cdef uint8_t* at
    cdef Py_ssize_t size
    if tag == 0x34:
        if type(value) is Collection:
            return write_collection(output, <Collection>value, group, names)
    elif not is_string(tag):
        reserve(output, 13)
        at = output.octets + output.size
        size = fixed(tag, <PyObject*>value, at + 2)
        if size >= 0:
            put16(at, size)
            output.size += size + 2
            return 0
    octets = free_form(tag, value)
    if octets is None or PyBytes_GET_SIZE(octets) > 0x7FFF:
        errors.raise_unfit_value(tag, value, group, path(names), index)
    size = PyBytes_GET_SIZE(octets)
    reserve(output, size + 2)
    put16(output.octets + output.size, size)
    output.size += 2
    return copy(output, PyBytes_AS_STRING(octets), size)


cdef int fixed(int tag, PyObject* value, uint8_t* at) except -2:
    """Write a value of another fixed length, at most 11 octets; returns that, -1 where it is none or does not fit."""
    cdef long number = 0, other = 0, units = 0
    cdef Py_ssize_t field
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
    if 0x10 <= tag <= 0x1F and isinstance(<object>value, OutOfBand) and OUT_OF_BAND[tag & 0x0F] is <object>value:
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
    if is_string(tag):
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
    if 0x10 <= tag <= 0x1F and OUT_OF_BAND[tag & 0x0F] is not None:
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
    copy(output, b"\0\0", 2)
    if value._sliced:
        write_slice(output, value)
    else:
        write_attributes(output, value._items, group, names)
    return copy(output, b"\x37\0\0\0\0", 5)


cdef tuple path(Names* names):
    found = []
    while names != NULL:
        found.append((<Attribute>names.attribute)._name)
        names = names.outer
    return tuple(found[::-1])
