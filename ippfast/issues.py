"""What can be said of a message: `Issue`, and the codes of everything that `validate` and `recover` find.

The rule of this file: a code means one thing, and its severity and section stand here once; docs/issues.md has its
words and an example. An error breaks a MUST: a value is not of its attribute's syntax, for example (RFC 8011 section
5.1). A warning breaks a SHOULD, or some receivers refuse it. An information says that the registry does not know
something, which may be a newer standard's or a vendor's (RFC 8011 section 6.1).
"""

from collections import namedtuple
from enum import StrEnum

from .tags import DelimiterTag, describe_tag

__all__ = ["RULES", "Issue", "Rule", "Severity", "told_name"]

_LONGEST_TOLD = 255
"""How many characters of a name an issue shows: a right name has no more, and an issue shows all names of a path."""


class Severity(StrEnum):
    """How bad an issue is. The head of this file says what each means."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Rule(namedtuple("Rule", "severity section")):
    """What is the same for all issues with one code."""

    __slots__ = ()
    severity: Severity
    section: str
    """Where the rule stands: ``"RFC 8011 section 4.1.4"``."""


class Issue(
    namedtuple(
        "Issue",
        "severity code message section group attribute member index offset",
        defaults=(None, None, None, None, None),
    )
):
    """One thing that is wrong, or worth knowing, in a message. ``str`` of it is a line for people. Immutable."""

    __slots__ = ()
    severity: Severity
    code: str
    """The kind of the issue, for programs: a key of `RULES`."""
    message: str
    """What is there and what should be, in words for people. Control characters and the like are escaped."""
    section: str
    """Where the rule stands: ``"RFC 8011 section 5.1.4"``."""
    group: DelimiterTag | int | None
    """The tag of the attribute group; None if it is about the message."""
    attribute: str | None
    """The name of the attribute; None if it is about a group."""
    member: str | None
    """Which member of the attribute's collection: ``"media-size/x-dimension"``; None for the attribute itself.

    Each name has at most 255 characters; a longer one is cut and ends in "...".
    """
    index: int | None
    """Which value of the attribute or member, counted from 0; None if it is about no single value."""
    offset: int | None
    """Where the attribute or member begins in the octets that were decoded; None if nothing was."""

    def __str__(self) -> str:
        place = "" if self.index is None else f"value {self.index}"
        if self.attribute is not None:
            path = self.attribute if self.member is None else f"{self.attribute}/{self.member}"
            place += f"{' of ' if place else ''}{path!r}"
        if self.group is not None:
            place += f"{' in ' if place else ''}{describe_tag(self.group)}"
        if self.offset is not None:
            place += f"{' ' if place else ''}at 0x{self.offset:x}"
        return f"{self.severity}: {place or 'message'}: {self.message} [{self.code}, {self.section}]"


def told_name(name: str) -> str:
    """The name of a member, short enough for an issue."""
    return name if len(name) <= _LONGEST_TOLD else f"{name[:_LONGEST_TOLD]}..."


def _rules(severity: Severity, rules: dict[str, str]) -> dict[str, Rule]:
    return {code: Rule(severity, section) for code, section in rules.items()}


RULES: dict[str, Rule] = {
    **_rules(
        Severity.ERROR,
        {
            # `validate` finds these in the message,
            "request-id": "RFC 8011 section 4.1.2",
            "operation-id": "RFC 8011 section 5.4.15",
            "status-code": "RFC 8011 appendix B",
            "missing-operation-group": "RFC 8011 section 4.1.4",
            "group-order": "RFC 8010 section 3.5.1",
            "repeated-group": "RFC 8010 section 3.5.1",
            "unexpected-group": "RFC 8010 section 3.5.1",
            "missing-charset": "RFC 8011 section 4.1.4",
            "missing-natural-language": "RFC 8011 section 4.1.4",
            "missing-target": "RFC 8011 section 4.1.5",
            "conflicting-target": "RFC 8011 section 4.1.5",
            "attribute-order": "RFC 8011 section 4.1.4",
            "missing-operation-attribute": "RFC 8011 section 4.1.1",
            "missing-group": "RFC 8010 section 3.5.1",
            "missing-unsupported-group": "RFC 8011 section 4.1.7",
            "attribute-name": "RFC 8011 section 5.1.4",
            # in an attribute,
            "duplicate-attribute": "RFC 8011 section 4.1.3",
            "duplicate-member": "RFC 8011 section 5.1.17",
            "member-name": "RFC 8011 section 5.1.4",
            "too-many-values": "RFC 8011 section 5.1.18",
            "parallel-values": "RFC 8011 section 5.4.1",
            "value-order": "RFC 8011 section 5.2.7",
            "out-of-band-among-values": "RFC 8011 section 5.1",
            "out-of-band-misplaced": "RFC 8011 section 5.1.1",
            # and in a value.
            "malformed-value": "RFC 8010 section 3.9",
            "wrong-syntax": "RFC 8011 section 5.1",
            "out-of-range": "RFC 8011 section 5.1",
            "too-long": "RFC 8011 section 5.1",
            "empty-value": "RFC 8011 section 5.1",
            "not-utf-8": "RFC 8011 section 4.1.4.1",
            "not-us-ascii": "RFC 8011 section 5.1",
            "string-syntax": "RFC 8011 section 5.1",
            "letter-case": "RFC 8011 section 5.1",
            "date-time": "RFC 8011 section 5.1.15",
            "resolution": "RFC 8011 section 5.1.16",
            "range-order": "RFC 8011 section 5.1.14",
            "extension-tag": "RFC 8010 section 3.5.2",
            # `recover` finds these in broken framing.
            "truncated": "RFC 8010 section 3.1.1",
            "wrong-length": "RFC 8010 section 3.1.1",
            "stray-octets": "RFC 8010 section 3.1.1",
            "missing-end": "RFC 8010 section 3.5.1",
            "reserved-delimiter": "RFC 8010 section 3.5.1",
            "value-before-group": "RFC 8010 section 3.1.1",
            "value-before-attribute": "RFC 8010 section 3.1.5",
            "value-before-member": "RFC 8010 section 3.1.7",
            "member-outside": "RFC 8010 section 3.1.7",
            "member-as-attribute": "RFC 8010 section 3.1.7",
            "member-without-name": "RFC 8010 section 3.1.7",
            "member-without-value": "RFC 8010 section 3.1.7",
            "begin-with-value": "RFC 8010 section 3.1.6",
            "end-with-value": "RFC 8010 section 3.1.6",
            "end-outside": "RFC 8010 section 3.1.6",
            "unterminated-collection": "RFC 8010 section 3.1.6",
            "missing-value-length": "RFC 8010 section 3.1.4",
            "missing-language-length": "RFC 8010 section 3.9",
            "length-over-32767": "RFC 8010 section 3.8",
            "over-limit": "ippfast.Limits",
        },
    ),
    **_rules(
        Severity.WARNING,
        {
            "version": "RFC 8011 section 4.1.8",
            "reserved-group": "RFC 8011 section 7.5",
            "target-uri": "RFC 8011 section 4.1.5",
            "none-among-values": "RFC 8011 section 5.4.12",
            "reserved-tag": "RFC 8011 section 7.7",
            "control-character": "libcups' check of texts",
            "empty-collection": "RFC 8011 section 5.1.17",
        },
    ),
    **_rules(
        Severity.INFO,
        {
            "unused-group": "RFC 8011 section 4.1.1",
            "unknown-attribute": "RFC 8011 section 7.2",
            "unknown-member": "RFC 8011 section 7.2",
            "other-group": "RFC 8011 section 7.2",
            "unregistered-enum": "RFC 8011 section 7.4",
            "unregistered-keyword": "RFC 8011 section 7.3",
        },
    ),
}
"""The severity and the section of every code."""
