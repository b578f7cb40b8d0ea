"""Where pages go on a sheet, as numbers."""

import pytest
from drawn import A4, raster
from hypothesis import given
from hypothesis import strategies as st

from ippfast.convert import PlanError
from ippfast.convert.layout import Placement, sides_of

A4_POINTS = (595.276, 841.89)


def test_a_page_of_the_sheets_size_is_the_sheet() -> None:
    assert sides_of([A4_POINTS], raster(resolution=300)) == [[Placement(0, 0, 0, 2480, 3507, 0)]]


def test_a_small_page_stays_as_it_is_in_the_middle() -> None:
    ((place,),) = sides_of([(288, 432)], raster(resolution=300))
    assert (place.width, place.height, place.turn) == (1200, 1800, 0)
    assert (place.x, place.y) == (640, 854)


def test_actual_size_may_be_cut() -> None:
    ((place,),) = sides_of([(1000, 1400)], raster(resolution=72, scaling="none"))
    assert (place.width, place.height) == (1000, 1400)
    assert place.x < 0


def test_fill_leaves_no_room() -> None:
    ((place,),) = sides_of([(400, 400)], raster(resolution=100, scaling="fill"))
    width, height = A4.pixels(100)
    margin = 400 * 100 / 2540
    assert place.height == pytest.approx(height - 2 * margin, abs=1)

    assert place.width > width


@pytest.mark.parametrize(("orientation", "turn"), [(3, 0), (4, 1), (5, 3), (6, 2), (0, 0)])
def test_orientation(orientation: int, turn: int) -> None:
    ((place,),) = sides_of([A4_POINTS], raster(orientation=orientation))
    assert place.turn == turn


@pytest.mark.parametrize("up", [1, 2, 3, 4, 6, 8, 9, 12, 16])
def test_every_page_has_its_place(up: int) -> None:
    sides = sides_of([A4_POINTS] * 20, raster(number_up=up))
    assert [place.page for side in sides for place in side] == list(range(20))
    assert {len(side) for side in sides[:-1]} <= {up}
    for side in sides:
        for number, one in enumerate(side):
            for other in side[number + 1 :]:
                assert (
                    one.x + one.width <= other.x
                    or other.x + other.width <= one.x
                    or one.y + one.height <= other.y
                    or other.y + other.height <= one.y
                )


@given(
    st.tuples(st.floats(1, 20_000), st.floats(1, 20_000)),
    st.sampled_from(["auto", "auto-fit", "fit"]),
    st.sampled_from([1, 2, 4, 6, 9]),
    st.sampled_from([0, 3, 4, 5, 6]),
)
def test_what_fits_is_on_the_paper(size: tuple[float, float], scaling: str, up: int, orientation: int) -> None:
    how = raster(scaling=scaling, number_up=up, orientation=orientation)
    width, height = how.sheet.pixels(how.resolution)
    for place in sides_of([size] * up, how)[0]:
        assert place.x >= -1
        assert place.y >= -1
        assert place.x + place.width <= width + 1
        assert place.y + place.height <= height + 1


def test_too_many() -> None:
    with pytest.raises(PlanError, match="more than 10 sides"):
        sides_of([A4_POINTS] * 6, raster(copies=2), 10)
    with pytest.raises(PlanError, match="no page to print"):
        sides_of([], raster())
