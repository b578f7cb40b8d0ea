"""Makes a message of what a broken sender sent: `recover`.

The rule of this file: what `decode` accepts comes back unchanged, but for strings whose language has no length. In
the rest each element is kept that a name can be found for, under that name, and every repair is an `Issue`. The
repaired octets go through `decode`, so what comes back is a message like any other.

One pass, as in the codec (RFC 8010 section 3.1), which mends what it meets:

| what it meets | seen from | what it does |
|---|---|---|
| a collection that never ends | Canon | ends it before the next attribute or group |
| a member outside a collection | Kyocera | takes it into the collection before it, or makes it an attribute |
| a member that is named like an attribute | Pantum | makes it a member |
| a string with language without the value's length | HP | puts the length in |
| a string with language without the language's length | HP | puts the length in |
| begCollection without value-length | Xerox | puts the length in |
| a value without a name before it, a member without a value, an end without a beginning | | leaves it out |
| a length past the end of the data | | goes on where an attribute seems to begin |
| the end of the data | | keeps what is there of a value, and ends what is open |
"""

import re

from . import registry
from .codec import decode, decode_prefix
from .errors import DecodeError
from .issues import RULES, Issue
from .limits import DEFAULT_LIMITS, Limits
from .tags import DELIMITER_TAGS, describe_tag

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing_extensions import Buffer

    from .codec import Message

__all__ = ["recover"]

_BEGIN, _END, _MEMBER, _KEYWORD = 0x34, 0x37, 0x4A, 0x44
_WITH_LANGUAGE = (0x35, 0x36)
_END_TOKEN = b"\x37\x00\x00\x00\x00"
_LONGEST = 0x7FFF
_LANGUAGE = re.compile(rb"[A-Za-z0-9]{1,8}(?:-[A-Za-z0-9]{1,8})*")
# A value tag, and a name of at most 255 octets that looks like one.
_ATTRIBUTE = re.compile(rb"[\x10-\xff]\x00[\x01-\xff][a-z][a-z0-9._-]*")
# No sender makes so many mistakes; a hostile one could make one every five octets.
_MAX_ISSUES = 10_000


def recover(buffer: "Buffer", *, limits: Limits = DEFAULT_LIMITS) -> "tuple[Message, list[Issue]]":
    """Decode a message however broken it is, and tell what was repaired, in order. No issue: nothing was.

    buffer: as for `decode`, from the first octet of the message on. limits: how much of it is taken; what is over
    them is left out, and that is an issue too.

    Offsets of issues count in `buffer`; those of attributes, in the repaired octets, which `encode` gives.
    Linear in the length of the message. Raises TruncatedError where there are not even the 8 octets of the header,
    and nothing else for what is in the buffer.
    """
    view = memoryview(buffer)
    octets = view.cast("B") if view.c_contiguous else memoryview(view.tobytes())
    try:
        _, size = decode_prefix(octets, limits=limits)
    except DecodeError:
        if len(octets) < 8:
            raise
        repair = _Repair(octets, limits, sound=False)
    else:
        repair = _Repair(octets[:size], limits, sound=True)
    return decode(repair.run(), limits=limits), repair.issues


class _Open:
    """A collection that has begun and not ended."""

    __slots__ = ("expect", "member", "name", "offset", "path", "reopened")

    def __init__(self, path: str, offset: int) -> None:
        self.path = path  # where the registry would describe it
        self.offset = offset  # where its begCollection stands in the input
        self.expect = 0  # 0: its first member; 1: a member's value; 2: either, or the next value
        self.member = 0  # where the current member's memberAttrName stands in the output
        self.name = ""  # of the current member
        self.reopened = False  # whether it was ended too early


class _Repair:
    """The walk over one message: what was read, what is written, and what was repaired."""

    def __init__(self, data: memoryview, limits: Limits, sound: bool) -> None:
        self.octets = octets = bytes(data[: limits.max_octets])
        self.cut = len(data) > len(octets)  # whether there is more than the limit lets in
        self.limits = limits
        self.sound = sound  # `decode` accepts it: then nothing but the inside of values is touched
        self.issues: list[Issue] = []
        self.unlisted = 0
        self.position = 8
        self.output = bytearray(octets[:8])
        self.group = 0  # its tag, 0 before the first
        self.group_at = 8  # where its attributes begin in the input
        self.name = ""  # of the current attribute; "" before the group's first
        self.orphan = ""  # a member's name that is to become an attribute's
        self.stack: list[_Open] = []
        self.skipping = 0  # how many collections are open that are left out
        self.closed: _Open | None = None  # the attribute's collection, where its end was written last
        self.balanced: bool | None = None  # whether the group has an end for each beginning; None: not counted yet
        self.uncounted = len(octets)  # how many octets may still be looked at to count them
        self.groups = self.attributes = self.values = 0

    def run(self) -> bytes:
        """The repaired octets."""
        octets = self.octets
        while self.position < len(octets):
            if octets[self.position] >= 0x10:
                if not self.token():
                    break
            elif octets[self.position] == 0:
                self.skip_reserved()
            else:
                tag = octets[self.position]
                self.close(0, f"before {describe_tag(tag)}")
                self.give_up_orphan()
                if tag == 0x03:
                    return self.finish()
                if not self.begin_group(tag, self.position):
                    break
                self.position += 1
        else:
            if not self.cut:
                self.add("missing-end", "there is no end-of-attributes-tag; added it", offset=len(octets))
        if self.cut and (not self.issues or self.issues[-1].code != "over-limit"):
            self.over_limit("octets", self.limits.max_octets)
        self.close(0, "at the end of the data")
        self.give_up_orphan()
        return self.finish()

    def finish(self) -> bytes:
        if self.unlisted:
            rule = RULES["over-limit"]
            words = f"{self.unlisted} further repairs are not listed"
            self.issues.append(Issue(rule.severity, "over-limit", words, rule.section))
        self.output.append(0x03)
        return bytes(self.output)

    def add(self, code: str, message: str, *, offset: int | None = None, depth: int | None = None) -> None:
        """List a repair. offset: where, if not here. depth: in how many of the open collections, if not in all."""
        if len(self.issues) == _MAX_ISSUES:
            self.unlisted += 1
            return
        members = [level.name for level in self.stack[:depth] if level.name]
        self.issues.append(
            Issue(
                RULES[code].severity,
                code,
                message,
                RULES[code].section,
                DELIMITER_TAGS[self.group] if self.group else None,
                self.name or None,
                "/".join(members) or None,
                None,
                self.position if offset is None else offset,
            )
        )

    def over_limit(self, what: str, number: int) -> bool:
        self.add("over-limit", f"more than {number} {what}; left out the rest")
        return False

    # ---- Groups ----

    def skip_reserved(self) -> None:
        start = self.position
        while self.position < len(self.octets) and self.octets[self.position] == 0:
            self.position += 1
        words = f"{self.position - start} octets of 0x00, which begins no group; left them out"
        self.add("reserved-delimiter", words, offset=start)

    def begin_group(self, tag: int, start: int) -> bool:
        if self.groups == self.limits.max_groups:
            return self.over_limit("groups", self.groups)
        if not self.room(1):
            return False
        self.groups += 1
        self.output.append(tag)
        self.group = tag
        self.group_at = start + 1
        self.name = ""
        self.closed = self.balanced = None
        return True

    def give_up_orphan(self) -> None:
        if self.orphan:
            words = f"member {self.orphan!r} outside a collection has no value; left it out"
            self.add("member-without-value", words)
            self.orphan = ""

    # ---- Tokens ----

    def token(self) -> bool:
        """Take the token at `position` and go behind it. False: stop, the end or a limit is reached."""
        octets, start = self.octets, self.position
        tag = octets[start]
        name_end = start + 3 + self.length(start + 1)
        at = name_end + 2
        end = at + self.length(name_end)
        name, value = octets[start + 3 : max(name_end, 0)], octets[at : max(end, at)]
        found = None if self.sound or name_end < start else self.without_value_length(tag, name_end, end - at)
        if found is not None:
            value, end = found
        elif at > len(octets) or name_end < start:
            return self.go_on_after(start)
        if end > len(octets):
            words = f"a value of {end - at} octets, of which {len(value)} are there; kept these"
            end = self.find_attribute(at)
            if end < len(octets):
                value = octets[at:end]
                words = f"a value-length past the end of the data; kept the {len(value)} octets before an attribute"
            self.add("truncated", words)
        if tag in _WITH_LANGUAGE:
            value = self.with_language(value)
        if len(name) > _LONGEST or len(value) > _LONGEST:
            size = max(len(name), len(value))
            self.add("length-over-32767", f"a name or value of {size} octets; kept the first {_LONGEST}")
            name, value = name[:_LONGEST], value[:_LONGEST]
        going_on = self.take(tag, name, value)
        self.position = end
        return going_on

    def go_on_after(self, start: int) -> bool:
        """Leave out a token whose name reaches past the end of the data. False: there is nothing behind it."""
        self.position = self.find_attribute(start + 1)
        words = f"a name or a length past the end of the data; left out {self.position - start} octets"
        self.add("truncated", words, offset=start)
        return self.position < len(self.octets)

    def find_attribute(self, at: int) -> int:
        """Where, from an offset on, the next attribute seems to begin; the end of the data where none does."""
        for found in _ATTRIBUTE.finditer(self.octets, at):
            start, name_end = found.span()
            if name_end - start - 3 == self.octets[start + 2] and self.plausible(start):
                following = name_end + 2 + self.length(name_end)
                if self.plausible(following):
                    return start
        return len(self.octets)

    def length(self, at: int) -> int:
        """The length at an offset, read as unsigned; less than any offset where it is cut off."""
        field = self.octets[at : at + 2] if at >= 0 else b""
        return field[0] << 8 | field[1] if len(field) == 2 else -(2**31)

    def plausible(self, at: int) -> bool:
        """Whether a token or group may well begin at an offset, or the data ends there."""
        octets = self.octets
        if at >= len(octets):
            return at == len(octets)
        if octets[at] < 0x10:
            return octets[at] == 0x03 or (octets[at] > 0 and octets[at + 1 : at + 2] > b"\x00")
        name_end = at + 3 + self.length(at + 1)
        end = name_end + 2 + self.length(name_end)
        name = octets[at + 3 : max(name_end, 0)]
        return at < end <= len(octets) and len(name) <= 255 and name.isascii()

    def without_value_length(self, tag: int, at: int, length: int) -> tuple[bytes, int] | None:
        """The value of a token that lacks its value-length, and where it ends; None: it has one.

        at: where the value-length should stand; what does stand there was read as `length`.
        """
        octets = self.octets
        if tag == _BEGIN:
            # The value-length is 0x0000 (RFC 8010 section 3.1.6); here a member, the end or a group begins.
            following = octets[at] if at < len(octets) else 0
            if length and (0 < following < 0x10 or following in (_MEMBER, _END)) and self.plausible(at):
                self.add("missing-value-length", "begCollection without value-length; put it in")
                return b"", at
            return None
        language = octets[at + 2 : at + 2 + length]
        if tag not in _WITH_LANGUAGE or _is_split(language) or not _is_language(language):
            return None
        string_at = at + 4 + length
        end = string_at + self.length(string_at - 2)
        if not string_at <= end <= min(len(octets), at + _LONGEST) or not self.plausible(end):
            return None
        self.add("missing-value-length", f"{describe_tag(tag)} without value-length; put it in")
        return octets[at:end], end

    def with_language(self, value: bytes) -> bytes:
        """The value, with the length of its language where that is missing."""
        left = self.limits.max_octets - len(self.output) - len(self.octets) + self.position
        if _is_split(value) or len(value) + 2 > _LONGEST or (self.sound and left < 2):
            return value
        for size in range(1, min(len(value) - 1, 64)):
            if len(value) - size - 2 == value[size] << 8 | value[size + 1] and _is_language(value[:size]):
                self.add("missing-language-length", f"language {value[:size].decode()!r} without its length; put it in")
                return size.to_bytes(2, "big") + value
        return value

    def take(self, tag: int, name: bytes, value: bytes) -> bool:
        """Write a token, or what it should have been."""
        if self.skipping:
            if not name or self.is_balanced():
                self.skipping += (tag == _BEGIN) - (tag == _END)
                return True
            self.skipping = 0
        if name and self.stack:
            if tag not in (_END, _MEMBER):
                return self.take_named_inside(tag, name, value)
            self.add(
                "end-with-value" if tag == _END else "member-as-attribute",
                f"{describe_tag(tag)} with the name {_decode(name)!r}; left the name out",
            )
            name = b""
        if tag == _END:
            return self.take_end(value)
        if tag == _MEMBER:
            return self.take_member(value) if self.stack else self.take_member_outside(name, value)
        return self.take_inside(tag, value) if self.stack else self.take_attribute(tag, name, value)

    def take_attribute(self, tag: int, name: bytes, value: bytes) -> bool:
        """A value outside collections."""
        if not self.group:
            self.add("value-before-group", "a value before any group; began operation attributes before it")
            if not self.begin_group(0x01, self.position - 1):
                return False
        if not name:
            name, self.orphan = _encode(self.orphan), ""
        self.give_up_orphan()
        if name:
            if self.attributes == self.limits.max_attributes:
                return self.over_limit("attributes", self.attributes)
            self.attributes += 1
            self.name = _decode(name)
        elif not self.name:
            self.add("value-before-attribute", f"{_show(tag, value)} before any attribute; left it out")
            self.skipping = tag == _BEGIN
            return True
        return self.begin(self.name, name, value) if tag == _BEGIN else self.put(tag, name, value)

    def take_inside(self, tag: int, value: bytes) -> bool:
        """A value of a member."""
        level = self.stack[-1]
        if level.expect == 0:
            self.add("value-before-member", f"{_show(tag, value)} before any member; left it out")
            self.skipping = tag == _BEGIN
            return True
        if tag == _BEGIN:
            return self.begin(f"{level.path}/{level.name}", b"", value)
        if not self.put(tag, b"", value):
            return False
        level.expect = 2
        return True

    def take_named_inside(self, tag: int, name: bytes, value: bytes) -> bool:
        """A value with a name inside a collection: a member, or an attribute and the collection's end is missing."""
        levels = self.owner(_decode(name))
        self.close(levels, f"before {_decode(name)!r}")
        if levels == 0:
            return self.take_attribute(tag, name, value)
        self.add("member-as-attribute", f"member {_decode(name)!r} is named like an attribute; made it a member")
        return self.take_member(name) and self.take_inside(tag, value)

    def take_member(self, name: bytes) -> bool:
        """A memberAttrName inside a collection."""
        text = _decode(name)
        if name and len(self.stack) > 1 and not self.sound:
            self.close(self.holder(text) or len(self.stack), f"before {text!r}")
        level = self.stack[-1]
        self.drop_member(level)
        if not name:
            self.add("member-without-name", "memberAttrName without octets; left it out with its values")
            level.expect = 0
            level.name = ""
            return True
        if self.attributes == self.limits.max_attributes:
            return self.over_limit("attributes", self.attributes)
        if not self.room(5 + len(name)):
            return False
        self.attributes += 1
        level.member = len(self.output)
        level.name = text
        level.expect = 1
        self.output += _token(_MEMBER, b"", name)
        return True

    def take_member_outside(self, name: bytes, value: bytes) -> bool:
        """A memberAttrName outside collections."""
        if name:
            self.add("member-outside", f"memberAttrName with the name {_decode(name)!r}; made it a keyword")
            return self.take_attribute(_KEYWORD, name, value)
        self.give_up_orphan()
        if not value:
            self.add("member-without-name", "memberAttrName without octets; left it out")
            return True
        member, closed = _decode(value), self.closed
        if closed is not None and (_is_member(closed.path, member) or not _is_attribute(member, self.group)):
            self.add("member-outside", f"member {member!r} behind its collection; took it in")
            del self.output[-len(_END_TOKEN) :]
            closed.reopened = True
            self.stack.append(closed)
            self.closed = None
            return self.take_member(value)
        self.add("member-outside", f"member {member!r} outside a collection; made it an attribute")
        self.orphan = member
        return True

    def take_end(self, value: bytes) -> bool:
        """An endCollection."""
        if not self.stack:
            self.add("end-outside", "endCollection without begCollection; left it out")
            return True
        if value:
            self.add("end-with-value", f"endCollection with {len(value)} octets; left them out")
        self.end()
        return True

    # ---- What is written ----

    def room(self, octets: int) -> bool:
        """Whether so many octets, and the ends of what is open, still fit into the limit."""
        if len(self.output) + octets + len(_END_TOKEN) * len(self.stack) + 1 > self.limits.max_octets:
            return self.over_limit("octets", self.limits.max_octets)
        return True

    def put(self, tag: int, name: bytes, value: bytes) -> bool:
        """Write a value."""
        if self.values == self.limits.max_values:
            return self.over_limit("values", self.values)
        if not self.room(5 + len(name) + len(value) + len(_END_TOKEN) * (tag == _BEGIN)):
            return False
        self.values += 1
        self.closed = None
        self.output += _token(tag, name, value)
        return True

    def begin(self, path: str, name: bytes, value: bytes) -> bool:
        """Begin a collection."""
        if value:
            self.add("begin-with-value", f"begCollection with {len(value)} octets; left them out")
        if len(self.stack) == self.limits.max_depth:
            self.add("over-limit", f"collections more than {len(self.stack)} deep; left out what is deeper")
            self.skipping = 1
            return True
        if not self.put(_BEGIN, name, b""):
            return False
        if self.stack:
            self.stack[-1].expect = 2
        self.stack.append(_Open(path, self.position))
        return True

    def end(self) -> None:
        """End the innermost collection."""
        level = self.stack[-1]
        self.drop_member(level)
        self.stack.pop()
        self.output += _END_TOKEN
        self.closed = None if self.stack else level

    def close(self, levels: int, where: str) -> None:
        """End collections that should have ended, until so many are open."""
        self.skipping = 0
        missing = [level for level in self.stack[levels:] if not level.reopened]
        if missing:
            words = f"{len(missing)} collections" if len(missing) > 1 else "a collection"
            depth = self.stack.index(missing[0])
            message = f"{words} without endCollection; put it in {where}"
            self.add("unterminated-collection", message, offset=missing[0].offset, depth=depth)
        while len(self.stack) > levels:
            self.end()

    def drop_member(self, level: _Open) -> None:
        """Take back the memberAttrName that no value followed."""
        if level.expect == 1:
            self.add("member-without-value", f"member {level.name!r} has no value; left it out")
            del self.output[level.member :]
            level.expect = 0

    # ---- What belongs where ----

    def holder(self, name: str) -> int:
        """How many collections stay open for a member of this name where some did not end; 0: the registry is mute."""
        if self.is_balanced():
            return 0
        for levels in range(len(self.stack), 0, -1):
            if _is_member(self.stack[levels - 1].path, name):
                return levels
        return 0

    def owner(self, name: str) -> int:
        """How many of the open collections a value of this name is in: 0 for an attribute of the group."""
        inside = [level for level in range(len(self.stack), 0, -1) if _is_member(self.stack[level - 1].path, name)]
        attribute = _is_attribute(name, self.group)
        if bool(inside) != attribute:
            return inside[0] if inside else 0
        if not self.is_balanced() or self.stack[-1].reopened:
            return 0
        return inside[0] if inside else len(self.stack)

    def is_balanced(self) -> bool:
        """Whether the group has an endCollection for each begCollection, so that none is missing."""
        if self.balanced is None:
            octets, at, begun = self.octets, self.group_at, 0
            while at < len(octets) and octets[at] >= 0x10 and self.uncounted > 0:
                begun += (octets[at] == _BEGIN) - (octets[at] == _END)
                name_end = at + 3 + self.length(at + 1)
                following = name_end + 2 + self.length(name_end)
                if following <= at:
                    break
                self.uncounted -= following - at
                at = following
            self.balanced = begun <= 0
        return self.balanced


def _is_member(path: str, name: str) -> bool:
    return len(name) <= 255 and registry.lookup(f"{path}/{name}") is not None


def _is_attribute(name: str, group: int) -> bool:
    spec = registry.lookup(name)
    return spec is not None and (group in spec.group_tags or group == 0x05)


def _is_language(octets: bytes) -> bool:
    return len(octets) <= 63 and _LANGUAGE.fullmatch(octets) is not None


def _is_split(value: bytes) -> bool:
    """Whether a value is two strings after their lengths (RFC 8010 section 3.9)."""
    if len(value) < 4:
        return False
    at = 2 + int.from_bytes(value[:2], "big")
    return at + 2 + int.from_bytes(value[at : at + 2], "big") == len(value) and at + 2 <= len(value)


def _token(tag: int, name: bytes, value: bytes) -> bytes:
    return b"".join([bytes([tag]), len(name).to_bytes(2, "big"), name, len(value).to_bytes(2, "big"), value])


def _show(tag: int, value: bytes) -> str:
    shown = f"{value[:32]!r}..." if len(value) > 32 else repr(value)
    return f"{describe_tag(tag)} {shown}"


def _decode(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _encode(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
