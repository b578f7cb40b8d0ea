"""What a job was printed with: the attributes whose names end in -actual (PWG 5100.8).

The rule of this file: from the start of processing on, each is what the client gave, else the printer's default.
media-actual and media-col-actual name the same medium: the members that the client gave replace those of the medium
that they choose.
"""

from collections.abc import Mapping
from functools import lru_cache

from ippfast import registry
from ippfast.codec import Attribute, Collection
from ippfast.tags import ValueTag
from ippfast.values import OutOfBand

from .description import Description
from .template import supported_name

__all__ = ["actual", "actual_names"]

_DROPPED = "media-source-properties"  # says what a source is, not what a job has


@lru_cache(maxsize=64)
def actual_names(description: Description) -> tuple[tuple[str, str], ...]:
    """The attributes that a job of this printer may have, each with its -actual."""
    found = []
    for name in registry.names():
        base = name.removesuffix("-actual")
        spec = registry.lookup(name) if base != name else None
        if spec is not None and "Job Status" in spec.groups and supported_name(base) in description.attributes:
            found.append((base, name))
    return tuple(found)


def actual(description: Description, asked: Mapping[str, Attribute], base: str, name: str) -> Attribute | None:
    """The attribute `name`: what was printed for `base`; None: the job has none. asked: what the client gave."""
    own = asked.get(base)
    if base in ("media", "media-col"):
        medium = _medium(description, asked)
        if base == "media-col":
            return Attribute(name, ValueTag.BEG_COLLECTION, [Collection(list(medium.values()))]) if medium else None
        own = own if own is not None else medium.get("media-size-name")
    own = own if own is not None else description.get(f"{base}-default")
    if own is None or isinstance(own.values[0], OutOfBand):
        return None
    return Attribute(name, own.tags, own.values)


def _medium(description: Description, asked: Mapping[str, Attribute]) -> dict[str, Attribute]:
    """The medium of a job: all that is known of it, by member."""
    given = asked["media-col"].values[0] if "media-col" in asked else None
    wanted = {each.name: each for each in given} if isinstance(given, Collection) else {}
    if "media" in asked:
        wanted["media-size-name"] = Attribute("media-size-name", ValueTag.KEYWORD, [asked["media"].values[0]])
    sized = {"media-size-name", "media-size"}.intersection(wanted)
    media = description.values("media-col-database" if sized else "media-col-default")
    fits = (each for each in media if all(_same(each.get(member), wanted[member]) for member in sized))
    known = {each.name: each for each in next(fits, ())}
    return {member: each for member, each in (known | wanted).items() if member != _DROPPED}


def _same(own: Attribute | None, wanted: Attribute) -> bool:
    return own is not None and own.values[0] == wanted.values[0]
