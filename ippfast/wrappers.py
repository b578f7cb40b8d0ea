"""A value with its syntax: for attributes that the registry does not know, or to overrule the registry.

The rule of this file: a wrapper decides the value tag and nothing else. ``Keyword("none")`` is sent as a keyword
whatever the registry says; `encode` checks whether the value fits the tag. Dates, ranges, resolutions, collections
and out-of-band values have types of their own (see `ippfast.values`) and need no wrapper.
"""

from .tags import ValueTag
from .values import StringWithLanguage

__all__ = [
    "Boolean",
    "Charset",
    "Enum",
    "Integer",
    "Keyword",
    "MimeMediaType",
    "Name",
    "NaturalLanguage",
    "OctetString",
    "Tagged",
    "Text",
    "Uri",
    "UriScheme",
]


class Tagged:
    """A value under any value tag, for syntaxes that have no wrapper: ``Tagged(0x7F, b"\\x40\\x00\\x00\\x01...")``.

    tag: the value tag, 0x10 to 0xff (RFC 8010 section 3.5.2). value: in the form that `ippfast.values` gives
    for that tag, or a `RawValue`. Do not change either.
    """

    __slots__ = ("tag", "value")

    def __init__(self, tag: int, value: object) -> None:
        self.tag = int(tag)
        self.value = value

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tagged):
            return NotImplemented
        return self.tag == other.tag and self.value == other.value

    def __hash__(self) -> int:
        return hash((self.tag, self.value))

    def __repr__(self) -> str:
        if type(self) is Tagged:
            return f"Tagged(0x{self.tag:02x}, {self.value!r})"
        return f"{type(self).__name__}({self.value!r})"


class Integer(Tagged):
    """An integer of 32 bits (RFC 8011 section 5.1.13)."""

    __slots__ = ()

    def __init__(self, value: int) -> None:
        super().__init__(ValueTag.INTEGER, value)


class Boolean(Tagged):
    """A boolean (RFC 8011 section 5.1.12)."""

    __slots__ = ()

    def __init__(self, value: bool) -> None:
        super().__init__(ValueTag.BOOLEAN, value)


class Enum(Tagged):
    """An enum value: a number, or a member of one of `ippfast.enums` (RFC 8011 section 5.1.5)."""

    __slots__ = ()

    def __init__(self, value: int) -> None:
        super().__init__(ValueTag.ENUM, int(value))


class OctetString(Tagged):
    """Octets without a charset (RFC 8011 section 5.1.11)."""

    __slots__ = ()

    def __init__(self, value: bytes) -> None:
        super().__init__(ValueTag.OCTET_STRING, value)


class Text(Tagged):
    """A text; with a natural language, such as ``"de"``, a textWithLanguage (RFC 8011 section 5.1.2)."""

    __slots__ = ()

    def __init__(self, value: str, language: str | None = None) -> None:
        if language is None:
            super().__init__(ValueTag.TEXT, value)
        else:
            super().__init__(ValueTag.TEXT_WITH_LANGUAGE, StringWithLanguage(value, language))


class Name(Tagged):
    """A name; with a natural language, such as ``"de"``, a nameWithLanguage (RFC 8011 section 5.1.3)."""

    __slots__ = ()

    def __init__(self, value: str, language: str | None = None) -> None:
        if language is None:
            super().__init__(ValueTag.NAME, value)
        else:
            super().__init__(ValueTag.NAME_WITH_LANGUAGE, StringWithLanguage(value, language))


class Keyword(Tagged):
    """A keyword (RFC 8011 section 5.1.4)."""

    __slots__ = ()

    def __init__(self, value: str) -> None:
        super().__init__(ValueTag.KEYWORD, value)


class Uri(Tagged):
    """A uri (RFC 8011 section 5.1.6)."""

    __slots__ = ()

    def __init__(self, value: str) -> None:
        super().__init__(ValueTag.URI, value)


class UriScheme(Tagged):
    """A uriScheme, such as ``"ipps"`` (RFC 8011 section 5.1.7)."""

    __slots__ = ()

    def __init__(self, value: str) -> None:
        super().__init__(ValueTag.URI_SCHEME, value)


class Charset(Tagged):
    """A charset, such as ``"utf-8"`` (RFC 8011 section 5.1.8)."""

    __slots__ = ()

    def __init__(self, value: str) -> None:
        super().__init__(ValueTag.CHARSET, value)


class NaturalLanguage(Tagged):
    """A naturalLanguage, such as ``"en-us"`` (RFC 8011 section 5.1.9)."""

    __slots__ = ()

    def __init__(self, value: str) -> None:
        super().__init__(ValueTag.NATURAL_LANGUAGE, value)


class MimeMediaType(Tagged):
    """A mimeMediaType, such as ``"application/pdf"`` (RFC 8011 section 5.1.10)."""

    __slots__ = ()

    def __init__(self, value: str) -> None:
        super().__init__(ValueTag.MIME_MEDIA_TYPE, value)
