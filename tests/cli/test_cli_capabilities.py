"""Whether a printer can do what is asked: its -supported attributes in all the forms that they have."""

import pytest

from ippfast import Attribute, AttributeGroup, Collection, DelimiterTag, OutOfBand, RangeOfInteger, Resolution, ValueTag
from ippfast.cli.capabilities import faults
from ippfast.cli.values import parse_option

X = ValueTag


def size(x: object, y: object, tag: int = X.INTEGER) -> Collection:
    return Collection([Attribute("x-dimension", tag, x), Attribute("y-dimension", tag, y)])  # type: ignore[arg-type]


PRINTER = AttributeGroup(
    DelimiterTag.PRINTER,
    [
        Attribute("copies-supported", X.RANGE_OF_INTEGER, RangeOfInteger(1, 99)),
        Attribute("sides-supported", X.KEYWORD, ["one-sided", "two-sided-long-edge"]),
        Attribute("print-quality-supported", X.ENUM, [3, 4]),
        Attribute("page-ranges-supported", X.BOOLEAN, False),
        Attribute("printer-resolution-supported", X.RESOLUTION, [Resolution(300, 300, 3), Resolution(600, 600, 3)]),
        Attribute("number-up-supported", [X.INTEGER, X.RANGE_OF_INTEGER], [1, RangeOfInteger(4, 9)]),
        Attribute("job-priority-supported", X.INTEGER, 1),
        Attribute("media-supported", [X.KEYWORD, X.NAME], ["iso_a4_210x297mm", "Custom"]),
        Attribute("media-col-supported", X.KEYWORD, ["media-size", "media-type"]),
        Attribute("media-type-supported", X.KEYWORD, ["labels"]),
        Attribute(
            "media-size-supported",
            X.BEG_COLLECTION,
            [size(21000, 29700), size(RangeOfInteger(1000, 2000), RangeOfInteger(1, 9000), X.RANGE_OF_INTEGER)],
        ),
        Attribute("job-hold-until-supported", X.UNKNOWN, OutOfBand.UNKNOWN),
        Attribute("job-name-supported", X.INTEGER, 5),
        Attribute("output-bin-default", X.KEYWORD, "top"),
        Attribute("document-format-supported", X.MIME_MEDIA_TYPE, ["application/pdf"]),
        Attribute("job-creation-attributes-supported", X.KEYWORD, ["copies", "sides"]),
    ],
)


@pytest.mark.parametrize(
    ("option", "fault"),
    [
        ("copies=99", ""),
        ("copies=100", "the printer does not support copies=100; it supports 1-99"),
        ("sides=one-sided", ""),
        ("sides=tumble", "the printer does not support sides=tumble; it supports one-sided, two-sided-long-edge"),
        ("print-quality=normal", ""),
        ("print-quality=high", "the printer does not support print-quality=high; it supports draft, normal"),
        ("page-ranges=1-2", "the printer does not support page-ranges"),
        ("printer-resolution=600dpi", ""),
        ("printer-resolution=1200dpi", "printer-resolution=1200dpi; it supports 300dpi, 600dpi"),
        ("number-up=1", ""),
        ("number-up=6", ""),
        ("number-up=2", "number-up=2; it supports 1, 4-9"),
        ("job-priority=77", ""),
        ("media=Custom", ""),
        ("media=na_letter_8.5x11in", "media=na_letter_8.5x11in; it supports iso_a4_210x297mm, Custom"),
        ("media-col={media-type=labels}", ""),
        ("media-col={media-type=gold}", "media-col/media-type=gold; it supports labels"),
        ("media-col={media-color=red}", "media-col/media-color; it supports media-size, media-type"),
        ("media-col={media-size={x-dimension=21000 y-dimension=29700}}", ""),
        ("media-col={media-size={x-dimension=1500 y-dimension=1}}", ""),
        (
            "media-col={media-size={x-dimension=21000 y-dimension=1}}",
            "it supports {x-dimension=21000 y-dimension=29700}, ",
        ),
        ("job-hold-until=night", "does not support job-hold-until; it supports copies, sides"),
        ("output-bin=top", ""),
        ("job-name=short", ""),
        ("job-mandatory-attributes=copies", ""),
        ("job-name=longer", "does not support job-name=longer"),
        ("document-format=image/jpeg", "document-format=image/jpeg; it supports application/pdf"),
        ("orientation-requested=4", "does not support orientation-requested; it supports copies, sides"),
    ],
)
def test_faults(option: str, fault: str) -> None:
    tag, attribute = parse_option(option)
    found = list(faults([attribute], PRINTER, template=tag == DelimiterTag.JOB))
    assert len(found) == (1 if fault else 0)
    assert fault in "".join(found)


def test_a_printer_that_says_nothing_is_not_doubted() -> None:
    empty = AttributeGroup(DelimiterTag.PRINTER)
    assert list(faults([parse_option("copies=100")[1], parse_option("x:keyword=y")[1]], empty)) == []


def test_long_lists_are_cut_and_escaped() -> None:
    names = [f"x{number}" for number in range(40)]
    printer = AttributeGroup(DelimiterTag.PRINTER, [Attribute("media-supported", X.KEYWORD, ["\x1b[31m", *names])])
    (fault,) = faults([parse_option("media=y")[1]], printer)
    assert fault.endswith("x28 and 11 more")
    assert "\x1b" not in fault
