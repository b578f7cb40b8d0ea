"""The shim for ippx: equal to it where it reads and writes right, and right where it does not.

The rule of this file: ippx itself, from PyPI, says what is to be equal. It is in an environment of its own, where
`compare_ippx.py` and the tests of ippx's own sdist run.
"""

import copy
import pickle
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import vectors
from libraries import Library, compare, install, unpack_sdist

import ippfast
from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DelimiterTag,
    Message,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    StringWithLanguage,
    ValueTag,
)
from ippfast.compat import ippx as shim
from ippfast.compat._ippx_library import Attribute as Plain
from ippfast.compat._ippx_library import IppDecodeError, IppMessage, Resolution

IPPX = "ippx==0.1.1"
HERE = Path(__file__).resolve().parent
RUN = """
import sys, ippx, ippx._base, ippx._sync, pytest
from ippfast.compat import ippx as shim
assert "ippfast" not in ippx.decode.__module__
before = ippx.decode, ippx.encode
shim.install(quirks=sys.argv[1] == "faithful")
places = ippx.decode, ippx._codec.decode, ippx._base.decode, ippx.encode, ippx._codec.encode, ippx._sync.encode
assert len(set(map(id, places))) == 2 and not {*map(id, places)} & {*map(id, before)}
code = pytest.main(["-q", "--disable-warnings", *sys.argv[2:]])
shim.uninstall()
assert (ippx.decode, ippx.encode) == before
sys.exit(code)
"""

# Tests of ippx that say what it cannot do.
LIMITS = (
    "test_collection_encoding_not_supported",
    "test_reserved_delimiter_raises_decode_error",
    "test_malformed_integer_raises_decode_error",
    "test_truncated_text_with_language_raises_decode_error",
)


@pytest.fixture(scope="module")
def library() -> Library:
    return install(IPPX, "pytest", "pytest-asyncio", "respx")


def test_the_shim_does_what_ippx_does(library: Library) -> None:
    """Every message, truncations and mutations of it: the same result, or both raise; and all encoded as it came."""
    compare(library, HERE / "compare_ippx.py")


@pytest.mark.parametrize(("mode", "left_out"), [("faithful", ()), ("own", LIMITS)])
def test_the_tests_of_ippx(library: Library, mode: str, left_out: tuple[str, ...]) -> None:
    # Those of TLS neither decode nor encode, and make keys, which takes its time.
    options = ["--ignore=tests/test_tls.py", *[f"--deselect=tests/test_codec.py::{name}" for name in left_out]]
    said = library.run("-c", RUN, mode, *options, "tests", directory=unpack_sdist(IPPX)).decode()
    assert f"{55 - len(left_out)} passed" in said


# ---- Where ippx is not installed; and what it cannot do ----


def message(*groups: tuple[int, list[Attribute]]) -> bytes:
    made = [AttributeGroup(tag, attributes) for tag, attributes in groups]
    return ippfast.encode(Message((2, 0), 0x0002, 7, made))


def test_every_group() -> None:
    one = Attribute("notify-subscription-id", ValueTag.INTEGER, 7)
    octets = message((DelimiterTag.SUBSCRIPTION, [one]), (0x0E, [one])) + b"data"
    found = shim.decode(octets)
    assert found == IppMessage(
        (2, 0), 2, 7, [(6, [Plain(one.name, 0x21, [7])]), (14, [Plain(one.name, 0x21, [7])])], b"data"
    )
    assert shim.encode(found) == octets
    with pytest.raises(IppDecodeError):
        shim.decode(octets, quirks=True)


def test_collections_are_written() -> None:
    media = {
        "media-size": {"x-dimension": 21000, "y-dimension": 29700},
        "media-type": "stationery",
        "media-source-properties": [],
        "x-things": [
            True,
            5,
            b"octets",
            Resolution(300, 300, 3),
            (1, 5),
            None,
            datetime(2026, 11, 25, tzinfo=UTC),
            {"a": 1},
        ],
    }
    finishing = {"finishing-template": "staple", "stitching": {"stitching-angle": 90}}
    given = IppMessage(
        (2, 0), 2, 1, [(2, [Plain("media-col", 0x34, [media]), Plain("finishings-col", 0x34, [finishing])])]
    )
    written = ippfast.decode(shim.encode(given)).job
    size = written["media-col"].value["media-size"].value
    assert (size["x-dimension"].tag, size["x-dimension"].value) == (ValueTag.INTEGER, 21000)
    assert written["media-col"].value["media-type"].tag is ValueTag.KEYWORD
    assert "media-source-properties" not in written["media-col"].value
    things = written["media-col"].value["x-things"]
    assert [tag.name for tag in things.tags] == [
        "BOOLEAN", "INTEGER", "OCTET_STRING", "RESOLUTION",
        "RANGE_OF_INTEGER", "NO_VALUE", "DATE_TIME", "BEG_COLLECTION",
    ]  # fmt: skip
    assert things.values[4:6] == (RangeOfInteger(1, 5), OutOfBand.NO_VALUE)
    assert written["finishings-col"].value["stitching"].value["stitching-angle"].value == 90
    with pytest.raises(NotImplementedError):
        shim.encode(given, quirks=True)


def test_languages() -> None:
    text = Attribute("printer-info", ValueTag.TEXT_WITH_LANGUAGE, StringWithLanguage("Büro", "de"))
    member = Attribute("a", ValueTag.NAME_WITH_LANGUAGE, StringWithLanguage("Büro", "de"))
    octets = message((4, [text, Attribute("x-col", ValueTag.BEG_COLLECTION, Collection([member]))]))
    found = shim.decode(octets)
    info, collection = found.groups[0][1]
    assert info.value == "Büro"
    assert info.value.language == "de"
    assert collection.value["a"].language == "de"
    info.values.append("Amt")
    collection.value["b"] = 5
    written = ippfast.decode(shim.encode(found)).printer
    assert written["printer-info"].values == (StringWithLanguage("Büro", "de"), StringWithLanguage("Amt", "en"))
    assert written["x-col"].value["a"] == member
    assert written["x-col"].value["b"].value == 5


@pytest.mark.parametrize("vector", vectors.hand_made() + vectors.recorded(), ids=repr)
def test_what_nobody_changed_is_written_as_it_came(vector: vectors.Vector) -> None:
    if vector.outcome == vectors.ACCEPTED:
        found = shim.decode(vector.octets)
        for copied in (found, copy.deepcopy(found), pickle.loads(pickle.dumps(found))):
            assert shim.encode(copied) == vector.octets


@pytest.mark.parametrize(
    ("tag", "values", "change"),
    [
        (0x21, [RawValue(b"\0")], [5]),
        (0x7F, [b"\x40\0\0\1"], [b"\x40\0\0\2"]),
        ([0x44, 0x42], ["a4", "mine"], ["a4", "yours"]),
        (0x34, [Collection([Attribute("a", 0x21, 1)])], [{"a": 2}]),
    ],
)
def test_what_was_changed_is_written_changed(tag: Any, values: list[Any], change: list[Any]) -> None:
    octets = message((4, [Attribute("x", tag, values)]))
    found = shim.decode(octets)
    (one,) = found.groups[0][1]
    assert shim.encode(found) == octets
    one.values[:] = change
    assert shim.decode(shim.encode(found)).groups[0][1][0].values == change
    one.values[:], one.name = shim.decode(octets).groups[0][1][0].values, "y"
    assert shim.encode(found) != octets


def test_values_that_do_not_fit_are_kept() -> None:
    octets = message((4, [Attribute("x", 0x21, RawValue(b"\1")), Attribute("y", 0x22, RawValue(b"\2"))]))
    assert [one.value for one in shim.decode(octets).groups[0][1]] == [b"\1", True]
    with pytest.raises(IppDecodeError):
        shim.decode(octets, quirks=True)


def test_what_cannot_be_written() -> None:
    for values, error in (([], ValueError), ([2**31], Exception), (["five"], ValueError)):
        with pytest.raises(error):
            shim.encode(IppMessage((2, 0), 2, 1, [(2, [Plain("copies", 0x21, values)])]))
    with pytest.raises(ModuleNotFoundError):
        shim.install()
