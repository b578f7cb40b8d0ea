# The fields of `_specs.pyx`: what the registry says of an attribute or a member. Nothing here has behaviour.

from libc.stdint cimport int32_t, uint32_t, uint64_t


cdef class Spec:
    cdef str path
    cdef int group
    cdef object registered  # an AttributeSpec; None if nothing is registered
    cdef bint is_single  # not 1setOf
    cdef bint is_open  # no members are registered, so any may be there
    cdef bint has_range
    cdef bint has_capitals  # it is CUPS' own: its keywords may have capital letters
    cdef bint is_numbered  # an enum whose numbers are registered
    cdef bint is_sequence  # it is page-ranges, see `_Validator.sequence`
    cdef bint is_reason  # its name ends in state-reasons, see `_Validator.sequence`
    cdef uint32_t groups  # a bit for each delimiter tag
    cdef uint32_t out_of_band  # a bit for each tag from 0x10 on
    cdef uint64_t tags  # a bit for each value tag from 0x10 on
    cdef int32_t minimum, maximum
    cdef int32_t least  # the least number of an enum
    cdef int32_t vendors  # the least number that a vendor may choose
    cdef uint64_t numbers[4]  # a bit for each number of an enum
    cdef uint32_t longest[16]  # octets of a string, for each tag from 0x40 on; the first is an octetString's
    cdef frozenset keywords  # None if any may be there
    cdef dict judged  # for other keywords: whether they follow a rule of the registry
    cdef dict members  # the members by name; the value is None for a registered name that was not asked for yet

    cdef Spec member(self, str name)
    cdef bint takes(self, str keyword) except -1


cdef Spec UNKNOWN

cdef Spec attribute_spec(int group, str name)
cdef Spec spec_at(str path, int group)
