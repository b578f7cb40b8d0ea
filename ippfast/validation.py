"""Checks a message against RFC 8010, RFC 8011 and the registry: `validate`.

The rule of this file: it reports everything and refuses nothing. It looks closely at what a glance (`_glance.pyx`) has
doubts about, and says what is wrong there; the pure twin has doubts about everything. `decode` has accepted the
message, so its framing is sound. `ippfast.syntaxes` says what a value may be, `ippfast.issues` what an issue means. The
time is linear in the size of the message, and nothing in a message raises an exception.
"""

from functools import lru_cache
from itertools import pairwise

from . import registry
from .codec import IMPLEMENTATION
from .enums import Operation, Status
from .issues import RULES, Issue, told_name
from .registry import AttributeSpec
from .syntaxes import Fault, describe_tagged, is_name, value_faults
from .tags import DelimiterTag, ValueTag, describe_tag
from .targets import TARGETS, needs_job, needs_target
from .values import OutOfBand, RangeOfInteger

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Literal, TypeAlias

    from .codec import Attribute, AttributeGroup, Collection, Message

    Role: TypeAlias = Literal["request", "response"]

if TYPE_CHECKING or IMPLEMENTATION == "python":
    from ._glance_py import doubtful, head
else:
    from ._glance import doubtful, head

__all__ = ["guess_role", "validate"]

# RFC 8011 section 4.1.7: these statuses say what was not supported.
_UNSUPPORTED_STATUSES = {
    Status.SUCCESSFUL_OK_IGNORED_OR_SUBSTITUTED_ATTRIBUTES,
    Status.SUCCESSFUL_OK_CONFLICTING_ATTRIBUTES,
    Status.CLIENT_ERROR_ATTRIBUTES_OR_VALUES_NOT_SUPPORTED,
    Status.CLIENT_ERROR_CONFLICTING_ATTRIBUTES,
}
# Its sets list values that do not go together, so their order means nothing.
_CONSTRAINTS = "job-constraints-supported"
_STATUS_CLASSES = {0x00, 0x01, 0x03, 0x04, 0x05}
# The operations whose requests may delete an attribute (RFC 3380 section 8.2, and later documents).
# Set-Printer-Attributes is not among them.
_DELETING = {
    Operation.SET_JOB_ATTRIBUTES,
    Operation.SET_DOCUMENT_ATTRIBUTES,
    Operation.SET_RESOURCE_ATTRIBUTES,
    Operation.SET_SYSTEM_ATTRIBUTES,
}
# What requests of an operation must have besides charset, natural language and target, and which section says so.
_REQUIRED: dict[int, tuple[tuple[str, str], ...]] = {
    Operation.PRINT_URI: (("document-uri", "RFC 8011 section 4.2.2"),),
    Operation.SEND_DOCUMENT: (("last-document", "RFC 8011 section 4.3.1.1"),),
    Operation.SEND_URI: (
        ("last-document", "RFC 8011 section 4.3.1.1"),
        ("document-uri", "RFC 8011 section 4.3.2"),
    ),
    Operation.GET_NOTIFICATIONS: (("notify-subscription-ids", "RFC 3996 section 5.1.1"),),
}
_REQUIRED_GROUPS: dict[int, tuple[DelimiterTag, str]] = {
    Operation.SET_PRINTER_ATTRIBUTES: (DelimiterTag.PRINTER, "RFC 3380 section 4.1"),
    Operation.SET_JOB_ATTRIBUTES: (DelimiterTag.JOB, "RFC 3380 section 4.2"),
}
# These attributes have a value for each value of printer-uri-supported.
_PARALLEL = (
    ("uri-authentication-supported", "RFC 8011 section 5.4.2"),
    ("uri-security-supported", "RFC 8011 section 5.4.3"),
)
# The operations whose requests have no printer attributes (RFC 8011 sections 4.2 and 4.3).
_WITHOUT_PRINTER = range(Operation.PRINT_JOB, Operation.PURGE_JOBS + 1)
_RESPONSE_GROUPS = (DelimiterTag.UNSUPPORTED, DelimiterTag.EVENT_NOTIFICATION)
# If a code is an operation-id and a status-code, these attributes show a response; so do those groups, and printer
# attributes.
_RESPONSE_ATTRIBUTES = ("status-message", "notify-status-code", "notify-get-interval", "job-state")

_kept_faults: "dict[tuple[object, ...] | None, tuple[Fault, ...]]" = {}
_MOST_KEPT = 2_048
_LONGEST_KEPT = 255
"""The most characters of a string whose faults are kept: a keyword or name has no more octets."""


def validate(message: "Message", *, role: "Role | None" = None) -> list[Issue]:
    """Report what in a message is wrong, or not known to the registry, in the order of the message.

    role: ``"request"`` or ``"response"``, since the octets do not say it; None: `guess_role` guesses.

    It checks the header; the order and presence of groups, charset, natural language and target; names, duplicates and
    the number of values; and each value: its form, syntax, length and range, out-of-band values, members of
    collections. If a name, an enum or a keyword is not registered, that is only an information.
    """
    found = head(message, role, _facts(message.code))
    validator = _Validator(message, found or role or guess_role(message))
    if found is None:
        validator.look_at_head()
    for group in message.groups:
        validator.attributes(group)
    return validator.issues


@lru_cache(maxsize=1024)
def _facts(code: int) -> int:
    """What `head` must know of a code, as bits. `Fact` in `_glance.pyx` names the same bits."""
    operation, status = Operation.coerce(code), Status.coerce(code)
    is_operation = isinstance(operation, Operation) or 0x4000 <= code <= 0x7FFF
    facts = (
        is_operation,
        isinstance(status, Status),
        code in _REQUIRED or code in _REQUIRED_GROUPS,
        code in _UNSUPPORTED_STATUSES,
        needs_job(code),
        code in _WITHOUT_PRINTER,
    )
    return sum(fact << place for place, fact in enumerate(facts))


def guess_role(message: "Message") -> "Role":
    """Guess whether a message is a request or a response.

    The code says it, except for 0x0002, 0x0003, 0x0005 and 0x0007, which are operation-ids and status-codes. A message
    with one of these is a request if it names a target; otherwise it is a response if it has something that only a
    response has: unsupported or printer attributes, events, a status-message, a job-state.
    """
    operation = isinstance(message.operation, Operation) or 0x4000 <= message.code <= 0x7FFF
    status = isinstance(message.status, Status)
    if not (operation and status):
        return "request" if operation else "response"
    if any(target in group for group in message.groups_of(DelimiterTag.OPERATION) for target in TARGETS):
        return "request"
    answers = any(
        group.tag in (*_RESPONSE_GROUPS, DelimiterTag.PRINTER) or any(name in group for name in _RESPONSE_ATTRIBUTES)
        for group in message.groups
    )
    return "response" if answers else "request"


class _Validator:
    """One message, and what was found so far."""

    def __init__(self, message: "Message", role: "Role") -> None:
        self.message = message
        self.role = role
        self.issues: list[Issue] = []
        self.charset = "utf-8"
        self.name = ""
        """The name of the attribute that is being looked at, also while its members are."""

    def look_at_head(self) -> None:
        """Check the header, the groups, and the attributes that have to come first."""
        self.header()
        self.groups()
        for group in self.message.groups:
            if group.tag == DelimiterTag.OPERATION:
                self.operation_attributes(group)
                break

    def add(
        self,
        code: str,
        message: str,
        group: "AttributeGroup | None" = None,
        attribute: "Attribute | None" = None,
        *,
        member: str | None = None,
        index: int | None = None,
        section: str | None = None,
    ) -> None:
        name = None if attribute is None else attribute.name if member is None else self.name
        severity, rule_section = RULES[code]
        self.issues.append(
            Issue(
                severity,
                code,
                message,
                section or rule_section,
                None if group is None else group.tag,
                name,
                member or None,
                index,
                None if attribute is None else attribute.offset,
            )
        )

    def header(self) -> None:
        message = self.message
        if message.version[0] not in (1, 2):
            self.add("version", f"expected version 1 or 2, got {message.version[0]}.{message.version[1]}")
        # A response copies the request-id, even if it is 0 (RFC 8011 section 4.1.2): that is not the printer's fault.
        least = 1 if self.role == "request" else 0
        if not least <= message.request_id < 2**31:
            self.add("request-id", f"expected a request-id from {least} to 2147483647, got {message.request_id}")
        if self.role == "request":
            if not 2 <= message.code <= 0x7FFF:
                self.add("operation-id", f"expected an operation-id from 0x0002 to 0x7fff, got 0x{message.code:04x}")
        elif message.code >> 8 not in _STATUS_CLASSES:
            self.add("status-code", f"expected a status-code of a known class, got 0x{message.code:04x}")

    def groups(self) -> None:
        """Order and presence of groups (RFC 8010 section 3.3, RFC 8011 section 4.1.1)."""
        groups = self.message.groups
        tags = [group.tag for group in groups]
        if DelimiterTag.OPERATION not in tags:
            self.add("missing-operation-group", "there are no operation attributes")
        elif tags[0] != DelimiterTag.OPERATION:
            self.add("group-order", f"expected operation attributes first, got {describe_tag(tags[0])}", groups[0])
        seen = set()
        for place, group in enumerate(groups):
            tag = group.tag
            if tag in seen and tag in (DelimiterTag.OPERATION, DelimiterTag.UNSUPPORTED):
                self.add("repeated-group", "expected one such group, got another", group)
            elif tag == DelimiterTag.UNSUPPORTED and self.role == "response" and place != 1:
                self.add("group-order", f"expected it as the second group, got it as number {place + 1}", group)
            seen.add(tag)
            if not isinstance(tag, DelimiterTag):
                self.add("reserved-group", f"the tag of {describe_tag(tag)} is not assigned", group)
            elif self.role == "request" and tag in _RESPONSE_GROUPS:
                self.add("unexpected-group", "a request has no such group", group)
            elif tag == DelimiterTag.PRINTER and self.role == "request" and self.message.code in _WITHOUT_PRINTER:
                self.add("unused-group", f"{self.message.operation} has no such group", group)
        missing = self.role == "response" and DelimiterTag.UNSUPPORTED not in seen
        if missing and self.message.code in _UNSUPPORTED_STATUSES:
            self.add("missing-unsupported-group", f"{self.message.status} without unsupported attributes")
        if self.role == "request" and self.message.code in _REQUIRED_GROUPS:
            tag, section = _REQUIRED_GROUPS[self.message.code]
            if tag not in seen:
                words = f"{self.message.operation} without {describe_tag(tag)}"
                self.add("missing-group", words, section=section)

    def operation_attributes(self, group: "AttributeGroup") -> None:
        """Charset, natural language and target (RFC 8011 sections 4.1.4 and 4.1.5)."""
        names = [attribute.name for attribute in group]
        for place, name, words in ((0, "attributes-charset", "first"), (1, "attributes-natural-language", "second")):
            if name not in names:
                code = "missing-charset" if place == 0 else "missing-natural-language"
                self.add(code, f"there is no {name}", group)
            elif names.index(name) != place:
                self.add(
                    "attribute-order",
                    f"expected it as the {words} attribute, got {_ordinal(names, name)}",
                    group,
                    group[name],
                )
        charset = group.get("attributes-charset")
        if charset is not None and isinstance(charset.values[0], str):
            self.charset = charset.values[0].lower()
        if self.role == "request":
            self.target(group, names)
            for name, section in _REQUIRED.get(self.message.code, ()):
                if name not in names:
                    words = f"{self.message.operation} without {name}"
                    self.add("missing-operation-attribute", words, group, section=section)

    def target(self, group: "AttributeGroup", names: list[str]) -> None:
        code = self.message.code
        targets = [name for name in TARGETS if name in names]
        section = "RFC 8011 section 4.1.5"
        if not targets:
            if needs_target(code):
                self.add("missing-target", f"there is none of {', '.join(TARGETS)}", group)
            return
        target = group[targets[0]]
        uri = target.values[0]
        if names.index(target.name) != 2:
            words = f"expected the target as the third attribute, got {_ordinal(names, target.name)}"
            self.add("attribute-order", words, group, target, section=section)
        if isinstance(uri, str) and not uri.lower().startswith(("ipp://", "ipps://")):
            words = f"expected a URI of the scheme ipp or ipps, got {describe_tagged(target.tag, uri)}"
            self.add("target-uri", words, group, target)
        elif isinstance(uri, str) and "@" in uri.split("/")[2]:
            self.add("target-uri", "expected a URI without a user", group, target)
        if len(targets) > 1:
            self.add("conflicting-target", f"expected one target, got {' and '.join(targets)}", group, target)
        if target.name == "job-uri" and "job-id" in names:
            self.add("conflicting-target", "expected job-uri or job-id, got both", group, target)
        elif target.name == "printer-uri" and needs_job(code):
            if "job-id" not in names:
                self.add("missing-target", "there is no job-id with it", group, target)
            elif names.index("job-id") != names.index("printer-uri") + 1:
                words = f"expected it after printer-uri, got {_ordinal(names, 'job-id')}"
                self.add("attribute-order", words, group, group["job-id"], section=section)

    def attributes(self, group: "AttributeGroup") -> None:
        # The unsupported attributes repeat what the client sent, so they are not judged by the registry.
        judged = group.tag != DelimiterTag.UNSUPPORTED
        for attribute, is_repeated, doubts in doubtful(group, self.role == "request", group.tag):
            name = self.name = attribute.name
            if is_repeated:
                self.add("duplicate-attribute", "the group has it already", group, attribute)
            if not is_name(name):
                words = "expected a name of lower-case letters, digits, '-', '_' and '.' that begins with a letter"
                self.add("attribute-name", words, group, attribute)
            spec = registry.lookup(name, group.tag) if judged else None
            if spec is None and judged:
                self.add("unknown-attribute", "no attribute of this name is registered", group, attribute)
            elif spec is not None and group.tag not in spec.group_tags and isinstance(group.tag, DelimiterTag):
                groups = " and ".join(describe_tag(tag) for tag in spec.group_tags)
                self.add("other-group", f"it is registered for {groups}", group, attribute)
            self.values(group, attribute, None, spec, doubts)
        if judged:
            self.parallel(group)

    def parallel(self, group: "AttributeGroup") -> None:
        """Some attributes have a value for each of a printer's URIs (RFC 8011 sections 5.4.2 and 5.4.3)."""
        uris = group.get("printer-uri-supported")
        for name, section in _PARALLEL if uris is not None else ():
            attribute = group.get(name)
            if attribute is not None and len(attribute.values) != len(uris.values):
                words = f"expected a value for each of {len(uris.values)} in printer-uri-supported"
                words += f", got {len(attribute.values)}"
                self.add("parallel-values", words, group, attribute, section=section)

    def sequence(self, group: "AttributeGroup", attribute: "Attribute", member: str | None) -> None:
        """Check values against each other: ranges in order, and the reason 'none' alone."""
        values = attribute.values
        if attribute.name == "page-ranges":
            ranges = [(at, each) for at, each in enumerate(values) if isinstance(each, RangeOfInteger)]
            for (_, before), (index, each) in pairwise(ranges):
                if each.lower <= before.upper:
                    words = f"expected ranges that ascend without overlap, got {each} after {before}"
                    self.add("value-order", words, group, attribute, member=member, index=index)
        if attribute.name.endswith("state-reasons") and len(values) > 1 and "none" in values:
            words = f"expected 'none' alone, got it among {len(values)} reasons"
            index = values.index("none")
            self.add("none-among-values", words, group, attribute, member=member, index=index)

    def values(
        self,
        group: "AttributeGroup",
        attribute: "Attribute",
        member: str | None,
        spec: AttributeSpec | None,
        doubts: list[int] | None = None,
    ) -> None:
        """Check the values of an attribute. doubts: the indices of those to look at; None for all."""
        values, tags = attribute.values, attribute.tags
        if spec is not None and not spec.set and len(values) > 1:
            words = f"expected one value of {spec.syntax}, got {len(values)}"
            self.add("too-many-values", words, group, attribute, member=member)
        if len(values) > 1 and group.tag != DelimiterTag.UNSUPPORTED and self.name != _CONSTRAINTS:
            self.sequence(group, attribute, member)
        for index in range(len(values)) if doubts is None else doubts:
            tag, value = tags[index], values[index]
            if isinstance(value, OutOfBand):
                if len(values) > 1 and not (value is OutOfBand.ADMIN_DEFINE and self.role == "response"):
                    # RFC 3380 section 8.3: admin-define is an additional value of an "xxx-supported" attribute.
                    words = f"expected {describe_tag(tag)} alone, got it among {len(values)} values"
                    self.add("out-of-band-among-values", words, group, attribute, member=member, index=index)
                self.out_of_band(group, attribute, member, spec, value, index)
                continue
            for code, words, section in _said(tag, value, spec, group.tag, self.charset):
                self.add(code, words, group, attribute, member=member, index=index, section=section)
            if tag == ValueTag.BEG_COLLECTION:
                self.members(group, value, member, spec)  # type: ignore[arg-type]  # the tag of a Collection

    def members(
        self, group: "AttributeGroup", collection: "Collection", within: str | None, spec: AttributeSpec | None
    ) -> None:
        """Check the members of a collection. within: the member that it is a value of; None: the attribute itself."""
        path = "" if spec is None else self.name if within is None else f"{self.name}/{within}"
        for attribute, is_repeated, doubts in doubtful(collection, self.role == "request", group.tag, path):
            name = told_name(attribute.name)
            member = name if within is None else f"{within}/{name}"
            if is_repeated:
                self.add("duplicate-member", "the collection has it already", group, attribute, member=member)
            if not is_name(attribute.name):
                words = "expected a name of lower-case letters, digits, '-', '_' and '.' that begins with a letter"
                self.add("member-name", words, group, attribute, member=member)
            member_spec = None if spec is None else registry.lookup(f"{path}/{name}", group.tag)
            if spec is not None and member_spec is None and _has_members(path):
                self.add("unknown-member", "no member of this name is registered", group, attribute, member=member)
            self.values(group, attribute, member, member_spec, doubts)

    def out_of_band(
        self,
        group: "AttributeGroup",
        attribute: "Attribute",
        member: str | None,
        spec: AttributeSpec | None,
        value: OutOfBand,
        index: int,
    ) -> None:
        """Check whether an out-of-band value may stand here (RFC 8011 section 5.1.1, RFC 3380 section 8)."""
        unsupported = group.tag == DelimiterTag.UNSUPPORTED
        request = self.role == "request"
        if unsupported or (spec is not None and value.value in spec.out_of_band):
            return
        section = None
        if value in (OutOfBand.UNKNOWN, OutOfBand.NO_VALUE):
            # A response may say of any attribute that its value is not known or not set.
            expected = "a value" if request and spec is not None else ""
        elif value is OutOfBand.DELETE_ATTRIBUTE:
            expected = "" if request and self.message.code in _DELETING else "it in Set-Job-Attributes requests only"
            section = "RFC 3380 section 8.2"
        elif value is OutOfBand.ADMIN_DEFINE:
            # RFC 3380 allows it in the response to one operation, for attributes that take names. A response does not
            # say which operation it answers.
            named = spec is None or (spec.name.endswith("-supported") and ValueTag.NAME in spec.tags)
            expected = "" if named and not request else "it in Get-Printer-Supported-Values responses only"
            section = "RFC 3380 section 8.3"
        elif value is OutOfBand.NOT_SETTABLE:
            expected = "it among unsupported attributes only"
            section = "RFC 3380 section 8.1"
        else:
            expected = "it among unsupported attributes only"
        if expected:
            words = f"expected {expected}, got {describe_tag(value.value)}"
            self.add("out-of-band-misplaced", words, group, attribute, member=member, index=index, section=section)


def _said(tag: int, value: object, spec: AttributeSpec | None, group: int, charset: str) -> "tuple[Fault, ...]":
    """The faults of a value, with all the words. For short strings, numbers and ranges, which repeat, they are kept.

    group: the group for which spec was looked up: specs of one path may differ by group.
    """
    kept = type(value) in (int, RangeOfInteger) or (type(value) is str and len(value) <= _LONGEST_KEPT)
    kept = kept and len(charset) <= _LONGEST_KEPT
    key = (int(tag), type(value), value, None if spec is None else spec.path, int(group), charset) if kept else None
    said = _kept_faults.get(key)
    if said is None:
        said = tuple(
            fault._replace(expected=f"expected {fault.expected}, got {describe_tagged(tag, value)}")
            for fault in value_faults(tag, value, spec, charset)
        )
        if key is not None:
            if len(_kept_faults) >= _MOST_KEPT:
                _kept_faults.clear()
            _kept_faults[key] = said
    return said


def _ordinal(names: list[str], name: str) -> str:
    return f"it as number {names.index(name) + 1}"


@lru_cache(maxsize=1024)
def _has_members(path: str) -> bool:
    """Whether anybody registered members of the collection at this path."""
    return bool(registry.members(path))
