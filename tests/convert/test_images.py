"""Images made into pages."""

from pathlib import Path
from typing import Any

import pytest
from drawn import A4, NEAR, difference, drawn, raster
from PIL import Image

from ippfast.convert import Pages, RenderError, Sheet
from ippfast.raster import URF

BORDERLESS = Sheet(A4.name, A4.width, A4.length, (0, 0, 0, 0))


def photo(width: int = 600, height: int = 800) -> Image.Image:
    """Red to the right, green downwards, and a white square in the upper left corner."""
    across = Image.linear_gradient("L").rotate(90).resize((width, height))
    down = Image.linear_gradient("L").resize((width, height))
    image = Image.merge("RGB", (across, down, Image.new("L", (width, height), 40)))
    image.paste((255, 255, 255), (0, 0, width // 4, height // 4))
    return image


def drawing(path: Path, format_: str, **how: Any) -> list[Image.Image]:
    how = {"scaling": "fill", "sheet": BORDERLESS, "resolution": 100, **how}
    return [image for _, image in drawn(b"".join(Pages(path, format_, URF, raster(**how))))]


@pytest.mark.parametrize("name", ["jpeg", "png", "tiff", "gif", "bmp", "webp"])
def test_every_format(tmp_path: Path, name: str) -> None:
    path = tmp_path / f"photo.{name}"
    image = photo(827, 1169)
    image.save(path, quality=95)
    (found,) = drawing(path, f"image/{name}")
    expected = image.resize(found.size)
    assert difference(found, expected) < (2 * NEAR if name == "gif" else NEAR)  # which has few colours
    assert difference(found, expected.transpose(Image.Transpose.FLIP_LEFT_RIGHT)) > NEAR


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_camera_was_held_so(tmp_path: Path, orientation: int) -> None:
    turned = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = photo(827, 1169)
    kept = image.transpose(turned[orientation]) if orientation in turned else image
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / "photo.jpg"
    kept.save(path, quality=95, exif=exif)
    (found,) = drawing(path, "image/jpeg")
    assert difference(found, image.resize(found.size)) < NEAR


def test_fit_keeps_all_of_it_and_the_margins(tmp_path: Path) -> None:
    path = tmp_path / "photo.png"
    Image.new("RGB", (3000, 500), "black").save(path)
    (found,) = drawing(path, "image/png", scaling="fit", sheet=A4)
    box = Image.eval(found.convert("L"), lambda value: 255 - value).getbbox()
    assert box is not None
    left, top, right, bottom = box
    # It is turned, since that makes it larger.
    assert (bottom - top) / (right - left) == pytest.approx(6, rel=0.02)
    assert top == pytest.approx(16, abs=2)


def test_transparent_is_paper(tmp_path: Path) -> None:
    path = tmp_path / "logo.png"
    Image.new("RGBA", (100, 100), (255, 0, 0, 0)).save(path)
    (found,) = drawing(path, "image/png")
    assert found.getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixels(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "image.tiff"
    image = Image.new("I;16", (50, 50), 30_000) if mode == "I;16" else Image.new("L", (50, 50), 117).convert(mode)
    image.save(path)
    (found,) = drawing(path, "image/tiff", type_="sgray_8")
    middle = found.crop((200, 200, 600, 900)).resize((1, 1)).getpixel((0, 0))
    assert middle == pytest.approx(117, abs=16)


def test_all_images_of_a_tiff(tmp_path: Path) -> None:
    path = tmp_path / "fax.tiff"
    images = [Image.new("L", (100, 140), value) for value in (0, 100, 200)]
    images[0].save(path, save_all=True, append_images=images[1:])
    found = drawing(path, "image/tiff", type_="sgray_8")
    assert [image.getpixel((400, 600)) for image in found] == [0, 100, 200]


@pytest.mark.parametrize("octets", [b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n" + bytes(100), b"RIFF"])
def test_damaged(tmp_path: Path, octets: bytes) -> None:
    path = tmp_path / "image"
    path.write_bytes(octets)
    with pytest.raises(RenderError, match="the image cannot be read"):
        drawing(path, "image/png")


def test_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "image.jpg"
    photo().save(path)
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(RenderError, match="image 1 cannot be read"):
        drawing(path, "image/jpeg")


def test_a_bomb(tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    Image.new("1", (30_000, 30_000)).save(path)
    with pytest.raises(RenderError, match="cannot be read: Image size"):
        drawing(path, "image/png")
