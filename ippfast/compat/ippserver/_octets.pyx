# cython: boundscheck=False, wraparound=False, binding=False, embedsignature=True, embedsignature.format=clinic
#
# The compiled twin's index of raw values: every value as its octets, under group tag, name and value tag.
#
# The rule of this file: it gives what `_octets_py.py` gives, whatever the octets are. Names, values and keys repeat, in
# a message and ever after, so they are shared through bounded caches: what comes off the wire can only displace what
# is in them.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from cpython.ref cimport Py_XDECREF
from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcmp, memset

from ..._cpython cimport (
    IPPFAST_LOCKED, drop, hold, new_bytes, new_dict, own, put_in_list, put_last, set_item, tuple_item,
)
from ..._wire cimport Octets, mix, same

cdef extern from "Python.h":
    char* bytes_octets "PyBytes_AS_STRING"(PyObject*)
    Py_ssize_t bytes_size "PyBytes_GET_SIZE"(PyObject*)
    PyObject* unfilled_list "PyList_New"(Py_ssize_t size) except NULL
    PyObject* get_item "PyDict_GetItemWithError"(PyObject*, PyObject*)
    Py_hash_t hash_of "PyObject_Hash"(PyObject*) except -1

cdef enum:
    LONGEST_SHARED = 64  # strings of up to this many octets are shared
    SHARED = 4096  # slots of the cache of names and values
    SHARED_SHIFT = 52  # 64 less the bits of a slot's number
    KEYS = 2048  # slots of the cache of keys, in pairs: a key may stand in either slot of its pair
    KEYS_SHIFT = 53

cdef enum:  # how a message ends
    COMPLETE = 0
    CUT = 1
    NO_GROUP = 2
    NO_NAME = 3

ctypedef struct Known:  # a key, and the list under it in the dictionary that is being made
    PyObject* key
    Py_hash_t hash
    uint32_t kind  # group tag and value tag
    uint64_t turn  # the call of `index` that `values` belongs to, which holds it
    PyObject* values

ctypedef struct Run:  # the values under one tag of the attribute that is read
    Py_ssize_t count
    Py_ssize_t filled
    PyObject* values

cdef PyObject* _shared[SHARED]
cdef Known _keys[KEYS]
cdef uint64_t _turn = 0


cdef inline PyObject* octets_of(Octets at, Py_ssize_t size) except NULL:
    """A reference to a bytes that may be the same object as an earlier one."""
    cdef PyObject* known
    cdef PyObject* made
    cdef uint64_t slot
    if not IPPFAST_LOCKED or size < 4 or size > LONGEST_SHARED:
        return new_bytes(<const char*>at, size)
    slot = mix(at, size) >> SHARED_SHIFT
    known = _shared[slot]
    if known != NULL and bytes_size(known) == size and same(<Octets>bytes_octets(known), at, size):
        hold(known)
        return known
    made = new_bytes(<const char*>at, size)
    hold(made)
    _shared[slot] = made
    Py_XDECREF(known)
    return made


cdef inline PyObject* value_of(int tag, Octets at, Py_ssize_t size) except NULL:
    """A reference to a value, shared if values of its tag repeat: numbers, keywords and the like, members' names."""
    if tag == 0x21 or tag == 0x23 or tag == 0x44 or 0x46 <= tag <= 0x4A:
        return octets_of(at, size)
    return new_bytes(<const char*>at, size)


cdef inline Known* known_key(int section, int tag, Octets name, Py_ssize_t size, uint64_t turn) except? NULL:
    """The slot of a key whose name has 4 to LONGEST_SHARED octets; NULL if keys of this turn have its two slots."""
    cdef uint32_t kind = section << 8 | tag
    cdef uint64_t slot = mix(name, size) + kind * <uint64_t>0xD6E8FEB86659FD93
    cdef Known* one = &_keys[slot >> KEYS_SHIFT & ~<uint64_t>1]
    cdef Known* other = one + 1
    cdef PyObject* key
    cdef tuple made
    if is_key(one, kind, name, size):
        return one
    if is_key(other, kind, name, size):
        return other
    if one.turn == turn:
        one = other
        if one.turn == turn:
            return NULL
    made = (section, name[:size], tag)
    key = one.key
    one.key = <PyObject*>made
    hold(one.key)
    one.kind, one.hash, one.turn = kind, hash_of(one.key), 0
    Py_XDECREF(key)
    return one


cdef inline bint is_key(Known* known, uint32_t kind, Octets name, Py_ssize_t size) noexcept:
    cdef PyObject* its
    if known.kind != kind:
        return False
    its = tuple_item(known.key, 1)
    return bytes_size(its) == size and same(<Octets>bytes_octets(its), name, size)


cdef PyObject* list_under(
    PyObject* found, int section, int tag, Octets name, Py_ssize_t size, Py_ssize_t count, uint64_t turn, bint* is_new
) except NULL:
    """The list under a key, which `found` holds: a new one of `count` places to be filled, or one that has values.

    turn: the number of the call of `index`. What the cache knows of this turn is in `found`, and what it does not know
    is not: except if other keys have the slots, or a finalizer, which may run when a list is made, has begun another
    turn.
    """
    cdef Known* known
    cdef PyObject* values
    cdef tuple key
    is_new[0] = True
    if IPPFAST_LOCKED and 4 <= size <= LONGEST_SHARED and _turn == turn:
        known = known_key(section, tag, name, size, turn)
        if known != NULL:
            if known.turn == turn:
                is_new[0] = False
                return known.values
            values = unfilled_list(count)
            if _turn == turn:
                set_item(found, known.key, values, known.hash)
                drop(values)
                known.turn, known.values = turn, values
                return values
            drop(values)
    key = (section, name[:size], tag)
    values = get_item(found, <PyObject*>key)
    if values != NULL:
        is_new[0] = False
        return values
    values = unfilled_list(count)
    set_item(found, <PyObject*>key, values, hash_of(<PyObject*>key))
    drop(values)
    return values


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
    """Every value from `start` on, if `check` finds no fault. Those under the same group tag, name and value tag
    are one list, wherever they stand.
    """
    global _turn
    cdef Octets data = <Octets>PyBytes_AS_STRING(octets)
    cdef Octets name
    cdef Py_ssize_t size = PyBytes_GET_SIZE(octets), at = start, end, named, length
    cdef int section = -1, tag
    cdef dict made = new_dict(min(size // 64, 170))
    cdef PyObject* found = <PyObject*>made
    cdef PyObject* values
    cdef PyObject* value
    cdef Run runs[256]
    cdef Run* run
    cdef Py_ssize_t count, number
    cdef int other
    cdef bint mixed_tags, is_new
    cdef uint32_t current = 0  # the number of the attribute, and for each tag, that of the last that it was in
    cdef uint32_t counted[256]
    cdef uint32_t begun[256]
    cdef uint64_t turn = _turn + 1
    _turn = turn
    while at < size:
        tag = data[at]
        if tag < 0x10:
            if tag == 0x03:
                break
            section = tag
            at += 1
            continue
        if section < 0 or at + 5 > size:
            break
        named = data[at + 1] << 8 | data[at + 2]
        name = data + at + 3
        at += 3 + named
        if named == 0 or at + 2 > size:
            break
        length = data[at] << 8 | data[at + 1]
        at += 2
        end = at + length
        if end > size:
            break
        # How many values follow, and under which tags, so that a list is made as long as it will be.
        count = 1
        mixed_tags = False
        while end + 5 <= size and data[end + 1] == 0 and data[end + 2] == 0 and data[end] >= 0x10:
            other = data[end]
            number = end + 5 + (data[end + 3] << 8 | data[end + 4])
            if number > size:
                break
            end = number
            if other == tag:
                count += 1
                continue
            if not mixed_tags:
                if current == 0:
                    memset(counted, 0, sizeof(counted))
                    memset(begun, 0, sizeof(begun))
                mixed_tags = True
                current += 1
            if counted[other] != current:
                counted[other] = current
                runs[other].count = 0
            runs[other].count += 1
        values = list_under(found, section, tag, name, named, count, turn, &is_new)
        if not mixed_tags:
            for number in range(count):
                if number:
                    length = data[at + 3] << 8 | data[at + 4]
                    at += 5
                value = value_of(tag, data + at, length)
                if is_new:
                    put_in_list(values, number, value)
                else:
                    put_last(<list>values, value)
                at += length
            continue
        # A collection, mostly: each value goes to the list of its tag.
        begun[tag] = current
        runs[tag].values = values
        runs[tag].filled = 0 if is_new else -1
        while True:
            run = &runs[tag]
            if begun[tag] != current:
                begun[tag] = current
                run.values = list_under(found, section, tag, name, named, run.count, turn, &is_new)
                run.filled = 0 if is_new else -1
            value = value_of(tag, data + at, length)
            if run.filled < 0:
                put_last(<list>run.values, value)
            else:
                put_in_list(run.values, run.filled, value)
                run.filled += 1
            at += length
            if at >= end:
                break
            tag = data[at]
            length = data[at + 3] << 8 | data[at + 4]
            at += 5
    return made
