"""Answers that are put together from groups that are encoded already.

The rule of this file: groups of many jobs or printers are encoded where it is known how long they are true; the answer
around them is as any other, and they are not encoded a second time.
"""

from collections.abc import Callable, Iterable
from functools import lru_cache

from ippfast.codec import Attribute, AttributeGroup, Message, decode, encode
from ippfast.limits import MAX_DEPTH, Limits
from ippfast.tags import DelimiterTag, ValueTag

__all__ = ["attributes_of", "group_of", "integer", "with_jobs", "with_printers"]

_ALL = 2**31 - 1
_OWN = Limits(MAX_DEPTH, _ALL, _ALL, _ALL, _ALL)  # the answer is this printer's own


def group_of(tag: DelimiterTag, attributes: Iterable[Attribute]) -> bytes:
    """A group without the message around it (RFC 8010 section 3.1.2)."""
    return encode(Message((2, 0), 0, 1, [AttributeGroup(tag, attributes)]))[8:-1]


def attributes_of(attributes: Iterable[Attribute]) -> bytes:
    """Attributes as octets, which may be added at the end of a group."""
    return group_of(DelimiterTag.JOB, attributes)[1:]


@lru_cache(maxsize=16_384)
def integer(name: str, value: int) -> bytes:
    """An attribute with one integer, as `attributes_of` has it."""
    return attributes_of([Attribute(name, ValueTag.INTEGER, [value])])


def with_jobs(respond: Callable[..., Message], jobs: Iterable[bytes]) -> Message:
    """A response with these groups. respond: makes it, with the groups that it is given as `job` or without any."""
    message, groups = _with(respond, DelimiterTag.JOB, jobs)
    return message if groups is None else respond(job=groups)


def with_printers(respond: Callable[..., Message], printers: Iterable[bytes]) -> Message:
    """As `with_jobs`, of printers."""
    message, groups = _with(respond, DelimiterTag.PRINTER, printers)
    return message if groups is None else respond(printer=groups)


def _with(
    respond: Callable[..., Message], tag: DelimiterTag, told: Iterable[bytes]
) -> tuple[Message, list[AttributeGroup] | None]:
    """The answer, and its groups if the charset of the answer depends on them."""
    head = encode(respond())
    message = decode(b"".join((head[:-1], *told, head[-1:])), limits=_OWN)
    if message.operation_attributes.value("attributes-charset") == "us-ascii":  # only possible if all of it is
        return message, [group for group in message.groups if group.tag == tag]
    return message, None
