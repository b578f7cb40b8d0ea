# cython: boundscheck=False, wraparound=False, binding=False, embedsignature=True, embedsignature.format=clinic
#
# A glance at a message: whether `recover` and `validate` have to look closer at all.
#
# The rule of this file: it says "sound" or "look closer", never what is wrong. In what is sound the closer look, which
# is in Python, would find nothing; when in doubt the glance says "look closer", which costs time and changes nothing.
# It reads what `decode` has checked, so that every length leads to the next token.

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from cpython.object cimport PyObject
from libc.stdint cimport int32_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcmp, memcpy

from ._attribute_c cimport AttributeGroup, Collection, _Attributes
from ._codec cimport decode_at
from ._cpython cimport own, unlikely
from ._message_c cimport Message
from ._specs cimport UNKNOWN, Spec, attribute_spec, spec_at
from ._wire cimport (
    Octets, Wire, after_collection, after_unnamed, be16, be32, first_value, is_additional, name_of, next_attribute,
    next_member, same, slice_of, unpack,
)

from ._places import ANY_SIZE
from .errors import DecodeError
from .tags import DELIMITER_TAGS, SIZES, DelimiterTag


# ---- For `recover` ----

cdef extern from *:
    """
    #define IPPFAST_ONES UINT64_C(0x0101010101010101)
    #define IPPFAST_HIGHS UINT64_C(0x8080808080808080)
    """
    const uint64_t IPPFAST_ONES
    const uint64_t IPPFAST_HIGHS

cdef struct Sizes:
    # For each tag the least size of a value, and the greatest size less the least.
    uint32_t known
    uint16_t least
    uint16_t span

cdef Sizes[256] sizes


cdef int read_sizes() except -1:
    for tag in range(256):
        # As in `Places.are_right`: out-of-band values are empty, but unassigned out-of-band tags may have octets.
        least, most = SIZES.get(tag, ANY_SIZE) if tag >= 0x20 else (0, 255)
        sizes[tag].known = tag in SIZES
        sizes[tag].least = least
        sizes[tag].span = most - least
    return 0

read_sizes()


def decode_sound(bytes octets not None, limits):
    """The message at the beginning of these octets, if `recover` would repair nothing in it; None: look closer."""
    cdef Py_ssize_t size
    cdef Message message
    cdef Octets data = <Octets>PyBytes_AS_STRING(octets)
    try:
        message = decode_at(octets, limits, None, &size)
    except DecodeError:
        return None
    if are_believable(data, size) and not may_go_on(data + size, PyBytes_GET_SIZE(octets) - size):
        return message
    return None


cdef bint are_believable(Octets octets, Py_ssize_t size) noexcept nogil:
    """Whether the lengths of a message that `decode` accepts hide nothing: every value's size suits its tag."""
    cdef Octets at = octets + 8
    cdef Octets end = octets + size - 1
    cdef unsigned int tag, length
    while at < end:
        tag = at[0]
        if unlikely(tag < 0x10):
            if (tag == 0x0D and at[1] == 0x0A) or (tag == 0x0A and (at - 1)[0] == 0x0D):
                return False  # it is rather the end of a line than a group
            at += 1
            continue
        # As in `look` of `_scan.pxd`: the high octet of a length is looked at, not waited for.
        length = at[2]
        if unlikely(at[1]):
            length = be16(at + 1)
        if length:
            if unlikely(has_nul(at + 3, length)):
                return False
            at += length
        length = at[4]
        if unlikely(at[3]):
            length = be16(at + 3)
        at += 5
        if unlikely(length - sizes[tag].least > sizes[tag].span):  # one comparison, as they are unsigned
            return False
        if unlikely(tag == 0x35 or tag == 0x36) and not is_split(at, length):
            return False
        at += length
    return True


cdef inline bint has_nul(Octets at, unsigned int size) noexcept nogil:
    """Whether one of these octets is 0. It looks at eight at once, and at some of the last ones twice."""
    cdef uint64_t word
    cdef uint64_t found = 0
    cdef unsigned int index
    if size < 8:
        for index in range(size):
            if at[index] == 0:
                return True
        return False
    index = 0
    while index + 8 < size:
        memcpy(&word, at + index, 8)
        found |= (word - IPPFAST_ONES) & ~word
        index += 8
    memcpy(&word, at + size - 8, 8)
    found |= (word - IPPFAST_ONES) & ~word
    return found & IPPFAST_HIGHS != 0


cdef bint is_split(Octets value, unsigned int size) noexcept nogil:
    """Whether a value is two strings after their lengths (RFC 8010 section 3.9)."""
    cdef unsigned int language = 2 + be16(value)
    return language + 2 <= size and language + 2 + be16(value + language) == size


cdef bint may_go_on(Octets at, Py_ssize_t left) noexcept nogil:
    """Whether a token with a name may begin behind the end-of-attributes-tag, which then did not end them."""
    cdef unsigned int size, length
    if left and at[0] < 0x10:
        at += 1
        left -= 1
    if left < 3 or not sizes[at[0]].known:
        return False
    size = be16(at + 1)
    if size == 0 or left < 5 + size:
        return False
    length = be16(at + 3 + size)
    return length - sizes[at[0]].least <= sizes[at[0]].span and left >= 5 + size + length


# ---- For `validate` ----

cdef enum:
    MEMBERS = 32  # a collection with more members is looked at closely
    UNSUPPORTED = 0x05

# Which octets each syntax is made of (RFC 8011 section 5.1, RFC 3986 appendix A).
cdef enum Kind:
    PRINTABLE = 1
    LINE_END = 2  # the octets of line ends, and tab: a text may have them
    FIRST = 4  # the first octet of a keyword
    KEYWORD = 8
    SCHEME = 16
    CHARSET = 32
    TOKEN = 64  # an octet of a media type
    PATH = 128
    URI_SCHEME = 256  # this and the next two have letters of either case
    HOST = 512
    ANY_KEYWORD = 1024
    SUBTAG = 2048  # any part of a natural language but the first

cdef uint16_t[256] kinds


cdef int read_kinds() except -1:
    lower, digits = "abcdefghijklmnopqrstuvwxyz", "0123456789"
    both = lower + lower.upper() + digits
    for kind, characters in (
        (PRINTABLE, "".join(map(chr, range(0x20, 0x7F)))),
        (LINE_END, "\t\n\r"),
        (FIRST, lower),
        (KEYWORD, lower + digits + "._-"),
        (SCHEME, lower + digits + "+.-"),
        (CHARSET, lower + digits + "!#$%&'+^_`{}~.:()-"),
        (TOKEN, both + "!#$&^_.+-"),
        (PATH, both + "._~!$&'()*+,;=-:@/"),
        (URI_SCHEME, both + "+.-"),
        (HOST, both + ".-"),
        (ANY_KEYWORD, both + "._-"),
        (SUBTAG, lower + digits),
    ):
        for character in characters:
            kinds[<int>ord(character)] |= kind
    return 0

read_kinds()

cdef uint32_t assigned_groups = 0
for tag in DELIMITER_TAGS:
    if isinstance(tag, DelimiterTag):
        assigned_groups |= <uint32_t>1 << <int>tag


cdef inline bint all_are(int kind, Octets at, uint32_t size) noexcept nogil:
    cdef uint32_t index
    for index in range(size):
        if not kinds[at[index]] & kind:
            return False
    return True


cdef inline bint is_word(int kind, Octets at, uint32_t size) noexcept nogil:
    """Whether octets are of that kind, and begin with a lower-case letter."""
    return size > 0 and kinds[at[0]] & FIRST and all_are(kind, at, size)


cdef inline bint is_word_of_cups(Octets at, uint32_t size) noexcept nogil:
    return size > 0 and kinds[at[0] | 0x20] & FIRST and all_are(ANY_KEYWORD, at, size)


cdef bint is_language(Octets at, uint32_t size) noexcept nogil:
    cdef uint32_t index, part = 0
    cdef bint first = True
    for index in range(size):
        if at[index] == c"-":
            if part == 0:
                return False
            part = 0
            first = False
        elif part == 8 or not kinds[at[index]] & (FIRST if first else SUBTAG):
            return False
        else:
            part += 1
    return part > 0


cdef uint32_t behind_token(Octets at, uint32_t start, uint32_t size) noexcept nogil:
    while start < size and kinds[at[start]] & TOKEN:
        start += 1
    return start


cdef bint is_media_type(Octets at, uint32_t size) noexcept nogil:
    """Whether octets are type/subtype, with or without parameters, none of which is quoted."""
    cdef uint32_t end = behind_token(at, 0, size)
    cdef uint32_t start
    if end == 0 or end == size or at[end] != c"/":
        return False
    start = end + 1
    end = behind_token(at, start, size)
    if end == start:
        return False
    while end < size:
        start = end + (at[end] == c" ")
        if start >= size or at[start] != c";":
            return False
        start += 1
        start += start < size and at[start] == c" "
        end = behind_token(at, start, size)
        if end == start or end == size:
            return False
        end += at[end] == c" "
        if end >= size or at[end] != c"=":
            return False
        start = end + 1
        start += start < size and at[start] == c" "
        end = behind_token(at, start, size)
        if end == start:
            return False
    return True


cdef bint is_plain_uri(Octets at, uint32_t size) noexcept nogil:
    """Whether octets are urn:path or scheme://host:port/path?query#fragment, without escapes."""
    cdef uint32_t end = 0
    cdef uint32_t start, port = 0
    while end < size and kinds[at[end]] & URI_SCHEME:
        end += 1
    if end == 3 and size > 4 and memcmp(at, b"urn:", 4) == 0 and at[4] != c"/":
        return all_are(PATH, at + 4, size - 4)
    if end == 0 or at[0] < c"A" or size - end < 4 or memcmp(at + end, b"://", 3) != 0:
        return False
    if end == 4 and (at[0] | 0x20) == c"f":  # a file's URI has other rules
        return False
    start = end = end + 3
    while end < size and kinds[at[end]] & HOST:
        end += 1
    if end == start:
        return False
    if end < size and at[end] == c":":
        end += 1
        start = end
        while end < size and c"0" <= at[end] <= c"9" and end - start < 5:
            port = port * 10 + at[end] - c"0"
            end += 1
        if port > 65_535:
            return False
    if end < size and at[end] != c"/" and at[end] != c"?" and at[end] != c"#":
        return False
    while end < size and kinds[at[end]] & PATH:
        end += 1
    if end < size and at[end] == c"?":
        while end < size and (kinds[at[end]] & PATH or at[end] == c"?"):
            end += 1
    if end < size and at[end] == c"#":
        end += 1
        while end < size and (kinds[at[end]] & PATH or at[end] == c"?"):
            end += 1
    return end == size


cdef bint is_sound_string(Spec spec, int tag, Octets at, uint32_t size) except -1:
    """Whether a string is sound under a tag from 0x41 on."""
    if size > spec.longest[tag - 0x40]:
        return False
    if tag == 0x44:
        if not (is_word(KEYWORD, at, size) or (spec.has_capitals and is_word_of_cups(at, size))):
            # Ten registered keywords break the rule: "1.1", "certificate+basic".
            return spec.keywords is not None and <str>own(name_of(at, size)) in spec.keywords
        return spec.keywords is None or spec.takes(<str>own(name_of(at, size)))
    if tag == 0x42:
        return all_are(PRINTABLE, at, size)
    if tag == 0x41:
        return all_are(PRINTABLE | LINE_END, at, size)
    if tag == 0x45:
        return is_plain_uri(at, size)
    if tag == 0x49:
        return is_media_type(at, size)
    if tag == 0x48:
        return is_language(at, size)
    if tag == 0x47:
        return size > 0 and all_are(CHARSET, at, size)
    return tag == 0x46 and is_word(SCHEME, at, size)


cdef bint is_sound_value(Spec spec, int tag, Octets at, uint32_t size, bint request) except -1:
    """Whether a value that is no collection is sound under a tag that the attribute may have."""
    cdef int32_t number, upper
    if tag >= 0x41:
        return is_sound_string(spec, tag, at, size)
    if tag == 0x21:
        number = be32(at) if size == 4 else 0
        return size == 4 and (not spec.has_range or spec.minimum <= number <= spec.maximum)
    if tag == 0x23:
        number = be32(at) if size == 4 else 0
        if size != 4 or number < spec.least:
            return False
        if not spec.is_numbered or number >= spec.vendors:
            return True
        return 0 <= number < 256 and spec.numbers[number >> 6] >> (number & 63) & 1
    if tag == 0x22:
        return size == 1 and at[0] <= 1
    if tag == 0x33:
        if size != 8:
            return False
        number, upper = be32(at), be32(at + 4)
        return number <= upper and (not spec.has_range or (spec.minimum <= number and upper <= spec.maximum))
    if tag == 0x32:
        return size == 9 and be32(at) > 0 and be32(at + 4) > 0 and 3 <= at[8] <= 4
    if tag == 0x30:
        return size <= spec.longest[0]
    return tag == 0x31 and size == 11 and is_date(at)


cdef bint is_date(Octets at) noexcept nogil:
    """Whether octets are a DateAndTime (RFC 2579), as `syntaxes` judges it."""
    return (
        1 <= at[2] <= 12 and 1 <= at[3] <= 31 and at[4] <= 23 and at[5] <= 59 and at[6] <= 60 and at[7] <= 9
        and (at[8] == c"+" or at[8] == c"-") and at[9] <= 14 and at[10] <= 59
    )


cdef bint is_sound_one(Spec spec, Octets* cursor, int tag, bint request) except -1:
    """Whether a value is sound, which may be a collection. If it is, the cursor moves behind it.

    cursor: its token, read as that of an additional value, which has no name.
    """
    cdef Octets at = cursor[0] + 5
    cdef uint32_t size = be16(at - 2)
    if tag < 0x20:
        # RFC 8011 section 5.1.1: a response may say of any attribute that its value is not known or not set.
        if size or not (spec.out_of_band >> (tag - 0x10) & 1 or (not request and (tag == 0x12 or tag == 0x13))):
            return False
    elif tag >= 0x50 or not spec.tags >> (tag - 0x10) & 1:
        return False
    elif tag == 0x34:
        if not are_sound_members(spec, &at, request):
            return False
    elif is_sound_value(spec, tag, at, size, request):
        at += size
    else:
        return False
    cursor[0] = at
    return True


cdef inline bint is_sound_set(Spec spec, Octets first, Octets behind, int count, bint out_of_band) noexcept nogil:
    """Whether an attribute may have these values together, each of which is sound: so many, and in this order."""
    return count == 1 or not (
        spec.is_single or out_of_band
        or ((spec.is_sequence or spec.is_reason) and not is_sound_sequence(spec, first, behind))
    )


cdef bint is_sound_sequence(Spec spec, Octets at, Octets behind) noexcept nogil:
    """Whether ranges ascend and no reason is "none". None of the values is a collection."""
    cdef Octets before = NULL
    while at < behind:
        if spec.is_sequence:
            if before != NULL and be32(at + 5) <= be32(before + 9):
                return False
            before = at
        elif be16(at + 3) == 4 and memcmp(at + 5, b"none", 4) == 0:
            return False
        at = after_unnamed(at)
    return True


cdef bint are_sound_members(Spec spec, Octets* cursor, bint request) except -1:
    """Whether the members of a collection are sound. If they are, the cursor moves behind its end."""
    cdef Octets names[MEMBERS]
    cdef Octets at = cursor[0]
    cdef Octets first
    cdef Spec member
    cdef uint32_t size
    cdef int count = 0, index, values
    cdef bint out_of_band
    while at[0] != 0x37:
        size = be16(at + 3)
        if count == MEMBERS:
            return False
        for index in range(count):
            if be16(names[index] - 2) == size and same(names[index], at + 5, size):
                return False
        at += 5
        names[count] = at
        count += 1
        member = spec.member(<str>own(name_of(at, size)))
        if member is None:
            return False
        if member is UNKNOWN and not may_be_there(spec, at, size):
            return False
        at += size
        first = at
        values = 0
        out_of_band = False
        while at[0] != 0x4A and at[0] != 0x37:
            out_of_band |= at[0] < 0x20
            values += 1
            if not is_sound_one(member, &at, at[0], request):
                return False
        if not is_sound_set(member, first, at, values, out_of_band):
            return False
    cursor[0] = at + 5
    return count > 0


def doubtful(owner, bint request, int group, str path=""):
    """The attributes of a group or collection that must be looked at closely. For each: the attribute; whether one
    before it has its name; and which values are doubtful: a list of their indices, or None for all of them.

    request: whether the message is a request, in which fewer out-of-band values are right. group: the tag of the group.
    path: where the registry describes the members of the collection.
    """
    cdef Octets at
    cdef Octets end
    cdef Octets start
    cdef Octets octets
    cdef Wire wire = slice_of(owner, &at, &end) if isinstance(owner, _Attributes) else None  # else the pure twin's
    cdef bint member = type(owner) is Collection
    cdef Spec holder = spec_at(path, group) if member else None
    cdef Spec spec
    cdef Py_ssize_t before
    cdef uint32_t size
    cdef bint is_repeated, is_known
    cdef list found = []
    cdef list doubts
    cdef set seen = set()
    if wire is None or group == UNSUPPORTED or (member and holder is None):
        for attribute in owner:
            found.append((attribute, attribute.name in seen, None))
            seen.add(attribute.name)
        return found
    while at < end:
        start = at
        octets = at + 5 if member else at + 3
        size = be16(octets - 2)
        name = <str>own(name_of(octets, size))
        before = len(seen)
        seen.add(name)
        is_repeated = len(seen) == before
        spec = holder.member(name) if member else attribute_spec(group, name)
        doubts = None
        if spec is None:
            at = next_member(at, end) if member else next_attribute(at, end)
        else:
            if not member:
                is_known = group < 32 and spec.groups >> group & 1
            elif spec is UNKNOWN:
                is_known = may_be_there(holder, octets, size)
            else:
                is_known = True
            doubts = []
            if look_at_values(spec, &at, end, member, request, doubts) and is_known and not is_repeated:
                continue
        found.append((own(unpack(<PyObject*>wire, &start, end, member)), is_repeated, doubts))
    return found


cdef inline bint may_be_there(Spec holder, Octets name, uint32_t size) noexcept nogil:
    """Whether a member that nobody registered need not be reported."""
    return holder.is_open and size <= 255 and is_word(KEYWORD, name, size)


cdef bint look_at_values(
    Spec spec, Octets* cursor, Octets end, bint member, bint request, list doubts
) except -1:
    """Whether the values of the attribute at the cursor are sound. Appends the indices of those that are not to
    `doubts`, and moves the cursor behind the last value."""
    cdef int tag
    cdef Octets first = first_value(cursor[0], member, &tag)
    cdef Octets at = first
    cdef Octets value
    cdef short deepest
    cdef int count = 0
    cdef bint out_of_band = False
    while True:
        value = at
        out_of_band |= tag < 0x20
        if not is_sound_one(spec, &at, tag, request):
            doubts.append(count)
            at = after_collection(value + 5, &deepest) if tag == 0x34 else after_unnamed(value)
        count += 1
        if not is_additional(at, end):
            break
        tag = at[0]
    cursor[0] = at
    if count > 1 and out_of_band:  # an out-of-band value must be alone
        doubts[:] = range(count)
    return not doubts and is_sound_set(spec, first, at, count, out_of_band)


# The facts of a code that `head` is told; `_facts` in `validation.py` sets the same bits.
cdef enum Fact:
    IS_OPERATION = 1
    IS_STATUS = 2
    ASKS_FOR_MORE = 4  # requests with this code have further rules, which only the closer look knows
    ANSWERS_MORE = 8  # so have responses with this code
    IS_ON_A_JOB = 16
    HAS_NO_PRINTER_GROUP = 32


def head(whole, role, int facts):
    """The role of a message whose header, groups and first operation attributes are sound; None: look closer.

    role: "request", "response" or None, as it is given to `validate`. facts: what is known of the message's code.
    """
    cdef Message message
    cdef list groups
    cdef AttributeGroup group
    cdef Octets at
    cdef Octets end
    cdef Wire wire
    cdef Py_ssize_t place
    cdef bint request
    if type(whole) is not Message:  # it is the pure twin's
        return None
    message = whole
    request = role == "request" if role is not None else facts & IS_OPERATION
    if facts & (ASKS_FOR_MORE if request else ANSWERS_MORE):
        return None
    if type(message.groups) is not list or type(message.version) is not tuple or len(message.version) != 2:
        return None
    if type(message.code) is not int or type(message.request_id) is not int:
        return None
    if message.version[0] not in (1, 2) or not int(request) <= message.request_id < 2**31:
        return None
    if not (2 <= message.code <= 0x7FFF if request else 0 <= message.code < 0x600 and message.code >> 8 != 2):
        return None
    groups = message.groups
    for place in range(len(groups)):
        if type(groups[place]) is not AttributeGroup:
            return None
        group = groups[place]
        if group._tag >= 32 or not assigned_groups >> group._tag & 1 or (place == 0) != (group._tag == 0x01):
            return None
        if request and (group._tag == UNSUPPORTED or group._tag == 0x07):
            return None
        if group._tag == UNSUPPORTED and place != 1:
            return None
        if request and group._tag == 0x04 and facts & HAS_NO_PRINTER_GROUP:
            return None
    wire = slice_of(groups[0], &at, &end) if groups else None
    if wire is None:
        return None
    # RFC 8011 sections 4.1.4 and 4.1.5: charset, natural language and, in a request, the target come first.
    if not (is_named(at, end, b"attributes-charset") and at[0] == 0x47 and is_string(at, b"utf-8")):
        return None
    at = next_attribute(at, end)
    if not is_named(at, end, b"attributes-natural-language"):
        return None
    if not request:
        return "response" if role is not None or not facts & IS_OPERATION else None
    at = next_attribute(at, end)
    if not (is_named(at, end, b"printer-uri") and at[0] == 0x45 and is_plain_target(at)):
        return None
    at = next_attribute(at, end)
    if facts & IS_ON_A_JOB and not is_named(at, end, b"job-id"):
        return None
    while at < end:
        if is_named(at, end, b"job-uri") or is_named(at, end, b"system-uri"):
            return None
        at = next_attribute(at, end)
    return "request"


cdef inline bint is_named(Octets at, Octets end, bytes name) noexcept:
    cdef Py_ssize_t size = PyBytes_GET_SIZE(name)
    return at < end and be16(at + 1) == size and memcmp(at + 3, PyBytes_AS_STRING(name), size) == 0


cdef inline bint is_string(Octets at, bytes value) noexcept:
    """Whether the first value of the attribute at a token with a name is that string."""
    cdef Py_ssize_t size = PyBytes_GET_SIZE(value)
    at += 3 + be16(at + 1)
    return be16(at) == size and memcmp(at + 2, PyBytes_AS_STRING(value), size) == 0


cdef bint is_plain_target(Octets at) noexcept:
    """Whether the first value is a URI of the scheme ipp or ipps, in lower case, without a user."""
    cdef uint32_t size
    at += 3 + be16(at + 1)
    size = be16(at)
    if size < 7 or (memcmp(at + 2, b"ipp://", 6) != 0 and memcmp(at + 2, b"ipps://", 7) != 0):
        return False
    return is_plain_uri(at + 2, size)
