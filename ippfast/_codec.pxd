# The struct of `_codec.pyx`, which sees it without asking: what a decoder works with; and what other compiled modules
# call. Nothing here has behaviour.

from libc.stdint cimport uint8_t

from ._message_c cimport Message
from ._scan cimport Scan


cdef enum:
    ROOM = 1024  # for a message that is no larger
    SPARES = 4

cdef struct Work:
    # What a decoder needs until its message is complete. Too large to be cleared for every decoder.
    Scan scan
    uint8_t room[ROOM]


cdef Message decode_at(object buffer, object limits, object only, Py_ssize_t* size)
