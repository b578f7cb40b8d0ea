"""Pages as they are drawn, beside those of poppler, which is another renderer.

The rule of this file: each comparison that is to succeed has one beside it that has to fail.
"""

import io
import platform
import resource
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdfium2 as pdfium
import pypdfium2.raw as raw
import pytest
from drawn import A4, NEAR, difference, document, drawn, pages_of, poppler, raster, upright
from hostile_pdfs import pdf_of
from PIL import Image, ImageChops

from ippfast.convert import Pages, RenderError, Sheet, starting
from ippfast.raster import PWG, SHEET_BACKS, URF, back_transform

PDF = "application/pdf"


def pages(path: Path, format_: str = URF, **how: Any) -> Pages:
    return Pages(path, PDF, format_, raster(**how))


@pytest.mark.parametrize(
    ("type_", "resolution"),
    [("srgb_8", 150), ("srgb_8", 300), ("sgray_8", 300), ("sgray_8", 600), ("black_8", 300), ("black_1", 300)],
)
def test_pages_are_those_of_another_renderer(tmp_path: Path, type_: str, resolution: int) -> None:
    path = document(tmp_path / "two.pdf")
    sent = drawn(b"".join(pages(path, PWG, type_=type_, resolution=resolution)))
    width, height = A4.pixels(resolution)
    reference = poppler(path, width, height, gray=type_ != "srgb_8")
    assert len(sent) == len(reference) == 2
    for (page, image), expected in zip(sent, reference, strict=True):
        assert (page.width, page.height, page.type) == (width, height, type_)
        assert difference(image, expected) < NEAR
    first, second = sent[0][1], reference[1]
    assert difference(first, second) > NEAR


def test_what_is_wrong_is_seen(tmp_path: Path) -> None:
    path = document(tmp_path / "one.pdf", pages=1)
    (image,) = pages_of(pages(path, resolution=300))
    (expected,) = poppler(path, *image.size)
    assert difference(image, expected) < NEAR
    flip = Image.Transpose
    red, green, blue = image.split()
    mutations = {
        "mirrored": image.transpose(flip.FLIP_LEFT_RIGHT),
        "upside down": image.transpose(flip.FLIP_TOP_BOTTOM),
        "turned": image.transpose(flip.ROTATE_180),
        "shifted by 10 pixels": ImageChops.offset(image, 10, 0),
        "inverted": ImageChops.invert(image),
        "red for blue": Image.merge("RGB", (blue, green, red)),
    }
    for name, mutation in mutations.items():
        assert difference(mutation, expected) > NEAR, name


@pytest.mark.parametrize("sides", ["two-sided-long-edge", "two-sided-short-edge"])
@pytest.mark.parametrize("back", SHEET_BACKS)
@pytest.mark.parametrize("format_", [PWG, URF])
def test_back_sides(tmp_path: Path, format_: str, back: str, sides: str) -> None:
    path = document(tmp_path / "three.pdf", pages=3)
    sent = drawn(b"".join(pages(path, format_, resolution=100, sides=sides, back=back)))
    reference = poppler(path, *A4.pixels(100))
    transform = back_transform(back, sides)
    for number, ((page, image), expected) in enumerate(zip(sent, reference, strict=True)):
        turned = transform if number == 1 else (1, 1)
        assert page.sides == sides
        assert page.transform == (turned if format_ == PWG else (1, 1))  # URF has no word for it
        assert difference(upright(image, turned), expected) < NEAR
        if turned != (1, 1):
            assert difference(image, expected) > NEAR


@pytest.fixture
def bitmaps(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """The heights and formats of the bitmaps on which pdfium draws in this process."""
    noted: list[tuple[int, int]] = []
    draw = raw.FPDF_RenderPageBitmap

    def note(bitmap: Any, *arguments: Any) -> None:
        noted.append((raw.FPDFBitmap_GetHeight(bitmap), raw.FPDFBitmap_GetFormat(bitmap)))
        draw(bitmap, *arguments)

    monkeypatch.setattr(raw, "FPDF_RenderPageBitmap", note)
    return noted


@pytest.mark.parametrize("size", ["_BAND", "_NEAR_BAND"])
def test_bands_do_not_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: str) -> None:
    from ippfast.convert import drawing

    path = document(tmp_path / "one.pdf", pages=1)
    whole = drawing_of(path)
    monkeypatch.setattr(drawing, size, 64 * 1024)
    bands = drawing_of(path)
    assert difference(whole, bands) < 0.05


def drawing_of(path: Path, file: io.BytesIO | None = None, **how: Any) -> Image.Image:
    """The first page, drawn in this process: the document is our own."""
    from ippfast.convert.drawing import Drawing, open_pdf

    file = file or io.BytesIO()
    with path.open("rb") as opened:
        Drawing(open_pdf(opened), replace(raster(back="flipped"), **how), pytest.fail, 10).write(
            file, URF, lambda *_: None
        )
    return drawn(file.getvalue())[0][1]


def test_a_page_is_begun_with_a_band_of_its_own(tmp_path: Path, bitmaps: list[tuple[int, int]]) -> None:
    """Which is written at once, and for which no more of the page is drawn."""
    from ippfast.convert import drawing

    flushed = []

    class File(io.BytesIO):
        def flush(self) -> None:
            flushed.append(self.tell())

    file = File()
    whole = drawing_of(document(tmp_path / "one.pdf", pages=1), file)
    heights = [height for height, _ in bitmaps]
    assert heights[0] == drawing._FIRST_ROWS
    assert sum(heights) == whole.height
    assert 0 < flushed[0] < len(file.getvalue())


@pytest.mark.parametrize("kind", ["light", "with an image", "of many objects"])
def test_light_pages_alone_are_drawn_in_near_bands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bitmaps: list[tuple[int, int]], kind: str
) -> None:
    """The other ones would take longer: an image is decoded for each band."""
    from ippfast.convert import drawing

    path = document(tmp_path / "one.pdf", pages=1)
    if kind == "with an image":
        with_images(path)
    elif kind == "of many objects":
        monkeypatch.setattr(drawing, "_MOST_OBJECTS", 5)
    monkeypatch.setattr(drawing, "_NEAR_BAND", 1 << 20)
    drawing_of(path)
    assert (len(bitmaps) > 2) is (kind == "light")


def with_images(path: Path) -> Path:
    """Put a picture on each page of a PDF."""
    jpeg = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(jpeg, "JPEG")
    made = pdfium.PdfDocument(path.read_bytes())
    for page in made:
        image = pdfium.PdfImage.new(made)
        image.load_jpeg(io.BytesIO(jpeg.getvalue()), pages=[page], inline=True)
        image.set_matrix(pdfium.PdfMatrix().scale(50, 50))
        page.insert_obj(image)
        page.gen_content()
    made.save(path)
    return path


# ---- Pages without colour ----

COLORED = {
    "a text": b"BT /F1 40 Tf 1 0 0 rg 100 500 Td (red) Tj ET",
    "a path": b"0 1 0 rg 100 500 200 200 re f",
    "a line": b"0 0 1 RG 20 w 100 500 m 300 700 l S",
    "a color space": b"/DeviceCMYK cs 1 0 0 0 scn 100 500 200 200 re f",
    "a pattern": b"/Pattern cs /P1 scn 100 500 200 200 re f",
    "a pattern with a base": b"/PG cs /P1 scn 100 500 200 200 re f",
    "a pattern with a base of three": b"/PR cs .2 .2 .2 /P1 scn 100 500 200 200 re f",
    "a shading with a base": b"/PR cs /P2 scn 100 500 200 200 re f",
    "a line in a pattern": b"/PR CS /P1 SCN 1 w 100 500 m 300 700 l S",
    "a small pattern": b"/PG cs .2 /P1 scn 100 500 1 1 re f",
    "a transfer function": b"/G1 gs .2 g 100 500 200 200 re f",
    "letters under a transfer function": b"/G1 gs BT /F1 9 Tf 100 500 Td (red) Tj ET",
    "a pattern around letters": b"BT /F1 90 Tf /Pattern cs /P1 scn 100 500 Td (red) Tj ET",
    "a shading": b"/Pattern cs /P2 scn 100 500 200 200 re f",
    "a shading alone": b"100 500 200 200 re W n /S1 sh",
    "a form": b"/X1 Do",
    "letters that are drawn": b"BT /F2 90 Tf 100 500 Td (a) Tj ET",
    "an annotation": b"",
    "an image": b"q 200 0 0 200 100 500 cm BI /W 1 /H 1 /CS /RGB /BPC 8 ID \xff\x00\x00 EI Q",
}
GRAY = {
    "text": b"BT /F1 40 Tf 100 500 Td (black) Tj ET 0.3 g BT /F1 40 Tf 100 400 Td (gray) Tj ET",
    "paths": b"0.5 g 100 500 200 200 re f 0.2 G 9 w 50 50 m 300 300 l S",
    "a color space of three": b"0.4 0.4 0.4 rg 100 500 200 200 re f",
    "white on black": b"0 g 90 490 220 220 re f 1 g 100 500 200 200 re f",
    "nothing": b"",
}


def one_page(content: bytes, annotations: bytes = b"") -> bytes:
    """A PDF with whatever may have a colour among its resources."""

    def stream(head: bytes, octets: bytes) -> bytes:
        return b"<<%b/Length %d>>stream\n%b\nendstream" % (head, len(octets), octets)

    ramp = b"<</FunctionType 2/Domain[0 1]/C0[1 0 0]/C1[0 0 1]/N 1>>"
    shading = b"<</ShadingType 2/ColorSpace/DeviceRGB/Coords[100 0 300 0]/Extend[true true]/Function %b>>" % ramp
    resources = (
        b"<</Font<</F1 5 0 R/F2 6 0 R>>/Pattern<</P1 7 0 R/P2 8 0 R>>/Shading<</S1 9 0 R>>/XObject<</X1 10 0 R>>"
        b"/ColorSpace<</PG[/Pattern/DeviceGray]/PR[/Pattern/DeviceRGB]>>"
        b"/ExtGState<</G1<</TR[13 0 R 14 0 R 14 0 R 14 0 R]>>>>>>"
    )
    return pdf_of(
        [
            b"<</Type/Catalog/Pages 2 0 R>>",
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources %b%b>>"
            % (resources, annotations),
            stream(b"", content),
            b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
            b"<</Type/Font/Subtype/Type3/FontBBox[0 0 1000 1000]/FontMatrix[.001 0 0 .001 0 0]/CharProcs<</a 11 0 R>>"
            b"/Encoding<</Differences[97/a]>>/FirstChar 97/LastChar 97/Widths[1000]/Resources<<>>>>",
            stream(
                b"/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 20 20]/XStep 20/YStep 20/Resources<<>>",
                b"1 0 0 rg 0 0 15 15 re f",
            ),
            b"<</PatternType 2/Shading %b>>" % shading,
            shading,
            stream(b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]/Resources<<>>", b"1 0 0 rg 100 500 200 200 re f"),
            stream(b"", b"1000 0 d0 1 0 0 rg 0 0 1000 1000 re f"),
            stream(b"/Type/XObject/Subtype/Form/BBox[0 0 100 100]/Resources<<>>", b"1 0 0 rg 0 0 100 100 re f"),
            b"<</FunctionType 2/Domain[0 1]/C0[1]/C1[0]/N 1>>",
            b"<</FunctionType 2/Domain[0 1]/C0[0]/C1[1]/N 1>>",
        ]
    )


def image_of(path: Path) -> Image.Image:
    ((_, image),) = drawn(b"".join(pages(path, PWG, resolution=100)))
    return image


def is_colored(image: Image.Image) -> bool:
    red, green, blue = image.split()
    return red.tobytes() != green.tobytes() or green.tobytes() != blue.tobytes()


@pytest.mark.parametrize("kind", COLORED)
def test_no_page_loses_its_colour(tmp_path: Path, kind: str) -> None:
    """pdfium does not tell which colours a pattern, a drawn letter or a transfer function has."""
    path = tmp_path / "one.pdf"
    note = b"/Annots[<</Type/Annot/Subtype/Square/Rect[100 500 300 700]/F 4/AP<</N 12 0 R>>>>]"
    path.write_bytes(one_page(COLORED[kind], note if kind == "an annotation" else b""))
    assert is_colored(image_of(path))


@pytest.mark.parametrize("kind", GRAY)
def test_pages_without_colour_are_drawn_as_gray(tmp_path: Path, bitmaps: list[tuple[int, int]], kind: str) -> None:
    path = tmp_path / "one.pdf"
    path.write_bytes(one_page(GRAY[kind]))
    image = drawing_of(path)
    assert {format_ for _, format_ in bitmaps} == {raw.FPDFBitmap_Gray, raw.FPDFBitmap_BGRx}  # the last one is small
    assert not is_colored(image)
    (expected,) = poppler(path, *A4.pixels(150))
    assert difference(image, expected) < NEAR
    if kind != "nothing":
        assert difference(ImageChops.invert(image), expected) > NEAR


@pytest.mark.parametrize("how", [{"type": "sgray_8", "gray": True}, {"gray": True}])
def test_colours_are_not_looked_for_where_none_are_drawn(
    tmp_path: Path, bitmaps: list[tuple[int, int]], how: dict[str, Any]
) -> None:
    path = document(tmp_path / "one.pdf", pages=1)
    image = drawing_of(path, **how)
    assert {format_ for _, format_ in bitmaps} == {raw.FPDFBitmap_Gray}
    assert not is_colored(image.convert("RGB"))


# ---- Scaling, several on a side, copies ----


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="is told so in the words of glibc")
def test_memory_that_was_given_back_is_taken_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = with_images(document(tmp_path / "report.pdf", pages=12))

    def faults() -> int:
        """How often the system had to find memory."""
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt
        list(pages(path, resolution=300))
        return resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt - before

    kept = faults()
    monkeypatch.setattr(starting, "_KEPT_MEMORY", {})
    assert kept < faults() / 2


def test_a_page_of_another_size_fits_within_the_margins(tmp_path: Path) -> None:
    path = document(tmp_path / "letter.pdf", pages=1, width=612, height=792)
    sheet = Sheet("iso_a4_210x297mm", 21000, 29700, (1000, 1000, 1000, 1000))
    (image,) = pages_of(pages(path, sheet=sheet, resolution=100, type_="sgray_8", scaling="fit"))
    inner = image.crop((39, 39, image.width - 39, image.height - 39))
    paper = Image.new("L", image.size, 255)
    paper.paste(inner, (39, 39))
    assert ImageChops.difference(image, paper).getbbox() is None
    # As wide as what may be printed on.
    ink = ImageChops.invert(image).getbbox()
    assert ink is not None
    assert ink[2] - ink[0] > 0.75 * image.width


def test_a_landscape_page_is_turned(tmp_path: Path) -> None:
    path = document(tmp_path / "landscape.pdf", pages=1, width=841.89, height=595.276)
    (image,) = pages_of(pages(path))
    (expected,) = poppler(path, image.height, image.width)
    assert difference(image.transpose(Image.Transpose.ROTATE_270), expected) < NEAR
    assert difference(image.transpose(Image.Transpose.ROTATE_90), expected) > NEAR
    (other,) = pages_of(pages(path, orientation=5))
    assert difference(other.transpose(Image.Transpose.ROTATE_90), expected) < NEAR


def test_upside_down(tmp_path: Path) -> None:
    path = document(tmp_path / "one.pdf", pages=1)
    (image,) = pages_of(pages(path, orientation=6))
    (expected,) = poppler(path, *image.size)
    assert difference(image.transpose(Image.Transpose.ROTATE_180), expected) < NEAR


def test_two_on_a_side(tmp_path: Path) -> None:
    path = document(tmp_path / "three.pdf", pages=3)
    first, second = pages_of(pages(path, number_up=2))
    landscape = first.transpose(Image.Transpose.ROTATE_270)
    half = landscape.width // 2
    reference = poppler(path, half, round(half * 29700 / 21000))
    for place, expected in enumerate(reference[:2]):
        # In its half there is the page, a little smaller: its marks tell which.
        part = landscape.crop((place * half, 0, (place + 1) * half, landscape.height)).resize((200, 280))
        others = [difference(part, each.resize((200, 280))) for each in reference if each is not expected]
        assert difference(part, expected.resize((200, 280))) < min(others)
    blank = second.transpose(Image.Transpose.ROTATE_270).crop((half, 0, landscape.width, landscape.height))
    assert blank.getextrema() == ((255, 255),) * 3


def test_ranges_and_copies(tmp_path: Path) -> None:
    path = document(tmp_path / "five.pdf", pages=5)
    expected = poppler(path, *A4.pixels(100))
    how: dict[str, Any] = {"resolution": 100, "pages": ((1, 2), (5, 5)), "copies": 2}

    def numbers(**more: Any) -> list[int]:
        found = []
        for image in pages_of(pages(path, **how, **more)):
            near = [number for number, each in enumerate(expected, 1) if difference(image, each) < NEAR]
            blank = image.getextrema() == ((255, 255),) * 3
            found.append(0 if blank else near[0])
        return found

    assert numbers() == [1, 2, 5, 1, 2, 5]
    assert numbers(collate=False) == [1, 1, 2, 2, 5, 5]
    assert numbers(sides="two-sided-long-edge") == [1, 2, 5, 0, 1, 2, 5]
    assert numbers(sides="two-sided-long-edge", collate=False) == [1, 2, 1, 2, 5, 0, 5, 0]
    with pytest.raises(RenderError, match="there is no page to print: the document has 5"):
        list(pages(path, pages=((7, 9),)))


# ---- What a document brings along ----


def test_form_fields_are_drawn(tmp_path: Path) -> None:
    """A field's look is drawn by the form that it belongs to, and not with the page."""
    look = b"<</Type/XObject/Subtype/Form/BBox[0 0 300 60]/Length 29>>stream\n0 0 0 rg 0 0 300 60 re f      \nendstream"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[4 0 R]/NeedAppearances false>>>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Annots[4 0 R]>>",
        b"<</Type/Annot/Subtype/Widget/FT/Tx/T(name)/V(Ada)/F 4/Rect[100 600 400 660]/P 3 0 R/AP<</N 5 0 R>>>>",
        look,
    ]
    path = tmp_path / "form.pdf"
    path.write_bytes(pdf_of(objects))
    (image,) = pages_of(pages(path, resolution=100, type_="sgray_8"))
    dark = image.histogram()[0]
    assert dark > 0.9 * (300 / 72 * 100) * (60 / 72 * 100)


def test_fonts_that_are_missing_are_named(tmp_path: Path) -> None:
    content = b"BT /F1 24 Tf 100 700 Td (Hello) Tj /F2 24 Tf (World) Tj ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R/F2 6 0 R>>>>>>",
        b"<</Length %d>>stream\n%b\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/TrueType/BaseFont/Frutiger-Light>>",
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",  # every reader has it
    ]
    path = tmp_path / "fonts.pdf"
    path.write_bytes(pdf_of(objects))
    warnings: list[str] = []
    list(Pages(path, PDF, URF, raster(), warn=warnings.append))
    assert warnings == ["the font Frutiger-Light is not in the document: another one stands in for it"]


def test_sides_are_counted_as_they_are_drawn(tmp_path: Path) -> None:
    path = document(tmp_path / "three.pdf", pages=3)
    seen: list[tuple[int, int]] = []
    list(Pages(path, PDF, URF, raster(), progress=lambda number, total: seen.append((number, total))))
    assert seen == [(1, 3), (2, 3), (3, 3)]


def test_the_same_again(tmp_path: Path) -> None:
    """For a request that has to be sent again."""
    made = pages(document(tmp_path / "one.pdf", pages=1))
    assert b"".join(made) == b"".join(made)
