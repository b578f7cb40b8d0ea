"""The views: what they make of good answers, and that nothing a printer says makes them raise."""

import json
from typing import Any

import pytest
import strategies
import vectors
from hypothesis import given
from hypothesis import strategies as st
from implementations import Implementation

import ippfast
from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DateTime,
    DelimiterTag,
    Message,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    Resolution,
    StringWithLanguage,
    ValueTag,
)
from ippfast.media import MediaName, parse_media_name
from ippfast.registry import keywords
from ippfast.views import (
    StateReason,
    Supply,
    decode_text,
    group_to_dict,
    parse_device_id,
    state_reasons,
    supplies,
    to_dict,
)

X = ValueTag


def printer(*attributes: Attribute) -> AttributeGroup:
    return AttributeGroup(DelimiterTag.PRINTER, attributes)


# ---- to_dict ----


def test_a_message_as_plain_data(codec: Implementation) -> None:
    size = codec.Collection([codec.Attribute("x-dimension", X.INTEGER, 21000)])
    media = codec.Collection([codec.Attribute("media-size", X.BEG_COLLECTION, size)])
    octets = codec.encode(
        codec.Message(
            (2, 0),
            0x0001,
            7,
            [
                codec.AttributeGroup(1, [codec.Attribute("attributes-charset", X.CHARSET, "utf-8")]),
                codec.AttributeGroup(
                    4,
                    [
                        codec.Attribute("printer-state", X.ENUM, 3),
                        codec.Attribute("printer-state-reasons", X.KEYWORD, ["none"]),
                        codec.Attribute("media-col-default", X.BEG_COLLECTION, media),
                        codec.Attribute("media-col-database", X.BEG_COLLECTION, [media, media]),
                        codec.Attribute("own", X.INTEGER, 1),
                    ],
                ),
                codec.AttributeGroup(0x0B),
            ],
        )
    )
    made = to_dict(codec.decode(octets))
    assert made == {
        "version": [2, 0],
        "code": 1,
        "request-id": 7,
        "groups": [
            {"tag": "operation-attributes-tag", "attributes": {"attributes-charset": "utf-8"}},
            {
                "tag": "printer-attributes-tag",
                "attributes": {
                    "printer-state": 3,
                    "printer-state-reasons": ["none"],
                    "media-col-default": {"media-size": {"x-dimension": 21000}},
                    "media-col-database": [{"media-size": {"x-dimension": 21000}}] * 2,
                    "own": [1],
                },
            },
            {"tag": "group 0x0b", "attributes": {}},
        ],
    }
    assert json.loads(json.dumps(made)) == made


@pytest.mark.parametrize(
    ("name", "tags", "values", "plain"),
    [
        ("printer-info", X.TEXT, ["a"], "a"),
        ("printer-info", X.TEXT, ["a", "b"], ["a", "b"]),
        ("printer-info", X.TEXT_WITH_LANGUAGE, [StringWithLanguage("a", "de")], "a"),
        ("printer-info", X.NO_VALUE, [OutOfBand.NO_VALUE], None),
        ("printer-state-reasons", X.UNKNOWN, [OutOfBand.UNKNOWN], []),
        ("printer-state-reasons", [X.KEYWORD, X.NO_VALUE], ["none", OutOfBand.NO_VALUE], ["none"]),
        ("own", X.NO_VALUE, [OutOfBand.NO_VALUE], []),
        ("own", X.BOOLEAN, [True], [True]),
        ("own", X.OCTET_STRING, [b"level=5;\xff"], ["level=5;\\xff"]),
        ("own", X.INTEGER, [RawValue(b"\x00\x01")], ["\x00\x01"]),
        ("own", 0x7F, [b"\x00\x00\x00\x21"], ["\x00\x00\x00!"]),
        ("own", X.RESOLUTION, [Resolution(600, 1200, 3), Resolution(1, 1, 9)], ["600x1200dpi", "1 units 9"]),
        ("own", X.RANGE_OF_INTEGER, [RangeOfInteger(1, 5)], [[1, 5]]),
        ("own", X.DATE_TIME, [DateTime(2026, 11, 22, 13, 5, 0, 5, "+", 1)], ["2026-11-22T13:05:00.500000+01:00"]),
        ("own", X.DATE_TIME, [DateTime(0, 0, 0)], ["0-0-0,0:0:0.0,+0:0"]),
    ],
)
def test_values_as_plain_data(name: str, tags: Any, values: list[Any], plain: Any) -> None:
    made = group_to_dict(printer(Attribute(name, tags, values)))
    assert made == {name: plain}
    assert json.loads(json.dumps(made)) == made


def test_of_several_attributes_with_one_name_the_first_counts() -> None:
    assert group_to_dict(printer(Attribute("own", X.INTEGER, 1), Attribute("own", X.INTEGER, 2))) == {"own": [1]}
    members = Collection([Attribute("own", X.INTEGER, 1), Attribute("own", X.INTEGER, 2)])
    assert group_to_dict(printer(Attribute("col", X.BEG_COLLECTION, members))) == {"col": [{"own": [1]}]}


def test_a_member_is_a_list_where_it_may_have_several_values() -> None:
    constraint = Collection([Attribute("sides", X.KEYWORD, "one-sided")])
    made = group_to_dict(printer(Attribute("job-constraints-supported", X.BEG_COLLECTION, constraint)))
    assert made == {"job-constraints-supported": [{"sides": ["one-sided"]}]}
    assert group_to_dict(printer(Attribute("sides", X.KEYWORD, "one-sided"))) == {"sides": "one-sided"}


# ---- Text ----


@pytest.mark.parametrize(
    ("octets", "charset", "text"),
    [
        ("Büro".encode(), "utf-8", "Büro"),
        ("Büro".encode(), "us-ascii", "Büro"),
        ("Büro".encode("latin-1"), "utf-8", "Büro"),
        ("Büro".encode("latin-1"), "iso-8859-1", "Büro"),
        (b"\x92\x9a", "utf-8", "\u2019\u0161"),
        (b"\x81\xff", "utf-8", "\x81ÿ"),
        ("打印机".encode("gb18030"), "gb18030", "打印机"),
        ("打印机".encode("gb2312"), "GB2312", "打印机"),
        ("プリンタ".encode("shift_jis"), "Shift_JIS", "プリンタ"),
        ("프린터".encode("euc_kr"), "euc-kr", "프린터"),
        (b"plain", "no-such-charset", "plain"),
        (b"plain", "idna", "plain"),
        (b"plain", "hex", "plain"),
        (b"plain", "utf-16", "plain"),
        (b"plain", "a\x00b", "plain"),
        (b"plain", "\udcff", "plain"),
        (b"plain", "", "plain"),
    ],
)
def test_text_is_read_in_the_declared_charset_or_the_likely_one(octets: bytes, charset: str, text: str) -> None:
    string = octets.decode("utf-8", "surrogateescape")
    assert decode_text(string, charset) == text
    group = AttributeGroup(1, [Attribute("attributes-charset", X.CHARSET, charset), Attribute("a", X.TEXT, string)])
    assert to_dict(Message((2, 0), 0, 1, [group]))["groups"][0]["attributes"]["a"] == [text]


# ---- Device IDs ----


def test_a_device_id() -> None:
    parsed = parse_device_id("MFG:HP;MDL:ENVY 4500 series; CMD: PCL3GUI,PJL, Automatic ;CLS:PRINTER;SN:;MFG:other;")
    assert (parsed.manufacturer, parsed.model) == ("HP", "ENVY 4500 series")
    assert parsed.command_sets == ("PCL3GUI", "PJL", "Automatic")
    assert parsed.fields == {
        "MFG": "HP",
        "MDL": "ENVY 4500 series",
        "CMD": "PCL3GUI,PJL, Automatic",
        "CLS": "PRINTER",
        "SN": "",
    }
    long = parse_device_id("MANUFACTURER:Brother;Model:QL-1110NWB;COMMAND SET:PT-CBP")
    assert long[:3] == ("Brother", "QL-1110NWB", ("PT-CBP",))
    assert parse_device_id(b"\x00\x0eMFG:A;MDL:\xff;") == parse_device_id("MFG:A;MDL:\ufffd;")
    assert parse_device_id(StringWithLanguage("MFG:A;", "en")).manufacturer == "A"


@pytest.mark.parametrize(
    "value", ["Unknown", "", ";;;", ":", b"", b"\x00", OutOfBand.UNKNOWN, RawValue(b"MFG:A;"), 7, None]
)
def test_a_device_id_that_is_none(value: object) -> None:
    """A SHARP MX-3060V says "Unknown"."""
    assert parse_device_id(value) == (None, None, (), {})


# ---- Supplies ----

NAMES = Attribute("marker-names", X.NAME, ["Black", "Color", "Waste"])
COLORS = Attribute("marker-colors", X.NAME, ["#000000", "#00FFFF#FF00FF#FFFF00", "none"])
LEVELS = Attribute("marker-levels", X.INTEGER, [80, -3, 5])


def test_supplies() -> None:
    types = Attribute("marker-types", X.KEYWORD, ["toner", "inkCartridge", "wasteToner"])
    low = Attribute("marker-low-levels", X.INTEGER, [10, 10, 0])
    high = Attribute("marker-high-levels", X.INTEGER, [100, 100, 95])
    assert supplies(printer(NAMES, types, COLORS, LEVELS, low, high)) == [
        Supply("Black", "toner", ("#000000",), 80, 10, 100),
        Supply("Color", "inkCartridge", ("#00FFFF", "#FF00FF", "#FFFF00"), -3, 10, 100),
        Supply("Waste", "wasteToner", (), 5, 0, 95),
    ]


def test_lists_of_markers_that_differ_in_length() -> None:
    """A Kyocera has more names than levels."""
    levels = Attribute("marker-levels", X.INTEGER, [80])
    assert supplies(printer(NAMES, levels)) == [
        Supply("Black", None, None, 80, None, None),
        Supply("Color", None, None, None, None, None),
        Supply("Waste", None, None, None, None, None),
    ]
    assert [supply.level for supply in supplies(printer(LEVELS))] == [80, -3, 5]


@pytest.mark.parametrize(
    ("attribute", "names"),
    [
        (Attribute("marker-names", X.NO_VALUE, OutOfBand.NO_VALUE), []),
        (Attribute("marker-names", [X.NAME_WITH_LANGUAGE, X.INTEGER], [StringWithLanguage("a", "de"), 5]), ["a", None]),
        (Attribute("marker-names", X.NAME, RawValue(b"")), [None]),
        (Attribute("marker-levels", X.BOOLEAN, True), [None]),
        (Attribute("other", X.NAME, "a"), []),
    ],
)
def test_markers_of_other_kinds(attribute: Attribute, names: list[str | None]) -> None:
    found = supplies(printer(attribute))
    assert [supply.name for supply in found] == names
    assert all(supply.level is None for supply in found)


@pytest.mark.parametrize(
    ("colorant", "colors"),
    [
        ("#00FFFF", ("#00FFFF",)),
        ("#00FFFF#ff00ff", ("#00FFFF", "#ff00ff")),
        ("black", ("#000000",)),
        ("Magenta", ("#FF00FF",)),
        ("none", ()),
        ("unknown", None),
        ("multi-color", None),
        ("#00F", None),
        ("", None),
    ],
)
def test_colors_of_a_printer_supply(colorant: str, colors: tuple[str, ...] | None) -> None:
    text = f"index=1;type=toner;unit=percent;maxcapacity=100;level=67;colorantname={colorant};"
    for attribute in (
        Attribute("printer-supply", X.OCTET_STRING, text.encode()),
        Attribute("printer-supply", X.TEXT, text),
        Attribute("printer-supply", X.TEXT_WITH_LANGUAGE, StringWithLanguage(text, "en")),
    ):
        assert supplies(printer(attribute)) == [Supply(None, "toner", colors, 67, None, None)]


# ---- State reasons ----


def test_state_reasons() -> None:
    values = [
        "none",
        "toner-low-warning",
        "media-jam",
        "paused-report",
        "media-empty-error",
        "com.example.own",
        "-error",
    ]
    assert state_reasons([*values, OutOfBand.UNKNOWN, 5, ""]) == [
        StateReason("toner-low", "warning"),
        StateReason("media-jam", "error"),
        StateReason("paused", "report"),
        StateReason("media-empty", "error"),
        StateReason("com.example.own", "error"),
        StateReason("-error", "error"),
    ]
    assert state_reasons(["none-report", "none"]) == []


def test_a_registered_reason_is_never_cut() -> None:
    registered = sorted(keywords("printer-state-reasons") - {"none"})
    assert any(keyword.endswith("-error") for keyword in registered)
    assert state_reasons(registered) == [StateReason(keyword, "error") for keyword in registered]
    assert state_reasons([f"{keyword}-report" for keyword in registered]) == [
        StateReason(keyword, "report") for keyword in registered
    ]


# ---- Media names ----


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("iso_a4_210x297mm", ("iso", "a4", 21000, 29700, "mm")),
        ("na_letter_8.5x11in", ("na", "letter", 21590, 27940, "in")),
        ("na_number-10_4.125x9.5in", ("na", "number-10", 10478, 24130, "in")),
        ("custom_min_3x5in", ("custom", "min", 7620, 12700, "in")),
        ("custom_2.25mm-x_76.2x127.05mm", ("custom", "2.25mm-x", 7620, 12705, "mm")),
        ("om_small-photo_100x150mm", ("om", "small-photo", 10000, 15000, "mm")),
        ("roll_max_36.1025x3622.0472in", ("roll", "max", 91700, 9200000, "in")),
        ("iso_a4_210x297mm_borderless", ("iso", "a4", 21000, 29700, "mm")),
        ("na_letter_8.5x11in_main_stationery", ("na", "letter", 21590, 27940, "in")),
        ("na_index-4x6_4x6in_photo_photographic-glossy_borderless", ("na", "index-4x6", 10160, 15240, "in")),
        ("iso_a4_210x297mm_", None),
        ("iso_a4_210x297mm-borderless", None),
        ("letter", None),
        ("iso-a4", None),
        ("iso_a4_210x297", None),
        ("iso_a4_210x297cm", None),
        ("iso_a4_0210x297mm", None),
        ("iso_a4_210x297mm\n", None),
        ("ISO_A4_210x297mm", None),
        ("iso_a4_1.x2mm", None),
        ("choice_iso_a4_210x297mm_na_letter_8.5x11in", None),
        (f"iso_a4_{'9' * 10}x1mm", None),
        ("", None),
        (OutOfBand.NO_VALUE, None),
    ],
)
def test_media_names(name: object, parsed: tuple[object, ...] | None) -> None:
    assert parse_media_name(name) == parsed


def test_every_registered_name_with_a_size_is_understood() -> None:
    with_size = [keyword for keyword in keywords("media") if keyword.count("_") == 2]
    assert len(with_size) > 200
    assert all(isinstance(parse_media_name(keyword), MediaName) for keyword in with_size)


# ---- Anything that a printer says ----


def look_at(message: Message) -> None:
    json.dumps(to_dict(message))
    for group in message.groups:
        for supply in supplies(group):
            assert supply.level is None or isinstance(supply.level, int)
        for attribute in group:
            for value in attribute.values:
                assert isinstance(parse_device_id(value).fields, dict)
                assert parse_media_name(value) is None or isinstance(value, str)
            assert all(isinstance(reason, StateReason) for reason in state_reasons(attribute.values))


@vectors.parametrize(vectors.accepted())
def test_vectors(vector: vectors.Vector) -> None:
    look_at(ippfast.decode(vector.octets))


@given(strategies.octets())
def test_any_message(octets: bytes) -> None:
    look_at(ippfast.decode(octets))


@given(strategies.messages(fit=True))
def test_any_message_made_by_hand(message: Message) -> None:
    json.dumps(to_dict(message))


@given(st.text(), st.text() | st.sampled_from(["gb18030", "utf-7", "iso-2022-jp", "hz", "punycode", "unicode_escape"]))
def test_any_text_in_any_charset(string: str, charset: str) -> None:
    assert decode_text(string, charset).encode() is not None


@given(st.text() | st.binary())
def test_any_device_id(device_id: str | bytes) -> None:
    assert all(key and key == key.strip() for key in parse_device_id(device_id).fields)
