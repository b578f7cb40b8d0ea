"""What a client wants of a job, held against what the printer has (RFC 8011 sections 4.1.7 and 5.2).

The rule of this file: an attribute is supported where "xxx-supported" says so; a collection member by member. Of an
attribute that is unknown the answer says 'unsupported'; of a known one exactly the values that are not to be had.
With ipp-attribute-fidelity, or for one of the job-mandatory-attributes, that refuses the job, else they are left out.
"""

from collections.abc import Iterable
from typing import Any

from ippfast.codec import Attribute, AttributeGroup, Collection
from ippfast.enums import Status
from ippfast.media import parse_media_name
from ippfast.tags import DelimiterTag, ValueTag
from ippfast.values import OutOfBand, RangeOfInteger, RawValue, Resolution, StringWithLanguage

from .calls import Call, OperationError
from .description import Description

__all__ = ["TEMPLATE", "accept", "check", "supported_name", "take"]

TEMPLATE = (
    "copies",
    "feed-orientation",
    "finishings",
    "job-account-id",
    "job-accounting-user-id",
    "job-hold-until",
    "job-priority",
    "job-sheets",
    "media",
    "media-col",
    "multiple-document-handling",
    "number-up",
    "orientation-requested",
    "output-bin",
    "overrides",
    "page-ranges",
    "presentation-direction-number-up",
    "print-color-mode",
    "print-content-optimize",
    "print-quality",
    "print-rendering-intent",
    "print-scaling",
    "printer-resolution",
    "sides",
)
"""The Job Template attributes that are known; which of them a printer has, its description says."""

# The syntaxes of values, where the registry's are not enough to compare: how many levels, and how long.
_INTEGERS = (ValueTag.INTEGER, ValueTag.ENUM)


def supported_name(name: str) -> str:
    """The printer attribute that says which values an attribute may have."""
    return f"{name}-supported"


def check(description: Description, attributes: Iterable[Attribute]) -> tuple[list[Attribute], list[Attribute]]:
    """The attributes that are supported, and those that are not, as the answer gives them back.

    Of an attribute with values of both kinds, each list has its own values.
    """
    accepted: list[Attribute] = []
    refused: list[Attribute] = []
    seen: set[str] = set()
    for attribute in attributes:
        name = attribute.name
        if name in seen:  # RFC 8011 section 4.1.3: one instance is used
            continue
        seen.add(name)
        supported = description.get(supported_name(name))
        if supported is None:
            refused.append(Attribute(name, OutOfBand.UNSUPPORTED.value, [OutOfBand.UNSUPPORTED]))
            continue
        good: list[tuple[int, Any]] = []
        bad: list[tuple[int, Any]] = []
        for tag, value in zip(attribute.tags, attribute.values, strict=True):
            rest = _unsupported(description, name, tag, value, supported)
            if rest is None:
                good.append((tag, value))
            else:
                bad.append((tag, rest))
        for kind, pairs in ((accepted, good), (refused, bad)):
            if pairs:
                kind.append(Attribute(name, [tag for tag, _ in pairs], [value for _, value in pairs]))
    return accepted, refused


def _unsupported(description: Description, name: str, tag: int, value: Any, supported: Attribute) -> Any:
    """What of a value is not supported: nothing is None, of a collection its members."""
    if isinstance(value, StringWithLanguage):
        value = value.string
    if isinstance(value, RawValue | OutOfBand):
        return value
    if isinstance(value, Collection):
        return _unsupported_members(description, value, supported)
    for own_tag, own in zip(supported.tags, supported.values, strict=True):
        if own_tag == ValueTag.BOOLEAN:
            if own:
                return None
        elif isinstance(own, RangeOfInteger):
            if isinstance(value, RangeOfInteger):
                if own.lower <= value.lower <= value.upper <= own.upper:
                    return None
            elif tag in _INTEGERS and value in own:
                return None
        elif (value == own and isinstance(value, (str, Resolution))) or (
            tag in _INTEGERS and own_tag in _INTEGERS and value == own
        ):
            return None
    if name == "job-priority" and tag == ValueTag.INTEGER and 1 <= value <= 100:
        return None  # the supported value is how many levels there are (RFC 8011 section 5.2.1)
    if name == "media" and isinstance(value, str) and _is_custom_size(value, supported):
        return None
    return value


def _is_custom_size(name: str, supported: Attribute) -> bool:
    size = parse_media_name(name)
    bounds = {
        each.name: each for each in map(parse_media_name, supported.values) if each and each.media_class == "custom"
    }
    least, most = bounds.get("min"), bounds.get("max")
    if size is None or size.name in ("min", "max") or least is None or most is None:
        return False
    return bool(least.width <= size.width <= most.width and least.length <= size.length <= most.length)


def _unsupported_members(description: Description, value: Collection, supported: Attribute) -> Collection | None:
    """The members that are not supported."""
    if any(isinstance(own, Collection) for own in supported.values):
        fits = any(isinstance(own, Collection) and _fits(value, own) for own in supported.values)
        return None if fits else value
    bad = []
    for member in value:
        own = description.get(supported_name(member.name))
        if member.name not in supported.values:
            bad.append(Attribute(member.name, OutOfBand.UNSUPPORTED.value, [OutOfBand.UNSUPPORTED]))
        elif own is not None:
            rest = [
                (tag, left)
                for tag, each in zip(member.tags, member.values, strict=True)
                if (left := _unsupported(description, member.name, tag, each, own)) is not None
            ]
            if rest:
                bad.append(Attribute(member.name, [tag for tag, _ in rest], [left for _, left in rest]))
    return Collection(bad) if bad else None


def _fits(value: Collection, own: Collection) -> bool:
    """Whether each member has the value, or lies in the range, that a collection of the printer's gives."""
    for member in own:
        given, bound = value.get(member.name), member.values[0]
        if given is None:
            return False
        each = given.values[0]
        inside = isinstance(bound, RangeOfInteger) and isinstance(each, int) and each in bound
        if not inside and each != bound:
            return False
    return True


def take(call: Call, group: AttributeGroup | None) -> list[Attribute]:
    """The attributes of a group, those that a job can have. What is left out is noted in ``call.ignored``.

    Raises OperationError where the client would rather have no job than another one.
    """
    given = [] if group is None else list(group)
    # CUPS' clients, and its own tests, put this one among the operation attributes.
    hold = call.attributes.get("job-hold-until")
    if hold is not None and all(attribute.name != "job-hold-until" for attribute in given):
        given.append(hold)
    accepted, refused = check(call.printer.description, given)
    if refused:
        mandatory = set(call.values("job-mandatory-attributes", ValueTag.KEYWORD))
        if call.boolean("ipp-attribute-fidelity") or mandatory.intersection(each.name for each in refused):
            names = ", ".join(each.name for each in refused)
            raise OperationError(
                Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED, f"not supported: {names}", unsupported=refused
            )
        call.ignored += refused
    _check_conflict(accepted)
    return accepted


def _check_conflict(accepted: list[Attribute]) -> None:
    """RFC 8011 and PWG 5100.7 section 6.3: media or media-col, not both."""
    both = [attribute for attribute in accepted if attribute.name in ("media", "media-col")]
    if len(both) == 2:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, "media and media-col are one choice", unsupported=both)


def accept(call: Call) -> tuple[str, str]:
    """Check the operation attributes that say how a document comes. Returns its format and its name.

    Raises OperationError for a compression or format that is not supported.
    """
    description = call.printer.description
    compression = call.keyword("compression") or "none"
    if compression not in description.values("compression-supported"):
        raise OperationError(
            Status.CLIENT_ERROR_COMPRESSION_NOT_SUPPORTED,
            "there is no such compression here",
            unsupported=[call.attributes["compression"]],
        )
    document_format = call.string("document-format", ValueTag.MIME_MEDIA_TYPE)
    if document_format is None:
        document_format = description.text("document-format-default", "application/octet-stream")
    kind = document_format.partition(";")[0].strip().lower()
    if kind not in description.values("document-format-supported"):
        raise OperationError(
            Status.CLIENT_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED,
            "documents of this format are not printed here",
            unsupported=[call.attributes["document-format"]],
        )
    return kind, call.string("document-name") or ""


def job_group(call: Call) -> AttributeGroup | None:
    """The job attributes of the request, or None."""
    groups = call.message.groups_of(DelimiterTag.JOB)
    return groups[0] if groups else None
