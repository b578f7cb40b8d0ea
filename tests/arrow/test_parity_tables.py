"""The twins of tables, buffer by buffer: both make the same batches of the same messages, and refuse the same.

The rule of this file: nothing here says what is right, only that both twins say the same.
"""

from random import Random
from typing import Any, cast

import pytest
import vectors
from fuzzing import bend, plain_array
from implementations import COMPILED, PURE, Implementation
from tables import build

COMPILED_TWIN = cast(Implementation, COMPILED)
BASES = [vector.octets for vector in vectors.every() if len(vector.octets) < 4000]


def plain(twin: Implementation, octets: list[bytes], rows: int) -> Any:
    return [plain_array(batch) for batch in build(twin, octets, rows)]


@pytest.mark.parametrize("rows", [1, 50, 2**31 - 1])
def test_vectors(rows: int) -> None:
    octets = [vector.octets for vector in vectors.every()]
    assert plain(COMPILED_TWIN, octets, rows) == plain(PURE, octets, rows)


@pytest.mark.parametrize("seed", range(20))
def test_damaged(seed: int) -> None:
    random = Random(seed)
    octets = [bend(random, random.choice(BASES), random.choice(BASES)) for _ in range(60)]
    assert [plain_array(one) for one in build(COMPILED_TWIN, octets, 100)] == [
        plain_array(one) for one in build(PURE, octets, 100)
    ]
