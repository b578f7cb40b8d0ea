# C types for `_attribute.py`, which is compiled as `_attribute_c`. Nothing here has behaviour.

cimport cython


cdef tuple DELIMITER_TAGS, VALUE_TAGS, _ONE_VALUE
cdef object _hash


# A function that returns nothing has the type int too: after void its caller would have to ask for an error.
@cython.locals(count=cython.Py_ssize_t, items=list, many=tuple, tags=tuple, octet=cython.int)
cdef int _fill(Attribute attribute, object name, object tag, object values) except -1


@cython.locals(collection=Collection)
cdef int _check_value(object value) except -1


cdef bint _is_made(object attribute) noexcept
cdef bint _is_whole(Collection collection) noexcept
cdef bint _is_meant(Attribute attribute, object key) except -1


@cython.locals(octet=cython.int)
cdef int _check_tag(object number, str what) except -1


cdef int _check_attribute(object attribute) except -1


@cython.locals(deepest=cython.int, collection=Collection)
cdef int _depth_in(Attribute attribute) except -1


cdef class Wire:
    # The fields of the subclass in `_wire.pyx` are here, so that its objects can come from the freelist.
    cdef bytes octets
    cdef const unsigned char* data  # of `octets`

    cdef object iterate(self, _Attributes owner)
    cdef list items(self, _Attributes owner)
    cdef bint replace(self, AttributeGroup group, object name, Attribute new, bint retag) except -1
    cdef AttributeGroup cut(self, AttributeGroup part, object name, list before)
    cdef AttributeGroup slice(self, AttributeGroup group, int start, int end)
    cdef Attribute find(self, _Attributes owner, object name)
    cdef object value(self, _Attributes owner, object name, object default)
    cdef Py_ssize_t count(self, _Attributes owner) except -1


cdef class Attribute:
    cdef readonly str _name
    cdef readonly object _values
    cdef readonly tuple _tags
    cdef readonly int _tag
    cdef readonly int _offset


cdef class _Attributes:
    cdef readonly Wire _wire
    cdef readonly list _items
    cdef readonly bytes _index
    cdef readonly int _start
    cdef readonly int _end
    cdef readonly bint _sliced
    # The fields of the two subclasses are here too, so that all three have one size and share the freelist.
    cdef readonly short _tag
    cdef readonly short _depth
    cdef readonly int _replaced_start
    cdef readonly int _replaced_end
    cdef readonly Attribute _replacement

    cdef list _list(self)
    cdef Attribute _find(self, object name)


cdef class Collection(_Attributes):
    pass


cdef class AttributeGroup(_Attributes):
    cdef list _own(self)

    @cython.locals(parts=list)
    cdef list _parts(self)

    @cython.locals(
        found=cython.bint, items=list, parts=list, attribute=Attribute, slice=AttributeGroup, behind=AttributeGroup
    )
    cdef bint _replace(self, object name, Attribute new) except -1
