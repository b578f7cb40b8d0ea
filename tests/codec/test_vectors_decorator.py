"""The vectors' own decorator: no vector is left out, and a failure names each that failed.

The rule of this file: what it decorates is a plain function here, called as pytest would.
"""

import pytest
from scale import some
from vectors import TOGETHER, Vector, parametrize

VECTORS = tuple(Vector(f"{number}.ipp", b"", None, None) for number in range(TOGETHER + 2))
seen: list[str] = []


@parametrize(VECTORS)
def test_each_is_tried(vector: Vector) -> None:
    seen.append(vector.name)


def test_none_is_left_out() -> None:
    seen.clear()
    for part in test_each_is_tried.pytestmark[0].args[1]:
        test_each_is_tried(part=part)
    assert seen == [vector.name for vector in some(VECTORS)]


def test_failures_are_named() -> None:
    @parametrize(VECTORS)
    def fails(vector: Vector, least: int) -> None:
        seen.append(vector.name)
        assert len(vector.name) <= least

    seen.clear()
    with pytest.raises(AssertionError) as caught:
        fails(part=VECTORS[8:12], least=5)
    assert caught.value.__notes__ == ["fails with: 10.ipp, 11.ipp"]
    assert len(seen) == 4
