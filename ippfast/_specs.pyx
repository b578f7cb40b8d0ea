# cython: boundscheck=False, wraparound=False, binding=False
#
# The registry for compiled code: what it says of a name, worked out once and kept in C types.
#
# The rule of this file: it says nothing that `registry.lookup` and `syntaxes` do not say; it asks them. A peer can name
# any number of paths, so what is kept has a bound, and names that nobody registered are not kept.

from libc.stdint cimport uint64_t

from . import registry
from ._registry_data import ATTRIBUTES
from .syntaxes import has_capitals, is_name, is_registered, least_enum, longest_string, vendor_numbers

cdef enum:
    MOST = 4096  # at most this many specs are kept; some 1,400 attributes and members are registered
    MOST_JUDGED = 512  # the judgements of at most this many keywords of one attribute are kept

cdef list roots = [None] * 256  # for each delimiter tag its attributes by name
cdef int kept = 0


cdef class Spec:
    """One attribute, or member at a path, in a group."""

    cdef Spec member(self, str name):
        """The member of that name; UNKNOWN if nobody registered it, None if only the registry can say."""
        cdef Spec found
        if self.members is None:
            self.members = dict.fromkeys(registry.members(self.path)) if self.registered is not None else {}
        if name not in self.members:
            return None if "/" in name else UNKNOWN
        found = self.members[name]
        if found is None:
            found = make(f"{self.path}/{name}", self.group)
            self.members[name] = found
        return found

    cdef bint takes(self, str keyword) except -1:
        """Whether a well-formed keyword is registered, or follows a rule of the registry."""
        if self.keywords is None or keyword in self.keywords:
            return True
        judgement = self.judged.get(keyword)
        if judgement is None:
            judgement = is_registered(keyword, self.registered)
            if len(self.judged) >= MOST_JUDGED:
                self.judged.clear()
            self.judged[keyword] = judgement
        return judgement


cdef Spec attribute_spec(int group, str name):
    """The attribute of that name in a group; UNKNOWN if nobody registered it, None if only the registry can say."""
    cdef dict root = roots[group]
    cdef Spec found
    if root is None:
        root = roots[group] = {}
    found = root.get(name)
    if found is not None:
        return found
    if "/" in name:
        return None
    if name not in ATTRIBUTES:
        return UNKNOWN
    found = make(name, group)
    root[name] = found
    return found


cdef Spec spec_at(str path, int group):
    """The attribute or member at a path; UNKNOWN if nobody registered it, None if only the registry can say."""
    cdef Spec found = None
    for name in path.split("/"):
        found = attribute_spec(group, name) if found is None else found.member(name)
        if found is None:
            return None
    return found


cdef Spec make(str path, int group):
    global kept
    cdef Spec made = Spec.__new__(Spec)
    registered = registry.lookup(path, group)
    if registered is None or not is_name(path.rpartition("/")[2]):
        return UNKNOWN
    if kept >= MOST:
        roots[:] = [None] * 256
        kept = 0
    kept += 1
    made.path = path
    made.group = group
    made.registered = registered
    fill_in(made, registered)
    return made


cdef int fill_in(Spec made, object registered) except -1:
    cdef int tag
    cdef uint64_t number
    name = registered.name
    made.is_single = not registered.set
    made.is_open = not registry.members(made.path)
    made.is_sequence = name == "page-ranges"
    made.is_reason = name.endswith("state-reasons")
    for tag in registered.group_tags:
        made.groups |= <uint64_t>1 << tag
    for tag in registered.out_of_band:
        made.out_of_band |= <uint64_t>1 << tag - 0x10
    for tag in registered.wire_tags:
        made.tags |= <uint64_t>1 << tag - 0x10
    made.has_capitals = has_capitals(registered)
    made.has_range = registered.minimum is not None and registered.maximum is not None
    if made.has_range:
        made.minimum, made.maximum = registered.minimum, registered.maximum
    made.least = least_enum(registered)
    made.vendors = vendor_numbers(registered)
    made.is_numbered = registered.enum is not None
    for number in registered.enum or ():
        if number < 256:
            made.numbers[number >> 6] |= <uint64_t>1 << (number & 63)
    for tag in range(0x40, 0x50):
        made.longest[tag - 0x40] = longest_string(0x30 if tag == 0x40 else tag, registered)
    made.keywords = registered.keywords or None
    made.judged = {}
    return 0


# What nobody registered may have any assigned tag; those of a string with language are left to the closer look.
cdef Spec UNKNOWN = Spec.__new__(Spec)


cdef int know_nothing() except -1:
    cdef int tag
    UNKNOWN.is_open = True
    UNKNOWN.out_of_band = 0b1100  # unknown, no-value
    UNKNOWN.tags = 0
    for tag in (0x21, 0x22, 0x23, 0x30, 0x31, 0x32, 0x33, 0x34, 0x41, 0x42, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49):
        UNKNOWN.tags |= <uint64_t>1 << tag - 0x10
    UNKNOWN.least = least_enum(None)
    for tag in range(0x40, 0x50):
        UNKNOWN.longest[tag - 0x40] = longest_string(0x30 if tag == 0x40 else tag, None)
    UNKNOWN.members = {}
    return 0

know_nothing()
