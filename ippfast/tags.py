"""The two kinds of tag octet (RFC 8010 section 3.5): one begins a group, the other a value.

The rule of this file: a tag below 0x10 is a delimiter, any other a value tag, and both sets are open. Numbers
without a name stay plain integers everywhere in the package. What a tag alone decides stands here: the form of its
values and their sizes.
"""

from enum import IntEnum

__all__ = [
    "DELIMITER_TAGS",
    "FORMS",
    "SIZES",
    "STRINGS",
    "VALUE_TAGS",
    "DelimiterTag",
    "Form",
    "ValueTag",
    "describe_tag",
]


class DelimiterTag(IntEnum):
    """Begins an attribute group, or ends the attributes (RFC 8010 section 3.5.1 and IANA's registry)."""

    OPERATION = 0x01
    JOB = 0x02
    END_OF_ATTRIBUTES = 0x03
    PRINTER = 0x04
    UNSUPPORTED = 0x05
    SUBSCRIPTION = 0x06
    EVENT_NOTIFICATION = 0x07
    RESOURCE = 0x08
    DOCUMENT = 0x09
    SYSTEM = 0x0A

    @property
    def keyword(self) -> str:
        """The name in the registry: ``"job-attributes-tag"``."""
        if self is DelimiterTag.END_OF_ATTRIBUTES:
            return "end-of-attributes-tag"
        return self.name.lower().replace("_", "-") + "-attributes-tag"


class ValueTag(IntEnum):
    """Says which syntax a value has (RFC 8010 section 3.5.2, RFC 3380 section 8 and IANA's registry)."""

    # Out-of-band values: the tag is the value.
    UNSUPPORTED = 0x10
    UNKNOWN = 0x12
    NO_VALUE = 0x13
    NOT_SETTABLE = 0x15
    DELETE_ATTRIBUTE = 0x16
    ADMIN_DEFINE = 0x17
    # Integers.
    INTEGER = 0x21
    BOOLEAN = 0x22
    ENUM = 0x23
    # Octet strings of a fixed or inner format.
    OCTET_STRING = 0x30
    DATE_TIME = 0x31
    RESOLUTION = 0x32
    RANGE_OF_INTEGER = 0x33
    BEG_COLLECTION = 0x34
    TEXT_WITH_LANGUAGE = 0x35
    NAME_WITH_LANGUAGE = 0x36
    END_COLLECTION = 0x37
    # Character strings.
    TEXT = 0x41
    NAME = 0x42
    KEYWORD = 0x44
    URI = 0x45
    URI_SCHEME = 0x46
    CHARSET = 0x47
    NATURAL_LANGUAGE = 0x48
    MIME_MEDIA_TYPE = 0x49
    MEMBER_ATTR_NAME = 0x4A
    # The first four octets of the value hold the real tag.
    EXTENSION = 0x7F

    @property
    def keyword(self) -> str:
        """The name in the registry: ``"mimeMediaType"``, ``"no-value"``, ``"textWithoutLanguage"``."""
        return _VALUE_TAG_KEYWORDS[self]


_VALUE_TAG_KEYWORDS = {
    ValueTag.UNSUPPORTED: "unsupported",
    ValueTag.UNKNOWN: "unknown",
    ValueTag.NO_VALUE: "no-value",
    ValueTag.NOT_SETTABLE: "not-settable",
    ValueTag.DELETE_ATTRIBUTE: "delete-attribute",
    ValueTag.ADMIN_DEFINE: "admin-define",
    ValueTag.INTEGER: "integer",
    ValueTag.BOOLEAN: "boolean",
    ValueTag.ENUM: "enum",
    ValueTag.OCTET_STRING: "octetString",
    ValueTag.DATE_TIME: "dateTime",
    ValueTag.RESOLUTION: "resolution",
    ValueTag.RANGE_OF_INTEGER: "rangeOfInteger",
    ValueTag.BEG_COLLECTION: "begCollection",
    ValueTag.TEXT_WITH_LANGUAGE: "textWithLanguage",
    ValueTag.NAME_WITH_LANGUAGE: "nameWithLanguage",
    ValueTag.END_COLLECTION: "endCollection",
    ValueTag.TEXT: "textWithoutLanguage",
    ValueTag.NAME: "nameWithoutLanguage",
    ValueTag.KEYWORD: "keyword",
    ValueTag.URI: "uri",
    ValueTag.URI_SCHEME: "uriScheme",
    ValueTag.CHARSET: "charset",
    ValueTag.NATURAL_LANGUAGE: "naturalLanguage",
    ValueTag.MIME_MEDIA_TYPE: "mimeMediaType",
    ValueTag.MEMBER_ATTR_NAME: "memberAttrName",
    ValueTag.EXTENSION: "extension",
}

_DELIMITERS = {int(tag): tag for tag in DelimiterTag}
_VALUES = {int(tag): tag for tag in ValueTag}

DELIMITER_TAGS: tuple[DelimiterTag | int, ...] = tuple([_DELIMITERS.get(octet, octet) for octet in range(256)])
"""For every octet its `DelimiterTag`, or the octet itself if it has no name."""

VALUE_TAGS: tuple[ValueTag | int, ...] = tuple([_VALUES.get(octet, octet) for octet in range(256)])
"""For every octet its `ValueTag`, or the octet itself if it has no name."""


class Form(IntEnum):
    """How the octets of a value are built (RFC 8010 section 3.9). The numbers are shared with the compiled codec."""

    OCTETS = 0  # any octets: octetString, and the values of tags that are not assigned
    WORD = 1  # a character string of a syntax whose values repeat often: keyword, charset, ...
    TEXT = 2  # any other character string: text, name, URI
    INTEGER = 3
    BOOLEAN = 4
    DATE_TIME = 5
    RESOLUTION = 6
    RANGE_OF_INTEGER = 7
    WITH_LANGUAGE = 8
    OUT_OF_BAND = 9
    COLLECTION = 10
    NO_VALUE = 11  # a delimiter, endCollection, memberAttrName: no value stands under it


_FORMS = {
    Form.WORD: (0x44, 0x46, 0x47, 0x48, 0x49),
    Form.TEXT: (0x41, 0x42, 0x45),
    Form.INTEGER: (0x21, 0x23),
    Form.BOOLEAN: (0x22,),
    Form.DATE_TIME: (0x31,),
    Form.RESOLUTION: (0x32,),
    Form.RANGE_OF_INTEGER: (0x33,),
    Form.WITH_LANGUAGE: (0x35, 0x36),
    Form.OUT_OF_BAND: (0x10, 0x12, 0x13, 0x15, 0x16, 0x17),
    Form.COLLECTION: (0x34,),
    Form.NO_VALUE: (*range(0x10), 0x37, 0x4A),
}
_FORM_OF = {tag: form for form, tags in _FORMS.items() for tag in tags}

FORMS = bytes([_FORM_OF.get(octet, Form.OCTETS) for octet in range(256)])
"""For every octet the `Form` of the values under it. The readers and writers of both twins use nothing else."""

STRINGS = frozenset((*_FORMS[Form.WORD], *_FORMS[Form.TEXT]))
"""The tags of character strings without a language."""

SIZES: dict[int, tuple[int, int]] = {
    **dict.fromkeys((0x10, 0x11, 0x12, 0x13, 0x15, 0x16, 0x17, 0x34, 0x37), (0, 0)),
    **dict.fromkeys((0x21, 0x23), (4, 4)),
    0x22: (1, 1),
    0x30: (0, 32_767),
    0x31: (11, 11),
    0x32: (9, 9),
    0x33: (8, 8),
    **dict.fromkeys((0x35, 0x36), (4, 1_100)),  # two lengths, a language, a text
    0x41: (0, 1_023),
    0x42: (0, 255),
    0x44: (0, 255),
    0x45: (0, 1_023),
    0x46: (0, 63),
    0x47: (0, 63),
    0x48: (0, 63),
    0x49: (0, 255),
    0x4A: (1, 255),
    0x7F: (4, 32_767),
}
"""The least and the most octets that a value may have, for each assigned tag (RFC 8010 section 3.9, RFC 8011 section
5.1). The codec reads and writes longer ones too."""


def describe_tag(octet: int) -> str:
    """A tag for people, in the registry's words: ``"keyword"``, ``"group 0x0b"``, ``"value tag 0x2f"``."""
    if not 0 <= octet <= 0xFF:
        return f"tag {octet}"
    tag = DELIMITER_TAGS[octet] if octet < 0x10 else VALUE_TAGS[octet]
    if isinstance(tag, (DelimiterTag, ValueTag)):
        return tag.keyword
    return f"group 0x{octet:02x}" if octet < 0x10 else f"value tag 0x{octet:02x}"
