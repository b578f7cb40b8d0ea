"""``ippfast diff``: the attributes in which two messages, or two printers, differ.

The rule of this file: values are compared with their tags, as they came; the order of attributes does not count.
"""

import os
import socket
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import click

from ippfast import Attribute, AttributeGroup, DecodeError, Message, decode_prefix
from ippfast.operations import get_printer_attributes
from ippfast.tags import describe_tag

from .capture import CaptureError, captures
from .describe import describe_group
from .failures import USAGE, Failure
from .output import Output
from .plain import plain
from .session import Access, Session, access_options, json_option
from .text import Line, Span, escape

__all__ = ["diff"]


class _Change(NamedTuple):
    """One name in one group, and the attributes with that name; empty if there are none."""

    group: str
    name: str
    before: list[Attribute]
    after: list[Attribute]


@click.command
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@click.option("--ignore", metavar="NAME", multiple=True, help="Leave an attribute out; * and ? stand for anything.")
@access_options
@json_option
def diff(access: Access, output: Output, before: str, after: str, ignore: tuple[str, ...]) -> None:
    """Compare two messages, or two printers.

    A and B are each a file or a printer's URI. A line begins with - if only A has it, and with + if only B has it. The
    exit status is 1 if there is a difference. For two answers of one printer, --ignore '*-time' leaves out what always
    differs.

    \b
    --json: {"differences": [{"group", "name", "before", "after"}, ...]}; null if there is none of that name, and
    values as in 'ippfast attributes --json'.
    """
    changes = [
        each
        for each in _changes(_read(before, access), _read(after, access))
        if not any(fnmatchcase(each.name, pattern) for pattern in ignore)
    ]
    output.show({"differences": [_as_data(each) for each in changes]}, lambda: _lines(changes, output.terminal.width))
    if changes:
        raise click.exceptions.Exit(1)


def _read(place: str, access: Access) -> Message:
    """The first message in a file, or a printer's attributes."""
    if "://" in place or not os.path.exists(place):
        if "://" not in place and ("/" in place or place.endswith(".ipp")):
            raise Failure(f"{escape(place)}: no such file; a printer is given by its URI", USAGE)
        return _ask(place, access)
    try:
        for each in captures(Path(place).read_bytes()):
            if each.is_ipp:
                return decode_prefix(each.octets)[0]
    except (CaptureError, DecodeError) as error:
        raise Failure(f"{escape(place)}: {error}") from None
    except OSError as error:
        raise Failure(f"{escape(place)}: {error.strerror}", USAGE) from None
    raise Failure(f"{escape(place)}: there is no IPP message in it")


def _ask(place: str, access: Access) -> Message:
    """A printer's attributes."""
    with Session(place, access) as session:
        try:
            return session.ask(get_printer_attributes)
        except Failure as failure:
            if "://" not in place and isinstance(failure.__context__, socket.gaierror):
                raise Failure(f"{escape(place)}: there is no such file, and no host of that name", USAGE) from None
            raise


def _changes(before: Message, after: Message) -> Iterator[_Change]:
    """Compare group by group: the n-th of each tag with the n-th of that tag."""
    old, new = _groups(before), _groups(after)
    for key in dict.fromkeys([*old, *new]):
        left, right = _names(old.get(key)), _names(new.get(key))
        for name in dict.fromkeys([*left, *right]):
            one, other = left.get(name, []), right.get(name, [])
            if one != other:
                tag, number = key
                yield _Change(describe_tag(tag) + (f" {number}" if number > 1 else ""), name, one, other)


def _groups(message: Message) -> dict[tuple[int, int], AttributeGroup]:
    found: dict[tuple[int, int], AttributeGroup] = {}
    for group in message.groups:
        number = 1
        while (int(group.tag), number) in found:
            number += 1
        found[int(group.tag), number] = group
    return found


def _names(group: AttributeGroup | None) -> dict[str, list[Attribute]]:
    found: dict[str, list[Attribute]] = {}
    for attribute in group or ():
        found.setdefault(attribute.name, []).append(attribute)
    return found


def _as_data(change: _Change) -> dict[str, Any]:
    def sides(attributes: list[Attribute], side: str) -> dict[str, Any]:
        made = plain(AttributeGroup(4, attributes[:1])) or {change.name: None}
        return {f"{side}{name.removeprefix(change.name)}": value for name, value in made.items()}

    return {
        "group": change.group,
        "name": change.name,
        **sides(change.before, "before"),
        **sides(change.after, "after"),
    }


def _lines(changes: list[_Change], width: int | None) -> Iterator[Line]:
    group = None
    for change in changes:
        if change.group != group:
            group = change.group
            yield [Span(group, "group")]
        for sign, style, attributes in (("-", "malformed", change.before), ("+", "enum", change.after)):
            for line in describe_group(AttributeGroup(4, attributes), width=None if width is None else width - 2):
                yield [Span(f"{sign} ", style), *line]
