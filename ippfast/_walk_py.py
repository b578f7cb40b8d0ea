"""The pure twin's `walk`: a message's attributes and values in one loop.

The rule of this file: it does what `_walk.pyx` does. It reads groups and collections as anybody does.
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
    """Every attribute with every value of it, as pairs, in the order of the wire, collections included.

    source: a `Message`, an `AttributeGroup` or a `Collection`. A `Collection` comes as the value that it is; then come
    its member attributes with theirs. Reading a whole message this way is quicker than by loops inside each other.
    Raises TypeError for another source.
    """
    owners: list[object] = list(source.groups) if isinstance(source, Message) else [source]
    for owner in owners:
        if not isinstance(owner, (AttributeGroup, Collection)):
            raise TypeError(f"walk takes a Message, an AttributeGroup or a Collection, not {type(owner).__name__}")
    iterators: Iterator[Iterator[Attribute]] = map(iter, owners)  # type: ignore[arg-type]
    return _walk(chain([next(iterators, iter(()))], iterators))  # the first as it is now, not as it will be


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
