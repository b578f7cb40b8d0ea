# The scan of a message: it checks all framing, for the codec and for everything else that reads the wire.
#
# The rule of this file: of the compiled parts it alone knows which octets are a message (RFC 8010 section 3.1); it uses
# no Python object. A caller calls `look` and `next_group` in turn; `look` stops behind each group. What it has found
# sound can be read without a further check.

from cpython.object cimport PyObject
from libc.stdint cimport uint32_t

from ._cpython cimport unlikely
from ._wire cimport MOST_DEPTH, Octets, be16


cdef enum:
    INDEXED = 256  # the index notes where the first attributes of a group begin: at most this many
    WORTH_INDEXING = 24  # a group with fewer attributes is searched faster without an index
    FEW = 4  # the list of a message's groups has room for this many from the beginning

# The numbers of the faults in `errors.py`, which has their words.
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

cdef struct Bounds:
    Py_ssize_t depth, groups, attributes, values, octets

cdef struct Scan:
    Bounds bounds
    PyObject* wire  # only the codec uses it: the wire of the message; the codec holds the reference
    PyObject* found  # the same: the list of the message's groups
    Py_ssize_t position  # where the next token is
    Py_ssize_t wanted  # where the value that is cut off ends: the scan cannot go on before these octets are there
    Py_ssize_t start  # where the current group's attributes begin
    Py_ssize_t attribute_at  # the token that names the current attribute, -1 before the group's first
    Py_ssize_t groups, attributes, values
    int group  # the current group's tag, 0 before the first
    int depth  # how many collections are open
    int expect  # in a collection: 0 its first member, 1 a member's value, 2 either or its next value
    uint32_t named  # how many attributes the group has so far
    uint32_t begins[INDEXED]  # where the first of them begin
    int members_at[MOST_DEPTH]  # for each open collection, the token that names the current member, or -1


cdef enum:
    CUT = 0  # there must be more octets
    DELIMITED = 1  # a group, if there was one, ends at `position`: the tag there begins the next, or ends the message
    FAULTY = 2

cdef struct Fault:
    # Arguments for `errors.raise_fault`.
    int kind
    int tag
    Py_ssize_t number
    Py_ssize_t place  # where the field at fault is; -1 if it is the token at `position`


cdef inline void begin_scan(Scan* scan) noexcept nogil:
    scan.wanted = scan.position = scan.start = scan.groups = scan.attributes = scan.values = 0
    scan.attribute_at = -1
    scan.named = 0
    scan.group = scan.depth = scan.expect = 0


cdef inline bint next_group(Scan* scan, Octets octets) noexcept nogil:
    """Go past the delimiter at `position`; False if it is the end-of-attributes-tag."""
    cdef int tag = octets[scan.position]
    scan.position += 1
    if tag == 0x03:
        return False
    scan.groups += 1
    scan.group = tag
    scan.start = scan.position
    scan.attribute_at = -1
    scan.named = 0
    return True


cdef inline int look(Scan* scan, Octets octets, Py_ssize_t available, Fault* found) noexcept nogil:
    """Go on from `position` to the end of the group or of the data, or to the first fault. Returns a state."""
    cdef Py_ssize_t size = available if available < scan.bounds.octets else scan.bounds.octets
    if scan.position == 0:
        if size < 8:
            return CUT
        scan.position = 8
    cdef Octets token = octets + scan.position
    cdef Octets end = octets + size
    cdef Octets at
    # Nearly every token reads or changes these, so they are in registers.
    cdef Py_ssize_t values = scan.values, attributes = scan.attributes, attribute_at = scan.attribute_at
    cdef int depth = scan.depth, expect = scan.expect
    cdef uint32_t named = scan.named
    cdef int kind = 0  # the kind of the fault
    cdef int state = CUT
    cdef Py_ssize_t number = 0, place = -1
    cdef unsigned int tag = 0, name_length, length
    if scan.group == 0 and token < end and token[0] >= 0x10:  # only before the first delimiter
        tag = token[0]
        kind = VALUE_BEFORE_GROUP
        end = token
    while token < end:
        tag = token[0]
        if tag < 0x10:
            if tag == 0:
                kind = RESERVED_GROUP
                break
            if depth:
                kind = UNTERMINATED
                break
            if tag != 0x03 and scan.groups == scan.bounds.groups:
                kind = GROUP_LIMIT
                number = scan.bounds.groups
                break
            state = DELIMITED
            break
        if end - token < 5:
            break
        # Both lengths are below 256 in nearly every token: the high octets are looked at, but not waited for.
        name_length = token[2]
        if unlikely(token[1]):
            name_length = be16(token + 1)
            if name_length > 0x7FFF:
                kind = NAME_TOO_LONG
                number = name_length
                place = token + 1 - octets
                break
        at = token + 5
        if name_length:  # the processor predicts this branch, so it need not wait for a length of 0
            at += name_length
            if at > end:
                break
        length = (at - 1)[0]
        if unlikely((at - 2)[0]):
            length = be16(at - 2)
            if length > 0x7FFF:
                kind = VALUE_TOO_LONG
                number = length
                place = at - 2 - octets
                break
        at += length
        if at > end:
            scan.wanted = at - octets
            break
        if depth == 0:
            # RFC 8010 sections 3.1.4 and 3.1.5.
            if tag == 0x37:
                kind = END_OUTSIDE
                break
            if tag == 0x4A:
                kind = MEMBER_OUTSIDE
                break
            if name_length:
                if attributes == scan.bounds.attributes:
                    kind = ATTRIBUTE_LIMIT
                    number = scan.bounds.attributes
                    break
                attributes += 1
                attribute_at = token - octets
                if named < INDEXED:
                    scan.begins[named] = <uint32_t>attribute_at
                named += 1
            elif attribute_at < 0:
                kind = VALUE_BEFORE_ATTRIBUTE
                break
        else:
            # RFC 8010 sections 3.1.6 and 3.1.7.
            if name_length:
                kind = NAME_INSIDE
                number = name_length
                break
            if tag == 0x4A:
                if expect == 1:
                    kind = MEMBER_WITHOUT_VALUE
                    break
                if length == 0:
                    kind = MEMBER_WITHOUT_NAME
                    break
                if attributes == scan.bounds.attributes:
                    kind = ATTRIBUTE_LIMIT
                    number = scan.bounds.attributes
                    break
                attributes += 1
                scan.members_at[depth - 1] = <int>(token - octets)
                expect = 1
                token = at
                continue
            if tag == 0x37:
                if length:
                    kind = END_WITH_VALUE
                    number = length
                    break
                if expect == 1:
                    kind = MEMBER_WITHOUT_VALUE
                    break
                depth -= 1
                expect = 2
                token = at
                continue
            if expect == 0:
                kind = VALUE_BEFORE_MEMBER
                break
            expect = 2
        if values == scan.bounds.values:
            kind = VALUE_LIMIT
            number = scan.bounds.values
            break
        values += 1
        if tag == 0x34:
            if length:
                kind = BEGIN_WITH_VALUE
                number = length
                break
            if depth == scan.bounds.depth:
                kind = DEPTH_LIMIT
                number = scan.bounds.depth
                break
            scan.members_at[depth] = -1
            depth += 1
            expect = 0
        token = at
    if kind == VALUE_LIMIT or kind == BEGIN_WITH_VALUE or kind == DEPTH_LIMIT:
        # If the decoder is fed on, the token comes again, and is counted again: the error stays the same.
        attributes -= name_length != 0
        values -= kind != VALUE_LIMIT
    scan.position = token - octets
    scan.attribute_at = attribute_at
    scan.attributes = attributes
    scan.values = values
    scan.depth = depth
    scan.expect = expect
    scan.named = named
    if kind == 0:
        return state
    found.kind = kind
    found.tag = tag
    found.number = number
    found.place = place
    return FAULTY
