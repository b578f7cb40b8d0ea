"""One pass over a broken message that repairs what it meets: `Repair`, which `recover` uses.

The rule of this file: every element is kept for which a name can be found, under that name, and every repair is an
`Issue`. The pass goes from token to token, as the codec does (RFC 8010 section 3.1):

| what it meets | seen from | what it does |
|---|---|---|
| a collection that never ends | Canon | ends it before the next attribute, group or value of the set |
| a member outside a collection | Kyocera | takes it into the collection before it, or makes it an attribute |
| a member that is named like an attribute | Pantum | makes it a member |
| a string with language without the value's length | HP | puts the length in |
| a string with language without the language's length | HP | puts the length in |
| begCollection without value-length | Xerox | puts the length in |
| a value without a name before it, a member without a value, an end without a beginning | | leaves it out |
| a wrong name-length or value-length | | takes the octets before the next believable token, see `_places.py` |
| octets that are no token | | leaves them out, up to the next believable one |
| the end of the data | | keeps what is there of a value, and ends what is open |
"""

import re

from . import registry
from ._places import Places, Read, is_language, is_split
from .issues import RULES, Issue, told_name
from .limits import Limits
from .tags import DELIMITER_TAGS, FORMS, Form, describe_tag

__all__ = ["Repair"]

_BEGIN, _END, _MEMBER, _KEYWORD = 0x34, 0x37, 0x4A, 0x44
_END_TOKEN = b"\x37\x00\x00\x00\x00"
_INSIDE = re.compile(rb"[\x01-\x0f]{1,8}[\x37\x4a]\x00\x00")
"""Octets that look like delimiters, but an endCollection or a member follows them."""
_LONGEST = 0x7FFF
_MAX_ISSUES = 10_000
"""How many repairs are listed: a hostile sender could make a mistake every five octets."""


class _Open:
    """A collection that has begun and not ended."""

    __slots__ = ("expect", "former", "member", "name", "names", "offset", "path", "reopened")

    def __init__(self, path: str, offset: int) -> None:
        self.path = path  # where the registry would describe it
        self.offset = offset  # where its begCollection stands in the input
        self.expect = 0  # 0: its first member; 1: a member's value; 2: either, or the next value
        self.member = 0  # where the current member's memberAttrName stands in the output
        self.name = ""  # of the current member
        self.names: set[str] = set()  # of all its members so far
        self.former: set[str] | None = (
            None  # of the members in the current member's last value, if that is a collection
        )
        self.reopened = False  # whether it was ended too early


class Repair:
    """The walk over one message: what was read, what is written, and what was repaired."""

    def __init__(self, data: memoryview, limits: Limits, sound: bool) -> None:
        self.octets = octets = bytes(data[: limits.max_octets])
        self.places = Places(octets)
        self.trusted = sound or self.places.are_right()  # whether lengths are taken as they are
        self.cut = len(data) > len(octets)  # whether there is more than the limit allows
        self.limits = limits
        self.sound = sound  # whether `decode` accepts it: then only the inside of values is changed
        self.issues: list[Issue] = []
        self.unlisted = 0
        self.position = 8
        self.output = bytearray(octets[:8])
        self.group = 0  # its tag, 0 before the first
        self.group_at = 8  # where its attributes begin in the input
        self.name = ""  # of the current attribute; "" before the group's first
        self.orphan = ""  # the name of a member that is to become an attribute
        self.stack: list[_Open] = []
        self.skipping = 0  # how many collections that are left out are open
        self.closed: _Open | None = None  # the attribute's collection, if its end was written last
        self.balanced: bool | None = None  # whether the group has an end for each beginning; None: not counted yet
        self.uncounted = len(octets)  # how many octets may still be looked at to count them
        self.doubtful = False  # whether the last token was repaired, or something was left out behind it
        self.line_feeds = False  # whether a line end was found that had been an octet 0x0a
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
            elif not self.announced():
                if not self.skip_delimiter():
                    break
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
        """List a repair. offset: where, if not here. depth: how many of the open collections it is in, if not all."""
        if len(self.issues) == _MAX_ISSUES:
            self.unlisted += 1
            return
        members = [told_name(level.name) for level in self.stack[:depth] if level.name]
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

    def announced(self) -> bool:
        """Whether a delimiter stands at `position`, and not an octet of a value."""
        if self.stack and _INSIDE.match(self.octets, self.position):
            return False
        return self.trusted or self.places.announces(self.position, self.groups, self.doubtful)

    def skip_reserved(self) -> None:
        start = self.position
        self.doubtful = True
        while self.position < len(self.octets) and self.octets[self.position] == 0:
            self.position += 1
        words = f"{self.position - start} octets of 0x00, which begins no group; left them out"
        self.add("reserved-delimiter", words, offset=start)

    def skip_delimiter(self) -> bool:
        """Leave out a delimiter that no group follows, and what is unbelievable behind it. False: nothing follows."""
        start = self.position
        self.line_feeds = self.line_feeds or self.places.is_line_feed(start)
        if start == len(self.octets) - 1:
            words = f"the last octet is {self.octets[start]:#04x}, not the end-of-attributes-tag; put that in"
            self.add("missing-end", words)
            return False
        return self.go_on_after(start)

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
        """Take the token at `position` and go behind it. False: the end or a limit is reached."""
        start = self.position
        read = self.as_it_is(start) if self.trusted else self.places.read(start)
        if read is None:
            return self.go_on_after(start)
        tag, name, value, end, code, words = read
        self.doubtful = code == "wrong-length"
        if code is not None and words is not None:
            self.add(code, words)
        if FORMS[tag] == Form.WITH_LANGUAGE and not self.doubtful:
            value = self.with_language(value)
        if len(name) > _LONGEST or len(value) > _LONGEST:
            size = max(len(name), len(value))
            self.add("length-over-32767", f"a name or value of {size} octets; kept the first {_LONGEST}")
            name, value = name[:_LONGEST], value[:_LONGEST]
        going_on = self.take(tag, name, value)
        self.position = end
        return going_on

    def as_it_is(self, start: int) -> Read | None:
        """The token at an offset, whose lengths are right."""
        octets, length = self.octets, self.places.length
        name_end = start + 3 + length(start + 1)
        at = name_end + 2
        end = at + length(name_end)
        if end < at:
            return self.places.read(start)
        read = Read(octets[start], octets[start + 3 : name_end], octets[at:end], min(end, len(octets)))
        if end <= len(octets):
            return read
        words = f"a value of {end - at} octets, of which {len(read.value)} are there; kept these"
        return read._replace(code="truncated", words=words)

    def go_on_after(self, start: int) -> bool:
        """Leave out what is no token. False: nothing follows it."""
        self.position = self.places.find(start + 1)
        self.doubtful, self.trusted = True, False
        words = f"{self.position - start} octets that are no value of an attribute; left them out"
        self.add("truncated" if self.position == len(self.octets) else "stray-octets", words, offset=start)
        return self.position < len(self.octets)

    def with_language(self, value: bytes) -> bytes:
        """The value, with the length of its language if that is missing."""
        left = self.limits.max_octets - len(self.output) - len(self.octets) + self.position
        if is_split(value) or len(value) + 2 > _LONGEST or (self.sound and left < 2):
            return value
        for size in range(1, min(len(value) - 1, 64)):
            if len(value) - size - 2 == value[size] << 8 | value[size + 1] and is_language(value[:size]):
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
        """Take a value outside collections."""
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
        """Take a value of a member."""
        level = self.stack[-1]
        if level.expect == 0:
            self.add("value-before-member", f"{_show(tag, value)} before any member; left it out")
            self.skipping = tag == _BEGIN
            return True
        if tag == _BEGIN:
            if level.expect == 2 and not self.sound and not self.is_balanced():
                return self.begin_next_of_set(value)
            return self.begin(f"{level.path}/{level.name}", b"", value)
        if not self.put(tag, b"", value):
            return False
        level.expect = 2
        level.former = None
        return True

    def begin_next_of_set(self, value: bytes) -> bool:
        """Begin the next collection of a set, if some collections do not end. Its first member tells which set."""
        first = self.next_member()
        for levels in range(len(self.stack), 0, -1):
            level = self.stack[levels - 1]
            path = f"{level.path}/{level.name}"
            spec = registry.lookup(path) if len(level.name) <= 255 else None
            may_be = level.former is not None and (spec is None or spec.set)
            if may_be and level.former is not None and (first in level.former or _is_member(path, first)):
                self.close(levels, "before the next value of the set")
                return self.begin(path, b"", value)
        self.close(0, "before the next value of the set")
        return self.begin(self.name, b"", value)

    def next_member(self) -> str:
        """The name of the member that follows the begCollection at `position`; "" if none does."""
        if self.position + 5 > len(self.octets):
            return ""
        read = self.places.read(self.position + 5 + max(self.places.length(self.position + 1), 0))
        return _decode(read.value) if read is not None and read.tag == _MEMBER else ""

    def take_named_inside(self, tag: int, name: bytes, value: bytes) -> bool:
        """Take a value with a name inside a collection: a member, or an attribute before which the end is missing."""
        levels = self.owner(_decode(name))
        self.close(levels, f"before {_decode(name)!r}")
        if levels == 0:
            return self.take_attribute(tag, name, value)
        self.add("member-as-attribute", f"member {_decode(name)!r} is named like an attribute; made it a member")
        return self.take_member(name) and self.take_inside(tag, value)

    def take_member(self, name: bytes) -> bool:
        """Take a memberAttrName inside a collection."""
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
        level.names.add(text)
        level.former = None
        level.expect = 1
        self.output += _token(_MEMBER, b"", name)
        return True

    def take_member_outside(self, name: bytes, value: bytes) -> bool:
        """Take a memberAttrName outside collections."""
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
        """Take an endCollection."""
        if not self.stack:
            self.add("end-outside", "endCollection without begCollection; left it out")
            return True
        if value:
            self.add("end-with-value", f"endCollection with {len(value)} octets; left them out")
        self.end()
        return True

    # ---- What is written ----

    def room(self, octets: int) -> bool:
        """Whether this many octets, and the ends of what is open, still fit into the limit."""
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
        if self.stack:
            self.stack[-1].former = level.names
        self.output += _END_TOKEN
        self.closed = None if self.stack else level

    def close(self, levels: int, where: str) -> None:
        """End collections that should have ended, until this many are open."""
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
        """Remove the current memberAttrName if no value followed it."""
        if level.expect == 1:
            self.add("member-without-value", f"member {level.name!r} has no value; left it out")
            del self.output[level.member :]
            level.expect = 0

    # ---- What belongs where ----

    def holder(self, name: str) -> int:
        """How many collections stay open for a member of this name; 0: all end, or the registry does not know."""
        if self.is_balanced():
            return 0
        for levels in range(len(self.stack), 0, -1):
            if _is_member(self.stack[levels - 1].path, name):
                return levels
        return 0

    def owner(self, name: str) -> int:
        """How many of the open collections a value of this name is inside; 0 if it is an attribute of the group."""
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
                name_end = at + 3 + self.places.length(at + 1)
                following = name_end + 2 + self.places.length(name_end)
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


def _token(tag: int, name: bytes, value: bytes) -> bytes:
    return b"".join([bytes([tag]), len(name).to_bytes(2, "big"), name, len(value).to_bytes(2, "big"), value])


def _show(tag: int, value: bytes) -> str:
    shown = f"{value[:32]!r}..." if len(value) > 32 else repr(value)
    return f"{describe_tag(tag)} {shown}"


def _decode(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _encode(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape")
