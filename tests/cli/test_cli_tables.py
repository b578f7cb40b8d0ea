"""Tables on narrow terminals: no word is broken, and no column is lost.

The rule of this file: every word of every cell is found whole in a line, which is no wider than the terminal unless the
word itself is.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from ippfast.cli.output import table

HEADS = ("NAME", "URI", "MODEL")
ROW = (
    "Laser of the third floor",
    "ipps://printer-3f.example.com:8631/ipp/print",
    "Example Company LaserWriter 4000 dn",
)
WORDS = st.text("abcdefghij-/:.ä漢", min_size=1, max_size=25)
CELLS = st.lists(WORDS, max_size=8).map(" ".join)


def lines(rows: list[tuple[str, ...]], width: int | None) -> list[str]:
    return ["".join(span.text for span in line) for line in table(HEADS, rows, width)]


def test_wide_enough() -> None:
    assert len(lines([ROW], None)) == len(lines([ROW], 120)) == 2


@pytest.mark.parametrize("width", [60, 80, 100])
def test_a_row(width: int) -> None:
    shown = lines([ROW], width)
    assert all(cell_len(line) <= width for line in shown)
    assert set(" ".join((*HEADS, *ROW)).split()) <= set(" ".join(shown).split())


def test_broken_between_words() -> None:
    assert lines([ROW], 100) == [
        "NAME                      URI                                           MODEL",
        "Laser of the third floor  ipps://printer-3f.example.com:8631/ipp/print  Example Company LaserWriter",
        "                                                                        4000 dn",
    ]


def test_words_that_do_not_fit_side_by_side() -> None:
    assert lines([ROW, ROW], 60)[:4] == [
        "NAME   Laser of the third floor",
        "URI    ipps://printer-3f.example.com:8631/ipp/print",
        "MODEL  Example Company LaserWriter 4000 dn",
        "",
    ]


@given(st.lists(st.tuples(CELLS, CELLS, CELLS), max_size=4), st.sampled_from([20, 60, 100]))
def test_any_row(rows: list[tuple[str, ...]], width: int) -> None:
    shown = lines(rows, width)
    words = [word for row in rows for cell in row for word in cell.split()]
    assert set(words) <= set(" ".join(shown).split())
    longest = max(map(cell_len, words), default=0)
    assert all(cell_len(line) <= max(width, longest + len("MODEL") + 2) for line in shown)
