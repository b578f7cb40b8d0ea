"""Reads any octets as pyipp and aioipp do, misreadings included: the slow half of the faithful mode.

The rule of this file: for every input there is the library's result, or an exception that is caught where the library's
would be. It is used for what the codec refuses and for values that do not fit their tags; if the library would never
end, struct.error is raised. Lengths, the code, the request-id and tags are signed here, as there.
"""

from datetime import datetime, timedelta, timezone
from struct import Struct, error

from ._pyipp_library import find_library

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

__all__ = ["Reader"]

_OCTET, _SHORT, _INT = Struct(">b").unpack_from, Struct(">h").unpack_from, Struct(">i").unpack_from
_BOOLEAN, _RESOLUTION, _DATE = Struct(">?").unpack_from, Struct(">iib").unpack_from, Struct(">h6bc2b").unpack_from
_HEADER = Struct(">bbhi").unpack_from
_SIGNS = {b"+": 1, b"-": -1}
GROUPS = {0x01: "operation-attributes", 0x02: "jobs", 0x04: "printers", 0x05: "unsupported-attributes"}


class Reader:
    """Reads attributes of `data` at offsets."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.library = find_library()
        self.enums = self.library.parser.ATTRIBUTE_ENUM_MAP
        self.left = 2 * len(data) + 2  # attributes that may be read before it must be in a loop

    def attribute(self, offset: int, name_before: str) -> "tuple[dict[str, Any], int]":
        """The attribute at `offset`, as the dictionary that ``parse_attribute`` gives, and the offset after it."""
        data = self.data
        self.left -= 1
        if self.left < 0:
            raise error(f"the lengths lead back, at offset {offset}, to what was read before")
        (tag,) = _OCTET(data, offset)
        found: dict[str, Any] = {"tag": tag}
        found["name-length"], found["name"], offset = self._string(offset + 1)
        (length,) = _SHORT(data, offset)
        found["value-length"] = length
        offset += 2
        end = offset + length
        if tag == 0x21 or tag == 0x23:  # whatever the length says
            (value,) = _INT(data, offset)
            enum = self.enums.get(found["name"] or name_before) if tag == 0x23 else None
            found["value"] = value if enum is None else self.member(enum, value)
            end = offset + 4
        elif tag == 0x22:
            (found["value"],) = _BOOLEAN(data, offset)
            end = offset + 1
        elif tag == 0x31:
            if length != 11:
                raise self.library.parse_error(f"Invalid DATE size {length}")
            year, month, day, hour, minute, second, tenth, sign, hours, minutes = _DATE(data, offset)
            zone = timezone(_SIGNS[sign] * timedelta(hours=hours, minutes=minutes))
            found["value"] = datetime(year, month, day, hour, minute, second, tenth * 100_000, zone)
        elif tag == 0x32:
            found["value"] = _RESOLUTION(data, offset)
        elif tag == 0x33:
            found["value"] = [_INT(data, offset + 4 * index)[0] for index in range(int(length / 4))]
        elif tag == 0x34:
            found["value"], end = self.collection(end)
        elif tag == 0x35 or tag == 0x36:
            found["language-length"], found["language"], offset = self._string(offset)
            found["text-length"], found["value"], end = self._string(offset)
        elif tag == 0x43:
            found["value"] = data[offset:end].decode() if length > 0 else None
            end = max(end, offset)
        elif tag != 0x37:
            found["value"] = data[offset:end].decode("utf-8", "ignore")
        return found, end

    def _string(self, offset: int) -> tuple[int, str, int]:
        """A length, that many octets as UTF-8, and the offset after them."""
        (length,) = _SHORT(self.data, offset)
        end = offset + 2 + length
        return length, self.data[offset + 2 : end].decode(), end

    def member(self, enum: "Any", value: int) -> "Any":
        """The member of an enum, or whatever else stands in ``ATTRIBUTE_ENUM_MAP``."""
        if not self.library.keeps_unknown_enums:
            return enum(value)
        try:
            return enum(value)
        except ValueError:
            return value

    def collection(self, offset: int) -> "tuple[dict[str, Any], int]":
        """The collection whose members begin at `offset`, with the last value of each member, and the offset after
        it."""
        members: dict[str, Any] = {}
        name = ""
        while _OCTET(self.data, offset)[0] != 0x37:
            found, offset = self.attribute(offset, name)
            if found["tag"] == 0x4A:
                name = found["value"]
            elif name:
                members[name] = found["value"]
        return members, self.attribute(offset, "")[1]

    def message(self, contains_data: bool) -> "dict[str, Any]":
        """All of it, in the shape that ``parse`` gives."""
        data = self.data
        major, minor, code, request_id = _HEADER(data)
        groups: dict[str, Any] = {"operation-attributes": [], "unsupported-attributes": [], "jobs": [], "printers": []}
        attributes: dict[str, Any] = {}
        key = name = ""
        several = False  # whether `name` has several values, in a list that is not a range
        offset = 8
        while (tag := _OCTET(data, offset)[0]) != 0x03:
            if tag in GROUPS:
                if attributes and key:
                    groups[key].append(attributes)
                    attributes = {}
                key = GROUPS[tag]
                offset += 1
                if self.library.skips_empty_groups:
                    continue
            found, offset = self.attribute(offset, name)
            if found["name"]:
                name = found["name"]
                attributes[name], several = found["value"], False
            elif self.library.tells_sets_from_ranges:
                if found["tag"] == 0x4A:
                    name = found["value"]
                    attributes.pop(name, None)
                elif name and name not in attributes:
                    attributes[name], several = found["value"], False
                elif name and several:
                    attributes[name].append(found["value"])
                elif name:
                    attributes[name], several = [attributes[name], found["value"]], True
            elif name:
                append(attributes, name, found["value"])
        groups[key].append(attributes)
        groups["operation-attributes"] = groups["operation-attributes"][0]
        document = data[offset + 1 :] if contains_data else b""
        return {"version": (major, minor), "status-code": code, "request-id": request_id, **groups, "data": document}


def append(attributes: "dict[str, Any]", name: str, value: "Any") -> None:
    """One more value of an attribute: a list has it appended, whether it is a set or a range."""
    before = attributes[name]
    if isinstance(before, list):
        before.append(value)
    else:
        attributes[name] = [before, value]
