# cython: boundscheck=False, wraparound=False, binding=False, embedsignature=True, embedsignature.format=clinic
#
# The compiled twin: octets to `Message` and back.
#
# The rule of this file: it does what `_codec_py.py` does, under the same public names. The classes and the words of
# errors stand once: in `_attribute.py` and `_message.py` (compiled as `_attribute_c` and `_message_c`), and in
# `errors.py`.
#
# One pass (`advance`, by `_scan.pxd`) checks all framing and notes where each group begins and ends. After it nothing
# can fail, so groups are unpacked when they are read, by `_wire.pyx`. `_encode.pyx` goes the other way.

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_XDECREF
from libc.stdint cimport uint32_t
from libc.string cimport memcpy

from ._attribute_c cimport Attribute, AttributeGroup, Collection
from ._cpython cimport IPPFAST_LOCKED, _PyBytes_Resize, cut_bytes, new_bytes, new_list, own, put_last, unlikely
from ._message_c cimport Message
from ._scan cimport (
    CUT, CUT_VALUE, DELIMITED, FEW, INDEXED, WORTH_INDEXING, Bounds, Fault, Scan, begin_scan, look, next_group,
)
from ._wire cimport MOST_DEPTH, Octets, Wire, be16, be32, give_group

# These are C variables: a look-up in the module's dictionary costs as much as a small value.
cdef object DEFAULT_LIMITS, REQUEST_LIMITS, Limits

from ._encode import encode, encode_into  # no-cython-lint
from ._walk import walk  # no-cython-lint
from .errors import find_cut, octets_needed, raise_fault
from .limits import DEFAULT_LIMITS, MAX_DEPTH, REQUEST_LIMITS, Limits

# Python does not see names that are cimported.
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
    # Checked again: ``tuple.__new__`` makes one unchecked, and `Scan.members_at` has MOST_DEPTH places.
    bounds.depth, bounds.groups, bounds.attributes, bounds.values, bounds.octets = (
        limits if limits is REQUEST_LIMITS else Limits(*limits)
    )
    return 0

DEFAULT.depth, DEFAULT.groups, DEFAULT.attributes, DEFAULT.values, DEFAULT.octets = DEFAULT_LIMITS


cdef void begin(Scan* scan, Wire wire, list groups) noexcept:
    scan.wire = <PyObject*>wire
    scan.found = <PyObject*>groups
    begin_scan(scan)


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
    cdef Fault found
    cdef int state
    while True:
        state = look(scan, octets, available, &found)
        if state == DELIMITED:
            end_group(scan)
            if not next_group(scan, octets):
                return True
        elif state == CUT:
            return False
        else:
            return fault(scan, octets, available, found.kind, found.tag, found.number, found.place)


cdef int fault(
    Scan* scan, Octets octets, Py_ssize_t available, int kind, int tag=0, Py_ssize_t number=0, Py_ssize_t at=-1,
    Py_ssize_t left=0,
) except -1:
    """Raise what is wrong with the token at `position`, or with the field at `at`."""
    names = [scan.attribute_at] if scan.attribute_at >= 0 else []
    for level in range(scan.depth):
        if scan.members_at[level] >= 0:
            names.append(scan.members_at[level])
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
    """Raise for what is missing or wrong when `advance` has come to the end of the data."""
    kind, at, number, left = cut(scan, octets, available)
    return fault(scan, octets, available, kind, 0, number, at, left)


cdef inline int check(Scan* scan, Octets octets, Py_ssize_t available) except -1:
    """Raise if the token that is cut off is known to exceed the limits or to be wrong."""
    if unlikely(scan.bounds.octets - scan.position <= 2 * 0xFFFF + 5) or (
            scan.position and scan.position + 3 <= available and unlikely(octets[scan.position + 1] >= 0x80)):
        return check_cut(scan, octets, available)
    return 0  # it can be neither


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
    cdef list kept
    cdef Octets data = <Octets>PyBytes_AS_STRING(octets)
    wire.octets = octets
    wire.data = data
    if only is not None:
        for group in groups:
            kept = []
            for attribute in wire.iterate(group):
                if attribute._name in only:
                    kept.append(attribute)
            group._items = kept
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
    document data and is not looked at; `decode_prefix` tells where it begins. A buffer that is not bytes is copied
    first (at most ``limits.max_octets`` and one octet), so others may write to it meanwhile.
    limits: how large the message may be; None for `DEFAULT_LIMITS`.
    only: names of attributes. The message then holds these alone, in all its groups, as if there were no others.

    All errors come from here: reading the message afterwards raises none. A value that does not fit its tag is a
    `RawValue`. Raises TruncatedError if octets are missing, LimitError over a limit, another DecodeError if
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
    cdef Wire wire
    cdef list groups
    cdef bytes octets
    read_bounds(limits, &scan.bounds)
    names = check_only(only)
    wire = Wire.__new__(Wire)
    groups = new_list(FEW)
    begin(&scan, wire, groups)
    if type(buffer) is not bytes:
        buffer = copied(buffer, scan.bounds.octets)
    octets = <bytes>buffer
    scan_all(&scan, <Octets>PyBytes_AS_STRING(octets), PyBytes_GET_SIZE(octets))
    if scan.position != PyBytes_GET_SIZE(octets):
        octets = PyBytes_FromStringAndSize(PyBytes_AS_STRING(octets), scan.position)
    if size != NULL:
        size[0] = scan.position
    return message(wire, octets, groups, names)


cdef bytes copied(object buffer, Py_ssize_t most):
    """A copy of what others may write to. One octet more than the limit shows that it is exceeded."""
    cdef Py_buffer view
    get_octets(buffer, &view)
    try:
        return PyBytes_FromStringAndSize(<char*>view.buf, min(view.len, most + 1))
    finally:
        PyBuffer_Release(&view)


cdef int scan_all(Scan* scan, Octets octets, Py_ssize_t available) except -1:
    if not advance(scan, octets, available):
        stop(scan, octets, available)
    return 0


cdef int get_octets(object buffer, Py_buffer* view) except -1:
    """The octets of any buffer, copied if it has gaps."""
    try:
        PyObject_GetBuffer(buffer, view, PyBUF_SIMPLE)
    except BufferError:
        PyObject_GetBuffer(memoryview(buffer).tobytes(), view, PyBUF_SIMPLE)
    return 0


cdef Work* spares[SPARES]  # earlier decoders gave these back
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
    cdef Octets octets  # the octets so far, while the message is not complete: in the room, or in the buffer
    cdef Py_ssize_t size  # how many octets came so far
    cdef Py_ssize_t capacity
    cdef PyObject* buffer  # bytes that are longer than what came
    cdef Wire wire
    cdef list groups
    cdef object only
    cdef bytes rest  # the octets of the last piece behind the message
    cdef bint busy  # whether a call is at work: the fields above may not fit each other then

    def __init__(self, *, limits=None, only=None):
        cdef Bounds bounds
        # The steps that may fail come first: a decoder without bounds would write outside its memory.
        read_bounds(limits, &bounds)
        only = check_only(only)
        with cython.critical_section(self):
            self.begin_work()
            self.busy = False  # nothing below runs code of others
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

    cdef inline int begin_work(self) except -1:
        """Claim the decoder for one call. While an error is made, code of others may run, and call it again."""
        if self.busy:
            raise RuntimeError("this MessageDecoder is at work: it takes one piece after the other")
        self.busy = True
        return 0

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
        once the message is complete, because what follows is document data. Like its other methods, raises RuntimeError
        during another call of one of them: from another thread, or from code that such a call runs.
        """
        with cython.critical_section(self):
            self.begin_work()
            try:
                return self.take(data)
            finally:
                self.busy = False

    cdef Message take(self, object data):
        cdef Py_buffer view
        if self.work == NULL:
            raise ValueError("the message is complete: what follows it is document data")
        if type(data) is bytes:
            if self.size == 0:
                return self.take_whole(<Octets>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
            self.keep(<Octets>PyBytes_AS_STRING(data), PyBytes_GET_SIZE(data))
        else:
            get_octets(data, &view)
            try:
                self.keep(<Octets>view.buf, view.len)
            finally:
                PyBuffer_Release(&view)
        return self.go_on()

    cdef Message go_on(self):
        """Scan what came so far, in our copy: others may write to a buffer."""
        cdef Scan* scan = &self.work.scan
        if self.size < scan.wanted:
            return None
        if advance(scan, self.octets, self.size):
            return self.finish()
        check(scan, self.octets, self.size)
        return None

    cdef Message take_whole(self, Octets data, Py_ssize_t size):
        """Scan a first piece that nobody can write to where it is, without a copy: it may be all of the message."""
        cdef bint complete
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
        """Make room for this many more octets, at least doubling it."""
        cdef Py_ssize_t capacity = max(2 * self.capacity, self.size + size)
        if self.buffer == NULL:
            self.buffer = new_bytes(NULL, capacity)
            memcpy(PyBytes_AS_STRING(<object>self.buffer), self.octets, self.size)
        else:
            self.capacity = 0
            self.size, size = 0, self.size  # it stays 0 if this fails
            _PyBytes_Resize(&self.buffer, capacity)
            self.size = size
        self.octets = <Octets>PyBytes_AS_STRING(<object>self.buffer)
        self.capacity = capacity
        return 0

    cdef Message finish(self):
        """The message; it keeps the buffer itself if there is one and nothing follows the message."""
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
        """At least this many octets must follow before the message can be complete: 0 once it is.

        None of them is document data, so a reader that reads exactly this many never takes too much.
        """
        with cython.critical_section(self):
            self.begin_work()
            try:
                if self.work == NULL:
                    return 0
                return octets_needed(self.size, cut(&self.work.scan, self.octets, self.size))
            finally:
                self.busy = False

    def close(self):
        """Say that no more octets come. Raises TruncatedError if the message is not complete."""
        with cython.critical_section(self):
            self.begin_work()
            try:
                if self.work != NULL:
                    stop(&self.work.scan, self.octets, self.size)
            finally:
                self.busy = False

    def __reduce__(self):
        raise TypeError("a MessageDecoder cannot be copied or pickled")
