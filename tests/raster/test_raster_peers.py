"""Raster as other programs read and write it: libcups, Ghostscript, MuPDF, and CUPS' commands and filters for printers.

The rule of this file: libcups is the judge. What we write it reads back, field for field and line for line; what others
write, we read as it does.
"""

import gzip
import io
import os
import random
import subprocess
import sys
from array import array
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from peers import RASTER_TO_PDF, program
from test_raster import EVERY, TURNS, drawing, page, turned, written

from ippfast.raster import FORMATS, PWG, SIDES, URF, Page, Reader

CUPS_SPACES = {"gray": 0, "rgb": 1, "black": 3, "cmyk": 6, "lab": 16, "sgray": 18, "srgb": 19, "adobe-rgb": 20}
CUPS_SPACES |= {f"device{number}": 47 + number for number in range(1, 16)}
Fields = dict[str, str]
ReadByCups = Callable[..., list[tuple[Fields, bytes]]]


@pytest.fixture(scope="module")
def read_by_cups(tmp_path_factory: pytest.TempPathFactory) -> ReadByCups:
    """The pages of a document as libcups reads them: the fields of each header, and its lines."""
    folder = tmp_path_factory.mktemp("cups")
    reader = folder / "reader"
    options = subprocess.run([program("cups-config"), "--cflags", "--libs"], check=True, capture_output=True, text=True)
    source = Path(__file__).with_name("cups_reader.c")
    command = [program("cc"), "-o", str(reader), str(source), *options.stdout.split()]
    subprocess.run(command, check=True)

    def read(document: bytes, most: int = 1000) -> list[tuple[Fields, bytes]]:
        (path := folder / "document").write_bytes(document)
        command = [str(reader), str(path), str(most)]
        shown = io.BytesIO(subprocess.run(command, check=True, capture_output=True, timeout=60).stdout)
        pages, fields = [], Fields()
        for row in shown:
            name, _, value = row.decode().rstrip("\n").partition(" ")
            fields[name] = value
            if name == "lines":
                lines = shown.read(int(fields["cupsBytesPerLine"]) * int(value))
                pages.append((fields, as_on_paper(fields, lines)))
                fields = Fields()
        return pages

    return read


def as_on_paper(fields: Fields, lines: bytes) -> bytes:
    """libcups gives samples of 16 bits in the machine's order."""
    swapped = fields["cupsBitsPerColor"] == "16" or fields["cupsBitsPerPixel"] == "16"
    if not swapped or sys.byteorder == "big":
        return lines
    samples = array("H", lines)
    samples.byteswap()
    return samples.tobytes()


def both_read(document: bytes, read_by_cups: ReadByCups) -> list[Page]:
    """The pages, which we have to read as libcups does."""
    pages = []
    reader = Reader(io.BytesIO(document))
    for each, (fields, lines) in zip(reader, read_by_cups(document), strict=True):
        assert fields["lines"] == fields["cupsHeight"]
        assert b"".join(iter(reader.read_lines, b"")) == lines
        assert (str(each.width), str(each.height)) == (fields["cupsWidth"], fields["cupsHeight"])
        assert str(CUPS_SPACES[each.color.space]) == fields["cupsColorSpace"]
        assert fields["HWResolution"] == "{} {}".format(*each.resolution)
        pages.append(each)
    return pages


# ---- What we write ----


@pytest.mark.parametrize(("document_format", "type"), EVERY)
def test_cups_reads_every_line(document_format: str, type: str, read_by_cups: ReadByCups) -> None:
    # libcups does not read lines of URF that end within an octet.
    widths = (8, 128, 2056) if (document_format, type[-2:]) == (URF, "_1") else (1, 9, 131, 2049)
    pages = [page(type=type, width=width, height=h) for width, h in zip(widths, (1, 300, 40, 9), strict=False)]
    found = read_by_cups(written(document_format, *pages, rows=100))
    assert [lines for _, lines in found] == [drawing(page) for page in pages]
    for each, (fields, _) in zip(pages, found, strict=True):
        assert fields["cupsBitsPerColor"] == str(each.color.bits)
        assert fields["cupsBitsPerPixel"] == str(each.color.bits_per_pixel)
        assert fields["cupsBytesPerLine"] == str(each.bytes_per_line)
        assert fields["cupsNumColors"] == str(each.color.components)
        assert fields["cupsColorOrder"] == "0"
        assert fields["cupsColorSpace"] == str(CUPS_SPACES[each.color.space])


@pytest.mark.parametrize("transform", TURNS)
@pytest.mark.parametrize("sides", SIDES)
def test_cups_reads_every_field_of_pwg_raster(sides: str, transform: tuple[int, int], read_by_cups: ReadByCups) -> None:
    each = page(
        sides=sides,
        transform=transform,
        resolution=(600, 300),
        print_quality=5,
        media_type="stationery",
        media_source="by-pass-tray",
        media_color="blue",
        media_weight=80,
        print_content_optimize="photo",
        rendering_intent="perceptual",
        size_name="iso_a4_210x297mm",
        page_size=(595, 842),
        copies=3,
        orientation=2,
    )
    (fields, lines), _ = read_by_cups(written(PWG, each, page()))
    assert lines == turned(each, drawing(each))
    assert fields == {
        "MediaClass": "PwgRaster",
        "MediaColor": "blue",
        "MediaType": "stationery",
        "PrintContentOptimize": "photo",
        "RenderingIntent": "perceptual",
        "PageSizeName": "iso_a4_210x297mm",
        "Duplex": str(int(sides != "one-sided")),
        "Tumble": str(int(sides == "two-sided-short-edge")),
        "MediaPosition": "19",
        "MediaWeight": "80",
        "NumCopies": "3",
        "Orientation": "2",
        "HWResolution": "600 300",
        "PageSize": "595 842",
        "cupsWidth": "19",
        "cupsHeight": "7",
        "cupsBitsPerColor": "8",
        "cupsBitsPerPixel": "8",
        "cupsBytesPerLine": "19",
        "cupsColorOrder": "0",
        "cupsColorSpace": "18",
        "cupsNumColors": "1",
        "TotalPageCount": "2",
        "Transform": "{} {}".format(*transform),
        "ImageBox": "0 0 0 0",
        "AlternatePrimary": str(0xFFFFFF),
        "PrintQuality": "5",
        "lines": "7",
    }


@pytest.mark.parametrize("sides", SIDES)
def test_cups_reads_every_field_of_urf(sides: str, read_by_cups: ReadByCups) -> None:
    each = page(
        sides=sides, resolution=(600, 600), print_quality=4, media_type="photographic-glossy", media_source="tray-2"
    )
    ((fields, _),) = read_by_cups(written(URF, each))
    expected = {
        "MediaType": "photographic-glossy",
        "Duplex": str(int(sides != "one-sided")),
        "Tumble": str(int(sides == "two-sided-short-edge")),
        "MediaPosition": "21",
        "HWResolution": "600 600",
        "PrintQuality": "4",
    }
    assert expected.items() <= fields.items()


def a4(type: str, **fields: Any) -> Page:
    """A sheet at a resolution that makes it small."""
    return page(type=type, width=826, height=1169, resolution=(100, 100), size_name="iso_a4_210x297mm", **fields)


@pytest.mark.parametrize(
    ("document_format", "type"), [(PWG, "sgray_8"), (PWG, "srgb_8"), (URF, "sgray_8"), (URF, "srgb_8")]
)
def test_cups_makes_postscript_of_it(document_format: str, type: str, tmp_path: Path) -> None:
    """What CUPS' printer for PostScript devices does with a document."""
    (path := tmp_path / "document").write_bytes(written(document_format, a4(type), a4(type)))
    environment = {**os.environ, "CONTENT_TYPE": document_format}
    done = subprocess.run([program("ippeveps"), path], capture_output=True, env=environment, check=True)
    assert b"ERROR" not in done.stderr
    assert done.stdout.startswith(b"%!PS")
    assert done.stdout.count(b"%%Page: ") == 2


@pytest.mark.parametrize(("document_format", "type"), [(PWG, "sgray_8"), (PWG, "black_1"), (URF, "sgray_8")])
def test_cups_makes_pcl_of_it(document_format: str, type: str, tmp_path: Path) -> None:
    """What CUPS' printer for PCL devices does with a document; it takes no colour."""
    (path := tmp_path / "document").write_bytes(written(document_format, a4(type), a4(type)))
    environment = {**os.environ, "CONTENT_TYPE": document_format}
    done = subprocess.run([program("ippevepcl"), path], capture_output=True, env=environment, check=True)
    assert b"ERROR" not in done.stderr
    assert done.stdout.startswith(b"\x1bE")
    assert b"job-impressions=2\n" in done.stderr


PPD = """*PPD-Adobe: "4.3"
*FormatVersion: "4.3"
*FileVersion: "1.0"
*LanguageVersion: English
*LanguageEncoding: ISOLatin1
*PCFileName: "SHEET.PPD"
*Manufacturer: "Sheet"
*Product: "(Sheet)"
*ModelName: "Sheet"
*ShortNickName: "Sheet"
*NickName: "Sheet"
*PSVersion: "(3010.000) 0"
*LanguageLevel: "3"
*ColorDevice: True
*DefaultColorSpace: RGB
*FileSystem: False
*Throughput: "1"
*OpenUI *PageSize: PickOne
*DefaultPageSize: A4
*PageSize A4: "<</PageSize[595 842]>>setpagedevice"
*CloseUI: *PageSize
*OpenUI *PageRegion: PickOne
*DefaultPageRegion: A4
*PageRegion A4: "<</PageSize[595 842]>>setpagedevice"
*CloseUI: *PageRegion
*DefaultImageableArea: A4
*ImageableArea A4: "0 0 595 842"
*DefaultPaperDimension: A4
*PaperDimension A4: "595 842"
"""
"""The least that CUPS' filter takes for a description of the printer."""


@pytest.mark.parametrize("type", ["sgray_8", "srgb_8"])
@pytest.mark.parametrize("document_format", FORMATS)
@pytest.mark.parametrize("transform", TURNS)
def test_cups_filters_make_pdf_of_it(
    document_format: str, type: str, transform: tuple[int, int], tmp_path: Path
) -> None:
    """Pages as images: the same pixels at the same resolution, back sides turned."""
    pages = [a4(type), a4(type, transform=transform)]
    document, made, ppd = (tmp_path / name for name in ("document", "made.pdf", "sheet.ppd"))
    document.write_bytes(written(document_format, *pages))
    ppd.write_text(PPD)
    command = [program(RASTER_TO_PDF), "1", "user", "title", "1", "", str(document)]
    # Without a sanitizer of ours, which finds a use of freed memory in the filter itself.
    environment = {**os.environ, "PPD": str(ppd), "CONTENT_TYPE": document_format, "LD_PRELOAD": ""}
    made.write_bytes(subprocess.run(command, check=True, capture_output=True, env=environment).stdout)
    table = subprocess.run([program("pdfimages"), "-list", made], check=True, capture_output=True, text=True).stdout
    images = [row.split() for row in table.splitlines()[2:]]
    expected = [["826", "1169"], ["image"], [str(pages[0].color.components), "8"], ["100", "100"]]
    assert [[row[3:5], row[2:3], row[6:8], row[12:14]] for row in images] == [expected] * 2
    for each, row in zip(pages, images, strict=True):
        command = [program("mutool"), "show", "-b", str(made), row[10]]
        pixels = subprocess.run(command, check=True, capture_output=True).stdout
        assert pixels == turned(each, drawing(each))
        assert (pixels == drawing(each)) == (each.transform == (1, 1))


# ---- What others write ----

POSTSCRIPT = """%!PS
/Helvetica findfont 40 scalefont setfont
1 0 0 setrgbcolor 72 700 moveto (Red) show
0 0 1 setrgbcolor 72 500 200 100 rectfill
0 setgray 72 300 moveto (Black) show showpage
72 300 moveto (Two) show showpage
"""
PDF = """%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R 3 0 R]/Count 2/MediaBox[0 0 595 842]>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/Contents 4 0 R>>endobj
4 0 obj<</Length 61>>stream
1 0 0 rg 72 500 200 100 re f 0 0 1 RG 50 50 m 500 700 l 9 w S
endstream endobj
trailer<</Root 1 0 R>>
"""


@pytest.mark.parametrize(("space", "bits"), [(3, 1), (18, 1), *product((1, 3, 6, 18, 19, 20), (8, 16))])
@pytest.mark.parametrize("device", ["pwgraster", "appleraster"])
def test_ghostscript_s_pages(device: str, space: int, bits: int, tmp_path: Path, read_by_cups: ReadByCups) -> None:
    (source := tmp_path / "in.ps").write_text(POSTSCRIPT)
    options = [f"-sDEVICE={device}", f"-dcupsColorSpace={space}", f"-dcupsBitsPerColor={bits}", "-g800x1100", "-r100"]
    command = [program("gs"), "-q", *options, "-o", str(tmp_path / "out"), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    pages = both_read((tmp_path / "out").read_bytes(), read_by_cups)
    assert len(pages) == 2
    assert pages[0].type.endswith(f"_{bits}")
    assert (pages[0].width, pages[0].height) == (800, 1100)


@pytest.mark.parametrize(
    ("colors", "type"), [("mono", "black_1"), ("gray", "sgray_8"), ("rgb", "srgb_8"), ("cmyk", "cmyk_8")]
)
def test_mupdf_s_pages(colors: str, type: str, tmp_path: Path, read_by_cups: ReadByCups) -> None:
    (source := tmp_path / "in.pdf").write_text(PDF)
    command = [
        program("mutool"),
        "draw",
        "-q",
        "-F",
        "pwg",
        "-c",
        colors,
        "-r",
        "100",
        "-o",
        str(tmp_path / "out"),
        str(source),
    ]
    subprocess.run(command, check=True, capture_output=True)
    pages = both_read((tmp_path / "out").read_bytes(), read_by_cups)
    assert {page.type for page in pages} == {type}
    assert len(pages) == 2


@pytest.mark.parametrize(("document_format", "type"), EVERY)
def test_senseless_lines(document_format: str, type: str, read_by_cups: ReadByCups) -> None:
    """Codes that go beyond the line, the code 128, repeats beyond the last line: we read all as libcups does."""
    each = page(type=type, width=8 if (document_format, type[-2:]) == (URF, "_1") else 9, height=100)
    head = written(document_format, each)[: 4 + 1796 if document_format == PWG else 12 + 32]
    chance = random.Random(type)
    for _ in range(4):
        # What libcups does at the end of a file in the middle of a line is its own affair.
        codes = [0, 1, 2, 127, 128, 129, 254, 255, *chance.randbytes(8)]
        document = head + bytes(chance.choices(codes, k=each.height * (1 + 2 * each.bytes_per_line)))
        ((_, expected),) = read_by_cups(document, most=1)
        reader = Reader(io.BytesIO(document))
        assert reader.next_page() is not None
        assert b"".join(iter(reader.read_lines, b"")) == expected


def samples() -> list[Path]:
    """CUPS' own samples, if they stand beside the corpus."""
    corpus = os.environ.get("IPPFAST_CORPUS")
    return sorted(Path(corpus).parent.glob("raster-samples/*.pwg")) if corpus else []


def test_cups_samples(read_by_cups: ReadByCups) -> None:
    """Which are compressed once more."""
    for path in samples():
        (page,) = both_read(gzip.decompress(path.read_bytes()), read_by_cups)
        assert page.type == "black_1"
        with gzip.open(path) as file:
            assert Reader(file).next_page() == page
