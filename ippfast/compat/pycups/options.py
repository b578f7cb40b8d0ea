"""Job options, names and texts, as attributes: ``{"copies": "2", "page-ranges": "1-3,7", "sides": "two-sided"}``.

The rule of this file: a text means what libcups takes it for, however odd: ``option_table.py`` has the options that it
knows; any other is a collection if it is in braces, a boolean if its text is ``true`` or ``false``, and a name
otherwise. Commas within braces are the one exception: they belong to the collection, which libcups breaks there.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from ... import Attribute, Collection, RangeOfInteger, Resolution, ValueTag
from .constants import CUPS_FORMAT_AUTO, CUPS_FORMAT_RAW
from .option_table import KNOWN, Known
from .transport import to_text

__all__ = ["document_format", "job_attributes", "parse_options", "split_options"]

_TRUE = {"true", "on", "yes"}
_NUMBER = re.compile(r"\s*([+-]?\d+)")
_MOST = 2**31 - 1
_MOST_DEPTH = 32
_NO_OPTIONS = frozenset({"raw", "document-format"})
"""These options say how the document is sent, and are not attributes of the job: see `document_format`."""


def split_options(options: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Names and texts, both str. Raises TypeError for anything else."""
    if not isinstance(options, Mapping):
        raise TypeError("options must be a dict")
    for name, text in options.items():
        if not isinstance(name, (str, bytes)) or not isinstance(text, (str, bytes)):
            raise TypeError("Keys and values must be strings")
        yield to_text(name), to_text(text)


def document_format(options: Mapping[str, str]) -> str:
    """The document-format that options ask for: ``raw``, whatever its text is, means that no filter touches it."""
    given = dict(split_options(options))
    return CUPS_FORMAT_RAW if "raw" in given else given.get("document-format", CUPS_FORMAT_AUTO)


def job_attributes(options: Mapping[str, str]) -> dict[str, list[Attribute]]:
    """The attributes of Create-Job that options mean, by their groups: ``operation``, ``job``, ``subscription``."""
    made: dict[str, list[Attribute]] = {"operation": [], "job": [], "subscription": []}
    for name, text in split_options(options):
        known = KNOWN.get(name)
        if known is None:
            place = None if not name or name.endswith(("-default", "-supported")) else "job"
        else:
            place = known.place
        if place in made and name not in _NO_OPTIONS:
            made[place].append(_to_attribute(name, text, known, 0))
    return made


def _to_attribute(name: str, text: str, known: Known | None, depth: int) -> Attribute:
    if known is None:
        if text.startswith("{"):
            known = Known("job", ValueTag.BEG_COLLECTION, False)
        elif text.lower() in ("true", "false"):
            return Attribute(name, ValueTag.BOOLEAN, text.lower() == "true")
        else:
            known = Known("job", ValueTag.NAME, False)
    texts = _split(text) if known.several else [text]
    return Attribute(name, known.tag, [_to_value(each, known.tag, depth) for each in texts])


def _split(text: str) -> list[str]:
    """The values of a text. A backslash escapes a comma, and goes if there are several values."""
    parts, current, depth, quote = [], "", 0, ""
    count = 1  # libcups does not count commas in quotes, but breaks the text at them too
    at = 0
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text):
            current += text[at + 1]
            at += 2
            continue
        if char == quote:
            quote = ""
        elif char in "'\"" and not quote:
            quote = char
        depth += (char == "{") - (char == "}")
        if char == "," and depth <= 0:
            count += not quote
            parts.append(current)
            current = ""
        else:
            current += char
        at += 1
    return [text] if count == 1 else [*parts, current][:count]


def _number(text: str) -> tuple[int, str]:
    """The number that a text begins with, 0 if there is none, and what follows it."""
    found = _NUMBER.match(text)
    if found is None:
        return 0, text
    return max(-_MOST - 1, min(_MOST, int(found[1]))), text[found.end() :]


def _to_value(text: str, tag: ValueTag, depth: int) -> Any:
    if tag in (ValueTag.INTEGER, ValueTag.ENUM):
        return _number(text)[0]
    if tag == ValueTag.BOOLEAN:
        return text.lower() in _TRUE
    if tag == ValueTag.RANGE_OF_INTEGER:
        lower, rest = (1, text) if text.startswith("-") else _number(text)
        if not rest.startswith("-"):
            return RangeOfInteger(lower, lower)
        return RangeOfInteger(lower, _number(rest[1:])[0] if rest[1:] else _MOST)
    if tag == ValueTag.RESOLUTION:
        cross, rest = _number(text)
        feed, rest = _number(rest[1:]) if rest.startswith("x") else (cross, rest)
        return Resolution(cross, feed, 4 if rest.lower() in ("dpc", "dpcm") else 3)
    if tag == ValueTag.BEG_COLLECTION:
        if depth >= _MOST_DEPTH:
            return Collection([])
        members = parse_options(text).items()
        return Collection([_to_attribute(name, value, KNOWN.get(name), depth + 1) for name, value in members])
    return text.encode("utf-8", "surrogateescape") if tag == ValueTag.OCTET_STRING else text


def parse_options(text: str) -> dict[str, str]:
    """Options in one text, as on CUPS' command lines: ``copies=2 media-col={media-type=stationery} noduplex 'a'=b``.

    A name alone is ``true``, and with ``no`` before it ``false``. Names and values end at white space, except in quotes
    or braces; a backslash escapes the character after it. They are sorted by name, as libcups has them.
    """
    text = text.strip()
    if text.startswith("{") and text.endswith("}"):
        text = text[1:-1]
    found: dict[str, str] = {}
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        start = at
        while at < len(text) and not text[at].isspace() and text[at] != "=":
            at += 1
        name = text[start:at]
        if at < len(text) and text[at] == "=":
            value, at = _read_value(text, at + 1)
            found[name] = value
        elif name.lower().startswith("no") and len(name) > 2:
            found[name[2:]] = "false"
        else:
            found[name] = "true"
    return dict(sorted(found.items(), key=lambda pair: pair[0].lower()))


def _read_value(text: str, at: int) -> tuple[str, int]:
    value, quote, depth = "", "", 0
    while at < len(text):
        char = text[at]
        if char == "\\" and at + 1 < len(text) and not depth:
            value += text[at + 1]
            at += 2
            continue
        if quote:
            if char == quote:
                quote = ""
                if depth:
                    value += char
            else:
                value += char
        elif char in "'\"":
            quote = char
            if depth:
                value += char
        elif char.isspace() and not depth:
            break
        else:
            depth += (char == "{") - (char == "}")
            value += char
        at += 1
    return value, at
