# cython: boundscheck=False, wraparound=False, binding=False
#
# Messages as plain data and back, the short way: dictionaries and lists are made from the wire, without making an
# `Attribute`.
#
# The rule of this file: it makes what `views.py` and `dictionaries.py` make. They give it a function for rare values,
# and go the long way if it returns None: for groups that were made or changed by hand, for names that only the registry
# can judge, and for data that is not in the usual shape.

from cpython.object cimport PyObject

from ._attribute_c cimport Attribute, Collection, _Attributes
from ._cpython cimport is_ascii, own
from ._specs cimport Spec, attribute_spec
from ._wire cimport (
    Octets, Wire, after_collection, after_unnamed, be16, first_value, is_additional, name_of, next_attribute,
    next_member, slice_of, value_of,
)

# These are C variables: a look-up in the module's dictionary costs as much as a small value.
cdef object OutOfBand, RangeOfInteger, Resolution
cdef object from_hexadecimal = bytes.fromhex
cdef list KEYWORDS = []  # for each octet the name of the value tag, or the octet if it has none
cdef dict TAGS = {}
cdef dict OUT_OF_BAND = {}

from .errors import ShapeError
from .limits import MAX_DEPTH
from .tags import VALUE_TAGS, ValueTag
from .values import OutOfBand, RangeOfInteger, Resolution

for number, tag in enumerate(VALUE_TAGS):
    KEYWORDS.append(tag.keyword if isinstance(tag, ValueTag) else number)
for tag in ValueTag:
    TAGS[tag.keyword] = int(tag)
for member in OutOfBand:
    OUT_OF_BAND[member.value] = member

cdef int DEEPEST = MAX_DEPTH


# ---- To plain data ----


def to_plain(group, int tag, bint any_charset, rare):
    """The dictionary that `views.group_to_dict` makes of a group under a tag; None: go the long way.

    any_charset: whether `rare` reads every string, or only those that are not US-ASCII. rare(value): the plain form.
    """
    cdef Octets at
    cdef Octets end
    cdef Wire wire = slice_of(group, &at, &end) if isinstance(group, _Attributes) else None  # else the pure twin's
    return None if wire is None else plain_members(at, end, False, tag, None, any_charset, rare)


cdef dict plain_members(Octets at, Octets end, bint member, int group, Spec holder, bint any_charset, object rare):
    """The dictionary of a slice; None: go the long way. holder: whose members these are, if they are members."""
    cdef dict made = {}
    cdef Octets name
    cdef Octets behind
    cdef Spec spec
    cdef list values
    cdef int tag
    cdef short deepest
    cdef bint is_skipped
    while at < end:
        name = at + 5 if member else at + 3
        word = <str>own(name_of(name, be16(name - 2)))
        if word in made:  # the first counts
            at = next_member(at, end) if member else next_attribute(at, end)
            continue
        spec = holder.member(word) if member else attribute_spec(group, word)
        if spec is None:
            return None
        values = []
        at = first_value(at, member, &tag)
        while True:
            is_skipped = False
            if tag == 0x34:
                behind = after_collection(at + 5, &deepest)
                value = plain_members(at + 5, behind - 5, True, group, spec, any_charset, rare)
                if value is None:
                    return None
                at = behind
            else:
                behind = after_unnamed(at)
                value = own(value_of(tag, at + 5, behind - at - 5))
                at = behind
                if type(value) is str:
                    if any_charset or not is_ascii(<PyObject*>value):
                        value = rare(value)
                elif type(value) is RangeOfInteger:
                    value = list(value)
                elif type(value) is OutOfBand:
                    is_skipped = True
                elif type(value) is not int and type(value) is not bool:
                    value = rare(value)
            if not is_skipped:
                values.append(value)
            if not is_additional(at, end):
                break
            tag = at[0]
        if spec.is_single and len(values) < 2:
            made[word] = values[0] if values else None
        else:
            made[word] = values
    return made


def to_tagged(group, rare):
    """The list that `dictionaries.to_tagged` makes of a group's attributes; None: go the long way.

    rare(tag, value): the plain form of a value, or of a name if the tag is 0.
    """
    cdef Octets at
    cdef Octets end
    cdef Wire wire = slice_of(group, &at, &end) if isinstance(group, _Attributes) else None  # else the pure twin's
    return None if wire is None else tagged_members(at, end, False, rare)


cdef list tagged_members(Octets at, Octets end, bint member, object rare):
    cdef list made = []
    cdef list values
    cdef Octets name
    cdef Octets behind
    cdef int tag
    cdef short deepest
    while at < end:
        name = at + 5 if member else at + 3
        word = own(name_of(name, be16(name - 2)))
        if not is_ascii(<PyObject*>word):
            word = rare(0, word)
        values = []
        at = first_value(at, member, &tag)
        while True:
            if tag == 0x34:
                behind = after_collection(at + 5, &deepest)
                value = tagged_members(at + 5, behind - 5, True, rare)
            else:
                behind = after_unnamed(at)
                value = own(value_of(tag, at + 5, behind - at - 5))
                if type(value) is str:
                    if not is_ascii(<PyObject*>value):
                        value = rare(tag, value)
                elif type(value) is OutOfBand:
                    value = None
                elif type(value) is RangeOfInteger:
                    value = {"lower": value[0], "upper": value[1]}
                elif type(value) is bytes:
                    value = {"octets": (<bytes>value).hex()}
                elif type(value) is not int and type(value) is not bool:
                    value = rare(tag, value)
            at = behind
            values.append({"tag": KEYWORDS[tag], "value": value})
            if not is_additional(at, end):
                break
            tag = at[0]
        made.append({"name": word, "values": values})
    return made


# ---- From plain data ----


def from_tagged(data, rare):
    """The attributes of such a list; None: go the long way, which says what is wrong if something is.

    rare(data, tag): the value that an object stands for. If it raises ShapeError, the list goes the long way.
    """
    try:
        return read_members(data, 0, rare)
    except ShapeError:
        return None


cdef list read_members(object data, int depth, object rare):
    cdef list made = []
    cdef list tags
    cdef list values
    cdef dict one
    cdef int tag, first
    cdef bint mixed
    if type(data) is not list or depth > DEEPEST:
        return None
    for item in <list>data:
        if type(item) is not dict or len(<dict>item) != 2:
            return None
        one = item
        name = one.get("name")
        entries = one.get("values")
        if type(name) is not str or type(entries) is not list:
            return None
        tags = []
        values = []
        first = 0
        mixed = False
        for entry in <list>entries:
            if type(entry) is not dict or len(<dict>entry) != 2:
                return None
            one = entry
            keyword = one.get("tag")
            value = one.get("value", ...)
            number = TAGS.get(keyword) if type(keyword) is str else keyword
            if value is ... or type(number) is not int or (type(keyword) is int and not 0 <= number <= 0xFF):
                return None
            tag = number
            if not values:
                first = tag
            mixed |= tag != first
            if value is None:
                value = OUT_OF_BAND.get(number)
                if value is None:
                    return None
            elif type(value) is list:
                members = read_members(value, depth + 1, rare)
                if members is None:
                    return None
                try:
                    value = Collection(members)
                except ValueError:  # too deep
                    return None
            elif type(value) is dict:
                value = read_object(<dict>value, tag, rare)
                if value is None:
                    return None
            elif type(value) is not str and type(value) is not int and type(value) is not bool:
                return None
            tags.append(number)
            values.append(value)
        made.append(Attribute(name, tags if mixed or not values else first, values))
    return made


cdef object read_object(dict data, int tag, object rare):
    """A value that is written as an object; None: go the long way."""
    if tag == 0x33 and len(data) == 2 and "lower" in data and "upper" in data:
        return RangeOfInteger(data["lower"], data["upper"])
    if tag == 0x32 and len(data) == 3 and "cross_feed" in data and "feed" in data and "units" in data:
        return Resolution(data["cross_feed"], data["feed"], data["units"])
    octets = data.get("octets")
    if type(octets) is str and len(data) == 1 and not 0x40 <= tag < 0x4A:
        try:
            return from_hexadecimal(octets)
        except ValueError:
            return None
    return rare(data, tag)
