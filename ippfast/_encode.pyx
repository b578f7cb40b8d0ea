# cython: boundscheck=False, wraparound=False, binding=False, embedsignature=True, embedsignature.format=clinic
#
# The compiled twin's encoder: a `Message` to octets (RFC 8010 section 3).
#
# The rule of this file: it does what `_encode_py.py` does. It returns nothing that would be wrong on the wire, but
# raises; the words are in `errors.py`.

from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.object cimport PyObject, PyTypeObject
from cpython.ref cimport Py_XDECREF
from libc.stdint cimport INT32_MAX, INT32_MIN, uint8_t, uint32_t
from libc.string cimport memcpy

from ._attribute_c cimport Attribute, AttributeGroup, Collection, _Attributes
from ._cpython cimport (
    Py_None, Py_True, _PyBytes_Resize, ascii_octets, ascii_size, count_of, cut_bytes, give, is_ascii, is_short_int,
    is_str, is_tuple, items_of, likely, lists_are_read, new_bytes, short_int, tuple_item, tuple_items, tuple_size,
    unlikely,
)
from ._message_c cimport Message
from ._wire cimport (
    BOOLEAN, COLLECTION, DATE_TIME, INTEGER, NO_VALUE, OCTETS, OUT_OF_BAND, RANGE_OF_INTEGER, RESOLUTION, TEXT,
    WITH_LANGUAGE, WORD, IppfastAttribute, Octets, Wire, be16, be32,
)

# These are C variables: a look-up in the module's dictionary costs as much as a small value.
cdef object errors, DateTime, RangeOfInteger, RawValue, Resolution, StringWithLanguage
cdef tuple OUT_OF_BANDS

from operator import index as as_index

from . import errors
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
    #if defined(__GNUC__) || defined(__clang__)
    #define IPPFAST_PREFETCH(pointer) __builtin_prefetch(pointer)
    #else
    #define IPPFAST_PREFETCH(pointer) ((void)(pointer))
    #endif
    """
    void prefetch "IPPFAST_PREFETCH"(const void*) noexcept

cdef extern from "Python.h":
    Py_ssize_t PyNumber_AsSsize_t(object, PyObject* overflow) except? -1
    PyObject* list_item "PyList_GET_ITEM"(list, Py_ssize_t)
    Py_ssize_t PyList_GET_SIZE(list)
    bint is_bool "PyBool_Check"(PyObject*)
    bint is_int "PyLong_Check"(PyObject*)
    long PyLong_AsLong(PyObject*)
    long PyLong_AsLongAndOverflow(PyObject*, int* overflow) except? -1
    bint PyObject_TypeCheck(PyObject*, PyTypeObject*)
    bint PyUnicode_Check(PyObject*)
    Py_ssize_t PyUnicode_GET_LENGTH(PyObject*)
    Py_UCS4 PyUnicode_READ_CHAR(PyObject*, Py_ssize_t)

cdef enum:
    STACK = 2048  # a message of at most this many octets is written on the stack, a larger one into bytes that grow


# ---- Room for the octets ----

cdef struct Output:
    uint8_t* begin
    uint8_t* end  # the end of the room
    PyObject* grown  # the bytes that hold the octets; NULL while these fit the stack
    PyObject* held  # a list of what `hold` keeps; NULL while that is nothing

cdef struct Names:
    # The attribute being written, what holds it (items), and the attribute whose collection it is in (outer).
    PyObject* attribute
    PyObject* values
    PyObject* tags
    PyObject* items
    bint held
    Names* outer

# A function that writes gets the place to write at, and returns where it ended, so that the place stays in a register.


cdef uint8_t* grow(Output* output, uint8_t* at, Py_ssize_t size) except NULL:
    cdef Py_ssize_t written = at - output.begin
    cdef Py_ssize_t capacity = output.end - output.begin
    capacity = max(capacity + (capacity >> 1), written + size)
    if output.grown == NULL:
        output.grown = new_bytes(NULL, capacity)
        memcpy(PyBytes_AS_STRING(<object>output.grown), output.begin, written)
    else:
        _PyBytes_Resize(&output.grown, capacity)
    output.begin = <uint8_t*>PyBytes_AS_STRING(<object>output.grown)
    output.end = output.begin + capacity
    return output.begin + written


cdef inline uint8_t* room(Output* output, uint8_t* at, Py_ssize_t size) except NULL:
    """Where to write this many octets."""
    if unlikely(size > output.end - at):
        return grow(output, at, size)
    return at


cdef inline void put16(uint8_t* at, unsigned int number) noexcept nogil:
    at[0] = number >> 8
    at[1] = number & 0xFF


cdef inline void put32(uint8_t* at, uint32_t number) noexcept nogil:
    at[0] = number >> 24
    at[1] = number >> 16 & 0xFF
    at[2] = number >> 8 & 0xFF
    at[3] = number & 0xFF


cdef inline uint8_t* put_octets(uint8_t* at, Octets octets, Py_ssize_t size) noexcept nogil:
    """Copy octets, and return where they end. A call of memcpy takes longer if they are few, as most are."""
    if size > 64:
        memcpy(at, octets, size)
    elif size >= 16:
        memcpy(at, octets, 16)
        if size > 32:
            memcpy(at + 16, octets + 16, 16)
            memcpy(at + size - 32, octets + size - 32, 16)
        memcpy(at + size - 16, octets + size - 16, 16)
    elif size >= 8:
        memcpy(at, octets, 8)
        memcpy(at + size - 8, octets + size - 8, 8)
    elif size >= 4:
        memcpy(at, octets, 4)
        memcpy(at + size - 4, octets + size - 4, 4)
    elif size > 0:
        at[0] = octets[0]
        at[size >> 1] = octets[size >> 1]
        at[size - 1] = octets[size - 1]
    return at + size


cdef uint8_t FORMS[256]
memcpy(FORMS, <const char*>tags.FORMS, 256)


cdef uint8_t* copy(Output* output, uint8_t* at, const void* octets, Py_ssize_t size) except NULL:
    at = room(output, at, size)
    memcpy(at, octets, size)
    return at + size


# ---- The two functions ----

cdef Py_ssize_t estimate(list groups):
    """Estimate how many octets the groups take, so that a large message need not move while it grows."""
    cdef Py_ssize_t size = 1024, index
    cdef PyObject* group
    for index in range(PyList_GET_SIZE(groups)):
        group = list_item(groups, index)
        if type(<object>group) is AttributeGroup:
            if (<AttributeGroup>group)._wire is not None:
                size += (<AttributeGroup>group)._end - (<AttributeGroup>group)._start
            elif (<AttributeGroup>group)._items is not None:
                size += 32 * PyList_GET_SIZE((<AttributeGroup>group)._items)
    return size


cdef bytes as_it_came(Message made):
    """The octets that a message was decoded from, if they still are its encoding; None if they are not."""
    cdef PyObject* groups = <PyObject*>made.groups
    cdef PyObject* version = <PyObject*>made.version
    cdef PyObject* each
    cdef PyObject* wire = NULL
    cdef Octets data
    cdef Py_ssize_t index, end = 8
    cdef long major = 0, minor = 0, code = 0, request_id = 0
    if type(<object>groups) is not list:
        return None
    for index in range(PyList_GET_SIZE(<list>groups)):
        each = list_item(<list>groups, index)
        if type(<object>each) is not AttributeGroup or not (<AttributeGroup>each)._sliced:
            return None
        if index == 0:
            wire = <PyObject*>(<AttributeGroup>each)._wire
        if <PyObject*>(<AttributeGroup>each)._wire != wire or (<AttributeGroup>each)._start != end + 1:
            return None
        end = (<AttributeGroup>each)._end
    if wire == NULL or end + 1 != PyBytes_GET_SIZE((<Wire>wire).octets):  # end-of-attributes-tag is the last octet
        return None
    data = (<Wire>wire).data
    if (
        is_tuple(version)
        and tuple_size(version) == 2
        and take_int(tuple_item(version, 0), 0, 0xFF, &major)
        and take_int(tuple_item(version, 1), 0, 0xFF, &minor)
        and take_int(<PyObject*>made.code, 0, 0xFFFF, &code)
        and take_int(<PyObject*>made.request_id, INT32_MIN, INT32_MAX, &request_id)
        and major == data[0] and minor == data[1] and code == be16(data + 2) and request_id == be32(data + 4)
    ):
        return (<Wire>wire).octets
    return None


def encode(message):
    """Encode a message (RFC 8010 section 3). What was decoded is encoded to the same octets.

    Raises EncodeError, naming group, attribute and value, for what has no correct form on the wire: a value that
    does not fit its tag, an integer out of 32 bits, a string over 32,767 octets, an attribute without a name or
    values. Raises TypeError for what is no `Message`.
    """
    cdef Output output
    cdef uint8_t stack[STACK]
    cdef uint8_t* at
    cdef Py_ssize_t size
    if type(message) is not Message:
        raise TypeError(f"encode takes a Message, not {type(message).__name__}")
    unchanged = as_it_came(<Message>message)
    if unchanged is not None:
        return unchanged
    output.begin = stack
    output.end = stack + STACK
    output.grown = NULL
    output.held = NULL
    try:
        at = write_message(&output, <Message>message)
        size = at - output.begin
        if output.grown == NULL:
            return PyBytes_FromStringAndSize(<char*>stack, size)
        cut_bytes(&output.grown, size, output.end - output.begin)
        return <bytes>output.grown
    finally:
        Py_XDECREF(output.grown)
        Py_XDECREF(output.held)


def encode_into(message, buffer, offset=0):
    """Encode a message into a buffer, from `offset` on. Returns how many octets it takes.

    buffer: a bytearray, memoryview, mmap or another buffer that can be written to. If it is used again, the system need
    not map and clear memory for every large message. After an error it may hold part of the message.

    Raises what `encode` raises; ValueError if the message does not fit, with the octets that it takes, or for an
    offset outside the buffer; and TypeError or BufferError for what cannot be written to.
    """
    cdef Output output
    cdef Py_buffer view
    cdef Py_ssize_t size, start = PyNumber_AsSsize_t(offset, NULL), available  # an offset that is too large is clipped
    cdef uint8_t* at
    if type(message) is not Message:
        raise TypeError(f"encode takes a Message, not {type(message).__name__}")
    PyObject_GetBuffer(buffer, &view, PyBUF_WRITABLE)
    output.grown = NULL
    output.held = NULL
    try:
        if not 0 <= start <= view.len:
            raise ValueError(f"the offset {as_index(offset)} is outside a buffer of {view.len} octets")
        available = view.len - start
        unchanged = as_it_came(<Message>message)
        if unchanged is None and available < STACK:
            unchanged = encode(message)
        if unchanged is not None:
            size = PyBytes_GET_SIZE(unchanged)
            if size <= available:
                memcpy(<uint8_t*>view.buf + start, PyBytes_AS_STRING(unchanged), size)
        else:
            output.begin = <uint8_t*>view.buf + start
            output.end = output.begin + available
            at = write_message(&output, <Message>message)
            size = at - output.begin
        if size > available:
            raise ValueError(f"the message takes {size} octets, and there is room for {available}")
        if output.grown != NULL:  # it asked for more room than it took
            memcpy(<uint8_t*>view.buf + start, output.begin, size)
        return size
    finally:
        PyBuffer_Release(&view)
        Py_XDECREF(output.grown)
        Py_XDECREF(output.held)


# ---- A message, its groups and attributes ----

cdef inline bint take_int(PyObject* value, long lowest, long highest, long* number) except -1:
    """Whether a value is an int, and no bool, within these bounds. Stores it in `number`."""
    cdef int overflow
    if is_short_int(value):
        number[0] = short_int(value)
        return lowest <= number[0] <= highest
    if not is_int(value) or is_bool(value):
        return False
    number[0] = PyLong_AsLongAndOverflow(value, &overflow)
    return overflow == 0 and lowest <= number[0] <= highest


cdef uint8_t* write_message(Output* output, Message made) except NULL:
    cdef long major = 0, minor = 0, code = 0, request_id = 0
    cdef Py_ssize_t index = 0
    cdef uint8_t* at = output.begin
    cdef list groups
    if not (
        isinstance(made.version, tuple)
        and tuple_size(<PyObject*>made.version) == 2
        and take_int(tuple_item(<PyObject*>made.version, 0), 0, 0xFF, &major)
        and take_int(tuple_item(<PyObject*>made.version, 1), 0, 0xFF, &minor)
        and take_int(<PyObject*>made.code, 0, 0xFFFF, &code)
        and take_int(<PyObject*>made.request_id, INT32_MIN, INT32_MAX, &request_id)
    ):
        errors.raise_unfit_header(made.version, made.code, made.request_id)
    at[0] = major
    at[1] = minor
    put16(at + 2, code)
    put32(at + 4, <uint32_t>request_id)
    at += 8
    if type(made.groups) is list:
        groups = <list>made.groups
        at = room(output, at, estimate(groups))
        while index < PyList_GET_SIZE(groups):
            at = write_group(output, at, list_item(groups, index))
            index += 1
    else:
        for each in made.groups:
            at = write_group(output, at, <PyObject*>each)
    return copy(output, at, b"\x03", 1)


cdef inline uint8_t* write_group(Output* output, uint8_t* at, PyObject* group) except NULL:
    cdef int tag
    if type(<object>group) is not AttributeGroup:
        errors.raise_unfit_group(<object>group)
    tag = (<AttributeGroup>group)._tag
    if not 0x01 <= tag <= 0x0F or tag == 0x03:
        errors.raise_unfit_group_tag(tag)
    at = room(output, at, 1)
    at[0] = tag
    if (<AttributeGroup>group)._sliced:
        return write_slice(output, at + 1, group)
    if (<AttributeGroup>group)._items is None and (<AttributeGroup>group)._wire is not None:
        return write_replaced(output, at + 1, group, tag)
    return write_list(output, at + 1, <PyObject*>(<AttributeGroup>group)._items, tag, NULL)


cdef inline uint8_t* write_slice(Output* output, uint8_t* at, PyObject* slice) except NULL:
    cdef int start = (<_Attributes>slice)._start
    return copy(output, at, (<Wire>(<_Attributes>slice)._wire).data + start, (<_Attributes>slice)._end - start)


cdef inline uint8_t* write_replaced(Output* output, uint8_t* at, PyObject* group, int tag) except NULL:
    """Write a group that is a slice in which one attribute is replaced."""
    cdef PyObject* wire = <PyObject*>(<AttributeGroup>group)._wire
    cdef Octets behind = (<Wire>wire).data + (<AttributeGroup>group)._replaced_end
    cdef int start = (<AttributeGroup>group)._start
    cdef int rest = (<AttributeGroup>group)._end - (<AttributeGroup>group)._replaced_end
    cdef PyObject* replacement = <PyObject*>(<AttributeGroup>group)._replacement
    cdef PyObject** items = &replacement
    cdef Py_ssize_t count = replacement != Py_None
    at = copy(output, at, (<Wire>wire).data + start, (<AttributeGroup>group)._replaced_start - start)
    at = write_attributes(output, at, wire, &items, &count, tag, NULL)  # the wire is held with the attribute
    return copy(output, at, behind, rest)


cdef inline uint8_t* write_list(Output* output, uint8_t* at, PyObject* items, int group, Names* outer) except NULL:
    if items == Py_None:
        return at
    if not lists_are_read:
        return write_copy(output, at, items, group, outer)
    return write_attributes(output, at, items, items_of(items), count_of(items), group, outer)


cdef uint8_t* write_copy(Output* output, uint8_t* at, PyObject* items, int group, Names* outer) except NULL:
    """Do what `write_list` does, from a copy that nobody can change meanwhile."""
    cdef tuple copied = tuple(<list>items)
    cdef Py_ssize_t count = tuple_size(<PyObject*>copied)
    cdef PyObject** first = tuple_items(<PyObject*>copied)
    return write_attributes(output, at, <PyObject*>copied, &first, &count, group, outer)


cdef uint8_t* write_attributes(
    Output* output, uint8_t* at, PyObject* owner, PyObject*** items, Py_ssize_t* count, int group, Names* outer
) except NULL:
    """Write the attributes of a group, or the members of a collection; in a group of parts also the slices.

    owner: the object that holds them. items and count point into it: code of a value's class may change them.
    """
    cdef Names names
    cdef PyObject* part
    cdef Py_ssize_t index = 0
    names.items = owner
    names.outer = outer
    while index < count[0]:
        # If a message does not fit the processor's caches, this brings its objects there before they are needed.
        if index + 4 < count[0]:
            prefetch(items[0][index + 4])
            prefetch((<IppfastAttribute*>items[0][index + 2]).values)
        part = items[0][index]
        index += 1
        if type(<object>part) is Attribute:
            names.attribute = part
            at = write_attribute(output, at, group, &names)
        else:
            at = write_slice(output, at, part)
    return at


cdef inline uint8_t* write_attribute(Output* output, uint8_t* at, int group, Names* names) except NULL:
    """Write an attribute (RFC 8010 sections 3.1.4 and 3.1.5), or a member if there are outer names (section 3.1.7)."""
    cdef IppfastAttribute* fields = <IppfastAttribute*>names.attribute
    cdef int tag = fields.tag
    cdef PyObject** values = &names.values
    cdef Py_ssize_t index, count = 1
    names.values = fields.values
    names.tags = fields.tags
    names.held = False
    if is_tuple(names.values):
        values = tuple_items(names.values)
        count = tuple_size(names.values)
    at = write_name(output, at, fields.name, tag, count, group, names.outer)
    if names.outer != NULL:
        put_token(at, tag)
        at += 3
    at = write_value(output, at, tag, values[0], group, names, 0)
    for index in range(1, count):
        if index + 4 < count:
            prefetch(values[index + 4])
        if names.tags != Py_None:
            tag = PyLong_AsLong(tuple_item(names.tags, index))
        at = room(output, at, 16)
        put_token(at, tag)
        at = write_value(output, at + 3, tag, values[index], group, names, index)
    return at


cdef inline void put_token(uint8_t* at, int tag) noexcept nogil:
    """Write a value's tag and a name-length of 0."""
    at[0] = tag
    at[1] = at[2] = 0


cdef inline uint8_t* write_name(
    Output* output, uint8_t* at, PyObject* name, int tag, Py_ssize_t count, int group, Names* outer
) except NULL:
    """Write the first value's tag and the name; for a member the memberAttrName. Leaves room for 16 octets."""
    if unlikely(not is_str(name) or not is_ascii(name) or not 1 <= ascii_size(name) <= 0x7FFF or count == 0):
        return write_rare_name(output, at, <object>name, tag, count, group, outer)
    at = room(output, at, ascii_size(name) + 21)
    return put_name(at, ascii_octets(name), ascii_size(name), tag, outer != NULL)


cdef inline uint8_t* put_name(uint8_t* at, Octets name, Py_ssize_t size, int tag, bint member) noexcept nogil:
    if member:
        put_token(at, 0x4A)
        at += 2
    else:
        at[0] = tag
    put16(at + 1, size)
    return put_octets(at + 3, name, size)


cdef uint8_t* write_rare_name(
    Output* output, uint8_t* at, object name, int tag, Py_ssize_t count, int group, Names* outer
) except NULL:
    octets = encoded(name) or b""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(octets)
    if not 1 <= size <= 0x7FFF or count == 0:
        errors.raise_unfit_attribute(name, count, group, path(outer))
    at = room(output, at, size + 21)
    return put_name(at, <Octets>PyBytes_AS_STRING(octets), size, tag, outer != NULL)


# ---- Values ----

cdef inline uint8_t* write_value(
    Output* output, uint8_t* at, int tag, PyObject* value, int group, Names* names, Py_ssize_t index
) except NULL:
    """Write value-length and value; the tag and the name are written. There is room for 13 octets."""
    cdef Py_ssize_t size
    cdef int form = FORMS[<uint8_t>tag]
    if form == INTEGER:
        if likely(is_short_int(value)):
            put16(at, 4)
            put32(at + 2, <uint32_t>short_int(value))
            return at + 6
    elif form == WORD or form == TEXT:
        if likely(is_str(value) and is_ascii(value) and ascii_size(value) <= 0x7FFF):
            size = ascii_size(value)
            at = room(output, at, size + 2)
            put16(at, size)
            return put_octets(at + 2, ascii_octets(value), size)
    elif form == COLLECTION and type(<object>value) is Collection:
        return write_collection(output, at, value, group, names)
    return write_rare(output, at, tag, value, group, names, index)


cdef uint8_t* write_rare(
    Output* output, uint8_t* at, int tag, PyObject* value, int group, Names* names, Py_ssize_t index
) except NULL:
    cdef int size = fixed(tag, value, at + 2)
    if size >= 0:
        put16(at, size)
        return at + 2 + size
    hold(output, names)
    return write_free(output, at, tag, <object>value, group, names, index)


cdef int hold(Output* output, Names* names) except -1:
    """Hold what is being written to the end: code of a value's class may run, and drop it."""
    if output.held == NULL:
        held = []
        output.held = give(held)
    while names != NULL and not names.held:
        (<list>output.held).append(
            (<object>names.attribute, <object>names.values, <object>names.tags, <object>names.items)
        )
        names.held = True
        names = names.outer
    return 0


cdef uint8_t* write_free(
    Output* output, uint8_t* at, int tag, object value, int group, Names* names, Py_ssize_t index
) except NULL:
    octets = free_form(tag, value)
    if octets is None or PyBytes_GET_SIZE(octets) > 0x7FFF:
        errors.raise_unfit_value(tag, value, group, path(names), index)
    at = room(output, at, PyBytes_GET_SIZE(octets) + 2)
    put16(at, PyBytes_GET_SIZE(octets))
    return put_octets(at + 2, <Octets>PyBytes_AS_STRING(octets), PyBytes_GET_SIZE(octets))


cdef int fixed(int tag, PyObject* value, uint8_t* at) except -2:
    """Write a value of fixed length. Returns its length, at most 11; -1 if it has none or does not fit its tag."""
    cdef long number = 0, other = 0, units = 0
    cdef Py_ssize_t field
    cdef int form = FORMS[<uint8_t>tag]
    if form == BOOLEAN:
        if not is_bool(value):
            return -1
        at[0] = value == Py_True
        return 1
    if form == INTEGER:
        if not take_int(value, INT32_MIN, INT32_MAX, &number):
            return -1
        put32(at, <uint32_t>number)
        return 4
    if form == RANGE_OF_INTEGER or form == RESOLUTION:
        if not is_kind(value, RangeOfInteger if form == RANGE_OF_INTEGER else Resolution):
            return -1
        if tuple_size(value) != (2 if form == RANGE_OF_INTEGER else 3):
            return -1
        if not (
            take_int(tuple_item(value, 0), INT32_MIN, INT32_MAX, &number)
            and take_int(tuple_item(value, 1), INT32_MIN, INT32_MAX, &other)
        ):
            return -1
        put32(at, <uint32_t>number)
        put32(at + 4, <uint32_t>other)
        if form == RANGE_OF_INTEGER:
            return 8
        if not take_int(tuple_item(value, 2), -0x80, 0x7F, &units):
            return -1
        at[8] = <uint8_t>units
        return 9
    if form == DATE_TIME:
        if not is_kind(value, DateTime) or tuple_size(value) != 10:
            return -1
        if not take_int(tuple_item(value, 0), 0, 0xFFFF, &number):
            return -1
        put16(at, number)
        for field in range(1, 10):
            if field == 7:
                number = ordinal(tuple_item(value, 7))
                if not 0 <= number <= 0xFF:
                    return -1
            elif not take_int(tuple_item(value, field), 0, 0xFF, &number):
                return -1
            at[field + 1] = number
        return 11
    if form == OUT_OF_BAND and OUT_OF_BANDS[tag & 0x0F] is <object>value:
        return 0
    return -1


cdef inline bint is_kind(PyObject* value, object kind) noexcept:
    """Do what isinstance does, but do not trust `__class__`: the value is read as a tuple."""
    return PyObject_TypeCheck(value, <PyTypeObject*>kind)


cdef long ordinal(PyObject* character) except -2:
    if not PyUnicode_Check(character) or PyUnicode_GET_LENGTH(character) != 1:
        return -1
    return PyUnicode_READ_CHAR(character, 0)


cdef bytes free_form(int tag, object value):
    """The octets of any other value except a collection; None if it does not fit its tag."""
    cdef int form = FORMS[<uint8_t>tag]
    if form == COLLECTION or form == NO_VALUE:
        return None
    if isinstance(value, RawValue):
        return value.data if len(value) == 1 and type(value.data) is bytes else None
    if form == WORD or form == TEXT:
        return encoded(value)
    if form == WITH_LANGUAGE:
        if not isinstance(value, StringWithLanguage) or len(value) != 2:
            return None
        language, string = encoded(value.language), encoded(value.string)
        if language is None or string is None or len(language) + len(string) > 0x7FFB:
            return None
        return len(language).to_bytes(2, "big") + language + len(string).to_bytes(2, "big") + string
    return value if form == OCTETS and type(value) is bytes else None


cdef bytes encoded(object value):
    """A str in UTF-8; None for a value that is no str, or a str that has no such form."""
    try:
        return str.encode(value, "utf-8", "surrogateescape") if isinstance(value, str) else None
    except UnicodeEncodeError:
        return None


cdef uint8_t* write_collection(Output* output, uint8_t* at, PyObject* value, int group, Names* names) except NULL:
    """Write a collection's members and end (RFC 8010 sections 3.1.6 and 3.1.7). There is room for 13 octets."""
    at[0] = at[1] = 0
    if (<Collection>value)._sliced:
        at = write_slice(output, at + 2, value)
    else:
        at = write_list(output, at + 2, <PyObject*>(<Collection>value)._items, group, names)
    at = room(output, at, 5)
    put_token(at, 0x37)
    at[3] = at[4] = 0
    return at + 5


cdef tuple path(Names* names):
    found = []
    while names != NULL:
        found.append((<Attribute>names.attribute)._name)
        names = names.outer
    return tuple(found[::-1])
