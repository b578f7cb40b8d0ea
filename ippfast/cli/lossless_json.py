"""A message as JSON, and back to the same octets.

The rule of this file: what `from_json` makes of `to_json`'s text is encoded to the octets that the message came from,
whatever they were. The shape, with all keys that there are::

    {"version": "2.0", "code": 11, "request-id": 1,
     "groups": [
      {"tag": "operation-attributes-tag", "attributes": [
       {"name": "attributes-charset", "values": [{"tag": "charset", "value": "utf-8"}]}]}],
     "document": {"octets": "25504446"}}

A tag is its name in IANA's registry, or a number where it has none; `from_json` takes numbers for all. "document" is
there only if asked for. A value is

* a number, true, false or a string for the syntaxes that are such;
* null for an out-of-band value, since its tag says it;
* a list of attributes for a collection (tag "begCollection");
* an object with the fields of `DateTime`, `Resolution`, `RangeOfInteger` or `StringWithLanguage`;
* {"octets": "00ff"}, in hexadecimal, for an octetString, a value of an unknown tag and the document. A string, name
  or language that is no UTF-8 is written so as well;
* {"malformed": "00ff"} for a `RawValue`, whose octets do not fit the tag.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from ippfast import (
    Attribute,
    AttributeGroup,
    Collection,
    DateTime,
    DelimiterTag,
    Message,
    OutOfBand,
    RangeOfInteger,
    RawValue,
    Resolution,
    StringWithLanguage,
    ValueTag,
)

__all__ = ["ShapeError", "from_json", "to_json"]

# What JSON gives and takes; every use of it is checked here.
_JSON = Any

_FIELDS: dict[int, type[DateTime] | type[Resolution] | type[RangeOfInteger] | type[StringWithLanguage]] = {
    ValueTag.DATE_TIME: DateTime,
    ValueTag.RESOLUTION: Resolution,
    ValueTag.RANGE_OF_INTEGER: RangeOfInteger,
    ValueTag.TEXT_WITH_LANGUAGE: StringWithLanguage,
    ValueTag.NAME_WITH_LANGUAGE: StringWithLanguage,
}
_STRINGS = frozenset(tag for tag in ValueTag if 0x40 <= tag < 0x4A)
_OUT_OF_BAND = {member.value: member for member in OutOfBand}
_GROUP_TAGS = {tag.keyword: tag for tag in DelimiterTag}
_VALUE_TAGS = {tag.keyword: tag for tag in ValueTag}


class ShapeError(ValueError):
    """JSON that is not in the shape of a message; says where."""
