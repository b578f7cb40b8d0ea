"""A message in words for people: lines of styled text.

The rule of this file: nothing is left out, and nothing reaches a line that `text` has not made safe. An
attribute, or a member of a collection, looks like one of these::

    name (tag) = value                       keyword, uri and the like bare; text and name in quotes
    name (1setOf tag) = value, value         broken between values if the line is full
    name (tag) = malformed <000001> at 0x4e  octets that do not fit the tag, and the place of that tag
    name (out-of-band) = no-value            the tag is the value
    name (collection)                        its members below, indented
"""

from collections import Counter
from collections.abc import Iterator
from itertools import chain, groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from rich.cells import cell_len

from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DateTime,
    DelimiterTag,
    Message,
    OutOfBand,
    RawValue,
    StringWithLanguage,
    ValueTag,
    encode,
)
from ippfast._open_enum import CodeEnum, OpenEnum
from ippfast.kinds import guess_kind
from ippfast.registry import enum_for
from ippfast.tags import describe_tag

from .capture import Kind
from .text import Line, Span, Word, bare, hex_words, quote

if TYPE_CHECKING:
    from ippfast._attribute import Value

__all__ = ["describe", "describe_group", "value_words"]


def describe(
    message: Message,
    octets: bytes,
    *,
    kind: Kind | None = None,
    width: int | None = None,
    offsets: bool = False,
) -> Iterator[Line]:
    """The lines for a message.

    octets: what it was decoded from, with the document data after it. kind: None to guess and say so. width: where to
    break lines of many values, None for nowhere. offsets: begin each line with the offset of its tag in the message, in
    hexadecimal.
    """
    return _Description(octets, width, offsets).message(message, kind)


def describe_group(group: AttributeGroup, *, width: int | None = None) -> list[Line]:
    """Only the lines of a group's attributes, not indented."""
    message = Message((2, 0), 0, 1, [group])
    lines = list(describe(message, encode(message), kind="response", width=None if width is None else width + 2))
    # Without the header, the group's own line, and the end.
    return [[Span(line[0].text[2:], line[0].style), *line[1:]] for line in lines[3:-2]]


def value_words(tag: int, value: "Value", enum: type[OpenEnum] | None, at: int) -> list[Word]:
    """A value other than a collection, in words that a line may be broken between.

    enum: names its number. at: the place of its tag.
    """
    if isinstance(value, str):
        quoted = tag in (ValueTag.TEXT, ValueTag.NAME)
        return [(Span(quote(value) if quoted else bare(value)),)]
    if isinstance(value, bool):
        return [(Span("true" if value else "false"),)]
    if isinstance(value, int):
        return [_number(value, enum)]
    if isinstance(value, bytes):
        text = value.decode("utf-8", "surrogateescape")
        return [(Span(word),) for word in ([quote(text)] if text.isprintable() else hex_words(value))]
    if isinstance(value, OutOfBand):
        return [(Span(describe_tag(value.value), "out-of-band"),)]
    if isinstance(value, DateTime):
        return [_moment(value)]
    if isinstance(value, StringWithLanguage):
        return [(Span(quote(value.string)), Span(f" [{bare(value.language)}]", "quiet"))]
    if isinstance(value, RawValue):
        words = hex_words(value.data)
        words[0] = f"malformed {words[0]}"
        words[-1] += f" at 0x{at:x}"
        return [(Span(word, "malformed"),) for word in words]
    return [(Span(str(value)),)]


def _number(number: int, enum: type[OpenEnum] | None) -> Word:
    if enum is None:
        return (Span(str(number)),)
    digits = f"0x{number:04x}" if issubclass(enum, CodeEnum) and number >= 0 else str(number)
    member = enum.coerce(number)
    if not isinstance(member, enum):
        return (Span(digits),)
    return Span(member.keyword, "enum"), Span(f" ({digits})", "quiet")


def _moment(value: DateTime) -> Word:
    text = (
        f"{value.year:04}-{value.month:02}-{value.day:02}T{value.hour:02}:{value.minute:02}:{value.second:02}"
        f".{value.decisecond}{bare(value.utc_direction)}{value.utc_hours:02}:{value.utc_minutes:02}"
    )
    try:
        value.to_datetime()
    except ValueError:
        return Span(text), Span(" (no such dateTime)", "malformed")
    return (Span(text),)


def _label(tag: int, value: "Value") -> str:
    if isinstance(value, OutOfBand):
        return "out-of-band"
    return "collection" if tag == ValueTag.BEG_COLLECTION else describe_tag(tag)


def _cells(spans: Line | Word) -> int:
    return sum([cell_len(span.text) for span in spans])


def _tag_offsets(octets: bytes) -> Iterator[int]:
    """The place of each tag, in order (RFC 8010 section 3.1). For octets that have been decoded."""
    at = 8
    while octets[at] != DelimiterTag.END_OF_ATTRIBUTES:
        yield at
        if octets[at] < 0x10:
            at += 1
        else:
            at += 3 + int.from_bytes(octets[at + 1 : at + 3], "big")
            at += 2 + int.from_bytes(octets[at : at + 2], "big")
    yield at


class _Description:
    """Goes through a message and, in step, through the tags of its octets.

    So every generator here is run to its end, and in order. An attribute's tag is that of its first value; a
    member has a tag of its own, memberAttrName, before that.
    """

    def __init__(self, octets: bytes, width: int | None, offsets: bool) -> None:
        self._size = len(octets)
        self._tags = _tag_offsets(octets)
        self._margin = max(4, len(f"{self._size:x}")) if offsets else 0
        self._width = None if width is None else width - self._margin - 2 * offsets

    def message(self, message: Message, kind: Kind | None) -> Iterator[Line]:
        yield from self._header(message, kind)
        counts = Counter([group.tag for group in message.groups])
        seen: Counter[int] = Counter()
        for group in message.groups:
            seen[group.tag] += 1
            yield []
            yield self._group_line(group, seen[group.tag], counts[group.tag])
            for attribute in group:
                at = next(self._tags)
                yield from self._attribute(attribute, "", at, chain([at], self._tags), [Span("  ")])
        end = next(self._tags)
        left = self._size - end - 1
        document = f"{left or 'no'} document octet{'s' * (left != 1)}"
        yield []
        yield self._line(end, [Span("end-of-attributes-tag", "group"), Span(", "), Span(document, "document")])

    def _header(self, message: Message, kind: Kind | None) -> Iterator[Line]:
        codes: dict[Kind, CodeEnum | int] = {"request": message.operation, "response": message.status}
        shown = kind or guess_kind(message)
        code = codes.pop(shown)
        line = [Span(f"{shown}: "), Span(f"0x{code:04x}", "code")]
        if isinstance(code, CodeEnum):
            line[1:] = [Span(code.keyword, "code"), Span(f" (0x{code:04x})", "quiet")]
        version = ".".join(map(str, message.version))
        line.append(Span(f", version {version}, request-id {message.request_id}"))
        yield self._line(0, line)
        ((other, code),) = codes.items()
        if kind is None and isinstance(code, CodeEnum):
            yield self._line(None, [Span(f"(with --{other}: {code.keyword})", "quiet")])

    def _group_line(self, group: AttributeGroup, number: int, count: int) -> Line:
        attributes = len(group)
        line = [Span(describe_tag(group.tag), "group")]
        if count > 1:
            line.append(Span(f" {number} of {count}", "group"))
        line.append(Span(f", {attributes or 'no'} attribute{'s' * (attributes != 1)}", "quiet"))
        return self._line(next(self._tags), line)

    def _attribute(
        self, attribute: Attribute, collection: str, at: int, tags: Iterator[int], lead: Line
    ) -> Iterator[Line]:
        """The lines of an attribute or member.

        collection: the path of the collection that it is a member of. at: the place of its tag. tags: where
        the tags of its values do. lead: what its first line begins with.
        """
        path = f"{collection}/{attribute.name}" if collection else attribute.name
        head = [*lead, Span(bare(attribute.name), "name"), Span(" ")]
        indent = _cells(lead) + 2
        # Values under one label share a line: those of one tag, and all that are out-of-band.
        labelled = [
            (_label(tag, value), tag, value) for tag, value in zip(attribute.tags, attribute.values, strict=True)
        ]
        runs = [(label, list(run)) for label, run in groupby(labelled, key=itemgetter(0))]
        if len(runs) == 1:
            label = ("1setOf " if len(labelled) > 1 else "") + runs[0][0]
            yield from self._run(runs[0][1], path, at, tags, [*head, Span(f"({label})", "tag")], indent)
            return
        yield self._line(at, [*head, Span("(1setOf)", "tag")])
        for label, run in runs:
            head = [Span(" " * indent), Span(f"({label})", "tag")]
            yield from self._run(run, path, None, tags, head, indent + 2)

    def _run(
        self,
        run: "list[tuple[str, int, Value]]",
        path: str,
        at: int | None,
        tags: Iterator[int],
        head: Line,
        indent: int,
    ) -> Iterator[Line]:
        """Values that share a label: in a line that begins with head, or, for collections, below it."""
        if isinstance(run[0][2], Collection):
            yield self._line(at, head)
            yield from self._collections([value for _, _, value in run], path, tags, indent)
            return
        enum = enum_for(path)
        words: list[Word] = []
        for _, tag, value in run:
            start = next(tags)
            if at is None:
                at = start
            if words:
                words[-1] = (*words[-1], Span(","))
            words += value_words(tag, value, enum, start)
        line = [*head, Span(" =")]
        used = _cells(line)
        for word in words:
            cells = _cells(word)
            if self._width is not None and used + 1 + cells > self._width:
                yield self._line(at, line)
                at, line, used = None, [Span(" " * (indent - 1))], indent - 1
            line += (Span(" "), *word)
            used += 1 + cells
        yield self._line(at, line)

    def _collections(self, collections: "list[Value]", path: str, tags: Iterator[int], indent: int) -> Iterator[Line]:
        margin = Span(" " * indent)
        digits = len(f"[{len(collections)}] ")
        for number, collection in enumerate(collections, 1):
            assert isinstance(collection, Collection)
            lead = [margin, Span(f"[{number}]".ljust(digits), "quiet")] if len(collections) > 1 else [margin]
            start = next(tags)
            if not len(collection):
                yield self._line(start, [*lead, Span("{}")])
            for member in collection:
                at = next(self._tags)
                yield from self._attribute(member, path, at, self._tags, lead)
                lead = [Span(" " * _cells(lead))]
            next(self._tags)  # endCollection

    def _line(self, at: int | None, line: Line) -> Line:
        if not self._margin:
            return line
        offset = " " * self._margin if at is None else f"{at:0{self._margin}x}"
        return [Span(f"{offset}  ", "quiet"), *line]
