"""How much a run tries of what repeats: IPPFAST_TRY is `all`, `few`, or not set for what is between.

The rule of this file: a test that goes over many vectors, damages or examples asks here how many.

    IPPFAST_TRY   vectors    examples     where
    all           all        all          make nightly
                  all        a quarter    make test, and so CI's last step
    few           a tenth    a twentieth  CI, where it runs the same tests on another interpreter or build: what differs
                                          there is seldom in the data
"""

import os
from collections.abc import Sequence
from typing import TypeVar

__all__ = ["ALL", "examples", "some"]

TRY = os.environ.get("IPPFAST_TRY", "")
ALL = TRY == "all"
SHARE = {"all": 1, "": 4, "few": 20}[TRY]

Item = TypeVar("Item")


def some(items: Sequence[Item]) -> Sequence[Item]:
    """All of these or, of few, each tenth; the first is always among them."""
    return items[::10] if TRY == "few" else items


def examples(count: int) -> int:
    """This many, or a share of it, but at least ten."""
    return max(10, count // SHARE)
