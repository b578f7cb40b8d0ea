# cython: boundscheck=False, wraparound=False, binding=False, embedsignature=True, embedsignature.format=clinic
#
# The compiled twin's `walk`: a message's attributes and values in one loop.
#
# The rule of this file: it does what `_walk_py.py` does. It unpacks with `_wire.pyx` and, like that, can fail only if
# memory runs out.

cimport cython
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.ref cimport Py_XDECREF

from ._attribute_c cimport Collection, _Attributes
from ._cpython cimport (
    IPPFAST_LOCKED, drop, fill, finalizes_meanwhile, forget_hash, give as give_up, hold, is_ours, is_tuple,
    new_tuple_or_null, own, put, tuple_item, tuple_size,
)
from ._message_c cimport Message
from ._wire cimport MOST_DEPTH, IppfastAttribute, Octets, Wire, unpack


def walk(source):
    """Give a pair for every value: its attribute and the value, in the order of the wire, collections included.

    source: a `Message`, an `AttributeGroup` or a `Collection`. If a value is a `Collection`, the pairs of its member
    attributes follow it. Reading a whole message this way is quicker than by loops inside each other. Raises TypeError
    for another source.
    """
    cdef Walk walk = Walk.__new__(Walk)
    owners = list((<Message>source).groups) if type(source) is Message else [source]
    for owner in owners:
        if not isinstance(owner, _Attributes):
            raise TypeError(f"walk takes a Message, an AttributeGroup or a Collection, not {type(owner).__name__}")
    walk.owners = iter(owners)
    walk.outer = []
    if owners:
        walk.enter(next(walk.owners))
    return walk


cdef struct Frame:
    # What a walk goes on with after a collection in a slice: the attribute that has it as a value, and what follows it.
    PyObject* attribute
    Py_ssize_t index
    Octets at
    Octets end


@cython.final
@cython.freelist(8)
cdef class Walk:
    """The iterator that `walk` returns: a place in the message."""

    cdef object owners  # the groups to come
    cdef PyObject* attribute  # the current one
    cdef Py_ssize_t index  # which value of it comes next
    cdef PyObject* spare  # the attribute before it, which is used again if nobody else holds it
    cdef PyObject* pair  # the last pair, which is used again if nobody else holds it
    # These are for a slice, and for the collections in it, which are slices of the same wire.
    cdef Wire wire  # None outside a slice
    cdef Octets at  # the next attribute, up to the end of the innermost collection or of the group
    cdef Octets end
    cdef bint member  # whether the slice is a collection's
    cdef int depth  # how many collections inside the slice are open
    cdef Frame* frames
    # These are for groups and collections that were made by hand.
    cdef object attributes  # those to come in the innermost collection, or in the group
    cdef list outer  # the attributes, the attribute and the index of each collection that the current one is in

    def __dealloc__(self):
        Py_XDECREF(self.pair)
        Py_XDECREF(self.attribute)
        Py_XDECREF(self.spare)
        while self.depth:
            self.depth -= 1
            Py_XDECREF(self.frames[self.depth].attribute)
        PyMem_Free(self.frames)

    def __iter__(self):
        return self

    def __next__(self):
        cdef PyObject* pair
        if IPPFAST_LOCKED:  # even a critical section that locks nothing takes a reference
            pair = self.step()
        else:
            with cython.critical_section(self):
                pair = self.step()
        if pair == NULL:
            raise StopIteration  # directly in __next__, Cython makes no exception object for it
        return own(pair)

    cdef inline PyObject* step(self) except? NULL:
        """The next pair; NULL at the end."""
        cdef PyObject* values
        cdef PyObject* spare
        cdef Frame* frame
        cdef Wire _held
        while True:
            if self.attribute != NULL:
                values = (<IppfastAttribute*>self.attribute).values
                if not is_tuple(values):
                    if self.index == 0:
                        return self.give(values)
                elif self.index < tuple_size(values):
                    return self.give(tuple_item(values, self.index))
            if self.wire is None:
                if not self.go_on():
                    return NULL
            elif self.at < self.end:
                spare = NULL
                if self.spare != NULL and is_ours(self.spare):
                    spare = self.spare
                    self.spare = NULL
                if finalizes_meanwhile:
                    _held = self.wire
                self.take(unpack(<PyObject*>self.wire, &self.at, self.end, self.member or self.depth > 0, spare))
            elif self.depth:
                self.depth -= 1
                frame = &self.frames[self.depth]
                self.at = frame.at
                self.end = frame.end
                self.take(frame.attribute, frame.index)
            else:
                self.wire = None

    cdef inline int take(self, PyObject* attribute, Py_ssize_t index=0) noexcept:
        """Go on with that attribute. The current one becomes the spare one."""
        cdef PyObject* spare = self.spare
        self.spare = self.attribute
        self.attribute = attribute
        self.index = index
        if spare != NULL:
            drop(spare)
        return 0

    cdef bint go_on(self) except -1:
        """Outside slices, go to the next attribute, out of a collection, or to the next group. False at the end."""
        if self.attributes is not None:
            attribute = next(self.attributes, None)
            if attribute is not None:
                self.take(give_up(attribute))
                return True
            self.attributes = None
        if self.outer:
            self.attributes, attribute, index = self.outer.pop()
            self.take(give_up(attribute), index)
        else:
            self.take(NULL)
            owner = next(self.owners, None)
            if owner is None:
                return False
            self.enter(owner)
        return True

    cdef int enter(self, _Attributes owner) except -1:
        """Go on with the first attribute of a group or a collection."""
        if owner._sliced:
            self.wire = <Wire>owner._wire
            self.at = self.wire.data + owner._start
            self.end = self.wire.data + owner._end
            self.member = type(owner) is Collection
        else:
            self.attributes = iter(owner)
        return 0

    cdef int go_in(self, Collection collection) except -1:
        """Go on with the first member of a value; after the last member, with what follows the value."""
        cdef Frame* frame
        if self.wire is None:
            self.outer.append((self.attributes, <object>self.attribute, self.index))
            self.attributes = None
            fill(&self.attribute, NULL)
            self.enter(collection)
            return 0
        if not collection._sliced or collection._wire is not self.wire:  # impossible: what was decoded never changes
            raise SystemError("a collection of another message is among a decoded attribute's values")
        if self.frames == NULL:
            self.frames = <Frame*>PyMem_Malloc(MOST_DEPTH * sizeof(Frame))
            if self.frames == NULL:
                raise MemoryError
        frame = &self.frames[self.depth]
        frame.attribute = self.attribute
        frame.index = self.index
        frame.at = self.at
        frame.end = self.end
        self.depth += 1
        self.attribute = NULL
        self.at = self.wire.data + collection._start
        self.end = self.wire.data + collection._end
        return 0

    cdef inline PyObject* give(self, PyObject* value) except NULL:
        """The pair of the current attribute and a value of it. If that is a collection, go into it."""
        cdef PyObject* attribute = self.attribute
        cdef PyObject* pair = self.pair
        self.index += 1
        if type(<object>value) is Collection:
            self.go_in(<Collection>value)
        hold(value)
        if pair != NULL and is_ours(pair):
            forget_hash(pair)
            hold(pair)  # first: freeing what was in it may run code that takes a step
            if tuple_item(pair, 0) != attribute:
                hold(attribute)
                replace(pair, 0, attribute)
            replace(pair, 1, value)
            return pair
        hold(attribute)
        return self.new_pair(attribute, value)

    cdef PyObject* new_pair(self, PyObject* attribute, PyObject* value) except NULL:
        """A new pair, because somebody holds the last one. It takes over both references."""
        cdef PyObject* pair = new_tuple_or_null(2)
        if pair == NULL:
            drop(attribute)
            drop(value)
            return NULL
        put(pair, 0, attribute)
        put(pair, 1, value)
        hold(pair)
        fill(&self.pair, pair)
        return pair


cdef inline int replace(PyObject* items, Py_ssize_t index, PyObject* value) noexcept:
    cdef PyObject* before = tuple_item(items, index)
    put(items, index, value)
    drop(before)
    return 0
