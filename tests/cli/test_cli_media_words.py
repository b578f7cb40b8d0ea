"""Media as people call them, in IPP's names."""

import pytest

from ippfast.cli.media_words import AmbiguousMedia, media_keyword


@pytest.mark.parametrize(
    ("word", "keyword"),
    [
        ("a4", "iso_a4_210x297mm"),
        ("A4", "iso_a4_210x297mm"),
        ("a5", "iso_a5_148x210mm"),
        ("letter", "na_letter_8.5x11in"),
        ("Legal", "na_legal_8.5x14in"),
        ("tabloid", "na_ledger_11x17in"),
        ("4x6", "na_index-4x6_4x6in"),
        ("5x7", "na_5x7_5x7in"),
        ("10x15cm", "om_small-photo_100x150mm"),
        ("13x18", "om_medium-photo_130x180mm"),
        ("iso-a4", "iso_a4_210x297mm"),
        ("297x210mm", "iso_a4_210x297mm"),
        ("iso_a4_210x297mm", "iso_a4_210x297mm"),
        ("custom_x_1x1mm", "custom_x_1x1mm"),
        ("My own paper", "My own paper"),
        ("choice", "choice"),
    ],
)
def test_a_size(word: str, keyword: str) -> None:
    assert media_keyword(word) == keyword


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("b5", ["iso_b5_176x250mm", "jis_b5_182x257mm"]),
        ("10x15", ["om_small-photo_100x150mm", "oe_photo-s10r_10x15in"]),
        ("leter", ["na_letter_8.5x11in"]),
    ],
)
def test_several(word: str, near: list[str]) -> None:
    with pytest.raises(AmbiguousMedia) as caught:
        media_keyword(word)
    assert caught.value.near == near
