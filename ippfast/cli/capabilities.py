"""Whether a printer can do what a job asks for, by its xxx-supported attributes (RFC 8011 section 5.2).

The rule of this file: it objects only if the printer itself says otherwise, and then lists what the printer
supports. What the printer says nothing about passes: the printer itself decides about it.
"""

from collections.abc import Iterable, Iterator, Sequence

from ippfast import Attribute, AttributeGroup, Collection, OutOfBand, RangeOfInteger, Resolution, StringWithLanguage
from ippfast.registry import enum_for

from .text import escape

__all__ = ["faults", "show"]

# Attributes whose -supported does not list values (RFC 8011 section 5.2, PWG 5100.7).
_COUNTED = {"job-priority"}
_SHOWN = 30


def faults(attributes: Iterable[Attribute], printer: AttributeGroup, *, template: bool = True) -> Iterator[str]:
    """A line for each attribute or value that the printer does not support.

    template: whether they are Job Template attributes, which job-creation-attributes-supported lists.
    """
    for attribute in attributes:
        supported = printer.get(f"{attribute.name}-supported")
        if supported is None or isinstance(supported.values[0], OutOfBand):
            creation = _words(printer, "job-creation-attributes-supported")
            known = attribute.name in creation or f"{attribute.name}-default" in printer
            if template and creation and not known:
                yield f"the printer does not support {attribute.name}; it supports {_list(sorted(creation))}"
            continue
        yield from _attribute(attribute, supported.values, attribute.name, printer)


def _words(printer: AttributeGroup, name: str) -> set[str]:
    attribute = printer.get(name)
    return set() if attribute is None else {value for value in attribute.values if isinstance(value, str)}


def _attribute(attribute: Attribute, supported: Sequence[object], path: str, printer: AttributeGroup) -> Iterator[str]:
    if attribute.name in _COUNTED:
        return
    for value in attribute.values:
        if isinstance(value, Collection) and not any(isinstance(each, Collection) for each in supported):
            yield from _members(value, supported, path, printer)
        elif not _fits(value, supported):
            enum = enum_for(attribute.name)
            shown = [show(each, enum) for each in supported]
            if supported == (False,):
                yield f"the printer does not support {path}"
                return
            yield f"the printer does not support {path}={show(value, enum)}; it supports {_list(shown)}"


def _members(collection: Collection, supported: Sequence[object], path: str, printer: AttributeGroup) -> Iterator[str]:
    """A collection whose -supported names its members, each of which has a -supported of its own (PWG 5100.7)."""
    for member in collection:
        if member.name not in supported:
            yield f"the printer does not support {path}/{member.name}; it supports {_list(map(str, supported))}"
            continue
        values = printer.get(f"{member.name}-supported")
        if values is not None and not isinstance(values.values[0], OutOfBand):
            yield from _attribute(member, values.values, f"{path}/{member.name}", printer)


def _fits(value: object, supported: Sequence[object]) -> bool:
    """Whether a value is among those supported; a value of another kind passes."""
    if isinstance(value, OutOfBand):
        return True
    if supported and all(isinstance(each, bool) for each in supported):
        # For a boolean these are its values; for others they say whether it is supported (page-ranges-supported).
        return value in supported if isinstance(value, bool) and len(supported) > 1 else True in supported
    if isinstance(value, StringWithLanguage):
        value = value.string
    comparable = False
    for each in supported:
        if isinstance(each, StringWithLanguage):
            each = each.string
        if isinstance(value, Collection) and isinstance(each, Collection):
            comparable = True
            if _within(value, each):
                return True
        elif isinstance(each, RangeOfInteger) and isinstance(value, int):
            comparable = True
            if each.lower <= value <= each.upper:
                return True
        elif isinstance(each, RangeOfInteger) and isinstance(value, RangeOfInteger):
            comparable = True
            if each.lower <= value.lower and value.upper <= each.upper:
                return True
        elif isinstance(each, int) and isinstance(value, str):  # the longest string, as in job-name-supported
            comparable = True
            if len(value.encode("utf-8", "surrogateescape")) <= each:
                return True
        elif type(each) is type(value) or (isinstance(each, int) and isinstance(value, int)):
            comparable = True
            if each == value:
                return True
    return not comparable


def _within(value: Collection, supported: Collection) -> bool:
    """Whether each member, such as a dimension, is among what a collection of -supported has for it."""
    for member in value:
        allowed = supported.get(member.name)
        if allowed is None or not all(_fits(each, allowed.values) for each in member.values):
            return False
    return True


def show(value: object, enum: type | None = None) -> str:
    """A value as people type it. enum: names its numbers."""
    if isinstance(value, RangeOfInteger):
        return f"{value.lower}-{value.upper}"
    if isinstance(value, Resolution):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Collection):
        members = [f"{each.name}={','.join(show(one) for one in each.values)}" for each in value]
        return "{" + " ".join(map(escape, members)) + "}"
    if isinstance(value, int) and enum is not None:
        return str(enum.coerce(value))  # type: ignore[attr-defined]  # an OpenEnum
    return escape(str(value))


def _list(words: Iterable[str]) -> str:
    shown = [escape(word) for word in words]
    more = len(shown) - _SHOWN
    return ", ".join(shown[:_SHOWN]) + (f" and {more} more" if more > 0 else "") or "nothing"
