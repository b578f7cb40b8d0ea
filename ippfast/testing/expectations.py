"""EXPECT: whether an attribute of a response is as a test file expects it, and if not, what is wrong.

The rule of this file: it judges as CUPS' ipptool does, and reports in its words (``EXPECTED: ...``, ``GOT: ...``).
`Runner` then sets variables and repeats requests.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

from ippfast.codec import Attribute, AttributeGroup, Collection, Message
from ippfast.tags import DelimiterTag, ValueTag, describe_tag
from ippfast.values import RangeOfInteger

from .reading import is_expression
from .regular_expressions import Pattern, PatternError
from .tree import Expect, FileFault, With
from .values import shown, string_of, tag_name, value_shown
from .variables import Variables
from .words import known_tag

__all__ = ["Found", "Judgement", "Wanted", "find", "judge", "occurrences"]

_PORTS = {"ipp": 631, "ipps": 631, "http": 80, "https": 443}
_LEAST, _MOST = -(2**31), 2**31 - 1
_LONGEST = {ValueTag.TEXT: 1_023, ValueTag.NAME: 255, ValueTag.KEYWORD: 255, ValueTag.URI: 1_023}
_LONGEST_OCTETS = 1_023
_KINDS = {ValueTag.TEXT_WITH_LANGUAGE: ValueTag.TEXT, ValueTag.NAME_WITH_LANGUAGE: ValueTag.NAME}
_STRINGS = (*range(0x41, 0x4A), *_KINDS)
_ANY_CASE = (ValueTag.MIME_MEDIA_TYPE, ValueTag.NAME, ValueTag.TEXT, *_KINDS)
_COMPARABLE = (
    ValueTag.INTEGER,
    ValueTag.ENUM,
    ValueTag.RANGE_OF_INTEGER,
    ValueTag.RESOLUTION,
    ValueTag.KEYWORD,
    ValueTag.URI_SCHEME,
    ValueTag.CHARSET,
    ValueTag.NATURAL_LANGUAGE,
    ValueTag.MIME_MEDIA_TYPE,
    ValueTag.BEG_COLLECTION,
)
_NUMBER = re.compile(r"([^0-9-]*)(-?(?:0[xX][0-9a-fA-F]+|[0-9]+))", re.ASCII)
_NUMBERS_BEGIN = " \t\n\v\f\r0123456789-,<=>"


class Found(NamedTuple):
    """An attribute of a response, or a member of one, and the tag of its group."""

    attribute: Attribute
    group: int


class Judgement(NamedTuple):
    """The result of an EXPECT.

    failed: "" if it is met; "value" if WITH-VALUE is not met; "value-from" if WITH-VALUE-FROM is not met; otherwise
    "other". words: what is wrong. value: the value for DEFINE-VALUE.
    """

    failed: str
    words: Sequence[str] = ()
    value: str = ""


class Wanted:
    """The value of WITH-VALUE or a directive like it, with its variables replaced. Raises FileFault."""

    def __init__(self, expect: Expect, wanted: With, variables: Variables) -> None:
        value = variables.expand(wanted.value)
        self.part, self.every = wanted.part, wanted.every
        self._expect, self._word = expect, wanted.word
        self.pattern: Pattern | None = None
        if is_expression(value):
            self.text = value[1:-1]
            try:
                self.pattern = Pattern(self.text)
            except PatternError as error:
                raise self._fault(error) from None
            self.words = f"EXPECTED: {expect.name} {wanted.word} /{self.text}/"
        else:
            self.text = re.sub(r"\\(.)", r"\1", value, flags=re.DOTALL)
            self.words = f'EXPECTED: {expect.name} {wanted.word} "{self.text}"'

    def is_in(self, text: str) -> bool:
        """Whether the text matches; only for a regular expression. Raises FileFault if that takes too long."""
        assert self.pattern is not None
        try:
            return self.pattern.search(text)
        except PatternError as error:
            raise self._fault(error) from None

    def _fault(self, error: PatternError) -> FileFault:
        return FileFault(self._expect.place, f"{self._word}: {error}")


def find(message: Message, path: str) -> Iterator[Found]:
    """Give all attributes with this name, or members such as ``media-col/media-size``, in any letter case."""
    first, *rest = path.lower().split("/")
    for group in message.groups:
        for attribute in group:
            if attribute.name.lower() == first:
                for found in _members(attribute, rest):
                    yield Found(found, group.tag)


def _members(attribute: Attribute, path: list[str]) -> Iterator[Attribute]:
    if not path:
        yield attribute
        return
    for value in attribute.values:
        if isinstance(value, Collection):
            for member in value:
                if member.name.lower() == path[0]:
                    yield from _members(member, path[1:])
                    break


def occurrences(expect: Expect, message: Message) -> Iterator[Found | None]:
    """Give the attributes that an EXPECT is about: the first in the right group, or all for EXPECT-ALL; None if there
    are none."""
    found = list(find(message, expect.name))
    if expect.in_group is not None:
        there = next((place for place, each in enumerate(found) if each.group == expect.in_group), None)
        found = [] if there is None else found[there:]
    yield from found if expect.every else found[:1]
    if not found:
        yield None


def judge(expect: Expect, found: Found | None, message: Message, wanted: Wanted | None) -> Judgement:
    """Judge an attribute. found: one of `occurrences`. wanted: the value of its WITH-VALUE."""
    if found is None:
        if not expect.presence:
            return Judgement("other", [f"EXPECTED: {expect.name}"])
        return Judgement("other" if expect.distinct else "")
    attribute = found.attribute
    words: list[str] = []
    if expect.presence == "!":
        plain = wanted is None and expect.with_value_from is None
        return Judgement("other", [f"NOT EXPECTED: {expect.name}"] if plain else [])
    if expect.of_type is not None and not _is_of_type(attribute, expect.of_type):
        words.append(f"EXPECTED: {expect.name} OF-TYPE {expect.of_type} (got {tag_name(attribute.tag)})")
    if expect.in_group is not None and found.group != expect.in_group:
        groups = f"{describe_tag(expect.in_group)} (got {describe_tag(found.group)})"
        words.append(f"EXPECTED: {expect.name} IN-GROUP {groups}.")
    if expect.distinct:
        words += _repeated(attribute)
    if words:
        return Judgement("other", words)
    value = _last(attribute)
    if expect.with_value_from is not None:
        source = next(find(message, expect.with_value_from), None)
        missing = _missing_from(attribute, None if source is None else source.attribute)
        if missing:
            first = f"EXPECTED: {expect.name} WITH-VALUES-FROM {expect.with_value_from}"
            return Judgement("value-from", [first, *missing])
    if wanted is not None:
        matched_value = _match(attribute, wanted)
        if matched_value is None:
            return Judgement("value", [wanted.words, *_got(attribute)])
        value = matched_value
    if expect.count is not None and len(attribute.values) != expect.count:
        return Judgement("other", [f"EXPECTED: {expect.name} COUNT {expect.count} (got {len(attribute.values)})"])
    if expect.same_count_as is not None:
        other = next(find(message, expect.same_count_as), None)
        count = len(attribute.values)
        if other is None or len(other.attribute.values) != count:
            there = "not returned" if other is None else f"{len(other.attribute.values)} values"
            same = f"EXPECTED: {expect.name} ({count} values) SAME-COUNT-AS {expect.same_count_as} ({there})"
            return Judgement("other", [same])
    return Judgement("", (), value)


def _last(attribute: Attribute) -> str:
    """The last value, for DEFINE-VALUE without WITH-VALUE."""
    if isinstance(attribute.values[-1], Collection | RangeOfInteger | bytes):
        return shown(attribute)
    return value_shown(attribute.values[-1], attribute.tags[-1])


def _octets(value: object) -> int:
    """The length of a string, in octets."""
    return len((string_of(value) or "").encode("utf-8", "surrogateescape"))


# OF-TYPE.


def _is_of_type(attribute: Attribute, of_type: str) -> bool:
    return any(_is_of(attribute, each) for each in re.split("[|,]", of_type))


def _is_of(attribute: Attribute, kind: str) -> bool:
    """Whether an attribute has this syntax, such as ``integer(0:MAX)``."""
    name, parenthesis, bounds = kind.partition("(")
    low, high = _LEAST, _MOST
    if parenthesis:
        least, colon, most = bounds.removesuffix(")").rpartition(":")
        low = (_LEAST if least == "MIN" else int(least)) if colon else 0
        high = _MOST if most == "MAX" else int(most)
    wanted, tag = known_tag(name), attribute.tag
    if name in ("text", "name"):  # both have a form with a language
        tag = _KINDS.get(tag, tag)  # type: ignore[call-overload]
    if wanted != tag:
        return False
    values = attribute.values
    if tag in _LONGEST:
        longest = _LONGEST[ValueTag(tag)] if high == _MOST else high
        return all(_octets(value) <= longest for value in values)
    if tag == ValueTag.OCTET_STRING:
        longest = _LONGEST_OCTETS if high == _MOST else high
        return all(isinstance(value, bytes) and len(value) <= longest for value in values)
    if tag == ValueTag.INTEGER:
        return all(isinstance(value, int) and low <= value <= high for value in values)
    if tag == ValueTag.RANGE_OF_INTEGER:
        return all(isinstance(value, RangeOfInteger) and low <= min(value) and max(value) <= high for value in values)
    return True


# WITH-DISTINCT-VALUES.


def _repeated(attribute: Attribute) -> list[str]:
    if len(attribute.values) == 1:
        return []
    if attribute.tag not in _COMPARABLE:
        return [f"WITH-DISTINCT-VALUES {attribute.name} not supported for 1setOf {tag_name(attribute.tag)}"]
    seen: set[str] = set()
    words = []
    for value, tag in zip(attribute.values, attribute.tags, strict=True):
        word = value_shown(value, tag)
        if word in seen:
            words.append(f"DUPLICATE: {attribute.name}={word}")
        seen.add(word)
    return words


# WITH-VALUE and the directives like it.


def _match(attribute: Attribute, wanted: Wanted) -> str | None:
    """The value that matches, as a word; None: no value matches, or not all for WITH-ALL-VALUES."""
    tag = attribute.tag
    if not wanted.text:
        return ""
    if tag in (ValueTag.NO_VALUE, ValueTag.UNKNOWN):
        return ""
    matches = _matcher(tag, wanted)
    if matches is None:
        return "" if wanted.every else None
    words = [matches(value) for value in attribute.values]
    if wanted.every and None in words:
        return None
    return next((word for word in words if word is not None), None)


def _matcher(tag: int, wanted: Wanted) -> Callable[[object], str | None] | None:
    """Give a function that returns the word for a value if it matches; None: values of this syntax never match."""
    if tag in (ValueTag.INTEGER, ValueTag.ENUM, ValueTag.RANGE_OF_INTEGER):
        numbers = list(_numbers(wanted.text))

        def number_matches(value: Any) -> str | None:
            low, high = value if isinstance(value, RangeOfInteger) else (value, value)
            if not isinstance(low, int):  # octets that do not fit the tag
                return None
            for operator, number in numbers:
                if (
                    (operator == "=" and number in (low, high))
                    or (operator == "<" and high < number)
                    or (operator == ">" and high > number)
                ):
                    return str(value)
            return None

        return number_matches
    if tag == ValueTag.BOOLEAN:
        truth = wanted.text in ("true", "1")
        return lambda value: wanted.text if value is truth else None
    if tag == ValueTag.RESOLUTION:
        return lambda value: wanted.text if str(value) == wanted.text else None
    if tag in _STRINGS:
        return _string_matcher(tag, wanted)
    if tag == ValueTag.OCTET_STRING:
        return _octets_matcher(wanted)
    return None


def _numbers(text: str) -> Iterator[tuple[str, int]]:
    """Divide ``>0,<101`` into pairs of an operator and a number."""
    at = 0
    while at < len(text) and text[at] in _NUMBERS_BEGIN:
        match = _NUMBER.match(text, at)
        if match is None:
            return
        operators = [each for each in match[1] if each in "<=>"]
        digits = match[2]
        octal = digits.lstrip("-").startswith("0") and digits.lstrip("-").isdigit()
        try:
            number = int(digits, 8 if octal else 0)
        except ValueError:
            return
        yield (operators[-1] if operators else "="), number
        at = match.end()


def _string_matcher(tag: int, wanted: Wanted) -> Callable[[object], str | None]:
    text, part = wanted.text, wanted.part

    def matches(value: object) -> str | None:
        string = _part(string_of(value) or "", tag, part)
        if wanted.pattern is not None:
            found = wanted.is_in(string)
        elif tag == ValueTag.URI and part == "value":
            found = _same_uri(text, string)
        elif tag in _ANY_CASE or (tag == ValueTag.URI and part in ("scheme", "hostname")):
            found = text.lower() == string.lower()
        else:
            found = text == string
        return string if found else None

    return matches


def _octets_matcher(wanted: Wanted) -> Callable[[object], str | None]:
    if wanted.pattern is not None:

        def found(value: object) -> str | None:
            text = value.split(b"\0")[0].decode("utf-8", "replace") if isinstance(value, bytes) else ""
            return text if wanted.is_in(text) else None

        return found
    octets = wanted.text.encode("utf-8", "surrogateescape")
    if wanted.text.startswith("<"):
        try:
            octets = bytes.fromhex(wanted.text[1:].removesuffix(">"))
        except ValueError:
            return lambda value: None
    return lambda value: value_shown(value, ValueTag.OCTET_STRING) if value == octets else None


def _got(attribute: Attribute) -> list[str]:
    quote = '"' if attribute.tag in _STRINGS or attribute.tag == ValueTag.OCTET_STRING else ""
    words = []
    for value, tag in zip(attribute.values, attribute.tags, strict=True):
        string = string_of(value)
        words.append(f"GOT: {attribute.name}={quote}{value_shown(value, tag) if string is None else string}{quote}")
    return words


# WITH-VALUE-FROM.


def _missing_from(attribute: Attribute, source: Attribute | None) -> list[str]:
    """Report values that are not among those of another attribute."""
    tag, from_tag = attribute.tag, None if source is None else source.tag
    if tag in (ValueTag.NO_VALUE, ValueTag.UNKNOWN):
        return []
    allowed = {
        ValueTag.INTEGER: (ValueTag.INTEGER, ValueTag.RANGE_OF_INTEGER),
        ValueTag.ENUM: (ValueTag.ENUM,),
        ValueTag.RESOLUTION: (ValueTag.RESOLUTION,),
    }
    if tag in allowed and from_tag not in allowed[ValueTag(tag)]:
        return [f"GOT: {attribute.name} OF-TYPE {tag_name(tag)}"]
    if tag not in allowed and tag not in _STRINGS:
        return [f"GOT: {attribute.name} OF-TYPE {tag_name(tag)}"]
    there = () if source is None else source.values
    missing = [value for value in attribute.values if not any(_is(value, each, tag) for each in there)]
    quote = "'" if tag in _STRINGS else ""
    return [f"GOT: {attribute.name}={quote}{value_shown(value, tag)}{quote}" for value in missing]


def _is(value: object, other: object, tag: int) -> bool:
    if isinstance(other, RangeOfInteger):
        return value in other
    if tag == ValueTag.URI:
        return _same_uri(str(value), str(other))
    if tag in _ANY_CASE:
        return str(value).lower() == str(other).lower()
    return str(value) == str(other)


# URIs.


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        parts.port  # noqa: B018  # raises ValueError for a wrong port
    except ValueError:
        return None
    return parts


def _host(parts: SplitResult) -> str:
    return (parts.hostname or "").removesuffix(".")


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _part(string: str, tag: int, part: str) -> str:
    """A string, or the part of a URI that the directive is about."""
    if tag != ValueTag.URI:
        return string
    parts = _split(string)
    if part == "value":
        if parts is None or parts.scheme not in _PORTS:
            return string if parts is not None else ""
        host = f"[{_host(parts)}]" if ":" in _host(parts) else _host(parts)
        user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
        port = f":{parts.port or _PORTS[parts.scheme]}"
        return f"{parts.scheme}://{user}{host}{port}{_target(parts)}"
    if parts is None:
        return ""
    return {"hostname": _host(parts), "resource": _target(parts), "scheme": parts.scheme}[part]


def _same_uri(one: str, other: str) -> bool:
    first, second = _split(one), _split(other)
    if first is None or second is None or not first.scheme:
        return False
    if first.scheme in ("mailto", "urn"):
        return one.lower() == other.lower()

    def parts_of(parts: SplitResult) -> tuple[object, ...]:
        port = parts.port or _PORTS.get(parts.scheme)
        return parts.scheme, parts.netloc.rpartition("@")[0], _host(parts), port, _target(parts)

    return parts_of(first) == parts_of(second)


def groups_in_order(groups: Sequence[AttributeGroup]) -> Iterator[str]:
    """Report groups that are out of order (RFC 8011 section 4.1.1)."""
    before: int | None = None
    for group in groups:
        tag = int(group.tag)
        if before is not None and tag != before and not _may_follow(before, tag):
            yield f"Attribute groups out of order ({describe_tag(tag)} < {describe_tag(before)})"
        before = tag


def _may_follow(before: int, tag: int) -> bool:
    if tag == DelimiterTag.OPERATION:
        return False
    if tag == DelimiterTag.UNSUPPORTED:
        return before == DelimiterTag.OPERATION
    if tag in (DelimiterTag.JOB, DelimiterTag.PRINTER):
        return before in (DelimiterTag.OPERATION, DelimiterTag.UNSUPPORTED)
    if tag == DelimiterTag.SUBSCRIPTION:
        return before < tag or before == DelimiterTag.DOCUMENT
    return before < tag
