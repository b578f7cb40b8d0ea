"""What all functions of this package do: they turn arguments into operation attributes and groups.

The rule of this file: an argument's name says where it goes. If it is not the name of a group or of one of the
`Options`, it is that of an operation attribute, with underscores for the hyphens.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeAlias, TypedDict

from ..attributes import attribute
from ..codec import Collection, Message
from ..enums import Operation
from ..requests import Attributes, request
from ..tags import DelimiterTag
from ..values import DateTime, StringWithLanguage
from ..wrappers import Tagged

__all__ = ["DateTimeLike", "Members", "Options", "String", "Strings", "build"]

String: TypeAlias = str | StringWithLanguage | Tagged
"""A string value: a str, one with its language, or one in a wrapper such as ``Name("none")``."""
Strings: TypeAlias = String | Sequence[String]
"""A string value, or a list of them."""
DateTimeLike: TypeAlias = datetime | DateTime
"""A dateTime value: an aware datetime, or a DateTime."""
Members: TypeAlias = Mapping[str, object] | Collection
"""A collection: its members by name, or a Collection."""

_GROUPS = ("job", "printer", "subscription", "resource", "document", "system")


class Options(TypedDict, total=False):
    """The options that every function takes. `ippfast.requests.request` says what each is."""

    operation_attributes: Attributes
    version: tuple[int, int]
    request_id: int
    charset: str
    language: str
    user: str | None


def build(operation: Operation, arguments: dict[str, Any]) -> Message:
    """Build the request for an operation. arguments: ``locals()``, taken first in its function."""
    uri = arguments.pop("uri")
    options = arguments.pop("options")
    groups = {name: arguments.pop(name) for name in _GROUPS if name in arguments}
    attributes = [
        attribute(name.replace("_", "-"), value, group=DelimiterTag.OPERATION)
        for name, value in arguments.items()
        if value is not None
    ]
    further = options.pop("operation_attributes", ())
    if isinstance(further, Mapping):
        further = [attribute(*pair, group=DelimiterTag.OPERATION) for pair in further.items()]
    return request(operation, uri, operation_attributes=[*attributes, *further], **groups, **options)
