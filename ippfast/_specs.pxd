# What the registry says of an attribute or a member, as compiled code asks for it. Nothing here has behaviour.

from libc.stdint cimport int32_t, uint32_t, uint64_t


cdef class Spec:
    cdef str path
    cdef int group
    cdef object registered  # an AttributeSpec; None if nothing is registered
    cdef bint is_single  # not 1setOf
    cdef bint is_open  # nobody registered members, so any may be there
    cdef bint has_range
    cdef bint has_capitals  # its keywords may have capital letters: they are CUPS'
    cdef bint is_numbered  # an enum whose numbers are registered
    cdef bint is_sequence  # see `_Validator.sequence`: page-ranges
    cdef bint is_reason  # see there too: state-reasons
    cdef uint32_t groups  # a bit for each delimiter tag
    cdef uint32_t out_of_band  # a bit for each tag from 0x10 on
    cdef uint64_t tags  # a bit for each value tag from 0x10 on
    cdef int32_t minimum, maximum
    cdef int32_t least  # the least number of an enum
    cdef int32_t vendors  # where the numbers of vendors begin
    cdef uint64_t numbers[4]  # a bit for each number of an enum
    cdef uint32_t longest[16]  # octets of a string, for each tag from 0x40 on; the first is an octetString's
    cdef frozenset keywords  # None if any may be there
    cdef dict judged  # keywords that are not among these: whether they are right all the same
    cdef dict members  # the members by name; None for a name that is registered but was not asked for yet

    cdef Spec member(self, str name)
    cdef bint takes(self, str keyword) except -1


cdef Spec UNKNOWN

cdef Spec attribute_spec(int group, str name)
cdef Spec spec_at(str path, int group)
