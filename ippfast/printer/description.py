"""What a printer says of itself: attributes from a TOML file, typed by the registry.

The rule of this file: `description.toml`, which comes with the package, explains the notation. A later source sets
attributes anew, whole; what the registry does not allow is an error that names the file and the attribute. What is
known here never changes while the printer runs: states, times and URIs are the printer's.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any

from ippfast import registry, wrappers
from ippfast.attributes import attribute
from ippfast.codec import Attribute
from ippfast.errors import RegistryError
from ippfast.media import parse_media_name
from ippfast.registry import AttributeSpec
from ippfast.tags import DelimiterTag, ValueTag
from ippfast.values import OutOfBand, RangeOfInteger, Resolution

__all__ = ["Description", "DescriptionError"]

_RESOLUTION = re.compile(r"(\d+)(?:x(\d+))?(dpi|dpcm)")
_RANGE = re.compile(r"(-?\d+)-(-?\d+)")
_UNITS = {"dpi": 3, "dpcm": 4}
_OUT_OF_BAND = {"no-value": OutOfBand.NO_VALUE, "unknown": OutOfBand.UNKNOWN}
_WRAPPERS = {
    "integer": wrappers.Integer,
    "boolean": wrappers.Boolean,
    "enum": wrappers.Enum,
    "octetString": wrappers.OctetString,
    "text": wrappers.Text,
    "name": wrappers.Name,
    "keyword": wrappers.Keyword,
    "uri": wrappers.Uri,
    "uriScheme": wrappers.UriScheme,
    "charset": wrappers.Charset,
    "naturalLanguage": wrappers.NaturalLanguage,
    "mimeMediaType": wrappers.MimeMediaType,
}
# The margins of a medium, and what the order of the values means: borderless, then the usual.
_MARGINS = ("bottom", "left", "right", "top")
_MEDIA_COL = ["media-size", "media-size-name", "media-source", "media-type", *(f"media-{m}-margin" for m in _MARGINS)]

Source = Mapping[str, object] | str | Path


class DescriptionError(ValueError):
    """A description that cannot be used; the text says where and why."""


class Description:
    """The attributes of a printer that stay, by name.

    sources: mappings, or paths of TOML files; each sets attributes anew that an earlier one gave. The first of all is
    the package's own `description.toml`.

    Raises DescriptionError, and OSError for a file that cannot be read.
    """

    def __init__(self, *sources: Source) -> None:
        self.attributes: dict[str, Attribute] = {}
        for given, place in [(_shipped(), "description.toml"), *map(_read, sources)]:
            for name, value in given.items():
                try:
                    self.attributes[name] = _attribute(name, value)
                except (RegistryError, TypeError) as error:
                    raise DescriptionError(f"{place}: {error}") from error
        for name, value in _media(self.attributes).items():
            if name not in self.attributes:
                self.attributes[name] = attribute(name, value, group=DelimiterTag.PRINTER)

    def __getitem__(self, name: str) -> Attribute:
        return self.attributes[name]

    def get(self, name: str) -> Attribute | None:
        """The attribute of that name, or None."""
        return self.attributes.get(name)

    def values(self, name: str) -> tuple[Any, ...]:
        """The values of an attribute; none where it is not there."""
        found = self.attributes.get(name)
        return () if found is None else found.values

    def text(self, name: str, default: str = "") -> str:
        """The only value of an attribute that is a string; default where there is none."""
        found = self.values(name)
        return str(found[0]) if found and isinstance(found[0], str) else default

    def number(self, name: str, default: int) -> int:
        """The only value of an attribute that is an integer; default where there is none."""
        found = self.values(name)
        return found[0] if found and isinstance(found[0], int) else default


@cache
def _shipped() -> dict[str, object]:
    return tomllib.loads(files(__package__).joinpath("description.toml").read_text(encoding="utf-8"))


def _read(source: Source) -> tuple[Mapping[str, object], str]:
    if isinstance(source, Mapping):
        return source, "the description"
    try:
        with Path(source).open("rb") as file:
            return tomllib.load(file), str(source)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DescriptionError(f"{source}: {error}") from error


def _attribute(name: str, value: object) -> Attribute:
    if isinstance(value, Attribute):
        return attribute(name, value)
    spec = registry.lookup(name, DelimiterTag.PRINTER)
    if spec is None and isinstance(value, Mapping) and len(value) == 1:
        ((syntax, inner),) = value.items()
        if syntax in _WRAPPERS:
            values = inner if isinstance(inner, list) else [inner]
            return attribute(name, [_WRAPPERS[syntax](one) for one in values])
    return attribute(name, _value(value, spec), group=DelimiterTag.PRINTER)


def _value(value: Any, spec: AttributeSpec | None) -> object:
    """A value of TOML as `ippfast.attributes` takes it."""
    if spec is None:
        return value
    if isinstance(value, list):
        return [_value(one, spec) for one in value]
    if isinstance(value, Mapping):
        return {name: _value(one, registry.lookup(f"{spec.path}/{name}")) for name, one in value.items()}
    if isinstance(value, str):
        if value in _OUT_OF_BAND and _OUT_OF_BAND[value].value in spec.out_of_band | {OutOfBand.UNKNOWN.value}:
            if ValueTag.KEYWORD not in spec.tags:
                return _OUT_OF_BAND[value]
        elif ValueTag.RESOLUTION in spec.tags and (found := _RESOLUTION.fullmatch(value)):
            cross, feed, units = found.groups()
            return Resolution(int(cross), int(feed or cross), _UNITS[units])
        elif ValueTag.RANGE_OF_INTEGER in spec.tags and (found := _RANGE.fullmatch(value)):
            return RangeOfInteger(int(found[1]), int(found[2]))
        elif ValueTag.OCTET_STRING in spec.tags:
            return value.encode()
    return value


def _media(known: Mapping[str, Attribute]) -> dict[str, object]:
    """What the media of a printer come to as collections (PWG 5100.7 section 6.3)."""

    def values(name: str) -> list[Any]:
        return list(known[name].values) if name in known else []

    margins = {side: values(f"media-{side}-margin-supported") or [0] for side in _MARGINS}
    usual = {side: each[-1] for side, each in margins.items()}
    least = {side: each[0] for side, each in margins.items()}
    kinds = [kind for kind in values("media-type-supported") if kind != "auto"][:1] or ["auto"]
    sources = [source for source in values("media-source-supported") if source != "auto"] or ["auto"]

    def medium(name: str, size: Mapping[str, object], edges: Mapping[str, int], source: object) -> dict[str, object]:
        found: dict[str, object] = {"media-size": size}
        if name:
            found["media-size-name"] = name
        found |= {f"media-{side}-margin": edge for side, edge in edges.items()}
        return found | {"media-source": source, "media-type": kinds[0]}

    sizes, database, ready = [], [], []
    bounds: dict[str, tuple[int, int]] = {}
    for name in values("media-supported"):
        parsed = parse_media_name(name)
        if parsed is None:
            continue
        if parsed.media_class in ("custom", "roll") and parsed.name in ("min", "max"):
            bounds[parsed.name] = parsed.width, parsed.length
            continue
        size = {"x-dimension": parsed.width, "y-dimension": parsed.length}
        sizes.append(size)
        edges = [usual] if usual == least else [usual, least]
        for edge, source in product(edges, sources):
            database.append(medium(name, size, edge, source))
        if name in values("media-ready"):
            ready.append(medium(name, size, usual, sources[0]))
    if {"min", "max"} <= bounds.keys():
        custom = {
            f"{axis}-dimension": RangeOfInteger(bounds["min"][place], bounds["max"][place])
            for place, axis in enumerate("xy")
        }
        sizes.append(custom)  # type: ignore[arg-type]
        database.append(medium("", custom, usual, sources[0]))
    default = [each for each in database if [each.get("media-size-name")] == values("media-default")]
    made = {
        "media-col-supported": _MEDIA_COL,
        "media-size-supported": sizes,
        "media-col-database": database,
        "media-col-ready": ready,
        "media-col-default": default[:1],
    }
    return {name: each for name, each in made.items() if each}


def names(attributes: Iterable[Attribute]) -> list[str]:
    """The names of attributes."""
    return [each.name for each in attributes]
