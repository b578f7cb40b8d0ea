"""The ways in which broken senders damage a sound message, and what `recover` saves of one that was.

The rule of this file: a damage is a function of a message's tokens and a random source. It gives the damaged octets,
and which tokens it touched, so that what else is lost can be counted.

As a program it measures them all: ``python tests/support/damages.py [SEED]`` prints a row a damage, over the vectors
of the project and those of IPPFAST_CORPUS.
"""

import random
import re
import struct
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

import vectors

import ippfast
from ippfast import DelimiterTag, RawValue, ValueTag

__all__ = ["DAMAGES", "Damaged", "Score", "Token", "damage", "measure", "score", "sound_messages", "tokens_of"]

_KNOWN = frozenset({*map(int, DelimiterTag), *map(int, ValueTag)})
_NAME = re.compile(rb"[A-Za-z][A-Za-z0-9._-]*")
BEGIN, END, MEMBER = 0x34, 0x37, 0x4A
TEXTS = frozenset({0x41, 0x42, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49})


class Token(NamedTuple):
    """A delimiter, whose name and value are None, or a value with its name, as RFC 8010 section 3.1 has them."""

    tag: int
    name: bytes | None = None
    value: bytes | None = None

    @property
    def octets(self) -> bytes:
        if self.name is None or self.value is None:
            return bytes([self.tag])
        return self.head + struct.pack(">H", len(self.value)) + self.value

    @property
    def head(self) -> bytes:
        """All before the value-length."""
        assert self.name is not None
        return bytes([self.tag]) + struct.pack(">H", len(self.name)) + self.name


class Damaged(NamedTuple):
    """A damaged message. touched: the tokens that were damaged, by their number. inserted: octets that nobody sent."""

    octets: bytes
    touched: frozenset[int]
    inserted: bytes = b""


Damage: TypeAlias = Callable[[bytes, list[Token], random.Random], "Damaged | None"]
DAMAGES: dict[str, Damage] = {}
"""By name. None comes from one that does not apply to a message."""


def tokens_of(octets: bytes) -> list[Token]:
    """The tokens of a sound message behind its header, its end-of-attributes-tag included."""
    found, at = [], 8
    while True:
        tag = octets[at]
        if tag < 0x10:
            found.append(Token(tag))
            at += 1
            if tag == 0x03:
                return found
            continue
        size = struct.unpack_from(">H", octets, at + 1)[0]
        name = octets[at + 3 : at + 3 + size]
        at += 3 + size
        size = struct.unpack_from(">H", octets, at)[0]
        found.append(Token(tag, name, octets[at + 2 : at + 2 + size]))
        at += 2 + size


def damage(name: str) -> Callable[[Damage], Damage]:
    def add(function: Damage) -> Damage:
        DAMAGES[name] = function
        return function

    return add


def _join(head: bytes, pieces: Iterable[bytes]) -> bytes:
    return head + b"".join(pieces)


def _one(
    choose: Callable[[Token], bool], change: Callable[[Token], bytes | None]
) -> Callable[[bytes, list[Token], random.Random], Damaged | None]:
    """A damage to one token of a kind, at a random place."""

    def apply(head: bytes, tokens: list[Token], chance: random.Random) -> Damaged | None:
        places = [number for number, token in enumerate(tokens) if choose(token)]
        chance.shuffle(places)
        for place in places:
            changed = change(tokens[place])
            if changed is not None:
                pieces = [token.octets for token in tokens]
                pieces[place] = changed
                return Damaged(_join(head, pieces), frozenset({place}))
        return None

    return apply


def _all(
    choose: Callable[[Token], bool], change: Callable[[Token], bytes]
) -> Callable[[bytes, list[Token], random.Random], Damaged | None]:
    """A damage to every token of a kind."""

    def apply(head: bytes, tokens: list[Token], chance: random.Random) -> Damaged | None:
        places = frozenset(number for number, token in enumerate(tokens) if choose(token))
        if not places:
            return None
        pieces = [change(token) if number in places else token.octets for number, token in enumerate(tokens)]
        return Damaged(_join(head, pieces), frozenset())

    return apply


def _is_value(token: Token) -> bool:
    return token.name is not None and token.tag not in (BEGIN, END, MEMBER)


def _is_named(token: Token) -> bool:
    return bool(token.name)


def _is_text(token: Token) -> bool:
    return token.tag in TEXTS and bool(token.value)


def _is_end(token: Token) -> bool:
    return token.tag == END


def _sized(token: Token, name: int, value: int) -> bytes:
    """The token with other lengths, modulo 65536."""
    assert token.name is not None
    assert token.value is not None
    name_field = struct.pack(">H", name & 0xFFFF)
    return bytes([token.tag]) + name_field + token.name + struct.pack(">H", value & 0xFFFF) + token.value


def _value_length(change: Callable[[int], int]) -> Callable[[Token], bytes | None]:
    def apply(token: Token) -> bytes | None:
        assert token.name is not None
        assert token.value is not None
        other = change(len(token.value))
        return None if other == len(token.value) or other < 0 else _sized(token, len(token.name), other)

    return apply


def _name_length(change: Callable[[int], int]) -> Callable[[Token], bytes | None]:
    def apply(token: Token) -> bytes | None:
        assert token.name is not None
        assert token.value is not None
        return _sized(token, change(len(token.name)), len(token.value))

    return apply


def _swapped(token: Token) -> bytes | None:
    assert token.name is not None
    assert token.value is not None
    return None if len(token.name) == len(token.value) else _sized(token, len(token.value), len(token.name))


DAMAGES["endCollection missing (one)"] = _one(_is_end, lambda token: b"")
DAMAGES["all endCollections missing"] = _all(_is_end, lambda token: b"")
DAMAGES["endCollection with another tag"] = _one(_is_end, lambda token: b"\x35" + token.octets[1:])
DAMAGES["memberAttrName missing"] = _one(lambda token: token.tag == MEMBER, lambda token: b"")
DAMAGES["memberAttrName empty"] = _one(lambda token: token.tag == MEMBER, lambda token: Token(MEMBER, b"", b"").octets)
DAMAGES["value-length +1"] = _one(_is_value, _value_length(lambda size: size + 1))
DAMAGES["value-length -1"] = _one(_is_value, _value_length(lambda size: size - 1))
DAMAGES["name-length +1"] = _one(_is_named, _name_length(lambda size: size + 1))
DAMAGES["name-length -1"] = _one(_is_named, _name_length(lambda size: size - 1))
DAMAGES["value-length 0xffff"] = _one(_is_value, _value_length(lambda size: 0xFFFF))
DAMAGES["value-length little-endian"] = _one(
    lambda token: _is_value(token) and bool(token.value), _value_length(lambda size: (size & 0xFF) << 8 | size >> 8)
)
DAMAGES["value-length missing (string)"] = _one(_is_text, lambda token: token.head + (token.value or b""))
DAMAGES["name and value lengths swapped"] = _one(lambda token: _is_named(token) and _is_value(token), _swapped)
DAMAGES["UTF-16 text, length right"] = _one(
    lambda token: token.tag in (0x41, 0x42) and bool(token.value),
    lambda token: token._replace(value=(token.value or b"").decode("utf-8", "replace").encode("utf-16-be")).octets,
)
DAMAGES["UTF-16 text, length in characters"] = _one(
    lambda token: token.tag in (0x41, 0x42) and bool(token.value),
    lambda token: (
        token.head
        + struct.pack(">H", len((token.value or b"").decode("utf-8", "replace")))
        + (token.value or b"").decode("utf-8", "replace").encode("utf-16-be")
    ),
)
DAMAGES["UTF-8 text, length in characters"] = _one(
    lambda token: token.tag in (0x41, 0x42) and bool(token.value),
    lambda token: token.head + struct.pack(">H", len(token.value or b"")) + (token.value or b"") + "äß".encode()[:2],
)
DAMAGES["stray NUL between tokens"] = _one(lambda token: token.name is not None, lambda token: b"\0" + token.octets)
DAMAGES["C strings: NUL after a string, not counted (one)"] = _one(_is_text, lambda token: token.octets + b"\0")
DAMAGES["NUL after each text, not counted"] = _all(
    lambda token: token.tag in (0x41, 0x42) and bool(token.value), lambda token: token.octets + b"\0"
)
DAMAGES["integer of 2 octets, length 4"] = _one(
    lambda token: token.tag in (0x21, 0x23), lambda token: token.head + b"\0\4" + (token.value or b"")[2:]
)


@damage("all inner endCollections missing")
def inner_ends_missing(head: bytes, tokens: list[Token], chance: random.Random) -> Damaged | None:
    depth, pieces, count = 0, [], 0
    for token in tokens:
        if token.tag == END and depth > 1:
            count += 1
        else:
            pieces.append(token.octets)
        depth += (token.tag == BEGIN) - (token.tag == END)
    return Damaged(_join(head, pieces), frozenset()) if count else None


@damage("end-of-attributes 0x0f")
def end_of_0f(head: bytes, tokens: list[Token], chance: random.Random) -> Damaged:
    return Damaged(_join(head, (token.octets for token in tokens[:-1])) + b"\x0f", frozenset())


@damage("end-of-attributes 0x00")
def end_of_00(head: bytes, tokens: list[Token], chance: random.Random) -> Damaged:
    return Damaged(_join(head, (token.octets for token in tokens[:-1])) + b"\0", frozenset())


@damage("end-of-attributes missing")
def end_missing(head: bytes, tokens: list[Token], chance: random.Random) -> Damaged:
    return Damaged(_join(head, (token.octets for token in tokens[:-1])), frozenset())


@damage("members named like attributes (all)")
def members_as_attributes(head: bytes, tokens: list[Token], chance: random.Random) -> Damaged | None:
    pieces: list[bytes] = []
    name: bytes | None = None
    found = False
    for token in tokens:
        if token.tag == MEMBER:
            name, found = token.value, True
        elif name is not None and token.value is not None:
            pieces.append(Token(token.tag, name, token.value).octets)
            name = None
        else:
            pieces.append(token.octets)
    return Damaged(_join(head, pieces), frozenset()) if found else None


@damage("group duplicated")
def group_duplicated(head: bytes, tokens: list[Token], chance: random.Random) -> Damaged | None:
    starts = [number for number, token in enumerate(tokens) if token.name is None]
    if len(starts) < 2:
        return None
    which = chance.randrange(len(starts) - 1)
    begin, end = starts[which], starts[which + 1]
    pieces = [token.octets for token in [*tokens[:end], *tokens[begin:]]]
    return Damaged(_join(head, pieces), frozenset())


@damage("first attribute of a group without name")
def first_without_name(head: bytes, tokens: list[Token], chance: random.Random) -> Damaged | None:
    places = [
        number
        for number in range(1, len(tokens))
        if tokens[number - 1].name is None and tokens[number].name and tokens[number].tag != BEGIN
    ]
    if not places:
        return None
    place = chance.choice(places)
    touched = {place}
    for number in range(place + 1, len(tokens)):
        if tokens[number].name != b"":
            break
        touched.add(number)
    pieces = [token.octets for token in tokens]
    pieces[place] = tokens[place]._replace(name=b"").octets
    return Damaged(_join(head, pieces), frozenset(touched))


@damage("octets after the end")
def octets_after(head: bytes, tokens: list[Token], chance: random.Random) -> Damaged:
    return Damaged(_join(head, (token.octets for token in tokens)) + chance.randbytes(50), frozenset())


@damage("text mode: LF became CR LF")
def text_mode(head: bytes, tokens: list[Token], chance: random.Random) -> Damaged | None:
    pieces = [token.octets.replace(b"\n", b"\r\n") for token in tokens]
    touched = frozenset(number for number, token in enumerate(tokens) if b"\n" in token.octets)
    return Damaged(_join(head, pieces), touched) if touched else None


def _places(tokens: list[Token]) -> list[int]:
    """Where each token begins in the message."""
    found, at = [], 8
    for token in tokens:
        found.append(at)
        at += len(token.octets)
    return found


def _within(tokens: list[Token], begin: int, end: int) -> frozenset[int]:
    """The tokens that octets of these places belong to."""
    starts = _places(tokens)
    return frozenset(
        number for number, start in enumerate(starts) if start < end and start + len(tokens[number].octets) > begin
    )


def _whole(head: bytes, tokens: list[Token]) -> bytes:
    return _join(head, (token.octets for token in tokens))


@damage("truncated anywhere")
def truncated(head: bytes, tokens: list[Token], chance: random.Random) -> Damaged | None:
    whole = _whole(head, tokens)
    if len(whole) < 12:
        return None
    at = chance.randrange(9, len(whole))
    return Damaged(whole[:at], _within(tokens, at, len(whole)))


@damage("two octets inserted anywhere")
def inserted(head: bytes, tokens: list[Token], chance: random.Random) -> Damaged | None:
    whole = _whole(head, tokens)
    at, two = chance.randrange(8, len(whole)), chance.randbytes(2)
    return Damaged(whole[:at] + two + whole[at:], _within(tokens, at, at + 1), two)


@damage("two octets inserted between tokens")
def inserted_between(head: bytes, tokens: list[Token], chance: random.Random) -> Damaged | None:
    place = chance.randrange(len(tokens))
    pieces = [token.octets for token in tokens]
    two = chance.randbytes(2)
    pieces.insert(place, two)
    return Damaged(_join(head, pieces), frozenset(), two)


@damage("one octet lost anywhere")
def lost(head: bytes, tokens: list[Token], chance: random.Random) -> Damaged | None:
    whole = _whole(head, tokens)
    at = chance.randrange(8, len(whole))
    return Damaged(whole[:at] + whole[at + 1 :], _within(tokens, at, at + 1))


@damage("512 octets lost in the middle")
def many_lost(head: bytes, tokens: list[Token], chance: random.Random) -> Damaged | None:
    whole = _whole(head, tokens)
    if len(whole) < 1_024:
        return None
    at = chance.randrange(256, len(whole) - 600)
    return Damaged(whole[:at] + whole[at + 512 :], _within(tokens, at, at + 512))


# ---- The measure ----


class Score(NamedTuple):
    """saved of whole: values of tokens that were not touched. invented: values that are no run of the octets.

    groups: those whose tag no delimiter of the message had: an octet of a value, most likely. What `decode` takes for
    a message announces its groups itself.
    """

    saved: int
    whole: int
    invented: int
    groups: int


Leaf: TypeAlias = tuple[int, str, int, bytes]
"""A value: its group's tag, the names that lead to it, its tag and its octets."""


def leaves(tokens: list[Token], without: frozenset[int] = frozenset(), *, numbered: bool = False) -> Counter[Leaf]:
    """The values of a sound message's tokens by their place, but those of some tokens and what is below them.

    numbered: tell the collections of a set apart, by their number.
    """
    found: Counter[Leaf] = Counter()
    group = 0
    names = [""]  # of the attribute, and of a member in each collection that is open
    numbers = [0]  # of the value that comes next of each
    lost = [False]  # whether the name, or the collection around it, was touched
    for number, token in enumerate(tokens):
        touched = number in without
        if token.name is None:
            group, names, numbers, lost = token.tag, [""], [0], [touched]
            continue
        assert token.value is not None
        if token.tag == END:
            if len(names) > 1:
                names.pop()
                numbers.pop()
                lost.pop()
            continue
        if token.tag == MEMBER or token.name:
            names[-1] = (token.value if token.tag == MEMBER else token.name).decode("latin-1")
            numbers[-1] = 0
            lost[-1] = touched or (len(lost) > 1 and lost[-2])
            if token.tag == MEMBER:
                continue
        path = "/".join(f"{name}[{at}]" if numbered else name for name, at in zip(names, numbers, strict=True))
        numbers[-1] += 1
        if token.tag == BEGIN:
            names.append("")
            numbers.append(0)
            lost.append(touched or lost[-1])
        elif not (touched or lost[-1]):
            found[(group, path, token.tag, token.value)] += 1
    return found


def score(octets: bytes, damaged: Damaged) -> Score:
    """What `recover` makes of a damaged message, held against the sound one."""
    tokens = tokens_of(octets)
    numbered = not damaged.touched
    expected = leaves(tokens, damaged.touched, numbered=numbered)
    message, issues = ippfast.recover(damaged.octets)
    got = leaves(tokens_of(ippfast.encode(message)), numbered=numbered)
    saved = sum((expected & got).values())
    announced = Counter(token.tag for token in tokens if token.name is None)
    groups = Counter(int(group.tag) for group in message.groups)
    invented = sum(value not in damaged.octets for (_, _, _, value), _ in got.items())
    others = sum(count for tag, count in groups.items() if tag not in announced and tag not in damaged.inserted)
    if not issues:
        others = 0
    return Score(saved, sum(expected.values()), invented, others)


def sound_messages() -> list[tuple[str, bytes]]:
    """The vectors that only have what RFC 8010 names, and enough octets to be damaged, without their documents."""
    found = []
    for vector in vectors.accepted():
        if vector.offset is None or vector.offset < 60:
            continue
        octets = vector.octets[: vector.offset]
        known = all(
            token.tag in _KNOWN and (not token.name or _NAME.fullmatch(token.name) is not None)
            for token in tokens_of(octets)
        )
        message = ippfast.decode(octets)
        if known and not any(isinstance(value, RawValue) for _, value in ippfast.walk(message)):
            found.append((vector.name, octets))
    return found


def measure(apply: Damage, messages: list[tuple[str, bytes]], seed: str) -> tuple[Score, int]:
    """All scores of one damage added up, and of how many messages."""
    scores = []
    for title, octets in messages:
        applied = apply(octets[:8], tokens_of(octets), random.Random(f"{seed} {title}"))
        if applied is not None:
            scores.append(score(octets, applied))
    return Score(*map(sum, zip(*scores, strict=True))) if scores else Score(0, 0, 0, 0), len(scores)


def main() -> None:
    seed = sys.argv[1] if len(sys.argv) > 1 else "1"
    messages = sound_messages()
    print(f"{'damage':50} messages  saved  values invented  groups invented")
    for name, apply in sorted(DAMAGES.items()):
        found, count = measure(apply, messages, f"{seed} {name}")
        share = f"{100 * found.saved / max(found.whole, 1):.1f} %"
        print(f"{name:50} {count:8} {share:>8} {found.invented:11} {found.groups:15}")


if __name__ == "__main__":
    main()
