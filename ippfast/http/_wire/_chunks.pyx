# cython: boundscheck=False, wraparound=False, binding=False, embedsignature=True, embedsignature.format=clinic
#
# The compiled twin that gathers the data of chunks (RFC 9112 section 7.1).
#
# The rule of this file: it does what `_chunks_py.py` does. It reads only chunk lines without extension, and leaves all
# others, the last one and everything wrong to `framing.py`.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.string cimport memcpy

cdef enum:
    LARGE = 16384
    LONGEST_SIZE = 15  # hexadecimal digits: a longer size might not fit a Py_ssize_t


cdef inline Py_ssize_t read_line(const char* octets, Py_ssize_t at, Py_ssize_t end, Py_ssize_t* size) noexcept nogil:
    """Where the plain chunk line at `at` ends; 0 if there is none. `size` gets the size in it."""
    cdef Py_ssize_t first, value = 0
    cdef int octet
    if end - at < 5 or octets[at] != c"\r" or octets[at + 1] != c"\n":
        return 0
    at += 2
    first = at
    while at < end:
        octet = octets[at]
        if c"0" <= octet <= c"9":
            octet -= c"0"
        elif c"a" <= octet | 0x20 <= c"f":
            octet = (octet | 0x20) - c"a" + 10
        else:
            break
        if at - first == LONGEST_SIZE:
            return 0
        value = value << 4 | octet
        at += 1
    if value == 0 or end - at < 2 or octets[at] != c"\r" or octets[at + 1] != c"\n":
        return 0
    size[0] = value
    return at + 2


def gather(bytes data not None, Py_ssize_t at, left, Py_ssize_t longest):
    """As `_chunks_py.gather`."""
    cdef const char* octets = PyBytes_AS_STRING(data)
    cdef Py_ssize_t end = PyBytes_GET_SIZE(data)
    cdef Py_ssize_t here, total, position, line, size = 0, start = at
    cdef char* target
    cdef bytes gathered
    if left >= end - at:
        if at == 0:
            return data, end, left - end
        return memoryview(data)[at:], end, left - (end - at)
    here = left
    if here >= LARGE:
        return memoryview(data)[at : at + here], at + here, 0
    # First they are counted, then copied. `here` counts the octets of the current chunk that are there.
    total = 0
    while True:
        total += here
        at += here
        line = read_line(octets, at, end, &size)
        if line == 0 or line - at > longest:
            size = 0
            break
        at = line
        here = size if size < end - at else end - at
        size -= here
        if here >= LARGE:
            size += here
            break
        if size or at == end:
            total += here
            at += here
            break
    gathered = PyBytes_FromStringAndSize(NULL, total)
    target = PyBytes_AS_STRING(gathered)
    position, here = start, left
    while True:
        memcpy(target, octets + position, here)
        target += here
        total -= here
        position += here
        if total == 0:
            return gathered, at, size
        position = read_line(octets, position, end, &line)
        here = line if line < total else total
