"""Attributes as people type them: what the registry makes of them, and what is refused.

The rule of this file: values go through `encode` too, and what is typed wrongly is told in one line.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DelimiterTag,
    Message,
    RangeOfInteger,
    Resolution,
    ValueTag,
    decode,
    encode,
)
from ippfast.cli.values import TAGS, OptionError, parse_option

X = ValueTag


def on_the_wire(tag: int, attribute: Attribute) -> Attribute:
    """The attribute after a round trip."""
    message = decode(encode(Message((2, 0), 2, 1, [AttributeGroup(tag, [attribute])])))
    return message.groups[0][attribute.name]


SIZE = Collection([Attribute("x-dimension", X.INTEGER, 21000), Attribute("y-dimension", X.INTEGER, 29700)])


@pytest.mark.parametrize(
    ("text", "attribute"),
    [
        ("copies=2", Attribute("copies", X.INTEGER, 2)),
        ("sides=two-sided-long-edge", Attribute("sides", X.KEYWORD, "two-sided-long-edge")),
        ("print-quality=high", Attribute("print-quality", X.ENUM, 5)),
        ("print-quality=5", Attribute("print-quality", X.ENUM, 5)),
        ("finishings=staple,punch", Attribute("finishings", X.ENUM, [4, 5])),
        (
            "page-ranges=1-4,7",
            Attribute("page-ranges", X.RANGE_OF_INTEGER, [RangeOfInteger(1, 4), RangeOfInteger(7, 7)]),
        ),
        ("printer-resolution=600dpi", Attribute("printer-resolution", X.RESOLUTION, Resolution(600, 600, 3))),
        ("printer-resolution=236x118dpcm", Attribute("printer-resolution", X.RESOLUTION, Resolution(236, 118, 4))),
        ("media=iso_a4_210x297mm", Attribute("media", X.KEYWORD, "iso_a4_210x297mm")),
        ("media=My own paper", Attribute("media", X.NAME, "My own paper")),
        ("job-hold-until=indefinite", Attribute("job-hold-until", X.KEYWORD, "indefinite")),
        (
            "media-col={media-type=labels media-size={x-dimension=21000 y-dimension=29700}}",
            Attribute(
                "media-col",
                X.BEG_COLLECTION,
                Collection(
                    [Attribute("media-type", X.KEYWORD, "labels"), Attribute("media-size", X.BEG_COLLECTION, SIZE)]
                ),
            ),
        ),
        (
            r"media-col={ media-type='Blue } paper' media-color=Light\ Blue }",
            Attribute(
                "media-col",
                X.BEG_COLLECTION,
                Collection(
                    [Attribute("media-type", X.NAME, "Blue } paper"), Attribute("media-color", X.NAME, "Light Blue")]
                ),
            ),
        ),
        ("PageSize:keyword=A4", Attribute("PageSize", X.KEYWORD, "A4")),
        ("x-list:integer=1,-2", Attribute("x-list", X.INTEGER, [1, -2])),
        ("x-flag:boolean=yes", Attribute("x-flag", X.BOOLEAN, True)),
        ("x-octets:octetString=<00ff>", Attribute("x-octets", X.OCTET_STRING, b"\x00\xff")),
        ("x-type:mimeMediaType=application/pdf", Attribute("x-type", X.MIME_MEDIA_TYPE, "application/pdf")),
    ],
)
def test_job_attributes(text: str, attribute: Attribute) -> None:
    tag, found = parse_option(text)
    assert tag == DelimiterTag.JOB
    assert found == attribute
    assert on_the_wire(tag, found) == attribute


@pytest.mark.parametrize(
    ("text", "attribute"),
    [
        ("job-name=Report, final", Attribute("job-name", X.NAME, "Report, final")),
        ("job-name=a=b", Attribute("job-name", X.NAME, "a=b")),
        ('job-name="x"', Attribute("job-name", X.NAME, '"x"')),
        ("ipp-attribute-fidelity", Attribute("ipp-attribute-fidelity", X.BOOLEAN, True)),
        ("ipp-attribute-fidelity=false", Attribute("ipp-attribute-fidelity", X.BOOLEAN, False)),
        ("document-format=application/pdf", Attribute("document-format", X.MIME_MEDIA_TYPE, "application/pdf")),
        ("job-password=1234", Attribute("job-password", X.OCTET_STRING, b"1234")),
    ],
)
def test_operation_attributes(text: str, attribute: Attribute) -> None:
    assert parse_option(text) == (DelimiterTag.OPERATION, attribute)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "expected NAME=VALUE, got ''"),
        ("=x", "expected NAME=VALUE, got '=x'"),
        ("\x1b[31m=x", r"expected NAME=VALUE, got '\x1b[31m=x'"),
        (
            "side=x",
            "side is not an option of IPP: did you mean sides? A vendor's needs a tag, as in side:keyword=...",
        ),
        ("printer-state=idle", "printer-state is not an option of IPP"),
        (
            "media-source=tray-2",
            "media-source is not an option of its own: it is a member of media-col, as in media-col={media-source=...}",
        ),
        ("y-dimension=1", "y-dimension is not an option of its own: it is a member of "),
        ("copies=x", "copies: expected integer(1:MAX), got 'x'"),
        ("copies=0", "copies: expected 1 to 2147483647, got integer 0"),
        ("copies=1,2", "copies: expected integer(1:MAX), got '1,2'"),
        ("copies=99999999999", "copies: expected integer(1:MAX), got '99999999999'"),
        ("print-quality=higher", "print-quality: 'higher' is no PrintQuality keyword; did you mean 'high'?"),
        ("page-ranges=1-", "page-ranges: expected 1setOf rangeOfInteger(1:MAX), such as 1-4, got '1-'"),
        ("page-ranges=4-1", "page-ranges: expected"),
        ("printer-resolution=600", "such as 600dpi, got '600'"),
        ("media-col=a4", "such as {member=value member=value}, got 'a4'"),
        ("media-col={media-typ=x}", "media-col has no member media-typ: did you mean media-type or "),
        ("media-col={media-size=x}", "media-col/media-size: expected collection"),
        ("media-col={media-type=x media-type=y}", "media-col: expected media-type once, got it twice"),
        ("media-col={media-type=x", "media-col: expected member=value or '}', got 'the end'"),
        ("media-col={media-type=x} y", "media-col: expected nothing after the value, got ' y'"),
        ("media-col={media-size={x-dimension=0 y-dimension=1}}", "media-col/media-size/x-dimension: expected"),
        ("media-col={media-type='x}", "expected a closing '"),
        ("x:word=1", f"word is not a tag: expected one of {', '.join(TAGS)}"),
        ("x:integer=one", "expected integer, got 'one'"),
        ("x:boolean=2", "expected boolean, got '2'"),
    ],
)
def test_what_is_refused(text: str, fault: str) -> None:
    with pytest.raises(OptionError) as caught:
        parse_option(text)
    assert fault in str(caught.value)
    assert "\n" not in str(caught.value)
    assert "wrapper" not in str(caught.value)


def test_collections_nest_only_so_deep() -> None:
    with pytest.raises(OptionError):
        parse_option("overrides=" + "{media-col={media-size=" * 50)


QUOTABLE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30)


@given(st.lists(QUOTABLE, min_size=1, max_size=4))
def test_quotes_and_backslashes_keep_everything(words: list[str]) -> None:
    """Whatever is escaped arrives as it is: commas, braces, quotes and blanks too."""
    typed = ",".join("".join(f"\\{character}" for character in word) for word in words)
    _, found = parse_option(f"x:name={typed}")
    assert list(found.values) == words


@given(st.text(max_size=60))
def test_nothing_but_an_option_error(text: str) -> None:
    for name in ("copies", "media-col", "page-ranges", "job-name", "x:keyword", ""):
        try:
            _, found = parse_option(f"{name}={text}")
        except OptionError:
            continue
        assert found.name == name.partition(":")[0]
