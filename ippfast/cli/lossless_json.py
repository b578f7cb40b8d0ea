"""A message as JSON, and back to the same octets.

The rule of this file: what `from_json` makes of `to_json`'s text is encoded to the octets that the message came
from, whatever they were. The shape, with all keys that there are::

    {"version": "2.0", "code": 11, "request-id": 1,
     "groups": [
      {"tag": "operation-attributes-tag", "attributes": [
       {"name": "attributes-charset", "values": [{"tag": "charset", "value": "utf-8"}]}]}],
     "document": {"octets": "25504446"}}

`ippfast.dictionaries` says what attributes and values are. "document", in hexadecimal, is there only if asked for.
"""

import json
import re
from typing import Any

from ippfast import Message
from ippfast.dictionaries import from_dict, kind_of, object_of, octets_of, to_tagged
from ippfast.errors import ShapeError

__all__ = ["from_json", "to_json"]

_KEYS = {"version", "code", "request-id", "groups"}


def to_json(message: Message, document: bytes | None = None) -> str:
    """A message, and document data if there is any to keep, as JSON in ASCII with one attribute a line."""
    version = ".".join(map(str, message.version))
    groups = ",\n  ".join([_group_to_json(group) for group in to_tagged(message)["groups"]])
    end = "" if document is None else f',\n "document": {json.dumps({"octets": document.hex()})}'
    return (
        f'{{"version": "{version}", "code": {message.code}, "request-id": {message.request_id},\n'
        f' "groups": [\n  {groups}]{end}}}'
    )


def _group_to_json(group: dict[str, Any]) -> str:
    attributes = ",\n   ".join([json.dumps(attribute) for attribute in group["attributes"]])
    return f'{{"tag": {json.dumps(group["tag"])}, "attributes": [\n   {attributes}]}}'


def from_json(text: str | bytes) -> tuple[Message, bytes]:
    """The message and its document data, b"" if the JSON has none.

    Raises ShapeError for JSON of another shape, and ValueError for text that is not JSON. `encode` checks whether the
    values fit their tags.
    """
    try:
        given = dict(object_of(json.loads(text), "the message", _KEYS, frozenset(["document"])))
    except RecursionError:
        raise ShapeError("the message", "collections at most 100 deep", "more") from None
    version = kind_of(given["version"], "version", str)
    match = re.fullmatch(r"([0-9]{1,3})\.([0-9]{1,3})", version)
    if match is None:
        raise ShapeError("version", 'a string such as "2.0"', version)
    document = octets_of(given.pop("document"), "document") if "document" in given else b""
    return from_dict(given | {"version": [int(match[1]), int(match[2])]}), document
