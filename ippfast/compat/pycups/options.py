"""Job options, names and texts, as attributes: ``{"copies": "2", "page-ranges": "1-3,7", "sides": "two-sided"}``.

The rule of this file: the registry says which syntax a text stands for. What it does not know is a boolean where the
text is one, and a name otherwise, as in CUPS' programs.
"""

import re
from collections.abc import Iterator, Mapping

from ... import Attribute, OutOfBand, RangeOfInteger, Resolution, ValueTag, attribute
from ...errors import RegistryError
from ...registry import AttributeSpec, lookup
from .transport import to_text

__all__ = ["operation_and_job", "split_options"]

_TRUE, _FALSE = {"true", "on", "yes"}, {"false", "off", "no"}
_RANGE = re.compile(r"(\d+)(?:-(\d*))?")
_RESOLUTION = re.compile(r"(\d+)(?:x(\d+))?(dpi|dpcm)")
_MOST = 2**31 - 1
_OPERATION = frozenset({"document-format", "document-name", "compression", "job-name"})
"""Options that are operation attributes (RFC 8011 sections 4.2.1 and 4.3.1)."""


def split_options(options: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Names and texts, both str. Raises TypeError for anything else."""
    if not isinstance(options, Mapping):
        raise TypeError("options must be a dict")
    for name, text in options.items():
        if not isinstance(name, (str, bytes)) or not isinstance(text, (str, bytes)):
            raise TypeError("Keys and values must be strings")
        yield to_text(name), to_text(text)


def operation_and_job(options: Mapping[str, str]) -> tuple[list[Attribute], list[Attribute]]:
    """The operation attributes and the job attributes that options mean."""
    operation: list[Attribute] = []
    job: list[Attribute] = []
    for name, text in split_options(options):
        (operation if name in _OPERATION else job).append(_to_attribute(name, text))
    return operation, job


def _to_attribute(name: str, text: str) -> Attribute:
    spec = lookup(name)
    if spec is None:
        if text.lower() in ("true", "false"):
            return Attribute(name, ValueTag.BOOLEAN, text.lower() == "true")
        return Attribute(name, ValueTag.NAME, text)
    texts = text.split(",") if spec.set and "{" not in text else [text]
    values = [_to_value(each.strip(), spec) for each in texts]
    try:
        return attribute(name, values if spec.set else values[0])
    except RegistryError:  # such as a keyword that the printer alone knows: it is the one to judge
        tag = ValueTag.KEYWORD if ValueTag.KEYWORD in spec.tags else ValueTag.NAME
        return Attribute(name, tag, texts)


def _to_value(text: str, spec: AttributeSpec) -> object:
    """What a text is in the first syntax that it fits."""
    for tag in spec.tags:
        if tag in (ValueTag.INTEGER, ValueTag.ENUM) and re.fullmatch(r"-?\d{1,10}", text):
            return int(text)
        if tag == ValueTag.BOOLEAN and text.lower() in _TRUE | _FALSE:
            return text.lower() in _TRUE
        if tag == ValueTag.RANGE_OF_INTEGER and (found := _RANGE.fullmatch(text)):
            lower, upper = int(found[1]), found[2]
            return RangeOfInteger(lower, lower if upper is None else int(upper or _MOST))
        if tag == ValueTag.RESOLUTION and (found := _RESOLUTION.fullmatch(text)):
            feed = int(found[2] or found[1])
            return Resolution(int(found[1]), feed, 3 if found[3] == "dpi" else 4)
        if tag == ValueTag.NO_VALUE and not text:
            return OutOfBand.NO_VALUE
    return text
