# The struct that a decoder of `_codec.pyx` works with, and the functions that other compiled modules call. Nothing here
# has behaviour.

from libc.stdint cimport uint8_t

from ._message_c cimport Message
from ._scan cimport Scan


cdef enum:
    ROOM = 1024  # a message of at most this many octets needs no buffer
    SPARES = 4

cdef struct Work:
    # A decoder needs it until its message is complete. It is too large to be cleared for every decoder.
    Scan scan
    uint8_t room[ROOM]


cdef Message decode_at(object buffer, object limits, object only, Py_ssize_t* size)
