r"""Attributes as people type them, ``copies=2`` or ``media-col={media-size={x-dimension=21000}}``, made into IPP.

The rule of this file: the registry says what a value is; a name that it does not know needs a tag,
``PageSize:keyword=A4``. Several values are separated by commas; in quotes, or after a backslash, each character is
taken as it is.

| syntax | typed |
|---|---|
| integer, boolean, keyword, name, uri, ... | ``2``, ``true`` or ``false``, the string |
| media | ``a4``, ``letter``, ``10x15cm``, or a name as PWG 5101.1 has it |
| enum | its keyword or number: ``landscape``, ``4`` |
| rangeOfInteger | ``1-4``, ``7`` for ``7-7`` |
| resolution | ``600dpi``, ``600x1200dpi``, ``236dpcm`` |
| dateTime | ``2026-11-25T18:00:00+01:00``; without a zone, in that of this machine |
| octetString | text, or ``<00ff>`` in hexadecimal |
| collection | ``{member=value member=value}`` |
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from ippfast import Attribute, EncodeError, RangeOfInteger, RegistryError, Resolution, ValueTag, registry
from ippfast._registry_data import GROUPS
from ippfast.attributes import attribute
from ippfast.wrappers import (
    Boolean,
    Charset,
    Enum,
    Integer,
    Keyword,
    MimeMediaType,
    Name,
    NaturalLanguage,
    OctetString,
    Tagged,
    Text,
    Uri,
    UriScheme,
)

from .media_words import AmbiguousMedia, media_keyword
from .text import escape

__all__ = ["TAGS", "OptionError", "error_words", "parse_option"]

_WRAPPERS: tuple[type[Tagged], ...] = (
    Boolean,
    Charset,
    Enum,
    Integer,
    Keyword,
    MimeMediaType,
    Name,
    NaturalLanguage,
    OctetString,
    Text,
    Uri,
    UriScheme,
)
TAGS: dict[str, type[Tagged]] = {each.__name__[0].lower() + each.__name__[1:]: each for each in _WRAPPERS}
"""The tags that may be written between a name and its value, for attributes that are not in the registry."""

_NAME = re.compile(r"[A-Za-z][\w.-]*")
_RESOLUTION = re.compile(r"(\d+)(?:x(\d+))?(dpi|dpcm)")
_BOOLEANS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
_UNITS = {"dpi": 3, "dpcm": 4}
_PYTHON_WORDS = re.compile(r" \((?:a wrapper of|give )[^)]*\)")
_DEPTH = 8
_MEDIA = {"media", "media-size-name"}
"""The attributes whose keywords are sizes (PWG 5101.1)."""


class OptionError(ValueError):
    """An option that is not an attribute, or a value that does not fit."""


def parse_option(text: str, groups: tuple[str, ...] = ("Job Template", "Operation")) -> tuple[int, Attribute]:
    """The tag of the group that it goes into, and an attribute, from ``NAME=VALUE`` or ``NAME:TAG=VALUE``.

    groups: the registry's groups that it may be of, the likeliest first; that one takes what is not registered. Raises
    OptionError.
    """
    head, equals, value = text.partition("=")
    name, colon, tag = head.partition(":")
    if not _NAME.fullmatch(name):
        raise OptionError(f"expected NAME=VALUE, got {text!r}")
    if not equals:  # as CUPS' programs take it: a boolean that is true
        value = "true"
    try:
        if colon:
            return GROUPS[groups[0]], attribute(name, _explicit(tag, value))
        spec = registry.lookup(name)
        fitting = [] if spec is None else [group for group in groups if group in spec.groups]
        if not fitting:
            raise OptionError(_unknown(name, groups))
        group = GROUPS[fitting[0]]
        spec = registry.lookup(name, group)
        return group, attribute(name, _Reader(value).all(name, spec), group=group)
    except RegistryError as error:
        place = "" if error.attribute in (None, name) else f"/{error.attribute.partition('/')[2]}"
        raise OptionError(f"{escape(name + place)}: {error_words(error)}") from None


def error_words(error: EncodeError) -> str:
    """What is wrong with a value, without what a program would do about it."""
    return f"expected {_PYTHON_WORDS.sub('', error.expected)}, got {escape(error.found)}"


def _unknown(name: str, groups: tuple[str, ...]) -> str:
    holders = registry.holders(name)
    if holders and registry.lookup(name) is None:
        first, *parents = reversed(holders[0].split("/"))
        typed = f"{first}={{{name}=...}}"
        for parent in parents:
            typed = f"{parent}={{{typed}}}"
        return f"{name} is not an option of its own: it is a member of {' or '.join(holders[:3])}, as in {typed}"
    known = {each for group in groups for each in registry.names(group)}
    near = get_close_matches(name, known)
    hint = f"did you mean {' or '.join(near)}? " if near else ""
    return f"{escape(name)} is not an option of IPP: {hint}A vendor's needs a tag, as in {escape(name)}:keyword=..."


def _explicit(tag: str, value: str) -> Tagged | list[Tagged]:
    wrapper = TAGS.get(tag)
    if wrapper is None:
        raise OptionError(f"{escape(tag)} is not a tag: expected one of {', '.join(TAGS)}")
    convert: Callable[[str], Any] = str
    if wrapper in (Integer, Enum):
        convert = _integer
    elif wrapper is Boolean:
        convert = _boolean
    elif wrapper is OctetString:
        convert = _octets
    made = [wrapper(convert(word)) for word in _Reader(value).words()]  # type: ignore[call-arg]
    if any(each.value is None for each in made):
        raise OptionError(f"expected {tag}, got {value!r}")
    return made


class _Reader:
    """Goes through a value once, from the left."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def words(self) -> list[str]:
        """The whole text as strings between commas."""
        found = [self._word(",")]
        while self.at < len(self.text):
            self.at += 1
            found.append(self._word(","))
        return found

    def all(self, path: str, spec: registry.AttributeSpec | None) -> Any:
        """The whole text as the value or values of an attribute."""
        if spec is not None and not spec.set and ValueTag.BEG_COLLECTION not in spec.tags:
            return _scalar(self.text, path, spec)  # one value, which needs no quotes
        values = self._values(path, spec, ",", 0)
        if self.at < len(self.text):
            raise OptionError(f"{path}: expected nothing after the value, got {self.text[self.at :]!r}")
        return values

    def _values(self, path: str, spec: registry.AttributeSpec | None, ends: str, depth: int) -> list[Any]:
        values = [self._value(path, spec, ends, depth)]
        while self.text[self.at : self.at + 1] == ",":
            self.at += 1
            values.append(self._value(path, spec, ends, depth))
        return values

    def _value(self, path: str, spec: registry.AttributeSpec | None, ends: str, depth: int) -> Any:
        if self.text[self.at : self.at + 1] == "{" and (spec is None or ValueTag.BEG_COLLECTION in spec.tags):
            return self._collection(path, depth + 1)
        return _scalar(self._word(ends), path, spec)

    def _collection(self, path: str, depth: int) -> Mapping[str, Any]:
        if depth > _DEPTH:
            raise OptionError(f"{path}: expected collections at most {_DEPTH} deep")
        members: dict[str, Any] = {}
        self.at += 1
        while True:
            while self.text[self.at : self.at + 1].isspace():
                self.at += 1
            if self.text[self.at : self.at + 1] == "}":
                self.at += 1
                return members
            match = re.compile(rf"({_NAME.pattern})(?::(\w+))?=").match(self.text, self.at)
            if match is None:
                rest = self.text[self.at :] or "the end"
                raise OptionError(f"{path}: expected member=value or '}}', got {rest!r}")
            self.at = match.end()
            name = match[1]
            if name in members:
                raise OptionError(f"{path}: expected {name} once, got it twice")
            if match[2]:
                members[name] = _explicit(match[2], self._word(" \t\n}"))
            else:
                member = f"{path}/{name}"
                spec = registry.lookup(member)
                if spec is None:
                    near = get_close_matches(name, registry.members(path))
                    hint = f": did you mean {' or '.join(near)}?" if near else ""
                    raise OptionError(f"{path} has no member {name}{hint}")
                values = self._values(member, spec, ", \t\n}", depth)
                members[name] = values if spec.set or len(values) > 1 else values[0]

    def _word(self, ends: str) -> str:
        """Read up to one of these characters; what is in quotes or after a backslash ends nothing."""
        word: list[str] = []
        quote = ""
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == "\\" and self.at + 1 < len(self.text):
                self.at += 1
                word.append(self.text[self.at])
            elif quote:
                if character == quote:
                    quote = ""
                else:
                    word.append(character)
            elif character in "\"'":
                quote = character
            elif character in ends:
                break
            else:
                word.append(character)
            self.at += 1
        if quote:
            raise OptionError(f"expected a closing {quote} in {self.text!r}")
        return "".join(word)


def _scalar(word: str, path: str, spec: registry.AttributeSpec | None) -> Any:
    """A word as the first syntax that it fits."""
    if spec is None:
        raise OptionError(f"{escape(path)} is not registered")
    if path.rpartition("/")[2] in _MEDIA:
        try:
            word = media_keyword(word)
        except AmbiguousMedia as error:
            raise OptionError(f"{path}: {escape(word)} is not a size: did you mean {_or(error.near)}?") from None
    for tag in spec.tags:
        convert = _CONVERT.get(tag)
        if convert is not None:
            value = convert(word)
            if value is not None:
                return value
        if tag == ValueTag.ENUM and spec.enum is not None:
            try:
                return spec.enum.from_keyword(word)
            except ValueError as error:
                if not any(each >= ValueTag.TEXT for each in spec.tags):
                    raise OptionError(f"{path}: {escape(str(error))}") from None
        if tag >= ValueTag.TEXT:
            return word
    raise OptionError(f"{path}: expected {spec.syntax}{_example(spec.tags)}, got {word!r}")


def _or(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _example(tags: tuple[int, ...]) -> str:
    """How the first syntax is typed, if its name does not say it."""
    for tag in tags:
        if tag in _EXAMPLES:
            return f", such as {_EXAMPLES[tag]}"
    return ""


def _integer(word: str) -> int | None:
    return int(word) if re.fullmatch(r"-?[0-9]{1,10}", word) else None


def _boolean(word: str) -> bool | None:
    return _BOOLEANS.get(word.lower())


def _range(word: str) -> RangeOfInteger | None:
    match = re.fullmatch(r"(-?[0-9]{1,10})(?:-(-?[0-9]{1,10}))?", word)
    return None if match is None else RangeOfInteger(int(match[1]), int(match[2] or match[1]))


def _resolution(word: str) -> Resolution | None:
    match = _RESOLUTION.fullmatch(word)
    return None if match is None else Resolution(int(match[1]), int(match[2] or match[1]), _UNITS[match[3]])


def _moment(word: str) -> datetime | None:
    try:
        return datetime.fromisoformat(word).astimezone()
    except (ValueError, OverflowError):
        return None


def _octets(word: str) -> bytes | None:
    if word.startswith("<") and word.endswith(">"):
        try:
            return bytes.fromhex(word[1:-1])
        except ValueError:
            return None
    return word.encode("utf-8", "surrogateescape")


_CONVERT: dict[int, Callable[[str], Any]] = {
    ValueTag.INTEGER: _integer,
    ValueTag.ENUM: _integer,
    ValueTag.BOOLEAN: _boolean,
    ValueTag.RANGE_OF_INTEGER: _range,
    ValueTag.RESOLUTION: _resolution,
    ValueTag.DATE_TIME: _moment,
    ValueTag.OCTET_STRING: _octets,
}
_EXAMPLES: dict[int, str] = {
    ValueTag.RANGE_OF_INTEGER: "1-4",
    ValueTag.RESOLUTION: "600dpi",
    ValueTag.DATE_TIME: "2026-11-25T18:00:00+01:00",
    ValueTag.BEG_COLLECTION: "{member=value member=value}",
    ValueTag.BOOLEAN: "true",
}
