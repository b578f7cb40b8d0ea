# cython: boundscheck=False, wraparound=False, binding=False, embedsignature=True, embedsignature.format=clinic
#
# The compiled twin of what hands tables over: Arrow's C data interface, in PyCapsules.
#
# The rule of this file: it does what `_export_py.py` does. Nothing goes out that was not checked here: what describes
# an array are tuples that anybody can make. What goes out counts its holders, so that every export is as good as the
# first, and is let go of without the interpreter, by whatever thread is the last to need it.

from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_FillInfo, PyBuffer_Release, PyObject_GetBuffer
from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from cpython.ref cimport Py_DECREF, Py_INCREF
from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t
from libc.string cimport memcpy, memset

from .schema import Array, Field

cdef extern from "Python.h":
    void* PyMem_RawMalloc(size_t size) noexcept nogil
    void* PyMem_RawCalloc(size_t count, size_t size) noexcept nogil
    void* PyMem_RawRealloc(void* memory, size_t size) noexcept nogil
    void PyMem_RawFree(void* memory) noexcept nogil

cdef extern from *:
    """
    #include <errno.h>
    #include <stdint.h>
    #if defined(_MSC_VER)
    #include <intrin.h>
    #ifdef _WIN64
    #define ippfast_count(at, by) (_InterlockedExchangeAdd64((volatile __int64 *)(at), (by)) + (by))
    #else
    #define ippfast_count(at, by) (_InterlockedExchangeAdd((volatile long *)(at), (by)) + (by))
    #endif
    #define ippfast_exchange(at, by) _InterlockedExchangePointer((void *volatile *)(at), (by))
    #else
    #define ippfast_count(at, by) __atomic_add_fetch((at), (by), __ATOMIC_ACQ_REL)
    #define ippfast_exchange(at, by) ((void *)__atomic_exchange_n((at), (by), __ATOMIC_ACQ_REL))
    #endif

    #ifndef ARROW_C_DATA_INTERFACE
    #define ARROW_C_DATA_INTERFACE
    #define ARROW_FLAG_DICTIONARY_ORDERED 1
    #define ARROW_FLAG_NULLABLE 2
    #define ARROW_FLAG_MAP_KEYS_SORTED 4
    struct ArrowSchema {
        const char *format, *name, *metadata;
        int64_t flags, n_children;
        struct ArrowSchema **children, *dictionary;
        void (*release)(struct ArrowSchema *);
        void *private_data;
    };
    struct ArrowArray {
        int64_t length, null_count, offset, n_buffers, n_children;
        const void **buffers;
        struct ArrowArray **children, *dictionary;
        void (*release)(struct ArrowArray *);
        void *private_data;
    };
    #endif
    #ifndef ARROW_C_STREAM_INTERFACE
    #define ARROW_C_STREAM_INTERFACE
    struct ArrowArrayStream {
        int (*get_schema)(struct ArrowArrayStream *, struct ArrowSchema *);
        int (*get_next)(struct ArrowArrayStream *, struct ArrowArray *);
        const char *(*get_last_error)(struct ArrowArrayStream *);
        void (*release)(struct ArrowArrayStream *);
        void *private_data;
    };
    #endif
    """
    Py_ssize_t count "ippfast_count"(Py_ssize_t* at, Py_ssize_t by) noexcept nogil
    void* exchange "ippfast_exchange"(void** at, void* by) noexcept nogil
    const int EIO
    const int NULLABLE "ARROW_FLAG_NULLABLE"
    ctypedef struct Schema "struct ArrowSchema":
        const char* format
        const char* name
        const char* metadata
        int64_t flags
        int64_t n_children
        Schema** children
        Schema* dictionary
        void (*release)(Schema*) noexcept nogil
        void* private_data
    ctypedef struct Data "struct ArrowArray":
        int64_t length
        int64_t null_count
        int64_t offset
        int64_t n_buffers
        int64_t n_children
        const void** buffers
        Data** children
        Data* dictionary
        void (*release)(Data*) noexcept nogil
        void* private_data
    ctypedef struct Flow "struct ArrowArrayStream":
        int (*get_schema)(Flow*, Schema*) noexcept nogil
        int (*get_next)(Flow*, Data*) noexcept nogil
        const char* (*get_last_error)(Flow*) noexcept nogil
        void (*release)(Flow*) noexcept nogil
        void* private_data

ctypedef const uint8_t* Octets

cdef enum:
    DEEPEST = 120  # fields inside each other: each level of collections takes a list and a struct
    MOST_BUFFERS = 3


# ---- Memory ----


cdef void* put_aside(void** places, int size, void* what) noexcept nogil:
    """Put it in the first of these places; what was there goes on to the next. Returns what found no place, or NULL."""
    cdef int index
    for index in range(size):
        what = exchange(&places[index], what)
        if what == NULL:
            break
    return what


cdef void* take_back(void** places, int size) noexcept nogil:
    """The one that was put aside last, or NULL."""
    cdef void* found
    cdef int index
    for index in range(size):
        found = exchange(&places[index], NULL)
        if found != NULL:
            return found
    return NULL


cdef void let_go(Held* held) noexcept nogil:
    cdef Pool* pool
    if held == NULL or count(&held.holders, -1):
        return
    pool = held.pool
    if pool == NULL:
        free_held(held)
        return
    if held.room <= MOST_SPARE:
        held = <Held*>put_aside(pool.spare[held.kind], SPARES, held)
    free_held(held)
    drop_pool(pool)


cdef void free_held(Held* held) noexcept nogil:
    if held != NULL:
        PyMem_RawFree(held.memory)
        PyMem_RawFree(held)


cdef void* idle[IDLE]  # the pools that builders left
memset(idle, 0, sizeof(idle))


cdef Pool* new_pool() except NULL:
    cdef Pool* made = <Pool*>take_back(idle, IDLE)
    if made == NULL:
        made = <Pool*>PyMem_RawCalloc(1, sizeof(Pool))
        if made == NULL:
            raise MemoryError
        made.holders = 1
    return made


cdef void leave_pool(Pool* pool) noexcept nogil:
    """Say that no memory is asked of it any more, which whoever has it does once."""
    if pool != NULL:
        drop_pool(<Pool*>put_aside(idle, IDLE, pool))


cdef void drop_pool(Pool* pool) noexcept nogil:
    cdef int kind, index
    if pool != NULL and count(&pool.holders, -1) == 0:
        for kind in range(MOST_KINDS):
            for index in range(SPARES):
                free_held(<Held*>pool.spare[kind][index])
        PyMem_RawFree(pool)


cdef Held* room_of(Pool* pool, int kind, Held* held, Py_ssize_t size) noexcept nogil:
    """Memory of at least that size with what is in `held`, or, if that is NULL, with anything; NULL if there is none.

    What was given stays as it is then, and is gone otherwise.
    """
    cdef void* memory
    if held == NULL:
        held = <Held*>take_back(pool.spare[kind], SPARES)
        if held == NULL:
            held = <Held*>PyMem_RawCalloc(1, sizeof(Held))
            if held == NULL:
                return NULL
            held.kind = kind
            held.pool = pool
        held.holders = 1
        count(&pool.holders, 1)
        if held.room < size:  # nothing of it needs to be copied
            PyMem_RawFree(held.memory)
            held.memory = NULL
            held.room = 0
    if held.room < size:
        memory = PyMem_RawRealloc(held.memory, size)
        if memory == NULL:
            if held.memory == NULL:
                let_go(held)
            return NULL
        held.memory = memory
        held.room = size
    return held


cdef Held* hold_memory(void* memory) except NULL:
    """Take memory of `PyMem_RawMalloc`; it is freed with the last holder, or here if there is no more of it."""
    cdef Held* held = <Held*>PyMem_RawCalloc(1, sizeof(Held))
    if held == NULL:
        PyMem_RawFree(memory)
        raise MemoryError
    held.holders = 1
    held.memory = memory
    return held


cdef class Block:
    """Octets that never change, and that outlive their object where they were handed over."""

    def __dealloc__(self):
        let_go(self.held)

    def __len__(self):
        return self.size

    def __getbuffer__(self, Py_buffer* view, int flags):
        if self.held == NULL:
            raise BufferError("a Block comes from a builder")
        PyBuffer_FillInfo(view, self, self.held.memory, self.size, 1, flags)

    def __reduce__(self):
        raise TypeError("a Block cannot be pickled")


cdef Block block_of(Held* held, Py_ssize_t size):
    """A block of what is held, which is its own from now on, even if this fails."""
    cdef Block made
    try:
        made = Block.__new__(Block)
    except MemoryError:
        let_go(held)
        raise
    made.held = held
    made.size = size
    return made


cdef Held* copied(object buffer, Py_ssize_t* size) except NULL:
    """The octets of a buffer: those of a Block as they are, others as a copy, for others may write to them."""
    cdef Py_buffer view
    cdef void* memory
    if type(buffer) is Block and (<Block>buffer).held != NULL:
        size[0] = (<Block>buffer).size
        count(&(<Block>buffer).held.holders, 1)
        return (<Block>buffer).held
    PyObject_GetBuffer(buffer, &view, PyBUF_SIMPLE)
    try:
        size[0] = view.len
        memory = PyMem_RawMalloc(view.len + 1)
        if memory == NULL:
            raise MemoryError
        memcpy(memory, view.buf, view.len)
    finally:
        PyBuffer_Release(&view)
    return hold_memory(memory)


# ---- The schema ----


cdef char* text_of(str text) except NULL:
    cdef bytes octets = text.encode()
    cdef Py_ssize_t size = len(octets)
    cdef char* made = <char*>PyMem_RawMalloc(size + 1)
    if made == NULL:
        raise MemoryError
    memcpy(made, <const char*>octets, size + 1)
    return made


cdef void release_schema(Schema* schema) noexcept nogil:
    cdef int64_t index
    if schema.children != NULL:
        for index in range(schema.n_children):
            free_schema(schema.children[index])
        PyMem_RawFree(schema.children)
    free_schema(schema.dictionary)
    PyMem_RawFree(<void*>schema.format)
    PyMem_RawFree(<void*>schema.name)
    schema.release = NULL


cdef void free_schema(Schema* schema) noexcept nogil:
    if schema != NULL:
        if schema.release != NULL:
            schema.release(schema)
        PyMem_RawFree(schema)


cdef Schema* new_schema(object field, int depth) except NULL:
    cdef Schema* made = <Schema*>PyMem_RawCalloc(1, sizeof(Schema))
    cdef Py_ssize_t index
    if made == NULL:
        raise MemoryError
    made.release = release_schema
    try:
        if type(field) is not Field or depth > DEEPEST:
            raise TypeError("no Field that can be handed over")
        name, kind, nullable, children, dictionary = field
        made.name = text_of(name)
        made.format = text_of(kind)
        made.flags = NULLABLE if nullable else 0
        children = tuple(children)
        made.children = <Schema**>PyMem_RawCalloc(len(children) + 1, sizeof(Schema*))
        if made.children == NULL:
            raise MemoryError
        made.n_children = len(children)
        for index, child in enumerate(children):
            made.children[index] = new_schema(child, depth + 1)
        if dictionary is not None:
            made.dictionary = new_schema(dictionary, depth + 1)
    except BaseException:
        free_schema(made)
        raise
    return made


cdef void drop_schema(object capsule) noexcept:
    free_schema(<Schema*>PyCapsule_GetPointer(capsule, "arrow_schema"))


def export_schema(field):
    """The capsule of ``__arrow_c_schema__`` for a `Field`."""
    cdef Schema* made = new_schema(field, 0)
    try:
        return PyCapsule_New(made, "arrow_schema", drop_schema)
    except BaseException:
        free_schema(made)
        raise


# ---- Arrays ----

cdef struct Part:
    # All of this belongs to one array.
    const void* buffers[MOST_BUFFERS]
    Held* held[MOST_BUFFERS]


cdef void release_data(Data* data) noexcept nogil:
    cdef int64_t index
    cdef Part* part = <Part*>data.private_data
    if data.children != NULL:
        for index in range(data.n_children):
            free_data(data.children[index])
        PyMem_RawFree(data.children)
    free_data(data.dictionary)
    if part != NULL:
        for index in range(MOST_BUFFERS):
            let_go(part.held[index])
        PyMem_RawFree(part)
    data.release = NULL


cdef void free_data(Data* data) noexcept nogil:
    if data != NULL:
        if data.release != NULL:
            data.release(data)
        PyMem_RawFree(data)


cdef Data* new_data(object field, object array, int depth) except NULL:
    cdef Data* made = <Data*>PyMem_RawCalloc(1, sizeof(Data))
    if made == NULL:
        raise MemoryError
    made.release = release_data
    try:
        fill_data(made, field, array, depth)
    except BaseException:
        free_data(made)
        raise
    return made


cdef int fill_data(Data* made, object field, object array, int depth) except -1:
    """Make what a `Field` and an `Array` say, and check that no consumer reads outside it."""
    cdef Part* part
    cdef Py_ssize_t sizes[MOST_BUFFERS]
    cdef Py_ssize_t index, wanted
    if type(field) is not Field or type(array) is not Array or depth > DEEPEST:
        raise TypeError("no Field and Array that can be handed over")
    _, kind, _, fields, dictionary_field = field
    made.length, made.null_count, buffers, children, dictionary = array
    if made.length < 0 or made.length > 0x7FFFFFFF or not -1 <= made.null_count <= made.length:
        raise ValueError("an array of a length that cannot be")
    part = <Part*>PyMem_RawCalloc(1, sizeof(Part))
    if part == NULL:
        raise MemoryError
    made.private_data = part
    made.buffers = part.buffers
    fields, children, buffers = tuple(fields), tuple(children), tuple(buffers)
    wanted = {"+s": 1, "u": 3, "z": 3}.get(kind, 2)
    if len(buffers) != wanted or len(fields) != len(children):
        raise ValueError("an array that is not made as its field says")
    for index in range(wanted):
        sizes[index] = 0
        if buffers[index] is not None:
            part.held[index] = copied(buffers[index], &sizes[index])
            part.buffers[index] = part.held[index].memory
        elif index:
            raise ValueError("an array without a buffer that it needs")
    made.n_buffers = wanted
    made.children = <Data**>PyMem_RawCalloc(len(children) + 1, sizeof(Data*))
    if made.children == NULL:
        raise MemoryError
    made.n_children = len(children)
    for index, (child_field, child) in enumerate(zip(fields, children)):
        made.children[index] = new_data(child_field, child, depth + 1)
    if (dictionary is None) != (dictionary_field is None):
        raise ValueError("an array that is not made as its field says")
    if dictionary is not None:
        made.dictionary = new_data(dictionary_field, dictionary, depth + 1)
    return check(made, kind, sizes)


cdef int check(Data* data, str kind, Py_ssize_t* sizes) except -1:
    """Whether the buffers are as large as the length says, and what points into others points inside them."""
    cdef Py_ssize_t length = data.length, index
    cdef Py_ssize_t width
    cdef Octets valid = <Octets>data.buffers[0]
    if valid != NULL and sizes[0] < (length + 7) >> 3:
        raise ValueError("a validity bitmap that is too short")
    if kind == "+s":
        for index in range(data.n_children):
            if data.children[index].length != length:
                raise ValueError("a struct whose members differ in length")
        return 0
    if kind in ("u", "z", "+l"):
        if sizes[1] < (length + 1) * 4:
            raise ValueError("offsets that are too few")
        if kind == "+l":
            if data.n_children != 1:
                raise ValueError("a list of other than one kind")
            return check_offsets(<const int32_t*>data.buffers[1], length, data.children[0].length)
        return check_offsets(<const int32_t*>data.buffers[1], length, sizes[2])
    if kind == "b":
        if sizes[1] < (length + 7) >> 3:
            raise ValueError("values that are too few")
        return 0
    width = {"c": 1, "C": 1, "s": 2, "S": 2, "i": 4, "l": 8, "tsm:UTC": 8, "tsu:UTC": 8}.get(kind, 0)
    if width == 0:
        raise ValueError("a format that is not handed over")
    if sizes[1] < length * width:
        raise ValueError("values that are too few")
    if data.dictionary != NULL:
        if width != 4:
            raise ValueError("places in a dictionary that are no int32")
        if data.null_count == 0:  # then a consumer need not look at the bitmap
            valid = NULL
        check_places(<const int32_t*>data.buffers[1], length, data.dictionary.length, valid)
    return 0


cdef int check_places(const int32_t* places, Py_ssize_t length, int64_t known, Octets valid) except -1:
    cdef Py_ssize_t index
    cdef uint32_t last = 0
    for index in range(length):  # without a branch, so that the compiler takes several at once
        last = max(last, <uint32_t>places[index])
    if last < known or length == 0:
        return 0
    for index in range(length):  # rows that are null may have anything
        if (valid == NULL or valid[index >> 3] >> (index & 7) & 1) and not 0 <= places[index] < known:
            raise ValueError("a place outside its dictionary")
    return 0


cdef int check_offsets(const int32_t* offsets, Py_ssize_t length, Py_ssize_t most) except -1:
    cdef Py_ssize_t index
    cdef bint wrong = offsets[0] < 0 or offsets[length] > most
    for index in range(length):
        wrong |= offsets[index + 1] < offsets[index]
    if wrong:
        raise ValueError("offsets that point outside")
    return 0


cdef void drop_data(object capsule) noexcept:
    free_data(<Data*>PyCapsule_GetPointer(capsule, "arrow_array"))


def export_array(field, array):
    """The two capsules of ``__arrow_c_array__`` for a `Field` and an `Array`.

    Raises ValueError if the array is not made as its field says, or has buffers that are too small for it.
    """
    cdef Data* made = new_data(field, array, 0)
    try:
        capsule = PyCapsule_New(made, "arrow_array", drop_data)
    except BaseException:
        free_data(made)
        raise
    return export_schema(field), capsule


# ---- Streams ----

cdef struct Source:
    PyObject* field
    PyObject* arrays  # an iterator
    char* error  # what was wrong in the last call, in words


cdef int failed(Flow* flow, object error):
    cdef Source* source = <Source*>flow.private_data
    PyMem_RawFree(source.error)
    source.error = NULL
    try:
        source.error = text_of(f"{type(error).__name__}: {error}".encode("utf-8", "replace").decode())
    except BaseException:
        pass  # then there are no words
    return EIO


cdef int flow_schema(Flow* flow, Schema* out) noexcept with gil:
    cdef Schema* made
    try:
        made = new_schema(<object>(<Source*>flow.private_data).field, 0)
    except BaseException as error:
        return failed(flow, error)
    out[0] = made[0]
    PyMem_RawFree(made)
    return 0


cdef int flow_next(Flow* flow, Data* out) noexcept with gil:
    cdef Source* source = <Source*>flow.private_data
    cdef Data* made
    try:
        array = next(<object>source.arrays, None)
        if array is None:
            out.release = NULL
            return 0
        made = new_data(<object>source.field, array, 0)
    except BaseException as error:
        return failed(flow, error)
    out[0] = made[0]
    PyMem_RawFree(made)
    return 0


cdef const char* flow_error(Flow* flow) noexcept nogil:
    return (<Source*>flow.private_data).error


cdef void flow_release(Flow* flow) noexcept with gil:
    cdef Source* source = <Source*>flow.private_data
    flow.release = NULL
    PyMem_RawFree(source.error)
    Py_DECREF(<object>source.field)
    Py_DECREF(<object>source.arrays)
    PyMem_RawFree(source)


cdef void drop_flow(object capsule) noexcept:
    cdef Flow* flow = <Flow*>PyCapsule_GetPointer(capsule, "arrow_array_stream")
    if flow.release != NULL:
        flow.release(flow)
    PyMem_RawFree(flow)


def export_stream(field, arrays):
    """The capsule of ``__arrow_c_stream__`` for a `Field` and an iterator of `Array`, which is read as it is asked."""
    cdef Flow* flow = <Flow*>PyMem_RawCalloc(1, sizeof(Flow))
    cdef Source* source = <Source*>PyMem_RawCalloc(1, sizeof(Source))
    if flow == NULL or source == NULL:
        PyMem_RawFree(flow)
        PyMem_RawFree(source)
        raise MemoryError
    Py_INCREF(field)
    Py_INCREF(arrays)
    source.field = <PyObject*>field
    source.arrays = <PyObject*>arrays
    flow.get_schema = flow_schema
    flow.get_next = flow_next
    flow.get_last_error = flow_error
    flow.release = flow_release
    flow.private_data = source
    try:
        return PyCapsule_New(flow, "arrow_array_stream", drop_flow)
    except BaseException:
        flow_release(flow)
        PyMem_RawFree(flow)
        raise
