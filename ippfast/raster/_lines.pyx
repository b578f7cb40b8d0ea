# cython: boundscheck=False, wraparound=False, cdivision=True, binding=False
# cython: embedsignature=True, embedsignature.format=clinic
#
# The compiled twin of what makes and takes apart the lines of a raster page (PWG 5102.4 section 4.4).
#
# The rule of this file: it does what `_lines_py.py` does, octet for octet, and keeps no state. Nothing of Python is
# touched between the check of the arguments and the result, and the GIL is let go for that time.

from cpython.buffer cimport PyBUF_SIMPLE, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcmp, memcpy, memset

cdef extern from *:
    """
    #if defined(_MSC_VER)
    #include <intrin.h>
    #endif
    #if (defined(__SSE2__) || defined(_M_X64)) && !defined(IPPFAST_PLAIN)
    #define IPPFAST_SSE2
    #include <emmintrin.h>
    #endif

    /* Reads eight octets as a number; the first octet is its lowest, on every machine. */
    static inline uint64_t eight(const uint8_t* at) {
        uint64_t word;
        memcpy(&word, at, 8);
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
    #endif
        return word;
    }

    /* Writes a number as eight octets, the lowest first, on every machine. */
    static inline void put_eight(uint8_t* at, uint64_t word) {
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
    #endif
        memcpy(at, &word, 8);
    }

    /* Tells which bit, counted from the lowest, is the first that is set. At least one must be set. */
    static inline Py_ssize_t first_bit(uint64_t bits) {
    #if defined(__GNUC__)
        return __builtin_ctzll(bits);
    #elif defined(_MSC_VER) && defined(_WIN64)
        unsigned long bit;
        _BitScanForward64(&bit, bits);
        return bit;
    #else
        Py_ssize_t bit = 0;
        while (!(bits & 1)) {
            bits >>= 1;
            bit++;
        }
        return bit;
    #endif
    }

    /* Tells which octet, counted from the first, has the lowest bit that is set. At least one bit must be set. */
    static inline Py_ssize_t first_octet(uint64_t bits) {
        return first_bit(bits) >> 3;
    }

    #define EACH_THIRD UINT64_C(0x1249249249249249)  /* every third bit, but not the last, whose unit is cut off */

    /* Tells which of 64 octets are the same as the one `unit` octets on: the lowest bit for the first. */
    static inline uint64_t alike(const uint8_t* at, Py_ssize_t unit) {
        uint64_t bits = 0;
        int part;
    #if defined(IPPFAST_SSE2)
        for (part = 0; part < 64; part += 16) {
            __m128i one = _mm_loadu_si128((const __m128i*)(at + part));
            __m128i other = _mm_loadu_si128((const __m128i*)(at + part + unit));
            bits |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(one, other)) << part;
        }
    #else
        for (part = 0; part < 64; part += 8) {
            uint64_t word = eight(at + part) ^ eight(at + part + unit), low = 0x7f7f7f7f7f7f7f7fu;
            word = ~(((word & low) + low) | word | low);                          /* the high bit of each octet of 0 */
            bits |= ((word >> 7) * 0x0102040810204080u >> 56) << part;            /* these bits side by side */
        }
    #endif
        return bits;
    }

    /* Tells whether any of 64 octets differ. */
    static inline int differ(const uint8_t* one, const uint8_t* other) {
    #if defined(__GNUC__)
        typedef uint64_t two __attribute__((vector_size(16), aligned(1), may_alias));
        const two* a = (const two*)one;
        const two* b = (const two*)other;
        two bits = (a[0] ^ b[0]) | (a[1] ^ b[1]) | (a[2] ^ b[2]) | (a[3] ^ b[3]);
        return (bits[0] | bits[1]) != 0;
    #else
        return memcmp(one, other, 64) != 0;
    #endif
    }

    /* Bits are set in the first octet that is 0, in none before it, and perhaps in some after it. */
    static inline uint64_t zero_octet(uint64_t word) {
        return (word - 0x0101010101010101u) & ~word & 0x8080808080808080u;
    }
    """
    uint64_t eight(const uint8_t* at) nogil
    void put_eight(uint8_t* at, uint64_t word) nogil
    int differ(const uint8_t* one, const uint8_t* other) nogil
    Py_ssize_t first_bit(uint64_t bits) nogil
    Py_ssize_t first_octet(uint64_t bits) nogil
    uint64_t alike(const uint8_t* at, Py_ssize_t unit) nogil
    const uint64_t EACH_THIRD
    uint64_t zero_octet(uint64_t word) nogil

ctypedef const uint8_t* Octets

cdef enum:
    MOST_UNITS = 128  # a code is for so many at most
    MOST_REPEATS = 256
    SLACK = 16  # octets that may be written behind the last code
    AHEAD = 80  # octets that are read for a look at 64, and when codes are copied from these
    WIDE = 64  # with so many octets before both ends a short code is taken without a look at its size
    ROOM_BESIDE = 3 + SLACK  # a line takes no more than its own octets, one for each 128 units, and this many


# ---- Making lines ----


cdef inline Py_ssize_t equal_octets(Octets one, Octets other, Py_ssize_t size) noexcept nogil:
    """Count the octets that are the same before the first that differs."""
    cdef Py_ssize_t at = 0
    cdef uint64_t bits
    if size >= 8:  # most runs are short
        bits = eight(one) ^ eight(other)
        if bits:
            return first_octet(bits)
        at = 8
    while at + 64 <= size and not differ(one + at, other + at):
        at += 64
    while at + 8 <= size:
        bits = eight(one + at) ^ eight(other + at)
        if bits:
            return at + first_octet(bits)
        at += 8
    while at < size and one[at] == other[at]:
        at += 1
    return at


cdef inline Py_ssize_t repeated_octet(Octets at, Octets end) noexcept nogil:
    """Return the place of the first octet that comes three times in a row; the line's end if there is none."""
    cdef Octets here = at
    cdef uint64_t zero
    while end - here >= 10:
        zero = zero_octet((eight(here) ^ eight(here + 1)) | (eight(here + 1) ^ eight(here + 2)))
        if zero:
            return here - at + first_octet(zero)
        here += 8
    while end - here >= 3:
        if here[0] == here[1] and here[1] == here[2]:
            return here - at
        here += 1
    return end - at


cdef inline Py_ssize_t repeated_three(Octets at, Octets end) noexcept nogil:
    """Return the place of the first unit of three octets that comes twice in a row; the line's end if there is none."""
    cdef Octets here = at
    cdef uint64_t bits
    while end - here >= 11:
        bits = eight(here) ^ eight(here + 3)
        if not bits & 0xFFFFFF:
            return here - at
        if not bits & <uint64_t>0xFFFFFF000000:
            return here - at + 3
        here += 6
    while end - here >= 6:
        if here[0] == here[3] and here[1] == here[4] and here[2] == here[5]:
            return here - at
        here += 3
    return end - at


cdef inline Py_ssize_t repeated_unit(Octets at, Octets end, Py_ssize_t unit) noexcept nogil:
    """Return the place of the first unit that comes twice in a row; the line's end if there is none."""
    cdef Octets here = at
    while end - here >= 2 * unit:
        if memcmp(here, here + unit, unit) == 0:
            return here - at
        here += unit
    return end - at


cdef inline void put_octets(Octets at, Py_ssize_t size, int times, uint8_t* out) noexcept nogil:
    """Copy octets, each so many times, 1 or 3; if 3, one more octet is written."""
    cdef Py_ssize_t place
    cdef uint32_t word
    if times == 1:
        memcpy(out, at, size)
    else:
        for place in range(size):
            word = at[place] * <uint32_t>0x01010101
            memcpy(out + 3 * place, &word, 4)


cdef inline uint64_t beginnings(
    Octets at, Py_ssize_t left, Py_ssize_t unit, int times, uint64_t* in_runs
) noexcept nogil:
    """Tell where in 64 octets codes begin, behind the one that begins with the first octet: a bit for each.

    left: so many octets are of the line. unit: 1 or 3. in_runs: gets a bit for the first octet of each unit in a run
    that is the same as the next unit. The lowest bits are of the first octets. Behind a code that does not end in these
    octets none begins.
    """
    cdef uint64_t same = alike(at, unit), runs, begins
    if left - unit < 64:
        same &= (<uint64_t>1 << (left - unit)) - 1
    if unit == 3:
        runs = same & same >> 1 & same >> 2 & EACH_THIRD
    elif times == 3:
        runs = same
    else:
        runs = same & same >> 1  # three octets are a run, two are none
        runs |= runs << 1
    begins = runs & ~(runs << unit) | (~runs & runs << unit) << unit
    if left < 64:
        begins |= <uint64_t>1 << left  # the end of the line
    in_runs[0] = runs
    return begins & ~<uint64_t>1


cdef inline uint8_t* put_line(Octets at, Octets end, Py_ssize_t unit, int times, uint8_t* out) noexcept nogil:
    """Write the codes of a line, and return the place of the octet after them. times: as in `put_octets`."""
    cdef Py_ssize_t size, count, left, begin, after, fewest = 3 if unit * times == 1 else 2
    cdef uint64_t runs, begins
    cdef uint8_t rest[AHEAD]
    cdef Octets here
    cdef bint run
    while at < end:
        if unit == 1 or unit == 3:
            # One look at 64 octets tells where the codes in them begin. So no code waits until the one before it is
            # known, and nothing branches on whether it is a run, which a processor guesses wrong half of the time.
            left, here = end - at, at
            if left < AHEAD:
                memcpy(rest, at, left)
                here = rest
            begins = beginnings(here, left, unit, times, &runs)
            begin = 0
            while begins:
                after = first_bit(begins)
                begins &= begins - 1
                size = after - begin
                count = size // unit
                run = runs >> begin & 1
                out[0] = <uint8_t>(count - 1 if run else 257 - count)
                if times == 3:
                    put_octets(here + begin, 1 if run else size, 3, out + 1)
                    out += 1 + 3 * (1 if run else size)
                    begin = after
                    continue
                memcpy(out + 1, here + begin, 16)  # a size that is known needs no call
                if size > 16 and not run:
                    memcpy(out + 17, here + begin + 16, 16)
                    if size > 32:
                        memcpy(out + 33, here + begin + 32, 16)
                        if size > 48:
                            memcpy(out + 49, here + begin + 48, 16)
                out += 1 + (unit if run else size)
                begin = after
            at += begin
            if at == end:
                break
            if begin and not runs >> begin & 1:
                continue
        # The code that begins here does not end in these 64 octets, or its unit is another one.
        if unit * times == 1:
            size = repeated_octet(at, end)
        elif unit == 3:
            size = repeated_three(at, end)
        else:
            size = repeated_unit(at, end, unit)
        while size:
            count = size // unit
            if count > MOST_UNITS:
                count = MOST_UNITS
            out[0] = <uint8_t>(257 - count) if count > 1 else 0
            put_octets(at, count * unit, times, out + 1)
            out += 1 + count * unit * times
            at += count * unit
            size -= count * unit
        if at == end:
            break
        count = 1 + equal_octets(at, at + unit, end - at - unit) // unit
        while count >= fewest:
            size = count if count < MOST_UNITS else MOST_UNITS
            out[0] = <uint8_t>(size - 1)
            put_octets(at, unit, times, out + 1)
            out += 1 + unit * times
            at += size * unit
            count -= size
    return out


cdef inline uint8_t reversed_bits(uint8_t octet) noexcept nogil:
    cdef unsigned int bits = octet
    bits = (bits & 0x0F) << 4 | bits >> 4
    bits = (bits & 0x33) << 2 | (bits >> 2) & 0x33
    return <uint8_t>((bits & 0x55) << 1 | (bits >> 1) & 0x55)


cdef inline void mirror_line(Octets line, Py_ssize_t size, Py_ssize_t unit, int spare, uint8_t* out) noexcept nogil:
    cdef Py_ssize_t at
    if spare >= 0:
        for at in range(size):
            out[at] = reversed_bits(line[size - 1 - at])
        if spare:
            for at in range(size - 1):
                out[at] = <uint8_t>(out[at] << spare | out[at + 1] >> (8 - spare))
            out[size - 1] = <uint8_t>(out[size - 1] << spare)
    elif unit == 1:
        for at in range(size):
            out[at] = line[size - 1 - at]
    elif unit == 3:
        for at in range(0, size, 3):
            out[at] = line[size - 3 - at]
            out[at + 1] = line[size - 2 - at]
            out[at + 2] = line[size - 1 - at]
    else:
        at = 0
        while at < size:
            memcpy(out + at, line + size - unit - at, unit)
            at += unit


cdef Py_ssize_t put_lines(
    Octets at, Py_ssize_t rows, Py_ssize_t step, Py_ssize_t line, Py_ssize_t unit, int times, int spare,
    uint8_t* turned, uint8_t** out, uint8_t* last
) noexcept nogil:
    """Write at most `rows` lines, each `step` octets after the one before, until `out` passes `last`. Returns how many.

    turned: a line's octets to mirror each line in, NULL if they are not to be mirrored.
    """
    cdef Py_ssize_t repeats, left = rows
    cdef Octets source
    while left and out[0] <= last:
        repeats = 1
        while repeats < MOST_REPEATS and repeats < left and memcmp(at, at + repeats * step, line) == 0:
            repeats += 1
        out[0][0] = <uint8_t>(repeats - 1)
        source = at
        if turned != NULL:
            mirror_line(at, line, unit, spare, turned)
            source = turned
        if times == 3:  # each is compiled for its unit
            out[0] = put_line(source, source + line, 1, 3, out[0] + 1)
        elif unit == 1:
            out[0] = put_line(source, source + line, 1, 1, out[0] + 1)
        elif unit == 3:
            out[0] = put_line(source, source + line, 3, 1, out[0] + 1)
        else:
            out[0] = put_line(source, source + line, unit, 1, out[0] + 1)
        at += repeats * step
        left -= repeats
    return rows - left


cdef int check(Py_ssize_t line, Py_ssize_t unit) except -1:
    if line < 1 or unit < 1 or line % unit:
        raise ValueError("a line is one unit or more")
    return 0


def encode(
    pixels, Py_ssize_t done, out, Py_ssize_t line, Py_ssize_t stride, Py_ssize_t unit, bint mirror, int spare,
    bint upward, int times=1
):
    """As `_lines_py.encode`."""
    cdef Py_buffer view, target
    cdef Py_ssize_t rows, step, room
    cdef Octets first
    cdef uint8_t* turned = NULL
    cdef uint8_t* end
    check(line, unit)
    if stride < line or not -1 <= spare <= 7 or done < 0:
        raise ValueError("a stride is a line or more")
    if times != 1 and (times != 3 or unit != 1):
        raise ValueError("an octet becomes one or three")
    room = line * times + line // unit // MOST_UNITS + ROOM_BESIDE
    PyObject_GetBuffer(pixels, &view, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(out, &target, PyBUF_WRITABLE)
        try:
            if target.len < room:
                raise ValueError("no room for a line")
            rows = 0 if view.len < line else (view.len - line) // stride + 1
            if done >= rows:
                return done, 0
            step = -stride if upward else stride
            first = <Octets>view.buf + (rows - 1 - done if upward else done) * stride
            if mirror:
                turned = <uint8_t*>malloc(line)
                if turned == NULL:
                    raise MemoryError
            end = <uint8_t*>target.buf
            with nogil:
                done += put_lines(
                    first, rows - done, step, line, unit, times, spare, turned, &end, end + (target.len - room)
                )
            return done, end - <uint8_t*>target.buf
        finally:
            free(turned)
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&view)


# ---- Taking lines apart ----


cdef inline void repeat(Octets at, Py_ssize_t unit, uint8_t* out, Py_ssize_t size) noexcept nogil:
    """Fill `size` octets, a multiple of `unit`, with one unit."""
    cdef Py_ssize_t done
    if unit == 1:
        memset(out, at[0], size)
        return
    memcpy(out, at, unit)
    done = unit
    while done < size:
        memcpy(out + done, out, done if done < size - done else size - done)
        done *= 2


cdef inline void repeat_octet(uint8_t octet, uint8_t* out, Py_ssize_t size) noexcept nogil:
    """Fill `size` octets, and up to 16 more, with one."""
    cdef uint64_t word = octet * <uint64_t>0x0101010101010101
    put_eight(out, word)
    put_eight(out + 8, word)
    if size > 16:
        memset(out, octet, size)


cdef inline void repeat_three(Octets at, uint8_t* out, Py_ssize_t size) noexcept nogil:
    """Fill `size` octets, a multiple of three, and up to 26 more, with a unit of three; eight may be read there."""
    cdef uint64_t word = eight(at) & 0xFFFFFF
    cdef Py_ssize_t done = 12
    word |= word << 24 | word << 48  # of which two units count, and the next ones are written over the rest
    put_eight(out, word)
    put_eight(out + 6, word)
    while done < size:
        put_eight(out + done, word)
        put_eight(out + done + 6, word)
        put_eight(out + done + 12, word)
        put_eight(out + done + 18, word)
        done += 24


cdef Octets take_line(Octets at, Octets end, uint8_t* out, Py_ssize_t line, Py_ssize_t unit, int white) noexcept nogil:
    """Write the line whose codes begin at `at`, and return their end; NULL if they are not complete."""
    cdef Py_ssize_t size
    cdef bint wide
    cdef int code
    while line:
        if at == end:
            return NULL
        code = at[0]
        at += 1
        if code == 128:
            memset(out, white, line)
            return at
        # Most codes are short, and no two of the same size follow each other. What is written behind them is written
        # over by the next ones.
        wide = line >= WIDE and end - at >= WIDE
        if code > 128:
            size = (257 - code) * unit
            if wide and size <= WIDE:
                memcpy(out, at, WIDE)  # a size that is known needs no call
            else:
                if size > line:
                    size = line
                if end - at < size:
                    return NULL
                memcpy(out, at, size)
            at += size
        else:
            size = (code + 1) * unit
            if wide and unit == 3 and size + 26 <= line:
                repeat_three(at, out, size)
            elif wide and unit == 1 and size + 16 <= line:
                repeat_octet(at[0], out, size)
            else:
                if size > line:
                    size = line
                if end - at < unit:
                    return NULL
                repeat(at, unit, out, size)
            at += unit
        out += size
        line -= size
    return at


def decode(
    data, Py_ssize_t at, Py_ssize_t end, out, Py_ssize_t line, Py_ssize_t unit, int white, Py_ssize_t left,
    Py_ssize_t again, Py_ssize_t alike
):
    """As `_lines_py.decode`."""
    cdef Py_buffer view, target
    cdef Octets here
    cdef Octets after
    cdef Octets last
    cdef uint8_t* place
    cdef Py_ssize_t room, rows = 0, times, written, filled, one, same = 0
    check(line, unit)
    if at < 0 or not 0 <= white <= 255:
        raise ValueError("a place is 0 or more")
    if left < 0 or not 0 <= again <= left or alike < 0:
        raise ValueError("a number of lines is 0 or more")
    PyObject_GetBuffer(data, &view, PyBUF_SIMPLE)
    try:
        PyObject_GetBuffer(out, &target, PyBUF_WRITABLE)
        try:
            end = min(end, view.len)
            room = min(target.len // line, left)
            alike = min(alike, target.len // line)
            if at >= end:
                return at, 0, again, 0
            with nogil:
                here, last = <Octets>view.buf + at, <Octets>view.buf + end
                place = <uint8_t*>target.buf
                while rows < room and here < last:
                    after = take_line(here + 1, last, place, line, unit, white)
                    if after == NULL:
                        break
                    times = min(again if again else here[0] + 1, left - rows)
                    written = min(times, room - rows)
                    if same == rows and (rows == 0 or memcmp(place - line, place, line) == 0):
                        same += written
                    filled = 1
                    if rows + 1 < alike and memcmp(place, place + line, line) == 0:
                        filled = min(alike - rows, written)
                    if filled < written:
                        one = line if equal_octets(place, place + 1, line - 1) < line - 1 else 1
                        repeat(place, one, place + filled * line, (written - filled) * line)
                    place += written * line
                    rows += written
                    again = times - written
                    if again == 0:
                        here = after
            return here - <Octets>view.buf, rows, again, same
        finally:
            PyBuffer_Release(&target)
    finally:
        PyBuffer_Release(&view)
