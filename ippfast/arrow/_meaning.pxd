# What the octets of a value mean: whether they are UTF-8, and which moment a date is.
#
# The rule of this file: it says what the pure twin says with Python's own means, octet for octet.

from libc.stdint cimport INT64_MIN, int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

from .._wire cimport Octets, be16, is_on_calendar

cdef extern from *:
    """
    #define IPPFAST_NOT_ASCII UINT64_C(0x8080808080808080)
    /* The years 1 to 9999 in UTC, in milliseconds since 1970. */
    #define IPPFAST_EARLIEST INT64_C(-62135596800000)
    #define IPPFAST_LATEST INT64_C(253402300799999)
    """
    const uint64_t IPPFAST_NOT_ASCII
    const int64_t EARLIEST "IPPFAST_EARLIEST"
    const int64_t LATEST "IPPFAST_LATEST"


cdef inline bint is_utf8(Octets at, Py_ssize_t size) noexcept nogil:
    """As Python decodes it: no octet too many, no surrogate, nothing above U+10FFFF."""
    cdef Octets end = at + size
    cdef uint8_t first, lowest, highest
    cdef int following
    while at < end:
        first = at[0]
        at += 1
        if first < 0x80:
            continue
        lowest = 0x80
        highest = 0xBF
        if 0xC2 <= first <= 0xDF:
            following = 1
        elif 0xE0 <= first <= 0xEF:
            following = 2
            if first == 0xE0:
                lowest = 0xA0
            elif first == 0xED:
                highest = 0x9F
        elif 0xF0 <= first <= 0xF4:
            following = 3
            if first == 0xF0:
                lowest = 0x90
            elif first == 0xF4:
                highest = 0x8F
        else:
            return False
        if end - at < following or not lowest <= at[0] <= highest:
            return False
        at += 1
        following -= 1
        while following:
            if at[0] & 0xC0 != 0x80:
                return False
            at += 1
            following -= 1
    return True


cdef inline bint is_text(Octets at, Py_ssize_t size) noexcept nogil:
    """Whether it is UTF-8; nearly all is ASCII."""
    cdef uint64_t word, seen = 0
    cdef Py_ssize_t left = size
    cdef Octets here = at
    while left >= 8:
        memcpy(&word, here, 8)
        seen |= word
        here += 8
        left -= 8
    if left and size >= 8:  # the last eight, some of them again
        memcpy(&word, at + size - 8, 8)
        seen |= word
    else:
        while left:
            seen |= here[0]
            here += 1
            left -= 1
    return seen & IPPFAST_NOT_ASCII == 0 or is_utf8(at, size)


cdef inline int64_t moment(Octets at) noexcept nogil:
    """Milliseconds since 1970 in UTC; INT64_MIN where `DateTime.to_datetime` finds no such date (RFC 2579)."""
    cdef int64_t year = be16(at), month = at[2], day = at[3], second = at[6], offset = at[9] * 60 + at[10]
    cdef int64_t days, era, of_era, made
    if not is_on_calendar(at):
        return INT64_MIN
    if second == 60:
        second = 59
    # Days since 1970-01-01, by years that begin in March.
    if month <= 2:
        year -= 1
    era = year // 400
    of_era = year - era * 400
    days = era * 146097 + of_era * 365 + of_era // 4 - of_era // 100
    days += (153 * (month + (9 if month <= 2 else -3)) + 2) // 5 + day - 1 - 719468
    if at[8] == 0x2B:
        offset = -offset
    made = (((days * 24 + at[4]) * 60 + at[5] + offset) * 60 + second) * 1000 + at[7] * 100
    if EARLIEST <= made <= LATEST:
        return made
    return INT64_MIN
