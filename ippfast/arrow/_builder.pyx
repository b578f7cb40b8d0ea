# cython: boundscheck=False, wraparound=False, cdivision=True, binding=False
# cython: embedsignature=True, embedsignature.format=clinic
#
# The compiled twin of what makes the table `values` out of messages, without an object of Python for any value.
#
# The rule of this file: it does what `_builder_py.py` does, row for row. A message is looked at by the codec's own scan
# first (`_scan.pxd`); only what that takes is read, and room for all of its rows is there before the first is written.
# The octets are those of bytes, which nobody can change, so the GIL is let go of meanwhile.

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.limits cimport INT_MAX
from libc.stdint cimport INT64_MIN, int8_t, int32_t, int64_t, uint8_t, uint32_t
from libc.string cimport memcpy, memset

from .._scan cimport DELIMITED, Bounds, Fault, Scan, begin_scan, look, next_group
from .._wire cimport (
    BOOLEAN,
    COLLECTION,
    DATE_TIME,
    INTEGER,
    MOST_DEPTH,
    OUT_OF_BAND,
    RANGE_OF_INTEGER,
    RESOLUTION,
    TEXT,
    WITH_LANGUAGE,
    WORD,
    Octets,
    be16,
    be32,
)
from ._export cimport Block, Held, Pool, block_of, hold_memory, leave_pool, let_go, new_pool, room_of
from ._meaning cimport is_text, moment
from ._names cimport (
    ENUMS_UNKNOWN,
    SLACK,
    Growing,
    Name,
    Names,
    count_of,
    forget,
    free_names,
    grow,
    make_room,
    name_of,
)

from .. import tags
from ..limits import Limits
from .schema import Array

cdef extern from "Python.h":
    void* PyMem_RawMalloc(size_t size) noexcept nogil
    void PyMem_RawFree(void* memory) noexcept nogil

# The columns that have a buffer of their own, and those among them that are nothing but zeros where a row is null.
cdef enum:
    MESSAGE
    GROUP
    GROUP_TAG
    ATTRIBUTE
    PARENT
    DEPTH
    NAME
    INDEX
    TAG
    STRING  # offsets, as OCTETS
    OCTETS
    NUMBER
    UPPER
    CROSS_FEED
    FEED
    UNITS
    TIMESTAMP
    COLUMNS
    SPARSE = NUMBER
# Which rows of a column are not null; some columns share that.
cdef enum:
    HAS_PARENT
    HAS_STRING
    HAS_OCTETS
    HAS_INTEGER
    HAS_UPPER
    HAS_RESOLUTION
    HAS_TIMESTAMP
    BITMAPS
# The octets of strings and of others, as data.
cdef enum:
    TEXTS
    BINARIES
    DATA
# What memory is for: the columns, the bitmaps, the data.
cdef enum:
    FIRST_BITMAP = COLUMNS
    FIRST_DATA = COLUMNS + BITMAPS
    KINDS = COLUMNS + BITMAPS + DATA

cdef enum:
    CHUNK = 1024  # messages whose octets are asked for at once
    MOST_NAMES = 4096  # so many names are kept from batch to batch
    MOST_NAME_OCTETS = 1 << 18
    # Offsets are int32. A batch takes no message more once it has this many octets, and none is larger than that; nine
    # octets of a message, an enum's, may become the longest keyword.
    FULL = 1 << 29
    MOST_OCTETS = 1 << 27
    LONGEST_KEYWORD = 64

cdef uint8_t FORMS[256]
memcpy(FORMS, <const char*>tags.FORMS, 256)

cdef int widths[COLUMNS]
widths[:] = [8, 4, 1, 4, 4, 1, 4, 4, 1, 4, 4, 4, 4, 4, 4, 1, 8]

ctypedef int32_t* Numbers

cdef struct Keyword:
    int32_t number
    uint32_t start, size  # in the octets of all keywords

cdef struct Level:
    # This is around a collection.
    int32_t parent, attribute, name, index

cdef inline void put(Growing* data, Octets at, Py_ssize_t size, Py_ssize_t readable) noexcept nogil:
    """Copy octets if there is room. readable: how many there are from `at` on; most copies are of so few octets."""
    if size <= 16 and readable >= 16:
        memcpy(data.octets + data.size, at, 16)
    else:
        memcpy(data.octets + data.size, at, size)
    data.size += size


# ---- The table ----


@cython.final
cdef class Builder:
    """Builder(*, rows, limits, keywords, dictionary)
--

    Makes the columns of `schema.VALUES`.

    rows: behind the message with which a batch has this many it ends. limits: how large a message may be.
    keywords: a function that gives the numbers and keywords, as bytes, of an attribute's enum by the name's octets.
    dictionary: a function that makes the dictionary's `Array` of a list of names as bytes.
    """

    cdef Bounds bounds
    cdef object keywords_of, dictionary_of
    cdef Py_ssize_t wanted  # how many rows a batch has
    cdef Py_ssize_t size  # rows so far
    cdef Py_ssize_t capacity
    cdef Py_ssize_t usual  # capacity of the last batch
    cdef int64_t number  # the number of the next message
    cdef Pool* pool
    cdef Held* held[KINDS]
    cdef char* columns[COLUMNS]  # these are the memory of the first `held`
    cdef uint8_t* bitmaps[BITMAPS]
    cdef Py_ssize_t nulls[BITMAPS]  # rows that are not null, until the batch is done
    cdef Growing data[DATA]
    cdef Py_ssize_t usual_data[DATA]
    cdef Growing empties  # the rows of groups without attributes
    cdef Names names
    cdef Growing enums  # of struct Keyword
    cdef Growing keyword_octets
    cdef object dictionary  # the last batch's, of this many names
    cdef Py_ssize_t written
    cdef bint busy
    cdef bint failed
    cdef Scan scan  # large: not for the stack of every thread

    def __init__(self, *, rows, limits, keywords, dictionary):
        cdef Bounds bounds
        if not isinstance(limits, Limits):
            raise TypeError(f"limits is a Limits, not {type(limits).__name__}")
        # Checked once more: a tuple can be made around its class, and `levels` below has MOST_DEPTH places.
        bounds.depth, bounds.groups, bounds.attributes, bounds.values, bounds.octets = Limits(*limits)
        if bounds.octets > MOST_OCTETS:
            raise ValueError(f"limits.max_octets is at most {MOST_OCTETS:,} here, not {bounds.octets:,}")
        if self.wanted:
            raise RuntimeError("a Builder is made once")
        if type(rows) is not int or not 1 <= rows <= INT_MAX:
            raise ValueError(f"rows is an int from 1 to {INT_MAX}, not {rows!r}")
        self.pool = new_pool()
        self.wanted = rows
        self.bounds = bounds
        self.keywords_of = keywords
        self.dictionary_of = dictionary

    def __dealloc__(self):
        cdef int index
        for index in range(KINDS):
            let_go(self.held[index])
        leave_pool(self.pool)
        PyMem_RawFree(self.empties.octets)
        free_names(&self.names)
        PyMem_RawFree(self.enums.octets)
        PyMem_RawFree(self.keyword_octets.octets)

    def __len__(self):
        return self.size

    def __reduce__(self):
        raise TypeError("a Builder in its work cannot be copied or pickled")

    @property
    def is_full(self):
        """Whether the batch has as many rows as it shall have."""
        return self.full()

    cdef inline bint full(self) noexcept nogil:
        return self.size >= self.wanted or (
            self.data[TEXTS].size + self.data[BINARIES].size + self.names.octets.size >= FULL)

    def take(self, messages, start=0, /):
        """Take messages from place `start` of a list or tuple of bytes on; returns the place of the next one to take.

        It stops behind the message with which the batch is full, and before one that is no message.
        Raises TypeError for what is not bytes, and RuntimeError while it is at work.
        """
        with cython.critical_section(self):
            self.begin_work()
            try:
                if type(start) is not int or start < 0:
                    raise ValueError("a place is an int from 0 on")
                return self.take_all(tuple(messages), start)
            except BaseException:
                self.failed = True  # there may be a part of a message
                raise
            finally:
                self.busy = False

    cdef int begin_work(self) except -1:
        if self.busy:
            raise RuntimeError("this Builder is at work")
        if not self.wanted or self.failed:
            raise RuntimeError("this Builder was not made, or has failed")
        self.busy = True
        return 0

    cdef Py_ssize_t take_all(self, tuple messages, Py_ssize_t start) except -1:
        cdef Octets octets[CHUNK]
        cdef Py_ssize_t sizes[CHUNK]
        cdef Py_ssize_t count, index
        while start < len(messages):
            count = min(CHUNK, len(messages) - start)
            for index in range(count):
                message = messages[start + index]
                if type(message) is not bytes:
                    raise TypeError(f"a message is bytes here, not {type(message).__name__}")
                octets[index] = <Octets>PyBytes_AS_STRING(message)
                sizes[index] = PyBytes_GET_SIZE(message)
            index = 0
            with nogil:
                while index < count and not self.full():
                    if not self.take_one(octets[index], sizes[index]):
                        break
                    index += 1
            start += index
            if index < count:
                break
        return start

    cdef bint take_one(self, Octets octets, Py_ssize_t size) except -1 nogil:
        """Add a message's rows; False, and nothing is added, if it is none."""
        cdef Scan* scan = &self.scan
        cdef Fault fault
        cdef int state
        scan.bounds = self.bounds
        begin_scan(scan)
        while True:
            state = look(scan, octets, size, &fault)
            if state != DELIMITED:
                return False
            if not next_group(scan, octets):
                break
        self.reserve(scan.values + scan.groups, scan.attributes, scan.position)
        self.emit(octets, scan.position)
        self.number += 1
        return True

    def skip(self):
        """Count a message that has no rows."""
        with cython.critical_section(self):
            self.begin_work()
            self.number += 1
            self.busy = False

    # ---- Room ----

    cdef int reserve(self, Py_ssize_t rows, Py_ssize_t names, Py_ssize_t octets) except -1 nogil:
        """Room for a message with this many rows, names of attributes and octets, which may all be data or names."""
        if self.size + rows > self.capacity:
            self.grow_rows(rows)
        self.grow_data(TEXTS, octets)
        self.grow_data(BINARIES, octets)
        grow(&self.empties, rows * <Py_ssize_t>sizeof(int32_t))
        make_room(&self.names, names, octets)
        return 0

    cdef int grow_rows(self, Py_ssize_t rows) except -1 nogil:
        cdef Py_ssize_t capacity = max(self.size + rows, 2 * self.capacity, min(self.usual, self.wanted + 4096))
        cdef Py_ssize_t index, used, size
        capacity = (capacity + 63) & ~<Py_ssize_t>63
        for index in range(COLUMNS):
            size = (capacity + 1) * widths[index]  # one more, for the offsets of strings
            self.columns[index] = self.room(index, size)
            if index >= SPARSE:
                used = self.size * widths[index]
                memset(self.columns[index] + used, 0, size - used)
        for index in range(BITMAPS):
            used = (self.size + 7) >> 3
            self.bitmaps[index] = <uint8_t*>self.room(FIRST_BITMAP + index, capacity >> 3)
            memset(self.bitmaps[index] + used, 0, (capacity >> 3) - used)
        if self.capacity == 0:
            (<Numbers>self.columns[STRING])[0] = 0
            (<Numbers>self.columns[OCTETS])[0] = 0
        self.capacity = capacity
        return 0

    cdef char* room(self, int kind, Py_ssize_t size) except NULL nogil:
        """Memory of that size, with what is in it so far."""
        cdef Held* held = room_of(self.pool, kind, self.held[kind], size)
        if held == NULL:
            with gil:
                raise MemoryError
        self.held[kind] = held
        return <char*>held.memory

    cdef int grow_data(self, int which, Py_ssize_t more) except -1 nogil:
        """Room for this many octets more, and for SLACK behind them."""
        cdef Growing* data = &self.data[which]
        cdef Py_ssize_t capacity = data.size + more + SLACK
        if capacity > data.capacity:
            data.octets = self.room(FIRST_DATA + which, max(capacity, 2 * data.capacity, self.usual_data[which]))
            data.capacity = self.held[FIRST_DATA + which].room
        return 0

    # ---- Names ----

    cdef int learn(self, int32_t number) except -1 with gil:
        """Ask for the keywords of a name's enum."""
        cdef Name* name = <Name*>self.names.each.octets + number
        cdef Keyword keyword
        cdef Py_ssize_t start = self.enums.size // <Py_ssize_t>sizeof(Keyword), size
        cdef int32_t value
        cdef bytes octets
        found = dict(self.keywords_of((<const char*>self.names.octets.octets + name.start)[:name.size]))
        grow(&self.enums, len(found) * <Py_ssize_t>sizeof(Keyword))
        for value, octets in found.items():
            size = PyBytes_GET_SIZE(octets)
            if size > LONGEST_KEYWORD:
                raise ValueError(f"a keyword of {size} octets")
            grow(&self.keyword_octets, size)
            grow(&self.enums, sizeof(Keyword))
            keyword.number = value
            keyword.start = <uint32_t>self.keyword_octets.size
            keyword.size = <uint32_t>size
            memcpy(self.keyword_octets.octets + self.keyword_octets.size, PyBytes_AS_STRING(octets), size)
            self.keyword_octets.size += size
            memcpy(self.enums.octets + self.enums.size, &keyword, sizeof(Keyword))
            self.enums.size += sizeof(Keyword)
        name.enums_end = <int32_t>(self.enums.size // <Py_ssize_t>sizeof(Keyword))
        name.enums = <int32_t>start
        return 0

    cdef bint put_keyword(self, int32_t number, int32_t value, Py_ssize_t left) except -1 nogil:
        """Put the keyword of an enum's number with the strings; False if it has none. left: room to keep after it."""
        cdef Name* name = <Name*>self.names.each.octets + number
        cdef Keyword* keyword
        cdef int32_t index
        if name.enums == ENUMS_UNKNOWN:
            self.learn(number)
        for index in range(name.enums, name.enums_end):
            keyword = <Keyword*>self.enums.octets + index
            if keyword.number == value:
                self.grow_data(TEXTS, keyword.size + left)
                put(&self.data[TEXTS], <Octets>self.keyword_octets.octets + keyword.start, keyword.size, SLACK)
                return True
        return False

    # ---- Rows ----

    cdef int emit(self, Octets octets, Py_ssize_t size) except -1 nogil:
        """Write the rows of a message that the scan has taken; there is room."""
        cdef Octets at = octets + 8
        cdef Octets end = octets + size
        cdef Octets value
        cdef char* columns[COLUMNS]  # of our own: what is written to columns could be any field of `self`
        cdef Level levels[MOST_DEPTH + 1]
        cdef Level here
        cdef Level* outer
        cdef Py_ssize_t row = self.size, first = self.size, length
        cdef int32_t group = -1, attributes = 0, number
        cdef int depth = 0, bit
        cdef uint8_t tag, form, group_tag = 0
        cdef bint bare = False  # whether the group has no attribute yet
        cdef int64_t milliseconds
        cdef Growing* texts = &self.data[TEXTS]
        cdef Growing* binaries = &self.data[BINARIES]
        memcpy(columns, self.columns, sizeof(columns))
        here.parent = here.attribute = here.name = here.index = 0
        while True:
            tag = at[0]
            if tag < 0x10:
                if bare:  # a group without attributes is a row too
                    self.head(columns, row, group, group_tag, &here, 0, 0)
                    (<Numbers>columns[STRING])[row + 1] = <int32_t>texts.size
                    (<Numbers>columns[OCTETS])[row + 1] = <int32_t>binaries.size
                    (<Numbers>self.empties.octets)[self.empties.size >> 2] = <int32_t>row
                    self.empties.size += 4
                    row += 1
                if tag == 0x03:
                    break
                group += 1
                group_tag = tag
                bare = True
                here.parent = here.attribute = here.name = here.index = 0
                at += 1
                continue
            length = be16(at + 1)
            if length:
                here.name = name_of(&self.names, at + 3, length)
                here.attribute = attributes
                here.index = 0
                attributes += 1
                bare = False
                at += length
            elif tag == 0x4A:  # the name of a member, whose values follow (RFC 8010 section 3.1.7)
                length = be16(at + 3)
                here.name = name_of(&self.names, at + 5, length)
                here.attribute = attributes
                here.index = -1
                attributes += 1
                at += 5 + length
                continue
            elif tag == 0x37:
                depth -= 1
                here = levels[depth]
                at += 5
                continue
            else:
                here.index += 1
            length = be16(at + 3)
            value = at + 5
            at = value + length
            self.head(columns, row, group, group_tag, &here, depth, tag)
            bit = 1 << (row & 7)
            if depth:
                self.mark(HAS_PARENT, row, bit)
            form = FORMS[tag]
            if form == WORD or form == TEXT:
                if is_text(value, length):
                    put(texts, value, length, end - value)
                    self.mark(HAS_STRING, row, bit)
                else:
                    self.put_octets(value, length, row, bit)
            elif form == INTEGER and length == 4:
                number = be32(value)
                (<Numbers>columns[NUMBER])[row] = number
                self.mark(HAS_INTEGER, row, bit)
                if tag == 0x23 and self.put_keyword(here.name, number, end - at):
                    self.mark(HAS_STRING, row, bit)
            elif form == BOOLEAN and length == 1 and value[0] <= 1:
                (<Numbers>columns[NUMBER])[row] = value[0]
                self.mark(HAS_INTEGER, row, bit)
            elif form == COLLECTION:
                outer = &levels[depth]
                outer[0] = here
                depth += 1
                here.parent = <int32_t>(row - first)
            elif form == RANGE_OF_INTEGER and length == 8:
                (<Numbers>columns[NUMBER])[row] = be32(value)
                (<Numbers>columns[UPPER])[row] = be32(value + 4)
                self.mark(HAS_INTEGER, row, bit)
                self.mark(HAS_UPPER, row, bit)
            elif form == RESOLUTION and length == 9:
                (<Numbers>columns[CROSS_FEED])[row] = be32(value)
                (<Numbers>columns[FEED])[row] = be32(value + 4)
                (<int8_t*>columns[UNITS])[row] = <int8_t>value[8]
                self.mark(HAS_RESOLUTION, row, bit)
            elif form == OUT_OF_BAND and length == 0:
                pass  # an out-of-band value is its tag (RFC 8010 section 3.8)
            else:
                self.put_octets(value, length, row, bit)
                if form == DATE_TIME and length == 11:
                    milliseconds = moment(value)
                    if milliseconds != INT64_MIN:
                        (<int64_t*>columns[TIMESTAMP])[row] = milliseconds
                        self.mark(HAS_TIMESTAMP, row, bit)
                elif form == WITH_LANGUAGE and length >= 4:
                    self.put_with_language(value, length, row, bit)
            (<Numbers>columns[STRING])[row + 1] = <int32_t>texts.size
            (<Numbers>columns[OCTETS])[row + 1] = <int32_t>binaries.size
            row += 1
        self.size = row
        return 0

    cdef inline void head(
        self, char** columns, Py_ssize_t row, int32_t group, uint8_t group_tag, Level* here, int depth, uint8_t tag
    ) noexcept nogil:
        """What every row has."""
        (<int64_t*>columns[MESSAGE])[row] = self.number
        (<Numbers>columns[GROUP])[row] = group
        (<uint8_t*>columns[GROUP_TAG])[row] = group_tag
        (<Numbers>columns[ATTRIBUTE])[row] = here.attribute
        (<Numbers>columns[PARENT])[row] = here.parent
        (<uint8_t*>columns[DEPTH])[row] = <uint8_t>depth
        (<Numbers>columns[NAME])[row] = here.name
        (<Numbers>columns[INDEX])[row] = here.index
        (<uint8_t*>columns[TAG])[row] = tag

    cdef inline void mark(self, int which, Py_ssize_t row, int bit) noexcept nogil:
        self.bitmaps[which][row >> 3] |= bit
        self.nulls[which] += 1

    cdef inline void put_octets(self, Octets value, Py_ssize_t length, Py_ssize_t row, int bit) noexcept nogil:
        put(&self.data[BINARIES], value, length, 0)
        self.mark(HAS_OCTETS, row, bit)

    cdef inline void put_with_language(self, Octets value, Py_ssize_t length, Py_ssize_t row, int bit) noexcept nogil:
        """The string alone, if the two fill the value exactly (RFC 8010 section 3.9)."""
        cdef Py_ssize_t at = 2 + be16(value), size
        if at + 2 > length:
            return
        size = be16(value + at)
        at += 2
        if at + size == length and is_text(value + at, size):
            put(&self.data[TEXTS], value + at, size, 0)
            self.mark(HAS_STRING, row, bit)

    # ---- The batch ----

    def finish(self):
        """The batch as an `Array`, and begin the next."""
        with cython.critical_section(self):
            self.begin_work()
            try:
                return self.finished()
            except BaseException:
                self.failed = True
                raise
            finally:
                self.busy = False

    cdef object finished(self):
        cdef Py_ssize_t size = self.size
        cdef int index
        cdef list blocks = [], bitmaps = [], columns = []
        self.nothing()
        dictionary = self.dictionary_now()
        attributes = self.attribute_bitmap()
        self.usual = self.size + (self.size >> 3)
        for index in range(COLUMNS):
            blocks.append(self.block(index, (size + (index == STRING or index == OCTETS)) * widths[index]))
        for index in range(BITMAPS):
            bitmaps.append((size - self.nulls[index], self.block(FIRST_BITMAP + index, (size + 7) >> 3)))
            self.nulls[index] = 0
        texts, binaries = self.data_block(TEXTS), self.data_block(BINARIES)
        plain = (0, None)

        def column(which, block, *rest, dictionary=None):
            return Array(size, which[0], (which[1], block, *rest), (), dictionary)

        columns = [
            column(plain, blocks[MESSAGE]),
            column(plain, blocks[GROUP]),
            column(plain, blocks[GROUP_TAG]),
            column(attributes, blocks[ATTRIBUTE]),
            column(bitmaps[HAS_PARENT], blocks[PARENT]),
            column(plain, blocks[DEPTH]),
            column(attributes, blocks[NAME], dictionary=dictionary),
            column(attributes, blocks[INDEX]),
            column(attributes, blocks[TAG]),
            column(bitmaps[HAS_INTEGER], blocks[NUMBER]),
            column(bitmaps[HAS_UPPER], blocks[UPPER]),
            column(bitmaps[HAS_RESOLUTION], blocks[CROSS_FEED]),
            column(bitmaps[HAS_RESOLUTION], blocks[FEED]),
            column(bitmaps[HAS_RESOLUTION], blocks[UNITS]),
            column(bitmaps[HAS_STRING], blocks[STRING], texts),
            column(bitmaps[HAS_OCTETS], blocks[OCTETS], binaries),
            column(bitmaps[HAS_TIMESTAMP], blocks[TIMESTAMP]),
        ]
        self.size = self.capacity = 0
        self.empties.size = 0
        return Array(size, 0, (None,), tuple(columns))

    cdef int nothing(self) except -1:
        """Room, though for no row."""
        if self.capacity == 0:
            self.grow_rows(1)
        self.grow_data(TEXTS, 1)
        self.grow_data(BINARIES, 1)
        return 0

    cdef Block block(self, int kind, Py_ssize_t size):
        """So much of the memory of a kind, which is the batch's from now on."""
        cdef Held* held = self.held[kind]
        self.held[kind] = NULL
        return block_of(held, size)

    cdef Block data_block(self, int which):
        cdef Py_ssize_t size = self.data[which].size
        self.data[which].octets = NULL
        self.data[which].size = self.data[which].capacity = 0
        self.usual_data[which] = size + (size >> 3)
        return self.block(FIRST_DATA + which, size)

    cdef tuple attribute_bitmap(self):
        """Which rows have an attribute: all, if no group is empty."""
        cdef Py_ssize_t count = self.empties.size >> 2, index
        cdef int32_t row
        cdef uint8_t* made
        if count == 0:
            return 0, None
        made = <uint8_t*>PyMem_RawMalloc((self.size + 7) >> 3)
        if made == NULL:
            raise MemoryError
        memset(made, 0xFF, (self.size + 7) >> 3)
        if self.size & 7:
            made[self.size >> 3] = <uint8_t>((1 << (self.size & 7)) - 1)
        for index in range(count):
            row = (<Numbers>self.empties.octets)[index]
            made[row >> 3] &= ~(1 << (row & 7))
        return count, block_of(hold_memory(made), (self.size + 7) >> 3)

    cdef object dictionary_now(self):
        """The dictionary of the batch's names; those of earlier batches are in it, as long as they are few."""
        cdef Py_ssize_t known = count_of(&self.names), index
        cdef Name* name
        cdef list names
        dictionary = self.dictionary
        if dictionary is None or self.written != known:
            names = []
            for index in range(known):
                name = <Name*>self.names.each.octets + index
                names.append((<const char*>self.names.octets.octets + name.start)[:name.size])
            dictionary = self.dictionary_of(names)
            self.dictionary = dictionary
            self.written = known
        if known > MOST_NAMES or self.names.octets.size > MOST_NAME_OCTETS:
            forget(&self.names)
            self.enums.size = self.keyword_octets.size = 0
            self.dictionary = None
        return dictionary
