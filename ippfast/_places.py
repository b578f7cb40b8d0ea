"""Where tokens begin and end in octets whose lengths cannot be trusted: `Places`, which `recover` reads by.

The rule of this file: a token is believed if its tag is known, its name looks like one, its size fits its syntax, and
something believable follows it (RFC 8010 section 3.1). If not, the next place at which believable tokens begin is
searched for, and the octets before it are the value. Nothing is made up: a value is a run of the octets that came.
"""

import re
from typing import NamedTuple

from . import registry
from .tags import FORMS, SIZES, STRINGS, Form, describe_tag

__all__ = ["ANY_SIZE", "LAST_DELIMITER", "Places", "Read", "is_language", "is_split"]

_BEGIN, _END, _MEMBER = 0x34, 0x37, 0x4A
_STOP = 0x03
LAST_DELIMITER = 0x0A  # those after it are reserved (RFC 8010 section 3.5.1)

_DELIMITERS = 8  # at most this many delimiters and tokens are looked at for one answer
ANY_SIZE = (0, 32_767)

_NAME = re.compile(rb"[A-Za-z][A-Za-z0-9._-]*")
_VISIBLE = re.compile(rb"[!-~]{1,255}")
_LANGUAGE = re.compile(rb"[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_NULS = re.compile(rb"\x00{0,8}")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_CONTROL_IN_TEXT = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
# Where a token may begin: one with a name, one without, a delimiter before one with a name, or the last octet, 0x03.
_CANDIDATE = re.compile(
    rb"[\x10-\x7f]\x00(?:[\x01-\xff][a-zA-Z]|\x00)|[\x01-\x0a](?=[\x10-\x7f]\x00[\x01-\xff][a-zA-Z])|\x03\Z"
)


class Read(NamedTuple):
    """A token that is believed. end: where the next one begins. code, words: of the issue, if it was repaired."""

    tag: int
    name: bytes
    value: bytes
    end: int
    code: str | None = None
    words: str | None = None


class Places:
    """The places of the tokens in a message's octets."""

    def __init__(self, octets: bytes) -> None:
        self.octets = octets

    def length(self, at: int) -> int:
        """The unsigned length at an offset; a large negative number if it is cut off."""
        field = self.octets[at : at + 2] if at >= 0 else b""
        return field[0] << 8 | field[1] if len(field) == 2 else -(2**31)

    def are_right(self) -> bool:
        """Whether the lengths lead from token to token to the end of the attributes, or of the data."""
        octets, at = self.octets, 8
        while at < len(octets):
            tag = octets[at]
            if tag < 0x10:
                if tag == 0 or (tag > LAST_DELIMITER and at == len(octets) - 1):
                    return False
                if self.is_line_feed(at):
                    return False
                if tag == _STOP:
                    return not self.begins_with_name(at + 1)
                at += 1
                continue
            name_end = at + 3 + self.length(at + 1)
            end = name_end + 2 + self.length(name_end)
            low, high = SIZES.get(tag, ANY_SIZE) if tag >= 0x20 else (0, 255)
            if end < at:  # cut off
                return self.length(at + 1) <= 255
            size = end - name_end - 2
            if not low <= size <= high or b"\0" in octets[at + 3 : name_end] or (end > len(octets) and size > 1_023):
                return False
            at = end
        return True

    def believes(self, at: int, following: int = 1) -> bool:
        """Whether believable tokens begin at an offset: one, and this many after it unless the data ends before."""
        octets = self.octets
        for _ in range(_DELIMITERS):
            if at == len(octets):
                return True
            tag = octets[at] if at < len(octets) else -1
            if tag < 0x10:
                if tag == _STOP:
                    return not self.begins_with_name(at + 1)
                if not 0 < tag <= LAST_DELIMITER:
                    return False
                at += 1
                continue
            bounds = SIZES.get(tag)
            if bounds is None:
                return False
            size = self.length(at + 1)
            name_end = at + 3 + size
            length = self.length(name_end)
            end = name_end + 2 + length
            if size < 0 or length < 0 or end > len(octets) or not bounds[0] <= length <= bounds[1]:
                return False
            if size and not _VISIBLE.fullmatch(octets, at + 3, name_end):
                return False
            if tag == _MEMBER and not _VISIBLE.fullmatch(octets, name_end + 2, end):
                return False
            at = end
            if following == 0:
                return True
            following -= 1
        return True

    def announces(self, at: int, groups: int, doubtful: bool) -> bool:
        """Whether the octet at an offset is a delimiter: a group follows it, or it ends the attributes.

        groups: how many there were before it. doubtful: whether something before it was repaired or left out, so that
        it may also be the last octet of a number.
        """
        tag = self.octets[at]
        if tag == _STOP:
            return not self.begins_with_name(at + 1)
        if (doubtful or self.octets[at + 1 : at + 2] == b"\0") and not self._heads_group(at, groups):
            return False
        if self.is_line_feed(at):
            return False
        if tag > LAST_DELIMITER:
            return at + 1 < len(self.octets) and self._chains(at + 1)
        if at + 1 == len(self.octets):
            return True
        if tag > 0x05 and self.length(at + 2) == 0 and self.octets[at + 1] >= 0x10:
            return False  # the first value of the group has no name, and hardly anybody sends such groups
        if self._follows(at + 1, 1) or self._heads(at) or self._chains(at):
            return True
        name = _NAME.match(self.octets, at + 4)  # of an attribute whose lengths are wrong
        return self.octets[at + 1] in SIZES and name is not None and len(name[0]) > 2

    def is_line_feed(self, at: int) -> bool:
        """Whether what looks like a delimiter is part of a line end: an octet 0x0a became 0x0d 0x0a on its way.

        0x0a is also the delimiter of system attributes: before one of these it counts as the delimiter.
        """
        octets = self.octets
        if octets[at] == 0x0D:
            return octets[at + 1 : at + 2] == b"\n"
        if octets[at] != 0x0A or octets[at - 1] != 0x0D:
            return False
        spec = registry.lookup(self._name_behind(at))
        return spec is None or 0x0A not in spec.group_tags

    def _heads_group(self, at: int, groups: int) -> bool:
        """Whether the attribute behind a delimiter belongs into the group that it would begin, as far as is known.

        Any attribute may be unsupported, but these are the second group (RFC 8011 section 4.1.7). An attribute that
        nobody registered is believed if the length of its name is right. Behind three NULs the octet is no delimiter,
        but the last octet of a small number.
        """
        octets, tag, name = self.octets, self.octets[at], self._name_behind(at)
        if octets[at - 3 : at] == b"\0\0\0" and octets[at - 4] != 0:
            return False
        if tag == 0x05:
            return groups == 1
        spec = registry.lookup(name)
        return tag in spec.group_tags if spec is not None else 0 < len(name) == self.length(at + 2)

    def _name_behind(self, at: int) -> str:
        """The name of the attribute behind a delimiter, whether its length is right or wrong; "" if there is none."""
        at = self._behind_nuls(at + 1)
        start, size = at + 3, max(self.length(at + 1), 0)
        name = _NAME.fullmatch(self.octets, start, start + size) or _NAME.match(self.octets, start)
        return name[0].decode() if name is not None and len(name[0]) <= 255 else ""

    def begins_with_name(self, at: int) -> bool:
        """Whether a believable token with a name begins at an offset, or a delimiter and such a token."""
        octets = self.octets
        if at < len(octets) and 0 < octets[at] <= LAST_DELIMITER:
            at += 1
        return self.length(at + 1) > 0 and octets[at] >= 0x10 and self.believes(at, 1)

    def find(self, at: int) -> int:
        """Where the next believable tokens begin, from an offset on; the end of the data if there are none."""
        octets = self.octets
        for found in _CANDIDATE.finditer(octets, at):
            start = found.start()
            named = octets[start] < 0x10 or octets[start + 2] != 0
            if named and octets[start] >= 0x10:
                name = _NAME.match(octets, start + 3)
                if name is None or name.end() - start - 3 != octets[start + 2]:
                    continue
            if self.believes(start, 1 if named else 2):
                return start
        return len(octets)

    def read(self, start: int) -> Read | None:
        """The token at an offset, with its lengths put right; None if no token is found there."""
        octets = self.octets
        if start >= len(octets):
            return None
        tag = octets[start]
        size = self.length(start + 1)
        name_end = start + 3 + size
        length = self.length(name_end)
        end = name_end + 2 + length
        sized = self._without_value_length(tag, name_end, length)
        if sized is not None:
            return sized._replace(name=octets[start + 3 : name_end])
        if size >= 0 and length >= 0 and end <= len(octets):
            named = size == 0 or _VISIBLE.fullmatch(octets, start + 3, name_end) is not None
            bounds = SIZES.get(tag, ANY_SIZE)
            fits = named and bounds[0] <= length <= bounds[1]
            if not fits and named and self._has_its_size(name_end + 2, end, *bounds):
                end = name_end + 2 + bounds[0]
                words = f"a value-length of {length}; took the {bounds[0]} octets that {describe_tag(tag)} has"
                return Read(tag, octets[start + 3 : name_end], octets[name_end + 2 : end], end, "wrong-length", words)
            if (fits and self._follows(end, 1)) or self._chains(end):
                return Read(tag, octets[start + 3 : name_end], octets[name_end + 2 : end], end)
            if fits and self._suits(tag, name_end + 2, end):
                other = self._end_of_value(name_end + 2, tag)
                if other > end and (self._heads(end) or not self._suits(tag, name_end + 2, other)):
                    # The next token is the damaged one.
                    return Read(tag, octets[start + 3 : name_end], octets[name_end + 2 : end], end)
        if tag not in SIZES or size < 0:
            return None
        return self._mend(start, tag, size)

    def _has_its_size(self, at: int, end: int, low: int, high: int) -> bool:
        """Whether a value of fixed size more likely has that size than the one in its value-length."""
        if low != high or not self._follows(at + low, 2):
            return False
        said = self.octets[end] if end < len(self.octets) else 0
        return (said < 0x10 or not self.believes(end, 2)) if abs(at + low - end) == 1 else not self._chains(end)

    def _follows(self, at: int, count: int) -> bool:
        """Whether something believable follows a token. NULs between tokens are passed over."""
        octets, at = self.octets, self._behind_nuls(at)
        if at == len(octets) - 1 and octets[at] < 0x10:
            return True  # the last delimiter, whatever it is
        return at == len(octets) or self.believes(at, count - 1)

    def _behind_nuls(self, at: int) -> int:
        """The offset behind the NULs at an offset, if any: they end a C string, or stand where a delimiter should."""
        nuls = _NULS.match(self.octets, at)
        return nuls.end() if nuls is not None else at

    def _heads(self, at: int) -> bool:
        """Whether a token may begin at an offset, judged by its tag and name: what follows may be damaged."""
        octets, at = self.octets, self._behind_nuls(at)
        if at < len(octets) and octets[at] <= LAST_DELIMITER:
            at += 1
        if at >= len(octets) or octets[at] not in SIZES:
            return False
        size = self.length(at + 1)
        name = _NAME.match(octets, at + 3)
        if size < 0 or (name is not None and name.end() == len(octets)):
            return True  # cut off
        if size == 0:
            return name is None
        return name is not None and (abs(len(name[0]) - size) < 2 or (len(name[0]) > 2 and _is_registered(name[0])))

    def _chains(self, at: int, count: int = 6) -> bool:
        """Whether the lengths lead through this many tokens, or to the end, whatever the tokens are."""
        octets = self.octets
        while count and at < len(octets):
            tag = octets[at]
            if tag < 0x10:
                if not 0 < tag <= LAST_DELIMITER:
                    return False
                if tag == _STOP:
                    return not self.begins_with_name(at + 1)
                at += 1
                count -= 1
                continue
            size = self.length(at + 1)
            if size < 0:
                return True  # cut off
            if size > 255:
                return False
            name_end = at + 3 + size
            length = self.length(name_end)
            if length < 0 or name_end + 2 + length > len(octets):  # cut off
                return length <= 1_023
            at = name_end + 2 + length
            count -= 1
        return True

    def _mend(self, start: int, tag: int, size: int) -> Read | None:
        """A token at least one of whose lengths is wrong."""
        octets = self.octets
        code = words = None
        name_end = start + 3 + size
        if size and not self._is_name(start + 3, name_end):
            name = _NAME.match(octets, start + 3)
            if name is None or len(name[0]) < 3:
                return None
            at = name.end() + 2
            if self.length(at - 2) == len(name[0]) and self._suits(tag, at, at + size) and self._follows(at + size, 1):
                words = f"a name-length of {size} and a value-length of {len(name[0])}; swapped them"
                return Read(tag, name[0], octets[at : at + size], at + size, "wrong-length", words)
            if abs(len(name[0]) - size) > 2 and not _is_registered(name[0]):
                return None
            if len(name[0]) != size:
                name_end = name.end()
                code, words = "wrong-length", f"a name-length of {size}; {name[0].decode()!r} has {len(name[0])} octets"
        length = self.length(name_end)
        if length < 0:
            return None
        at = name_end + 2
        name_octets = octets[start + 3 : name_end]
        if code and self._suits(tag, at, at + length) and self._follows(at + length, 1):
            return Read(tag, name_octets, octets[at : at + length], at + length, code, words)
        if tag in STRINGS and octets[name_end : name_end + 2].isascii() and octets[name_end : name_end + 2].isalnum():
            at = name_end
            end = self._end_of_value(at, tag)
            if end < len(octets):
                words = f"no value-length; took the {end - at} octets before what seems to begin next"
                return Read(tag, name_octets, octets[at:end], end, "missing-value-length", words)
            at = name_end + 2
        end = self._end_of_value(at, tag)
        value = octets[at:end]
        if end == at + length:
            return Read(tag, name_octets, value, end, code, words)
        if end < len(octets):
            words = f"a value-length of {length}; took the {len(value)} octets before what seems to begin next"
            return Read(tag, name_octets, value, end, "wrong-length", words)
        if at + length <= len(octets):  # no believable token follows: believe the length
            end = at + length
            return Read(tag, name_octets, octets[at:end], end, code, words)
        words = f"a value of {length} octets, of which {len(value)} are there; kept these"
        return Read(tag, name_octets, value, end, "truncated", words)

    def _is_name(self, at: int, end: int) -> bool:
        """Whether a name ends at `end`: it is registered, or a control character or nothing follows it."""
        octets = self.octets
        if not _VISIBLE.fullmatch(octets, at, end):
            return False
        return octets[end : end + 1] < b"\x20" or _is_registered(octets[at:end])

    def _end_of_value(self, at: int, tag: int) -> int:
        """Where the value at an offset ends, if its length cannot be believed."""
        low, high = SIZES.get(tag, ANY_SIZE)
        if low == high and self._follows(at + low, 2):
            return at + low
        found = self.find(at)
        if low == high and at < found < min(at + low, len(self.octets)) and self.octets[found] <= LAST_DELIMITER:
            return found + 1  # the last octet of a number that is too short, rather than a group
        return found

    def _suits(self, tag: int, start: int, end: int) -> bool:
        """Whether octets are a value of this tag, as far as its size and controls tell."""
        low, high = SIZES.get(tag, ANY_SIZE)
        if not low <= end - start <= high:
            return False
        if FORMS[tag] == Form.WITH_LANGUAGE:
            return is_split(self.octets[start:end])
        controls = _CONTROL_IN_TEXT if tag == 0x41 else _CONTROL
        return tag not in STRINGS or not controls.search(self.octets, start, end)

    def _without_value_length(self, tag: int, at: int, length: int) -> Read | None:
        """A token that lacks its value-length; None: it has one.

        at: where the value-length should stand. length: what was read there.
        """
        octets = self.octets
        if tag == _BEGIN:
            # The value-length is 0x0000 (RFC 8010 section 3.1.6); here a member, the end or a group begins.
            following = octets[at] if 0 <= at < len(octets) else 0
            if length and (0 < following < 0x10 or following in (_MEMBER, _END)) and self.believes(at):
                words = "begCollection without value-length; put it in"
                return Read(tag, b"", b"", at, "missing-value-length", words)
            return None
        if FORMS[tag] != Form.WITH_LANGUAGE or length <= 0:
            return None
        language = octets[at + 2 : at + 2 + length]
        if is_split(language) or not is_language(language):
            return None
        string_at = at + 4 + length
        end = string_at + self.length(string_at - 2)
        if not string_at <= end <= min(len(octets), at + 32_767) or not self._follows(end, 1):
            return None
        return Read(tag, b"", octets[at:end], end, "missing-value-length", "a value without value-length; put it in")


def _is_registered(name: bytes) -> bool:
    return name.isascii() and registry.lookup(name.decode()) is not None


def is_language(octets: bytes) -> bool:
    """Whether octets look like a natural language (RFC 8011 section 5.1.9)."""
    return len(octets) <= 63 and _LANGUAGE.fullmatch(octets) is not None


def is_split(value: bytes) -> bool:
    """Whether a value is two strings after their lengths (RFC 8010 section 3.9)."""
    if len(value) < 4:
        return False
    at = 2 + int.from_bytes(value[:2], "big")
    return at + 2 + int.from_bytes(value[at : at + 2], "big") == len(value) and at + 2 <= len(value)
