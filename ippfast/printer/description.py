"""A printer's description: attributes from a TOML file, with the types of the registry.

The rule of this file: `description.toml`, which comes with the package, explains the notation. A later source replaces
whole attributes; what the registry does not allow is an error that names the file and the attribute. A description
never changes while the printer runs: the printer itself adds states, times and URIs.
"""

import copy
import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from ippfast import registry, wrappers
from ippfast.attributes import attribute
from ippfast.codec import Attribute
from ippfast.errors import RegistryError
from ippfast.registry import AttributeSpec
from ippfast.tags import DelimiterTag, ValueTag
from ippfast.values import OutOfBand, RangeOfInteger, Resolution

from .captured import ALWAYS, NEEDED, Captured, captured, is_captured
from .derived import derived, is_source

__all__ = ["SETTABLE", "Description", "DescriptionError"]

SETTABLE = (
    "printer-geo-location",
    "printer-info",
    "printer-location",
    "printer-message-from-operator",
    "printer-organization",
    "printer-organizational-unit",
)
"""The attributes that Set-Printer-Attributes may set (RFC 3380 section 4.1)."""

_RESOLUTION = re.compile(r"(\d+)(?:x(\d+))?(dpi|dpcm)")
_RANGE = re.compile(r"(-?\d+)-(-?\d+)")
_UNITS = {"dpi": 3, "dpcm": 4}
_OUT_OF_BAND = {"no-value": OutOfBand.NO_VALUE, "unknown": OutOfBand.UNKNOWN}
_UNREGISTERED = {"mopria-certified": "text"}
"""The syntaxes of attributes that printers have and no registry lists."""
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

Source = Mapping[str, object] | str | Path


class DescriptionError(ValueError):
    """A description that cannot be used; the text says where and why."""


class Description:
    """The attributes of a printer that do not change, by name.

    sources: mappings, or paths of TOML files; each replaces attributes that an earlier one gave. The first of all is
    the package's own `description.toml`, unless one is the answer of another printer (see `captured`), which replaces
    it. omits: attributes that the server must leave out, since that printer lacks them.

    Raises DescriptionError, and OSError for a file that cannot be read.
    """

    def __init__(self, *sources: Source) -> None:
        read = [_read(source) for source in sources]
        answers = [given for given, _ in read if isinstance(given, Captured)]
        self.omits: frozenset[str] = frozenset().union(*(each.omits for each in answers[:1]))
        self.attributes: dict[str, Attribute] = (
            {name: _own()[name] for name in (*ALWAYS, *NEEDED)} if answers else dict(_own())
        )
        for given, place in read:
            if isinstance(given, Captured):
                self.attributes |= given.attributes
                continue
            for name, value in given.items():
                try:
                    self.attributes[name] = _attribute(name, value)
                except (RegistryError, TypeError) as error:
                    raise DescriptionError(f"{place}: {error}") from error
        formats = self.values("document-format-supported")
        if self.text("document-format-default") not in formats:
            if any("document-format-default" in given for given, _ in read if not isinstance(given, Captured)):
                raise DescriptionError("document-format-default is not in document-format-supported")
            self.attributes["document-format-default"] = _attribute("document-format-default", formats[0])
        names = {name for each, _ in read if not isinstance(each, Captured) for name in each}
        if "printer-supply" in names and "printer-supply-description" not in names:
            told = [_supply_name(value) for value in self.values("printer-supply")]
            self.attributes["printer-supply-description"] = _attribute("printer-supply-description", told)
        if answers:  # of what is derived only this is added: that printer may give it if it is asked by name
            if "media-col-supported" in self.attributes and "media-col-database" not in self.attributes:
                self.attributes |= _database(self.attributes)
            return
        for name, made in (_derived(self.attributes) if any(map(is_source, names)) else _derived_of_own()).items():
            self.attributes.setdefault(name, made)

    def over(self, attributes: Mapping[str, Attribute]) -> "Description":
        """A copy in which these attributes replace its own. They are not checked."""
        found = copy.copy(self)
        found.attributes = self.attributes | dict(attributes)
        return found

    def __getitem__(self, name: str) -> Attribute:
        return self.attributes[name]

    def get(self, name: str) -> Attribute | None:
        """The attribute of that name, or None."""
        return self.attributes.get(name)

    def values(self, name: str) -> tuple[Any, ...]:
        """The values of an attribute; none if it is not there."""
        found = self.attributes.get(name)
        return () if found is None else found.values

    def text(self, name: str, default: str = "") -> str:
        """The only value of an attribute that is a string; default if there is none."""
        found = self.values(name)
        return str(found[0]) if found and isinstance(found[0], str) else default

    def number(self, name: str, default: int) -> int:
        """The only value of an attribute that is an integer; default if there is none."""
        found = self.values(name)
        return found[0] if found and isinstance(found[0], int) else default


@cache
def _own() -> dict[str, Attribute]:
    """The attributes of every printer, unless a source replaces them."""
    return {name: _attribute(name, value) for name, value in _shipped().items()}


def _supply_name(supply: object) -> str:
    """A name for a supply without a description, such as ``black toner``."""
    text = supply.decode("utf-8", "replace") if isinstance(supply, bytes) else str(supply)
    found = {key.strip().lower(): word.strip() for key, _, word in (each.partition("=") for each in text.split(";"))}
    words = [found[key] for key in ("colorantname", "type") if found.get(key, "none") != "none"]
    return " ".join(words) or "supply"


def _derived(known: Mapping[str, Attribute]) -> dict[str, Attribute]:
    return {name: attribute(name, value, group=DelimiterTag.PRINTER) for name, value in derived(known).items()}


@cache
def _derived_of_own() -> dict[str, Attribute]:
    return _derived(_own())


@cache
def _shipped() -> dict[str, object]:
    return tomllib.loads(files(__package__).joinpath("description.toml").read_text(encoding="utf-8"))


def _database(known: Mapping[str, Attribute]) -> dict[str, Attribute]:
    """media-col-database, which a printer gives only if it is named (PWG 5100.7 section 6.3)."""
    made = _derived({name: each for name, each in known.items() if name.startswith("media-")})
    return {name: each for name, each in made.items() if name == "media-col-database"}


def _read(source: Source) -> tuple[Mapping[str, object] | Captured, str]:
    if isinstance(source, Mapping):
        return source, "the description"
    octets = Path(source).read_bytes()
    try:
        return captured(octets) if is_captured(octets) else tomllib.loads(octets.decode()), str(source)
    except (tomllib.TOMLDecodeError, ValueError) as error:
        raise DescriptionError(f"{source}: {error}") from error


def _attribute(name: str, value: object) -> Attribute:
    if isinstance(value, Attribute):
        return attribute(name, value)
    spec = registry.lookup(name, DelimiterTag.PRINTER)
    if name in _UNREGISTERED and not isinstance(value, Mapping):
        value = {_UNREGISTERED[name]: value}
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


def names(attributes: Iterable[Attribute]) -> list[str]:
    """The names of attributes."""
    return [each.name for each in attributes]
