# cython: boundscheck=False, wraparound=False, cdivision=True, binding=False
# cython: embedsignature=True, embedsignature.format=clinic
#
# The compiled twin's `to_json`: a message as JSON, straight from the wire.
#
# The rule of this file: it writes what `_json_py.py` writes, octet for octet. The codec's own scan checks a message
# first; what that accepts is read without a further check. Rare values, such as a string that is not UTF-8, are left
# to Python.

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc, PyMem_Realloc
from libc.stdint cimport int8_t, int32_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy, memset

from ._cpython cimport IPPFAST_LOCKED, keyed_hash
from ._scan cimport DELIMITED, Bounds, Fault, Scan, begin_scan, look, next_group
from ._wire cimport (
    BOOLEAN, DATE_TIME, IN_THE_WAY, INTEGER, OCTETS, OUT_OF_BAND, RANGE_OF_INTEGER, RESOLUTION, TEXT, WITH_LANGUAGE,
    WORD, Octets, be16, be32, is_on_calendar, mix, same,
)

from .codec import decode
from .dictionaries import ALL_GROUP_WORDS, ALL_TAG_WORDS, is_single, value_words
from .limits import DEFAULT_LIMITS, Limits
from .tags import FORMS as FORMS_OF_TAGS

cdef extern from *:
    """
    #define IPPFAST_HIGH UINT64_C(0x8080808080808080)
    #define IPPFAST_EACH(octet) (UINT64_C(0x0101010101010101) * (octet))
    /* Whether one of eight octets is to be escaped: it is a control, a quote, a backslash, DEL or not ASCII. */
    static inline int ippfast_escapes(uint64_t word) {
        uint64_t quotes = word ^ IPPFAST_EACH(0x22), slashes = word ^ IPPFAST_EACH(0x5c);
        uint64_t del = word ^ IPPFAST_EACH(0x7f);
        return ((word | (word - IPPFAST_EACH(0x20)) | (quotes - IPPFAST_EACH(1)) | (slashes - IPPFAST_EACH(1))
            | (del - IPPFAST_EACH(1))) & IPPFAST_HIGH) != 0;
    }
    """
    bint escapes "ippfast_escapes"(uint64_t word) nogil

cdef enum:
    KNOWN = 4096  # slots that keep what the registry says of a path
    KNOWN_SHIFT = 52  # 64 less the bits of a slot's number
    LONGEST_KNOWN = 108  # a path of more octets has no slot
    LONGEST_NAME = 255  # no longer name is registered, as in `views.py`

cdef struct Path:
    uint64_t hashed
    int32_t tag
    uint8_t size, single
    uint8_t octets[LONGEST_KNOWN]

cdef Path known[KNOWN]

cdef inline uint64_t name_hash(Octets name, Py_ssize_t size) noexcept:
    if size >= 4:
        return mix(name, size)
    return (name[0] | name[size >> 1] << 8 | <uint64_t>name[size - 1] << 16) * <uint64_t>0x9E3779B97F4A7C15

cdef struct Seen:
    # A name that the group or collection with the number `owner` has.
    Octets name
    uint32_t size, owner

cdef list GROUP_WORDS = list(map(list, ALL_GROUP_WORDS))  # first the words for reading, then the lossless ones
cdef list TAG_WORDS = list(ALL_TAG_WORDS)
cdef const char* HEX = "0123456789abcdef"
cdef uint8_t FORMS[256]
memcpy(FORMS, <const char*>FORMS_OF_TAGS, 256)


cdef Bounds DEFAULT


cdef int read_bounds(object limits, Bounds* bounds) except -1:
    # Checked again: ``tuple.__new__`` makes one unchecked, and the scan has MOST_DEPTH places.
    bounds.depth, bounds.groups, bounds.attributes, bounds.values, bounds.octets = Limits(*limits)
    return 0

read_bounds(DEFAULT_LIMITS, &DEFAULT)


def to_json(buffer, *, lossless=False, limits=None):
    """A message as JSON: the octets of ``json.dumps(decode(buffer).to_dict(tags=lossless))``, which are ASCII.

    buffer, limits: as for `decode`. lossless: whether to write the shape of which `Message.from_dict` makes the same
    message again, octet for octet, or the shape for reading. Raises what `decode` raises.
    """
    cdef Writer writer = Writer.__new__(Writer)
    if limits is None or limits is DEFAULT_LIMITS:
        limits = DEFAULT_LIMITS
        writer.bounds = DEFAULT
    elif isinstance(limits, Limits):
        read_bounds(limits, &writer.bounds)
    else:
        raise TypeError(f"limits is a Limits, not {type(limits).__name__}")
    if type(buffer) is not bytes:  # others may write to it
        view = memoryview(buffer)
        if not view.c_contiguous or view.nbytes == 0:  # an empty one of several dimensions cannot be cast
            view = memoryview(view.tobytes())
        buffer = bytes(view.cast("B")[:limits.max_octets + 1])
    if not writer.write(<bytes>buffer, bool(lossless)):
        decode(buffer, limits=limits)  # which raises
        raise SystemError("the scan and the codec differ")
    return PyBytes_FromStringAndSize(writer.octets, writer.size)


@cython.final
cdef class Writer:
    """What is written so far, and the place in the message up to which it was read."""

    cdef Bounds bounds
    cdef Scan scan
    cdef char* octets
    cdef Py_ssize_t size, capacity
    cdef Octets at
    cdef bint lossless
    cdef Seen* seen
    cdef Py_ssize_t seen_mask
    cdef uint32_t owners
    cdef char* path  # the path of the members of the current collection
    cdef Py_ssize_t path_capacity
    cdef int group  # its tag

    def __dealloc__(self):
        PyMem_Free(self.octets)
        PyMem_Free(self.seen)
        PyMem_Free(self.path)

    cdef bint write(self, bytes message, bint lossless) except -1:
        """Write a message; False if it is none."""
        cdef Octets start = <Octets>PyBytes_AS_STRING(message)
        cdef Fault fault
        cdef bint first = True
        self.scan.bounds = self.bounds
        begin_scan(&self.scan)
        while True:
            if look(&self.scan, start, PyBytes_GET_SIZE(message), &fault) != DELIMITED:
                return False
            if not next_group(&self.scan, start):
                break
        self.lossless = lossless
        self.at = start + 8
        if not lossless:
            if not self.is_utf8():
                self.put_octets(value_words(0, message[:self.scan.position], False))
                return True
            self.make_seen()
        self.room(self.scan.position * 3 + 128)
        self.put(b'{"version": [', 13)
        self.put_number(start[0])
        self.put(b", ", 2)
        self.put_number(start[1])
        self.put(b'], "code": ', 11)
        self.put_number(be16(start + 2))
        self.put(b', "request-id": ', 16)
        self.put_number(be32(start + 4))
        self.put(b', "groups": [', 13)
        while self.at[0] != 0x03:
            if not first:
                self.put(b", ", 2)
            first = False
            self.group = self.at[0]
            self.at += 1
            self.put(b'{"tag": ', 8)
            self.put_octets(<bytes>(<list>GROUP_WORDS[lossless])[self.group])
            self.put(b', "attributes": ', 16)
            self.owner(False, 0, 0)
            self.put(b"}", 1)
        self.put(b"]}", 2)
        return True

    cdef bint is_utf8(self) except -1:
        """Whether the first group declares the charset UTF-8, or none, as `views.to_dict` reads it."""
        cdef Octets at = self.at + 1
        cdef Octets value
        cdef unsigned int size
        if self.at[0] == 0x03:
            return True
        while at[0] >= 0x10:
            size = be16(at + 1)
            value = at + 3 + size
            if size == 18 and memcmp(at + 3, b"attributes-charset", 18) == 0:
                if FORMS[at[0]] != WORD and FORMS[at[0]] != TEXT:
                    return True
                return be16(value) == 5 and memcmp(value + 2, b"utf-8", 5) == 0
            at = value + 2 + be16(value)
        return True

    # ---- Attributes ----

    cdef int make_seen(self) except -1:
        cdef Py_ssize_t size = 16
        while size < 2 * self.scan.attributes:
            size *= 2
        self.seen = <Seen*>PyMem_Malloc(size * sizeof(Seen))
        if self.seen == NULL:
            raise MemoryError
        memset(self.seen, 0, size * sizeof(Seen))
        self.seen_mask = size - 1
        return 0

    cdef bint is_new(self, Octets name, Py_ssize_t size, uint64_t hashed, uint32_t owner) noexcept:
        """Whether an attribute is the first of that name in its group or collection. hashed: `name_hash` of it."""
        cdef Py_ssize_t slot = <Py_ssize_t>((hashed >> 40) + owner * 31) & self.seen_mask
        cdef Seen* seen
        cdef Py_ssize_t others = 0
        while True:
            seen = &self.seen[slot]
            if seen.name == NULL:
                seen.name = name
                seen.size = <uint32_t>size
                seen.owner = owner
                return True
            if seen.owner == owner and seen.size == <uint32_t>size and same(seen.name, name, size):
                return False
            others += 1
            if others == IN_THE_WAY:
                slot = <Py_ssize_t>(keyed_hash(name, size) + owner * 31) - 1
            slot = (slot + 1) & self.seen_mask

    cdef int owner(self, bint member, Py_ssize_t path, uint64_t hashed) except -1:
        """Write the attributes of a group, or of a collection, from `at` on, and go behind them.

        path: how many octets of `path` lead to them; -1 if nothing is registered there. hashed: a hash of these octets.
        """
        cdef uint32_t owner = self.owners
        cdef bint first = True
        cdef int tag
        cdef Octets name
        cdef Py_ssize_t size
        cdef uint64_t name_hashed
        self.owners += 1
        self.put(b"[" if self.lossless else b"{", 1)
        while True:
            tag = self.at[0]
            if member:
                if tag == 0x37:
                    self.at += 5
                    break
                size = be16(self.at + 3)
                name = self.at + 5
                self.at = name + size
                tag = self.at[0]
            else:
                if tag < 0x10:
                    break
                size = be16(self.at + 1)
                name = self.at + 3
                self.at += size  # so that the first value is read as an additional one
            if self.lossless:
                self.put(b'{"name": ' if first else b', {"name": ', 9 if first else 11)
                self.put_string(name, size)
                self.put(b', "values": [', 13)
                self.tagged(tag)
                self.put(b"]}", 2)
                first = False
                continue
            name_hashed = name_hash(name, size)
            if self.is_new(name, size, name_hashed, owner):
                if not first:
                    self.put(b", ", 2)
                first = False
                self.put_key(name, size)
                self.put(b": ", 2)
                self.plain(tag, name, size, path, hashed * 31 + name_hashed)
                continue
            while True:
                self.after_value(tag)
                if not self.has_another():
                    break
                tag = self.at[0]
        self.put(b"]" if self.lossless else b"}", 1)
        return 0

    cdef inline bint has_another(self) noexcept:
        """Whether an additional value of the same attribute is at `at` (RFC 8010 sections 3.1.5 and 3.1.7)."""
        return self.at[0] >= 0x10 and self.at[0] != 0x4A and self.at[0] != 0x37 and be16(self.at + 1) == 0

    cdef inline int after_value(self, int tag) noexcept:
        """Go behind the value of that tag at `at`."""
        cdef int depth = 0
        while True:
            if tag == 0x34:
                depth += 1
            elif tag == 0x37:
                depth -= 1
            self.at += 5 + be16(self.at + 3)
            if depth == 0:
                return 0
            tag = self.at[0]

    cdef int tagged(self, int tag) except -1:
        """Write the values of an attribute with their tags."""
        while True:
            self.put(b'{"tag": ', 8)
            self.put_octets(<bytes>TAG_WORDS[tag])
            self.put(b', "value": ', 11)
            if tag == 0x34:
                self.at += 5
                self.owner(True, 0, 0)
            else:
                self.value(tag)
            self.put(b"}", 1)
            if not self.has_another():
                return 0
            self.put(b", ", 2)
            tag = self.at[0]

    cdef int plain(self, int tag, Octets name, Py_ssize_t size, Py_ssize_t path, uint64_t hashed) except -1:
        """Write the values of an attribute: alone if the registry says that it has one, otherwise as a list."""
        cdef Octets start = self.at
        cdef int first = tag
        cdef int count = 0
        cdef bint named = path >= 0 and size <= LONGEST_NAME  # whether it may be registered
        cdef bint alone = named and self.single(name, size, path, hashed)
        if alone:
            while True:
                count += not self.out_of_band(tag)
                self.after_value(tag)
                if not self.has_another():
                    break
                tag = self.at[0]
            self.at = start
            tag = first
            alone = count < 2
            if count == 0:
                self.put(b"null", 4)
        if not alone:
            self.put(b"[", 1)
            count = 0
        while True:
            if self.out_of_band(tag):
                self.after_value(tag)
            else:
                if not alone:
                    if count:
                        self.put(b", ", 2)
                    count += 1
                if tag == 0x34:
                    self.at += 5
                    self.owner(True, self.join(name, size, path) if named else -1, hashed)
                else:
                    self.value(tag)
            if not self.has_another():
                break
            tag = self.at[0]
        if not alone:
            self.put(b"]", 1)
        return 0

    cdef inline bint out_of_band(self, int tag) noexcept:
        return FORMS[<uint8_t>tag] == OUT_OF_BAND and be16(self.at + 3) == 0

    cdef Py_ssize_t join(self, Octets name, Py_ssize_t size, Py_ssize_t path) except -1:
        """Append a name and a slash to the path. Returns the new length of the path."""
        cdef char* made
        if path + size + 1 > self.path_capacity:
            made = <char*>PyMem_Realloc(self.path, 2 * (path + size) + 64)
            if made == NULL:
                raise MemoryError
            self.path = made
            self.path_capacity = 2 * (path + size) + 64
        memcpy(self.path + path, name, size)
        self.path[path + size] = c"/"
        return path + size + 1

    cdef bint single(self, Octets name, Py_ssize_t size, Py_ssize_t path, uint64_t hashed) except -1:
        """Whether the registry knows the attribute, or member, of that name at the path to have one value."""
        cdef Path* slot
        cdef bint answer
        if not IPPFAST_LOCKED or path + size > LONGEST_KNOWN:
            return is_single(self.path[:path] + (<const char*>name)[:size], self.group)
        hashed += <uint64_t>self.group * <uint64_t>0xD6E8FEB86659FD93
        slot = &known[hashed >> KNOWN_SHIFT]
        if slot.hashed == hashed and slot.tag == self.group and slot.size == path + size and (
                same(slot.octets + path, name, size)) and (
                path == 0 or same(slot.octets, <Octets>self.path, path)):
            return slot.single
        answer = is_single(self.path[:path] + (<const char*>name)[:size], self.group)
        slot.hashed = hashed
        slot.tag = self.group
        slot.size = <uint8_t>(path + size)
        slot.single = answer
        if path:
            memcpy(slot.octets, self.path, path)
        memcpy(slot.octets + path, name, size)
        return answer

    # ---- Values ----

    cdef int value(self, int tag) except -1:
        """Write a value that is no collection, and go behind it."""
        cdef Py_ssize_t size = be16(self.at + 3)
        cdef Octets at = self.at + 5
        cdef Py_ssize_t begun = self.size
        cdef unsigned int language
        cdef int form = FORMS[<uint8_t>tag]
        cdef bint fits = False  # whether it fits its tag, although it is left to Python
        self.at = at + size
        if form == WORD or form == TEXT:
            if self.put_string_or_none(at, size):
                return 0
        elif form == INTEGER and size == 4:
            self.put_number(be32(at))
            return 0
        elif form == BOOLEAN and size == 1 and at[0] <= 1:
            self.put(b"true" if at[0] else b"false", 4 if at[0] else 5)
            return 0
        elif form == RANGE_OF_INTEGER and size == 8:
            self.put(b'{"lower": ' if self.lossless else b"[", 10 if self.lossless else 1)
            self.put_number(be32(at))
            self.put(b', "upper": ' if self.lossless else b", ", 11 if self.lossless else 2)
            self.put_number(be32(at + 4))
            self.put(b"}" if self.lossless else b"]", 1 if self.lossless else 1)
            return 0
        elif form == RESOLUTION and size == 9 and self.lossless:
            self.put(b'{"cross_feed": ', 15)
            self.put_number(be32(at))
            self.put(b', "feed": ', 10)
            self.put_number(be32(at + 4))
            self.put(b', "units": ', 11)
            self.put_number(<int8_t>at[8])
            self.put(b"}", 1)
            return 0
        elif form == RESOLUTION and size == 9 and (at[8] == 3 or at[8] == 4):
            self.put(b'"', 1)
            self.put_number(be32(at))
            if be32(at) != be32(at + 4):
                self.put(b"x", 1)
                self.put_number(be32(at + 4))
            self.put(b'dpi"' if at[8] == 3 else b'dpcm"', 4 if at[8] == 3 else 5)
            return 0
        elif self.lossless and size == 0 and form == OUT_OF_BAND:
            self.put(b"null", 4)
            return 0
        elif form == DATE_TIME and size == 11:
            fits = True
            if self.put_fields(at) if self.lossless else self.put_date(at):
                return 0
        elif form == WITH_LANGUAGE and size >= 4:
            language = be16(at)
            if language + 4 <= size and language + 4 + be16(at + 2 + language) == size:
                fits = True
                if self.lossless:
                    self.put(b'{"string": ', 11)
                if self.put_string_or_none(at + 4 + language, size - 4 - language):
                    if not self.lossless:
                        return 0
                    self.put(b', "language": ', 14)
                    if self.put_string_or_none(at + 2, language):
                        self.put(b"}", 1)
                        return 0
        elif not self.lossless and not (form == RESOLUTION and size == 9):
            if self.put_string_or_none(at, size):
                return 0
        self.size = begun
        if self.lossless and not fits:
            if form != OCTETS and form != WORD and form != TEXT:
                return self.put_hexadecimal(b'{"malformed": "', 15, at, size)
            return self.put_hexadecimal(b'{"octets": "', 12, at, size)
        self.put_octets(value_words(tag, (<const char*>at)[:size], self.lossless))
        return 0

    cdef bint put_date(self, Octets at) except -1:
        """Write a dateTime as ``datetime.isoformat`` does. False, and nothing written, if it is no date (RFC 2579)."""
        cdef int year = be16(at), month = at[2], day = at[3], second = at[6], offset = at[9] * 60 + at[10]
        if not is_on_calendar(at):
            return False
        if second == 60:
            second = 59
        self.put(b'"', 1)
        self.put_two(year // 100)
        self.put_two(year % 100)
        self.put(b"-", 1)
        self.put_two(month)
        self.put(b"-", 1)
        self.put_two(day)
        self.put(b"T", 1)
        self.put_two(at[4])
        self.put(b":", 1)
        self.put_two(at[5])
        self.put(b":", 1)
        self.put_two(second)
        if at[7]:
            self.put(b".", 1)
            self.put_number(at[7])
            self.put(b"00000", 5)
        self.put(b"-" if at[8] == 0x2D and offset else b"+", 1 if at[8] == 0x2D and offset else 1)
        self.put_two(offset // 60)
        self.put(b":", 1)
        self.put_two(offset % 60)
        self.put(b'"', 1)
        return True

    cdef bint put_fields(self, Octets at) except -1:
        """Write the fields of a dateTime as they are. False, and nothing written, if it has no direction from UTC."""
        if at[8] != 0x2B and at[8] != 0x2D:
            return False
        self.put(b'{"year": ', 9)
        self.put_number(be16(at))
        self.put(b', "month": ', 11)
        self.put_number(at[2])
        self.put(b', "day": ', 9)
        self.put_number(at[3])
        self.put(b', "hour": ', 10)
        self.put_number(at[4])
        self.put(b', "minute": ', 12)
        self.put_number(at[5])
        self.put(b', "second": ', 12)
        self.put_number(at[6])
        self.put(b', "decisecond": ', 16)
        self.put_number(at[7])
        self.put(b', "utc_direction": "+' if at[8] == 0x2B else b', "utc_direction": "-', 21)
        self.put(b'", "utc_hours": ', 16)
        self.put_number(at[9])
        self.put(b', "utc_minutes": ', 17)
        self.put_number(at[10])
        self.put(b"}", 1)
        return True

    # ---- Octets ----

    cdef inline int room(self, Py_ssize_t more) except -1:
        if self.size + more > self.capacity:
            self.grow(more)
        return 0

    cdef int grow(self, Py_ssize_t more) except -1:
        cdef char* made
        cdef Py_ssize_t capacity = self.size + more
        capacity = max(capacity, 2 * self.capacity)
        made = <char*>PyMem_Realloc(self.octets, capacity)
        if made == NULL:
            raise MemoryError
        self.octets = made
        self.capacity = capacity
        return 0

    cdef inline int put(self, const char* octets, Py_ssize_t size) except -1:
        self.room(size)
        memcpy(self.octets + self.size, octets, size)
        self.size += size
        return 0

    cdef inline int put_octets(self, bytes octets) except -1:
        return self.put(PyBytes_AS_STRING(octets), PyBytes_GET_SIZE(octets))

    cdef inline int put_two(self, int number) except -1:
        cdef char digits[2]
        digits[0] = <char>(0x30 + number // 10)
        digits[1] = <char>(0x30 + number % 10)
        return self.put(digits, 2)

    cdef int put_number(self, int32_t number) except -1:
        cdef char digits[12]
        cdef int at = 12
        cdef uint32_t left = <uint32_t>number
        if number < 0:
            left = <uint32_t>0 - left
        while True:
            at -= 1
            digits[at] = <char>(0x30 + left % 10)
            left //= 10
            if left == 0:
                break
        if number < 0:
            at -= 1
            digits[at] = c"-"
        return self.put(digits + at, 12 - at)

    cdef int put_key(self, Octets at, Py_ssize_t size) except -1:
        """Write a name, in which octets that are not UTF-8 become surrogates, as in Python."""
        self.put_characters(at, size, True)
        return 0

    cdef bint put_string_or_none(self, Octets at, Py_ssize_t size) except -1:
        """Write a string. False, and nothing is written, if it is not UTF-8."""
        return self.put_characters(at, size, False)

    cdef int put_string(self, Octets at, Py_ssize_t size) except -1:
        """Write a string, or its octets if it is not UTF-8."""
        if self.put_characters(at, size, False):
            return 0
        return self.put_hexadecimal(b'{"octets": "', 12, at, size)

    cdef int put_hexadecimal(self, const char* key, Py_ssize_t key_size, Octets at, Py_ssize_t size) except -1:
        cdef Py_ssize_t index
        self.put(key, key_size)
        self.room(2 * size)
        for index in range(size):
            self.octets[self.size] = HEX[at[index] >> 4]
            self.octets[self.size + 1] = HEX[at[index] & 15]
            self.size += 2
        return self.put(b'"}', 2)

    cdef bint put_characters(self, Octets at, Py_ssize_t size, bint surrogates) except -1:
        """Write a string in quotes, with everything but ASCII escaped. Octets that are not UTF-8 become surrogates; or,
        without `surrogates`, it returns False and writes nothing."""
        cdef Octets end = at + size
        cdef Py_ssize_t begun = self.size
        cdef uint64_t word
        cdef uint32_t character
        cdef char* out
        cdef int length
        self.room(6 * size + 10)
        out = self.octets + begun
        out[0] = c'"'
        out += 1
        if copy_plain(out, at, size):
            out[size] = c'"'
            self.size = begun + size + 2
            return True
        while at < end:
            while end - at >= 8:
                memcpy(&word, at, 8)
                if escapes(word):
                    break
                memcpy(out, &word, 8)
                at += 8
                out += 8
            if at == end:
                break
            character = at[0]
            if character < 0x80:
                at += 1
                if character == 0x22 or character == 0x5C:
                    out[0] = c"\\"
                    out[1] = <char>character
                    out += 2
                elif 0x20 <= character < 0x7F:
                    out[0] = <char>character
                    out += 1
                else:
                    out = control(out, character)
                continue
            length = character_at(at, end, &character)
            if length == 0:
                if not surrogates:
                    self.size = begun
                    return False
                length = 1
                character = 0xDC00 + at[0]
            at += length
            if character >= 0x10000:
                out = unit(out, 0xD800 + ((character - 0x10000) >> 10))
                character = 0xDC00 + ((character - 0x10000) & 0x3FF)
            out = unit(out, character)
        out[0] = c'"'
        self.size = out + 1 - self.octets
        return True


cdef inline bint copy_plain(char* out, Octets at, Py_ssize_t size) noexcept:
    """Copy octets of which none has to be escaped. False if there is one that has; some may be copied then.

    In words, some of whose octets are those of the last word again: a call of memcpy takes longer for so few.
    """
    cdef uint64_t word
    cdef uint32_t half, other_half
    cdef uint8_t middle
    cdef Py_ssize_t done = 0
    if size >= 8:
        while done < size - 8:
            memcpy(&word, at + done, 8)
            if escapes(word):
                return False
            memcpy(out + done, &word, 8)
            done += 8
        memcpy(&word, at + size - 8, 8)
        memcpy(out + size - 8, &word, 8)
        return not escapes(word)
    if size >= 4:
        memcpy(&half, at, 4)
        memcpy(&other_half, at + size - 4, 4)
        memcpy(out, &half, 4)
        memcpy(out + size - 4, &other_half, 4)
        return not escapes(<uint64_t>half << 32 | other_half)
    if size == 0:
        return True
    middle = at[size >> 1]
    word = <uint64_t>0x2020202020000000 | at[0] | <uint32_t>middle << 8 | <uint32_t>at[size - 1] << 16
    out[0] = <char>at[0]
    out[size >> 1] = <char>middle
    out[size - 1] = <char>at[size - 1]
    return not escapes(word)


cdef inline char* unit(char* out, uint32_t number) noexcept:
    """Write an escaped unit of UTF-16. Returns where it ends."""
    out[0] = c"\\"
    out[1] = c"u"
    out[2] = HEX[number >> 12]
    out[3] = HEX[number >> 8 & 15]
    out[4] = HEX[number >> 4 & 15]
    out[5] = HEX[number & 15]
    return out + 6


cdef inline char* control(char* out, uint32_t character) noexcept:
    cdef char short = 0
    if character == 0x0A:
        short = c"n"
    elif character == 0x0D:
        short = c"r"
    elif character == 0x09:
        short = c"t"
    elif character == 0x0C:
        short = c"f"
    elif character == 0x08:
        short = c"b"
    else:
        return unit(out, character)
    out[0] = c"\\"
    out[1] = short
    return out + 2


cdef int character_at(Octets at, Octets end, uint32_t* character) noexcept:
    """Read a character of UTF-8. Returns how many octets it has; 0 if Python takes them for no character."""
    cdef uint8_t first = at[0], lowest = 0x80, highest = 0xBF
    cdef int length, index
    cdef uint32_t made
    if 0xC2 <= first <= 0xDF:
        length = 2
        made = first & 0x1F
    elif 0xE0 <= first <= 0xEF:
        length = 3
        made = first & 0x0F
        if first == 0xE0:
            lowest = 0xA0
        elif first == 0xED:
            highest = 0x9F
    elif 0xF0 <= first <= 0xF4:
        length = 4
        made = first & 0x07
        if first == 0xF0:
            lowest = 0x90
        elif first == 0xF4:
            highest = 0x8F
    else:
        return 0
    if end - at < length or not lowest <= at[1] <= highest:
        return 0
    made = made << 6 | (at[1] & 0x3F)
    for index in range(2, length):
        if at[index] & 0xC0 != 0x80:
            return 0
        made = made << 6 | (at[index] & 0x3F)
    character[0] = made
    return length
