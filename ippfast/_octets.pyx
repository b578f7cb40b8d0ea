# cython: boundscheck=False, wraparound=False, binding=False, embedsignature=True, embedsignature.format=clinic
#
# The compiled twin's index of raw values: every value as its octets, under group tag, name and value tag.
#
# The rule of this file: it gives what `_octets_py.py` gives, whatever the octets are. Names, values and keys repeat, in
# a message and ever after, so they are shared through bounded caches: what comes off the wire can only displace what
# is in them.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

cdef extern from *:
    """
    /* A reference of ours as Cython's own. */
    #define IPPFAST_OWN(pointer) (pointer)
    /* What relies on the interpreter's lock is off where there is none. */
    #ifdef Py_GIL_DISABLED
    #define IPPFAST_LOCKED 0
    #else
    #define IPPFAST_LOCKED 1
    #endif
    """
    const bint IPPFAST_LOCKED
    object own "IPPFAST_OWN"(PyObject*)

cdef extern from "Python.h":
    PyObject* new_bytes "PyBytes_FromStringAndSize"(const char* octets, Py_ssize_t size) except NULL
    char* bytes_octets "PyBytes_AS_STRING"(PyObject*)
    Py_ssize_t bytes_size "PyBytes_GET_SIZE"(PyObject*)
    PyObject* new_list "PyList_New"(Py_ssize_t size) except NULL
    void put "PyList_SET_ITEM"(PyObject*, Py_ssize_t, PyObject*)
    PyObject* list_item "PyList_GET_ITEM"(PyObject*, Py_ssize_t)
    int append "PyList_Append"(PyObject*, PyObject*) except -1
    PyObject* get_item "PyDict_GetItemWithError"(PyObject*, PyObject*)
    PyObject* set_default "PyDict_SetDefault"(PyObject*, PyObject*, PyObject*) except NULL
    dict presized "__Pyx_PyDict_NewPresized"(Py_ssize_t)
    PyObject* tuple_item "PyTuple_GET_ITEM"(PyObject*, Py_ssize_t)
    void increase "Py_INCREF"(PyObject*)
    void decrease "Py_DECREF"(PyObject*)
    void decrease_any "Py_XDECREF"(PyObject*)

ctypedef const uint8_t* Octets

cdef enum:
    LONGEST_SHARED = 64  # octets up to so many are shared
    SHARED = 4096  # slots of the cache of names and values
    SHARED_SHIFT = 52  # 64 less the bits of a slot's number
    KEYS = 1024  # slots of the cache of keys

cdef enum:  # how a message ends
    COMPLETE = 0
    CUT = 1
    NO_GROUP = 2
    NO_NAME = 3

cdef PyObject* _shared[SHARED]
cdef PyObject* _keys[KEYS]


cdef inline bint same(Octets one, Octets other, Py_ssize_t size) noexcept:
    """Whether so many octets, four or more, are equal; most are too few for a call of memcmp to pay."""
    cdef uint64_t word, other_word
    cdef uint32_t half, other_half
    if size < 8:
        memcpy(&half, one, 4)
        memcpy(&other_half, other, 4)
        if half != other_half:
            return False
        memcpy(&half, one + size - 4, 4)
        memcpy(&other_half, other + size - 4, 4)
        return half == other_half
    while size > 8:
        size -= 8
        memcpy(&word, one + size, 8)
        memcpy(&other_word, other + size, 8)
        if word != other_word:
            return False
    memcpy(&word, one, 8)
    memcpy(&other_word, other, 8)
    return word == other_word


cdef inline PyObject* octets_of(Octets at, Py_ssize_t size) except NULL:
    """A reference to a bytes that may be the same object as an earlier one."""
    cdef uint64_t mixed, middle = 0, last = 0
    cdef uint32_t low, high
    cdef PyObject* known
    cdef PyObject* made
    if not IPPFAST_LOCKED or size < 4 or size > LONGEST_SHARED:
        return new_bytes(<const char*>at, size)
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
    if known != NULL and bytes_size(known) == size and same(<Octets>bytes_octets(known), at, size):
        increase(known)
        return known
    made = new_bytes(<const char*>at, size)
    increase(made)
    _shared[mixed] = made
    decrease_any(known)
    return made


cdef inline PyObject* value_of(int tag, Octets at, Py_ssize_t size) except NULL:
    """A reference to a value, shared where values of its tag repeat: numbers, keywords and the like, members' names."""
    if tag == 0x21 or tag == 0x23 or tag == 0x44 or 0x46 <= tag <= 0x4A:
        return octets_of(at, size)
    return new_bytes(<const char*>at, size)


cdef inline PyObject* key_of(int section, PyObject* name, int tag) except NULL:
    """A reference to a key that may be the same object as an earlier one."""
    cdef PyObject* known
    cdef PyObject* key
    cdef size_t slot = ((<size_t>name >> 4) ^ (<size_t>tag * 37) ^ (<size_t>section * 101)) % KEYS
    cdef bint is_shared = IPPFAST_LOCKED and bytes_size(name) <= LONGEST_SHARED
    cdef tuple made
    if is_shared:
        known = _keys[slot]
        if (
            known != NULL
            and tuple_item(known, 1) == name
            and <int><object>tuple_item(known, 2) == tag
            and <int><object>tuple_item(known, 0) == section
        ):
            increase(known)
            return known
    made = (section, <object>name, tag)
    key = <PyObject*>made
    increase(key)
    if is_shared:
        known = _keys[slot]
        increase(key)
        _keys[slot] = key
        decrease_any(known)
    return key


cdef inline int add(PyObject* values, PyObject* value) except -1:
    """Append, and give up the reference to `value`."""
    append(values, value)
    decrease(value)
    return 0


def check(bytes octets not None, Py_ssize_t start):
    """Where the values that begin at `start` end, and how: 0 after the end-of-attributes-tag; otherwise where the
    element at fault begins: 1 cut short, 2 outside of any group, 3 an additional value before any attribute.
    """
    cdef Octets data = <Octets>PyBytes_AS_STRING(octets)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(octets), at = start, place
    cdef unsigned int length
    cdef bint grouped = False, named = False
    while at < size:
        if data[at] < 0x10:
            if data[at] == 0x03:
                return at + 1, COMPLETE
            grouped = True
            named = False
            at += 1
            continue
        if not grouped:
            return at, NO_GROUP
        if at + 3 > size:
            break
        length = data[at + 1] << 8 | data[at + 2]
        place = at + 3 + length
        if length == 0:
            if not named:
                return at, NO_NAME
        elif length >= 0x8000 or place > size:
            break
        named = True
        if place + 2 > size:
            break
        length = data[place] << 8 | data[place + 1]
        if length >= 0x8000 or place + 2 + length > size:
            break
        at = place + 2 + length
    return at, CUT


def find(bytes octets not None, Py_ssize_t start, int section, bytes name not None, int tag):
    """The values that `index` would have under this key, without the rest."""
    cdef Octets data = <Octets>PyBytes_AS_STRING(octets)
    cdef Octets wanted = <Octets>PyBytes_AS_STRING(name)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(octets), named = PyBytes_GET_SIZE(name), at = start, place, end
    cdef unsigned int length
    cdef int seen
    cdef bint in_section = False, is_named = False
    cdef list found = []
    while at < size:
        seen = data[at]
        if seen < 0x10:
            if seen == 0x03:
                break
            in_section = seen == section
            is_named = False
            at += 1
            continue
        if at + 3 > size:
            break
        length = data[at + 1] << 8 | data[at + 2]
        place = at + 3 + length
        if place + 2 > size:
            break
        if length:
            is_named = in_section and <Py_ssize_t>length == named and memcmp(data + at + 3, wanted, length) == 0
        length = data[place] << 8 | data[place + 1]
        end = place + 2 + length
        if end > size:
            break
        if is_named and seen == tag:
            found.append(own(value_of(tag, data + place + 2, length)))
        at = end
    return found


def index(bytes octets not None, Py_ssize_t start):
    """Every value from `start` on, where `check` finds no fault. Those under the same group tag, name and value tag
    are one list, wherever they stand.
    """
    cdef Octets data = <Octets>PyBytes_AS_STRING(octets)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(octets), at = start, place, end, count, number
    cdef unsigned int length, next_length
    cdef int section = -1, tag
    cdef dict found = presized(min(size // 64, 170))
    cdef bytes name = None
    cdef PyObject* key
    cdef PyObject* values
    cdef PyObject* known
    # For each tag, the list of the current name: `found` holds it.
    cdef PyObject* lists[256]
    cdef uint32_t names[256]
    cdef uint32_t current = 0
    cdef bint seen[16]
    cdef bint again = False  # another group under the tag of an earlier one: its names are likely known
    memset(names, 0, sizeof(names))
    memset(seen, 0, sizeof(seen))
    while at < size:
        tag = data[at]
        if tag < 0x10:
            if tag == 0x03:
                break
            section = tag
            name = None
            again = seen[tag]
            seen[tag] = True
            at += 1
            continue
        if section < 0:
            break
        if at + 3 > size:
            break
        length = data[at + 1] << 8 | data[at + 2]
        place = at + 3 + length
        if length == 0:
            if name is None:
                break
        elif length >= 0x8000 or place > size:
            break
        else:
            name = own(octets_of(data + at + 3, length))
            current += 1
        if place + 2 > size:
            break
        length = data[place] << 8 | data[place + 1]
        place += 2
        end = place + length
        if length >= 0x8000 or end > size:
            break
        if names[tag] == current:
            add(lists[tag], value_of(tag, data + place, length))
            at = end
            continue
        key = key_of(section, <PyObject*>name, tag)
        if again:
            known = get_item(<PyObject*>found, key)
            if known != NULL:
                decrease(key)
                add(known, value_of(tag, data + place, length))
                lists[tag] = known
                names[tag] = current
                at = end
                continue
        # How many values follow under the same tag, so that the list is made as long as it will be.
        count = 1
        while end + 5 <= size and data[end] == tag and data[end + 1] == 0 and data[end + 2] == 0:
            next_length = data[end + 3] << 8 | data[end + 4]
            if next_length >= 0x8000 or end + 5 + next_length > size:
                break
            end += 5 + next_length
            count += 1
        at = end
        values = new_list(count)
        put(values, 0, value_of(tag, data + place, length))
        for number in range(1, count):
            place += length + 5
            length = data[place - 2] << 8 | data[place - 1]
            put(values, number, value_of(tag, data + place, length))
        known = set_default(<PyObject*>found, key, values)
        decrease(key)
        if known != values:
            for number in range(count):
                append(known, list_item(values, number))
        decrease(values)
        lists[tag] = known
        names[tag] = current
    return found
