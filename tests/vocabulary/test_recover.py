"""`recover`: the printers whose answers other libraries lose, and anything else that is broken."""

import struct
import sys
import tracemalloc

import pytest
import strategies
import vectors
from hypothesis import assume, given
from hypothesis import strategies as st

import ippfast
from ippfast import (
    AttributeGroup,
    DecodeError,
    LimitError,
    Limits,
    Message,
    RawValue,
    StringWithLanguage,
    TruncatedError,
    ValueTag,
)
from ippfast.issues import RULES, Issue, Severity
from ippfast.recovery import recover

BEGIN, END, MEMBER = 0x34, 0x37, 0x4A
INTEGER, ENUM, KEYWORD, NAME, TEXT = 0x21, 0x23, 0x44, 0x42, 0x41


def token(tag: int, name: str = "", value: bytes | str | int = b"") -> bytes:
    octets = struct.pack(">i", value) if isinstance(value, int) else value.encode() if isinstance(value, str) else value
    return struct.pack(">BH", tag, len(name)) + name.encode() + struct.pack(">H", len(octets)) + octets


def member(name: str, *values: bytes) -> bytes:
    return token(MEMBER, "", name) + b"".join(values)


OPEN = token(BEGIN)
CLOSE = token(END)
HEAD = (
    bytes.fromhex("0200 0000 00000001 01")
    + token(0x47, "attributes-charset", "utf-8")
    + token(0x48, "attributes-natural-language", "en")
)
PRINTER = b"\x04"
STATE = token(ENUM, "printer-state", 3)
COPIES = token(INTEGER, "copies-default", 1)
STOP = b"\x03"
SIZE = member("x-dimension", token(INTEGER, "", 21000)) + member("y-dimension", token(INTEGER, "", 29700))


def answer(*parts: bytes) -> bytes:
    return b"".join([HEAD, PRINTER, *parts, STOP])


def repaired(octets: bytes, *codes: str) -> AttributeGroup:
    """The printer group of what comes back, once it is a message and the issues have these codes."""
    message, issues = recover(octets)
    assert [issue.code for issue in issues] == list(codes), [str(issue) for issue in issues]
    assert ippfast.decode(ippfast.encode(message)) == message
    assert message.groups[0].value("attributes-charset") == "utf-8"
    return message.printer


def refused(octets: bytes) -> bytes:
    """Octets that `decode` does not take."""
    with pytest.raises(DecodeError):
        ippfast.decode(octets)
    return octets


def kept(octets: bytes) -> AttributeGroup:
    """Octets that `decode` takes, so that there is nothing to repair."""
    message, issues = recover(octets)
    assert issues == []
    assert ippfast.encode(message) == octets
    return message.printer


# ---- The broken printers ----


def test_octets_that_are_no_utf_8() -> None:
    """Text with 0x92 or 0x9a, which ended whole integrations; a Ricoh IM C3010's Latin-1."""
    printer = kept(answer(token(TEXT, "printer-alert-description", b"Toner f\xfcr \x92M\x9a"), STATE))
    assert printer.value("printer-alert-description").encode("utf-8", "surrogateescape") == b"Toner f\xfcr \x92M\x9a"
    assert printer.value("printer-state") == 3


def test_a_canon_that_leaves_collections_open() -> None:
    """MF262dw II: begCollection without endCollection in media-col-default and media-col-ready."""
    unclosed = member("media-size", OPEN, SIZE, CLOSE) + member("media-type", token(KEYWORD, "", "stationery"))
    printer = repaired(
        refused(
            answer(
                token(BEGIN, "media-col-default"), unclosed, token(BEGIN, "media-col-ready"), unclosed, STATE, COPIES
            )
        ),
        "unterminated-collection",
        "unterminated-collection",
    )
    assert [attribute.name for attribute in printer] == [
        "media-col-default",
        "media-col-ready",
        "printer-state",
        "copies-default",
    ]
    for name in ("media-col-default", "media-col-ready"):
        assert printer.value(name)["media-size"].value["y-dimension"].value == 29700
        assert printer.value(name)["media-type"].value == "stationery"


def test_collections_that_are_open_at_the_end_of_a_group_or_of_the_message() -> None:
    open_twice = token(BEGIN, "media-col-default") + member("media-size", OPEN, SIZE)
    message, issues = recover(refused(HEAD + PRINTER + open_twice + b"\x02" + open_twice + STOP))
    assert [issue.code for issue in issues] == ["unterminated-collection"] * 2
    assert "2 collections" in issues[0].message
    assert issues[0].attribute == "media-col-default"
    assert issues[0].offset == len(HEAD) + 1
    for group in message.groups[1:]:
        assert len(group.value("media-col-default")["media-size"].value) == 2


def test_an_inner_collection_that_is_open() -> None:
    """The registry knows that media-type is no member of media-size."""
    printer = repaired(
        refused(
            answer(
                token(BEGIN, "media-col-default"),
                member("media-size", OPEN, SIZE),
                member("media-type", token(KEYWORD, "", "stationery")),
                CLOSE,
                STATE,
            )
        ),
        "unterminated-collection",
    )
    assert [attribute.name for attribute in printer.value("media-col-default")] == ["media-size", "media-type"]
    assert "printer-state" in printer


def test_a_kyocera_that_puts_members_outside() -> None:
    """FS-4200DN: memberAttrName outside a collection."""
    printer = repaired(
        refused(
            answer(
                token(BEGIN, "media-col-default"),
                member("media-size", OPEN, SIZE, CLOSE),
                CLOSE,
                member("media-type", token(KEYWORD, "", "stationery"), token(KEYWORD, "", "labels")),
                member("media-color", token(KEYWORD, "", "blue")),
                STATE,
            )
        ),
        "member-outside",
    )
    media = printer.value("media-col-default")
    assert [attribute.name for attribute in media] == ["media-size", "media-type", "media-color"]
    assert media["media-type"].values == ("stationery", "labels")
    assert printer.value("printer-state") == 3


def test_members_outside_that_belong_to_no_collection_become_attributes() -> None:
    printer = repaired(
        refused(
            answer(COPIES, member("media-color", token(KEYWORD, "", "blue")), member("own", OPEN, SIZE, CLOSE), STATE)
        ),
        "member-outside",
        "member-outside",
    )
    assert [attribute.name for attribute in printer] == ["copies-default", "media-color", "own", "printer-state"]
    assert printer.value("media-color") == "blue"
    assert printer.value("own")["x-dimension"].value == 21000
    # Registered as an attribute, and as no member of the collection before it.
    printer = repaired(
        answer(token(BEGIN, "media-col-default"), SIZE, CLOSE, member("printer-info", token(TEXT, "", "x"))),
        "member-outside",
    )
    assert printer.value("printer-info") == "x"


def test_a_member_name_that_is_an_attribute() -> None:
    printer = repaired(refused(answer(token(MEMBER, "media-color", "blue"), STATE)), "member-outside")
    assert printer["media-color"].tag is ValueTag.KEYWORD
    assert printer.value("media-color") == "blue"


def test_a_canon_with_a_collection_among_keywords() -> None:
    """Tags differ within one attribute: other libraries refuse it, ours has a tag for each value."""
    mixed = token(KEYWORD, "media-supported", "a4") + token(BEGIN) + SIZE + CLOSE + token(KEYWORD, "", "a5")
    assert kept(answer(mixed))["media-supported"].tags == (ValueTag.KEYWORD, ValueTag.BEG_COLLECTION, ValueTag.KEYWORD)


@pytest.mark.parametrize(
    "odd",
    [
        pytest.param(
            token(KEYWORD, "media-source", 'Tray 1 "upper"'), id="Xerox PrimeLink C9265: keywords with spaces"
        ),
        pytest.param(token(0x48, "generated-natural-language-supported", "en-  "), id="Canon MF657Cdw: padding"),
        pytest.param(token(0x49, "document-format", ""), id="Kyocera FS-4200DN: empty mimeMediaType"),
        pytest.param(token(0x13, "printer-info", "none"), id="Brother: no-value with octets"),
        pytest.param(token(0xF8, "own", "x"), id="Windows 7: tag 0xf8"),
        pytest.param(STATE + STATE, id="an attribute twice"),
        pytest.param(token(TEXT, "printer-info", b"\xc4\xe3\xba\xc3"), id="Chinese in GBK"),
        pytest.param(b"\x05\x04\x04\x02", id="empty groups, unsupported attributes late"),
    ],
)
def test_what_others_refuse_and_decode_keeps(odd: bytes) -> None:
    assert kept(answer(COPIES, odd)).value("copies-default") == 1


def test_a_pantum_that_names_members_like_attributes() -> None:
    """M7300FDW, and an Apple library before it."""
    media = token(BEGIN, "media-size") + token(INTEGER, "x-dimension", 21000) + token(INTEGER, "y-dimension", 29700)
    printer = repaired(
        refused(
            answer(
                token(BEGIN, "media-col-default"), media, CLOSE, token(KEYWORD, "media-type", "labels"), CLOSE, STATE
            )
        ),
        *["member-as-attribute"] * 4,
    )
    assert [attribute.name for attribute in printer] == ["media-col-default", "printer-state"]
    assert printer.value("media-col-default")["media-size"].value["y-dimension"].value == 29700
    assert printer.value("media-col-default")["media-type"].value == "labels"


def test_named_members_that_the_registry_does_not_know() -> None:
    """Where each begCollection has its endCollection, a name inside is a member's; else the end is missing."""
    own = token(BEGIN, "own-col") + token(KEYWORD, "own-member", "a") + token(KEYWORD, "", "b")
    printer = repaired(answer(own, CLOSE, STATE), "member-as-attribute")
    assert printer.value("own-col")["own-member"].values == ("a", "b")
    printer = repaired(answer(own, STATE), "unterminated-collection")
    assert printer["own-member"].values == ("a", "b")
    assert len(printer.value("own-col")) == 0


HELLO = b"\x00\x02de\x00\x0bHallo Welt!"


@pytest.mark.parametrize("tag", [0x35, 0x36])
@pytest.mark.parametrize("following", [b"", token(KEYWORD, "", "x"), STATE, b"\x02", b"\x02" + COPIES])
def test_an_hp_that_leaves_out_the_length_of_language_and_string(tag: int, following: bytes) -> None:
    """LaserJet M175, CP1525nw, 2430: value-length is that of the language alone."""
    whole = answer(token(tag, "job-name", HELLO), following)
    broken = refused(whole.replace(struct.pack(">H", len(HELLO)) + HELLO, HELLO))
    message, issues = recover(broken)
    assert [issue.code for issue in issues] == ["missing-value-length"]
    assert message == ippfast.decode(whole)
    assert message.printer["job-name"].values[0] == StringWithLanguage("Hallo Welt!", "de")


def test_a_string_with_language_that_has_the_length_of_the_string_alone() -> None:
    broken = answer(token(0x35, "status-message", HELLO[2:]), STATE)
    assert ippfast.decode(broken).printer["status-message"].values == (RawValue(HELLO[2:]),)
    printer = repaired(broken, "missing-language-length")
    assert printer["status-message"].values == (StringWithLanguage("Hallo Welt!", "de"),)
    # There must be room for the length.
    limits = Limits(max_octets=len(broken) + 1)
    assert recover(broken, limits=limits) == (ippfast.decode(broken), [])
    # Its first octets are no language, or its lengths are right.
    assert kept(answer(token(0x35, "status-message", b"Hallo Welt!"))).value("status-message") == RawValue(
        b"Hallo Welt!"
    )
    assert kept(answer(token(0x35, "status-message", HELLO))).value("status-message").language == "de"


def test_an_hp_that_leaves_the_length_of_the_language_right() -> None:
    """OfficeJet 8710, which one peer could not tell from the broken ones."""
    assert kept(answer(token(0x36, "job-name", HELLO))).value("job-name") == StringWithLanguage("Hallo Welt!", "de")


@pytest.mark.parametrize("following", [b"\x02" + COPIES, b"\x04" + STATE, b""])
def test_a_xerox_whose_begcollection_has_no_length(following: bytes) -> None:
    """B210: neither value-length nor members nor an end, and the next group or the end of the message follows."""
    whole = HEAD + b"\x05" + token(BEGIN, "media-col") + CLOSE + following + STOP
    message, issues = recover(refused(HEAD + b"\x05" + token(BEGIN, "media-col")[:-2] + following + STOP))
    assert [issue.code for issue in issues] == ["missing-value-length", "unterminated-collection"]
    assert message == ippfast.decode(whole)


def test_an_epson_whose_answer_ends_too_early() -> None:
    """L3250: nothing is known but that it could not be decoded. What is there is kept."""
    whole = answer(STATE, token(TEXT, "printer-info", "upstairs"), COPIES)
    at = whole.index(b"upstairs") + 2
    printer = repaired(refused(whole[:at]), "truncated", "missing-end")
    assert printer.value("printer-state") == 3
    assert printer.value("printer-info") == "up"


def test_a_group_that_begins_inside_a_collection() -> None:
    """ "Bad tag in collection: job-attributes"."""
    octets = refused(
        HEAD + PRINTER + token(BEGIN, "media-col-default") + SIZE + b"\x02" + token(INTEGER, "job-id", 7) + STOP
    )
    message, issues = recover(octets)
    assert [issue.code for issue in issues] == ["unterminated-collection"]
    assert len(message.printer.value("media-col-default")) == 2
    assert message.job.value("job-id") == 7


def test_a_lexmark_whose_value_has_no_attribute() -> None:
    """ "0 length attribute name found not in a 1setOf"."""
    message, issues = recover(refused(answer(token(KEYWORD, "", "one-sided"), token(BEGIN), SIZE, CLOSE, STATE)))
    assert [issue.code for issue in issues] == ["value-before-attribute"] * 2
    assert "'one-sided'" in issues[0].message
    assert [attribute.name for attribute in message.printer] == ["printer-state"]


def test_a_response_that_is_a_web_page() -> None:
    message, issues = recover(b"HTTP/1.1 400 Bad Request\r\n\r\n<html>No.</html>")
    assert message.version == (0x48, 0x54)
    assert {issue.code for issue in issues} <= {"stray-octets", "truncated", "missing-end"}
    assert issues != []


# ---- Each kind of damage ----

MEDIA = token(BEGIN, "media-col-default")


@pytest.mark.parametrize(
    ("parts", "codes", "names"),
    [
        ([STATE, b"\x00\x00", COPIES], ["reserved-delimiter"], ["printer-state", "copies-default"]),
        ([STATE, CLOSE, COPIES], ["end-outside"], ["printer-state", "copies-default"]),
        ([MEDIA[:-1] + b"\x02xy", SIZE, CLOSE, STATE], ["begin-with-value"], ["media-col-default", "printer-state"]),
        ([MEDIA, SIZE, token(END, "", "xy"), STATE], ["end-with-value"], ["media-col-default", "printer-state"]),
        ([MEDIA, SIZE, token(END, "x"), STATE], ["end-with-value"], ["media-col-default", "printer-state"]),
        ([MEDIA, token(KEYWORD, "", "a"), SIZE, CLOSE], ["value-before-member"], ["media-col-default"]),
        ([MEDIA, OPEN, SIZE, CLOSE, SIZE, CLOSE], ["value-before-member"], ["media-col-default"]),
        ([MEDIA, member("own"), SIZE, CLOSE], ["member-without-value"], ["media-col-default"]),
        ([MEDIA, SIZE, member("own"), CLOSE], ["member-without-value"], ["media-col-default"]),
        (
            [MEDIA, SIZE, member("", token(KEYWORD, "", "a")), CLOSE],
            ["member-without-name", "value-before-member"],
            ["media-col-default"],
        ),
        (
            [MEDIA, token(MEMBER, "own", ""), token(KEYWORD, "", "a"), SIZE, CLOSE],
            ["member-as-attribute", "member-without-name", "value-before-member"],
            ["media-col-default"],
        ),
        (
            [member("", token(KEYWORD, "", "a")), STATE],
            ["member-without-name", "value-before-attribute"],
            ["printer-state"],
        ),
        ([member("own"), STATE], ["member-outside", "member-without-value"], ["printer-state"]),
    ],
)
def test_damage(parts: list[bytes], codes: list[str], names: list[str]) -> None:
    printer = repaired(refused(answer(*parts)), *codes)
    assert [attribute.name for attribute in printer] == names
    if "media-col-default" in names:
        assert [each.name for each in printer.value("media-col-default")] == ["x-dimension", "y-dimension"]


def test_what_is_left_out_is_left_out_whole() -> None:
    printer = repaired(refused(answer(OPEN, member("a", OPEN, SIZE, CLOSE), CLOSE, STATE)), "value-before-attribute")
    assert [attribute.name for attribute in printer] == ["printer-state"]


def test_an_attribute_behind_a_member_that_was_taken_in_stays_one() -> None:
    behind = member("media-type", token(KEYWORD, "", "labels")) + token(KEYWORD, "own", "x")
    printer = repaired(refused(answer(MEDIA, SIZE, CLOSE, behind)), "member-outside")
    assert printer.value("own") == "x"
    assert "media-type" in printer.value("media-col-default")


def test_attributes_before_any_group() -> None:
    message, issues = recover(refused(HEAD[:8] + HEAD[9:] + PRINTER + STATE + STOP))
    assert [issue.code for issue in issues] == ["value-before-group"]
    assert message == ippfast.decode(answer(STATE))


def test_lengths_over_32767() -> None:
    text = b"x" * 40_000
    message, issues = recover(refused(answer(token(TEXT, "printer-info", text), STATE)))
    assert [issue.code for issue in issues] == ["length-over-32767"]
    assert message.printer.value("printer-info") == "x" * 32767
    assert message.printer.value("printer-state") == 3


@pytest.mark.parametrize("name_length", [False, True])
def test_a_length_past_the_end_costs_nothing(name_length: bool) -> None:
    broken = bytearray(answer(STATE, token(TEXT, "printer-info", "upstairs"), COPIES, STATE))
    place = broken.index(b"\x00\x0cprinter-info") if name_length else broken.index(b"\x00\x08upstairs")
    broken[place] = 0x7F
    printer = repaired(refused(bytes(broken)), "wrong-length")
    found = ["printer-state", "printer-info", "copies-default", "printer-state"]
    assert [attribute.name for attribute in printer] == found
    assert printer.value("printer-info") == "upstairs"


def test_a_tag_that_is_cut_off() -> None:
    printer = repaired(refused(answer(STATE)[:-1] + COPIES[:9]), "truncated")
    assert [attribute.name for attribute in printer] == ["printer-state"]


# ---- Limits ----


def nested(depth: int) -> bytes:
    return token(BEGIN, "own") + (member("a") + OPEN) * (depth - 1) + SIZE + CLOSE * depth


def test_what_is_deeper_than_the_limit_is_left_out() -> None:
    message, issues = recover(answer(nested(3), STATE), limits=Limits(max_depth=2))
    assert [issue.code for issue in issues] == ["over-limit", "member-without-value"]
    assert len(message.printer.value("own")["a"].value if "a" in message.printer.value("own") else []) == 0
    assert message.printer.value("printer-state") == 3
    assert kept(answer(nested(8), STATE)).value("printer-state") == 3


@pytest.mark.parametrize(
    "limits",
    [
        Limits(max_groups=1),
        Limits(max_attributes=3),
        Limits(max_values=3),
        Limits(max_octets=len(HEAD) + 1 + len(STATE) + 1),
    ],
)
def test_what_is_over_a_limit_is_left_out(limits: Limits) -> None:
    octets = answer(STATE, COPIES)
    with pytest.raises(LimitError):
        ippfast.decode(octets, limits=limits)
    message, issues = recover(octets, limits=limits)
    assert issues[-1].code == "over-limit"
    assert ippfast.decode(ippfast.encode(message), limits=limits) == message
    assert [attribute.name for group in message.groups[1:] for attribute in group] == ["printer-state"][
        : limits.max_groups - 1
    ]


@pytest.mark.parametrize("end", [STOP, b"", CLOSE * 2 + STOP])
def test_any_limit_of_octets_is_kept(end: bytes) -> None:
    octets = answer(STATE, MEDIA, member("media-size", OPEN, SIZE), token(0x35, "own", HELLO[2:]))[:-1] + end
    for size in range(9, len(octets) + 12):
        limits = Limits(max_octets=size)
        message, issues = recover(octets, limits=limits)
        assert len(ippfast.encode(message)) <= size
        assert ippfast.decode(ippfast.encode(message), limits=limits) == message
        assert issues != []


def test_so_many_issues_are_listed() -> None:
    _, issues = recover(answer(STATE, CLOSE * 10_005))
    assert len(issues) == 10_001
    assert issues[-1].message == "5 further repairs are not listed"


# ---- Anything ----


@pytest.mark.parametrize("size", range(8))
def test_less_than_a_header_is_refused(size: int) -> None:
    with pytest.raises(TruncatedError):
        recover(HEAD[:size])


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview, lambda octets: memoryview(octets[::-1])[::-1]])
def test_any_buffer(kind: type[bytes]) -> None:
    octets = answer(STATE)
    assert recover(kind(octets)) == (ippfast.decode(octets), [])
    assert recover(kind(octets[:-1]))[0] == ippfast.decode(octets)
    with pytest.raises(TypeError):
        recover("text")  # type: ignore[arg-type]
    with pytest.raises(TruncatedError):
        recover(memoryview(bytearray(8)).cast("B", (2, 4))[:0])


def test_document_data_is_not_looked_at() -> None:
    assert recover(answer(STATE) + b"%PDF-1.7")[1] == []


def check(octets: bytes) -> tuple[Message, list[Issue]]:
    """What holds for all that has a header."""
    message, issues = recover(octets)
    again = ippfast.encode(message)
    assert ippfast.decode(again) == message
    assert recover(again) == (message, [])
    assert ippfast.encode(recover(again)[0]) == again
    for issue in issues:
        assert issue.severity is Severity.ERROR
        assert RULES[issue.code].section == issue.section
        assert issue.offset is None or 8 <= issue.offset <= len(octets)
        assert str(issue).isprintable()
    try:
        sound = ippfast.decode(octets)
    except DecodeError:
        assert issues != []
    else:
        # What hid something behind a wrong length, or as a line end; what follows that is judged anew.
        codes = {issue.code for issue in issues}
        assert not codes or codes & {"missing-language-length", "wrong-length", "stray-octets"}
        if not issues:
            assert message == sound
            assert ippfast.encode(sound) == again
    return message, issues


@vectors.parametrize(vectors.every())
def test_vectors(vector: vectors.Vector) -> None:
    if len(vector.octets) < 8:
        with pytest.raises(TruncatedError):
            recover(vector.octets)
    else:
        check(vector.octets)


@given(strategies.octets())
def test_a_valid_message_is_kept(octets: bytes) -> None:
    check(octets)


@given(strategies.damaged)
def test_a_damaged_message_comes_back_as_one_that_decodes(octets: bytes) -> None:
    if len(octets) >= 8:
        check(octets)


@given(strategies.octets(), st.data())
def test_a_truncated_message_keeps_what_is_before_the_cut(octets: bytes, data: st.DataObject) -> None:
    size = data.draw(st.integers(8, len(octets)))
    message, _ = check(octets[:size])
    sound = ippfast.decode(octets)
    assume(not any(isinstance(value, RawValue) for _, value in ippfast.walk(sound)))  # else a length may be wrong
    assume(all(group.tag <= 0x0A for group in sound.groups))
    whole = [attribute for group in sound.groups for attribute in group]
    found = [attribute for group in message.groups for attribute in group]
    # All but the one that was cut, whose string with language may have been mended.
    ends = [one.offset for one in whole[1:] if one.offset is not None and one.offset <= size]
    assert len(found) >= len(ends)
    tags = [one.name for one in found[: len(ends)]]
    assert tags == [one.name for one in whole[: len(ends)]]


@given(st.binary(max_size=200))
def test_any_octets(octets: bytes) -> None:
    if len(octets) >= 8:
        check(octets)


# Each group makes the walk count begins and ends in it. Read without the missing length, each seems to go on to the
# end of the data: where the real text begins, a token begins that reaches to the same place in the next group.
TEXT_SIZE = 0x1000
TWO_READINGS = b"\x02" + token(BEGIN, "a") + b"\x35\x00\x01b\x00\x02de" + struct.pack(">H", TEXT_SIZE)
TWO_READINGS += b"\x00" + struct.pack(">H", len(TWO_READINGS) + TEXT_SIZE - 5) + b"x" * (TEXT_SIZE - 3)

REPEATED = {
    "ends": CLOSE,
    "beginnings": token(BEGIN, "a"),
    "nested": member("a") + OPEN,
    "named inside": token(BEGIN, "a") + token(KEYWORD, "b", "c"),
    "zeros": b"\x00",
    "groups": b"\x02",
    "members outside": member("a"),
    "names past the end": b"\x44\x7f\xffa",
    "strings without length": b"\x35\x00\x01a\x00\x02de\x00\x01x",
    "groups with open collections": b"\x02" + token(BEGIN, "media-col") + token(KEYWORD, "own", "b"),
    "attributes that seem to begin": b"\x44\x00\x01a\xff",
    "groups with two readings": TWO_READINGS,
}


@pytest.mark.parametrize("kind", REPEATED)
def test_the_work_is_linear(kind: str) -> None:
    """Steps are counted, not seconds: ten times the octets take about ten times the lines of code."""

    def steps(times: int) -> int:
        count = 0

        def trace(frame: object, event: str, argument: object) -> object:
            nonlocal count
            count += event == "line"
            return trace

        octets = HEAD + PRINTER + REPEATED[kind] * times
        before = sys.gettrace()
        sys.settrace(trace)  # type: ignore[arg-type]
        try:
            recover(octets)
        finally:
            sys.settrace(before)
        return count

    steps(10)
    assert steps(1000) < 13 * steps(100)


DEEP = token(BEGIN, "n" * 32_000) + (member("n" * 32_000) + OPEN) * 7


@pytest.mark.parametrize("tokens", [REPEATED["nested"] * 20_000, DEEP + member("") * 300], ids=["nested", "long names"])
def test_a_hostile_message_does_not_take_much_memory(tokens: bytes) -> None:
    octets = HEAD + PRINTER + tokens
    tracemalloc.start()
    try:
        recover(octets)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 20 * len(octets)
