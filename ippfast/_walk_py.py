"""The pure twin's `walk`: a message's attributes and values in one loop.

The rule of this file: it does what `_walk.pyx` does. It iterates over groups and collections, as any program can.
"""

from itertools import chain

from ._attribute import Attribute, AttributeGroup, Collection
from ._message import Message

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ._attribute import Value

__all__ = ["walk"]


def walk(source: "Message | AttributeGroup | Collection") -> "Iterator[tuple[Attribute, Value]]":
    """Give a pair for every value: its attribute and the value, in the order of the wire, collections included.

    source: a `Message`, an `AttributeGroup` or a `Collection`. If a value is a `Collection`, the pairs of its member
    attributes follow it. Reading a whole message this way is quicker than by loops inside each other. Raises TypeError
    for another source.
    """
    owners: list[object] = list(source.groups) if isinstance(source, Message) else [source]
    for owner in owners:
        if not isinstance(owner, (AttributeGroup, Collection)):
            raise TypeError(f"walk takes a Message, an AttributeGroup or a Collection, not {type(owner).__name__}")
    iterators: Iterator[Iterator[Attribute]] = map(iter, owners)  # type: ignore[arg-type]
    return _walk(chain([next(iterators, iter(()))], iterators))  # the first as it is now, even if it changes


def _walk(iterators: "Iterable[Iterator[Attribute]]") -> "Iterator[tuple[Attribute, Value]]":
    for attributes in iterators:
        for attribute in attributes:
            value = attribute._values
            if type(value) is not tuple:
                yield attribute, value
                if type(value) is Collection:
                    yield from _walk([iter(value)])
            else:
                for each in value:
                    yield attribute, each
                    if type(each) is Collection:
                        yield from _walk([iter(each)])
