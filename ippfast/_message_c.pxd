# C types for `_message.py`, which is compiled as `_message_c`. Nothing here has behaviour.

cimport cython

from ._attribute_c cimport AttributeGroup as Group  # the other name is Python's, for type checkers


cdef class Message:
    cdef public object version
    cdef public object code
    cdef public object request_id
    cdef public object groups

    @cython.locals(group=Group)
    cdef Group _group(self, int tag)

    @cython.locals(group=Group)
    cdef list _all(self, int tag)
