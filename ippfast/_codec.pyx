# cython: boundscheck=False, wraparound=False, binding=False, embedsignature=True, embedsignature.format=clinic
#
# The compiled twin: octets to `Message` and back.
#
# The rule of this file: it does what `_codec_py.py` does, function by function, and defines nothing that the other
# lacks. Classes and words stand once: in `_attribute.py` and `_message.py` (compiled as `_attribute_c` and
# `_message_c`), and in `errors.py`.
#
# One pass (`advance`) checks all framing and notes where each group begins and ends. After it nothing can fail, so
# groups are unpacked when they are read, by `_wire.pyx`. `_encode.pyx` goes the other way.

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_XDECREF
from libc.stdint cimport uint32_t
from libc.string cimport memcpy

from ._attribute_c cimport Attribute, AttributeGroup, Collection
from ._message_c cimport Message
from ._wire cimport (
    IPPFAST_LOCKED, Octets, Wire, _PyBytes_Resize, be16, be32, cut_bytes, give_group, new_bytes, new_list, own,
    put_last, unlikely,
)

# As C variables: a look-up in the module's dictionary costs as much as a small value.
cdef object DEFAULT_LIMITS, REQUEST_LIMITS, Limits

from ._encode import encode  # no-cython-lint
from ._walk import walk  # no-cython-lint
from .errors import find_cut, octets_needed, raise_fault
from .limits import DEFAULT_LIMITS, MAX_DEPTH, REQUEST_LIMITS, Limits

# What is cimported has no name in Python yet.
globals().update(Attribute=Attribute, AttributeGroup=AttributeGroup, Collection=Collection, Message=Message)

if MOST_DEPTH != MAX_DEPTH:
    raise ImportError("the compiled parts of ippfast do not belong together: build them again")

cdef Bounds DEFAULT


cdef int read_bounds(object limits, Bounds* bounds) except -1:
    if limits is None or limits is DEFAULT_LIMITS:
        bounds[0] = DEFAULT
        return 0
    if not isinstance(limits, Limits):
        raise TypeError(f"limits is a Limits, not {type(limits).__name__}")
    # Checked once more: a tuple can be made around its class, and `members_at` below has MOST_DEPTH places.
    bounds.depth, bounds.groups, bounds.attributes, bounds.values, bounds.octets = (
        limits if limits is REQUEST_LIMITS else Limits(*limits)
    )
    return 0

DEFAULT.depth, DEFAULT.groups, DEFAULT.attributes, DEFAULT.values, DEFAULT.octets = DEFAULT_LIMITS


cdef void begin(Scan* scan, Wire wire, list groups) noexcept:
    scan.wire = <PyObject*>wire
    scan.found = <PyObject*>groups
    scan.wanted = scan.position = scan.start = scan.groups = scan.attributes = scan.values = 0
    scan.attribute_at = -1
    scan.group = scan.depth = scan.expect = 0


cdef int end_group(Scan* scan) except -1:
    cdef AttributeGroup group
    if scan.group == 0:
        return 0
    group = AttributeGroup.__new__(AttributeGroup)
    group._tag = scan.group
    group._wire = <Wire>scan.wire
    group._start = <int>scan.start
    group._end = <int>scan.position
    group._sliced = True
    if scan.named >= WORTH_INDEXING:
        group._index = PyBytes_FromStringAndSize(<char*>scan.begins, min(scan.named, <uint32_t>INDEXED) * 4)
    return put_last(<list>scan.found, give_group(group))


cdef bint advance(Scan* scan, Octets octets, Py_ssize_t available) except -1:
    """Go on from `position`. True: the message ends at `position`. False: there must be more octets.

    Finds the groups of a message and checks all framing (RFC 8010 section 3.1).
    """
    cdef Py_ssize_t size = min(available, scan.bounds.octets)
    if scan.position == 0:
        if size < 8:
            return False
        scan.position = 8
    cdef Octets token = octets + scan.position
    cdef Octets end = octets + size
    cdef Octets at
    # What nearly every token reads or changes, in registers.
    cdef Py_ssize_t values = scan.values, attributes = scan.attributes, attribute_at = scan.attribute_at
    cdef int depth = scan.depth, expect = scan.expect
    cdef uint32_t named = scan.named
    cdef int kind = 0  # of the fault
    cdef bint complete = False
    cdef Py_ssize_t number = 0, place = -1
    cdef unsigned int tag = 0, name_length, length
    if scan.group == 0 and token < end and token[0] >= 0x10:  # it can only be so before the first delimiter
        tag = token[0]
        kind = VALUE_BEFORE_GROUP
        end = token
    while token < end:
        tag = token[0]
        if tag < 0x10:
            if tag == 0:
                kind = RESERVED_GROUP
                break
            if depth:
                kind = UNTERMINATED
                break
            if tag != 0x03 and scan.groups == scan.bounds.groups:
                kind = GROUP_LIMIT
                number = scan.bounds.groups
                break
            scan.position = token - octets
            scan.named = named
            end_group(scan)
            token += 1
            if tag == 0x03:
                complete = True
                break
            scan.groups += 1
            scan.group = tag
            scan.start = token - octets
            attribute_at = -1
            named = 0
            continue
        if end - token < 5:
            break
        # Both lengths are below 256 in nearly every token: the high octets are looked at, but not waited for.
        name_length = token[2]
        if unlikely(token[1]):
            name_length = be16(token + 1)
            if name_length > 0x7FFF:
                kind = NAME_TOO_LONG
                number = name_length
                place = token + 1 - octets
                break
        at = token + 5
        if name_length:  # guessed by the processor, which then need not wait for it where there is none
            at += name_length
            if at > end:
                break
        length = (at - 1)[0]
        if unlikely((at - 2)[0]):
            length = be16(at - 2)
            if length > 0x7FFF:
                kind = VALUE_TOO_LONG
                number = length
                place = at - 2 - octets
                break
        at += length
        if at > end:
            scan.wanted = at - octets
            break
        if depth == 0:
            # RFC 8010 sections 3.1.4 and 3.1.5.
            if tag == 0x37:
                kind = END_OUTSIDE
                break
            if tag == 0x4A:
                kind = MEMBER_OUTSIDE
                break
            if name_length:
                if attributes == scan.bounds.attributes:
                    kind = ATTRIBUTE_LIMIT
                    number = scan.bounds.attributes
                    break
                attributes += 1
                attribute_at = token - octets
                if named < INDEXED:
                    scan.begins[named] = <uint32_t>attribute_at
                named += 1
            elif attribute_at < 0:
                kind = VALUE_BEFORE_ATTRIBUTE
                break
        else:
            # RFC 8010 sections 3.1.6 and 3.1.7.
            if name_length:
                kind = NAME_INSIDE
                number = name_length
                break
            if tag == 0x4A:
                if expect == 1:
                    kind = MEMBER_WITHOUT_VALUE
                    break
                if length == 0:
                    kind = MEMBER_WITHOUT_NAME
                    break
                if attributes == scan.bounds.attributes:
                    kind = ATTRIBUTE_LIMIT
                    number = scan.bounds.attributes
                    break
                attributes += 1
                scan.members_at[depth - 1] = <int>(token - octets)
                expect = 1
                token = at
                continue
            if tag == 0x37:
                if length:
                    kind = END_WITH_VALUE
                    number = length
                    break
                if expect == 1:
                    kind = MEMBER_WITHOUT_VALUE
                    break
                depth -= 1
                expect = 2
                token = at
                continue
            if expect == 0:
                kind = VALUE_BEFORE_MEMBER
                break
            expect = 2
        if values == scan.bounds.values:
            kind = VALUE_LIMIT
            number = scan.bounds.values
            break
        values += 1
        if tag == 0x34:
            if length:
                kind = BEGIN_WITH_VALUE
                number = length
                break
            if depth == scan.bounds.depth:
                kind = DEPTH_LIMIT
                number = scan.bounds.depth
                break
            scan.members_at[depth] = -1
            depth += 1
            expect = 0
        token = at
    if kind == VALUE_LIMIT or kind == BEGIN_WITH_VALUE or kind == DEPTH_LIMIT:
        # Who feeds the decoder on meets the token again, which then is counted again: the error stays the same.
        attributes -= name_length != 0
        values -= kind != VALUE_LIMIT
    scan.position = token - octets
    scan.attribute_at = attribute_at
    scan.attributes = attributes
    scan.values = values
    scan.depth = depth
    scan.expect = expect
    scan.named = named
    if kind:
        fault(scan, octets, available, kind, tag, number, place)
    return complete


cdef int fault(
    Scan* scan, Octets octets, Py_ssize_t available, int kind, int tag=0, Py_ssize_t number=0, Py_ssize_t at=-1,
    Py_ssize_t left=0,
) except -1:
    """Raise what is wrong with the token at `position`, or with the field at `at`."""
    names = [scan.attribute_at] if scan.attribute_at >= 0 else []
    names += [scan.members_at[level] for level in range(scan.depth) if scan.members_at[level] >= 0]
    raise_fault(
        kind,
        scan.position if at < 0 else at,
        tag=tag,
        number=number,
        left=left,
        group=scan.group,
        octets=octets[:available],
        token=scan.position,
        names=tuple(names),
    )
    return -1


cdef tuple cut(Scan* scan, Octets octets, Py_ssize_t available):
    """What `find_cut` says of the token that the end of the data cuts off."""
    cdef Py_ssize_t at = scan.position + 3
    cdef int name_length = -1, length = -1
    if scan.position and at <= available:
        name_length = be16(octets + at - 2)
        at += name_length + 2
        if at <= available:
            length = be16(octets + at - 2)
    return find_cut(available, scan.position, name_length, length, scan.bounds.octets)


cdef int stop(Scan* scan, Octets octets, Py_ssize_t available) except -1:
    """Say what is missing, or wrong, where `advance` came to the end of the data."""
    kind, at, number, left = cut(scan, octets, available)
    return fault(scan, octets, available, kind, 0, number, at, left)


cdef inline int check(Scan* scan, Octets octets, Py_ssize_t available) except -1:
    """Raise where the token that is cut off is known to exceed the limits or to be wrong."""
    if unlikely(scan.bounds.octets - scan.position <= 2 * 0xFFFF + 5) or (
            scan.position and scan.position + 3 <= available and unlikely(octets[scan.position + 1] >= 0x80)):
        return check_cut(scan, octets, available)
    return 0  # neither can be


cdef int check_cut(Scan* scan, Octets octets, Py_ssize_t available) except -1:
    if cut(scan, octets, available)[0] > CUT_VALUE:
        scan.wanted = 0
        return stop(scan, octets, available)
    return 0


cdef Message message(Wire wire, bytes octets, list groups, object only):
    """The message of a complete scan."""
    cdef Message made = Message.__new__(Message)
    cdef AttributeGroup group
    cdef Attribute attribute
    cdef Octets data = <Octets>PyBytes_AS_STRING(octets)
    wire.octets = octets
    wire.data = data
    if only is not None:
        for group in groups:
            group._items = [attribute for attribute in wire.iterate(group) if attribute._name in only]
            group._wire = None
            group._index = None
            group._sliced = False
    made.version = _versions[data[1]] if data[0] == 2 and data[1] < 3 else (data[0], data[1])
    made.code = be16(data + 2)
    made.request_id = be32(data + 4)
    made.groups = groups
    return made

cdef list _versions = [(2, 0), (2, 1), (2, 2)]


cdef object check_only(object only):
    if only is None:
        return None
    if isinstance(only, str):
        raise TypeError("only is several names, not a str")
    return frozenset(only)


# ---- The public functions; a test holds their documentation to the pure twin's ----


def decode(buffer, *, limits=None, only=None):
    """Decode the IPP message at the beginning of `buffer` (RFC 8010 section 3).

    buffer: bytes, bytearray, memoryview, mmap or another buffer of octets. What follows end-of-attributes-tag is
    document data and is not looked at; `decode_prefix` tells where it begins. The message keeps no reference to a
    buffer that can change.
    limits: how large the message may be; None for `DEFAULT_LIMITS`.
    only: names of attributes. The message then holds these alone, in all its groups, as if there were no others.

    All errors come from here: reading the message afterwards raises none. A value that does not fit its tag is a
    `RawValue`. Raises TruncatedError where octets are missing, LimitError over a limit, another DecodeError where
    the framing is wrong, and TypeError for what is no buffer or no `Limits`.
    """
    return decode_at(buffer, limits, only, NULL)


def decode_prefix(buffer, *, limits=None, only=None):
    """Decode like `decode`, and also return how many octets the message took: document data begins there."""
    cdef Py_ssize_t size
    made = decode_at(buffer, limits, only, &size)
    return made, size


cdef Message decode_at(object buffer, object limits, object only, Py_ssize_t* size):
    cdef Scan scan
    cdef Py_buffer view
    cdef Wire wire
    cdef list groups
    cdef bytes octets
    read_bounds(limits, &scan.bounds)
    names = check_only(only)
    wire = Wire.__new__(Wire)
    groups = new_list(FEW)
    begin(&scan, wire, groups)
    if type(buffer) is bytes:
        octets = <bytes>buffer
        scan_all(&scan, <Octets>PyBytes_AS_STRING(octets), PyBytes_GET_SIZE(octets))
        if scan.position != PyBytes_GET_SIZE(octets):
            octets = PyBytes_FromStringAndSize(PyBytes_AS_STRING(octets), scan.position)
    else:
        get_octets(buffer, &view)
        try:
            scan_all(&scan, <Octets>view.buf, view.len)
            octets = PyBytes_FromStringAndSize(<char*>view.buf, scan.position)
        finally:
            PyBuffer_Release(&view)
    if size != NULL:
        size[0] = scan.position
    return message(wire, octets, groups, names)


cdef int scan_all(Scan* scan, Octets octets, Py_ssize_t available) except -1:
    if not advance(scan, octets, available):
        stop(scan, octets, available)
    return 0


cdef int get_octets(object buffer, Py_buffer* view) except -1:
    """The octets of any buffer; those of one with gaps as a copy."""
    try:
        PyObject_GetBuffer(buffer, view, PyBUF_SIMPLE)
    except BufferError:
        PyObject_GetBuffer(memoryview(buffer).tobytes(), view, PyBUF_SIMPLE)
    return 0


cdef Work* spares[SPARES]  # what earlier decoders gave back
cdef int spared = 0


cdef Work* new_work() except NULL:
    global spared
    if IPPFAST_LOCKED and spared:
        spared -= 1
        return spares[spared]
    cdef Work* made = <Work*>PyMem_Malloc(sizeof(Work))
    if made == NULL:
        raise MemoryError
    return made


cdef void give_back(Work* work) noexcept:
    global spared
    if IPPFAST_LOCKED and spared < SPARES:
        spares[spared] = work
        spared += 1
    else:
        PyMem_Free(work)


@cython.final
@cython.freelist(4)
cdef class MessageDecoder:
    """MessageDecoder(*, limits=None, only=None)
--

    Decodes one message that arrives in pieces (RFC 8010 section 4: the body comes as the transport cuts it).

    Feed it until it returns the message. limits, only: as for `decode`. It holds the message's octets and the one
    piece that completed it, no more than ``limits.max_octets`` and that piece, and works in linear time.
    """

    cdef Work* work  # NULL once the message is complete
    cdef Octets octets  # what came so far, while the message is not complete: in the room, or in the buffer
    cdef Py_ssize_t size  # of what came so far
    cdef Py_ssize_t capacity
    cdef PyObject* buffer  # bytes with room
    cdef Wire wire
    cdef list groups
    cdef object only
    cdef bytes rest  # of the last piece

    def __init__(self, *, limits=None, only=None):
        cdef Bounds bounds
        # What may fail, before anything is changed: a decoder without bounds would write past its places.
        read_bounds(limits, &bounds)
        only = check_only(only)
        self.let_go()
        self.only = only
        self.wire = Wire.__new__(Wire)
        self.groups = new_list(FEW)
        self.rest = b""
        self.work = new_work()
        begin(&self.work.scan, self.wire, self.groups)
        self.octets = self.work.room
        self.capacity = ROOM
        self.work.scan.bounds = bounds

    def __dealloc__(self):
        self.let_go()

    cdef void let_go(self) noexcept:
        """Give back what only an incomplete message needs."""
        if self.work != NULL:
            give_back(self.work)
        self.work = NULL
        Py_XDECREF(self.buffer)
        self.buffer = NULL
        self.size = self.capacity = 0

    def feed(self, data, /):
        """Take the next piece. Returns the message once it is complete, None before.

        Raises as `decode` does, except TruncatedError; feeding on after that raises the same again. Raises ValueError
        once the message is complete, for what follows is document data.
        """
        cdef Py_buffer view
        with cython.critical_section(self):
            if type(data) is bytes:
                return self.take(<Octets>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
            get_octets(data, &view)
            try:
                return self.take(<Octets>view.buf, view.len)
            finally:
                PyBuffer_Release(&view)

    cdef Message take(self, Octets data, Py_ssize_t size):
        cdef Scan* scan = &self.work.scan
        if self.size == 0:
            return self.take_first(data, size)
        self.keep(data, size)
        if self.size < scan.wanted:
            return None
        if advance(scan, self.octets, self.size):
            return self.finish()
        check(scan, self.octets, self.size)
        return None

    cdef Message take_first(self, Octets data, Py_ssize_t size):
        """A message that comes in one piece is scanned where it is."""
        cdef bint complete
        if self.work == NULL:
            raise ValueError("the message is complete: what follows it is document data")
        try:
            complete = advance(&self.work.scan, data, size)
        except Exception:
            self.keep(data, size)
            raise
        if complete:
            return self.make(data, size, PyBytes_FromStringAndSize(<const char*>data, self.work.scan.position))
        self.keep(data, size)
        check(&self.work.scan, self.octets, self.size)
        return None

    cdef inline int keep(self, Octets data, Py_ssize_t size) except -1:
        """Append to what came so far."""
        if size > self.capacity - self.size:
            self.grow(size)
        memcpy(<void*>(self.octets + self.size), data, size)
        self.size += size
        return 0

    cdef int grow(self, Py_ssize_t size) except -1:
        """Make room for so many octets more, twice as much each time."""
        cdef Py_ssize_t capacity = max(2 * self.capacity, self.size + size)
        if self.buffer == NULL:
            self.buffer = new_bytes(NULL, capacity)
            memcpy(PyBytes_AS_STRING(<object>self.buffer), self.octets, self.size)
        else:
            self.capacity = 0
            self.size, size = 0, self.size  # should it fail
            _PyBytes_Resize(&self.buffer, capacity)
            self.size = size
        self.octets = <Octets>PyBytes_AS_STRING(<object>self.buffer)
        self.capacity = capacity
        return 0

    cdef Message finish(self):
        """The message, in the buffer itself where there is one and nothing follows it."""
        cdef Octets octets = self.octets
        cdef PyObject* buffer = self.buffer
        if buffer == NULL or self.work.scan.position < self.size:
            return self.make(
                octets, self.size, PyBytes_FromStringAndSize(<const char*>octets, self.work.scan.position)
            )
        self.buffer = NULL
        cut_bytes(&buffer, self.size, self.capacity)
        return self.make(<Octets>PyBytes_AS_STRING(<object>buffer), self.size, <bytes>own(buffer))

    cdef Message make(self, Octets octets, Py_ssize_t size, bytes held):
        cdef Py_ssize_t position = self.work.scan.position
        cdef Message made
        if position < size:
            self.rest = PyBytes_FromStringAndSize(<const char*>octets + position, size - position)
        made = message(self.wire, held, self.groups, self.only)
        self.groups = None
        self.let_go()
        return made

    @property
    def unused(self):
        """The octets of the last piece that follow the message: the beginning of the document data."""
        return self.rest

    @property
    def needed(self):
        """At least so many octets must follow before the message can be complete: 0 once it is.

        None of them is document data, so that a reader may read exactly as many and never takes too much.
        """
        if self.work == NULL:
            return 0
        return octets_needed(self.size, cut(&self.work.scan, self.octets, self.size))

    def close(self):
        """Say that no more octets come. Raises TruncatedError where the message is not complete."""
        if self.work != NULL:
            stop(&self.work.scan, self.octets, self.size)

    def __reduce__(self):
        raise TypeError("a MessageDecoder in its work cannot be copied or pickled")
