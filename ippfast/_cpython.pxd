# What the compiled parts use of CPython's internals, and how they pass references on.
#
# The rule of this file: whatever relies on more than CPython's documented functions stands here, beside a plain form
# that does not. A build with IPPFAST_PLAIN=1 uses every plain form, and so does one for a CPython that is newer than
# those whose headers were read. What relies on the interpreter's lock (IPPFAST_LOCKED) is off if there is none.
#
# | what                  | relies on                                        | CPython    | plain form                |
# |-----------------------|--------------------------------------------------|------------|---------------------------|
# | hold, drop            | how a count of references is stored              | 3.12, 3.13 | Py_INCREF, Py_DECREF      |
# | is_ours               | a count of 1 is the only reference               | all        | never: nothing is reused  |
# | forget_hash           | a tuple that is_ours is filled anew; its hash    | from 3.14  | never, see is_ours        |
# | new_several           | named tuples are tuples by layout; their hash    | all        | tuple.__new__             |
# | ascii_octets          | the octets of a str in ASCII follow its head     | all        | PyUnicode_1BYTE_DATA      |
# | new_list, put_last    | the room of a list                               | all        | append                    |
# | lists_are_read        | the fields of a list                             | all        | a copy is read            |
# | cut_bytes             | bytes may have more room than they take          | all        | _PyBytes_Resize           |
# | is_short_int          | an int of one digit; its layout before 3.12      | all        | PyLong_AsLongAndOverflow  |
# | set_item              | a key's hash can be given                        | to 3.13    | PyDict_SetItem            |
# | new_dict              | a dictionary can be made with room (Cython)      | all        | PyDict_New                |
# | own_methods           | how a method is looked up and called             | all        | nothing: only slower      |
# | keyed_hash            | the hash of octets, documented from 3.14 on      | to 3.13    | nothing: all have it      |
# | finalizes_meanwhile   | the cycle collector runs between instructions    | from 3.12  | it runs anywhere          |
#
# The hot paths hold plain pointers and pass references on. A temporary reference costs more than two instructions: on
# CPython 3.12 and later its count is written as 32 bits and read back as 64, which stalls the processor.

from cpython.bytes cimport PyBytes_AS_STRING
from cpython.object cimport PyObject, PyTypeObject
from libc.stdint cimport int32_t, uint8_t, uint32_t, uint64_t


cdef extern from *:
    """
    #if !defined(IPPFAST_PLAIN) || PY_VERSION_HEX >= 0x03100000
    #undef IPPFAST_PLAIN
    #define IPPFAST_PLAIN (PY_VERSION_HEX >= 0x03100000)
    #endif
    #ifdef Py_GIL_DISABLED
    #define IPPFAST_LOCKED 0
    #else
    #define IPPFAST_LOCKED 1
    #endif
    #define IPPFAST_INSIDE (IPPFAST_LOCKED && !IPPFAST_PLAIN)

    /* `own` makes Cython the owner of our reference; `give` makes us the owner of a Cython variable's reference. */
    #define IPPFAST_OWN(pointer) (pointer)
    #define IPPFAST_GIVE(variable) ippfast_give((PyObject **)&(variable))
    static inline PyObject *ippfast_give(PyObject **variable) {
        PyObject *pointer = *variable;
        *variable = NULL;
        return pointer;
    }

    /* A count is read as 32 bits, to which the processor can forward every earlier write, and written as 64, from which
       it can forward to every later read. */
    #if IPPFAST_INSIDE && SIZEOF_VOID_P == 8 && PY_VERSION_HEX >= 0x030C0000 && PY_VERSION_HEX < 0x030E0000 \
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
    #define ippfast_is_ours(object) (IPPFAST_INSIDE && Py_REFCNT(object) == 1)
    #endif

    /* From 3.14 on a tuple keeps its hash, which is -1 until it is asked for. */
    #if IPPFAST_INSIDE && PY_VERSION_HEX >= 0x030E0000
    #define IPPFAST_FORGET_HASH(tuple) (((PyTupleObject *)(tuple))->ob_hash = -1)
    #else
    #define IPPFAST_FORGET_HASH(tuple) ((void)0)
    #endif
    /* A new named tuple: fill it, then finish it. */
    #if IPPFAST_PLAIN
    #define ippfast_new_several(type, size) PyTuple_New(size)
    static inline PyObject *ippfast_finish_several(PyTypeObject *type, PyObject *items) {
        PyObject *arguments = PyTuple_Pack(1, items);
        PyObject *made = arguments ? PyTuple_Type.tp_new(type, arguments, NULL) : NULL;
        Py_XDECREF(arguments);
        Py_DECREF(items);
        return made;
    }
    #else
    static inline PyObject *ippfast_new_several(PyTypeObject *type, Py_ssize_t size) {
        PyObject *made = PyType_GenericAlloc(type, size);
        #if PY_VERSION_HEX >= 0x030E0000
        if (made) ((PyTupleObject *)made)->ob_hash = -1;
        #endif
        return made;
    }
    #define ippfast_finish_several(type, items) (items)
    #endif

    /* For a str that is_ascii: PyUnicode_1BYTE_DATA would ask again which kind it is. */
    #if IPPFAST_PLAIN
    #define IPPFAST_ASCII_OCTETS(string) ((uint8_t *)PyUnicode_1BYTE_DATA(string))
    #define IPPFAST_TUPLE_ITEMS(tuple) PySequence_Fast_ITEMS(tuple)
    #else
    #define IPPFAST_ASCII_OCTETS(string) ((uint8_t *)((PyASCIIObject *)(string) + 1))
    #define IPPFAST_TUPLE_ITEMS(tuple) (&PyTuple_GET_ITEM(tuple, 0))
    #endif

    /* Whether a list can take one more item without growing, and the fields with its items and their count. */
    #if IPPFAST_INSIDE
    #define IPPFAST_HAS_ROOM(list) (Py_SIZE(list) < ((PyListObject *)(list))->allocated)
    #define IPPFAST_ITEMS_OF(list) (&((PyListObject *)(list))->ob_item)
    #define IPPFAST_COUNT_OF(list) (&((PyVarObject *)(list))->ob_size)
    #else
    #define IPPFAST_HAS_ROOM(list) 0
    #define IPPFAST_ITEMS_OF(list) NULL
    #define IPPFAST_COUNT_OF(list) NULL
    #endif

    /* An int of one digit (below 2**30), no bool and of no subclass, is read without a call. */
    #if IPPFAST_PLAIN
    #define IPPFAST_IS_SHORT(value) 0
    #define IPPFAST_SHORT(value) 0L
    #elif PY_VERSION_HEX >= 0x030C0000
    #define IPPFAST_IS_SHORT(value) (PyLong_CheckExact(value) && PyUnstable_Long_IsCompact((PyLongObject *)(value)))
    #define IPPFAST_SHORT(value) ((long)PyUnstable_Long_CompactValue((PyLongObject *)(value)))
    #else
    #define IPPFAST_IS_SHORT(value) (PyLong_CheckExact(value) && (size_t)(Py_SIZE(value) + 1) <= 2)
    #define IPPFAST_SHORT(value) ((long)Py_SIZE(value) * (long)((PyLongObject *)(value))->ob_digit[0])
    #endif

    /* From 3.14 on a tuple keeps its hash. Before, a caller that puts it into many dictionaries can keep it. */
    #if !IPPFAST_PLAIN && PY_VERSION_HEX < 0x030E0000 && CYTHON_COMPILING_IN_CPYTHON
    PyAPI_FUNC(int) _PyDict_SetItem_KnownHash(PyObject *, PyObject *, PyObject *, Py_hash_t);
    #define IPPFAST_SET(dict, key, value, hash) _PyDict_SetItem_KnownHash(dict, key, value, hash)
    #else
    #define IPPFAST_SET(dict, key, value, hash) PyDict_SetItem(dict, key, value)
    #endif

    #if IPPFAST_PLAIN
    #define IPPFAST_NEW_DICT(size) PyDict_New()
    #else
    #define IPPFAST_NEW_DICT(size) __Pyx_PyDict_NewPresized(size)
    #endif

    /* The interpreter calls a built-in method faster if the object's own class defines it. So the methods of a base
       class are copied into its subclass. */
    static inline int ippfast_own_methods(PyTypeObject *type, PyTypeObject *base) {
        #if !IPPFAST_PLAIN
        for (PyMethodDef *method = base->tp_methods; method->ml_name; method++) {
            PyObject *made = PyDescr_NewMethod(type, method);
            int failed = !made || PyDict_SetItemString(type->tp_dict, method->ml_name, made) < 0;
            Py_XDECREF(made);
            if (failed) return -1;
        }
        PyType_Modified(type);
        #endif
        return 0;
    }
    /* A hash with a secret key of this process: nobody outside can make names that collide in it. It needs no lock. */
    #if PY_VERSION_HEX >= 0x030E0000
    #define IPPFAST_KEYED_HASH(at, size) ((uint64_t)Py_HashBuffer(at, size))
    #else
    PyAPI_FUNC(Py_hash_t) _Py_HashBytes(const void*, Py_ssize_t);  /* 3.13 has it, but in no public header */
    #define IPPFAST_KEYED_HASH(at, size) ((uint64_t)_Py_HashBytes(at, size))
    #endif
    #define IPPFAST_FINALIZES_MEANWHILE (IPPFAST_PLAIN || PY_VERSION_HEX < 0x030C0000)
    """
    const bint IPPFAST_PLAIN
    const bint IPPFAST_LOCKED
    const bint IPPFAST_INSIDE  # whether internals that rely on the lock may be used
    object own "IPPFAST_OWN"(PyObject*)
    PyObject* give "IPPFAST_GIVE"(object)
    void hold "ippfast_hold"(PyObject*)
    void drop "ippfast_drop"(PyObject*)
    bint is_ours "ippfast_is_ours"(PyObject*)  # whether ours is the only reference; False without the lock
    void forget_hash "IPPFAST_FORGET_HASH"(PyObject*)  # for a tuple that is_ours and is filled anew
    PyObject* new_several "ippfast_new_several"(PyTypeObject*, Py_ssize_t) except NULL
    PyObject* finish_several "ippfast_finish_several"(PyTypeObject*, PyObject* items) except NULL  # takes the reference
    uint8_t* ascii_octets "IPPFAST_ASCII_OCTETS"(PyObject*)
    PyObject** tuple_items "IPPFAST_TUPLE_ITEMS"(PyObject*)
    bint has_room "IPPFAST_HAS_ROOM"(PyObject*)
    const bint lists_are_read "IPPFAST_INSIDE"  # whether the next two can be used
    PyObject*** items_of "IPPFAST_ITEMS_OF"(PyObject*) noexcept
    Py_ssize_t* count_of "IPPFAST_COUNT_OF"(PyObject*) noexcept
    bint is_short_int "IPPFAST_IS_SHORT"(PyObject*)
    long short_int "IPPFAST_SHORT"(PyObject*)
    uint64_t keyed_hash "IPPFAST_KEYED_HASH"(const uint8_t* at, Py_ssize_t size) noexcept nogil
    int set_item "IPPFAST_SET"(PyObject*, PyObject*, PyObject*, Py_hash_t) except -1
    dict new_dict "IPPFAST_NEW_DICT"(Py_ssize_t size)
    int own_methods "ippfast_own_methods"(PyTypeObject* type, PyTypeObject* base) except -1
    # Whether making a tuple may run the cycle collector, and with it a finalizer that goes on with the same walk.
    const bint finalizes_meanwhile "IPPFAST_FINALIZES_MEANWHILE"

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
    PyObject* new_tuple "PyTuple_New"(Py_ssize_t size) except NULL
    PyObject* new_tuple_or_null "PyTuple_New"(Py_ssize_t size) noexcept  # NULL: memory ran out, and MemoryError is set
    void put "PyTuple_SET_ITEM"(PyObject*, Py_ssize_t, PyObject*)
    PyObject* Py_None
    PyObject* Py_True
    PyObject* Py_False
    PyObject* new_bytes "PyBytes_FromStringAndSize"(const char* octets, Py_ssize_t size) except NULL
    int _PyBytes_Resize(PyObject** octets, Py_ssize_t size) except -1
    void Py_SET_SIZE(PyObject*, Py_ssize_t)
    list PyList_New(Py_ssize_t size)
    Py_ssize_t list_size "PyList_GET_SIZE"(PyObject*)
    void put_in_list "PyList_SET_ITEM"(PyObject*, Py_ssize_t, PyObject*)


cdef inline void fill(PyObject** field, PyObject* value) noexcept:
    cdef PyObject* before = field[0]
    field[0] = value
    if before != NULL:
        drop(before)


cdef inline int cut_bytes(PyObject** octets, Py_ssize_t size, Py_ssize_t capacity) except -1:
    """Cut bytes that nobody else has seen yet to the size that was needed."""
    if IPPFAST_PLAIN or capacity - size > capacity >> 3:
        return _PyBytes_Resize(octets, size)
    # If so little is given back, the allocator maps and clears new pages for every large message.
    Py_SET_SIZE(octets[0], size)
    PyBytes_AS_STRING(<object>octets[0])[size] = 0
    return 0


cdef inline list new_list(Py_ssize_t room):
    """An empty list with room for its first items: growing takes as long as one or two of them."""
    cdef list made
    if not IPPFAST_INSIDE:
        return []
    made = PyList_New(room)
    Py_SET_SIZE(<PyObject*>made, 0)
    return made


cdef inline int put_last(list items, PyObject* item) except -1:
    """Append an item. The list takes over the reference."""
    cdef Py_ssize_t size = list_size(<PyObject*>items)
    if not has_room(<PyObject*>items):
        items.append(own(item))
        return 0
    put_in_list(<PyObject*>items, size, item)
    Py_SET_SIZE(<PyObject*>items, size + 1)
    return 0
