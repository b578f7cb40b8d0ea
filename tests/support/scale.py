"""How much a run tries of what repeats: all of it or, if IPPFAST_BRIEF is set, a tenth.

The rule of this file: a test that goes over many vectors, damages or examples asks here how many. `make test` tries
all of them, and so do CI's last step and `make nightly`. Where CI runs the same tests on another interpreter or another
build, a tenth shows what differs there.
"""

import os
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["examples", "some"]

BRIEF = "IPPFAST_BRIEF" in os.environ

Item = TypeVar("Item")


def some(items: Sequence[Item]) -> Sequence[Item]:
    """All of these or, in brief, each tenth; the first is always among them."""
    return items[::10] if BRIEF else items


def examples(count: int) -> int:
    """This many or, in brief, a tenth of it and at least ten."""
    return max(10, count // 10) if BRIEF else count
