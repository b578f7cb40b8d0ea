"""The glance that spares the closer look: where it says "sound", the closer look finds nothing.

The rule of this file: nothing here says what is right, only that both say the same, for sound messages, odd ones and
damaged ones; the tests of `recover` and of `validate` say what is right.
"""

from collections.abc import Callable
from contextlib import suppress
from random import Random
from struct import pack
from typing import Any

import pytest
import vectors
from damages import DAMAGES, sound_messages, tokens_of
from fuzzing import bend
from implementations import COMPILED, IMPLEMENTATIONS, PURE, Implementation
from outcome import outcome
from scale import examples, some

import ippfast
from ippfast import IMPLEMENTATION, Issue, Limits, recover, registry, request, validate, validation
from ippfast._registry_data import ATTRIBUTES
from ippfast.recovery import _look_closer

BENT = 6  # copies of each vector
DAMAGED = examples(40)  # messages, by each damage
SMALL = [octets for _, octets in sound_messages() if len(octets) < 3000]
HEADER = bytes.fromhex("0200 0000 00000001")
CHARSET = b"\x01\x47\x00\x12attributes-charset\x00\x05utf-8"
SOUND = HEADER + CHARSET + b"\x03"


def same(octets: bytes, limits: Limits = ippfast.DEFAULT_LIMITS) -> None:
    assert outcome(recover, octets, limits=limits) == outcome(_look_closer, octets, limits)


@vectors.parametrize(vectors.every())
def test_recover(vector: vectors.Vector) -> None:
    random, others = Random(vector.name), vectors.accepted()
    same(vector.octets)
    for _ in range(BENT):
        octets = bend(random, vector.octets[:2000], random.choice(others).octets)
        same(octets)
        same(octets, Limits(2, 2, 9, 12, random.randrange(300)))


@pytest.mark.parametrize("name", sorted(DAMAGES))
def test_damaged_messages(name: str) -> None:
    random = Random(name)
    for octets in random.sample(SMALL, DAMAGED):
        damaged = DAMAGES[name](octets, tokens_of(octets), random)
        if damaged is not None:
            same(damaged.octets)


@pytest.mark.parametrize(
    "octets",
    [
        SOUND,
        SOUND + b"%PDF-1.7",
        SOUND + b"\x44\x00\x04name\x00\x04none\x03",  # goes on behind an end that was none
        SOUND + b"\x02\x44\x00\x04name\x00\x04none\x03",
        SOUND + b"\x44\x00\x04name\x00\x04non",  # cut off
        SOUND + b"\x44\x00\x00\x00\x04none",
        SOUND + b"\x44",
        SOUND + b"\x02",
        HEADER + CHARSET + b"\x0d\x0a\x03",
        HEADER + CHARSET + b"\x0a\x03",
        HEADER + CHARSET + b"\x0d\x0a\x45\x00\x12system-xri-support\x00\x04none\x03",
        HEADER + b"\x01\x21\x00\x04copi\x00\x03\x00\x00\x01\x03",  # an integer of three octets
        HEADER + b"\x01\x21\x00\x06copies\x00\x03\x00\x00\x00\x02\x44\x00\x05sides\x00\x04none\x03",
        HEADER
        + b"\x02\x33\x00\x0bpage-ranges\x00\x07\x00\x00\x00\x01\x00\x00\x00\x02\x44\x00\x05sides\x00\x04none\x03",
        HEADER + b"\x01\x44\x00\x09na\x00mename\x00\x04none\x03",
        HEADER + b"\x01\x44\x00\x09namename\x00\x00\x04none\x03",
        HEADER + b"\x01\x44\x00\x09\x00amenamea\x00\x04none\x03",
        HEADER + b"\x01\x44\x00\x11namenamenamena\x00me\x00\x04none\x03",
        HEADER + b"\x01\x44\x00\x04n\x00me\x00\x04none\x03",
        HEADER + b"\x01\x35\x00\x04name\x00\x06en\x00\x02xy\x03",  # a language without its length
        HEADER + b"\x01\x35\x00\x04name\x00\x08\x00\x02en\x00\x02xy\x03",
        HEADER + b"\x01\x35\x00\x04name\x00\x03\x00\x02e\x03",
        HEADER + b"\x01\x44\x00\x04name\x01\x00" + b"x" * 256 + b"\x03",
        HEADER + b"\x01\x44\x00\x04name\x00\xff" + b"x" * 255 + b"\x03",
        HEADER + b"\x01\x1f\x00\x04name\x01\x00" + b"x" * 256 + b"\x03",
        HEADER + b"\x0a\x44\x00\x04name\x00\x01\x0d\x0a\x44\x00\x04name\x00\x01x\x03",
    ],
)
def test_what_may_hide_something(octets: bytes) -> None:
    same(octets)
    same(octets, Limits(max_octets=len(octets) - 2))


# ---- validate ----

ROLES: tuple[Any, ...] = (None, "request", "response")


@pytest.fixture
def closely(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[Issue]]:
    """`validate` without the glance."""

    def look(message: ippfast.Message, role: Any) -> list[Issue]:
        with monkeypatch.context() as patch:
            patch.setattr(validation, "doubtful", PURE.doubtful)
            patch.setattr(validation, "head", PURE.head)
            return validate(message, role=role)

    return look


@vectors.parametrize(vectors.accepted())
def test_validate(vector: vectors.Vector, closely: Callable[..., list[Issue]]) -> None:
    random, others = Random(vector.name), vectors.accepted()
    bent = [bend(random, vector.octets[:2000], random.choice(others).octets) for _ in range(BENT // 2)]
    for octets in (vector.octets, *bent):
        with suppress(ippfast.IPPError):
            message = ippfast.decode(octets)
            for role in ROLES:
                assert validate(message, role=role) == closely(message, role)


STRINGS = [
    *(b"", b"a", b"A", b"1", b"-", b"_", b"a-b.c_d", b"aB", b"1.1", b"none", b"other-warning", b"two words", b"a\tb"),
    *(b"a\nb", b"a\x7f", b"a\x00", b"\xc3\xa4", b"\xff", b"en", b"en-us", b"en-", b"-en", b"en--us", b"abcdefghi"),
    *(b"en-abcdefghi", b"e1", b"en-1a", b"en.us", b"utf-8", b"a'b", b"a(b)", b"stop", b"iso_a4_210x297mm"),
    *(b"a/b", b"a/", b"/b", b"a/b;c=d", b"a/b ; c = d", b"a/b;c", b"a/b;c=", b'a/b;c="d"', b"a/b  ;c=d", b"a/b;c=d "),
    *(b"a/b; ", b"a/b;c= d;e=f", b"A/B", b"a/b;;c=d", b"ipp://host/path", b"ipp://host", b"ipp:host", b"ipp:/host"),
    *(b"ipp://", b"ipp:///p", b"urn:uuid:1-2", b"urn:", b"urn:/x", b"urn:a%20b", b"URN:a", b"http://h:80/p?q#f"),
    *(b"http://h:/", b"http://h:65535", b"http://h:65536", b"http://h:123456", b"http://h:x/", b"http://u@h/"),
    *(b"http://[::1]/", b"http://h/a b", b"http://h/%", b"http://h/p#f#g", b"http://h?q?r", b"http://h#f?"),
    *(b"file:///a", b"file://h", b"1tp://h/", b"\x11tp://h/", b"h\x10p://h/", b"http://h\x0e/", b"a+b.c-d://h/"),
    *(b"a" * size for size in (63, 64, 127, 128, 255, 256, 1023, 1024)),
]
NUMBERS = [
    pack(">i", number) for number in (-(2**31), -2, -1, 0, 1, 2, 3, 5, 8, 63, 64, 255, 256, 0x4000, 2**30, 2**31 - 1)
]
OTHERS = [
    b"\x01",
    b"\x02",
    *(one + other for one in NUMBERS[2:6] for other in NUMBERS[2:6]),
    *(one + other + units for one in NUMBERS[3:5] for other in NUMBERS[3:5] for units in (b"\x02", b"\x03", b"\x04")),
    *(date[:at] + bytes([octet]) + date[at + 1 :] for date in [b"\x07\xea\x01\x02\x03\x04\x05\x06+\x07\x08"]
      for at in range(2, 11) for octet in (0, 1, 9, 10, 12, 13, 14, 15, 23, 24, 31, 32, 45, 59, 60, 61)),
    b"\x00\x02en\x00\x01a",
]  # fmt: skip
NAMED = [
    *("copies", "sides", "job-name", "printer-uri", "device-uri", "media", "document-format", "printer-state-reasons"),
    *("page-ranges", "notify-status-code", "operations-supported", "marker-types", "printer-state", "printer-type"),
    *("ipp-versions-supported", "printer-resolution-default", "date-time-at-creation", "printer-info", "job-state"),
    *("charset-configured", "natural-language-configured", "color-supported", "reference-uri-schemes-supported"),
    *("orientation-requested-default", "printer-supply", "requested-attributes", "x-unknown", "media-col", "a/b"),
]


def token(tag: int, name: str, value: bytes) -> bytes:
    return bytes([tag]) + pack(">H", len(name)) + name.encode() + pack(">H", len(value)) + value


@pytest.mark.parametrize("name", some(NAMED))
def test_every_kind_of_value(name: str, closely: Callable[..., list[Issue]]) -> None:
    """As the only value, as one of two, and as a member's."""
    for tag in (0x10, 0x12, 0x13, 0x14, 0x16, 0x21, 0x22, 0x23, 0x30, 0x31, 0x32, 0x33, 0x35, *range(0x41, 0x4A), 0x50):
        values = [b"", *(NUMBERS if tag in (0x21, 0x23) else STRINGS if tag >= 0x40 else OTHERS)]
        several = b"".join(
            token(tag, name, value)
            + token(tag, "", values[place - 1])
            + token(0x34, "media-col", b"")
            + token(0x4A, "", name.encode())
            + token(tag, "", value)
            + token(0x37, "", b"")
            for place, value in enumerate(values)
        )
        alone = [token(tag, name, value) for value in values]
        groups = b"".join(b"\x02" + each + b"\x04" + each for each in (several, *alone))
        message = ippfast.decode(HEADER + CHARSET + groups + b"\x03")
        for role in ROLES[1:]:
            assert validate(message, role=role) == closely(message, role)


SIZE = token(0x34, "media-col", b"") + token(0x4A, "", b"media-size") + token(0x34, "", b"")
END = token(0x37, "", b"")
X = token(0x4A, "", b"x-dimension") + token(0x21, "", pack(">i", 1))


@pytest.mark.parametrize(
    "attributes",
    [
        token(0x33, "page-ranges", pack(">ii", 1, 2)) + token(0x33, "", pack(">ii", 3, 4)),
        token(0x33, "page-ranges", pack(">ii", 1, 2)) + token(0x33, "", pack(">ii", 2, 3)),
        token(0x44, "printer-state-reasons", b"media-low") + token(0x44, "", b"none"),
        token(0x44, "printer-state-reasons", b"media-low") + token(0x44, "", b"nona"),
        token(0x44, "sides", b"one-sided") * 2,
        SIZE + X + X + END + END,
        SIZE + END + END,
        SIZE + X + token(0x4A, "", b"unregistered") + token(0x44, "", b"a") + END + END,
        SIZE + b"".join(token(0x4A, "", b"m%d" % place) + token(0x44, "", b"a") for place in range(40)) + END + END,
        token(0x34, "destination-accesses", b"") + token(0x4A, "", b"Any") + token(0x44, "", b"a") + END,
        token(0x34, "input-attributes", b"") + token(0x4A, "", b"any/thing") + token(0x44, "", b"a") + END,
        token(0x44, "media-col/media-size", b"a"),
    ],
)
def test_what_values_and_members_are_to_each_other(attributes: bytes, closely: Callable[..., list[Issue]]) -> None:
    message = ippfast.decode(HEADER + CHARSET + b"\x02" + attributes + b"\x04" + attributes + b"\x03")
    for role in ROLES[1:]:
        assert validate(message, role=role) == closely(message, role)


def test_registered_members_are_those_that_a_look_up_finds() -> None:
    """The glance asks for all names at once, where the closer look asks for one."""
    every = {name for path in ATTRIBUTES for name in path.split("/")}
    for path in Random(1).sample(registry_paths(), 300):
        found = registry.members(path)
        assert {name for name in every if registry.lookup(f"{path}/{name}") is not None} == found.keys(), path


def registry_paths() -> list[str]:
    return [*registry.names()] + [f"{path}/{name}" for path in registry.names() for name in registry.members(path)]


@pytest.mark.parametrize("codec", IMPLEMENTATIONS, ids=str)
def test_sound_requests_are_glanced_at_alone(codec: Implementation) -> None:
    """Otherwise nothing above would have been glanced at."""
    message = request("Print-Job", "ipp://printer.example/ipp/print", job={"copies": 2, "sides": "one-sided"})
    decoded = ippfast.decode(ippfast.encode(message))
    if codec.name == IMPLEMENTATION:
        doubts = [codec.doubtful(group, True, group.tag) for group in decoded.groups]
        assert (codec.head(decoded, None, 1) == "request") == (codec is COMPILED)
        assert all(not each for each in doubts) == (codec is COMPILED)


@pytest.mark.parametrize("codec", IMPLEMENTATIONS, ids=str)
def test_sound_messages_are_glanced_at_alone(codec: Implementation) -> None:
    assert (codec.decode_sound(SOUND, ippfast.DEFAULT_LIMITS) is not None) == (codec is COMPILED)
