# C types for `_loops.py`, which is compiled as `_loops_c`. Nothing here has behaviour.

cimport cython

from ippfast._attribute_c cimport Attribute as CAttribute


cdef extern from *:
    """
    #define IPPFAST_IS_ASCII(object) (PyUnicode_CheckExact(object) && PyUnicode_IS_ASCII(object))
    """
    bint is_ascii "IPPFAST_IS_ASCII"(object)


cdef object Collection
cdef dict _NO_MEMBERS, _NO_ENUMS
cdef tuple _SIMPLE


@cython.locals(attribute=CAttribute, name=str, made=dict, count=Py_ssize_t, member=cython.bint)
cpdef dict read_attributes(object owner, object enums, bint last, dict converters, object other, object odd)


@cython.locals(values=tuple, tag=cython.int, found=list)
cdef list several(CAttribute attribute, object enums, bint last, dict converters, object other, object odd)


cdef list plain(tuple values)


@cython.locals(attribute=CAttribute, name=str, made=list, found=list, simple=cython.bint)
cpdef list read_group(
    object group, type make, list tags, bint keep, dict converters, object values_of, object other, object odd
)
