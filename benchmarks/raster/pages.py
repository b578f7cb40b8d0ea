"""The pages of the races: A4 at 300 dots per inch, blank, of text, of text with a photo, and a photo alone.

Rule: they are drawn here, by matplotlib and numpy, the same in every run; nothing of ippfast takes part.
"""

import io
import random
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from PIL import Image

__all__ = ["HEIGHT", "KINDS", "WIDTH", "WORDS", "Drawing", "draw", "photo"]

WIDTH, HEIGHT, DPI = 2480, 3508, 300
KINDS = ("blank", "text", "text and photo", "photo")
WORDS = (
    *("print", "page", "raster", "colour", "printer", "document", "media", "quality", "paper", "toner", "report"),
    *("total", "sum", "amount", "invoice", "number", "date", "the", "of", "and", "to", "in", "is", "that", "for"),
)


@dataclass(frozen=True)
class Drawing:
    """A page's pixels, line after line. colors: 1, gray, or 3, red, green and blue of 8 bits each."""

    kind: str
    colors: int
    pixels: bytes

    @property
    def title(self) -> str:
        return f"{self.kind}, {'gray' if self.colors == 1 else 'colour'}"


def photo() -> Image.Image:
    """Soft colours with some noise, and what JPEG makes of them."""
    y, x = np.mgrid[0:900, 0:1200]
    soft = [128 + 100 * np.sin(x / 170 + y / 300), 128 + 90 * np.cos(y / 140), 100 + 80 * np.sin((x + y) / 210)]
    noise = np.random.default_rng(1).normal(0, 6, (900, 1200, 3))
    file = io.BytesIO()
    Image.fromarray((np.stack(soft, -1) + noise).clip(0, 255).astype("uint8")).save(file, "JPEG", quality=88)
    return Image.open(file)


def _text(lines: int) -> Image.Image:
    chance = random.Random(1)
    figure = Figure(figsize=(WIDTH / DPI, HEIGHT / DPI), dpi=DPI)
    file = io.BytesIO()
    with mpl.rc_context({"font.family": "serif", "font.size": 9}):
        figure.text(0.1, 0.94, "Page 1", fontsize=16, weight="bold")
        for line in range(lines):
            figure.text(0.1, 0.91 - line * 0.0155, " ".join(chance.choices(WORDS, k=15))[:92])
        figure.savefig(file, format="rgba", dpi=DPI)
    return Image.frombytes("RGBA", (WIDTH, HEIGHT), file.getvalue()).convert("RGB")


def _page(kind: str) -> Image.Image:
    if kind == "blank":
        return Image.new("RGB", (WIDTH, HEIGHT), "white")
    if kind == "photo":
        return photo().resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC)
    page = _text(56 if kind == "text" else 30)
    if kind == "text and photo":
        page.paste(photo().resize((1958, 1250), Image.Resampling.BICUBIC), (250, 2000))
    return page


def draw(kind: str, colors: int) -> Drawing:
    """One of `KINDS`."""
    page = _page(kind)
    assert page.size == (WIDTH, HEIGHT)
    return Drawing(kind, colors, (page.convert("L") if colors == 1 else page).tobytes())
