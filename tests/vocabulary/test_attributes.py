"""Python values become attributes as the registry says, and what it does not allow is refused by name."""

import pickle
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import registry_values
from hypothesis import given
from outcome import normal

from ippfast import (
    Attribute,
    Collection,
    DateTime,
    DelimiterTag,
    EncodeError,
    IPPError,
    OutOfBand,
    RangeOfInteger,
    Resolution,
    StringWithLanguage,
    ValueTag,
    registry,
    wrappers,
)
from ippfast.attributes import _at_once, _make, _Place, attribute, collection
from ippfast.enums import Finishings, JobState
from ippfast.errors import RegistryError
from ippfast.wrappers import Integer, Keyword, Name, OctetString, Tagged, Text

JOB = DelimiterTag.JOB


def refused(name: str, value: object, group: int | None = None) -> RegistryError:
    with pytest.raises(RegistryError) as caught:
        attribute(name, value, group=group)
    return caught.value


# ---- Values ----


@pytest.mark.parametrize(
    ("name", "value", "tag", "made"),
    [
        ("copies", 2, ValueTag.INTEGER, 2),
        ("my-jobs", True, ValueTag.BOOLEAN, True),
        ("finishings", ["staple", Finishings.PUNCH, 6], ValueTag.ENUM, [4, 5, 6]),
        ("finishings", 0x40000001, ValueTag.ENUM, 0x40000001),
        ("operations-supported", ["Print-Job", 0x4029], ValueTag.ENUM, [2, 0x4029]),
        ("notify-status-code", "client-error-not-found", ValueTag.ENUM, 0x0406),
        ("job-password", b"\x00", ValueTag.OCTET_STRING, b"\x00"),
        ("printer-resolution", (600, 300), ValueTag.RESOLUTION, Resolution(600, 300, 3)),
        ("printer-resolution", (600, 300, "dpcm"), ValueTag.RESOLUTION, Resolution(600, 300, 4)),
        ("printer-resolution-supported", [(600, 600), (1, 2, 4)], ValueTag.RESOLUTION, [(600, 600, 3), (1, 2, 4)]),
        ("page-ranges", (1, 3), ValueTag.RANGE_OF_INTEGER, RangeOfInteger(1, 3)),
        ("page-ranges", range(1, 3), ValueTag.RANGE_OF_INTEGER, RangeOfInteger(1, 2)),
        ("page-ranges", ((1, 3), range(5, 6)), ValueTag.RANGE_OF_INTEGER, [RangeOfInteger(1, 3), RangeOfInteger(5, 5)]),
        ("requested-attributes", ("all", "media-col-database"), ValueTag.KEYWORD, ["all", "media-col-database"]),
        ("ipp-versions-supported", ["1.1"], ValueTag.KEYWORD, ["1.1"]),
        ("urf-supported", ["V1.4"], ValueTag.KEYWORD, ["V1.4"]),
        ("job-name", "", ValueTag.NAME, ""),
        ("job-name", StringWithLanguage("a", "de"), ValueTag.NAME_WITH_LANGUAGE, StringWithLanguage("a", "de")),
        ("printer-info", StringWithLanguage("a", "de"), ValueTag.TEXT_WITH_LANGUAGE, StringWithLanguage("a", "de")),
        ("media", "iso_a4_210x297mm", ValueTag.KEYWORD, "iso_a4_210x297mm"),
        ("media", "my-own", ValueTag.KEYWORD, "my-own"),
        ("media", "My Own", ValueTag.NAME, "My Own"),
        ("media", Name("my-own"), ValueTag.NAME, "my-own"),
        ("media", Name("my-own", "en"), ValueTag.NAME_WITH_LANGUAGE, StringWithLanguage("my-own", "en")),
        ("orientation-requested-default", OutOfBand.NO_VALUE, ValueTag.NO_VALUE, OutOfBand.NO_VALUE),
        ("copies", Keyword("none"), ValueTag.KEYWORD, "none"),
        ("copies", [Integer(1), Tagged(0x33, RangeOfInteger(1, 2))], [0x21, 0x33], [1, RangeOfInteger(1, 2)]),
        ("smi1234-own", Text("x"), ValueTag.TEXT, "x"),
        ("smi1234-own", OctetString(b"x"), ValueTag.OCTET_STRING, b"x"),
        ("smi1234-own", Resolution(1, 1), ValueTag.RESOLUTION, Resolution(1, 1)),
        ("smi1234-own", Tagged(0x7F, b"\x00\x00\x00\x21\x01"), 0x7F, b"\x00\x00\x00\x21\x01"),
    ],
)
def test_the_registry_or_a_wrapper_decides_the_tag(name: str, value: object, tag: Any, made: Any) -> None:
    assert attribute(name, value) == Attribute(name, tag, made if type(made) is list else [made])


def test_datetimes() -> None:
    moment = datetime(2026, 11, 22, 13, 5, 1, 250_000, timezone(-timedelta(hours=3, minutes=30)))
    expected = DateTime(2026, 11, 22, 13, 5, 1, 2, "-", 3, 30)
    assert attribute("job-hold-until-time", moment) == Attribute("job-hold-until-time", ValueTag.DATE_TIME, expected)
    assert refused("job-hold-until-time", moment.replace(tzinfo=None)).index == 0
    assert attribute("job-hold-until-time", moment.astimezone(UTC)).value.utc_hours == 0


def test_a_dictionary_is_a_collection_whose_members_the_registry_knows_by_path() -> None:
    made = attribute(
        "media-col", {"media-size": {"x-dimension": 21000, "y-dimension": 29700}, "media-type": "stationery"}
    )
    size = made.value["media-size"].value
    assert made.value["media-size"].tag is ValueTag.BEG_COLLECTION
    assert size["x-dimension"] == Attribute("x-dimension", ValueTag.INTEGER, 21000)
    assert made.value["media-type"].tag is ValueTag.KEYWORD
    # The same member may be a range here.
    supported = attribute("media-size-supported", [{"x-dimension": (1, 2), "y-dimension": 3}])
    assert supported.value["x-dimension"].tag is ValueTag.RANGE_OF_INTEGER


def test_collections_that_the_registry_does_not_know() -> None:
    made = attribute("smi1234-col", collection({"a": Keyword("b"), "c": collection({"d": Integer(1)})}))
    assert made.value["c"].value["d"].value == 1
    assert collection({"x-dimension": 1}, path="media-col/media-size")["x-dimension"].tag is ValueTag.INTEGER
    assert collection({"own": Attribute("own", ValueTag.URI, "a:b")})["own"].tag is ValueTag.URI
    assert "collection({...})" in refused("smi1234-col", {"a": Keyword("b")}).expected


@pytest.mark.parametrize(
    ("name", "value", "path", "index", "words"),
    [
        ("page-ranges", "1-2", "page-ranges", 0, "1setOf rangeOfInteger(1:MAX)"),
        ("page-ranges", [(1, 2), (3, 2)], "page-ranges", 1, "lower end is not above"),
        ("page-ranges", (0, 2), "page-ranges", 0, "1 to 2147483647"),
        ("page-ranges", range(3, 3), "page-ranges", 0, "got range range(3, 3)"),
        ("page-ranges", range(1, 9, 2), "page-ranges", 0, "got range range(1, 9, 2)"),
        ("page-ranges", (1, 2, 3), "page-ranges", 0, "got tuple (1, 2, 3)"),
        ("printer-resolution", (600, 600, "dpx"), "printer-resolution", 0, "'dpx'"),
        ("printer-resolution", (0, 600), "printer-resolution", 0, "two positive numbers"),
        ("printer-resolution", (2**31, 600), "printer-resolution", 0, "2147483648"),
        ("copies", 0, "copies", 0, "1 to 2147483647"),
        ("copies", True, "copies", 0, "got bool True"),
        ("copies", 2.0, "copies", 0, "got float 2.0"),
        ("copies", None, "copies", 0, "got NoneType None"),
        ("copies", 2**31, "copies", 0, "got int 2147483648"),
        ("copies", [1, 2], "copies", None, "one value of integer(1:MAX)"),
        ("copies", [], "copies", None, "at least one value"),
        ("copies", RangeOfInteger(1, 2), "copies", 0, "got rangeOfInteger"),
        ("copies", iter([1]), "copies", 0, "integer(1:MAX)"),
        ("my-jobs", 1, "my-jobs", 0, "got int 1"),
        ("finishings", [3, "stapel"], "finishings", 1, "did you mean 'staple'"),
        ("finishings", JobState.PENDING, "finishings", 0, "got JobState"),
        ("finishings", 0, "finishings", 0, "an enum of 1 or more"),
        ("job-password", "secret", "job-password", 0, "bytes"),
        ("job-password", b"x" * 256, "job-password", 0, "at most 255 octets"),
        ("job-name", "\u00e4" * 128, "job-name", 0, "at most 255 octets"),
        ("job-name", "\udcff", "job-name", 0, "text in UTF-8"),
        ("job-name", "a\x00", "job-name", 0, "control characters"),
        ("job-name", StringWithLanguage("a", "Deutsch!"), "job-name", 0, "language tag"),
        ("document-format", "pdf", "document-format", 0, "media type"),
        ("document-uri", "/etc/passwd", "document-uri", 0, "RFC 3986"),
        ("document-uri", "", "document-uri", 0, "at least one octet"),
        ("sides", "Two-Sided", "sides", 0, "lower-case"),
        ("sides", "zweiseitig\u00e4", "sides", 0, "US-ASCII"),
        ("media-col", {"media-size": {"x-dimension": "a"}}, "media-col/media-size/x-dimension", 0, "integer(1:MAX)"),
        ("media-col", {"media-sise": 1}, "media-col/media-sise", 0, "did you mean 'media-size'"),
        ("media-col", {}, "media-col", 0, "at least one member"),
        ("media-col", {1: 2}, "media-col", None, "names of members"),
        ("media-col", "a4", "media-col", 0, "a mapping of its members"),
        ("sides", {"a": "b"}, "sides", 0, "got dict"),
        ("copeis", 2, "copeis", 0, "did you mean 'copies'"),
        ("media-source", "tray-2", "media-source", 0, "this one is a member of media-col)"),
        ("media-size", {}, "media-size", 0, "is a member of finishings-col or media-col)"),
        ("smi1234-own", True, "smi1234-own", 0, "says its syntax"),
        ("finishings", [3, OutOfBand.NO_VALUE], "finishings", 1, "an out-of-band value alone"),
        ("copies", Attribute("number", 0x21, 2), "copies", None, "an Attribute named 'copies'"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(
    name: str, value: object, path: str, index: int | None, words: str
) -> None:
    error = refused(name, value, JOB)
    assert (error.attribute, error.index, error.group) == (path, index, JOB)
    assert words in str(error)
    assert isinstance(error, (IPPError, EncodeError, ValueError))
    assert pickle.loads(pickle.dumps(error)).args == error.args


# ---- Wrappers ----


@pytest.mark.parametrize("kind", [name for name in wrappers.__all__ if name not in ("Tagged", "Text", "Name")])
def test_a_wrapper_has_the_tag_of_its_name(kind: str) -> None:
    value: Any = {"Integer": 1, "Enum": 3, "Boolean": True, "OctetString": b"x"}.get(kind, "x")
    wrapped = getattr(wrappers, kind)(value)
    keyword = kind[0].lower() + kind[1:]
    assert ValueTag(wrapped.tag).keyword == keyword
    assert attribute("smi1234-own", wrapped).value == value
    assert repr(wrapped) == f"{kind}({value!r})"
    assert pickle.loads(pickle.dumps(wrapped)) == wrapped
    assert wrapped == Tagged(wrapped.tag, value)
    assert hash(wrapped) == hash(Tagged(wrapped.tag, value))
    assert wrapped != value


def test_tagged_takes_any_tag() -> None:
    assert repr(Tagged(0x7F, b"")) == "Tagged(0x7f, b'')"
    assert Tagged(0x21, 1) != Tagged(0x23, 1)


@given(registry_values.attributes())
def test_a_built_attribute_builds_itself(drawn: tuple[int, str, Any]) -> None:
    tag, name, value = drawn
    made = attribute(name, value, group=tag)
    assert attribute(name, made, group=tag) is made
    for one in made.values:
        if isinstance(one, Collection):
            assert attribute(name, one, group=tag).values == (one,)


# ---- The short way for plain values ----

PLAIN: list[Any] = [
    0, 1, -1, 3, 2**31 - 1, 2**31, -(2**31), -(2**31) - 1, 100_000, True, False,
    "", "a", "none", "Aa", "1.1", "two words", "a" * 63, "a" * 64, "a" * 255, "a" * 256, "a" * 1024,
    "\n", "\x7f", "\xe4", "\ud800",
    "ipp://printer.example/ipp/print", "ipp:", "en-us", "utf-8", "text/plain", "stop", "normal", "iso_a4_210x297mm",
    b"octets", 1.5, None, (1, 2), (600, 600), [], ["none"], ["a", "B"], [1, 2], [1, "none"], [True, 1], [["a"]],
    {"x-dimension": 21000}, {"media-size": {"x-dimension": 1, "y-dimension": "a"}}, JobState.PENDING,
]  # fmt: skip


@pytest.mark.parametrize("group", [None, *DelimiterTag])
def test_plain_values_are_judged_as_all_others_are(group: Any) -> None:
    """Whatever goes the short way is what the long way makes."""
    short = 0
    for path in ["no-such-name", *registry.names(), *registry.members("media-col"), "media-col/media-size/x-dimension"]:
        for value in PLAIN:
            name = path.rpartition("/")[2]
            found = _at_once(name, value, path, group)
            if found is not None:
                assert normal(found) == normal(_make(name, value, _Place(path, group)))
                short += 1
    assert short > 5000
