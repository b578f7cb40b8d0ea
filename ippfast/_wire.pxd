# What the compiled twin's files share: how references are passed on, and the slice of the wire.
#
# The hot paths hold plain pointers and pass references on. A temporary reference is not only two instructions: on
# CPython 3.12 and later the count is written as 32 bits and read back as 64, which stalls the processor.

from cpython.bytes cimport PyBytes_AS_STRING
from cpython.object cimport PyObject
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

from ._attribute_c cimport Attribute, AttributeGroup, Collection, _Attributes
from ._attribute_c cimport Wire as AbstractWire


cdef extern from *:
    """
    /* What relies on the interpreter's lock is off where there is none. */
    #ifdef Py_GIL_DISABLED
    #define IPPFAST_LOCKED 0
    #else
    #define IPPFAST_LOCKED 1
    #endif
    /* A reference of ours as Cython's own, and what a variable of Cython's holds as ours. */
    #define IPPFAST_OWN(pointer) (pointer)
    #define IPPFAST_OWN_ATTRIBUTE(pointer) ((struct __pyx_obj_7ippfast_12_attribute_c_Attribute *)(pointer))
    /* Of a str that is_ascii; PyUnicode_1BYTE_DATA asks again which kind it is. */
    #define IPPFAST_ASCII_OCTETS(string) ((uint8_t *)((PyASCIIObject *)(string) + 1))
    #define IPPFAST_GIVE(variable) ippfast_give((PyObject **)&(variable))
    static inline PyObject *ippfast_give(PyObject **variable) {
        PyObject *pointer = *variable;
        *variable = NULL;
        return pointer;
    }
    /* Counting a reference: read as 32 bits, which every earlier write can be forwarded to, and written as 64, which
       can be forwarded to every later read. */
    #if IPPFAST_LOCKED && SIZEOF_VOID_P == 8 && PY_VERSION_HEX >= 0x030C0000 && PY_VERSION_HEX < 0x030E0000 \
        && !defined(Py_REF_DEBUG)
    static inline void ippfast_hold(PyObject *object) {
        uint32_t count = object->ob_refcnt_split[PY_BIG_ENDIAN];
        if ((int32_t)count >= 0) object->ob_refcnt = (Py_ssize_t)count + 1;  /* below 0: immortal */
    }
    static inline void ippfast_drop(PyObject *object) {
        uint32_t count = object->ob_refcnt_split[PY_BIG_ENDIAN];
        if ((int32_t)count < 0) return;
        object->ob_refcnt = (Py_ssize_t)count - 1;
        if (count == 1) _Py_Dealloc(object);
    }
    static inline int ippfast_is_ours(PyObject *object) {
        return object->ob_refcnt_split[PY_BIG_ENDIAN] == 1;
    }
    #else
    #define ippfast_hold(object) Py_INCREF(object)
    #define ippfast_drop(object) Py_DECREF(object)
    #define ippfast_is_ours(object) (IPPFAST_LOCKED && Py_REFCNT(object) == 1)
    #endif
    /* Whether a list takes one more without growing. */
    #define IPPFAST_HAS_ROOM(list) (IPPFAST_LOCKED && Py_SIZE(list) < ((PyListObject *)(list))->allocated)
    /* The fields of Attribute, in the order of _attribute_c.pxd; checked at import. */
    typedef struct {
        PyObject_HEAD
        PyObject *name, *values, *tags;
        int tag, offset;
    } IppfastAttribute;
    """
    const bint IPPFAST_LOCKED
    object own "IPPFAST_OWN"(PyObject*)
    Attribute own_attribute "IPPFAST_OWN_ATTRIBUTE"(PyObject*)
    PyObject* give "IPPFAST_GIVE"(object)
    uint8_t* ascii_octets "IPPFAST_ASCII_OCTETS"(PyObject*)
    PyObject* give_attribute "IPPFAST_GIVE"(Attribute)
    PyObject* give_group "IPPFAST_GIVE"(AttributeGroup)
    bint has_room "IPPFAST_HAS_ROOM"(PyObject*)
    PyObject* give_collection "IPPFAST_GIVE"(Collection)
    void hold "ippfast_hold"(PyObject*)
    void drop "ippfast_drop"(PyObject*)
    bint is_ours "ippfast_is_ours"(PyObject*)  # whether nobody else has a reference; never so without the lock
    ctypedef struct IppfastAttribute:
        PyObject* name
        PyObject* values
        PyObject* tags
        int tag
        int offset

cdef extern from *:  # Cython's own macros
    bint likely(bint) noexcept nogil
    bint unlikely(bint) noexcept nogil

cdef extern from "Python.h":
    bint is_str "PyUnicode_CheckExact"(PyObject*)
    bint is_ascii "PyUnicode_IS_COMPACT_ASCII"(PyObject*)
    Py_ssize_t ascii_size "PyUnicode_GET_LENGTH"(PyObject*)
    bint is_tuple "PyTuple_CheckExact"(PyObject*)
    Py_ssize_t tuple_size "PyTuple_GET_SIZE"(PyObject*)
    PyObject* tuple_item "PyTuple_GET_ITEM"(PyObject*, Py_ssize_t)
    PyObject** tuple_items "&PyTuple_GET_ITEM"(PyObject*, Py_ssize_t)
    PyObject* new_tuple "PyTuple_New"(Py_ssize_t size) except NULL
    void put "PyTuple_SET_ITEM"(PyObject*, Py_ssize_t, PyObject*)
    PyObject* Py_None
    PyObject* Py_True
    PyObject* Py_False
    PyObject* new_bytes "PyBytes_FromStringAndSize"(const char* octets, Py_ssize_t size) except NULL
    int _PyBytes_Resize(PyObject** octets, Py_ssize_t size) except -1
    void Py_SET_SIZE(PyObject*, Py_ssize_t)
    list PyList_New(Py_ssize_t size)
    Py_ssize_t list_size "PyList_GET_SIZE"(PyObject*)
    void set_item "PyList_SET_ITEM"(PyObject*, Py_ssize_t, PyObject*)

ctypedef const uint8_t* Octets

cdef inline unsigned int be16(Octets at) noexcept nogil:
    return (at[0] << 8) | at[1]

cdef inline int32_t be32(Octets at) noexcept nogil:
    return <int32_t>((<uint32_t>at[0] << 24) | (<uint32_t>at[1] << 16) | (<uint32_t>at[2] << 8) | at[3])

cdef inline void fill(PyObject** field, PyObject* value) noexcept:
    cdef PyObject* before = field[0]
    field[0] = value
    if before != NULL:
        drop(before)


cdef inline int cut_bytes(PyObject** octets, Py_ssize_t size, Py_ssize_t capacity) except -1:
    """Take the room that was not needed from bytes that nobody else has seen yet."""
    if capacity - size > capacity >> 3:
        return _PyBytes_Resize(octets, size)
    # Giving so little back makes the allocator map and clear new pages for every large message.
    Py_SET_SIZE(octets[0], size)
    PyBytes_AS_STRING(<object>octets[0])[size] = 0
    return 0


cdef inline list new_list(Py_ssize_t room):
    """An empty list that need not grow for its first items, which takes as long as an item or two."""
    cdef list made
    if not IPPFAST_LOCKED:
        return []
    made = PyList_New(room)
    Py_SET_SIZE(<PyObject*>made, 0)
    return made


cdef inline int put_last(list items, PyObject* item) except -1:
    """Append, and give the reference away."""
    cdef Py_ssize_t size = list_size(<PyObject*>items)
    if not has_room(<PyObject*>items):
        items.append(own(item))
        return 0
    set_item(<PyObject*>items, size, item)
    Py_SET_SIZE(<PyObject*>items, size + 1)
    return 0


cdef inline bint same(Octets one, Octets other, Py_ssize_t size) noexcept nogil:
    """Whether two names are equal; most are too short for a call of memcmp to pay."""
    cdef uint64_t word, other_word
    cdef uint32_t half, other_half
    if size < 8:
        if size < 4:
            return memcmp(one, other, size) == 0
        memcpy(&half, one, 4)
        memcpy(&other_half, other, 4)
        if half != other_half:
            return False
        memcpy(&half, one + size - 4, 4)
        memcpy(&other_half, other + size - 4, 4)
        return half == other_half
    # From the end, where names differ most; the last step takes the first eight octets, some of them again.
    while size > 8:
        size -= 8
        memcpy(&word, one + size, 8)
        memcpy(&other_word, other + size, 8)
        if word != other_word:
            return False
    memcpy(&word, one, 8)
    memcpy(&other_word, other, 8)
    return word == other_word


cdef inline uint64_t mix(Octets at, Py_ssize_t size) noexcept nogil:
    """A hash of four octets or more; its upper bits are the good ones."""
    cdef uint64_t mixed, middle = 0, last = 0
    cdef uint32_t low, high
    if size >= 8:
        memcpy(&mixed, at, 8)
        memcpy(&middle, at + (size >> 1) - 4, 8)
        memcpy(&last, at + size - 8, 8)
    else:
        memcpy(&low, at, 4)
        memcpy(&high, at + size - 4, 4)
        mixed = <uint64_t>low << 32 | high
    mixed ^= (middle << 21 | middle >> 43) ^ (last << 42 | last >> 22) ^ <uint64_t>size
    return mixed * <uint64_t>0x9E3779B97F4A7C15


cdef class Wire(AbstractWire):
    cdef Octets locate(self, _Attributes owner, object name) except? NULL


cdef PyObject* unpack(PyObject* wire, Octets* cursor, Octets end, bint member, PyObject* spare=*) except NULL
