"""A group with one attribute of each kind, in the states that a group can be in.

The rule of this file: the states are equal. What holds of a group made by hand holds of a decoded one, and of one that
is already unpacked.
"""

from collections.abc import Callable

import pytest
from implementations import Implementation

from ippfast import AttributeGroup, DelimiterTag, OutOfBand, ValueTag

__all__ = ["NAMES", "Of", "decoded", "groups", "made", "octets", "parted", "unpacked"]

KEYWORD, INTEGER, NAME = ValueTag.KEYWORD, ValueTag.INTEGER, ValueTag.NAME


def made(codec: Implementation) -> AttributeGroup:
    """One attribute of each kind, one name twice, one name that is not ASCII."""
    size = codec.Collection(
        [codec.Attribute("x-dimension", INTEGER, 21000), codec.Attribute("y-dimension", INTEGER, 29700)]
    )
    media = codec.Collection([codec.Attribute("media-size", ValueTag.BEG_COLLECTION, size)])
    return codec.AttributeGroup(
        DelimiterTag.JOB,
        [
            codec.Attribute("job-id", INTEGER, 7),
            codec.Attribute("sides-supported", KEYWORD, ["one-sided", "two-sided-long-edge"]),
            codec.Attribute("media-supported", [KEYWORD, NAME], ["iso_a4_210x297mm", "mine"]),
            codec.Attribute("job-id", INTEGER, 8),
            codec.Attribute("media-col", ValueTag.BEG_COLLECTION, media),
            codec.Attribute("gr\u00f6\u00dfe", NAME, "A4"),
            codec.Attribute("job-name", ValueTag.NO_VALUE, OutOfBand.NO_VALUE),
        ],
    )


NAMES = ["job-id", "sides-supported", "media-supported", "job-id", "media-col", "gr\u00f6\u00dfe", "job-name"]


def decoded(codec: Implementation) -> AttributeGroup:
    return codec.decode(codec.encode(codec.Message((2, 0), 0, 1, [made(codec)]))).groups[0]


def unpacked(codec: Implementation) -> AttributeGroup:
    group = decoded(codec)
    assert len(list(reversed(group))) == len(NAMES)  # keeps them all
    return group


def parted(codec: Implementation) -> AttributeGroup:
    """Changed by name after it was decoded: attributes among slices of what came."""
    attributes = list(made(codec))
    before = codec.Attribute("sides-supported", KEYWORD, "one-sided")
    spare = codec.Attribute("spare", INTEGER, [1, 2])
    attributes[1:2] = [spare, before, spare, attributes[1]]
    group = codec.decode(octets(codec, codec.AttributeGroup(DelimiterTag.JOB, attributes))).groups[0]
    group["sides-supported"] = ["one-sided", "two-sided-long-edge"]
    del group["spare"]
    return group


groups = pytest.mark.parametrize("of", [made, decoded, unpacked, parted])
Of = Callable[[Implementation], AttributeGroup]


def octets(codec: Implementation, group: AttributeGroup) -> bytes:
    return codec.encode(codec.Message((2, 0), 0, 1, [group]))
