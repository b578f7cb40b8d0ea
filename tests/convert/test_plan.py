"""Plans: which format a document goes in, how its pages are drawn, who does what.

The rule of this file: a test for each trap that printers of the world have set, and one over all those of the corpus.
"""

import os
from pathlib import Path
from typing import Any

import pytest
from plans import TABLE, table

from ippfast import AttributeGroup, DelimiterTag, RegistryError, Resolution
from ippfast.attributes import attribute
from ippfast.convert import Original, Plan, PlanError, Raster, plan
from ippfast.raster import SHEET_BACKS, back_transform
from ippfast.wrappers import Keyword, MimeMediaType

A4 = Original("application/pdf", 21000, 29700)
LETTER = Original("application/pdf", 21590, 27940)
PHOTO = Original("image/jpeg")

URF = {"urf_supported": ["W8", "SRGB24", "RS300-600", "CP99", "DM1"]}
PWG = {
    "pwg_raster_document_type_supported": ["srgb_8", "sgray_8"],
    "pwg_raster_document_resolution_supported": [(300, 300), (600, 600)],
    "pwg_raster_document_sheet_back": "rotated",
}


def printer(*formats: str, **attributes: Any) -> AttributeGroup:
    """A printer's attributes; those that most tests need are there unless they are given as None."""
    usual = {
        "document_format_supported": ["application/octet-stream", *formats],
        "color_supported": True,
        "copies_supported": (1, 99),
        "sides_supported": ["one-sided", "two-sided-long-edge", "two-sided-short-edge"],
        "media_default": "iso_a4_210x297mm",
        "media_supported": ["iso_a4_210x297mm", "na_letter_8.5x11in", "na_index-4x6_4x6in"],
        "printer_resolution_default": (300, 300),
    }
    pairs = [(name.replace("_", "-"), value) for name, value in (usual | attributes).items() if value is not None]
    return AttributeGroup(
        DelimiterTag.PRINTER, [attribute(name, value, group=DelimiterTag.PRINTER) for name, value in pairs]
    )


def urf_printer(**attributes: Any) -> AttributeGroup:
    return printer("image/urf", **{**URF, **attributes})


def both(**attributes: Any) -> AttributeGroup:
    return printer("image/urf", "image/pwg-raster", **{**URF, **PWG, **attributes})


def raster(made: Plan) -> Raster:
    assert made.raster is not None
    return made.raster


def sheet(width: int, length: int, margin: int) -> dict[str, object]:
    """A media-col."""
    margins = {f"media-{side}-margin": margin for side in ("bottom", "left", "right", "top")}
    return {"media-size": {"x-dimension": width, "y-dimension": length}, **margins}


# ---- The format ----


def test_what_the_printer_takes_goes_untouched() -> None:
    made = plan(A4, printer("application/pdf", "image/urf", **URF), copies=2, sides="two-sided-long-edge")
    assert made.untouched
    assert made.format == "application/pdf"
    assert list(made.job) == ["copies", "sides"]
    assert made.stripped == ()
    assert str(made).startswith("application/pdf -> application/pdf, untouched\n  the printer takes application/pdf\n")


def test_octet_stream_is_no_promise() -> None:
    assert plan(A4, urf_printer()).format == "image/urf"


def test_what_only_we_can_do_is_done_here() -> None:
    """A printer that takes JPEG and cannot put two on a side gets pages."""
    answers = printer("image/jpeg", "image/urf", **URF, number_up_supported=[1])
    assert plan(PHOTO, answers).untouched
    made = plan(PHOTO, answers, number_up=2)
    assert raster(made).number_up == 2
    assert made.stripped == ("number-up",)
    assert plan(PHOTO, printer("image/jpeg", "image/urf", **URF, number_up_supported=[1, 2]), number_up=2).untouched


def test_apple_raster_comes_first() -> None:
    assert plan(A4, both()).format == "image/urf"


def test_what_the_printer_prefers_comes_before() -> None:
    assert plan(A4, both(document_format_preferred=MimeMediaType("image/pwg-raster"))).format == "image/pwg-raster"


@pytest.mark.parametrize("words", [["W8", "CP1"], ["RS300"], ["DM1"]])
def test_what_says_all_comes_before_what_does_not(words: list[str]) -> None:
    assert plan(A4, both(urf_supported=words)).format == "image/pwg-raster"


def test_a_printer_that_says_nothing_gets_a_guess() -> None:
    made = plan(A4, printer("image/pwg-raster", printer_resolution_default=None))
    assert raster(made).resolution == 300
    assert raster(made).type == "srgb_8"
    assert any("300 dpi: a guess" in reason for reason in made.why)
    without_color = plan(A4, printer("image/pwg-raster", color_supported=False))
    assert raster(without_color).type == "sgray_8"


def test_a_quirk_counts_more_than_the_printer_and_less_than_the_user() -> None:
    answers = both(printer_make_and_model="Brother MFC-J5320DW")
    assert plan(A4, answers).format == "image/pwg-raster"
    assert plan(A4, answers, to="image/urf").format == "image/urf"
    # A model whose better format is not there goes on with what is there.
    assert plan(A4, urf_printer(printer_make_and_model="Brother MFC-J5320DW")).format == "image/urf"


def test_what_is_asked_for_counts() -> None:
    answers = printer("application/pdf", "image/pwg-raster", **PWG)
    assert plan(A4, answers, to="image/pwg-raster").format == "image/pwg-raster"
    assert plan(A4, answers, to="application/pdf").untouched
    assert plan(A4, answers, to="image/urf").format == "image/urf"  # not announced, and asked for all the same
    assert plan(A4, urf_printer(), convert=False).untouched
    with pytest.raises(PlanError, match="not application/postscript"):
        plan(A4, answers, to="application/postscript")


def test_no_way() -> None:
    with pytest.raises(PlanError, match=r"neither application/pdf nor a raster; it takes .*application/postscript"):
        plan(A4, printer("application/postscript"))
    with pytest.raises(PlanError, match="application/postscript, which cannot be drawn here"):
        plan(Original("application/postscript"), urf_printer())
    with pytest.raises(PlanError, match="but in cmyk_8"):
        plan(A4, printer("image/pwg-raster", **{**PWG, "pwg_raster_document_type_supported": ["cmyk_8"]}))


# ---- The resolution ----


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, 300),
        ({"dpi": 600}, 600),
        ({"dpi": 500}, 600),
        ({"printer_resolution": (600, 600)}, 600),
        ({"printer_resolution": (236, 236, "dpcm")}, 600),
        ({"print_quality": "draft"}, 300),
        ({"print_quality": "high"}, 600),
        ({"print_quality": "high", "dpi": 300}, 300),
    ],
)
def test_resolution(asked: dict[str, Any], expected: int) -> None:
    made = plan(A4, urf_printer(), **asked)
    assert raster(made).resolution == expected
    assert "printer-resolution" not in made.job


def test_the_list_need_not_be_in_order() -> None:
    answers = printer(
        "image/pwg-raster", **{**PWG, "pwg_raster_document_resolution_supported": [(600, 600), (300, 300)]}
    )
    assert raster(plan(A4, answers, print_quality="draft")).resolution == 300
    assert raster(plan(A4, answers, print_quality="high")).resolution == 600
    assert raster(plan(A4, urf_printer(urf_supported=["RS600-300", "W8"]), print_quality="draft")).resolution == 300


def test_odd_resolutions_do_not_count() -> None:
    there = [(600, 2), (2, 2), (360, 360), (1440, 720)]
    answers = printer("image/pwg-raster", **{**PWG, "pwg_raster_document_resolution_supported": there})
    assert raster(plan(A4, answers)).resolution == 360
    assert raster(plan(A4, answers, print_quality="draft")).resolution == 360


def test_without_conversion_the_printer_is_asked_for_it() -> None:
    made = plan(A4, printer("application/pdf"), dpi=600, gray=True)
    assert made.job["printer-resolution"].value == Resolution(600, 600, 3)
    assert made.job["print-color-mode"].value == "monochrome"


# ---- The colours ----


@pytest.mark.parametrize("mode", ["monochrome", "process-monochrome", "auto-monochrome", "bi-level"])
def test_gray_if_it_is_asked_for(mode: str) -> None:
    assert raster(plan(A4, urf_printer(), print_color_mode=mode)).type == "sgray_8"
    made = plan(A4, urf_printer(print_color_mode_supported=["auto", "monochrome"]), gray=True)
    assert raster(made).type == "sgray_8"
    assert made.job["print-color-mode"].value == "monochrome"
    without_word = plan(A4, urf_printer(), gray=True)
    assert raster(without_word).type == "sgray_8"
    assert "print-color-mode" not in without_word.job


def test_a_printer_without_colour_gets_gray_whatever_its_formats_have() -> None:
    assert raster(plan(A4, both(color_supported=False))).type == "sgray_8"
    no_word = both(color_supported=None, print_color_mode_supported=["monochrome"])
    assert raster(plan(A4, no_word)).type == "sgray_8"


@pytest.mark.parametrize(
    ("types", "color", "gray"),
    [
        (["Sgray_8", "Srgb_8"], "srgb_8", "sgray_8"),  # as Epson spells them
        (["rgb_8", "srgb_8", "black_1"], "srgb_8", "srgb_8"),  # rgb is never taken for srgb
        (["adobe-rgb_8", "sgray_8"], "sgray_8", "sgray_8"),
        (["black_1", "black_8"], "black_8", "black_8"),
        (["black_1"], "black_1", "black_1"),
        (["srgb-8", "sgray-8"], "srgb_8", "sgray_8"),
    ],
)
def test_types(types: list[str], color: str, gray: str) -> None:
    answers = printer(
        "image/pwg-raster", **{**PWG, "pwg_raster_document_type_supported": [Keyword(each) for each in types]}
    )
    assert raster(plan(A4, answers)).type == color
    assert raster(plan(A4, answers, gray=True)).type == gray


# ---- The sheet ----


def test_the_page_decides_among_what_is_loaded() -> None:
    answers = urf_printer(media_col_ready=[sheet(21000, 29700, 300), sheet(21590, 27940, 423)])
    made = plan(LETTER, answers)
    assert raster(made).sheet.name == "na_letter_8.5x11in"
    assert raster(made).sheet.margins == (423,) * 4
    assert made.job["media"].value == "na_letter_8.5x11in"
    landscape = plan(Original("application/pdf", 27900, 21600), answers)
    assert raster(landscape).sheet.name == "na_letter_8.5x11in"
    assert raster(plan(Original("application/pdf", 14800, 21000), answers)).sheet.name == "iso_a4_210x297mm"


def test_what_is_asked_for_decides() -> None:
    assert raster(plan(A4, urf_printer(), media="na_letter_8.5x11in")).sheet.width == 21590
    made = plan(A4, urf_printer(), media_col={"media-size": {"x-dimension": 10160, "y-dimension": 15240}})
    assert raster(made).sheet.name == "na_index-4x6_4x6in"
    assert "media" not in made.job
    with pytest.raises(PlanError, match="size of the media tray-1 is not known"):
        plan(A4, urf_printer(), media="tray-1")


def test_the_header_says_what_the_job_says() -> None:
    made = plan(A4, urf_printer(), media_col={"media-source": "tray-2", "media-type": "photographic-glossy"})
    assert raster(made).media_source == "tray-2"
    assert raster(made).media_type == "photographic-glossy"
    assert raster(made).sheet.name == "iso_a4_210x297mm"


def test_pixels_are_never_one_too_many() -> None:
    assert raster(plan(A4, urf_printer())).sheet.pixels(300) == (2480, 3507)
    assert raster(plan(LETTER, urf_printer(), media="na_letter_8.5x11in")).sheet.pixels(600) == (5100, 6600)


def test_borderless_where_it_is_offered_for_the_size() -> None:
    offered = [sheet(21000, 29700, 300), sheet(10160, 15240, 0), sheet(10160, 15240, 300)]
    answers = urf_printer(media_col_ready=offered, media_col_supported=["media-size"])
    made = plan(PHOTO, answers, media="na_index-4x6_4x6in", print_scaling="fill")
    assert raster(made).sheet.margins == (0, 0, 0, 0)
    assert "media" not in made.job
    assert made.job["media-col"].value["media-left-margin"].value == 0
    assert raster(plan(PHOTO, answers, print_scaling="fill")).sheet.margins == (300,) * 4
    assert raster(plan(PHOTO, answers, media="na_index-4x6_4x6in")).sheet.margins == (300,) * 4


# ---- Both sides ----


@pytest.mark.parametrize(("number", "word"), list(enumerate(SHEET_BACKS, 1)))
def test_back_sides_of_apple_raster(number: int, word: str) -> None:
    answers = urf_printer(urf_supported=["W8", "RS300", f"DM{number}"])
    assert raster(plan(A4, answers, sides="two-sided-long-edge")).back == word
    assert raster(plan(A4, answers)).transform == (1, 1)


def test_the_format_that_is_sent_says_how_backs_are() -> None:
    """Kyocera's M2040dn says DM4, and normal for PWG."""
    answers = both(urf_supported=["W8", "RS600", "DM4"], pwg_raster_document_sheet_back="normal")
    two = {"sides": "two-sided-long-edge"}
    assert raster(plan(A4, answers, two)).back == "manual-tumble"
    assert raster(plan(A4, answers, two, to="image/pwg-raster")).back == "normal"
    silent = both(urf_supported=["W8", "RS600", "DM3"], pwg_raster_document_sheet_back=None)
    assert raster(plan(A4, silent, two, to="image/pwg-raster")).back == "rotated"
    assert raster(plan(A4, answers, two, back="flipped")).back == "flipped"
    with pytest.raises(PlanError, match="expected a back side of normal"):
        plan(A4, answers, back="upside-down")


@pytest.mark.parametrize(
    ("back", "long_edge", "short_edge"),
    [
        ("normal", (1, 1), (1, 1)),
        ("flipped", (1, -1), (-1, 1)),
        ("rotated", (-1, -1), (1, 1)),
        ("manual-tumble", (1, 1), (-1, -1)),
    ],
)
def test_transforms(back: str, long_edge: tuple[int, int], short_edge: tuple[int, int]) -> None:
    assert back_transform(back, "two-sided-long-edge") == long_edge
    assert back_transform(back, "two-sided-short-edge") == short_edge
    assert back_transform(back, "one-sided") == (1, 1)


def test_sides_are_always_said() -> None:
    assert plan(A4, urf_printer()).job["sides"].value == "one-sided"
    by_default = plan(A4, urf_printer(sides_default="two-sided-long-edge"))
    assert by_default.job["sides"].value == raster(by_default).sides == "two-sided-long-edge"
    simplex = plan(A4, urf_printer(sides_supported=["one-sided"]), sides="two-sided-long-edge")
    assert simplex.job["sides"].value == raster(simplex).sides == "one-sided"
    assert any("does not say that it can do two-sided-long-edge" in reason for reason in simplex.why)


# ---- Who does what ----


@pytest.mark.parametrize(
    "attributes",
    [
        {"urf_supported": ["W8", "RS300", "CP1"]},
        {"document_format_varying_attributes": ["copies"]},
        {"document_format_varying_attributes": ["sides", "copies-supported"]},
        {"copies_supported": (1, 1)},
        {"copies_supported": None},
    ],
)
def test_copies_are_drawn_if_the_printer_makes_none(attributes: dict[str, Any]) -> None:
    made = plan(A4, urf_printer(**attributes), copies=2)
    assert raster(made).copies == 2
    assert "copies" not in made.job
    assert made.stripped == ("copies",)


def test_copies_are_never_made_twice() -> None:
    made = plan(A4, urf_printer(), copies=2)
    assert raster(made).copies == 1
    assert made.job["copies"].value == 2


def test_what_is_done_here_is_not_asked_of_the_printer() -> None:
    made = plan(
        A4,
        urf_printer(urf_supported=["W8", "RS300", "CP1"]),
        {"finishings": ["staple"], "output-bin": "face-down"},
        page_ranges=[(1, 3), (5, 5)],
        number_up=2,
        print_scaling="fit",
        orientation_requested="landscape",
        printer_resolution=(600, 600),
        copies=3,
        multiple_document_handling="separate-documents-uncollated-copies",
        print_content_optimize="text",
    )
    assert list(made.job) == ["print-content-optimize", "finishings", "output-bin", "sides", "media"]
    assert made.stripped == (
        "printer-resolution",
        "print-scaling",
        "page-ranges",
        "number-up",
        "orientation-requested",
        "copies",
        "multiple-document-handling",
    )
    drawn = raster(made)
    assert drawn.pages == ((1, 3), (5, 5))
    assert (drawn.number_up, drawn.scaling, drawn.orientation, drawn.copies, drawn.collate) == (2, "fit", 4, 3, False)


@pytest.mark.parametrize("pages", [[(3, 1)], [(0, 2)], [(1, 3), (2, 4)]])
def test_ranges_that_are_none(pages: list[tuple[int, int]]) -> None:
    with pytest.raises((PlanError, RegistryError)):
        plan(A4, urf_printer(), page_ranges=pages)


def test_a_plan_is_a_value() -> None:
    first, second = (plan(A4, both(), copies=2) for _ in range(2))
    assert first == second
    assert first != plan(A4, both(), copies=2, dpi=600)
    assert str(first).splitlines()[0] == ("application/pdf -> image/urf, 300 dpi, srgb_8, iso_a4_210x297mm, one-sided")


def test_a_file_tells_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "report"
    path.write_bytes(b"%PDF-1.7\n")
    assert plan(path, urf_printer()).source == "application/pdf"


@pytest.mark.skipif("IPPFAST_CORPUS" not in os.environ, reason="needs the corpus: IPPFAST_CORPUS")
def test_every_printer_of_the_corpus_gets_the_plan_that_was_read() -> None:
    expected = TABLE.read_text(encoding="utf-8").splitlines()
    found = table(Path(os.environ["IPPFAST_CORPUS"]))
    assert found == expected, "if that is meant: python tests/convert/plans.py > tests/convert/plans.tsv"
