# Names by their numbers: each name that comes gets the next number, and the same one when it comes again.
#
# The rule of this file: what is kept is memory without an object of Python. A name is looked for by a hash that is made
# quickly; where others are in its way, by one that no sender can foresee.

from libc.stdint cimport int32_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from .._cpython cimport keyed_hash
from .._wire cimport IN_THE_WAY, Octets, mix, same

cdef extern from "Python.h":
    void* PyMem_RawMalloc(size_t size) noexcept nogil
    void* PyMem_RawRealloc(void* memory, size_t size) noexcept nogil
    void PyMem_RawFree(void* memory) noexcept nogil

cdef enum:
    SLACK = 16  # octets that may be written behind what is copied
    ENUMS_UNKNOWN = -1

cdef struct Growing:
    char* octets
    Py_ssize_t size, capacity

cdef struct Name:
    uint64_t hashed
    uint32_t start, size  # in `Names.octets`
    int32_t enums  # where its enum begins, or ENUMS_UNKNOWN
    int32_t enums_end

cdef struct Names:
    Growing each  # is a struct Name
    Growing octets
    int32_t* slots  # places of names by their hash, -1 for none
    Py_ssize_t slots_mask


cdef inline int grow(Growing* data, Py_ssize_t more) except -1 nogil:
    """Room for this many octets more, and for SLACK behind them."""
    cdef Py_ssize_t capacity = data.size + more + SLACK
    cdef char* octets
    if capacity <= data.capacity:
        return 0
    if capacity < 2 * data.capacity:
        capacity = 2 * data.capacity
    octets = <char*>PyMem_RawRealloc(data.octets, capacity)
    if octets == NULL:
        with gil:
            raise MemoryError
    data.octets = octets
    data.capacity = capacity
    return 0


cdef inline Py_ssize_t count_of(const Names* names) noexcept nogil:
    return names.each.size // <Py_ssize_t>sizeof(Name)


cdef inline int make_room(Names* names, Py_ssize_t more, Py_ssize_t octets) except -1 nogil:
    """Room for so many names more, and their octets."""
    grow(&names.each, more * <Py_ssize_t>sizeof(Name))
    grow(&names.octets, octets)
    if names.slots == NULL or 2 * (count_of(names) + more) > names.slots_mask:
        grow_slots(names, more)
    return 0


cdef inline int grow_slots(Names* names, Py_ssize_t more) except -1 nogil:
    cdef Py_ssize_t known = count_of(names)
    cdef Py_ssize_t size = 1024, index, at, others
    cdef Name* name
    cdef int32_t* slots
    while size < 4 * (known + more):
        size *= 2
    slots = <int32_t*>PyMem_RawMalloc(size * sizeof(int32_t))
    if slots == NULL:
        with gil:
            raise MemoryError
    memset(slots, 0xFF, size * sizeof(int32_t))
    for index in range(known):
        name = <Name*>names.each.octets + index
        at = <Py_ssize_t>(name.hashed >> 32) & (size - 1)
        others = 0
        while slots[at] >= 0:
            others += 1
            if others == IN_THE_WAY:
                at = <Py_ssize_t>keyed_hash(<Octets>names.octets.octets + name.start, name.size) - 1
            at = (at + 1) & (size - 1)
        slots[at] = <int32_t>index
    PyMem_RawFree(names.slots)
    names.slots = slots
    names.slots_mask = size - 1
    return 0


cdef inline int32_t name_of(Names* names, Octets at, Py_ssize_t size) noexcept nogil:
    """The number of a name, a new one if it is new; there is room."""
    cdef uint64_t hashed
    cdef Py_ssize_t slot, others = 0
    cdef int32_t found
    cdef Name* name
    if size >= 4:
        hashed = mix(at, size)
    else:
        hashed = (at[0] | at[size >> 1] << 8 | <uint64_t>at[size - 1] << 16 | <uint64_t>size << 24)
        hashed *= <uint64_t>0x9E3779B97F4A7C15
    slot = <Py_ssize_t>(hashed >> 32) & names.slots_mask
    while True:
        found = names.slots[slot]
        if found < 0:
            break
        name = <Name*>names.each.octets + found
        if name.hashed == hashed and name.size == <uint32_t>size and same(
                <Octets>names.octets.octets + name.start, at, size):
            return found
        others += 1
        if others == IN_THE_WAY:
            slot = <Py_ssize_t>keyed_hash(at, size) - 1
        slot = (slot + 1) & names.slots_mask
    found = <int32_t>(count_of(names))
    names.slots[slot] = found
    name = <Name*>names.each.octets + found
    names.each.size += sizeof(Name)
    name.hashed = hashed
    name.start = <uint32_t>names.octets.size
    name.size = <uint32_t>size
    name.enums = ENUMS_UNKNOWN
    memcpy(names.octets.octets + names.octets.size, at, size)
    names.octets.size += size
    return found


cdef inline void forget(Names* names) noexcept nogil:
    names.each.size = names.octets.size = 0
    memset(names.slots, 0xFF, (names.slots_mask + 1) * sizeof(int32_t))


cdef inline void free_names(Names* names) noexcept nogil:
    PyMem_RawFree(names.each.octets)
    PyMem_RawFree(names.octets.octets)
    PyMem_RawFree(names.slots)
