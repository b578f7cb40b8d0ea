"""What a printer says, in forms that suit programs: dictionaries, supplies, reasons, device IDs, readable text.

The rule of this file: whatever a printer sent, nothing here raises for it. What cannot be understood is None, empty,
or left as it came. `ippfast.media` has the sizes in media names.
"""

import codecs
import re
from collections import namedtuple
from functools import partial

from . import registry
from .codec import IMPLEMENTATION
from .tags import ValueTag, describe_tag
from .values import DateTime, OutOfBand, RangeOfInteger, RawValue, Resolution, StringWithLanguage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

    from .codec import Attribute, AttributeGroup, Collection, Message

if TYPE_CHECKING or IMPLEMENTATION == "python":
    from ._plain_py import to_plain
else:
    from ._plain import to_plain

__all__ = [
    "DeviceID",
    "StateReason",
    "Supply",
    "decode_text",
    "group_to_dict",
    "parse_device_id",
    "plain_value",
    "state_reasons",
    "supplies",
    "to_dict",
]


def to_dict(message: "Message") -> "dict[str, Any]":
    """A message as plain data, which ``json.dumps`` takes::

        {
            "version": [2, 0],
            "code": 0,
            "request-id": 1,
            "groups": [{"tag": "printer-attributes-tag", "attributes": {"printer-state": 3, ...}}, ...],
        }

    Groups keep their order. The attributes of each are a dictionary as `group_to_dict` makes it, with text in the
    charset that the message declares. Tags, and all else that a dictionary has no place for, are left out.
    """
    charset = "utf-8"
    for group in message.groups[:1]:
        declared = group.get("attributes-charset")
        if declared is not None and isinstance(declared.values[0], str):
            charset = declared.values[0]
    return {
        "version": list(message.version),
        "code": int(message.code),
        "request-id": message.request_id,
        "groups": [
            {"tag": describe_tag(group.tag), "attributes": group_to_dict(group, charset)} for group in message.groups
        ],
    }


def group_to_dict(group: "AttributeGroup", charset: str = "utf-8") -> "dict[str, Any]":
    """The attributes of a group as plain data, by name. If several have the same name, the first counts.

    If the registry says that an attribute has one value, it is that value, or a list if there are several nevertheless.
    Every other attribute is a list: those registered as 1setOf, and those that are not registered.

    | value | here |
    |---|---|
    | integer, enum | int |
    | boolean | bool |
    | text, name, with language or without, keyword and the other strings | str, as `decode_text` reads it |
    | octetString, values of unknown tags or with octets that do not fit | str, octets that are no text as ``\\xNN`` |
    | dateTime | str: ISO 8601, or ``2026-13-1,0:0:0.0,+0:0`` (RFC 2579) if there is no such date |
    | resolution | str: ``"600dpi"``, ``"300x600dpi"``, ``"236dpcm"`` |
    | rangeOfInteger | [lower, upper] |
    | collection | a dictionary of its members, by these rules |
    | out-of-band | None; no element in a list |
    """
    rare = partial(plain_value, charset=charset)
    made = to_plain(group, group.tag, charset.lower() not in ("utf-8", "us-ascii"), rare)
    return _to_dict(group, "", group.tag, charset) if made is None else made


_LONGEST_NAME = 255
"""No longer name can be registered (RFC 8011 section 5.1.4). A longer one is not looked up, nor are the members inside
it, since each would make a path as long as the sender likes."""


def _to_dict(owner: "AttributeGroup | Collection", path: str | None, tag: int, charset: str) -> "dict[str, Any]":
    """As `group_to_dict`. path: what stands before the names in the registry; None if nothing is registered there."""
    made: dict[str, Any] = {}
    for attribute in owner:
        name = attribute.name
        if name not in made:
            whole = None if path is None or len(name) > _LONGEST_NAME else f"{path}{name}"
            made[name] = _values(attribute, whole, tag, charset)
    return made


def _values(attribute: "Attribute", path: str | None, tag: int, charset: str) -> "Any":
    plain = [
        _to_dict(value, None if path is None else f"{path}/", tag, charset)  # type: ignore[arg-type]  # by its tag
        if value_tag == ValueTag.BEG_COLLECTION
        else plain_value(value, charset)
        for value_tag, value in zip(attribute.tags, attribute.values, strict=True)
        if not isinstance(value, OutOfBand)
    ]
    spec = None if path is None else registry.lookup(path, tag)
    if spec is not None and not spec.set and len(plain) < 2:
        return plain[0] if plain else None
    return plain


def plain_value(value: object, charset: str = "utf-8") -> "Any":
    """The form that `group_to_dict` gives a value that is no collection."""
    if isinstance(value, str):
        return decode_text(value, charset)
    if isinstance(value, StringWithLanguage):
        return decode_text(value.string, charset)
    if isinstance(value, RangeOfInteger):
        return list(value)
    if isinstance(value, DateTime):
        try:
            return value.to_datetime().isoformat()
        except ValueError:
            return str(value)
    if isinstance(value, Resolution):
        return str(value)
    if isinstance(value, RawValue):
        value = value.data
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    return value


# The charsets that are tried, by Python's names. Python's other codecs are not for text, or take quadratic time for
# hostile input (idna, punycode).
_CHARSETS = re.compile(
    r"ascii|utf-8|iso8859-\d+|cp\d+|gbk?|gb2312|gb18030|hz|big5(?:hkscs)?|johab|euc_\w+|"
    r"shift_jis\w*|iso2022_\w+|koi8-\w+|tis-620|mac-\w+|ptcp154|hp-roman8"
)


def decode_text(string: str, charset: str = "utf-8") -> str:
    """A string as a printer meant it, though it did not send UTF-8. It is for people: never send it back.

    string: from a decoded message, in which octets that are not UTF-8 are surrogate escapes. charset: what the message
    declares. The octets are read in the first of these charsets in which they are text, and that Python knows: the
    declared one, UTF-8, windows-1252, ISO 8859-1.
    """
    octets = string.encode("utf-8", "surrogateescape") if _encodable(string) else string.encode("utf-8", "replace")
    for name in (charset, "utf-8", "cp1252"):
        try:
            if not name.isascii():  # no charset has such a name (RFC 2978 section 2.3), and CPython 3.15 warns of it
                continue
            codec = codecs.lookup(name)
            if _CHARSETS.fullmatch(codec.name):
                return octets.decode(codec.name)
        except (LookupError, ValueError):
            continue
    return octets.decode("latin-1")


def _encodable(string: str) -> bool:
    try:
        string.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no octet: the string was made by hand
        return False
    return True


class DeviceID(namedtuple("DeviceID", "manufacturer model command_sets fields")):
    """An IEEE 1284 device ID, as in printer-device-id (PWG 5107.2). Immutable."""

    __slots__ = ()
    manufacturer: str | None
    """MANUFACTURER or MFG; None if there is none."""
    model: str | None
    """MODEL or MDL; None if there is none."""
    command_sets: "tuple[str, ...]"
    """COMMAND SET or CMD: ``("PCL", "PostScript")``."""
    fields: "Mapping[str, str]"
    """All fields by their keys in upper case. If several have the same key, the first counts."""


def parse_device_id(device_id: object) -> DeviceID:
    """Take a device ID apart: ``"MFG:HP;MDL:ENVY 4500;CMD:PCL3GUI,PJL;"``.

    device_id: any value of a printer-device-id. Only ``KEY:value;`` is a field: ``"Unknown"`` has none, nor has a value
    that is no string. Bytes may begin with the two octets of their length that USB puts there.
    """
    if isinstance(device_id, bytes):
        has_length = len(device_id) >= 2 and device_id[0] < 0x20
        device_id = device_id[2 if has_length else 0 :].decode("utf-8", "replace")
    elif isinstance(device_id, StringWithLanguage):
        device_id = device_id.string
    fields: dict[str, str] = {}
    for field in device_id.split(";") if isinstance(device_id, str) else ():
        key, colon, value = field.partition(":")
        if colon and key.strip():
            fields.setdefault(key.strip().upper(), value.strip())
    commands = fields.get("COMMAND SET", fields.get("CMD", ""))
    return DeviceID(
        fields.get("MANUFACTURER", fields.get("MFG")),
        fields.get("MODEL", fields.get("MDL")),
        tuple([command.strip() for command in commands.split(",") if command.strip()]),
        fields,
    )


class StateReason(namedtuple("StateReason", "reason severity")):
    """One of the printer-state-reasons. Immutable."""

    __slots__ = ()
    reason: str
    """The keyword without its severity: ``"toner-low"``."""
    severity: str
    """``"report"``, ``"warning"`` or ``"error"``."""


_SEVERITIES = ("report", "warning", "error")


def state_reasons(values: "Iterable[object]") -> list[StateReason]:
    """Take the values of printer-state-reasons apart (RFC 8011 section 5.4.12).

    A reason without a severity is an error, as the RFC says. ``"none"``, empty strings and values that are no strings
    are left out. Registered keywords that end like a severity, such as ``"media-path-input-feed-error"``, stay whole.
    """
    whole = registry.keywords("printer-state-reasons")
    found = []
    for value in values:
        if not isinstance(value, str) or value in ("none", ""):
            continue
        reason, _, severity = value.rpartition("-")
        if value in whole or not reason or severity not in _SEVERITIES:
            reason, severity = value, "error"
        if reason != "none":
            found.append(StateReason(reason, severity))
    return found


class Supply(namedtuple("Supply", "name type colors level low_level high_level")):
    """A supply of a printer, such as a toner cartridge. Immutable.

    A field is None if the printer does not give it.
    """

    __slots__ = ()
    name: str | None
    """``"Black Cartridge"``."""
    type: str | None
    """``"toner"``, ``"inkCartridge"``, ``"wasteToner"``, ..."""
    colors: "tuple[str, ...] | None"
    """``("#000000",)``; several for a cartridge of several colors; empty if it has none."""
    level: int | None
    """Per cent; -1: other, -2: unknown, -3: some is left."""
    low_level: int | None
    """The level at which it is low, if it is used up."""
    high_level: int | None
    """The level at which it is full, if it fills up, such as waste toner."""


def supplies(printer: "AttributeGroup") -> list[Supply]:
    """The supplies of a printer: its marker-names, -types, -colors, -levels, -low-levels and -high-levels.

    The n-th values of all make the n-th supply. If the lists differ in length, there are as many supplies as the
    longest has values. These attributes are CUPS'. A printer without them may have printer-supply and
    printer-supply-description (PWG 5100.13), which do not say at which level a supply is low or full.
    """
    names, types, colors = (_column(printer, f"marker-{what}", str) for what in ("names", "types", "colors"))
    levels, low, high = (_column(printer, f"marker-{what}", int) for what in ("levels", "low-levels", "high-levels"))
    longest = max(map(len, (names, types, colors, levels, low, high)))
    if not longest:
        return _pwg_supplies(printer)
    return [
        Supply(
            _at(names, place),
            _at(types, place),
            _colors(_at(colors, place)),
            _at(levels, place),
            _at(low, place),
            _at(high, place),
        )
        for place in range(longest)
    ]


# The colors that colorantname names (PWG 5100.13, RFC 3805 prtMarkerColorantValue). For other names no color is known.
_COLORANTS = {
    "none": "",
    "black": "#000000",
    "white": "#FFFFFF",
    "red": "#FF0000",
    "green": "#00FF00",
    "blue": "#0000FF",
    "cyan": "#00FFFF",
    "magenta": "#FF00FF",
    "yellow": "#FFFF00",
}
_HEX_COLORS = re.compile(r"(?:#[0-9A-Fa-f]{6}){1,16}")


def _pwg_supplies(printer: "AttributeGroup") -> list[Supply]:
    """The supplies in values such as ``b"type=toner;unit=percent;maxcapacity=100;level=75;"`` (PWG 5100.13).

    The values are octetStrings; some printers send text.
    """
    names = _column(printer, "printer-supply-description", str)
    found = []
    for place, value in enumerate(_column(printer, "printer-supply", (bytes, str))):
        text = value.decode("utf-8", "replace") if isinstance(value, bytes) else value or ""
        pairs = [pair.partition("=") for pair in text.split(";")]
        fields = {key.strip().lower(): text.strip() for key, equals, text in pairs if equals}
        level, capacity = _number(fields.get("level", "")), _number(fields.get("maxcapacity", ""))
        if level is not None and level >= 0 and fields.get("unit") != "percent":
            level = min(100, round(100 * level / capacity)) if capacity is not None and capacity > 0 else None
        colorant = fields.get("colorantname", "")
        colors = _colors(colorant if _HEX_COLORS.fullmatch(colorant) else _COLORANTS.get(colorant.lower()))
        found.append(Supply(_at(names, place), fields.get("type"), colors, level, None, None))
    return found


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"-?[0-9]{1,10}", text) else None


def _column(printer: "AttributeGroup", name: str, kind: "type | tuple[type, ...]") -> "list[Any]":
    """The values of an attribute; None for each of another kind. No values if it is missing or out-of-band."""
    attribute = printer.get(name)
    if attribute is None or isinstance(attribute.values[0], OutOfBand):
        return []
    strings = [value.string if isinstance(value, StringWithLanguage) else value for value in attribute.values]
    return [value if isinstance(value, kind) and not isinstance(value, bool) else None for value in strings]


def _at(column: "Sequence[Any]", place: int) -> "Any":
    return column[place] if place < len(column) else None


def _colors(value: str | None) -> "tuple[str, ...] | None":
    """``"#00FFFF#FF00FF"`` has two colors, ``"none"`` has none."""
    if value is None:
        return None
    return tuple([f"#{color}" for color in value.split("#")[1:]])
