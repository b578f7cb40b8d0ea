"""What is checked in every response, whatever a test expects (RFC 8011 section 4.1).

The rule of this file: it finds what CUPS' ipptool finds, in its words, and what our client had to repair.
"""

from collections.abc import Iterator

from ippfast.codec import Attribute, AttributeGroup, Collection, Message
from ippfast.issues import Issue
from ippfast.registry import lookup
from ippfast.syntaxes import describe_tagged, form_faults, is_name
from ippfast.tags import DelimiterTag, ValueTag, describe_tag

from .expectations import find, groups_in_order
from .values import string_of, tag_name

__all__ = ["faults_of"]

_FIRST = (("attributes-charset", ValueTag.CHARSET), ("attributes-natural-language", ValueTag.NATURAL_LANGUAGE))
_MESSAGES = (("status-message", 255, "255", "4.1.6.2"), ("detailed-status-message", 1_023, "MAX", "4.1.6.3"))


def faults_of(message: Message, asked: Message, issues: tuple[Issue, ...]) -> Iterator[str]:
    """Report what is wrong with a response. asked: the request. issues: what was repaired."""
    for issue in issues:
        yield f"Malformed response: {issue}"
    if asked.version != (0, 0) and message.version != asked.version:
        got, expected = (".".join(map(str, each)) for each in (message.version, asked.version))
        yield f"Bad version {got} in response - expected {expected} (RFC 8011 section 4.1.8)."
    if message.request_id != asked.request_id:
        yield (
            f"Bad request ID {message.request_id} in response - expected {asked.request_id} (RFC 8011 section 4.1.1)"
        )
    yield from _first_attributes(message)
    for name, longest, bound, section in _MESSAGES:
        yield from _status_message(message, name, longest, bound, section)
    yield from groups_in_order(message.groups)
    for group in message.groups:
        yield from _group_faults(group)


def _first_attributes(message: Message) -> Iterator[str]:
    attributes = [(group, attribute) for group in message.groups for attribute in group]
    for (name, tag), which, there in zip(_FIRST, ("first", "second"), (*attributes[:2], None, None), strict=False):
        expected = f'"{name} ({tag_name(tag)})" in group operation-attributes-tag'
        if there is None:
            yield f"Missing {which} attribute {expected} (RFC 8011 section 4.1.4)."
            return
        group, attribute = there
        right = attribute.name == name and attribute.tag == tag and len(attribute.values) == 1
        if not right or group.tag != DelimiterTag.OPERATION:
            several = "1setOf " if len(attribute.values) > 1 else ""
            got = f'"{attribute.name} ({several}{tag_name(attribute.tag)})" in group {describe_tag(group.tag)}'
            yield f"Bad {which} attribute {got}, expected {expected} (RFC 8011 section 4.1.4)."


def _status_message(message: Message, name: str, longest: int, bound: str, section: str) -> Iterator[str]:
    found = next(find(message, name), None)
    if found is None:
        return
    attribute, group = found
    start, rule = f"{name} (text({bound})) has", f"(RFC 8011 section {section})."
    if attribute.tag not in (ValueTag.TEXT, ValueTag.TEXT_WITH_LANGUAGE):
        yield f"{start} wrong value tag {tag_name(attribute.tag)} {rule}"
    if group != DelimiterTag.OPERATION:
        yield f"{start} wrong group tag {describe_tag(group)} {rule}"
    if len(attribute.values) != 1:
        yield f"{start} {len(attribute.values)} values {rule}"
    length = len((string_of(attribute.values[0]) or "").encode("utf-8", "surrogateescape"))
    if length > longest:
        yield f"{start} bad length {length} {rule}"


def _group_faults(group: AttributeGroup) -> Iterator[str]:
    seen: set[str] = set()
    for attribute in group:
        yield from _attribute_faults(attribute, attribute.name, int(group.tag))
        if attribute.name in seen:
            yield f'Duplicate "{attribute.name}" attribute in {describe_tag(group.tag)} group'
        seen.add(attribute.name)


def _attribute_faults(attribute: Attribute, path: str, group: int) -> Iterator[str]:
    """Report malformed names and values; values need not be registered."""
    if not is_name(attribute.name):
        yield f'"{path}": Bad attribute name'
    spec = lookup(path, group)
    for value, tag in zip(attribute.values, attribute.tags, strict=True):
        for fault in form_faults(tag, value, spec):
            yield f'"{path}": Bad {describe_tagged(tag, value)} - expected {fault.expected}'
        if isinstance(value, Collection):
            for member in value:
                yield from _attribute_faults(member, f"{path}/{member.name}", group)
