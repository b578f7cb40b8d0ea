"""Compares what a client wants for a job with what the printer supports (RFC 8011 sections 4.1.7 and 5.2).

The rule of this file: an attribute is supported if "xxx-supported" says so, a collection member by member. The answer
returns an unknown attribute as 'unsupported', and a known one with exactly the values that the printer lacks or whose
syntax the registry does not allow. With ipp-attribute-fidelity, or for one of job-mandatory-attributes, the job is
refused then; otherwise these values are left out and not kept.
"""

from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from ippfast import registry
from ippfast.codec import Attribute, AttributeGroup, Collection
from ippfast.enums import Status
from ippfast.issues import RULES, Severity
from ippfast.media import parse_media_name
from ippfast.syntaxes import value_faults
from ippfast.tags import DelimiterTag, ValueTag
from ippfast.values import OutOfBand, RangeOfInteger, RawValue, Resolution, StringWithLanguage

from .calls import Call
from .description import Description
from .errors import OperationError
from .holding import clock_of, is_moment

__all__ = [
    "accept",
    "as_printed",
    "check",
    "is_sound",
    "is_template",
    "job_group",
    "of_documents",
    "supported_name",
    "take",
    "take_of_document",
    "template_of",
]

_MANY = 2**31 - 1
_INTEGERS = (ValueTag.INTEGER, ValueTag.ENUM)
_STRINGS = (ValueTag.KEYWORD, ValueTag.NAME)
_ASCENDING = frozenset({"page-ranges", "pages", "document-numbers"})
"""The sets of ranges that ascend and do not overlap (RFC 8011 section 5.2.7, PWG 5100.6 section 4.1)."""
_SUPPORTED_BY = {
    "media-size-name": "media-supported",
    "x-side1-image-shift": "x-image-shift-supported",  # PWG 5100.3: each axis has one range
    "x-side2-image-shift": "x-image-shift-supported",
    "y-side1-image-shift": "y-image-shift-supported",
    "y-side2-image-shift": "y-image-shift-supported",
}
"""The attributes and members whose supported values an attribute of another name lists."""
_MEDIA = ("media", "media-col")
_EXCLUSIVE = ("media", "finishings", "job-sheets")
"""The attributes that can't be used together with the collection of their name and "-col"."""


def supported_name(name: str) -> str:
    """The printer attribute that says which values an attribute may have."""
    return _SUPPORTED_BY.get(name, f"{name}-supported")


def is_template(name: str, group: str = "Job Template") -> bool:
    """Whether the registry has an attribute in that group, Job Template or Document Template."""
    spec = registry.lookup(name)
    return spec is not None and group in spec.groups


def template_of(description: Description, group: str = "Job Template") -> list[str]:
    """The attributes of a group that a printer has: those whose supported values its description lists."""
    known = _TEMPLATES.setdefault(description, {})
    if group not in known:
        known[group] = _template_of(description, group)
    return list(known[group])


_TEMPLATES: WeakKeyDictionary[Description, dict[str, list[str]]] = WeakKeyDictionary()


def _template_of(description: Description, group: str) -> list[str]:
    names = {name.removesuffix("-supported") for name in description.attributes if name.endswith("-supported")}
    names |= {name for name, other in _SUPPORTED_BY.items() if other in description.attributes}
    return sorted(name for name in names if is_template(name, group))


def as_printed(attributes: Iterable[Attribute]) -> list[Attribute]:
    """The attributes of a job for its output: a proof print has copies and media of its own (PWG 5100.11)."""
    given = {each.name: each for each in attributes}
    proof = given.pop("proof-print", None)
    value = None if proof is None else proof.values[0]
    if isinstance(value, Collection):
        instead = {each.name: each for each in value if each.name in _MEDIA}
        for name in _MEDIA if instead else ():
            given.pop(name, None)
        copies = value.get("proof-print-copies")
        instead["copies"] = Attribute("copies", ValueTag.INTEGER, [1] if copies is None else copies.values)
        given |= instead
    return list(given.values())


def of_documents(description: Description) -> list[str]:
    """The attributes that a client may give a document (document-creation-attributes-supported, PWG 5100.5)."""
    return sorted([*_OF_DOCUMENTS, *template_of(description, "Document Template")])


_OF_DOCUMENTS = (
    "compression",
    "document-charset",
    "document-format",
    "document-message",
    "document-metadata",
    "document-name",
    "document-natural-language",
)
_DESCRIBING = frozenset({"document-charset", "document-message", "document-metadata", "document-natural-language"})
"""Those of these attributes that are kept with the document unchanged."""


def check(description: Description, attributes: Iterable[Attribute]) -> tuple[list[Attribute], list[Attribute]]:
    """The attributes that are supported, and those that are not, as the answer gives them back.

    If an attribute has values of both kinds, each list has it with the values of that kind; so with a collection's
    members.

    Raises OperationError, client-error-bad-request, for what no printer may take.
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
        _check_set(name, attribute, attribute)
        if name == "page-ranges" and len(attribute.values) > description.number("max-page-ranges-supported", _MANY):
            refused.append(attribute)
            continue
        for kind, part in zip((accepted, refused), _parted(description, name, attribute, supported), strict=True):
            if part is not None:
                kind.append(part)
    return accepted, refused


def is_sound(path: str, attribute: Attribute) -> bool:
    """Whether an attribute, or a member of a collection at that path, agrees with the registry."""
    spec = registry.lookup(path, DelimiterTag.JOB)
    if spec is not None and len(attribute.values) > 1 and not spec.set:
        return False
    pairs = zip(attribute.tags, attribute.values, strict=True)
    return all(_is_sound_value(path, tag, value) for tag, value in pairs)


def _is_sound_value(path: str, tag: int, value: Any) -> bool:
    if isinstance(value, RawValue | OutOfBand):
        return False
    spec = registry.lookup(path, DelimiterTag.JOB)
    if tag == ValueTag.NAME and spec is not None and tag not in spec.tags:
        tag = ValueTag.KEYWORD  # some clients send keywords as names
    faults = value_faults(tag, value, spec)
    return not any(RULES[each.code].severity == Severity.ERROR or each.code == "control-character" for each in faults)


def _check_set(path: str, attribute: Attribute, whole: Attribute) -> None:
    """Refuse several values if only one is allowed, and ranges out of order, at any depth (RFC 8011 sections 5.1.18,
    5.2.7).

    whole: the attribute that has this one in it.
    """
    values = attribute.values
    spec = registry.lookup(path, DelimiterTag.JOB)
    if len(values) > 1 and spec is not None and not spec.set:
        raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, f"{path} must have one value", unsupported=[whole])
    if attribute.name in _ASCENDING:
        last = 0
        for each in values:
            if isinstance(each, RangeOfInteger):
                if not last < each.lower <= each.upper:
                    reason = f"the ranges of {path} must ascend from 1 on, without overlap"
                    raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, reason, unsupported=[whole])
                last = each.upper
    for each in values:
        if isinstance(each, Collection):
            for member in each:
                _check_set(f"{path}/{member.name}", member, whole)


def _parted(
    description: Description, path: str, attribute: Attribute, supported: Attribute
) -> tuple[Attribute | None, Attribute | None]:
    """The part of an attribute that is supported, and the part that is not."""
    good: list[tuple[int, Any]] = []
    bad: list[tuple[int, Any]] = []
    for tag, value in zip(attribute.tags, attribute.values, strict=True):
        parts: tuple[Any, Any]
        if isinstance(value, Collection):
            parts = _parted_members(description, path, value, supported)
        elif _is_supported(path, tag, value, supported):
            parts = value, None
            if clock_of(value) is not None:
                tag = ValueTag.NAME  # no keyword looks like that
        else:
            parts = None, value
        for kind, part in zip((good, bad), parts, strict=True):
            if part is not None:
                kind.append((tag, part))
    made = [
        Attribute(attribute.name, [tag for tag, _ in pairs], [value for _, value in pairs]) if pairs else None
        for pairs in (good, bad)
    ]
    return made[0], made[1]


def _parted_members(
    description: Description, path: str, value: Collection, supported: Attribute
) -> tuple[Collection | None, Collection | None]:
    """The members of a collection that are supported, and those that are not."""
    if any(isinstance(own, Collection) for own in supported.values):
        fits = any(isinstance(own, Collection) and _fits(value, own) for own in supported.values)
        return (value, None) if fits else (None, value)
    good: list[Attribute] = []
    bad: list[Attribute] = []
    for member in value:
        inner, own = f"{path}/{member.name}", description.get(supported_name(member.name))
        if member.name not in supported.values:
            bad.append(Attribute(member.name, OutOfBand.UNSUPPORTED.value, [OutOfBand.UNSUPPORTED]))
        elif own is None:
            _part_member(description, inner, member, good, bad)
        else:
            for kind, part in zip((good, bad), _parted(description, inner, member, own), strict=True):
                if part is not None:
                    kind.append(part)
    return Collection(good) if good else None, Collection(bad) if bad else None


def _part_member(
    description: Description, path: str, member: Attribute, good: list[Attribute], bad: list[Attribute]
) -> None:
    """Judge a member whose supported values no attribute lists. Attributes may list those of its own members: there is
    no "stitching-supported", but "stitching-angle-supported" (PWG 5100.1 section 5.2)."""
    if not is_sound(path, member):
        bad.append(member)
        return
    for value in member.values:
        for inner in value if isinstance(value, Collection) else ():
            own = description.get(supported_name(inner.name))
            if own is not None and _parted(description, f"{path}/{inner.name}", inner, own)[1] is not None:
                bad.append(member)
                return
    good.append(member)


def _is_supported(path: str, tag: int, value: Any, supported: Attribute) -> bool:
    """Whether a value that is not a collection is among those that are supported."""
    name = path.rpartition("/")[2]
    if name == "job-hold-until" and clock_of(value) is not None:  # CUPS takes a time of day too
        return tag in _STRINGS
    if not _is_sound_value(path, tag, value):
        return False
    if name == "job-hold-until-time":
        return is_moment(value)  # the supported range is the seconds from now until then: any
    if isinstance(value, StringWithLanguage):
        value = value.string
    for own_tag, own in zip(supported.tags, supported.values, strict=True):
        if own_tag == ValueTag.BOOLEAN:
            if own:
                return True
        elif isinstance(own, RangeOfInteger):
            if isinstance(value, RangeOfInteger):
                if own.lower <= value.lower <= value.upper <= own.upper:
                    return True
            elif tag in _INTEGERS and value in own:
                return True
        elif (value == own and isinstance(value, (str, Resolution))) or (
            tag in _INTEGERS and own_tag in _INTEGERS and value == own
        ):
            return True
    if name == "job-priority":
        return True  # the supported value is the number of levels (RFC 8011 section 5.2.1)
    return name in ("media", "media-size-name") and isinstance(value, str) and _is_custom_size(value, supported)


def _is_custom_size(name: str, supported: Attribute) -> bool:
    size = parse_media_name(name)
    bounds = {
        each.name: each for each in map(parse_media_name, supported.values) if each and each.media_class == "custom"
    }
    least, most = bounds.get("min"), bounds.get("max")
    variant = name.count("_") > 2  # such as "_borderless": supported if it is listed
    if size is None or variant or size.name in ("min", "max") or least is None or most is None:
        return False
    return bool(least.width <= size.width <= most.width and least.length <= size.length <= most.length)


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
    """Those attributes of a group that a job can have. What is left out is noted in ``call.ignored``.

    Raises OperationError if the client wants no job without the others.
    """
    given = [] if group is None else list(group)
    # CUPS' clients, and its own tests, put job-hold-until among the operation attributes.
    hold = call.attributes.get("job-hold-until")
    if hold is not None and all(attribute.name != "job-hold-until" for attribute in given):
        given.append(hold)
    return _judge(call, given)


def take_of_document(call: Call) -> list[Attribute]:
    """The attributes of the request's document: the Document Template attributes that it can have, and those that
    describe it (PWG 5100.5 section 5.1). What is left out is noted, and refused, as by `take`."""
    groups = call.message.groups_of(DelimiterTag.DOCUMENT)
    given = [each for each in call.attributes if each.name in _DESCRIBING]
    given += [each for group in groups[:1] for each in group]
    describing = {each.name: each for each in given if each.name in _DESCRIBING}
    template = _judge(call, [each for each in given if each.name not in _DESCRIBING and each.name not in _OF_DOCUMENTS])
    return [each for each in describing.values() if is_sound(each.name, each)] + template


def _judge(call: Call, given: list[Attribute]) -> list[Attribute]:
    """The supported ones. Raises OperationError if the client wants nothing without the others."""
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
    """PWG 5100.7 section 6.3, PWG 5100.1 section 5.2: an attribute or its collection, not both."""
    for name in _EXCLUSIVE:
        both = [attribute for attribute in accepted if attribute.name in (name, f"{name}-col")]
        if len(both) == 2:
            reason = f"give {name} or {name}-col, not both"
            raise OperationError(Status.CLIENT_ERROR_BAD_REQUEST, reason, unsupported=both)


def accept(call: Call) -> tuple[str, str]:
    """Check the operation attributes that say how a document comes. Returns its format, with parameters, and its name.

    Raises OperationError for a compression or format that is not supported.
    """
    description = call.printer.description
    compression = call.keyword("compression") or "none"
    if compression not in description.values("compression-supported"):
        raise OperationError(
            Status.CLIENT_ERROR_COMPRESSION_NOT_SUPPORTED,
            "this compression is not supported",
            unsupported=[call.attributes["compression"]],
        )
    document_format = call.string("document-format", ValueTag.MIME_MEDIA_TYPE)
    if document_format is None:
        document_format = description.text("document-format-default", "application/octet-stream")
    kind, parameter, rest = document_format.partition(";")
    kind = kind.strip().lower()
    is_sound = not any(value_faults(ValueTag.MIME_MEDIA_TYPE, f"{kind}{parameter}{rest}", None))
    if kind not in description.values("document-format-supported") or not is_sound:
        raise OperationError(
            Status.CLIENT_ERROR_DOCUMENT_FORMAT_NOT_SUPPORTED,
            "documents of this format are not printed here",
            unsupported=[given] if (given := call.attributes.get("document-format")) is not None else [],
        )
    return f"{kind}{parameter}{rest}", call.string("document-name") or ""


def job_group(call: Call) -> AttributeGroup | None:
    """The job attributes of the request, or None."""
    groups = call.message.groups_of(DelimiterTag.JOB)
    return groups[0] if groups else None
