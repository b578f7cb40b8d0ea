# The structs and numbers of `_codec.pyx`, which sees them without asking: what a scan of a message knows. Nothing here
# has behaviour.

from cpython.object cimport PyObject
from libc.stdint cimport uint8_t, uint32_t


cdef enum:
    INDEXED = 256  # of how many attributes of a group the index notes where they begin
    WORTH_INDEXING = 24  # a group with fewer is searched faster without
    FEW = 4  # groups that the list of a message has room for from the beginning
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

cdef struct Bounds:
    Py_ssize_t depth, groups, attributes, values, octets

cdef struct Scan:
    Bounds bounds
    PyObject* wire  # of the message that is being decoded, and the list of its groups; who scans holds them
    PyObject* found
    Py_ssize_t position  # of the next token
    Py_ssize_t wanted  # where a value ends that is not all there: nothing can be found before that is
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
    ROOM = 1024  # for a message that is no larger
    SPARES = 4

cdef struct Work:
    # What a decoder needs until its message is complete. Too large to be cleared for every decoder.
    Scan scan
    uint8_t room[ROOM]
